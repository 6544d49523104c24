"""What an engine file asks to be optimized, as a loss, and how finely its ramps are resolved."""

from collections.abc import Callable
from typing import Any

from jaxtyping import PyTree

from ..design.constraints import at_least
from ..design.objectives import Objective, objective
from ..engine.machine import Engine
from ..machines.cycle import limit_cycle, resolving_steps

SEARCH_TOLERANCE = 1e-7  # of the maps while searching; reports are resolved to 1e-9
FINER = 4  # times the steps of the search, at the end


def engine_loss(engine: Engine, start_power: float, steps: int) -> Callable[[PyTree], Any]:
    """The loss of an engine file: minus its objective, with the margin of its minimum power.

    Args:
        engine: the engine.
        start_power: the power that `minimum_power = "start"` stands for.
        steps: per driven stroke.

    Returns:
        parameters -> (loss, margins); a margin is (P - P_min)/|P_min|.
    """
    merit = merit_of(engine)
    minimum = engine.table.optimize.minimum_power
    least = start_power if minimum == "start" else minimum

    def loss(parameters: PyTree) -> Any:
        cycle = limit_cycle(engine.cycle(parameters), steps=steps, throw=False)
        if least == "none":
            return -merit(cycle)
        return -merit(cycle), at_least(cycle.power, least)

    return loss


def merit_of(engine: Engine) -> Objective:
    """The figure of merit that an engine file names.

    Args:
        engine: the engine.
    """
    table = engine.table.optimize
    return objective(
        table.objective,
        power_exponent=table.power_exponent,
        efficiency_exponent=table.efficiency_exponent,
    )


def search_steps(engine: Engine) -> int:
    """How many steps per driven stroke resolve the engine as given well enough to search.

    Args:
        engine: the engine.
    """
    return resolving_steps(engine.cycle(), SEARCH_TOLERANCE, first=32)


def at_resolution(engine: Engine, steps: int) -> dict[str, float]:
    """What an engine is at so many steps per driven stroke: objective, efficiency and power.

    Args:
        engine: the engine.
        steps: per driven stroke.
    """
    cycle = limit_cycle(engine.cycle(), steps=steps, throw=False)
    merit = float(merit_of(engine)(cycle))
    figures = {"efficiency": float(cycle.efficiency), "power": float(cycle.power)}
    return {"steps": steps, "objective": merit} | figures
