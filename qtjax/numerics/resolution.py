"""What is not known of an equation, looked at before a step is taken.

Between two edges (saved times and known breakpoints) the unknown functions are sampled on a uniform
grid. Ninth differences at every stride 1, 2, 4, ... say in which blocks of 16 strides a function
is a polynomial of degree 8 to the tolerance: a step may not go beyond the largest such block that
it starts in, so that nothing the grid has seen is stepped over. Where neighbouring samples stay
apart however close they are brought, the function jumps: that time becomes an edge. Nothing here is
differentiated.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._types import Real, RealLike
from .equation import Watched

BINS = 64  # of every piece, for which the largest resolved block is kept
LEAST = 16 * BINS  # samples of a piece
JUMPS = 64  # most jumps of unknown functions that are found and booked
_ORDER = 9  # of the differences
_OFFSET = 0.6180339887498949  # keeps the grid from beating with a period that divides a piece


class Seen(NamedTuple):
    """What the grid has seen.

    Args:
        ends: of the largest resolved block around every bin, (pieces, BINS).
        lengths: of these blocks, (pieces, BINS).
        starts: of every piece, (pieces,).
        bins: width of the bins of every piece, (pieces,).
        jumps: times at which a function jumps, increasing, then inf, (JUMPS,).
        largest: the largest value, in units of x'/x.
        defect: the largest defect.
        finite: whether all values are.
    """

    ends: Float[Array, "pieces bins"]
    lengths: Float[Array, "pieces bins"]
    starts: Float[Array, " pieces"]
    bins: Float[Array, " pieces"]
    jumps: Float[Array, " jumps"]
    largest: Real
    defect: Real
    finite: Array


class _Piece(NamedTuple):
    """Of one piece: its blocks, candidates for jumps with scores, and the largest values."""

    ends: Array
    lengths: Array
    below: Array
    above: Array
    scores: Array
    largest: Array
    defect: Array
    finite: Array


def samples_of(resolution: int) -> int:
    """The number of samples of a piece: `resolution` or the next power of two, at least 1,024."""
    return max(LEAST, 1 << (resolution - 1).bit_length())


def look(
    watched: Watched, edges: Float[Array, " edges"], tolerance: RealLike, resolution: int
) -> Seen:
    """What the unknown functions of an equation look like between edges.

    Args:
        watched: the functions.
        edges: times that do not decrease, (pieces + 1,).
        tolerance: what may be left unresolved in all, in units of x.
        resolution: samples between two edges, static (`samples_of`).

    Returns:
        `Seen`.
    """
    edges, tolerance = jax.lax.stop_gradient((edges, jnp.asarray(tolerance)))
    watched = Watched(
        _undifferentiated(watched.values, edges[0]),
        None if watched.defect is None else _undifferentiated(watched.defect, edges[0]),
    )
    allowed = tolerance / (1.5 * jnp.maximum(edges[-1] - edges[0], jnp.finfo(edges.dtype).tiny))
    count = samples_of(resolution)
    starts, bins = edges[:-1], jnp.diff(edges) * (count / BINS / (count + _OFFSET))
    piece = functools.partial(_look_at_piece, watched, allowed, count)
    found: _Piece = jax.lax.map(lambda ends: piece(*ends), (starts, edges[1:]))
    below, above, scores = (x.reshape(-1) for x in (found.below, found.above, found.scores))
    scores, best = jax.lax.top_k(scores, min(JUMPS, scores.shape[0]))
    jumps = _jumps(watched, below[best], above[best], scores)
    return Seen(
        found.ends, found.lengths, starts, bins, jnp.sort(jumps), jnp.max(found.largest),
        jnp.max(found.defect), jnp.all(found.finite),
    )  # fmt: skip


def _undifferentiated(function: Callable[[Any], Array], t: Array) -> Callable[[Any], Array]:
    """The function without derivatives by what it holds or closes over."""
    converted = eqx.filter_closure_convert(function, t)
    arrays, rest = eqx.partition(converted, eqx.is_array)
    return eqx.combine(jax.lax.stop_gradient(arrays), rest)


def _look_at_piece(
    watched: Watched, allowed: Array, count: int, start: Array, end: Array
) -> _Piece:
    width = end - start
    grid = (jnp.arange(count) + 0.5) / (count + _OFFSET)
    ts = start + width * grid.astype(start.dtype)
    last = jnp.maximum(jnp.nextafter(end, -jnp.inf), start)
    ts = jnp.concatenate([start[None], ts, last[None]])
    values = jax.vmap(watched.values)(ts).T  # (functions, times)
    largest = jnp.max(jnp.abs(values), axis=1, keepdims=True)
    epsilon = jnp.finfo(values.dtype).eps
    threshold = jnp.maximum(allowed, 1024.0 * epsilon * largest)
    levels = _levels(values[:, 1:-1], threshold, count)
    bins = jnp.arange(BINS, dtype=start.dtype)
    known = [4.0, *(16.0 * 2.0**k for k in range((count // 16).bit_length()))]
    length = jnp.asarray(known, start.dtype)[levels + 1] * (BINS / count)  # of blocks, in bins
    bin_width = width * (count / BINS / (count + _OFFSET))
    # blocks shorter than a bin count from any time in it: negative ends say how long they are
    last_bin = (jnp.floor(bins / length) + 1.0) * length
    reached = jnp.where(last_bin < BINS, start + bin_width * last_bin, end)
    ends = jnp.where(length < 1.0, -length * bin_width, reached)
    below, above, scores = _candidates(values, levels, ts, largest, epsilon)
    defect = jnp.zeros(()) if watched.defect is None else jnp.max(jax.vmap(watched.defect)(ts))
    return _Piece(
        ends,
        length * bin_width,
        below,
        above,
        scores,
        jnp.max(largest),
        defect,
        jnp.all(jnp.isfinite(values)),
    )


def _levels(values: Array, threshold: Array, count: int) -> Array:
    """For every bin the largest k such that blocks of 16 * 2^k samples around it are resolved."""
    levels = jnp.full(BINS, -1, int)
    still = jnp.ones(BINS, bool)
    for k in range((count // 16).bit_length()):
        sparse = values[:, :: 2**k]
        differences = jnp.abs(jnp.diff(sparse, n=_ORDER, axis=1))
        # nan is not resolved either
        bad = jnp.any(~(differences <= threshold), axis=0)
        none = jnp.zeros(_ORDER, bool)
        touched = jnp.concatenate([bad, none]) | jnp.concatenate([none, bad])
        blocks = jnp.any(touched.reshape(-1, 16), axis=1)
        if blocks.shape[0] >= BINS:
            still = still & ~jnp.any(blocks.reshape(BINS, -1), axis=1)
        else:  # all that is in the block must be resolved
            still = ~blocks & jnp.all(still.reshape(blocks.shape[0], -1), axis=1)
            still = jnp.repeat(still, BINS // blocks.shape[0])
        levels = jnp.where(still, k, levels)
    return levels


def _candidates(
    values: Array, levels: Array, ts: Array, largest: Array, epsilon: Any
) -> tuple[Array, Array, Array]:
    """Cells in which a function may jump: their ends, and how much it changes there (0 if little).

    Only where the finest blocks are not resolved, and at both ends of a piece, where a jump may be
    off an edge by rounding.
    """
    steps = jnp.max(jnp.abs(jnp.diff(values, axis=1)) / jnp.where(largest > 0.0, largest, 1.0), 0)
    inner = jnp.repeat(levels < 0, (ts.shape[0] - 2) // BINS)
    fine = jnp.concatenate([inner[:1], inner[:-1] | inner[1:], inner[-1:]])
    near = jnp.stack([jnp.maximum(steps[1], steps[2]), jnp.maximum(steps[-2], steps[-3])])
    far = steps[jnp.array([0, -1])] > 4.0 * near + 1024.0 * epsilon
    fine = fine.at[0].set(fine[0] | far[0]).at[-1].set(fine[-1] | far[1])
    scores = jnp.where(fine & (steps > 1024.0 * epsilon), steps, 0.0)
    scores, best = jax.lax.top_k(scores, JUMPS // 2)
    return ts[best], ts[best + 1], scores


def _jumps(watched: Watched, below: Array, above: Array, scores: Array) -> Array:
    """The times of the jumps in cells, by bisection; inf where there is none."""
    values = jax.vmap(watched.values)

    def middle(low: Array, high: Array) -> Array:
        return low + 0.5 * (high - low)

    def inside(low: Array, high: Array) -> Array:
        between = middle(low, high)
        return (between > low) & (between < high)

    def more(state: tuple[Array, ...]) -> Array:
        low, high, _, _ = state
        return jnp.any(inside(low, high) & (scores > 0.0))

    def halve(state: tuple[Array, ...]) -> tuple[Array, ...]:
        low, high, at_low, at_high = state
        between = middle(low, high)
        at = values(between)
        left = _distance(at, at_low) >= _distance(at_high, at)
        go = inside(low, high)
        low_next, high_next = jnp.where(left, low, between), jnp.where(left, between, high)
        at_low_next = jnp.where(left[:, None], at_low, at)
        at_high_next = jnp.where(left[:, None], at, at_high)
        return (
            jnp.where(go, low_next, low), jnp.where(go, high_next, high),
            jnp.where(go[:, None], at_low_next, at_low),
            jnp.where(go[:, None], at_high_next, at_high),
        )  # fmt: skip

    first = (below, above, values(below), values(above))
    before = _distance(first[2], first[3])
    _, high, at_low, at_high = jax.lax.while_loop(more, halve, first)
    found = (scores > 0.0) & (_distance(at_low, at_high) > 0.25 * before)
    return jnp.where(found, high, jnp.inf)


def _distance(a: Array, b: Array) -> Array:
    return jnp.max(jnp.abs(a - b), axis=1)


def furthest(ends: Array, start: Array, bin_width: Array, t: Array) -> Array:
    """The last time at which a step from t may end: that of the resolved block t is in.

    Args:
        ends: of `Seen`, for one piece, (BINS, ...).
        start: of the piece.
        bin_width: of the piece.
        t: time in it.
    """
    place = (t - start) / jnp.where(bin_width > 0.0, bin_width, 1.0)
    index = jnp.clip(jnp.floor(place + 1e-6).astype(int), 0, BINS - 1)
    end = jnp.take_along_axis(ends, index[None], axis=0)[0]
    return jnp.where(end < 0.0, t - end, end)


def block_length(seen: Seen, t: Array) -> Array:
    """The length of the resolved block that t is in."""
    piece = jnp.clip(
        jnp.searchsorted(seen.starts, t, side="right") - 1, 0, seen.starts.shape[0] - 1
    )
    width = jnp.where(seen.bins[piece] > 0.0, seen.bins[piece], 1.0)
    index = jnp.clip(jnp.floor((t - seen.starts[piece]) / width).astype(int), 0, BINS - 1)
    return seen.lengths[piece, index]


def spread(seen: Seen, edges: Array, steps: int) -> Array:
    """Edges of steps between the first and the last edge: short ones where blocks are.

    Half of them are spread evenly, the others so that none is longer than the block it is in as
    long as there are enough; twice as many steps have all of these edges.

    Args:
        seen: what the grid has seen.
        edges: the edges that it was given, in order.
        steps: how many, static.
    """
    widths = jnp.broadcast_to(seen.bins[:, None], seen.lengths.shape)
    starts = seen.starts[:, None] + widths * np.arange(BINS)
    length = jnp.where(seen.lengths > 0.0, seen.lengths, 1.0)
    total = edges[-1] - edges[0]
    weight = widths * (1.0 / length + 0.5 * steps / jnp.where(total > 0.0, total, 1.0))
    below = jnp.concatenate([jnp.zeros(1), jnp.cumsum(weight.reshape(-1))])
    at = jnp.concatenate([starts.reshape(-1), edges[-1:]])
    inner = below[-1] * np.arange(1, steps) / steps
    return jax.lax.stop_gradient(
        jnp.concatenate([edges[:1], jnp.interp(inner, below, at), edges[-1:]])
    )
