"""Ferraro et al.: the power of N cells that one cavity charges."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import brentq

from ..algebra.operators import expectation
from ..dynamics.evolve import evolve
from ..dynamics.open_system import OpenSystem
from ..models.batteries import dicke_battery
from .entries import Curve, Paper, entry

SIZES, LARGEST = (8, 16), 17
TIMES = np.linspace(0.0, 1.8, 61)[1:]  # in units of 1/(g sqrt(N))


@partial(jax.jit, static_argnums=0)
def sector(cells):
    """H of N cells and N photons on the states with k excited cells and N - k photons."""
    system = dicke_battery(cells, frequency=1.0, coupling=1.0, levels=cells + 1,
                           counter_rotating=False)  # fmt: skip
    at = np.arange(cells, -1, -1) * (cells + 2)
    h = jnp.real(system.hamiltonian(0.0))[np.ix_(at, at)]
    return jnp.pad(h, (0, LARGEST - 1 - cells))


@jax.jit
def stored(h, ts):
    """Energy in the cells, each of the gap 1."""
    rho, excited = jnp.diag(jnp.arange(LARGEST) == 0), jnp.diag(jnp.arange(LARGEST * 1.0))
    run = evolve(OpenSystem(h), rho + 0j, ts, throw=False,
                 save=lambda system, t, rho: expectation(excited, rho))  # fmt: skip
    return run.saved


def power(cells):
    """The largest mean power over N^(3/2)."""
    ts = TIMES / np.sqrt(cells)
    energies = stored(sector(cells), np.concatenate([[0.0], ts]))
    return float(np.max(np.asarray(energies)[1:] / ts)) / cells**1.5


def by_matrix(cells):
    """The same from the tridiagonal matrix g (N - k) sqrt(k + 1) (NumPy)."""
    k = np.arange(cells)
    side = (cells - k) * np.sqrt(k + 1.0)
    energies, v = np.linalg.eigh(np.diag(side, 1) + np.diag(side, -1))
    ts = TIMES / np.sqrt(cells)
    amplitudes = v @ (np.exp(-1j * np.outer(energies, ts)) * v[0][:, None])
    return float(np.max(np.arange(cells + 1) @ np.abs(amplitudes) ** 2 / ts)) / cells**1.5


def many_cells():
    """The limit of many cells: they hold N tanh^2(g sqrt(N) t)."""
    u: Any = brentq(lambda u: np.sinh(2.0 * u) - 4.0 * u, 0.5, 2.0)  # of the largest
    return np.tanh(u) ** 2 / u


def exponent(powers):
    """d ln(P/N)/d ln N from two numbers of cells."""
    return 0.5 + np.log(powers[1] / powers[0]) / np.log(SIZES[1] / SIZES[0])


def _entries():
    ours, closed = [power(n) for n in SIZES], [by_matrix(n) for n in SIZES]
    source = "tridiagonal matrix (NumPy)"
    return (
        *(entry(f"largest power over g w N^(3/2), N = {n}", a, b, source)
          for n, a, b in zip(SIZES, ours, closed, strict=True)),
        entry("exponent of power per cell, N = 8 to 16", exponent(ours), exponent(closed), source),
        entry("the same, as it is for many cells", exponent(ours), 0.5,
              "closed form sqrt(N)", 5e-2),
        entry("largest power over g w N^(3/2), N = 16, as for many cells", ours[1], many_cells(),
              "closed form max tanh^2(u)/u of N tanh^2(g sqrt(N) t)", 5e-2),
    )  # fmt: skip


def _curve():
    ts = np.linspace(0.0, 3.0, 101)
    lines = {f"N = {n}": np.asarray(stored(sector(n), ts / np.sqrt(n))) / n for n in (2, 4, 8, 16)}
    lines["N = inf, tanh^2"] = np.tanh(ts) ** 2
    return Curve("Cells that share a cavity", ("g sqrt(N) t", ts), "energy per cell", lines)


PAPER = Paper(
    "ferraro_2018",
    "D. Ferraro, M. Campisi, G. M. Andolina, V. Pellegrini, M. Polini, High-power collective "
    "charging of a solid-state quantum battery, Phys. Rev. Lett. 120, 117702 (2018)",
    "The power of N cells that share a cavity of N photons grows as N^(3/2): sqrt(N) per cell.",
    "Gap and coupling 1, no counter-rotating terms; mean power at the best of 60 times.",
    _entries,
    _curve,
)
