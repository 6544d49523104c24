"""Redfield dynamics of a qubit, 1,024 at once, against QuTiP's brmesolve.

H = w/2 σ_z + g/2 σ_x, one coupling cos(a) σ_x + sin(a) σ_z to a Drude-Lorentz bath, the full
Redfield generator (no secular step), from t = 0 to the state at 10; every lane has its own w, g, a,
temperature and coupling strength. A batch is `jax.vmap` over one lane.
"""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg

import qtjax as qt

from . import common, peers, workloads
from .common import largest, measure, measured
from .peers import qutip

NAME, WORK = "redfield", "Redfield qubit"
WIDTH = 3.0
TIMES = np.asarray(workloads.TS)
LANES = 8  # of QuTiP, which does one after the other


def parameters(batch):
    """w, g, the angle of the coupling, the temperature and the strength, each (batch,)."""
    rng = np.random.default_rng(0)
    edges = ((1.0, 2.0), (0.2, 1.0), (0.0, 1.5), (0.5, 2.0), (0.01, 0.1))
    return tuple(rng.uniform(*edge, batch) for edge in edges)


def lane(w, g, angle, temperature, strength):
    """The state of one qubit at both times."""
    coupling = jnp.cos(angle) * qt.sigmax() + jnp.sin(angle) * qt.sigmaz()
    spectrum = qt.dynamics.DrudeLorentz(strength, WIDTH)
    bath = qt.dynamics.RedfieldBath(coupling, temperature, spectrum)
    system = qt.OpenSystem(w * workloads.SZ + g * workloads.SX, bath)
    return qt.evolve(system, workloads.RHO0, jnp.asarray(TIMES), throw=False).saved


def by_hand(gap, g, angle, temperature, strength):
    """What QuTiP takes: H, the coupling and the power spectrum of one lane, by its argument w."""
    h = gap * peers.SZ + g * peers.SX
    coupling = 2.0 * (np.cos(angle) * peers.SX + np.sin(angle) * peers.SZ)

    def power(w):
        if w == 0.0:
            return strength * temperature
        gamma = strength * w / (1.0 + (w / WIDTH) ** 2)
        return gamma / -np.expm1(-w / temperature)

    return h, coupling, power


def reference(*numbers):
    """The states from the exponential of the Redfield equation, in NumPy."""
    h, a, power = by_hand(*numbers)
    energies, v = np.linalg.eigh(h)
    rates = np.array([[power(n - m) / 2 for n in energies] for m in energies])
    left, one = v @ (rates * (v.T @ a @ v)) @ v.T, np.eye(2)

    def flow(rho):
        half = left @ rho @ a - a @ left @ rho
        return -1j * (h @ rho - rho @ h) + half + a @ rho @ left.T - rho @ left.T @ a

    units = [np.outer(one[i], one[j]) for i in range(2) for j in range(2)]
    generator = np.stack([flow(unit).ravel() for unit in units], axis=1)
    start = np.asarray(workloads.RHO0).ravel()
    return np.stack([scipy.linalg.expm(generator * t) @ start for t in TIMES]).reshape(-1, 2, 2)


def brmesolve(numbers, tolerance=None):
    """The states of one lane, at QuTiP's defaults unless a tolerance is given."""
    h, coupling, power = by_hand(*numbers)
    options = {"store_states": True, "progress_bar": ""}
    if tolerance is not None:
        options |= {"rtol": tolerance, "atol": tolerance, "nsteps": 100_000}
    terms = [[qutip.Qobj(coupling), power]]
    start = qutip.Qobj(np.asarray(workloads.RHO0))
    solution = qutip.brmesolve(
        qutip.Qobj(h), start, TIMES, a_ops=terms, sec_cutoff=-1, options=options
    )
    return np.stack([state.full() for state in solution.states])


def run(batch, measurements, quick):
    arrays = parameters(batch)
    lanes = min(batch, LANES)
    wanted = np.stack([reference(*(float(p[k]) for p in arrays)) for k in range(lanes)])
    timing = measure(jax.jit(jax.vmap(lane)), *map(jnp.asarray, arrays), repeats=5 if quick else 20)
    error = largest(timing.value[:lanes] - wanted)
    measurements.append(
        measured(WORK, batch, "qtjax.evolve, exact propagator, vmap", "qtjax", timing, error)
    )
    if qutip is None:
        return
    for tolerance, setting in ((None, common.DEFAULTS), (1e-10, common.NEAREST_ERROR)):

        def solve(tolerance=tolerance):
            numbers = ([float(p[k]) for p in arrays] for k in range(lanes))
            return np.stack([brmesolve(lane, tolerance) for lane in numbers])

        timing = measure(solve, repeats=3)
        method = "QuTiP brmesolve, " + ("defaults" if tolerance is None else f"rtol {tolerance:g}")
        measurements.append(
            measured(
                WORK, batch, method, "qutip", timing, largest(timing.value - wanted), setting,
                items=lanes,
            )
        )  # fmt: skip


if __name__ == "__main__":
    args = common.arguments(__doc__, batch={"type": int, "help": "batch size"})
    batch = args.batch or (64 if args.quick else 1024)
    measurements = []
    run(batch, measurements, args.quick)
    notes = (
        "Error: largest deviation of a state from the exponential of the generator in NumPy, "
        f"{LANES} lanes; QuTiP is timed on these lanes, one after the other.",
    )
    headline = common.case(measurements, WORK, batch)
    common.publish(NAME, __doc__.splitlines()[0], measurements, headline, args, notes)
