"""The front of an engine file: the largest power at every efficiency."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
from jaxtyping import PyTree
from rich.markup import escape
from rich.table import Table

from ..design.front import Front, pareto_front
from ..design.objectives import power_output, smooth_efficiency
from ..engine.bounds import scattered_starts
from ..engine.machine import Engine, write_engine
from ..machines.steps import Way
from .engine_loss import check_roles, finer, search_way, solved
from .files import write_json
from .improvement import circumstances
from .reports import number, residual

FRONT = "front.json"
REFERENCE = (0.0, 0.0)  # power and efficiency that count as nothing


@dataclass(frozen=True)
class FrontSettings:
    """How a front is found.

    Args:
        points: of it, both ends included.
        starts: of every point: the given one, and random ones around it.
        steps: of the optimizer, for every point.
        seed: of the random starts.
        learning_rate: first rate of Adam; it falls to 0 along a cosine.
    """

    points: int = 12
    starts: int = 4
    steps: int = 300
    seed: int = 0
    learning_rate: float = 0.05


def find_front(engine: Engine, settings: FrontSettings, out: Path) -> tuple[Front, dict[str, Any]]:
    """The front of power against efficiency, written into a folder (all but the figure).

    Args:
        engine: the engine; what is free and its bounds are those of its table `free`.
        settings: how.
        out: the folder; made if need be.

    Returns:
        The front, and what `front.json` holds.

    Raises:
        ValueError: nothing is free, the folder already holds a front, or no start is an engine
            whose figures are finite.
    """
    if not jax.tree.leaves(engine.start):
        raise ValueError("key `free`: found nothing, expected at least one free parameter")
    check_roles(engine, "key `roles`: found nothing")
    if (out / FRONT).exists():
        raise ValueError(f"`--out` {out} already holds a front; name another folder.")
    out.mkdir(parents=True, exist_ok=True)  # before anything is computed
    way = search_way(engine)
    front = pareto_front(
        _objectives(engine, way),
        scattered_starts(engine.start, engine.bounds, starts=settings.starts, seed=settings.seed),
        optax.adam(optax.cosine_decay_schedule(settings.learning_rate, settings.steps)),
        steps=settings.steps,
        points=settings.points,
        bounds=engine.bounds,
        finer=_objectives(engine, finer(way)),
    )
    report = {
        "title": engine.table.title,
        "points": [_point(front, k) for k in range(settings.points)],
        "hypervolume": front.hypervolume(REFERENCE),
        "steps": way.steps,
        "finer_steps": finer(way).steps,
        **circumstances(engine, asdict(settings)),
    }
    write_engine(engine, out / "start.toml")
    write_json(out / FRONT, report)
    return front, report


def front_table(report: dict[str, Any]) -> Table:
    """The points of a front; those that are dominated or infeasible say so.

    Args:
        report: what `front.json` holds.

    Returns:
        A rich `Table`.
    """
    volume = number(report["hypervolume"])
    table = Table(
        title=escape(f"{report['title']}: power against efficiency"),
        caption=f"hypervolume (of power and efficiency above 0): {volume}",
    )
    change = f"change at {report['finer_steps']} steps"
    for name in ("efficiency", "power", "spread of starts", change):
        table.add_column(name, justify="right")
    table.add_column("")
    for point in report["points"]:
        marks = {"dominated": point["dominated"], "infeasible": not point["feasible"]}
        words = ", ".join(mark for mark, given in marks.items() if given)
        table.add_row(
            number(point["efficiency"], 6), number(point["power"], 6), residual(point["spread"]),
            f"{point['power_change']:+.1e}", words,
        )  # fmt: skip
    return table


def _objectives(engine: Engine, way: Way) -> Callable[[PyTree], tuple[Any, Any]]:
    def power_and_efficiency(parameters: PyTree) -> tuple[Any, Any]:
        cycle = solved(engine, parameters, way, throw=False)
        return power_output(cycle), smooth_efficiency(cycle)

    return power_and_efficiency


def _point(front: Front, k: int) -> dict[str, Any]:
    power, efficiency = (float(x) for x in front.values[k])
    power_change, efficiency_change = (float(x) for x in front.change[k])
    parameters = jax.tree.map(lambda x: np.asarray(x[k]).tolist(), front.parameters)
    return {
        "power": power,
        "efficiency": efficiency,
        "least_efficiency": float(front.levels[k]),
        "spread": float(front.spread[k]),
        "power_change": power_change,
        "efficiency_change": efficiency_change,
        "feasible": bool(front.feasible[k]),
        "dominated": bool(front.dominated[k]),
        "parameters": parameters,
    }
