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
from jaxtyping import Array, Complex

from .._checked import checked
from .._checks import as_complex
from .._compiled import compiled
from .._in_turn import eigh
from .._jax import Primitive, ShapedArray, ad, batching, mlir
from .._precise import einsum
from .._types import Operator, OperatorLike
from . import qubit
from .divided_differences import AbstractSpectralFunction
from .operators import product

Matrices = Complex[Array, "*#batch d d"]


def adjoint(a: Matrices) -> Matrices:
    """The Hermitian conjugates of matrices."""
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
    lam, v = eigh(a)
    # LAPACK has been seen to return finite eigenvalues of a matrix that holds a nan
    finite = jnp.all(jnp.isfinite(a), axis=(-2, -1))
    lam = jnp.where(finite[..., None], lam, jnp.nan)
    return lam, v


def hermitian_part(x: Matrices) -> Matrices:
    """(X + X^dagger) / 2."""
    return (x + adjoint(x)) / 2


@functools.partial(compiled, static_argnums=0)
def _value(f: AbstractSpectralFunction, a: Matrices) -> Matrices:
    """V f(l) V^dagger."""
    lam, v = eigensystem(a)
    return product(v * f.values(lam)[..., None, :], adjoint(v))


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _apply(f: AbstractSpectralFunction, a: Matrices) -> Matrices:
    return _value(f, a)


@_apply.defjvp
def _apply_jvp(f, primals, tangents):
    return _apply(f, *primals), _frechet_p.bind(*primals, *tangents, f=f)


def _frechet(a: Matrices, x: Matrices, *, f: AbstractSpectralFunction) -> Matrices:
    """V (f[l_i, l_j] (V^dagger x V)_ij) V^dagger."""
    lam, v = eigensystem(a)
    inner = f.first(lam) * product(adjoint(v), product(hermitian_part(x), v))
    return product(v, product(inner, adjoint(v)))


@functools.partial(compiled, static_argnums=3)
def _second(a: Matrices, x: Matrices, y: Matrices, f: AbstractSpectralFunction) -> Matrices:
    """V (sum_k f[l_i, l_k, l_j] (X_ik Y_kj + Y_ik X_kj)) V^dagger."""
    lam, v = eigensystem(a)
    x, y = (product(adjoint(v), product(hermitian_part(z), v)) for z in (x, y))
    f2 = f.second(lam)
    inner = einsum("...ikj,...ik,...kj->...ij", f2, x, y)
    return product(v, product(inner + adjoint(inner), adjoint(v)))


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
