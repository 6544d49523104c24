"""Finite baths whose temperatures follow the heat that they give: C_k T_k' = -Q_k'.

The master equation is then nonlinear, so it is integrated with the temperatures beside the state.
A finite bath as an explicit second system is `composite_system` with
`thermodynamics.finite_reservoirs`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checked import checked
from .._checks import as_real, is_concrete, nan_unless
from .._jax import dce_jaxpr
from .._results import RESULTS, raise_if_failed
from .._types import Operator, OperatorLike, Real
from ..algebra.hermitian_basis import from_components, to_components
from ..algebra.operators import expectation
from ..information.entropy import entropy
from ..numerics.controllers import total_of
from ..numerics.resolution import look
from .arguments import as_state, as_times, check_problem
from .channels import Jumps
from .diffrax_methods import from_zero, may_jump, real_leaves, watchful
from .dissipators import AbstractDissipator, jump_operators
from .equation_of_motion import equation_of_motion
from .evolve import at_saved, default_tolerances, jump_times, jump_works, known_edges
from .methods import Problem
from .open_system import (
    OpenSystem,
    chemical_power,
    energy_unit,
    heat_currents,
    power,
    right_hand_side,
)

RESOLUTION = 4096  # samples between two times of what is only known as a function of time
MOST_STEPS = 16384


class FiniteBathSolution(eqx.Module):
    """A trajectory of a system with its finite baths.

    Args:
        ts: the times, (times,).
        states: (times, d, d).
        temperatures: of the baths, (times, baths).
        heat: from each bath since ts[0], (times, baths).
        work: done on the system since ts[0], chemical work included, (times,).
        energy: tr(rho H), (times,).
        entropy: of the system, (times,).
        bath_entropy: gained by each bath since ts[0], -int Q_k'/T_k(t), (times, baths).
        first_law_residual: energy - energy[0] - sum heat - work, (times,).
        error: sum of the estimated errors of all steps, relative to the scales of the system.
        result: the outcome, one per lane.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), 1.0, 1.0, qt.Flat(1.0))
        >>> system, excited = qt.OpenSystem(qt.number(2), bath), qt.pure_state([0, 1])
        >>> ends = [0.0, 1.0]
        >>> solution = qt.dynamics.evolve_with_finite_baths(system, excited, ends, [5.0])
        >>> solution.production[-1], solution.entropy[-1] + solution.bath_entropy[-1, 0]
        (1.256, 1.256)
    """

    ts: Float[Array, " times"]
    states: Complex[Array, "times d d"]
    temperatures: Float[Array, "times baths"]
    heat: Float[Array, "times baths"]
    work: Float[Array, " times"]
    energy: Float[Array, " times"]
    entropy: Float[Array, " times"]
    bath_entropy: Float[Array, "times baths"]
    first_law_residual: Float[Array, " times"]
    error: Real
    result: Any

    @property
    def production(self) -> Float[Array, " times"]:
        """Spohn's production: the entropy that the system and its baths have gained, (times,)."""
        return self.entropy - self.entropy[0] + self.bath_entropy.sum(axis=1)


@checked
def evolve_with_finite_baths(
    system: OpenSystem,
    rho0: OperatorLike,
    ts: Any,
    capacities: Any,
    *,
    throw: bool = True,
) -> FiniteBathSolution:
    """The trajectory of a system whose baths warm and cool: C_k T_k' = -Q_k'.

    At every time each bath is in equilibrium at its own effective temperature T_k(t), which starts
    at the bath's `temperature`. With C_k -> inf it is `evolve`. Diffrax's Dopri8 at
    `default_tolerances()`, with steps onto the times and breakpoints.

    Args:
        system: the open system of dimension d; all its baths have temperatures.
        rho0: density matrix at ts[0], (d, d).
        ts: increasing times, (times,).
        capacities: heat capacities C_k > 0 in units of k_B, (baths,); inf for an infinite bath.
        throw: raise `SolverError` if the outcome is concrete and not successful.

    Returns:
        `FiniteBathSolution`; differentiable in reverse mode.

    Raises:
        ValueError: a bath without a temperature or at T = 0, where its entropy has no finite
            change, a finite bath with rates that do not follow its temperature, capacities that are
            not positive or not one for each bath, and as `evolve`.
        SolverError: the outcome was not successful and `throw` is true.

    Source: Schaller, Nietner and Brandes, New J. Phys. 16, 125011 (2014); Rezek, Salamon,
        Hoffmann and Kosloff, EPL 85, 30008 (2009).

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), 1.0, 1.0, qt.Flat(1.0))
        >>> system, excited = qt.OpenSystem(qt.number(2), bath), qt.pure_state([0, 1])
        >>> ends = [0.0, 1.0]
        >>> solution = qt.dynamics.evolve_with_finite_baths(system, excited, ends, [5.0])
        >>> solution.temperatures[-1], 1.0 - solution.heat[-1] / 5.0
        ([1.128], [1.128])
    """
    ts = as_times(ts)
    rho0 = as_state("rho0", rho0, system.dimension)
    check_problem(system, ts, lambda system, t, rho: rho)
    found = _evolve(system, rho0, ts, _capacities(system, ts[0], capacities))
    if throw:
        raise_if_failed(found)
    return found


class _Slope(eqx.Module):
    """The rate of change of (components, T_k/T_k(0), heats, bath entropies, work) in a unit."""

    system: OpenSystem
    capacities: Float[Array, " baths"]
    unit: Real

    def __call__(self, t: Array) -> Callable[[Array], Array]:
        return partial(self.at, t)

    def at(self, t: Array, y: Array) -> Array:
        """The rate at time t."""
        n, count = self.system.dimension**2, len(self.system.baths)
        start = _temperatures(self.system)
        now = start * y[n : n + count]
        system = eqx.tree_at(_temperature_leaves, self.system, list(now))
        rho = from_components(y[:n])
        heats = heat_currents(system, t, rho)
        work = power(system, t, rho) + chemical_power(system, t, rho)
        return jnp.concatenate(
            [
                to_components(right_hand_side(system, t, rho)),
                -heats / (self.capacities * start),
                heats / self.unit,
                -heats / now,
                work[None] / self.unit,
            ]
        )


@eqx.filter_jit
def _evolve(system: OpenSystem, rho0: Operator, ts: Array, capacities: Array) -> FiniteBathSolution:
    n, count = system.dimension**2, len(system.baths)
    rtol, atol = default_tolerances()
    unit = energy_unit(system, jnp.linspace(ts[0], ts[-1], 9))
    equation = equation_of_motion(system)
    known = known_edges(equation, ts)
    seen, edges = None, known
    if equation.watched is not None:
        seen = look(equation.watched, known, rtol + atol, RESOLUTION)
        edges = jnp.sort(jnp.concatenate([known, jnp.clip(seen.jumps, ts[0], ts[-1])]))
    jumps = jump_times(system, equation, known, seen)
    x0 = to_components(rho0)
    y0 = jnp.concatenate([x0, jnp.ones(count), jnp.zeros(2 * count + 1)])
    problem = Problem(x0, edges, rtol, atol, unit, seen, MOST_STEPS, uniform=False)
    slope = _Slope(system, capacities, unit)
    own = slope
    slope, problem, breaks = from_zero(slope, problem, may_jump(equation, edges))
    since = problem.edges
    solved = dfx.diffeqsolve(
        dfx.ODETerm(lambda t, y, slope: slope(t)(y)), dfx.Dopri8(), since[0], since[-1], None, y0,
        real_leaves(slope), saveat=dfx.SaveAt(ts=since, controller_state=True),
        stepsize_controller=watchful(None, problem, breaks), max_steps=MOST_STEPS, throw=False,
    )  # fmt: skip
    at_edges: Any = solved.ys
    ys = at_saved(lambda t, y: own(t)(y), equation.breakpoints, ts, edges, at_edges)
    parts = jnp.split(ys, np.cumsum([n, count, count, count]), axis=1)
    states = jax.vmap(from_components)(parts[0])
    h = system.energy_hamiltonian
    energies = jax.vmap(lambda t, rho: expectation(h(t), rho))(ts, states)
    heat, work = unit * parts[2], unit * parts[4][:, 0]
    if jumps.shape[0]:
        inside = jnp.searchsorted(edges, jnp.clip(jumps, ts[0], ts[-1]))
        work = work + jump_works(h, ts, jumps, jax.vmap(from_components)(at_edges[inside, :n]))
    residual = energies - energies[0] - heat.sum(axis=1) - work
    error = total_of(solved.controller_state)
    allowed = 4.0 * (atol + rtol * jnp.maximum(jnp.max(jnp.abs(ys)), 1.0))
    result: Any = RESULTS.promote(solved.result)
    for status, wrong in (
        (RESULTS.books_open, ~(jnp.max(jnp.abs(residual)) <= 4.0 * allowed * unit)),
        (RESULTS.unresolved, ~(error <= allowed)),
        (RESULTS.not_finite, ~jnp.all(jnp.isfinite(ys))),
    ):
        result = RESULTS.where(wrong & (solved.result == dfx.RESULTS.successful), status, result)
    return FiniteBathSolution(
        ts, states, _temperatures(system) * parts[1], heat, work, energies,
        jax.vmap(entropy)(states), parts[3], residual, jax.lax.stop_gradient(error), result,
    )  # fmt: skip


def _temperature_leaves(system: OpenSystem) -> list[Any]:
    return [bath.temperature for bath in system.baths]


def _temperatures(system: OpenSystem) -> Float[Array, " baths"]:
    return jnp.stack(_temperature_leaves(system))


def _capacities(system: OpenSystem, t: Array, capacities: Any) -> Float[Array, " baths"]:
    """The heat capacities, checked with the temperatures that they belong to."""
    for k, bath in enumerate(system.baths):
        temperature = bath.temperature
        if temperature is None or (is_concrete(temperature) and not float(temperature) > 0.0):
            raise ValueError(
                f"`baths[{k}]` ({type(bath).__name__}) must have a temperature > 0, got "
                f"{temperature}; at T = 0 the entropy of a finite bath has no finite change."
            )
    found = as_real("capacities", capacities)
    count = len(system.baths)
    if found.shape != (count,) or count == 0:
        raise ValueError(
            f"`capacities` must be one number for each of the {count} baths, at least one, got "
            f"shape {found.shape}."
        )
    if is_concrete(found) and not np.all(np.asarray(found) > 0.0):
        raise ValueError(f"`capacities` must be > 0 (inf for an infinite bath), got {found}.")
    for k, bath in enumerate(system.baths):
        finite = not (is_concrete(found) and np.isinf(found[k]))
        if finite and not _follows_temperature(bath, system, t):
            raise ValueError(
                f"`baths[{k}]` ({type(bath).__name__}) has rates that its temperature does not "
                "enter, so it cannot warm or cool: take a bath that makes its rates from a "
                "temperature, as `LocalBath`, or give it the capacity inf."
            )
    return nan_unless(jnp.all(found > 0.0), found)


def _follows_temperature(bath: AbstractDissipator, system: OpenSystem, t: Array) -> bool:
    """Whether the temperature of a bath enters what it does."""

    def jumps(temperature: Real) -> Jumps:
        warmed = eqx.tree_at(lambda bath: bath.temperature, bath, temperature)
        return jump_operators(warmed, system.hamiltonian, t)

    jaxpr: Any = jax.make_jaxpr(jumps)(bath.temperature).jaxpr
    return any(dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))[1])
