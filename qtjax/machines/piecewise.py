"""Machines whose controls jump between steps and stand still in between, exactly.

A step is the exponential of a constant generator, a cycle the product of its steps. The steps are
an axis of arrays, so that one step is compiled however many there are: protocols of learning, on
and off controls (bang-bang), free switching times.
"""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import (
    as_finite,
    as_real,
    check_instance,
    check_nonnegative,
    check_positive,
    check_takes,
)
from .._precise import matmul
from .._results import RESULTS, raise_if_failed
from .._types import Real
from ..algebra.hermitian_basis import from_components, to_components
from ..algebra.operators import expectation
from ..dynamics.deviations import cycle_error
from ..dynamics.equation_of_motion import equation_of_motion
from ..dynamics.open_system import OpenSystem
from ..dynamics.propagator import Propagator
from ..dynamics.spectra import occupation
from ..numerics.exponentials import compose
from ..numerics.null_vector import null_vector
from . import figures
from .steps import as_tolerance
from .stroke import Stroke

_TERMS = 18  # of a series that is used up to 1: the first term left out is 4e-19


class PiecewiseSolution(figures.AbstractBooks):
    """The limit cycle of a machine in steps and its books.

    Args:
        states: at the start of every step and at the end of the last: density matrices (steps + 1,
            d, d), or moments of an oscillator, (<x^2>, <p^2>, <xp + px>/2), (steps + 1, 3).
        durations: of the steps, (steps,).
        heats: taken in from every bath during every step, (steps, baths).
        quenches: work done on the medium by the jump after every step, (steps,); there is no other.
        error: estimated error of states, heats and works (in units of the largest energy); of an
            oscillator relative to its largest moment, in units of the first frequency.
        heat_error: that of each heat and work in its own unit.
        result: `RESULTS.successful`, `not_unique` (no bath), `not_a_state` (jumps that pump an
            oscillator without limit), `inaccurate` (rates that are roundings of what the steps
            turn) or `not_finite`, per lane.

    Examples:
        >>> frequencies, rates = [1.0, 2.0], [[1.0, 0.0], [0.0, 1.0]]
        >>> solution = qt.machines.piecewise_oscillator(
        ...     frequencies, 30.0, rates=rates, temperatures=[1 / np.log(3), 2 / np.log(2)]
        ... )
        >>> solution.work_output, solution.quenches
        (-0.375, [1.5, -1.125])
        >>> bool(solution.error_of("work_output") < 1e-12)
        True
    """

    states: Array
    durations: Float[Array, " steps"]
    heats: Float[Array, "steps baths"]
    quenches: Float[Array, " steps"]
    error: Real
    heat_error: Real
    result: Any

    @property
    def heat(self) -> Float[Array, " baths"]:
        """Heat taken in from every bath per cycle."""
        return self.heats.sum(axis=0)

    @property
    def work_output(self) -> Real:
        """W_out: work delivered per cycle."""
        return -self.quenches.sum()

    @property
    def period(self) -> Real:
        """The time of one cycle."""
        return self.durations.sum()

    @property
    def power(self) -> Real:
        """Work delivered per time; nan for a cycle that takes no time."""
        return figures.power(self.work_output, self.period)

    @property
    def first_law_residual(self) -> Real:
        """Q + W of a cycle, 0 but for rounding: heats and works are computed apart."""
        return self.heats.sum() + self.quenches.sum()

    @property
    def rounding(self) -> Real:
        """What counts as no work and no heat per cycle: `heat_error` of all steps, or 8 eps."""
        heats = jnp.abs(self.heats).sum(axis=1)
        return figures.rounding(heats, jnp.zeros_like(heats), self.quenches, self.heat_error)

    def propagated(self, slopes: Any) -> Real:
        """`error_of` a figure from its derivatives; nan where it is of what has no known error."""
        each = self.rounding / self.durations.size
        books = figures.off_by(slopes.heats, each) + figures.off_by(slopes.quenches, each)
        if self.states.ndim == 3:
            return books + figures.off_by(slopes.states, self.error)
        return jnp.where(figures.largest(slopes.states) == 0.0, books, jnp.nan)


@checked
def piecewise_limit_cycle(
    system: Callable[[Any], OpenSystem],
    controls: Any,
    durations: Any,
    *,
    tolerance: float | None = None,
    throw: bool = True,
) -> PiecewiseSolution:
    """The limit cycle of a system that stands still between jumps of its controls.

    Args:
        system: control -> `OpenSystem` that does not depend on time. Baths belong to each step's
            Hamiltonian, as `DaviesBath(h, ...)` does.
        controls: of the steps, a PyTree of arrays with a leading axis of steps.
        durations: of the steps, >= 0; one for all of them or (steps,).
        tolerance: largest `error`; 1e-9 in float64, 1e-4 in float32.
        throw: raise `SolverError` if the outcome is concrete and not successful.

    Returns:
        `PiecewiseSolution`, with the heats in the order of the system's baths.

    Raises:
        ValueError: no step, controls that are no finite numbers or of different length, a negative
            duration, or what is no `OpenSystem` or depends on time.
        SolverError: the limit cycle is not unique, or not known to the tolerance.

    Examples:
        >>> def step(gap):
        ...     bath = qt.LocalBath(qt.destroy(2), gap, 1 / np.log(3), qt.Flat(1.0))
        ...     return qt.OpenSystem(gap * qt.number(2), bath)
        >>> solution = qt.machines.piecewise_limit_cycle(step, jnp.array([1.0, 2.0]), 20.0)
        >>> solution.states[:, 1, 1].real
        [0.1, 0.25, 0.1]
    """
    check_takes("system", system, None)
    controls = jax.tree.map(lambda leaf: as_finite("controls", leaf, "arrays of numbers"), controls)
    lengths = {np.shape(leaf)[:1] for leaf in jax.tree.leaves(controls)}
    if len(lengths) != 1 or min(lengths) < (1,):
        raise ValueError(
            "`controls` must be arrays with one leading axis of steps (>= 1) for all of them, got "
            f"leading axes {sorted(lengths)}."
        )
    ((steps,),) = lengths
    solution = _cycle(system, controls, _times(durations, steps), as_tolerance(tolerance))
    if throw:
        raise_if_failed(solution)
    return solution


@checked
def piecewise_oscillator(
    frequencies: Any,
    durations: Any,
    *,
    rates: Any,
    temperatures: Any,
    tolerance: float | None = None,
    throw: bool = True,
) -> PiecewiseSolution:
    """The limit cycle of an oscillator whose frequency and baths jump, by three moments.

    H = p^2/2 + w^2 x^2/2, under baths with rates r_k (n_k + 1) and r_k n_k on the lowering operator
    of w. Within a step E relaxes with g = sum_k r_k, and L = (<p^2> - w^2 <x^2>)/2 and c = <xp +
    px>/2 turn with 2 w and decay with g. Several baths at once are allowed.

    Args:
        frequencies: w > 0 of the steps, (steps,).
        durations: of the steps, >= 0; one for all of them or (steps,).
        rates: r_k >= 0 of the baths in every step, (steps, baths).
        temperatures: of the baths, >= 0, (baths,).
        tolerance: largest `error`; 1e-9 in float64, 1e-4 in float32.
        throw: raise `SolverError` if the outcome is concrete and not successful.

    Returns:
        `PiecewiseSolution`.

    Raises:
        ValueError: a frequency that is not positive, a negative duration, rate or temperature, or
            shapes that do not fit.
        SolverError: no bath in any step, jumps that pump the oscillator more than baths take, or a
            limit cycle that is not known to the tolerance.

    Source: Rezek and Kosloff, New J. Phys. 8, 83 (2006), section 4.

    Examples:
        >>> frequencies, rates = [1.0, 2.0], [[1.0, 0.0], [0.0, 1.0]]
        >>> solution = qt.machines.piecewise_oscillator(
        ...     frequencies, 30.0, rates=rates, temperatures=[1 / np.log(3), 2 / np.log(2)]
        ... )
        >>> solution.heat
        [-0.875, 0.5]
    """
    w, r = as_real("frequencies", frequencies), as_real("rates", rates)
    ts = as_real("temperatures", temperatures)
    if w.ndim != 1 or w.size < 1 or ts.ndim != 1 or r.shape != (w.size, ts.size):
        raise ValueError(
            "`rates` must have the shape (steps, baths), with steps of `frequencies` and baths of "
            f"`temperatures`, got shapes {r.shape}, {w.shape} and {ts.shape}."
        )
    check_positive("frequencies", w, "they are those of an oscillator.", entries=True)
    check_nonnegative("rates", r, "a bath cannot couple with a negative rate.", entries=True)
    check_nonnegative("temperatures", ts, "they are those of baths.", entries=True)
    times = _times(durations, w.size)
    solution = _oscillator_cycle(w, times, r, ts, as_tolerance(tolerance))
    if throw:
        raise_if_failed(solution)
    return solution


def _times(durations: Any, steps: int) -> Float[Array, " steps"]:
    times = as_real("durations", durations)
    check_nonnegative("durations", times, "a step takes time forward.", entries=True)
    if times.shape not in ((), (steps,)):
        raise ValueError(
            f"`durations` must be one number or one for each of {steps} steps, got shape "
            f"{times.shape}."
        )
    return jnp.broadcast_to(times, (steps,))


@eqx.filter_jit
def _cycle(
    system: Callable[[Any], OpenSystem], controls: Any, times: Array, tolerance: float
) -> PiecewiseSolution:
    def step(control: Any, duration: Real) -> tuple[Propagator, Array]:
        built = system(control)
        check_instance("system(control)", built, OpenSystem, "an `OpenSystem`")
        if not equation_of_motion(built).constant:
            raise ValueError(
                "`system` must return systems that do not depend on time, got a drive or a bath "
                "that moves: make its baths of each step's Hamiltonian (`DaviesBath(h, ...)`), or "
                "give driven strokes to `limit_cycle`."
            )
        stroke = Stroke(built, duration)
        found = stroke.propagator(2, tolerance=tolerance)
        n = found.increment.shape[1]
        heats = jax.vmap(lambda booked: stroke.books(booked, found).heat, 1, 1)

        def booked(rows: Array) -> Array:
            return jnp.concatenate([rows[:n], heats(rows[n:])])

        kept = {name: booked(getattr(found, name)) for name in ("increment", "doubt", "rounded")}
        found = found._replace(**kept)
        return found, stroke.energy(0.0)

    maps, energies = jax.vmap(step)(controls, times)
    weights = to_components(np.eye(energies.shape[-1]), np)
    xs, heats, error, result = _closed(maps, weights, tolerance)
    states = jax.vmap(from_components)(xs)
    jumps = jnp.roll(energies, -1, axis=0) - energies
    quenches = jax.vmap(expectation)(jumps, states[1:])
    heat_error = error * jnp.max(maps.unit)
    return PiecewiseSolution(states, times, heats, quenches, error, heat_error, result)


@eqx.filter_jit
def _oscillator_cycle(
    w: Array, times: Array, rates: Array, ts: Array, tolerance: float
) -> PiecewiseSolution:
    unit = jax.lax.stop_gradient(w[0])
    level = jax.vmap(jax.vmap(occupation, (None, 0)), (0, None))(w, ts)
    level = w[:, None] / unit * (level + 0.5)
    maps = jax.vmap(_oscillator_step)(w / unit, unit * times, rates / unit, level)
    vectors, heats, error, result = _closed(maps, np.eye(4)[0], tolerance)
    x, p, c = vectors[:, 1:].T
    physical = jnp.all((x > 0.0) & (x * p - c**2 > 0.25 * (1.0 - 1e-6)))
    failed = (result != RESULTS.successful) & (result != RESULTS.inaccurate)
    result = RESULTS.where(physical | failed, result, RESULTS.not_a_state)
    quenches = 0.5 * (jnp.roll(w, -1) ** 2 - w**2) * x[1:] / unit
    states = jnp.stack([x / unit, unit * p, c], axis=1)
    largest = unit * jnp.maximum(1.0, jnp.max(w / unit) ** 2)  # U holds w^2 <x^2>
    heat_error = jax.lax.stop_gradient(error * jnp.max(jnp.abs(vectors)) * largest)
    return PiecewiseSolution(states, times, unit * heats, quenches, error, heat_error, result)


def _closed(
    maps: Propagator, weights: np.ndarray, tolerance: float
) -> tuple[Array, Array, Real, Any]:
    """Vectors at the edges with weights.x = 1, the books of the steps, their error, the outcome."""
    n = maps.increment.shape[2]

    def follow(total: Array, step: Array) -> tuple[Array, None]:
        return compose(step, total), None

    zero = jnp.zeros_like(maps.increment[0, :n])
    total, _ = jax.lax.scan(follow, zero, maps.increment[:, :n])
    found = null_vector(total, weights)
    unique = found.gap > 500.0 * jnp.finfo(found.gap.dtype).eps

    def run(x: Array, step: Array) -> tuple[Array, tuple[Array, Array]]:
        added = matmul(step, x)
        return x + added[:n], (x, added[n:])

    last, (xs, books) = jax.lax.scan(
        run, jnp.where(unique, found.solution, jnp.nan), maps.increment
    )
    vectors = jnp.concatenate([xs, last[None]])
    size = jnp.maximum(1.0, jnp.max(jnp.abs(vectors)))
    error = cycle_error(maps, vectors, total, weights, unique, size)
    result: Any = jax.tree.map(jnp.asarray, RESULTS.successful)
    result = RESULTS.where(error <= tolerance, result, RESULTS.inaccurate)
    result = RESULTS.where(jnp.all(jnp.isfinite(last)), result, RESULTS.not_finite)
    result = RESULTS.where(unique, result, RESULTS.not_unique)
    result = RESULTS.where(jnp.all(jnp.isfinite(maps.increment)), result, RESULTS.not_finite)
    return vectors, books, error, result


def _oscillator_step(
    w: Real, t: Real, rates: Float[Array, " baths"], level: Float[Array, " baths"]
) -> Propagator:
    """What is added to (1, <x^2>, <p^2>, c) in a step, and the heats."""
    one, energy = jnp.eye(4)[0], jnp.stack([0.0 * w, 0.5 * w**2, 0.5 + 0.0 * w, 0.0 * w])
    g, pumped = rates.sum(), (rates * level).sum()
    first, second = _mean_decay(g * t)
    fall = g * energy - pumped * one
    decay, lost, half = jnp.exp(-g * t), jnp.expm1(-g * t), jnp.sin(w * t) ** 2
    gained, sine = t * first * pumped, decay * jnp.sin(2.0 * w * t)
    kept, turned = lost * (1.0 - half) - half, decay * half  # products: no sum cancels
    nothing = 0.0 * w
    rows = [
        [nothing, nothing, nothing, nothing],
        [gained / w**2, kept, turned / w**2, sine / w],
        [gained, w**2 * turned, kept, -w * sine],
        [nothing, -0.5 * w * sine, 0.5 * sine / w, lost * jnp.cos(2.0 * w * t) - 2.0 * half],
    ]
    short = jnp.outer(level, one) - energy + t * second * fall
    above = ((level[:, None] - level) * rates).sum(axis=1)  # g level - pumped, exact for one bath
    long = (jnp.outer(above, one) - first * fall) / jnp.where(g * t < 1.0, 1.0, g)
    taken = (rates * t)[:, None] * jnp.where(g * t < 1.0, short, long)
    found = jnp.concatenate([jnp.stack([jnp.stack(row) for row in rows]), taken])
    # a phase is off by roundings of its own, which turns the state and pumps nothing
    slid = 16.0 * jnp.finfo(g.dtype).eps * w * t
    cosine = decay * jnp.cos(2.0 * w * t)
    swung = [
        [nothing, nothing, nothing, nothing],
        [nothing, -0.5 * sine, 0.5 * sine / w**2, cosine / w],
        [nothing, 0.5 * w**2 * sine, -0.5 * sine, -w * cosine],
        [nothing, -0.5 * w * cosine, 0.5 * cosine / w, -sine],
    ]
    doubt = slid * jnp.stack([jnp.stack(row) for row in swung])
    return _as_propagator(found, jnp.pad(doubt, ((0, rates.size), (0, 0))), w, t, g, pumped)


def _as_propagator(
    found: Array, doubt: Array, w: Real, t: Real, g: Real, pumped: Real
) -> Propagator:
    """The rows of a step with what rounding may have done to them."""
    fixed, doubt, w, t, g, pumped = jax.lax.stop_gradient((found, doubt, w, t, g, pumped))
    eps, none = jnp.finfo(found.dtype).eps, 0.0 * w
    rounding = 4.0 * eps * jnp.maximum(1.0, jnp.max(jnp.sum(jnp.abs(fixed), axis=1)))
    rows = [
        [none, none, none, none],
        [pumped / w**2, g, none, none],
        [pumped, none, g, none],
        [none, none, none, g],
    ]
    relaxed = t * jnp.stack([jnp.stack(row) for row in rows])
    rounded = relaxed + 4.0 * jnp.abs(fixed[:4])
    rounded = eps * jnp.pad(rounded, ((0, found.shape[0] - 4), (0, 0)))
    one, yes = jnp.ones_like(w), jnp.asarray(True)
    return Propagator(found, doubt, rounding, one, yes, yes, one, rounded)


def _mean_decay(x: Real) -> tuple[Real, Real]:
    """(1 - e^{-x})/x and (e^{-x} - 1 + x)/x^2, for x >= 0."""
    small = x < 1.0
    near, far = jnp.where(small, x, 0.0), jnp.where(small, 1.0, x)
    series = jnp.zeros_like(x)
    for k in range(_TERMS, -1, -1):
        series = (-near) * series + 1.0 / math.factorial(k + 2)
    second = jnp.where(small, series, (jnp.expm1(-far) + far) / far**2)
    return jnp.where(small, 1.0 - near * second, -jnp.expm1(-far) / far), second
