"""Functions written with NumPy, called with traced numbers."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def with_jax(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function with JAX's functions where it calls those of NumPy and `scipy.special`.

    By NumPy's own protocols: its functions ask their arguments who computes them.

    Args:
        function: of numbers, (t, **args).
    """

    def traceable(t: Any, **args: Any) -> Any:
        return _inside(function(_outside(t), **{k: _outside(v) for k, v in args.items()}))

    return traceable


class _Number(np.lib.mixins.NDArrayOperatorsMixin):
    """A traced number, of which NumPy lets JAX compute all functions."""

    def __init__(self, value: jax.Array):
        self.value = value

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            return NotImplemented
        return _call(ufunc, inputs, {})

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return _call(function, args, options)

    # these ask a traced number for its value, which it has not
    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __complex__(self) -> complex:
        return complex(self.value)

    def __int__(self) -> int:
        return int(self.value)

    real = property(lambda self: _outside(jnp.real(self.value)))
    imag = property(lambda self: _outside(jnp.imag(self.value)))


def _call(function: Any, args: Any, options: Any) -> Any:
    name = function.__name__
    found = getattr(jnp, name, None) or getattr(jax.scipy.special, name, None)
    if found is None:
        raise TypeError(f"JAX has no function `{name}`")
    args, options = jax.tree.map(_inside, (tuple(args), options))
    return _outside(found(*args, **options))


def _outside(value: Any) -> Any:
    return _Number(value) if isinstance(value, jax.Array) else value


def _inside(value: Any) -> Any:
    return value.value if isinstance(value, _Number) else value
