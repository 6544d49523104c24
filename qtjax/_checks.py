"""Checks of concrete input: `ValueError`s that name the argument, its value and the remedy.

Traced values (inside `jit`, `vmap`, `grad`) pass through unchecked: they end in the status codes of
a solution, lane by lane.
"""

import functools
import inspect
import math
import operator
import os
from collections.abc import Callable, Iterable
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array

from ._jax import Tracer

HERMITICITY_TOLERANCE = 1e-6  # relative to the largest entry
_CONVERSIONS = {
    "qutip": ".full()",
    "scipy": ".toarray()",
    "torch": ".numpy()",
    "pandas": ".to_numpy()",
    "xarray": ".to_numpy()",
}
_UNITS = frozenset(("pint", "astropy", "unyt"))  # libraries of quantities
_WHOLE = tuple(map(np.dtype, ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")))
_PRECISIONS = tuple(map(np.dtype, (np.float32, np.float64, np.complex64, np.complex128)))


def is_concrete(*values: Any) -> bool:
    """Whether no array among the leaves of `values` is a tracer."""
    return not any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves(values))


def described(value: Any) -> str:
    """What a message says was given: a short text, with the type of what is no number."""
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        kind = f"dtype {value.dtype}"
        if value.ndim:
            return f"an array of shape {value.shape} and {kind}"
        return f"a traced {kind}" if isinstance(value, Tracer) else f"{value} ({kind})"
    if isinstance(value, type):
        return f"the class {value.__name__} and no instance of it, `{value.__name__}(...)`"
    text = " ".join(repr(value).split())
    text = text if len(text) < 80 else f"{text[:76]} ..."
    return f"{text} ({type(value).__name__})"


def _library(value: Any) -> str:
    return type(value).__module__.split(".")[0]


def as_numbers(name: str, value: Any, wanted: str) -> Array | np.ndarray | np.generic:
    """`value` itself if it is an array of numbers, else the array that numbers or lists make."""
    array, library = value, _library(value)
    if library in _CONVERSIONS:
        raise ValueError(
            f"`{name}` must be {wanted}, got {described(value)} of {library}; "
            f"give the array `{name}{_CONVERSIONS[library]}`."
        )
    if library in _UNITS:  # they would be dropped
        raise ValueError(
            f"`{name}` must be {wanted}, got {described(value)} with a unit, and hbar = k_B = 1 "
            "here; `qtjax.units.natural` makes a number of it."
        )
    if isinstance(value, np.ma.MaskedArray):  # its mask would be
        raise ValueError(
            f"`{name}` must be {wanted}, got a masked array; say what stands where it is masked, "
            f"with `{name}.filled(...)`."
        )
    if not isinstance(value, jax.Array | np.ndarray | np.generic):
        truths = any(isinstance(leaf, bool | np.bool_) for leaf in jax.tree.leaves(value))
        if truths or isinstance(value, bytearray):
            raise ValueError(f"`{name}` must be {wanted}, got {described(value)}.")
        try:
            array = np.asarray(value) if is_concrete(value) else jax.numpy.asarray(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"`{name}` must be {wanted}, got {described(value)}.") from error
    number = jax.numpy.issubdtype(array.dtype, np.number)
    if not number or array.dtype.kind == "m":  # a span of time counts as one
        raise ValueError(f"`{name}` must be {wanted}, got {described(value)}.")
    return array if isinstance(array, jax.Array) else _in_common_precision(array)


def _in_common_precision(array: np.ndarray | np.generic) -> np.ndarray | np.generic:
    """In double precision, if it is of a length for which NumPy's linear algebra has no routine."""
    floats = jax.numpy.issubdtype(array.dtype, np.inexact)
    if not floats or array.dtype in _PRECISIONS:
        return array
    return np.asarray(array, np.complex128 if np.iscomplexobj(array) else np.float64)


def check_finite(name: str, value: Any) -> None:
    """Raise unless all entries of a concrete array are finite."""
    if not is_concrete(value):
        return
    array = np.asarray(value)
    if not np.all(np.isfinite(array)):
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        entry = f"entry {index} is " if index else "got "
        raise ValueError(
            f"`{name}` must be finite, but {entry}{array[index]}; "
            "look for a division by zero or an overflow where it was computed."
        )


def as_finite(name: str, value: Any, wanted: str) -> Array | np.ndarray | np.generic:
    """`value` as an array of numbers, all finite where it is concrete."""
    array = as_numbers(name, value, wanted)
    check_finite(name, array)
    return array


def check_square(name: str, value: Any, d: int | None = None) -> None:
    """Raise unless `value` is a d x d matrix (of any d >= 1 if `d` is None). For tracers too."""
    shape = np.shape(as_numbers(name, value, "a square matrix of numbers"))
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        batch = "; for a batch use `jax.vmap`" if len(shape) > 2 else ""
        raise ValueError(f"`{name}` must be a square matrix, got shape {shape}{batch}.")
    if d is not None and shape[0] != d:
        raise ValueError(
            f"`{name}` must be {d} x {d} to match the Hilbert space, got shape {shape}; "
            "use `embed` or `tensor` to bring operators of a part to the whole."
        )


def check_operator(name: str, value: Any, d: int | None = None) -> None:
    """Raise unless `value` is a finite d x d matrix."""
    check_square(name, value, d)
    check_finite(name, value)


def check_hermitian(name: str, value: Any, d: int | None = None) -> None:
    """Raise unless `value` is a finite Hermitian matrix."""
    check_operator(name, value, d)
    if not is_concrete(value):
        return
    matrix = np.asarray(value)
    error = np.max(np.abs(matrix - matrix.conj().T))
    if error > HERMITICITY_TOLERANCE * np.max(np.abs(matrix)):
        raise ValueError(
            f"`{name}` must be Hermitian, but max|A - A^dagger| = {error:.3g}; "
            "add the Hermitian conjugate of what is missing (`a + dag(a)`)."
        )


def check_operators(name: str, value: Any, d: int | None = None) -> None:
    """Raise unless `value` is a finite stack of matrices of shape (jumps, d, d)."""
    shape = np.shape(as_numbers(name, value, "a stack of square matrices"))
    wrong = len(shape) != 3 or shape[1] != shape[2] or shape[1] == 0
    if wrong or (d is not None and shape[1] != d):
        wanted = "(jumps, d, d)" if d is None else f"(jumps, {d}, {d})"
        raise ValueError(f"`{name}` must have shape {wanted}, got {shape}.")
    check_finite(name, value)


def check_no_ket(name: str, shape: tuple[int, ...]) -> None:
    """Raise if a shape is that of a ket where a density matrix is wanted."""
    if len(shape) == 1 or (len(shape) == 2 and shape[0] != shape[1] and 1 in shape):
        vector = name if len(shape) == 1 else f"{name}.ravel()"
        raise ValueError(
            f"`{name}` must be a density matrix (d, d), got the shape {shape} of a ket; "
            f"`pure_state({vector})` is its density matrix."
        )


def check_density_matrix(name: str, value: Any, d: int | None = None) -> None:
    """Raise unless `value` is Hermitian, of trace one and positive semidefinite."""
    check_no_ket(name, np.shape(as_numbers(name, value, "a density matrix")))
    check_hermitian(name, value, d)
    if not is_concrete(value):
        return
    matrix = np.asarray(value)
    tolerance = state_tolerance(matrix.dtype)
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


def state_tolerance(dtype: Any) -> float:
    """By how much the trace and the smallest eigenvalue of a state may be wrong."""
    return 1e-4 if dtype in (np.complex64, np.float32) else 1e-8


def check_nonnegative(name: str, value: Any, remedy: str, *, entries: bool = False) -> None:
    """Raise unless a number (or every entry of an array, if `entries`) is finite and >= 0."""
    array = _real(name, value, entries)
    if is_concrete(array) and np.any(np.asarray(array) < 0):
        raise ValueError(f"`{name}` must be >= 0, got {array}; {remedy}")


def check_positive(name: str, value: Any, remedy: str, *, entries: bool = False) -> None:
    """Raise unless a number (or every entry of an array, if `entries`) is finite and > 0."""
    array = _real(name, value, entries)
    if is_concrete(array) and np.any(np.asarray(array) <= 0):
        raise ValueError(f"`{name}` must be > 0, got {array}; {remedy}")


def check_number(name: str, value: Any) -> None:
    """Raise unless `value` is one real number, perhaps infinite."""
    check_no_nan(name, _real(name, value, entries=False, infinite=True))


def check_no_nan(name: str, value: Any) -> None:
    """Raise if an entry of a concrete array is nan."""
    if is_concrete(value) and np.any(np.isnan(value)):
        raise ValueError(f"`{name}` must be a number, got {described(value)}.")


def _real(name: str, value: Any, entries: bool, infinite: bool = False) -> Any:
    """`value` as an array of finite real numbers, or as one of them."""
    array = as_numbers(name, value, "an array of real numbers" if entries else "a real number")
    if not entries and np.shape(array) != ():
        raise ValueError(
            f"`{name}` must be one number, got an array of shape {np.shape(array)}; "
            "for a batch use `jax.vmap`."
        )
    if np.iscomplexobj(array):
        raise ValueError(f"`{name}` must be real, got complex {value!r}.")
    if not infinite:
        check_finite(name, array)
    return array


def check_increasing(name: str, value: Any) -> None:
    """Raise unless `value` is a real, finite, strictly increasing vector of at least one entry."""
    given = as_numbers(name, value, "a vector of times")
    if np.iscomplexobj(given):
        raise ValueError(f"`{name}` must be real, got complex numbers: {described(given)}.")
    shape = np.shape(given)
    if len(shape) != 1 or shape[0] == 0:
        raise ValueError(f"`{name}` must be a vector of at least one time, got shape {shape}.")
    if not is_concrete(value):
        return
    array = np.asarray(value, float)  # differences of unsigned whole numbers are never negative
    check_finite(name, array)
    steps = np.diff(array)
    if np.any(steps <= 0):
        i = int(np.argmax(steps <= 0))
        raise ValueError(
            f"`{name}` must increase strictly, but entry {i + 1} ({array[i + 1]:.12g}) does not "
            f"exceed entry {i} ({array[i]:.12g}); sort the times and drop repeated ones."
        )


def is_whole(value: Any) -> bool:
    """Whether `value` is a whole number of Python or NumPy, whose spans of time count as some."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64)


def check_count(name: str, value: Any, least: int = 1) -> None:
    """Raise unless `value` is a whole number of Python or NumPy, not below `least`."""
    if not is_whole(value) or value < least:
        raise ValueError(f"`{name}` must be a whole number >= {least}, got {value!r}.")


def check_size(name: str, *shape: int, power: int = 1) -> None:
    """Raise where complex numbers of this shape, to a tensor power, fill more than half the memory.

    XLA ends the process where NumPy would raise, so this is asked before anything is made; what is
    computed of an array takes as much again.
    """
    bits = power * sum(map(math.log2, shape))
    if bits + 5 > math.log2(_memory()):  # of 2^4 bytes each
        raise ValueError(
            f"`{name}` asks for an array of {_power(bits)} complex numbers, {_power(bits - 26)} "
            f"GiB, and this machine has {_memory() / 2**30:.3g} GiB of memory, for what is made of "
            "it too; keep fewer levels, parts or points."
        )


def _power(bits: float) -> str:
    return f"{2.0**bits:.3g}" if bits < 1000 else f"10^{bits * math.log10(2):.0f}"


@functools.cache
def _memory() -> int:
    """Bytes of the machine's memory; those of a large one where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 2**40


def as_counts(name: str, value: Any, least: int | None = 0) -> tuple[int, ...]:
    """One whole number not below `least`, or a sequence of them, as a tuple of Python's."""
    several = isinstance(value, list | tuple | range) or np.ndim(value) == 1
    wanted = "a whole number or a sequence of some"
    found: tuple[Any, ...] = as_sequence(name, value, wanted) if several else (value,)
    for k, number in enumerate(found):
        index = operator.index(number) if _holds_whole(number) else None
        if index is None or (least is not None and index < least):
            where = f"{name}[{k}]" if several else name
            bound = "" if least is None else f" >= {least}"
            raise ValueError(f"`{where}` must be a whole number{bound}, got {described(number)}.")
    return tuple(map(operator.index, found))


def _holds_whole(value: Any) -> bool:
    """Whether `value` is a whole number, perhaps a concrete array of one."""
    if isinstance(value, int):
        return is_whole(value)
    array = isinstance(value, np.generic | np.ndarray | jax.Array) and is_concrete(value)
    return array and value.ndim == 0 and value.dtype in _WHOLE


def check_ket(name: str, value: Any) -> None:
    """Raise unless `value` is a finite vector of at least one number."""
    shape = np.shape(as_numbers(name, value, "a vector of numbers"))
    if len(shape) != 1 or shape[0] == 0:
        columns = len(shape) == 2 and 1 in shape
        remedy = f"; give `{name}.ravel()`" if columns else ""
        raise ValueError(f"`{name}` must be a vector (d,), got shape {shape}{remedy}.")
    check_finite(name, value)


def check_instance(name: str, value: Any, kinds: Any, wanted: str) -> None:
    """Raise unless `value` is an object of one of some classes."""
    if not isinstance(value, kinds):
        raise ValueError(f"`{name}` must be {wanted}, got {described(value)}.")


def is_own(value: Any) -> bool:
    """Whether the class of `value` is one of qtjax, so that what it says of itself is known."""
    return type(value).__module__.startswith("qtjax.")


def check_final(name: str, value: Any, base: type) -> None:
    """Raise if the class of `value` has a base of qtjax beside the abstract one."""
    for other in type(value).__mro__[1:]:
        if other.__module__.startswith("qtjax.") and other is not base:
            raise ValueError(
                f"`{name}` ({type(value).__name__}) is a subclass of {other.__name__}, which is "
                f"final; make it one of `{base.__name__}`."
            )


def as_sequence(name: str, value: Any, wanted: str) -> tuple[Any, ...]:
    """`value` as a tuple; raises on what cannot be gone through or has no order, and on texts."""
    refused = isinstance(value, str | bytes | bytearray | dict | set | frozenset)
    refused |= _library(value) in _CONVERSIONS  # a table of pandas would go by its columns
    if refused or not isinstance(value, Iterable) or getattr(value, "ndim", 1) == 0:
        raise ValueError(f"`{name}` must be {wanted}, got {described(value)}.")
    return tuple(value)


def real_numbers(name: str, value: Any) -> Array | np.ndarray | np.generic:
    """`value` as an array of real numbers of whatever type; raises on what is none."""
    array = as_numbers(name, value, "real numbers")
    if np.iscomplexobj(array):
        raise ValueError(f"`{name}` must be real, got complex {value!r}.")
    return array


def as_real(name: str, value: Any) -> Array:
    """`value` as a real JAX array of the default float type; raises on what is none."""
    array = real_numbers(name, value)
    return jax.numpy.asarray(array, dtype=jax.numpy.result_type(float))


def as_vector(name: str, value: Any, least: int = 0, exactly: int | None = None) -> Array:
    """`value` as a real vector of so many entries (or more), finite where it is concrete."""
    array = as_numbers(name, value, "a vector of real numbers")
    size = array.shape[0] if array.ndim == 1 else -1
    if size < least or (exactly is not None and size != exactly):
        more = f" of {least} or more" if least else ""
        more = more if exactly is None else f" of {exactly}"
        raise ValueError(f"`{name}` must be a vector{more}, got shape {array.shape}.")
    check_finite(name, array)
    return as_real(name, array)


def as_scalar(name: str, value: Any, *, infinite: bool = False) -> Array:
    """`value` as a real JAX scalar of the default float type, finite unless `infinite`."""
    return as_real(name, _real(name, value, entries=False, infinite=infinite))


def as_nonnegative(name: str, value: Any, remedy: str) -> Array:
    """`value` as a real JAX scalar, finite and >= 0; nan where a traced one is negative."""
    check_nonnegative(name, value, remedy)
    number = as_real(name, value)
    return nan_unless(number >= 0.0, number)


def as_positive(name: str, value: Any, remedy: str) -> Array:
    """`value` as a real JAX scalar, finite and > 0; nan where a traced one is not."""
    check_positive(name, value, remedy)
    number = as_real(name, value)
    return nan_unless(number > 0.0, number)


def nan_below_zero(array: Array) -> Array:
    """An array, nan where it is negative: a leaf may have been put in place of a checked one."""
    return jax.numpy.where(array < 0.0, jax.numpy.nan, array)


def nan_unless(right: Any, array: Array) -> Array:
    """An array, nan where it is traced and wrong: the lane does not end as a successful one."""
    return array if is_concrete(array) else jax.numpy.where(right, array, jax.numpy.nan)


def as_hermitian(name: str, value: Any, d: int | None = None) -> Array:
    """`value` as a complex JAX array (d, d), Hermitian; nan where a traced one is not."""
    check_hermitian(name, value, d)
    matrix = as_complex(value)
    return matrix if is_concrete(matrix) else nan_unless(is_hermitian(matrix), matrix)


def is_hermitian(matrix: Array) -> Array:
    """Whether a traced matrix is Hermitian, as `check_hermitian` asks of a concrete one."""
    error = jax.numpy.max(jax.numpy.abs(matrix - matrix.conj().T))
    return ~(error > HERMITICITY_TOLERANCE * jax.numpy.max(jax.numpy.abs(matrix)))


def as_entries(name: str, value: Any, meaning: tuple[str, ...]) -> list[Array]:
    """The numbers of a vector or sequence with one >= 0 for each meaning."""
    several = isinstance(value, list | tuple) or np.ndim(value)
    found = list(as_sequence(name, value, "a sequence of numbers")) if several else [value]
    if len(found) != len(meaning):
        raise ValueError(
            f"`{name}` must have {len(meaning)} entries ({', '.join(meaning)}), got {len(found)}."
        )
    return [
        as_nonnegative(f"{name}[{k}]", entry, f"it is the entry '{what}'.")
        for k, (entry, what) in enumerate(zip(found, meaning, strict=True))
    ]


def as_complex(value: Any) -> Array:
    """`value` as a complex JAX array of the default precision; concrete values stay concrete."""
    dtype = jax.numpy.result_type(complex)
    if not is_concrete(value):
        return jax.numpy.asarray(value, dtype=dtype)
    if isinstance(value, jax.Array) and value.dtype == dtype:
        return value
    with jax.ensure_compile_time_eval():  # so that a fixed operator is known inside `jit` too
        return jax.numpy.asarray(value, dtype=dtype)


def concretely(function: Callable[..., Any], *values: Any) -> Any:
    """function(*values), known inside `jit` too where all values are."""
    if not is_concrete(values):
        return function(*values)
    try:
        with jax.ensure_compile_time_eval():
            return function(*values)
    except jax.errors.UnexpectedTracerError:  # a function among the values closes over one
        return function(*values)


def entries(array: Array) -> list[Array]:
    """The entries along the first axis; of a concrete array without a program for their number."""
    if not is_concrete(array):
        return list(array)
    with jax.ensure_compile_time_eval():
        return [jax.numpy.asarray(entry) for entry in np.asarray(array)]


def is_function(value: Any) -> bool:
    """Whether `value` can be called and is neither a class nor a matrix (as QuTiP's, which can)."""
    return callable(value) and not isinstance(value, type) and not getattr(value, "shape", ())


def traced(
    name: str, function: Callable[..., Any], convert: Callable[[Any], Any], *values: Any
) -> Any:
    """Shapes and dtypes of what a user's function returns, by tracing it once.

    Args:
        name: of the argument that the function was given as.
        function: of a time, or of `values`.
        convert: of what it returns, to arrays; it may raise.
        values: PyTrees of arrays, traced; a time by default.

    Raises:
        ValueError: it depends on a traced value by Python's control flow, calls NumPy or `math` on
            it, or takes other arguments.
    """
    values = values or (jax.numpy.zeros(()),)
    try:
        return eqx.filter_eval_shape(lambda *values: convert(function(*values)), *values)
    except jax.errors.JAXTypeError as error:
        raise ValueError(
            f"`{name}` ({called(function)}) must be written with jax.numpy, as JAX calls it with "
            "traced numbers: `jnp.where` in place of `if`, `jnp.sin` in place of `math.sin` or "
            f"`np.sin`. JAX says: {_first_line(error)}"
        ) from error
    except TypeError as error:
        raise ValueError(
            f"`{name}` ({called(function)}) cannot be called: {_first_line(error)}"
        ) from error


def check_takes(name: str, function: Any, *values: Any) -> None:
    """Raise unless a user's function can be called with so many arguments, without calling it."""
    try:
        inspect.signature(function).bind(*values)
    except ValueError:  # what is built in may not say what it takes
        return
    except TypeError as error:
        several = "one argument" if len(values) == 1 else f"{len(values)} arguments"
        raise ValueError(
            f"`{name}` must be a function of {several}, got {described(function)}: {error}."
        ) from error


def called(function: Any) -> str:
    """What a message calls a function or an object that is one."""
    return getattr(function, "__name__", type(function).__name__)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
