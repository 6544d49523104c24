"""Where a run ended that took more steps than it may, in words."""

from typing import Any

import numpy as np

from .._results import RESULTS
from .dissipators import jump_operators
from .open_system import OpenSystem

MUCH_GROWTH = 10.0  # of the logarithm of a state, between two times


def where_it_stopped(system: OpenSystem, ts: Any, energies: Any, result: Any) -> str:
    """Between which times a run ended for want of steps, and what is fast there.

    Args:
        system: the open system.
        ts: the saved times, (times,).
        energies: at these, not finite where the run did not come, (times,).
        result: the outcome; no words for other ones.
    """
    reached = np.isfinite(np.asarray(energies))
    short = bool(result == RESULTS.step_limit) or bool(result == RESULTS.max_steps_reached)
    if not short or reached.all():
        return ""
    stop = max(int(np.argmin(reached)), 1)
    start, end = (float(t) for t in np.asarray(ts)[stop - 1 : stop + 1])
    middle = 0.5 * (start + end)
    levels = np.linalg.eigvalsh(np.asarray(system.hamiltonian(middle)))
    words = (
        f"It ended between t = {start:.6g} and t = {end:.6g}; at t = {middle:.6g} levels of H are "
        f"up to {levels[-1] - levels[0]:.3g} apart"
    )
    found = [jump_operators(bath, system.hamiltonian, middle) for bath in system.baths]
    rates = [
        float(np.max(np.abs(rates) * np.linalg.norm(operators, 2, axis=(1, 2)) ** 2, initial=0.0))
        for rates, operators in found
    ]
    if rates:
        fastest = int(np.argmax(rates))
        words += f" and the largest rate, of `baths[{fastest}]`, is {rates[fastest]:.3g}"
    words += " (how fast H changes counts too)."
    growth = sum(_mean_growth(*jumps) for jumps in found)
    if growth * (end - start) > MUCH_GROWTH:
        words += (
            " Negative rates outweigh the positive ones there: the state grows, at a rate of at "
            f"least {growth:.3g}, and no number of steps helps. Mend the rates, or end earlier."
        )
    return words


def _mean_growth(rates: Any, operators: Any) -> float:
    """The mean real part of the eigenvalues of a dissipator, that of the trace left out.

    Source: tr D = sum_k rate_k (|tr L_k|^2 - d tr L_k^+ L_k).
    """
    d = operators.shape[-1]
    traces = np.abs(np.trace(operators, axis1=1, axis2=2)) ** 2
    sizes = d * np.sum(np.abs(operators) ** 2, axis=(1, 2))
    return float(np.sum(np.asarray(rates) * (traces - sizes))) / max(d**2 - 1, 1)
