"""The sweep of an engine file."""

import os
from collections.abc import Callable
from typing import Any

from ..design.sweep import sweep
from ..engine.machine import Engine
from ..engine.maps import as_word, named_values, parameters_at
from ..machines.cycle import CycleSolution, limit_cycle
from ..machines.figures import REGIMES


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
    return sweep(
        figures_at(engine), named_values(engine.table), store=store, slice_size=slice_size,
        attributes=attributes,
    )  # fmt: skip


def figures_at(engine: Engine) -> Callable[..., dict[str, Any]]:
    """The figures of merit of the machine, as a function of what is varied.

    Args:
        engine: the engine.
    """

    def figures(**values: Any) -> dict[str, Any]:
        parameters = parameters_at(engine.table, engine.start, values)
        raw = limit_cycle(engine.cycle(parameters), throw=False)
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
