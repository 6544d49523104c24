"""Thomas and Johal: the coupling of two spins makes an Otto cycle more efficient."""

import jax
import numpy as np

from ..algebra.composite import embed
from ..algebra.levels import eigenvalues
from ..algebra.operators import sigmax
from ..dynamics.davies import DaviesBath
from ..dynamics.open_system import OpenSystem
from ..dynamics.spectra import Flat
from ..machines.cycle import limit_cycle
from ..machines.quasi_static import quasi_static_otto
from ..machines.stroke import Cycle, Stroke
from ..models.lattices import xxz_chain
from .entries import Curve, Paper, entry

# coupling: W_out, Q_h, efficiency, upper bound
DIGITS = {
    0.0: (0.0620543472218, 0.248217388887, 0.25, 0.25),
    0.05: (0.067153518189, 0.261488432093, 0.256812577334, 0.263157894737),
    0.1: (0.0726614422105, 0.27412580076, 0.265066046352, 0.277777777778),
    0.2: (0.08368888019, 0.292551568888, 0.286065395268, 0.3125),
    0.3: (0.0899417916812, 0.288244997542, 0.312032446177, 0.357142857143),
}
SPECTRUM = (-7.8, -0.6, 0.2, 8.2)
SOURCE = "digits: populations of four levels (NumPy)"


def pair(field, coupling):
    """H = 2 J s1.s2 + B (z1 + z2)."""
    return xxz_chain(2, exchange=2.0 * coupling, anisotropy=1.0, fields=field)


@jax.jit
def cycle(coupling):
    """W_out, Q_h and efficiency of the quasi-static cycle."""
    found = quasi_static_otto(pair(3.0, coupling), pair(4.0, coupling), 1.0, 2.0)
    return found.work_output, found.heat_hot, found.efficiency


def bound(coupling):
    """The efficiency of the transition whose gap is the smallest, between singlet and triplet."""
    cold, hot = (np.asarray(eigenvalues(pair(field, coupling))) for field in (3.0, 4.0))
    return 1.0 - (cold[1] - cold[0]) / (hot[1] - hot[0])


def simulated(coupling, fields, temperatures):
    """The efficiency of a limit cycle with long contacts and ramps that take no time."""
    both, strokes = [embed(sigmax(), (2, 2), k) for k in range(2)], []
    for field, t, name in zip(fields, temperatures, ("cold", "hot"), strict=True):
        h = pair(field, coupling)
        strokes.append(Stroke(OpenSystem(h, DaviesBath(h, both, t, Flat(1.0))), 200.0, name))
    return limit_cycle(Cycle(strokes), steps=64)


def _entries():
    found = []
    for coupling, digits in DIGITS.items():
        names = ("W_out", "Q_h", "efficiency", "bound")
        for name, ours, theirs in zip(
            names, (*cycle(coupling), bound(coupling)), digits, strict=True
        ):
            found.append(entry(f"{name}, J = {coupling:g}", ours, theirs, SOURCE))
    for k, (ours, theirs) in enumerate(zip(eigenvalues(pair(4.0, 0.1)), SPECTRUM, strict=True)):
        found.append(entry(f"level {k}, B = 4, J = 0.1", ours, theirs, SOURCE))
    real = simulated(0.2, (3.0, 4.0), (1.0, 2.0))
    found.append(entry("W_out of a simulated cycle, J = 0.2", real.work_output, DIGITS[0.2][0],
                       SOURCE))  # fmt: skip
    return found


def _curve():
    couplings = np.linspace(0.0, 0.3, 31)
    values = [float(cycle(j)[2]) for j in couplings]
    bounds = 0.25 / (1.0 - couplings)
    points = {"published": (list(DIGITS), [digits[2] for digits in DIGITS.values()])}
    return Curve(
        "Coupled spins beat the uncoupled Otto cycle", ("coupling J", couplings), "efficiency",
        {"qtjax": values, "upper bound, closed form": bounds}, points,
    )  # fmt: skip


PAPER = Paper(
    "thomas_2011",
    "G. Thomas, R. S. Johal, Coupled quantum Otto cycle, Phys. Rev. E 83, 031135 (2011)",
    "Two spins with a Heisenberg coupling J are more efficient than 1 - B_c/B_h, up to "
    "(1 - B_c/B_h)/(1 - 4J/B_h).",
    "H = 2 J s1.s2 + B (z1 + z2), B from 3 to 4, T_c = 1, T_h = 2.",
    _entries,
    _curve,
    notes="The parameters are those of the digits; that the paper's figure has the same was not "
    "checked.",
)
