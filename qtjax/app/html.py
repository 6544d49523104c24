"""One HTML page that needs nothing beside itself: tables, figures and formulas."""

import base64
import io
import re
import zlib
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from .mathml import clauses

FORMULAS = ("as computed", "formula")  # headings of the columns that hold some
_NUMBER = re.compile(r"[-+]?[\d.,]+(e[-+]?\d+)?|[-+]?inf|nan|-")


def page(title: str, body: Sequence[str]) -> str:
    """A whole page, in the colors that the reader's system asks for.

    Args:
        title: of the page, its first heading.
        body: its parts, in HTML.
    """
    return _SHELL.format(title=escape(title), style=_STYLE, body="\n".join(body))


def table(names: Sequence[str], rows: Sequence[Sequence[str]], caption: str | None = None) -> str:
    """A table; the columns called as in `FORMULAS` are set as formulas.

    Args:
        names: of the columns.
        rows: their cells.
        caption: above it.
    """
    numeric = [_is_numeric(column) for column in zip(*rows, strict=True)]
    kinds = [' class="number"' if one else "" for one in numeric] or [""] * len(names)
    head = "".join(
        f'<th scope="col"{kind}>{escape(name)}</th>'
        for name, kind in zip(names, kinds, strict=True)
    )
    rows_of_cells = (
        "".join(_cell(*cell) for cell in zip(names, kinds, cells, strict=True)) for cells in rows
    )
    body = "".join(f"<tr>{cells}</tr>" for cells in rows_of_cells)
    title = "" if caption is None else f"<caption>{escape(caption)}</caption>"
    return (
        f'<div class="wide"><table>{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def from_rich(printed: Table) -> str:
    """A table that is printed in the terminal, as one of HTML."""
    columns = [[_plain(cell) for cell in column.cells] for column in printed.columns]
    names = [_plain(column.header) for column in printed.columns]
    caption = None if printed.title is None else _plain(printed.title)
    found = table(names, list(zip(*columns, strict=True)), caption)
    below = "" if printed.caption is None else f"<p>{escape(_plain(printed.caption))}</p>"
    return found + below


def figure(image: str, caption: str) -> str:
    """An image, made by `png` or `svg`, with its caption."""
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def png(path: Path, alt: str) -> str:
    """A PNG file as an element `img` that holds it.

    Args:
        path: of the file.
        alt: what it shows, for those who do not see it.

    Raises:
        ValueError: the file is damaged.
    """
    found = path.read_bytes()
    if not _is_whole_png(found):
        raise ValueError(
            f"{path} is no PNG file, or a damaged one; remove it, or run the command that drew it "
            "once more."
        )
    data = base64.b64encode(found).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}">'


def _is_whole_png(data: bytes) -> bool:
    """Whether every chunk up to the last is there, with its checksum."""
    kind, place = b"", 8
    while data[:8] == b"\x89PNG\r\n\x1a\n" and kind != b"IEND" and place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        kind = data[place + 4 : place + 8]
        if data[end : end + 4] != zlib.crc32(data[place + 4 : end]).to_bytes(4, "big"):
            return False
        place = end + 4
    return kind == b"IEND" and place == len(data)


def svg(drawn: Any, alt: str) -> str:
    """A figure of Matplotlib as an element `svg`.

    Args:
        drawn: the `Figure`.
        alt: what it shows, for those who do not see it.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    drawn.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    sized = re.sub(r'width="[\d.]+pt" height="[\d.]+pt"', "", text, count=1)
    return sized.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)


def facts(found: Mapping[str, str]) -> str:
    """Names with their values, as a list of definitions."""
    pairs = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in found.items())
    return f"<dl>{''.join(pairs)}</dl>"


def _cell(name: str, kind: str, text: str) -> str:
    inner = clauses(text) if name in FORMULAS and text else escape(text)
    return f"<td{kind}>{inner}</td>"


def _is_numeric(column: Sequence[str]) -> bool:
    """Whether most of its cells are numbers."""
    return 2 * sum(bool(_NUMBER.fullmatch(cell.strip())) for cell in column) > len(column)


def _plain(cell: Any) -> str:
    return cell.plain if isinstance(cell, Text) else Text.from_markup(str(cell)).plain


_STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #fff; --soft: #5a5a5a; --line: #d5d5d5;
  --head: #f3f3f3; --good: #d8efd8; --warn: #fbe3d0; --plain: #e6e6e6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --paper: #16181b; --soft: #b0b0b0;
  --line: #3c4046; --head: #23262b; --good: #1f4d2b; --warn: #6a3a12; --plain: #3a3e44; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h2 { border-bottom: 1px solid var(--line); margin-top: 2.5rem; }
h3 { margin-bottom: 0.3rem; }
math { font-family: "STIX Two Math", "Latin Modern Math", "Cambria Math", math; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: 14px; min-width: 24rem; }
caption { text-align: left; font-weight: bold; padding: 4px 0; }
th, td { text-align: left; vertical-align: top; padding: 4px 10px;
  border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th { background: var(--head); }
.status { font-size: 13px; font-weight: normal; padding: 2px 8px; border-radius: 9px;
  background: var(--plain); }
.identity, .theorem { background: var(--good); }
.contested { background: var(--warn); }
figure { margin: 1.5rem 0; }
figure img, figure svg { display: block; width: 40rem; height: auto; background: #fff; }
figure img, figure svg { max-width: min(100%, 40rem); }
figcaption, footer { font-size: 14px; color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 1rem; font-size: 14px; }
dt { color: var(--soft); }
dd { margin: 0; }
pre { overflow-x: auto; font-size: 13px; background: var(--head); padding: 0.8rem; }
footer { margin-top: 3rem; }
@media print { :root { --ink: #000; --paper: #fff; --soft: #333; --line: #999; --head: #fff; }
  body { max-width: none; margin: 0; font-size: 10pt; } nav { display: none; }
  table { font-size: 8pt; } .wide { overflow: visible; }
  figure, tr, dl { break-inside: avoid; } h2, h3, caption { break-after: avoid; } }
"""

_SHELL = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style></head><body>
<main>
<h1>{title}</h1>
{body}
</main>
</body></html>
"""
