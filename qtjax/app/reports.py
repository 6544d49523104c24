"""The report of a machine: every figure of merit with its residuals, both bookkeepings named."""

import math
from collections.abc import Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from ..engine.machine import Engine
from ..engine.tables import EngineTable
from ..machines.clausius import clausius_integrals, interior_production
from ..machines.cycle import CycleSolution
from ..papers.comparison import Contrast, Equation
from ..thermodynamics.findings import Audit, Finding

ROWS = (
    ("efficiency", "efficiency, first law (W_out/Q_h)"),
    ("efficiency_error", "estimated error of it"),
    ("generalized_efficiency", "efficiency, eq. (19) by its own route (int T dS)"),
    ("efficiency_difference", "difference of the two efficiencies"),
    ("generalized_efficiency_error", "estimated error of the quadrature over S"),
    ("carnot_efficiency", "Carnot efficiency of the baths"),
    ("curzon_ahlborn_efficiency", "Curzon-Ahlborn efficiency of the baths"),
    ("power", "power"),
    ("work_output", "work delivered per cycle"),
    ("heat_hot", "heat from the hot bath, Q_h"),
    ("heat_cold", "heat from the cold bath, Q_c"),
    ("mean_temperature_hot", "mean generalized temperature <T_h>"),
    ("temperature_hot", "hot bath temperature"),
    ("mean_temperature_cold", "mean generalized temperature <T_c>"),
    ("temperature_cold", "cold bath temperature"),
    ("interior_production", "interior production d_iS per cycle (the paper's, eq. 11, computed)"),
    ("spohn_production", "Spohn production per cycle (S' - sum Q'/T_bath, eq. 14)"),
    ("first_law_residual", "residual of the first law (worst stroke)"),
    ("limit_cycle_residual", "residual of the limit cycle"),
    ("temperature_identity_residual", "residual of T3 (eta = 1 - <T_c>|dS_c|/<T_h>dS_h)"),
    ("period", "cycle time"),
)
RESIDUALS = {
    "efficiency_error", "efficiency_difference", "generalized_efficiency_error",
    "interior_production", "first_law_residual", "limit_cycle_residual",
    "temperature_identity_residual",
}  # fmt: skip


def figures_of_merit(solution: CycleSolution, machine: Engine) -> dict[str, Any]:
    """Everything worth reporting about one concrete limit cycle, as plain numbers.

    Args:
        solution: the limit cycle.
        machine: the engine that it is of.

    Returns:
        The keys of `ROWS`, and `regime`, `coefficient_of_performance`, `turning_points` (changes of
        sign of dS/dt on the contacts, where T(t) is infinite), `masked_nodes` (pieces with nodes
        left out because dS/dt = 0), `map_error`, the `heats` from every bath by its name and a list
        `strokes` of heat, work, quench work, entropy change and duration; numbers that do not exist
        are nan. Without a hot and a cold bath what speaks of them is left out.
    """
    heats = {name: float(heat) for name, heat in solution.named_heats.items()}
    solution = machine.in_roles(solution)
    parts = clausius_integrals(solution)
    sides = {} if machine.roles is None else _of_hot_and_cold(solution, parts)
    figures = sides | {
        "power": solution.power,
        "work_output": solution.work_output,
        "interior_production": interior_production(solution),
        "spohn_production": solution.spohn_production,
        "first_law_residual": solution.first_law_residual,
        "limit_cycle_residual": solution.limit_cycle_residual,
        "period": solution.period,
        "turning_points": sum(float(part.turning_points) for part in parts.values()),
        "masked_nodes": sum(float(part.masked) for part in parts.values()),
        "map_error": solution.error,
    }
    words = {} if machine.roles is None else {"regime": solution.regime}
    strokes = [
        {
            "name": name,
            "heat": float(solution.heats[k]),
            "work": float(solution.works[k]),
            "quench_work_after": float(solution.quenches[k]),
            "entropy_change": float(solution.entropies[k + 1] - solution.entropies[k]),
            "duration": float(solution.cycle.strokes[k].duration),
        }
        for k, name in enumerate(machine.names)
    ]
    numbers = {key: float(value) for key, value in figures.items()}
    return numbers | words | {"heats": heats, "strokes": strokes}


def _of_hot_and_cold(solution: CycleSolution, parts: dict[str, Any]) -> dict[str, Any]:
    """The figures that speak of a hot and a cold side."""
    cold, hot = parts["cold"].value, parts["hot"].value
    engine = solution.regime == "engine"
    generalized = float(1.0 + cold / hot) if engine else math.nan
    error = float((parts["cold"].error + parts["hot"].error) / hot) if engine else math.nan
    mean_cold, mean_hot = solution.mean_temperatures
    bath_cold, bath_hot = solution.temperatures
    return {
        "efficiency": solution.efficiency,
        "efficiency_error": solution.error_of("efficiency"),
        "generalized_efficiency": generalized,
        "efficiency_difference": float(solution.efficiency) - generalized,
        "generalized_efficiency_error": error,
        "carnot_efficiency": solution.carnot_efficiency,
        "curzon_ahlborn_efficiency": solution.curzon_ahlborn_efficiency,
        "heat_hot": solution.heat_hot,
        "heat_cold": solution.heat_cold,
        "mean_temperature_hot": mean_hot,
        "temperature_hot": bath_hot,
        "mean_temperature_cold": mean_cold,
        "temperature_cold": bath_cold,
        "temperature_identity_residual": solution.temperature_identity_residual,
        "coefficient_of_performance": solution.coefficient_of_performance,
    }


def comparison_table(before: dict[str, Any], after: dict[str, Any], title: str) -> Table:
    """The table before/after that is printed.

    Args:
        before: `figures_of_merit` of the start.
        after: `figures_of_merit` of the optimized machine.
        title: of the table.

    Returns:
        A rich `Table`.
    """
    table = Table(title=title)
    table.add_column("")
    table.add_column("before", justify="right")
    table.add_column("after", justify="right")
    for key, label in ROWS:
        if key in before:
            show = residual if key in RESIDUALS else number
            table.add_row(label, show(before[key]), show(after[key]))
    for name, heat in before.get("heats", {}).items():
        if name not in ("hot", "cold"):  # these have rows of their own
            label = f"heat from the bath {escape(name)}"
            table.add_row(label, number(heat), number(after["heats"][name]))
    if "regime" in before:
        table.add_row("regime", before["regime"], after["regime"])
    table.add_section()
    for old, new in zip(before["strokes"], after["strokes"], strict=True):
        for quantity in ("heat", "work", "duration"):
            label = f"{old['name']}: {quantity}"
            table.add_row(label, number(old[quantity]), number(new[quantity]))
    return table


def task_line(table: EngineTable) -> str:
    """What is optimized in an engine file, and what is free, with bounds, in one line.

    Args:
        table: of the file.
    """
    least = table.optimize.minimum_power
    condition = {"none": "", "start": " subject to power >= the start's"}.get(
        str(least), f" subject to power >= {least}"
    )
    return f"maximize {table.optimize.objective}{condition}; free: {free_line(table)}"


def free_line(table: EngineTable) -> str:
    """What is free in an engine file, with bounds, in one line.

    Args:
        table: of the file.
    """
    free = [f"duration of {k} in {v}" for k, v in table.free.durations.items()]
    free += [f"ramp of {k} in {v}" for k, v in table.free.ramps.items()]
    free += [
        f"{term} of {name} in {interval}"
        for name, terms in table.free.coefficients.items()
        for term, interval in terms.items()
    ]
    return "; ".join(free)


def optimization_lines(report: dict[str, Any]) -> list[str]:
    """What became of every start, and what the machine is at four times the steps.

    Args:
        report: of an optimization.
    """
    summary = report["optimization"]
    starts = summary["starts"]
    reached = [str(s["start"]) for s in starts if s["reached_best"]]
    best = starts[summary["best_start"]]
    lines = [
        f"Best {summary['objective']} {number(summary['best_objective'])} (start {best['start']}: "
        f"{best['outcome']}; violation of the constraint {summary['violation']:.1e}). Starts "
        f"within a fraction {summary['agreement']:g} of it: {', '.join(reached)} of {len(starts)}."
    ]
    lines += [
        f"  start {s['start']} did not get there: {number(s['objective'])} ({s['outcome']})"
        for s in starts
        if not s["reached_best"]
    ]
    coarse, fine = report["resolution"]
    figures = ", ".join(
        f"{name} {number(fine[name])} ({fine[name] - coarse[name]:+.1e})"
        for name in ("objective", "efficiency", "power")
        if name in fine
    )
    return [*lines, f"At {fine['steps']} steps in place of {coarse['steps']}: {figures}."]


def audit_report(audit: Audit) -> dict[str, Any]:
    """An audit as it stands in a report.

    Args:
        audit: of the machine.

    Returns:
        `findings`, a list of dictionaries, and `passed`, the names of the checks without any.
    """
    return {
        "findings": [finding._asdict() for finding in audit.findings],
        "passed": list(audit.passed),
    }


def audit_lines(report: dict[str, Any]) -> list[str]:
    """An audit in a few lines: each finding with what to do, or that there is none.

    Args:
        report: from `audit_report`.
    """
    if not report["findings"]:
        return [f"Audit: nothing doubtful was found (looked at: {', '.join(report['passed'])})."]
    return ["Audit:", *(str(Finding(**finding)) for finding in report["findings"])]


def equation_table(equations: Sequence[Equation]) -> Table:
    """The equations of a paper with their status and largest residual.

    Args:
        equations: in order.

    Returns:
        A rich `Table`.
    """
    table = Table(title="Equations (1) to (20), computed", show_lines=True)
    for name in ("eq.", "as computed", "quantity", "value", "residual", "status", "convention"):
        table.add_column(name, justify="right" if name in ("eq.", "value", "residual") else "left")
    for equation in equations:
        for k, row in enumerate(equation.rows):
            table.add_row(
                f"({equation.number})" if k == 0 else "",
                escape(equation.formula) if k == 0 else "",
                escape(f"{row.quantity}: {row.system}"),
                number(row.value),
                residual(row.residual),
                equation.status if k == 0 else "",
                escape(equation.convention) if k == 0 else "",
            )
    return table


def contrast_table(contrast: Contrast) -> Table:
    """Both columns of a contrast.

    Args:
        contrast: the contrast.

    Returns:
        A rich `Table`.
    """
    table = Table(title=escape(f"{contrast.title} ({contrast.system})"), caption=contrast.sentence)
    for name in ("", *contrast.columns):
        table.add_column(escape(name))
    for name, *values in contrast.rows:
        table.add_row(escape(name), *(escape(number(value)) for value in values))
    return table


def number(value: float | str, digits: int = 9) -> str:
    """A number with so many significant digits, whatever its units; words as they are."""
    return value if isinstance(value, str) else f"{value + 0.0:.{digits}g}"


def sure_number(value: float, error: float) -> str:
    """A number with the digits that its error leaves, 8 at most; its bound where that is none."""
    if not error >= 0.0:  # it has no known error
        return number(value, 8)
    if value == 0.0 or error == 0.0:
        return number(value, 8) if error == 0.0 else f"0 to {error:.0e}"
    digits = math.floor(math.log10(abs(value))) - math.ceil(math.log10(2.0 * error)) + 1
    return number(value, min(digits, 8)) if digits > 0 else f"0 to {max(abs(value), error):.0e}"


def residual(value: float) -> str:
    """A number of which only the size matters."""
    return f"{value:.1e}"
