"""The points of a sweep, and its slices: blocks of the grid, all of one shape."""

import math
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import numpy as np

from .._checks import as_finite, described

POINT = "point"  # the axis of a zipped grid


class Grid(eqx.Module):
    """Named values of parameters, every combination of them or zipped, cut into slices.

    Args:
        values: of every parameter, (points,) each; Zarr arrays are read when needed.
        zipped: whether they are taken together, along one axis, instead of in all combinations.
        block: points of a slice along every axis; the slices at an end may stick out.
    """

    values: dict[str, Any]
    zipped: bool = eqx.field(static=True)
    block: tuple[int, ...] = eqx.field(static=True)

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the axes."""
        return (POINT,) if self.zipped else tuple(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        """Points along every axis."""
        return shape_of(self.values, self.zipped)

    @property
    def slices(self) -> tuple[int, ...]:
        """Slices along every axis."""
        pairs = zip(self.shape, self.block, strict=True)
        return tuple(-(-points // length) for points, length in pairs)

    def place(self, index: int) -> tuple[int, ...]:
        """Where a slice is, in slices along every axis.

        Args:
            index: of the slice, the last axis running fastest.
        """
        return tuple(int(k) for k in np.unravel_index(index, self.slices))

    def region(self, index: int) -> tuple[slice, ...]:
        """The part of the grid that a slice covers.

        Args:
            index: of the slice.
        """
        triples = zip(self.place(index), self.block, self.shape, strict=True)
        return tuple(slice(k * b, min((k + 1) * b, n)) for k, b, n in triples)

    def count(self, index: int) -> int:
        """Points of a slice, without padding.

        Args:
            index: of the slice.
        """
        return math.prod(r.stop - r.start for r in self.region(index))

    def points(self, index: int) -> dict[str, np.ndarray]:
        """The parameters at all points of a slice, (lanes,) each; the last repeated as padding.

        Args:
            index: of the slice.
        """
        parts = [
            _padded(values[region], length)
            for values, region, length in zip(
                self.values.values(), self._by_parameter(self.region(index)),
                self._by_parameter(self.block), strict=True,
            )
        ]  # fmt: skip
        meshes = parts if self.zipped else np.meshgrid(*parts, indexing="ij")
        return {name: m.ravel() for name, m in zip(self.values, meshes, strict=True)}

    def _by_parameter(self, by_axis: tuple) -> tuple:
        """One entry per parameter; zipped ones share the only axis."""
        return by_axis * len(self.values) if self.zipped else by_axis

    def cut(self, index: int, lanes: np.ndarray) -> np.ndarray:
        """What was computed at `points`, in the shape of `region`, without the padding.

        Args:
            index: of the slice.
            lanes: (lanes, ...).
        """
        whole = lanes.reshape(self.block + lanes.shape[1:])
        return whole[tuple(slice(0, r.stop - r.start) for r in self.region(index))]


def grid_of(values: Any, zipped: bool) -> Grid:
    """A grid of one slice from what a user gives.

    Args:
        values: a dict from the name of a parameter to its values.
        zipped: as of `Grid`.

    Raises:
        ValueError: no dict, no parameters, values that are not finite numbers along one axis, none
            of them, a value twice in a grid of all combinations, or unequal lengths of zipped ones.
    """
    if not isinstance(values, Mapping) or not values:
        raise ValueError(
            "`grid` must be a dict from the name of every parameter to its values, "
            f"got {described(values)}."
        )
    arrays = {str(name): _axis(str(name), given) for name, given in values.items()}
    lengths = {name: len(array) for name, array in arrays.items()}
    if zipped and len(set(lengths.values())) > 1:
        raise ValueError(
            f"`grid` is zipped, so all parameters must have the same length, got {lengths}; "
            "leave `zipped` out for all combinations."
        )
    if not zipped:
        _check_unique(arrays)
    return Grid(arrays, zipped, shape_of(arrays, zipped))


def in_slices(grid: Grid, length: int) -> Grid:
    """The grid cut into slices of at most so many points.

    Args:
        grid: the grid.
        length: points per slice at most.

    Raises:
        ValueError: no whole number above 0.
    """
    if not isinstance(length, int) or isinstance(length, bool) or length < 1:
        raise ValueError(
            f"`slice_size` must be a whole number of points above 0, got {described(length)}."
        )
    return Grid(grid.values, grid.zipped, block_of(grid.shape, length))


def shape_of(values: dict[str, Any], zipped: bool) -> tuple[int, ...]:
    """Points along every axis.

    Args:
        values: as of `Grid`.
        zipped: as of `Grid`.
    """
    lengths = tuple(array.shape[0] for array in values.values())
    return lengths[:1] if zipped else lengths


def block_of(shape: tuple[int, ...], length: int) -> tuple[int, ...]:
    """The shape of a slice of at most `length` points: whole last axes, as far as they go.

    An axis that has to be cut is cut evenly, so that little is padded.

    Args:
        shape: of the grid.
        length: at most so many points.
    """
    block, room = [], length
    for points in reversed(shape):
        pieces = -(-points // room)
        block.append(-(-points // pieces))
        room = room // points if pieces == 1 else 1
        room = max(room, 1)
    return tuple(reversed(block))


def _padded(part: Any, length: int) -> np.ndarray:
    return np.asarray(part)[np.minimum(np.arange(length), len(part) - 1)]


def _axis(name: str, given: Any) -> np.ndarray:
    wanted = "numbers along one axis"
    if not name.isidentifier() or name == POINT:
        raise ValueError(
            f"`grid` has a parameter {name!r}; a parameter is an argument of the function, "
            f"so its name must be one in Python (and not {POINT!r})."
        )
    array = np.asarray(as_finite(f"grid[{name!r}]", given, wanted))
    if array.ndim != 1 or array.size == 0:
        raise ValueError(
            f"`grid[{name!r}]` must be {wanted}, at least one, got the shape {array.shape}; "
            "give one number as a list, `[0.5]`."
        )
    return array


def _check_unique(arrays: dict[str, np.ndarray]) -> None:
    for name, array in arrays.items():
        if len(np.unique(array)) < len(array):
            raise ValueError(
                f"`grid[{name!r}]` has a value twice; in a grid of all combinations every value "
                "stands once (`zipped=True` takes points as they are)."
            )
