"""Dephasing in energy eigenspaces and the coherence it removes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qtjax.algebra.operators import number, sigmax, sigmaz
from qtjax.algebra.states import from_bloch, random_density_matrix
from qtjax.information.coherence import coherence, dephase
from qtjax.information.entropy import entropy


def test_dephasing_of_a_qubit_keeps_the_diagonal():
    rho = from_bloch(np.array([0.3, 0.2, 0.4]))
    np.testing.assert_allclose(dephase(rho, number(2)), np.diag([0.7, 0.3]), atol=1e-15)
    in_x = dephase(rho, sigmax())
    np.testing.assert_allclose(in_x, from_bloch(np.array([0.3, 0.0, 0.0])), atol=1e-15)


def test_coherence_inside_a_degenerate_level_stays():
    rho = random_density_matrix(jax.random.key(0), 3)
    h = np.diag([0.0, 1.0, 1.0])
    kept = dephase(rho, h)
    np.testing.assert_allclose(kept[1:, 1:], rho[1:, 1:], atol=1e-15)
    np.testing.assert_allclose(kept[0, 1:], 0, atol=1e-15)
    difference = entropy(kept) - entropy(rho)
    assert float(coherence(rho, h)) == pytest.approx(float(difference), rel=1e-12)


def test_small_coherence_keeps_its_accuracy():
    """C = c^2 / (2 ln-mean) to leading order: at p = 1/2, C = 2 |rho_01|^2."""
    rho = from_bloch(np.array([2e-8, 0.0, 0.0]))
    assert float(coherence(rho, sigmaz())) == pytest.approx(2e-16, rel=1e-6)


def test_traced_hamiltonian_with_levels():
    rho = from_bloch(np.array([0.3, 0.0, 0.4]))

    def c(angle):
        h = jnp.cos(angle) * sigmaz() + jnp.sin(angle) * sigmax()
        return coherence(rho, h, levels=(1, 1))

    slope, step = jax.jit(jax.grad(c))(0.2), 1e-5
    assert float(slope) == pytest.approx(
        float(c(0.2 + step) - c(0.2 - step)) / (2 * step), abs=1e-9
    )


def test_energy_eigenstate_has_no_coherence_and_finite_gradients():
    pure = jnp.diag(jnp.array([1.0, 0.0]))
    assert float(coherence(pure, number(2))) == 0.0
    slope = jax.grad(lambda r: coherence(r, number(2)))(pure)
    np.testing.assert_allclose(slope, np.zeros((2, 2)), atol=1e-13)


def test_message_for_a_traced_hamiltonian():
    with pytest.raises(ValueError, match=r"`hamiltonian` is traced.*give `levels`"):
        jax.jit(lambda h: dephase(np.eye(2) / 2, h))(number(2))
