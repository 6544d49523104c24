"""The equation of motion as an action on the state: for many levels and full operators.

On d levels a generator is a matrix of d^2 x d^2, however it is made. Where its entries outnumber
the multiplications of a few products of d x d matrices, or where it would have to be made anew at
every time, the state is moved as a matrix instead:

    rho' = -i [H, rho] + sum_b D_b(rho),    Q_b' = tr(E D_b(rho)),
    W' = tr(E' rho) + tr(E (-i [H, rho])),

the last term for an energy E that is not H alone. As rho is Hermitian, X rho gives rho X^+ too.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checks import is_concrete
from .._types import Operator, Real, RealLike
from ..algebra.hermitian_basis import from_components, to_components
from ..algebra.operators import dag, product
from ..numerics.equation import LinearEquation, Scalars
from .channels import Channel, Moving, of_kind
from .dissipators import Particles
from .equation_of_motion import SUM_DIMENSION, exchanging, moving_leads, no_sum
from .hamiltonians import AbstractHamiltonian, Term, hamiltonian_rate
from .open_system import OpenSystem
from .schedules import Schedule, degree_of
from .separated import separated
from .terms import Components, Part, growth_of
from .watching import watched_functions

FOLLOWED_LEVELS = 6  # up to which what a moving bath does is a matrix, made anew at every time
FEW_LEVELS = 16  # up to which a generator of fixed parts is a matrix, whatever they look like
STILL_LEVELS = 32  # likewise where nothing moves, so that one exponential is exact
COST = 0.4  # of a multiplication in a product of matrices, in entries of a generator


def acts(system: OpenSystem) -> bool:
    """Whether a generator would cost more than products of operators do.

    Args:
        system: the open system; what is concrete in it decides which zeros are known.
    """
    d = system.dimension
    if d <= SUM_DIMENSION:
        return False
    system = separated(system)
    if no_sum(system) is not None:
        return True
    terms = [term for h in _hamiltonians(system) for term in h.terms()]
    channels = [c for bath in system.baths for c in bath.channels(system.hamiltonian)]
    if of_kind(channels, Moving):
        return d > FOLLOWED_LEVELS
    if d <= FEW_LEVELS:
        return False
    schedules = [term.schedule for term in terms if isinstance(term, Term)]
    schedules += [channel.rate for channel in of_kind(channels, Channel)]
    if d <= STILL_LEVELS and all(degree_of(schedule) == 0 for schedule in schedules):
        return False
    jumps = [single.operator for c in of_kind(channels, Channel) for single in c.single()]
    entries = sum(2 * d * _filled(term.operator) for term in terms if isinstance(term, Term))
    entries += sum(_filled(jump) ** 2 for jump in jumps)
    return min(entries, d**4) > COST * d**3 * (2 + 3 * len(jumps))


def _hamiltonians(system: OpenSystem) -> list[Any]:
    return [system.hamiltonian, *([] if system.energy is None else [system.energy])]


def _filled(operator: Any) -> int:
    """How many entries are known not to be 0."""
    return int(np.count_nonzero(operator) if is_concrete(operator) else operator.size)


class _Bath(eqx.Module):
    """What a bath does to a Hermitian rho: `gain` - ({loss, rho})/2."""

    rates: list[Schedule]
    operators: Complex[Array, "jumps d d"]
    squares: Complex[Array, "jumps d d"]  # L^+ L, made once
    movers: list[Moving]

    def __init__(self, channels: Sequence[Any], d: int):
        singles = [single for c in of_kind(channels, Channel) for single in c.single()]
        none = jnp.zeros((0, d, d), jnp.result_type(complex))
        self.rates = [single.rate for single in singles]
        self.operators = jnp.concatenate([none, *(single.operator[None] for single in singles)])
        self.squares = product(self.operators.conj().mT, self.operators)
        self.movers = list(of_kind(channels, Moving))

    def __call__(self, t: RealLike, rho: Operator) -> tuple[Operator, Operator]:
        """sum_k rate_k L_k rho L_k^+ and sum_k rate_k L_k^+ L_k."""
        rates = jnp.stack([jnp.zeros(()), *(jnp.asarray(rate(t)) for rate in self.rates)])[1:]
        found = [(rates, self.operators, self.squares)]
        for rates, operators in (mover.function(t) for mover in self.movers):
            found.append((rates, operators, product(operators.conj().mT, operators)))
        gain = loss = jnp.zeros_like(rho)
        for rates, operators, squares in found:
            weighted = rates[:, None, None] * operators
            gain = gain + product(product(weighted, rho), operators.conj().mT).sum(axis=0)
            loss = loss + jnp.sum(rates[:, None, None] * squares, axis=0)
        return gain, loss


class _Action(eqx.Module):
    """(t, components) -> their derivatives, then those of the books."""

    hamiltonian: AbstractHamiltonian
    energy: AbstractHamiltonian | None
    baths: list[_Bath]
    numbers: list[Array]  # times the quantum, of the baths that exchange particles
    leads: tuple[int, ...] = eqx.field(static=True)  # these baths
    paid: list[Particles]  # of the baths whose chemical potential moves
    paying: tuple[int, ...] = eqx.field(static=True)  # these baths

    def __call__(self, t: RealLike, x: Float[Array, " n"]) -> Float[Array, " m"]:
        rho, h = from_components(x), self.hamiltonian(t)
        booked = self.hamiltonian if self.energy is None else self.energy
        energy = booked(t)
        jumps = [bath(t, rho) for bath in self.baths]
        still = sum((-0.5 * loss for _, loss in jumps), -1j * h)
        moved = product(still, rho)
        moved = sum((gain for gain, _ in jumps), moved + dag(moved))
        turned = product(rho, energy)
        books = [_trace(energy, gain) - _trace(turned, loss) for gain, loss in jumps]
        for b, number in zip(self.leads, self.numbers, strict=True):
            gain, loss = jumps[b]
            books.append(_trace(number, gain) - _trace(product(rho, number), loss))
        for b, exchanged in zip(self.paying, self.paid, strict=True):
            (gain, loss), worth = jumps[b], exchanged.potential(t) * exchanged.number
            books.append(_trace(worth, gain) - _trace(product(rho, worth), loss))
        work = _trace(hamiltonian_rate(booked, t), rho)
        if self.energy is not None:
            work = work + 2.0 * _trace(turned, -1j * h)
        return jnp.concatenate([to_components(moved), jnp.stack([*books, work])])


def _trace(a: Operator, b: Operator) -> Real:
    """Re tr(A B)."""
    return jnp.sum(a * b.T).real


def acting_equation(system: OpenSystem, quantum: RealLike = 1.0) -> LinearEquation:
    """The equation of an open system, with the same components and books as by matrices.

    Args:
        system: the open system.
        quantum: the energy that is booked for a particle, see `energy_per_particle`.

    Returns:
        `LinearEquation` with an `action` in place of matrices.
    """
    system = separated(system)
    d, each = system.dimension, [bath.channels(system.hamiltonian) for bath in system.baths]
    channels = [channel for bath in each for channel in bath]
    leads = exchanging(system)
    numbers = [jnp.asarray(quantum * exchanged.number) for _, exchanged in leads]
    action = _Action(
        system.hamiltonian, system.energy, [_Bath(bath, d) for bath in each], numbers,
        tuple(b for b, _ in leads), [x for _, x in moving_leads(system)],
        tuple(b for b, _ in moving_leads(system)),
    )  # fmt: skip
    parts, bounds = _parts(system, of_kind(channels, Channel))
    for _, exchanged in moving_leads(system):
        mu: Any = exchanged.chemical_potential
        parts.append(Part(mu, 1, *growth_of(mu)))
        bounds.append(jnp.max(jnp.abs(exchanged.number)))
    watched = watched_functions(system, parts, bounds, of_kind(channels, Moving))
    return LinearEquation(
        Scalars((), ()), (), (), (), len(each) + len(leads) + len(action.paid) + 1, d * d, None, (),
        watched, system.breakpoints(),
        f"a generator on {d} levels would cost more than moving rho itself", action,
    )  # fmt: skip


def _parts(system: OpenSystem, channels: Sequence[Channel]) -> tuple[list[Part], list[RealLike]]:
    """The scalar functions, and bounds on the norm of what each multiplies."""
    parts, bounds = [], []
    for term in [term for h in _hamiltonians(system) for term in h.terms()]:
        if isinstance(term, Term):
            parts.append(Part(term.schedule, 1, *growth_of(term.schedule)))
            bounds.append(2.0 * _norm(term.operator))
        else:
            components = Components(term)
            parts.append(Part(components, system.dimension**2, *growth_of(components)))
            bounds += [2.0] * system.dimension**2
    for single in [single for channel in channels for single in channel.single()]:
        parts.append(Part(single.rate, 1, *growth_of(single.rate)))
        bounds.append(2.0 * _norm(single.operator) * _norm(single.operator.T))
    return parts, bounds


def _norm(operator: Any) -> Array:
    """The largest sum of moduli in a row."""
    return jnp.max(jnp.sum(jnp.abs(jnp.asarray(operator)), axis=1))
