"""Ergotropy: the work that a unitary can take out of a state."""

import jax
import jax.numpy as jnp

from .._checks import as_complex
from .._types import Operator, OperatorLike, Real
from ..algebra.operators import expectation
from ..algebra.spectral import eigh


def ergotropy(rho: OperatorLike, hamiltonian: OperatorLike) -> Real:
    """tr(rho H) - sum_k r_k e_k, populations falling as energies rise (A9).

    Differentiable away from its kinks (crossing populations or levels).

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).

    Returns:
        A scalar >= 0, in units of energy.

    Source: Allahverdyan, Balian and Nieuwenhuizen, Europhys. Lett. 67, 565 (2004).
    """
    return expectation(hamiltonian, rho) - _passive_energy(as_complex(rho), as_complex(hamiltonian))


def passive_state(rho: OperatorLike, hamiltonian: OperatorLike) -> Operator:
    """The state of the same spectrum without ergotropy, sum_k r_k |e_k><e_k|, (d, d).

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).
    """
    populations, _ = eigh(as_complex(rho))
    _, vectors = eigh(as_complex(hamiltonian))
    return (vectors * populations[::-1]) @ vectors.conj().T


@jax.custom_jvp
def _passive_energy(rho: Operator, hamiltonian: Operator) -> Real:
    """sum_k r_k e_k, r descending, e ascending."""
    populations, _ = eigh(rho)
    energies, _ = eigh(hamiltonian)
    return jnp.sum(populations[::-1] * energies)


@_passive_energy.defjvp
def _passive_energy_jvp(primals, tangents):
    (rho, hamiltonian), (x, y) = primals, tangents
    populations, left = eigh(rho)
    energies, right = eigh(hamiltonian)
    moved = jnp.einsum("ki,kl,li->i", left.conj(), x, left).real @ energies[::-1]
    shifted = jnp.einsum("ki,kl,li->i", right.conj(), y, right).real @ populations[::-1]
    return _passive_energy(rho, hamiltonian), moved + shifted
