"""The oscillator by moments: published engines, closed forms, truncated levels."""

import functools
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import qtjax as qt
from qtjax.dynamics.deviations import cycle_error
from qtjax.machines import gaussian
from qtjax.machines.steps import Way

REFERENCE = Path(__file__).parents[1] / "reference" / "published.json"
PUBLISHED = {entry["key"]: entry for entry in json.loads(REFERENCE.read_text())["results"]}
ORDER = ("t_hot", "t_exp", "t_cold", "t_comp")
ERDMAN = PUBLISHED["kosloff_rezek_otto_erdman_params"]
BEST = PUBLISHED["kosloff_rezek_otto_best_durations"]


def engine(durations, frequencies=None, temperatures=None, rate=None, ramps=None):
    given = ERDMAN["params"]
    return qt.machines.oscillator_otto(
        (given["w_c"], given["w_h"]) if frequencies is None else frequencies,
        temperatures=(given["T_c"], given["T_h"]) if temperatures is None else temperatures,
        rate=given["Gamma"] if rate is None else rate,
        durations=durations,
        ramps=ramps,
    )


@jax.jit
def solved(strokes):
    solution = qt.machines.gaussian_limit_cycle(strokes, steps=128)
    return solution, solution.power, solution.efficiency, solution.entropies


def test_published_engine():
    solution, power, efficiency, entropies = solved(engine([ERDMAN["params"][x] for x in ORDER]))
    values = ERDMAN["values"]
    assert bool(solution.result == qt.RESULTS.successful)
    assert float(power) == pytest.approx(values["power"], rel=1e-9)
    assert float(solution.heat_hot) == pytest.approx(values["Q_h"], rel=1e-9)
    assert float(solution.heat_cold) == pytest.approx(values["Q_c"], rel=1e-9)
    assert float(efficiency) == pytest.approx(values["eta"], rel=1e-9)
    assert abs(float(solution.first_law_residual)) < 1e-12
    np.testing.assert_allclose(entropies[0], entropies[-1], rtol=1e-12)
    np.testing.assert_allclose(entropies[1], entropies[2], rtol=1e-12)  # a closed ramp
    assert float(solution.spohn_production) > 0.0


@pytest.mark.slow
def test_published_best_durations_and_their_gradient():
    """The published durations are the maximum to their digits: the gradient all but vanishes."""
    durations = jnp.array([BEST["values"][x] for x in ORDER])

    @jax.jit
    def power(durations):
        return qt.machines.gaussian_limit_cycle(engine(durations), steps=128).power

    assert float(power(durations)) == pytest.approx(BEST["values"]["power_max"], rel=1e-9)
    slope = jax.jit(jax.grad(power))(durations)
    np.testing.assert_allclose(slope, 0.0, atol=1e-5)
    other = durations * jnp.array([1.1, 0.9, 1.2, 1.0])
    there = jax.jit(jax.grad(power))(other)
    steps = 1e-4 * np.eye(4)
    around = jax.jit(jax.vmap(power))(jnp.concatenate([other + steps, other - steps]))
    expected = (around[:4] - around[4:]) / 2e-4
    np.testing.assert_allclose(there, expected, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("time", [0.0, pytest.param(400.0, marks=pytest.mark.slow)])
def test_sudden_and_slow_limits(time):
    """Q* = (w_c^2 + w_h^2)/(2 w_c w_h) for sudden ramps; 1 and Q_h = w_h (n_h - n_c) for slow."""
    w_c, w_h, t_c, t_h = 1.0, 1.6, 0.8, 3.0
    coth_c, coth_h = 1 / np.tanh(w_c / 2 / t_c), 1 / np.tanh(w_h / 2 / t_h)
    friction = 1.0 if time else (w_c**2 + w_h**2) / (2 * w_c * w_h)
    strokes = engine((80.0, time, 80.0, time), (w_c, w_h), (t_c, t_h), 0.5)
    solution = qt.machines.gaussian_limit_cycle(strokes) if time else solved(strokes)[0]
    hot = 0.5 * w_h * (coth_h - friction * coth_c)
    cold = 0.5 * w_c * (coth_c - friction * coth_h)
    found = [solution.heat_hot, solution.heat_cold]
    np.testing.assert_allclose(found, [hot, cold], rtol=2e-5 if time else 1e-11)


def test_ramps_at_constant_adiabatic_parameter_can_be_frictionless():
    """1/w linear: friction vanishes at mu = (1/w_1 - 1/w_0)/tau with sqrt(4 - mu^2) ln(w_1/w_0)/
    (2 mu) = pi k (Rezek and Kosloff)."""
    w_c, w_h = 1.0, 2.0
    mu = 2.0 * np.log(w_h / w_c) / np.sqrt(4 * np.pi**2 + np.log(w_h / w_c) ** 2)
    time = (1 / w_c - 1 / w_h) / mu
    down, up = qt.dynamics.Reciprocal(w_h, w_c), qt.dynamics.Reciprocal(w_c, w_h)

    def stroke(*given, **more):
        return qt.machines.GaussianStroke(*given, **more)

    strokes = (
        stroke(w_h, 3.0, 0.5, 4.0, "hot"), stroke(down, time),
        stroke(w_c, 2.0, 0.5, 1.0, "cold"), stroke(up, time),
    )  # fmt: skip
    solution = qt.machines.gaussian_limit_cycle(strokes, steps=128)
    assert float(solution.efficiency) == pytest.approx(1 - w_c / w_h, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("levels", "off"), [(12, 2e-5), (24, 1e-7)])
def test_against_truncated_levels(levels, off):
    """The density matrix of so many levels has the books of the moments."""
    given = {
        "temperatures": (0.16, 0.32), "rate": 0.4, "durations": (2.0, 0.7, 1.5, 0.9),
    }  # fmt: skip
    frequencies = (1.0, 1.4)
    exact, *_ = solved(qt.machines.oscillator_otto(frequencies, **given))
    cycle = qt.machines.truncated_oscillator_otto(levels, frequencies, **given)
    cut = qt.limit_cycle(cycle, steps=16, tolerance=1e-7)
    np.testing.assert_allclose(cut.heats, exact.heats, rtol=0, atol=off)
    np.testing.assert_allclose(cut.works, exact.works, rtol=0, atol=off)
    np.testing.assert_allclose(cut.entropies, exact.entropies, rtol=0, atol=10 * off)
    assert float(qt.algebra.truncation_population(cut.states[1])) < off


@pytest.mark.slow
def test_baths_in_contact_with_a_moving_oscillator():
    """A slow isotherm under a bath that follows w does the work of a free-energy difference."""

    def way(a, b):
        return qt.dynamics.Between(a, b, qt.Linear(0.0, 1.0))

    strokes = [
        qt.machines.GaussianStroke(way(a, b), 3000.0, 1.0, 0.7) for a, b in ((1.0, 1.5), (1.5, 1.0))
    ]
    solution = qt.machines.gaussian_limit_cycle(strokes, steps=4096, tolerance=1e-6)
    free = 0.7 * np.log(np.sinh(1.5 / 1.4) / np.sinh(1.0 / 1.4))
    np.testing.assert_allclose(solution.works, [free, -free], rtol=2e-3)


def test_units_do_not_matter_and_displacements_decay():
    given = ERDMAN["params"]
    tiny = engine(
        [given[x] * 1e30 for x in ORDER], [1e-30 * given[x] for x in ("w_c", "w_h")],
        [1e-30 * given[x] for x in ("T_c", "T_h")], 1e-30 * given["Gamma"],
    )  # fmt: skip
    solution, *_ = solved(tiny)
    assert float(solution.heat_hot) == pytest.approx(1e-30 * ERDMAN["values"]["Q_h"], rel=1e-9)
    np.testing.assert_array_equal(solution.moments[:, :2], 0.0)


def test_entropy_of_a_displaced_thermal_state():
    n, x, p = 0.7, 0.3, -0.2
    moments = jnp.array([x, p, n + 0.5 + x**2, n + 0.5 + p**2, x * p])
    entropy = (n + 1) * np.log(n + 1) - n * np.log(n)
    np.testing.assert_allclose(qt.machines.gaussian_entropy(moments), entropy, rtol=1e-13)


def test_too_few_steps_are_inaccurate():
    """Off by 3e-6, which only float32 allows by default."""
    strokes = engine((2.0, 1.0, 2.0, 1.0), (1.0, 2.0), (1.0, 4.0), 0.5)
    solution = qt.machines.gaussian_limit_cycle(strokes, steps=4, throw=False)
    assert 1e-9 < float(solution.error) < 1e-4
    assert bool(solution.result == qt.RESULTS.inaccurate)


def test_the_error_is_how_far_the_limit_cycle_moves():
    """With the maps by their doubts, of any signs, against differences of fixed points; and eps."""
    rng, step = np.random.default_rng(0), 1e-6
    maps = [rng.normal(size=(2, 6, 4)) * np.array([[[0.3]], [[0.01]]]) for _ in range(2)]
    for pair in maps:
        pair[:, 0] = 0.0  # the first number is 1 throughout

    def cycle(*shifts):
        moves = [a + shift * doubt for shift, (a, doubt) in zip(shifts, maps, strict=True)]
        total = (np.eye(4) + moves[1][:4]) @ (np.eye(4) + moves[0][:4]) - np.eye(4)
        start = -np.linalg.solve(total[1:, 1:], total[1:, 0])
        vectors = [np.append(1.0, start)]
        vectors += [vectors[0] + moves[0][:4] @ vectors[0]]
        vectors += [vectors[1] + moves[1][:4] @ vectors[1]]
        books = np.stack([a[4:] @ v for a, v in zip(moves, vectors, strict=False)])
        return total, np.stack(vectors), books

    total, vectors, _ = cycle(0.0, 0.0)
    roundings, expected = np.array([0.1, 0.2]), []
    for other in (step, -step):
        ends = [cycle(sign * step, sign * other) for sign in (1.0, -1.0)]
        moved, booked = (np.abs(ends[0][k] - ends[1][k]) / (2 * step) for k in (1, 2))
        sizes = np.maximum(moved[1:].max(axis=1), booked.max(axis=1)) / np.abs(vectors).max()
        expected.append(np.max(sizes + roundings))

    def error(*resolved):
        given = [
            qt.dynamics.Propagator(
                *map(jnp.asarray, (*pair, rounding, 1.0, yes, True, 1.0, np.zeros((6, 4))))
            )
            for pair, rounding, yes in zip(maps, roundings, resolved, strict=True)
        ]
        arrays = map(jnp.asarray, (vectors, total))
        size = jnp.abs(jnp.asarray(vectors)).max()
        return float(cycle_error(given, *arrays, np.eye(4)[0], jnp.asarray(True), size))

    assert error(True, True) == pytest.approx(max(expected), rel=1e-6)
    assert error(True, False) == error(False, True) == np.inf


def test_the_doubt_of_a_ramp_is_its_error():
    """Of sixth order: what more steps change; and eps of its time, in the unit of frequency."""

    @functools.partial(jax.jit, static_argnums=(0, 1))
    def found(*way):
        ramp = qt.dynamics.Between(1.0, 2.0, qt.Linear(0.0, 1.0))
        stroke = qt.machines.GaussianStroke(ramp, 2.0, 0.3, 0.8)
        return gaussian._map(stroke, jnp.asarray(2.0), Way(*way), 1e-9, 16)

    coarse, fine = found(16, False), found(128, False)
    exact = np.asarray(fine.increment - coarse.increment)
    assert 1e-12 < np.max(np.abs(exact)) < 1e-5
    np.testing.assert_allclose(coarse.doubt, exact, atol=0.1 * np.max(np.abs(exact)))
    assert float(coarse.rounding) == 4.0 * np.finfo(float).eps
    assert bool(fine.resolved)
    implicit = found(32, True)
    np.testing.assert_allclose(implicit.increment, fine.increment, atol=1e-11)
    assert np.max(np.abs(implicit.doubt)) < 1e-9


def test_slow_isotherms():
    """Q of a slow contact: what w relaxes to at its start, and T times what S gains; a millionth
    is missing after a million units of time."""

    def photons(x):
        return 1.0 / np.expm1(x)

    def entropy(x):
        return (1.0 + photons(x)) * np.log1p(photons(x)) - photons(x) * np.log(photons(x))

    def heat(start, end, own, other):
        relaxed = start * (photons(start / own) - photons(start / other))
        return relaxed + own * (entropy(end / own) - entropy(start / own))

    ends = (2.0, 1.0, 2.0, 0.5), (1.0, 2.0, 0.5, 2.0)
    strokes = [
        qt.machines.GaussianStroke(qt.Linear(start, end), 1e6, 0.3, own, name)
        for (start, end, own, _), name in zip(ends, ("hot", "cold"), strict=True)
    ]
    solution = qt.machines.gaussian_limit_cycle(strokes, implicit=True)
    wanted = [heat(*each) for each in ends]
    np.testing.assert_allclose([solution.heat_hot, solution.heat_cold], wanted, rtol=2e-5)


def test_moments_of_states():
    """<x^2> > 0 and a determinant of 1/4 at least, whatever the means."""

    def state(*moments):
        return bool(gaussian._is_state(jnp.array(moments)))

    assert state(0.0, 0.0, 0.5, 0.5, 0.0)
    assert state(2.0, -1.0, 4.5, 1.5, -2.0)  # displaced
    assert state(0.0, 0.0, 0.25, 2.0, 0.5)  # squeezed and turned
    assert state(0.0, 0.0, 0.5 * (1 - 5e-7), 0.5, 0.0)
    assert not state(0.0, 0.0, 0.5 * (1 - 2e-6), 0.5, 0.0)
    assert not state(0.0, 0.0, -0.5, -0.5, 0.0)
    assert not state(0.0, 0.0, 0.25, 1.9, 0.5)
    assert not state(2.0, -1.0, 0.5, 0.5, 0.0)


def by_equations(frequency, slope, duration, rate, temperature, mode=None):
    """The affine map of (<x^2>, <p^2>, c, heat, work) by an integrator of SciPy."""

    def change(s, y):
        xx, pp, c = y[:3]
        w = frequency + slope * s
        b = w if mode is None else mode
        g, d = rate, 0.5 * rate / np.tanh(0.5 * b / temperature)
        moved = [2 * c - g * xx + d / b, -2 * w**2 * c - g * pp + d * b, pp - w**2 * xx - g * c]
        heat = 0.5 * (moved[1] + 2 * w**2 * c) + 0.5 * w**2 * (moved[0] - 2 * c)
        return [*(duration * np.array([*moved, heat])), w * slope * xx]

    def end(y):
        found = solve_ivp(change, (0.0, 1.0), [*y, 0.0, 0.0], "DOP853", rtol=1e-12, atol=1e-13)
        return found.y[:, -1]

    offset = end(np.zeros(3))
    return np.stack([end(row) - offset for row in np.eye(3)], axis=1), offset


def test_driven_strokes_in_contact_with_baths():
    """Every book of two ramps under baths, one of a fixed mode: its equations, by SciPy."""
    first = (1.0, 0.6, 1.3, 0.4, 0.8, 1.2)  # w from 1 to 1.6, the mode that is damped has 1.2
    second = (1.5, -0.3, 0.7, 0.3, 2.0)  # from 1.5 to 1.2, the bath follows
    strokes = [
        qt.machines.GaussianStroke(
            qt.dynamics.Between(w, w + slope, qt.Linear(0.0, 1.0)), duration, rate, temperature,
            contact, *mode,
        )
        for (w, slope, duration, rate, temperature, *mode), contact in (
            (first, "cold"), (second, "hot"),
        )
    ]  # fmt: skip
    solution, power, _, _ = solved(strokes)
    (a, b), (c, d) = by_equations(*first), by_equations(*second)
    start = np.linalg.solve(np.eye(3) - c[:3] @ a[:3], c[:3] @ b[:3] + d[:3])
    middle = a[:3] @ start + b[:3]
    books = np.stack([(a @ start + b)[3:], (c @ middle + d)[3:]])
    moments = np.stack([start, middle, start])
    quenches = 0.5 * np.array([(1.5**2 - 1.6**2) * middle[0], (1.0 - 1.2**2) * start[0]])
    np.testing.assert_allclose(solution.moments[:, 2:], moments, rtol=1e-9)
    np.testing.assert_allclose(solution.heats, books[:, 0], atol=1e-9)
    np.testing.assert_allclose(solution.works, books[:, 1], atol=1e-9)
    np.testing.assert_allclose(solution.quenches, quenches, rtol=1e-9)
    produced = -books[0, 0] / 0.8 - books[1, 0] / 2.0
    assert float(solution.spohn_production) == pytest.approx(produced, abs=1e-9)
    assert float(power) == pytest.approx(-(books[:, 1].sum() + quenches.sum()) / 2.0, abs=1e-9)
    assert 0.0 < float(solution.error) < 1e-9
    assert abs(float(solution.first_law_residual)) < 1e-12


def test_a_sudden_refrigerator():
    """Q_c = (w_c/2)(coth_c - Q* coth_h) > 0, with Q* = 5/4."""
    hot = qt.machines.GaussianStroke(2.0, 80.0, 0.5, 1.2, "hot")
    cold = qt.machines.GaussianStroke(1.0, 80.0, 0.5, 1.0, "cold")
    solution = qt.machines.gaussian_limit_cycle([hot, cold])
    coth_c, coth_h = 1 / np.tanh(0.5), 1 / np.tanh(1.0 / 1.2)
    q_c, q_h = 0.5 * (coth_c - 1.25 * coth_h), coth_h - 1.25 * coth_c
    assert q_c > 0.0
    performance = float(solution.coefficient_of_performance)
    assert performance == pytest.approx(-q_c / (q_c + q_h), rel=1e-10)
    assert np.isnan(float(solution.efficiency))
    assert float(solution.period) == 160.0


def test_a_closed_cycle_has_no_one_fixed_point():
    with pytest.raises(qt.SolverError, match="not unique"):
        qt.machines.gaussian_limit_cycle([qt.machines.GaussianStroke(1.0, 1.0)])


def test_a_bath_that_hardly_acts():
    """Its state is n + 1/2, and not known once the bath does no more than rounding."""
    temperature = 1.0 / np.log(3)  # n = 1/2

    def solution(rate):
        stroke = qt.machines.GaussianStroke(1.0, 1.0, rate, temperature)
        return qt.machines.gaussian_limit_cycle([stroke], throw=False)

    weak, none = solution(1e-5), solution(1e-15)
    assert bool(weak.result == qt.RESULTS.successful)
    np.testing.assert_allclose(weak.moments[0, 2:4], 1.0, atol=float(weak.error))
    assert 1e-12 < float(weak.error) < 1e-9
    assert bool(none.result == qt.RESULTS.not_unique)


@pytest.mark.slow
def test_what_has_no_limit_cycle():
    pump = qt.Fourier(1.0, [0.0], [0.5], 2 * np.pi)  # at twice the frequency: parametric resonance
    jumping = qt.PiecewiseConstant([0.5], [1.0, 2.0])
    with pytest.raises(qt.SolverError, match="books of the cycle do not close"):
        strokes = [qt.machines.GaussianStroke(jumping, 1.0, 0.5, 1.0)]
        qt.machines.gaussian_limit_cycle(strokes, steps=64)
    pumped = [qt.machines.GaussianStroke(pump, np.pi, 0.01, 1.0)]
    with pytest.raises(qt.SolverError, match="not a state"):
        qt.machines.gaussian_limit_cycle(pumped, steps=64)


def test_bad_strokes():
    with pytest.raises(ValueError, match="`frequencies\\[0\\]` must be > 0"):
        engine((1.0,) * 4, frequencies=(0.0, 1.0))
    with pytest.raises(ValueError, match="give both or none"):
        qt.machines.GaussianStroke(1.0, 1.0, 0.3)
    with pytest.raises(ValueError, match='`contact` must be "hot", "cold" or None, got \'warm\''):
        qt.machines.GaussianStroke(1.0, 1.0, contact="warm")
    with pytest.raises(ValueError, match="`bath_frequency` must be > 0"):
        qt.machines.GaussianStroke(1.0, 1.0, 0.3, 1.0, bath_frequency=0.0)
    with pytest.raises(ValueError, match="at least one stroke"):
        qt.machines.gaussian_limit_cycle(())
    with pytest.warns(UserWarning, match="kept to 8 levels"):
        qt.machines.truncated_oscillator_otto(
            8, (1.0, 2.0), temperatures=(1.0, 4.0), rate=1.0, durations=(1.0,) * 4
        )


def test_figures_of_merit_are_those_of_every_machine():
    """By the names of the contacts: hot, cold, or none."""
    strokes = [
        qt.machines.GaussianStroke(2.0, 30.0, 1.0, 4.0, "hot"),
        qt.machines.GaussianStroke(qt.Linear(2.0, 1.0), 1.0),
        qt.machines.GaussianStroke(1.0, 30.0, 1.0, 0.5, "cold"),
    ]
    engine = qt.machines.gaussian_limit_cycle(strokes)
    assert engine.regime == "engine"
    assert engine.named_heats == {"hot": engine.heats[0], "cold": engine.heats[2]}
    assert [float(t) for t in engine.temperatures] == [0.5, 4.0]
    assert engine.carnot_efficiency == pytest.approx(1 - 0.5 / 4.0)
    assert 0.0 < engine.efficiency < engine.carnot_efficiency


def test_errors_of_figures_of_an_oscillator():
    """1.5 for the work and the heat of an efficiency of 1/2; those of moments are not known."""
    hot, cold = (gaussian.GaussianStroke(w, 9.0, 1.0, t, c) for w, t, c in (
        (2.0, 8.0, "hot"), (1.0, 1.0, "cold"))
    )  # fmt: skip
    found = qt.machines.gaussian_limit_cycle([hot, cold])
    scale = (1.0 + found.efficiency) / found.heat_hot
    assert float(found.error_of("efficiency")) == pytest.approx(float(scale * found.rounding))
    produced = found.rounding * (1 / 8.0 + 1.0)
    assert float(found.error_of("spohn_production")) == pytest.approx(float(produced))
    assert np.isnan(float(found.error_of(lambda s: s.entropies[0])))
