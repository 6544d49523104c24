"""`qtjax paper`: all equations, contrasts and figures as one HTML page and one JSON file."""

import time
from collections.abc import Callable
from html import escape
from pathlib import Path

from .._files import write_whole
from ..papers.comparison import Contrast, Equation, records
from ..papers.no_entropy_production.results import Results, compute
from ..papers.no_entropy_production.runs import Runs
from ..thermodynamics.accountings import Accounting
from .files import versions, write_json
from .html import figure, page, svg, table
from .mathml import clauses
from .reports import number, residual

TITLE = "No entropy production in quantum thermodynamics"
ABOUT = (
    "Every equation of the paper by Ahmadi, Salimi and Khorashad, computed by qtjax next to an "
    "independent route, and next to the mainstream accountings on the same runs. The paper's "
    "central claim is a convention about bookkeeping that many physicists dispute; this page "
    "computes both sides and takes neither."
)


def write_paper(folder: Path, tell: Callable[[str], None]) -> Results:
    """Compute the paper and write `paper.html` and `paper.json` into a folder.

    Args:
        folder: where to; made if it does not exist.
        tell: called with a word about what is being done.

    Returns:
        What was computed.
    """
    started = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    results = compute(tell)
    write_json(folder / "paper.json", records(results.equations))
    tell("figures")
    page = _page(results, _figures(results.runs), time.perf_counter() - started)
    write_whole(folder / "paper.html", page)
    return results


def _figures(runs: Runs) -> list[str]:
    """Every figure with its caption; none without matplotlib."""
    try:
        from .paper_figures import FIGURES
    except ImportError:
        return []
    return [figure(svg(draw(runs), caption), caption) for caption, draw in FIGURES]


def _page(results: Results, figures: list[str], seconds: float) -> str:
    parts = [f"<p>{escape(ABOUT)}</p>", _contents(results), "<h2>The equations</h2>"]
    parts += [_equation(equation) for equation in results.equations]
    parts.append("<h2>Where the accounts part ways</h2>")
    parts += [_contrast(contrast) for contrast in results.contrasts]
    parts.append("<h2>Every accounting on one trajectory</h2>")
    parts += [_accountings(name, found) for name, found in results.accountings.items()]
    parts.append("<h2>The paper's figures, computed</h2>")
    parts += figures or [
        '<p>Not drawn: install matplotlib (<code>pip install "qtjax[plots]"</code>).</p>'
    ]
    made = ", ".join(f"{name} {version}" for name, version in versions().items())
    parts.append(
        f"<footer>Units ħ = k<sub>B</sub> = 1, nats. {escape(made)}; {seconds:.0f} s.</footer>"
    )
    return page(TITLE, parts)


def _contents(results: Results) -> str:
    links = (
        f'<a href="#eq{equation.number}">({equation.number})</a>' for equation in results.equations
    )
    return f'<nav aria-label="Equations">Equations {" ".join(links)}</nav>'


def _equation(equation: Equation) -> str:
    head = (
        f'<section id="eq{equation.number}"><h3>({equation.number}) {clauses(equation.formula)} '
        f'<span class="status {equation.status}">{equation.status}</span></h3>'
        f"<p>{escape(equation.sentence)} <em>Convention: {escape(equation.convention)}.</em></p>"
    )
    rows = [
        (
            r.quantity, r.system, number(r.value, 10), number(r.reference, 10), r.route,
            residual(r.residual),
        )
        for r in equation.rows
    ]  # fmt: skip
    names = ("quantity", "system", "value", "reference", "independent route", "residual")
    return head + table(names, rows) + "</section>"


def _contrast(contrast: Contrast) -> str:
    rows = [(name, number(one, 10), number(other, 10)) for name, one, other in contrast.rows]
    return (
        f"<section><h3>{escape(contrast.title)}</h3><p>On: {escape(contrast.system)}. "
        f"{escape(contrast.sentence)}</p>{table(('', *contrast.columns), rows)}</section>"
    )


def _accountings(name: str, found: tuple[Accounting, ...]) -> str:
    rows = [
        (
            a.name, a.formula, a.kind, number(float(a.values[a.values.shape[0] // 8]), 10),
            number(float(a.values[-1]), 10), "yes" if a.guaranteed else "no", a.reason,
        )
        for a in found
    ]  # fmt: skip
    names = ("accounting", "formula", "kind", "early", "at the end", "≥ 0 guaranteed", "why")
    return f"<section><h3>{escape(name)}</h3>{table(names, rows)}</section>"
