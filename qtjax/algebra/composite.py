"""Composite systems: tensor products, operators of a part, states of a part.

Parts are numbered from 0 and the first one varies slowest, as in `numpy.kron`.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Num

from .._checked import checked
from .._checks import (
    as_complex,
    as_counts,
    check_count,
    check_size,
    check_square,
    concretely,
    is_concrete,
)
from .._compiled import compiled
from .._types import Operator


def _indices(name: str, sites: int | Sequence[int], parts: int) -> tuple[int, ...]:
    """The sites as a tuple; raises unless they are distinct numbers of parts."""
    chosen = as_counts(name, sites)
    if len(set(chosen)) != len(chosen) or any(not 0 <= s < parts for s in chosen):
        raise ValueError(
            f"`{name}` must be distinct parts between 0 and {parts - 1}, got {chosen}; "
            "parts are numbered from 0 in the order of `dims`."
        )
    return chosen


@checked
def tensor(*operators: Num[Array | np.ndarray, "_ _"]) -> Operator:
    """The tensor product A_0 x A_1 x ... of operators.

    Args:
        operators: matrices, one for each part; at least one.

    Returns:
        Operator of the whole; its dimension is the product of theirs.

    Raises:
        ValueError: there is no operator, or one is not square.

    Examples:
        >>> qt.tensor(qt.sigmaz(), qt.identity(2)).diagonal()
        [1, 1, -1, -1]
    """
    if not operators:
        raise ValueError("`tensor` needs at least one operator, got none.")
    for k, a in enumerate(operators):
        check_square(f"operators[{k}]", a)
    check_size("operators", *(n for a in operators for n in a.shape))
    arrays = [as_complex(a) for a in operators]
    return as_complex(functools.reduce(_arrays_of(*arrays).kron, arrays))


def _arrays_of(*operators: Any) -> Any:
    """NumPy where all is concrete: nothing to compile, and known inside `jit` too."""
    return np if is_concrete(operators) else jnp


@checked
def fermions(modes: int) -> tuple[Operator, ...]:
    """The operators c_k that take a fermion out of mode k, by Jordan and Wigner.

    c_k = z x ... x z x c x 1 x ... x 1 with c = |0><1| on mode k, z = diag(1, -1) before it:
    {c_j, c_k^+} = delta_jk, {c_j, c_k} = 0. Index 0 of every mode is empty.

    Args:
        modes: how many, at least one.

    Returns:
        One operator for each mode, (2^modes, 2^modes).

    Raises:
        ValueError: `modes` is no whole number >= 1.

    Examples:
        >>> c = qt.algebra.fermions(2)
        >>> qt.algebra.product(qt.dag(c[1]), c[1]).diagonal()
        [0, 1, 0, 1]
        >>> jnp.max(jnp.abs(qt.algebra.anticommutator(c[0], qt.dag(c[1]))))
        0.0
    """
    check_count("modes", modes)
    check_size("modes", 4, power=modes)
    z, one, c = np.diag([1.0, -1.0]), np.eye(2), np.eye(2, k=1)
    return tuple(tensor(*[z] * k, c, *[one] * (modes - k - 1)) for k in range(modes))


@checked
def embed(
    operator: Num[Array | np.ndarray, "part part"],
    dims: Sequence[int],
    sites: int | Sequence[int],
) -> Operator:
    """An operator of some parts as an operator of the whole: A on `sites`, identity elsewhere.

    Args:
        operator: matrix on the chosen parts, in the order of `sites`.
        dims: dimension of each part.
        sites: the part, or parts, it acts on.

    Returns:
        Operator of the whole, (d, d) with d the product of `dims`.

    Raises:
        ValueError: the dimensions do not match, or a site does not exist.

    Examples:
        >>> qt.embed(qt.sigmaz(), (2, 2), 1).diagonal()
        [1, -1, 1, -1]
    """
    check_square("operator", operator)
    dims = as_counts("dims", dims, 1)
    check_size("dims", *dims, *dims)
    chosen = _indices("sites", sites, len(dims))
    rest = tuple(k for k in range(len(dims)) if k not in chosen)
    size = math.prod(dims[k] for k in chosen)
    if jnp.shape(operator) != (size, size):
        raise ValueError(
            f"`operator` must be {size} x {size} to act on sites {chosen} of dims {dims}, "
            f"got shape {jnp.shape(operator)}."
        )
    order = chosen + rest
    xp = _arrays_of(operator)
    whole = xp.kron(xp.asarray(operator), np.eye(math.prod(dims[k] for k in rest)))
    return as_complex(_in_order(whole, dims, order))


def _in_order(whole: Any, dims: tuple[int, ...], order: tuple[int, ...]) -> Any:
    """An operator whose parts stand in another order, with the parts as in `dims`."""
    shape = tuple(dims[k] for k in order)
    axes = tuple(int(k) for k in np.argsort(order))
    both = axes + tuple(len(dims) + k for k in axes)
    return whole.reshape(shape + shape).transpose(both).reshape(whole.shape)


@checked
def replace_part(
    rho: Num[Array | np.ndarray, "whole whole"],
    state: Num[Array | np.ndarray, "part part"],
    dims: Sequence[int],
    sites: int | Sequence[int],
) -> Operator:
    """tau x tr_i rho: some parts thrown away, and others in a state tau put in their place.

    Args:
        rho: operator of the whole, (d, d).
        state: tau, on the chosen parts, in the order of `sites`.
        dims: dimension of each part.
        sites: the part, or parts, that are replaced.

    Returns:
        Operator of the whole, (d, d).

    Raises:
        ValueError: the dimensions do not match, or a site does not exist.

    Examples:
        >>> bell, ground = qt.pure_state([1, 0, 0, 1]), qt.pure_state([1, 0])
        >>> qt.algebra.replace_part(bell, ground, (2, 2), 0).diagonal()
        [0.5, 0.5, 0.0, 0.0]
    """
    dims = as_counts("dims", dims, 1)
    chosen = _indices("sites", sites, len(dims))
    rest = tuple(k for k in range(len(dims)) if k not in chosen)
    check_square("state", state, math.prod(dims[k] for k in chosen))
    whole = jnp.kron(as_complex(state), partial_trace(rho, dims, rest))
    return _in_order(whole, dims, chosen + rest)


@checked
def collective(operator: Num[Array | np.ndarray, "part part"], parts: int) -> Operator:
    """The sum of an operator over equal parts, sum_k A_k, such as J_- of spins.

    A bath that all parts share alike is a bath of it: `LocalBath(collective(destroy(2), parts),
    gap, temperature, spectrum)` emits superradiantly (Dicke 1954) and leaves singlets dark.

    Args:
        operator: of one part, (part, part).
        parts: how many there are.

    Returns:
        Operator of the whole.

    Raises:
        ValueError: an operator that is not square, or no parts.

    Examples:
        >>> qt.algebra.collective(qt.sigmaz() / 2, 2).diagonal()
        [1, 0, 0, -1]
    """
    check_square("operator", operator)
    check_count("parts", parts)
    check_size("parts", *jnp.shape(operator), power=parts)
    dims = (jnp.shape(operator)[0],) * parts
    return concretely(lambda a: sum(embed(a, dims, k) for k in range(parts)), as_complex(operator))


@checked
def partial_trace(
    rho: Num[Array | np.ndarray, "whole whole"],
    dims: Sequence[int],
    keep: int | Sequence[int],
) -> Operator:
    """The state of some parts: rho with all other parts traced out.

    Args:
        rho: operator of the whole, (d, d).
        dims: dimension of each part; their product is d.
        keep: the part, or parts, that stay; the result has them in this order.

    Returns:
        Operator of the kept parts.

    Raises:
        ValueError: `dims` does not multiply to d, or a part does not exist.

    Examples:
        >>> bell = qt.pure_state([1, 0, 0, 1])
        >>> qt.partial_trace(bell, (2, 2), 0)
        [[0.5, 0.0], [0.0, 0.5]]
    """
    dims = tuple(dims)
    rho = as_complex(rho)
    check_dims(rho, dims)
    kept = _indices("keep", keep, len(dims))
    return _partial_trace(rho, dims, kept)


@functools.partial(compiled, static_argnums=(1, 2))
def _partial_trace(rho: Operator, dims: tuple[int, ...], kept: tuple[int, ...]) -> Array:
    parts = len(dims)
    columns = [parts + k if k in kept else k for k in range(parts)]
    traced = jnp.einsum(
        rho.reshape(dims + dims),
        [*range(parts), *columns],
        [*kept, *(parts + k for k in kept)],
    )
    size = math.prod(dims[k] for k in kept)
    return traced.reshape(size, size)


@checked
def partial_transpose(
    rho: Num[Array | np.ndarray, "d d"], dims: Sequence[int], sites: int | Sequence[int]
) -> Operator:
    """The operator transposed on some parts, in the product basis.

    Args:
        rho: operator of the whole, (d, d).
        dims: dimension of each part; their product is d.
        sites: the part, or parts, that are transposed.

    Returns:
        Operator of the whole, (d, d).

    Raises:
        ValueError: `dims` does not multiply to d, or a part does not exist.

    Examples:
        >>> bell = qt.pure_state([1, 0, 0, 1])
        >>> qt.algebra.eigenvalues(qt.algebra.partial_transpose(bell, (2, 2), 0))
        [-0.5, 0.5, 0.5, 0.5]
    """
    dims, rho = tuple(dims), as_complex(rho)
    check_dims(rho, dims)
    return _partial_transpose(rho, dims, _indices("sites", sites, len(dims)))


@functools.partial(compiled, static_argnums=(1, 2))
def _partial_transpose(rho: Operator, dims: tuple[int, ...], sites: tuple[int, ...]) -> Operator:
    parts = len(dims)
    order = np.arange(2 * parts)
    for k in sites:
        order[[k, parts + k]] = order[[parts + k, k]]
    return rho.reshape(dims + dims).transpose(tuple(order)).reshape(rho.shape)


def check_dims(rho: Num[Array | np.ndarray, "d d"], dims: tuple[int, ...]) -> None:
    """Raise unless the dimensions of the parts multiply to that of the whole."""
    d = math.prod(dims)
    if rho.shape != (d, d):
        raise ValueError(
            f"`dims` {dims} multiply to {d}, but `rho` has shape {rho.shape}; "
            "give the dimension of every part, in order."
        )
