"""The gradient of a driven machine's limit cycle costs a thousandth of repeating the cycle.

W3: power + efficiency of a driven Otto cycle and its gradient with respect to ten parameters by
reverse mode, d = 2 and 4, gamma = 0.3 and 0.02 (weak coupling); gradient error at most 1e-7. The
rival repeats the cycle 50 times with Diffrax (Tsit5, rtol 1e-6, atol 1e-8) on complex matrices.
"""

import jax
import jax.numpy as jnp
import numpy as np

from . import common, peers, references, workloads
from .common import largest, measure, measured

NAME = "limit_cycle_gradient"
MACHINES, GOAL = 256, 1e-7
STEPS = (2, 4, 6, 8, 12, 16, 24, 32, 48, 64)


def smallest_steps(d, gamma, gradient):
    """The smallest number of steps whose gradient error is at most 1e-7, or the last."""
    p = jnp.asarray(workloads.CYCLE_PARAMETERS)
    for steps in STEPS:
        found = jax.jit(workloads.with_gradient(workloads.power_and_efficiency(d, gamma, steps)))(
            p
        )[1]
        if largest(found - gradient) <= GOAL:
            break
    return steps


def run(d, gamma, measurements, quick):
    work, repeats = f"W3 d={d} gamma={gamma}", 5 if quick else 100
    p = jnp.asarray(workloads.CYCLE_PARAMETERS)
    _, jacobian = references.cycle_merits(d, gamma)
    gradient = jacobian.sum(axis=0)
    steps = smallest_steps(d, gamma, gradient)
    ours = workloads.with_gradient(workloads.power_and_efficiency(d, gamma, steps))

    def add(batch, method, program, timing, gradients):
        found = largest(gradients - gradient)
        measurements.append(measured(work, batch, method, program, timing, found))

    timing = measure(jax.jit(ours), p, repeats=repeats)
    add(1, f"qtjax.limit_cycle, {steps} steps, reverse", "qtjax", timing, timing.value[1])
    rival = workloads.with_gradient(peers.diffrax_cycle_merits(d, gamma))
    timing = measure(jax.jit(rival), p, repeats=1 if quick else 5)
    add(1, "50 cycles by Diffrax Tsit5, reverse", "diffrax", timing, timing.value[1])
    scatter = np.random.default_rng(0).uniform(-0.02, 0.02, (MACHINES, 10))
    scatter[0] = 0.0
    machines = p + jnp.asarray(scatter)
    timing = measure(jax.jit(jax.vmap(ours)), machines, repeats=3 if quick else 20)
    add(MACHINES, f"qtjax.limit_cycle, {steps} steps, vmap", "qtjax", timing, timing.value[1][0])
    return steps


if __name__ == "__main__":
    args = common.arguments(
        __doc__,
        dimension={"type": int, "nargs": "+", "default": [2, 4], "help": "d, of 2 and 4"},
        gamma={"type": float, "nargs": "+", "default": [0.3, 0.02], "help": "rates"},
    )
    measurements, steps = [], {}
    for d in args.dimension[:1] if args.quick else args.dimension:
        for gamma in args.gamma:
            steps[f"d={d} gamma={gamma}"] = run(d, gamma, measurements, args.quick)
    first = common.case(measurements, f"W3 d={args.dimension[0]} gamma={args.gamma[0]}", 1)
    headline = first | {
        "smallest_steps": steps,
        "error": max(c["error"] for c in common.cases(measurements)),
        "ratio_to_diffrax": min(
            c["ratio_to_diffrax"] for c in common.cases(measurements) if c["ratio_to_diffrax"]
        ),
    }
    notes = (
        "Time: value and reverse-mode gradient of power + efficiency, for one machine. Error: "
        "largest of the ten components against complex steps through DOP853 (rtol 1e-13) and "
        "matrix exponentials in real components.",
        f"`steps` is the smallest of {STEPS} whose gradient error is at most {GOAL:g}.",
    )
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
