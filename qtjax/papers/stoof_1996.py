"""Stoof and Nazarov, Gurvitz and Prager: the current through two dots, far from equilibrium."""

import jax
import jax.numpy as jnp
import numpy as np

from ..algebra.composite import fermions
from ..algebra.operators import dag, product
from ..dynamics.leads import FermionicLead
from ..dynamics.open_system import OpenSystem, particle_currents
from ..dynamics.steady_state import steady_state
from .entries import Curve, Paper, entry

# detuning, tunnelling, rates of the left and of the right lead
CASES = ((0.0, 0.1, 0.5, 0.2), (0.3, 0.1, 0.5, 0.2), (0.3, 0.4, 0.05, 1.0))


def closed_forms(detuning, g, left, right):
    """The currents with at most one electron, and without repulsion."""
    one = g**2 * right / (g**2 * (2 + right / left) + right**2 / 4 + detuning**2)
    both = left + right
    k = g**2 * both / (both**2 / 4 + detuning**2)
    return one, 1.0 / (1.0 / k + 1.0 / left + 1.0 / right)


def current(removals, detuning, g, left, right):
    """From a lead that is full at the energies of the dots to one that is empty."""
    first, second = removals
    n1, n2 = (product(dag(c), c) for c in removals)
    hop = g * product(dag(first), second)
    h = 0.5 * detuning * (n1 - n2) + hop + dag(hop)
    leads = [
        FermionicLead(c, 0.0, 0.0, mu, rate, number=n1 + n2)
        for c, mu, rate in ((first, 1.0, left), (second, -1.0, right))
    ]
    system = OpenSystem(h, leads)
    return particle_currents(system, 0.0, steady_state(system, throw=False).state)[0]


@jax.jit
@jax.vmap
def currents(detuning, g, left, right):
    """With at most one electron (levels: none, left, right), and without repulsion."""
    single = jnp.eye(3, dtype=complex)
    removals = [jnp.outer(single[0], single[k]) for k in (1, 2)]
    given = detuning, g, left, right
    return jnp.stack([current(removals, *given), current(fermions(2), *given)])


def _entries():
    found, names = [], ("with at most one electron", "without repulsion")
    ours = np.asarray(currents(*jnp.array(CASES).T))
    for case, values in zip(CASES, ours, strict=True):
        at = "d = {:g}, g = {:g}, rates {:g} and {:g}".format(*case)
        for name, value, wanted in zip(names, values, closed_forms(*case), strict=True):
            found.append(entry(f"current {name}, {at}", value, wanted, "closed form"))
    return found


def _curve():
    detunings = np.linspace(-1.0, 1.0, 41)
    given = [np.full(41, x) for x in (0.1, 0.5, 0.2)]
    found = np.asarray(currents(jnp.asarray(detunings), *map(jnp.asarray, given)))
    lines = {"at most one electron": found[:, 0], "without repulsion": found[:, 1]}
    points = {"closed form": (detunings[::5], closed_forms(detunings[::5], 0.1, 0.5, 0.2)[0])}
    return Curve("Resonant tunnelling through two dots", ("detuning", detunings), "current", lines,
                 points)  # fmt: skip


PAPER = Paper(
    "stoof_1996",
    "T. H. Stoof, Yu. V. Nazarov, Time-dependent resonant tunneling via two discrete states, "
    "Phys. Rev. B 53, 1050 (1996); S. A. Gurvitz, Ya. S. Prager, Microscopic derivation of rate "
    "equations for quantum transport, Phys. Rev. B 53, 15932 (1996)",
    "At large bias the current through two dots in series is a Lorentzian in their detuning; local "
    "leads with wide bands give it exactly at any rate.",
    "Leads that are full and empty at the energies of the dots.",
    _entries,
    _curve,
)
