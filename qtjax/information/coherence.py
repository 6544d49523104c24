"""Coherence in the energy basis."""

import jax.numpy as jnp

from .._checks import as_complex
from .._types import Operator, OperatorLike, Real
from ..algebra.spectral import group_levels, level_projectors
from .entropy import entropy


def dephase(
    rho: OperatorLike, hamiltonian: OperatorLike, levels: tuple[int, ...] | None = None
) -> Operator:
    """sum_l Pi_l rho Pi_l over the energy levels of H, (d, d).

    Coherence inside a degenerate level stays: no phase tells it from a choice of basis.

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).
        levels: degeneracies in ascending order of energy; found from a concrete H, and (1, 1) for a
            traced qubit.

    Raises:
        ValueError: a traced H with d > 2 and no `levels`.
    """
    h = as_complex(hamiltonian)
    if levels is None:
        levels = (1, 1) if h.shape[0] == 2 else group_levels(hamiltonian)
    projectors = level_projectors(h, levels)
    return jnp.einsum("lij,jk,lkm->im", projectors, as_complex(rho), projectors)


def coherence(
    rho: OperatorLike, hamiltonian: OperatorLike, levels: tuple[int, ...] | None = None
) -> Real:
    """The relative entropy of coherence S(dephased rho) - S(rho) >= 0 in the energy basis.

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).
        levels: degeneracies; see `dephase`.

    Returns:
        A scalar in nats.

    Source: Baumgratz, Cramer and Plenio, Phys. Rev. Lett. 113, 140401 (2014).
    """
    return entropy(dephase(rho, hamiltonian, levels)) - entropy(as_complex(rho))
