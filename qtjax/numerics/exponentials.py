"""Matrix exponentials and Magnus steps of small real generators.

Everything is kept as F = exp(A) - 1: composing (1 + F2)(1 + F1) = 1 + (F1 + F2 + F2 F1) loses no
digits when a stroke does little, and squaring F -> 2F + F^2 does not amplify rounding.

A matrix (m, n) with m > n stands for a square one whose last m - n columns are 0: rows of books on
which nothing depends. Its products are A B[:n].
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from .._jax import unvmap_any
from .._precise import matmul
from .._types import RealLike
from ..algebra.operators import product
from .equation import Balance
from .lanes import over_lanes
from .small_matrices import Rows, dual_product, row_product, row_sum

Matrix = Inexact[Array, "m n"]

_DEGREE = 15
_RADIUS = 0.7  # ||A|| at which the Taylor polynomial of degree 15 is exact in float64
_FEW_SQUARINGS, _MOST_SQUARINGS = 8, 48
_ANY_SQUARINGS = 1024  # those of the largest number, 2**1024
_SHORT = 16  # sums that are written out
_ROW_COMPONENTS = 9  # up to which lanes last are faster


def expm1(
    a: Matrix, max_squarings: int = _MOST_SQUARINGS, moving: tuple[int, ...] | None = None
) -> Matrix:
    """exp(A) - 1 by a scaled Taylor polynomial (Paterson-Stockmeyer) and squaring.

    Beyond ||A|| = 0.7 * 2**max_squarings, where the phase of a rotation is not known any more, its
    amplitude comes back as 0: the first squarings are U^2 - (U - 1)^4 / 16 there, which is U^2 but
    for fourth powers of what is small, and takes 1 - sin^4(phi/2) of what turns by phi.

    Args:
        a: real or complex matrix, (m, n), m >= n.
        max_squarings: static.
        moving: the rows that are not 0: those of x from one on, then any; static. All if `None`.

    Returns:
        exp(A) - 1, (m, n); differentiable in both modes.
    """
    m, n = a.shape
    if n > _ROW_COMPONENTS or jnp.iscomplexobj(a):
        return _expm1(a, _norm(a), max_squarings, _product, _product)
    rows = tuple(range(m)) if moving is None else moving
    first = rows[0]

    def value(a: Rows) -> Rows:
        products = partial(row_product, first), partial(row_sum, first)
        return _expm1(a, _norm(a), max_squarings, *products)

    def pullback(a: Rows, wanted: bool, cotangent: Rows) -> Rows:
        product, both = partial(dual_product, first), jnp.concatenate([a, cotangent])
        return _expm1(both, _norm(a), max_squarings, product, product)[len(rows) :]

    output = jax.ShapeDtypeStruct((len(rows), n), a.dtype)
    found = over_lanes(value, value, output, a[np.array(rows)], pullback=pullback)
    place = np.full(m, len(rows))
    place[np.array(rows)] = np.arange(len(rows))
    return jnp.pad(found, ((0, 1), (0, 0)))[place]


def _norm(a: Inexact[Array, "m n ..."]) -> Float[Array, "..."]:
    """The largest sum of moduli in a column."""
    sizes = jnp.abs(jax.lax.stop_gradient(a))
    return jnp.max(sum(sizes[1:], start=sizes[0]), axis=0)


def _expm1(
    a: Inexact[Array, "m n ..."],
    norm: Float[Array, "..."],
    max_squarings: int,
    product: Callable[..., Any],
    merged: Callable[..., Any],
) -> Inexact[Array, "m n ..."]:
    """The same in any layout that `product` knows, and `merged` where it is used but once."""
    needed = _squarings(norm)
    early = jnp.maximum(needed - max_squarings, 0.0)

    def doubled(square: Callable, f: Array, count: Array, most: int, each: int) -> Array:
        """As many squarings as any lane wants, in blocks."""

        def unless_done(f: Array, k: Array) -> tuple[Array, None]:
            wanted = k < count

            def squared(f: Array) -> Array:
                return jnp.where(wanted, square(f), f)

            return jax.lax.cond(unvmap_any(wanted), squared, lambda f: f, f), None

        def some(f: Array, first: Array | int) -> Array:
            return jax.lax.scan(unless_done, f, first + jnp.arange(each))[0]

        def block(f: Array, first: Array) -> tuple[Array, None]:
            more = unvmap_any(first < count)  # in any lane: a branch stays a branch
            return jax.lax.cond(more, jax.checkpoint(some), lambda f, _: f, f, first), None

        return some(f, 0) if most <= each else jax.lax.scan(block, f, jnp.arange(0, most, each))[0]

    def damped(f: Array) -> Array:
        square = product(f, f)
        return f + f + square - product(square, square) / 16.0

    def far(f: Array) -> Array:
        return doubled(damped, f, early, _ANY_SQUARINGS, 32)

    f = taylor_expm1(a * jnp.exp2(-needed).astype(a.real.dtype), product)
    if max_squarings > _FEW_SQUARINGS:
        f = jax.lax.cond(unvmap_any(early > 0.0), jax.checkpoint(far), lambda f: f, f)
    few = min(max_squarings, _FEW_SQUARINGS)
    found = doubled(lambda f: f + f + merged(f, f), f, needed - early, max_squarings, few)
    return jnp.where(jnp.isnan(needed), jnp.nan, found)


def _squarings(norm: Float[Array, "..."]) -> Float[Array, "..."]:
    """How many squarings a norm asks for; nan where its scale would be no normal number."""
    needed = jnp.maximum(jnp.ceil(jnp.log2(norm / _RADIUS)), 0.0)
    return jnp.where(needed < jnp.finfo(norm.dtype).maxexp - 1, needed, jnp.nan)


def expm1_in_loops(a: Matrix) -> Matrix:
    """exp(A) - 1 in loops: quick to compile, and not differentiable."""
    needed = _squarings(jnp.max(jnp.sum(jnp.abs(a), axis=0)))
    scaled = a * jnp.exp2(-needed)

    def add(k: Array, f: Matrix) -> Matrix:
        return scaled / (_DEGREE + 1.0 - k) + _product(scaled, f) / (_DEGREE + 1.0 - k)

    def square(k: Array, f: Matrix) -> Matrix:
        square = _product(f, f)
        damped = jnp.where(k < needed - _MOST_SQUARINGS, _product(square, square) / 16.0, 0.0)
        return f + f + square - damped

    f = jax.lax.fori_loop(1, _DEGREE + 1, add, jnp.zeros_like(a))
    return jax.lax.fori_loop(0, jnp.nan_to_num(needed).astype(int), square, f)


def expm1_with_doubt(
    a: Matrix,
    allowed: RealLike,
    moving: tuple[int, ...] | None = None,
    balances: Sequence[Balance] = (),
) -> tuple[Matrix, Matrix, Array]:
    """exp(A) - 1, and what rounding may have done to it.

    Entries of A are known to a rounding. eps ||A|| bounds what that does; where the bound exceeds
    what is allowed, the exponential of a matrix that is off by as much tells, so that a fast decay
    is not blamed for what it forgets.

    Args:
        a: real matrix, (m, n), m >= n.
        allowed: an error that need not be looked at more closely.
        moving: as for `expm1`.
        balances: of the rows of books, in their unit.

    Returns:
        exp(A) - 1, how far it may be off entry by entry, and how far besides in any entry.
    """
    fixed = jax.lax.stop_gradient(a)
    found = _balanced(expm1(a, moving=moving), fixed, balances)
    eps = jnp.finfo(a.dtype).eps
    bound = eps * jnp.max(jnp.sum(jnp.abs(fixed), axis=0))

    def closely(fixed: Matrix, found: Matrix) -> tuple[Matrix, Array]:
        # of many sizes: equal ones may cancel in the heat of an equilibrium, and doubt nothing
        nudges = 2.0 * eps * jnp.asarray(np.random.default_rng(0).standard_normal(a.shape), a.dtype)
        # an entry may be the difference of others as large as what stands beside it
        sizes = jnp.where(fixed == 0.0, 0.0, jnp.max(jnp.abs(fixed), axis=1, keepdims=True))
        nudged = fixed + nudges * sizes
        nudged = _balanced(expm1_in_loops(nudged), fixed, balances)
        return nudged - found, eps * jnp.ones_like(bound)

    def nothing(fixed: Matrix, found: Matrix) -> tuple[Matrix, Array]:
        return jnp.zeros_like(found), bound

    suspect = unvmap_any(~(bound <= 0.1 * allowed))
    doubt, rounding = jax.lax.cond(suspect, closely, nothing, fixed, jax.lax.stop_gradient(found))
    return found, doubt, rounding


def _balanced(f: Matrix, fixed: Matrix, balances: Sequence[Balance]) -> Matrix:
    """exp(A) - 1 with the largest book of every balance as what the others leave.

    What a book adds up over many lifetimes carries as many roundings; what a state gains does not.
    A quantity without books is kept: what drifts is taken from what became of its own direction.
    """
    n = f.shape[1]
    for vector, books, holds in balances:
        gained = times(f[:n].T, vector)
        if not books:
            unit = vector / jnp.sum(vector**2)
            became = jnp.pad(unit, (0, f.shape[0] - n)) + times(f, unit)
            f = f - (became / (1.0 + jnp.sum(gained * unit)))[:, None] * gained
            continue
        rows = n + np.array(books)
        sizes = jnp.max(jnp.abs(fixed[rows]), axis=1)
        largest = jnp.arange(rows.size) == jnp.argmax(sizes)
        rest = gained - jnp.sum(jnp.where(largest[:, None], 0.0, f[rows]), axis=0)
        long = (jnp.max(sizes) > jnp.max(jnp.abs(vector))) & holds
        chosen = jnp.any((np.arange(f.shape[0])[:, None] == rows) & largest & long, axis=1)
        f = jnp.where(chosen[:, None], rest, f)
    return f


def unitary_expm1(a: Inexact[Array, "steps d d"]) -> Inexact[Array, "steps d d"]:
    """exp(A) - 1 of anti-Hermitian matrices, (steps, d, d), unitary to eps ||A||.

    The Taylor polynomial where all norms are below 0.7, as they are in short steps, and squaring
    beyond.
    """
    norms = jnp.max(jnp.sum(jnp.abs(jax.lax.stop_gradient(a)), axis=-2), axis=-1)
    long = unvmap_any(~(jnp.max(norms) <= _RADIUS))
    # what derivatives need is found again: else room for that of both branches would be made
    return jax.lax.cond(
        long, jax.checkpoint(jax.vmap(expm1)), jax.checkpoint(jax.vmap(taylor_expm1)), a
    )


def nearest_unitary(f: Inexact[Array, "d d"]) -> Inexact[Array, "d d"]:
    """The nearest unitary less 1, from F with 1 + F unitary but for rounding of many steps.

    One step of Newton's method for the polar factor, U - U (U^+ U - 1)/2 (Higham, SIAM J. Sci.
    Stat. Comput. 7, 1160 (1986)): phases keep the rounding, populations do not.
    """
    adjoint = f.conj().T
    half = 0.5 * (f + adjoint + _product(adjoint, f))
    return f - half - _product(f, half)


def taylor_expm1(
    a: Inexact[Array, "m n ..."], product: Callable[..., Any] | None = None
) -> Inexact[Array, "m n ..."]:
    """sum_{k=1}^{15} A^k / k!, with six products: exp(A) - 1 to rounding for ||A|| up to 0.7.

    Args:
        a: matrix, (m, n), or in any layout that `product` knows.
        product: of two matrices.
    """
    product = _product if product is None else product
    a2 = product(a, a)
    powers, a4 = (a, a2, product(a2, a)), product(a2, a2)
    total: Any = None
    for below in range(_DEGREE - 3, -1, -4):  # the unit matrix is never needed
        part = sum(power / float(math.factorial(below + k)) for k, power in enumerate(powers, 1))
        if total is not None:
            part = product(a4, total) + a4 / float(math.factorial(below + 4)) + part
        total = part
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
        term = matmul(a, term) / k
        return (term, total + term), None

    (_, total), _ = jax.lax.scan(add, (x, x), jnp.arange(1.0, 25.0, dtype=x.dtype))
    norm = jnp.max(jnp.sum(jnp.abs(jax.lax.stop_gradient(a)), axis=0))
    return jnp.where(norm <= 3.0, total, jnp.nan)


def compose(later: Matrix, earlier: Matrix) -> Matrix:
    """(1 + later)(1 + earlier) - 1."""
    return earlier + later + _product(later, earlier)


def ordered_product(
    steps: Inexact[Array, "steps ..."], compose: Callable[..., Any]
) -> Inexact[Array, "..."]:
    """The ordered product of 1 + F_k, minus 1: rows of about sqrt(steps) side by side, then theirs.

    What is small is composed first, which rounds less, and the loops are short.

    Args:
        steps: F_k, (steps, ...).
        compose: of what comes later and what comes earlier, for stacks of them.
    """
    length = math.isqrt(steps.shape[0] - 1) + 1

    def follow(total: Array, step: Array) -> tuple[Array, None]:
        return compose(step, total), None

    padded = jnp.pad(steps, [(0, -steps.shape[0] % length), *[(0, 0)] * (steps.ndim - 1)])
    columns = padded.reshape(-1, length, *steps.shape[1:]).swapaxes(0, 1)
    rows = jax.lax.scan(follow, columns[0], columns[1:])[0]
    return jax.lax.scan(follow, rows[:1], rows[1:, None])[0][0]


def advance(y: Float[Array, " m"], increment: Matrix) -> Float[Array, " m"]:
    """y + F x for y = (x, books)."""
    return y + times(increment, y[: increment.shape[1]])


def times(a: Matrix, x: Float[Array, " n"]) -> Float[Array, " m"]:
    """A x, as sums where they are short: of many lanes these merge with what comes after."""
    return jnp.sum(a * x, axis=1) if a.shape[1] <= _SHORT else matmul(a, x)


def _product(a: Matrix, b: Matrix) -> Matrix:
    return product(a, b[: b.shape[1]])
