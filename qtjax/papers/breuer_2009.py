"""Breuer, Laine and Piilo: the information that flows back."""

import math

import jax.numpy as jnp
import numpy as np

from ..algebra.states import from_bloch
from ..dynamics.evolve import evolve
from ..dynamics.open_system import OpenSystem
from ..models.time_local import LorentzianDamping, oscillating_dephasing
from .entries import Curve, Paper, entry

MEAN, AMPLITUDE = 0.1, 0.3
PERIODS = 3


def coherence(t):
    """Closed form of the factor by which coherence has shrunk."""
    return math.exp(-MEAN * t - AMPLITUDE * math.sin(t))


def turning_points():
    """Where the rate changes sign: distances grow from the first to the second of each pair."""
    first = math.acos(-MEAN / AMPLITUDE)
    return [2.0 * math.pi * k + t for k in range(PERIODS) for t in (first, 2 * math.pi - first)]


def distances(ts):
    """Trace distance of the states |+> and |-> under oscillating dephasing."""
    system = OpenSystem(jnp.zeros((2, 2)), oscillating_dephasing(MEAN, AMPLITUDE, 1.0))
    saved = evolve(system, from_bloch(jnp.array([1.0, 0.0, 0.0])), jnp.array([0.0, *ts])).saved
    return 2.0 * np.abs(np.asarray(saved[1:, 0, 1]))


def _entries():
    ts = turning_points()
    d = distances(ts)
    flow = sum(d[1::2] - d[::2])
    closed = sum(coherence(b) - coherence(a) for a, b in zip(ts[::2], ts[1::2], strict=True))
    damping = LorentzianDamping(1.0, 1.0, 0.2)
    run = evolve(damping.pseudomode(), jnp.diag(jnp.array([0.0, 0.0, 1.0, 0.0])),
                 jnp.array([0.0, 4.0, 10.0]))  # fmt: skip
    root, found = math.sqrt(2.0 * 0.2 - 0.04), []
    for k, t in ((1, 4.0), (2, 10.0)):
        g = math.exp(-0.1 * t) * (math.cos(0.5 * root * t) + 0.2 / root * math.sin(0.5 * root * t))
        excited = (run.saved[k][2, 2] + run.saved[k][3, 3]).real
        found.append(entry(f"excitation in a Lorentzian vacuum, t = {t:g}", excited, g * g,
                           "closed form G(t)^2"))  # fmt: skip
    return [entry("backflow in three periods of dephasing", flow, closed,
                  "closed form: sum of revivals"), *found]  # fmt: skip


def _curve():
    ts = np.linspace(0.01, 18.0, 120)
    marks = np.array(turning_points())
    return Curve("Distinguishability that revives", ("time", ts), "trace distance",
                 {"qtjax": distances(ts)},
                 {"closed form": (marks, [coherence(t) for t in marks])})  # fmt: skip


PAPER = Paper(
    "breuer_2009",
    "H.-P. Breuer, E.-M. Laine, J. Piilo, Measure for the degree of non-Markovian behavior of "
    "quantum processes in open systems, Phys. Rev. Lett. 103, 210401 (2009); B. M. Garraway, "
    "Nonperturbative decay of an atomic system in a cavity, Phys. Rev. A 55, 2290 (1997)",
    "Where two states become easier to tell apart, information has come back.",
    "Dephasing at 0.1 + 0.3 cos t; amplitude damping with gamma_0 = 1, width 0.2.",
    _entries,
    _curve,
)
