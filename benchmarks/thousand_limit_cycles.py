"""vmap over the limit cycles of 1,000 driven machines takes less than 1 s after compilation."""

import jax
import jax.numpy as jnp
import numpy as np

import qtjax as qt

from . import common
from .common import KNOTS, largest, measure, measured, reference_machine

NAME, WORK = "thousand_limit_cycles", "limit cycle, 16 knots"
STEPS = 32


def outputs(durations):
    machine = reference_machine(jnp.concatenate([KNOTS, KNOTS]), durations)
    cycle = qt.limit_cycle(machine, steps=STEPS, throw=False)
    return cycle.efficiency, cycle.power, cycle.error


def run(machines, repeats):
    """A measurement and the headline numbers."""
    times = np.ones((machines, 4))
    times[:, ::2] = np.random.default_rng(0).uniform(1.0, 4.0, (machines, 2))
    timing = measure(jax.jit(jax.vmap(outputs)), jnp.asarray(times), repeats=repeats)
    efficiency, _, estimated = timing.value
    single = jax.jit(outputs)
    some = range(0, machines, machines // 10)
    deviation = max(abs(float(single(times[k])[0] - efficiency[k])) for k in some)
    measurement = measured(
        WORK, machines, f"qtjax, {STEPS} steps, vmap", "qtjax", timing, largest(estimated)
    )
    return measurement, {
        "seconds": timing.seconds,
        "compile_s": timing.compile_s,
        "error": measurement.error,
        "deviation_from_single_machines": deviation,
    }


if __name__ == "__main__":
    args = common.arguments(__doc__)
    measurement, headline = run(100 if args.quick else 1000, 10)
    notes = (
        "Error: the largest estimated error of a stroke's map. Largest deviation of an efficiency "
        f"from that of the single machine: {headline['deviation_from_single_machines']:.1e}.",
    )
    common.publish(NAME, __doc__.splitlines()[0], [measurement], headline, args, notes)
