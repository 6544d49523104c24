"""Exact currents through levels, by other routes; what each master equation makes of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.dynamics import FermionicLead, RedfieldLead, particle_currents

WIDTH, T, MU = 0.2, (1.0, 0.5), (0.1, -0.1)
exact = jax.jit(
    lambda h, t, mu, rates: qt.models.landauer_currents(
        h, temperatures=t, chemical_potentials=mu, rates=rates
    )
)


def dots(d, g):
    return jnp.array([[1.0 + d / 2, g], [g, 1.0 - d / 2]])


def chain(d, g, gamma):
    """Dots in Lorentzian bands around 1, of which each is a level between a dot and a wide lead."""
    h = jnp.eye(4).at[1:3, 1:3].set(dots(d, g))
    return h.at[(0, 1, 2, 3), (1, 0, 3, 2)].set(jnp.sqrt(gamma * WIDTH / 2))


def exact_currents(d, g, gamma, mu=MU):
    rates = (2 * WIDTH, 0.0, 0.0, 2 * WIDTH)
    return exact(chain(d, g, gamma), (T[0], 1.0, 1.0, T[1]), (mu[0], 0.0, 0.0, mu[1]), rates)


def finite_leads(h, gamma, levels=400, t=120.0):
    """The current between the dots after a time, with every level of both leads in H."""
    angles = np.pi * ((np.arange(levels) + 0.5) / levels - 0.5)
    energies = 1.0 + WIDTH * np.tan(angles)
    whole = np.zeros((2 * levels + 2,) * 2)
    whole[:2, :2], filled = h, [0.0, 0.0]
    for dot in (0, 1):
        at = 2 + dot * levels + np.arange(levels)
        whole[at, at] = energies
        whole[dot, at] = whole[at, dot] = np.sqrt(gamma * WIDTH / (2 * levels))
        x = np.clip((energies - MU[dot]) / T[dot], -700.0, 700.0)
        filled = np.concatenate([filled, 1.0 / (np.exp(x) + 1.0)])
    frequencies, v = np.linalg.eigh(whole)
    first, second = (v[:2] * np.exp(-1j * frequencies * t)) @ v.T
    return -2.0 * h[0, 1] * np.sum(filled * first.conj() * second).imag


def test_exact_currents_are_those_of_a_closed_system_with_many_levels():
    """By a unitary evolution: no scattering, no integral; what 400 levels leave is 4e-7."""
    d, g, gamma = 0.1, 0.05, 0.2
    found = exact_currents(d, g, gamma)
    wanted = finite_leads(np.asarray(dots(d, g)), gamma)
    np.testing.assert_allclose(found.particle_currents, [wanted, 0, 0, -wanted], rtol=1e-6)
    assert found.error < 1e-11
    assert abs(found.energy_currents.sum()) < 1e-15
    heats = found.energy_currents - np.array([MU[0], 0, 0, MU[1]]) * found.particle_currents
    np.testing.assert_allclose(found.heat_currents, heats, rtol=1e-14)
    assert -np.sum(np.asarray(heats)[[0, 3]] / np.array(T)) > 0.0  # to the leads' entropy


def test_exact_currents_at_a_large_bias_are_a_closed_form_in_every_unit():
    """1/(1/k + 1/a + 1/b), k = g^2 (a + b)/((a + b)^2/4 + d^2): there a local lead is exact."""
    a, b, d, g = 0.3, 0.7, 0.4, 0.2
    k = g**2 * (a + b) / ((a + b) ** 2 / 4 + d**2)
    wanted = 1.0 / (1.0 / k + 1.0 / a + 1.0 / b)
    h = np.zeros((4, 4))
    h[1:3, 1:3] = dots(d, g)
    for unit in (1e-30, 1.0):
        mu, rates = unit * np.array([0.0, 1e5, -1e5, 0.0]), unit * np.array([0.0, a, b, 0.0])
        found = exact(unit * h, np.zeros(4), mu, rates)
        np.testing.assert_allclose(found.particle_currents[1] / unit, wanted, rtol=1e-10)


def test_no_resonance_is_too_narrow_for_a_wide_range():
    """Not where damping pulls resonances off the levels of h, and not at a millionth of T or mu."""
    rows = [  # a, b, d, g, bias
        (100.0, 1e-5, 0.4, 0.01, 1e6), (0.3, 0.7, 0.4, 0.2, 1e9), (1e-3, 2e-3, 7.0, 3.0, 1e6)
    ]  # fmt: skip
    for a, b, d, g, bias in rows:
        k = g**2 * (a + b) / ((a + b) ** 2 / 4 + d**2)
        h, rates = np.array(dots(d, g)), np.array([a, b])
        found = exact(h, np.zeros(2), bias * np.array([1.0, -1.0]), rates)
        wanted = 1.0 / (1.0 / k + 1.0 / a + 1.0 / b)
        np.testing.assert_allclose(found.particle_currents[0], wanted, rtol=1e-10)


@pytest.mark.slow
def test_derivatives_of_exact_currents():
    def heat(x):
        return exact_currents(0.1 * x, 0.05 * x, 0.2, (0.1 * x, -0.1)).heat_currents[0]

    difference = (heat(1.0 + 1e-4) - heat(1.0 - 1e-4)) / 2e-4
    np.testing.assert_allclose(jax.grad(heat)(1.0), difference, rtol=1e-7)
    lanes = jax.vmap(heat)(jnp.linspace(0.5, 1.5, 64))  # 1,344 integrands at once
    np.testing.assert_allclose(lanes[0], heat(0.5), rtol=1e-12)


def current(h, lead):
    """Into the first level of many-body dots, with leads on the first one and on the last."""
    c = jnp.stack(qt.algebra.fermions(len(h)))
    n = jnp.einsum("kji,kjl->il", c, c)
    leads = [lead(k, c[k], T[k], MU[k], number=n) for k in (0, -1)]
    system = qt.OpenSystem(jnp.einsum("ij,iba,jbc->ac", h, c, c), leads)
    return particle_currents(system, 0.0, qt.steady_state(system, throw=False).state)[0]


@jax.jit
@jax.vmap
def by_master_equations(d, g, gamma):
    """By local, secular and full second-order leads."""
    h = dots(d, g)

    def band(e):
        return gamma * WIDTH**2 / ((e - 1.0) ** 2 + WIDTH**2)

    def local(k, c, *state, **options):
        return FermionicLead(c, h[k, k], *state, band(h[k, k]), **options)

    def redfield(cutoff):
        return current(h, lambda k, c, *s, **kw: RedfieldLead(c, *s, band, cutoff=cutoff, **kw))

    return current(h, local), *jax.vmap(redfield)(jnp.array([0.0, 1e3]))


def moments(h, gamma):
    """The current by the secular and by the full equation for G_ij = <c_j^+ c_i>, in NumPy."""
    e, v = np.linalg.eigh(h)
    rates = gamma * WIDTH**2 / ((e - 1.0) ** 2 + WIDTH**2)
    filled = [1.0 / (np.exp((e - mu) / t) + 1.0) for t, mu in zip(T, MU, strict=True)]
    weights = rates * v**2  # (lead, level)
    through = weights[0] * weights[1] / weights.sum(axis=0) * (filled[0] - filled[1])
    loss, gain = np.zeros((2, 2, 2)), np.zeros((2, 2, 2))
    for k in (0, 1):
        loss[k, k] = (v * rates @ v.T)[k] / 2
        gain[k, k] = (v * (rates * filled[k]) @ v.T)[k] / 2
    gain = gain + gain.swapaxes(1, 2)
    m, one = -1j * h - loss.sum(axis=0), np.eye(2)
    lifted = np.kron(m, one) + np.kron(one, m.conj())
    g = np.linalg.solve(lifted, -gain.sum(axis=0).ravel()).reshape(2, 2)
    return through.sum(), np.trace(gain[0] - loss[0] @ g - g @ loss[0].T).real


@pytest.mark.parametrize("mu", [(0.2, 0.2), (0.4, -0.2)])
def test_derivatives_by_chemical_potentials_at_zero_temperature(mu):
    """dN'/dmu = T(mu)/2 pi and dE'/dmu = mu T(mu)/2 pi, without a bias too, and once more."""
    g, gamma = 0.5, 0.8

    def through(w):
        return (gamma * g) ** 2 / jnp.abs((w + 0.5j * gamma) ** 2 - g**2) ** 2 / (2 * jnp.pi)

    def currents(mu):
        found = exact(jnp.array([[0.0, g], [g, 0.0]]), (0.0, 0.0), mu, (gamma, gamma))
        return jnp.stack([found.particle_currents[0], found.energy_currents[0]])

    slopes = jax.jacfwd(currents)
    both, curved = jax.jit(lambda mu: (slopes(mu), jax.jacfwd(slopes)(mu)))(jnp.array(mu))
    for k, sign in enumerate((1.0, -1.0)):
        wanted = sign * jnp.array([through(mu[k]), mu[k] * through(mu[k])])
        np.testing.assert_allclose(both[:, k], wanted, rtol=1e-12)
        steep = [jax.grad(f)(mu[k]) for f in (through, lambda w: w * through(w))]
        np.testing.assert_allclose(curved[:, k, k], sign * jnp.array(steep), rtol=1e-10)
        np.testing.assert_allclose(curved[:, k, 1 - k], 0.0, atol=1e-12)


def test_where_local_secular_and_redfield_leads_hold():
    """By how much each is off at weak coupling, over tunnelling and detuning."""
    gamma = 0.002
    rows = {
        "near": (0.0, 0.1 * gamma), "between": (gamma, gamma), "far": (0.0, 100 * gamma),
        "detuned": (100 * gamma, 0.1 * gamma),
    }  # fmt: skip
    found = by_master_equations(*np.array([(*row, gamma) for row in rows.values()]).T)
    error = {}
    for name, *values in zip(rows, *found, strict=True):
        true = float(exact_currents(*rows[name], gamma).particle_currents[0])
        error[name] = np.array(values) / true - 1.0
        other = moments(np.asarray(dots(*rows[name])), gamma)
        np.testing.assert_allclose(values[1:], other, rtol=1e-9)
    redfield = np.array([values[2] for values in error.values()])
    # the memory of the band: gamma/2w, of every second-order equation
    np.testing.assert_allclose(redfield, -gamma / (2 * WIDTH), rtol=0.05)
    local, davies = (dict(zip(rows, column, strict=True)) for column in
                     np.array([values[:2] for values in error.values()]).T)  # fmt: skip
    assert abs(local["near"]) < 6e-3
    assert local["far"] > 0.5
    assert local["detuned"] < -0.2
    np.testing.assert_allclose(davies["near"], 1.0 / (4 * 0.1**2), rtol=0.02)  # gamma^2/4 g^2
    assert davies["between"] > 0.15
    assert abs(davies["far"]) < 6e-3
    assert abs(davies["detuned"]) < 6e-3


@pytest.mark.slow
def test_derivatives_of_the_currents_of_redfield_leads():
    """By the tunnelling, where levels nearly coincide and where they do not."""
    gamma = 0.002
    d, g = np.array([0.0, 1e-7, 0.05]), np.array([1e-7, 1e-3, 0.02])
    along = np.zeros(3), np.ones(3), np.zeros(3)
    _, slopes = jax.jvp(by_master_equations, (d, g, np.full(3, gamma)), along)
    steps = g * np.array([0.1, 1e-3, 1e-3])  # the first current is g^2 but for 1e-8 of it
    for k, slope in enumerate(slopes[2]):
        ends = [moments(np.asarray(dots(d[k], g[k] + x)), gamma)[1] for x in (steps[k], -steps[k])]
        np.testing.assert_allclose(slope, (ends[0] - ends[1]) / (2 * steps[k]), rtol=1e-5)


@pytest.mark.slow
def test_a_reaction_coordinate_holds_at_strong_coupling():
    """With friction in second order; Redfield alone is off by half where gamma is 5 widths."""

    @jax.jit
    def with_coordinates(h):
        return current(h, lambda k, c, *state, **kw: RedfieldLead(c, *state, 2 * WIDTH, **kw))

    d, g = 0.0, 0.1
    for gamma, largest, redfield in ((0.002, 1e-6, -5e-3), (0.2, 2e-5, -0.18), (1.0, 1e-3, -0.5)):
        true = float(exact_currents(d, g, gamma).particle_currents[0])
        assert abs(with_coordinates(chain(d, g, gamma)) / true - 1.0) < largest
        off = moments(np.asarray(dots(d, g)), gamma)[1] / true - 1.0
        np.testing.assert_allclose(off, redfield, rtol=0.15)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperatures": (1.0,)}, "`temperatures` must have one entry for each of the 2 modes"),
        ({"temperatures": (1.0, -1.0)}, "`temperatures` must be >= 0"),
        ({"rates": (1.0, -1.0)}, "`rates` must be >= 0"),
        ({"hamiltonian": [[0.0, 1.0], [0.0, 0.0]]}, "`hamiltonian` must be Hermitian"),
    ],
)
def test_bad_levels(changes, message):
    given = {"hamiltonian": np.eye(2), "temperatures": (1.0, 1.0), "rates": (1.0, 1.0)} | changes
    given["hamiltonian"] = np.array(given["hamiltonian"])
    with pytest.raises(ValueError, match=message):
        qt.models.landauer_currents(chemical_potentials=(0.0, 0.0), **given)
