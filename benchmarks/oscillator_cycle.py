"""A cycle of the harmonic engine: by Gaussian moments, exactly, against truncated Fock levels.

An Otto cycle between w = 1 and 2 with linear ramps and baths at T = 0.3 and 1: the power of its
limit cycle and its gradient by the four durations. Both programs are qtjax; levels are cut off in
one of them.
"""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import qtjax as qt

from . import common
from .common import largest, measure, measured

NAME = "oscillator_cycle"
POWER, GRADIENT = "oscillator cycle, power", "oscillator cycle, power and gradient"
MOMENTS = "qtjax.machines.gaussian_limit_cycle"
W, T, RATE = (1.0, 2.0), (0.3, 1.0), 0.6
DURATIONS = (3.0, 4.0, 3.0, 4.0)
MOMENT_STEPS, FOCK_STEPS = 64, 32
LEVELS, MACHINES = (8, 12, 16, 20, 24), 1000

warnings.filterwarnings("ignore", message=".*levels.*")  # too few of them is what is measured


def by_moments(durations):
    """The power of the limit cycle, from five moments."""
    strokes = qt.machines.oscillator_otto(W, temperatures=T, rate=RATE, durations=[*durations])
    return qt.machines.gaussian_limit_cycle(strokes, steps=MOMENT_STEPS, throw=False).power


def by_levels(levels):
    """The power as a function of the durations, from a density matrix of so many levels."""

    def power(durations):
        cycle = qt.machines.truncated_oscillator_otto(
            levels, W, temperatures=T, rate=RATE, durations=[*durations]
        )
        return qt.limit_cycle(cycle, steps=FOCK_STEPS, throw=False).power

    return power


def reference(durations):
    """The power, by matrix exponentials and DOP853 on (1, <x^2>, <p^2>, <xp + px>/2), in NumPy.

    Durations may be complex: an imaginary step is a derivative without cancellation.
    """

    def isochore(w, temperature, time):
        d = RATE * (1.0 / np.expm1(w / temperature) + 0.5)
        rows = [[0, 0, 0, 0], [d / w, -RATE, 0, 2], [d * w, 0, -RATE, -2 * w**2]]
        return expm(time * np.array([*rows, [0, -(w**2), 1, -RATE]]))

    def ramp(first, last, time):
        def flow(s, y):
            square = (first + s * (last - first)) ** 2
            one, xx, pp, c = y.reshape(4, 4)
            return time * np.stack([0 * one, 2 * c, -2 * square * c, pp - square * xx]).ravel()

        start = np.eye(4, dtype=complex).ravel()
        run = solve_ivp(flow, (0.0, 1.0), start, "DOP853", rtol=1e-13, atol=1e-14)
        return run.y[:, -1].reshape(4, 4)

    t = [complex(x) for x in durations]
    maps = [isochore(W[1], T[1], t[0]), ramp(W[1], W[0], t[1]), isochore(W[0], T[0], t[2]),
            ramp(W[0], W[1], t[3])]  # fmt: skip
    once = maps[3] @ maps[2] @ maps[1] @ maps[0]
    v = np.linalg.solve(np.eye(3) - once[1:, 1:], once[1:, 0])
    edges = [np.array([1.0, *v])]
    for m in maps[:3]:
        edges.append(m @ edges[-1])
    u = [0.5 * (y[2] + w**2 * y[1]) for y, w in zip(edges, (W[1], W[1], W[0], W[0]), strict=True)]
    return (u[1] - u[0] + u[3] - u[2]) / sum(t)


def exact():
    """The power and its gradient by the durations, by imaginary steps of the reference."""
    steps = np.array(DURATIONS) + 1e-30j * np.eye(4)
    return reference(DURATIONS).real, np.array([reference(t).imag for t in steps]) / 1e-30


def run(levels, batch, measurements, quick):
    """Measure both programs; the truncation error of the power by the number of levels."""
    at, repeats = jnp.asarray(DURATIONS), 3 if quick else 20
    power, gradient = exact()
    errors = {}

    def add(function, method, setting):
        timing = measure(jax.jit(function), at, repeats=repeats)
        error = abs(float(timing.value) - power)
        measurements.append(measured(POWER, 1, method, "qtjax", timing, error, setting))
        timing = measure(jax.jit(jax.value_and_grad(function)), at, repeats=repeats)
        wrong = largest(timing.value[1] - gradient)
        measurements.append(measured(GRADIENT, 1, method, "qtjax", timing, wrong, setting))
        return error / abs(power)

    add(by_moments, MOMENTS, common.DEFAULTS)
    for d in levels:
        errors[d] = add(by_levels(d), "qtjax.limit_cycle of density matrices", f"{d} levels")
    scatter = np.random.default_rng(0).uniform(0.5, 1.5, (batch, 4))
    scatter[0] = 1.0
    many = jax.jit(jax.vmap(jax.value_and_grad(by_moments)))
    timing = measure(many, at * jnp.asarray(scatter), repeats=repeats)
    error = largest(timing.value[1][0] - gradient)
    measurements.append(measured(GRADIENT, batch, f"{MOMENTS}, vmap", "qtjax", timing, error))
    return errors


def ratio(measurements, work, setting):
    """The time of the levels in units of that of the moments."""
    here = {m.setting: m.time_us for m in measurements if (m.work, m.batch) == (work, 1)}
    return here[setting] / here[common.DEFAULTS]


if __name__ == "__main__":
    args = common.arguments(__doc__, batch={"type": int, "help": "machines at once, by moments"})
    levels = LEVELS[:2] if args.quick else LEVELS
    batch = args.batch or (64 if args.quick else MACHINES)
    measurements = []
    errors = run(levels, batch, measurements, args.quick)
    enough = next((d for d, error in errors.items() if error <= 1e-6), levels[-1])
    headline = common.case(measurements, GRADIENT, batch) | {
        "relative_truncation_error": errors,
        "levels_compared": enough,
        "levels_over_moments_power": ratio(measurements, POWER, f"{enough} levels"),
        "levels_over_moments_gradient": ratio(measurements, GRADIENT, f"{enough} levels"),
    }
    notes = (
        "Error: deviation of the power (of the gradient: its largest component) from matrix "
        "exponentials and DOP853 on the moments in SciPy, derivatives by imaginary steps.",
        f"{enough} levels: the first with a relative error of the power of at most 1e-6, or the "
        "most that were tried.",
    )
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
