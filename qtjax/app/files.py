"""Files of results: strict JSON, written whole or not at all, with the versions behind it.

Every object that stands outermost carries, under `sha256`, the digest of the rest of it, so that a
number which changed on the disk is not taken for one that was computed.
"""

import hashlib
import importlib.metadata
import io
import json
import math
import platform
from pathlib import Path
from typing import Any

from .._files import write_whole

SEAL = "sha256"


def write_json(path: Path, data: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Write strict JSON atomically, with checksums: nan and infinities become null.

    Args:
        path: where to.
        data: an object, or a list of some, of dicts, lists, tuples, numbers, strings, booleans and
            None.

    Raises:
        OSError: the file cannot be written; what was there is still there.
    """
    plain = _plain(data)
    sealed = [_sealed(one) for one in plain] if isinstance(plain, list) else _sealed(plain)
    write_whole(path, json.dumps(sealed, indent=2, allow_nan=False))


def read_json(path: Path) -> Any:
    """What `write_json` wrote.

    Args:
        path: of the file.

    Raises:
        ValueError: the file is damaged, was changed, or has no checksum.
        OSError: it cannot be read.
    """
    try:
        data = json.loads(path.read_bytes().decode())
        return [_opened(one) for one in data] if isinstance(data, list) else _opened(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} is damaged, was cut off or was changed after it was written ({error}); copy "
            "it again from where it came, or run the command that wrote it once more."
        ) from error


def write_png(path: Path, figure: Any) -> None:
    """Write a Matplotlib figure as a PNG file, whole or not at all.

    Args:
        path: where to.
        figure: the figure.

    Raises:
        OSError: the file cannot be written; what was there is still there.
    """
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=150)
    write_whole(path, data.getvalue())


def versions() -> dict[str, str]:
    """Versions of Python and of what the numbers depend on."""
    names = ("qtjax", "jax", "jaxlib", "equinox", "diffrax", "lineax", "optax", "numpy")
    found = {name: importlib.metadata.version(name) for name in names}
    return {"python": platform.python_version()} | found


def _sealed(plain: dict[str, Any]) -> dict[str, Any]:
    return {**plain, SEAL: _digest(plain)}


def _opened(sealed: Any) -> dict[str, Any]:
    """An object without its checksum; raises where that is not of the rest."""
    if not isinstance(sealed, dict) or SEAL not in sealed:
        raise ValueError(f"it has no checksum `{SEAL}`")
    plain = {key: value for key, value in sealed.items() if key != SEAL}
    if sealed[SEAL] != _digest(plain):
        raise ValueError("its checksum is of something else")
    return plain


def _digest(plain: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plain, allow_nan=False).encode()).hexdigest()


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data
