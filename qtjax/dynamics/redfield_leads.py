"""Fermionic leads that know the system's Hamiltonian: weak coupling, with or without secular step.

With Gamma(e) the rate of the lead at the energy e that a particle takes along, f Fermi's function,

    D(rho) = (Lambda rho c^+ + c rho Lambda^+ - c^+ Lambda rho - rho Lambda^+ c)
             + the same with Lambda', c^+ in place of Lambda, c,
    Lambda = sum_mn Gamma (1 - f)/2 |m><m|c|n><n| at e = E_n - E_m,
    Lambda' = sum_mn Gamma f/2 |m><m|c^+|n><n| at e = E_m - E_n.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._checks import (
    as_complex,
    as_nonnegative,
    as_real,
    check_hermitian,
    check_nonnegative,
    check_operator,
    concretely,
    is_concrete,
    is_function,
)
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.operators import dag, product
from ..algebra.spectral import eigensystem
from .channels import Channel, Moving
from .dissipators import AbstractDissipator, Particles
from .hamiltonians import AbstractHamiltonian
from .leads import as_potential, check_takes_one, fermi_occupations, takes_one
from .redfield import FollowingRedfield, Terms, channels_of, second_order_terms
from .schedules import Schedule
from .spectra import Flat, Spectrum

_MIXES = 1e-9  # of H, by which it may fail to conserve the particles


class RedfieldLead(AbstractDissipator):
    """A lead of fermions in second order of its coupling to c: the Redfield generator of H or H(t).

    Where `FermionicLead` is given the energy of a level, this one reads the energies off H:
    coupled levels, interacting ones too. `cutoff=None` is the full generator; `cutoff=0` the
    secular one, the global (Davies) lead, which leaves e^{-(H - mu N)/T}/Z as it is; in between
    pairs of transitions interfere whose energies differ by no more than the cutoff. There is no
    Lamb shift. Positivity is not guaranteed without the secular step.

    Args:
        lowering: c, which takes a particle out of the site at the lead, (d, d): of
            `algebra.fermions`.
        temperature: >= 0.
        chemical_potential: mu, of any sign: a number, or a schedule. The generator is then that of
            the moment, and the chemical work the integral of mu(t) N'.
        rate: Gamma >= 0, a number or a function of the energy of a particle.
        number: the particle number N of the whole system, (d, d); H must conserve it.
        cutoff: largest difference of energies of the pairs kept, >= 0; all of them if `None`.
            Energies within 1e-9 of the spectral range always count as equal. Its derivative is 0.

    Raises:
        ValueError: a negative rate, temperature or cutoff, operators that are not square or not
            finite, a c that does not take one particle out, or (where the system is used) an H
            that does not conserve them or of another size.

    Source: Schaller, Open Quantum Systems Far from Equilibrium (Springer, 2014).

    Examples:
        >>> c, n = qt.destroy(2), qt.number(2)
        >>> lead = qt.dynamics.RedfieldLead(c, 1 / np.log(3), 0.0, 0.1, number=n)
        >>> qt.dynamics.particle_currents(qt.OpenSystem(n, lead), 0.0, qt.pure_state([1, 0]))
        [0.025]
    """

    lowering: Operator
    temperature: Real
    chemical_potential: Real | Schedule
    rate: Spectrum
    number: Operator
    cutoff: Real | None

    def __init__(
        self,
        lowering: OperatorLike,
        temperature: RealLike,
        chemical_potential: RealLike | Schedule,
        rate: RealLike | Spectrum,
        *,
        number: OperatorLike,
        cutoff: RealLike | None = None,
    ):
        check_operator("lowering", lowering)
        self.lowering = as_complex(lowering)
        self.temperature = as_nonnegative("temperature", temperature, "a lead is thermal.")
        self.chemical_potential = as_potential(chemical_potential)
        self.rate = rate if is_function(rate) else Flat(rate)  # pyright: ignore
        check_hermitian("number", number, self.lowering.shape[0])
        self.number = as_complex(number)
        check_takes_one(self.lowering, self.number, "as given")
        if not is_concrete(self.lowering, self.number):
            self.lowering = jnp.where(takes_one(self.lowering, self.number), self.lowering, jnp.nan)
        remedy = "it is a difference of energies."
        self.cutoff = None if cutoff is None else as_nonnegative("cutoff", cutoff, remedy)

    @property
    def keeps_reference(self) -> bool:
        return False  # its fixed point has coherences of the order of the coupling

    @property
    def particles(self) -> Particles:
        return Particles(self.number, self.chemical_potential)

    def at(self, t: RealLike) -> "RedfieldLead":
        if not self.particles.moves:
            return self
        return eqx.tree_at(lambda lead: lead.chemical_potential, self, self.particles.potential(t))

    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel | Moving, ...]:
        d = self.lowering.shape[0]
        other = eqx.filter_eval_shape(hamiltonian, jnp.zeros(())).shape[0]
        if other != d:
            raise ValueError(
                f"`lowering` has d = {d}, but the Hamiltonian has d = {other}; use `fermions`, "
                "`embed` or `tensor` for operators of a part."
            )
        if not hamiltonian.constant:
            return (Moving(FollowingRedfield(self, hamiltonian, lead_terms)),)
        h = hamiltonian(jnp.zeros(()))
        if is_concrete(h, self.number, self.lowering):
            _check_hamiltonian(self, np.asarray(h))
        if self.particles.moves:
            return (Moving(FollowingRedfield(self, hamiltonian, lead_terms)),)
        return channels_of(concretely(_compiled_lead_terms, self, h))


def lead_terms(lead: RedfieldLead, hamiltonian: Operator) -> Terms:
    """Rates and the operators L, R of channels of two operators that are the generator of a lead.

    Args:
        lead: with an H of its size; at one time where its mu moves.
        hamiltonian: Hermitian operator, (d, d).

    Returns:
        nan where H mixes the particles or a rate is < 0.
    """
    mu: Any = lead.chemical_potential
    c = lead.lowering
    hamiltonian = jnp.where(_suits(lead, hamiltonian), hamiltonian, jnp.nan)
    # the frequencies of H - mu N: there f changes around 0, on the scale of T
    grand = hamiltonian - mu * lead.number

    def taken(excess: Real) -> Real:
        empty, _ = fermi_occupations(excess, lead.temperature, 0.0)
        return 0.5 * as_real("rate", lead.rate(excess + mu)) * empty

    def given(loss: Real) -> Real:
        _, filled = fermi_occupations(-loss, lead.temperature, 0.0)
        return 0.5 * as_real("rate", lead.rate(mu - loss)) * filled

    out, into = (
        second_order_terms(
            jnp.vectorize(gamma), grand, coupling[None], lead.cutoff, lead.temperature
        )
        for gamma, coupling in ((taken, c), (given, dag(c)))
    )
    rates, left, right = (jnp.concatenate(pair) for pair in zip(out, into, strict=True))
    return rates, left, right


_compiled_lead_terms = eqx.filter_jit(lead_terms)


def _check_hamiltonian(lead: RedfieldLead, h: np.ndarray) -> None:
    """Raise where a concrete H does not conserve the particles, or has a rate < 0."""
    n, c = np.asarray(lead.number), np.asarray(lead.lowering)
    mixed, most = np.max(np.abs(h @ n - n @ h)), _most_mixed(h)
    if mixed > most * np.max(np.abs(h)):
        raise ValueError(
            f"`number` must be conserved by the Hamiltonian, [H, N] = 0, but they differ by "
            f"{mixed:.3g}; give the particle number of the whole system as `number=`."
        )
    energies, v = np.linalg.eigh(h)
    taken = np.abs(v.conj().T @ c @ v) > most * np.max(np.abs(c))
    levels = jnp.asarray((energies - energies[:, None])[taken])
    found = concretely(jax.vmap(lambda e: as_real("rate", lead.rate(e))), levels)
    remedy = "it is Gamma(energy), at the energies that a particle may take along."
    check_nonnegative("rate", found, remedy, entries=True)


def _most_mixed(h: Any) -> float:
    """What rounding may make of [H, N], relative to H."""
    return max(_MIXES, 64.0 * float(jnp.finfo(h.dtype).eps))


def _suits(lead: RedfieldLead, h: Operator) -> Any:
    """Whether a traced H conserves the particles, and no rate is < 0."""
    h, n, c = jax.lax.stop_gradient((h, lead.number, lead.lowering))
    most = _most_mixed(h)
    kept = jnp.max(jnp.abs(product(h, n) - product(n, h))) <= most * jnp.max(jnp.abs(h))
    energies, v = eigensystem(h)
    taken = jnp.abs(product(dag(v), product(c, v))) > most * jnp.max(jnp.abs(c))
    found = jax.vmap(jax.vmap(lambda e: as_real("rate", lead.rate(e))))(
        energies - energies[:, None]
    )
    return kept & jnp.all(~taken | (found >= 0.0))
