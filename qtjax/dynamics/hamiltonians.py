"""Hamiltonians: Hermitian operators as functions of time.

A new one is a class with `terms()`, a sum of schedules times operators, or with `__call__(t)`;
any Python callable t -> (d, d) is accepted too. What else there is to know (whether it moves, where
it breaks or jumps) is read off the terms.
"""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import (
    as_complex,
    as_finite,
    as_hermitian,
    as_scalar,
    as_sequence,
    called,
    check_final,
    check_hermitian,
    check_square,
    concretely,
    described,
    is_function,
    is_own,
    traced,
)
from .._describe import one_line
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.composite import embed
from .schedules import (
    Constant,
    Schedule,
    Stretched,
    as_schedule,
    breakpoints_of,
    jumps_of,
)


class Term(eqx.Module):
    """schedule(t) times a fixed Hermitian operator.

    Args:
        schedule: c(t), a number, a schedule or a callable t -> real scalar.
        operator: A, (d, d).

    Examples:
        >>> qt.dynamics.Term(lambda t: t**2, qt.sigmax())(3.0)[0, 1].real
        9.0
    """

    schedule: Schedule
    operator: Operator

    def __init__(self, schedule: RealLike | Schedule, operator: OperatorLike):
        # what is not known to be right is checked once, where a system is built
        fixed = not is_function(schedule)
        known: Any = Constant(as_scalar("schedule", schedule)) if fixed else schedule
        self.schedule = known
        check_square("operator", operator)
        self.operator = as_complex(operator)

    def __call__(self, t: RealLike) -> Operator:
        """c(t) A, (d, d)."""
        return jnp.asarray(self.schedule(t), self.operator.real.dtype) * self.operator

    def __repr__(self) -> str:
        return one_line(self)


class AbstractHamiltonian(eqx.Module):
    """A Hermitian operator H(t), in units of energy (hbar = 1).

    A class of your own defines one of two methods: `terms()`, which takes every fast path, or
    `__call__(t)`, where H is only known as a function of time.

    Examples:
        >>> class Growing(qt.AbstractHamiltonian):
        ...     speed: float
        ...     def terms(self):
        ...         return (qt.dynamics.Term(lambda t: self.speed * t, qt.number(2)),)
        >>> Growing(0.5)(2.0).diagonal().real
        [0.0, 1.0]
    """

    def terms(self) -> tuple[Term | Callable[[Any], Any], ...]:
        """H(t) as a sum: `Term`s, and functions t -> Hermitian (d, d) for what is no such term."""
        if type(self).__call__ is AbstractHamiltonian.__call__:
            raise TypeError(
                f"`{type(self).__name__}` must define `terms()` or `__call__(t)`: the Hamiltonian "
                "as a sum of schedules times operators, or as a function of time."
            )
        return (self,)

    def __call__(self, t: RealLike) -> Operator:
        """H(t), (d, d)."""
        first, *others = self.terms()
        return sum((as_complex(term(t)) for term in others), as_complex(first(t)))

    @property
    def constant(self) -> bool:
        """Whether every term is a fixed operator."""
        return all(isinstance(s, Constant) for s in self.schedules) and self.is_sum

    @property
    def is_sum(self) -> bool:
        """Whether every term is a schedule times a fixed operator."""
        return all(isinstance(term, Term) for term in self.terms())

    @property
    def unproven(self) -> tuple[Callable[[Any], Any], ...]:
        """The functions of time that may not be Hermitian."""
        return tuple(term for term in self.terms() if not isinstance(term, Term))

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """The schedules of the terms that have one."""
        return tuple(term.schedule for term in self.terms() if isinstance(term, Term))

    def breakpoints(self) -> Float[Array, " breaks"]:
        """Times where H or a derivative of it is known to jump."""
        return jnp.concatenate([jnp.zeros(0), *map(breakpoints_of, self.schedules)])

    def jumps(self) -> Float[Array, " jumps"]:
        """Times where H itself is known to jump (to its value there); the work done is booked."""
        return jnp.concatenate([jnp.zeros(0), *map(jumps_of, self.schedules)])

    def __repr__(self) -> str:
        return one_line(self)


class Static(AbstractHamiltonian):
    """A Hamiltonian that does not depend on time.

    Args:
        operator: Hermitian operator, (d, d).

    Raises:
        ValueError: not square, not Hermitian or not finite.

    Examples:
        >>> qt.Static(2.0 * qt.number(2))(0.0).diagonal().real
        [0.0, 2.0]
    """

    operator: Operator

    def __init__(self, operator: OperatorLike):
        self.operator = as_hermitian("operator", operator)

    def terms(self) -> tuple[Term, ...]:
        return (Term(Constant(1.0), self.operator),)

    def __call__(self, t: RealLike) -> Operator:
        return self.operator


class Driven(AbstractHamiltonian):
    """H(t) = sum_k c_k(t) A_k: schedules times fixed Hermitian operators.

    Args:
        terms: pairs (schedule, operator); a schedule is a number, an `AbstractSchedule` or any
            callable t -> real scalar, an operator is Hermitian, (d, d).

    Raises:
        ValueError: no terms, an operator that is not Hermitian, or operators of different size.

    Examples:
        >>> h = qt.Driven([(1.0, qt.number(2)), (jnp.sin, qt.sigmax())])
        >>> h(jnp.pi / 2).real
        [[0.0, 1.0], [1.0, 1.0]]
    """

    parts: tuple[Term, ...]

    def __init__(self, terms: Sequence[tuple[Any, OperatorLike]]):
        pairs = as_sequence("terms", terms, "a sequence of pairs (schedule, operator)")
        if not pairs:
            raise ValueError("`terms` must hold at least one (schedule, operator) pair, got none.")
        d, parts = None, []
        for k, pair in enumerate(pairs):
            if not isinstance(pair, list | tuple) or len(pair) != 2:
                raise ValueError(
                    f"`terms[{k}]` must be a pair (schedule, operator), got {described(pair)}."
                )
            schedule = as_schedule(f"terms[{k}][0]", pair[0])
            parts.append(Term(schedule, as_hermitian(f"terms[{k}][1]", pair[1], d)))
            d = parts[0].operator.shape[0]
        self.parts = tuple(parts)

    def terms(self) -> tuple[Term, ...]:
        return self.parts


class FromFunction(AbstractHamiltonian):
    """Any callable t -> Hermitian (d, d) as a Hamiltonian.

    A sum of scalar functions times fixed matrices, however it is written, is integrated as the
    `Driven` that it is. What is not known of it between the times at which it is called, `evolve`
    and `limit_cycle` look at, at `resolution` times between any two times saved: they find the
    times where it jumps, and end with a status where what they see cannot be resolved to the
    tolerance.

    Args:
        function: a callable. If it is an Equinox module its leaves are parameters; what a plain
            function closes over is constant to `grad` outside the function that closes over it, and
            recompiles with every new function. The times of its jumps are found and not
            differentiated: use `Driven` with `PiecewiseConstant` where they are parameters.

    Raises:
        ValueError: a function that JAX cannot trace, or that returns no square matrix of numbers.

    Examples:
        >>> h = qt.dynamics.FromFunction(lambda t: jnp.cos(t) * qt.sigmaz() + t * qt.sigmax())
        >>> h(0.0)
        [[1.0, 0.0], [0.0, -1.0]]
    """

    function: Callable[[Any], Any]

    def __init__(self, function: Callable[[Any], Any]):
        if not is_function(function):
            raise ValueError(
                f"`function` must be a function t -> (d, d), got {described(function)}; "
                "a matrix makes a `Static`."
            )
        check_operator_function("function", function)
        self.function = function

    def __call__(self, t: RealLike) -> Operator:
        return as_complex(self.function(t))


class Sum(AbstractHamiltonian):
    """A sum of any terms: what sums, embeddings and stretched times of Hamiltonians are.

    Args:
        parts: `Term`s and functions t -> (d, d), of one dimension, at least one.
    """

    parts: tuple[Term | Callable[[Any], Any], ...]

    def terms(self) -> tuple[Term | Callable[[Any], Any], ...]:
        return self.parts


class Embedded(eqx.Module):
    """A function t -> operator of one part as one of the whole."""

    function: Callable[[Any], Any]
    dims: tuple[int, ...] = eqx.field(static=True)
    site: int = eqx.field(static=True)

    def __call__(self, t: RealLike) -> Operator:
        return embed(as_complex(self.function(t)), self.dims, self.site)


def embed_hamiltonian(
    hamiltonian: AbstractHamiltonian, dims: tuple[int, ...], site: int
) -> AbstractHamiltonian:
    """The Hamiltonian of one part as one of the whole, term by term."""

    def embedded(term: Term | Callable[[Any], Any]) -> Term | Callable[[Any], Any]:
        if not isinstance(term, Term):
            return Embedded(term, dims, site)
        operator = concretely(lambda a: embed(a, dims, site), term.operator)
        return Term(term.schedule, operator)

    return Sum(tuple(map(embedded, hamiltonian.terms())))


def add_hamiltonians(hamiltonians: Sequence[AbstractHamiltonian]) -> AbstractHamiltonian:
    """The sum, term by term."""
    return Sum(tuple(term for h in hamiltonians for term in h.terms()))


def stretch_hamiltonian(hamiltonian: AbstractHamiltonian, duration: Real) -> AbstractHamiltonian:
    """H(t/duration), term by term: a Hamiltonian of scaled time, in time."""

    def stretched(term: Term | Callable[[Any], Any]) -> Term | Callable[[Any], Any]:
        if not isinstance(term, Term):
            return Stretched(term, duration)
        if isinstance(term.schedule, Constant):
            return term
        return Term(Stretched(term.schedule, duration), term.operator)

    return Sum(tuple(map(stretched, hamiltonian.terms())))


@checked
def as_hamiltonian(value: Any, name: str = "hamiltonian") -> AbstractHamiltonian:
    """A Hamiltonian from a Hamiltonian, a matrix (`Static`) or a callable (`FromFunction`).

    Args:
        value: what was given.
        name: what messages call it.

    Raises:
        ValueError: it is none of them, not square, not Hermitian or not finite.

    Examples:
        >>> qt.dynamics.as_hamiltonian(qt.sigmax()).constant
        True
        >>> qt.dynamics.as_hamiltonian(lambda t: t * qt.sigmax())(2.0)
        [[0.0, 2.0], [2.0, 0.0]]
    """
    if isinstance(value, AbstractHamiltonian):
        _check_terms(name, value)
        return value
    if is_function(value):
        check_operator_function(name, value)
        return FromFunction(value)
    check_hermitian(name, value)
    return Static(value)


def check_operator_function(name: str, function: Callable[[Any], Any]) -> int:
    """The dimension d of a function t -> (d, d); raises if it returns another thing."""
    found = traced(name, function, lambda out: as_finite(f"{name}(t)", out, "a square matrix"))
    if len(found.shape) != 2 or found.shape[0] != found.shape[1] or found.shape[0] == 0:
        raise ValueError(
            f"`{name}` ({called(function)}) must return a square matrix (d, d) at every time, but "
            f"its shape is {found.shape}."
        )
    return found.shape[0]


def _check_terms(name: str, hamiltonian: AbstractHamiltonian) -> None:
    """Raise unless another's class is a sum of Hermitian terms, or a function, of one dimension."""
    if is_own(hamiltonian):
        return
    check_final(name, hamiltonian, AbstractHamiltonian)
    kind, dimensions = type(hamiltonian).__name__, set()
    own = [getattr(type(hamiltonian), method) for method in ("terms", "__call__")]
    if own[0] is not AbstractHamiltonian.terms and own[1] is not AbstractHamiltonian.__call__:
        raise ValueError(
            f"`{name}` ({kind}) must define `terms()` or `__call__(t)`, not both: they may differ."
        )
    terms = as_sequence(f"{name}.terms()", hamiltonian.terms(), "a tuple of terms")
    for k, term in enumerate(terms):
        where = f"{name}.terms()[{k}]"
        if isinstance(term, Term):
            as_schedule(f"{where}.schedule", term.schedule)
            check_hermitian(f"{where}.operator", term.operator)
            dimensions.add(term.operator.shape[0])
        elif is_function(term):
            dimensions.add(check_operator_function(where, term))
        else:
            raise ValueError(
                f"`{where}` of {kind} must be a `Term` or a function of time, got "
                f"{described(term)}."
            )
    if len(dimensions) != 1:
        raise ValueError(
            f"`{name}.terms()` of {kind} must hold terms of one dimension d, got "
            f"{sorted(dimensions) if dimensions else 'none'}."
        )


def hamiltonian_jump(hamiltonian: AbstractHamiltonian, t: RealLike) -> Operator:
    """H(t) - H(t - 0), (d, d): what a jump at t adds to H."""
    t = jnp.asarray(t, jnp.result_type(float))
    fixed = jax.lax.stop_gradient(t)
    before = t + (jnp.nextafter(fixed, -jnp.inf) - fixed)
    return hamiltonian(t) - hamiltonian(before)


def hamiltonian_rate(hamiltonian: AbstractHamiltonian, t: RealLike) -> Operator:
    """dH/dt at time t by forward-mode autodiff, (d, d)."""
    t = jnp.asarray(t, jnp.result_type(float))
    return jax.jvp(hamiltonian, (t,), (jnp.ones_like(t),))[1]
