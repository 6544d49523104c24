"""How the jumps of a function of time move with what the function holds or closes over.

A program jumps where it compares or counts: `t < p`, `floor(t / p)`, `sign(sin(w t))`; its slope
jumps there too, and where it takes a modulus or the larger one of two. Each of these has a number c
that passes through zero there (t - p, t/p less the nearest whole number, sin(w t)), so that the
time of the jump moves by -dc/dp / (dc/dt).
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._jax import Literal
from .._types import RealLike
from .growth import called

_COMPARED = frozenset(["lt", "le", "gt", "ge", "eq", "ne", "lt_to", "le_to"])
_HERE = 1e-8  # of the span: a number with its zero so close to a jump may be what jumps
_AGREE = 1e-6  # of two slopes of one jump


@eqx.filter_custom_jvp
def moving(function: Any, jumps: Float[Array, " jumps"], span: RealLike) -> Float[Array, " jumps"]:
    """Times at which a function jumps, with their derivatives by what the function holds.

    Args:
        function: t -> array; what it closes over among its leaves (`eqx.filter_closure_convert`).
        jumps: the times that were found, inf where there is none.
        span: of all times.

    Returns:
        The same times. Their derivatives are nan where no comparison in the function explains a
        jump, or where two of them disagree on it.
    """
    del function, span
    return jumps


@moving.def_jvp
def _(primals: Any, tangents: Any) -> tuple[Array, Array]:
    function, jumps, span = primals
    times = moving(*primals)
    perturbed = jax.tree.map(lambda x: x is not None, tangents[0], is_leaf=lambda x: x is None)
    moved, rest = eqx.partition(function, perturbed)
    if not jax.tree.leaves(moved):
        return times, jnp.zeros_like(times)

    def slope(t: Array) -> Array:
        def numbers(moved: Any, t: Array) -> Array:
            return _switching(eqx.combine(moved, rest), t)

        c, by_time = jax.jvp(lambda t: numbers(moved, t), (t,), (jnp.ones_like(t),))
        distance = jax.lax.stop_gradient(jnp.abs(c / by_time))
        here = distance <= _HERE * span  # false where nan
        nearest = jnp.argmin(jnp.where(here, distance, jnp.inf))
        pace = jnp.where(here, by_time, 1.0)

        def along(tangent: Any) -> Array:
            return -jax.jvp(lambda moved: numbers(moved, t), (moved,), (tangent,))[1] / pace

        # whether all agree is tried along one direction, which is not differentiated
        tried = jax.lax.stop_gradient(along(jax.tree.map(_direction, moved)))
        apart = jnp.where(here, jnp.abs(tried - tried[nearest]), 0.0)
        agreed = jnp.any(here) & jnp.all(apart <= _AGREE * jnp.abs(tried[nearest]))
        return jnp.where(agreed, 1.0, jnp.nan) * along(tangents[0])[nearest]

    found = jnp.isfinite(times)
    slopes = jax.vmap(slope)(jnp.where(found, times, 0.0))
    return times, jnp.where(found, slopes, 0.0)


def _direction(x: Any) -> Array:
    x = jnp.asarray(x)  # without symmetry, so that slopes along it differ if they do at all
    return jnp.cos(jnp.arange(x.size, dtype=x.dtype)).reshape(x.shape) + 1.5


def _switching(function: Callable[[Any], Any], t: Array) -> Float[Array, " numbers"]:
    """The numbers whose sign, or whose nearest whole number, a function of time branches on."""
    closed = jax.make_jaxpr(function)(t)
    found = [jnp.full(1, jnp.nan, t.dtype)]
    _run(closed.jaxpr, closed.consts, [t], found)
    return jnp.concatenate([jnp.ravel(c).astype(t.dtype) for c in found])


def _run(jaxpr: Any, consts: Any, arguments: Any, found: list[Array]) -> list[Any]:
    """The results of a traced function; its numbers are added to `found`."""
    known = dict(zip(jaxpr.constvars, consts, strict=True))
    known |= dict(zip(jaxpr.invars, arguments, strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, Literal) else known[atom]

    for equation in jaxpr.eqns:
        results = _apply(equation, [read(atom) for atom in equation.invars], found)
        known |= dict(zip(equation.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _apply(equation: Any, given: list[Any], found: list[Array]) -> list[Any]:
    name, params = equation.primitive.name, equation.params
    if name == "call_hi_primitive":  # operations of jax 0.12 that are classes
        name = type(params["_prim"]).__name__
    inner = called(equation)
    if inner is not None:
        return _run(inner.jaxpr, inner.consts, given, found)
    if name == "cond":
        branches = [_run(b.jaxpr, b.consts, given[1:], found) for b in params["branches"]]
        return [jax.lax.select_n(given[0], *outs) for outs in zip(*branches, strict=True)]
    if name == "scan":
        return _scan(equation, given, found)
    if all(jnp.issubdtype(jnp.result_type(x), jnp.floating) for x in given):
        found += _number(name, given, equation.outvars[0].aval)
    bound = equation.primitive.get_bind_params(params)
    subfunctions, params = bound if isinstance(bound, tuple) else ((), bound)
    results = equation.primitive.bind(*subfunctions, *given, **params)
    return list(results) if equation.primitive.multiple_results else [results]


def _number(name: str, given: list[Any], result: Any) -> list[Array]:
    """The number that an operation branches on."""
    given = [jnp.asarray(x) for x in given]
    if name in _COMPARED:
        return [given[0] - given[1]]
    if name in ("sign", "abs"):
        return [given[0]]
    if name in ("max", "min"):
        return [given[0] - given[1]]
    if name == "clamp":
        return [given[1] - given[0], given[1] - given[2]]
    if name == "SearchSorted":  # from jax 0.12 on; made of comparisons before
        return [jnp.subtract.outer(given[0], given[1])]
    if name == "rem":
        return [_from_whole(given[0] / given[1])]
    if name == "round":
        return [_from_whole(given[0] - 0.5)]
    made_whole = name == "convert_element_type" and not jnp.issubdtype(result.dtype, jnp.inexact)
    return [_from_whole(given[0])] if made_whole or name in ("floor", "ceil") else []


def _from_whole(x: Any) -> Array:
    return x - jax.lax.stop_gradient(jnp.round(x))


def _scan(equation: Any, given: list[Any], found: list[Array]) -> list[Any]:
    """What is scanned over, and what is stacked, has an axis more outside the body than inside."""
    params, closed = equation.params, equation.params["jaxpr"]
    outside, inside = equation.invars + equation.outvars, closed.jaxpr.invars + closed.jaxpr.outvars
    sliced = [a.aval.ndim > b.aval.ndim for a, b in zip(outside, inside, strict=True)]
    first = len(given) - sum(sliced[: len(given)])  # of those that are scanned over
    kept = len(equation.outvars) - sum(sliced[len(given) :])
    constants, carry, xs = given[: first - kept], given[first - kept : first], given[first:]

    def body(carry: list[Any], x: list[Any]) -> tuple[list[Any], Any]:
        numbers: list[Array] = []
        results = _run(closed.jaxpr, closed.consts, [*constants, *carry, *x], numbers)
        return results[: len(carry)], (results[len(carry) :], numbers)

    carry, (ys, numbers) = jax.lax.scan(
        body, carry, xs, length=params["length"], reverse=params["reverse"]
    )
    found += numbers
    return [*carry, *ys]
