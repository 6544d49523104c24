"""The affine map of a stroke: what it does to every state at once, with its heats and its work."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Inexact

from .._checked import checked
from .._checks import check_finite, check_hermitian, check_instance, check_size, traced
from .._precise import matmul
from .._types import Operator, Real, RealLike
from ..algebra.hermitian_basis import from_components, real_map, to_components
from ..algebra.operators import dag, product
from ..algebra.superoperators import sandwich
from ..numerics.collocation import (
    collocation_increment,
    collocation_nodes,
    convergence,
    forgotten,
    graded,
    inside,
)
from ..numerics.equation import Balance, LinearEquation
from ..numerics.exponentials import (
    compose,
    expm1_with_doubt,
    nearest_unitary,
    ordered_product,
    taylor_expm1,
    times,
    unitary_expm1,
)
from ..numerics.magnus import (
    magnus_combination,
    magnus_exponent,
    magnus_nodes,
    node_differences,
    within_pieces,
)
from ..numerics.magnus_rows import magnus_product
from ..numerics.null_vector import null_vector
from ..numerics.resolution import Seen, block_length, look, resolved_edges
from ..numerics.rotations import (
    components,
    compose_rotations,
    pauli_vector,
    rotation_expm1,
    rotation_increment,
    spin_commutator,
)
from ..numerics.small_matrices import MOST_COMPONENTS
from .equation_of_motion import energy_per_particle, equation_of_motion
from .hamiltonians import AbstractHamiltonian, hamiltonian_jump
from .open_system import OpenSystem, energy_unit, most_defect

RESOLUTION = 4096  # samples of a stroke of which something is only known as a function of time

Matrix = Float[Array, "m n"]
Steps = Inexact[Array, "steps ..."]


class Propagator(NamedTuple):
    """F with y(end) = y(start) + F x(start) for y = (x, books), and an estimate of its error.

    Args:
        increment: F, (m, n) with n = d*d and m - n books, as `equation_of_motion` orders them.
        doubt: estimated dF, in the same units, not differentiated.
        rounding: what rounding may have added to any component of y in its unit.
        unit: the energy in which the books are counted.
        resolved: whether no feature of a function of time is finer than the steps.
        hermitian: whether H is, at all times at which it was looked at.
        quantum: the energy that is booked for a particle.
        rounded: what rounding may have done to each entry of the generator along the stroke, books
            in their unit, (m, n); where `None`, `rounding` of each entry of F.

    Examples:
        >>> system = qt.OpenSystem(jnp.pi / 2 * qt.sigmax())
        >>> pulse = qt.dynamics.propagator(system, 1.0, 2)
        >>> bool(pulse.error < 1e-12)
        True
    """

    increment: Matrix
    doubt: Matrix
    rounding: Real
    unit: Real
    resolved: Array
    hermitian: Array
    quantum: RealLike = 1.0
    rounded: Matrix | None = None

    @property
    def error(self) -> Real:
        """Estimated max|dF|, of the books in their unit; inf where the steps are too coarse."""
        n = self.doubt.shape[1]
        state, books = jnp.abs(self.doubt[:n]), jnp.abs(self.doubt[n:]) / self.unit
        largest = jnp.maximum(jnp.max(state), jnp.max(books)) + self.rounding
        return jnp.where(self.resolved, largest, jnp.inf)

    def apply(self, rho: Operator) -> tuple[Operator, Float[Array, " books"]]:
        """The final state and the books, in the order of the equation, from the initial state."""
        x, books = self.follow(to_components(rho))
        return from_components(x), books

    def follow(self, x: Float[Array, " n"]) -> tuple[Float[Array, " n"], Float[Array, " books"]]:
        """The same of the components of a state."""
        added = times(self.increment, x)
        return x + added[: x.shape[0]], added[x.shape[0] :]


class FixedPoint(NamedTuple):
    """The fixed point of a product of propagators.

    Args:
        state: rho with M(rho) = rho and trace 1, (d, d).
        gap: 1 over the condition number of the fixed point; 0 where it is not unique.
        map_increment: M - 1 on components, (d*d, d*d).
    """

    state: Operator
    gap: Real
    map_increment: Matrix


def fixed_point(propagators: Sequence[Propagator], d: int, solver: Any) -> FixedPoint:
    """The state that a sequence of strokes leaves as it was: the null vector of M - 1.

    Args:
        propagators: of the strokes, in order.
        d: dimension of the Hilbert space.
        solver: a Lineax solver; elimination if `None`.

    Returns:
        `FixedPoint`.
    """
    n = d * d
    total = propagators[0].increment[:n]
    for stroke in propagators[1:]:
        total = compose(stroke.increment[:n], total)
    found = null_vector(total, to_components(np.eye(d), np), solver=solver)
    return FixedPoint(from_components(found.solution), found.gap, total)


def contraction(fixed: FixedPoint) -> Real:
    """The largest modulus of an eigenvalue of the one-cycle map on traceless operators.

    Args:
        fixed: a fixed point.

    Returns:
        The factor by which a deviation from the limit cycle shrinks per cycle; 1 if it does not.
    """
    n = fixed.map_increment.shape[0]
    d = fixed.state.shape[0]
    traceless = jnp.eye(n) - jnp.outer(to_components(jnp.eye(d)) / d, to_components(jnp.eye(d)))
    return jnp.max(jnp.abs(jnp.linalg.eigvals(matmul(traceless, fixed.map_increment) + traceless)))


@checked
def propagator(
    system: OpenSystem,
    duration: RealLike,
    steps: int,
    *,
    tolerance: RealLike = 1e-9,
    resolution: int = RESOLUTION,
    implicit: bool = False,
    equation: LinearEquation | None = None,
) -> Propagator:
    """The propagator of one stroke.

    Exact (one exponential) where nothing moves, whatever the duration. Otherwise sixth-order Magnus
    steps, all exponentials at once, with step edges on the breakpoints of the schedules and on the
    jumps that were found. Without baths they are taken in Hilbert space, a qubit's as rotations,
    and the work is what the energy gains. Magnus steps are short against a lifetime; implicit ones
    need not be. The error is estimated from the same map with half as many steps.

    Args:
        system: an open system driven in scaled time s in [0, 1].
        duration: length of the stroke, >= 0.
        steps: Magnus steps in all (at least two per piece between breakpoints), static.
        tolerance: of the error, to which functions of time must be resolved.
        resolution: samples of the stroke at which they are looked at, static; see `evolve`.
        implicit: with baths twice as many steps by collocation (Radau IIA), half of them closer
            together after every breakpoint, static.
        equation: `stroke_equation(system)` where it was made before: outside a trace more is known.

    Returns:
        `Propagator`.

    Examples:
        >>> system = qt.OpenSystem(jnp.pi / 2 * qt.sigmax())
        >>> rho, books = qt.dynamics.propagator(system, 1.0, 2).apply(qt.pure_state([0, 1]))
        >>> rho.diagonal().real
        [1.0, 0.0]
    """
    wanted = "a `LinearEquation`, that of the system, or None"
    check_instance("equation", equation, LinearEquation | None, wanted)
    unit, quantum = energy_unit(system, jnp.linspace(0.0, 1.0, 5)), _quantum(system)
    equation = equation_of_motion(system, quantum) if equation is None else equation
    found = _in_units(equation, unit, duration, tolerance, steps, resolution, implicit, system)
    found = found._replace(quantum=jnp.asarray(quantum, unit.dtype))
    n = equation.size

    def with_units(matrix: Matrix) -> Matrix:
        return jnp.concatenate([matrix[:n], matrix[n:] * unit])

    return found._replace(increment=with_units(found.increment), doubt=with_units(found.doubt))


def stroke_equation(system: OpenSystem) -> LinearEquation:
    """The equation of motion of a system that is driven in scaled time."""
    return equation_of_motion(system, _quantum(system))


def _quantum(system: OpenSystem) -> RealLike:
    """The energy to book for a particle in a stroke."""
    return energy_per_particle(system, jnp.array([0.0, 1.0]))


@checked
def linear_propagator(
    action: Callable[[Operator], tuple[Operator, Float[Array, " baths"], Real]],
    hamiltonian: Operator,
    *,
    unit: Real | None = None,
    rounding: RealLike = 0.0,
) -> Propagator:
    """The propagator of a map that is known in closed form.

    Args:
        action: rho -> (rho' - rho, heats (baths,), work), linear in rho; also called with Hermitian
            operators that are no states.
        hamiltonian: of the energy, (d, d).
        unit: the energy in which errors of the books count; max|H| by default.
        rounding: what the action may be off by, in any component.

    Returns:
        `Propagator`; what the action does to the trace counts as its error.
    """
    check_hermitian("hamiltonian", hamiltonian)
    if unit is not None:
        check_finite("unit", unit)

    def parts(found: Any) -> tuple[Any, Any, Any]:
        change, heats, work = found
        return change, heats, work

    traced("action", action, parts, hamiltonian)
    n = hamiltonian.shape[0] ** 2

    def column(x: Array) -> Array:
        change, heats, work = action(from_components(x))
        return jnp.concatenate([to_components(change), heats, jnp.reshape(work, 1)])

    increment = jax.vmap(column)(jnp.eye(n, dtype=hamiltonian.real.dtype)).T
    size = jax.lax.stop_gradient(jnp.max(jnp.abs(hamiltonian)) if unit is None else unit)
    size = jnp.where((size > 0.0) & jnp.isfinite(size), size, 1.0)
    trace = to_components(jnp.eye(hamiltonian.shape[0], dtype=hamiltonian.dtype))
    drift = jnp.max(jnp.abs(matmul(trace, jax.lax.stop_gradient(increment[:n]))))
    few = 4.0 * jnp.finfo(size.dtype).eps  # of short sums; a third was not enough
    off, yes = jnp.asarray(rounding + drift + few), jnp.asarray(True)
    return Propagator(increment, jnp.zeros_like(increment), off, size, yes, yes)


def _in_units(
    equation: LinearEquation, unit: Real, duration: RealLike, tolerance: RealLike, steps: int,
    resolution: int, implicit: bool, system: OpenSystem,
) -> Propagator:  # fmt: skip
    """The propagator with books in a unit of energy."""
    dense, n = equation.dense(), equation.size

    def generator(s: RealLike) -> Matrix:
        matrix = dense(s, duration)
        return jnp.concatenate([matrix[:n], matrix[n:] / unit])

    yes = jnp.asarray(True)
    if equation.constant:
        matrix, balances = generator(0.0), equation.balances_in(unit)
        found = expm1_with_doubt(matrix, tolerance, equation.moving_rows, balances)
        rounded = rounding_of(matrix[None], balances)
        return Propagator(*found, unit, yes, yes, rounded=rounded)
    edges, seen = stroke_edges(system), None
    check_size("steps", steps, *2 * ((n,) if system.baths else (system.dimension,)))
    if equation.watched is not None:
        longest = jnp.maximum(jnp.asarray(duration, unit.dtype), 1.0 / unit)
        seen = look(equation.watched, edges, tolerance / longest, resolution)
    per_piece = max(2, 2 * round(steps / (2 * (edges.shape[0] - 1))))
    if seen is not None and _sampled(seen):  # more jumps than steps are not resolved
        jumps_seen = jnp.clip(seen.jumps[:per_piece], 0.0, 1.0)
        edges = jnp.sort(jnp.concatenate([edges, jumps_seen]))
    given = system, duration, unit, seen, edges, per_piece
    found = _in_contact(*given, equation, generator, implicit) if system.baths else _turned(*given)
    hermitian = yes if seen is None else seen.defect <= most_defect()
    return found._replace(hermitian=hermitian)


def _in_contact(
    system: OpenSystem, duration: RealLike, unit: Real, seen: Seen | None,
    edges: Float[Array, " edges"], per_piece: int, equation: LinearEquation,
    generator: Callable[[Any], Matrix], implicit: bool,
) -> Propagator:  # fmt: skip
    """The same of a driven stroke with baths."""
    nodes = jax.lax.stop_gradient(jax.vmap(generator)(magnus_nodes(0.0, 1.0)))
    size = jnp.max(jnp.sum(jnp.abs(nodes), axis=1))

    def increment_of(parts: int) -> tuple[Matrix, Array]:
        t = _times(seen, edges, parts)
        if implicit:
            t = jnp.sort(jnp.concatenate([t, graded(edges, parts, size).ravel()]))
        jumps = _jumps_of_energy(system, t if _sampled(seen) else edges, _sampled(seen))
        if implicit:
            nodes = within_pieces(collocation_nodes, t, edges)
            steps = jax.vmap(partial(collocation_increment, generator))(t[:-1], t[1:], nodes)
            return _composed(steps, jumps, unit), t
        nodes = within_pieces(magnus_nodes, t, edges)
        return _increment(equation, generator, duration, unit, t, nodes, jumps), t

    (fine, t), (coarse, _) = increment_of(per_piece), increment_of(per_piece // 2)
    fixed, coarse = jax.lax.stop_gradient((fine, coarse))
    doubt = (fixed - coarse) / convergence(implicit)
    # Magnus steps of many lifetimes overflow
    overflown = jnp.isfinite(size) & ~jnp.all(jnp.isfinite(fixed + doubt))
    resolved, rounded = _resolved(seen, t) & ~overflown, rounding_of(nodes)
    if implicit:
        doubt = doubt + jax.lax.stop_gradient(forgotten(generator, edges, t, seen))
    rounding, yes = float(jnp.finfo(unit.dtype).eps) * size, jnp.asarray(True)
    return Propagator(fine, doubt, rounding, unit, resolved, yes, rounded=rounded)


def _turned(
    system: OpenSystem, duration: RealLike, unit: Real, seen: Seen | None,
    edges: Float[Array, " edges"], per_piece: int,
) -> Propagator:  # fmt: skip
    """The same of a driven stroke without baths."""
    t, halved = (_times(seen, edges, parts) for parts in (per_piece, per_piece // 2))
    eps, gain, yes = float(jnp.finfo(unit.dtype).eps), convergence(False), jnp.asarray(True)
    # phases are off by some eps of theirs: what that does to the state, coherences alone, is what a
    # longer stroke does
    longer = duration * (1.0 + 4.0 * eps * gain)
    fine, coarse = _unitary_increments(system, unit, [(duration, t), (longer, halved)], edges)
    fixed, coarse = jax.lax.stop_gradient((fine, coarse))
    # of as many products of unitaries: they add up like the steps of a random walk
    rounding = jnp.asarray(eps * math.sqrt(0.5 * (t.size - 1)), unit.dtype)
    books = (np.arange(fixed.shape[0]) >= fixed.shape[1])[:, None]
    rounded = jnp.where(books | (fixed == 0.0), 0.0, rounding)
    doubt, resolved = (fixed - coarse) / gain, _resolved(seen, t)
    return Propagator(fine, doubt, rounding, unit, resolved, yes, rounded=rounded)


def _sampled(seen: Seen | None) -> bool:
    """Whether functions of time were sampled, and may jump."""
    return seen is not None and seen.jumps.shape[0] > 0


def rounding_of(nodes: Float[Array, "nodes m n"], balances: Sequence[Balance] = ()) -> Matrix:
    """A rounding of the largest of each entry of a generator; none in books that a balance gives.

    Args:
        nodes: the generator at some times, (nodes, m, n).
        balances: that were used.
    """
    sizes = jnp.max(jnp.abs(jax.lax.stop_gradient(nodes)), axis=0)
    for _, books, holds in balances:
        if len(books) == 1:
            row = sizes.shape[1] + books[0]
            sizes = sizes.at[row].set(jnp.where(holds, 0.0, sizes[row]))
    return jnp.finfo(sizes.dtype).eps * sizes


def _times(seen: Seen | None, edges: Float[Array, " edges"], parts: int) -> Array:
    """Edges of steps: every piece in parts, or as short as what was seen of it wants them."""
    if seen is None or not _sampled(seen):
        return subdivide(edges, parts)
    most = 2 * parts * seen.bins.shape[0]
    return jnp.sort(jnp.concatenate([edges, resolved_edges(seen, edges, most)]))


def _jumps_of_energy(
    system: OpenSystem, edges: Float[Array, " edges"], unknown: bool
) -> Complex[Array, "pieces d d"] | None:
    """What H gains by a jump at the end of every piece; `None` where none is possible."""
    if not unknown and not system.energy_hamiltonian.jumps().shape[0]:
        return None
    jumps = jax.vmap(partial(hamiltonian_jump, system.energy_hamiltonian))(edges[1:])
    # pieces of no length (where two schedules break together) have none: each counts once
    return jnp.where((edges[1:] > edges[:-1])[:, None, None], jumps, 0.0)


def _resolved(seen: Seen | None, t: Float[Array, " edges"]) -> Array:
    """Whether no step is longer than what is known to be smooth around it."""
    if seen is None:
        return jnp.asarray(True)
    lengths = jax.vmap(partial(block_length, seen))(0.5 * (t[:-1] + t[1:]))
    return jnp.all(jnp.diff(t) <= 2.0 * lengths) & seen.finite


def _increment(
    equation: LinearEquation, generator: Callable[[Any], Matrix], duration: RealLike, unit: Real,
    t: Float[Array, " edges"], nodes: Float[Array, "steps 3"],
    jumps: Complex[Array, "pieces d d"] | None,
) -> Matrix:  # fmt: skip
    """F of the steps between t, with the work of a jump of H after every piece.

    Steps are meant to be short; what the Taylor polynomial misses in a long one shows in the error
    estimate of `propagator`, where it is larger still in the map with half as many steps.
    """
    if equation.size <= MOST_COMPONENTS:
        works = None if jumps is None else jax.vmap(to_components)(jumps) / unit
        return _increment_of_few(equation, duration, unit, t, nodes, works)

    def step(t0: Array, t1: Array, nodes: Array) -> Matrix:
        return taylor_expm1(magnus_exponent(generator, t0, t1, nodes))

    return _composed(jax.vmap(step)(t[:-1], t[1:], nodes), jumps, unit)


def _composed(
    steps: Float[Array, "steps m n"], jumps: Complex[Array, "pieces d d"] | None, unit: Real
) -> Matrix:
    """The product of steps, with the work of a jump of H after every piece."""
    if jumps is not None:
        empty = jnp.zeros((jumps.shape[0], *steps.shape[1:]), steps.dtype)
        steps = _insert(steps, empty.at[:, -1].set(jax.vmap(to_components)(jumps) / unit))
    return ordered_product(steps, jax.vmap(compose))


def _increment_of_few(
    equation: LinearEquation, duration: RealLike, unit: Real, t: Float[Array, " edges"],
    nodes: Float[Array, "steps 3"], works: Float[Array, "pieces n"] | None,
) -> Matrix:  # fmt: skip
    """The same for few components."""
    n, shape = equation.size, (equation.size + equation.books, equation.size)
    count = 2 * len(equation.degrees) + n * len(equation.moved)

    def signals(s: Array) -> list[Array]:
        units = [1.0, duration, 1.0 / unit, duration / unit]
        return [*equation.signals(s, duration), *(jnp.asarray(a, s.dtype) for a in units)]

    terms = [
        term._replace(signals=(*term.signals, count + term.per_time + 2 * (term.first >= n)))
        for term in equation.terms()
    ]
    widths = jnp.diff(t)
    if works is None:
        return magnus_product(signals, terms, shape, nodes, widths)
    # jumps as steps of no length, which add W: exp(W) - 1 = W, since W W = 0
    jumps = _insert(jnp.zeros((widths.size, n), works.dtype), works)
    last = nodes.reshape(len(works), -1, 3)[:, -1]
    nodes, widths = _insert(nodes, last), _insert(widths, jnp.zeros_like(works[:, 0]))
    return magnus_product(signals, terms, shape, nodes, widths, jumps)


def _unitary_increments(
    system: OpenSystem,
    unit: Real,
    strokes: Sequence[tuple[RealLike, Float[Array, " _"]]],
    edges: Float[Array, " edges"],
) -> list[Matrix]:
    """The same without baths, by way of U; the work is what the energy gains.

    Args:
        system: the system.
        unit: the unit of energy.
        strokes: durations and edges of steps.
        edges: of the pieces.
    """
    h, energy, steps = system.hamiltonian, system.energy_hamiltonian, []
    for duration, t in strokes:
        widths = jnp.asarray(duration, t.dtype) * jnp.diff(t)
        nodes = within_pieces(magnus_nodes, t, edges)
        steps.append((nodes, widths))
    states = _qubit_turns(h, steps) if system.dimension == 2 else [_turn(h, *s) for s in steps]
    before, after = (to_components(energy(s)) for s in (0.0, 1.0))
    works = [times(state.T, after) + (after - before) for state in states]
    return [jnp.concatenate([s, w[None] / unit]) for s, w in zip(states, works, strict=True)]


def _turn(
    h: AbstractHamiltonian, nodes: Float[Array, "steps 3"], widths: Float[Array, " steps"]
) -> Matrix:
    """rho -> U rho U^+ - rho of successive steps, on components."""
    generators = -1j * widths[:, None, None, None] * jax.vmap(jax.vmap(h))(nodes)
    differences = node_differences(jnp.moveaxis(generators, 1, 0))
    exponents = magnus_combination(differences, _anti_hermitian_commutator)
    f = nearest_unitary(ordered_product(unitary_expm1(exponents), jax.vmap(compose)))
    one = jnp.eye(f.shape[0], dtype=f.dtype)
    both = sandwich(f, dag(f)) + sandwich(f, one) + sandwich(one, dag(f))
    return real_map(both, f.shape[0])


def _qubit_turns(
    h: AbstractHamiltonian,
    steps: Sequence[tuple[Float[Array, "_ 3"], Float[Array, " _"]]],
) -> list[Matrix]:
    """The same of a qubit, by rotations; those of all strokes side by side."""
    nodes, widths = (jnp.concatenate(each) for each in zip(*steps, strict=True))
    fields = jax.vmap(jax.vmap(lambda s: pauli_vector(h(s))))(nodes)
    each = [node_differences(widths * field.T) for field in fields]
    vectors = [components(vector) for vector in zip(*each, strict=True)]
    rotations = rotation_expm1(magnus_combination(vectors, spin_commutator))
    ends = np.cumsum([len(widths) for _, widths in steps])
    parts = jnp.split(rotations, ends[:-1])
    return [rotation_increment(ordered_product(part, compose_rotations)) for part in parts]


def _anti_hermitian_commutator(
    a: Complex[Array, "steps d d"], b: Complex[Array, "steps d d"]
) -> Complex[Array, "steps d d"]:
    """[A, B] for A^+ = -A and B^+ = -B, by one product."""
    ab = product(a, b)
    return ab - ab.conj().mT


def _insert(steps: Steps, jumps: Inexact[Array, "pieces ..."]) -> Inexact[Array, "more ..."]:
    """The steps with a jump after every piece."""
    shape = steps.shape[1:]
    pieces = steps.reshape(jumps.shape[0], -1, *shape)
    return jnp.concatenate([pieces, jumps[:, None]], axis=1).reshape(-1, *shape)


def stroke_edges(system: OpenSystem) -> Float[Array, " edges"]:
    """0, the breakpoints of the system inside [0, 1], and 1, in order."""
    breaks = system.breakpoints()
    if not breaks.shape[0]:
        return jnp.array([0.0, 1.0])  # a constant, of which XLA works out what follows
    return jnp.concatenate([jnp.zeros(1), jnp.clip(breaks, 0.0, 1.0), jnp.ones(1)])


def subdivide(edges: Float[Array, " edges"], parts: int) -> Float[Array, " fine"]:
    """The edges with every piece cut into equal parts."""
    inner = edges[:-1, None] + np.arange(parts) / parts * jnp.diff(edges)[:, None]
    return jnp.concatenate([inside(inner, edges).reshape(-1), edges[-1:]])
