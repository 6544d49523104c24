"""What is driven: the schedules of a Hamiltonian, and the energy levels around a cycle."""

from typing import Any

import jax
import numpy as np
from matplotlib.axes import Axes

from .._checked import checked
from .._checks import check_count, check_size
from ..algebra.levels import eigenvalues
from ..dynamics.hamiltonians import AbstractHamiltonian, Term, as_hamiltonian
from ..dynamics.open_system import OpenSystem
from ..machines.cycle import CycleSolution
from ..machines.stroke import Cycle
from .style import BLACK, CONTACTS, GREEN, TIME, as_names, as_times, check_axes, legend, line


@checked
def schedules(ax: Axes, system: Any, ts: Any, *, names: Any = None) -> Axes:
    """The schedules c_k(t) of a Hamiltonian sum_k c_k(t) A_k.

    Args:
        ax: the axes.
        system: an `OpenSystem` or a Hamiltonian.
        ts: the times, (times,).
        names: of the terms.

    Returns:
        The axes.

    Raises:
        ValueError: a single time, or a Hamiltonian that is only known as a function of time.

    Examples:
        >>> from matplotlib.figure import Figure
        >>> h = qt.Driven([(1.0, qt.sigmaz()), (qt.Linear(0.0, 3.0), qt.sigmax())])
        >>> ax = qt.plots.schedules(Figure().subplots(), h, [0.0, 0.5, 1.0])
        >>> [line.get_ydata() for line in ax.lines]
        [[1.0, 1.0, 1.0], [0.0, 1.5, 3.0]]
    """
    check_axes(ax)
    times, terms = as_times("ts", ts), _hamiltonian(system).terms()
    found = [term for term in terms if isinstance(term, Term)]
    if len(found) != len(terms):
        raise ValueError(
            "`system` has a Hamiltonian that is only known as a function of time, so it has no "
            "schedules: draw its `energy_levels`, or write it as `Driven`."
        )
    labels = as_names("names", names, len(found), "term")
    for k, (term, label) in enumerate(zip(found, labels, strict=True)):
        values = jax.vmap(lambda t, term=term: np.ones(()) * term.schedule(t))(times)
        ax.plot(times, np.asarray(values), label=label, **line(k))
    ax.set(xlabel=TIME, ylabel="schedules $c_k(t)$")
    legend(ax)
    return ax


@checked
def energy_levels(ax: Axes, what: Any, ts: Any = None, *, points: int = 65) -> Axes:
    """The energies of H(t), over some times or around a cycle, whose contacts are shaded.

    Args:
        ax: the axes.
        what: an `OpenSystem` or a Hamiltonian; or a `Cycle` or `CycleSolution`.
        ts: the times, (times,); of a cycle, whose strokes follow each other from t = 0, `None`.
        points: per stroke.

    Returns:
        The axes.

    Raises:
        ValueError: a single time, times for a cycle, or none for a system.

    Examples:
        >>> from matplotlib.figure import Figure
        >>> h = qt.Driven([(qt.Linear(1.0, 2.0), qt.sigmaz())])
        >>> ax = qt.plots.energy_levels(Figure().subplots(), h, [0.0, 1.0])
        >>> [line.get_ydata() for line in ax.lines]
        [[-1.0, -2.0], [1.0, 2.0]]
    """
    check_axes(ax)
    if not isinstance(what, Cycle | CycleSolution):
        if ts is None:
            raise ValueError("`ts` must be given for a system: the times to draw, (times,).")
        hamiltonian, times = _hamiltonian(what), as_times("ts", ts)
        _levels(ax, times, np.asarray(jax.vmap(lambda t: eigenvalues(hamiltonian(t)))(times)))
    elif ts is not None:
        raise ValueError("`ts` must be left out for a cycle: it is drawn over one period.")
    else:
        _cycle_levels(ax, what if isinstance(what, Cycle) else what.cycle, points)
    ax.set(xlabel=TIME, ylabel="energies of $H(t)$")
    return ax


def _cycle_levels(ax: Axes, cycle: Cycle, points: int) -> None:
    check_count("points", points, 2)
    check_size("points", points, cycle.dimension, cycle.dimension)
    progress, begin, drawn = np.linspace(0.0, 1.0, points), 0.0, set()
    for stroke in cycle.strokes:
        end = begin + float(stroke.duration)
        found = np.asarray(
            jax.vmap(lambda s, stroke=stroke: eigenvalues(stroke.energy(s)))(progress)
        )
        _levels(ax, begin + progress * (end - begin), found)
        for name in dict.fromkeys(name for name in stroke.contacts if name is not None):
            hatch = {"hot": "//", "cold": ""}.get(name, "..")
            ax.axvspan(
                begin, end, facecolor=CONTACTS.get(name, GREEN), alpha=0.18, hatch=hatch,
                edgecolor="0.5", lw=0.0, label=None if name in drawn else f"{name} contact",
            )  # fmt: skip
            drawn.add(name)
        begin = end
    if drawn:
        legend(ax, columns=len(drawn))


def _levels(ax: Axes, times: np.ndarray, found: np.ndarray) -> None:
    for level in found.T:
        ax.plot(times, level, color=BLACK)


def _hamiltonian(system: Any) -> AbstractHamiltonian:
    if isinstance(system, OpenSystem):
        return system.hamiltonian
    return as_hamiltonian(system, "system")
