"""A limit cycle with isotherms of a million lifetimes costs what one of ten does.

A Carnot cycle of a qubit, gaps from 3 to 1, baths at 1 and 2 with a rate of 1: its efficiency, and
the gradient by rate and duration, by 64 implicit steps per isotherm, and by as many Magnus steps as
the tolerance of 1e-9 needs, as far as 16,384 do. Error: of the efficiency, against 512 implicit
steps.
"""

import jax
import jax.numpy as jnp

import qtjax as qt

from . import common
from .common import measure, measured

NAME = "slow_isotherms"
LIFETIMES = (1e1, 1e2, 1e3, 1e4, 1e6)
EXACT_STEPS = 512


def cycle(p):
    """The machine with p = (rate, duration of an isotherm)."""
    return qt.machines.carnot_cycle(
        qt.number(2), couplings=qt.sigmax(), temperatures=(1.0, 2.0), scales=(1.0, 3.0), rate=p[0],
        durations=(p[1], 1.0, p[1], 1.0),
    )  # fmt: skip


def efficiency(steps, implicit):
    def program(p):
        return qt.limit_cycle(cycle(p), steps=steps, implicit=implicit, throw=False).efficiency

    return program


def run(lifetimes, repeats):
    """The measurements of all durations."""
    measurements = []
    for duration in lifetimes:
        p = jnp.array([1.0, duration])
        exact = jax.jit(efficiency(EXACT_STEPS, True))(p)
        magnus = qt.machines.resolving_steps(cycle(p))
        for method, steps, implicit in (("implicit", 64, True), ("Magnus", magnus, False)):
            for work, program in (
                (f"{duration:.0e} lifetimes", efficiency(steps, implicit)),
                (f"{duration:.0e}, gradient", jax.value_and_grad(efficiency(steps, implicit))),
            ):
                timing = measure(jax.jit(program), p, repeats=repeats)
                value = timing.value[0] if isinstance(timing.value, tuple) else timing.value
                error = float(jnp.abs(value - exact))
                label = f"{method}, {steps} steps"
                measurements.append(measured(work, 1, label, "qtjax", timing, error))
    return measurements


if __name__ == "__main__":
    args = common.arguments(__doc__)
    measurements = run(LIFETIMES[:2] if args.quick else LIFETIMES, 5 if args.quick else 30)
    headline = {f"{m.work}: {m.method}": m.time_us for m in measurements}
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args)
