"""What a result is, read from disk: a store of a sweep, a folder of an optimization or a front."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from ..design.store import Store, is_sweep, open_store, xarray_package
from .engine_front import FRONT, front_table
from .files import read_json
from .reports import comparison_table, number

REPORT = "report.json"


def tables(path: Path) -> list[Table]:
    """The tables of a result.

    Args:
        path: a store, a results folder, or a folder of some of them.

    Raises:
        ValueError: there is nothing that qtjax wrote.
    """
    if (path / REPORT).exists():
        return [_optimization(path / REPORT)]
    if (path / FRONT).exists():
        return [front_table(_numbers(read_json(path / FRONT)))]
    if (path / "zarr.json").exists():
        return _sweep(path)
    inside = sorted(path.iterdir()) if path.is_dir() else []
    found = [p for p in inside if (p / REPORT).exists() or (p / FRONT).exists() or is_sweep(p)]
    if not found:
        raise ValueError(
            f"{path} holds no result of qtjax: no {REPORT} of `qtjax optimize`, no {FRONT} of "
            "`qtjax pareto` and no store of `qtjax.sweep`. Name the folder that was printed, or "
            "one that holds several of them."
        )
    return [table for one in found for table in tables(one)]


def _optimization(path: Path) -> Table:
    report = _numbers(read_json(path))
    return comparison_table(report["before"], report["after"], str(path.parent))


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
