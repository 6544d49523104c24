"""Functions of Hermitian matrices with safe derivatives: the one place with custom rules.

f(A) is differentiated by divided differences in the eigenbasis (Daleckii and Krein), never through
eigenvectors: df[X] = V (f[l_i, l_j] (V^+ X V)_ij) V^+. That rule is itself a function with a rule
(second divided differences), so second derivatives are right at degenerate matrices as well. Third
derivatives are not defined by these rules.
"""

import abc
import functools
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checks import is_concrete
from .._types import Operator, OperatorLike

_X8, _W8 = (np.polynomial.legendre.leggauss(8)[k] / 2.0 + (0.5, 0.0)[k] for k in (0, 1))
_X6, _W6 = (np.polynomial.legendre.leggauss(6)[k] / 2.0 + (0.5, 0.0)[k] for k in (0, 1))
_CLOSE = 0.1


@dataclass(frozen=True)
class AbstractSpectralFunction(abc.ABC):
    """Values and divided differences of a function on ascending eigenvalues (d,)."""

    @abc.abstractmethod
    def values(self, eigenvalues: Array) -> Array:
        """f[l_i], (d,)."""

    @abc.abstractmethod
    def first(self, eigenvalues: Array) -> Array:
        """f[l_i, l_j], (d, d)."""

    @abc.abstractmethod
    def second(self, eigenvalues: Array) -> Array:
        """f[l_i, l_j, l_k], (d, d, d)."""


@dataclass(frozen=True)
class Smooth(AbstractSpectralFunction):
    """An analytic function of one variable, given with two derivatives.

    Nearby points use the integral of Hermite and Genocchi (Gauss-Legendre on f' and f''), distant
    ones the quotient; the triple is sorted so that its widest pair is the denominator.

    Args:
        f: the function.
        df: its derivative.
        ddf: its second derivative.
        scale: (smallest, largest) -> the distance on which f varies there.
        lower: eigenvalues below this are raised to it.
    """

    f: Callable[[Array], Array]
    df: Callable[[Array], Array]
    ddf: Callable[[Array], Array]
    scale: Callable[[Array, Array], Array]
    lower: Callable[[Array], float] = lambda eigenvalues: -np.inf

    def values(self, eigenvalues: Array) -> Array:
        return self.f(self._clip(eigenvalues))

    def first(self, eigenvalues: Array) -> Array:
        x = self._clip(eigenvalues)
        return self._pair(*jnp.broadcast_arrays(x[:, None], x[None, :]))

    def second(self, eigenvalues: Array) -> Array:
        x = self._clip(eigenvalues)
        triple = jnp.broadcast_arrays(x[:, None, None], x[None, :, None], x[None, None, :])
        low, middle, high = jnp.sort(jnp.stack(triple), axis=0)
        width = high - low
        close = width <= _CLOSE * self.scale(low, high)
        quotient = (self._pair(middle, high) - self._pair(low, middle)) / jnp.where(
            close, 1.0, width
        )
        r, s = np.meshgrid(_X6, _X6, indexing="ij")
        weights = np.outer(_W6, _W6) * r
        inside = (
            low[..., None, None]
            + r * (middle - low)[..., None, None]
            + r * s * (high - middle)[..., None, None]
        )
        return jnp.where(close, jnp.sum(weights * self.ddf(inside), axis=(-2, -1)), quotient)

    def _clip(self, eigenvalues: Array) -> Array:
        return jnp.maximum(eigenvalues, self.lower(eigenvalues))

    def _pair(self, a: Array, b: Array) -> Array:
        width = b - a
        close = jnp.abs(width) <= _CLOSE * self.scale(jnp.minimum(a, b), jnp.maximum(a, b))
        quotient = (self.f(b) - self.f(a)) / jnp.where(close, 1.0, width)
        inside = a[..., None] + _X8 * width[..., None]
        return jnp.where(close, self.df(inside) @ jnp.asarray(_W8, a.dtype), quotient)


@dataclass(frozen=True)
class Level(AbstractSpectralFunction):
    """1 on the eigenvalues with indices start <= i < stop, 0 on all others.

    Divided differences between indices of one group vanish, so degenerate levels are harmless; a
    gap that closes between groups counts as far apart (difference 0), which keeps them finite.
    """

    start: int
    stop: int

    def values(self, eigenvalues: Array) -> Array:
        return jnp.asarray(self._member(eigenvalues), eigenvalues.dtype)

    def first(self, eigenvalues: Array) -> Array:
        member = self._member(eigenvalues)
        jump = member[None, :] - member[:, None]
        return jump * _safe_inverse(eigenvalues[None, :] - eigenvalues[:, None])

    def second(self, eigenvalues: Array) -> Array:
        member = self._member(eigenvalues)
        x, first = eigenvalues, self.first(eigenvalues)
        i, j, k = np.ix_(*(np.arange(len(member)),) * 3)
        outer = (first[j, k] - first[i, j]) * _safe_inverse(x[k] - x[i])
        inner = (first[j, k] - first[i, k]) * _safe_inverse(x[j] - x[i])
        outside, inside = member[i] != member[k], member[i] != member[j]
        return jnp.where(outside, outer, jnp.where(inside, inner, 0.0))

    def _member(self, eigenvalues: Array) -> np.ndarray:
        index = np.arange(eigenvalues.shape[0])
        return ((index >= self.start) & (index < self.stop)).astype(float)


def _floor(eigenvalues: Array) -> float:
    """The eigenvalue that stands for 0 under a logarithm: its inverse square is finite."""
    return float(jnp.finfo(eigenvalues.dtype).tiny) ** 0.4


LOG = Smooth(
    f=jnp.log, df=lambda x: 1.0 / x, ddf=lambda x: -1.0 / x**2,
    scale=lambda low, high: 0.5 * (low + high), lower=_floor,
)  # fmt: skip
EXP = Smooth(f=jnp.exp, df=jnp.exp, ddf=jnp.exp, scale=lambda low, high: jnp.ones_like(low))


def eigh(a: OperatorLike) -> tuple[Float[Array, " d"], Complex[Array, "d d"]]:
    """Ascending eigenvalues and eigenvectors of (A + A^+)/2; in closed form for d = 2.

    Not to be differentiated: eigenvectors have no derivative at degenerate matrices.

    Args:
        a: Hermitian operator, (d, d).

    Returns:
        Eigenvalues (d,) and the unitary of eigenvectors as columns, (d, d).
    """
    a = 0.5 * (a + a.conj().T)
    return _eigh2(a) if a.shape[0] == 2 else tuple(jnp.linalg.eigh(a))


def _eigh2(a: Operator) -> tuple[Array, Array]:
    """Closed form: half angles taken from the larger component, so nothing cancels."""
    mean, z, w = 0.5 * (a[0, 0] + a[1, 1]).real, 0.5 * (a[0, 0] - a[1, 1]).real, a[1, 0]
    r = jnp.sqrt(z**2 + jnp.abs(w) ** 2)
    flat = r == 0.0
    large = jnp.sqrt(0.5 * (1.0 + jnp.abs(z) / jnp.where(flat, 1.0, r)))
    large = jnp.where(flat, 1.0, large)
    small = w / jnp.where(flat, 1.0, 2.0 * r * large)
    up = z >= 0.0
    top = jnp.where(up, large, small.conj())
    bottom = jnp.where(up, small, large)
    excited = jnp.stack([top.astype(a.dtype), bottom.astype(a.dtype)])
    ground = jnp.stack([-excited[1].conj(), excited[0].conj()])
    # det/(mean + r) keeps the smaller eigenvalue of a nearly pure state accurate
    product = (a[0, 0] * a[1, 1]).real - jnp.abs(w) ** 2
    far = jnp.where(mean >= 0.0, mean + r, mean - r)
    near = jnp.where(far == 0.0, 0.0, product / jnp.where(far == 0.0, 1.0, far))
    low, high = jnp.where(mean >= 0.0, near, far), jnp.where(mean >= 0.0, far, near)
    return jnp.stack([jnp.minimum(low, high), jnp.maximum(low, high)]), jnp.stack(
        [ground, excited], axis=1
    )


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def spectral_function(f: AbstractSpectralFunction, a: OperatorLike) -> Operator:
    """f(A) of a Hermitian matrix, twice differentiable everywhere.

    Args:
        f: a spectral function such as `LOG` or `EXP`.
        a: Hermitian operator, (d, d).

    Returns:
        f(A), (d, d).
    """
    values, vectors = eigh(a)
    return (vectors * f.values(values)) @ vectors.conj().T


@spectral_function.defjvp
def _spectral_function_jvp(f, primals, tangents):
    (a,), (x,) = primals, tangents
    return spectral_function(f, a), frechet(f, a, x)


def frechet(f: AbstractSpectralFunction, a: OperatorLike, x: OperatorLike) -> Operator:
    """The derivative of f(A) in the direction X, (d, d); once more differentiable in A.

    Args:
        f: a spectral function.
        a: Hermitian operator, (d, d).
        x: direction, (d, d).
    """
    return jnp.einsum("ijkl,kl->ij", _frechet_tensor(f, a), x)


# The tensor depends on A alone and carries its own rule. A rule on `frechet` itself would be lost in
# reverse mode: JAX inlines custom rules in linear code, and the second pass would meet `eigh`.
@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _frechet_tensor(f: AbstractSpectralFunction, a: OperatorLike) -> Complex[Array, "d d d d"]:
    values, v = eigh(a)
    return jnp.einsum("ia,jb,ab,ka,lb->ijkl", v, v.conj(), f.first(values), v.conj(), v)


@_frechet_tensor.defjvp
def _frechet_tensor_jvp(f, primals, tangents):
    (a,), (y,) = primals, tangents
    values, v = eigh(a)
    q = v.conj().T @ y @ v
    second = f.second(values)
    left = jnp.einsum("ia,jc,anc,nc,ka,ln->ijkl", v, v.conj(), second, q, v.conj(), v)
    right = jnp.einsum("ia,jc,amc,am,km,lc->ijkl", v, v.conj(), second, q, v.conj(), v)
    return _frechet_tensor(f, a), left + right


def logm(a: OperatorLike) -> Operator:
    """ln A of a positive semidefinite matrix; eigenvalues below 1e-123 count as that (f32: 1e-15).

    Args:
        a: Hermitian operator, (d, d).
    """
    return spectral_function(LOG, a)


def level_projectors(
    hamiltonian: OperatorLike, levels: tuple[int, ...]
) -> Complex[Array, "levels d d"]:
    """The projectors on the levels of H, twice differentiable as long as groups stay apart.

    Args:
        hamiltonian: Hermitian operator, (d, d).
        levels: degeneracies in ascending order of energy, static; they add up to d.

    Returns:
        Projectors, (levels, d, d).

    Raises:
        ValueError: `levels` does not add up to d.
    """
    d = hamiltonian.shape[0]
    if sum(levels) != d:
        raise ValueError(f"`levels` must add up to d = {d}, got {levels}.")
    if levels == (1, 1):
        return _qubit_projectors(hamiltonian)
    ends = np.cumsum(levels)
    groups = [Level(int(end - n), int(end)) for n, end in zip(levels, ends, strict=True)]
    return jnp.stack([spectral_function(group, hamiltonian) for group in groups])


def group_levels(hamiltonian: OperatorLike, tolerance: float = 1e-9) -> tuple[int, ...]:
    """The degeneracies of a concrete Hamiltonian, in ascending order of energy.

    Args:
        hamiltonian: concrete Hermitian operator, (d, d).
        tolerance: energies closer than this, relative to the spectral range, are one level.

    Returns:
        A tuple of group sizes.

    Raises:
        ValueError: traced.
    """
    if not is_concrete(hamiltonian):
        raise ValueError(
            "`hamiltonian` is traced, so its levels cannot be grouped; give `levels` (the "
            "degeneracies in ascending order of energy)."
        )
    energies = np.linalg.eigvalsh(np.asarray(hamiltonian))
    gaps = np.diff(energies) > tolerance * max(float(np.ptp(energies)), 1e-300)
    edges = np.concatenate([[0], np.flatnonzero(gaps) + 1, [len(energies)]])
    return tuple(int(n) for n in np.diff(edges))


def _qubit_projectors(hamiltonian: OperatorLike) -> Array:
    """(1 -+ n.sigma)/2 with n = (0, 0, 1) where the gap is 0."""
    one = jnp.eye(2, dtype=hamiltonian.dtype)
    traceless = hamiltonian - 0.5 * jnp.trace(hamiltonian) * one
    square = 0.5 * jnp.einsum("ij,ji->", traceless, traceless).real
    flat = square == 0.0
    axis = traceless / jnp.sqrt(jnp.where(flat, 1.0, square))
    axis = jnp.where(flat, jnp.diag(jnp.asarray([1.0, -1.0], one.dtype)), axis)
    return 0.5 * jnp.stack([one - axis, one + axis])


def _safe_inverse(x: Array) -> Array:
    zero = x == 0.0
    return jnp.where(zero, 0.0, 1.0 / jnp.where(zero, 1.0, x))
