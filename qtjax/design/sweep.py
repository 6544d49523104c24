"""A function over a grid of parameters, slice by slice, into a store that survives."""

import math
import os
import shutil
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .._checked import checked
from .cluster import distribute, made_by
from .grid import Grid, grid_of, in_slices
from .outputs import Output, outputs_of
from .program import Program
from .slices import compute
from .store import Store, check_same, create, made_with, open_store, xarray_package

SLICE_SIZE, SLICE_BYTES = 2**14, 2**26  # points of a slice, and what it returns, at most


@checked
def sweep(
    f: Callable[..., Any],
    grid: Any,
    *,
    store: str | os.PathLike[str],
    zipped: bool = False,
    slice_size: int | None = None,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    client: Any = None,
) -> Any:
    """A function at every point of a grid, stored as it is computed.

    Slice by slice, each one call of one compiled program over all local devices. A sweep that was
    killed goes on where it was when the same program is run again, and ends with the same store.

    Args:
        f: a function of named scalars that JAX can trace; returns a number, or a dict, named tuple
            or Equinox module of numbers and small arrays. A `result` is stored as an integer.
        grid: a dict from the name of every parameter to its values.
        store: path of the Zarr store; `xarray.open_zarr` reads it while the sweep runs.
        zipped: take the parameters together, along one axis `point`, instead of every combination.
        slice_size: points per slice at most; 16,384 by default, or less where much is returned.
        attributes: further attributes of parameters and outputs, by name, as
            `{"work": {"units": "meV"}}`.
        client: a `distributed.Client`, to share the slices among its workers.

    Returns:
        An `xarray.Dataset` that reads from the store when asked: the axes are named after the
        parameters. Points without a value are nan.

    Raises:
        ImportError: zarr or xarray is not installed.
        ValueError: a grid that is none, or has more points than the disk holds; a function that
            does not take its parameters, or returns what is no array; a store of another sweep,
            which is left as it is; a client whose workers have other versions.
        OSError: the store cannot be written, as on a full disk. What is stored stays readable.
        RuntimeError: one point does not fit the memory of the device.

    Examples:
        >>> import tempfile
        >>> grid = {"x": [1.0, 2.0], "y": [3.0, 4.0]}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     maps = qt.sweep(lambda x, y: x * y, grid, store=f"{folder}/maps.zarr").load()
        >>> maps.value.values
        [[3.0, 4.0], [6.0, 8.0]]
    """
    xarray = xarray_package()
    outputs, points = _asked(f, grid, zipped, slice_size, attributes or {})
    _check_room(_path(store), points, outputs)
    path, here = _path(store), made_with() if client is None else made_by(client)
    if path.exists():
        open_store(path)
        check_same(path, points, outputs)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        create(path, points, outputs, attributes or {}, here)
    opened = open_store(path)
    _warn_of_other_devices(opened, here)
    opened.tidy()
    missing = opened.missing()
    if client is None:
        done = compute(Program(f), opened, missing)
    else:
        done = distribute(client, f, opened, missing)
    from .progress_bar import follow  # here, as it takes long to import

    follow(done, points, missing)
    opened.tidy()
    return xarray.open_zarr(path, chunks=None)


def _asked(
    f: Callable[..., Any],
    grid: Any,
    zipped: bool,
    slice_size: int | None,
    attributes: Mapping[str, Mapping[str, Any]],
) -> tuple[tuple[Output, ...], Grid]:
    """What is stored at every point, and the points in their slices."""
    whole = grid_of(grid, zipped)
    outputs = outputs_of(f, whole.values)
    if slice_size is None:
        slice_size = max(1, min(SLICE_SIZE, SLICE_BYTES // max(1, sum(o.size for o in outputs))))
    known = [*whole.values, *(output.name for output in outputs)]
    for name in attributes:
        if name not in known:
            raise ValueError(
                f"`attributes` has {name!r}, which is neither a parameter nor an output; these "
                f"are {', '.join(known)}."
            )
    return outputs, in_slices(whole, slice_size)


def _check_room(path: Path, points: Grid, outputs: tuple[Output, ...]) -> None:
    """Raise where the values of all points are more than the whole disk of the store."""
    count, each = math.prod(points.shape), sum(output.size for output in outputs)
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    disk = shutil.disk_usage(there).total
    if count * each > disk:
        raise ValueError(
            f"`grid` asks for {count:.3g} points of {each} bytes, {count * each / 2**30:.3g} GiB "
            f"in all, and the disk of `store` has {disk / 2**30:.3g} GiB; take fewer values of a "
            "parameter, or return less."
        )


def _path(store: str | os.PathLike[str]) -> Path:
    if "://" in os.fspath(store):
        raise ValueError(
            f"`store` must be a path, got {store!r}; write to a (shared) file system, and copy "
            "the folder to where it shall be."
        )
    return Path(store).absolute()


def _warn_of_other_devices(opened: Store, here: dict[str, Any]) -> None:
    if opened.made_with != here:
        warnings.warn(
            f"`store` was begun with {opened.made_with} and goes on with {here}: the numbers of "
            "both parts are equal to rounding, not bit for bit.",
            stacklevel=3,
        )
