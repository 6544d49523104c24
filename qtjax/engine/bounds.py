"""What is free in an engine file: start values, their bounds, and random starts within them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from .._checked import checked
from .._checks import (
    check_count,
    check_finite,
    check_instance,
    check_size,
    described,
    real_numbers,
)
from ..design.parameters import Bounded
from .tables import EngineError, EngineTable, StrokeTable


def start_of(table: EngineTable) -> dict[str, PyTree]:
    """The values of what is free: durations, ramp knots, coefficients.

    Args:
        table: of the engine file.

    Returns:
        {"durations": {stroke: ()}, "ramps": {stroke: (knots,)}, "coefficients": {hamiltonian:
        {operator: ()}}}.
    """
    strokes, free = {stroke.name: stroke for stroke in table.strokes}, table.free
    return {
        "durations": {k: jnp.asarray(strokes[k].duration) for k in free.durations},
        "ramps": {k: jnp.asarray(_knots(strokes[k])) for k in free.ramps},
        "coefficients": {
            h: {k: jnp.asarray(table.sum_of(h)[k]) for k in terms}
            for h, terms in free.coefficients.items()
        },
    }


def bounds_of(table: EngineTable) -> dict[str, PyTree]:
    """The bounds of what is free, of the structure of `start_of`.

    Args:
        table: of the engine file.

    Returns:
        A PyTree of `Bounded`.
    """
    free = table.free
    return {
        "durations": {k: Bounded(*v) for k, v in free.durations.items()},
        "ramps": {k: Bounded(*v) for k, v in free.ramps.items()},
        "coefficients": {
            h: {k: Bounded(*v) for k, v in terms.items()} for h, terms in free.coefficients.items()
        },
    }


def check_bounds(table: EngineTable) -> None:
    """Raise `EngineError` at bounds that are none, or that do not hold their start value."""
    free, start = table.free, start_of(table)
    for name, interval in free.durations.items():
        _check(f"free.durations.{name}", start["durations"][name], interval)
        if interval[0] < 0.0:
            raise EngineError(
                f"key `free.durations.{name}`: found {interval}, expected bounds >= 0"
            )
    for name, interval in free.ramps.items():
        _check(f"free.ramps.{name}", start["ramps"][name], interval)
    for name, terms in free.coefficients.items():
        for term, interval in terms.items():
            key = f"free.coefficients.{name}.{term}"
            _check(key, start["coefficients"][name][term], interval)


def check_parameters(values: Any, start: dict[str, PyTree], name: str = "parameters") -> None:
    """Raise unless values have the kinds, names and shapes of what is free in an engine.

    Args:
        values: what is given; further names of durations, coefficients and temperatures too.
        start: of the engine.
        name: what messages call it.

    Raises:
        ValueError: what is missing, of another shape, or no finite number.
    """
    check_instance(name, values, dict, "a dictionary of dictionaries, as `Engine.start`")
    for kind, wanted in start.items():
        if not isinstance(values.get(kind), dict):
            raise ValueError(
                f"`{name}[{kind!r}]` must be a dictionary, as that of `Engine.start`, got "
                f"{described(values.get(kind))}."
            )
        _check_like(f"{name}[{kind!r}]", values[kind], wanted)


def _check_like(name: str, values: dict[str, Any], start: dict[str, Any]) -> None:
    """Raise unless a dictionary of numbers, or of dictionaries of some, holds what `start` does."""
    for key in start:
        if key not in values:
            raise ValueError(f"`{name}` must hold {key!r}, got {', '.join(map(repr, values))}.")
    for key, value in values.items():
        if isinstance(value, dict):
            inner = start.get(key, {})
            _check_like(f"{name}[{key!r}]", value, inner if isinstance(inner, dict) else {})
            continue
        array = real_numbers(f"{name}[{key!r}]", value)
        check_finite(f"{name}[{key!r}]", array)
        if key in start and np.shape(array) != np.shape(start[key]):
            raise ValueError(
                f"`{name}[{key!r}]` must have the shape {np.shape(start[key])} of `Engine.start`, "
                f"got {np.shape(array)}; for a batch use `jax.vmap`."
            )


@checked
def scattered_starts(
    start: dict[str, PyTree], bounds: dict[str, PyTree], *, starts: int, seed: int
) -> PyTree:
    """The given start and random ones around it, stacked along a leading axis.

    Durations are multiplied by 2^u with u uniform in [-1, 1], ramp knots moved by normal deviates
    of 1/20 of the width of their bounds, coefficients drawn uniformly inside their bounds. Values
    closer to a bound than 1/1000 of its width are moved inside by that much, because on a bound the
    search would stand still.

    Args:
        start: values of what is free.
        bounds: theirs.
        starts: how many in all.
        seed: of the random ones.

    Returns:
        A PyTree like `start` with a leading axis of `starts`.

    Raises:
        ValueError: values that are no numbers, bounds of another structure, no start, or more than
            fit into memory.
    """
    check_count("starts", starts)
    check_count("seed", seed, 0)
    check_instance("start", start, dict, "a dictionary, as `Engine.start`")
    check_parameters(start, start, "start")
    check_instance("bounds", bounds, dict, "a dictionary, as `Engine.bounds`")
    _check_pairs(start, bounds)
    check_size("starts", starts, sum(np.size(leaf) for leaf in jax.tree.leaves(start)) + 1)
    generator = np.random.default_rng(seed)

    def scatter(kind: str, value: Any, bound: Bounded) -> Any:
        width = np.asarray(bound.upper - bound.lower)
        if kind == "durations":
            return _inside(value * 2.0 ** generator.uniform(-1.0, 1.0), bound)
        if kind == "ramps":
            return _inside(value + 0.05 * width * generator.normal(size=np.shape(value)), bound)
        return _inside(np.asarray(bound.lower) + width * generator.uniform(0.05, 0.95), bound)

    lanes = [_map_kinds(lambda kind, value, bound: _inside(value, bound), start, bounds)]
    lanes += [_map_kinds(scatter, start, bounds) for _ in range(starts - 1)]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *lanes)


def _check_pairs(start: dict[str, PyTree], bounds: dict[str, PyTree]) -> None:
    """Raise unless there is one `Bounded` for every value."""
    found = jax.tree.structure(bounds, is_leaf=lambda x: isinstance(x, Bounded))
    leaves = jax.tree.leaves(bounds, is_leaf=lambda x: isinstance(x, Bounded))
    if found != jax.tree.structure(start) or not all(isinstance(x, Bounded) for x in leaves):
        raise ValueError(
            "`bounds` must hold a `Bounded` for every value of `start`, as `Engine.bounds` does, "
            f"got {described(bounds)}."
        )


def _inside(value: Any, bound: Bounded) -> Any:
    low, high = np.asarray(bound.lower), np.asarray(bound.upper)
    edge = 1e-3 * (high - low)
    return jnp.asarray(np.clip(value, low + edge, high - edge))


def _map_kinds(function: Any, values: dict[str, PyTree], bounds: dict[str, PyTree]) -> PyTree:
    """Apply a function to every kind, value and bound."""
    out = {}
    for kind, tree in values.items():
        leaves, structure = jax.tree.flatten(tree)
        pairs = zip(leaves, structure.flatten_up_to(bounds[kind]), strict=True)
        out[kind] = structure.unflatten([function(kind, *pair) for pair in pairs])
    return out


def _check(key: str, value: Any, interval: list[float]) -> None:
    low, high = interval
    if not low < high:
        raise EngineError(f"key `{key}`: found {interval}, expected [lower, upper]")
    if not np.all((np.asarray(value) >= low) & (np.asarray(value) <= high)):
        raise EngineError(
            f"key `{key}`: found the start value {np.asarray(value).tolist()}, expected it "
            f"between {low} and {high}"
        )


def _knots(stroke: StrokeTable) -> list[float]:
    """The knots of a ramp; eight on a straight line if the file gives none."""
    return np.linspace(0.0, 1.0, 10)[1:-1].tolist() if stroke.ramp is None else stroke.ramp
