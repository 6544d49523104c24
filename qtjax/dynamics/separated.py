"""Hamiltonians that are functions of time as sums of schedules times operators, where they are."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from .._checks import as_complex, concretely, is_concrete
from ..algebra.spectral import hermitian_part
from ..numerics.separation import Scalar, separation
from .hamiltonians import AbstractHamiltonian, Term
from .open_system import OpenSystem
from .schedules import Constant


class Separated(AbstractHamiltonian):
    """A Hamiltonian with more of its terms as schedules times operators.

    Args:
        parts: its terms.
        original: the Hamiltonian itself.
    """

    parts: tuple[Term | Callable[[Any], Any], ...]
    original: AbstractHamiltonian

    def terms(self) -> tuple[Term | Callable[[Any], Any], ...]:
        return self.parts

    @property
    def unproven(self) -> tuple[Callable[[Any], Any], ...]:
        return self.original.unproven

    def breakpoints(self) -> Float[Array, " breaks"]:
        return self.original.breakpoints()

    def jumps(self) -> Float[Array, " jumps"]:
        return self.original.jumps()


def separated(system: OpenSystem) -> OpenSystem:
    """A system whose Hamiltonians are sums of schedules times operators wherever they can be.

    Args:
        system: the open system; what is concrete in it decides which zeros are known.
    """
    given = (system.hamiltonian, system.energy)
    found = tuple(None if h is None else _separated(h) for h in given)
    if all(new is old for new, old in zip(found, given, strict=True)):
        return system
    places = lambda s: (s.hamiltonian, s.energy)  # noqa: E731
    return eqx.tree_at(places, system, found, is_leaf=lambda x: x is None)


def _separated(hamiltonian: AbstractHamiltonian) -> AbstractHamiltonian:
    terms = hamiltonian.terms()
    found = [_parts(term) for term in terms]
    if all(parts is None for parts in found):
        return hamiltonian
    each = [[t] if parts is None else parts for t, parts in zip(terms, found, strict=True)]
    return Separated(tuple(part for parts in each for part in parts), hamiltonian)


def _parts(term: Term | Callable[[Any], Any]) -> list[Any] | None:
    """The Hermitian part of a function of time as few terms, `None` if it stays as it is."""
    found = None if isinstance(term, Term) else separation(term, 0.0)
    if found is None:
        return None
    terms = [] if _is_zero(found.fixed) else [Term(Constant(1.0), _hermitian(found.fixed))]
    grouped: dict[Any, tuple[Any, list[tuple[int, float]]]] = {}
    for k, array in enumerate(found.arrays):
        if array is None:
            continue
        operator, weight = _normalized(_hermitian(array))
        if weight == 0.0:
            continue
        if not found.moving[k]:
            terms.append(Term(Constant(weight * found.scalars[k]), operator))
        else:
            key = np.asarray(operator).tobytes() if is_concrete(operator) else k
            grouped.setdefault(key, (operator, []))[1].append((k, weight))
    if not grouped and any(
        moves and array is not None for moves, array in zip(found.moving, found.arrays, strict=True)
    ):
        return None  # what moves is not Hermitian: to be looked at all along
    count, d = len(found.scalars), found.fixed.shape[0]
    for operator, weights in grouped.values():
        terms.append(Term(Scalar(term, tuple(weights), count), operator))
    return terms if 0 < len(terms) <= min(2 * d, d**2 - 1) else None


def _hermitian(operator: Any) -> Any:
    return concretely(lambda a: hermitian_part(as_complex(a)), operator)


def _normalized(operator: Any) -> tuple[Any, float]:
    """An operator whose largest entry has modulus 1, and by what to multiply it; (0, 0) for 0."""
    if not is_concrete(operator):
        return operator, 1.0
    values = np.asarray(operator)
    k = np.argmax(np.abs(values))
    sign = np.sign(values.flat[k].real) or np.sign(values.flat[k].imag)
    weight = float(sign * np.abs(values.flat[k]))
    return (values / weight if weight else values), weight


def _is_zero(array: Any) -> bool:
    return is_concrete(array) and not np.count_nonzero(np.asarray(array))
