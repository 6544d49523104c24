"""The branches of T = Q'/S' between its poles, where S' = 0 and Q' is not."""

from typing import Any, NamedTuple

import numpy as np

from ..thermodynamics.temperature import GeneralizedTemperature, TemperatureStatus

_NUMBERS = (TemperatureStatus.REGULAR, TemperatureStatus.NO_HEAT_CURRENT)


class Branches(NamedTuple):
    """T over something that grows in time, with nan where it is not to be drawn.

    Args:
        x: what T stands over, with the poles inserted, (points,).
        temperature: T; nan at a pole, where it is undefined and out of reach, (points,).
        poles: where S' changes sign and Q' does not, (poles,).
    """

    x: np.ndarray
    temperature: np.ndarray
    poles: np.ndarray


def branches(
    x: Any, found: GeneralizedTemperature, rates: Any, reach: float | None, least: float
) -> Branches:
    """T cut at its poles.

    Args:
        x: times, or entropies, (points,).
        found: the generalized temperatures there.
        rates: what has their `heat_current` and `entropy_rate`, (points,).
        reach: larger |T| are masked; by default, where there are poles, twice what nine tenths of
            all |T| stay below.
        least: the default is not below this.
    """
    x, temperature = np.asarray(x, float), np.asarray(found.temperature, float)
    heat, entropy = np.asarray(rates.heat_current), np.asarray(rates.entropy_rate)
    good = np.isin(np.asarray(found.status), _NUMBERS) & np.isfinite(temperature)
    places, poles = _poles(x, heat, entropy, np.flatnonzero(good))
    values = np.where(good, temperature, np.nan)
    if reach is None and poles.size:
        reach = max(2.0 * float(np.quantile(np.abs(values[good]), 0.9)), least)
    if reach is not None:
        values = np.where(np.abs(values) <= reach, values, np.nan)
    return Branches(np.insert(x, places, poles), np.insert(values, places, np.nan), poles)


def _poles(
    x: np.ndarray, heat: np.ndarray, entropy: np.ndarray, good: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Before which index of x every pole is, and where: S' taken as a straight line there."""
    before, after = good[:-1], good[1:]
    turns = entropy[before] * entropy[after] < 0.0
    turns &= heat[before] * heat[after] > 0.0
    before, after = before[turns], after[turns]
    share = entropy[before] / (entropy[before] - entropy[after])
    return after, x[before] + share * (x[after] - x[before])
