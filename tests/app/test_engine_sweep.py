"""The sweep of an engine file, as the command does it."""

from pathlib import Path
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from qtjax import RESULTS
from qtjax.app import engine_sweep
from qtjax.app.engine_sweep import sweep_engine, sweep_way
from qtjax.engine import REFERENCE, EngineError, named_values, read_engine
from qtjax.machines import limit_cycle
from qtjax.machines.steps import Way

SLOW = Path(__file__).parents[2] / "examples" / "slow_isotherms.toml"

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


@pytest.mark.parametrize(
    ("hardest", "way"),
    [
        (Way(64), Way(64)),
        (Way(256), Way(256)),
        (Way(64, True), Way(64, True)),
        (Way(2**20), Way(64)),  # no way resolves the corner: that of the others
    ],
)
def test_the_way_of_a_sweep_resolves_the_corners_of_its_grid(monkeypatch, hardest, way):
    """Errors as if the longest strokes needed one way, and a corner had no fixed point."""

    def like(engine, way, values):
        hot, cold = values["duration_hot_isotherm"], values["duration_cold_isotherm"]
        hard = (hot > 999.0) & (cold > 999.0)
        found = (way.implicit == hardest.implicit) & (way.steps >= hardest.steps)
        error = jnp.where(hard & ~found, 1e-6, 1e-12)
        lost = hot + cold < 3.0
        error = jnp.where(lost, jnp.nan, error)
        result = RESULTS.where(error <= 1e-9, RESULTS.successful, RESULTS.inaccurate)
        return SimpleNamespace(
            error=error, result=RESULTS.where(lost, RESULTS.not_unique, result)
        )  # fmt: skip

    monkeypatch.setattr(engine_sweep, "_limit_cycle_at", like)
    engine = read_engine(SLOW)
    assert sweep_way(engine, named_values(engine.table)) == way


@pytest.mark.slow
def test_slow_isotherms_are_swept(tmp_path):
    maps = sweep_engine(read_engine(SLOW), tmp_path / "maps.zarr")
    assert set(np.unique(maps.result)) == {0}
    slowest = float(maps.efficiency[-1, -1])
    assert slowest == pytest.approx(0.5, abs=1e-3)  # Carnot's
    assert slowest < 0.5
