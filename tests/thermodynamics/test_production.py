"""The accountings side by side: identities, signs, closed forms, and what a table may promise."""

import functools
import inspect
import re
import types

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import make_interp_spline

import qtjax as qt
from qtjax.thermodynamics import conditions
from qtjax.thermodynamics.accounting_records import share_temperature
from qtjax.thermodynamics.accountings import _defects, _one_temperature

# toy baths whose rates are of the size of the spacings
pytestmark = pytest.mark.filterwarnings("ignore:.*secular step is doubtful")

N, SX, SZ = (np.asarray(a) for a in (qt.number(2), qt.sigmax(), qt.sigmaz()))
LOWER = np.asarray(qt.destroy(2))


def gaussian(d, seed):
    return np.random.default_rng(seed).normal(size=(d, d, 2)) @ np.array([1.0, 1.0j])


def random_state(d, seed=0):
    g = gaussian(d, seed)
    return jnp.asarray(g @ g.conj().T / np.linalg.norm(g) ** 2)


def log(rho):
    values, vectors = np.linalg.eigh(rho)
    return (vectors * np.log(values)) @ vectors.conj().T


def entropy(rho):
    return -np.trace(rho @ log(rho)).real


def gibbs(h, temperature):
    values, vectors = np.linalg.eigh(h)
    weights = np.exp(-(values - values[0]) / temperature)
    return (vectors * weights / weights.sum()) @ vectors.conj().T


U3 = np.linalg.qr(gaussian(3, 1))[0]
H3 = U3 @ np.diag([0.0, 0.7, 1.8]) @ U3.conj().T
COUPLINGS = [gaussian(3, k) + gaussian(3, k).conj().T for k in (2, 3)]
BOHR3 = qt.dynamics.bohr_transitions(H3)


def three_levels(temperatures):
    """Three levels between two Davies baths that couple differently."""
    baths = [
        qt.DaviesBath(H3, a, t, qt.Ohmic(0.1), transitions=BOHR3)
        for a, t in zip(COUPLINGS, temperatures, strict=True)
    ]
    return qt.OpenSystem(H3, baths)


@eqx.filter_jit
def books(system, states, levels):
    """All rates of states (n, d, d) at t = 0."""

    def at(rho):
        return {
            "rates": qt.rates(system, 0.0, rho),
            "spohn": qt.thermodynamics.spohn_production(system, 0.0, rho),
            "fixed": qt.thermodynamics.fixed_point_production(system, 0.0, rho),
            "adiabatic": qt.thermodynamics.adiabatic_production(system, 0.0, rho),
            "baths": qt.thermodynamics.bath_rates(system, 0.0, rho),
            "split": qt.thermodynamics.coherence_split(system, 0.0, rho, levels),
            "parts": qt.dynamics.dissipative_parts(system, 0.0, rho),
        }

    return jax.vmap(at)(states)


@functools.cache
def three_level_books(temperatures):
    """Random states, a diagonal one, and the steady state; the last."""
    system = three_levels(temperatures)
    steady = qt.steady_state(system).state
    diagonal = U3 @ np.diag([0.2, 0.5, 0.3]) @ U3.conj().T
    states = jnp.stack([*(random_state(3, k) for k in range(6)), jnp.asarray(diagonal), steady])
    return np.asarray(states), books(system, states, (1, 1, 1))


HOT_AND_COLD, EQUAL = (0.5, 1.4), (0.9, 0.9)


@pytest.mark.parametrize("temperatures", [HOT_AND_COLD, EQUAL])
def test_spohn_production_by_hand(temperatures):
    """-sum tr(D_k(rho)(ln rho - ln tau_k)) >= 0, and that of `rates`."""
    states, found = three_level_books(temperatures)
    logs = [log(gibbs(H3, t)) for t in temperatures]
    for k, rho in enumerate(states):
        parts = np.asarray(found["parts"][k])
        terms = [np.trace(p @ (log(rho) - x)).real for p, x in zip(parts, logs, strict=True)]
        assert float(found["spohn"][k]) == pytest.approx(-sum(terms), abs=1e-13)
        assert all(term < 1e-14 for term in terms)
    np.testing.assert_allclose(found["spohn"], found["rates"].spohn_production, rtol=0, atol=1e-15)


@pytest.mark.parametrize("temperatures", [HOT_AND_COLD, EQUAL])
def test_fixed_point_production_by_hand(temperatures):
    """-tr(rho'(ln rho - ln pi)): >= 0, 0 at pi, and Spohn's if pi is the Gibbs state of all."""
    states, found = three_level_books(temperatures)
    fixed = np.asarray(found["fixed"])
    h = np.asarray(H3)
    for k, rho in enumerate(states):
        change = np.asarray(found["parts"][k]).sum(axis=0) - 1j * (h @ rho - rho @ h)
        exact = -np.trace(change @ (log(rho) - log(states[-1]))).real
        assert fixed[k] == pytest.approx(exact, abs=1e-12)
    assert np.all(fixed[:-1] > 1e-3)
    assert abs(fixed[-1]) < 1e-14
    assert (np.max(np.abs(found["adiabatic"])) < 1e-13) == (temperatures == EQUAL)


def test_adiabatic_production():
    """It is what is left at the steady state, and >= 0 for classical populations."""
    _, found = three_level_books(HOT_AND_COLD)
    total = found["fixed"] + found["adiabatic"]
    np.testing.assert_allclose(total, found["spohn"], rtol=0, atol=1e-14)
    assert float(found["adiabatic"][-1]) == pytest.approx(float(found["spohn"][-1]), abs=1e-14)
    assert np.all(found["adiabatic"][-2:] > 1e-3)


def test_a_steady_state_between_two_baths():
    """T(t) is 0/0 there, while each bath has its own T_k; sigma = -sum Q_k'/T_k."""
    states, found = three_level_books(HOT_AND_COLD)
    rates, baths = (jax.tree.map(lambda x: x[-1], found[name]) for name in ("rates", "baths"))
    whole = qt.generalized_temperature(rates)
    assert int(whole.status) == qt.thermodynamics.TemperatureStatus.UNDEFINED
    assert np.isnan(whole.temperature)
    each = qt.generalized_temperature(baths)
    np.testing.assert_array_equal(each.status, 0)
    heats, logarithm = np.asarray(baths.heat_current), log(states[-1])
    changes = [-np.trace(np.asarray(p) @ logarithm).real for p in found["parts"][-1]]
    assert heats[0] < -1e-2 < 1e-2 < heats[1]
    np.testing.assert_allclose(each.temperature, heats / changes, rtol=1e-11)
    production = -heats @ (1 / np.array(HOT_AND_COLD))
    assert float(found["spohn"][-1]) == pytest.approx(production, abs=1e-13)


def test_bath_rates_add_up():
    _, found = three_level_books(HOT_AND_COLD)
    exterior = found["baths"].entropy_rate.sum(axis=1)
    np.testing.assert_allclose(exterior, found["rates"].exterior, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(found["baths"].heat_current, found["rates"].heat_currents)
    # what rounding may be adds up too, and four times what it is of eq. (11)
    heat, entropy = (found["baths"].heat_rounding, found["baths"].entropy_rounding)
    np.testing.assert_allclose(found["rates"].heat_rounding, heat.sum(axis=1), rtol=1e-12)
    none = entropy.sum(axis=1) + 4.0 * np.abs(found["rates"].interior)
    assert np.max(np.abs(found["rates"].interior)) > 0.0
    np.testing.assert_allclose(found["rates"].entropy_rounding, none, rtol=1e-12)


@pytest.mark.parametrize("temperatures", [HOT_AND_COLD, EQUAL])
def test_coherence_split(temperatures):
    """Both parts >= 0 for Davies baths; C' is the slope of S(dephased) - S."""
    states, found = three_level_books(temperatures)
    split = found["split"]
    both = split.population + split.coherence
    np.testing.assert_allclose(both, found["spohn"], rtol=0, atol=1e-13)
    assert np.min(split.population) > -1e-14
    assert np.min(split.coherence) > -1e-14
    assert np.all(split.coherence[:6] > 1e-3)
    np.testing.assert_allclose(split.coherence[6:], 0.0, atol=1e-13)
    rho, step = states[0], 1e-4
    change = np.asarray(found["parts"][0]).sum(axis=0) - 1j * (H3 @ rho - rho @ H3)

    def coherence(x):
        moved = U3.conj().T @ (rho + x * change) @ U3
        return entropy(np.diag(np.diag(moved))) - entropy(moved)

    points = [coherence(k * step) for k in (-2, -1, 1, 2)]
    slope = (points[0] - 8 * points[1] + 8 * points[2] - points[3]) / (12 * step)
    assert float(split.coherence_rate[0]) == pytest.approx(slope, abs=1e-9)


RHO = 0.6 * random_state(2) + 0.2 * jnp.eye(2)
GROUND = jnp.diag(jnp.array([1.0, 0.0])) + 0j


@eqx.filter_jit
def qubit_books(temperature, states):
    """Rates and coherence split of a qubit of gap 1.3 in a bath."""
    system = qt.OpenSystem(1.3 * N, qt.LocalBath(LOWER, 1.3, temperature, qt.Flat(0.4)))
    at = jax.vmap(
        lambda rho: (
            qt.rates(system, 0.0, rho),
            qt.thermodynamics.coherence_split(system, 0.0, rho),
        )
    )
    return *at(states), jax.vmap(lambda rho: qt.thermodynamics.spohn_production(system, 0.0, rho))(
        states
    )


def test_population_temperature_of_a_qubit():
    """S' = Q'/T_pop - C', for one bath."""
    states = jnp.stack([RHO, random_state(2, 1)])
    rates, split, _ = qubit_books(jnp.asarray(0.8), states)
    beta = np.log(states[:, 0, 0].real / states[:, 1, 1].real) / 1.3
    expected = beta * rates.heat_current - split.coherence_rate
    np.testing.assert_allclose(rates.entropy_rate, expected, rtol=0, atol=1e-13)
    assert np.min(np.abs(split.coherence_rate)) > 1e-3


def test_a_bath_at_zero_temperature():
    """+inf where heat leaves into it, S' where none does."""
    production = qubit_books(jnp.asarray(0.0), jnp.stack([RHO, GROUND]))[2]
    np.testing.assert_array_equal(production, [np.inf, 0.0])


@functools.cache
def fixed_point_of_dephasing():
    def production(h):
        return qt.thermodynamics.fixed_point_production(
            qt.OpenSystem(h, qt.Lindblad(h, 0.3)), 0.0, RHO
        )

    return jax.jit(production)


@pytest.mark.parametrize(
    "h",
    [
        N,
        N + 0.3 * SX,
    ],
    ids=["diagonal", "rotated"],
)
def test_a_fixed_point_that_is_not_unique(h):
    assert np.isnan(fixed_point_of_dephasing()(h))


# totals


TS, TEMPERATURE = np.linspace(0.0, 2.0, 81), 0.7
MOVING = qt.Driven([(qt.Linear(1.0, 2.0, 0.0, 2.0), N), (0.4, SX)])


@functools.cache
def driven(contact):
    """A qubit that is driven in contact with a bath, or with none (its rate is 0) from Gibbs."""
    bath = qt.AdiabaticBath(SX + 0.5 * SZ, TEMPERATURE, qt.Ohmic(0.4 if contact else 0.0))
    system = qt.OpenSystem(MOVING, bath)
    rho0 = RHO if contact else jnp.asarray(gibbs(N + 0.4 * SX, TEMPERATURE))
    return system, qt.evolve(system, rho0, TS)


@eqx.filter_jit
def totals(system, solution):
    return {
        "open": qt.thermodynamics.deffner_lutz_open(system, solution, TEMPERATURE),
        "closed": qt.thermodynamics.deffner_lutz_closed(system, solution, TEMPERATURE),
        "energy": qt.thermodynamics.free_energy_production(system, solution, TEMPERATURE),
        "spohn": qt.thermodynamics.spohn_total(system, solution),
        "rate": jax.vmap(functools.partial(qt.thermodynamics.spohn_production, system))(
            TS, solution.saved
        ),
    }


def total(name, contact):
    return np.asarray(totals(*driven(contact))[name])


def test_open_form_of_deffner_and_lutz():
    """Delta S - beta Q = beta (W - Delta F) = the integral of Spohn's production."""
    ledger = driven(True)[1].ledger
    found = total("open", True)
    balance = ledger.entropy - ledger.entropy[0] - ledger.heat[:, 0] / TEMPERATURE
    np.testing.assert_allclose(found, balance, rtol=0, atol=1e-10)
    np.testing.assert_allclose(total("energy", True), balance, rtol=0, atol=1e-10)
    np.testing.assert_allclose(total("spohn", True), balance, rtol=0, atol=1e-14)
    rates = total("rate", True)
    assert np.min(rates) > 1e-4
    # a spline of order 7 through 81 points: h^8 times an eighth derivative
    integral = make_interp_spline(TS, rates, k=7).integrate(0.0, 2.0)
    assert found[-1] == pytest.approx(float(integral), abs=1e-9)
    assert np.all(np.diff(found) > 0)
    assert abs(float(ledger.work[-1])) > 0.1


def test_closed_form_of_deffner_and_lutz():
    """D(rho||tau) = beta (W - Delta F_eq) from Gibbs, where the open form is 0."""
    _, solution = driven(False)
    energies = np.array(
        [-TEMPERATURE * np.log(np.sum(np.exp(-np.linalg.eigvalsh(MOVING(t)) / TEMPERATURE)))
         for t in TS]
    )  # fmt: skip
    excess = (np.asarray(solution.ledger.work) - (energies - energies[0])) / TEMPERATURE
    found = total("closed", False)
    assert found[-1] > 1e-3
    np.testing.assert_allclose(found, excess, rtol=0, atol=1e-11)
    np.testing.assert_allclose(total("open", False), 0.0, atol=1e-11)
    np.testing.assert_allclose(total("energy", False), 0.0, atol=1e-11)


# finite reservoirs


DIMS = (2, 3, 2)
PARTS = (1.0 * N, np.diag([0.0, 0.9, 1.7]), 1.2 * N)
COUPLING = 0.15 * (gaussian(12, 8) + gaussian(12, 8).conj().T)
SYSTEM = qt.composite_system(PARTS, COUPLING)


def part_of(rho, site):
    subscripts = {0: "iabjab->ij", 1: "aibajb->ij", 2: "abiabj->ij"}
    return np.einsum(subscripts[site], np.asarray(rho).reshape(DIMS * 2))


STARTS = {"one": (0.4, 0.4), "two": (0.4, 0.5), "correlated": (0.4, 0.4)}
RESERVOIRS = (2, 0)  # in an order of their own; part 1 is the system


@functools.cache
def closed_whole(start):
    """A qutrit between two qubits, which start in Gibbs states at one or at two temperatures."""
    tau_2, tau_0 = (gibbs(PARTS[k], t) for k, t in zip(RESERVOIRS, STARTS[start], strict=True))
    rho0 = np.kron(np.kron(tau_0, np.diag([0.3, 0.4, 0.3])), tau_2)
    rho0 = np.asarray(random_state(12)) if start == "correlated" else rho0
    return qt.evolve(SYSTEM, rho0, np.linspace(0.0, 3.0, 7))


@functools.cache
def reservoir_books(start):
    return qt.finite_reservoirs(SYSTEM, closed_whole(start), RESERVOIRS, STARTS[start])


@pytest.mark.parametrize("start", ["one", "two"])
def test_production_of_finite_reservoirs(start):
    """Delta S_A - sum beta_r Q_r = D(rho||rho_A x prod tau_r) = I + sum D(rho_r||tau_r) >= 0."""
    found, states = reservoir_books(start), np.asarray(closed_whole(start).saved)
    energies = np.array(
        [[np.trace(PARTS[k] @ part_of(rho, k)).real for k in range(3)] for rho in states]
    )
    heats = energies[0] - energies
    np.testing.assert_allclose(found.heat, heats[:, RESERVOIRS], rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.bare_heat, -heats[:, 1], rtol=0, atol=1e-13)
    change = np.array([entropy(part_of(rho, 1)) for rho in states])
    change = change - change[0]
    np.testing.assert_allclose(found.entropy_change, change, rtol=0, atol=1e-12)
    flux = -heats[:, RESERVOIRS] @ (1 / np.array(STARTS[start]))
    np.testing.assert_allclose(found.flux, flux, rtol=0, atol=1e-12)
    production = change + flux
    assert np.min(production[1:]) > 1e-3
    np.testing.assert_allclose(found.production, production, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.divergence, production, rtol=0, atol=1e-11)
    parts = found.correlation + found.reservoir_divergence.sum(axis=1)
    np.testing.assert_allclose(parts, production, rtol=0, atol=1e-11)
    assert float(found.initial_defect) < 1e-14
    # the rest of the energy is in the coupling
    difference = found.bare_heat - found.heat.sum(axis=1)
    lost = -(found.interaction_energy - found.interaction_energy[0])
    assert np.max(np.abs(lost)) > 1e-2
    np.testing.assert_allclose(difference, lost, rtol=0, atol=1e-12)


def test_landauers_and_reeb_and_wolfs_bounds():
    found = reservoir_books("one")
    fallen = -np.asarray(found.entropy_change)
    cost, bound = np.asarray(found.landauer_cost), np.asarray(found.reeb_wolf_bound)
    assert np.max(fallen) > 1e-2
    np.testing.assert_array_equal(found.landauer_bound, fallen)
    # d_B = 4
    np.testing.assert_allclose(bound, fallen + 2 * fallen**2 / (np.log(3.0) ** 2 + 4), rtol=1e-12)
    assert np.all(cost[1:] > bound[1:])
    assert np.all(bound[1:] > fallen[1:])


def test_where_the_bound_is_not_defined():
    """Two temperatures, or an entropy that has risen."""
    assert np.all(np.isnan(reservoir_books("two").reeb_wolf_bound))
    found = reservoir_books("correlated")
    risen = np.asarray(found.entropy_change) > 0
    np.testing.assert_array_equal(np.isnan(found.reeb_wolf_bound), risen)


def test_a_correlated_start_is_measured():
    """Half the trace norm of what is not a product of rho_A and Gibbs states."""
    rho = np.asarray(closed_whole("correlated").saved[0])
    rest = np.kron(np.kron(gibbs(PARTS[0], 0.4), part_of(rho, 1)), gibbs(PARTS[2], 0.4))
    exact = np.sum(np.abs(np.linalg.eigvalsh(rho - rest))) / 2
    found = reservoir_books("correlated")
    assert exact > 0.1
    assert float(found.initial_defect) == pytest.approx(exact, abs=1e-13)
    assert abs(float(found.divergence[-1] - found.production[-1])) > 1e-2


# the table


A, B = np.kron(LOWER, np.eye(2)), np.kron(np.eye(2), LOWER)
DEPHASING = np.kron(SZ, np.eye(2))


def two_qubits(coupling=0.0, temperatures=(TEMPERATURE,) * 2, jump=DEPHASING, rate=0.1):
    """Qubits of gaps 2 and 1, each with a local bath, and a channel without a temperature.

    Uncoupled, the local baths are the Davies baths. One structure serves all cases.
    """
    h = 2.0 * A.T @ A + 1.0 * B.T @ B + coupling * (A.T @ B + B.T @ A)
    baths = [
        qt.LocalBath(lowering, gap, temperature, qt.Flat(0.5))
        for lowering, gap, temperature in zip((A, B), (2.0, 1.0), temperatures, strict=True)
    ]
    return qt.OpenSystem(h, (*baths, qt.Lindblad(jump, rate)))


SYSTEMS = {
    "good": two_qubits,
    "negative": lambda: two_qubits(rate=-0.02),
    "hot": lambda: two_qubits(jump=np.kron(SX, np.eye(2))),
    # omega_h/T_h > omega_c/T_c: heat runs from cold to hot
    "levy-kosloff": lambda: two_qubits(0.5, (1.2, 1.0), rate=0.0),
}
TIMES = np.array([0.0, 0.5, 1.0, 10.0, 60.0])


@functools.cache
def table_of(name):
    system = SYSTEMS[name]()
    solution = qt.evolve(system, 0.6 * random_state(4) + 0.1 * jnp.eye(4), TIMES)
    return {a.name + " " + a.kind: a for a in qt.accountings(system, solution)}


def row(table, start, kind=""):
    rows = [a for name, a in table.items() if name.startswith(start) and name.endswith(kind)]
    assert len(rows) == 1, (start, list(table))
    return rows[0]


@pytest.mark.slow
def test_all_is_guaranteed_for_davies_baths():
    """But the adiabatic part, which is not for a state with coherence."""
    table = table_of("good")
    assert len(table) == 15
    for name, a in table.items():
        values = np.asarray(a.values)
        assert values.shape == (5,)
        if "heat (" in name or "work (" in name:
            assert "of either sign" in a.reason
            continue
        assert a.guaranteed != name.startswith("adiabatic"), (name, a.reason)
        assert np.all(values > -1e-12), name
    assert "coherence between levels" in row(table, "adiabatic").reason
    np.testing.assert_allclose(row(table, "interior").values, 0.0, atol=1e-14)
    sigma, fixed = row(table, "Spohn", "rate").values, row(table, "fixed-point").values
    assert np.min(sigma[:3]) > 1e-3
    np.testing.assert_allclose(sigma, fixed, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(row(table, "adiabatic").values, sigma - fixed)
    totals = [row(table, x, "total").values for x in ("Spohn", "open-form", "dissipated")]
    np.testing.assert_allclose(totals[1:], [totals[0]] * 2, rtol=0, atol=1e-12)


def test_two_conventions_of_heat_and_work_add_up_to_one_energy():
    """What the bath does to coherence at a fixed H is heat for Alicki, and work by entropy."""
    table = table_of("good")
    heat, work, alicki_heat, alicki_work = (
        row(table, f"{whose} {what}").values
        for whose in ("entropy-based", "Alicki's")
        for what in ("heat", "work")
    )
    np.testing.assert_allclose(heat + work, alicki_heat + alicki_work, rtol=0, atol=1e-9)
    np.testing.assert_allclose(alicki_work, 0.0, atol=1e-12)
    assert np.max(np.abs(work)) > 1e-3
    assert "of either sign" in row(table, "entropy-based heat").reason


def test_a_negative_rate_is_the_reason():
    table = table_of("negative")
    for start in ("Spohn", "fixed-point", "population", "coherence", "open-form", "dissipated"):
        for a in [a for name, a in table.items() if name.startswith(start)]:
            assert not a.guaranteed
            assert a.reason.startswith("a rate is negative (down to -0.02)")
    for start in ("interior", "ergotropy", "closed-form"):
        assert row(table, start).guaranteed


def test_dephasing_that_carries_heat_has_no_spohn_production():
    table = table_of("hot")
    for kind in ("rate", "total"):
        a = row(table, "Spohn", kind)
        assert not a.guaranteed
        assert "carries heat" in a.reason
        assert np.all(np.isnan(a.values[1:]))
    assert np.all(row(table, "fixed-point").values > -1e-14)


@pytest.mark.parametrize("name", ["good", "negative", "hot"])
def test_the_text_names_the_convention_in_every_row(name):
    table = tuple(table_of(name).values())
    lines = qt.thermodynamics.accounting_table(table).splitlines()
    assert len(lines) == len(table) + 1
    assert ">= 0 guaranteed" in lines[0]
    for line, a in zip(lines[1:], table, strict=True):
        assert line.startswith(a.name)
        assert re.search(r"\((the paper|A\d)", a.name)
        assert f"{float(a.values[-1]):.6g}" in line
        assert ("yes: " if a.guaranteed else "no: ") + a.reason in line
    first = qt.thermodynamics.accounting_table(table, index=0).splitlines()
    assert f"{float(table[1].values[0]):.6g}" in first[2]


def test_local_baths_on_strongly_coupled_qubits():
    """Levy and Kosloff: heat runs from cold to hot for ever, and sigma < 0."""
    with pytest.warns(UserWarning, match="Levy and Kosloff") as record:
        table = table_of("levy-kosloff")
    assert len(record) == 4  # two baths, in `evolve` and in `accountings`
    sigma = row(table, "Spohn", "rate")
    assert float(sigma.values[-1]) < -1e-3
    assert not sigma.guaranteed
    assert "Levy and Kosloff 2014" in sigma.reason
    assert "the baths mix levels and coherence" in row(table, "population").reason
    # the fixed point's stays >= 0, and the steady state is reached
    fixed = row(table, "fixed-point")
    assert fixed.guaranteed
    assert float(fixed.values[0]) > 1e-3
    assert abs(float(fixed.values[-1])) < 1e-10
    assert not any(name.startswith("closed-form") for name in table)  # two temperatures


@pytest.mark.parametrize("start", ["one", "correlated"])
def test_a_table_of_a_closed_whole_with_finite_reservoirs(start):
    solution = closed_whole(start)
    found = qt.accountings(SYSTEM, solution, temperature=0.4, reservoirs=RESERVOIRS)
    table = {a.name + " " + a.kind: a for a in found}
    assert not [name for name in table if name.startswith(("Spohn", "fixed-point", "adiabatic"))]
    production = row(table, "Esposito")
    np.testing.assert_array_equal(production.values, reservoir_books(start).production)
    excess = row(table, "Landauer's excess")
    np.testing.assert_allclose(excess.values, production.values, rtol=0, atol=1e-14)
    assert production.guaranteed == excess.guaranteed == (start == "one")
    books = reservoir_books(start)
    over = books.landauer_cost - books.reeb_wolf_bound
    np.testing.assert_array_equal(row(table, "excess over Reeb").values, over)
    assert ("the start is not" in production.reason) == (start == "correlated")
    assert not row(table, "Landi").guaranteed
    # nothing is exchanged with a bath
    for name in ("open-form", "dissipated"):
        assert row(table, name).guaranteed
        np.testing.assert_allclose(row(table, name).values, 0.0, atol=1e-11)
    assert np.all(row(table, "closed-form").values > 1e-3)


@functools.cache
def stateless():
    system, solution = driven(False)
    return system, eqx.tree_at(lambda s: s.saved, solution, {"energy": solution.ledger.energy})


# what is measured, the last value at which a condition holds, one at which it does not
LIMITS = {
    "POSITIVE_RATES": ("smallest_rate", 0.0, -1e-12),
    "NO_ATHERMAL_HEAT": ("athermal_defect", 1e-10, 2e-10),
    "UNIQUE_FIXED_POINT": ("fixed_point_gap", 2e-13, 1e-13),
    "NO_COHERENCE": ("coherence", 1e-10, 2e-10),
    "COVARIANT": ("covariance", 1e-10, np.nan), "PRODUCT_START": ("initial_defect", 1e-10, 2e-10),
    "CLOSED": ("closed", True, False), "GIBBS_FIXED_POINTS": ("gibbs_defect", 1e-6, 2e-6),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_conditions_at_their_limits(name):
    condition, (field, last, first) = getattr(conditions, name), LIMITS[name]
    here = functools.partial(types.SimpleNamespace, gibbs_tolerance=1e-6)
    assert condition.holds(here(**{field: last}))
    assert not condition.holds(here(**{field: first}))


def test_a_table_line_by_line():
    """The value at the time asked for, the smallest one that is a number, yes or no."""

    def row(name, values, guaranteed, reason):
        values = jnp.array(values)
        return qt.thermodynamics.Accounting(name, "f", "rate", values, guaranteed, reason)

    nan = np.nan
    table = [row("one", [nan, 2.0, 1.0], True, "sure"), row("two", [nan] * 4, False, "lost")]

    def shown(index):
        text = qt.thermodynamics.accounting_table(table, index)
        return [line.split() for line in text.splitlines()[1:]]

    assert shown(1) == [
        ["one", "rate", "2", "1", "yes:", "sure"], ["two", "rate", "nan", "nan", "no:", "lost"],
    ]  # fmt: skip
    assert shown(-1) == shown(2)
    assert shown(-3)[0][2] == "nan"
    for index in (3, -4):
        with pytest.raises(ValueError, match=f"must be that of a saved time, got {index}"):
            qt.thermodynamics.accounting_table(table, index)


def test_the_temperature_that_all_baths_have():
    def system(*temperatures):
        lower = qt.destroy(2)
        baths = [qt.LocalBath(lower, 1.0, t, qt.Flat(0.1)) for t in temperatures]
        return qt.OpenSystem(qt.number(2), baths)

    assert _one_temperature(system(0.5, 0.5), None) == 0.5
    assert _one_temperature(system(0.5, 0.5), 0.5 * (1 + 9e-10)) == 0.5 * (1 + 9e-10)
    for others in ((0.5, 1.0), (0.0,), ()):
        assert _one_temperature(system(*others), None) is None
        assert _one_temperature(system(*others), 2.0) == 2.0
    for wrong in (0.5 * (1 + 2e-9), 0.5 * (1 - 2e-9)):
        with pytest.raises(ValueError, match=r"is 0\.5, but the baths are at 0\.5; leave it out"):
            _one_temperature(system(0.5), wrong)


@pytest.mark.parametrize(
    ("temperatures", "own", "shared"),
    [((0.5, 0.5), None, True), ((0.5, 0.6), None, False), ((0.0,), None, False), ((), None, False),
     ((0.5,), 0.5, True)],
)  # fmt: skip
def test_baths_that_share_a_temperature(temperatures, own, shared):
    baths = [qt.LocalBath(LOWER, 1.0, t, qt.Flat(0.1)) for t in temperatures]
    baths += [] if own is None else [qt.Lindblad(LOWER, 0.1, temperature=own)]
    assert share_temperature(qt.OpenSystem(N, baths)) == shared
    # dephasing is in nobody's way, a bath with a reference state of its own is
    assert share_temperature(qt.OpenSystem(N, [*baths, qt.Lindblad(SZ, 0.1)])) == shared
    other = qt.dynamics.ResetBath(N, 0.1, state=np.diag([0.9, 0.1]))
    assert not share_temperature(qt.OpenSystem(N, [*baths, other]))


def test_what_a_dissipator_without_temperature_does():
    """Its heat, of max|H| (1 + size time), and how it moves the most mixed state, of its size."""

    def defect(jump, heat):
        ledger = types.SimpleNamespace(heat=jnp.array([[0.0], [heat]]))
        solution = types.SimpleNamespace(ts=jnp.array([1.0, 3.0]), ledger=ledger)
        system = qt.OpenSystem(2.0 * N, qt.Lindblad(jump, 0.3))
        return float(inspect.unwrap(conditions._athermal_defect)(system, solution))

    assert defect(SZ, 0.0) == 0.0
    assert defect(SZ, -0.4) == pytest.approx(0.4 / (2.0 * (1.0 + 0.3 * 2.0)))
    assert defect(LOWER, 0.0) == pytest.approx(0.5)
    found = conditions._relative(jnp.array([-3.0, 1.0]), jnp.array([2.0, 0.0]))
    assert float(found) == 1.5


def test_where_a_bath_is_left_behind():
    """Of the times, the one at which its Gibbs state is left by most."""
    system = qt.OpenSystem(qt.Driven([(1.0, N), (qt.Linear(0.0, 0.4), SX)]),
                           qt.DaviesBath(N, SX, 0.7, qt.Flat(0.02)))  # fmt: skip
    late = float(qt.dynamics.gibbs_defects(system, 1.0)[0])
    assert late > 1e-3
    np.testing.assert_allclose(_defects(system, jnp.array([0.0, 1.0, 0.5])), [late], rtol=1e-12)


HOLDS_STATES = "`solution` must hold the states in `saved`"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: qt.accountings(*stateless()), HOLDS_STATES),
        (lambda: qt.thermodynamics.deffner_lutz_open(*stateless(), 0.5), HOLDS_STATES),
        (lambda: qt.thermodynamics.free_energy_production(*stateless(), 0.5), HOLDS_STATES),
        (lambda: qt.accountings(*driven(False), reservoirs=(0,)), "`reservoirs` need `temperature"),
        (
            lambda: qt.finite_reservoirs(*driven(False), (0,), 0.5),
            "declares 0 parts, but the books of parts need",
        ),
        (
            lambda: qt.finite_reservoirs(SYSTEM, closed_whole("one"), (0, 1, 2), 0.5),
            "leave at least one for the system itself",
        ),
        (
            lambda: qt.finite_reservoirs(SYSTEM, closed_whole("one"), (3,), 0.5),
            "`reservoirs` must name some of the parts 0 to 2",
        ),
        (
            lambda: qt.finite_reservoirs(SYSTEM, closed_whole("one"), (), 0.5),
            "`reservoirs` must name some of the parts",
        ),
        (
            lambda: qt.finite_reservoirs(SYSTEM, closed_whole("one"), (1, 2), (0.5, 0.0)),
            "`temperatures` must be > 0",
        ),
        (
            lambda: qt.finite_reservoirs(SYSTEM, closed_whole("one"), (1, 2), (0.5,) * 3),
            "one number or one for each of the 2 reservoirs",
        ),
        (
            lambda: eqx.filter_jit(qt.accountings)(*driven(False)),
            "must be concrete: the table decides by values",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()
