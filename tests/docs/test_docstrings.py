"""The examples of docstrings run, and what they show is what comes out.

The lines after `>>> ` of one docstring are one program, in which `qt`, `jnp`, `np` and `jax` are
known. Under an expression stands its value: numbers to the digits shown, with or without brackets,
anything else as it prints.
"""

import ast
import doctest
import importlib
import inspect
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pages
import pytest

import qtjax as qt

ROOT = Path(qt.__file__).parent
FLOORS = (
    "algebra", "numerics", "information", "dynamics", "models", "thermodynamics", "machines",
    "design", "exchange", "plots", "engine", "qtjax",
)  # fmt: skip
LONG = {
    "dynamics",
    "thermodynamics",
    "models",
    "machines",
    "design",
    "plots",
    "exchange",
}  # in compilation
COMPLEX = re.compile(r"(-?[\d.]+(?=[+-]|$))?(?:([+-]?[\d.]+)j)?")
KNOWN = {"qt": qt, "jnp": jnp, "np": np, "jax": jax}

# public names that have no example; what gets one leaves this list
WITHOUT = {
    floor: set(names.split())
    for floor, names in {
        "numerics": """
            DenseEquation
            Exponential
            FixedMatrix
            LinearEquation
            NullSpace
            NullVector
            Row
            Seen
            SparseMatrix
            compose
            expm1
            never_rests
            null_space
            null_vector
            taylor_expm1
        """,
        "dynamics": """
            AbstractMethod
            Integrated
            Problem
            linear_propagator
        """,
        "machines": """
            AbstractStroke
            ClausiusIntegral
            clausius_integral
            clausius_integrals
            cycle_mean
            generalized_efficiency
            interior_production
        """,
        "exchange": """
            from_dynamiqs
            to_dynamiqs
        """,
        "plots": """
            correlation_balance
        """,
        "engine": """
            BathTable
            ContinuousEngine
            Engine
            EngineError
            EngineTable
            FreeTable
            OptimizeTable
            RolesTable
            SteadyTable
            StrokeTable
            SweepTable
            named_operator
            named_values
            operator_from
            parameters_at
            read_engine
            read_machine
            scattered_starts
            write_engine
        """,
        "qtjax": """
            RESULTS
            SolverError
            enable_compilation_cache
            solve_again
        """,
    }.items()
}


def things(floor):
    """The public classes and functions of a floor; of qtjax itself, those that no floor has."""
    found = vars(qt if floor == "qtjax" else importlib.import_module(f"qtjax.{floor}"))
    elsewhere = () if floor != "qtjax" else [id(x) for f in FLOORS[:-1] for x in things(f).values()]
    return {
        name: thing
        for name, thing in found.items()
        if not name.startswith("_")
        and (inspect.isclass(thing) or inspect.isfunction(thing))
        and id(thing) not in elsewhere
    }


def examples(thing):
    """The examples of a docstring written for this object, not of one that it inherits."""
    text = vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__
    return doctest.DocTestParser().get_examples(inspect.cleandoc(text or ""))


def agrees(leaf, shown):
    """Whether a number or a word is what is shown; of a complex number both parts."""
    if not np.iscomplexobj(leaf):
        return pages.agrees(leaf, shown)
    parts = COMPLEX.fullmatch(shown)
    texts = [(part or "0.000000").strip("+") for part in parts.groups()] if parts else ["", ""]
    return all(map(pages.agrees, (leaf.real, leaf.imag), texts))


def compare(value, want, title):
    """Raise unless a value is what stands under its expression."""
    if want.strip() in (str(value), repr(value)):
        return
    found, stated = pages.leaves(value), re.sub(r"[\[\]()]|,?\s*$", "", want)
    stated = [part.strip(" \n'") for part in stated.split(",")]
    if len(found) != len(stated) or not all(map(agrees, found, stated)):
        raise AssertionError(f"{title}: the docstring says {want.strip()}, it is {found}")


def run(found, title):
    """The examples of one docstring as one program."""
    names = dict(KNOWN)
    for example in found:
        (node,) = ast.parse(example.source, title).body
        if not isinstance(node, ast.Expr):
            exec(example.source, names)
            continue
        value = eval(example.source.strip(), names)
        if value is not None or example.want:
            compare(value, example.want, f"{title}: {example.source.strip()}")


@pytest.mark.parametrize(
    "floor",
    [pytest.param(floor, marks=pytest.mark.slow) if floor in LONG else floor for floor in FLOORS],
)
def test_examples_show_what_comes_out(floor):
    for name, thing in things(floor).items():
        run(examples(thing), f"{floor}.{name}")


@pytest.mark.parametrize("floor", FLOORS)
def test_every_public_name_has_an_example(floor):
    assert {name for name, thing in things(floor).items() if not examples(thing)} == WITHOUT.get(
        floor, set()
    )


def test_no_example_stands_where_it_is_not_run():
    every = {id(thing): thing for floor in FLOORS for thing in things(floor).values()}
    written = sum(path.read_text().count(">>> ") for path in ROOT.rglob("*.py"))
    assert sum(len(examples(thing)) for thing in every.values()) == written


def shown(text):
    run(doctest.DocTestParser().get_examples(text), "a docstring")


def test_a_value_that_is_wrong_is_found():
    shown(">>> x = jnp.eye(2) / 3\n>>> x, 'hot'\n[[0.33, 0], [0, 0.33]], hot")
    shown(">>> 'a, (b)', None\n('a, (b)', None)\n>>> (1,)\n(1,)\n>>> None\n>>> 'a'\n'a'")
    shown(">>> qt.sigmay() / 2\n[[0.0, -0.5j], [0.5j, 0.0]]\n>>> 1 / (3 + 4j)\n0.12-0.16j")
    wrong = ("1 / 3\n0.34", "1 / 3, 2\n0.33", "1 / 3\n", "1j\n1.0", "1.0\n1j", "1 + 2j\n1-2j")
    for text in wrong:
        with pytest.raises(AssertionError, match=r"a docstring: .* the docstring says"):
            shown(f">>> {text}")
