"""What recipes with several thermal baths are given: one temperature and one spectrum for each."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from .._checks import as_entries, as_sequence
from .._types import OperatorLike, Real
from ..dynamics.local_bath import LocalBath
from ..dynamics.spectra import Spectrum, as_spectrum


def spectra_of(name: str, value: Any, meaning: tuple[str, ...]) -> list[Spectrum]:
    """One spectrum for each meaning, from one rate or spectrum for all or one for each."""
    several = isinstance(value, list | tuple) or getattr(value, "ndim", 0)
    found = (
        list(as_sequence(name, value, "a sequence of rates")) if several else [value] * len(meaning)
    )
    if len(found) != len(meaning):
        raise ValueError(
            f"`{name}` must be one rate or spectrum, or one for each of {', '.join(meaning)}, got "
            f"{len(found)}."
        )
    return [as_spectrum(rate, f"rates[{k}]") for k, rate in enumerate(found)]


def local_baths(
    lowerings: Sequence[OperatorLike],
    gaps: list[Real],
    temperatures: Any,
    rates: Any,
    meaning: tuple[str, ...],
) -> tuple[LocalBath, ...]:
    """A `LocalBath` on each of some transitions, in their order."""
    found = as_entries("temperatures", temperatures, meaning)
    spectra = spectra_of("rates", rates, meaning)
    together = zip(lowerings, gaps, found, spectra, strict=True)
    return tuple(LocalBath(jnp.asarray(a), gap, t, spectrum) for a, gap, t, spectrum in together)
