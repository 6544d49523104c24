"""The mainstream accountings of irreversibility, each under the name of its convention.

Rates are functions of (system, t, rho); totals are functions of a solution. None of them is *the*
entropy production: that word stands for a convention, and `accountings` (the function) puts all
of them side by side.
"""

from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from .._checked import checked
from .._types import Operator, Real, RealLike
from ..dynamics.evolve import Solution
from ..dynamics.open_system import (
    OpenSystem,
    dissipative_parts,
    heat_operators,
    right_hand_side,
)
from ..dynamics.steady_state import steady_state
from ..information.coherence import coherence, dephase
from ..information.entropy import (
    cross_entropy_rate,
    entropy_rate,
    entropy_rate_analytic,
    equilibrium_free_energy,
    free_energy,
    gibbs_divergence,
)
from .rates import entropy_fluxes, thermal_entropy_flux
from .scales import (
    dissipation_sizes,
    entropy_roundings,
    heat_roundings,
    total_heat_roundings,
)

States = Complex[Array, "times d d"]
OverTime = Float[Array, " times"]


@checked
def spohn_production(system: OpenSystem, t: RealLike, rho: Operator) -> Real:
    """Spohn's and Alicki's production sigma = S' - sum_k Q_k'/T_k (A1), eq. (14).

    >= 0 if all rates are >= 0 and every D_k fixes the Gibbs state of its bath. A dissipator without
    a temperature enters with beta = 0 if it carries no heat, and makes sigma nan if it does. A bath
    at T = 0 gives +inf where it takes heat out.

    Args:
        system: the open system.
        t: time.
        rho: density matrix, (d, d).

    Returns:
        A scalar, in nats per time.

    Source: Spohn, J. Math. Phys. 19, 1227 (1978); Alicki, J. Phys. A 12, L103 (1979).

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> qt.thermodynamics.spohn_production(system, 0.0, mixed)  # S' = 0, Q' = -0.05, T = 1
        0.0500
    """
    rate = entropy_rate(rho, right_hand_side(system, t, rho))
    return rate - entropy_fluxes(system, t, rho).sum()


@checked
def fixed_point_production(system: OpenSystem, t: RealLike, rho: Operator) -> Real:
    """The production relative to the momentary fixed point, -tr(L_t(rho)(ln rho - ln pi_t)) (A2).

    L_t(pi_t) = 0 with the full generator. It is also the non-adiabatic production (A7); >= 0 if all
    rates are >= 0.

    Args:
        system: the open system, with a unique fixed point at every time.
        t: time.
        rho: density matrix, (d, d).

    Returns:
        A scalar, in nats per time; nan where the fixed point is not unique.

    Source: Spohn (1978); Horowitz and Parrondo, New J. Phys. 15, 085028 (2013).

    Examples:
        >>> valve = qt.models.heat_valve(1.0, temperatures=(0.5, 1.0), rates=0.1)
        >>> rho = qt.steady_state(valve).state
        >>> qt.thermodynamics.fixed_point_production(valve, 0.0, rho)  # 0 at the fixed point
        0.0000
    """
    rho_dot = right_hand_side(system, t, rho)
    fixed = steady_state(system, t, throw=False).state
    return entropy_rate(rho, rho_dot) - cross_entropy_rate(rho_dot, fixed)


@checked
def adiabatic_production(system: OpenSystem, t: RealLike, rho: Operator) -> Real:
    """The adiabatic production sigma_a = sigma - sigma_na (A7): what is left at the steady state.

    >= 0 for classical populations, not in general.

    Args:
        system: the open system.
        t: time.
        rho: density matrix, (d, d).

    Returns:
        A scalar, in nats per time.

    Source: Esposito and Van den Broeck, Phys. Rev. Lett. 104, 090601 (2010); Horowitz and Parrondo
        (2013).

    Examples:
        >>> valve = qt.models.heat_valve(1.0, temperatures=(0.5, 1.0), rates=0.1)
        >>> rho = qt.steady_state(valve).state
        >>> qt.thermodynamics.adiabatic_production(valve, 0.0, rho)  # Q'_h (1/T_c - 1/T_h)
        0.0122
    """
    return spohn_production(system, t, rho) - fixed_point_production(system, t, rho)


class BathRates(eqx.Module):
    """The paper's exterior rate divided by baths: an extension of qtjax, not in the paper.

    `generalized_temperature` of it gives T_k = Q_k' / d_eS_k for each bath.

    Args:
        heat_current: Q_k' = tr(D_k(rho) (H - mu_k N_k)), (baths,).
        entropy_rate: d_eS_k = -tr(D_k(rho) ln rho), (baths,); their sum is eq. (12).
        heat_rounding: what rounding alone may make of the heats (not differentiated), (baths,).
        entropy_rounding: what rounding alone may make of the entropy rates, (baths,).

    Examples:
        >>> valve = qt.models.heat_valve(1.0, temperatures=(0.5, 1.0), rates=0.1)
        >>> rho = qt.steady_state(valve).state
        >>> found = qt.thermodynamics.bath_rates(valve, 0.0, rho)
        >>> found.heat_current, found.entropy_rate
        ([-0.0122, 0.0122], [-0.0160, 0.0160])
    """

    heat_current: Float[Array, " baths"]
    entropy_rate: Float[Array, " baths"]
    heat_rounding: Float[Array, " baths"]
    entropy_rounding: Float[Array, " baths"]


@checked
def bath_rates(system: OpenSystem, t: RealLike, rho: Operator) -> BathRates:
    """Heat and exterior entropy rate of every bath (qtjax's extension of eq. 12).

    At a steady state between two baths S' = Q' = 0, so T(t) is 0/0; the T_k of this split exist.

    Args:
        system: the open system.
        t: time.
        rho: density matrix, (d, d).

    Returns:
        `BathRates`.

    Examples:
        >>> valve = qt.models.heat_valve(1.0, temperatures=(0.5, 1.0), rates=0.1)
        >>> rho = qt.steady_state(valve).state
        >>> found = qt.thermodynamics.bath_rates(valve, 0.0, rho)
        >>> found.heat_current.sum(), found.entropy_rate.sum()  # T(t) of the whole is 0/0
        (0.0000, 0.0000)
        >>> qt.generalized_temperature(found).temperature  # that of the qubit for both
        [0.7630, 0.7630]
    """
    sizes, parts = dissipation_sizes(system, t), dissipative_parts(system, t, rho)
    operators = heat_operators(system, system.energy_hamiltonian(t), t)
    return BathRates(
        jnp.sum(parts * operators.mT, axis=(-2, -1)).real,
        jax.vmap(lambda part: entropy_rate_analytic(rho, part))(parts),
        heat_roundings(operators, sizes),
        entropy_roundings(rho, sizes),
    )


class CoherenceSplit(eqx.Module):
    """Spohn's production, divided into populations and coherence between energy levels (A8).

    Args:
        population: d/dt S(dephased rho) - sum_k Q_k'/T_k.
        coherence: -C'; the two add up to `spohn_production`.
        coherence_rate: C', the rate of the relative entropy of coherence.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system = qt.OpenSystem(qt.number(2), bath)
        >>> rho = qt.algebra.from_bloch(jnp.array([0.5, 0.0, 0.0]))
        >>> split = qt.thermodynamics.coherence_split(system, 0.0, rho)
        >>> split.population, split.coherence  # -Q'/T and -C'
        (0.0500, 0.0297)
    """

    population: Real
    coherence: Real
    coherence_rate: Real


@checked
def coherence_split(
    system: OpenSystem, t: RealLike, rho: Operator, levels: tuple[int, ...] | None = None
) -> CoherenceSplit:
    """Spohn's production from populations and from coherence, at a Hamiltonian that does not move.

    Both are >= 0 for Davies baths. For a qubit and one bath S' = Q'/T_pop - C'.

    Args:
        system: the open system; its energy Hamiltonian is taken as fixed at t.
        t: time.
        rho: density matrix, (d, d).
        levels: sizes of the groups of equal energies, ascending; found from a concrete H, known
            for a qubit.

    Returns:
        `CoherenceSplit`.

    Raises:
        ValueError: H is traced with d > 2 and `levels` is not given.

    Source: Santos, Celeri, Landi and Paternostro, npj Quantum Inf. 5, 23 (2019); Francica, Goold
        and Plastina, Phys. Rev. E 99, 042105 (2019).

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system = qt.OpenSystem(qt.number(2), bath)
        >>> rho = qt.algebra.from_bloch(jnp.array([0.5, 0.0, 0.0]))
        >>> split = qt.thermodynamics.coherence_split(system, 0.0, rho)
        >>> whole = qt.thermodynamics.spohn_production(system, 0.0, rho)
        >>> split.population + split.coherence - whole
        0.0000
    """
    h = system.energy_hamiltonian(t)
    levels = (1, 1) if levels is None and h.shape[0] == 2 else levels
    rho_dot = right_hand_side(system, t, rho)
    _, coherence_rate = jax.jvp(lambda r: coherence(r, h, levels), (rho,), (rho_dot,))
    dephased = entropy_rate(dephase(rho, h, levels), dephase(rho_dot, h, levels))
    flux = entropy_fluxes(system, t, rho).sum()
    return CoherenceSplit(dephased - flux, -coherence_rate, coherence_rate)


def states_of(solution: Solution) -> States:
    """The states of a solution that saved them (the default of `evolve`).

    Raises:
        ValueError: `saved` does not hold the states.
    """
    saved: Any = solution.saved
    d = solution.state.shape[-1]
    if not eqx.is_array(saved) or saved.shape != (solution.ts.shape[0], d, d):
        raise ValueError(
            "`solution` must hold the states in `saved`, as `evolve` does by default, but this one "
            "saved something else; evolve without `save=` for accountings over the whole history."
        )
    return saved


@checked
def spohn_total(system: OpenSystem, solution: Solution) -> OverTime:
    """Spohn's production integrated since ts[0]: S(t) - S(0) - sum_k Q_k/T_k, from the ledger.

    Args:
        system: the open system.
        solution: its trajectory.

    Returns:
        In nats, (times,).

    Source: A1 in docs/physics.md. The balance of entropy changes and heats, never a quadrature.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> solution = qt.evolve(system, mixed, [0.0, 1000.0])
        >>> qt.thermodynamics.spohn_total(system, solution)  # D(mixed || tau) in the end
        [0.0000, 0.1201]
    """
    ledger = solution.ledger
    ts = solution.ts
    roundings = total_heat_roundings(system, ts, ts - ts[0])
    flux = jax.vmap(partial(thermal_entropy_flux, system.baths))(ledger.heat, roundings)
    return ledger.entropy - ledger.entropy[0] - flux


@checked
def deffner_lutz_open(system: OpenSystem, solution: Solution, temperature: RealLike) -> OverTime:
    """The irreversible entropy of an open driven system after Deffner and Lutz (A3, 2011).

    D(rho_0||tau_0) - D(rho_t||tau_t) - int tr(rho_s d ln tau_s/ds) ds, with tau_s the Gibbs state
    of H(s). The integral is -beta (W - Delta F_eq), with the work of the ledger.

    Args:
        system: the open system.
        solution: its trajectory, with states.
        temperature: T > 0 of the bath.

    Returns:
        In nats, (times,); equal to Delta S - beta Q.

    Raises:
        ValueError: the solution holds no states.

    Source: Deffner and Lutz, Phys. Rev. Lett. 107, 140404 (2011).

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> solution = qt.evolve(system, mixed, [0.0, 1000.0])
        >>> qt.thermodynamics.deffner_lutz_open(system, solution, 1.0)  # as `spohn_total`
        [0.0000, 0.1201]
    """
    distance = deffner_lutz_closed(system, solution, temperature)
    energies = equilibrium_energies(system, solution, temperature)
    excess = solution.ledger.work - (energies - energies[0])
    return distance[0] - distance + excess / temperature


@checked
def deffner_lutz_closed(system: OpenSystem, solution: Solution, temperature: RealLike) -> OverTime:
    """The irreversible entropy of a closed driven system after Deffner and Lutz (A3, 2010).

    D(rho_t||tau_t), which for a closed system that starts in Gibbs' state is beta (W - Delta F): it
    counts the relaxation that would follow. The open form is 0 there.

    Args:
        system: the system.
        solution: its trajectory, with states.
        temperature: T > 0.

    Returns:
        In nats, (times,).

    Raises:
        ValueError: the solution holds no states.

    Source: Deffner and Lutz, Phys. Rev. Lett. 105, 170402 (2010).

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> solution = qt.evolve(system, mixed, [0.0, 1000.0])
        >>> qt.thermodynamics.deffner_lutz_closed(system, solution, 1.0)  # what relaxation is left
        [0.1201, 0.0000]
    """
    h = system.energy_hamiltonian
    return jax.vmap(lambda t, rho: gibbs_divergence(rho, h(t), temperature))(
        solution.ts, states_of(solution)
    )


@checked
def free_energy_production(
    system: OpenSystem, solution: Solution, temperature: RealLike
) -> OverTime:
    """(W - Delta F)/T with the nonequilibrium free energy F = U - T S (A6).

    Args:
        system: the open system.
        solution: its trajectory, with states.
        temperature: T > 0 of the bath.

    Returns:
        In nats, (times,).

    Raises:
        ValueError: the solution holds no states.

    Source: Esposito and Van den Broeck, EPL 95, 40004 (2011); Parrondo, Horowitz and Sagawa, Nat.
        Phys. 11, 131 (2015).

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> solution = qt.evolve(system, mixed, [0.0, 1000.0])
        >>> qt.thermodynamics.free_energy_production(system, solution, 1.0)  # -Delta F/T
        [0.0000, 0.1201]
    """
    h = system.energy_hamiltonian
    f = jax.vmap(lambda t, rho: free_energy(rho, h(t), temperature))(
        solution.ts, states_of(solution)
    )
    return (solution.ledger.work - (f - f[0])) / temperature


def equilibrium_energies(system: OpenSystem, solution: Solution, temperature: RealLike) -> OverTime:
    """The equilibrium free energy of H(t) at every time, (times,)."""
    h = system.energy_hamiltonian
    return jax.vmap(lambda t: equilibrium_free_energy(h(t), temperature))(solution.ts)
