"""Runs the Python blocks of a Markdown page and compares what it shows with what comes out.

A line that ends in `# -> 0.408, 3` states what its expression gives: numbers to the digits shown,
anything else as it prints. `python pages.py PAGE` runs the page as one program. With `quick` or
`slow` behind it every block runs by itself, on top of the first one alone: those without or those
with the line `<!-- slow -->` before them.
"""

import ast
import os
import re
import sys
from pathlib import Path

SHOWN = re.compile(r"# -> (.*?)\s*$")
NUMBER = re.compile(r"-?\d+(?:\.(\d*))?(?:e([+-]?\d+))?")


def environment():
    """Of processes that run programs of pages: most of their time is compilation."""
    return os.environ | {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}


def blocks(path):
    """The blocks of a page, each with the heading above it and whether it is marked as slow."""
    title, found = path.stem, []
    text = path.read_text(encoding="utf-8")
    pattern = r"^#+ ([^\n]*)$|^(<!-- slow -->\n)?```python\n(.*?)^```"
    for heading, slow, code in re.findall(pattern, text, re.M | re.S):
        title = heading or title
        if code:
            found.append((title, code, bool(slow)))
    return found


def leaves(value):
    """The numbers and words of a value in order."""
    import numpy as np

    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        return [leaf for part in value for leaf in leaves(part)]
    return [value] if isinstance(value, str | None) else list(np.ravel(value))


def agrees(value, shown):
    number = NUMBER.fullmatch(shown)
    if not number:
        return str(value) == shown
    unit = 10.0 ** (int(number[2] or 0) - len(number[1] or ""))
    return abs(float(value) - float(shown)) <= 0.51 * unit


def compare(value, shown, title):
    found, stated = leaves(value), shown.split(", ")
    if len(found) != len(stated) or not all(map(agrees, found, stated)):
        raise AssertionError(f"{title}: the page says {shown}, it is {found}")


def run(code, title, names):
    """A block run statement by statement; expressions followed by `# ->` are compared."""
    lines = code.splitlines()
    for node in ast.parse(code, title).body:
        shown = SHOWN.search(lines[node.end_lineno - 1])
        if shown:
            value = eval(compile(ast.Expression(node.value), title, "eval"), names)
            compare(value, shown[1], title)
        else:
            exec(compile(ast.Module([node], []), title, "exec"), names)


def run_page(path, part=None):
    names = {"__name__": "page"}
    for k, (title, code, slow) in enumerate(blocks(path)):
        if k and part and slow != (part == "slow"):
            continue
        try:
            run(code, title, dict(names) if k and part else names)
        except Exception as error:
            error.add_note(f"in the block of {path.name} under {title!r}")
            raise


if __name__ == "__main__":
    run_page(Path(sys.argv[1]), *sys.argv[2:])
