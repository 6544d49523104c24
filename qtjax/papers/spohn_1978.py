"""Spohn: what a relaxation produces."""

import math

import jax
import jax.numpy as jnp

from ..algebra.operators import destroy, number
from ..dynamics.evolve import evolve
from ..dynamics.local_bath import LocalBath
from ..dynamics.open_system import OpenSystem
from ..dynamics.spectra import Flat
from ..thermodynamics.rates import rates
from .entries import Paper, entry

GAP, TEMPERATURE, RATE = 1.0, 0.5, 0.1
Z0, C0, TIMES = 0.2, 0.6, (1.0, 5.0)


def closed_form(t):
    """Heat current, Spohn's production and entropy of a relaxing qubit, from its Bloch vector."""
    g1 = RATE / math.tanh(0.5 * GAP / TEMPERATURE)
    rest = -math.tanh(0.5 * GAP / TEMPERATURE)
    z = rest + (Z0 - rest) * math.exp(-g1 * t)
    c = C0 * math.exp(-0.5 * g1 * t)
    r, dz, dc = math.hypot(z, c), -g1 * (z - rest), -0.5 * g1 * c
    heat, entropy_rate = 0.5 * GAP * dz, -math.atanh(r) / r * (z * dz + c * dc)
    p = 0.5 * (1.0 + r)
    entropy = -p * math.log(p) - (1.0 - p) * math.log(1.0 - p)
    return {
        "heat current": heat,
        "Spohn's production": entropy_rate - heat / TEMPERATURE,
        "entropy": entropy,
    }


def _entries():
    bath = LocalBath(destroy(2), GAP, TEMPERATURE, Flat(RATE))
    system = OpenSystem(GAP * number(2), bath)
    rho = jnp.array([[0.5 * (1.0 - Z0), 0.5 * C0], [0.5 * C0, 0.5 * (1.0 + Z0)]])
    solution = evolve(system, rho, jnp.array([0.0, *TIMES]), save=rates)
    found = []
    for k, t in enumerate(TIMES, 1):
        now = jax.tree.map(lambda x, k=k: x[k], solution.saved)
        values = (now.heat_current, now.spohn_production, solution.ledger.entropy[k])
        for (name, published), ours in zip(closed_form(t).items(), values, strict=True):
            found.append(entry(f"{name}, t = {t:g}", ours, published, "closed form (Bloch vector)"))
    return found


PAPER = Paper(
    "spohn_1978",
    "H. Spohn, Entropy production for quantum dynamical semigroups, J. Math. Phys. 19, 1227 "
    "(1978); R. Alicki, The quantum open system as a model of the heat engine, J. Phys. A 12, L103 "
    "(1979)",
    "S' - Q'/T is never negative for a bath that keeps Gibbs' state.",
    "A qubit of gap 1 at T = 0.5, gamma = 0.1, from inversion 0.2 and coherence 0.6.",
    _entries,
)
