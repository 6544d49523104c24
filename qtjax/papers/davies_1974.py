"""Davies: a weakly coupled system ends in Gibbs' state."""

import jax
import numpy as np

from ..algebra.operators import dag
from ..dynamics.davies import DaviesBath
from ..dynamics.open_system import OpenSystem
from ..dynamics.spectra import Ohmic
from ..dynamics.steady_state import steady_state
from .entries import Paper, entry


def _random(key):
    real, imaginary = jax.random.normal(key, (2, 8, 8))
    a = real + 1j * imaginary
    return 0.5 * (a + dag(a))


def _entries():
    h, coupling = (_random(key) for key in jax.random.split(jax.random.key(8)))
    rho = np.asarray(steady_state(OpenSystem(h, DaviesBath(h, coupling, 0.9, Ohmic(1.0)))).state)
    energies, vectors = np.linalg.eigh(np.asarray(h))
    weights = np.exp(-(energies - energies[0]) / 0.9)
    gibbs = (vectors * (weights / weights.sum())) @ vectors.conj().T
    populations = np.real(np.einsum("ik,ij,jk->k", vectors.conj(), rho, vectors))
    source = "theorem: Gibbs' state (NumPy)"
    return (
        entry("largest entry of rho - Gibbs", np.max(np.abs(rho - gibbs)), 0.0, source, 1e-10, 1.0),
        entry("ground population", populations[0], 1.0 / weights.sum(), source),
        entry("top over ground population", populations[-1] / populations[0], weights[-1], source,
              1e-6),
    )  # fmt: skip


PAPER = Paper(
    "davies_1974",
    "E. B. Davies, Markovian master equations, Commun. Math. Phys. 39, 91 (1974); H. Spohn, "
    "J. L. Lebowitz, Adv. Chem. Phys. 38, 109 (1978)",
    "Rates in detailed balance leave only the Gibbs state as it is.",
    "A random Hamiltonian and coupling of eight levels, T = 0.9.",
    _entries,
)
