"""The time per trajectory falls with the batch and stays down; memory grows by bytes per lane.

Time per trajectory against the batch (W1, 1 to 10^6 lanes) and against d (W2, d = 2 is W1), and
memory against the batch with the fitted slope in bytes per lane.
"""

import jax
import jax.numpy as jnp
import numpy as np

from . import common, workloads
from .common import measure, measured

NAME = "cost_curves"
MANY, FEW = 256, 64


def memory_bytes(function, *arrays):
    """What XLA sets aside for a call: arguments, results and scratch space."""
    found = function.lower(*arrays).compile().memory_analysis()
    return sum(getattr(found, f"{kind}_size_in_bytes") for kind in ("argument", "output", "temp"))


def against_batch(batches, measurements):
    """Times and memory of W1."""
    function, memory = jax.jit(jax.vmap(workloads.driven_qubit())), {}
    for batch in batches:
        arrays = tuple(map(jnp.asarray, workloads.driven_qubits(batch)))
        timing = measure(function, *arrays, repeats=10, budget=5.0)
        measurements.append(measured("W1", batch, "qtjax.evolve", "qtjax", timing))
        memory[batch] = memory_bytes(function, *arrays)
    return memory


def against_dimension(dimensions, batch, measurements):
    """Times of W1 (d = 2) and W2."""
    for d in dimensions:
        if d == 2:
            lane, parameters = workloads.driven_qubit(), workloads.driven_qubits(batch)
        else:
            lane, parameters = workloads.driven_chain(d), workloads.chains(batch)
        arrays = tuple(map(jnp.asarray, parameters))
        timing = measure(jax.jit(jax.vmap(lane)), *arrays, repeats=5, budget=5.0)
        measurements.append(measured(f"d={d}", batch, "qtjax.evolve", "qtjax", timing))


if __name__ == "__main__":
    args = common.arguments(
        __doc__, largest={"type": int, "help": "the largest batch, 10^6 by default"}
    )
    largest = args.largest or (1000 if args.quick else 10**6)
    batches = [10**k for k in range(7) if 10**k <= largest]
    measurements = []
    memory = against_batch(batches, measurements)
    few = 8 if args.quick else FEW
    against_dimension((2, 4, 8) if args.quick else (2, 4, 8, 16, 32), few, measurements)
    if not args.quick:
        against_dimension((2, 4, 8), MANY, measurements)
    slope = float(np.polyfit(list(memory), list(memory.values()), 1)[0])
    headline = {
        "time_us": {m.batch: m.time_us for m in measurements if m.work == "W1"},
        "time_us_by_dimension": {
            m.work: m.time_us for m in measurements if m.work != "W1" and m.batch == few
        },
        "bytes": memory,
        "bytes_per_lane": slope,
    }  # fmt: skip
    notes = (
        f"Memory of a W1 call by XLA's own account: {slope:.0f} bytes per lane (least squares, "
        f"1 to {batches[-1]:,} lanes), {memory[batches[-1]] / 1e6:.1f} MB at the last.",
    )
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
