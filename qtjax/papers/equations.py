"""Equations (1) to (20) of "No entropy production in quantum thermodynamics", computed.

Ahmadi, Salimi and Khorashad call all of -tr(D(rho) ln rho) exterior, so that nothing is left for
the interior. That is a bookkeeping. Every number here says which bookkeeping it follows and stands
next to one from an independent route.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..algebra.composite import embed, partial_trace
from ..algebra.operators import expectation, number
from ..algebra.states import random_density_matrix, thermal_state
from ..algebra.superoperators import dissipator_superoperator, hamiltonian_superoperator
from ..dynamics.open_system import OpenSystem
from ..information.entropy import entropy, equilibrium_free_energy
from ..machines.clausius import clausius_integrals, interior_production
from ..thermodynamics.erasure import von_neumann_ledger
from ..thermodynamics.parts import part_rates
from ..thermodynamics.rates import rates
from ..thermodynamics.temperature import generalized_temperature
from .equation import Equation, row
from .rods import Rods
from .runs import Run, Runs

PAPER, MAINSTREAM, CLASSICAL = "the paper", "Spohn and Alicki", "classical thermodynamics"
NEUTRAL = "none: the same in every bookkeeping"
RODS = "two classical rods of 12 cells, T_A < T_B, heat through one border"
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
        u = (modes * jnp.exp(-1j * dt * energies)) @ modes.conj().T
        books = part_rates(system, 0.0, u @ rho @ u.conj().T)
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
    h = generic.hamiltonian(0.0)
    given = hamiltonian_superoperator(h) + dissipator_superoperator(*generic.baths[0].jumps(0.0, h))
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
    gram = jnp.einsum("jqp,kqp->jk", operators.conj(), operators)
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


EQUATIONS: tuple[Callable[[Runs], Equation], ...] = (
    equation_1, equation_2, equation_3, equation_4, equation_5, equation_6, equation_7, equation_8,
    equation_9, equation_10, equation_11, equation_12, equation_13, equation_14, equation_15,
    equation_16, equation_17, equation_18, equation_19, equation_20,
)  # fmt: skip
