"""What a function of time can do between samples, read off its traced form.

A sum of products of polynomials in t with exp(i w t) has an exponential type, the largest |w|: it
has no feature much finer than 1/|w|, wherever one looks, and without |w| it is a polynomial of a
known degree. Both are proven operation by operation; where one is not known (a branch, a floor, a
bell curve) nothing is claimed, and the function must be sampled.
"""

from collections.abc import Callable, Container
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from .._jax import Literal
from .._types import RealLike

MOST_DEGREE = 8  # of polynomials that count as known
_LINEAR = frozenset((
    "add", "sub", "add_any", "neg", "convert_element_type", "broadcast_in_dim", "reshape",
    "squeeze", "expand_dims", "slice", "transpose", "concatenate", "stack", "unstack",
    "split", "reduce_sum", "real", "imag", "conj", "complex", "copy", "copy_p", "rev",
    "stop_gradient", "cumsum", "pad",
))  # fmt: skip
_PLACES = {
    "dynamic_slice": (0,), "gather": (0,), "div": (0,), "dynamic_update_slice": (0, 1),
    "scatter": (0, 2), "scatter-add": (0, 2), "scatter_add": (0, 2),
}  # fmt: skip
PRODUCTS = frozenset(["mul", "dot_general"])
_WAVES = frozenset(["sin", "cos", "exp", "sinh", "cosh"])
_CALLS = frozenset(["jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call"])


class Growth(NamedTuple):
    """Of a sum of polynomials times exponentials.

    Args:
        degree: the highest power of t.
        type: the largest |w|; `None` if there is no exponential.
    """

    degree: int
    type: Any


class _Value(NamedTuple):
    """What is known of an intermediate result; one without `growth` does not depend on t."""

    value: Any
    slope: Any
    growth: Growth | None


class _Unknown(Exception):
    pass


def growth(function: Callable[[Any], Any], t: RealLike) -> Growth | None:
    """The growth of a function of time, the largest of all it returns; `None` if it is not known.

    Args:
        function: t -> PyTree of arrays.
        t: any time.
    """
    t = jnp.asarray(t, jnp.result_type(float))
    closed = jax.make_jaxpr(function)(t)
    try:
        start = _Value(t, jnp.ones_like(t), Growth(1, None))
        found = _run(closed.jaxpr, [_Value(c, None, None) for c in closed.consts], [start])
    except _Unknown:
        return None
    total = Growth(0, None)
    for value in found:
        total = total if value.growth is None else _sum(total, value.growth)
    return total if total.degree <= MOST_DEGREE else None


def _run(jaxpr: Any, consts: list[_Value], arguments: list[_Value]) -> list[_Value]:
    known = dict(zip(jaxpr.constvars, consts, strict=True))
    known |= dict(zip(jaxpr.invars, arguments, strict=True))

    def read(atom: Any) -> _Value:
        return _Value(atom.val, None, None) if isinstance(atom, Literal) else known[atom]

    for equation in jaxpr.eqns:
        found = _apply(equation, [read(atom) for atom in equation.invars])
        known |= dict(zip(equation.outvars, found, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _apply(equation: Any, given: list[_Value]) -> list[_Value]:
    """The results of one operation."""
    inner = called(equation)
    if inner is not None:
        return _run(inner.jaxpr, [_Value(c, None, None) for c in inner.consts], given)
    moving = [value for value in given if value.growth is not None]
    bind = binding(equation)
    if not moving:
        return [_Value(value, None, None) for value in bind(*(v.value for v in given))]
    new = _growth(equation, given, moving)
    if new.degree > 1 or new.type is not None or any(v.slope is None for v in moving):
        return [_Value(None, None, new) for _ in equation.outvars]
    # a straight line: its slope is needed where it is the argument of a wave
    lines = [k for k, v in enumerate(given) if v.growth is not None]

    def along(*values: Any) -> list[Any]:
        replaced = dict(zip(lines, values, strict=True))
        return bind(*(replaced.get(k, v.value) for k, v in enumerate(given)))

    found = jax.jvp(along, [v.value for v in moving], [v.slope for v in moving])
    return [_Value(value, slope, new) for value, slope in zip(*found, strict=True)]


def linear_places(equation: Any) -> Container[int]:
    """Which of its operands an operation of a jaxpr is linear in, all of them together.

    Args:
        equation: of a jaxpr.
    """
    name, count = equation.primitive.name, len(equation.invars)
    if name in _LINEAR:
        return range(count)
    return range(1, count) if name == "select_n" else _PLACES.get(name, ())


def binding(equation: Any) -> Callable[..., list[Any]]:
    """An operation of a jaxpr as a function of what it is given.

    Args:
        equation: of a jaxpr.
    """
    found = equation.primitive.get_bind_params(equation.params)
    subfunctions, params = found if isinstance(found, tuple) else ((), found)

    def bind(*values: Any) -> list[Any]:
        found = equation.primitive.bind(*subfunctions, *values, **params)
        return list(found) if equation.primitive.multiple_results else [found]

    return bind


def called(equation: Any) -> Any:
    """The closed jaxpr of an operation that only calls it, else `None`.

    Args:
        equation: of a jaxpr.
    """
    if equation.primitive.name not in _CALLS:
        return None
    found = [value for value in equation.params.values() if hasattr(value, "consts")]
    return found[0] if len(found) == 1 else None


def _growth(equation: Any, given: list[_Value], moving: list[_Value]) -> Growth:
    """The growth of what an operation returns."""
    name, first = equation.primitive.name, moving[0].growth
    assert first is not None
    if not all(jnp.issubdtype(v.aval.dtype, jnp.inexact) for v in equation.outvars):
        raise _Unknown  # whole numbers jump
    linear = linear_places(equation)
    moved = [k for k, value in enumerate(given) if value.growth is not None]
    if all(k in linear for k in moved) or (name in PRODUCTS and len(moving) == 1):
        total = first
        for value in moving[1:]:
            total = _sum(total, value.growth)
        return total
    if name in PRODUCTS:
        return _product(first, moving[1].growth)
    if name == "square" or (name == "integer_pow" and equation.params["y"] > 0):
        power = 2 if name == "square" else equation.params["y"]
        return Growth(power * first.degree, None if first.type is None else power * first.type)
    if name in _WAVES and moving[0].slope is not None:
        return Growth(0, jax.lax.stop_gradient(jnp.max(jnp.abs(moving[0].slope), initial=0.0)))
    raise _Unknown


def _sum(a: Any, b: Any) -> Growth:
    types = [g.type for g in (a, b) if g.type is not None]
    largest = None if not types else types[0] if len(types) == 1 else jnp.maximum(*types)
    return Growth(max(a.degree, b.degree), largest)


def _product(a: Any, b: Any) -> Growth:
    types = [g.type for g in (a, b) if g.type is not None]
    return Growth(a.degree + b.degree, sum(types[1:], types[0]) if types else None)
