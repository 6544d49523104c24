"""Prosen: spin chains driven at their ends."""

from functools import partial

import jax

from ..algebra.composite import embed
from ..algebra.operators import expectation, sigmaz
from ..dynamics.steady_state import steady_state
from ..models.lattices import boundary_driven_chain, spin_current
from .entries import Paper, entry

SOURCE = "digits: exact steady state (NumPy)"
CASES = (
    (3, 0.0, {"z1": 1 / 17, "current": 4 / 17}, "closed form, the same for every n"),
    (4, 0.0, {"current": 4 / 17}, "closed form, the same for every n"),
    (5, 0.0, {"current": 4 / 17}, "closed form, the same for every n"),
    (4, 1.0, {"current": 0.211145725164, "z1": 0.155417099342, "z2": 0.0555555555556}, SOURCE),
    (5, 1.0, {"current": 0.199174415498}, SOURCE),
)


@partial(jax.jit, static_argnums=0)
def chain(sites, anisotropy):
    """Moduli of the current and of the first two magnetizations in the steady state."""
    system = boundary_driven_chain(sites, exchange=1.0, anisotropy=anisotropy)
    rho, dims = steady_state(system, throw=False).state, (2,) * sites
    return {
        "current": abs(expectation(spin_current(sites, 0), rho)),
        "z1": abs(expectation(embed(sigmaz(), dims, 0), rho)),
        "z2": abs(expectation(embed(sigmaz(), dims, 1), rho)),
    }


def _entries():
    found = []
    for sites, anisotropy, published, source in CASES:
        ours = chain(sites, anisotropy)
        for name, value in published.items():
            quantity = f"{name}, n = {sites}, Delta = {anisotropy:g}"
            found.append(entry(quantity, ours[name], value, source))
    return found


PAPER = Paper(
    "prosen_2011",
    "T. Prosen, Exact nonequilibrium steady state of a strongly driven open XXZ chain, "
    "Phys. Rev. Lett. 107, 137201 (2011); D. Karevski, T. Platini, Quantum nonequilibrium steady "
    "states induced by repeated interactions, Phys. Rev. Lett. 102, 207207 (2009)",
    "Transport in a boundary-driven XX chain is ballistic: its current does not depend on the "
    "length; with Delta = 1 it falls.",
    "H = sum 2 (s+ s- + h.c.) + Delta zz; s+ on the first spin and s- on the last, at the rate 1. "
    "Moduli.",
    _entries,
)
