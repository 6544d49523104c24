"""Figures of merit as functions of numbers: on either side of what counts as nothing."""

import inspect
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qtjax.machines import figures

ONE = jnp.asarray(1.0)


def number(function, *given):
    return float(function(*map(jnp.asarray, given)))


# (W_out, Q_h, Q_c): the regime, where what is no more than 1 counts as none
REGIMES = {
    (1.5, 1.5, -3.0): "engine", (1.0, 1.5, -3.0): "none", (1.5, 1.0, -3.0): "none",
    (-1.5, -3.0, 1.5): "refrigerator", (-1.5, 3.0, 1.5): "refrigerator", (-1.0, -3.0, 1.5): "none",
    (-1.5, 1.0, 1.0): "heater", (-1.5, -3.0, -3.0): "heater", (-1.5, 1.5, 1.0): "accelerator",
    (0.0, 3.0, -3.0): "none",
}  # fmt: skip


@pytest.mark.parametrize("flows", REGIMES)
def test_regimes_by_their_signs(flows):
    code = figures.regime_code(*map(jnp.asarray, flows), ONE)
    assert figures.regime(code) == REGIMES[flows]
    work, hot, cold = flows
    engine, fridge = REGIMES[flows] == "engine", REGIMES[flows] == "refrigerator"
    efficiency = number(figures.efficiency, work, hot, 1.0)
    performance = number(figures.coefficient_of_performance, -work, cold, 1.0)
    np.testing.assert_equal(efficiency, work / hot if engine else np.nan)
    np.testing.assert_equal(performance, cold / -work if fridge else np.nan)


def test_figures_by_hand():
    assert number(figures.carnot_efficiency, 1.0, 4.0) == 0.75
    assert number(figures.curzon_ahlborn_efficiency, 1.0, 4.0) == 0.5
    assert (number(figures.power, 3.0, 2.0), number(figures.power, 3.0, 0.5)) == (1.5, 6.0)
    assert np.isnan(number(figures.power, 3.0, 0.0))
    assert np.isfinite(float(jax.grad(figures.power, 1)(ONE, jnp.asarray(0.0))))
    least = 8 * np.finfo(float).eps
    assert number(figures.mean_temperature, 3.0, -2.0) == -1.5
    assert np.isnan(number(figures.mean_temperature, 3.0, least))
    assert number(figures.mean_temperature, 3.0, 2 * least) == 3.0 / (2 * least)
    terms = jnp.array([1.0, -2.0]), jnp.array([-0.5, 0.0]), jnp.array([0.0, 4.0])
    assert float(figures.rounding(*terms)) == least * 7.5
    assert [float(figures.rounding(*terms, e)) for e in (0.5, np.inf)] == [0.5, least * 7.5]

    def residual(*entropies):
        means = ONE, 2.0 * ONE
        half = jnp.asarray(0.5)
        return float(figures.temperature_identity_residual(half, means, entropies))

    assert residual(-ONE, 2.0 * ONE) == -0.25  # 1/2 - (1 - 1/4)
    assert residual(-3.0 * ONE, 2.0 * ONE) == residual(3.0 * ONE, 2.0 * ONE) == 0.25
    assert residual(-ONE, 0.5 * ONE) == 0.5
    assert np.isnan(residual(-ONE, 0.0 * ONE))


def test_temperatures_of_a_name():
    two, three = jnp.asarray(2.0), jnp.asarray(3.0)
    assert float(figures.common([None, two, two])) == 2.0
    assert np.isnan(float(figures.common([two, three])))
    assert np.isnan(float(figures.common([None])))


def test_names_that_are_missing():
    figures.check_names("efficiency", ["hot", "sea"], ("hot",))
    figures.check_names("efficiency", ["cold"], ("hot",))  # a machine without a hot bath
    with pytest.raises(ValueError, match="`regime` needs the contacts 'cold' and 'hot', but"):
        figures.check_names("regime", ["hot", "sea"], ("cold", "hot"))


def test_ratios_of_named_heats():
    """heat_ratio and efficiency_from, on either side of what counts as none."""
    heats = {name: jnp.asarray(x) for name, x in (("a", 3.0), ("b", 2.0), ("none", 1.0))}
    machine = SimpleNamespace(named_heats=heats, rounding=ONE, work_output=jnp.asarray(1.5))
    ratio, from_heat = (inspect.unwrap(f) for f in (figures.heat_ratio, figures.efficiency_from))
    assert float(ratio(machine, "a", "b")) == 1.5
    assert np.isnan(float(ratio(machine, "a", "none")))
    assert np.isnan(float(ratio(machine, "none", "b")))
    assert float(from_heat(machine, "a")) == 0.5
    with pytest.raises(
        ValueError, match=r"`paid` must be .*got 'sea'; its names are 'a', 'b', 'no"
    ):
        ratio(machine, "a", "sea")
    machine.named_heats = {}
    with pytest.raises(ValueError, match="its names are none: give `contact` to its strokes"):
        from_heat(machine, "a")
    with pytest.raises(ValueError, match="`solution` must be that of a machine, with heats by"):
        from_heat(heats, "a")


def test_a_regime_of_many_has_no_word():
    with pytest.raises(ValueError, match="`regime` is a word for one concrete machine"):
        figures.regime(jnp.array([0, 1]))
