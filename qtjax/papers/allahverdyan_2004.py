"""Allahverdyan, Balian and Nieuwenhuizen: the most work that a unitary can draw."""

import math

import jax
import numpy as np

from ..algebra.operators import expectation
from ..thermodynamics.ergotropy import ergotropy, passive_state
from .entries import Paper, entry

QUBIT = np.diag([0.0, 1.0])
drawn = jax.jit(ergotropy)


@jax.jit
def energy_left(rho, h):
    """Energy of the passive state."""
    return expectation(h, passive_state(rho, h))


def _entries():
    inverted = np.diag([0.0, 1.0])
    tilted = np.array([[0.7, 0.2], [0.2, 0.3]])
    levels, p = np.diag([0.0, 1.0, 2.5]), np.diag([0.2, 0.5, 0.3])
    r = math.hypot(0.4, 0.4)
    return (
        entry("an inverted qubit, w = 1.7", drawn(inverted, 1.7 * QUBIT), 1.7,
              "closed form w"),
        entry("a qubit with coherence", drawn(tilted, QUBIT), 0.5 * (r - 0.4),
              "closed form w (r + z)/2"),
        entry("three levels, p = (0.2, 0.5, 0.3)", drawn(p, levels), 1.25 - 0.8,
              "closed form: populations in falling order"),
        entry("energy of the passive state", energy_left(p, levels), 0.8,
              "closed form: populations in falling order"),
    )  # fmt: skip


PAPER = Paper(
    "allahverdyan_2004",
    "A. E. Allahverdyan, R. Balian, T. M. Nieuwenhuizen, Maximal work extraction from finite "
    "quantum systems, EPL 67, 565 (2004)",
    "Unitary work is bounded by ergotropy: the energy above the passive state.",
    "Levels (0, w), (0, 1) and (0, 1, 2.5).",
    _entries,
)
