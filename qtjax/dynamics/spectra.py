"""Bath spectra and thermal occupations, safe at T -> 0 and omega -> 0.

A new spectrum is one class with `__call__(omega)`; detailed balance is made by `thermal_rates`.
"""

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool

from .._checks import as_real, check_nonnegative, is_concrete
from .._types import Real, RealLike


class AbstractSpectrum(eqx.Module):
    """The coupling strength gamma(omega) of a bath at positive frequencies."""

    @abc.abstractmethod
    def __call__(self, omega: RealLike) -> Real:
        """gamma(omega) for omega > 0, in units of energy."""


class Flat(AbstractSpectrum):
    """gamma(omega) = rate.

    Args:
        rate: >= 0.

    Raises:
        ValueError: a negative rate.
    """

    rate: Real

    def __init__(self, rate: RealLike):
        check_nonnegative("rate", rate, "use `Lindblad` for generators with negative rates.")
        self.rate = as_real("rate", rate)

    def __call__(self, omega: RealLike) -> Real:
        return self.rate


class Ohmic(AbstractSpectrum):
    """gamma(omega) = strength * omega * exp(-omega/cutoff).

    Args:
        strength: dimensionless coupling, >= 0.
        cutoff: cutoff frequency, > 0; infinite by default.

    Raises:
        ValueError: a negative strength or a cutoff that is not positive.
    """

    strength: Real
    cutoff: Real

    def __init__(self, strength: RealLike, cutoff: RealLike = jnp.inf):
        check_nonnegative("strength", strength, "a bath cannot couple with a negative strength.")
        self.strength, self.cutoff = as_real("strength", strength), as_real("cutoff", cutoff)
        if is_concrete(self.cutoff) and not self.cutoff > 0:
            raise ValueError(f"`cutoff` must be > 0 (or inf for none), got {self.cutoff}.")

    def __call__(self, omega: RealLike) -> Real:
        return self.strength * omega * jnp.exp(-omega / self.cutoff)


def occupation(omega: RealLike, temperature: RealLike) -> Real:
    """The Bose-Einstein occupation n = 1/(exp(omega/T) - 1).

    Args:
        omega: frequency, > 0.
        temperature: >= 0; at T = 0 (and for omega/T beyond what exp can hold) n = 0 with zero
            derivatives.

    Returns:
        The mean occupation, a scalar.
    """
    x, frozen = _reduced_frequency(omega, temperature)
    return jnp.where(frozen, 0.0, 1.0 / jnp.expm1(x))


def thermal_rates(
    spectrum: AbstractSpectrum, omega: RealLike, temperature: RealLike
) -> tuple[Real, Real]:
    """The rates gamma (n+1) down and gamma n up; their ratio is exp(omega/T) by construction.

    Args:
        spectrum: gamma(omega).
        omega: transition frequency, >= 0. At omega = 0 the limit is taken (gamma' T for an Ohmic
            spectrum; a flat one diverges there like T/omega).
        temperature: >= 0.

    Returns:
        (down, up): rates at which the bath takes and gives the quantum omega.
    """
    omega = jnp.maximum(omega, jnp.finfo(jnp.result_type(float)).eps)
    x, frozen = _reduced_frequency(omega, temperature)
    gamma = spectrum(omega)
    down = gamma * jnp.where(frozen, 1.0, -1.0 / jnp.expm1(-x))
    up = gamma * jnp.where(frozen, 0.0, 1.0 / jnp.expm1(x))
    return down, up


def _reduced_frequency(omega: RealLike, temperature: RealLike) -> tuple[Real, Bool[Array, ""]]:
    """omega/T, and whether it is so large that n vanishes (then 1 stands in for it)."""
    omega = jnp.asarray(omega, jnp.result_type(float))
    temperature = jnp.asarray(temperature, jnp.result_type(float))
    largest = 0.9 * jnp.log(jnp.finfo(omega.dtype).max)
    frozen = temperature * largest <= omega
    return jnp.where(frozen, 1.0, omega / jnp.where(frozen, 1.0, temperature)), frozen
