"""Erdman et al.: the two-level engine of largest power, found by gradients."""

import jax
import numpy as np
from scipy.optimize import root

from ..algebra.operators import number
from ..dynamics.open_system import OpenSystem
from ..machines.cycle import limit_cycle
from ..machines.stroke import Cycle, Stroke
from .entries import Paper, compared, entry
from .two_state import best_engine, lead

PUBLISHED = {
    "largest power": 0.00928843384544,
    "hot gap": 2.03273981733,
    "cold gap": 1.43037646989,
    "efficiency there": 0.296330766144,
}
FINITE = {
    "largest power, contacts of 0.5": 0.009099643173,
    "hot gap, contacts of 0.5": 2.03273981743,
    "cold gap, contacts of 0.5": 1.43037646519,
}
SOURCE = "digits: closed form (e_h - e_c)(f_h - f_c)/4, maximized by coordinates"


@jax.jit
def cycle_power(gaps, contact):
    """Power of a cycle of two contacts, with jumps of the gap between them, and its slopes."""

    def power(gaps):
        strokes = [
            Stroke(OpenSystem(gap * number(2), lead(beta * gap, 1.0)), contact, name)
            for gap, beta, name in ((gaps[0], 1.0, "hot"), (gaps[1], 2.0, "cold"))
        ]
        found = limit_cycle(Cycle(strokes), steps=64, throw=False).power
        return found, found

    slopes, value = jax.jacfwd(power, has_aux=True)(gaps)
    return value, slopes


def _entries():
    # infinitely short cycles: both leads act at once, each for half of the time
    start, betas = np.array([2.0, 1.4]), np.array([1.0, 2.0])
    best, power = best_engine(start, betas, 0.5, 1.0)
    values = (power, *best, 1.0 - best[1] / best[0])
    found = list(compared(dict(zip(PUBLISHED, values, strict=True)), PUBLISHED, SOURCE, 2e-8))
    at = root(lambda x: cycle_power(x, 0.5)[1], start, tol=1e-13).x
    power, short = cycle_power(at, 0.5)[0], cycle_power(best, 5e-4)[0]
    source = "digits: fixed point of two maps"
    found += compared(dict(zip(FINITE, (power, *at), strict=True)), FINITE, source, 2e-8)
    found.append(entry("power, period 1e-3", short, 0.00928843365193, source))
    quantity = "the power that the papers print, in units of 1e-2"
    found.append(entry(quantity, round(100.0 * float(values[0]), 2), 0.93, "Fig. 3 of the second"))
    return found


PAPER = Paper(
    "erdman_2019",
    "P. A. Erdman, V. Cavina, R. Fazio, F. Taddei, V. Giovannetti, Maximum power and corresponding "
    "efficiency for two-level heat engines and refrigerators: optimality of fast cycles, New J. "
    "Phys. 21, 103049 (2019); P. A. Erdman, F. Noé, Identifying optimal cycles in quantum thermal "
    "machines with reinforcement-learning, npj Quantum Inf. 8, 1 (2022)",
    "The power of a two-level engine is largest for infinitely short Otto cycles.",
    "Fermionic rates with Gamma = 1, beta_h = 1, beta_c = 2.",
    _entries,
    notes="The gaps of the published optimum come from a maximization by coordinates and are "
    "reliable to about 2e-8 only; the power there is.",
)
