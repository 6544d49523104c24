"""Quantum arrays of dynamiqs in and out.

Importing dynamiqs sets JAX's default precision of matrix products; qtjax names its own.
"""

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Complex

from .._checked import checked
from .._checks import as_complex, as_counts, as_finite, check_finite, check_instance
from .optional import optional


@checked
def from_dynamiqs(value: Any, dims: int | Sequence[int] | None = None) -> Complex[Array, "..."]:
    """The array of a qarray: an operator or a density matrix (d, d), or a ket (d,).

    Args:
        value: a qarray, dense or sparse, of one operator or ket; traced ones too.
        dims: the dimensions of the parts that it must have; not looked at by default.

    Raises:
        ValueError: what is no qarray, a batch, a bra, or other dimensions than `dims`.
        ImportError: dynamiqs is not installed.
    """
    dynamiqs = optional("dynamiqs", "qtjax.exchange.from_dynamiqs", "dynamiqs")
    check_instance("value", value, dynamiqs.QArray, "a qarray of dynamiqs")
    array = value.to_jax()
    if array.ndim != 2:
        raise ValueError(
            f"`value` must be one operator or ket, got a batch of shape {array.shape}; take its "
            "entries one by one, or `jax.vmap`."
        )
    if array.shape[0] == 1 and array.shape[1] > 1:
        raise ValueError(
            "`value` must be an operator or a ket, got a bra; its ket is `value.dag()`."
        )
    if dims is not None and tuple(value.dims) != (wanted := as_counts("dims", dims, 1)):
        raise ValueError(f"`value` has the dimensions {value.dims}, but `dims` is {wanted}.")
    check_finite("value", array)
    ket = array.shape[1] == 1 and array.shape[0] > 1
    return as_complex(array[:, 0] if ket else array)


@checked
def to_dynamiqs(value: Any, dims: int | Sequence[int] | None = None) -> Any:
    """The qarray of an operator or a density matrix (d, d), or of a ket (d,), dense.

    Args:
        value: the array; traced ones too.
        dims: the dimensions of its parts; one part by default.

    Raises:
        ValueError: another shape, or dimensions that do not multiply to d.
        ImportError: dynamiqs is not installed.
    """
    dynamiqs = optional("dynamiqs", "qtjax.exchange.to_dynamiqs", "dynamiqs")
    array = jnp.asarray(as_finite("value", value, "an operator (d, d) or a ket (d,)"))
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[0] != array.shape[1]):
        raise ValueError(f"`value` must be (d, d) or (d,), got shape {array.shape}.")
    parts = array.shape[:1] if dims is None else as_counts("dims", dims, 1)
    if math.prod(parts) != array.shape[0]:
        raise ValueError(
            f"`dims` {parts} multiply to {math.prod(parts)}, but `value` has d = {array.shape[0]}."
        )
    return dynamiqs.asqarray(array[:, None] if array.ndim == 1 else array, dims=parts)
