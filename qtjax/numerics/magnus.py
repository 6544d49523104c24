"""Magnus steps of sixth order, and the times at which steps need their generator."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from .._types import RealLike
from ..algebra.operators import product

Matrix = Inexact[Array, "m n"]

_NODES = np.array([0.5 - math.sqrt(0.15), 0.5, 0.5 + math.sqrt(0.15)])
_ROUNDINGS = 1024.0  # of the time: nodes of steps of a piece that short are not told apart


def magnus_exponent(
    generator: Callable[[Any], Matrix], t0: RealLike, t1: RealLike,
    nodes: Float[Array, " 3"] | None = None,
) -> Matrix:  # fmt: skip
    """The Magnus exponent of sixth order for one step from t0 to t1.

    Three Gauss-Legendre nodes; Blanes, Casas, Oteo and Ros, Phys. Rep. 470, 151 (2009), eq. (257).
    Exact for a generator that commutes with itself and is a polynomial of degree <= 5 in t.

    Args:
        generator: t -> G(t), (m, n).
        t0: start of the step.
        t1: end of the step.
        nodes: `magnus_nodes`, or times beside them.

    Returns:
        Omega with y(t1) = exp(Omega) y(t0) + O(h^7), (m, n).
    """
    matrices = jax.vmap(generator)(magnus_nodes(t0, t1) if nodes is None else nodes)
    return magnus_combination(node_differences(jnp.asarray(t1 - t0) * matrices), _commutator)


def _commutator(a: Matrix, b: Matrix) -> Matrix:
    """A B - B A, of whose books, the rows beyond the columns, nothing depends."""
    n = a.shape[1]
    return product(a, b[:n]) - product(b, a[:n])


def magnus_nodes(t0: RealLike, t1: RealLike) -> Float[Array, " 3"]:
    """The times at which `magnus_exponent` needs the generator."""
    return jnp.asarray(t0 + (t1 - t0) * _NODES)


def within_pieces(
    nodes: Callable[[Any, Any], Float[Array, " stages"]], t: Float[Array, " times"],
    edges: Float[Array, " edges"],
) -> Float[Array, "steps stages"]:  # fmt: skip
    """The nodes of all steps, those of a piece that is short against roundings all in its middle.

    Others could come to lie beyond its edges, where a generator jumps.

    Args:
        nodes: of a step, from its start and its end.
        t: of the steps, in order.
        edges: of the pieces, in order, each one of the times.
    """
    found = jax.vmap(nodes)(t[:-1], t[1:])
    if edges.shape[0] == 2:
        return found
    edges = jax.lax.stop_gradient(edges)
    piece = jnp.searchsorted(edges, jax.lax.stop_gradient(t[:-1]), side="right") - 1
    piece = jnp.clip(piece, 0, edges.shape[0] - 2)
    start, end = edges[:-1][piece], edges[1:][piece]
    rounding = jnp.finfo(edges.dtype).eps * jnp.maximum(jnp.abs(start), jnp.abs(end))
    short = end - start <= _ROUNDINGS * rounding
    middle = jnp.minimum(start + 0.5 * (end - start), jnp.nextafter(end, -jnp.inf))
    return jnp.where(short[:, None], middle[:, None], found)


def node_differences(nodes: Inexact[Array, "3 ..."]) -> Inexact[Array, "3 ..."]:
    """The middle of three nodes, and the first and second differences.

    They are one sum, which XLA does once and not anew in every product that they are part of.
    """
    weights = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 1.0], [1.0, -2.0, 1.0]])
    weights = jnp.asarray(weights, nodes.real.dtype).reshape(3, 3, *(1,) * (nodes.ndim - 1))
    return jax.lax.reduce_sum(weights * nodes, (1,))


def magnus_combination(differences: Any, commutator: Callable[..., Any]) -> Any:
    """The exponent from the generator at the three nodes, times the length of the step.

    Args:
        differences: `node_differences` of matrices, or of what else `commutator` knows.
        commutator: of two of them.
    """
    b1, first, second = differences
    b2, b3 = (math.sqrt(15.0) / 3.0) * first, (10.0 / 3.0) * second
    c1 = commutator(b1, b2)
    c2 = commutator(b1, 2.0 * b3 + c1) / -60.0
    return b1 + b3 / 12.0 + commutator(-20.0 * b1 - b3 + c1, b2 + c2) / 240.0
