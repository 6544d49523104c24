"""Machines in steps: against cycles of strokes, closed forms and differences."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy.linalg import expm

import qtjax as qt
from qtjax.machines import piecewise_limit_cycle, piecewise_oscillator
from qtjax.papers import erdman_2023 as stored

U = jnp.array([0.31, 0.77, 1.2, 0.4])
TIMES = jnp.array([0.5, 0.9, 0.0, 1.7])
W = jnp.array([1.9, 1.1, 0.8, 1.4])
RATES = jnp.array([[0.6, 0.0], [0.0, 0.0], [0.0, 0.5], [0.2, 0.3]])
TEMPERATURES = np.array([3.0, 0.4])


def qubit(u):
    h = 0.5 * qt.sigmaz() + u * qt.sigmax()
    cold = qt.DaviesBath(h, qt.sigmay(), 0.3, qt.Ohmic(0.4))
    hot = qt.DaviesBath(h, qt.sigmaz(), 1.5, qt.Ohmic(0.2))
    return qt.OpenSystem(h, [cold, hot])


def oscillator(w, times, rates):
    return piecewise_oscillator(w, times, rates=rates, temperatures=TEMPERATURES, throw=False)


def by_generators(w, times, rates):
    """Heats of the steps from exponentials of 6 x 6 generators, and a solve (NumPy)."""
    maps = []
    for frequency, time, down in zip(w, times, rates, strict=True):
        noise = frequency * (0.5 + 1.0 / np.expm1(frequency / TEMPERATURES))
        g, d = np.zeros((6, 6)), down @ noise
        g[1] = [d / frequency**2, -down.sum(), 0.0, 2.0, 0.0, 0.0]
        g[2] = [d, 0.0, -down.sum(), -2.0 * frequency**2, 0.0, 0.0]
        g[3] = [0.0, -(frequency**2), 1.0, -down.sum(), 0.0, 0.0]
        energy = np.array([0.0, frequency**2 / 2.0, 0.5, 0.0, 0.0, 0.0])
        g[4:] = np.outer(down * noise, np.eye(6)[0]) - np.outer(down, energy)
        maps.append(expm(g * time))
    total = np.linalg.multi_dot(maps[::-1])
    x = np.linalg.solve(np.eye(3) - total[1:4, 1:4], total[1:4, 0])
    v, heats = np.array([1.0, *x, 0.0, 0.0]), []
    for step in maps:
        heats.append((step @ v)[4:] - v[4:])
        v = step @ v
    return np.array(heats)


def test_oscillator_is_that_of_its_generators():
    """Where g t is 0, below 1 and between 1 and 2: a series, and closed forms."""
    run = jax.jit(oscillator)
    for times in (TIMES, 2.0 * TIMES):
        found = run(W, times, RATES)
        expected = by_generators(*map(np.asarray, (W, times, RATES)))
        assert bool(found.result == qt.RESULTS.successful)
        np.testing.assert_allclose(found.heats, expected, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(found.states[-1], found.states[0], rtol=1e-13)
        assert abs(float(found.first_law_residual)) < 1e-13


def by_digits(w, times, rates, temperatures):
    """Heats of the steps, (steps, baths), from the same generators in 60 digits."""
    with mpmath.workdps(60):
        maps, baths = [], len(temperatures)
        for frequency, time, down in zip(w, times, rates, strict=True):
            f, down = mpmath.mpf(frequency), [mpmath.mpf(r) for r in down]
            noise = [f * (1 / mpmath.mpf(2) + 1 / mpmath.expm1(f / t)) for t in temperatures]
            total, d = sum(down), sum(r * n for r, n in zip(down, noise, strict=True))
            g = mpmath.zeros(4 + baths, 4 + baths)
            for row, entries in enumerate(
                ([d / f**2, -total, 0, 2], [d, 0, -total, -2 * f**2], [0, -(f**2), 1, -total]), 1
            ):
                for column, entry in enumerate(entries):
                    g[row, column] = entry
            for k in range(baths):
                g[4 + k, 0] = down[k] * noise[k]
                g[4 + k, 1], g[4 + k, 2] = -down[k] * f**2 / 2, -down[k] / 2
            maps.append(mpmath.expm(g * mpmath.mpf(time)))
        total = mpmath.eye(4 + baths)
        for step in maps:
            total = step * total
        x = mpmath.lu_solve(mpmath.eye(3) - total[1:4, 1:4], total[1:4, 0])
        v, heats = mpmath.matrix([1, *x, *[0] * baths]), []
        for step in maps:
            after = step * v
            heats.append([float(after[4 + k] - v[4 + k]) for k in range(baths)])
            v = after
        return np.array(heats), float(mpmath.fsum(v[4 + k] for k in range(baths)))


@pytest.mark.parametrize(
    ("times", "rates", "temperatures", "right"),
    [
        (TIMES, RATES, (3.0, 0.4), True),
        (1e4 * (TIMES + 0.1), RATES, (3.0, 0.4), True),
        (1e-3 * TIMES, RATES, (3.0, 0.4), True),
        (1e2 * TIMES, 1e-4 * RATES, (3.0, 0.4), True),
        (TIMES, 1e-8 * RATES, (3.0, 0.4), False),
        (TIMES, 1e-12 * RATES, (3.0, 0.4), False),
        (TIMES, RATES, (1.0 + 1e-9, 1.0), True),
    ],
)
def test_books_of_an_oscillator_are_as_sure_as_they_say(times, rates, temperatures, right):
    """Long and short steps, weak baths and baths of nearly one temperature, in 60 digits."""
    given = [np.asarray(x, float) for x in (W, times, rates, temperatures)]
    exact, work = by_digits(*given)

    @jax.jit
    def run(w, times, rates, temperatures):
        found = piecewise_oscillator(w, times, rates=rates, temperatures=temperatures, throw=False)
        names = "work_output", "power", lambda s: s.heat[1]
        return found, [found.error_of(name) for name in names]

    found, (off_work, off_power, off_heat) = run(*map(jnp.asarray, given))
    assert bool(found.result == qt.RESULTS.successful) is right
    if not right and not np.isfinite(found.error):
        assert bool(found.result == qt.RESULTS.not_unique)
        return
    assert np.max(np.abs(found.heats - exact)) <= float(found.heat_error)
    assert abs(float(found.work_output) - work) <= float(off_work)
    assert abs(float(found.power) - work / given[1].sum()) <= float(off_power)
    assert abs(float(found.heat[1]) - exact[:, 1].sum()) <= float(off_heat)
    assert float(off_heat) == pytest.approx(float(found.rounding))
    assert float(found.error) < 1e-9 or not right
    assert np.isnan(found.error_of(lambda s: s.states[0, 0]))


@pytest.mark.parametrize(
    ("w", "times", "rates", "temperatures", "square", "largest"),
    [
        (  # a step that forgets all, whose rows were differences: off by twice its error
            [8.21, 0.2297, 5.781, 0.1911], [0.1997, 445.7, 0.9917, 21.46],
            [[0.4622, 0.0], [4.167, 0.01899], [0.0001267, 0.0], [0.1485, 0.0]], [0.3831, 2.299],
            67.4861120707639173, 554.0609801,
        ),
        (  # phases of 1e4 in weak baths, refused with an error thousands of times too large
            [0.5892, 11.71, 8.321, 0.1755], [52.27, 846.3, 0.1396, 360.7],
            [[1e-6, 1.412], [0.0, 1.561e-5], [0.005313, 0.006338], [0.0003844, 0.008881]],
            [1.602, 1.271], 61.8012594759578256, 855.7078090,
        ),
    ],
)  # fmt: skip
def test_moments_of_an_oscillator_are_as_sure_as_they_say(
    w, times, rates, temperatures, square, largest
):
    """The first <x^2> in 40 digits."""
    found = piecewise_oscillator(w, times, rates=rates, temperatures=temperatures)
    assert abs(float(found.states[0, 0]) - square) * w[0] <= float(found.error) * largest
    assert float(found.error) < 1e-11


@pytest.mark.parametrize("rate", [1e-12, 1e-3])
def test_weak_baths_of_a_qubit(rate):
    """Levels that no step mixes keep their digits: n_1 x_1 + n_2 x_2 in a share of 1/rate."""
    gaps, times, temperatures = np.array([1.0, 2.0]), np.array([0.7, 1.3]), np.array([0.6, 1.7])

    def system(step):
        gap, temperature = step
        bath = qt.LocalBath(qt.destroy(2), gap, temperature, qt.Flat(rate))
        return qt.OpenSystem(gap * qt.number(2), bath)

    found = piecewise_limit_cycle(system, jnp.stack([gaps, temperatures], axis=1), times)
    with mpmath.workdps(50):
        (a, b), steps = temperatures, []
        for gap, time, t in zip(gaps, times, (a, b), strict=True):
            n = 1 / mpmath.expm1(mpmath.mpf(gap) / mpmath.mpf(t))
            left = -mpmath.expm1(-mpmath.mpf(rate) * (2 * n + 1) * mpmath.mpf(time))
            steps.append((n / (2 * n + 1), left))
        (p, x), (q, y) = steps
        moved = (q - p) * x * y / (x + y - x * y)
        work = float(moved)
    assert float(found.work_output) == pytest.approx(work, rel=1e-11)
    assert abs(float(found.work_output) - work) <= float(found.error_of("work_output"))
    assert abs(float(found.heats[1, 0]) - 2.0 * work) <= float(found.heat_error)
    off = found.error_of(lambda s: s.states[0, 1, 1].real)
    assert 0.0 < float(off) < 1e-13


def test_tolerance():
    found = oscillator(W, TIMES, RATES)
    rates = {"rates": RATES, "temperatures": TEMPERATURES}
    with pytest.raises(qt.SolverError, match="resolved to the tolerance"):
        piecewise_oscillator(W, TIMES, **rates, tolerance=float(0.5 * found.error))
    with pytest.raises(ValueError, match="`tolerance`"):
        piecewise_limit_cycle(qubit, U, TIMES, tolerance=-1.0)


def test_sudden_otto_cycle_of_an_oscillator():
    """Complete thermalization and jumps: Q* = (w_c^2 + w_h^2)/(2 w_c w_h)."""
    found = oscillator(jnp.array([2.0, 1.0]), 1e5, jnp.array([[0.6, 0.0], [0.0, 0.6]]))
    friction = (1.0 + 4.0) / 4.0
    hot, cold = 1.0 / np.tanh(1.0 / TEMPERATURES[0]), 1.0 / np.tanh(0.5 / TEMPERATURES[1])
    expected = [hot - friction * cold, 0.5 * (cold - friction * hot)]
    np.testing.assert_allclose(found.heat, expected, rtol=1e-12)


def test_an_oscillator_in_its_ground_state():
    """One step in contact with a bath at T = 0: the least that a state may have, and no heat."""
    found = piecewise_oscillator([1.5], [2.0], rates=[[0.3]], temperatures=[0.0])
    np.testing.assert_allclose(found.states[0], [1.0 / 3.0, 0.75, 0.0], rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(found.heats, 0.0, atol=1e-15)
    np.testing.assert_array_equal(found.quenches, [0.0])


def test_system_is_a_cycle_of_strokes():
    found = piecewise_limit_cycle(qubit, U, TIMES)
    pairs = zip(U, TIMES, strict=True)
    strokes = [qt.Stroke(qubit(u), time, ("cold", "hot")) for u, time in pairs]
    cycle = qt.limit_cycle(qt.Cycle(strokes))
    np.testing.assert_allclose(found.heats, jnp.stack(cycle.bath_heats), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found.quenches, cycle.quenches, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found.states, cycle.states, atol=1e-13)
    assert float(found.power) == pytest.approx(float(cycle.power), rel=1e-11)
    assert abs(float(found.first_law_residual)) < 1e-14


@pytest.mark.parametrize("which", [0, 1, 2])
def test_gradients_are_differences(which):
    given = (W, TIMES + 0.1, RATES + 0.05)
    found, direction = jax.jit(jax.grad(lambda *x: oscillator(*x).power, which)), 1e-5
    for k in np.ndindex(given[which].shape):
        moved = [
            by_power([x.at[k].add(s * direction) if j == which else x for j, x in enumerate(given)])
            for s in (1.0, -1.0)
        ]
        slope = (moved[0] - moved[1]) / (2.0 * direction)
        assert float(found(*given)[k]) == pytest.approx(slope, rel=1e-6, abs=1e-9)


def by_power(given):
    heats = by_generators(*map(np.asarray, given))
    return heats.sum() / float(given[1].sum())


def test_gradient_of_a_system_and_of_free_times():
    def cooling(u, times):
        return piecewise_limit_cycle(qubit, u, times, throw=False).heat[0]

    slopes = jax.jit(jax.grad(cooling, (0, 1)))(U, TIMES + 0.1)
    run = jax.jit(cooling)
    for which, step in (
        (0, jnp.array([1.0, 0.0, -0.5, 0.2])),
        (1, jnp.array([0.3, 1.0, 0.2, 0.0])),
    ):
        moved = [
            run(U + (which == 0) * s * step, TIMES + 0.1 + (which == 1) * s * step)
            for s in (1e-5, -1e-5)
        ]
        difference = (moved[0] - moved[1]) / 2e-5
        assert float(slopes[which] @ step) == pytest.approx(float(difference), rel=1e-6)


def test_outcomes():
    run = jax.jit(lambda rates, w: oscillator(w, 0.7, rates).result)
    none = run(jnp.zeros((2, 2)), W[:2])
    assert bool(none == qt.RESULTS.not_unique)
    # a resonant square wave pumps more than weak baths take: quarter periods at both frequencies
    quarter = 0.5 * jnp.pi / jnp.array([1.0, 2.0])
    pumped = oscillator(jnp.array([1.0, 2.0]), quarter, jnp.full((2, 2), 1e-3))
    assert bool(pumped.result == qt.RESULTS.not_a_state)
    assert bool(run(jnp.full((2, 2), jnp.nan), W[:2]) == qt.RESULTS.not_finite)
    with pytest.raises(qt.SolverError, match="not unique"):
        piecewise_oscillator(W, 1.0, rates=jnp.zeros((4, 2)), temperatures=TEMPERATURES)


def test_bad_input():
    def call(w=W, times=1.0, rates=RATES, temperatures=TEMPERATURES):
        return piecewise_oscillator(w, times, rates=rates, temperatures=temperatures)

    with pytest.raises(ValueError, match="`rates` must have the shape"):
        call(rates=RATES[:3])
    with pytest.raises(ValueError, match="`frequencies`"):
        call(w=W.at[1].set(0.0))
    with pytest.raises(ValueError, match="`durations` must be one number or one for each of 4"):
        call(times=jnp.ones(3))
    with pytest.raises(ValueError, match="`durations`"):
        call(times=-1.0)
    with pytest.raises(ValueError, match="`temperatures`"):
        call(temperatures=[-1.0, 1.0])
    for controls in ((U, U[:2]), U[0], U[:0], ()):
        with pytest.raises(ValueError, match=r"`controls` must be arrays with one leading axis"):
            piecewise_limit_cycle(qubit, controls, 1.0)
    moving = qt.Driven([(qt.Linear(0.0, 1.0), qt.sigmax())])
    with pytest.raises(ValueError, match="`system` must return systems that do not depend on time"):
        piecewise_limit_cycle(lambda u: qt.OpenSystem(moving, qubit(u).baths), U, 1.0)
    with pytest.raises(ValueError, match=r"system\(control\)"):
        piecewise_limit_cycle(lambda u: u, U, 1.0)


def test_stored_protocols_have_their_powers():
    found = stored.engine(stored.ENGINE, stored.ENGINE_STEP, stored.CONTACTS)
    assert float(found.power) == pytest.approx(0.191496353, abs=5e-10)
    assert float(stored.cooling(stored.QUBIT, stored.QUBIT_STEP)) == pytest.approx(9.12872e-4, 1e-6)
    assert np.all((stored.ENGINE >= 0.5) & (stored.ENGINE <= 0.99662))
    assert np.all((stored.FREE_ENGINE >= 0.5) & (stored.FREE_ENGINE <= 0.99662))
    for controls in (stored.QUBIT, stored.FREE_QUBIT):
        assert np.all((controls >= 0.0) & (controls <= 0.75))
