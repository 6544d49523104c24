"""Reaction coordinates and pseudomodes, against closed forms, hierarchies and the mean force."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

import qtjax as qt

N, X, Z = (np.asarray(a) for a in (qt.number(2), qt.sigmax(), qt.sigmaz()))
RHO = np.array([[0.8, 0.4], [0.4, 0.2]])
TS = np.linspace(0.0, 6.0, 4)
COORDINATE = {"frequency": 1.3, "coupling": 0.4, "width": 1e-5, "temperature": 0.25, "levels": 4}
coordinate = functools.partial(qt.models.reaction_coordinate, 0.5 * Z, X)
pseudomode = functools.partial(qt.models.pseudomode, 0.5 * Z, X)


def reduced(system, start, ts=TS):
    """The states of the first part from RHO and a state of the second."""
    found = qt.evolve(system, np.kron(RHO, start), ts)
    return np.array([qt.algebra.partial_trace(rho, system.dims, 0) for rho in found.saved])


@pytest.mark.parametrize("gamma0", [0.7, 0.1])
def test_a_pseudomode_is_the_damped_jaynes_cummings_model(gamma0):
    """The closed form with memory, and nearly without; in the frame that does not rotate."""
    exact = qt.models.LorentzianDamping(1.1, gamma0, 0.5)
    g = np.sqrt(gamma0 * 0.5 / 2)
    system = qt.models.pseudomode(
        1.1 * N, qt.destroy(2), frequency=1.1, coupling=g, width=2 * 0.5, levels=2
    )
    wanted = np.array([exact.state(t, RHO) for t in TS])
    wanted[:, 0, 1] *= np.exp(1.1j * TS)
    wanted[:, 1, 0] *= np.exp(-1.1j * TS)
    np.testing.assert_allclose(reduced(system, np.diag([1.0, 0.0])), wanted, rtol=0, atol=1e-12)


def test_a_warm_pseudomode_dephases_by_its_correlation_function():
    """-ln|c/c(0)| = 4 Re int int C = 4 g^2 Re((n+1) f(z) + n f(z*)), f = (e^{-zt} - 1 + zt)/z^2."""
    w, k, g, temperature, levels = 1.0, 0.5, 0.2, 0.3, 8
    system = qt.models.pseudomode(
        0.35 * Z, Z, frequency=w, coupling=g, width=k, levels=levels, temperature=temperature
    )
    start = qt.thermal_state(w * np.diag(np.arange(levels)), temperature)
    n, z = 1 / np.expm1(w / temperature), k / 2 + 1j * w

    def f(z):
        return (np.exp(-z * TS) - 1 + z * TS) / z**2

    loss = 4 * g**2 * ((n + 1) * f(z) + n * f(z.conjugate())).real
    wanted = RHO[0, 1] * np.exp(-loss - 0.7j * TS)
    np.testing.assert_allclose(reduced(system, start)[:, 0, 1], wanted, rtol=0, atol=1e-9)


@pytest.mark.slow
def test_a_pseudomode_is_a_lorentzian_bath_beyond_the_rotating_wave():
    """QuTiP's hierarchy for C = g^2 exp(-iWt - kt/2), of depth 12."""
    qutip = pytest.importorskip("qutip")
    heom = pytest.importorskip("qutip.solver.heom")
    g, w, k = 0.3, 1.2, 0.4
    rates, half = [k / 2 - 1j * w, k / 2 + 1j * w], g * g / 2
    bath = heom.BosonicBath(qutip.sigmax(), [half, half], rates, [1j * half, -1j * half], rates)
    options = {"rtol": 1e-10, "atol": 1e-12, "progress_bar": False}
    solver = heom.HEOMSolver(0.5 * qutip.sigmaz(), bath, max_depth=12, options=options)
    wanted = [state.full() for state in solver.run(qutip.Qobj(RHO), TS).states]
    system = pseudomode(frequency=w, coupling=g, width=k, levels=8)
    np.testing.assert_allclose(reduced(system, np.diag(np.eye(8)[0])), wanted, rtol=0, atol=1e-6)


def test_a_reaction_coordinate_comes_to_the_mean_force_state():
    """Whatever the coupling, and not to the Gibbs state of the system."""
    system = coordinate(**COORDINATE)
    found = qt.steady_state(system).state
    wanted = qt.thermodynamics.mean_force_state(system, 0.25)
    np.testing.assert_allclose(found, qt.thermal_state(system.hamiltonian(0.0), 0.25), atol=1e-12)
    reduced = qt.algebra.partial_trace(found, system.dims, 0)
    np.testing.assert_allclose(reduced, wanted, rtol=0, atol=1e-12)
    assert np.max(np.abs(wanted - qt.thermal_state(0.5 * Z, 0.25))) > 0.02
    assert qt.algebra.truncation_population(found, system.dims, 1) < 1e-4


def test_a_reaction_coordinate_has_the_equilibrium_of_the_whole_bath():
    """0.1474004 from QuTiP's hierarchy (3 Matsubara terms, depth 8); 0.1192 without coupling."""
    system = coordinate(frequency=1.0, coupling=0.3, width=0.05, temperature=0.5, levels=8)
    found = qt.thermodynamics.mean_force_state(system, 0.5)[0, 0].real
    assert abs(found - 0.1474004) < 1e-4


def occupation_by_langevin(frequency, peak, g, k, t):
    """<a^+ a> of an oscillator in a Brownian bath, by the quantum Langevin equation.

    (<x^2> + <p^2>)/4 - 1/2, <x^2> = int dw/pi coth(w/2T) Im chi over w > 0, with w^2/frequency^2
    for <p^2>.
    """

    def fluctuation(w):
        rest = peak**2 - w**2 - 1j * k * w
        chi = 2 * frequency * rest
        chi = chi / ((frequency**2 - w**2) * rest - 4 * frequency * peak * g**2)
        return (1 + (w / frequency) ** 2) / np.tanh(w / (2 * t)) * chi.imag / np.pi

    edges = [1e-9, *np.arange(0.1, 4.0, 0.05), 10.0, 1000.0]
    options = {"epsabs": 1e-13, "epsrel": 1e-10, "limit": 200}
    parts = [quad(fluctuation, *pair, **options)[0] for pair in itertools.pairwise(edges)]
    return sum(parts) / 4 - 0.5


def occupation_by_normal_modes(frequency, peak, g, k, t, modes=600, highest=6.0):
    """The same in the Gibbs state of the oscillator and 600 of its bath, cut off at 6."""
    w = (np.arange(modes) + 0.5) * highest / modes
    density = 2 * g**2 * peak * k * w / ((peak**2 - w**2) ** 2 + (k * w) ** 2)
    potential = np.diag([frequency**2, *w**2])
    couplings = 2 * np.sqrt(density * highest / modes / np.pi * frequency * w)
    potential[0, 1:] = potential[1:, 0] = couplings
    squares, v = np.linalg.eigh(potential)
    modes = np.sqrt(squares)
    means = (frequency / modes + modes / frequency) / np.tanh(modes / (2 * t)) / 4
    return v[0] ** 2 @ means - 0.5


@pytest.mark.slow
def test_a_coordinate_gives_the_exact_occupation_of_an_oscillator():
    """Which every second-order equation misses by the order of g^2: 23 % at g = 0.2 W."""
    k, t, levels = 0.1, 0.5, 10
    number, position = qt.number(levels), qt.destroy(levels) + qt.create(levels)
    given, thermal = [(1.0, 1.0, 0.2), (1.0, 2.0, 0.2), (1.0, 1.0, 0.05)], 1 / np.expm1(2.0)
    exact = [occupation_by_langevin(*row, k, t) for row in given]
    np.testing.assert_allclose(occupation_by_normal_modes(*given[0], k, t), exact[0], rtol=5e-5)
    errors = [-0.231, -0.117, -0.0156]
    np.testing.assert_allclose(thermal / np.array(exact) - 1.0, errors, rtol=5e-3)
    for (frequency, peak, g), wanted in zip(given, exact, strict=True):
        system = qt.models.reaction_coordinate(
            frequency * number, position, frequency=peak, coupling=g, width=k, temperature=t,
            levels=levels, bath=qt.dynamics.RedfieldBath,
        )  # fmt: skip
        rho = qt.thermodynamics.mean_force_state(system, t)
        found = np.diag(rho).real @ np.arange(levels)
        assert abs(found / wanted - 1.0) < 2e-4


@pytest.mark.slow
def test_redfield_populations_of_an_oscillator_are_thermal():
    levels = 10
    number, position = qt.number(levels), qt.destroy(levels) + qt.create(levels)
    bath = qt.dynamics.RedfieldBath(position, 0.5, qt.dynamics.Brownian(0.2, 1.0, 0.1))
    rho = qt.steady_state(qt.OpenSystem(number, bath)).state
    found = np.diag(rho).real @ np.arange(levels)
    thermal = np.diag(qt.thermal_state(number, 0.5)).real @ np.arange(levels)
    np.testing.assert_allclose(found, thermal, rtol=1e-6)


def test_the_spectrum_of_a_coordinate():
    """QuTiP's underdamped J; the pure dephasing of the residual bath is that of the whole one."""
    spectrum = qt.dynamics.Brownian.from_coordinate(0.3, 1.2, 0.1)
    qutip = pytest.importorskip("qutip")
    lam = 0.3 * np.sqrt(2 * 1.2)
    environment = qutip.UnderDampedEnvironment(T=1.0, lam=lam, gamma=0.1, w0=1.2)
    for omega in (0.4, 1.2, 3.0):
        wanted = 2 * environment.spectral_density(omega)
        np.testing.assert_allclose(spectrum(omega), wanted, rtol=1e-12)
        np.testing.assert_allclose(spectrum(-omega), -wanted, rtol=1e-12)
        other = qt.dynamics.Brownian.from_qutip(lam, 0.1, 1.2)(omega)
        np.testing.assert_allclose(other, wanted, rtol=1e-12)
    (bath,) = coordinate(**COORDINATE).baths
    shift = 2 * COORDINATE["coupling"] / COORDINATE["frequency"]  # of <a + a^+> per unit of S
    parameters = (COORDINATE[key] for key in ("coupling", "frequency", "width"))
    whole = qt.dynamics.Brownian.from_coordinate(*parameters)
    slope = whole(1e-6) / 1e-6
    np.testing.assert_allclose(bath.zero_frequency * shift**2, slope * 0.25, rtol=1e-9)


def test_coordinates_of_two_baths_and_of_other_classes():
    made = []

    def other(position, temperature, spectrum):
        made.append((position.shape, float(temperature), float(spectrum(1.0))))
        return qt.AdiabaticBath(position, temperature, spectrum, transitions=grouping)

    grouping = qt.dynamics.Transitions((8,), ())
    system = qt.models.reaction_coordinates(
        0.5 * Z, (X, Z), frequencies=(3.0, 4.0), couplings=(0.01, 0.02), widths=(0.3, 0.1),
        temperatures=(0.3, 0.2), levels=(2, 2), bath=other,
    )  # fmt: skip
    assert system.dims == (2, 2, 2)
    np.testing.assert_allclose([m[1:] for m in made], [(0.3, 0.1), (0.2, 0.025)], rtol=1e-14)
    position = X  # of two levels
    one, wanted = np.eye(2), np.kron(0.5 * Z, np.eye(4))
    wanted = wanted + np.kron(np.kron(0.01 * X, position) + np.kron(one, 3.0 * N), one)
    wanted = wanted + np.kron(np.kron(0.02 * Z, one), position) + np.kron(np.eye(4), 4.0 * N)
    np.testing.assert_allclose(system.hamiltonian(0.0), wanted, atol=1e-15)


def test_parameters_are_differentiated_through_the_model():
    """Traced parameters, given the grouping of a concrete exemplar."""
    (exemplar,) = coordinate(**COORDINATE).baths

    @jax.jit
    def heat(coupling):
        system = coordinate(**COORDINATE | {"coupling": coupling}, transitions=exemplar.transitions)
        return qt.dynamics.heat_currents(system, 0.0, jnp.diag(jnp.eye(8)[0]) + 0j)[0]

    difference = (heat(0.4 + 1e-6) - heat(0.4 - 1e-6)) / 2e-6
    np.testing.assert_allclose(jax.jit(jax.jacfwd(heat))(0.4), difference, rtol=1e-7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: coordinate(**COORDINATE | {"temperature": 1.0}), "`levels` = 4 is too small"),
        (lambda: coordinate(**COORDINATE | {"width": 0.0}), "`width` must be > 0"),
        (lambda: coordinate(**COORDINATE | {"levels": 1}), "`levels` must be a whole number >= 2"),
        (
            lambda: qt.models.reaction_coordinate(0.5 * Z, qt.destroy(2), **COORDINATE),
            "`operator` must be Hermitian",
        ),
        (
            lambda: qt.models.reaction_coordinates(
                Z, (X, Z), frequencies=(1.0,), couplings=(1.0, 1.0), widths=(1.0, 1.0),
                temperatures=(1.0, 1.0), levels=(4, 4),
            ),
            "`frequencies` must hold one number for each of the 2 operators, got 1",
        ),
        (
            lambda: qt.models.reaction_coordinates(
                Z, (X,), frequencies=(1.0,), couplings=(1.0,), widths=(-1.0,),
                temperatures=(0.1,), levels=(4,),
            ),
            r"`widths\[0\]` must be > 0",
        ),
        (
            lambda: pseudomode(frequency=1.0, coupling=0.1, width=0.1, levels=4, temperature=1.0),
            "`levels` = 4 is too small",
        ),
        (lambda: pseudomode(frequency=1.0, coupling=0.1, width=-1.0, levels=4), "`width` must be"),
        (lambda: qt.dynamics.Brownian.from_coordinate(0.1, 1.0, 0.0), "`width` must be > 0"),
    ],
)  # fmt: skip
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()
