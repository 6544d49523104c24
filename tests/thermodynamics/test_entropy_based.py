"""Heat that changes eigenvalues against its definition, Alicki's, and differences."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax import thermodynamics as th

N, X, LOWER = qt.number(2), qt.sigmax(), qt.destroy(2)
VECTOR = jnp.array([0.5, 0.1, 0.3])


def moving(parts=(0.3, 0.2)):
    """A driven qubit with a thermal bath and dephasing."""
    h = qt.Driven([(qt.Linear(1.0, 2.0, 0.0, 2.0), N), (0.3, X)])
    baths = [qt.LocalBath(LOWER, 1.0, 0.7, qt.Flat(parts[0])), qt.Lindblad(qt.sigmaz(), parts[1])]
    return qt.OpenSystem(h, baths)


@jax.jit
def currents(vector, t):
    return th.entropy_based_rates(moving(), t, qt.algebra.from_bloch(vector)).heat_currents


def trajectory(system, rho0, ts):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a local bath on a turned H
        return qt.evolve(system, rho0, ts)


def test_by_definition():
    """sum_k r_k' <k|H|k> of a random qutrit, and the first law with Alicki's."""
    rng = np.random.default_rng(1)
    a = rng.normal(size=(3, 3, 3, 2)) @ np.array([1.0, 1.0j])
    h, rho = a[0] + a[0].conj().T, a[1] @ a[1].conj().T
    rho /= np.trace(rho)
    system = qt.OpenSystem(h, qt.Lindblad(a[2], 0.4))
    found = th.entropy_based_rates(system, 0.0, jnp.asarray(rho))
    change = np.asarray(qt.dynamics.right_hand_side(system, 0.0, jnp.asarray(rho)))
    vectors = np.linalg.eigh(rho)[1]
    slopes, levels = (np.diag(vectors.conj().T @ x @ vectors).real for x in (change, h))
    assert float(found.heat_current) == pytest.approx(slopes @ levels, abs=1e-13)
    alicki = float(np.trace(change @ h).real)
    assert float(found.heat_current + found.power) == pytest.approx(alicki, abs=1e-13)
    assert abs(float(found.power)) > 0.1  # coherence at a fixed H


def test_diagonal_states_exchange_what_alicki_says():
    """Degenerate levels of rho and of H included, where only the sum over a level has a meaning."""
    h, rho = np.diag([0.0, 1.0, 1.0]), jnp.asarray(np.diag([0.5, 0.25, 0.25]) + 0j)
    bath = qt.DaviesBath(h, np.ones((3, 3)), 0.6, qt.Flat(0.2))
    system = qt.OpenSystem(h, bath)
    found = th.entropy_based_rates(system, 0.0, rho)
    alicki = qt.dynamics.heat_currents(system, 0.0, rho)
    np.testing.assert_allclose(found.heat_currents, alicki, rtol=0, atol=1e-15)
    assert float(found.power) == pytest.approx(0.0, abs=1e-15)


def test_at_the_maximally_mixed_state():
    """One eigenspace: all of Alicki's heat, with the derivatives that the eigenspace has."""
    expected = qt.dynamics.heat_currents(moving(), 0.3, jnp.eye(2) / 2 + 0j)
    np.testing.assert_allclose(currents(jnp.zeros(3), 0.3), expected, rtol=0, atol=1e-15)
    assert np.all(np.isfinite(jax.jacfwd(currents)(jnp.zeros(3), 0.3)))


def test_unitary_motion_is_all_work():
    system = qt.OpenSystem(moving().hamiltonian)
    solution = qt.evolve(system, qt.algebra.from_bloch(VECTOR), jnp.linspace(0.0, 2.0, 5))
    found = th.entropy_based_exchange(system, solution)
    assert found.heat.shape == (5, 0)
    np.testing.assert_allclose(found.work, solution.ledger.work, rtol=0, atol=1e-9)
    assert float(th.entropy_based_rates(system, 0.1, solution.state).heat_current) == 0.0


def test_slopes_are_those_of_differences():
    forward = jax.jacfwd(currents, (0, 1))(VECTOR, 0.3)
    backward = jax.jacrev(currents, (0, 1))(VECTOR, 0.3)
    for one, other in zip(forward, backward, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-14)
    step = 1e-5
    for k, shift in enumerate(step * np.eye(3)):
        pair = [currents(VECTOR + sign * shift, 0.3) for sign in (1, -1)]
        np.testing.assert_allclose((pair[0] - pair[1]) / 2 / step, forward[0][:, k], atol=1e-9)
    pair = [currents(VECTOR, 0.3 + sign * step) for sign in (1, -1)]
    np.testing.assert_allclose((pair[0] - pair[1]) / 2 / step, forward[1], atol=1e-9)


def test_along_a_trajectory():
    """sum_k int <k|H|k> dr_k over many small steps; the error estimate bounds the error."""
    system, rho0 = moving(), qt.algebra.from_bloch(VECTOR)
    fine = trajectory(system, rho0, jnp.linspace(0.0, 2.0, 2001))
    values, vectors = np.linalg.eigh(np.asarray(fine.saved))
    h = np.asarray(jax.vmap(system.hamiltonian)(fine.ts))
    levels = np.einsum("tik,tij,tjk->tk", vectors.conj(), h, vectors).real
    wanted = np.sum(np.diff(values, axis=0) * (levels[1:] + levels[:-1]) / 2)
    solution = trajectory(system, rho0, jnp.linspace(0.0, 2.0, 41))
    found = jax.jit(th.entropy_based_exchange)(system, solution)
    heat = float(found.heat[-1].sum())
    assert heat == pytest.approx(wanted, abs=1e-7)  # of the trapezoids
    assert 1e-9 < float(found.error) < 1e-7
    energy = solution.ledger.energy
    assert float(found.work[-1]) == pytest.approx(float(energy[-1] - energy[0]) - heat, abs=1e-14)
    # Alicki's books differ by what moves coherence: work here, heat there
    assert abs(heat - float(solution.ledger.heat[-1].sum())) > 0.1


def test_beside_alickis_in_the_table():
    h = 1.3 * N
    system = qt.OpenSystem(h, qt.DaviesBath(h, X, 0.7, qt.Flat(0.3)))
    solution = qt.evolve(system, qt.algebra.from_bloch(VECTOR), jnp.linspace(0.0, 1.0, 21))
    table = {a.name: a for a in qt.accountings(system, solution)}
    heat, work = (table[f"entropy-based {what} (A11)"] for what in ("heat", "work"))
    total = heat.values + work.values
    alicki = table["Alicki's heat (A1)"].values + table["Alicki's work (A1)"].values
    np.testing.assert_allclose(total, alicki, rtol=0, atol=1e-9)
    assert not heat.guaranteed
    assert heat.reason == "an exchange of energy, of either sign"
    # the bath damps coherence at a fixed H, which is no heat in this convention
    assert float(work.values[-1]) < -0.01
    np.testing.assert_allclose(table["Alicki's work (A1)"].values, 0.0, atol=1e-12)
