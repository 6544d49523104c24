"""Sivak and Crooks: what slow strokes cost beyond the free energy, here the erasure of a bit."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import quad, solve_ivp

from ..algebra.operators import number, sigmax
from ..dynamics.davies import AdiabaticBath
from ..dynamics.evolve import evolve
from ..dynamics.hamiltonians import Driven
from ..dynamics.open_system import OpenSystem
from ..dynamics.schedules import Linear
from ..dynamics.spectra import Ohmic
from .entries import Curve, Paper, entry

FIRST, LAST, SLOW = 0.2, 8.0, 160.0


def equilibrium(gap):
    """The upper population at T = 1."""
    return 1.0 / (1.0 + np.exp(gap))


@jax.jit
def heat(duration):
    """Heat to the bath at T = 1 during a linear ramp of the gap, from equilibrium."""
    h = Driven([(Linear(FIRST, LAST, 0.0, duration), number(2))])
    system = OpenSystem(h, AdiabaticBath(sigmax(), 1.0, Ohmic(1.0)))
    p = equilibrium(FIRST)
    rho = jnp.diag(jnp.array([1.0 - p, p], complex))
    return -evolve(system, rho, jnp.stack([0.0, duration]), throw=False).ledger.heat[-1, 0]


def by_populations(duration):
    """The same from p' = -w coth(w/2) (p - p_eq(w)), by DOP853 (SciPy)."""

    def flow(t, y):
        w = FIRST + (LAST - FIRST) * t / duration
        change = -w / np.tanh(0.5 * w) * (y[0] - equilibrium(w))
        return [change, -w * change]

    start = [equilibrium(FIRST), 0.0]
    return solve_ivp(flow, (0.0, duration), start, "DOP853", rtol=1e-12, atol=1e-14).y[1, -1]


def reversible():
    """T times the entropy that the bit loses: the least heat."""
    p = equilibrium(np.array([FIRST, LAST]))
    entropies = -p * np.log(p) - (1.0 - p) * np.log1p(-p)
    return float(entropies[0] - entropies[1])


def friction():
    """int_0^1 zeta (dw/ds)^2 ds with zeta = p_eq (1 - p_eq) tanh(w/2)/w."""

    def zeta(w):
        p = equilibrium(w)
        return p * (1.0 - p) * np.tanh(0.5 * w) / w

    return (LAST - FIRST) * quad(zeta, FIRST, LAST, epsabs=0.0, epsrel=1e-12)[0]


def _entries():
    found, least = [], reversible()
    for duration in (1.0, 20.0, SLOW):
        ours = float(heat(duration))
        found.append(entry(f"heat to the bath over T dS, duration {duration:g}", ours / least,
                           by_populations(duration) / least,
                           "one population by DOP853 (SciPy)"))  # fmt: skip
    found.append(entry(f"(heat - T dS) times duration, duration {SLOW:g}", (ours - least) * SLOW,
                       friction(), "closed form int zeta w'^2 of slow ramps", 1e-2))  # fmt: skip
    return found


def _curve():
    durations, marks = np.geomspace(1.0, 200.0, 25), np.geomspace(10.0, 200.0, 6)
    lines = {"linear ramp": [float(heat(t)) / reversible() for t in durations]}
    points = {"1 + int zeta w'^2/(t T dS)": (marks, 1.0 + friction() / marks / reversible())}
    return Curve("Erasure with a linear ramp", ("duration t", durations), "heat over T dS", lines,
                 points, "x")  # fmt: skip


PAPER = Paper(
    "sivak_2012",
    "D. A. Sivak, G. E. Crooks, Thermodynamic metrics and optimal paths, Phys. Rev. Lett. 108, "
    "190602 (2012); R. Landauer, Irreversibility and heat generation in the computing process, "
    "IBM J. Res. Dev. 5, 183 (1961)",
    "A stroke that takes a long time t costs int zeta w'^2/t beyond the reversible heat.",
    "Gap from 0.2 to 8, T = 1, Ohmic bath of strength 1.",
    _entries,
    _curve,
)
