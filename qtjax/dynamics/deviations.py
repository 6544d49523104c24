"""What strokes make of errors: followed through a cycle, and the solve for its fixed point."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .._in_turn import solve
from .._types import Real, RealLike
from ..numerics.lanes import over_lanes
from .propagator import Matrix, Propagator

PROBES = 4  # how many sets of signs of roundings are tried


class _Steps(NamedTuple):
    """Strokes as deviations see them, with a last axis of lanes.

    Args:
        increments: F of their propagators, (strokes, m, n, lanes).
        added: what their errors add to vectors and books, for every set of signs,
            (strokes, probes, m, lanes).
        booked: what else books may be off by, (strokes, m - n, lanes).
        rounding: what any entry may be off by besides, (strokes, lanes).
        units: of the books, (strokes, lanes).
    """

    increments: Array
    added: Array
    booked: Array
    rounding: Array
    units: Array


def cycle_error(
    maps: Sequence[Propagator] | Propagator,
    vectors: Float[Array, "edges n"],
    total: Matrix,
    weights: np.ndarray,
    unique: Bool[Array, ""],
    size: RealLike = 1.0,
) -> Real:
    """The estimated error of the vectors and books of a limit cycle, to first order.

    What the maps may be off by is applied to the vectors that they act on, and followed through the
    solve for the fixed point: coherences that are not there cannot be wrong.

    Args:
        maps: the propagators of the strokes, or one with a leading axis of strokes.
        vectors: components of states, or moments, at the start of every stroke and at the end of
            the last, (strokes + 1, n).
        total: M - 1 of the cycle, (n, n).
        weights: w with w (M - 1) = 0, those of the trace, static, (n,).
        unique: whether there is one fixed point.
        size: of vectors and books, to which errors are relative.

    Returns:
        max|dx|, of the books in units of the largest energy; inf where a stroke is not resolved.
    """
    total = jax.lax.stop_gradient(total)
    follow, n = _following(maps, vectors, weights, size), weights.size
    once, _ = follow(jnp.zeros((PROBES, n), total.dtype))
    bordered = np.outer(weights / np.sum(weights**2), weights) - total
    start = solve(jnp.where(unique, bordered, np.eye(n)), once.T).T
    _, largest = follow(start)
    # inf, and not nan, where a stroke is not resolved
    first = jnp.max(jnp.abs(start)) / jax.lax.stop_gradient(size)
    return jnp.where(jnp.isinf(largest), largest, jnp.maximum(first, largest))


def follow_error(
    maps: Sequence[Propagator],
    vectors: Float[Array, "edges n"],
    weights: np.ndarray,
    deviation: Float[Array, "probes n"],
) -> tuple[Float[Array, "probes n"], Real]:
    """What strokes make of deviations of their first vector, with what they may be off by.

    Args:
        maps: the propagators of the strokes.
        vectors: at the start of every stroke, and at the end of the last, (strokes + 1, n).
        weights: as for `cycle_error`.
        deviation: of the first vector, for every set of signs of roundings, (`PROBES`, n).

    Returns:
        Those of the last vector, and the largest error of vectors and books on the way, as of
        `cycle_error`.
    """
    return _following(maps, vectors, weights, 1.0)(jax.lax.stop_gradient(deviation))


def _following(
    maps: Sequence[Propagator] | Propagator, vectors: Array, weights: np.ndarray, size: RealLike
) -> Callable[[Array], tuple[Array, Real]]:
    """What follows deviations of the first vector, (probes, n), to those of the last."""
    size = jnp.asarray(size, vectors.dtype)
    stroke, last = _stacked(maps)
    parts = stroke.increment, stroke.doubt, stroke.rounded, stroke.unit, stroke.rounding, last
    given = jax.lax.stop_gradient((*parts, vectors[:-1], size))
    ends = jax.ShapeDtypeStruct((PROBES, weights.size), vectors.dtype)
    outputs = ends, jax.ShapeDtypeStruct((), vectors.dtype)

    def value(given: Any) -> tuple[Array, Array]:
        return _follow(_steps(weights, *given[:-1]), given[-1], given[-2])

    def follow(deviation: Array) -> tuple[Array, Real]:
        ended, largest = over_lanes(value, value, outputs, (*given, deviation))
        return ended, jnp.where(jnp.all(stroke.resolved), largest, jnp.inf)

    return follow


def _follow(steps: _Steps, deviation: Array, size: Array) -> tuple[Array, Array]:
    """Of deviations (probes, n, lanes) those of the last vector, and the largest error."""
    n = deviation.shape[1]

    def follow(carry: tuple[Array, Array], step: _Steps) -> tuple[tuple[Array, Array], None]:
        deviation, largest = carry
        added = _times(step.increments[None], deviation) + step.added
        deviation = deviation + added[:, :n]
        books = _largest(jnp.abs(added[:, n:]) + step.booked) / step.units
        found = jnp.maximum(books, _largest(deviation)) / size + step.rounding
        return (deviation, jnp.maximum(largest, found)), None

    lanes = np.broadcast_shapes(*(x.shape[-1:] for x in (*steps, deviation, size)))
    deviation = jnp.broadcast_to(deviation, (*deviation.shape[:-1], *lanes))
    return jax.lax.scan(follow, (deviation, jnp.zeros(lanes, deviation.dtype)), steps)[0]


def _steps(
    weights: np.ndarray, increments: Array, doubts: Array, rounded: Array, units: Array,
    rounding: Array, last: Array, xs: Array, size: Array,
) -> _Steps:  # fmt: skip
    eps, (strokes, n, _) = jnp.finfo(xs.dtype).eps, xs.shape
    # twice a rounding each, since the signs that are tried are few
    signs = np.random.default_rng(0).choice([-2.0, 2.0], (2, strokes, PROBES, n, 1))
    before, after = jnp.asarray(signs, xs.dtype)
    states, rows = increments[:, :n], increments[:, n:]
    sizes, ended = _spread(rounded, xs), last[:, None] * _spread(states, xs)
    begun = _kept(weights, sizes[:, None, :n], before)
    moved = begun + _times(states[:, None], begun) + _kept(weights, ended[:, None], after)
    doubt = jnp.sign(before[:, :, :1]) * _times(doubts, xs)[:, None]
    added = jnp.concatenate([doubt[:, :, :n] + moved, doubt[:, :, n:]], axis=2)
    booked = 4.0 * eps * jnp.abs(_times(rows, xs))
    of_books = jnp.max(jnp.abs(sizes[:, n:]), axis=1, initial=0.0) / size
    return _Steps(increments, added, booked, jnp.maximum(rounding, of_books), units)


def _stacked(maps: Sequence[Propagator] | Propagator) -> tuple[Propagator, Array]:
    """Propagators with a leading axis, and what rounding does to F x beside `rounded`, of F x."""
    if isinstance(maps, Propagator):
        return maps, jnp.full(len(maps.unit), jnp.finfo(maps.unit.dtype).eps)
    most = max(stroke.increment.shape[0] for stroke in maps)

    def padded(stroke: Propagator) -> Propagator:
        rounded = jnp.zeros_like(stroke.doubt) if stroke.rounded is None else stroke.rounded
        rows = ((0, most - rounded.shape[0]), (0, 0))
        parts = (jnp.pad(a, rows) for a in (stroke.increment, stroke.doubt, rounded))
        kept = dict(zip(("increment", "doubt", "rounded"), parts, strict=True))
        return stroke._replace(quantum=jnp.zeros(()), **kept)

    eps = jnp.finfo(maps[0].unit.dtype).eps
    last = [jnp.asarray(eps) if s.rounded is not None else s.rounding for s in maps]
    return jax.tree.map(lambda *each: jnp.stack(each), *map(padded, maps)), jnp.stack(last)


def _times(a: Array, x: Array) -> Array:
    """A x, (..., m, lanes)."""
    return jnp.sum(a * x[..., None, :, :], axis=-2)


def _largest(x: Array) -> Array:
    """The largest modulus of each lane, 0 of none."""
    return jnp.max(jnp.abs(x), axis=tuple(range(x.ndim - 1)), initial=0.0)


def _spread(matrix: Array, x: Array) -> Array:
    """The largest entry of every row times the largest component that it meets."""
    met = jnp.where(matrix == 0.0, 0.0, jnp.abs(x)[:, None])
    return jnp.max(jnp.abs(matrix), axis=2) * jnp.max(met, axis=2)


def _kept(weights: np.ndarray, sizes: Array, signs: Array) -> Array:
    """Changes of so many sizes and signs that leave the sum w.x as it is."""
    w = jnp.asarray(weights[:, None], sizes.dtype)
    rounded, held = signs * sizes, jnp.where(w == 0.0, 0.0, sizes)
    whole = jnp.sum(w * held, axis=-2, keepdims=True)
    lost = jnp.sum(w * rounded, axis=-2, keepdims=True)
    return rounded - held * lost / jnp.where(whole > 0.0, whole, 1.0)
