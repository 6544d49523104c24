"""Without float64: one warning where it matters, and the accuracy that the documentation states."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import single_precision

import qtjax as qt

PLACES = {"32": 2e-6, "64": 2e-14}  # what is off by more is a defect


@pytest.mark.parametrize("bits", ["32", pytest.param("64", marks=pytest.mark.slow)])
def test_identities_hold_to_the_precision_of_the_numbers(bits):
    out = subprocess.run(
        [sys.executable, single_precision.__file__, bits],
        capture_output=True, text=True, check=True, cwd=Path(qt.__file__).parents[1],
    )  # fmt: skip
    found = json.loads(out.stdout)
    figures = found["figures"]
    assert figures.pop("efficiency") == pytest.approx(0.46982272150697, abs=PLACES[bits])
    assert figures.pop("power") == pytest.approx(0.02201971306194, abs=PLACES[bits])
    assert max(figures.values()) < PLACES[bits]
    said = [words for words in found["warnings"] if "float32" in words]
    assert len(said) == (1 if bits == "32" else 0)
    assert all("jax_enable_x64" in words for words in said)
