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

from .blocks import BlockProducts, Sum, filled
from .equation import LinearEquation
from .layout import Prepared, row_polynomials
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
        """All matrices and vectors in full."""
        pairs = zip(self.equation.matrices, matrices, strict=True)
        full = [filled(matrix, values) for (_, matrix), values in pairs]
        pairs = zip(self.equation.rows, rows, strict=True)
        return Prepared(full, [filled(row.vector, values)[0] for row, values in pairs])

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

        def advance(carry: Any, of_order: tuple[Array, Array]) -> tuple[Any, None]:
            (xs, total, _), (inverse, pushed) = carry, of_order
            pulled = [_product(c, x, self.changing) for c, x in zip(coefficients, xs, strict=True)]
            term = inverse * (pushed + sum(pulled))
            # else XLA on a CPU computes it anew for everything that it is part of
            term = jax.lax.optimization_barrier(term)
            term = jax.lax.optimization_barrier(term)
            return ((term[:count], *xs[:-1]), total + term, term), None

        inverses = jnp.asarray(1.0 / np.arange(1, order + 1), x.dtype)
        start = x[self._rows]
        zero = jnp.zeros((len(self.filled), x.shape[-1]), x.dtype)
        carry = (start, *(jnp.zeros_like(start),) * (depth - 1)), zero, zero
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
        n, equation, lanes = self.n, self.equation, span.shape[-1]
        rows = [self.filled.index(row) for row in equation.moved]
        empty = jnp.zeros((len(self.filled), n, lanes), span.dtype)
        whole = rows == list(range(len(self.filled)))
        found = [span * a for a in polynomials[-1]] if rows else []
        found = found if whole else [empty.at[np.array(rows)].set(a) for a in found]

        def add(m: int, places: Any, values: Array) -> None:
            if m >= len(found):
                found.append(empty)
            found[m] = found[m].at[places].add(values)

        count = len(self.changing)
        for (j, _), values in zip(equation.matrices, prepared.matrices, strict=True):
            for m, a in enumerate(polynomials[j]):
                add(m, slice(0, count), a * span * values[self._rows])
        products = row_polynomials(equation, polynomials, span)
        for row, product, values in zip(equation.rows, products, prepared.rows, strict=True):
            for m, a in enumerate(product):
                add(m, self.filled.index(n + row.book), a * values)
        return found


def _product(matrix: Array, x: Array, columns: list[int]) -> Any:
    """A x by some columns of A (m, n, lanes), for x (n, lanes) or only these components of it."""
    own = x.shape[0] == len(columns)
    if len(columns) > WRITTEN_OUT:
        chosen = slice(None) if len(columns) == matrix.shape[1] else np.array(columns)
        return jnp.sum(matrix[:, chosen] * (x if own else x[chosen]), axis=1)
    return sum(matrix[:, column] * x[k if own else column] for k, column in enumerate(columns))
