"""The figures of a machine as it is described in a file."""

import math
from typing import Any

from rich.markup import escape
from rich.table import Table

from ..engine.machine import Engine
from ..engine.steady import ContinuousEngine
from ..machines.continuous import SteadyMachine
from ..machines.cycle import CycleSolution, limit_cycle
from .reports import number


def figures_table(machine: Engine | ContinuousEngine) -> Table:
    """Heat from every bath, work and power of a machine, with its residuals.

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
    for name, value in _figures(solution, in_roles, per).items():
        table.add_row(escape(name), number(value, 8))
    if machine.roles is not None:
        table.add_row("regime", in_roles.regime)
    return table


def _figures(solution: SteadyMachine | CycleSolution, in_roles: Any, per: str) -> dict[str, float]:
    """By the words of the table."""
    named = solution.named_heats
    found = {f"heat from {name} {per}": float(heat) for name, heat in named.items()}
    if isinstance(solution, CycleSolution):
        found |= {f"work delivered {per}": float(solution.work_output)}
        found |= {"cycle time": float(solution.period)}
    found |= {"power": float(solution.power)}
    if {"cold", "hot"} <= set(in_roles.named_heats):
        found |= {
            "efficiency, first law": float(in_roles.efficiency),
            "coefficient of performance": float(in_roles.coefficient_of_performance),
            "Carnot efficiency of the baths": float(in_roles.carnot_efficiency),
        }
    return {key: value for key, value in found.items() if not math.isnan(value)} | {
        f"Spohn production {per}": float(solution.spohn_production),
        "residual of the first law": float(solution.first_law_residual),
    }
