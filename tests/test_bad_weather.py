"""Public functions and classes under ill-formed input, as a user calls them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import bad_weather
import pytest

import qtjax as qt

SAMPLE = 23  # one case of so many is tried in daily work


def outcomes(folder, *arguments):
    """What comes of the cases, without the run-time type checks of this suite."""
    env = {**os.environ, "PYTHONPATH": str(Path(qt.__file__).parents[1])}
    out = subprocess.run(
        [sys.executable, bad_weather.__file__, *map(str, arguments)],
        capture_output=True, text=True, check=True, cwd=folder, env=env,
    )  # fmt: skip
    return json.loads(out.stdout)


def test_every_public_callable_has_valid_arguments_to_vary():
    missing = []
    for name, function in bad_weather.public().items():
        try:
            bad_weather.arguments(name, function)
        except LookupError as error:
            missing.append(str(error))
    assert missing == []


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of what overflows on purpose
def test_no_maker_is_left_over():
    assert set(bad_weather.CALLS) <= set(bad_weather.public())
    tried = {f"{name}({key}: {label})" for name, _, key, label, *_ in bad_weather.cases()}
    assert tried >= bad_weather.ALLOWED


@pytest.mark.parametrize(
    "floor",
    ["algebra", "information", *(pytest.param(floor, marks=pytest.mark.slow) for floor in (
        "dynamics", "models", "thermodynamics", "machines", "design"))],
)  # fmt: skip
def test_what_is_ill_formed_is_refused_by_name_or_not_taken_for_a_number(floor, tmp_path):
    every = SAMPLE if floor in ("algebra", "information") else 1
    found = outcomes(tmp_path, floor, every)
    assert len(found) > 5
    assert {case: what for case, what in found.items() if what not in ("fine", "allowed")} == {}
