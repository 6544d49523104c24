"""Hermitian operators of a qubit by their entries, four real numbers.

All loops of a program run over lanes and times then. XLA takes several times as long for matrices
(2, 2) of complex numbers, and memory for every one in between.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

Numbers = Float[Array, "..."]
Matrices = Complex[Array, "... 2 2"]


class Entries(NamedTuple):
    """[[p, u - i v], [u + i v, q]]."""

    p: Numbers
    q: Numbers
    u: Numbers
    v: Numbers


class Levels(NamedTuple):
    """Eigenvalues, and the eigenvector (1, u + i v) or (u - i v, 1) of the larger, not normalized.

    Args:
        low: the smaller eigenvalue.
        high: the larger one.
        u: as above.
        v: as above.
        first: whether it is the first of the two, as p >= q.
    """

    low: Numbers
    high: Numbers
    u: Numbers
    v: Numbers
    first: Array


def entries(a: Matrices) -> Entries:
    """Those of the Hermitian part of a matrix."""
    u = a[..., 1, 0].real / 2 + a[..., 0, 1].real / 2
    v = a[..., 1, 0].imag / 2 - a[..., 0, 1].imag / 2
    return Entries(a[..., 0, 0].real, a[..., 1, 1].real, u, v)


def matrix(a: Entries) -> Matrices:
    """The matrix with these entries."""
    w, nothing = jax.lax.complex(a.u, a.v), jnp.zeros_like(a.p)
    p, q = jax.lax.complex(a.p, nothing), jax.lax.complex(a.q, nothing)
    return jnp.stack([jnp.stack([p, w.conj()], -1), jnp.stack([w, q], -1)], -2)


def total(first: Entries, *others: Entries) -> Entries:
    """Their sum."""
    return Entries(*(functools.reduce(jnp.add, x) for x in zip(first, *others, strict=True)))


def map_of(function: Callable[[Matrices], Matrices]) -> Float[Array, "4 4"]:
    """A linear function of matrices (2, 2) that keeps them Hermitian, from entries to entries."""
    basis = matrix(Entries(*jnp.eye(4)))
    return jnp.stack(entries(jax.vmap(function)(basis)))


def applied(rows: Float[Array, "4 4"], a: Entries) -> Entries:
    """What such a function makes of an operator."""
    return Entries(*(row[0] * a.p + row[1] * a.q + row[2] * a.u + row[3] * a.v for row in rows))


def overlap(a: Entries, b: Entries) -> Numbers:
    """tr(A B)."""
    return a.p * b.p + a.q * b.q + 2 * (a.u * b.u + a.v * b.v)


def turned(h: Entries, rho: Entries) -> Entries:
    """-i [H, rho]."""
    gain, detuning, bias = 2 * (h.u * rho.v - h.v * rho.u), h.p - h.q, rho.p - rho.q
    return Entries(gain, -gain, h.v * bias - rho.v * detuning, rho.u * detuning - h.u * bias)


def size(a: Entries) -> Numbers:
    """max|A| over real and imaginary parts of the entries."""
    return jnp.maximum(
        jnp.maximum(jnp.abs(a.p), jnp.abs(a.q)), jnp.maximum(jnp.abs(a.u), jnp.abs(a.v))
    )


def levels(a: Entries) -> Levels:
    """Without cancellation, at degenerate levels too.

    With z = (p - q)/2, w = u + i v and r = sqrt(z^2 + |w|^2): r - |z| is |w|^2 / (r + |z|), so a
    diagonal matrix keeps its eigenvalues to the last digit. Squares are of z and w in units of the
    larger one, so that none overflows.
    """
    z = a.p / 2 - a.q / 2
    unit = jnp.maximum(jnp.abs(z), jnp.maximum(jnp.abs(a.u), jnp.abs(a.v)))
    per_unit = 1.0 / jnp.where(unit == 0, 1.0, unit)
    z, x, y = z * per_unit, a.u * per_unit, a.v * per_unit
    s = jnp.abs(z) + jnp.sqrt(z**2 + x**2 + y**2)
    per_s = 1.0 / jnp.where(s == 0, 1.0, s)
    u, v = x * per_s, y * per_s
    shift = a.u * u + a.v * v
    low, high = jnp.minimum(a.p, a.q) - shift, jnp.maximum(a.p, a.q) + shift
    return Levels(low, high, u, v, z >= 0)


def with_values(found: Levels, low: Numbers, high: Numbers) -> Entries:
    """The operator with the same eigenvectors and these eigenvalues."""
    most = 1 / (1 + found.u**2 + found.v**2)
    least, difference = (found.u**2 + found.v**2) * most, high - low
    p = jnp.where(found.first, high * most + low * least, high * least + low * most)
    q = jnp.where(found.first, high * least + low * most, high * most + low * least)
    return Entries(p, q, found.u * most * difference, found.v * most * difference)
