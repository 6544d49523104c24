"""Checks of concrete input: `ValueError`s that name the argument, its value and the remedy.

Traced values (inside `jit`, `vmap`, `grad`) pass through unchecked: they end in the status codes of
a solution, lane by lane.
"""

from typing import Any

import jax
import numpy as np
from jax.core import Tracer
from jaxtyping import Array

_HERMITICITY_TOLERANCE = 1e-6


def is_concrete(*values: Any) -> bool:
    """Whether no array among the leaves of `values` is a tracer."""
    return not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(values))


def _finite(name: str, value: np.ndarray) -> None:
    if not np.all(np.isfinite(value)):
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(value))[0])
        raise ValueError(
            f"`{name}` must be finite, but entry {index} is {value[index]}; "
            "look for a division by zero or an overflow where it was computed."
        )


def check_square(name: str, value: Any, d: int | None = None) -> None:
    """Raise unless `value` is a d x d matrix (of any d if `d` is None). Works for tracers too."""
    shape = np.shape(value)
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"`{name}` must be a square matrix, got shape {shape}.")
    if d is not None and shape[0] != d:
        raise ValueError(
            f"`{name}` must be {d} x {d} to match the Hilbert space, got shape {shape}; "
            "use `embed` or `tensor` to bring operators of a part to the whole."
        )


def check_hermitian(name: str, value: Any, d: int | None = None) -> None:
    """Raise unless `value` is a finite Hermitian matrix."""
    check_square(name, value, d)
    if not is_concrete(value):
        return
    matrix = np.asarray(value)
    _finite(name, matrix)
    error = np.max(np.abs(matrix - matrix.conj().T))
    if error > _HERMITICITY_TOLERANCE * max(1.0, np.max(np.abs(matrix))):
        raise ValueError(
            f"`{name}` must be Hermitian, but max|A - A^dagger| = {error:.3g}; "
            "add the Hermitian conjugate of what is missing (`a + dag(a)`)."
        )


def check_operators(name: str, value: Any, d: int | None = None) -> None:
    """Raise unless `value` is a finite stack of matrices of shape (jumps, d, d)."""
    shape = np.shape(value)
    if len(shape) != 3 or shape[1] != shape[2] or (d is not None and shape[1] != d):
        wanted = "(jumps, d, d)" if d is None else f"(jumps, {d}, {d})"
        raise ValueError(f"`{name}` must have shape {wanted}, got {shape}.")
    if is_concrete(value):
        _finite(name, np.asarray(value))


def check_density_matrix(name: str, value: Any, d: int | None = None) -> None:
    """Raise unless `value` is Hermitian, of trace one and positive semidefinite."""
    check_hermitian(name, value, d)
    if not is_concrete(value):
        return
    matrix = np.asarray(value)
    single = matrix.dtype in (np.complex64, np.float32)
    tolerance = 1e-4 if single else 1e-8
    trace = np.trace(matrix).real
    if abs(trace - 1.0) > tolerance:
        raise ValueError(
            f"`{name}` must have trace 1, got {trace:.12g}; divide it by its trace if that is "
            "what you mean (qtjax never renormalizes in silence)."
        )
    smallest = float(np.linalg.eigvalsh((matrix + matrix.conj().T) / 2)[0])
    if smallest < -tolerance:
        raise ValueError(
            f"`{name}` must be positive semidefinite, but its smallest eigenvalue is "
            f"{smallest:.6g}; it is not a quantum state."
        )


def check_nonnegative(name: str, value: Any, remedy: str) -> None:
    """Raise unless every entry of `value` is finite and >= 0."""
    if not is_concrete(value):
        return
    array = np.asarray(value)
    _finite(name, array)
    if np.any(array < 0):
        raise ValueError(f"`{name}` must be >= 0, got {array}; {remedy}")


def check_positive(name: str, value: Any, remedy: str) -> None:
    """Raise unless every entry of `value` is finite and > 0."""
    if not is_concrete(value):
        return
    array = np.asarray(value)
    _finite(name, array)
    if np.any(array <= 0):
        raise ValueError(f"`{name}` must be > 0, got {array}; {remedy}")


def check_increasing(name: str, value: Any) -> None:
    """Raise unless `value` is a finite, strictly increasing vector of at least one entry."""
    shape = np.shape(value)
    if len(shape) != 1 or shape[0] == 0:
        raise ValueError(f"`{name}` must be a vector of at least one time, got shape {shape}.")
    if not is_concrete(value):
        return
    array = np.asarray(value)
    _finite(name, array)
    steps = np.diff(array)
    if np.any(steps <= 0):
        i = int(np.argmax(steps <= 0))
        raise ValueError(
            f"`{name}` must increase strictly, but entry {i + 1} ({array[i + 1]:.12g}) does not "
            f"exceed entry {i} ({array[i]:.12g}); sort the times and drop repeated ones."
        )


def as_real(name: str, value: Any) -> Array:
    """`value` as a real JAX array of the default float type; raises on complex input."""
    if isinstance(value, list | tuple):  # of numbers, some of them traced perhaps
        value = jax.numpy.asarray(value)
    if np.iscomplexobj(value):
        raise ValueError(f"`{name}` must be real, got complex {value!r}.")
    return jax.numpy.asarray(value, dtype=jax.numpy.result_type(float))


def as_complex(value: Any) -> Array:
    """`value` as a complex JAX array of the default precision; concrete values stay concrete."""
    dtype = jax.numpy.result_type(complex)
    if not is_concrete(value):
        return jax.numpy.asarray(value, dtype=dtype)
    with jax.ensure_compile_time_eval():  # so that a fixed operator is known inside `jit` too
        return jax.numpy.asarray(value, dtype=dtype)
