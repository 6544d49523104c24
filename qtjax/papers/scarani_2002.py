"""Scarani et al.: collisions with fresh qubits thermalize."""

import math

import jax
import jax.numpy as jnp

from ..algebra.composite import partial_trace, tensor
from ..algebra.operators import number
from ..algebra.states import thermal_state
from ..dynamics.evolve import evolve
from ..models.exchange import partial_swap
from .entries import Paper, entry

ANGLE, COLLISIONS = 0.4, 6


def _entries():
    system, fresh = partial_swap(1.0, 1.0), thermal_state(number(2), 0.7)

    @jax.jit
    def collide(rho):
        after = evolve(system, tensor(rho, fresh), jnp.array([0.0, ANGLE]), throw=False).state
        return partial_trace(after, (2, 2), 0)

    rho = jnp.array([[0.3, 0.2], [0.2, 0.7]], complex)
    for _ in range(COLLISIONS):
        rho = collide(rho)
    rest = 1.0 / (1.0 + math.exp(1.0 / 0.7))
    upper = rest + (0.7 - rest) * math.cos(ANGLE) ** (2 * COLLISIONS)
    return (
        entry("upper population after 6 collisions", rho[1, 1].real, upper,
              "closed form: distance times cos^2 each time"),
        entry("coherence after 6 collisions", abs(rho[0, 1]), 0.2 * math.cos(ANGLE) ** COLLISIONS,
              "closed form: times cos each time"),
    )  # fmt: skip


PAPER = Paper(
    "scarani_2002",
    "V. Scarani, M. Ziman, P. Stelmachovic, N. Gisin, V. Buzek, Thermalizing quantum machines: "
    "dissipation and entanglement, Phys. Rev. Lett. 88, 097905 (2002)",
    "Partial swaps with fresh thermal qubits bring any qubit to their state.",
    "Swaps by the angle 0.4, T = 0.7, gap 1.",
    _entries,
)
