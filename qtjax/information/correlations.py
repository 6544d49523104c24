"""Correlations between the parts of a state, eqs. (15), (16).

The paper's S_C = S_AB - S_A - S_B is minus the mutual information: S_C <= 0, and information that
leaves the parts of a closed whole is kept in it.
"""

import functools
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp

from .._checked import checked
from .._checks import as_complex, check_square
from .._compiled import compiled
from .._precise import matmul
from .._types import Operator, OperatorLike, Real
from ..algebra.composite import check_dims, embed, partial_trace, partial_transpose, tensor
from ..algebra.divided_differences import Log, Sqrt
from ..algebra.levels import eigenvalues
from ..algebra.operators import expectation, sigmay
from ..algebra.spectral import apply
from .entropy import divergence_inside


@checked
def total_correlation(rho: OperatorLike, dims: Sequence[int]) -> Real:
    """The total correlation sum_i S(rho_i) - S(rho) = D(rho || rho_1 x rho_2 x ...) >= 0.

    Of two parts it is their mutual information. Computed as the relative entropy, in which nothing
    cancels when correlations are weak; its derivatives are those of the entropies, twice
    differentiable at full rank.

    Args:
        rho: density matrix of the whole, (d, d).
        dims: dimension of each part; their product is d.

    Returns:
        Correlation in nats.

    Raises:
        ValueError: `dims` does not multiply to d.

    Source: Watanabe (1960); Groisman, Popescu and Winter, Phys. Rev. A 72, 032317 (2005).

    Examples:
        >>> three = qt.pure_state(qt.ket((0, 0, 0), (2, 2, 2)) + qt.ket((1, 1, 1), (2, 2, 2)))
        >>> qt.information.total_correlation(three, (2, 2, 2))  # 3 ln 2
        2.0794
    """
    check_square("rho", rho)
    check_dims(as_complex(rho), tuple(dims))
    return _total_correlation(as_complex(rho), tuple(dims))


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def _total_correlation(rho: Operator, dims: tuple[int, ...]) -> Real:
    # the support of rho lies inside that of the product, however small its eigenvalues are
    product = tensor(*[partial_trace(rho, dims, k) for k in range(len(dims))])
    return divergence_inside(rho, product, float(jnp.finfo(rho.dtype).tiny))[0]


@_total_correlation.defjvp
def _total_correlation_jvp(dims, primals, tangents):
    """That of sum S_i - S: the logarithms of whole and parts cancel where both supports grow."""
    (rho,), (rho_dot,) = primals, tangents
    log = apply(Log(), rho)
    for k in range(len(dims)):
        log = log - embed(apply(Log(), partial_trace(rho, dims, k)), dims, k)
    return _total_correlation(rho, dims), expectation(log, rho_dot)


@checked
def correlation_entropy(rho: OperatorLike, dims: Sequence[int]) -> Real:
    """The paper's entropy of correlations S_C = S - sum_i S_i <= 0, minus the total correlation.

    Args:
        rho: density matrix of the whole, (d, d).
        dims: dimension of each part; their product is d.

    Returns:
        S_C in nats.

    Raises:
        ValueError: `dims` does not multiply to d.

    Source: eq. (16).

    Examples:
        >>> bell = qt.pure_state([1, 0, 0, 1])
        >>> qt.information.correlation_entropy(bell, (2, 2))  # -2 ln 2
        -1.3863
    """
    return -total_correlation(rho, dims)


@checked
def mutual_information(
    rho: OperatorLike,
    dims: Sequence[int],
    first: int | Sequence[int] = 0,
    second: int | Sequence[int] | None = None,
) -> Real:
    """The mutual information I(A:B) = S_A + S_B - S_AB of two groups of parts.

    Args:
        rho: density matrix of the whole, (d, d).
        dims: dimension of each part; their product is d.
        first: the part, or parts, of A.
        second: the part, or parts, of B; all others by default.

    Returns:
        I >= 0 in nats.

    Raises:
        ValueError: `dims` does not multiply to d, or a part does not exist or is named twice.

    Examples:
        >>> bell = qt.pure_state([1, 0, 0, 1])
        >>> qt.mutual_information(bell, (2, 2))  # 2 ln 2, half of it classical
        1.3863
    """
    dims = tuple(dims)
    a = (first,) if isinstance(first, int) else tuple(first)
    rest = tuple(k for k in range(len(dims)) if k not in a)
    b = rest if second is None else ((second,) if isinstance(second, int) else tuple(second))
    sizes = [math.prod(dims[k] for k in group if 0 <= k < len(dims)) for group in (a, b)]
    return total_correlation(partial_trace(rho, dims, (*a, *b)), sizes)


@checked
def negativity(rho: OperatorLike, dims: Sequence[int], sites: int | Sequence[int] = 0) -> Real:
    """The negativity: minus the sum of the negative eigenvalues of the partial transpose.

    It has a kink where an eigenvalue crosses 0, with a finite derivative.

    Args:
        rho: density matrix of the whole, (d, d).
        dims: dimension of each part; their product is d.
        sites: one side of the cut.

    Returns:
        N >= 0; 0 for every separable state (and only for them in 2 x 2 and 2 x 3).

    Raises:
        ValueError: `dims` does not multiply to d, or a part does not exist.

    Source: Vidal and Werner, Phys. Rev. A 65, 032314 (2002).

    Examples:
        >>> bell = qt.pure_state([1, 0, 0, 1])
        >>> qt.information.negativity(bell, (2, 2))
        0.5000
    """
    return _sum_of_negative(partial_transpose(rho, dims, sites))


@compiled
def _sum_of_negative(a: Operator) -> Real:
    return jnp.sum(jnp.maximum(-eigenvalues(a), 0.0))


@checked
def concurrence(rho: OperatorLike) -> Real:
    """The concurrence of two qubits, max(0, l1 - l2 - l3 - l4).

    The l are the descending singular values of sqrt(rho) (sigma_y x sigma_y) sqrt(rho)^*. Their
    derivatives are finite everywhere, those of vanishing l large.

    Args:
        rho: density matrix, (4, 4).

    Returns:
        C between 0 (separable) and 1.

    Raises:
        ValueError: rho is not 4 x 4.

    Source: Wootters, Phys. Rev. Lett. 80, 2245 (1998).

    Examples:
        >>> qt.information.concurrence(qt.pure_state([1, 0, 0, 1]))
        1.0000
        >>> qt.information.concurrence(qt.pure_state([3, 0, 0, 1]))  # 2 * 3 * 1 / 10
        0.6000
    """
    check_square("rho", rho, 4)
    return _concurrence(as_complex(rho))


@compiled
def _concurrence(rho: Operator) -> Real:
    root = apply(Sqrt(), rho)
    spin_flip = tensor(sigmay(), sigmay())
    a = matmul(matmul(root, spin_flip), root.conj())
    # singular values as eigenvalues of a Hermitian matrix, whose derivatives are safe
    zero = jnp.zeros_like(a)
    values = eigenvalues(jnp.block([[zero, a], [a.conj().T, zero]]))[:3:-1]
    return jnp.maximum(0.0, values[0] - values[1:].sum())
