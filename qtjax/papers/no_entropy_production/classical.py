"""Equations (1), (2), (3) and (15): the division of a change of entropy, classically."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._precise import matmul
from ...algebra.composite import partial_trace
from ...dynamics.open_system import OpenSystem
from ...information.entropy import entropy
from ...thermodynamics.parts import part_rates
from ...thermodynamics.temperature import generalized_temperature
from ..comparison import Equation, row
from .conventions import CLASSICAL, PAPER
from .rods import RODS, Rods
from .runs import Run, Runs

_END = 20.0


def equation_1(runs: Runs) -> Equation:
    """Delta_e S = int dQ/T, T of the part in contact."""
    rods = Rods()
    integrals = rods.integrals(_END)
    before, after = (rods.entropy(rods.temperatures(np.array([t])))[0][0] for t in (0.0, _END))
    swap, k = runs.swap, runs.swap.index(np.pi)
    entropies = [entropy(partial_trace(swap.saved["state"][i], (2, 2), 0)) for i in (0, k)]
    return Equation(
        1, "Delta_e S_A = int dQ_A / T_A(t)", "definition",
        f"{CLASSICAL}; with the paper's T(t) for the qubit",
        "T is the temperature of the part in contact; for a qubit without coherence the "
        "generalized temperature takes its place and leaves nothing over.",
        (
            row("Delta_e S_A of rod A", RODS, integrals["exterior_a"],
                after - before - integrals["interior_a"], "Delta S_A - Delta_i S_A"),
            row("Delta_e S_A of qubit A, 0 <= t <= pi", swap.name, _clausius_sum(swap, 0, k),
                entropies[1] - entropies[0], "S(pi) - S(0) from states"),
        ),
    )  # fmt: skip


def _clausius_sum(run: Run, part: int, stop: int) -> float:
    """int dQ/T of one part of the partial swap, by Gauss-Legendre nodes between the saved times."""
    x, w = np.polynomial.legendre.leggauss(5)
    ts = np.asarray(run.solution.ts[: stop + 1])
    half = np.diff(ts) / 2
    offsets = half[:, None] * (1 + x)
    flows = _swap_flows(run.system, run.saved["state"][:stop], jnp.asarray(offsets), part)
    return float(np.sum(half[:, None] * w * np.asarray(flows)))


@eqx.filter_jit
def _swap_flows(system: OpenSystem, states: jax.Array, offsets: jax.Array, part: int) -> jax.Array:
    """Q_i'/T_i(t), at offsets from given states of a system that does not move."""
    energies, modes = jnp.linalg.eigh(system.hamiltonian(0.0))

    def flow(rho: jax.Array, dt: jax.Array) -> jax.Array:
        u = matmul(modes * jnp.exp(-1j * dt * energies), modes.conj().T)
        books = part_rates(system, 0.0, matmul(matmul(u, rho), u.conj().T))
        return books.heat_current[part] * generalized_temperature(books).beta[part]

    return jax.vmap(jax.vmap(flow, (None, 0)))(states, offsets)


def equation_2(runs: Runs) -> Equation:
    """Delta S = Delta_e S + Delta_i S."""
    rods = Rods()
    integrals = rods.integrals(_END)
    before, after = (rods.entropy(rods.temperatures(np.array([t]))) for t in (0.0, _END))
    found = runs.relaxation.saved["rates"]
    gap = jnp.max(jnp.abs(found.entropy_rate - found.exterior - found.interior))
    return Equation(
        2, "Delta S = Delta_e S + Delta_i S", "definition", f"{CLASSICAL}; {PAPER}",
        "The division is a convention; the paper draws the line between [H, rho] and D(rho).",
        (
            row("Delta_e S_B + Delta_i S_B of rod B", RODS,
                integrals["exterior_b"] + integrals["interior_b"], after[1][0] - before[1][0],
                "Delta S_B from temperatures"),
            row("max |S' - d_eS - d_iS|", runs.relaxation.name, gap, 0.0,
                "S' by autodiff, the others from eqs. (11) and (12)"),
        ),
    )  # fmt: skip


def equation_3(runs: Runs) -> Equation:
    """d_iS >= 0."""
    rods, times = Rods(), np.linspace(0.0, _END, 201)
    interior = rods.rates(rods.temperatures(times))
    smallest = min(interior["interior_a"].min(), interior["interior_b"].min())
    integrals = rods.integrals(_END)
    uniform = -sum(_mean_logs(rods, _END))
    return Equation(
        3, "d_iS >= 0", "theorem", CLASSICAL,
        "The classical second law, here for Fourier's law, where it is a sum of squares.",
        (
            row("min over time of d_iS/dt of either rod", RODS, smallest, max(smallest, 0.0),
                "its positive part"),
            row("Delta_i S_A + Delta_i S_B", RODS,
                integrals["interior_a"] + integrals["interior_b"],
                uniform - integrals["exterior_a"] - integrals["exterior_b"],
                "Delta S from temperatures minus the exterior part"),
        ),
    )  # fmt: skip


def _mean_logs(rods: Rods, end: float) -> tuple[float, float]:
    """-(Delta S) of both rods."""
    before, after = (rods.entropy(rods.temperatures(np.array([t]))) for t in (0.0, end))
    return tuple(float(b[0] - a[0]) for a, b in zip(after, before, strict=True))  # pyright: ignore


def equation_15(runs: Runs) -> Equation:
    """dS_AB = dS_A + dS_B >= 0, classical."""
    rods = Rods()
    rates_ = rods.rates(rods.temperatures(np.linspace(0.0, _END, 201)))
    total = np.sum(list(rates_.values()), axis=0)
    changes = -sum(_mean_logs(rods, _END))
    return Equation(
        15, "dS_AB = dS_A + dS_B >= 0", "theorem", CLASSICAL,
        "For classical parts without correlations; the border contributes too, as T_A != T_B.",
        (
            row("Delta S_A + Delta S_B", RODS, changes, sum(rods.integrals(_END).values()),
                "integral of all four rates"),
            row("min over time of dS_AB/dt", RODS, total.min(), max(total.min(), 0.0),
                "its positive part"),
        ),
    )  # fmt: skip
