"""`qtjax paper`: all equations, contrasts and figures as one HTML page and one JSON file."""

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path

from ..improve import versions, write_json
from ..thermodynamics.comparison import Accounting, accountings
from .contrasts import CONTRASTS
from .equation import Contrast, Equation, records
from .equations import EQUATIONS
from .runs import Runs

TITLE = "No entropy production in quantum thermodynamics"
ABOUT = (
    "Every equation of the paper by Ahmadi, Salimi and Khorashad, computed by qtjax next to an "
    "independent route, and next to the mainstream accountings on the same runs. The paper's "
    "central claim is a convention about bookkeeping that many physicists dispute; this page "
    "computes both sides and takes neither."
)
_FIRST = (
    "relaxation", "two_baths", "swap", "pair", "engine", "isotherms", "negative_rate",
    "pseudomode", "eternal", "canonical",
)  # fmt: skip


def compute(tell: Callable[[str], None]) -> tuple[Runs, list[Equation], list[Contrast], dict]:
    """Run everything, the runs side by side (most of the time is compilation).

    Args:
        tell: called with a word about what is being done.

    Returns:
        The runs, the equations in order, the contrasts, and tables of accountings by run.
    """
    runs = Runs()
    tell("runs")
    with ThreadPoolExecutor(2) as pool:
        tables = {
            "relaxation": pool.submit(lambda: _accountings(runs, "relaxation")),
            "two_baths": pool.submit(lambda: _accountings(runs, "two_baths")),
        }
        list(pool.map(lambda name: getattr(runs, name), _FIRST))
        tables["swap"] = pool.submit(lambda: _accountings(runs, "swap"))
        equations = []
        for equation in EQUATIONS:
            tell(f"equation ({len(equations) + 1})")
            equations.append(equation(runs))
        contrasts = []
        for contrast in CONTRASTS:
            tell("both columns")
            contrasts.append(contrast(runs))
        found = {getattr(runs, k).name: table.result() for k, table in tables.items()}
    return runs, equations, contrasts, found


def _accountings(runs: Runs, name: str) -> tuple[Accounting, ...]:
    run = getattr(runs, name)
    if name == "swap":
        return accountings(run.system, run.solution, temperature=1.5, reservoirs=(1,))
    return accountings(run.system, run.solution)


def write_paper(folder: Path, tell: Callable[[str], None]) -> tuple[list[Equation], list[Contrast]]:
    """Compute the paper and write `paper.html` and `paper.json` into a folder.

    Args:
        folder: where to; made if it does not exist.
        tell: called with a word about what is being done.

    Returns:
        The equations and the contrasts.
    """
    started = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    runs, equations, contrasts, tables = compute(tell)
    write_json(folder / "paper.json", records(equations))
    tell("figures")
    page = _page(equations, contrasts, tables, _figures(runs), time.perf_counter() - started)
    (folder / "paper.html").write_text(page, encoding="utf-8")
    return equations, contrasts


def _figures(runs: Runs) -> list[tuple[str, str]]:
    """(SVG, caption) of every figure; none without matplotlib."""
    try:
        from .figures import FIGURES, svg
    except ImportError:
        return []
    return [(svg(draw(runs)), caption) for _, caption, draw in FIGURES]


def _page(
    equations: list[Equation],
    contrasts: list[Contrast],
    tables: dict[str, tuple[Accounting, ...]],
    figures: list[tuple[str, str]],
    seconds: float,
) -> str:
    parts = [f"<h1>{escape(TITLE)}</h1><p>{escape(ABOUT)}</p>", "<h2>The equations</h2>"]
    parts += [_equation(equation) for equation in equations]
    parts.append("<h2>Where the accounts part ways</h2>")
    parts += [_contrast(contrast) for contrast in contrasts]
    parts.append("<h2>Every accounting on one trajectory</h2>")
    parts += [_accounting(name, table) for name, table in tables.items()]
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
        (r.quantity, r.system, number(r.value), number(r.reference), r.route, f"{r.residual:.1e}")
        for r in equation.rows
    ]
    names = ("quantity", "system", "value", "reference", "independent route", "residual")
    return head + _table(names, rows) + "</section>"


def _contrast(contrast: Contrast) -> str:
    rows = [(name, number(one), number(other)) for name, one, other in contrast.rows]
    return (
        f"<section><h3>{escape(contrast.title)}</h3><p>On: {escape(contrast.system)}. "
        f"{escape(contrast.sentence)}</p>{_table(('', *contrast.columns), rows)}</section>"
    )


def _accounting(name: str, table: tuple[Accounting, ...]) -> str:
    rows = [
        (
            a.name, a.formula, a.kind, number(float(a.values[a.values.shape[0] // 8])),
            number(float(a.values[-1])), "yes" if a.guaranteed else "no", a.reason,
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


def number(value: float | str) -> str:
    """A number with ten digits, short where it is a residual; words as they are."""
    if isinstance(value, str):
        return value
    if value == 0.0 or not math.isfinite(value):
        return str(value + 0.0)
    return f"{value:.1e}" if abs(value) < 1e-9 else f"{value:.10g}"


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
