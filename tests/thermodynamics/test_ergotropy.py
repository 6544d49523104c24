"""Ergotropy against closed forms, with its gradients."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qtjax.algebra.operators import expectation, number
from qtjax.algebra.states import from_bloch, random_density_matrix, thermal_state
from qtjax.thermodynamics.ergotropy import ergotropy, passive_state


@pytest.mark.parametrize("vector", [(0.3, 0.1, 0.4), (0.0, 0.0, -0.6), (0.6, 0.0, -0.8)])
def test_qubit(vector):
    """E = (omega / 2)(r - z) with H = omega number(2) and z = tr(rho sigma_z)."""
    omega = 1.7
    expected = omega / 2 * (np.linalg.norm(vector) - vector[2])
    computed = ergotropy(from_bloch(np.array(vector)), omega * number(2))
    assert float(computed) == pytest.approx(expected, abs=1e-14)


def test_inverted_populations():
    rho = np.diag([0.1, 0.2, 0.7])
    assert float(ergotropy(rho, number(3))) == pytest.approx(1.2, abs=1e-14)
    np.testing.assert_allclose(passive_state(rho, number(3)), np.diag([0.7, 0.2, 0.1]), atol=1e-15)


@pytest.mark.parametrize("d", [2, 3, 4])
def test_passive_states_have_none(d):
    rho = random_density_matrix(jax.random.key(d), d)
    h = random_density_matrix(jax.random.key(d + 9), d)
    passive = passive_state(rho, h)
    assert float(ergotropy(passive, h)) == pytest.approx(0.0, abs=1e-14)
    assert float(ergotropy(thermal_state(h, 0.3), h)) == pytest.approx(0.0, abs=1e-14)
    drawn = expectation(h, rho) - expectation(h, passive)
    assert float(ergotropy(rho, h)) == pytest.approx(float(drawn), abs=1e-14)


def test_gradient_and_hessian_of_a_qubit():
    vector = jnp.array([0.3, 0.1, 0.4])
    r = jnp.linalg.norm(vector)
    unit = vector / r

    def work(v):
        return ergotropy(from_bloch(v), number(2))

    np.testing.assert_allclose(
        jax.jit(jax.grad(work))(vector), (unit - np.array([0, 0, 1])) / 2, atol=1e-14
    )
    curvature = (np.eye(3) - np.outer(unit, unit)) / (2 * r)
    np.testing.assert_allclose(jax.jit(jax.hessian(work))(vector), curvature, atol=1e-13)


def test_degenerate_populations_of_a_degenerate_level_have_no_kink():
    """rho and H both degenerate on the same block: the derivative is tr(X (H - H_passive))."""
    rho, h = np.diag([0.2, 0.2, 0.6]), np.diag([1.0, 1.0, 0.0])
    x = np.array([[0.3, 0.2, 0.1], [0.2, -0.1, 0.4], [0.1, 0.4, -0.2]])
    slope = jax.jvp(lambda r: ergotropy(r, h), (jnp.asarray(rho),), (jnp.asarray(x),))[1]
    assert float(slope) == pytest.approx(0.0, abs=1e-14)


@pytest.mark.parametrize("d", [2, 3])
def test_gradients_at_the_maximally_mixed_state_are_finite(d):
    gradients = jax.grad(ergotropy, (0, 1))(jnp.eye(d) / d, number(d).real)
    assert all(np.all(np.isfinite(g)) for g in gradients)
    np.testing.assert_allclose(gradients[1], np.zeros((d, d)), atol=1e-15)


def test_message():
    with pytest.raises(ValueError, match="`hamiltonian` must be 2 x 2"):
        inspect.unwrap(ergotropy)(np.eye(2) / 2, number(3))
