"""Two coupled qubits, each with a bath that follows H(t), against dynamiqs with the same jumps.

H = 0.3 (x1 + x2) + 0.2 x1 x2 + 0.7 z2 + (0.5 + v t/10) z1 in Pauli matrices for t = 0 ... 10 with
11 saved times, adiabatic baths (flat, 0.1) coupled by x1 at T and by x2 at 2 T; 16 lanes with their
own v and T. dynamiqs, by the faster of two methods, is given the 24 jump operators as functions of
time and keeps no books. Error: of the final states, against SciPy's DOP853.
"""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.integrate

import qtjax as qt

from . import common
from .common import at_equal_error, largest, measure, measured
from .peers import dq

NAME, WORK = "two_following_baths", "two qubits, two baths that follow H(t)"
LANES, END, RATE = 16, 10.0, 0.1
TIMES = np.linspace(0.0, END, 11)
X1, X2 = (np.asarray(qt.embed(qt.sigmax(), (2, 2), k)) for k in range(2))
Z1, Z2 = (np.asarray(qt.embed(qt.sigmaz(), (2, 2), k)) for k in range(2))
FIXED = 0.3 * (X1 + X2) + 0.2 * X1 @ X2 + 0.7 * Z2
LEVELS = qt.dynamics.bohr_transitions(jnp.asarray(FIXED + 0.8 * Z1))
START = np.asarray(qt.thermal_state(jnp.asarray(Z1 + 0.8 * Z2), 1.0))
PAIRS = [(i, j) for i in range(4) for j in range(4) if i != j]


def lane(speed, temperature, rtol=1e-7):
    """The states, the heats and the work of one lane."""
    line = qt.Polynomial(jnp.stack([jnp.asarray(0.5), speed]), 0.0, END)
    baths = [
        qt.AdiabaticBath(jnp.asarray(x), t, qt.Flat(RATE), transitions=LEVELS)
        for x, t in ((X1, temperature), (X2, 2.0 * temperature))
    ]
    system = qt.OpenSystem(qt.Driven([(1.0, jnp.asarray(FIXED)), (line, jnp.asarray(Z1))]), baths)
    solution = qt.evolve(system, jnp.asarray(START), TIMES, rtol=rtol, atol=rtol / 100, throw=False)
    return solution.saved, solution.ledger.heat, solution.ledger.work


def hamiltonian(t, speed):
    return FIXED + (0.5 + speed * t / END) * Z1


def jumps(t, speed, coupling, temperature, np=jnp):
    """sqrt(rate) |i><i|A|j><j| of all pairs of levels, (12, 4, 4)."""
    energies, v = np.linalg.eigh(hamiltonian(t, speed))
    inside = v.conj().T @ coupling @ v
    found = []
    for i, j in PAIRS:
        gap = energies[i] - energies[j]  # what the bath gives
        strength = np.sqrt(RATE * np.sign(gap) / np.expm1(gap / temperature))
        found.append(strength * inside[i, j] * np.outer(v[:, i], v[:, j].conj()))
    return np.stack(found)


def dynamiqs(method):
    """One lane: its final state."""

    def run(speed, temperature):
        operators = [
            dq.timecallable(lambda t, k=k, x=x, s=s: jumps(t, speed, x, s * temperature)[k])
            for x, s in ((X1, 1.0), (X2, 2.0))
            for k in range(len(PAIRS))
        ]
        h = dq.timecallable(lambda t: hamiltonian(t, speed))
        start = dq.asqarray(START)
        solution = dq.mesolve(h, operators, start, TIMES, method=method, progress_meter=False)
        return solution.states.to_jax()[-1]

    return jax.jit(jax.vmap(run))


def reference(speed, temperature):
    """The final state of one lane."""

    def flow(t, y):
        rho, h = y.reshape(4, 4), hamiltonian(t, speed)
        all_jumps = [jumps(t, speed, x, s * temperature, np) for x, s in ((X1, 1.0), (X2, 2.0))]
        change = -1j * (h @ rho - rho @ h)
        for a in np.concatenate(all_jumps):
            both = a.conj().T @ a
            change = change + a @ rho @ a.conj().T - 0.5 * (both @ rho + rho @ both)
        return change.ravel()

    y0 = START.astype(complex).ravel()
    found = scipy.integrate.solve_ivp(flow, (0.0, END), y0, "DOP853", rtol=1e-11, atol=1e-13)
    return found.y[:, -1].reshape(4, 4)


def run(repeats):
    """The measurements."""
    arrays = jnp.linspace(0.5, 1.5, LANES), jnp.linspace(0.3, 1.0, LANES)
    checked = (0, LANES - 1)
    exact = np.stack([reference(*(float(a[k]) for a in arrays)) for k in checked])

    def error(value):
        final = value[0][:, -1] if isinstance(value, tuple) else value
        return largest(np.asarray(final)[list(checked)] - exact)

    timing = measure(jax.jit(jax.vmap(lane)), *arrays, repeats=repeats)
    ours = error(timing.value)
    found = [measured(WORK, LANES, "taylor", "qtjax", timing, ours)]
    methods = {"Tsit5": dq.method.Tsit5, "Dopri8": dq.method.Dopri8}
    timings = {
        name: measure(dynamiqs(make()), *arrays, repeats=3) for name, make in methods.items()
    }
    fast = min(timings, key=lambda name: timings[name].seconds)
    off = error(timings[fast].value)
    found.append(measured(WORK, LANES, f"{fast}, defaults", "dynamiqs", timings[fast], off))

    def at(tolerance):
        return dynamiqs(methods[fast](rtol=tolerance, atol=tolerance))

    tolerance, timing, setting = at_equal_error(at, arrays, error, ours)
    label, off = f"{fast}, rtol {tolerance:.0e}", error(timing.value)
    found.append(measured(WORK, LANES, label, "dynamiqs", timing, off, setting))
    return found


if __name__ == "__main__":
    args = common.arguments(__doc__)
    measurements = run(5 if args.quick else 20)
    headline = {m.method: m.time_us for m in measurements}
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args)
