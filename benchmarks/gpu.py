"""On a GPU: trajectories, gradients, books and limit cycles by the million.

Every program is timed as the README writes it, and inside one CUDA graph; its results are compared
with a reference or, where there is none, with the CPU of the same machine (64 lanes). Beside it
stand dynamiqs on the same GPU, the recorded CPU results and, for W1, the arithmetic limit. All
programs are compiled side by side first. Rows are appended to `gpu_rows.jsonl` in the folder $OUT
(here without it) as they are measured; no case starts after `--budget` seconds. Single precision
runs in a process of its own. Without a GPU it says so and ends.

Start it with XLA_FLAGS=--xla_backend_extra_options=--nvptx-fma-level=2 to measure fused
multiply-adds, which XLA does not emit by default.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import qtjax as qt

from . import (
    carnot_like_cycle,
    chain_steady_states,
    common,
    following_bath,
    peers,
    redfield,
    references,
    workloads,
)
from .common import Measurement, measure, measured

NAME = "gpu"
SINGLE = "--float32" in sys.argv
PRECISION, TOLERANCE = ("float32", 1e-5) if SINGLE else ("float64", 1e-7)
PEAK_FLOPS = {"float64": 34e12, "float32": 67e12}  # of an H100 or H200, vector units
FLOP_PER_TRAJECTORY = 5060  # of W1, by count: a Taylor recursion of 5 segments and 22 orders
GRAPH = {
    "xla_gpu_enable_command_buffer": "FUSION,CUBLAS,CUBLASLT,CUSTOM_CALL,CUDNN,"
    "DYNAMIC_SLICE_FUSION,WHILE,CONDITIONAL"
}  # the whole step loop as one CUDA graph: no round trip to the host per step
ROWS = Path(os.environ.get("OUT", ".")) / "gpu_rows.jsonl"
COMPARED = 64  # lanes
DYNAMIQS_LANES = 10**6  # of W1


@dataclass
class Program:
    """One function of batched arrays.

    Args:
        work: its name.
        lanes: how many.
        method: in words.
        program: "qtjax" or the peer.
        function: of the batched arrays.
        arrays: its arguments.
        reference: what its first lanes should be; None: what the CPU of this machine finds.
        options: for the compiler.
        setting: as in `Measurement`.
    """

    work: str
    lanes: int
    method: str
    program: str
    function: Callable
    arrays: tuple
    reference: Any
    options: dict
    setting: str = common.DEFAULTS


def ours(work, lanes, lane, arrays, reference=None):
    """A program of qtjax as it is and as one CUDA graph."""
    function, arrays = jax.vmap(lane), tuple(map(jnp.asarray, arrays))
    graph = Program(
        work, lanes, "qtjax, one CUDA graph", "qtjax", function, arrays, reference, GRAPH
    )
    plain = Program(
        work, lanes, "qtjax", "qtjax", function, arrays, reference, {}, "without the graph"
    )
    return [graph, plain]


def dynamiqs(work, lanes, name, solve, arrays, reference):
    """dynamiqs on the same arrays."""
    arrays = tuple(map(jnp.asarray, arrays))
    return Program(
        work, lanes, f"dynamiqs {name}, rtol 1e-6, dia", "dynamiqs", solve, arrays, reference, {}
    )


def driven_qubits(lanes):
    parameters = workloads.driven_qubits(lanes)
    reference = references.driven_qubits(parameters)
    yield from ours("W1", lanes, workloads.driven_qubit(TOLERANCE), parameters, reference)
    if lanes == DYNAMIQS_LANES and peers.dq is not None:
        for name in ("Tsit5", "Dopri8"):
            solve = peers.dynamiqs_driven_qubits(peers.dynamiqs_method(name))
            yield dynamiqs("W1", lanes, name, solve, parameters, reference)


def cubic_gradients(lanes):
    parameters = workloads.cubic_qubits(lanes)
    reference = references.cubic_heat_gradients(parameters)
    gradient = jax.grad(workloads.cubic_qubit(TOLERANCE))
    yield from ours("W4 gradient", lanes, gradient, parameters, reference)
    if peers.dq is not None:
        solve = peers.dynamiqs_cubic_gradients(peers.dynamiqs_method("Tsit5"))
        yield dynamiqs("W4 gradient", lanes, "Tsit5", solve, parameters, reference)


def chains(d, lanes):
    parameters = workloads.chains(lanes)
    reference = references.driven_chains(d, parameters, 4) if d <= 16 else None
    lane = workloads.driven_chain(d, TOLERANCE, workloads.state_and_heats)
    yield from ours(f"W2 d={d}", lanes, lane, parameters, reference)
    if peers.dq is not None:
        solve = peers.dynamiqs_driven_chains(d, peers.dynamiqs_method("Tsit5"), heats=True)
        yield dynamiqs(f"W2 d={d}", lanes, "Tsit5", solve, parameters, reference)


def rates(lanes):
    yield from ours("rates at 101 times", lanes, workloads.relaxing_qubit, workloads.gaps(lanes))


def off_the_main_road(kind, lanes):
    """A qubit whose bath follows H(t) or whose drive is a function, and the gradients."""
    arrays = jnp.linspace(0.5, 1.5, lanes), jnp.linspace(0.3, 1.0, lanes)
    yield from ours(kind, lanes, following_bath.outputs(kind, TOLERANCE), arrays)
    yield from ours(f"gradient, {kind}", lanes, following_bath.total(kind, TOLERANCE), arrays)


def limit_cycles(d, lanes):
    merits = workloads.with_gradient(workloads.power_and_efficiency(d, 0.3, 16))
    scatter = np.random.default_rng(0).uniform(-0.02, 0.02, (lanes, 10))
    yield from ours(f"W3 d={d}", lanes, merits, (workloads.CYCLE_PARAMETERS + scatter,))


def carnot_cycles(lanes):
    scatter = np.random.default_rng(0).uniform(-0.02, 0.02, (lanes, 10))
    machines = carnot_like_cycle.PARAMETERS + scatter
    yield from ours(
        "Carnot-like cycle with gradient", lanes, carnot_like_cycle.with_gradient, (machines,)
    )


def redfield_qubits(lanes):
    yield from ours(redfield.WORK, lanes, redfield.lane, redfield.parameters(lanes))


def steady_states(lanes):
    """Of three spins between local baths, and between global ones with their currents."""

    def local(anisotropy):
        return chain_steady_states.steady(anisotropy, 3)

    chain = chain_steady_states.global_chain(3)

    def between(hot):
        system = eqx.tree_at(lambda chain: chain.baths[0].temperature, chain, hot)
        found = qt.steady_state(system, throw=False)
        return found.state, qt.dynamics.heat_currents(system, 0.0, found.state)

    yield from ours("steady state, 3 spins", lanes, local, (np.linspace(0.1, 1.9, lanes),))
    yield from ours("with Davies baths, 3 spins", lanes, between, (np.linspace(1.2, 3.0, lanes),))


# What is run, the most telling first: a function of this file, its arguments, and how many lanes.
CASES = [
    (driven_qubits, 10**6),
    (driven_qubits, 10**7),
    (cubic_gradients, 10**5),
]
if not SINGLE:
    CASES += [
        (rates, 10**5),
        (chains, 4, 10**5),
        (off_the_main_road, following_bath.FOLLOWING, 10**5),
        (off_the_main_road, following_bath.FUNCTION, 10**5),
        (limit_cycles, 2, 10**4),
        (carnot_cycles, 10**4),
        (redfield_qubits, 10**5),
        (off_the_main_road, following_bath.CLOSED, 10**5),
        (steady_states, 10**4),
        (limit_cycles, 4, 10**3),
        (driven_qubits, 10**5),
        (chains, 8, 10**4),
        (driven_qubits, 10**4),
        (chains, 16, 10**3),
        (chains, 64, 1),
        (chains, 256, 1),
    ]


def compiled(program):
    """The compiled program, or the first line of what went wrong, and the seconds it took."""
    start = time.perf_counter()
    try:
        lowered = jax.jit(program.function).lower(*program.arrays)
        found = lowered.compile(compiler_options=program.options or None)
    except Exception as failure:  # a row less, not a run less
        found = f"{type(failure).__name__}: {str(failure).splitlines()[0]}"
    return found, time.perf_counter() - start


def on_the_cpu(program):
    """The first lanes by the CPU of this machine."""
    with jax.default_device(jax.devices("cpu")[0]):
        few = [jnp.asarray(np.asarray(a[:COMPARED])) for a in program.arrays]
        return jax.block_until_ready(jax.jit(program.function)(*few))


def error(value, reference):
    """The largest deviation of the lanes that the reference has, relative to sizes above 1."""
    found = 0.0
    for v, r in zip(jax.tree.leaves(value), jax.tree.leaves(reference), strict=True):
        v, r = np.asarray(v[: len(r)]), np.asarray(r)
        size = np.max(np.abs(r), initial=1.0)
        found = max(found, float(np.max(np.abs(v - r), initial=0.0) / size))
    return found


def run(programs, budget):
    """Compile side by side, then measure one by one: every row is kept as soon as it is there."""
    start, measurements = time.perf_counter(), []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting = [pool.submit(compiled, program) for program in programs]
        mine = [p for p in programs if p.program == "qtjax"]
        without = {p.work: p for p in mine if p.reference is None}
        cpu = {work: pool.submit(on_the_cpu, p) for work, p in without.items()}
        found = [each.result() for each in waiting]
        cpu = {work: each.result() for work, each in cpu.items() if not each.exception()}
    print(f"compiled {len(programs)} programs in {time.perf_counter() - start:.0f} s", flush=True)
    for program, (function, seconds) in zip(programs, found, strict=True):
        name = f"{program.work}, {program.lanes:,} lanes, {program.method}"
        if isinstance(function, str) or time.perf_counter() - start > budget:
            print(f"{name}: {function if isinstance(function, str) else 'no time left'}")
            continue
        try:
            timing = measure(function, *program.arrays, repeats=10, budget=3.0)
        except jax.errors.JaxRuntimeError as failure:  # out of memory: say so and go on
            print(f"{name}: {str(failure).splitlines()[0]}")
            continue
        timing.compile_s = seconds
        reference = cpu.get(program.work) if program.reference is None else program.reference
        row = measured(
            f"{program.work} {PRECISION}", program.lanes, program.method, program.program, timing,
            float("nan") if reference is None else error(timing.value, reference), program.setting,
        )  # fmt: skip
        del timing
        measurements.append(row)
        record = asdict(row) | {"xla_flags": os.environ.get("XLA_FLAGS", "")}
        print(f"{name}: {row.time_us:.4g} µs, error {row.error:.1e}", flush=True)
        with ROWS.open("a") as file:
            file.write(json.dumps(record) + "\n")
    return measurements


# Where the same work was measured on a CPU: the file, the work and the least batch.
ON_CPU = {
    "W1": ("batched_driven_qubit", "W1", 10_000),
    "W4 gradient": ("batched_gradient", "W4", 100),
    "bath that follows H(t)": (
        "following_bath",
        "driven qubit with heat: bath that follows H(t)",
        1000,
    ),
    "Carnot-like cycle with gradient": (
        "carnot_like_cycle",
        "their gradient by ten parameters",
        100,
    ),
    "Redfield qubit": ("redfield", "Redfield qubit", 1000),
    "steady state, 3 spins": ("chain_steady_states", "XXZ chain, 3 spins, many points", 100),
    "W3 d=4": ("limit_cycle_gradient", "W3 d=4 gamma=0.3", 100),
    "rates at 101 times": ("rates_of_qubits", "rates of a relaxing qubit, 101 times", 1000),
    "W3 d=2": ("limit_cycle_gradient", "W3 d=2 gamma=0.3", 100),
    "W2 d=4": ("spin_chain", "W2 d=4", 100),
    "W2 d=8": ("spin_chain", "W2 d=8", 100),
    "W2 d=16": ("spin_chain", "W2 d=16", 10),
}


def recorded_cpu_time(work):
    """µs per item as saved by the benchmark of this work on a CPU, or None."""
    name, there, least = ON_CPU.get(work, (None, None, None))
    path = common.RESULTS / f"{name}.json"
    if not path.exists():
        return None
    rows = json.loads(path.read_text())["results"]["rows"]
    times = [row["time_us"] for row in rows if row["work"] == there and row["batch"] >= least]
    return min(filter(None, times), default=None)


def summary(measurements):
    """Rows with the ratios of this benchmark: to dynamiqs, to the CPU, to the limit."""
    rows = []
    for row in common.cases(measurements):
        work, precision = row["work"].rsplit(" ", 1)
        limit = 1e6 * FLOP_PER_TRAJECTORY / PEAK_FLOPS[precision]
        cpu = recorded_cpu_time(work)
        row["ratio_to_recorded_cpu"] = cpu / row["time_us"] if cpu and row["time_us"] else None
        row["times_arithmetic_limit"] = row["time_us"] / limit if work == "W1" else None
        rows.append(row)
    return rows


def in_words(row):
    """One row of the summary as a sentence."""
    text = f"{row['work']}, {row['batch']:,} lanes: {1e3 * row['time_us']:.3g} ns each"
    if row["ratio_to_recorded_cpu"]:
        text += f", {row['ratio_to_recorded_cpu']:.3g} times as fast as the recorded CPU"
    if row["times_arithmetic_limit"]:
        text += f", {row['times_arithmetic_limit']:.3g} times the arithmetic limit"
    return text + "."


if __name__ == "__main__":
    args = common.arguments(
        __doc__,
        float32={"action": "store_true", "help": "in single precision, and nothing else"},
        only={"nargs": "+", "help": "works to run, the first words of their names"},
        lanes={"type": int, "help": "that many of each, instead of the usual numbers"},
        budget={"type": float, "default": 400.0, "help": "seconds"},
    )
    if jax.default_backend() != "gpu" and not args.quick:
        print("not run: no GPU")
        if args.json:
            print(json.dumps({"name": NAME, "status": "not run"}))
        sys.exit(0)
    start = time.perf_counter()
    lanes = args.lanes or (256 if args.quick else None)
    cases = [(make, *given, lanes or usual) for make, *given, usual in CASES]
    programs = [
        program for make, *numbers in dict.fromkeys(cases) for program in make(*numbers)
        if args.only is None or program.work.startswith(tuple(args.only))
    ]  # fmt: skip
    measurements = run(programs, args.budget)
    if not SINGLE and args.only is None:
        left = args.budget - (time.perf_counter() - start)
        options = ["--float32", "--json", "--budget", max(left, 60.0)]
        options += ["--quick"] if args.quick else []
        try:
            child = common.child("benchmarks.gpu", *options, XLA_PYTHON_CLIENT_PREALLOCATE="false")
            measurements += [Measurement(**row) for row in child["measurements"]]
        except (subprocess.CalledProcessError, json.JSONDecodeError) as failure:
            print(f"float32: {failure}")  # what was measured is in `ROWS`
    rows = summary(measurements)
    million = [row for row in rows if row["work"] == f"W1 {PRECISION}" and row["batch"] == 10**6]
    headline = (million[0] if million else {}) | {"gpu_rows": rows}
    headline["xla_flags"] = os.environ.get("XLA_FLAGS", "")
    notes = [in_words(row) for row in rows if row["time_us"]]
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
