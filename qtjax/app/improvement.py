"""The main job: improve an engine from several starts, with checkpoints and a report."""

import datetime
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optimistix

from .._results import RESULTS
from ..design.optimize import optimize
from ..design.optimum import Optimum, best_lane
from ..design.progress import History, Progress
from ..engine.bounds import scattered_starts
from ..engine.machine import Engine, as_data, write_engine
from ..engine.tables import validated
from ..machines.audit import audit
from ..machines.cycle import CycleSolution, limit_cycle
from ..machines.steps import Way
from .engine_loss import at_resolution, engine_loss, finer, merit_of, search_way, solved
from .files import read_json, versions, write_json
from .reports import audit_report, figures_of_merit

AGREEMENT = 1e-4  # a start is said to reach the best objective within this fraction of it
FEASIBILITY = 1e-8  # a relative violation up to this counts as none
POLISH_TOLERANCE = 1e-6  # of BFGS


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
        polish: whether BFGS goes on where Adam ended.
    """

    steps: int = 600
    seed: int = 0
    starts: int = 8
    learning_rate: float = 0.1
    checkpoint_every: int = 25
    round_steps: int = 50
    polish: bool = False


@dataclass(frozen=True)
class Improvement:
    """An engine before and after.

    Args:
        report: what `report.json` holds.
        before: the limit cycle of the engine as given.
        after: that of the best engine found.
        optimum: the outcome of the optimization, one lane per start.
    """

    report: dict[str, Any]
    before: CycleSolution
    after: CycleSolution
    optimum: Optimum


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
        return read_json(self.path)["rows"] if self.path.exists() else []

    def __call__(self, progress: Progress, history: History) -> None:
        feasible = progress.best_violation <= FEASIBILITY
        best = best_lane(progress.best_loss, progress.best_violation, feasible)
        parameters = jax.tree.map(lambda x: x[best], progress.best)
        cycle = solved(self.engine, parameters, throw=False)
        row = {
            "step": int(progress.steps[best]),
            "objective": -float(progress.best_loss[best]),
            "violation": float(progress.best_violation[best]),
            "power": float(cycle.power),
            "first_law_residual": float(cycle.first_law_residual),
            "limit_cycle_residual": float(cycle.limit_cycle_residual),
            "frozen_lanes": int(jnp.sum(progress.frozen)),
        }
        if self.engine.roles is not None:
            names = "efficiency", "carnot_efficiency", "temperature_identity_residual"
            row |= {name: float(getattr(cycle, name)) for name in names}
        earlier = [old for old in self.rows if old["step"] < row["step"]]
        write_json(self.path, {"rows": [*earlier, row]})
        self.tell(row["step"], row)


def improve(
    engine: Engine, settings: Settings, out: Path, *, resume: bool, tell: Callable[..., None]
) -> Improvement:
    """Improve an engine and write the results folder (all but the figures).

    Args:
        engine: the engine, its free parameters and its objective.
        settings: how.
        out: the results folder; made if need be.
        resume: go on from the folder's checkpoint.
        tell: called with (step, figures) after every checkpoint.

    Returns:
        The limit cycles before and after, with the report.

    Raises:
        SolverError: the machine as given has no unique limit cycle, or its ramps are not resolved.
        ValueError: nothing is free, or the checkpoint does not belong to this problem.
    """
    if not jax.tree.leaves(engine.start):
        raise ValueError("key `free`: found nothing, expected at least one free parameter")
    merit_of(engine)  # refuses an objective that the roles of the baths do not allow
    out.mkdir(parents=True, exist_ok=True)  # before anything is computed
    before = limit_cycle(engine.cycle())
    write_engine(engine, out / "start.toml")
    write_json(out / "settings.json", asdict(settings) | {"engine": as_data(engine)})
    monitor = Monitor(engine, tell, out / "checkpoints.json")
    if not resume:
        monitor.path.unlink(missing_ok=True)  # of a run that ended before its first checkpoint
    way = search_way(engine)
    optimum = _search(engine, settings, float(before.power), way, monitor, resume)
    best = best_lane(optimum.loss, optimum.violation, optimum.feasible)
    improved = engine.with_parameters(jax.tree.map(lambda x: x[best], optimum.parameters))
    write_engine(improved, out / "optimized.toml")
    after = limit_cycle(improved.cycle(), throw=False)
    write_json(out / "history.json", _history(optimum, monitor))
    report = {
        "before": figures_of_merit(before, engine),
        "after": figures_of_merit(after, engine),
        "outcome_after": RESULTS[after.result] or "successful",
        "audit": audit_report(audit(after)),
        "optimized": as_data(improved),
        "optimization": _summary(engine, optimum, best, float(after.power / before.power)),
        "resolution": [at_resolution(improved, each) for each in (way, finer(way))],
        **circumstances(engine, asdict(settings)),
    }
    write_json(out / "report.json", report)
    return Improvement(report, before, after, optimum)


def settings_of(folder: Path) -> tuple[Engine, Settings]:
    """The engine and the settings of a run that was begun in a results folder.

    Args:
        folder: of the run.

    Returns:
        Engine and settings.

    Raises:
        ValueError: the folder holds no run.
    """
    path = folder / "settings.json"
    if not path.exists():
        raise ValueError(
            f"`--resume` found no settings.json in {folder}: nothing was begun there; leave "
            "`--resume` out to begin."
        )
    kept = read_json(path)
    engine = Engine(validated(kept.pop("engine")))
    return engine, Settings(**kept)


def _search(
    engine: Engine,
    settings: Settings,
    start_power: float,
    way: Way,
    monitor: Monitor,
    resume: bool,
) -> Optimum:
    """Adam from every start, with checkpoints beside the monitor's rows."""
    polish = optimistix.BFGS(rtol=POLISH_TOLERANCE, atol=POLISH_TOLERANCE)
    return optimize(
        engine_loss(engine, start_power, way),
        scattered_starts(engine.start, engine.bounds, starts=settings.starts, seed=settings.seed),
        optax.adam(optax.cosine_decay_schedule(settings.learning_rate, settings.steps)),
        steps=settings.steps,
        bounds=engine.bounds,
        many=True,
        polish=polish if settings.polish else None,
        finer=engine_loss(engine, start_power, finer(way)),
        feasibility=FEASIBILITY,
        round_steps=settings.round_steps,
        checkpoint=monitor.path.with_name("checkpoint.eqx"),
        checkpoint_every=settings.checkpoint_every,
        resume=resume,
        callback=monitor,
    )


def circumstances(engine: Engine, settings: dict[str, Any]) -> dict[str, Any]:
    """What a report needs to be repeated: settings, seed, device, versions and date.

    Args:
        engine: the engine.
        settings: of the run, `seed` among them.
    """
    return {
        "settings": settings | {"engine": as_data(engine)},
        "seed": settings["seed"],
        "device": str(jax.devices()[0]),
        "versions": versions(),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def _summary(engine: Engine, optimum: Optimum, best: int, power_ratio: float) -> dict[str, Any]:
    """What became of every start."""
    losses, violations = np.asarray(optimum.loss), np.asarray(optimum.violation)
    close = np.abs(losses - losses[best]) <= AGREEMENT * np.abs(losses[best])
    reached = (violations <= 1e-6) & close
    outcomes = optimum.outcome
    return {
        "objective": engine.table.optimize.objective,
        "minimum_power": engine.table.optimize.minimum_power,
        "best_start": best,
        "best_objective": -float(losses[best]),
        "violation": float(violations[best]),
        "power_ratio": power_ratio,
        "agreement": AGREEMENT,
        "starts": [
            {
                "start": k,
                "given": k == 0,
                "objective": -float(losses[k]),
                "violation": float(violations[k]),
                "reached_best": bool(reached[k]),
                "frozen": bool(optimum.frozen[k]),
                "outcome": outcomes[k],
                "change_at_finer": float(optimum.change[k]),
            }
            for k in range(len(losses))
        ],
        "starts_that_reached_best": int(reached.sum()),
        "starts_that_did_not": np.flatnonzero(~reached).tolist(),
    }


def _history(optimum: Optimum, monitor: Monitor) -> dict[str, Any]:
    return {
        "checkpoints": monitor.rows,
        "objective": (-np.asarray(optimum.history.loss)).tolist(),
        "violation": np.asarray(optimum.history.violation).tolist(),
    }
