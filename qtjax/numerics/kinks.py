"""Kinks of functions that are only known at the times at which they are called.

Where a slope jumps, as those of |t - c| and of linear interpolation do, work that is an integral of
the slope is right only if a step ends there, and its derivatives only if that edge moves with c.
Around a kink the second difference of three points falls as their distance, around what is smooth
as its square, and at a jump not at all. Beside an edge every octave of the distance to it is looked
at: there a kink bends values by less than what is smooth does in a cell of an even grid.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

CLOSEST = 1e-9  # of the span: lines through points as close as that meet at the kink
_CLEAR = 1.0 / 16.0  # of an interval in which bends are just seen: closer they are rounding
_SHRUNK = 2.0**-14  # the same of the interval, where that is less
_WIDER = 16.0  # than the smallest interval is the one with which it is compared
_KEPT = 0.1  # of what the slope jumps by in the whole interval
_CHANGE = 2.0 / 3.0  # power of their ratio by which a slope's jump may seem to change
_NOISES = 32.0  # what a kink bends values by, at least, in units of what rounding does
_FINEST = 4.0  # roundings of the time: the smallest distance from an edge that is looked at


class Bends(NamedTuple):
    """Intervals in which a slope may jump, between their middle samples.

    Args:
        low: their starts.
        high: their ends.
        scores: how much the slope changes there, 0 where that is nothing.
        noise: what values may be bent by that are smooth, in units of what they are bent by.
    """

    low: Array
    high: Array
    scores: Array
    noise: Array


def octaves(count: int, dtype: Any) -> int:
    """How many times half the distance of `count` samples is halved until it is rounding.

    At least 4, as noise is read off them: where rounding is closer `beside` does less than halve.
    """
    return max(4, int(-np.log2(2.0 * count * _FINEST * float(jnp.finfo(dtype).eps))))


def beside(start: Array, end: Array, first: Array, last: Array, halvings: int) -> Array:
    """Times between the edges and the samples next to them: (2, halvings), all increasing."""
    size = jnp.maximum(jnp.abs(start), jnp.abs(end))
    finest = _FINEST * jnp.finfo(start.dtype).eps * size
    distances = jnp.stack([first - start, end - last])[:, None]
    ratio = jnp.clip(finest / jnp.where(distances > 0.0, distances, jnp.inf), 0.0, 1.0)
    falling = distances * ratio ** (np.arange(1, halvings + 1) / halvings).astype(start.dtype)
    return jnp.stack([start + falling[0, ::-1], end - falling[1]])


def bends(values: Array, ts: Array, unresolved: Array, halvings: int, most: int) -> Bends:
    """The intervals of samples in which slopes change most.

    Args:
        values: in units of the largest value of each function, (functions, times).
        ts: increasing, the first and last `halvings` of them `beside` edges, (times,).
        unresolved: cells between two times in which functions are not resolved, (times - 1,).
        halvings: static.
        most: how many are kept, static.
    """
    widths = jnp.diff(ts)
    wide = widths > 0.0
    slopes = jnp.diff(values, axis=1) / jnp.where(wide, widths, jnp.inf)
    turns = jnp.max(jnp.abs(jnp.diff(slopes, axis=1)), axis=0)  # at ts[1:-1]
    at_ends = jnp.pad(jnp.where(wide[1:] & wide[:-1], turns, 0.0), 1)  # of every cell
    change = at_ends[:-1] + at_ends[1:]
    before, after = jnp.pad(change[:-1], (1, 0)), jnp.pad(change[1:], (0, 1))
    bent = change * widths
    # what the closest samples beside an edge seem to bend by is what rounding does there
    closest = halvings // 4
    rounding = jnp.stack([jnp.max(bent[:closest]), jnp.max(bent[-closest:])])
    noise = jnp.full_like(bent, 1024.0 * jnp.finfo(values.dtype).eps)
    noise = noise.at[:halvings].max(_NOISES * rounding[0]).at[-halvings:].max(_NOISES * rounding[1])
    wanted = unresolved & (change >= before) & (change >= after) & (bent > noise)
    scores = jnp.where(wanted, change * (ts[-1] - ts[0]), 0.0)
    best = jax.lax.top_k(scores.astype(jnp.float32), min(most, scores.shape[0]))[1]
    inner = jnp.clip(best, 1, widths.shape[0] - 2)
    noise = jnp.where(wanted, noise, 1.0) / jnp.where(wanted, bent, 1.0)
    return Bends(ts[inner - 1], ts[inner + 2], scores[best], noise[best])


def kinks(function: Callable[[Any], Array], found: Bends, span: Array) -> Array:
    """The times in intervals at which a slope jumps, inf where none does.

    Args:
        function: t -> (functions,).
        found: the intervals.
        span: of all times.
    """
    fractions = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
    eps = float(jnp.finfo(span.dtype).eps)  # below some of which of the time nothing is halved
    widest, latest = found.high - found.low, jnp.maximum(jnp.abs(found.low), jnp.abs(found.high))
    closest = jnp.minimum(CLOSEST * span, _SHRUNK * widest)
    closest = jnp.maximum(closest, jnp.maximum(_CLEAR * found.noise * widest, 64.0 * eps * latest))

    def sampled(low: Array, high: Array) -> Array:
        ts = low[..., None] + (high - low)[..., None] * fractions.astype(low.dtype)
        values = jax.vmap(function)(ts.reshape(-1))
        return values.reshape(*ts.shape, -1)  # (..., intervals, 5, functions)

    def bent(points: Array) -> Array:
        return points[..., 0, :] - 2.0 * points[..., 1, :] + points[..., 2, :]

    def more(state: tuple[Array, ...]) -> Array:
        low, high, *_ = state
        return jnp.any((high - low > closest) & (found.scores > 0.0))

    def halve(state: tuple[Array, ...]) -> tuple[Array, ...]:
        low, high, earlier_low, earlier_high = state
        points, quarter = sampled(low, high), 0.25 * (high - low)
        parts = [jnp.max(jnp.abs(bent(points[:, k : k + 3])), axis=1) for k in range(3)]
        first = jnp.argmax(jnp.stack(parts), axis=0)
        go, far = high - low > closest, high - low > _WIDER * closest
        start = low + first * quarter
        return (
            jnp.where(go, start, low), jnp.where(go, start + 2.0 * quarter, high),
            jnp.where(far, low, earlier_low), jnp.where(far, high, earlier_high),
        )  # fmt: skip

    low, high, *earlier = jax.lax.while_loop(
        more, halve, (found.low, found.high, found.low, found.high)
    )
    # of every interval as it was found, as it was 16 times as wide as in the end, and in the end
    lows, highs = jnp.stack([found.low, earlier[0], low]), jnp.stack([found.high, earlier[1], high])
    points, widths = sampled(lows, highs), highs - lows
    bends_by = jnp.abs(bent(points[..., ::2, :]))
    jumps = jnp.max(bends_by, axis=2) / jnp.where(widths > 0.0, widths, 1.0)
    at = jnp.take_along_axis(points[2], jnp.argmax(bends_by[2], axis=1)[:, None, None], axis=2)
    at = at[..., 0]
    left, right = at[:, 1] - at[:, 0], at[:, 4] - at[:, 3]
    apart = jnp.where(left == right, 1.0, left - right)
    # where the lines through the first two and the last two points meet, in quarters
    meet = jnp.clip((at[:, 3] - 3.0 * right - at[:, 0]) / apart, 1.0, 3.0)
    # at what is smooth jumps of the slope fall as the width, at jumps they grow as its inverse
    change = (widths[:2] / jnp.where(widths[2] > 0.0, widths[2], jnp.inf)) ** _CHANGE
    alike = (jumps[2] * change >= jumps[:2]) & (jumps[2] <= change * jumps[:2])
    kept = jnp.all(alike, axis=0) & (jumps[2] >= _KEPT * jumps[0])
    is_kink = (found.scores > 0.0) & (jumps[0] > 0.0) & kept & (left != right)
    return jnp.where(is_kink, low + 0.25 * (high - low) * meet, jnp.inf)
