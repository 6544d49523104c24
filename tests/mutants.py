"""Mutants of the thermodynamics and machines floors: whether the tests notice a wrong program.

A program of its own, outside the suite; it needs `coverage` beside what the tests need:

    python tests/mutants.py FOLDER 150 0      # so many mutants, drawn with this seed

A mutant is a copy of one file in which one operator, comparison, sign, constant or name is another.
Every one runs, in a copy of the tree under FOLDER, the tests that passed through its line when all
of `TESTS` ran once, the quickest first, until one fails. A line that runs when qtjax is imported is
passed by no test of its own: there, and where `jit` kept a line from a later test, the tests of the
file's own name run too. What came of each stays in FOLDER/mutants.jsonl; a second call goes on.
"""

import ast
import collections
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
FLOORS = ("thermodynamics", "machines")
TESTS = (
    "tests/thermodynamics", "tests/machines", "tests/test_identities.py", "tests/test_describe.py",
    "tests/test_bad_input.py",
)  # fmt: skip
LIMIT = 120  # seconds of a processor that the tests of a mutant may take
STALL = 1800  # seconds after which they are ended in any case

OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.And: ast.Or, ast.Or: ast.And,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
NAMES = {
    "min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum",
    "maximum": "minimum", "sin": "cos", "cos": "sin", "real": "imag", "first": "last",
    "last": "first", "hot": "cold", "cold": "hot", "isfinite": "isnan", "abs": "negative",
}  # fmt: skip


class Mutant(NamedTuple):
    """One change of one file."""

    path: str
    line: int
    change: str
    source: str


def expressions(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree that compute: no annotation, decorator or union of classes."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for node in value if isinstance(value, list) else [value]:
            of_classes = isinstance(tree, ast.Module) and isinstance(node, ast.Assign)
            if isinstance(node, ast.AST) and not (of_classes and isinstance(node.value, ast.BinOp)):
                yield node
                yield from expressions(node)


def changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """(field, other value) of what can be changed in one node."""
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in OPERATORS:
        yield "op", OPERATORS[type(node.op)]()
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
        yield "ops", [OPERATORS[type(node.ops[0])](), *node.ops[1:]]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield "op", ast.UAdd() if isinstance(node.op, ast.USub) else None
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "value", not node.value
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield "value", node.value + 1
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield "attr", NAMES[node.attr]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES:
        yield "func", ast.Name(NAMES[node.func.id])


def mutants_of(root: Path, path: str) -> Iterator[Mutant]:
    """Every mutant of one file, by its path from the root."""
    tree = ast.parse((root / path).read_text())
    for node in list(expressions(tree)):
        for field, other in changes(node):
            kept, before = getattr(node, field), ast.unparse(node)
            if other is None:  # `not x`
                setattr(node, field, ast.Not())
                node.operand, kept_operand = ast.UnaryOp(ast.Not(), node.operand), node.operand
                yield Mutant(path, node.lineno, f"{before} -> not not", ast.unparse(tree))
                node.operand = kept_operand
            else:
                setattr(node, field, other)
                yield Mutant(
                    path, node.lineno, f"{before} -> {ast.unparse(node)}", ast.unparse(tree)
                )
            setattr(node, field, kept)


class Recorder:
    """A plugin of pytest: the lines that every test passes, and how long it takes."""

    def __init__(self, coverage: Any):
        self.coverage, self.seconds = coverage, collections.Counter[str]()
        self.failed: set[str] = set()

    def pytest_runtest_setup(self, item: Any) -> None:
        self.coverage.switch_context(item.nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.failed.add(report.nodeid)


class Chosen:
    """A plugin of pytest: these tests alone, in this order; the first that fails is printed."""

    def __init__(self, tests: list[str]):
        self.order = {test: k for k, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        kept = [item for item in items if item.nodeid in self.order]
        items[:] = sorted(kept, key=lambda item: self.order[item.nodeid])

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            print(f"\nKILLED BY {report.nodeid}", flush=True)


OPTIONS = ["-o", "addopts=", "-q", "-m", "not slow", "-p", "no:cacheprovider"]


def record() -> None:
    """Run all tests in the copy that is the working folder; writes what they pass through."""
    import coverage
    import pytest

    measured = coverage.Coverage(data_file=None, include=[f"qtjax/{f}/*" for f in FLOORS])
    recorder = Recorder(measured)
    measured.start()
    pytest.main([*OPTIONS, *TESTS], plugins=[recorder])
    measured.stop()
    data = measured.get_data()
    lines = {
        os.path.relpath(path): {k: tests for k, tests in data.contexts_by_lineno(path).items()}
        for path in data.measured_files()
    }
    seconds = {t: s for t, s in recorder.seconds.items() if t not in recorder.failed}
    print("without a mutant fail:", sorted(recorder.failed))
    Path("../recorded.json").write_text(json.dumps([lines, seconds]))


def run(tests: list[str]) -> None:
    """Run some tests in the copy that is the working folder, until one fails."""
    import pytest

    files = sorted({test.split("::")[0] for test in tests})
    raise SystemExit(pytest.main([*OPTIONS, "-x", *files], plugins=[Chosen(tests)]))


def tests_of(mutant: Mutant, lines: Any, seconds: dict[str, float]) -> list[str]:
    """The tests that may notice a mutant, the quickest first, those of its own file before."""
    passing = set(lines.get(mutant.path, {}).get(str(mutant.line), ())) & set(seconds)
    own = f"{Path(mutant.path).parent.name}/test_{Path(mutant.path).stem}.py"
    near = {test for test in seconds if own in test}
    ranked = sorted(passing, key=lambda test: seconds[test])
    return ranked + sorted(near - passing, key=lambda test: seconds[test])


def outcome(folder: Path, mutant: Mutant, tests: list[str]) -> tuple[str, str]:
    """(killed, survived, timed out or not run; by which test)."""
    if not tests:
        return "not run", ""
    path = folder / "tree" / mutant.path
    path.write_text(mutant.source)
    os.utime(path, (time.time(), random.randrange(10**9)))  # so that no compiled file is taken
    command = [sys.executable, "tests/mutants.py", "run"]
    try:
        done = subprocess.run(
            command, cwd=folder / "tree", env=environment(folder), input=json.dumps(tests),
            capture_output=True, text=True, timeout=STALL, check=False, preexec_fn=limited,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "timed out", ""
    finally:
        shutil.copy2(folder / "source" / mutant.path, path)
    if done.returncode == -signal.SIGXCPU:
        return "timed out", ""
    if done.returncode == 0:
        return "survived", ""
    by = [line for line in done.stdout.splitlines() if line.startswith("KILLED BY ")]
    return "killed", by[0][10:] if by else f"status {done.returncode}"


def limited() -> None:
    """End the process where it has used up its seconds; a loaded machine does not count."""
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))


def environment(folder: Path) -> dict[str, str]:
    """Of the tests: the copy's own sources, and one folder for what is compiled."""
    paths = [str(folder / "tree"), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path != str(ROOT)),
        "QTJAX_TEST_CACHE": str(folder / "compiled"),
        "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }


def main(folder: Path, count: int, seed: int) -> None:
    """Try a random sample of all mutants; prints what came of each."""
    source, tree = folder / "source", folder / "tree"
    if not source.exists():
        for name in ("qtjax", "tests"):
            shutil.copytree(ROOT / name, source / name)
        shutil.copy2(ROOT / "pyproject.toml", source)
    shutil.copytree(source, tree, dirs_exist_ok=True)
    if not (folder / "recorded.json").exists():
        command = [sys.executable, "tests/mutants.py", "record"]
        subprocess.run(command, cwd=tree, env=environment(folder), check=True)
    lines, seconds = json.loads((folder / "recorded.json").read_text())
    paths = [path for floor in FLOORS for path in sorted((source / "qtjax" / floor).glob("*.py"))]
    every = [
        mutant for path in paths for mutant in mutants_of(source, str(path.relative_to(source)))
    ]
    sample = random.Random(seed).sample(every, count)
    written = folder / "mutants.jsonl"
    known = len(written.read_text().splitlines()) if written.exists() else 0
    print(f"{count} of {len(every)} mutants, {known} known", flush=True)
    for mutant in sample[known:]:
        begun, tests = time.time(), tests_of(mutant, lines, seconds)
        found, by = outcome(folder, mutant, tests)
        took = round(time.time() - begun, 1)
        said = [found, mutant.path, mutant.line, mutant.change, by, len(tests), took]
        with written.open("a") as file:
            file.write(json.dumps(said) + "\n")
        print(*said, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "record":
        record()
    elif sys.argv[1] == "run":
        run(json.load(sys.stdin))
    else:
        main(Path(sys.argv[1]).resolve(), int(sys.argv[2]), int(sys.argv[3]))
