"""The sum of a Taylor series of rows, y -> sum_k y_k, with its adjoint written out.

    y_{k+1} = 1/(k + 1) sum_m E_m y_{k-m},    E_m[i, c] = entries[i][c][m],

Nothing depends on the books, the last rows. With z_k = ybar_k / k,

    ybar_k = ybar + sum_m E_m^T z_{k+m+1},    Ebar_m[i, c] = sum_k z_{k+1}[i] y_{k-m}[c].

Everything is written out, without a loop, so that XLA makes one fused loop over the lanes for every
output. On a CPU each of them computes both recursions anew, hence `pair`: two rows in one output.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

Entries = list[dict[int, list[Any]]]
Rows = tuple[Array, ...]


def pair(rows: Sequence[Array]) -> Rows:
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
    terms = row_terms(entries, y, order)
    found = (
        functools.reduce(jnp.add, [t[i] for t in terms if t[i] is not None]) for i in range(len(y))
    )
    return tuple(found), (entries, terms)


def _backward(order: int, saved: Any, after: Rows) -> tuple[Entries, Rows]:
    entries, terms = saved
    zs: dict[int, list[Any]] = {}
    for k in range(order, -1, -1):
        rows: list[Any] = list(after)
        for i, columns in enumerate(entries):
            for c, coefficients in columns.items():
                for m, a in enumerate(coefficients[: order - k]):
                    rows[c] = _plus(rows[c], a, zs[k + m + 1][i])
        zs[k] = [_scaled(row, 1.0 / k) for row in rows] if k else rows
    zero = jnp.zeros_like(after[0])

    def cotangent(i: int, c: int, m: int) -> Array:
        total = None
        for k in range(m, order):
            total = _plus(total, zs[k + 1][i], terms[k - m][c])
        return zero if total is None else total

    found: Entries = [
        {
            c: [None if a is None else cotangent(i, c, m) for m, a in enumerate(coefficients)]
            for c, coefficients in columns.items()
        }
        for i, columns in enumerate(entries)
    ]
    return found, tuple(zs[0])


row_flow.defvjp(_forward, _backward)


def _plus(total: Any, a: Any, b: Any) -> Any:
    """total + a b, where None is zero."""
    if a is None or b is None:
        return total
    return a * b if total is None else total + a * b


def _scaled(row: Any, factor: float) -> Any:
    return None if row is None else row * factor
