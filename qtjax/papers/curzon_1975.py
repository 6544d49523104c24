"""Curzon and Ahlborn, Rezek and Kosloff: maximum work of a classical oscillator."""

import jax

from ..dynamics.spectra import occupation
from .entries import Paper, entry

RATIO = 0.25


@jax.jit
def efficiency(hot):
    """Of an oscillator's Otto cycle at the cold frequency of most work; w_h = 1, T_c = T_h/4."""

    def work(w):
        moved = occupation(1.0, hot) - occupation(w, RATIO * hot)
        return (1.0 - w) * moved / hot

    slope = jax.grad(work)
    curvature = jax.grad(slope)
    best = jax.lax.fori_loop(0, 8, lambda _, w: w - slope(w) / curvature(w), 0.5)
    return 1.0 - best


def _entries():
    found = []
    for hot, tolerance in ((100.0, 1e-4), (10000.0, 1e-8)):
        quantity = f"efficiency at maximum work, T_h/w_h = {hot:g}"
        source = "closed form 1 - sqrt(T_c/T_h) of the classical limit"
        found.append(entry(quantity, efficiency(hot), 0.5, source, tolerance))
    return found


PAPER = Paper(
    "curzon_1975",
    "F. L. Curzon, B. Ahlborn, Efficiency of a Carnot engine at maximum power output, "
    "Am. J. Phys. 43, 22 (1975); Y. Rezek, R. Kosloff, Irreversible performance of a quantum "
    "harmonic heat engine, New J. Phys. 8, 83 (2006)",
    "A classical oscillator gives the most work at the efficiency 1 - sqrt(T_c/T_h).",
    "w_h = 1, T_c = T_h/4; the deviation falls as (w_h/T_h)^2.",
    _entries,
)
