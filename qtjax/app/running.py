"""The figures of a machine as it is described in a file."""

import math
from typing import Any

from rich.markup import escape
from rich.table import Table

from ..engine.machine import Engine
from ..engine.steady import ContinuousEngine
from ..machines.continuous import SteadyMachine
from ..machines.cycle import CycleSolution, limit_cycle
from .reports import residual, sure_number


def figures_table(machine: Engine | ContinuousEngine) -> Table:
    """Heat from every bath, work and power of a machine, with the digits that are sure.

    Args:
        machine: read from a file.

    Raises:
        SolverError: it has no unique steady state or limit cycle, or it was not resolved.
    """
    steady = isinstance(machine, ContinuousEngine)
    solution = machine.machine() if steady else limit_cycle(machine.cycle())
    per = "per time" if steady else "per cycle"
    table = Table(title=escape(machine.table.title), title_justify="left")
    table.add_column("figure", overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    in_roles: Any = solution if machine.roles is None else machine.in_roles(solution)  # pyright: ignore[reportArgumentType]
    for name, (value, error) in _figures(solution, in_roles, per).items():
        table.add_row(escape(name), sure_number(value, error))
    table.add_row("residual of the first law", residual(float(solution.first_law_residual)))
    if machine.roles is not None:
        table.add_row("regime", in_roles.regime)
    return table


def _figures(
    solution: SteadyMachine | CycleSolution, in_roles: Any, per: str
) -> dict[str, tuple[float, float]]:
    """What exists, with what it may be off by, by the words of the table."""

    def known(of: Any, figure: Any) -> tuple[float, float]:
        value = getattr(of, figure) if isinstance(figure, str) else figure(of)
        return float(value), float(of.error_of(figure))

    found = {
        f"heat from {name} {per}": known(solution, lambda of, name=name: of.named_heats[name])
        for name in solution.named_heats
    }
    if isinstance(solution, CycleSolution):
        found |= {f"work delivered {per}": known(solution, "work_output")}
        found |= {"cycle time": known(solution, "period")}
    found |= {"power": known(solution, "power")}
    if {"cold", "hot"} <= set(in_roles.named_heats):
        found |= {
            "efficiency, first law": known(in_roles, "efficiency"),
            "coefficient of performance": known(in_roles, "coefficient_of_performance"),
            "Carnot efficiency of the baths": known(in_roles, "carnot_efficiency"),
        }
    found = {key: figure for key, figure in found.items() if not math.isnan(figure[0])}
    return found | {f"Spohn production {per}": known(solution, "spohn_production")}
