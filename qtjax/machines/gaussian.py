"""Machines whose medium is a harmonic oscillator, exactly: by the moments of Gaussian states.

H = p^2/2 + w(t)^2 x^2/2 (mass 1: x stands for sqrt(m) x). Under baths on the oscillator's lowering
operator the second moments obey linear equations,

    <x^2>' = 2 c - g <x^2> + D/w_b,  <p^2>' = -2 w^2 c - g <p^2> + D w_b,
    c' = <p^2> - w^2 <x^2> - g c,    c = <xp + px>/2,

with g = down - up and D = (down + up)/2 at the bath's frequency w_b. The means <x> and <p> decay,
and are 0 in a limit cycle. No level is cut off, and there are three numbers in place of d^2.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import xlogy
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import (
    as_nonnegative,
    as_positive,
    as_sequence,
    check_count,
    check_instance,
    check_size,
)
from .._in_turn import inv, solve
from .._precise import matmul
from .._results import RESULTS, raise_if_failed
from .._types import Real, RealLike
from ..dynamics.deviations import cycle_error
from ..dynamics.evolve import check_resolution
from ..dynamics.propagator import (
    RESOLUTION,
    Propagator,
    rounding_of,
    subdivide,
)
from ..dynamics.schedules import Constant, Schedule, as_schedule, breakpoints_of
from ..dynamics.spectra import Spectrum, as_spectrum, thermal_rates
from ..numerics.collocation import (
    collocation_increment,
    collocation_nodes,
    convergence,
    forgotten,
    graded,
)
from ..numerics.equation import Balance, Watched
from ..numerics.exponentials import (
    compose,
    expm1_with_doubt,
    ordered_product,
    taylor_expm1,
)
from ..numerics.magnus import magnus_exponent, magnus_nodes, within_pieces
from ..numerics.resolution import block_length, look
from . import figures
from .steps import Way, as_tolerance, resolved

Vector = Float[Array, " 4"]  # (1, <x^2>, <p^2>, c) in units of the first frequency
Matrix = Float[Array, "m 4"]


class GaussianStroke(eqx.Module):
    """One stroke of an oscillator, in scaled time s = t/duration in [0, 1].

    Args:
        frequency: w > 0, a number or a schedule of s.
        duration: >= 0.
        rate: gamma of the bath, a number or a spectrum; no bath if `None`.
        temperature: of the bath, >= 0.
        contact: "hot" or "cold" for a stroke whose heat counts as heat_hot or heat_cold.
        bath_frequency: w_b of the mode that the bath damps; the momentary w by default.

    Raises:
        ValueError: a frequency that is not positive, a negative duration or temperature, a bath
            without rate or temperature, or another `contact`.

    Examples:
        >>> stroke = qt.machines.GaussianStroke(qt.Linear(1.0, 2.0), 5.0)
        >>> stroke.frequency(0.5)
        1.5
    """

    frequency: Schedule
    duration: Real
    spectrum: Spectrum | None
    temperature: Real | None
    bath_frequency: Real | None
    contact: str | None = eqx.field(static=True)

    def __init__(
        self,
        frequency: RealLike | Schedule,
        duration: RealLike,
        rate: Any = None,
        temperature: RealLike | None = None,
        contact: str | None = None,
        bath_frequency: RealLike | None = None,
    ):
        self.frequency = as_schedule("frequency", frequency)
        if isinstance(self.frequency, Constant):
            as_positive("frequency", self.frequency.value, "it is that of an oscillator.")
        self.duration = as_nonnegative("duration", duration, "a stroke takes time forward.")
        if (rate is None) != (temperature is None):
            raise ValueError("`rate` and `temperature` make a bath together: give both or none.")
        if not isinstance(contact, str | None) or contact not in ("hot", "cold", None):
            raise ValueError(f'`contact` must be "hot", "cold" or None, got {contact!r}.')
        self.spectrum = None if rate is None else as_spectrum(rate)
        self.temperature = None
        if temperature is not None:
            self.temperature = as_nonnegative("temperature", temperature, "it is that of a bath.")
        self.bath_frequency, self.contact = None, contact
        if bath_frequency is not None:
            remedy = "it is that of the mode that is damped."
            self.bath_frequency = as_positive("bath_frequency", bath_frequency, remedy)


class GaussianSolution(figures.AbstractFiguresOfMerit):
    """The limit cycle of an oscillator and its books; names and signs as in `CycleSolution`.

    Args:
        strokes: of the cycle.
        moments: (<x>, <p>, <x^2>, <p^2>, <xp + px>/2) at the start of every stroke and at the end
            of the last, (strokes + 1, 5).
        heats: taken in during each stroke, (strokes,).
        works: done on the medium during each stroke, (strokes,).
        quenches: work of the jump of w after each stroke, (strokes,).
        first_law_residual: per-stroke U(end) - U(start) - Q - W, the one of largest modulus.
        error: estimated error of moments, heats and works, relative to the largest moment, in units
            of the first frequency.
        heat_error: that of each heat and work in its own unit.
        result: `RESULTS.successful`, `not_unique`, `inaccurate`, `not_a_state` (ramps that pump
            more than the baths take), `cycle_books_open` (w jumps inside a stroke) or `not_finite`,
            per lane.

    Examples:
        >>> hot = qt.machines.GaussianStroke(2.0, 30.0, 1.0, 2 / np.log(2), "hot")
        >>> cold = qt.machines.GaussianStroke(1.0, 30.0, 1.0, 1 / np.log(3), "cold")
        >>> solution = qt.machines.gaussian_limit_cycle([hot, cold])
        >>> solution.heat_hot, solution.heat_cold, solution.work
        (0.5, -0.875, 0.375)
    """

    strokes: tuple[GaussianStroke, ...]
    moments: Float[Array, "edges 5"]
    heats: Float[Array, " strokes"]
    works: Float[Array, " strokes"]
    quenches: Float[Array, " strokes"]
    first_law_residual: Real
    error: Real
    heat_error: Real
    result: Any

    @property
    def entropies(self) -> Float[Array, " edges"]:
        """Von Neumann entropies at the edges, (strokes + 1,)."""
        return jax.vmap(gaussian_entropy)(self.moments)

    @property
    def named_heats(self) -> dict[str, Real]:
        """The heat taken in per cycle from each contact, by its name."""
        heats = [self.heats[..., k, None] for k in range(len(self.strokes))]
        return figures.sums_by_name([(stroke.contact,) for stroke in self.strokes], heats)

    @property
    def temperatures(self) -> tuple[Real, Real]:
        """Bath temperatures (cold, hot); nan where baths of one name do not agree."""
        cold, hot = (
            figures.common(s.temperature for s in self.strokes if s.contact == name)
            for name in ("cold", "hot")
        )
        return cold, hot

    @property
    def rounding(self) -> Real:
        """What counts as no work and no heat per cycle: `heat_error` of all strokes, or 8 eps."""
        return figures.rounding(self.heats, self.works, self.quenches, self.heat_error)

    def propagated(self, slopes: Any) -> Real:
        """`error_of` a figure from its derivatives; nan where it is of what has no known error."""
        works, heats = figures.largest((slopes.works, slopes.quenches)), jnp.abs(slopes.heats).sum()
        others = slopes.moments, slopes.first_law_residual
        none = figures.largest(others) == 0.0
        return jnp.where(none, self.rounding * (works + heats), jnp.nan)

    @property
    def work(self) -> Real:
        """W: work done on the medium per cycle, quenches included."""
        return self.works.sum() + self.quenches.sum()

    @property
    def period(self) -> Real:
        """The time of one cycle."""
        return sum((stroke.duration for stroke in self.strokes), jnp.zeros(()))

    @property
    def power(self) -> Real:
        """Work delivered per time; nan for a cycle that takes no time."""
        return figures.power(self.work_output, self.period)

    @property
    def spohn_production(self) -> Real:
        """Spohn's production per cycle, -sum_k Q_k / T_k."""
        flows = [
            q / stroke.temperature
            for q, stroke in zip(self.heats, self.strokes, strict=True)
            if stroke.temperature is not None
        ]
        return -sum(flows, jnp.zeros(()))


@checked
def gaussian_limit_cycle(
    strokes: Sequence[GaussianStroke],
    *,
    steps: int | None = None,
    tolerance: float | None = None,
    implicit: bool | None = None,
    resolution: int = RESOLUTION,
    throw: bool = True,
) -> GaussianSolution:
    """The limit cycle of an oscillator: the fixed point of the affine map of its moments.

    Strokes of fixed frequency are exact; the others take sixth-order Magnus steps.

    Args:
        strokes: one or more `GaussianStroke`s.
        steps: Magnus steps per driven stroke, static. By default 64, and for concrete strokes more
            until the tolerance is met; inside `jit`, `vmap` and `grad` it cannot depend on values.
        tolerance: largest error; 1e-9 in float64, 1e-4 in float32.
        implicit: whether driven strokes in contact take implicit steps, as for `limit_cycle`.
        resolution: samples of a driven stroke at which its frequency is looked at, static.
        throw: raise `SolverError` if the outcome is concrete and not successful.

    Returns:
        `GaussianSolution`.

    Raises:
        ValueError: no strokes, or what is no `GaussianStroke`.
        SolverError: no unique fixed point (no bath), ramps that pump the oscillator without limit,
            or a driven stroke that was not resolved.

    Source: Rezek and Kosloff, New J. Phys. 8, 83 (2006); Kosloff and Rezek, Entropy 19, 136 (2017).

    Examples:
        >>> hot = qt.machines.GaussianStroke(2.0, 30.0, 1.0, 2 / np.log(2), "hot")
        >>> cold = qt.machines.GaussianStroke(1.0, 30.0, 1.0, 1 / np.log(3), "cold")
        >>> solution = qt.machines.gaussian_limit_cycle([hot, cold])
        >>> solution.heats, solution.quenches
        ([0.5, -0.875], [-1.125, 1.5])
    """
    strokes = as_sequence("strokes", strokes, "a sequence of `GaussianStroke`s")
    if not strokes:
        raise ValueError("`strokes` must hold at least one stroke, got none.")
    for k, stroke in enumerate(strokes):
        check_instance(f"strokes[{k}]", stroke, GaussianStroke, "a `GaussianStroke`")
    if steps is not None:
        check_count("steps", steps)
        check_size("steps", steps, 6, 4)
    check_resolution(resolution)
    tolerance = as_tolerance(tolerance)

    def solve(way: Way) -> GaussianSolution:
        return _limit_cycle(strokes, way, tolerance, resolution)

    solution = resolved(solve, tolerance, steps, implicit)[1]
    if throw:
        raise_if_failed(solution)
    return solution


@eqx.filter_jit
def _limit_cycle(
    strokes: tuple[GaussianStroke, ...], way: Way, tolerance: float, resolution: int
) -> GaussianSolution:
    unit = jax.lax.stop_gradient(jnp.asarray(strokes[0].frequency(0.0)))
    maps = [_map(stroke, unit, way, tolerance, resolution) for stroke in strokes]
    total = maps[0].increment[:4]
    for stroke in maps[1:]:
        total = compose(stroke.increment[:4], total)
    core, pumped = total[1:, 1:], total[1:, 0]
    fixed = jax.lax.stop_gradient(core)
    gap = 1.0 / (jnp.linalg.norm(fixed) * jnp.linalg.norm(inv(fixed)))
    unique = gap > 500.0 * jnp.finfo(gap.dtype).eps
    start = jnp.where(unique, -solve(jnp.where(unique, core, jnp.eye(3)), pumped), jnp.nan)
    vectors, heats, works = _run(maps, jnp.concatenate([jnp.ones(1), start]))
    error = cycle_error(maps, vectors, total, np.eye(4)[0], unique, jnp.max(jnp.abs(vectors)))
    error = error + jnp.finfo(gap.dtype).eps / gap
    squares = vectors[:, 1:] * jnp.stack([1.0 / unit, unit, jnp.ones_like(unit)])
    moments = jnp.pad(squares, ((0, 0), (2, 0)))  # <x> = <p> = 0
    physical = jnp.all(jax.vmap(_is_state)(moments))
    quenches = _quenches(strokes, moments)
    residuals = _residuals(strokes, moments, unit * heats, unit * works)
    result: Any = jax.tree.map(jnp.asarray, RESULTS.successful)
    result = RESULTS.where(physical, result, RESULTS.not_a_state)
    size = unit * jnp.max(jnp.abs(vectors))
    closed = ~(jnp.max(jnp.abs(residuals)) > 10.0 * tolerance * size)
    result = RESULTS.where(closed, result, RESULTS.cycle_books_open)
    result = RESULTS.where(error <= tolerance, result, RESULTS.inaccurate)
    result = RESULTS.where(jnp.all(jnp.isfinite(vectors)), result, RESULTS.not_finite)
    result = RESULTS.where(unique, result, RESULTS.not_unique)
    result = RESULTS.where(jnp.all(jnp.isfinite(total)), result, RESULTS.not_finite)
    largest = residuals[jnp.argmax(jnp.abs(residuals))]
    ends = jnp.stack([stroke.frequency(1.0 * j) for stroke in strokes for j in (0, 1)])
    heat_error = error * size * jnp.maximum(1.0, jnp.max((ends / unit) ** 2))  # U holds w^2 <x^2>
    return GaussianSolution(
        strokes, moments, unit * heats, unit * works, quenches, largest, error, heat_error, result
    )


def _generator(stroke: GaussianStroke, unit: Real) -> Callable[[Any], Matrix]:
    """G(s) on (1, <x^2>, <p^2>, c) above the rows of heat and work."""
    tau = stroke.duration * unit

    def frequency(s: RealLike) -> Real:
        return jnp.asarray(stroke.frequency(s), unit.dtype) / unit

    def at(s: RealLike) -> Matrix:
        s = jnp.asarray(s, unit.dtype)
        w, slope = jax.jvp(frequency, (s,), (jnp.ones_like(s),))
        g, d, b, square = 0.0 * w, 0.0 * w, w, w**2
        if stroke.spectrum is not None and stroke.temperature is not None:
            if stroke.bath_frequency is not None:
                b = stroke.bath_frequency / unit
            down, up = thermal_rates(stroke.spectrum, b * unit, stroke.temperature)
            g, d = (down - up) / unit, 0.5 * (down + up) / unit
        rows = [
            [0.0, 0.0, 0.0, 0.0],
            [d / b, -g, 0.0, 2.0],
            [d * b, 0.0, -g, -2.0 * square],
            [0.0, -square, 1.0, -g],
            [0.5 * d * (b + square / b), -0.5 * g * square, -0.5 * g, 0.0],
        ]
        moved = tau * jnp.stack([jnp.stack([jnp.asarray(x, w.dtype) for x in row]) for row in rows])
        return jnp.concatenate([moved, jnp.zeros((1, 4), w.dtype).at[0, 1].set(w * slope)])

    return at


def _map(
    stroke: GaussianStroke, unit: Real, way: Way, tolerance: float, resolution: int
) -> Propagator:
    generator, one, yes = _generator(stroke, unit), jnp.ones_like(unit), jnp.asarray(True)
    if isinstance(stroke.frequency, Constant):
        w = jnp.asarray(stroke.frequency(0.0), unit.dtype) / unit
        energy = Balance(0.5 * jnp.stack([0.0 * w, w**2, jnp.ones_like(w), 0.0 * w]), (0,))
        matrix = generator(0.0)
        found = expm1_with_doubt(matrix, tolerance, balances=[energy])
        return Propagator(*found, one, yes, yes, rounded=rounding_of(matrix[None], [energy]))
    breaks = jnp.clip(breakpoints_of(stroke.frequency), 0.0, 1.0)
    edges = jnp.concatenate([jnp.zeros(1), jnp.sort(breaks), jnp.ones(1)])
    per_piece = max(2, 2 * round(way.steps / (2 * (edges.shape[0] - 1))))
    implicit = way.implicit and stroke.spectrum is not None
    longest = jnp.maximum(stroke.duration * unit, 1.0)

    def increment_of(parts: int) -> tuple[Matrix, Float[Array, " edges"]]:
        def explicit(t0: Array, t1: Array, nodes: Array) -> Matrix:
            return taylor_expm1(magnus_exponent(generator, t0, t1, nodes))

        t, step, nodes = subdivide(edges, parts), explicit, magnus_nodes
        if implicit:
            t = jnp.sort(jnp.concatenate([t, graded(edges, parts, longest).ravel()]))
            step, nodes = partial(collocation_increment, generator), collocation_nodes
        steps = jax.vmap(step)(t[:-1], t[1:], within_pieces(nodes, t, edges))
        return ordered_product(steps, jax.vmap(compose)), t

    (fine, t), (coarse, _) = increment_of(per_piece), increment_of(per_piece // 2)
    kept, other = jax.lax.stop_gradient((fine, coarse))
    doubt = (kept - other) / convergence(implicit)
    watched = Watched(lambda s: generator(s)[1:].reshape(-1) / longest, None)
    seen = look(watched, edges, tolerance / longest, resolution)
    if implicit:
        doubt = doubt + jax.lax.stop_gradient(forgotten(generator, edges, t, seen))
    lengths = jax.vmap(partial(block_length, seen))(0.5 * (t[:-1] + t[1:]))
    short = jnp.all(jnp.diff(t) <= 2.0 * lengths) & seen.finite
    rounding = jnp.finfo(kept.dtype).eps * longest
    nodes = jax.lax.stop_gradient(jax.vmap(generator)(magnus_nodes(0.0, 1.0)))
    return Propagator(fine, doubt, rounding, one, short, yes, rounded=rounding_of(nodes))


def _run(maps: list[Propagator], start: Vector) -> tuple[Array, Array, Array]:
    """Moments at the edges, heats and works of one pass through the strokes."""
    vectors, books = [start], []
    for stroke in maps:
        moved = matmul(stroke.increment, vectors[-1])
        vectors.append(vectors[-1] + moved[:4])
        books.append(moved[4:])
    return jnp.stack(vectors), *jnp.stack(books).T


def _is_state(moments: Float[Array, " 5"]) -> Array:
    """Whether moments are those of a state: a symplectic eigenvalue of 1/2 at least."""
    square, spread = _symplectic_square(moments)
    return (spread > 0.0) & (square > 0.25 * (1.0 - 1e-6))


def _symplectic_square(moments: Float[Array, " 5"]) -> tuple[Real, Real]:
    x, p, xx, pp, c = moments
    spread = xx - x**2
    return spread * (pp - p**2) - (c - x * p) ** 2, spread


@checked
def gaussian_entropy(moments: Float[Array, " 5"]) -> Real:
    """S = (v + 1/2) ln(v + 1/2) - (v - 1/2) ln(v - 1/2), v the symplectic eigenvalue.

    Args:
        moments: (<x>, <p>, <x^2>, <p^2>, <xp + px>/2), (5,).

    Returns:
        In nats; 0 for pure states, where its derivative is infinite.

    Examples:
        >>> qt.machines.gaussian_entropy(jnp.array([0.0, 0.0, 1.5, 1.5, 0.0])), 2 * jnp.log(2)
        (1.386, 1.386)
    """
    v = jnp.sqrt(jnp.maximum(_symplectic_square(moments)[0], 0.25))
    return xlogy(v + 0.5, v + 0.5) - xlogy(v - 0.5, v - 0.5)


@checked
def gaussian_energy(moments: Float[Array, " 5"], frequency: RealLike) -> Real:
    """<p^2>/2 + w^2 <x^2>/2.

    Args:
        moments: (<x>, <p>, <x^2>, <p^2>, <xp + px>/2), (5,).
        frequency: w.

    Examples:
        >>> qt.machines.gaussian_energy(jnp.array([0.0, 0.0, 0.25, 1.0, 0.0]), 2.0)
        1.0
    """
    return 0.5 * (moments[3] + frequency**2 * moments[2])


def _quenches(
    strokes: tuple[GaussianStroke, ...], moments: Float[Array, "edges 5"]
) -> Float[Array, " strokes"]:
    """The work of the jump of w after every stroke."""
    following = strokes[1:] + strokes[:1]
    return jnp.stack(
        [
            0.5 * (after.frequency(0.0) ** 2 - this.frequency(1.0) ** 2) * m[2]
            for this, after, m in zip(strokes, following, moments[1:], strict=True)
        ]
    )


def _residuals(
    strokes: tuple[GaussianStroke, ...], moments: Any, heats: Any, works: Any
) -> Float[Array, " strokes"]:
    found = []
    for k, stroke in enumerate(strokes):
        first, last = (
            gaussian_energy(moments[k + j], stroke.frequency(jnp.asarray(1.0 * j))) for j in (0, 1)
        )
        found.append(last - first - heats[k] - works[k])
    return jnp.stack(found)
