"""Levels and their projectors, with derivatives where eigenvectors have none."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matrices import hermitian, with_spectrum

from qtjax.algebra.levels import eigenvalues, group_levels, level_projectors


@pytest.mark.parametrize(
    ("energies", "levels"),
    [
        ((-1.0, 0.5), (1, 1)),
        ((0.0, 1.0, 1.0, 3.0), (1, 2, 1)),
        ((0.0, 0.0, 2.0), (2, 1)),
        ((0.0, 1.0, 1.0 + 1e-13, 3.0), (1, 2, 1)),
        ((0.0, 0.4, 1.0), (1, 1, 1)),
    ],
)
def test_projectors_and_their_derivatives(energies, levels):
    h = with_spectrum(energies)
    d = len(energies)
    assert group_levels(h) == levels
    projectors = level_projectors(h, levels)
    np.testing.assert_allclose(projectors @ projectors, projectors, atol=1e-13)
    np.testing.assert_allclose(projectors.sum(0), np.eye(d), atol=1e-13)
    x, step = hermitian(7, d), 1e-4

    @jax.jit
    def p(t):
        return level_projectors(h + t * x, levels)

    at = [np.asarray(p(k * step)) for k in (-2, -1, 0, 1, 2)]
    first = (at[0] - 8 * at[1] + 8 * at[3] - at[4]) / (12 * step)
    second = (-at[0] + 16 * at[1] - 30 * at[2] + 16 * at[3] - at[4]) / (12 * step**2)
    # Differences: truncation step^4 ~ 1e-16 x derivatives, rounding 1e-16/step and 1e-16/step^2.
    np.testing.assert_allclose(jax.jit(jax.jacfwd(p))(0.0), first, atol=1e-9)
    curvature = jax.jit(jax.jacfwd(jax.jacfwd(p)))(0.0)
    np.testing.assert_allclose(curvature, second, atol=2e-6)
    reverse = jax.jit(jax.jacrev(jax.jacfwd(lambda t: p(t)[0, 0].real)))(0.0)
    np.testing.assert_allclose(reverse, curvature[0, 0].real, atol=1e-11)


@pytest.mark.parametrize("d", [2, 3])
def test_projectors_at_a_closed_gap_are_finite(d):
    p = level_projectors(np.eye(d), (1,) * d)
    np.testing.assert_allclose(p.sum(0), np.eye(d), atol=1e-14)
    gradient = jax.jit(jax.jacrev(lambda h: level_projectors(h, (1,) * d).real))(jnp.eye(d))
    np.testing.assert_array_equal(gradient, np.zeros_like(gradient))


def test_derivatives_of_eigenvalues():
    a, x = with_spectrum((0.0, 1.0, 1.0)), hermitian(6, 3)
    _, rates = jax.jvp(eigenvalues, (jnp.asarray(a),), (jnp.asarray(x),))
    v = np.linalg.eigh(a)[1]
    assert float(rates[0]) == pytest.approx((v[:, 0].conj() @ x @ v[:, 0]).real, abs=1e-13)
    assert float(rates.sum()) == pytest.approx(np.trace(x).real, abs=1e-13)


def test_group_levels_of_a_multiple_of_the_identity():
    assert group_levels(with_spectrum((1.0, 1.0, 1.0))) == (3,)
    assert group_levels(np.zeros((2, 2))) == (2,)


def test_a_qubit_whose_levels_are_apart_by_rounding_has_projectors():
    """Both of trace 1, though the mean of the diagonal is not an average to the last digit."""
    eps = np.finfo(float).eps
    h = np.array([[1.0, 0.9 * eps + 0.1j * eps], [0.9 * eps - 0.1j * eps, 1.0 - 0.5 * eps]])
    low, high = projectors = np.asarray(level_projectors(h, (1, 1)))
    np.testing.assert_allclose(np.trace(projectors, axis1=1, axis2=2), 1.0, rtol=1e-15)
    np.testing.assert_allclose(projectors @ projectors, projectors, atol=1e-15)
    np.testing.assert_allclose(low + high, np.eye(2), atol=1e-15)


def test_messages():
    with pytest.raises(ValueError, match=r"`hamiltonian` is traced.*give `levels`"):
        jax.jit(lambda h: level_projectors(h, group_levels(h)))(np.eye(2))
    with pytest.raises(ValueError, match=r"`levels` must be .* add up to 3, got \(1, 1\)"):
        level_projectors(np.eye(3), (1, 1))
    with pytest.raises(ValueError, match="`hamiltonian` must be Hermitian"):
        group_levels(np.array([[0.0, 1.0], [0.0, 0.0]]))
