"""Correa et al.: absorption refrigerators with global baths stay below their Carnot performance."""

from functools import partial

import jax
import numpy as np

from ..dynamics.davies import DaviesBath
from ..dynamics.open_system import OpenSystem, heat_currents
from ..dynamics.spectra import Flat
from ..dynamics.steady_state import steady_state
from ..dynamics.transitions import bohr_transitions
from .entries import Paper, entry

DIMS, GAPS, TEMPERATURES = (2, 2, 2), (1.0, 4.0, 3.0), (1.0, 1.5, 4.0)
COUPLING, RATE = 0.05, 0.01


def hamiltonian():
    """Qubits (cold, room, hot) with an exchange of |101> and |010>."""
    h = np.diag(np.indices(DIMS).reshape(3, -1).T @ np.array(GAPS))
    h[2, 5] = h[5, 2] = COUPLING
    return h


def flip(site):
    """sigma_x of one of the qubits."""
    x = np.array([[0.0, 1.0], [1.0, 0.0]])
    return np.kron(np.kron(np.eye(2**site), x), np.eye(4 >> site))


@partial(jax.jit, static_argnums=0)
def heats(transitions, temperatures):
    """Heats of the baths in the steady state, by Davies' generator, and their slopes by T."""

    def found(temperatures):
        h = hamiltonian()
        baths = [
            DaviesBath(h, flip(k), t, Flat(RATE), transitions=transitions)
            for k, t in enumerate(temperatures)
        ]
        system = OpenSystem(h, baths)
        heat = heat_currents(system, 0.0, steady_state(system, throw=False).state)
        return heat, heat

    slopes, values = jax.jacfwd(found, has_aux=True)(temperatures)
    return values, slopes


def by_rates(temperatures=TEMPERATURES):
    """Heats of the three baths from the rate equation of eight levels (NumPy)."""
    energies, vectors = np.linalg.eigh(hamiltonian())
    rates = []
    for k, t in enumerate(temperatures):
        a = vectors.T @ flip(k) @ vectors
        w = energies[:, None] - energies  # from column to row
        apart = np.abs(w) > 1e-9
        rates.append(RATE * a**2 * apart * np.sign(w) / np.expm1(np.where(apart, w, 1.0) / t))
    total = np.sum(rates, axis=0)
    matrix = total - np.diag(total.sum(axis=0))
    p = np.linalg.solve(np.vstack([matrix[:7], np.ones(8)]), np.eye(8)[7])
    return [energies @ (m @ p) - (m.sum(axis=0) * energies) @ p for m in rates]


def _entries():
    (cold, room, hot), _ = heats(bohr_transitions(hamiltonian()), np.array(TEMPERATURES))
    closed, source = by_rates(), "rate equation of eight levels (NumPy)"
    carnot = (1 / 1.5 - 1 / 4.0) / (1 / 1.0 - 1 / 1.5)
    return (
        entry("heat from the cold bath", cold, closed[0], source),
        entry("heat from the room", room, closed[1], source),
        entry("performance", cold / hot, closed[0] / closed[2], source),
        entry("performance over Carnot's", cold / hot / carnot,
              closed[0] / closed[2] / 1.25, source),
    )  # fmt: skip


PAPER = Paper(
    "correa_2014",
    "L. A. Correa, J. P. Palao, D. Alonso, G. Adesso, Quantum-enhanced absorption refrigerators, "
    "Sci. Rep. 4, 3949 (2014)",
    "With global baths the three-qubit refrigerator leaks heat, and its performance is below "
    "(1 - T_r/T_h)/(T_r/T_c - 1).",
    "Gaps (1, 4, 3), T = (1, 1.5, 4), g = 0.05, gamma = 0.01.",
    _entries,
)
