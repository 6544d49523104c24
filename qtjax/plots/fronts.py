"""Fronts of two objectives."""

import numpy as np
from matplotlib.axes import Axes

from .._checked import checked
from ..design.front import Front
from .style import check_axes, legend, line

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


@checked
def pareto(
    ax: Axes,
    front: Front,
    *,
    first: str = "first",
    second: str = "second",
    label: str | None = None,
) -> Axes:
    """A front of two objectives; points that are dominated or infeasible are crosses.

    A bar goes down to where half of the starts end. Fronts drawn into the same axes have other
    markers and line styles.

    Args:
        ax: the axes.
        front: of `qtjax.design.pareto_front`.
        first: what the first objective is, for the vertical axis.
        second: what the second one is, for the horizontal axis.
        label: of the front, where there are several.

    Returns:
        The axes.

    Raises:
        ValueError: a front of no points.

    Examples:
        >>> from matplotlib.figure import Figure
        >>> x = jnp.array([0.0, 0.5, 1.0])
        >>> values = jnp.stack([-(x**2), -((x - 1.0) ** 2)], axis=1)
        >>> no = jnp.zeros(3, bool)
        >>> front = qt.design.Front(x, values, values[:, 1], 0 * x, ~no, no, 0 * values)
        >>> ax = qt.plots.pareto(Figure().subplots(), front, first="power", second="efficiency")
        >>> ax.get_xlabel(), ax.get_ylabel()
        ('efficiency', 'power')
    """
    check_axes(ax)
    values, spread = np.asarray(front.values), np.asarray(front.spread)
    if len(values) == 0:
        raise ValueError("`front` has no points to draw.")
    good = np.asarray(front.feasible & ~front.dominated)
    below = np.where(np.isfinite(spread), spread, 0.0)[good]
    k = len(ax.containers)
    ax.errorbar(
        values[good, 1], values[good, 0], yerr=np.stack([below, np.zeros_like(below)]), capsize=2,
        marker=_MARKERS[k % len(_MARKERS)], ms=5, label=label, **line(k),
    )  # fmt: skip
    if not good.all():
        left_out = "dominated or infeasible"
        known = left_out in ax.get_legend_handles_labels()[1]
        ax.plot(*values[~good].T[::-1], "x", color="0.5", label=None if known else left_out)
    ax.set(xlabel=second, ylabel=first)
    if ax.get_legend_handles_labels()[1]:
        legend(ax)
    return ax
