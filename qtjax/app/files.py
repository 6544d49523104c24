"""Files of results: strict JSON, written whole or not at all, with the versions behind it."""

import importlib.metadata
import json
import math
import os
import platform
from pathlib import Path
from typing import Any


def write_json(path: Path, data: Any) -> None:
    """Write strict JSON atomically: nan and infinities become null.

    Args:
        path: where to.
        data: dicts, lists, tuples, numbers, strings, booleans and None.
    """
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(_plain(data), indent=2, allow_nan=False), encoding="utf-8")
    os.replace(temporary, path)


def read_json(path: Path) -> Any:
    """What `write_json` wrote.

    Raises:
        ValueError: the file is damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged or was cut off: {error}.") from error


def versions() -> dict[str, str]:
    """Versions of Python and of what the numbers depend on."""
    names = ("qtjax", "jax", "jaxlib", "equinox", "diffrax", "lineax", "optax", "numpy")
    found = {name: importlib.metadata.version(name) for name in names}
    return {"python": platform.python_version()} | found


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_plain(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return None
    return data
