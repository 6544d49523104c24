"""Products with fixed sparse matrices, in both forms, against dense ones."""

import jax.numpy as jnp
import numpy as np
import pytest

from qtjax.numerics.equation import FixedMatrix, Places
from qtjax.numerics.sparse import SparseMatrix, _padded_product, _sparse_product

EMPTY_ROWS = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0], [1.0, -3.0, 0.5], [0.0, 0.0, 0.0]])
MATRICES = {
    "empty rows": EMPTY_ROWS,
    "nothing": np.zeros((3, 2)),
    "random": np.where(np.random.default_rng(0).uniform(size=(7, 5)) < 0.4, 1.5, 0.0),
}


@pytest.mark.parametrize("form", [_sparse_product, _padded_product])
@pytest.mark.parametrize("name", MATRICES)
def test_products_are_those_of_the_dense_matrix(name, form):
    dense = MATRICES[name]
    rows, columns = np.nonzero(dense)
    block = FixedMatrix(dense[rows, columns], Places(rows, columns), dense.shape)
    matrix = SparseMatrix([block], dense.shape[0], wide=True)
    data = matrix.data([jnp.asarray(block.values)[:, None]])
    x = jnp.asarray(np.random.default_rng(1).normal(size=(dense.shape[1], 4)))
    y = jnp.asarray(np.random.default_rng(2).normal(size=(dense.shape[0], 4)))
    for transposed, a, v in ((False, dense, x), (True, dense.T, y)):
        found = form(data, v, matrix=matrix, transposed=transposed)
        np.testing.assert_allclose(found, a @ v, atol=1e-14)
