"""Contacts of very many lifetimes with systems at rest: no heat flows, or the result is doubted."""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt

GAP, POTENTIAL = 1.0, 0.5


def local(d, temperature, rate):
    return qt.LocalBath(qt.destroy(d), GAP, temperature, qt.Flat(rate))


def lead(temperature, rate):
    return qt.dynamics.FermionicLead(qt.destroy(2), GAP, temperature, POTENTIAL, rate)


def one_bath(d):
    return lambda t, g: [local(d, t, g)]


def slow_bath_too(t, g):
    return [local(2, t, g), local(2, t, 1.0)]


def two_alike(t, g):
    return [local(2, t, g), local(2, t, 0.9 * g)]


def heats(baths, temperature, rate, duration):
    """Of a system that is at rest: the largest of all books, and whether it was doubted."""
    made = baths(temperature, rate)
    h = GAP * qt.number(made[0].lowering.shape[0])
    left = POTENTIAL if made[0].particles else 0.0
    rho = qt.thermal_state(h - left * qt.number(h.shape[0]), temperature)
    ts = jnp.stack([0.0 * duration, duration])
    solution = qt.evolve(qt.OpenSystem(h, made), rho, ts, throw=False)
    ledger = solution.ledger
    books = [ledger.heat] if ledger.particles is None else [ledger.heat, ledger.particles]
    return jnp.max(jnp.abs(jnp.stack(books))), solution.result == qt.RESULTS.successful


def contacts(count, longest):
    rng = np.random.default_rng(1)
    return 10.0 ** rng.uniform([-1.0, 0.0, 0.0], [4.0, 4.0, longest], (count, 3))


def swept(program, count=60, longest=5.0):
    found = eqx.filter_jit(jax.vmap(program))(*jnp.asarray(contacts(count, longest)).T)
    return [np.asarray(part) for part in found]


@pytest.mark.parametrize("baths", [one_bath(2), one_bath(3), lambda t, g: [lead(t, g)]])
def test_one_bath_leaves_a_system_at_rest_however_long(baths):
    """Its heat is what the energy gains: roundings do not add up over 1e12 lifetimes."""
    moved, right = swept(partial(heats, baths))
    assert np.all(right)
    assert np.max(moved) < 1e-14


@pytest.mark.parametrize("baths", [slow_bath_too, two_alike])
def test_heats_between_baths_are_right_or_doubted(baths):
    """Up and down almost cancel at high temperature: entries are known to a rounding of these."""
    moved, right = swept(partial(heats, baths))
    tolerance = 2e-11  # of `evolve`
    assert np.max(moved, initial=0.0, where=right) < tolerance
    assert np.max(moved) > tolerance
    assert np.any(right)


X, N2, N3 = qt.sigmax(), qt.number(2), qt.number(3)
TURNED = N3 + 0.2 * (qt.create(3) + qt.destroy(3))
LEADS = [qt.dynamics.FermionicLead(qt.destroy(2), 1.0, 0.4, mu, 30.0) for mu in (0.3, 0.9)]


@pytest.mark.filterwarnings("ignore:.*does not leave the Gibbs state")  # local ones, meant here
@pytest.mark.parametrize(
    "system",
    [
        qt.OpenSystem(N2 + 0.3 * X, [local(2, 0.7, 40.0), local(2, 2.0, 25.0)]),
        qt.OpenSystem(TURNED, [local(3, 0.7, 40.0)]),
        qt.OpenSystem(N2 + 0.3 * X, [local(2, 0.7, 40.0)], energy=N2 + 0.1 * X),
        qt.OpenSystem(N2, LEADS[:1]),
        qt.OpenSystem(N2, LEADS),
    ],
    ids=["two baths", "three levels", "an energy of its own", "one lead", "two leads"],
)
def test_a_long_contact_books_what_many_short_ones_do(system):
    """Steps shorter than a lifetime add up every book by its own currents."""
    rho = qt.pure_state([0.6, 0.8] if system.dimension == 2 else [0.6, 0.0, 0.8])
    long = qt.evolve(system, rho, [0.0, 2.0]).ledger
    short = qt.evolve(system, rho, np.linspace(0.0, 2.0, 1001)).ledger
    for name in ("heat", "work", "particles", "chemical_work", "energy"):
        one, many = getattr(long, name), getattr(short, name)
        if many is not None:
            np.testing.assert_allclose(one[-1], many[-1], rtol=1e-11, atol=1e-12, err_msg=name)
    assert np.max(np.abs(short.heat[-1])) > 0.05


def test_a_limit_cycle_at_rest():
    """Both baths would keep the state as it is: efficiencies are of no engine, heats are 0."""

    def hot_heat(temperature, rate, duration):
        n = qt.number(2)
        cycle = qt.otto_cycle(
            n, 2.0 * n, couplings=qt.sigmax(), temperatures=(temperature, 2.0 * temperature),
            rate=rate, durations=(duration, 1.0, duration, 1.0),
        )  # fmt: skip
        found = qt.limit_cycle(cycle, steps=2, throw=False)
        return jnp.abs(found.heat_hot), found.result == qt.RESULTS.successful

    moved, right = swept(hot_heat, 20)
    assert np.all(right)
    assert np.max(moved) < 1e-14


def test_an_oscillator_at_rest():
    def heat(temperature, rate, duration):
        mild = temperature**0.25  # what is felt of a moment is relative to the energy of a quantum
        cycle = qt.machines.oscillator_otto(
            (1.0, 1.0),
            temperatures=(mild, mild),
            rate=rate,
            durations=(duration, 0.0, duration, 0.0),
        )
        found = qt.machines.gaussian_limit_cycle(cycle, throw=False)
        return jnp.abs(found.heat_hot), found.result == qt.RESULTS.successful

    moved, right = swept(heat, 20)
    assert np.all(right)
    assert np.max(moved) < 1e-13
