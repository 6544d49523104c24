"""What the function of a sweep returns: its numbers, by name."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._checks import described
from .._results import is_outcome, outcome_names

ALONE = "value"  # the name of a number that is returned by itself


class Output(eqx.Module):
    """One number, or one small array, that a function returns at every point.

    Args:
        name: of the key or field, with dots between those inside one another.
        shape: at one point.
        dtype: as it is stored.
        meanings: of the integers of a `result`, by name; of booleans; or none.
    """

    name: str = eqx.field(static=True)
    shape: tuple[int, ...] = eqx.field(static=True)
    dtype: str = eqx.field(static=True)
    meanings: dict[str, int] | None = eqx.field(static=True, default=None)

    @property
    def size(self) -> int:
        """Bytes at one point."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    @property
    def unfinished(self) -> Any:
        """What stands for a point that was not computed: nan, or the integer farthest from 0."""
        kind = np.dtype(self.dtype).kind
        if kind in "iu":
            limits = np.iinfo(self.dtype)
            return int(limits.min if kind == "i" else limits.max)
        return complex("nan+nanj") if kind == "c" else float("nan")


def outputs_of(f: Callable[..., Any], points: dict[str, Any]) -> tuple[Output, ...]:
    """What a function of named scalars returns, without calling it.

    Args:
        f: the function.
        points: arrays of its arguments; only their types are looked at.

    Raises:
        ValueError: it does not take these names, returns nothing, or something that is no number or
            array, names with a slash, or the name of one of its arguments.
    """
    scalars = {
        name: jax.ShapeDtypeStruct((), jnp.asarray(values[:1]).dtype)
        for name, values in points.items()
    }
    _check_names(f, scalars)
    found = []
    for path, leaf in _leaves(eqx.filter_eval_shape(f, **scalars)):
        name = jax.tree_util.keystr(path, simple=True, separator=".") or ALONE
        found.append(_output(name, leaf))
    names = [output.name for output in found]
    if not names:
        raise ValueError(
            "`f` must return numbers or arrays, got nothing (is there a `return`?); return a dict "
            'of them, `{"work": work}`.'
        )
    taken = [n for n in names if n in points or "/" in n or n.startswith("__")]
    if taken or len(set(names)) < len(names):
        wrong = taken or [n for n in names if names.count(n) > 1]
        raise ValueError(
            f"`f` returns something under the name {wrong[0]!r}, which is a parameter, stands "
            "twice, or has a slash or two underscores; give it another name."
        )
    return tuple(found)


def numbers(f: Callable[..., Any]) -> Callable[..., list[Any]]:
    """The function that returns what is stored, as a list in the order of `outputs_of`.

    Args:
        f: a function of named scalars.
    """

    def listed(**scalars: Any) -> list[Any]:
        arrays = [jnp.asarray(_bare(leaf)) for _, leaf in _leaves(f(**scalars))]
        return [a.astype(jnp.int8) if a.dtype == bool else a for a in arrays]

    return listed


def _leaves(returned: Any) -> list[tuple[Any, Any]]:
    return jax.tree_util.tree_flatten_with_path(returned, is_leaf=is_outcome)[0]


def _bare(leaf: Any) -> Any:
    return leaf._value if is_outcome(leaf) else leaf


def _output(name: str, leaf: Any) -> Output:
    bare = _bare(leaf)
    if isinstance(bare, bool | int | float | complex | np.ndarray | np.generic):
        bare = jax.eval_shape(lambda: jnp.asarray(bare))
    dtype = getattr(bare, "dtype", None)
    if dtype is None or np.dtype(dtype).kind not in "biufc":
        raise ValueError(
            f"`f` must return numbers or arrays, but {name!r} is {described(leaf)}; return a dict "
            'of the numbers that you want, `{"work": cycle.work_output}`.'
        )
    if is_outcome(leaf):
        return Output(name, bare.shape, np.dtype(dtype).name, outcome_names(leaf))
    if np.dtype(dtype).kind == "b":
        return Output(name, bare.shape, "int8", {"false": 0, "true": 1})
    return Output(name, bare.shape, np.dtype(dtype).name)


def _check_names(f: Callable[..., Any], scalars: dict[str, Any]) -> None:
    """Say in our words that a function does not take the parameters of the grid."""
    try:
        inspect.signature(f).bind(**scalars)
    except TypeError as error:
        raise ValueError(
            f"`f` must take the parameters of `grid` by name, {', '.join(scalars)}: {error}."
        ) from error
    except ValueError:  # a function without a signature
        return
