"""Schedules that are polynomials between given times, as the splines of SciPy are."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.interpolate import BSpline, PPoly

from .._checks import (
    as_numbers,
    as_real,
    as_vector,
    check_finite,
    check_increasing,
    check_instance,
    described,
    is_concrete,
)
from .._types import Real, RealLike
from .schedules import AbstractSchedule


class PiecewisePolynomial(AbstractSchedule):
    """sum_k c[k, i] (t - times[i])^(terms - 1 - k) between times[i] and times[i + 1].

    The layout is that of SciPy's `PPoly`: the highest power first. Before the first and after the
    last time the first and the last piece go on.

    Every inner time counts as one where the value may jump, so that the work of the jump is booked
    (0 where the pieces meet) and derivatives with respect to single coefficients, which tear the
    pieces apart, are right.

    Args:
        coefficients: c, (terms, pieces).
        times: increasing, (pieces + 1,).

    Raises:
        ValueError: coefficients that are no matrix of finite real numbers, times that do not
            increase, or another number of them than pieces + 1.

    Examples:
        >>> pieces = [[1.0, -1.0], [0.0, 1.0]]
        >>> triangle = qt.dynamics.PiecewisePolynomial(pieces, [0.0, 1.0, 2.0])
        >>> triangle(0.5), triangle(1.0), triangle(1.5)
        (0.5, 1.0, 0.5)
    """

    coefficients: Float[Array, "terms pieces"]
    times: Float[Array, " edges"]

    def __init__(self, coefficients: Any, times: Any):
        array = as_numbers("coefficients", coefficients, "a matrix (terms, pieces)")
        if array.ndim != 2 or 0 in array.shape:
            raise ValueError(
                f"`coefficients` must have the shape (terms, pieces), got {array.shape}; make one "
                "schedule for each function of time."
            )
        if np.iscomplexobj(array):
            raise ValueError(
                "`coefficients` must be real, got complex ones; give real and imaginary part as "
                "two schedules of two Hermitian operators."
            )
        check_finite("coefficients", array)
        self.coefficients, self.times = as_real("coefficients", array), as_vector("times", times, 2)
        check_increasing("times", self.times)
        if self.times.shape[0] != array.shape[1] + 1:
            raise ValueError(
                f"`times` must have one entry more than there are pieces ({array.shape[1] + 1}), "
                f"got shape {self.times.shape}."
            )
        if not is_concrete(self.times):
            ordered = jnp.all(jnp.diff(self.times) >= 0.0)
            self.coefficients = jnp.where(ordered, self.coefficients, jnp.nan)

    @classmethod
    def from_scipy(cls, spline: Any) -> "PiecewisePolynomial":
        """That of a SciPy spline, exactly: `CubicSpline`, `PchipInterpolator`, `PPoly`, `BSpline`.

        Args:
            spline: of one real function of time, which goes on beyond its ends (`extrapolate`).

        Raises:
            ValueError: what is no such spline.
        """
        check_instance("spline", spline, (PPoly, BSpline), "a `PPoly` or a `BSpline` of SciPy")
        if spline.extrapolate is not True and spline.extrapolate != 1:
            raise ValueError(
                f"`spline` has extrapolate = {spline.extrapolate!r}, but a schedule goes on beyond "
                "its ends with the pieces there; set `spline.extrapolate = True` if it is not "
                "called there."
            )
        if spline.c.ndim != (1 if isinstance(spline, BSpline) else 2):
            raise ValueError(
                f"`spline` must be one function of time, got {described(spline.c)} as "
                "coefficients; make one spline for each function."
            )
        if isinstance(spline, BSpline):
            degree, knots = spline.k, spline.t
            spline = PPoly.from_spline(spline)
            # before the first and after the last knot that counts a basis is not complete
            first, last = knots[degree], knots[len(knots) - degree - 1]
        else:
            first, last = spline.x[0], spline.x[-1]
        pieces = np.flatnonzero(
            (np.diff(spline.x) > 0) & (spline.x[:-1] >= first) & (spline.x[1:] <= last)
        )
        return cls(spline.c[:, pieces], np.append(spline.x[pieces], last))

    @property
    def degree(self) -> int | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.coefficients.shape[0] - 1

    def __call__(self, t: RealLike) -> Real:
        i = jnp.searchsorted(self.times[1:-1], t, side="right")
        first, *others = self.coefficients[:, i]
        value, s = first, t - self.times[i]
        for coefficient in others:
            value = value * s + coefficient
        return value

    def breakpoints(self) -> Float[Array, " breaks"]:
        return self.times[1:-1]

    def jumps(self) -> Float[Array, " jumps"]:
        return self.times[1:-1]
