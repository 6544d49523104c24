"""How well the identities hold in float64 ("64") or float32 ("32"), as JSON: a program of its own,
because the precision of a process is set once."""

import json
import sys
import warnings

import jax
import jax.numpy as jnp
import numpy as np

import qtjax as qt

X, Z, N = qt.sigmax(), qt.sigmaz(), qt.number(2)


def moved_at_rest():
    """The largest heats of contacts of 1e5 lifetimes with what is at rest; inf where doubted."""
    gibbs, bath = qt.thermal_state(N, 2.0), qt.LocalBath(qt.destroy(2), 1.0, 2.0, qt.Flat(20.0))
    stayed = qt.evolve(qt.OpenSystem(N, bath), gibbs, np.array([0.0, 1e3]), throw=False)
    cycle = qt.otto_cycle(
        N, 2.0 * N, couplings=X, temperatures=(1.0, 2.0), rate=20.0, durations=(1e3, 1.0, 1e3, 1.0)
    )
    limit = qt.limit_cycle(cycle, throw=False)
    oscillator = qt.machines.oscillator_otto(
        (1.0, 1.0), temperatures=(1.0, 1.0), rate=20.0, durations=(1e3, 0.0, 1e3, 0.0)
    )
    rested = qt.machines.gaussian_limit_cycle(oscillator, throw=False)
    found = [stayed.ledger.heat[-1, 0], limit.heat_hot, rested.heat_hot]
    right = [s.result == qt.RESULTS.successful for s in (stayed, limit, rested)]
    return [jnp.where(r, jnp.abs(q), jnp.inf) for r, q in zip(right, found, strict=True)]


def beyond_tolerance():
    """By how much heats between two baths of one temperature exceed it where they are called right.

    Entries are sums and differences of rates up and down, which at high temperature almost cancel.
    """
    rng = np.random.default_rng(1)
    cases = 10.0 ** rng.uniform([-1.0, 0.0, -2.0], [4.0, 4.0, 0.0], (60, 3))

    def heat(temperature, rate, duration):
        made = [
            qt.LocalBath(qt.destroy(2), 1.0, temperature, qt.Flat(g)) for g in (rate, 0.9 * rate)
        ]
        ts = jnp.stack([0.0 * duration, duration])
        gibbs = qt.thermal_state(N, temperature)
        found = qt.evolve(qt.OpenSystem(N, made), gibbs, ts, throw=False)
        moved = jnp.max(jnp.abs(found.ledger.heat))
        return jnp.where(found.result == qt.RESULTS.successful, moved, jnp.nan)

    moved = jax.jit(jax.vmap(heat))(*jnp.asarray(cases).T)
    assert jnp.isfinite(moved).any()
    assert jnp.isnan(moved).any()
    return jnp.maximum(jnp.nanmax(moved) - 2.0 * qt.dynamics.default_tolerances()[0], 0.0)


# ground-state populations of limit cycles that forget in a thousand cycles, in float64, 1,024 steps
SLOW = {
    (0.8, 11.5, 4.2, 15.4): 0.8073592668441423,
    (1.1, 19.8, 5.3, 1.3): 0.7948892209886171,
    (0.8, 16.6, 10.2, 9.0): 0.8582533497689653,
    (3.4, 19.3, 1.8, 2.9): 0.6697511888180689,
}


def beyond_its_error():
    """By how much a limit cycle is off by more than its error where it is called right."""
    steps = 64 if jnp.result_type(float) == jnp.float32 else 256
    n, x = qt.number(2), qt.sigmax()  # in the precision of now

    def population(durations):
        cycle = qt.otto_cycle(
            n + 0.3 * x, 2.0 * n - 0.2 * x, couplings=x, temperatures=(0.5, 3.0), rate=1e-3,
            durations=tuple(durations),
        )  # fmt: skip
        found = qt.limit_cycle(cycle, steps=steps, throw=False)
        return found.states[0, 0, 0].real, found.error, found.result == qt.RESULTS.successful

    found, error, right = jax.jit(jax.vmap(population))(jnp.array(list(SLOW)))
    assert right.any()
    off = jnp.abs(found - jnp.array(list(SLOW.values())))
    return jnp.max(jnp.where(right, jnp.maximum(off / error - 1.0, 0.0), 0.0))


def figures():
    """Errors of laws, each in units of energy or of nats per time that are of order one here."""
    times = np.linspace(0.0, 10.0, 21)
    bath = qt.DaviesBath(N, X, 0.7, qt.Flat(0.2))
    rho0 = qt.algebra.from_bloch(np.array([0.3, 0.1, -0.5]))
    relaxed = qt.evolve(qt.OpenSystem(N, bath), rho0, times, save=qt.rates)
    drive = qt.Driven([(qt.Linear(1.0, 2.0, 0.0, 10.0), N), (0.3, X)])
    moved = qt.evolve(
        qt.OpenSystem(drive, qt.LocalBath(qt.destroy(2), 1.0, 0.7, qt.Flat(0.2))), rho0, times
    )
    closed = qt.evolve(qt.OpenSystem(drive), rho0, times, save=qt.rates)
    cycle = qt.otto_cycle(
        N, 2.0 * N + 0.3 * X, couplings=(X,), temperatures=(0.5, 3.0), rate=0.5,
        durations=(2.0, 1.0, 2.0, 1.0),
    )  # fmt: skip
    limit = qt.limit_cycle(cycle, throw=False)
    steady = qt.steady_state(qt.OpenSystem(N, bath))
    gibbs = qt.thermal_state(N, 0.7)
    qubit, otto, oscillator = moved_at_rest()
    through = qt.models.landauer_currents(  # a closed form at a large bias
        [[0.0, 0.5], [0.5, 0.0]],
        temperatures=[0.0, 0.0], chemical_potentials=[1e5, -1e5], rates=[1.0, 1.0],
    )  # fmt: skip
    return {
        "heats between baths beyond the tolerance": beyond_tolerance(),
        "heat of a qubit at rest": qubit,
        "heat of a cycle at rest": otto,
        "heat of an oscillator at rest": oscillator,
        "limit cycles beyond their errors": beyond_its_error(),
        "current through two dots": jnp.nan_to_num(
            jnp.abs(through.particle_currents[0] - 0.25), nan=jnp.inf
        ),
        "first law of a driven, damped qubit": jnp.max(jnp.abs(moved.ledger.first_law_residual)),
        "trace": jnp.max(jnp.abs(moved.ledger.trace_drift)),
        "eq. (11), d_iS = 0": jnp.max(jnp.abs(relaxed.saved.interior)),
        "S' = 0 without a bath": jnp.max(jnp.abs(closed.saved.entropy_rate)),
        "Spohn's production below 0": jnp.max(-jnp.minimum(relaxed.saved.spohn_production, 0.0)),
        "steady state against Gibbs": jnp.max(jnp.abs(steady.state - gibbs)),
        "fixed point of the limit cycle": limit.limit_cycle_residual,
        "first law of the limit cycle": jnp.abs(limit.first_law_residual),
        "efficiency": limit.efficiency,
        "power": limit.power,
    }


if __name__ == "__main__":
    if sys.argv[1] == "64":
        jax.config.update("jax_enable_x64", True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = {name: float(value) for name, value in figures().items()}
    words = [str(w.message) for w in caught]
    json.dump({"figures": found, "warnings": words}, sys.stdout, indent=1)
