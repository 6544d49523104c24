"""What holds of all modules or functions: static fields, and failures that are raised."""

import dataclasses
import importlib
import inspect
import typing

import equinox as eqx
import pytest

from qtjax.thermodynamics.conditions import Conditions

FLOORS = (
    "algebra", "numerics", "information", "dynamics", "models", "thermodynamics", "machines",
    "design", "exchange",
)  # fmt: skip


def modules(above=eqx.Module):
    """The classes of modules below a class."""
    for cls in above.__subclasses__():
        yield cls
        yield from modules(cls)


def is_plain(annotation):
    """Whether it names text, whole numbers, switches and `None` alone."""
    inside = typing.get_args(annotation)
    if inside:
        return all(map(is_plain, inside))
    return any(annotation is x for x in (str, int, bool, type(None), ...))


def fields_of(floor):
    importlib.import_module(f"qtjax.{floor}")
    for cls in set(modules()):
        if cls.__module__.startswith(f"qtjax.{floor}.") and cls is not Conditions:  # of answers
            yield from ((cls, field) for field in dataclasses.fields(cls))


@pytest.mark.parametrize("floor", FLOORS)
def test_what_is_no_number_is_static(floor):
    """Text, counts and switches, so that the leaves of a module are numbers."""
    plain = [(cls, field) for cls, field in fields_of(floor) if is_plain(field.type)]
    traced = [(cls, f.name) for cls, f in plain if not f.metadata.get("static", False)]
    assert traced == []


def test_plain_annotations():
    assert is_plain(tuple[int, ...])
    assert is_plain(tuple[str | None, ...] | str)
    assert not is_plain(float)
    assert not is_plain(tuple[float, int])


@pytest.mark.parametrize("floor", ["dynamics", "machines"])
def test_failures_are_raised_by_default(floor):
    things = vars(importlib.import_module(f"qtjax.{floor}")).values()
    given = [inspect.signature(thing).parameters for thing in things if inspect.isfunction(thing)]
    assert {names["throw"].default for names in given if "throw" in names} == {True}
