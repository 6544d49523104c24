"""Commutators and dissipators of traced operators as real matrices on components.

Either is linear in the entries of one matrix that is made of the operators: H itself, or
C = sum_k rate_k c_k c_k^+ with the entries c_k of the jump operators in a column (Gorini,
Kossakowski and Sudarshan, J. Math. Phys. 17, 821 (1976)). On few levels one product with a fixed
matrix is quicker than superoperators, and has their zeros.
"""

from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._precise import tensordot
from .._types import Operator
from .hermitian_basis import commutator_map, components, real_map
from .superoperators import dissipator_superoperator

MOST_LEVELS = 3  # for which the fixed matrix of dissipators is small
MOST_COMMUTING = 4  # likewise of commutators


def real_commutator(h: Operator) -> Float[Array, "n n"]:
    """What -i[H, .] does to the components, (d*d, d*d).

    Args:
        h: H, (d, d).
    """
    d = h.shape[0]
    if d > MOST_COMMUTING:
        return real_map(commutator_map(h, jnp), d)
    parts = jnp.stack([h.real, h.imag]).reshape(2, d * d)
    return tensordot(parts, _commutators(d).astype(parts.dtype), 2)


def real_dissipator(
    rates: Float[Array, " channels"],
    left: Complex[Array, "channels d d"],
    right: Complex[Array, "channels d d"] | None = None,
) -> Float[Array, "n n"]:
    """What sum_k rate_k (L_k . R_k^+ - {R_k^+ L_k, .}/2) does to the components, (d*d, d*d).

    Its Hermitian part, that is: half of what a channel of two operators has.

    Args:
        rates: of either sign, (channels,).
        left: L_k, (channels, d, d).
        right: R_k, likewise; L_k if `None`.
    """
    count, d, _ = left.shape
    if d > MOST_LEVELS:
        if right is not None:
            rates = 0.5 * jnp.concatenate([rates, -rates])
            left = jnp.concatenate([left + right, left - right]) / np.sqrt(2.0)
        return real_map(dissipator_superoperator(rates, left), d)
    right = left if right is None else right
    left, right = (a.reshape(count, d * d) for a in (left, right))
    both = jnp.sum((rates[:, None] * left)[:, :, None] * right.conj()[:, None], axis=0)
    return tensordot(jnp.stack([both.real, both.imag]), _dissipators(d).astype(rates.dtype), 3)


@lru_cache
def _commutators(d: int) -> np.ndarray:
    """The matrices of all -i[E_a, .]: the real parts, and less the imaginary ones.

    E_a has one entry, 1, in the order of the entries of an operator.
    """
    return _on_components(np.stack([commutator_map(unit, np) for unit in _units(d)]), d)


@lru_cache
def _dissipators(d: int) -> np.ndarray:
    """Likewise of all E_a . E_b^+ - {E_b^+ E_a, .}/2."""
    units, one = _units(d), np.eye(d)
    loss = 0.5 * np.einsum("bji,ajk->abik", units, units)
    gain = np.einsum("aij,bkl->abikjl", units, units)
    gain = gain - np.einsum("abij,kl->abikjl", loss, one) - np.einsum("ablk,ij->abikjl", loss, one)
    return _on_components(gain.reshape(d * d, d * d, d * d, d * d), d)


def _units(d: int) -> np.ndarray:
    return np.eye(d * d).reshape(-1, d, d)


def _on_components(superoperators: np.ndarray, d: int) -> np.ndarray:
    """The real parts, and less the imaginary ones, (2, ..., d*d, d*d), without rounding."""
    into = components(np.eye(d * d, dtype=complex), d, np)
    found = into @ superoperators @ into.conj().T
    found = np.stack([found.real, -found.imag])
    return np.where(np.abs(found) < 1e-14, 0.0, found)
