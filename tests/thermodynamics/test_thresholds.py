"""What counts as nothing: sizes and roundings by hand, and temperatures on either side of them."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.thermodynamics import scales
from qtjax.thermodynamics.parts import _roundings
from qtjax.thermodynamics.rates import thermal_entropy_flux, thermal_flux
from qtjax.thermodynamics.temperature import TemperatureStatus, temperature_of

EPS = np.finfo(float).eps
N, LOWER = qt.number(2), qt.destroy(2)
# rates 0.3 and -0.2 with operators of largest entries 2 and 1; a dephasing that grows with time
PUMP = qt.Lindblad([2.0 * LOWER, qt.create(2)], [0.3, -0.2])
GROWING = qt.Lindblad(qt.sigmaz(), qt.Linear(0.0, 0.5))
SYSTEM = qt.OpenSystem(qt.Driven([(qt.Linear(1.0, 3.0), N)]), (PUMP, GROWING))


def test_sizes_by_hand():
    np.testing.assert_allclose(scales.dissipation_sizes(SYSTEM, 0.5), [0.3 * 4 + 0.2, 0.25])
    assert scales.dissipation_sizes(qt.OpenSystem(N), 0.0).shape == (0,)
    operators, sizes = jnp.stack([-3.0 * N, 0.5 * N]), jnp.array([2.0, 5.0])
    expected = [64 * EPS * 6.0, 64 * EPS * 2.5]
    np.testing.assert_allclose(scales.heat_roundings(operators, sizes), expected)
    rho = jnp.diag(jnp.array([0.9, 0.1])) + 0j
    expected = 64 * EPS * np.log(10.0) * np.array([2.0, 5.0])
    np.testing.assert_allclose(scales.entropy_roundings(rho, sizes), expected)


def test_energy_rates_by_hand():
    """p' = -0.3 4 p - 0.2 (1 - p) = -1/2 at p = 0.3, under H = 2 |1><1| with H' = 2 |1><1|."""
    found = qt.rates(SYSTEM, 0.5, jnp.diag(jnp.array([0.7, 0.3])) + 0j)
    np.testing.assert_allclose(found.heat_currents, [-1.0, 0.0], atol=1e-15)
    flows = found.heat_current, found.power, found.energy_rate
    np.testing.assert_allclose(flows, [-1.0, 0.6, -0.4], rtol=1e-14)


def test_roundings_of_parts():
    """64 eps (max|H| + size of the bath), times that of H_i and of ln rho_i."""
    h, bath = 3.0 * qt.number(2), qt.Lindblad(qt.embed(LOWER, (2, 2), 0), 0.5)
    pair = qt.composite_system((h, 0.5 * N), 0.25 * qt.tensor(qt.sigmax(), qt.sigmax()), bath)
    one, two = (jnp.diag(jnp.array([1.0 - p, p])) + 0j for p in (0.1, 0.25))
    found = _roundings(pair, 0.0, [one, two], [h, 0.5 * N])
    noise = 64 * EPS * (3.5 + 0.5)
    np.testing.assert_allclose(found, noise * np.array([[3.0, 0.5], np.log([10.0, 4.0])]))


def test_heats_that_a_time_allows():
    """max|H| (1 + size elapsed), each of the largest over the times."""
    times, elapsed = jnp.array([0.0, 1.0]), jnp.array([0.0, 2.0])
    expected = 3.0 * (1.0 + np.outer([0.0, 2.0], [1.4, 0.5]))
    np.testing.assert_allclose(scales.total_heat_scales(SYSTEM, times, elapsed), expected)
    found = scales.total_heat_roundings(SYSTEM, times, elapsed)
    np.testing.assert_allclose(found, 64 * EPS * expected)


def test_flux_of_a_heat():
    def flux(temperature, heat):
        known = None if temperature is None else jnp.asarray(temperature)
        return float(thermal_flux(known, jnp.asarray(heat), jnp.asarray(0.5)))

    assert flux(2.0, 0.25) == 0.125  # a bath with a temperature divides what is left of rounding
    assert flux(2.0, -3.0) == -1.5
    assert flux(0.0, 0.5) == flux(0.0, -0.5) == flux(None, 0.5) == 0.0
    assert (flux(0.0, 0.75), flux(0.0, -0.75)) == (np.inf, -np.inf)
    assert np.isnan(flux(None, 0.75))
    # baths without a heat have no share, others with their own; a bath alone divides its heat
    baths = (PUMP, qt.LocalBath(LOWER, 1.0, 2.0, qt.Flat(0.1)))
    found = thermal_entropy_flux(baths, jnp.array([0.0, 3.0]), jnp.zeros(2))
    assert float(found) == 1.5
    with pytest.raises(ValueError, match="for each of the 2 `baths`, got 2 and 1"):
        inspect.unwrap(thermal_entropy_flux)(baths, jnp.ones(2), jnp.ones(1))


HEATS = [4.0, -4.0, 4.0, 1.0, -4.0, 1.0, 4.0, -4.0, 2.0]
ENTROPIES = [2.0, 2.0, 0.5, 2.0, 0.5, 0.5, np.inf, np.inf, -3.0]
KINDS = "REGULAR REGULAR NO_ENTROPY_RATE NO_HEAT_CURRENT NO_ENTROPY_RATE UNDEFINED "
KINDS += "DIVERGENT_ENTROPY_RATE DIVERGENT_ENTROPY_RATE REGULAR"


def test_temperatures_on_either_side_of_rounding():
    """|Q| <= 1 and |S| <= 1/2 count as none, the limits themselves included."""
    heats, entropies = jnp.array(HEATS), jnp.array(ENTROPIES)
    found = temperature_of(heats, entropies, jnp.asarray(1.0), jnp.asarray(0.5))
    assert [TemperatureStatus(int(s)).name for s in found.status] == KINDS.split()
    inf, nan = np.inf, np.nan
    temperatures = [2.0, -2.0, inf, 0.0, -inf, nan, 0.0, 0.0, -2.0 / 3.0]
    np.testing.assert_allclose(found.temperature, temperatures)
    np.testing.assert_allclose(found.beta, [0.5, -0.5, 0.0, inf, 0.0, nan, inf, -inf, -1.5])
    angles = np.arctan2(ENTROPIES, HEATS)
    angles[5] = nan
    np.testing.assert_allclose(found.angle, angles)


def test_beta_crosses_zero_smoothly():
    """Where S' = 0, its slope by S' is that of the quotient."""

    def beta(entropy):
        return temperature_of(jnp.asarray(4.0), entropy, jnp.asarray(0.0), jnp.asarray(1e-3)).beta

    assert float(jax.grad(beta)(jnp.asarray(0.0))) == 0.25
