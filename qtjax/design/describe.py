"""What an optimum and a front print."""

from typing import Any

import jax
import numpy as np

from .._checks import is_concrete
from .._describe import Description, number, several


def describe_optimum(optimum: Any) -> Description:
    """Loss, violation, steps, and what was free."""
    steps = np.shape(optimum.history.loss)[-1]
    leaves = jax.tree.leaves_with_path(optimum.parameters)
    rows = [("loss", number(optimum.loss)), ("violation", number(optimum.violation))]
    if is_concrete(optimum.frozen):
        frozen = np.asarray(optimum.frozen)
        rows.append(("met a nan", f"{int(frozen.sum())} of {several(frozen.size, 'start')}"))
    rows += [(f"parameters{jax.tree_util.keystr(path)}", _leaf(leaf)) for path, leaf in leaves]
    return Description(f"Optimum: after {several(steps, 'step')}", rows)


def describe_front(front: Any) -> Description:
    """How many points there are, how many count, and what both objectives span."""
    if not is_concrete(front.values) or front.values.ndim != 2:
        return Description(f"Front: values {number(front.values)}")
    values = np.asarray(front.values)
    good = np.asarray(front.feasible & ~front.dominated)
    rows = [
        ("feasible", f"{int(np.sum(front.feasible))} of {len(values)}"),
        ("dominated", f"{int(np.sum(front.dominated))} of {len(values)}"),
    ]
    if good.any():
        low, high = values[good].min(axis=0), values[good].max(axis=0)
        rows += [
            (name, f"{low[k]:.6g} to {high[k]:.6g}")
            for k, name in enumerate(("first objective", "second objective"))
        ]
    rows.append(("finer steps change", f"{np.max(np.abs(front.change)):.1e} at most"))
    return Description(f"Front: {several(len(values), 'point')}", rows)


def _leaf(leaf: Any) -> str:
    shape = np.shape(leaf)
    return number(leaf) if not shape else f"array of shape {shape}"
