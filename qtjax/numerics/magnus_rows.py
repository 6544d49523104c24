"""Magnus steps of few components, with the lanes last.

A matrix of the equation is an array (rows, n, steps, lanes) without its first rows, which are 0.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .equation import SignalTerm
from .exponentials import taylor_expm1
from .lanes import over_lanes, sample
from .magnus import magnus_combination, node_differences
from .small_matrices import Rows, row_product, row_product_in_reverse

BLOCK = 8192  # steps times lanes that are treated at once


def magnus_product(
    signals: Callable[[Any], list[Array]], terms: Sequence[SignalTerm], shape: tuple[int, int],
    nodes: Float[Array, "steps 3"], widths: Float[Array, " steps"],
    jumps: Float[Array, "steps n"] | None = None,
) -> Float[Array, "m n"]:  # fmt: skip
    """The map of successive Magnus steps of sixth order, minus 1.

    Args:
        signals: of time, scalars.
        terms: of the generator, made of them.
        shape: (m, n).
        nodes: the `magnus_nodes` of every step.
        widths: the length of every step.
        jumps: what is added to the last row besides, whatever the length.

    Returns:
        F with y(end) = y(start) + F x(start) for y = (x, books), (m, n).
    """
    rows, n = shape
    moved = [term.first + i for term in terms for i in term.matrix.places.rows.tolist()]
    first = min([n - 1, *moved])
    converted = eqx.filter_closure_convert(signals, nodes[0, 0])
    constants, structure = eqx.partition(converted, eqx.is_array)

    def generator(given: dict) -> Float[Array, "m n steps 3 lanes"]:
        found: list[list[Any]] = [[0.0] * n for _ in range(rows - first)]
        sampled = sample(structure, given["constants"], given["nodes"])
        for term, values in zip(terms, given["values"], strict=True):
            weight = math.prod(sampled[k] for k in term.signals)
            for (i, column), value in zip(term.matrix.places, values, strict=True):
                found[term.first + i - first][column] += weight * value
        nothing, widths = jnp.zeros_like(sampled[0]), given["widths"][:, None]
        nodes = jnp.stack([jnp.stack([nothing + a * widths for a in row]) for row in found])
        if jumps is None:
            return nodes
        return nodes.at[-1].add(given["jumps"].swapaxes(0, 1)[:, :, None])

    def smooth(given: dict) -> Array:
        return _follow(generator(given), first, row_product, lambda block: block)

    def pullback(given: dict, wanted: dict, cotangent: Array) -> dict:
        moving, fixed = eqx.partition(given, wanted)
        nodes, to_given = jax.vjp(lambda moving: generator(eqx.combine(moving, fixed)), moving)
        follow = partial(_follow, first=first, product=row_product_in_reverse, again=jax.checkpoint)
        return to_given(*jax.vjp(follow, nodes)[1](cotangent))[0]

    arguments = {
        "constants": constants,
        "values": [jnp.asarray(term.matrix.values) for term in terms],
        "nodes": nodes,
        "widths": widths,
        "jumps": jumps,
    }
    output = jax.ShapeDtypeStruct((rows - first, n), nodes.dtype)
    found = over_lanes(smooth, smooth, output, arguments, pullback=pullback)
    return jnp.concatenate([jnp.zeros((first, n), found.dtype), found])


def _follow(
    nodes: Float[Array, "rows n steps 3 lanes"], first: int, product: Callable, again: Callable
) -> Float[Array, "rows n lanes"]:
    """All steps, a block of them at once."""
    rows, n, steps, _, lanes = nodes.shape
    length = min(steps, max(1, BLOCK // lanes))
    product = partial(product, first)

    def compose(later: Rows, earlier: Rows) -> Rows:
        return earlier + later + product(later, earlier)

    def block(total: Rows, nodes: Array) -> tuple[Rows, None]:
        exponents = magnus_combination(
            node_differences(nodes), lambda a, b: product(a, b) - product(b, a)
        )
        found = taylor_expm1(exponents, product)
        while found.shape[2] > 1:  # what is small is composed first, which rounds less
            found = jnp.pad(found, ((0, 0), (0, 0), (0, found.shape[2] % 2), (0, 0)))
            found = compose(found[:, :, 1::2], found[:, :, ::2])
        return compose(found, total), None

    nodes = jnp.pad(nodes, ((0, 0), (0, 0), (0, -steps % length), (0, 0), (0, 0)))
    blocks = jnp.transpose(nodes.reshape(rows, n, -1, length, 3, lanes), (2, 4, 0, 1, 3, 5))
    start = jnp.zeros((rows, n, 1, lanes), nodes.dtype)
    return jax.lax.scan(block if length == steps else again(block), start, blocks)[0][:, :, 0]
