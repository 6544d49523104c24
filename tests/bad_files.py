"""Engine files with one value at a time replaced, and command lines that cannot be meant.

Run as a program, it prints as JSON what comes of each: `python tests/bad_files.py 23` tries every
23rd engine file, and all command lines. A program of its own, as `bad_weather` is.
"""

import copy
import functools
import itertools
import json
import math
import os
import sys
import tempfile
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import tomli_w
from typer.testing import CliRunner

import qtjax as qt
from qtjax import engine
from qtjax.app.commands import app

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_disable_most_optimizations", True)

GONE = object()
WRONG = {
    "gone": GONE, "text": "nonsense", "no letters": "", "a number as text": "1.0", "true": True,
    "nan": math.nan, "infinite": math.inf, "huge": 1e300, "negative": -1.0, "zero": 0.0,
    "a whole number": 10**12, "no list": [], "a list": [1.0], "a list of lists": [[1.0]],
    "lists of nothing": [[]], "no table": {}, "a table": {"a": 1.0}, "texts": ["x", "y", "z"],
}  # fmt: skip
STEADY = {
    "kind": "steady",
    "hamiltonian": [[0.5, "0.1-0.2j"], ["0.1+0.2j", -0.5]],
    "energy": {"sigmaz": 0.5},
    "baths": {"sea": {
        "temperature": 1.0, "couplings": ["sigmax", {"sigmax": 0.5, "sigmay": 0.5}],
        "spectrum": {"ohmic": 0.1, "cutoff": 5.0}, "zero_frequency": 0.1,
    }},
}  # fmt: skip


@functools.cache
def machines() -> dict[str, dict[str, Any]]:
    """Files that are right, as data."""
    cycle = tomllib.loads(engine.REFERENCE.read_text(encoding="utf-8"))
    cycle["sweep"] = {
        "temperatures": {"hot": [1.0, 6.0, 3.0]}, "durations": {"expansion": [1, 2, 2]},
        "coefficients": {"hot": {"sigmaz": [1.0, 2.0, 2]}},
    }  # fmt: skip
    return {"cycle": cycle, "steady": STEADY}


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where values stand, tables and lists among them; of long lists the first two entries."""
    if path:
        yield path
    if isinstance(data, dict):
        for key, value in data.items():
            yield from places(value, (*path, key))
    if isinstance(data, list):
        for k, value in enumerate(data[:2]):
            yield from places(value, (*path, k))


def replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The data with another value at a place, or none."""
    found = copy.deepcopy(data)
    inner = found
    for key in path[:-1]:
        inner = inner[key]
    if value is GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return found


def cases() -> Iterator[tuple[str, Any]]:
    """(what was changed, the file as data)."""
    for kind, data in machines().items():
        for path, (label, value) in itertools.product(places(data), WRONG.items()):
            name = ".".join(map(str, path))
            yield f"{kind}: {name}: {label}", replaced(data, path, value)


def outcome(data: Any, folder: Path) -> str:
    """`refused`, `ran`, or what is wrong with what came."""
    file = folder / "machine.toml"
    file.write_text(tomli_w.dumps(data), encoding="utf-8")
    try:
        machine = engine.read_machine(file)
        if isinstance(machine, engine.Engine):
            if data.get("sweep"):
                engine.named_values(machine.table)
            found = qt.limit_cycle(machine.cycle(), throw=False)
            outcome = found.result
            numbers = [found.work, *jax.tree.leaves(found.bath_heats)]
        else:
            found = qt.dynamics.steady_state(machine.system, throw=False)
            outcome, numbers = found.result, [found.state]
    except (engine.EngineError, qt.SolverError, ValueError) as error:
        own = str(file) in str(error) or str(error).startswith(("key `", "`"))
        return "refused" if own else f"raw {type(error).__name__}: {str(error)[:100]}"
    except Exception as error:
        return f"raw {type(error).__name__}: {str(error)[:100]}"
    finite = all(np.all(np.isfinite(np.asarray(one))) for one in numbers)
    good = bool(outcome == qt.RESULTS.successful)
    return "ran" if finite or not good else "silent: not finite, and successful"


def must_be_refused(case: str, data: Any) -> bool:
    """Whether what was put in cannot be meant: no number where one stood, or no finite one."""
    kind, name, label = case.split(": ", 2)
    where = machines()[kind]
    for key in name.split("."):
        where = where[int(key)] if isinstance(where, list) else where[key]
    number = isinstance(where, float | int)
    wrong = (
        "text", "no letters", "a number as text", "no list", "a list", "a list of lists",
        "lists of nothing", "no table", "a table", "texts",
    )  # fmt: skip
    entry = isinstance(where, float) and kind == "steady" and name.startswith("hamiltonian.")
    if entry and label == "a number as text":  # entries of a matrix may be
        return False
    if label in ("true", "nan", "infinite"):
        return True
    return number and label in wrong


def engine_files(every: int, first: int = 0) -> dict[str, str]:
    """What comes of every so many engine files."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for case, data in itertools.islice(cases(), first, None, every):
            what = outcome(data, Path(folder))
            if what == "ran" and must_be_refused(case, data):
                what = "silent: it was taken"
            found[case] = what
    return found


def commands(folder: Path) -> Iterator[tuple[str, ...]]:
    """Command lines that must be refused before anything is computed for long."""
    (folder / "empty.toml").write_bytes(b"")
    (folder / "bytes.toml").write_bytes(bytes(range(256)))
    (folder / "text.toml").write_text("anything")
    (folder / "nothing").mkdir()
    (folder / "cut.json").write_text('{"passed": true, "entries": [')
    (folder / "report.json").write_text("{}")
    files = ["empty.toml", "bytes.toml", "text.toml", "nothing", "missing", "cut.json"]
    for command, file in itertools.product(("optimize", "pareto", "run", "sweep"), files):
        yield command, file
    for command, file in itertools.product(("show", "report"), [*files, ".", "report.json"]):
        yield command, file
    counts = {
        "optimize": ("--steps", "--starts", "--seed"), "sweep": ("--slice-size",),
        "pareto": ("--points", "--starts", "--steps", "--seed"),
    }  # fmt: skip
    for command, options in counts.items():
        for option, value in itertools.product(options, ("nan", "1.5", "-3", "x", "", "1e3")):
            yield command, *(("x.toml",) if command == "sweep" else ()), option, value
    for option in ("--steps", "--starts"):
        yield "optimize", option, str(10**15)
        yield "pareto", option, str(10**15)
    yield "pareto", "--points", str(10**15)
    inside = str(folder / "text.toml" / "out")
    for command in ("optimize", "pareto", "paper"):
        yield command, "--out", inside
    yield "reproduce", "clausius", "--json", inside
    yield "reproduce", "nobody"
    yield "report", "report.json", "--out", inside
    yield ("optimize", "--resume")
    yield "optimize", "--resume", "--out", "nothing"


def command_lines() -> dict[str, str]:
    """What comes of every command line: `refused`, or what is wrong with what came."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        before = Path.cwd()
        os.chdir(folder)
        for words in commands(Path(folder)):
            result = CliRunner().invoke(app, list(words))
            raw = result.exception is not None and not isinstance(result.exception, SystemExit)
            said = " ".join(result.output.split())
            if raw:
                found[" ".join(words)] = f"raw {result.exception!r}"
            elif result.exit_code != 2 or not said:
                found[" ".join(words)] = f"silent: {result.exit_code}: {said[:200]}"
            else:
                found[" ".join(words)] = "refused"
        os.chdir(before)
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    json.dump(engine_files(every) | command_lines(), sys.stdout, indent=0)
