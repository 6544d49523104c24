"""Gradients of the heat with respect to eight pulse coefficients are cheap by the thousand.

W4: W1 with cubic ramps of w and g; dQ/d(coefficients), relative error at most 1e-6. The gradient is
`jax.jit(jax.vmap(jax.grad(heat)))`.
"""

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np

from . import common, peers, references, workloads
from .common import measure, measured

NAME, WORK = "batched_gradient", "W4"
TOLERANCE = 1e-7


def error(value, reference):
    """The largest error of a lane's gradient relative to its largest entry."""
    difference = np.abs(np.asarray(value)[: len(reference)] - reference)
    return float(np.max(difference.max(axis=1) / np.abs(reference).max(axis=1)))


def run(batch, measurements, quick):
    parameters = workloads.cubic_qubits(batch)
    arrays = tuple(map(jnp.asarray, parameters))
    reference = references.cubic_heat_gradients(parameters)
    repeats = 3 if quick else 20

    def add(method, program, timing, **options):
        found = error(timing.value, reference)
        measurements.append(measured(WORK, batch, method, program, timing, found, **options))

    heat = workloads.cubic_qubit(TOLERANCE)
    timing = measure(jax.jit(jax.vmap(jax.grad(heat))), *arrays, repeats=repeats)
    path = workloads.path(workloads.cubic_qubit(TOLERANCE, workloads.everything), arrays)
    add(f"qtjax ({path}), reverse, tolerance {TOLERANCE:g}", "qtjax", timing)
    forward = measure(jax.jit(jax.vmap(heat)), *arrays, repeats=repeats)
    measurements.append(
        measured(WORK, batch, "qtjax, the heat alone", "qtjax", forward, setting="value")
    )
    for name, adjoint in (
        ("RecursiveCheckpoint", dfx.RecursiveCheckpointAdjoint()),
        ("Backsolve", dfx.BacksolveAdjoint()),
    ):
        timing = measure(peers.diffrax_cubic_gradients(adjoint), *arrays, repeats=repeats)
        add(f"Diffrax Dopri8 by hand, real, batch last, {name}", "diffrax", timing)
    if peers.dq is not None:
        solve = peers.dynamiqs_cubic_gradients(peers.dynamiqs_method("Tsit5"))
        timing = measure(solve, *arrays, repeats=3)
        add("dynamiqs Tsit5, rtol 1e-6, reverse (its default)", "dynamiqs", timing)
        solve = peers.dynamiqs_cubic_gradients(peers.dynamiqs_method("Tsit5"), forward=True)
        timing = measure(solve, *arrays, repeats=3)
        add("dynamiqs Tsit5, rtol 1e-6, forward", "dynamiqs", timing)


if __name__ == "__main__":
    args = common.arguments(__doc__, batch={"type": int, "help": "batch size"})
    measurements = []
    batch = args.batch or (32 if args.quick else 1024)
    run(batch, measurements, args.quick)
    notes = (
        "Error: of a lane's gradient relative to its largest entry, against complex steps through "
        "DOP853 at rtol 1e-13, 64 lanes.",
    )
    headline = common.case(measurements, WORK, batch)
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
