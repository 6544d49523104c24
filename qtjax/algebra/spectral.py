"""Functions of Hermitian matrices with derivatives that are right at every degeneracy.

The first derivative of f(A) is Daleckii and Krein's: in the eigenbasis, f[l_i, l_j] X_ij, with
f[.,.] the first divided difference. Differentiating *that* through the eigenvectors fails where
levels coincide, so it has a rule of its own, made of second divided differences:

    d(f[l_i, l_j] X_ij)[Y] = sum_k f[l_i, l_k, l_j] (X_ik Y_kj + Y_ik X_kj).

So first and second derivatives are exact at degenerate and pure states, in forward and reverse
mode. Third derivatives of `apply` would differentiate eigenvectors: they are not supported. An
entropy, whose own rule is made of `apply`, has three.

A function is given by its `divided_differences` on the ascending eigenvalues.

Source: Daleckii and Krein, AMS Transl. 47, 1 (1965); Higham, Functions of Matrices (2008), ch. 3.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float

from .._checked import checked
from .._checks import as_complex, check_hermitian, is_concrete
from .._compiled import compiled, compiled_for_qubits
from .._jax import Primitive, ShapedArray, ad, batching, mlir
from .._precise import einsum
from .._types import Operator, OperatorLike, Real
from . import qubit
from .divided_differences import AbstractSpectralFunction, Level, One, Restricted, rounding
from .operators import product

Matrices = Complex[Array, "*#batch d d"]


def _dagger(a: Matrices) -> Matrices:
    return jnp.swapaxes(a, -1, -2).conj()


def _eigh_qubit(a: Matrices) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors of 2 x 2 Hermitian matrices."""
    low, high, u, v, first = qubit.levels(qubit.entries(a))
    t, norm = jax.lax.complex(u, v), 1 / jnp.sqrt(1 + u**2 + v**2)
    up, down = jnp.where(first, 1.0, t.conj()) * norm, jnp.where(first, t, 1.0) * norm
    rows = [jnp.stack([-down.conj(), up], axis=-1), jnp.stack([up.conj(), down], axis=-1)]
    return jnp.stack([low, high], axis=-1), jnp.stack(rows, axis=-2)


@checked
def eigensystem(a: Matrices) -> tuple[Array, Array]:
    """Ascending eigenvalues and eigenvectors of (a + a^dagger) / 2. Not to be differentiated.

    Examples:
        >>> energies, vectors = qt.algebra.eigensystem(qt.sigmax())
        >>> energies, jnp.abs(vectors) ** 2
        ([-1.0, 1.0], [[0.5, 0.5], [0.5, 0.5]])
    """
    return _eigensystem(a)


@compiled
def _eigensystem(a: Matrices) -> tuple[Array, Array]:
    if a.shape[-1] == 2:
        return _eigh_qubit(a)
    lam, v = jnp.linalg.eigh(a, symmetrize_input=True)
    # LAPACK has been seen to return finite eigenvalues of a matrix that holds a nan
    finite = jnp.all(jnp.isfinite(a), axis=(-2, -1))
    lam = jnp.where(finite[..., None], lam, jnp.nan)
    return lam, v


def _symmetrize(x: Matrices) -> Matrices:
    return (x + _dagger(x)) / 2


@functools.partial(compiled, static_argnums=0)
def _value(f: AbstractSpectralFunction, a: Matrices) -> Matrices:
    """V f(l) V^dagger."""
    lam, v = eigensystem(a)
    return product(v * f.values(lam)[..., None, :], _dagger(v))


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _apply(f: AbstractSpectralFunction, a: Matrices) -> Matrices:
    return _value(f, a)


@_apply.defjvp
def _apply_jvp(f, primals, tangents):
    return _apply(f, *primals), _frechet_p.bind(*primals, *tangents, f=f)


def _frechet(a: Matrices, x: Matrices, *, f: AbstractSpectralFunction) -> Matrices:
    """V (f[l_i, l_j] (V^dagger x V)_ij) V^dagger."""
    lam, v = eigensystem(a)
    inner = f.first(lam) * product(_dagger(v), product(_symmetrize(x), v))
    return product(v, product(inner, _dagger(v)))


@functools.partial(compiled, static_argnums=3)
def _second(a: Matrices, x: Matrices, y: Matrices, f: AbstractSpectralFunction) -> Matrices:
    """V (sum_k f[l_i, l_k, l_j] (X_ik Y_kj + Y_ik X_kj)) V^dagger."""
    lam, v = eigensystem(a)
    x, y = (product(_dagger(v), product(_symmetrize(z), v)) for z in (x, y))
    f2 = f.second(lam)
    inner = einsum("...ikj,...ik,...kj->...ij", f2, x, y)
    return product(v, product(inner + _dagger(inner), _dagger(v)))


# The Frechet derivative is a primitive and not a `custom_jvp` function: when a gradient is
# differentiated again, JAX inlines custom_jvp functions of linear arguments and would then
# differentiate the eigenvectors. `x` carries every batch axis; those of `a` may have length 1.
_frechet_p = Primitive("spectral_frechet")
_frechet_p.def_impl(jax.jit(_frechet, static_argnames="f"))
_frechet_p.def_abstract_eval(lambda a, x, *, f: ShapedArray(x.shape, x.dtype))
mlir.register_lowering(_frechet_p, mlir.lower_fun(_frechet, multiple_results=False))


def _frechet_jvp(primals, tangents, *, f):
    (a, x), (da, dx) = primals, tangents
    out = _frechet_p.bind(a, x, f=f)
    terms = []
    if not isinstance(dx, ad.Zero):
        terms.append(_frechet_p.bind(a, dx, f=f))
    if not isinstance(da, ad.Zero):
        terms.append(_second(a, x, da, f))
    return out, sum(terms[1:], terms[0])


def _frechet_transpose(cotangent, a, x, *, f):
    """Self-adjoint for Re tr(A^dagger B); JAX pairs without the conjugate."""
    if isinstance(cotangent, ad.Zero):
        return None, ad.Zero(x.aval)
    return None, _frechet_p.bind(a, cotangent.conj(), f=f).conj()


def _frechet_batch(args, axes, *, f):
    (a, x), (a_axis, x_axis) = args, axes
    size = a.shape[a_axis] if x_axis is None else x.shape[x_axis]
    a = a[None] if a_axis is None else jnp.moveaxis(a, a_axis, 0)
    x = jnp.broadcast_to(x, (size, *x.shape)) if x_axis is None else jnp.moveaxis(x, x_axis, 0)
    return _frechet_p.bind(a, x, f=f), 0


ad.primitive_jvps[_frechet_p] = _frechet_jvp
ad.primitive_transposes[_frechet_p] = _frechet_transpose
batching.primitive_batchers[_frechet_p] = _frechet_batch


@checked
def apply(f: AbstractSpectralFunction, a: OperatorLike) -> Operator:
    """f(A) = sum_i f(l_i) |i><i| of the Hermitian part of A.

    Args:
        f: the function, such as `Log()`.
        a: Hermitian operator, (d, d).

    Returns:
        Hermitian operator, (d, d); twice differentiable at every degeneracy.

    Examples:
        >>> qt.algebra.apply(qt.algebra.Log(), 2 * qt.identity(2))
        [[0.6931, 0.0], [0.0, 0.6931]]
    """
    return _apply(f, as_complex(a))


@checked
def frechet(f: AbstractSpectralFunction, a: OperatorLike, x: OperatorLike) -> Operator:
    """The derivative of f at A in the direction X: V (f[l_i, l_j] (V^dagger X V)_ij) V^dagger.

    Args:
        f: the function, such as `Log()`.
        a: Hermitian operator, (d, d).
        x: Hermitian direction, (d, d).

    Returns:
        Hermitian operator, (d, d); linear in X, once differentiable in A.

    Examples:
        >>> log = qt.algebra.Log()
        >>> qt.algebra.frechet(log, 2 * qt.identity(2), qt.sigmax())  # 1/l at a degenerate level
        [[0.0, 0.5], [0.5, 0.0]]
    """
    return _frechet_p.bind(as_complex(a), as_complex(x), f=f)


@jax.custom_jvp
def _eigenvalues(a: Complex[Array, "d d"]) -> Float[Array, " d"]:
    return eigensystem(a)[0]


@_eigenvalues.defjvp
def _eigenvalues_jvp(primals, tangents):
    (a,), (da,) = primals, tangents
    projectors = level_projectors(a, (1,) * a.shape[0])
    return _eigenvalues(a), einsum("kij,ji->k", projectors, da).real


@checked
def eigenvalues(a: OperatorLike) -> Float[Array, " d"]:
    """The eigenvalues of the Hermitian part of A, ascending.

    Their derivatives are <i|dA|i>, never nan. Inside a degenerate level only symmetric functions
    are differentiable; there the values are those of one choice of eigenvectors.

    Args:
        a: Hermitian operator, (d, d).

    Returns:
        Real vector, (d,), in units of A.

    Examples:
        >>> qt.algebra.eigenvalues(3 * qt.sigmax() + 4 * qt.sigmaz())
        [-5.0, 5.0]
    """
    return _eigenvalues(as_complex(a))


@jax.custom_jvp
def weighted_projectors(a: Operator, weights: Float[Array, " d"]) -> Operator:
    """sum_k w_k |k><k| over the eigenvectors of A in ascending order, once differentiable.

    Its derivative has (w_i - w_j)/(l_i - l_j) between eigenvectors, and 0 where their eigenvalues
    coincide within rounding: right where the weights coincide too, a stand-in where they do not.

    Args:
        a: Hermitian operator, (d, d).
        weights: real, (d,).

    Returns:
        Hermitian operator, (d, d).
    """
    _, v = eigensystem(a)
    return product(v * weights[None, :], _dagger(v))


@weighted_projectors.defjvp
def _weighted_projectors_jvp(primals, tangents):
    (a, w), (da, dw) = primals, tangents
    lam, v = eigensystem(a)
    gap = lam[:, None] - lam[None, :]
    flat = jnp.abs(gap) <= rounding(lam)
    slopes = jnp.where(flat, 0.0, (w[:, None] - w[None, :]) / jnp.where(flat, 1.0, gap))
    inner = slopes * product(_dagger(v), product(_symmetrize(da), v))
    moved = product(v, product(inner, _dagger(v)))
    return weighted_projectors(a, w), moved + weighted_projectors(a, dw)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def level_frame(a: Operator, levels: tuple[int, ...]) -> tuple[Float[Array, " d"], Operator]:
    """Eigenvalues and eigenvectors of A, ascending, of which levels turn as a whole.

    The derivative of the vectors is 0 inside a level: right for all that does not depend on the
    choice of vectors there. What A does inside a level besides is the caller's to differentiate.

    Args:
        a: Hermitian operator, (d, d).
        levels: size of each level, static, of sum d; no two of them coincide.

    Returns:
        (d,), and the vectors in columns, (d, d).
    """
    return eigensystem(a)


@level_frame.defjvp
def _level_frame_jvp(levels, primals, tangents):
    (a,), (da,) = primals, tangents
    lam, v = level_frame(a, levels)
    level = np.repeat(np.arange(len(levels)), levels)
    same = level[:, None] == level
    inner = product(_dagger(v), product(_symmetrize(da), v))
    turn = jnp.where(same, 0.0, inner / jnp.where(same, 1.0, lam[None, :] - lam[:, None]))
    return (lam, v), (jnp.diagonal(inner).real, product(v, turn))


@functools.partial(jax.custom_jvp, nondiff_argnums=(3,))
def pinched_overlap(
    rho: Operator, a: Operator, b: Operator, tolerance: float | None = None
) -> Real:
    """sum_n tr(P_n a P_n b) over the eigenspaces P_n of a Hermitian operator, once differentiable.

    Its derivative has 1/(l_i - l_j) between eigenspaces and nothing inside them, where the overlap
    does not depend on the choice of eigenvectors.

    Args:
        rho: Hermitian operator, (d, d).
        a: Hermitian operator, (d, d).
        b: Hermitian operator, (d, d).
        tolerance: eigenvalues of rho no further apart count as one, static; by default what
            rounding may make of them, 64 d eps max|l|.

    Returns:
        A real number.
    """
    lam, v = eigensystem(rho)
    a, b = (product(_dagger(v), product(x, v)) for x in (a, b))
    return jnp.sum(jnp.where(_one_level(lam, tolerance), a * b.T, 0.0)).real


@pinched_overlap.defjvp
def _pinched_overlap_jvp(tolerance, primals, tangents):
    (rho, a, b), (rho_dot, a_dot, b_dot) = primals, tangents
    lam, v = eigensystem(rho)
    same = _one_level(lam, tolerance)
    turned = [product(_dagger(v), product(x, v)) for x in (a, b, _symmetrize(rho_dot))]
    gap = lam[None, :] - lam[:, None]
    turn = jnp.where(same, 0.0, turned[2] / jnp.where(same, 1.0, gap))
    first, second = (product(x, turn) - product(turn, x) for x in turned[:2])
    moved = jnp.where(same, first * turned[1].T + turned[0] * second.T, 0.0)
    linear = pinched_overlap(rho, a_dot, b, tolerance) + pinched_overlap(rho, a, b_dot, tolerance)
    return pinched_overlap(rho, a, b, tolerance), linear + jnp.sum(moved).real


def _one_level(lam: Float[Array, " d"], tolerance: float | None) -> Bool[Array, "d d"]:
    closest = 16 * rounding(lam) if tolerance is None else tolerance
    return jnp.abs(lam[:, None] - lam[None, :]) <= closest


@checked
def level_projectors(
    hamiltonian: OperatorLike, levels: tuple[int, ...]
) -> Complex[Array, "levels d d"]:
    """The projectors on groups of neighbouring energy levels, in ascending order of energy.

    Their derivative has (chi_i - chi_j) / (E_i - E_j) between different groups and 0 inside one,
    so that it is finite however close the energies of a group are. Where two groups touch (a gap
    of exactly 0) the projectors are those of one choice of eigenvectors and the derivative
    between the groups is set to 0.

    Args:
        hamiltonian: Hermitian operator, (d, d).
        levels: size of each group, static, of sum d; see `group_levels`.

    Returns:
        Projectors, (levels, d, d); their sum is the identity.

    Raises:
        ValueError: `levels` does not add up to d.

    Examples:
        >>> ground, excited = qt.algebra.level_projectors(qt.sigmax(), (1, 1))
        >>> ground
        [[0.5, -0.5], [-0.5, 0.5]]
    """
    hamiltonian = as_complex(hamiltonian)
    d = hamiltonian.shape[0]
    if sum(levels) != d or any(n < 1 for n in levels):
        raise ValueError(
            f"`levels` must be positive group sizes that add up to {d}, got {tuple(levels)}."
        )
    return _level_projectors(hamiltonian, tuple(levels))


@functools.partial(compiled_for_qubits, static_argnums=1)
def _level_projectors(hamiltonian: Operator, levels: tuple[int, ...]) -> Array:
    if levels == (1, 1):
        return _qubit_projectors(hamiltonian)
    ends = np.cumsum(levels).tolist()
    groups = [Level(end - n, end) for n, end in zip(levels, ends, strict=True)]
    return jnp.stack([_apply(Restricted(One(), group), hamiltonian) for group in groups])


def _qubit_projectors(hamiltonian: Operator) -> Complex[Array, "2 d d"]:
    """(1 -+ n.sigma)/2 in closed form; n = (0, 0, 1), with derivative 0, where the gap is 0."""
    one = jnp.eye(2, dtype=hamiltonian.dtype)
    # half a difference, as the trace of H less its mean is not 0 but a rounding of the mean
    half = 0.5 * (hamiltonian[0, 0] - hamiltonian[1, 1])
    traceless = hamiltonian * (1.0 - one) + half * jnp.diag(jnp.asarray([1.0, -1.0], one.dtype))
    unit = jax.lax.stop_gradient(jnp.max(jnp.abs(traceless)))  # whose square may overflow
    traceless = traceless / jnp.where(unit == 0.0, 1.0, unit)
    square = 0.5 * jnp.sum(traceless * traceless.T).real
    flat = square == 0.0
    axis = traceless / jnp.sqrt(jnp.where(flat, 1.0, square))
    axis = jnp.where(flat, jnp.diag(jnp.asarray([1.0, -1.0], one.dtype)), axis)
    return 0.5 * jnp.stack([one - axis, one + axis])


@checked
def group_levels(hamiltonian: OperatorLike, tolerance: float = 1e-9) -> tuple[int, ...]:
    """The sizes of the groups of equal energies of a concrete Hamiltonian, ascending.

    Args:
        hamiltonian: concrete Hermitian operator, (d, d).
        tolerance: neighbours closer than this, relative to the spectral range, are taken as equal.

    Returns:
        Group sizes, of sum d; hashable.

    Raises:
        ValueError: the Hamiltonian is traced or not Hermitian.

    Examples:
        >>> two_qubits = qt.algebra.collective(qt.number(2), 2)
        >>> qt.algebra.group_levels(two_qubits)
        (1, 2, 1)
    """
    if not is_concrete(hamiltonian):
        raise ValueError(
            "`hamiltonian` is traced, so its degenerate levels cannot be found; give `levels`, "
            "the sizes of the groups of equal energies in ascending order, such as (1, 2, 1)."
        )
    check_hermitian("hamiltonian", hamiltonian)
    energies = np.linalg.eigvalsh(np.asarray(hamiltonian))
    floor = 4 * energies.size * np.finfo(energies.dtype).eps * np.max(np.abs(energies))
    edges = np.flatnonzero(np.diff(energies) > max(tolerance * np.ptp(energies), floor)) + 1
    return tuple(np.diff([0, *edges.tolist(), energies.size]).tolist())
