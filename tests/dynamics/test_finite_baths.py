"""Finite baths: equilibration, the balance of entropies, gradients, bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.dynamics import evolve_with_finite_baths

N, D = qt.number(2), qt.destroy(2)
TS = jnp.array([0.0, 0.5, 4.0])


def run(x, ts):
    """x = (gap, T_hot, T_cold, C_hot, C_cold)."""
    baths = [qt.LocalBath(D, x[0], temperature, qt.Flat(1.0)) for temperature in x[1:3]]
    rho0 = qt.thermal_state(N, 0.7)
    return evolve_with_finite_baths(qt.OpenSystem(x[0] * N, baths), rho0, ts, x[3:], throw=False)


solved = jax.jit(run)
X = jnp.array([1.2, 2.0, 0.5, 0.8, 0.3])


def test_books_and_entropies_of_two_finite_baths():
    found = solved(X, TS)
    assert found.result == qt.RESULTS.successful
    assert np.max(np.abs(found.first_law_residual)) < 1e-10
    change = X[3:] * (X[1:3] - found.temperatures)
    np.testing.assert_allclose(found.heat, change, rtol=0, atol=1e-11)
    # C ln(T/T0) is the entropy of a bath of constant capacity
    np.testing.assert_allclose(
        found.bath_entropy, X[3:] * jnp.log(found.temperatures / X[1:3]), rtol=0, atol=1e-10
    )
    assert np.all(np.diff(found.production) > 0.0)


def test_all_come_to_one_temperature():
    found = solved(X, jnp.array([0.0, 40.0, 80.0]))
    hot, cold = found.temperatures[-1]
    np.testing.assert_allclose(hot, cold, rtol=1e-9)
    excited = 1.0 / (1.0 + np.exp(X[0] / hot))
    np.testing.assert_allclose(found.states[-1, 1, 1].real, excited, rtol=1e-9)
    start = qt.thermal_state(N, 0.7)[1, 1].real
    total = X[0] * (excited - start) + X[3] * (hot - X[1]) + X[4] * (cold - X[2])
    assert abs(total) < 1e-10


def test_an_infinite_bath_keeps_its_temperature():
    found = solved(X.at[3:].set(jnp.inf), TS)
    np.testing.assert_allclose(found.temperatures, [[2.0, 0.5]] * 3, rtol=1e-15)
    up = 1.0 / np.expm1(1.2 / np.array([2.0, 0.5]))
    total, start = np.sum(2 * up + 1), qt.thermal_state(N, 0.7)[1, 1].real
    last = up.sum() / total
    time = last * TS + (start - last) * (1 - np.exp(-total * TS)) / total  # int p dt
    heat = 1.2 * (up * TS[:, None] - (2 * up + 1) * time[:, None])
    np.testing.assert_allclose(found.heat, heat, rtol=0, atol=1e-10)


@pytest.mark.slow
def test_gradients_against_differences():
    def last(x):
        return run(x, TS).temperatures[-1, 1]

    slope = jax.jit(jax.grad(last))(X)
    lanes = jax.jit(jax.vmap(last))(jnp.concatenate([X + 1e-5 * jnp.eye(5), X - 1e-5 * jnp.eye(5)]))
    np.testing.assert_allclose(slope, (lanes[:5] - lanes[5:]) / 2e-5, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "drive", [qt.PiecewiseConstant([1.0], [1.0, 2.0]), lambda t: jnp.where(t < 1.0, 1.0, 2.0)]
)
def test_the_work_of_a_jump_is_booked(drive):
    """At t = 1, between the saved times, the gap doubles: W = p(1) beside what the bath gives."""
    h, bath = qt.Driven([(drive, N)]), qt.LocalBath(D, 1.0, 1.0, qt.Flat(0.5))
    rho0, capacities = qt.pure_state([0, 1]), [2.0]
    found = evolve_with_finite_baths(qt.OpenSystem(h, bath), rho0, TS, capacities)
    assert np.max(np.abs(found.first_law_residual)) < 1e-11
    before = evolve_with_finite_baths(qt.OpenSystem(N, bath), rho0, [0.0, 1.0], capacities)
    np.testing.assert_allclose(found.work, [0.0, 0.0, before.energy[-1]], rtol=0, atol=1e-11)


def test_a_traced_capacity_that_is_none_is_not_successful():
    good = solved(X.at[4].set(-0.3), TS).result == qt.RESULTS.successful
    assert not good


def test_bad_finite_baths():
    warm, cold = (qt.LocalBath(D, 1.0, temperature, qt.Flat(1.0)) for temperature in (1.0, 0.0))
    rho0 = qt.thermal_state(N, 0.7)
    for baths, capacities, message in (
        (cold, [1.0], "must have a temperature > 0"),
        (qt.Lindblad(D, 1.0), [1.0], "must have a temperature > 0"),
        (warm, [1.0, 2.0], "one number for each of the 1 baths"),
        (warm, [0.0], "`capacities` must be > 0"),
        (qt.Lindblad(D, 1.0, 0.5), [1.0], r"`baths\[0\]` \(Lindblad\) has rates that its temp"),
    ):
        with pytest.raises(ValueError, match=message):
            evolve_with_finite_baths(qt.OpenSystem(N, baths), rho0, TS, capacities)
    endless = qt.OpenSystem(N, qt.Lindblad(D, 1.0, 0.5))
    assert evolve_with_finite_baths(endless, rho0, TS, [np.inf]).temperatures[-1, 0] == 0.5
