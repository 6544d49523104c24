"""The canonical form of a time-local generator, eqs. (7)-(9), and the way back.

Any rho' = L(rho) that keeps trace and Hermiticity is, in exactly one way up to unitary mixing
inside equal rates,

    L(rho) = -i[H, rho] + sum_k gamma_k (L_k rho L_k^+ - {L_k^+ L_k, rho}/2),

with H and all L_k traceless and tr(L_j^+ L_k) = delta_jk. The d^2 - 1 rates gamma_k are real and
may be negative: the dynamics is CP-divisible where none is.

Source: eqs. (7)-(9); Gorini, Kossakowski and Sudarshan, J. Math. Phys. 17, 821 (1976); Hall,
Cresser, Li and Andersson, Phys. Rev. A 89, 042120 (2014).
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float

from .._checked import checked
from .._checks import (
    as_complex,
    as_real,
    check_count,
    check_hermitian,
    check_operators,
    check_size,
    is_concrete,
)
from .._precise import einsum, matmul, tensordot
from .._types import Operator, OperatorLike
from .levels import eigenvalues
from .operators import dag
from .spectral import eigensystem
from .superoperators import dissipator_superoperator, hamiltonian_superoperator

_TOLERANCE = 1e-9


class CanonicalForm(eqx.Module):
    """H, rates and traceless orthonormal operators of a generator, eqs. (8) and (9).

    Args:
        hamiltonian: traceless Hermitian operator, (d, d).
        rates: canonical rates, ascending, of either sign, (d*d - 1,).
        operators: the L_k in the same order, (d*d - 1, d, d). Inside equal rates they are one
            choice; they are not to be differentiated.

    Examples:
        >>> form = qt.algebra.canonical_form(qt.number(2), [2.0], [qt.destroy(2)])
        >>> form.rates, form.cp_divisible
        ([0.0, 0.0, 2.0], True)
        >>> form.hamiltonian
        [[-0.5, 0.0], [0.0, 0.5]]
    """

    hamiltonian: Operator
    rates: Float[Array, " n"]
    operators: Complex[Array, "n d d"]

    @property
    def cp_divisible(self) -> Bool[Array, ""]:
        """Whether no rate is negative beyond rounding: the generator is of Lindblad's form."""
        eps = float(jnp.finfo(self.rates.dtype).eps)
        return self.rates[0] >= -100 * eps * jnp.max(jnp.abs(self.rates))

    def superoperator(self) -> Complex[Array, "m m"]:
        """The generator itself on row-by-row vectors, (d*d, d*d)."""
        unitary = hamiltonian_superoperator(self.hamiltonian)
        return unitary + dissipator_superoperator(self.rates, self.operators)


@checked
def traceless_basis(d: int) -> Complex[Array, "n d d"]:
    """The generalized Gell-Mann matrices: Hermitian, traceless, tr(P_j P_k) = delta_jk.

    Args:
        d: dimension; for a qubit sigma_x, sigma_y, sigma_z over sqrt(2), in this order.

    Returns:
        Operators, (d*d - 1, d, d).

    Examples:
        >>> basis = qt.algebra.traceless_basis(2)
        >>> jnp.einsum("jab,kba->jk", basis, basis)
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    """
    check_count("d", d)
    check_size("d", d, d, d, d)
    basis = []
    for k in range(1, d):
        for j in range(k):
            for phase in (1.0, -1j):
                p = np.zeros((d, d), complex)
                p[j, k], p[k, j] = phase, np.conj(phase)
                basis.append(p / np.sqrt(2.0))
        diagonal = np.array([1.0] * k + [-float(k)] + [0.0] * (d - k - 1))
        basis.append(np.diag(diagonal / np.sqrt(k * (k + 1.0))).astype(complex))
    return as_complex(np.reshape(basis, (d * d - 1, d, d)))


@checked
def canonical_form(
    hamiltonian: OperatorLike,
    rates: Float[Array | np.ndarray, " jumps"],
    operators: Complex[Array | np.ndarray, "jumps d d"],
) -> CanonicalForm:
    """The canonical form of -i[H, rho] + sum_a rate_a D[A_a] from its jump operators.

    With A = A0 + a 1, a = tr(A)/d, and l_i = tr(P_i^+ A0): the rates are the eigenvalues of
    sum_a rate_a l_i l_j^*, and H_can = H - sum_a rate_a/(2i) (a^* A0 - a A0^+) minus its trace.
    What moves between H and the operators is a gauge: it changes neither rho' nor
    -tr(D(rho) ln rho), but it changes tr(D(rho) H).

    Args:
        hamiltonian: Hermitian operator H, (d, d).
        rates: of either sign, (jumps,).
        operators: any jump operators, (jumps, d, d).

    Returns:
        `CanonicalForm`.

    Raises:
        ValueError: H is not Hermitian, or the shapes do not agree.

    Source: eq. (9); Hall et al. (2014).

    Examples:
        >>> jump = qt.destroy(2) + qt.identity(2)
        >>> form = qt.algebra.canonical_form(0 * qt.number(2), [1.0], [jump])
        >>> form.hamiltonian  # a jump operator with a trace has a unitary part
        [[0.0, 0.5j], [-0.5j, 0.0]]
    """
    check_hermitian("hamiltonian", hamiltonian)
    h, operators = as_complex(hamiltonian), as_complex(operators)
    d = h.shape[0]
    check_operators("operators", operators, d)
    rates, one = as_real("rates", rates), jnp.eye(d, dtype=h.dtype)
    mean = jnp.trace(operators, axis1=1, axis2=2) / d
    traceless = operators - mean[:, None, None] * one
    basis = traceless_basis(d)
    components = einsum("iqp,aqp->ai", basis.conj(), traceless)
    shift = mean.conj()[:, None, None] * traceless
    gauge = tensordot(as_complex(rates), shift - shift.conj().mT, 1) / 2j
    kossakowski = einsum("a,ai,aj->ij", rates, components, components.conj())
    return _diagonalized(h - gauge, kossakowski, basis)


@checked
def canonical_form_of(superoperator: OperatorLike) -> CanonicalForm:
    """The canonical form of a generator that is given as a matrix on row-by-row vectors.

    Args:
        superoperator: L with vec(rho') = L vec(rho), (d*d, d*d).

    Returns:
        `CanonicalForm`.

    Raises:
        ValueError: the matrix is not a generator: its size is no square of a dimension, or it does
            not keep the trace or the Hermiticity of rho; the message gives the violation's size.

    Examples:
        >>> generator = qt.algebra.hamiltonian_superoperator(qt.number(2))
        >>> form = qt.algebra.canonical_form_of(generator)
        >>> form.hamiltonian, form.rates
        ([[-0.5, 0.0], [0.0, 0.5]], [0.0, 0.0, 0.0])
    """
    check_generator("superoperator", superoperator)
    generator = as_complex(superoperator)
    d = int(np.sqrt(generator.shape[0]))
    # L(rho) = sum C_(ik)(jl) |i><k| rho |l><j|
    choi = generator.reshape(d, d, d, d).transpose(0, 2, 1, 3).reshape(d * d, d * d)
    basis = traceless_basis(d)
    vectors = basis.reshape(-1, d * d)
    one = jnp.eye(d, dtype=generator.dtype).reshape(-1) / np.sqrt(d)
    half = matmul(vectors.conj(), choi)
    kossakowski = matmul(half, vectors.T)
    first = tensordot(matmul(half, one), basis, 1) / np.sqrt(d)
    return _diagonalized(0.5j * (first - dag(first)), kossakowski, basis)


def check_generator(name: str, superoperator: OperatorLike) -> None:
    """Raise unless a concrete matrix on row-by-row vectors keeps trace and Hermiticity.

    Args:
        name: of the argument, for the message.
        superoperator: (d*d, d*d).

    Raises:
        ValueError: with the size of the violation, max|tr L(X)| or max|L(X)^+ - L(X^+)|.
    """
    shape = np.shape(superoperator)
    d = int(np.sqrt(shape[0])) if shape else 0
    if len(shape) != 2 or shape != (d * d, d * d) or d < 1:
        raise ValueError(
            f"`{name}` must have shape (d*d, d*d) with d the dimension, got shape {shape}; it acts "
            "on density matrices written row by row."
        )
    if not is_concrete(superoperator):
        return
    generator = np.asarray(superoperator).reshape(d, d, d, d)
    tolerance = 1e-5 if generator.dtype in (np.complex64, np.float32) else _TOLERANCE
    bound = tolerance * float(np.max(np.abs(generator)))
    trace = float(np.max(np.abs(np.einsum("iikl->kl", generator))))
    if not trace <= bound:
        raise ValueError(
            f"`{name}` must keep the trace, but max|tr L(X)| = {trace:.3g} over the basis "
            "operators X; a term such as -{L^+ L, rho}/2 is missing or has the wrong weight."
        )
    skew = float(np.max(np.abs(generator - generator.transpose(1, 0, 3, 2).conj())))
    if not skew <= bound:
        raise ValueError(
            f"`{name}` must keep Hermiticity, but max|L(X)^+ - L(X^+)| = {skew:.3g} over the basis "
            "operators X; check factors of i, and that vectors are written row by row."
        )


def _diagonalized(h: Operator, kossakowski: Array, basis: Array) -> CanonicalForm:
    d = h.shape[0]
    _, u = eigensystem(kossakowski)
    traceless = h - jnp.trace(h) / d * jnp.eye(d, dtype=h.dtype)
    return CanonicalForm(traceless, eigenvalues(kossakowski), einsum("ik,ipq->kpq", u, basis))
