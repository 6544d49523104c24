"""All papers by name: every file of this folder that is called after an author and a year."""

import importlib
import pkgutil
import re

from .entries import Paper

_FOLDER = __package__ or ""
_FILES = sorted(
    found.name
    for found in pkgutil.iter_modules(importlib.import_module(_FOLDER).__path__)
    if re.fullmatch(r"[a-z_]+_\d{4}", found.name)
)
_MODULES = [importlib.import_module(f"{_FOLDER}.{name}") for name in _FILES]
PAPERS: dict[str, Paper] = {module.PAPER.name: module.PAPER for module in _MODULES}
