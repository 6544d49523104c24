"""Equations (17) and (19): the generalized temperature and the efficiency."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from ...algebra.operators import number
from ...algebra.states import thermal_state
from ...dynamics.open_system import OpenSystem
from ...machines.clausius import clausius_integrals
from ...thermodynamics.rates import rates
from ...thermodynamics.temperature import generalized_temperature
from ..comparison import Equation, row
from .conventions import PAPER
from .runs import Runs


def equation_17(runs: Runs) -> Equation:
    """T(t) = Q'/S'."""
    run, model = runs.relaxation, runs.relaxation_model
    t_of = generalized_temperature(run.saved["rates"]).temperature
    tau = thermal_state(number(3), 0.7)
    system = OpenSystem(number(3), runs.ladder_bath)
    at_gibbs = generalized_temperature(eqx.filter_jit(rates)(system, 0.0, tau)).temperature
    return Equation(
        17, "dS = dQ/T(t), T(t) = Q'/S'", "definition", PAPER,
        "'Theorem 2' defines T(t). It depends on rho' and is no state function; in a Gibbs state "
        "it is that state's temperature for every rho'.",
        (
            row("T(t) at t = 2", run.name, t_of[run.index(2.0)],
                model.closed_form(2.0)["temperature"], "closed form"),
            row("T of a Gibbs state at 0.7 in a bath at 2", "three-level ladder", at_gibbs, 0.7,
                "T1: its own temperature, whatever the bath"),
        ),
    )  # fmt: skip


def equation_19(runs: Runs) -> Equation:
    """eta = 1 - |Q_c|/Q_h with Q = int T dS."""
    engine, name = runs.engine, "qubit Otto engine with friction"
    integrals = clausius_integrals(engine)
    by_route = 1 + integrals["cold"].value / integrals["hot"].value
    cold, hot = engine.mean_temperatures
    ratio = cold * jnp.abs(engine.entropy_cold) / (hot * engine.entropy_hot)
    bath_cold, bath_hot = engine.temperatures
    bound = engine.carnot_efficiency - bath_cold * engine.spohn_production / engine.heat_hot
    rows = [
        row("efficiency", name, by_route, engine.efficiency,
            "first law W_out/Q_h; the value is a quadrature of T(t) over S"),
        row("1 - <T_c>|dS_c| / (<T_h> dS_h)", name, 1 - ratio, engine.efficiency,
            "first law (T3, with the factor for strokes that are not isentropic)"),
        row("Carnot - T_c Sigma_Spohn/Q_h", name, bound, engine.efficiency, "first law (T3)"),
    ]  # fmt: skip
    for steps, cycle in runs.isotherms.items():
        rows.append(
            row(f"efficiency with {steps}-step isotherms", "stepwise Carnot cycle of a qubit",
                cycle.efficiency, _stepwise_efficiency(steps), "closed-form sum")
        )  # fmt: skip
    rows.append(
        row("efficiency with 100000-step isotherms", "stepwise Carnot cycle of a qubit",
            _stepwise_efficiency(100_000), 0.75, "Carnot (the sum, N -> infinity)")
    )  # fmt: skip
    return Equation(
        19, "eta = 1 - |int T_c dS_c| / int T_h dS_h", "identity", PAPER,
        "By (17) the first-law efficiency. It becomes Carnot's only where T(t) is the bath's "
        "temperature all along both isotherms.", tuple(rows),
    )  # fmt: skip


def _stepwise_efficiency(steps: int) -> float:
    """1 + Q_c/Q_h of the stepwise cycle of a qubit, x from 3 to 1, T = (0.5, 2)."""
    x = 3.0 - 2.0 * np.arange(steps + 1) / steps
    p = 1 / (1 + np.exp(x / 2.0))
    return float(1 - 0.25 * np.sum(x[:-1] * np.diff(p)) / np.sum(x[1:] * np.diff(p)))
