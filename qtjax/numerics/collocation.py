"""Steps by collocation, which may be as long against a lifetime as they like.

Radau IIA with four stages: of seventh order where steps are short, and what decays within a step is
forgotten, as it should be. E. Hairer and G. Wanner, Solving Ordinary Differential Equations II,
section IV.5.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy.polynomial import legendre

from .._in_turn import solve
from .._precise import matmul
from .._types import RealLike
from .exponentials import compose, expm1_in_loops, ordered_product
from .resolution import Seen

Matrix = Float[Array, "m n"]

STAGES = 4
_BEFORE = 64.0  # roundings by which the end of a step is looked at early: a drive may jump there
_WITHIN = 0.6180339887498949  # of a part of a piece: no period that divides the piece hides
_AT = (np.arange(8) + _WITHIN) / 8
_SLOW = 30.0  # radians within which what is followed changes little


def _radau() -> tuple[np.ndarray, np.ndarray]:
    """Nodes in (0, 1], (stages,), and integrals of their Lagrange polynomials from 0 to each."""
    x = legendre.legroots([0.0] * (STAGES - 1) + [-1.0, 1.0])
    x[-1] = 1.0
    integrals = [legendre.legval(x, legendre.legint(one, lbnd=-1.0)) for one in np.eye(STAGES)]
    return 0.5 * (1.0 + x), 0.5 * np.linalg.solve(legendre.legvander(x, STAGES - 1).T, integrals).T


_NODES, _INTEGRALS = _radau()


def collocation_increment(
    generator: Callable[[Any], Matrix], t0: RealLike, t1: RealLike,
    nodes: Float[Array, " stages"] | None = None,
) -> Matrix:  # fmt: skip
    """F of one step from t0 to t1, y(t1) = y(t0) + F x(t0).

    Args:
        generator: t -> G(t), (m, n), of x and of m - n books on which nothing depends.
        t0: start of the step.
        t1: end of the step.
        nodes: `collocation_nodes`, or times beside them.

    Returns:
        F, (m, n).
    """
    nodes = collocation_nodes(t0, t1) if nodes is None else nodes
    return _increment(jnp.asarray(t1 - t0) * jax.vmap(generator)(nodes))


def collocation_nodes(t0: RealLike, t1: RealLike) -> Float[Array, " stages"]:
    """The times at which `collocation_increment` needs the generator."""
    width = jnp.asarray(t1 - t0)
    nodes = t0 + width * _NODES.astype(width.dtype)
    return jnp.minimum(nodes, t1 - _BEFORE * jnp.finfo(width.dtype).eps * jnp.abs(t1))


def _increment(matrices: Float[Array, "stages m n"]) -> Matrix:
    """F from the generator at the nodes, times the length of the step."""
    n, size = matrices.shape[2], STAGES * matrices.shape[2]
    integrals = jnp.asarray(_INTEGRALS, matrices.dtype)
    blocks = integrals[:, None, :, None] * matrices[:, :n].swapaxes(0, 1)[None]  # (s, n, s, n)
    implicit = jnp.eye(size, dtype=matrices.dtype) - blocks.reshape(size, size)
    gained = solve(implicit, jnp.sum(blocks, axis=2).reshape(size, n)).reshape(STAGES, n, n)
    booked = matrices[:, n:] + jax.vmap(matmul)(matrices[:, n:], gained)
    books = sum(weight * x for weight, x in zip(_INTEGRALS[-1], booked, strict=True))
    return jnp.concatenate([gained[-1], books])


def forgotten(
    generator: Callable[[Any], Matrix],
    edges: Float[Array, " edges"],
    t: Float[Array, " times"],
    seen: Seen | None = None,
) -> Matrix:
    """What the steps between t forget and the equation does not: what rotates within a step.

    Steps half as long forget it too, so their difference does not show it. Every piece is taken
    with the generator of one time in it, whose exponential is known: of many the one of which most
    is forgotten. A piece ends too where the generator changes as fast as the state rotates, which
    excites what rotates. Not to be differentiated.

    Args:
        generator: as for `collocation_increment`.
        edges: of the pieces, in order.
        t: of the steps, the edges among them.
        seen: what is known of the generator between edges; nothing if it changes slowly.

    Returns:
        What F of all steps is short of, (m, n); 0 for what is rounding.
    """
    if seen is None:
        times = (edges[:-1, None] + jnp.diff(edges)[:, None] * _AT).reshape(-1)
        cuts, found = edges, jax.vmap(generator)(times)
    else:
        starts = seen.starts[:, None] + seen.bins[:, None] * np.arange(seen.lengths.shape[1])
        times = (starts + _WITHIN * seen.bins[:, None]).reshape(-1)
        found = jax.vmap(generator)(times)
        size = jnp.max(jnp.sum(jnp.abs(found), axis=2))
        fast = seen.lengths * size < _SLOW
        beside = fast.at[:, 1:].set(fast[:, 1:] | fast[:, :-1])
        cuts = jnp.sort(jnp.concatenate([edges, jnp.where(beside, starts, edges[0]).reshape(-1)]))
    middles, lengths, pieces = 0.5 * (cuts[:-1] + cuts[1:]), jnp.diff(cuts), cuts.size - 1
    found = jnp.concatenate([found, jax.vmap(generator)(middles)])
    last = jnp.searchsorted(cuts, times, side="right") - 1
    piece = jnp.concatenate([jnp.clip(last, 0, pieces - 1), jnp.arange(pieces)])
    steps = jnp.diff(jnp.searchsorted(t, cuts, side="right")).clip(1)
    width, bits = lengths / steps, t.size.bit_length()

    def both(matrix: Matrix, piece: Array) -> tuple[Matrix, Matrix]:
        step = _increment(jnp.broadcast_to(width[piece] * matrix, (STAGES, *matrix.shape)))
        return expm1_in_loops(lengths[piece] * matrix), _repeated(step, steps[piece], bits)

    exact, taken = jax.vmap(both)(found, piece)
    short = jnp.max(jnp.abs(exact - taken), axis=(1, 2))
    worst = jnp.argmax(jnp.where(piece == jnp.arange(pieces)[:, None], short, -1.0), axis=1)
    exact, taken = (ordered_product(part[worst], jax.vmap(compose)) for part in (exact, taken))
    rounding = jnp.finfo(exact.dtype).eps * jnp.max(jnp.sum(jnp.abs(found), axis=2))
    missed = exact - taken
    return jnp.where(jnp.abs(missed) > rounding * (t[-1] - t[0]), missed, 0.0)


def _repeated(step: Matrix, times: Array, bits: int) -> Matrix:
    """F of so many equal steps, fewer than 2^bits."""

    def double(k: Array, carry: tuple[Matrix, Matrix]) -> tuple[Matrix, Matrix]:
        power, total = carry
        taken = (times >> k) & 1 == 1
        return compose(power, power), jnp.where(taken, compose(power, total), total)

    return jax.lax.fori_loop(0, bits, double, (step, jnp.zeros_like(step)))[1]


def convergence(implicit: bool) -> float:
    """2^order - 1: what the difference to steps twice as long is, in errors.

    Args:
        implicit: of collocation, which in slow strokes is at least of the order of its stages, or
            else of Magnus steps.
    """
    return 2.0 ** (STAGES if implicit else 6) - 1.0


def graded(
    edges: Float[Array, " edges"], parts: int, size: RealLike
) -> Float[Array, "pieces parts"]:
    """Times from the start of every piece on, closer together where what decays does it.

    Args:
        edges: of the pieces, in order.
        parts: how many times for each.
        size: of the generator, which the first steps are short against.

    Returns:
        The times, the first at the start of a piece and none at its end.
    """
    lengths = jnp.diff(edges)[:, None]
    stretch = jnp.log(jnp.maximum(size * lengths / parts, 1.0 + 1e-3))
    inner = jnp.expm1(stretch * (np.arange(parts) / parts)) / jnp.expm1(stretch)
    return inside(edges[:-1, None] + lengths * inner, edges)


def inside(times: Float[Array, "pieces parts"], edges: Float[Array, " edges"]) -> Array:
    """Times of pieces, none rounded to the end of its own.

    Args:
        times: of every piece, (pieces, parts).
        edges: of the pieces, in order.
    """
    given, edges = jax.lax.stop_gradient((times, edges))
    last = jnp.maximum(jnp.nextafter(edges[1:, None], -jnp.inf), edges[:-1, None])
    return times + (jnp.minimum(given, last) - given)  # derivatives stay as they are
