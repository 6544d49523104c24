"""Standard operators against their commutation relations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qtjax.algebra.operators import (
    anticommutator,
    commutator,
    create,
    dag,
    destroy,
    expectation,
    identity,
    number,
    product,
    projector,
    sigmax,
    sigmay,
    sigmaz,
    spin,
)

EXACT = 1e-14


def test_destroy_lowers_index_one_to_index_zero():
    np.testing.assert_array_equal(destroy(2), [[0, 1], [0, 0]])
    np.testing.assert_array_equal(create(2), [[0, 0], [1, 0]])


def test_number_is_create_times_destroy():
    np.testing.assert_allclose(create(5) @ destroy(5), number(5), atol=EXACT)


def test_pauli_algebra():
    np.testing.assert_allclose(commutator(sigmax(), sigmay()), 2j * sigmaz(), atol=EXACT)
    np.testing.assert_allclose(anticommutator(sigmax(), sigmay()), np.zeros((2, 2)), atol=EXACT)
    np.testing.assert_allclose(anticommutator(sigmaz(), sigmaz()), 2 * identity(2), atol=EXACT)


@pytest.mark.parametrize("j", [0.5, 1, 1.5, 2])
def test_spin_commutators_and_casimir(j):
    x, y, z = (spin(j, axis) for axis in "xyz")
    np.testing.assert_allclose(commutator(x, y), 1j * z, atol=EXACT)
    np.testing.assert_allclose(commutator(y, z), 1j * x, atol=EXACT)
    casimir = j * (j + 1) * identity(int(2 * j) + 1)
    np.testing.assert_allclose(x @ x + y @ y + z @ z, casimir, atol=1e-13)


def test_spin_half_is_half_pauli():
    for axis, pauli in zip("xyz", (sigmax(), sigmay(), sigmaz()), strict=True):
        np.testing.assert_allclose(spin(0.5, axis), pauli / 2, atol=EXACT)


def test_projector_and_dag():
    v = np.array([1.0, 2j])
    np.testing.assert_allclose(projector(v), [[1, -2j], [2j, 4]], atol=EXACT)
    np.testing.assert_allclose(dag(1j * sigmax()), -1j * sigmax(), atol=EXACT)


def test_expectation_is_the_real_trace():
    rho = np.array([[0.7, 0.1 - 0.2j], [0.1 + 0.2j, 0.3]])
    assert float(expectation(sigmay(), rho)) == pytest.approx(0.4, abs=EXACT)
    assert float(jax.grad(lambda x: expectation(x * sigmaz(), rho))(1.0)) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: destroy(0), "`d` must be an integer >= 1, got 0"),
        (lambda: spin(0.7, "x"), "`j` must be a positive multiple of 1/2, got 0.7"),
        (lambda: spin(1, "w"), "`axis` must be 'x', 'y' or 'z', got 'w'"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("d", [1, 2, 3, 5])
@pytest.mark.parametrize("kind", [float, complex])
def test_products_of_more_rows_than_columns(d, kind):
    rng = np.random.default_rng(d)
    a, b = rng.normal(size=(4, d + 2, d)).astype(kind), rng.normal(size=(d, d)).astype(kind)
    found = product(jnp.asarray(a), jnp.asarray(b))
    np.testing.assert_allclose(found, a @ b, atol=1e-14)
