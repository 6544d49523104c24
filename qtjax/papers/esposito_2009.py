"""Esposito, Lindenberg and Van den Broeck: a dot at maximum power; what is universal."""

import numpy as np

from .entries import Curve, Paper, entry
from .two_state import best_engine

DIGITS = {
    0.1: (0.0513333270135, 0.00115628222832),
    0.2: (0.105721408251, 0.00488819188652),
    0.5: (0.296330769314, 0.0371537353818),
    0.9: (0.726368351426, 0.181175631504),
}
A0 = 2.39935728052
CUBIC = {0.02: 0.0785891791509, 0.04: 0.0797196467623}
C3 = 0.0774919670822


def optimum(carnot):
    """Efficiency and power at maximum power, and the level of the hot lead there, T_h = 1.

    Rates of 2 on each side make the flux f_h - f_c. Energies are those above the chemical
    potentials.
    """
    # close to equilibrium the levels x = (e - mu)/T have x_c - x_h = eta_C a0/2
    start = A0 + 0.5 * A0 * carnot * np.array([-0.5, 0.5])
    temperatures = np.array([1.0, 1.0 - carnot])
    (hot, cold), largest = best_engine(start * temperatures, 1.0 / temperatures, 2.0, 1.0)
    return 1.0 - cold / hot, largest, hot


def _entries():
    values = (*DIGITS, *CUBIC)
    efficiency, largest, level = np.array([optimum(x) for x in values]).T
    source = "digits: Newton's method on the closed form"
    found = []
    for k, (carnot, digits) in enumerate(DIGITS.items()):
        name = f"eta_C = {carnot:g}"
        found.append(
            entry(f"efficiency at maximum power, {name}", efficiency[k], digits[0], source)
        )
        found.append(entry(f"maximum power, {name}", largest[k], digits[1], source))
    level_at_zero = 2.0 * level[-2] - level[-1]
    quantity = "level (e - mu)/T as eta_C -> 0, extrapolated from eta_C = 0.02 and 0.04"
    found.append(entry(quantity, level_at_zero, A0, "closed form a0 = 2 coth(a0/2)", 1e-3))
    carnot = np.array(list(CUBIC))
    rest = (efficiency[-2:] - carnot / 2 - carnot**2 / 8) / carnot**3
    for ours, (x, digits) in zip(rest, CUBIC.items(), strict=True):
        quantity = f"(eta - eta_C/2 - eta_C^2/8)/eta_C^3, eta_C = {x:g}"
        found.append(entry(quantity, ours, digits, source, 1e-6))
    extrapolated = 2.0 * rest[0] - rest[1]
    found.append(entry("coefficient of eta_C^3, extrapolated from these two", extrapolated, C3,
                       "closed form (7 + csch^2(a0/2))/96", 1e-3))  # fmt: skip
    return found


def _curve():
    carnot = np.linspace(0.05, 0.9, 18)
    efficiency = [optimum(x)[0] for x in carnot]
    lines = {
        "qtjax": efficiency,
        "eta_C/2 + eta_C^2/8": carnot / 2 + carnot**2 / 8,
        "Curzon-Ahlborn": 1.0 - np.sqrt(1.0 - carnot),
    }
    points = {"published": (list(DIGITS), [digits[0] for digits in DIGITS.values()])}
    return Curve("Efficiency of a dot at maximum power", ("Carnot efficiency", carnot),
                 "efficiency at maximum power", lines, points)  # fmt: skip


PAPER = Paper(
    "esposito_2009",
    "M. Esposito, K. Lindenberg, C. Van den Broeck, Thermoelectric efficiency at maximum power in "
    "a quantum dot, EPL 85, 60010 (2009); Universality of efficiency at maximum power, "
    "Phys. Rev. Lett. 102, 130602 (2009)",
    "A dot at maximum power has the efficiency eta_C/2 + eta_C^2/8 + O(eta_C^3): the first two "
    "coefficients are universal, the third is its own.",
    "T_h = 1, effective rate 1.",
    _entries,
    _curve,
)
