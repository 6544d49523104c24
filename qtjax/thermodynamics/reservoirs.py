"""Accountings of a closed whole with finite reservoirs: Esposito, Landi-Paternostro, Landauer."""

import math
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import as_real, check_positive
from .._precise import matmul
from .._types import Operator, Real, RealLike
from ..algebra.composite import partial_trace, tensor
from ..algebra.operators import expectation
from ..algebra.states import thermal_state
from ..dynamics.evolve import Solution
from ..dynamics.open_system import OpenSystem
from ..information.correlations import total_correlation
from ..information.entropy import (
    entropy,
    equilibrium_free_energy,
    gibbs_divergence,
    relative_entropy,
)
from .parts import check_parts
from .production import OverTime, states_of


class FiniteReservoirs(eqx.Module):
    """The books of a system A and its finite reservoirs r, over the times of a solution.

    Args:
        heat: Q_r = -Delta tr(H_r rho_r), energy that left each reservoir, (times, reservoirs).
        entropy_change: Delta S_A, (times,).
        flux: Landi and Paternostro's Phi = -sum_r beta_r Q_r (A5); Delta S_A = production - flux.
        production: Esposito, Lindenberg and Van den Broeck's Delta S_A - sum_r beta_r Q_r (A4).
        divergence: D(rho || rho_A x prod tau_r), equal to it for a product start with Gibbs
            reservoirs.
        correlation: total correlation of A and all reservoirs.
        reservoir_divergence: D(rho_r(t) || tau_r), (times, reservoirs); with `correlation` it adds
            up to `divergence`.
        bare_heat: Delta tr(H_A rho_A), bare Alicki heat and work of A; bare_heat - sum_r Q_r is
            minus the change of the interaction energy for fixed H.
        interaction_energy: <V>, (times,).
        initial_defect: trace distance of rho(0) from rho_A(0) x prod tau_r; the production is
            guaranteed >= 0 where it is 0.
        landauer_cost: sum_r beta_r Delta U_r, what the reservoirs took (A10).
        landauer_bound: -Delta S_A, Landauer's bound on it.
        reeb_wolf_bound: the bound for a reservoir of finite dimension; nan where S_A has not
            fallen, or with several temperatures.

    Examples:
        >>> pair = qt.models.partial_swap(gap=1.0, coupling=0.1)
        >>> start = qt.tensor(qt.algebra.maximally_mixed(2), qt.thermal_state(qt.number(2), 1.0))
        >>> solution = qt.evolve(pair, start, [0.0, np.pi / 0.2])  # the whole swap
        >>> books = qt.finite_reservoirs(pair, solution, reservoirs=[1], temperatures=1.0)
        >>> books.correlation[-1], books.reservoir_divergence[-1]  # they add up to the production
        (0.0000, [0.1201])
    """

    heat: Float[Array, "times reservoirs"]
    entropy_change: OverTime
    flux: OverTime
    production: OverTime
    divergence: OverTime
    correlation: OverTime
    reservoir_divergence: Float[Array, "times reservoirs"]
    bare_heat: OverTime
    interaction_energy: OverTime
    initial_defect: Real
    landauer_cost: OverTime
    landauer_bound: OverTime
    reeb_wolf_bound: OverTime


@checked
def finite_reservoirs(
    system: OpenSystem,
    solution: Solution,
    reservoirs: Sequence[int],
    temperatures: RealLike | Sequence[RealLike] | Float[Array, " reservoirs"],
) -> FiniteReservoirs:
    """What a closed whole says about production when some of its parts are called reservoirs.

    A is made of all other parts. Identities, for rho(0) = rho_A x prod tau_r and a unitary whole:
    production = divergence = correlation + sum_r D(rho_r(t)||tau_r) >= 0. It may fall in time.

    Args:
        system: a composite system (see `composite_system`).
        solution: its trajectory, with states.
        reservoirs: the parts that are reservoirs.
        temperatures: their initial temperatures T_r > 0, one for all or one for each.

    Returns:
        `FiniteReservoirs`.

    Raises:
        ValueError: the system declares no parts, no part is left for A, a temperature is not
            positive, or the solution holds no states.

    Source: Esposito, Lindenberg and Van den Broeck, New J. Phys. 12, 013013 (2010); Landi and
        Paternostro, Rev. Mod. Phys. 93, 035008 (2021); Reeb and Wolf, New J. Phys. 16, 103011
        (2014).

    Examples:
        >>> pair = qt.models.partial_swap(gap=1.0, coupling=0.1)
        >>> start = qt.tensor(qt.algebra.maximally_mixed(2), qt.thermal_state(qt.number(2), 1.0))
        >>> solution = qt.evolve(pair, start, [0.0, np.pi / 0.2])  # the whole swap
        >>> books = qt.finite_reservoirs(pair, solution, reservoirs=[1], temperatures=1.0)
        >>> books.heat[-1], books.entropy_change[-1], books.production[-1]
        ([-0.2311], -0.1109, 0.1201)
    """
    chosen, rest, given = _division(system, reservoirs, temperatures)
    return _finite_reservoirs(system, solution, chosen, rest, given)


@eqx.filter_jit
def initial_defect(
    system: OpenSystem,
    solution: Solution,
    reservoirs: Sequence[int],
    temperatures: RealLike | Sequence[RealLike] | Float[Array, " reservoirs"],
) -> Real:
    """The trace distance of rho(0) from rho_A(0) x prod tau_r; see `finite_reservoirs`."""
    chosen, rest, given = _division(system, reservoirs, temperatures)
    start, t = states_of(solution)[0], solution.ts[0]
    taus = _gibbs_states(system, t, chosen, given)
    ordered = partial_trace(start, system.dims, (*rest, *chosen))
    product = tensor(partial_trace(start, system.dims, rest), *taus)
    return jnp.linalg.norm(ordered - product, ord="nuc") / 2


def _division(
    system: OpenSystem, reservoirs: Sequence[int], temperatures: Any
) -> tuple[tuple[int, ...], tuple[int, ...], Float[Array, " reservoirs"]]:
    """The parts that are reservoirs, those that are not, and the temperatures, checked."""
    check_parts(system)
    chosen, dims = tuple(reservoirs), system.dims
    rest = tuple(k for k in range(len(dims)) if k not in chosen)
    if not chosen or not rest or any(not 0 <= r < len(dims) for r in chosen):
        raise ValueError(
            f"`reservoirs` must name some of the parts 0 to {len(dims) - 1} and leave at least one "
            f"for the system itself, got {chosen}."
        )
    check_positive(
        "temperatures", temperatures, "a reservoir's Gibbs state needs T > 0.", entries=True
    )
    if isinstance(temperatures, Sequence) and len(temperatures):
        temperatures = jnp.stack([as_real("temperatures", value) for value in temperatures])
    given = as_real("temperatures", temperatures)
    if given.ndim and given.shape != (len(chosen),):
        raise ValueError(
            f"`temperatures` must be one number or one for each of the {len(chosen)} reservoirs, "
            f"got shape {given.shape}."
        )
    return chosen, rest, jnp.broadcast_to(given, len(chosen))


def _gibbs_states(
    system: OpenSystem, t: Real, chosen: tuple[int, ...], temperatures: Array
) -> list[Operator]:
    bare = [system.parts[r](t) for r in chosen]
    return [thermal_state(h, T) for h, T in zip(bare, temperatures, strict=True)]


@eqx.filter_jit
def _finite_reservoirs(
    system: OpenSystem,
    solution: Solution,
    chosen: tuple[int, ...],
    rest: tuple[int, ...],
    temperatures: Float[Array, " reservoirs"],
) -> FiniteReservoirs:
    found = _books(system, solution, chosen, rest, temperatures)
    heat = found["energies"][0] - found["energies"]
    change = found["entropy"] - found["entropy"][0]
    flux = matmul(-heat, 1 / temperatures)
    fallen, d = -change, math.prod(system.dims[r] for r in chosen)
    finite_size = fallen + 2 * fallen**2 / (np.log(max(d - 1, 1)) ** 2 + 4)
    single = jnp.all(temperatures == temperatures[0])
    return FiniteReservoirs(
        heat=heat,
        entropy_change=change,
        flux=flux,
        production=change + flux,
        divergence=found["divergence"],
        correlation=found["correlation"],
        reservoir_divergence=found["reservoirs"],
        bare_heat=found["own"] - found["own"][0],
        interaction_energy=found["interaction"],
        initial_defect=initial_defect(system, solution, chosen, temperatures),
        landauer_cost=flux,
        landauer_bound=fallen,
        reeb_wolf_bound=jnp.where((fallen >= 0.0) & single, finite_size, jnp.nan),
    )


def _books(
    system: OpenSystem,
    solution: Solution,
    chosen: tuple[int, ...],
    rest: tuple[int, ...],
    temperatures: Float[Array, " reservoirs"],
) -> dict[str, Array]:
    """What is a function of (t, rho), over the times."""
    dims, ts = system.dims, solution.ts
    bare = [system.parts[r] for r in chosen]
    cold = list(zip((h(ts[0]) for h in bare), temperatures, strict=True))
    taus = _gibbs_states(system, ts[0], chosen, temperatures)
    free = jnp.stack([equilibrium_free_energy(h, T) for h, T in cold])
    # A first, then the reservoirs
    order, sizes = (*rest, *chosen), [math.prod(dims[k] for k in rest), *(dims[r] for r in chosen)]

    def at(t: Real, rho: Operator) -> dict[str, Array]:
        rho_a = partial_trace(rho, dims, rest)
        parts = [partial_trace(rho, dims, r) for r in chosen]
        ordered = partial_trace(rho, dims, order)
        energies = [expectation(h(t), part) for h, part in zip(bare, parts, strict=True)]
        own = sum(expectation(system.parts[k](t), partial_trace(rho, dims, k)) for k in rest)
        whole = expectation(system.energy_hamiltonian(t), rho)
        distance = relative_entropy(ordered, tensor(rho_a, *taus))
        # the same without logarithms of Gibbs states, for reservoirs too cold for them
        work = (jnp.stack(energies) - free) / temperatures
        excess = entropy(rho_a) - entropy(rho) + work.sum()
        divergences = [
            gibbs_divergence(part, *pair) for part, pair in zip(parts, cold, strict=True)
        ]
        return {
            "energies": jnp.stack(energies),
            "own": jnp.asarray(own),
            "interaction": whole - own - sum(energies),
            "entropy": entropy(rho_a),
            "divergence": jnp.where(jnp.isinf(distance), excess, distance),
            "correlation": total_correlation(ordered, sizes),
            "reservoirs": jnp.stack(divergences),
        }

    return jax.vmap(at)(ts, states_of(solution))
