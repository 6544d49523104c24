"""Hofer et al.: the Redfield current of two oscillators, and the exact one."""

import jax
import numpy as np
from scipy.integrate import quad

from ..algebra.composite import embed
from ..algebra.operators import create, destroy, number
from ..dynamics.open_system import OpenSystem, heat_currents
from ..dynamics.redfield import RedfieldBath
from ..dynamics.spectra import Flat
from ..dynamics.steady_state import steady_state
from .entries import Curve, Paper, entry

LEVELS, RATE, TEMPERATURES = 4, 0.02, (0.25, 0.125)
CASES = {
    "resonant, g = 0.004": (1.0, 0.004),
    "resonant, g = 0.1": (1.0, 0.1),
    "detuned, g = 0.004": (1.1, 0.004),
    "detuned, g = 0.1": (1.1, 0.1),
}
DIMS = (LEVELS, LEVELS)


def parts(second, coupling):
    """H of two oscillators of frequencies 1 and `second`, and the positions that the baths see."""
    positions = [embed(destroy(LEVELS) + create(LEVELS), DIMS, k) for k in range(2)]
    hop = embed(create(LEVELS), DIMS, 0) @ embed(destroy(LEVELS), DIMS, 1)
    bare = embed(number(LEVELS), DIMS, 0) + second * embed(number(LEVELS), DIMS, 1)
    return bare + coupling * (hop + hop.T), positions


@jax.jit
def current(second, coupling):
    """Heat from the hot bath, by the full Redfield generator."""
    h, positions = parts(second, coupling)
    baths = [
        RedfieldBath(x, t, Flat(RATE), zero_frequency=0.0)
        for x, t in zip(positions, TEMPERATURES, strict=True)
    ]
    system = OpenSystem(h, baths)
    return heat_currents(system, 0.0, steady_state(system, throw=False).state)[0]


def by_matrix(second, coupling):
    """The same from a 256 x 256 matrix (NumPy)."""
    h, positions = (np.real(part) for part in parts(second, coupling))
    energies, v = np.linalg.eigh(h)
    gaps, one, flows = energies - energies[:, None], np.eye(LEVELS**2), []
    for x, t in zip(positions, TEMPERATURES, strict=True):
        a, w = v.T @ x @ v, np.where(np.abs(gaps) < 1e-9, np.inf, gaps)
        half = 0.5 * RATE * a * np.sign(gaps) / -np.expm1(-w / t)
        flow = np.kron(half, a) + np.kron(a, half)
        flows.append(flow - np.kron(a @ half, one) - np.kron(one, a @ half))
    whole = -1j * np.diag((energies[:, None] - energies).reshape(-1)) + sum(flows)
    trace = one.reshape(-1)
    rho = np.linalg.solve(whole + np.outer(trace, trace), trace)
    return float(np.real(np.diag(energies).reshape(-1) @ (flows[0] @ rho)))


def exact(second, coupling):
    """Landauer: int dw/(2 pi) w gamma^2 |G_12|^2 (n_1 - n_2), G = 1/(w - h + i gamma/2)."""
    h = np.array([[1.0, coupling], [coupling, second]])

    def integrand(w):
        green = np.linalg.inv((w + 0.5j * RATE) * np.eye(2) - h)
        n = [1.0 / np.expm1(w / t) for t in TEMPERATURES]
        return w * RATE**2 * abs(green[0, 1]) ** 2 * (n[0] - n[1])

    modes = list(np.linalg.eigvalsh(h))
    found = quad(integrand, 1e-6, 10.0, points=modes, limit=1000, epsabs=0.0, epsrel=1e-10)
    return found[0] / (2.0 * np.pi)


def _entries():
    found = []
    for name, parameters in CASES.items():
        ours = current(*parameters)
        found += [
            entry(f"Redfield current, {name}", ours, by_matrix(*parameters),
                  "256 x 256 matrix (NumPy)", 1e-8),
            entry(f"Redfield over exact current, {name}", ours / exact(*parameters), 1.0,
                  "Landauer's formula, exact without counter-rotating terms", 5e-3),
        ]  # fmt: skip
    return found


def _curve():
    couplings, marks = np.geomspace(0.002, 0.1, 25), np.geomspace(0.002, 0.1, 6)
    lines = {f"Redfield, w = (1, {w:g})": [current(w, g) for g in couplings] for w in (1.0, 1.1)}
    points = {f"exact, w = (1, {w:g})": (marks, [exact(w, g) for g in marks]) for w in (1.0, 1.1)}
    return Curve("Redfield and exact currents", ("coupling g", couplings), "heat current", lines,
                 points, "xy")  # fmt: skip


PAPER = Paper(
    "hofer_2017",
    "P. P. Hofer, M. Perarnau-Llobet, L. D. M. Miranda, G. Haack, R. Silva, J. B. Brask, "
    "N. Brunner, Markovian master equations for quantum thermal machines: local versus global "
    "approach, New J. Phys. 19, 123037 (2017)",
    "Where local and global master equations fail, the exact current of two oscillators judges; "
    "without the secular step the Redfield equation agrees with it at every coupling.",
    "w = (1, 1) and (1, 1.1), gamma = 0.02, T = (0.25, 0.125), four levels of each oscillator.",
    _entries,
    _curve,
)
