"""Gelbwaser-Klimovsky, Alicki and Kurizki: a modulated qubit, an engine or a refrigerator."""

import jax
import numpy as np

from ..algebra.operators import destroy, number
from ..dynamics.local_bath import LocalBath
from ..dynamics.open_system import OpenSystem, heat_currents
from ..dynamics.spectra import Flat
from ..dynamics.steady_state import steady_state
from .entries import Curve, Paper, entry

GAP, DRIVE, RATE = 3.0, 1.0, 0.05
WEIGHT = 0.0822  # of each first sideband


@jax.jit
def sidebands(hot, cold):
    """Heat from the hot bath, which sees w + W, and from the cold one, which sees w - W.

    Each sideband is a bath of its own; the modulation gives or takes the difference of energies.
    """
    seen = ((GAP + DRIVE, hot), (GAP - DRIVE, cold))
    baths = [LocalBath(destroy(2), w, t, Flat(RATE * WEIGHT)) for w, t in seen]
    system = OpenSystem(number(2), baths)
    quanta = heat_currents(system, 0.0, steady_state(system, throw=False).state)
    return [w * q for (w, _), q in zip(seen, quanta, strict=True)]


def closed_flux(hot, cold):
    """Quanta per time in closed form."""
    n_h, n_c = 1.0 / np.expm1((GAP + DRIVE) / hot), 1.0 / np.expm1((GAP - DRIVE) / cold)
    return RATE * WEIGHT * (n_h - n_c) / (2.0 * (1.0 + n_h + n_c))


def _entries():
    hot, cold = sidebands(4.0, 0.5)
    fridge_hot, fridge_cold = sidebands(1.2, 1.0)
    tight = "closed form, tight coupling"
    return (
        entry("power as an engine", hot + cold, 2.0 * DRIVE * closed_flux(4.0, 0.5),
              "closed form of the rate equation"),
        entry("efficiency", 1.0 + cold / hot, 0.5, tight + ": 1 - (w - W)/(w + W)"),
        entry("heat drawn as a refrigerator", fridge_cold, -2.0 * closed_flux(1.2, 1.0),
              "closed form of the rate equation"),
        entry("performance", -fridge_cold / (fridge_hot + fridge_cold), 1.0,
              tight + ": (w - W)/(2 W)"),
    )  # fmt: skip


def _curve():
    temperatures = np.linspace(0.4, 4.0, 37)
    powers = [float(sum(sidebands(t, 0.5))) for t in temperatures]
    marks = temperatures[::6]
    closed = [2.0 * DRIVE * closed_flux(t, 0.5) for t in marks]
    axis, points = ("T_h at T_c = 0.5", temperatures), {"closed form": (marks, closed)}
    title = "A modulated qubit between two baths"
    return Curve(title, axis, "power delivered", {"qtjax": powers}, points)


PAPER = Paper(
    "gelbwaser_2013",
    "D. Gelbwaser-Klimovsky, R. Alicki, G. Kurizki, Minimal universal quantum heat machine, "
    "Phys. Rev. E 87, 012140 (2013)",
    "A qubit whose gap is modulated at W, between baths that see its sidebands w + W and w - W, is "
    "an engine above a critical T_h and a refrigerator below.",
    "w = 3, W = 1, gamma = 0.05; T = (4, 0.5) and (1.2, 1).",
    _entries,
    _curve,
)
