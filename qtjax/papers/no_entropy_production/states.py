"""Equations (4), (10) and (20): the entropy of a state, its rate, and von Neumann's ledger."""

import jax
import jax.numpy as jnp
import numpy as np

from ...algebra.operators import expectation, number
from ...algebra.states import random_density_matrix, thermal_state
from ...information.entropy import entropy, equilibrium_free_energy
from ...thermodynamics.erasure import von_neumann_ledger
from ..comparison import Equation, row
from .conventions import NEUTRAL
from .runs import Runs


def equation_4(runs: Runs) -> Equation:
    """S = -tr(rho ln rho)."""
    h = number(3) + 0.3 * (jnp.eye(3)[:, ::-1])
    tau, t = thermal_state(h, 0.7), 0.7
    gibbs = (expectation(h, tau) - equilibrium_free_energy(h, t)) / t
    rho = random_density_matrix(jax.random.key(1), 5)
    p = np.linalg.eigvalsh(np.asarray(rho))
    return Equation(
        4, "S(rho) = -tr(rho ln rho), 0 ln 0 = 0", "definition", NEUTRAL,
        "Von Neumann's entropy; all bookkeepings agree on S.",
        (
            row("S", "Gibbs state of a qutrit", entropy(tau), gibbs, "(U - F)/T"),
            row("S", "random state, d = 5", entropy(rho), -np.sum(p * np.log(p)),
                "NumPy's eigenvalues"),
            row("S", "pure state", entropy(jnp.diag(jnp.array([1.0, 0.0]))), 0.0, "0 ln 0 = 0"),
        ),
    )  # fmt: skip


def equation_10(runs: Runs) -> Equation:
    """S' = -tr(rho' ln rho)."""
    run, model = runs.relaxation, runs.relaxation_model
    rows = [
        row(f"S' at t = {t:g}", run.name, run.saved["rates"].entropy_rate[run.index(t)],
            model.closed_form(t)["entropy_rate"], "closed form") for t in (0.0, 2.0, 10.0)
    ]  # fmt: skip
    return Equation(
        10, "S' = -tr(rho' ln rho) = i tr([H, rho] ln rho) - tr(D(rho) ln rho)", "identity",
        NEUTRAL, "By autodiff of S along rho'; all bookkeepings agree on S'.", tuple(rows),
    )  # fmt: skip


def equation_20(runs: Runs) -> Equation:
    """S(rho) from von Neumann's ledger."""
    p = np.array([0.5, 0.3, 0.2])
    ledger = von_neumann_ledger(np.diag(p), 1.5, atoms=4.0)
    tilted = von_neumann_ledger(np.diag([0.0, 0.4, 0.6]), 1.5, hamiltonian=np.diag([0.0, 1.0, 2.5]))
    name = "gas of 4 atoms with p = (0.5, 0.3, 0.2) at T = 1.5"
    return Equation(
        20, "S(rho) = -tr(rho ln rho) from von Neumann's ledger", "identity", NEUTRAL,
        "The final state is pure, so the entropy that went into the bath was that of the gas; the "
        "paper drops a factor T and an n in the work.",
        (
            row("S(rho), from the ledger", name, ledger.entropy, -np.sum(p * np.log(p)),
                "eigenvalues"),
            row("work on the gas", name, ledger.work.sum(), 4 * 1.5 * -np.sum(p * np.log(p)),
                "n T S"),
            row("entropy of the universe", name,
                (ledger.gas_entropy + ledger.bath_entropy).sum(), 0.0, "reversible"),
            row("work of the unitary step", "one atom, p = (0.6, 0.4, 0), non-degenerate H",
                tilted.work[2].sum(), 2.5 - (0.6 * 2.5 + 0.4 * 1.0), "E_1 - tr(rho H)"),
        ),
    )  # fmt: skip
