"""What a cycle, a limit cycle and a machine in its steady state print."""

import contextlib
from collections.abc import Callable
from typing import Any

import equinox as eqx

from .._checks import is_concrete
from .._describe import Description, number, number_with_error, numbers, several
from .._results import outcome

_CYCLE = (
    ("efficiency", "efficiency"), ("coefficient_of_performance", "coefficient of performance"),
    ("carnot_efficiency", "Carnot efficiency"), ("power", "power"),
    ("work_output", "work per cycle"), ("spohn_production", "Spohn production"),
)  # fmt: skip


def describe_cycle(cycle: Any) -> Description:
    """A table of strokes."""
    head = ("stroke", "kind", "duration", "contact", "T of baths")
    rows = [head, *((str(k + 1), *_stroke(stroke)) for k, stroke in enumerate(cycle.strokes))]
    title = f"Cycle: d = {cycle.dimension}, {several(len(cycle.strokes), 'stroke')}"
    return Description(f"{title}, period {number(cycle.period)}", (), rows)


def describe_limit_cycle(solution: Any) -> Description:
    """Figures of merit, a table of strokes with their heats and works, residuals."""
    strokes = solution.cycle.strokes
    rows = [("status", outcome(solution.result))]
    title = f"CycleSolution: {several(len(strokes), 'stroke')}"
    if not is_concrete(solution.works, solution.states):
        return Description(title, rows)
    if solution.works.ndim > 1:
        lanes = " x ".join(f"{n:,}" for n in solution.works.shape[:-1])
        return Description(f"CycleSolution: batch of {lanes}, {title[15:]}", rows)
    rows += _figures(solution, _CYCLE)
    rows += [
        ("first law", f"residual {float(solution.first_law_residual):.1e}"),
        ("limit cycle", f"residual {float(solution.limit_cycle_residual):.1e}"),
        ("error", f"{float(solution.error):.1e}, estimated"),
    ]
    table: list[tuple[str, ...]] = [
        ("stroke", "contact", "duration", "heat", "work", "jump of H after")
    ]
    for k, (stroke, heats) in enumerate(zip(strokes, solution.bath_heats, strict=True)):
        moved = heats.sum(), solution.works[k], solution.quenches[k]
        # what nothing is moved by is 0
        known = [number_with_error(value, solution.heat_error if value else 0.0) for value in moved]
        table.append((str(k + 1), _contact(stroke.contact), number(stroke.duration), *known))
    regime = _or(lambda: f"{solution.regime}, ", "")
    return Description(title.replace(": ", f": {regime}"), rows, table)


def describe_machine(machine: Any) -> Description:
    """Figures of merit of a steady state, and the heat currents."""
    steady = [
        ("status", outcome(machine.result)),
        ("heat currents", numbers(machine.heat_currents, machine.rounding)),
        ("contacts", _contact(machine.contact)),
    ]
    if is_concrete(machine.heat_currents) and machine.heat_currents.ndim == 1:
        steady += _figures(machine, [pair for pair in _CYCLE if pair[0] != "work_output"])
    return Description(f"SteadyMachine: {several(len(machine.system.baths), 'bath')}", steady)


def _figures(solution: Any, pairs: Any) -> list[tuple[str, str]]:
    """Those that exist, with their errors."""
    values = _with_errors(solution, tuple(name for name, _ in pairs))
    found = [(words, number_with_error(*values[name])) for name, words in pairs if name in values]
    return [(words, value) for words, value in found if value != "nan"]


@eqx.filter_jit
def _with_errors(solution: Any, names: tuple[str, ...]) -> dict[str, tuple[Any, Any]]:
    found = {}
    for name in names:
        with contextlib.suppress(ValueError):  # some need contacts called hot and cold
            found[name] = getattr(solution, name), solution.error_of(name)
    return found


def _or(compute: Callable[[], str], other: str) -> str:
    try:
        return compute()
    except ValueError:
        return other


def _stroke(stroke: Any) -> tuple[str, ...]:
    temperatures = [number(t) for t in stroke.temperatures]
    return (
        type(stroke).__name__, number(stroke.duration), _contact(stroke.contact),
        ", ".join(temperatures) or "-",
    )  # fmt: skip


def _contact(contact: Any) -> str:
    if contact is None:
        return "-"
    return contact if isinstance(contact, str) else ", ".join(str(name or "-") for name in contact)
