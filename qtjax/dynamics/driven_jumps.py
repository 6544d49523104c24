"""Jump operators that move, L(t) = sum_k f_k(t) A_k, and pure dephasing."""

import itertools
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checks import (
    as_complex,
    as_hermitian,
    as_nonnegative,
    as_sequence,
    check_operator,
    concretely,
    described,
)
from .._types import Operator, OperatorLike, Real, RealLike
from .channels import Channel
from .dissipators import AbstractDissipator
from .hamiltonians import AbstractHamiltonian
from .schedules import (
    AbstractSchedule,
    Constant,
    Schedule,
    as_schedule,
    breakpoints_of,
    degree_of,
    jumps_of,
)


class DrivenJump(AbstractDissipator):
    """One jump operator that moves, rate(t) D[L(t)] with L(t) = sum_k f_k(t) A_k.

    For L(t) = A + f(t) B give `[(1.0, A), (f, B)]`; where f is complex, `(Re f, B)` and
    `(Im f, 1j * B)`. It is expanded into fixed operators with products of schedules as rates, so it
    takes the same paths as these.

    Args:
        terms: pairs (schedule, operator), a schedule a number, an `AbstractSchedule` or a callable
            t -> real scalar, an operator (d, d).
        rate: a number or a schedule.
        temperature: of the bath, if it has one.

    Raises:
        ValueError: no terms, what is no pair, operators that are not square, not finite or of
            different size, a schedule that returns no real number, or a negative temperature.

    Examples:
        >>> bath = qt.dynamics.DrivenJump([(lambda t: t, qt.destroy(2))], rate=0.1)
        >>> system = qt.OpenSystem(qt.number(2), bath)
        >>> qt.dynamics.heat_currents(system, 3.0, qt.pure_state([0, 1]))
        [-0.9]
    """

    schedules: tuple[Schedule, ...]
    operators: tuple[Operator, ...]
    rate: Schedule
    temperature: Real | None

    def __init__(
        self,
        terms: Any,
        rate: RealLike | Schedule = 1.0,
        temperature: RealLike | None = None,
    ):
        schedules, operators, d = [], [], None
        for k, pair in enumerate(as_sequence("terms", terms, "pairs (schedule, operator)")):
            if not isinstance(pair, list | tuple) or len(pair) != 2:
                raise ValueError(
                    f"`terms[{k}]` must be a pair (schedule, operator), got {described(pair)}."
                )
            check_operator(f"terms[{k}][1]", pair[1], d)
            schedules.append(as_schedule(f"terms[{k}][0]", pair[0]))
            operators.append(as_complex(pair[1]))
            d = operators[0].shape[0]
        if not operators:
            raise ValueError("`terms` must hold at least one (schedule, operator) pair, got none.")
        self.schedules, self.operators = tuple(schedules), tuple(operators)
        self.rate = as_schedule("rate", rate)
        remedy = "a bath of negative temperature is not thermal."
        self.temperature = (
            None if temperature is None else as_nonnegative("temperature", temperature, remedy)
        )

    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel, ...]:
        terms = list(zip(self.schedules, self.operators, strict=True))
        found = [Channel(product_of(self.rate, f, f), a) for f, a in terms]
        for (f, a), (g, b) in itertools.combinations(terms, 2):
            found.append(Channel(product_of(self.rate, f, g), a, b))
        return tuple(found)


class Product(AbstractSchedule):
    """The product of schedules.

    Args:
        factors: one or more.

    Examples:
        >>> qt.dynamics.Product((qt.Linear(0.0, 1.0), qt.Constant(2.0)))(3.0)
        6.0
    """

    factors: tuple[Schedule, ...]

    def __call__(self, t: RealLike) -> Real:
        value = jnp.asarray(self.factors[0](t))
        for factor in self.factors[1:]:
            value = value * factor(t)
        return value

    @property
    def degree(self) -> int | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        degrees = [degree_of(factor) for factor in self.factors]
        return None if None in degrees else sum(degrees)  # pyright: ignore

    def breakpoints(self) -> Float[Array, " breaks"]:
        return jnp.concatenate([breakpoints_of(factor) for factor in self.factors])

    def jumps(self) -> Float[Array, " jumps"]:
        return jnp.concatenate([jumps_of(factor) for factor in self.factors])


def product_of(*factors: Schedule) -> Schedule:
    """The product of schedules; constant where all of them are."""
    values = [factor.value for factor in factors if isinstance(factor, Constant)]
    moving = tuple(factor for factor in factors if not isinstance(factor, Constant))
    constant = Constant(concretely(_product, values))
    return Product((constant, *moving)) if moving else constant


def _product(values: list[Real]) -> Real:
    return jnp.prod(jnp.stack([jnp.ones(()), *values]))


class Dephasing(AbstractDissipator):
    """Pure dephasing, rate (A rho A - {A^2, rho}/2), in the eigenbasis of a Hermitian A.

    It has no temperature and leaves the maximally mixed state as it is. Where [A, H] = 0 it carries
    no heat and makes entropy only; elsewhere its heat is tr(D(rho) H), and Spohn's production,
    which has no temperature to divide it by, is nan. The coherence between eigenvalues a and a' of
    A decays at rate (a - a')^2/2: at 2 rate for `sigmaz()`.

    Args:
        operator: A, Hermitian, (d, d).
        rate: >= 0, or a schedule.

    Raises:
        ValueError: an operator that is not Hermitian, or a negative rate.

    Examples:
        >>> bath = qt.dynamics.Dephasing(qt.sigmaz(), 0.1)
        >>> plus = qt.pure_state([1, 1])
        >>> qt.dynamics.right_hand_side(qt.OpenSystem(qt.number(2), bath), 0.0, plus).real
        [[0.0, -0.1], [-0.1, 0.0]]
    """

    operator: Operator
    rate: Schedule
    temperature: None

    def __init__(self, operator: OperatorLike, rate: RealLike | Schedule):
        self.operator = as_hermitian("operator", operator)
        self.rate = as_schedule("rate", rate)
        if isinstance(self.rate, Constant):
            remedy = "use `Lindblad` for negative rates."
            self.rate = Constant(as_nonnegative("rate", self.rate.value, remedy))
        self.temperature = None

    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel, ...]:
        return (Channel(self.rate, self.operator),)
