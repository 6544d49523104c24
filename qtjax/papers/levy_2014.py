"""Levy and Kosloff, Hofer et al., De Chiara et al.: which master equation of two oscillators?"""

import jax
import jax.numpy as jnp
import numpy as np

from ..models.oscillator_network import global_network, local_network
from .entries import Curve, Paper, entry

# (w_1, w_2, g, T_1, T_2), and: local J1, J2 by bare energies, J1, J2 by all of H, global J1
CASES = {
    "resonant, g = 0.004": (
        (1.0, 1.0, 0.004, 0.5, 0.25),
        (0.000190152113636, -0.000190152113636, 0.000190152113636, -0.000190152113636,
         0.00137860788507),
    ),
    "resonant, g = 0.05": (
        (1.0, 1.0, 0.05, 0.5, 0.25),
        (0.00132557963833, -0.00132557963833, 0.00132557963833, -0.00132557963833,
         0.0013793915749),
    ),
    "detuned, g = 0.002": (
        (1.0, 0.9, 0.002, 0.5, 0.25),
        (1.97275517577e-06, -1.77547965819e-06, 1.87411741698e-06, -1.87411741698e-06,
         2.32275234161e-06),
    ),
    "detuned, g = 0.1": (
        (1.0, 0.9, 0.1, 0.5, 0.25),
        (0.00101925684081, -0.000917331156731, 0.000968293998772, -0.000968293998772,
         0.00116520261547),
    ),
    "T = 1 and 0.9": (
        (2.0, 1.0, 0.1, 1.0, 0.9),
        (-0.000256996600175, 0.000128498300087, -0.000192747450131, 0.000192747450131,
         3.09839992135e-05),
    ),
}  # fmt: skip
EXACT = (0.000190156962761, 0.00132633525895, 2.23353673471e-06, 0.00115583790681,
         3.09660942186e-05)  # fmt: skip
NAMES = ("local J1, bare", "local J2, bare", "local J1, full H", "local J2, full H", "global J1")


@jax.jit
def currents(w1, w2, g, t1, t2):
    """Heat currents of two oscillators with local and with global baths of gamma = 0.02."""
    h = jnp.array([[w1, g], [g, w2]])
    baths = {"temperatures": jnp.array([t1, t2]), "rates": jnp.array([0.02, 0.02])}
    local, whole = local_network(h, **baths), global_network(h, **baths)
    return (*local.bare_currents, *local.heat_currents, whole.heat_currents[0])


def _entries():
    found, source = [], "digits: moments and normal modes (NumPy)"
    for (name, (parameters, digits)), exact in zip(CASES.items(), EXACT, strict=True):
        ours = currents(*parameters)
        for quantity, value, published in zip(NAMES, ours, digits, strict=True):
            found.append(entry(f"{quantity}, {name}", value, published, source))
        for which, k in (("local (bare)", 0), ("global", 4)):
            ratio = "digits, against the exact current (Landauer's formula)"
            quantity = f"{which} over exact, {name}"
            found.append(entry(quantity, ours[k] / exact, digits[k] / exact, ratio))
    return found


def _curve():
    couplings = np.geomspace(0.002, 0.1, 25)
    found = np.array([currents(1.0, 1.0, g, 0.5, 0.25) for g in couplings])
    lines = {"local": found[:, 0], "global": found[:, 4]}
    points = {"exact": ([0.004, 0.05], EXACT[:2])}
    title = "Resonant oscillators: global baths fail at weak coupling"
    return Curve(title, ("coupling g", couplings), "heat current", lines, points, "xy")


PAPER = Paper(
    "levy_2014",
    "A. Levy, R. Kosloff, The local approach to quantum transport may violate the second law of "
    "thermodynamics, EPL 107, 20004 (2014); P. P. Hofer et al., New J. Phys. 19, 123037 (2017); "
    "G. De Chiara et al., New J. Phys. 20, 113024 (2018)",
    "Local baths on detuned oscillators drive heat from cold to hot; global ones fail where levels "
    "nearly coincide; the exact current judges both.",
    "gamma = 0.02; resonant w = 1, detuned w = (1, 0.9), T = (0.5, 0.25); w = (2, 1), g = 0.1, "
    "T = (1, 0.9).",
    _entries,
    _curve,
    notes="The exact current is Landauer's formula and no master equation: its digits serve as the "
    "judge and are not computed. Against it the global current is 625 % too large at resonance and "
    "g = 0.004, and the local one 12 % too small with detuning.",
)
