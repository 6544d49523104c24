"""Standard operators as matrices, and the few products that everything else is made of.

The matrices are the standard ones, and no operator knows which level is the ground state: with
H = number(2) it is index 0, with H = sigmaz() / 2 it is index 1. There is no `sigmam` (books
disagree on it), but destroy(2) = |0><1|.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._checked import checked
from .._checks import as_complex, check_ket, check_size, check_square, is_whole
from .._compiled import compiled
from .._precise import matmul
from .._types import Operator, OperatorLike, Real, VectorLike


def _check_dimension(d: Any) -> None:
    """Raise unless d is a positive integer."""
    if not is_whole(d) or d < 1:
        raise ValueError(f"`d` must be an integer >= 1, got {d!r}; it counts the levels kept.")
    check_size("d", int(d), int(d))


def sigmax() -> Operator:
    """sigma_x = |0><1| + |1><0|, (2, 2).

    Examples:
        >>> qt.sigmax()
        [[0, 1], [1, 0]]
    """
    return as_complex([[0, 1], [1, 0]])


def sigmay() -> Operator:
    """sigma_y = -i|0><1| + i|1><0|, (2, 2).

    Examples:
        >>> qt.sigmay()
        [[0, -1j], [1j, 0]]
    """
    return as_complex([[0, -1j], [1j, 0]])


def sigmaz() -> Operator:
    """sigma_z = |0><0| - |1><1|, (2, 2). With H = omega sigma_z / 2 the ground level is index 1.

    Examples:
        >>> qt.sigmaz()
        [[1, 0], [0, -1]]
    """
    return as_complex([[1, 0], [0, -1]])


@checked
def destroy(d: int) -> Operator:
    """The lowering operator a = sum_n sqrt(n) |n-1><n|; destroy(2) = |0><1|.

    Args:
        d: number of levels kept.

    Returns:
        Operator, (d, d).

    Raises:
        ValueError: d is not an integer >= 1.

    Examples:
        >>> qt.destroy(3)
        [[0.0, 1.0, 0.0], [0.0, 0.0, 1.4142], [0.0, 0.0, 0.0]]
    """
    _check_dimension(d)
    return as_complex(np.diag(np.sqrt(np.arange(1, d)), k=1))


@checked
def create(d: int) -> Operator:
    """The raising operator a^dagger = sum_n sqrt(n) |n><n-1|; create(2) = |1><0|.

    Args:
        d: number of levels kept.

    Returns:
        Operator, (d, d).

    Raises:
        ValueError: d is not an integer >= 1.

    Examples:
        >>> qt.create(3)
        [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.4142, 0.0]]
    """
    _check_dimension(d)
    return as_complex(np.diag(np.sqrt(np.arange(1, d)), k=-1))


@checked
def number(d: int) -> Operator:
    """The number operator sum_n n |n><n|. As a Hamiltonian its ground level is index 0.

    Args:
        d: number of levels kept.

    Returns:
        Operator, (d, d).

    Raises:
        ValueError: d is not an integer >= 1.

    Examples:
        >>> qt.number(3).diagonal()
        [0, 1, 2]
    """
    _check_dimension(d)
    return as_complex(np.diag(np.arange(d)))


@checked
def identity(d: int) -> Operator:
    """The identity, (d, d).

    Args:
        d: dimension.

    Returns:
        Operator, (d, d).

    Raises:
        ValueError: d is not an integer >= 1.

    Examples:
        >>> qt.identity(2)
        [[1, 0], [0, 1]]
    """
    _check_dimension(d)
    return as_complex(np.eye(d))


def spin(j: float | int, axis: str) -> Operator:
    """The spin operator S_x, S_y or S_z, in the basis m = j, j-1, ..., -j.

    S_z |m> = m |m>, (S_x + i S_y)|m> = sqrt(j(j+1) - m(m+1)) |m+1>; spin(1/2, "z") = sigma_z / 2.

    Args:
        j: spin, 1/2, 1, 3/2, ...
        axis: "x", "y" or "z".

    Returns:
        Operator, (2j+1, 2j+1).

    Raises:
        ValueError: 2j is not a positive integer, or there is no such axis.

    Examples:
        >>> qt.spin(1, "z").diagonal()
        [1, 0, -1]
        >>> qt.spin(1 / 2, "x")
        [[0.0, 0.5], [0.5, 0.0]]
    """
    number = is_whole(j) or isinstance(j, float | np.floating)
    if not number or not 0 < 2 * j < np.inf or 2 * j != int(2 * j):
        raise ValueError(f"`j` must be a positive multiple of 1/2, got {j!r}.")
    check_size("j", int(2 * j) + 1, int(2 * j) + 1)
    m = j - np.arange(int(2 * j) + 1)
    raising = np.diag(np.sqrt(j * (j + 1) - m[1:] * (m[1:] + 1)), k=1)
    axes = {"x": (raising + raising.T) / 2, "y": (raising - raising.T) / 2j, "z": np.diag(m)}
    if not isinstance(axis, str) or axis not in axes:
        raise ValueError(f"`axis` must be 'x', 'y' or 'z', got {axis!r}.")
    return as_complex(axes[axis])


@checked
def projector(vector: VectorLike) -> Operator:
    """|v><v|. The vector is not normalized: the trace of the result is <v|v>.

    Args:
        vector: (d,), see `ket`.

    Returns:
        Operator, (d, d).

    Raises:
        ValueError: no vector of finite numbers.

    Examples:
        >>> qt.algebra.projector([1, 1j])
        [[1, -1j], [1j, 1]]
    """
    check_ket("vector", vector)
    return _outer(as_complex(vector))


@compiled
def _outer(vector: Array) -> Operator:
    return vector[:, None] * vector[None, :].conj()


@checked
def dag(a: OperatorLike) -> Operator:
    """The Hermitian conjugate A^dagger.

    Args:
        a: operator, (d, d).

    Returns:
        Operator, (d, d).

    Examples:
        >>> qt.dag(1j * qt.destroy(2))
        [[0, 0], [-1j, 0]]
    """
    return _dag(as_complex(a))


@compiled
def _dag(a: Operator) -> Operator:
    return a.conj().T


@checked
def product(a: Array, b: Array) -> Array:
    """The matrix product A B of stacks of matrices; spelled out where they are small, so it fuses.

    A batched product is a library call per pass over memory; spelled out, XLA merges it with what
    comes before and after.

    Args:
        a: matrices, (..., m, d).
        b: matrices, (..., d, d).

    Returns:
        Matrices, (..., m, d).

    Examples:
        >>> qt.algebra.product(qt.destroy(3), qt.create(3)).diagonal()  # 1, 2, 3 without the cut
        [1, 2, 0]
    """
    square = b.ndim > 1 and b.shape[-1] == b.shape[-2] > 0
    if not square or a.ndim < 2 or a.shape[-1] != b.shape[-1]:
        raise ValueError(f"`a` and `b` must be matrices (..., d, d), got {a.shape} and {b.shape}.")
    return _product(a, b)


@compiled
def _product(a: Array, b: Array) -> Array:
    d = a.shape[-1]
    if d > (4 if jnp.iscomplexobj(a) else 2):
        return matmul(a, b)
    # jnp.sum(a[..., None] * b[..., None, :, :], -2) in fewer operations: quicker to compile
    stack = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    n = len(stack)

    def spread(x: Array, row: int) -> Array:
        places = (*range(n + 2 - x.ndim, n), row, row + 1)
        return jax.lax.broadcast_in_dim(x, (*stack, a.shape[-2], d, d), places)

    return jax.lax.reduce_sum(spread(a, n) * spread(b, n + 1), (n + 1,))


@checked
def commutator(a: OperatorLike, b: OperatorLike) -> Operator:
    """[A, B] = AB - BA.

    Args:
        a: operator, (d, d).
        b: operator, (d, d).

    Returns:
        Operator, (d, d).

    Examples:
        >>> qt.algebra.commutator(qt.sigmax(), qt.sigmay())
        [[2j, 0], [0, -2j]]
    """
    return _commutator(as_complex(a), as_complex(b))


@compiled
def _commutator(a: Operator, b: Operator) -> Operator:
    return product(a, b) - product(b, a)


@checked
def anticommutator(a: OperatorLike, b: OperatorLike) -> Operator:
    """{A, B} = AB + BA.

    Args:
        a: operator, (d, d).
        b: operator, (d, d).

    Returns:
        Operator, (d, d).

    Examples:
        >>> qt.algebra.anticommutator(qt.destroy(2), qt.create(2))
        [[1, 0], [0, 1]]
    """
    return _anticommutator(as_complex(a), as_complex(b))


@compiled
def _anticommutator(a: Operator, b: Operator) -> Operator:
    return product(a, b) + product(b, a)


@checked
def expectation(operator: OperatorLike, rho: OperatorLike) -> Real:
    """The mean value Re tr(A rho) of a Hermitian operator.

    Of an operator that is not Hermitian this is the mean of its Hermitian part.

    Args:
        operator: Hermitian operator A, (d, d).
        rho: density matrix, or its rate of change, (d, d).

    Returns:
        Real scalar, in units of A.

    Raises:
        ValueError: the shapes do not agree.

    Examples:
        >>> qt.expectation(qt.number(2), qt.thermal_state(qt.number(2), 1.0))  # 1 / (1 + e)
        0.2689
    """
    operator, rho = as_complex(operator), as_complex(rho)
    check_square("rho", rho)
    check_square("operator", operator, rho.shape[0])
    return _expectation(operator, rho)


@compiled
def _expectation(operator: Operator, rho: Operator) -> Real:
    return jnp.sum(operator * rho.T).real
