"""Uzdin, Levy and Kosloff: engines of four strokes, two strokes and none are the same engine."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..algebra.operators import projector
from ..algebra.states import ket
from ..dynamics.dissipators import Lindblad
from ..dynamics.open_system import OpenSystem, power
from ..dynamics.steady_state import steady_state
from ..machines.cycle import limit_cycle
from ..machines.stroke import Cycle, Stroke
from ..models.maser import three_level_maser
from .entries import Curve, Paper, entry

# time: power of four strokes, of two strokes, of four with dephasing after each
DIGITS = {
    0.01: (0.17185643212, 0.171860333687, 0.00220364508974),
    0.05: (0.171803634168, 0.171901123289, 0.0105995679927),
    0.1: (0.171638989272, 0.17202832028, 0.0202487912595),
    0.5: (0.16663311916, 0.175872526296, 0.0747397002697),
    1.0: (0.153628624803, 0.184567723751, 0.10857399273),
}
CONTINUOUS = 0.171858633211
KINDS = ("four strokes", "two strokes", "four strokes, dephased")
SOURCE = "digits: 9 x 9 maps and their fixed points (NumPy)"


def machine(rates=(0.5, 0.5)) -> OpenSystem:
    """The continuous engine, in the frame of the drive, with the rates of its (cold, hot) bath."""
    return three_level_maser((1.0, 4.0), temperatures=(1.0, 10.0), rates=rates, drive=1.0)


@jax.jit
def engine(t, shares, split, dephasing):
    """Work of a cycle: contact, work, contact, work, with dephasing after each, if there is any.

    Args:
        t: of each contact, and of both strokes of work together.
        shares: of the rates of the (cold, hot) bath during the first contact.
        split: 1.0 if the second contact is with what the first leaves out, 0.0 if there is none.
        dephasing: how long each dephasing takes; 0.0 for none.
    """
    whole, none = machine(), jnp.zeros((3, 3))
    levels = Lindblad([projector(ket(k, 3)) for k in range(3)], [1.0] * 3)
    dephase = Stroke(OpenSystem(none, levels, whole.energy), dephasing)
    work = Stroke(OpenSystem(whole.hamiltonian, (), whole.energy), t / 2)
    first, second = (
        Stroke(OpenSystem(none, machine(rates).baths, whole.energy), time)
        for rates, time in ((0.5 * shares, t), (0.5 * (1.0 - shares), split * t))
    )
    strokes = [s for stroke in (first, work, second, work) for s in (stroke, dephase)]
    return limit_cycle(Cycle(strokes), steps=64, throw=False).work_output


def powers(t: float) -> list[float]:
    """Work per time t of the engines of four strokes, of two, and of four with dephasing."""
    one, both = jnp.array([1.0, 0.0]), jnp.ones(2)
    kinds = ((one, 1.0, 0.0), (both, 0.0, 0.0), (one, 1.0, 100.0))
    return [float(engine(t, *kind)) / t for kind in kinds]


def _entries():
    system = machine()
    power_out = -power(system, 0.0, steady_state(system).state)
    found = [entry("power, continuous", power_out, CONTINUOUS, SOURCE)]
    for t, digits in DIGITS.items():
        for kind, ours, published in zip(KINDS, powers(t), digits, strict=True):
            found.append(entry(f"power, {kind}, t = {t:g}", ours, published, SOURCE))
    return found


def _curve():
    times = np.geomspace(0.01, 1.0, 9)
    lines: Any = dict(zip(KINDS, np.array([powers(float(t)) for t in times]).T, strict=True))
    points = {"published": (list(DIGITS), [digits[0] for digits in DIGITS.values()])}
    lines["continuous"] = np.full(times.shape, CONTINUOUS)
    return Curve(
        "Engines agree at small action; classical ones do not", ("action (time per cycle)", times),
        "power", lines, points, "x",
    )  # fmt: skip


PAPER = Paper(
    "uzdin_2015",
    "R. Uzdin, A. Levy, R. Kosloff, Equivalence of quantum heat machines, and "
    "quantum-thermodynamic signatures, Phys. Rev. X 5, 031044 (2015)",
    "At small action per cycle four-stroke, two-stroke and continuous engines have the same power, "
    "which dephasing takes away.",
    "Levels 0, 1, 4; T_c = 1, T_h = 10; gamma = 0.5; drive 1.",
    _entries,
    _curve,
)
