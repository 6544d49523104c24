"""Coherence between energy levels."""

import jax
import jax.numpy as jnp
from jaxtyping import Array

from .._checked import checked
from .._checks import as_complex, check_square
from .._compiled import compiled, compiled_for_qubits
from .._precise import matmul
from .._types import Operator, OperatorLike, Real
from ..algebra.divided_differences import Log
from ..algebra.levels import group_levels, level_projectors
from ..algebra.operators import expectation
from ..algebra.spectral import apply
from .entropy import relative_entropy


@checked
def dephase(
    rho: OperatorLike, hamiltonian: OperatorLike, levels: tuple[int, ...] | None = None
) -> Operator:
    """The state without coherence between energy levels: sum_n P_n rho P_n.

    Coherence inside a degenerate level stays.

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).
        levels: sizes of the groups of equal energies, ascending; found from a concrete H by
            default.

    Returns:
        Density matrix, (d, d).

    Raises:
        ValueError: the shapes do not agree, or H is traced and `levels` is not given.

    Source: docs/physics.md, A8.

    Examples:
        >>> qt.information.dephase(qt.pure_state([1, 1]), qt.number(2))
        [[0.5, 0.0], [0.0, 0.5]]
    """
    check_square("rho", rho)
    check_square("hamiltonian", hamiltonian, jnp.shape(rho)[0])
    levels = group_levels(hamiltonian) if levels is None else levels
    return _pinched(as_complex(rho), level_projectors(hamiltonian, levels))


@compiled
def _pinched(rho: Operator, projectors: Array) -> Operator:
    return jnp.sum(matmul(matmul(projectors, rho), projectors), axis=0)


@jax.custom_jvp
def _divergence(rho: Operator, dephased: Operator) -> Real:
    return relative_entropy(rho, dephased)


@_divergence.defjvp
def _divergence_jvp(primals, tangents):
    """That of S(dephased) - S(rho): the two logarithms cancel where both supports grow."""
    logs = [apply(Log(), state) for state in primals]
    terms = [expectation(log, change) for log, change in zip(logs, tangents, strict=True)]
    return _divergence(*primals), terms[0] - terms[1]


_compiled_divergence = compiled_for_qubits(_divergence)


@checked
def coherence(
    rho: OperatorLike, hamiltonian: OperatorLike, levels: tuple[int, ...] | None = None
) -> Real:
    """The relative entropy of coherence C = S(dephased rho) - S(rho) = D(rho||dephased rho) >= 0.

    Computed as the relative entropy, in which nothing cancels when C is small.

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).
        levels: sizes of the groups of equal energies, ascending; found from a concrete H by
            default.

    Returns:
        C in nats.

    Raises:
        ValueError: the shapes do not agree, or H is traced and `levels` is not given.

    Source: Baumgratz, Cramer and Plenio, Phys. Rev. Lett. 113, 140401 (2014).

    Examples:
        >>> qt.information.coherence(qt.pure_state([1, 1]), qt.number(2))  # ln 2
        0.6931
    """
    rho = as_complex(rho)
    return _compiled_divergence(rho, dephase(rho, hamiltonian, levels))
