"""Integration of a master equation, with heat per bath and work beside the state."""

import warnings
from collections.abc import Callable
from typing import Any

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from .._checks import (
    as_complex,
    as_real,
    check_density_matrix,
    check_hermitian,
    check_increasing,
    check_nonnegative,
    is_concrete,
)
from .._results import RESULTS, raise_if_failed
from .._types import Operator, OperatorLike, RealLike
from ..algebra.operators import expectation
from ..algebra.spectral import eigenvalues
from ..information.entropy import entropy
from .integrators import (
    Choice,
    Integrated,
    choose,
    integrate_series,
    integrate_with_diffrax,
    is_uniform,
    propagate,
)
from .linear_form import LinearForm, linear_form
from .open_system import OpenSystem, gibbs_defects, warn_unless_gibbs
from .taylor import Taylor

Save = Callable[[OpenSystem, RealLike, Operator], PyTree]

_ROUNDING = 64  # times the machine epsilon: the smallest tolerance that can be met


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
        method: which path was taken: "propagator" (exact), "taylor", "magnus" or "diffrax".
        reason: why, in words; it is decided by types, never by values.
    """

    ts: Float[Array, " times"]
    saved: PyTree
    state: Operator
    ledger: Ledger
    result: Any
    stats: dict[str, Any]
    method: str = eqx.field(static=True)
    reason: str = eqx.field(static=True)


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
    solver: dfx.AbstractSolver | Taylor | None = None,
    rtol: RealLike | None = None,
    atol: RealLike | None = None,
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
    and d <= 8: adaptive `Magnus` steps (the entropy stays constant to rounding); H and the rates
    schedules times fixed operators: fused `Taylor` steps; else Diffrax's Dopri8. All run on
    real components, so complex numbers never reach a solver.

    Args:
        system: the open system of dimension d.
        rho0: density matrix at ts[0], (d, d).
        ts: increasing times, (times,), at least two; steps are forced onto them, so the books
            carry no interpolation error.
        save: f(system, t, rho), or a PyTree of such functions; evaluated at all times.
        solver: any Diffrax solver of ordinary differential equations, `Magnus` or `Exponential`.
        rtol: tolerance relative to the largest component; `default_tolerances()` by default.
        atol: absolute tolerance, likewise. Both belong to the controller where one is given.
        controller: any Diffrax step-size controller. An adaptive one is made to step onto `ts` and
            onto the breakpoints of the Hamiltonian's schedules; with `ConstantStepSize` give
            `dt0`, and values between steps are interpolated. By default a PID controller at
            `default_tolerances()`.
        adjoint: any Diffrax adjoint; `RecursiveCheckpointAdjoint` (reverse mode) by default.
            Forward mode through Diffrax needs `diffrax.ForwardMode()`.
        dt0: first step; chosen by the controller if `None`.
        max_steps: at most so many steps (`Taylor`: between two times, and at most 1,024); beyond
            it `result` is `max_steps_reached` and later times
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
    choice = choose(system, solver, any(x is not None for x in (controller, adjoint, dt0)))
    tolerances = _tolerances(rtol, atol)
    if choice.method in ("magnus", "diffrax") and controller is None:
        controller = dfx.PIDController(*tolerances)
    elif controller is not None and (rtol is not None or atol is not None):
        raise ValueError("`rtol` and `atol` belong to `controller` where one is given.")
    form = linear_form(system) if choice.method == "taylor" else None
    tolerances = (jnp.asarray(tolerances[0]), jnp.asarray(tolerances[1]))  # new ones compile once
    solution = _evolve(
        system, form, as_complex(rho0), ts, save, choice, tolerances, controller, adjoint, dt0,
        max_steps, choice.method == "propagator" and is_uniform(ts),
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
    form: LinearForm | None,
    rho0: Operator,
    ts: Array,
    save: PyTree,
    choice: Choice,
    tolerances: tuple[Any, Any],
    controller: dfx.AbstractStepSizeController | None,
    adjoint: dfx.AbstractAdjoint | None,
    dt0: RealLike | None,
    max_steps: int,
    uniform: bool,
) -> Solution:
    solver: Any = choice.solver
    if form is not None:
        found = integrate_series(form, system, rho0, ts, solver, *tolerances, max_steps)
    elif controller is not None:
        found = integrate_with_diffrax(
            system, rho0, ts, solver, controller, adjoint, dt0, max_steps
        )
    else:
        found = propagate(system, rho0, ts, uniform)
    finite = jnp.all(jnp.isfinite(found.states)) & jnp.all(jnp.isfinite(found.heat))
    result = found.result
    result = RESULTS.where((result == RESULTS.successful) & ~finite, RESULTS.not_finite, result)
    saved = jax.tree.map(
        lambda f: jax.vmap(lambda t, rho: f(system, t, rho))(ts, found.states),
        save,
        is_leaf=callable,
    )
    ends = [gibbs_defects(system, t) for t in (ts[0], ts[-1])]
    stats = {
        "num_steps": found.num_steps,
        "error": found.error,
        "gibbs_defects": jnp.maximum(*ends),
    }
    stats = jax.tree.map(jax.lax.stop_gradient, stats)
    ledger = _ledger(system, ts, found)
    return Solution(
        ts, saved, found.states[-1], ledger, result, stats, choice.method, choice.reason
    )


def _tolerances(rtol: RealLike | None, atol: RealLike | None) -> tuple[RealLike, RealLike]:
    """The tolerances; a warning where the number type cannot meet them."""
    usual = default_tolerances()
    found = (usual[0] if rtol is None else rtol, usual[1] if atol is None else atol)
    epsilon = float(jnp.finfo(jnp.result_type(float)).eps)
    if not is_concrete(found):
        return found
    check_nonnegative("rtol", found[0], "it is a tolerance.")
    check_nonnegative("atol", found[1], "it is a tolerance.")
    if max(float(x) for x in found) < _ROUNDING * epsilon:
        warnings.warn(
            f"rtol = {found[0]:.1e} and atol = {found[1]:.1e} are below what "
            f"{jnp.result_type(float)} can hold, about {_ROUNDING * epsilon:.1e}; rounding errors "
            "will exceed them. Loosen them, or enable float64.",
            stacklevel=3,
        )
    return found


def _ledger(system: OpenSystem, ts: Array, found: Integrated) -> Ledger:
    rhos, heat, work = found.states, found.heat, found.work
    energies = jax.vmap(lambda t, rho: expectation(system.energy_hamiltonian(t), rho))(ts, rhos)
    traces = jnp.einsum("tii->t", rhos).real
    return Ledger(
        energy=energies,
        entropy=jax.vmap(entropy)(rhos),
        heat=heat,
        work=work,
        first_law_residual=energies - energies[0] - heat.sum(axis=1) - work,
        trace_drift=traces - traces[0],
        smallest_eigenvalue=jax.vmap(eigenvalues)(jax.lax.stop_gradient(rhos))[:, 0],
    )
