"""Superoperators: linear maps of operators as matrices, and their real form.

Operators are vectorized row by row, so that A rho B becomes kron(A, B^T) vec(rho). Hermitian
operators form a *real* vector space of dimension d^2: `pack` maps rho to the real matrix
Re(rho) + Im(rho), row by row. The map is an isometry, tr(A B) = pack(A) . pack(B), and what it
leaves out (an anti-Hermitian part) cannot appear: hermiticity holds by construction.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checks import as_complex, check_operators, check_square
from .._types import Operator, OperatorLike


def pack(rho: OperatorLike) -> Float[Array, " d*d"]:
    """The real components Re(rho) + Im(rho) of a Hermitian operator, row by row.

    Args:
        rho: Hermitian operator, (d, d).

    Returns:
        Real vector (d*d,); pack(A) . pack(B) = tr(A B).
    """
    rho = as_complex(rho)
    return (rho.real + rho.imag).reshape(-1)


def unpack(x: Float[Array, " n"]) -> Operator:
    """The Hermitian operator whose real components are x; the inverse of `pack`.

    Args:
        x: real vector of length d*d.

    Returns:
        Hermitian operator, (d, d).
    """
    d = int(np.sqrt(x.shape[0]))
    a = x.reshape(d, d)
    return 0.5 * ((a + a.T) + 1j * (a - a.T))


def sandwich(a: OperatorLike, b: OperatorLike) -> Complex[Array, "n n"]:
    """The superoperator rho -> a rho b, as a matrix on row-by-row vectors.

    Args:
        a: operator, (d, d).
        b: operator, (d, d).

    Returns:
        Complex matrix (d*d, d*d).
    """
    a, b = as_complex(a), as_complex(b)
    check_square("a", a)
    check_square("b", b, a.shape[0])
    d = a.shape[0]
    return (a[:, None, :, None] * b.T[None, :, None, :]).reshape(d * d, d * d)


def hamiltonian_superoperator(hamiltonian: OperatorLike) -> Complex[Array, "n n"]:
    """The superoperator rho -> -i [H, rho].

    Args:
        hamiltonian: Hermitian operator, (d, d), in units of energy (hbar = 1).

    Returns:
        Complex matrix (d*d, d*d).
    """
    h = as_complex(hamiltonian)
    one = jnp.eye(h.shape[0], dtype=h.dtype)
    return -1j * (sandwich(h, one) - sandwich(one, h))


def dissipator_superoperator(
    rates: Float[Array, " jumps"], operators: Complex[Array, "jumps d d"]
) -> Complex[Array, "n n"]:
    """The superoperator rho -> sum_k rate_k (L_k rho L_k^+ - {L_k^+ L_k, rho}/2), eq. (8).

    Args:
        rates: rates of either sign, (jumps,), in units of energy.
        operators: jump operators, (jumps, d, d).

    Returns:
        Complex matrix (d*d, d*d).
    """
    check_operators("operators", operators)
    d = operators.shape[-1]
    weighted = rates[:, None, None] * operators
    gain = jnp.einsum("kij,klm->iljm", weighted, operators.conj()).reshape(d * d, d * d)
    loss = jnp.einsum("kji,kjl->il", operators.conj(), weighted)
    one = jnp.eye(d, dtype=operators.dtype)
    return gain - 0.5 * (sandwich(loss, one) + sandwich(one, loss))


def real_superoperator(superoperator: Complex[Array, "n n"]) -> Float[Array, "n n"]:
    """A Hermiticity-preserving superoperator as a real matrix on packed components.

    pack(rho) = P vec(rho) on Hermitian rho, with the unitary P = ((1-i) + (1+i) SWAP)/2; as
    SWAP S SWAP is the conjugate of S, P S P^+ = Re(S) + Im(S) SWAP.

    Args:
        superoperator: complex matrix (d*d, d*d) on row-by-row vectors.

    Returns:
        Real matrix (d*d, d*d) acting on `pack(rho)`.
    """
    n = superoperator.shape[0]
    d = int(np.sqrt(n))
    swapped = superoperator.imag.reshape(n, d, d).swapaxes(1, 2).reshape(n, n)
    return superoperator.real + swapped
