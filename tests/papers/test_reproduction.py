"""`qtjax reproduce`: the machinery, its mistakes, some cheap papers; all of them in a slow test."""

import json
import math
import re
from pathlib import Path

import jax
import pytest
from typer.testing import CliRunner

from qtjax.app.commands import app
from qtjax.papers import PAPERS, Curve, Paper, compared, entry, find_papers, records, reproduce

REFERENCE = Path(__file__).parents[1] / "reference" / "published.json"
LEFT_OUT = re.compile(
    r"^rl_"  # targets of learning
    r"|noise|\.tur|TUR|^ssdb_maser_coherent_tur\.g[\d.]+\.[13]$"  # counting statistics
    r"|naive_sum"  # what depends on a grid
    r"|best_durations\.t_"  # no maximum (the page says more)
    r"|^coupled_oscillators\w+\.\w+\.0$"  # the exact current, which judges master equations
)
CHEAP = ("allahverdyan_2004", "brunner_2012", "francica_2020", "sagawa_2008")


@pytest.fixture
def command():
    """The command line in this process; its setting of the compiler is taken back."""
    before = jax.config.read("jax_disable_most_optimizations")
    yield lambda *arguments: CliRunner().invoke(app, ["reproduce", *map(str, arguments)])
    jax.config.update("jax_disable_most_optimizations", before)


@pytest.fixture
def fake(monkeypatch):
    """Two papers: one whose number is wrong, one that cannot be computed."""

    def fails():
        raise ValueError("`x` must be > 0, got -1.")

    def wrong():
        return (entry("a", 1.0 + 1e-6, 1.0, "by hand"), entry("b", 0.0, 0.0, "by hand"))

    monkeypatch.setitem(PAPERS, "wrong_1", Paper("wrong_1", "W.", "It is.", "", wrong))
    monkeypatch.setitem(PAPERS, "fails_1", Paper("fails_1", "F.", "It is.", "", fails, notes="n"))


def test_entries_are_judged_relative_to_what_is_published():
    assert entry("x", 2.0 + 1e-9, 2.0, "").passed
    assert not entry("x", 2.0 + 1e-8, 2.0, "").passed
    assert entry("x", 0.0, 0.0, "").passed
    assert entry("x", 1e-13, 0.0, "", 1e-12, 1.0).passed
    assert not entry("x", 1e-13, 0.0, "").passed
    assert not entry("x", math.nan, 1.0, "").passed
    assert not entry("x", math.inf, 1.0, "", 1e9).passed


def test_compared_wants_the_same_names():
    with pytest.raises(ValueError, match=r"`values` and `published` must have the same names.*'b'"):
        compared({"a": 1.0}, {"a": 1.0, "b": 2.0}, "")


@pytest.mark.parametrize("name", CHEAP)
def test_cheap_papers(name):
    (found,) = reproduce(name)
    assert found.error is None
    assert [e for e in found.entries if not e.passed] == []


def test_every_paper_is_described():
    assert len(PAPERS) >= 25
    for name, paper in PAPERS.items():
        assert name == paper.name
        assert len(paper.citation) > 40
        assert re.search(r"\((19|20)\d\d\)|arXiv:", paper.citation), name
        assert paper.result.endswith(".")


def test_unknown_names(command):
    with pytest.raises(ValueError, match=r"got 'kosslof_2017': the nearest are kosloff_2017"):
        find_papers(["uzdin_2015", "kosslof_2017"])
    with pytest.raises(ValueError, match="no name is near"):
        find_papers("!")
    found = command("uzdin_2105")
    assert found.exit_code == 2
    assert "uzdin_2015" in found.output
    assert command().exit_code == 2


def test_names_once_and_in_order():
    names = [paper.name for paper in find_papers(["segal_2005", "brunner_2012", "segal_2005"])]
    assert names == ["segal_2005", "brunner_2012"]
    assert find_papers("all") == tuple(PAPERS.values())


def test_single_precision_is_refused():
    with jax.enable_x64(False), pytest.raises(ValueError, match="jax_enable_x64"):
        reproduce("brunner_2012")


def test_list(command):
    found = command("--list")
    assert found.exit_code == 0
    assert all(name in found.output for name in PAPERS)


@pytest.mark.usefixtures("fake")
def test_what_does_not_agree_fails(command, tmp_path):
    page, numbers = tmp_path / "new" / "page.md", tmp_path / "numbers.json"
    found = command(
        "wrong_1", "fails_1", "--json", numbers, "--markdown", page, "--figures", tmp_path
    )
    assert found.exit_code == 1
    assert "Not: wrong_1, fails_1." in found.output
    data = json.loads(numbers.read_text(encoding="utf-8"))
    assert not data["passed"]
    rows = {(row["paper"], row.get("quantity")): row for row in data["entries"]}
    assert rows["wrong_1", "a"]["passed"] is False
    assert rows["wrong_1", "a"]["difference"] == pytest.approx(1e-6)
    assert rows["wrong_1", "b"]["passed"] is True
    assert rows["fails_1", None]["error"] == "`x` must be > 0, got -1."
    text = page.read_text(encoding="utf-8")
    assert "## wrong_1" in text
    assert "- `fails_1`: n" in text
    assert "**Not computed:**" in text


def test_figures(command, tmp_path, monkeypatch):
    def curve():
        x = [1.0, 10.0, 100.0]
        return Curve("A law", ("x", x), "y", {"qtjax": x}, {"published": ([10.0], [10.0])}, "xy")

    paper = Paper("curve_1", "C.", "It is.", "", lambda: (entry("a", 1.0, 1.0, ""),), curve)
    monkeypatch.setitem(PAPERS, "curve_1", paper)
    found = command("curve_1", "--figures", tmp_path / "figures")
    assert found.exit_code == 0, found.output
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["curve_1.png"]


def published_numbers():
    """Every number of the reference file that is to be met, by its name."""
    found = {}

    def walk(name, value):
        if isinstance(value, dict):
            for key, item in value.items():
                walk(f"{name}.{key}", item)
        elif isinstance(value, list):
            for k, item in enumerate(value):
                walk(f"{name}.{k}", item)
        elif not LEFT_OUT.search(name):
            found[name] = value

    for result in json.loads(REFERENCE.read_text())["results"]:
        walk(result["key"], result["values"])
    return found


@pytest.mark.slow
def test_all_papers():
    found = reproduce("all")
    assert {one.paper.name: one.error for one in found if one.error} == {}
    rows = records(found)
    assert [row for row in rows if not row["passed"]] == []
    assert len(found) >= 25
    assert len(rows) >= 40
    published = [abs(row["published"]) for row in rows]
    missing = [
        name
        for name, x in published_numbers().items()
        if not any(abs(abs(x) - y) <= 1e-10 * abs(x) for y in published)
    ]
    assert missing == []
