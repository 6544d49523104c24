"""Squeezed thermal baths: decay rates, moments, what is left as it is, production, bad input."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.dynamics import SqueezedBath
from qtjax.dynamics.open_system import warn_unless_gibbs
from qtjax.thermodynamics import spohn_production

N, D = qt.number(2), qt.destroy(2)
GAP, RATE = 1.3, 0.8


def qubit(temperature, squeezing, phase):
    bath = SqueezedBath(D, GAP, temperature, RATE, squeezing, phase)
    return qt.OpenSystem(0.0 * N, bath, energy=GAP * N)


@jax.jit
def measured(x, rho):
    """(generator, Spohn's production, what happens to the reference state, N, M) of a qubit."""
    system = qubit(*x)
    bath = system.baths[0]
    moved = qt.dynamics.dissipative_parts(system, 0.0, bath.reference(GAP * N))[0]
    production = spohn_production(system, 0.0, rho)
    return qt.dynamics.liouvillian(system), production, moved, bath.quanta, bath.anomalous


def test_decay_rates_of_a_qubit_in_squeezed_light():
    """Gardiner's: gamma (2N + 1) of the inversion and gamma (N + 1/2 -+ |M|) of the quadratures."""
    for x in ((0.7, 0.6, 0.4), (0.0, 0.9, 0.0), (2.0, 0.0, 1.0)):
        generator, _, _, n, m = measured(np.array(x), 0.5 * jnp.eye(2, dtype=complex))
        quadratures = n + 0.5 + np.array([-1.0, 1.0]) * abs(m)
        expected = np.sort([0.0, RATE * (2 * n + 1), *(RATE * quadratures)])
        np.testing.assert_allclose(
            np.sort(-np.linalg.eigvals(generator).real), expected, rtol=1e-12, atol=1e-14
        )


def test_laws_of_random_squeezed_qubits():
    for k, x in enumerate(np.abs(np.random.default_rng(1).normal(size=(8, 3)))):
        rho = qt.algebra.random_density_matrix(jax.random.key(k), 2)
        generator, production, moved, n, _ = measured(x, rho)
        assert np.max(np.abs(moved)) < 1e-14 * (1.0 + n)
        assert np.max(np.abs(np.eye(2).reshape(-1) @ generator)) < 1e-14 * (1.0 + n)
        assert production >= 0.0


def test_a_cold_squeezed_bath_keeps_its_production():
    """At T = 0 the reference state of two levels is mixed, so the production is finite."""
    cold = measured(np.array([0.0, 0.5, 0.0]), qt.thermal_state(N, 1.0))[1]
    assert 0.0 < cold < 10.0
    pure = measured(np.array([0.0, 0.0, 0.0]), qt.thermal_state(N, 1.0))[1]
    assert np.isposinf(pure)


def test_the_state_of_an_oscillator_and_the_flux_of_one_far_above_it():
    a = qt.destroy(24)
    bath = SqueezedBath(a, GAP, 0.5, RATE, 0.3, 0.4)
    system = qt.OpenSystem(0.0 * a, bath, energy=GAP * a.T @ a)

    @jax.jit
    def run(rho):
        state = bath.reference(0.0 * a)
        moved = qt.dynamics.dissipative_parts(system, 0.0, state)
        rates = qt.rates(system, 0.0, rho, support=1e-300, tolerance=jnp.inf)
        return state, moved, rates.spohn_production

    hot = qt.thermal_state(GAP * a.T @ a, 2.0)
    state, moved, production = run(hot)
    np.testing.assert_allclose(jnp.trace(a.T @ a @ state).real, bath.quanta, rtol=1e-7)
    np.testing.assert_allclose(jnp.trace(a @ a @ state), bath.anomalous, rtol=1e-7)
    assert np.max(np.abs(moved)) < 1e-7
    # S' and <R^+R>' of a thermal state by its moments, dissipated at rate gamma
    n = 1.0 / np.expm1(GAP / 2.0)
    n_dot = RATE * (bath.quanta - n)
    r = 0.3
    mode = n * np.cosh(2 * r) + np.sinh(r) ** 2  # <R^+R>, which decays to the bath's n
    mode_dot = RATE * (1.0 / np.expm1(GAP / 0.5) - mode)
    expected = n_dot * GAP / 2.0 - mode_dot * GAP / 0.5
    np.testing.assert_allclose(production, expected, rtol=1e-4)


def test_moments_give_the_bath_back():
    bath = SqueezedBath(qt.destroy(24), GAP, 0.5, RATE, 0.3, 0.4)
    same = SqueezedBath.from_moments(bath.lowering, GAP, bath.quanta, bath.anomalous, RATE)
    found = [same.temperature, same.squeezing, same.phase]
    np.testing.assert_allclose(found, [0.5, 0.3, 0.4], rtol=1e-12)
    impossible = jax.jit(lambda m: SqueezedBath.from_moments(D, GAP, 0.5, m, RATE).squeezing)
    assert np.isnan(impossible(0.9))
    vacuum = SqueezedBath.from_moments(D, GAP, np.sinh(0.4) ** 2, np.sinh(0.8) / 2, RATE)
    assert vacuum.temperature < 0.05
    np.testing.assert_allclose(vacuum.squeezing, 0.4, rtol=1e-12)


def test_without_squeezing_it_is_a_local_bath():
    squeezed = SqueezedBath(D, GAP, 0.7, RATE, 0.0, 0.3)
    local = qt.LocalBath(D, GAP, 0.7, qt.Flat(RATE))
    h = qt.Static(GAP * N)
    for one, other in zip(
        qt.dynamics.jump_operators(squeezed, h, 0.0),
        qt.dynamics.jump_operators(local, h, 0.0),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-15)


def test_gradients_and_batches():
    rho = qt.algebra.from_bloch(jnp.array([0.2, 0.1, 0.4]))

    def both(x):
        system = qubit(*x)
        heat = qt.dynamics.heat_currents(system, 0.0, rho)[0]
        return heat + spohn_production(system, 0.0, rho)

    x, steps = jnp.array([0.7, 0.6, 0.4]), 1e-5 * jnp.eye(3)
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(both)))(
        jnp.concatenate([x + steps, x - steps, x[None]])
    )
    np.testing.assert_allclose(slopes[6], (values[:3] - values[3:6]) / 2e-5, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SqueezedBath(D, 0.0, 1.0, 1.0, 0.3), "`gap` must be > 0"),
        (lambda: SqueezedBath(D, 1.0, -1.0, 1.0, 0.3), "`temperature` must be >= 0"),
        (lambda: SqueezedBath(D, 1.0, 1.0, 1.0, -0.3), "`squeezing` must be >= 0"),
        (lambda: SqueezedBath(qt.destroy(6), 1.0, 1.0, 1.0, 2.0), "keep many more levels"),
        (lambda: SqueezedBath.from_moments(D, 1.0, 0.5, 0.9, 1.0), "no state with N = 0.5"),
    ],
)
def test_bad_squeezing(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_too_few_levels_are_warned_of():
    a = qt.destroy(8)
    system = qt.OpenSystem(0.0 * a, SqueezedBath(a, 1.0, 0.5, 1.0, 0.5), energy=a.T @ a)
    defects = qt.dynamics.gibbs_defects(system, 0.0)
    with pytest.warns(UserWarning, match="enough levels, for an oscillator"):
        warn_unless_gibbs(system, defects)
    warn_unless_gibbs(qt.OpenSystem(0.0 * a, Pump(0.5), energy=a.T @ a), defects)


class Pump(qt.AbstractDissipator):
    """A bath that tells that its fixed point is not its Gibbs state, so nothing is warned of."""

    temperature: float
    keeps_reference: ClassVar[bool] = False

    def channels(self, hamiltonian):
        return (qt.dynamics.Channel(0.1, qt.create(8)),)


def test_derivatives_by_moments_are_those_of_a_generator_linear_in_them():
    rho = jnp.array([[0.3, 0.2 + 0.1j], [0.2 - 0.1j, 0.7]])

    def moved(n, real, imaginary):
        bath = SqueezedBath.from_moments(D, GAP, n, real + 1j * imaginary, RATE)
        return qt.dynamics.right_hand_side(qt.OpenSystem(0.0 * N, bath), 0.0, rho)

    def jump(left, right):
        loss = right.conj().T @ left
        return RATE * (left @ rho @ right.conj().T - 0.5 * (loss @ rho + rho @ loss))

    up = D.conj().T
    by_n, pair, other = jump(D, D) + jump(up, up), -jump(up, D), -jump(D, up)
    expected = [by_n, pair + other, 1j * (pair - other)]
    slopes = jax.jit(jax.vmap(jax.jacfwd(moved, (0, 1, 2))))
    moments = [(1.0, 0.3, 0.4), (1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (2.0, 0.0, np.sqrt(6.0))]
    for found, wanted in zip(slopes(*np.transpose(moments)), expected, strict=True):
        np.testing.assert_allclose(found, [wanted] * 4, rtol=0, atol=1e-11)


def test_a_squeezed_vacuum_of_many_quanta_has_the_rates_of_its_moments():
    bath = SqueezedBath.from_moments(D, GAP, 1e4, np.sqrt(1e4 * (1e4 + 1.0)), RATE)
    np.testing.assert_allclose(
        qt.dynamics.right_hand_side(qt.OpenSystem(0.0 * N, bath), 0.0, qt.pure_state([1, 0])),
        RATE * 1e4 * np.diag([-1.0, 1.0]), rtol=1e-12, atol=1e-12 * 1e4,
    )  # fmt: skip
