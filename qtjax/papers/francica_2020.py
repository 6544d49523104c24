"""Francica et al.: the ergotropy of coherence."""

import math

import jax
import numpy as np

from ..thermodynamics.ergotropy import ergotropy_split
from .entries import Paper, entry


def _entries():
    split, h = jax.jit(ergotropy_split), np.diag([0.0, 1.0])
    plus = split(np.full((2, 2), 0.5), h)
    inverted = split(np.array([[0.3, 0.25], [0.25, 0.7]]), h)
    r = math.hypot(0.4, 0.5)
    return (
        entry("coherent part of |+>", plus.coherent, 0.5, "closed form w/2"),
        entry("incoherent part of |+>", plus.incoherent, 0.0, "closed form", 1e-12, 1.0),
        entry("coherent part, z = 0.4, c = 0.5", inverted.coherent, 0.5 * (r - 0.4),
              "closed form w (r - |z|)/2"),
        entry("incoherent part, z = 0.4, c = 0.5", inverted.incoherent, 0.4,
              "closed form w z where z > 0"),
    )  # fmt: skip


PAPER = Paper(
    "francica_2020",
    "G. Francica et al., Quantum coherence and ergotropy, Phys. Rev. Lett. 125, 180603 (2020)",
    "Ergotropy is what populations give, and what coherence between levels gives.",
    "A qubit of gap 1 with inversion z and coherence c.",
    _entries,
)
