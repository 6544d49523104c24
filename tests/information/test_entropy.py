"""Entropies and their rates, against the reference cases and 50-digit arithmetic."""

import inspect
import json
import pathlib

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from digits import mp_log, mp_matrix, mp_trace
from matrices import hermitian

from qtjax.algebra.divided_differences import Log
from qtjax.algebra.operators import commutator, number, sigmax, sigmaz
from qtjax.algebra.spectral import apply
from qtjax.algebra.states import maximally_mixed, random_density_matrix, thermal_state
from qtjax.information.entropy import (
    entropy,
    entropy_rate,
    entropy_rate_analytic,
    equilibrium_free_energy,
    free_energy,
    gibbs_divergence,
    relative_entropy,
)

REFERENCE = json.loads(
    (pathlib.Path(__file__).parents[1] / "reference" / "public.json").read_text()
)
X = np.array([[0.3, 0.1 + 0.2j, 0], [0.1 - 0.2j, -0.1, 0.05], [0, 0.05, -0.2]])
Y = np.array([[0.2, 0, 0.1j], [0, -0.3, 0.05], [-0.1j, 0.05, 0.1]])
PURE = np.diag([1.0, 0.0])
MODES = {
    "forward over forward": lambda f: jax.jacfwd(jax.jacfwd(f)),
    "forward over reverse": jax.hessian,
    "reverse over forward": lambda f: jax.jacrev(jax.jacfwd(f)),
    "reverse over reverse": lambda f: jax.grad(jax.grad(f)),
}
RATES = [entropy_rate, entropy_rate_analytic]


def reference(case, name):
    values = next(c for c in REFERENCE["cases"] if c["id"] == case)["values"]
    return values[name]


def check(case, name, computed):
    entry = reference(case, name)
    np.testing.assert_allclose(computed, entry["value"], rtol=entry["rtol"], atol=entry["atol"])


@pytest.mark.parametrize("mode", MODES)
def test_p06b_entropy_at_the_maximally_mixed_state(mode):
    def s(e):
        return entropy(maximally_mixed(3) + e * X)

    check("P06b", "dS", jax.jit(jax.grad(s))(0.0))
    check("P06b", "dS", jax.jit(jax.jacfwd(s))(0.0))
    check("P06b", "d2S", jax.jit(MODES[mode](s))(0.0))


@pytest.mark.parametrize("mode", MODES)
def test_p06c_logarithm_at_the_maximally_mixed_state(mode):
    def g(e):
        return -jnp.trace(Y @ apply(Log(), maximally_mixed(3) + e * X)).real

    check("P06c", "dg", jax.jit(jax.grad(g))(0.0))
    check("P06c", "d2g", jax.jit(MODES[mode](g))(0.0))


def test_third_derivative_of_entropy_at_the_maximally_mixed_state():
    """S(I/3 + eX): d3S/de3 = 9 tr X^3."""
    third = jax.jit(jax.jacfwd(jax.hessian(lambda e: entropy(maximally_mixed(3) + e * X))))(0.0)
    np.testing.assert_allclose(third, 9 * np.trace(X @ X @ X).real, rtol=1e-10)


@pytest.mark.parametrize("d", [2, 3, 4, 5])
def test_rates_against_mpmath(d):
    rho = random_density_matrix(jax.random.key(d), d)
    rho_dot = hermitian(d, d, traceless=True)
    with mpmath.workdps(50):
        expected = float(-mp_trace(mp_matrix(rho_dot) * mp_log(mp_matrix(rho))))
    for rate in RATES:
        np.testing.assert_allclose(jax.jit(rate)(rho, rho_dot), expected, rtol=1e-11)
    step = 1e-4
    s = [float(entropy(rho + k * step * rho_dot)) for k in (-1, 1)]
    smallest = float(np.linalg.eigvalsh(rho)[0])
    np.testing.assert_allclose((s[1] - s[0]) / (2 * step), expected, atol=(step / smallest) ** 2)


@pytest.mark.parametrize("rate", RATES)
def test_unitary_rate_vanishes(rate):
    for d, rank in ((2, 1), (3, 2), (4, 4)):
        rho = random_density_matrix(jax.random.key(1), d, rank)
        unitary = -1j * commutator(hermitian(2, d, traceless=True), rho)
        assert abs(float(jax.jit(rate)(rho, unitary))) < 1e-13


@pytest.mark.parametrize("rate", RATES)
def test_support_rule(rate):
    into_null = np.diag([-1.0, 1.0])
    assert float(rate(PURE, into_null)) == np.inf
    assert float(rate(PURE, -into_null)) == 0.0
    assert float(rate(PURE, np.asarray(sigmax()))) == 0.0
    almost = np.diag([1 - 1e-17, 1e-17])
    assert float(rate(almost, into_null)) == np.inf
    expected = np.log(1 / 1e-17)
    regular = rate(almost, into_null, support=1e-20)
    assert float(regular) == pytest.approx(expected, rel=1e-12)
    assert float(rate(PURE, 1e-6 * into_null, tolerance=1e-5)) == 0.0


@pytest.mark.parametrize("rate", RATES)
def test_support_rule_inside_a_larger_support(rate):
    """Rank two of three: mixing inside the support is exact, lane by lane."""
    rho = np.diag([0.0, 0.3, 0.7])
    inside = np.diag([0.0, 1.0, -1.0])
    outside = np.diag([1.0, -1.0, 0.0])
    lanes = jax.jit(jax.vmap(lambda x: rate(rho, x)))(np.stack([inside, outside]))
    np.testing.assert_allclose(lanes, [np.log(0.7 / 0.3), np.inf], rtol=1e-14)


def test_forward_mode_of_entropy_follows_the_rule():
    growing = jax.jvp(entropy, (jnp.asarray(PURE),), (jnp.diag(jnp.array([-1.0, 1.0])),))[1]
    assert float(growing) == np.inf
    linear = jax.linearize(entropy, jnp.asarray(PURE))[1]
    assert float(linear(jnp.diag(jnp.array([-1.0, 1.0])))) == np.inf
    assert float(linear(jnp.array([[0.0, 1.0], [1.0, 0.0]]))) == 0.0


@pytest.mark.parametrize("d", [2, 3])
def test_reverse_mode_is_finite_at_pure_and_mixed_states(d):
    pure = jnp.diag(jnp.arange(d) == 0).astype(float)
    states = jnp.stack([pure, jnp.eye(d) / d])
    together = jax.jit(jax.vmap(jax.grad(entropy)))(states)
    for lane, rho in zip(together, states, strict=True):
        np.testing.assert_allclose(lane, jax.grad(entropy)(rho), rtol=1e-13)
    np.testing.assert_allclose(together[1], (np.log(d) - 1) * np.eye(d), atol=1e-14)
    assert float(together[0][0, 0]) == pytest.approx(-1.0)
    assert 300 < float(together[0][1, 1]) < 330


def test_second_derivative_along_a_rotation_of_a_pure_state_is_zero():
    def s(t):
        v = jnp.array([jnp.cos(t), jnp.sin(t)])
        return entropy(v[:, None] * v[None, :])

    assert float(jax.jit(jax.jacfwd(s))(0.4)) == pytest.approx(0.0, abs=1e-13)
    assert float(jax.jit(jax.jacfwd(jax.jacfwd(s)))(0.4)) == pytest.approx(0.0, abs=1e-13)


def test_entropy_values():
    assert float(entropy(PURE)) == 0.0
    assert float(entropy(maximally_mixed(4))) == pytest.approx(np.log(4), abs=1e-15)
    assert float(entropy(np.diag([1 + 1e-17, -1e-17]))) == 0.0
    h = 0.3 * np.log(0.3) + 0.7 * np.log(0.7)
    assert float(entropy(np.diag([0.3, 0.7]))) == pytest.approx(-h, abs=1e-15)


@pytest.mark.parametrize("d", [2, 3, 4])
@pytest.mark.parametrize("mixed", [True, False])
def test_relative_entropy_near_equilibrium(d, mixed):
    """D of about 1e-17, where the naive form is wrong by a factor; 1e-6 is what rounding allows."""
    sigma = maximally_mixed(d) if mixed else random_density_matrix(jax.random.key(d), d)
    rho = np.asarray(sigma) + 1e-9 * hermitian(d, d, traceless=True)
    with mpmath.workdps(50):
        r, s = mp_matrix(rho), mp_matrix(sigma)
        expected = float(mp_trace(r * (mp_log(r) - mp_log(s)) - r + s))
    assert 1e-19 < expected < 1e-15
    np.testing.assert_allclose(relative_entropy(rho, sigma), expected, rtol=1e-6)


@pytest.mark.parametrize("d", [2, 3])
def test_relative_entropy_of_distant_states_and_its_gradients(d):
    rho, sigma = (random_density_matrix(jax.random.key(k), d) for k in (1, 2))
    x, y = hermitian(1, d, traceless=True), hermitian(2, d, traceless=True)
    with mpmath.workdps(40):

        def f(a, b):
            r = mp_matrix(rho) + a * mp_matrix(x)
            s = mp_matrix(sigma) + b * mp_matrix(y)
            return mp_trace(r * (mp_log(r) - mp_log(s)) - r + s)

        expected = float(f(0, 0))
        h = mpmath.mpf(10) ** -10
        first = [float((f(h, 0) - f(-h, 0)) / (2 * h)), float((f(0, h) - f(0, -h)) / (2 * h))]
        second = float((f(0, h) - 2 * f(0, 0) + f(0, -h)) / h**2)

    def g(p):
        return relative_entropy(rho + p[0] * x, sigma + p[1] * y)

    zero = jnp.zeros(2)
    np.testing.assert_allclose(g(zero), expected, rtol=1e-12)
    np.testing.assert_allclose(jax.jit(jax.grad(g))(zero), first, rtol=1e-9)
    np.testing.assert_allclose(jax.jit(jax.jacfwd(g))(zero), first, rtol=1e-9)
    np.testing.assert_allclose(jax.jit(jax.hessian(g))(zero)[1, 1], second, rtol=1e-8)


def test_relative_entropy_and_supports():
    assert float(relative_entropy(np.eye(2) / 2, PURE)) == np.inf
    assert float(relative_entropy(PURE, np.eye(2) / 2)) == pytest.approx(np.log(2), abs=1e-15)
    assert float(relative_entropy(PURE, PURE)) == 0.0
    cold, excited = thermal_state(number(2), 0.02), np.diag([0.0, 1.0])
    assert float(relative_entropy(excited, cold)) == np.inf
    accurate = relative_entropy(excited, cold, support=1e-30)
    assert float(accurate) == pytest.approx(50.0, abs=1e-12)


@pytest.mark.parametrize("d", [2, 3])
def test_gradient_of_relative_entropy_is_zero_at_its_minimum(d):
    mixed = jnp.eye(d) / d
    for gradient in jax.grad(relative_entropy, (0, 1))(mixed, mixed):
        np.testing.assert_allclose(gradient, np.zeros((d, d)), atol=1e-13)


def test_gradients_of_relative_entropy_at_a_pure_state():
    """D(P||(1-e) P + e Q) = -ln(1-e): slope 1 where sigma leaves the state."""
    pure = jnp.asarray(PURE)
    leave = jnp.diag(jnp.array([-1.0, 1.0]))
    assert float(jax.jvp(lambda s: relative_entropy(pure, s), (pure,), (leave,))[1]) == 1.0
    np.testing.assert_allclose(jax.grad(relative_entropy)(pure, pure), np.zeros((2, 2)))


@pytest.mark.parametrize("temperature", [0.4, 3.0])
def test_free_energies(temperature):
    h = hermitian(3, 3)
    rho = random_density_matrix(jax.random.key(4), 3)
    tau = thermal_state(h, temperature)
    equilibrium = equilibrium_free_energy(h, temperature)
    energies = np.linalg.eigvalsh(h)
    z = np.sum(np.exp(-energies / temperature))
    assert float(equilibrium) == pytest.approx(-temperature * np.log(z), rel=1e-13)
    excess = free_energy(rho, h, temperature) - equilibrium
    # An eigenvalue s of tau is known to 1e-16, its logarithm to 1e-16 / s.
    smallest = np.exp(-energies[-1] / temperature) / z
    distance = float(temperature * relative_entropy(rho, tau))
    assert float(excess) == pytest.approx(distance, abs=1e-15 / smallest)


@pytest.mark.parametrize("temperature", [0.5, 0.1, 0.08, 0.065, 0.062, 0.06, 0.01])
def test_gibbs_divergence_where_weights_come_close_to_rounding(temperature):
    """sum p ln p + sum p E/T + ln Z, in any basis; nothing is lost near D = 0 either."""
    p, energies = np.array([0.3, 0.3, 0.4]), np.array([0.0, 1.0, 2.0])
    vectors = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)) + 1j * np.eye(3))[0]
    rho, h = ((vectors * x) @ vectors.conj().T for x in (p, energies))
    log_z = np.log(np.sum(np.exp(-energies / temperature)))
    expected = np.sum(p * np.log(p)) + np.sum(p * energies) / temperature + log_z
    divergence = jax.jit(gibbs_divergence)
    assert float(divergence(rho, h, temperature)) == pytest.approx(expected, rel=1e-13)
    tau = thermal_state(h, temperature)
    assert 0.0 <= float(divergence(tau, h, temperature)) < 1e-13


def test_equilibrium_free_energy_derivatives_at_degenerate_and_cold():
    h = np.diag([0.0, 0.0, 1.0])
    slope = jax.jit(jax.grad(equilibrium_free_energy, 1))
    assert float(equilibrium_free_energy(h + 5 * np.eye(3), 0.0)) == pytest.approx(5.0, rel=1e-15)
    assert float(slope(h, 0.0)) == pytest.approx(-np.log(2), abs=1e-15)
    assert float(slope(h, 0.7)) == pytest.approx(-float(entropy(thermal_state(h, 0.7))), rel=1e-13)
    gradient = jax.grad(equilibrium_free_energy)(jnp.asarray(h), 0.7)
    np.testing.assert_allclose(gradient, thermal_state(h, 0.7), atol=1e-14)
    cold = 0.025  # excited weight e^-40, far below the support bound of an entropy
    second = jax.jacfwd(jax.jacfwd(lambda t: equilibrium_free_energy(number(2), t)))
    curvature = jax.jit(second)(cold)
    p = 1 / (1 + np.exp(1 / cold))
    assert float(curvature) == pytest.approx(-p * (1 - p) / cold**3, rel=1e-10)


@pytest.mark.parametrize("rate", RATES)
def test_gradient_of_the_rate_at_the_maximally_mixed_state(rate):
    """S'(I/2 + eX, X') = -tr X' ln(I/2 + eX): derivative -2 tr(X' X)."""
    slope = jax.grad(lambda e: rate(maximally_mixed(2) + e * sigmax(), sigmax() + sigmaz()))(0.0)
    assert float(slope) == pytest.approx(-4.0, abs=1e-13)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: inspect.unwrap(entropy_rate)(np.eye(2) / 2, np.eye(3)), "`rho_dot` must be 2 x 2"),
        (
            lambda: inspect.unwrap(entropy_rate_analytic)(np.eye(2) / 2, np.eye(3)),
            "`rho_dot` must be 2 x 2",
        ),
        (
            lambda: inspect.unwrap(relative_entropy)(np.eye(2) / 2, np.eye(3) / 3),
            "`sigma` must be 2 x 2",
        ),
        (lambda: free_energy(PURE, number(2), -0.5), "`temperature` must be >= 0, got -0.5"),
        (lambda: equilibrium_free_energy(number(2), -2), "`temperature` must be >= 0, got -2"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()
