"""Jarzynski, Tasaki: the exponential average of work; Deffner and Lutz: what of it is lost."""

import math

import jax
import jax.numpy as jnp

from .._precise import einsum
from ..algebra.levels import eigenvalues, level_projectors
from ..algebra.operators import sigmax, sigmaz
from ..algebra.states import thermal_state
from ..dynamics.evolve import evolve
from ..dynamics.hamiltonians import Driven
from ..dynamics.open_system import OpenSystem
from ..dynamics.schedules import Linear
from ..information.entropy import equilibrium_free_energy
from ..thermodynamics.production import deffner_lutz_closed
from .entries import Paper, entry

TEMPERATURE = 0.8


def gap(t):
    """Closed form of the gap of H(t) = (1 + 2t) z/2 + 0.7 x."""
    return math.hypot(1.0 + 2.0 * t, 1.4)


@jax.jit
def books():
    """<exp(-W/T)> and <W> by two measurements, change of free energy, loss, integrated work."""
    h = Driven([(1.0, 0.5 * sigmaz() + 0.7 * sigmax()), (Linear(0.0, 1.0), sigmaz())])
    system, ends = OpenSystem(h), (h(0.0), h(1.0))
    projectors, finals = (level_projectors(x, (1, 1)) for x in ends)
    tau = thermal_state(ends[0], TEMPERATURE)
    starts = jnp.concatenate([projectors, tau[None]])
    runs = jax.vmap(lambda rho: evolve(system, rho, jnp.array([0.0, 1.0]), throw=False))(starts)
    p = einsum("kij,ji->k", projectors, tau).real
    seen = einsum("fij,kji->kf", finals, runs.state[:2]).real
    work = eigenvalues(ends[1])[None, :] - eigenvalues(ends[0])[:, None]
    run = jax.tree.map(lambda x: x[2], runs)
    change = equilibrium_free_energy(ends[1], TEMPERATURE)
    change = change - equilibrium_free_energy(ends[0], TEMPERATURE)
    lost = deffner_lutz_closed(system, run, TEMPERATURE)[1]
    weighted = p[:, None] * seen
    average = jnp.sum(weighted * jnp.exp(-work / TEMPERATURE))
    return average, jnp.sum(weighted * work), change, lost, run.ledger.work[1]


def _entries():
    average, mean, change, lost, work = books()
    free = -TEMPERATURE * (
        math.log(2.0 * math.cosh(0.5 * gap(1.0) / TEMPERATURE))
        - math.log(2.0 * math.cosh(0.5 * gap(0.0) / TEMPERATURE))
    )
    return (
        entry("<exp(-W/T)>, work by two measurements", average, math.exp(-free / TEMPERATURE),
              "theorem: exp(-dF/T), dF in closed form"),
        entry("change of free energy", change, free, "closed form -T ln 2 cosh"),
        entry("Deffner and Lutz's production", lost, (work - free) / TEMPERATURE,
              "theorem: (W - dF)/T, dF in closed form"),
        entry("mean of that work", mean, work, "identity: the integrated power"),
    )  # fmt: skip


PAPER = Paper(
    "jarzynski_1997",
    "C. Jarzynski, Nonequilibrium equality for free energy differences, Phys. Rev. Lett. 78, 2690 "
    "(1997); H. Tasaki, cond-mat/0009244; S. Deffner, E. Lutz, Generalized Clausius inequality for "
    "nonequilibrium quantum processes, Phys. Rev. Lett. 105, 170402 (2010)",
    "Work that is measured at both ends has <exp(-W/T)> = exp(-dF/T); what is lost is the distance "
    "from the last Gibbs state.",
    "H(t) = (1 + 2t) z/2 + 0.7 x for t from 0 to 1, T = 0.8.",
    _entries,
)
