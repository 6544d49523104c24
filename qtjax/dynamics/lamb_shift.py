"""The half-sided transform of a bath's correlation function: its power spectrum and Lamb shift.

    Gamma(w) = int_0^inf dt exp(iwt) C(t) = P(w)/2 + i S(w),
    S(w) = (1/2 pi) PV int dv P(v)/(w - v),

with P the power spectrum, gamma (n + 1) at w > 0 and gamma n at -w.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._checked import checked
from .._checks import as_real
from .._types import Real, RealLike
from .spectra import Spectrum, thermal_rates

STEP = 1 / 32  # of the logarithm of a frequency
REACH = 50  # e-folds below and above the unit
AT_ONCE = 128  # points: all of them for every lane would be megabytes
PRECISION = 1e-9  # to which the sums with this step and with twice as much must agree
CLOSE = 1e-5  # of the temperature, where P is a straight line to 15 digits


@checked
def power_spectrum(spectrum: Spectrum, omega: RealLike, temperature: RealLike) -> Real:
    """P(omega) = gamma (n + 1) for omega >= 0, gamma n at -omega: what QuTiP's a_ops call S.

    Args:
        spectrum: gamma(omega); asked for omega > 0 only.
        omega: frequency that the bath takes, of either sign.
        temperature: >= 0.

    Returns:
        A rate, smooth through omega = 0 (P(0) = gamma' T) if gamma is odd; one that does not vanish
        there diverges.

    Examples:
        >>> down = qt.dynamics.power_spectrum(qt.Ohmic(0.1), 1.0, 1 / np.log(2))
        >>> up = qt.dynamics.power_spectrum(qt.Ohmic(0.1), -1.0, 1 / np.log(2))
        >>> down, up
        (0.2, 0.1)
    """
    omega = as_real("omega", omega)
    gives = omega < 0.0
    down, up = thermal_rates(spectrum, jnp.where(gives, -omega, omega), temperature)
    return jnp.where(gives, up, down)


def white_noise(spectrum: Spectrum, temperature: RealLike) -> Real:
    """P(0), the limit of the power spectrum; nan if there is none, as for `Flat` and below Ohmic.

    Just above Ohmic, P falls to its limit 0 so slowly that no frequency is small enough: there
    P(x T) and P(x^2 T) fall by the same ratio from one power of x to the next.

    Args:
        spectrum: gamma(omega).
        temperature: >= 0.
    """
    t = as_real("temperature", temperature)
    epsilon = float(jnp.finfo(t.dtype).eps)
    near, nearer = (power_spectrum(spectrum, x * t, t) for x in (1e-6, 1e-12))
    has_limit = jnp.where(t > 0.0, nearer <= 1.01 * near, nearer == 0.0)
    at_zero = power_spectrum(spectrum, jnp.zeros_like(t), t)
    far, middle, close = (
        jax.lax.stop_gradient(power_spectrum(spectrum, epsilon ** (k / 3) * t, t))
        for k in (1, 2, 3)
    )
    falls = (far - middle > 64.0 * epsilon * far) & (middle - close > 64.0 * epsilon * middle)
    steadily = (middle - close) * far > 0.5 * (far - middle) * middle
    at_zero = jnp.where(falls & steadily, 0.0, at_zero)
    return jnp.where(has_limit, at_zero, jnp.nan)


@checked
def lamb_shift(
    spectrum: Spectrum, omega: RealLike, temperature: RealLike, unit: RealLike | None = None
) -> Real:
    """S(omega) = (1/2 pi) PV int dv P(v)/(omega - v) over all real v.

    In the form int_0^inf du (P(omega - u) - P(omega + u))/u, cut at u = |omega|, where P(0) is. In
    the logarithms of both parts all is analytic in a strip, whatever the decades between
    temperature, frequency and cutoff, so that equidistant points converge exponentially.

    Args:
        spectrum: gamma(omega), which must fall off at high frequencies.
        omega: frequency, of either sign.
        temperature: >= 0.
        unit: a frequency within 15 decades of all scales of the integrand; the larger one of
            |omega| and the temperature by default.

    Returns:
        A scalar in units of energy; nan where the integral diverges (no cutoff, or gamma(0) > 0) or
        is not resolved to nine digits (features narrower than a tenth of their frequency).

    Source: Breuer and Petruccione, The Theory of Open Quantum Systems (2002), sec. 3.3.

    Examples:
        >>> lamb_shift = jax.jit(qt.dynamics.lamb_shift)
        >>> lamb_shift(qt.DrudeLorentz(0.1, 2.0), 0.0, 1.0), -0.1 * 2.0 / 4
        (-0.05, -0.05)
    """
    omega, temperature = as_real("omega", omega), as_real("temperature", temperature)
    sign = jnp.where(omega < 0.0, -1.0, 1.0)
    size = sign * omega
    unit = jnp.maximum(size, temperature) if unit is None else as_real("unit", unit)
    unit = jax.lax.stop_gradient(jnp.where(unit > 0.0, unit, 1.0))

    def power(v: Array) -> Array:
        return jax.vmap(lambda v: power_spectrum(spectrum, sign * v, temperature))(v)

    def sums(x: Array) -> tuple[Array, Array, Array, Array]:
        """Of some points: all, every second, moduli; and the terms at the first and the last."""
        part, y = size / (1.0 + jnp.exp(-x)), unit * jnp.exp(x)
        inner = (power(size / (1.0 + jnp.exp(x))) - power(size + part)) / (1.0 + jnp.exp(x))
        slope = jax.jvp(power, (size + y,), (jnp.ones_like(y),))[1]
        # P(-y) is P(y) - gamma(y), of which nothing is lost where all but gamma cancels
        change = power(y) - power(2.0 * size + y)
        change = jnp.where(size < CLOSE * temperature, -2.0 * size * slope, change)
        outer = (change - sign * jax.vmap(spectrum)(y)) * (y / (size + y))
        known = y > 4.0 * jnp.finfo(y.dtype).eps * temperature  # below: a limit of `thermal_rates`
        outer = jnp.where(known, outer, 0.0)
        both, moduli = inner + outer, jnp.abs(inner) + jnp.abs(outer)
        return jnp.sum(both), jnp.sum(both[::2]), jnp.sum(moduli), outer[jnp.array([0, -1])]

    x = np.arange(-REACH, REACH, STEP).reshape(-1, AT_ONCE).astype(size.dtype)
    every, second, moduli, ends = jax.lax.map(sums, jnp.asarray(x))
    value, coarse, scale = STEP * every.sum(), 2 * STEP * second.sum(), STEP * moduli.sum()
    ends = jnp.abs(ends[0, 0]) + jnp.abs(ends[-1, 1])
    resolved = jnp.maximum(jnp.abs(value - coarse), ends) <= PRECISION * scale
    return sign * jnp.where(resolved, value, jnp.nan) / (2.0 * np.pi)
