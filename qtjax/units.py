"""Kelvin, gigahertz, wavenumbers, joules and seconds in; watts, joules and kelvin out.

Everything in qtjax has hbar = k_B = 1, so that one energy fixes all units: times are in hbar over
it, temperatures in it over k_B, powers in its square over hbar, entropies in k_B. A `Natural`
system holds that energy in joules.

Hertz has two meanings. Where a frequency is an ordinary one (turns per time, as instruments show
it) 1 GHz is the energy h 1 GHz = 2 pi hbar/ns; where it is an angular one it is hbar/ns. Which is
meant is said when the system is made. Radians per time, and plain reciprocal times such as the
rate "1/us", are hbar over the time under both.
"""

import dataclasses
import importlib
from typing import Any

import numpy as np
from scipy.constants import c, h, hbar, k

from ._checks import as_numbers, as_real, check_finite, check_positive, described, is_concrete

# powers of energy, time, and k_B
KINDS = {"energy": (1, 0, 0), "time": (0, 1, 0), "power": (1, -1, 0), "entropy": (0, 0, 1)}
_WORDS = {
    "energy": "an energy, or a temperature, a frequency, a rate or a wavenumber as one",
    "time": "a time",
    "power": "a power",
    "entropy": "an entropy",
}


@dataclasses.dataclass(frozen=True)
class Natural:
    """Units with hbar = k_B = 1, fixed by one energy.

    Args:
        energy: what 1 stands for, in joules.
        frequency: what hertz means, "ordinary" (E = h nu) or "angular" (E = hbar omega); `None` if
            it was not said.

    Raises:
        ValueError: an energy that is not a positive number, or another word for `frequency`.
    """

    energy: float
    frequency: str | None = None

    def __post_init__(self) -> None:
        check_positive("energy", self.energy, "it is what 1 stands for, in joules.")
        _check_frequency(self.frequency)
        if not all(0.0 < self._unit(kind) < np.inf for kind in KINDS):
            raise ValueError(
                f"`energy` must be so that a power and a time have numbers, got {self.energy} J."
            )

    def to(self, quantity: Any, kind: str = "energy") -> Any:
        """A quantity as a number in these units.

        Args:
            quantity: a text such as "50 mK", "5 GHz", "20 cm^-1" or "0.1 us", or a quantity of
                pint, of numbers or arrays.
            kind: "energy" (temperatures, frequencies, rates and wavenumbers are energies), "time",
                "power" or "entropy".

        Returns:
            A float, or a NumPy array.

        Raises:
            ValueError: an unknown unit, one of another kind, a number without one, or hertz where
                it was not said what it means.
            ImportError: pint is not installed.
        """
        _check_kind(kind)
        value = _parsed("quantity", quantity)
        found = self._in_si(value)
        if found is None or found[0] != kind:
            raise ValueError(
                f"`quantity` must be {_WORDS[kind]}, but {value:~} is "
                f"{'none of them' if found is None else _WORDS[found[0]]}"
                f"{_remedy(quantity, found)}."
            )
        number = np.asarray(found[1], float) / self._unit(kind)
        return float(number) if number.ndim == 0 else number

    def out(self, value: Any, unit: str) -> Any:
        """A number in these units as a quantity of pint.

        Args:
            value: concrete number or array.
            unit: such as "aW", "J", "mK", "GHz", "1/cm", "us" or "J/K"; what is meant is read off
                it.

        Raises:
            ValueError: an unknown unit or one of another kind, what is no number, or hertz where it
                was not said what it means.
            ImportError: pint is not installed.
        """
        if not is_concrete(value):
            raise ValueError("`value` is traced; call `out` outside `jit`, `vmap` and `grad`.")
        number = np.asarray(as_real("value", value), float)
        one = _registry().Quantity(1.0, _unit_of("unit", unit))
        found = self._in_si(one)
        if found is None:
            raise ValueError(
                f"`unit` must be that of an energy, a temperature, a frequency, a wavenumber, a "
                f"time, a power or an entropy, got {unit!r}."
            )
        scaled = number * (self._unit(found[0]) / found[1])
        return _registry().Quantity(float(scaled) if scaled.ndim == 0 else scaled, one.units)

    def _unit(self, kind: str) -> float:
        """What 1 stands for, in SI units."""
        energy, time, boltzmann = KINDS[kind]
        with np.errstate(over="ignore", under="ignore"):
            joules = np.float64(self.energy)
            return float(joules**energy * (hbar / joules) ** time * k**boltzmann)

    def _in_si(self, quantity: Any) -> tuple[str, Any] | None:
        """The kind of a quantity, and its value in J, s, W or J/K; `None` if it is of no kind."""
        base = quantity.to_base_units()
        size = base.magnitude
        dimensions = {str(name): power for name, power in quantity.dimensionality.items()}
        if dimensions == {"[temperature]": 1}:
            return "energy", k * size
        if dimensions == {"[length]": -1}:
            return "energy", h * c * size
        if dimensions == {"[time]": -1}:
            return "energy", self._of_frequency(quantity.units) * size
        for kind, unit in (("energy", "J"), ("time", "s"), ("power", "W"), ("entropy", "J/K")):
            if base.is_compatible_with(unit):
                return kind, base.to(unit).magnitude
        return None

    def _of_frequency(self, units: Any) -> float:
        """The energy of one per second, in J s."""
        names = str(units)
        if "hertz" not in names:
            return hbar
        if self.frequency is None:
            raise ValueError(
                f'`{names}` has two meanings: make the units with `frequency="ordinary"` for '
                'E = h nu, or with `frequency="angular"` for E = hbar omega.'
            )
        return h if self.frequency == "ordinary" else hbar


def natural(scale: Any, frequency: str | None = None) -> Natural:
    """Units with hbar = k_B = 1 in which an energy is 1.

    Args:
        scale: that energy, as a unit ("GHz", "K", "meV", "cm^-1") or with a number ("5 GHz").
        frequency: what hertz means, here and later: "ordinary" (E = h nu) or "angular"
            (E = hbar omega).

    Raises:
        ValueError: an unknown unit, one that is none of an energy, an energy that is not positive,
            hertz without `frequency`, or another word for it.
        ImportError: pint is not installed.
    """
    _check_frequency(frequency)
    found = Natural(1.0, frequency)._in_si(_parsed("scale", scale))
    if found is None or found[0] != "energy" or np.ndim(found[1]):
        raise ValueError(f"`scale` must be {_WORDS['energy']}, got {described(scale)}.")
    if not found[1] > 0:
        raise ValueError(f"`scale` must be > 0, got {described(scale)}.")
    return Natural(float(found[1]), frequency)


def _check_frequency(frequency: Any) -> None:
    if frequency is not None and (
        not isinstance(frequency, str) or frequency not in ("ordinary", "angular")
    ):
        raise ValueError(
            f'`frequency` must be "ordinary" or "angular", got {described(frequency)}.'
        )


def _check_kind(kind: Any) -> None:
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"`kind` must be one of {', '.join(KINDS)}, got {described(kind)}.")


def _remedy(quantity: Any, found: tuple[str, Any] | None) -> str:
    return "" if found is None else f'; say so with `to({quantity!r}, "{found[0]}")`'


def _registry() -> Any:
    try:
        pint = importlib.import_module("pint")
    except ImportError as error:
        raise ImportError(
            '`qtjax.units` needs pint: install it with `pip install "qtjax[units]"`.'
        ) from error
    return pint.get_application_registry()


def _parsed(name: str, value: Any) -> Any:
    """A quantity of pint with a unit."""
    registry = _registry()
    if isinstance(value, str):
        found = _of_pint(name, registry.Quantity, value)
    elif hasattr(value, "magnitude") and hasattr(value, "units"):
        # of another registry too
        numbers = np.asarray(as_numbers(name, value.magnitude, "a quantity of numbers"), float)
        found = registry.Quantity(numbers, _unit_of(name, str(value.units)))
    else:
        raise ValueError(
            f'`{name}` must be a text with a unit, such as "50 mK", or a quantity of pint, got '
            f"{described(value)}."
        )
    check_finite(name, found.magnitude)
    if found.dimensionless:
        raise ValueError(f'`{name}` must have a unit, such as "50 mK", got {described(value)}.')
    return found


def _unit_of(name: str, text: Any) -> Any:
    if not isinstance(text, str):
        raise ValueError(f"`{name}` must be the text of a unit, got {described(text)}.")
    found = _of_pint(name, _registry().Unit, text)
    if _registry().Quantity(0.0, found).to_base_units().magnitude != 0.0:
        raise ValueError(f"`{name}` counts from a zero of its own in {text!r}; use kelvin.")
    if found.dimensionless:
        raise ValueError(f'`{name}` must be a unit such as "aW", got {text!r}.')
    return found


def _of_pint(name: str, make: Any, text: str) -> Any:
    """What pint makes of a text."""
    try:
        return make(text)
    # pint has errors of many classes for what it cannot read
    except Exception as error:
        raise ValueError(
            f"`{name}` must be in units that pint knows, got {text!r}; pint says: {error}"
        ) from error
