"""The generalized temperature T(t) = Q'/S' of eq. (17), with its inverse and its status."""

from enum import IntEnum
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Num

from .._checked import checked
from .._checks import as_real, check_no_nan, described
from .._compiled import compiled
from .._types import RealLike
from .rates import Rates

_Level = RealLike | Num[Array | np.ndarray, "*shape"]
Tolerance = _Level | tuple[_Level, _Level]


class TemperatureStatus(IntEnum):
    """What kind of number a generalized temperature is.

    Examples:
        >>> found = qt.thermodynamics.interval_temperature(heat=1.0, entropy=0.0)
        >>> qt.thermodynamics.TemperatureStatus(int(found.status)).name
        NO_ENTROPY_RATE
    """

    REGULAR = 0
    NO_ENTROPY_RATE = 1
    NO_HEAT_CURRENT = 2
    UNDEFINED = 3
    DIVERGENT_ENTROPY_RATE = 4


class GeneralizedTemperature(eqx.Module):
    """T = Q'/S' and what belongs to it; not a state function: it depends on (rho, rho', H).

    Args:
        temperature: T; +-inf where S' = 0, 0 where Q' = 0 or S' is infinite, nan where both vanish.
        beta: S'/Q'; 0 where S' = 0, +-inf where Q' = 0. Losses should use this or `angle`.
        angle: atan2(S', Q'), smooth through either zero; nan where both vanish.
        status: a `TemperatureStatus`.

    Examples:
        >>> found = qt.thermodynamics.interval_temperature(heat=1.0, entropy=0.0)
        >>> found.temperature, found.beta, found.angle
        (inf, 0.0, 0.0)
    """

    temperature: Float[Array, "*shape"]
    beta: Float[Array, "*shape"]
    angle: Float[Array, "*shape"]
    status: Int[Array, "*shape"]


@checked
def generalized_temperature(
    rates: Rates | Any, tolerance: Tolerance | None = None
) -> GeneralizedTemperature:
    """T(t) = Q'/S' = tr(rho' H) / (-tr(rho' ln rho)), eq. (17), from rates of any shape.

    Args:
        rates: `Rates`, `BathRates`, `PartRates` or anything with their `heat_current`,
            `entropy_rate`, `heat_rounding` and `entropy_rounding`, of one shape.
        tolerance: |Q'| and |S'| at or below this count as 0, a pair or one number for both; by
            default what rounding alone may make of them.

    Returns:
        `GeneralizedTemperature`, each field of the shape of the rates.

    Source: eq. (17). The paper calls it a temperature for any state; it is the temperature of the
        bath exactly when rho is a Gibbs state at that temperature.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system = qt.OpenSystem(qt.number(2), bath)
        >>> found = qt.rates(system, 0.0, qt.thermal_state(qt.number(2), 2.0))
        >>> qt.generalized_temperature(found).temperature  # of the state, not of the bath
        2.0000
    """
    if any(getattr(rates, name, None) is None for name in ("heat_current", "entropy_rate")):
        raise ValueError(
            "`rates` must be `Rates` or another object with `heat_current` and `entropy_rate`, "
            f"got {described(rates)}."
        )
    if tolerance is None:
        none = rates.heat_rounding, rates.entropy_rounding
        flows = rates.heat_current, rates.entropy_rate, *none
        return temperature_of(*map(jnp.asarray, flows))
    return interval_temperature(rates.heat_current, rates.entropy_rate, tolerance)


@checked
def interval_temperature(
    heat: float | Num[Array | np.ndarray, "*shape"],
    entropy: float | Num[Array | np.ndarray, "*shape"],
    tolerance: Tolerance = 0.0,
) -> GeneralizedTemperature:
    """The mean temperature dQ/dS over an interval (or Q'/S' at an instant).

    Args:
        heat: heat taken in, any shape.
        entropy: entropy gained, of the same shape; take S(t2) - S(t1), never a quadrature of S'.
        tolerance: heat and entropy at or below this count as 0, a pair or one number for both. By
            default only 0 does, as numbers alone do not say what rounding may make of them.

    Returns:
        `GeneralizedTemperature` with the same statuses.

    Examples:
        >>> found = qt.thermodynamics.interval_temperature(heat=1.0, entropy=0.5)
        >>> found.temperature, found.beta
        (2.0, 0.5)
    """
    none = tolerance if isinstance(tolerance, tuple) else (tolerance, tolerance)
    none = [as_real("tolerance", bound) for bound in none]
    for bound in none:
        check_no_nan("tolerance", bound)
    return temperature_of(as_real("heat", heat), as_real("entropy", entropy), *none)


@compiled
def temperature_of(
    heat: Array, entropy: Array, heat_rounding: Array, entropy_rounding: Array
) -> GeneralizedTemperature:
    """The same with bounds that were computed: nan where the numbers are.

    Args:
        heat: any shape.
        entropy: of the same shape.
        heat_rounding: heat at or below this counts as 0.
        entropy_rounding: entropy at or below this counts as 0.
    """
    no_heat, no_entropy = jnp.abs(heat) <= heat_rounding, jnp.abs(entropy) <= entropy_rounding
    divergent = jnp.isinf(entropy)
    safe_heat = jnp.where(no_heat, 1.0, heat)
    finite_entropy = jnp.where(divergent, 0.0, entropy)
    safe_entropy = jnp.where(no_entropy | divergent, 1.0, entropy)
    temperature = jnp.where(divergent, 0.0, safe_heat / safe_entropy)
    temperature = jnp.where(no_heat, 0.0, temperature)
    temperature = jnp.where(no_entropy, _signed_infinity(heat), temperature)
    beta = jnp.where(
        divergent, _signed_infinity(entropy) * jnp.sign(heat), finite_entropy / safe_heat
    )
    beta = jnp.where(no_heat, _signed_infinity(entropy), beta)
    # 0 where S' = 0, with the derivative of the quotient: beta crosses 0 smoothly
    beta = beta - jax.lax.stop_gradient(jnp.where(no_entropy, beta, 0.0))
    undefined = (no_heat & no_entropy) | jnp.isinf(heat)  # or beyond what the numbers hold
    status = jnp.select(
        [undefined, no_entropy, no_heat, divergent],
        [
            jnp.asarray(int(code))
            for code in (
                TemperatureStatus.UNDEFINED,
                TemperatureStatus.NO_ENTROPY_RATE,
                TemperatureStatus.NO_HEAT_CURRENT,
                TemperatureStatus.DIVERGENT_ENTROPY_RATE,
            )
        ],
        jnp.asarray(int(TemperatureStatus.REGULAR)),
    )
    return GeneralizedTemperature(
        temperature=jnp.where(undefined, jnp.nan, temperature),
        beta=jnp.where(undefined, jnp.nan, beta),
        angle=jnp.where(undefined, jnp.nan, jnp.arctan2(entropy, jnp.where(undefined, 1.0, heat))),
        status=status,
    )


def _signed_infinity(value: Array) -> Array:
    return jnp.where(value < 0.0, -jnp.inf, jnp.inf)
