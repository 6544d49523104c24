"""Quantum arrays of dynamiqs in and out."""

import jax
import numpy as np
import pytest

import qtjax as qt
from qtjax.exchange import from_dynamiqs, to_dynamiqs

PRECISION = jax.config.jax_default_matmul_precision
dq = pytest.importorskip("dynamiqs")
# which dynamiqs sets for the whole process, where other tests look at what qtjax asks for
jax.config.update("jax_default_matmul_precision", PRECISION)


def test_operators_and_kets_there_and_back():
    for sparse in (dq.sigmax(), dq.destroy(3), dq.tensor(dq.sigmaz(), dq.eye(3))):
        array = from_dynamiqs(sparse)
        np.testing.assert_array_equal(array, sparse.to_numpy())
        back = to_dynamiqs(array, sparse.dims)
        assert back.dims == sparse.dims
        np.testing.assert_array_equal(back.to_numpy(), sparse.to_numpy())
    ket = dq.tensor(dq.fock(2, 1), dq.fock(2, 0))
    assert from_dynamiqs(ket, (2, 2)).shape == (4,)
    np.testing.assert_array_equal(from_dynamiqs(ket), qt.ket((1, 0), (2, 2)))
    back = to_dynamiqs(from_dynamiqs(ket), (2, 2))
    assert back.dims == (2, 2)
    np.testing.assert_array_equal(back.to_numpy(), ket.to_numpy())


def test_gradients_pass_through():
    def energy(gap):
        return qt.expectation(from_dynamiqs(gap * dq.number(2)), qt.algebra.maximally_mixed(2))

    assert jax.grad(energy)(1.7) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: from_dynamiqs(np.eye(2)), "must be a qarray of dynamiqs"),
        (lambda: from_dynamiqs(dq.fock(2, 0).dag()), "got a bra"),
        (lambda: from_dynamiqs(dq.fock(2, [0, 1])), r"a batch of shape \(2, 2, 1\)"),
        (lambda: from_dynamiqs(dq.eye(4), (2, 2)), r"dimensions \(4,\), but `dims` is \(2, 2\)"),
        (lambda: to_dynamiqs(np.eye(4), (2, 3)), "multiply to 6, but `value` has d = 4"),
        (lambda: to_dynamiqs(np.ones((2, 3))), r"must be \(d, d\) or \(d,\)"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
