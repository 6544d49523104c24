"""Sweeps: what is stored, what a kill leaves, what is refused."""

import filecmp
import os
import random
import resource
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray

import qtjax as qt
from qtjax.design import program as programs
from qtjax.design.cluster import check_versions
from qtjax.design.grid import block_of

GRID = {"hot": np.linspace(0.5, 2.0, 7), "gap": np.linspace(0.1, 1.0, 11)}


def wave(hot, gap):
    z = jnp.sin(hot * gap) + 1j * hot
    return {
        "work": jnp.where(gap < 0.3, jnp.nan, hot * gap),
        "heats": jnp.stack([hot, gap]),
        "phase": z,
        "code": (hot > 1.0).astype(jnp.int32),
        "good": hot > gap,
    }


def files(folder):
    found = sorted(p.relative_to(folder) for p in Path(folder).rglob("*") if p.is_file())
    return [str(path) for path in found]


def same(one, other):
    """Whether two stores are bit for bit the same files."""
    names = files(one)
    _, differ, missing = filecmp.cmpfiles(one, other, names, shallow=False)
    return names == files(other) and not differ and not missing


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweep") / "maps.zarr"
    return path, qt.sweep(
        wave, GRID, store=path, slice_size=24, attributes={"work": {"units": "meV"}}
    )


def test_every_point_is_what_the_function_says(stored):
    path, maps = stored
    hot, gap = np.meshgrid(GRID["hot"], GRID["gap"], indexing="ij")
    expected = jax.vmap(jax.vmap(wave))(hot, gap)
    for name, values in expected.items():
        np.testing.assert_allclose(maps[name], values, rtol=1e-15)
    assert maps.work.dims == ("hot", "gap")
    assert maps.heats.dims == ("hot", "gap", "heats_0")
    assert np.isnan(maps.work).sum() == np.sum(gap < 0.3) > 0
    for name, values in GRID.items():
        assert np.array_equal(maps[name], values)
    assert maps.work.attrs["units"] == "meV"
    assert maps.good.attrs["flag_meanings"] == "false true"
    assert "k_B = 1" in maps.attrs["units"]
    assert "W > 0 done on it" in maps.attrs["signs"]
    # readable in the simplest way, without a warning
    assert xarray.open_zarr(path).equals(maps)


@pytest.mark.parametrize(
    ("shape", "length", "block"),
    [
        ((7, 11), 24, (2, 11)),
        ((7, 11), 10, (1, 6)),  # 11 in two even parts, not 10 and 1
        ((7, 11), 1000, (7, 11)),
        ((3, 4, 5), 1, (1, 1, 1)),
        ((1_000_003,), 16_384, (16_130,)),
    ],
)
def test_slices_are_even_blocks(shape, length, block):
    assert block_of(shape, length) == block


class Returned(NamedTuple):
    cycle: eqx.Module
    constant: float


class Books(eqx.Module):
    heat: jax.Array
    result: qt.RESULTS


def test_zipped_points_modules_and_results(tmp_path):
    def f(x, y):
        late = qt.RESULTS.where(x > 0.5, qt.RESULTS.not_finite, qt.RESULTS.successful)
        return Returned(Books(x * y, late), 2.0)

    x, y = np.linspace(0.0, 1.0, 10), np.arange(10.0)
    maps = qt.sweep(f, {"x": x, "y": y}, store=tmp_path / "z", zipped=True, slice_size=4)
    assert set(maps.coords) == {"x", "y"}
    assert maps["cycle.heat"].dims == ("point",)
    np.testing.assert_array_equal(maps["cycle.heat"], x * y)
    np.testing.assert_array_equal(maps["constant"], 2.0)
    status = maps["cycle.result"]
    named = dict(zip(status.flag_meanings.split(), status.flag_values, strict=True))
    assert status.dtype == np.int32
    np.testing.assert_array_equal(
        status, np.where(x > 0.5, named["not_finite"], named["successful"])
    )
    alone = qt.sweep(lambda x: 2 * x, {"x": x}, store=tmp_path / "alone")
    np.testing.assert_array_equal(alone.value, 2 * x)


def test_what_is_missing_is_fill_and_is_done_again_bit_for_bit(stored, tmp_path):
    path, maps = stored
    half = tmp_path / "half.zarr"
    subprocess.run(["cp", "-r", str(path), str(half)], check=True)
    (half / "work/c/1/0").unlink()
    (half / "code/c/1/0").unlink()
    torn = half / "heats/c/2/0/0"
    torn.write_bytes(torn.read_bytes()[:-7])
    (half / "phase/c/0/0").write_bytes(b"")
    (half / "phase/c/0/1.0f.partial").write_bytes(b"abc")
    times = {name: (half / name).stat().st_mtime_ns for name in files(half)}
    seen = xarray.open_zarr(half)
    assert np.isnan(seen.work[2:4]).all()
    assert (seen.code[2:4] == seen.code.attrs["unfinished"]).all()
    assert seen.work[4:].equals(maps.work[4:])
    again = qt.sweep(wave, GRID, store=half, slice_size=24)
    assert same(path, half)
    assert again.equals(maps)
    # the slice that was whole was not touched
    last = [name for name in times if "/c/3/" in name]
    assert len(last) == 5
    assert all((half / name).stat().st_mtime_ns == times[name] for name in last)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"grid": GRID | {"hot": GRID["hot"] + 1e-12}}, "another values of the grid"),
        ({"grid": GRID | {"hot": GRID["hot"][1:]}}, r"number of points, \[7, 11\] where .* \[6"),
        ({"grid": {"gap": GRID["gap"], "hot": GRID["hot"]}}, "another parameters"),
        ({"slice_size": 25, "grid": GRID | {"hot": GRID["hot"][:6]}}, "another number of points"),
        ({"slice_size": 11}, r"slice size, \[2, 11\] where this one has \[1, 11\]"),
        ({"f": lambda hot, gap: wave(hot, gap)["work"]}, "another outputs of the function"),
        ({"f": lambda hot, gap: wave(1.001 * hot, gap)}, "sweep of another function"),
        ({"version": "0.1.0"}, "version of qtjax, .* where this one has 0.1.0"),
    ],
)
def test_another_sweep_is_refused_and_left_alone(stored, change, words, monkeypatch):
    path, _ = stored
    before = {name: (path / name).read_bytes() for name in files(path)}
    given = {"f": wave, "grid": GRID, "slice_size": 24} | change
    if "version" in given:
        monkeypatch.setattr("importlib.metadata.version", lambda _: given["version"])
    with pytest.raises(ValueError, match=words):
        qt.sweep(given["f"], given["grid"], store=path, slice_size=given["slice_size"])
    assert before == {name: (path / name).read_bytes() for name in files(path)}


def test_what_is_no_sweep_is_left_alone(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"is no store of `qtjax\.sweep`"):
        qt.sweep(wave, GRID, store=tmp_path / "notes")
    assert files(tmp_path / "notes") == ["a.txt"]


@pytest.mark.parametrize(
    ("f", "grid", "options", "words"),
    [
        (lambda hot: {"a": "text"}, {"hot": [1.0]}, {}, "'a' is 'text'"),
        (lambda hot: None, {"hot": [1.0]}, {}, "got nothing"),
        (lambda hot: {"hot": hot}, {"hot": [1.0]}, {}, "'hot', which is a parameter"),
        (lambda hot: {"a/b": hot}, {"hot": [1.0]}, {}, "'a/b'"),
        (lambda cold: cold, {"hot": [1.0]}, {}, "must take the parameters of `grid` by name, hot"),
        (lambda hot: hot, [1.0], {}, "must be a dict"),
        (lambda hot: hot, {"hot": []}, {}, "at least one, got the shape"),
        (lambda hot: hot, {"hot": 1.0}, {}, "along one axis"),
        (lambda hot: hot, {"hot": [1.0, np.nan]}, {}, r"`grid\['hot'\]` must be finite"),
        (lambda hot: hot, {"hot": [1.0, 1.0]}, {}, "has a value twice"),
        (lambda hot: hot, {"hot one": [1.0]}, {}, "its name must be one in Python"),
        (lambda hot: hot, {"hot": [1.0]}, {"slice_size": 0}, "whole number of points above 0"),
        (lambda hot: hot, {"hot": [1.0]}, {"attributes": {"q": {}}}, "neither a parameter nor"),
        (lambda hot: hot, {"hot": [1.0]}, {"client": "tcp://x"}, "must be a `distributed.Client`"),
        (lambda x, y: x, {"x": [1.0], "y": [1.0, 2.0]}, {"zipped": True}, "the same length"),
    ],
)
def test_bad_input(f, grid, options, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        qt.sweep(f, grid, store=tmp_path / "bad.zarr", **options)
    assert not (tmp_path / "bad.zarr").exists()


def test_a_store_is_a_path():
    with pytest.raises(ValueError, match="must be a path, got 's3:"):
        qt.sweep(wave, GRID, store="s3://bucket/maps.zarr")


def test_a_full_disk_says_so_and_what_is_stored_stays(tmp_path):
    def f(x):
        return jnp.sin(x * jnp.arange(1.0, 200.0)), x

    grid, path = {"x": np.linspace(0.0, 1.0, 64)}, tmp_path / "full.zarr"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(OSError, match=r"cannot be written \(File too large\).* goes on from"):
            qt.sweep(f, grid, store=path, slice_size=16)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert np.isnan(xarray.open_zarr(path)["0"]).all()
    maps = qt.sweep(f, grid, store=path, slice_size=16)
    np.testing.assert_allclose(maps["0"][:, 3], np.sin(4.0 * grid["x"]), rtol=1e-14)


def test_a_device_out_of_memory_halves_the_slice(stored, tmp_path, monkeypatch):
    class Small(programs.Program):
        def __init__(self, f):
            super().__init__(f)
            run = self.run

            def limited(points):
                if len(points["hot"]) > 6:
                    raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")
                return run(points)

            self.run = limited

    monkeypatch.setattr(sys.modules["qtjax.design.sweep"], "Program", Small)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        maps = qt.sweep(wave, GRID, store=tmp_path / "small.zarr", slice_size=24)
    said = [str(w.message) for w in caught if "does not fit the memory" in str(w.message)]
    assert ["11 points at a time" in said[0], "6 points at a time" in said[1]] == [True, True]
    xarray.testing.assert_allclose(maps, stored[1], rtol=1e-15)
    monkeypatch.setattr(Small, "_piece", lambda self, lanes: 1)
    small = Small(wave)
    error = jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")
    with pytest.raises(RuntimeError, match="One point of this sweep does not fit"):
        small._halve(error, {"hot": np.ones(4)})
    with pytest.raises(jax.errors.JaxRuntimeError, match="INTERNAL"):
        small._halve(jax.errors.JaxRuntimeError("INTERNAL: x"), {"hot": np.ones(4)})


def test_goes_on_elsewhere_with_a_warning(stored, monkeypatch):
    here = {"jax": "0.0.1", "device": "TPU", "devices": 4}
    monkeypatch.setattr(sys.modules["qtjax.design.sweep"], "made_with", lambda: here)
    with pytest.warns(UserWarning, match="goes on with .*TPU.* equal to rounding, not bit for bit"):
        qt.sweep(wave, GRID, store=stored[0], slice_size=24)


class Workers:
    """A client whose workers have another jax."""

    def run(self, look, names):
        return {"tcp://10.0.0.7:1": [*look(names)[:1], "0.4.1", *look(names)[2:]]}


def test_workers_with_other_versions_are_refused():
    with pytest.raises(ValueError, match=r"worker tcp://10.0.0.7:1 with jax 0.4.1, where this"):
        check_versions(Workers())


def test_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(ImportError, match=r'`sweep` needs zarr: .* "qtjax\[sweep\]"'):
        qt.sweep(wave, GRID, store=tmp_path / "none.zarr")


PROGRAM = textwrap.dedent("""
    import jax, jax.numpy as jnp, numpy as np, sys
    jax.config.update("jax_enable_x64", True)
    import qtjax as qt

    def f(a, b):
        x = jax.lax.fori_loop(0, 40, lambda _, x: jnp.sin(x + a) * jnp.exp(-b * x), a * b)
        return {"x": x, "pair": jnp.stack([jnp.log(a) * x, x / b]), "up": x > 0.2}

    grid = {"a": np.linspace(0.1, 2.0, 90), "b": np.linspace(0.3, 1.0, 70)}

    def kill(client, store):
        import os, signal, threading, time
        from pathlib import Path
        victim = sorted(client.run(os.getpid).values())[0]

        def wait_and_kill():
            while len(list(Path(store, "x").rglob("*"))) < 20:
                time.sleep(0.002)
            os.kill(victim, signal.SIGKILL)
            print("killed", flush=True)

        threading.Thread(target=wait_and_kill, daemon=True).start()

    if __name__ == "__main__":
        store, *workers = sys.argv[1:]
        if not workers:
            qt.sweep(f, grid, store=store, slice_size=70)
        else:
            from distributed import Client
            with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
                if workers == ["killed"]:
                    kill(client, store)
                qt.sweep(f, grid, store=store, slice_size=70, client=client)
""")


def ran(process):
    """What a program printed, once it is done."""
    printed, _ = process.communicate(timeout=240)
    assert process.returncode == 0
    return printed


@pytest.fixture(scope="module")
def child(tmp_path_factory):
    """How to start the program, and the store of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("killed")
    script = folder / "program.py"
    script.write_text(PROGRAM)

    def start(store, *words, **environment):
        return subprocess.Popen(
            [sys.executable, "-W", "error", str(script), str(store), *words],
            env=os.environ | environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    ran(start(folder / "whole.zarr"))
    return start, folder / "whole.zarr"


def killed_and_resumed(start, store, kills):
    """Kill a sweep at random moments of its writing, that often, then let it finish."""
    chance, count = random.Random(7), 0
    while count < kills:
        process = start(store)
        begun = len(files(store / "x")) if store.exists() else 0
        while process.poll() is None:
            if store.exists() and len(files(store / "x")) > begun:
                time.sleep(chance.uniform(0.0, 0.03))
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.001)
        process.communicate()
        if process.returncode == 0:  # it was done before it was killed: begin again
            subprocess.run(["rm", "-r", str(store)], check=True)
            continue
        count += 1
    ran(start(store))


def test_a_sweep_that_was_killed_ends_bit_for_bit_the_same(child, tmp_path):
    start, whole = child
    killed_and_resumed(start, tmp_path / "maps.zarr", 2)
    assert same(whole, tmp_path / "maps.zarr")


@pytest.mark.slow
def test_twenty_kills_lose_nothing(child, tmp_path):
    start, whole = child
    killed_and_resumed(start, tmp_path / "maps.zarr", 20)
    assert same(whole, tmp_path / "maps.zarr")


def test_eight_devices_give_what_one_gives(child, tmp_path):
    start, whole = child
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=8"
    ran(start(tmp_path / "eight.zarr", XLA_FLAGS=flags))
    one, eight = xarray.open_zarr(whole), xarray.open_zarr(tmp_path / "eight.zarr")
    assert eight.attrs["made_with"]["devices"] == 8
    # slices of 70 lanes are padded to 72; programs of another shape are equal to rounding
    xarray.testing.assert_allclose(one, eight, rtol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("word", ["alive", "killed"])
def test_two_dask_workers_make_the_same_store(child, tmp_path, word):
    start, whole = child
    printed = ran(start(tmp_path / "maps.zarr", word))
    assert ("killed" in printed) == (word == "killed")
    assert same(whole, tmp_path / "maps.zarr")
