"""Runs the Python blocks of a Markdown page and compares what it shows with what comes out.

A line that ends in `# -> 0.408, 3` states what its expression gives: numbers to the digits shown,
anything else as it prints. `python pages.py PAGE` runs the page as one program;
with `--apart` every block but the first runs by itself, on top of the first one alone.
"""

import ast
import re
import sys
from pathlib import Path

SHOWN = re.compile(r"# -> (.*?)\s*$")
NUMBER = re.compile(r"-?\d+(?:\.(\d*))?(?:e([+-]?\d+))?")


def blocks(path):
    """The blocks of a page, each with the heading above it."""
    title, found = path.stem, []
    for heading, code in re.findall(
        r"^#+ (.*)$|^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S
    ):
        title = heading or title
        if code:
            found.append((title, code))
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


def run_page(path, apart):
    names = {"__name__": "page"}
    for k, (title, code) in enumerate(blocks(path)):
        try:
            run(code, title, dict(names) if apart and k else names)
        except Exception as error:
            error.add_note(f"in the block of {path.name} under {title!r}")
            raise


if __name__ == "__main__":
    run_page(Path(sys.argv[1]), "--apart" in sys.argv)
