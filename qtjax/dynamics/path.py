"""States inside a stroke, at any time, without interpolation."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from .._checks import check_size
from .._precise import matmul
from .._types import Operator, Real, RealLike
from ..algebra.hermitian_basis import from_components, to_components
from ..numerics.collocation import collocation_increment, forgotten, graded
from ..numerics.equation import DenseEquation
from ..numerics.exponentials import (
    compose,
    expm1,
    exponential_action,
    ordered_product,
)
from ..numerics.magnus import magnus_exponent, magnus_nodes, within_pieces
from .equation_of_motion import equation_of_motion
from .open_system import OpenSystem
from .propagator import stroke_edges, subdivide


class InScaledTime(eqx.Module):
    """G(s) of a stroke driven in scaled time."""

    equation: DenseEquation
    duration: RealLike

    @eqx.filter_jit
    def __call__(self, s: RealLike) -> Float[Array, "m n"]:
        return self.equation(s, self.duration)


class StrokePath(NamedTuple):
    """A trajectory through one stroke.

    Args:
        generator: of the stroke in scaled time.
        grid: scaled times from 0 to 1, (points,).
        vectors: components there, (points, d*d).
        missed: what implicit steps may have forgotten of a rotation in an interval.
    """

    generator: Callable[[Any], Any]
    grid: Float[Array, " points"]
    vectors: Float[Array, "points n"]
    missed: Real

    @property
    def states(self) -> Complex[Array, "points d d"]:
        """The states on the grid, (points, d, d)."""
        return jax.vmap(from_components)(self.vectors)

    def at(self, s: RealLike) -> Operator:
        """The state at scaled time s: one short step from the last grid point before it, (d, d).

        nan where the grid is so coarse that the step is not short against a lifetime; take more
        points then.
        """
        i = jnp.clip(jnp.searchsorted(self.grid, s, side="right") - 1, 0, self.grid.shape[0] - 2)
        n = self.vectors.shape[1]
        exponent = magnus_exponent(self.generator, self.grid[i], s)[:n]
        return from_components(exponential_action(exponent, self.vectors[i]))

    def flow(self, s: RealLike, rho: Operator) -> tuple[Operator, Real]:
        """d rho/ds and dQ/ds (all baths) at scaled time s in state rho."""
        x = to_components(rho)
        n = x.shape[0]
        y_dot = matmul(self.generator(s), x)
        return from_components(y_dot[:n]), jnp.sum(y_dot[n:-1])


def stroke_path(
    system: OpenSystem, duration: RealLike, rho0: Operator, points: int, name: str = "panels",
    implicit: bool = False,
) -> StrokePath:  # fmt: skip
    """The trajectory from rho0 through one stroke of a system driven in scaled time.

    Exact where the generator is constant; elsewhere one sixth-order Magnus step per interval.

    Args:
        system: an open system driven in scaled time s in [0, 1].
        duration: length of the stroke, >= 0.
        rho0: state at its start, (d, d).
        points: intervals in all, rounded to a multiple of eight per piece, static.
        name: of the argument that they follow from.
        implicit: take steps by collocation in every interval that they follow better, static.

    Returns:
        `StrokePath`.

    Raises:
        ValueError: more intervals than fit into memory.
    """
    generator = InScaledTime(equation_of_motion(system).dense(), duration)
    edges = stroke_edges(system)
    d = jnp.shape(rho0)[0]
    check_size(name, max(1, points), d, d, d, d)
    grid = subdivide(edges, 8 * max(1, round(points / (8 * (edges.shape[0] - 1)))))
    x0 = to_components(rho0)
    n = x0.shape[0]

    def states(s: RealLike) -> Array:
        return generator(s)[:n]

    def magnus(a: RealLike, b: RealLike, nodes: Array | None = None) -> Array:
        return expm1(magnus_exponent(states, a, b, nodes))

    def short(x: Array, increment: Array) -> tuple[Array, Array]:
        x = x + matmul(increment, x)
        return x, x

    def long(x: Array, ends: Array) -> tuple[Array, tuple[Array, Array]]:
        fine, coarse = (matmul(_in_steps(magnus, subdivide(ends, k)), x) for k in (2, 1))
        apart, best = jnp.max(jnp.abs(fine - coarse)), fine
        t = _graded(ends, 16, size)
        fine, coarse = (matmul(_in_steps(collocation, s), x) for s in (t, _graded(ends, 8, size)))
        better = ~(apart <= jnp.max(jnp.abs(fine - coarse)))  # nan where an exponent overflows
        missed = jnp.max(jnp.abs(matmul(forgotten(states, ends, t), x)))
        x = x + jnp.where(better, fine, best)
        return x, (x, jnp.where(better, missed, 0.0))

    if implicit:
        collocation = partial(collocation_increment, states)
        sizes = jax.lax.stop_gradient(jax.vmap(states)(magnus_nodes(0.0, 1.0)))
        size = jnp.max(jnp.sum(jnp.abs(sizes), axis=1))
        intervals = jnp.stack([grid[:-1], grid[1:]], axis=1)
        _, (xs, missed) = jax.lax.scan(long, x0, intervals)
    else:
        nodes = within_pieces(magnus_nodes, grid, edges)
        _, xs = jax.lax.scan(short, x0, jax.vmap(magnus)(grid[:-1], grid[1:], nodes))
        missed = jnp.zeros(())
    vectors = jnp.concatenate([x0[None], xs])
    return StrokePath(generator, grid, vectors, jax.lax.stop_gradient(jnp.max(missed)))


def _in_steps(step: Callable[[Any, Any], Array], edges: Float[Array, " edges"]) -> Array:
    """F of successive steps."""
    return ordered_product(jax.vmap(step)(edges[:-1], edges[1:]), jax.vmap(compose))


def _graded(ends: Float[Array, "2"], parts: int, size: Real) -> Float[Array, " edges"]:
    """An interval in parts that lie closer together at its start."""
    return jnp.append(graded(ends, parts, size)[0], ends[1])
