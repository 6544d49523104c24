"""Engine files of cycles whose baths have any name and number, on the whole path."""

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from typer.testing import CliRunner

import qtjax as qt
from qtjax.app.commands import app
from qtjax.app.engine_sweep import figures_at
from qtjax.app.reports import comparison_table, figures_of_merit
from qtjax.engine import REFERENCE, EngineError, read_engine, read_machine, write_engine
from qtjax.machines import in_roles

EXAMPLE = Path(__file__).parents[2] / "examples" / "three_baths.toml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
ROLES = '[roles]\nhot = ["stove", "sun"]\ncold = "river"\n'
OTHER = REFERENCE.read_text(encoding="utf-8")
for old, new in (("hot", "fire"), ("cold", "river")):
    OTHER = OTHER.replace(f"[baths.{old}]", f"[baths.{new}]").replace(
        f'bath = "{old}"', f'bath = "{new}"'
    )


def read(tmp_path, text):
    path = tmp_path / "engine.toml"
    path.write_text(text, encoding="utf-8")
    return read_engine(path)


def test_other_names_in_their_roles_are_the_reference_machine(tmp_path):
    engine = read(tmp_path, OTHER + '\n[roles]\nhot = "fire"\ncold = "river"\n')
    solution = qt.limit_cycle(engine.cycle())
    heats = solution.named_heats
    assert list(heats) == ["fire", "river"]
    assert float(heats["fire"]) == pytest.approx(0.389312332801, abs=1e-11)
    roles = engine.in_roles(solution)
    assert float(roles.heat_hot) == float(heats["fire"])
    assert float(roles.efficiency) == pytest.approx(0.408342073931, abs=1e-11)
    assert float(roles.carnot_efficiency) == pytest.approx(1 - 0.5 / 4.0)
    assert roles.regime == "engine"
    write_engine(engine, tmp_path / "again.toml")
    assert read_engine(tmp_path / "again.toml").roles == {"hot": ("fire",), "cold": ("river",)}


def test_three_baths_and_two_at_once():
    """The first law with all of them, and the efficiency of the heat of both hot ones."""
    engine = read_engine(EXAMPLE)
    solution = qt.limit_cycle(engine.cycle())
    heats = {name: float(heat) for name, heat in solution.named_heats.items()}
    assert list(heats) == ["stove", "sun", "river"]
    work = float(solution.work_output)
    assert sum(heats.values()) == pytest.approx(work, abs=1e-12)
    entropies = heats["stove"] / 3.0 + heats["sun"] / 6.0 + heats["river"] / 0.5
    assert float(solution.spohn_production) == pytest.approx(-entropies, abs=1e-12)
    roles = engine.in_roles(solution)
    assert roles.regime == "engine"
    efficiency = work / (heats["stove"] + heats["sun"])
    assert float(roles.efficiency) == pytest.approx(efficiency, abs=1e-13)
    assert float(roles.heat_cold) == heats["river"]
    assert np.isnan(float(roles.carnot_efficiency))  # two temperatures are hot


@pytest.mark.slow
def test_a_report_of_three_baths(tmp_path):
    engine = read_engine(EXAMPLE)
    solution = qt.limit_cycle(engine.cycle())
    heats = {name: float(heat) for name, heat in solution.named_heats.items()}
    roles, found = engine.in_roles(solution), figures_of_merit(solution, engine)
    assert found["heats"] == heats
    assert found["efficiency"] == float(roles.efficiency)
    words = [str(c) for c in comparison_table(found, found, "").columns[0]._cells]
    assert "heat from the bath sun" in words
    # without roles nothing speaks of hot and cold
    bare = read(tmp_path, TEXT.replace(ROLES, ""))
    found = figures_of_merit(qt.limit_cycle(bare.cycle()), bare)
    assert not {"efficiency", "heat_hot", "regime"} & set(found)
    assert found["heats"] == pytest.approx(heats)
    comparison_table(found, found, "")
    with pytest.raises(ValueError, match="say with `in_roles`"):
        _ = qt.limit_cycle(bare.cycle()).efficiency


@pytest.mark.slow
def test_a_sweep_has_the_heat_of_every_bath():
    engine = read_engine(EXAMPLE)
    found = jax.jit(jax.vmap(lambda t: figures_at(engine)(temperature_sun=t)))(
        jnp.array([5.0, 6.0])
    )
    solution = qt.limit_cycle(engine.cycle())
    for name, heat in solution.named_heats.items():
        assert float(found[f"heat_{name}"][1]) == pytest.approx(float(heat), abs=1e-12)
    assert float(found["heat_hot"][0]) == pytest.approx(
        float(found["heat_stove"][0] + found["heat_sun"][0])
    )
    assert found["heat_sun"][0] < found["heat_sun"][1]


def command(*arguments):
    run = subprocess.run(
        [sys.executable, "-c", "from qtjax.app.commands import app; app()", *map(str, arguments)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.slow
def test_the_command_line_takes_any_names(tmp_path):
    said = command("run", EXAMPLE)
    assert "heat from sun per cycle" in said
    assert "efficiency, first law" in said
    bare = tmp_path / "bare.toml"
    bare.write_text(TEXT.replace(ROLES, ""), encoding="utf-8")
    assert "efficiency" not in command("run", bare)
    for path, folder in ((EXAMPLE, tmp_path / "roles"), (bare, tmp_path / "without")):
        said = command("optimize", path, "--steps", 20, "--starts", 2, "--out", folder)
        assert "heat from the bath sun" in said
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        assert report["after"]["power"] > report["before"]["power"]
        assert set(report["after"]["heats"]) == {"river", "stove", "sun"}
        assert ("efficiency" in report["after"]) == (path == EXAMPLE)
        command("report", folder)
        assert "heat from the bath sun" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('cold = "river"', 'cold = "lake"', r"`roles\.cold`: found 'lake', expected one of"),
        ('cold = "river"', 'cold = "sun"', r"`roles`: found .*, expected every bath only once"),
        ('cold = "river"\n', "", r"`roles\.cold`: found nothing"),
        ('hot = ["stove", "sun"]', "hot = []", r"`roles\.hot`: found \[\]"),
        ('"sun"]\nduration', '"stove"]\nduration', "expected each only once"),
        ('"sun"]\nduration', '"moon"]\nduration', r"`strokes\[1\]\.bath`: found 'moon'"),
    ],
)
def test_mistakes_name_their_key(old, new, words, tmp_path):
    assert old in TEXT
    with pytest.raises(EngineError, match=words):
        read(tmp_path, TEXT.replace(old, new))


def test_a_bath_that_is_called_hot_is_hot(tmp_path):
    text = TEXT.replace("river", "hot")
    with pytest.raises(EngineError, match=r"`roles\.hot`: .* expected the bath 'hot' among them"):
        read(tmp_path, text)


def test_what_needs_roles_asks_for_them(tmp_path):
    from qtjax.app.engine_loss import merit_of

    text = TEXT.replace(ROLES, "").replace('"power"', '"efficiency"')
    with pytest.raises(EngineError, match=r"found 'efficiency', expected a table \[roles\]"):
        merit_of(read(tmp_path, text))
    run = CliRunner().invoke(app, ["pareto", str(tmp_path / "engine.toml"), "--out", str(tmp_path)])
    assert run.exit_code != 0
    assert "expected a table [roles]" in " ".join(run.output.split())


def test_roles_of_a_machine_that_runs_all_the_time(tmp_path):
    levels = (1.0, 2.0)
    fridge = qt.models.three_level_refrigerator(levels, temperatures=(1.0, 1.2, 4.0), rates=0.1)
    machine = qt.machines.steady_machine(fridge, ("cellar", "room", "fire"))
    known = qt.machines.steady_machine(fridge, ("cold", "room", "hot"))
    found = in_roles(machine, "fire", "cellar")
    assert float(found.heat_hot) == float(known.heat_hot) == float(machine.named_heats["fire"])
    assert found.regime == known.regime
    for message, arguments in (
        ("`cold` must name contacts of `solution`, got 'lake'", ("fire", "lake")),
        ("must be apart, but 'fire' is in both", ("fire", "fire")),
    ):
        with pytest.raises(ValueError, match=message):
            inspect.unwrap(in_roles)(machine, *arguments)
    with pytest.raises(ValueError, match="`hot` must hold the contact 'hot'"):
        inspect.unwrap(in_roles)(known, "room", "cold")
    batched = jax.tree.map(lambda x: jnp.stack([x, x]), machine)
    assert in_roles(batched, "fire", "cellar").contact == ("cold", "room", "hot")
    path = tmp_path / "steady.toml"
    path.write_text(
        'kind = "steady"\nhamiltonian = { sigmaz = 0.5 }\n[roles]\nhot = "a"\ncold = "b"\n'
        + "".join(
            f'[baths.{k}]\ntemperature = {t}\ncouplings = ["sigmax"]\nspectrum = {{ flat = 0.1 }}\n'
            for k, t in (("a", 2.0), ("b", 1.0))
        ),
        encoding="utf-8",
    )
    steady: Any = read_machine(path)
    assert float(steady.in_roles(steady.machine()).heat_hot) > 0.0
