"""Products of small matrices for many lanes, written out.

A matrix is an array (rows, n, ..., lanes). A product is a sum over columns, in which XLA finds long
loops over the lanes and what stands before them; so is its adjoint, whose sums over an axis would
be slow.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

MOST_COMPONENTS = 4  # up to which sums are written out

Rows = Float[Array, "rows n *steps lanes"]


def row_sum(first: int, a: Rows, b: Rows) -> Rows:
    """A B, merged with what comes after; the rows of B are the components from the first on, then
    books."""
    total = a[:, first, None] * b[None, 0]
    for j in range(1, a.shape[1] - first):
        total = total + a[:, first + j, None] * b[None, j]
    return total


@partial(jax.jit, static_argnums=0)
def row_product(first: int, a: Rows, b: Rows) -> Rows:
    """The same by itself."""
    return _by_itself(partial(row_sum, first), a, b)


def _from_right(first: int, cotangent: Rows, b: Rows) -> Rows:
    """C B^T: the cotangent of A from that of A B."""
    states = b.shape[1] - first
    total = cotangent[:, 0, None] * b[None, :states, 0]
    for c in range(1, b.shape[1]):
        total = total + cotangent[:, c, None] * b[None, :states, c]
    return jnp.concatenate([jnp.zeros_like(b[:1, :first] * cotangent[:, :1]), total], axis=1)


def _from_left(first: int, a: Rows, cotangent: Rows) -> Rows:
    """A^T C: the cotangent of B from that of A B."""
    states = a.shape[1] - first
    total = a[0, first:, None] * cotangent[0, None]
    for i in range(1, a.shape[0]):
        total = total + a[i, first:, None] * cotangent[i, None]
    return jnp.concatenate([total, jnp.zeros_like(cotangent[states:])])


@partial(jax.jit, static_argnums=0)
def _adjoint(first: int, saved: tuple[Rows, Rows], cotangent: Rows) -> tuple[Rows, Rows]:
    """The cotangents of A and B."""

    def adjoint(a: Rows, b: Rows, cotangent: Rows) -> tuple[Rows, Rows]:
        return _from_right(first, cotangent, b), _from_left(first, a, cotangent)

    return _by_itself(adjoint, *saved, cotangent)


row_product_in_reverse = jax.custom_vjp(row_product, nondiff_argnums=(0,))
row_product_in_reverse.defvjp(lambda first, a, b: (row_product(first, a, b), (a, b)), _adjoint)


@partial(jax.jit, static_argnums=0)
def dual_product(first: int, x: Rows, y: Rows) -> Rows:
    """Of pairs (A, a) and (B, b), one below the other: A B, and B^T a + b A^T below it.

    A power series f makes (f(A), a) of (A, C) by this product, where a is the cotangent of A if C
    is that of f(A): its derivative is the same read from either side.
    """

    def product(x: Rows, y: Rows) -> Rows:
        rows = x.shape[0] // 2
        (a, of_a), (b, of_b) = (x[:rows], x[rows:]), (y[:rows], y[rows:])
        moved = _from_left(first, b, of_a) + _from_right(first, of_b, a)
        return jnp.concatenate([row_sum(first, a, b), moved])

    return _by_itself(product, x, y)


def _by_itself(function: Callable, *arrays: Array) -> Any:
    """function(*arrays), which XLA on a CPU does not merge with what comes after.

    Merged, a product would be computed anew for every entry that it is used in: a branch stops it.
    """

    def branch(*arrays: Array) -> Any:
        x = arrays[0].reshape(-1)[0]
        always = (x <= jnp.inf) | (x != x)  # which XLA does not know
        shapes = jax.eval_shape(function, *arrays)

        def never(*_: Array) -> Any:
            return jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)

        return jax.lax.cond(always, function, never, *arrays)

    return jax.lax.platform_dependent(*arrays, cpu=branch, default=function)
