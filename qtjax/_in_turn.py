"""Linear algebra one after the other, where XLA would do it side by side.

On a CPU jaxlib divides a large batch of eigensystems or of linear systems among the threads of the
pool that it runs in, and waits for them in one of these: as many such batches at once as there are
threads wait for ever (two on two cores; seen with jax 0.10 and its default flags). Here a large
batch is taken in parts that are not divided.
"""

import math
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Inexact

from ._jax import Primitive, ShapedArray, ad, batching, mlir
from ._precise import matmul

_UNDIVIDED = 200_000  # operations that jaxlib does not divide
_MANY_THREADS = 16  # of which some are free

Function = Callable[..., list[Array]]


def in_turn(x: Inexact[Array, "..."], after: Array) -> Inexact[Array, "..."]:
    """x, but not before `after` is known; all nan where that is nan.

    Barriers of JAX are gone before XLA runs.
    """
    return jnp.where(jnp.isnan(after), jnp.nan, x)


def eigh(a: Inexact[Array, "*batch n n"]) -> list[Array]:
    """Eigenvalues and eigenvectors of Hermitian matrices."""
    return _in_parts(_eigh, 5 * a.shape[-1] ** 3, a, leading=a.ndim - 2)


def eigvals(a: Inexact[Array, "n n"]) -> Inexact[Array, " n"]:
    """The eigenvalues of any square matrix, in no order; not to be differentiated."""
    return _in_parts(_eigvals, 10 * a.shape[0] ** 3, a)[0]


def svd(a: Inexact[Array, "m n"]) -> list[Array]:
    """Left singular vectors, singular values and right singular vectors; not to be differentiated.

    Args:
        a: one matrix.
    """
    return _in_parts(_svd, 10 * a.shape[0] * a.shape[1] * min(a.shape), a)


def solve(a: Inexact[Array, "n n"], b: Inexact[Array, "n ..."]) -> Inexact[Array, "n ..."]:
    """x with A x = b, by LU factors.

    Args:
        a: A.
        b: a vector, or one in every column.
    """
    if not b.size:
        return b
    factors = lu_factors(jax.lax.stop_gradient(a))

    def solved(_: Any, right: Array, transposed: bool = False) -> Array:
        return lu_solve(factors, right, transposed)

    columns = jnp.asarray(b if b.ndim == 2 else b[:, None], jnp.result_type(a, b))
    found = jax.lax.custom_linear_solve(
        partial(matmul, a), columns, solved, partial(solved, transposed=True)
    )
    return found.reshape(b.shape)


def inv(a: Inexact[Array, "n n"]) -> Inexact[Array, "n n"]:
    """The inverse of a matrix."""
    return solve(a, jnp.eye(a.shape[0], dtype=a.dtype))


def lu_factors(a: Inexact[Array, "n n"]) -> list[Array]:
    """LU factors and pivots of a matrix; not to be differentiated."""
    return _in_parts(_lu_factor, a.shape[0] ** 3, a)


def lu_solve(
    factors: list[Array], right: Inexact[Array, "n k"], transposed: bool = False
) -> Inexact[Array, "n k"]:
    """The solutions of linear systems whose factors are known; not to be differentiated."""
    n, k = right.shape
    return _in_parts(_transposed_solve if transposed else _lu_solve, n * n * k, *factors, right)[0]


def _eigh(a: Array) -> list[Array]:
    return list(jnp.linalg.eigh(a, symmetrize_input=True))


def _eigvals(a: Array) -> list[Array]:
    return [jnp.linalg.eigvals(a)]


def _svd(a: Array) -> list[Array]:
    return list(jnp.linalg.svd(a))


def _lu_factor(a: Array) -> list[Array]:
    return list(jax.scipy.linalg.lu_factor(a))


def _lu_solve(lu: Array, pivots: Array, right: Array) -> list[Array]:
    return [jax.scipy.linalg.lu_solve((lu, pivots), right)]


def _transposed_solve(lu: Array, pivots: Array, right: Array) -> list[Array]:
    return [jax.scipy.linalg.lu_solve((lu, pivots), right, trans=1)]


def _in_parts(function: Function, cost: int, *args: Array, leading: int = 0) -> list[Array]:
    """function(*args), over the leading axes that all arguments have."""
    complex_too = any(jnp.iscomplexobj(x) for x in args)
    cost = max(1, cost) * (3 if complex_too else 1)  # as jaxlib counts
    return _in_parts_p.bind(*args, function=function, cost=cost, leading=leading)


def _whole(*args: Array, function: Function, cost: int, leading: int) -> list[Array]:
    for _ in range(leading):
        function = jax.vmap(function)
    return function(*args)


def _on_cpu(*args: Array, function: Function, cost: int, leading: int) -> list[Array]:
    batch, most = args[0].shape[:leading], max(1, _UNDIVIDED // cost)
    count = math.prod(batch)
    if count <= most or _threads() >= _MANY_THREADS:
        return _whole(*args, function=function, cost=cost, leading=leading)
    parts = -(-count // most)
    each = -(-count // parts)

    def divided(x: Array) -> Array:
        flat = x.reshape(count, *x.shape[leading:])
        widths = [(0, parts * each - count), *[(0, 0)] * (flat.ndim - 1)]
        return jnp.pad(flat, widths, mode="edge").reshape(parts, each, *flat.shape[1:])

    found = jax.lax.map(lambda part: jax.vmap(function)(*part), [divided(x) for x in args])
    return [x.reshape(-1, *x.shape[2:])[:count].reshape(*batch, *x.shape[2:]) for x in found]


def _threads() -> int:
    """How many threads XLA takes on a CPU."""
    given = os.environ.get("NPROC", "")
    if given.isdigit():
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _batched(args: Any, axes: Any, **params: Any) -> tuple[list[Array], list[int]]:
    size = next(x.shape[k] for x, k in zip(args, axes, strict=True) if k is not None)
    moved = [
        jnp.broadcast_to(x, (size, *x.shape)) if k is None else jnp.moveaxis(x, k, 0)
        for x, k in zip(args, axes, strict=True)
    ]
    found = _in_parts_p.bind(*moved, **params | {"leading": params["leading"] + 1})
    return found, [0] * len(found)


def _shapes(*args: Any, **params: Any) -> list[Any]:
    given = [jax.ShapeDtypeStruct(x.shape, x.dtype) for x in args]
    found = jax.eval_shape(partial(_whole, **params), *given)
    return [ShapedArray(x.shape, x.dtype) for x in found]


_in_parts_p = Primitive("linear_algebra_in_parts")
_in_parts_p.multiple_results = True
_in_parts_p.def_impl(jax.jit(_in_parts_p.bind, static_argnames=("function", "cost", "leading")))
_in_parts_p.def_abstract_eval(_shapes)
mlir.register_lowering(_in_parts_p, mlir.lower_fun(_whole, multiple_results=True))
mlir.register_lowering(_in_parts_p, mlir.lower_fun(_on_cpu, multiple_results=True), platform="cpu")
ad.primitive_jvps[_in_parts_p] = lambda primals, tangents, **params: jax.jvp(
    partial(_whole, **params), primals, tangents
)
batching.primitive_batchers[_in_parts_p] = _batched
