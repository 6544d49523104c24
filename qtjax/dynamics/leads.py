"""Fermionic leads: baths that exchange particles, each with a chemical potential.

Energy, particles and heat are three currents: heat is E' - mu N', and mu N' is chemical work.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import (
    as_complex,
    as_nonnegative,
    as_real,
    as_vector,
    check_hermitian,
    check_nonnegative,
    check_operator,
    concretely,
    is_concrete,
    is_function,
    nan_below_zero,
    nan_unless,
)
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.operators import dag, product
from .channels import Channel
from .dissipators import AbstractDissipator, Particles
from .hamiltonians import AbstractHamiltonian
from .schedules import AbstractSchedule, Constant, Schedule, as_schedule, breakpoints_of
from .spectra import Flat, Spectrum

_COLD = 800.0  # |energy - mu|/T beyond which exp holds nothing
_MISMATCH = 1e-6  # of [N, L] = -L, relative to L


class FermionicLead(AbstractDissipator):
    """A lead of fermions on one level: Gamma (1 - f) D[L] + Gamma f D[L^+], f = f((E - mu)/T).

    It does not look at the system's Hamiltonian: L must lower an eigenstate of H by `energy`, or
    the grand canonical state of H is not what the lead would leave as it is. Spohn's production is
    that of `reference(h)`, the Gibbs state of H - mu N.

    Args:
        lowering: the operator L that takes a particle out of the system, (d, d); `destroy(2)` for a
            single level, of `algebra.fermions` for one of several.
        energy: E of the level, of any sign: a number, or a schedule for a level that is moved.
        temperature: >= 0; at T = 0 the lead is a step, with f = 1/2 at E = mu.
        chemical_potential: mu, of any sign: a number, or a schedule. The chemical work is then the
            integral of mu(t) N', and a change of mu alone does no work on the system.
        rate: Gamma >= 0, a number or a function of energy.
        number: the particle number N of the whole system, (d, d); L^+ L by default.
        band: (bottom, top) of the energies that the lead has states at: beyond them Gamma is 0.
            Without ends by default.

    Raises:
        ValueError: a negative rate or temperature, operators that are not square or not finite, an
            L that does not take one particle out by `number`, an energy outside of the band, or a
            chemical potential above it.

    Source: Esposito, Lindenberg and Van den Broeck, EPL 85, 60010 (2009).

    Examples:
        >>> lead = qt.dynamics.FermionicLead(
        ...     qt.destroy(2), energy=1.0, temperature=1 / np.log(3),
        ...     chemical_potential=0.0, rate=0.1,
        ... )
        >>> lead.rates(1.0)
        (0.075, 0.025)
    """

    lowering: Operator
    energy: Schedule
    temperature: Real
    chemical_potential: Real | Schedule
    rate: Spectrum
    number: Operator
    band: Float[Array, " 2"] | None

    def __init__(
        self,
        lowering: OperatorLike,
        energy: RealLike | Schedule,
        temperature: RealLike,
        chemical_potential: RealLike | Schedule,
        rate: RealLike | Spectrum,
        *,
        number: OperatorLike | None = None,
        band: Any = None,
    ):
        check_operator("lowering", lowering)
        self.lowering, self.energy = as_complex(lowering), as_schedule("energy", energy)
        self.temperature = as_nonnegative("temperature", temperature, "a lead is thermal.")
        self.chemical_potential = as_potential(chemical_potential)
        self.rate = rate if is_function(rate) else Flat(rate)  # pyright: ignore
        self.number = _number(self.lowering, number)
        if not is_concrete(self.lowering, self.number):
            self.lowering = jnp.where(takes_one(self.lowering, self.number), self.lowering, jnp.nan)
        self.band = None if band is None else _band(band, self.energy, self.chemical_potential)
        if isinstance(self.energy, Constant):
            found = concretely(self._gamma, self.energy.value)
            if is_concrete(found):
                check_nonnegative("rate", found, "it is Gamma(energy), how fast a level empties.")

    @property
    def particles(self) -> Particles:
        return Particles(self.number, self.chemical_potential)

    def at(self, t: RealLike) -> "FermionicLead":
        if not self.particles.moves:
            return self
        return eqx.tree_at(lambda lead: lead.chemical_potential, self, self.mu(t))

    def mu(self, t: RealLike) -> Real:
        """The chemical potential at a time.

        Args:
            t: time.
        """
        return self.particles.potential(t)

    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel, ...]:
        raising = concretely(dag, self.lowering)
        if isinstance(self.energy, Constant) and not self.particles.moves:
            loss, gain = concretely(lambda lead: lead.rates(lead.energy.value), self)
        else:
            loss, gain = LeadRate(self, 0), LeadRate(self, 1)
        return Channel(loss, self.lowering), Channel(gain, raising)

    def rates(self, energy: RealLike, t: RealLike = 0.0) -> tuple[Real, Real]:
        """Gamma (1 - f) and Gamma f for a level at an energy, at a time where mu moves.

        Args:
            energy: of the level.
            t: time.
        """
        empty, filled = fermi_occupations(energy, self.temperature, self.mu(t))
        gamma = self._gamma(energy)
        return gamma * empty, gamma * filled

    def _gamma(self, energy: RealLike) -> Real:
        gamma = as_real("rate", self.rate(energy))
        gamma = nan_unless(gamma >= 0.0, gamma)
        if self.band is None:
            return gamma
        inside = (energy >= self.band[0]) & (energy <= self.band[1])
        return jnp.where(inside, gamma, 0.0)


class LeadRate(AbstractSchedule):
    """The rate out of (`which` = 0) or into (1) a level that is moved, or whose lead is.

    Args:
        lead: with an energy or a chemical potential that is a schedule.
        which: static.
    """

    lead: FermionicLead
    which: int = eqx.field(static=True)

    def __call__(self, t: RealLike) -> Real:
        return self.lead.rates(self.lead.energy(t), t)[self.which]

    def breakpoints(self) -> Float[Array, " breaks"]:
        breaks = [breakpoints_of(self.lead.energy)]
        if self.lead.particles.moves:
            breaks.append(breakpoints_of(self.lead.chemical_potential))  # pyright: ignore[reportArgumentType]
        return jnp.sort(jnp.concatenate(breaks))


@checked
def fermi_occupations(
    energy: RealLike, temperature: RealLike, chemical_potential: RealLike
) -> tuple[Real, Real]:
    """(1 - f, f) with Fermi's f = 1/(exp((E - mu)/T) + 1), each to full relative precision.

    Args:
        energy: E.
        temperature: >= 0; at T = 0 a step with zero derivatives, 1/2 at E = mu.
        chemical_potential: mu.

    Returns:
        Two scalars whose ratio is exp((E - mu)/T); nan where T is negative.

    Examples:
        >>> qt.dynamics.fermi_occupations(1.0, 1 / np.log(3), 0.0)
        (0.75, 0.25)
    """
    excess = as_real("energy", energy) - chemical_potential
    temperature = nan_below_zero(as_real("temperature", temperature))
    frozen = jnp.abs(excess) >= _COLD * temperature
    step = jnp.where(excess == 0.0, 0.0, jnp.where(excess > 0.0, jnp.inf, -jnp.inf))
    x = jnp.where(frozen, step, excess / jnp.where(frozen, 1.0, temperature))
    return jax.nn.sigmoid(x), jax.nn.sigmoid(-x)


def as_potential(value: Any) -> Real | Schedule:
    """The chemical potential of a lead: a number, or a schedule where it moves."""
    mu = as_schedule("chemical_potential", value)
    return mu.value if isinstance(mu, Constant) else mu


def takes_one(lowering: Operator, number: Operator) -> Any:
    """Whether [N, L] = -L."""
    xp = np if is_concrete(lowering, number) else jnp
    n, a = xp.asarray(number), xp.asarray(lowering)
    return xp.max(xp.abs(n @ a - a @ n + a)) <= _MISMATCH * xp.max(xp.abs(a))


def check_takes_one(lowering: Operator, number: Operator, said: str) -> None:
    """Raise unless [N, L] = -L (concrete only).

    Args:
        lowering: L.
        number: N.
        said: where N is from, for the message.
    """
    if not is_concrete(lowering, number) or takes_one(lowering, number):
        return
    n, a = np.asarray(number), np.asarray(lowering)
    defect = np.max(np.abs(n @ a - a @ n + a))
    raise ValueError(
        f"`lowering` must take one particle out, [N, L] = -L, but with `number` {said} they "
        f"differ by {defect:.3g}; give the particle number of the whole system as `number=`."
    )


def _number(lowering: Operator, number: OperatorLike | None) -> Operator:
    """The particle number, of which L takes out one."""
    if number is None:
        found = concretely(lambda a: product(dag(a), a), lowering)
    else:
        check_hermitian("number", number, lowering.shape[0])
        found = as_complex(number)
    check_takes_one(lowering, found, "L^+ L" if number is None else "as given")
    return found


def _band(value: Any, energy: Schedule, chemical_potential: Any) -> Float[Array, " 2"]:
    """The ends of a band that holds the level and the chemical potential."""
    band = as_vector("band", value)
    if band.shape != (2,):
        raise ValueError(f"`band` must be a pair (bottom, top), got the shape {band.shape}.")
    if not is_concrete(band):
        return band
    bottom, top = (float(end) for end in np.asarray(band))
    if bottom >= top:
        raise ValueError(f"`band` must have its bottom below its top, got ({bottom:g}, {top:g}).")
    number = not is_function(chemical_potential)
    if number and is_concrete(chemical_potential) and float(chemical_potential) > top:
        raise ValueError(
            f"`chemical_potential` = {float(chemical_potential):g} is above the top {top:g} of the "
            "band, which is then full; lower it, or leave `band` out for a wide one."
        )
    level = energy.value if isinstance(energy, Constant) else None
    if level is not None and is_concrete(level) and not bottom <= float(level) <= top:
        raise ValueError(
            f"`energy` = {float(level):g} is outside of the band from {bottom:g} to {top:g}, "
            "where the lead has no states; move the level into it."
        )
    return band
