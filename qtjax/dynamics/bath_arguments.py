"""What a bath is given, checked: its temperature, spectrum and operators."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex

from .._checks import (
    as_complex,
    as_hermitian,
    as_nonnegative,
    as_numbers,
    check_hermitian,
    described,
    is_function,
)
from .._types import Operator, Real, RealLike
from .spectra import Spectrum


def as_temperature(value: RealLike) -> Real:
    """The temperature of a bath, >= 0."""
    return as_nonnegative(
        "temperature", value, "baths of negative temperature are not thermal baths."
    )


def checked_spectrum(value: Any) -> Spectrum:
    """A spectrum: any function of a frequency."""
    if not is_function(value):
        raise ValueError(
            "`spectrum` must be a spectrum such as `Ohmic` or a function omega -> gamma, got "
            f"{described(value)}; a number makes a `Flat` one."
        )
    return value


def as_operators(
    name: str, value: Any, check: Callable[..., None], d: int | None = None
) -> tuple[Operator, ...]:
    """One operator or several, a sequence or a stack of them, each checked, all of one size."""
    if not isinstance(value, list | tuple) or (value and _is_row(value[0])):
        array: Any = as_numbers(name, value, "an operator (d, d) or several of them")
        if np.ndim(array) != 3:
            check(name, array, d)
            return (as_complex(array),)
        value = tuple(array)
    if not value:
        raise ValueError(f"`{name}` must hold at least one operator, got none.")
    for k, operator in enumerate(value):
        check(f"{name}[{k}]", operator, d)
        d = np.shape(operator)[0]
    return tuple(map(as_complex, value))


def _is_row(value: Any) -> bool:
    """Whether an entry of a list is a row of numbers, so that the list is a matrix."""
    return isinstance(value, list | tuple) and not any(
        isinstance(entry, list | tuple) or np.ndim(entry) for entry in value
    )


def as_couplings(value: Any, d: int | None = None) -> Complex[Array, "couplings d d"]:
    """One coupling or several as a stack of Hermitian operators."""
    operators = as_operators("couplings", value, check_hermitian, d)
    return jnp.stack([as_hermitian("couplings", operator) for operator in operators])
