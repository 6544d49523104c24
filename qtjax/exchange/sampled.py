"""Functions of time that JAX cannot trace, as splines whose error was checked between the knots."""

import warnings
from collections.abc import Callable

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline

from ..dynamics.piecewise import PiecewisePolynomial

DEGREE = 5
TOLERANCE = 1e-9  # of the largest value
CHECKS = 4099  # a prime number of intervals, so that hardly any check falls on a knot
LEAST, MOST = 33, 4097  # knots


def sampled(
    name: str, function: Callable[[float], np.ndarray], tlist: np.ndarray, why: str
) -> list[tuple[PiecewisePolynomial, PiecewisePolynomial]]:
    """Real and imaginary part of every component of a function of time, as splines of degree 5.

    As few equidistant knots as give the function at 4,100 times between to 1e-9 of its largest
    value; a warning says how many.

    Args:
        name: what messages call it.
        function: t -> (n,), complex.
        tlist: the times of the run; from the first to the last.
        why: it cannot be traced.

    Raises:
        ValueError: no such number of knots below 4,098, or values that are not finite.
    """
    first, last = float(tlist[0]), float(tlist[-1])
    between = np.linspace(first, last, CHECKS + 1)
    wanted = np.array([function(t) for t in between])
    size = np.max(np.abs(wanted), initial=0.0)
    if not np.isfinite(size):
        raise ValueError(f"{name} must be finite at all times from {first:g} to {last:g}.")
    error, knots = np.inf, LEAST
    while True:
        times = np.linspace(first, last, knots)
        spline = make_interp_spline(times, np.array([function(t) for t in times]), DEGREE)
        error = np.max(np.abs(spline(between) - wanted), initial=0.0)
        if error <= TOLERANCE * size:
            break
        if knots >= MOST:
            raise ValueError(
                f"{name} cannot be traced by JAX ({why}), and sampled at {knots:,} times it is "
                f"wrong by {error / size:.1e} of its largest value between them: it jumps, or has "
                "features that are too fine. Write it with jax.numpy, or as an array of values "
                "with `tlist`."
            )
        knots = 2 * knots - 1
    warnings.warn(
        f"{name} cannot be traced by JAX ({why}); it was sampled at {knots:,} times from "
        f"{first:g} to {last:g}, and the spline through them is wrong by "
        f"{error / max(size, np.finfo(float).tiny):.1e} of its largest value at {CHECKS + 1:,} "
        "times between. Features that are finer are not seen, and what it closes over has no "
        "gradient: write it with jax.numpy.",
        stacklevel=4,
    )
    return [(_component(spline, k.real), _component(spline, k.imag)) for k in spline.c.T]


def _component(spline: BSpline, coefficients: np.ndarray) -> PiecewisePolynomial:
    one = BSpline(spline.t, np.ascontiguousarray(coefficients), spline.k)
    return PiecewisePolynomial.from_scipy(one)
