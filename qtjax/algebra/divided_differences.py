"""Functions of a real variable by their divided differences on ascending eigenvalues.

What `spectral` needs of a function f to apply and to differentiate it twice: f(l_i), f[l_i, l_j]
and f[l_i, l_j, l_k], each accurate for near and for equal eigenvalues. All objects are hashable and
static.

Source: Higham, Functions of Matrices (2008), ch. 3.
"""

import abc
import dataclasses
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

Spectrum = Float[Array, "*batch d"]
Pairs = Float[Array, "*batch d d"]
Triples = Float[Array, "*batch d d d"]


def _triangle_rule(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights on the triangle 0 <= t <= s <= 1."""
    x, w = np.polynomial.legendre.leggauss(n)
    s, y = np.meshgrid((x + 1) / 2, (x + 1) / 2, indexing="ij")
    return s.ravel(), (s * y).ravel(), (np.outer(w, w) / 4 * s).ravel()


_S, _T, _WEIGHTS = _triangle_rule(6)


def _pairs(lam: Spectrum) -> tuple[Pairs, Pairs]:
    """The smaller and the larger eigenvalue of every pair."""
    a, b = lam[..., :, None], lam[..., None, :]
    return jnp.minimum(a, b), jnp.maximum(a, b)


def _sorted_triples(d: int) -> np.ndarray:
    """Every triple of indices in ascending order, (3, d, d, d): static, as eigenvalues ascend."""
    return np.sort(np.indices((d, d, d)), axis=0)


def _wide_quotient(lam: Spectrum, first: Pairs) -> Triples:
    """(f[b, c] - f[a, b]) / (c - a) for a <= b <= c; 0 where a = c."""
    i, j, k = _sorted_triples(lam.shape[-1])
    return _divide(first[..., j, k] - first[..., i, j], lam[..., k] - lam[..., i])


def _divide(numerator: Array, denominator: Array) -> Array:
    """The quotient, or 0 where the denominator is 0."""
    zero = denominator == 0
    return jnp.where(zero, 0.0, numerator / jnp.where(zero, 1.0, denominator))


class AbstractSpectralFunction(abc.ABC):
    """A scalar function by its divided differences on ascending eigenvalues; hashable, static.

    Examples:
        >>> class Square(qt.algebra.AbstractSpectralFunction):
        ...     def values(self, lam):
        ...         return lam**2
        ...     def first(self, lam):
        ...         return lam[..., :, None] + lam[..., None, :]
        ...     def second(self, lam):
        ...         return jnp.ones((*lam.shape, lam.shape[-1], lam.shape[-1]))
        >>> qt.algebra.frechet(Square(), qt.sigmaz(), qt.identity(2))  # A X + X A
        [[2.0, 0.0], [0.0, -2.0]]
    """

    @abc.abstractmethod
    def values(self, lam: Spectrum) -> Spectrum:
        """f(l_i)."""

    @abc.abstractmethod
    def first(self, lam: Spectrum) -> Pairs:
        """f[l_i, l_j] = (f(l_i) - f(l_j)) / (l_i - l_j), f'(l_i) where they coincide."""

    @abc.abstractmethod
    def second(self, lam: Spectrum) -> Triples:
        """f[l_i, l_j, l_k], symmetric; f''(l_i) / 2 where all coincide."""


@dataclasses.dataclass(frozen=True)
class Log(AbstractSpectralFunction):
    """The logarithm of max(l, tiny), tiny = finfo.tiny**0.45: ln 0 = -319 (float64), -39 (float32).

    The exponent is chosen so that 1/tiny^2, the second divided difference at 0, does not overflow.

    Examples:
        >>> qt.algebra.Log().first(jnp.array([1.0, 2.0]))  # 1 and 1/2 on the diagonal, ln 2 beside
        [[1.0000, 0.6931], [0.6931, 0.5000]]
    """

    def _clamp(self, lam: Spectrum) -> Spectrum:
        return jnp.maximum(lam, float(jnp.finfo(lam.dtype).tiny) ** 0.45)

    def values(self, lam: Spectrum) -> Spectrum:
        return jnp.log(self._clamp(lam))

    def first(self, lam: Spectrum) -> Pairs:
        # log1p keeps full relative accuracy at every separation: no series is needed.
        low, high = _pairs(self._clamp(lam))
        x = (high - low) / low
        return jnp.where(x == 0, 1.0, _divide(jnp.log1p(x), x)) / low

    def second(self, lam: Spectrum) -> Triples:
        lam = self._clamp(lam)
        i, _, k = _sorted_triples(lam.shape[-1])
        near = lam[..., k] - lam[..., i] <= 0.2 * lam[..., k]
        near_values = _simplex_integral(lam, lambda x: -1 / x**2)
        return jnp.where(near, near_values, _wide_quotient(lam, self.first(lam)))


@dataclasses.dataclass(frozen=True)
class Exp(AbstractSpectralFunction):
    """The exponential. Shift the matrix so that its largest eigenvalue is about 0.

    Examples:
        >>> qt.algebra.apply(qt.algebra.Exp(), -qt.number(2))
        [[1.0000, 0.0], [0.0, 0.3679]]
    """

    def values(self, lam: Spectrum) -> Spectrum:
        return jnp.exp(lam)

    def first(self, lam: Spectrum) -> Pairs:
        low, high = _pairs(lam)
        x = high - low
        return jnp.exp(high) * jnp.where(x == 0, 1.0, _divide(-jnp.expm1(-x), x))

    def second(self, lam: Spectrum) -> Triples:
        i, _, k = _sorted_triples(lam.shape[-1])
        near = lam[..., k] - lam[..., i] <= 0.5
        return jnp.where(
            near, _simplex_integral(lam, jnp.exp), _wide_quotient(lam, self.first(lam))
        )


@dataclasses.dataclass(frozen=True)
class Sqrt(AbstractSpectralFunction):
    """The square root of max(l, eps^2), so that its derivatives at 0 are large and finite.

    Examples:
        >>> qt.algebra.apply(qt.algebra.Sqrt(), 5 * qt.identity(2) + 4 * qt.sigmax())
        [[2.0, 1.0], [1.0, 2.0]]
    """

    def _roots(self, lam: Spectrum) -> Spectrum:
        return jnp.sqrt(jnp.maximum(lam, float(jnp.finfo(lam.dtype).eps) ** 2))

    def values(self, lam: Spectrum) -> Spectrum:
        return jnp.sqrt(jnp.maximum(lam, 0.0))

    def first(self, lam: Spectrum) -> Pairs:
        r = self._roots(lam)
        return 1 / (r[..., :, None] + r[..., None, :])

    def second(self, lam: Spectrum) -> Triples:
        f = self.first(lam)
        return -f[..., :, :, None] * f[..., None, :, :] * f[..., :, None, :]


def _simplex_integral(lam: Spectrum, f2: Callable[[Array], Array]) -> Triples:
    """f[a, b, c] for nearby a <= b <= c: Hermite and Genocchi's integral of f'' over a triangle.

    36 Gauss nodes: relative error 1e-15 for the separations it is used at.
    """
    i, j, k = _sorted_triples(lam.shape[-1])
    a, b, c = lam[..., i], lam[..., j], lam[..., k]
    points = a[..., None] + (b - a)[..., None] * _S + (c - b)[..., None] * _T
    return jnp.sum(f2(points) * _WEIGHTS.astype(lam.dtype), axis=-1)


@dataclasses.dataclass(frozen=True)
class One(AbstractSpectralFunction):
    """The constant 1; `Restricted` to a set of levels it is their projector."""

    def values(self, lam: Spectrum) -> Spectrum:
        return jnp.ones_like(lam)

    def first(self, lam: Spectrum) -> Pairs:
        return jnp.zeros((*lam.shape, lam.shape[-1]), lam.dtype)

    def second(self, lam: Spectrum) -> Triples:
        return jnp.zeros((*lam.shape, lam.shape[-1], lam.shape[-1]), lam.dtype)


class AbstractSelection(abc.ABC):
    """A choice of neighbouring eigenvalues; hashable, static."""

    @abc.abstractmethod
    def __call__(self, lam: Spectrum) -> Bool[Array, "*batch d"]:
        """True on the chosen eigenvalues, which are consecutive."""


@dataclasses.dataclass(frozen=True)
class AtLeast(AbstractSelection):
    """The eigenvalues >= threshold: the support of a state."""

    threshold: float

    def __call__(self, lam: Spectrum) -> Bool[Array, "*batch d"]:
        return lam >= self.threshold


@dataclasses.dataclass(frozen=True)
class Below(AbstractSelection):
    """The eigenvalues < threshold: the null block of a state."""

    threshold: float

    def __call__(self, lam: Spectrum) -> Bool[Array, "*batch d"]:
        return lam < self.threshold


@dataclasses.dataclass(frozen=True)
class Level(AbstractSelection):
    """The eigenvalues number start, ..., stop - 1, in ascending order."""

    start: int
    stop: int

    def __call__(self, lam: Spectrum) -> Bool[Array, "*batch d"]:
        index = np.arange(lam.shape[-1])
        return jnp.broadcast_to((index >= self.start) & (index < self.stop), lam.shape)


@dataclasses.dataclass(frozen=True)
class Lowest(AbstractSelection):
    """The ground level: the lowest eigenvalue and what equals it within `rounding`."""

    def __call__(self, lam: Spectrum) -> Bool[Array, "*batch d"]:
        return lam - lam[..., :1] <= rounding(lam)


@dataclasses.dataclass(frozen=True)
class Restricted(AbstractSpectralFunction):
    """f on the selected eigenvalues, 0 on the others. The selection follows its levels: no kink.

    Differences between the two sets are plain quotients; 0 if the levels touch, where the
    restricted function has no derivative.
    """

    f: AbstractSpectralFunction
    selection: AbstractSelection

    def values(self, lam: Spectrum) -> Spectrum:
        return jnp.where(self.selection(lam), self.f.values(lam), 0.0)

    def first(self, lam: Spectrum) -> Pairs:
        chosen, value = self.selection(lam), self.values(lam)
        inside = jnp.where(chosen[..., :, None] & chosen[..., None, :], self.f.first(lam), 0.0)
        across = _divide(
            value[..., :, None] - value[..., None, :], lam[..., :, None] - lam[..., None, :]
        )
        return jnp.where(chosen[..., :, None] == chosen[..., None, :], inside, across)

    def second(self, lam: Spectrum) -> Triples:
        i, j, k = _sorted_triples(lam.shape[-1])
        chosen = self.selection(lam)
        count = sum(chosen[..., index].astype(int) for index in (i, j, k))
        across = _wide_quotient(lam, self.first(lam))
        inside = jnp.where(count == 3, self.f.second(lam), 0.0)
        return jnp.where((count == 0) | (count == 3), inside, across)


def rounding(lam: Spectrum) -> Float[Array, "*batch 1"]:
    """4 d eps max|l|: what rounding alone may do to eigenvalues."""
    d, eps = lam.shape[-1], float(jnp.finfo(lam.dtype).eps)
    return 4 * d * eps * jnp.max(jnp.abs(lam), axis=-1, keepdims=True)
