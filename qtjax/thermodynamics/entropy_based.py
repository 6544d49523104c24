"""Heat and work by entropy: heat is what changes the eigenvalues of the state, all else is work.

With rho = sum r_k |k><k| the energy sum r_k <k|H|k> changes by its eigenvalues, which alone change
the entropy, and by its eigenvectors and levels, which do not. It is a convention beside Alicki's,
who calls tr(rho' H) heat: where rho is diagonal in the eigenbasis of H they agree; what moves
coherence at a fixed H is heat for Alicki and work here.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checked import checked
from .._types import Operator, Real, RealLike
from ..algebra.levels import pinched_overlap
from ..algebra.operators import expectation
from ..dynamics.evolve import Solution
from ..dynamics.open_system import OpenSystem, dissipative_parts, power, right_hand_side
from .production import OverTime, states_of


class EntropyBasedRates(eqx.Module):
    """Heat that changes eigenvalues, and the rest, at one instant.

    Args:
        heat_currents: Q'_S from each bath, sum_k <k|D_i(rho)|k> <k|H|k>, (baths,).
        heat_current: their sum.
        power: W'_S = U' - Q'_S.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system = qt.OpenSystem(qt.number(2), bath)
        >>> rho = qt.algebra.from_bloch(jnp.array([0.5, 0.0, 0.0]))
        >>> found = qt.thermodynamics.entropy_based_rates(system, 0.0, rho)
        >>> found.heat_current, found.power  # Alicki's heat -0.05 is work here
        ([0.0000, -0.0500])
    """

    heat_currents: Float[Array, " baths"]
    heat_current: Real
    power: Real


@checked
def entropy_based_rates(
    system: OpenSystem, t: RealLike, rho: Operator, *, tolerance: float | None = None
) -> EntropyBasedRates:
    """Q'_S = sum_k r_k' <k|H|k> and W'_S = U' - Q'_S, with rho = sum_k r_k |k><k|.

    Where eigenvalues coincide the sum goes over eigenspaces, sum_n tr(P_n rho' P_n H), which no
    choice of eigenvectors changes. Unitary motion moves no eigenvalue: it enters exactly with 0.
    Once differentiable; as a function of rho it jumps where eigenvalues cross, as eigenvectors do.

    Args:
        system: the open system; H is its energy Hamiltonian.
        t: time.
        rho: density matrix, (d, d).
        tolerance: eigenvalues of rho no further apart count as one, static; by default what
            rounding may make of them.

    Returns:
        `EntropyBasedRates`, in units of energy per time.

    Source: Ahmadi, Salimi and Khorashad, arXiv:1912.01983, and Sci. Rep. (2023),
        doi:10.1038/s41598-022-27156-0; Alipour et al., Phys. Rev. A 105, L040201 (2022); Bernardo,
        Phys. Rev. E 102, 062152 (2020).

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> found = qt.thermodynamics.entropy_based_rates(system, 0.0, mixed)
        >>> found.heat_current, found.power  # without coherence as Alicki's
        ([-0.0500, 0.0000])
    """
    h, parts = system.energy_hamiltonian(t), dissipative_parts(system, t, rho)
    heats = jax.vmap(lambda part: pinched_overlap(rho, part, h, tolerance))(parts)
    change = expectation(h, parts.sum(axis=0)) + power(system, t, rho)
    return EntropyBasedRates(heats, heats.sum(), change - heats.sum())


class EntropyBasedExchange(eqx.Module):
    """Heat that changes eigenvalues, and the rest, since the first time of a trajectory.

    Args:
        heat: Q_S from each bath, (times, baths).
        work: W_S = U - U(0) - sum Q_S, with the energies of the ledger, (times,).
        error: the largest difference of the heats to those from every second time.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> solution = qt.evolve(system, mixed, [0.0, 1.0])
        >>> found = qt.thermodynamics.entropy_based_exchange(system, solution)
        >>> found.heat[-1], found.work[-1]  # diagonal states at a fixed H: no work
        ([-0.0450], 0.0000)
    """

    heat: Float[Array, "times baths"]
    work: OverTime
    error: Real


@checked
def entropy_based_exchange(
    system: OpenSystem, solution: Solution, *, tolerance: float | None = None
) -> EntropyBasedExchange:
    """Q_S and W_S integrated along a trajectory, of fourth order in the distance of its times.

    Q'_S is no linear function of rho, so it cannot be integrated with the state as the heats of the
    ledger are: it and its derivative are evaluated at the saved times, between which it is taken as
    a cubic. Read `error`, and save more times where it is too large: near a crossing of eigenvalues
    of rho, or where baths or H jump between two of them.

    Args:
        system: the open system.
        solution: its trajectory, with states.
        tolerance: as for `entropy_based_rates`.

    Returns:
        `EntropyBasedExchange`, in units of energy.

    Raises:
        ValueError: the solution holds no states.

    Source: as for `entropy_based_rates`.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> solution = qt.evolve(system, mixed, [0.0, 1.0])
        >>> found = qt.thermodynamics.entropy_based_exchange(system, solution)
        >>> found.heat[-1], solution.ledger.heat[-1]  # without coherence as Alicki's
        ([-0.0450], [-0.0450])
    """
    ts = solution.ts

    def current(t: Real, rho: Operator) -> Array:
        return entropy_based_rates(system, t, rho, tolerance=tolerance).heat_currents

    def both(t: Real, rho: Operator) -> tuple[Array, Array]:
        moving = jnp.ones_like(t), right_hand_side(system, t, rho)
        return jax.jvp(current, (t, rho), moving)

    currents, slopes = jax.vmap(both)(ts, states_of(solution))
    heat, coarse = _integral(ts, currents, slopes), _integral(ts[::2], currents[::2], slopes[::2])
    energy = solution.ledger.energy
    work = energy - energy[0] - heat.sum(axis=1)
    error = jnp.max(jnp.abs(heat[::2] - coarse), initial=0.0)
    return EntropyBasedExchange(heat, work, jax.lax.stop_gradient(error))


def _integral(ts: Array, values: Array, slopes: Array) -> Array:
    """The integral since ts[0] of cubics with given values and slopes at the times."""
    step = jnp.diff(ts)[:, None]
    pieces = 0.5 * step * (values[1:] + values[:-1]) - step**2 / 12.0 * jnp.diff(slopes, axis=0)
    return jnp.concatenate([jnp.zeros_like(values[:1]), jnp.cumsum(pieces, axis=0)])
