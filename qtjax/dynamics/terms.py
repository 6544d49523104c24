"""What acts in an open system, as scalar functions of time and what each of them multiplies.

A Hamiltonian that is only a function of time is a sum too, over the operators of the basis; the
channels of a bath are rates times jump operators.
"""

import functools
from collections.abc import Callable, Sequence
from math import isqrt
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Float

from .._checks import concretely, is_concrete
from .._types import RealLike
from ..algebra.hermitian_basis import (
    commutator_map,
    from_components,
    jump_map,
    sparse_real_map,
    to_components,
)
from ..algebra.real_generators import real_commutator, real_dissipator
from ..numerics.equation import FixedMatrix, Radius, from_sparse, full
from ..numerics.growth import Growth, growth
from .channels import Channel, Moving, of_kind
from .hamiltonians import AbstractHamiltonian, Term
from .schedules import Constant, degree_of

FEW_CHANNELS = 8  # up to which the channels of a bath are kept apart from rates that are traced


class Part(NamedTuple):
    """A function t -> (count,), or t -> scalar.

    Args:
        function: of time.
        count: how many scalars it gives.
        degree: of polynomials between breakpoints; `None` if it is no known polynomial.
        smooth: whether its growth is proven.
        radius: how far around times it is analytic, where a channel says so.
    """

    function: Callable[[Any], Any]
    count: int
    degree: int | None
    smooth: bool
    radius: Radius | None = None


class Terms(NamedTuple):
    """Functions of time, and what each of their scalars multiplies."""

    parts: list[Part]
    factors: list[Any]

    def add(
        self, function: Callable[[Any], Any], factors: Sequence[Any], radius: Radius | None = None
    ) -> None:
        """A function that gives one scalar for each factor."""
        self.parts.append(Part(function, len(factors), *growth_of(function), radius))
        self.factors.extend(factors)


def growth_of(part: Callable[[Any], Any]) -> tuple[int | None, bool]:
    """The degree of a function of time between breakpoints, and whether its growth is proven."""
    declared = degree_of(part)
    if declared is not None:
        return declared, True
    found: list[Growth | None] = []
    jax.eval_shape(lambda t: found.append(growth(part, t)), jnp.zeros(()))
    proven = found[0]
    return None if proven is None or proven.type is not None else proven.degree, proven is not None


def hamiltonian_terms(hamiltonian: AbstractHamiltonian) -> Terms:
    """Schedules and operators; a function of time as one function for each basis operator."""
    found = Terms([], [])
    for term in hamiltonian.terms():
        if isinstance(term, Term):
            found.add(term.schedule, [term.operator])
        else:
            d = hamiltonian(jnp.zeros(())).shape[0]
            found.add(Components(term), _basis(d, jnp.result_type(complex).name))
    return found


class Components(eqx.Module):
    """The components of a function t -> operator."""

    function: Callable[[Any], Any]

    def __call__(self, t: RealLike) -> Float[Array, " n"]:
        return to_components(jnp.asarray(self.function(t), jnp.result_type(complex)))


@functools.lru_cache
def _basis(d: int, dtype: str) -> tuple[np.ndarray, ...]:
    """The operators of the Hermitian basis, (d, d) each."""
    with jax.ensure_compile_time_eval():
        operators = [np.asarray(from_components(x), dtype) for x in jnp.eye(d * d)]
    return tuple(operators)


def bath_terms(channels: Sequence[Channel | Moving]) -> Terms:
    """Rates that move one by one; those that do not as one sum where that loses nothing.

    Every factor is a pair of weights and matrices: which entries there are does not depend on the
    values of rates, so that new ones compile nothing. Rates that are traced may differ between
    lanes: they stay apart from matrices that do not.
    """
    listed, found = of_kind(channels, Channel), Terms([], [])
    fixed = [channel for channel in listed if isinstance(channel.rate, Constant)]
    for channel in _singles([c for c in listed if not isinstance(c.rate, Constant)]):
        found.add(channel.rate, [(np.ones(1), [_jump(channel.operator)])])
    for mover in of_kind(channels, Moving):
        if mover.scalars is not None:
            matrices = [from_sparse(sp.coo_array(matrix), 0.0) for matrix in mover.matrices]
            factors = [(np.ones(1), [matrix]) for matrix in matrices]
            found.add(mover.scalars, factors, mover.radius)
    count = sum(1 if channel.partner is None else 2 for channel in fixed)
    few = is_concrete([(c.operator, c.partner) for c in fixed]) and count <= FEW_CHANNELS
    rates = [_value(channel) for channel in fixed]
    if few and not is_concrete(rates):
        for channel in _singles(fixed):
            found.add(channel.rate, [(np.ones(1), [_jump(channel.operator)])])
    elif few and fixed:
        singles = _singles(fixed)
        values = np.asarray([np.asarray(_value(channel)) for channel in singles])
        found.add(Constant(1.0), [(values, [_jump(channel.operator) for channel in singles])])
    elif fixed:
        found.add(Constant(1.0), [(np.ones(1), [_whole(concretely(_dissipator, fixed))])])
    return found


def _singles(channels: Sequence[Channel]) -> list[Channel]:
    """The same as channels of one operator each."""
    return [single for channel in channels for single in channel.single()]


def _value(channel: Channel) -> Any:
    assert isinstance(channel.rate, Constant)
    return channel.rate.value


def _dissipator(channels: Sequence[Channel]) -> Array:
    """What all channels of fixed rates do, in one matrix."""
    rates = [_value(c) if c.partner is None else 2.0 * _value(c) for c in channels]
    right = [c.operator if c.partner is None else c.partner for c in channels]
    paired = any(channel.partner is not None for channel in channels)
    left = jnp.stack([channel.operator for channel in channels])
    return real_dissipator(jnp.stack(rates), left, jnp.stack(right) if paired else None)


def _whole(matrix: Array) -> FixedMatrix:
    """A generator of which anything may be something, but for the change of the trace."""
    return full(matrix, first_moving(isqrt(matrix.shape[0])))


def first_moving(d: int) -> int:
    """The first component that can change: not the trace, where that is one of them."""
    return 0 if np.any(to_components(np.eye(d), np)[1:]) else 1


def commutator_matrix(operator: Any) -> FixedMatrix:
    """What -i [operator, .] does to the components."""
    return _matrix(operator, "commutator")


def _jump(operator: Any) -> FixedMatrix:
    return _matrix(operator, "jump")


def observable_matrix(operator: Any) -> FixedMatrix:
    """The components of an operator, (1, n)."""
    return _matrix(operator, "observable")


def _matrix(operator: Any, kind: str) -> FixedMatrix:
    if not is_concrete(operator):
        found = _dense(operator, kind)
        return full(found) if kind == "observable" else _whole(found)
    values = np.asarray(operator)
    return _known(values.tobytes(), values.dtype.str, values.shape[0], kind)


@functools.lru_cache(maxsize=4096)
def _known(data: bytes, dtype: str, d: int, kind: str) -> FixedMatrix:
    operator: Any = np.frombuffer(data, dtype).reshape(d, d)
    eps, real = float(np.finfo(operator.dtype).eps), operator.real.dtype
    if kind == "observable":
        return from_sparse(sp.coo_array(to_components(operator, np)[None].astype(real)), eps)
    make = commutator_map if kind == "commutator" else jump_map
    return from_sparse(sparse_real_map(make(sp.csr_array(operator), sp), d).astype(real), eps)


def _dense(operator: Any, kind: str) -> Any:
    if kind == "observable":
        return to_components(operator)[None]
    if kind == "commutator":
        return real_commutator(operator)
    return real_dissipator(jnp.ones(1, operator.real.dtype), operator[None])
