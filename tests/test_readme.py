"""The README's blocks, the programs of the docs and every example run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def blocks(path):
    return re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.S)


BLOCKS = blocks(ROOT / "README.md")
PAGES = [path for path in sorted((ROOT / "docs").glob("*.md")) if blocks(path)]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
LONG = (  # in compilation
    "two_qubits_exchange",
    "thermalizing_qubit",
    "driven_sweep",
    "which_master_equation",
    "phase_map",
    "pareto_front",
    "oscillator_power",
    "qubit_refrigerator",
    "qubit_reset",
    "erasure",
    "simultaneous_baths_front",
)


def run(code, folder):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_readme_block(block, tmp_path):
    # fewer lanes and steps than the README shows; the program is otherwise the same
    block = block.replace("100_000", "1_000").replace("steps=400", "steps=20")
    outcome = run(block, tmp_path)
    assert outcome.returncode == 0, outcome.stderr


def test_readme_has_its_programs_and_names_the_commands():
    assert len(BLOCKS) == 5
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert 'pip install -e ".[plots]" && qtjax optimize' in text
    assert 'pip install -e ".[test]" && pytest' in text
    assert "qtjax paper --out" in text
    assert "qtjax reproduce --list" in text


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_blocks_of_a_page_are_one_program(path, tmp_path):
    outcome = run("\n".join(blocks(path)), tmp_path)
    assert outcome.returncode == 0, outcome.stderr


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
