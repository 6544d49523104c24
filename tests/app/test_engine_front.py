"""The front of an engine file as a user asks for it: folder, table, messages."""

import json

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

import qtjax as qt
from qtjax.app.commands import app
from qtjax.app.files import write_json
from qtjax.app.show import tables
from qtjax.engine import REFERENCE, read_engine

RUNNER = CliRunner()
REPORT = {
    "title": "Engine",
    "hypervolume": 0.0123456789,
    "finer_steps": 128,
    "points": [
        {"efficiency": 0.25, "power": 0.5, "spread": 1e-6, "power_change": -2e-9,
         "dominated": False, "feasible": True},
        {"efficiency": 0.3125, "power": 0.5, "spread": None, "power_change": 0.0,
         "dominated": True, "feasible": False},
    ],
}  # fmt: skip


def text(table):
    console = Console(width=120)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_the_table_marks_what_is_not_on_the_front(tmp_path):
    write_json(tmp_path / "front.json", REPORT)
    lines = text(tables(tmp_path)[0]).splitlines()
    good = next(line for line in lines if "0.25 " in line)
    bad = next(line for line in lines if "0.3125" in line)
    assert "-2.0e-09" in good
    assert "dominated" not in good
    assert "dominated, infeasible" in bad
    assert "nan" in bad
    assert "0.0123456789" in "".join(lines)
    assert "change at 128 steps" in "".join(lines)


def reference(tmp_path, change):
    text = change(REFERENCE.read_text(encoding="utf-8"))
    (tmp_path / "engine.toml").write_text(text, encoding="utf-8")
    return str(tmp_path / "engine.toml")


def test_nothing_free_is_said(tmp_path):
    def bound(text):
        return text[: text.index("[free.durations]")] + text[text.index("[optimize]") :]

    path = reference(tmp_path, bound)
    run = RUNNER.invoke(app, ["pareto", path, "--out", str(tmp_path / "out")])
    assert run.exit_code == 2
    assert "key `free`: found nothing, expected at least one free parameter" in run.output
    assert not (tmp_path / "out").exists()


def test_a_front_is_not_overwritten(tmp_path):
    (tmp_path / "front.json").write_text("{}", encoding="utf-8")
    run = RUNNER.invoke(app, ["pareto", str(REFERENCE), "--out", str(tmp_path)])
    assert run.exit_code == 2
    assert "already holds a front; name another folder" in run.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.toml"], "nowhere.toml"),
        (["--points", "1"], "--points"),
        (["--steps", "0"], "--steps"),
    ],
)
def test_mistakes_are_told(arguments, words):
    run = RUNNER.invoke(app, ["pareto", *arguments])
    assert run.exit_code == 2
    assert words in run.output


@pytest.mark.slow
def test_a_front_from_a_file(tmp_path):
    def few(text):
        """Two durations alone are free."""
        start, end = text.index("expansion = [0.05"), text.index("[optimize]")
        return text[:start] + '"cold isochore" = [0.05, 20.0]\n' + text[end:]

    path = reference(tmp_path, few)
    arguments = ["--points", "4", "--starts", "2", "--steps", "60", "--out", str(tmp_path / "out")]
    run = RUNNER.invoke(app, ["pareto", path, *arguments])
    assert run.exit_code == 0, run.output
    report = json.loads((tmp_path / "out" / "front.json").read_text(encoding="utf-8"))
    assert (tmp_path / "out" / "pareto.png").stat().st_size > 10_000
    assert report["finer_steps"] == 4 * report["steps"]
    points = [point for point in report["points"] if not point["dominated"]]
    assert len(points) >= 2
    power, efficiency = (np.array([p[k] for p in points]) for k in ("power", "efficiency"))
    assert np.all(np.diff(efficiency) > 0.0)
    assert np.all(np.diff(power) < 0.0)
    assert np.all([abs(p["power_change"]) < 1e-8 for p in points])
    # the hypervolume is that of the steps under the points
    area = np.sum(power * np.diff(efficiency, prepend=0.0))
    assert report["hypervolume"] == pytest.approx(area, rel=1e-12)
    # a point is what a machine with its parameters does
    engine = read_engine(path)
    last = engine.with_parameters(points[-1]["parameters"])
    assert float(qt.limit_cycle(last.cycle()).power) == pytest.approx(power[-1], rel=1e-6)
    assert "power against efficiency" in run.output
