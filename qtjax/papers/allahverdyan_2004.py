"""Allahverdyan, Balian and Nieuwenhuizen: the most work that a unitary can draw."""

import math

import numpy as np

from ..algebra.operators import expectation, number
from ..thermodynamics.ergotropy import ergotropy, passive_state
from .entries import Paper, entry


def _entries():
    inverted = np.diag([0.0, 1.0])
    tilted = np.array([[0.7, 0.2], [0.2, 0.3]])
    levels, p = np.diag([0.0, 1.0, 2.5]), np.diag([0.2, 0.5, 0.3])
    r = math.hypot(0.4, 0.4)
    return (
        entry("an inverted qubit, w = 1.7", ergotropy(inverted, 1.7 * number(2)), 1.7,
              "closed form w"),
        entry("a qubit with coherence", ergotropy(tilted, number(2)), 0.5 * (r - 0.4),
              "closed form w (r + z)/2"),
        entry("three levels, p = (0.2, 0.5, 0.3)", ergotropy(p, levels), 1.25 - 0.8,
              "closed form: populations in falling order"),
        entry("energy of the passive state", expectation(levels, passive_state(p, levels)), 0.8,
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
