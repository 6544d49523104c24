"""Quan, Liu, Sun and Nori: quantum Otto and Carnot cycles of systems with few levels."""

import jax
import jax.numpy as jnp
import numpy as np

from ..algebra.levels import eigenvalues
from ..algebra.operators import expectation, number, sigmax
from ..algebra.states import thermal_state
from ..machines.carnot import stepwise_carnot_cycle
from ..machines.cycle import limit_cycle
from ..machines.quasi_static import quasi_static_otto
from ..models.lattices import hubbard_dimer
from .entries import Paper, compared, entry

HUBBARD = {"Q_h": 0.608842229989, "W_out": 0.246008132832, "efficiency": 0.404058918246}
STEPS = 4


def occupied(x):
    """Closed form of a qubit's upper population."""
    return 1.0 / (1.0 + np.exp(x))


@jax.jit
def carnot():
    """Heats and efficiency of the stepwise Carnot cycle."""
    machine = stepwise_carnot_cycle(
        number(2), couplings=sigmax(), temperatures=(0.5, 1.0), scales=(1.0, 3.0), rate=1.0,
        duration=60.0, steps=STEPS,
    )  # fmt: skip
    found = limit_cycle(machine, steps=64, throw=False)
    return found.heat_hot, found.heat_cold, found.efficiency


def by_hand():
    """Its heats: sums over quenches of the gap."""
    gaps = 3.0 - 2.0 * np.arange(STEPS + 1) / STEPS
    p = occupied(gaps)
    return np.sum(gaps[1:] * np.diff(p)), -0.5 * np.sum(gaps[:-1] * np.diff(p))


@jax.jit
def qubit_cycle(gaps, temperatures):
    """Work and efficiency of a quasi-static Otto cycle of a qubit."""
    found = quasi_static_otto(gaps[0] * number(2), gaps[1] * number(2), *temperatures)
    return found.work_output, found.efficiency


@jax.jit
def hubbard_cycle():
    """Heat, work and efficiency of the Hubbard dimer."""
    cold, hot = hubbard(1.0), hubbard(2.0)
    moved = thermal_state(hot, 3.0) - thermal_state(cold, 1.0)
    heat = expectation(hot, moved)
    work = heat - expectation(cold, moved)
    return heat, work, work / heat


def hubbard(hopping):
    """The levels of a Hubbard dimer, ordered within each number of electrons of either spin."""
    h = hubbard_dimer(1.0, hopping)
    bits = np.array([[(k >> j) & 1 for j in (3, 2, 1, 0)] for k in range(16)])
    numbers = np.stack([bits[:, 0] + bits[:, 2], bits[:, 1] + bits[:, 3]], axis=1)
    sectors = [np.flatnonzero((numbers == pair).all(axis=1)) for pair in np.unique(numbers, axis=0)]
    return jnp.diag(jnp.concatenate([eigenvalues(h[np.ix_(s, s)]) for s in sectors]))


def _entries():
    w_c, w_h, t_c, t_h = 1.0, 2.0, 0.5, 2.0
    work, efficiency = qubit_cycle(np.array([w_c, w_h]), np.array([t_c, t_h]))
    moved = occupied(w_h / t_h) - occupied(w_c / t_c)
    found = [
        entry("work of a qubit Otto cycle", work, (w_h - w_c) * moved,
              "closed form (w_h - w_c)(p_h - p_c)"),
        entry("its efficiency", efficiency, 0.5, "closed form 1 - w_c/w_h"),
    ]  # fmt: skip
    (heat_hot, heat_cold, efficiency), (hot, cold) = carnot(), by_hand()
    found += [
        entry("Q_h of a Carnot cycle in 4 steps", heat_hot, hot, "closed form, a sum"),
        entry("its Q_c", heat_cold, cold, "closed form, a sum"),
        entry("its efficiency", efficiency, 1.0 + cold / hot, "closed form, a sum"),
    ]
    ours = dict(zip(HUBBARD, hubbard_cycle(), strict=True))
    medium = ", Hubbard dimer"
    found += compared(
        {name + medium: x for name, x in ours.items()},
        {name + medium: x for name, x in HUBBARD.items()},
        "digits: 16 levels in closed form (public code, recomputed)",
    )
    return found


PAPER = Paper(
    "quan_2007",
    "H. T. Quan, Y.-x. Liu, C. P. Sun, F. Nori, Quantum thermodynamic cycles and quantum heat "
    "engines, Phys. Rev. E 76, 031105 (2007); the Hubbard dimer: public code, recomputed",
    "Quasi-static cycles of few levels have closed forms; many quenches and thermalizations make a "
    "Carnot cycle.",
    "Otto: w = 1, 2; T = 0.5, 2. Carnot: gap from 3 to 1, T = 0.5, 1. Hubbard dimer: U = 1, "
    "hopping 1 and 2, T = 1 and 3.",
    _entries,
)
