"""Kosloff and Rezek: the Otto cycle of a qubit without coherence."""

import math
from typing import Any

import jax
import numpy as np

from ..algebra.operators import number, sigmax, sigmaz
from ..dynamics.open_system import liouvillian
from ..machines.cycle import CycleSolution, limit_cycle
from ..machines.otto import otto_cycle
from .entries import Curve, Paper, compared, entry

PUBLISHED = {
    "W (done on the medium)": -0.0946874198646,
    "Q_h": 0.189374839729,
    "efficiency": 0.5,
    "F": 0.871897569339,
    "Gamma_h": 2.04149408254,
    "Gamma_c": 1.08197670687,
    "Clausius sum -(Q_h/T_h + Q_c/T_c)": 0.0473437099323,
}


def cycle(gaps, temperatures, rate, duration) -> CycleSolution:
    """The limit cycle for pairs (cold, hot), with ramps that take no time.

    The baths couple by x alone, as z commutes with H.
    """
    n = number(2)
    machine = otto_cycle(
        gaps[0] * n, gaps[1] * n, couplings=[sigmax(), sigmaz()], temperatures=temperatures,
        rate=rate, durations=(duration, 0.0, duration, 0.0), zero_frequency=0.0,
    )  # fmt: skip
    return limit_cycle(machine, steps=64, throw=False)


@jax.jit
def figures(s):
    """Work, Q_h, efficiency, what the hot contact moves, production, and the first law."""
    moved = (s.states[1] - s.states[0])[1, 1].real
    production = s.spohn_production
    return s.work, s.heat_hot, s.efficiency, moved, production, s.first_law_residual


generator = jax.jit(liouvillian)


def fastest(system):
    """The fastest rate at which a stroke's state decays."""
    return np.max(-np.linalg.eigvals(np.asarray(generator(system))).real)


def engine() -> CycleSolution:
    """The engine of the published digits."""
    return cycle((1.0, 2.0), (1.0, 4.0), 0.5, 2.0)


def _entries():
    s = engine()
    strokes: Any = s.cycle.strokes
    hot, cold = 1.0 / (1.0 + math.exp(0.5)), 1.0 / (1.0 + math.e)
    work, heat, efficiency, moved, production, residual = figures(s)
    decays = [fastest(strokes[k].system) for k in (0, 2)]
    values = (work, heat, efficiency, moved / (hot - cold), *decays, production)
    source = "digits: closed form F = (1-a)(1-b)/(1-ab), a = exp(-Gamma_h t), b = exp(-Gamma_c t)"
    ours = dict(zip(PUBLISHED, values, strict=True))
    fridge = cycle((1.0, 1.5), (1.0, 1.3), 1.0, 40.0)
    full = cycle((1.0, 2.5), (0.5, 4.0), 1.0, 25.0)
    return (
        *compared(ours, PUBLISHED, source),
        entry("performance as a refrigerator", fridge.coefficient_of_performance, 2.0,
              "closed form w_c/(w_h - w_c)"),
        entry("efficiency, complete thermalization", full.efficiency, 0.6,
              "closed form 1 - w_c/w_h"),
        entry("first law, residual", residual, 0.0, "identity", 1e-12, 0.19),
    )  # fmt: skip


def _curve():
    times = np.linspace(0.2, 8.0, 40)
    solve = jax.vmap(lambda t: cycle((1.0, 2.0), (1.0, 4.0), 0.5, t).work_output)
    full = 1.0 / (1.0 + math.exp(0.5)) - 1.0 / (1.0 + math.e)
    a, b = np.exp(-2.04149408254 * times), np.exp(-1.08197670687 * times)
    closed = full * (1.0 - a) * (1.0 - b) / (1.0 - a * b)
    return Curve(
        "Work of an incoherent qubit Otto cycle", ("time on each isochore", times),
        "work per cycle", {"qtjax": np.asarray(solve(times))},
        {"closed form": (times[::3], closed[::3])},
    )  # fmt: skip


PAPER = Paper(
    "kosloff_2017",
    "R. Kosloff, Y. Rezek, The quantum harmonic Otto cycle, Entropy 19, 136 (2017)",
    "What a two-level Otto cycle moves per cycle is the full amount times F, which the times on "
    "the isochores set; its efficiency does not depend on them.",
    "w_c = 1, w_h = 2, T_c = 1, T_h = 4; rates gamma (2n + 1), gamma = 0.5; 2 on each isochore.",
    _entries,
    _curve,
)
