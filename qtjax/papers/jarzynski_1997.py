"""Jarzynski, Tasaki: the exponential average of work; Deffner and Lutz: what of it is lost."""

import math

import jax.numpy as jnp
import numpy as np

from ..algebra.operators import sigmax, sigmaz
from ..algebra.spectral import level_projectors
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


def _entries():
    h = Driven([(1.0, 0.5 * sigmaz() + 0.7 * sigmax()), (Linear(0.0, 1.0), sigmaz())])
    system = OpenSystem(h)
    first, last = h(0.0), h(1.0)
    ts = jnp.array([0.0, 1.0])
    projectors, finals = (level_projectors(x, (1, 1)) for x in (first, last))
    e0, e1 = (np.linalg.eigvalsh(np.asarray(x)) for x in (first, last))
    tau = thermal_state(first, TEMPERATURE)
    p = np.real(np.einsum("kij,ji->k", projectors, tau))
    ends = [np.asarray(evolve(system, start, ts).state) for start in projectors]
    seen = np.real(np.array([[np.trace(f @ end) for f in np.asarray(finals)] for end in ends]))
    weights = np.exp(-(e1[None, :] - e0[:, None]) / TEMPERATURE)
    average = float(np.sum(p[:, None] * seen * weights))
    free = -TEMPERATURE * (
        math.log(2.0 * math.cosh(0.5 * gap(1.0) / TEMPERATURE))
        - math.log(2.0 * math.cosh(0.5 * gap(0.0) / TEMPERATURE))
    )
    run = evolve(system, tau, ts)
    lost = deffner_lutz_closed(system, run, TEMPERATURE)[1]
    change = equilibrium_free_energy(last, TEMPERATURE) - equilibrium_free_energy(
        first, TEMPERATURE
    )
    return (
        entry("<exp(-W/T)>, work by two measurements", average, math.exp(-free / TEMPERATURE),
              "theorem: exp(-dF/T), dF in closed form"),
        entry("change of free energy", change, free, "closed form -T ln 2 cosh"),
        entry("Deffner and Lutz's production", lost, (run.ledger.work[1] - free) / TEMPERATURE,
              "theorem: (W - dF)/T, dF in closed form"),
        entry("mean of that work", np.sum(p[:, None] * seen * (e1[None, :] - e0[:, None])),
              run.ledger.work[1], "identity: the integrated power"),
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
