"""Temperatures of states: Gibbs states, limits, derivatives, and curves along a trajectory."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.thermodynamics import state_temperatures

NAMES = ("population", "spectral", "gradient", "covariance", "energy", "entropy", "inverted")
SIZES = {2: (1, 1), 3: (1, 1, 1), 4: (1, 2, 1)}
ENERGIES = {2: [-0.4, 0.9], 3: [0.2, 0.9, 1.7], 4: [-0.3, 0.5, 0.5, 1.1]}


def gaussian(d, seed):
    return np.random.default_rng(seed).normal(size=(d, d, 2)) @ np.array([1.0, 1.0j])


@functools.cache
def hamiltonian(d):
    """In a random basis; with a degenerate level for d = 4."""
    u = np.linalg.qr(gaussian(d, d))[0]
    return u @ np.diag(ENERGIES[d]) @ u.conj().T


def gibbs(d, beta):
    """e^{-beta H}/Z by NumPy, for beta of either sign."""
    values, vectors = np.linalg.eigh(hamiltonian(d))
    weights = np.exp(-beta * (values - values[0 if beta > 0 else -1]))
    return (vectors * weights / weights.sum()) @ vectors.conj().T


def random_state(d):
    g = gaussian(d, 20)
    return g @ g.conj().T / np.linalg.norm(g) ** 2


def betas(rho, h, sizes):
    """All definitions, in the order of NAMES."""
    return jnp.stack(
        [
            qt.thermodynamics.population_beta(rho, h, levels=sizes),
            qt.thermodynamics.spectral_beta(rho, h, sizes),
            qt.thermodynamics.gradient_beta(rho, h),
            qt.thermodynamics.covariance_beta(rho, h),
            qt.thermodynamics.energy_beta(rho, h),
            qt.thermodynamics.entropy_beta(rho, h),
            qt.thermodynamics.entropy_beta(rho, h, inverted=True),
        ]
    )


BATCH = jax.jit(jax.vmap(betas, (0, None, None)), static_argnums=2)


def found(states, h=None):
    """The definitions of up to four states, by name; one compilation for each dimension."""
    states = np.asarray(states) + 0j
    count, d = states.shape[:2]
    padded = np.concatenate([states, np.tile(np.eye(d) / d, (4 - count, 1, 1))])
    h = hamiltonian(d) if h is None else h
    table = np.asarray(BATCH(padded, np.asarray(h) + 0j, SIZES[d]))[:count]
    return dict(zip(NAMES, table.T, strict=True))


@pytest.mark.parametrize("d", [2, 3, 4])
def test_gibbs_states(d):
    """One temperature by all definitions. Rounding of rho enters as 1e-16/p_min."""
    temperatures = np.array([0.15, 0.6, 3.0, 50.0])
    states = [gibbs(d, 1 / t) for t in temperatures]
    smallest = np.array([np.linalg.eigvalsh(rho)[0] for rho in states])
    table = found(states)
    assert np.all(table.pop("inverted") < 0)
    for name, values in table.items():
        # the entropy is flat at high T: its slope by beta is -beta var(H)
        flat = 10 * temperatures if name == "entropy" else 1.0
        error = np.abs(values - 1 / temperatures)
        assert np.all(error < 1e-14 / smallest + 1e-14 * flat), name


@pytest.mark.parametrize("d", [2, 3, 4])
def test_inverted_gibbs_states(d):
    given = np.array([-2.0, -1.3, -0.4, -0.05])
    for name, values in found([gibbs(d, beta) for beta in given]).items():
        if name == "entropy":
            assert np.all(values > 0)
        else:
            np.testing.assert_allclose(values, given, rtol=1e-11, err_msg=name)


@pytest.mark.parametrize("d", [2, 3])
def test_the_lowest_and_the_highest_level(d):
    """+-inf; the clamped logarithm of the gradient stays finite."""
    ends = np.stack([np.diag(np.eye(d)[0]), np.diag(np.eye(d)[-1])])
    table = found(ends, np.diag(ENERGIES[d]))
    for name in ("population", "energy"):
        np.testing.assert_array_equal(table[name], [np.inf, -np.inf])
    assert table["entropy"][0] == np.inf
    assert table["inverted"][1] == -np.inf
    assert np.all(np.isfinite(table["gradient"]))
    assert table["gradient"][0] > 100 > -100 > table["gradient"][1]
    # a pair of empty levels is 0/0
    spectral = [np.inf, -np.inf] if d == 2 else [np.nan, np.nan]
    np.testing.assert_array_equal(table["spectral"], spectral)


def test_a_degenerate_ground_level():
    """Its mixture is at T = 0; with less entropy there is no Gibbs state."""
    h = np.diag([0.0, 0.0, 1.0])
    entropy_beta, energy_beta = (
        jax.jit(qt.thermodynamics.entropy_beta),
        jax.jit(qt.thermodynamics.energy_beta),
    )
    assert float(entropy_beta(np.diag([0.5, 0.5, 0.0]), h)) == np.inf
    assert np.isnan(entropy_beta(np.diag([1.0, 0.0, 0.0]), h))
    assert float(energy_beta(np.diag([1.0, 0.0, 0.0]), h)) == np.inf


@pytest.mark.parametrize("d", [2, 3, 4])
def test_the_maximally_mixed_state(d):
    for name, values in found([np.eye(d) / d]).items():
        # where the entropy is flat, its rounding is worth the root of it
        tolerance = 1e-7 if name in ("entropy", "inverted") else 1e-14
        np.testing.assert_allclose(values, 0.0, atol=tolerance, err_msg=name)


@pytest.mark.parametrize(
    "beta",
    [
        qt.thermodynamics.gradient_beta,
        qt.thermodynamics.covariance_beta,
        qt.thermodynamics.energy_beta,
        qt.thermodynamics.entropy_beta,
    ],
)
def test_flat_hamiltonians_have_no_temperature(beta):
    assert np.isnan(beta(np.diag([0.7, 0.3]), np.eye(2)))


def test_definitions_by_hand():
    """A diagonal state of (1, 2, 1) levels; degenerate states share their probability."""
    p, e = np.array([0.4, 0.25, 0.05, 0.3]), np.array(ENERGIES[4])
    rho, h = np.diag(p), np.diag(e)
    table = {name: float(values[0]) for name, values in found([rho], h).items()}
    w, n, levels = np.array([0.4, 0.3, 0.3]), np.array([1, 2, 1]), np.array([-0.3, 0.5, 1.1])
    logs = np.log(w / n)
    assert table["population"] == pytest.approx((logs[0] - logs[2]) / 1.4, rel=1e-13)
    for pair in ((0, 1), (1, 0)):
        pair_beta = float(
            qt.thermodynamics.population_beta(rho, h, *pair)
        )  # levels are found from H
        assert pair_beta == pytest.approx((logs[0] - logs[1]) / 0.8, rel=1e-13)
    terms = (w[1:] + w[:-1]) / 2 * np.diff(logs) / np.diff(levels)
    spectral = -terms.sum() / (1 - (w[0] + w[-1]) / 2)
    assert table["spectral"] == pytest.approx(spectral, rel=1e-13)
    centred = e - e.mean()
    gradient = -centred @ np.log(p) / (centred @ centred)
    assert table["gradient"] == pytest.approx(gradient, rel=1e-13)
    mean = p @ e
    covariance = -(p @ (e * np.log(p)) - mean * (p @ np.log(p))) / (p @ e**2 - mean**2)
    assert table["covariance"] == pytest.approx(covariance, rel=1e-13)


def test_any_two_of_the_levels():
    """Counted from either end, the first and the last included."""
    rho, h = np.diag([0.5, 0.2, 0.3]), np.diag([0.0, 1.0, 3.0])
    for lower, upper in ((0, 1), (1, 2), (-3, -2), (2, -3)):
        beta = qt.thermodynamics.population_beta(rho, h, lower, upper)
        i, j = lower % 3, upper % 3
        expected = np.log(rho[i, i] / rho[j, j]) / (h[j, j] - h[i, i])
        assert float(beta) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("d", [2, 3, 4])
def test_same_energy_and_same_entropy(d):
    """The Gibbs states at these betas have them, for a state with coherence."""
    rho, h = random_state(d), hamiltonian(d)
    table = {name: float(values[0]) for name, values in found([rho]).items()}
    other = gibbs(d, table["energy"])
    assert np.trace(other @ h).real == pytest.approx(np.trace(rho @ h).real, abs=1e-14)
    for name, sign in (("entropy", 1), ("inverted", -1)):
        assert sign * table[name] > 0
        weights = [np.linalg.eigvalsh(x) for x in (rho, gibbs(d, table[name]))]
        entropies = [-w @ np.log(w) for w in weights]
        assert entropies[0] == pytest.approx(entropies[1], abs=1e-13)
    assert np.ptp(list(table.values())) > 1e-2  # they differ away from equilibrium


def test_slopes_by_scale_and_by_temperature():
    """beta(w H) = beta/w in any state; in the Gibbs state at T also d beta/dT = -1/T^2."""
    h, temperature = jnp.asarray(hamiltonian(4)), 0.7

    def along(x):
        return betas(qt.thermal_state(h, x[1]), x[0] * h, SIZES[4])[:6]

    slopes = jax.jit(jax.jacrev(along))(jnp.array([1.0, temperature]))
    np.testing.assert_allclose(slopes[:, 0], -1 / temperature, rtol=1e-10)
    np.testing.assert_allclose(slopes[:, 1], -1 / temperature**2, rtol=1e-10)


def test_scaling_the_hamiltonian():
    """By differences of no small step: beta(2 H) = beta(H)/2 in a state with coherence."""
    rho = random_state(4)
    once, twice = found([rho]), found([rho], 2 * hamiltonian(4))
    for name in NAMES:
        assert abs(once[name][0]) > 1e-3
        np.testing.assert_allclose(twice[name], once[name] / 2, rtol=1e-11, err_msg=name)


def test_slopes_at_an_equal_population_are_finite():
    """beta goes through 0 smoothly by all but the entropy: 2/w per unit of p_0 - p_1."""

    def along(z):
        rho = qt.identity(2) / 2 + z / 2 * qt.sigmaz()
        return betas(rho, 1.5 * qt.number(2), (1, 1))[:5]

    np.testing.assert_allclose(jax.jit(jax.jacfwd(along))(0.0), 2 / 1.5, rtol=1e-9)


OMEGA, TS = 1.3, np.array([0.0, 0.4, 1.0, 2.5])
SAVED = ("population", "energy", "entropy", "spectral", "gradient")


def itself(system, t, rho):
    return rho


@functools.cache
def curves(coherence):
    """A qubit that starts inverted and cools: its temperatures and its states."""
    bath = qt.LocalBath(qt.destroy(2), OMEGA, 0.8, qt.Flat(0.4))
    system = qt.OpenSystem(OMEGA * qt.number(2), bath)
    rho0 = qt.algebra.from_bloch(np.array([coherence, 0.0, -0.4]))
    solution = qt.evolve(system, rho0, TS, save=(qt.temperatures, itself))
    return solution.saved[0], np.asarray(solution.saved[1])


def test_a_diagonal_qubit_has_one_temperature():
    """Then T(t) of eq. (17) is that of the populations, also where it is negative."""
    table, states = curves(0.0)
    expected = np.log(states[:, 0, 0].real / states[:, 1, 1].real) / OMEGA
    assert expected[0] < 0 < expected[-1]
    for name in ("generalized", "population", "energy", "spectral", "gradient"):
        np.testing.assert_allclose(getattr(table, name), expected, rtol=1e-11, err_msg=name)
    np.testing.assert_allclose(table.entropy, np.abs(expected), rtol=1e-11)
    np.testing.assert_array_equal(table.status, 0)


def test_curves_of_a_coherent_qubit():
    """Saved values are those of each state; T(t) is no state function and differs."""
    table, states = curves(0.5)
    alone = found(states, OMEGA * np.asarray(qt.number(2)))
    for name in SAVED:
        np.testing.assert_allclose(getattr(table, name), alone[name], rtol=1e-12, err_msg=name)
    p = states[:, 1, 1].real
    np.testing.assert_allclose(table.population, np.log((1 - p) / p) / OMEGA, rtol=1e-12)
    assert np.min(np.abs(table.generalized - table.population)) > 1e-2


def test_curves_of_three_levels_need_the_levels():
    h = hamiltonian(3)
    coupling = np.ones((3, 3)) + 0j
    system = qt.OpenSystem(h, qt.DaviesBath(h, coupling, 0.8, qt.Flat(0.3)))
    rho0 = jnp.asarray(gibbs(3, 1 / 0.8))
    with pytest.raises(ValueError, match=r"`hamiltonian` is traced.*give `levels`"):
        qt.evolve(system, rho0, TS, save=qt.temperatures)
    table = jax.jit(functools.partial(qt.temperatures, system, levels=(1, 1, 1)))(0.0, rho0)
    for name in SAVED:
        np.testing.assert_allclose(getattr(table, name), 1 / 0.8, rtol=1e-11, err_msg=name)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_levels_much_closer_than_the_range(sign):
    """At T = 1/3000 of the range, half the gap of the two lowest (highest) levels."""
    beta, h = sign * 3000.0, np.diag([0.0, 0.2, 1.0])
    h[1, 1] = 1 / 1500 if sign > 0 else 1.0 - 1 / 1500
    energies = np.diag(h)
    weights = np.exp(-beta * (energies - energies[0 if sign > 0 else -1]))
    rho = np.diag(weights / weights.sum())
    entropy = qt.thermodynamics.entropy_beta(rho, h, inverted=sign < 0)
    assert float(entropy) == pytest.approx(beta, rel=1e-11)
    assert float(qt.thermodynamics.energy_beta(rho, h)) == pytest.approx(beta, rel=1e-11)


def test_levels_that_rounding_may_be():
    """A spread of 1e-14 of the energies is none, and has no temperature."""
    rho = np.diag([0.6, 0.4])
    for spread, none in ((0.5e-8, True), (2e-8, False)):
        h = 1e6 * np.eye(2) + np.diag([0.0, spread])
        assert np.isnan(float(qt.thermodynamics.energy_beta(rho, h))) == none


def test_entropy_in_single_precision():
    """There the Gibbs weights at the ends of the bracket are 0; ln 3 for 3/4 and 1/4, by 2."""
    with jax.enable_x64(False):
        found = qt.thermodynamics.entropy_beta(np.diag([0.25, 0.75]), qt.sigmaz())
    assert found.dtype == jnp.float32
    assert float(found) == pytest.approx(0.5 * np.log(3), rel=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda h: qt.thermodynamics.population_beta(h, h, 0, 3),
            "`lower` and `upper` must name two of the 3",
        ),
        (
            lambda h: qt.thermodynamics.population_beta(h, h, -4, 1),
            "`lower` and `upper` must name two of the 3",
        ),
        (
            lambda h: qt.thermodynamics.population_beta(h, h, 3, 1),
            "`lower` and `upper` must name two of the 3 levels, got 3 and 1",
        ),
        (
            lambda h: qt.thermodynamics.population_beta(h, h, 0, -4),
            "`lower` and `upper` must name two of the 3 levels, got 0 and -4",
        ),
        (lambda h: jax.jit(qt.thermodynamics.population_beta)(h, h), r"is traced.*give `levels`"),
        (lambda h: jax.jit(qt.thermodynamics.spectral_beta)(h, h), r"is traced.*give `levels`"),
        (
            lambda h: qt.thermodynamics.spectral_beta(h, h, (1, 1)),
            "`levels` must be positive group sizes",
        ),
        (
            lambda h: inspect.unwrap(state_temperatures._operators)(h[:2, :2], h),
            "`hamiltonian` must be 3 x 3 to match",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.eye(3) / 3 + np.diag([0.0, 0.1, 0.2]))


BETAS = [
    qt.thermodynamics.gradient_beta, qt.thermodynamics.covariance_beta,
    qt.thermodynamics.energy_beta, qt.thermodynamics.entropy_beta,
]  # fmt: skip


@pytest.mark.parametrize("beta", BETAS)
def test_of_energies_whose_squares_underflow(beta):
    """In units of energy from 1e-200 to 1e150, with the derivative by the state."""
    h = np.array([[0.0, 0.2, 0.0], [0.2, 0.7, 0.1j], [0.0, -0.1j, 1.6]])
    rho = qt.thermal_state(h, 0.8)
    along = rho - qt.thermal_state(h, 1.0)

    def scaled(x, unit):
        return beta(rho + x * along, unit * h) * unit

    found = [jax.value_and_grad(scaled)(0.0, unit) for unit in (1.0, 1e-200, 1e150)]
    np.testing.assert_allclose(found[0][0], 1.25, rtol=1e-12)
    np.testing.assert_allclose(found[1:], [found[0]] * 2, rtol=1e-10)


@pytest.mark.parametrize("beta", BETAS)
def test_of_one_level_that_rounding_splits(beta):
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    assert jnp.isnan(beta(qt.thermal_state(np.diag([0.0, 1.0, 2.0]), 1.0), turn @ turn.T * 3.0))


def test_of_an_energy_that_does_not_fluctuate():
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    h, rho = turn @ np.diag([0.3, 1.0, 2.0]) @ turn.T, np.outer(turn[:, 1], turn[:, 1])
    assert jnp.isnan(qt.thermodynamics.covariance_beta(rho, h))
