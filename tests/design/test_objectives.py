"""Objectives: what they continue outside the engine regime, in any unit of energy."""

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

import qtjax as qt


def otto(unit, ramp=1.0, hot=4.0):
    """The reference machine with all energies in other units."""
    cold_h, hot_h = 0.5 * qt.sigmaz() + 0.3 * qt.sigmax(), qt.sigmaz() + 0.3 * qt.sigmax()
    return qt.otto_cycle(
        unit * cold_h, unit * hot_h, couplings=(qt.sigmax(), qt.sigmaz()),
        temperatures=(0.5 * unit, hot * unit), rate=0.5 * unit,
        durations=tuple(t / unit for t in (2.0, ramp, 2.0, ramp)),
    )  # fmt: skip


@pytest.mark.parametrize("unit", [1e-25, 1e-3, 1e20])
@pytest.mark.parametrize("hot", [4.0, 0.7])
def test_smooth_efficiency_does_not_depend_on_units(unit, hot):
    one, other = (
        qt.design.smooth_efficiency(qt.limit_cycle(otto(u, hot=hot), steps=64)) for u in (1.0, unit)
    )
    assert float(other) == pytest.approx(float(one), rel=1e-9)


def test_smooth_efficiency_is_the_efficiency_of_an_engine():
    cycle = qt.limit_cycle(otto(1.0), steps=64)
    assert float(qt.design.smooth_efficiency(cycle)) == float(cycle.efficiency)


def test_outside_the_engine_regime_the_gradient_leads_back():
    heater = qt.limit_cycle(otto(1.0, hot=0.7), steps=64)
    assert heater.regime != "engine"

    def merit(x):
        """With x times the heats: more heat from the hot bath is better, whatever its sign."""
        heats = jax.tree.map(lambda q: x * q, heater.bath_heats)
        return qt.design.smooth_efficiency(eqx.tree_at(lambda c: c.bath_heats, heater, heats))

    value, slope = jax.value_and_grad(merit)(jnp.array(1.0))
    assert float(value) < 0.0
    h = 1e-5
    quotient = float(merit(1.0 + h) - merit(1.0 - h)) / (2 * h)
    assert float(slope) == pytest.approx(quotient, rel=1e-6)
    assert float(slope * heater.heat_hot) > 0.0
