"""Von Neumann's ledger: rows, totals, internal energies, derivatives."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.thermodynamics.erasure import STEPS

TEMPERATURE, ATOMS, VOLUME = 0.7, 5.0, 2.5


def in_basis(weights, seed=1):
    """A state of these eigenvalues in a random basis, and the basis."""
    d = len(weights)
    g = np.random.default_rng(seed).normal(size=(d, d, 2)) @ np.array([1.0, 1.0j])
    u = np.linalg.qr(g)[0]
    return u @ np.diag(weights) @ u.conj().T, u


@jax.jit
def ledger(rho, hamiltonian):
    return qt.thermodynamics.von_neumann_ledger(
        rho, TEMPERATURE, atoms=ATOMS, volume=VOLUME, hamiltonian=hamiltonian
    )


STATES = {
    "regular": [0.5, 0.3, 0.2],
    "degenerate": [0.4, 0.4, 0.2],
    "mixed": [1 / 3] * 3,
    "zero": [0.7, 0.3, 0.0],
    "pure": [1.0, 0.0, 0.0],
}
FLAT = np.eye(3)


def xlogx(p):
    return np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0)


def rounding(p):
    """2e-14; where p = 0 the eigenvalue is known to d eps = 7e-16, worth 1.2e-13 in n p ln p."""
    return 2e-13 if 0.0 in p else 2e-14


@pytest.mark.parametrize("name", STATES)
def test_rows(name):
    """Separation is free, W_i = -n p_i T ln p_i = -Q_i, and the unitaries are free at equal H."""
    p = np.array(STATES[name])
    rho, _ = in_basis(p)
    books = ledger(rho, FLAT)
    assert STEPS == ("separation", "compression", "unitary")
    np.testing.assert_allclose(books.probabilities, p, atol=1e-15)
    np.testing.assert_allclose(books.volumes, VOLUME * p, atol=1e-14)
    rows = -ATOMS * xlogx(p)
    free = np.zeros(3)
    for found, compression in (
        (books.work, TEMPERATURE * rows),
        (books.heat, -TEMPERATURE * rows),
        (books.gas_entropy, -rows),
        (books.bath_entropy, rows),
    ):
        np.testing.assert_allclose(found, [free, compression, free], atol=rounding(p))


@pytest.mark.parametrize("name", STATES)
def test_totals(name):
    """W_2 = n T S, the universe keeps its entropy, and the final entropy is 0: eq. (20)."""
    rho, _ = in_basis(STATES[name])
    books = ledger(rho, FLAT)
    entropy, close = -xlogx(np.array(STATES[name])).sum(), rounding(STATES[name])
    assert float(books.entropy) == pytest.approx(entropy, abs=1e-14)
    assert float(books.entropy) == pytest.approx(float(qt.entropy(rho)), abs=1e-14)
    assert float(books.work[1].sum()) == pytest.approx(ATOMS * TEMPERATURE * entropy, abs=close)
    assert float(books.gas_entropy.sum()) == pytest.approx(-ATOMS * entropy, abs=close)
    np.testing.assert_allclose(books.gas_entropy + books.bath_entropy, 0.0, atol=1e-15)
    np.testing.assert_array_equal(books.work[:2] + books.heat[:2], 0.0)  # an ideal gas


@pytest.mark.parametrize("name", ["regular", "zero", "pure"])
def test_levels_of_an_atom(name):
    """W_3 = n p_i (E_1 - E_i), E_i = <psi_i|H|psi_i>, in all n T S + n (E_1 - tr rho H)."""
    p = np.array(STATES[name])
    rho, u = in_basis(p)
    h = in_basis([-0.3, 0.4, 1.1], seed=2)[0]
    books = ledger(rho, h)
    energies = np.diag(u.conj().T @ h @ u).real
    np.testing.assert_allclose(books.work[2], ATOMS * p * (energies[0] - energies), atol=1e-13)
    assert float(books.work[2, 0]) == pytest.approx(0.0, abs=1e-14)
    total = ATOMS * (-TEMPERATURE * xlogx(p).sum() + energies[0] - np.trace(rho @ h).real)
    assert float(books.work.sum()) == pytest.approx(total, abs=1e-13)
    np.testing.assert_allclose(books.heat[2], 0.0, atol=0)


@pytest.mark.parametrize("name", ["degenerate", "mixed"])
def test_levels_of_an_atom_at_degenerate_populations(name):
    """One choice of species: the total is n (E_1 - tr rho H) with E_1 inside the top block."""
    p = np.array(STATES[name])
    rho, u = in_basis(p)
    h = in_basis([-0.3, 0.4, 1.1], seed=2)[0]
    works = np.asarray(ledger(rho, h).work[2])
    first = works.sum() / ATOMS + np.trace(rho @ h).real
    top = u[:, p == p[0]]
    low, *_, high = np.linalg.eigvalsh(top.conj().T @ h @ top)
    assert low - 1e-13 < first < high + 1e-13
    assert works[0] == pytest.approx(0.0, abs=1e-14)


def test_pure_states_cost_nothing():
    books = ledger(np.diag([0.0, 1.0, 0.0]), np.diag([0.0, 1.0, 3.0]))
    np.testing.assert_allclose(books.work, 0.0, atol=1e-14)
    assert float(books.entropy) == 0.0


def test_defaults():
    """One atom, unit volume, degenerate H."""
    books = jax.jit(qt.thermodynamics.von_neumann_ledger)(np.diag([0.25, 0.75]), TEMPERATURE)
    np.testing.assert_allclose(books.probabilities, [0.75, 0.25])
    np.testing.assert_array_equal(books.volumes, books.probabilities)
    np.testing.assert_array_equal(books.work[2], 0.0)
    work = -TEMPERATURE * (0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert float(books.work.sum()) == pytest.approx(work, abs=1e-15)


@jax.jit
@jax.grad
def slope(x, rho, change, h):
    """d/dx of the total work at T = 0.7 + x_0 and rho + x_1 change."""
    books = qt.thermodynamics.von_neumann_ledger(
        rho + x[1] * change, TEMPERATURE + x[0], hamiltonian=h
    )
    return books.work.sum()


@pytest.mark.parametrize("name", ["regular", "degenerate", "mixed"])
def test_slopes(name):
    """dW/dT = S and dW/drho = -T tr(ln rho X) for traceless X, at equal eigenvalues too."""
    p, x = np.array(STATES[name]), np.array([-0.4, 0.1, 0.3])
    rho, u = in_basis(p)
    found = slope(np.zeros(2), rho, u @ np.diag(x) @ u.conj().T, None)
    expected = [-xlogx(p).sum(), -TEMPERATURE * x @ np.log(p)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", ["zero", "pure"])
def test_slopes_at_an_empty_species_are_finite(name):
    rho, u = in_basis(STATES[name])
    found = slope(np.zeros(2), rho, u @ np.diag([-0.4, 0.1, 0.3]) @ u.conj().T, None)
    assert np.all(np.isfinite(found))


def test_equal_energies_add_no_slope_at_equal_populations():
    """tr(dP_i 1) = 0: H = 1 is as free as none."""
    rho, u = in_basis(STATES["degenerate"])
    change = u @ np.diag([-0.4, 0.1, 0.3]) @ u.conj().T
    with_h, without = (slope(np.zeros(2), rho, change, h) for h in (FLAT, None))
    np.testing.assert_allclose(with_h, without, rtol=0, atol=1e-12)


def test_slopes_with_levels():
    """First-order perturbation of species and energies, against differences."""
    rho, _ = in_basis(STATES["regular"])
    change, h = in_basis([-0.4, 0.1, 0.3], 5)[0], in_basis([-0.3, 0.4, 1.1], 2)[0]

    def work(x):
        values, vectors = np.linalg.eigh(rho + x * change)
        p, e = values[::-1], np.diag(vectors.conj().T @ h @ vectors).real[::-1]
        return -TEMPERATURE * xlogx(p).sum() + p @ (e[0] - e)

    step = 1e-4  # truncation 1e-16 times a fifth derivative of order 1e4
    points = [work(k * step) for k in (-2, -1, 1, 2)]
    difference = (points[0] - 8 * points[1] + 8 * points[2] - points[3]) / (12 * step)
    found = float(slope(np.zeros(2), rho, change, h)[1])
    assert found == pytest.approx(difference, abs=1e-10)


def test_batches():
    temperatures = jnp.array([0.5, 1.0])
    rho = np.diag([0.25, 0.75])
    books = jax.jit(jax.vmap(lambda t: qt.thermodynamics.von_neumann_ledger(rho, t)))(temperatures)
    np.testing.assert_allclose(books.work[1], 2 * books.work[0], rtol=1e-15)
    # of one atom in a volume of 1, if nothing is said
    p = np.array([0.75, 0.25])
    np.testing.assert_allclose(books.work[1, 1], -p * np.log(p), rtol=1e-14)
    np.testing.assert_allclose(books.volumes[1], p, rtol=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f, rho: f(2 * rho, 1.0), "`rho` must have trace 1"),
        (lambda f, rho: f(np.diag([1.3, -0.3]), 1.0), "`rho` must be positive semidefinite"),
        (lambda f, rho: f(rho, 0.0), "`temperature` must be > 0"),
        (lambda f, rho: f(rho, 1.0, atoms=-1.0), "`atoms` must be > 0"),
        (lambda f, rho: f(rho, 1.0, volume=0.0), "`volume` must be > 0"),
        (lambda f, rho: f(rho, np.nan), "`temperature` must be finite"),
        (lambda f, rho: f(rho, 1.0, hamiltonian=qt.destroy(2)), "`hamiltonian` must be Hermitian"),
        (lambda f, rho: f(rho, 1.0, hamiltonian=np.eye(3)), "`hamiltonian` must be 2 x 2"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(inspect.unwrap(qt.thermodynamics.von_neumann_ledger), np.eye(2) / 2)
