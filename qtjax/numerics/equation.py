"""The one equation: x' = sum_j f_j(t) M_j x + G(t) x, with rows of books beside it.

    Q_b' = sum_r (product of factors f, f') v_r . x

x are real components, M_j fixed real matrices, f_j scalar functions of time; G(t), with the rows of
the books below it, is what is only known as a function of time. What is known of a matrix when the
program is traced (its zeros) is read from its concrete value; nothing needs to be declared, and a
matrix that is itself traced (so that it may be batched or differentiated) is a full one.
"""

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Bool, Float

from .._checks import is_concrete
from .._precise import matmul, tensordot
from .._types import RealLike

ROUNDING = 16  # times the machine epsilon: below it an entry of a fixed matrix is rounding


class Places:
    """Places of a matrix in order, row by row; compared by what it holds, so that it can be static.

    Args:
        rows: of every place.
        columns: of every place.
    """

    def __init__(self, rows: Any, columns: Any):
        self.rows, self.columns = np.asarray(rows, np.int64), np.asarray(columns, np.int64)
        self._key = self.rows.tobytes(), self.columns.tobytes()
        self._hash = hash(self._key)

    def __len__(self) -> int:
        return self.rows.size

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.rows.tolist(), self.columns.tolist(), strict=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Places) and self._key == other._key

    def __hash__(self) -> int:
        return self._hash


class FixedMatrix(eqx.Module):
    """A real matrix with values at places that are known when the program is traced.

    Args:
        values: at the places, (places,).
        places: where they stand, static.
        shape: (rows, columns), static.
    """

    values: Float[Array | np.ndarray, " places"]
    places: Places = eqx.field(static=True)
    shape: tuple[int, int] = eqx.field(static=True)

    @property
    def is_full(self) -> bool:
        """Whether every place from the first row on that is not zero may hold something."""
        return len(self.places) == (self.shape[0] - self.first) * self.shape[1]

    @property
    def first(self) -> int:
        """The first row that may hold something."""
        return int(self.places.rows[0]) if self.places else self.shape[0]


class Row(NamedTuple):
    """A contribution (product of factors) v . x to the derivative of one book.

    Args:
        book: its number: the baths in order, then the work.
        factors: pairs (number of the function, how often differentiated).
        vector: v as a matrix with one row.
    """

    book: int
    factors: tuple[tuple[int, int], ...]
    vector: FixedMatrix


class Balance(NamedTuple):
    """A quantity that some books count whole: it gains their sum, and nothing if there are none.

    Args:
        vector: v of the quantity v . x, (n,).
        books: their numbers.
        holds: whether it is so.
    """

    vector: Float[Array, " n"]
    books: tuple[int, ...]
    holds: Bool[Array, ""] | bool = True


class SignalTerm(NamedTuple):
    """(product of signals) M, somewhere among the rows of G(t).

    Args:
        first: row of G(t) where M begins.
        signals: their numbers.
        matrix: M, with a column for every component.
        per_time: whether it grows with d(time)/dt in scaled time.
    """

    first: int
    signals: tuple[int, ...]
    matrix: FixedMatrix
    per_time: bool = True


class Scalars(eqx.Module):
    """Scalar functions of time, side by side.

    Args:
        parts: functions t -> scalar, or t -> (count,).
        counts: how many scalars each gives, static.
    """

    parts: tuple[Callable[[Any], Any], ...]
    counts: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, t: RealLike) -> list[Float[Array, ""]]:
        """Their values at time t."""
        found, dtype = [], jnp.result_type(float)
        for part, count in zip(self.parts, self.counts, strict=True):
            values = jnp.asarray(part(t), dtype)
            found.extend(values.reshape(count))
        return found


@runtime_checkable
class Radius(Protocol):
    """How far in the complex plane functions of time are analytic."""

    @property
    def bins(self) -> int:
        """Into how many bins an interval without breakpoints should be divided, at least."""
        ...

    def __call__(self, start: RealLike, end: RealLike, bins: int) -> Float[Array, " bins"]:
        """How far around every bin of such an interval, from `start` to `end`, > 0."""
        ...


class Watched(eqx.Module):
    """What is not a known polynomial, to be looked at before a step is taken.

    Args:
        values: what nothing is known of between the times at which it is called: t -> (count,), in
            units of x'/x where x is of size 1; `None` if there is no such thing.
        defect: t -> scalar >= 0: how far the equation is from what it should be (a Hamiltonian that
            is not Hermitian), relative to its size.
        radius: how far around times all else is analytic.
        groups: how many of the values, one after the other, are of one operator, and known to a
            rounding of the largest of them, static; each alone if empty.
    """

    values: Callable[[Any], Float[Array, " count"]] | None
    defect: Callable[[Any], Float[Array, ""]] | None
    radius: Radius | None = None
    groups: tuple[int, ...] = eqx.field(static=True, default=())

    def at(self, t: RealLike) -> tuple[Float[Array, " count"], Float[Array, ""]]:
        """Values and defect at time t; a defect of 0 where there is none."""
        values = jnp.zeros(0) if self.values is None else self.values(t)
        return values, jnp.zeros(()) if self.defect is None else self.defect(t)


class LinearEquation(eqx.Module):
    """The equation of the module's docstring.

    Args:
        functions: t -> the values f_j(t).
        degrees: degree of each function between breakpoints; `None` if it is no known polynomial.
        matrices: pairs (number of the function, M_j).
        rows: of the books.
        books: how many there are.
        size: number of components.
        moving: (t, duration) -> (moved rows, size), or `None`.
        moved: the rows that `moving` fills: of components, then `size` + number of a book; static.
        watched: what is not known of it; `None` if all functions are known polynomials.
        breakpoints: times where a function or a derivative of it jumps, in order.
        words: what kind of equation it is, static.
        action: (t, x) -> (x', books'), in place of all matrices; `None` where there are any.
        balances: of quantities that do not move either, where nothing does.
    """

    functions: Scalars
    degrees: tuple[int | None, ...] = eqx.field(static=True)
    matrices: tuple[tuple[int, FixedMatrix], ...]
    rows: tuple[Row, ...]
    books: int = eqx.field(static=True)
    size: int = eqx.field(static=True)
    moving: Callable[[Any, Any], Float[Array, "m n"]] | None
    moved: tuple[int, ...] = eqx.field(static=True)
    watched: Watched | None
    breakpoints: Float[Array, " breaks"]
    words: str = eqx.field(static=True)
    action: Callable[[Any, Any], Float[Array, " m"]] | None = None
    balances: tuple[Balance, ...] = ()

    @property
    def constant(self) -> bool:
        """Whether nothing moves."""
        known = self.moving is None and self.action is None
        still = all(degree == 0 for degree in self.degrees) and self.breakpoints.shape[0] == 0
        return known and still

    @property
    def moving_rows(self) -> tuple[int, ...]:
        """Rows of G(t) that may hold something: all components from one on, then books."""
        rows = [matrix.first for _, matrix in self.matrices] + list(self.moved)
        books = {row.book for row in self.rows} | {i - self.size for i in self.moved}
        components = range(min([self.size - 1, *rows]), self.size)
        return (*components, *(self.size + book for book in sorted(books) if book >= 0))

    def balances_in(self, unit: RealLike) -> tuple[Balance, ...]:
        """The balances where books are counted in a unit."""
        return tuple(balance._replace(vector=balance.vector / unit) for balance in self.balances)

    def signals(self, t: RealLike, duration: RealLike) -> list[Array]:
        """The scalars of which the terms of G(t) are made: all f_j, all f_j', and what moves.

        Args:
            t: time.
            duration: as for `DenseEquation`.
        """
        t = jnp.asarray(t, jnp.result_type(float))
        values, slopes = jax.jvp(self.functions, (t,), (jnp.ones_like(t),))
        moving = [] if self.moving is None else [*self.moving(t, duration).reshape(-1)]
        return [*values, *slopes, *moving]

    def terms(self) -> list["SignalTerm"]:
        """The terms of G(t) above the rows of the books, by the numbers of their `signals`."""
        count = len(self.degrees)
        found = [SignalTerm(0, (j,), matrix) for j, matrix in self.matrices]
        for book, factors, vector in self.rows:
            numbers = tuple(j + count * order for j, order in factors)
            slow = any(order for _, order in factors)
            found.append(SignalTerm(self.size + book, numbers, vector, not slow))
        entries = [(i, c) for i in self.moved for c in range(self.size)]
        for k, (i, c) in enumerate(entries):
            found.append(SignalTerm(i, (2 * count + k,), unit_entry(c, self.size), False))
        return found

    def dense(self) -> "DenseEquation":
        """The same with full matrices, made once before a loop over times."""
        dtype = jnp.result_type(float)
        parts = [dense(matrix) for _, matrix in self.matrices]
        vectors = [dense(row.vector)[0] for row in self.rows]
        return DenseEquation(
            self.functions if self.functions.parts else None,
            tuple(j for j, _ in self.matrices),
            jnp.stack(parts) if parts else jnp.zeros((0, self.size, self.size), dtype),
            tuple((row.book, row.factors) for row in self.rows),
            jnp.stack(vectors) if vectors else jnp.zeros((0, self.size), dtype),
            self.books,
            self.moving,
            self.moved,
        )

    def slope(self, t: RealLike, x: Float[Array, " n"]) -> Float[Array, " m"]:
        """(x', books') at time t, (size + books,), by the places that hold something.

        A full G(t) at many times at once would not fit.
        """
        if self.action is not None:
            return self.action(t, x)
        signals, found = self.signals(t, 1.0), jnp.zeros(self.size + self.books, x.dtype)
        for first, factors, matrix, _ in self.terms()[: len(self.matrices) + len(self.rows)]:
            entries = math.prod(signals[j] for j in factors) * jnp.asarray(matrix.values)
            places = matrix.places
            found = found.at[first + places.rows].add(entries * x[places.columns])
        if self.moving is None:
            return found
        return found.at[np.array(self.moved)].add(matmul(self.moving(t, 1.0), x))


class DenseEquation(eqx.Module):
    """G(t) of a linear equation as one matrix.

    Args:
        functions: t -> the values f_j(t).
        indices: which function multiplies which matrix, static.
        parts: the matrices, (terms, n, n).
        products: book and factors of every row, static.
        vectors: of the rows, (rows, n).
        books: how many there are, static.
        moving: as of the equation.
        moved: as of the equation, static.
    """

    functions: Scalars | None
    indices: tuple[int, ...] = eqx.field(static=True)
    parts: Float[Array, "terms n n"]
    products: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = eqx.field(static=True)
    vectors: Float[Array, "rows n"]
    books: int = eqx.field(static=True)
    moving: Callable[[Any, Any], Float[Array, "m n"]] | None
    moved: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, t: RealLike, duration: RealLike = 1.0) -> Float[Array, "m n"]:
        """G(t) above the rows of the books, (n + books, n): nothing depends on the books.

        Args:
            t: time.
            duration: d(time)/dt, for an equation of scaled time. What a book gains from the
                derivative of a function does not depend on it.
        """
        t = jnp.asarray(t, self.parts.dtype)
        n = self.parts.shape[-1]
        values, slopes = jax.jvp(self._values, (t,), (jnp.ones_like(t),))
        state = duration * tensordot(values[np.array(self.indices, int)], self.parts, 1)
        books: list[Any] = [jnp.zeros(n, t.dtype) for _ in range(self.books)]
        for (book, factors), vector in zip(self.products, self.vectors, strict=True):
            weight = 1.0 if any(derivative for _, derivative in factors) else duration
            for j, derivative in factors:
                weight = weight * (slopes[j] if derivative else values[j])
            books[book] = books[book] + weight * vector
        total = jnp.concatenate([state, jnp.stack(books)])
        if self.moving is None:
            return total
        return total.at[np.array(self.moved)].add(self.moving(t, duration))

    def _values(self, t: Array) -> Float[Array, " functions"]:
        values = [] if self.functions is None else self.functions(t)
        return jnp.stack([jnp.zeros_like(t), *values])[1:]


def norms(
    matrices: Sequence[tuple[int, FixedMatrix]], values: Sequence[Any], count: int
) -> list[Any]:
    """A bound on the norm of M_j for every function; 0 for functions without a matrix.

    Args:
        matrices: pairs (number of the function, M_j).
        values: of the matrices, (places, ...) each.
        count: how many functions there are.
    """
    bounds: list[Any] = [0.0] * count
    for (j, matrix), entries in zip(matrices, values, strict=True):
        filling = np.bincount(matrix.places.rows).max() if matrix.places else 0
        xp = np if isinstance(entries, np.ndarray) else jnp  # nothing to compile for numbers
        with np.errstate(over="ignore"):
            bounds[j] = float(filling) * xp.max(xp.abs(xp.asarray(entries)), axis=0, initial=0.0)
    return bounds


def combination(rates: Any, matrices: Sequence[FixedMatrix]) -> FixedMatrix:
    """sum_r rate_r M_r, at all places of all of them."""
    if len(matrices) == 1 and isinstance(rates, np.ndarray) and rates[0] == 1.0:
        return matrices[0]
    shape = matrices[0].shape
    if any(matrix.places and matrix.is_full for matrix in matrices):
        whole: Any = sum(rate * dense(m) for rate, m in zip(rates, matrices, strict=True))
        return full(whole, min(matrix.first for matrix in matrices))
    flat = [m.places.rows * shape[1] + m.places.columns for m in matrices]
    union = np.sort(np.concatenate(flat), kind="stable")  # which merges what is in order
    union = union[np.append(True, union[1:] != union[:-1])] if union.size else union
    total: Any = 0.0
    for rate, matrix, own in zip(rates, matrices, flat, strict=True):
        total = total + rate * _spread(matrix.values, own, union)
    total = np.asarray(total) if is_concrete(total) else total
    return FixedMatrix(total, Places(union // shape[1], union % shape[1]), shape)


def _spread(values: Any, own: np.ndarray, union: np.ndarray) -> Any:
    """Values at their own places among those of the union, 0 elsewhere; all of them in order."""
    if own.size == union.size:
        return values
    places = np.searchsorted(union, own)
    if isinstance(values, Array):
        return jnp.zeros(union.size, values.dtype).at[places].set(values)
    found = np.zeros(union.size, values.dtype)
    found[places] = values
    return found


def from_sparse(matrix: Any, eps: float) -> FixedMatrix:
    """A sparse matrix without the entries that are rounding."""
    size = np.max(np.abs(matrix.data), initial=0.0)
    kept = np.abs(matrix.data) > ROUNDING * eps * size
    rows, columns, values = (a[kept] for a in (*matrix.coords, matrix.data))
    order = np.lexsort((columns, rows))
    return FixedMatrix(values[order], Places(rows[order], columns[order]), matrix.shape)


@functools.lru_cache
def _all_places(first: int, rows: int, columns: int) -> Places:
    return Places(
        np.repeat(np.arange(first, rows), columns), np.tile(np.arange(columns), rows - first)
    )


def full(matrix: Array, first: int = 0) -> FixedMatrix:
    """A matrix of which any entry may be something, from a row on."""
    rows, columns = matrix.shape
    return FixedMatrix(
        matrix[first:].reshape(-1), _all_places(first, rows, columns), (rows, columns)
    )


def unit_entry(column: int, size: int) -> FixedMatrix:
    """A row with 1 in one column."""
    return FixedMatrix(np.ones(1), Places([0], [column]), (1, size))


def dense(matrix: FixedMatrix) -> Array:
    """The matrix with all its entries, (rows, columns)."""
    if matrix.is_full:
        values = jnp.asarray(matrix.values).reshape(-1, matrix.shape[1])
        return jnp.pad(values, ((matrix.first, 0), (0, 0)))
    places = matrix.places.rows, matrix.places.columns
    return jnp.zeros(matrix.shape, matrix.values.dtype).at[places].set(matrix.values)


def row_times(vector: FixedMatrix, matrix: FixedMatrix) -> FixedMatrix:
    """v^T M."""
    if (
        is_concrete(vector.values, matrix.values)
        and not isinstance(vector.values, Array)
        and not isinstance(matrix.values, Array)
    ):
        entries = np.zeros(matrix.shape[0], vector.values.dtype)
        entries[vector.places.columns] = vector.values
        moved = entries[matrix.places.rows] * matrix.values
        product = np.bincount(matrix.places.columns, moved, matrix.shape[1])[None]
        product = product.astype(vector.values.dtype)
        size = float(
            np.max(np.abs(vector.values), initial=0.0) * np.max(np.abs(matrix.values), initial=0.0)
        )
        keep = np.where(
            np.abs(product) > ROUNDING * np.finfo(vector.values.dtype).eps * size, product, 0.0
        )
        return from_sparse(sp.coo_array(keep), 0.0)
    return full(jnp.sum(dense(vector).T * dense(matrix), axis=0)[None])
