"""Both bookkeepings of entropy along a trajectory."""

from typing import Any

from matplotlib.axes import Axes

from .._checked import checked
from ..dynamics.evolve import Solution
from ..thermodynamics.rates import Rates
from .style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    RATE,
    TIME,
    VERMILION,
    as_times,
    check_axes,
    finite,
    legend,
    saved,
)


@checked
def entropy_books(ax: Axes, solution: Solution) -> Axes:
    """dS/dt and its parts in both bookkeepings: exterior and interior, exchange and production.

    The exterior and interior rates are those of Ahmadi, Salimi and Khorashad, eqs. (11) and (12);
    exchange with the baths and production are Spohn's, eq. (14). What is infinite, as S' where the
    support of a state grows, is not drawn.

    Args:
        ax: the axes.
        solution: a trajectory with `save=qt.rates`, alone or in a tree.

    Returns:
        The axes.

    Raises:
        ValueError: a single time, a batch, or no `Rates` in what was saved.

    Examples:
        >>> from matplotlib.figure import Figure
        >>> bath = qt.LocalBath(qt.destroy(2), 1.0, 0.5, qt.Flat(1.0))
        >>> system, rho = qt.OpenSystem(qt.number(2), bath), qt.thermal_state(qt.number(2), 2.0)
        >>> solution = qt.evolve(system, rho, [0.0, 1.0], save=qt.rates)
        >>> ax = qt.plots.entropy_books(Figure().subplots(), solution)
        >>> total, exterior, interior = (line.get_ydata() for line in ax.lines[:3])
        >>> total, exterior, interior
        ([-0.1696, -0.1331], [-0.1696, -0.1331], [0.0, 0.0])
    """
    check_axes(ax)
    ts, found = as_times("solution.ts", solution.ts), saved(solution, Rates, "save=qt.rates")
    spohn = found.spohn_production
    lines: tuple[tuple[Any, str, dict[str, Any]], ...] = (
        (found.entropy_rate, "$dS/dt$", {"color": BLACK, "lw": 4.0, "alpha": 0.3}),
        (found.exterior, r"exterior $d_eS/dt$ (Ahmadi et al.)", {"color": BLUE, "ls": "--"}),
        (found.interior, r"interior $d_iS/dt$ (Ahmadi et al.)", {"color": GREEN, "ls": ":"}),
        (found.entropy_rate - spohn, r"exchange $\Sigma_k\,\Phi_k$ (Spohn)",
         {"color": ORANGE, "ls": "-."}),
        (spohn, r"production $\sigma$ (Spohn)", {"color": VERMILION, "ls": "-"}),
    )  # fmt: skip
    for values, label, style in lines:
        ax.plot(ts, finite(values), label=label, **style)
    ax.set(xlabel=TIME, ylabel=f"rates of entropy ({RATE})")
    legend(ax)
    return ax
