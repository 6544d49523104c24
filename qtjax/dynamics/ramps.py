"""Ramps: progress between two values, back again, in sines, and at constant adiabaticity."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checks import (
    as_complex,
    as_positive,
    as_scalar,
    as_vector,
    called,
    check_hermitian,
    is_concrete,
)
from .._precise import matmul
from .._types import OperatorLike, Real, RealLike
from .schedules import (
    AbstractSchedule,
    Schedule,
    as_schedule,
    breakpoints_of,
    degree_of,
    jumps_of,
)


class Between(AbstractSchedule):
    """start + progress(s) (stop - start).

    Args:
        start: value at progress 0.
        stop: value at progress 1.
        progress: a `Ramp`, a schedule or a callable from scaled time to progress.

    Raises:
        ValueError: what is no finite number, or a progress that is no function of time.

    Examples:
        >>> gap = qt.dynamics.Between(1.0, 3.0, qt.Smooth(0.0, 1.0))
        >>> gap(0.0), gap(0.5), gap(1.0)
        (1.0, 2.0, 3.0)
    """

    start: Real
    stop: Real
    progress: Schedule

    def __init__(self, start: RealLike, stop: RealLike, progress: Schedule):
        self.start, self.stop = as_scalar("start", start), as_scalar("stop", stop)
        self.progress = as_schedule("progress", progress)

    def __call__(self, t: RealLike) -> Real:
        return self.start + (self.stop - self.start) * self.progress(t)

    @property
    def degree(self) -> int | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        return degree_of(self.progress)

    def breakpoints(self) -> Float[Array, " breaks"]:
        return breakpoints_of(self.progress)

    def jumps(self) -> Float[Array, " jumps"]:
        return jumps_of(self.progress)


class Reversed(AbstractSchedule):
    """1 - progress(1 - s): the way back, in time reversed.

    If H goes from A to B by a progress, it goes from B to A through the same operators by the
    reversed one; both ramps of a symmetric machine are `(ramp, Reversed(ramp))`.

    Args:
        progress: a `Ramp`, a schedule or a callable from scaled time to progress, without jumps.

    Raises:
        ValueError: a progress that is no function of time, or one that jumps.

    Examples:
        >>> ramp = qt.Ramp([0.8])
        >>> ramp(0.5), qt.dynamics.Reversed(ramp)(0.5)
        (0.8, 0.2)
    """

    progress: Schedule

    def __init__(self, progress: Schedule):
        self.progress = as_schedule("progress", progress)
        if jumps_of(self.progress).shape[0]:
            raise ValueError(
                f"`progress` ({called(progress)}) jumps, so its reverse has the other value at the "
                "jump; reverse its times and values yourself: "
                "`PiecewiseConstant(1 - times[::-1], 1 - values[::-1])`."
            )

    def __call__(self, t: RealLike) -> Real:
        return 1.0 - self.progress(1.0 - t)

    @property
    def degree(self) -> int | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        return degree_of(self.progress)

    def breakpoints(self) -> Float[Array, " breaks"]:
        return 1.0 - breakpoints_of(self.progress)[::-1]


class FourierRamp(AbstractSchedule):
    """s + sum_k b_k sin(k pi s), k = 1, 2, ...: progress with both ends pinned, all smooth.

    Args:
        sines: b_k, (harmonics,); zeros are the straight ramp, large ones overshoot.

    Raises:
        ValueError: `sines` is not a vector.

    Examples:
        >>> progress = qt.dynamics.FourierRamp([0.1])
        >>> progress(0.0), progress(0.5), progress(1.0)
        (0.0, 0.6, 1.0)
    """

    sines: Float[Array, " harmonics"]

    def __init__(self, sines: Any):
        self.sines = as_vector("sines", sines)

    def __call__(self, t: RealLike) -> Real:
        harmonics = np.pi * np.arange(1, self.sines.shape[0] + 1)
        return jnp.asarray(t) + matmul(self.sines, jnp.sin(t * harmonics))


class ConstantAdiabaticity(AbstractSchedule):
    """Progress from 0 to 1 of a qubit's Hamiltonian at constant adiabatic parameter.

    On the way H = first + progress (last - first) its axis turns by an angle theta at the rate
    theta' = mu gap with one mu all along: slow where the gap is small. With D the smallest gap of
    the line through both and x(progress) the coordinate along it, gap^2 = D^2 + x^2 and
    x/gap = -cos(theta) is linear in time. Where first and last commute the straight line remains.

    Args:
        first: Hamiltonian at s = 0, Hermitian, (2, 2).
        last: Hamiltonian at s = 1.

    Raises:
        ValueError: what is no Hermitian operator of a qubit, Hamiltonians whose gaps are the same
            operator, or whose gap closes on the way.

    Source: Kosloff and Feldmann, Phys. Rev. E 65, 055102 (2002).

    Examples:
        >>> first, last = qt.sigmax() - qt.sigmaz(), qt.sigmax() + qt.sigmaz()
        >>> progress = qt.dynamics.ConstantAdiabaticity(first, last)
        >>> progress(0.25), progress(0.5), 0.5 - 0.5 / jnp.sqrt(7)
        (0.311, 0.5, 0.311)
    """

    first: Float[Array, " 3"]
    last: Float[Array, " 3"]

    def __init__(self, first: OperatorLike, last: OperatorLike):
        check_hermitian("first", first, 2)
        check_hermitian("last", last, 2)
        a, b = _axis(first), _axis(last)
        if is_concrete(a, b):
            size = max(np.max(np.abs(a)), np.max(np.abs(b)))
            if np.max(np.abs(a - b)) <= 1e-12 * size:
                raise ValueError("`last` must differ from `first`, or there is nothing to ramp.")
            apart = np.linalg.norm(np.cross(a, b)) / np.linalg.norm(b - a)
            if np.dot(a, b) <= 0.0 and apart <= 1e-12 * size:
                raise ValueError(
                    "`first` and `last` must not join through a gap of 0: there no ramp is "
                    "adiabatic; add a coupling between the two levels."
                )
        self.first, self.last = a, b

    def __call__(self, t: RealLike) -> Real:
        a, b = self.first, self.last
        unit = jax.lax.stop_gradient(jnp.maximum(jnp.max(jnp.abs(a)), jnp.max(jnp.abs(b))))
        a, b = a / unit, b / unit
        length = jnp.sqrt(jnp.sum((b - a) ** 2))
        along = (b - a) / length
        x0, x1 = jnp.sum(a * along), jnp.sum(b * along)
        least = jnp.sum((a - x0 * along) ** 2)  # D^2, in units of the squared half gap
        c0, c1 = x0 / jnp.sqrt(least + x0**2), x1 / jnp.sqrt(least + x1**2)
        commute = least <= jnp.finfo(least.dtype).eps ** 2
        square = jnp.where(commute, 1.0, 1.0 - (c0 + (c1 - c0) * t) ** 2)
        x = jnp.sqrt(jnp.where(commute, 1.0, least)) * (c0 + (c1 - c0) * t) / jnp.sqrt(square)
        return jnp.where(commute, t, (x - x0) / (x1 - x0))


class Reciprocal(AbstractSchedule):
    """The frequency w(s) of an oscillator from `start` to `stop` with 1/w a straight line.

    Its adiabatic parameter w'/w^2 is the same all along: (1/start - 1/stop)/duration. Continued by
    the values at both ends.

    Args:
        start: frequency at s = 0, > 0.
        stop: frequency at s = 1, > 0.

    Raises:
        ValueError: a frequency that is not positive.

    Source: Rezek and Kosloff, New J. Phys. 8, 83 (2006).

    Examples:
        >>> frequency = qt.dynamics.Reciprocal(1.0, 2.0)
        >>> frequency(0.0), 1 / frequency(0.5), frequency(1.0)
        (1.0, 0.75, 2.0)
    """

    start: Real
    stop: Real

    def __init__(self, start: RealLike, stop: RealLike):
        remedy = "it is the frequency of an oscillator."
        self.start = as_positive("start", start, remedy)
        self.stop = as_positive("stop", stop, remedy)

    def __call__(self, t: RealLike) -> Real:
        s = jnp.clip(t, 0.0, 1.0)
        return self.start / (1.0 - s + s * self.start / self.stop)

    def breakpoints(self) -> Float[Array, " breaks"]:
        return jnp.asarray([0.0, 1.0])


def _axis(hamiltonian: OperatorLike) -> Float[Array, " 3"]:
    """h of h_0 + h.sigma."""
    a = as_complex(hamiltonian)
    return jnp.stack([a[0, 1].real, -a[0, 1].imag, 0.5 * (a[0, 0] - a[1, 1]).real])
