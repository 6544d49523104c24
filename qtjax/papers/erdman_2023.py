"""Erdman and Noé: two machines that learning has driven, and what gradients find for them.

The protocols are those of the searches in docs/known_optima.md, rounded to five decimals.
"""

import jax.numpy as jnp
import numpy as np

from ..algebra.operators import sigmax, sigmay, sigmaz
from ..dynamics.davies import DaviesBath
from ..dynamics.open_system import OpenSystem
from ..machines.piecewise import PiecewiseSolution, piecewise_limit_cycle, piecewise_oscillator
from .entries import Paper, entry

ENGINE_STEP, QUBIT_STEP, DELTA = 0.2, 0.9817477042468103, 0.12
ENGINE = np.array([
    0.99662, 0.99662, 0.98042, 0.94861, 0.91825, 0.88213, 0.84047, 0.79763, 0.75905, 0.72997,
    0.5, 0.5, 0.81478, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.51536, 0.54361, 0.57188,
    0.99662, 0.51976, 0.5, 0.99662, 0.99662, 0.99662, 0.99662
])  # fmt: skip
CONTACTS = "hhhhhhhhhhcc.cccccccccccc...hhhh"  # hot, cold or none
FREE_ENGINE = np.array([
    0.99662, 0.96402, 0.93356, 0.90102, 0.86711, 0.83305, 0.79978, 0.76796, 0.73819, 0.7114,
    0.5, 0.99662, 0.5, 0.51675, 0.53275, 0.99662, 0.5, 0.99662
])  # fmt: skip
FREE_ENGINE_TIMES = np.array([
    0.25537, 0.22945, 0.20688, 0.17242, 0.15244, 0.14275, 0.14016, 0.14427, 0.15875, 0.20846,
    0.41301, 0.09084, 1.90541, 0.16235, 0.19419, 0.2223, 0.41443, 1.02146
])  # fmt: skip
FREE_CONTACTS = "hhhhhhhhhhc.ccc..h"
QUBIT = np.array([
    0.13335, 0.1273, 0.11886, 0.10494, 0.27515, 0.04543, 0.04445, 0.04262, 0.04006, 0.0369,
    0.03327, 0.02918, 0.02459, 0.01938, 0.50486, 0.50884, 0.51636, 0.5225, 0.52771, 0.13733
])  # fmt: skip
FREE_QUBIT = np.array([
    0.12762, 0.1183, 0.0975, 0.08033, 0.30247, 0.0451, 0.04209, 0.03881, 0.03545, 0.03203,
    0.02858, 0.02506, 0.02145, 0.01774, 0.50522, 0.51079, 0.51708, 0.52293, 0.52869, 0.13453
])  # fmt: skip
FREE_QUBIT_TIMES = np.array([
    1.37715, 1.26656, 0.4409, 0.34435, 0.71137, 1.93953, 1.28617, 1.08177, 0.97057, 0.89099,
    0.82776, 0.77347, 0.72518, 0.6832, 1.43214, 0.78835, 0.85102, 1.20705, 0.73455, 2.06367
])  # fmt: skip
DIGITS = {
    "engine, steps of 0.2": 0.19149635268416856,
    "engine, free times": 0.19420072263984026,
    "refrigerator, steps of 0.98": 0.0009128718707385343,
    "refrigerator, free times": 0.0009155018412151805,
}
LEARNED = {"engine": (0.175, 0.189), "refrigerator": (6.62e-4, 8.6311e-4)}
SOURCE = "digits: matrix exponentials of generators, and a solve (NumPy, SciPy)"


def engine(u, times, contacts: str) -> PiecewiseSolution:
    """The oscillator w = 2 u between baths at 4.98309 and 0.5 with Gamma = 0.6, one at a time."""
    rates = 0.6 * np.array([[kind == "h", kind == "c"] for kind in contacts])
    temperatures = np.array([4.98309, 0.5])
    return piecewise_oscillator(2.0 * u, times, rates=rates, temperatures=temperatures)


def refrigerator(u) -> OpenSystem:
    """H = -(Delta sx + u sz) between resistors at 0.15 and 0.3 behind resonators of quality 4."""
    h = -(DELTA * sigmax() + u * sigmaz())

    def resistor(temperature, center):
        def spectrum(w):
            return 0.5 * w / (1.0 + (4.0 * (w / center - center / w)) ** 2)

        return DaviesBath(h, sigmay(), temperature, spectrum)

    return OpenSystem(h, (resistor(0.15, 2.0 * DELTA), resistor(0.3, 2.0 * np.hypot(DELTA, 0.5))))


def cooling(u, times):
    """Heat taken from the cold resistor per time."""
    cycle = piecewise_limit_cycle(refrigerator, jnp.asarray(u), times)
    return cycle.heat[0] / cycle.period


def trapezoid():
    """The controls of one period of 117 steps, w = 0.05475."""
    phase = 0.05475 * QUBIT_STEP * np.arange(117)
    return 0.25 * (1.0 + np.tanh(2.0 * np.cos(phase)) / np.tanh(2.0))


def _entries():
    steps = engine(ENGINE, ENGINE_STEP, CONTACTS)
    free = engine(FREE_ENGINE, FREE_ENGINE_TIMES, FREE_CONTACTS)
    powers = (
        steps.power,
        free.power,
        cooling(QUBIT, QUBIT_STEP),
        cooling(FREE_QUBIT, FREE_QUBIT_TIMES),
    )
    pairs = zip(DIGITS.items(), powers, strict=True)
    found = [entry(f"power of the {k}", x, digits, SOURCE) for (k, digits), x in pairs]
    for name, power in (("engine", powers[0]), ("refrigerator", powers[2])):
        for learned in LEARNED[name]:
            quantity = f"what the {name} in steps lacks to the learned power, {learned:g}"
            found.append(
                entry(quantity, jnp.maximum(learned - power, 0.0), 0.0, "nothing, if ours is more")
            )
    efficiency, source = steps.work_output / steps.heat[0], "digits: as the power"
    found.append(
        entry("efficiency of the engine, steps of 0.2", efficiency, 0.42886847201952577, source)
    )
    printed = "their plots, to four digits"
    usual = cooling(trapezoid(), QUBIT_STEP)
    found.append(entry("power of the refrigerator, best trapezoid", usual, 2.714e-5, printed, 5e-4))
    return found


PAPER = Paper(
    "erdman_2023",
    "P. A. Erdman, F. Noé, Model-free optimization of power/efficiency tradeoffs in quantum "
    "thermal machines using reinforcement learning, PNAS Nexus 2, pgad248 (2023)",
    "Learning drives a harmonic engine and a superconducting-qubit refrigerator beyond Otto cycles "
    "and trapezoids; gradients of the exact limit cycle go further.",
    "Engine: Gamma = 0.6, T = 0.5 and 4.98309, w between 1 and 1.99324, steps of 0.2 with the hot "
    "bath, the cold one or none. Refrigerator: Delta = 0.12, u between 0 and 0.75, T = 0.15 and "
    "0.3, quality 4, steps of 0.98175.",
    _entries,
    notes="The learned powers (0.175 and 0.189; 6.62e-4 and 8.63e-4) are units and values of their "
    "public plots; the learned protocols are not published as numbers and were not computed. Steps "
    "of the same length and bounds, found by gradients, deliver 0.191496 and cool with 9.129e-4; "
    "with free times 0.194201 and 9.155e-4.",
)
