"""Dicke: atoms that radiate together."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from ..algebra.operators import spin
from ..dynamics.dissipators import Lindblad
from ..dynamics.evolve import evolve
from ..dynamics.open_system import OpenSystem, heat_currents
from .entries import Curve, Paper, entry


def emission(atoms):
    """N atoms of gap 1 that emit together at the rate 1; the upper level is index 0."""
    j = atoms / 2
    lowering = spin(j, "x") - 1j * spin(j, "y")
    return OpenSystem(spin(j, "z"), Lindblad(lowering, 1.0))


def intensity(system, t, rho):
    """Energy radiated per time."""
    return -heat_currents(system, t, rho)[0]


@partial(jax.jit, static_argnums=0)
def half_excited(atoms):
    """Intensity of N atoms of which half are excited."""
    half = jnp.diag(jnp.arange(atoms + 1) == atoms // 2).astype(complex)
    return intensity(emission(atoms), 0.0, half)


@partial(jax.jit, static_argnums=0)
def all_excited(atoms, ts):
    """Intensity of N atoms that are all excited at the first time."""
    start = jnp.diag(jnp.arange(atoms + 1) == 0).astype(complex)
    return evolve(emission(atoms), start, ts, save=intensity, throw=False).saved


def _entries():
    found = []
    for atoms in (2, 6, 12):
        ours = half_excited(atoms)
        closed, source = atoms / 2 * (atoms / 2 + 1), "closed form (J + M)(J - M + 1)"
        found.append(entry(f"intensity of N = {atoms}, half of it excited", ours, closed, source))
    flash = all_excited(2, np.array([0.0, 0.3, 1.0]))
    for k, t in ((1, 0.3), (2, 1.0)):
        found.append(entry(f"intensity of N = 2, t = {t:g}", flash[k],
                           2.0 * math.exp(-2.0 * t) * (1.0 + 2.0 * t),
                           "closed form 2 e^{-2t} (1 + 2t)"))  # fmt: skip
    return found


def _curve():
    ts = np.linspace(0.0, 1.0, 101)
    together = np.asarray(all_excited(12, ts))
    lines = {"together": together, "each by itself": 12.0 * np.exp(-ts)}
    return Curve("A flash of twelve atoms", ("time", ts), "intensity", lines)


PAPER = Paper(
    "dicke_1954",
    "R. H. Dicke, Coherence in spontaneous radiation processes, Phys. Rev. 93, 99 (1954)",
    "Atoms in one place radiate at up to N^2/4 times the rate of one.",
    "Gap and rate 1.",
    _entries,
    _curve,
)
