"""Units: against the constants of nature, and what does not fit."""

import jax.numpy as jnp
import numpy as np
import pint
import pytest
from scipy.constants import c, h, hbar, k

import qtjax as qt

ORDINARY = qt.units.natural("GHz", "ordinary")
ANGULAR = qt.units.natural("GHz", "angular")
KELVIN = qt.units.natural("K")


@pytest.mark.parametrize(
    ("units", "energy"),
    [(ORDINARY, 1e9 * h), (ANGULAR, 1e9 * hbar), (KELVIN, k)],
    ids=["ordinary", "angular", "kelvin"],
)
def test_every_kind_there_and_back(units, energy):
    """Against SI values written out here."""
    there = {
        ("50 mK", "energy"): 0.05 * k / energy,
        ("20 cm^-1", "energy"): 2000.0 * h * c / energy,
        ("1e-24 J", "energy"): 1e-24 / energy,
        ("3 / us", "energy"): 3e6 * hbar / energy,
        ("2 rad/ns", "energy"): 2e9 * hbar / energy,
        ("7 ns", "time"): 7e-9 * energy / hbar,
        ("4 aW", "power"): 4e-18 * hbar / energy**2,
        ("2e-23 J/K", "entropy"): 2e-23 / k,
    }
    for (text, kind), number in there.items():
        assert units.to(text, kind) == pytest.approx(number, rel=1e-12)
        quantity = pint.Quantity(text)
        back = units.out(number, str(quantity.units))
        assert back.magnitude == pytest.approx(quantity.magnitude, rel=1e-12)
        assert back.units == quantity.units


def test_hertz_means_what_was_said():
    assert ORDINARY.to("5 GHz") == pytest.approx(5.0, rel=1e-14)
    assert ANGULAR.to("5 GHz") == pytest.approx(5.0, rel=1e-14)
    assert ORDINARY.to("5 rad/ns") == pytest.approx(5.0 / (2 * np.pi), rel=1e-14)
    assert ANGULAR.to("5 rad/ns") == pytest.approx(5.0, rel=1e-14)
    # one oscillation at 1 GHz takes a nanosecond: the phase is energy times time
    assert ORDINARY.to("1 GHz") * ORDINARY.to("1 ns", "time") == pytest.approx(2 * np.pi)
    assert ANGULAR.to("1 GHz") * ANGULAR.to("1 ns", "time") == pytest.approx(1.0)


def test_arrays_and_quantities_of_any_registry():
    other = pint.UnitRegistry().Quantity(np.array([10.0, 50.0]), "mK")
    np.testing.assert_allclose(KELVIN.to(other), [0.01, 0.05], rtol=1e-14)
    out = KELVIN.out(jnp.array([0.01, 0.05]), "mK")
    np.testing.assert_allclose(out.magnitude, [10.0, 50.0], rtol=1e-14)
    assert qt.units.natural("5 GHz", "ordinary").to("5 GHz") == pytest.approx(1.0)


def test_a_thermal_state_does_not_depend_on_the_units():
    """And the power of a machine in watts neither."""
    powers, states = [], []
    for units in (ORDINARY, ANGULAR, KELVIN, qt.units.natural("1e-3 J", "ordinary")):
        said = qt.units.Natural(units.energy, "ordinary")
        gap, rate = said.to("5 GHz"), said.to("1/us")
        bath = qt.LocalBath(qt.destroy(2), gap, said.to("300 mK"), qt.Flat(rate))
        system = qt.OpenSystem(gap * qt.number(2), bath)
        current = qt.dynamics.heat_currents(system, 0.0, qt.algebra.maximally_mixed(2))[0]
        powers.append(said.out(current, "aW").magnitude)
        states.append(qt.thermal_state(gap * qt.number(2), said.to("300 mK")))
    np.testing.assert_allclose(powers, powers[0], rtol=1e-12)
    np.testing.assert_allclose(states, [states[0]] * 4, rtol=0, atol=1e-14)
    x, hot = 5e9 * h / (0.3 * k), 1 / np.expm1(5e9 * h / (0.3 * k))
    assert states[0][1, 1].real == pytest.approx(np.exp(-x) / (1 + np.exp(-x)), rel=1e-12)
    # half of the qubits go down and give h nu, half go up
    assert powers[0] == pytest.approx(-0.5e6 * ((hot + 1) - hot) * 5e9 * h * 1e18, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: qt.units.natural("GHz"), "`gigahertz` has two meanings"),
        (lambda: KELVIN.to("5 GHz"), "`gigahertz` has two meanings"),
        (lambda: KELVIN.out(1.0, "GHz"), "`gigahertz` has two meanings"),
        (lambda: qt.units.natural("GHz", "cyclic"), '`frequency` must be "ordinary" or'),
        (lambda: qt.units.natural("ns"), "`scale` must be an energy"),
        (lambda: qt.units.natural("-5 K"), "`scale` must be > 0"),
        (lambda: ORDINARY.to("10 ns"), r"10 ns is a time; say so with `to\('10 ns', \"time\"\)`"),
        (lambda: ORDINARY.to("10 mK", "time"), "must be a time, but 10 mK is an energy"),
        (lambda: ORDINARY.to("10 mK", "volume"), "`kind` must be one of energy"),
        (lambda: ORDINARY.to("3 m"), "3 m is none of them"),
        (lambda: ORDINARY.to(5.0), "must be a text with a unit"),
        (lambda: ORDINARY.to("5"), "must have a unit"),
        (lambda: ORDINARY.to("5 foo"), "'foo' is not defined"),
        (lambda: ORDINARY.to("nan K"), "must be finite"),
        (lambda: ORDINARY.to(pint.Quantity(20.0, "degC")), "from a zero of its own .* use kelvin"),
        (lambda: ORDINARY.out(1.0, "degC"), "from a zero of its own .* use kelvin"),
        (lambda: ORDINARY.out(1.0, "m"), "`unit` must be that of an energy"),
        (lambda: ORDINARY.out(1.0, ""), "`unit` must be a unit such as"),
        (lambda: ORDINARY.out("a", "W"), "`value` must be real numbers"),
        (lambda: qt.units.Natural(-1.0), "`energy` must be > 0"),
        (lambda: qt.units.Natural(1e-24, "cyclic"), '`frequency` must be "ordinary" or'),
        (lambda: qt.units.natural("1e200 J"), "`energy` must be so that a power and a time have n"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
