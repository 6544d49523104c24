"""The terms of the Taylor series of a linear form, for all lanes at once.

Two layouts. `RowProducts` (few entries): every component is a row of lanes, every entry of the
generator is merged over all its terms once per step, structural zeros do not exist, and all orders
are written out. `BlockProducts`: a loop over the orders, in which the matrices act one by one on
all components, as one sparse product where their places are known and few, else as dense ones.
"""

import functools
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .linear_form import FixedMatrix, LinearForm
from .row_flow import pair, row_flow, row_terms, unpair
from .sparse_matrix import SparseMatrix

SPARSE_COMPONENTS = 64  # from which (d = 8) sparse products pay
DENSE_FILLING = 0.25
FEW_LANES = 16  # below which programs are kept small: they take longest to compile
LANES_OF_A_CORE = 32
TERM_RATIO = 0.2  # of successive terms where a step ends, about (e/order) log of the tolerance

Polynomial = list[Array]


class Prepared(NamedTuple):
    """Values of the matrices and rows, as the layout wants them; those of sparse ones apart."""

    matrices: Any
    rows: Any
    sparse: Any = None


def products_per_order(form: LinearForm, degrees: Sequence[int]) -> int:
    """How many products of scalars one order costs in rows; `degrees` in u of the functions."""
    lags: dict[Any, int] = {}
    for j, matrix in form.matrices:
        for place in matrix.places:
            lags[place] = max(lags.get(place, 0), degrees[j] + 1)
    for row in form.rows:
        degree = sum(degrees[j] - derivative for j, derivative in row.factors)
        for _, column in row.vector.places:
            place = "book", row.book, column
            lags[place] = max(lags.get(place, 0), degree + 1)
    return sum(lags.values())


def _norms(form: LinearForm, matrices: Sequence[Array]) -> list[Array]:
    """A bound on the norm of M_j for every function, (lanes,); 0 for functions without matrix."""
    bounds = {}
    for (j, matrix), values in zip(form.matrices, matrices, strict=True):
        filling = np.bincount([i for i, _ in matrix.places]).max() if matrix.places else 0
        bounds[j] = float(filling) * jnp.max(jnp.abs(values), axis=0, initial=0.0)
    return [bounds.get(j, jnp.zeros(1, matrices[0].dtype)) for j in range(len(form.degrees))]


def _row_polynomials(
    form: LinearForm, polynomials: list[Polynomial], span: Array
) -> list[Polynomial]:
    """span * (product of factors) of every row of the books, as polynomials in u."""
    found = []
    for row in form.rows:
        product: Polynomial = [span]
        for j, derivative in row.factors:
            factor = polynomials[j]
            if derivative:  # df/dt = (df/du) / span
                factor = [m * factor[m] / span for m in range(1, len(factor))]
            product = _times(product, factor)
        found.append(product)
    return found


def _times(a: Polynomial, b: Polynomial) -> Polynomial:
    product: list[Any] = [0.0] * (len(a) + len(b) - 1)
    for i, j in itertools.product(range(len(a)), range(len(b))):
        product[i + j] = product[i + j] + a[i] * b[j]
    return product


class RowProducts:
    """Components as rows of lanes."""

    margin = 0.98

    def __init__(self, form: LinearForm):
        self.form = form
        self.n = form.matrices[0][1].shape[0]
        rows = {row for _, matrix in form.matrices for row, _ in matrix.places}
        self.moving = (*sorted(rows), *range(self.n, self.n + form.books))

    def prepare(self, matrices: list[Array], rows: list[Array]) -> Prepared:
        return Prepared(matrices, rows)

    def norms(self, matrices: list[Array]) -> list[Array]:
        return _norms(self.form, matrices)

    def join(self, x: Array, books: Sequence[Array]) -> tuple[Array, ...]:
        """The rows of components (n, lanes) and books (lanes,)."""
        return (*x, *books)

    def split(self, x: Array) -> tuple[Array, ...]:
        """The rows of a state with empty books."""
        return (*x, *(jnp.zeros_like(x[0]),) * self.form.books)

    def stack(self, y: tuple[Array, ...]) -> list[Array]:
        """The components (n, lanes), and every book, (lanes,)."""
        return [jnp.stack(y[: self.n]), *y[self.n :]]

    def pairs(self, y: tuple[Array, ...]) -> tuple[Array, ...]:
        """The rows that move, two as one complex row; then those that do not.

        XLA on a CPU computes all that an output needs once for each output: fewer are faster.
        """
        moving = pair([y[i] for i in self.moving])
        return (*moving, *(row for i, row in enumerate(y) if i not in self.moving))

    def apart(self, pairs: tuple[Array, ...]) -> tuple[Array, ...]:
        """The rows of pairs."""
        count = (len(self.moving) + 1) // 2
        rows = unpair(pairs[:count], len(self.moving))
        moving, fixed = dict(zip(self.moving, rows, strict=True)), iter(pairs[count:])
        everything = range(self.n + self.form.books)
        return tuple(moving[i] if i in moving else next(fixed) for i in everything)

    def kept(self, y: tuple[Array, ...]) -> tuple[Array, ...]:
        """The moving rows of the state, in pairs."""
        return pair([y[i] for i in self.moving if i < self.n])

    def restored(self, pairs: tuple[Array, ...], like: tuple[Array, ...]) -> tuple[Array, ...]:
        """All rows from the moving ones of the state; the others and the books as in `like`."""
        state = [i for i in self.moving if i < self.n]
        found = list(like)
        for i, row in zip(state, unpair(pairs, len(state)), strict=True):
            found[i] = row
        return tuple(found)

    def largest(self, y: tuple[Array, ...]) -> Array:
        """The largest component of the state."""
        return _largest(y[: self.n])

    def series(
        self, prepared: Prepared, polynomials: list[Polynomial], span: Array, y: tuple[Array, ...],
        order: int,
    ) -> list[list[Any]]:  # fmt: skip
        """The terms y_0 ... y_order, as lists of rows."""
        return row_terms(self._entries(prepared, polynomials, span), y, order)

    def flow(
        self, prepared: Prepared, polynomials: list[Polynomial], span: Array, y: tuple[Array, ...],
        order: int,
    ) -> tuple[Array, ...]:  # fmt: skip
        """y(1), for reverse mode."""
        entries = self._entries(prepared, polynomials, span)
        entries = jax.tree.map(lambda a: jnp.broadcast_to(a, y[0].shape), entries)
        return row_flow(entries, y, order)

    def _entries(
        self, prepared: Prepared, polynomials: list[Polynomial], span: Array
    ) -> list[dict[int, list[Any]]]:
        """For every row the columns with the coefficients of their polynomials in u."""
        entries: list[dict[int, list[Any]]] = [{} for _ in range(self.n + self.form.books)]

        def add(i: int, column: int, polynomial: Polynomial, value: Array) -> None:
            place = entries[i].setdefault(column, [None] * len(polynomial))
            place += [None] * (len(polynomial) - len(place))
            for m, a in enumerate(polynomial):
                place[m] = a * value if place[m] is None else place[m] + a * value

        for (j, matrix), values in zip(self.form.matrices, prepared.matrices, strict=True):
            scaled = [a * span for a in polynomials[j]]
            for (i, column), value in zip(matrix.places, values, strict=True):
                add(i, column, scaled, value)
        products = _row_polynomials(self.form, polynomials, span)
        for row, product, values in zip(self.form.rows, products, prepared.rows, strict=True):
            for (_, column), value in zip(row.vector.places, values, strict=True):
                add(self.n + row.book, column, product, value)
        return entries

    def share(self, growth: Array) -> Array:
        """How far a step is taken whose length may change by a factor."""
        return jnp.where(self.margin * growth < 1.0, self.margin * growth, 1.0)

    def sum(self, terms: list[list[Any]], u: Array) -> tuple[Array, ...]:
        """y(u)."""
        return tuple(_horner([term[i] for term in terms], u) for i in range(len(terms[0])))

    def tail(self, terms: list[list[Any]], order: int) -> Array:
        """The size of the last term at u = 1, also as judged by the one before it."""

        def size(k: int) -> Array:
            return _largest([row for row in terms[k] if row is not None])

        return jnp.maximum(size(order), TERM_RATIO * size(order - 1))


def _largest(rows: Sequence[Array]) -> Array:
    found = jnp.abs(jax.lax.stop_gradient(rows[0]))
    for row in rows[1:]:
        found = jnp.maximum(found, jnp.abs(jax.lax.stop_gradient(row)))
    return found


def _horner(coefficients: Sequence[Any], u: Array) -> Any:
    """sum_k c_k u^k, where None is zero."""
    total = None
    for c in coefficients[::-1]:
        total = c if total is None else total * u if c is None else c + total * u
    return total


class _Sum(NamedTuple):
    """A summed series: y(0), y(1), and the size of the last term at u = 1."""

    before: tuple[Array, Array]
    after: tuple[Array, Array]
    tail: Array


class _Terms(NamedTuple):
    """The last terms of the state and of v.x for every row, newest first; the last of the books;
    the sums of state and books."""

    xs: tuple[Array, ...]
    rows: tuple[Array, ...]
    books: Array
    total: tuple[Array, Array]

    def size(self) -> Array:
        """The largest entry of the last term, (lanes,)."""
        x, books = (jax.lax.stop_gradient(jnp.abs(a)) for a in (self.xs[0], self.books))
        return jnp.maximum(jnp.max(x, axis=0), jnp.max(books, axis=0))


class BlockProducts:
    """Components as one array (n, lanes), books as another.

    The scalars of a lane commute with the matrices, so they are applied first: all sparse matrices
    side by side then act at once on sum_m a_jm x_{k-m}. Terms are summed at u = 1 as they come and
    not kept, so a step is taken whole or not at all.
    """

    margin = 0.85  # for the next step, which must not be refused

    def __init__(self, form: LinearForm):
        self.form = form
        self.n = form.matrices[0][1].shape[0]
        size = DENSE_FILLING * self.n * self.n if self.n >= SPARSE_COMPONENTS else 0
        self.sparse = [k for k, (_, m) in enumerate(form.matrices) if len(m.places) <= size]
        self.dense = [k for k in range(len(form.matrices)) if k not in self.sparse]
        self.wide = SparseMatrix([form.matrices[k][1] for k in self.sparse], self.n, wide=True)
        self.vectors = SparseMatrix([row.vector for row in form.rows], self.n, wide=False)
        books = np.array([row.book for row in form.rows], int)
        self.booked = (np.arange(form.books)[:, None] == books).astype(float)

    def norms(self, matrices: list[Array]) -> list[Array]:
        return _norms(self.form, matrices)

    def join(self, x: Array, books: Sequence[Array]) -> tuple[Array, Array]:
        """Components (n, lanes) and books (lanes,) as two arrays."""
        return x, jnp.stack(books)

    def prepare(self, matrices: list[Array], rows: list[Array]) -> Prepared:
        """Sparse matrices (which are the same in all lanes) as data, the others in full."""
        full = [_filled(self.form.matrices[k][1], matrices[k]) for k in self.dense]
        data = self.wide.data([matrices[k] for k in self.sparse])
        if all(value.shape[-1] == 1 for value in rows):
            return Prepared(full, None, (data, self.vectors.data(rows)))
        pairs = zip(self.form.rows, rows, strict=True)
        return Prepared(full, [_filled(row.vector, v)[0] for row, v in pairs], (data, None))

    def split(self, x: Array) -> tuple[Array, Array]:
        """A state with empty books."""
        return x, jnp.zeros((self.form.books, x.shape[-1]), x.dtype)

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
    ) -> _Sum:  # fmt: skip
        """y(0), y(1) and the size of the last term."""
        # both halves wait for each other at the end of an iteration, and may change cores then
        return self._series(prepared, polynomials, span, y, order, order if self.sparse else 4)

    def _series(
        self, prepared: Prepared, polynomials: list[Polynomial], span: Array,
        y: tuple[Array, Array], order: int, unroll: int,
    ) -> _Sum:  # fmt: skip
        ours = [[a * span for a in polynomials[j]] for j, _ in self.form.matrices]
        weights = _row_polynomials(self.form, polynomials, span)
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
            sizes.append(jnp.concatenate([c.size() for c in carries]))
        x, books = (
            jnp.concatenate(parts, axis=-1)
            for parts in zip(*(c.total for c in carries), strict=True)
        )
        tail = jnp.maximum(sizes[1], TERM_RATIO * sizes[0])
        return _Sum(y, (x, y[1] + books), tail)

    def flow(
        self, prepared: Prepared, polynomials: list[Polynomial], span: Array,
        y: tuple[Array, Array], order: int,
    ) -> tuple[Array, Array]:  # fmt: skip
        """y(1), for reverse mode."""
        return self._series(prepared, polynomials, span, y, order, 4).after

    def share(self, growth: Array) -> Array:
        """How far a step is taken whose length may change by a factor: all the way, or not."""
        return jnp.where(growth < 1.0, 0.0, 1.0)

    def sum(self, terms: _Sum, u: Array) -> tuple[Array, Array]:
        """y(u) for u = 0 or 1."""
        return jax.tree.map(lambda a, b: jnp.where(u > 0.0, b, a), terms.before, terms.after)

    def tail(self, terms: _Sum, order: int) -> Array:
        """The size of the last term, also as judged by the one before it."""
        return terms.tail


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
        books = jnp.zeros((self.products.form.books, x.shape[-1]), x.dtype)
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
            books = inverse * (self.products.booked @ _combine(lags, terms.rows))
        total = terms.total[0] + x, terms.total[1] + books
        xs, rows = (x, *terms.xs[:-1]), (self.rows(x), *terms.rows[:-1])
        return _Terms(xs, rows, books, total)


def _halves(lanes: int) -> list[slice]:
    """Two halves of the lanes on a CPU, where they are worth a core each; else all of them."""
    if lanes < 2 * LANES_OF_A_CORE or jax.default_backend() != "cpu":
        return [slice(None)]
    return [slice(0, lanes // 2), slice(lanes // 2, lanes)]


def _filled(matrix: FixedMatrix, values: Array) -> Array:
    """All entries, (rows, columns, lanes or 1)."""
    if matrix.is_full:
        return values.reshape(*matrix.shape, values.shape[-1])
    i, j = np.array(matrix.places, int).reshape(-1, 2).T
    return jnp.zeros((*matrix.shape, values.shape[-1]), values.dtype).at[i, j].set(values)


def _dot(a: Array, x: Array) -> Array:
    """a x over the components, for a (..., n, lanes or 1) and x (n, lanes)."""
    return a[..., 0] @ x if a.shape[-1] == 1 else jnp.sum(a * x, axis=-2)


def _combine(coefficients: Sequence[Array], history: Sequence[Array]) -> Any:
    """sum_m a_m y_{k-m}, of what there is of the history."""
    return sum(a * term for a, term in zip(coefficients, history, strict=False))
