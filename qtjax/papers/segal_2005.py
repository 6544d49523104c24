"""Segal and Nitzan: a two-level system between two baths rectifies heat."""

import math

import jax
import numpy as np

from ..dynamics.open_system import heat_currents
from ..dynamics.steady_state import steady_state
from ..models.heat_flow import heat_valve
from .entries import Curve, Paper, entry


@jax.jit
def current(temperatures, rates):
    """Heat from the second bath through the two-level system of gap 1."""
    system = heat_valve(1.0, temperatures=temperatures, rates=(rates[0], rates[1]))
    return heat_currents(system, 0.0, steady_state(system, throw=False).state)[1]


def closed(temperatures, rates):
    """w g_1 g_2 (n_2 - n_1)/(g_1 (1 + 2 n_1) + g_2 (1 + 2 n_2))."""
    n = [1.0 / math.expm1(1.0 / t) for t in temperatures]
    flow = rates[0] * rates[1] * (n[1] - n[0])
    return flow / (rates[0] * (1.0 + 2.0 * n[0]) + rates[1] * (1.0 + 2.0 * n[1]))


def _entries():
    one, other, rates = np.array([0.4, 2.0]), np.array([2.0, 0.4]), np.array([0.1, 0.9])
    source = "closed form w g_1 g_2 (n_2 - n_1)/(g_1 (1 + 2 n_1) + g_2 (1 + 2 n_2))"
    forward, backward = current(one, rates), current(other, rates)
    return (
        entry("current forward", forward, closed(one, rates), source),
        entry("current backward", backward, closed(other, rates), source),
        entry("rectification |J+/J-|", abs(forward / backward),
              abs(closed(one, rates) / closed(other, rates)), source),
    )  # fmt: skip


def _curve():
    share = np.linspace(0.02, 0.98, 25)
    ratios = []
    for x in share:
        rates = np.array([x, 1.0 - x])
        ratios.append(abs(float(current(np.array([0.4, 2.0]), rates)
                                / current(np.array([2.0, 0.4]), rates))))  # fmt: skip
    marks = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    values = [abs(closed((0.4, 2.0), (x, 1 - x)) / closed((2.0, 0.4), (x, 1 - x))) for x in marks]
    return Curve("A thermal rectifier", ("share of the first bath in the rates", share),
                 "|J+/J-|", {"qtjax": ratios}, {"closed form": (marks, values)})  # fmt: skip


PAPER = Paper(
    "segal_2005",
    "D. Segal, A. Nitzan, Spin-boson thermal rectifier, Phys. Rev. Lett. 94, 034301 (2005)",
    "A two-level system that two baths hold with different strength conducts better one way.",
    "Gap 1, rates 0.1 and 0.9, T = 0.4 and 2.",
    _entries,
    _curve,
)
