"""Hamiltonians that are functions of time: taken apart into schedules and operators, and right."""

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.dynamics.hamiltonians import Term
from qtjax.dynamics.separated import separated

X, Y, Z, LOWER = qt.sigmax(), qt.sigmay(), qt.sigmaz(), qt.destroy(2)
RHO = jnp.array([[0.6, 0.1], [0.1, 0.4]], complex)
TS = np.array([0.0, 1.0, 4.0])
BATH = qt.Lindblad(LOWER, 0.1)


def _driven(v):
    drive = qt.Driven([(0.3, X), (lambda t: 0.5 + v * jnp.sin(t), Z)])
    return qt.evolve(qt.OpenSystem(drive, BATH), RHO, TS)


def _function(v):
    h = lambda t: 0.3 * X + (0.5 + v * jnp.sin(t)) * Z  # noqa: E731
    return qt.evolve(qt.OpenSystem(h, BATH), RHO, TS)


class Drive(eqx.Module):
    v: jax.Array

    def __call__(self, t):
        return 0.3 * X + 0.5 * Z + self.v * jnp.sin(t) * Z


def _module(v):
    return qt.evolve(qt.OpenSystem(Drive(jnp.asarray(v)), BATH), RHO, TS)


@pytest.mark.parametrize("way", [_function, _module])
def test_a_function_is_integrated_as_the_sum_it_is(way):
    found, expected = way(0.8), _driven(0.8)
    assert found.stats["num_steps"] == expected.stats["num_steps"]
    np.testing.assert_allclose(found.state, expected.state, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.ledger.work, expected.ledger.work, rtol=0, atol=1e-12)

    def work(way, v):
        return way(v).ledger.work[-1]

    slopes = [jax.jit(jax.grad(lambda v, w=w: work(w, v)))(0.8) for w in (way, _driven)]
    np.testing.assert_allclose(*slopes, rtol=1e-9)


def test_which_operators_are_found():
    def h(t):
        return qt.embed(jnp.cos(t) * X, (2, 2), 0) + qt.embed(0.5 * Z, (2, 2), 1)

    terms = separated(qt.OpenSystem(h)).hamiltonian.terms()
    assert len(terms) == 2
    assert all(isinstance(term, Term) for term in terms)
    np.testing.assert_allclose(sum(term(0.7) for term in terms), h(0.7), atol=1e-15)


def test_scalars_of_one_operator_are_one_schedule():
    def h(t):
        rotating = jnp.exp(2j * t) * LOWER
        return rotating + qt.dag(rotating) + sum(jnp.sin(k * t) for k in range(1, 5)) * Z

    terms = separated(qt.OpenSystem(h)).hamiltonian.terms()
    assert len(terms) == 3
    np.testing.assert_allclose(sum(term(0.7) for term in terms), h(0.7), atol=1e-15)


class Switched(qt.AbstractHamiltonian):
    """A sum that knows more of itself than its value."""

    def __call__(self, t):
        return Z + jnp.where(t < 2.0, 0.0, 1.0) * X

    def breakpoints(self):
        return jnp.array([2.0])

    def jumps(self):
        return jnp.array([2.0])


def test_what_a_class_says_of_its_times_is_kept():
    system = qt.OpenSystem(Switched())
    known = separated(system).hamiltonian
    assert known.is_sum
    assert not system.hamiltonian.is_sum
    assert known.breakpoints() == known.jumps() == 2.0


def test_what_is_no_sum_stays_a_function():
    def h(t):
        u = jax.scipy.linalg.expm(-1j * t * X)
        return u @ Z @ qt.dag(u)

    system = qt.OpenSystem(h, BATH)
    assert separated(system) is system
    found = qt.evolve(system, RHO, TS)
    turning = qt.OpenSystem(lambda t: jnp.cos(2 * t) * Z - jnp.sin(2 * t) * Y, BATH)
    np.testing.assert_allclose(found.state, qt.evolve(turning, RHO, TS).state, rtol=0, atol=1e-7)


@pytest.mark.parametrize("added", [LOWER, LOWER - LOWER.T], ids=["half of it", "all of it"])
def test_what_is_not_hermitian_later_is_not_successful(added):
    """Only Hermitian parts are integrated: that the rest is 0 is looked at all along."""
    system = qt.OpenSystem(lambda t: Z + jnp.maximum(t - 2.0, 0.0) * added, BATH)
    found = qt.evolve(system, RHO, TS, throw=False)
    assert bool(found.result == qt.RESULTS.not_hermitian)


def test_a_function_that_does_not_move_is_exact():
    found = qt.evolve(qt.OpenSystem(lambda t: 0.3 * X + Z, BATH), RHO, TS)
    assert found.method == "propagator"
    expected = qt.evolve(qt.OpenSystem(0.3 * X + Z, BATH), RHO, TS)
    np.testing.assert_allclose(found.state, expected.state, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("function", "time"),
    [
        (lambda t: jnp.where(t < 2.0, 0.5, 1.0), 2.0),
        (lambda t: 0.5 + 0.5 * jnp.floor((t + 0.3) * 1.3 / 4.0), 4.0 / 1.3 - 0.3),
    ],
    ids=["branch", "floor"],
)
def test_jumps_of_a_function_are_found_and_booked(function, time):
    system = qt.OpenSystem(lambda t: function(t) * Z + 0.2 * X, BATH)
    known = qt.Driven([(qt.PiecewiseConstant([time], [0.5, 1.0]), Z), (0.2, X)])
    found, expected = (qt.evolve(s, RHO, TS) for s in (system, qt.OpenSystem(known, BATH)))
    np.testing.assert_allclose(found.state, expected.state, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found.ledger.work, expected.ledger.work, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    "drive",
    [
        lambda t: 0.2 * jnp.sin(3.0 * t),
        pytest.param(lambda t: jnp.exp(-t) * jnp.cos(5.0 * t) - 0.5, marks=pytest.mark.slow),
        pytest.param(qt.Fourier(-0.1, [1.0, 0.2], [0.3, 0.0], 6.0), marks=pytest.mark.slow),
    ],
    ids=["sine", "decaying", "series"],
)
def test_baths_that_follow_waves_are_right(drive):
    """Levels that nearly meet again and again, in few saved times."""
    h = qt.Driven([(drive, Z), (0.1, X)])
    bath = qt.AdiabaticBath(X + 0.5 * Z, 0.3, qt.Ohmic(0.1, 4.0))
    system = qt.OpenSystem(h, bath)
    (channel,) = bath.channels(h)
    assert isinstance(channel, qt.Moving)
    assert channel.radius is not None  # nothing has to be sampled
    found = qt.evolve(system, RHO, TS, rtol=1e-9, atol=1e-11)
    assert found.method == "taylor"
    sampled = qt.evolve(system, RHO, TS, solver=dfx.Dopri8(), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found.state, sampled.state, rtol=0, atol=2e-9)
    np.testing.assert_allclose(found.ledger.heat, sampled.ledger.heat, rtol=0, atol=2e-9)
