"""A Davies generator in the eigenbasis of H, entry by entry and without its jump operators."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._precise import einsum, matmul
from .._types import Operator
from ..algebra.levels import inside_levels, level_frame, level_of_states
from ..algebra.operators import dag
from .davies_generator import rates_between
from .transitions import Transitions, pairs_of_levels

FEWEST_IN_BLOCKS = 5  # dimension from which blocks of levels are quicker than jump operators


class InLevels(NamedTuple):
    """A Davies generator in the eigenbasis of H, entry by entry and without a list of operators.

    Args:
        rates: of what the couplings' entries (to, from) do, (d, d).
        couplings: in the eigenbasis, (couplings, d, d).
        loss: sum rate A(w)^+ A(w), (d, d): it joins states of one level only.
    """

    rates: Float[Array, "d d"]
    couplings: Complex[Array, "couplings d d"]
    loss: Operator


def in_levels(bath: Any, energies: Float[Array, " d"], vectors: Operator) -> InLevels:
    """The Davies generator in the eigenbasis of H.

    Args:
        bath: as for `davies_jumps`; its groups join no level to two (`keeps_levels`).
        energies: ascending, (d,).
        vectors: eigenvectors in columns, (d, d).
    """
    sizes = np.asarray(bath.transitions.levels)
    level = level_of_states(bath.transitions.levels)
    means = jnp.zeros(sizes.size).at[level].add(energies) / sizes
    still = 0.0 if bath.zero_frequency is None else bath.zero_frequency
    rates = rates_between(bath, means) + still * jnp.eye(sizes.size)
    rates = rates[level[:, None], level]
    couplings = matmul(matmul(dag(vectors), bath.couplings), vectors)
    loss = einsum("aij,ij,ail->jl", couplings.conj(), rates, couplings)
    return InLevels(rates, couplings, jnp.where(inside_levels(bath.transitions.levels), loss, 0.0))


def heat_observable(bath: Any, hamiltonian: Operator) -> Operator:
    """sum rate (A(w)^+ H A(w) - {A(w)^+ A(w), H}/2), whose mean is the heat current, (d, d).

    Args:
        bath: as for `in_levels`.
        hamiltonian: of the generator, (d, d).
    """
    h, vectors = frame_of(bath, hamiltonian)
    rates, couplings, loss = in_levels(bath, jnp.diagonal(h).real, vectors)
    gain = einsum("aij,ij,ail->jl", couplings.conj(), rates, matmul(h, couplings))
    gain = jnp.where(inside_levels(bath.transitions.levels), gain, 0.0)
    moved = gain - 0.5 * (matmul(h, loss) + matmul(loss, h))
    return matmul(matmul(vectors, moved), dag(vectors))


def frame_of(bath: Any, hamiltonian: Operator) -> tuple[Operator, Operator]:
    """H in its eigenbasis, diagonal but for its derivatives inside levels, and its eigenvectors.

    Args:
        bath: as for `in_levels`.
        hamiltonian: (d, d).
    """
    levels = bath.transitions.levels
    energies, vectors = level_frame(0.5 * (hamiltonian + dag(hamiltonian)), levels)
    h = jnp.diag(energies).astype(hamiltonian.dtype)
    if len(levels) < len(energies):
        between = inside_levels(levels) & ~np.eye(len(energies), dtype=bool)
        inner = jnp.where(between, matmul(matmul(dag(vectors), hamiltonian), vectors), 0.0)
        h = h + inner - jax.lax.stop_gradient(inner)
    return h, vectors


def keeps_levels(transitions: Transitions) -> bool:
    """Whether in no group of transitions a level stands twice on one side.

    Then what coherences between levels turn into are coherences between levels.
    """
    group, lower, upper = pairs_of_levels(transitions)
    count = len(transitions.levels)
    return all(np.unique(group * count + side).size == group.size for side in (lower, upper))
