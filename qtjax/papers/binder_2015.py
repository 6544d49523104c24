"""Binder et al., Campaioli et al., Ferraro et al.: batteries that are charged together."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from ..algebra.composite import partial_trace
from ..algebra.operators import expectation, number, sigmax
from ..algebra.states import ket, pure_state
from ..dynamics.evolve import evolve
from ..dynamics.open_system import OpenSystem
from ..models.batteries import dicke_battery, empty_battery
from ..thermodynamics.ergotropy import ergotropy
from .entries import Curve, Paper, entry

CELLS = 3


@jax.jit
def collective():
    """Three cells turned over at once, |000><111| + h.c., at the norm of three that turn alone.

    The share of full cells at a third of the time.
    """
    dims = (2,) * CELLS
    empty, full = ket((0,) * CELLS, dims), ket((1,) * CELLS, dims)
    flip = jnp.outer(full, empty)
    system, ts = OpenSystem(CELLS * (flip + flip.T)), jnp.array([0.0, 0.5 * math.pi / CELLS])
    run = evolve(system, pure_state(empty), ts, throw=False)
    return expectation(pure_state(full), run.state)


@jax.jit
def alone(t):
    """Ergotropy of a cell that turns alone."""
    run = evolve(OpenSystem(sigmax()), pure_state(ket(0, 2)), jnp.stack([0.0, t]), throw=False)
    return ergotropy(run.state, number(2))


@partial(jax.jit, static_argnums=0)
def cavity(cells, ts):
    """Energy of a battery that a cavity of as many photons charges, gap and coupling 1."""
    system = dicke_battery(cells, frequency=1.0, coupling=1.0, levels=cells + 1,
                           counter_rotating=False)  # fmt: skip

    def stored(system, t, rho):
        part = partial_trace(rho, (cells + 1, cells + 1), 0)
        return expectation(jnp.diag(jnp.arange(cells, -1.0, -1.0)), part)

    return evolve(system, empty_battery(cells, cells + 1), ts, save=stored, throw=False).saved


def _entries():
    found = [
        entry("three cells are full at a third of the time", collective(), 1.0,
              "closed form: N times the speed at the same norm"),
        entry("ergotropy of one that turns alone, t = 0.4", alone(0.4),
              math.sin(0.4) ** 2, "closed form w sin^2"),
    ]  # fmt: skip
    one, two = (cavity(n, np.array([0.0, 0.7])) for n in (1, 2))
    s = math.sqrt(6.0) * 0.7
    closed = 2.0 / 3.0 * math.sin(s) ** 2 + 4.0 / 9.0 * (1.0 - math.cos(s)) ** 2
    found += [
        entry("one cell and one photon, g t = 0.7", one[1], math.sin(0.7) ** 2, "closed form"),
        entry("two cells and two photons, g t = 0.7", two[1], closed, "closed form"),
    ]
    return found


def _curve():
    ts = np.linspace(0.0, 2.0, 101)
    lines = {f"N = {n}": np.asarray(cavity(n, ts)) / n for n in (1, 2, 4)}
    marks = np.linspace(0.0, 2.0, 9)
    return Curve("Cells that share a cavity charge faster", ("g t", ts), "energy per cell", lines,
                 {"closed form, N = 1": (marks, np.sin(marks) ** 2)})  # fmt: skip


PAPER = Paper(
    "binder_2015",
    "F. C. Binder, S. Vinjanampathy, K. Modi, J. Goold, Quantacell: powerful charging of quantum "
    "batteries, New J. Phys. 17, 075015 (2015); F. Campaioli et al., Phys. Rev. Lett. 118, 150601 "
    "(2017); D. Ferraro et al., Phys. Rev. Lett. 120, 117702 (2018)",
    "Cells that are charged together fill N times faster at the same norm, sqrt(N) times in a "
    "shared cavity.",
    "Gaps and couplings 1.",
    _entries,
    _curve,
)
