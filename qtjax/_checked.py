"""Arguments of a public function, checked by their annotations: kinds and shapes, never values.

    @checked
    def commutator(a: OperatorLike, b: OperatorLike) -> Operator: ...

refuses by the name of the argument what is no square matrix of numbers, and a `b` that does not
have the dimension of `a` (or of an `OpenSystem` before it). Lists become arrays. Tracers are
checked too, as they have shapes. What an annotation does not say (positive, Hermitian, finite) is
for the function itself.
"""

import functools
import inspect
import os
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import jax
import jaxtyping
import numpy as np

from ._checks import (
    as_complex,
    as_counts,
    as_numbers,
    as_real,
    as_sequence,
    check_instance,
    check_no_ket,
    check_number,
    check_square,
    described,
    is_concrete,
    is_function,
)

F = TypeVar("F", bound=Callable[..., Any])
Sizes = dict[str, tuple[int, str]]  # of the dimensions that annotations name, and who said so
Rule = Callable[[str, Any, Sizes], Any]  # name, value, sizes -> the value to go on with

_ARRAY: Any = type(jaxtyping.Float[jax.Array, ""])  # the class of all annotations of arrays


def checked(function: F) -> F:
    """`function` with its arguments checked by their annotations.

    Raises:
        ValueError: when called, with an argument that is not what its annotation says.
    """
    signature = inspect.signature(function)
    rules = {name: _rule(given.annotation) for name, given in signature.parameters.items()}

    @functools.wraps(function)
    def checking(*values: Any, **named: Any) -> Any:
        try:
            bound = signature.bind(*values, **named)
        except TypeError:  # too many or too few: Python says so with the function's name
            return function(*values, **named)
        sizes: Sizes = {}
        for name, value in bound.arguments.items():
            if (rule := rules[name]) is None:
                continue
            if signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
                value = tuple(rule(f"{name}[{k}]", one, {}) for k, one in enumerate(value))
            else:
                value = rule(name, value, sizes)
            bound.arguments[name] = value
        return function(*bound.args, **bound.kwargs)

    return typing.cast(F, checking)


def _rule(annotation: Any) -> Rule | None:
    """What is done with a value by its annotation; None where that says nothing checkable."""
    union = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    kinds = typing.get_args(annotation) if union else (annotation,)
    rule = _rule_of(tuple(kind for kind in kinds if kind is not type(None)))
    if rule is None or type(None) not in kinds:
        return rule
    return lambda name, value, sizes: None if value is None else rule(name, value, sizes)


def _rule_of(kinds: tuple[Any, ...]) -> Rule | None:
    """The rule of an annotation without None, which may name several kinds."""
    arrays: list[Any] = [kind for kind in kinds if isinstance(kind, _ARRAY)]
    numbers = {float, int} & set(kinds)
    if kinds in _SIMPLE:
        return _SIMPLE[kinds]
    if all(kind is int or typing.get_args(kind)[:1] == (int,) for kind in kinds):
        return lambda name, value, sizes: as_counts(name, value)
    if kinds == (float,):
        return _static_number
    if float in numbers and len(numbers) + len(arrays) == len(kinds):
        return _number if all(kind.dim_str == "" for kind in arrays) else None
    if arrays and len(arrays) == len(kinds):
        return _array(arrays[0], like=len(arrays) > 1)
    if numbers | {int} == {float, int} and all(kind.dim_str.startswith("*") for kind in arrays):
        return _any_array if len(numbers) + len(arrays) == len(kinds) else None
    if [typing.get_origin(kind) for kind in kinds] == [Callable]:
        return _function(typing.get_args(kinds[0]))
    if {typing.get_origin(kind) or kind for kind in kinds} in ({str, os.PathLike}, {str, Path}):
        return _path
    if [typing.get_origin(kind) for kind in kinds] == [Mapping]:
        return _mapping(kinds[0])
    if len(kinds) == 1 and typing.get_origin(kinds[0]) in (Sequence, tuple):
        return _sequence(kinds[0])
    if all(inspect.isclass(kind) and kind.__module__.startswith("qtjax.") for kind in kinds):
        return _instance(kinds)
    return None


def _static_number(name: str, value: Any, sizes: Sizes) -> Any:
    """A number of Python's, as static arguments are hashed."""
    number = _number(name, value, sizes)
    return float(number) if is_concrete(number) else number


def _number(name: str, value: Any, sizes: Sizes) -> Any:
    check_number(name, value)
    return value if isinstance(value, float | int) else as_numbers(name, value, "a real number")


def _whole(name: str, value: Any, sizes: Sizes) -> int:
    if isinstance(value, list | tuple | range) or np.ndim(value):
        raise ValueError(f"`{name}` must be a whole number, got {described(value)}.")
    return as_counts(name, value, least=None)[0]


def _truth(name: str, value: Any, sizes: Sizes) -> bool:
    check_instance(name, value, bool | np.bool_, "True or False")
    return bool(value)


def _text(name: str, value: Any, sizes: Sizes) -> str:
    check_instance(name, value, str, "a text")
    return value


def _path(name: str, value: Any, sizes: Sizes) -> Any:
    wanted = "the path of a file, as text or a `Path`"
    check_instance(name, value, str | os.PathLike, wanted)
    text = os.fspath(value)
    if not text or "\0" in text:
        raise ValueError(f"`{name}` must be {wanted}, got {value!r}.")
    return value


def _function(given: tuple[Any, ...]) -> Rule:
    """A function; or the class of what it returns by its annotation, which is called as well."""
    returned = given[1] if given else None

    def rule(name: str, value: Any, sizes: Sizes) -> Any:
        made = inspect.isclass(value) and inspect.isclass(returned) and issubclass(value, returned)
        if not (made or is_function(value)):
            raise ValueError(f"`{name}` must be a function, got {described(value)}.")
        return value

    return rule


def _any_array(name: str, value: Any, sizes: Sizes) -> Any:
    return value if isinstance(value, jax.Array) else as_numbers(name, value, "an array of numbers")


_SIMPLE: dict[tuple[Any, ...], Rule] = {
    (int,): _whole,
    (bool,): _truth,
    (str,): _text,
    (jax.Array,): _any_array,
}


_AS_MADE = {"OpenSystem": "OpenSystem(hamiltonian, baths)"}  # what is asked for most


def _instance(kinds: tuple[type, ...]) -> Rule:
    """An object of some classes; one that has a dimension binds `d`."""
    names = [_AS_MADE.get(kind.__name__, kind.__name__) for kind in kinds]
    wanted = " or ".join(f"{'an' if name[0] in 'AEIOU' else 'a'} `{name}`" for name in names)

    def rule(name: str, value: Any, sizes: Sizes) -> Any:
        check_instance(name, value, kinds, wanted)
        dimension = getattr(value, "dimension", None)
        if isinstance(dimension, int):
            sizes.setdefault("d", (dimension, name))
        return value

    return rule


def _sequence(annotation: Any) -> Rule | None:
    """A sequence of things of one kind; pairs are left to the function."""
    entry, *more = typing.get_args(annotation)
    if more and more != [...]:
        return None
    if (rule := _rule(entry)) is None:
        return None

    def each(name: str, value: Any, sizes: Sizes) -> tuple[Any, ...]:
        wanted = "a sequence of numbers" if rule is _number else "a sequence"
        values = enumerate(as_sequence(name, value, wanted))
        return tuple(rule(f"{name}[{k}]", one, {}) for k, one in values)

    return each


def _mapping(annotation: Any) -> Rule:
    """A dictionary by names, of things of one kind."""
    rule = _rule(typing.get_args(annotation)[1])

    def each(name: str, value: Any, sizes: Sizes) -> Any:
        check_instance(name, value, Mapping, "a dictionary")
        if rule is None:
            return value
        return {key: rule(f"{name}[{key!r}]", one, {}) for key, one in value.items()}

    return each


def _array(annotation: Any, like: bool) -> Rule | None:
    """An array of the named dimensions; as a JAX array of its dtype unless it may be `like` one."""
    dims = annotation.dim_str.split()
    if dims and dims[0].startswith("*"):
        return _stack if dims[1:] == ["d", "d"] else _any_array
    is_complex = "complex128" in annotation.dtypes and "float64" not in annotation.dtypes
    is_real = "float64" in annotation.dtypes and "complex128" not in annotation.dtypes

    def rule(name: str, value: Any, sizes: Sizes) -> Any:
        wanted = "a density matrix" if name.startswith("rho") else _wanted(dims)
        array = as_numbers(name, value, wanted)
        shape = np.shape(array)
        if len(dims) == 2 and dims[0] == dims[1]:
            if wanted == "a density matrix":
                check_no_ket(name, shape)
            check_square(name, array, sizes.get(dims[0], (None, ""))[0])
        else:
            _check_shape(name, shape, dims, sizes)
        for dim, size in zip(dims, shape, strict=True):
            if dim != "_":
                sizes.setdefault(dim, (size, name))
        if is_complex and not like:
            return as_complex(array)
        return as_real(name, array) if is_real and not like else array

    return rule


def _stack(name: str, value: Any, sizes: Sizes) -> Any:
    """Square matrices along any axes before the last two."""
    array = as_numbers(name, value, "a matrix of numbers, or a stack of them")
    shape = np.shape(array)
    if len(shape) < 2 or shape[-1] != shape[-2] or shape[-1] == 0:
        raise ValueError(f"`{name}` must have shape (..., d, d), got {shape}.")
    return array


def _check_shape(name: str, shape: tuple[int, ...], dims: list[str], sizes: Sizes) -> None:
    """Raise unless a shape has the named dimensions, with the sizes that are known of them."""
    known = [int(dim) if dim.isdigit() else sizes.get(dim, (dim, ""))[0] for dim in dims]
    fits = [want in (size, dim) for want, size, dim in zip(known, shape, dims, strict=False)]
    if len(shape) == len(dims) and all(fits):
        return
    wanted = f"({', '.join(map(str, known))}{',' * (len(dims) == 1)})"
    wanted = f"be a vector {wanted}" if len(dims) == 1 else f"have shape {wanted}"
    match = "".join(f" to match `{who}`" for who in {sizes[dim][1] for dim in dims if dim in sizes})
    column = len(dims) == 1 and len(shape) == 2 and 1 in shape
    batch = "; for a batch use `jax.vmap`" if len(shape) > len(dims) else ""
    remedy = f"; give `{name}.ravel()`" if column else batch
    raise ValueError(f"`{name}` must {wanted}{match}, got shape {shape}{remedy}.")


def _wanted(dims: list[str]) -> str:
    kinds = ("a number", "a vector of numbers", "a matrix of numbers")
    return kinds[len(dims)] if len(dims) < len(kinds) else "an array of numbers"
