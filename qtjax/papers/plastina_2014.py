"""Plastina et al., Feldmann and Kosloff: inner friction."""

import math

from ..algebra.operators import sigmax, sigmaz
from ..machines.cycle import limit_cycle
from ..machines.otto import otto_cycle
from .entries import Paper, entry


def _entries():
    cold, hot = (0.5 * a * sigmaz() + 0.3 * sigmax() for a in (1.0, 2.5))
    machine = otto_cycle(
        cold, hot, couplings=[sigmax(), sigmaz()], temperatures=(0.4, 4.0), rate=1.0,
        durations=(60.0, 0.0, 60.0, 0.0), zero_frequency=0.0,
    )  # fmt: skip
    cycle = limit_cycle(machine, steps=64)
    gaps = [math.hypot(a, 0.6) for a in (1.0, 2.5)]
    # a sudden change keeps the state while the axis turns
    overlap = (1.0 * 2.5 + 0.6**2) / (gaps[0] * gaps[1])
    m_c, m_h = math.tanh(0.5 * gaps[0] / 0.4), math.tanh(0.5 * gaps[1] / 4.0)
    heat_hot = 0.5 * gaps[1] * (overlap * m_c - m_h)
    heat_cold = 0.5 * gaps[0] * (overlap * m_h - m_c)
    source = "closed form, k = 1 - 2 xi the overlap of the axes"
    return (
        entry("Q_h of a sudden Otto cycle", cycle.heat_hot, heat_hot, source),
        entry("its Q_c", cycle.heat_cold, heat_cold, source),
        entry("its work, inner friction included", cycle.work_output, heat_hot + heat_cold, source),
    )


PAPER = Paper(
    "plastina_2014",
    "F. Plastina et al., Irreversible work and inner friction in quantum thermodynamic processes, "
    "Phys. Rev. Lett. 113, 260601 (2014); T. Feldmann, R. Kosloff, Quantum four-stroke heat "
    "engine: Thermodynamic observables in a model with intrinsic friction, Phys. Rev. E 68, 016101 "
    "(2003)",
    "Where the Hamiltonian does not commute with itself fast strokes cost work.",
    "H = a z/2 + 0.3 x, a = 1 and 2.5, T = 0.4 and 4; jumps, and complete thermalization.",
    _entries,
)
