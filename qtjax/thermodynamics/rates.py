"""The books at one instant: every rate of energy and entropy of an open system."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._types import Operator, Real, RealLike
from ..algebra.operators import expectation
from ..dynamics.dissipators import AbstractDissipator
from ..dynamics.open_system import OpenSystem, dissipative_parts, heat_currents, power, unitary_part
from ..information.entropy import entropy_rate, entropy_rate_analytic


class Rates(eqx.Module):
    """Rates at time t in state rho; energies in units of H, entropies in nats (hbar = k_B = 1).

    Args:
        energy_rate: U' = heat_current + power.
        heat_currents: Q'_k = tr(D_k(rho) H) from each bath, (baths,).
        heat_current: Q', their sum.
        power: W' = tr(rho H'), work done on the system.
        entropy_rate: S' by autodiff; +inf where the support of the state grows.
        interior: the paper's d_iS/dt = i tr([H, rho] ln rho), eq. (11), computed.
        exterior: the paper's d_eS/dt = -tr(D(rho) ln rho), eq. (12).
        spohn_production: sigma = S' - sum_k Q'_k / T_k, eq. (14) (Spohn 1978, Alicki 1979).
    """

    energy_rate: Real
    heat_currents: Float[Array, " baths"]
    heat_current: Real
    power: Real
    entropy_rate: Real
    interior: Real
    exterior: Real
    spohn_production: Real


def rates(
    system: OpenSystem,
    t: RealLike,
    rho: Operator,
    *,
    support: float | None = None,
    tolerance: float | None = None,
) -> Rates:
    """All rates of energy and entropy at one instant, both bookkeepings side by side.

    The paper calls all of -tr(D(rho) ln rho) exterior, so that its interior production (11)
    vanishes; Spohn and Alicki divide heat by the temperature of the bath and call the rest
    production. Which of them is *the* entropy production is a convention; both are computed.

    Args:
        system: the open system.
        t: time.
        rho: density matrix, (d, d). At a pure state whose support grows `entropy_rate`, `exterior`
            and `spohn_production` are +inf.
        support: eigenvalues of rho below it count as 0, see `entropy_rate`; 4 d eps by default.
            Lower it for truncated oscillators and cold states, whose tiny populations are real.
        tolerance: what may flow into the null block as rounding, see `entropy_rate`.

    Returns:
        `Rates`; a PyTree of scalars, so this function can be saved along a trajectory.

    Source: eqs. (10)-(14); Spohn, J. Math. Phys. 19, 1227 (1978); Alicki, J. Phys. A 12, L103
        (1979).
    """
    unitary = unitary_part(system, t, rho)
    dissipative = dissipative_parts(system, t, rho).sum(axis=0)
    heats = heat_currents(system, t, rho)
    work = power(system, t, rho)
    edge: Any = {"support": support, "tolerance": tolerance}
    rate = entropy_rate(rho, unitary + dissipative, **edge)
    return Rates(
        energy_rate=heats.sum() + work,
        heat_currents=heats,
        heat_current=heats.sum(),
        power=work,
        entropy_rate=rate,
        interior=entropy_rate_analytic(rho, unitary, **edge),
        exterior=entropy_rate_analytic(rho, dissipative, **edge),
        spohn_production=rate - entropy_flux(system.baths, heats),
    )


def entropy_flux(baths: tuple[AbstractDissipator, ...], heats: Float[Array, " baths"]) -> Real:
    """sum_k Q_k / T_k, the entropy that flows in with heat at the temperatures of the baths.

    A dissipator without a temperature enters with beta = 0 if it carries no heat (|Q_k| <= 1e-12,
    1e-5 in float32, times the largest heat if that exceeds 1), and makes the sum nan if it does:
    its entropy flux is not defined. A bath at T = 0 gives -inf or +inf where Q_k is not 0 and
    nothing where it is.

    Args:
        baths: the dissipators.
        heats: heat currents or heats, one for each bath, (baths,).

    Returns:
        A scalar.
    """
    total, size = jnp.zeros((), heats.dtype), jnp.maximum(1.0, jnp.max(jnp.abs(heats), initial=0.0))
    for bath, heat in zip(baths, heats, strict=True):
        if bath.temperature is None:
            none = jnp.abs(heat) <= (1e-12 if heat.dtype == jnp.float64 else 1e-5) * size
            total = total + jnp.where(none, 0.0, jnp.nan)
        else:
            cold = bath.temperature == 0.0
            limit = jnp.where(heat == 0.0, 0.0, jnp.sign(heat) * jnp.inf)
            finite = heat / jnp.where(cold, 1.0, bath.temperature)
            total = total + jnp.where(cold, limit, finite)
    return total


def energy(system: OpenSystem, t: RealLike, rho: Operator) -> Real:
    """U = tr(rho H), with the system's energy Hamiltonian.

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).
    """
    return expectation(system.energy_hamiltonian(t), rho)
