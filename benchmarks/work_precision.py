"""The error reached follows the tolerance asked for, from 1e-4 to 1e-12.

Error and time against the tolerance for W1 and the d = 4 chain, by qtjax's own choice of method and
by Diffrax's Dopri8 within `qt.evolve`; and the reference itself against 30 digits on one lane.
"""

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np

from . import common, references, workloads
from .common import Measurement, largest, measure

NAME = "work_precision"
TOLERANCES = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12)


def reference_against_30_digits():
    """The largest deviation of the DOP853 reference of W1, lane 0, from 60-order series."""
    parameters = workloads.driven_qubits(64)
    states, heats = references.driven_qubits(parameters)
    x, y, z, heat = references.driven_qubit_in_30_digits(parameters)
    exact = 0.5 * np.array([[1 + z, x - 1j * y], [x + 1j * y, 1 - z]])
    return max(largest(states[0] - exact), abs(heats[0] - heat))


def run(work, make, parameters, reference, batch, tolerances, measurements):
    arrays = tuple(map(jnp.asarray, parameters))
    for label, options in (("default", {}), ("Dopri8", {"solver": dfx.Dopri8()})):
        for tolerance in tolerances:
            lane = make(tolerance=tolerance, **options)
            timing = measure(jax.jit(jax.vmap(lane)), *arrays, repeats=5, budget=3.0)
            pairs = zip(timing.value, reference, strict=True)
            found = max(largest(np.asarray(v)[: len(r)] - r) for v, r in pairs)
            measurements.append(
                Measurement(
                    f"{work}, asked {tolerance:.0e}", batch, f"qtjax.evolve, {label}", "qtjax",
                    1e6 * timing.seconds / batch, timing.compile_s, found,
                    common.DEFAULTS if label == "default" else label,
                )
            )  # fmt: skip


if __name__ == "__main__":
    args = common.arguments(__doc__, batch={"type": int, "help": "batch size"})
    batch = args.batch or (8 if args.quick else 256)
    tolerances = TOLERANCES[::4] if args.quick else TOLERANCES
    deviation, measurements = reference_against_30_digits(), []
    qubits, chains = workloads.driven_qubits(batch), workloads.chains(batch)
    exact = references.driven_qubits(qubits)
    run("W1", workloads.driven_qubit, qubits, exact, batch, tolerances, measurements)
    exact = references.driven_chains(4, chains, 64)

    def chain(**options):
        return workloads.driven_chain(4, keep=workloads.state_and_heats, **options)

    run("W2 d=4", chain, chains, exact, batch, tolerances, measurements)
    ours = [m for m in measurements if m.setting == common.DEFAULTS]
    worst = max(m.error / float(m.work.split("asked ")[1]) for m in ours)
    headline = {
        "error": min(m.error for m in ours),
        "largest_error_over_tolerance": worst,
        "reference_deviation": deviation,
    }
    notes = (
        f"The reference of W1, lane 0, deviates by {deviation:.1e} from Taylor series of 60 orders "
        "in 30 digits (mpmath).",
        f"The largest ratio of error to tolerance on the default path is {worst:.2g}.",
    )
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
