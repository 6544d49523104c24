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

import equinox as eqx
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


def compiled_with_shared(function: Callable) -> Callable:
    """`eqx.filter_jit` for which an array that the arguments hold several times is one argument.

    A bath that follows H(t) holds the arrays of H. Were they arguments of their own, XLA could not
    see that its eigensystems are those of the next bath.
    """

    @eqx.filter_jit
    def call(arrays: list[jax.Array], places: tuple[int, ...], treedef: Any, static: Any) -> Any:
        dynamic = jax.tree.unflatten(treedef, [arrays[place] for place in places])
        return function(*eqx.combine(dynamic, static))

    @functools.wraps(function)
    def shared(*args: Any) -> Any:
        dynamic, static = eqx.partition(args, eqx.is_array)
        leaves, treedef = jax.tree.flatten(dynamic)
        arrays = list({id(leaf): leaf for leaf in leaves}.values())
        index = {id(array): place for place, array in enumerate(arrays)}
        places = tuple(index[id(leaf)] for leaf in leaves)
        return call(arrays, places, treedef, static)

    return shared
