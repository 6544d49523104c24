"""Where the paper and the mainstream part ways: both columns on the same run."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from ...algebra.operators import expectation
from ...dynamics.evolve import evolve
from ...dynamics.open_system import OpenSystem, heat_currents
from ...information.coherence import coherence
from ...thermodynamics.production import bath_rates
from ...thermodynamics.rates import Rates, rates
from ...thermodynamics.reservoirs import finite_reservoirs
from ...thermodynamics.temperature import TemperatureStatus, generalized_temperature
from ..comparison import Contrast
from .runs import Runs

_rates = eqx.filter_jit(rates)


def interior(runs: Runs) -> Contrast:
    """d_iS on a relaxation."""
    run = runs.relaxation
    found, ledger = run.saved["rates"], run.solution.ledger
    change, k = float(ledger.entropy[-1]), run.index(2.0)
    spohn = change - float(ledger.entropy[0]) - float(ledger.heat[-1, 0]) / 0.5
    return Contrast(
        "What is produced while a system relaxes?", run.name,
        ("the paper: d_iS of eq. (11)", "Spohn and Alicki: eq. (14)"),
        (
            ("rate at t = 0", float(found.interior[0]), float(found.spohn_production[0])),
            ("rate at t = 2", float(found.interior[k]), float(found.spohn_production[k])),
            ("largest |rate|", float(jnp.max(jnp.abs(found.interior))),
             float(jnp.max(found.spohn_production))),
            ("total over the run", float(jnp.trapezoid(found.interior, run.solution.ts)), spohn),
        ),
        "The same S' is divided differently: exchange at T(t), or exchange at the bath's T.",
    )  # fmt: skip


def reversibility(runs: Runs) -> Contrast:
    """A swap run forward and back."""
    run = runs.swap
    k = run.index(3.0)
    echo = OpenSystem(-run.system.hamiltonian(0.0), parts=run.system.parts)
    ts = jnp.array([0.0, float(run.solution.ts[k])])
    back = evolve(echo, run.saved["state"][k], ts).state
    distance = float(jnp.max(jnp.abs(back - run.saved["state"][0])))
    books = finite_reservoirs(run.system, run.solution, (1,), 1.5)
    whole = run.solution.ledger.entropy
    return Contrast(
        "Is the exchange of heat between A and B reversible?", run.name,
        ("the paper: eq. (16)", "Esposito, Lindenberg and Van den Broeck, B as reservoir (A4)"),
        (
            ("production up to t = 3", float(whole[k] - whole[0]), float(books.production[k])),
            ("where the information is", "S_C = "
             f"{float(run.saved['parts'].correlation_entropy[k]):.6f}",
             f"I + D = {float(books.correlation[k]):.6f} + "
             f"{float(books.reservoir_divergence[k, 0]):.6f}"),
            ("reached by the echo -H", f"back to the start within {distance:.1e}",
             "not available to whom controls A only"),
        ),
        "Reversible for one who can run the whole backwards; production measures what is lost to "
        "one who keeps A and forgets the correlations and the change of the reservoir.",
    )  # fmt: skip


def steady(runs: Runs) -> Contrast:
    """The steady state between two baths, where the paper's account is 0/0."""
    run = runs.two_baths
    now: Rates = _rates(run.system, 0.0, runs.steady)
    instant = generalized_temperature(now, 1e-12)
    split = eqx.filter_jit(bath_rates)(run.system, 0.0, runs.steady)
    t_hot, t_cold = generalized_temperature(split).temperature
    status = TemperatureStatus(int(instant.status)).name.lower()
    return Contrast(
        "What happens at the steady state between two baths?", run.name,
        ("the paper", "Spohn and Alicki"),
        (
            ("entropy rate S'", float(now.entropy_rate), float(now.entropy_rate)),
            ("heat current Q' in all", float(now.heat_current), float(now.heat_current)),
            ("interior rate (eq. 11), production (eq. 14)", float(now.interior),
             float(now.spohn_production)),
            ("temperature", f"T(t) = 0/0 ({status})", "T_h = 2, T_c = 0.5 of the baths"),
            ("split by baths (qtjax's extension, not in the paper)",
             f"T_h(t) = {float(t_hot):.6f}, T_c(t) = {float(t_cold):.6f}",
             f"Q_h'= {float(now.heat_currents[0]):.6f}, Q_c' = {float(now.heat_currents[1]):.6f}"),
        ),
        "Both S' and Q' vanish, so eq. (17) says nothing here; Spohn's production is the heat "
        "current times the difference of inverse bath temperatures.",
    )  # fmt: skip


def coherent(runs: Runs) -> Contrast:
    """Coherence and T(t)."""
    run, model = runs.relaxation, runs.relaxation_model
    found, split = run.saved["temperatures"], run.saved["split"]
    k = run.index(2.0)
    amount = float(coherence(run.saved["state"][k], run.system.hamiltonian(0.0)))
    rest = model.beta_at_infinity()
    return Contrast(
        "Does coherence have a temperature?", run.name,
        ("the paper: beta(t) = S'/Q', eq. (17)", "populations; coherence as a resource (A8)"),
        (
            ("inverse temperature at t = 2", float(found.generalized[k]),
             float(found.population[k])),
            ("the same as t -> infinity (closed form)", rest, 1 / model.temperature),
            ("what coherence does at t = 2",
             f"shifts beta by -C'/Q' = {float(found.generalized[k] - found.population[k]):.6f}",
             f"adds -C' = {float(split.coherence[k]):.6f} to Spohn's production"),
            ("relative entropy of coherence C at t = 2",
             amount, amount),
        ),
        "With coherence T(t) does not approach the temperature of the bath: S' = Q'/T_pop - C'. No "
        "zeroth law holds for T(t).",
    )  # fmt: skip


def negative_rates(runs: Runs) -> Contrast:
    """Rates below zero."""
    run = runs.negative_rate
    found, ts = run.saved["rates"], np.asarray(run.solution.ts)
    negative = 0.1 + 0.3 * np.cos(ts) < 0
    worst = int(np.argmin(np.asarray(found.spohn_production)))
    rising = bool(np.any(negative & (np.asarray(found.entropy_rate) > 0)))
    falling = bool(np.any(negative & (np.asarray(found.entropy_rate) < 0)))
    signs = " and ".join(word for word, seen in (("rises", rising), ("falls", falling)) if seen)
    return Contrast(
        "What if a rate is negative?", run.name,
        ("the paper: eq. (11)", "Spohn and Alicki: eq. (14)"),
        (
            (f"rate of production at t = {ts[worst]:g}", float(found.interior[worst]),
             float(found.spohn_production[worst])),
            ("smallest over the run", float(jnp.min(found.interior)),
             float(jnp.min(found.spohn_production))),
            ("S while the rate is negative", signs, signs),
        ),
        "Spohn's inequality needs rates >= 0 and fails here; (11) holds whatever the rates. A "
        "negative rate does not decide the sign of S'.",
    )  # fmt: skip


def gauge(runs: Runs) -> Contrast:
    """Heat and the gauge of the jump operators."""
    given = runs.generic
    form = runs.canonical
    system = runs.canonical_system
    rho = jnp.array([[0.6, 0.1 + 0.2j], [0.1 - 0.2j, 0.4]])
    one, other = _rates(given, 0.0, rho), _rates(system, 0.0, rho)
    heats = [float(heat_currents(s, 0.0, rho).sum()) for s in (given, system)]
    return Contrast(
        "Does heat depend on how the generator is written?", "generic qubit generator",
        ("as given", "in canonical form, eqs. (8) and (9)"),
        (
            ("exterior rate d_eS/dt (eq. 12, the paper)", float(one.exterior),
             float(other.exterior)),
            ("heat tr(D(rho) H) (Alicki) with the H of that form", heats[0], heats[1]),
            ("energy tr(rho H) of that form", float(expectation(given.hamiltonian(0.0), rho)),
             float(expectation(form.hamiltonian, rho))),
        ),
        "rho' is the same. The exterior rate is invariant, heat is not: so the Hamiltonian used "
        "for energy is an explicit field of the open system.",
    )  # fmt: skip


CONTRASTS = (interior, reversibility, steady, coherent, negative_rates, gauge)
