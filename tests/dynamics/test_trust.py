"""What a stranger feeds in on the first day: right to the tolerance, or not "successful"."""

import functools

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt

X, Y, Z, N = qt.sigmax(), qt.sigmay(), qt.sigmaz(), qt.number(2)
GROUND, EXCITED = qt.pure_state(qt.ket(0, 2)), qt.pure_state(qt.ket(1, 2))


def pulse(t):
    """Of area pi/2, after a pause of 500 times its width."""
    return jnp.sqrt(jnp.pi) / 2 * jnp.exp(-((t - 500.0) ** 2))


@pytest.mark.parametrize(
    ("solver", "rate"),
    [(None, 0.0), (None, 1e-9), (qt.Taylor(), 0.0), (dfx.Dopri8(), 1e-9)],
    ids=["unitary", "default", "taylor", "dopri8"],
)
def test_a_pulse_after_a_pause_is_not_stepped_over(solver, rate):
    """P(1) = 1; with damping at rate g it has decayed for 500 times."""
    baths = qt.Lindblad(qt.destroy(2), rate) if rate else ()
    system = qt.OpenSystem(qt.Driven([(pulse, X)]), baths)
    solution = qt.evolve(system, GROUND, jnp.array([0.0, 1000.0]), solver=solver)
    wanted = 1.0 - 500.0 * rate
    assert abs(float(solution.state[1, 1].real) - wanted) < 1e-9
    assert float(solution.stats["error"]) < 1e-11


@pytest.mark.parametrize("place", [0.123456, 0.987])
def test_a_feature_of_a_two_thousandth_is_seen_wherever_it_is(place):
    """A pulse whose whole width is 1/2,000 of the span, of area pi/2."""
    width = 1.0 / 2000.0

    def narrow(t):
        s = (t - place) / width
        return jnp.where(jnp.abs(s) < 0.5, jnp.pi / width * jnp.cos(jnp.pi * s) ** 2, 0.0)

    solution = qt.evolve(qt.OpenSystem(qt.Driven([(narrow, X)])), GROUND, jnp.array([0.0, 1.0]))
    assert abs(float(solution.state[1, 1].real) - 1.0) < 1e-9


def square_wave(t):
    """sigma_z for the first half of every period of 1, then pi sigma_x: a flip."""
    return jnp.where(t % 1 < 0.5, Z, jnp.pi * X)


@pytest.mark.parametrize(
    ("solver", "ts"),
    [
        (None, np.arange(7.0)),
        (qt.Taylor(), np.array([0.0, 5.25, 6.0])),
        (dfx.Dopri8(), np.array([0.0, 5.25, 6.0])),
    ],
    ids=["default", "taylor", "dopri8"],
)
def test_jumps_of_a_plain_function_are_found_with_their_work(solver, ts):
    solution = qt.evolve(qt.OpenSystem(square_wave), EXCITED, jnp.asarray(ts), solver=solver)
    populations = solution.saved[:, 1, 1].real
    if len(ts) == 7:
        np.testing.assert_allclose(populations, [1, 0, 1, 0, 1, 0, 1], atol=1e-9)
    assert abs(float(populations[-1]) - 1.0) < 1e-9
    assert float(jnp.max(jnp.abs(solution.ledger.first_law_residual))) < 1e-9
    assert np.isfinite(float(solution.stats["error"]))


def test_more_jumps_than_can_be_booked_are_not_successful():
    fast = qt.OpenSystem(lambda t: jnp.where(t % 1 < 0.5, Z, 2.0 * Z + X))
    solution = qt.evolve(fast, EXCITED, jnp.array([0.0, 200.0]), throw=False, rtol=1e-7, atol=1e-9)
    assert not bool(solution.result == qt.RESULTS.successful)


@pytest.mark.parametrize(
    "solver",
    [pytest.param(None, marks=pytest.mark.slow), qt.Taylor()],
    ids=["default", "taylor"],
)
def test_slopes_by_a_parameter_that_moves_a_jump(solver):
    """Rotation by t X from a time p on: <Z> = b cos(T^2 - p^2), W = a T whatever p."""
    a, b, p = 0.3, 0.6, 0.7
    rho0 = 0.5 * (qt.identity(2) + a * X + b * Z)

    def found(p):
        system = qt.OpenSystem(lambda t: jnp.where(t < p, 0.0, t) * X)
        solution = qt.evolve(system, rho0, jnp.array([0.0, 1.5]), solver=solver)
        return jnp.stack([qt.expectation(Z, solution.state), solution.ledger.work[-1]])

    slopes = jax.jacrev(found)(p)
    np.testing.assert_allclose(slopes, [2 * p * b * np.sin(1.5**2 - p**2), 0.0], atol=1e-8)


@pytest.mark.slow
def test_slopes_of_a_limit_cycle_by_a_parameter_that_moves_a_jump():
    bath = qt.DaviesBath(Z, X, 0.5, qt.Flat(0.5))

    @jax.jit
    def work(p):
        kicked = qt.OpenSystem(lambda s: Z + jnp.where(s < p, 0.3, s) * X)
        strokes = [qt.Stroke(kicked, 1.0), qt.Stroke(qt.OpenSystem(Z, bath), 2.0, contact="cold")]
        return qt.limit_cycle(qt.Cycle(strokes), steps=64).work

    slope = jax.jit(jax.grad(work))(0.6)
    np.testing.assert_allclose(slope, (work(0.601) - work(0.599)) / 0.002, rtol=1e-5)


@pytest.mark.parametrize("solver", [None, qt.Taylor()], ids=["default", "taylor"])
def test_a_hamiltonian_that_stops_being_hermitian(solver):
    rotation = jnp.array([[0.0, -1.0], [1.0, 0.0]])
    system = qt.OpenSystem(lambda t: Z + 0.3 * (t - 0.5) * rotation)
    solution = qt.evolve(system, GROUND, jnp.array([0.5, 1.0]), solver=solver, throw=False)
    assert bool(solution.result == qt.RESULTS.not_hermitian)
    with pytest.raises(qt.SolverError, match="not Hermitian at a time after the first"):
        qt.evolve(system, GROUND, jnp.array([0.5, 1.0]), solver=solver)


def test_a_hamiltonian_that_stops_being_hermitian_in_a_stroke():
    rotation = jnp.array([[0.0, -1.0], [1.0, 0.0]])
    ramp = qt.OpenSystem(lambda s: Z + s * rotation)
    bath = qt.OpenSystem(Z, qt.DaviesBath(Z, X, 1.0, qt.Flat(0.5)))
    cycle = qt.Cycle([qt.Stroke(ramp, 1.0), qt.Stroke(bath, 1.0, contact="hot")])
    solution = qt.limit_cycle(cycle, throw=False, steps=64)
    assert bool(solution.result == qt.RESULTS.not_hermitian)


def three_levels(g):
    """Rates 2g and g between 0 and 1, and 1 from 1 to 2."""

    def jump(i, j):
        return jnp.zeros((3, 3)).at[i, j].set(1.0)

    return qt.OpenSystem(
        jnp.zeros((3, 3)), qt.Lindblad([jump(0, 1), jump(1, 0), jump(2, 1)], [2 * g, g, 1.0])
    )


@pytest.mark.parametrize("g", [1e2, 1e12])
def test_rates_of_many_decades_are_right_or_have_a_status(g):
    """From level 0; fast rates: p_2 = 1 - exp(-t/3)."""
    rho0 = qt.pure_state(qt.ket(0, 3))
    solution = qt.evolve(three_levels(g), rho0, jnp.array([0.0, 1.0]), throw=False)
    good = bool(solution.result == qt.RESULTS.successful)
    if good:
        a = np.array([[-g, 2 * g, 0], [g, -2 * g - 1, 0], [0, 1, 0]])
        values, vectors = np.linalg.eig(a)
        wanted = vectors @ (np.exp(values) * np.linalg.solve(vectors, [1.0, 0, 0]))
        np.testing.assert_allclose(jnp.diag(solution.state).real, wanted, rtol=0, atol=1e-10)
    else:
        off = abs(float(solution.state[2, 2].real) - 0.283468689426)
        assert off < 3.0 * float(solution.stats["error"])
    assert good == (g < 1e6)


@pytest.mark.parametrize("s", [1e-16, 1e30])
def test_the_otto_cycle_in_joules_and_in_gigahertz(s):
    cycle = qt.limit_cycle(
        qt.otto_cycle(
            s * N, 2 * s * N, couplings=X, temperatures=(s, 4 * s), rate=0.5,
            durations=(2.0, 0.1, 2.0, 0.1),
        )
    )  # fmt: skip
    assert abs(float(cycle.work_output) / s - 0.0946874198646) < 1e-12


@pytest.mark.parametrize("s", [1e-25, 1e25])
def test_driven_trajectories_in_any_units(s):
    def solve(s):
        h = qt.Driven([(qt.Linear(s, 2.0 * s, 0.0, 5.0 / s), 0.5 * Z), (0.3 * s, X)])
        bath = qt.LocalBath(qt.create(2), s, 0.7 * s, qt.Flat(0.2 * s))
        system = qt.OpenSystem(h, bath)
        return jax.jit(lambda ts: qt.evolve(system, GROUND, ts, throw=False))(
            jnp.array([0.0, 5.0 / s])
        )

    one, other = solve(1.0), solve(s)
    assert bool(other.result == qt.RESULTS.successful)
    np.testing.assert_allclose(other.state, one.state, rtol=0, atol=1e-10)
    np.testing.assert_allclose(other.ledger.heat / s, one.ledger.heat, rtol=0, atol=1e-10)
    np.testing.assert_allclose(other.ledger.work / s, one.ledger.work, rtol=0, atol=1e-10)


class Following(qt.AbstractDissipator):
    """A stranger's bath: dephasing in the eigenbasis of H(t), with nothing else said about it."""

    temperature: None = None

    def channels(self, hamiltonian):
        def jumps(t):
            h = hamiltonian(t)
            return jnp.array([0.3]), (h / jnp.linalg.norm(h))[None]

        return (qt.Moving(jumps),)


def test_a_bath_that_reads_h_follows_it():
    """Nothing to declare: its heat is that of the same generator written out by hand."""

    def h(t):
        return Z + (0.5 + 0.3 * t) * X

    def by_hand(t):
        return h(t) / jnp.linalg.norm(h(t))

    class Written(qt.AbstractDissipator):
        temperature: None = None

        def channels(self, hamiltonian):
            return (qt.Moving(lambda t: (jnp.array([0.3]), by_hand(t)[None])),)

    ts = jnp.array([0.0, 2.0])
    found, wanted = (
        qt.evolve(qt.OpenSystem(h, bath), GROUND, ts) for bath in (Following(), Written())
    )
    np.testing.assert_allclose(found.ledger.heat, wanted.ledger.heat, rtol=0, atol=1e-10)
    assert abs(float(found.ledger.first_law_residual[-1])) < 1e-9


def test_narrow_features_of_a_ramp_are_not_missed():
    """A spike of 1/2,000 of the stroke kicks the qubit: steps that may not see it say so."""

    def cycle(height):
        def ramp(s):
            return s + height * jnp.exp(-(((s - 0.4) * 4000.0) ** 2))

        return qt.otto_cycle(
            0.5 * Z + 0.3 * X, Z + 0.3 * X, couplings=(X, Z), temperatures=(0.5, 4.0), rate=0.5,
            durations=(2.0, 1.0, 2.0, 1.0), ramps=(ramp, lambda s: s),
        )  # fmt: skip

    coarse = qt.limit_cycle(cycle(400.0), throw=False, steps=16)
    assert not bool(coarse.result == qt.RESULTS.successful)


@pytest.mark.parametrize(
    "solver", [None, pytest.param(qt.Magnus(), marks=pytest.mark.slow)], ids=["unitary", "magnus"]
)
def test_loose_tolerances_hold_without_baths_too(solver):
    """Long steps, whose doubling says too little of Magnus: 64 ramps at 1e-3 against 1e-10."""
    rng = np.random.default_rng(0)
    ranges = ((1.0, 1.5), (2.0, 2.5), (0.5, 1.0), (1.0, 1.5))
    edges = jnp.stack([jnp.asarray(rng.uniform(*ends, 256)) for ends in ranges], axis=1)[:64]

    @jax.jit
    @functools.partial(jax.vmap, in_axes=(0, None))
    def state(edge, tolerance):
        z, x = (qt.Linear(edge[k], edge[k + 1], 0.0, 10.0) for k in (0, 2))
        h = qt.Driven([(z, 0.5 * qt.sigmaz()), (x, 0.5 * qt.sigmax())])
        rho0 = qt.algebra.from_bloch(jnp.array([0.6, 0.0, 0.5]))
        ts, own = np.array([0.0, 10.0]), {"rtol": tolerance, "atol": tolerance, "throw": False}
        solution = qt.evolve(qt.OpenSystem(h), rho0, ts, solver=solver, **own)
        return solution.state, solution.result == qt.RESULTS.successful

    (loose, good), (tight, _) = state(edges, 1e-3), state(edges, 1e-10)
    assert np.all(good)
    assert np.max(np.abs(loose - tight)) < 1e-3
