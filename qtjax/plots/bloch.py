"""The way of a qubit in the Bloch ball."""

from typing import Any

import jax
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle

from .._checked import checked
from ..algebra.states import bloch_vector
from ..dynamics.evolve import Solution
from .style import as_times, check_axes, legend, line

_NAMES = ("x", "y", "z")


@checked
def bloch(ax: Axes, solution: Solution, *, plane: str = "xz", label: str | None = None) -> Axes:
    """The Bloch vector of a qubit along a trajectory; a circle marks its start, a square its end.

    Drawn into axes that hold a trajectory already, the next one has another line style.

    Args:
        ax: the axes; those of `subplots(subplot_kw={"projection": "3d"})` show the ball, others
            the projection on a plane.
        solution: a trajectory of a qubit that saved its states, as it does by default.
        plane: the two components that are shown in flat axes, such as "xz".
        label: of the line, for the legend.

    Returns:
        The axes.

    Raises:
        ValueError: a single time, a batch, no states (times, 2, 2) in what was saved, or no plane.

    Examples:
        >>> from matplotlib.figure import Figure
        >>> system = qt.OpenSystem(qt.number(2), qt.Lindblad(qt.destroy(2), 1.0))
        >>> solution = qt.evolve(system, qt.pure_state([0, 1]), [0.0, 1.0, 2.0])
        >>> ax = qt.plots.bloch(Figure().subplots(), solution)
        >>> ax.lines[0].get_ydata(), 1 - 2 * jnp.exp(-solution.ts)
        ([-1.0, 0.2642, 0.7293], [-1.0, 0.2642, 0.7293])
    """
    check_axes(ax)
    points = np.asarray(jax.vmap(bloch_vector)(_states(solution)))
    deep: Any = ax  # Matplotlib's types know nothing of three dimensions
    new = not ax.lines
    if ax.name == "3d":
        if new:
            _ball(deep)
        columns = list(points.T)
    else:
        columns = [points[:, k] for k in _plane(plane)]
        if new:
            ax.add_patch(Circle((0.0, 0.0), 1.0, fill=False, color="0.6", lw=0.8))
            ax.set(xlabel=_axis(plane[0]), ylabel=_axis(plane[1]), aspect="equal")
            ax.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
    style = line(sum(curve.get_gid() == "trajectory" for curve in ax.lines))
    deep.plot(*columns, label=label, gid="trajectory", **style)
    for index, marker in ((0, "o"), (-1, "s")):
        deep.plot(*[column[[index]] for column in columns], marker, color=style["color"], ms=5)
    if label is not None:
        legend(ax)
    return ax


def _states(solution: Solution) -> np.ndarray:
    times = as_times("solution.ts", solution.ts).size
    leaves = jax.tree.leaves(solution.saved)
    found = [leaf for leaf in leaves if np.shape(leaf) == (times, 2, 2) and np.iscomplexobj(leaf)]
    if len(found) != 1:
        raise ValueError(
            f"`solution.saved` must hold the states of a qubit, ({times}, 2, 2), and it holds "
            f"{len(found)} arrays of complex numbers of that shape: evolve without `save`, or with "
            "`lambda system, t, rho: rho` among what is saved."
        )
    return np.asarray(found[0])


def _plane(plane: str) -> tuple[int, int]:
    if not (isinstance(plane, str) and len(plane) == 2 and set(plane) < set(_NAMES)):
        raise ValueError(
            f'`plane` must be two of the letters x, y and z, such as "xz", got {plane!r}.'
        )
    return _NAMES.index(plane[0]), _NAMES.index(plane[1])


def _axis(letter: str) -> str:
    return rf"$\langle\sigma_{letter}\rangle$"


def _ball(ax: Any) -> None:
    u, v = np.meshgrid(np.linspace(0.0, 2.0 * np.pi, 25), np.linspace(0.0, np.pi, 13))
    ax.plot_wireframe(
        np.cos(u) * np.sin(v), np.sin(u) * np.sin(v), np.cos(v), color="0.85", linewidth=0.5
    )
    ax.set(xlabel=_axis("x"), ylabel=_axis("y"), zlabel=_axis("z"), aspect="equal")
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.set_ticks([-1.0, 0.0, 1.0])
