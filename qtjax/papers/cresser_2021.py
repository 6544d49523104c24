"""Cresser and Anders: Gibbs states of mean force; Strasberg et al.: a reaction coordinate."""

import math
from functools import partial

import jax
import numpy as np

from ..algebra.composite import partial_trace, tensor
from ..algebra.operators import create, destroy, identity, number, sigmaz
from ..algebra.states import thermal_state
from .entries import Curve, Paper, entry

TEMPERATURE, FREQUENCY = 0.5, 2.0
H = 0.5 * np.array([[math.cos(0.7), -math.sin(0.7)], [-math.sin(0.7), -math.cos(0.7)]])


@partial(jax.jit, static_argnums=1)
def mean_force(coupling, levels):
    """The qubit's part of a Gibbs state with one mode, coupled by z."""
    mode = FREQUENCY * number(levels)
    shift = create(levels) + destroy(levels)
    whole = tensor(H, identity(levels)) + tensor(identity(2), mode)
    whole = whole + coupling * tensor(sigmaz(), shift)
    # a mode that is displaced by coupling/frequency
    whole = whole + coupling**2 / FREQUENCY * tensor(identity(2), identity(levels))
    return partial_trace(thermal_state(whole, TEMPERATURE), (2, levels), 0)


def _entries():
    gibbs = mean_force(0.0, 30)
    one, two = (np.asarray(mean_force(x, 30)) - gibbs for x in (0.005, 0.01))
    ratio = np.linalg.norm(two, 2) / np.linalg.norm(one, 2)
    strong = np.asarray(mean_force(4.0, 60))
    z = (strong[0, 0] - strong[1, 1]).real
    return (
        entry("growth of the deviation as the coupling doubles", ratio, 4.0,
              "closed form: second order", 1e-3),
        entry("polarization at strong coupling", z,
              -math.tanh(0.5 * math.cos(0.7) / TEMPERATURE), "closed form of the ultrastrong limit",
              1e-3),
        entry("coherence at strong coupling", abs(strong[0, 1]), 0.0,
              "closed form of the ultrastrong limit", 2e-2, 1.0),
    )  # fmt: skip


def _curve():
    couplings = np.linspace(0.05, 3.0, 25)
    values = [np.asarray(mean_force(float(x), 40)) for x in couplings]
    lines = {
        "polarization": [float((rho[0, 0] - rho[1, 1]).real) for rho in values],
        "coherence": [2.0 * float(abs(rho[0, 1])) for rho in values],
    }
    limit = -math.tanh(0.5 * math.cos(0.7) / TEMPERATURE)
    return Curve("From Gibbs to ultrastrong coupling", ("coupling", couplings), "component", lines,
                 {"ultrastrong limit": ([3.0], [limit])})  # fmt: skip


PAPER = Paper(
    "cresser_2021",
    "J. D. Cresser, J. Anders, Weak and ultrastrong coupling limits of the quantum mean force "
    "Gibbs state, Phys. Rev. Lett. 127, 250601 (2021)",
    "What a system's part of the whole's Gibbs state is: Gibbs at weak coupling, up to second "
    "order, and diagonal in the coupling's basis at ultrastrong coupling.",
    "Qubit of gap 1, tilted by 0.7 from the coupling z; one mode of frequency 2; T = 0.5.",
    _entries,
    _curve,
)
