"""Figures of the published results whose point is a curve."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..papers.entries import Curve, Paper
from ..plots.style import BLACK, line
from .files import write_png


def save_curves(folder: Path, papers: Sequence[Paper]) -> list[Path]:
    """Draw the curve of every paper that has one.

    Args:
        folder: where to; made if need be.
        papers: some of them without a curve.

    Returns:
        The paths of the PNG files, one for each curve, by the paper's name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for paper in papers:
        if paper.curve is None:
            continue
        # a Figure of its own, not pyplot's: nobody's backend is touched
        figure = Figure(figsize=(6.0, 4.2), layout="constrained")
        draw_curve(figure.subplots(), paper.curve())
        paths.append(folder / f"{paper.name}.png")
        write_png(paths[-1], figure)
    return paths


def draw_curve(ax: Axes, curve: Curve) -> None:
    """Lines of qtjax, and marks where the published points are.

    Args:
        ax: the axes.
        curve: what to draw.
    """
    label, x = curve.x
    for k, (name, values) in enumerate(curve.lines.items()):
        ax.plot(x, values, label=name, **line(k))
    for k, (name, (at, values)) in enumerate(curve.points.items()):
        ax.plot(at, values, "os^Dv"[k % 5], ms=4, color=BLACK, label=name)
    if "x" in curve.logarithmic:
        ax.set_xscale("log")
    if "y" in curve.logarithmic:
        ax.set_yscale("log")
    ax.set(xlabel=label, ylabel=curve.y, title=curve.title)
    ax.legend(fontsize="small")
