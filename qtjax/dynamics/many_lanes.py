"""The steady state of few entries of rho by LU factors: for many lanes at once.

Which matrix a generator is on few entries is a linear map of H and of the rates, known before their
values are. So a batch is two large products and then small linear systems. Elimination, which is
right at any number of decades between rates, takes ten times as long.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool

from .._precise import matmul, tensordot
from .._types import Operator, Real
from ..numerics.null_vector import factored
from .generator import Generator, strengths
from .sectors import Sectors

# Fewer entries are eliminated as quickly; a larger map would fill memory.
FEWEST_ENTRIES, LARGEST_MAP = 17, 2**18

# Every population must be known to so many roundings.
ROUNDINGS = 4096.0


class Found(NamedTuple):
    """A steady state; all as in `SteadyState`.

    Args:
        state: rho, (d, d).
        gap: 0 where it is not unique.
        error: estimate of max|d rho|.
        residual: max|L(rho)|.
    """

    state: Operator
    gap: Real
    error: Real
    residual: Real


def are_few(sectors: Sectors) -> bool:
    """Whether LU factors of the matrix on the entries that are held pay.

    Args:
        sectors: of the generator.
    """
    d, n = sum(map(len, sectors.levels)), len(sectors.populations)
    return not sectors.coherences and n >= FEWEST_ENTRIES and 2 * (d * n) ** 2 <= LARGEST_MAP


def steady_of_few(generator: Generator, sectors: Sectors) -> tuple[Found, Bool[Array, ""]]:
    """The steady state by LU factors, and whether it is as good as by elimination.

    Args:
        generator: H and the jumps.
        sectors: what they are known to keep apart, with few entries.
    """
    d, held = generator.hamiltonian.shape[0], np.array(sectors.populations)
    i, j = np.divmod(held, d)
    swapped = np.searchsorted(held, j * d + i)
    fixed: Generator = jax.lax.stop_gradient(generator)
    size = jnp.max(jnp.abs(fixed.hamiltonian.real) + jnp.abs(fixed.hamiltonian.imag))
    size = size + jnp.max(strengths(fixed), initial=0.0)
    matrix = _matrix(generator, i, j, swapped)
    found, moved = factored(matrix, 1.0 * (i == j), jnp.where(size > 0.0, size, 1.0))
    smallest = jnp.min(jnp.where(i == j, found.solution, jnp.inf))
    sure = found.error < ROUNDINGS * jnp.finfo(size.dtype).eps * smallest
    if sectors.nilpotent:  # these cannot rest as long as no rate is negative
        sure = sure & jnp.all(fixed.rates >= 0.0)
    x = found.solution
    place = np.full(d * d, held.size)
    place[held] = np.arange(held.size)
    parts = jnp.concatenate([x, jnp.zeros(1, x.dtype)])[place].reshape(d, d)
    rho = 0.5 * (parts + parts.T) + 0.5j * (parts - parts.T)
    residual = jnp.sqrt(0.5 * jnp.max(moved**2 + moved[swapped] ** 2))
    return Found(rho, found.gap, found.error, residual), sure


def _matrix(generator: Generator, i: np.ndarray, j: np.ndarray, swapped: np.ndarray) -> Array:
    """L on Re rho + Im rho of the entries (i, j)."""
    h, rates, operators = generator
    jumps = operators[:, i[:, None], i] * operators.conj()[:, j[:, None], j]
    squares = matmul(operators.conj().mT, operators)
    still = -1j * h - 0.5 * tensordot(rates, squares, axes=1)
    parts = jnp.concatenate([still.real.ravel(), still.imag.ravel()])
    moved = tensordot(parts, _still_map(h.shape[0], i, j, swapped), axes=1)
    return moved + tensordot(rates, jumps.real + jumps.imag[:, :, swapped], axes=1)


def _still_map(d: int, i: np.ndarray, j: np.ndarray, swapped: np.ndarray) -> np.ndarray:
    """(Re K, Im K) -> rho -> K rho + rho K^+, on Re rho + Im rho of the entries (i, j)."""
    n = i.size
    found = np.zeros((2, d, d, n, n))
    row, column = np.indices((n, n)).reshape(2, -1)
    for left, right, sign in ((i, j, 1.0), (j, i, -1.0)):
        same = right[row] == right[column]
        r, c = row[same], column[same]
        found[0, left[r], left[c], r, c] += 1.0
        found[1, left[r], left[c], r, swapped[c]] += sign
    return found.reshape(2 * d * d, n, n)
