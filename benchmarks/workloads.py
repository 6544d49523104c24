"""The work: systems and parameters, drawn from fixed seeds, and qtjax's program for one lane.

σ_z = diag(1, -1) and index 0 is the upper level; `LOWERING` takes it to index 1. Everything that
does not depend on the lane is made here, outside the lane functions, as concrete arrays.
"""

from functools import cache, reduce

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import qtjax as qt

from . import common  # noqa: F401 (precision, before the first array)

T_END = 10.0
TS = jnp.array([0.0, T_END])
SZ, SX = 0.5 * qt.sigmaz(), 0.5 * qt.sigmax()
LOWERING, RAISING = qt.create(2), qt.destroy(2)
BLOCH = (0.6, 0.0, 0.5)
RHO0 = qt.algebra.from_bloch(jnp.array(BLOCH))


# What a lane keeps of its solution; what it does not keep is not computed.


def state_only(solution):
    return solution.state


def state_and_heat(solution):
    return solution.state, solution.ledger.heat[-1, 0]


def state_and_heats(solution):
    return solution.state, solution.ledger.heat[-1]


def everything(solution):
    return solution


def path(lane, arrays):
    """Which integrator `evolve` chooses for a lane that keeps everything."""
    return eqx.filter_eval_shape(lane, *(jnp.asarray(a)[0] for a in arrays)).method


# W1: a driven damped qubit, H = w(t)/2 σ_z + g(t)/2 σ_x with linear ramps.


def driven_qubits(batch):
    """w0, w1, g0, g1, gamma, n of W1, each (batch,)."""
    rng = np.random.default_rng(0)
    edges = ((1.0, 1.5), (2.0, 2.5), (0.5, 1.0), (1.0, 1.5), (0.05, 0.15), (0.2, 0.8))
    return tuple(rng.uniform(*edge, batch) for edge in edges)


def driven_qubit(tolerance=1e-7, keep=state_and_heat, **options):
    """The lane of W1: its final state and the heat from its bath."""
    options = {"rtol": tolerance, "atol": tolerance} | options

    def lane(w0, w1, g0, g1, gamma, n):
        h = qt.Driven([(qt.Linear(w0, w1, 0.0, T_END), SZ), (qt.Linear(g0, g1, 0.0, T_END), SX)])
        bath = qt.Lindblad([LOWERING, RAISING], [gamma * (n + 1.0), gamma * n])
        return keep(qt.evolve(qt.OpenSystem(h, bath), RHO0, TS, throw=False, **options))

    return lane


# W4: the same with cubic ramps, and the gradient of the heat.


def cubic_qubits(batch):
    """Coefficients (batch, 8) in powers of s = t/10, four of w and four of g; gamma and n."""
    rng = np.random.default_rng(0)
    gaps = (1.0, 0.5), (0.5, 0.3), (0.0, 0.3), (0.0, 0.2)
    mixings = (0.5, 0.5), (0.0, 0.3), (0.0, 0.2), (0.0, 0.1)
    coefficients = [start + rng.uniform(0.0, width, batch) for start, width in gaps + mixings]
    gamma, n = rng.uniform(0.05, 0.15, batch), rng.uniform(0.2, 0.8, batch)
    return np.stack(coefficients, axis=-1), gamma, n


def heat_only(solution):
    return solution.ledger.heat[-1, 0]


def cubic_qubit(tolerance=1e-7, keep=heat_only):
    """The lane of W4: the heat as a function of the eight coefficients."""

    def lane(coefficients, gamma, n):
        w = qt.Polynomial(coefficients[:4], 0.0, T_END)
        g = qt.Polynomial(coefficients[4:], 0.0, T_END)
        bath = qt.Lindblad([LOWERING, RAISING], [gamma * (n + 1.0), gamma * n])
        system = qt.OpenSystem(qt.Driven([(w, SZ), (g, SX)]), bath)
        return keep(qt.evolve(system, RHO0, TS, rtol=tolerance, atol=tolerance, throw=False))

    return lane


# A driven qubit whose bath follows H(t), and the thermodynamic rates of relaxing qubits.


def sweeps(batch):
    """Speeds and temperatures of driven qubits with moving baths, each (batch,)."""
    rng = np.random.default_rng(0)
    return rng.uniform(0.5, 1.0, batch), rng.uniform(0.4, 0.8, batch)


MOVING_RHO0 = np.array([[0.6, 0.1], [0.1, 0.4]]) + 0j


def moving_bath(tolerance=1e-7, **options):
    """Final state and heat of H = 0.3 σ_x + (0.5 + v t/10) σ_z with a bath on its levels at t."""
    ts = np.linspace(0.0, T_END, 11)
    options = {"rtol": tolerance, "atol": tolerance} | options

    def lane(v, temperature):
        ramp = qt.Linear(0.5, 0.5 + v, 0.0, T_END)
        h = qt.Driven([(0.3, qt.sigmax()), (ramp, qt.sigmaz())])
        bath = qt.AdiabaticBath(qt.sigmax(), temperature, qt.Flat(0.1))
        system = qt.OpenSystem(h, bath)
        return state_and_heat(qt.evolve(system, MOVING_RHO0, ts, throw=False, **options))

    return lane


def gaps(batch):
    """Temperatures and gaps of relaxing qubits, each (batch,)."""
    return np.linspace(0.2, 3.0, batch), np.linspace(0.5, 2.0, batch)


def relaxing_qubit(temperature, gap, save=qt.rates):
    """The thermodynamic rates of a qubit at 101 times of its relaxation."""
    n = qt.number(2)
    bath = qt.LocalBath(qt.destroy(2), gap, temperature, qt.Flat(0.1))
    system = qt.OpenSystem(qt.Static(gap * n), bath)
    ts = np.linspace(0.0, 20.0, 101)  # known inside jit: equal steps share one exponential
    rho0 = qt.thermal_state(n, 2.0)
    return qt.evolve(system, rho0, ts, save=save, throw=False).saved


# W2: a spin chain with a bath at either end.

CHAIN_RATE, CHAIN_OCCUPATIONS = 0.1, (1.5, 0.3)
CHAIN_TEMPERATURES = (2.0, 0.5)


class Chain(eqx.Module):
    """The fixed operators of a chain of N spins, d = 2^N; baths are (first spin, last spin)."""

    field: jnp.ndarray
    coupling: jnp.ndarray
    lowering: tuple
    ends: tuple
    rho0: jnp.ndarray


@cache
def chain(d):
    """The operators of the chain of dimension d = 4, 8, 16, 32."""
    spins = d.bit_length() - 1
    dims = (2,) * spins

    def total(terms):
        return reduce(jnp.add, terms)

    x = [qt.embed(qt.sigmax(), dims, k) for k in range(spins)]
    z = [qt.embed(qt.sigmaz(), dims, k) for k in range(spins)]
    plus = qt.tensor(*[0.5 * (qt.identity(2) + qt.sigmax())] * spins)
    return Chain(
        field=0.5 * total(z),
        coupling=0.5 * total([x[k] @ x[k + 1] for k in range(spins - 1)]),
        lowering=tuple(qt.embed(LOWERING, dims, k) for k in (0, spins - 1)),
        ends=(x[0], x[-1]),
        rho0=0.5 * plus + 0.5 * qt.algebra.maximally_mixed(d),
    )


def chains(batch):
    """w0, w1 and J of W2, each (batch,)."""
    rng = np.random.default_rng(1)
    return tuple(rng.uniform(*edge, batch) for edge in ((1.0, 1.3), (2.0, 2.3), (0.6, 1.0)))


def driven_chain(d, tolerance=1e-7, keep=state_only, **options):
    """The lane of W2: its final state, or with `keep=state_and_heats` the heats too."""
    spins = chain(d)
    options = {"rtol": tolerance, "atol": tolerance} | options
    baths = [
        qt.Lindblad([a, a.T], [CHAIN_RATE * (n + 1.0), CHAIN_RATE * n])
        for a, n in zip(spins.lowering, CHAIN_OCCUPATIONS, strict=True)
    ]

    def lane(w0, w1, j):
        h = qt.Driven([(qt.Linear(w0, w1, 0.0, T_END), spins.field), (j, spins.coupling)])
        return keep(qt.evolve(qt.OpenSystem(h, baths), spins.rho0, TS, throw=False, **options))

    return lane


# W2g: the same chain at constant w and J with global baths at both ends.


def static_chain_hamiltonian(d, w, j):
    """H = w/2 sum σ_z + J/2 sum σ_x σ_x for one lane."""
    return w * chain(d).field + j * chain(d).coupling


def transition_groups(d, w, j):
    """The lanes of W2g by the grouping of their Bohr frequencies: [(transitions, indices)].

    Two levels of the chain of three spins cross inside the range of parameters, so not all lanes
    share one grouping, which is static; each group of lanes is one `vmap`.
    """
    found = {}
    for lane in range(w.shape[0]):
        transitions = qt.dynamics.bohr_transitions(static_chain_hamiltonian(d, w[lane], j[lane]))
        key = frozenset(transitions.groups)
        found.setdefault(key, (transitions, []))[1].append(lane)
    return [(transitions, np.array(lanes)) for transitions, lanes in found.values()]


def davies_baths(d, h, transitions):
    """The global baths at both ends of a chain with Hamiltonian h."""
    return [
        qt.DaviesBath(h, end, temperature, qt.Flat(CHAIN_RATE), transitions=transitions)
        for end, temperature in zip(chain(d).ends, CHAIN_TEMPERATURES, strict=True)
    ]


def global_chain(d, transitions, tolerance=1e-7, keep=state_only):
    """The lane of W2g: its final state."""

    def lane(w, j):
        h = static_chain_hamiltonian(d, w, j)
        system = qt.OpenSystem(qt.Static(h), davies_baths(d, h, transitions))
        rho0 = chain(d).rho0
        return keep(qt.evolve(system, rho0, TS, rtol=tolerance, atol=tolerance, throw=False))

    return lane


# W3: the limit cycle of a driven Otto cycle, ten parameters.

RAMP_TIME, GAPS, TEMPERATURES = 1.5, (1.0, 2.0), (0.5, 4.0)
UP, DOWN, ISOCHORES = (0.1, -0.05, 0.02, 0.01), (-0.08, 0.03, 0.02, -0.01), (2.0, 2.5)
CYCLE_PARAMETERS = np.array([*UP, *DOWN, *ISOCHORES])


class SineRamp(qt.AbstractSchedule):
    """w = 1 + p for a way up, 2 - p for a way down, p = s + sum_k a_k sin(k pi s)."""

    amplitudes: jnp.ndarray
    up: bool = eqx.field(static=True)

    def __call__(self, t):
        k = jnp.arange(1, self.amplitudes.shape[0] + 1)
        progress = t + self.amplitudes @ jnp.sin(k * jnp.pi * t)
        return 1.0 + progress if self.up else 2.0 - progress


@cache
def medium(d):
    """h_z, h_x and the lowering operators of the damped spins, for d = 2 and 4."""
    if d == 2:
        return SZ, 0.3 * qt.sigmax(), (LOWERING,)
    z, x, a = ([qt.embed(o, (2, 2), k) for k in (0, 1)] for o in (SZ, qt.sigmax(), LOWERING))
    return z[0] + z[1], 0.3 * x[0] @ x[1] + 0.2 * (x[0] + x[1]), tuple(a)


def occupation(gap, temperature):
    """n = 1/(exp(w/T) - 1)."""
    return 1.0 / np.expm1(gap / temperature)


def otto_machine(d, gamma):
    """From the ten parameters (a_1..4, b_1..4, tau_h, tau_c) to the cycle of W3."""
    hz, hx, lowering = medium(d)

    def isochore(gap, temperature):
        n = occupation(gap, temperature)
        rates = [gamma * (n + 1.0), gamma * n]
        baths = [qt.Lindblad([a, a.T], rates, temperature) for a in lowering]
        return qt.OpenSystem(qt.Static(gap * hz + hx), baths)

    cold, hot = (isochore(*pair) for pair in zip(GAPS, TEMPERATURES, strict=True))

    def machine(p):
        up, down = (
            qt.OpenSystem(qt.Driven([(SineRamp(amplitudes, is_up), hz), (1.0, hx)]))
            for amplitudes, is_up in ((p[:4], True), (p[4:8], False))
        )
        return qt.Cycle(
            [
                qt.Stroke(up, RAMP_TIME),
                qt.Stroke(hot, p[8], contact="hot"),
                qt.Stroke(down, RAMP_TIME),
                qt.Stroke(cold, p[9], contact="cold"),
            ]
        )

    return machine


def power_and_efficiency(d, gamma, steps):
    """From the ten parameters to (power, efficiency) of the limit cycle."""
    machine = otto_machine(d, gamma)

    def merits(p):
        cycle = qt.limit_cycle(machine(p), steps=steps, throw=False)
        return jnp.stack([cycle.power, cycle.efficiency])

    return merits


def with_gradient(merits):
    """From the parameters to (power, efficiency) and the gradient of their sum."""

    def total(p):
        values = merits(p)
        return values.sum(), values

    def both(p):
        (_, values), gradient = jax.value_and_grad(total, has_aux=True)(p)
        return values, gradient

    return both


# Q1 to Q3: the reference machine of the incumbent comparison.

OTTO_COLD, OTTO_HOT = SZ + 0.3 * qt.sigmax(), qt.sigmaz() + 0.3 * qt.sigmax()
OTTO = {"cold": 0.5, "hot": 4.0, "rate": 0.5, "isochore": 2.0, "ramp": 1.0}


def hot_temperatures():
    """The 100 temperatures of Q1."""
    return np.linspace(1.5, 6.0, 100)


def isochore_times(machines=1000):
    """(hot, cold) isochore times of Q2, (machines, 2)."""
    return np.random.default_rng(0).uniform(1.0, 4.0, (machines, 2))


def otto_efficiency(steps):
    """The efficiency of the Otto machine for a hot temperature, isochore times and ramps."""

    def efficiency(hot=OTTO["hot"], times=None, ramps=None):
        times = (OTTO["isochore"], OTTO["isochore"]) if times is None else times
        cycle = qt.otto_cycle(
            OTTO_COLD,
            OTTO_HOT,
            couplings=(qt.sigmax(), qt.sigmaz()),
            temperatures=(OTTO["cold"], hot),
            rate=OTTO["rate"],
            durations=(times[0], OTTO["ramp"], times[1], OTTO["ramp"]),
            ramps=ramps,
        )
        return qt.limit_cycle(cycle, steps=steps, throw=False).efficiency

    return efficiency
