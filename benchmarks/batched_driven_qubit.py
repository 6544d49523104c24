"""Trajectories of a driven damped qubit, with heat, are far cheaper than anyone else's.

W1: H = w(t)/2 σ_z + g(t)/2 σ_x with linear ramps, a thermal dissipator, t = 10; final state and
heat, both with an absolute error of at most 2e-6. A batch is `jax.vmap` over one lane.
"""

import jax
import jax.numpy as jnp
import numpy as np

from . import common, peers, references, workloads
from .common import Measurement, at_equal_error, largest, measure, measured

NAME, WORK = "batched_driven_qubit", "W1"
TOLERANCE = 1e-7


def error(value, reference):
    """The largest deviation of the first lanes' states and heats."""
    return max(largest(v[: len(r)] - r) for v, r in zip(value, reference, strict=True))


def run(batch, measurements, quick):
    parameters = workloads.driven_qubits(batch)
    reference = references.driven_qubits(parameters)
    arrays = tuple(map(jnp.asarray, parameters))
    single = jnp.zeros(()).dtype == jnp.float32
    repeats = 5 if quick else 20

    def add(method, program, timing, **options):
        measurements.append(
            measured(
                WORK, batch, method, program, timing, error(timing.value, reference), **options
            )
        )

    tolerance = 1e-5 if single else TOLERANCE
    lane = workloads.driven_qubit(tolerance)
    timing = measure(jax.jit(jax.vmap(lane)), *arrays, repeats=repeats)
    path = workloads.path(workloads.driven_qubit(tolerance, workloads.everything), arrays)
    add(f"qtjax.evolve ({path}), tolerance {tolerance:g}", "qtjax", timing)
    if single:
        return

    def state_error(value):
        return error(value[:1], reference[:1])

    goal = max(state_error(timing.value), 2e-11)
    timing = measure(peers.diffrax_driven_qubits(), *arrays, repeats=repeats)
    add("Diffrax Dopri8 by hand, real, batch last", "diffrax", timing)
    if batch <= 1024:
        timing = measure(peers.diffrax_naive_driven_qubits(), *arrays, repeats=3)
        add("Diffrax Tsit5, complex, vmap", "diffrax", timing, setting="naive")
    if peers.dq is not None:
        for name in ("Tsit5", "Dopri8"):
            solve = peers.dynamiqs_driven_qubits(peers.dynamiqs_method(name))
            timing = measure(solve, *arrays, repeats=repeats // 2)
            add(f"dynamiqs {name}, rtol 1e-6, dia", "dynamiqs", timing)
        if batch <= 1024:

            def make(tolerance):
                return peers.dynamiqs_driven_qubits(peers.dynamiqs_method("Dopri8", tolerance))

            tolerance, timing, setting = at_equal_error(make, arrays, state_error, goal)
            add(f"dynamiqs Dopri8, rtol {tolerance:g}, dia", "dynamiqs", timing, setting=setting)
    if peers.qutip is not None and batch == 1:
        numbers = [float(p[0]) for p in parameters]

        def solve(tolerance):
            return lambda: [
                np.asarray(v)[None] for v in peers.qutip_driven_qubit(*numbers, tolerance)
            ]

        timing = measure(solve(None), repeats=repeats)
        add("QuTiP mesolve, defaults, CSR", "qutip", timing)
        tolerance, timing, setting = at_equal_error(solve, (), state_error, goal)
        add(f"QuTiP mesolve, rtol {tolerance:g}, CSR", "qutip", timing, setting=setting)


def in_single_precision(batches, quick):
    """The measurements in float32, from a process of its own."""
    options = ["--float32", "--json", *(["--quick"] if quick else []), "--batch", *batches]
    rows = common.child("benchmarks." + NAME, *options)["measurements"]
    return [Measurement(**row | {"setting": "float32"}) for row in rows]


if __name__ == "__main__":
    args = common.arguments(
        __doc__,
        batch={"type": int, "nargs": "+", "help": "batch sizes"},
        float32={"action": "store_true", "help": "qtjax alone, in single precision"},
    )
    batches = args.batch or ([1, 32, 1024] if args.quick else [1, 32, 1024, 32768])
    measurements = []
    for batch in batches:
        run(batch, measurements, args.quick)
    if not args.float32:
        measurements += in_single_precision(batches, args.quick)
    headline = common.case(measurements, WORK, max(batches))
    if peers.qutip is not None and 1 in batches:
        headline["ratio_to_qutip"] = common.case(measurements, WORK, 1)["ratio_to_qutip"]
    notes = (
        "Error: largest deviation of state or heat from DOP853 at rtol 1e-13, 64 lanes.",
        "The ratio to QuTiP is that of one trajectory; dynamiqs and QuTiP get their heat from 101 "
        "saved expectation values and Simpson's rule (8e-8), so equal error is that of the state.",
    )
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
