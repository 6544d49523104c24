"""What a thing prints: a title, names with values, a table; as text, and as HTML in a notebook.

Numbers that are traced, batched or no numbers at all (as while JAX takes a module apart) print as
such: a `repr` never fails.
"""

import dataclasses
import html
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np

from ._checks import is_concrete

_MOST = 6  # entries of a vector that are printed one by one
_DIGITS = 6  # of a number


class Description(NamedTuple):
    """What is said of a thing.

    Args:
        title: its kind, and the least that is to be known of it.
        rows: names and values.
        table: rows of cells, those of the head first; none if empty.
    """

    title: str
    rows: Sequence[tuple[str, str]] = ()
    table: Sequence[Sequence[str]] = ()


def as_text(thing: Any, describe: Callable[[Any], Description]) -> str:
    """A description in lines, for `repr`.

    Args:
        thing: what is described; where that fails, its fields are printed instead.
        describe: makes the description.
    """
    try:
        title, rows, table = describe(thing)
    except Exception:  # a module in the middle of a transformation must print too
        return eqx.tree_pformat(thing)
    width = max((len(name) for name, _ in rows), default=0)
    lines = [title, *(f"  {name:<{width}}  {value}".rstrip() for name, value in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        padded = (cell.ljust(size) for cell, size in zip(cells, widths, strict=True))
        lines.append(f"  {'  '.join(padded)}".rstrip())
    return "\n".join(lines)


def as_html(thing: Any, describe: Callable[[Any], Description]) -> str:
    """A description as HTML, for a notebook; the arguments are those of `as_text`."""
    try:
        title, rows, table = describe(thing)
    except Exception:
        return f"<pre>{html.escape(eqx.tree_pformat(thing))}</pre>"
    parts = [f"<strong>{html.escape(title)}</strong>"]
    if rows:
        parts.append(_html_table([[html.escape(cell) for cell in row] for row in rows], "th"))
    if table:
        parts.append(_html_table([[html.escape(cell) for cell in row] for row in table], "td"))
    return "<div>" + "".join(parts) + "</div>"


def one_line(thing: Any) -> str:
    """The class with its fields, each as short as can be: `Flat(rate=0.1)`."""
    shown = []
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name, None)
        if value is not None:
            shown.append(f"{field.name}={_field(value)}")
    return f"{type(thing).__name__}({', '.join(shown)})"


def describe_fields(thing: Any) -> Description:
    """Every field with its number or numbers, under the name of its class."""
    fields = [field.name for field in dataclasses.fields(thing)]
    found = [(name, getattr(thing, name)) for name in fields]
    return Description(
        type(thing).__name__, [(name, _field(value)) for name, value in found if value is not None]
    )


def number(value: Any) -> str:
    """A number with up to six digits; of what is no single number, what it is."""
    if value is None:
        return "none"
    if not isinstance(value, jax.Array | np.ndarray | np.generic | complex | float | int):
        return _shaped(value)
    if not is_concrete(value):
        return "traced"
    array = np.asarray(value)
    if array.ndim == 0:
        # plus 0 turns -0 into 0
        return f"{array[()] + 0:.{_DIGITS}g}" if array.dtype.kind in "fiuc" else str(array[()])
    size = " x ".join(f"{n:,}" for n in array.shape)
    return f"batch of {size}{_span(array)}"


def number_with_error(value: Any, error: Any) -> str:
    """A number, and what it may be off by if that shows in its digits: `0.501 ± 0.002`."""
    if not is_concrete(value, error) or np.ndim(value) or not np.isfinite(value + error):
        return number(value)
    size, off = abs(float(value)), float(error)
    if off == 0.0 or off <= 0.5 * 10.0 ** (_power(size) - _DIGITS + 1):
        return number(value)
    digits = min(max(_power(size) - _power(off) + 1, 1), _DIGITS)
    zeros = "#" if digits > 1 else ""  # those at the end are digits too
    return f"{float(value) + 0:{zeros}.{digits}g}".removesuffix(".") + f" ± {off:.1g}"


def _power(x: float) -> int:
    """Of ten, of the first digit; that of the smallest number for 0."""
    return int(np.floor(np.log10(max(x, np.finfo(float).tiny))))


def numbers(values: Any, error: Any = None) -> str:
    """A vector, its entries if they are few; how many there are, and between which values."""
    if not isinstance(values, jax.Array | np.ndarray) or not is_concrete(values):
        return number(values)
    array = np.asarray(values)
    if array.ndim == 1 and array.size <= _MOST:
        each = [number(x) if error is None else number_with_error(x, error) for x in array]
        return f"[{', '.join(each)}]"
    return f"{' x '.join(f'{n:,}' for n in array.shape)} numbers{_span(array)}"


def operator(value: Any) -> str:
    """A matrix by its size."""
    shape = np.shape(value)
    size = f"{shape[-2]} x {shape[-1]}"
    if len(shape) == 2:
        return f"{size} operator"
    return f"batch of {' x '.join(f'{n:,}' for n in shape[:-2])} {size} operators"


def several(count: int, what: str) -> str:
    """A number of things: `1 bath`, `2 baths`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def _span(array: np.ndarray) -> str:
    """Between which numbers the finite entries are."""
    good = array[np.isfinite(array)] if array.dtype.kind in "fiu" else array[:0]
    if not good.size:
        return ""
    low, high = number(good.min()), number(good.max())
    return f" (all {low})" if low == high else f" ({low} to {high})"


def _field(value: Any) -> str:
    if isinstance(value, str | bool | int | eqx.Module):
        return repr(value)
    if isinstance(value, tuple | list):
        short = len(value) <= _MOST and not hasattr(value, "_fields")
        return f"({', '.join(map(_field, value))})" if short else type(value).__name__
    shape, dtype = np.shape(value), getattr(value, "dtype", None)
    if callable(value) and not shape:
        return getattr(value, "__name__", type(value).__name__)
    if len(shape) >= 2 and shape[-1] == shape[-2] and dtype in (np.complex64, np.complex128):
        return operator(value)
    return numbers(value) if shape else number(value)


def _shaped(value: Any) -> str:
    """What stands in for an array while JAX looks at shapes."""
    shape = getattr(value, "shape", None)
    return type(value).__name__ if shape is None else f"shape {tuple(shape)}"


def _html_table(rows: Sequence[Sequence[str]], first: str) -> str:
    """Rows of cells; the first column holds names (`th`), or the first row does (`td`)."""
    lines = []
    for k, row in enumerate(rows):
        tags = ["th" if (j == 0 if first == "th" else k == 0) else "td" for j in range(len(row))]
        cells = (f"<{tag}>{cell}</{tag}>" for tag, cell in zip(tags, row, strict=True))
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(lines)}</table>"
