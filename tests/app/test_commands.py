"""The main job as a user runs it: results folder, resume after a kill, messages."""

import json
import os
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

from qtjax.engine import REFERENCE, read_engine

KEYS = {
    "efficiency", "generalized_efficiency", "work_output", "power", "heat_hot", "heat_cold",
    "mean_temperature_hot", "mean_temperature_cold", "carnot_efficiency",
    "curzon_ahlborn_efficiency", "spohn_production", "interior_production", "first_law_residual",
    "limit_cycle_residual",
}  # fmt: skip


def qtjax(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-c", "from qtjax.app.commands import app; app()", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        **options,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """An uninterrupted run, and one that was killed after its first checkpoint and resumed."""
    folder = tmp_path_factory.mktemp("runs")
    whole, killed = folder / "whole", folder / "killed"
    arguments = ("optimize", "--steps", 60, "--starts", 2, "--seed", 3)
    first = qtjax(*arguments, "--out", whole)
    assert first.returncode == 0, first.stdout + first.stderr
    process = subprocess.Popen(
        [sys.executable, "-c", "from qtjax.app.commands import app; app()",
         *map(str, arguments), "--out", str(killed)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 200
    while not (killed / "checkpoint.eqx").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (killed / "report.json").exists()
    second = qtjax("optimize", "--out", killed, "--resume")
    assert second.returncode == 0, second.stdout + second.stderr
    return whole, killed, first.stdout


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_report_holds_the_known_start_and_improves_it(finished):
    report = load(finished[0] / "report.json")
    before, after = report["before"], report["after"]
    assert before.keys() >= KEYS
    assert after.keys() >= KEYS
    assert abs(before["heat_hot"] - 0.389312332801) < 1e-9
    assert abs(before["work_output"] - 0.158972605383) < 1e-9
    assert abs(before["efficiency"] - 0.408342073931) < 1e-9
    assert abs(before["spohn_production"] - 0.363351371637) < 1e-9
    assert after["efficiency"] > before["efficiency"] + 0.1
    assert after["power"] >= before["power"] * (1 - 1e-6)
    for machine in (before, after):
        assert abs(machine["efficiency"] - machine["generalized_efficiency"]) < 1e-9
        assert abs(machine["first_law_residual"]) < 1e-9
        assert machine["limit_cycle_residual"] < 1e-9
        assert machine["interior_production"] < 1e-12
        assert machine["spohn_production"] > 0.1
    assert {"versions", "device", "seed", "settings"} <= report.keys()
    coarse, fine = report["resolution"]
    assert fine["steps"] == 4 * coarse["steps"]
    # the search resolves the maps to 1e-7
    for name in ("objective", "efficiency", "power"):
        assert abs(fine[name] - coarse[name]) < 1e-6
    assert abs(fine["efficiency"] - after["efficiency"]) < 1e-9
    assert report["audit"]["findings"] == []
    assert "second_law" in report["audit"]["passed"]


@pytest.mark.slow
def test_checkpoints_keep_the_laws(finished):
    rows = load(finished[0] / "history.json")["checkpoints"]
    assert [row["step"] for row in rows] == [25, 50, 60]
    for row in rows:
        assert row["efficiency"] <= row["carnot_efficiency"]
        assert abs(row["first_law_residual"]) < 1e-9
        assert abs(row["temperature_identity_residual"]) < 1e-9


@pytest.mark.slow
def test_killed_and_resumed_run_ends_as_the_uninterrupted_one(finished):
    whole, killed, _ = finished
    one, two = load(whole / "report.json"), load(killed / "report.json")
    assert one["after"] == two["after"]
    assert one["optimization"] == two["optimization"]
    assert load(whole / "history.json") == load(killed / "history.json")


@pytest.mark.slow
def test_results_folder_is_complete_and_its_engine_runs_again(finished):
    whole, _, printed = finished
    figures = {
        f"{n}.png" for n in ("temperature_entropy", "energy_frequency", "ramps", "convergence")
    }
    files = {path.name for path in whole.iterdir()}
    assert figures | {"report.json", "history.json", "optimized.toml"} <= files
    again = read_engine(whole / "optimized.toml")
    report = load(whole / "report.json")
    assert again.table.strokes[0].duration == report["after"]["strokes"][0]["duration"]
    assert "interior production d_iS" in " ".join(printed.split())
    assert "Spohn production" in printed
    assert "Audit: nothing doubtful was found" in printed
    assert "At 128 steps in place of 32: objective " in printed


@pytest.mark.slow
def test_a_finished_folder_is_not_overwritten(finished):
    again = qtjax("optimize", "--out", finished[0], "--steps", 5)
    assert again.returncode == 2
    assert "already holds a run" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--resume",), "needs `--out`"),
        (("--resume", "--out", "nowhere"), "nothing was begun there"),
        (("missing.toml",), "missing.toml"),
        (("wrong.toml",), "key `free.ramps.expansion`: found [1.5, -0.5], expected [lower, upper]"),
    ],
)
def test_mistakes_on_the_command_line_are_told(tmp_path, arguments, message):
    text = REFERENCE.read_text(encoding="utf-8").replace(
        "expansion = [-0.5, 1.5]", "expansion = [1.5, -0.5]"
    )
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    run = qtjax("optimize", *arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert message in run.stdout


def test_the_search_takes_the_steps_that_a_slow_isotherm_needs(tmp_path):
    from qtjax.app.engine_loss import at_resolution, finer, search_way

    text = REFERENCE.read_text(encoding="utf-8").replace("[0.05, 20.0]", "[0.05, 5e3]")
    text = text.replace('to = "cold"\nduration = 1.0', 'to = "cold"\nbath = "hot"\nduration = 3e3')
    (tmp_path / "isotherm.toml").write_text(text, encoding="utf-8")
    engine = read_engine(tmp_path / "isotherm.toml")
    way = search_way(engine)
    assert way.implicit
    found, closer = (at_resolution(engine, each)["efficiency"] for each in (way, finer(way)))
    assert found == pytest.approx(closer, rel=1e-10)


@pytest.mark.slow
def test_objectives_improve_from_outside_the_engine_regime(tmp_path):
    """A heater (fast ramps, cold machine barely smaller) is pulled into the engine region."""
    import jax
    import optax

    import qtjax as qt
    from qtjax.app.engine_loss import engine_loss, search_way
    from qtjax.engine import scattered_starts

    text = REFERENCE.read_text(encoding="utf-8").replace("temperature = 4.0", "temperature = 0.7")
    (tmp_path / "heater.toml").write_text(text, encoding="utf-8")
    engine = read_engine(tmp_path / "heater.toml")
    start = qt.limit_cycle(engine.cycle())
    assert start.regime != "engine"
    assert np.isnan(float(start.efficiency))
    for name in ("efficiency", "power", "product", "ecological"):
        table = engine.table.model_copy(
            update={"optimize": engine.table.optimize.model_copy(
                update={"objective": name, "minimum_power": "none"})}
        )  # fmt: skip
        loss = engine_loss(type(engine)(table), 0.0, search_way(engine))
        lanes = scattered_starts(engine.start, engine.bounds, starts=1, seed=0)
        best = qt.optimize(loss, lanes, optax.adam(0.1), steps=300, bounds=engine.bounds, many=True)
        found = qt.limit_cycle(engine.cycle(jax.tree.map(lambda x: x[0], best.parameters)))
        assert float(-best.loss[0]) > float(-loss(engine.start))
        if name != "ecological":
            assert found.regime == "engine", name


def test_single_machines_compile_without_what_is_for_batches(tmp_path):
    asked = (
        "from typer.testing import CliRunner; from qtjax.app.commands import app; import jax, os;"
        "CliRunner().invoke(app, ['{}', 'nowhere.toml']); "
        "print(jax.config.read('jax_disable_most_optimizations'), os.environ.get('XLA_FLAGS', ''))"
    )
    outside = {"XLA_FLAGS", "JAX_DISABLE_MOST_OPTIMIZATIONS"}
    clean = {name: value for name, value in os.environ.items() if name not in outside}

    def told(command):
        program = [sys.executable, "-c", asked.format(command)]
        options = {"env": clean, "cwd": tmp_path, "capture_output": True, "text": True}
        return subprocess.run(program, **options).stdout.strip()

    emitters = "--xla_cpu_use_fusion_emitters=false" if jax.__version_info__ < (0, 11) else ""
    assert told("run") == f"True {emitters}".strip()
    assert told("sweep") == "False"
