"""Rotations of a qubit, against matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

import qtjax as qt
from qtjax.numerics import rotations

SIGMA = np.stack([qt.sigmax(), qt.sigmay(), qt.sigmaz()])


def matrix(q):
    return (1 + q[0]) * np.eye(2) - 1j * np.einsum("k,kij->ij", q[1:], SIGMA)


def vector(v):
    return rotations.components([jnp.asarray([x]) for x in v])


@pytest.mark.parametrize("size", [0.0, 1e-9, 0.0099, 0.0101, 1.0, 300.0])
def test_exponential_and_its_derivative(size):
    v = size * np.array([0.6, 0.0, -0.8])
    q = rotations.rotation_expm1(vector(v))[0]
    expected = scipy.linalg.expm(-1j * np.einsum("k,kij->ij", v, SIGMA))
    assert np.allclose(matrix(np.asarray(q)), expected, rtol=0, atol=4e-16 * max(1.0, size))

    def scaled(a):
        return rotations.rotation_expm1(vector([0.6 * a, 0.0, -0.8 * a]))[0]

    slope = jax.jacfwd(scaled)(size)
    exact = [-np.sin(size), 0.6 * np.cos(size), 0.0, -0.8 * np.cos(size)]
    assert np.allclose(slope, exact, rtol=0, atol=1e-13)


def test_what_is_small_keeps_its_digits():
    q = rotations.rotation_expm1(vector([3e-9, 0.0, 4e-9]))[0]
    assert np.allclose(q, [-1.25e-17, 3e-9, 0.0, 4e-9], rtol=1e-15, atol=0)


def test_products_and_what_they_do_to_operators():
    a, b = np.random.default_rng(0).normal(size=(2, 3))
    first, second = (rotations.rotation_expm1(vector(v)) for v in (a, b))
    both = rotations.compose_rotations(second, first)[0]
    u = matrix(np.asarray(second[0])) @ matrix(np.asarray(first[0]))
    assert np.allclose(matrix(np.asarray(both)), u, rtol=0, atol=1e-15)
    pauli = np.concatenate([np.eye(2)[None], SIGMA])
    turned = u @ pauli @ u.conj().T
    change = np.einsum("aij,bji->ab", pauli, turned).real / 2 - np.eye(4)
    assert np.allclose(rotations.rotation_increment(both), change, rtol=0, atol=1e-14)
    commutator = rotations.spin_commutator(a, b)
    x, y, z = (-1j * np.einsum("k,kij->ij", v, SIGMA) for v in (a, b, commutator.astype(float)))
    assert np.allclose(x @ y - y @ x, z, rtol=0, atol=1e-14)
