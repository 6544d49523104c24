"""Sectors: groups of levels, and of entries of rho, that a generator is known not to mix."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from .._checks import is_concrete
from .channels import Channel
from .hamiltonians import Term
from .open_system import OpenSystem


@dataclass(frozen=True)
class Sectors:
    """What a generator keeps apart, read off the zeros of operators that are concrete; static.

    Args:
        levels: groups of levels that -iH - sum_k rate_k L_k^+ L_k/2 mixes.
        populations: the entries of rho that populations may turn into or come from, with these,
            numbered row by row; with an entry its transpose.
        coherences: groups of other entries; of two groups of transposed entries one.
    """

    levels: tuple[tuple[int, ...], ...]
    populations: tuple[int, ...]
    coherences: tuple[tuple[int, ...], ...]


def known_sectors(system: OpenSystem) -> Sectors:
    """The sectors of an open system, at all times.

    Args:
        system: the open system; what is traced in it may mix everything.
    """
    d = system.dimension
    whole = Sectors((tuple(range(d)),), tuple(range(d * d)), ())
    still = np.zeros((d, d), bool)
    for term in system.hamiltonian.terms():
        if not isinstance(term, Term) or not is_concrete(term.operator):
            return whole
        still |= np.asarray(term.operator) != 0
    if connected_components(still)[0] == 1:
        return whole
    jumps = []
    for bath in system.baths:
        for channel in bath.channels(system.hamiltonian):
            if not isinstance(channel, Channel):
                return whole
            operators = [a for a in (channel.operator, channel.partner) if a is not None]
            if not is_concrete(operators):
                return whole
            jumps.append(np.any([np.asarray(a) != 0 for a in operators], axis=0))
    for jump in jumps:
        still |= jump.T.astype(int) @ jump > 0
    count, sector = connected_components(still)
    if count == 1:
        return whole
    return _grouped(count, sector, jumps)


def _grouped(count: int, sector: np.ndarray, jumps: list[np.ndarray]) -> Sectors:
    """The groups of entries of rho, from those of pairs of sectors."""
    member = np.arange(count)[:, None] == sector
    linked = np.eye(count * count, dtype=bool)
    for jump in jumps:
        between = member @ jump @ member.T
        linked |= np.kron(between, between)
    group = connected_components(linked)[1].reshape(count, count)
    held = set(np.diagonal(group))
    of_entry = group[np.ix_(sector, sector)]
    populations = np.isin(of_entry, list(held))
    coherences, seen = [], set(held)
    for one in np.unique(group):
        if one not in seen:
            coherences.append(_numbers(of_entry == one))
            seen |= {one, *group.T[group == one]}
    levels = tuple(_numbers(sector == one) for one in range(count))
    return Sectors(levels, _numbers(populations), tuple(coherences))


def _numbers(where: np.ndarray) -> tuple[int, ...]:
    return tuple(np.flatnonzero(where).tolist())
