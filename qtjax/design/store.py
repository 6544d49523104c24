"""The Zarr store of a sweep: one chunk per slice and variable, and what identifies it."""

import contextlib
import hashlib
import importlib
import importlib.metadata
import json
import math
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np

from .grid import POINT, Grid
from .outputs import Output

IDENTITY, MADE_WITH = "qtjax_sweep", "made_with"
SEAL = "metadata_sha256"  # of zarr.json without it
CONVENTIONS = {
    "units": "hbar = k_B = 1: temperatures, energies and rates in one unit; entropies in nats",
    "signs": "heat Q > 0 into the system, work W > 0 done on it",
}


class Store(eqx.Module):
    """An open store: its grid, what is stored at every point, and its arrays.

    Args:
        path: of the store, a folder.
        grid: its points and slices.
        outputs: what is stored at every point.
        arrays: the Zarr array of every output.
        made_with: versions and devices of the program that made it.
    """

    path: Path = eqx.field(static=True)
    grid: Grid
    outputs: tuple[Output, ...]
    arrays: dict[str, Any]
    made_with: dict[str, Any]

    def write(self, index: int, lanes: Sequence[np.ndarray]) -> None:
        """Store a slice.

        Args:
            index: of the slice.
            lanes: what was computed at its points, (lanes, ...) each, padding included.

        Raises:
            OSError: the disk is full, or the store cannot be written for another reason.
        """
        region = self.grid.region(index)
        with _said(self.path):
            for output, values in zip(self.outputs, lanes, strict=True):
                self.arrays[output.name][region] = self.grid.cut(index, values)

    def read(self, index: int) -> list[np.ndarray]:
        """A slice as it is stored, without padding.

        Args:
            index: of the slice.
        """
        region = self.grid.region(index)
        return [np.asarray(self.arrays[output.name][region]) for output in self.outputs]

    @property
    def slices(self) -> int:
        """How many slices there are."""
        return math.prod(self.grid.slices)

    def done(self) -> list[int]:
        """The slices of which all chunks are there and whole, found by their checksums."""
        return [k for k in range(self.slices) if all(map(_is_whole, self._chunks(k)))]

    def missing(self) -> list[int]:
        """The other slices; their chunks that are not whole are removed."""
        done = set(self.done())
        left = [k for k in range(self.slices) if k not in done]
        for chunk in (chunk for k in left for chunk in self._chunks(k)):
            if not _is_whole(chunk):
                chunk.unlink(missing_ok=True)
        return left

    def tidy(self) -> None:
        """Remove what a kill in the middle of a write left beside its place."""
        for output in self.outputs:
            for path in (self.path / output.name).rglob("*.partial"):
                path.unlink(missing_ok=True)

    def _chunks(self, index: int) -> Iterator[Path]:
        for output in self.outputs:
            place = self.grid.place(index) + (0,) * len(output.shape)
            yield self.path.joinpath(output.name, "c", *map(str, place))


def create(
    path: Path,
    grid: Grid,
    outputs: Sequence[Output],
    attributes: Mapping[str, Mapping[str, Any]],
    made_with: Mapping[str, Any],
) -> None:
    """Make a store without results, whole or not at all.

    Args:
        path: where to.
        grid: its points and slices.
        outputs: what is stored at every point.
        attributes: of variables and parameters, by name.
        made_with: versions and devices.
    """
    zarr = _zarr()
    part = path.with_name(f"{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    with _said(path), _or_removed(part), warnings.catch_warnings():
        # xarray reads consolidated metadata at once; zarr says that they are no standard yet
        warnings.filterwarnings("ignore", message="Consolidated metadata")
        root = zarr.create_group(part, attributes=_root_attributes(grid, outputs, made_with))
        for name, values in grid.values.items():
            axis = POINT if grid.zipped else name
            array = root.create_array(
                name, shape=values.shape, dtype=values.dtype, dimension_names=(axis,),
                chunks=grid.block if grid.zipped else values.shape,
                attributes=dict(attributes.get(name, {})), **_codecs(),
            )  # fmt: skip
            array[:] = values
        for output in outputs:
            inner = tuple(f"{output.name}_{k}" for k in range(len(output.shape)))
            root.create_array(
                output.name, shape=grid.shape + output.shape, chunks=grid.block + output.shape,
                dtype=output.dtype, fill_value=output.unfinished,
                dimension_names=grid.axes + inner,
                attributes=_attributes(output, grid) | dict(attributes.get(output.name, {})),
                **_codecs(),
            )  # fmt: skip
        zarr.consolidate_metadata(part)
        _seal(part / "zarr.json")
        for file in filter(Path.is_file, part.rglob("*")):
            with open(file, "rb") as opened:
                os.fsync(opened.fileno())
        os.rename(part, path)


def open_store(path: Path) -> Store:
    """A store that a sweep made.

    Args:
        path: of it.

    Raises:
        ValueError: there is something else, or its metadata or parameters are damaged.
    """
    zarr = _zarr()
    attributes = _checked_attributes(path)
    identity = attributes[IDENTITY]
    # metadata that were consolidated are never out of date: nothing is added to a store
    root = zarr.open_group(path, mode="r+")
    names = identity["parameters"]
    for name in names:
        _check_parameter(path, name, root[name], identity["values"][name])
    grid = Grid({n: root[n] for n in names}, identity["zipped"], tuple(identity["block"]))
    outputs = tuple(
        Output(name, tuple(shape), dtype) for name, (shape, dtype) in identity["outputs"].items()
    )
    arrays = {
        output.name: zarr.open_array(
            path, path=output.name, mode="r+", config={"write_empty_chunks": True}
        )
        for output in outputs
    }
    return Store(path, grid, outputs, arrays, attributes[MADE_WITH])


def is_sweep(path: Path) -> bool:
    """Whether a sweep made what is at a path; also where it is damaged, so that this is told.

    Args:
        path: of a folder.
    """
    try:
        found = (path / "zarr.json").read_bytes()
    except OSError:
        return False
    whole = found.rstrip().endswith(b"}")
    return not whole or IDENTITY.encode() in found or SEAL.encode() in found


def check_same(path: Path, grid: Grid, outputs: Sequence[Output]) -> None:
    """Raise unless the store of a path was made for this grid and these outputs by this version.

    Args:
        path: of a store.
        grid: of this sweep.
        outputs: of this sweep.

    Raises:
        ValueError: it was not; the message says what differs.
    """
    zarr = _zarr()
    stored = dict(zarr.open_group(path, mode="r").attrs)[IDENTITY]
    wanted = json.loads(json.dumps(identity_of(grid, outputs)))
    words = {
        "qtjax": "version of qtjax", "parameters": "parameters", "zipped": "kind of grid (zipped)",
        "shape": "number of points", "block": "slice size", "values": "values of the grid",
        "outputs": "outputs of the function",
    }  # fmt: skip
    for key, word in words.items():
        if stored.get(key) != wanted[key]:
            shown = (
                "" if key == "values" else f", {stored.get(key)} where this one has {wanted[key]}"
            )
            raise ValueError(
                f"`store` {path} is a sweep with another {word}{shown}; it was left as it is. "
                "Name another path, or remove it yourself."
            )


def identity_of(grid: Grid, outputs: Sequence[Output]) -> dict[str, Any]:
    """What two sweeps that go into one store have in common.

    Args:
        grid: its points and slices.
        outputs: what is stored at every point.
    """
    return {
        "qtjax": importlib.metadata.version("qtjax"),
        "parameters": list(grid.values),
        "zipped": grid.zipped,
        "shape": list(grid.shape),
        "block": list(grid.block),
        "values": {name: _digest_of_values(v) for name, v in grid.values.items()},
        "outputs": {output.name: [list(output.shape), output.dtype] for output in outputs},
    }


def made_with() -> dict[str, Any]:
    """Versions and devices that numbers depend on to the last bit."""
    devices = jax.local_devices()
    return {
        "jax": jax.__version__,
        "device": devices[0].device_kind,
        "devices": len(devices),
    }


def xarray_package() -> Any:
    """The package xarray.

    Raises:
        ImportError: it or zarr is not installed; the message says how.
    """
    try:
        import google_crc32c  # noqa: F401
        import xarray
        import zarr  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f'`sweep` needs {error.name}: install it with `pip install "qtjax[sweep]"`.'
        ) from error
    return xarray


def _digest_of_values(values: Any) -> str:
    return f"{values.dtype} {hashlib.sha256(np.ascontiguousarray(values).data).hexdigest()}"


def _digest(metadata: dict[str, Any]) -> str:
    """Of the metadata of a store, all but the checksum itself."""
    attributes = {k: v for k, v in metadata["attributes"].items() if k != SEAL}
    text = json.dumps({**metadata, "attributes": attributes}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _seal(path: Path) -> None:
    """Write the checksum of the metadata into them."""
    metadata = json.loads(path.read_bytes())
    metadata["attributes"][SEAL] = _digest(metadata)
    path.write_text(json.dumps(metadata, indent=2))


def _checked_attributes(path: Path) -> dict[str, Any]:
    """The attributes of a store, whose metadata are those that were written."""
    try:
        metadata = json.loads((path / "zarr.json").read_bytes())
        whole = metadata["attributes"][SEAL] == _digest(metadata)
        for name, inner in metadata["consolidated_metadata"]["metadata"].items():
            whole &= json.loads((path / name / "zarr.json").read_bytes()) == inner
        if not whole:
            raise ValueError("a checksum is of something else")
        return metadata["attributes"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"`store` {path} is there, but is no store of `qtjax.sweep`, or a damaged one (its "
            f"metadata: {error}); nothing was changed. Copy it again from where it came, or name "
            "another path."
        ) from error


def _check_parameter(path: Path, name: str, values: Any, digest: str) -> None:
    """Raise where the values of a parameter are not those that were written."""
    try:
        whole = _digest_of_values(np.asarray(values[:])) == digest
    except Exception:  # whatever a codec says of bytes that are not its own
        whole = False
    if not whole:
        raise ValueError(
            f"`store` {path} is damaged: the values of its parameter {name!r} are not those that "
            "were written; nothing was changed. Copy it again from where it came, or name another "
            "path."
        )


def _zarr() -> Any:
    # its types say less than its documents
    return importlib.import_module("zarr")


def _root_attributes(
    grid: Grid, outputs: Sequence[Output], made_with: Mapping[str, Any]
) -> dict[str, Any]:
    return {**CONVENTIONS, IDENTITY: identity_of(grid, outputs), MADE_WITH: dict(made_with)}


def _attributes(output: Output, grid: Grid) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if np.dtype(output.dtype).kind in "iu":
        found["unfinished"] = output.unfinished
    if output.meanings is not None:
        found["flag_values"] = list(output.meanings.values())
        found["flag_meanings"] = " ".join(output.meanings)
    if grid.zipped:
        found["coordinates"] = " ".join(grid.values)
    return found


def _codecs() -> dict[str, Any]:
    """Compressed, with a checksum at the end by which a chunk that was cut off is found."""
    from zarr.codecs import Crc32cCodec, ZstdCodec

    return {"compressors": [ZstdCodec(level=3), Crc32cCodec()]}


def _is_whole(chunk: Path) -> bool:
    """Whether a chunk is there and its checksum right."""
    import google_crc32c

    try:
        data = chunk.read_bytes()
    except FileNotFoundError:
        return False
    return len(data) > 4 and google_crc32c.value(data[:-4]).to_bytes(4, "little") == data[-4:]


@contextlib.contextmanager
def _or_removed(folder: Path) -> Iterator[None]:
    """Remove a folder that could not be written, as on a full disk."""
    try:
        yield
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextlib.contextmanager
def _said(path: Path) -> Iterator[None]:
    """Errors of the file system in words of a sweep."""
    try:
        yield
    except OSError as error:
        raise OSError(
            error.errno,
            f"`store` {path} cannot be written ({error.strerror or error}). What was stored "
            "stays readable; make room (or mend the cause) and start the same sweep again, and it "
            "goes on from there",
        ) from error
