"""Fermionic leads: currents, chemical work in the books, engines of one quantum dot."""

import functools
import json
from pathlib import Path

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.dynamics import FermionicLead, Particles, chemical_power, particle_currents

N, D = qt.number(2), qt.destroy(2)
EMPTY = jnp.array([[1.0, 0.0], [0.0, 0.0]], complex)
TS = jnp.array([0.0, 0.7, 2.0])
_file = Path(__file__).parents[1] / "reference" / "published.json"
PUBLISHED = {entry["key"]: entry["values"] for entry in json.loads(_file.read_text())["results"]}


def dot(energy, *leads):
    """A level between leads (temperature, chemical potential, rate)."""
    return qt.OpenSystem(energy * N, [FermionicLead(D, energy, *lead) for lead in leads])


@jax.jit
def stationary(energy, left, right):
    system = dot(energy, left, right)
    return qt.rates(system, 0.0, qt.steady_state(system, throw=False).state)


def fermi(energy, temperature, mu):
    return 1.0 / (1.0 + np.exp((energy - mu) / temperature))


def test_current_through_a_level_and_its_three_books():
    energy, left, right = 0.7, (1.3, 0.5, 0.8), (0.4, -0.2, 0.3)
    found = stationary(energy, left, right)
    through = 0.8 * 0.3 / 1.1 * (fermi(energy, *left[:2]) - fermi(energy, *right[:2]))
    np.testing.assert_allclose(found.particle_currents, [through, -through], rtol=1e-13)
    # tight coupling: E' = energy N', of which mu N' is chemical work
    heats = [(energy - 0.5) * through, -(energy + 0.2) * through]
    np.testing.assert_allclose(found.heat_currents, heats, rtol=1e-12)
    np.testing.assert_allclose(found.chemical_power, 0.7 * through, rtol=1e-12)
    assert abs(found.energy_rate) < 1e-15
    production = -heats[0] / 1.3 - heats[1] / 0.4
    np.testing.assert_allclose(found.spohn_production, production, rtol=1e-12)


def test_current_of_one_way_is_the_published_one():
    found = stationary(0.0, (0.0, 1.0, 1.0), (0.0, -1.0, 1.0))
    current = PUBLISHED["resonant_level_counting"]["current"]
    np.testing.assert_allclose(found.particle_currents[0], current, rtol=1e-14)


def engine(x, carnot):
    """(power, efficiency) of a dot whose level is x_k T_k above mu_k, T_h = 1, Gamma_eff = 1."""
    cold = 1.0 - carnot
    found = stationary(0.0, (1.0, -x[0], 2.0), (cold, -x[1] * cold, 2.0))
    return -found.chemical_power, found.heat_currents[0]


@jax.jit
def most_power(x, carnot):
    """The stationary point of the power near x, by Newton's method."""

    slope = jax.grad(lambda x: engine(x, carnot)[0])

    def newton(x, _):
        return x - jnp.linalg.solve(jax.jacfwd(slope)(x), slope(x)), None

    x = jax.lax.scan(newton, x, None, length=10)[0]
    power, heat = engine(x, carnot)
    return power, power / heat


@pytest.mark.slow
def test_efficiency_at_most_power_of_the_quantum_dot_engine():
    published = PUBLISHED["quantum_dot_emp_series"]
    for carnot in (0.1, 0.2, 0.5, 0.9):
        efficiency = published[f"eta_star_{carnot}"]
        hot = published["a0"] - 0.6 * carnot - 0.25 * carnot**2
        start = jnp.array([hot, hot * (1 - efficiency) / (1 - carnot)])
        power, found = most_power(start, carnot)
        np.testing.assert_allclose(found, efficiency, rtol=1e-10)
        np.testing.assert_allclose(power, published[f"P_{carnot}"], rtol=1e-10)
    hot = published["a0"] - 0.0127
    found = most_power(jnp.array([hot, hot + 0.0242]), 0.02)[1]
    third = (found - 0.01 - 0.02**2 / 8) / 0.02**3
    np.testing.assert_allclose(third, published["c3_numeric_0.02"], rtol=1e-6)


@jax.jit
def two_strokes(energies, potentials, duration):
    strokes = [
        qt.Stroke(dot(energy, (temperature, mu, 1.0)), duration, contact)
        for energy, temperature, mu, contact in zip(
            energies, (1.0, 0.5), potentials, ("hot", "cold"), strict=True
        )
    ]
    return qt.limit_cycle(qt.Cycle(strokes), throw=False)


@pytest.mark.slow
def test_the_two_level_engine_of_most_power():
    published = PUBLISHED["erdman_two_level_max_power"]
    for name, duration in (("P_dt0p5", 0.5), ("P_period_1e_3", 5e-4)):
        best = (published["eps_h"], published["eps_c"])
        found = two_strokes(best, (0.0, 0.0), duration)
        np.testing.assert_allclose(found.power, published[name], rtol=1e-10)
        np.testing.assert_allclose(found.efficiency, published["eta_at_Pmax"], rtol=1e-9)
    slope = jax.grad(lambda energies: two_strokes(energies, (0.0, 0.0), 0.5).power)(best)
    assert np.max(np.abs(np.asarray(slope))) < 2e-9


def test_chemical_work_of_a_cycle_counts_as_work():
    found = two_strokes((2.0, 1.2), (0.3, -0.1), 0.6)
    assert abs(found.heats.sum() + found.work) < 1e-15
    assert abs(found.first_law_residual) < 1e-15
    through = found.particles[0][0]
    np.testing.assert_allclose(found.particles[1][0], -through, rtol=1e-12)
    np.testing.assert_allclose(found.chemical_works, [0.3 * through, 0.1 * through], rtol=1e-12)
    np.testing.assert_allclose(found.heat_hot, 1.7 * through, rtol=1e-12)
    np.testing.assert_allclose(found.work_output, (1.7 - 1.3) * through, rtol=1e-10)
    np.testing.assert_allclose(
        found.spohn_production, -found.heat_hot / 1.0 - found.heat_cold / 0.5, rtol=1e-12
    )


class Mover(qt.AbstractDissipator):
    """A lead that is only known as a function of time."""

    lead: FermionicLead
    temperature: jax.Array

    @property
    def particles(self):
        return self.lead.particles

    def channels(self, hamiltonian):
        def jumps(t):
            loss, gain = self.lead.rates(1.0 + 0.2 * t)
            return jnp.stack([loss, gain]), jnp.stack([D, D.T]).astype(complex)

        return (qt.Moving(jumps),)


def level(unit=1.0):
    return qt.Linear(unit, 1.4 * unit, 0.0, 2.0 / unit)


def two_leads(unit=1.0):
    return [
        FermionicLead(D, level(unit), 0.9 * unit, 0.4 * unit, 1.1 * unit),
        FermionicLead(D, level(unit), 0.3 * unit, -0.3 * unit, 0.5 * unit),
    ]


DRIVEN = qt.Driven([(level(), N)])
RUNS = {
    "schedules": (DRIVEN, two_leads()),
    "moving": (DRIVEN, [Mover(lead, lead.temperature) for lead in two_leads()]),
}


@functools.cache
def ledger_of_reference():
    """The population by a quadrature of its own, with the books that follow from it."""
    leads = two_leads()

    def slope(t, y, _):
        rates = [lead.rates(1.0 + 0.2 * t) for lead in leads]
        currents = jnp.stack([gain * (1 - y[0]) - loss * y[0] for loss, gain in rates])
        return jnp.concatenate([currents.sum()[None], currents, (1.0 + 0.2 * t) * currents])

    solved = dfx.diffeqsolve(
        dfx.ODETerm(slope), dfx.Dopri8(), 0.0, 2.0, 0.01, jnp.zeros(5),
        stepsize_controller=dfx.PIDController(1e-12, 1e-13), max_steps=10_000,
    )  # fmt: skip
    return np.asarray(solved.ys[-1])


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_books_along_a_trajectory_on_every_path(name):
    ledger = qt.evolve(qt.OpenSystem(*RUNS[name]), EMPTY, TS).ledger
    expected = ledger_of_reference()
    potentials = np.array([0.4, -0.3])
    np.testing.assert_allclose(ledger.particles[-1], expected[1:3], rtol=1e-9)
    np.testing.assert_allclose(ledger.chemical_work[-1], potentials * expected[1:3], rtol=1e-9)
    heats = expected[3:] - potentials * expected[1:3]
    np.testing.assert_allclose(ledger.heat[-1], heats, rtol=1e-8)
    assert np.max(np.abs(ledger.first_law_residual)) < 1e-11


@pytest.mark.slow
def test_a_hamiltonian_of_many_levels_that_is_a_function_of_time():
    """The level beside three others that nothing but a bath without particles touches."""
    dot_part, other = qt.algebra.tensor(D, np.eye(3)), qt.algebra.tensor(np.eye(2), qt.destroy(3))
    number, baths = dot_part.T @ dot_part, [qt.Lindblad(other, 0.3)]
    for lead in two_leads():
        parameters = (lead.temperature, lead.chemical_potential, lead.rate)
        baths.append(FermionicLead(dot_part, level(), *parameters))

    def h(t):
        return (1.0 + 0.2 * t) * number + 0.5 * other.T @ other

    rho = jnp.zeros((6, 6), complex).at[1, 1].set(1.0)
    ledger = qt.evolve(qt.OpenSystem(h, baths), rho, TS, rtol=1e-8, atol=1e-9).ledger
    np.testing.assert_allclose(ledger.particles[-1, 1:], ledger_of_reference()[1:3], rtol=1e-6)
    assert np.all(ledger.particles[:, 0] == 0.0)
    assert np.max(np.abs(ledger.first_law_residual)) < 1e-7


@pytest.mark.slow
def test_the_same_in_joules():
    unit = 1e-30
    h = qt.Driven([(level(unit), N)])
    ledger = qt.evolve(qt.OpenSystem(h, two_leads(unit)), EMPTY, TS / unit).ledger
    np.testing.assert_allclose(ledger.particles[-1], ledger_of_reference()[1:3], rtol=1e-9)


@jax.jit
def local(x, rho):
    """A lead's D(rho), Spohn's production and what it does to its reference state."""
    system = dot(x[0], x[1:])
    part = qt.dynamics.dissipative_parts(system, 0.0, rho)[0]
    fixed = system.baths[0].reference(x[0] * N)
    return (
        part,
        qt.thermodynamics.spohn_production(system, 0.0, rho),
        qt.dynamics.dissipative_parts(system, 0.0, fixed)[0],
        qt.dynamics.jump_operators(system.baths[0], system.hamiltonian, 0.0)[0],
    )


def test_laws_of_random_leads():
    keys = jax.random.split(jax.random.key(3), 8)
    for k, x in enumerate(np.random.default_rng(0).normal(size=(8, 4))):
        x = np.array([x[0], abs(x[1]), x[2], abs(x[3])])
        part, production, moved, rates = local(x, qt.algebra.random_density_matrix(keys[k], 2))
        assert abs(np.trace(part)) < 1e-15
        assert np.max(np.abs(moved)) < 1e-15
        assert production >= 0.0
        np.testing.assert_allclose(rates[1] / rates[0], np.exp(-(x[0] - x[2]) / x[1]), rtol=1e-12)


def test_gradients_and_batches():
    def heat(x):
        leads = [FermionicLead(D, x[0], 0.9, x[1], x[2]), FermionicLead(D, x[0], x[3], -0.3, 0.5)]
        ledger = qt.evolve(qt.OpenSystem(x[0] * N, leads), EMPTY, TS, throw=False).ledger
        return ledger.heat[-1, 0] + 2.0 * ledger.particles[-1, 1]

    x = jnp.array([1.1, 0.4, 0.8, 0.3])
    steps = 1e-5 * jnp.eye(4)
    batch = jax.jit(jax.vmap(jax.value_and_grad(heat)))
    values, slopes = batch(jnp.concatenate([x + steps, x - steps, x[None]]))
    differences = (values[:4] - values[4:8]) / 2e-5
    np.testing.assert_allclose(slopes[8], differences, rtol=1e-7, atol=1e-9)


def test_cold_leads_are_steps():
    cold = jax.jit(jax.grad(lambda e: qt.dynamics.fermi_occupations(e, 0.0, 0.3)[1]))
    for energy, filled in ((0.2, 1.0), (0.3, 0.5), (0.4, 0.0)):
        assert qt.dynamics.fermi_occupations(energy, 0.0, 0.3)[1] == filled
        assert cold(energy) == 0.0
    # in the tails both occupations keep their relative precision
    np.testing.assert_allclose(
        qt.dynamics.fermi_occupations(100.0, 1.0, 0.0)[1], np.exp(-100.0), rtol=1e-12
    )
    assert np.isposinf(local(np.array([0.5, 0.0, 0.3, 1.0]), 0.5 * np.eye(2, dtype=complex))[1])


def test_currents_of_any_system():
    system = dot(0.7, (1.3, 0.5, 0.8), (0.4, -0.2, 0.3))
    plain = qt.OpenSystem(N, qt.LocalBath(D, 1.0, 0.4, qt.Flat(1.0)))
    rho = qt.thermal_state(1.0 * N, 0.4)

    @jax.jit
    def both(rho):
        return [
            (particle_currents(one, 0.0, rho), chemical_power(one, 0.0, rho))
            for one in (system, plain)
        ]

    (currents, work), (none, no_work) = both(rho)
    np.testing.assert_allclose(work, 0.5 * currents[0] - 0.2 * currents[1], rtol=1e-14)
    assert isinstance(system.baths[0].particles, Particles)
    assert np.array_equal(none, [0.0])
    assert no_work == 0.0


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((1.0, -1.0, 0.0, 1.0), {}, "`temperature` must be >= 0"),
        ((1.0, 1.0, np.nan, 1.0), {}, "`chemical_potential` must be finite"),
        ((1.0, 1.0, 0.0, -1.0), {}, "`rate` must be >= 0"),
        ((1.0, 1.0, 0.0, lambda e: -e), {}, "`rate` must be >= 0"),
        ((1.0, 1.0, 2.5, 1.0), {"band": (0.0, 2.0)}, "above the top 2 of the band"),
        ((3.0, 1.0, 1.5, 1.0), {"band": (0.0, 2.0)}, "outside of the band from 0 to 2"),
        ((1.0, 1.0, 1.5, 1.0), {"band": (2.0, 0.0)}, "bottom below its top"),
        ((1.0, 1.0, 1.5, 1.0), {"band": 2.0}, "`band` must be"),
        ((1.0, 1.0, 0.0, 1.0), {"number": 2.0 * np.eye(2)}, "must take one particle out"),
    ],
)
def test_bad_leads(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        FermionicLead(D, *arguments, **options)


def test_a_level_that_leaves_the_band_is_cut_off():
    lead = FermionicLead(D, level(), 1.0, 0.0, 1.0, band=(0.0, 1.2))
    assert lead.rates(1.1)[0] > 0.0
    assert lead.rates(1.3)[0] == 0.0
