"""Esposito, Lindenberg and Van den Broeck: production is correlation with the reservoir."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from ..algebra.composite import tensor
from ..algebra.operators import sigmax, sigmay, sigmaz
from ..algebra.states import thermal_state
from ..dynamics.evolve import evolve
from ..dynamics.open_system import OpenSystem
from ..thermodynamics.reservoirs import finite_reservoirs
from .entries import Paper, entry

DIGITS = {
    0.3: (0.0376528048987, 0.0376528048987, 0.0293909868227, 0.00826181807601, 0.0247711542372,
          0.0161020633268),
    0.7: (0.111108985508, 0.111108985508, 0.083832686638, 0.0272762988697, 0.0718722036367,
          0.0490459773388),
    math.pi / 4: (0.11425792386, 0.11425792386, 0.0860745016623, 0.0281834221973, 0.0738539175319,
                  0.0505050079095),
}  # fmt: skip
NAMES = (
    "Esposito's production", "D(rho || rho_S x tau_B)", "I(S:B)", "D(rho_B || tau_B)",
    "entropy change of S", "heat into the bath",
)  # fmt: skip
BETA = 0.8


@jax.jit
def books():
    """The numbers at all times, with the first, where all are 0."""
    bath = 0.65 * sigmaz()
    rho = tensor(np.array([[0.3, 0.2 - 0.1j], [0.2 + 0.1j, 0.7]]), thermal_state(bath, 1 / BETA))
    flips = tensor(sigmax(), sigmax()) + tensor(sigmay(), sigmay())
    system = OpenSystem(flips, parts=(np.zeros((2, 2)), bath))
    solution = evolve(system, rho, jnp.array([0.0, *DIGITS]), throw=False)
    f = finite_reservoirs(system, solution, (1,), 1 / BETA)
    return (
        f.production, f.divergence, f.correlation, f.reservoir_divergence[:, 0], f.entropy_change,
        -f.heat[:, 0],
    )  # fmt: skip


def _entries():
    columns = books()
    return [
        entry(f"{name}, g = {g:.4f}", column[k], published, "digits: 4 x 4 matrices (NumPy)")
        for k, (g, digits) in enumerate(DIGITS.items(), 1)
        for name, column, published in zip(NAMES, columns, digits, strict=True)
    ]


PAPER = Paper(
    "esposito_2010",
    "Esposito, Lindenberg and Van den Broeck, Entropy production as correlation between system and "
    "reservoir, New J. Phys. 12, 013013 (2010); D. Reeb, M. M. Wolf, An improved "
    "Landauer principle with finite-size corrections, New J. Phys. 16, 103011 (2014)",
    "Esposito's production of a system and a finite reservoir is what they share, I(S:B), and the "
    "reservoir's distance from equilibrium.",
    "H_B = 0.65 sz, beta = 0.8, U = exp(-i g (XX + YY)).",
    _entries,
)
