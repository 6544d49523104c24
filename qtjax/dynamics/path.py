"""States inside a stroke, at any time, without interpolation."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from .._types import Operator, Real, RealLike
from ..algebra.superoperators import pack, unpack
from .exponentials import expm1, exponential_action, magnus_exponent
from .generators import AbstractGenerator, build_generator
from .open_system import OpenSystem
from .propagator import stroke_edges, subdivide


class StrokePath(NamedTuple):
    """A trajectory through one stroke.

    Args:
        generator: of the stroke in scaled time.
        grid: scaled times from 0 to 1, (points,).
        vectors: packed states there, (points, d*d).
    """

    generator: AbstractGenerator
    grid: Float[Array, " points"]
    vectors: Float[Array, "points n"]

    @property
    def states(self) -> Complex[Array, "points d d"]:
        """The states on the grid, (points, d, d)."""
        return jax.vmap(unpack)(self.vectors)

    def at(self, s: RealLike) -> Operator:
        """The state at scaled time s: one short step from the last grid point before it, (d, d).

        nan where the grid is so coarse that the step is not short; take more points then.
        """
        i = jnp.clip(jnp.searchsorted(self.grid, s, side="right") - 1, 0, self.grid.shape[0] - 2)
        n = self.vectors.shape[1]
        exponent = magnus_exponent(self.generator, self.grid[i], s)[:n]
        return unpack(exponential_action(exponent, self.vectors[i]))

    def flow(self, s: RealLike, rho: Operator) -> tuple[Operator, Real]:
        """d rho/ds and dQ/ds (all baths) at scaled time s in state rho."""
        x = pack(rho)
        n = x.shape[0]
        y_dot = self.generator(s) @ x
        return unpack(y_dot[:n]), jnp.sum(y_dot[n:-1])


def stroke_path(system: OpenSystem, duration: RealLike, rho0: Operator, points: int) -> StrokePath:
    """The trajectory from rho0 through one stroke of a system driven in scaled time.

    Exact where the generator is constant; elsewhere one sixth-order Magnus step per interval.

    Args:
        system: an open system driven in scaled time s in [0, 1].
        duration: length of the stroke, >= 0.
        rho0: state at its start, (d, d).
        points: intervals in all, rounded to a multiple of eight per piece, static.

    Returns:
        `StrokePath`.
    """
    generator = build_generator(system, duration)
    edges = stroke_edges(system)
    grid = subdivide(edges, 8 * max(1, round(points / (8 * (edges.shape[0] - 1)))))
    x0 = pack(rho0)
    n = x0.shape[0]

    increments = jax.vmap(lambda a, b: expm1(magnus_exponent(generator, a, b)))(grid[:-1], grid[1:])

    def advance(x: Array, increment: Array) -> tuple[Array, Array]:
        x = x + increment[:n] @ x
        return x, x

    _, xs = jax.lax.scan(advance, x0, increments)
    return StrokePath(generator, grid, jnp.concatenate([x0[None], xs]))
