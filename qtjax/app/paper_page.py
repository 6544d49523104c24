"""`qtjax paper`: all equations, contrasts and figures as one HTML page and one JSON file."""

import time
from collections.abc import Callable
from html import escape
from pathlib import Path

from ..papers.no_entropy_production.results import Results, compute
from ..papers.no_entropy_production.runs import Runs
from ..papers.records import Contrast, Equation, records
from ..thermodynamics.accountings import Accounting
from .files import versions, write_json
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
    (folder / "paper.html").write_text(page, encoding="utf-8")
    return results


def _figures(runs: Runs) -> list[tuple[str, str]]:
    """(SVG, caption) of every figure; none without matplotlib."""
    try:
        from .paper_figures import FIGURES, svg
    except ImportError:
        return []
    return [(svg(draw(runs)), caption) for caption, draw in FIGURES]


def _page(results: Results, figures: list[tuple[str, str]], seconds: float) -> str:
    parts = [f"<h1>{escape(TITLE)}</h1><p>{escape(ABOUT)}</p>", "<h2>The equations</h2>"]
    parts += [_equation(equation) for equation in results.equations]
    parts.append("<h2>Where the accounts part ways</h2>")
    parts += [_contrast(contrast) for contrast in results.contrasts]
    parts.append("<h2>Every accounting on one trajectory</h2>")
    parts += [_accountings(name, table) for name, table in results.accountings.items()]
    parts.append("<h2>The paper's figures, computed</h2>")
    parts += [f"<figure>{s}<figcaption>{escape(text)}</figcaption></figure>" for s, text in figures]
    if not figures:
        parts.append(
            '<p>Not drawn: install matplotlib (<code>pip install "qtjax[plots]"</code>).</p>'
        )
    made = ", ".join(f"{name} {version}" for name, version in versions().items())
    parts.append(f"<footer>Units hbar = k_B = 1, nats. {escape(made)}; {seconds:.0f} s.</footer>")
    return _SHELL.format(title=escape(TITLE), body="\n".join(parts))


def _equation(equation: Equation) -> str:
    head = (
        f'<section id="eq{equation.number}"><h3>({equation.number}) '
        f"<code>{escape(equation.formula)}</code> "
        f'<span class="{equation.status}">{equation.status}</span></h3>'
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
    return head + _table(names, rows) + "</section>"


def _contrast(contrast: Contrast) -> str:
    rows = [(name, number(one, 10), number(other, 10)) for name, one, other in contrast.rows]
    return (
        f"<section><h3>{escape(contrast.title)}</h3><p>On: {escape(contrast.system)}. "
        f"{escape(contrast.sentence)}</p>{_table(('', *contrast.columns), rows)}</section>"
    )


def _accountings(name: str, table: tuple[Accounting, ...]) -> str:
    rows = [
        (
            a.name, a.formula, a.kind, number(float(a.values[a.values.shape[0] // 8]), 10),
            number(float(a.values[-1]), 10), "yes" if a.guaranteed else "no", a.reason,
        )
        for a in table
    ]  # fmt: skip
    names = ("accounting", "formula", "kind", "early", "at the end", "≥ 0 guaranteed", "why")
    return f"<section><h3>{escape(name)}</h3>{_table(names, rows)}</section>"


def _table(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>" for cells in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


_SHELL = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 70rem; margin: 2rem auto;
  padding: 0 1rem; }}
h2 {{ border-bottom: 1px solid #ccc; margin-top: 2.5rem; }}
h3 {{ margin-bottom: 0.3rem; }}
table {{ border-collapse: collapse; width: 100%; font-size: 13px; }}
th, td {{ text-align: left; vertical-align: top; padding: 3px 8px;
  border-bottom: 1px solid #e5e5e5; }}
th {{ background: #f6f6f6; }}
span {{ font-size: 12px; padding: 2px 8px; border-radius: 9px; background: #e8e8e8; }}
span.identity, span.theorem {{ background: #dff0df; }}
span.contested {{ background: #fbe3d0; }}
figure {{ margin: 1.5rem 0; }}
figure svg {{ max-width: 100%; height: auto; }}
figcaption {{ font-size: 13px; color: #555; }}
footer {{ margin-top: 3rem; color: #777; font-size: 12px; }}
</style></head><body>
{body}
</body></html>
"""
