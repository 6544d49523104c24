"""Schedules: scalar functions of time, as Equinox modules whose leaves are the parameters.

A new drive is one class here with a `__call__(t)`. Any other callable t -> scalar is accepted
wherever a schedule is.
"""

import abc
from collections.abc import Callable
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checks import (
    as_finite,
    as_scalar,
    as_vector,
    called,
    check_final,
    check_increasing,
    is_concrete,
    is_function,
    is_own,
    traced,
)
from .._describe import one_line
from .._precise import matmul
from .._types import Real, RealLike


class AbstractSchedule(eqx.Module):
    """A real function of time, smooth between its breakpoints.

    A class of your own defines `__call__`. Between the times at which it is called nothing is known
    of it, so it is looked at as any function of time is. `breakpoints` and `jumps` are optional.

    `degree`, of the schedules here, is that of the polynomial between the breakpoints, `None` where
    there is none: integrators that expand in time then expand it exactly. One that is declared by
    another's class is not used.

    Examples:
        >>> class Pulse(qt.AbstractSchedule):
        ...     height: float
        ...     def __call__(self, t):
        ...         return self.height * jnp.exp(-(t**2))
        >>> qt.Driven([(Pulse(2.0), qt.sigmax())])(0.0)[0, 1].real
        2.0
    """

    degree: ClassVar[int | None] = None

    @abc.abstractmethod
    def __call__(self, t: RealLike) -> Real:
        """The value at time t (a scalar)."""

    def breakpoints(self) -> Float[Array, " breaks"]:
        """Times where the value or a derivative jumps; integrators put step edges there."""
        return jnp.zeros(0)

    def jumps(self) -> Float[Array, " jumps"]:
        """Times where the value itself jumps (to its value there), which does work at once."""
        return jnp.zeros(0)

    def __repr__(self) -> str:
        return one_line(self)


class Constant(AbstractSchedule):
    """The same value at all times.

    Args:
        value: scalar.

    Examples:
        >>> qt.Constant(2.0)(5.0)
        2.0
    """

    degree: ClassVar[int | None] = 0
    value: Real

    def __init__(self, value: RealLike):
        self.value = as_scalar("value", value)

    def __call__(self, t: RealLike) -> Real:
        return self.value


class Linear(AbstractSchedule):
    """A straight line from `start` at `t0` to `stop` at `t1` (continued beyond both).

    Args:
        start: value at t0.
        stop: value at t1.
        t0: first time.
        t1: last time, > t0.

    Raises:
        ValueError: t1 <= t0.

    Examples:
        >>> qt.Linear(1.0, 3.0, t0=0.0, t1=4.0)(2.0)
        2.0
    """

    degree: ClassVar[int | None] = 1
    start: Real
    stop: Real
    t0: Real
    t1: Real

    def __init__(self, start: RealLike, stop: RealLike, t0: RealLike = 0.0, t1: RealLike = 1.0):
        self.start, self.stop = as_scalar("start", start), as_scalar("stop", stop)
        self.t0, self.t1 = as_interval(t0, t1)

    def __call__(self, t: RealLike) -> Real:
        return self.start + (self.stop - self.start) * (t - self.t0) / (self.t1 - self.t0)


class Polynomial(AbstractSchedule):
    """sum_k c_k s^k with s = (t - t0)/(t1 - t0).

    Args:
        coefficients: c_0, c_1, ..., (terms,).
        t0: time of s = 0.
        t1: time of s = 1, > t0.

    Raises:
        ValueError: `coefficients` is not a vector of at least one, or t1 <= t0.

    Examples:
        >>> qt.Polynomial([1.0, 0.0, 2.0])(3.0)
        19.0
    """

    coefficients: Float[Array, " terms"]
    t0: Real
    t1: Real

    def __init__(self, coefficients: Any, t0: RealLike = 0.0, t1: RealLike = 1.0):
        self.coefficients = as_vector("coefficients", coefficients, 1)
        self.t0, self.t1 = as_interval(t0, t1)

    @property
    def degree(self) -> int | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.coefficients.shape[0] - 1

    def __call__(self, t: RealLike) -> Real:
        s = (t - self.t0) / (self.t1 - self.t0)
        value = self.coefficients[-1]
        for coefficient in self.coefficients[-2::-1]:
            value = value * s + coefficient
        return value


class Smooth(AbstractSchedule):
    """The quintic s^3 (10 - 15 s + 6 s^2) from `start` to `stop`: flat at both ends.

    Args:
        start: value at and before t0.
        stop: value at and after t1.
        t0: first time.
        t1: last time, > t0.

    Raises:
        ValueError: t1 <= t0.

    Examples:
        >>> ramp = qt.Smooth(1.0, 3.0)
        >>> ramp(-1.0), ramp(0.5), ramp(2.0)
        (1.0, 2.0, 3.0)
    """

    degree: ClassVar[int | None] = 5
    start: Real
    stop: Real
    t0: Real
    t1: Real

    def __init__(self, start: RealLike, stop: RealLike, t0: RealLike = 0.0, t1: RealLike = 1.0):
        self.start, self.stop = as_scalar("start", start), as_scalar("stop", stop)
        self.t0, self.t1 = as_interval(t0, t1)

    def __call__(self, t: RealLike) -> Real:
        s = jnp.clip((t - self.t0) / (self.t1 - self.t0), 0.0, 1.0)
        return self.start + (self.stop - self.start) * s**3 * (10.0 + s * (6.0 * s - 15.0))

    def breakpoints(self) -> Float[Array, " breaks"]:
        return jnp.stack([self.t0, self.t1])


class PiecewiseConstant(AbstractSchedule):
    """values[0] before times[0], values[k] between times[k-1] and times[k], values[-1] at the end.

    Args:
        times: increasing switching times, (breaks,).
        values: one more than there are times, (breaks + 1,).

    Raises:
        ValueError: times that do not increase, or a wrong number of values.

    Examples:
        >>> pulse = qt.PiecewiseConstant([1.0, 2.0], [0.0, 5.0, 0.0])
        >>> pulse(0.5), pulse(1.5), pulse(2.5)
        (0.0, 5.0, 0.0)
    """

    degree: ClassVar[int | None] = 0
    times: Float[Array, " breaks"]
    values: Float[Array, " pieces"]

    def __init__(self, times: Any, values: Any):
        self.times, self.values = as_vector("times", times, 1), as_vector("values", values)
        check_increasing("times", self.times)
        if self.values.shape != (self.times.shape[0] + 1,):
            raise ValueError(
                f"`values` must have one entry more than `times` ({self.times.shape[0] + 1}), "
                f"got shape {self.values.shape}."
            )
        if not is_concrete(self.times):
            ordered = jnp.all(jnp.diff(self.times) >= 0.0)
            self.values = jnp.where(ordered, self.values, jnp.nan)

    def __call__(self, t: RealLike) -> Real:
        return self.values[jnp.searchsorted(self.times, t, side="right")]

    def breakpoints(self) -> Float[Array, " breaks"]:
        return self.times

    def jumps(self) -> Float[Array, " jumps"]:
        return self.times


class Fourier(AbstractSchedule):
    """offset + sum_k a_k cos(k w t) + b_k sin(k w t), k = 1, 2, ...

    Args:
        offset: the mean value.
        cosines: a_k, (harmonics,).
        sines: b_k, (harmonics,).
        frequency: the base angular frequency w.

    Raises:
        ValueError: `cosines` and `sines` of different length.

    Examples:
        >>> drive = qt.Fourier(1.0, [0.5], [0.2], frequency=jnp.pi)
        >>> drive(0.0), drive(0.5), drive(1.0)
        (1.5, 1.2, 0.5)
    """

    offset: Real
    cosines: Float[Array, " harmonics"]
    sines: Float[Array, " harmonics"]
    frequency: Real

    def __init__(self, offset: RealLike, cosines: Any, sines: Any, frequency: RealLike):
        self.offset, self.frequency = as_scalar("offset", offset), as_scalar("frequency", frequency)
        self.cosines, self.sines = as_vector("cosines", cosines), as_vector("sines", sines)
        if self.cosines.shape != self.sines.shape:
            raise ValueError(
                "`cosines` and `sines` must be vectors of the same length, got shapes "
                f"{self.cosines.shape} and {self.sines.shape}; pad the shorter one with zeros."
            )

    def __call__(self, t: RealLike) -> Real:
        phase = self.frequency * t * jnp.arange(1, self.cosines.shape[0] + 1)
        even, odd = matmul(self.cosines, jnp.cos(phase)), matmul(self.sines, jnp.sin(phase))
        return self.offset + even + odd


class Stretched(eqx.Module):
    """A function of scaled time s = t/duration, in time: any schedule, or a function of operators.

    Args:
        function: of scaled time.
        duration: > 0.
    """

    function: Callable[[Any], Any]
    duration: Real

    def __call__(self, t: RealLike) -> Any:
        return self.function(t / self.duration)

    @property
    def degree(self) -> int | None:
        """As of the function."""
        return degree_of(self.function)

    def breakpoints(self) -> Float[Array, " breaks"]:
        """In time."""
        return self.duration * breakpoints_of(self.function)

    def jumps(self) -> Float[Array, " jumps"]:
        """In time."""
        return self.duration * jumps_of(self.function)


Schedule = AbstractSchedule | Callable[[Any], Any]


def as_schedule(name: str, value: Any) -> Schedule:
    """`value` itself if it is a function of time, else the `Constant` of that number.

    Raises:
        ValueError: neither a real number nor a function of time that returns one.
    """
    if not is_function(value):
        return Constant(as_scalar(name, value))
    if not is_own(value):
        _check_schedule(name, value)
    return value


def _check_schedule(name: str, schedule: Schedule) -> None:
    """Raise unless a function of time, or another's class, returns a real number."""
    check_final(name, schedule, AbstractSchedule)
    found = traced(name, schedule, lambda out: as_finite(f"{name}(t)", out, "a real number"))
    remedy = None
    if found.shape != ():
        remedy = "give one schedule for each operator"
    elif jnp.issubdtype(found.dtype, jnp.complexfloating):
        remedy = "give real and imaginary part as two schedules of two Hermitian operators"
    elif not jnp.issubdtype(found.dtype, jnp.floating):
        remedy = "write `1.0` in place of `1`, or convert it with `.astype(float)`"
    if remedy is not None:
        raise ValueError(
            f"`{name}` ({called(schedule)}) must return one real number of floating type at every "
            f"time, but its shape is {found.shape} and its dtype {found.dtype}; {remedy}."
        )
    if isinstance(schedule, AbstractSchedule):
        for times in (schedule.breakpoints, schedule.jumps):
            if len(shape := jnp.shape(times())) != 1:
                raise ValueError(
                    f"`{name}` ({called(schedule)}): `{times.__name__}` must return a vector of "
                    f"times, got shape {shape}."
                )


def degree_of(schedule: Schedule) -> int | None:
    """The degree of a schedule between its breakpoints; none is known of others' functions.

    What another's class says of its own degree is not taken: a wrong one would be a wrong result.
    """
    known = isinstance(schedule, AbstractSchedule | Stretched) and is_own(schedule)
    return schedule.degree if known else None


def breakpoints_of(schedule: Schedule) -> Float[Array, " breaks"]:
    """The breakpoints of a schedule; none are known of other callables."""
    known = isinstance(schedule, AbstractSchedule | Stretched)
    return schedule.breakpoints() if known else jnp.zeros(0)


def jumps_of(schedule: Schedule) -> Float[Array, " jumps"]:
    """The jumps of a schedule; none are known of other callables."""
    known = isinstance(schedule, AbstractSchedule | Stretched)
    return schedule.jumps() if known else jnp.zeros(0)


def as_interval(t0: RealLike, t1: RealLike) -> tuple[Real, Real]:
    """Two times as scalars.

    Raises:
        ValueError: t1 <= t0.
    """
    t0, t1 = as_scalar("t0", t0), as_scalar("t1", t1)
    if is_concrete(t0, t1) and not t1 > t0:
        raise ValueError(f"`t1` must be later than `t0`, got t0 = {t0}, t1 = {t1}.")
    return t0, t1
