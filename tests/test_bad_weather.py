"""Public functions and classes under ill-formed input, as a user calls them."""

import bad_weather
import pytest

SAMPLE = 23  # one case of so many is tried in daily work


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
    assert set(bad_weather.calls()) <= set(bad_weather.public())
    tried = {f"{name}({key}: {label})" for name, _, key, label, *_ in bad_weather.cases()}
    assert tried >= bad_weather.ALLOWED


@pytest.mark.parametrize(
    "floor",
    ["algebra", "information", *(pytest.param(floor, marks=pytest.mark.slow) for floor in (
        "dynamics", "models", "thermodynamics", "machines", "design", "exchange", "engine", "plots",
        "units", "foundation"))],
)  # fmt: skip
def test_what_is_ill_formed_is_refused_by_name_or_not_taken_for_a_number(floor, tmp_path):
    every = SAMPLE if floor in ("algebra", "information") else 1
    found = bad_weather.main(floor, every, folder=tmp_path)
    assert len(found) > 5
    assert {case: what for case, what in found.items() if what not in ("fine", "allowed")} == {}
