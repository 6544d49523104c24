"""Vargas-Hernández et al.: derivatives of steady states without integration."""

import jax
import jax.numpy as jnp

from ..algebra.composite import embed
from ..algebra.operators import destroy, number
from ..dynamics.local_bath import LocalBath
from ..dynamics.open_system import OpenSystem, heat_currents
from ..dynamics.spectra import Flat
from ..dynamics.steady_state import steady_state
from ..models.heat_flow import heat_valve
from ..models.lattices import xxz_chain
from .entries import Paper, compared

QUBIT = {"heat current of a qubit": 0.135654003432, "its slope by T_h": 0.0587500898528}
PAIR = {"heat current of two qubits": 0.00693470550369, "its slope by g": 0.193952465738}


def current(system):
    """The hot bath's heat current in the steady state; baths are (cold, hot)."""
    return heat_currents(system, 0.0, steady_state(system, throw=False).state)[1]


def qubit(hot):
    """Heat from the hot bath through one qubit."""
    return current(heat_valve(1.0, temperatures=(0.5, hot), rates=(0.7, 0.3)))


def pair(g):
    """Heat from the hot bath through two qubits with local baths, by their bare energies."""
    gaps = (0.8, 1.0)
    baths = [
        LocalBath(embed(destroy(2), (2, 2), k), gap, t, Flat(0.1))
        for k, (gap, t) in enumerate(zip(gaps, (0.5, 2.0), strict=True))
    ]
    bare = sum(gap * embed(number(2), (2, 2), k) for k, gap in enumerate(gaps))
    return current(OpenSystem(bare + xxz_chain(2, exchange=g, anisotropy=0.0), baths, bare))


def value_and_slope(function, x):
    """A function of one number, and its derivative."""
    return jax.jit(lambda x: jax.jvp(function, (x,), (jnp.ones_like(x),)))(jnp.asarray(x))


def _entries():
    one, two = value_and_slope(qubit, 2.0), value_and_slope(pair, 0.05)
    closed = "digits: closed form w g_h g_c (n_h - n_c)/(g_h (2 n_h + 1) + g_c (2 n_c + 1))"
    solve = "digits: bordered linear solve (NumPy), differences agree to 1e-12"
    return [
        *compared(dict(zip(QUBIT, one, strict=True)), QUBIT, closed),
        *compared(dict(zip(PAIR, two, strict=True)), PAIR, solve),
    ]


PAPER = Paper(
    "vargas_2021",
    "R. A. Vargas-Hernández, R. T. Q. Chen, K. A. Jung, P. Brumer, Fully differentiable "
    "optimization protocols for non-equilibrium steady states, New J. Phys. 23, 123006 (2021)",
    "Currents of a steady state are differentiated through the linear solve that defines it.",
    "Qubit: w = 1, T = 2 and 0.5, gamma = 0.3 and 0.7. Two qubits, "
    "g (xx + yy): w = 1 and 0.8, the same temperatures, gamma = 0.1, g = 0.05.",
    _entries,
)
