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
        depth, n = len(coefficients), self.n

        def advance(carry: Any, inverse: Array) -> tuple[Any, None]:
            xs, total, _ = carry
            term = inverse * sum(_product(c, x) for c, x in zip(coefficients, xs, strict=True))
            # else XLA on a CPU computes it anew for everything that it is part of
            term = jax.lax.optimization_barrier(term)
            term = jax.lax.optimization_barrier(term)
            total = total[0] + term[:n], total[1] + term[n:]
            return ((term[:n], *xs[:-1]), total, term), None

        inverses = jnp.asarray(1.0 / np.arange(1, order + 1), x.dtype)
        zero = jnp.zeros((n + self.equation.books, x.shape[-1]), x.dtype)
        start = (x, *(jnp.zeros_like(x),) * (depth - 1)), (x, books), zero
        carry, _ = jax.lax.scan(advance, start, inverses[:-1])
        before, after = carry[2], advance(carry, inverses[-1])[0]
        return Sum(y, after[1], tuple(self._size(term) for term in (before, after[2])))

    def _size(self, term: Array) -> tuple[Array, Array]:
        """The largest component of a term, (lanes,), and its books."""
        moduli = jnp.abs(jax.lax.stop_gradient(term))
        return jnp.max(moduli[: self.n], axis=0), moduli[self.n :]

    def _coefficients(
        self, prepared: Prepared, polynomials: list[Polynomial], span: Array
    ) -> list[Array]:
        """span G_m with the rows of the books below, (n + books, n, lanes) each."""
        n, equation = self.n, self.equation
        found = [span * a for a in polynomials[-1]]
        parts: list[Any] = [[0.0] * (1 + equation.books) for _ in found]

        def add(part: int, polynomial: Polynomial, values: Array) -> None:
            parts.extend([0.0] * (1 + equation.books) for _ in polynomial[len(parts) :])
            for m, a in enumerate(polynomial):
                parts[m][part] = parts[m][part] + a * values

        for (j, _), values in zip(equation.matrices, prepared.matrices, strict=True):
            add(0, [a * span for a in polynomials[j]], values)
        products = row_polynomials(equation, polynomials, span)
        for row, product, values in zip(equation.rows, products, prepared.rows, strict=True):
            add(1 + row.book, product, values)
        lanes = span.shape[-1]
        for m, (state, *books) in enumerate(parts):
            rows = [jnp.broadcast_to(book, (1, n, lanes)) for book in books]
            whole = jnp.concatenate([jnp.broadcast_to(state, (n, n, lanes)), *rows])
            found[m:] = [whole if m >= len(found) else found[m] + whole, *found[m + 1 :]]
        return found


def _product(matrix: Array, x: Array) -> Array:
    """A x for A (m, n, lanes) and x (n, lanes)."""
    if x.shape[0] > WRITTEN_OUT:
        return jnp.sum(matrix * x, axis=1)
    return sum(matrix[:, j] * x[j] for j in range(x.shape[0]))  # pyright: ignore
