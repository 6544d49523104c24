"""Operators weighted by functions of their Bohr frequencies, right where levels nearly coincide.

In the eigenbasis of H the element <m|A|n> has the frequency w_mn = E_n - E_m, and

    f(-ad_H) A = sum_mn f(w_mn) |m><m|A|n><n|,    ad_H A = [H, A],

is a function of the superoperator ad_H: no levels and no frequencies need to be grouped. Its
derivative by H is that of Daleckii and Krein, with divided differences of f in place of derivatives
of eigenvectors. They are quotients where two frequencies are apart, and means of f' where a
quotient would cancel: right to about ten digits at every distance, 0 included. Where f is not
smooth, as a power law at frequency 0, mean and quotient differ by more than rounding, and the
quotient it is. Second derivatives go through eigenvectors: where levels coincide there are none.

Source: Daleckii and Krein, AMS Transl. 47, 1 (1965); Higham, Functions of Matrices (2008), ch. 3.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._precise import einsum
from .._types import Operator, Real
from .operators import dag, product
from .spectral import eigensystem

NEAR = 1e-5  # of the scale on which f changes: there the two ways err alike, by 1e-11
ROUNDING = 2.0**10  # of machine epsilons of f, at most, where f is smooth
EQUAL = 1e-9  # of the spectral range: frequencies that count as equal, as in `bohr_transitions`

Operators = Complex[Array, "operators d d"]
Function = Callable[[Any], Any]


def bohr_function(
    f: Function, hamiltonian: Operator, operators: Operators, unit: Real
) -> Operators:
    """f(-ad_H) A = sum_mn f(E_n - E_m) |m><m|A|n><n| of every operator A.

    Args:
        f: a function of an array of frequencies, entry by entry, real or complex; what it closes
            over is differentiated.
        hamiltonian: Hermitian operator, (d, d).
        operators: A, (operators, d, d).
        unit: f changes around w on the scale of the larger one of `unit` and |w|; 0 where it jumps
            at frequency 0.

    Returns:
        (operators, d, d); once differentiable, however close the levels are.
    """
    function, constants = jax.closure_convert(f, jnp.zeros(hamiltonian.shape))
    return _weighted(function, hamiltonian, operators, unit, *constants)


def bohr_pairs(
    f: Function, hamiltonian: Operator, operators: Operators, cutoff: Real, unit: Real
) -> Complex[Array, "d d d d"]:
    """M with M_ab rho |b><a| summed over a, b as f(w) A(w) rho A(w')^+ over the pairs kept.

    Kept are the frequencies with |w - w'| <= cutoff, beside what counts as equal. M is summed over
    the operators A. Which pairs are kept is a step: no derivative sees it, and one by H is that of
    either side.

    Args:
        f: as for `bohr_function`.
        hamiltonian: Hermitian operator, (d, d).
        operators: A, (operators, d, d).
        cutoff: >= 0, in units of energy.
        unit: as for `bohr_function`.

    Returns:
        (d, d, d, d): the operators M_ab; once differentiable, however close levels are that are
        kept together.
    """
    function, constants = jax.closure_convert(f, jnp.zeros(hamiltonian.shape))
    return _paired(function, hamiltonian, operators, operators, cutoff, unit, *constants)


def spectral_range(frequencies: Float[Array, "d d"]) -> Real:
    """The spectral range, the largest Bohr frequency; not differentiated."""
    return jax.lax.stop_gradient(jnp.max(frequencies))


def indistinct(frequencies: Float[Array, "d d"]) -> Real:
    """The distance up to which frequencies count as equal, rounding included."""
    epsilon = float(jnp.finfo(frequencies.dtype).eps)
    return max(EQUAL, 64 * epsilon) * spectral_range(frequencies)


def _frequencies(energies: Float[Array, " d"]) -> Float[Array, "d d"]:
    return energies - energies[:, None]


def _inward(v: Operator, a: Array) -> Array:
    return product(product(dag(v), a), v)


def _outward(v: Operator, a: Array) -> Array:
    return product(product(v, a), dag(v))


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _weighted(f: Function, h: Operator, a: Operators, unit: Real, *constants: Any) -> Operators:
    energies, v = eigensystem(h)
    return _outward(v, f(_frequencies(energies), *constants) * _inward(v, a))


@_weighted.defjvp
def _weighted_jvp(f, primals, tangents):
    (h, a, unit, *constants), (dh, da, _, *changes) = primals, tangents
    energies, v = eigensystem(h)
    values, slopes, changed = _values(f, _frequencies(energies), constants, changes)
    inside, x = _inward(v, a), _inward(v, 0.5 * (dh + dag(dh)))
    one_branch = jnp.zeros(values.shape, bool)
    turned = _turned(values, slopes, one_branch, energies, unit, x, inside)
    moved = _outward(v, changed * inside + turned)
    return _weighted(f, *primals), moved + _weighted(f, h, da, unit, *constants)


def _values(f: Function, frequencies: Array, constants: list, changes: list) -> tuple[Array, ...]:
    """f, f' and the change of f with its constants."""
    along = jnp.ones_like(frequencies)
    values, slopes = jax.jvp(lambda w: f(w, *constants), (frequencies,), (along,))
    if not constants:
        return values, slopes, jnp.zeros_like(values)
    changed = jax.jvp(lambda *c: f(frequencies, *c), tuple(constants), tuple(changes))[1]
    return values, slopes, changed


def _turned(
    values: Array, slopes: Array, branch: Array, energies: Array, unit: Real, x: Array, a: Array
) -> Array:
    """The derivative of f(-ad_H) A along X, all in the eigenbasis, (operators, d, d, ...).

    sum_q f[w_mn, w_mq] A_mq X_qn - sum_p f[w_mn, w_pn] X_mp A_pn; axes of `values` beyond two are
    those of a parameter of f.
    """
    sizes = jnp.abs(_frequencies(energies))
    around = jnp.maximum(unit, jnp.minimum(sizes[:, None], sizes))
    near = sizes[:, :, None] <= NEAR * around

    def left(values: Array, slopes: Array, branch: Array, x: Array, a: Array) -> Array:
        differences = _differences(values, slopes, branch, energies, near)
        return einsum("mpn...,mp,kpn->kmn...", differences, x, a)

    other = (values.swapaxes(0, 1), -slopes.swapaxes(0, 1), branch.swapaxes(0, 1), x.T, a.mT)
    return -left(values, slopes, branch, x, a) - left(*other).swapaxes(1, 2)


def _differences(
    values: Array, slopes: Array, branch: Array, energies: Array, near: Array
) -> Array:
    """f[w_mn, w_pn] as [m, p, n, ...]; w_mn - w_pn = E_p - E_m."""
    wide = (1,) * (values.ndim - 2)
    gap = _frequencies(energies).reshape(*near.shape[:2], 1, *wide)
    smooth = near.reshape(*near.shape, *wide) & (branch[:, None] == branch)
    quotient = (values[:, None] - values) / jnp.where(gap == 0.0, 1.0, gap)
    mean = 0.5 * (slopes[:, None] + slopes)
    rounding = ROUNDING * float(jnp.finfo(energies.dtype).eps)
    lost = rounding * jnp.maximum(jnp.abs(values[:, None]), jnp.abs(values))
    smooth = smooth & ((gap == 0.0) | (jnp.abs((quotient - mean) * gap) <= lost))
    own = np.eye(energies.shape[0], dtype=bool)
    cancels = (own[:, :, None] & own[:, None]).reshape(*near.shape, *wide)  # f'(0), of both sides
    return jnp.where(cancels, 0.0, jnp.where(smooth, mean, quotient))


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _paired(
    f: Function, h: Operator, a: Operators, b: Operators, cutoff: Real, unit: Real, *constants: Any
) -> Complex[Array, "d d d d"]:
    """sum over kept pairs of f(w_mn) A_mn conj(B_ab), as operators M_ab in the given basis."""
    energies, v = eigensystem(h)
    frequencies = _frequencies(energies)
    weights = f(frequencies, *constants)[..., None, None] * _kept(frequencies, cutoff)
    return _outward_pairs(v, weights * _products(_inward(v, a), _inward(v, b)))


@_paired.defjvp
def _paired_jvp(f, primals, tangents):
    h, a, b, cutoff, unit, *constants = primals
    dh, da, db, _, _, *changes = tangents
    energies, v = eigensystem(h)
    frequencies = _frequencies(energies)
    kept = _kept(frequencies, cutoff)
    values, slopes, changed = (
        w[..., None, None] for w in _values(f, frequencies, constants, changes)
    )
    left, right, x = _inward(v, a), _inward(v, b), _inward(v, 0.5 * (dh + dag(dh)))
    turned = _turned(values * kept, slopes * kept, kept, energies, unit, x, left)
    ones = jnp.where(kept, 1.0, 0.0)
    partner = _turned(ones, jnp.zeros_like(ones), kept, energies, unit, x, right)
    moved = changed * kept * _products(left, right)
    moved = moved + einsum("kmnab,kab->mnab", turned, right.conj())
    moved = moved + values * einsum("kmn,kabmn->mnab", left, partner.conj())
    given = [_paired(f, h, *pair, cutoff, unit, *constants) for pair in ((da, b), (a, db))]
    return _paired(f, *primals), _outward_pairs(v, moved) + given[0] + given[1]


def _kept(frequencies: Array, cutoff: Real) -> Array:
    """Whether |w_mn - w_ab| is within the cutoff, (d, d, d, d)."""
    apart = jnp.abs(frequencies[:, :, None, None] - frequencies)
    return apart <= cutoff + indistinct(frequencies)


def _products(a: Operators, b: Operators) -> Array:
    return einsum("kmn,kab->mnab", a, b.conj())


def _outward_pairs(v: Operator, m: Array) -> Array:
    return einsum("im,jn,mnab,ca,db->cdij", v, v.conj(), m, v.conj(), v)
