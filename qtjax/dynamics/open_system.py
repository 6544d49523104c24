"""The open system: a Hamiltonian and its baths, and everything that follows at one instant."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float

from .._checked import checked
from .._checks import (
    as_sequence,
    check_hermitian,
    check_instance,
    check_size,
    is_concrete,
    is_function,
)
from .._describe import as_html, as_text
from .._jax import unvmap_any
from .._types import Operator, Real, RealLike
from ..algebra.canonical import CanonicalForm, canonical_form
from ..algebra.operators import commutator, expectation
from ..algebra.superoperators import dissipator_superoperator, hamiltonian_superoperator
from .channels import Channel, Moving, dissipate
from .davies import AbstractDaviesBath
from .davies_generator import has_many_jumps
from .davies_levels import FEWEST_IN_BLOCKS, heat_observable, keeps_levels
from .describe import describe_system
from .dissipators import (
    AbstractDissipator,
    check_channels,
    gibbs_defect,
    has_reference,
    heat_operator,
    is_thermal,
    jump_operators,
)
from .hamiltonians import (
    AbstractHamiltonian,
    Term,
    add_hamiltonians,
    as_hamiltonian,
    embed_hamiltonian,
    hamiltonian_rate,
)
from .schedules import breakpoints_of, jumps_of

LEVY_KOSLOFF_TOLERANCE = 1e-6


class OpenSystem(eqx.Module):
    """A driven system in contact with baths: rho' = -i[H(t), rho] + sum_k D_k(rho), eq. (7).

    Its array leaves are the parameters: `jax.grad`, `jax.vmap` and Optax act on it directly.

    Args:
        hamiltonian: an `AbstractHamiltonian`, a Hermitian matrix (d, d) or a callable t -> (d, d).
        baths: dissipators; heat is booked for each of them, in this order.
        energy: the Hamiltonian whose expectation is called energy; `hamiltonian` by default. Where
            they differ, the energy that -i[hamiltonian, rho] moves is booked as work.
        parts: of a composite system, the bare Hamiltonians H_i of its parts, each on its own
            space; what `hamiltonian` has beyond their sum is the internal coupling, eqs. (5), (6).
            `composite_system` fills it in.

    Raises:
        ValueError: what is no Hamiltonian or no bath, a bath or `energy` of another dimension than
            the Hamiltonian, or parts whose dimensions do not multiply to d.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), 2.0, 0.0, qt.Flat(0.1))
        >>> system = qt.OpenSystem(2.0 * qt.number(2), bath)
        >>> qt.dynamics.heat_currents(system, 0.0, qt.pure_state([0, 1]))
        [-0.2]
    """

    hamiltonian: AbstractHamiltonian
    baths: tuple[AbstractDissipator, ...]
    energy: AbstractHamiltonian | None
    parts: tuple[AbstractHamiltonian, ...]

    def __init__(self, hamiltonian: Any, baths: Any = (), energy: Any = None, parts: Any = ()):
        self.hamiltonian = as_hamiltonian(hamiltonian)
        one = isinstance(baths, AbstractDissipator)
        self.baths = (baths,) if one else as_sequence("baths", baths, "a sequence of dissipators")
        self.energy = None if energy is None else as_hamiltonian(energy, "energy")
        self.parts = _hamiltonians(parts)
        self._check()

    def _check(self) -> None:
        d = self.dimension
        for k, bath in enumerate(self.baths):
            wanted = "a dissipator such as LocalBath or Lindblad"
            check_instance(f"baths[{k}]", bath, AbstractDissipator, wanted)
            check_channels(f"baths[{k}]", bath, self.hamiltonian, d)
            if bath.particles is not None:
                check_hermitian(f"baths[{k}].particles.number", bath.particles.number, d)
        if self.energy is not None and (other := dimension_of(self.energy)) != d:
            raise ValueError(
                f"`energy` must have d = {d} like the Hamiltonian, but it has d = {other}."
            )
        if self.parts and math.prod(self.dims) != self.dimension:
            raise ValueError(
                f"`parts` have dimensions {self.dims}, which multiply to {math.prod(self.dims)}, "
                f"but the Hamiltonian has d = {self.dimension}; give the bare Hamiltonian of every "
                "part on its own space, in the order of the tensor product."
            )

    @property
    def dimension(self) -> int:
        """The dimension d of the Hilbert space."""
        return dimension_of(self.hamiltonian)

    @property
    def dims(self) -> tuple[int, ...]:
        """The dimensions of the declared parts; empty without parts."""
        return tuple(dimension_of(part) for part in self.parts)

    def breakpoints(self) -> Float[Array, " breaks"]:
        """Times where a Hamiltonian, a rate or a derivative of them is known to jump, in order.

        Of equal times those at which a value may jump come first: derivatives move with the first.
        """
        schedules = [*self.hamiltonian.schedules, *self.energy_hamiltonian.schedules]
        for bath in self.baths:
            channels = bath.channels(self.hamiltonian)
            schedules += [c.rate for c in channels if isinstance(c, Channel)]
            mu: Any = None if bath.particles is None else bath.particles.chemical_potential
            if is_function(mu) and any(isinstance(c, Moving) for c in channels):
                schedules.append(mu)  # of which no rate knows
        unique = {id(schedule): schedule for schedule in schedules}
        jumping = sorted(unique.values(), key=lambda schedule: not jumps_of(schedule).shape[0])
        breaks = [breakpoints_of(schedule) for schedule in jumping]
        return jnp.sort(jnp.concatenate([jnp.zeros(0), *breaks]))

    @property
    def energy_hamiltonian(self) -> AbstractHamiltonian:
        """The Hamiltonian whose expectation is called energy."""
        return self.hamiltonian if self.energy is None else self.energy

    def __repr__(self) -> str:
        return as_text(self, describe_system)

    def _repr_html_(self) -> str:
        return as_html(self, describe_system)


def energy_unit(system: OpenSystem, ts: Float[Array, " times"]) -> Real:
    """The scale of the energies of a system around some times, not differentiated; 1 for H = 0."""
    sizes = []
    for term in system.energy_hamiltonian.terms():
        if isinstance(term, Term):
            values = jax.vmap(lambda t, term=term: jnp.asarray(term.schedule(t), t.dtype))(ts)
            sizes.append(jnp.max(jnp.abs(values)) * jnp.max(jnp.abs(term.operator)))
        else:  # a modulus takes much longer than the larger one of two parts
            values = jax.vmap(lambda t, term=term: jnp.asarray(term(t)))(ts)
            parts = [jnp.abs(part) for part in (values.real, values.imag)]
            sizes.append(jnp.max(jnp.maximum(*parts)))
    size = jax.lax.stop_gradient(jnp.max(jnp.stack([jnp.zeros(()), *sizes])))
    return jnp.where((size > 0.0) & jnp.isfinite(size), size, 1.0)


def most_defect() -> float:
    """How far from Hermitian, relative to its size, a function of time may be by rounding."""
    return 1e4 * float(jnp.finfo(jnp.result_type(float)).eps)


def _hamiltonians(parts: Any) -> tuple[AbstractHamiltonian, ...]:
    """The Hamiltonians of parts."""
    found = as_sequence("parts", parts, "a sequence of Hamiltonians")
    return tuple(as_hamiltonian(part, f"parts[{k}]") for k, part in enumerate(found))


def dimension_of(hamiltonian: AbstractHamiltonian) -> int:
    """The dimension d of the space that a Hamiltonian acts on."""
    terms = hamiltonian.terms()
    sizes = {term.operator.shape[0] for term in terms if isinstance(term, Term)}
    if len(sizes) == 1 and hamiltonian.is_sum:
        return sizes.pop()  # without tracing H(t)
    return eqx.filter_eval_shape(hamiltonian, jnp.zeros(())).shape[0]


@checked
def composite_system(
    parts: Sequence[Any], coupling: Any = None, baths: Any = (), energy: Any = None
) -> OpenSystem:
    """The open system H = sum_i H_i + coupling of coupled parts, eqs. (5) and (6).

    Args:
        parts: bare Hamiltonians H_i, each on its own space: matrices, `AbstractHamiltonian`s or
            callables t -> (d_i, d_i).
        coupling: internal coupling, on the whole space; none by default.
        baths: dissipators on the whole space; `embed` brings operators of a part there.
        energy: as for `OpenSystem`.

    Returns:
        An `OpenSystem` with its `parts` declared, for `part_rates` and the accountings of finite
        reservoirs.

    Raises:
        ValueError: no parts, what is no Hamiltonian, or a coupling of another dimension than the
            product of theirs.

    Examples:
        >>> exchange = qt.tensor(qt.destroy(2), qt.create(2))
        >>> coupling = 0.1 * (exchange + qt.dag(exchange))
        >>> system = qt.composite_system([qt.number(2), qt.number(2)], coupling)
        >>> jnp.linalg.eigvalsh(system.hamiltonian(0.0))
        [0.0, 0.9, 1.1, 2.0]
    """
    hamiltonians = _hamiltonians(parts)
    if not hamiltonians:
        raise ValueError("`parts` must hold at least one Hamiltonian, got none.")
    dims = tuple(dimension_of(h) for h in hamiltonians)
    check_size("parts", *dims, *dims)
    terms = [embed_hamiltonian(h, dims, k) for k, h in enumerate(hamiltonians)]
    if coupling is not None:
        coupling = as_hamiltonian(coupling, "coupling")
        d = dimension_of(coupling)
        if d != math.prod(dims):
            raise ValueError(
                f"`coupling` has d = {d}, but the dimensions {dims} of the parts multiply to "
                f"{math.prod(dims)}; build it with `tensor`."
            )
        terms.append(coupling)
    return OpenSystem(add_hamiltonians(terms), baths, energy, hamiltonians)


@checked
def unitary_part(system: OpenSystem, t: RealLike, rho: Operator) -> Operator:
    """-i [H(t), rho], (d, d).

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).

    Examples:
        >>> system = qt.OpenSystem(2.0 * qt.number(2))
        >>> qt.dynamics.unitary_part(system, 0.0, qt.pure_state([1, 1]))
        [[0.0, 1.0j], [-1.0j, 0.0]]
    """
    return -1j * commutator(system.hamiltonian(t), rho)


@checked
def dissipative_parts(
    system: OpenSystem, t: RealLike, rho: Operator
) -> Complex[Array, "baths d d"]:
    """D_k(rho) of every bath, (baths, d, d).

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).

    Examples:
        >>> system = qt.OpenSystem(qt.number(2), qt.Lindblad(qt.destroy(2), 0.1))
        >>> qt.dynamics.dissipative_parts(system, 0.0, qt.pure_state([0, 1]))[0].real
        [[0.1, 0.0], [0.0, -0.1]]
    """
    parts = [dissipate(*jump_operators(b, system.hamiltonian, t), rho) for b in system.baths]
    return jnp.stack(parts) if parts else jnp.zeros((0, *rho.shape), rho.dtype)


@checked
def right_hand_side(system: OpenSystem, t: RealLike, rho: Operator) -> Operator:
    """rho' = -i[H, rho] + sum_k D_k(rho), eq. (7), (d, d).

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).

    Examples:
        >>> system = qt.OpenSystem(qt.number(2), qt.Lindblad(qt.destroy(2), 0.1))
        >>> qt.dynamics.right_hand_side(system, 0.0, qt.pure_state([0, 1])).diagonal().real
        [0.1, -0.1]
    """
    return unitary_part(system, t, rho) + dissipative_parts(system, t, rho).sum(axis=0)


@checked
def heat_currents(system: OpenSystem, t: RealLike, rho: Operator) -> Float[Array, " baths"]:
    """Q'_k = tr(D_k(rho) (H - mu_k N_k)) of every bath, (baths,); positive into the system.

    mu_k N_k for baths that exchange particles only: what they give as chemical work is no heat.

    Each is a small difference of gross flows up and down near a steady state, and as sure as those:
    `rates` has this rounding as `heat_rounding`, and a `steady_machine` says with `error_of` what
    the error of its state adds.

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), 2.0, 2 / np.log(2), qt.Flat(0.1))
        >>> system = qt.OpenSystem(2.0 * qt.number(2), bath)
        >>> qt.dynamics.heat_currents(system, 0.0, qt.pure_state([1, 0]))
        [0.2]
    """
    if any(map(_is_in_blocks, system.baths)):
        return jnp.stack([_heat_current(system, bath, t, rho) for bath in system.baths])
    operators = heat_operators(system, system.energy_hamiltonian(t), t)
    return jnp.sum(dissipative_parts(system, t, rho) * operators.mT, axis=(-2, -1)).real


def _is_in_blocks(bath: AbstractDissipator) -> bool:
    """Whether the heat of a bath is known from blocks of levels, without its jump operators."""
    if not isinstance(bath, AbstractDaviesBath):
        return False
    return sum(bath.transitions.levels) >= FEWEST_IN_BLOCKS and keeps_levels(bath.transitions)


def _heat_current(system: OpenSystem, bath: Any, t: RealLike, rho: Operator) -> Real:
    """The heat current of one bath; nan of one of too many jump operators whose H is another."""
    h, energy = system.hamiltonian(t), system.energy_hamiltonian(t)

    def from_jumps() -> Real:
        moved = dissipate(*jump_operators(bath, system.hamiltonian, t), rho)
        return expectation(heat_operator(bath.at(t), energy), moved)

    if not _is_in_blocks(bath):
        return from_jumps()
    current = expectation(heat_observable(bath, h), rho)
    other = differs_from(bath, h) | (jnp.max(jnp.abs(energy - h)) > 0.0)
    if has_many_jumps(bath):
        return jnp.where(other, jnp.nan, current)
    if is_concrete(other):
        return from_jumps() if bool(other) else current
    listed = jax.lax.cond(unvmap_any(other), from_jumps, lambda: current)
    return jnp.where(other, listed, current)


def differs_from(bath: AbstractDissipator, hamiltonian: Operator) -> Bool[Array, ""]:
    """Whether a bath is made for another Hamiltonian than this, by more than rounding.

    Args:
        bath: the dissipator.
        hamiltonian: (d, d).
    """
    own = bath.own_hamiltonian if isinstance(bath, AbstractDaviesBath) else None
    if own is None:
        return jnp.asarray(False)
    largest = jnp.max(jnp.abs(hamiltonian))
    return jnp.max(jnp.abs(own - hamiltonian)) > most_defect() * largest


def heat_operators(
    system: OpenSystem, energy: Operator, t: RealLike
) -> Complex[Array, "*baths d d"]:
    """H - mu_k N_k of every bath, (baths, d, d); H alone, (d, d), if no bath exchanges particles.

    Args:
        system: the open system.
        energy: the Hamiltonian that is called energy, (d, d).
        t: time.
    """
    if all(bath.particles is None for bath in system.baths):
        return energy
    return jnp.stack([heat_operator(bath.at(t), energy) for bath in system.baths])


@checked
def particle_currents(system: OpenSystem, t: RealLike, rho: Operator) -> Float[Array, " baths"]:
    """N'_k = tr(D_k(rho) N_k) of every bath, (baths,); positive into the system.

    0 for baths that exchange no particles.

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).

    Examples:
        >>> lead = qt.dynamics.FermionicLead(qt.destroy(2), 1.0, 1 / np.log(3), 0.0, 0.1)
        >>> system = qt.OpenSystem(qt.number(2), lead)
        >>> qt.dynamics.particle_currents(system, 0.0, qt.pure_state([1, 0]))
        [0.025]
    """
    parts = dissipative_parts(system, t, rho)
    currents = [jnp.zeros(0, parts.real.dtype)]
    for bath, part in zip(system.baths, parts, strict=True):
        number = None if bath.particles is None else bath.particles.number
        currents.append(jnp.zeros(1) if number is None else expectation(number, part)[None])
    return jnp.concatenate(currents)


@checked
def chemical_power(system: OpenSystem, t: RealLike, rho: Operator) -> Real:
    """sum_k mu_k N'_k, the work that the baths do on the system by way of particles.

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).

    Examples:
        >>> lead = qt.dynamics.FermionicLead(qt.destroy(2), 1.0, 0.0, 2.0, 0.1)
        >>> system = qt.OpenSystem(qt.number(2), lead)
        >>> qt.dynamics.chemical_power(system, 0.0, qt.pure_state([1, 0]))
        0.2
    """
    currents = particle_currents(system, t, rho)
    exchanged = [bath.at(t).particles for bath in system.baths]
    potentials: list[Any] = [0.0 if x is None else x.chemical_potential for x in exchanged]
    return sum((mu * n for mu, n in zip(potentials, currents, strict=True)), jnp.zeros(()))


@checked
def power(system: OpenSystem, t: RealLike, rho: Operator) -> Real:
    """W' = tr(rho H'), positive when work is done on the system.

    If `system.energy` is not the Hamiltonian that moves the state, tr(-i[H, rho] energy) is added.

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).

    Examples:
        >>> system = qt.OpenSystem(qt.Driven([(qt.Linear(1.0, 3.0), qt.number(2))]))
        >>> qt.dynamics.power(system, 0.0, qt.pure_state([1, 1]))
        1.0
    """
    work = expectation(hamiltonian_rate(system.energy_hamiltonian, t), rho)
    if system.energy is not None:
        work = work + expectation(system.energy(t), unitary_part(system, t, rho))
    return work


@checked
def liouvillian(system: OpenSystem, t: RealLike = 0.0) -> Complex[Array, "n n"]:
    """The generator L with vec(rho') = L vec(rho), vec row by row, (d*d, d*d).

    Args:
        system: the open system.
        t: time.

    Examples:
        >>> system = qt.OpenSystem(qt.number(2), qt.Lindblad(qt.destroy(2), 0.1))
        >>> qt.dynamics.liouvillian(system).diagonal()
        [0.0, -0.05+1.0j, -0.05-1.0j, -0.1]
    """
    h = system.hamiltonian(t)
    total = hamiltonian_superoperator(h)
    for bath in system.baths:
        total = total + dissipator_superoperator(*jump_operators(bath, system.hamiltonian, t))
    return total


@checked
def canonical_generator(system: OpenSystem, t: RealLike = 0.0) -> CanonicalForm:
    """The canonical form (8), (9) of the system's generator at one time.

    `OpenSystem(form.hamiltonian, Lindblad(form.operators, form.rates))` moves states in the same
    way; its heats differ, because the division into H and D does (docs/physics.md).

    Args:
        system: the open system.
        t: time.

    Returns:
        `CanonicalForm`; its `cp_divisible` says whether all canonical rates are >= 0.

    Examples:
        >>> bath = qt.Lindblad(qt.sigmaz(), 0.1)
        >>> form = qt.dynamics.canonical_generator(qt.OpenSystem(qt.number(2), bath))
        >>> form.rates, form.cp_divisible
        ([0.0, 0.0, 0.2], True)
    """
    h = system.hamiltonian(t)
    jumps = [jump_operators(bath, system.hamiltonian, t) for bath in system.baths]
    none = (jnp.zeros(0, h.real.dtype), jnp.zeros((0, *h.shape), h.dtype))
    rates, operators = (jnp.concatenate(x) for x in zip(none, *jumps, strict=True))
    return canonical_form(h, rates, operators)


@checked
def gibbs_defects(system: OpenSystem, t: RealLike) -> Float[Array, " baths"]:
    """How far each bath is from fixing its Gibbs state: `gibbs_defect` relative to its rates.

    Args:
        system: the open system; the Gibbs states are those of its energy Hamiltonian.
        t: time.

    Returns:
        Numbers >= 0, (baths,); 0 for dissipators without a temperature.

    Examples:
        >>> h = qt.number(2) + 0.5 * qt.sigmax()
        >>> davies = qt.DaviesBath(h, qt.sigmax(), 0.5, qt.Flat(0.1))
        >>> local = qt.LocalBath(qt.destroy(2), 1.0, 0.5, qt.Flat(0.1))
        >>> qt.dynamics.gibbs_defects(qt.OpenSystem(h, [davies, local]), 0.0)
        [0.0, 0.1783]
    """
    energy = system.energy_hamiltonian(t)
    defects = [jnp.zeros(0)]
    for bath in system.baths:
        if has_reference(bath):
            defects.append(gibbs_defect(bath, system.hamiltonian, t, energy)[None])
        else:
            defects.append(jnp.zeros(1))
    return jnp.concatenate(defects)


def warn_unless_gibbs(system: OpenSystem, defects: Float[Array, " baths"]) -> None:
    """Warn, after Levy and Kosloff, of baths that do not fix their Gibbs states (concrete only).

    Not of those that say so themselves (`keeps_reference`).
    """
    found = np.asarray(defects)
    tolerance = max(LEVY_KOSLOFF_TOLERANCE, 1e3 * float(np.finfo(found.dtype).eps))
    for k, defect in enumerate(found):
        if defect > tolerance and system.baths[k].keeps_reference:
            state = "Gibbs state of H at its temperature"
            if not is_thermal(system.baths[k]):
                state = "state of its `reference` (with enough levels, for an oscillator)"
            warnings.warn(
                f"`baths[{k}]` ({type(system.baths[k]).__name__}) does not leave the {state} "
                f"as it is (relative defect {defect:.1e}): a local bath on "
                "coupled or driven levels. Spohn's production may be negative and heat may run "
                "from cold to hot here (Levy and Kosloff, EPL 107, 20004, 2014). Use `DaviesBath` "
                "or `AdiabaticBath` if that is not what you mean.",
                stacklevel=3,
            )
