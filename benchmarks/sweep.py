"""From a thousand to a million machines a sweep costs no more per point, nor more memory.

Qubit Otto machines with friction over the hot temperature and the time of the isochores: work,
efficiency, regime, Spohn's production and the paper's books (mean generalized temperatures and the
residual of its identity for the efficiency), into a store on disk. Every size in a process of its
own. qthermo's `sweep` and `mode_map` on a small grid of the same machines.
"""

import sys
import tempfile
import time
from pathlib import Path

import jax
import numpy as np

import qtjax as qt
from qtjax.design.grid import grid_of, in_slices
from qtjax.design.outputs import outputs_of
from qtjax.design.program import Program
from qtjax.design.slices import compute
from qtjax.design.store import create, made_with, open_store

from . import common, peers, workloads
from .common import DEFAULTS, EQUAL_ERROR, NEAREST_ERROR, Measurement, largest

NAME = "sweep"
STEPS, TIGHT_STEPS, SLICE = 16, 128, 2**13
SIDES = (32, 100, 316, 1000)  # about 10^3 ... 10^6 points
LADDER = (300, 1000, 3000)
WORK = "Otto machines, books and regime"


def machine(hot, isochore, steps=STEPS):
    """The books of one machine."""
    cycle = qt.otto_cycle(
        workloads.OTTO_COLD,
        workloads.OTTO_HOT,
        couplings=(qt.sigmax(), qt.sigmaz()),
        temperatures=(workloads.OTTO["cold"], hot),
        rate=workloads.OTTO["rate"],
        durations=(isochore, workloads.OTTO["ramp"], isochore, workloads.OTTO["ramp"]),
    )
    solution = qt.limit_cycle(cycle, steps=steps, throw=False)
    return {
        "work": solution.work_output,
        "efficiency": solution.efficiency,
        "spohn_production": solution.spohn_production,
        "mean_temperature_cold": solution.mean_temperatures[0],
        "mean_temperature_hot": solution.mean_temperatures[1],
        "temperature_identity_residual": solution.temperature_identity_residual,
        "regime": solution.regime_code,
    }


def grid(side):
    """So many hot temperatures times isochore times; a part of them are no engines."""
    return {"hot": np.linspace(0.6, 6.0, side), "isochore": np.linspace(0.2, 4.0, side)}


def one_size(side):
    """Seconds, compilation and peak memory of one sweep, for a process of its own."""
    import xarray  # noqa: F401
    import zarr  # noqa: F401

    points = in_slices(grid_of(grid(side), False), SLICE)
    program, outputs, times = Program(machine), outputs_of(machine, points.values), []
    for _ in range(2):
        start = time.perf_counter()
        program.finish(points.points(0), program.start(points.points(0)))
        times.append(time.perf_counter() - start)
    with tempfile.TemporaryDirectory() as folder:
        start, path = time.perf_counter(), Path(folder, "maps.zarr")
        create(path, points, outputs, {}, made_with())
        store = open_store(path)
        slices = sum(1 for _ in compute(program, store, store.missing()))
        seconds = time.perf_counter() - start
        stored = sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    return {
        "seconds": seconds,
        "compile_s": times[0] - times[1],
        "slices": slices,
        "stored_mb": stored / 1e6,
        "peak_memory_mb": common.peak_memory_mb(),
    }


def ours(measurements, sides):
    """qtjax at every size; the error against more steps, on a grid of 10 x 10."""
    mesh = np.meshgrid(*grid(10).values(), indexing="ij")

    def at(steps):
        return jax.jit(jax.vmap(jax.vmap(lambda h, t: machine(h, t, steps)["work"])))(*mesh)

    error = largest(at(STEPS) - at(TIGHT_STEPS))
    for side in sides:
        found = common.child("benchmarks.sweep", "--side", side)
        points, time_us = side * side, 1e6 * found["seconds"] / side**2
        method = f"qtjax.sweep, {found['slices']} slices, {found['stored_mb']:.1f} MB stored"
        measurements.append(
            Measurement(
                WORK, points, method, "qtjax", time_us, found["compile_s"], error,
                DEFAULTS, found["peak_memory_mb"],
            )
        )  # fmt: skip
    return error


def theirs(measurements, side, batch, error, ladder):
    """qthermo's sweep of the efficiency and its map of the regimes, per point."""
    import qthermo

    values = {"hot": np.linspace(3.0, 6.0, side), "isochore": np.linspace(2.0, 4.0, side)}
    exact = float(machine(values["hot"][0], values["isochore"][0], TIGHT_STEPS)["efficiency"])
    for steps in ladder:

        def build(hot, time=2.0, steps=steps):
            return peers.qthermo_machine(hot=hot, times=(time, time), steps=steps)

        start = time.perf_counter()
        swept = qthermo.sweep(
            build, values["hot"], lambda result, cycle: result.efficiency(("hot_iso",))
        )
        seconds = time.perf_counter() - start
        off = abs(float(swept.metrics[0]) - exact)
        setting = DEFAULTS if steps == LADDER[0] else EQUAL_ERROR
        if setting == EQUAL_ERROR and off > 10.0 * error:
            setting = NEAREST_ERROR
        method = f"qthermo.sweep, {steps} steps, {side} points"
        per_point = 1e6 * seconds / side
        measurements.append(
            Measurement(WORK, batch, method, "qthermo", per_point, None, off, setting)
        )
    start = time.perf_counter()
    qthermo.mode_map(lambda h, t: build(h, t, LADDER[0]), *values.values())
    per_point = 1e6 * (time.perf_counter() - start) / side**2
    method = f"qthermo.mode_map, {LADDER[0]} steps, {side**2} points"
    measurements.append(
        Measurement(WORK, batch, method, "qthermo", per_point, None, None, DEFAULTS)
    )


if __name__ == "__main__":
    if "--side" in sys.argv:
        import json

        print(json.dumps(one_size(int(sys.argv[sys.argv.index("--side") + 1]))))
        sys.exit()
    args = common.arguments(__doc__)
    measurements = []
    sides = SIDES[:2] if args.quick else SIDES
    error = ours(measurements, sides)
    if peers.qthermo is not None:
        ladder = LADDER[:1] if args.quick else LADDER
        theirs(measurements, 2 if args.quick else 5, sides[-1] ** 2, error, ladder)
    own = [m for m in measurements if m.program == "qtjax"]
    headline = {
        "us_per_point": [m.time_us for m in own],
        "peak_memory_mb": [m.peak_memory_mb for m in own],
        "ratio_to_qthermo": common.cases(measurements)[-1]["ratio_to_qthermo"],
    }
    notes = (
        f"Slices of at most {SLICE} points. Time: of the whole sweep, compiled before, store "
        f"written, per point. Error: of the work, against {TIGHT_STEPS} steps; qthermo's of one "
        "efficiency.",
        "qthermo's `sweep` computes one number per machine and its `mode_map` another; qtjax all "
        "seven.",
    )
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
