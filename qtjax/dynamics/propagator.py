"""The affine map of a stroke: what it does to every state at once, with its heats and its work."""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Inexact

from .._types import Operator, Real, RealLike
from ..algebra.operators import commutator, dag, product
from ..algebra.superoperators import pack, real_superoperator, sandwich, unpack
from .exponentials import (
    compose,
    expm1,
    magnus_combination,
    magnus_exponent,
    magnus_nodes,
    taylor_expm1,
)
from .generators import AbstractGenerator, ConstantGenerator, build_generator
from .hamiltonians import hamiltonian_jump, hamiltonian_rate
from .open_system import OpenSystem

Matrix = Float[Array, "m n"]


class Propagator(NamedTuple):
    """F with y(end) = y(start) + F x(start) for y = (x, heats, work), and an estimate of its error.

    Args:
        increment: F, (m, n) with n = d*d and m = n + baths + 1.
        error: estimated max|dF| of the driven part; 0 where the generator is constant.
    """

    increment: Matrix
    error: Real

    def apply(self, rho: Operator) -> tuple[Operator, Float[Array, " baths"], Real]:
        """The final state, the heat from each bath and the work, from the initial state."""
        x = pack(rho)
        books = self.increment @ x
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
    total = propagators[0].increment[:n]
    for stroke in propagators[1:]:
        total = compose(stroke.increment[:n], total)
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
    steps, all exponentials at once, with step edges on the breakpoints of the schedules; without
    baths they are taken in Hilbert space. The error is estimated from the same map with half as
    many steps.

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
    pieces = edges.shape[0] - 1
    per_piece = max(2, 2 * round(steps / (2 * pieces)))
    jumps = None
    if system.energy_hamiltonian.jumps().shape[0]:
        jumps = jax.vmap(partial(hamiltonian_jump, system.energy_hamiltonian))(edges[1:])
        # pieces of no length (where two schedules break together) have none: each counts once
        jumps = jnp.where((edges[1:] > edges[:-1])[:, None, None], jumps, 0.0)

    def increment(parts: int) -> Matrix:
        t = subdivide(edges, parts)
        if not system.baths:
            return _unitary_increment(system, duration, t, jumps)
        return _increment(generator, t, jumps)

    fine, coarse = increment(per_piece), jax.lax.stop_gradient(increment(per_piece // 2))
    error = jnp.max(jnp.abs(jax.lax.stop_gradient(fine) - coarse)) / 63.0
    return Propagator(fine, error)


def _increment(
    generator: AbstractGenerator, t: Float[Array, " edges"],
    jumps: Complex[Array, "pieces d d"] | None,
) -> Matrix:  # fmt: skip
    """F of the steps between t, with the work of a jump of H after every piece.

    Steps are meant to be short; what the Taylor polynomial misses in a long one shows in the error
    estimate of `propagator`, where it is larger still in the map with half as many steps.
    """

    def step(t0: Array, t1: Array) -> Matrix:
        return taylor_expm1(magnus_exponent(generator, t0, t1))

    steps = jax.vmap(step)(t[:-1], t[1:])
    if jumps is not None:
        works = jax.vmap(pack)(jumps)
        empty = jnp.zeros((works.shape[0], *steps.shape[1:]), steps.dtype)
        steps = _insert(steps, empty.at[:, -1].set(works))
    return _product(steps)


def _unitary_increment(
    system: OpenSystem, duration: RealLike, t: Float[Array, " edges"],
    jumps: Complex[Array, "pieces d d"] | None,
) -> Matrix:  # fmt: skip
    """The same without baths, by way of U.

    The work is tr(rho W) with W = int U^+ B U, B = dE/ds + i duration [H, E] for the energy E. Its
    integral is a derivative of U: dU = -i U W if -i B is added to the generator.
    """
    h, energy = system.hamiltonian, system.energy_hamiltonian
    duration = jnp.asarray(duration, t.dtype)

    def power(s: Array) -> Operator:
        rate = hamiltonian_rate(energy, s)
        if system.energy is None:
            return rate
        return rate + 1j * duration * commutator(h(s), energy(s))

    def unitary(nodes: Array, jumps: Array | None) -> Operator:
        exponents = jax.vmap(lambda a: magnus_combination(a, _anti_hermitian_commutator))(nodes)
        steps = jax.vmap(taylor_expm1)(exponents)
        return _product(steps if jumps is None else _insert(steps, jumps))

    nodes = jax.vmap(magnus_nodes)(t[:-1], t[1:])
    widths = jnp.diff(t)[:, None, None, None]
    generators = -1j * duration * widths * jax.vmap(jax.vmap(h))(nodes)
    powers = -1j * widths * jax.vmap(jax.vmap(power))(nodes)
    still = None if jumps is None else jnp.zeros_like(jumps)
    moved = None if jumps is None else -1j * jumps
    f, along = jax.jvp(unitary, (generators, still), (powers, moved))
    one = jnp.eye(f.shape[0], dtype=f.dtype)
    state = real_superoperator(sandwich(f, dag(f)) + sandwich(f, one) + sandwich(one, dag(f)))
    work = pack(1j * (along + product(dag(f), along)))
    return jnp.concatenate([state, work[None]])


def _anti_hermitian_commutator(a: Operator, b: Operator) -> Operator:
    """[A, B] for A^+ = -A and B^+ = -B, by one product."""
    ab = product(a, b)
    return ab - dag(ab)


def _insert(
    steps: Inexact[Array, "steps m n"], jumps: Inexact[Array, "pieces m n"]
) -> Inexact[Array, "more m n"]:
    """The steps with a jump after every piece."""
    _, m, n = steps.shape
    pieces = steps.reshape(jumps.shape[0], -1, m, n)
    return jnp.concatenate([pieces, jumps[:, None]], axis=1).reshape(-1, m, n)


def stroke_edges(system: OpenSystem) -> Float[Array, " edges"]:
    """0, the breakpoints of the system inside [0, 1], and 1, in order."""
    breaks = jnp.clip(system.breakpoints(), 0.0, 1.0)
    return jnp.concatenate([jnp.zeros(1), breaks, jnp.ones(1)])


def subdivide(edges: Float[Array, " edges"], parts: int) -> Float[Array, " fine"]:
    """The edges with every piece cut into equal parts."""
    inner = edges[:-1, None] + np.arange(parts) / parts * jnp.diff(edges)[:, None]
    return jnp.concatenate([inner.reshape(-1), edges[-1:]])


def _product(increments: Inexact[Array, "steps m n"]) -> Inexact[Array, "m n"]:
    """The ordered product of 1 + F_k, minus 1: rows of about sqrt(steps) side by side, then theirs.

    What is small is composed first, which rounds less, and the loops are short.
    """

    def follow(total: Array, step: Array) -> tuple[Array, None]:
        return jax.vmap(compose)(step, total), None

    steps, m, n = increments.shape
    length = math.isqrt(steps - 1) + 1
    padded = jnp.pad(increments, ((0, -steps % length), (0, 0), (0, 0)))
    columns = padded.reshape(-1, length, m, n).swapaxes(0, 1)
    rows = jax.lax.scan(follow, columns[0], columns[1:])[0]
    return jax.lax.scan(follow, rows[:1], rows[1:, None])[0][0]
