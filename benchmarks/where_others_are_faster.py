"""Where others are faster: a single trajectory of a large system, a single small steady state.

W2 with one lane, d = 32 to 256; one system with full operators (random H(t), two jump operators),
d = 32 and 64; and the steady state of three spins with a bath at either end (one, and 1,000 at
once).
"""

import jax
import jax.numpy as jnp
import numpy as np

import qtjax as qt

from . import common, peers, workloads
from .common import DEFAULTS, at_equal_error, largest, measure, measured

NAME = "where_others_are_faster"
W0, W1, COUPLING = 1.1, 2.1, 0.8


def trajectory(d, measurements, repeats):
    """One lane of W2; errors are those against dynamiqs' Dopri8 at rtol 1e-12."""
    work, one = f"W2 d={d}", tuple(jnp.array([x]) for x in (W0, W1, COUPLING))
    reference = None
    if peers.dq is not None:
        solve = peers.dynamiqs_driven_chains(d, peers.dynamiqs_method("Dopri8", 1e-12))
        reference = np.asarray(solve(*one))[0]

    def add(method, program, timing, setting=DEFAULTS):
        error = None if reference is None else largest(np.asarray(timing.value) - reference)
        measurements.append(measured(work, 1, method, program, timing, error, setting))

    for tolerance, setting in ((1e-7, DEFAULTS), (1e-4, "loose")):
        lane = jax.jit(workloads.driven_chain(d, tolerance))
        timing = measure(lane, W0, W1, COUPLING, repeats=repeats)
        add(f"qtjax.evolve, tolerance {tolerance:g}", "qtjax", timing, setting)
    if peers.dq is not None:
        for name in ("Tsit5", "Dopri8"):
            solve = peers.dynamiqs_driven_chains(d, peers.dynamiqs_method(name))
            timing = measure(solve, *one, repeats=repeats)
            add(f"dynamiqs {name}, rtol 1e-6, dia", "dynamiqs", timing)

        def at(tolerance):
            return peers.dynamiqs_driven_chains(d, peers.dynamiqs_method("Dopri8", tolerance))

        def deviation(value):
            return largest(np.asarray(value)[0] - reference)

        goal = measurements[-4].error
        tolerance, timing, setting = at_equal_error(at, one, deviation, goal)
        add(f"dynamiqs Dopri8, rtol {tolerance:g}, dia", "dynamiqs", timing, setting)
    if peers.qutip is not None:
        timing = measure(peers.qutip_driven_chain, d, W0, W1, COUPLING, repeats=repeats)
        add("QuTiP mesolve, defaults, CSR", "qutip", timing)


def full_operators(d, measurements, repeats):
    """H = h0 + (t/T) h1 and two jump operators without zeros, to t = T, with all books.

    Errors are those against dynamiqs' Dopri8 at rtol 1e-12.
    """
    rng = np.random.default_rng(0)
    a = rng.normal(size=(4, d, d)) / np.sqrt(d)
    h0, h1 = 0.5 * (a[0] + a[0].T), 0.15 * (a[1] + a[1].T)
    jumps, rho0 = [a[2], a[3]], qt.thermal_state(h0, 1.0)

    def lane(rho):
        h = qt.Driven([(1.0, h0), (qt.Linear(0.0, 1.0, 0.0, workloads.T_END), h1)])
        system = qt.OpenSystem(h, [qt.Lindblad(jump, 0.1) for jump in jumps])
        options = {"rtol": 1e-7, "atol": 1e-7, "throw": False}
        return qt.evolve(system, rho, workloads.TS, **options).state

    found = [("qtjax.evolve", "qtjax", measure(jax.jit(lane), rho0, repeats=repeats))]
    reference = None
    if peers.dq is not None:
        for name, rtol in (("Tsit5", 1e-6), ("Dopri8", 1e-6), ("Dopri8", 1e-12)):
            method = peers.dynamiqs_method(name, rtol)
            solve = peers.dynamiqs_full_operators(h0, h1, jumps, 0.1, rho0, method)
            timing = measure(solve, repeats=repeats)
            found.append((f"dynamiqs {name}, rtol {rtol:g}", "dynamiqs", timing))
            reference = np.asarray(timing.value)
    for method, program, timing in found:
        error = None if reference is None else largest(np.asarray(timing.value) - reference)
        setting = DEFAULTS if "1e-12" not in method else "reference"
        measurements.append(
            measured(f"full operators d={d}", 1, method, program, timing, error, setting)
        )


def steady(measurements, repeats):
    """The steady state of three spins: deviation from QuTiP's."""
    work, spins = "steady state, d=8", workloads.chain(8)
    pairs = list(zip(spins.lowering, workloads.CHAIN_OCCUPATIONS, strict=True))

    def state(w, j):
        rate = workloads.CHAIN_RATE
        baths = [qt.Lindblad([a, a.T], [rate * (n + 1.0), rate * n]) for a, n in pairs]
        h = w * spins.field + j * spins.coupling
        return qt.steady_state(qt.OpenSystem(qt.Static(h), baths), throw=False).state

    h = np.asarray(W0 * spins.field + COUPLING * spins.coupling)
    jumps = [
        np.sqrt(workloads.CHAIN_RATE * rate) * np.asarray(op)
        for a, n in pairs
        for rate, op in ((n + 1.0, a), (n, a.T))
    ]
    reference = None if peers.qutip is None else peers.qutip_steady_state(h, jumps)

    def add(batch, method, program, timing):
        first = np.asarray(timing.value).reshape(-1, 8, 8)[0]
        error = None if reference is None else largest(first - reference)
        measurements.append(measured(work, batch, method, program, timing, error))

    add(1, "qtjax.steady_state", "qtjax", measure(jax.jit(state), W0, COUPLING, repeats=repeats))
    if peers.qthermo is not None:
        baths = [peers.qthermo.Bath(f"bath {k}", [op], None) for k, op in enumerate(jumps)]
        timing = measure(peers.qthermo.steady_state, h, baths, repeats=repeats)
        add(1, "qthermo.steady_state", "qthermo", timing)
    if peers.qutip is not None:
        timing = measure(peers.qutip_steady_state, h, jumps, repeats=repeats)
        add(1, "QuTiP steadystate, direct", "qutip", timing)
    batch = 1000
    arrays = jnp.linspace(W0, 1.2, batch), jnp.full(batch, COUPLING)
    timing = measure(jax.jit(jax.vmap(state)), *arrays, repeats=repeats)
    add(batch, "qtjax.steady_state, vmap", "qtjax", timing)


if __name__ == "__main__":
    args = common.arguments(__doc__)
    measurements, repeats = [], 3 if args.quick else 10
    for d in (32,) if args.quick else (32, 64, 128, 256):
        trajectory(d, measurements, repeats)
    for d in (32,) if args.quick else (32, 64):
        full_operators(d, measurements, repeats)
    steady(measurements, repeats)
    found = common.cases(measurements)
    headline = {
        f"ratio_to_{peer}": {c["work"]: c[f"ratio_to_{peer}"] for c in found if c["batch"] == 1}
        for peer in ("dynamiqs", "qutip", "qthermo")
    }
    notes = (
        "Error of W2: largest deviation from dynamiqs' Dopri8 at rtol 1e-12; of the steady state: "
        "from QuTiP's.",
    )
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
