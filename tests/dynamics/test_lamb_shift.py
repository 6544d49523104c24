"""The Lamb shift and the power spectrum against closed forms and another quadrature."""

import jax
import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import exp1, expi

from qtjax.dynamics import DrudeLorentz, Ohmic, lamb_shift, power_spectrum

shift = jax.jit(jax.value_and_grad(lamb_shift, argnums=1))


def drude_lorentz(strength, cutoff, temperature, omega):
    """Gamma(omega) = P/2 + iS from the Matsubara sum, by digamma functions."""
    c, nu = mpmath.mpf(cutoff), 2 * mpmath.pi * temperature
    z, w = c / nu, mpmath.mpc(0, -omega) / nu  # sum_k nu k/((nu k)^2 - c^2)/(nu k + nu w)
    weights = [(-z, 1 / (2 * (z + w))), (z, 1 / (2 * (w - z))), (w, w / (z**2 - w**2))]
    total = -sum(weight * mpmath.digamma(1 + x) for x, weight in weights) / nu**2
    pole = (mpmath.cot(c / (2 * temperature)) - 1j) / (c - 1j * omega)
    return strength * c**2 / 4 * (pole + 4 * temperature * total)


@pytest.mark.parametrize("temperature", [0.05, 0.5, 20.0])
def test_drude_lorentz_is_that_of_the_matsubara_sum(temperature):
    """With its derivative, at frequencies of either sign, near 0 and far beyond the cutoff."""
    spectrum = DrudeLorentz(0.2, 3.0)
    with mpmath.workdps(40):
        for omega in (1.0, -0.3, 2e-5, 1e-9, -7.0, 300.0):
            exact = drude_lorentz(0.2, 3.0, temperature, omega)
            slope = mpmath.diff(lambda w: drude_lorentz(0.2, 3.0, temperature, w).imag, omega)
            value, derivative = shift(spectrum, omega, temperature)
            assert float(value) == pytest.approx(float(exact.imag), rel=1e-12)
            assert float(derivative) == pytest.approx(float(slope), rel=1e-9)
            power = power_spectrum(spectrum, omega, temperature)
            assert float(power) == pytest.approx(2 * float(exact.real), rel=1e-12, abs=1e-25)


@pytest.mark.parametrize("omega", [1.0, -1.0, 5.0, 0.0])
def test_a_cold_ohmic_bath_is_that_of_the_exponential_integral(omega):
    s, c = 0.3, 2.0
    x = omega / c
    tail = 0.0 if x == 0 else np.exp(-x) * (expi(x) if x > 0 else -exp1(-x))
    wanted = s / (2 * np.pi) * (-c + omega * tail)
    value, _ = shift(Ohmic(s, c), omega, 0.0)
    assert float(value) == pytest.approx(wanted, rel=1e-12)


def test_a_warm_ohmic_bath_is_that_of_another_quadrature():
    s, c, temperature, omega = 0.3, 2.0, 0.4, 0.9

    def power(v):
        return s * v * np.exp(-abs(v) / c) / -np.expm1(-v / temperature) if v else s * temperature

    principal, _ = quad(power, 0.4, 1.4, weight="cauchy", wvar=omega, epsabs=1e-13)
    rest = [quad(lambda v: power(v) / (v - omega), *ends, epsabs=1e-13, limit=200)[0]
            for ends in ((-30, 0), (0, 0.4), (1.4, 80))]  # fmt: skip
    value, _ = shift(Ohmic(s, c), omega, temperature)
    assert float(value) == pytest.approx(-(principal + sum(rest)) / (2 * np.pi), rel=1e-10)


def test_many_frequencies_do_not_fill_the_memory():
    """Three thousand points for each are summed a few at a time."""
    many = jax.vmap(lambda w: lamb_shift(DrudeLorentz(0.1, 2.0), w, 0.7))
    needed = jax.jit(many).lower(np.linspace(0.1, 3.0, 1000)).compile().memory_analysis()
    assert needed.temp_size_in_bytes < 2e7  # 10 arrays of 128 points; all of them: 3e8


def test_what_diverges_is_nan():
    assert np.isnan(shift(Ohmic(0.3), 0.9, 0.4)[0])  # no cutoff


def test_the_power_spectrum_is_smooth_through_zero_and_balanced():
    """P(-w) = exp(-w/T) P(w), P(0) = gamma' T and P'(0) = gamma'/2."""
    power = jax.jit(jax.value_and_grad(power_spectrum, argnums=1))
    value, slope = power(DrudeLorentz(0.2, 3.0), 0.0, 0.5)
    assert (float(value), float(slope)) == pytest.approx((0.1, 0.1), rel=1e-10)
    up, down = (float(power(DrudeLorentz(0.2, 3.0), w, 0.5)[0]) for w in (-1.3, 1.3))
    assert up == pytest.approx(np.exp(-1.3 / 0.5) * down, rel=1e-14)
