"""The weak-coupling (Davies) generator of a Hamiltonian: its jump operators, or its matrix."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checks import concretely
from .._precise import einsum, matmul, tensordot
from .._types import Operator
from ..algebra.hermitian_basis import from_components, real_map, to_components
from ..algebra.levels import level_projectors
from ..algebra.real_generators import real_dissipator
from ..algebra.superoperators import sandwich
from .channels import Jumps
from .spectra import thermal_rates
from .transitions import Transitions, pairs_of_levels

MOST_ENTRIES = 2**26  # of a list of jump operators that is made before it is needed
MOST_LEVELS = 8  # of which the products of all pairs of basis operators are kept


def has_many_jumps(bath: Any) -> bool:
    """Whether a list of the jump operators of a Davies generator would fill memory."""
    couplings, d, _ = bath.couplings.shape
    return 2 * len(bath.transitions.groups) * couplings * d**2 > MOST_ENTRIES


def rates_between(bath: Any, energies: Float[Array, " levels"]) -> Float[Array, "levels levels"]:
    """The rates of transitions from level to level, (to, from); those of a group are one."""
    group, lower, upper = pairs_of_levels(bath.transitions)
    count = len(bath.transitions.groups)
    gaps = jnp.zeros(count).at[group].add(energies[upper] - energies[lower]) / np.bincount(group)
    down, up = jax.vmap(lambda gap: thermal_rates(bath.spectrum, gap, bath.temperature))(gaps)
    rates = jnp.zeros((energies.size, energies.size))
    return rates.at[lower, upper].set(down[group]).at[upper, lower].set(up[group])


def _jumps_between_levels(transitions: Transitions) -> bool:
    """Whether every jump operator leads from one state to one other, on few levels."""
    d = sum(transitions.levels)
    return len(transitions.levels) == d <= MOST_LEVELS and all(
        len(group) == 1 for group in transitions.groups
    )


def davies_matrix(bath: Any, hamiltonian: Operator) -> Float[Array, "n n"]:
    """What the Davies generator does to the components of rho in the Hermitian basis, (d*d, d*d).

    Args:
        bath: as for `davies_jumps`.
        hamiltonian: (d, d).
    """
    if _jumps_between_levels(bath.transitions) and bath.zero_frequency is None:
        return _rates_of_levels(bath, hamiltonian)
    return real_dissipator(*davies_jumps(bath, hamiltonian))


def _rates_of_levels(bath: Any, hamiltonian: Operator) -> Float[Array, "n n"]:
    """The Davies generator on components where it is Pauli's rates W and what they damp.

    rho -> sum_ij W_ij tr(P_j rho) P_i - {G, rho}/2 with G = sum_ij W_ij P_j and
    W_ij = rate_ij tr(P_i A P_j A): no jump operator is made.
    """
    d = hamiltonian.shape[0]
    levels = jax.vmap(to_components)(level_projectors(hamiltonian, bath.transitions.levels))
    energies = matmul(levels, to_components(hamiltonian))
    coupled = concretely(
        lambda each: sum(real_map(sandwich(a, a), d) for a in each), bath.couplings
    )
    flows = rates_between(bath, energies) * matmul(matmul(levels, coupled), levels.T)
    damped = matmul(jnp.sum(flows, axis=0), levels)
    return matmul(levels.T, matmul(flows, levels)) - tensordot(damped, _half_anticommutators(d), 1)


@lru_cache(maxsize=MOST_LEVELS)
def _half_anticommutators(d: int) -> np.ndarray:
    """rho -> {B, rho}/2 on components, for every B of the Hermitian basis, (d*d, d*d, d*d)."""
    basis = np.asarray(concretely(jax.vmap(from_components), np.eye(d * d)))
    both = np.einsum("kij,ajl->akil", basis, basis)
    both = both + both.conj().swapaxes(2, 3)
    return 0.5 * np.einsum("bil,akli->abk", basis, both).real


def davies_jumps(bath: Any, hamiltonian: Operator) -> Jumps:
    """Rates and operators of the Davies generator of a Hamiltonian.

    Args:
        bath: with `couplings`, `temperature`, `spectrum`, `zero_frequency` and `transitions`.
        hamiltonian: (d, d).
    """
    projectors = level_projectors(hamiltonian, bath.transitions.levels)
    sizes = np.asarray(bath.transitions.levels)
    energies = einsum("lij,ji->l", projectors, hamiltonian).real / sizes
    blocks = einsum("lij,ajk,mkn->lmain", projectors, bath.couplings, projectors)
    none = jnp.zeros(0, energies.dtype), jnp.zeros((0, *hamiltonian.shape), blocks.dtype)
    couplings, (rates, operators) = bath.couplings.shape[0], ([none[0]], [none[1]])
    if bath.transitions.groups:  # else one level: nothing to jump between
        gaps, lowering = _by_frequency(bath.transitions.groups, energies, blocks)
        down, up = jax.vmap(lambda gap: thermal_rates(bath.spectrum, gap, bath.temperature))(gaps)
        rates.append(jnp.repeat(jnp.stack([down, up], axis=1).reshape(-1), couplings))
        pairs = jnp.stack([lowering, lowering.conj().mT], axis=1)
        operators.append(pairs.reshape(-1, *hamiltonian.shape))
    if bath.zero_frequency is not None:
        rates.append(jnp.broadcast_to(bath.zero_frequency, couplings))
        operators.append(einsum("llain->ain", blocks))
    return jnp.concatenate(rates), jnp.concatenate(operators)


def _by_frequency(
    groups: Sequence[Sequence[tuple[int, int]]], energies: Array, blocks: Array
) -> tuple[Float[Array, " groups"], Complex[Array, "groups couplings d d"]]:
    """The gap and the operators A(w) of every group; groups of one size together."""
    sizes = np.array([len(group) for group in groups])
    gaps, lowering, order = [], [], []
    for size in np.unique(sizes):
        chosen = np.flatnonzero(sizes == size).tolist()
        lower, upper = np.moveaxis(np.array([groups[k] for k in chosen]), -1, 0)
        gaps.append(jnp.mean(energies[upper] - energies[lower], axis=1))
        lowering.append(jnp.sum(blocks[lower, upper], axis=1))
        order += chosen
    back = np.argsort(order)
    return jnp.concatenate(gaps)[back], jnp.concatenate(lowering)[back]
