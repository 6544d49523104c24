"""What is shown of a sweep: the map of regimes, and the table in the terminal."""

import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from rich.console import Console

import qtjax as qt
from qtjax.app.show import tables
from qtjax.machines.figures import REGIMES
from qtjax.plots import phase_map

GRID = {"hot": np.array([0.5, 1.0, 4.0]), "gap": np.arange(1.0, 3.0)}


def kinds(hot, gap):
    code = jnp.where(hot < 0.7, 0, jnp.where(gap < 1.5, 1, 3))
    return {
        "regime": code,
        "work": jnp.where(hot > 2.0, jnp.nan, hot * gap),
        "z": jnp.stack([1j * hot] * 2),
    }


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("shown") / "maps.zarr"
    units = {"hot": {"units": "K"}, "work": {"units": "[meV]"}}
    maps = qt.sweep(kinds, GRID, store=path, slice_size=2, attributes=units)
    (path / "regime/c/2/0").unlink()  # as if not computed yet
    return path, maps


def test_a_phase_map_colors_every_point_by_its_regime(stored):
    ax = Figure().subplots()
    assert phase_map(ax, stored[1], x="hot", y="gap") is ax
    words = {text.get_text(): patch.get_facecolor()[:3] for text, patch in zip(
        ax.get_legend().get_texts(), ax.get_legend().get_patches(), strict=True
    )}  # fmt: skip
    assert list(words) == [REGIMES[0], REGIMES[1], REGIMES[3]]
    drawn = ax.collections[0].get_array()
    assert drawn.shape == (2, 3, 3)  # rows are the vertical axis
    np.testing.assert_allclose(drawn[:, 0], [words["engine"]] * 2)
    np.testing.assert_allclose(drawn[0, 1], words["refrigerator"])
    np.testing.assert_allclose(drawn[1, 1], words["accelerator"])
    np.testing.assert_allclose(drawn[:, 2], 1.0)  # white
    assert to_rgb("white") not in words.values()
    assert ax.get_xlabel() == "hot (K)"
    assert ax.get_ylabel() == "gap"


def test_a_phase_map_needs_two_axes_and_a_regime(stored):
    ax = Figure().subplots()
    with pytest.raises(ValueError, match="regime, work, z, got 'mode'; have the function"):
        phase_map(ax, stored[1], x="hot", y="gap", regime="mode")
    with pytest.raises(ValueError, match="axes of 'regime', which are hot, gap, got 'hot' and"):
        phase_map(ax, stored[1], x="hot", y="cold")
    with pytest.raises(ValueError, match="choose a value of every other one first"):
        phase_map(ax, stored[1].expand_dims("tau"), x="hot", y="gap")


def text_of(path):
    console = Console(width=120)
    with console.capture() as captured:
        for table in tables(path):
            console.print(table)
    return captured.get()


def test_a_sweep_is_shown_as_far_as_it_is_done(stored):
    text = text_of(stored[0].parent)
    assert "4 of 6 points" in " ".join(text.split())
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines()]
    rows = {row[0]: row[1:] for row in rows if row}
    assert rows["hot (K)"] == ["3", "0.5", "4"]
    assert rows["work ([meV])"] == ["float64", "0.5", "2", "0"]
    assert rows["regime"] == ["int64", "0", "3", "0"]
    assert rows["z"] == ["2 x complex128", "0.5", "1", "0"]


def test_the_command_says_where_there_is_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "from qtjax.app.commands import app; app()", "show", str(tmp_path)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2
    assert "holds no result of qtjax" in done.stdout
