"""Fixed sparse matrices; products with all lanes, linear in the data and in what they act on."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from .._jax import BCSR, Primitive, ShapedArray, ad, mlir
from .equation import FixedMatrix


class _Pattern(NamedTuple):
    """Compressed rows: row and column indices and row starts; `order` takes data of the forward
    matrix."""

    rows: np.ndarray
    columns: np.ndarray
    starts: np.ndarray
    shape: tuple[int, ...]
    order: np.ndarray


class SparseMatrix:
    """Fixed matrices side by side or on top of each other, as one sparse matrix."""

    def __init__(self, blocks: Sequence[FixedMatrix], n: int, *, wide: bool):
        rows, columns, start = [np.zeros(0, int)], [np.zeros(0, int)], 0
        for block in blocks:
            rows.append(block.places.rows + (0 if wide else start))
            columns.append(block.places.columns + (start if wide else 0))
            start += block.shape[1] if wide else block.shape[0]
        shape = (n, start) if wide else (start, n)
        i, j = np.concatenate(rows), np.concatenate(columns)
        self.order = np.lexsort((j, i))
        i, j = i[self.order], j[self.order]
        back = np.lexsort((i, j))
        forward = _Pattern(i, j, _starts(i, shape[0]), shape, np.arange(i.size))
        backward = _Pattern(j[back], i[back], _starts(j[back], shape[1]), shape[::-1], back)
        self.patterns = forward, backward

    def data(self, values: Sequence[Array]) -> Array:
        """The values of the blocks in the order of the sparse matrix."""
        return jnp.concatenate([v[:, 0] for v in values])[self.order] if values else jnp.zeros(0)

    def product(self, data: Array, x: Array) -> Array:
        """The product with x, (components, lanes)."""
        return _sparse_p.bind(data, x, matrix=self, transposed=False)


def _starts(rows: np.ndarray, count: int) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=count))])


def _sparse_product(data: Array, x: Array, *, matrix: SparseMatrix, transposed: bool) -> Array:
    pattern = matrix.patterns[transposed]
    starts, columns = jnp.asarray(pattern.starts), jnp.asarray(pattern.columns)
    return BCSR((data[pattern.order], columns, starts), shape=pattern.shape) @ x


def _padded_product(data: Array, x: Array, *, matrix: SparseMatrix, transposed: bool) -> Array:
    """The same as a sum of gathers, rows padded to one length: on a GPU one kernel, no atomics."""
    pattern = matrix.patterns[transposed]
    counts = np.diff(pattern.starts)
    places = pattern.starts[:-1, None] + np.arange(counts.max(initial=0))
    inside = places < pattern.starts[1:, None]
    places = np.where(inside, places, 0)
    columns = np.where(inside, pattern.columns[places], 0)
    weights = jnp.where(inside, data[pattern.order[places]], 0.0)
    total = jnp.zeros((pattern.shape[0], x.shape[1]), x.dtype)
    for k in range(places.shape[1]):
        total = total + weights[:, k, None] * x[columns[:, k]]
    return total


# JAX's own product has no transpose for the data, and its transpose for x scatters.
_sparse_p = Primitive("sparse_product")
_sparse_p.def_impl(_sparse_product)
_sparse_p.def_abstract_eval(
    lambda data, x, *, matrix, transposed: ShapedArray(
        (matrix.patterns[transposed].shape[0], x.shape[1]), x.dtype
    )
)
mlir.register_lowering(_sparse_p, mlir.lower_fun(_sparse_product, multiple_results=False))
mlir.register_lowering(
    _sparse_p, mlir.lower_fun(_padded_product, multiple_results=False), platform="cuda"
)


def _transpose_data(
    ct: Array, data: Any, x: Array, *, matrix: SparseMatrix, transposed: bool
) -> Array:
    pattern = matrix.patterns[transposed]
    found = jnp.sum(ct[pattern.rows] * x[pattern.columns], axis=1)
    return found[np.argsort(pattern.order)]


def _transpose_x(
    ct: Array, data: Array, x: Any, *, matrix: SparseMatrix, transposed: bool
) -> Array:
    return _sparse_p.bind(data, ct, matrix=matrix, transposed=not transposed)


ad.defbilinear(_sparse_p, _transpose_data, _transpose_x)
