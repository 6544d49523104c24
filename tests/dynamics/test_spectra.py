"""Spectra: rates in every unit, at omega -> 0 and below, others' conventions, what is refused."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import qutip

import qtjax as qt
from qtjax.dynamics.spectra import (
    DrudeLorentz,
    Tabulated,
    check_spectrum,
    from_power_spectrum,
    thermal_rates,
)

UNITS = [1e-300, 1e-30, 1.0, 1e30, 1e300]


def ohmic_rates(p):
    """(down, up) of (omega, T, strength, cutoff)."""
    return jnp.stack(thermal_rates(qt.Ohmic(p[2], p[3]), p[0], p[1]))


RATES, FORWARD, REVERSE = (
    jax.jit(ohmic_rates),
    jax.jit(jax.jacfwd(ohmic_rates)),
    jax.jit(jax.jacrev(ohmic_rates)),
)


def exact_down(omega, temperature, strength, cutoff):
    gamma = strength * omega * mpmath.exp(-abs(omega) / cutoff)
    return gamma / (1 - mpmath.exp(-omega / temperature))


def exact_up(omega, temperature, strength, cutoff):
    return exact_down(omega, temperature, strength, cutoff) * mpmath.exp(-omega / temperature)


@pytest.mark.parametrize("unit", UNITS)
def test_rates_do_not_know_the_unit_of_energy(unit):
    """Energies and temperatures are scaled, and a flat rate is not: omega/T is what counts."""
    for omega in (2.0, 1e-3):
        flat = jnp.stack(thermal_rates(qt.Flat(0.5), omega * unit, 4.0 * unit))
        np.testing.assert_allclose(flat, thermal_rates(qt.Flat(0.5), omega, 4.0), rtol=1e-14)
    for omega in (2.0, 1e-3, 0.0) if unit > 1e-290 else (2.0, 1e-3):  # eps T is no normal number
        ohmic = jnp.stack(thermal_rates(qt.Ohmic(0.5, 3.0 * unit), omega * unit, 4.0 * unit))
        expected = thermal_rates(qt.Ohmic(0.5, 3.0), omega, 4.0)
        np.testing.assert_allclose(ohmic / unit, expected, rtol=1e-14)


@pytest.mark.parametrize("omega", [1e-12, 1e-7, 2e-6, 4e-6, 1e-3, 0.25, 0.29, 2.0, 9.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_rates_and_their_derivatives_are_exact_at_every_frequency(omega, sign):
    """On both sides of the changes of formula at 3e-6 T and 0.3 T, against 40 digits."""
    p = [sign * omega, 0.9, 0.4, 1.3]
    found = RATES(jnp.array(p))
    with mpmath.workdps(40):
        p = [mpmath.mpf(x) for x in p]
        exact = [exact_down(*p), exact_up(*p)]
        slopes = [
            [float(mpmath.diff(exact, p, order)) for order in np.eye(4, dtype=int).tolist()]
            for exact in (exact_down, exact_up)
        ]
    # relative: above one kT the rate up is small
    np.testing.assert_allclose(found, np.array(exact, float), rtol=3e-15)
    for mode in (FORWARD, REVERSE):
        # what cancels at 3e-6 T costs eps/3e-6 = 7e-11
        np.testing.assert_allclose(mode(jnp.array(p, float)), slopes, rtol=3e-10, atol=1e-15)


def test_both_rates_of_a_cold_bath_change_with_temperature_by_the_same():
    slopes = [mode(jnp.array([40.0, 1.0, 0.4, np.inf]))[:, 1] for mode in (FORWARD, REVERSE)]
    n = 1.0 / np.expm1(40.0)
    np.testing.assert_allclose(slopes, np.full((2, 2), 16.0 * 40.0 * n * (n + 1.0)), rtol=1e-13)


def test_derivatives_at_zero_frequency():
    """gamma' T and its slopes (+-gamma'/2 by omega, gamma' by T); from above where a cutoff is."""
    for cutoff in (jnp.inf, 1.3):
        p = jnp.array([0.0, 0.9, 0.4, cutoff])
        kink = -0.4 * 0.9 / cutoff
        expected = [[0.2 + kink, 0.4, 0.9, 0.0], [-0.2 + kink, 0.4, 0.9, 0.0]]
        np.testing.assert_allclose(RATES(p), 0.36, rtol=1e-15)
        for mode in (FORWARD, REVERSE):
            np.testing.assert_allclose(mode(p), expected, rtol=1e-12, atol=1e-15)
    curvature = jax.hessian(lambda w: thermal_rates(qt.Ohmic(0.4), w, 0.9)[0])(0.0)
    assert float(curvature) == pytest.approx(0.4 / (6 * 0.9), rel=1e-12)


def test_where_a_gap_crosses_zero_an_odd_spectrum_goes_through():
    for spectrum in (qt.Ohmic(0.4, 1.3), DrudeLorentz(0.4, 1.3), lambda w: 0.2 * w**3):
        down, up = thermal_rates(spectrum, 0.7, 0.9)
        np.testing.assert_allclose(thermal_rates(spectrum, -0.7, 0.9), (up, down), rtol=1e-14)
    assert np.all(np.isnan(thermal_rates(qt.Flat(0.4), -0.7, 0.9)))
    assert np.all(np.isnan(thermal_rates(qt.Flat(0.4), -1e-20, 0.9)))


def test_a_gap_that_crosses_zero_under_a_flat_spectrum_is_no_success():
    def system(spectrum):
        gap = qt.Linear(1.0, -1.0)
        bath = qt.LocalBath(qt.destroy(2), gap, 0.9, spectrum)
        return qt.OpenSystem(qt.Driven([(gap, qt.number(2))]), bath)

    with pytest.raises(qt.SolverError, match="not finite"):
        qt.steady_state(system(qt.Flat(0.4)), 0.8)
    solution = qt.steady_state(system(qt.Ohmic(0.4)), 0.8)
    inverted = np.exp(0.6 / 0.9)  # gap -0.6: what was the upper level is the lower one
    np.testing.assert_allclose(
        np.diag(solution.state).real, np.array([1.0, inverted]) / (1 + inverted), rtol=1e-14
    )


def test_at_zero_temperature():
    np.testing.assert_array_equal(thermal_rates(qt.Flat(0.4), 1.0, 0.0), (0.4, 0.0))
    np.testing.assert_array_equal(thermal_rates(qt.Flat(0.4), 0.0, 0.0), (0.4, 0.0))
    np.testing.assert_array_equal(thermal_rates(qt.Ohmic(0.4), 0.0, 0.0), 0.0)
    np.testing.assert_array_equal(thermal_rates(qt.Ohmic(0.4), -1.0, 0.0), (0.0, 0.4))
    slope = jax.grad(lambda p: thermal_rates(qt.Ohmic(p[2]), p[0], p[1])[0])
    np.testing.assert_array_equal(slope(jnp.array([1.0, 0.0, 0.4])), [0.4, 0.0, 1.0])
    occupation = qt.dynamics.occupation
    np.testing.assert_array_equal(occupation(1.0, 0.0), 0.0)
    np.testing.assert_allclose(occupation(-0.7, 0.9), -1.0 - occupation(0.7, 0.9), rtol=1e-14)


ENVIRONMENTS = {
    "ohmic": (
        qutip.OhmicEnvironment(T=0.7, alpha=0.3, wc=1.4, s=1),
        lambda _: qt.Ohmic.from_qutip(0.3, 1.4),
        1e-13,
    ),
    "super-ohmic": (
        qutip.OhmicEnvironment(T=0.7, alpha=0.3, wc=1.4, s=3),
        lambda _: qt.dynamics.PowerLaw.from_qutip(0.3, 1.4, 3.0),
        1e-13,
    ),
    "sub-ohmic": (
        qutip.OhmicEnvironment(T=0.7, alpha=0.3, wc=1.4, s=0.5),
        lambda _: qt.dynamics.PowerLaw.from_qutip(0.3, 1.4, 0.5),
        1e-13,
    ),
    "drude-lorentz": (
        qutip.DrudeLorentzEnvironment(T=0.7, lam=0.3, gamma=1.4),
        lambda _: DrudeLorentz.from_qutip(0.3, 1.4),
        1e-13,
    ),
    "underdamped": (
        qutip.UnderDampedEnvironment(T=0.7, lam=0.3, gamma=0.5, w0=1.0),
        lambda _: qt.dynamics.Brownian.from_qutip(0.3, 0.5, 1.0),
        1e-13,
    ),
    "underdamped, tabulated": (
        qutip.UnderDampedEnvironment(T=0.7, lam=0.3, gamma=0.5, w0=1.0),
        lambda e: from_power_spectrum(e.power_spectrum, np.linspace(1e-3, 4.0, 2000)),
        1e-5,  # cubics between points 2e-3 apart
    ),
}


@pytest.mark.parametrize(
    "make",
    [
        lambda p: qt.dynamics.PowerLaw(p[0], p[1], p[2]),
        lambda p: qt.dynamics.Brownian.from_peak(p[0], p[1], p[2]),
    ],
)
def test_power_laws_and_peaks_are_odd_with_slopes(make):
    """Detailed balance, also where the gap has crossed zero or vanishes, and derivatives."""
    x = jnp.array([0.3, 1.4, 1.7, 0.9, 0.6])

    def rates(x):
        return jnp.stack(thermal_rates(make(x), x[3], x[4]))

    steps = 1e-6 * jnp.eye(5)
    values, slopes = jax.jit(lambda x: (jax.vmap(rates)(x), jax.vmap(jax.jacfwd(rates))(x)))(
        jnp.concatenate([x + steps, x - steps, jnp.stack([x, x.at[3].multiply(-1.0)])])
    )
    difference = (values[:5] - values[5:10]).T / 2e-6
    np.testing.assert_allclose(slopes[10], difference, rtol=1e-7, atol=1e-8)
    down, up = values[10]
    np.testing.assert_allclose(up / down, np.exp(-0.9 / 0.6), rtol=1e-13)
    np.testing.assert_allclose(values[11], [up, down], rtol=1e-13)
    assert make(x)(0.0) == 0.0
    assert np.all(np.isfinite(jax.grad(lambda p: make(p)(0.0))(x)))


@pytest.mark.parametrize("exponent", [1.0, 1.00001, 1.0005, 1.5, 3.0])
def test_slopes_of_power_laws_at_small_frequencies(exponent):
    """P'(w) against digits of high precision, the closer to Ohmic the harder."""

    def exact(x):
        gamma = mpmath.mpf(0.1) * 5 * (x / 5) ** mpmath.mpf(exponent) * mpmath.exp(-x / 5)
        return gamma / -mpmath.expm1(-x)

    def power(x):
        return thermal_rates(qt.dynamics.PowerLaw(0.1, 5.0, exponent), x, 1.0)[0]

    frequencies = np.array([1e-12, 1e-9, 1e-7, 1e-6, 1e-5])
    with mpmath.workdps(50):
        wanted = [float(mpmath.diff(exact, w, h=w * mpmath.mpf(1e-15))) for w in frequencies]
    slopes = jax.jit(jax.vmap(jax.grad(power)))(frequencies)
    np.testing.assert_allclose(slopes, wanted, rtol=1e-8)


def test_a_power_of_one_is_ohmic_and_a_narrow_peak_has_its_height():
    np.testing.assert_allclose(
        qt.dynamics.PowerLaw(0.3, 1.4, 1.0)(0.7), qt.Ohmic(0.3, 1.4)(0.7), rtol=1e-15
    )
    np.testing.assert_allclose(qt.dynamics.Brownian.from_peak(0.3, 1.0, 1e-4)(1.0), 0.3, rtol=1e-7)


def test_one_spectrum_of_a_damped_oscillator():
    """As two Lorentzians, as a coordinate, and overdamped as Drude and Lorentz have it."""
    height, c, w = 0.3, 1.4, 0.7
    found = qt.dynamics.Brownian.from_peak(height, c, w)
    size, k = np.hypot(c, w), 2 * w
    g = np.sqrt(height * c * w / (2 * size))
    other = qt.dynamics.Brownian.from_coordinate(g, size, k)
    for omega in (0.3, 1.4, -2.5):
        wanted = height * (1 / (1 + ((omega - c) / w) ** 2) - 1 / (1 + ((omega + c) / w) ** 2))
        np.testing.assert_allclose([found(omega), other(omega)], wanted, rtol=1e-13)
    np.testing.assert_allclose(found.frequency_scale, w, rtol=1e-15)
    slow = qt.dynamics.Brownian(0.3, 1e4, 1e8)
    np.testing.assert_allclose(slow(0.7), DrudeLorentz(0.3, 1.0)(0.7), rtol=1e-7)
    np.testing.assert_allclose(slow.frequency_scale, 1.0, rtol=1e-7)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: qt.dynamics.PowerLaw(-0.1, 1.0, 1.0), "`strength` must be >= 0"),
        (lambda: qt.dynamics.PowerLaw(0.1, jnp.inf, 1.0), "`cutoff` must be finite"),
        (lambda: qt.dynamics.PowerLaw(0.1, 1.0, 0.0), "`exponent` must be > 0"),
        (lambda: qt.dynamics.Brownian.from_peak(0.1, 0.0, 0.2), "`center` must be > 0"),
        (lambda: qt.dynamics.Brownian.from_peak(0.1, 1.0, 0.0), "`width` must be > 0"),
        (lambda: qt.dynamics.Brownian(-0.1, 1.0, 1.0), "`strength` must be >= 0"),
    ],
)
def test_bad_power_laws_and_peaks(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_rates_are_those_of_qutips_environments(name):
    """A local and a Davies bath jump with S(w) down and S(-w) up."""
    environment, convert, tolerance = ENVIRONMENTS[name]
    spectrum, gap = convert(environment), 1.1
    wanted = [float(environment.power_spectrum(w)) for w in (gap, -gap)]
    h = gap * qt.number(2)
    for bath in (
        qt.LocalBath(qt.destroy(2), gap, 0.7, spectrum),
        qt.DaviesBath(h, qt.sigmax(), 0.7, spectrum),
    ):
        static = qt.dynamics.as_hamiltonian(h)
        rates, operators = qt.dynamics.jump_operators(bath, static, 0.0)
        np.testing.assert_allclose(rates, wanted, rtol=tolerance)
        np.testing.assert_allclose(np.abs(operators[0]), qt.destroy(2), atol=1e-15)


def test_relaxation_is_that_of_qutips_bloch_redfield_solver():
    environment = qutip.OhmicEnvironment(T=0.7, alpha=0.02, wc=3.0, s=1)
    times, up = np.array([0.0, 5.0, 20.0]), qutip.basis(2, 0).proj()
    coupling = [qutip.sigmax(), lambda w: environment.power_spectrum(w)]
    peer = qutip.brmesolve(
        0.5 * qutip.sigmaz(),
        up,
        times,
        a_ops=[coupling],
        e_ops=[up],
        sec_cutoff=0.1,
        options={"rtol": 1e-9, "atol": 1e-11},
    )
    h = 0.5 * qt.sigmaz()
    bath = qt.DaviesBath(h, qt.sigmax(), 0.7, qt.Ohmic.from_qutip(0.02, 3.0))
    solution = qt.evolve(qt.OpenSystem(h, bath), qt.pure_state(qt.ket(0, 2)), times)
    np.testing.assert_allclose(solution.saved[:, 0, 0].real, peer.expect[0], atol=1e-7)


def test_caldeira_leggett_and_the_spin_boson_model():
    """The relaxation rate of the spin-boson model is pi alpha Delta coth(Delta/2T)."""
    alpha, delta, temperature = 0.01, 1.2, 0.7
    for share, friction in ((0.5, 2 * np.pi * alpha), (1.0, 0.5 * np.pi * alpha)):
        spectrum = qt.Ohmic.from_caldeira_leggett(friction)
        rate = sum(thermal_rates(spectrum, delta, temperature)) * share**2
        expected = np.pi * alpha * delta / np.tanh(delta / (2 * temperature))
        assert float(rate) == pytest.approx(expected, rel=1e-13)


def test_a_table_is_interpolated_without_overshoot_and_not_extrapolated():
    x = np.linspace(0.0, 4.0, 81)
    table = jax.jit(jax.vmap(Tabulated(x, x * np.exp(-x))))
    at = np.linspace(0.01, 3.99, 81)
    found = table(at)
    np.testing.assert_allclose(found, at * np.exp(-at), atol=1e-4)
    np.testing.assert_allclose(table(-at), -found)
    np.testing.assert_array_equal(table(x), x * np.exp(-x))
    assert np.all(np.isnan(table(4.01 + 0.0 * x)))
    steps = jax.jit(jax.vmap(Tabulated([0.5, 1.0, 1.5, 2.0], [0.0, 0.0, 1.0, 1.0])))
    values = np.asarray(steps(np.linspace(0.5, 2.0, 301)))
    assert values.min() >= 0.0
    assert values.max() <= 1.0
    slope = jax.grad(lambda y: Tabulated(x, y * x)(1.234))(0.7)
    assert float(slope) == pytest.approx(1.234, rel=1e-12)


def test_any_function_is_a_spectrum_with_derivatives_by_what_it_closes_over():
    def rate(strength):
        return thermal_rates(lambda w: strength * w**3, 1.2, 0.7)[0]

    expected = 1.2**3 / (1 - np.exp(-1.2 / 0.7))
    assert float(jax.grad(rate)(0.3)) == pytest.approx(expected, rel=1e-14)
    assert float(jax.jit(jax.jacfwd(rate))(0.3)) == pytest.approx(expected, rel=1e-14)
    slopes = jax.jit(jax.vmap(jax.grad(rate)))(jnp.array([0.1, 0.3]))
    np.testing.assert_allclose(slopes, expected, rtol=1e-14)
    many = jax.grad(lambda a: sum(jax.vmap(lambda w: thermal_rates(lambda v: a * v, w, 0.7)[0])(
        jnp.array([0.5, 1.2])
    )))(0.3)  # fmt: skip
    expected = sum(w / (1 - np.exp(-w / 0.7)) for w in (0.5, 1.2))
    assert float(many) == pytest.approx(expected, rel=1e-14)


def negative(w):
    return -0.1 * w


BAD = {
    "negative": (
        negative,
        r"`spectrum` \(negative\) must be finite and >= 0, but gamma\(1.2\) = -",
    ),
    "nan": (lambda w: jnp.nan * w, r"gamma\(1.2\) = nan"),
    "a vector": (lambda w: w * jnp.ones(2), r"must return a real scalar, .*shape \(2,\)"),
    "complex": (lambda w: 1j * w, "must return a real scalar, .*complex"),
    "numpy": (lambda w: np.exp(w), "must be written with jax.numpy"),
    "outside the table": (Tabulated([0.1, 1.0], [0.1, 1.0]), r"\(Tabulated\) must be finite"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_spectrum_is_named(name):
    spectrum, message = BAD[name]
    for use in (
        lambda: thermal_rates(spectrum, 1.2, 0.7),
        lambda: check_spectrum(spectrum, [0.0, 1.2]),
        lambda: qt.LocalBath(qt.destroy(2), 1.2, 0.7, spectrum),
        lambda: qt.DaviesBath(1.2 * qt.number(2), qt.sigmax(), 0.7, spectrum),
    ):
        with pytest.raises(ValueError, match=message):
            use()


def test_what_is_no_spectrum_at_a_traced_frequency_ends_in_a_status():
    down, up = jax.jit(lambda w: thermal_rates(negative, w, 0.7))(1.2)
    assert np.isnan(down)
    assert np.isnan(up)
    bath = qt.AdiabaticBath(qt.sigmax(), 0.7, negative)
    system = qt.OpenSystem(qt.Driven([(qt.Linear(1.0, 2.0), qt.number(2))]), bath)
    solution = qt.steady_state(system, 0.3, throw=False)
    assert bool(solution.result == qt.RESULTS.not_finite)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Tabulated([1.0, 0.5], [0.1, 0.2]), "`frequencies` must increase strictly"),
        (lambda: Tabulated([-1.0, 0.5], [0.1, 0.2]), "`frequencies` must be >= 0"),
        (lambda: Tabulated([0.0, 0.5], [0.1, -0.2]), "`values` must be >= 0"),
        (lambda: Tabulated([0.0, 0.5], [0.1, 0.2, 0.3]), "`values` must be one number for each"),
        (lambda: DrudeLorentz(-0.1, 1.0), "`strength` must be >= 0"),
        (lambda: DrudeLorentz(0.1, 0.0), "`cutoff` must be > 0"),
    ],
)
def test_bad_parameters_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
