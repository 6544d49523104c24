"""The paper's four figures, computed instead of drawn, and the temperatures of one run."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..papers.no_entropy_production.rods import Rods
from ..papers.no_entropy_production.runs import Runs
from ..plots.style import BLACK, BLUE, ORANGE, SKY, VERMILION, line
from ..thermodynamics.erasure import von_neumann_ledger
from ..thermodynamics.reservoirs import finite_reservoirs
from ..thermodynamics.temperature import generalized_temperature


def _two_axes() -> tuple[Figure, Axes, Axes]:
    # a Figure of its own, not pyplot's: nobody's backend is touched
    figure = Figure(figsize=(9.0, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    return figure, left, right


def figure_1(runs: Runs) -> Figure:
    """Two systems that exchange heat: rods with gradients, qubits without an inside."""
    figure, left, right = _two_axes()
    rods = Rods()
    cells = np.arange(1, 2 * rods.cells + 1)
    times = (0.0, 2.0, 20.0)
    for k, (t, profile) in enumerate(zip(times, rods.temperatures(np.array(times)), strict=True)):
        left.plot(cells, profile, marker="os^"[k], ms=3, label=f"t = {t:g}", **line(k))
    left.axvline(rods.cells + 0.5, color="0.7", lw=0.8)
    left.set(xlabel="cell (A left, B right)", ylabel="temperature", title="a) classical rods A, B")
    left.legend(fontsize="small")
    temperature = generalized_temperature(runs.swap.saved["parts"]).temperature
    for k, name in enumerate("AB"):
        label = f"$T_{name}(t)$, eq. (17)"
        right.plot(runs.swap.solution.ts, temperature[:, k], label=label, **line(k))
    right.set(xlabel="time", ylabel="temperature", title="b) two qubits, partial swap")
    right.legend(fontsize="small")
    return figure


def figure_2(runs: Runs) -> Figure:
    """dS = d_eS + d_iS along a trajectory, in both bookkeepings."""
    figure, left, right = _two_axes()
    rods, times = Rods(), np.linspace(0.0, 10.0, 200)
    rates = rods.rates(rods.temperatures(times))
    left.plot(times, rates["exterior_a"] + rates["interior_a"], "k", label="dS/dt")
    left.plot(times, rates["exterior_a"], label="exterior $d_eS/dt$, eq. (1)", **line(1))
    left.plot(times, rates["interior_a"], label="interior $d_iS/dt$, eq. (3)", **line(2))
    left.set(xlabel="time", ylabel="nats per time", title="a) classical rod A")
    left.set_ylim(-0.02, 1.0)
    left.legend(fontsize="small")
    found, ts = runs.relaxation.saved["rates"], runs.relaxation.solution.ts
    right.plot(ts, found.entropy_rate, "k", lw=3, alpha=0.3, label="dS/dt")
    right.plot(ts, found.exterior, color=BLUE, label="paper: exterior, eq. (12)")
    right.plot(ts, found.interior, ":", color=VERMILION, label="paper: interior, eq. (11)")
    right.plot(ts, found.heat_current / 0.5, "-.", color=BLUE, label="Spohn: exchange $Q'/T_B$")
    label = "Spohn: production, eq. (14)"
    right.plot(ts, found.spohn_production, "--", color=VERMILION, label=label)
    right.set(xlabel="time", ylabel="nats per time", title="b) qubit in a bath")
    right.legend(fontsize="small")
    return figure


def figure_3(runs: Runs) -> Figure:
    """A closed AB: classical entropies grow, quantum information goes into correlations."""
    figure, left, right = _two_axes()
    rods, times = Rods(), np.linspace(0.0, 20.0, 200)
    a, b = (s - s[0] for s in rods.entropy(rods.temperatures(times)))
    names = ("$\\Delta S_A$", "$\\Delta S_B$", "$\\Delta S_{AB}$")
    for k, values in enumerate((a, b, a + b)):
        left.plot(times, values, label=names[k], **line(k))
    left.set(xlabel="time", ylabel="nats", title="a) classical rods: $S_{AB}$ grows, eq. (15)")
    left.legend(fontsize="small")
    run = runs.swap
    books = finite_reservoirs(run.system, run.solution, (1,), 1.5)
    whole = run.solution.ledger.entropy
    correlation = run.saved["parts"].correlation_entropy
    one = books.entropy_change
    two = whole - whole[0] - (correlation - correlation[0]) - one
    for k, (values, name) in enumerate((
        (one, "$\\Delta S_A$"), (two, "$\\Delta S_B$"), (correlation, "$\\Delta S_C = -I$"),
        (whole - whole[0], "$\\Delta S_{AB}$, eq. (16)"),
    )):  # fmt: skip
        right.plot(run.solution.ts, values, label=name, **line(k))
    label = "Esposito's production, B a bath"
    right.plot(run.solution.ts, books.production, color=BLACK, lw=0.8, marker=".", label=label)
    right.set(xlabel="time", ylabel="nats", title="b) two qubits: kept in correlations")
    right.set_ylim(bottom=-0.8)  # room for the legend
    right.legend(fontsize="small")
    return figure


def figure_4(runs: Runs) -> Figure:
    """Von Neumann's ledger, step by step and species by species."""
    figure, *axes = _two_axes()
    p = np.array([0.5, 0.3, 0.2])
    ledger = von_neumann_ledger(np.diag(p), 1.5, atoms=4.0, hamiltonian=np.diag([0.0, 0.4, 1.0]))
    steps = ("separation", "compression", "unitary")
    for ax, values, title, unit in (
        (axes[0], ledger.work, "a) work on the gas", "energy"),
        (axes[1], ledger.bath_entropy, "b) entropy into the bath", "nats"),
    ):
        bottom = np.zeros(3)
        for i, probability in enumerate(p):
            heights = np.asarray(values[:, i])
            ax.bar(
                steps, heights, bottom=bottom, label=f"species p = {probability:g}",
                color=(BLUE, ORANGE, SKY)[i], hatch=("", "//", "..")[i], edgecolor=BLACK, lw=0.6,
            )  # fmt: skip
            bottom = bottom + heights
        ax.set(ylabel=unit, title=title)
        ax.axhline(0.0, color="k", lw=0.6)
    axes[1].axhline(4 * float(ledger.entropy), color="0.5", ls="--", label="n S(rho), eq. (20)")
    axes[1].legend(fontsize="small")
    return figure


def figure_temperatures(runs: Runs) -> Figure:
    """T(t) of eq. (17) among other inverse temperatures of the same states."""
    figure = Figure(figsize=(6.5, 3.6), layout="constrained")
    ax = figure.subplots()
    found, ts = runs.relaxation.saved["temperatures"], runs.relaxation.solution.ts
    labels = {
        "generalized": "S'/Q', eq. (17), the paper", "population": "populations",
        "energy": "Gibbs state of equal energy", "entropy": "Gibbs state of equal entropy",
        "gradient": "Hilbert-Schmidt gradient",
    }  # fmt: skip
    for k, (name, label) in enumerate(labels.items()):
        ax.plot(ts, getattr(found, name), label=label, **line(k))
    ax.axhline(1 / runs.relaxation_model.temperature, color="0.4", lw=0.8, label="bath")
    ax.set(xlabel="time", ylabel="inverse temperature", title="One run, five inverse temperatures")
    ax.legend(fontsize="small")
    return figure


FIGURES: tuple[tuple[str, Callable[[Runs], Figure]], ...] = (
    ("Figure 1, computed: two systems that exchange heat. The classical rods develop "
     "gradients inside; each qubit has one temperature T(t), which is its population temperature "
     "here.", figure_1),
    ("Figure 2, computed: dS = d_eS + d_iS. In the classical rod conduction produces "
     "entropy inside (Fourier's law). For the qubit the paper books everything as exterior; "
     "Spohn's bookkeeping of the same S' has a production.", figure_2),
    ("Figure 3, computed: a closed AB. Classically the sum of entropies grows; for the "
     "qubits the sum with the correlations stays constant, while Esposito's production, with B as "
     "a reservoir, is positive.", figure_3),
    ("Figure 4, computed: von Neumann's ledger for 4 atoms at T = 1.5 with a "
     "non-degenerate H, whose unitary step returns energy; all entropy goes into the bath in the "
     "compression.", figure_4),
    ("The generalized temperature of a qubit with coherence stays away from the "
     "bath's, while the others approach it.", figure_temperatures),
)  # fmt: skip
