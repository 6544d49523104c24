"""In how many steps of which kind driven strokes are taken."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checks import check_positive, is_concrete

FIRST_STEPS = 64


class Way(NamedTuple):
    """How driven strokes are taken.

    Args:
        steps: in how many steps, each.
        implicit: whether those in contact take implicit ones.
    """

    steps: int
    implicit: bool = False

    @property
    def most(self) -> int:
        """The largest number of steps that is tried."""
        return 1024 if self.implicit else 16384


def as_tolerance(value: float | None) -> float:
    """The largest error allowed, by default that of the precision; inf allows any.

    Args:
        value: as given, `None` for the default.

    Raises:
        ValueError: it is not positive.
    """
    if value is None:
        return 1e-9 if jnp.result_type(float) == jnp.float64 else 1e-4
    if not (isinstance(value, float) and value == math.inf):
        check_positive("tolerance", value, "it is the largest error allowed.")
    return value


def resolved(
    solve: Callable[[Way], Any], tolerance: float, steps: int | None, implicit: bool | None,
    first: int = FIRST_STEPS,
) -> tuple[Way, Any]:  # fmt: skip
    """The way asked for and its solution; where none was, and values are known, one that does.

    Args:
        solve: from a way to a solution with an `error`.
        tolerance: of the error.
        steps: of the way, by default as many as are needed.
        implicit: of the way, by default where Magnus steps do not do; the way of the smaller error
            is refined first, and the other where that does not do.
        first: the number of steps to begin with.
    """
    way = Way(first if steps is None else steps, bool(implicit))
    solution = solve(way)
    if steps is not None or not unresolved(solution.error, tolerance):
        return way, solution
    if implicit is not None:
        return refined(solve, tolerance, way, solution)
    other, tried = way._replace(implicit=True), []
    for start in sorted([(way, solution), (other, solve(other))], key=_error):
        tried.append(refined(solve, tolerance, *start))
        if not unresolved(tried[-1][1].error, tolerance):
            break
    return min(tried, key=_error)


def _error(found: tuple[Way, Any]) -> float:
    """The error of a solution, inf for nan."""
    return float(jnp.nan_to_num(found[1].error, nan=jnp.inf))


def refined(
    solve: Callable[[Way], Any], tolerance: float, way: Way, solution: Any = None
) -> tuple[Way, Any]:
    """The first solution whose error is within the tolerance, each with more steps than the last.

    How many more is guessed from the error, which falls with their sixth power.
    """
    solution = solve(way) if solution is None else solution
    while way.steps < way.most and unresolved(solution.error, tolerance):
        wanted = float(jnp.log2(solution.error / tolerance)) / 6.0
        wanted = math.ceil(wanted) if math.isfinite(wanted) else 2
        left = max(1, math.floor(math.log2(way.most / way.steps)))
        way = way._replace(steps=way.steps * 2 ** min(wanted, left))
        solution = solve(way)
    return way, solution


def unresolved(error: Float[Array, "..."], tolerance: float) -> bool:
    """Whether a concrete, unbatched error estimate exceeds the tolerance, or is nan."""
    return is_concrete(error) and jnp.ndim(error) == 0 and not bool(error <= tolerance)
