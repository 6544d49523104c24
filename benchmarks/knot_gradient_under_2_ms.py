"""One gradient of the efficiency with respect to 16 ramp knots takes at most 2 ms on one core.

Also: its error (fourth-order central differences), and the time to the first gradient in a new
process, imports and compilation included (below 5 s, on all cores).
"""

import json
import os
import sys
import time

if "--timed" in sys.argv:  # before JAX starts its threads
    os.sched_setaffinity(0, {0})

import jax
import jax.numpy as jnp

import qtjax as qt

from . import common
from .common import KNOTS, Measurement, largest, median_seconds, reference_machine

NAME, WORK, STEPS = "knot_gradient_under_2_ms", "efficiency by 16 knots", 32
REPEATS = 300


def efficiency(knots):
    return qt.limit_cycle(reference_machine(knots), steps=STEPS, throw=False).efficiency


def difference_quotients(start, step=2e-3):
    value = jax.jit(jax.vmap(efficiency))
    f = {k: value(start + k * step * jnp.eye(16)) for k in (-2, -1, 1, 2)}
    return (8 * (f[1] - f[-1]) - (f[2] - f[-2])) / (12 * step)


def timed():
    """Times and error on the one core that this process is confined to."""
    start = jnp.concatenate([KNOTS, KNOTS])
    gradient = jax.jit(jax.grad(efficiency))
    exact = difference_quotients(start)
    return {
        "time_us": 1e6 * median_seconds(gradient, start, repeats=REPEATS),
        "value_us": 1e6 * median_seconds(jax.jit(efficiency), start, repeats=REPEATS),
        "error": largest(gradient(start) - exact) / largest(exact),
    }


def first():
    """Do nothing but the first gradient."""
    jax.block_until_ready(jax.jit(jax.grad(efficiency))(jnp.concatenate([KNOTS, KNOTS])))
    return {}


def seconds_of_a_process():
    start = time.perf_counter()
    common.child("benchmarks." + NAME, "--first")
    return time.perf_counter() - start


if __name__ == "__main__":
    args = common.arguments(
        __doc__,
        first={"action": "store_true", "help": "compute one gradient and end"},
        timed={"action": "store_true", "help": "measure on one core and print JSON"},
    )
    if args.first or args.timed:
        print(json.dumps(first() if args.first else timed()))
        sys.exit(0)
    runs = sorted(seconds_of_a_process() for _ in range(1 if args.quick else 3))
    headline = common.child("benchmarks." + NAME, "--timed") | {"first_s": runs[len(runs) // 2]}
    gradient = f"qtjax, {STEPS} steps, reverse mode, one core"
    measurements = [
        Measurement(WORK, 1, gradient, "qtjax", headline["time_us"], None, headline["error"]),
        Measurement(WORK, 1, "the value alone", "qtjax", headline["value_us"], setting="value"),
    ]
    notes = (
        "Error: largest deviation from fourth-order central differences, relative to the largest "
        "component.",
        "First gradient in a new process, imports and compilation included, median of "
        f"{len(runs)}: {headline['first_s']:.2f} s on all cores.",
    )
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
