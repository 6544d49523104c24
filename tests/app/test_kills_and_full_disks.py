"""`qtjax optimize` and `qtjax sweep` killed at random moments, and on disks that are full."""

import contextlib
import filecmp
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
import zlib

import numpy as np
import pytest
import xarray

import qtjax._files as files_module
from qtjax.app.files import read_json
from qtjax.design.store import open_store

COMMAND = (sys.executable, "-c", "from qtjax.app.commands import app; app()")
LIMITED = (sys.executable, "-c", """
import resource, sys
size = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
from qtjax.app.commands import app
app()
""")  # fmt: skip
ENGINE = """
title = "Two isochores"
[hamiltonians]
cold = { sigmaz = 0.5 }
hot = { sigmaz = 1.0 }
[baths.cold]
temperature = 0.5
couplings = ["sigmax"]
spectrum = { flat = 0.5 }
[baths.hot]
temperature = 4.0
couplings = ["sigmax"]
spectrum = { flat = 0.5 }
[[strokes]]
name = "hot isochore"
hamiltonian = "hot"
bath = "hot"
duration = 2.0
[[strokes]]
name = "cold isochore"
hamiltonian = "cold"
bath = "cold"
duration = 2.0
[free.durations]
"hot isochore" = [0.05, 20.0]
[free.coefficients.cold]
sigmaz = [0.3, 0.9]
[optimize]
objective = "power"
minimum_power = "none"
[sweep.temperatures]
hot = [1.0, 4.5, 8]
cold = [0.1, 0.8, 8]
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with an engine and a cache of compiled programs, and how to start the command."""
    folder = tmp_path_factory.mktemp("weather")
    (folder / "engine.toml").write_text(ENGINE)
    environment = os.environ | {
        "JAX_COMPILATION_CACHE_DIR": str(folder / "cache"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }

    def start(*arguments, command=COMMAND):
        return subprocess.Popen(
            [*command, *map(str, arguments)], env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    return folder, start


@pytest.fixture(scope="module")
def whole(runs):
    """The folder of an optimization that nothing disturbed."""
    folder, start = runs
    assert ended(start(*begin(folder, folder / "whole")))[0] == 0
    return folder / "whole"


def begin(folder, out):
    return ("optimize", folder / "engine.toml", "--steps", 300, "--starts", 2, "--out", out)


def go_on(out):
    return ("optimize", "--out", out, "--resume")


def ended(process):
    """Exit code of a command, and what it said, in one line."""
    printed, _ = process.communicate(timeout=1200)
    return process.returncode, " ".join(printed.split())


def check_whole(folder):
    """Read every file that bears its name: none of them may be half written."""
    for path in folder.iterdir() if folder.exists() else ():
        data = path.read_bytes()
        if path.suffix == ".json":
            read_json(path)
        elif path.suffix == ".toml":
            tomllib.loads(data.decode())
        elif path.suffix == ".eqx":
            assert zlib.crc32(data[:-4]).to_bytes(4, "little") == data[-4:]
        elif path.suffix == ".png":
            assert data.endswith(b"IEND\xaeB`\x82")
        else:
            assert path.suffix == ".part"


def check_same(folder, other):
    """The same history and the same report, but for the date, and the same files."""
    assert {path.name for path in folder.iterdir()} == {path.name for path in other.iterdir()}
    assert read_json(folder / "history.json") == read_json(other / "history.json")
    one, two = read_json(folder / "report.json"), read_json(other / "report.json")
    del one["date"], two["date"]
    assert one == two
    for name in ("checkpoint.eqx", "optimized.toml", "start.toml", "checkpoints.json"):
        assert (folder / name).read_bytes() == (other / name).read_bytes()


WRITER = """
import runpy, sys
write_whole = runpy.run_path(sys.argv[1])["write_whole"]
for k in range(10**9):
    write_whole(sys.argv[2], bytes([97 + k % 26]) * 300_000)
    print(k, flush=True)
"""


def test_a_file_is_the_old_one_or_the_new_one_whenever_its_writer_is_killed(tmp_path):
    chance, path, cut = random.Random(1), tmp_path / "data", 0
    for _ in range(20):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, files_module.__file__, str(path)],
            stdout=subprocess.PIPE,
        )
        assert writer.stdout is not None
        writer.stdout.readline()  # the first one is written
        time.sleep(chance.uniform(0.0, 0.01))
        writer.kill()
        writer.communicate()
        data = path.read_bytes()
        assert data == data[:1] * 300_000
        cut += (tmp_path / "data.part").exists()
    assert cut > 2


def stamps(folder):
    """Which files there are, and when they were written."""
    found = set()
    for path in folder.iterdir() if folder.exists() else ():
        with contextlib.suppress(FileNotFoundError):  # moved to its place meanwhile
            found.add((path.name, path.stat().st_mtime_ns))
    return found


def killed_at_random(process, folder, chance):
    """Kill a command after some seconds, or after it has written some files."""
    before, writes = stamps(folder), chance.randrange(1, 14)
    early = chance.random() < 0.2  # while it imports, compiles, or looks at the checkpoint
    deadline = time.monotonic() + (chance.uniform(0.0, 10.0) if early else 400.0)
    while process.poll() is None and time.monotonic() < deadline:
        if len(stamps(folder) - before) >= writes:
            break
        time.sleep(0.001)
    time.sleep(chance.uniform(0.0, 0.05))
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_twenty_kills_of_an_optimization_lose_nothing(runs, whole):
    folder, start = runs
    out, chance, kills = folder / "killed", random.Random(11), 0
    while kills < 20:
        begun = (out / "settings.json").exists()
        process = start(*(go_on(out) if begun else begin(folder, out)))
        killed_at_random(process, out, chance)
        check_whole(out)
        if process.returncode == 0:  # it was done before it was killed: begin again
            check_same(out, whole)
            shutil.rmtree(out)
        else:
            kills += 1
    code, said = ended(start(*(go_on(out) if out.exists() else begin(folder, out))))
    assert code == 0, said
    check_same(out, whole)


@pytest.mark.slow
def test_an_optimization_on_a_full_disk_says_so_and_goes_on_when_there_is_room(runs, whole):
    """Files may not grow beyond so many bytes: first of a checkpoint, last of a figure."""
    folder, start = runs
    out = folder / "full"
    sizes = {path.name: path.stat().st_size for path in whole.iterdir()}
    assert sizes["settings.json"] < 9000 < sizes["checkpoint.eqx"] < 24_000 < sizes["history.json"]
    limits = {9000: "checkpoint.eqx", 24_000: "history.json", sizes["history.json"] + 4000: "png"}
    for limit, name in limits.items():
        arguments = go_on(out) if out.exists() else begin(folder, out)
        code, said = ended(start(limit, *arguments, command=LIMITED))
        assert code == 2, said
        assert re.search(
            rf"{name} cannot be written \(File too large\). What was written before is still "
            rf"there; make room .* Go on with: qtjax optimize --out {out} --resume", said
        ), said  # fmt: skip
        assert "Traceback" not in said
        check_whole(out)
        assert not list(out.glob("*.part"))
    code, said = ended(start(*go_on(out)))
    assert code == 0, said
    check_same(out, whole)


def files_in(folder):
    """Paths of all files below a folder, from it."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def full_then_roomy(runs, disk, size, first, again):
    """What two commands said: on a file system of so few KiB, and when it has room.

    Beside `disk` stand copies of it: `disk.full` after the first and `disk.roomy` after the second.
    """
    disk.mkdir()
    _, start = runs
    script = f"""
        mount -t tmpfs -o size={size}k none {disk} || exit 77
        {shlex.join(map(str, first))}; echo "ended with $?"; cp -r {disk} {disk}.full
        mount -o remount,size=50m {disk}
        {shlex.join(map(str, again))}; echo "ended with $?"; cp -r {disk} {disk}.roomy
    """
    namespace = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    code, said = ended(start(script, command=namespace))
    if code == 77 or "unshare failed" in said:
        pytest.skip("this system does not allow a file system of one's own")
    one, two, _ = said.split("ended with ")
    return one, two[0], two[1:], said[-1]


@pytest.mark.slow
def test_an_optimization_on_a_disk_without_room(runs, whole):
    folder, _ = runs
    disk = folder / "disk"
    first = (*COMMAND, *begin(folder, disk / "out"))
    said, code, _, last = full_then_roomy(runs, disk, 40, first, (*COMMAND, *go_on(disk / "out")))
    assert (code, last) == ("2", "0")
    assert "cannot be written (No space left on device). What was written before is still" in said
    assert f"Go on with: qtjax optimize --out {disk / 'out'} --resume" in said
    assert "Traceback" not in said
    left = folder / "disk.full" / "out"
    check_whole(left)
    assert (left / "checkpoint.eqx").exists()
    assert not list(left.glob("*.part"))
    check_same(folder / "disk.roomy" / "out", whole)


@pytest.mark.slow
def test_a_sweep_on_a_disk_without_room(runs):
    folder, start = runs
    disk, whole = folder / "small", folder / "maps.zarr"
    sweep = ("sweep", folder / "engine.toml", "--slice-size", 4, "--out")
    code, said = ended(start(*sweep, whole))
    assert code == 0, said
    command = (*COMMAND, *sweep, disk / "maps.zarr")
    said, code, _, last = full_then_roomy(runs, disk, 500, command, command)
    assert (code, last) == ("2", "0")
    assert re.search(
        r"maps\.zarr cannot be written \(No space left on device\). What was stored stays "
        r"readable; make room .* start the same sweep again, and it goes on from there", said
    ), said  # fmt: skip
    assert "Traceback" not in said
    stored = xarray.open_zarr(folder / "small.full" / "maps.zarr", chunks=None).load()
    right = xarray.open_zarr(whole, chunks=None).load()
    there = ~np.isnan(stored["power"].values)
    assert 0 < there.sum() < there.size
    assert np.array_equal(stored["power"].values[there], right["power"].values[there])
    left = open_store(folder / "small.full" / "maps.zarr")
    assert 0 < len(left.done()) < left.slices
    names = [str(p.relative_to(whole)) for p in whole.rglob("*") if p.is_file()]
    again = folder / "small.roomy" / "maps.zarr"
    assert sorted(names) == sorted(
        str(p.relative_to(again)) for p in again.rglob("*") if p.is_file()
    )
    assert filecmp.cmpfiles(whole, again, names, shallow=False)[1:] == ([], [])
