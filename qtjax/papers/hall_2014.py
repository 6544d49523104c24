"""Hall et al.: a rate that is negative for ever; Breuer, Laine and Piilo: what flows back."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from ..algebra.states import bloch_vector, from_bloch
from ..dynamics.evolve import evolve
from ..dynamics.open_system import OpenSystem, canonical_generator
from ..models.time_local import eternal_dephasing
from .entries import Curve, Paper, entry

START = (0.6, 0.3, 0.5)


def undriven():
    """A qubit without a Hamiltonian."""
    return OpenSystem(jnp.zeros((2, 2)), eternal_dephasing())


@jax.jit
def _run(ts):
    found = evolve(undriven(), from_bloch(jnp.array(START)), ts, throw=False)
    return jax.vmap(bloch_vector)(found.saved)


@jax.jit
def canonical_rates(t):
    """Of the generator at one time."""
    return canonical_generator(undriven(), t).rates


def _entries():
    bloch = _run(jnp.array([0.0, 0.5, 2.0]))
    found = []
    for k, t in ((1, 0.5), (2, 2.0)):
        shrunk = 0.5 * (1.0 + math.exp(-2.0 * t))
        for axis, factor in enumerate((shrunk, shrunk, math.exp(-2.0 * t))):
            found.append(entry(f"Bloch component {'xyz'[axis]}, t = {t:g}", bloch[k, axis],
                               factor * START[axis], "closed form"))  # fmt: skip
    rates = np.sort(canonical_rates(0.7))
    found.append(entry("the negative canonical rate, t = 0.7", rates[0], -math.tanh(0.7),
                       "closed form -tanh t"))  # fmt: skip
    return found


def _curve():
    ts = jnp.linspace(0.0, 3.0, 31)
    bloch = _run(ts)
    marks = np.linspace(0.0, 3.0, 7)
    closed = START[0] * 0.5 * (1.0 + np.exp(-2.0 * marks))
    lines = {"x": bloch[:, 0], "z": bloch[:, 2]}
    return Curve("Eternal non-Markovianity", ("time", ts), "Bloch component", lines,
                 {"closed form": (marks, closed)})  # fmt: skip


PAPER = Paper(
    "hall_2014",
    "M. J. W. Hall, J. D. Cresser, L. Li, E. Andersson, Canonical form of master equations and "
    "characterization of non-Markovianity, Phys. Rev. A 89, 042120 (2014)",
    "A generator may have a rate that is negative at all times, and be a legitimate channel.",
    "Canonical rates (1, 1, -tanh t).",
    _entries,
    _curve,
)
