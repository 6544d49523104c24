"""Equations (16) and (18): the entropy of correlations in a closed pair."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ...algebra.composite import partial_trace
from ...information.entropy import entropy
from ..comparison import Equation, row
from .conventions import NEUTRAL, PAPER
from .runs import Runs


def equation_16(runs: Runs) -> Equation:
    """dS_AB = dS_A + dS_B + dS_C = 0."""
    rows = []
    for run in (runs.swap, runs.pair):
        whole = run.solution.ledger.entropy
        parts = _entropies_of_parts(run.saved["state"], run.system.dims).sum(axis=1)
        found = run.saved["parts"].correlation_entropy
        rows += [
            row("max |S_AB(t) - S_AB(0)|", run.name, jnp.max(jnp.abs(whole - whole[0])), 0.0,
                "unitary"),
            row("max |S_C - (S_AB - S_A - S_B)|", run.name,
                jnp.max(jnp.abs(found - (whole - parts))), 0.0,
                "S_C from relative entropy, the others from eigenvalues"),
        ]  # fmt: skip
    return Equation(
        16, "dS_AB = dS_A + dS_B + dS_C = 0, S_C = S_AB - S_A - S_B = -I(A:B)", "identity", NEUTRAL,
        "An identity for unitary AB; whether keeping information in correlations means that "
        "nothing is produced is a question of bookkeeping (see Esposito's column).", tuple(rows),
    )  # fmt: skip


@eqx.filter_jit
def _entropies_of_parts(states: jax.Array, dims: tuple[int, ...]) -> jax.Array:
    """S_i of every part at every time, (times, parts)."""
    kept = range(len(dims))
    return jax.vmap(lambda rho: jnp.stack([entropy(partial_trace(rho, dims, k)) for k in kept]))(
        states
    )


def equation_18(runs: Runs) -> Equation:
    """dS_C = -(dQ_A/T_A + dQ_B/T_B)."""
    rows = []
    for run in (runs.swap, runs.pair):
        parts = run.saved["parts"]
        gap = jnp.nanmax(jnp.abs(parts.clausius_balance - parts.correlation_rate))
        rows.append(
            row("max |dS_C/dt + sum_i Q_i'/T_i(t)|", run.name, gap, 0.0,
                "dS_C/dt by autodiff of the total correlation")
        )  # fmt: skip
    k = runs.swap.index(np.pi / 2)
    rows.append(
        row("dS_C/dt at t = pi/2", runs.swap.name, runs.swap.saved["parts"].clausius_balance[k],
            _swap_correlation_rate(np.pi / 2), "closed form of the swap")
    )  # fmt: skip
    return Equation(
        18, "dS_C = -(dQ_A/T_A(t) + dQ_B/T_B(t))", "identity", PAPER,
        "Follows from (16) and (17); heat here is bare Alicki heat.", tuple(rows),
    )  # fmt: skip


def _swap_correlation_rate(t: float) -> float:
    """-Q_A'(1/T_A - 1/T_B) of the partial swap with w = 1, g = 1/4."""
    a, b = (1 / (1 + np.exp(1 / temperature)) for temperature in (0.4, 1.5))
    mix = np.sin(t / 4) ** 2
    p_a, p_b = a + (b - a) * mix, b - (b - a) * mix
    heat = (b - a) * 0.25 * np.sin(t / 2)
    return float(-heat * (np.log(1 / p_a - 1) - np.log(1 / p_b - 1)))
