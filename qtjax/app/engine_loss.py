"""What an engine file asks to be optimized, as a loss, and how finely its ramps are resolved."""

from collections.abc import Callable
from typing import Any

from jaxtyping import PyTree

from ..design.constraints import at_least
from ..design.objectives import Objective, objective
from ..engine.machine import Engine
from ..engine.tables import EngineError
from ..machines.cycle import CycleSolution, limit_cycle, resolving_way
from ..machines.steps import Way

SEARCH_TOLERANCE = 1e-7  # of the maps while searching; reports are resolved to 1e-9
FINER = 4  # times the steps of the search, at the end


def engine_loss(engine: Engine, start_power: float, way: Way) -> Callable[[PyTree], Any]:
    """The loss of an engine file: minus its objective, with the margin of its minimum power.

    Args:
        engine: the engine.
        start_power: the power that `minimum_power = "start"` stands for.
        way: in which driven strokes are taken.

    Returns:
        parameters -> (loss, margins); a margin is (P - P_min)/|P_min|.
    """
    merit = merit_of(engine)
    minimum = engine.table.optimize.minimum_power
    least = start_power if minimum == "start" else minimum

    def loss(parameters: PyTree) -> Any:
        cycle = solved(engine, parameters, way, throw=False)
        if least == "none":
            return -merit(cycle)
        return -merit(cycle), at_least(cycle.power, least)

    return loss


def check_roles(engine: Engine, found: str) -> None:
    """Raise `EngineError` if no bath is hot or none is cold.

    Args:
        engine: the engine.
        found: what needs them.
    """
    if engine.roles is None:
        raise EngineError(
            f"{found}, expected a table [roles] that says which of the baths "
            f"{', '.join(map(repr, engine.table.baths))} are `hot` and `cold`"
        )


def solved(
    engine: Engine, parameters: PyTree = None, way: Way | None = None, **options: Any
) -> CycleSolution:
    """The limit cycle of an engine, with its baths as "hot" and "cold" if they have such roles.

    Args:
        engine: the engine.
        parameters: what is free; the start by default.
        way: in which driven strokes are taken.
        options: of `limit_cycle`.
    """
    taken = {} if way is None else way._asdict()
    return engine.in_roles(limit_cycle(engine.cycle(parameters), **taken, **options))


def merit_of(engine: Engine) -> Objective:
    """The figure of merit that an engine file names.

    Args:
        engine: the engine.
    """
    table = engine.table.optimize
    if table.objective != "power":
        check_roles(engine, f"key `optimize.objective`: found {table.objective!r}")
    return objective(
        table.objective,
        power_exponent=table.power_exponent,
        efficiency_exponent=table.efficiency_exponent,
    )


def search_way(engine: Engine) -> Way:
    """The steps per driven stroke that resolve the engine as given well enough to search.

    Args:
        engine: the engine.
    """
    return resolving_way(engine.cycle(), SEARCH_TOLERANCE, first=32)


def finer(way: Way) -> Way:
    """The same with as many more steps as a search is checked with at its end."""
    return way._replace(steps=FINER * way.steps)


def at_resolution(engine: Engine, way: Way) -> dict[str, float | int]:
    """What an engine is at so many steps per driven stroke: objective, efficiency (of what has a
    hot bath) and power.

    Args:
        engine: the engine.
        way: in which driven strokes are taken.
    """
    cycle = solved(engine, None, way, throw=False)
    found = {"steps": way.steps, "objective": float(merit_of(engine)(cycle))}
    if engine.roles is not None:
        found["efficiency"] = float(cycle.efficiency)
    return found | {"power": float(cycle.power)}
