"""On a GPU a driven qubit takes a small multiple of the time of its arithmetic.

W1 at 10^4 to 10^7 lanes and W2 at d = 4 at 10^5, float64 and float32: the time per trajectory
beside dynamiqs on the same GPU, the recorded CPU result, and the arithmetic limit, with the step
loop as XLA makes it and as one CUDA graph. Every row is appended to `gpu_rows.jsonl` in the folder
$OUT (here without it) as soon as it is measured. Without a GPU it says so and ends.

Started with XLA_FLAGS=--xla_backend_extra_options=--nvptx-fma-level=2 it measures fused
multiply-adds, which XLA does not emit by default.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from . import common, peers, references, workloads
from .common import Measurement, largest, measure, measured

NAME = "gpu"
PEAK_FLOPS = {"float64": 34e12, "float32": 67e12}  # of an H100 or H200, vector units
FLOP_PER_TRAJECTORY = 5060  # of W1, by count: a Taylor recursion of 5 segments and 22 orders
BATCHES = {"W1": (10**4, 10**5, 10**6, 10**7), "W2 d=4": (10**5,)}
GRAPH = {
    "xla_gpu_enable_command_buffer": "FUSION,CUBLAS,CUBLASLT,CUSTOM_CALL,CUDNN,"
    "DYNAMIC_SLICE_FUSION,WHILE,CONDITIONAL"
}  # the whole step loop as one CUDA graph: no round trip to the host per step
ROWS = Path(os.environ.get("OUT", ".")) / "gpu_rows.jsonl"
DYNAMIQS_LANES = 10**6


def run(work, batch, precision, measurements):
    chain = work != "W1"
    parameters = workloads.chains(batch) if chain else workloads.driven_qubits(batch)
    arrays = tuple(map(jnp.asarray, parameters))
    tolerance = 1e-7 if precision == "float64" else 1e-5
    if chain:
        lane = workloads.driven_chain(4, tolerance, workloads.state_and_heats)
        reference = references.driven_chains(4, parameters, 16)
    else:
        lane = workloads.driven_qubit(tolerance)
        reference = references.driven_qubits(parameters)

    def add(method, program, timing):
        pairs = zip(timing.value, reference, strict=True)
        found = max(largest(np.asarray(v[: len(r)]) - r) for v, r in pairs)
        measurements.append(measured(f"{work} {precision}", batch, method, program, timing, found))
        row = asdict(measurements[-1]) | {"xla_flags": os.environ.get("XLA_FLAGS", "")}
        with ROWS.open("a") as file:
            file.write(json.dumps(row) + "\n")

    timing = measure(jax.jit(jax.vmap(lane)), *arrays, repeats=10)
    add(f"qtjax.evolve, tolerance {tolerance:g}", "qtjax", timing)
    timing = measure(jax.jit(jax.vmap(lane), compiler_options=GRAPH), *arrays, repeats=10)
    add(f"qtjax.evolve, tolerance {tolerance:g}, one CUDA graph", "qtjax", timing)
    if peers.dq is None or batch > DYNAMIQS_LANES:
        return
    for name in ("Tsit5", "Dopri8"):
        method = peers.dynamiqs_method(name)
        if chain:
            solve = peers.dynamiqs_driven_chains(4, method, heats=True)
        else:
            solve = peers.dynamiqs_driven_qubits(method)
        try:
            timing = measure(solve, *arrays, repeats=3)
        except jax.errors.JaxRuntimeError as failure:  # out of memory: say so and go on
            print(f"{work}, {batch:,} lanes, dynamiqs {name}: {str(failure).splitlines()[0]}")
            continue
        add(f"dynamiqs {name}, rtol 1e-6, dia", "dynamiqs", timing)


def recorded_cpu_time():
    """µs per trajectory of W1 at its largest batch, as saved by batched_driven_qubit, or None."""
    path = common.RESULTS / "batched_driven_qubit.json"
    if not path.exists():
        return None
    return json.loads(path.read_text())["results"]["time_us"]


def summary(measurements):
    """Rows with the ratios of this benchmark: to dynamiqs, to the CPU, to the limit."""
    cpu, rows = recorded_cpu_time(), []
    for row in common.cases(measurements):
        work, precision = row["work"].rsplit(" ", 1)
        limit = 1e6 * FLOP_PER_TRAJECTORY / PEAK_FLOPS[precision]
        qubit = work == "W1"
        row["ratio_to_recorded_cpu"] = cpu / row["time_us"] if qubit and cpu else None
        row["times_arithmetic_limit"] = row["time_us"] / limit if qubit else None
        rows.append(row)
    return rows


def in_words(row):
    """One row of the summary as a sentence."""
    text = f"{row['work']}, {row['batch']:,} lanes: {1e3 * row['time_us']:.3g} ns per trajectory"
    if row["ratio_to_recorded_cpu"]:
        text += f", {row['ratio_to_recorded_cpu']:.3g} times as fast as the recorded CPU"
    if row["times_arithmetic_limit"]:
        text += f", {row['times_arithmetic_limit']:.3g} times the arithmetic limit"
    return text + "."


if __name__ == "__main__":
    args = common.arguments(
        __doc__,
        float32={"action": "store_true", "help": "in single precision, and nothing else"},
        batch={"type": int, "nargs": "+", "help": "batch sizes instead of the usual ones"},
        profile={"help": "write a trace of one W1 call to this folder"},
    )
    if jax.default_backend() != "gpu":
        print("not run: no GPU")
        if args.json:
            print(json.dumps({"name": NAME, "status": "not run"}))
        sys.exit(0)
    precision, measurements = ("float32" if args.float32 else "float64"), []
    for work, usual in BATCHES.items():
        for batch in args.batch or (usual[:2] if args.quick else usual):
            run(work, batch, precision, measurements)
    if not args.float32:
        options = ["--float32", "--json", *(["--quick"] if args.quick else [])]
        options += ["--batch", *args.batch] if args.batch else []
        try:
            child = common.child("benchmarks.gpu", *options, XLA_PYTHON_CLIENT_PREALLOCATE="false")
            measurements += [Measurement(**row) for row in child["measurements"]]
        except subprocess.CalledProcessError as failure:  # what was measured is in `ROWS`
            print(f"float32: failed with exit code {failure.returncode}")
    if args.profile:
        arrays = tuple(map(jnp.asarray, workloads.driven_qubits(10**6)))
        function = jax.jit(jax.vmap(workloads.driven_qubit()))
        jax.block_until_ready(function(*arrays))
        with jax.profiler.trace(args.profile):
            jax.block_until_ready(function(*arrays))
    rows = summary(measurements)
    headline = {}
    if not args.float32:
        double = [row for row in rows if row["work"] == "W1 float64"]
        headline = max(double, key=lambda row: row["batch"])
        ratios = [row["ratio_to_dynamiqs"] for row in double if row["ratio_to_dynamiqs"]]
        headline |= {"ratio_to_dynamiqs": min(ratios, default=None)}
    headline |= {"gpu_rows": rows}
    notes = [in_words(row) for row in rows]
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
