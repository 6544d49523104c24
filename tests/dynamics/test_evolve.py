"""`qt.evolve`: its three paths against each other, closed forms and differences; its contract."""

import functools
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

import qtjax as qt

# local baths on driven levels, on purpose
pytestmark = pytest.mark.filterwarnings("ignore:.*Levy and Kosloff")

N, SX, SZ = qt.number(2), qt.sigmax(), qt.sigmaz()
RHO0 = jnp.array([[0.7, 0.2 - 0.1j], [0.2 + 0.1j, 0.3]])
TS = jnp.array([0.0, 0.4, 1.5, 2.0])


def local_bath(temperature=0.7, gap=1.0, rate=0.3):
    return qt.LocalBath(qt.destroy(2), gap, temperature, qt.Flat(rate))


def constant_system():
    return qt.OpenSystem(N + 0.2 * SX, (local_bath(), qt.Lindblad(SZ, 0.1)))


def drive(t):
    return 0.4 * jnp.cos(1.3 * t)


def driven_hamiltonian():
    return qt.Driven([(qt.Linear(1.0, 1.8, 0.0, 2.0), N), (drive, SX)])


def closed_system():
    return qt.OpenSystem(driven_hamiltonian())


def driven_system():
    return qt.OpenSystem(driven_hamiltonian(), (local_bath(), qt.Lindblad(SZ, 0.1)))


SYSTEMS = {"constant": constant_system, "closed": closed_system, "driven": driven_system}
PATHS = [
    ("constant", None, "propagator"),
    ("constant", dfx.Dopri8(), "diffrax"),
    ("closed", None, "unitary"),
    ("closed", dfx.Dopri8(), "diffrax"),
    ("driven", None, "taylor"),
    ("driven", dfx.Dopri8(), "diffrax"),
    ("driven", qt.Magnus(), "magnus"),
]


@functools.cache
def run(name, path):
    """A solution of one system by one path."""
    solver = {"magnus": qt.Magnus(), "diffrax": dfx.Dopri8(), "default": None}[path]
    return qt.evolve(SYSTEMS[name](), RHO0, TS, solver=solver)


def solution_of(name, solver, method):
    return run(name, "default" if solver is None else method)


@pytest.mark.parametrize(("name", "solver", "method"), PATHS)
def test_the_path_is_chosen_by_type_and_obeys_the_first_law(name, solver, method):
    solution = solution_of(name, solver, method)
    ledger = solution.ledger
    assert solution.method == method
    assert bool(solution.result == qt.RESULTS.successful)
    # rtol 1e-11 per unit of the state and some tens of steps
    assert np.max(np.abs(ledger.first_law_residual)) < 1e-9
    assert np.max(np.abs(ledger.trace_drift)) < 1e-11
    assert np.min(ledger.smallest_eigenvalue) > 0.0
    assert np.array_equal(solution.state, solution.saved[-1])
    assert np.array_equal(solution.saved, np.swapaxes(solution.saved.conj(), 1, 2))


@pytest.mark.parametrize("name", SYSTEMS)
def test_paths_agree_with_each_other(name):
    base = run(name, "default")
    others = {"constant": ["diffrax"], "closed": ["diffrax"], "driven": ["magnus"]}
    assert np.ptp(base.ledger.energy) > 1e-2  # something happens
    for path in others[name]:
        other = run(name, path)
        assert other.method != base.method
        np.testing.assert_allclose(other.saved, base.saved, rtol=0, atol=1e-9)
        np.testing.assert_allclose(other.ledger.heat, base.ledger.heat, rtol=0, atol=1e-9)
        np.testing.assert_allclose(other.ledger.work, base.ledger.work, rtol=0, atol=1e-9)


def test_a_closed_driven_stroke_keeps_its_entropy():
    ledger = run("closed", "default").ledger
    np.testing.assert_allclose(ledger.entropy, ledger.entropy[0], rtol=0, atol=1e-12)
    assert abs(ledger.work[-1]) > 1e-2


def test_constant_propagation_is_the_matrix_exponential():
    system, solution = constant_system(), run("constant", "default")
    generator = np.asarray(qt.dynamics.liouvillian(system))
    for t, rho in zip(TS, solution.saved, strict=True):
        exact = (expm(generator * float(t)) @ np.asarray(RHO0).reshape(-1)).reshape(2, 2)
        np.testing.assert_allclose(rho, exact, rtol=0, atol=1e-13)


def test_uniform_times_take_one_exponential_and_give_the_same():
    system = constant_system()
    even = qt.evolve(system, RHO0, jnp.linspace(0.0, 2.0, 6))
    np.testing.assert_allclose(even.state, run("constant", "default").state, rtol=0, atol=1e-13)
    np.testing.assert_allclose(
        even.ledger.heat[-1], run("constant", "default").ledger.heat[-1], rtol=0, atol=1e-13
    )


@pytest.mark.parametrize(
    ("solver", "controller", "dt0", "tolerance"),
    [
        (dfx.Kvaerno3(), dfx.PIDController(rtol=1e-7, atol=1e-9), None, 1e-5),
        # the midpoint rule: (0.01)^2 times derivatives of order one
        (qt.numerics.Exponential(), dfx.ConstantStepSize(), 0.01, 1e-4),
    ],
    ids=["kvaerno3", "fixed-exponential"],
)
def test_any_diffrax_solver_and_controller(solver, controller, dt0, tolerance):
    base = run("driven", "default")
    solution = qt.evolve(driven_system(), RHO0, TS, solver=solver, controller=controller, dt0=dt0)
    assert bool(solution.result == qt.RESULTS.successful)
    np.testing.assert_allclose(solution.saved, base.saved, rtol=0, atol=tolerance)
    np.testing.assert_allclose(solution.ledger.heat, base.ledger.heat, rtol=0, atol=tolerance)
    np.testing.assert_allclose(solution.ledger.work, base.ledger.work, rtol=0, atol=tolerance)


def heat_of(parameters, **options):
    """Heat taken in until t = 2 by a qubit that starts in its ground state."""
    temperature, gap, rate = parameters
    system = qt.OpenSystem(gap * N, local_bath(temperature, gap, rate))
    rho0 = jnp.diag(jnp.array([1.0, 0.0]))
    return qt.evolve(system, rho0, jnp.array([0.0, 2.0]), **options).ledger.heat[-1, 0]


def closed_form_heat(parameters):
    temperature, gap, rate = parameters
    excited = 1.0 / (1.0 + jnp.exp(gap / temperature))
    return gap * excited * (1.0 - jnp.exp(-2.0 * rate / jnp.tanh(gap / (2.0 * temperature))))


PARAMETERS = np.array([0.7, 1.1, 0.3])
GRADIENTS = {
    "propagator": {},
    "magnus": {"solver": qt.Magnus()},
    "diffrax": {
        "solver": dfx.Tsit5(),
        "controller": dfx.PIDController(rtol=1e-11, atol=1e-13),
    },
}


@pytest.mark.parametrize(
    "method", [pytest.param(n, marks=pytest.mark.slow if n == "magnus" else ()) for n in GRADIENTS]
)
def test_gradients_by_temperature_gap_and_rate(method):
    options = GRADIENTS[method]
    compiled = jax.jit(jax.value_and_grad(lambda x: heat_of(x, **options)))
    value, slope = compiled(PARAMETERS)
    exact = jax.grad(closed_form_heat)(jnp.asarray(PARAMETERS))
    np.testing.assert_allclose(value, closed_form_heat(PARAMETERS), rtol=1e-9)
    np.testing.assert_allclose(slope, exact, rtol=1e-8)
    step = 1e-4 * np.eye(3)  # truncation 1e-8, rounding and tolerance 1e-11/1e-4
    up, down = ([compiled(PARAMETERS + s * row)[0] for row in step] for s in (1, -1))
    differences = (np.array(up) - np.array(down)) / 2e-4
    np.testing.assert_allclose(slope, differences, rtol=0, atol=1e-7)


def driven_heat(stop, adjoint):
    """Heat until t = 1 of a qubit whose gap runs from 1 to `stop` while its bath stays as it is."""
    system = qt.OpenSystem(qt.Driven([(qt.Linear(1.0, stop), N)]), local_bath())
    controller = dfx.PIDController(rtol=1e-10, atol=1e-12)
    return qt.evolve(
        system, RHO0, TS_ONE, adjoint=adjoint, solver=dfx.Tsit5(), controller=controller
    ).ledger.heat[-1, 0]


TS_ONE = jnp.array([0.0, 1.0])


def driven_heat_slope():
    """Q = int w(t) p'(t) dt with p' = -G (p0 - p_eq) exp(-G t) and dw/d(stop) = t."""
    g, excited = 0.3 / np.tanh(1.0 / 1.4), 1.0 / (1.0 + np.exp(1.0 / 0.7))
    return -(0.3 - excited) * (1.0 - (1.0 + g) * np.exp(-g)) / g


@pytest.mark.slow
def test_reverse_mode_through_another_adjoint():
    slope = jax.jit(jax.grad(lambda x: driven_heat(x, dfx.BacksolveAdjoint())))(1.8)
    assert abs(driven_heat_slope()) > 1e-3
    np.testing.assert_allclose(slope, driven_heat_slope(), rtol=1e-7)


def test_forward_mode_through_diffrax():
    forward = jax.jit(jax.jacfwd(lambda x: driven_heat(x, dfx.ForwardMode())))
    np.testing.assert_allclose(forward(1.8), driven_heat_slope(), rtol=1e-7)


def test_what_is_saved():
    operators = qt.dynamics.Expectation(SX, N)
    save = {"state": lambda system, t, rho: rho, "rates": qt.rates, "means": operators}
    system = constant_system()
    solution = qt.evolve(system, RHO0, TS, save=save)
    states = np.asarray(run("constant", "default").saved)
    np.testing.assert_allclose(solution.saved["state"], states, rtol=0, atol=1e-14)
    means = np.einsum("aij,tji->ta", np.stack([SX, N]), states).real
    np.testing.assert_allclose(solution.saved["means"], means, rtol=0, atol=1e-14)
    assert solution.saved["rates"].heat_currents.shape == (4, 2)
    currents = qt.dynamics.heat_currents(system, TS[3], solution.state)
    np.testing.assert_allclose(
        solution.saved["rates"].heat_currents[3], currents, rtol=0, atol=1e-14
    )
    with pytest.raises(ValueError, match=r"`operators\[1\]` must be Hermitian"):
        qt.dynamics.Expectation(SX, qt.destroy(2))


def test_vmap_is_a_loop():
    def books(temperature):
        s = qt.evolve(qt.OpenSystem(N, local_bath(temperature)), RHO0, TS[:2])
        return s.state, s.ledger.heat, s.ledger.entropy

    temperatures = jnp.array([0.3, 0.9, 2.0])
    batched = jax.vmap(books)(temperatures)
    for k, temperature in enumerate(temperatures):
        for a, b in zip(batched, books(temperature), strict=True):
            np.testing.assert_allclose(a[k], b, rtol=0, atol=1e-13)


def stiff(rate):
    """Steps of an explicit solver that a large rate makes many."""
    system = qt.OpenSystem(N, local_bath(rate=rate))
    return functools.partial(
        qt.evolve,
        system,
        RHO0,
        TS[:2],
        solver=dfx.Tsit5(),
        controller=dfx.PIDController(rtol=1e-8, atol=1e-10),
        max_steps=64,
    )


def test_a_failing_lane_does_not_touch_the_others():
    rates = jnp.array([0.3, 1e5])
    batched = eqx.filter_vmap(lambda rate: stiff(rate)(throw=False))(rates)
    good = batched.result == qt.RESULTS.successful
    assert good.tolist() == [True, False]
    assert (batched.result == qt.RESULTS.max_steps_reached).tolist() == [False, True]
    alone = stiff(0.3)()
    np.testing.assert_allclose(batched.state[0], alone.state, rtol=0, atol=1e-13)
    assert not np.all(np.isfinite(batched.ledger.energy[1]))


def test_a_failure_raises_with_its_solution():
    with pytest.raises(qt.SolverError, match="throw=False") as caught:
        stiff(1e5)()
    solution = caught.value.solution
    assert bool(solution.result == qt.RESULTS.max_steps_reached)
    assert bool(jnp.isfinite(solution.ledger.energy[0]))
    assert not bool(jnp.isfinite(solution.ledger.energy[1]))


@pytest.mark.parametrize("rate", [1e15, 1e17, 1e200])
def test_contact_with_a_bath_of_any_rate_ends_in_equilibrium(rate):
    solution = qt.evolve(qt.OpenSystem(N, local_bath(rate=rate)), RHO0, TS[:2])
    wanted = qt.thermal_state(N, 0.7)
    np.testing.assert_allclose(solution.state, wanted, atol=1e-15)
    gained = qt.expectation(N, wanted) - qt.expectation(N, RHO0)
    np.testing.assert_allclose(solution.ledger.heat[-1, 0], gained, rtol=1e-14)


def test_a_rate_beyond_float64_is_reported_and_not_returned():
    with pytest.raises(qt.SolverError, match="not finite"):
        qt.evolve(qt.OpenSystem(N, local_bath(rate=1e308)), RHO0, TS[:2])


@pytest.mark.parametrize("solver", [None, dfx.Tsit5()], ids=["propagator", "diffrax"])
def test_new_values_do_not_compile_again(solver):
    traces = []

    def save(system, t, rho):
        traces.append(1)
        return rho[1, 1].real

    ends = []
    for temperature, rate, last in ((0.5, 0.1, 0.3), (0.9, 0.4, 0.7), (1.4, 0.2, 0.5)):
        system = qt.OpenSystem(temperature * N, local_bath(temperature, temperature, rate))
        controller = None if solver is None else dfx.PIDController(rtol=1e-6, atol=1e-8)
        ts = jnp.array([0.0, 0.1, last])
        options = {"save": save, "solver": solver, "controller": controller}
        ends.append(float(qt.evolve(system, RHO0, ts, **options).saved[-1]))
        if len(ends) == 1:
            first = len(traces)
    assert first >= 1
    assert len(traces) == first
    assert len(set(ends)) == 3


@pytest.mark.parametrize("baths", [(), (qt.Lindblad(SZ, 0.1),)], ids=["unitary", "taylor"])
@pytest.mark.parametrize("stop", [0.5, 0.8], ids=["between", "on"])
def test_jumps_of_the_hamiltonian(baths, stop):
    """Exact pieces: where H jumps, steps end, and the jump does the work tr(rho dH)."""
    schedule = qt.PiecewiseConstant([0.8, 1.3], [1.0, 2.0, 0.5])
    system = qt.OpenSystem(qt.Driven([(schedule, N), (0.3, SX)]), baths)
    solution = qt.evolve(system, RHO0, jnp.array([0.0, stop, 2.0]))
    rho, work, previous = np.asarray(RHO0), 0.0, None
    for value, duration in ((1.0, 0.8), (2.0, 0.5), (0.5, 0.7)):
        h = value * N + 0.3 * SX
        if previous is not None:
            work += np.trace(rho @ np.asarray(h - previous)).real
        generator = np.asarray(qt.dynamics.liouvillian(qt.OpenSystem(h, baths)))
        rho, previous = (expm(generator * duration) @ rho.reshape(-1)).reshape(2, 2), h
    np.testing.assert_allclose(solution.state, rho, rtol=0, atol=1e-10)
    assert int(solution.stats["num_steps"]) < 200  # no hunting for the jump
    assert abs(float(solution.ledger.work[-1]) - work) < 1e-10
    assert np.max(np.abs(solution.ledger.first_law_residual)) < 1e-10


def test_a_callable_hamiltonian_is_a_driven_one():
    def h(t):
        return (1.0 + 0.4 * t) * N + drive(t) * SX

    solution = qt.evolve(qt.OpenSystem(h), RHO0, TS)
    base = run("closed", "default")
    assert solution.method == "unitary"
    np.testing.assert_allclose(solution.saved, base.saved, rtol=0, atol=1e-10)
    np.testing.assert_allclose(solution.ledger.work, base.ledger.work, rtol=0, atol=1e-10)


def test_rates_that_depend_on_time_and_turn_negative():
    def rate(t):
        return 0.5 * jnp.cos(3.0 * t)

    system = qt.OpenSystem(N, qt.Lindblad(SZ / math.sqrt(2.0), rate))
    solution = qt.evolve(system, RHO0, TS)
    exact = RHO0[0, 1] * np.exp(1j * np.asarray(TS) - np.sin(3.0 * np.asarray(TS)) / 6.0)
    np.testing.assert_allclose(solution.saved[:, 0, 1], exact, rtol=0, atol=1e-9)
    assert float(np.min(np.diff(solution.ledger.entropy))) < -1e-3  # the negative rate undoes it
    assert np.max(np.abs(solution.ledger.heat)) < 1e-13


def test_a_bath_whose_gap_follows_a_schedule():
    """LocalBath with a moving gap: case P16, which test_reference runs with AdiabaticBath."""
    file = Path(__file__).parents[1] / "reference" / "public.json"
    case = next(c for c in json.loads(file.read_text())["cases"] if c["id"] == "P16")
    gap = qt.Linear(2.0, 0.8, 0.0, 3.0)
    bath = qt.LocalBath(qt.destroy(2), gap, 0.6, qt.Flat(0.3))
    solution = qt.evolve(
        qt.OpenSystem(qt.Driven([(gap, N)]), bath),
        qt.thermal_state(2.0 * N, 0.6),
        jnp.array([0.0, 1.0, 3.0]),
        solver=dfx.Tsit5(),
        controller=dfx.PIDController(rtol=1e-11, atol=1e-13),
    )
    for k, t in ((1, 1), (2, 3)):
        for name, found in (
            ("p_e", solution.saved[k][1, 1].real),
            ("Q", solution.ledger.heat[k, 0]),
            ("W", solution.ledger.work[k]),
        ):
            np.testing.assert_allclose(
                found, case["values"][f"{name}@{t}"]["value"], rtol=1e-9, atol=1e-10
            )


@pytest.mark.parametrize("solver", [None, qt.Magnus()], ids=["propagator", "magnus"])
def test_energy_may_be_another_hamiltonian(solver):
    """Rabi oscillation: with U = <n>, all of it is work, sin(g t)^2."""
    g = 0.9
    system = qt.OpenSystem(g * SX, energy=N)
    solution = qt.evolve(system, jnp.diag(jnp.array([1.0, 0.0])), TS, solver=solver)
    exact = np.sin(g * np.asarray(TS)) ** 2
    np.testing.assert_allclose(solution.ledger.energy, exact, rtol=0, atol=1e-10)
    np.testing.assert_allclose(solution.ledger.work, exact, rtol=0, atol=1e-10)


def test_energy_splits_heat_and_work():
    """A damped, driven qubit: the first law closes, and the books grow as the rates say."""
    system = qt.OpenSystem(N + 0.2 * SX, local_bath(), energy=1.5 * N)
    solution = qt.evolve(system, RHO0, jnp.array([0.0, 1e-6, 2.0]), save=qt.rates)
    ledger = solution.ledger
    energy = 1.5 * float(solution.state[1, 1].real)
    np.testing.assert_allclose(ledger.energy[-1], energy, rtol=0, atol=1e-13)
    assert np.max(np.abs(ledger.first_law_residual)) < 1e-12
    assert abs(ledger.work[-1]) > 1e-2
    # over 1e-6 the rates change by 1e-6 of themselves
    heat, power = solution.saved.heat_current[0], solution.saved.power[0]
    np.testing.assert_allclose(ledger.heat[1, 0] / 1e-6, heat, rtol=1e-5)
    np.testing.assert_allclose(ledger.work[1] / 1e-6, power, rtol=1e-5)


SINGLE = """
import sys, numpy as np
sys.path[:0] = {path!r}
import qtjax as qt, test_evolve
assert qt.dynamics.default_tolerances() == (1e-5, 1e-7)
out = {{}}
for name, make in test_evolve.SYSTEMS.items():
    s = qt.evolve(make(), test_evolve.RHO0, test_evolve.TS)
    out |= {{name + "-saved": s.saved, name + "-heat": s.ledger.heat}}
    out |= {{name + "-work": s.ledger.work}}
np.savez({file!r}, **out)
"""


@pytest.mark.slow
def test_float32_in_a_process_of_its_own(tmp_path):
    """States and books to 1e-4: ten times the default rtol of the solver in float32."""
    here, root = str(Path(__file__).parent), str(Path(qt.__file__).parent.parent)
    file = str(tmp_path / "single.npz")
    environment = {**os.environ, "JAX_ENABLE_X64": "0"}
    subprocess.run(
        [sys.executable, "-c", SINGLE.format(path=[root, here], file=file)],
        check=True,
        env=environment,
    )
    single = np.load(file)
    for name in SYSTEMS:
        base = run(name, "default")
        assert single[f"{name}-saved"].dtype == np.complex64
        assert single[f"{name}-work"].dtype == np.float32
        for key, exact in (
            ("saved", base.saved),
            ("heat", base.ledger.heat),
            ("work", base.ledger.work),
        ):
            np.testing.assert_allclose(single[f"{name}-{key}"], exact, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("rho0", "ts", "message"),
    [
        (np.eye(2), [0.0, 1.0], "`rho0` must have trace 1"),
        (np.diag([1.2, -0.2]), [0.0, 1.0], "`rho0` must be positive semidefinite"),
        (np.eye(3) / 3, [0.0, 1.0], "`rho0` must be 2 x 2"),
        (np.array([[0.5, 0.5], [0.0, 0.5]]), [0.0, 1.0], "`rho0` must be Hermitian"),
        (np.diag([np.nan, 1.0]), [0.0, 1.0], "`rho0` must be finite"),
        (np.eye(2) / 2, [0.0, 1.0, 1.0], "`ts` must increase strictly"),
        (np.eye(2) / 2, [0.0], "`ts` must hold at least two times"),
        (np.eye(2) / 2, [0.0, np.inf], "`ts` must be finite"),
    ],
)
def test_bad_input_is_named(rho0, ts, message):
    with pytest.raises(ValueError, match=message):
        qt.evolve(constant_system(), rho0, np.array(ts))


def test_a_hamiltonian_that_is_not_hermitian_is_named():
    system = qt.OpenSystem(lambda t: qt.destroy(2))
    with pytest.raises(ValueError, match=r"`hamiltonian\(ts\[0\]\)` must be Hermitian"):
        qt.evolve(system, RHO0, TS)


@pytest.mark.slow
def test_backsolve_through_a_bath_that_follows_the_hamiltonian():
    """Its generator has complex parameters, which Diffrax gets as pairs of real ones."""

    def heat(temperature, adjoint=None):
        bath = qt.AdiabaticBath(SX, temperature, qt.Flat(0.3))
        system = qt.OpenSystem(qt.Driven([(qt.Linear(1.0, 2.0), N), (0.3, SX)]), bath)
        options = {"adjoint": adjoint, "throw": False}
        return qt.evolve(system, RHO0, jnp.array([0.0, 1.0]), **options).ledger.heat[-1, 0]

    h = 1e-4
    slope = (float(heat(0.7 + h)) - float(heat(0.7 - h))) / (2 * h)  # truncated at h^2 ~ 1e-8
    assert abs(float(jax.grad(heat)(0.7, dfx.BacksolveAdjoint())) - slope) < 1e-7


def test_steps_that_are_known_to_differ_compile_no_other_way():
    ts = np.arange(12.0) ** 2

    def final(ts, rate):
        system = qt.OpenSystem(qt.number(2), qt.Lindblad(qt.destroy(2), rate))
        return qt.evolve(system, RHO0, ts, throw=False).saved[-1]

    def ways(function, *args):
        return str(jax.make_jaxpr(function)(*args)).count(" cond[")

    assert ways(lambda rate: final(ts, rate), 1.0) < ways(final, jnp.asarray(ts), 1.0)
