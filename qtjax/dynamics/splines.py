"""Splines: schedules through equidistant values, whose leaves are the values."""

import functools
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checks import as_vector
from .._precise import matmul
from .._types import Real, RealLike
from .schedules import AbstractSchedule, as_interval


class Spline(AbstractSchedule):
    """The natural cubic spline through equidistant values between t0 and t1.

    Twice continuously differentiable; a straight line where the values lie on one.

    Args:
        values: values at equidistant times from t0 to t1, (knots,), at least two.
        t0: first time.
        t1: last time, > t0.

    Raises:
        ValueError: fewer than two values, or t1 <= t0.

    Examples:
        >>> qt.Spline([0.0, 1.0, 2.0])(0.25), qt.Spline([0.0, 1.0, 0.0])(0.5)
        (0.5, 1.0)
    """

    degree: ClassVar[int | None] = 3
    values: Float[Array, " knots"]
    t0: Real
    t1: Real

    def __init__(self, values: Any, t0: RealLike = 0.0, t1: RealLike = 1.0):
        self.values = as_vector("values", values, 2)
        self.t0, self.t1 = as_interval(t0, t1)

    def __call__(self, t: RealLike) -> Real:
        return _natural_spline(self.values, (t - self.t0) / (self.t1 - self.t0))

    def breakpoints(self) -> Float[Array, " breaks"]:
        return jnp.linspace(self.t0, self.t1, self.values.shape[0])


class MonotoneSpline(AbstractSchedule):
    """The cubic spline through equidistant values that is monotone wherever they are (PCHIP).

    Once continuously differentiable. The slope at a knot is the harmonic mean of those of the
    straight lines on both sides, 0 where they have different signs; so it stays between the values
    of neighboring knots, where a natural spline overshoots. Continued by its last cubics.

    Args:
        values: values at equidistant times from t0 to t1, (knots,), at least two.
        t0: first time.
        t1: last time, > t0.

    Raises:
        ValueError: fewer than two values, or t1 <= t0.

    Source: F. N. Fritsch and J. Butland, SIAM J. Sci. Stat. Comput. 5, 300 (1984); C. Moler,
    Numerical Computing with MATLAB (2004), section 3.6, for the slopes at both ends.

    Examples:
        >>> values = [0.0, 0.0, 1.0, 1.0]
        >>> qt.dynamics.MonotoneSpline(values)(0.2), qt.Spline(values)(0.2)
        (0.0, -0.128)
    """

    degree: ClassVar[int | None] = 3
    values: Float[Array, " knots"]
    t0: Real
    t1: Real

    def __init__(self, values: Any, t0: RealLike = 0.0, t1: RealLike = 1.0):
        self.values = as_vector("values", values, 2)
        self.t0, self.t1 = as_interval(t0, t1)

    def __call__(self, t: RealLike) -> Real:
        s = jnp.asarray((t - self.t0) / (self.t1 - self.t0), self.values.dtype)
        left, right, b = _piece(self.values.shape[0], s)
        a = 1.0 - b
        value = (1.0 + 2.0 * b) * a**2 * left + (1.0 + 2.0 * a) * b**2 * right
        slope = a**2 * b * left - b**2 * a * right
        return matmul(value, self.values) + matmul(slope, _monotone_slopes(self.values))

    def breakpoints(self) -> Float[Array, " breaks"]:
        return jnp.linspace(self.t0, self.t1, self.values.shape[0])


class Ramp(AbstractSchedule):
    """Progress from 0 at s = 0 to 1 at s = 1: a natural cubic spline with both ends pinned.

    Args:
        knots: progress at the equidistant interior times k/(n+1), k = 1..n, (n,). The straight
            ramp is `jnp.linspace(0, 1, n + 2)[1:-1]`; values outside [0, 1] overshoot.

    Raises:
        ValueError: `knots` is not a vector.

    Examples:
        >>> ramp = qt.Ramp([0.8])
        >>> ramp(0.0), ramp(0.5), ramp(1.0)
        (0.0, 0.8, 1.0)
    """

    degree: ClassVar[int | None] = 3
    knots: Float[Array, " knots"]

    def __init__(self, knots: Any):
        self.knots = as_vector("knots", knots)

    def __call__(self, t: RealLike) -> Real:
        ends = jnp.zeros(1, self.knots.dtype), jnp.ones(1, self.knots.dtype)
        return _natural_spline(jnp.concatenate([ends[0], self.knots, ends[1]]), t)

    def breakpoints(self) -> Float[Array, " breaks"]:
        return jnp.asarray(np.linspace(0.0, 1.0, self.knots.shape[0] + 2)[1:-1])


@functools.lru_cache
def _curvature_matrix(knots: int) -> np.ndarray:
    """The matrix from knot values to h^2 times the second derivatives of the natural spline."""
    a, b = np.eye(knots), np.zeros((knots, knots))
    for i in range(1, knots - 1):
        a[i, i - 1 : i + 2] = 1.0, 4.0, 1.0
        b[i, i - 1 : i + 2] = 6.0, -12.0, 6.0
    return np.linalg.solve(a, b)


def _natural_spline(values: Float[Array, " knots"], s: RealLike) -> Real:
    """The natural cubic spline through values at s = 0, 1/n, ..., 1."""
    return matmul(values, _spline_weights(values.shape[0], jnp.asarray(s, values.dtype)))


def _spline_weights(knots: int, s: Real) -> Float[Array, " knots"]:
    """The weight of every knot at s: dense, so that derivatives need no scatter."""
    left, right, b = _piece(knots, s)
    a = 1.0 - b
    bend = (a**3 - a) * left + (b**3 - b) * right
    bent = matmul(bend, jnp.asarray(_curvature_matrix(knots), s.dtype))
    return a * left + b * right + bent / 6.0


def _piece(knots: int, s: Real) -> tuple[Float[Array, " knots"], Float[Array, " knots"], Real]:
    """The knots left and right of s as unit vectors, and where s is between them, from 0 to 1."""
    position = s * (knots - 1)
    i = jnp.clip(jnp.floor(position).astype(int), 0, knots - 2)
    spots = jnp.arange(knots)
    return (spots == i).astype(s.dtype), (spots == i + 1).astype(s.dtype), position - i


def _monotone_slopes(values: Float[Array, " knots"]) -> Float[Array, " knots"]:
    """The slope at every knot, per distance of two knots."""
    lines = jnp.diff(values)
    if lines.shape[0] == 1:
        return jnp.concatenate([lines, lines])
    before, after = lines[:-1], lines[1:]
    alike = jnp.sign(before) * jnp.sign(after) > 0.0
    inner = jnp.where(alike, 2.0 * before / jnp.where(alike, before + after, 1.0) * after, 0.0)
    first, last = _end_slope(lines[0], lines[1]), _end_slope(lines[-1], lines[-2])
    return jnp.concatenate([first[None], inner, last[None]])


def _end_slope(line: Real, inner: Real) -> Real:
    """The slope at an end, by the parabola through three knots unless that is not monotone."""
    slope = 0.5 * (3.0 * line - inner)
    turns = jnp.sign(line) * jnp.sign(inner) <= 0.0
    slope = jnp.where(turns & (jnp.abs(slope) > 3.0 * jnp.abs(line)), 3.0 * line, slope)
    return jnp.where(jnp.sign(slope) * jnp.sign(line) > 0.0, slope, 0.0)
