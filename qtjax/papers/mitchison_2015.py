"""Mitchison et al.: a refrigerator that is switched on cools below its steady state."""

import math

import jax
import numpy as np
from scipy.linalg import expm

from ..algebra.composite import partial_trace, tensor
from ..algebra.operators import number
from ..algebra.states import thermal_state
from ..dynamics.evolve import evolve
from ..models.refrigerators import three_qubit_refrigerator
from .entries import Curve, Paper, entry

GAPS, TEMPERATURES, COUPLING, RATE = (1.0, 4.0, 3.0), (1.0, 1.5, 6.0), 0.05, 0.002


@jax.jit
def excitation(ts):
    """Population of the cold qubit's upper level, from a product of Gibbs states."""
    system = three_qubit_refrigerator(
        (1.0, 3.0), coupling=COUPLING, temperatures=TEMPERATURES, rates=RATE
    )
    pairs = zip(GAPS, TEMPERATURES, strict=True)
    rho = tensor(*[thermal_state(w * number(2), t) for w, t in pairs])

    def upper(system, t, rho):
        return partial_trace(rho, (2, 2, 2), 0)[1, 1].real

    return evolve(system, rho, ts, save=upper, throw=False).saved


def by_matrix(ts):
    """The same from the exponential of a 64 x 64 matrix (SciPy)."""
    lower, one = np.array([[0.0, 1.0], [0.0, 0.0]]), np.eye(8)
    parts = [np.kron(np.kron(np.eye(2**k), lower), np.eye(4 >> k)) for k in range(3)]
    h = np.zeros((8, 8))
    h[2, 5] = h[5, 2] = COUPLING
    h += np.diag([w @ np.array(GAPS) for w in np.indices((2, 2, 2)).reshape(3, -1).T])
    generator = -1j * (np.kron(h, one) - np.kron(one, h.T))
    rho = np.ones(1)
    for a, w, t in zip(parts, GAPS, TEMPERATURES, strict=True):
        n = 1.0 / math.expm1(w / t)
        for rate, jump in ((RATE * (n + 1.0), a), (RATE * n, a.T)):
            square = jump.T @ jump
            generator = generator + rate * np.kron(jump, jump)
            generator = generator - 0.5 * rate * (np.kron(square, one) + np.kron(one, square))
        rho = np.kron(rho, np.array([n + 1.0, n]) / (2.0 * n + 1.0))
    vector, upper = np.diag(rho).reshape(-1), (parts[0].T @ parts[0]).reshape(-1)
    return [float(np.real(upper @ (expm(generator * t) @ vector))) for t in ts]


def temperature(p):
    """Of the cold qubit by its populations."""
    return 1.0 / math.log((1.0 - p) / p)


def _entries():
    first, late = 0.5 * math.pi / COUPLING, 4000.0
    ours = [float(p) for p in excitation(np.array([0.0, first, late]))[1:]]
    theirs, source = by_matrix([first, late]), "exponential of a 64 x 64 matrix (SciPy)"
    a, b = (temperature(p) for p in ours)
    c, d = (temperature(p) for p in theirs)
    return (
        entry("temperature of the cold qubit after a half oscillation", a, c, source),
        entry("its steady temperature, t = 4000", b, d, source),
        entry("the difference", a - b, c - d, source, 1e-8),
    )


def _curve():
    ts = np.linspace(0.0, 400.0, 401)
    values = [temperature(float(p)) for p in excitation(ts)]
    marks = [0.5 * math.pi / COUPLING, 200.0, 400.0]
    points = {"matrix exponential": (marks, [temperature(p) for p in by_matrix(marks)])}
    return Curve("Single-shot cooling", ("time", ts), "temperature of the cold qubit",
                 {"qtjax": values}, points)  # fmt: skip


PAPER = Paper(
    "mitchison_2015",
    "M. T. Mitchison, M. P. Woods, J. Prior, M. Huber, Coherence-assisted single-shot cooling by "
    "quantum absorption refrigerators, New J. Phys. 17, 115013 (2015)",
    "While it oscillates, a strongly coupled refrigerator is colder than in its steady state.",
    "Gaps (1, 4, 3) and T = (1, 1.5, 6) of cold, room and hot qubit, g = 0.05, gamma = 0.002.",
    _entries,
    _curve,
)
