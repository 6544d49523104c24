"""Steady states of boundary-driven XXZ chains of 2 to 8 spins, and 1,000 points of one of 3.

H = sum of 2 (s+ s- + h.c.) + Delta sz sz over bonds, s+ on the first spin and s- on the last at
rate 1 (Prosen, Phys. Rev. Lett. 107, 137201 (2011)). A batch is `jax.vmap` over Delta. QuTiP is
asked for up to 6 spins and qthermo for up to 7: beyond, one steady state takes them a minute or
more.
"""

import jax
import jax.numpy as jnp
import numpy as np

import qtjax as qt

from . import common
from .common import largest, measure, measured
from .peers import qthermo, qutip

NAME, WORK = "chain_steady_states", "XXZ chain"
SPINS = (2, 3, 4, 5, 6, 7, 8)
POINTS, POINT_SPINS = 1000, 3


def steady(delta, spins):
    """The steady state of one chain."""
    chain = qt.models.boundary_driven_chain(spins, exchange=1.0, anisotropy=delta)
    return qt.steady_state(chain, throw=False).state


def by_hand(delta, spins):
    """H and the jump operators of one chain, (d, d)."""
    chain = qt.models.boundary_driven_chain(spins, exchange=1.0, anisotropy=delta)
    jumps = [np.asarray(bath.operators[k]) for k, bath in enumerate(chain.baths)]
    return np.asarray(chain.hamiltonian(0.0)), jumps


def defect(rho, h, jumps):
    """The largest entry of L(rho), and how far the trace is off."""
    flow = -1j * (h @ rho - rho @ h)
    for jump in jumps:
        loss = jump.conj().T @ jump
        flow = flow + jump @ rho @ jump.conj().T - 0.5 * (loss @ rho + rho @ loss)
    return max(largest(flow), abs(np.trace(rho) - 1.0))


def by_qutip(h, jumps):
    return qutip.steadystate(qutip.Qobj(h), [qutip.Qobj(jump) for jump in jumps]).full()


def by_qthermo(h, jumps):
    baths = [qthermo.Bath(f"end {k}", c_ops=[jump]) for k, jump in enumerate(jumps)]
    return qthermo.steady_state(h, baths)


PEERS = {"qutip": (qutip, by_qutip, 6), "qthermo": (qthermo, by_qthermo, 7)}


def run_one(spins, measurements):
    """One chain at a time."""
    h, jumps = by_hand(1.0, spins)
    work = f"{WORK}, {spins} spins"
    timing = measure(jax.jit(lambda delta: steady(delta, spins)), 1.0)
    error = defect(np.asarray(timing.value), h, jumps)
    measurements.append(measured(work, 1, "qtjax.steady_state", "qtjax", timing, error))
    for program, (module, solve, most) in PEERS.items():
        if module is not None and spins <= most:
            timing = measure(lambda solve=solve: solve(h, jumps), repeats=5)
            error = defect(timing.value, h, jumps)
            measurements.append(
                measured(work, 1, f"{program} steady state", program, timing, error)
            )


def run_points(points, measurements):
    """Many anisotropies at once; peers are timed on ten of them, one after the other."""
    deltas, work = jnp.linspace(0.0, 2.0, points), f"{WORK}, {POINT_SPINS} spins, many points"
    timing = measure(jax.jit(jax.vmap(lambda delta: steady(delta, POINT_SPINS))), deltas)
    chosen = range(0, points, max(points // 10, 1))
    chains = [by_hand(float(deltas[k]), POINT_SPINS) for k in chosen]
    found = np.asarray(timing.value)
    error = max(defect(found[k], *chain) for k, chain in zip(chosen, chains, strict=True))
    method = "qtjax.steady_state, vmap"
    measurements.append(measured(work, points, method, "qtjax", timing, error))
    for program, (module, solve, _) in PEERS.items():
        if module is not None:
            timing = measure(lambda solve=solve: [solve(*chain) for chain in chains], repeats=5)
            error = max(defect(x, *c) for x, c in zip(timing.value, chains, strict=True))
            measurements.append(
                measured(
                    work, points, f"{program} steady state", program, timing, error,
                    items=len(chains),
                )
            )  # fmt: skip


if __name__ == "__main__":
    args = common.arguments(__doc__)
    measurements = []
    for spins in SPINS[:3] if args.quick else SPINS:
        run_one(spins, measurements)
    points = 100 if args.quick else POINTS
    run_points(points, measurements)
    notes = ("Error: largest entry of L(rho), computed in NumPy.",)
    headline = common.case(measurements, f"{WORK}, {POINT_SPINS} spins, many points", points)
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
