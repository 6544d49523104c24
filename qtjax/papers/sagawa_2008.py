"""Sagawa and Ueda: work from information."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from ..algebra.operators import identity
from ..information.correlations import mutual_information
from ..information.entropy import free_energy
from .entries import Curve, Paper, entry

TEMPERATURE = 1.0


@jax.jit
def engine(error):
    """Information of a measurement of one bit with errors, and the work that feedback gets of it.

    Work is the free energy that the states after the two results have beyond the one before.
    """
    joint = 0.5 * jnp.diag(jnp.stack([1.0 - error, error, error, 1.0 - error]))
    h = 0.0 * identity(2)
    before = free_energy(0.5 * identity(2), h, TEMPERATURE)
    after = [jnp.diag(jnp.stack(p)) for p in ([1.0 - error, error], [error, 1.0 - error])]
    work = sum(0.5 * (free_energy(rho, h, TEMPERATURE) - before) for rho in after)
    return mutual_information(joint, (2, 2), 0, 1), work


def closed(error):
    """ln 2 - h(error)."""
    return math.log(2.0) + error * math.log(error) + (1.0 - error) * math.log(1.0 - error)


def _entries():
    found = []
    for error in (0.05, 0.1, 0.25):
        information, work = engine(error)
        source = "closed form ln 2 - h(error)"
        found += [
            entry(f"information, error {error:g}", information, closed(error), source),
            entry(f"work, error {error:g}", work, TEMPERATURE * closed(error), source),
        ]
    return found


def _curve():
    errors = np.linspace(0.001, 0.5, 41)
    works = [float(engine(x)[1]) for x in errors]
    marks = np.array([0.05, 0.1, 0.25])
    return Curve("Szilard's engine with errors", ("error", errors), "work / T", {"qtjax": works},
                 {"closed form": (marks, [closed(x) for x in marks])})  # fmt: skip


PAPER = Paper(
    "sagawa_2008",
    "T. Sagawa, M. Ueda, Second law of thermodynamics with discrete quantum feedback control, "
    "Phys. Rev. Lett. 100, 080403 (2008); J. M. Horowitz, J. M. R. Parrondo, New J. Phys. 13, "
    "123019 (2011)",
    "Feedback draws at most T times the information of the measurement, and the best one does.",
    "One bit, measured with an error; T = 1.",
    _entries,
    _curve,
)
