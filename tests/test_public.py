"""The public surface: what is flat, what is on its floor, and what a caller needs to name."""

import ast
import importlib
import inspect
import re
import typing
from pathlib import Path

import pytest

import qtjax as qt

ROOT = Path(qt.__file__).parents[1]
FLOORS = (
    "algebra", "numerics", "information", "dynamics", "models", "thermodynamics", "machines",
    "design", "exchange", "engine", "plots",
)  # fmt: skip


def public(module):
    return {name: thing for name, thing in vars(module).items() if not name.startswith("_")}


def test_few_names_are_flat_and_all_of_them_stand_on_a_floor_too():
    flat = {name: thing for name, thing in public(qt).items() if not inspect.ismodule(thing)}
    assert len(flat) < 90
    floors = [public(importlib.import_module(f"qtjax.{floor}")) for floor in FLOORS]
    foundation = {"RESULTS", "SolverError", "solve_again", "enable_compilation_cache"}
    homeless = {
        name
        for name, thing in flat.items()
        if not any(floor.get(name) is thing for floor in floors)
    }
    assert homeless == foundation


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("spohn_production", "qtjax.thermodynamics.spohn_production"),
        ("LorentzianDamping", "qtjax.models.LorentzianDamping"),
        ("liouvillian", "qtjax.dynamics.liouvillian"),
    ],
)
def test_a_name_that_moved_says_where_it_is(name, place):
    with pytest.raises(AttributeError, match=f"qtjax.{name} is now {place}"):
        getattr(qt, name)
    assert callable(eval(place, {"qtjax": qt}))


def test_no_file_hides_what_its_package_exports():
    """A file that is first imported later than a function of its name takes the name over."""
    for folder in [path.parent for path in (ROOT / "qtjax").rglob("__init__.py")]:
        package = ".".join(folder.relative_to(ROOT).parts)
        files = {path.stem for path in folder.glob("*.py")}
        for node in ast.parse((folder / "__init__.py").read_text()).body:
            if isinstance(node, ast.ImportFrom):
                hidden = {name.asname for name in node.names} & files - {node.module, None}
                assert not hidden or node.module is None, (package, node.module, hidden)


def test_a_name_that_never_was_is_an_ordinary_error():
    with pytest.raises(AttributeError, match="no attribute 'evolv'"):
        qt.evolv  # noqa: B018
    assert not hasattr(qt, "__path_to_nowhere__")


def classes_in(annotation):
    """The classes that an annotation names."""
    if inspect.isclass(annotation):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from classes_in(argument)


@pytest.mark.parametrize("floor", FLOORS)
def test_what_public_functions_return_is_public(floor):
    hidden = {}
    for name, thing in public(importlib.import_module(f"qtjax.{floor}")).items():
        if not inspect.isfunction(thing):
            continue
        for cls in classes_in(inspect.signature(inspect.unwrap(thing)).return_annotation):
            if not cls.__module__.startswith("qtjax."):
                continue
            home = importlib.import_module(".".join(cls.__module__.split(".")[:2]))
            if vars(home).get(cls.__name__, vars(qt).get(cls.__name__)) is not cls:
                hidden[name] = cls
    assert hidden == {}


def test_types_travel_with_the_package():
    assert (Path(qt.__file__).parent / "py.typed").exists()


def test_the_pages_of_the_api_list_every_file_with_public_names():
    pages = sorted((ROOT / "docs" / "api").glob("*.md"))
    listed = [re.findall(r"^::: (\S+)$", page.read_text(), re.M) for page in pages]
    every = [name for names in listed for name in names]
    assert len(set(every)) == len(every)
    for name in every:
        importlib.import_module(name)
    used = set()
    for floor in FLOORS:
        tree = ast.parse((ROOT / "qtjax" / floor / "__init__.py").read_text())
        used |= {
            f"qtjax.{floor}.{node.module}" for node in tree.body if isinstance(node, ast.ImportFrom)
        }
    assert used <= set(every)
    # a page is of one floor, and the first page names it with its floor
    first = (ROOT / "docs" / "api.md").read_text()
    for page, names in zip(pages, listed, strict=True):
        (floor,) = {name.rpartition(".")[0] for name in names}
        assert re.search(rf"\(api/{page.name}\) \|.*`{re.escape(floor)}`", first), page
