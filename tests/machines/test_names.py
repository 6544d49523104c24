"""Heats under any names: of strokes, of several baths in one stroke, and figures of merit."""

import dataclasses
import math

import numpy as np
import pytest

import qtjax as qt
from qtjax.machines.stroke import as_contact, names_of

N, LOWER = qt.number(2), qt.destroy(2)


def bath(temperature, gap=1.0):
    return qt.LocalBath(LOWER, gap, temperature, qt.Flat(0.5))


def machine(first, second):
    """A two-stroke engine; its second stroke is in contact with two baths."""
    return qt.Cycle([
        qt.Stroke(qt.OpenSystem(2.0 * N, bath(4.0, 2.0)), 2.0, first),
        qt.Stroke(qt.OpenSystem(1.0 * N, (bath(0.5), bath(0.4))), 2.0, second),
    ])  # fmt: skip


@pytest.fixture(scope="module")
def named():
    return qt.limit_cycle(machine("sun", ("sea", "sky")))


def renamed(solution, *contacts):
    """The same solution of strokes with other names."""
    fields = {f.name: getattr(solution, f.name) for f in dataclasses.fields(solution)}
    return type(solution)(**(fields | {"cycle": machine(*contacts)}))


def test_heats_by_name(named):
    assert list(named.named_heats) == ["sun", "sea", "sky"]
    heats = np.array([float(heat) for heat in named.named_heats.values()])
    np.testing.assert_allclose(heats, np.concatenate(named.bath_heats), rtol=0)
    assert float(named.heat_hot) == 0.0
    efficiency = float(qt.machines.efficiency_from(named, "sun"))
    assert efficiency == pytest.approx(float(named.work_output) / heats[0], rel=1e-12)
    assert efficiency == pytest.approx(0.5, rel=1e-12)  # 1 - 1/2, the ratio of the gaps
    assert math.isnan(float(qt.machines.efficiency_from(named, "sea")))  # no heat from there
    assert math.isnan(float(qt.machines.heat_ratio(named, "sea", "sun")))


def test_names_of_heats():
    """A name, none, or one for each heat; nothing else, and no empty name."""
    for given, heats, names in (
        ("hot", 2, ("hot", "hot")), (None, 1, (None,)), ((), 0, ()),
        (["hot", None], 2, ("hot", None)),
    ):  # fmt: skip
        assert names_of(as_contact(given, heats), heats) == names
    for wrong in ("", ("hot",), ("hot", ""), ("hot", 1), 3, ("a", "b", "c")):
        with pytest.raises(ValueError, match="for each of the stroke's 2 heats, got"):
            as_contact(wrong, 2)


def test_figures_say_which_names_they_need(named):
    for figure in ("efficiency", "coefficient_of_performance", "regime", "temperatures"):
        wanted = rf"`{figure}` needs .* here are 'sun', 'sea', 'sky'.*`efficiency_from`"
        with pytest.raises(ValueError, match=wanted):
            getattr(named, figure)


def test_names_are_only_names(named):
    other = renamed(named, "hot", "cold")
    assert float(other.efficiency) == pytest.approx(0.5, rel=1e-12)
    cold = float(named.named_heats["sea"] + named.named_heats["sky"])
    assert float(other.heat_cold) == pytest.approx(cold, rel=1e-12)
    assert other.regime == "engine"
    assert float(other.temperatures[1]) == 4.0
    assert math.isnan(float(other.temperatures[0]))  # two cold baths that do not agree
    assert float(other.entropy_hot) == pytest.approx(-float(other.entropy_cold), rel=1e-10)
    shared = renamed(named, "hot", ("cold", None))
    assert math.isnan(float(shared.entropy_cold))  # not only this bath's
    assert float(shared.heat_cold) == pytest.approx(float(named.named_heats["sea"]), rel=1e-12)


@pytest.mark.slow
def test_clausius_integrals_by_name(named):
    parts = qt.machines.clausius_integrals(named)
    assert float(parts["sun"].value) == pytest.approx(float(named.named_heats["sun"]), rel=1e-9)
    assert math.isnan(float(parts["sky"].value))
