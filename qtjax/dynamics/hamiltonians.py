"""Hamiltonians: Hermitian operators as functions of time.

A new one is a class with `__call__(t)`; any Python callable t -> (d, d) is accepted too.
"""

import abc
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checks import as_complex, check_hermitian
from .._types import Operator, OperatorLike, RealLike
from ..algebra.composite import embed
from .schedules import Schedule, as_schedule, breakpoints_of, jumps_of


class AbstractHamiltonian(eqx.Module):
    """A Hermitian operator H(t), in units of energy (hbar = 1)."""

    constant: ClassVar[bool] = False

    @abc.abstractmethod
    def __call__(self, t: RealLike) -> Operator:
        """H(t), (d, d)."""

    def breakpoints(self) -> Float[Array, " breaks"]:
        """Times where H or a derivative of it jumps."""
        return jnp.zeros(0)

    def jumps(self) -> Float[Array, " jumps"]:
        """Times where H itself jumps (to its value there); the work done is booked."""
        return jnp.zeros(0)


class Static(AbstractHamiltonian):
    """A Hamiltonian that does not depend on time.

    Args:
        operator: Hermitian operator, (d, d).

    Raises:
        ValueError: not square, not Hermitian or not finite.
    """

    constant: ClassVar[bool] = True
    operator: Operator

    def __init__(self, operator: OperatorLike):
        check_hermitian("operator", operator)
        self.operator = as_complex(operator)

    def __call__(self, t: RealLike) -> Operator:
        return self.operator


class Driven(AbstractHamiltonian):
    """H(t) = sum_k c_k(t) A_k: schedules times fixed Hermitian operators.

    Args:
        terms: pairs (schedule, operator); a schedule is a number, an `AbstractSchedule` or any
            callable t -> real scalar, an operator is Hermitian, (d, d).

    Raises:
        ValueError: no terms, an operator that is not Hermitian, or operators of different size.
    """

    schedules: tuple[Schedule, ...]
    operators: tuple[Operator, ...]

    def __init__(self, terms: Sequence[tuple[Any, OperatorLike]]):
        if len(terms) == 0:
            raise ValueError("`terms` must hold at least one (schedule, operator) pair, got none.")
        d = jnp.shape(terms[0][1])[0]
        for k, (_, operator) in enumerate(terms):
            check_hermitian(f"terms[{k}][1]", operator, d)
        self.schedules = tuple(as_schedule(f"terms[{k}][0]", s) for k, (s, _) in enumerate(terms))
        self.operators = tuple(as_complex(operator) for _, operator in terms)

    def __call__(self, t: RealLike) -> Operator:
        return jnp.tensordot(self.coefficients(t), jnp.stack(self.operators), 1)

    def coefficients(self, t: RealLike) -> Float[Array, " terms"]:
        """The values c_k(t), (terms,)."""
        dtype = self.operators[0].real.dtype
        return jnp.stack([jnp.asarray(s(t), dtype).reshape(()) for s in self.schedules])

    def breakpoints(self) -> Float[Array, " breaks"]:
        return jnp.concatenate([breakpoints_of(s) for s in self.schedules])

    def jumps(self) -> Float[Array, " jumps"]:
        return jnp.concatenate([jumps_of(s) for s in self.schedules])


class FromFunction(AbstractHamiltonian):
    """Any callable t -> Hermitian (d, d) as a Hamiltonian.

    Args:
        function: a callable. If it is an Equinox module its leaves are parameters; what a plain
            function closes over is constant to `grad` and recompiles with every new function. Its
            jumps are not known, so their work is missing and shows in the first-law residual: use
            `Driven` with `PiecewiseConstant` for them.
    """

    function: Callable[[Any], Any]

    def __call__(self, t: RealLike) -> Operator:
        return as_complex(self.function(t))


class Embedded(AbstractHamiltonian):
    """A Hamiltonian of one part as one of the whole.

    Args:
        hamiltonian: of the part.
        dims: dimension of each part, static.
        site: which part it acts on, static.
    """

    hamiltonian: AbstractHamiltonian
    dims: tuple[int, ...] = eqx.field(static=True)
    site: int = eqx.field(static=True)

    def __call__(self, t: RealLike) -> Operator:
        return embed(self.hamiltonian(t), self.dims, self.site)

    def breakpoints(self) -> Float[Array, " breaks"]:
        return self.hamiltonian.breakpoints()

    def jumps(self) -> Float[Array, " jumps"]:
        return self.hamiltonian.jumps()


class Sum(AbstractHamiltonian):
    """The sum of Hamiltonians.

    Args:
        terms: Hamiltonians of one dimension, at least one.
    """

    terms: tuple[AbstractHamiltonian, ...]

    def __call__(self, t: RealLike) -> Operator:
        return sum((term(t) for term in self.terms[1:]), self.terms[0](t))

    def breakpoints(self) -> Float[Array, " breaks"]:
        return jnp.concatenate([term.breakpoints() for term in self.terms])

    def jumps(self) -> Float[Array, " jumps"]:
        return jnp.concatenate([term.jumps() for term in self.terms])


def embed_hamiltonian(
    hamiltonian: AbstractHamiltonian, dims: tuple[int, ...], site: int
) -> AbstractHamiltonian:
    """The Hamiltonian of one part as one of the whole, of the same type where that has a name."""
    if isinstance(hamiltonian, Static):
        return Static(embed(hamiltonian.operator, dims, site))
    if isinstance(hamiltonian, Driven):
        operators = [embed(operator, dims, site) for operator in hamiltonian.operators]
        return Driven(list(zip(hamiltonian.schedules, operators, strict=True)))
    return Embedded(hamiltonian, dims, site)


def add_hamiltonians(terms: Sequence[AbstractHamiltonian]) -> AbstractHamiltonian:
    """The sum, `Static` or `Driven` where all terms are, so that the fast paths stay open."""
    if all(isinstance(term, Static) for term in terms):
        return Static(sum((term.operator for term in terms[1:]), terms[0].operator))  # pyright: ignore
    if all(isinstance(term, Static | Driven) for term in terms):
        pairs: list[tuple[Any, Any]] = []
        for term in terms:
            if isinstance(term, Driven):
                pairs += list(zip(term.schedules, term.operators, strict=True))
            else:
                pairs.append((1.0, term(0.0)))
        return Driven(pairs)
    return Sum(tuple(terms))


def as_hamiltonian(value: Any) -> AbstractHamiltonian:
    """A Hamiltonian from a Hamiltonian, a matrix (`Static`) or a callable (`FromFunction`)."""
    if isinstance(value, AbstractHamiltonian):
        return value
    return FromFunction(value) if callable(value) else Static(value)


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
