"""A limit cycle: T over S, energy over frequency, heat and work of every stroke."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from .._checked import checked
from ..machines.cycle import CycleSolution
from ..machines.figures import temperature_of
from ..machines.sampling import StrokeSamples, sample_cycle
from .branches import branches
from .style import (
    BLACK,
    BLUE,
    CONTACTS,
    ENTROPY,
    ORANGE,
    SKY,
    TEMPERATURE,
    as_names,
    check_axes,
    check_color,
    legend,
    line,
)

Samples = Sequence[StrokeSamples]


@checked
def temperature_entropy(
    ax: Axes,
    solution: CycleSolution,
    *,
    samples: Samples | None = None,
    reach: float | None = None,
    label: str | None = None,
    color: str | None = None,
) -> Axes:
    """The T-S diagram: the generalized temperature of eq. (17) over the entropy, on the contacts.

    What is drawn is int T dS = Q. T is masked where S' = 0, as it has a pole there unless Q' = 0
    too; thin lines are the temperatures of the baths.

    Args:
        ax: the axes.
        solution: a limit cycle.
        samples: of `sample_cycle(solution)`, if they are there already.
        reach: larger |T| are masked; ten times the hottest bath by default.
        label: of this cycle, where there are several in one figure.
        color: of this cycle; one for every contact by default.

    Returns:
        The axes.

    Raises:
        ValueError: a batch of cycles, or a stroke that has no states in between.

    Examples:
        >>> from matplotlib.figure import Figure
        >>> temperatures = 1 / np.log(9), 2 / np.log(3)
        >>> cycle = qt.otto_cycle(
        ...     qt.number(2), 2.0 * qt.number(2), couplings=qt.sigmax(), temperatures=temperatures,
        ...     rate=1.0, durations=(20.0, 1.0, 20.0, 1.0),
        ... )
        >>> solution = qt.limit_cycle(cycle)
        >>> samples = qt.machines.sample_cycle(solution, points=8)
        >>> ax = qt.plots.temperature_entropy(Figure().subplots(), solution, samples=samples)
        >>> [line.get_label() for line in ax.lines]
        ['hot contact', 'cold contact', 'hot bath', 'cold bath']
    """
    samples = _sampled(ax, solution, samples)
    check_color(color)
    strokes, contacts = solution.cycle.strokes, solution.cycle.contacts
    names = list(dict.fromkeys(name for some in contacts for name in some if name is not None))
    levels = {name: float(temperature_of(strokes, name)) for name in names}
    top = max([abs(level) for level in levels.values() if np.isfinite(level)], default=0.0)
    reach = 10.0 * top if reach is None and top > 0.0 else reach
    for some, stroke in zip(contacts, samples, strict=True):
        if not some:
            continue
        text = " and ".join(str(name) for name in dict.fromkeys(some) if name is not None)
        found = branches(stroke.entropy, stroke.temperature, stroke.rates, reach, 0.0)
        shown = f"{text} contact" if text else "contact"
        ax.plot(
            found.x, found.temperature, label=shown if label is None else f"{label}, {shown}",
            **_style(some[0], names, color),
        )  # fmt: skip
    drawn = {curve.get_label() for curve in ax.lines}
    for name, level in levels.items():
        text = f"{name} bath"
        if np.isfinite(level) and text not in drawn:
            ax.axhline(level, lw=0.9, label=text, color="0.5", ls=_style(name, names, None)["ls"])
    ax.set(xlabel=ENTROPY, ylabel=TEMPERATURE)
    legend(ax)
    return ax


@checked
def energy_frequency(
    ax: Axes,
    solution: CycleSolution,
    *,
    samples: Samples | None = None,
    label: str | None = None,
    color: str | None = None,
) -> Axes:
    """The energy-frequency diagram: mean energy over the gap of H around the cycle.

    The gap is the largest minus the smallest energy, the frequency of a qubit; a dot is where the
    first stroke begins, an arrow which way it goes.

    Args:
        ax: the axes.
        solution: a limit cycle.
        samples: of `sample_cycle(solution)`, if they are there already.
        label: of this cycle, where there are several in one figure.
        color: of this cycle.

    Returns:
        The axes.

    Raises:
        ValueError: a batch of cycles, or a stroke that has no states in between.

    Examples:
        >>> from matplotlib.figure import Figure
        >>> temperatures = 1 / np.log(9), 2 / np.log(3)
        >>> cycle = qt.otto_cycle(
        ...     qt.number(2), 2.0 * qt.number(2), couplings=qt.sigmax(), temperatures=temperatures,
        ...     rate=1.0, durations=(20.0, 1.0, 20.0, 1.0),
        ... )
        >>> solution = qt.limit_cycle(cycle)
        >>> samples = qt.machines.sample_cycle(solution, points=8)
        >>> ax = qt.plots.energy_frequency(Figure().subplots(), solution, samples=samples)
        >>> gaps = ax.lines[0].get_xdata()
        >>> gaps.min(), gaps.max()
        (1.0, 2.0)
    """
    samples = _sampled(ax, solution, samples)
    check_color(color)
    gap = np.concatenate([np.asarray(stroke.gap) for stroke in samples])
    mean = np.concatenate([np.asarray(stroke.energy) for stroke in samples])
    gap, mean = np.append(gap, gap[0]), np.append(mean, mean[0])
    style = line(sum(curve.get_gid() == "cycle" for curve in ax.lines))
    color = style["color"] if color is None else color
    ax.plot(gap, mean, label=label, gid="cycle", color=color, ls=style["linestyle"])
    ax.plot(gap[:1], mean[:1], "o", color=color, ms=5)
    middle = len(np.asarray(samples[0].gap)) // 2
    ax.annotate(
        "", (gap[middle + 1], mean[middle + 1]), (gap[middle], mean[middle]),
        arrowprops={"arrowstyle": "-|>", "color": color, "mutation_scale": 14},
    )  # fmt: skip
    ax.set(
        xlabel=r"gap of $H$, largest minus smallest energy",
        ylabel=r"mean energy $\mathrm{tr}(\rho H)$",
    )
    if label is not None:
        legend(ax)
    return ax


@checked
def heat_and_work(ax: Axes, solution: CycleSolution, *, names: Any = None) -> Axes:
    """Bars of heat and work of every stroke, and of the work where H jumps after it.

    Args:
        ax: the axes.
        solution: a limit cycle of any kinds of strokes.
        names: of the strokes; their numbers and contacts by default.

    Returns:
        The axes.

    Raises:
        ValueError: a batch of cycles, or another number of names.

    Examples:
        >>> from matplotlib.figure import Figure
        >>> h = qt.number(2)
        >>> cold = qt.machines.Reset(h, h, temperature=1 / np.log(9), contact="cold")
        >>> hot = qt.machines.Reset(2 * h, 2 * h, temperature=2 / np.log(3), contact="hot")
        >>> solution = qt.limit_cycle(qt.Cycle([cold, hot]))
        >>> ax = qt.plots.heat_and_work(Figure().subplots(), solution)
        >>> [bar.get_height() for bar in ax.patches]
        [-0.15, 0.3, 0.0, 0.0, 0.1, -0.25]
    """
    check_axes(ax)
    _check_one(solution)
    contacts = solution.cycle.contacts
    if names is None:
        words = [" ".join(dict.fromkeys(str(n) for n in some if n)) for some in contacts]
        names = [f"{k + 1}" + (f"\n{word}" if word else "") for k, word in enumerate(words)]
    names = as_names("names", names, len(contacts), "stroke")
    bars = [
        (solution.heats, "heat $Q$ into the medium", BLUE, ""),
        (solution.works, "work $W$ done on the medium", ORANGE, "//"),
    ]
    if np.any(np.asarray(solution.quenches)):
        bars.append((solution.quenches, "work of the jump of $H$ after it", SKY, ".."))
    if solution.chemical_works is not None:
        bars.append((solution.chemical_works, "chemical work", "0.7", "xx"))
    places, width = np.arange(len(names)), 0.8 / len(bars)
    for k, (values, label, color, hatch) in enumerate(bars):
        ax.bar(
            places + (k - 0.5 * (len(bars) - 1)) * width, np.asarray(values), width, label=label,
            color=color, hatch=hatch, edgecolor=BLACK, linewidth=0.6,
        )  # fmt: skip
    ax.axhline(0.0, color=BLACK, lw=0.8)
    ax.set_xticks(places, names)
    ax.set(xlabel="stroke", ylabel="energy per cycle")
    legend(ax)
    return ax


def _sampled(ax: Axes, solution: CycleSolution, samples: Samples | None) -> Samples:
    check_axes(ax)
    _check_one(solution)
    found = sample_cycle(solution) if samples is None else samples
    if len(found) != len(solution.cycle.strokes):
        raise ValueError(
            f"`samples` must be those of the {len(solution.cycle.strokes)} strokes of `solution`, "
            f"got {len(found)}; `sample_cycle(solution)` makes them."
        )
    return found


def _check_one(solution: CycleSolution) -> None:
    if np.ndim(solution.works) != 1:
        raise ValueError(
            f"`solution` is a batch of cycles, of shape {np.shape(solution.works)[:-1]}; draw one "
            "lane of it, as `jax.tree.map(lambda x: x[0], solution)`."
        )


def _style(name: str | None, names: list[str], color: str | None) -> dict[str, Any]:
    """Color and line style of a contact; with a color of the cycle the style alone tells."""
    k = names.index(name) if name in names else len(names)
    chosen = line(k)
    known = CONTACTS.get(name or "", chosen["color"])
    style = {"hot": "-", "cold": "--"}.get(name or "", chosen["linestyle"])
    return {"color": known if color is None else color, "ls": style}
