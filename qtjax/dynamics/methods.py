"""The methods that integrate an equation of motion, with one kind of result.

A method says what keeps it from an equation (`why_not`) and integrates it (`integrate`); it knows
components and books, and no physics. Which one runs is decided by types and static data, never by
values (`choose`).
"""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checks import check_count, check_positive, is_concrete
from .._jax import unvmap_any
from .._results import RESULTS
from .._types import Real, RealLike
from ..numerics.controllers import Watchful, total_of
from ..numerics.equation import DenseEquation, LinearEquation
from ..numerics.exponentials import advance, expm1_with_doubt, times
from ..numerics.resolution import Seen
from ..numerics.solvers import GeneratorTerm, Magnus as MagnusSolver
from ..numerics.taylor import MOVING_COMPONENTS, integrate, most_steps

MAGNUS_DIMENSION = 8
# Errors of Magnus steps are estimated by doubling them, too small where steps are as long as looser
# tolerances allow.
MAGNUS_TOLERANCE = 1e-5


EXACT_COMPONENTS = 1024  # up to which one exponential is the default where nothing moves
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
        matrix = _in_units(equation, problem.unit)(problem.edges[0])
        ys, error = _exact_steps(matrix, problem, equation.moving_rows)
        result: Any = jax.tree.map(jnp.asarray, RESULTS.successful)
        count = problem.edges.shape[0] - 1
        return _integrated(ys, equation, problem.unit, result, error, count)


def _exact_steps(matrix: Array, problem: Problem, moving: tuple[int, ...]) -> tuple[Array, Array]:
    """y at all edges, and the error by rounding."""
    edges, count = problem.edges, problem.edges.shape[0] - 1
    books = jnp.zeros(matrix.shape[0] - matrix.shape[1], matrix.dtype)
    y0 = jnp.concatenate([problem.x0, books])
    allowed = (problem.atol + problem.rtol) / count

    def increment(length: Array) -> tuple[Array, Array, Array]:
        return expm1_with_doubt(length * matrix, allowed, moving)

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


def _check_first_step(dt0: Any) -> None:
    if dt0 is not None:
        check_positive("dt0", dt0, "it is the length of the first step.")


class Diffrax(AbstractMethod):
    """Any Diffrax solver of ordinary differential equations, with steps onto all edges.

    Args:
        solver: of Diffrax, `Magnus` and `Exponential` among them.
        controller: of its steps; `PIDController` at the tolerances if `None`.
        adjoint: of its derivatives; `RecursiveCheckpointAdjoint` if `None`.
        dt0: the first step.

    Examples:
        >>> import diffrax
        >>> system = qt.OpenSystem(qt.number(2), qt.Lindblad(qt.destroy(2), 1.0))
        >>> method = qt.Diffrax(diffrax.Tsit5())
        >>> solution = qt.evolve(system, qt.pure_state([0, 1]), [0.0, 1.0], solver=method)
        >>> solution.state[1, 1].real, jnp.exp(-1)
        (0.3679, 0.3679)
    """

    name: ClassVar[str] = "diffrax"
    solver: dfx.AbstractSolver = eqx.field(default_factory=dfx.Dopri8)
    controller: dfx.AbstractStepSizeController | None = None
    adjoint: dfx.AbstractAdjoint | None = None
    dt0: RealLike | None = None

    def __check_init__(self):
        _check_first_step(self.dt0)

    def integrate(self, equation: LinearEquation, problem: Problem) -> Integrated:
        return integrate_with_diffrax(self, equation, problem)


class Magnus(AbstractMethod):
    """Adaptive sixth-order Magnus steps: without baths the spectrum of the state stays as it is.

    Examples:
        >>> system = qt.OpenSystem(qt.Driven([(qt.Linear(0.0, 1.0), qt.sigmax())]))
        >>> excited = qt.pure_state([0, 1])
        >>> solution = qt.evolve(system, excited, [0.0, 1.0], solver=qt.Magnus())
        >>> solution.state[1, 1].real, jnp.cos(0.5) ** 2
        (0.7702, 0.7702)
    """

    name: ClassVar[str] = "magnus"
    controller: dfx.AbstractStepSizeController | None = None
    adjoint: dfx.AbstractAdjoint | None = None
    dt0: RealLike | None = None

    def __check_init__(self):
        _check_first_step(self.dt0)

    def integrate(self, equation: LinearEquation, problem: Problem) -> Integrated:
        method = Diffrax(MagnusSolver(), self.controller, self.adjoint, self.dt0)
        return integrate_with_diffrax(method, equation, problem)


def integrate_with_diffrax(
    method: Diffrax, equation: LinearEquation, problem: Problem
) -> Integrated:
    """The state and the books at all edges, by a Diffrax solver.

    Args:
        method: solver, controller, adjoint and first step.
        equation: any.
        problem: its start, edges and tolerances.

    Returns:
        `Integrated`; the error is the sum of the solver's own estimates and of rounding; inf where
        the solver has none.
    """
    edges, count = problem.edges, equation.books
    y0 = jnp.concatenate([problem.x0, jnp.zeros(count, problem.x0.dtype)])
    if equation.action is None:
        generator, term = _in_units(equation, problem.unit), GeneratorTerm()
    else:
        generator, term = _acting(equation, problem.unit), dfx.ODETerm(_act)
    if isinstance(method.solver, MagnusSolver) and method.controller is None:
        tight = [jnp.minimum(x, MAGNUS_TOLERANCE) for x in (problem.rtol, problem.atol)]
        problem = problem._replace(rtol=tight[0], atol=tight[1])
    controller, saved = watchful(method.controller, problem), dfx.SaveAt(ts=edges)
    adjoint = dfx.RecursiveCheckpointAdjoint() if method.adjoint is None else method.adjoint
    counted = isinstance(controller, dfx.ClipStepSizeController)
    if isinstance(adjoint, dfx.BacksolveAdjoint):  # which keeps no count, and no other controller
        own = method.controller or dfx.PIDController(problem.rtol, problem.atol)
        counted, controller = False, dfx.ClipStepSizeController(own, step_ts=edges)  # pyright: ignore
    if counted:
        saved = dfx.SaveAt(ts=edges, controller_state=True)
    solution = dfx.diffeqsolve(
        term, method.solver, edges[0], edges[-1], method.dt0, y0,
        real_leaves(generator), saveat=saved, stepsize_controller=controller,
        max_steps=problem.max_steps, throw=False, adjoint=adjoint,
    )  # fmt: skip
    ys: Any = jnp.asarray(solution.ys)
    error = total_of(solution.controller_state) if counted else jnp.asarray(jnp.nan, ys.dtype)
    error = error + _rounding(generator, problem)
    result = RESULTS.promote(solution.result)
    found = _integrated(ys, equation, problem.unit, result, error, solution.stats["num_steps"])
    if method.controller is None and counted:
        return found
    if not counted:  # steps of the caller's choice, or an adjoint that keeps no count
        arrays, rest = eqx.partition((equation, problem), eqx.is_inexact_array)
        fixed = eqx.combine(jax.lax.stop_gradient(arrays), rest)
        exact = integrate_with_diffrax(Diffrax(), *fixed)
        error = jnp.max(jnp.abs(exact.xs - jax.lax.stop_gradient(found.xs))) + exact.error
        return found._replace(error=error, granted=4.0 * error)
    # a controller of the caller's holds the error of every step
    each = problem.atol + problem.rtol * jnp.max(jnp.abs(problem.x0))
    return found._replace(granted=each * found.num_steps)


def watchful(
    controller: dfx.AbstractStepSizeController | None, problem: Problem
) -> dfx.AbstractStepSizeController:
    """A controller that steps onto the edges and over nothing; the usual one by default."""
    edges = problem.edges
    if controller is not None and not isinstance(
        controller, dfx.AbstractAdaptiveStepSizeController
    ):
        return controller
    span = None
    if controller is None:  # then errors are held per unit of time, so that their sum is
        controller = dfx.PIDController(problem.rtol, problem.atol)
        span = jax.lax.stop_gradient(edges[-1] - edges[0])
    watchful: Any = Watchful(controller, problem.seen, span)  # pyright: ignore
    inside = (edges > edges[0]) & (edges < edges[-1])
    jumps = jnp.sort(jnp.where(inside, edges, jnp.inf))[:-2]
    return dfx.ClipStepSizeController(
        watchful, step_ts=edges, jump_ts=jumps if jumps.shape[0] else None
    )


def _rounding(generator: Any, problem: Problem) -> Real:
    """eps times the size of the generator times the time."""
    edges, x = problem.edges, problem.x0

    def size(t: RealLike) -> Array:
        if isinstance(generator, _ActionInUnits):  # as seen in the image of a state that is random
            signs = np.random.default_rng(0).choice([-1.0, 1.0], x.shape)
            return jnp.max(jnp.abs(generator(t, jnp.asarray(signs, x.dtype))))
        return jnp.max(jnp.abs(generator(t)))

    sizes = jax.vmap(size)(edges[0] + (edges[-1] - edges[0]) * jnp.linspace(0.05, 0.95, 7))
    usual = jnp.where(jnp.isfinite(sizes), sizes, 0.0).mean()
    return jax.lax.stop_gradient(jnp.finfo(edges.dtype).eps * usual * (edges[-1] - edges[0]))


def _act(t: RealLike, y: Array, generator: Any) -> Array:
    return generator(t, y)


class _ActionInUnits(eqx.Module):
    """What an action does to components and books, these in a unit of energy."""

    action: Callable[[Any, Any], Array]
    unit: RealLike
    size: int = eqx.field(static=True)

    def __call__(self, t: RealLike, y: Array) -> Array:
        moved = self.action(t, y[: self.size])
        return jnp.concatenate([moved[: self.size], moved[self.size :] / self.unit])


def _acting(equation: LinearEquation, unit: RealLike) -> _ActionInUnits:
    assert equation.action is not None
    return _ActionInUnits(equation.action, unit, equation.size)


class _InUnits(eqx.Module):
    """G(t) with the rows of the books in a unit of energy."""

    dense: DenseEquation
    unit: RealLike
    size: int = eqx.field(static=True)

    def __call__(self, t: RealLike) -> Array:
        matrix = self.dense(t)
        return jnp.concatenate([matrix[: self.size], matrix[self.size :] / self.unit])


def _in_units(equation: LinearEquation, unit: RealLike) -> _InUnits:
    return _InUnits(equation.dense(), unit, equation.size)


def _integrated(
    ys: Array, equation: LinearEquation, unit: RealLike, result: Any, error: Real, steps: Any
) -> Integrated:
    n = equation.size
    return Integrated(ys[:, :n], ys[:, n:] * unit, result, error, steps)


class RealLeaves(eqx.Module):
    """A function whose complex leaves are kept as pairs of real ones, as Diffrax wants."""

    real: Any
    imaginary: Any
    rest: Any

    def __call__(self, *arguments: Any) -> Any:
        joined = jax.tree.map(jax.lax.complex, self.real, self.imaginary)
        return eqx.combine(joined, self.rest)(*arguments)


def real_leaves(function: Any) -> Any:
    """The function itself if its leaves are real, else as `RealLeaves`."""

    def is_complex(leaf: Any) -> bool:
        return eqx.is_array(leaf) and jnp.iscomplexobj(leaf)

    found, rest = eqx.partition(function, is_complex)
    if not jax.tree.leaves(found):
        return function
    return RealLeaves(jax.tree.map(jnp.real, found), jax.tree.map(jnp.imag, found), rest)


def choose(
    equation: LinearEquation, dissipates: bool, solver: Any, options: dict[str, Any]
) -> tuple[AbstractMethod, str]:
    """The method for an equation, and why.

    Args:
        equation: of the system.
        dissipates: whether the system has baths.
        solver: what the user named: a Diffrax solver, a method, or `None`.
        options: `controller`, `adjoint` and `dt0`, `None` where not given.

    Returns:
        The method and a sentence.

    Raises:
        ValueError: a method that cannot integrate this equation, or Diffrax's options with it.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if isinstance(solver, Magnus | Diffrax) and given:
        solver = dataclasses.replace(solver, **given)
        given = {}
    if isinstance(solver, AbstractMethod):
        obstacle = solver.why_not(equation)
        if obstacle is not None:
            raise ValueError(
                f"`solver` {type(solver).__name__} cannot integrate this system: {obstacle}."
            )
        if given:
            names = ", ".join(f"`{name}`" for name in given)
            raise ValueError(
                f"{names}: these are for Diffrax solvers; `{type(solver).__name__}` chooses its "
                "own steps and has its own derivatives: give `rtol` and `atol` only."
            )
        return solver, "named by the caller"
    if isinstance(solver, MagnusSolver):
        return Magnus(**given), "named by the caller"
    if solver is not None:
        return Diffrax(solver, **given), "named by the caller"
    if equation.constant and not given and equation.size <= EXACT_COMPONENTS:
        return Exact(), equation.words
    few = equation.action is None and equation.size <= MAGNUS_DIMENSION**2
    if not dissipates and few:
        return Magnus(**given), "nothing dissipates, so the entropy must stay as it is"
    if given:
        return Diffrax(**given), "options of Diffrax were given"
    if Taylor().why_not(equation) is not None:
        return Diffrax(), equation.words
    return Taylor(), equation.words


def takes_actions(solver: Any) -> bool:
    """Whether what the user named as `solver` needs no matrix: nothing, or a solver by slopes."""
    if isinstance(solver, AbstractMethod):
        return isinstance(solver, Diffrax) and takes_actions(solver.solver)
    return getattr(solver, "term_structure", None) is not GeneratorTerm


def is_uniform(ts: Any) -> bool | None:
    """Whether times are equidistant to rounding; `None` unless they are concrete."""
    if not is_concrete(ts):
        return None
    return bool(_are_equal(np.asarray(ts, np.result_type(float, np.asarray(ts).dtype))))


def _are_equal(edges: Any) -> Any:
    """Whether the steps between times are equal, to rounding."""
    steps = edges[1:] - edges[:-1]
    return abs(steps - steps[0]).max() <= 8 * jnp.finfo(steps.dtype).eps * abs(edges).max()
