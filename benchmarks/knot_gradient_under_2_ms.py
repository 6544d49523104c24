"""One gradient of the efficiency with respect to 16 ramp knots takes at most 2 ms on one core.

Also: its error (fourth-order central differences), and the time to the first gradient in a new
process, imports and compilation included (below 5 s, on all cores).
"""

import json
import os
import subprocess
import sys
import time

if "--timed" in sys.argv:  # before JAX starts its threads
    os.sched_setaffinity(0, {0})

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

import qtjax as qt

from .common import KNOTS, median_seconds, reference_machine, save


def efficiency(knots):
    return qt.limit_cycle(reference_machine(knots), steps=32, throw=False).efficiency


def difference_quotients(start, step=2e-3):
    value = jax.jit(jax.vmap(efficiency))
    f = {k: value(start + k * step * jnp.eye(16)) for k in (-2, -1, 1, 2)}
    return (8 * (f[1] - f[-1]) - (f[2] - f[-2])) / (12 * step)


def timed():
    """Times and error on the one core that this process is confined to."""
    start = jnp.concatenate([KNOTS, KNOTS])
    gradient = jax.jit(jax.grad(efficiency))
    exact = difference_quotients(start)
    error = float(np.max(np.abs(gradient(start) - exact)) / np.max(np.abs(exact)))
    return {
        "gradient on one core, median of 300 calls (ms)": 1e3
        * median_seconds(gradient, start, repeats=300),
        "value on one core, median of 300 calls (ms)": 1e3
        * median_seconds(jax.jit(efficiency), start, repeats=300),
        "relative error of the gradient": error,
    }


def run(mode):
    """This script in a new process: its wall time and what it prints."""
    start = time.perf_counter()
    printed = subprocess.run(
        [sys.executable, "-m", __spec__.name, mode],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return time.perf_counter() - start, printed


if __name__ == "__main__":
    if "--first" in sys.argv:
        jax.block_until_ready(jax.jit(jax.grad(efficiency))(jnp.concatenate([KNOTS, KNOTS])))
    elif "--timed" in sys.argv:
        print(json.dumps(timed()))
    else:
        first = sorted(run("--first")[0] for _ in range(3))[1]
        rows = json.loads(run("--timed")[1])
        save(
            "knot_gradient_under_2_ms",
            rows | {"first gradient in a new process, median of 3 (s)": first},
        )
