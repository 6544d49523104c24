"""The records of a published result: its numbers next to independent ones, and both columns."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class Row:
    """One computed number and the number that it should be.

    Args:
        quantity: what was computed.
        system: on which system.
        value: as qtjax computes it.
        reference: by an independent route.
        route: which route that is.
    """

    quantity: str
    system: str
    value: float
    reference: float
    route: str

    @property
    def residual(self) -> float:
        """|value - reference|; 0 where both are nan or the same infinity."""
        same = self.value == self.reference or (
            math.isnan(self.value) and math.isnan(self.reference)
        )
        return 0.0 if same else abs(self.value - self.reference)


@dataclasses.dataclass(frozen=True)
class Equation:
    """An equation with its status and the numbers that show it.

    Args:
        number: in the paper.
        formula: as computed.
        status: "definition", "identity", "theorem" or "contested".
        convention: whose bookkeeping the numbers follow.
        sentence: what the status means here, neutrally.
        rows: the numbers.
    """

    number: int
    formula: str
    status: str
    convention: str
    sentence: str
    rows: tuple[Row, ...]


@dataclasses.dataclass(frozen=True)
class Contrast:
    """Where the paper and the mainstream part ways: both columns on the same run.

    Args:
        title: the question.
        system: the run.
        columns: names of the two conventions.
        rows: (quantity, value of the first convention, value of the second), as numbers or words.
        sentence: what differs, neutrally.
    """

    title: str
    system: str
    columns: tuple[str, str]
    rows: tuple[tuple[str, Any, Any], ...]
    sentence: str


def row(quantity: str, system: str, value: Any, reference: Any, route: str) -> Row:
    """A `Row` from arrays or numbers."""
    return Row(quantity, system, float(value), float(reference), route)


def records(equations: Sequence[Equation]) -> list[dict[str, Any]]:
    """The rows as plain objects, one for each number, for `paper.json`.

    Args:
        equations: in order.

    Returns:
        A list of objects with `equation`, `status`, `system`, `value`, `reference`, `residual`,
        `convention`, and `quantity`, `route`, `formula`, `sentence`.
    """
    return [
        {
            "equation": equation.number,
            "status": equation.status,
            "system": row.system,
            "quantity": row.quantity,
            "value": row.value,
            "reference": row.reference,
            "residual": row.residual,
            "convention": equation.convention,
            "route": row.route,
            "formula": equation.formula,
            "sentence": equation.sentence,
        }
        for equation in equations
        for row in equation.rows
    ]
