"""Scovil and Schulz-DuBois: the three-level maser is a heat engine."""

import numpy as np

from ..dynamics.open_system import heat_currents, power
from ..dynamics.steady_state import steady_state
from ..models.maser import three_level_maser
from .entries import Curve, Paper, compared, entry

DRIVES = {
    0.05: (0.00301067119182, 0.00210746983428),
    0.02: (0.00152639105948, 0.00106847374164),
    0.01: (0.000552892579946, 0.000387024805962),
}


def currents(gaps, temperatures, rates, drive):
    """Flux of quanta, Spohn's production and power of the maser; pairs are (cold, hot)."""
    system = three_level_maser(gaps, temperatures=temperatures, rates=rates, drive=drive)
    rho = steady_state(system).state
    heat = heat_currents(system, 0.0, rho)
    production = -(heat[0] / temperatures[0] + heat[1] / temperatures[1])
    return heat[1] / gaps[1], production, -power(system, 0.0, rho), heat[1]


def _entries():
    found, source = [], "digits: 9 x 9 Liouvillian (NumPy)"
    for drive, digits in DRIVES.items():
        flux, production, work, heat = currents((1.0, 3.0), (1.0, 10.0), 0.02, drive)
        found += [
            entry(f"flux, g = {drive:g}", flux, digits[0], source),
            entry(f"Spohn's production, g = {drive:g}", production, digits[1], source),
        ]
        if drive == 0.05:
            rate = "digits: rate equation with the transfer rate 2 g^2/Gamma"
            found += compared(
                {"power, g = 0.05": work, "flux by rates, g = 0.05": flux},
                {"power, g = 0.05": 0.00602134238365, "flux by rates, g = 0.05": 0.00301067119182},
                rate,
            )
            found.append(entry("efficiency", work / heat, 2.0 / 3.0, "closed form 1 - w_c/w_h"))
    return found


def _curve():
    drives = np.geomspace(0.002, 0.2, 25)
    flux = [float(currents((1.0, 3.0), (1.0, 10.0), 0.02, float(g))[0]) for g in drives]
    points = (list(DRIVES), [digits[0] for digits in DRIVES.values()])
    return Curve(
        "Flux of the maser", ("drive g", drives), "quanta per time",
        {"qtjax": flux}, {"published": points}, "xy",
    )  # fmt: skip


PAPER = Paper(
    "scovil_1959",
    "H. E. D. Scovil, E. O. Schulz-DuBois, Three-level masers as heat engines, "
    "Phys. Rev. Lett. 2, 262 (1959)",
    "A three-level maser between two baths has the efficiency 1 - w_c/w_h, whatever its drive.",
    "w_c = 1, w_h = 3, T_c = 1, T_h = 10, gamma = 0.02 for both baths.",
    _entries,
    _curve,
    notes="The noise of the current and the uncertainty product in the same set of digits ask for "
    "counting statistics and are not computed.",
)
