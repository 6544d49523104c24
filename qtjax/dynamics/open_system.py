"""The open system: a Hamiltonian and its baths, and everything that follows at one instant."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from .._types import Operator, Real, RealLike
from ..algebra.operators import commutator, expectation
from ..algebra.superoperators import dissipator_superoperator, hamiltonian_superoperator
from .dissipators import AbstractDissipator, dissipate
from .hamiltonians import AbstractHamiltonian, as_hamiltonian, hamiltonian_rate


class OpenSystem(eqx.Module):
    """A driven system in contact with baths: rho' = -i[H(t), rho] + sum_k D_k(rho), eq. (7).

    Its array leaves are the parameters: `jax.grad`, `jax.vmap` and Optax act on it directly.

    Args:
        hamiltonian: an `AbstractHamiltonian`, a Hermitian matrix (d, d) or a callable t -> (d, d).
        baths: dissipators; heat is booked for each of them, in this order.
        energy: the Hamiltonian whose expectation is called energy; `hamiltonian` by default. Where
            they differ, the energy that -i[hamiltonian, rho] moves is booked as work.

    Raises:
        ValueError: a bath or `energy` of another dimension than the Hamiltonian.
    """

    hamiltonian: AbstractHamiltonian
    baths: tuple[AbstractDissipator, ...]
    energy: AbstractHamiltonian | None

    def __init__(self, hamiltonian: Any, baths: Any = (), energy: Any = None):
        self.hamiltonian = as_hamiltonian(hamiltonian)
        self.baths = (baths,) if isinstance(baths, AbstractDissipator) else tuple(baths)
        self.energy = None if energy is None else as_hamiltonian(energy)
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

    @property
    def dimension(self) -> int:
        """The dimension d of the Hilbert space."""
        return eqx.filter_eval_shape(self.hamiltonian, jnp.zeros(())).shape[0]

    def breakpoints(self) -> Float[Array, " breaks"]:
        """Times where a Hamiltonian, a rate or a derivative of them jumps, in order."""
        parts = [self.hamiltonian, *self.baths, *([] if self.energy is None else [self.energy])]
        return jnp.sort(jnp.concatenate([part.breakpoints() for part in parts]))

    @property
    def energy_hamiltonian(self) -> AbstractHamiltonian:
        """The Hamiltonian whose expectation is called energy."""
        return self.hamiltonian if self.energy is None else self.energy


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
