"""vmap over the limit cycles of 1,000 driven machines takes less than 1 s after compilation."""

import time

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

import qtjax as qt

from .common import KNOTS, median_seconds, reference_machine, save


def outputs(durations):
    cycle = qt.limit_cycle(
        reference_machine(jnp.concatenate([KNOTS, KNOTS]), durations), steps=32, throw=False
    )
    return cycle.efficiency, cycle.power, cycle.error


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    times = np.ones((1000, 4))
    times[:, ::2] = rng.uniform(1.0, 4.0, (1000, 2))
    batch = jax.jit(jax.vmap(outputs))
    start = time.perf_counter()
    efficiency, _, error = jax.block_until_ready(batch(jnp.asarray(times)))
    compile_seconds = time.perf_counter() - start
    single = jax.jit(outputs)
    deviation = max(abs(float(single(times[k])[0] - efficiency[k])) for k in range(0, 1000, 100))
    save(
        "thousand_limit_cycles",
        {
            "1,000 limit cycles, median of 10 calls (s)": median_seconds(
                batch, jnp.asarray(times), repeats=10
            ),
            "first call, compilation included (s)": compile_seconds,
            "largest estimated error of a map": float(jnp.max(error)),
            "largest deviation from single machines": deviation,
        },
    )
