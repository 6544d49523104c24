"""The methods that take steps of Diffrax: any solver of its, and Magnus steps."""

from collections.abc import Callable
from typing import Any, ClassVar

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._checks import check_positive
from .._results import RESULTS
from .._types import Real, RealLike
from ..numerics.controllers import Watchful, total_of
from ..numerics.equation import LinearEquation
from ..numerics.solvers import GeneratorTerm, Magnus as MagnusSolver
from .methods import AbstractMethod, Integrated, Problem, in_units, integrated

# Errors of Magnus steps are estimated by doubling them, too small where steps are as long as looser
# tolerances allow.
MAGNUS_TOLERANCE = 1e-5


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
        return _integrate(self, equation, problem)


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
        return _integrate(method, equation, problem)


def _integrate(method: Diffrax, equation: LinearEquation, problem: Problem) -> Integrated:
    """The state and the books at all edges, by a Diffrax solver.

    Args:
        method: solver, controller, adjoint and first step.
        equation: any.
        problem: its start, edges and tolerances.

    Returns:
        `Integrated`; the error is the sum of the solver's own estimates and of rounding; inf where
        the solver has none.
    """
    count = equation.books
    y0 = jnp.concatenate([problem.x0, jnp.zeros(count, problem.x0.dtype)])
    if equation.action is None:
        generator, term = in_units(equation, problem.unit), GeneratorTerm()
    else:
        generator, term = _acting(equation, problem.unit), dfx.ODETerm(_act)
    if isinstance(method.solver, MagnusSolver) and method.controller is None:
        tight = [jnp.minimum(x, MAGNUS_TOLERANCE) for x in (problem.rtol, problem.atol)]
        problem = problem._replace(rtol=tight[0], atol=tight[1])
    jumps, given = may_jump(equation, problem.edges), problem
    if method.controller is None:  # which may know of times
        generator, problem, jumps = from_zero(generator, problem, jumps)
    edges = problem.edges
    controller, times = watchful(method.controller, problem, jumps), _before(edges, jumps)
    saved = dfx.SaveAt(ts=times)
    adjoint = dfx.RecursiveCheckpointAdjoint() if method.adjoint is None else method.adjoint
    counted = isinstance(controller, dfx.ClipStepSizeController)
    if isinstance(adjoint, dfx.BacksolveAdjoint):  # which keeps no count, and no other controller
        own = method.controller or dfx.PIDController(problem.rtol, problem.atol)
        counted, controller = False, dfx.ClipStepSizeController(own, step_ts=edges)  # pyright: ignore
    if counted:
        saved = dfx.SaveAt(ts=times, controller_state=True)
    solution = dfx.diffeqsolve(
        term, method.solver, edges[0], edges[-1], method.dt0, y0,
        real_leaves(generator), saveat=saved, stepsize_controller=controller,
        max_steps=problem.max_steps, throw=False, adjoint=adjoint,
    )  # fmt: skip
    ys: Any = jnp.asarray(solution.ys)
    error = total_of(solution.controller_state) if counted else jnp.asarray(jnp.nan, ys.dtype)
    error = error + _rounding(generator, problem, jumps)
    result = RESULTS.promote(solution.result)
    found = integrated(ys, equation, problem.unit, result, error, solution.stats["num_steps"])
    if method.controller is None and counted:
        return found
    if not counted:  # steps of the caller's choice, or an adjoint that keeps no count
        arrays, rest = eqx.partition((equation, given), eqx.is_inexact_array)
        fixed = eqx.combine(jax.lax.stop_gradient(arrays), rest)
        exact = _integrate(Diffrax(), *fixed)
        error = jnp.max(jnp.abs(exact.xs - jax.lax.stop_gradient(found.xs))) + exact.error
        return found._replace(error=error, granted=4.0 * error)
    # a controller of the caller's holds the error of every step
    each = problem.atol + problem.rtol * jnp.max(jnp.abs(problem.x0))
    return found._replace(granted=each * found.num_steps)


def watchful(
    controller: dfx.AbstractStepSizeController | None, problem: Problem, jumps: Array
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
    return dfx.ClipStepSizeController(
        watchful, step_ts=edges, jump_ts=jumps if jumps.shape[0] else None
    )


def may_jump(equation: LinearEquation, edges: Array) -> Array:
    """The edges inside at which an equation may jump, then inf: declared ones, and where it does.

    Diffrax ends a step a rounding before a jump and starts the next one a rounding after it.

    Args:
        equation: any.
        edges: times that do not decrease, (edges,).
    """
    inner, watched = edges[1:-1], equation.watched
    may = jnp.any(inner[:, None] == equation.breakpoints, axis=1)
    values = None if watched is None else watched.values
    if values is not None and inner.shape[0]:
        after = jax.lax.stop_gradient(inner)
        before = jnp.nextafter(after, jnp.full_like(after, -jnp.inf))
        left, right = (jax.vmap(values)(ts) for ts in (before, after))
        noise = 64.0 * jnp.finfo(edges.dtype).eps * jnp.max(jnp.abs(right), axis=0, initial=0.0)
        may = may | jnp.any(~(jnp.abs(right - left) <= noise), axis=1)
    elif not equation.breakpoints.shape[0]:
        return inner[:0]
    may = may & (inner > edges[0]) & (inner < edges[-1])
    return jnp.sort(jnp.where(may, inner, jnp.inf))


def _before(edges: Array, jumps: Array) -> Array:
    """The edges, those at which an equation may jump where the step before them ends."""
    if not jumps.shape[0]:
        return edges
    ends = jax.lax.stop_gradient(edges)
    moved = jnp.nextafter(ends, jnp.full_like(ends, -jnp.inf)) - ends
    nearest = jumps[jnp.clip(jnp.searchsorted(jumps, ends), 0, jumps.shape[0] - 1)]
    return edges + jnp.where(nearest == ends, moved, 0.0)


class Later(eqx.Module):
    """A function of time as one of the time since then.

    Args:
        function: (t, ...) -> anything.
        then: the time that becomes 0.
    """

    function: Callable[..., Any]
    then: RealLike

    def __call__(self, t: RealLike, *arguments: Any) -> Any:
        return self.function(self.then + t, *arguments)


def from_zero(function: Any, problem: Problem, jumps: Array) -> tuple[Later, Problem, Array]:
    """The same in the time since the first edge: a time far from 0 is known to larger roundings.

    Args:
        function: of time.
        problem: its edges, and what was seen there.
        jumps: edges, then inf.
    """
    then, seen = problem.edges[0], problem.seen
    if seen is not None:
        seen = seen._replace(starts=seen.starts - jax.lax.stop_gradient(then))
    problem = problem._replace(edges=problem.edges - then, seen=seen)
    return Later(function, then), problem, jumps - then


def _rounding(generator: Any, problem: Problem, jumps: Array) -> Real:
    """eps times the size of the generator times the time, and times what is left out at jumps."""
    edges, x = problem.edges, problem.x0
    inner = generator.function if isinstance(generator, Later) else generator

    def size(t: RealLike) -> Array:
        if isinstance(inner, _ActionInUnits):  # as seen in the image of a state that is random
            signs = np.random.default_rng(0).choice([-1.0, 1.0], x.shape)
            return jnp.max(jnp.abs(generator(t, jnp.asarray(signs, x.dtype))))
        return jnp.max(jnp.abs(generator(t)))

    sizes = jax.vmap(size)(edges[0] + (edges[-1] - edges[0]) * jnp.linspace(0.05, 0.95, 7))
    usual = jnp.where(jnp.isfinite(sizes), sizes, 0.0).mean()
    left_out = 2.0 * jnp.sum(jnp.where(jnp.isfinite(jumps), jnp.abs(jumps), 0.0))
    time = edges[-1] - edges[0] + left_out
    return jax.lax.stop_gradient(jnp.finfo(edges.dtype).eps * usual * time)


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
