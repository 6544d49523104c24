"""Steady states of XXZ chains of 2 to 9 spins, local and global, and 1,000 points of one of 3.

H = sum of 2 (s+ s- + h.c.) + Delta sz sz over bonds, s+ on the first spin and s- on the last at
rate 1 (Prosen, Phys. Rev. Lett. 107, 137201 (2011)). A batch is `jax.lax.map` over Delta, 250 at a
time, which stay in the cache. QuTiP is asked for up to 6 spins and qthermo for up to 7: beyond, one
steady state takes them a minute or more.

Global chains have a field and Davies baths, hot on the first spin and cold on the last; there the
steady state and both heat currents are timed, in a compiled program. QuTiP gets the same jump
operators as a list, for up to 4 spins, and is timed on the steady state alone.
"""

import warnings
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import qtjax as qt

from . import common
from .common import largest, measure, measured
from .peers import qthermo, qutip

NAME, WORK = "chain_steady_states", "XXZ chain"
SPINS = (2, 3, 4, 5, 6, 7, 8)
POINTS, POINT_SPINS, AT_ONCE = 1000, 3, 250
GLOBAL_SPINS, GLOBAL_LISTED = (3, 4, 5, 7, 8, 9), 4


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


def global_chain(spins):
    """A chain with a field that grows along it, between Davies baths of T = 2 and T = 1."""
    fields = 0.3 + 0.11 * np.arange(spins) ** 1.3
    h = qt.models.boundary_driven_chain(
        spins, exchange=1.0, anisotropy=0.7, fields=fields
    ).hamiltonian(0.0)
    ends = [qt.embed(qt.sigmax(), (2,) * spins, k) for k in (0, spins - 1)]
    baths = [qt.DaviesBath(h, x, t, qt.Ohmic(1e-4)) for x, t in zip(ends, (2.0, 1.0), strict=True)]
    return qt.OpenSystem(h, baths)


def by_rates(system):
    """The same in NumPy: Pauli's rate equation of levels that are all apart."""
    energies, vectors = np.linalg.eigh(np.asarray(system.hamiltonian(0.0)))
    gaps = energies - energies[:, None] + np.eye(energies.size)
    gains = []
    for bath in system.baths:
        a = vectors.conj().T @ np.asarray(bath.couplings[0]) @ vectors
        rates = 1e-4 * gaps / -np.expm1(-gaps / float(bath.temperature))
        gains.append((rates - np.diag(np.diag(rates))) * np.abs(a) ** 2)
    flow = sum(gains) - np.diag(np.sum(sum(gains), axis=0))
    flow[0] = 1.0
    p = np.linalg.solve(flow, np.eye(energies.size)[0])
    return (vectors * p) @ vectors.conj().T, np.array([-np.sum(x * gaps * p) for x in gains])


def run_global(spins, measurements):
    """One chain between global baths; the error is that of the state and of both currents."""
    warnings.simplefilter("ignore")  # of spacings below rates: there are 130,000 frequencies
    system = global_chain(spins)

    @eqx.filter_jit
    def solve(system):
        state = qt.steady_state(system, throw=False).state
        return state, qt.dynamics.heat_currents(system, 0.0, state)

    timing = measure(solve, system, repeats=3)
    expected = by_rates(system)
    error = max(largest(a - b) for a, b in zip(timing.value, expected, strict=True))
    work = f"{WORK}, {spins} spins, global"
    measurements.append(measured(work, 1, "qtjax.steady_state", "qtjax", timing, error))
    if qutip is None or spins > GLOBAL_LISTED:
        return
    h = np.asarray(system.hamiltonian(0.0))
    listed = [qt.dynamics.jump_operators(b, system.hamiltonian, 0.0) for b in system.baths]
    jumps = [
        np.sqrt(float(rate)) * np.asarray(operator)
        for rates, operators in listed
        for rate, operator in zip(rates, operators, strict=True)
    ]
    timing = measure(lambda: by_qutip(h, jumps), repeats=3)
    error = largest(timing.value - expected[0])
    measurements.append(measured(work, 1, "qutip steady state", "qutip", timing, error))


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
    each = partial(steady, spins=POINT_SPINS)
    timing = measure(jax.jit(lambda x: jax.lax.map(each, x, batch_size=AT_ONCE)), deltas)
    chosen = range(0, points, max(points // 10, 1))
    chains = [by_hand(float(deltas[k]), POINT_SPINS) for k in chosen]
    found = np.asarray(timing.value)
    error = max(defect(found[k], *chain) for k, chain in zip(chosen, chains, strict=True))
    method = "qtjax.steady_state, lax.map"
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
    for spins in GLOBAL_SPINS[:1] if args.quick else GLOBAL_SPINS:
        run_global(spins, measurements)
    notes = (
        "Error: largest entry of L(rho), computed in NumPy; of global chains the largest "
        "difference from the state and the currents of the rate equation in NumPy.",
    )
    headline = common.case(measurements, f"{WORK}, {POINT_SPINS} spins, many points", points)
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
