"""The ways to integrate a master equation, with one kind of result, and the choice among them.

Which one runs is decided by types and static data, never by values (`choose`).
"""

from typing import Any, NamedTuple

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checks import is_concrete
from .._results import RESULTS
from .._types import Operator, Real, RealLike
from ..algebra.hermitian_basis import from_components, to_components
from ..algebra.operators import expectation
from ..algebra.superoperators import unpack
from .exponentials import advance, expm1
from .generators import (
    ConstantGenerator,
    build_generator,
    initial_vector,
    is_constant,
    real_leaves,
)
from .hamiltonians import hamiltonian_jump
from .linear_form import LinearForm, why_not_linear
from .open_system import OpenSystem
from .solvers import GeneratorTerm, Magnus
from .taylor import Taylor, integrate

_MAGNUS_DIMENSION = 8


class Choice(NamedTuple):
    """Which integrator, and why.

    Args:
        method: "propagator", "taylor", "magnus" or "diffrax".
        reason: a sentence.
        solver: a Diffrax solver, `Taylor`, or `None` for exact propagators.
    """

    method: str
    reason: str
    solver: dfx.AbstractSolver | Taylor | None


class Integrated(NamedTuple):
    """What every integrator returns.

    Args:
        states: at the times, (times, d, d).
        heat: from each bath since the first time, (times, baths).
        work: since the first time, (times,).
        result: the outcome.
        error: estimated error of the last state and of the books; nan where the method has none.
        num_steps: steps taken.
    """

    states: Complex[Array, "times d d"]
    heat: Float[Array, "times baths"]
    work: Float[Array, " times"]
    result: Any
    error: Real
    num_steps: Any


def choose(
    system: OpenSystem, solver: dfx.AbstractSolver | Taylor | None, needs_diffrax: bool
) -> Choice:
    """The integrator for a system.

    Args:
        system: the open system.
        solver: what the user named, if anything.
        needs_diffrax: whether a controller, an adjoint or a first step was given.

    Returns:
        `Choice`.

    Raises:
        ValueError: `Taylor` for a system that has no linear form, or with Diffrax's options.
    """
    obstacle = why_not_linear(system, smooth=isinstance(solver, Taylor))
    if isinstance(solver, Taylor):
        if obstacle is not None:
            raise ValueError(f"`solver` Taylor cannot integrate this system: {obstacle}.")
        if needs_diffrax:
            raise ValueError(
                "`controller`, `adjoint` and `dt0` are for Diffrax solvers; `Taylor` chooses its "
                "own steps and has its own derivatives: give `rtol` and `atol` only."
            )
        return Choice("taylor", "named by the caller", solver)
    if solver is not None:
        method = "magnus" if isinstance(solver, Magnus) else "diffrax"
        return Choice(method, "named by the caller", solver)
    if is_constant(system) and not needs_diffrax:
        return Choice("propagator", "nothing in the system moves", None)
    if not system.baths and system.dimension <= _MAGNUS_DIMENSION:
        return Choice("magnus", "nothing dissipates, so the entropy must stay as it is", Magnus())
    if needs_diffrax:
        return Choice("diffrax", "options of Diffrax were given", dfx.Dopri8())
    if obstacle is not None:
        return Choice("diffrax", obstacle, dfx.Dopri8())
    return Choice("taylor", "H and the rates are schedules times fixed operators", Taylor())


def propagate(
    system: OpenSystem, rho0: Operator, ts: Float[Array, " times"], uniform: bool
) -> Integrated:
    """Exact steps of a constant generator; one exponential serves all equal steps.

    Args:
        system: in which nothing moves.
        rho0: state at ts[0], (d, d).
        ts: increasing times, (times,).
        uniform: whether they are known to be equidistant.

    Returns:
        `Integrated`; the error is that of rounding.
    """
    y0, count = initial_vector(system, rho0), ts.shape[0] - 1
    generator = build_generator(system)
    if not isinstance(generator, ConstantGenerator):
        generator = ConstantGenerator(generator(ts[0]))
    if uniform:
        shared, steps = expm1((ts[-1] - ts[0]) / count * generator.matrix), None
    else:
        shared, steps = y0, jax.vmap(lambda h: expm1(h * generator.matrix))(jnp.diff(ts))

    def step(y: Array, increment: Array | None) -> tuple[Array, Array]:
        y = advance(y, shared if increment is None else increment)
        return y, y

    _, ys = jax.lax.scan(step, y0, steps, length=count)
    ys = jnp.concatenate([y0[None], ys])
    rounding = jnp.finfo(ys.dtype).eps * ys.shape[1] * jnp.max(jnp.abs(ys))
    return _from_packed(system, ys, RESULTS.successful, rounding * count, count)


def integrate_series(
    form: LinearForm, system: OpenSystem, rho0: Operator, ts: Float[Array, " times"],
    solver: Taylor, rtol: RealLike, atol: RealLike, max_steps: int,
) -> Integrated:  # fmt: skip
    """Fused Taylor steps, from time to time and breakpoint to breakpoint.

    Args:
        form: of the system.
        system: the open system.
        rho0: state at ts[0], (d, d).
        ts: increasing times, (times,).
        solver: its order.
        rtol: relative tolerance.
        atol: absolute tolerance.
        max_steps: between two times, static.

    Returns:
        `Integrated`.
    """
    x0 = to_components(rho0)
    edges, jumps = ts, _inside(jnp.sort(system.energy_hamiltonian.jumps()), ts)
    breaks = system.breakpoints()
    if breaks.shape[0]:
        edges = jnp.sort(jnp.concatenate([ts, _inside(breaks, ts)]))
    found = integrate(form, x0, edges, rtol, atol, max_steps, solver.order)

    def at(moments: Array, start: Array, later: Array) -> Array:
        values = jnp.concatenate([start[None], later])
        return values if moments is edges else values[jnp.searchsorted(edges, moments)]

    heats = [at(ts, jnp.zeros_like(heat[0]), heat) for heat in found.books]
    work = heats.pop()
    if jumps.shape[0]:
        at_jumps = jax.vmap(from_components)(at(jumps, x0, found.xs))
        work = work + _jump_works(system, ts, at_jumps)
    largest = jnp.maximum(jnp.max(jnp.abs(x0)), jnp.max(jnp.abs(found.xs)))
    # the series and the interpolation may use up the tolerance each
    inaccurate = found.error > 2.0 * (atol + rtol * largest)
    result: Any = jax.tree.map(jnp.asarray, RESULTS.successful)
    result = RESULTS.where(inaccurate, RESULTS.unresolved, result)
    ran_out: Any = RESULTS.max_steps_reached
    result = RESULTS.where(found.done > 0.0, result, ran_out)
    states = jax.vmap(from_components)(at(ts, x0, found.xs))
    heat = jnp.stack(heats, axis=1) if heats else jnp.zeros((ts.shape[0], 0), work.dtype)
    return Integrated(states, heat, work, result, found.error, found.steps)


def integrate_with_diffrax(
    system: OpenSystem,
    rho0: Operator,
    ts: Float[Array, " times"],
    solver: dfx.AbstractSolver,
    controller: dfx.AbstractStepSizeController,
    adjoint: dfx.AbstractAdjoint | None,
    dt0: RealLike | None,
    max_steps: int,
) -> Integrated:
    """The general way, with steps forced onto the times and the breakpoints.

    Args:
        system: the open system.
        rho0: state at ts[0], (d, d).
        ts: increasing times, (times,).
        solver: any Diffrax solver.
        controller: any Diffrax step-size controller.
        adjoint: any Diffrax adjoint; `RecursiveCheckpointAdjoint` if `None`.
        dt0: first step.
        max_steps: in all, static.

    Returns:
        `Integrated`; its error is nan, there is no estimate.
    """
    y0 = initial_vector(system, rho0)
    breaks, jumps = system.breakpoints(), jnp.sort(system.energy_hamiltonian.jumps())
    times = jnp.sort(jnp.concatenate([ts, _inside(jumps, ts)]))
    if isinstance(controller, dfx.AbstractAdaptiveStepSizeController):
        breaks = breaks if breaks.shape[0] else None
        controller = dfx.ClipStepSizeController(controller, step_ts=times, jump_ts=breaks)
    solution = dfx.diffeqsolve(
        GeneratorTerm(), solver, ts[0], ts[-1], dt0, y0, real_leaves(build_generator(system)),
        saveat=dfx.SaveAt(ts=times), stepsize_controller=controller, max_steps=max_steps,
        throw=False, adjoint=dfx.RecursiveCheckpointAdjoint() if adjoint is None else adjoint,
    )  # fmt: skip
    found: Any = jnp.asarray(solution.ys)
    ys = found[jnp.searchsorted(times, ts)]
    if jumps.shape[0]:
        n = system.dimension**2
        at_jumps = found[jnp.searchsorted(times, _inside(jumps, ts)), :n]
        ys = ys.at[:, -1].add(_jump_works(system, ts, jax.vmap(unpack)(at_jumps)))
    steps = solution.stats["num_steps"]
    result = RESULTS.promote(solution.result)
    return _from_packed(system, ys, result, jnp.asarray(jnp.nan, ys.dtype), steps)


def is_uniform(ts: Array) -> bool:
    """Whether concrete times are equidistant to rounding."""
    if not is_concrete(ts):
        return False
    steps = np.diff(np.asarray(ts))
    return bool(np.ptp(steps) <= 8 * np.finfo(steps.dtype).eps * np.max(np.abs(ts)))


def _from_packed(
    system: OpenSystem, ys: Array, result: Any, error: Real, num_steps: Any
) -> Integrated:
    n = system.dimension**2
    return Integrated(jax.vmap(unpack)(ys[:, :n]), ys[:, n:-1], ys[:, -1], result, error, num_steps)


def _inside(moments: Array, ts: Array) -> Array:
    return jnp.clip(moments, ts[0], ts[-1])


def _jump_works(system: OpenSystem, ts: Array, states: Array) -> Array:
    """The work tr(rho (H(t) - H(t - 0))) of all jumps up to each time; equal jumps count once.

    `states` are those at the sorted jumps, (jumps, d, d).
    """
    jumps = jnp.sort(system.energy_hamiltonian.jumps())

    def work(t: Array, rho: Operator) -> Array:
        return expectation(hamiltonian_jump(system.energy_hamiltonian, t), rho)

    first = jnp.diff(jumps, prepend=-jnp.inf) > 0.0
    passed = first & (jumps > ts[0]) & (jumps <= ts[:, None])
    return jnp.sum(jnp.where(passed, jax.vmap(work)(jumps, states), 0.0), axis=1)
