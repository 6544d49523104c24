"""Driven spin chains of 2 to 5 spins with a bath at either end are cheaper than anyone else's.

W2: H = w(t)/2 sum σ_z + J/2 sum σ_x σ_x, w linear over t = 10, end spins damped; the final state,
and with the two heats as a second figure. W2g: w and J constant, global (Davies) baths, d = 4, 8.
"""

import jax
import jax.numpy as jnp
import numpy as np

import qtjax as qt

from . import common, peers, references, workloads
from .common import at_equal_error, largest, measure, measured

NAME = "spin_chain"
TOLERANCE = 1e-7
BATCHES = {4: 1024, 8: 1024, 16: 64, 32: 64}
REFERENCE_LANES = {4: 64, 8: 8, 16: 4, 32: 2}


def error(value, reference, heats):
    """The largest deviation of the first lanes' states (and heats)."""
    pairs = zip(value if heats else (value,), reference, strict=False)
    return max(largest(np.asarray(v)[: len(r)] - np.asarray(r)[: len(v)]) for v, r in pairs)


def driven(d, batch, measurements, quick):
    """W2, without and with heats."""
    parameters = workloads.chains(batch)
    arrays = tuple(map(jnp.asarray, parameters))
    reference = references.driven_chains(d, parameters, REFERENCE_LANES[d])
    for heats, work in ((False, f"W2 d={d}"), (True, f"W2 d={d} heats")):

        def add(method, program, timing, heats=heats, work=work, **options):
            found = error(timing.value, reference, heats)
            measurements.append(measured(work, batch, method, program, timing, found, **options))

        repeats = 3 if quick else 10
        keep = workloads.state_and_heats if heats else workloads.state_only
        lane = workloads.driven_chain(d, TOLERANCE, keep)
        timing = measure(jax.jit(jax.vmap(lane)), *arrays, repeats=repeats)
        found_by_us = error(timing.value, reference, heats)
        path = workloads.path(workloads.driven_chain(d, TOLERANCE, workloads.everything), arrays)
        add(f"qtjax.evolve ({path}), tolerance {TOLERANCE:g}", "qtjax", timing)
        if peers.dq is not None:
            for name in ("Tsit5", "Dopri8"):
                solve = peers.dynamiqs_driven_chains(d, peers.dynamiqs_method(name), heats)
                timing = measure(solve, *arrays, repeats=repeats)
                add(f"dynamiqs {name}, rtol 1e-6, dia", "dynamiqs", timing)
        if peers.dq is not None and not heats and d <= 8:

            def make(tolerance):
                return peers.dynamiqs_driven_chains(d, peers.dynamiqs_method("Dopri8", tolerance))

            def state_error(value):
                return error(value, reference, False)

            goal = max(found_by_us, 2e-11)
            tolerance, timing, setting = at_equal_error(make, arrays, state_error, goal)
            add(f"dynamiqs Dopri8, rtol {tolerance:g}, dia", "dynamiqs", timing, setting=setting)
        if peers.qutip is not None:

            def solve(heats=heats):
                one = peers.qutip_driven_chain(d, *(float(p[0]) for p in parameters), heats=heats)
                return [v[None] for v in one] if heats else one[None]

            timing = measure(solve, repeats=3)
            add("QuTiP mesolve, defaults, CSR, one lane", "qutip", timing, items=1)


def static(d, batch, measurements, quick):
    """W2g: every lane has its own Hamiltonian and its own jump operators."""
    w0, _, j = workloads.chains(batch)
    work, repeats = f"W2g d={d}", 3 if quick else 10
    groups = workloads.transition_groups(d, w0, j)
    reference = references.global_chains(d, (w0, j), REFERENCE_LANES[d])
    programs = [
        (jax.jit(jax.vmap(workloads.global_chain(d, transitions, TOLERANCE))), w0[i], j[i], i)
        for transitions, i in groups
    ]

    def solve_groups():
        return [program(gaps, couplings) for program, gaps, couplings, _ in programs]

    timing = measure(solve_groups, repeats=repeats)
    states = np.empty((batch, d, d), complex)
    for (*_, lanes), value in zip(programs, timing.value, strict=True):
        states[lanes] = value
    found = error(states, (reference,), False)
    lane = workloads.global_chain(d, groups[0][0], TOLERANCE, workloads.everything)
    path = workloads.path(lane, (w0, j))
    method = f"qtjax.evolve ({path}), tolerance {TOLERANCE:g}, {len(groups)} vmap"
    measurements.append(measured(work, batch, method, "qtjax", timing, found))
    jumps = _jump_operators(d, w0, j, groups)
    if peers.dq is not None:
        for name in ("Tsit5", "Dopri8", "Expm"):
            if name == "Expm" and d > 4 and quick:
                continue
            solve = peers.dynamiqs_global_chains(d, peers.dynamiqs_method(name))
            arrays = jnp.asarray(w0), jnp.asarray(j), list(map(jnp.asarray, jumps))
            timing = measure(solve, *arrays, repeats=repeats)
            found = error(timing.value, (reference,), False)
            method = f"dynamiqs {name}" + (", exact" if name == "Expm" else ", rtol 1e-6")
            measurements.append(measured(work, batch, method, "dynamiqs", timing, found))
    if peers.qutip is not None:

        def one():
            return peers.qutip_global_chain(d, w0[0], j[0], [op[0] for op in jumps])[None]

        timing = measure(one, repeats=3)
        found = error(timing.value, (reference,), False)
        method = "QuTiP mesolve, defaults, CSR, one lane"
        measurements.append(measured(work, batch, method, "qutip", timing, found, items=1))


def _jump_operators(d, w0, j, groups):
    """The same jump operators times root rates, a list of (batch, d, d)."""
    found = []
    for transitions, lanes in groups:

        def lane(gap, coupling, transitions=transitions):
            h = workloads.static_chain_hamiltonian(d, gap, coupling)
            baths = workloads.davies_baths(d, h, transitions)
            pairs = [qt.dynamics.jump_operators(bath, qt.Static(h), 0.0) for bath in baths]
            return jnp.concatenate(
                [jnp.sqrt(rates)[:, None, None] * operators for rates, operators in pairs]
            )

        found.append((lanes, np.asarray(jax.jit(jax.vmap(lane))(w0[lanes], j[lanes]))))
    jumps = np.empty((w0.shape[0], *found[0][1].shape[1:]), complex)
    for lanes, values in found:
        jumps[lanes] = values
    return list(np.swapaxes(jumps, 0, 1))


if __name__ == "__main__":
    args = common.arguments(
        __doc__,
        dimension={"type": int, "nargs": "+", "help": "d, of 4, 8, 16, 32"},
        batch={"type": int, "help": "one batch size for all d"},
    )
    measurements = []
    for d in args.dimension or ([4, 8] if args.quick else [4, 8, 16, 32]):
        batch = args.batch or (16 if args.quick else BATCHES[d])
        driven(d, batch, measurements, args.quick)
        if d <= 8:
            static(d, batch, measurements, args.quick)
    found = common.cases(measurements)
    headline = {
        f"ratio_to_{peer}": min(
            (c[f"ratio_to_{peer}"] for c in found if c[f"ratio_to_{peer}"] is not None),
            default=None,
        )
        for peer in ("dynamiqs", "qutip")
    } | {"error": max(c["error"] for c in found)}
    notes = (
        "Error: largest deviation of states (and heats) from DOP853 at rtol 1e-13, on "
        + ", ".join(f"{n} lanes at d = {d}" for d, n in REFERENCE_LANES.items())
        + "; QuTiP's is of its one lane.",
        "W2g: dynamiqs and QuTiP are given the jump operators, qtjax makes them within its time; "
        "at d = 8 two levels cross inside the range, so the lanes are two calls of vmap.",
    )
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
