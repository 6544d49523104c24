"""The page of a folder of results: whole, self-contained, with formulas; and what is no result."""

import ast
import base64
import io
import itertools
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import qtjax as qt
from qtjax.app.files import write_json
from qtjax.app.html import from_rich, page, table
from qtjax.app.mathml import clauses, formula
from qtjax.app.report_page import DEFINITIONS, write_report
from qtjax.app.reports import ROWS, sure_number
from qtjax.app.show import tables
from qtjax.thermodynamics.accounting_records import ACCOUNTINGS

VOID = {"meta", "img", "br", "hr", "input", "link", "mspace"}
PAPER = Path(qt.__file__).parent / "papers" / "no_entropy_production"


class Page(HTMLParser):
    """What a page holds; raises where an element is not closed or closed by another."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def check_self_contained(read):
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in read.tags}
    for _, attributes in read.tags:
        for name in ("src", "href", "xlink:href", "data", "poster", "srcset"):
            target = attributes.get(name)
            assert target is None or target.startswith(("#", "data:image/png;base64,"))
    styles = "".join(read.text)
    assert "@import" not in styles
    assert not re.search(r"url\((?!#)", styles)


def check_accessible(read):
    assert read.all("html") == [{"lang": "en"}]
    assert len(read.all("h1")) == len(read.all("main")) == len(read.all("title")) == 1
    assert all(image["alt"] for image in read.all("img"))
    assert all(drawn["role"] == "img" and drawn["aria-label"] for drawn in read.all("svg"))
    assert all(head["scope"] == "col" for head in read.all("th"))
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch(r"h\d", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    styles = "".join(read.text)
    assert "@media print" in styles
    assert "prefers-color-scheme: dark" in styles


def machine(scale):
    """What `figures_of_merit` makes, with numbers that do not exist."""
    numbers = {key: scale * (k + 1) for k, (key, _) in enumerate(ROWS)}
    stroke = {"name": "hot <isochore>", "heat": scale, "work": 0.0, "duration": 2.0}
    return numbers | {"regime": "engine", "power": None, "strokes": [stroke]}


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ("a", ["work over a; what is missing"]),
        ("ab", ["What the machine is over b (horizontal) and a (vertical); what is missing",
                "work over b (horizontal) and a (vertical); what"]),
        ("abc", ["What the machine is over c (horizontal) and b (vertical), at a = 2; what is",
                 "work over c (horizontal) and b (vertical), at a = 2; what is"]),
    ],
)  # fmt: skip
def test_a_sweep_is_drawn_over_its_last_two_parameters_or_its_one(names, shown, tmp_path):
    grid = {name: np.arange(1.0, 4.0) for name in names}

    def function(**values):
        work = sum(values.values())
        return {"regime": (work > 3.0).astype(int), "work": work}

    qt.sweep(function, grid, store=tmp_path / "maps.zarr")
    text = write_report(tmp_path / "maps.zarr").read_text(encoding="utf-8")
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", text, re.DOTALL)
    assert len(captions) == len(shown)
    assert all(said.startswith(wanted) for said, wanted in zip(captions, shown, strict=True))


def test_a_zipped_sweep_has_no_figures(tmp_path):
    grid = {name: np.arange(1.0, 4.0) for name in "ab"}
    qt.sweep(lambda a, b: {"work": a + b}, grid, store=tmp_path / "maps.zarr", zipped=True)
    assert "<p>No figures: " in write_report(tmp_path / "maps.zarr").read_text(encoding="utf-8")


@pytest.fixture
def results(tmp_path):
    """A folder of all kinds of results."""
    run = tmp_path / "run"
    run.mkdir()
    start = {"start": 0, "given": True, "objective": 0.5, "violation": 0.0, "reached_best": True,
             "frozen": False}  # fmt: skip
    report = {
        "optimized": {"title": "<b>"},
        "before": machine(1.0), "after": machine(2.0), "outcome_after": "successful",
        "audit": {"findings": [], "passed": ["second_law"]},
        "optimization": {"objective": "efficiency", "best_objective": 0.5, "best_start": 0,
                         "violation": 0.0, "agreement": 1e-4, "starts": [start]},
        "seed": 3, "device": "cpu", "date": "2026-01-01", "versions": {"qtjax": "0.2.0"},
    }  # fmt: skip
    write_json(run / "report.json", report)
    matplotlib.image.imsave(run / "convergence.png", np.ones((4, 5, 3)))
    matplotlib.image.imsave(run / "my_own.png", np.zeros((3, 3, 3)))
    entry = {"paper": "curzon_1975", "quantity": "T_h & T_c", "published": 0.5, "value": 0.5,
             "relative": 0.0, "passed": True}  # fmt: skip
    failed = {"paper": "fails", "error": "it did not", "passed": False}
    numbers = {"passed": False, "entries": [entry, failed], "versions": {}}
    write_json(tmp_path / "numbers.json", numbers)
    row = {"equation": 1, "status": "definition", "system": "rods", "value": 1.0, "residual": 0.0,
           "convention": "classical", "quantity": "S", "formula": "S_A = int dQ_A"}  # fmt: skip
    (tmp_path / "paper").mkdir()
    write_json(tmp_path / "paper" / "paper.json", [row, row | {"quantity": "Q"}])

    def function(hot, gap):
        return {"regime": (hot > gap).astype(int), "work": hot * gap}

    grid = {"hot": np.array([0.5, 1.0, 4.0]), "gap": np.arange(1.0, 3.0)}
    qt.sweep(function, grid, store=tmp_path / "maps.zarr", slice_size=6)
    return tmp_path


def test_one_page_holds_every_kind_of_result(results):
    text = write_report(results).read_text(encoding="utf-8")
    read = Page(text)
    check_self_contained(read)
    check_accessible(read)
    assert len(read.all("section")) == 4
    links = {link["href"] for link in read.all("a")}
    assert links == {f"#{section['id']}" for section in read.all("section")}
    images = [base64.b64decode(image["src"].split(",")[1]) for image in read.all("img")]
    assert [matplotlib.image.imread(io.BytesIO(i)).shape[:2] for i in images] == [(4, 5), (3, 3)]
    assert [image["alt"] for image in read.all("img")][1] == "my own"
    assert len(read.all("svg")) == 2  # the maps: what it is, and its work
    assert len(read.all("math")) == len(DEFINITIONS) + 1
    said = " ".join(" ".join(read.text).split())
    for words in (
        "hot <isochore>: heat", "Spohn production per cycle", "T_h & T_c", 'title = "<b>"',
        "it did not", "1 of 2 numbers agree", "6 of 6 points", "nothing doubtful was found",
        "What the machine is over gap (horizontal) and hot (vertical)", "nan", "rods",
    ):  # fmt: skip
        assert words in said
    assert str(results) not in said


def test_the_page_stands_in_the_folder_or_beside_what_it_is_of(results):
    assert write_report(results / "run") == results / "run" / "report.html"
    assert write_report(results / "maps.zarr") == results / "maps.html"
    assert write_report(results / "numbers.json") == results / "numbers.html"
    out = write_report(results / "paper", results / "new" / "page.html")
    assert Page(out.read_text(encoding="utf-8")).all("math")


def test_what_is_no_result_is_told(results):
    (results / "empty").mkdir()
    (results / "other").mkdir()
    (results / "other" / "data.json").write_text('{"a": 1}')
    for name in ("empty", "other", "nowhere", "nowhere/paper.json"):
        with pytest.raises(ValueError, match=f"{name} holds no result of qtjax: no report.json of"):
            write_report(results / name)
    report = results / "run" / "report.json"
    whole = report.read_text()
    report.write_text(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"report\.json is damaged.*once more"):
        write_report(results / "run")
    write_json(report, {"before": 1})
    with pytest.raises(ValueError, match="was not written by qtjax: it has no after, optimization"):
        write_report(results / "run")
    assert not (results / "run" / "report.html").exists()


def test_a_damaged_part_of_a_folder_is_told_and_not_left_out(results):
    rng = np.random.default_rng(5)
    places = ["run/report.json", "run/convergence.png", "paper/paper.json", "numbers.json"]
    places += ["maps.zarr/zarr.json", "maps.zarr/work/zarr.json", "maps.zarr/hot/c/0"]
    out, words = results.parent / "page.html", r"damaged|holds no result"
    good = write_report(results, out).read_text(encoding="utf-8")
    for path in (results / place for place in places):
        whole = path.read_bytes()
        for k in range(3):
            changed, place = bytearray(whole), int(rng.integers(len(whole)))
            changed[place] ^= 1 << int(rng.integers(8))
            path.write_bytes(whole[:place] if k < 1 else bytes(changed))
            alone = path if path.name == "numbers.json" else results
            try:
                write_report(alone, out)
                said = None
            except ValueError as error:
                said = str(error)
            if said is None:
                assert out.read_text(encoding="utf-8") == good
            else:
                assert re.search(words, said)
        path.write_bytes(whole)


def test_the_command_says_so_too(tmp_path):
    code = "from qtjax.app.commands import app; app()"
    done = subprocess.run(
        [sys.executable, "-c", code, "report", str(tmp_path)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2
    assert "holds no result of qtjax" in done.stdout


def test_show_prints_papers_and_published_numbers(results):
    assert [t.title.split(": ")[1] for t in tables(results / "paper")] == ["equations, computed"]
    assert tables(results / "numbers.json")[0].row_count == 2


def formulas():
    """Every formula of the paper's equations, read off the files, and of the accountings."""
    calls = [
        node
        for path in sorted(PAPER.glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Equation"
    ]
    assert len(calls) == 20
    found = [call.args[1].value for call in calls] + [record.formula for record in ACCOUNTINGS]
    return found + [text for _, text in DEFINITIONS]


@pytest.mark.parametrize("text", formulas())
def test_every_formula_is_well_formed_and_has_no_word_of_the_notation_left(text):
    math = ET.fromstring(formula(text))
    assert math.tag == "math"
    words = "".join(math.itertext())
    assert not re.search(r"[_^{}]|Delta|rho|sigma|int|sum|>=", re.sub(r"\{[^}]*\}", "", words))
    for fraction in math.iter("mfrac"):
        assert len(fraction) == 2
    for script in (*math.iter("msub"), *math.iter("msup")):
        assert len(script) == 2


def plain(text):
    """A formula in one line, its structure in brackets."""

    def written(node):
        inside = [written(child) for child in node]
        if node.tag == "mfrac":
            return f"[{inside[0]} / {inside[1]}]"
        if node.tag == "msub":
            return f"{inside[0]}_{inside[1]}"
        if node.tag == "msup":
            return f"{inside[0]}^{inside[1]}"
        return (node.text or "") + "".join(inside)

    return written(ET.fromstring(formula(text)))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Delta_e S_A = int dQ_A / T_A(t)", "Δ_eS_A=∫[dQ_A / T_A(t)]"),
        ("dS = dQ/T(t), T(t) = Q'/S'", "dS=[dQ / T(t)],T(t)=[Q′ / S′]"),
        ("d_iS/dt = i tr([H, rho] ln rho)", "[d_iS / dt]=itr([H,ρ]lnρ)"),
        ("eta = 1 - |int T_c dS_c| / int T_h dS_h", "η=1−|∫T_cdS_c|/∫T_hdS_h"),
        ("{L_k^+ L_k, rho}/2", "[{L_k^†L_k,ρ} / 2]"),
        ("<T_x> = Q_x/Delta S_x", "⟨T_x⟩=[Q_x / ΔS_x]"),
        ("sum r_k' <k|H|k> dt >= 0", "∑r_k′⟨k|H|k⟩dt≥0"),
        ("a/b/c, (W - Delta F)/T", "[[a / b] / c],[(W−ΔF) / T]"),
        ("x < y & z", "x<y&z"),
    ],
)
def test_what_formulas_mean(text, meaning):
    assert plain(text) == meaning.replace("L_k^†L_k", plain("L_k^+ L_k"))


def test_clauses_are_apart_and_brackets_stay_whole():
    text = "S' = tr([H, rho]), Q_k' = tr(D_k(rho) H)"
    found = re.findall("<math.*?</math>", clauses(text))
    assert found == [formula("S' = tr([H, rho]),"), formula("Q_k' = tr(D_k(rho) H)")]
    assert clauses("i tr([H, rho] ln rho)") == formula("i tr([H, rho] ln rho)")


def test_tables_escape_what_they_hold_and_align_numbers():
    text = page("a < b", [table(("x", "<y>"), [("1.5e-3", "<script>"), ("nan", "two")])])
    read = Page(text)
    assert read.all("script") == []
    assert [cell.get("class") for cell in read.all("td")] == ["number", None] * 2
    from rich.table import Table

    printed = Table(title="[bold]t[/bold]", caption="below")
    printed.add_column("formula")
    printed.add_row("rho'")
    assert "<caption>t</caption>" in from_rich(printed)
    assert "ρ" in from_rich(printed)
    assert from_rich(printed).endswith("<p>below</p>")


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (1.0 / 3.0, 0.0, "0.33333333"), (1.0 / 3.0, 1e-17, "0.33333333"),
        (1.0 / 3.0, 1e-4, "0.333"), (-1234.5678, 3.0, "-1.23e+03"), (9.9996, 1e-3, "10"),
        (3e-9, 4e-9, "0 to 4e-09"), (0.0, 1e-9, "0 to 1e-09"), (1.0 / 3.0, np.nan, "0.33333333"),
    ],
)  # fmt: skip
def test_no_digits_are_printed_that_are_not_sure(value, error, words):
    assert sure_number(value, error) == words
