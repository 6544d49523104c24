"""What one objective can be at every value of another: a front of Pareto, point by point.

Every point is a maximum of the first objective where the second is at least as large as a level
(Haimes' method of the epsilon constraint), so that hollow fronts are found as well. Levels go from
the largest second objective down: the point before, which satisfies the next constraint, is one of
the starts of the next.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, PyTree

from .._checked import checked
from .._checks import as_real, check_count, check_nonnegative, check_size, check_takes
from .._describe import as_html, as_text
from .describe import describe_front
from .optimize import optimize
from .optimum import Optimum
from .problem import check_optimizer, check_starts

Objectives = Callable[[PyTree], tuple[Any, Any]]


class Front(eqx.Module):
    """Points of a front, in the order of a growing second objective.

    Args:
        parameters: of the points, with a leading axis of points.
        values: both objectives, (points, 2).
        levels: what the second one had to be at least, (points,).
        spread: how far the first objective lies below the best one where half of the starts end,
            (points,); inf where less than half of them satisfy the constraint, as at the last
            point, where that is the maximum of the second objective alone.
        feasible: whether the constraint holds, (points,).
        dominated: whether another point is at least as good in both and better in one, (points,).
        change: what `finer` finds less `values`, (points, 2); 0 without it.

    Examples:
        >>> x = jnp.array([0.0, 0.5, 1.0])
        >>> values = jnp.stack([-(x**2), -((x - 1.0) ** 2)], axis=1)
        >>> no = jnp.zeros(3, bool)
        >>> front = qt.design.Front(x, values, values[:, 1], 0 * x, ~no, no, 0 * values)
        >>> front.hypervolume((-1.0, -1.0)), 0.75**2
        (0.5625, 0.5625)
    """

    parameters: PyTree
    values: Float[Array, "points 2"]
    levels: Float[Array, " points"]
    spread: Float[Array, " points"]
    feasible: Bool[Array, " points"]
    dominated: Bool[Array, " points"]
    change: Float[Array, "points 2"]

    def hypervolume(self, reference: tuple[float, float]) -> float:
        """The area of all that is dominated by a point and better than a reference in both.

        Args:
            reference: the two objectives that count as nothing.

        Returns:
            In units of the product of the objectives.
        """
        values = np.asarray(self.values)[np.asarray(self.feasible & ~self.dominated)]
        values = np.maximum(values - np.asarray(reference, float), 0.0)
        area, right = 0.0, 0.0
        for first, second in sorted(values.tolist()[::-1], key=lambda v: -v[1]):
            area += max(first - right, 0.0) * second
            right = max(right, first)
        return area

    def __repr__(self) -> str:
        return as_text(self, describe_front)

    def _repr_html_(self) -> str:
        return as_html(self, describe_front)


@checked
def pareto_front(
    objectives: Objectives,
    starts: PyTree,
    optimizer: optax.GradientTransformation,
    *,
    steps: int,
    points: int = 16,
    bounds: PyTree = None,
    polish: Any = None,
    finer: Objectives | None = None,
    feasibility: float = 1e-6,
    round_steps: int = 50,
) -> Front:
    """The front of two objectives, both to be large, by gradients from many starts.

    One program is compiled, and run for the largest value of either objective and for every point
    between. Objectives are taken in units of what the front spans, so units do not matter.

    Args:
        objectives: parameters -> (first, second), scalars; as power and efficiency of one cycle.
        starts: parameters to start from, with a leading axis of starts (>= 1) in every leaf; they
            all serve every point.
        optimizer: any Optax optimizer, of functions that vary by about 1.
        steps: steps for every point.
        points: how many points, both ends included, >= 2.
        bounds: as those of `optimize`.
        polish: as that of `optimize`, for every point.
        finer: the same objectives at a higher resolution: they are evaluated at the end, and what
            they change is kept.
        feasibility: how far below its level the second objective may be, relative to its range.
        round_steps: steps between updates of the constraint's multiplier.

    Returns:
        `Front`. Starts at which an objective is nan are left out.

    Raises:
        ValueError: fewer than two points or no start, `steps` < 1, or no start from which both
            objectives stay finite.

    Source: Y. Y. Haimes, L. S. Lasdon, D. A. Wismer, IEEE Trans. Syst. Man Cybern. SMC-1, 296
    (1971).

    Examples:
        >>> import optax
        >>> def objectives(x):
        ...     return -(x**2), -((x - 1.0) ** 2)
        >>> starts = jnp.array([0.5])
        >>> front = qt.design.pareto_front(objectives, starts, optax.adam(0.1), steps=60, points=3)
        >>> front.parameters, 1 - jnp.sqrt(0.5)
        ([0.0, 0.29, 1.0], 0.29)
    """
    check_count("points", points, 2)
    check_count("steps", steps, 1)
    check_size("steps", steps)
    check_size("points", points)
    check_nonnegative("feasibility", feasibility, "it is a violation that counts as none.")
    check_optimizer(optimizer)
    for name, function in (("objectives", objectives), ("finer", finer)):
        if function is not None:
            check_takes(name, function, starts)
    starts = jax.tree.map(lambda x: as_real("starts", x), starts)
    check_starts("starts", starts)
    options = {
        "steps": steps, "bounds": bounds, "polish": polish, "feasibility": feasibility,
        "round_steps": round_steps,
    }  # fmt: skip
    search = _search(objectives, starts, optimizer, options)
    ends, corner = _ends(search)
    unit = _positive(np.abs(corner[0] - corner[1]))
    levels = np.linspace(corner[0, 1], corner[1, 1], points)
    found, before = [], ends[1]
    for level in levels[::-1]:
        known = (before, ends[0])  # one keeps every level below its own, the other the lowest
        found.append(_best(search.solve(np.array([1.0, 0.0]), level, unit, known), feasibility))
        before = found[-1].parameters
    parameters = jax.tree.map(lambda *x: jnp.stack(x), *(point.parameters for point in found[::-1]))
    values = search.evaluate(parameters)
    feasible = jnp.asarray([point.allowed for point in found[::-1]])
    change = jnp.zeros_like(values)
    if finer is not None:
        change = _evaluator("finer(parameters)", finer)(parameters) - values
    spread = unit[0] * np.array([point.spread for point in found[::-1]])
    dominated = _dominated(values, feasible)
    return Front(
        parameters, values, jnp.asarray(levels), jnp.asarray(spread), feasible, dominated, change
    )


def _both(name: str, objectives: Objectives, p: PyTree) -> Float[Array, "2"]:
    found = objectives(p)
    several = isinstance(found, tuple | list) or np.ndim(found) == 1
    shapes = [np.shape(value) for value in found] if several else np.shape(found)
    if shapes != [(), ()]:
        raise ValueError(f"`{name}` must be two scalars, got what has the shape {shapes}.")
    return jnp.stack([jnp.asarray(value) for value in found])


@dataclasses.dataclass(frozen=True)
class _Search:
    """One program for all points, and one that evaluates; functions of arrays."""

    starts: PyTree
    solve: Callable[[Any, Any, Any, tuple[PyTree, PyTree]], Optimum]
    evaluate: Callable[[PyTree], Array]


def _search(objectives: Objectives, starts: PyTree, optimizer: Any, options: dict) -> _Search:
    """`solve` takes weights of the objectives, a level of the second one, and two known points."""

    @jax.jit  # `eqx.filter_jit` would keep the program for ever
    def solve(weights: Any, level: Any, unit: Any, known: tuple[PyTree, PyTree]) -> Optimum:
        def loss(p: PyTree) -> tuple[Array, Array]:
            value = _both("objectives(starts[k])", objectives, p) / unit
            margin = jnp.where(jnp.isfinite(level), value[1] - level / unit[1], 1.0)
            return -jnp.sum(weights * value), margin[None]

        given = jax.tree.map(lambda a, b, c: jnp.concatenate([a[None], b[None], c]), *known, starts)
        return optimize(loss, given, optimizer, many=True, **options)

    return _Search(starts, solve, _evaluator("objectives(starts[k])", objectives))


def _evaluator(name: str, objectives: Objectives) -> Callable[[PyTree], Array]:
    """Both objectives of stacked parameters, point by point: one program for any number of them."""
    both = jax.jit(partial(_both, name, objectives))

    def evaluate(parameters: PyTree) -> Array:
        parameters = jax.tree.map(np.asarray, parameters)  # many slices of which cost nothing
        count = jax.tree.leaves(parameters)[0].shape[0]
        points = (jax.tree.map(lambda x, k=k: x[k], parameters) for k in range(count))
        return jnp.asarray(np.stack([np.asarray(both(point)) for point in points]))

    return evaluate


def _ends(search: _Search) -> tuple[list[PyTree], np.ndarray]:
    """Parameters of the largest first and of the largest second objective, and both of both."""
    at_starts = np.abs(np.asarray(search.evaluate(search.starts)))
    finite = np.all(np.isfinite(at_starts), axis=1)
    if not finite.any():
        raise ValueError("`objectives` are not finite at any of the `starts`.")
    unit = _positive(at_starts[finite].max(axis=0))
    first = jax.tree.map(lambda x: x[int(np.argmax(finite))], search.starts)
    none = np.array(-np.inf)  # an array, as other levels are: a number would make another program
    ends = [_best(search.solve(w, none, unit, (first, first))).parameters for w in np.eye(2)]
    corner = np.asarray(search.evaluate(jax.tree.map(lambda *x: jnp.stack(x), *ends)))
    if not np.all(np.isfinite(corner)):
        raise ValueError("no start reaches finite `objectives`: try others, or smaller steps.")
    best = corner.argmax(axis=0)  # one end may be better in both, where steps are few
    return [ends[k] for k in best], corner[best]


def _positive(sizes: np.ndarray) -> np.ndarray:
    """Sizes to serve as units: 1 for those that are 0."""
    return np.where(sizes > 0.0, sizes, 1.0)


class _Best(NamedTuple):
    """The best lane, how far the median of all starts is from it, and whether it is allowed."""

    parameters: PyTree
    spread: float
    allowed: bool


def _best(lanes: Optimum, feasibility: float = np.inf) -> _Best:
    loss, violation = np.asarray(lanes.loss), np.asarray(lanes.violation)
    by_loss = np.where(np.isfinite(loss) & (violation <= feasibility), loss, np.inf)
    allowed = bool(np.isfinite(by_loss).any())
    best = int(np.argmin(by_loss if allowed else violation))
    spread = float(np.median(by_loss[2:]) - by_loss[best]) if allowed else float("inf")
    parameters = jax.tree.map(lambda x: x[best], lanes.parameters)
    return _Best(parameters, max(spread, 0.0), allowed)


def _dominated(values: Array, feasible: Array) -> Array:
    """Whether another feasible point is at least as good in both objectives and better in one."""
    better = values[:, None] >= values[None]
    over = jnp.all(better, axis=-1) & jnp.any(values[:, None] > values[None], axis=-1)
    return jnp.any(over & feasible[:, None], axis=0)
