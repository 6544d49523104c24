"""Piecewise polynomials: SciPy's splines as schedules, exactly, with all books."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import interpolate

import qtjax as qt
from qtjax.dynamics import PiecewisePolynomial

KNOTS = np.array([0.0, 0.3, 1.0, 1.7, 2.5, 3.0])
VALUES = np.sin(KNOTS)
SPLINES = {
    "cubic": interpolate.CubicSpline(KNOTS, VALUES),
    "pchip": interpolate.PchipInterpolator(KNOTS, VALUES),
    "basis": interpolate.make_interp_spline(KNOTS, VALUES, k=3),
    "quintic": interpolate.make_interp_spline(KNOTS, VALUES, k=5),
    "torn": interpolate.PPoly([[1.0, 2.0], [0.0, 3.0]], [0.0, 1.0, 2.0]),
    "repeated knots": interpolate.BSpline(
        [0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 2.0], [1.0, 0.5, -1.0, 2.0, 0.0], 2
    ),
    "bare ends": interpolate.BSpline(np.arange(8.0), [1.0, -1.0, 2.0, 0.5], 3),
}
TS = jnp.linspace(0.0, 2.0, 3)
RHO0 = qt.algebra.from_bloch(jnp.array([0.6, 0.0, 0.5]))
SOLVE = eqx.filter_jit(
    lambda p: qt.evolve(
        qt.OpenSystem(
            qt.Driven([(1.0, qt.number(2)), (p, qt.sigmax())]), qt.Lindblad(qt.destroy(2), 0.2)
        ),
        RHO0,
        TS,
    )
)


@pytest.mark.parametrize("name", SPLINES)
def test_values_are_those_of_scipy_within_and_beyond_its_ends(name):
    spline = SPLINES[name]
    schedule = PiecewisePolynomial.from_scipy(spline)
    t = np.linspace(-0.5, 5.5, 121)
    scale = np.max(np.abs(spline(t)))
    np.testing.assert_allclose(jax.vmap(schedule)(t), spline(t), rtol=0, atol=1e-14 * scale)
    assert schedule.degree == (spline.k if hasattr(spline, "k") else spline.c.shape[0] - 1)
    assert np.all(np.isin(schedule.breakpoints(), spline.t if hasattr(spline, "t") else spline.x))


@pytest.mark.slow
def test_it_takes_the_path_of_polynomials_and_agrees_with_the_same_function_unknown():
    p = PiecewisePolynomial.from_scipy(SPLINES["quintic"])
    known = SOLVE(p)
    assert known.method == "taylor"
    assert "functions of time" not in known.reason
    unknown = SOLVE(lambda t: p(t))
    np.testing.assert_allclose(known.ledger.work, unknown.ledger.work, rtol=0, atol=1e-10)
    np.testing.assert_allclose(known.saved, unknown.saved, rtol=0, atol=1e-10)


@pytest.mark.slow
def test_work_of_the_jumps_is_booked_and_differentiated():
    p = PiecewisePolynomial.from_scipy(SPLINES["torn"])
    solution = SOLVE(p)
    assert bool(solution.result == qt.RESULTS.successful)
    assert jnp.max(jnp.abs(solution.ledger.first_law_residual)) < 1e-11

    def work(coefficients):
        return SOLVE(PiecewisePolynomial(coefficients, p.times)).ledger.work[-1]

    gradient = jax.grad(work)(p.coefficients)
    step = 1e-4
    for k, i in ((0, 0), (1, 1)):
        moved = [work(p.coefficients.at[k, i].add(sign * step)) for sign in (1, -1)]
        np.testing.assert_allclose(gradient[k, i], (moved[0] - moved[1]) / (2 * step), atol=1e-8)


@pytest.mark.slow
def test_a_stroke_and_its_quenches():
    """Through Magnus steps: a ramp in two straight pieces is the ramp that SciPy's is."""
    straight = PiecewisePolynomial([[1.0, 1.0], [0.0, 0.5]], [0.0, 0.5, 1.0])
    cold, hot = 0.5 * qt.sigmaz() + 0.3 * qt.sigmax(), qt.sigmaz() + 0.3 * qt.sigmax()
    works = [
        qt.limit_cycle(
            qt.otto_cycle(
                cold, hot, couplings=qt.sigmax(), temperatures=(0.5, 4.0), rate=0.5,
                durations=(2.0, 1.0, 2.0, 1.0), ramps=(ramp, ramp),
            )
        ).works
        for ramp in (qt.Linear(0.0, 1.0), straight)
    ]  # fmt: skip
    np.testing.assert_allclose(works[0], works[1], rtol=0, atol=1e-9)


def test_nothing_is_left_out_of_a_polynomial_of_any_degree():
    """Of one piece whose highest coefficients are the largest."""
    p = qt.Polynomial([0.0, 1.0, 0.5, -0.2, 0.1, -3.0, 20.0], 0.0, 3.0)
    solution = SOLVE(p)
    assert bool(solution.result == qt.RESULTS.successful)
    assert solution.stats["error"] < 2e-11


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PiecewisePolynomial([1.0, 2.0], [0, 1]), "must have the shape"),
        (lambda: PiecewisePolynomial([[1j]], [0, 1]), "must be real"),
        (lambda: PiecewisePolynomial([[np.nan]], [0, 1]), "must be finite"),
        (lambda: PiecewisePolynomial([[1.0]], [1, 0]), "must increase strictly"),
        (lambda: PiecewisePolynomial([[1.0]], [0, 1, 2]), "one entry more"),
        (lambda: PiecewisePolynomial.from_scipy(np.sin), "a `PPoly` or a `BSpline` of SciPy"),
        (
            lambda: PiecewisePolynomial.from_scipy(
                interpolate.CubicSpline([0, 1, 2], [0, 1, 0], bc_type="periodic")
            ),
            "extrapolate = 'periodic'",
        ),
        (
            lambda: PiecewisePolynomial.from_scipy(
                interpolate.CubicSpline([0, 1, 2], np.ones((3, 2)))
            ),
            "must be one function of time",
        ),
    ],
)
def test_what_is_no_schedule_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
