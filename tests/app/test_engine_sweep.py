"""The sweep of an engine file, as the command does it."""

import numpy as np
import pytest

from qtjax.app.engine_sweep import sweep_engine
from qtjax.engine import REFERENCE, EngineError, named_values, read_engine
from qtjax.machines import limit_cycle

SWEEP = """
[sweep.temperatures]
hot = [3.0, 6.0, 2]

[sweep.durations]
"hot isochore" = [0.5, 2.5, 3]

[sweep.coefficients.cold]
sigmaz = [0.4, 0.6, 2]
"""


def engine_from(folder, more, **changes):
    text = REFERENCE.read_text(encoding="utf-8") + more
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new, 1)
    (folder / "engine.toml").write_text(text, encoding="utf-8")
    return read_engine(folder / "engine.toml")


def test_every_point_is_the_file_with_these_numbers(tmp_path):
    maps = sweep_engine(engine_from(tmp_path, SWEEP), tmp_path / "maps.zarr")
    assert dict(maps.sizes) == {
        "temperature_hot": 2, "duration_hot_isochore": 3, "cold_sigmaz": 2
    }  # fmt: skip
    assert set(np.unique(maps.result)) == {0}
    assert maps.regime.attrs["flag_meanings"].split()[0] == "engine"
    edited = engine_from(
        tmp_path, "",
        temperature=("temperature = 4.0", "temperature = 6.0"),
        duration=('bath = "hot"\nduration = 2.0', 'bath = "hot"\nduration = 0.5'),
        coefficient=("cold = { sigmaz = 0.5", "cold = { sigmaz = 0.6"),
    )  # fmt: skip
    solution = limit_cycle(edited.cycle())
    point = maps.isel(temperature_hot=1, duration_hot_isochore=0, cold_sigmaz=1)
    for name in ("work_output", "heat_hot", "efficiency", "power", "spohn_production"):
        assert abs(float(point[name]) - float(getattr(solution, name))) < 1e-12


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("[sweep.temperatures]\nwarm = [1, 2, 3]", "`sweep.temperatures`: found 'warm', expected"),
        ("[sweep.durations]\npause = [1, 2, 3]", "`sweep.durations`: found 'pause', expected one"),
        ("[sweep.coefficients.cold]\nx = [1, 2, 3]", "`sweep.coefficients.cold`: found 'x'"),
        ("[sweep.temperatures]\nhot = [1, 2]", r"sweep\.temperatures\.hot"),
        ("[sweep.temperatures]\nhot = [1, 2, 2.5]", "a whole number of points above 0"),
        ("", "key `sweep`: found nothing, expected what to vary"),
    ],
)
def test_mistakes_name_their_key(more, words, tmp_path):
    with pytest.raises(EngineError, match=words):
        named_values(engine_from(tmp_path, f"\n{more}\n").table)
