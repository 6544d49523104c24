"""Rates that turn negative, and exact amplitude damping, against closed forms."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt

N = qt.number(2)
RHO0 = qt.algebra.from_bloch(np.array([0.5, -0.3, 0.4]))
TS = np.linspace(0.0, 3.0, 31)
FORM = eqx.filter_jit(jax.vmap(qt.dynamics.canonical_generator, (None, 0)))


@functools.cache
def dephased(name):
    """One structure for both: the other one has rates of 0."""
    oscillating = (0.2, 0.9, 2.5) if name == "oscillating" else (0.0, 0.0, 2.5)
    baths = (
        qt.models.oscillating_dephasing(*oscillating),
        qt.models.eternal_dephasing(float(name == "eternal")),
    )
    system = qt.OpenSystem(N, baths)
    return system, qt.evolve(system, RHO0, TS)


def bloch(states):
    """x, y in the frame that rotates with H, and z."""
    mixed = np.asarray(states)[:, 0, 1] * np.exp(-1j * TS)
    return 2 * mixed.real, -2 * mixed.imag, (states[:, 0, 0] - states[:, 1, 1]).real


def test_oscillating_dephasing():
    """c(t) = c(0) exp(-mean t - (amplitude/frequency) sin(frequency t))."""
    _, solution = dephased("oscillating")
    factor = np.exp(-0.2 * TS - 0.9 / 2.5 * np.sin(2.5 * TS))
    for found, exact in zip(bloch(solution.saved), (0.5 * factor, -0.3 * factor, 0.4), strict=True):
        np.testing.assert_allclose(found, exact, rtol=0, atol=1e-9)
    assert np.max(np.abs(solution.ledger.heat)) < 1e-13


def test_the_coherence_revives_where_the_rate_is_negative():
    system, solution = dephased("oscillating")
    rates = 0.2 + 0.9 * np.cos(2.5 * TS)
    forms = FORM(system, TS)
    np.testing.assert_allclose(jax.vmap(jnp.sum)(forms.rates), rates, rtol=0, atol=1e-14)
    divisible = jax.vmap(lambda form: form.cp_divisible)(forms)
    np.testing.assert_array_equal(divisible, rates >= 0)
    assert 0 < np.sum(rates < 0) < TS.size
    slopes = np.diff(solution.ledger.entropy)
    inside = (rates[1:] < -0.1) & (rates[:-1] < -0.1)
    assert np.all(slopes[inside] < 0)  # this one unravels what it did
    assert np.all(slopes[(rates[1:] > 0.1) & (rates[:-1] > 0.1)] > 0)


def test_eternal_dephasing():
    """x, y -> (1 + e^{-2t})/2, z -> e^{-2t}."""
    _, solution = dephased("eternal")
    planar, polar = (1 + np.exp(-2 * TS)) / 2, np.exp(-2 * TS)
    exact = (0.5 * planar, -0.3 * planar, 0.4 * polar)
    for found, expected in zip(bloch(solution.saved), exact, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_eternal_dephasing_is_never_divisible_and_its_entropy_never_falls():
    system, solution = dephased("eternal")
    forms = FORM(system, TS)
    expected = np.stack([-np.tanh(TS), np.ones_like(TS), np.ones_like(TS)], axis=1)
    np.testing.assert_allclose(forms.rates, expected, rtol=0, atol=1e-14)
    divisible = jax.vmap(lambda form: form.cp_divisible)(forms)
    np.testing.assert_array_equal(divisible, TS == 0.0)
    assert np.all(np.diff(solution.ledger.entropy) > 0)
    assert np.min(solution.ledger.smallest_eigenvalue) > 0


def test_jumps_of_the_eternal_model():
    """Rates (r, r, -r tanh t) of the canonical operators, without a temperature."""
    bath = qt.models.eternal_dephasing(1.6)
    rates, operators = qt.dynamics.jump_operators(bath, qt.Static(N), 0.7)
    np.testing.assert_allclose(rates, 1.6 * np.array([1, 1, -np.tanh(0.7)]), rtol=1e-15)
    paulis = np.stack([qt.sigmax(), qt.sigmay(), qt.sigmaz()])
    np.testing.assert_allclose(operators, paulis / np.sqrt(2), atol=1e-16)
    assert bath.temperature is None


STRONG, CRITICAL, WEAK = (2.0, 0.5), (0.4, 0.8), (0.1, 1.5)  # gamma0, width
GAP = 1.3


def amplitude(gamma0, width, t):
    """G by complex numbers, whatever the sign of D^2."""
    d = np.sqrt(complex(2 * gamma0 * width - width**2))
    if d == 0:
        return np.exp(-width * t / 2) * (1 + width * t / 2)
    wave = np.cos(d * t / 2) + width / d * np.sin(d * t / 2)
    return np.real(np.exp(-width * t / 2) * wave)


@jax.jit
def found_amplitude(gamma0, width, t):
    return qt.models.LorentzianDamping(GAP, gamma0, width).amplitude(t)


@pytest.mark.parametrize(("gamma0", "width"), [STRONG, CRITICAL, WEAK, (0.0, 0.7), (1.0, 100.0)])
def test_amplitude(gamma0, width):
    for t in (0.0, 1e-4, 0.3, 2.0, 9.0):
        found = float(found_amplitude(gamma0, width, t))
        assert found == pytest.approx(float(amplitude(gamma0, width, t)), abs=1e-14)
    assert float(found_amplitude(gamma0, width, 0.0)) == 1.0


@pytest.mark.parametrize("offset", [1e-12, 1e-9, 1e-7, 1e-6, 1e-4])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_amplitude_is_smooth_through_the_critical_coupling(offset, sign):
    """|G(D^2) - G(0)| = |D^2| e^{-lt/2} (t^2/8 + l t^3/48) to first order."""
    gamma0, width = CRITICAL
    t, square = 2.0, sign * offset
    decay = np.exp(-width * t / 2)
    slope = -decay * (t**2 / 8 + width * t**3 / 48)
    curve = decay * (t**4 / 384 + width * t**5 / 3840)
    near = float(found_amplitude(gamma0 + square / (2 * width), width, t))
    exact = decay * (1 + width * t / 2) + slope * square + curve * square**2
    assert near == pytest.approx(exact, abs=1e-14 + offset**3)


def test_derivatives_of_the_amplitude_at_the_critical_coupling():
    gamma0, width = CRITICAL
    t = 2.0
    decay = np.exp(-width * t / 2)
    first = -decay * (t**2 / 8 + width * t**3 / 48)
    second = 2 * decay * (t**4 / 384 + width * t**5 / 3840)
    chain = 2 * width  # d(D^2)/d gamma0
    slope = jax.jit(jax.grad(found_amplitude))(gamma0, width, t)
    curvature = jax.jit(jax.grad(jax.grad(found_amplitude)))(gamma0, width, t)
    assert float(slope) == pytest.approx(first * chain, abs=1e-14)
    assert float(curvature) == pytest.approx(second * chain**2, abs=1e-14)
    gradient = jax.jit(jax.grad(found_amplitude, (0, 1, 2)))(gamma0, width, 0.0)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-15)  # G(0) = 1, G'(0) = 0


@pytest.mark.parametrize(("gamma0", "width"), [STRONG, WEAK])
def test_derivatives_of_the_amplitude(gamma0, width):
    at, step = np.array([gamma0, width, 1.7]), 1e-4
    slope = jax.jit(jax.grad(found_amplitude, (0, 1, 2)))(*at)
    for k in range(3):
        e = step * np.eye(3)[k]
        points = [amplitude(*(at + m * e)) for m in (-2, -1, 1, 2)]
        difference = (points[0] - 8 * points[1] + 8 * points[2] - points[3]) / (12 * step)
        assert float(slope[k]) == pytest.approx(difference, abs=1e-11)


def test_the_memoryless_limit():
    """G -> e^{-gamma0 t/2} for a wide spectrum, at any t."""
    assert float(found_amplitude(1.0, 1e4, 2.0)) == pytest.approx(np.exp(-1.0), rel=1e-3)


def zeros_of_the_amplitude(gamma0, width):
    d = np.sqrt(2 * gamma0 * width - width**2)
    return (2 / d) * (np.pi * np.arange(1, 3) - np.arctan(d / width))


def test_the_pseudomode_is_exact_past_the_zeros():
    """p = G^2 p0 and the coherence G e^{i gap t}, through two zeros of G; Markovian in all."""
    model = qt.models.LorentzianDamping(GAP, *STRONG)
    zeros = zeros_of_the_amplitude(*STRONG)
    ts = np.sort(np.append(np.linspace(0.0, 9.0, 19), zeros))
    assert zeros[1] < 8.0
    system = model.pseudomode()
    assert system.dims == (2, 2)
    start = np.kron(RHO0, np.diag([1.0, 0.0]))
    solution = qt.evolve(system, start, ts, save=lambda s, t, rho: qt.partial_trace(rho, (2, 2), 0))
    assert solution.method == "propagator"
    g = amplitude(*STRONG, ts)
    np.testing.assert_allclose(amplitude(*STRONG, zeros), 0.0, atol=1e-14)
    states = np.asarray(solution.saved)
    np.testing.assert_allclose(states[:, 1, 1], g**2 * 0.3, rtol=0, atol=1e-13)
    coherence = g * np.asarray(RHO0)[0, 1] * np.exp(1j * GAP * ts)
    np.testing.assert_allclose(states[:, 0, 1], coherence, rtol=0, atol=1e-13)
    exact = jax.jit(jax.vmap(model.state, (0, None)))(ts, RHO0)
    np.testing.assert_allclose(exact[:, 1, 1], g**2 * 0.3, rtol=0, atol=1e-14)
    np.testing.assert_allclose(exact[:, 0, 1], g * RHO0[0, 1], rtol=0, atol=1e-14)
    np.testing.assert_allclose(exact[:, 0, 0] + exact[:, 1, 1], 1.0, rtol=0, atol=1e-15)
    rates, _ = qt.dynamics.jump_operators(system.baths[0], system.hamiltonian, 0.0)
    assert np.all(rates > 0)


def test_rates_of_the_time_local_generator_along_the_exact_state():
    """S', Q' and the decay of coherence at both signs of the rate, by differences."""
    model = qt.models.LorentzianDamping(GAP, *STRONG)
    system, zero = model.time_local(), zeros_of_the_amplitude(*STRONG)[0]
    ts, step = np.array([0.5 * zero, 0.9 * zero, 1.1 * zero, 1.3 * zero]), 1e-4

    @jax.jit
    def books(t):
        rho = model.state(t, RHO0)
        found, change = qt.rates(system, t, rho), qt.dynamics.right_hand_side(system, t, rho)
        size = jnp.abs(rho[0, 1])
        decay = (rho[0, 1].conj() * change[0, 1]).real / size
        values = qt.entropy(rho), model.gap * rho[1, 1].real, size
        return jnp.stack([*values, found.entropy_rate, found.heat_current, decay])

    rates = np.asarray(jax.jit(jax.vmap(model.rate))(ts))
    np.testing.assert_array_equal(
        jax.vmap(lambda form: form.cp_divisible)(FORM(system, ts)), rates > 0
    )
    assert np.all(rates[:2] > 0.1)
    assert np.all(rates[2:] < -0.1)
    for t in ts:
        points = [np.asarray(books(t + m * step)) for m in (-2, -1, 0, 1, 2)]
        slope = (points[0] - 8 * points[1] + 8 * points[3] - points[4]) / (12 * step)
        np.testing.assert_allclose(points[2][3:], slope[:3], rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: qt.models.LorentzianDamping(1.0, -0.1, 1.0), "`gamma0` must be >= 0"),
        (lambda: qt.models.LorentzianDamping(1.0, 0.1, 0.0), "`width` must be > 0"),
        (lambda: qt.models.LorentzianDamping(1.0, 0.1, np.nan), "`width` must be finite"),
        (
            lambda: qt.models.LorentzianDamping(1.0, 0.1, 1.0).state(0.0, np.eye(2)),
            "must have trace 1",
        ),
        (
            lambda: qt.models.LorentzianDamping(1.0, 0.1, 1.0).state(0.0, np.eye(3) / 3),
            "must be 2 x 2",
        ),
        (lambda: qt.models.eternal_dephasing(-1.0), "`rate` must be >= 0"),
        (lambda: qt.models.oscillating_dephasing(jnp.asarray(1j), 0.1, 1.0), "`mean` must be real"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
