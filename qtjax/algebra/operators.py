"""Standard operators as matrices. Index 0 is the first basis state of every book.

There is no `sigmam`: books disagree on it. `destroy(2)` = |0><1| lowers the energy of
H = w number(2); with H = +w sigmaz()/2 the ground state has index 1 and `create(2)` lowers.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Num

from .._checks import as_complex, check_square
from .._types import Operator, OperatorLike, Real, VectorLike


def sigmax() -> Operator:
    """The Pauli matrix [[0, 1], [1, 0]]."""
    return as_complex(np.array([[0, 1], [1, 0]]))


def sigmay() -> Operator:
    """The Pauli matrix [[0, -i], [i, 0]]."""
    return as_complex(np.array([[0, -1j], [1j, 0]]))


def sigmaz() -> Operator:
    """The Pauli matrix diag(1, -1)."""
    return as_complex(np.diag([1, -1]))


def identity(d: int) -> Operator:
    """The identity, (d, d)."""
    return as_complex(np.eye(_dimension(d)))


def destroy(d: int) -> Operator:
    """The lowering operator a = sum_n sqrt(n) |n-1><n|, cut off at d levels, (d, d)."""
    return as_complex(np.diag(np.sqrt(np.arange(1, _dimension(d))), 1))


def create(d: int) -> Operator:
    """The raising operator a^+, the adjoint of `destroy(d)`, (d, d)."""
    return as_complex(np.diag(np.sqrt(np.arange(1, _dimension(d))), -1))


def number(d: int) -> Operator:
    """The number operator diag(0, 1, ..., d-1), (d, d)."""
    return as_complex(np.diag(np.arange(_dimension(d))))


def spin(j: float, axis: str) -> Operator:
    """The spin operator S_x, S_y or S_z of spin j, (2j+1, 2j+1), in the basis m = j, ..., -j.

    Args:
        j: a multiple of 1/2, > 0.
        axis: "x", "y" or "z".

    Returns:
        Hermitian operator; for j = 1/2 half a Pauli matrix.

    Raises:
        ValueError: j is not a positive multiple of 1/2, or another axis.
    """
    if j <= 0 or 2 * j != int(2 * j):
        raise ValueError(f"`j` must be a positive multiple of 1/2, got {j}.")
    if axis not in ("x", "y", "z"):
        raise ValueError(f'`axis` must be "x", "y" or "z", got {axis!r}.')
    m = np.arange(j, -j - 1, -1)
    if axis == "z":
        return as_complex(np.diag(m))
    raising = np.diag(np.sqrt(j * (j + 1) - m[1:] * (m[1:] + 1)), 1)
    mixed = (raising + raising.T) / 2 if axis == "x" else (raising - raising.T) / 2j
    return as_complex(mixed)


def projector(vector: VectorLike) -> Operator:
    """|v><v| of a vector (not normalized for you), (d, d).

    Args:
        vector: (d,).
    """
    vector = as_complex(vector)
    return jnp.outer(vector, vector.conj())


def dag(a: Num[Array | np.ndarray, "*stack d d"]) -> Num[Array, "*stack d d"]:
    """The adjoint A^+ of a matrix, or of each matrix of a stack."""
    return jnp.conj(jnp.swapaxes(jnp.asarray(a), -1, -2))


def commutator(a: OperatorLike, b: OperatorLike) -> Operator:
    """[A, B] = AB - BA, (d, d)."""
    _same_size(a, b)
    a, b = as_complex(a), as_complex(b)
    return a @ b - b @ a


def anticommutator(a: OperatorLike, b: OperatorLike) -> Operator:
    """{A, B} = AB + BA, (d, d)."""
    _same_size(a, b)
    a, b = as_complex(a), as_complex(b)
    return a @ b + b @ a


def expectation(operator: OperatorLike, rho: OperatorLike) -> Real:
    """The expectation value Re tr(A rho) of a Hermitian operator, a real scalar.

    Args:
        operator: Hermitian operator, (d, d).
        rho: state, (d, d).

    Raises:
        ValueError: matrices of different size.
    """
    _same_size(operator, rho)
    return jnp.einsum("ij,ji->", as_complex(operator), as_complex(rho)).real


def _same_size(a: OperatorLike, b: OperatorLike) -> None:
    check_square("the first operator", a)
    check_square("the second operator", b, a.shape[0])


def _dimension(d: int) -> int:
    if d < 1:
        raise ValueError(f"`d` must be at least 1, got {d}.")
    return d
