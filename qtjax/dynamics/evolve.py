"""Integration of a master equation, with heat per bath and work beside the state."""

from collections.abc import Callable
from typing import Any

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from .._checks import (
    as_complex,
    as_real,
    check_density_matrix,
    check_hermitian,
    check_increasing,
    is_concrete,
)
from .._results import RESULTS, raise_if_failed
from .._types import Operator, OperatorLike, RealLike
from ..algebra.operators import expectation
from ..algebra.spectral import eigenvalues
from ..algebra.superoperators import unpack
from ..information.entropy import entropy
from .exponentials import expm1
from .generators import (
    ConstantGenerator,
    build_generator,
    initial_vector,
    is_constant,
    real_leaves,
)
from .hamiltonians import hamiltonian_jump
from .open_system import OpenSystem, gibbs_defects, warn_unless_gibbs
from .solvers import GeneratorTerm, Magnus

Save = Callable[[OpenSystem, RealLike, Operator], PyTree]

_MAGNUS_DIMENSION = 8


class Ledger(eqx.Module):
    """The books of a trajectory at its times; heats and work are integrated with the state.

    Args:
        energy: tr(rho H), (times,).
        entropy: von Neumann entropy, (times,).
        heat: heat from each bath since ts[0], (times, baths).
        work: work done on the system since ts[0], (times,).
        first_law_residual: energy - energy[0] - sum heat - work, (times,).
        trace_drift: tr(rho) - tr(rho[0]), (times,).
        smallest_eigenvalue: of rho; below zero by more than the tolerance it is not a state,
            (times,).
    """

    energy: Float[Array, " times"]
    entropy: Float[Array, " times"]
    heat: Float[Array, "times baths"]
    work: Float[Array, " times"]
    first_law_residual: Float[Array, " times"]
    trace_drift: Float[Array, " times"]
    smallest_eigenvalue: Float[Array, " times"]


class Solution(eqx.Module):
    """A trajectory.

    Args:
        ts: the times, (times,).
        saved: what `save(system, t, rho)` returned, with a leading axis of times.
        state: the last state, (d, d).
        ledger: energy, entropy, heat, work and residuals over `ts`.
        result: the outcome, one per lane; compare with `RESULTS.successful`.
        stats: numbers about the run; `gibbs_defects`, (baths,), says how far each bath is from
            leaving its Gibbs state as it is, at the first and the last time (`evolve` warns).
        method: "propagator" (exact), "magnus" or "diffrax"; which path was taken, by type.
    """

    ts: Float[Array, " times"]
    saved: PyTree
    state: Operator
    ledger: Ledger
    result: Any
    stats: dict[str, Any]
    method: str = eqx.field(static=True)


class Expectation(eqx.Module):
    """A `save` function: the expectation values tr(A rho) of Hermitian operators.

    Args:
        operators: any number of Hermitian operators, (d, d) each.

    Raises:
        ValueError: an operator that is not Hermitian.
    """

    operators: tuple[Operator, ...]

    def __init__(self, *operators: OperatorLike):
        for k, operator in enumerate(operators):
            check_hermitian(f"operators[{k}]", operator)
        self.operators = tuple(as_complex(operator) for operator in operators)

    def __call__(self, system: OpenSystem, t: RealLike, rho: Operator) -> Float[Array, " n"]:
        return jnp.stack([expectation(operator, rho) for operator in self.operators])


def state(system: OpenSystem, t: RealLike, rho: Operator) -> Operator:
    """The state itself: the default of `save`."""
    return rho


def default_tolerances() -> tuple[float, float]:
    """(rtol, atol) of `evolve`: 1e-11 and 1e-13 in float64, 1e-5 and 1e-7 in float32."""
    return (1e-11, 1e-13) if jax.config.read("jax_enable_x64") else (1e-5, 1e-7)


def evolve(
    system: OpenSystem,
    rho0: OperatorLike,
    ts: Any,
    *,
    save: PyTree = state,
    solver: dfx.AbstractSolver | None = None,
    controller: dfx.AbstractStepSizeController | None = None,
    adjoint: dfx.AbstractAdjoint | None = None,
    dt0: RealLike | None = None,
    max_steps: int = 16384,
    throw: bool = True,
) -> Solution:
    """The trajectory of rho' = -i[H(t), rho] + sum_k D_k(rho) from rho0 at ts[0], with its books.

    Heat per bath and work are further components of the integrated vector, under the same error
    control as the state. Which integrator runs is decided by types, never by values, unless
    `solver` names one: nothing in the system moves: exact propagators between the times; no baths
    and d <= 8: adaptive `Magnus` steps (the entropy stays constant to rounding); else Diffrax's
    Dopri8. All run on real components, so complex numbers never reach a solver.

    Args:
        system: the open system of dimension d.
        rho0: density matrix at ts[0], (d, d).
        ts: increasing times, (times,), at least two; steps are forced onto them, so the books
            carry no interpolation error.
        save: f(system, t, rho), or a PyTree of such functions; evaluated at all times.
        solver: any Diffrax solver of ordinary differential equations, `Magnus` or `Exponential`.
        controller: any Diffrax step-size controller. An adaptive one is made to step onto `ts` and
            onto the breakpoints of the Hamiltonian's schedules; with `ConstantStepSize` give
            `dt0`, and values between steps are interpolated. By default a PID controller at
            `default_tolerances()`.
        adjoint: any Diffrax adjoint; `RecursiveCheckpointAdjoint` (reverse mode) by default.
            Forward mode through Diffrax needs `diffrax.ForwardMode()`.
        dt0: first step; chosen by the controller if `None`.
        max_steps: at most so many steps; beyond it `result` is `max_steps_reached` and later times
            hold inf.
        throw: raise `SolverError` if the outcome is concrete and not successful. Inside
            `jit`, `vmap` or `grad` nothing is raised: read `result`, lane by lane.

    Returns:
        `Solution`.

    Warns where a bath does not fix the Gibbs state of H at its temperature (Levy and Kosloff 2014).

    Raises:
        ValueError: rho0 not a density matrix of dimension d, times that do not increase or are
            fewer than two, a Hamiltonian that is not Hermitian at ts[0], NaN.
        SolverError: the outcome was not successful and `throw` is true; the partial solution is
            its attribute `solution`.
    """
    ts = as_real("ts", ts)
    check_increasing("ts", ts)
    if ts.shape[0] < 2:
        raise ValueError(f"`ts` must hold at least two times (start and end), got {ts.shape[0]}.")
    check_density_matrix("rho0", rho0, system.dimension)
    check_hermitian("hamiltonian(ts[0])", system.hamiltonian(ts[0]))
    exact = solver is None and controller is None and is_constant(system)
    if not exact and solver is None:
        closed = not system.baths and system.dimension <= _MAGNUS_DIMENSION
        solver = Magnus() if closed else dfx.Dopri8()
    solution = _evolve(
        system, as_complex(rho0), ts, save, solver, controller, adjoint, dt0, max_steps,
        _is_uniform(ts) if exact else False,
    )  # fmt: skip
    if throw:
        raise_if_failed(solution)
    defects = solution.stats["gibbs_defects"]
    if is_concrete(defects) and defects.ndim == 1:
        warn_unless_gibbs(system, defects)
    return solution


@eqx.filter_jit
def _evolve(
    system: OpenSystem,
    rho0: Operator,
    ts: Array,
    save: PyTree,
    solver: dfx.AbstractSolver | None,
    controller: dfx.AbstractStepSizeController | None,
    adjoint: dfx.AbstractAdjoint | None,
    dt0: RealLike | None,
    max_steps: int,
    uniform: bool,
) -> Solution:
    y0 = initial_vector(system, rho0)
    if solver is None:
        ys, result, stats = _propagate(system, y0, ts, uniform)
    else:
        ys, result, stats = _integrate(system, y0, ts, solver, controller, adjoint, dt0, max_steps)
    finite = jnp.all(jnp.isfinite(ys))
    result = RESULTS.where((result == RESULTS.successful) & ~finite, RESULTS.not_finite, result)
    n = system.dimension**2
    rhos = jax.vmap(unpack)(ys[:, :n])
    saved = jax.tree.map(
        lambda f: jax.vmap(lambda t, rho: f(system, t, rho))(ts, rhos), save, is_leaf=callable
    )
    ends = [gibbs_defects(system, t) for t in (ts[0], ts[-1])]
    stats = {**stats, "gibbs_defects": jax.lax.stop_gradient(jnp.maximum(*ends))}
    method = {None: "propagator", Magnus: "magnus"}.get(solver and type(solver), "diffrax")
    return Solution(
        ts, saved, rhos[-1], _ledger(system, ts, rhos, ys[:, n:]), result, stats, method
    )


def _propagate(system: OpenSystem, y0: Array, ts: Array, uniform: bool) -> tuple[Array, Any, dict]:
    """Exact steps of a constant generator; one exponential serves all equal steps."""
    generator = build_generator(system)
    if not isinstance(generator, ConstantGenerator):
        generator = ConstantGenerator(generator(ts[0]))
    if uniform:
        step = expm1((ts[-1] - ts[0]) / (ts.shape[0] - 1) * generator.matrix)
        ys = _march(lambda y, _: y + step @ y, y0, None, ts.shape[0] - 1)
    else:
        steps = jax.vmap(lambda h: expm1(h * generator.matrix))(jnp.diff(ts))
        ys = _march(lambda y, step: y + step @ y, y0, steps, ts.shape[0] - 1)
    return ys, RESULTS.successful, {"num_steps": ts.shape[0] - 1}


def _march(advance: Callable[[Array, Any], Array], y0: Array, xs: Any, length: int) -> Array:
    """y0 and what repeated steps make of it, (length + 1, m)."""

    def step(y: Array, x: Any) -> tuple[Array, Array]:
        y = advance(y, x)
        return y, y

    _, ys = jax.lax.scan(step, y0, xs, length=length)
    return jnp.concatenate([y0[None], ys])


def _integrate(
    system: OpenSystem,
    y0: Array,
    ts: Array,
    solver: dfx.AbstractSolver,
    controller: dfx.AbstractStepSizeController | None,
    adjoint: dfx.AbstractAdjoint | None,
    dt0: RealLike | None,
    max_steps: int,
) -> tuple[Array, Any, dict]:
    """The Diffrax path, with steps forced onto the times and the breakpoints."""
    if controller is None:
        rtol, atol = default_tolerances()
        controller = dfx.PIDController(rtol=rtol, atol=atol)
    breaks, jumps = system.breakpoints(), jnp.sort(system.energy_hamiltonian.jumps())
    times = jnp.sort(jnp.concatenate([ts, jnp.clip(jumps, ts[0], ts[-1])]))
    if isinstance(controller, dfx.AbstractAdaptiveStepSizeController):
        breaks = breaks if breaks.shape[0] else None
        controller = dfx.ClipStepSizeController(controller, step_ts=times, jump_ts=breaks)
    solution = dfx.diffeqsolve(
        GeneratorTerm(), solver, ts[0], ts[-1], dt0, y0, real_leaves(build_generator(system)),
        saveat=dfx.SaveAt(ts=times), stepsize_controller=controller, max_steps=max_steps,
        throw=False, adjoint=dfx.RecursiveCheckpointAdjoint() if adjoint is None else adjoint,
    )  # fmt: skip
    found = jnp.asarray(solution.ys)
    ys = found[jnp.searchsorted(times, ts)]
    if jumps.shape[0]:
        at_jumps = found[jnp.searchsorted(times, jnp.clip(jumps, ts[0], ts[-1]))]
        ys = ys.at[:, -1].add(_jump_works(system, ts, jumps, at_jumps))
    return ys, RESULTS.promote(solution.result), solution.stats


def _jump_works(system: OpenSystem, ts: Array, jumps: Array, ys: Array) -> Array:
    """The work tr(rho (H(t) - H(t - 0))) of all jumps up to each time; equal jumps count once."""

    def work(t: Array, y: Array) -> Array:
        rho = unpack(y[: system.dimension**2])
        return expectation(hamiltonian_jump(system.energy_hamiltonian, t), rho)

    first = jnp.diff(jumps, prepend=-jnp.inf) > 0.0
    passed = first & (jumps > ts[0]) & (jumps <= ts[:, None])
    return jnp.sum(jnp.where(passed, jax.vmap(work)(jumps, ys), 0.0), axis=1)


def _ledger(system: OpenSystem, ts: Array, rhos: Array, books: Array) -> Ledger:
    energies = jax.vmap(lambda t, rho: expectation(system.energy_hamiltonian(t), rho))(ts, rhos)
    traces = jnp.einsum("tii->t", rhos).real
    heat, work = books[:, :-1], books[:, -1]
    return Ledger(
        energy=energies,
        entropy=jax.vmap(entropy)(rhos),
        heat=heat,
        work=work,
        first_law_residual=energies - energies[0] - heat.sum(axis=1) - work,
        trace_drift=traces - traces[0],
        smallest_eigenvalue=jax.vmap(eigenvalues)(jax.lax.stop_gradient(rhos))[:, 0],
    )


def _is_uniform(ts: Array) -> bool:
    """Whether concrete times are equidistant to rounding."""
    if not is_concrete(ts):
        return False
    steps = np.diff(np.asarray(ts))
    return bool(np.ptp(steps) <= 8 * np.finfo(steps.dtype).eps * np.max(np.abs(ts)))
