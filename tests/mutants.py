"""Mutants of the thermodynamics and machines floors: whether the tests notice a wrong program.

A program of its own, outside the suite:

    python tests/mutants.py FOLDER 150 0      # so many mutants, drawn with this seed
    python tests/mutants.py FOLDER OLDER      # those that another folder did not see killed

A mutant is a copy of one file in which one operator, comparison, sign, constant or name is another.
Each runs, in a copy of the tree under FOLDER, the daily tests that `TESTS` names for its file, in
that order, until one fails. One process imports all that is not changed; for every mutant a copy of
it (`fork`) goes on from there. What came of each stays in FOLDER/mutants.jsonl; a second call goes
on.
"""

import ast
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
LIMIT = 120  # seconds of a processor that the tests of a mutant may take; a full one does not count

# the tests that look at a file, by the names of their own files, the quickest first
TESTS = {
    "accounting_records": "production identities",
    "accountings": "signatures production identities",
    "bath_checks": "audit_limits audit",
    "conditions": "production identities",
    "entropy_based": "entropy_based all_numbers",
    "erasure": "erasure",
    "ergotropy": "ergotropy local_unitaries",
    "findings": "audit",
    "instants": "audit_limits audit",
    "local_unitaries": "local_unitaries",
    "mean_force": "mean_force strong_coupling",
    "optimal_erasure": "optimal_erasure",
    "parts": "thresholds parts all_numbers",
    "production": "production identities",
    "rates": "thresholds rates_of_qubit production identities parts leads",
    "reservoirs": "production all_numbers",
    "scales": "thresholds rates_of_qubit production identities parts",
    "state_checks": "audit_limits audit",
    "state_temperatures": "state_temperatures",
    "temperature": "thresholds identities production",
    "alongside": "signatures cycle otto",
    "audit": "audit_limits audit",
    "carnot": "carnot recipes",
    "charging": "signatures recipes",
    "clausius": "clausius otto carnot collision",
    "collision": "signatures collision",
    "continuous": "signatures continuous roles",
    "cycle": "signatures cycle otto functions leads trust",
    "describe": "describe",
    "figures": "merit names otto continuous",
    "gaussian": "signatures gaussian",
    "isotherms": "recipes",
    "oscillator": "truncated_levels gaussian",
    "otto": "otto cycle",
    "periodic": "signatures periodic collision",
    "piecewise": "signatures steps",
    "quasi_static": "quasi_static recipes",
    "roles": "roles names",
    "sampling": "sampling functions collision",
    "shortcuts": "recipes",
    "stroke": "signatures cycle names collision",
    "two_stroke": "recipes collision",
}

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


class Chosen:
    """A plugin of pytest: the first test that fails is written down."""

    def __init__(self, written: Path):
        self.written = written

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.written.write_text(report.nodeid)

    pytest_collectreport = pytest_runtest_logreport  # a file that cannot be imported


OPTIONS = [
    "-o", "addopts=", "-x", "-q", "-m", "not slow", "-p", "no:cacheprovider",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
]  # fmt: skip


class Fork:
    """A finder of modules that finds none: it tries the mutants where qtjax reaches the floors.

    Args:
        folder: with the copies of the tree.
        sample: mutants to be tried.
    """

    def __init__(self, folder: Path, sample: list[Mutant]):
        self.folder, self.sample, self.killer = folder, sample, folder / "killer"
        self.tests: list[str] = []

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name not in [f"qtjax.{floor}" for floor in FLOORS]:
            return
        sys.meta_path.remove(self)  # pyright: ignore[reportArgumentType]
        for mutant in self.sample:
            if self._in_copy(mutant):  # which imports the mutant, and runs its tests
                names = TESTS[Path(mutant.path).stem].split()
                self.tests = [str(next(Path("tests").rglob(f"test_{x}.py"))) for x in names]
                return
        os._exit(0)

    def _in_copy(self, mutant: Mutant) -> bool:
        """Whether this is the process of the mutant; the other one waits and writes."""
        begun, changed = time.time(), self.folder / "tree" / mutant.path
        changed.write_text(mutant.source)
        os.utime(changed, (begun, random.randrange(10**9)))  # so that no compiled file is taken
        self.killer.write_text("")
        child = os.fork()
        if child == 0:
            for stream in (1, 2):
                os.dup2(
                    os.open(self.folder / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream
                )
            resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT + 9))
            return True
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        shutil.copy2(self.folder / "source" / mutant.path, changed)
        if status in (3, 4, 5):  # of pytest: there was no test to run
            raise RuntimeError((self.folder / "output").read_text())
        names = {0: "survived", -signal.SIGXCPU: "timed out", -signal.SIGKILL: "timed out"}
        said = [
            names.get(status, "killed"), mutant.path, mutant.line, mutant.change,
            self.killer.read_text() or f"status {status}", round(time.time() - begun, 1),
        ]  # fmt: skip
        with (self.folder / "mutants.jsonl").open("a") as file:
            file.write(json.dumps(said) + "\n")
        print(*said, flush=True)
        return False


def run(folder: Path, sample: list[Mutant]) -> None:
    """Try mutants one after another, in the copy that is the working folder."""
    sys.path.insert(0, "tests")
    import conftest  # noqa: F401  # types are checked as in the tests
    import pytest

    fork = Fork(folder, sample)
    sys.meta_path.insert(0, fork)  # pyright: ignore[reportArgumentType]
    import qtjax  # noqa: F401  # from here on a process per mutant

    raise SystemExit(pytest.main([*OPTIONS, *fork.tests], plugins=[Chosen(fork.killer)]))


def environment(folder: Path) -> dict[str, str]:
    """Of the tests: the copy's own sources, and one folder for what is compiled."""
    paths = [str(folder / "tree"), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path != str(ROOT)),
        "QTJAX_TEST_CACHE": str(folder / "compiled"),
        "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }


def every(source: Path) -> list[Mutant]:
    """All mutants of both floors, in the order of files and lines."""
    paths = [path for floor in FLOORS for path in sorted((source / "qtjax" / floor).glob("*.py"))]
    return [
        mutant for path in paths for mutant in mutants_of(source, str(path.relative_to(source)))
    ]


def draw(source: Path, count: int, seed: int) -> list[Mutant]:
    """A random sample of all mutants."""
    found = every(source)
    print(f"{count} of {len(found)} mutants", flush=True)
    return random.Random(seed).sample(found, count)


def alive(source: Path, older: Path) -> list[Mutant]:
    """The mutants that were not killed in another folder, of lines that stand as they were."""
    known = [json.loads(line) for line in (older / "mutants.jsonl").read_text().splitlines()]
    left = [row for row in known if row[0] != "killed"]

    def place(root: Path, path: str, line: int, change: str) -> tuple[str, str, str]:
        return path, (root / path).read_text().splitlines()[line - 1], change

    wanted = {place(older / "source", *row[1:4]) for row in left}
    found = [m for m in every(source) if place(source, m.path, m.line, m.change) in wanted]
    print(f"{len(found)} mutants of {len(left)} that were left", flush=True)
    return found


def main(folder: Path, *which: str) -> None:
    """Try a sample; what is known of it is not tried again."""
    source, tree, written = folder / "source", folder / "tree", folder / "mutants.jsonl"
    older = Path(which[0]).resolve() if len(which) == 1 else None
    if Path.cwd() == tree:
        sample = draw(source, *map(int, which)) if older is None else alive(source, older)
        return run(folder, sample[len(written.read_text().splitlines()) :])
    if not source.exists():
        for name in ("qtjax", "tests", "examples"):
            shutil.copytree(ROOT / name, source / name)
        shutil.copy2(ROOT / "pyproject.toml", source)
    shutil.copytree(source, tree, dirs_exist_ok=True)
    written.touch()
    command = [sys.executable, "tests/mutants.py", str(folder), *([str(older)] if older else which)]
    subprocess.run(command, cwd=tree, env=environment(folder), check=True)
    return None


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), *sys.argv[2:])
