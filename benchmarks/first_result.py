"""The first result of a new process comes within seconds; a filled cache saves the compilation.

Wall and CPU seconds from after the imports to the first W1 solve, to the first trajectory with a
bath that follows H(t) and its gradient, and to the first W3 cycle gradient, each in a new one,
with the imports apart; then all again with a persistent cache that an earlier process filled
(`qt.enable_compilation_cache`).
"""

import os
import sys
import tempfile
import time

STARTED = time.perf_counter()

from . import common
from .common import Measurement

NAME = "first_result"
TASKS = {
    "solve": "W1, one lane",
    "following": "driven qubit, bath that follows H(t)",
    "following_gradient": "its gradient by two parameters",
    "gradient": "W3 d=2, cycle gradient",
}


def cpu_seconds():
    times = os.times()
    return times.user + times.system


def first(task, cache):
    """In a fresh process: seconds of the imports, and wall and CPU seconds of the first result."""
    import jax
    import jax.numpy as jnp

    import qtjax as qt

    from . import following_bath, workloads

    if cache:
        qt.enable_compilation_cache(cache)
    imported, before = time.perf_counter(), cpu_seconds()
    if task == "solve":
        parameters = [jnp.asarray(p[0]) for p in workloads.driven_qubits(1)]
        jax.block_until_ready(jax.jit(workloads.driven_qubit())(*parameters))
    elif task.startswith("following"):
        make = following_bath.total if task.endswith("gradient") else following_bath.outputs
        function = jax.jit(make(following_bath.FOLLOWING, 1e-7))
        jax.block_until_ready(function(jnp.asarray(1.0), jnp.asarray(0.5)))
    else:
        merits = workloads.power_and_efficiency(2, 0.3, 16)
        function = jax.jit(workloads.with_gradient(merits))
        jax.block_until_ready(function(jnp.asarray(workloads.CYCLE_PARAMETERS)))
    return {
        "import_s": imported - STARTED,
        "first_s": time.perf_counter() - imported,
        "first_cpu_s": cpu_seconds() - before,
    }


def run(task, measurements, repeats):
    """Without a cache (median of `repeats` processes), and with a cache that is warm."""
    import qtjax as qt

    found = {}

    def fresh(*options):
        start = time.perf_counter()
        times = common.child("benchmarks." + NAME, "--child", task, *options)
        return times | {"process_s": time.perf_counter() - start}

    def keep(label, runs):
        times = sorted(runs, key=lambda r: r["first_s"])[len(runs) // 2]
        found[label] = times
        method = (
            f"{label} ({times['first_cpu_s']:.2f} CPU s, imports {times['import_s']:.2f} s, "
            f"all {times['process_s']:.2f} s)"
        )
        setting = common.DEFAULTS if label == "new process" else "cache"
        time_us = 1e6 * times["first_s"]
        measurements.append(Measurement(TASKS[task], 1, method, "qtjax", time_us, setting=setting))

    keep("new process", [fresh() for _ in range(repeats)])
    if hasattr(qt, "enable_compilation_cache"):
        with tempfile.TemporaryDirectory() as folder:
            fresh("--cache", folder)
            keep("new process, warm cache", [fresh("--cache", folder) for _ in range(repeats)])
    return found


if __name__ == "__main__":
    args = common.arguments(
        __doc__,
        child={"choices": list(TASKS), "help": "do this and print the times"},
        cache={"help": "folder of the persistent cache"},
    )
    if args.child:
        import json

        print(json.dumps(first(args.child, args.cache)))
        sys.exit(0)
    measurements = []
    found = {task: run(task, measurements, 1 if args.quick else 3) for task in TASKS}
    warm = "new process, warm cache"
    headline = {
        "first_solve_s": found["solve"]["new process"]["first_s"],
        "first_gradient_s": found["gradient"]["new process"]["first_s"],
        "import_s": found["solve"]["new process"]["import_s"],
        "cached_solve_s": found["solve"].get(warm, {}).get("first_s"),
        "cached_gradient_s": found["gradient"].get(warm, {}).get("first_s"),
        "cpu_s": {task: runs["new process"]["first_cpu_s"] for task, runs in found.items()},
        "cached_cpu_s": {task: runs[warm]["first_cpu_s"] for task, runs in found.items()},
        "processes": found,
    }
    notes = ("Time: from after the imports to the first result, tracing and compilation included.",)
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
