"""Tensor products and partial traces against NumPy and QuTiP."""

import jax
import numpy as np
import pytest
import qutip

from qtjax.algebra.composite import embed, partial_trace, tensor
from qtjax.algebra.operators import destroy, identity, number, sigmax, sigmaz, spin
from qtjax.algebra.states import random_density_matrix

EXACT = 1e-14


def test_tensor_is_kron():
    a, b, c = sigmax(), destroy(3), number(2)
    np.testing.assert_allclose(tensor(a, b, c), np.kron(np.kron(a, b), c), atol=EXACT)


@pytest.mark.parametrize("site", [0, 1, 2])
def test_embed_one_site(site):
    dims = (2, 3, 2)
    a = destroy(dims[site]) + number(dims[site])
    factors = [identity(d) for d in dims]
    factors[site] = a
    np.testing.assert_allclose(embed(a, dims, site), tensor(*factors), atol=EXACT)


def test_embed_two_sites_in_the_order_given():
    a, b = spin(1, "y"), sigmaz()
    expected = tensor(b, identity(2), a)
    np.testing.assert_allclose(embed(tensor(a, b), (2, 2, 3), (2, 0)), expected, atol=EXACT)


@pytest.mark.parametrize("keep", [0, 1, 2, (0, 2), (0, 1, 2)])
def test_partial_trace_is_qutips(keep):
    dims = (2, 3, 2)
    rho = random_density_matrix(jax.random.key(0), 12)
    peer = qutip.Qobj(np.asarray(rho), dims=[list(dims), list(dims)])
    kept = [keep] if isinstance(keep, int) else list(keep)
    np.testing.assert_allclose(partial_trace(rho, dims, keep), peer.ptrace(kept).full(), atol=EXACT)


def test_partial_trace_keeps_the_order_given():
    a, b = (random_density_matrix(jax.random.key(k), d) for k, d in ((1, 2), (2, 3)))
    swapped = partial_trace(tensor(a, b), (2, 3), (1, 0))
    np.testing.assert_allclose(swapped, tensor(b, a), atol=EXACT)


def test_trace_of_everything():
    rho = random_density_matrix(jax.random.key(3), 4)
    np.testing.assert_allclose(partial_trace(rho, (2, 2), ()), [[1.0]], atol=EXACT)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tensor(), "`tensor` needs at least one operator"),
        (lambda: embed(sigmax(), (2, 3), 1), r"`operator` must be 3 x 3 to act on sites \(1,\)"),
        (lambda: embed(sigmax(), (2, 2), 2), "`sites` must be distinct parts between 0 and 1"),
        (lambda: partial_trace(identity(4), (2, 3), 0), r"`dims` \(2, 3\) multiply to 6"),
        (lambda: partial_trace(identity(4), (2, 2), (0, 0)), "`keep` must be distinct parts"),
        (lambda: tensor(np.ones((2, 3))), r"`operators\[0\]` must be a square matrix"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()
