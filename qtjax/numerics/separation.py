"""A function of time as a sum of real scalars times fixed arrays, read off its traced form.

`lambda t: a * A + f(t) * B` is such a sum, however it is written. What is linear in arrays that
move is done to what their scalars multiply, operation by operation; what is not makes new scalars
of its few results. Where there are many (an exponential of a matrix) nothing is known. Numbers
stay whole: they are computed as they were written, so that nothing cancels, and what jumps does so
at the same time.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._checks import concretely
from .._jax import Literal, Tracer, dce_jaxpr, eval_jaxpr
from .._types import RealLike
from .growth import PRODUCTS, binding, called, linear_places

FEW = 8  # entries of a result that become scalars
MOST = 64  # scalars of a result; of one with more only the value is kept
_ARITHMETIC = frozenset((
    "add", "sub", "add_any", "mul", "div", "dot_general", "reduce_sum", "cumsum",
))  # fmt: skip


class Separation(NamedTuple):
    """fixed + sum_k scalars[k] arrays[k].

    Args:
        fixed: array.
        scalars: real, at the time asked for.
        moving: whether each of them depends on time.
        arrays: what each of them multiplies; `None` for nothing.
    """

    fixed: Any
    scalars: list[Array]
    moving: list[bool]
    arrays: list[Any]


class Scalar(eqx.Module):
    """A sum of some of the scalars of a function of time.

    Args:
        function: t -> array.
        weights: of its scalars by their numbers, static.
        count: of its scalars, static.
    """

    function: Callable[[Any], Any]
    weights: tuple[tuple[int, float], ...] = eqx.field(static=True)
    count: int = eqx.field(static=True)

    def __call__(self, t: RealLike) -> Array:
        def value(t: Array) -> Array:
            found = separation(self.function, t)
            if found is None or len(found.scalars) != self.count:
                raise RuntimeError(f"{self.function} was traced twice, with two results.")
            parts = [weight * found.scalars[k] for k, weight in self.weights]
            return jnp.sum(jnp.stack(parts)) if len(parts) > 1 else parts[0]

        t = jnp.asarray(t, jnp.result_type(float))
        closed = jax.make_jaxpr(value)(t)
        jaxpr, _ = dce_jaxpr(closed.jaxpr, [True], instantiate=True)
        return eval_jaxpr(jaxpr, closed.consts, t)[0]


class _Value(NamedTuple):
    """A result: fixed + sum_k scalars[k] arrays[k]; of one that is no such sum only its value."""

    fixed: Any
    arrays: Mapping[int, Any] = MappingProxyType({})
    opaque: Any = None

    @property
    def moves(self) -> bool:
        return bool(self.arrays) or self.opaque is not None


def separation(function: Callable[[Any], Any], t: RealLike) -> Separation | None:
    """A function of time as a sum of real scalars times fixed arrays; `None` if it is not known.

    Args:
        function: t -> array; numbers among its leaves are scalars too.
        t: any time.
    """
    t = jnp.asarray(t, jnp.result_type(float))
    arrays, rest = eqx.partition(function, eqx.is_inexact_array)
    leaves, structure = jax.tree.flatten(arrays)

    def of_leaves(t: Array, leaves: list[Array]) -> Any:
        return eqx.combine(jax.tree.unflatten(structure, leaves), rest)(t)

    closed, sums = jax.make_jaxpr(of_leaves)(t, leaves), _Sums()
    arguments = [sums.scalar(t, True), *map(sums.number, leaves)]
    consts = [sums.number(c) if isinstance(c, Tracer) else _Value(c) for c in closed.consts]
    (found,) = sums.run(closed.jaxpr, consts, arguments)
    if found.opaque is not None:
        return None
    multiplied = [found.arrays.get(k) for k in range(len(sums.scalars))]
    return Separation(found.fixed, sums.scalars, sums.moving, multiplied)


class _Sums:
    """The scalars that were found, and results in terms of them."""

    def __init__(self) -> None:
        self.scalars: list[Array] = []
        self.moving: list[bool] = []
        self._products: dict[tuple[int, ...], int] = {}

    def run(self, jaxpr: Any, consts: list[_Value], arguments: list[_Value]) -> list[_Value]:
        known = dict(zip(jaxpr.constvars, consts, strict=True))
        known |= dict(zip(jaxpr.invars, arguments, strict=True))

        def read(atom: Any) -> _Value:
            return _Value(atom.val) if isinstance(atom, Literal) else known[atom]

        for equation in jaxpr.eqns:
            found = self._apply(equation, [read(atom) for atom in equation.invars])
            known |= dict(zip(equation.outvars, found, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def scalar(self, value: Array, moves: bool) -> _Value:
        """A real number as a scalar of its own."""
        one, zero = np.ones(value.shape, value.dtype), np.zeros(value.shape, value.dtype)
        return _Value(zero, {self._new(value, moves): one})

    def number(self, value: Array) -> _Value:
        """What is traced, and does not depend on time: one number is a scalar."""
        real = jnp.issubdtype(value.dtype, jnp.floating)
        return self.scalar(value, False) if value.size == 1 and real else _Value(value)

    def _new(self, value: Array, moves: bool) -> int:
        self.scalars.append(value.reshape(()))
        self.moving.append(moves)
        return len(self.scalars) - 1

    def _apply(self, equation: Any, given: list[_Value]) -> list[_Value]:
        """The results of one operation."""
        inner = called(equation)
        if inner is not None and "custom" not in equation.primitive.name:
            return self.run(inner.jaxpr, [_Value(c) for c in inner.consts], given)
        bind = binding(equation)
        if not any(value.moves for value in given):
            return [_Value(value) for value in concretely(bind, *(v.fixed for v in given))]
        avals = [v.aval for v in equation.outvars]
        numbers = all(aval.ndim <= 1 and aval.size <= FEW for aval in avals)
        whole = numbers and equation.primitive.name in _ARITHMETIC
        if not whole and all(jnp.issubdtype(aval.dtype, jnp.inexact) for aval in avals):
            linear = self._linear(equation, given, bind)
            if linear is not None:
                return linear
        return [self._apart(value, given) for value in bind(*map(self._whole, given))]

    def _linear(self, equation: Any, given: list[_Value], bind: Callable) -> list[_Value] | None:
        """The results of an operation that is linear in what moves; `None` if it is not."""
        stops = equation.primitive.name == "stop_gradient"  # the scalars would not be stopped
        if stops or any(value.opaque is not None for value in given):
            return None
        places, linear = [k for k, v in enumerate(given) if v.arrays], linear_places(equation)
        product = equation.primitive.name in PRODUCTS
        scalars = {scalar for k in places for scalar in given[k].arrays}
        if product and len(places) == 2:
            few = len(given[0].arrays) * len(given[1].arrays) <= MOST
            return [self._product(given[0], given[1], bind)] if few else None
        if len(scalars) > MOST:
            return None
        if not product and not all(k in linear for k in places):
            return None

        def of(scalar: int) -> list[Any]:
            values = [value.fixed for value in given]
            for k, value in enumerate(given):
                if k in (places if product else linear):
                    values[k] = value.arrays.get(scalar, _zeros(value.fixed))
            return concretely(bind, *values)

        fixed = concretely(bind, *(value.fixed for value in given))
        found = {scalar: of(scalar) for scalar in sorted(scalars)}
        return [
            _Value(value, {scalar: arrays[k] for scalar, arrays in found.items()})
            for k, value in enumerate(fixed)
        ]

    def _product(self, a: _Value, b: _Value, bind: Callable) -> _Value:
        """The product of two sums."""
        arrays: dict[int, Any] = {}

        def add(scalar: int, left: Any, right: Any) -> None:
            (product,) = concretely(bind, left, right)
            before = arrays.get(scalar)
            arrays[scalar] = product if before is None else concretely(jnp.add, before, product)

        for k, left in a.arrays.items():
            add(k, left, b.fixed)
            for m, right in b.arrays.items():
                add(self._multiplied(k, m), left, right)
        for m, right in b.arrays.items():
            add(m, a.fixed, right)
        return _Value(concretely(bind, a.fixed, b.fixed)[0], arrays)

    def _multiplied(self, k: int, m: int) -> int:
        """The product of two scalars."""
        key = tuple(sorted((k, m)))
        if key not in self._products:
            value = self.scalars[k] * self.scalars[m]
            self._products[key] = self._new(value, self.moving[k] or self.moving[m])
        return self._products[key]

    def _whole(self, value: _Value) -> Any:
        """The value of a sum."""
        if value.opaque is not None:
            return value.opaque
        found = value.fixed
        for k, array in value.arrays.items():
            found = found + self.scalars[k].astype(jnp.result_type(array)) * array
        return found

    def _apart(self, value: Array, given: list[_Value]) -> _Value:
        """The few entries of a result as scalars of their own."""
        if value.size > FEW or not jnp.issubdtype(value.dtype, jnp.inexact):
            return _Value(None, {}, value)
        scalars = [k for v in given for k in v.arrays]
        moves = any(v.opaque is not None for v in given) or any(self.moving[k] for k in scalars)
        parts = [(value.real, 1.0), (value.imag, 1j)] if jnp.iscomplexobj(value) else [(value, 1.0)]
        found: dict[int, Any] = {}
        for part, unit in parts:
            for k in range(value.size):
                one = np.zeros(value.size, value.dtype)
                one[k] = unit
                found[self._new(part.reshape(-1)[k], moves)] = one.reshape(value.shape)
        return _Value(np.zeros(value.shape, value.dtype), found)


def _zeros(value: Any) -> np.ndarray:
    return np.zeros(np.shape(value), jnp.result_type(value))
