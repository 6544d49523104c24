"""Every block of every page runs, and what the pages show is what comes out."""

import re
import subprocess
import sys
from pathlib import Path

import pages
import pytest
import typer.main

from qtjax.app.commands import app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ALL = sorted(DOCS.rglob("*.md"))
APART = {"how_do_i"}  # every block by itself
LONG = {  # in compilation
    "protocol", "front", "otto", "your_own", "optimizing", "exchange", "pictures", "extending",
    "strong_coupling", "sweeps", "closed_pair", "from_qutip", "sweep", "paper_machine",
}  # fmt: skip


def run(path, folder, *part):
    return subprocess.run(
        [sys.executable, "-W", "error", pages.__file__, path, *part],
        cwd=folder, capture_output=True, text=True, timeout=600, env=pages.environment(),
    )  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=pytest.mark.slow) if path.stem in LONG else path
        for path in ALL
        if pages.blocks(path) and path.stem not in APART
    ],
    ids=lambda path: path.stem,
)
def test_the_blocks_of_a_page_are_one_program(path, tmp_path):
    outcome = run(path, tmp_path)
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.parametrize("part", ["quick", pytest.param("slow", marks=pytest.mark.slow)])
def test_every_recipe_stands_by_itself(part, tmp_path):
    outcome = run(DOCS / "how_do_i.md", tmp_path, part)
    assert outcome.returncode == 0, outcome.stderr


def test_there_are_forty_recipes():
    assert len(pages.blocks(DOCS / "how_do_i.md")) > 40


def test_a_number_that_is_wrong_is_found():
    with pytest.raises(AssertionError, match=r"the page says 0\.34, it is"):
        pages.run("1 / 3  # -> 0.34", "a page", {})
    with pytest.raises(AssertionError, match=r"the page says 0\.33, it is"):
        pages.run("1 / 3, 2  # -> 0.33", "a page", {})
    pages.run("1 / 3, True, 'engine', 3e-8  # -> 0.333, True, engine, 3.0e-8", "a page", {})


@pytest.mark.parametrize("path", [*ALL, ROOT / "README.md"], ids=lambda path: path.stem)
def test_commands_of_a_page_exist(path):
    command = typer.main.get_command(app)
    for block in re.findall(r"^```sh\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S):
        for call in re.findall(r"\bqtjax ([^&\n#]*)", block):
            words = call.split()
            sub = command.commands[words[0]]
            parser = sub.make_parser(sub.make_context(words[0], [], resilient_parsing=True))
            parser.parse_args(words[1:])


def test_every_page_is_in_the_navigation_and_links_stay_inside():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for path in ALL:
        assert f" {path.relative_to(DOCS)}" in navigation, path
        prose = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose):
            found = (path.parent / target).resolve()
            assert found.is_relative_to(DOCS), (path, target)
            assert found.exists(), (path, target)
