"""The affine map of a stroke: what it does to every state at once, with its heats and its work."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._types import Operator, Real, RealLike
from ..algebra.superoperators import pack, unpack
from .exponentials import compose, expm1, magnus_exponent, taylor_expm1
from .generators import AbstractGenerator, ConstantGenerator, build_generator
from .hamiltonians import hamiltonian_jump
from .open_system import OpenSystem

Matrix = Float[Array, "m m"]


class Propagator(NamedTuple):
    """P - 1 for y = (state, heats, work), y(end) = P y(start), and an estimate of its error.

    Args:
        increment: P - 1, (m, m).
        error: estimated max|dP| of the driven part; 0 where the generator is constant.
    """

    increment: Matrix
    error: Real

    def apply(self, rho: Operator) -> tuple[Operator, Float[Array, " baths"], Real]:
        """The final state, the heat from each bath and the work, from the initial state."""
        x = pack(rho)
        books = self.increment[:, : x.shape[0]] @ x
        n = x.shape[0]
        return unpack(x + books[:n]), books[n:-1], books[-1]


class FixedPoint(NamedTuple):
    """The fixed point of a product of propagators.

    Args:
        state: rho with M(rho) = rho and trace 1, (d, d).
        gap: smallest singular value of the bordered system; 0 where the fixed point is not unique.
        map_increment: M - 1 on packed states, (d*d, d*d).
    """

    state: Operator
    gap: Real
    map_increment: Matrix


def fixed_point(propagators: Sequence[Propagator], d: int) -> FixedPoint:
    """The state that a sequence of strokes leaves as it was, by one linear solve.

    (1 - M) v = 0 with tr v = 1 becomes (u tr - (M - 1)) v = u with u = 1/d: nonsingular exactly if
    the fixed point is unique, and differentiated implicitly by the solve's own rule.

    Args:
        propagators: of the strokes, in order.
        d: dimension of the Hilbert space.

    Returns:
        `FixedPoint`.
    """
    n = d * d
    total = propagators[0].increment[:n, :n]
    for stroke in propagators[1:]:
        total = compose(stroke.increment[:n, :n], total)
    identity = pack(jnp.eye(d))
    bordered = jnp.outer(identity / d, identity) - total
    gap = jnp.linalg.svd(jax.lax.stop_gradient(bordered), compute_uv=False)[-1]
    return FixedPoint(unpack(jnp.linalg.solve(bordered, identity / d)), gap, total)


def contraction(fixed: FixedPoint) -> Real:
    """The largest modulus of an eigenvalue of the one-cycle map on traceless operators.

    Args:
        fixed: a fixed point.

    Returns:
        The factor by which a deviation from the limit cycle shrinks per cycle; 1 if it does not.
    """
    n = fixed.map_increment.shape[0]
    d = fixed.state.shape[0]
    traceless = jnp.eye(n) - jnp.outer(pack(jnp.eye(d)) / d, pack(jnp.eye(d)))
    return jnp.max(jnp.abs(jnp.linalg.eigvals(traceless @ fixed.map_increment + traceless)))


def propagator(system: OpenSystem, duration: RealLike, steps: int) -> Propagator:
    """The propagator of one stroke.

    Exact (one exponential) where nothing moves, whatever the duration. Otherwise sixth-order Magnus
    steps, all exponentials at once, with step edges on the breakpoints of the schedules; the error
    is estimated from the same map with half as many steps.

    Args:
        system: an open system driven in scaled time s in [0, 1].
        duration: length of the stroke, >= 0.
        steps: Magnus steps in all (at least two per piece between breakpoints), static.

    Returns:
        `Propagator`.
    """
    generator = build_generator(system, duration)
    if isinstance(generator, ConstantGenerator):
        return Propagator(expm1(generator.matrix), jnp.zeros((), generator.matrix.dtype))
    edges = stroke_edges(system)
    per_piece = max(2, 2 * round(steps / (2 * (edges.shape[0] - 1))))
    t = subdivide(edges, per_piece)
    starts, ends = jnp.concatenate([t[:-1], t[:-2:2]]), jnp.concatenate([t[1:], t[2::2]])
    increments = magnus_steps(generator, starts, ends)
    coarse = jax.lax.stop_gradient(increments[t.shape[0] - 1 :])
    fine = increments[: t.shape[0] - 1]
    if system.energy_hamiltonian.jumps().shape[0]:
        inside = edges[1:] > edges[:-1]
        jumps = jax.vmap(lambda s, there: _jump(system, s, there, fine.shape[-1]))(
            edges[1:], inside
        )
        fine, coarse = (_insert(part, jumps) for part in (fine, coarse))
    fine, coarse = _product(fine), _product(coarse)
    error = jnp.max(jnp.abs(jax.lax.stop_gradient(fine) - coarse)) / 63.0
    return Propagator(fine, error)


def _jump(system: OpenSystem, s: Real, there: Array, m: int) -> Matrix:
    """The increment of a jump of H at the end of a piece: the work tr(rho (H(s) - H(s - 0))).

    Pieces of no length (where two schedules break together) have none, so each jump counts once.
    """
    work = pack(hamiltonian_jump(system.energy_hamiltonian, s))
    row = jnp.where(there, work, 0.0)
    return jnp.zeros((m, m), row.dtype).at[-1, : row.shape[0]].set(row)


def _insert(
    steps: Float[Array, "steps m m"], jumps: Float[Array, "pieces m m"]
) -> Float[Array, "more m m"]:
    """The steps with a jump after every piece."""
    m = steps.shape[-1]
    pieces = steps.reshape(jumps.shape[0], -1, m, m)
    return jnp.concatenate([pieces, jumps[:, None]], axis=1).reshape(-1, m, m)


def stroke_edges(system: OpenSystem) -> Float[Array, " edges"]:
    """0, the breakpoints of the system inside [0, 1], and 1, in order."""
    breaks = jnp.clip(system.breakpoints(), 0.0, 1.0)
    return jnp.concatenate([jnp.zeros(1), breaks, jnp.ones(1)])


def subdivide(edges: Float[Array, " edges"], parts: int) -> Float[Array, " fine"]:
    """The edges with every piece cut into equal parts."""
    inner = edges[:-1, None] + np.arange(parts) / parts * jnp.diff(edges)[:, None]
    return jnp.concatenate([inner.reshape(-1), edges[-1:]])


def magnus_steps(
    generator: AbstractGenerator, starts: Float[Array, " steps"], ends: Float[Array, " steps"]
) -> Float[Array, "steps m m"]:
    """The increments exp(Omega) - 1 of steps from `starts` to `ends`, all at once, (steps, m, m).

    Steps are meant to be short; what the Taylor polynomial misses in a long one shows in the error
    estimate of `propagator`, where it is larger still in the map with half as many steps.
    """

    def step(t0: Array, t1: Array) -> Matrix:
        return taylor_expm1(magnus_exponent(generator, t0, t1))

    return jax.vmap(step)(starts, ends)


def _product(increments: Float[Array, "steps m m"]) -> Matrix:
    """The ordered product of 1 + F_k, minus 1, as a balanced tree."""
    while increments.shape[0] > 1:
        if increments.shape[0] % 2:
            increments = jnp.pad(increments, ((0, 1), (0, 0), (0, 0)))
        increments = jax.vmap(compose)(increments[1::2], increments[::2])
    return increments[0]
