"""Equations (5) to (9): composite systems, their Hamiltonian and the canonical master equation."""

import jax.numpy as jnp
import numpy as np

from ..._precise import einsum
from ...algebra.composite import embed, partial_trace
from ...algebra.operators import expectation
from ...algebra.superoperators import dissipator_superoperator, hamiltonian_superoperator
from ...dynamics.dissipators import jump_operators
from ..comparison import Equation, row
from .conventions import NEUTRAL
from .runs import Runs


def equation_5(runs: Runs) -> Equation:
    """rho_A may be composite."""
    pair = runs.pair
    rho = pair.saved["state"][-1]
    h = pair.system.parts[1](0.0)
    return Equation(
        5, "rho_A = rho_{12...}", "definition", NEUTRAL,
        "A system may be made of parts; their states are partial traces.",
        (
            row("tr(rho_2 H_2)", pair.name, expectation(h, partial_trace(rho, (2, 3), 1)),
                expectation(embed(h, (2, 3), 1), rho), "tr(rho (1 x H_2))"),
        ),
    )  # fmt: skip


def equation_6(runs: Runs) -> Equation:
    """H_A = H_1 + H_2 + ... + H_12 + ..."""
    pair = runs.pair
    parts, ledger = pair.saved["parts"], pair.solution.ledger
    rho = pair.saved["state"][-1]
    bare = sum(
        expectation(h(0.0), partial_trace(rho, (2, 3), k)) for k, h in enumerate(pair.system.parts)
    )
    balance = jnp.sum(parts.heat_current, axis=1) + parts.interaction_rate
    return Equation(
        6, "H_A = H_1 + H_2 + ... + H_12 + ...", "definition", NEUTRAL,
        "What the parts exchange depends on how the coupling is counted: 'bare Alicki heat' leaves "
        "it out, and the bare heats add up to -d<V>/dt.",
        (
            row("U at the end", pair.name, bare + parts.interaction_energy[-1], ledger.energy[-1],
                "tr(rho H)"),
            row("max |sum_i Q_i' + d<V>/dt|", pair.name, jnp.max(jnp.abs(balance)), 0.0,
                "closed whole, constant H"),
        ),
    )  # fmt: skip


def equation_7(runs: Runs) -> Equation:
    """rho' = -i[H, rho] + D(rho)."""
    run, model = runs.relaxation, runs.relaxation_model
    k = run.index(5.0)
    t = float(run.solution.ts[k])
    damping = runs.damping
    return Equation(
        7, "rho' = -i[H(t), rho] + D_t(rho)", "theorem", NEUTRAL,
        "Every trace-preserving time-local equation has this form; where a rate diverges the state "
        "is reached through G(t) or a pseudomode instead.",
        (
            row("excited population at t = 5", run.name, run.saved["state"][k][1, 1].real,
                model.closed_form(t)["excited"], "closed form"),
            *(row(f"excited population at t = {t:g}, past a zero of G",
                  "qubit in a Lorentzian vacuum, by its pseudomode", p,
                  damping.amplitude(t) ** 2 * 0.7, "G(t)^2 p_e(0)") for t, p in runs.pseudomode),
        ),
    )  # fmt: skip


def equation_8(runs: Runs) -> Equation:
    """D(rho) = sum gamma_k (...)."""
    form, generic = runs.canonical, runs.generic
    h = generic.hamiltonian
    rates, operators = jump_operators(generic.baths[0], h, 0.0)
    given = hamiltonian_superoperator(h(0.0)) + dissipator_superoperator(rates, operators)
    eternal = runs.eternal
    return Equation(
        8, "D(rho) = sum_k gamma_k (L_k rho L_k^+ - {L_k^+ L_k, rho}/2)", "theorem", NEUTRAL,
        "The canonical rates are unique and may be negative; all >= 0 means CP-divisible.",
        (
            row("max |L_canonical - L_given|", "generic qubit generator",
                jnp.max(jnp.abs(form.superoperator() - given)), 0.0, "rebuilt from (8) and (9)"),
            row("sum of the canonical rates", "generic qubit generator", form.rates.sum(), 1.1,
                "sum_a rate_a (tr A^+A - |tr A|^2/2)"),
            row("smallest canonical rate at t = 1", "eternal non-Markovian dephasing",
                eternal.rates[0], -np.tanh(1.0), "-tanh t: negative for ever"),
        ),
    )  # fmt: skip


def equation_9(runs: Runs) -> Equation:
    """tr L_k = 0, tr(L_j^+ L_k) = delta_jk."""
    operators = runs.canonical.operators
    gram = einsum("jqp,kqp->jk", operators.conj(), operators)
    traces = jnp.trace(operators, axis1=1, axis2=2)
    return Equation(
        9, "tr L_k = 0, tr(L_j^+ L_k) = delta_jk", "theorem", NEUTRAL,
        "Fixes the operators up to mixing inside equal rates; the canonical dephasing operator of "
        "a qubit is sigma_z / sqrt(2).",
        (
            row("max |tr L_k|", "generic qubit generator", jnp.max(jnp.abs(traces)), 0.0, "eq. 9"),
            row("max |tr(L_j^+ L_k) - delta_jk|", "generic qubit generator",
                jnp.max(jnp.abs(gram - jnp.eye(3))), 0.0, "eq. 9"),
        ),
    )  # fmt: skip
