"""What is sampled along strokes, against a qubit that relaxes and one that is driven."""

import inspect
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np

import qtjax as qt
from qtjax.machines.sampling import _least

N, GAP, RATE, T, TIME = qt.number(2), 1.5, 0.2, 0.8, 3.0


def test_samples_of_two_strokes():
    """p = p_eq + (p_0 - p_eq) exp(-g t) in contact with a bath; then the gap grows, and p stays."""
    bath = qt.LocalBath(qt.destroy(2), GAP, T, qt.Flat(RATE))
    grows = qt.OpenSystem(qt.Driven([(qt.Linear(GAP, 2 * GAP), N)]))
    cycle = qt.Cycle([qt.Stroke(qt.OpenSystem(GAP * N, bath), TIME), qt.Stroke(grows, 0.5)])
    equilibrium, g = 1 / (1 + np.exp(GAP / T)), RATE / np.tanh(GAP / 2 / T)

    def population(t):
        return equilibrium + (0.1 - equilibrium) * np.exp(-g * t)

    last = population(TIME)
    states = jnp.stack([jnp.diag(jnp.array([1 - p, p])) + 0j for p in (0.1, last, last)])
    solution = SimpleNamespace(cycle=cycle, states=states, error=0.0)
    first, second = inspect.unwrap(qt.machines.sample_cycle)(solution, 8)
    times = np.linspace(0.0, TIME, 9)
    p = population(times)
    np.testing.assert_allclose(first.times, times, rtol=1e-14)
    np.testing.assert_allclose(first.energy, GAP * p, rtol=1e-12)
    np.testing.assert_allclose(first.gap, GAP, rtol=1e-14)
    entropy = -p * np.log(p) - (1 - p) * np.log1p(-p)
    np.testing.assert_allclose(first.entropy, entropy, rtol=1e-12)
    heat = -GAP * g * (p - equilibrium)
    np.testing.assert_allclose(first.rates.heat_current, heat, rtol=1e-11)
    np.testing.assert_allclose(first.temperature.temperature, GAP / np.log(1 / p - 1), rtol=1e-10)
    # a path that does not end where the limit cycle does has missed something
    apart = SimpleNamespace(cycle=cycle, states=states.at[2, 0, 1].add(1e-5), error=0.0)
    whole, missed = inspect.unwrap(qt.machines.sample_cycle)(apart, 8)
    np.testing.assert_array_equal(whole.energy, first.energy)
    assert np.all(np.isnan(missed.energy))
    grown = 1.0 + second.times / 0.5
    np.testing.assert_allclose(second.gap, GAP * grown, rtol=1e-14)
    np.testing.assert_allclose(second.energy, GAP * grown * last, rtol=1e-12)
    np.testing.assert_allclose(second.rates.power, GAP * last / 0.5, rtol=1e-12)


def test_what_counts_as_none_along_a_stroke():
    """1e-10 of the largest that is finite, or what rounding may be."""
    found = _least(jnp.array([-3.0, jnp.inf, 1.0, 0.5]), jnp.array([1e-12, 0.0, 5e-10, 0.0]))
    np.testing.assert_allclose(found, [3e-10, 3e-10, 5e-10, 3e-10], rtol=1e-12)


def test_slow_isotherms_are_sampled():
    """T(t) is that of the bath and S that of its Gibbs states, but for a ten-thousandth."""
    cycle = qt.machines.carnot_cycle(
        qt.number(2), couplings=qt.sigmax(), temperatures=(1.0, 2.0), scales=(1.0, 3.0), rate=1.0,
        durations=(1e4, 0.0, 1e4, 0.0),
    )  # fmt: skip
    solution = qt.limit_cycle(cycle, implicit=True)
    for stroke, temperature in zip(
        qt.machines.sample_cycle(solution, 16)[::2], (2.0, 1.0), strict=True
    ):
        excited = 1.0 / (1.0 + np.exp(stroke.gap / temperature))
        gibbs = -excited * np.log(excited) - (1.0 - excited) * np.log1p(-excited)
        np.testing.assert_allclose(stroke.entropy, gibbs, atol=1e-4)
        np.testing.assert_allclose(stroke.temperature.temperature, temperature, rtol=1e-4)
