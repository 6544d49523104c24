"""Components as rows of lanes, for few entries: everything written out.

The sum of a Taylor series of rows, y -> sum_k y_k, and its adjoint:

    y_{k+1} = 1/(k + 1) sum_m E_m y_{k-m},    E_m[i, c] = entries[i][c][m],

Nothing depends on the books, the last rows. With z_k = ybar_k / k,

    ybar_k = ybar + sum_m E_m^T z_{k+m+1},    Ebar_m[i, c] = sum_k z_{k+1}[i] y_{k-m}[c].

Everything is written out, without a loop, so that XLA makes one fused loop over the lanes for every
output. Each of them computes the recursion anew, hence `pair`: two rows in one output, and loops
over the orders in reverse mode, which has an output for every entry.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .equation import LinearEquation
from .layout import TERM_RATIO, AbstractLayout, Prepared, row_polynomials
from .polynomials import Polynomial, horner

FEW_OUTPUTS = 40  # of reverse mode, up to which it is written out

Entries = list[dict[int, list[Any]]]
Rows = tuple[Array, ...]


def pair(rows: Sequence[Array] | Array) -> Rows:
    """Two rows as one complex row; an odd last one with zeros."""
    even = [*rows, jnp.zeros_like(rows[0])] if len(rows) % 2 else rows
    return tuple(jax.lax.complex(a, b) for a, b in zip(even[::2], even[1::2], strict=True))


def unpair(pairs: Sequence[Array], count: int) -> Rows:
    """The first `count` rows of pairs."""
    return tuple(row for p in pairs for row in (p.real, p.imag))[:count]


def row_terms(entries: Entries, y: Sequence[Array], order: int) -> list[list[Any]]:
    """y_0 ... y_order; a row that is zero is `None`.

    Args:
        entries: of every row, by column, the coefficients E_m or `None`, (lanes,) each.
        y: rows of the state, then the books, (lanes,) each.
        order: static.
    """
    terms: list[list[Any]] = [list(y)]
    for k in range(order):
        terms.append([_scaled(row, 1.0 / (k + 1)) for row in next_rows(entries, terms[::-1])])
    return terms


def next_rows(entries: Entries, history: Sequence[Sequence[Any]]) -> list[Any]:
    """sum over columns and lags; history[m] holds the rows of the term m before. None is zero."""
    found: list[Any] = [None] * len(entries)
    for i, columns in enumerate(entries):
        for column, coefficients in columns.items():
            for a, rows in zip(coefficients, history, strict=False):
                found[i] = _plus(found[i], a, rows[column])
    return found


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def row_flow(entries: Entries, y: Rows, order: int) -> Rows:
    """sum_{k=0}^{order} y_k, for reverse mode.

    Args:
        entries: as for `row_terms`.
        y: as for `row_terms`.
        order: static.
    """
    return _forward(entries, y, order)[0]


def _forward(entries: Entries, y: Rows, order: int) -> tuple[Rows, Any]:
    def next_term(history: Sequence[Any], inverse: Any) -> list[Any]:
        return [_scaled(row, inverse) for row in next_rows(entries, history)]

    zero = jnp.zeros_like(y[0])
    terms = _over_orders(entries, next_term, [y], zero, 1.0 / np.arange(1, order + 1))
    terms = [[row, *later] for row, later in zip(y, terms, strict=True)]
    found = (functools.reduce(jnp.add, [r for r in rows if r is not None]) for rows in terms)
    return tuple(found), (entries, terms)


def _backward(order: int, saved: Any, after: Rows) -> tuple[Entries, Rows]:
    entries, terms = saved
    zero = jnp.zeros_like(after[0])

    def before(history: Sequence[Any]) -> list[Any]:
        """ybar_k from z_{k+1}, z_{k+2}, ..."""
        rows: list[Any] = list(after)
        for i, columns in enumerate(entries):
            for c, coefficients in columns.items():
                for z, a in zip(history, coefficients, strict=False):
                    rows[c] = _plus(rows[c], a, z[i])
        return rows

    def next_z(history: Sequence[Any], inverse: Any) -> list[Any]:
        return [inverse * row for row in before(history)]

    zs = _over_orders(entries, next_z, [], zero, 1.0 / np.arange(order, 0, -1))
    newest = [tuple(z[-1 - k] for z in zs) for k in range(min(_depth(entries), order))]

    def cotangent(i: int, c: int, m: int) -> Array:
        total = None
        for k in range(m, order):
            total = _plus(total, zs[i][-1 - k], terms[c][k - m])
        return zero if total is None else total

    found: Entries = [
        {
            c: [None if a is None else cotangent(i, c, m) for m, a in enumerate(coefficients)]
            for c, coefficients in columns.items()
        }
        for i, columns in enumerate(entries)
    ]
    return found, tuple(before(newest))


def _over_orders(
    entries: Entries, following: Callable, history: list, zero: Array, inverses: np.ndarray
) -> list[Any]:
    """Of every row what follows, order by order, from a history that has the newest first.

    In a loop where outputs are many: what is written out is computed anew for each of them.
    """
    outputs = sum(len(c) for columns in entries for c in columns.values())
    if outputs <= FEW_OUTPUTS:
        for inverse in inverses.tolist():
            history = [following(history, inverse), *history]
        return list(zip(*history[: len(inverses)][::-1], strict=True))

    def body(history: tuple, inverse: Array) -> tuple:
        rows = [zero if row is None else row for row in following(history, inverse)]
        return (rows, *history[:-1]), rows

    nothing = [[zero] * len(entries)] * (_depth(entries) - len(history))
    start = tuple(list(rows) for rows in [*history, *nothing])
    return jax.lax.scan(body, start, jnp.asarray(inverses, zero.dtype))[1]


def _depth(entries: Entries) -> int:
    """How many terms before it a term is made of."""
    return max((len(c) for columns in entries for c in columns.values()), default=1)


row_flow.defvjp(_forward, _backward)


def _plus(total: Any, a: Any, b: Any) -> Any:
    """total + a b, where None is zero."""
    if a is None or b is None:
        return total
    return a * b if total is None else total + a * b


def _scaled(row: Any, factor: Any) -> Any:
    return None if row is None else row * factor


class RowProducts(AbstractLayout):
    """Components as rows of lanes."""

    margin = 0.98

    def __init__(self, equation: LinearEquation):
        self.equation = equation
        self.n = equation.size
        rows = {row for _, matrix in equation.matrices for row in matrix.places.rows.tolist()}
        self.moving = (*sorted(rows), *range(self.n, self.n + equation.books))

    def prepare(self, matrices: list[Array], rows: list[Array]) -> Prepared:
        return Prepared(matrices, rows)

    def join(self, x: Array, books: Sequence[Array]) -> tuple[Array, ...]:
        """The rows of components (n, lanes) and books (lanes,)."""
        return (*x, *books)

    def split(self, x: Array) -> tuple[Array, ...]:
        """The rows of a state with empty books."""
        return (*x, *(jnp.zeros_like(x[0]),) * self.equation.books)

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
        everything = range(self.n + self.equation.books)
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
        entries: list[dict[int, list[Any]]] = [{} for _ in range(self.n + self.equation.books)]

        def add(i: int, column: int, polynomial: Polynomial, value: Array) -> None:
            place = entries[i].setdefault(column, [None] * len(polynomial))
            place += [None] * (len(polynomial) - len(place))
            for m, a in enumerate(polynomial):
                place[m] = a * value if place[m] is None else place[m] + a * value

        polynomials = [list(polynomial) for polynomial in polynomials]
        for (j, matrix), values in zip(self.equation.matrices, prepared.matrices, strict=True):
            scaled = [a * span for a in polynomials[j]]
            for (i, column), value in zip(matrix.places, values, strict=True):
                add(i, column, scaled, value)
        products = row_polynomials(self.equation, polynomials, span)
        for row, product, values in zip(self.equation.rows, products, prepared.rows, strict=True):
            for (_, column), value in zip(row.vector.places, values, strict=True):
                add(self.n + row.book, column, product, value)
        return entries

    def share(self, growth: Array) -> Array:
        """How far a step is taken whose length may change by a factor."""
        return jnp.where(self.margin * growth < 1.0, self.margin * growth, 1.0)

    def sum(self, terms: list[list[Any]], u: Array) -> tuple[Array, ...]:
        """y(u)."""
        return tuple(horner([term[i] for term in terms], u) for i in range(len(terms[0])))

    def tail(self, terms: list[list[Any]], order: int, units: Array) -> Array:
        """The size of the last term at u = 1, also as judged by the one before it."""
        inverse = 1.0 / units

        def size(k: int) -> Array:
            state = [row for row in terms[k][: self.n] if row is not None]
            books = [row * inverse for row in terms[k][self.n :] if row is not None]
            return _largest([*state, *books]) if state or books else jnp.zeros_like(units)

        return jnp.maximum(size(order), TERM_RATIO * size(order - 1))


def _largest(rows: Sequence[Array]) -> Array:
    found = jnp.abs(jax.lax.stop_gradient(rows[0]))
    for row in rows[1:]:
        found = jnp.maximum(found, jnp.abs(jax.lax.stop_gradient(row)))
    return found
