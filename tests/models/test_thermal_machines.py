"""Machines that run continuously: masers, refrigerators, valves, transistors, chains, networks."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt

REFERENCE = Path(__file__).parents[1] / "reference" / "published.json"
PUBLISHED = {entry["key"]: entry for entry in json.loads(REFERENCE.read_text())["results"]}


def published(key):
    return PUBLISHED[key]["values"]


def occupation(w, t):
    return 1.0 / np.expm1(w / t)


@jax.jit
def currents(system):
    """Heat currents, power and status of the steady state."""
    found = qt.steady_state(system)
    heats = qt.dynamics.heat_currents(system, 0.0, found.state)
    return heats, qt.dynamics.power(system, 0.0, found.state), found.result


def maser(hot=10.0, drive=0.05, rates=(0.02, 0.02), **given):
    given = {"temperatures": (1.0, hot), "rates": rates, "drive": drive} | given
    return qt.models.three_level_maser((1.0, 3.0), **given)


@pytest.mark.parametrize(
    ("given", "flux", "sigma"),
    [
        ({}, published("ssdb_maser_coherent_tur")["flux_g0p05"], None),
        ({"drive": 0.02}, *published("ssdb_maser_coherent_tur")["g0.02"][::2][:2]),
        ({"drive": 0.01}, *published("ssdb_maser_coherent_tur")["g0.01"][::2][:2]),
        (
            {"hot": 200.0, "rates": (0.05, 0.001)},
            published("ssdb_maser_tur_violation")["flux"],
            published("ssdb_maser_tur_violation")["sigma"],
        ),
    ],
)
def test_maser(given, flux, sigma):
    system = maser(**given)
    (cold, hot), work, _ = currents(system)
    assert float(hot) / 3.0 == pytest.approx(flux, rel=1e-9)
    assert float(cold) == pytest.approx(-flux, rel=1e-9)
    assert float(work) == pytest.approx(-2.0 * flux, rel=1e-9)
    production = -cold / 1.0 - hot / given.get("hot", 10.0)
    if sigma is not None:
        assert float(production) == pytest.approx(sigma, rel=1e-9)


def test_power_of_the_maser():
    values = published("ssdb_maser_coherent_tur")
    (_, hot), work, _ = currents(maser())
    assert -float(work) == pytest.approx(values["power_g0p05"], rel=1e-9)
    assert -float(work / hot) == pytest.approx(values["eta"], rel=1e-9)


def test_gradient_of_the_masers_power():
    def output(x):
        return -currents(maser(drive=x[0], rates=(x[1], 0.02), hot=x[2]))[1]

    x = jnp.array([0.05, 0.02, 10.0])
    slope = jax.grad(output)(x)
    step = 1e-5 * np.diag(x)
    expected = [(output(x + e) - output(x - e)) / (2 * e.sum()) for e in step]
    np.testing.assert_allclose(slope, expected, rtol=1e-6)
    batch = jax.vmap(output)(jnp.stack([x, 1.1 * x]))
    np.testing.assert_allclose(batch[0], output(x), rtol=1e-12)


TEMPERATURES = (1.0, 1.5, 6.0)  # (cold, room, work)
CARNOT = float(qt.models.absorption_carnot_performance(TEMPERATURES))


def three_levels(gap):
    return qt.models.three_level_refrigerator(
        (gap, 2.0), temperatures=TEMPERATURES, rates=(0.01, 0.02, 0.03)
    )


def three_qubits(gap, coupling=0.01):
    return qt.models.three_qubit_refrigerator(
        (gap, 2.0), coupling=coupling, temperatures=TEMPERATURES, rates=(0.01, 0.02, 0.03)
    )


def test_carnots_performance():
    assert pytest.approx((1 - 1.5 / 6.0) / (1.5 / 1.0 - 1)) == CARNOT


@pytest.mark.parametrize("model", [three_levels, three_qubits])
def test_refrigerators_cool_inside_their_window(model):
    for part, cools in ((0.5, True), (0.99, True), (1.01, False)):
        gap = part * CARNOT * 2.0
        (cold, room, work), driven, _ = currents(model(gap))
        assert bool(cold > 0.0) is cools
        np.testing.assert_allclose(cold / work, gap / 2.0, rtol=1e-6)
        np.testing.assert_allclose(room, -cold - work, rtol=1e-6)
        assert abs(float(driven)) < 1e-14
        assert (
            float(sum(-q / t for q, t in zip((cold, room, work), TEMPERATURES, strict=True))) > 0.0
        )


def test_three_level_refrigerator_has_the_flux_of_its_rate_equations():
    """The flux of a cycle of three rates by Hill's formula: (product forward - backward)/trees."""
    gaps, rates = (1.0, 3.0, 2.0), (0.01, 0.02, 0.03)
    n = [occupation(w, t) for w, t in zip(gaps, TEMPERATURES, strict=True)]
    (dc, uc), (dr, ur), (dw, uw) = ((g * (m + 1), g * m) for g, m in zip(rates, n, strict=True))
    # 0 -> 1 cold up, 1 -> 2 work up, 2 -> 0 room down
    trees = (
        dc * dw + dc * dr + uw * dr  # to 0
        + uc * dw + uc * dr + ur * dw  # to 1
        + uc * uw + ur * dc + ur * uw  # to 2
    )  # fmt: skip
    flux = (uc * uw * dr - dc * dw * ur) / trees
    found = currents(three_levels(1.0))[0]
    np.testing.assert_allclose(found, flux * np.array([1.0, -3.0, 2.0]), rtol=1e-10)


def test_three_qubits_weakly_coupled():
    """Second order in g: the flux 4 g^2/G (p_010 - p_101), G the sum of the damping rates."""
    gaps, rates, g = (1.0, 3.0, 2.0), (0.01, 0.02, 0.03), 1e-5
    n = [occupation(w, t) for w, t in zip(gaps, TEMPERATURES, strict=True)]
    p = [m / (2 * m + 1) for m in n]
    damping = sum(r * (2 * m + 1) for r, m in zip(rates, n, strict=True))
    difference = (1 - p[0]) * p[1] * (1 - p[2]) - p[0] * (1 - p[1]) * p[2]
    flux = -4 * g**2 / damping * difference
    found = currents(three_qubits(1.0, g))[0]
    np.testing.assert_allclose(found, flux * np.array([1.0, -3.0, 2.0]), rtol=1e-4)


def test_temperatures_out_of_order():
    with pytest.raises(ValueError, match="`temperatures` must increase: 0 < cold < room < work"):
        qt.models.absorption_carnot_performance((1.0, 3.0, 2.0))
    with pytest.raises(ValueError, match="`gaps` must have 2 entries"):
        qt.models.three_level_refrigerator((1.0,), temperatures=TEMPERATURES, rates=0.1)
    with pytest.raises(ValueError, match="`rates` must be one rate or spectrum, or one for each"):
        qt.models.three_level_refrigerator((1.0, 2.0), temperatures=TEMPERATURES, rates=(1.0, 2.0))


def test_heat_valve():
    """Closed form, with resonators that the gap meets or not."""
    spectra = [qt.models.Resonator(1.0, 0.05, 0.01), qt.models.Resonator(1.0, 0.08, 0.01)]
    assert float(spectra[0](1.0)) == pytest.approx(4 * 0.01**2 / 0.05)

    def found(gap):
        system = qt.models.heat_valve(gap, temperatures=(0.3, 0.6), rates=spectra)
        return currents(system)[0]

    flows = []
    for gap in (1.0, 1.3):
        nc, nh = occupation(gap, 0.3), occupation(gap, 0.6)
        gc, gh = (float(s(gap)) for s in spectra)
        closed = gap * gh * gc * (nh - nc) / (gh * (2 * nh + 1) + gc * (2 * nc + 1))
        np.testing.assert_allclose(found(gap), [-closed, closed], rtol=1e-10)
        flows.append(closed)
    assert flows[0] > 50 * flows[1]


def transistor(middle, fields=(0.0, 0.0, 0.0), couplings=(1.0, 0.0, 1.0)):
    return qt.models.thermal_transistor(
        couplings=couplings, temperatures=(0.2, middle, 0.02), rates=qt.Ohmic(1.0), fields=fields
    )


def rate_equation(middle, fields, couplings):
    """Heat currents of the 8 configurations by hand."""
    s = 1 - 2 * np.indices((2, 2, 2)).reshape(3, -1)
    pairs = ((0, 1), (0, 2), (1, 2))
    energies = 0.5 * sum(h * s[k] for k, h in enumerate(fields))
    energies = energies + 0.5 * sum(
        j * s[a] * s[b] for j, (a, b) in zip(couplings, pairs, strict=True)
    )
    w = np.zeros((3, 8, 8))
    for k, t in enumerate((0.2, middle, 0.02)):
        for a in range(8):
            b = a ^ (4 >> k)
            e = energies[b] - energies[a]
            w[k, b, a] = t if e == 0.0 else e / np.expm1(e / t)
    total = w.sum(0)
    generator = total - np.diag(total.sum(0))
    generator[-1] = 1.0
    p = np.linalg.solve(generator, np.eye(8)[-1])
    change = energies[:, None] - energies[None, :]
    return np.array([np.sum(w[k] * change * p) for k in range(3)])


@pytest.mark.parametrize(
    ("fields", "couplings"),
    [((0.0, 0.0, 0.0), (1.0, 0.0, 1.0)), ((0.1, -0.3, 0.2), (1.0, 0.15, 0.8))],
)
def test_thermal_transistor(fields, couplings):
    found = currents(transistor(0.1, fields, couplings))[0]
    expected = rate_equation(0.1, fields, couplings)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-14)


def test_the_transistor_amplifies():
    """Joulain et al.: the currents at L and R change much more than that at M."""
    slopes = jax.jacfwd(lambda t: currents(transistor(t))[0])(0.1)
    assert abs(float(slopes[0] / slopes[1])) > 10.0
    assert float(jnp.sum(slopes)) == pytest.approx(0.0, abs=1e-10)


def test_flips_keep_their_gibbs_state():
    system = transistor(0.3, (0.1, -0.3, 0.2), (1.0, 0.15, 0.8))
    defects = jax.jit(qt.dynamics.gibbs_defects)(system, 0.0)
    np.testing.assert_allclose(defects, 0.0, atol=1e-13)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"energies": [0.5, 0.0, -0.5]}, r"`energies` must hold .* got 3; `ising_energies` makes"),
        ({"energies": [0.5]}, "`energies` must be a vector of 2 or more"),
        ({"temperature": -1.0}, "`temperature` must be >= 0, got -1.0"),
        ({"site": 1}, "`site` must lie between 0 and 0, got 1"),
        ({"site": -1}, "`site` must be a whole number >= 0, got -1"),
    ],
)
def test_what_a_bath_of_flips_refuses(given, message):
    valid = {"energies": [0.5, -0.5], "temperature": 1, "spectrum": qt.Ohmic(0.1), "site": 0}
    qt.models.FlipBath(**valid)
    with pytest.raises(ValueError, match=message):
        qt.models.FlipBath(**(valid | given))


def chain(sites, anisotropy):
    system = qt.models.boundary_driven_chain(sites, exchange=1.0, anisotropy=anisotropy)
    rho = qt.steady_state(system).state
    current = qt.expectation(qt.models.spin_current(sites, 0), rho)
    magnetization = [
        qt.expectation(qt.embed(qt.sigmaz(), (2,) * sites, k), rho) for k in range(sites)
    ]
    return float(current), np.array(magnetization)


def test_boundary_driven_chains():
    values = published("driven_XX_XXZ_chains")
    current, z = chain(3, 0.0)
    assert current == pytest.approx(values["XX_n3_current"], rel=1e-9)
    assert z[0] == pytest.approx(values["XX_n3_sz1"], rel=1e-9)
    current, z = chain(4, 1.0)
    assert current == pytest.approx(values["Delta1_n4_current"], rel=1e-9)
    assert z[0] == pytest.approx(values["Delta1_n4_sz1"], rel=1e-9)
    assert z[1] == pytest.approx(values["Delta1_n4_sz2"], rel=1e-9)


@pytest.mark.slow
def test_a_boundary_driven_chain_of_five():
    values = published("driven_XX_XXZ_chains")
    assert chain(5, 1.0)[0] == pytest.approx(values["Delta1_n5_current"], rel=1e-9)


def test_bad_chains():
    with pytest.raises(ValueError, match="`sites` must be a whole number >= 2"):
        qt.models.xxz_chain(1, exchange=1.0, anisotropy=0.0)
    with pytest.raises(ValueError, match="`fields` must be one number or 3 of them, got 2"):
        qt.models.xxz_chain(3, exchange=1.0, anisotropy=0.0, fields=(1.0, 2.0))
    with pytest.raises(ValueError, match="`bias` must lie between -1 and 1, got 2"):
        qt.models.boundary_driven_chain(3, exchange=1.0, anisotropy=0.0, bias=2.0)
    with pytest.raises(ValueError, match="`bond` must be below 2 for 3 sites"):
        qt.models.spin_current(3, 2)


CASES = {
    "res_g0p004": (1.0, 1.0, 0.004, 0.5, 0.25),
    "res_g0p05": (1.0, 1.0, 0.05, 0.5, 0.25),
    "det_g0p0020": (1.0, 0.9, 0.002, 0.5, 0.25),
    "det_g0p1": (1.0, 0.9, 0.1, 0.5, 0.25),
    "levy_kosloff_violation": (2.0, 1.0, 0.1, 1.0, 0.9),
}


def pair(case):
    w_h, w_c, g, t_h, t_c = CASES[case]
    return np.array([[w_h, g], [g, w_c]]), {"temperatures": (t_h, t_c), "rates": (0.02, 0.02)}


@pytest.mark.parametrize("case", CASES)
def test_two_oscillators_between_two_baths(case):
    h, given = pair(case)
    expected = published("coupled_oscillators_local_global_exact")[case]
    local = qt.models.local_network(h, **given)
    np.testing.assert_allclose(local.bare_currents, expected[1:3], rtol=1e-9)
    np.testing.assert_allclose(local.heat_currents, expected[3:5], rtol=1e-9)
    whole = qt.models.global_network(h, **given)
    np.testing.assert_allclose(whole.heat_currents, [expected[5], -expected[5]], rtol=1e-9)


@pytest.mark.parametrize("model", [qt.models.local_network, qt.models.global_network])
def test_small_currents_of_networks_lose_nothing_in_large_occupations(model):
    """In second order of the coupling, and exactly none in equilibrium."""
    g, a, b = 1e-7, 1.0, 1.5
    given = {"temperatures": (1e4, 2e4), "rates": (0.02, 0.03)}
    found = model(np.array([[a, g], [g, b]]), **given)
    n = [1 / np.expm1(w / t) for w, t in zip((a, b), given["temperatures"], strict=True)]
    if model is qt.models.local_network:  # rate 4 g^2 G/(G^2 + 4 (a - b)^2) with G = 0.02 + 0.03
        rate = 4 * g**2 * 0.05 / (0.05**2 + 4 * (a - b) ** 2)
        np.testing.assert_allclose(found.bare_currents[1], b * rate * (n[1] - n[0]), rtol=1e-7)
    else:  # every bath reaches the other's mode with g^2/(a - b)^2
        (own, to_b), (to_a, also) = ([1 / np.expm1(w / t) for w in (a, b)] for t in (1e4, 2e4))
        wanted = (g / (a - b)) ** 2 * (0.03 * a * (to_a - own) + 0.02 * b * (also - to_b))
        np.testing.assert_allclose(found.heat_currents[1], wanted, rtol=1e-2)
    still = model(np.array([[a, g], [g, a]]), temperatures=(1e4, 1e4), rates=(0.02, 0.03))
    np.testing.assert_array_equal(still.heat_currents, 0.0)


@pytest.mark.slow
def test_networks_against_truncated_oscillators():
    """The same baths as `LocalBath`s on five levels each."""
    h, levels = np.array([[1.0, 0.1], [0.1, 0.8]]), 5
    given = {"temperatures": (0.16, 0.1), "rates": (0.02, 0.03)}
    dims, lower = (levels, levels), qt.destroy(levels)
    lowers = [np.asarray(qt.embed(lower, dims, k)) for k in (0, 1)]
    matrix = sum(h[i, j] * lowers[i].T @ lowers[j] for i in (0, 1) for j in (0, 1))
    both = zip(lowers, np.diag(h), given["temperatures"], given["rates"], strict=True)
    baths = [qt.LocalBath(a, w, t, qt.Flat(g)) for a, w, t, g in both]
    heats = currents(qt.OpenSystem(matrix, baths))[0]
    local = qt.models.local_network(h, **given)
    np.testing.assert_allclose(heats, local.heat_currents, rtol=5e-3)


def test_gradients_of_networks():
    def flow(x, model):
        h = jnp.array([[1.0, 0.0], [0.0, 0.9]]) + x * jnp.array([[0.0, 1.0], [1.0, 0.0]])
        return model(h, temperatures=(0.5, 0.25), rates=(0.02, 0.02)).heat_currents[0]

    for model in (qt.models.local_network, qt.models.global_network):
        here = jax.jit(lambda x, model=model: flow(x, model))
        slope = jax.jit(jax.grad(here))(0.05)
        expected = (here(0.05 + 1e-5) - here(0.05 - 1e-5)) / 2e-5
        assert float(slope) == pytest.approx(float(expected), rel=1e-6)


def test_bad_networks():
    with pytest.raises(ValueError, match="`rates` must have one entry for each of the 2 modes"):
        qt.models.local_network(np.eye(2), temperatures=(1.0, 1.0), rates=(0.1,))
    with pytest.raises(ValueError, match="lowest normal frequency` must be > 0"):
        h = np.array([[1.0, 2.0], [2.0, 1.0]])
        qt.models.global_network(h, temperatures=(1.0, 1.0), rates=(0.1, 0.1))
