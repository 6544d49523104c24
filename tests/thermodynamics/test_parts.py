"""The books of the parts of a composite: differences along trajectories, closed forms, types."""

import functools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import logm

import qtjax as qt
from qtjax.dynamics.hamiltonians import Embedded, Sum

N, SX, SZ = np.asarray(qt.number(2)), np.asarray(qt.sigmax()), np.asarray(qt.sigmaz())
LOWER, LOWER3 = np.asarray(qt.destroy(2)), np.asarray(qt.destroy(3))
N3 = np.diag([0.0, 1.0, 2.0])
RATES = eqx.filter_jit(qt.thermodynamics.part_rates)
STEP, TIME = 1e-2, 0.9
# seven points: truncation STEP^6/140 times a seventh derivative of order 100
STENCIL = np.array([-1, 9, -45, 0, 45, -9, 1]) / (60 * STEP)


def random_state(d, seed=0):
    g = np.random.default_rng(seed).normal(size=(d, d, 2)) @ np.array([1.0, 1.0j])
    return jnp.asarray(g @ g.conj().T / np.linalg.norm(g) ** 2)


def reduced(rho, part):
    """tr_other(rho) of a qubit (part 0) and a qutrit (part 1)."""
    return np.einsum("ikjk->ij" if part == 0 else "kikj->ij", rho.reshape(2, 3, 2, 3))


def entropy(rho):
    p = np.linalg.eigvalsh(rho)
    return -np.sum(p * np.log(p))


def mean(operator, rho):
    return np.trace(operator @ rho).real


QUTRIT = 0.8 * N3 + 0.1 * (LOWER3 + LOWER3.T)
COUPLING = 0.4 * (np.kron(LOWER.T, LOWER3) + np.kron(LOWER, LOWER3.T)) + 0.2 * np.kron(SZ, N3)
SLOPE = 0.5  # of the coupling's strength
JUMP = np.kron(LOWER, np.eye(3)) + 0j


def composite(rate=0.0, slope=0.0):
    """A driven qubit and a qutrit with a coupling that may move, and a bath if it has a rate."""
    driven = qt.Driven([(qt.Linear(1.0, 1.3), N), (jnp.cos, 0.2 * SX)])
    coupling = qt.Driven([(qt.Linear(1.0, 1.0 + slope), COUPLING)])
    return qt.composite_system((driven, QUTRIT), coupling, qt.Lindblad(JUMP, rate))


def bare(part, t):
    return (1.0 + 0.3 * t) * N + 0.2 * np.cos(t) * SX if part == 0 else QUTRIT


@functools.cache
def trajectory(slope):
    """Times and states around TIME by SciPy, and the rates of the parts at TIME."""

    def rho_dot(t, y):
        rho = y.reshape(6, 6)
        h = np.kron(bare(0, t), np.eye(3)) + np.kron(np.eye(2), QUTRIT) + (1 + slope * t) * COUPLING
        return (-1j * (h @ rho - rho @ h)).reshape(-1)

    ts = TIME + STEP * np.arange(-3, 4)
    start = np.asarray(random_state(6)).reshape(-1)
    flow = solve_ivp(rho_dot, (0.0, ts[-1]), start, "DOP853", ts, rtol=1e-13, atol=1e-15)
    states = flow.y.T.reshape(-1, 6, 6)
    return ts, states, RATES(composite(slope=slope), TIME, jnp.asarray(states[3]))


def difference(f, slope):
    """d/dt f(t, rho(t)) at TIME, by differences."""
    ts, states, _ = trajectory(slope)
    return STENCIL @ np.array([f(t, rho) for t, rho in zip(ts, states, strict=True)])


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("slope", [0.0, SLOPE])
def test_heat_power_and_entropy_of_a_part(part, slope):
    """Q_i' at fixed H_i, W_i' from what moves, and their sum, the first law of the part."""
    parts, fixed = trajectory(slope)[2], bare(part, TIME)
    heats = difference(lambda _, rho: mean(fixed, reduced(rho, part)), slope)
    energies = difference(lambda t, rho: mean(bare(part, t), reduced(rho, part)), slope)
    entropies = difference(lambda _, rho: entropy(reduced(rho, part)), slope)
    assert abs(heats) > 1e-2
    heat, power = float(parts.heat_current[part]), float(parts.power[part])
    assert heat == pytest.approx(heats, abs=1e-10)
    assert heat + power == pytest.approx(energies, abs=1e-10)
    assert float(parts.entropy_rate[part]) == pytest.approx(entropies, abs=1e-10)
    assert (abs(power) > 1e-2) == (part == 0)


@pytest.mark.parametrize("slope", [0.0, SLOPE])
def test_interaction_energy(slope):
    """<V> is what the bare energies leave out; of a closed composite the heats are its loss."""
    _, states, parts = trajectory(slope)
    now, pushed = (1 + slope * TIME) * COUPLING, slope * mean(COUPLING, states[3])
    rate = difference(lambda t, rho: mean((1 + slope * t) * COUPLING, rho), slope)
    assert abs(rate - pushed) > 1e-3
    assert float(parts.interaction_energy) == pytest.approx(mean(now, states[3]), abs=1e-13)
    assert float(parts.interaction_rate) == pytest.approx(rate, abs=1e-10)
    assert float(parts.heat_current.sum()) == pytest.approx(pushed - rate, abs=1e-10)
    coupling = qt.thermodynamics.internal_coupling(composite(slope=slope), TIME)
    np.testing.assert_allclose(coupling, now, atol=1e-15)
    # the parts take what power a moving coupling does not
    power = float(qt.dynamics.power(composite(slope=slope), TIME, jnp.asarray(states[3])))
    assert float(parts.power.sum()) == pytest.approx(power - pushed, abs=1e-13)


def test_correlations_of_a_closed_composite():
    """S_C = S - S_A - S_B, dS_C/dt = -(S_A' + S_B') = -(Q_A'/T_A + Q_B'/T_B): eqs. (16), (18)."""
    _, states, parts = trajectory(0.0)
    exact = entropy(states[3]) - sum(entropy(reduced(states[3], k)) for k in (0, 1))
    assert exact < -0.1
    assert float(parts.correlation_entropy) == pytest.approx(exact, abs=1e-12)
    rate = -float(parts.entropy_rate.sum())
    assert abs(rate) > 1e-3
    assert float(parts.correlation_rate) == pytest.approx(rate, abs=1e-12)
    assert float(parts.clausius_balance) == pytest.approx(rate, abs=1e-12)
    temperatures = qt.generalized_temperature(parts)
    expected = parts.heat_current / parts.entropy_rate
    np.testing.assert_allclose(temperatures.temperature, expected, rtol=1e-13)


def test_baths_feed_the_parts_and_the_coupling():
    """sum Q_i' + d<V>/dt = sum Q_k', and S' is not 0 in dS_C/dt; what rounding may make of both."""
    rho, rate = random_state(6, 2), 0.3
    parts = RATES(composite(rate), 0.0, rho)
    h = np.kron(bare(0, 0.0), np.eye(3)) + np.kron(np.eye(2), QUTRIT) + COUPLING
    loss, rho = JUMP.conj().T @ JUMP, np.asarray(rho)
    change = rate * (JUMP @ rho @ JUMP.conj().T - (loss @ rho + rho @ loss) / 2)
    gain = float(parts.heat_current.sum() + parts.interaction_rate)
    assert gain == pytest.approx(mean(h, change), abs=1e-13)
    values, vectors = np.linalg.eigh(rho)
    total = -np.log(values) @ np.diag(vectors.conj().T @ change @ vectors).real
    assert abs(total) > 1e-2
    expected = total - float(parts.entropy_rate.sum())
    assert float(parts.correlation_rate) == pytest.approx(expected, abs=1e-11)
    noise = 64 * np.finfo(float).eps * (np.max(np.abs(h)) + rate)
    sizes = [np.max(np.abs(bare(part, 0.0))) for part in (0, 1)]
    logs = [np.max(np.abs(logm(reduced(rho, part)))) for part in (0, 1)]
    np.testing.assert_allclose(parts.heat_rounding, noise * np.array(sizes), rtol=1e-12)
    np.testing.assert_allclose(parts.entropy_rounding, noise * np.array(logs), rtol=1e-12)


@functools.cache
def three_qubits():
    g = np.random.default_rng(3).normal(size=(8, 8, 2)) @ np.array([1.0, 1.0j])
    return qt.composite_system([N + 0.2 * k * SX for k in range(3)], 0.1 * (g + g.conj().T))


def test_without_correlations_all_heat_is_mean_field():
    """Each part then moves unitarily: S_i' = 0 while Q_i' is not."""
    rho = np.kron(np.kron(random_state(2, 1), random_state(2, 2)), random_state(2, 3))
    parts = RATES(three_qubits(), 0.0, rho)
    assert np.min(np.abs(parts.heat_current)) > 1e-3
    np.testing.assert_allclose(parts.mean_field, parts.heat_current, rtol=0, atol=1e-14)
    np.testing.assert_allclose(parts.entropy_rate, 0.0, atol=1e-14)
    assert float(parts.correlation_entropy) == pytest.approx(0.0, abs=1e-14)


def test_with_correlations_it_is_not():
    rho = random_state(8)
    parts = RATES(three_qubits(), 0.0, rho)
    assert np.min(np.abs(parts.heat_current - parts.mean_field)) > 1e-4
    assert np.min(np.abs(parts.entropy_rate)) > 1e-4
    assert float(parts.clausius_balance) == pytest.approx(float(parts.correlation_rate), abs=1e-12)
    # the field of part 1 by hand, tr_02(V 1 x rho_02)
    tensor = rho.reshape((2,) * 6)
    coupling = np.asarray(qt.thermodynamics.internal_coupling(three_qubits(), 0.0)).reshape(
        (2,) * 6
    )
    others = np.einsum("aibcid->abcd", tensor)
    field = np.einsum("aibcjd,cdab->ij", coupling, others)
    own = np.einsum("aibajb->ij", tensor)
    rate = mean(N + 0.2 * SX, -1j * (field @ own - own @ field))
    assert float(parts.mean_field[1]) == pytest.approx(rate, abs=1e-14)


def moving(t):
    return (1.0 + t) * SZ + 0.3 * SX


@pytest.mark.parametrize(
    ("first", "constant", "is_sum"),
    [
        (N, True, True),
        (qt.Driven([(qt.Linear(1.0, 2.0), SZ), (0.3, SX)]), False, True),
        (moving, False, False),
    ],
    ids=["static", "driven", "callable"],
)
def test_what_a_composite_is(first, constant, is_sum):
    """H_1(t) x 1 + 1 x H_2 + V, term by term: what its terms are, it is."""
    system = qt.composite_system((first, QUTRIT), COUPLING)
    h = system.hamiltonian
    assert (h.constant, h.is_sum) == (constant, is_sum)
    assert system.dims == (2, 3)
    own = N if constant else moving(0.7)
    expected = np.kron(own, np.eye(3)) + np.kron(np.eye(2), QUTRIT) + COUPLING
    np.testing.assert_allclose(h(0.7), expected, atol=1e-15)
    np.testing.assert_allclose(system.parts[0](0.7), own, atol=1e-15)
    if not is_sum:
        assert isinstance(h.terms()[0], Embedded)


def test_a_callable_and_a_part_that_jumps():
    """The jump is known through the sum, so that `evolve` books its work."""
    jump = qt.Driven([(qt.PiecewiseConstant([0.4], [1.0, 2.0]), N)])
    system = qt.composite_system((moving, jump), 0.2 * np.kron(SX, SX))
    assert isinstance(system.hamiltonian, Sum)
    np.testing.assert_array_equal(system.hamiltonian.jumps(), [0.4])
    np.testing.assert_array_equal(system.breakpoints(), [0.4])


def test_parts_without_a_coupling():
    system = qt.composite_system((N, N3, SZ))
    expected = np.add.outer(np.add.outer(np.diag(N), np.diag(N3)), np.diag(SZ)).ravel()
    np.testing.assert_allclose(system.hamiltonian(0.0), np.diag(expected), atol=1e-15)
    np.testing.assert_allclose(qt.thermodynamics.internal_coupling(system, 0.0), 0, atol=1e-15)


TS = np.array([0.0, 0.3, 0.9, 1.7])


def test_partial_swap():
    """p_A = a cos^2(gt) + b sin^2(gt), the temperatures, and dS_C/dt = -Q_A'(1/T_A - 1/T_B)."""
    gap, g, a, b = 1.4, 0.8, 0.1, 0.35
    populations = np.kron([1 - a, a], [1 - b, b])
    save = (
        qt.thermodynamics.part_rates,
        qt.dynamics.Expectation(np.kron(N, np.eye(2)), np.kron(np.eye(2), N)),
    )
    solution = qt.evolve(qt.models.partial_swap(gap, g), np.diag(populations), TS, save=save)
    parts, numbers = solution.saved
    p = a * np.cos(g * TS) ** 2 + b * np.sin(g * TS) ** 2
    np.testing.assert_allclose(numbers[:, 0], p, rtol=0, atol=1e-14)
    np.testing.assert_allclose(numbers[:, 1], a + b - p, rtol=0, atol=1e-14)
    heat = gap * (b - a) * g * np.sin(2 * g * TS)
    np.testing.assert_allclose(parts.heat_current[:, 0], heat, rtol=0, atol=1e-13)
    np.testing.assert_allclose(parts.mean_field, 0.0, atol=1e-14)
    np.testing.assert_allclose(parts.interaction_energy, 0.0, atol=1e-14)
    betas = np.log((1 - numbers) / numbers) / gap
    found = qt.generalized_temperature(parts).beta[1:]  # 0/0 at the start
    np.testing.assert_allclose(found, betas[1:], rtol=1e-12)
    rate = -heat * (betas[:, 0] - betas[:, 1])
    np.testing.assert_allclose(parts.correlation_rate, rate, rtol=0, atol=1e-12)
    np.testing.assert_allclose(parts.clausius_balance[1:], rate[1:], rtol=0, atol=1e-12)
    # beyond gt = pi/4 the colder part warms the hotter one, and correlations are consumed
    assert parts.heat_current[-1, 0] > 0 > found[-1, 0] - found[-1, 1]
    assert parts.correlation_rate[1] < 0 < parts.correlation_rate[-1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: qt.composite_system(()), "`parts` must hold at least one Hamiltonian, got none"),
        (
            lambda: qt.composite_system((N, N3), np.kron(SX, SX)),
            r"`coupling` has d = 4, but the dimensions \(2, 3\) of the parts multiply to 6",
        ),
        (
            lambda: qt.OpenSystem(np.kron(SX, SX), parts=(N, N3)),
            r"`parts` have dimensions \(2, 3\), which multiply to 6, .* has d = 4",
        ),
        (
            lambda: qt.thermodynamics.part_rates(
                qt.OpenSystem(N), 0.0, qt.algebra.maximally_mixed(2)
            ),
            "declares 0 parts, but the books of parts need at least two; build it with",
        ),
        (
            lambda: qt.thermodynamics.part_rates(
                qt.composite_system((N,)), 0.0, qt.algebra.maximally_mixed(2)
            ),
            "declares 1 parts",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()
