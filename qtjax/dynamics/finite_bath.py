"""Baths of finite heat capacity: temperatures that follow the heat that the system takes."""

import math
from typing import Any

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checks import as_complex, as_real, check_positive, is_concrete, is_own
from .._results import RESULTS, raise_if_failed
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.hermitian_basis import from_components, to_components
from ..algebra.operators import expectation
from ..algebra.spectral import eigenvalues
from ..information.entropy import entropy
from ..numerics.controllers import Watchful, total_of
from .arguments import as_times, check_options, check_problem
from .channels import Channel, Moving, of_kind
from .dissipators import Lindblad, ThermalRate
from .evolve import ROUNDING, default_tolerances, state
from .hamiltonians import Term
from .methods import real_leaves
from .open_system import OpenSystem, dissipative_parts, energy_unit, power, unitary_part
from .schedules import degree_of

FIRST_STEP = 1e-3  # of the whole time


class FiniteBaths(eqx.Module):
    """A trajectory with baths whose temperatures follow.

    Args:
        ts: the times, (times,).
        states: (times, d, d).
        temperatures: of the baths, (times, baths).
        heat: from each bath since ts[0], (times, baths).
        work: done on the system since ts[0], (times,).
        energy: tr(rho H), (times,).
        entropy: von Neumann entropy of the system, (times,).
        bath_entropy_change: C ln(T/T(0)) of each bath, (times, baths).
        production: entropy - entropy[0] + sum of `bath_entropy_change`, Spohn's production with
            the temperatures of the moment; >= 0 for baths that fix their Gibbs states, (times,).
        first_law_residual: energy - energy[0] - sum heat - work, (times,).
        result: the outcome, one per lane.
        stats: `num_steps` and `error`, the sum of the estimated errors of state and books.
    """

    ts: Float[Array, " times"]
    states: Complex[Array, "times d d"]
    temperatures: Float[Array, "times baths"]
    heat: Float[Array, "times baths"]
    work: Float[Array, " times"]
    energy: Float[Array, " times"]
    entropy: Float[Array, " times"]
    bath_entropy_change: Float[Array, "times baths"]
    production: Float[Array, " times"]
    first_law_residual: Float[Array, " times"]
    result: Any
    stats: dict[str, Any]


def evolve_with_finite_baths(
    system: OpenSystem,
    rho0: OperatorLike,
    ts: Any,
    capacities: Any,
    *,
    solver: dfx.AbstractSolver | None = None,
    rtol: RealLike | None = None,
    atol: RealLike | None = None,
    adjoint: dfx.AbstractAdjoint | None = None,
    max_steps: int = 16384,
    throw: bool = True,
) -> FiniteBaths:
    """The trajectory of a system whose baths have heat capacities: C_k dT_k/dt = -Q_k'.

    The equation is not linear, as the rates follow the temperatures, so it is no `evolve` with
    something added. The energy of system and baths, tr(rho H) + sum_k C_k T_k, changes by the work
    alone, as T_k(t) = T_k(0) - Q_k(t)/C_k with the integrated heat. Only rates and occupations
    follow; a `zero_frequency` of a bath is a number that stays.

    Args:
        system: its baths start at their temperatures. H and what else moves must be constant or
            known polynomials between breakpoints, without jumps.
        rho0: density matrix at ts[0], (d, d).
        ts: increasing times, (times,); steps are forced onto them.
        capacities: C_k > 0 of every bath in units of k_B, (baths,); inf for a bath that stays.
        solver: any Diffrax solver; Dopri8 by default. Where rates are large, an implicit one.
        rtol: relative tolerance; `default_tolerances()` by default.
        atol: absolute tolerance of the state, and of the books in units of the energies.
        adjoint: any Diffrax adjoint, as for `evolve`.
        max_steps: at most so many steps.
        throw: raise `SolverError` if the outcome is concrete and not successful.

    Returns:
        `FiniteBaths`.

    Raises:
        ValueError: not one capacity > 0 for each bath, a bath without a temperature > 0 or whose
            rates do not follow it (as those of `Lindblad`), or an H(t) that jumps or is only known
            as a function of time.
        SolverError: the outcome was not successful and `throw` is true.

    Source: energy and entropy of a reservoir with a finite heat capacity, dU = C dT, dS = C dT/T.
    """
    ts = as_times(ts)
    check_problem(system, rho0, ts, state)
    options = {"solver": solver, "controller": None, "adjoint": adjoint, "dt0": None}
    check_options(options, max_steps)
    capacities = _capacities(system, capacities)
    _check_system(system)
    default = default_tolerances()
    tolerances = (
        as_real("rtol", default[0] if rtol is None else rtol),
        as_real("atol", default[1] if atol is None else atol),
    )
    solution = _evolve(
        system, as_complex(rho0), ts, capacities, dfx.Dopri8() if solver is None else solver,
        tolerances, dfx.RecursiveCheckpointAdjoint() if adjoint is None else adjoint, max_steps,
    )  # fmt: skip
    if throw:
        raise_if_failed(solution)
    return solution


def _capacities(system: OpenSystem, capacities: Any) -> Float[Array, " baths"]:
    """One capacity for each bath, > 0 or infinite."""
    found = jnp.atleast_1d(as_real("capacities", capacities))
    if found.shape != (len(system.baths),) or not system.baths:
        raise ValueError(
            f"`capacities` must hold one number for each of the {len(system.baths)} baths, got "
            f"shape {found.shape}; inf is a bath whose temperature stays."
        )
    if is_concrete(found) and not np.all(np.asarray(found) > 0):
        raise ValueError(
            f"`capacities` must be > 0, got {found}; a bath without heat capacity has no "
            "temperature of its own."
        )
    return found


def _check_system(system: OpenSystem) -> None:
    """Raise unless all baths have temperatures that their rates follow, and H is known."""
    for k, bath in enumerate(system.baths):
        if bath.temperature is None:
            raise ValueError(
                f"`baths[{k}]` ({type(bath).__name__}) has no temperature that could follow; leave "
                "it out, or give a thermal bath."
            )
        check_positive(f"baths[{k}].temperature", bath.temperature, "at T = 0 nothing is left.")
        if isinstance(bath, Lindblad):
            raise ValueError(
                f"`baths[{k}]` (Lindblad) has rates that do not follow its temperature; use a "
                "thermal bath such as `LocalBath` or `DaviesBath`."
            )
    if not _is_known(system):
        raise ValueError(
            "`system` must be constant or move by known polynomials without jumps, such as "
            "`Linear`, `Ramp` or `Polynomial` schedules: what else functions of time do is not "
            "looked for here."
        )


def _is_known(system: OpenSystem) -> bool:
    """Whether all that moves is a polynomial between breakpoints, or follows one."""
    channels = [c for bath in system.baths for c in bath.channels(system.hamiltonian)]
    if not all(is_own(mover.function) for mover in of_kind(channels, Moving)):
        return False
    moving = [channel.rate for channel in of_kind(channels, Channel)]
    moving = [rate.gap if isinstance(rate, ThermalRate) else rate for rate in moving]
    for hamiltonian in (system.hamiltonian, system.energy_hamiltonian):
        terms = hamiltonian.terms()
        if hamiltonian.jumps().shape[0] or not all(isinstance(term, Term) for term in terms):
            return False
        moving += hamiltonian.schedules
    return all(degree_of(schedule) is not None for schedule in moving)


class _Motion(eqx.Module):
    """The slope of components of the state, heats and work in a unit of energy."""

    system: OpenSystem
    temperatures: Float[Array, " baths"]
    capacities: Float[Array, " baths"]
    unit: Real

    def __call__(self, t: RealLike, y: Array) -> Array:
        count = self.capacities.shape[0]
        rho, heat = from_components(y[: -count - 1]), self.unit * y[-count - 1 : -1]
        temperatures = jnp.maximum(self.temperatures - heat / self.capacities, 0.0)
        system = _at(self.system, temperatures)
        parts = dissipative_parts(system, t, rho)
        h = system.energy_hamiltonian(t)
        heats = jnp.sum(parts * h.T, axis=(-2, -1)).real
        books = jnp.append(heats, power(system, t, rho)) / self.unit
        slope = unitary_part(system, t, rho) + parts.sum(axis=0)
        return jnp.concatenate([to_components(slope), books])


def _at(system: OpenSystem, temperatures: Array) -> OpenSystem:
    """The system with its baths at other temperatures."""
    given = [temperatures[k] for k in range(len(system.baths))]
    return eqx.tree_at(lambda s: [bath.temperature for bath in s.baths], system, given)


@eqx.filter_jit
def _evolve(
    system: OpenSystem, rho0: Operator, ts: Array, capacities: Array, solver: Any,
    tolerances: tuple[Any, Any], adjoint: Any, max_steps: int,
) -> FiniteBaths:  # fmt: skip
    count, span = len(system.baths), ts[-1] - ts[0]
    start = jnp.stack([as_real("temperature", bath.temperature) for bath in system.baths])
    unit = energy_unit(system, jnp.linspace(ts[0], ts[-1], 9))
    motion = _Motion(system, start, capacities, unit)
    edges = jnp.sort(jnp.concatenate([ts, jnp.clip(system.breakpoints(), ts[0], ts[-1])]))
    fixed = jax.lax.stop_gradient(span)
    watchful: Any = Watchful(dfx.PIDController(*tolerances), None, fixed)  # pyright: ignore
    controller = dfx.ClipStepSizeController(watchful, step_ts=edges)
    found = dfx.diffeqsolve(
        dfx.ODETerm(lambda t, y, motion: motion(t, y)), solver, ts[0], ts[-1],
        FIRST_STEP * fixed, jnp.concatenate([to_components(rho0), jnp.zeros(count + 1)]),
        real_leaves(motion), saveat=dfx.SaveAt(ts=ts, controller_state=True),
        stepsize_controller=controller, max_steps=max_steps, throw=False, adjoint=adjoint,
    )  # fmt: skip
    ys: Any = found.ys
    states = jax.vmap(from_components)(ys[:, : -count - 1])
    heat, work = unit * ys[:, -count - 1 : -1], unit * ys[:, -1]
    energies = jax.vmap(lambda t, rho: expectation(system.energy_hamiltonian(t), rho))(ts, states)
    entropies = jax.vmap(entropy)(states)
    taken = heat / (capacities * start)
    changes = -heat / start * _logarithm(taken)
    residual = energies - energies[0] - heat.sum(axis=1) - work
    error = total_of(found.controller_state)
    result = _outcome(found.result, ys, states, error, residual / unit, tolerances)
    stats = {"num_steps": found.stats["num_steps"], "error": error}
    return FiniteBaths(
        ts, states, start * (1.0 - taken), heat, work, energies, entropies, changes,
        entropies - entropies[0] + changes.sum(axis=1), residual, result, stats,
    )  # fmt: skip


def _logarithm(u: Array) -> Array:
    """-ln(1 - u)/u, 1 at u = 0."""
    small = jnp.abs(u) < math.sqrt(float(jnp.finfo(u.dtype).eps))
    inside = jnp.where(small, 0.5, u)
    return jnp.where(small, 1.0 + u / 2.0, -jnp.log1p(-inside) / inside)


def _outcome(
    result: Any, ys: Array, states: Array, error: Array, residual: Array, tolerances: Any
) -> Any:
    """The status: the first of what is wrong, else that of the integration."""
    rtol, atol = tolerances
    size = jnp.maximum(jnp.max(jnp.abs(ys)), 1.0)
    allowed = 2.0 * (atol + rtol * size) + ROUNDING * jnp.finfo(size.dtype).eps * size
    smallest = jnp.min(jax.vmap(eigenvalues)(states))
    outcome: Any = RESULTS.promote(result)
    done: Any = outcome == RESULTS.successful
    checks = (
        (jnp.all(jnp.isfinite(ys)), RESULTS.not_finite),
        (error <= allowed, RESULTS.unresolved),
        (jnp.max(jnp.abs(residual)) <= 4.0 * allowed, RESULTS.books_open),
        (smallest >= -4.0 * allowed, RESULTS.not_a_state),
    )
    for passed, status in reversed(checks):
        outcome = RESULTS.where(passed | ~done, outcome, status)
    return outcome
