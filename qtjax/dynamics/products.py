"""The terms of the Taylor series of a linear form, for all lanes at once.

Two layouts. `RowProducts` (few entries): every component is a row of lanes, every entry of the
generator is merged over all its terms once per step, structural zeros do not exist, and all orders
are written out. `BlockProducts`: a loop over the orders, in which the matrices act one by one on
all components, as one sparse product where their places are known and few, else as dense ones.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import linear_call
from jax.experimental import sparse
from jaxtyping import Array

from .linear_form import FixedMatrix, LinearForm
from .row_flow import pair, row_flow, row_terms, unpair

SPARSE_COMPONENTS = 64  # from which (d = 8) sparse products pay
DENSE_FILLING = 0.25
TERM_RATIO = 0.2  # of successive terms where a step ends, about (e/order) log of the tolerance

Polynomial = list[Array]


class Prepared(NamedTuple):
    """Values of the matrices and rows, as the layout wants them."""

    matrices: Any
    rows: Any


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


def _powers(u: Array, order: int) -> Array:
    return jnp.cumprod(jnp.broadcast_to(u, (order, *u.shape)), axis=0)


def _horner(coefficients: Sequence[Any], u: Array) -> Any:
    """sum_k c_k u^k, where None is zero."""
    total = None
    for c in coefficients[::-1]:
        total = c if total is None else total * u if c is None else c + total * u
    return total


class BlockProducts:
    """Components as one array (n, lanes), books as another."""

    def __init__(self, form: LinearForm):
        self.form = form
        self.n = form.matrices[0][1].shape[0]
        size = DENSE_FILLING * self.n * self.n if self.n >= SPARSE_COMPONENTS else 0
        self.sparse = [k for k, (_, m) in enumerate(form.matrices) if len(m.places) <= size]
        self.dense = [k for k in range(len(form.matrices)) if k not in self.sparse]
        blocks = [form.matrices[k][1] for k in self.sparse] + [row.vector for row in form.rows]
        self.pattern, self.backward, self.order = _pattern(blocks, self.n)

    def norms(self, matrices: list[Array]) -> list[Array]:
        return _norms(self.form, matrices)

    def join(self, x: Array, books: Sequence[Array]) -> tuple[Array, Array]:
        """Components (n, lanes) and books (lanes,) as two arrays."""
        return x, jnp.stack(books)

    def prepare(self, matrices: list[Array], rows: list[Array]) -> Prepared:
        """The sparse part as one matrix if it is the same in all lanes, the rest as dense ones."""
        values = [matrices[k] for k in self.sparse] + rows
        data, vectors, whole = None, [], self.dense
        if self.sparse and all(value.shape[-1] == 1 for value in values):
            data = jnp.concatenate([value[:, 0] for value in values])[self.order]
        else:
            whole = [*self.sparse, *self.dense]
            vectors = [
                _filled(row.vector, v)[0] for row, v in zip(self.form.rows, rows, strict=True)
            ]
        full = [_filled(self.form.matrices[k][1], matrices[k]) for k in whole]
        return Prepared(full, (data, vectors))

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
    ) -> Any:  # fmt: skip
        """The terms: y_0, and the others as (order, n, lanes) and (order, books, lanes)."""
        numbers = [self.form.matrices[k][0] for k in (*self.sparse, *self.dense)]
        ours = [[a * span for a in polynomials[j]] for j in numbers]
        weights = _row_polynomials(self.form, polynomials, span)
        books = [row.book for row in self.form.rows]

        def advance(carry: tuple, inverse: Array) -> tuple[tuple, tuple[Array, Array]]:
            x, histories, row_histories = carry
            blocks, rows = self._products(prepared, x)
            histories = [(b, *h) for b, h in zip(blocks, histories, strict=True)]
            row_histories = [(r, *h) for r, h in zip(rows, row_histories, strict=True)]
            new = _combine(ours, histories) * inverse
            parts = [_combine([w], [h]) for w, h in zip(weights, row_histories, strict=True)]
            zero = jnp.zeros_like(x[0])
            book = [
                sum((p for p, b in zip(parts, books, strict=True) if b == k), zero)
                for k in range(self.form.books)
            ]
            carry = new, [h[:-1] for h in histories], [h[:-1] for h in row_histories]
            return carry, (new, jnp.stack(book) * inverse)

        x = y[0]
        empty = [(jnp.zeros_like(x),) * (len(p) - 1) for p in ours]
        empty_rows = [(jnp.zeros_like(x[0]),) * (len(p) - 1) for p in weights]
        inverses = jnp.asarray(1.0 / np.arange(1, order + 1), x.dtype)
        _, terms = jax.lax.scan(advance, (x, empty, empty_rows), inverses)
        return y, terms

    def _products(self, prepared: Prepared, x: Array) -> tuple[list[Array], list[Array]]:
        data, vectors = prepared.rows
        found, rows = [], [_dot(v, x) for v in vectors]
        if data is not None:
            stacked = _sparse_product(self.pattern, self.backward, data, x)
            count = len(self.sparse)
            found = [stacked[k * self.n : (k + 1) * self.n] for k in range(count)]
            rows = list(stacked[count * self.n :])
        return [*found, *(_dot(matrix, x) for matrix in prepared.matrices)], rows

    def flow(
        self, prepared: Prepared, polynomials: list[Polynomial], span: Array,
        y: tuple[Array, Array], order: int,
    ) -> tuple[Array, Array]:  # fmt: skip
        """y(1), for reverse mode."""
        terms = self.series(prepared, polynomials, span, y, order)
        x, books = (a + jnp.sum(b, axis=0) for a, b in zip(*terms, strict=True))
        return x, books

    def sum(self, terms: Any, u: Array) -> tuple[Array, Array]:
        """y(u)."""
        powers = _powers(u, terms[1][0].shape[0])[:, None]
        x, books = (a + jnp.sum(powers * b, axis=0) for a, b in zip(*terms, strict=True))
        return x, books

    def tail(self, terms: Any, order: int) -> Array:
        """The size of the last term at u = 1, also as judged by the one before it."""

        def size(k: int) -> Array:
            return jnp.maximum(
                *(jnp.max(jnp.abs(jax.lax.stop_gradient(part[k - 1])), axis=0) for part in terms[1])
            )

        return jnp.maximum(size(order), TERM_RATIO * size(order - 1))


def _filled(matrix: FixedMatrix, values: Array) -> Array:
    """All entries, (rows, columns, lanes or 1)."""
    if matrix.is_full:
        return values.reshape(*matrix.shape, values.shape[-1])
    i, j = np.array(matrix.places, int).reshape(-1, 2).T
    return jnp.zeros((*matrix.shape, values.shape[-1]), values.dtype).at[i, j].set(values)


def _dot(a: Array, x: Array) -> Array:
    """a x over the components, for a (..., n, lanes or 1) and x (n, lanes)."""
    return a[..., 0] @ x if a.shape[-1] == 1 else jnp.sum(a * x, axis=-2)


def _combine(polynomials: list[Polynomial], histories: list[tuple]) -> Array:
    total: Any = 0.0
    for polynomial, history in zip(polynomials, histories, strict=True):
        for a, block in zip(polynomial, history, strict=True):
            total = total + a * block
    return total


class _Pattern(NamedTuple):
    """Compressed rows: column indices and row starts; `order` takes data of the forward matrix."""

    indices: np.ndarray
    starts: np.ndarray
    shape: tuple[int, int]
    order: np.ndarray


def _pattern(blocks: Sequence[FixedMatrix], n: int) -> tuple[_Pattern, _Pattern, np.ndarray]:
    """The blocks on top of each other, forward and transposed, and the order of their values."""
    rows, columns, start = [], [], 0
    for block in blocks:
        rows += [start + i for i, _ in block.places]
        columns += [j for _, j in block.places]
        start += block.shape[0]
    i, j = np.array(rows, int), np.array(columns, int)
    order = np.lexsort((j, i))
    i, j = i[order], j[order]
    back = np.lexsort((i, j))
    forward = _Pattern(j, _starts(i, start), (start, n), np.arange(i.size))
    return forward, _Pattern(i[back], _starts(j[back], n), (n, start), back), order


def _starts(rows: np.ndarray, count: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=count))])


def _sparse_product(forward: _Pattern, backward: _Pattern, data: Array, x: Array) -> Array:
    """A x for a sparse A with given data, with its transpose."""

    def apply(pattern: _Pattern, data: Array, x: Array) -> Array:
        matrix = sparse.BCSR(
            (data[pattern.order], jnp.asarray(pattern.indices), jnp.asarray(pattern.starts)),
            shape=pattern.shape,
        )
        return matrix @ x

    return linear_call(
        lambda data, x: apply(forward, data, x), lambda data, y: apply(backward, data, y), data, x
    )
