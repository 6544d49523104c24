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

Matrix = Float[Array, "m n"]

STAGES = 4
_BEFORE = 64.0  # roundings by which the end of a step is looked at early: a drive may jump there


def _radau() -> tuple[np.ndarray, np.ndarray]:
    """Nodes in (0, 1], (stages,), and integrals of their Lagrange polynomials from 0 to each."""
    x = legendre.legroots([0.0] * (STAGES - 1) + [-1.0, 1.0])
    x[-1] = 1.0
    integrals = [legendre.legval(x, legendre.legint(one, lbnd=-1.0)) for one in np.eye(STAGES)]
    return 0.5 * (1.0 + x), 0.5 * np.linalg.solve(legendre.legvander(x, STAGES - 1).T, integrals).T


_NODES, _INTEGRALS = _radau()


def collocation_increment(generator: Callable[[Any], Matrix], t0: RealLike, t1: RealLike) -> Matrix:
    """F of one step from t0 to t1, y(t1) = y(t0) + F x(t0).

    Args:
        generator: t -> G(t), (m, n), of x and of m - n books on which nothing depends.
        t0: start of the step.
        t1: end of the step.

    Returns:
        F, (m, n).
    """
    width = jnp.asarray(t1 - t0)
    nodes = t0 + width * _NODES.astype(width.dtype)
    nodes = jnp.minimum(nodes, t1 - _BEFORE * jnp.finfo(width.dtype).eps * jnp.abs(t1))
    return _increment(width * jax.vmap(generator)(nodes))


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
    generator: Callable[[Any], Matrix], edges: Float[Array, " edges"], t: Float[Array, " times"]
) -> Matrix:
    """What the steps between t forget and the equation does not: what rotates within a step.

    Steps half as long forget it too, so their difference does not show it. Of the mean generator of
    every piece, whose exponential is known. Not to be differentiated.

    Args:
        generator: as for `collocation_increment`.
        edges: of the pieces, in order.
        t: of the steps, the edges among them.

    Returns:
        What F of all steps is short of, (m, n).
    """
    widths, middles, lengths = jnp.diff(t), 0.5 * (t[:-1] + t[1:]), jnp.diff(edges)
    piece = jnp.clip(jnp.searchsorted(edges, middles, side="right") - 1, 0, lengths.size - 1)
    parts = widths[:, None, None] * jax.vmap(generator)(middles)
    whole = jax.ops.segment_sum(parts, piece, lengths.size)
    means = whole / jnp.where(lengths > 0.0, lengths, 1.0)[:, None, None]

    def step(width: RealLike, piece: Array) -> Matrix:
        return _increment(jnp.broadcast_to(width * means[piece], (STAGES, *means.shape[1:])))

    taken = ordered_product(jax.vmap(step)(widths, piece), jax.vmap(compose))
    return ordered_product(jax.vmap(expm1_in_loops)(whole), jax.vmap(compose)) - taken


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
    return edges[:-1, None] + lengths * inner
