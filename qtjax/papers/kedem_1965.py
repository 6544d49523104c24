"""Kedem and Caplan: how tightly two currents are coupled, for absorption refrigerators."""

import numpy as np

from ..dynamics.transitions import bohr_transitions
from .correa_2014 import by_rates, hamiltonian, heats
from .entries import Paper, entry
from .linden_2010 import local_heats


def by_imaginary_steps():
    """Derivatives of the rate equation's heats by the temperatures, all of which are 1 (NumPy)."""
    steps = 1.0 + 1e-30j * np.eye(3)
    return np.array([np.imag(by_rates(t)) for t in steps]).T / 1e-30


def degree(response):
    """q = L_ch/sqrt(L_cc L_hh) of the heats from the cold and the hot bath."""
    return response[0, 2] / np.sqrt(response[0, 0] * response[2, 2])


def _entries():
    one = np.ones(3)
    tight = np.asarray(local_heats(one)[1])
    loose = np.asarray(heats(bohr_transitions(hamiltonian()), one)[1])
    closed, source = by_imaginary_steps(), "rate equation of eight levels, imaginary steps (NumPy)"
    return (
        entry("degree of coupling q, local baths", degree(tight), 1.0, "closed form: one flux"),
        entry("L_hh/L_cc, local baths", tight[2, 2] / tight[0, 0], 9.0,
              "closed form (E_h/E_c)^2: one flux"),
        entry("L_cc, global baths", loose[0, 0], closed[0, 0], source),
        entry("L_ch, global baths", loose[0, 2], closed[0, 2], source),
        entry("degree of coupling q, global baths", degree(loose), degree(closed), source),
        entry("reciprocity |L - L^T|, global baths", np.max(np.abs(loose - loose.T)), 0.0,
              "theorem (Onsager)", 1e-9, float(np.max(np.abs(closed)))),
    )  # fmt: skip


PAPER = Paper(
    "kedem_1965",
    "O. Kedem, S. R. Caplan, Degree of coupling and its relation to efficiency of energy "
    "conversion, Trans. Faraday Soc. 61, 1897 (1965)",
    "Near equilibrium q = L_ch/sqrt(L_cc L_hh) bounds what a machine converts; |q| = 1 is tight "
    "coupling.",
    "Three-qubit absorption refrigerator, gaps (1, 4, 3), all T = 1, g = 0.05, gamma = 0.01; "
    "L_kl = T^2 dQ'_k/dT_l.",
    _entries,
)
