"""Figures of an optimized engine, before and after on the same axes, and of sweeps."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..design.front import Front
from ..design.optimum import Optimum
from ..engine.machine import Engine
from ..machines.cycle import CycleSolution
from ..machines.figures import REGIMES
from ..machines.sampling import StrokeSamples, sample_cycle
from .improvement import Improvement

_COLORS = {"before": "0.55", "after": "C3"}
_REGIME_COLORS = ("#c8553d", "#3a7ca5", "#e9b44c", "#81a88d", "0.8")
Samples = dict[str, tuple[StrokeSamples, ...]]


def save_figures(folder: Path, engine: Engine, improvement: Improvement) -> list[Path]:
    """Draw the four figures into a folder.

    Args:
        folder: where to.
        engine: the engine.
        improvement: its limit cycles before and after, with the outcome of the optimization.

    Returns:
        The paths of the PNG files.
    """
    before, after = improvement.before, improvement.after
    samples = {"before": sample_cycle(before), "after": sample_cycle(after)}
    drawings = {
        "temperature_entropy": lambda ax: temperature_entropy(ax, samples, after),
        "energy_frequency": lambda ax: energy_frequency(ax, samples),
        "ramps": lambda ax: ramp_shapes(ax, {"before": before, "after": after}, engine),
        "convergence": lambda ax: convergence(ax, improvement.optimum, engine),
    }
    paths = []
    for name, draw in drawings.items():
        # a Figure of its own, not pyplot's: nobody's backend is touched
        figure = Figure(figsize=(6.0, 4.2), layout="constrained")
        draw(figure.subplots())
        paths.append(folder / f"{name}.png")
        figure.savefig(paths[-1], dpi=150)
    return paths


def temperature_entropy(ax: Axes, samples: Samples, solution: CycleSolution) -> None:
    """The T-S diagram: generalized temperature T(t) against entropy on the contacts.

    Args:
        ax: the axes.
        samples: of the cycles before and after.
        solution: a limit cycle, for contacts and bath temperatures.
    """
    contacts = [stroke.contact for stroke in solution.cycle.strokes]
    cold, hot = (float(t) for t in solution.temperatures)
    for label, strokes in samples.items():
        for contact, stroke in zip(contacts, strokes, strict=True):
            if contact is not None:
                style = "-" if contact == "hot" else "--"
                text = f"{label}, {contact} contact"
                ax.plot(*_regular(stroke, cold, hot), style, color=_COLORS[label], label=text)
    ax.axhline(hot, color="C1", lw=0.8, label="hot bath")
    ax.axhline(cold, color="C0", lw=0.8, label="cold bath")
    ax.set(xlabel="entropy S (nats)", ylabel="generalized temperature T(t)")
    ax.set_title("T-S diagram: T(t) = Q'/S', eq. (17)")
    ax.legend(fontsize="small")


def energy_frequency(ax: Axes, samples: Samples) -> None:
    """Mean energy against the gap of H around the cycle.

    Args:
        ax: the axes.
        samples: of the cycles before and after.
    """
    for label, strokes in samples.items():
        gap = np.concatenate([np.asarray(s.gap) for s in strokes])
        mean = np.concatenate([np.asarray(s.energy) for s in strokes])
        ax.plot(np.append(gap, gap[0]), np.append(mean, mean[0]), color=_COLORS[label], label=label)
    ax.set(xlabel="gap of H (largest minus smallest energy)", ylabel="mean energy tr(rho H)")
    ax.set_title("Energy-frequency diagram")
    ax.legend(fontsize="small")


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
    ax.set(xlabel="time / duration", ylabel="progress from first to last H")
    ax.set_title("Ramp shapes (durations in brackets)")
    ax.legend(fontsize="small")


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
        color = "k" if k == 0 else f"C{k}"
        ax.plot(values, ":", color=color, lw=0.8)
        label = "given start" if k == 0 else f"random start {k}"
        ax.plot(np.where(good, values, np.nan), color=color, lw=1.2, label=label)
    low = np.nanpercentile(objectives, 5)
    high = np.nanmax(objectives)
    ax.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
    ax.set(xlabel="step", ylabel=f"objective: {engine.table.optimize.objective}")
    ax.set_title("Convergence (dotted: power below the minimum)")
    ax.legend(fontsize="x-small", ncols=2)


def phase_map(ax: Axes, maps: Any, *, x: str, y: str, regime: str = "regime") -> Axes:
    """What a machine is over two parameters: engine, refrigerator, heater, accelerator or none.

    Args:
        ax: the axes.
        maps: the Dataset of a sweep.
        x: the parameter along the horizontal axis.
        y: the parameter along the vertical axis.
        regime: what holds the `regime_code`; points without one, not computed yet, stay white.

    Returns:
        The axes.

    Raises:
        ValueError: there is no such output or axis, or there are other axes.
    """
    if regime not in maps:
        raise ValueError(
            f"`maps` has no {regime!r}, only {', '.join(maps.data_vars)}; have the function of the "
            'sweep return `{"regime": cycle.regime_code}`, or name what holds it.'
        )
    others = set(maps[regime].dims) - {x, y}
    if others or {x, y} - set(maps[regime].dims):
        raise ValueError(
            f"{regime!r} has the axes {', '.join(maps[regime].dims)}, and a map needs {x!r} and "
            f"{y!r} alone; choose a value of every other one first, as `maps.isel(cold=0)`."
        )
    codes = np.asarray(maps[regime].transpose(y, x))
    colors = np.ones((*codes.shape, 3))
    found = []
    for code, (word, color) in enumerate(zip(REGIMES, _REGIME_COLORS, strict=True)):
        if np.any(codes == code):
            colors[codes == code] = to_rgb(color)
            found.append(Patch(color=color, label=word))
    ax.pcolormesh(maps[x], maps[y], colors, shading="nearest", rasterized=True)
    for axis, name in ((ax.xaxis, x), (ax.yaxis, y)):
        units = maps[name].attrs.get("units")
        axis.set_label_text(name if units is None else f"{name} ({units})")
    if found:
        ax.legend(handles=found, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1.0),
                  ncols=len(found), frameon=False, columnspacing=1.0, handlelength=1.0)  # fmt: skip
    return ax


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
    figure.savefig(folder / "pareto.png", dpi=150)
    return folder / "pareto.png"


def pareto(ax: Axes, front: Front, *, first: str = "first", second: str = "second") -> Axes:
    """A front of two objectives; points that are dominated or infeasible are crosses.

    Args:
        ax: the axes.
        front: of `qtjax.design.pareto_front`.
        first: what the first objective is, for the vertical axis.
        second: what the second one is, for the horizontal axis.

    Returns:
        The axes.
    """
    values, spread = np.asarray(front.values), np.asarray(front.spread)
    good = np.asarray(front.feasible & ~front.dominated)
    below = np.where(np.isfinite(spread), spread, 0.0)[good]
    bars = np.stack([below, np.zeros_like(below)])
    ax.errorbar(values[good, 1], values[good, 0], yerr=bars, fmt="o-", color="C0", capsize=2)
    if not good.all():
        ax.plot(*values[~good].T[::-1], "x", color="0.5", label="dominated or infeasible")
        ax.legend(fontsize="small", frameon=False)
    ax.set(xlabel=second, ylabel=first)
    return ax


def _regular(stroke: StrokeSamples, cold: float, hot: float) -> tuple[np.ndarray, np.ndarray]:
    """S and T, with T masked where dS/dt = 0 and where it leaves ten times the baths' range."""
    temperature = np.asarray(stroke.temperature.temperature)
    reach = 10.0 * max(abs(hot), abs(cold))
    keep = np.isfinite(temperature) & (np.abs(temperature) < reach)
    keep &= np.asarray(stroke.temperature.status) == 0
    return np.asarray(stroke.entropy), np.where(keep, temperature, np.nan)
