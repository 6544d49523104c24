"""Periodic steady states of driven systems, against published numbers."""

import json
import math
from pathlib import Path

import pytest

import qtjax as qt

REFERENCE = Path(__file__).parents[1] / "reference" / "published.json"
PUBLISHED = {r["key"]: r["values"] for r in json.loads(REFERENCE.read_text())["results"]}
X, Z = qt.sigmax(), qt.sigmaz()


@pytest.fixture(scope="module")
def driven():
    drive = qt.Fourier(0.0, [0.0], [0.05 * math.pi], 2 * math.pi)
    h = qt.Driven([(1.0, -0.3 * math.pi * X - math.pi * Z), (drive, Z)])
    pair = qt.Lindblad([qt.destroy(2), qt.create(2)], (0.225, 0.075))
    return qt.OpenSystem(h, (pair, qt.Lindblad(Z, 0.05)))


def test_published_periodic_steady_state(driven):
    wanted = PUBLISHED["periodic_steady_state_driven_qubit"]
    found = qt.machines.periodic_steady_state(driven, 1.0, contact=("pair", "dephasing"))
    values = {
        "upper_population_at_phase_0": found.states[0][1, 1].real,
        "upper_population_mean": qt.machines.cycle_mean(found, qt.number(2)),
        "work_per_cycle": found.work,
        "heat_pair_per_cycle": found.named_heats["pair"],
        "heat_dephasing_per_cycle": found.named_heats["dephasing"],
    }
    assert set(values) == set(wanted)
    for name, value in values.items():
        assert float(value) == pytest.approx(wanted[name], rel=1e-9), name
    assert float(found.quenches[0]) == pytest.approx(0.0, abs=1e-15)


def test_a_period_is_positive(driven):
    with pytest.raises(ValueError, match=r"`period` must be > 0, got 0\.0; it is the time after"):
        qt.machines.periodic_steady_state(driven, 0.0)


def test_two_periods_are_one_of_twice_the_time(driven):
    once, twice = (qt.machines.periodic_steady_state(driven, time) for time in (1.0, 2.0))
    means = [float(qt.machines.cycle_mean(found, qt.number(2))) for found in (once, twice)]
    assert means[0] == pytest.approx(means[1], rel=1e-9)
    # each to the tolerance of a limit cycle, 1e-9
    assert float(twice.work) == pytest.approx(2.0 * float(once.work), abs=2e-9)
    assert float(twice.power) == pytest.approx(float(once.power), abs=2e-9)


def test_the_mean_over_a_long_stroke_is_resolved_or_nan():
    """A hundred turns of a coherence that relaxed to <X> = 1, more than 16 panels see."""
    relax = qt.Lindblad(0.5 * (Z - 1j * qt.sigmay()), 1.0)  # |+><-|
    time = 200.0 * math.pi + 1.0
    strokes = [
        qt.Stroke(qt.OpenSystem(0.0 * Z, relax), 40.0),
        qt.Stroke(qt.OpenSystem(Z / 2), time),
    ]
    found = qt.limit_cycle(qt.Cycle(strokes))
    wanted = (39.0 + math.cos(time) + math.sin(time)) / (40.0 + time)
    assert float(qt.machines.cycle_mean(found, X)) == pytest.approx(wanted, abs=1e-9)
    assert math.isnan(qt.machines.cycle_mean(found, X, panels=16))
