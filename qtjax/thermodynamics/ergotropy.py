"""Ergotropy: the work that a unitary can draw from a state."""

import jax
import jax.numpy as jnp

from .._checks import as_complex, check_square
from .._precise import matmul, tensordot
from .._types import Operator, OperatorLike, Real
from ..algebra.operators import expectation
from ..algebra.spectral import eigenvalues, level_projectors, weighted_projectors


def ergotropy(rho: OperatorLike, hamiltonian: OperatorLike) -> Real:
    """The ergotropy tr(rho H) - sum_k r_k e_k, r_k descending, e_k ascending.

    Twice differentiable where the order of populations is decided. At a degenerate state (for
    levels of different energy) it has a kink; the derivative there is finite, one of the
    subgradients.

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).

    Returns:
        Work >= 0, in units of energy.

    Raises:
        ValueError: the shapes do not agree.

    Source: Allahverdyan, Balian and Nieuwenhuizen, Europhys. Lett. 67, 565 (2004).
    """
    check_square("rho", rho)
    check_square("hamiltonian", hamiltonian, jnp.shape(rho)[0])
    h, rho = as_complex(hamiltonian), as_complex(rho)
    return expectation(h, rho) - _passive_energy(rho, h)


@jax.custom_jvp
def _passive_energy(rho: Operator, h: Operator) -> Real:
    """sum_k r_k e_k, as one function: its second derivatives are right inside degenerate levels."""
    return matmul(eigenvalues(rho)[::-1], eigenvalues(h))


@_passive_energy.defjvp
def _passive_energy_jvp(primals, tangents):
    (rho, h), (rho_dot, h_dot) = primals, tangents
    by_state = weighted_projectors(rho, eigenvalues(h)[::-1])
    by_energy = weighted_projectors(h, eigenvalues(rho)[::-1])
    return _passive_energy(rho, h), expectation(by_state, rho_dot) + expectation(by_energy, h_dot)


def passive_state(rho: OperatorLike, hamiltonian: OperatorLike) -> Operator:
    """The passive state sum_k r_k |e_k><e_k|, r_k descending, e_k ascending: no work is left in it.

    In a degenerate level of H with different r_k it is one of many, all of the same energy.

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).

    Returns:
        Density matrix with the eigenvalues of rho, (d, d).

    Raises:
        ValueError: the shapes do not agree.

    Source: Pusz and Woronowicz, Commun. Math. Phys. 58, 273 (1978).
    """
    check_square("rho", rho)
    check_square("hamiltonian", hamiltonian, jnp.shape(rho)[0])
    projectors = level_projectors(hamiltonian, (1,) * jnp.shape(rho)[0])
    return tensordot(as_complex(eigenvalues(rho)[::-1]), projectors, axes=1)
