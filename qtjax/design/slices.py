"""The slices of a sweep, computed and stored one after the other in this process."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .program import Program
from .store import Store

FEW = 0.01  # of the points of a slice may differ, as codes do where a regime ends


def compute(program: Program, store: Store, missing: Sequence[int]) -> Iterator[int]:
    """Compute and store slices; the next one is computed while one is written.

    Args:
        program: of the sweep.
        store: to write to.
        missing: the slices.

    Returns:
        The slices as they are stored.

    Raises:
        ValueError: what is stored already is not of this function.
    """
    check(program, store, missing)
    before: Any = None
    for index in missing:
        points = store.grid.points(index)
        started = program.start(points)
        if before is not None:
            yield finish(program, store, *before)
        before = index, points, started
    if before is not None:
        yield finish(program, store, *before)


def finish(
    program: Program, store: Store, index: int, points: dict[str, np.ndarray], started: Any
) -> int:
    """Wait for a slice, store it and return its index.

    Args:
        program: that started it.
        store: to write to.
        index: of the slice.
        points: of the slice.
        started: what the program returned.
    """
    store.write(index, program.finish(points, started))
    return index


def check(program: Program, store: Store, missing: Sequence[int]) -> None:
    """Raise if the first slice that is stored is not what this program computes.

    Equal to rounding, and a few codes apart, will do: it may have come from another device.

    Args:
        program: of the sweep.
        store: where it goes on.
        missing: slices that are not stored.

    Raises:
        ValueError: it is not.
    """
    absent = set(missing)
    index = next((k for k in range(store.slices) if k not in absent), None)
    if index is None:
        return
    points = store.grid.points(index)
    found = program.finish(points, program.start(points))
    stored = store.read(index)
    for output, lanes, old in zip(store.outputs, found, stored, strict=True):
        new = store.grid.cut(index, lanes)
        if np.mean(~_agree(new, old)) > FEW:
            raise ValueError(
                f"`store` {store.path} holds other values of {output.name!r} than this function "
                "has: it is a sweep of another function, and was left as it is. Name another path, "
                "or remove it yourself."
            )


def _agree(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """Where two results are the same but for rounding; nan is nan."""
    if new.dtype.kind in "iu":
        return new == old
    finite = np.abs(old[np.isfinite(old)])
    tolerance = np.sqrt(np.finfo(old.dtype).eps)
    size = finite.max(initial=0.0)
    with np.errstate(invalid="ignore"):
        close = np.abs(new - old) <= tolerance * (np.abs(old) + size)
    return close | (np.isnan(new) & np.isnan(old)) | (new == old)
