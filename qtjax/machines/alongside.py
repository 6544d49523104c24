"""Strokes of one kind, computed side by side: they compile once."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from .._checks import is_concrete


class Group(eqx.Module):
    """Items of one kind.

    Args:
        members: their places among all items, static.
        shared: what they have in common.
        own: of every item what it has alone.
    """

    members: tuple[int, ...] = eqx.field(static=True)
    shared: PyTree
    own: tuple[PyTree, ...]


def grouped(items: Sequence[tuple[Any, ...]]) -> tuple[Group, ...]:
    """Items by their kinds: those that differ in the values of their arrays only are of one.

    Arrays that are known to be the same in all items of a kind (operators are) stay one, so that a
    program has their values and need not repeat what is done with them; numbers do not, as their
    being equal by chance would make another program.
    """
    kinds: dict[Any, list[int]] = {}
    pairs = [eqx.partition(item, _is_array) for item in items]
    for k, (arrays, rest) in enumerate(pairs):
        leaves, structure = jax.tree.flatten(arrays)
        shapes = tuple((leaf.shape, leaf.dtype) for leaf in leaves)
        others = tuple(map(id, jax.tree.leaves(rest)))  # functions among them
        kinds.setdefault((structure, shapes, others), []).append(k)
    groups = []
    for members in kinds.values():
        arrays = [pairs[k][0] for k in members]
        own = jax.tree.map(lambda *each: not _same(*each), *arrays)
        shared = eqx.combine(eqx.filter(arrays[0], own, inverse=True), pairs[members[0]][1])
        groups.append(Group(tuple(members), shared, tuple(eqx.filter(a, own) for a in arrays)))
    return tuple(groups)


def alongside(function: Callable[..., Any], items: Sequence[tuple[Any, ...]]) -> list[Any]:
    """function(*item) for every item, with one `vmap` for all items of the same kind.

    Args:
        function: of the parts of an item; static, so give arguments of its own by `eqx.Partial`.
        items: tuples of PyTrees.

    Returns:
        The results, in the order of the items.
    """
    return by_group(function, grouped(items))


@eqx.filter_jit
def by_group(function: Callable[..., Any], groups: Sequence[Group]) -> list[Any]:
    """The same of what `grouped` has found, outside a program of which this is part."""
    found: dict[int, Any] = {}
    for group in groups:
        if len(group.members) == 1:
            found[group.members[0]] = function(*eqx.combine(group.shared, group.own[0]))
            continue
        count = jnp.arange(len(group.members))  # where nothing differs it is all there is
        stacked = jax.tree.map(lambda *each: jnp.stack(each), *group.own)

        def one(own: PyTree, _: Array, shared: PyTree = group.shared) -> Any:
            return function(*eqx.combine(shared, own))

        out = jax.vmap(one)(stacked, count)
        found |= {k: jax.tree.map(lambda x, i=i: x[i], out) for i, k in enumerate(group.members)}
    return [found[k] for k in sorted(found)]


def _is_array(value: Any) -> bool:
    return isinstance(value, jax.Array | np.ndarray)


def _same(*arrays: Array | np.ndarray) -> bool:
    if arrays[0].ndim == 0 or not is_concrete(arrays):
        return False
    return all(a is arrays[0] or np.array_equal(arrays[0], a) for a in arrays[1:])
