"""What all figures share: colors and line styles, words with units, and checks of what is drawn.

Colors are those of Okabe and Ito without their yellow, which is too light for a line; every line
has a style of its own beside its color, so that a figure can be read in grey.
"""

from typing import Any

import jax
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import is_color_like

from .._checks import (
    as_sequence,
    check_finite,
    check_instance,
    described,
    is_concrete,
    real_numbers,
)

BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
_LINES: tuple[tuple[str, Any], ...] = (
    (BLUE, "-"), (VERMILION, "--"), (GREEN, "-."), (BLACK, ":"), (PURPLE, (0, (5, 1, 1, 1, 1, 1))),
    (ORANGE, (0, (8, 2))), (SKY, (0, (1, 1))),
)  # fmt: skip
CONTACTS = {"hot": VERMILION, "cold": BLUE}

TIME = r"time $t$ ($\hbar$ / energy)"
RATE = "nats per time"
TEMPERATURE = "generalized temperature $Q'/S'$ (energy)"
ENTROPY = "von Neumann entropy $S$ (nats)"


def line(k: int) -> dict[str, Any]:
    """Color and style of the k-th line of a figure, for `Axes.plot`."""
    color, style = _LINES[k % len(_LINES)]
    return {"color": color, "linestyle": style}


def check_axes(ax: Any) -> None:
    """Raise unless `ax` is an Axes of Matplotlib."""
    remedy = "an Axes of Matplotlib, as `Figure().subplots()` returns"
    check_instance("ax", ax, Axes, remedy)


def as_times(name: str, ts: Any) -> np.ndarray:
    """A vector of times that a line can be drawn over.

    Raises:
        ValueError: traced, batched, or a single time.
    """
    if not is_concrete(ts):
        raise ValueError(f"`{name}` is traced; draw outside `jit`, `vmap` and `grad`.")
    times = np.asarray(real_numbers(name, ts))
    if times.ndim > 1:
        raise ValueError(
            f"`{name}` has the shape {times.shape} of a batch; draw one lane of it, as "
            "`jax.tree.map(lambda x: x[0], solution)`."
        )
    if times.size < 2:
        raise ValueError(
            f"`{name}` holds a single time, and a line needs two or more: give `evolve` more times."
        )
    check_finite(name, times)
    return times


def saved(solution: Any, kind: type, how: str) -> Any:
    """What a trajectory saved of one kind, wherever in the tree it is.

    Raises:
        ValueError: it saved none, or several.
    """
    leaves = jax.tree.leaves(solution.saved, is_leaf=lambda x: isinstance(x, kind))
    found = [leaf for leaf in leaves if isinstance(leaf, kind)]
    if len(found) != 1:
        number = "none" if not found else f"{len(found)} of them"
        raise ValueError(
            f"`solution.saved` must hold one `{kind.__name__}`, and it holds {number}: "
            f"evolve with `{how}`."
        )
    return found[0]


def as_names(name: str, names: Any, count: int, default: str) -> list[str]:
    """So many names, numbered ones for `None`.

    Raises:
        ValueError: another number of them.
    """
    if names is None:
        return [f"{default} {k + 1}" for k in range(count)]
    found = [names] if isinstance(names, str) else as_sequence(name, names, f"{count} names")
    if len(found) != count or not all(isinstance(one, str) for one in found):
        raise ValueError(f"`{name}` must be {count} names, got {described(names)}.")
    return list(found)


def check_color(color: Any) -> None:
    """Raise unless `color` is one of Matplotlib, or None."""
    if color is not None and not is_color_like(color):
        raise ValueError(f'`color` must be one of Matplotlib, such as "C0", got {color!r}.')


def finite(values: Any) -> np.ndarray:
    """The values with nan, which is not drawn, for what is infinite."""
    array = np.asarray(values)
    return np.where(np.isfinite(array), array, np.nan)


def legend(ax: Axes, columns: int = 2) -> None:
    """A legend above the axes, where it covers nothing."""
    ax.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, fontsize="small",
        frameon=False, handlelength=2.6, columnspacing=1.4,
    )  # fmt: skip
