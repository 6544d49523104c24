"""`qtjax paper`: every equation within its residual, both columns, and words with conventions."""

import fcntl
import html
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qtjax.papers.comparison import Row
from qtjax.papers.no_entropy_production.rods import Rods

# what |value - reference| may be, in units of 1 + |reference|
LIMITS = {1: 1e-12, 3: 1e-12, 15: 1e-12, 19: 1e-10}
TITLE = "No entropy production in quantum thermodynamics"


@pytest.fixture(scope="module")
def paper():
    """Computed once, whichever processes these tests are divided between."""
    folder = Path(os.environ["QTJAX_TEST_CACHE"]) / "paper"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "printed").exists():
            command = "from qtjax.app.commands import app; app()"
            done = subprocess.run(
                [sys.executable, "-c", command, "paper", "--out", str(folder)],
                capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"},
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            (folder / "printed").write_text(done.stdout, encoding="utf-8")
    printed = (folder / "printed").read_text(encoding="utf-8")
    page = (folder / "paper.html").read_text(encoding="utf-8")
    return printed, page, json.loads((folder / "paper.json").read_text())


def test_all_equations_in_order_with_their_fields(paper):
    _, _, rows = paper
    numbers = [row["equation"] for row in rows]
    assert sorted(set(numbers)) == list(range(1, 21))
    assert numbers == sorted(numbers)
    keys = {"equation", "status", "system", "value", "reference", "residual", "convention"}
    assert all(keys <= set(row) for row in rows)
    assert {row["status"] for row in rows} == {"definition", "identity", "theorem", "contested"}


def test_every_residual_is_small(paper):
    _, _, rows = paper
    for row in rows:
        if "100000-step" in row["quantity"]:  # of order 1/N by theory
            assert 0 < row["residual"] < 1e-5
            continue
        limit = LIMITS.get(row["equation"], 1e-12)
        assert row["residual"] <= limit * (1 + abs(row["reference"])), row
        assert row["residual"] == pytest.approx(abs(row["value"] - row["reference"]), abs=1e-15)


def test_the_page_holds_everything_and_nothing_from_outside(paper):
    _, page, rows = paper
    for number in range(1, 21):
        assert f'id="eq{number}"' in page
    assert page.count("<svg") == 5
    assert page.count("Figure") >= 4
    for outside in ("<script", "<link", "<img", "src=", "@import"):
        assert outside not in page
    text = html.unescape(page)
    for question in ("two baths", "coherence", "negative", "reversible", "written"):
        assert question in text
    assert all(row["sentence"] in text for row in rows)


def test_both_columns_on_the_same_run(paper):
    printed, page, _ = paper
    text = html.unescape(page)
    assert "T(t) = 0/0 (undefined)" in text
    # Spohn's production where the paper's interior rate is 0, from the closed form of P11
    assert "0.07051263041" in text
    assert "0.070512630" in printed
    for convention in ("the paper", "Spohn and Alicki", "Esposito", "Deffner and Lutz", "Landauer"):
        assert convention in text
    assert ">= 0 guaranteed".replace(">=", "≥") in text


CONVENTION = re.compile(
    r"Spohn|interior|paper|Alicki|Clausius|Deffner|Esposito|Landi|Landauer|adiabatic|Neumann", re.I
)


def unnamed(text):
    """Places that say "entropy production" with no convention within 120 characters."""
    text = re.sub(r"\s+", " ", text.replace(TITLE, ""))
    places = [m.start() for m in re.finditer(r"entropy[ -]production", text, re.I)]
    return [text[i - 40 : i + 60] for i in places if not CONVENTION.search(text[i - 120 : i + 120])]


def test_nothing_says_entropy_production_without_its_convention(paper):
    printed, page, rows = paper
    for text in (printed, html.unescape(re.sub(r"<[^>]+>", " ", page)), json.dumps(rows)):
        assert unnamed(text) == []
    assert unnamed("so the entropy production is 0") != []


def test_rows_of_bookkeeping_name_it(paper):
    _, _, rows = paper
    assert all(row["convention"] for row in rows)
    assert {r["convention"] for r in rows if r["equation"] in (11, 12, 13)} == {"the paper"}
    assert {r["convention"] for r in rows if r["equation"] == 14} == {"Spohn and Alicki"}


def test_residual_of_values_that_do_not_exist():
    assert Row("", "", math.nan, math.nan, "").residual == 0.0
    assert Row("", "", math.inf, math.inf, "").residual == 0.0
    assert math.isnan(Row("", "", math.nan, 1.0, "").residual)


def test_rods_conserve_energy_and_balance_entropy():
    rods = Rods(cells=5, cold=0.3, hot=2.0, contact=0.7)
    profiles = rods.temperatures(np.array([0.0, 0.5, 50.0, 500.0]))
    np.testing.assert_allclose(profiles.sum(axis=1), 5 * 2.3, rtol=1e-12)
    np.testing.assert_allclose(profiles[-1], 1.15, rtol=1e-10)
    # the four rates against a difference quotient of S along the exact solution
    h = 1e-5
    before, after = (rods.entropy(rods.temperatures(np.array([0.5 + s * h]))) for s in (-1, 1))
    rates = rods.rates(profiles[1:2])
    for k, name in enumerate("ab"):
        slope = (after[k][0] - before[k][0]) / (2 * h)
        assert rates[f"exterior_{name}"] + rates[f"interior_{name}"] == pytest.approx(
            slope, rel=1e-8
        )
