"""Figures of merit as functions of numbers: on either side of what counts as nothing."""

import inspect
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
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
    assert number(figures.mean_temperature, 3.0, -2.0, 1.0) == -1.5
    assert np.isnan(number(figures.mean_temperature, 3.0, -2.0, 2.0))
    terms = jnp.array([1.0, -2.0]), jnp.array([-0.5, 0.0]), jnp.array([0.0, 4.0])
    assert float(figures.rounding(*terms)) == least * 7.5
    assert [float(figures.rounding(*terms, e)) for e in (0.5, np.inf)] == [1.0, least * 7.5]
    assert float(figures.rounding(*[jnp.zeros(3)] * 3, 0.5)) == 1.5  # of three strokes

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


def test_what_the_entropy_of_a_state_may_be_off_by():
    """Audenaert's bound, which a pure state that gains p reaches; no more than ln d."""
    for d, p in ((2, 1e-3), (5, 1e-6), (3, 0.1)):
        spread = np.array([1 - p, *[p / (d - 1)] * (d - 1)])
        found = float(figures.entropy_error(jnp.asarray(2 * p / d), d))
        assert found == pytest.approx(-np.sum(spread * np.log(spread)), rel=1e-12)
        assert float(figures.entropy_error(jnp.asarray(9.0), d)) == pytest.approx(np.log(d))
    assert 0.0 < float(figures.entropy_error(jnp.asarray(0.0), 2)) < 1e-14


@pytest.fixture(scope="module")
def engine():
    """Q_c = -0.15, Q_h = 0.3, W_out = 0.15, with the heats of an engine between its two resets."""
    h = qt.number(2)
    cold = qt.machines.Reset(h, h, temperature=1 / np.log(9), contact="cold", duration=3.0)
    hot = qt.machines.Reset(2 * h, 2 * h, temperature=2 / np.log(3), contact="hot")
    return qt.limit_cycle(qt.Cycle([cold, hot]))


# the figure: its derivatives by the work and by heats, and by entropies, together
OFF = {
    "work_output": (1.0, 0.0), "heat_hot": (1.0, 0.0), "efficiency": (1.5 / 0.3, 0.0),
    "power": (1 / 3.0, 0.0), "spohn_production": (np.log(9) + np.log(3) / 2, 0.0),
    "entropy_hot": (0.0, 2.0), "carnot_efficiency": (0.0, 0.0),
}  # fmt: skip


@pytest.mark.parametrize("figure", OFF)
def test_errors_of_figures_by_hand(engine, figure):
    energies, entropies = OFF[figure]
    error = float(engine.rounding) * energies + float(engine.entropy_error) * entropies
    assert float(engine.error_of(figure)) == pytest.approx(error, rel=1e-12)
    assert float(engine.error_of(lambda s: getattr(s, figure))) == pytest.approx(error, rel=1e-12)


def test_errors_of_figures_of_ones_own(engine):
    rounding = float(engine.rounding)
    found = engine.error_of(lambda s: s.power * s.efficiency)
    assert float(found) == pytest.approx((0.5 / 3 + 0.15 / 3 / 0.3 * 1.5) * rounding)
    mean = float(engine.mean_temperatures[1])
    found = float(engine.error_of(lambda s: s.mean_temperatures[1]))
    entropy = float(engine.entropy_hot)
    assert found == pytest.approx((rounding + 2 * mean * float(engine.entropy_error)) / entropy)
    assert float(engine.error_of(lambda s: s.states[0, 1, 1].real)) == float(engine.error)
    assert np.isnan(float(engine.error_of("coefficient_of_performance")))  # as the figure is
    assert np.isnan(float(engine.error_of("first_law_residual")))  # its error is not known
    assert np.isnan(float(engine.error_of(lambda s: s.fixed.map_increment[0, 0])))
    with pytest.raises(ValueError, match="`figure` must be a property of the solution, got 'eta'"):
        engine.error_of("eta")
    with pytest.raises(ValueError, match="`figure` must be a function of one argument"):
        engine.error_of(3)
    with pytest.raises(ValueError, match="`figure` must be"):
        engine.error_of("states")


def test_a_regime_of_many_has_no_word():
    with pytest.raises(ValueError, match="`regime` is a word for one concrete machine"):
        figures.regime(jnp.array([0, 1]))
