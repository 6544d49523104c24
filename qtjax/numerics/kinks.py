"""Kinks of functions that are only known at the times at which they are called.

Where a slope jumps, as those of |t - c| and of linear interpolation do, work that is an integral of
the slope is right only if a step ends there, and its derivatives only if that edge moves with c.
Around a kink the second difference of three points falls as their distance, around what is smooth
as its square, and at a jump not at all.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

CLOSEST = 1e-9  # of the span: lines through points as close as that meet at the kink
_KEPT, _GROWN = 0.1, 1e4  # by which a slope's jump may seem to change on the way there


class Bends(NamedTuple):
    """Intervals in which a slope may jump, in their middle third, and how much it does there."""

    low: Array
    high: Array
    scores: Array


def bends(values: Array, ts: Array, unresolved: Array, most: int) -> Bends:
    """The intervals of samples in which slopes change most.

    Args:
        values: in units of the largest value of each function, (functions, times).
        ts: increasing, (times,).
        unresolved: cells between two times in which functions are not resolved, (times - 1,).
        most: how many are kept, static.
    """
    widths = jnp.diff(ts)
    slopes = jnp.diff(values, axis=1) / jnp.where(widths > 0.0, widths, jnp.inf)
    turns = jnp.max(jnp.abs(jnp.diff(slopes, axis=1)), axis=0) * widths[1:]  # at ts[1:-1]
    at_ends = jnp.pad(turns, 1)  # of every cell
    change = at_ends[:-1] + at_ends[1:]
    before, after = jnp.pad(change[:-1], (1, 0)), jnp.pad(change[1:], (0, 1))
    noise = 1024.0 * jnp.finfo(values.dtype).eps
    # between an edge and the sample next to it nothing else looks
    unresolved = unresolved.at[jnp.array([0, -1])].set(True)
    wanted = unresolved & (change >= before) & (change >= after) & (change > noise)
    scores = jnp.where(wanted, change, 0.0)
    best = jax.lax.top_k(scores.astype(jnp.float32), min(most, scores.shape[0]))[1]
    inner = jnp.clip(best, 1, widths.shape[0] - 2)
    return Bends(ts[inner - 1], ts[inner + 2], scores[best])


def kinks(function: Callable[[Any], Array], found: Bends, span: Array) -> Array:
    """The times in intervals at which a slope jumps, inf where none does.

    Args:
        function: t -> (functions,).
        found: the intervals.
        span: of all times.
    """
    fractions = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    eps = float(jnp.finfo(span.dtype).eps)  # below some of which of the time nothing is halved
    closest = jnp.maximum(CLOSEST * span, 64.0 * eps * jnp.max(jnp.abs(found.high)))

    def sampled(low: Array, high: Array) -> Array:
        ts = low[:, None] + (high - low)[:, None] * fractions.astype(low.dtype)
        return jax.vmap(jax.vmap(function))(ts)  # (intervals, 5, functions)

    def bent(points: Array) -> Array:
        return points[:, 0] - 2.0 * points[:, 1] + points[:, 2]

    def jumped(low: Array, high: Array, points: Array) -> Array:
        width = jnp.where(high > low, high - low, 1.0)
        return jnp.max(jnp.abs(bent(points[:, ::2])), axis=1) / width

    def more(state: tuple[Array, Array]) -> Array:
        low, high = state
        return jnp.any((high - low > closest) & (found.scores > 0.0))

    def halve(state: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = state
        points, quarter = sampled(low, high), 0.25 * (high - low)
        parts = [jnp.max(jnp.abs(bent(points[:, k : k + 3])), axis=1) for k in range(3)]
        first = jnp.argmax(jnp.stack(parts), axis=0)
        go = high - low > closest
        start = low + first * quarter
        return jnp.where(go, start, low), jnp.where(go, start + 2.0 * quarter, high)

    low, high = jax.lax.while_loop(more, halve, (found.low, found.high))
    points = sampled(low, high)
    at_first = jumped(found.low, found.high, sampled(found.low, found.high))
    at_last = jumped(low, high, points)
    most = jnp.argmax(jnp.abs(bent(points[:, ::2])), axis=1)
    at = jnp.take_along_axis(points, most[:, None, None], axis=2)[..., 0]
    left, right = at[:, 1] - at[:, 0], at[:, 4] - at[:, 3]
    apart = jnp.where(left == right, 1.0, left - right)
    # where the lines through the first two and the last two points meet, in quarters
    meet = jnp.clip((at[:, 3] - 3.0 * right - at[:, 0]) / apart, 1.0, 3.0)
    kept = (at_last >= _KEPT * at_first) & (at_last <= _GROWN * at_first)
    is_kink = (found.scores > 0.0) & (at_first > 0.0) & kept & (left != right)
    return jnp.where(is_kink, low + 0.25 * (high - low) * meet, jnp.inf)
