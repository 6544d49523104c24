"""Strokes of one kind, computed side by side: they compile once."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp


@eqx.filter_jit
def alongside(function: Callable[..., Any], items: Sequence[tuple[Any, ...]]) -> list[Any]:
    """function(*item) for every item, with one `vmap` for all items of the same structure.

    Args:
        function: of the parts of an item; static, so give arguments of its own by `eqx.Partial`.
        items: tuples of PyTrees. Those that differ in the values of their arrays only are of one
            kind.

    Returns:
        The results, in the order of the items.
    """
    kinds: dict[Any, list[int]] = {}
    pairs = [eqx.partition(item, eqx.is_array) for item in items]
    for k, (arrays, rest) in enumerate(pairs):
        leaves, structure = jax.tree.flatten(arrays)
        shapes = tuple((leaf.shape, leaf.dtype) for leaf in leaves)
        others = tuple(map(id, jax.tree.leaves(rest)))  # functions among them
        kinds.setdefault((structure, shapes, others), []).append(k)
    found: dict[int, Any] = {}
    for members in kinds.values():
        rest = pairs[members[0]][1]
        stacked = jax.tree.map(lambda *x: jnp.stack(x), *(pairs[k][0] for k in members))
        out = jax.vmap(lambda arrays, rest=rest: function(*eqx.combine(arrays, rest)))(stacked)
        found |= {k: jax.tree.map(lambda x, i=i: x[i], out) for i, k in enumerate(members)}
    return [found[k] for k in range(len(items))]
