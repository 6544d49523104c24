"""A published result as data: its numbers, computed, next to what they should be."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

TOLERANCE = 1e-9  # of a number that is published to twelve digits or known in closed form


@dataclasses.dataclass(frozen=True)
class Entry:
    """One number that qtjax computes, and the number that it should be.

    Args:
        quantity: what was computed.
        value: as qtjax computes it.
        published: the published digits, or the closed form; never computed by qtjax.
        source: where that number is from, in words.
        tolerance: largest difference in units of `scale`.
        scale: what the difference is relative to; |published| by default.
    """

    quantity: str
    value: float
    published: float
    source: str
    tolerance: float = TOLERANCE
    scale: float | None = None

    @property
    def difference(self) -> float:
        """value - published."""
        return self.value - self.published

    @property
    def relative(self) -> float:
        """|difference| in units of the scale; 0 where both numbers are the same."""
        if self.value == self.published:
            return 0.0
        scale = abs(self.published) if self.scale is None else self.scale
        return abs(self.difference) / scale if scale > 0.0 else math.inf

    @property
    def passed(self) -> bool:
        """Whether the difference is within the tolerance; a nan never is."""
        return self.relative <= self.tolerance


@dataclasses.dataclass(frozen=True)
class Curve:
    """What a figure of a paper shows: lines of qtjax, and marks of the published points.

    Args:
        title: of the figure.
        x: (label, values) of the horizontal axis.
        y: label of the vertical axis.
        lines: name and values, as many as the axis has.
        points: name, and the coordinates (x, y) of marks.
        logarithmic: which axes are: "", "x", "y" or "xy".
    """

    title: str
    x: tuple[str, Any]
    y: str
    lines: Mapping[str, Any]
    points: Mapping[str, tuple[Any, Any]] = dataclasses.field(default_factory=dict)
    logarithmic: str = ""


@dataclasses.dataclass(frozen=True)
class Paper:
    """A paper with the numbers that qtjax reproduces of it.

    Args:
        name: by which it is asked for.
        citation: authors, title, journal, year.
        result: what the paper says, in a sentence.
        parameters: for which the numbers hold.
        entries: computes the numbers.
        curve: computes the figure, where the paper's point is a curve.
        notes: what could not be reproduced, or is doubtful, and by how much.
    """

    name: str
    citation: str
    result: str
    parameters: str
    entries: Callable[[], Sequence[Entry]]
    curve: Callable[[], Curve] | None = None
    notes: str = ""


def entry(
    quantity: str,
    value: Any,
    published: Any,
    source: str,
    tolerance: float = TOLERANCE,
    scale: float | None = None,
) -> Entry:
    """An `Entry` from arrays or numbers."""
    return Entry(quantity, float(value), float(published), source, tolerance, scale)


def compared(
    values: Mapping[str, Any],
    published: Mapping[str, Any],
    source: str,
    tolerance: float = TOLERANCE,
) -> tuple[Entry, ...]:
    """Entries of numbers that go by the same names.

    Args:
        values: as qtjax computes them.
        published: what they should be.
        source: where these are from.
        tolerance: largest relative difference.

    Raises:
        ValueError: the names differ.
    """
    if set(values) != set(published):
        odd = sorted(set(values) ^ set(published))
        raise ValueError(f"`values` and `published` must have the same names, not only one: {odd}.")
    return tuple(entry(k, values[k], published[k], source, tolerance) for k in published)
