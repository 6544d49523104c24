"""Lambert et al.: one resonant level between two leads."""

from ..algebra.operators import number
from ..dynamics.open_system import OpenSystem, heat_currents
from ..dynamics.steady_state import steady_state
from .entries import Paper, entry
from .two_state import reservoir


def _entries():
    system = OpenSystem(number(2), (reservoir(0.0, 1.0), reservoir(1.0, 0.0)))
    current = heat_currents(system, 0.0, steady_state(system).state)[0]
    uneven = OpenSystem(number(2), (reservoir(0.0, 0.3), reservoir(0.7, 0.0)))
    second = heat_currents(uneven, 0.0, steady_state(uneven).state)[0]
    source = "closed form G_L G_R/(G_L + G_R)"
    return (
        entry("current, rates 1 and 1", current, 0.5, source),
        entry("current, rates 0.3 and 0.7", second, 0.21, source),
    )


PAPER = Paper(
    "lambert_2024",
    "N. Lambert et al., QuTiP 5: The quantum toolbox in Python, arXiv:2412.04705 (2024)",
    "Electrons that pass one level from left to right: current and noise have closed forms.",
    "Rates into and out of the level.",
    _entries,
    notes="The noise at zero frequency, 0.25, asks for counting statistics and is not computed.",
)
