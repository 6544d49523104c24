"""Where the secular step is doubtful: who is warned, with which numbers, and who is not."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.dynamics.secular import closest_pair, warn_unless_secular

SX, SZ, ONE = (np.asarray(a) for a in (qt.sigmax(), qt.sigmaz(), qt.identity(2)))
COMMON = np.kron(SX, ONE) + np.kron(ONE, SX)
EACH = [np.kron(SX, ONE), np.kron(ONE, SX)]
SINGLET = np.array([0.0, 1.0, -1.0, 0.0]) / np.sqrt(2.0)
RATE = 0.1 / (1 - np.exp(-1 / 0.5))  # gamma (n + 1) of the flat spectrum below at omega = 1


def pair_of_qubits(detuning, coupling=COMMON, tolerance=1e-9, rate=0.1):
    h = np.kron(SZ, ONE) / 2 + (1 + detuning) * np.kron(ONE, SZ) / 2
    transitions = qt.dynamics.bohr_transitions(h, tolerance)
    return h, qt.DaviesBath(h, coupling, 0.5, qt.Flat(rate), transitions=transitions)


def survival(h, bath):
    """The population of the singlet at t = 20."""
    state = np.outer(SINGLET, SINGLET) + 0j
    rho = qt.evolve(qt.OpenSystem(h, bath), state, jnp.array([0.0, 20.0])).saved[-1]
    return float((SINGLET @ np.asarray(rho) @ SINGLET).real)


def test_two_detuned_qubits_in_a_common_bath():
    """A detuning of 1e-7 moves the singlet by 1e-12 in this time: grouped it is right."""
    h, bath = pair_of_qubits(1e-7)
    pair = closest_pair(bath, h)
    np.testing.assert_allclose(pair.spacing, 1e-7, rtol=1e-6)
    np.testing.assert_allclose([pair.rate, pair.frequency], [RATE, 1.0], rtol=1e-6)
    message = (
        r"`baths\[0\]` \(DaviesBath\) keeps apart two Bohr frequencies near 1 whose spacing 1e-07 "
        r"is below the rate 0.116 .* group them: `transitions=bohr_transitions"
        r"\(hamiltonian, tolerance=1e-07\)`"
    )
    with pytest.warns(UserWarning, match=message):
        qt.steady_state(qt.OpenSystem(h, bath), throw=False)
    for detuning, tolerance in ((1e-7, 1e-7), (1e-9, 1e-9)):
        h, bath = pair_of_qubits(detuning, tolerance=tolerance)
        warn_unless_secular("bath", bath, h)
        assert survival(h, bath) == pytest.approx(1.0, abs=1e-11)


@pytest.mark.parametrize(
    ("detuning", "doubtful"), [(1e-6, True), (0.1, True), (0.13, False), (1.0, False)]
)
def test_it_is_said_below_the_rate(detuning, doubtful):
    h, bath = pair_of_qubits(detuning)
    ratio = closest_pair(bath, h).spacing / closest_pair(bath, h).rate
    assert (ratio < 1.0) == doubtful
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_unless_secular("bath", bath, h)
    assert len(caught) == doubtful


def test_no_alarm_where_nothing_is_dropped():
    """Channels of their own, weak rates, one frequency, a ladder, no secular step at all."""
    for h, bath in (
        pair_of_qubits(1e-4, EACH),
        pair_of_qubits(1e-4, rate=1e-6),
        (SZ, qt.DaviesBath(SZ, SX, 0.5, qt.Flat(3.0))),
        (np.diag([0.0, 1.0, 2.0]), qt.DaviesBath(np.diag([0.0, 1.0, 2.0]),
            np.asarray(qt.spin(1, "x")), 0.5, qt.Flat(3.0))),
        (SZ, qt.LocalBath(qt.destroy(2), 2.0, 0.5, qt.Flat(3.0))),
        (SZ, qt.Lindblad(SX, 3.0)),
    ):  # fmt: skip
        warn_unless_secular("bath", bath, h)
        if isinstance(bath, qt.DaviesBath):
            assert closest_pair(bath, h).spacing > 10 * closest_pair(bath, h).rate


def test_an_adiabatic_bath_is_judged_at_the_time_that_is_meant():
    grouping = qt.dynamics.Transitions((1, 1, 1), (((0, 1),), ((1, 2),), ((0, 2),)))
    bath = qt.AdiabaticBath(np.ones((3, 3)), 0.5, qt.Flat(0.01), transitions=grouping)
    warn_unless_secular("bath", bath, np.diag([0.0, 1.0, 2.5]))
    with pytest.warns(UserWarning, match=r"near 1 whose spacing 0.01 is below the rate"):
        warn_unless_secular("bath", bath, np.diag([0.0, 1.0, 2.01]))


def test_nothing_is_said_of_traced_values():
    def excited(rate):
        h, bath = pair_of_qubits(1e-7, rate=rate)
        return qt.steady_state(qt.OpenSystem(h, bath)).state[0, 0].real

    assert np.isfinite(jax.jit(excited)(0.1))
