"""Kalaee, Wacker and Potts: the maser beyond the uncertainty relation; its means."""

from .entries import Paper, compared
from .scovil_1959 import currents

PUBLISHED = {"flux": 0.00631056966733, "Spohn's production": 0.00621591112232}


def _entries():
    flux, production, _, _ = currents((1.0, 3.0), (1.0, 200.0), (0.05, 0.001), 0.05)
    ours = dict(zip(PUBLISHED, (flux, production), strict=True))
    return compared(ours, PUBLISHED, "digits: 9 x 9 Liouvillian (NumPy)")


PAPER = Paper(
    "kalaee_2021",
    "A. A. S. Kalaee, A. Wacker, P. P. Potts, Violating the thermodynamic uncertainty relation in "
    "the three-level maser, Phys. Rev. E 104, L012103 (2021)",
    "A coherently driven maser breaks the classical uncertainty relation of its current.",
    "w_c = 1, w_h = 3, T_c = 1, T_h = 200, g = 0.05, gamma_c = 0.05, gamma_h = 0.001.",
    _entries,
    notes="Only the means are computed. The product of noise and production that breaks the "
    "relation (1.96697) asks for counting statistics.",
)
