"""Products of JAX arrays at the precision of their numbers.

Unless a precision is named, GPUs may round the factors of a float32 product to 10 bits (TF32): an
error of 1e-3, where float32 has 1e-7. Every matrix product of qtjax is one of these, and not `@`.
"""

import warnings
from functools import cache, partial

import jax
import jax.numpy as jnp

HIGHEST = jax.lax.Precision.HIGHEST

matmul = partial(jnp.matmul, precision=HIGHEST)
einsum = partial(jnp.einsum, precision=HIGHEST)
tensordot = partial(jnp.tensordot, precision=HIGHEST)


def warn_of_float32() -> None:
    """Warn, once in a process, where a solution is computed without float64."""
    if not jax.config.read("jax_enable_x64"):
        _warn_once()


@cache
def _warn_once() -> None:
    warnings.warn(
        "qtjax computes in float32 here, to about five digits, as JAX does by default. For quoted "
        'results put `jax.config.update("jax_enable_x64", True)` before the first array is made; '
        "`docs/robustness.md` says what float32 is good for.",
        stacklevel=5,
    )
