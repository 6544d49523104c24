"""Figures of an optimized engine, before and after on the same axes."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..design.front import Front
from ..design.optimum import Optimum
from ..engine.machine import Engine
from ..machines.cycle import CycleSolution
from ..machines.sampling import sample_cycle
from ..plots.cycles import energy_frequency, temperature_entropy
from ..plots.fronts import pareto
from ..plots.style import BLACK, BLUE, legend, line
from .files import write_png
from .improvement import Improvement

_COLORS = {"before": "0.7", "after": BLUE}  # apart in grey too


def save_figures(folder: Path, engine: Engine, improvement: Improvement) -> list[Path]:
    """Draw the four figures into a folder.

    Args:
        folder: where to.
        engine: the engine.
        improvement: its limit cycles before and after, with the outcome of the optimization.

    Returns:
        The paths of the PNG files.
    """
    cycles = {"before": improvement.before, "after": improvement.after}
    samples = {label: sample_cycle(solution) for label, solution in cycles.items()}

    def both(draw: Any, ax: Axes) -> None:
        for label, solution in cycles.items():
            draw(ax, solution, samples=samples[label], label=label, color=_COLORS[label])

    drawings = {
        "temperature_entropy": lambda ax: both(temperature_entropy, ax),
        "energy_frequency": lambda ax: both(energy_frequency, ax),
        "ramps": lambda ax: ramp_shapes(ax, cycles, engine),
        "convergence": lambda ax: convergence(ax, improvement.optimum, engine),
    }
    paths = []
    for name, draw in drawings.items():
        # a Figure of its own, not pyplot's: nobody's backend is touched
        figure = Figure(figsize=(6.0, 4.4), layout="constrained")
        draw(figure.subplots())
        paths.append(folder / f"{name}.png")
        write_png(paths[-1], figure)
    return paths


def save_front(folder: Path, front: Front) -> Path:
    """Draw a front of power against efficiency into a folder.

    Args:
        folder: where to.
        front: the front.

    Returns:
        The path of the PNG file.
    """
    figure = Figure(figsize=(6.0, 4.2), layout="constrained")
    pareto(figure.subplots(), front, first="power", second="efficiency")
    write_png(folder / "pareto.png", figure)
    return folder / "pareto.png"


def ramp_shapes(ax: Axes, cycles: dict[str, CycleSolution], engine: Engine) -> None:
    """Progress of every ramp against time in units of its duration.

    Args:
        ax: the axes.
        cycles: limit cycles before and after.
        engine: for the names of the strokes.
    """
    s = np.linspace(0.0, 1.0, 201)
    for label, solution in cycles.items():
        styles = iter(("-", "--", ":", "-."))
        strokes: Any = solution.cycle.strokes  # of an engine file: all of them `Stroke`s
        for name, table, stroke in zip(engine.names, engine.table.strokes, strokes, strict=True):
            if table.to is None:
                continue
            progress: Any = stroke.system.hamiltonian.terms()[1]
            values = [float(progress.schedule(x)) for x in s]
            text = f"{label}: {name} ({float(stroke.duration):.3g})"
            ax.plot(s, values, next(styles, "-"), color=_COLORS[label], label=text)
    ax.set(xlabel="time / duration (in brackets)", ylabel="progress from first to last $H$")
    legend(ax)


def convergence(ax: Axes, optimum: Optimum, engine: Engine) -> None:
    """The objective of every start at every step, with infeasible stretches dotted.

    Args:
        ax: the axes.
        optimum: the outcome, one lane per start.
        engine: for the name of the objective.
    """
    objectives = -np.asarray(optimum.history.loss)
    feasible = np.asarray(optimum.history.violation) <= 1e-6
    for k, (values, good) in enumerate(zip(objectives, feasible, strict=True)):
        style: dict[str, Any] = {"color": BLACK, "linestyle": "-"} if k == 0 else line(k - 1)
        ax.plot(values, ":", color=style["color"], lw=0.8)
        label = "given start" if k == 0 else f"random start {k}"
        ax.plot(np.where(good, values, np.nan), lw=1.2, label=label, **style)
    low = np.nanpercentile(objectives, 5)
    high = np.nanmax(objectives)
    ax.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    ax.set(
        xlabel="step (dotted: power below the minimum)",
        ylabel=f"objective: {engine.table.optimize.objective}",
    )
    legend(ax, columns=3)
