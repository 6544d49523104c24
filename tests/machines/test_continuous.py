"""Continuous machines against published numbers: maser, qubit, chain, absorption refrigerator."""

import json
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt

REFERENCE = Path(__file__).parents[1] / "reference" / "published.json"
PUBLISHED = {r["key"]: r["values"] for r in json.loads(REFERENCE.read_text())["results"]}
N, LOWER, EPS = qt.number(2), qt.destroy(2), np.finfo(float).eps


def maser(g, hot=10.0):
    """Scovil and Schulz-DuBois in the frame of the drive; bare levels 0, w_c = 1, w_h = 3."""
    jump = {(i, j): jnp.zeros((3, 3), complex).at[i, j].set(1.0) for i in (0, 1) for j in (1, 2)}
    baths = (
        qt.LocalBath(jump[0, 2], 3.0, hot, qt.Flat(0.02)),
        qt.LocalBath(jump[0, 1], 1.0, 1.0, qt.Flat(0.02)),
    )
    drive = g * (jump[1, 2] + qt.dag(jump[1, 2]))
    bare = jnp.diag(jnp.array([0.0, 1.0, 3.0])) + 0j
    return qt.machines.steady_machine(qt.OpenSystem(drive, baths, energy=bare), ("hot", "cold"))


def test_published_maser():
    wanted = PUBLISHED["ssdb_maser_coherent_tur"]
    run = jax.jit(maser)
    for g in (0.05, 0.02, 0.01):
        found = run(g, 10.0)
        flux, _, production, _ = wanted[f"g{g:g}"]
        assert float(found.heat_hot / 3.0) == pytest.approx(flux, rel=1e-11)
        assert float(found.spohn_production) == pytest.approx(production, rel=1e-10)
        assert float(found.efficiency) == pytest.approx(wanted["eta"], rel=1e-11)
        assert float(found.power) == pytest.approx(2.0 * flux, rel=1e-11)
        assert found.regime == "engine"
        assert float(found.carnot_efficiency) == pytest.approx(0.9)
        assert abs(float(found.first_law_residual)) < 1e-16
    assert float(run(0.05, 10.0).power) == pytest.approx(wanted["power_g0p05"], rel=1e-11)
    cooler = run(0.05, 2.0)  # below w_h/w_c T_c the drive cools
    assert cooler.regime == "refrigerator"
    assert float(cooler.coefficient_of_performance) == pytest.approx(0.5, rel=1e-10)
    assert jnp.isnan(cooler.efficiency)
    assert bool(cooler.result == qt.RESULTS.successful)


def test_published_gradients_of_steady_states():
    wanted = PUBLISHED["ness_gradients"]

    def qubit(hot):
        baths = [qt.LocalBath(LOWER, 1.0, t, qt.Flat(r)) for t, r in ((hot, 0.3), (0.5, 0.7))]
        return qt.machines.steady_machine(qt.OpenSystem(N, baths), ("hot", "cold")).heat_hot

    def chain(g):
        """Coupled by g (XX + YY), with heat with respect to the bare Hamiltonian."""
        a, b = (qt.embed(LOWER, (2, 2), k) for k in (0, 1))
        bare = qt.dag(a) @ a + 0.8 * qt.dag(b) @ b
        hop = qt.dag(a) @ b
        baths = (
            qt.LocalBath(a, 1.0, 2.0, qt.Flat(0.1)),
            qt.LocalBath(b, 0.8, 0.5, qt.Flat(0.1)),
        )
        system = qt.OpenSystem(bare + 2 * g * (hop + qt.dag(hop)), baths, energy=bare)
        return qt.machines.steady_machine(system, ("hot", "cold")).heat_hot

    current, slope = jax.jit(jax.value_and_grad(qubit))(2.0)
    assert float(current) == pytest.approx(wanted["J"], rel=1e-11)
    assert float(slope) == pytest.approx(wanted["dJdTh"], rel=1e-11)
    current, slope = jax.jit(jax.value_and_grad(chain))(0.05)
    assert float(current) == pytest.approx(wanted["chain_J"], rel=1e-10)
    assert float(slope) == pytest.approx(wanted["chain_dJdg_implicit"], rel=1e-10)


def refrigerator(e1, e3, cold, room, hot, g, p):
    """Linden, Popescu and Skrzypczyk: |010> <-> |101>, each qubit reset at the rate p."""
    gaps, dims = (e1, e1 + e3, e3), (2, 2, 2)
    bare = sum(qt.embed(gap * N, dims, k) for k, gap in enumerate(gaps))
    hop = jnp.outer(qt.ket((0, 1, 0), dims), qt.ket((1, 0, 1), dims))
    baths = [
        qt.dynamics.ResetBath(gap * N, p, temperature=t, dims=dims, sites=k)
        for k, (gap, t) in enumerate(zip(gaps, (cold, room, hot), strict=True))
    ]
    system = qt.OpenSystem(bare + g * (hop + qt.dag(hop)), baths, energy=bare)
    return qt.machines.steady_machine(system, ("cold", "room", "hot"))


def test_published_absorption_refrigerator():
    wanted = PUBLISHED["lps_fridge_reset_model"]
    run = jax.jit(refrigerator)
    found, other = (
        run(1.0, 4.0, 1.0, 1.0, 2.0, 0.05, 0.02),
        run(1.0, 4.0, 0.9, 1.0, 4.0, 0.01, 0.05),
    )
    for name in ("cold", "room", "hot"):
        assert float(found.named_heats[name]) == pytest.approx(wanted[f"Q_{name}"], rel=1e-10)
    np.testing.assert_allclose(other.heat_currents, wanted["case2_Q"], rtol=1e-10)
    for solution, name in ((found, "COP"), (other, "case2_COP")):
        ratio = qt.machines.heat_ratio(solution, "cold", "hot")
        assert float(ratio) == pytest.approx(wanted[name], rel=1e-10)
        assert abs(float(solution.power)) < 1e-15
        assert float(solution.spohn_production) > 0.0
    states = [qt.partial_trace(s.state, (2, 2, 2), 0) for s in (found, other)]
    assert float(states[0][1, 1].real) == pytest.approx(wanted["p_exc"], rel=1e-10)
    for state, name in zip(states, ("T_cold_qubit", "case2_Tcold"), strict=True):
        beta = qt.thermodynamics.population_beta(state, N)
        assert float(1 / beta) == pytest.approx(wanted[name], rel=1e-10)
    # the bath's own reference state and heat over temperature are one thing here
    fluxes = found.heat_currents / jnp.array([1.0, 1.0, 2.0])
    assert float(found.spohn_production) == pytest.approx(-float(fluxes.sum()), rel=1e-10)
    renamed = qt.machines.SteadyMachine(
        found.system, ("ice", "room", "fire"), found.steady, found.rates
    )
    for figure in ("efficiency", "regime", "carnot_efficiency"):
        with pytest.raises(ValueError, match=r"here are 'ice', 'room', 'fire'.*`heat_ratio`"):
            getattr(renamed, figure)


def test_the_time_of_a_machine():
    """At t = 0 if none is given, where the two rates are 1 and 3."""
    system = qt.OpenSystem(N, qt.Lindblad([qt.create(2), LOWER], [qt.Linear(1.0, 5.0), 3.0]))
    found = qt.machines.steady_machine(system, None)
    np.testing.assert_allclose(found.state, np.diag([0.75, 0.25]), atol=1e-14)


@pytest.mark.parametrize(
    ("least", "error", "expected"),
    [(0.0, EPS, 8 * EPS * 5.5), (1.0, 0.0, 1.0), (1.0, 64 * EPS, 6.0), (1.0, np.inf, 1.0)],
)
def test_what_rounding_makes_of_a_steady_machine(least, error, expected):
    """8 eps of the moduli of heats and power, or what it or the state may make of the heat."""
    rates = SimpleNamespace(power=jnp.asarray(-2.0), heat_rounding=jnp.asarray(least))
    machine = SimpleNamespace(
        heat_currents=jnp.array([3.0, -0.5]), rates=rates,
        steady=SimpleNamespace(error=jnp.asarray(error)), system=SimpleNamespace(dimension=3),
    )  # fmt: skip
    found = qt.machines.SteadyMachine.rounding.fget(machine)
    assert float(found) == pytest.approx(expected)


def test_errors_of_figures_of_a_steady_machine():
    """A refrigerator colder and colder beside its gap: the ratio is 1/2, until it is nan."""

    @jax.jit
    @jax.vmap
    def found(t):
        fridge = qt.models.three_level_refrigerator(
            (1.0, 2.0), temperatures=(t, 1.2 * t, 8.0 * t), rates=0.1
        )
        machine = qt.machines.steady_machine(fridge, ("cold", "room", "work"), throw=False)

        def ratio(machine):
            return qt.machines.heat_ratio(machine, "cold", "work")

        paid, produced = machine.named_heats["work"], machine.spohn_production
        unknown = machine.error_of(lambda m: m.rates.entropy_rate)
        return (
            ratio(machine), machine.error_of(ratio), 1.5 * machine.rounding / paid,
            produced, machine.error_of("spohn_production"), unknown,
        )  # fmt: skip

    temperatures = jnp.array([1.0, 0.1, 0.05, 0.04, 0.035, 0.02])
    ratio, error, by_hand, produced, off, unknown = map(np.asarray, found(temperatures))
    there = np.isfinite(ratio)
    assert list(there) == [True] * 3 + [False] * 3
    np.testing.assert_allclose(error[there], by_hand[there], rtol=1e-6)
    assert np.all(np.abs(ratio - 0.5)[there] <= error[there])
    assert np.all(np.isnan(error[~there]))
    assert np.all(np.isnan(unknown))
    assert np.all(produced >= -off)
    assert off[0] < 1e-12


def test_production_where_a_population_is_lost_in_rounding():
    """S' of a steady state is 0, whatever is known of ln rho: a population of 1e-38 was inf."""
    fridge = qt.models.three_level_refrigerator(
        (5.1857, 5.3024),
        temperatures=(0.120369, 0.120381, 0.120369),
        rates=(0.0593, 1.1024, 0.00307),
    )
    machine = qt.machines.steady_machine(fridge, ("cold", "hot", "work"))
    assert abs(float(machine.spohn_production)) <= float(machine.error_of("spohn_production"))
    assert not jnp.isfinite(machine.rates.entropy_rate)  # of which the same is not known
