"""Power against efficiency of an Otto engine: 64 points, 32 starts each, 20 parameters.

Sixteen ramp knots and four durations of the reference machine, 130 steps of Adam for every start of
every point; the whole call, compilation included. Error: what 64 steps for each stroke change.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
import optax

import qtjax as qt

from . import common
from .common import Timing, measured

NAME, WORK = "pareto_front", "Otto engine, power against efficiency"
STEPS = 130  # of the optimizer


def objectives(parameters, steps=8):
    """Power and efficiency of the limit cycle."""
    machine = common.reference_machine(parameters["knots"], parameters["durations"])
    solution = qt.limit_cycle(machine, steps=steps, throw=False)
    return qt.design.power_output(solution), qt.design.smooth_efficiency(solution)


def starts(count):
    keys = jax.random.split(jax.random.key(0), 2)
    straight = jnp.tile(common.KNOTS, 2)
    return {
        "durations": jnp.exp(jax.random.uniform(keys[0], (count, 4), minval=-1.0, maxval=1.5)),
        "knots": straight + 0.1 * jax.random.normal(keys[1], (count, straight.size)),
    }


if __name__ == "__main__":
    args = common.arguments(__doc__)
    points, count = (4, 4) if args.quick else (64, 32)
    begin = time.perf_counter()
    front = qt.design.pareto_front(
        objectives, starts(count), optax.adam(0.03), steps=STEPS, points=points,
        bounds={"durations": qt.Bounded(0.05, 20.0), "knots": None},
        finer=lambda p: objectives(p, steps=64),
    )  # fmt: skip
    seconds = time.perf_counter() - begin
    good = np.asarray(front.feasible & ~front.dominated)
    power, efficiency = np.asarray(front.values).T
    measurements = [
        measured(
            WORK, points, f"qtjax.design.pareto_front, {count} starts", "qtjax",
            Timing(seconds, 0.0, None), common.largest(front.change),
        )
    ]  # fmt: skip
    measurements[0].compile_s = None  # within the time
    corner = (0.0, float(efficiency.min()))
    notes = (
        f"The whole call took {seconds:.1f} s, compilation included.",
        f"{good.sum()} of {points} points are feasible and not dominated; power {power[0]:.5f} at "
        f"efficiency {efficiency[0]:.4f} to {power[-1]:.5f} at {efficiency[-1]:.4f}.",
        f"Half of the starts end up to {float(np.median(front.spread)):.3g} below the best (median "
        f"over points); area above {corner}: {front.hypervolume(corner):.3g}.",
    )
    headline = common.case(measurements, WORK, points) | {"seconds": seconds}
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
