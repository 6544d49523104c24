"""Equations (11) to (14): what is called exterior and interior, by the paper and by Spohn."""

import jax.numpy as jnp
import numpy as np

from ...machines.clausius import interior_production
from ...thermodynamics.temperature import generalized_temperature
from ..comparison import Equation, row
from .conventions import MAINSTREAM, PAPER
from .runs import Runs


def equation_11(runs: Runs) -> Equation:
    """d_iS/dt = i tr([H, rho] ln rho) = 0."""
    engine = interior_production(runs.engine)
    largest = jnp.max(jnp.abs(runs.two_baths.saved["rates"].interior))
    return Equation(
        11, "d_iS/dt = i tr([H, rho] ln rho)", "identity", PAPER,
        "0 for every H and every state by cyclicity of the trace; that this term is 'the interior "
        "rate' is the paper's convention.",
        (
            row("max |d_iS/dt|", runs.relaxation.name,
                jnp.max(jnp.abs(runs.relaxation.saved["rates"].interior)), 0.0, "cyclicity"),
            row("max |d_iS/dt|", runs.two_baths.name, largest, 0.0, "cyclicity"),
            row("int |d_iS/dt| dt over one cycle", "qubit Otto engine with friction", engine, 0.0,
                "cyclicity"),
        ),
    )  # fmt: skip


def equation_12(runs: Runs) -> Equation:
    """d_eS/dt = -tr(D(rho) ln rho)."""
    run, model = runs.relaxation, runs.relaxation_model
    k, two = run.index(2.0), runs.two_baths
    split = two.saved["baths"].entropy_rate
    return Equation(
        12, "d_eS/dt = -tr(D(rho) ln rho)", "definition", PAPER,
        "Calling all of it exchange is the paper's convention; it does not depend on the gauge of "
        "the jump operators. The division by baths is qtjax's extension.",
        (
            row("d_eS/dt at t = 2", run.name, run.saved["rates"].exterior[k],
                model.closed_form(2.0)["entropy_rate"], "closed form of S', as d_iS = 0"),
            row("sum over baths of d_eS_k at t = 2 (extension)", two.name,
                split[two.index(2.0)].sum(), two.saved["rates"].exterior[two.index(2.0)],
                "eq. (12) for all baths"),
        ),
    )  # fmt: skip


def equation_13(runs: Runs) -> Equation:
    """d_iS = 0."""
    run = runs.relaxation
    found = run.saved["rates"]
    return Equation(
        13, "d_iS = 0 ('Theorem 1')", "contested", PAPER,
        "True given (10) to (12). Mainstream accountings divide heat by the bath's temperature and "
        "find a production >= 0 on the same run: see the columns below.",
        (
            row("largest |d_iS/dt| on the run", run.name, jnp.max(jnp.abs(found.interior)), 0.0,
                "the paper's bookkeeping"),
        ),
    )  # fmt: skip


def equation_14(runs: Runs) -> Equation:
    """d_iS = dS - dQ/T_B."""
    run, model = runs.relaxation, runs.relaxation_model
    found, two = run.saved["rates"], runs.two_baths
    k = run.index(2.0)
    beta = generalized_temperature(found).beta
    border = found.heat_current * (beta - 1 / model.temperature)
    # two baths: populations only
    p = float(two.saved["state"][-1][1, 1].real)
    currents = [
        g / np.tanh(0.5 / t) * (1 / (1 + np.exp(1 / t)) - p) for t, g in ((2, 0.1), (0.5, 0.25))
    ]
    return Equation(
        14, "sigma = S' - sum_k Q_k'/T_k, Q_k' = tr(D_k(rho) H)", "contested", MAINSTREAM,
        "The mainstream production, which the paper criticises; it equals Q'(1/T(t) - 1/T_B), the "
        "same number booked at the border.",
        (
            row("Spohn's sigma at t = 2", run.name, found.spohn_production[k],
                model.closed_form(2.0)["spohn"], "closed form"),
            row("max |sigma - Q'(1/T(t) - 1/T_B)|", run.name,
                jnp.max(jnp.abs(found.spohn_production - border)), 0.0, "eq. (17) at the border"),
            row("Spohn's sigma at the steady state", two.name,
                two.saved["rates"].spohn_production[-1], -(currents[0] / 2.0 + currents[1] / 0.5),
                "closed-form heat currents"),
        ),
    )  # fmt: skip
