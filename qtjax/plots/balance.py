"""Where the information of a composite system goes."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from .._checked import checked
from ..dynamics.evolve import Solution
from ..thermodynamics.parts import PartRates
from .style import (
    BLACK,
    RATE,
    TIME,
    as_names,
    as_times,
    check_axes,
    finite,
    legend,
    line,
    saved,
)


@checked
def correlation_balance(ax: Axes, solution: Solution, *, names: Any = None) -> Axes:
    """The balance of entropy of a composite, eqs. (16) and (18): parts, correlations, the whole.

    The rates of the parts' entropies S_i and of S_C = S - sum_i S_i (minus the total correlation)
    add up to that of the whole, which is 0 for a closed one; -sum_i Q_i'/T_i(t), with bare Alicki
    heats, is dS_C/dt by eq. (18) then.

    Args:
        ax: the axes.
        solution: a trajectory with `save=qt.thermodynamics.part_rates`, alone or in a tree.
        names: of the parts.

    Returns:
        The axes.

    Raises:
        ValueError: a single time, a batch, or no `PartRates` in what was saved.
    """
    check_axes(ax)
    ts = as_times("solution.ts", solution.ts)
    found = saved(solution, PartRates, "save=qt.thermodynamics.part_rates")
    parts, correlation = np.asarray(found.entropy_rate), np.asarray(found.correlation_rate)
    ax.plot(
        ts, finite(parts.sum(axis=1) + correlation), color="0.6", lw=4.0, alpha=0.6,
        label="the whole, $dS/dt$",
    )  # fmt: skip
    for k, name in enumerate(as_names("names", names, parts.shape[1], "part")):
        ax.plot(ts, finite(parts[:, k]), label=rf"{name}, $dS_{{{k + 1}}}/dt$", **line(k))
    style = line(parts.shape[1])
    ax.plot(ts, finite(correlation), label="correlations, $dS_C/dt$, eq. (16)", **style)
    ax.plot(
        ts, finite(found.clausius_balance), ls=(0, (1, 3)), lw=2.5, color=BLACK,
        label=r"$-\Sigma_i\,Q_i'/T_i(t)$, eq. (18)",
    )  # fmt: skip
    ax.set(xlabel=TIME, ylabel=f"rates of entropy ({RATE})")
    legend(ax)
    return ax
