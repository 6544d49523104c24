"""Geusic, Schulz-DuBois and Scovil: a maser run backwards is a refrigerator."""

import jax
import numpy as np

from ..dynamics.open_system import heat_currents
from ..dynamics.steady_state import steady_state
from ..models.refrigerators import three_level_refrigerator
from .entries import Paper, entry

GAPS, TEMPERATURES, RATES = (1.0, 4.0), (1.0, 1.2, 6.0), (0.02, 0.03, 0.05)


@jax.jit
def heats():
    """Heats of (cold, room, work) baths in the steady state."""
    system = three_level_refrigerator(GAPS, temperatures=TEMPERATURES, rates=RATES)
    return heat_currents(system, 0.0, steady_state(system, throw=False).state)


def flux_by_rates():
    """Quanta per time out of the cold bath, from the rate equation of three levels (NumPy)."""
    m = np.zeros((3, 3))
    for (low, high), gap, t, rate in zip(
        ((0, 1), (0, 2), (1, 2)), (1.0, 5.0, 4.0), TEMPERATURES, RATES, strict=True
    ):
        n = 1.0 / np.expm1(gap / t)
        m[high, low] += rate * n
        m[low, high] += rate * (n + 1.0)
    p = np.linalg.solve(np.vstack([(m - np.diag(m.sum(axis=0)))[:2], np.ones(3)]), [0, 0, 1])
    n = 1.0 / np.expm1(1.0)
    return RATES[0] * (n * p[0] - (n + 1.0) * p[1])


def _entries():
    cold, room, work = heats()
    tight = "closed form: every quantum takes the whole way"
    return (
        entry("performance", cold / work, 0.25, "closed form w_c/w_w"),
        entry("room heat over cold heat", room / cold, -5.0, tight),
        entry("heat from the cold bath", cold, flux_by_rates(), "rate equation (NumPy)"),
    )


PAPER = Paper(
    "geusic_1967",
    "J. E. Geusic, E. O. Schulz-DuBois, H. E. D. Scovil, Quantum equivalent of the Carnot cycle, "
    "Phys. Rev. 156, 343 (1967)",
    "Three levels with three baths draw heat from the coldest: the performance is w_c/w_w.",
    "w_c = 1, w_w = 4; T = (1, 1.2, 6) of cold, room and work bath; rates (0.02, 0.03, 0.05).",
    _entries,
)
