"""Every matrix product names its precision, and programs lower for GPUs without calls to the host.

GPUs round the factors of float32 products to 10 bits unless a precision is named. Nothing is
compiled here: what JAX would hand to XLA, for CPUs and for CUDA, is read as text.
"""

import ast
import functools
import re
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt

# local baths on driven levels, on purpose
pytestmark = pytest.mark.filterwarnings("ignore:.*Levy and Kosloff")

ROOT = Path(qt.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if path.name != "_precise.py")
PRODUCT = re.compile(
    r"(jnp|jax\.numpy)\.(einsum|matmul|tensordot|dot|vdot|inner|vecdot|matvec|vecmat)"
    r"|(jax\.)?lax\.(dot|dot_general|batch_matmul)"
)
EXCEPTIONS = {"algebra/composite.py": "a partial trace: sums of entries, no product"}


def careless(source):
    """JAX's products in a module that name no precision; sums of one array's entries are none."""
    tree, careful = ast.parse(source), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            named = any(keyword.arg == "precision" for keyword in node.keywords)
            first = node.args[0] if node.args else None
            trace = isinstance(first, ast.Constant) and "," not in str(first.value)
            if named or trace:
                # `partial(jnp.matmul, precision=...)` names it too
                careful |= {id(node.func), *map(id, node.args)}
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and PRODUCT.fullmatch(ast.unparse(node))
        and id(node) not in careful
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_product_without_its_precision(path):
    found = careless(path.read_text())
    assert found == [] or path.relative_to(ROOT).as_posix() in EXCEPTIONS


def test_every_exception_is_one():
    assert all(careless((ROOT / name).read_text()) for name in EXCEPTIONS)


def test_the_check_of_the_source_can_fail():
    assert careless("x = jnp.dot(a, b)") == ["jnp.dot"]
    assert careless('jnp.einsum("ij,jk->ik", a, b)') == ["jnp.einsum"]
    assert careless("partial(jnp.matmul, a)") == ["jnp.matmul"]
    assert careless("jax.lax.dot_general(a, b, c)") == ["jax.lax.dot_general"]
    assert careless('jnp.einsum("tii->t", a)\nnp.einsum("ij,jk", a, b)') == []
    assert careless("partial(jnp.matmul, precision=P)\njnp.dot(a, b, precision=P)") == []


# Programs, each made inside `jax.enable_x64(False)`: a function and its arguments.


def state(d):
    return qt.algebra.random_density_matrix(jax.random.key(d), d)


def bath(temperature=0.7, gap=1.0):
    return qt.LocalBath(qt.destroy(2), gap, temperature, qt.Flat(0.3))


def times():
    return jnp.linspace(0.0, 2.0, 4)


def constant_qubit():
    n, rho0, ts = qt.number(2), state(2), times()

    def solve(gap, temperature):
        system = qt.OpenSystem(qt.Static(gap * n), (bath(temperature, gap),))
        return qt.evolve(system, rho0, ts, save=qt.rates, throw=False)

    return solve, (jnp.float32(1.0), jnp.float32(0.7))


def driven(slope, rho0, operators, **options):
    n, x, z = operators
    h = qt.Driven([(qt.Linear(1.0, slope, 0.0, 2.0), n), (0.3, x)])
    return qt.evolve(
        qt.OpenSystem(h, (bath(), qt.Lindblad(z, 0.1))), rho0, times(), throw=False, **options
    )


def driven_qubits():
    operators, rho0 = (qt.number(2), qt.sigmax(), qt.sigmaz()), state(2)
    solve = jax.vmap(lambda slope: driven(slope, rho0, operators))
    return solve, (jnp.linspace(1.5, 2.0, 5),)


def gradient_of_driven_qubits():
    operators, rho0 = (qt.number(2), qt.sigmax(), qt.sigmaz()), state(2)
    heat = jax.grad(lambda slope: driven(slope, rho0, operators).ledger.heat[-1].sum())
    return jax.vmap(heat), (jnp.linspace(1.5, 2.0, 5),)


def magnus_qubit():
    operators, rho0 = (qt.number(2), qt.sigmax(), qt.sigmaz()), state(2)
    return (
        lambda slope: driven(slope, rho0, operators, solver=qt.Magnus()),
        (jnp.float32(1.5),),
    )


def qubit_by_a_function():
    n, x, rho0, ts = qt.number(2), qt.sigmax(), state(2), times()

    def solve(frequency):
        h = qt.Driven([(1.0, n), (lambda t: 0.4 * jnp.cos(frequency * t), x)])
        return qt.evolve(qt.OpenSystem(h, (bath(),)), rho0, ts, throw=False)

    return solve, (jnp.float32(1.3),)


def closed_qubit():
    n, x, rho0, ts = qt.number(2), qt.sigmax(), state(2), times()

    def solve(slope):
        h = qt.Driven([(qt.Linear(1.0, slope, 0.0, 2.0), n), (0.3, x)])
        return qt.evolve(qt.OpenSystem(h), rho0, ts, throw=False)

    return solve, (jnp.float32(1.5),)


def at(a, k, sites):
    return np.kron(np.kron(np.eye(2**k), a), np.eye(2 ** (sites - 1 - k)))


def spins(sites):
    """Fields, bonds, and the lowering operators of both ends, in NumPy's single precision."""
    x, z, a = (np.asarray(op) for op in (qt.sigmax(), qt.sigmaz(), qt.create(2)))
    fields = sum(at(z, k, sites) for k in range(sites))
    bonds = sum(at(x, k, sites) @ at(x, k + 1, sites) for k in range(sites - 1))
    found = fields, bonds, at(a, 0, sites), at(a, sites - 1, sites)
    return tuple(operator.astype(np.complex64) for operator in found)


def chain():
    fields, bonds, *ends = (jnp.asarray(operator) for operator in spins(3))
    rho0, ts = state(8), times()

    def solve(slope, coupling):
        h = qt.Driven([(qt.Linear(1.0, slope, 0.0, 2.0), fields), (coupling, bonds)])
        baths = [
            qt.LocalBath(a, 1.0, t, qt.Flat(0.2)) for a, t in zip(ends, (2.0, 0.5), strict=True)
        ]
        return qt.evolve(qt.OpenSystem(h, baths), rho0, ts, throw=False)

    return solve, (jnp.float32(1.5), jnp.float32(0.6))


def chains():
    solve, arguments = chain()
    return jax.vmap(solve), tuple(jnp.full(3, argument) for argument in arguments)


def otto(knots):
    z, x = qt.sigmaz(), qt.sigmax()
    ramp = qt.Ramp(knots)
    machine = qt.otto_cycle(
        0.5 * z + 0.3 * x, z + 0.3 * x, couplings=(x, z), temperatures=(0.5, 4.0), rate=0.5,
        durations=(2.0, 1.0, 2.0, 1.0), ramps=(ramp, ramp),
    )  # fmt: skip
    return qt.limit_cycle(machine, throw=False)


def knots():
    return (jnp.linspace(0.0, 1.0, 6)[1:-1],)


def limit_cycle():
    def solve(knots):
        found = otto(knots)
        return found, found.power, found.efficiency

    return solve, knots()


def gradient_of_limit_cycle():
    return jax.grad(lambda knots: otto(knots).power), knots()


def clausius():
    return lambda knots: otto(knots).generalized_efficiency, knots()


def steady_state():
    n, x = qt.number(2), qt.sigmax()

    def solve(gap):
        return qt.steady_state(qt.OpenSystem(gap * n + 0.2 * x, (bath(),)), throw=False)

    return solve, (jnp.float32(1.0),)


def steady_state_without_a_matrix():
    fields, bonds, *ends = (jnp.asarray(operator) for operator in spins(5))

    def solve(coupling):
        baths = [
            qt.LocalBath(a, 1.0, t, qt.Flat(0.2)) for a, t in zip(ends, (2.0, 0.5), strict=True)
        ]
        system = qt.OpenSystem(0.5 * fields + coupling * bonds, baths)
        return qt.steady_state(system, throw=False)

    return solve, (jnp.float32(0.3),)


def rates():
    n = qt.number(2)

    def found(gap, rho):
        return qt.rates(qt.OpenSystem(qt.Static(gap * n), (bath(0.7, gap),)), 0.0, rho)

    return found, (jnp.float32(1.0), state(2))


def temperatures():
    n = qt.number(2)

    def found(gap, rho):
        return qt.temperatures(qt.OpenSystem(qt.Static(gap * n), (bath(0.7, gap),)), 0.0, rho)

    return found, (jnp.float32(1.0), state(2))


def part_rates():
    def found(coupling, rho):
        return qt.thermodynamics.part_rates(
            qt.models.qubit_and_oscillator(1.0, 1.0, coupling, 3), 0.0, rho
        )

    return found, (jnp.float32(0.3), state(6))


def entropy():
    return lambda rho: (qt.entropy(rho), jax.grad(qt.entropy)(rho)), (state(5),)


def relative_entropy():
    return qt.information.relative_entropy, (state(5), qt.algebra.maximally_mixed(5))


def thermal_state():
    return qt.thermal_state, (spins(3)[0] + spins(3)[1], jnp.float32(0.7))


def ergotropy():
    h = jnp.asarray(spins(3)[0])
    return lambda rho: (qt.ergotropy(rho, h), jax.grad(qt.ergotropy)(rho, h)), (state(8),)


PROGRAMS = {
    make.__name__: make
    for make in (
        constant_qubit, driven_qubits, gradient_of_driven_qubits, magnus_qubit,
        qubit_by_a_function, closed_qubit, chain, chains, limit_cycle, gradient_of_limit_cycle,
        clausius, steady_state, steady_state_without_a_matrix, rates, temperatures, part_rates,
        entropy, relative_entropy, thermal_state, ergotropy,
    )
}  # fmt: skip
# Diffrax has the host check that its times increase.
HOSTED = ("magnus_qubit",)
LOWERED = [(name, platform) for name in PROGRAMS for platform in ("cpu", "cuda")]
LOWERED = [pair for pair in LOWERED if pair not in [(name, "cuda") for name in HOSTED]]
OTHERS = ("steady_state_without_a_matrix",)  # products of Lineax's GMRES, which name no precision


@pytest.fixture(autouse=True, scope="module")
def _programs_of_this_precision_only():
    """What was traced in float64 before is not taken for float32, nor the other way round."""
    jax.clear_caches()
    eqx.clear_caches()
    yield
    lowered.cache_clear()
    jax.clear_caches()
    eqx.clear_caches()


@functools.cache
def lowered(name, platform):
    """A program in float32 as it goes to XLA on a platform, as text."""
    with jax.enable_x64(False):
        f, arguments = PROGRAMS[name]()

        def arrays(*arguments):
            return [x for x in jax.tree.leaves(f(*arguments)) if isinstance(x, jax.Array)]

        traced = jax.jit(arrays).trace(*arguments)
        return traced.lower(lowering_platforms=(platform,)).as_text()


def coarse(text):
    """The products of a lowered program that are not of the highest precision.

    JAX's sparse product multiplies entry by entry with a `dot_general` that sums over nothing.
    """
    return [
        line.strip()
        for line in text.splitlines()
        if "stablehlo.dot_general" in line
        and "contracting_dims = [] x []" not in line
        and "precision = [HIGHEST, HIGHEST]" not in line
    ]


@pytest.mark.parametrize(("name", "platform"), [p for p in LOWERED if p[0] not in OTHERS])
def test_every_product_is_of_the_highest_precision(name, platform):
    text = lowered(name, platform)
    assert re.search(r"[x<]f64>", text) is None
    assert coarse(text) == []


def test_the_check_of_products_can_fail():
    a = jnp.eye(3, dtype=jnp.float32)
    assert coarse(jax.jit(jnp.matmul).lower(a, a).as_text()) != []
    assert "stablehlo.dot_general" in lowered("limit_cycle", "cpu")
    assert "stablehlo.dot_general" in lowered("entropy", "cpu")


CALLBACK = re.compile(
    r"xla_(ffi_)?(partitioned_)?python_(cpu|gpu)_callback|io_callback|pure_callback"
)


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in HOSTED])
def test_programs_lower_for_cuda_without_calls_to_the_host(name):
    assert CALLBACK.findall(lowered(name, "cuda")) == []


@pytest.mark.parametrize("name", HOSTED)
def test_programs_that_call_the_host_are_known(name):
    assert CALLBACK.search(lowered(name, "cpu")) is not None


def test_the_check_of_callbacks_can_fail():
    def hosted(x):
        return jax.pure_callback(np.sin, jax.ShapeDtypeStruct((), jnp.float32), x)

    assert CALLBACK.search(jax.jit(hosted).lower(jnp.float32(1.0)).as_text()) is not None
