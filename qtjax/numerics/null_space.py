"""The projection on the null space of a generator, along its range: where motion leads in the end.

For x' = G x with an eigenvalue 0 that is as often geometric as algebraic (as for every generator of
states) P = V (U^T V)^-1 U^T, with V and U bases of the right and of the left null vectors. Then
x(t) -> P x(0), up to what rotates for ever. The columns of U are the conserved quantities.

P moves with G, as long as the null space keeps its dimension, by dP = -P dG S - S dG P with
S = (G - P)^-1 + P.

Source: T. Kato, Perturbation Theory for Linear Operators, chapter II, section 2.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._in_turn import inv, svd
from .._precise import matmul
from .._types import Real
from .exponentials import expm1

Matrix = Float[Array, "n n"]

# Singular values below so many roundings count as 0; and below so many they surely are.
_ZERO, _SURE = 100.0, 10.0


class NullSpace(NamedTuple):
    """A null space, and how well it is determined.

    Args:
        projection: P, (n, n).
        dimension: of the null space.
        gap: the smallest other singular value relative to the largest; 0 where all are 0.
        error: estimate of max|dP|, rounding included; inf where it is not sure what counts as 0.
    """

    projection: Matrix
    dimension: Array
    gap: Real
    error: Real


def null_space(generator: Matrix) -> NullSpace:
    """The projection on the null space of a square real matrix, along its range.

    Args:
        generator: G, (n, n).

    Returns:
        `NullSpace`; its projection is differentiable in both modes, any number of times.
    """
    fixed = jax.lax.stop_gradient(generator)
    _, values, inverse, _ = _bases(fixed)
    n, eps = fixed.shape[0], jnp.finfo(fixed.dtype).eps
    largest = jnp.where(values[0] > 0.0, values[0], 1.0)
    relative = values / largest
    zero = relative <= _ZERO * n * eps
    gap = jnp.min(jnp.where(zero, jnp.inf, relative))
    gap = jnp.where(jnp.isfinite(gap), gap, 0.0)
    sure = jnp.all(~zero | (relative <= _SURE * n * eps))
    condition = jnp.where(gap > 0.0, 1.0 / jnp.where(gap > 0.0, gap, 1.0), 1.0)
    error = 8.0 * eps * jnp.sqrt(n) * jnp.max(jnp.sum(jnp.abs(inverse), axis=0)) * condition
    error = jnp.where(sure & jnp.isfinite(error), error, jnp.inf)
    return NullSpace(_projection(generator), jnp.sum(zero), gap, error)


def never_rests(generator: Matrix, x: Float[Array, " n"]) -> Real:
    """max|exp(G t) x| after a long time: what of x rotates for ever.

    Args:
        generator: G, (n, n).
        x: a vector without a part in the null space.

    Returns:
        A scalar, not differentiated, after t = 2^45 / |G| in float64 (2^16 / |G| in float32), as
        long as rounding allows: 0 but for rounding where all of x decays faster than 1e-12 |G|.
    """
    generator, x = jax.lax.stop_gradient((generator, x))
    size = jnp.max(jnp.sum(jnp.abs(generator), axis=0))
    step = expm1(generator / jnp.where(size > 0.0, size, 1.0), 1)
    whole = step + jnp.eye(step.shape[0], dtype=step.dtype)
    squarings = int(math.log2(0.01 / float(jnp.finfo(step.dtype).eps)))
    late = jax.lax.fori_loop(0, squarings, lambda _, m: matmul(m, m), whole)
    return jnp.max(jnp.abs(matmul(late, x)))


def _bases(generator: Matrix) -> tuple[tuple[Matrix, Matrix], Array, Matrix, Array]:
    """Left and right singular vectors that count as null, all values, (U^T V)^-1, and the mask."""
    left, values, right = svd(generator)
    n, eps = generator.shape[0], jnp.finfo(generator.dtype).eps
    null = values <= _ZERO * n * eps * values[0]
    u, v = left * null, right.T * null
    overlaps = matmul(u.T, v) + jnp.diag(1.0 - null)
    return (u, v), values, inv(overlaps), null


@jax.custom_jvp
def _projection(generator: Matrix) -> Matrix:
    (u, v), _, inverse, _ = _bases(generator)
    return matmul(matmul(v, inverse), u.T)


@_projection.defjvp
def _projection_jvp(primals: tuple[Matrix], tangents: tuple[Matrix]) -> tuple[Matrix, Matrix]:
    (generator,), (change,) = primals, tangents
    p = _projection(generator)
    size = jax.lax.stop_gradient(jnp.max(jnp.abs(generator)))
    size = jnp.where(size > 0.0, size, 1.0)
    reduced = inv(generator / size - p) + p
    change = change / size
    moved = matmul(p, matmul(change, reduced)) + matmul(reduced, matmul(change, p))
    return p, -moved
