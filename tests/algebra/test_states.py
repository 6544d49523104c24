"""States: Gibbs states with their limits and derivatives, random states, the Bloch vector."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from matrices import hermitian

from qtjax.algebra.operators import number, sigmax, sigmay, sigmaz, spin
from qtjax.algebra.states import (
    bloch_vector,
    from_bloch,
    ket,
    maximally_mixed,
    pure_state,
    random_density_matrix,
    thermal_state,
    truncation_population,
)

EXACT = 1e-14


DEGENERATE = (lambda v: (v * np.array([0.0, 0.0, 1.0])) @ v.conj().T)(
    np.linalg.eigh(hermitian(9, 3))[1]
)


def test_kets():
    np.testing.assert_array_equal(ket(1, 3), [0, 1, 0])
    np.testing.assert_array_equal(ket((1, 0), (2, 3)), np.kron([0, 1], [1, 0, 0]))


def test_pure_and_mixed():
    rho = pure_state(np.array([3.0, 4.0j]))
    np.testing.assert_allclose(rho, [[0.36, -0.48j], [0.48j, 0.64]], atol=EXACT)
    np.testing.assert_allclose(maximally_mixed(4), np.eye(4) / 4, atol=EXACT)


@pytest.mark.parametrize("d", [2, 3, 5])
@pytest.mark.parametrize("temperature", [0.3, 2.0])
def test_thermal_state_is_expm(d, temperature):
    h = hermitian(d, d)
    weights = scipy.linalg.expm(-h / temperature)
    tau = thermal_state(h, temperature)
    np.testing.assert_allclose(tau, weights / np.trace(weights), atol=1e-13)


def test_thermal_state_of_high_energies_does_not_overflow():
    tau = thermal_state(1e6 * sigmaz() - 1e9 * np.eye(2), 1.0)
    np.testing.assert_allclose(tau, np.diag([0.0, 1.0]), atol=EXACT)


def test_thermal_state_limits():
    ground = thermal_state(DEGENERATE, 0.0)
    projector = np.eye(3) - DEGENERATE
    np.testing.assert_allclose(ground, projector / 2, atol=EXACT)
    for cold in (1e-300, 1e-20):
        np.testing.assert_allclose(thermal_state(DEGENERATE, cold), ground, atol=1e-13)
    np.testing.assert_allclose(thermal_state(DEGENERATE, np.inf), np.eye(3) / 3, atol=EXACT)


@pytest.mark.parametrize("temperature", [0.0, 1e-200, 1e-3, np.inf])
@pytest.mark.parametrize("h", [number(2), number(3)])
def test_derivative_in_temperature_vanishes_at_both_ends(h, temperature):
    for mode in (jax.jacfwd, jax.jacrev):
        slope = jax.jit(mode(lambda t: thermal_state(h, t).real))(temperature)
        np.testing.assert_allclose(slope, np.zeros_like(slope), atol=1e-300)


def weighted(p, h, temperature, x, y):
    """Re tr(Y tau(H + p_0 X, T + p_1))."""
    return jnp.trace(y @ thermal_state(h + p[0] * x, temperature + p[1])).real


VALUE, GRADIENT, HESSIAN = (
    jax.jit(f) for f in (weighted, jax.grad(weighted), jax.hessian(weighted))
)


@pytest.mark.parametrize("h", [DEGENERATE, np.zeros((2, 2)), hermitian(3, 4)])
@pytest.mark.parametrize("temperature", [0.2, 1.0])
def test_derivatives_against_differences(h, temperature):
    arguments = (h.astype(complex), temperature, hermitian(1, len(h)), hermitian(2, len(h)))
    step = 1e-3
    gradient, hessian = (f(jnp.zeros(2), *arguments) for f in (GRADIENT, HESSIAN))
    for direction in np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]):
        at = [float(VALUE(k * step * direction, *arguments)) for k in (-2, -1, 0, 1, 2)]
        first = (at[0] - 8 * at[1] + 8 * at[3] - at[4]) / (12 * step)
        second = (-at[0] + 16 * at[1] - 30 * at[2] + 16 * at[3] - at[4]) / (12 * step**2)
        scale = 1 / temperature**5  # the fifth derivative in the truncation error, step^4 / 30
        atol = 1e-12 * scale + 1e-10
        np.testing.assert_allclose(gradient @ direction, first, atol=30 * atol)
        np.testing.assert_allclose(
            direction @ hessian @ direction, second, atol=3000 * atol, rtol=1e-6
        )


def test_derivative_of_the_ground_state_in_h():
    """First-order perturbation theory, |<e|X|g>| / (E_g - E_e), at T = 0."""
    slope = jax.jit(jax.jacfwd(lambda x: thermal_state(number(2) + x * sigmax(), 0.0)))(0.0)
    np.testing.assert_allclose(slope, -np.array([[0, 1], [1, 0]]), atol=EXACT)


def test_vmap_over_temperatures_including_zero_and_infinity():
    temperatures = jnp.array([0.0, 0.5, jnp.inf])
    together = jax.jit(jax.vmap(lambda t: thermal_state(DEGENERATE, t)))(temperatures)
    for lane, t in zip(together, temperatures, strict=True):
        np.testing.assert_allclose(lane, thermal_state(DEGENERATE, t), atol=1e-13)


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_random_states_are_states_of_the_rank_asked_for(rank):
    rho = random_density_matrix(jax.random.key(0), 4, rank)
    lam = np.linalg.eigvalsh(rho)
    assert np.sum(lam > 1e-12) == rank
    assert lam.min() > -1e-15
    assert np.trace(rho).real == pytest.approx(1.0, abs=EXACT)


def test_bloch_vector_and_back():
    r = np.array([0.3, -0.4, 0.5])
    rho = from_bloch(r)
    np.testing.assert_allclose(bloch_vector(rho), r, atol=EXACT)
    traces = [np.trace(rho @ s).real for s in (sigmax(), sigmay(), sigmaz())]
    np.testing.assert_allclose(traces, r, atol=EXACT)
    np.testing.assert_array_equal(from_bloch(r.tolist()), rho)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ket(2, 2), r"`levels` must name one level .* got \(2,\)"),
        (lambda: ket((0, 1), (2,)), "`levels` must name one level"),
        (lambda: pure_state(np.zeros(2)), "`vector` must not be zero"),
        (lambda: thermal_state(number(2), -1.0), "`temperature` must be >= 0, got -1.0"),
        (lambda: thermal_state(number(2), np.nan), "`temperature` must be a number, got nan"),
        (lambda: thermal_state(np.triu(np.ones((2, 2))), 1.0), "`hamiltonian` must be Hermitian"),
        (lambda: random_density_matrix(jax.random.key(0), 2, 3), "`rank` must lie between 1 and"),
        (lambda: bloch_vector(np.eye(3) / 3), "`rho` must be 2 x 2"),
        (lambda: from_bloch(np.array([1.0, 1.0, 0.0])), "`vector` must have length <= 1"),
        (lambda: maximally_mixed(0), "`d` must be an integer >= 1"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_truncated_oscillator_is_warned_of_and_can_be_asked_for():
    """30 levels at T = 16 omega: <n> = 10.05 instead of 15.42."""
    omega, temperature, d = 0.628319, 10.0, 30
    message = r"kept to 30 levels, .* population 0.012 .* <n> = 10.05, without the cut 15.42"
    for shift in (0.0, 0.5):
        with pytest.warns(UserWarning, match=message):
            rho = thermal_state(omega * (number(d) + shift * np.eye(d)), temperature)
    weights = np.exp(-omega / temperature * np.arange(d))
    top = weights[-1] / weights.sum()
    assert float(truncation_population(rho)) == pytest.approx(top, rel=1e-12)
    whole = np.kron(np.eye(2) / 2, rho)
    assert float(truncation_population(whole, (2, d), 1)) == pytest.approx(top, rel=1e-12)
    assert float(truncation_population(whole, (2, d), 0)) == pytest.approx(0.5, rel=1e-12)


def test_no_alarm_for_cold_oscillators_spins_few_levels_and_traced_values():
    thermal_state(0.628319 * number(30), 1.0)
    thermal_state(number(30), 0.0)
    thermal_state(spin(9 / 2, "z"), 10.0)
    thermal_state(-spin(9 / 2, "z"), 10.0)
    thermal_state(number(5), 10.0)
    jax.jit(lambda t: thermal_state(number(30), t))(10.0)
