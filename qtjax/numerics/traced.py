"""Functions as they are traced, with every value computed once."""

from collections.abc import Callable
from typing import Any

import equinox as eqx

from .._jax import Literal


def closed(function: Callable, *examples: Any) -> Callable:
    """`eqx.filter_closure_convert` without what the function computes a second time.

    Every bath that follows H(t) evaluates it. XLA finds that out too late for eigensystems, which
    are loops over parts of a batch.
    """
    converted: Any = eqx.filter_closure_convert(function, *examples)
    if not hasattr(converted, "jaxpr"):  # a plain function, which closes over nothing
        return converted
    return eqx.tree_at(lambda traced: traced.jaxpr, converted, replace_fn=each_once)


def each_once(jaxpr: Any) -> Any:
    """A jaxpr without operations that an earlier one does on the same values."""
    known: dict[Any, Any] = {}
    stands_for: dict[Any, Any] = {}
    kept = []
    for equation in jaxpr.eqns:
        inputs = [_first(stands_for, value) for value in equation.invars]
        operation = (
            equation.primitive, tuple(map(_name, inputs)), tuple(equation.params.items())
        )  # fmt: skip
        if equation.effects or not _is_hashable(operation):
            kept.append(equation.replace(invars=inputs))
        elif operation in known:
            stands_for |= zip(equation.outvars, known[operation], strict=True)
        else:
            known[operation] = equation.outvars
            kept.append(equation.replace(invars=inputs))
    return jaxpr.replace(eqns=kept, outvars=[_first(stands_for, v) for v in jaxpr.outvars])


def _first(stands_for: dict[Any, Any], value: Any) -> Any:
    return value if isinstance(value, Literal) else stands_for.get(value, value)


def _name(value: Any) -> Any:
    """By which values are told apart: of literals what is printed, as -0.0 == 0.0."""
    return (repr(value.val), value.aval) if isinstance(value, Literal) else value


def _is_hashable(operation: Any) -> bool:
    try:
        hash(operation)
    except TypeError:
        return False
    return True
