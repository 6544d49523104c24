"""Composite systems: tensor products, embedding, partial traces."""

import functools
import math
from collections.abc import Sequence

import jax.numpy as jnp

from .._checks import as_complex, check_square
from .._types import Operator, OperatorLike


def tensor(*operators: OperatorLike) -> Operator:
    """The Kronecker product of operators (or of states), first factor slowest.

    Args:
        operators: one or more matrices.

    Returns:
        Operator on the product space.

    Raises:
        ValueError: no operators.
    """
    if not operators:
        raise ValueError("`operators` must hold at least one operator, got none.")
    return functools.reduce(jnp.kron, [as_complex(operator) for operator in operators])


def embed(operator: OperatorLike, dims: Sequence[int], site: int | Sequence[int]) -> Operator:
    """An operator of one part (or of several) as an operator of the whole.

    Args:
        operator: acts on the parts `site`, in the order given there.
        dims: dimensions of all parts.
        site: index of the part, or a sequence of indices.

    Returns:
        Operator on the product space, the identity on all other parts.

    Raises:
        ValueError: a site that does not exist or repeats, or an operator of the wrong size.
    """
    sites = [site] if isinstance(site, int) else list(site)
    n = len(dims)
    if len(set(sites)) != len(sites) or any(not 0 <= s < n for s in sites):
        raise ValueError(f"`site` must name different parts from 0 to {n - 1}, got {sites}.")
    check_square("operator", operator, math.prod(dims[s] for s in sites))
    rest = [k for k in range(n) if k not in sites]
    whole = tensor(operator, jnp.eye(math.prod(dims[k] for k in rest)))
    order = [*sites, *rest]
    split = whole.reshape([dims[k] for k in order] * 2)
    back = [order.index(k) for k in range(n)]
    d = math.prod(dims)
    return split.transpose([*back, *(n + k for k in back)]).reshape(d, d)


def partial_trace(rho: OperatorLike, dims: Sequence[int], keep: int | Sequence[int]) -> Operator:
    """The reduced operator of the parts that are kept, in the order of `keep`.

    Args:
        rho: operator on the product space, (d, d) with d the product of `dims`.
        dims: dimensions of all parts.
        keep: index of the part to keep, or a sequence of indices.

    Returns:
        Operator on the kept parts.

    Raises:
        ValueError: `dims` do not multiply to d, or a part that does not exist or repeats.
    """
    d, n = math.prod(dims), len(dims)
    if rho.shape != (d, d):
        raise ValueError(
            f"`dims` {tuple(dims)} multiply to {d}, but `rho` has shape {rho.shape}; give the "
            "dimension of every part."
        )
    kept = [keep] if isinstance(keep, int) else list(keep)
    if len(set(kept)) != len(kept) or any(not 0 <= k < n for k in kept):
        raise ValueError(f"`keep` must name different parts from 0 to {n - 1}, got {kept}.")
    rows = list(range(n))
    columns = [n + k if k in kept else k for k in rows]
    split = as_complex(rho).reshape(*dims, *dims)
    reduced = jnp.einsum(split, [*rows, *columns], [*kept, *(n + k for k in kept)])
    size = math.prod(dims[k] for k in kept)
    return reduced.reshape(size, size)
