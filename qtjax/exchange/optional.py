"""Libraries that only some programs need, imported where they are."""

import importlib
from typing import Any


def optional(name: str, user: str, extra: str) -> Any:
    """A library by its name.

    Args:
        name: of the library.
        user: the function that needs it.
        extra: what installs it.

    Raises:
        ImportError: it is not installed; the message says how to.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"`{user}` needs {name}: install it with `pip install {extra}`."
        ) from error
