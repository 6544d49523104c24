"""Limit cycles, with figures of merit from integrated books."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checked import checked
from .._checks import (
    check_count,
    check_instance,
    check_size,
    is_concrete,
)
from .._describe import as_html, as_text
from .._memory import told_of_memory
from .._precise import warn_of_precision
from .._results import RESULTS, raise_if_failed
from .._types import Operator, OperatorLike, Real
from ..algebra.hermitian_basis import from_components, to_components
from ..algebra.operators import expectation
from ..dynamics.arguments import as_state
from ..dynamics.deviations import PROBES, cycle_error, follow_error
from ..dynamics.equation_of_motion import Books
from ..dynamics.evolve import check_resolution
from ..dynamics.propagator import (
    RESOLUTION,
    FixedPoint,
    Propagator,
    contraction,
    fixed_point,
)
from ..dynamics.secular import warn_unless_secular
from ..information.entropy import entropy
from ..numerics.equation import LinearEquation
from . import figures
from .alongside import Group, by_group, grouped
from .clausius import generalized_efficiency
from .describe import describe_limit_cycle
from .steps import FIRST_STEPS, Way, as_tolerance, resolved
from .stroke import AbstractStroke, Cycle, Stroke, renamed


class CycleSolution(figures.AbstractFiguresOfMerit):
    """A limit cycle and its books. Pairs are (cold, hot); W > 0 is work done on the medium.

    Args:
        cycle: the cycle.
        states: at the start of every stroke, and at the end of the last, (strokes + 1, d, d).
        entropies: of these states, (strokes + 1,).
        bath_heats: per stroke the heat from each of its baths or ancillas, a tuple of (baths,).
        works: work done on the medium by H(t) during each stroke, (strokes,).
        quenches: work of the jump of H after each stroke, (strokes,); 0 where H is continuous.
        first_law_residual: per-stroke U(end) - U(start) - Q - W, the one of largest modulus.
        limit_cycle_residual: max|rho(end) - rho(start)| after one cycle through the strokes.
        error: estimated error of states, heats and works (in units of the largest energy).
        heat_error: that of each heat and work in its own unit, `error` times the largest energy.
        fixed: the fixed point with the gap of its linear system.
        result: `RESULTS.successful`, `not_unique`, `inaccurate` or `not_finite`, per lane.
        particles: per stroke the particles from each of its baths, a tuple of (baths,), `None` for
            a stroke without baths that exchange some.
        chemical_works: work mu N of the baths during each stroke, (strokes,), part of `work`;
            `None` if no bath exchanges particles.

    Examples:
        >>> h = qt.number(2)
        >>> cold = qt.machines.Reset(h, h, temperature=1 / np.log(9), contact="cold")
        >>> hot = qt.machines.Reset(2 * h, 2 * h, temperature=2 / np.log(3), contact="hot")
        >>> solution = qt.limit_cycle(qt.Cycle([cold, hot]))
        >>> solution.regime
        'engine'
        >>> solution.heat_cold, solution.heat_hot, solution.work_output
        (-0.15, 0.3, 0.15)
        >>> bool(solution.error_of("efficiency") < 1e-14)
        True
    """

    cycle: Cycle
    states: Complex[Array, "edges d d"]
    entropies: Float[Array, " edges"]
    bath_heats: tuple[Float[Array, " _"], ...]
    works: Float[Array, " strokes"]
    quenches: Float[Array, " strokes"]
    first_law_residual: Real
    limit_cycle_residual: Real
    error: Real
    heat_error: Real
    fixed: FixedPoint
    result: Any
    particles: tuple[Float[Array, " _"] | None, ...] | None = None
    chemical_works: Float[Array, " strokes"] | None = None

    @property
    def heats(self) -> Float[Array, " strokes"]:
        """Heat taken in during each stroke, (strokes,)."""
        return jnp.stack([heats.sum() for heats in self.bath_heats])

    @property
    def named_heats(self) -> dict[str, Real]:
        """The heat taken in per cycle from each contact, by its name."""
        return figures.sums_by_name(self.cycle.contacts, self.bath_heats)

    @property
    def entropy_hot(self) -> Real:
        """Entropy gained during the "hot" strokes, from states."""
        return figures.entropy_sum(self.cycle.strokes, jnp.diff(self.entropies), "hot")

    @property
    def entropy_cold(self) -> Real:
        """Entropy gained during the "cold" strokes, from states."""
        return figures.entropy_sum(self.cycle.strokes, jnp.diff(self.entropies), "cold")

    @property
    def work(self) -> Real:
        """W: work done on the medium per cycle: integrated power, quenches and chemical work."""
        work = self.works.sum() + self.quenches.sum()
        return work if self.chemical_works is None else work + self.chemical_works.sum()

    @property
    def rounding(self) -> Real:
        """What counts as no work and no heat per cycle: `heat_error` of all strokes, or 8 eps."""
        works = self.works
        if self.chemical_works is not None:
            works = jnp.abs(works) + jnp.abs(self.chemical_works)
        return figures.rounding(self.heats, works, self.quenches, self.heat_error)

    @property
    def entropy_error(self) -> Real:
        """What each of `entropies` may be off by, from `error`, in nats (Fannes and Audenaert)."""
        return figures.entropy_error(self.error, self.cycle.dimension)

    def propagated(self, slopes: Any) -> Real:
        """`error_of` a figure from its derivatives; nan where it is of what has no known error."""
        works = figures.largest((slopes.works, slopes.quenches, slopes.chemical_works))
        heats = sum(map(figures.largest, slopes.bath_heats), jnp.zeros(()))
        found = (
            self.rounding * (works + heats)
            + figures.off_by(slopes.entropies, self.entropy_error)
            + figures.off_by(slopes.states, self.error)
        )
        others = slopes.particles, slopes.fixed, slopes.first_law_residual
        return jnp.where(figures.largest(others) == 0.0, found, jnp.nan)

    @property
    def period(self) -> Real:
        """The time of one cycle."""
        return self.cycle.period

    @property
    def power(self) -> Real:
        """Work delivered per time; nan for a cycle that takes no time."""
        return figures.power(self.work_output, self.period)

    @property
    def generalized_efficiency(self) -> Real:
        """eta of eq. (19) by its own route, 1 + (int_c T dS)/(int_h T dS).

        A cross-check of `efficiency` by a quadrature over S; see `clausius_integrals` for its error
        estimate and flags.
        """
        return generalized_efficiency(self)

    @property
    def temperatures(self) -> tuple[Real, Real]:
        """Bath temperatures (cold, hot); nan where baths of one name do not agree."""
        strokes = self.cycle.strokes
        figures.check_names("temperatures", self.named_heats, ("cold", "hot"))
        return figures.temperature_of(strokes, "cold"), figures.temperature_of(strokes, "hot")

    @property
    def mean_temperatures(self) -> tuple[Real, Real]:
        """Entropy-weighted means (<T_c>, <T_h>), <T_x> = Q_x / dS_x; nan where dS_x is none."""
        cold, hot = (
            2.0 * self.entropy_error * sum(name in s.contacts for s in self.cycle.strokes)
            for name in ("cold", "hot")
        )
        return (
            figures.mean_temperature(self.heat_cold, self.entropy_cold, cold),
            figures.mean_temperature(self.heat_hot, self.entropy_hot, hot),
        )

    @property
    def spohn_production(self) -> Real:
        """Spohn's production per cycle, -sum_k Q_k / T_k (the entropy change is 0), eq. (14)."""
        return figures.spohn_production(self.cycle.strokes, list(self.states[:-1]), self.bath_heats)

    @property
    def temperature_identity_residual(self) -> Real:
        """eta - (1 - (<T_c>|dS_c|)/(<T_h> dS_h)), the identity T3 with its entropy factor."""
        entropies = self.entropy_cold, self.entropy_hot
        return figures.temperature_identity_residual(
            self.efficiency, self.mean_temperatures, entropies
        )

    @property
    def contraction(self) -> Real:
        """The factor by which deviations from the limit cycle shrink per cycle (CPU only)."""
        return contraction(self.fixed)

    def __repr__(self) -> str:
        return as_text(self, describe_limit_cycle)

    def _repr_html_(self) -> str:
        return as_html(self, describe_limit_cycle)


@checked
def limit_cycle(
    cycle: Cycle,
    *,
    steps: int | None = None,
    tolerance: float | None = None,
    implicit: bool | None = None,
    solver: Any = None,
    resolution: int = RESOLUTION,
    throw: bool = True,
) -> CycleSolution:
    """The limit cycle of a machine: the fixed point of its affine one-cycle map, solved directly.

    Not an iteration: it costs the same at weak coupling and in short cycles, where repetition stops
    too early, and its derivative is that of the linear solve. Heats and works are integrated along
    the strokes, so the first law is a check and not an identity.

    Args:
        cycle: the cycle.
        steps: Magnus steps (sixth order) per driven stroke, static; constant strokes are exact. By
            default 64, and for a concrete cycle more until the tolerance is met. Inside
            `jit`, `vmap` and `grad` it cannot depend on values: give `resolving_steps(cycle)` of a
            typical cycle where 64 do not do.
        tolerance: largest estimated error of a driven stroke's map; 1e-9 in float64, 1e-4 in
            float32. Errors of heats and works count in units of the largest energy.
        implicit: whether driven strokes in contact take implicit steps, static: an isotherm of a
            million lifetimes needs no more of them than one of ten, where Magnus steps are short
            against a lifetime. By default where Magnus steps do not do, as far as values are known;
            inside `jit`, `vmap` and `grad` give `True` for slow strokes.
        solver: a Lineax solver for the fixed point of the map, such as `lineax.GMRES(rtol, atol)`;
            elimination by default. The map itself is made as a matrix.
        resolution: at how many times of a stroke (rounded up to a power of two, at least 1,024)
            what is only known as a function of time is looked at, static: a feature of 1/2,000 of a
            stroke is never missed at 4,096. Steps longer than what that shows to be smooth make the
            outcome `inaccurate`.
        throw: raise `SolverError` if the outcome is concrete and not successful. Inside `jit`,
            `vmap` or `grad` nothing is raised: read `result`, lane by lane.

    Returns:
        `CycleSolution`; all nan where the fixed point is not unique.

    Raises:
        ValueError: what is no cycle, no number of steps, no tolerance, no Lineax solver or no
            resolution.
        SolverError: the fixed point is not unique (an all-unitary cycle), a driven stroke was not
            resolved, or a parameter is not finite.

    Examples:
        >>> h = qt.number(2)
        >>> cold = qt.machines.Reset(h, h, temperature=1 / np.log(9), contact="cold")
        >>> hot = qt.machines.Reset(2 * h, 2 * h, temperature=2 / np.log(3), contact="hot")
        >>> solution = qt.limit_cycle(qt.Cycle([cold, hot]))
        >>> solution.heat_hot, solution.efficiency
        (0.3, 0.5)
    """
    tolerance = _checked(cycle, steps, tolerance, resolution)
    warn_of_precision()
    check_instance("solver", solver, (lineax.AbstractLinearSolver, type(None)), "a Lineax solver")
    groups = _groups(cycle)

    def solve(way: Way) -> CycleSolution:
        return _limit_cycle(cycle, groups, way, tolerance, resolution, solver)

    with told_of_memory():
        solution = resolved(solve, tolerance, steps, implicit)[1]
    if throw:
        raise_if_failed(solution)
    if is_concrete(cycle, solution.error):
        for k, stroke in enumerate(cycle.strokes):
            if isinstance(stroke, Stroke):
                for j, bath in enumerate(stroke.system.baths):
                    name = f"strokes[{k}].system.baths[{j}]"
                    warn_unless_secular(name, bath, stroke.system.hamiltonian(0.0))
    return solution


@checked
def resolving_steps(
    cycle: Cycle,
    tolerance: float | None = None,
    *,
    first: int = FIRST_STEPS,
    implicit: bool = False,
    resolution: int = RESOLUTION,
) -> int:
    """How many steps per driven stroke resolve a concrete cycle: `first` times a power of 2.

    Args:
        cycle: a concrete cycle.
        tolerance: as for `limit_cycle`.
        first: the number to begin with.
        implicit: whether driven strokes in contact take implicit steps, as for `limit_cycle`.
        resolution: as for `limit_cycle`.

    Returns:
        The number to pass as `steps` to `limit_cycle` and `transient`; at most 16384, or 1024 if
        implicit, where the error may still exceed the tolerance.

    Raises:
        ValueError: traced or batched, or arguments that are not as for `limit_cycle`.

    Examples:
        >>> temperatures = 1 / np.log(9), 2 / np.log(3)
        >>> cycle = qt.otto_cycle(
        ...     qt.number(2), 2.0 * qt.number(2), couplings=qt.sigmax(), temperatures=temperatures,
        ...     rate=1.0, durations=(20.0, 1.0, 20.0, 1.0),
        ... )
        >>> qt.machines.resolving_steps(cycle)
        64
    """
    check_count("first", first)
    return resolving_way(cycle, tolerance, first, implicit, resolution).steps


def resolving_way(
    cycle: Cycle,
    tolerance: float | None = None,
    first: int = FIRST_STEPS,
    implicit: bool | None = None,
    resolution: int = RESOLUTION,
) -> Way:
    """The same with the kind of steps, of which `limit_cycle` chooses where none is named."""
    tolerance = _checked(cycle, first, tolerance, resolution)
    if not is_concrete(cycle):
        raise ValueError("`cycle` is traced; find the steps for a concrete one and pass them on.")
    groups = _groups(cycle)

    def solve(way: Way) -> CycleSolution:
        return _limit_cycle(cycle, groups, way, tolerance, resolution, None)

    return resolved(solve, tolerance, None, implicit, first)[0]


def _checked(cycle: Cycle, steps: int | None, tolerance: float | None, resolution: int) -> float:
    """The tolerance, the default one for `None`; raises at arguments that cannot be meant."""
    check_instance("cycle", cycle, Cycle, "a `Cycle`")
    if steps is not None:
        check_count("steps", steps)
    check_resolution(resolution)
    return as_tolerance(tolerance)


@eqx.filter_jit
def _limit_cycle(
    cycle: Cycle,
    groups: tuple[Group, ...],
    way: Way,
    tolerance: float,
    resolution: int,
    solver: Any,
) -> CycleSolution:
    maps = _propagators(groups, way, tolerance, resolution)
    fixed = fixed_point(maps, cycle.dimension, solver)
    unique = fixed.gap > 500.0 * jnp.finfo(fixed.gap.dtype).eps
    start = jnp.where(unique, fixed.state, jnp.nan)
    states, books = _run(cycle, maps, start)
    bath_heats, works = tuple(book.heat for book in books), jnp.stack([b.work for b in books])
    particles, chemical_works = _exchanged(books)
    quenches = _quenches(cycle, states)
    residual = jnp.max(jnp.abs(states[-1] - states[0]))
    done = works if chemical_works is None else works + chemical_works
    residuals = _first_law_residuals(cycle, states, bath_heats, done)
    xs, trace = jax.vmap(to_components)(states), to_components(np.eye(cycle.dimension), np)
    error = cycle_error(maps, xs, fixed.map_increment, trace, fixed.gap > 0.0)
    largest = jnp.max(jnp.stack([m.unit for m in maps]))
    finite = jnp.isfinite(works.sum() + residual) & jnp.all(jnp.isfinite(fixed.map_increment))
    # an unresolved ramp may end in nan too: its own message comes first
    result: Any = jax.tree.map(jnp.asarray, RESULTS.successful)
    result = RESULTS.where(unique, result, RESULTS.not_unique)
    result = RESULTS.where(finite | ~unique, result, RESULTS.not_finite)
    result = RESULTS.where(jnp.isnan(fixed.gap), RESULTS.not_finite, result)
    closed = _books_close(maps, residuals, done, bath_heats, tolerance)
    result = _judged(result, maps, closed, finite, error, tolerance)
    return CycleSolution(
        cycle, states, jax.vmap(entropy)(states), bath_heats, works, quenches,
        residuals[jnp.argmax(jnp.abs(residuals))], residual, error, error * largest, fixed, result,
        particles, chemical_works,
    )  # fmt: skip


def _judged(
    result: Any, maps: list[Propagator], closed: Array, finite: Array, error: Real, tolerance: float
) -> Any:
    """A status, unless books, error or Hamiltonian ask for another."""
    result = RESULTS.where(closed, result, RESULTS.cycle_books_open)
    result = RESULTS.where(~(error <= tolerance) & finite, RESULTS.inaccurate, result)
    result = RESULTS.where(error > tolerance, RESULTS.inaccurate, result)
    hermitian = jnp.all(jnp.stack([stroke.hermitian for stroke in maps]))
    return RESULTS.where(hermitian, result, RESULTS.not_hermitian)


class Repeated(NamedTuple):
    """A cycle run over and over.

    Args:
        states: at the start of each cycle and at the end of the last, (cycles + 1, d, d).
        bath_heats: per stroke its heats in every cycle, a tuple of (cycles, baths).
        works: done on the medium during each stroke, (cycles, strokes).
        quenches: work of the jump of H after each stroke, (cycles, strokes).
        named_heats: the heat taken in from each contact, by its name, (cycles,).
        chemical_works: as of `CycleSolution`, (cycles, strokes).
        error: estimated error of states and books, as of `CycleSolution`.
        result: the outcome, one per lane.

    Examples:
        >>> h = qt.number(2)
        >>> cold = qt.machines.Reset(h, h, temperature=1 / np.log(9), contact="cold")
        >>> hot = qt.machines.Reset(2 * h, 2 * h, temperature=2 / np.log(3), contact="hot")
        >>> repeated = qt.machines.repeat(qt.Cycle([cold, hot]), qt.pure_state([1, 0]), 3)
        >>> repeated.named_heats["hot"], repeated.named_heats["cold"]
        ([0.3, 0.3, 0.3], [0.1, -0.15, -0.15])
    """

    states: Complex[Array, "edges d d"]
    bath_heats: tuple[Float[Array, "cycles _"], ...]
    works: Float[Array, "cycles strokes"]
    quenches: Float[Array, "cycles strokes"]
    named_heats: dict[str, Float[Array, " cycles"]]
    chemical_works: Float[Array, "cycles strokes"] | None
    error: Real
    result: Any


@checked
def repeat(
    cycle: Cycle,
    rho0: OperatorLike,
    cycles: int,
    *,
    steps: int | None = None,
    tolerance: float | None = None,
    implicit: bool | None = None,
    throw: bool = True,
) -> Repeated:
    """The approach to the limit cycle, cycle by cycle, with all books.

    Args:
        cycle: the cycle.
        rho0: density matrix at the start of the first stroke, (d, d).
        cycles: how many cycles to run, static.
        steps: as for `limit_cycle`.
        tolerance: as for `limit_cycle`, of all cycles together.
        implicit: as for `limit_cycle`.
        throw: raise `SolverError` if the outcome is concrete and not successful.

    Returns:
        `Repeated`.

    Raises:
        ValueError: rho0 not a density matrix of the machine's dimension, `cycles` or `steps` < 1.
        SolverError: a driven stroke was not resolved, or a parameter is not finite.

    Examples:
        >>> h = qt.number(2)
        >>> cycle = qt.Cycle([qt.machines.Reset(h, h, 0.5, temperature=1 / np.log(3))])
        >>> repeated = qt.machines.repeat(cycle, qt.pure_state([0, 1]), 3)
        >>> repeated.states[:, 1, 1].real
        [1.0, 0.625, 0.4375, 0.34375]
    """
    check_instance("cycle", cycle, Cycle, "a `Cycle`")
    rho0 = as_state("rho0", rho0, cycle.dimension)
    check_count("cycles", cycles)
    check_size("cycles", cycles, cycle.dimension, cycle.dimension)
    tolerance, groups = _checked(cycle, steps, tolerance, RESOLUTION), _groups(cycle)

    def solve(way: Way) -> Repeated:
        return _repeat(cycle, groups, rho0, cycles, way, tolerance)

    found = resolved(solve, tolerance, steps, implicit)[1]
    if throw:
        raise_if_failed(found)
    return found


@checked
def transient(
    cycle: Cycle,
    rho0: OperatorLike,
    cycles: int,
    *,
    steps: int | None = None,
    implicit: bool | None = None,
) -> tuple[Complex[Array, "{cycles}+1 d d"], Float[Array, "{cycles} strokes"]]:
    """States and heats of `repeat`, with the same arguments; nan in lanes that do not succeed.

    Returns:
        The states at the start of each cycle and at the end of the last, (cycles + 1, d, d), and
        the heat taken in during each stroke of each cycle, (cycles, strokes).

    Examples:
        >>> h = qt.number(2)
        >>> cycle = qt.Cycle([qt.machines.Reset(h, h, 0.5, temperature=1 / np.log(3))])
        >>> states, heats = qt.machines.transient(cycle, qt.pure_state([0, 1]), 3)
        >>> heats[:, 0]
        [-0.375, -0.1875, -0.09375]
    """
    found = repeat(cycle, rho0, cycles, steps=steps, implicit=implicit)
    heats = jnp.stack([heats.sum(axis=1) for heats in found.bath_heats], axis=1)
    good = found.result == RESULTS.successful
    return jnp.where(good, found.states, jnp.nan), jnp.where(good, heats, jnp.nan)


@eqx.filter_jit
def _repeat(
    cycle: Cycle, groups: tuple[Group, ...], rho0: Operator, cycles: int, way: Way,
    tolerance: float,
) -> Repeated:  # fmt: skip
    maps = _propagators(groups, way, tolerance, RESOLUTION)
    trace = to_components(np.eye(cycle.dimension), np)
    nothing = jnp.zeros((PROBES, trace.size), rho0.real.dtype)

    def once(carry: tuple[Operator, Array], _: None) -> tuple[tuple[Operator, Array], Any]:
        states, books = _run(cycle, maps, carry[0])
        deviation, error = follow_error(maps, jax.vmap(to_components)(states), trace, carry[1])
        bath_heats, works = tuple(book.heat for book in books), jnp.stack([b.work for b in books])
        quenches, chemical_works = _quenches(cycle, states), _exchanged(books)[1]
        done = works if chemical_works is None else works + chemical_works
        residuals = _first_law_residuals(cycle, states, bath_heats, done)
        closed = _books_close(maps, residuals, done, bath_heats, tolerance)
        found = states[-1], bath_heats, works, quenches, chemical_works
        return (states[-1], deviation), (found, error, closed)

    _, (found, errors, closed) = jax.lax.scan(once, (rho0, nothing), None, length=cycles)
    states, bath_heats, works, quenches, chemical_works = found
    named = figures.sums_by_name(cycle.contacts, bath_heats)
    states, error = jnp.concatenate([rho0[None], states]), jnp.max(errors)
    finite = jnp.isfinite(jnp.sum(jnp.abs(states)) + jnp.sum(works))
    result: Any = jax.tree.map(jnp.asarray, RESULTS.successful)
    result = RESULTS.where(finite, result, RESULTS.not_finite)
    result = _judged(result, maps, jnp.all(closed), finite, error, tolerance)
    return Repeated(states, bath_heats, works, quenches, named, chemical_works, error, result)


def _groups(cycle: Cycle) -> tuple[Group, ...]:
    """The strokes of a cycle by their kinds, with their equations, in which zeros are known."""
    items = [
        (renamed(s, None), s.equation() if isinstance(s, Stroke) else None) for s in cycle.strokes
    ]
    return grouped(items)


def _propagators(
    groups: tuple[Group, ...], way: Way, tolerance: float, resolution: int
) -> list[Propagator]:
    """The propagators of all strokes; those of one kind are computed side by side."""
    return by_group(eqx.Partial(_map_of, way, tolerance, resolution), groups)


def _map_of(
    way: Way, tolerance: float, resolution: int, stroke: AbstractStroke,
    equation: LinearEquation | None,
) -> Propagator:  # fmt: skip
    known = {} if equation is None else {"equation": equation, "implicit": way.implicit}
    return stroke.propagator(way.steps, tolerance=tolerance, resolution=resolution, **known)


def _books_close(
    maps: list[Propagator],
    residuals: Array,
    works: Array,
    bath_heats: tuple[Array, ...],
    tolerance: float,
) -> Array:
    """Whether energy is heat plus work in every stroke, in units of the energies moved."""
    heats = [jnp.max(jnp.abs(heats), initial=0.0) for heats in bath_heats]
    size = jnp.max(jnp.stack([*heats, *(stroke.unit for stroke in maps), jnp.max(jnp.abs(works))]))
    return ~(jnp.max(jnp.abs(residuals)) > 10.0 * tolerance * size)


def _run(cycle: Cycle, maps: list[Propagator], rho: Operator) -> tuple[Array, list[Books]]:
    """States at the edges, and the books of every stroke, of one pass through them."""
    xs, books = [to_components(rho)], []
    for stroke, propagated in zip(cycle.strokes, maps, strict=True):
        x, booked = propagated.follow(xs[-1])
        xs.append(x)
        books.append(stroke.books(booked, propagated))
    return jax.vmap(from_components)(jnp.stack(xs)), books


def _exchanged(books: list[Books]) -> tuple[tuple[Array | None, ...] | None, Array | None]:
    """Particles and chemical works of the strokes; `None` if there are none."""
    if all(book.chemical_work is None for book in books):
        return None, None
    works = [
        jnp.zeros(()) if book.chemical_work is None else book.chemical_work.sum() for book in books
    ]
    return tuple(book.particles for book in books), jnp.stack(works)


def _energies(cycle: Cycle) -> tuple[Array, Array]:
    """H at the start and at the end of every stroke, (strokes, d, d)."""
    starts, ends = (jnp.stack([stroke.energy(s) for stroke in cycle.strokes]) for s in (0.0, 1.0))
    return starts, ends


def _quenches(cycle: Cycle, states: Array) -> Float[Array, " strokes"]:
    """tr(rho (H_next(0) - H_this(1))) after every stroke."""
    starts, ends = _energies(cycle)
    return jax.vmap(expectation)(jnp.roll(starts, -1, axis=0) - ends, states[1:])


def _first_law_residuals(
    cycle: Cycle, states: Array, bath_heats: tuple[Array, ...], works: Array
) -> Float[Array, " strokes"]:
    starts, ends = _energies(cycle)
    before = jax.vmap(expectation)(starts, states[:-1])
    after = jax.vmap(expectation)(ends, states[1:])
    return after - before - jnp.stack([heats.sum() for heats in bath_heats]) - works
