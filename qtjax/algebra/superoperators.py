"""Superoperators: linear maps of operators as matrices.

Operators are vectorized row by row, so that A rho B becomes kron(A, B^T) vec(rho). The real form,
for Hermitian operators, is that of `hermitian_basis`.
"""

import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from .._checked import checked
from .._checks import as_complex, check_operators, check_square
from .._precise import einsum
from .._types import OperatorLike


@checked
def sandwich(a: OperatorLike, b: OperatorLike) -> Complex[Array, "n n"]:
    """The superoperator rho -> a rho b, as a matrix on row-by-row vectors.

    Args:
        a: operator, (d, d).
        b: operator, (d, d).

    Returns:
        Complex matrix (d*d, d*d).

    Examples:
        >>> flip = qt.algebra.sandwich(qt.sigmax(), qt.sigmax())
        >>> flip.dot(qt.pure_state([1, 0]).reshape(-1)).reshape(2, 2)
        [[0, 0], [0, 1]]
    """
    a, b = as_complex(a), as_complex(b)
    check_square("a", a)
    check_square("b", b, a.shape[0])
    d = a.shape[0]
    return (a[:, None, :, None] * b.T[None, :, None, :]).reshape(d * d, d * d)


@checked
def hamiltonian_superoperator(hamiltonian: OperatorLike) -> Complex[Array, "n n"]:
    """The superoperator rho -> -i [H, rho].

    Args:
        hamiltonian: Hermitian operator, (d, d), in units of energy (hbar = 1).

    Returns:
        Complex matrix (d*d, d*d).

    Examples:
        >>> qt.algebra.hamiltonian_superoperator(qt.number(2)).diagonal()  # i (E_k - E_j) of rho_jk
        [0, 1j, -1j, 0]
    """
    h = as_complex(hamiltonian)
    one = jnp.eye(h.shape[0], dtype=h.dtype)
    return -1j * (sandwich(h, one) - sandwich(one, h))


@checked
def dissipator_superoperator(
    rates: Float[Array, " jumps"], operators: Complex[Array, "jumps d d"]
) -> Complex[Array, "n n"]:
    """The superoperator rho -> sum_k rate_k (L_k rho L_k^+ - {L_k^+ L_k, rho}/2), eq. (8).

    Args:
        rates: rates of either sign, (jumps,), in units of energy.
        operators: jump operators, (jumps, d, d).

    Returns:
        Complex matrix (d*d, d*d).

    Examples:
        >>> decay = qt.algebra.dissipator_superoperator([1.0], [qt.destroy(2)])
        >>> decay.diagonal()  # of rho_00, rho_01, rho_10, rho_11
        [0.0, -0.5, -0.5, -1.0]
    """
    check_operators("operators", operators)
    d = operators.shape[-1]
    weighted = rates[:, None, None] * operators
    gain = einsum("kij,klm->iljm", weighted, operators.conj()).reshape(d * d, d * d)
    loss = einsum("kji,kjl->il", operators.conj(), weighted)
    one = jnp.eye(d, dtype=operators.dtype)
    return gain - 0.5 * (sandwich(loss, one) + sandwich(one, loss))
