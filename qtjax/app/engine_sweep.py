"""The sweep of an engine file."""

import os
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._results import RESULTS
from ..design.sweep import sweep
from ..engine.machine import Engine
from ..engine.maps import as_word, named_values, parameters_at
from ..machines.cycle import CycleSolution, limit_cycle
from ..machines.figures import REGIMES
from ..machines.steps import Way, as_tolerance, resolved


def sweep_engine(
    engine: Engine, store: str | os.PathLike[str], slice_size: int | None = None
) -> Any:
    """The machine of an engine file over what its table [sweep] varies.

    Args:
        engine: the engine.
        store: path of the Zarr store.
        slice_size: points per slice.

    Returns:
        The Dataset.

    Raises:
        EngineError: nothing is varied.
        ValueError: of `sweep`.
    """
    regimes = {
        "flag_values": list(range(len(REGIMES))),
        "flag_meanings": " ".join(REGIMES),
    }
    attributes = {} if engine.roles is None else {"regime": regimes}
    grid = named_values(engine.table)
    return sweep(
        figures_at(engine, sweep_way(engine, grid)), grid, store=store, slice_size=slice_size,
        attributes=attributes,
    )  # fmt: skip


def sweep_way(engine: Engine, grid: Mapping[str, np.ndarray]) -> Way:
    """In which all points of a sweep take driven strokes: one that resolves its corners.

    Where none resolves all of them, it is the one of fewest steps that resolves most.

    Args:
        engine: the engine.
        grid: the values of everything that is varied, as `named_values` gives them.
    """
    ends = (np.unique(values[[0, -1]]) for values in grid.values())
    meshes = np.meshgrid(*ends, indexing="ij")
    corners = {name: mesh.ravel() for name, mesh in zip(grid, meshes, strict=True)}
    tolerance = as_tolerance(None)
    tried: dict[Way, int] = {}

    def at(way: Way, values: dict[str, Any]) -> Float[Array, ""]:
        solution = _limit_cycle_at(engine, way, values)
        return jnp.where(solution.result == RESULTS.inaccurate, solution.error, 0.0)

    def solve(way: Way) -> SimpleNamespace:
        errors = jax.jit(jax.vmap(lambda values: at(way, values)))(corners)
        tried[way] = int(jnp.sum(~(errors <= tolerance)))
        return SimpleNamespace(error=jnp.max(errors))

    resolved(solve, tolerance, None, None)
    return min(tried, key=lambda way: (tried[way], way.steps))


def figures_at(engine: Engine, way: Way | None = None) -> Callable[..., dict[str, Any]]:
    """The figures of merit of the machine, as a function of what is varied.

    Args:
        engine: the engine.
        way: in which driven strokes are taken, as by `limit_cycle` by default.
    """

    def figures(**values: Any) -> dict[str, Any]:
        raw = _limit_cycle_at(engine, way, values)
        solution = engine.in_roles(raw)
        found = {f"heat_{as_word(name)}": heat for name, heat in raw.named_heats.items()} | {
            "work_output": solution.work_output,
            "power": solution.power,
            "spohn_production": solution.spohn_production,
            "first_law_residual": solution.first_law_residual,
            "result": solution.result,
        }
        return found if engine.roles is None else found | _of_hot_and_cold(solution)

    return figures


def _limit_cycle_at(engine: Engine, way: Way | None, values: dict[str, Any]) -> CycleSolution:
    parameters = parameters_at(engine.table, engine.start, values)
    taken = {} if way is None else way._asdict()
    return limit_cycle(engine.cycle(parameters), **taken, throw=False)


def _of_hot_and_cold(solution: CycleSolution) -> dict[str, Any]:
    cold, hot = solution.mean_temperatures
    return {
        "heat_hot": solution.heat_hot,
        "heat_cold": solution.heat_cold,
        "efficiency": solution.efficiency,
        "coefficient_of_performance": solution.coefficient_of_performance,
        "mean_temperature_cold": cold,
        "mean_temperature_hot": hot,
        "regime": solution.regime_code,
    }
