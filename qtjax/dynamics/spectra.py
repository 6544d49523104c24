"""Bath spectra and thermal rates, right at T -> 0, at omega -> 0 and in every unit of energy.

A spectrum is any callable omega -> gamma(omega) >= 0; detailed balance is made by `thermal_rates`.
With C(t) = <B(t) B(0)> the bath's correlation function of a coupling A x B (hbar = 1) and J its
spectral density, C(t) = (1/pi) int_0^inf dw J(w) (coth(w/2T) cos wt - i sin wt),

    gamma(w) = 2 J(w),    int dt exp(iwt) C(t) = gamma(w) (n(w) + 1),

so gamma (n + 1) and gamma n are the rates of the jump operators A(w) and A(w)^+. docs/physics.md
has a table of what others call J, S, lambda, gamma and alpha.
"""

import abc
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .._checked import checked
from .._checks import (
    as_numbers,
    as_positive,
    as_real,
    as_scalar,
    check_increasing,
    check_no_nan,
    check_nonnegative,
    concretely,
    is_concrete,
    is_function,
    nan_below_zero,
    nan_unless,
    real_numbers,
)
from .._compiled import compiled
from .._describe import one_line
from .._types import Real, RealLike

Spectrum = Callable[[Any], Any]
_BERNOULLI = (12, -691 / 2730), (10, 5 / 66), (8, -1 / 30), (6, 1 / 42), (4, -1 / 30), (2, 1 / 6)


class AbstractSpectrum(eqx.Module):
    """The coupling strength gamma(omega) of a bath, as a module with parameters.

    Where a gap crosses zero gamma is asked for omega < 0 too: there it must be odd, as
    gamma(omega) = 2 J(omega) is, or the rates are nan.

    Examples:
        >>> class Cubic(qt.AbstractSpectrum):
        ...     strength: float
        ...     def __call__(self, omega):
        ...         return self.strength * omega**3
        >>> qt.dynamics.thermal_rates(Cubic(0.1), 2.0, 0.0)
        (0.8, 0.0)
    """

    @abc.abstractmethod
    def __call__(self, omega: RealLike) -> Real:
        """gamma(omega), in units of energy; >= 0 for omega > 0."""

    @property
    def frequency_scale(self) -> Real | None:
        """The scale on which gamma changes away from omega = 0; `None`, the default, if unknown."""
        return None

    def __repr__(self) -> str:
        return one_line(self)


class Flat(AbstractSpectrum):
    """gamma(omega) = rate.

    Not odd: a gap must not cross zero under a flat spectrum, where its rates diverge.

    Args:
        rate: >= 0.

    Raises:
        ValueError: a negative rate.

    Examples:
        >>> qt.dynamics.thermal_rates(qt.Flat(0.1), 1.0, 1 / np.log(2))
        (0.2, 0.1)
    """

    rate: Real

    def __init__(self, rate: RealLike):
        check_nonnegative("rate", rate, "use `Lindblad` for generators with negative rates.")
        self.rate = as_real("rate", rate)

    def __call__(self, omega: RealLike) -> Real:
        return self.rate

    @property
    def frequency_scale(self) -> Real:
        return jnp.asarray(jnp.inf)


class Ohmic(AbstractSpectrum):
    """gamma(omega) = strength * omega * exp(-|omega|/cutoff) = 2 J(omega).

    The factor 2: with J(omega) = alpha omega exp(-omega/wc), as in QuTiP, strength = 2 alpha. Take
    `Ohmic.from_qutip(alpha, wc)`, or every rate is halved.

    Args:
        strength: dimensionless coupling, >= 0.
        cutoff: cutoff frequency, > 0; infinite by default.

    Raises:
        ValueError: a negative strength or a cutoff that is not positive.

    Examples:
        >>> qt.Ohmic(0.1)(2.0), qt.Ohmic.from_qutip(0.1, jnp.inf)(2.0)
        (0.2, 0.4)
    """

    strength: Real
    cutoff: Real

    def __init__(self, strength: RealLike, cutoff: RealLike = jnp.inf):
        check_nonnegative("strength", strength, "a bath cannot couple with a negative strength.")
        self.strength, self.cutoff = as_real("strength", strength), as_cutoff(cutoff)

    def __call__(self, omega: RealLike) -> Real:
        return self.strength * omega * jnp.exp(-jnp.abs(omega) / self.cutoff)

    @property
    def frequency_scale(self) -> Real:
        return self.cutoff

    @classmethod
    def from_qutip(cls, alpha: RealLike, wc: RealLike) -> "Ohmic":
        """That of QuTiP's `OhmicEnvironment(T, alpha, wc, s=1)`: J = alpha omega exp(-omega/wc)."""
        return cls(2.0 * as_real("alpha", alpha), wc)

    @classmethod
    def from_caldeira_leggett(cls, friction: RealLike, cutoff: RealLike = jnp.inf) -> "Ohmic":
        """That of J = pi/2 sum_k c_k^2/(m_k w_k) delta(w - w_k) = friction w exp(-w/cutoff).

        The coupling operator is the coordinate x; the classical equation has the force
        -friction dx/dt. In the spin-boson model of Leggett et al., with the coupling sigma_z/2 q_0
        and J = 2 pi alpha w, friction = 2 pi alpha for sigma_z/2 and pi alpha/2 for sigma_z.
        """
        return cls(2.0 * as_real("friction", friction), cutoff)


class DrudeLorentz(AbstractSpectrum):
    """gamma(omega) = strength * omega / (1 + (omega/cutoff)^2) = 2 J(omega).

    Args:
        strength: dimensionless coupling at low frequencies, >= 0.
        cutoff: cutoff frequency, > 0.

    Raises:
        ValueError: a negative strength or a cutoff that is not positive.

    Examples:
        >>> qt.DrudeLorentz(0.1, 2.0)(2.0)
        0.1
    """

    strength: Real
    cutoff: Real

    def __init__(self, strength: RealLike, cutoff: RealLike):
        check_nonnegative("strength", strength, "a bath cannot couple with a negative strength.")
        self.strength, self.cutoff = as_real("strength", strength), as_cutoff(cutoff)

    def __call__(self, omega: RealLike) -> Real:
        return self.strength * omega / (1.0 + (omega / self.cutoff) ** 2)

    @property
    def frequency_scale(self) -> Real:
        return self.cutoff

    @classmethod
    def from_qutip(cls, lam: RealLike, gamma: RealLike) -> "DrudeLorentz":
        """That of J = 2 lam gamma w/(gamma^2 + w^2): QuTiP's `DrudeLorentzEnvironment`, HEOM."""
        return cls(4.0 * as_real("lam", lam) / as_real("gamma", gamma), gamma)


class PowerLaw(AbstractSpectrum):
    """gamma(omega) = strength omega |omega/cutoff|^(s - 1) exp(-|omega|/cutoff) = 2 J(omega).

    Sub-Ohmic for an exponent s < 1, super-Ohmic for s > 1; at s = 1 it is `Ohmic`. Odd in omega.

    Args:
        strength: dimensionless coupling, >= 0.
        cutoff: cutoff frequency, > 0 and finite.
        exponent: s > 0.

    Raises:
        ValueError: a negative strength, a cutoff or an exponent that is not positive and finite.

    Source: Leggett et al., Rev. Mod. Phys. 59, 1 (1987).

    Examples:
        >>> qt.dynamics.PowerLaw(0.1, cutoff=5.0, exponent=3.0)(5.0), 0.5 * jnp.exp(-1)
        (0.1839, 0.1839)
    """

    strength: Real
    cutoff: Real
    exponent: Real

    def __init__(self, strength: RealLike, cutoff: RealLike, exponent: RealLike):
        check_nonnegative("strength", strength, "a bath cannot couple with a negative strength.")
        self.strength = as_real("strength", strength)
        self.cutoff = as_positive("cutoff", cutoff, "the power law is in units of it.")
        self.exponent = as_positive("exponent", exponent, "gamma must vanish at omega = 0.")

    def __call__(self, omega: RealLike) -> Real:
        size = jnp.abs(omega) / self.cutoff
        above = size > 0.0
        power = jnp.where(above, size, 1.0) ** self.exponent * jnp.exp(-size)
        gamma = self.strength * self.cutoff * jnp.where(above, power, 0.0)
        return jnp.where(jnp.asarray(omega) < 0, -gamma, gamma)

    @property
    def frequency_scale(self) -> Real:
        return self.cutoff

    @classmethod
    def from_qutip(cls, alpha: RealLike, wc: RealLike, s: RealLike) -> "PowerLaw":
        """That of QuTiP's `OhmicEnvironment(T, alpha, wc, s)`: alpha w^s wc^(1-s) exp(-w/wc)."""
        return cls(2.0 * as_real("alpha", alpha), wc, s)


class Tabulated(AbstractSpectrum):
    """gamma(omega) between given points, by monotone cubics; nan outside of them.

    It is continued as an odd function to omega < 0.

    Args:
        frequencies: increasing and >= 0, two at least, (points,).
        values: gamma there, >= 0, (points,).

    Raises:
        ValueError: frequencies that do not increase or are negative, negative values, or another
            number of values.

    Source: Fritsch and Butland, SIAM J. Sci. Stat. Comput. 5, 300 (1984).

    Examples:
        >>> gamma = qt.Tabulated([0.5, 1.0, 2.0], [0.05, 0.1, 0.2])
        >>> gamma(1.5), gamma(-1.5)
        (0.15, -0.15)
    """

    frequencies: Float[Array, " points"]
    values: Float[Array, " points"]
    slopes: Float[Array, " points"]

    def __init__(self, frequencies: Any, values: Any):
        x, y = as_real("frequencies", frequencies), as_real("values", values)
        check_increasing("frequencies", x)
        check_nonnegative("frequencies", x, "gamma is odd: give it for omega >= 0.", entries=True)
        check_nonnegative(
            "values", y, "a bath cannot couple with a negative strength.", entries=True
        )
        if x.shape != y.shape or x.shape[0] < 2:
            raise ValueError(
                "`values` must be one number for each of two `frequencies` or more, got shapes "
                f"{y.shape} and {x.shape}."
            )
        self.frequencies, self.values = x, y
        self.slopes = _monotone_slopes(x, y)

    def __call__(self, omega: RealLike) -> Real:
        size = jnp.abs(omega)
        x, y, m = self.frequencies, self.values, self.slopes
        i = jnp.clip(jnp.searchsorted(x, size, side="right") - 1, 0, x.shape[0] - 2)
        width = x[i + 1] - x[i]
        s = (size - x[i]) / width
        left = y[i] * (1 + 2 * s) + width * m[i] * s
        right = y[i + 1] * (3 - 2 * s) - width * m[i + 1] * (1 - s)
        gamma = left * (1 - s) ** 2 + right * s**2
        inside = (size >= x[0]) & (size <= x[-1])
        return jnp.where(inside, jnp.where(jnp.asarray(omega) < 0, -gamma, gamma), jnp.nan)


@checked
def from_power_spectrum(power_spectrum: Callable[[Any], Any], frequencies: Any) -> Tabulated:
    """The spectrum of a bath whose power spectrum S(omega) = gamma(omega) (n(omega) + 1) is given.

    By detailed balance gamma(omega) = S(omega) - S(-omega), at every temperature; for a QuTiP
    environment pass `environment.power_spectrum`.

    Args:
        power_spectrum: S of an array of frequencies of either sign, such as a NumPy function.
        frequencies: increasing and > 0, (points,), as close as the spectrum asks for.

    Returns:
        `Tabulated`.

    Examples:
        >>> def emission(omega):
        ...     return 0.1 * omega / (1 - np.exp(-omega))
        >>> gamma = qt.dynamics.from_power_spectrum(emission, np.linspace(0.5, 2.0, 4))
        >>> gamma(1.0), gamma(2.0)
        (0.1, 0.2)
    """
    check_increasing("frequencies", frequencies)
    w = np.asarray(frequencies, float)
    try:
        difference = np.real(power_spectrum(w)) - np.real(power_spectrum(-w))
    except TypeError as error:
        raise ValueError(f"`power_spectrum` cannot be called: {error}") from error
    return Tabulated(w, difference)


def scale_of(spectrum: Spectrum) -> Real | None:
    """The scale of frequencies on which gamma changes; `None` where nothing is known of it."""
    return spectrum.frequency_scale if isinstance(spectrum, AbstractSpectrum) else None


def as_cutoff(value: RealLike) -> Real:
    """A cutoff frequency; raises unless it is > 0."""
    cutoff = as_scalar("cutoff", value, infinite=True)
    if is_concrete(cutoff) and not cutoff > 0:
        raise ValueError(f"`cutoff` must be > 0 (or inf for none), got {cutoff}.")
    return nan_unless(cutoff > 0, cutoff)


@checked
def occupation(omega: RealLike, temperature: RealLike) -> Real:
    """The Bose-Einstein occupation n = 1/(exp(omega/T) - 1).

    Args:
        omega: frequency; n(-omega) = -1 - n(omega), and n is infinite at omega = 0 < T.
        temperature: >= 0; at T = 0 (and for omega/T beyond what exp can hold) n = 0 (-1 where
            omega < 0) with zero derivatives.

    Returns:
        The mean occupation, a scalar.

    Examples:
        >>> qt.dynamics.occupation(1.0, 1 / np.log(2)), qt.dynamics.occupation(1.0, 0.0)
        (1.0, 0.0)
    """
    return _occupation(as_real("omega", omega), as_real("temperature", temperature))


@compiled
def _occupation(omega: Array, temperature: Array) -> Array:
    x, frozen = _reduced_frequency(omega, temperature)
    return jnp.where(frozen, jnp.where(omega < 0, -1.0, 0.0), 1.0 / jnp.expm1(x))


@checked
def thermal_rates(spectrum: Spectrum, omega: RealLike, temperature: RealLike) -> tuple[Real, Real]:
    """The rates gamma (n+1) down and gamma n up; their ratio is exp(omega/T) by construction.

    Below a frequency of eps T the limit omega -> 0 is taken: gamma' T for an Ohmic spectrum; a flat
    one diverges there like T/omega. Derivatives are right there too. The rates of a power law just
    above Ohmic fall to their limit 0 more slowly than that: at 0 they are those at eps T.

    Where a gap has crossed zero, omega < 0 and the two rates change places. An odd spectrum, such
    as `Ohmic`, goes through: its rates stay positive and obey detailed balance. Any other, such as
    `Flat`, would make them negative: they are nan there, which ends in a status. Use an Ohmic
    spectrum where a gap closes.

    Args:
        spectrum: gamma(omega), any callable.
        omega: transition frequency.
        temperature: >= 0. At T = 0 the rates are gamma down and 0 up, also at omega = 0.

    Returns:
        (down, up): rates at which the bath takes and gives the quantum omega; both nan where gamma
        or the temperature is negative.

    Raises:
        ValueError: gamma is no real scalar or, where all is concrete, negative or nan.

    Examples:
        >>> down, up = qt.dynamics.thermal_rates(qt.Ohmic(0.1), 1.0, 1 / np.log(2))
        >>> down, up
        (0.2, 0.1)
    """
    check_spectrum(spectrum, omega)
    omega, temperature = as_real("omega", omega), as_real("temperature", temperature)
    apart: Array = _away_from_zero(omega, temperature)
    slope = _per_frequency(spectrum, apart, temperature)
    zero = jnp.asarray(np.zeros(omega.shape, omega.dtype))
    return _thermal_rates(slope, _scalar(spectrum, zero), omega, apart, temperature)


@compiled
def _thermal_rates(
    slope: Array, at_zero: Array, omega: Array, apart: Array, temperature: Array
) -> tuple[Array, Array]:
    """The rates from gamma/omega, at a frequency that is apart from 0, and from gamma(0)."""
    temperature = nan_below_zero(temperature)
    x, frozen = _reduced_frequency(apart, temperature)
    slope = jnp.where(slope < 0.0, jnp.nan, slope)
    # the part that both have, so that a cold bath's rate down changes by no more than that up
    thermal = jnp.where(frozen, 0.0, temperature * _bose(jnp.abs(x)))
    down = slope * (thermal + jnp.maximum(apart, 0.0))
    up = slope * (thermal + jnp.maximum(-apart, 0.0))
    # where nothing moves, gamma(0) itself: a rate of 1e-155 would make a steady state unique
    still = (omega == 0.0) & (temperature == 0.0) & jnp.isfinite(at_zero)
    return down + jax.lax.stop_gradient(jnp.where(still, at_zero - down, 0.0)), up


def as_spectrum(rate: Any, name: str = "rate") -> Spectrum:
    """A spectrum: a function of a frequency, or the `Flat` one of a number."""
    return rate if is_function(rate) else Flat(as_scalar(name, rate))


@checked
def check_spectrum(spectrum: Spectrum, frequencies: Any) -> None:
    """Raise if gamma at a concrete frequency > 0 is negative, not finite or no real scalar.

    Args:
        spectrum: gamma(omega).
        frequencies: one or several; nothing is checked where they are traced, or not > 0.

    Raises:
        ValueError: with the spectrum, the frequency and the value.

    Examples:
        >>> try:
        ...     qt.dynamics.check_spectrum(lambda omega: 1.0 - omega, [0.5, 2.0])
        ... except ValueError as error:
        ...     message = str(error)
        >>> "gamma(2) = -1" in message
        True
    """
    if not is_concrete(frequencies):
        return
    check_no_nan("frequencies", array := real_numbers("frequencies", frequencies))
    positive = np.ravel(np.asarray(array, float))
    positive = positive[positive > 0]
    if positive.size == 0:
        return
    values = concretely(jax.vmap(partial(_scalar, spectrum)), jnp.asarray(positive))
    if not is_concrete(values):
        return
    for omega, value in zip(positive, np.asarray(values), strict=True):
        if not (value >= 0 and np.isfinite(value)):
            raise ValueError(
                f"`spectrum` ({name_of(spectrum)}) must be finite and >= 0, but gamma({omega:.6g}) "
                f"= {value:.6g}; it is the rate at which a cold bath takes the quantum omega."
            )


def name_of(spectrum: Spectrum) -> str:
    """What a message calls a spectrum: the name of its class or function."""
    return getattr(spectrum, "__name__", type(spectrum).__name__)


def _scalar(spectrum: Spectrum, omega: Array) -> Array:
    """gamma(omega) as a real scalar; raises if it is something else."""
    try:
        found = spectrum(omega)
    except jax.errors.JAXTypeError as error:
        raise ValueError(
            f"`spectrum` ({name_of(spectrum)}) must be written with jax.numpy, as it is called "
            "with traced frequencies; tabulate a NumPy function with `Tabulated` or "
            "`from_power_spectrum`."
        ) from error
    except TypeError as error:
        raise ValueError(f"`spectrum` ({name_of(spectrum)}) cannot be called: {error}") from error
    value = as_numbers("spectrum(omega)", found, "a real number")
    if jnp.shape(value) != () or jnp.iscomplexobj(value):
        raise ValueError(
            f"`spectrum` ({name_of(spectrum)}) must return a real scalar, but gamma(omega) has "
            f"shape {jnp.shape(value)} and dtype {jnp.asarray(value).dtype}."
        )
    return jnp.asarray(value, jnp.result_type(float))


@compiled
def _away_from_zero(omega: Array, temperature: Array) -> Array:
    """omega, or +-eps T in its place where it is smaller: a shift that no derivative sees.

    At omega = T = 0 any small number does.
    """
    tiny = float(jnp.finfo(omega.dtype).tiny)
    resolved = jnp.maximum(jnp.finfo(omega.dtype).eps * temperature, tiny)
    stand_in = tiny**0.5
    size = jnp.where(temperature > 0.0, resolved, stand_in)
    small = (omega == 0.0) | (jnp.abs(omega) < resolved)
    moved = jnp.where(omega < 0.0, -size, size)
    return jnp.where(small, omega + jax.lax.stop_gradient(moved - omega), omega)


def _reduced_frequency(omega: Array, temperature: Array) -> tuple[Array, Bool[Array, ""]]:
    """omega/T, and whether it is so large that n vanishes (then 1 stands in for it)."""
    largest = 0.9 * jnp.log(jnp.finfo(omega.dtype).max)
    frozen = temperature * largest <= jnp.abs(omega)
    return jnp.where(frozen, 1.0, omega / jnp.where(frozen, 1.0, temperature)), frozen


@jax.custom_jvp
def _bose(x: Array) -> Array:
    """x/(exp(x) - 1), for x != 0."""
    return x / jnp.expm1(x)


@_bose.defjvp
def _bose_jvp(primals, tangents):
    """b'(x) = b(x) (1 - b(-x))/x; where that cancels, b = sum_n B_n x^n/n! with Bernoulli's B_n."""
    (x,), (dx,) = primals, tangents
    near = jnp.abs(x) < 0.3  # the first term left out is 3e-17 there
    small, far = jnp.where(near, x, 0.0), jnp.where(near, 1.0, x)
    series = jnp.zeros_like(x)
    for n, bernoulli in _BERNOULLI:
        series = series * small**2 + bernoulli / math.factorial(n - 1)
    b = _bose(x)
    return b, dx * jnp.where(near, small * series - 0.5, b * (1.0 - _bose(-far)) / far)


def _per_frequency(spectrum: Spectrum, omega: Array, temperature: Array) -> Array:
    """gamma(omega)/omega, differentiated without cancellation."""

    def gamma(w: Array) -> Array:
        return _scalar(spectrum, w)

    function, constants = jax.closure_convert(gamma, omega)
    return _quotient(function, omega, jax.lax.stop_gradient(temperature), *constants)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _quotient(function: Callable, omega: Array, temperature: Array, *constants: Any) -> Array:
    return function(omega, *constants) / omega


@_quotient.defjvp
def _quotient_jvp(function, primals, tangents):
    """(gamma/omega)' = (gamma' - gamma/omega)/omega, which is gamma''(2 omega/3)/2 for small omega.

    The latter where omega is so small that the former cancels and both agree within its rounding:
    gamma may be no smooth function at 0, as a power law is none. Its error is of second order.
    """
    (omega, temperature, *constants), (d_omega, _, *d_constants) = primals, tangents

    def gamma(w: Array) -> Array:
        return function(w, *constants)

    def slope(w: Array) -> Array:
        return jax.jvp(gamma, (w,), (jnp.ones_like(w),))[1]

    value = gamma(omega)
    first, second = slope(omega), jax.jvp(slope, (2 * omega / 3,), (jnp.ones_like(omega),))[1]
    epsilon = float(jnp.finfo(omega.dtype).eps)
    near = jnp.abs(omega) < 0.5 * epsilon ** (1 / 3) * temperature
    apart = first - value / omega - 0.5 * second * omega
    near = near & (jnp.abs(apart) <= 64.0 * epsilon * jnp.abs(first))
    quotient = _quotient(function, *primals)  # by this rule again, for second derivatives
    change = d_omega * jnp.where(near, 0.5 * second, (first - quotient) / omega)
    if constants:
        along = jax.jvp(lambda *c: function(omega, *c), tuple(constants), tuple(d_constants))[1]
        change = change + along / omega
    return quotient, change


def _monotone_slopes(x: Array, y: Array) -> Array:
    """Slopes at the points for which cubics between them do not overshoot."""
    h, secant = jnp.diff(x), jnp.diff(y) / jnp.diff(x)
    if h.shape[0] == 1:
        return jnp.concatenate([secant, secant])
    left, right = secant[:-1], secant[1:]
    weight = (h[:-1] + 2 * h[1:]) / (3 * (h[:-1] + h[1:]))
    same = left * right > 0.0
    mean = weight * jnp.where(same, right, 1.0) + (1 - weight) * jnp.where(same, left, 1.0)
    inner = jnp.where(same, left * right, 0.0) / jnp.where(same, mean, 1.0)
    first, last = _end_slope(h, secant), _end_slope(h[::-1], secant[::-1])
    return jnp.concatenate([first[None], inner, last[None]])


def _end_slope(h: Array, secant: Array) -> Array:
    """The slope of the parabola through the first three points, limited to keep it monotone."""
    slope = ((2 * h[0] + h[1]) * secant[0] - h[0] * secant[1]) / (h[0] + h[1])
    limited = jnp.where(jnp.abs(slope) > 3 * jnp.abs(secant[0]), 3 * secant[0], slope)
    return jnp.where(slope * secant[0] > 0.0, limited, 0.0)
