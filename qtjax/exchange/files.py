"""Modules on disk, without pickle: what a file says is data, and only known classes are built.

A file is one line, `qtjax module` with the version of the format and the SHA-256 digest of all that
follows, and a zip archive of `module.json` and the arrays as NumPy writes them.
"""

import dataclasses
import hashlib
import importlib
import importlib.metadata
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._checked import checked
from .._checks import as_sequence, check_instance, described, is_concrete
from .._files import write_whole
from .._results import RESULTS, is_outcome

FORMAT = 1
MAGIC = b"qtjax module"
_MISFITS = (  # what a description that `save` did not write ends in
    LookupError, TypeError, AttributeError, RecursionError, MemoryError, OverflowError,
    json.JSONDecodeError, UnicodeDecodeError, zipfile.BadZipFile,
)  # fmt: skip
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every entry: the same module makes the same file
FLOORS = frozenset((
    "algebra", "numerics", "information", "dynamics", "models", "thermodynamics", "machines",
    "design", "exchange",
))  # fmt: skip


@checked
def save(path: str | Path, module: Any) -> None:
    """Write a module to a file that `load` reads back bit for bit, whole or not at all.

    Args:
        path: of the file; one that is there is replaced.
        module: an Equinox module of qtjax or of yours: a system, a bath, a cycle, a solution; or a
            tuple, list or dictionary of some.

    Raises:
        ValueError: it holds traced arrays, or what is no data, such as a plain function; give
            schedules, spectra and Hamiltonians as modules.
        OSError: the file cannot be written.

    Examples:
        >>> import tempfile
        >>> bath = qt.LocalBath(qt.destroy(2), 1.0, 0.5, qt.Flat(0.1))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     qt.exchange.save(f"{folder}/bath.qtjax", bath)
        ...     back = qt.exchange.load(f"{folder}/bath.qtjax")
        >>> bool(back.temperature == bath.temperature)
        True
    """
    writer = _Writer()
    data = {"qtjax": _version(), "module": writer.node(module, "module")}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        text = json.dumps(data, indent=1, allow_nan=False)
        opened.writestr(zipfile.ZipInfo("module.json", EPOCH), text)
        for k, array in enumerate(writer.arrays):
            held = io.BytesIO()
            np.save(held, array, allow_pickle=False)
            opened.writestr(zipfile.ZipInfo(f"{k}.npy", EPOCH), held.getvalue())
    content = archive.getvalue()
    write_whole(path, _first_line(content) + content)


@checked
def load(path: str | Path, *, classes: Sequence[type] = ()) -> Any:
    """The module that `save` wrote.

    Nothing of the file is executed: of classes it holds names, and only those of qtjax, and yours
    if you give them, are built.

    Args:
        path: of the file.
        classes: of yours that may be in it.

    Raises:
        ValueError: another kind of file, another version, a file that was cut off or changed, a
            class that is not known or has other fields now, or float64 arrays without x64.
        FileNotFoundError: there is no such file.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     qt.exchange.save(f"{folder}/spectrum.qtjax", qt.Ohmic(0.1, 5.0))
        ...     spectrum = qt.exchange.load(f"{folder}/spectrum.qtjax")
        >>> spectrum.strength, spectrum.cutoff
        (0.1, 5.0)
    """
    known = as_sequence("classes", classes, "a sequence of classes")
    for k, cls in enumerate(known):
        check_instance(f"classes[{k}]", cls, type, "a class")
    content = _content(Path(path))
    try:
        return _loaded(path, content, {_name(cls): cls for cls in known})
    except _MISFITS as error:
        raise ValueError(
            f"`path` {path} is not as `save` writes a module ({type(error).__name__}: {error}); "
            "write it again with `qtjax.exchange.save`."
        ) from error


def _loaded(path: str | Path, content: bytes, known: dict[str, type]) -> Any:
    """The module in what stands below the first line."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    data = json.loads(archive.read("module.json"))
    if _series(data["qtjax"]) != _series(_version()):
        raise ValueError(
            f"`path` {path} was written by qtjax {data['qtjax']}, and this is {_version()}, where "
            "fields may mean other things; load it with that version."
        )
    arrays = [_array(path, archive.read(f"{k}.npy")) for k in range(len(archive.namelist()) - 1)]
    return _Reader(str(path), arrays, known).built(data["module"])


def _array(path: str | Path, data: bytes) -> np.ndarray:
    try:
        return np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"`path` {path} holds what is no array of numbers: {error}") from error


class _Writer:
    """Turns a module into JSON, and collects its arrays."""

    def __init__(self) -> None:
        self.arrays: list[np.ndarray] = []
        self.places: dict[int, int] = {}
        self.kept: list[Any] = []  # so that no two objects have one identity

    def node(self, value: Any, where: str) -> Any:
        """What stands for a value: itself for plain ones, else a dictionary of one kind."""
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return {"float": value.hex()}
        if isinstance(value, complex):
            return {"complex": [value.real.hex(), value.imag.hex()]}
        if isinstance(value, jax.Array | np.ndarray | np.generic):
            return self._array(value, where)
        if is_outcome(value):
            own = value if value._enumeration is RESULTS else RESULTS.promote(value)
            return {"outcome": self.node(own._value, where)}
        if isinstance(value, eqx.Module):
            names = [field.name for field in dataclasses.fields(value)]
            fields = {n: self.node(getattr(value, n), f"{where}.{n}") for n in names}
            return {"class": _name(type(value)), "fields": fields}
        if isinstance(value, tuple) and hasattr(value, "_asdict"):
            fields = {n: self.node(v, f"{where}.{n}") for n, v in value._asdict().items()}  # pyright: ignore
            return {"class": _name(type(value)), "fields": fields}
        if type(value) in (tuple, list):
            items = [self.node(item, f"{where}[{k}]") for k, item in enumerate(value)]
            return {type(value).__name__: items}
        if type(value) is dict and all(isinstance(key, str) for key in value):
            return {"dict": {k: self.node(item, f"{where}[{k!r}]") for k, item in value.items()}}
        raise ValueError(
            f"`{where}` cannot be saved: it is {described(value)}. What is saved are modules, "
            "arrays, numbers, texts, and tuples, lists and dictionaries of them; write a function "
            "as a class with `__call__`."
        )

    def _array(self, value: Any, where: str) -> dict[str, Any]:
        if not is_concrete(value):
            raise ValueError(f"`{where}` is traced; call `save` outside `jit`, `vmap` and `grad`.")
        array = np.asarray(value)
        if array.dtype.kind not in "biufc":
            raise ValueError(f"`{where}` cannot be saved: its dtype is {array.dtype}.")
        if id(value) not in self.places:
            self.places[id(value)] = len(self.arrays)
            self.arrays.append(array)
            self.kept.append(value)
        kind = "jax" if isinstance(value, jax.Array) else "numpy"
        return {kind if array.ndim or kind == "jax" else _scalar(value): self.places[id(value)]}


class _Reader:
    """Builds a module from JSON and arrays."""

    def __init__(self, path: str, arrays: list[np.ndarray], classes: dict[str, type]):
        self.path, self.arrays, self.classes = path, arrays, classes
        self.on_device: dict[int, jax.Array] = {}  # what was one array is one again

    def built(self, node: Any) -> Any:
        """The value that a node stands for."""
        if not isinstance(node, dict):
            return node
        if "class" in node:
            return self._instance(node["class"], node["fields"])
        (kind, content), = node.items()  # fmt: skip
        builders: dict[str, Callable[[Any], Any]] = {
            "float": float.fromhex,
            "complex": lambda parts: complex(*map(float.fromhex, parts)),
            "jax": self._on_device,
            "numpy": lambda k: self.arrays[k],
            "scalar": lambda k: self.arrays[k][()],
            "outcome": self._outcome,
            "tuple": lambda items: tuple(map(self.built, items)),
            "list": lambda items: list(map(self.built, items)),
            "dict": lambda items: {key: self.built(item) for key, item in items.items()},
        }
        return builders[kind](content)

    def _instance(self, name: str, fields: dict[str, Any]) -> Any:
        cls = self.classes.get(name) or self._own(name)
        module = issubclass(cls, eqx.Module)
        wanted = [f.name for f in dataclasses.fields(cls)] if module else list(cls._fields)
        if wanted != list(fields):
            raise ValueError(
                f"`path` {self.path} holds a `{name}` with the fields {list(fields)}, which has "
                f"{wanted} now; write it again with this version."
            )
        values = {key: self.built(item) for key, item in fields.items()}
        if not module:
            return cls(**values)
        new = object.__new__(cls)  # what is loaded was checked when it was made
        for key, value in values.items():
            object.__setattr__(new, key, value)
        return new

    def _own(self, name: str) -> Any:
        """A class of qtjax, by its name."""
        module, _, kind = name.partition(":")
        package, *floor = module.split(".")
        found = None
        if package == "qtjax" and floor and floor[0] in FLOORS:
            home = f"qtjax.{floor[0]}"
            try:  # a class may have moved to another file of its floor since
                public = getattr(importlib.import_module(home), kind, None)
                found = public or getattr(importlib.import_module(module), kind, None)
            except ImportError:
                found = None
            if not getattr(found, "__module__", "").startswith(f"{home}."):
                found = None
        if not isinstance(found, type) or not _is_record(found):
            raise ValueError(
                f"`path` {self.path} holds a `{name}`, which is no class of qtjax; if it is one of "
                "yours, give it with `classes=`."
            )
        return found

    def _outcome(self, node: Any) -> Any:
        new = object.__new__(type(RESULTS.successful))
        object.__setattr__(new, "_value", self.built(node))
        object.__setattr__(new, "_enumeration", RESULTS)
        return new

    def _on_device(self, k: int) -> jax.Array:
        if k not in self.on_device:
            self.on_device[k] = jnp.asarray(self.arrays[k])
        if self.on_device[k].dtype != self.arrays[k].dtype:
            raise ValueError(
                f"`path` {self.path} holds arrays of {self.arrays[k].dtype}; enable it first, with "
                '`jax.config.update("jax_enable_x64", True)`.'
            )
        return self.on_device[k]


def _scalar(value: Any) -> str:
    return "scalar" if isinstance(value, np.generic) else "numpy"


def _is_record(cls: type) -> bool:
    """Whether a class is a module or a named tuple, which are data only."""
    return issubclass(cls, eqx.Module) or (issubclass(cls, tuple) and hasattr(cls, "_fields"))


def _name(cls: type) -> str:
    """Where a class is found again: its floor and its name, else its module and its name."""
    package, *floor = cls.__module__.split(".")
    if package == "qtjax" and floor and floor[0] in FLOORS:
        home = f"qtjax.{floor[0]}"
        if getattr(importlib.import_module(home), cls.__qualname__, None) is cls:
            return f"{home}:{cls.__qualname__}"
    return f"{cls.__module__}:{cls.__qualname__}"


def _first_line(content: bytes) -> bytes:
    return b"%s %d %s\n" % (MAGIC, FORMAT, hashlib.sha256(content).hexdigest().encode())


def _content(path: Path) -> bytes:
    """What stands below the first line, if that is as it should be."""
    line, _, content = path.read_bytes().partition(b"\n")
    if not line.startswith(MAGIC):
        raise ValueError(f"`path` {path} is no file of `qtjax.exchange.save`, or a damaged one.")
    if line.split(b" ")[2:3] != [b"%d" % FORMAT]:
        raise ValueError(
            f"`path` {path} has another version of the format than {FORMAT}, or is damaged; load "
            "it with the version of qtjax that wrote it."
        )
    if line + b"\n" != _first_line(content):
        raise ValueError(
            f"`path` {path} is damaged: its content does not have the checksum that was written "
            "with it. Copy it again from where it came."
        )
    return content


def _version() -> str:
    return importlib.metadata.version("qtjax")


def _series(version: str) -> list[str]:
    """Of versions that differ in what comes after, fields have the same meaning."""
    return version.split(".")[:2]
