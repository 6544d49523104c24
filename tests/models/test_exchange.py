"""Composites that exchange excitations, against closed forms."""

import numpy as np
import pytest

import qtjax as qt

N, N3 = np.asarray(qt.number(2)), np.diag([0.0, 1.0, 2.0])
LOWER, LOWER3 = np.asarray(qt.destroy(2)), np.asarray(qt.destroy(3))
TS = np.array([0.0, 0.3, 0.9, 1.7])


def excitations(system, start, ts, operator):
    """tr(operator rho(t)) from a basis state, or a vector of populations."""
    populations = np.eye(system.dimension)[start] if isinstance(start, int) else start
    save = qt.dynamics.Expectation(operator)
    return qt.evolve(system, np.diag(populations), ts, save=save).saved[:, 0]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_jaynes_cummings(n):
    """cos^2(g sqrt(n+1) t) from |e, n>, on resonance and below the truncation."""
    g, levels = 0.7, 4
    system = qt.models.qubit_and_oscillator(1.1, 1.1, g, levels)
    excited = np.kron(N, np.eye(levels))
    found = excitations(system, levels + n, TS, excited)
    np.testing.assert_allclose(found, np.cos(g * np.sqrt(n + 1) * TS) ** 2, rtol=0, atol=1e-13)


@pytest.mark.parametrize("n", [0, 1])
def test_qubit_and_qutrit(n):
    """Off resonance: 1 - (4 g^2 (n+1)/R^2) sin^2(R t/2), R^2 = delta^2 + 4 g^2 (n+1)."""
    g, delta = 0.5, 0.6
    system = qt.models.exchange((1.0 * N, (1.0 - delta) * N3), (LOWER, LOWER3), g)
    square = delta**2 + 4 * g**2 * (n + 1)
    found = excitations(system, 3 + n, TS, np.kron(N, np.eye(3)))
    exact = 1 - 4 * g**2 * (n + 1) / square * np.sin(np.sqrt(square) * TS / 2) ** 2
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-13)


def test_qubit_and_spins():
    """A star on resonance: cos^2(g t) with g^2 = sum g_k^2, from |e, 0, 0>."""
    couplings = np.array([0.4, 0.7])
    system = qt.models.qubit_and_spins(1.2, (1.2, 1.2), couplings)
    assert system.dims == (2, 2, 2)
    found = excitations(system, 4, TS, np.kron(N, np.eye(4)))
    np.testing.assert_allclose(found, np.cos(np.hypot(*couplings) * TS) ** 2, rtol=0, atol=1e-13)
    one_for_all = qt.models.qubit_and_spins(1.2, (1.2, 1.2), 0.4).hamiltonian(0.0)
    each = qt.models.qubit_and_spins(1.2, (1.2, 1.2), np.array([0.4, 0.4])).hamiltonian(0.0)
    np.testing.assert_array_equal(one_for_all, each)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: qt.models.exchange((N, N, N), (LOWER, LOWER, LOWER), 0.3),
            r"`couplings` one number for each partner of part 0, got 3 and shape \(1,\)",
        ),
        (
            lambda: qt.models.exchange((N, N), (LOWER,), 0.3),
            "`lowering` must give one operator for each of the 2 parts",
        ),
        (lambda: qt.models.exchange((N, N3), (LOWER, LOWER), 0.3), "must be 3 x 3"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()
