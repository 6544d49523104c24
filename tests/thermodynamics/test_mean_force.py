"""Equilibrium at any coupling: limits, identities, and what the free energy's derivatives are."""

import functools

import jax
import numpy as np
import pytest

import qtjax as qt

X, Z = np.asarray(qt.sigmax()), np.asarray(qt.sigmaz())
T = 0.6
LEVELS = 40
HALF = np.diag(np.sqrt(np.arange(1, LEVELS)), 1)
BARE = 0.5 * Z + 0.2 * X


def whole(coupling):
    """A qubit and an oscillator, with any coupling."""
    position = np.kron(X, HALF + HALF.T)
    return qt.composite_system((BARE, 1.0 * HALF.T @ HALF), coupling * position)


mean_force = qt.thermodynamics.mean_force_state
state = jax.jit(lambda coupling: mean_force(whole(coupling), T))


def test_it_is_what_it_says():
    """By SciPy, from the matrix of the whole."""
    from scipy.linalg import expm, logm

    weights = expm(-np.asarray(whole(0.5).hamiltonian(0.0)) / T)
    traced = np.einsum("iaja->ij", weights.reshape(2, LEVELS, 2, LEVELS))
    np.testing.assert_allclose(state(0.5), traced / np.trace(traced), rtol=0, atol=1e-12)
    bare = np.sum(np.exp(-np.arange(LEVELS) / T))
    found = qt.thermodynamics.mean_force_hamiltonian(whole(0.5), T)
    np.testing.assert_allclose(found, -T * logm(traced / bare), rtol=0, atol=1e-11)
    free = qt.thermodynamics.mean_force_free_energy(whole(0.5), T)
    np.testing.assert_allclose(free, -T * np.log(np.trace(traced) / bare), rtol=1e-12)
    np.testing.assert_allclose(qt.thermal_state(found, T), state(0.5), rtol=0, atol=1e-12)


def test_weak_coupling_leaves_the_gibbs_state_in_second_order():
    gibbs = np.asarray(qt.thermal_state(BARE, T))
    np.testing.assert_allclose(state(0.0), gibbs, rtol=0, atol=1e-14)
    off = [np.max(np.abs(state(g) - gibbs)) for g in (0.01, 0.02)]
    np.testing.assert_allclose(off[1] / off[0], 4.0, rtol=1e-2)


def test_ultrastrong_coupling_projects_on_the_eigenbasis_of_the_coupling():
    """What is left falls as 1/g^2; for a qubit the limit is the Gibbs state of 0.2 X."""
    limit = qt.thermodynamics.ultrastrong_state(BARE, X, T)
    np.testing.assert_allclose(limit, qt.thermal_state(0.2 * X, T), rtol=0, atol=1e-14)
    off = [np.max(np.abs(state(g) - limit)) for g in (1.5, 3.0)]
    assert off[0] / off[1] > 3.5
    assert off[1] < 0.02


def test_levels_of_the_coupling_that_coincide_keep_their_coherence():
    h = np.array([[0.0, 0.3, 0.2], [0.3, 0.5, 0.1], [0.2, 0.1, 1.0]])
    found = qt.thermodynamics.ultrastrong_state(h, np.diag([1.0, 1.0, 2.0]), T)
    kept = h * np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]])
    np.testing.assert_allclose(found, qt.thermal_state(kept, T), rtol=0, atol=1e-14)


def test_a_part_of_several():
    """Uncoupled parts: the Gibbs states of those that are asked for, in their order."""
    system = qt.composite_system((0.5 * Z, 0.3 * X, 0.7 * Z))
    wanted = np.kron(qt.thermal_state(0.7 * Z, T), qt.thermal_state(0.5 * Z, T))
    np.testing.assert_allclose(mean_force(system, T, (2, 0)), wanted, rtol=0, atol=1e-14)
    free = qt.thermodynamics.mean_force_free_energy(system, T, (2, 0))
    np.testing.assert_allclose(free, -T * np.log(4 * np.cosh(0.5 / T) * np.cosh(0.7 / T)))


def test_the_entropy_at_strong_coupling_is_that_of_the_whole_less_the_reservoir():
    free = functools.partial(qt.thermodynamics.mean_force_free_energy, whole(0.5))
    entropies = [
        qt.information.entropy(qt.thermal_state(h, T))
        for h in (whole(0.5).hamiltonian(0.0), np.diag(np.arange(LEVELS) * 1.0))
    ]
    np.testing.assert_allclose(-jax.grad(free)(T), entropies[0] - entropies[1], rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_force(qt.OpenSystem(Z), T), "declares 0 parts"),
        (lambda: mean_force(whole(0.1), T, 2), "`parts` must be distinct parts between 0 and 1"),
        (
            lambda: qt.thermodynamics.mean_force_hamiltonian(whole(0.0), 0.01),
            "`temperature` = 0.01 is too low: the smallest weight",
        ),
        (
            lambda: qt.thermodynamics.mean_force_hamiltonian(whole(0.1), 0.0),
            "`temperature` must be > 0",
        ),
        (
            lambda: qt.thermodynamics.ultrastrong_state(BARE, qt.destroy(2), T),
            "`operator` must be Hermitian",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_temperature_at_which_a_weight_is_lost():
    pair = qt.composite_system((qt.number(2), qt.number(2)))
    with pytest.raises(ValueError, match=r"`temperature` = 0\.02 is too low: the smallest weight"):
        qt.thermodynamics.mean_force_hamiltonian(pair, 0.02)


def test_the_time_of_a_moving_part():
    """At t = 0 if none is given, where Z/2 has the weight that it has not at t = 1."""
    moving = qt.Driven([(qt.Linear(1.0, 3.0), 0.5 * Z)])
    system = qt.composite_system((moving, moving))
    for t, weight in ((None, 1.0), (1.0, 3.0)):
        given = {} if t is None else {"t": t}
        gibbs = np.asarray(qt.thermal_state(0.5 * weight * Z, T))
        np.testing.assert_allclose(mean_force(system, T, **given), gibbs, atol=1e-14)
        free = -T * np.log(2 * np.cosh(0.5 * weight / T))
        found = qt.thermodynamics.mean_force_free_energy(system, T, **given)
        assert float(found) == pytest.approx(free, rel=1e-12)
        found = qt.thermodynamics.mean_force_hamiltonian(system, T, **given)
        np.testing.assert_allclose(found, 0.5 * weight * Z, atol=1e-13)


@pytest.mark.parametrize("parts", [(), (0, 0), (0, 2)])
def test_parts_that_are_none(parts):
    with pytest.raises(ValueError, match="`parts` must be distinct parts between 0 and 1, got"):
        mean_force(whole(0.1), T, parts)
