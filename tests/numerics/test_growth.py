"""What a function of time can do, read off its traced form, and what it is worth."""

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.numerics.growth import growth

Z, X = qt.sigmaz(), qt.sigmax()
RHO = jnp.array([[0.6, 0.1], [0.1, 0.4]], complex)
AMPLITUDES = jnp.array([0.3, -0.2, 0.1])

POLYNOMIALS = {
    "constant": (lambda t: jnp.asarray(2.0), 0),
    "line": (lambda t: 0.5 + 0.1 * t, 1),
    "cubic": (lambda t: 2.0 * (1.0 + t) ** 3 - t, 3),
    "product": (lambda t: (1.0 - t) * (t * t + 1.0), 3),
    "matrix": (lambda t: t * Z + t**2 * X, 2),
    "under jit": (jax.jit(lambda t: 3.0 * t), 1),
}
WAVES = {
    "sine": (lambda t: t * jnp.sin(3.0 * t + 1.0), 1, 3.0),
    "beats": (lambda t: jnp.cos(2.0 * t) * jnp.cos(5.0 * (t - 1.0)), 0, 7.0),
    "series": (lambda t: AMPLITUDES @ jnp.sin(jnp.arange(1, 4) * jnp.pi * t), 0, 3.0 * np.pi),
    "squared": (lambda t: jnp.sin(3.0 * t) ** 2, 0, 6.0),
    "phase": (lambda t: jnp.exp(-2.0j * t).real, 0, 2.0),
    "decay": (lambda t: 1.0 + jnp.exp(-0.5 * t), 0, 0.5),
}
UNKNOWN = {
    "branch": lambda t: jnp.where(t > 1.0, 1.0, 0.0),
    "bell": lambda t: jnp.exp(-((t - 5.0) ** 2)),
    "floor": lambda t: jnp.floor(t),
    "modulo": lambda t: t % 1.0,
    "modulus": lambda t: jnp.abs(t - 1.0),
    "whole": lambda t: t.astype(int).astype(float),
    "root": lambda t: jnp.sqrt(1.0 + t),
    "wave of a wave": lambda t: jnp.sin(t**2),
    "degree": lambda t: t**9,
    "scan": lambda t: jnp.polyval(AMPLITUDES, t),
    "looked up": lambda t: jnp.interp(t, jnp.arange(3.0), AMPLITUDES),
    "loop": lambda t: jax.lax.fori_loop(0, 3, lambda _, x: jnp.sin(x), t),
}


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_polynomials_are_known_by_their_degree(name):
    function, degree = POLYNOMIALS[name]
    found = growth(function, 0.7)
    assert found.degree == degree
    assert found.type is None


@pytest.mark.parametrize("name", WAVES)
def test_waves_are_known_by_their_frequency(name):
    function, degree, frequency = WAVES[name]
    found = growth(function, 0.7)
    assert found.degree == degree
    assert float(found.type) == pytest.approx(frequency, rel=1e-12)


@pytest.mark.parametrize("name", UNKNOWN)
def test_nothing_is_claimed_of_other_functions(name):
    assert growth(UNKNOWN[name], 0.7) is None


def test_frequencies_may_be_traced_and_differ_between_lanes():
    found = jax.jit(jax.vmap(lambda w: growth(lambda t: jnp.cos(w * t), 0.0).type))
    np.testing.assert_array_equal(found(jnp.array([1.0, -3.0])), [1.0, 3.0])


def test_a_lambda_that_is_a_line_is_a_schedule():
    """The same method, steps and numbers, to rounding."""
    ts, bath = jnp.linspace(0.0, 10.0, 4), qt.Lindblad([qt.create(2)], [0.2])
    drives = qt.Linear(0.5, 1.5, 0.0, 10.0), lambda t: 0.5 + 0.1 * t
    one, other = (
        qt.evolve(qt.OpenSystem(qt.Driven([(0.3, X), (drive, Z)]), bath), RHO, ts)
        for drive in drives
    )
    assert one.method == other.method == "taylor"
    assert one.stats["num_steps"] == other.stats["num_steps"]
    np.testing.assert_allclose(one.saved, other.saved, atol=1e-14)
    np.testing.assert_allclose(one.ledger.work, other.ledger.work, atol=1e-14)


@pytest.mark.parametrize("frequency", [3.0, 30.0])
def test_no_period_is_stepped_over(frequency):
    """U = exp(-i x X) with x = a sin(w t)/w, at the end of 48 periods too."""
    t, a = 10.0, 30.0
    h = qt.Driven([(lambda t: a * jnp.cos(frequency * t), X)])
    for options in (
        ({}, {"solver": qt.Taylor()}) if frequency < 10.0 else ({"solver": qt.Taylor()},)
    ):
        found = qt.evolve(
            qt.OpenSystem(h), jnp.diag(jnp.array([1.0, 0.0j])), jnp.array([0.0, t]), **options
        )
        angle = a * np.sin(frequency * t) / frequency
        assert found.state[0, 0].real == pytest.approx(np.cos(angle) ** 2, abs=1e-10)


@pytest.mark.parametrize("gap", [0.3, 2e-3])
def test_a_bath_that_follows_a_crossing(gap):
    """At a gap of 2e-3 the projectors turn within 1/5,000 of the time between saved ones."""
    h = qt.Driven([(gap, X), (qt.Linear(-5.0, 5.0, 0.0, 10.0), Z)])
    system = qt.OpenSystem(h, qt.AdiabaticBath(X + 0.5 * Z, 0.7, qt.Ohmic(0.05, 8.0)))
    ts = jnp.array([0.0, 3.0, 10.0])
    found = qt.evolve(system, RHO, ts)
    wanted = qt.evolve(system, RHO, ts, solver=dfx.Dopri8(), max_steps=10**6)
    assert found.method == "taylor"
    np.testing.assert_allclose(found.saved, wanted.saved, atol=2e-10)
    np.testing.assert_allclose(found.ledger.heat, wanted.ledger.heat, atol=2e-10)


@pytest.mark.parametrize("y", [0.0, 0.2])
def test_the_closed_form_of_a_following_qubit_is_its_jump_operators(y):
    """Where H(t) has no part along an axis, less is left of it."""
    terms = [(0.4, X), (qt.Linear(-1.0, 2.0), Z), *([(y, qt.sigmay())] if y else [])]
    h = qt.Driven(terms)
    couplings = [X + 0.3 * Z, qt.sigmay() + 0.7 * qt.identity(2)]
    bath = qt.AdiabaticBath(couplings, 0.6, qt.Ohmic(0.2, 5.0), zero_frequency=0.1)
    (moving,) = bath.channels(h)
    assert len(moving.matrices) == (10 if y else 6)
    rho = qt.algebra.from_bloch(jnp.array([0.3, -0.2, 0.5]))
    for t in (0.0, 0.35, 0.9):
        wanted = qt.dynamics.dissipate(*moving.function(t), rho)
        basis = [qt.identity(2), X, qt.sigmay(), Z]
        x = jnp.array([jnp.trace(rho @ b).real for b in basis]) / np.sqrt(2.0)
        matrix = sum(a * m for a, m in zip(moving.scalars(t), moving.matrices, strict=True))
        found = sum(c * b for c, b in zip(matrix @ x, basis, strict=True)) / np.sqrt(2.0)
        np.testing.assert_allclose(found, wanted, atol=1e-15)


class Sampled(qt.AbstractDissipator):
    """A bath of which nothing but its rates and operators at a time is known."""

    bath: qt.AdiabaticBath

    @property
    def temperature(self):
        return self.bath.temperature

    def channels(self, hamiltonian):
        (moving,) = self.bath.channels(hamiltonian)
        return (qt.Moving(lambda t: moving.function(t)),)


@pytest.mark.slow
def test_two_baths_that_follow_under_jit_and_grad():
    """Their heats are those of the same jump operators, sampled; their slopes are differences."""
    h = qt.Driven([(0.3, X), (qt.Linear(0.5, 1.5, 0.0, 2.0), Z)])

    def heats(temperature):
        baths = [qt.AdiabaticBath(X, t, qt.Flat(0.1)) for t in (temperature, 2.0 * temperature)]
        ts = jnp.array([0.0, 2.0])
        return qt.evolve(qt.OpenSystem(h, baths), RHO, ts, throw=False).ledger.heat[-1]

    found = jax.jit(heats)(0.5)
    np.testing.assert_allclose(found, heats(0.5), atol=1e-13)
    baths = [Sampled(qt.AdiabaticBath(X, t, qt.Flat(0.1))) for t in (0.5, 1.0)]
    sampled = qt.evolve(qt.OpenSystem(h, baths), RHO, jnp.array([0.0, 2.0]), solver=dfx.Dopri8())
    np.testing.assert_allclose(found, sampled.ledger.heat[-1], atol=1e-10)
    difference = (heats(0.5 + 1e-5) - heats(0.5 - 1e-5)) / 2e-5
    np.testing.assert_allclose(jax.jit(jax.jacrev(heats))(0.5), difference, atol=1e-8)


def test_a_gap_that_closes_in_the_middle_of_an_interval():
    """At 5 of 0 ... 8; under H = f(t) Z and an Ohmic bath the coherence decays by its integral."""
    h = qt.Driven([(qt.Linear(-5.0, 3.0, 0.0, 8.0), Z)])
    bath = qt.AdiabaticBath(X, 0.7, qt.Ohmic(0.05, 8.0))
    found = qt.evolve(qt.OpenSystem(h, bath), RHO, jnp.array([0.0, 8.0]))
    ts = np.linspace(0.0, 8.0, 160_002)[:-1] + 8.0 / 320_002  # the middle rule; none is at 5
    omega = 2.0 * np.abs(ts - 5.0)
    rates = 0.05 * omega * np.exp(-omega / 8.0) / np.tanh(omega / 1.4)
    decay = np.exp(-0.5 * np.mean(rates) * 8.0)
    assert float(jnp.abs(found.state[0, 1])) == pytest.approx(0.1 * decay, rel=1e-8)


def test_of_no_waves_at_all():
    nothing = jnp.zeros(0)
    found = growth(lambda t: 2.0 + nothing @ jnp.cos(nothing * t), 0.0)
    assert found.degree == 0
    assert found.type == 0.0
