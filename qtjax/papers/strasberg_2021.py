"""Strasberg and Winter, and others: the many temperatures of one state."""

import jax
import numpy as np

from ..algebra.operators import expectation
from ..information.coherence import coherence
from ..information.entropy import entropy
from ..thermodynamics.state_temperatures import (
    energy_beta,
    entropy_beta,
    gradient_beta,
    population_beta,
    spectral_beta,
)
from .entries import Paper, compared

PUBLISHED = {
    "energy": 0.675,
    "entropy": 0.950076782939,
    "T of equal energy": 1.88327815388,
    "T of equal entropy": 1.68849658484,
    "spectral T": 1.79766682625,
    "gradient T": 1.98418697899,
    "virtual T of levels 0, 1": 1.64979530018,
    "virtual T of levels 1, 2": 2.16404256133,
    "virtual T of levels 0, 2": 1.92413818278,
    "relative entropy of coherence": 0.0244934065074,
}


@jax.jit
def numbers():
    """All of them, in order."""
    h = np.diag([0.0, 1.0, 2.5])
    rho = np.diag([0.55, 0.3, 0.15])
    rho[0, 1] = rho[1, 0] = 0.1
    betas = [beta(rho, h) for beta in (energy_beta, entropy_beta, spectral_beta, gradient_beta)]
    betas += [population_beta(rho, h, *pair) for pair in ((0, 1), (1, 2), (0, 2))]
    return (expectation(h, rho), entropy(rho), *(1 / beta for beta in betas), coherence(rho, h))


def _entries():
    source = "digits: roots and closed forms (NumPy)"
    return compared(dict(zip(PUBLISHED, numbers(), strict=True)), PUBLISHED, source)


PAPER = Paper(
    "strasberg_2021",
    "P. Strasberg, A. Winter, First and second law of quantum thermodynamics: a consistent "
    "derivation based on a microscopic definition of entropy, PRX Quantum 2, 030202 (2021); "
    "M. N. Bera et al., Quantum 3, 121 (2019); J. Gemmer, M. Michel, G. Mahler, Quantum "
    "Thermodynamics, ch. 12; S. Alipour et al., arXiv:2105.11915; N. Brunner, N. Linden, "
    "S. Popescu, P. Skrzypczyk, Phys. Rev. E 85, 051117 (2012)",
    "A state that is not thermal has as many temperatures as there are definitions.",
    "E = (0, 1, 2.5), populations (0.55, 0.3, 0.15), coherence 0.1 of the first two levels.",
    _entries,
    notes="The gradient temperature is the digits' reconstruction of Alipour et al.'s; whether "
    "theirs is the same was not checked.",
)
