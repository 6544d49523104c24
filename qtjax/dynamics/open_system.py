"""The open system: a Hamiltonian and its baths, and everything that follows at one instant."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._types import Operator, Real, RealLike
from ..algebra.canonical import CanonicalForm, canonical_form
from ..algebra.operators import commutator, expectation
from ..algebra.superoperators import dissipator_superoperator, hamiltonian_superoperator
from .dissipators import AbstractDissipator, dissipate, gibbs_defect
from .hamiltonians import (
    AbstractHamiltonian,
    add_hamiltonians,
    as_hamiltonian,
    embed_hamiltonian,
    hamiltonian_rate,
)

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
        ValueError: a bath or `energy` of another dimension than the Hamiltonian, or parts whose
            dimensions do not multiply to d.
    """

    hamiltonian: AbstractHamiltonian
    baths: tuple[AbstractDissipator, ...]
    energy: AbstractHamiltonian | None
    parts: tuple[AbstractHamiltonian, ...]

    def __init__(self, hamiltonian: Any, baths: Any = (), energy: Any = None, parts: Any = ()):
        self.hamiltonian = as_hamiltonian(hamiltonian)
        self.baths = (baths,) if isinstance(baths, AbstractDissipator) else tuple(baths)
        self.energy = None if energy is None else as_hamiltonian(energy)
        self.parts = tuple(as_hamiltonian(part) for part in parts)
        self._check()

    def _check(self) -> None:
        for k, bath in enumerate(self.baths):
            if not isinstance(bath, AbstractDissipator):
                raise ValueError(
                    f"`baths[{k}]` must be a dissipator such as LocalBath or Lindblad, "
                    f"got {type(bath).__name__}."
                )
            if bath.dimension != self.dimension:
                raise ValueError(
                    f"`baths[{k}]` acts on d = {bath.dimension}, but the Hamiltonian has "
                    f"d = {self.dimension}; use `embed` or `tensor` for operators of a part."
                )
        if self.energy is not None and self.energy(jnp.zeros(())).shape[0] != self.dimension:
            raise ValueError(f"`energy` must have d = {self.dimension} like the Hamiltonian.")
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
        """Times where a Hamiltonian, a rate or a derivative of them jumps, in order."""
        parts = [self.hamiltonian, *self.baths, *([] if self.energy is None else [self.energy])]
        return jnp.sort(jnp.concatenate([part.breakpoints() for part in parts]))

    @property
    def energy_hamiltonian(self) -> AbstractHamiltonian:
        """The Hamiltonian whose expectation is called energy."""
        return self.hamiltonian if self.energy is None else self.energy


def dimension_of(hamiltonian: AbstractHamiltonian) -> int:
    """The dimension d of the space that a Hamiltonian acts on."""
    return eqx.filter_eval_shape(hamiltonian, jnp.zeros(())).shape[0]


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
        ValueError: no parts, or a coupling of another dimension than their product.
    """
    hamiltonians = [as_hamiltonian(part) for part in parts]
    if not hamiltonians:
        raise ValueError("`parts` must hold at least one Hamiltonian, got none.")
    dims = tuple(dimension_of(h) for h in hamiltonians)
    terms = [embed_hamiltonian(h, dims, k) for k, h in enumerate(hamiltonians)]
    if coupling is not None:
        coupling = as_hamiltonian(coupling)
        d = dimension_of(coupling)
        if d != math.prod(dims):
            raise ValueError(
                f"`coupling` has d = {d}, but the dimensions {dims} of the parts multiply to "
                f"{math.prod(dims)}; build it with `tensor`."
            )
        terms.append(coupling)
    return OpenSystem(add_hamiltonians(terms), baths, energy, hamiltonians)


def unitary_part(system: OpenSystem, t: RealLike, rho: Operator) -> Operator:
    """-i [H(t), rho], (d, d).

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).
    """
    return -1j * commutator(system.hamiltonian(t), rho)


def dissipative_parts(
    system: OpenSystem, t: RealLike, rho: Operator
) -> Complex[Array, "baths d d"]:
    """D_k(rho) of every bath, (baths, d, d).

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).
    """
    h = system.hamiltonian(t)
    parts = [dissipate(*bath.jumps(t, h), rho) for bath in system.baths]
    return jnp.stack(parts) if parts else jnp.zeros((0, *rho.shape), rho.dtype)


def right_hand_side(system: OpenSystem, t: RealLike, rho: Operator) -> Operator:
    """rho' = -i[H, rho] + sum_k D_k(rho), eq. (7), (d, d).

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).
    """
    return unitary_part(system, t, rho) + dissipative_parts(system, t, rho).sum(axis=0)


def heat_currents(system: OpenSystem, t: RealLike, rho: Operator) -> Float[Array, " baths"]:
    """Q'_k = tr(D_k(rho) H) of every bath, (baths,); positive into the system.

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).
    """
    h = system.energy_hamiltonian(t)
    return jnp.sum(dissipative_parts(system, t, rho) * h.T, axis=(-2, -1)).real


def power(system: OpenSystem, t: RealLike, rho: Operator) -> Real:
    """W' = tr(rho H'), positive when work is done on the system.

    If `system.energy` is not the Hamiltonian that moves the state, tr(-i[H, rho] energy) is added.

    Args:
        system: the open system.
        t: time.
        rho: state, (d, d).
    """
    work = expectation(hamiltonian_rate(system.energy_hamiltonian, t), rho)
    if system.energy is not None:
        work = work + expectation(system.energy(t), unitary_part(system, t, rho))
    return work


def liouvillian(system: OpenSystem, t: RealLike = 0.0) -> Complex[Array, "n n"]:
    """The generator L with vec(rho') = L vec(rho), vec row by row, (d*d, d*d).

    Args:
        system: the open system.
        t: time.
    """
    h = system.hamiltonian(t)
    total = hamiltonian_superoperator(h)
    for bath in system.baths:
        total = total + dissipator_superoperator(*bath.jumps(t, h))
    return total


def canonical_generator(system: OpenSystem, t: RealLike = 0.0) -> CanonicalForm:
    """The canonical form (8), (9) of the system's generator at one time.

    `OpenSystem(form.hamiltonian, Lindblad(form.operators, form.rates))` moves states in the same
    way; its heats differ, because the division into H and D does (docs/physics.md).

    Args:
        system: the open system.
        t: time.

    Returns:
        `CanonicalForm`; its `cp_divisible` says whether all canonical rates are >= 0.
    """
    h = system.hamiltonian(t)
    jumps = [bath.jumps(t, h) for bath in system.baths]
    none = (jnp.zeros(0, h.real.dtype), jnp.zeros((0, *h.shape), h.dtype))
    rates, operators = (jnp.concatenate(x) for x in zip(none, *jumps, strict=True))
    return canonical_form(h, rates, operators)


def gibbs_defects(system: OpenSystem, t: RealLike) -> Float[Array, " baths"]:
    """How far each bath is from fixing its Gibbs state: `gibbs_defect` relative to its rates.

    Args:
        system: the open system; the Gibbs states are those of its energy Hamiltonian.
        t: time.

    Returns:
        Numbers >= 0, (baths,); 0 for dissipators without a temperature.
    """
    h, energy = system.hamiltonian(t), system.energy_hamiltonian(t)
    defects = [jnp.zeros(0, h.real.dtype)]
    for bath in system.baths:
        if bath.temperature is None:
            defects.append(jnp.zeros(1, h.real.dtype))
            continue
        rates, operators = bath.jumps(t, h)
        size = jnp.max(jnp.abs(rates) * jnp.max(jnp.abs(operators), axis=(1, 2)) ** 2, initial=0.0)
        defect = gibbs_defect(bath, t, energy)
        defects.append((defect / jnp.where(size > 0.0, size, 1.0))[None])
    return jnp.concatenate(defects)


def warn_unless_gibbs(system: OpenSystem, defects: Float[Array, " baths"]) -> None:
    """Warn, after Levy and Kosloff, of baths that do not fix their Gibbs states (concrete only)."""
    found = np.asarray(defects)
    tolerance = max(LEVY_KOSLOFF_TOLERANCE, 1e3 * float(np.finfo(found.dtype).eps))
    for k, defect in enumerate(found):
        if defect > tolerance:
            warnings.warn(
                f"`baths[{k}]` ({type(system.baths[k]).__name__}) does not leave the Gibbs state "
                f"of H at its temperature as it is (relative defect {defect:.1e}): a local bath on "
                "coupled or driven levels. Spohn's production may be negative and heat may run "
                "from cold to hot here (Levy and Kosloff, EPL 107, 20004, 2014). Use `DaviesBath` "
                "or `AdiabaticBath` if that is not what you mean.",
                stacklevel=3,
            )
