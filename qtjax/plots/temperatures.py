"""The generalized temperature along a trajectory, cut at its poles."""

from typing import Any, NamedTuple

import jax
import numpy as np
from matplotlib.axes import Axes

from .._checked import checked
from ..dynamics.evolve import Solution
from ..dynamics.open_system import OpenSystem
from ..thermodynamics.parts import PartRates
from ..thermodynamics.rates import Rates
from ..thermodynamics.temperature import generalized_temperature as of_rates
from .branches import branches
from .style import TEMPERATURE, TIME, as_names, as_times, check_axes, legend, line, saved


@checked
def generalized_temperature(
    ax: Axes,
    solution: Solution,
    *,
    system: OpenSystem | None = None,
    reach: float | None = None,
    names: Any = None,
) -> Axes:
    """T(t) = Q'/S' of eq. (17); its poles, where S' = 0, are dotted lines, and T is masked there.

    Where both vanish, where S' is infinite, and where |T| is out of reach nothing is drawn.

    Args:
        ax: the axes.
        solution: a trajectory with `save=qt.rates`, or `save=qt.thermodynamics.part_rates` for the
            temperature of every part.
        system: the temperatures of its baths are drawn as thin lines.
        reach: larger |T| are masked; by default, where there are poles, twice what nine tenths of
            all |T| stay below, or twice the largest temperature of a bath.
        names: of the parts.

    Returns:
        The axes.

    Raises:
        ValueError: a single time, a batch, or no rates in what was saved.

    Examples:
        >>> from matplotlib.figure import Figure
        >>> bath = qt.LocalBath(qt.destroy(2), 1.0, 0.5, qt.Flat(1.0))
        >>> system, rho = qt.OpenSystem(qt.number(2), bath), qt.thermal_state(qt.number(2), 2.0)
        >>> solution = qt.evolve(system, rho, [0.0, 1.0], save=qt.rates)
        >>> ax = qt.plots.generalized_temperature(Figure().subplots(), solution)
        >>> ax.lines[0].get_ydata()
        [2.0, 0.6856]
    """
    check_axes(ax)
    ts = as_times("solution.ts", solution.ts)
    curves, labels = _curves(solution, names)
    baths = () if system is None else system.baths
    levels = [float(bath.temperature) for bath in baths if bath.temperature is not None]
    poles = []
    for k, (rates, label) in enumerate(zip(curves, labels, strict=True)):
        found = branches(ts, of_rates(rates), rates, reach, 2.0 * max(levels, default=0.0))
        ax.plot(found.x, found.temperature, label=label, **line(k))
        poles += list(found.poles)
    for k, pole in enumerate(poles):
        label = "pole of $T$: $dS/dt = 0$" if k == 0 else None
        ax.axvline(pole, color="0.4", ls=":", lw=1.0, label=label)
    for k, level in enumerate(levels):
        ax.axhline(level, color="0.4", lw=0.8, label="baths" if k == 0 else None)
    ax.set(xlabel=TIME, ylabel=TEMPERATURE)
    legend(ax)
    return ax


class _Flow(NamedTuple):
    """Heat and entropy of one part, as `generalized_temperature` takes them."""

    heat_current: Any
    entropy_rate: Any
    heat_rounding: Any
    entropy_rounding: Any


def _curves(solution: Solution, names: Any) -> tuple[list[Any], list[str]]:
    """What has a temperature, and how it is called: the system, or each of its parts."""
    if any(isinstance(leaf, PartRates) for leaf in _nodes(solution)):
        found = saved(solution, PartRates, "save=qt.thermodynamics.part_rates")
        columns = [np.asarray(getattr(found, field)).T for field in _Flow._fields]
        labels = as_names("names", names, len(columns[0]), "part")
        return [_Flow(*part) for part in zip(*columns, strict=True)], [
            f"$T(t)$ of {label}, eq. (17)" for label in labels
        ]
    return [saved(solution, Rates, "save=qt.rates")], ["$T(t)$, eq. (17)"]


def _nodes(solution: Solution) -> list[Any]:
    return jax.tree.leaves(solution.saved, is_leaf=lambda x: isinstance(x, PartRates))
