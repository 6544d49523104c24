"""The matrices of an oscillator of which so many levels are kept, against larger ones, cut."""

import numpy as np
import pytest

import qtjax as qt
from qtjax.machines.oscillator import Squared

LEVELS, MORE = 8, 40
COLD, HOT = 1.0, 1.7
CYCLE = qt.machines.truncated_oscillator_otto(
    LEVELS, (COLD, HOT), temperatures=(0.1, 0.2), rate=0.3, durations=(2.0, 0.7, 1.5, 0.9)
)


def quadratures():
    """x and p of many levels of frequency 1, so that their squares are right where they are cut."""
    lower = np.diag(np.sqrt(np.arange(1.0, MORE)), 1)
    return (lower + lower.T) / np.sqrt(2.0), (lower - lower.T) / (1j * np.sqrt(2.0))


def energy(frequency):
    """p^2/2 + w^2 x^2/2 of a particle of mass 1, in the levels of the cold frequency."""
    x, p = quadratures()
    h = COLD * p @ p / 2 + frequency**2 / COLD * x @ x / 2
    return h[:LEVELS, :LEVELS]


def lowering(frequency):
    """(w x + i p)/sqrt(2 w), likewise."""
    x, p = quadratures()
    w = frequency / COLD
    return ((w * x + 1j * p) / np.sqrt(2.0 * w))[:LEVELS, :LEVELS]


@pytest.mark.parametrize(
    ("stroke", "s", "frequency"),
    [(0, 0.3, HOT), (1, 0.0, HOT), (1, 1.0, COLD), (2, 0.3, COLD), (3, 0.0, COLD), (3, 1.0, HOT),
     (1, 0.25, 0.75 * HOT + 0.25 * COLD), (3, 0.25, 0.25 * HOT + 0.75 * COLD)],
)  # fmt: skip
def test_energies(stroke, s, frequency):
    found = CYCLE.strokes[stroke].system.hamiltonian(s)
    np.testing.assert_allclose(found, energy(frequency), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("stroke", "frequency", "temperature"), [(0, HOT, 0.2), (2, COLD, 0.1)])
def test_baths_act_on_quanta_of_their_frequency(stroke, frequency, temperature):
    (bath,) = CYCLE.strokes[stroke].system.baths
    np.testing.assert_allclose(bath.lowering, lowering(frequency), rtol=0, atol=1e-12)
    assert float(bath.temperature) == temperature
    assert float(bath.gap(0.0)) == frequency
    levels = np.arange(LEVELS // 2)
    inner = lowering(frequency).conj().T @ lowering(frequency)
    if frequency == COLD:
        np.testing.assert_allclose(np.diag(inner)[: LEVELS // 2], levels, atol=1e-12)


def test_contacts_and_durations():
    assert [stroke.contacts for stroke in CYCLE.strokes] == [("hot",), (), ("cold",), ()]
    assert [float(stroke.duration) for stroke in CYCLE.strokes] == [2.0, 0.7, 1.5, 0.9]


def test_two_levels_are_the_least():
    given = {"temperatures": (0.1, 0.2), "rate": 0.3, "durations": (1.0,) * 4}
    qt.machines.truncated_oscillator_otto(2, (1.0, 1.0), **given | {"temperatures": (0.01, 0.02)})
    with pytest.raises(ValueError, match="`levels` must be a whole number >= 2"):
        qt.machines.truncated_oscillator_otto(1, (1.0, 1.0), **given)


def test_what_is_known_of_a_squared_schedule():
    """Its degree is twice that of the schedule, whose pieces and jumps it has."""
    line, steps = qt.Linear(1.0, 2.0), qt.PiecewiseConstant([0.25], [1.0, 3.0])
    assert Squared(line).degree == 2
    assert Squared(lambda s: s).degree is None
    assert (float(Squared(line)(0.5)), float(Squared(steps)(0.5))) == (2.25, 9.0)
    for found in (Squared(steps).breakpoints(), Squared(steps).jumps()):
        np.testing.assert_array_equal(found, [0.25])
