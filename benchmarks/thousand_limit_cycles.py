"""1,000 driven limit cycles, or their gradients by ten parameters, take at most 0.1 s.

By `vmap` and after compilation: the figures of cycles with 16 ramp knots, and power + efficiency of
the cycles of `limit_cycle_gradient` (d = 2, rates 0.3) with their gradients.
"""

import jax
import jax.numpy as jnp
import numpy as np

import qtjax as qt

from . import common, references, workloads
from .common import KNOTS, largest, measure, measured, reference_machine
from .limit_cycle_gradient import smallest_steps

NAME, WORK = "thousand_limit_cycles", "limit cycle, 16 knots"
GRADIENTS, RATE = "limit cycle with gradient by ten parameters", 0.3
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


def run_gradients(machines, repeats):
    """A measurement of gradients; its error is that of the first machine."""
    gradient = references.cycle_merits(2, RATE)[1].sum(axis=0)
    steps = smallest_steps(2, RATE, gradient)
    scatter = np.random.default_rng(0).uniform(-0.02, 0.02, (machines, 10))
    scatter[0] = 0.0
    parameters = jnp.asarray(workloads.CYCLE_PARAMETERS) + jnp.asarray(scatter)
    both = workloads.with_gradient(workloads.power_and_efficiency(2, RATE, steps))
    timing = measure(jax.jit(jax.vmap(both)), parameters, repeats=repeats)
    error = largest(timing.value[1][0] - gradient)
    method = f"qtjax, {steps} steps, vmap of reverse mode"
    return measured(GRADIENTS, machines, method, "qtjax", timing, error), timing.seconds


if __name__ == "__main__":
    args = common.arguments(__doc__)
    machines = 100 if args.quick else 1000
    measurement, headline = run(machines, 10)
    gradients, headline["gradients_s"] = run_gradients(machines, 10)
    notes = (
        "Error: the largest estimated error of a stroke's map. Largest deviation of an efficiency "
        f"from that of the single machine: {headline['deviation_from_single_machines']:.1e}.",
    )
    common.publish(NAME, __doc__.splitlines()[0], [measurement, gradients], headline, args, notes)
