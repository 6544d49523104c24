"""The house rules that a program can check: floors, circles, names, docstrings, conventions."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

import qtjax as qt

ROOT = Path(qt.__file__).parent
FLOORS = (
    "algebra", "numerics", "information", "dynamics", "models", "thermodynamics", "machines",
    "design", "exchange", "engine", "papers", "plots", "app",
)  # fmt: skip
FOUNDATION = (
    "_types", "_checks", "_checked", "_compiled", "_describe", "_results", "_jax", "_in_turn",
    "_precise", "_memory", "_compilation_cache", "_files", "units",
)  # fmt: skip
FILES = sorted(ROOT.rglob("*.py"))
LONGEST = 60
CONVENTION = re.compile(
    r"Spohn|interior|exterior|paper|Alicki|convention|bookkeeping|accounting|Clausius|Deffner|Lutz"
    r"|Esposito|Landi|Landauer|adiabatic|von Neumann",
    re.IGNORECASE,
)
# JAX and Equinox say of these that they may change with any version.
INNER = re.compile(
    r"^(jax\.(core|interpreters|extend|_src|lib|experimental)|equinox\.internal|equinox\._"
    r"|diffrax\._|optimistix\._|lineax\._)"
)


def parts_of(path):
    return path.relative_to(ROOT).with_suffix("").parts


MODULES = {parts_of(path) for path in FILES}


def floor(parts):
    """Height of a module by the path below qtjax: foundation -1, floors 0.., the door on top."""
    name = parts[0] if parts else ""
    if name in FOUNDATION:
        return -1
    return FLOORS.index(name) if name in FLOORS else len(FLOORS)


def imports(tree, package):
    """The modules that a module of the given package (parts below qtjax) imports, in any scope.

    `from .x import y` is the module x.y if there is one, else the module x; a package without a
    module of that name is its `__init__`.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "qtjax":
                    yield module(tuple(alias.name.split(".")[1:]))
        elif isinstance(node, ast.ImportFrom):
            name = tuple(node.module.split(".")) if node.module else ()
            if node.level:
                base = package[: len(package) - node.level + 1] + name
            elif name[:1] == ("qtjax",):
                base = name[1:]
            else:
                continue
            yield from (module((*base, alias.name), base) for alias in node.names)


def module(parts, base=None):
    """The module of that path, or the one that holds the name at its end."""
    for candidate in (parts, parts if base is None else base):
        for found in (candidate, (*candidate, "__init__")):
            if found in MODULES:
                return found
    return parts if base is None else base or parts


def upward(source, parts):
    """Imports of a module (parts below qtjax, without suffix) that go to a higher floor."""
    found = imports(ast.parse(source), parts[:-1])
    return [target for target in found if floor(target) > floor(parts)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_only_go_down(path):
    assert upward(path.read_text(), parts_of(path)) == []


def test_the_import_check_sees_every_kind_of_import():
    here = ("dynamics", "evolve")
    assert upward("from ..machines.cycle import Cycle", here) == [("machines", "cycle")]
    assert upward("from .. import design", here) == [("design", "__init__")]
    assert upward("import qtjax.machines.otto", here) == [("machines", "otto")]
    assert upward("from qtjax import engine", here) == [("engine", "__init__")]
    assert upward("from qtjax.app import files", here) == [("app", "files")]
    assert upward("def f():\n    from ..thermodynamics.rates import rates", here) != []
    assert upward("from .._checks import x\nfrom ..information.entropy import y", here) == []
    assert upward("import numpy\nfrom .schedules import z", here) == []
    assert upward("from .algebra import operators", ("_checks",)) == [("algebra", "operators")]
    assert upward("from ..machines.cycle import Cycle", ("app", "reports")) == []
    assert upward("from ..app.files import versions", ("papers", "records")) != []


def test_every_floor_is_there():
    assert {parts[0] for parts in MODULES} == {"__init__", *FLOORS, *FOUNDATION}
    assert len(FILES) > 30


def circles(graph):
    """The groups of nodes that reach each other (Tarjan), those of one node left out."""
    number, low, stack, found = {}, {}, [], []

    def visit(node):
        number[node] = low[node] = len(number)
        stack.append(node)
        for target in graph.get(node, ()):
            if target not in number:
                visit(target)
            if target in stack:
                low[node] = min(low[node], low[target])
        if low[node] == number[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            found.append(sorted(group))

    for node in graph:
        if node not in number:
            visit(node)
    return [group for group in found if len(group) > 1]


def graph_of_files():
    return {
        parts: set(imports(ast.parse(path.read_text()), parts[:-1])) - {parts}
        for path, parts in ((path, parts_of(path)) for path in FILES)
    }


def test_no_circles_between_files_nor_folders():
    files = graph_of_files()
    assert circles(files) == []
    folders = {}
    for parts, targets in files.items():
        # the foundation's files and the door are no folder
        if len(parts) > 1:
            edges = folders.setdefault(parts[:-1], set())
            edges |= {target[:-1] for target in targets if len(target) > 1} - {parts[:-1]}
    assert circles(folders) == []


def test_the_circle_check_can_fail():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == [["a", "b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def through_a_door(parts, targets):
    """Imports from the `__init__` of a floor, which is for users: files import from files."""
    return [] if parts == ("__init__",) else [t for t in targets if t[-1] == "__init__"]


def test_files_import_from_files():
    found = {parts: through_a_door(parts, targets) for parts, targets in graph_of_files().items()}
    assert {parts: targets for parts, targets in found.items() if targets} == {}


def private_names(source):
    """Names with an underscore that a module takes from other modules."""
    tree, modules, found = ast.parse(source), set(), []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found += [alias.name for alias in node.names if private(alias.name)]
            path = (node.module or "").split(".")
            # a module is in lower case; classes have `_replace` and the like
            modules |= {a.asname or a.name for a in node.names if (*path, a.name) in MODULES}
            modules |= {a.asname or a.name for a in node.names if not node.module}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            root = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in modules:
                found.append(node.attr)
    return found


def private(name):
    return name.startswith("_") and not name.startswith("__")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_private_names_across_modules(path):
    assert private_names(path.read_text()) == []


def test_the_check_of_private_names_can_fail():
    assert private_names("from .x import _y") == ["_y"]
    assert private_names("import jax\njax._src.core") == ["_src"]
    assert private_names("from . import x\nx._y()") == ["_y"]
    assert private_names("from ._checks import y\nself._y + y.__name__") == []


def long_functions(source):
    """Functions over LONGEST lines, docstring not counted."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node):
                lines -= node.body[0].end_lineno - node.body[0].lineno + 1
            if lines > LONGEST:
                found.append((node.name, lines))
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_is_long(path):
    assert long_functions(path.read_text()) == []


def test_the_check_of_length_can_fail():
    body = "\n".join(f"    x = {k}" for k in range(LONGEST))
    assert long_functions(f"def f():\n{body}\n") == [("f", LONGEST + 1)]
    text = "\n".join("    words" for _ in range(LONGEST))
    assert long_functions(f'def f():\n    """First.\n{text}\n    """\n    return 1\n') == []


def inner_modules(source):
    """What a module uses of JAX and its companions beside their public surface."""
    tree, found = ast.parse(source), []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Attribute):
            found.append(ast.unparse(node))
    found = [re.sub(r"^eqx\b", "equinox", re.sub(r"^dfx\b", "diffrax", name)) for name in found]
    return [name for name in found if INNER.match(f"{name}.") or INNER.match(name)]


def test_inner_modules_of_jax_are_in_one_file():
    users = {parts_of(path) for path in FILES if inner_modules(path.read_text())}
    assert users == {("_jax",)}


def test_the_check_of_inner_modules_sees_every_kind_of_import():
    assert inner_modules("import jax.core") != []
    assert inner_modules("from jax import core") != []
    assert inner_modules("from jax.interpreters import ad") != []
    assert inner_modules("def f(x):\n    return isinstance(x, jax.core.Tracer)") != []
    assert inner_modules("from equinox.internal import unvmap_any") != []
    assert inner_modules("import jax\nfrom jax import lax\njax.numpy.zeros(2)") == []


def public_names():
    return [name for name in vars(qt) if not name.startswith("_")]


def own_docstring(thing):
    """The docstring written for this object, not one inherited from a base class."""
    return vars(thing).get("__doc__") if inspect.isclass(thing) else inspect.getdoc(thing)


def things():
    """Every public object by its name: flat ones, and those of the floors."""
    found = {name: getattr(qt, name) for name in public_names()}
    for name in FLOORS:
        package = importlib.import_module(f"qtjax.{name}")
        found |= {f"{name}.{key}": v for key, v in vars(package).items() if not key.startswith("_")}
    return {
        name: thing
        for name, thing in found.items()
        if inspect.isclass(thing) or inspect.isfunction(thing)
    }


def test_every_public_name_has_a_docstring():
    found = things()
    assert len(found) > 150
    bare = [name for name, thing in found.items() if not (own_docstring(thing) or "").strip()]
    assert bare == []
    # An Equinox module or a named tuple without one gets a generated signature: that is no text.
    generated = [
        name
        for name, thing in found.items()
        if inspect.isclass(thing) and own_docstring(thing).startswith(f"{thing.__name__}(")
    ]
    assert generated == []


def test_every_module_says_what_it_is_for():
    empty = [
        str(path.relative_to(ROOT))
        for path in FILES
        if not ast.get_docstring(ast.parse(path.read_text()))
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
