"""Esposito et al.: erasure of a bit in finite time with the least heat."""

import numpy as np

from ..thermodynamics.optimal_erasure import optimal_erasure
from .entries import Curve, Paper, entry

# duration: heat to the bath, its excess over T dS, slow bound, conserved quantity
DIGITS = {
    5.0: (1.34121813904, 0.704072492835, 0.375632936084, 0.334516191086),
    10.0: (0.868566665487, 0.231421019282, 0.187816468042, 0.0294451977263),
    20.0: (0.739985116138, 0.102839469933, 0.093908234021, 0.00566858266802),
    100.0: (0.656239929401, 0.0190942831964, 0.0187816468042, 0.000194166356833),
}
ENTROPY, LENGTH = 0.637145646205, 1.87816468042
SOURCE = "digits: first integral of Euler and Lagrange, and a quadrature (NumPy)"


def _entries():
    found = []
    for duration, digits in DIGITS.items():
        e = optimal_erasure(0.5, 0.01, duration, 1.0, 1.0)
        values = (-e.heat, e.excess, e.slow_bound, e.conserved)
        names = ("heat to the bath", "excess over T dS", "L^2/duration", "conserved quantity")
        for name, ours, published in zip(names, values, digits, strict=True):
            found.append(entry(f"{name}, duration {duration:g}", ours, published, SOURCE))
    found.append(entry("entropy taken out", -e.entropy_change, ENTROPY, SOURCE))
    found.append(entry("L^2", 100.0 * e.slow_bound, LENGTH, SOURCE))
    return found


def _curve():
    times = np.geomspace(4.6, 100.0, 25)
    runs = [optimal_erasure(0.5, 0.01, float(t), 1.0, 1.0) for t in times]
    lines = {
        "qtjax": [float(run.excess) for run in runs],
        "L^2/duration": [float(run.slow_bound) for run in runs],
    }
    points = {"published": (list(DIGITS), [digits[1] for digits in DIGITS.values()])}
    return Curve("The price of erasing fast", ("duration", times), "heat beyond T dS", lines,
                 points, "xy")  # fmt: skip


PAPER = Paper(
    "esposito_erasure_2010",
    "M. Esposito, R. Kawai, K. Lindenberg, C. Van den Broeck, Finite-time thermodynamics for a "
    "single-level quantum dot, EPL 89, 20003 (2010); G. Diana, G. B. Bagci, M. Esposito, "
    "Finite-time erasing of information stored in fermionic bits, Phys. Rev. E 87, 012111 (2013)",
    "The protocol that erases a bit in finite time with the least heat has a first integral.",
    "p from 0.5 to 0.01, T = 1, rate 1.",
    _entries,
    _curve,
)
