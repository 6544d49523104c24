"""A generator that moves as a whole: one polynomial whose coefficients are matrices.

What is only known as a matrix G(t) is sampled at the Chebyshev nodes of a step like any function of
time; f_j(t) M_j and the rows of the books are added to its coefficients, and

    y_{k+1} = span/(k + 1) sum_m G_m x_{k-m}

is all there is to do for an order.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._precise import einsum
from .blocks import BlockProducts, Sum
from .equation import FixedMatrix, LinearEquation
from .layout import FEW_LANES, Prepared, row_polynomials
from .polynomials import Polynomial

WRITTEN_OUT = 6  # components up to which products are sums that XLA fuses


class MergedProducts(BlockProducts):
    """Components as one array (n, lanes), all that acts on them as one polynomial."""

    def __init__(self, equation: LinearEquation):
        super().__init__(equation)
        self.sparse, self.dense = [], list(range(len(equation.matrices)))
        places = {row for _, matrix in equation.matrices for row in matrix.places.rows.tolist()}
        books = {self.n + row.book for row in equation.rows}
        self.filled = sorted(places | books | set(equation.moved))
        self.changing = [row for row in self.filled if row < self.n]
        first, count = self.changing[0], len(self.changing)
        contiguous = self.changing == list(range(first, first + count))
        self._rows = slice(first, first + count) if contiguous else np.array(self.changing)

    def prepare(self, matrices: list[Array], rows: list[Array]) -> Prepared:
        """All matrices, and the vectors of the rows as matrices, (filled rows, n, lanes or 1)."""
        pairs = zip(self.equation.matrices, matrices, strict=True)
        full = [self._placed(matrix, 0, values) for (_, matrix), values in pairs]
        pairs = zip(self.equation.rows, rows, strict=True)
        return Prepared(full, [self._placed(row.vector, self.n + row.book, v) for row, v in pairs])

    def _placed(self, matrix: FixedMatrix, first: int, values: Array) -> Array:
        """Values where they stand among the filled rows; `first` is that of the matrix."""
        at = np.searchsorted(self.filled, first + matrix.places.rows)
        empty = jnp.zeros((len(self.filled), self.n, values.shape[-1]), values.dtype)
        return empty.at[at, matrix.places.columns].set(values)

    def _series(
        self, prepared: Prepared, polynomials: list[Polynomial], span: Array,
        y: tuple[Array, Array], order: int, unroll: int,
    ) -> Sum:  # fmt: skip
        x, books = y
        coefficients = self._coefficients(prepared, polynomials, span)
        depth, count = len(coefficients), len(self.changing)
        still = [column for column in range(self.n) if column not in self.changing]
        # what does not change acts through the term of order 0 alone
        first = jnp.zeros((order, len(self.filled), x.shape[-1]), x.dtype)
        if still:
            moved = jnp.stack([_product(c, x, still) for c in coefficients[:order]])
            first = first.at[: moved.shape[0]].set(moved)

        # of few lanes all orders at once, which compiles faster
        few = x.shape[-1] < FEW_LANES
        own = jnp.stack(coefficients)[:, :, np.array(self.changing)] if few else None

        def advance(carry: Any, of_order: tuple[Array, Array]) -> tuple[Any, None]:
            (xs, total, _), (inverse, pushed) = carry, of_order
            if few:
                term = inverse * (pushed + jnp.sum(own * xs[:, None], axis=(0, 2)))
                xs = jnp.concatenate([term[None, :count], xs[:-1]])
                return (xs, total + term, term), None
            pulled = [_product(c, x, self.changing) for c, x in zip(coefficients, xs, strict=True)]
            term = inverse * (pushed + sum(pulled))
            # else XLA on a CPU computes it anew for everything that it is part of
            term = jax.lax.optimization_barrier(term)
            term = jax.lax.optimization_barrier(term)
            return ((term[:count], *xs[:-1]), total + term, term), None

        inverses = jnp.asarray(1.0 / np.arange(1, order + 1), x.dtype)
        start = x[self._rows]
        zero = jnp.zeros((len(self.filled), x.shape[-1]), x.dtype)
        xs = (start, *(jnp.zeros_like(start),) * (depth - 1))
        carry = (jnp.stack(xs) if few else xs), zero, zero
        carry, _ = jax.lax.scan(advance, carry, (inverses[:-1], first[:-1]))
        before, after = carry[2], advance(carry, (inverses[-1], first[-1]))[0]
        booked = np.array(self.filled[count:], int) - self.n
        arrived = x.at[self._rows].add(after[1][:count]), books.at[booked].add(after[1][count:])
        return Sum(y, arrived, tuple(self._size(term) for term in (before, after[2])))

    def _size(self, term: Array) -> tuple[Array, Array]:
        """The largest component of a term, (lanes,), and its books."""
        moduli = jnp.abs(jax.lax.stop_gradient(term))
        count = len(self.changing)
        return jnp.max(moduli[:count], axis=0, initial=0.0), moduli[count:]

    def _coefficients(
        self, prepared: Prepared, polynomials: list[Polynomial], span: Array
    ) -> list[Array]:
        """span G_m with the rows of the books below, (filled rows, n, lanes) each."""
        stacked = [jnp.stack(list(p)) if isinstance(p, list) else p for p in polynomials]
        ours = [span * stacked[j] for j, _ in self.equation.matrices]
        weights = [*ours, *row_polynomials(self.equation, stacked, span)]
        alike: dict[int, list[int]] = {}  # of one degree: mixed by one product
        for k, weight in enumerate(weights):
            alike.setdefault(weight.shape[0], []).append(k)
        found = self._moving(stacked, span)
        everything = [*prepared.matrices, *prepared.rows]
        for those in alike.values():
            mixed = _mixed([weights[k] for k in those], [everything[k] for k in those])
            found += [0.0] * (len(mixed) - len(found))
            found = [a + b for a, b in zip(found, mixed, strict=False)] + found[len(mixed) :]
        return found

    def _moving(self, polynomials: list[Array], span: Array) -> list[Any]:
        """What moves as a whole of them."""
        rows = [self.filled.index(row) for row in self.equation.moved]
        found = [span * a for a in polynomials[-1]] if rows else []
        if rows == list(range(len(self.filled))):
            return found
        empty = jnp.zeros((len(self.filled), self.n, span.shape[-1]), span.dtype)
        return [empty.at[np.array(rows)].set(a) for a in found]


def _mixed(weights: list[Array], matrices: list[Array]) -> Array:
    """sum_k w_k A_k, (orders, rows, n, lanes), for w_k (orders, lanes) and A_k (rows, n, ...)."""
    if all(matrix.shape[-1] == 1 for matrix in matrices):
        whole = jnp.stack([matrix[..., 0] for matrix in matrices])
        return einsum("kml,kij->mijl", jnp.stack(weights), whole)
    pairs = zip(weights, matrices, strict=True)
    return sum(w[:, None, None] * matrix for w, matrix in pairs)  # pyright: ignore


def _product(matrix: Array, x: Array, columns: list[int]) -> Any:
    """A x by some columns of A (m, n, lanes), for x (n, lanes) or only these components of it."""
    own = x.shape[0] == len(columns)
    if len(columns) > WRITTEN_OUT:
        chosen = slice(None) if len(columns) == matrix.shape[1] else np.array(columns)
        return jnp.sum(matrix[:, chosen] * (x if own else x[chosen]), axis=1)
    return sum(matrix[:, column] * x[k if own else column] for k, column in enumerate(columns))
