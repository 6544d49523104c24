"""Real components of Hermitian operators in an orthonormal basis, chosen to keep generators sparse.

For d = 2^N the basis is that of the Pauli strings / sqrt(d): local Hamiltonians and local jumps
then have a few entries per row. For other d the components are the entries of the real matrix
Re(rho) + Im(rho). Either way rho = sum_i x_i B_i with tr(B_i B_j) = delta_ij, so tr(A rho) is the
dot product of components.

Traced operators are mapped by jax.numpy, fixed ones by `scipy.sparse`, so that their zeros are
known; functions that serve both take the module as `xp`.
"""

import functools
from typing import Any

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import as_numbers, check_square, described
from .._precise import einsum, matmul
from .._types import Operator

_PAULI = np.array(
    [[1, 0, 0, 1], [0, 1, 1, 0], [0, 1j, -1j, 0], [1, 0, 0, -1]]
) / np.sqrt(2.0)  # fmt: skip


def qubits_of(d: int) -> int | None:
    """N with 2^N = d, or None."""
    n = d.bit_length() - 1
    return n if d == 2**n and n > 0 else None


def commutator_map(h: Any, xp: Any) -> Any:
    """The superoperator rho -> -i[H, rho] on row-by-row vectors, (d*d, d*d)."""
    one = xp.eye(h.shape[0])
    return -1j * (xp.kron(h, one) - xp.kron(one, h.T))


def jump_map(operator: Any, xp: Any) -> Any:
    """The superoperator rho -> L rho L^+ - {L^+ L, rho}/2 on row-by-row vectors, (d*d, d*d)."""
    one = xp.eye(operator.shape[0])
    loss = matmul(operator.conj().T, operator) if xp is jnp else operator.conj().T @ operator
    gain = xp.kron(operator, operator.conj())
    return gain - 0.5 * (xp.kron(loss, one) + xp.kron(one, loss.T))


def components(vectors: Any, d: int, xp: Any) -> Any:
    """T v for columns v of row-by-row vectors: their components in the Hermitian basis.

    Args:
        vectors: (d*d, ...); for a Hermitian operator A the column A.reshape(-1).
        d: dimension of the Hilbert space.
        xp: numpy or jax.numpy.

    Returns:
        (d*d, ...), complex; real up to rounding for Hermitian operators.
    """
    qubits = qubits_of(d)
    if qubits is None:
        return 0.5 * ((1 - 1j) * vectors + (1 + 1j) * vectors[_swapped(d)])
    rest, contract = vectors.shape[1:], einsum if xp is jnp else xp.einsum
    found = vectors[_by_qubit(qubits)].reshape(4**qubits, -1)
    for k in range(qubits):
        found = contract("ab,xbz->xaz", _PAULI, found.reshape(4**k, 4, -1))
    return found.reshape(d * d, *rest)


def real_map(superoperator: Array, d: int) -> Array:
    """A Hermiticity-preserving superoperator as a real matrix on components, (d*d, d*d)."""
    half = components(superoperator, d, jnp)
    return components(half.conj().T, d, jnp).real.T


def sparse_real_map(superoperator: Any, d: int) -> sp.coo_array:
    """The same for a sparse matrix, one sparse factor of T after the other."""
    for factor in _factors(d):
        superoperator = factor @ superoperator @ factor.conj().T
        superoperator.eliminate_zeros()
    return superoperator.real.tocoo()


@functools.lru_cache
def _factors(d: int) -> list[sp.csr_array]:
    """Sparse matrices whose product, the last one leftmost, is T of `components`."""
    qubits, one = qubits_of(d), sp.csr_array(sp.eye_array(d * d))
    if qubits is None:
        return [0.5 * ((1 - 1j) * one + (1 + 1j) * one[_swapped(d)])]
    pauli = sp.csr_array(_PAULI)
    each = [
        sp.kron(sp.kron(sp.eye_array(4**k), pauli), sp.eye_array(4 ** (qubits - 1 - k)))
        for k in range(qubits)
    ]
    return [one[_by_qubit(qubits)], *map(sp.csr_array, each)]


def _swapped(d: int) -> np.ndarray:
    """Where the entries of the transposed operator are."""
    return np.arange(d * d).reshape(d, d).T.reshape(-1)


def _by_qubit(qubits: int) -> np.ndarray:
    """Where the entries are in the order of (row bit, column bit) pairs."""
    order = [axis for k in range(qubits) for axis in (k, qubits + k)]
    return np.arange(4**qubits).reshape((2,) * (2 * qubits)).transpose(order).reshape(-1)


@checked
def to_components(rho: Any, xp: Any = jnp) -> Any:
    """The real components of a Hermitian operator, (d*d,).

    Examples:
        >>> qt.algebra.to_components(qt.sigmaz())
        [0.0, 0.0, 0.0, 1.4142]
    """
    check_square("rho", rho)
    if xp is not np and xp is not jnp:
        raise ValueError(f"`xp` must be `numpy` or `jax.numpy`, got {described(xp)}.")
    rho = as_numbers("rho", rho, "a square matrix of numbers")
    if xp is np:
        return components(rho.reshape(-1), rho.shape[0], np).real
    return _by_sums(rho.real, rho.imag)


def _by_sums(real: Array, imaginary: Array) -> Float[Array, " n"]:
    """The components by real sums of entries, which merge with what comes before and after."""
    d = real.shape[0]
    qubits = qubits_of(d)
    if qubits is None:
        return (0.5 * ((real + real.T) + (imaginary - imaginary.T))).reshape(-1)
    order = [axis for k in range(qubits) for axis in (k, qubits + k)]

    def by_qubit(a: Array) -> Array:
        return a.reshape((2,) * (2 * qubits)).transpose(order).reshape((4,) * qubits)

    real, imaginary = by_qubit(real), by_qubit(imaginary)
    for k in range(qubits):  # 00, 01, 10, 11 -> I, X, Y, Z
        (a, b, c, e), (a_i, b_i, c_i, e_i) = (jnp.moveaxis(x, k, 0) for x in (real, imaginary))
        real = jnp.stack([a + e, b + c, c_i - b_i, a - e], axis=k)
        imaginary = jnp.stack([a_i + e_i, b_i + c_i, b - c, a_i - e_i], axis=k)
    return real.reshape(-1) / np.sqrt(d)


@checked
def from_components(x: Float[Array, " n"]) -> Operator:
    """The Hermitian operator with components x, (d, d), by real sums of entries.

    Examples:
        >>> qt.algebra.from_components(jnp.array([0.0, 1.0, 0.0, 0.0]))
        [[0.0, 0.7071], [0.7071, 0.0]]
    """
    d = int(np.sqrt(x.shape[0]))
    if d == 0 or x.shape[0] != d * d:
        raise ValueError(f"`x` must have shape (d*d,), got {x.shape}.")
    qubits = qubits_of(d)
    if qubits is None:
        a = x.reshape(d, d)
        return 0.5 * ((a + a.T) + 1j * (a - a.T))
    real, imaginary = x.reshape((4,) * qubits) / np.sqrt(d), jnp.zeros((4,) * qubits, x.dtype)
    for k in range(qubits):  # I, X, Y, Z -> 00, 01, 10, 11
        one, sx, sy, sz = jnp.moveaxis(real, k, 0)
        one_i, sx_i, sy_i, sz_i = jnp.moveaxis(imaginary, k, 0)
        real = jnp.stack([one + sz, sx + sy_i, sx - sy_i, one - sz], axis=k)
        imaginary = jnp.stack([one_i + sz_i, sx_i - sy, sx_i + sy, one_i - sz_i], axis=k)
    order = [2 * k for k in range(qubits)] + [2 * k + 1 for k in range(qubits)]
    shape = (2,) * (2 * qubits)
    real, imaginary = (a.reshape(shape).transpose(order).reshape(d, d) for a in (real, imaginary))
    return real + 1j * imaginary
