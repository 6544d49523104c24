"""Channels: what a dissipator does, one jump operator or two and a rate at a time.

D(rho) = sum_k rate_k (L_k rho L_k^+ - {L_k^+ L_k, rho}/2), eq. (8).
"""

import abc
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checked import checked
from .._checks import (
    as_complex,
    as_sequence,
    check_operator,
    check_operators,
    concretely,
    described,
    is_function,
)
from .._compiled import compiled
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.operators import anticommutator, product
from ..algebra.real_generators import real_dissipator
from ..numerics.equation import Radius
from .schedules import (
    AbstractSchedule,
    Constant,
    Schedule,
    as_schedule,
    breakpoints_of,
    degree_of,
    jumps_of,
)

Jumps = tuple[Float[Array, " jumps"], Complex[Array, "jumps d d"]]


class Channel(eqx.Module):
    """rate (L rho L^+ - {L^+ L, rho}/2); with a partner R: rate (L rho R^+ - {R^+ L, rho}/2) + h.c.

    Args:
        rate: a number, a schedule or a callable t -> scalar, of either sign, in units of energy.
        operator: L, (d, d).
        partner: R, (d, d); none for a channel of one operator. R = L gives twice the usual form.

    Raises:
        ValueError: a rate that is no real number nor a function of time that returns one, or
            operators that are not square, not finite, or of different size.

    Examples:
        >>> plus, minus = qt.Channel(0.1, qt.destroy(2), partner=qt.destroy(2)).single()
        >>> plus.operator[0, 1].real, minus.operator[0, 1].real
        (1.414, 0.0)
    """

    rate: Schedule
    operator: Operator
    partner: Operator | None

    def __init__(
        self, rate: RealLike | Schedule, operator: OperatorLike, partner: OperatorLike | None = None
    ):
        check_operator("operator", operator)
        self.rate, self.operator = as_schedule("rate", rate), as_complex(operator)
        self.partner = None
        if partner is not None:
            check_operator("partner", partner, self.operator.shape[0])
            self.partner = as_complex(partner)

    def single(self) -> tuple["Channel", ...]:
        """The same as channels of one operator each: L with R is (L + R)/sqrt(2) less (L - R)."""
        if self.partner is None:
            return (self,)
        both = (self.operator, self.partner)
        plus = concretely(lambda a, b: (a + b) / np.sqrt(2.0), *both)
        minus = concretely(lambda a, b: (a - b) / np.sqrt(2.0), *both)
        return Channel(self.rate, plus), Channel(negative(self.rate), minus)


class Negative(AbstractSchedule):
    """A schedule with the opposite sign."""

    schedule: Schedule

    def __call__(self, t: RealLike) -> Real:
        return -self.schedule(t)

    @property
    def degree(self) -> int | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        return degree_of(self.schedule)

    def breakpoints(self) -> Float[Array, " breaks"]:
        return breakpoints_of(self.schedule)

    def jumps(self) -> Float[Array, " jumps"]:
        return jumps_of(self.schedule)


def negative(schedule: Schedule) -> Schedule:
    """-schedule; constant where it is."""
    return Constant(-schedule.value) if isinstance(schedule, Constant) else Negative(schedule)


class AbstractMovingJumps(eqx.Module):
    """A function t -> (rates (jumps,), operators (jumps, d, d)) of which more is known."""

    @abc.abstractmethod
    def __call__(self, t: RealLike) -> Jumps: ...

    @property
    @abc.abstractmethod
    def dimension(self) -> int:
        """d, known without the operators, of which there may be very many."""

    @abc.abstractmethod
    def matrix(self, t: RealLike) -> Float[Array, "n n"]:
        """What the jumps do to the components of rho in the Hermitian basis, (d*d, d*d)."""

    @property
    @abc.abstractmethod
    def radius(self) -> Radius | None:
        """How far around times what the jumps do is analytic; `None` where that is not known."""


class Moving(eqx.Module):
    """What follows H(t), or is only known as a function of time.

    Args:
        function: t -> (rates (jumps,), operators (jumps, d, d)), of the same shapes at all times.
        scalars: of the same as a sum of scalars times fixed matrices, where it is known as one:
            t -> (scalars,).
        matrices: what each of them multiplies, real matrices (d*d, d*d) on components.

    Raises:
        ValueError: what is given is no function.

    Examples:
        >>> class Switched(qt.AbstractDissipator):
        ...     temperature: None = None
        ...     def channels(self, hamiltonian):
        ...         return (qt.Moving(lambda t: (jnp.array([0.1 * t]), qt.destroy(2)[None])),)
        >>> qt.dynamics.jump_operators(Switched(), qt.Static(qt.number(2)), 3.0)[0]
        [0.3]
    """

    function: Callable[[Any], Jumps]
    scalars: Callable[[Any], Float[Array, " scalars"]] | None
    matrices: tuple[np.ndarray, ...]

    def __init__(
        self,
        function: Callable[[Any], Jumps],
        scalars: Callable[[Any], Float[Array, " scalars"]] | None = None,
        matrices: Sequence[np.ndarray] = (),
    ):
        if not is_function(function):
            raise ValueError(
                "`function` must be a function t -> (rates (jumps,), operators (jumps, d, d)), "
                f"got {described(function)}."
            )
        fixed = as_sequence("matrices", matrices, "a sequence of real matrices (d*d, d*d)")
        self.function, self.scalars, self.matrices = function, scalars, fixed

    @property
    def dimension(self) -> int | None:
        """d, where it is known without the operators."""
        return self.function.dimension if isinstance(self.function, AbstractMovingJumps) else None

    def matrix(self, t: RealLike) -> Float[Array, "n n"]:
        """What it does to the components of rho in the Hermitian basis, (d*d, d*d)."""
        if isinstance(self.function, AbstractMovingJumps):
            return self.function.matrix(t)
        return real_dissipator(*self.function(t))

    @property
    def radius(self) -> Radius | None:
        """Of `AbstractMovingJumps`, where the function is one."""
        return self.function.radius if isinstance(self.function, AbstractMovingJumps) else None


def of_kind(channels: Sequence[Any], kind: type) -> tuple[Any, ...]:
    """The channels of one kind."""
    return tuple(channel for channel in channels if isinstance(channel, kind))


@checked
def dissipate(rates: Float[Array, " jumps"], operators: Array, rho: Operator) -> Operator:
    """sum_k rate_k (L_k rho L_k^+ - {L_k^+ L_k, rho}/2).

    Args:
        rates: of either sign, (jumps,), in units of energy.
        operators: jump operators, (jumps, d, d).
        rho: state, (d, d).

    Returns:
        D(rho), (d, d).

    Examples:
        >>> rates, operators = jnp.array([0.1]), qt.destroy(2)[None]
        >>> qt.dynamics.dissipate(rates, operators, qt.pure_state([0, 1])).diagonal().real
        [0.1, -0.1]
    """
    check_operators("operators", operators, rho.shape[0])
    if len(operators) != len(rates):
        raise ValueError(
            f"`rates` must be one for each of the {len(operators)} `operators`, got {len(rates)}."
        )
    return _dissipate(rates, operators, rho)


@compiled
def _dissipate(rates: Array, operators: Array, rho: Operator) -> Operator:
    weighted, adjoint = rates[:, None, None] * operators, operators.conj().mT
    loss = product(adjoint, weighted).sum(axis=0)
    gain = product(product(weighted, rho), adjoint).sum(axis=0)
    return gain - 0.5 * anticommutator(loss, rho)
