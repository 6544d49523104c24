"""What is not known of an equation, looked at before a step is taken.

Between two edges (saved times and known breakpoints) the unknown functions are sampled on a uniform
grid. Ninth differences at every stride 1, 2, 4, ... say in which blocks of 16 strides a function
is a polynomial of degree 8 to the tolerance: a step may not go beyond the largest such block that
it starts in, so that nothing the grid has seen is stepped over. Where neighbouring samples stay
apart however close they are brought, the function jumps: that time becomes an edge, as one does
where its slope jumps (`kinks`). Where all is known to be analytic in discs around every time
(`growth`, and baths of known spectra), their radii take the place of samples. Nothing here is
differentiated but the times of jumps (`jumps`).
"""

import functools
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._types import Real, RealLike
from .equation import Radius, Watched
from .growth import called
from .jumps import moving
from .kinks import Bends, bends, beside, kinks, octaves

BINS = 64  # of every piece, for which the largest resolved block is kept
LEAST = 16 * BINS  # samples of a piece
JUMPS = 64  # most jumps of unknown functions and of their slopes that are found and booked
OF_OPERATORS = 8.0  # roundings, to which an operator that is made of levels is known
AT_ONCE = 2**22  # numbers that may be made on the way to samples, 32 MiB
_ORDER = 9  # of the differences
FEW_BINS = 8  # where nothing else is to be looked at
_OFFSET = 0.6180339887498949  # keeps the grid from beating with a period that divides a piece


class Seen(NamedTuple):
    """What the grid has seen.

    Args:
        ends: of the largest resolved block around every bin, after the start of its piece, inf for
            the last; minus its length where it is shorter than a bin, (pieces, bins).
        lengths: of these blocks, (pieces, bins).
        starts: of every piece, (pieces,).
        bins: width of the bins of every piece, (pieces,).
        jumps: times at which a function or its slope jumps, increasing, then inf, (jumps,).
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


class _Cells(NamedTuple):
    """Cells in which a function may jump: their ends, the values there, and how far these are."""

    below: Array
    above: Array
    at_below: Array
    at_above: Array
    scores: Array


class _Piece(NamedTuple):
    """Of one piece: its blocks, the cells of which some may hold jumps, and the largest values."""

    ends: Array
    lengths: Array
    cells: _Cells
    bends: Bends
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
    bins = FEW_BINS if watched.radius is None else watched.radius.bins
    bins = bins if watched.values is None else BINS
    radii = None if watched.radius is None else _radii(watched.radius, edges, bins)
    if watched.values is None:
        return _seen_by_radii(watched, edges, radii, bins)
    function = eqx.filter_closure_convert(watched.values, edges[0])
    watched = _undifferentiated(watched, edges[0])
    allowed = tolerance / (1.5 * jnp.maximum(edges[-1] - edges[0], jnp.finfo(edges.dtype).tiny))
    count = samples_of(resolution)
    starts, bins = edges[:-1], jnp.diff(edges) * (count / BINS / (count + _OFFSET))
    piece = functools.partial(_look_at_piece, watched, allowed, count)
    found: _Piece = jax.lax.map(lambda ends: piece(*ends), (starts, edges[1:]))
    span = edges[-1] - edges[0]
    jumps = _jumps(watched, _best(found.cells))
    turns = kinks(lambda t: watched.at(t)[0], _best(found.bends), span)
    jumps = moving(function, jnp.sort(jnp.concatenate([jumps, turns]))[:JUMPS], span)
    ends, lengths = found.ends, found.lengths
    if radii is not None:
        ends, lengths = jnp.where(radii < lengths, -radii, ends), jnp.minimum(radii, lengths)
    return Seen(
        ends, lengths, starts, bins, jnp.sort(jumps), jnp.max(found.largest),
        jnp.max(found.defect), jnp.all(found.finite),
    )  # fmt: skip


def _radii(radius: Radius, edges: Array, bins: int) -> Float[Array, "pieces bins"]:
    """How far around every bin all is analytic."""
    of_pieces = jax.vmap(lambda start, end: radius(start, end, bins))
    return jax.lax.stop_gradient(of_pieces(edges[:-1], edges[1:]))


def _seen_by_radii(watched: Watched, edges: Array, radii: Array | None, bins: int) -> Seen:
    """The same where nothing needs to be sampled, but for the defect."""
    widths = jnp.diff(edges) / bins
    if radii is None:
        radii = jnp.full((widths.shape[0], bins), jnp.inf)
    ts = edges[:-1, None] + widths[:, None] * (np.arange(bins) + _OFFSET)
    _, defects = jax.lax.stop_gradient(jax.vmap(watched.at)(ts.reshape(-1)))
    return Seen(
        -radii, radii, edges[:-1], widths, jnp.zeros(0), jnp.zeros(()), jnp.max(defects),
        jnp.all(radii > 0.0),
    )  # fmt: skip


def _undifferentiated(watched: Watched, t: Array) -> Watched:
    """The functions without derivatives by what they hold or close over."""
    watched = Watched(watched.values, watched.defect, groups=watched.groups)
    arrays, rest = eqx.partition(
        jax.tree.map(
            lambda function: eqx.filter_closure_convert(function, t), watched, is_leaf=callable
        ),
        eqx.is_array,
    )
    return eqx.combine(jax.lax.stop_gradient(arrays), rest)


def _look_at_piece(
    watched: Watched, allowed: Array, count: int, start: Array, end: Array
) -> _Piece:
    width = end - start
    grid = (jnp.arange(count) + 0.5) / (count + _OFFSET)
    ts = start + width * grid.astype(start.dtype)
    last = jnp.maximum(jnp.nextafter(end, -jnp.inf), start)
    halvings = octaves(count, start.dtype)
    near = beside(start, last, ts[0], ts[-1], halvings)
    ts = jnp.concatenate([start[None], ts, last[None]])
    values, defects = _samples(watched, jnp.concatenate([ts, *near]))
    values, beside_edges = values.T[:, : ts.size], values.T[:, ts.size :]  # (functions, times)
    largest = _of_groups(jnp.max(jnp.abs(values), axis=1), watched.groups)[:, None]
    bin_width = width * (count / BINS / (count + _OFFSET))
    noise = _noise(values[:, 1:-1], ts, _roundings(watched.groups) * largest, bin_width)
    levels = _levels(values[:, 1:-1], jnp.maximum(allowed, 1024.0 * noise), count)
    bins = jnp.arange(BINS, dtype=start.dtype)
    known = [4.0, *(16.0 * 2.0**k for k in range((count // 16).bit_length()))]
    length = jnp.asarray(known, start.dtype)[levels + 1] * (BINS / count)  # of blocks, in bins
    among = jnp.concatenate(
        [beside_edges[:, :halvings], values[:, 1:-1], beside_edges[:, halvings:]], axis=1
    )
    # blocks shorter than a bin count from any time in it: negative ends say how long they are
    last_bin = (jnp.floor(bins / length) + 1.0) * length
    reached = jnp.where(last_bin < BINS, bin_width * last_bin, jnp.inf)
    ends = jnp.where(length < 1.0, -length * bin_width, reached)
    return _Piece(
        ends,
        length * bin_width,
        _cells(values, levels, ts, largest),
        bends(
            among / jnp.where(largest > 0.0, largest, 1.0),
            jnp.concatenate([near[0], ts[1:-1], near[1]]),
            jnp.pad(_unresolved(levels, ts)[1:-1], halvings, constant_values=True),
            halvings,
            JUMPS // 2,
        ),
        jnp.max(largest),
        jnp.max(defects),
        jnp.all(jnp.isfinite(values)),
    )


def _samples(watched: Watched, ts: Float[Array, " times"]) -> tuple[Array, Array]:
    """Values and defects, at a few times at once where much is made on the way to them."""
    at = jax.vmap(watched.at)
    few = max(AT_ONCE // max(_numbers(jax.make_jaxpr(watched.at)(ts[0]).jaxpr), 1), 1)
    if few >= ts.size:
        return at(ts)
    parts = jnp.pad(ts, (0, -ts.size % few), mode="edge").reshape(-1, few)
    found = jax.lax.map(at, parts)
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:])[: ts.size], found)


def _numbers(jaxpr: Any) -> int:
    """How many numbers a program makes, the last ones included."""
    made = 0
    for equation in jaxpr.eqns:
        inner = called(equation)
        results = sum(out.aval.size for out in equation.outvars)
        made += results if inner is None else _numbers(inner.jaxpr)
    return made


def _of_groups(largest: Array, groups: tuple[int, ...]) -> Array:
    """For every function the largest value of its group, (functions,)."""
    if not groups:
        return largest
    parts = jnp.split(largest, np.cumsum(groups)[:-1])
    return jnp.concatenate([jnp.full_like(part, jnp.max(part)) for part in parts])


def _roundings(groups: tuple[int, ...]) -> np.ndarray:
    """To how many roundings every function is known, (functions, 1) or (1, 1)."""
    sizes = np.asarray(groups or (1,))
    return np.repeat(np.where(sizes > 1, OF_OPERATORS, 1.0), sizes)[:, None]


def _noise(values: Array, ts: Array, known: Any, bin_width: Array) -> Array:
    """How far rounding may move samples of every bin: that of the values, and that of the time.

    A slope is the mean of a bin, so that a jump does not pass for noise.
    """
    changes = jnp.pad(jnp.abs(jnp.diff(values, axis=1)), ((0, 0), (0, 1)))
    slopes = jnp.sum(changes.reshape(-1, BINS, values.shape[1] // BINS), axis=2)
    times = jnp.max(jnp.abs(ts)) / jnp.where(bin_width > 0.0, bin_width, 1.0)
    return jnp.finfo(values.dtype).eps * (known + times * slopes)


def _of_blocks(of_bins: Array, blocks: int) -> Array:
    """The largest value of the bins that a block and the next one are in, (functions, blocks)."""
    if blocks >= BINS:
        found = jnp.repeat(of_bins, blocks // BINS, axis=1)
    else:
        found = jnp.max(of_bins.reshape(-1, blocks, BINS // blocks), axis=2)
    return jnp.maximum(found, jnp.concatenate([found[:, 1:], found[:, -1:]], axis=1))


def _levels(values: Array, threshold: Array, count: int) -> Array:
    """For every bin the largest k such that blocks of 16 * 2^k samples around it are resolved.

    `threshold` is one for every function and bin.
    """
    sizes = [count >> k for k in range((count // 16).bit_length())]  # of the levels, one by one
    strided = jnp.concatenate([values[:, :: count // size] for size in sizes], axis=1)
    differences = jnp.abs(jnp.diff(strided, n=_ORDER, axis=1))
    differences = jnp.pad(differences, ((0, 0), (0, _ORDER))).reshape(len(values), -1, 16)
    of_blocks = [_of_blocks(threshold, size // 16) for size in sizes]
    # nan is not resolved either
    bad = jnp.any(~(differences <= jnp.concatenate(of_blocks, axis=1)[:, :, None]), axis=0)
    inside = np.concatenate([np.arange(size) < size - _ORDER for size in sizes])
    bad = bad & inside.reshape(-1, 16)
    # a difference of samples i ... i + 9 may reach into the next block
    reaching = jnp.pad(jnp.any(bad[:-1, 16 - _ORDER :], axis=1), (1, 0))
    fine = ~(jnp.any(bad, axis=1) | reaching)
    # of every level and bin its blocks, and of every level and bin the first and the last bin of
    # the blocks it is in, all of which must be resolved, at this level and at all finer ones
    starts = np.cumsum([0, *(size // 16 for size in sizes[:-1])])
    blocks = np.array([size // 16 for size in sizes])[:, None]
    within = np.arange(BINS)[:, None] + np.arange(blocks[0, 0] // BINS) * BINS / blocks[0, 0]
    of_bin = starts[:, None, None] + (within * blocks[:, :, None] / BINS).astype(int)
    group = np.maximum(BINS // blocks, 1)
    first = np.arange(BINS) // group * group
    unresolved = jnp.cumsum(jnp.any(~fine[of_bin], axis=2), axis=0) > 0
    below = jnp.pad(jnp.cumsum(unresolved, axis=1), ((0, 0), (1, 0)))
    level = np.arange(len(sizes))[:, None]
    return jnp.sum(below[level, first + group] == below[level, first], axis=0) - 1


def _cells(values: Array, levels: Array, ts: Array, largest: Array) -> _Cells:
    """The cells in which a function may jump, and how much it changes there (0 if little).

    Only where the finest blocks are not resolved, and at both ends of a piece, where a jump may be
    off an edge by rounding.
    """
    epsilon = jnp.finfo(values.dtype).eps
    steps = jnp.max(jnp.abs(jnp.diff(values, axis=1)) / jnp.where(largest > 0.0, largest, 1.0), 0)
    fine = _unresolved(levels, ts)
    near = jnp.stack([jnp.maximum(steps[1], steps[2]), jnp.maximum(steps[-2], steps[-3])])
    far = steps[jnp.array([0, -1])] > 4.0 * near + 1024.0 * epsilon
    fine = fine.at[0].set(fine[0] | far[0]).at[-1].set(fine[-1] | far[1])
    scores = jnp.where(fine & (steps > 1024.0 * epsilon), steps, 0.0)
    best = _largest(scores, JUMPS // 2)
    return _Cells(ts[best], ts[best + 1], values[:, best].T, values[:, best + 1].T, scores[best])


def _unresolved(levels: Array, ts: Array) -> Array:
    """The cells between two times in which, or next to which, the finest blocks are unresolved."""
    inner = jnp.repeat(levels < 0, (ts.shape[0] - 2) // BINS)
    return jnp.concatenate([inner[:1], inner[:-1] | inner[1:], inner[-1:]])


def _best(found: Any) -> Any:
    """Of what was found in all pieces that with the largest scores."""
    flat = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), found)
    best = _largest(flat.scores, JUMPS)
    return jax.tree.map(lambda x: x[best], flat)


def _largest(scores: Array, count: int) -> Array:
    """Where the largest scores are; XLA is five times as fast in single precision."""
    return jax.lax.top_k(scores.astype(jnp.float32), min(count, scores.shape[0]))[1]


def _jumps(watched: Watched, cells: _Cells) -> Array:
    """The times of the jumps in cells, by bisection; inf where there is none."""
    low, high, at_low, at_high, scores = cells

    def inside(low: Array, high: Array, between: Array) -> Array:
        return (between > low) & (between < high)

    def more(state: tuple[Array, ...]) -> Array:
        low, high, _, _ = state
        return jnp.any(inside(low, high, low + 0.5 * (high - low)) & (scores > 0.0))

    def halve(state: tuple[Array, ...]) -> tuple[Array, ...]:
        low, high, at_low, at_high = state
        between = low + 0.5 * (high - low)
        at, _ = _samples(watched, between)
        left = _distance(at, at_low) >= _distance(at_high, at)
        go = inside(low, high, between)
        to_low, to_high = go & ~left, go & left
        return (
            jnp.where(to_low, between, low), jnp.where(to_high, between, high),
            jnp.where(to_low[:, None], at, at_low), jnp.where(to_high[:, None], at, at_high),
        )  # fmt: skip

    before = _distance(at_low, at_high)
    _, high, at_low, at_high = jax.lax.while_loop(more, halve, (low, high, at_low, at_high))
    found = (scores > 0.0) & (_distance(at_low, at_high) > 0.25 * before)
    return jnp.where(found, high, jnp.inf)


def _distance(a: Array, b: Array) -> Array:
    return jnp.max(jnp.abs(a - b), axis=1)


def furthest(ends: Array, start: Array, bin_width: Array, t: Array) -> Array:
    """The last time at which a step from t may end: that of the resolved block t is in, or inf.

    Args:
        ends: of `Seen`, for one piece, (bins, ...).
        start: of the piece.
        bin_width: of the piece.
        t: time in it.
    """
    place = (t - start) / jnp.where(bin_width > 0.0, bin_width, 1.0)
    index = jnp.clip(jnp.floor(place + 1e-6).astype(int), 0, ends.shape[0] - 1)
    end = jnp.take_along_axis(ends, index[None], axis=0)[0]
    return jnp.where(end < 0.0, t - end, start + end)


def block_length(seen: Seen, t: Array) -> Array:
    """The length of the resolved block that t is in."""
    piece = jnp.clip(
        jnp.searchsorted(seen.starts, t, side="right") - 1, 0, seen.starts.shape[0] - 1
    )
    width = jnp.where(seen.bins[piece] > 0.0, seen.bins[piece], 1.0)
    last = seen.lengths.shape[1] - 1
    index = jnp.clip(jnp.floor((t - seen.starts[piece]) / width).astype(int), 0, last)
    return seen.lengths[piece, index]


def resolved_edges(seen: Seen, edges: Array, steps: int) -> Array:
    """Edges of steps between the first and the last edge: short ones where blocks are.

    Half of them are spread evenly, the others so that none is longer than the block it is in as
    long as there are enough; twice as many steps have all of these edges.

    Args:
        seen: what the grid has seen.
        edges: the edges that it was given, in order.
        steps: how many, static.
    """
    widths = jnp.broadcast_to(seen.bins[:, None], seen.lengths.shape)
    starts = seen.starts[:, None] + widths * np.arange(seen.lengths.shape[1])
    length = jnp.where(seen.lengths > 0.0, seen.lengths, 1.0)
    total = edges[-1] - edges[0]
    weight = widths * (1.0 / length + 0.5 * steps / jnp.where(total > 0.0, total, 1.0))
    below = jnp.concatenate([jnp.zeros(1), jnp.cumsum(weight.reshape(-1))])
    at = jnp.concatenate([starts.reshape(-1), edges[-1:]])
    inner = below[-1] * np.arange(1, steps) / steps
    return jax.lax.stop_gradient(
        jnp.concatenate([edges[:1], jnp.interp(inner, below, at), edges[-1:]])
    )
