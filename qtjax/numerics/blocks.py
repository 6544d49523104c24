"""Components as one array: a loop over the orders, in which the matrices act on all components."""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._precise import matmul
from .equation import FixedMatrix, LinearEquation
from .layout import FEW_LANES, TERM_RATIO, AbstractLayout, Prepared, row_polynomials
from .polynomials import Polynomial
from .sparse import SparseMatrix

SPARSE_COMPONENTS = 64  # from which (d = 8) sparse products pay
DENSE_FILLING = 0.25
LANES_OF_A_CORE = 32


class Sum(NamedTuple):
    """A summed series: y(0), y(1), and the sizes of the last two terms of state and books."""

    before: tuple[Array, Array]
    after: tuple[Array, Array]
    sizes: tuple[tuple[Array, Array], ...]


class _Terms(NamedTuple):
    """The last terms of the state and of v.x for every row, newest first; the last of the books;
    the sums of state and books."""

    xs: tuple[Array, ...]
    rows: tuple[Array, ...]
    books: Array
    total: tuple[Array, Array]

    def size(self) -> tuple[Array, Array]:
        """The largest entry of the last term, (lanes,), and the last ones of the books."""
        x, books = (jax.lax.stop_gradient(jnp.abs(a)) for a in (self.xs[0], self.books))
        return jnp.max(x, axis=0), books


class BlockProducts(AbstractLayout):
    """Components as one array (n, lanes), books as another.

    The scalars of a lane commute with the matrices, so they are applied first: all sparse matrices
    side by side then act at once on sum_m a_jm x_{k-m}. Terms are summed at u = 1 as they come and
    not kept, so a step is taken whole or not at all.
    """

    margin = 0.85  # for the next step, which must not be refused

    def __init__(self, equation: LinearEquation):
        self.equation = equation
        self.n = equation.size
        size = DENSE_FILLING * self.n * self.n if self.n >= SPARSE_COMPONENTS else 0
        self.sparse = [k for k, (_, m) in enumerate(equation.matrices) if len(m.places) <= size]
        self.dense = [k for k in range(len(equation.matrices)) if k not in self.sparse]
        self.wide = SparseMatrix([equation.matrices[k][1] for k in self.sparse], self.n, wide=True)
        self.vectors = SparseMatrix([row.vector for row in equation.rows], self.n, wide=False)
        books = np.array([row.book for row in equation.rows], int)
        self.booked = (np.arange(equation.books)[:, None] == books).astype(float)

    def join(self, x: Array, books: Sequence[Array]) -> tuple[Array, Array]:
        """Components (n, lanes) and books (lanes,) as two arrays."""
        return x, jnp.stack(books)

    def prepare(self, matrices: list[Array], rows: list[Array]) -> Prepared:
        """Sparse matrices (which are the same in all lanes) as data, the others in full."""
        full = [filled(self.equation.matrices[k][1], matrices[k]) for k in self.dense]
        data = self.wide.data([matrices[k] for k in self.sparse])
        if all(value.shape[-1] == 1 for value in rows):
            return Prepared(full, None, (data, self.vectors.data(rows)))
        pairs = zip(self.equation.rows, rows, strict=True)
        return Prepared(full, [filled(row.vector, v)[0] for row, v in pairs], (data, None))

    def split(self, x: Array) -> tuple[Array, Array]:
        """A state with empty books."""
        return x, jnp.zeros((self.equation.books, x.shape[-1]), x.dtype)

    def stack(self, y: tuple[Array, Array]) -> list[Array]:
        """The components (n, lanes), and every book, (lanes,)."""
        return [y[0], *y[1]]

    def pairs(self, y: tuple[Array, Array]) -> tuple[Array, Array]:
        return y

    def apart(self, pairs: Any) -> tuple[Array, Array]:
        return pairs

    def kept(self, y: tuple[Array, Array]) -> tuple[Array, ...]:
        return y[:1]

    def restored(self, kept: tuple[Array, ...], like: tuple[Array, Array]) -> tuple[Array, Array]:
        return kept[0], like[1]

    def largest(self, y: tuple[Array, Array]) -> Array:
        """The largest component of the state."""
        return jnp.max(jnp.abs(y[0]), axis=0)

    def series(
        self, prepared: Prepared, polynomials: list[Polynomial], span: Array,
        y: tuple[Array, Array], order: int,
    ) -> Sum:  # fmt: skip
        """y(0), y(1) and the size of the last term."""
        # both halves wait for each other at the end of an iteration, and may change cores then
        return self._series(prepared, polynomials, span, y, order, order if self.sparse else 4)

    def _series(
        self, prepared: Prepared, polynomials: list[Polynomial], span: Array,
        y: tuple[Array, Array], order: int, unroll: int,
    ) -> Sum:  # fmt: skip
        polynomials = [list(polynomial) for polynomial in polynomials]
        ours = [[a * span for a in polynomials[j]] for j, _ in self.equation.matrices]
        weights = row_polynomials(self.equation, polynomials, span)
        lanes = y[0].shape[-1]
        halves = _halves(lanes) if self.sparse else [slice(None)]

        def cut(x: Any, part: slice) -> Any:
            return jax.tree.map(lambda a: a if a.shape[-1] == 1 else a[..., part], x)

        given = prepared._replace(sparse=None), ours, weights
        parts = [_Half(self, prepared.sparse, *cut(given, part)) for part in halves]
        starts = [part.start(y[0][:, lanes]) for part, lanes in zip(parts, halves, strict=True)]
        inverses = jnp.asarray(1.0 / np.arange(1, order + 1), y[0].dtype)

        def advance(carries: list, inverse: Array) -> tuple[list, None]:
            return [p.advance(c, inverse) for p, c in zip(parts, carries, strict=True)], None

        # an unrolled loop keeps XLA from copying the history; of a few lanes it copies little
        depth = max(map(len, [*ours, *weights, [None] * 2]))
        unroll = min(-(-unroll // depth) * depth, order - 2) if lanes >= FEW_LANES else 1
        carries, _ = jax.lax.scan(advance, starts, inverses[:-2], unroll=unroll)
        sizes = []
        for inverse in inverses[-2:]:
            carries, _ = advance(carries, inverse)
            parted = zip(*(c.size() for c in carries), strict=True)
            sizes.append(tuple(jnp.concatenate(part, axis=-1) for part in parted))
        x, books = (
            jnp.concatenate(parts, axis=-1)
            for parts in zip(*(c.total for c in carries), strict=True)
        )
        return Sum(y, (x, y[1] + books), tuple(sizes))

    def flow(
        self, prepared: Prepared, polynomials: list[Polynomial], span: Array,
        y: tuple[Array, Array], order: int,
    ) -> tuple[Array, Array]:  # fmt: skip
        """y(1), for reverse mode."""
        return self._series(prepared, polynomials, span, y, order, 4).after

    def share(self, growth: Array) -> Array:
        """How far a step is taken whose length may change by a factor: all the way, or not."""
        return jnp.where(growth < 1.0, 0.0, 1.0)

    def sum(self, terms: Sum, u: Array) -> tuple[Array, Array]:
        """y(u) for u = 0 or 1."""
        return jax.tree.map(lambda a, b: jnp.where(u > 0.0, b, a), terms.before, terms.after)

    def tail(self, terms: Sum, order: int, units: Array) -> Array:
        """The size of the last term, also as judged by the one before it."""
        before, last = (
            jnp.maximum(state, jnp.max(books, axis=0, initial=0.0) / units)
            for state, books in terms.sizes
        )
        return jnp.maximum(last, TERM_RATIO * before)


class _Half(NamedTuple):
    """The recursion for some of the lanes. XLA on a CPU runs what is independent side by side."""

    products: BlockProducts
    sparse: tuple[Array, Array | None]
    prepared: Prepared
    polynomials: list[Polynomial]
    weights: list[Polynomial]

    def start(self, x: Array) -> _Terms:
        zero = jnp.zeros_like(x)
        depth, deep = (max(map(len, p), default=1) for p in (self.polynomials, self.weights))
        books = jnp.zeros((self.products.equation.books, x.shape[-1]), x.dtype)
        rows = (jnp.zeros((len(self.weights), x.shape[-1]), x.dtype),) * (deep - 1)
        return _Terms((x, *(zero,) * (depth - 1)), (self.rows(x), *rows), books, (x, books))

    def rows(self, x: Array) -> Array:
        """v.x for every row, (rows, lanes)."""
        if self.prepared.rows is None:
            data = self.sparse[1]
            assert data is not None
            return self.products.vectors.product(data, x)
        return jnp.stack([_dot(v, x) for v in self.prepared.rows])

    def advance(self, terms: _Terms, inverse: Array) -> _Terms:
        """The next term."""
        mixed = [inverse * _combine(p, terms.xs) for p in self.polynomials]
        whole = zip(self.products.dense, self.prepared.matrices, strict=True)
        parts = [_dot(m, mixed[k]) for k, m in whole]
        if self.products.sparse:
            stacked = jnp.concatenate([mixed[k] for k in self.products.sparse])
            parts.append(self.products.wide.product(self.sparse[0], stacked))
        x = functools.reduce(jnp.add, parts)
        depth = max(map(len, self.weights), default=0)
        padded = [[*w, *[jnp.zeros_like(w[0])] * (depth - len(w))] for w in self.weights]
        lags = [jnp.stack([w[m] for w in padded]) for m in range(depth)]
        books = terms.books
        if lags:
            books = inverse * matmul(self.products.booked, _combine(lags, terms.rows))
        total = terms.total[0] + x, terms.total[1] + books
        xs, rows = (x, *terms.xs[:-1]), (self.rows(x), *terms.rows[:-1])
        return _Terms(xs, rows, books, total)


def _halves(lanes: int) -> list[slice]:
    """Two halves of the lanes on a CPU, where they are worth a core each; else all of them."""
    if lanes < 2 * LANES_OF_A_CORE or jax.default_backend() != "cpu":
        return [slice(None)]
    return [slice(0, lanes // 2), slice(lanes // 2, lanes)]


def filled(matrix: FixedMatrix, values: Array) -> Array:
    """All entries of a matrix with these values, (rows, columns, lanes or 1)."""
    if matrix.is_full:
        below = values.reshape(-1, matrix.shape[1], values.shape[-1])
        return jnp.pad(below, ((matrix.first, 0), (0, 0), (0, 0)))
    places = matrix.places.rows, matrix.places.columns
    return jnp.zeros((*matrix.shape, values.shape[-1]), values.dtype).at[places].set(values)


def _dot(a: Array, x: Array) -> Array:
    """a x over the components, for a (..., n, lanes or 1) and x (n, lanes)."""
    return matmul(a[..., 0], x) if a.shape[-1] == 1 else jnp.sum(a * x, axis=-2)


def _combine(coefficients: Polynomial | Sequence[Array], history: Sequence[Array]) -> Any:
    """sum_m a_m y_{k-m}, of what there is of the history."""
    return sum(a * term for a, term in zip(coefficients, history, strict=False))
