"""Baths whose temperatures follow, against their end state and the books."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

import qtjax as qt

N, GROUND = np.asarray(qt.number(2)), np.diag([1.0, 0.0])
TS = np.array([0.0, 5.0, 800.0])


def between_two(hot, unit=1.0):
    """A qubit between two baths, in a unit of energy."""
    baths = [
        qt.LocalBath(qt.destroy(2), unit, temperature * unit, qt.Flat(rate * unit))
        for temperature, rate in ((hot, 0.3), (0.5, 0.6))
    ]
    return qt.OpenSystem(unit * N, baths)


@jax.jit
def run(hot, unit, capacities):
    return qt.dynamics.evolve_with_finite_baths(
        between_two(hot, unit), GROUND, TS / unit, capacities
    )


@pytest.mark.parametrize("unit", [1.0, 1e-30])
def test_two_finite_baths_come_to_one_temperature(unit):
    """p(T) + C_1 T + C_2 T is what it was; entropies are those of the end, in every unit."""
    capacities = np.array([3.0, 4.0])
    found = run(2.0, unit, capacities)
    assert bool(found.result == qt.RESULTS.successful)
    energy = capacities @ [2.0, 0.5]
    final = scipy.optimize.brentq(
        lambda T: 1 / (1 + np.exp(1 / T)) + capacities.sum() * T - energy, 0.1, 3.0, xtol=1e-14
    )
    np.testing.assert_allclose(found.temperatures[-1] / unit, [final, final], rtol=1e-9)
    whole = found.energy + found.temperatures @ capacities
    np.testing.assert_allclose(whole, whole[0], rtol=1e-13)
    changes = capacities * np.log(final / np.array([2.0, 0.5]))
    np.testing.assert_allclose(found.bath_entropy_change[-1], changes, rtol=1e-8)
    assert np.all(np.diff(found.production) > 0)


def test_an_infinite_bath_is_the_bath_of_evolve():
    system = between_two(2.0)
    found, plain = run(2.0, 1.0, np.full(2, np.inf)), qt.evolve(system, GROUND, TS)
    np.testing.assert_allclose(found.states, plain.saved, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.heat, plain.ledger.heat, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found.temperatures, np.broadcast_to([2.0, 0.5], (3, 2)))
    changes = -np.asarray(plain.ledger.heat) / [2.0, 0.5]
    np.testing.assert_allclose(found.bath_entropy_change, changes, rtol=0, atol=1e-8)


@pytest.mark.slow
def test_derivatives_and_a_driven_system():
    capacities = jnp.array([3.0, jnp.inf])
    final = jax.jit(lambda hot: run(hot, 1.0, capacities).temperatures[1, 0])
    difference = (final(2.0 + 1e-4) - final(2.0 - 1e-4)) / 2e-4
    np.testing.assert_allclose(jax.grad(final)(2.0), difference, rtol=1e-6)
    ramp = qt.Driven([(qt.Linear(1.0, 2.0, 0.0, 10.0), N)])
    system = qt.OpenSystem(ramp, qt.AdiabaticBath(qt.sigmax(), 0.5, qt.Ohmic(0.2)))
    found = qt.dynamics.evolve_with_finite_baths(system, GROUND, (0.0, 10.0), 2.0)
    assert found.work[-1] > 0
    assert abs(found.first_law_residual[-1]) < 1e-12
    assert found.production[-1] > 0


@pytest.mark.parametrize(
    ("system", "capacities", "message"),
    [
        (between_two(2.0), 3.0, r"`capacities` must hold one number for each of the 2 baths"),
        (between_two(2.0), (3.0, -1.0), "`capacities` must be > 0"),
        (
            qt.OpenSystem(N, qt.Lindblad(qt.sigmaz(), 0.1)),
            1.0,
            r"`baths\[0\]` \(Lindblad\) has no temperature",
        ),
        (
            qt.OpenSystem(N, qt.Lindblad(qt.destroy(2), 0.1, 1.0)),
            1.0,
            "rates that do not follow its temperature",
        ),
        (
            qt.OpenSystem(lambda t: jnp.cos(t) * N, between_two(2.0).baths),
            (1.0, 1.0),
            "`system` must be constant or move by known polynomials",
        ),
    ],
)
def test_messages(system, capacities, message):
    with pytest.raises(ValueError, match=message):
        qt.dynamics.evolve_with_finite_baths(system, GROUND, TS, capacities)
