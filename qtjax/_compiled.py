"""One program for all of a function, where JAX would compile one for each of its operations.

    @compiled
    def overlap(a: Operator, b: Operator) -> Real: ...

That is outside `jit`: there a first call takes some 25 ms for every operation. Inside `jit` a
compiled function is traced as if it were not one. What it is given are arrays; what is static has
to be named.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax

compiled = functools.partial(jax.jit, inline=True)


def compiled_for_qubits(function: Callable, static_argnums: int | tuple[int, ...] = ()) -> Callable:
    """`compiled` where the first argument is 2 x 2, else `function` operation by operation.

    For what takes several eigensystems. Those of qubits are closed forms; where others are batches
    in one program, XLA (with jax 0.10, on few cores) can wait for ever.
    """
    whole = compiled(function, static_argnums=static_argnums)

    @functools.wraps(function)
    def call(first: jax.Array, *others: Any) -> Any:
        return (whole if first.shape[-2:] == (2, 2) else function)(first, *others)

    return call
