"""Bounds as bijections: optimizers walk on the whole real line, parameters stay inside."""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from .._checked import checked
from .._checks import (
    as_positive,
    as_real,
    check_instance,
    check_positive,
    described,
    is_concrete,
)
from .._types import RealLike

_SUM_TOLERANCE = 1e-6  # relative, so that a start in float32 or of a few digits is taken


class AbstractBound(eqx.Module):
    """A bijection of the real line and an allowed set, by entries or along the last axis.

    Examples:
        >>> class Above(qt.design.AbstractBound):
        ...     lower: float
        ...     def to_parameter(self, free):
        ...         return self.lower + jnp.exp(free)
        ...     def to_free(self, parameter):
        ...         return jnp.log(parameter - self.lower)
        ...     def contains(self, parameter):
        ...         return parameter > self.lower
        >>> qt.design.to_parameters(Above(0.5), jnp.array(0.0))
        1.5
    """

    @abc.abstractmethod
    def to_parameter(self, free: Float[Array, "..."]) -> Float[Array, "..."]:
        """The parameter that belongs to an unbounded value."""

    @abc.abstractmethod
    def to_free(self, parameter: Float[Array, "..."]) -> Float[Array, "..."]:
        """The unbounded value of a parameter strictly inside the bounds."""

    @abc.abstractmethod
    def contains(self, parameter: Float[Array, "..."]) -> Any:
        """Whether each entry lies strictly inside."""


class Bounded(AbstractBound):
    """lower <= x <= upper, by a sine: one-to-one from [-pi/2, pi/2].

    The bounds themselves are reached at finite values, where the loss is stationary and curved: an
    optimum on a bound is found as fast as one inside, which a logistic function, flat at infinity,
    does not allow (MINUIT's transformation; James and Roos 1975). Start strictly inside.

    Args:
        lower: lower bound (a scalar or an array that broadcasts against the parameter).
        upper: upper bound, > lower.

    Raises:
        ValueError: upper <= lower.

    Examples:
        >>> bound = qt.Bounded(0.0, 4.0)
        >>> bound.to_parameter(jnp.array([0.0, jnp.pi / 2]))
        [2.0, 4.0]
    """

    lower: Float[Array, "..."]
    upper: Float[Array, "..."]

    def __init__(self, lower: Any, upper: Any):
        self.lower, self.upper = as_real("lower", lower), as_real("upper", upper)
        if is_concrete(self.lower, self.upper) and not bool(jnp.all(self.upper > self.lower)):
            raise ValueError(
                f"`upper` must exceed `lower`, got {self.lower} and {self.upper}; swap them, or "
                "leave out of the parameters what shall not change."
            )

    def to_parameter(self, free: Float[Array, "..."]) -> Float[Array, "..."]:
        middle, half = 0.5 * (self.lower + self.upper), 0.5 * (self.upper - self.lower)
        return jnp.clip(middle + half * jnp.sin(free), self.lower, self.upper)

    def to_free(self, parameter: Float[Array, "..."]) -> Float[Array, "..."]:
        middle, half = 0.5 * (self.lower + self.upper), 0.5 * (self.upper - self.lower)
        inside = (parameter >= self.lower) & (parameter <= self.upper)
        sine = jnp.clip((parameter - middle) / half, -1.0, 1.0)  # rounding on a bound
        return jnp.where(inside, jnp.arcsin(sine), jnp.nan)

    def contains(self, parameter: Float[Array, "..."]) -> Any:
        return (parameter > self.lower) & (parameter < self.upper)


class Positive(AbstractBound):
    """x > 0, by x = scale * softplus(z).

    Args:
        scale: where the map turns from exponential to linear, > 0.

    Raises:
        ValueError: a scale that is not positive.

    Examples:
        >>> bound = qt.Positive()
        >>> bound.to_parameter(jnp.array(0.0)), jnp.log(2)
        (0.6931, 0.6931)
    """

    scale: Float[Array, ""]

    def __init__(self, scale: RealLike = 1.0):
        check_positive("scale", scale, "it is a size.")
        self.scale = as_real("scale", scale)

    def to_parameter(self, free: Float[Array, "..."]) -> Float[Array, "..."]:
        return self.scale * jax.nn.softplus(free)

    def to_free(self, parameter: Float[Array, "..."]) -> Float[Array, "..."]:
        x = parameter / self.scale
        return x + jnp.log(-jnp.expm1(-x))

    def contains(self, parameter: Float[Array, "..."]) -> Any:
        return parameter > 0.0


class FixedSum(AbstractBound):
    """x_k >= 0 with sum_k x_k = total along the last axis: times of which the sum is given.

    x = total z^2 / sum z^2 reaches 0 at a finite z, where the loss is stationary, as the sine of
    `Bounded` does. Start with every entry positive.

    Args:
        total: the sum, > 0.

    Raises:
        ValueError: a total that is not positive, or a start with another sum.

    Examples:
        >>> bound = qt.design.FixedSum(10.0)
        >>> bound.to_parameter(jnp.array([1.0, 1.0, 2.0, 2.0]))
        [1.0, 1.0, 4.0, 4.0]
    """

    total: Float[Array, ""]

    def __init__(self, total: RealLike):
        self.total = as_positive("total", total, "it is what positive parameters add up to.")

    def to_parameter(self, free: Float[Array, "..."]) -> Float[Array, "..."]:
        square = free**2
        return self.total * square / jnp.sum(square, axis=-1, keepdims=True)

    def to_free(self, parameter: Float[Array, "..."]) -> Float[Array, "..."]:
        found = jnp.sum(parameter, axis=-1)
        off = jnp.abs(found - self.total) > _SUM_TOLERANCE * self.total
        if is_concrete(off) and bool(jnp.any(off)):
            raise ValueError(
                f"`start` must add up to {self.total} along its last axis, as its bound `FixedSum` "
                f"says, but {parameter} adds up to {found}."
            )
        return jnp.sqrt(parameter / self.total * parameter.shape[-1])

    def contains(self, parameter: Float[Array, "..."]) -> Any:
        return parameter > 0.0


class Unbounded(AbstractBound):
    """No bounds: the identity.

    Examples:
        >>> qt.design.Unbounded().to_parameter(jnp.array(-3.0))
        -3.0
    """

    def to_parameter(self, free: Float[Array, "..."]) -> Float[Array, "..."]:
        return free

    def to_free(self, parameter: Float[Array, "..."]) -> Float[Array, "..."]:
        return parameter

    def contains(self, parameter: Float[Array, "..."]) -> Any:
        return jnp.isfinite(parameter)


@checked
def to_parameters(bounds: PyTree, free: PyTree) -> PyTree:
    """Parameters from unbounded values; `bounds` is a tree prefix of `free`.

    Examples:
        >>> bounds = {"gap": qt.Bounded(0.0, 4.0), "time": qt.Positive()}
        >>> free = {"gap": jnp.array(jnp.pi / 6), "time": jnp.array(0.0)}
        >>> found = qt.design.to_parameters(bounds, free)
        >>> found["gap"], found["time"]
        (3.0, 0.6931)
    """
    free = _real_leaves("free", free)
    return _map(lambda bound, x: bound.to_parameter(x), bounds, free)


@checked
def to_free(bounds: PyTree, parameters: PyTree) -> PyTree:
    """Unbounded values from parameters inside their bounds.

    Raises:
        ValueError: a concrete parameter on or outside its bounds.

    Examples:
        >>> bounds = {"gap": qt.Bounded(0.0, 4.0), "time": qt.Positive()}
        >>> free = qt.design.to_free(bounds, {"gap": jnp.array(2.0), "time": jnp.log(2)})
        >>> free["gap"], free["time"]
        (0.0, 0.0)
    """
    return free_of("parameters", bounds, parameters)


def free_of(name: str, bounds: PyTree, parameters: PyTree) -> PyTree:
    """The same of parameters that the user calls by another name.

    Args:
        name: what a message calls them.
        bounds: a tree prefix of the parameters.
        parameters: any PyTree of numbers.
    """
    parameters = _real_leaves(name, parameters)
    values, outside = jax.tree_util.tree_flatten_with_path(parameters)[0], []
    inside = jax.tree.leaves(_map(lambda bound, x: bound.contains(x), bounds, parameters))
    for (path, value), ok in zip(values, inside, strict=True):
        if is_concrete(ok) and not bool(jnp.all(ok)):
            outside.append(f"{name}{jax.tree_util.keystr(path)} = {value}")
    if outside:
        raise ValueError(
            f"`{name}` must lie strictly inside its bounds, but {'; '.join(outside)} does not; "
            "move it inside or widen the bound."
        )
    return _map(lambda bound, x: bound.to_free(x), bounds, parameters)


def _real_leaves(name: str, tree: PyTree) -> PyTree:
    """A tree of numbers, at least one, as one of real arrays."""
    if not jax.tree.leaves(tree):
        raise ValueError(f"`{name}` must hold at least one number, got {described(tree)}.")
    return jax.tree.map(lambda x: as_real(name, x), tree)


def _check_bounds(bounds: PyTree, tree: PyTree) -> None:
    """Raise unless bounds are a tree prefix of a tree."""
    for bound in jax.tree.leaves(bounds, is_leaf=_is_bound):
        check_instance(
            "bounds", bound, AbstractBound | None, "`Bounded`, `Positive`, `FixedSum`, "
            "`Unbounded` or None, or a tree of them",
        )  # fmt: skip
    try:
        jax.tree.map(lambda *_: None, bounds, tree, is_leaf=_is_bound)
    except ValueError as error:
        raise ValueError(
            "`bounds` must be one bound, or a tree of them that starts as that of the parameters, "
            f"got {described(bounds)} for {jax.tree.structure(tree)}."
        ) from error


def _is_bound(node: Any) -> bool:
    return isinstance(node, AbstractBound) or node is None


def _map(function: Any, bounds: PyTree, tree: PyTree) -> PyTree:
    _check_bounds(bounds, tree)

    def apply(bound: Any, branch: PyTree) -> PyTree:
        bound = Unbounded() if bound is None else bound
        return jax.tree.map(lambda x: function(bound, x), branch)

    return jax.tree.map(apply, bounds, tree, is_leaf=_is_bound)
