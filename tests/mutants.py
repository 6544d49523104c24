"""Mutants of the thermodynamics and machines floors: whether the tests notice a wrong program.

A program of its own, outside the suite:

    python tests/mutants.py FOLDER 150 0      # so many mutants, drawn with this seed

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

# the files of `tests` that look at a file, those of its own noun first
TESTS: dict[str, str] = {
    f"{floor}/{noun}": files
    for floor, nouns in {
        "thermodynamics": {
            "accounting_records": "thermodynamics/test_production test_identities",
            "accountings": "thermodynamics/test_production test_identities",
            "bath_checks": "machines/test_audit",
            "conditions": "thermodynamics/test_production test_identities",
            "entropy_based": "thermodynamics/test_entropy_based thermodynamics/test_all_numbers",
            "erasure": "thermodynamics/test_erasure",
            "ergotropy": "thermodynamics/test_ergotropy thermodynamics/test_local_unitaries",
            "findings": "machines/test_audit",
            "instants": "machines/test_audit",
            "local_unitaries": "thermodynamics/test_local_unitaries",
            "mean_force": "thermodynamics/test_mean_force models/test_strong_coupling",
            "optimal_erasure": "thermodynamics/test_optimal_erasure",
            "parts": "thermodynamics/test_parts thermodynamics/test_all_numbers",
            "production": "thermodynamics/test_production test_identities",
            "rates": "thermodynamics/test_production test_identities thermodynamics/test_parts",
            "reservoirs": "thermodynamics/test_production thermodynamics/test_all_numbers",
            "scales": "thermodynamics/test_production test_identities thermodynamics/test_parts",
            "state_checks": "machines/test_audit",
            "state_temperatures": "thermodynamics/test_state_temperatures",
            "temperature": "test_identities thermodynamics/test_production thermodynamics/test_parts",
        },
        "machines": {
            "alongside": "machines/test_cycle machines/test_otto",
            "audit": "machines/test_audit",
            "carnot": "machines/test_carnot",
            "charging": "machines/test_recipes",
            "clausius": "machines/test_otto machines/test_carnot machines/test_collision",
            "collision": "machines/test_collision",
            "continuous": "machines/test_continuous engine/test_roles",
            "cycle": "machines/test_cycle machines/test_otto machines/test_functions",
            "describe": "test_describe",
            "figures": "machines/test_otto machines/test_names machines/test_continuous",
            "gaussian": "machines/test_gaussian",
            "isotherms": "machines/test_recipes",
            "oscillator": "machines/test_truncated_levels machines/test_gaussian",
            "otto": "machines/test_otto machines/test_cycle",
            "periodic": "machines/test_periodic machines/test_collision",
            "piecewise": "machines/test_steps",
            "quasi_static": "machines/test_quasi_static machines/test_recipes",
            "roles": "engine/test_roles machines/test_names",
            "sampling": "machines/test_functions machines/test_collision",
            "shortcuts": "machines/test_recipes",
            "stroke": "machines/test_cycle machines/test_names machines/test_collision",
            "two_stroke": "machines/test_recipes machines/test_collision",
        },
    }.items()
    for noun, files in nouns.items()
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
        self.folder, self.sample, self.mutant = folder, sample, sample[0]
        self.killer = folder / "killer"

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name != f"qtjax.{FLOORS[0]}":
            return
        sys.meta_path.remove(self)  # pyright: ignore[reportArgumentType]
        for self.mutant in self.sample:
            if self._in_copy():
                return  # which imports the mutant, and runs its tests
        os._exit(0)

    def _in_copy(self) -> bool:
        """Whether this is the process of the mutant; the other one waits and writes."""
        mutant, begun = self.mutant, time.time()
        changed = self.folder / "tree" / mutant.path
        changed.write_text(mutant.source)
        os.utime(changed, (begun, random.randrange(10**9)))  # so that no compiled file is taken
        self.killer.write_text("")
        child = os.fork()
        if child == 0:
            for stream in (1, 2):
                os.dup2(os.open(self.folder / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
            resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT + 9))
            return True
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        shutil.copy2(self.folder / "source" / mutant.path, changed)
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

    files = [f"tests/{file}.py" for file in TESTS[fork.mutant.path[6:-3]].split()]
    raise SystemExit(pytest.main([*OPTIONS, *files], plugins=[Chosen(fork.killer)]))


def environment(folder: Path) -> dict[str, str]:
    """Of the tests: the copy's own sources, and one folder for what is compiled."""
    paths = [str(folder / "tree"), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path != str(ROOT)),
        "QTJAX_TEST_CACHE": str(folder / "compiled"),
        "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }


def draw(source: Path, count: int, seed: int) -> list[Mutant]:
    """A random sample of all mutants."""
    paths = [path for floor in FLOORS for path in sorted((source / "qtjax" / floor).glob("*.py"))]
    every = [
        mutant for path in paths for mutant in mutants_of(source, str(path.relative_to(source)))
    ]
    print(f"{count} of {len(every)} mutants", flush=True)
    return random.Random(seed).sample(every, count)


def main(folder: Path, count: int, seed: int) -> None:
    """Try a random sample; what is known of it is not tried again."""
    source, tree, written = folder / "source", folder / "tree", folder / "mutants.jsonl"
    if Path.cwd() == tree:
        return run(folder, draw(source, count, seed)[len(written.read_text().splitlines()) :])
    if not source.exists():
        for name in ("qtjax", "tests", "examples"):
            shutil.copytree(ROOT / name, source / name)
        shutil.copy2(ROOT / "pyproject.toml", source)
    shutil.copytree(source, tree, dirs_exist_ok=True)
    written.touch()
    command = [sys.executable, "tests/mutants.py", str(folder), str(count), str(seed)]
    subprocess.run(command, cwd=tree, env=environment(folder), check=True)
    return None


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]), int(sys.argv[3]))
