"""The README's blocks and numbers hold, and every example runs as it stands."""

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pages
import pytest

import qtjax as qt

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [code for _, code, _ in pages.blocks(ROOT / "README.md")]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
LONG = (  # in compilation
    "two_qubits_exchange",
    "thermalizing_qubit",
    "driven_sweep",
    "which_master_equation",
    "phase_map",
    "pareto_front",
    "superconducting_engine",
    "oscillator_power",
    "qubit_refrigerator",
    "qubit_reset",
    "erasure",
    "simultaneous_baths_front",
)


# row of the table, its number, where it was measured, and the unit there in that of the row
MEASURED = (
    ("driven damped qubit", "0.73 µs", "batched_driven_qubit", ("time_us",), 1.0),
    ("driven damped qubit", "dynamiqs, error 3e-6: 96", "batched_driven_qubit",
     ("ratio_to_dynamiqs",), 1.0),
    ("its gradient", "5.1 µs", "batched_gradient", ("time_us",), 1.0),
    ("its gradient", ": 85", "batched_gradient", ("ratio_to_dynamiqs",), 1.0),
    ("Redfield dynamics", "0.91 µs", "redfield", ("time_us",), 1.0),
    ("Redfield dynamics", ": 1,060", "redfield", ("ratio_to_qutip",), 1.0),
    ("steady states", "11 µs", "chain_steady_states", ("time_us",), 1.0),
    ("steady states", ": 25", "chain_steady_states", ("ratio_to_qthermo",), 1.0),
    ("limit cycle of an oscillator", "0.50 ms", "oscillator_cycle", ("rows", 0, "time_us"), 1e-3),
    ("limit cycle of an oscillator", ": 1,200", "oscillator_cycle",
     ("levels_over_moments_power",), 1.0),
    ("1,000 Otto cycles", "13 ms", "thousand_limit_cycles", ("seconds",), 1e3),
    ("1,000 Otto cycles", "32 ms", "thousand_limit_cycles", ("gradients_s",), 1e3),
    ("sweep of 1,000,000", "8.2 s", "sweep", ("us_per_point", -1), 1.0),
    ("sweep of 1,000,000", ": 72,000", "sweep", ("ratio_to_qthermo",), 1.0),
    ("front of power", "58 s", "pareto_front", ("seconds",), 1.0),
    ("first solve", "| 0.83 s", "first_result", ("first_solve_s",), 1.0),
    ("first solve", ", 5.0 s", "first_result", ("first_gradient_s",), 1.0),
    ("a million driven qubits", "1.8 ns", "gpu", ("time_us",), 1e3),
    ("a million driven qubits", ": 116", "gpu", ("ratio_to_dynamiqs",), 1.0),
)  # fmt: skip


def run(code, folder):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder, capture_output=True, text=True, timeout=300, env=pages.environment(),
    )  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_readme_block(block, tmp_path):
    # fewer lanes and steps than the README shows; the program is otherwise the same
    block = block.replace("100_000", "1_000").replace("steps=400", "steps=20")
    outcome = run(block, tmp_path)
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.slow
def test_the_programs_for_language_models_run(tmp_path):
    ((_, code, _),) = pages.blocks(ROOT / "llms.txt")
    outcome = run(code, tmp_path)
    assert outcome.returncode == 0, outcome.stderr


def test_readme_is_short_has_its_programs_and_names_the_commands():
    assert len(BLOCKS) == 3
    assert len(README.splitlines()) < 150
    assert 'pip install -e ".[plots]" && qtjax optimize' in README
    assert 'pip install -e ".[test]" && pytest' in README
    assert "qtjax paper --out" in README
    assert "qtjax reproduce --list" in README
    digits = (ROOT / "tests" / "reference" / "published.json").read_text()
    efficiency = float(re.search(r'"no_w0_channel_eta": ([\d.]+)', digits)[1])
    assert f"from {efficiency:.6f} at the start" in " ".join(README.split())


@pytest.mark.parametrize(("row", "text", "file", "place", "unit"), MEASURED)
def test_numbers_of_the_readme_are_those_measured(row, text, file, place, unit):
    (line,) = (line for line in README.splitlines() if line.startswith(f"| {row}"))
    assert text in line
    shown = float(re.findall(r"[\d.]+", text.replace(",", ""))[-1])
    measured = json.loads((ROOT / "benchmarks" / "results" / f"{file}.json").read_text())
    value = measured["results"]
    for key in place:
        value = value[key]
    assert f"{value * unit:.1e}" == f"{shown:.1e}"  # two digits
    assert measured["date"][:10] in ("2026-11-26", "2026-11-27", "2026-11-28")  # as it says
    assert measured["versions"]["qtjax"].startswith("0.2.")
    assert measured["versions"]["jax"] == ("0.11.2" if file == "gpu" else "0.10.2")


def test_every_row_of_the_table_is_compared():
    table = README[README.index("## Measured") : README.index("## Cite")]
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == len({row for row, *_ in MEASURED})
    for line in rows:
        assert sum(line.startswith(f"| {row}") for row, *_ in MEASURED) >= 1


def test_readme_shows_a_picture_and_links_to_what_is_there():
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", README)
    assert "docs/images/phase_map.png" in targets
    assert (ROOT / "docs" / "images" / "phase_map.png").stat().st_size < 150_000
    for target in targets:
        assert (ROOT / target).exists(), target


def test_how_to_cite_names_this_version():
    assert f"version: {qt.__version__}" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version {qt.__version__}" in README
    assert version("qtjax") == qt.__version__


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=pytest.mark.slow) if path.stem in LONG else path
        for path in EXAMPLES
    ],
    ids=[path.stem for path in EXAMPLES],
)
def test_example_runs_and_draws_its_figure(path, tmp_path):
    code = path.read_text(encoding="utf-8")
    assert len(code.splitlines()) < 60
    outcome = run(code.replace("100_000", "1_000"), tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    if "savefig" in code:
        assert (tmp_path / f"{path.stem}.png").stat().st_size > 10_000
    assert re.search(r"\d", outcome.stdout)
