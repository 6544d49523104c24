"""Published results next to qtjax's: the tables that are printed, the page and the JSON file."""

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from .._files import write_whole
from ..papers.entries import Entry, Paper
from ..papers.reproduction import Reproduction, records
from .files import versions, write_json
from .reports import number, residual

ABOUT = (
    "Every number is computed by qtjax as a user would compute it, and stands next to published "
    "digits or a closed form that qtjax had no part in. A difference is relative to the published "
    "number (where that is 0, to the scale of what was computed). Units are ħ = k_B = 1."
)


def paper_table(papers: Sequence[Paper]) -> Table:
    """The papers by name.

    Args:
        papers: in order.

    Returns:
        A rich `Table`.
    """
    table = Table(title=f"{len(papers)} papers", show_lines=True)
    table.add_column("name", no_wrap=True)
    table.add_column("paper")
    table.add_column("what it says")
    for paper in papers:
        table.add_row(paper.name, escape(paper.citation), escape(paper.result))
    return table


def number_table(found: Sequence[Reproduction]) -> Table:
    """All numbers next to the published ones.

    Args:
        found: of `reproduce`.

    Returns:
        A rich `Table`.
    """
    table = Table(title="Published results, computed")
    table.add_column("quantity")
    for name in ("published", "qtjax", "difference"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("agrees")
    for one in found:
        table.add_section()
        table.add_row(f"[bold]{one.paper.name}[/bold]")
        if one.error is not None:
            table.add_row(f"[red]{escape(one.error)}[/red]", "", "", "", "[red]no[/red]")
        for entry in one.entries:
            numbers = [number(x, 10) for x in (entry.published, entry.value)]
            verdict = "yes" if entry.passed else "[red]no[/red]"
            table.add_row(escape(entry.quantity), *numbers, residual(entry.relative), verdict)
    return table


def summary(found: Sequence[Reproduction]) -> str:
    """How many numbers of how many papers agree, in one line, with what does not.

    Args:
        found: of `reproduce`.
    """
    entries = [entry for one in found for entry in one.entries]
    agree = sum(entry.passed for entry in entries)
    words = f"{agree} of {len(entries)} numbers of {len(found)} papers agree."
    wrong = [one.paper.name for one in found if not one.passed]
    return words + (f" Not: {', '.join(wrong)}." if wrong else "")


def write_records(path: Path, found: Sequence[Reproduction]) -> None:
    """Write every number, and the versions behind them, as JSON.

    Args:
        path: of the file; its folder is made if need be.
        found: of `reproduce`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    passed = all(one.passed for one in found)
    write_json(path, {"passed": passed, "entries": records(found), "versions": versions()})


def write_markdown(path: Path, found: Sequence[Reproduction]) -> None:
    """Write the papers with their numbers as a page.

    Args:
        path: of the file; its folder is made if need be.
        found: of `reproduce`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["# Published results, reproduced", "", ABOUT, "", _counts(found), ""]
    doubtful = [one.paper for one in found if one.paper.notes]
    if doubtful:
        lines += ["## What could not be reproduced, or only in part", ""]
        lines += [f"- `{paper.name}`: {paper.notes}" for paper in doubtful] + [""]
    for one in found:
        lines += _section(one)
    write_whole(path, "\n".join(lines).rstrip() + "\n")


def _counts(found: Sequence[Reproduction]) -> str:
    entries = [entry for one in found for entry in one.entries]
    return (
        f"{sum(entry.passed for entry in entries)} of {len(entries)} numbers of {len(found)} "
        "papers agree to the tolerance in the last column but one. This page is written by "
        "`qtjax reproduce all --markdown docs/reproduced.md`."
    )


def _section(one: Reproduction) -> list[str]:
    paper = one.paper
    lines = [f"## {paper.name}", "", paper.citation, "", f"{paper.result} {paper.parameters}", ""]
    if one.error is not None:
        return [*lines, f"**Not computed:** {one.error}", ""]
    lines += [
        "| quantity | published | qtjax | difference | allowed | agrees | published number from |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for entry in one.entries:
        cells = [*_cells(entry), "yes" if entry.passed else "**no**", entry.source]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, ""]


def _cells(entry: Entry) -> list[str]:
    """Quantity, published number, qtjax's, relative difference and tolerance."""
    numbers = [number(x, 12) for x in (entry.published, entry.value)]
    return [entry.quantity, *numbers, residual(entry.relative), residual(entry.tolerance)]
