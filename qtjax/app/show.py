"""What a result is, read from disk: an optimization, a front, a sweep, a paper, its numbers."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.markup import escape
from rich.table import Table

from ..design.store import Store, is_sweep, open_store, xarray_package
from .engine_front import FRONT, front_table
from .files import read_json
from .reports import comparison_table, number, residual

REPORT, PAPER = "report.json", "paper.json"
KEYS = ("before", "after", "optimization")  # of a report
NOTHING = (
    "holds no result of qtjax: no report.json of `qtjax optimize`, no front.json of "
    "`qtjax pareto`, no paper.json of `qtjax paper`, no file of `qtjax reproduce --json` and no "
    "store of `qtjax.sweep`. Name the folder that was printed, or one that holds several of them."
)


class Result(NamedTuple):
    """A result on disk.

    Args:
        kind: "optimization", "front", "sweep", "paper" or "published".
        path: of its file, or of the store.
    """

    kind: str
    path: Path


def results(path: Path) -> list[Result]:
    """What is at a path.

    Args:
        path: a store, a results folder, a JSON file, or a folder of some of them.

    Raises:
        ValueError: there is nothing that qtjax wrote.
    """
    found = _here(path)
    if path.is_dir() and Result("sweep", path) not in found:
        folders = [folder for folder in sorted(path.iterdir()) if folder.is_dir()]
        inside = [one for folder in folders for one in _here(folder)]
        found += [one for one in inside if one.kind != "sweep" or is_sweep(one.path)]
    if not found:
        raise ValueError(f"{path} {NOTHING}")
    return found


def tables(path: Path) -> list[Table]:
    """The tables of all results at a path, as `results` finds them."""
    return [table for result in results(path) for table in tables_of(result)]


def tables_of(result: Result) -> list[Table]:
    """The tables of one result.

    Raises:
        ValueError: a file that is cut off, or that something else wrote.
    """
    return _TABLES[result.kind](result.path)


def read(path: Path, *keys: str) -> Any:
    """A JSON file with these keys; what strict JSON holds as null is nan.

    Raises:
        ValueError: it is damaged, or lacks one of them.
    """
    data = _numbers(read_json(path))
    missing = [key for key in keys if not isinstance(data, dict) or key not in data]
    if missing:
        raise ValueError(f"{path} was not written by qtjax: it has no {', '.join(missing)}.")
    return data


def _here(path: Path) -> list[Result]:
    """What is at a path itself."""
    if (path / "zarr.json").exists():
        return [Result("sweep", path)]
    if (path / REPORT).exists():
        return [Result("optimization", path / REPORT)]
    if (path / FRONT).exists():
        return [Result("front", path / FRONT)]
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    files = [file for file in files if file.is_file()]
    return [
        Result("paper" if file.name == PAPER else "published", file)
        for file in files
        if file.name == PAPER or _is_published(file)
    ]


def _is_published(path: Path) -> bool:
    """Whether most of the words that are in such a file are, so that a damaged one is told."""
    found = path.read_bytes() if path.suffix == ".json" else b""
    return sum(word in found for word in (b'"passed"', b'"entries"', b'"sha256"')) > 1


def _optimization(path: Path) -> list[Table]:
    report = read(path, *KEYS)
    return [comparison_table(report["before"], report["after"], str(path.parent))]


def _front(path: Path) -> list[Table]:
    return [front_table(read(path, "title", "points", "hypervolume", "finer_steps"))]


def _paper(path: Path) -> list[Table]:
    """The equations as `paper.json` holds them, one row for each number."""
    table = Table(title=f"{path}: equations, computed", title_justify="left", show_lines=True)
    for name in ("eq.", "as computed", "quantity", "value", "residual", "status", "convention"):
        table.add_column(name)
    rows, before = read(path), None
    if not all(isinstance(row, dict) and "equation" in row for row in rows):
        raise ValueError(f"{path} was not written by `qtjax paper`: it has no equations.")
    for row in rows:
        new = row["equation"] != before
        head = (f"({row['equation']})", row["formula"]) if new else ("", "")
        end = (row["status"], row["convention"]) if new else ("", "")
        quantity = f"{row['quantity']}: {row['system']}"
        numbers = number(row["value"]), residual(row["residual"])
        table.add_row(*map(escape, (*head, quantity, *numbers, *end)))
        before = row["equation"]
    return [table]


def _published(path: Path) -> list[Table]:
    """The numbers of `qtjax reproduce --json`."""
    entries = read(path, "passed", "entries")["entries"]
    agree = sum(entry["passed"] for entry in entries)
    title = f"{path}: {agree} of {len(entries)} numbers agree"
    table = _table(("paper", "quantity"), ("published", "qtjax", "difference"), title)
    table.add_column("agrees")
    for entry in entries:
        cells = [entry["paper"], entry.get("error") or entry["quantity"], "", "", ""]
        if "error" not in entry:
            cells[2:] = (
                number(entry["published"], 10),
                number(entry["value"], 10),
                residual(entry["relative"]),
            )
        table.add_row(*map(escape, cells), "yes" if entry["passed"] else "no")
    return [table]


def _numbers(data: Any) -> Any:
    """What strict JSON holds as null is nan."""
    if isinstance(data, dict):
        return {key: _numbers(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_numbers(value) for value in data]
    return math.nan if data is None else data


def _sweep(path: Path) -> list[Table]:
    store, maps = open_store(path), xarray_package().open_zarr(path, chunks=None)
    done = store.done()
    count, total = sum(map(store.grid.count, done)), math.prod(store.grid.shape)
    title = f"{path}: {count:,} of {total:,} points"
    units = {n: str(maps[n].attrs.get("units", "")) for n in [*store.grid.values, *store.arrays]}
    parameters = _table(("parameter",), ("points", "from", "to"), title)
    for name in store.grid.values:
        values = maps[name]
        low, high = number(float(values.min()), 6), number(float(values.max()), 6)
        parameters.add_row(_named(name, units), str(values.size), low, high)
    outputs = _table(("output", "type"), ("least", "largest", "nan"), None)
    for output in store.outputs:
        kind = " x ".join([*map(str, output.shape), output.dtype])
        outputs.add_row(_named(output.name, units), kind, *_extent(store, output.name, done))
    return [parameters, outputs]


def _named(name: str, units: dict[str, str]) -> str:
    return escape(f"{name} ({units[name]})" if units[name] else name)


def _table(words: Sequence[str], numbers: Sequence[str], title: str | None) -> Table:
    table = Table(title=title, title_justify="left")
    for word in words:
        table.add_column(word, overflow="fold")
    for word in numbers:
        table.add_column(word, justify="right", no_wrap=True)
    return table


def _extent(store: Store, name: str, done: Sequence[int]) -> tuple[str, str, str]:
    """Least and largest value (of complex numbers: modulus) and the number of nan, as text."""
    least, largest, nans = math.inf, -math.inf, 0
    for index in done:
        values = np.asarray(store.arrays[name][store.grid.region(index)])
        values = np.abs(values) if values.dtype.kind == "c" else values
        good = values[np.isfinite(values)]
        nans += int(np.isnan(values).sum())
        if good.size:
            least, largest = min(least, good.min()), max(largest, good.max())
    if least > largest:
        return "-", "-", str(nans)
    return number(float(least), 6), number(float(largest), 6), f"{nans:,}"


_TABLES: dict[str, Callable[[Path], list[Table]]] = {
    "optimization": _optimization,
    "front": _front,
    "sweep": _sweep,
    "paper": _paper,
    "published": _published,
}
