"""Joulain et al.: a thermal transistor; Onsager: reciprocity."""

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.open_system import heat_currents
from ..dynamics.spectra import Ohmic
from ..dynamics.steady_state import steady_state
from ..models.heat_flow import thermal_transistor
from .entries import Curve, Paper, entry

COUPLINGS = (1.0, 0.0, 1.0)


@jax.jit
def currents(temperatures):
    """Heat currents of the baths (L, M, R), and their slopes by the three temperatures."""

    def flow(temperatures):
        system = thermal_transistor(
            couplings=COUPLINGS, temperatures=temperatures, rates=Ohmic(1.0)
        )
        return heat_currents(system, 0.0, steady_state(system, throw=False).state)

    return flow(temperatures), jax.jacfwd(flow)(temperatures)


def by_rates(temperatures):
    """The same currents from the rate equation of eight configurations (NumPy)."""
    spins = 1.0 - 2.0 * np.indices((2, 2, 2)).reshape(3, -1)
    energies = 0.5 * (spins[0] * spins[1] + spins[1] * spins[2])
    matrices = []
    for k, t in enumerate(temperatures):
        m = np.zeros((8, 8))
        for c in range(8):
            f = c ^ (4 >> k)
            w = energies[f] - energies[c]
            # gamma(w) n(w) is T where w = 0
            m[f, c] = t if abs(w) < 1e-12 else w / np.expm1(w / t)
        matrices.append(m)
    total = np.sum(matrices, axis=0)
    p = np.linalg.solve(np.vstack([(total - np.diag(total.sum(0)))[:7], np.ones(8)]), np.eye(8)[7])
    return np.array([energies @ (m @ p) - (m.sum(0) * energies) @ p for m in matrices])


def _entries():
    at = np.array([0.2, 0.1, 0.02])
    heat, slopes = currents(jnp.asarray(at))
    source, found = "rate equation of eight configurations (NumPy)", []
    for name, ours, published in zip("LMR", heat, by_rates(at), strict=True):
        found.append(entry(f"heat current {name}", ours, published, source, 1e-9))
    step = 1e-5
    up, down = (by_rates(at + sign * step * np.eye(3)[1]) for sign in (1, -1))
    far = [by_rates(at + sign * 2 * step * np.eye(3)[1]) for sign in (1, -1)]
    slope = (8.0 * (up - down) - (far[0] - far[1])) / (12.0 * step)
    found.append(entry("amplification dJ_L/dJ_M", slopes[0, 1] / slopes[1, 1],
                       slope[0] / slope[1], source + ", differences", 1e-6))  # fmt: skip
    _, onsager = currents(jnp.array([0.3, 0.3, 0.3]))
    size = float(jnp.max(jnp.abs(onsager)))
    defect = jnp.max(jnp.abs(onsager - onsager.T))
    found.append(entry("reciprocity |L - L^T| at equilibrium", defect, 0.0, "theorem", 1e-9, size))
    return found


def _curve():
    base = np.linspace(0.03, 0.19, 33)
    found = np.array([currents(jnp.array([0.2, t, 0.02]))[0] for t in base])
    marks = base[::8]
    closed = [by_rates((0.2, t, 0.02))[0] for t in marks]
    lines = {f"J_{name}": found[:, k] for k, name in enumerate("LMR")}
    return Curve("A thermal transistor", ("temperature of the base", base), "heat current", lines,
                 {"rate equation, J_L": (marks, closed)})  # fmt: skip


PAPER = Paper(
    "joulain_2016",
    "K. Joulain, J. Drevillon, Y. Ezzahri, J. Ordonez-Miranda, Quantum thermal transistor, "
    "Phys. Rev. Lett. 116, 200601 (2016); L. Onsager, Reciprocal relations in irreversible "
    "processes, Phys. Rev. 37, 405 (1931)",
    "Three spins between three baths: a small heat current at the middle one steers a large one.",
    "Couplings 1 of neighbours, no fields, Ohmic baths, T = (0.2, 0.1, 0.02).",
    _entries,
    _curve,
)
