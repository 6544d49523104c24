"""The optimal protocol of erasure in finite time: published numbers, its own equations, slopes."""

import inspect
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qtjax.thermodynamics.optimal_erasure import optimal_erasure

RESULTS = json.loads((Path(__file__).parents[1] / "reference" / "published.json").read_text())
PUBLISHED = next(r for r in RESULTS["results"] if r["key"] == "optimal_finite_time_erasure")
ROWS = {k: v for k, v in PUBLISHED["values"].items() if k.startswith("tau")}


@jax.jit
def optimal(start, end, duration, temperature, rate):
    return optimal_erasure(start, end, duration, temperature, rate)


@pytest.mark.parametrize("name", ROWS)
def test_published(name):
    """Heat to the bath, excess, slow bound and conserved K of all four rows."""
    found = optimal(0.5, 0.01, float(name[3:]), 1.0, 1.0)
    columns = -found.heat, found.excess, found.slow_bound, found.conserved
    np.testing.assert_allclose(columns, ROWS[name], rtol=1e-11)
    assert found.occupation.shape == (65,)
    bits = PUBLISHED["values"]["dS_bits"]
    assert float(found.entropy_change) == pytest.approx(-bits, rel=1e-12)


@pytest.mark.parametrize(("start", "end"), [(0.5, 0.01), (0.2, 0.97), (1.0, 0.3)])
def test_the_protocol_obeys_its_equations(start, end):
    """Ends, p' = rate (f - p) along the curve, K everywhere, and the heat as a quadrature."""
    temperature, rate, duration = 0.7, 2.0, 6.0
    found = optimal(start, end, duration, temperature, rate)
    t, p, energy = (np.asarray(x) for x in (found.times, found.occupation, found.energy))
    np.testing.assert_allclose([t[0], t[-1], p[0], p[-1]], [0.0, duration, start, end], atol=1e-14)
    f = 1 / (1 + np.exp(energy / temperature))
    np.testing.assert_allclose((f - p) ** 2 / (f * (1 - f)), found.conserved, rtol=1e-10)
    # cubics between points, whose slopes are rate (f - p), meet the next point
    slope, step = rate * (f - p), np.diff(t)
    curve = p[:-1] + step * (slope[1:] + slope[:-1]) / 2
    np.testing.assert_allclose(curve, p[1:], atol=2e-4)
    heat = np.sum(np.diff(p) * (energy[1:] + energy[:-1]) / 2)
    assert heat == pytest.approx(float(found.heat), rel=2e-3)


def test_no_other_protocol_costs_less():
    """A straight line p(t), and the optimum of another duration run at this one's pace."""
    best = optimal(0.5, 0.01, 10.0, 1.0, 1.0)
    assert 0.0 < float(best.slow_bound) < float(best.excess)
    for p in (
        np.linspace(0.5, 0.01, 20001),
        0.01 + 0.49 * np.cos(np.linspace(0, np.pi / 2, 20001)),
    ):
        dt = 10.0 / 20000
        slope = np.gradient(p, dt)
        f = p + slope
        if np.all((f > 0) & (f < 1)):
            heat = np.sum(np.log((1 - f) / f) * slope) * dt
            assert -heat > -float(best.heat) + 1e-3


def test_filling_is_emptying_the_other_way():
    up, down = (optimal(0.5, end, 10.0, 1.0, 1.0) for end in (0.99, 0.01))
    assert float(up.heat) == pytest.approx(float(down.heat), rel=1e-13)
    np.testing.assert_allclose(up.energy, -down.energy, rtol=1e-12)


@pytest.mark.parametrize(("start", "end"), [(1.0, 0.3), (0.0, 0.7)])
def test_full_and_empty_levels_may_be_where_it_begins(start, end):
    """One is the other with p and 1 - p exchanged; numbers that are known are checked."""
    found = optimal_erasure(start, end, 2.0, 1.3, 1.0, points=3)
    same = optimal(1.0, 0.3, 2.0, 1.3, 1.0)
    assert float(found.heat) == pytest.approx(float(same.heat), rel=1e-12)
    assert float(found.occupation[0]) == pytest.approx(start, abs=1e-14)
    assert float(found.occupation[2]) == pytest.approx(end, abs=1e-14)
    assert found.times.shape == (3,)


def test_limits_and_units():
    slow = optimal(0.5, 0.01, 1e6, 1.0, 1.0)
    assert float(slow.excess / slow.slow_bound) == pytest.approx(1.0, abs=2e-6)
    small, plain = optimal(0.5, 0.01, 1e26, 2e-25, 1e-25), optimal(0.5, 0.01, 10.0, 1.0, 1.0)
    assert float(small.heat) == pytest.approx(2e-25 * float(plain.heat), rel=1e-12)
    assert np.isnan(optimal(0.5, 0.01, 3.9, 1.0, 1.0).heat)  # the fastest way takes ln 50 = 3.912


@pytest.mark.parametrize(
    "wrong",
    [(1.2, 0.1, 9.0), (0.5, -0.1, 9.0), (0.5, 0.0, 9.0), (0.5, 0.5, 9.0), (0.5, 0.01, np.inf),
     (0.5, 0.01, np.nan), (0.5, 0.01, 1e40)],
)  # fmt: skip
def test_lanes_without_an_optimum_are_nan(wrong):
    assert np.isnan(optimal(*wrong, 1.0, 1.0).heat)


def test_as_many_points_as_are_asked_for():
    assert optimal(0.5, 0.01, 10.0, 1.0, 1.0).times.shape == (65,)
    two = optimal_erasure(0.5, 0.01, 10.0, 1.0, 1.0, points=2)
    np.testing.assert_allclose(two.times, [0.0, 10.0], atol=1e-14)


def test_slopes():
    def heat(x):
        return optimal(*x).heat

    x = jnp.array([0.5, 0.01, 10.0, 1.3, 0.9])
    slope = jax.grad(heat)(x)
    np.testing.assert_allclose(jax.jacfwd(heat)(x), slope, rtol=1e-12)
    for k, shift in enumerate(np.diag(1e-5 * np.asarray(x))):
        difference = (heat(x + shift) - heat(x - shift)) / (2 * shift[k])
        assert float(difference) == pytest.approx(float(slope[k]), rel=1e-7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.2, 0.1, 5.0, 1.0, 1.0), "`start` must be an occupation between 0 and 1, got 1.2"),
        ((-0.1, 0.1, 5.0, 1.0, 1.0), "`start` must be an occupation between 0 and 1, got -0.1"),
        ((0.5, 1.0, 5.0, 1.0, 1.0), "`end` must lie strictly between 0 and 1, got 1.0"),
        ((0.5, 0.25, float(np.log(2.0)), 1.0, 1.0), "the occupation takes 0.693147 to get there"),
        ((0.5, 0.01, 1e40, 1.0, 1.0), "`duration` is 1e\\+40, so long that the heat is that of no"),
        ((0.5, 0.0, 5.0, 1.0, 1.0), "`end` must lie strictly between 0 and 1"),
        ((0.5, 0.5, 5.0, 1.0, 1.0), "`end` must differ from `start`"),
        ((0.5, 0.01, 3.0, 1.0, 1.0), "takes 3.91202 to get there"),
        ((0.5, 0.01, 5.0, 0.0, 1.0), "`temperature` must be > 0"),
        ((0.5, 0.01, 5.0, 1.0, -1.0), "`rate` must be > 0"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        inspect.unwrap(optimal_erasure)(*arguments)
