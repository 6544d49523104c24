"""Schedules: values, breakpoints and derivatives."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import CubicSpline, PchipInterpolator

import qtjax as qt
from qtjax.dynamics.channels import negative
from qtjax.dynamics.schedules import AbstractSchedule, Stretched, as_schedule, degree_of

KNOTS = np.array([0.3, -0.8, 1.1, 0.4, 2.0])
RISING = np.array([0.3, 0.4, 1.1, 1.2, 2.0])
TIMES = np.linspace(0.5, 2.5, 41)


def spline():
    return qt.Spline(KNOTS, 0.5, 2.5)


def smooth_polynomial(t):
    s = np.clip((t - 0.5) / 2.0, 0.0, 1.0)
    return 1.0 + 2.0 * (10 * s**3 - 15 * s**4 + 6 * s**5)


SCHEDULES = [
    (qt.Constant(0.7), lambda t: np.full_like(t, 0.7)),
    (qt.Linear(1.0, 3.0, 0.5, 2.5), lambda t: 1.0 + (t - 0.5)),
    (qt.Smooth(1.0, 3.0, 0.5, 2.5), smooth_polynomial),
    (
        qt.PiecewiseConstant([1.01, 2.02], [0.2, -0.5, 1.5]),
        lambda t: np.select([t < 1.01, t < 2.02], [0.2, -0.5], 1.5),
    ),
    (
        qt.Fourier(0.4, [0.3, -0.1], [0.7, 0.2], 1.7),
        lambda t: (
            0.4
            + 0.3 * np.cos(1.7 * t)
            - 0.1 * np.cos(3.4 * t)
            + 0.7 * np.sin(1.7 * t)
            + 0.2 * np.sin(3.4 * t)
        ),
    ),
    (spline(), CubicSpline(np.linspace(0.5, 2.5, 5), KNOTS, bc_type="natural")),
    (
        qt.dynamics.MonotoneSpline(RISING, 0.5, 2.5),
        PchipInterpolator(np.linspace(0.5, 2.5, 5), RISING),
    ),
    (
        qt.dynamics.FourierRamp([0.2, -0.1]),
        lambda t: t + 0.2 * np.sin(np.pi * t) - 0.1 * np.sin(2.0 * np.pi * t),
    ),
    (
        qt.dynamics.Reversed(qt.Polynomial([0.0, 0.5, 0.2, 0.3])),
        lambda t: 1.0 - (0.5 * (1.0 - t) + 0.2 * (1.0 - t) ** 2 + 0.3 * (1.0 - t) ** 3),
    ),
]
IDS = [type(schedule).__name__ for schedule, _ in SCHEDULES]


@pytest.mark.parametrize(("schedule", "expected"), SCHEDULES, ids=IDS)
def test_values(schedule, expected):
    times = (
        np.concatenate([TIMES, [-1.0, 4.0]]) if IDS.index(type(schedule).__name__) < 5 else TIMES
    )
    np.testing.assert_allclose(
        jax.jit(jax.vmap(schedule))(times), expected(times), rtol=1e-13, atol=1e-13
    )


@pytest.mark.parametrize(("schedule", "expected"), SCHEDULES, ids=IDS)
def test_time_derivative(schedule, expected):
    """Central differences of the expected values; 1e-8 is their truncation and rounding."""
    times = TIMES + 0.0137  # away from switching times and knots
    times = times[times < 2.49]
    slopes = jax.jit(jax.vmap(jax.grad(lambda t: schedule(t))))(times)
    h = 1e-5
    differences = (expected(times + h) - expected(times - h)) / (2 * h)
    np.testing.assert_allclose(slopes, differences, rtol=0, atol=1e-8)


@pytest.mark.parametrize(("schedule", "expected"), SCHEDULES, ids=IDS)
def test_parameter_gradient(schedule, expected):
    """The directional derivative along all leaves against central differences, at every time."""
    leaves, structure = jax.tree.flatten(schedule)
    generator = np.random.default_rng(1)
    direction = [jnp.asarray(generator.normal(size=leaf.shape)) for leaf in leaves]
    times = TIMES[TIMES < 2.4] + 0.0137

    def values(e):
        moved = [leaf + e * d for leaf, d in zip(leaves, direction, strict=True)]
        return jax.vmap(jax.tree.unflatten(structure, moved))(times)

    _, slopes = jax.jit(lambda e: jax.jvp(values, (e,), (1.0,)))(0.0)
    h = 1e-6
    differences = (values(h) - values(-h)) / (2 * h)
    assert np.max(np.abs(differences)) > 1e-2
    # third derivatives up to 1e3 (a spline whose interval moves): 1e3 h^2; rounding 1e-16/h
    np.testing.assert_allclose(slopes, differences, rtol=0, atol=2e-8)


def test_breakpoints():
    assert qt.Constant(1.0).breakpoints().shape == (0,)
    assert qt.Linear(0.0, 1.0).breakpoints().shape == (0,)
    assert qt.Fourier(0.0, [1.0], [1.0], 2.0).breakpoints().shape == (0,)
    np.testing.assert_array_equal(qt.Smooth(0.0, 1.0, 0.5, 2.5).breakpoints(), [0.5, 2.5])
    np.testing.assert_array_equal(
        qt.PiecewiseConstant([1.0, 2.0], [0.0, 1.0, 2.0]).breakpoints(), [1.0, 2.0]
    )
    np.testing.assert_allclose(spline().breakpoints(), np.linspace(0.5, 2.5, 5), rtol=1e-15)
    np.testing.assert_allclose(qt.Ramp([0.2, 0.5, 0.9]).breakpoints(), [0.25, 0.5, 0.75])


def test_a_hamiltonian_collects_the_breakpoints_of_its_schedules():
    h = qt.Driven(
        [
            (qt.PiecewiseConstant([1.0], [0.0, 1.0]), qt.sigmax()),
            (lambda t: t, qt.sigmay()),
            (2.0, qt.sigmaz()),
            (qt.Smooth(0.0, 1.0, 0.2, 0.4), qt.number(2)),
        ]
    )
    assert sorted(h.breakpoints().tolist()) == [0.2, 0.4, 1.0]


def test_piecewise_constant_holds_from_its_switching_time_on():
    schedule = qt.PiecewiseConstant([1.0, 2.0], [0.1, 0.2, 0.3])
    before = np.nextafter(1.0, 0.0)
    assert [float(schedule(t)) for t in (before, 1.0, 2.0)] == pytest.approx([0.1, 0.2, 0.3])
    weights = jax.jit(jax.grad(lambda s: s(1.5)))(schedule)
    np.testing.assert_array_equal(weights.values, [0.0, 1.0, 0.0])


def test_smooth_is_flat_at_its_ends():
    schedule = qt.Smooth(1.0, 3.0, 0.5, 2.5)
    slope = jax.jit(jax.grad(lambda t: schedule(t)))
    bend = jax.jit(jax.grad(slope))
    for t in (0.5, 2.5):
        assert float(slope(t)) == 0.0
        assert float(bend(t)) == 0.0
    assert float(slope(1.5)) == pytest.approx(2.0 * 15.0 / 8.0 / 2.0, rel=1e-13)


def test_spline_through_a_line_is_that_line():
    line = qt.Spline(np.linspace(-1.0, 2.0, 7), 0.0, 3.0)
    times = np.linspace(0.0, 3.0, 31)
    np.testing.assert_allclose(jax.jit(jax.vmap(line))(times), times - 1.0, rtol=0, atol=1e-14)
    two = qt.Spline([1.0, 3.0])
    np.testing.assert_allclose(two(0.25), 1.5, rtol=1e-15)


def test_spline_is_twice_differentiable_at_its_knots():
    schedule = spline()
    bend = jax.jit(jax.grad(jax.grad(lambda t: schedule(t))))
    for t in (1.0, 1.5, 2.0):
        # the third derivative is below 1e3
        assert abs(float(bend(t - 1e-9)) - float(bend(t + 1e-9))) < 1e-5
    assert abs(float(bend(0.5))) < 1e-12
    assert abs(float(bend(2.5))) < 1e-10


MONOTONE = {
    "both ways": KNOTS,
    "plateau": np.array([0.0, 1.0, 1.0, 3.0, 2.0, 2.0]),
    "steep ends": np.array([0.0, 1.0, -5.0, -4.9, 3.0]),
    "flat ends": np.array([0.0, 0.0, 1.0, 1.0]),
    "two": np.array([1.0, 3.0]),
    "three": np.array([1.0, 1.1, 5.0]),
    "joules": 1e-25 * np.array([0.0, 0.4, 1.1, 0.2]),
}


@pytest.mark.parametrize("name", MONOTONE)
def test_the_monotone_spline_is_that_of_scipy(name):
    values = MONOTONE[name]
    times = np.linspace(0.0, 1.0, 67)
    expected = PchipInterpolator(np.linspace(0.0, 1.0, len(values)), values)
    found = jax.jit(jax.vmap(qt.dynamics.MonotoneSpline(values).__call__))(times)
    np.testing.assert_allclose(found, expected(times), rtol=1e-12, atol=1e-14 * values.max())
    slopes = jax.jit(jax.jacrev(lambda v: jax.vmap(qt.dynamics.MonotoneSpline(v))(times)))(values)
    assert np.all(np.isfinite(slopes))
    # all values moved together move the spline with them
    np.testing.assert_allclose(jnp.sum(slopes, axis=1), 1.0, rtol=1e-12)


def test_the_monotone_spline_does_not_overshoot():
    values = np.array([0.0, 0.02, 0.9, 0.98, 1.0])
    times = np.linspace(0.0, 1.0, 401)
    assert np.all(np.diff(jax.vmap(qt.dynamics.MonotoneSpline(values))(times)) > 0.0)
    assert np.any(np.diff(jax.vmap(qt.Spline(values))(times)) < 0.0)


def test_the_way_back_passes_the_same_operators():
    first, last = 0.5 * qt.sigmaz() + 0.3 * qt.sigmax(), qt.sigmaz()
    ramp = qt.Ramp([0.1, 0.7])
    there = qt.Driven([(1.0, first), (ramp, last - first)])
    back = qt.Driven([(1.0, last), (qt.dynamics.Reversed(ramp), first - last)])
    for s in (0.0, 0.2, 0.55, 1.0):
        np.testing.assert_allclose(there(s), back(1.0 - s), atol=1e-15)
    np.testing.assert_allclose(
        qt.dynamics.Reversed(qt.Spline([0.0, 0.2, 0.4, 1.0])).breakpoints(),
        [0.0, 1 / 3, 2 / 3, 1.0], atol=1e-15,
    )  # fmt: skip


@pytest.mark.parametrize("n", [0, 1, 4])
def test_ramp_of_linear_knots_is_linear(n):
    ramp = qt.Ramp(np.linspace(0.0, 1.0, n + 2)[1:-1])
    times = np.linspace(0.0, 1.0, 23)
    np.testing.assert_allclose(jax.jit(jax.vmap(ramp))(times), times, rtol=0, atol=1e-14)


def test_ramp_is_the_pinned_natural_spline():
    knots = np.array([0.5, 0.2, 1.3])
    exact = CubicSpline(np.linspace(0, 1, 5), [0.0, *knots, 1.0], bc_type="natural")
    times = np.linspace(0.0, 1.0, 33)
    ramp = qt.Ramp(knots)
    np.testing.assert_allclose(jax.jit(jax.vmap(ramp))(times), exact(times), rtol=0, atol=1e-13)
    assert float(ramp(0.0)) == 0.0
    assert float(ramp(1.0)) == 1.0
    slopes = jax.jit(jax.jacrev(lambda k: jax.vmap(qt.Ramp(k))(times)))(knots)
    for k in range(3):  # a spline is linear in its knots
        unit = np.eye(3)[k]
        basis = CubicSpline(np.linspace(0, 1, 5), [0.0, *unit, 0.0], bc_type="natural")
        np.testing.assert_allclose(slopes[:, k], basis(times), rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: qt.Linear(0.0, 1.0, 1.0, 1.0), "`t1` must be later"),
        (lambda: qt.Smooth(0.0, 1.0, 2.0, 1.0), "`t1` must be later"),
        (lambda: qt.PiecewiseConstant([1.0, 0.5], [0.0, 1.0, 2.0]), "increase strictly"),
        (lambda: qt.PiecewiseConstant([0.5, 1.0], [0.0, 1.0]), "one entry more"),
        (lambda: qt.Fourier(0.0, [1.0], [1.0, 2.0], 1.0), "same length"),
        (lambda: qt.Spline([1.0]), "`values` must be a vector of 2 or more, got shape"),
        (lambda: qt.Ramp([[0.5]]), "must be a vector"),
        (lambda: qt.dynamics.MonotoneSpline([1.0]), "`values` must be a vector of 2 or more"),
        (lambda: qt.dynamics.FourierRamp(1.0), "`sines` must be a vector"),
        (
            lambda: qt.dynamics.Reversed(qt.PiecewiseConstant([0.5], [0.0, 1.0])),
            r"`progress` \(PiecewiseConstant\) jumps, .* reverse its times and values yourself",
        ),
        (lambda: qt.Constant(np.array(1j)), "must be real"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


class Claims(AbstractSchedule):
    """A class of another's that says it is a straight line, and is none."""

    degree: ClassVar[int | None] = 1

    def __call__(self, t):
        return jnp.sin(t)


def test_a_degree_is_believed_only_of_schedules_of_the_library():
    assert degree_of(qt.Linear(0.0, 1.0)) == 1
    assert degree_of(qt.Polynomial([1.0, 2.0, 3.0])) == 2
    assert degree_of(qt.dynamics.MonotoneSpline([0.0, 1.0])) == 3
    assert degree_of(qt.dynamics.FourierRamp([1.0])) is None
    assert degree_of(qt.dynamics.Reversed(qt.Ramp([0.5]))) == 3
    assert degree_of(qt.dynamics.Reversed(Claims())) is None
    assert degree_of(qt.Fourier(0.0, [1.0], [1.0], 2.0)) is None
    assert degree_of(Claims()) is None
    assert degree_of(lambda t: t) is None
    assert degree_of(Stretched(qt.Linear(0.0, 1.0), jnp.asarray(2.0))) == 1
    assert degree_of(Stretched(Claims(), jnp.asarray(2.0))) is None
    assert degree_of(negative(qt.Linear(0.0, 1.0))) == 1
    assert degree_of(negative(Claims())) is None


def test_the_opposite_of_a_schedule_breaks_where_it_does():
    steps = qt.PiecewiseConstant([1.0, 2.0], [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(negative(steps).breakpoints(), [1.0, 2.0])
    np.testing.assert_array_equal(negative(steps).jumps(), [1.0, 2.0])


def test_what_is_taken_as_a_schedule():
    assert isinstance(as_schedule("rate", 2), qt.Constant)
    for function in (qt.Linear(0.0, 1.0), Claims(), jnp.sin, lambda t: 2.0 * t):
        assert as_schedule("rate", function) is function
