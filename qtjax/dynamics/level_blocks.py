"""The steady state of Davies baths on many levels, without a list of their jump operators.

Every jump operator A(w) = sum Pi_e A Pi_e', e' - e = w, takes blocks of rho inside levels to blocks
inside levels, and nothing else comes there. So these blocks obey an equation of their own: without
degenerate levels Pauli's rate equation,

    p_i' = sum_j (W_ij p_j - W_ji p_i),    W_ij = sum_baths rate(E_j - E_i) |A_ij|^2.

The state is unique if it is so in these blocks. A second one would have a conserved X with it, on
the support of the first, which commutes with H and with all jumps: then X joins no two levels.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import lineax
import numpy as np
from jax.lax import stop_gradient
from jaxtyping import Array, Bool

from .._precise import einsum, matmul
from .._types import Operator, RealLike
from ..algebra.levels import inside_levels
from ..algebra.operators import dag
from ..numerics.null_vector import SAFETY, NullVector, null_vector
from .davies import AbstractDaviesBath
from .davies_generator import has_many_jumps
from .davies_levels import FEWEST_IN_BLOCKS, InLevels, frame_of, in_levels, keeps_levels
from .many_lanes import Found
from .open_system import OpenSystem, differs_from

# Beyond so many entries LU factors in place of elimination.
LARGEST_ELIMINATED = 256


def are_in_levels(system: OpenSystem) -> bool:
    """Whether all baths are Davies baths with the same levels, and not of a few levels only.

    Args:
        system: the open system.
    """
    baths: Any = system.baths
    if not baths or not all(isinstance(bath, AbstractDaviesBath) for bath in baths):
        return False
    if system.dimension < FEWEST_IN_BLOCKS or len({b.transitions.levels for b in baths}) > 1:
        return False
    return all(keeps_levels(bath.transitions) for bath in baths)


def is_in_levels(system: OpenSystem) -> bool:
    """Whether they have too many jump operators for a list besides.

    Args:
        system: the open system.
    """
    return are_in_levels(system) and any(has_many_jumps(bath) for bath in system.baths)


class _Entries(NamedTuple):
    """The entries of rho inside levels: row, column, and where the transposed one stands."""

    row: np.ndarray
    column: np.ndarray
    swapped: np.ndarray


def _entries(levels: tuple[int, ...]) -> _Entries:
    row, column = np.nonzero(inside_levels(levels))
    d = sum(levels)
    return _Entries(row, column, np.searchsorted(row * d + column, column * d + row))


def steady_in_levels(system: OpenSystem, t: RealLike) -> tuple[Found, Bool[Array, ""]]:
    """The steady state of Davies baths of the system's own Hamiltonian, and whether all is finite.

    Args:
        system: the open system, see `are_in_levels`.
        t: time.

    Returns:
        `Found`; its error is inf where a bath is that of another Hamiltonian.
    """
    h, baths = system.hamiltonian(t), system.baths
    inside, vectors = frame_of(baths[0], h)
    energies = jnp.diagonal(inside).real
    parts = [in_levels(bath, energies, vectors) for bath in baths]
    entries = _entries(baths[0].transitions.levels)  # pyright: ignore[reportAttributeAccessIssue]
    matrix = _generator(parts, inside, entries)
    sizes = stop_gradient(_sizes(parts, baths, energies, vectors, entries))
    weights = 1.0 * (entries.row == entries.column)
    if weights.size <= LARGEST_ELIMINATED:
        found = null_vector(matrix, weights, sizes=sizes)
    else:
        found = _beside_neighbor(matrix, weights, sizes)
    state, moved = (
        _whole(x, vectors, entries) for x in (found.solution, matmul(matrix, found.solution))
    )
    other = jnp.stack([differs_from(bath, h) for bath in baths]).any()
    error = jnp.where(other, jnp.inf, found.error)
    finite = jnp.all(jnp.isfinite(h)) & jnp.all(jnp.isfinite(matrix))
    return Found(state, found.gap, error, jnp.max(jnp.abs(moved))), finite


def _beside_neighbor(matrix: Array, weights: np.ndarray, sizes: Array) -> NullVector:
    """By LU factors, and by those of a neighbour that rounding cannot tell apart."""
    found, fixed = null_vector(matrix, weights, solver=lineax.LU()), stop_gradient(matrix)
    noise = np.random.default_rng(0).choice([-1.0, 1.0], size=fixed.shape)
    change = jnp.finfo(fixed.dtype).eps * noise * sizes
    near = null_vector(fixed + change, weights, solver=lineax.LU()).solution
    apart = SAFETY * jnp.max(jnp.abs(stop_gradient(found.solution) - near))
    return found._replace(error=jnp.maximum(found.error, apart))


def _generator(parts: list[InLevels], h: Operator, entries: _Entries) -> Array:
    """L on Re rho + Im rho of the entries."""
    i, k, swapped = entries
    loss = sum((part.loss for part in parts), jnp.zeros(()))
    still = -1j * h - 0.5 * loss
    total = still[i[:, None], i] * (k[:, None] == k)
    total = total + still.conj()[k[:, None], k] * (i[:, None] == i)
    for part in parts:
        left, right = part.couplings[:, i[:, None], i], part.couplings.conj()[:, k[:, None], k]
        total = total + part.rates[i[:, None], i] * jnp.sum(left * right, axis=0)
    return total.real + total.imag[:, swapped]


def _sizes(
    parts: list[InLevels], baths: Any, energies: Array, vectors: Operator, entries: _Entries
) -> Array:
    """What rounding of the entries of L is relative to: of H's eigenvectors too."""
    i, k, swapped = entries
    eps, largest = jnp.finfo(energies.dtype).eps, jnp.max(jnp.abs(energies))
    inside = inside_levels(baths[0].transitions.levels)
    apart = jnp.where(inside, jnp.inf, jnp.abs(energies[:, None] - energies))
    turned = largest / jnp.min(apart, axis=1)  # what of a neighbour is in a vector, in eps
    size = jnp.abs(vectors)
    total = (jnp.abs(energies)[i] + jnp.abs(energies)[k])[:, None] * (
        (i[:, None] == i) & (k[:, None] == k)
    )
    for part, bath in zip(parts, baths, strict=True):
        summed = einsum("ji,ajk,kl->ail", size, jnp.abs(bath.couplings), size)
        most = jnp.max(jnp.abs(part.couplings), axis=(1, 2), keepdims=True)
        off = summed + most * (turned[:, None] + turned)
        moduli = jnp.abs(part.couplings)
        left, right, off_left, off_right = (
            x[:, at[:, None], at] for x in (moduli, off) for at in (i, k)
        )
        both = left * (right + off_right) + off_left * right + eps * off_left * off_right
        total = total + part.rates[i[:, None], i] * jnp.sum(both, axis=0)
        moved = einsum("aij,ij,ail->jl", moduli, part.rates, moduli + 2.0 * off)
        total = total + 0.5 * moved[i[:, None], i] * (k[:, None] == k)
        total = total + 0.5 * moved[k[:, None], k] * (i[:, None] == i)
    return total + total[:, swapped] * (i != k)


def _whole(x: Array, vectors: Operator, entries: _Entries) -> Operator:
    """The matrix of a vector of entries, in the given basis, (d, d)."""
    parts = jnp.zeros(vectors.shape).at[entries.row, entries.column].set(x)
    inner = 0.5 * (parts + parts.T) + 0.5j * (parts - parts.T)
    return matmul(matmul(vectors, inner), dag(vectors))
