"""The methods that integrate an equation of motion, with one kind of result.

A method says what keeps it from an equation (`why_not`) and integrates it (`integrate`); it knows
components and books, and no physics.
"""

import abc
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checks import check_count, is_concrete
from .._jax import unvmap_any
from .._results import RESULTS
from .._types import Real, RealLike
from ..numerics.equation import Balance, DenseEquation, LinearEquation
from ..numerics.exponentials import advance, expm1_with_doubt, times
from ..numerics.resolution import Seen
from ..numerics.taylor import MOVING_COMPONENTS, integrate, most_steps

MANY_STEPS = 8  # for which it pays to see, as the program runs, whether they are equal


class Problem(NamedTuple):
    """What a method is to integrate.

    Args:
        x0: components of the state at the first edge, (n,).
        edges: times that do not decrease: saved ones, breakpoints and jumps, (edges,).
        rtol: tolerance relative to the largest component.
        atol: absolute tolerance.
        unit: the energy in which the books are as exact as the state.
        seen: what the grid has seen of the unknown functions, or `None`.
        max_steps: static.
        uniform: whether the edges are equidistant; `None` if that is not known, static.
    """

    x0: Float[Array, " n"]
    edges: Float[Array, " edges"]
    rtol: RealLike
    atol: RealLike
    unit: RealLike
    seen: Seen | None
    max_steps: int
    uniform: bool | None


class Integrated(NamedTuple):
    """What every method returns.

    Args:
        xs: components at the edges, (edges, n).
        books: at the edges, (edges, books).
        result: the outcome.
        error: estimated error of the last state and of the books in their unit, with what rounding
            may have done.
        num_steps: steps taken.
        granted: the error that the caller's own controller allows; 0 for the tolerances.
    """

    xs: Float[Array, "edges n"]
    books: Float[Array, "edges books"]
    result: Any
    error: Real
    num_steps: Any
    granted: RealLike = 0.0


class AbstractMethod(eqx.Module):
    """A way to integrate x' = G(t) x with its books."""

    name: eqx.AbstractClassVar[str]

    def why_not(self, equation: LinearEquation) -> str | None:
        """What keeps the method from an equation, in words; `None` if nothing does."""
        return None

    @abc.abstractmethod
    def integrate(self, equation: LinearEquation, problem: Problem) -> Integrated:
        """The state and the books at all edges."""


class Exact(AbstractMethod):
    """Exact steps of a constant generator; one exponential serves all equal steps.

    Examples:
        >>> system = qt.OpenSystem(qt.number(2), qt.Lindblad(qt.destroy(2), 1.0))
        >>> solution = qt.evolve(system, qt.pure_state([0, 1]), [0.0, 1.0], solver=qt.Exact())
        >>> solution.state[1, 1].real, jnp.exp(-1)
        (0.3679, 0.3679)
    """

    name: ClassVar[str] = "propagator"

    def why_not(self, equation: LinearEquation) -> str | None:
        return None if equation.constant else "something in the system moves"

    def integrate(self, equation: LinearEquation, problem: Problem) -> Integrated:
        matrix = in_units(equation, problem.unit)(problem.edges[0])
        balances = equation.balances_in(problem.unit)
        ys, error = _exact_steps(matrix, problem, equation.moving_rows, balances)
        result: Any = jax.tree.map(jnp.asarray, RESULTS.successful)
        count = problem.edges.shape[0] - 1
        return integrated(ys, equation, problem.unit, result, error, count)


def _exact_steps(
    matrix: Array, problem: Problem, moving: tuple[int, ...], balances: Sequence[Balance]
) -> tuple[Array, Array]:
    """y at all edges, and the error by rounding."""
    edges, count = problem.edges, problem.edges.shape[0] - 1
    books = jnp.zeros(matrix.shape[0] - matrix.shape[1], matrix.dtype)
    y0 = jnp.concatenate([problem.x0, books])
    allowed = (problem.atol + problem.rtol) / count

    def increment(length: Array) -> tuple[Array, Array, Array]:
        return expm1_with_doubt(length * matrix, allowed, moving, balances)

    def step(
        carry: tuple[Array, Array], own: tuple[Array, Array, Array]
    ) -> tuple[tuple[Array, Array], Array]:
        (y, error), (found, doubt, rounding) = carry, own
        x = jax.lax.stop_gradient(y)[: doubt.shape[1]]
        missed = jnp.max(jnp.abs(times(doubt, x))) + rounding
        y = advance(y, found)
        return (y, error + missed), y

    start = (y0, jnp.zeros((), y0.dtype))

    def equal() -> tuple[tuple[Array, Array], Array]:
        shared = increment((edges[-1] - edges[0]) / count)
        return jax.lax.scan(lambda carry, _: step(carry, shared), start, length=count)

    def different() -> tuple[tuple[Array, Array], Array]:
        return jax.lax.scan(step, start, jax.vmap(increment)(jnp.diff(edges)))

    if problem.uniform:
        (_, error), ys = equal()
    elif problem.uniform is False or count < MANY_STEPS:
        (_, error), ys = different()
    else:
        (_, error), ys = jax.lax.cond(unvmap_any(~_are_equal(edges)), different, equal)
    return jnp.concatenate([y0[None], ys]), error


MOST_TERMS = 256  # of a Taylor step; a dozen to fifty are usual


class Taylor(AbstractMethod):
    """Fused Taylor steps, to be named as `solver` of `evolve`; the default for most systems.

    Args:
        order: number of terms of the series, static; chosen by the number of times if `None`.

    Raises:
        ValueError: an order that is no whole number from 1 to 256.

    Examples:
        >>> h = qt.Driven([(qt.Linear(0.0, 1.0), qt.number(2))])
        >>> system = qt.OpenSystem(h, qt.Lindblad(qt.destroy(2), 1.0))
        >>> solution = qt.evolve(system, qt.pure_state([0, 1]), [0.0, 1.0], solver=qt.Taylor())
        >>> solution.ledger.work[-1], 1 - jnp.exp(-1)
        (0.6321, 0.6321)
    """

    name: ClassVar[str] = "taylor"
    order: int | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        if self.order is not None:
            check_count("order", self.order)
            if self.order > MOST_TERMS:
                raise ValueError(
                    f"`order` must be at most {MOST_TERMS}, got {self.order}: the terms of one "
                    "step are held together, and more steps do the work of more terms."
                )

    def why_not(self, equation: LinearEquation) -> str | None:
        if equation.action is not None:
            return equation.words
        few = equation.moving is None or equation.size <= MOVING_COMPONENTS
        return None if few else f"{equation.words}, on more than {MOVING_COMPONENTS} components"

    def integrate(self, equation: LinearEquation, problem: Problem) -> Integrated:
        x0, edges, rtol, atol, unit, seen, max_steps, _ = problem
        found = integrate(equation, x0, edges, rtol, atol, unit, max_steps, self.order, seen)
        result: Any = jax.tree.map(jnp.asarray, RESULTS.successful)
        # more of `max_steps` helps up to what the method can take
        enough = max_steps >= most_steps(equation)
        short: Any = RESULTS.step_limit if enough else RESULTS.max_steps_reached
        result = RESULTS.where(found.done > 0.0, result, short)
        books = jnp.stack([jnp.concatenate([jnp.zeros(1), book]) for book in found.books], axis=1)
        xs = jnp.concatenate([x0[None], found.xs])
        return Integrated(xs, books, result, found.error, found.steps)


class _InUnits(eqx.Module):
    """G(t) with the rows of the books in a unit of energy."""

    dense: DenseEquation
    unit: RealLike
    size: int = eqx.field(static=True)

    def __call__(self, t: RealLike) -> Array:
        matrix = self.dense(t)
        return jnp.concatenate([matrix[: self.size], matrix[self.size :] / self.unit])


def in_units(equation: LinearEquation, unit: RealLike) -> _InUnits:
    """t -> G(t) with the rows of the books in a unit of energy, (n + books, n).

    Args:
        equation: any with matrices.
        unit: of energy.
    """
    return _InUnits(equation.dense(), unit, equation.size)


def integrated(
    ys: Array, equation: LinearEquation, unit: RealLike, result: Any, error: Real, steps: Any
) -> Integrated:
    """What was found of components and books in a unit of energy.

    Args:
        ys: at the edges, (edges, n + books).
        equation: of which.
        unit: of energy.
        result: the outcome.
        error: estimated, of the last state and of the books in their unit.
        steps: how many were taken.
    """
    n = equation.size
    return Integrated(ys[:, :n], ys[:, n:] * unit, result, error, steps)


def is_uniform(ts: Any) -> bool | None:
    """Whether times are equidistant to rounding; `None` unless they are concrete."""
    if not is_concrete(ts):
        return None
    return bool(_are_equal(np.asarray(ts, np.result_type(float, np.asarray(ts).dtype))))


def _are_equal(edges: Any) -> Any:
    """Whether the steps between times are equal, to rounding."""
    steps = edges[1:] - edges[:-1]
    return abs(steps - steps[0]).max() <= 8 * jnp.finfo(steps.dtype).eps * abs(edges).max()
