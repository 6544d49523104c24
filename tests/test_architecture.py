"""The house rules that a program can check: floors, docstrings, words that need a convention."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import qtjax as qt

ROOT = Path(qt.__file__).parent
FLOORS = ("algebra", "information", "dynamics", "thermodynamics", "machines", "design")
FOUNDATION = ("_types", "_checks", "_results")
FILES = sorted(ROOT.rglob("*.py"))
CONVENTION = re.compile(
    r"Spohn|interior|exterior|paper|Alicki|convention|bookkeeping|accounting|Clausius|Deffner|Lutz"
    r"|Esposito|Landi|Landauer|adiabatic|von Neumann",
    re.IGNORECASE,
)


def floor(parts):
    """Height of a module by the path below qtjax: foundation -1, floors 0.., the roof on top."""
    name = parts[0] if parts else ""
    if name in FOUNDATION:
        return -1
    return FLOORS.index(name) if name in FLOORS else len(FLOORS)


def imports(tree, package):
    """The qtjax modules that a module of the given package (parts below qtjax) imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "qtjax":
                    yield tuple(alias.name.split(".")[1:])
        elif isinstance(node, ast.ImportFrom):
            module = tuple(node.module.split(".")) if node.module else ()
            if node.level:
                base = package[: len(package) - node.level + 1] + module
            elif module[:1] == ("qtjax",):
                base = module[1:]
            else:
                continue
            yield from [base] if base else [(alias.name,) for alias in node.names]


def upward(source, parts):
    """Imports of a module (parts below qtjax, without suffix) that go to a higher floor."""
    package = parts[:-1]
    return [
        target for target in imports(ast.parse(source), package) if floor(target) > floor(parts)
    ]


def parts_of(path):
    return path.relative_to(ROOT).with_suffix("").parts


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_only_go_down(path):
    assert upward(path.read_text(), parts_of(path)) == []


def test_the_import_check_sees_every_kind_of_import():
    here = ("dynamics", "evolve")
    assert upward("from ..machines.cycle import Cycle", here) == [("machines", "cycle")]
    assert upward("from .. import design", here) == [("design",)]
    assert upward("import qtjax.machines.otto", here) == [("machines", "otto")]
    assert upward("from qtjax import io", here) == [("io",)]
    assert upward("def f():\n    from ..thermodynamics.rates import rates", here) != []
    assert upward("from .._checks import x\nfrom ..information.entropy import y", here) == []
    assert upward("import numpy\nfrom .path import z", here) == []
    assert upward("from .algebra import operators", ("_checks",)) == [("algebra",)]


def test_every_floor_is_there():
    assert {parts_of(path)[0] for path in FILES} >= {*FLOORS, *FOUNDATION}
    assert len(FILES) > 30


def public_names():
    return [name for name in vars(qt) if not name.startswith("_")]


def own_docstring(thing):
    """The docstring written for this object, not one inherited from a base class."""
    return vars(thing).get("__doc__") if inspect.isclass(thing) else inspect.getdoc(thing)


def test_every_public_name_has_a_docstring():
    things = {
        name: getattr(qt, name)
        for name in public_names()
        if not inspect.ismodule(getattr(qt, name))
    }
    assert len(things) > 60
    bare = [name for name, thing in things.items() if not (own_docstring(thing) or "").strip()]
    assert bare == []
    # An Equinox module or a named tuple without one gets a generated signature: that is no text.
    generated = [
        name
        for name, thing in things.items()
        if inspect.isclass(thing) and own_docstring(thing).startswith(f"{name}(")
    ]
    assert generated == []


def test_every_module_says_what_it_is_for():
    empty = [
        str(path.relative_to(ROOT))
        for path in FILES
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert empty == []


TITLE = "No entropy production in quantum thermodynamics"


def unnamed_productions(source):
    """Sentences in string literals that say "entropy production" and name no convention.

    The title of the paper is excepted.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            text = "".join(v.value if isinstance(v, ast.Constant) else "..." for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        for sentence in re.split(
            r"(?<=[.!?;])\s+", re.sub(r"\s+", " ", text.replace("*", "")).replace(TITLE, "")
        ):
            if re.search(r"entropy[ -]production", sentence, re.IGNORECASE):
                found += [] if CONVENTION.search(sentence) else [sentence]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_entropy_production_without_its_convention(path):
    assert unnamed_productions(path.read_text()) == []


def test_the_word_check_can_fail():
    assert unnamed_productions('"The entropy\\nproduction is 0. Spohn\'s is not."') != []
    assert unnamed_productions('f"entropy production = {x}"') != []
    assert unnamed_productions('"""Spohn\'s entropy production."""') == []
