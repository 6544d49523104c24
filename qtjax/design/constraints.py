"""Margins that a loss returns beside its value, and costs: what an optimum must satisfy.

A margin must end up >= 0. Each is in units of its limit, so that one `feasibility` serves all.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import as_positive, as_real, as_vector
from .._types import Real, RealLike
from ..dynamics.schedules import Schedule, as_schedule

_SIZE = "it is a size."


@checked
def at_least(value: Any, least: Any, *, unit: RealLike | None = None) -> Float[Array, " margins"]:
    """(value - least)/unit.

    Args:
        value: a number or an array.
        least: what it must be at least, a number or an array.
        unit: > 0; by default |least|, or 1 where that is 0.

    Returns:
        A vector of margins.

    Examples:
        >>> qt.design.at_least(jnp.array([1.0, 3.0]), 2.0)
        [-0.5, 0.5]
    """
    value, least = as_real("value", value), as_real("least", least)
    return jnp.ravel((value - least) / _unit(least, unit))


@checked
def at_most(value: Any, most: Any, *, unit: RealLike | None = None) -> Float[Array, " margins"]:
    """(most - value)/unit.

    Args:
        value: a number or an array.
        most: what it must be at most, a number or an array.
        unit: > 0; by default |most|, or 1 where that is 0.

    Returns:
        A vector of margins.

    Examples:
        >>> qt.design.at_most(jnp.array([1.0, 3.0]), 2.0)
        [0.5, -0.5]
    """
    value, most = as_real("value", value), as_real("most", most)
    return jnp.ravel((most - value) / _unit(most, unit))


@checked
def equal(value: Any, target: Any, *, unit: RealLike | None = None) -> Float[Array, " margins"]:
    """(value - target)/unit and its opposite, of which both must be >= 0.

    Args:
        value: a number or an array.
        target: what it must be, a number or an array.
        unit: > 0; by default |target|, or 1 where that is 0.

    Returns:
        A vector of margins, two for every entry.

    Examples:
        >>> qt.design.equal(3.0, 2.0)
        [0.5, -0.5]
    """
    target = as_real("target", target)
    return margins(at_least(value, target, unit=unit), at_most(value, target, unit=unit))


def margins(*parts: Any) -> Float[Array, " margins"]:
    """All margins in one vector.

    Args:
        parts: numbers and arrays.

    Examples:
        >>> power, gap = 0.3, 4.0
        >>> qt.design.margins(qt.design.at_least(power, 0.2), qt.design.at_most(gap, 5.0))
        [0.5, 0.2]
    """
    return jnp.concatenate([jnp.ravel(as_real("parts", part)) for part in parts])


@checked
def slope_at_most(
    schedule: RealLike | Schedule, most: RealLike, times: Any
) -> Float[Array, " times"]:
    """1 - (f'(t)/most)^2: a bounded speed of a schedule.

    A ramp of scaled time s = t/duration has the speed f'(s)/duration: give `most * duration`.

    Args:
        schedule: f, a function of time.
        most: what |f'| must be at most, > 0.
        times: where, as at the knots and between them, (times,).

    Returns:
        A margin for every time.

    Examples:
        >>> qt.design.slope_at_most(qt.Linear(0.0, 1.0), 2.0, jnp.array([0.0, 0.5]))
        [0.75, 0.75]
    """
    f, most = as_schedule("schedule", schedule), as_positive("most", most, "it is a speed.")
    slopes = jax.vmap(jax.grad(lambda t: f(t)))(as_vector("times", times, 1))
    return 1.0 - (slopes / most) ** 2


@checked
def roughness(schedule: RealLike | Schedule, times: Any) -> Real:
    """The mean of f''(t)^2: a cost that keeps a schedule smooth.

    Args:
        schedule: f, a function of time.
        times: over which the mean is taken, (times,).

    Returns:
        In units of f over time squared, squared.

    Examples:
        >>> qt.design.roughness(qt.Polynomial([0.0, 0.0, 1.0]), jnp.array([0.0, 0.5, 1.0]))
        4.0
    """
    f = as_schedule("schedule", schedule)
    bend = jax.vmap(jax.grad(jax.grad(lambda t: f(t))))
    return jnp.mean(bend(as_vector("times", times, 1)) ** 2)


@checked
def smooth_maximum(values: Any, smoothing: RealLike = 0.05) -> Real:
    """w ln sum_k exp(x_k / w) with w a fraction of the standard deviation of the values.

    Between the largest value and w ln n above it, with a gradient for every value; it scales and
    shifts with the values, so units do not matter. Equal values give their common value.

    Args:
        values: of an ensemble, (n,).
        smoothing: the fraction, > 0.

    Returns:
        A scalar.

    Examples:
        >>> values = jnp.array([0.0, 1.0, 2.0])
        >>> qt.design.smooth_maximum(values), qt.design.smooth_maximum(values, smoothing=1.0)
        (2.0, 2.263)
    """
    x, smoothing = as_vector("values", values, 1), as_positive("smoothing", smoothing, _SIZE)
    center = jnp.mean(x)
    variance = jnp.mean((x - center) ** 2)
    same = variance == 0.0
    width = smoothing * jnp.sqrt(jnp.where(same, 1.0, variance))
    smooth = center + width * jax.nn.logsumexp((x - center) / width)
    return jnp.where(same, center, smooth)


def _unit(limit: Any, unit: RealLike | None) -> Any:
    if unit is not None:
        return as_positive("unit", unit, _SIZE)
    size = jax.lax.stop_gradient(jnp.abs(jnp.asarray(limit, float)))
    return jnp.where(size > 0.0, size, 1.0)
