"""One gradient of the efficiency with respect to 16 ramp knots takes at most 2 ms.

Also: its error (fourth-order central differences), and the time to the first gradient in a new
process, imports and compilation included (below 5 s).
"""

import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

import qtjax as qt  # noqa: E402

from .common import KNOTS, median_seconds, reference_machine, save  # noqa: E402

START = jnp.concatenate([KNOTS, KNOTS])


def efficiency(knots):
    return qt.limit_cycle(reference_machine(knots), steps=32, throw=False).efficiency


def difference_quotients(step=2e-3):
    value = jax.jit(jax.vmap(efficiency))
    shifts = step * jnp.eye(16)
    f = {k: value(START + k * shifts) for k in (-2, -1, 1, 2)}
    return (8 * (f[1] - f[-1]) - (f[2] - f[-2])) / (12 * step)


def first_gradient_seconds():
    """Wall time of a new process that imports, compiles and evaluates one gradient."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", __spec__.name, "--first"], check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    gradient = jax.jit(jax.grad(efficiency))
    if "--first" in sys.argv:
        jax.block_until_ready(gradient(START))
        sys.exit()
    first = sorted(first_gradient_seconds() for _ in range(3))[1]
    exact = difference_quotients()
    error = float(np.max(np.abs(gradient(START) - exact)) / np.max(np.abs(exact)))
    save(
        "knot_gradient_under_2_ms",
        {
            "gradient, median of 200 calls (ms)": 1e3
            * median_seconds(gradient, START, repeats=200),
            "value, median of 200 calls (ms)": 1e3
            * median_seconds(jax.jit(efficiency), START, repeats=200),
            "relative error of the gradient": error,
            "first gradient in a new process, median of 3 (s)": first,
        },
    )
