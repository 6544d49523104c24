"""Forão, Berx and Fiore: a two-state engine with both baths at once."""

import numpy as np

from .entries import Paper, compared
from .two_state import best_engine

PUBLISHED = {
    "largest power": 0.0905355526223,
    "cold energy": 2.46196767,
    "hot energy": 3.49216756,
    "efficiency there": 0.295002994,
    "largest power, both beta halved": 0.181071105245,
}


def best(betas):
    """The energies (hot, cold) of largest power, and that power; betas are (hot, cold)."""
    return best_engine(np.array([3.5, 2.5]) / betas[0], np.array(betas), 1.0, 0.0)


def _entries():
    (hot, cold), power = best((1.0, 2.0))
    _, half = best((0.5, 1.0))
    values = (power, cold, hot, 1.0 - cold / hot, half)
    ours, source = dict(zip(PUBLISHED, values, strict=True)), "digits: closed form, maximized"
    coarse = {"cold energy", "hot energy", "efficiency there"}
    return [
        pair
        for name in PUBLISHED
        for pair in compared(
            {name: ours[name]}, {name: PUBLISHED[name]}, source, 1e-8 if name in coarse else 1e-9
        )
    ]


PAPER = Paper(
    "forao_2025",
    "G. A. L. Forão, J. Berx, C. E. Fiore, New J. Phys. 27, 074605 (2025)",
    "A two-state system whose energy depends on the bath that flips it is an engine with both "
    "baths at once; its largest power has a closed form to maximize.",
    "beta = 2 and 1, Arrhenius rates e^{+-beta e/2}.",
    _entries,
    notes="The energies of the published optimum are reliable to about 1e-8 only; the power there "
    "is.",
)
