"""Sectors: groups of levels, and of entries of rho, that a generator is known not to mix."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array, kron
from scipy.sparse.csgraph import connected_components

from .._checks import is_concrete
from .channels import Channel
from .hamiltonians import Term
from .open_system import OpenSystem
from .schedules import Constant


@dataclass(frozen=True)
class Sectors:
    """What a generator keeps apart, read off the zeros of operators that are concrete; static.

    Args:
        levels: groups of levels that -iH - sum_k rate_k L_k^+ L_k/2 mixes.
        populations: the entries of rho that populations may turn into or come from, with these,
            numbered row by row; with an entry its transpose.
        coherences: groups of other entries; of two groups of transposed entries one.
        nilpotent: such groups in which nothing rests if the populations' steady state is unique
            and no rate is negative.
        blocks: the pairs of groups of levels of which `populations` consist.
        jumps: the pairs (to, from) of groups of levels that a jump operator joins.
    """

    levels: tuple[tuple[int, ...], ...]
    populations: tuple[int, ...]
    coherences: tuple[tuple[int, ...], ...]
    nilpotent: tuple[tuple[int, ...], ...]
    blocks: tuple[tuple[int, int], ...]
    jumps: tuple[tuple[int, int], ...]


def one_sector(d: int) -> Sectors:
    """What is known of nothing: all levels may mix.

    Args:
        d: the dimension.
    """
    return Sectors((tuple(range(d)),), tuple(range(d * d)), (), (), ((0, 0),), ((0, 0),))


def known_sectors(system: OpenSystem) -> Sectors:
    """The sectors of an open system, at all times.

    Args:
        system: the open system; what is traced in it may mix everything.
    """
    d = system.dimension
    whole = one_sector(d)
    still = np.zeros((d, d), bool)
    for term in system.hamiltonian.terms():
        if not isinstance(term, Term) or not is_concrete(term.operator):
            return whole
        still |= np.asarray(term.operator) != 0
    if connected_components(still)[0] == 1:
        return whole
    jumps, positive = [], True
    for bath in system.baths:
        for channel in bath.channels(system.hamiltonian):
            if not isinstance(channel, Channel):
                return whole
            operators = [a for a in (channel.operator, channel.partner) if a is not None]
            if not is_concrete(operators):
                return whole
            jumps.append(np.any([np.asarray(a) != 0 for a in operators], axis=0))
            positive &= channel.partner is None and not _negative(channel.rate)
    for jump in jumps:
        places = csr_array(jump.astype(float))
        still |= (places.T @ places).toarray() > 0
    count, sector = connected_components(still)
    if count == 1:
        return whole
    return _grouped(count, sector, jumps, positive)


def _negative(rate: Any) -> bool:
    """Whether a rate is known to be negative."""
    return isinstance(rate, Constant) and is_concrete(rate.value) and bool(rate.value < 0.0)


def _grouped(count: int, sector: np.ndarray, jumps: list[np.ndarray], positive: bool) -> Sectors:
    """The groups of entries of rho, from those of pairs of sectors."""
    joined, linked = np.zeros((count, count), bool), csr_array((count * count, count * count))
    for jump in jumps:
        to, start = np.nonzero(jump)
        between = np.zeros((count, count), bool)
        between[sector[to], sector[start]] = True
        joined |= between
        linked = linked + kron(csr_array(between.astype(float)), csr_array(between.astype(float)))
    group = connected_components(linked)[1].reshape(count, count)
    held = np.isin(group, np.diagonal(group))
    of_entry = group[np.ix_(sector, sector)]
    coherences, nilpotent, seen = [], [], set(np.diagonal(group))
    for one in np.unique(group):
        if one not in seen:
            never = positive and _never_rests(group == one, held)
            (nilpotent if never else coherences).append(_numbers(of_entry == one))
            seen |= {one, *group.T[group == one]}
    levels = tuple(_numbers(sector == one) for one in range(count))
    return Sectors(
        levels, _numbers(held[np.ix_(sector, sector)]), tuple(coherences), tuple(nilpotent),
        _pairs(held), _pairs(joined),
    )  # fmt: skip


def _never_rests(group: np.ndarray, held: np.ndarray) -> bool:
    """Whether a unique steady state in the blocks that are held excludes one in a group.

    Let these blocks form an algebra, and P project on the support of the steady state in them. A
    second one in the group lives there too (its twirled modulus is the first), and with it a
    conserved X of the group. What is conserved there is an algebra, so that X^+ X is conserved; if
    it lies in the blocks that are held, it is c P. A nilpotent X then has c = 0.

    Source: Wolf, Quantum Channels and Operations (2012), chapter 6, on fixed points.
    """
    g, h = group.astype(float), held.astype(float)
    algebra = not np.any((h @ h > 0) & ~held)
    inside = not np.any((g.T @ g > 0) & ~held)
    cycles, _ = connected_components(csr_array(g), connection="strong")
    acyclic = cycles == len(g) and not np.any(np.diagonal(group))
    return algebra and inside and acyclic


def _numbers(where: np.ndarray) -> tuple[int, ...]:
    return tuple(np.flatnonzero(where).tolist())


def _pairs(where: np.ndarray) -> tuple[tuple[int, int], ...]:
    return tuple((int(a), int(b)) for a, b in np.argwhere(where))
