"""The progress bar of a sweep; of its own, as `rich` is imported with it."""

import math
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from .grid import Grid


def follow(done: Iterator[int], points: Grid, missing: Sequence[int]) -> None:
    """Run through the slices with a bar; without one where nobody looks."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=20), _Points(), TimeRemainingColumn(),
        console=console, disable=not (console.is_terminal or console.is_jupyter),
    )  # fmt: skip
    total = math.prod(points.shape)
    left = sum(points.count(k) for k in missing)
    with bar:
        task = bar.add_task("sweep", total=total, completed=total - left)
        for index in done:
            bar.advance(task, points.count(index))


class _Points(ProgressColumn):
    """Points done of all, and points per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        rate = "compiling ..." if speed is None else f"{speed:,.0f} points/s"
        return Text(f"{int(task.completed):,}/{int(task.total or 0):,}  {rate}")
