"""The Otto cycle of a harmonic oscillator: by moments, exactly, or with a number of levels."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import as_complex, as_entries, as_positive, check_count, check_size
from .._types import Operator, Real, RealLike
from ..algebra.operators import create, destroy, number
from ..algebra.states import warn_if_truncated
from ..dynamics.hamiltonians import Driven
from ..dynamics.local_bath import LocalBath
from ..dynamics.open_system import OpenSystem
from ..dynamics.ramps import Between
from ..dynamics.schedules import AbstractSchedule, Schedule, breakpoints_of, degree_of, jumps_of
from ..dynamics.spectra import as_spectrum
from .gaussian import GaussianStroke
from .otto import ramps_of, warn_unless_hotter
from .stroke import Cycle, Stroke

DURATIONS = ("hot isochore", "expansion", "cold isochore", "compression")


@checked
def oscillator_otto(
    frequencies: Any,
    *,
    temperatures: Any,
    rate: Any,
    durations: Any,
    ramps: tuple[Any, Any] | None = None,
) -> tuple[GaussianStroke, ...]:
    """An Otto cycle of H = p^2/2 + w(t)^2 x^2/2, for `gaussian_limit_cycle`.

    Isochores at fixed w under a bath with rates gamma (n + 1) and gamma n on the lowering operator
    of that w; closed ramps w = w_first + progress(s) (w_last - w_first). Slow ramps and long
    isochores give Q_h = w_h (n_h - n_c) and eta = 1 - w_c/w_h; sudden ones Q* = (w_c^2 +
    w_h^2)/(2 w_c w_h) (docs/physics.md).

    Args:
        frequencies: (w_c, w_h), > 0.
        temperatures: (T_c, T_h), >= 0.
        rate: gamma, a number or a spectrum.
        durations: (hot isochore, expansion, cold isochore, compression), >= 0.
        ramps: (expansion, compression) functions from scaled time in [0, 1] to progress from 0 to
            1; straight by default.

    Returns:
        Four `GaussianStroke`s.

    Raises:
        ValueError: a frequency that is not positive, a negative temperature or duration, or a wrong
            number of them.

    Source: Rezek and Kosloff, New J. Phys. 8, 83 (2006).

    Examples:
        >>> strokes = qt.machines.oscillator_otto(
        ...     (1.0, 2.0), temperatures=(0.5, 4.0), rate=1.0, durations=(20.0, 1.0, 20.0, 1.0)
        ... )
        >>> [stroke.frequency(0.5) for stroke in strokes]
        [2.0, 1.5, 1.0, 1.5]
    """
    (cold, hot), (t_cold, t_hot), times, ways = _parts(frequencies, temperatures, durations, ramps)
    return (
        GaussianStroke(hot, times[0], rate, t_hot, "hot"),
        GaussianStroke(Between(hot, cold, ways[0]), times[1]),
        GaussianStroke(cold, times[2], rate, t_cold, "cold"),
        GaussianStroke(Between(cold, hot, ways[1]), times[3]),
    )


@checked
def truncated_oscillator_otto(
    levels: int,
    frequencies: Any,
    *,
    temperatures: Any,
    rate: Any,
    durations: Any,
    ramps: tuple[Any, Any] | None = None,
) -> Cycle:
    """The same cycle with so many levels of the oscillator of frequency w_c kept.

    The state is a density matrix, so every diagnostic of a `Cycle` is there; moments and books are
    wrong by what is cut off, which `qtjax.algebra.truncation_population` of the states tells.

    Args:
        levels: d, static; a warning says where it is too small for one of the temperatures.
        frequencies: as for `oscillator_otto`.
        temperatures: as for `oscillator_otto`.
        rate: as for `oscillator_otto`.
        durations: as for `oscillator_otto`.
        ramps: as for `oscillator_otto`.

    Returns:
        `Cycle`.

    Raises:
        ValueError: as for `oscillator_otto`, or fewer than two levels.

    Examples:
        >>> cycle = qt.machines.truncated_oscillator_otto(
        ...     12, (1.0, 2.0), temperatures=(0.1, 0.2), rate=1.0, durations=(9.0, 1.0, 9.0, 1.0)
        ... )
        >>> cycle.strokes[2].energy(0.0).diagonal()[:3].real
        [0.5, 1.5, 2.5]
    """
    check_count("levels", levels, 2)
    check_size("levels", levels, levels)
    (cold, hot), found, times, ways = _parts(frequencies, temperatures, durations, ramps)
    for w, t in zip((cold, hot), found, strict=True):
        warn_if_truncated(w * number(levels), t)
    kinetic, potential = _quadratures(levels)  # p^2/2 and x^2/2 in units of w_c
    spectrum = as_spectrum(rate)

    def isochore(w: Real, temperature: Real) -> OpenSystem:
        h = cold * kinetic + (w**2 / cold) * potential
        return OpenSystem(h, LocalBath(_lowering(levels, w / cold), w, temperature, spectrum))

    def ramp(first: Real, last: Real, way: Schedule) -> OpenSystem:
        square = Squared(Between(first, last, way))
        return OpenSystem(Driven([(cold, kinetic), (square, potential / cold)]))

    return Cycle(
        (
            Stroke(isochore(hot, found[1]), times[0], contact="hot"),
            Stroke(ramp(hot, cold, ways[0]), times[1]),
            Stroke(isochore(cold, found[0]), times[2], contact="cold"),
            Stroke(ramp(cold, hot, ways[1]), times[3]),
        )
    )


class Squared(AbstractSchedule):
    """The square of a schedule.

    Args:
        schedule: of scaled time.
    """

    schedule: Schedule

    def __call__(self, t: RealLike) -> Real:
        return self.schedule(t) ** 2

    @property
    def degree(self) -> int | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        known = degree_of(self.schedule)
        return None if known is None else 2 * known

    def breakpoints(self) -> Float[Array, " breaks"]:
        return breakpoints_of(self.schedule)

    def jumps(self) -> Float[Array, " jumps"]:
        return jumps_of(self.schedule)


def _parts(frequencies: Any, temperatures: Any, durations: Any, ramps: Any) -> tuple[Any, ...]:
    """Checked pairs (cold, hot), the four durations and the two ways."""
    pair = [
        as_positive(f"frequencies[{k}]", w, "it is that of an oscillator.")
        for k, w in enumerate(as_entries("frequencies", frequencies, ("cold", "hot")))
    ]
    found = as_entries("temperatures", temperatures, ("cold", "hot"))
    warn_unless_hotter(*found)
    ways = ramps_of(ramps)
    return pair, found, as_entries("durations", durations, DURATIONS), ways


def _quadratures(levels: int) -> tuple[Operator, Operator]:
    """p^2/2 and x^2/2 of an oscillator of frequency 1, cut after they were squared."""
    n = np.arange(levels)
    pair = np.diag(np.sqrt(n[2:] * (n[2:] - 1.0)), 2)
    pair, rest = pair + pair.T, np.diag(2.0 * n + 1.0)
    return as_complex(0.25 * (rest - pair)), as_complex(0.25 * (rest + pair))


def _lowering(levels: int, ratio: Real) -> Operator:
    """The lowering operator of another frequency, in units of that of the levels."""
    root = jnp.sqrt(ratio)
    more, less = 0.5 * (root + 1.0 / root), 0.5 * (root - 1.0 / root)
    return more * destroy(levels) + less * create(levels)
