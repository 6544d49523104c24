"""Matrix exponentials and Magnus steps of small real generators.

Everything is kept as F = exp(A) - 1: composing (1 + F2)(1 + F1) = 1 + (F1 + F2 + F2 F1) loses no
digits when a stroke does little, and squaring F -> 2F + F^2 does not amplify rounding.

A matrix (m, n) with m > n stands for a square one whose last m - n columns are 0: rows of books on
which nothing depends. Its products are A B[:n].
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from equinox.internal import unvmap_any
from jaxtyping import Array, Float, Inexact

from .._types import RealLike
from ..algebra.operators import product
from .generators import AbstractGenerator, ConstantGenerator

Matrix = Inexact[Array, "m n"]

_DEGREE = 15
_RADIUS = 0.7  # ||A|| at which the Taylor polynomial of degree 15 is exact in float64
_FEW_SQUARINGS = 8
_NODES = np.array([0.5 - math.sqrt(0.15), 0.5, 0.5 + math.sqrt(0.15)])


def expm1(a: Matrix, max_squarings: int = 48) -> Matrix:
    """exp(A) - 1 by a scaled Taylor polynomial (Paterson-Stockmeyer) and squaring.

    Args:
        a: real or complex matrix, (m, n), m >= n.
        max_squarings: static; a norm above 0.7 * 2**max_squarings gives nan.

    Returns:
        exp(A) - 1, (m, n); differentiable in both modes.
    """
    norm = jnp.max(jnp.sum(jnp.abs(jax.lax.stop_gradient(a)), axis=0))
    needed = jnp.maximum(jnp.ceil(jnp.log2(norm / _RADIUS)), 0.0)
    needed = jnp.where(needed <= max_squarings, needed, jnp.nan)
    f = taylor_expm1(a * jnp.exp2(-needed).astype(a.real.dtype))

    def square(f: Matrix, k: Array) -> tuple[Matrix, None]:
        return jnp.where(k < needed, compose(f, f), f), None

    def squared(count: int) -> Callable[[Matrix], Matrix]:
        return lambda f: jax.lax.scan(square, f, jnp.arange(count))[0]

    if max_squarings <= _FEW_SQUARINGS:
        return squared(max_squarings)(f)
    many = unvmap_any(~(needed <= _FEW_SQUARINGS))  # in any lane: a branch stays a branch
    return jax.lax.cond(many, squared(max_squarings), squared(_FEW_SQUARINGS), f)


def taylor_expm1(a: Matrix) -> Matrix:
    """sum_{k=1}^{15} A^k / k!, with six products: exp(A) - 1 to rounding for ||A|| up to 0.7."""
    one = jnp.eye(*a.shape, dtype=a.dtype)
    a2 = _product(a, a)
    powers = (one, a, a2, _product(a2, a))
    a4 = _product(a2, a2)
    total: Any = None
    for block in range(_DEGREE // 4, -1, -1):
        first = 1 if block == 0 else 0
        part = sum(powers[k] / float(math.factorial(4 * block + k)) for k in range(first, 4))
        total = part if total is None else _product(a4, total) + part
    return total


def exponential_action(a: Matrix, x: Float[Array, " m"]) -> Float[Array, " m"]:
    """exp(A) x by 24 terms of the Taylor series; nan if ||A|| exceeds 3.

    Args:
        a: real matrix, (m, m).
        x: vector, (m,).

    Returns:
        exp(A) x, (m,).
    """

    def add(carry: tuple[Array, Array], k: Array) -> tuple[tuple[Array, Array], None]:
        term, total = carry
        term = a @ term / k
        return (term, total + term), None

    (_, total), _ = jax.lax.scan(add, (x, x), jnp.arange(1.0, 25.0, dtype=x.dtype))
    norm = jnp.max(jnp.sum(jnp.abs(jax.lax.stop_gradient(a)), axis=0))
    return jnp.where(norm <= 3.0, total, jnp.nan)


def compose(later: Matrix, earlier: Matrix) -> Matrix:
    """(1 + later)(1 + earlier) - 1."""
    return earlier + later + _product(later, earlier)


def advance(y: Float[Array, " m"], increment: Matrix) -> Float[Array, " m"]:
    """y + F x for y = (x, books)."""
    return y + increment @ y[: increment.shape[1]]


def _product(a: Matrix, b: Matrix) -> Matrix:
    return product(a, b[: b.shape[1]])


def magnus_exponent(generator: AbstractGenerator, t0: RealLike, t1: RealLike) -> Matrix:
    """The Magnus exponent of sixth order for one step from t0 to t1.

    Three Gauss-Legendre nodes; Blanes, Casas, Oteo and Ros, Phys. Rep. 470, 151 (2009), eq. (257).
    Exact for a generator that commutes with itself and is a polynomial of degree <= 5 in t.

    Args:
        generator: G(t).
        t0: start of the step.
        t1: end of the step.

    Returns:
        Omega with y(t1) = exp(Omega) y(t0) + O(h^7), (m, n).
    """
    h = t1 - t0
    if isinstance(generator, ConstantGenerator):
        return jnp.asarray(h) * generator.matrix
    nodes = jax.vmap(generator)(magnus_nodes(t0, t1))
    return magnus_combination(jnp.asarray(h) * nodes, lambda a, b: _product(a, b) - _product(b, a))


def magnus_nodes(t0: RealLike, t1: RealLike) -> Float[Array, " 3"]:
    """The times at which `magnus_exponent` needs the generator."""
    return jnp.asarray(t0 + (t1 - t0) * _NODES)


def magnus_combination(nodes: Inexact[Array, "3 m n"], commutator: Callable[..., Any]) -> Any:
    """The exponent from the generator at the nodes, times the length of the step, (m, n)."""
    a1, b1, a3 = nodes
    b2 = (math.sqrt(15.0) / 3.0) * (a3 - a1)
    b3 = (10.0 / 3.0) * (a3 - 2.0 * b1 + a1)
    c1 = commutator(b1, b2)
    c2 = commutator(b1, 2.0 * b3 + c1) / -60.0
    return b1 + b3 / 12.0 + commutator(-20.0 * b1 - b3 + c1, b2 + c2) / 240.0
