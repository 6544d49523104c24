"""What raises outside `jit` and `vmap` ends a lane inside them that is not successful.

The other lanes are what they are alone.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
import qtjax.dynamics as qd

NAN, INF = float("nan"), float("inf")
N, X, LOWER = qt.number(2), qt.sigmax(), qt.destroy(2)
RHO = jnp.array([[0.7, 0.1], [0.1, 0.3]]) + 0j
TS = jnp.array([0.0, 0.5, 1.0])


def lanes(right, **wrong):
    """Arrays by name: lane 0 and the last are right, every other one has one wrong value."""
    count = sum(map(len, wrong.values()))
    found = {name: [value] * (count + 2) for name, value in right.items()}
    k = 1
    for name, values in wrong.items():
        for value in values:
            found[name][k] = value
            k += 1
    return {name: jnp.stack([jnp.asarray(v) for v in values]) for name, values in found.items()}


def check(solve, right, **wrong):
    given = lanes(right, **wrong)
    good, states = jax.jit(jax.vmap(solve))(given)
    assert [bool(g) for g in good] == [True, *[False] * (len(good) - 2), True]
    alone = solve(right)[1]
    for state in (states[0], states[-1]):
        np.testing.assert_allclose(state, alone, atol=1e-12)


def bath(temperature):
    return qt.LocalBath(LOWER, 1.0, temperature, qt.Flat(0.3))


def test_of_a_trajectory():
    def solve(given):
        system = qt.OpenSystem(given["hamiltonian"], bath(given["temperature"]))
        solution = qt.evolve(system, given["rho0"], given["ts"], throw=False)
        return solution.result == qt.RESULTS.successful, solution.state

    negative = jnp.diag(jnp.array([1.001, -0.001]) + 0j)
    right = {"hamiltonian": N, "temperature": 1.2, "rho0": RHO, "ts": TS}
    check(
        solve, right,
        hamiltonian=[N + LOWER, N + 1e-3j * jnp.eye(2), NAN * N],
        temperature=[-1.0, -1e-300, NAN],
        rho0=[1.001 * RHO, NAN * RHO, negative, RHO + 1e-3 * LOWER],
        ts=[TS[::-1], jnp.array([0.0, 0.5, 0.5]), jnp.array([0.0, 0.5, INF])],
    )  # fmt: skip


def test_of_a_steady_state():
    def solve(given):
        system = qt.OpenSystem(given["hamiltonian"], bath(given["temperature"]))
        solution = qt.steady_state(system, throw=False)
        return solution.result == qt.RESULTS.successful, solution.state

    right = {"hamiltonian": N, "temperature": 1.2}
    check(solve, right, hamiltonian=[N + LOWER, NAN * N], temperature=[-1.0, NAN])


def test_of_a_limit_cycle():
    def solve(given):
        hot = qt.OpenSystem(2.0 * given["hamiltonian"], bath(given["temperature"]))
        cold = qt.OpenSystem(given["hamiltonian"], bath(1.0))
        cycle = qt.Cycle([qt.Stroke(hot, given["duration"], "hot"), qt.Stroke(cold, 1.0, "cold")])
        solution = qt.limit_cycle(cycle, throw=False)
        return solution.result == qt.RESULTS.successful, solution.states

    right = {"hamiltonian": N, "temperature": 4.0, "duration": 1.0}
    check(solve, right, hamiltonian=[N + LOWER], temperature=[-1.0, NAN], duration=[-1.0, INF, NAN])


WRONG = {  # of x = 0.7 right, and of x = -0.7 what is refused outside
    "rate of a lead": lambda x: qd.FermionicLead(LOWER, 1.0, 0.5, 0.3, x),
    "rate of a moving lead": lambda x: qd.FermionicLead(LOWER, lambda t: 1.0 + t, 0.5, 0.3, x),
    "what a lead takes": lambda x: qd.FermionicLead(
        LOWER + (0.7 - x) * X, 1.0, 0.5, 0.3, 0.1, number=N
    ),
    "rate of a Redfield lead": lambda x: qd.RedfieldLead(LOWER, 0.5, 0.3, x, number=N),
    "cutoff": lambda x: qd.RedfieldBath(X, 0.5, qt.Ohmic(0.1), cutoff=x),
    "fresh state": lambda x: qd.ResetBath(N, 0.1, state=(0.2 - x) * (-jnp.eye(2))),
    "matrix of rates": lambda x: qd.RateMatrix([LOWER, LOWER.T], jnp.diag(jnp.stack([x, 0.1]))),
    "rate of dephasing": lambda x: qd.Dephasing(X, x),
    "times of a schedule": lambda x: qt.Lindblad(
        LOWER, qt.PiecewiseConstant(jnp.stack([0.2, 0.2 + x]), np.arange(3.0))
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_of_a_bath(what):
    """The rates or operators of a bath with a wrong traced number are nan, and only those."""

    def finite(x):
        rates, operators = qd.jump_operators(WRONG[what](x), qt.Static(N), 0.1)
        return jnp.isfinite(jnp.sum(rates[:, None, None] * operators))

    assert jax.jit(jax.vmap(finite))(jnp.array([0.7, -0.7])).tolist() == [True, False]
    if what != "rate of a moving lead":  # is only known as a function
        with pytest.raises(ValueError, match=r"must|sorted"):
            WRONG[what](-0.7)


@pytest.mark.parametrize("moves", [False, True])
def test_a_hamiltonian_that_mixes_the_particles_of_a_redfield_lead(moves):
    lead = qd.RedfieldLead(LOWER, 0.5, 0.3, 0.1, number=N)

    def finite(x):
        h = qt.Driven([(lambda t: 1.0 + t, N), (x, X)]) if moves else qt.Static(N + x * X)
        rates, operators = qd.jump_operators(lead, h, 0.1)
        return jnp.isfinite(jnp.sum(rates[:, None, None] * operators))

    assert jax.jit(jax.vmap(finite))(jnp.array([0.0, 0.7])).tolist() == [True, False]


def test_a_right_value_keeps_its_derivative():
    def heat(temperature):
        system = qt.OpenSystem(N, bath(temperature))
        return qt.evolve(system, RHO, TS).ledger.heat[-1, 0]

    step = 1e-4
    slope = (heat(1.2 + step) - heat(1.2 - step)) / (2.0 * step)
    np.testing.assert_allclose(jax.grad(heat)(1.2), slope, rtol=1e-6)


class OwnBath(qt.AbstractDissipator):
    temperature: jax.Array

    def channels(self, hamiltonian):
        return qt.Channel(0.1, LOWER), qt.Channel(0.05, LOWER.T)


BATHS = {  # at a temperature
    "a label": lambda t: qt.Lindblad([LOWER, LOWER.T], [0.1, 0.05], temperature=t),
    "of a bath of one's own": OwnBath,
    "of a local bath": bath,
    "of a Davies bath": lambda t: qt.DaviesBath(N, X, t, qt.Flat(0.1)),
    "of a Redfield bath": lambda t: qd.RedfieldBath(X, t, qt.Ohmic(0.1)),
    "of a lead": lambda t: qd.FermionicLead(LOWER, 1.0, t, 0.3, 0.1),
}


@pytest.mark.parametrize("what", BATHS)
def test_a_temperature_that_is_put_in_place_of_a_checked_one(what):
    """What uses it is nan: a bath's array leaves are parameters, and no check sees them."""

    def found(temperature):
        given = eqx.tree_at(lambda bath: bath.temperature, BATHS[what](jnp.ones(())), temperature)
        return qt.rates(qt.OpenSystem(N, given), 0.0, RHO).spohn_production

    values = jax.jit(jax.vmap(found))(jnp.array([0.7, -0.7, NAN]))
    assert jnp.isfinite(values).tolist() == [True, False, False]


@pytest.mark.parametrize("function", [
    lambda t: jnp.sum(qt.thermal_state(N, t).real),
    lambda t: qt.information.free_energy(RHO, N, t),
    lambda t: qt.information.equilibrium_free_energy(N, t),
    lambda t: qt.information.gibbs_divergence(RHO, N, t),
    lambda t: qd.thermal_rates(qt.Flat(0.1), 1.0, t)[0],
    lambda t: qd.fermi_occupations(1.0, t, 0.3)[0],
])  # fmt: skip
def test_a_traced_negative_temperature_gives_nan(function):
    found = jax.jit(jax.vmap(function))(jnp.array([0.7, -0.7, 0.0]))
    assert jnp.isfinite(found[:2]).tolist() == [True, False]
    assert not jnp.isnan(found[2])
