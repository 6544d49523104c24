"""A qubit whose bath follows H(t), without one, and driven by a function, beside the plain one.

H = 0.3 sigma_x + f(t) sigma_z for t = 0 ... 10 with 11 saved times at rtol 1e-7, by `vmap`:

- the main road: f is a straight line and the bath is a fixed one;
- an adiabatic bath (flat, coupled by sigma_x) with the same line;
- f is a Python function that is no polynomial, with the fixed bath;
- the same function written as H(t), a function that returns a matrix;
- the same function with the adiabatic bath;
- the line with a Redfield bath, which follows it too (Ohmic);
- the line without a bath.

Trajectories with their books, and the gradient of heat, work and a population by two parameters of
every lane. The error is the largest deviation of states and books from those at rtol 1e-12.
"""

import jax
import jax.numpy as jnp
import numpy as np

import qtjax as qt

from . import common
from .common import largest, measure, measured

NAME = "following_bath"
VALUE, GRADIENT = "driven qubit with heat", "its gradient by two parameters"
TIMES = np.linspace(0.0, 10.0, 11)
RHO = qt.thermal_state(qt.sigmaz(), 1.0)
FLAT = qt.Flat(0.1)
LINE, FOLLOWING, FUNCTION = "fixed bath, line", "bath that follows H(t)", "drive as a function"
CLOSED, REDFIELD = "no bath, line", "Redfield bath that follows H(t)"
MATRIX, WAVE = "H(t) as a function", "bath that follows H(t), drive as a function"
KINDS = (LINE, FOLLOWING, REDFIELD, FUNCTION, MATRIX, WAVE, CLOSED)


def line(speed):
    return qt.Polynomial(jnp.stack([jnp.asarray(0.5), speed]), 0.0, 10.0)


def fixed(temperature):
    return qt.LocalBath(qt.create(2), 1.0, temperature, FLAT)


def system(kind, speed, temperature):
    bath = fixed(temperature)
    if kind in (FOLLOWING, WAVE):
        bath = qt.AdiabaticBath(qt.sigmax(), temperature, FLAT)
    elif kind == REDFIELD:
        bath = qt.dynamics.RedfieldBath(qt.sigmax(), temperature, qt.Ohmic(0.1))
    elif kind == CLOSED:
        bath = ()
    drive = line(speed)
    if kind in (FUNCTION, MATRIX, WAVE):

        def drive(t):
            return 0.5 + speed * jnp.sin(t / 10.0) * jnp.exp(-t / 40.0)

    if kind == MATRIX:
        return qt.OpenSystem(lambda t: 0.3 * qt.sigmax() + drive(t) * qt.sigmaz(), bath)
    return qt.OpenSystem(qt.Driven([(0.3, qt.sigmax()), (drive, qt.sigmaz())]), bath)


def outputs(kind, rtol):
    def run(speed, temperature):
        solution = qt.evolve(
            system(kind, speed, temperature), RHO, TIMES, rtol=rtol, atol=rtol / 100, throw=False
        )
        return solution.state, solution.ledger.heat[-1], solution.ledger.work[-1]

    return run


def total(kind, rtol):
    def loss(speed, temperature):
        state, heat, work = outputs(kind, rtol)(speed, temperature)
        return jnp.sum(heat) + work + state[0, 0].real

    return jax.grad(loss, (0, 1))


def run(lanes, repeats):
    """The measurements, and the times relative to those of the main road."""
    speeds, temperatures = jnp.linspace(0.5, 1.5, lanes), jnp.linspace(0.3, 1.0, lanes)
    measurements, headline = [], {}
    for work, make in ((VALUE, outputs), (GRADIENT, total)):
        for kind in KINDS:
            timing = measure(
                jax.jit(jax.vmap(make(kind, 1e-7))), speeds, temperatures, repeats=repeats
            )
            exact = jax.jit(jax.vmap(make(kind, 1e-12)))(speeds[::64], temperatures[::64])
            pairs = zip(jax.tree.leaves(timing.value), jax.tree.leaves(exact), strict=True)
            error = max(largest(found[::64] - wanted) for found, wanted in pairs)
            measurements.append(measured(f"{work}: {kind}", lanes, "qtjax", "qtjax", timing, error))
            headline[f"{work}, {kind}"] = timing.seconds / lanes
            headline[f"{work}, {kind}, compile_s"] = timing.compile_s
        for kind in KINDS[1:]:
            base = headline[f"{work}, {LINE}"]
            headline[f"{work}, {kind}, ratio"] = headline[f"{work}, {kind}"] / base
    return measurements, headline


if __name__ == "__main__":
    args = common.arguments(__doc__)
    measurements, headline = run(64 if args.quick else 1024, 20)
    notes = tuple(f"{name}: {value:.2f}" for name, value in headline.items() if "ratio" in name)
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
