"""Files of machines that run all the time: baths of any name, and every kind from the command."""

import numpy as np
import pytest
from typer.testing import CliRunner

import qtjax as qt
from qtjax.app.commands import app
from qtjax.engine import REFERENCE, ContinuousEngine, Engine, EngineError, read_engine, read_machine

REFRIGERATOR = """
kind = "steady"
title = "Three-level absorption refrigerator"
hamiltonian = [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 5.0]]

[baths.cold]
temperature = 1.0
couplings = [[[0, 1, 0], [1, 0, 0], [0, 0, 0]]]
spectrum = { flat = 0.1 }

[baths.room]
temperature = 1.3
couplings = [[[0, 0, 1], [0, 0, 0], [1, 0, 0]]]
spectrum = { flat = 0.1 }

[baths.work]
temperature = 6.0
couplings = [[[0, 0, 0], [0, 0, 1], [0, 1, 0]]]
spectrum = { ohmic = 0.03, cutoff = 20.0 }
"""
DRIVEN = """
kind = "steady"
hamiltonian = { sigmax = 0.05 }
energy = { sigmaz = 0.5 }

[baths.cold]
temperature = 0.3
couplings = ["sigmax"]
spectrum = { flat = 0.1 }
"""


def written(tmp_path, text):
    path = tmp_path / "machine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_heats_of_the_absorption_refrigerator_are_as_its_gaps(tmp_path):
    engine = read_machine(written(tmp_path, REFRIGERATOR))
    assert isinstance(engine, ContinuousEngine)
    machine = engine.machine()
    named = machine.named_heats
    assert list(named) == ["cold", "room", "work"]
    assert named["cold"] > 0
    np.testing.assert_allclose(
        [named["room"], named["work"]], [-5 * named["cold"], 4 * named["cold"]]
    )
    assert machine.spohn_production > 0


def test_what_drives_is_work_on_the_energy(tmp_path):
    machine = read_machine(written(tmp_path, DRIVEN)).machine()
    assert float(machine.power) == pytest.approx(float(machine.named_heats["cold"]), abs=1e-14)
    assert machine.power < -1e-3  # work goes in and leaves as heat
    system = qt.OpenSystem(
        0.05 * qt.sigmax(),
        qt.DaviesBath(0.5 * qt.sigmaz(), qt.sigmax(), 0.3, qt.Flat(0.1)),
        0.5 * qt.sigmaz(),
    )
    np.testing.assert_array_equal(machine.state, qt.steady_state(system).state)


def test_an_engine_file_is_a_machine_too(tmp_path):
    text = REFERENCE.read_text(encoding="utf-8")
    for said in (text, f'kind = "cycle"\n{text}'):
        engine = read_machine(written(tmp_path, said))
        assert isinstance(engine, Engine)
        assert engine.table == read_engine(REFERENCE).table


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "steady"', 'kind = "still"', "key `kind`: found 'still', expected 'cycle' or"),
        ("flat = 0.1", "flat = -0.1", r"key `baths\.cold\.spectrum\.flat`"),
        ("[0.0, 1.0, 0.0]", '[0.0, 1.0, "x"]', "found the entry 'x', expected a number"),
        ("[0.0, 1.0, 0.0]", "[0.0, 1.0, 0.5]", "key `hamiltonian` must be Hermitian"),
        ("[[0, 1, 0], [1, 0, 0], [0, 0, 0]]", "[[0, 1], [1, 0]]", r"couplings\[0\]` must be 3 x 3"),
        ("title", "titel", "key `titel`: found an unknown key"),
        ("hamiltonian =", "hamiltonian", "not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path, old, new, message):
    with pytest.raises(EngineError, match=message):
        read_machine(written(tmp_path, REFRIGERATOR.replace(old, new, 1)))


def test_the_command_prints_the_figures(tmp_path):
    outcome = CliRunner().invoke(app, ["run", str(written(tmp_path, REFRIGERATOR))])
    assert outcome.exit_code == 0, outcome.output
    for words in ("Three-level", "heat from room per time", "Spohn production per time"):
        assert words in outcome.output
    outcome = CliRunner().invoke(app, ["run", str(written(tmp_path, "kind = 3"))])
    assert outcome.exit_code == 2
    assert "found 3, expected" in outcome.output


@pytest.mark.slow
def test_the_command_runs_a_cycle():
    outcome = CliRunner().invoke(app, ["run", str(REFERENCE)])
    assert outcome.exit_code == 0, outcome.output
    for words in ("heat from hot per cycle", "0.38931233", "work delivered", "0.1589726", "engine"):
        assert words in outcome.output
