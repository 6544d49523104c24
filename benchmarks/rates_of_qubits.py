"""All thermodynamic rates of 100,000 relaxing qubits at 101 times, and their gradients.

Every lane has a gap and the temperature of its bath; the gradient is that of the sum of squared
entropy rates by both. `evolve` alone saves the states.
"""

import jax
import jax.numpy as jnp
import numpy as np

from . import common, workloads
from .common import largest, measure, measured

NAME, WORK = "rates_of_qubits", "rates of a relaxing qubit, 101 times"


def states(temperature, gap):
    return workloads.relaxing_qubit(temperature, gap, save=lambda system, t, rho: rho)


def loss(temperature, gap):
    return jnp.sum(workloads.relaxing_qubit(temperature, gap).entropy_rate ** 2)


def reference(temperature, gap):
    """Heat currents and entropy rates from the populations of the rate equation, in NumPy."""
    occupation = 1.0 / np.expm1(gap / temperature)
    down, up = 0.1 * (1.0 + occupation), 0.1 * occupation
    start, limit = 1.0 / (1.0 + np.exp(0.5)), up / (up + down)
    p = limit + (start - limit) * np.exp(-(up + down) * np.linspace(0.0, 20.0, 101))
    flow = up * (1.0 - p) - down * p
    return gap * flow, flow * np.log((1.0 - p) / p)


def run(batch, quick):
    arrays = workloads.gaps(batch)
    lanes = np.linspace(0, batch - 1, 8).astype(int)
    wanted = np.array([reference(*(p[k] for p in arrays)) for k in lanes])
    cases = {
        "evolve, states saved": states,
        "evolve, rates saved": workloads.relaxing_qubit,
        "gradient of the sum of squared entropy rates": jax.grad(loss, (0, 1)),
    }
    for name, function in cases.items():
        count = min(batch, 10_000) if name.startswith("gradient") else batch
        given = [jnp.asarray(p[:count]) for p in arrays]
        timing = measure(jax.jit(jax.vmap(function)), *given, repeats=2 if quick else 5)
        error = None
        if "rates saved" in name:
            found = np.array([timing.value.heat_current, timing.value.entropy_rate])
            error = largest(found[:, lanes].swapaxes(0, 1) - wanted)
        yield measured(WORK, count, name, "qtjax", timing, error)


if __name__ == "__main__":
    args = common.arguments(__doc__, batch={"type": int, "help": "batch size"})
    batch = args.batch or (1_000 if args.quick else 100_000)
    measurements = list(run(batch, args.quick))
    notes = ("Error: largest deviation of heat currents and entropy rates of 8 lanes.",)
    headline = {m.method: m.time_us for m in measurements}
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
