"""A driven, damped qubit in its periodic steady state."""

import jax
import jax.numpy as jnp
import numpy as np

from ..algebra.operators import create, destroy, sigmax, sigmaz
from ..dynamics.dissipators import Lindblad
from ..dynamics.evolve import evolve
from ..dynamics.hamiltonians import Driven
from ..dynamics.open_system import OpenSystem
from ..dynamics.schedules import Fourier
from ..machines.periodic import periodic_steady_state
from .entries import Curve, Paper, compared, entry

PUBLISHED = {
    "upper population at phase 0": 0.264785232336,
    "upper population, mean": 0.270498102054,
    "work per cycle": 0.00572085866296,
    "heat of the jumps per cycle": -0.0187710146992,
    "heat of the dephasing per cycle": 0.0130501560363,
}
SAMPLES = 64


def system(amplitude: float = 0.05) -> OpenSystem:
    """The qubit over one period of its drive, which is 1; the amplitude is in units of pi."""
    pi = np.pi
    still = -0.3 * pi * sigmax() - pi * sigmaz()
    drive = Fourier(0.0, [0.0], [amplitude * pi], 2.0 * pi)
    jumps = Lindblad([destroy(2), create(2)], [0.225, 0.075])
    return OpenSystem(Driven([(1.0, still), (drive, sigmaz())]), (jumps, Lindblad(sigmaz(), 0.05)))


def populations():
    """The limit cycle, and the upper population over one period of it."""
    cycle = periodic_steady_state(system(), 1.0, steps=64)
    times = jnp.linspace(0.0, 1.0, SAMPLES + 1)
    run = evolve(system(), cycle.states[0], times, save=lambda system, t, rho: rho[1, 1].real)
    return cycle, times, run.saved


def static():
    """The steady state without a drive, and the heats of its dissipators per time (NumPy)."""
    x, z, lower = (np.array(m) for m in ([[0, 1], [1, 0]], [[1, 0], [0, -1]], [[0, 1], [0, 0]]))
    h, one, flows = -np.pi * (0.3 * x + z), np.eye(2), []
    for terms in (((0.225, lower), (0.075, lower.T)), ((0.05, z),)):
        flow = np.zeros((4, 4))
        for rate, jump in terms:
            square = jump.T @ jump
            flow += rate * np.kron(jump, jump)
            flow -= 0.5 * rate * (np.kron(square, one) + np.kron(one, square))
        flows.append(flow)
    trace, whole = one.reshape(-1), -1j * (np.kron(h, one) - np.kron(one, h)) + sum(flows)
    rho = np.linalg.solve(whole + np.outer(trace, trace), trace)
    return rho.reshape(2, 2), [np.real(h.reshape(-1) @ (flow @ rho)) for flow in flows]


def _entries():
    cycle, _, upper = populations()
    heats = cycle.bath_heats[0]
    # the mean of equally spaced samples of a period is as exact as they are
    values = (upper[0], jnp.mean(upper[:-1]), cycle.work, heats[0], heats[1])
    source = "digits: Runge-Kutta of order 8 and a linear fixed point (SciPy)"
    found = list(compared(dict(zip(PUBLISHED, values, strict=True)), PUBLISHED, source))
    still = periodic_steady_state(system(0.0), 1.0, steps=64)
    rho, heats, source = *static(), "steady state of the constant H, 4 x 4 matrix (NumPy)"
    found += [
        entry("upper population without a drive", still.states[0][1, 1].real, rho[1, 1].real,
              source),
        entry("heat of the jumps per cycle without a drive", still.bath_heats[0][0], heats[0],
              source),
        entry("work per cycle without a drive", still.work, 0.0, source, 1e-12, 1.0),
    ]  # fmt: skip
    one, two = (periodic_steady_state(system(x), 1.0, steps=64).work for x in (1e-3, 2e-3))
    source = "closed form: the second order of the drive"
    found.append(entry("growth of the work as a weak drive doubles", two / one, 4.0, source, 1e-4))
    return found


def _curve():
    _, times, upper = populations()
    return Curve("Periodic steady state of a driven qubit", ("time / period", times),
                 "upper population", {"qtjax": jax.device_get(upper)},
                 {"published, phase 0": ([0.0, 1.0], [0.264785232336] * 2)})  # fmt: skip


PAPER = Paper(
    "grifoni_1998",
    "M. Grifoni, P. Hänggi, Driven quantum tunneling, Phys. Rep. 304, 229 (1998); the numbers are "
    "those of QuTiP's tutorial on Floquet theory (periodic steady state of a driven, damped qubit)",
    "A driven qubit with losses ends in a periodic state, in which work turns into heat.",
    "H = -0.3 pi sx - pi sz + 0.05 pi sin(2 pi t) sz; rates 0.225 down, 0.075 up, 0.05 of sz.",
    _entries,
    _curve,
)
