"""Redfield baths: the equation itself, QuTiP, the secular limit, near degeneracy, derivatives."""

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matrices import hermitian
from scipy.integrate import solve_ivp

import qtjax as qt
from qtjax.dynamics import RedfieldBath

SX, SZ, ONE = (np.asarray(a) for a in (qt.sigmax(), qt.sigmaz(), qt.identity(2)))
COMMON = np.kron(SX, ONE) + np.kron(ONE, SX)
T, STRENGTH, WIDTH = 0.7, 0.08, 3.0
DRUDE = qt.dynamics.DrudeLorentz(STRENGTH, WIDTH)


def random_state(seed, d):
    return np.asarray(qt.algebra.random_density_matrix(jax.random.key(seed), d))


def power(w):
    """The power spectrum of the Drude-Lorentz bath."""
    w = np.where(w == 0.0, 1e-30, w)
    return STRENGTH * w / (1.0 + (w / WIDTH) ** 2) / -np.expm1(-w / T)


def dissipator(h, couplings, rho, cutoff=np.inf, shift=lambda w: 0.0):
    """D(rho), pair of frequencies by pair of frequencies in the eigenbasis."""
    energies, v = np.linalg.eigh(h)
    w = energies - energies[:, None]
    gamma = power(w) / 2 + 1j * shift(w)
    rho, total = v.conj().T @ rho @ v, 0.0
    for a in couplings:
        a = v.conj().T @ a @ v
        for m, n in np.ndindex(w.shape):
            left = np.zeros_like(a)
            left[m, n] = gamma[m, n] * a[m, n]
            right = np.where(np.abs(w - w[m, n]) <= cutoff, a, 0.0)
            half = left @ rho @ right.conj().T - right.conj().T @ left @ rho
            total = total + half + half.conj().T
    return v @ total @ v.conj().T


def action(h, couplings, rho, cutoff=None, lamb=False, unit=1.0):
    """D(rho) of the Drude-Lorentz bath, all energies in a unit."""
    bath = RedfieldBath(
        list(couplings), unit * T, qt.dynamics.DrudeLorentz(STRENGTH, unit * WIDTH),
        cutoff=None if cutoff is None else unit * cutoff, lamb_shift=lamb,
    )  # fmt: skip
    return qt.dynamics.dissipative_parts(qt.OpenSystem(unit * h, bath), 0.0, jnp.asarray(rho))[0]


H3, PAIR, RHO3 = hermitian(0, 3), np.array([hermitian(1, 3), hermitian(2, 3)]), hermitian(3, 3)


def test_the_generator_is_the_sum_over_all_pairs_of_frequencies():
    found = jax.jit(action)(H3, PAIR, RHO3)
    np.testing.assert_allclose(found, dissipator(H3, PAIR, RHO3), atol=1e-15)


def test_a_cutoff_keeps_the_pairs_of_near_frequencies_in_every_unit():
    """With the Lamb shift; at 0 it is the Davies generator."""
    program = jax.jit(jax.vmap(lambda c, u: action(H3, PAIR, RHO3, c, True, u)))
    cutoffs, units = jnp.array([0.6, 0.6, 0.6, 0.0]), jnp.array([1e-30, 1.0, 1e30, 1.0])
    found = program(cutoffs, units) / units[:, None, None]
    shift = np.vectorize(jax.jit(lambda w: qt.dynamics.lamb_shift(DRUDE, w, T)))
    wanted = dissipator(H3, PAIR, RHO3, 0.6, shift)
    np.testing.assert_allclose(found[:3], np.broadcast_to(wanted, (3, 3, 3)), atol=1e-14)
    secular = dissipator(H3, PAIR, RHO3, 1e-9, shift)
    np.testing.assert_allclose(found[3], secular, atol=1e-14)
    davies = qt.DaviesBath(H3, list(PAIR), T, DRUDE, zero_frequency=float(power(0.0)))
    system = qt.OpenSystem(H3, davies)
    found = jax.jit(lambda rho: qt.dynamics.dissipative_parts(system, 0.0, rho)[0])(RHO3)
    np.testing.assert_allclose(found, dissipator(H3, PAIR, RHO3, 1e-9), atol=1e-14)


@pytest.mark.slow
def test_two_detuned_qubits_in_a_common_bath():
    """Where Davies jumps: a detuning of 1e-7 moves the singlet by 5e-13 in this time."""
    singlet = np.array([0.0, 1.0, -1.0, 0.0]) / np.sqrt(2.0)
    h = np.kron(SZ, ONE) / 2 + (1 + 1e-7) * np.kron(ONE, SZ) / 2

    def survival(cutoff):
        bath = RedfieldBath(COMMON, 0.5, qt.Flat(0.1), cutoff=cutoff, zero_frequency=0.0)
        start = np.outer(singlet, singlet) + 0j
        states = qt.evolve(qt.OpenSystem(h, bath), start, jnp.array([0.0, 20.0])).saved
        return float((singlet @ np.asarray(states[-1]) @ singlet).real)

    assert survival(0.5) == pytest.approx(1.0, abs=1e-11)
    assert survival(0.0) == pytest.approx(0.1627105, abs=1e-6)  # the secular step


@pytest.mark.parametrize("cutoff", [None, pytest.param(0.3, marks=pytest.mark.slow)])
def test_trajectories_and_steady_states_are_those_of_qutips_bloch_redfield_solver(cutoff):
    """Its cutoff is in units of the smallest frequency, and its tensor is right where H and the
    couplings are real."""
    qutip = pytest.importorskip("qutip")
    h, a, b = (hermitian(seed, 3).real for seed in (4, 5, 6))
    rho0, nodes = random_state(1, 3), np.linspace(0.0, 6.0, 4)
    smallest = np.min(np.diff(np.linalg.eigvalsh(h)))
    sec = -1 if cutoff is None else cutoff / smallest
    terms = [[qutip.Qobj(x), lambda w: float(power(w))] for x in (a, b)]
    options = {"rtol": 1e-10, "atol": 1e-12}
    wanted = qutip.brmesolve(
        qutip.Qobj(h), qutip.Qobj(rho0), nodes, a_ops=terms, sec_cutoff=sec, options=options
    )
    system = qt.OpenSystem(h, RedfieldBath([a, b], T, DRUDE, cutoff=cutoff))
    solution = qt.evolve(system, rho0, nodes)
    for found, state in zip(solution.saved, wanted.states, strict=True):
        np.testing.assert_allclose(found, state.full(), atol=1e-8)
    tensor = qutip.bloch_redfield_tensor(qutip.Qobj(h), terms, sec_cutoff=sec, fock_basis=True)
    still = qutip.steadystate(tensor).full()
    np.testing.assert_allclose(qt.steady_state(system).state, still, atol=1e-9)


@pytest.mark.parametrize(
    ("cutoff", "lamb"), [(None, False), pytest.param(0.4, True, marks=pytest.mark.slow)]
)
def test_derivatives_by_h_are_right_however_close_the_levels_are(cutoff, lamb):
    """Against differences of fourth order; the step crosses the smaller distances of levels."""
    u, along, weights = np.linalg.eigh(hermitian(7, 4))[1], hermitian(8, 4), hermitian(9, 4)
    rho, coupling = random_state(2, 4), (u @ COMMON @ u.conj().T)[None]

    def number(x, detuning):
        h = np.kron(SZ, ONE) / 2 + (1 + detuning) * np.kron(ONE, SZ) / 2
        h = u @ h @ u.conj().T + x * along
        return jnp.sum(weights * action(h, coupling, rho, cutoff, lamb)).real

    detunings, step = np.array([0.0, 1e-13, 1e-9, 1e-6, 1e-3, 0.3]), 2e-3
    shifts = step * np.array([0.0, -2.0, -1.0, 1.0, 2.0])
    program = jax.jit(jax.vmap(jax.value_and_grad(number)))
    grid = np.meshgrid(shifts, detunings, indexing="ij")
    values, slopes = (x.reshape(5, -1) for x in program(*(x.ravel() for x in grid)))
    wanted = np.array([1.0, -8.0, 8.0, -1.0]) @ values[1:] / (12 * step)
    np.testing.assert_allclose(slopes[0], wanted, rtol=1e-7, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("exponent", [1.0005, 1.05, 1.5, 1.9])
def test_power_laws_at_nearly_equal_levels(exponent):
    """P goes to 0 with a power of the frequency, and its derivative to infinity."""
    coupling, weights, rho = hermitian(1, 3), hermitian(2, 3), random_state(3, 3)

    def gamma(w):
        size = np.abs(w) / WIDTH
        shape = np.sign(w) * STRENGTH * WIDTH * size**exponent * np.exp(-size)
        return np.where(w == 0.0, 0.0, shape / np.where(w == 0.0, 1.0, -np.expm1(-w / T)))

    def generator(x):
        h = np.array([[0.0, x[1], 0.0], [x[1], x[0], 0.0], [0.0, 0.0, 1.0]])
        energies, v = np.linalg.eigh(h)
        left = v @ (0.5 * gamma(energies - energies[:, None]) * (v.T @ coupling @ v)) @ v.T
        half = left @ rho @ coupling - coupling @ left @ rho
        return np.sum(weights * (half + half.conj().T)).real

    def number(x):
        bath = RedfieldBath(coupling, T, qt.dynamics.PowerLaw(STRENGTH, WIDTH, exponent))
        h = jnp.array([[0.0, x[1], 0.0], [x[1], x[0], 0.0], [0.0, 0.0, 1.0]])
        found = qt.dynamics.dissipative_parts(qt.OpenSystem(h, bath), 0.0, jnp.asarray(rho))[0]
        return jnp.sum(weights * found).real

    points = np.array([1e-8, 1e-6, 1e-4])[:, None] * np.array([1.0, 0.4])
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(number)))(points)
    for x, value, slope in zip(points, values, slopes, strict=True):
        np.testing.assert_allclose(value, generator(x), rtol=1e-12)
        steps = 3e-3 * np.diag(x)  # of fourth order, with an error of 1e-9
        one, two = (
            np.array([generator(x + k * s) - generator(x - k * s) for s in steps]) for k in (1, 2)
        )
        wanted = (8.0 * one - two) / (12 * 3e-3)
        rounding = np.finfo(float).eps * STRENGTH / 3e-3
        np.testing.assert_allclose(slope * x, wanted, rtol=1e-6, atol=rounding)


def test_a_batch_of_trajectories_with_gradients():
    """Of the energy at the end, by the gap and the temperature; each lane as by itself."""
    rho0, ts = random_state(3, 2), jnp.array([0.0, 2.0, 5.0])

    def system(gap, temperature):
        bath = RedfieldBath(SX + 0.5 * SZ, temperature, DRUDE)
        return qt.OpenSystem(gap * SZ / 2, bath)

    def energy(gap, temperature):
        return qt.evolve(system(gap, temperature), rho0, ts, throw=False).ledger.energy[-1]

    h = 2e-3
    shifts = np.array([-2.0, -1.0, 1.0, 2.0]) * h
    gaps = np.concatenate([[1.0], 1.0 + shifts, np.ones(4)])
    temperatures = np.concatenate([[T], np.full(4, T), T + shifts])
    program = jax.jit(jax.vmap(jax.value_and_grad(energy, argnums=(0, 1))))
    values, slopes = program(gaps, temperatures)
    weights = np.array([1.0, -8.0, 8.0, -1.0]) / (12 * h)
    for slope, lanes in zip(slopes, (slice(1, 5), slice(5, 9)), strict=True):
        assert float(slope[0]) == pytest.approx(float(weights @ values[lanes]), rel=1e-8)
    single = qt.evolve(system(1.0, T), rho0, ts)
    assert float(single.ledger.energy[-1]) == pytest.approx(float(values[0]), abs=1e-13)
    assert float(np.max(np.abs(single.ledger.first_law_residual))) < 1e-12


@pytest.mark.slow
def test_it_follows_a_hamiltonian_that_moves():
    rho0, a = random_state(3, 2), SX + 0.5 * SZ

    def hamiltonian(t):
        return (0.5 + 0.1 * t) * SZ + 0.3 * SX

    def flow(t, y):
        rho, h = y.reshape(2, 2), hamiltonian(t)
        return (-1j * (h @ rho - rho @ h) + dissipator(h, [a], rho)).ravel()

    wanted = solve_ivp(
        flow, (0.0, 4.0), rho0.ravel().astype(complex), "DOP853", rtol=1e-11, atol=1e-13
    ).y[:, -1]
    ramp = qt.Driven([(qt.Linear(0.5, 0.9, 0.0, 4.0), SZ), (0.3, SX)])
    solution = qt.evolve(qt.OpenSystem(ramp, RedfieldBath(a, T, DRUDE)), rho0, [0.0, 4.0])
    np.testing.assert_allclose(solution.state.ravel(), wanted, atol=1e-9)
    assert float(np.max(np.abs(solution.ledger.first_law_residual))) < 1e-9


def test_a_limit_cycle_of_redfield_strokes():
    """Two strokes at fixed H: the books of a cycle close, and heat runs from hot to cold."""
    strokes = [
        qt.Stroke(qt.OpenSystem(gap * SZ / 2, RedfieldBath(SX + 0.3 * SZ, t, DRUDE)), 3.0, name)
        for gap, t, name in ((1.0, 0.4, "cold"), (2.0, 3.0, "hot"))
    ]
    cycle = qt.limit_cycle(qt.Cycle(strokes))
    assert cycle.result == qt.RESULTS.successful
    assert float(cycle.heats.sum() + cycle.work) == pytest.approx(0.0, abs=1e-13)
    assert float(cycle.limit_cycle_residual) < 1e-13
    assert float(cycle.heat_cold) < 0.0 < float(cycle.heat_hot)
    assert float(cycle.efficiency) == pytest.approx(0.5, abs=0.05)  # of the gaps, but for coherence


def test_negative_populations_are_seen_and_are_no_failure():
    """This pure state slips below zero at the rate of 0.4 a time."""
    bath = RedfieldBath(SX + 2.0 * SZ, 0.2, qt.dynamics.DrudeLorentz(1.0, 3.0))
    start = qt.pure_state(np.array([np.cos(0.51), np.sin(0.51)]))
    solution = qt.evolve(qt.OpenSystem(SZ / 2, bath), start, np.linspace(0.0, 0.03, 4))
    assert solution.result == qt.RESULTS.successful
    assert float(np.min(solution.ledger.smallest_eigenvalue)) < -1e-3
    assert float(np.max(np.abs(solution.ledger.first_law_residual))) < 1e-11


def test_between_two_temperatures_heat_runs_from_hot_to_cold():
    """At weak coupling the populations under one bath are thermal, to first order in it."""
    a = SX + 0.4 * SZ
    state = jax.jit(lambda *baths: qt.steady_state(qt.OpenSystem(SZ / 2, baths), throw=False).state)
    currents = jax.jit(qt.dynamics.heat_currents)
    baths = [RedfieldBath(a, t, qt.dynamics.DrudeLorentz(1e-4, 3.0)) for t in (0.5, 2.0)]
    found = currents(qt.OpenSystem(SZ / 2, baths), 0.0, state(*baths))
    assert float(found[0]) < 0.0 < float(found[1])
    assert float(found.sum()) == pytest.approx(0.0, abs=1e-17)
    alone = np.diag(state(baths[0], baths[0])).real
    np.testing.assert_allclose(alone, np.diag(qt.thermal_state(SZ / 2, 0.5)).real, atol=1e-4)


def test_at_zero_temperature_there_is_no_noise_at_frequency_zero():
    bath = RedfieldBath(SX + 0.3 * SZ, 0.0, qt.Ohmic(0.1))
    limit = RedfieldBath(SX + 0.3 * SZ, 0.0, qt.Ohmic(0.1), zero_frequency=0.0)
    found, wanted = (qt.dynamics.liouvillian(qt.OpenSystem(SZ, x), 0.0) for x in (bath, limit))
    np.testing.assert_allclose(found, wanted, atol=1e-15)
    ground = qt.steady_state(qt.OpenSystem(SZ, bath)).state
    np.testing.assert_allclose(ground, np.diag([0.0, 1.0]), atol=1e-15)


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        (r"`couplings` must be Hermitian", {"couplings": np.array([[0, 1], [0, 0]])}),
        (r"`temperature` must be >= 0", {"temperature": -1.0}),
        (r"`cutoff` must be >= 0, got -0.1", {"cutoff": -0.1}),
        (r"`zero_frequency` must be >= 0", {"zero_frequency": -0.1}),
        (r"`zero_frequency` is needed with the spectrum Flat", {"spectrum": qt.Flat(0.1)}),
        (r"`zero_frequency` is needed with the spectrum <lambda>", {"spectrum": lambda w: w**0.5}),
    ],
)
def test_bad_input_is_refused(message, arguments):
    with pytest.raises(ValueError, match=message):
        RedfieldBath(**{"couplings": SX, "temperature": 1.0, "spectrum": DRUDE} | arguments)


def test_what_does_not_fit_the_hamiltonian_is_refused():
    with pytest.raises(ValueError, match="`couplings` have d = 2, but the Hamiltonian has d = 4"):
        qt.OpenSystem(COMMON, RedfieldBath(SX, 1.0, DRUDE))
    bath = RedfieldBath(SX, 1.0, qt.Ohmic(0.1), lamb_shift=True)
    with pytest.raises(ValueError, match=r"the Lamb shift of `spectrum` \(Ohmic\) diverges"):
        bath.channels(qt.Static(SZ))


@pytest.mark.parametrize(
    ("spectrum", "options"),
    [
        (qt.DrudeLorentz(0.1, 0.5), {}),
        pytest.param(qt.Flat(0.1), {"zero_frequency": 0.05}, marks=pytest.mark.slow),
        pytest.param(qt.dynamics.PowerLaw(0.1, 2.0, 1.7), {}, marks=pytest.mark.slow),
        pytest.param(qt.DrudeLorentz(0.1, 0.5), {"lamb_shift": True}, marks=pytest.mark.slow),
    ],
    ids=["a narrow spectrum", "a rate at zero frequency", "a power law", "a Lamb shift"],
)
def test_a_crossing_is_not_sampled_and_right(spectrum, options):
    """Levels that nearly meet, in steps whose length comes from them, beside ones by errors."""
    h = qt.Driven([(qt.Linear(-1.0, 1.5, 0.0, 8.0), qt.sigmaz()), (0.1, qt.sigmax())])
    bath = qt.dynamics.RedfieldBath(qt.sigmax() + 0.5 * qt.sigmaz(), 0.3, spectrum, **options)
    (channel,) = bath.channels(h)
    assert channel.radius is not None
    system, ts = qt.OpenSystem(h, bath), np.array([0.0, 3.0, 8.0])
    found = qt.evolve(system, qt.pure_state([0.6, 0.8j]), ts, rtol=1e-9, atol=1e-11)
    exact = qt.evolve(system, qt.pure_state([0.6, 0.8j]), ts, solver=dfx.Dopri8())
    assert found.method == "taylor"
    np.testing.assert_allclose(found.saved, exact.saved, rtol=0, atol=2e-9)
    np.testing.assert_allclose(found.ledger.heat, exact.ledger.heat, rtol=0, atol=2e-9)


def test_what_is_not_known_to_be_smooth_is_sampled():
    ohmic = qt.Ohmic(0.1, 5.0)

    def radius(drive, spectrum=ohmic, **options):
        bath = qt.dynamics.RedfieldBath(qt.sigmax(), 1.0, spectrum, **options)
        (channel,) = bath.channels(qt.Driven([(drive, qt.sigmaz()), (0.3, qt.sigmax())]))
        return channel.radius

    ramp = qt.Linear(1.0, 2.0)
    assert radius(ramp) is not None
    assert radius(ramp, cutoff=0.5) is None
    assert radius(ramp, lamb_shift=True) is not None
    assert radius(ramp, qt.dynamics.PowerLaw(0.1, 5.0, 1.5)) is not None
    assert radius(ramp, lambda w: 0.1 * w * jnp.exp(-w / 5.0)) is None
    assert radius(lambda t: jnp.exp(jnp.sin(t))) is None
