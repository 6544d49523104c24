"""Steady states against closed forms and QuTiP, with derivatives and outcomes lane by lane."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax
import numpy as np
import pytest
import qutip

import qtjax as qt
from qtjax.dynamics.sectors import known_sectors

N, SX = qt.number(2), qt.sigmax()
LOWER = qt.destroy(2)
AT = jnp.array([0.6, 1.7, 0.3, 0.2])  # T_1, T_2, gamma_1, gamma_2


def two_baths(temperature_1, temperature_2, rate_1, rate_2):
    return qt.OpenSystem(
        N,
        (
            qt.LocalBath(LOWER, 1.0, temperature_1, qt.Flat(rate_1)),
            qt.LocalBath(LOWER, 1.0, temperature_2, qt.Flat(rate_2)),
        ),
    )


@jax.jit
def excited(x):
    """p_e = sum gamma_k n_k / sum gamma_k (2 n_k + 1)."""
    n = 1.0 / jnp.expm1(1.0 / x[:2])
    return x[2:] @ n / (x[2:] @ (2 * n + 1))


def found(x):
    return qt.steady_state(two_baths(*x)).state[1, 1].real


def three_levels(scale=1.0):
    """A driven V with thermal, decaying and dephasing channels."""
    h = np.array([[0.0, 0.3, 0.1j], [0.3, 0.8, 0.2], [-0.1j, 0.2, 1.3]])
    jumps = [np.outer(np.eye(3)[i], np.eye(3)[j]) + 0j for i, j in ((0, 1), (1, 2), (1, 0))]
    return h, [*jumps, np.diag([0.0, 1.0, -1.0]) + 0j], scale * np.array([0.5, 0.3, 0.1, 0.2])


def two_qubits(scale=1.0):
    """Coupled qubits, each with a thermal bath of its own."""
    a, b = np.kron(LOWER, np.eye(2)), np.kron(np.eye(2), LOWER)
    h = a.T @ a + 0.7 * b.T @ b + 0.4 * (a.T @ b + b.T @ a) + 0.1 * (a + a.T)
    return h, [a, a.T, b, b.T], scale * np.array([0.6, 0.2, 0.4, 0.3])


def system_of(h, jumps, rates):
    return qt.OpenSystem(h, qt.Lindblad(np.stack(jumps), tuple(rates)))


def test_qubit_between_two_baths():
    solution = qt.steady_state(two_baths(*AT))
    assert bool(solution.result == qt.RESULTS.successful)
    p = float(excited(AT))
    np.testing.assert_allclose(solution.state, np.diag([1 - p, p]), rtol=0, atol=1e-15)
    assert float(solution.residual) < 1e-15
    assert float(solution.gap) > 1e-2
    assert float(solution.error) < 1e-14


@pytest.mark.parametrize("make", [three_levels, two_qubits])
def test_steady_states_are_qutips(make):
    h, jumps, rates = make()
    solution = qt.steady_state(system_of(h, jumps, rates))
    c_ops = [np.sqrt(r) * qutip.Qobj(a) for r, a in zip(rates, jumps, strict=True)]
    peer = qutip.steadystate(qutip.Qobj(h), c_ops).full()
    assert np.max(np.abs(peer - np.diag(np.diag(peer)))) > 1e-2
    np.testing.assert_allclose(solution.state, peer, rtol=0, atol=1e-12)
    rho = np.asarray(solution.state)
    change = -1j * (h @ rho - rho @ h)
    for rate, a in zip(rates, jumps, strict=True):
        loss = a.conj().T @ a
        change = change + rate * (a @ rho @ a.conj().T - (loss @ rho + rho @ loss) / 2)
    assert max(np.max(np.abs(change)), float(solution.residual)) < 1e-15
    assert abs(np.trace(solution.state) - 1.0) < 1e-14


def test_the_generator_is_frozen_at_the_given_time():
    """A pump that moves: p_e = up/(up + down) at its momentary rate."""
    pump = qt.Lindblad(np.stack([LOWER, LOWER.T]), (0.4, lambda t: 0.1 + 0.2 * t))
    system = qt.OpenSystem(qt.Driven([(qt.Linear(1.0, 3.0), N)]), pump)
    for t in (0.0, 0.6):
        up = 0.1 + 0.2 * t
        state = qt.steady_state(system, t).state
        np.testing.assert_allclose(np.diag(state), [0.4 / (0.4 + up), up / (0.4 + up)], atol=1e-15)


def test_units_of_energy_do_not_matter():
    """In joules or in anything else the steady state is the same."""
    states = []
    for unit in (1.0, 1e-30, 1e30):
        h, jumps, rates = two_qubits(unit)
        solution = qt.steady_state(system_of(unit * h, jumps, rates))
        states.append(np.asarray(solution.state))
        assert float(solution.error) < 1e-13
    np.testing.assert_allclose(states[1:], np.stack([states[0]] * 2), rtol=0, atol=1e-13)


@pytest.mark.parametrize("mode", [jax.grad, jax.jacfwd])
def test_gradient_of_the_two_bath_qubit(mode):
    np.testing.assert_allclose(
        jax.jit(mode(found))(AT), jax.jit(jax.grad(excited))(AT), rtol=1e-12, atol=1e-14
    )


@functools.cache
def coherence_of_two_qubits():
    """(T-like rates) -> Im <a^+ b>, the current between the qubits."""
    h, jumps, rates = two_qubits()
    current = 1j * (jumps[1] @ jumps[2] - jumps[3] @ jumps[0])

    def value(x):
        system = system_of(h, jumps, [x[0], rates[1], x[1], rates[3]])
        return qt.expectation(current, qt.steady_state(system).state)

    return value


@pytest.mark.parametrize("mode", [jax.grad, jax.jacfwd])
def test_gradient_of_coupled_qubits(mode):
    value, x, step = coherence_of_two_qubits(), jnp.array([0.6, 0.4]), 1e-4
    compiled = jax.jit(value)
    slope = jax.jit(mode(value))(x)
    for k in range(2):
        e = step * np.eye(2)[k]
        points = [float(compiled(x + m * e)) for m in (-2, -1, 1, 2)]
        difference = (points[0] - 8 * points[1] + 8 * points[2] - points[3]) / (12 * step)
        assert abs(difference) > 1e-3
        assert float(slope[k]) == pytest.approx(difference, abs=1e-11)


NOT_UNIQUE = {
    "no bath": lambda: qt.OpenSystem(N + 0.3 * SX),
    "zero rates": lambda: two_baths(0.5, 0.5, 0.0, 0.0),
    "no gap at zero temperature": lambda: qt.models.heat_valve(
        0.0, temperatures=(0.0, 0.0), rates=qt.Ohmic(0.1)
    ),
    "dephasing only": lambda: qt.OpenSystem(N, qt.Lindblad(qt.sigmaz(), 0.3)),
    "a level that no bath connects": lambda: qt.OpenSystem(
        qt.number(3), qt.LocalBath(np.outer(np.eye(3)[0], np.eye(3)[1]), 1.0, 0.5, qt.Flat(0.2))
    ),
}


@pytest.mark.parametrize("name", NOT_UNIQUE)
def test_a_steady_state_that_is_not_unique(name):
    system = NOT_UNIQUE[name]()
    with pytest.raises(qt.SolverError, match="The steady state is not unique") as caught:
        qt.steady_state(system)
    for solution in (caught.value.solution, qt.steady_state(system, throw=False)):
        assert bool(solution.result == qt.RESULTS.steady_state_not_unique)
        assert np.all(np.isnan(solution.state))
        assert float(solution.gap) < 1e-14


@pytest.mark.parametrize("d", [2, 3])
def test_rounding_is_no_bath(d):
    """In the eigenbasis of H its entries off the diagonal are rounding, and may flow one way."""
    x = np.random.default_rng(d).normal(size=(200, d, d))

    def lane(h):
        baths = [qt.Lindblad(h, 0.01)], []
        found = [qt.steady_state(qt.OpenSystem(h + 0j, b), throw=False).result for b in baths]
        return [result == qt.RESULTS.steady_state_not_unique for result in found]

    assert np.all(jax.jit(jax.vmap(lane))(x + x.transpose(0, 2, 1)))


def test_a_generator_that_is_not_finite():
    system = qt.OpenSystem(lambda t: N / t, qt.Lindblad(LOWER, 0.3))
    with pytest.raises(qt.SolverError, match="not finite"):
        qt.steady_state(system, 0.0)
    assert bool(qt.steady_state(system, 1.0).result == qt.RESULTS.successful)


def test_a_bad_lane_does_not_spoil_the_others():
    def lane(rate):
        solution = qt.steady_state(two_baths(0.6, 1.7, rate, rate))
        return solution.state[1, 1].real, solution

    rates = jnp.array([0.3, 0.0, 0.5])
    (values, batch), slopes = jax.jit(jax.vmap(jax.value_and_grad(lane, has_aux=True)))(rates)
    good = [True, False, True]
    assert (batch.result == qt.RESULTS.successful).tolist() == good
    assert (batch.result == qt.RESULTS.steady_state_not_unique).tolist() == [False, True, False]
    expected = float(excited(jnp.array([0.6, 1.7, 1.0, 1.0])))
    np.testing.assert_allclose(values[::2], expected, rtol=0, atol=1e-15)
    assert np.isnan(values[1])
    np.testing.assert_allclose(slopes[::2], 0.0, atol=1e-14)


def test_nothing_is_raised_under_jit():
    solution = eqx.filter_jit(qt.steady_state)(two_baths(0.5, 0.5, 0.0, 0.0))
    assert bool(solution.result == qt.RESULTS.steady_state_not_unique)


def entry(i, j, d):
    return np.outer(np.eye(d)[i], np.eye(d)[j]) + 0j


def fast_and_slow(r, turn=None):
    """0 <-> 1 with r up and 2 r down, 0 <-> 2 with 1/2 and 1: (1/2, 1/4, 1/4) for every r."""
    jumps = [entry(1, 0, 3), entry(0, 1, 3), entry(2, 0, 3), entry(0, 2, 3)]
    turn = np.eye(3) if turn is None else turn
    jumps = [turn @ a @ turn.T for a in jumps]
    return system_of(np.zeros((3, 3)) + 0j, jumps, [r, 2.0 * r, 0.5, 1.0])


@pytest.mark.parametrize("r", [1e-30, 1e-8, 1.0, 1e12, 1e13, 1e14, 1e15, 1e30])
def test_rates_many_decades_apart(r):
    solution = qt.steady_state(fast_and_slow(r))
    np.testing.assert_allclose(solution.state, np.diag([0.5, 0.25, 0.25]), atol=1e-15)
    assert float(solution.error) < 1e-14


def test_decades_that_the_basis_mixes_end_in_a_status_with_the_error():
    """Turned, fast and slow rates share every entry: eps r is what the slow ones are known to."""
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    expected = turn @ np.diag([0.5, 0.25, 0.25]) @ turn.T
    for r in (1.0, 1e4, 1e9, 1e12):
        solution = qt.steady_state(fast_and_slow(r, turn), throw=False)
        wrong = np.max(np.abs(np.asarray(solution.state) - expected))
        assert wrong <= float(solution.error)
        assert bool(solution.result == qt.RESULTS.successful) == (float(solution.error) <= 1e-9)
    assert bool(solution.result == qt.RESULTS.steady_state_inaccurate)
    loose = qt.steady_state(fast_and_slow(1e9, turn), tolerance=1e-5)
    np.testing.assert_allclose(loose.state, expected, atol=1e-7)
    with pytest.raises(qt.SolverError, match="span more decades than the precision holds"):
        qt.steady_state(fast_and_slow(1e18, turn))


@pytest.mark.parametrize("rate", [1e-2, 1e-6, 1e-9, 1e-13])
@pytest.mark.parametrize("detuning", [0.0, 0.2])
def test_weak_damping_beside_a_strong_drive(rate, detuning):
    """Bloch's equations: z = -(1 - q) (G^2/4 + D^2)/(...), exactly; in the eigenbasis of H."""
    drive, total = 1.0, 1.3 * rate  # rates down and up are rate and 0.3 rate
    h = 0.5 * drive * SX + detuning * N  # ground level 0
    bath = qt.Lindblad([LOWER, LOWER.T], [rate, 0.3 * rate])
    solution = qt.steady_state(qt.OpenSystem(h, bath))
    a, b = total / 2, drive**2 / 2
    excited = (0.3 * rate + b * a / (a**2 + detuning**2)) / (
        total + 2 * b * a / (a**2 + detuning**2)
    )
    assert float(solution.state[1, 1].real) == pytest.approx(excited, abs=1e-14)
    assert float(solution.error) < 1e-13


def spin_chain(sites, rate=0.3):
    """An XXZ chain with a hot bath at one end and a cold one at the other."""

    def at(a, k):
        return np.kron(np.kron(np.eye(2**k), a), np.eye(2 ** (sites - 1 - k)))

    x, y, z = (np.asarray(a) for a in (SX, qt.sigmay(), qt.sigmaz()))
    h = sum(0.15 * at(z, k) for k in range(sites))
    for k in range(sites - 1):
        h = h + 0.25 * sum(c * at(a, k) @ at(a, k + 1) for a, c in ((x, 1), (y, 1), (z, 0.7)))
    lower = np.asarray(LOWER).T  # H = +0.15 sigma_z: the ground level is index 1
    ends = [(0, 2.0), (sites - 1, 0.5)]
    return qt.OpenSystem(h, [qt.LocalBath(at(lower, k), 0.3, t, qt.Flat(rate)) for k, t in ends])


@pytest.mark.parametrize("solver", [lineax.LU(), lineax.QR(), lineax.GMRES(1e-12, 1e-12)])
def test_any_lineax_solver(solver):
    system = spin_chain(2)
    solution = qt.steady_state(system, solver=solver)
    np.testing.assert_allclose(solution.state, qt.steady_state(system).state, atol=1e-11)
    assert float(solution.error) < 1e-10


def test_a_solver_that_breaks_down_is_right_or_not_successful():
    """BiCGStab has no cure for its breakdowns: what it did not solve says so."""
    system = spin_chain(2)
    solution = qt.steady_state(system, solver=lineax.BiCGStab(1e-11, 1e-11), throw=False)
    off = np.max(np.abs(solution.state - qt.steady_state(system).state))
    if bool(solution.result == qt.RESULTS.successful):
        assert off < 1e-9
    else:
        assert not float(solution.error) < 1e-9


def test_beyond_sixteen_levels_without_a_matrix():
    system = spin_chain(5)
    solution = qt.steady_state(system)
    assert bool(solution.result == qt.RESULTS.successful)
    assert float(solution.error) < 1e-13
    assert float(solution.residual) < 1e-15
    rho = solution.state
    assert abs(np.trace(rho) - 1.0) < 1e-13
    currents = qt.dynamics.heat_currents(system, 0.0, rho)
    assert float(currents[0]) > 1e-3
    assert abs(float(currents.sum())) < 1e-15


@pytest.mark.slow
def test_six_sites():
    solution = qt.steady_state(spin_chain(6))
    assert float(solution.error) < 1e-12
    assert float(solution.residual) < 1e-15


def magnetization(rate):
    return qt.steady_state(spin_chain(5, rate), throw=False).state[0, 0].real


@functools.cache
def slope_of_magnetization():
    compiled, step = jax.jit(magnetization), 1e-2
    points = [float(compiled(0.3 + m * step)) for m in (-3, -2, -1, 1, 2, 3)]
    return np.dot([-1, 9, -45, 45, -9, 1], points) / (60 * step)  # error step^6


@pytest.mark.slow
@pytest.mark.parametrize("mode", [jax.jacfwd, jax.grad])
def test_gradient_beyond_sixteen_levels(mode):
    slope = slope_of_magnetization()
    assert abs(slope) > 1e-3
    assert float(jax.jit(mode(magnetization))(0.3)) == pytest.approx(slope, abs=1e-9)


@pytest.mark.parametrize(("sites", "solver"), [(5, None), (3, lineax.LU())])
def test_what_is_not_unique_with_a_solver(sites, solver):
    """Dephasing of one site keeps the number of excitations."""
    z = np.kron(np.asarray(qt.sigmaz()), np.eye(2 ** (sites - 1)))
    system = qt.OpenSystem(spin_chain(sites).hamiltonian, qt.Lindblad(z, 0.3))
    solution = qt.steady_state(system, solver=solver, throw=False)
    assert bool(solution.result == qt.RESULTS.steady_state_not_unique)
    assert np.all(np.isnan(solution.state))


def test_a_solver_that_did_not_get_there_is_no_success():
    solver = lineax.GMRES(1e-12, 1e-12, restart=3, max_steps=3)
    with pytest.raises(qt.SolverError, match="a Krylov solver needs more steps"):
        qt.steady_state(spin_chain(3), solver=solver)
    loose = qt.steady_state(spin_chain(2), solver=lineax.GMRES(1e-4, 1e-4), throw=False)
    wrong = np.max(np.abs(np.asarray(loose.state) - qt.steady_state(spin_chain(2)).state))
    assert wrong <= float(loose.error)


def test_what_sectors_save_changes_nothing():
    """Operators that are traced hide the sectors; values and slopes are the same."""

    def of(known):
        def state(fields, one):
            chain = qt.models.boundary_driven_chain(
                3, exchange=1.0, anisotropy=0.5, fields=fields, bias=0.7
            )
            h = chain.hamiltonian if known else qt.Static(one * chain.hamiltonian(0.0))
            return qt.steady_state(qt.OpenSystem(h, chain.baths), throw=False).state

        return jax.jit(lambda f: (state(f, 1.0), jax.jacfwd(state)(f, 1.0)))

    fields = jnp.array([0.3, -0.2, 0.1])
    for found, expected in zip(of(True)(fields), of(False)(fields), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-14)


@pytest.mark.slow
def test_lanes_that_lu_factors_do_not_know_well_are_eliminated():
    """Slow ends keep sixteen digits, still ends are not unique, and neither spoils a neighbour."""

    def value(rate, one=None):
        chain = qt.models.boundary_driven_chain(
            3, exchange=1.0, anisotropy=0.5, rate=rate, bias=0.7
        )
        h = chain.hamiltonian if one is None else qt.Static(one * chain.hamiltonian(0.0))
        solution = qt.steady_state(qt.OpenSystem(h, chain.baths), throw=False)
        return solution.state[1, 1].real, solution

    rates, step = np.array([1.0, 1e-9, 0.0, 2.0]), 1e-3
    (found, batch), slopes = jax.jit(jax.vmap(jax.value_and_grad(value, has_aux=True)))(rates)
    eliminated = jax.jit(jax.vmap(lambda rate: value(rate, 1.0 + 0.0 * rate)[0]))
    good = np.array([True, True, False, True])
    assert ((batch.result == qt.RESULTS.successful) == good).all()
    assert (batch.result == qt.RESULTS.steady_state_not_unique)[2]
    np.testing.assert_allclose(found[good], eliminated(rates)[good], rtol=0, atol=1e-14)
    around = [eliminated(rates * (1.0 + k * step)) for k in (-2, -1, 1, 2)]
    difference = np.dot([1, -8, 8, -1], np.array(around)[:, good]) / (12.0 * step)
    np.testing.assert_allclose((slopes * rates)[good], difference, rtol=0, atol=1e-10)
    assert np.max(batch.error[good]) < 1e-12
    assert np.max(batch.residual[good]) < 1e-15


def test_the_sectors_of_a_chain():
    chain = qt.models.boundary_driven_chain(3, exchange=1.0, anisotropy=0.5)
    sectors = known_sectors(chain)
    assert sorted(map(len, sectors.levels)) == [1, 1, 3, 3]
    assert len(sectors.populations) == 20
    assert sorted(map(len, sectors.nilpotent)) == [1, 6, 15]
    assert sectors.coherences == ()


def test_a_coherence_of_another_sector_that_stays_is_found():
    """sigma_x alone: populations end at 1/2 each, and what is proportional to sigma_x stays."""
    system = qt.OpenSystem(qt.Static(np.zeros((2, 2))), qt.Lindblad(qt.sigmax(), 1.0))
    assert known_sectors(system).coherences == ((1, 2),)
    solution = qt.steady_state(system, throw=False)
    assert bool(solution.result == qt.RESULTS.steady_state_not_unique)
    assert np.all(np.isnan(solution.state))
