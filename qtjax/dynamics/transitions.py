"""The grouping of Bohr frequencies: the static data of a Davies generator.

Which levels coincide and which transitions share a frequency is a discrete fact. It is decided
once, from a concrete Hamiltonian, and kept as hashable data, so that everything else about a bath
can be traced, differentiated and batched.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from .._checked import checked
from .._checks import check_hermitian, check_nonnegative, is_concrete
from .._types import OperatorLike
from ..algebra.levels import group_levels, level_of_states


class Transitions(NamedTuple):
    """Levels and groups of transitions.

    Args:
        levels: the degeneracy of each level, in ascending order of energy.
        groups: for each distinct Bohr frequency > 0 the pairs (lower, upper) of level indices.

    Examples:
        >>> ladder = qt.dynamics.Transitions((1, 1, 1), (((0, 1), (1, 2)), ((0, 2),)))
        >>> ladder == qt.dynamics.bohr_transitions(qt.number(3))
        True
    """

    levels: tuple[int, ...]
    groups: tuple[tuple[tuple[int, int], ...], ...]


QUBIT = Transitions((1, 1), (((0, 1),),))


@checked
def bohr_transitions(hamiltonian: OperatorLike, tolerance: float = 1e-9) -> Transitions:
    """The levels of H and its transitions grouped by frequency.

    Args:
        hamiltonian: concrete Hermitian operator, (d, d), d >= 2.
        tolerance: energies and frequencies closer than this, relative to the spectral range, are
            taken as equal. Nearly equal frequencies must be taken as equal for the secular
            approximation to hold; that choice is yours.

    Returns:
        `Transitions`, hashable.

    Raises:
        ValueError: traced, not Hermitian, or a negative tolerance.

    Examples:
        >>> qt.dynamics.bohr_transitions(qt.number(3))
        Transitions(levels=(1, 1, 1), groups=(((0, 1), (1, 2)), ((0, 2),)))
    """
    check_hermitian("hamiltonian", hamiltonian)
    check_nonnegative("tolerance", tolerance, "it is relative to the spectral range.")
    if not is_concrete(hamiltonian):
        raise ValueError(
            "`hamiltonian` is traced, so its Bohr frequencies cannot be grouped; call "
            "`bohr_transitions` on a concrete exemplar and pass the result as `transitions`."
        )
    levels = group_levels(hamiltonian, tolerance)
    eigenvalues = np.linalg.eigvalsh(np.asarray(hamiltonian))
    ends = np.cumsum(levels)
    energies = np.array([eigenvalues[e - n : e].mean() for n, e in zip(levels, ends, strict=True)])
    pairs = [(i, j) for j in range(len(levels)) for i in range(j)]
    pairs.sort(key=lambda p: energies[p[1]] - energies[p[0]])
    closest = tolerance * float(np.ptp(eigenvalues))
    groups: list[list[tuple[int, int]]] = []
    last = -np.inf
    for i, j in pairs:
        frequency = energies[j] - energies[i]
        if frequency - last > closest:
            groups.append([])
        groups[-1].append((i, j))
        last = frequency
    return Transitions(tuple(levels), tuple(tuple(sorted(group)) for group in groups))


def bohr_frequencies(hamiltonian: OperatorLike, transitions: Transitions) -> np.ndarray:
    """The frequency of every group of transitions of a concrete Hamiltonian, (groups,).

    Args:
        hamiltonian: Hermitian operator, (d, d).
        transitions: its grouping.
    """
    energies, sizes = np.linalg.eigvalsh(np.asarray(hamiltonian)), np.asarray(transitions.levels)
    levels = np.bincount(level_of_states(transitions.levels), energies) / sizes
    group, lower, upper = pairs_of_levels(transitions)
    return np.bincount(group, levels[upper] - levels[lower]) / np.bincount(group)


@lru_cache(maxsize=16)
def pairs_of_levels(transitions: Transitions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The group, the lower and the upper level of every transition, group by group.

    Args:
        transitions: the grouping.
    """
    groups = transitions.groups
    pairs = np.array([pair for group in groups for pair in group], int).reshape(-1, 2)
    return np.repeat(np.arange(len(groups)), list(map(len, groups))), pairs[:, 0], pairs[:, 1]


def _is_degenerate(hamiltonian: Any) -> bool:
    """Whether all levels of a concrete Hamiltonian are one, so that there is no transition."""
    if hamiltonian is None or not is_concrete(hamiltonian):
        return False
    energies = np.linalg.eigvalsh(np.asarray(hamiltonian))
    return bool(np.ptp(energies) <= 1e-14 * np.max(np.abs(energies)))


def resolve_transitions(
    hamiltonian: Any, transitions: Transitions | None, d: int | None = None
) -> Transitions:
    """The given transitions, those of a qubit, or those of a concrete Hamiltonian."""
    d = jnp.shape(hamiltonian)[0] if d is None else d
    if transitions is not None:
        if sum(transitions.levels) != d:
            raise ValueError(
                f"`transitions` describes {sum(transitions.levels)} states, but the operators "
                f"have d = {d}; make it with `bohr_transitions` from a Hamiltonian of this size."
            )
        return transitions
    if d == 2 and not _is_degenerate(hamiltonian):
        return QUBIT
    if hamiltonian is not None and is_concrete(hamiltonian):
        return bohr_transitions(hamiltonian)
    raise ValueError(
        "`transitions` is needed here: the grouping of Bohr frequencies is static and cannot be "
        f"read off a {'traced' if hamiltonian is not None else 'moving'} Hamiltonian with d = {d}; "
        "pass `transitions=qt.dynamics.bohr_transitions(exemplar)` for a concrete Hamiltonian of "
        "its kind."
    )
