"""Strasberg et al.: a reaction coordinate in equilibrium is Gibbs', and its system is not."""

import math

import numpy as np

from ..algebra.composite import partial_trace
from ..algebra.operators import number, sigmax, sigmaz
from ..algebra.states import thermal_state
from ..dynamics.steady_state import steady_state
from ..models.strong_coupling import reaction_coordinate
from ..thermodynamics.mean_force import mean_force_state
from .entries import Paper, entry

LEVELS, TEMPERATURE, FREQUENCY, COUPLING = 6, 0.5, 2.0, 0.5


def enlarged(operator):
    """A qubit of gap 1 with the reaction coordinate of a bath that is coupled by an operator."""
    return reaction_coordinate(
        number(2), operator, frequency=FREQUENCY, coupling=COUPLING, width=1e-3,
        temperature=TEMPERATURE, levels=LEVELS,
    )  # fmt: skip


def gibbs(operator):
    """e^{-H/T}/Z of both (NumPy)."""
    root = np.diag(np.sqrt(np.arange(1.0, LEVELS)), 1)
    h = np.kron(np.diag([0.0, 1.0]), np.eye(LEVELS))
    h += COUPLING * np.kron(np.real(operator), root + root.T)
    h += FREQUENCY * np.kron(np.eye(2), np.diag(np.arange(float(LEVELS))))
    energies, v = np.linalg.eigh(h)
    weights = np.exp(-(energies - energies[0]) / TEMPERATURE)
    return (v * weights) @ v.T / weights.sum()


def _entries():
    system, wanted = enlarged(sigmax()), gibbs(sigmax())
    rho = steady_state(system).state
    upper, alone = float(np.trace(wanted[LEVELS:, LEVELS:])), 1.0 / (1.0 + math.exp(2.0))
    bare = thermal_state(number(2), TEMPERATURE)[1, 1].real
    inside = partial_trace(rho, (2, LEVELS), 0)[1, 1].real
    source = "Gibbs' state of qubit and coordinate (NumPy)"
    commuting = mean_force_state(enlarged(sigmaz()), TEMPERATURE)[1, 1].real
    return (
        entry("largest entry of the steady state - Gibbs", np.max(np.abs(rho - wanted)), 0.0,
              "theorem: " + source, 1e-10, 1.0),
        entry("upper population of the qubit, steady state", inside, upper, source),
        entry("the same, from the mean-force state",
              mean_force_state(system, TEMPERATURE)[1, 1].real, upper, source),
        entry("beyond the Gibbs state of the qubit alone", inside - bare, upper - alone,
              source, 1e-8),
        entry("upper population, coupled by z", commuting, alone,
              "closed form 1/(1 + e^{w/T}): S commutes with H and S^2 = 1"),
    )  # fmt: skip


PAPER = Paper(
    "strasberg_2016",
    "P. Strasberg, G. Schaller, N. Lambert, T. Brandes, Nonequilibrium thermodynamics in the "
    "strong coupling and non-Markovian regime based on a reaction coordinate mapping, "
    "New J. Phys. 18, 073007 (2016)",
    "At strong coupling a system and its reaction coordinate come to their common Gibbs state, of "
    "which the system's part is not its own Gibbs state.",
    "Qubit of gap 1 coupled by x (and by z) with g = 0.5 to a mode of frequency 2, six levels of "
    "it; friction 1e-3, T = 0.5.",
    _entries,
)
