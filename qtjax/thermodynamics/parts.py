"""The books of the parts of a composite system: eqs. (16) and (18), bare Alicki heats."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checked import checked
from .._precise import matmul
from .._types import Operator, Real, RealLike
from ..algebra.composite import embed, partial_trace
from ..algebra.divided_differences import Log
from ..algebra.operators import commutator, expectation
from ..algebra.spectral import apply
from ..dynamics.hamiltonians import hamiltonian_rate
from ..dynamics.open_system import OpenSystem, right_hand_side
from ..information.correlations import correlation_entropy
from ..information.entropy import entropy_rate
from .scales import dissipation_sizes
from .temperature import TemperatureStatus, temperature_of


class PartRates(eqx.Module):
    """Rates of the parts of a composite; `generalized_temperature` of it gives T_i(t), eq. (17).

    Args:
        heat_current: bare Alicki heat Q_i' = tr(rho_i' H_i), (parts,). It depends on what is
            counted as H_i, and contains the mean-field part.
        mean_field: the unitary part of it, -i tr([<V>_i, rho_i] H_i) with <V>_i the coupling
            averaged over the other parts, (parts,).
        power: tr(rho_i H_i'), (parts,).
        entropy_rate: S_i', (parts,).
        interaction_energy: <V> = tr(rho H) - sum_i tr(rho_i H_i).
        interaction_rate: d<V>/dt; for a closed composite sum_i Q_i' = -d<V>/dt if V is constant.
        correlation_entropy: S_C = S - sum_i S_i, eq. (16).
        correlation_rate: dS_C/dt by autodiff; for a closed composite -sum_i S_i'.
        clausius_balance: -sum_i Q_i'/T_i(t), eq. (18); nan where a T_i is 0 or 0/0.
        heat_rounding: what rounding alone may make of the heats (not differentiated), (parts,).
        entropy_rounding: what rounding alone may make of the entropy rates, (parts,).

    Examples:
        >>> pair = qt.models.partial_swap(gap=1.0, coupling=0.1)
        >>> found = qt.thermodynamics.part_rates(pair, 0.0, qt.pure_state([0, 1, 1j, 0]))
        >>> found.heat_current, found.interaction_rate  # one gains what the other loses
        ([-0.1000, 0.1000], 0.0000)
    """

    heat_current: Float[Array, " parts"]
    mean_field: Float[Array, " parts"]
    power: Float[Array, " parts"]
    entropy_rate: Float[Array, " parts"]
    interaction_energy: Real
    interaction_rate: Real
    correlation_entropy: Real
    correlation_rate: Real
    clausius_balance: Real
    heat_rounding: Float[Array, " parts"]
    entropy_rounding: Float[Array, " parts"]


@checked
def part_rates(system: OpenSystem, t: RealLike, rho: Operator) -> PartRates:
    """The rates of energy, entropy and correlation of the declared parts of a composite.

    Args:
        system: an open system with `parts` (see `composite_system`).
        t: time.
        rho: density matrix of the whole, (d, d).

    Returns:
        `PartRates`; can be saved along a trajectory.

    Raises:
        ValueError: the system declares no parts.

    Source: eqs. (5), (6), (16)-(18).

    Examples:
        >>> pair = qt.models.partial_swap(gap=1.0, coupling=0.1)
        >>> found = qt.thermodynamics.part_rates(pair, 0.0, qt.pure_state([0, 1, 1j, 0]))
        >>> found.correlation_entropy, found.entropy_rate  # -2 ln 2, at its extreme
        (-1.3863, [0.0000, 0.0000])
    """
    check_parts(system)
    dims, rho_dot = system.dims, right_hand_side(system, t, rho)
    states = [partial_trace(rho, dims, k) for k in range(len(dims))]
    changes = [partial_trace(rho_dot, dims, k) for k in range(len(dims))]
    hamiltonians = [h(t) for h in system.parts]
    heats = jnp.stack([expectation(h, x) for h, x in zip(hamiltonians, changes, strict=True)])
    rates = jnp.stack([entropy_rate(r, x) for r, x in zip(states, changes, strict=True)])
    coupling = internal_coupling(system, t)
    fields = [_mean_field(coupling, rho, dims, k) for k in range(len(dims))]
    mean_field = [
        expectation(h, -1j * commutator(field, r))
        for h, field, r in zip(hamiltonians, fields, states, strict=True)
    ]
    powers = [
        expectation(hamiltonian_rate(h, t), r) for h, r in zip(system.parts, states, strict=True)
    ]
    t = jnp.asarray(t, heats.dtype)
    interaction, interaction_rate = jax.jvp(
        lambda s, r: expectation(internal_coupling(system, s), r),
        (t, rho),
        (jnp.ones_like(t), rho_dot),
    )
    correlation, correlation_rate = jax.jvp(
        lambda r: correlation_entropy(r, dims), (rho,), (rho_dot,)
    )
    roundings = _roundings(system, t, states, hamiltonians)
    return PartRates(
        heat_current=heats,
        mean_field=jnp.stack(mean_field),
        power=jnp.stack(powers),
        entropy_rate=rates,
        interaction_energy=interaction,
        interaction_rate=interaction_rate,
        correlation_entropy=correlation,
        correlation_rate=correlation_rate,
        clausius_balance=_clausius_balance(heats, rates, roundings),
        heat_rounding=roundings[0],
        entropy_rounding=roundings[1],
    )


@checked
def internal_coupling(system: OpenSystem, t: RealLike) -> Operator:
    """H minus the bare Hamiltonians of the parts, (d, d), with the system's energy Hamiltonian.

    Args:
        system: an open system with `parts`.
        t: time.

    Examples:
        >>> pair = qt.models.partial_swap(gap=1.0, coupling=0.1)
        >>> qt.thermodynamics.internal_coupling(pair, 0.0)[1]  # <01| V
        [0.00, 0.00, 0.10, 0.00]
    """
    dims = system.dims
    bare = [embed(h(t), dims, k) for k, h in enumerate(system.parts)]
    return system.energy_hamiltonian(t) - sum(bare[1:], bare[0])


def check_parts(system: OpenSystem) -> None:
    """Raise unless the system declares at least two parts."""
    if len(system.parts) < 2:
        raise ValueError(
            f"`system` declares {len(system.parts)} parts, but the books of parts need at least "
            "two; build it with `composite_system` or give `parts` to `OpenSystem`."
        )


def _mean_field(coupling: Operator, rho: Operator, dims: tuple[int, ...], site: int) -> Array:
    """tr_rest(V (1 x rho_rest)): the coupling as one part feels it without correlations."""
    others = [k for k in range(len(dims)) if k != site]
    environment = embed(partial_trace(rho, dims, others), dims, others)
    return partial_trace(matmul(coupling, environment), dims, site)


def _roundings(
    system: OpenSystem, t: RealLike, states: list[Any], hamiltonians: list[Any]
) -> tuple[Array, Array]:
    """64 eps times the size of the generator, times that of H_i, and of ln rho_i."""
    generator = jnp.max(jnp.abs(system.hamiltonian(t))) + dissipation_sizes(system, t).sum()
    noise = 64.0 * jnp.finfo(generator.dtype).eps * generator
    energies = jnp.stack([jnp.max(jnp.abs(h)) for h in hamiltonians])
    logs = jnp.stack([jnp.max(jnp.abs(apply(Log(), rho))) for rho in states])
    return jax.lax.stop_gradient((noise * energies, noise * logs))


def _clausius_balance(heats: Array, rates: Array, roundings: tuple[Array, Array]) -> Real:
    temperature = temperature_of(heats, rates, *roundings)
    defined = (temperature.status == int(TemperatureStatus.REGULAR)) | (
        temperature.status == int(TemperatureStatus.NO_ENTROPY_RATE)
    )
    return -jnp.sum(jnp.where(defined, heats * temperature.beta, jnp.nan))
