"""Maps of a sweep over two parameters: what a machine is, and any number of it."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from .._checked import checked
from .._checks import check_instance
from ..exchange.optional import optional
from ..machines.figures import REGIMES
from .style import BLACK, SKY, VERMILION, check_axes

# of different lightness, so that they can be told apart in grey; white is what is not computed
_REGIME_COLORS = dict(zip(REGIMES, (VERMILION, "#0B3C6F", "#F0E442", SKY, BLACK), strict=True))


@checked
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

    Examples:
        >>> import xarray
        >>> from matplotlib.figure import Figure
        >>> axes = {"hot": [1.0, 2.0], "gap": [0.5, 1.0]}
        >>> maps = xarray.Dataset({"regime": (("hot", "gap"), np.eye(2, dtype=int))}, coords=axes)
        >>> ax = qt.plots.phase_map(Figure().subplots(), maps, x="gap", y="hot")
        >>> [text.get_text() for text in ax.get_legend().get_texts()]
        ['engine', 'refrigerator']
    """
    check_axes(ax)
    remedy = 'have the function of the sweep return `{"regime": cycle.regime_code}`, or name what '
    codes = _plane(maps, "regime", regime, x, y, f"{remedy}holds it.")
    colors, found = np.ones((*codes.shape, 3)), []
    for code, (word, color) in enumerate(_REGIME_COLORS.items()):
        if np.any(codes == code):
            colors[codes == code] = to_rgb(color)
            found.append(Patch(facecolor=color, edgecolor="0.3", lw=0.5, label=word))
    ax.pcolormesh(maps[x], maps[y], colors, shading="nearest", rasterized=True)
    _label(ax, maps, x, y)
    if found:
        ax.legend(handles=found, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1.0),
                  ncols=len(found), frameon=False, columnspacing=1.0, handlelength=1.0)  # fmt: skip
    return ax


@checked
def parameter_map(ax: Axes, maps: Any, output: str, *, x: str, y: str) -> Axes:
    """A number over two parameters, in cividis, with its scale beside it; nan stays white.

    Args:
        ax: the axes.
        maps: the Dataset of a sweep.
        output: which of its numbers.
        x: the parameter along the horizontal axis.
        y: the parameter along the vertical axis.

    Returns:
        The axes.

    Raises:
        ValueError: there is no such output or axis, or there are other axes.

    Examples:
        >>> import xarray
        >>> from matplotlib.figure import Figure
        >>> axes = {"hot": [1.0, 2.0], "gap": [0.5, 1.0]}
        >>> maps = xarray.Dataset({"work": (("hot", "gap"), np.eye(2))}, coords=axes)
        >>> ax = qt.plots.parameter_map(Figure().subplots(), maps, "work", x="gap", y="hot")
        >>> ax.get_xlabel(), ax.get_ylabel()
        ('gap', 'hot')
        >>> ax.collections[0].get_array()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    check_axes(ax)
    values = _plane(maps, "output", output, x, y, "name one of them.")
    drawn = ax.pcolormesh(
        maps[x], maps[y], values, shading="nearest", cmap="cividis", rasterized=True
    )
    ax.figure.colorbar(drawn, ax=ax, label=_worded(maps, output))
    _label(ax, maps, x, y)
    return ax


def _plane(maps: Any, argument: str, output: str, x: str, y: str, remedy: str) -> np.ndarray:
    """An output with y along the rows and x along the columns."""
    check_instance("maps", maps, _dataset(), "a `Dataset` of xarray, as of a sweep")
    if output not in maps:
        known = ", ".join(map(str, maps.data_vars))
        raise ValueError(
            f"`{argument}` must be what `maps` holds, {known}, got {output!r}; {remedy}"
        )
    dims = maps[output].dims
    if {x, y} - set(dims):
        raise ValueError(
            f"`x` and `y` must be axes of {output!r}, which are {', '.join(map(str, dims))}, got "
            f"{x!r} and {y!r}."
        )
    if set(dims) - {x, y}:
        raise ValueError(
            f"`maps` has {output!r} over {', '.join(map(str, dims))}, and a map needs {x!r} and "
            f"{y!r} alone; choose a value of every other one first, as `maps.isel(cold=0)`."
        )
    return np.asarray(maps[output].transpose(y, x))


def _dataset() -> Any:
    return optional("xarray", "qtjax.plots", '"qtjax[sweep]"').Dataset


def _worded(maps: Any, name: str) -> str:
    units = maps[name].attrs.get("units")
    return name if units is None else f"{name} ({units})"


def _label(ax: Axes, maps: Any, x: str, y: str) -> None:
    ax.set(xlabel=_worded(maps, x), ylabel=_worded(maps, y))
