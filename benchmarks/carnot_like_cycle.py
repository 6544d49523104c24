"""A limit cycle whose baths follow the drive in 40 microseconds, in 200 with its gradient.

A Carnot-like cycle of a qubit, H = w(s)/2 sigma_z + 0.3 sigma_x: four driven strokes, two of them
in contact with a bath that follows H(t) (flat, coupled by sigma_x), 16 Magnus steps each. Power
and efficiency, and the gradient of their sum by the four corners of w, the four durations and the
two temperatures. Error: of the gradient, against 48 steps.
"""

import jax
import jax.numpy as jnp
import numpy as np

import qtjax as qt

from . import common
from .common import largest, measure, measured

NAME = "carnot_like_cycle"
VALUE, GRADIENT = "power and efficiency", "their gradient by ten parameters"
STEPS, EXACT_STEPS, MACHINES = 16, 48, 256
PARAMETERS = np.array([2.0, 1.4, 0.7, 1.0, 5.0, 1.0, 5.0, 1.0, 1.0, 0.4])


def merits(p, steps=STEPS):
    """Power and efficiency of the machine with parameters p, (10,)."""
    corners, durations, temperatures = p[:4], p[4:8], p[8:]
    strokes = []
    for k, contact in enumerate(("hot", None, "cold", None)):
        drive = qt.Linear(corners[k], corners[(k + 1) % 4])
        h = qt.Driven([(drive, 0.5 * qt.sigmaz()), (0.3, qt.sigmax())])
        bath = qt.AdiabaticBath(qt.sigmax(), temperatures[k // 2], qt.Flat(0.3))
        system = qt.OpenSystem(h, bath if contact else ())
        strokes.append(qt.Stroke(system, durations[k], contact))
    found = qt.limit_cycle(qt.Cycle(strokes), steps=steps, throw=False)
    return found.power, found.efficiency


def with_gradient(p, steps=STEPS):
    """Value and gradient of power + efficiency."""
    return jax.value_and_grad(lambda p: sum(merits(p, steps)))(p)


def run(machines, repeats):
    """The measurements of one machine and of many."""
    one = jnp.asarray(PARAMETERS)
    scatter = np.random.default_rng(0).uniform(-0.02, 0.02, (machines, one.size))
    many = one + jnp.asarray(scatter)
    measurements = []
    for work, program in ((VALUE, merits), (GRADIENT, with_gradient)):
        exact = jax.jit(jax.vmap(lambda p, program=program: program(p, EXACT_STEPS)))(many)
        for batch, given, ours in ((1, one, program), (machines, many, jax.vmap(program))):
            timing = measure(jax.jit(ours), given, repeats=repeats)
            if batch == 1:
                wanted = jax.jit(lambda p, program=program: program(p, EXACT_STEPS))(given)
            else:
                wanted = exact
            error = largest(jnp.asarray(timing.value[1]) - jnp.asarray(wanted[1]))
            measurements.append(measured(work, batch, "qtjax.limit_cycle", "qtjax", timing, error))
    return measurements


if __name__ == "__main__":
    args = common.arguments(__doc__)
    measurements = run(8 if args.quick else MACHINES, 5 if args.quick else 100)
    headline = common.cases(measurements)[-1]
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args)
