"""Ahmadi, Salimi and Khorashad: efficiency from generalized temperatures, eq. (19)."""

from typing import Any

import jax

from ..algebra.operators import sigmax, sigmaz
from ..machines.cycle import CycleSolution, limit_cycle
from ..machines.otto import otto_cycle
from ..thermodynamics.rates import rates
from ..thermodynamics.temperature import generalized_temperature
from .entries import Paper, compared, entry

# without and with the dephasing channels A(0)
PUBLISHED = {
    0.0: {
        "Q_h": 0.389312332801,
        "Q_c": -0.230339727418,
        "W_out": 0.158972605383,
        "efficiency": 0.408342073931,
        "Carnot efficiency": 0.875,
        "Spohn's production per cycle": 0.363351371637,
        "T(t) where the hot contact starts": 1.2977059887652316,
        "T(t) where the hot contact ends": 3.415515089033557,
        "T(t) where the cold contact starts": 2.187911910267273,
        "T(t) where the cold contact ends": 0.742586254210854,
        "entropy gained from the hot bath": 0.1994217255545152,
    },
    0.5: {
        "Q_h": 0.391351199089,
        "Q_c": -0.232184671639,
        "W_out": 0.159166527451,
        "efficiency": 0.406710207662,
        "Carnot efficiency": 0.875,
        "Spohn's production per cycle": 0.366531543505,
        "T(t) where the hot contact starts": 1.2512809908167495,
        "T(t) where the hot contact ends": 3.8628775046409465,
        "T(t) where the cold contact starts": 2.3236951622031885,
        "T(t) where the cold contact ends": 0.7438888536455547,
        "entropy gained from the hot bath": 0.19841451897268203,
    },
}


def engine(dephasing) -> CycleSolution:
    """The limit cycle with channels A(0) at a rate."""
    cold, hot = 0.5 * sigmaz() + 0.3 * sigmax(), sigmaz() + 0.3 * sigmax()
    cycle = otto_cycle(
        cold, hot, couplings=[sigmax(), sigmaz()], temperatures=(0.5, 4.0), rate=0.5,
        durations=(2.0, 1.0, 2.0, 1.0), zero_frequency=dephasing,
    )  # fmt: skip
    return limit_cycle(cycle, steps=64)


@jax.jit
def temperature(system, rho):
    """T(t) = Q'/S' on an isochore."""
    return generalized_temperature(rates(system, 0.0, rho)).temperature


@jax.jit
def figures(s):
    """Heats, work, efficiencies and Spohn's production."""
    return (
        s.heat_hot, s.heat_cold, s.work_output, s.efficiency, s.carnot_efficiency,
        s.spohn_production,
    )  # fmt: skip


def _entries():
    found = []
    for dephasing, published in PUBLISHED.items():
        s = engine(dephasing)
        strokes: Any = s.cycle.strokes
        ends = [
            temperature(strokes[k].system, s.states[edge])
            for k, edge in ((0, 0), (0, 1), (2, 2), (2, 3))
        ]
        values = (*figures(s), *ends, s.entropy_hot)
        name = "with A(0)" if dephasing else "without A(0)"
        source = "digits: matrix exponentials and Magnus-4 steps (NumPy)"
        ours = {f"{key}, {name}": v for key, v in zip(published, values, strict=True)}
        theirs = {f"{key}, {name}": v for key, v in published.items()}
        found += compared(ours, theirs, source)
        if not dephasing:
            quantity = "efficiency by eq. (19), int T dS on both contacts"
            source = "theorem: eq. (19) is the first-law efficiency"
            found.append(entry(quantity, s.generalized_efficiency, 0.408342073931, source, 1e-8))
    return found


PAPER = Paper(
    "ahmadi_2020",
    "B. Ahmadi, S. Salimi, A. S. Khorashad, No entropy production in quantum thermodynamics, "
    "arXiv:2002.10747 (2020)",
    "With T(t) = Q'/S' the efficiency of an engine is 1 - |int T_c dS_c| / int T_h dS_h, and it is "
    "that of the first law.",
    "Qubit Otto cycle, H_c = sz/2 + 0.3 sx, H_h = sz + 0.3 sx, T_c = 0.5, T_h = 4, gamma = 0.5, "
    "couplings sx and sz, 2 on each isochore, linear ramps of 1.",
    _entries,
)
