"""What a table [sweep] of an engine file varies, by names that a store can have."""

import re
from typing import Any

import numpy as np

from .._checked import checked
from .._checks import check_instance, check_size
from .bounds import check_parameters
from .tables import EngineError, EngineTable


@checked
def named_values(table: EngineTable) -> dict[str, np.ndarray]:
    """The values of everything that is varied, as the grid of a sweep.

    Args:
        table: of an engine file.

    Returns:
        `temperature_hot`, `duration_hot_isochore`, `cold_sigmaz` and the like, with their values.

    Raises:
        EngineError: nothing is varied, or two names become the same.
        ValueError: more points than fit into memory.
    """
    places = _places(table)
    if not places:
        raise EngineError(
            "key `sweep`: found nothing, expected what to vary, as "
            "`[sweep.temperatures]` with `hot = [1.0, 6.0, 200]` (first, last, points)"
        )
    names = [name for name, _, _ in places]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise EngineError(f"key `sweep`: found {twice[0]!r} twice, expected names that stay apart")
    for name, _, (_, _, points) in places:
        check_size(f"sweep.{name}", int(points))
    return {name: np.linspace(r[0], r[1], int(r[2])) for name, _, r in places}


@checked
def parameters_at(
    table: EngineTable, start: dict[str, Any], values: dict[str, Any]
) -> dict[str, Any]:
    """The parameters of a machine where what is varied has given values.

    Args:
        table: of an engine file.
        start: of the engine, `Engine.start`.
        values: by the names of `named_values`.

    Returns:
        What `Engine.cycle` takes.

    Raises:
        ValueError: a start that is none of an engine, or other names than those of `named_values`.
    """
    check_parameters(start, start, "start")
    places = _places(table)
    check_instance("values", values, dict, "a dictionary by the names of `named_values`")
    if set(values) != (names := {name for name, _, _ in places}):
        raise ValueError(
            f"`values` must hold {', '.join(sorted(names))}, got {', '.join(map(str, values))}."
        )
    found: dict[str, Any] = {
        "temperatures": {},
        "durations": dict(start["durations"]),
        "ramps": start["ramps"],
        "coefficients": {k: dict(v) for k, v in start["coefficients"].items()},
    }
    for name, (kind, *path), _ in places:
        inner = found[kind]
        for key in path[:-1]:
            inner = inner.setdefault(key, {})
        inner[path[-1]] = values[name]
    return found


def _places(table: EngineTable) -> list[tuple[str, tuple[str, ...], list[float]]]:
    """Name, place among the parameters, and range of everything that is varied."""
    swept = table.sweep
    found: list[tuple[tuple[str, ...], tuple[str, ...], list[float]]] = [
        *((("temperature", k), ("temperatures", k), r) for k, r in swept.temperatures.items()),
        *((("duration", k), ("durations", k), r) for k, r in swept.durations.items()),
        *(
            ((name, term), ("coefficients", name, term), r)
            for name, terms in swept.coefficients.items()
            for term, r in terms.items()
        ),
    ]
    return [(as_word("_".join(words)), path, r) for words, path, r in found]


def as_word(name: str) -> str:
    """A name with _ for all that cannot stand in an identifier.

    Args:
        name: of a bath, a stroke or a parameter.
    """
    return re.sub(r"\W", "_", name)
