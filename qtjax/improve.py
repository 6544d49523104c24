"""The main job: improve an engine from several starts, with checkpoints, figures and a report."""

import datetime
import importlib.metadata
import json
import math
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import PyTree

from ._results import RESULTS
from .design.objectives import objective
from .design.optimize import History, Optimum, Progress, optimize
from .design.parameters import Bounded
from .io import Engine, read_engine, write_engine
from .machines.cycle import CycleSolution, limit_cycle, resolving_steps
from .report import figures_of_merit

AGREEMENT = 1e-4
SEARCH_TOLERANCE = 1e-7  # of the maps while searching; reports are resolved to 1e-9


@dataclass(frozen=True)
class Settings:
    """How an engine is improved; kept in the results folder for `--resume`.

    Args:
        steps: of the optimizer.
        seed: of the random starts.
        starts: lanes in all: the given start, and random ones scattered around it.
        learning_rate: first rate of Adam; it falls to 0 along a cosine.
        checkpoint_every: steps between checkpoints.
        round_steps: steps between updates of the multipliers.
    """

    steps: int = 600
    seed: int = 0
    starts: int = 8
    learning_rate: float = 0.1
    checkpoint_every: int = 25
    round_steps: int = 50


@dataclass
class Monitor:
    """Checks of the best machine at every checkpoint.

    Args:
        engine: the engine.
        tell: called with (step, figures) after every checkpoint.
        path: where the rows are kept, so that a run that is resumed has them all.
    """

    engine: Engine
    tell: Callable[[int, dict[str, float]], None]
    path: Path

    @property
    def rows(self) -> list[dict[str, float]]:
        """Step, objective, efficiency, power and residuals at every checkpoint."""
        return json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else []

    def __call__(self, progress: Progress, history: History) -> None:
        best = best_lane(progress.best_loss, progress.best_violation)
        parameters = jax.tree.map(lambda x: x[best], progress.best)
        cycle = limit_cycle(self.engine.cycle(parameters), throw=False)
        row = {
            "step": int(progress.steps[best]),
            "objective": -float(progress.best_loss[best]),
            "violation": float(progress.best_violation[best]),
            "efficiency": float(cycle.efficiency),
            "carnot_efficiency": float(cycle.carnot_efficiency),
            "power": float(cycle.power),
            "first_law_residual": float(cycle.first_law_residual),
            "limit_cycle_residual": float(cycle.limit_cycle_residual),
            "temperature_identity_residual": float(cycle.temperature_identity_residual),
            "frozen_lanes": int(jnp.sum(progress.frozen)),
        }
        earlier = [old for old in self.rows if old["step"] < row["step"]]
        write_json(self.path, [*earlier, row])
        self.tell(row["step"], row)


def improve(
    engine: Engine, settings: Settings, out: Path, *, resume: bool, tell: Callable[..., None]
) -> tuple[dict[str, Any], CycleSolution, CycleSolution, Optimum]:
    """Improve an engine and write the results folder (all but the figures).

    Args:
        engine: the engine, its free parameters and its objective.
        settings: how.
        out: the results folder; made if need be.
        resume: go on from the folder's checkpoint.
        tell: called with (step, figures) after every checkpoint.

    Returns:
        The report, the limit cycles before and after, and the outcome of `optimize`.

    Raises:
        SolverError: the machine as given has no unique limit cycle, or its ramps are not resolved.
        ValueError: nothing is free, or the checkpoint does not belong to this problem.
    """
    if not jax.tree.leaves(engine.start):
        raise ValueError("key `free`: found nothing, expected at least one free parameter")
    before = limit_cycle(engine.cycle())
    out.mkdir(parents=True, exist_ok=True)
    write_engine(engine, out / "start.toml")
    write_json(out / "settings.json", asdict(settings))
    monitor = Monitor(engine, tell, out / "checkpoints.json")
    optimum = optimize(
        engine_loss(engine, float(before.power)),
        scattered_starts(engine, settings),
        optax.adam(optax.cosine_decay_schedule(settings.learning_rate, settings.steps)),
        steps=settings.steps,
        bounds=engine.bounds,
        many=True,
        round_steps=settings.round_steps,
        checkpoint=out / "checkpoint.eqx",
        checkpoint_every=settings.checkpoint_every,
        resume=resume,
        callback=monitor,
    )
    best = best_lane(optimum.loss, optimum.violation)
    improved = engine.with_parameters(jax.tree.map(lambda x: x[best], optimum.parameters))
    write_engine(improved, out / "optimized.toml")
    after = limit_cycle(improved.cycle(), throw=False)
    write_json(out / "history.json", _history(optimum, monitor))
    report = {
        "before": figures_of_merit(before, engine.names),
        "after": figures_of_merit(after, engine.names),
        "outcome_after": RESULTS[after.result] or "successful",
        "optimization": _summary(engine, optimum, best, before, after),
        "settings": asdict(settings) | {"engine": engine.table.model_dump(exclude_none=True)},
        "seed": settings.seed,
        "device": str(jax.devices()[0]),
        "versions": versions(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    write_json(out / "report.json", report)
    return report, before, after, optimum


def engine_loss(engine: Engine, start_power: float) -> Callable[[PyTree], Any]:
    """The loss of an engine file: minus its objective, with the margin of its minimum power.

    Args:
        engine: the engine.
        start_power: the power that `minimum_power = "start"` stands for.

    Returns:
        parameters -> (loss, margins); a margin is (P - P_min)/|P_min|.
    """
    table = engine.table.optimize
    merit = objective(
        table.objective,
        power_exponent=table.power_exponent,
        efficiency_exponent=table.efficiency_exponent,
    )
    steps = resolving_steps(engine.cycle(), SEARCH_TOLERANCE, first=32)
    least = start_power if table.minimum_power == "start" else table.minimum_power

    def loss(parameters: PyTree) -> Any:
        cycle = limit_cycle(engine.cycle(parameters), steps=steps, throw=False)
        if least == "none":
            return -merit(cycle)
        return -merit(cycle), (cycle.power - least) / (abs(least) or 1.0)

    return loss


def scattered_starts(engine: Engine, settings: Settings) -> PyTree:
    """The engine's start and random ones around it, stacked along a leading axis.

    Durations are multiplied by 2^u with u uniform in [-1, 1], ramp knots moved by normal deviates
    of 1/20 of the width of their bounds, coefficients drawn uniformly inside their bounds. Values
    closer to a bound than 1/1000 of its width are moved inside by that much, because on a bound the
    search would stand still.

    Args:
        engine: the engine.
        settings: `seed` and `starts`.

    Returns:
        A PyTree like `engine.start` with a leading axis of `settings.starts`.
    """
    generator = np.random.default_rng(settings.seed)
    start, bounds = engine.start, engine.bounds

    def inside(value: Any, bound: Bounded) -> Any:
        low, high = np.asarray(bound.lower), np.asarray(bound.upper)
        edge = 1e-3 * (high - low)
        return jnp.asarray(np.clip(value, low + edge, high - edge))

    def scatter(kind: str, value: Any, bound: Bounded) -> Any:
        width = np.asarray(bound.upper - bound.lower)
        if kind == "durations":
            return inside(value * 2.0 ** generator.uniform(-1.0, 1.0), bound)
        if kind == "ramps":
            return inside(value + 0.05 * width * generator.normal(size=np.shape(value)), bound)
        return inside(np.asarray(bound.lower) + width * generator.uniform(0.05, 0.95), bound)

    lanes = [{kind: _map(inside, start[kind], bounds[kind]) for kind in start}]
    for _ in range(settings.starts - 1):
        lanes.append(
            {
                kind: _map(lambda *pair, kind=kind: scatter(kind, *pair), start[kind], bounds[kind])
                for kind in start
            }
        )
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *lanes)


def best_lane(losses: Any, violations: Any, feasibility: float = 1e-8) -> int:
    """The feasible lane of lowest loss (the first within 1e-9), or else of smallest violation."""
    losses, violations = np.asarray(losses), np.asarray(violations)
    feasible = np.isfinite(losses) & (violations <= feasibility)
    if feasible.any():
        return int(np.argmax(feasible & (losses <= losses[feasible].min() + 1e-9)))
    return int(np.argmin(np.where(np.isfinite(losses), violations, np.inf)))


def write_json(path: Path, data: Any) -> None:
    """Write strict JSON atomically: nan and infinities become null."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(_plain(data), indent=2, allow_nan=False), encoding="utf-8")
    os.replace(temporary, path)


def versions() -> dict[str, str]:
    """Versions of Python and of what the numbers depend on."""
    names = ("qtjax", "jax", "jaxlib", "equinox", "diffrax", "optax", "numpy")
    found = {name: importlib.metadata.version(name) for name in names}
    return {"python": platform.python_version()} | found


def settings_of(folder: Path) -> tuple[Engine, Settings]:
    """The engine and the settings of a run that was begun in a results folder.

    Raises:
        ValueError: the folder holds no run.
    """
    missing = [n for n in ("settings.json", "start.toml") if not (folder / n).exists()]
    if missing:
        raise ValueError(
            f"`--resume` found no {' and no '.join(missing)} in {folder}: nothing was begun there; "
            "leave `--resume` out to begin."
        )
    settings = Settings(**json.loads((folder / "settings.json").read_text(encoding="utf-8")))
    return read_engine(folder / "start.toml"), settings


def _summary(
    engine: Engine, optimum: Optimum, best: int, before: CycleSolution, after: CycleSolution
) -> dict[str, Any]:
    """What became of every start."""
    losses, violations = np.asarray(optimum.loss), np.asarray(optimum.violation)
    reached = (violations <= 1e-6) & (np.abs(losses - losses[best]) <= AGREEMENT)
    return {
        "objective": engine.table.optimize.objective,
        "minimum_power": engine.table.optimize.minimum_power,
        "best_start": best,
        "best_objective": -float(losses[best]),
        "violation": float(violations[best]),
        "power_ratio": float(after.power / before.power),
        "agreement": AGREEMENT,
        "starts": [
            {
                "start": k,
                "given": k == 0,
                "objective": -float(losses[k]),
                "violation": float(violations[k]),
                "reached_best": bool(reached[k]),
                "frozen": bool(optimum.frozen[k]),
            }
            for k in range(len(losses))
        ],
        "starts_that_reached_best": int(reached.sum()),
        "starts_that_did_not": np.flatnonzero(~reached).tolist(),
    }


def _map(function: Callable[[Any, Bounded], Any], values: PyTree, bounds: PyTree) -> PyTree:
    """Apply a function to every value and its bound."""
    leaves, structure = jax.tree.flatten(values)
    return structure.unflatten(
        [function(*pair) for pair in zip(leaves, structure.flatten_up_to(bounds), strict=True)]
    )


def _history(optimum: Optimum, monitor: Monitor) -> dict[str, Any]:
    return {
        "checkpoints": monitor.rows,
        "objective": (-np.asarray(optimum.history.loss)).tolist(),
        "violation": np.asarray(optimum.history.violation).tolist(),
    }


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data
