"""Limit cycles: the fixed point, its uniqueness and its books, against independent integrations."""

import inspect
import json
import math
from pathlib import Path
from types import SimpleNamespace

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax
import numpy as np
import pytest

import qtjax as qt
from qtjax.machines import cycle as cycles
from qtjax.machines.alongside import _same
from qtjax.machines.steps import as_tolerance

N = qt.number(2)
Z, X = qt.sigmaz(), qt.sigmax()
COLD, HOT = 0.5 * Z + 0.3 * X, Z + 0.3 * X
CASES = json.loads((Path(__file__).parents[1] / "reference" / "public.json").read_text())["cases"]
P09 = next(case for case in CASES if case["id"] == "P09")


def reference_machine(rate=0.5, durations=(2.0, 1.0, 2.0, 1.0), **kw):
    return qt.otto_cycle(
        COLD, HOT, couplings=(X, Z), temperatures=(0.5, 4.0), rate=rate, durations=durations, **kw
    )


@pytest.fixture(scope="module")
def reference():
    return qt.limit_cycle(reference_machine())


@pytest.fixture(scope="module")
def p09():
    p = P09["params"]
    cycle = qt.otto_cycle(
        p["w_c"] * N,
        p["w_h"] * N,
        couplings=(X, Z),
        temperatures=(p["T_c"], p["T_h"]),
        rate=(p["gamma0_c"], p["gamma0_h"]),
        durations=(p["tau_h"], p["tau_w_each"], p["tau_c"], p["tau_w_each"]),
    )
    return qt.limit_cycle(cycle)


def test_published_case_p09(p09):
    found = {
        "p1_start_hot": p09.states[0][1, 1].real,
        "p2_end_hot": p09.states[1][1, 1].real,
        "dp": p09.states[1][1, 1].real - p09.states[0][1, 1].real,
        "Q_h": p09.heat_hot,
        "Q_c": p09.heat_cold,
        "W_out": p09.work_output,
        "power": p09.power,
        "dS_h": p09.entropy_hot,
        "T_mean_hot": p09.mean_temperatures[1],
        "T_mean_cold": p09.mean_temperatures[0],
        "eta": p09.efficiency,
        "Sigma_cycle": p09.spohn_production,
    }
    for name, value in found.items():
        wanted = P09["values"][name]
        assert float(value) == pytest.approx(wanted["value"], rel=wanted["rtol"]), name


def test_contraction_is_that_of_p09(p09):
    # The slowest traceless deviation is coherence: sqrt(ab), ab the factor of the populations.
    ab = P09["values"]["population_contraction_per_cycle"]["value"]
    assert float(p09.contraction) == pytest.approx(math.sqrt(ab), rel=1e-9)
    rho0 = jnp.array([[0.3, 0.2], [0.2, 0.7]], complex)
    states, _ = qt.machines.transient(p09.cycle, rho0, 3)
    deviations = np.asarray(states) - np.asarray(p09.states[0])
    populations, coherences = deviations[:, 1, 1].real, np.abs(deviations[:, 0, 1])
    np.testing.assert_allclose(populations[1:] / populations[:-1], ab, rtol=1e-9)
    np.testing.assert_allclose(coherences[1:] / coherences[:-1], math.sqrt(ab), rtol=1e-9)


def test_limit_cycle_is_where_many_cycles_lead(reference):
    rho0 = jnp.diag(jnp.array([1.0, 0.0])) + 0j
    states, heats = qt.machines.transient(reference.cycle, rho0, 60)
    assert states.shape == (61, 2, 2)
    assert heats.shape == (60, 4)
    # The contraction is below 0.3, so 60 cycles leave 1e-31 of the deviation: only rounding.
    assert 0.01 < float(reference.contraction) < 0.3
    np.testing.assert_allclose(states[0], rho0, atol=0)
    np.testing.assert_allclose(states[-1], reference.states[0], atol=1e-13)
    np.testing.assert_allclose(heats[-1], reference.heats, atol=1e-13)
    assert np.max(np.abs(heats[0] - reference.heats)) > 1e-2  # it was not there from the start


def test_residuals_and_success(reference, p09):
    for solution in (reference, p09):
        assert bool(solution.result == qt.RESULTS.successful)
        assert abs(float(solution.first_law_residual)) < 1e-9
        assert 0.0 <= float(solution.limit_cycle_residual) < 1e-9
        assert 0.0 <= float(solution.error) < 1e-9
        total = solution.heat_hot + solution.heat_cold + solution.work
        assert abs(float(total)) < 1e-9
        np.testing.assert_allclose(
            jnp.linalg.eigvalsh(solution.states[1]), jnp.linalg.eigvalsh(solution.states[2]),
            atol=1e-12,
        )  # fmt: skip
        assert abs(complex(jnp.trace(solution.states[0])) - 1.0) < 1e-13


def unitary_cycle():
    there, back = (
        qt.Driven([(1.0, first), (qt.Linear(0.0, 1.0), last - first)])
        for first, last in ((HOT, COLD), (COLD, HOT))
    )
    return qt.Cycle((qt.Stroke(qt.OpenSystem(there), 1.0), qt.Stroke(qt.OpenSystem(back), 1.0)))


def test_all_unitary_cycle_is_not_unique():
    cycle = unitary_cycle()
    with pytest.raises(qt.SolverError, match=r"not unique.*all strokes are unitary.*transient"):
        qt.limit_cycle(cycle)
    solution = qt.limit_cycle(cycle, throw=False)
    assert bool(solution.result == qt.RESULTS.not_unique)
    assert float(solution.fixed.gap) < 1e-13
    assert np.all(np.isnan(solution.states))
    assert math.isnan(float(solution.work))
    assert math.isnan(float(solution.efficiency))


def test_error_carries_the_solution():
    with pytest.raises(qt.SolverError) as caught:
        qt.limit_cycle(reference_machine(rate=0.0))
    assert bool(caught.value.solution.result == qt.RESULTS.not_unique)
    assert "`throw=False`" in str(caught.value)


def test_one_bad_lane_harms_nobody(reference):
    rates = jnp.array([0.5, 0.0, jnp.nan, 0.2])

    @eqx.filter_jit
    @eqx.filter_vmap
    def lanes(rate):
        solution = qt.limit_cycle(reference_machine(rate=rate))
        return solution.heats, solution.states, solution.work, solution.result

    heats, states, work, result = lanes(rates)
    wanted = ["successful", "not_unique", "not_finite", "successful"]
    for k, name in enumerate(wanted):
        lane = jax.tree.map(lambda x, k=k: x[k], result)
        assert bool(lane == getattr(qt.RESULTS, name)), (k, name)
    np.testing.assert_allclose(heats[0], reference.heats, atol=1e-13)
    np.testing.assert_allclose(
        heats[3], qt.limit_cycle(reference_machine(rate=0.2)).heats, atol=1e-13
    )
    for bad in (1, 2):
        assert np.all(np.isnan(states[bad]))
        assert math.isnan(float(work[bad]))
    assert np.all(np.isfinite(states[::3]))


def hard_machine(ramp):
    return qt.otto_cycle(
        1.0 * X, 2.0 * Z, couplings=(X, Z), temperatures=(0.5, 4.0), rate=0.5,
        durations=(2.0, ramp, 2.0, ramp),
    )  # fmt: skip


@pytest.mark.parametrize("ramp", [1.5, 3.0, 8.0, 20.0])
def test_unresolved_ramp_says_so(ramp):
    # From slightly to hopelessly too coarse: the sentence and its remedy must be the same.
    with pytest.raises(qt.SolverError, match=r"not resolved.*Increase `steps`") as caught:
        qt.limit_cycle(hard_machine(ramp), steps=2)
    poor = caught.value.solution
    assert bool(poor.result == qt.RESULTS.inaccurate)
    assert float(poor.error) > 1e-9
    accepted = qt.limit_cycle(hard_machine(ramp), steps=2, tolerance=np.inf, throw=False)
    assert not bool(accepted.result == qt.RESULTS.inaccurate)


def test_more_steps_resolve_a_hard_ramp():
    fine = qt.limit_cycle(hard_machine(20.0), steps=256)
    finer = qt.limit_cycle(hard_machine(20.0), steps=512)
    assert bool(fine.result == qt.RESULTS.successful)
    # The estimate is of the map, and heats are of order one: it bounds their error as well.
    difference = np.max(np.abs(np.asarray(fine.heats - finer.heats)))
    assert difference < max(10.0 * float(fine.error), 1e-13)


def test_steps_are_found_for_a_concrete_slow_ramp():
    assert bool(qt.limit_cycle(hard_machine(20.0)).result == qt.RESULTS.successful)
    steps = qt.machines.resolving_steps(hard_machine(20.0))
    assert steps in (128, 256)
    coarse = qt.limit_cycle(hard_machine(20.0), steps=steps // 2, throw=False)
    assert bool(coarse.result == qt.RESULTS.inaccurate)


def test_repeated_cycles_that_are_not_resolved_say_so():
    with pytest.raises(qt.SolverError, match=r"not resolved.*Increase `steps`"):
        qt.machines.repeat(hard_machine(20.0), np.diag([0.6, 0.4]), 3, steps=2)


@pytest.mark.slow
def test_repeated_cycles_are_right_or_say_so():
    machine, rho0 = hard_machine(20.0), np.diag([0.6, 0.4])
    found = qt.machines.repeat(machine, rho0, 3)  # takes the steps it needs
    assert float(found.error) < 1e-9
    coarse = qt.machines.repeat(machine, rho0, 3, steps=2, throw=False)
    assert np.max(np.abs(coarse.works - found.works)) > 1e-2
    states, _ = jax.jit(lambda rho: qt.machines.transient(machine, rho, 3, steps=2))(rho0)
    assert np.all(np.isnan(states))


def test_slow_strokes_are_followed_inside_jit():
    """10,000 lifetimes in contact: the populations of a fixed mode relax once, at its first gap."""
    bath = qt.LocalBath(qt.destroy(2), 1.0, 1 / np.log(3), qt.Flat(1.0))
    ramp = qt.OpenSystem(qt.Driven([(qt.Linear(1.0, 2.0), N)]), bath)
    cycle = qt.Cycle([qt.Stroke(ramp, 1e4)])
    run = jax.jit(lambda rho: qt.machines.transient(cycle, rho, 2, implicit=True))
    states, heats = run(jnp.diag(jnp.array([0.4, 0.6], complex)))
    np.testing.assert_allclose(states[1:, 1, 1].real, 0.25, atol=1e-9)
    np.testing.assert_allclose(heats[:, 0], [-0.35 * (1.0 + 0.5e-4), 0.0], atol=1e-8)


def test_quench_between_strokes_books_its_work():
    whole = reference_machine(durations=(2.0, 0.0, 2.0, 0.0))
    hot, _, cold, _ = whole.strokes
    ramped, jumping = qt.limit_cycle(whole), qt.limit_cycle(qt.Cycle((hot, cold)))
    np.testing.assert_allclose(jumping.states[0], ramped.states[0], atol=1e-13)
    np.testing.assert_allclose(jumping.heats, ramped.heats[::2], atol=1e-13)
    np.testing.assert_allclose(jumping.works, 0.0, atol=1e-15)
    np.testing.assert_allclose(jumping.quenches, ramped.works[1::2], atol=1e-13)
    np.testing.assert_allclose(ramped.quenches, 0.0, atol=1e-15)
    jump = jnp.trace(jumping.states[1] @ (COLD - HOT)).real
    assert float(jumping.quenches[0]) == pytest.approx(float(jump), abs=1e-14)
    assert float(jumping.work) == pytest.approx(float(ramped.work), abs=1e-13)
    assert float(jumping.efficiency) == pytest.approx(float(ramped.efficiency), abs=1e-12)


def retrace(solution):
    """Every stroke integrated by `evolve` from the state of the limit cycle at its start."""
    for k, stroke in enumerate(solution.cycle.strokes):
        ts = jnp.linspace(0.0, stroke.duration, 3)
        yield k, qt.evolve(stroke.in_time(), solution.states[k], ts)


def assert_retraced(solution):
    # evolve: rtol 1e-11, so 1e-9 leaves room for strokes of a few time units.
    for k, path in retrace(solution):
        np.testing.assert_allclose(path.state, solution.states[k + 1], atol=1e-9)
        np.testing.assert_allclose(path.ledger.heat[-1], solution.bath_heats[k], atol=1e-9)
        assert float(path.ledger.work[-1]) == pytest.approx(float(solution.works[k]), abs=1e-9)
        assert float(path.ledger.entropy[-1]) == pytest.approx(
            float(solution.entropies[k + 1]), abs=1e-9
        )


def two_qubits(w, detuning, coupling):
    n1, n2 = qt.tensor(N, qt.identity(2)), qt.tensor(qt.identity(2), N)
    hop = qt.tensor(qt.create(2), qt.destroy(2))
    return (w + detuning) * n1 + w * n2 + coupling * (hop + qt.dag(hop))


@pytest.mark.parametrize("detuning", [0.0, 0.35], ids=["commuting", "frictional"])
def test_two_qubit_cycle(detuning):
    coupling, slow = 0.3, detuning == 0.0
    cycle = qt.otto_cycle(
        two_qubits(1.0, 0.0, coupling),
        two_qubits(1.8, detuning, coupling),
        couplings=(qt.tensor(X, qt.identity(2)),),
        temperatures=(0.5, 3.0),
        rate=0.5,
        durations=(300.0, 1.0, 300.0, 1.0) if slow else (1.5, 1.0, 2.0, 1.2),
    )
    solution = qt.limit_cycle(cycle)
    assert abs(float(solution.first_law_residual)) < 1e-9
    assert float(solution.limit_cycle_residual) < 1e-9
    if not slow:
        assert solution.regime == "engine"
        assert_retraced(solution)
        return
    # Quasi-static closed form, levels 0, w-J, w+J, 2w: both isochores end in Gibbs states.
    a, b = [], []
    for w, t in ((1.0, 0.5), (1.8, 3.0)):
        p = np.exp(-np.array([0.0, w - coupling, w + coupling, 2 * w]) / t)
        p /= p.sum()
        a.append(p @ np.array([0.0, 1.0, 1.0, 2.0]))
        b.append(p @ np.array([0.0, -1.0, 1.0, 0.0]))
    da, db = a[1] - a[0], b[1] - b[0]
    assert float(solution.heat_hot) == pytest.approx(1.8 * da + coupling * db, abs=1e-9)
    assert float(solution.heat_cold) == pytest.approx(-(da + coupling * db), abs=1e-9)
    eta = (1.0 - 1.0 / 1.8) / (1.0 + coupling * db / (1.8 * da))
    assert float(solution.efficiency) == pytest.approx(eta, abs=1e-9)


@pytest.mark.slow
def test_baths_that_follow_a_ramp():
    # No isochores at all: both ramps in contact with an adiabatic bath (general generator).
    def stroke(first, last, temperature, contact):
        bath = qt.AdiabaticBath((X, Z), temperature, qt.Flat(0.5))
        drive = qt.Driven([(1.0, first), (qt.Linear(0.0, 1.0), last - first)])
        return qt.Stroke(qt.OpenSystem(drive, (bath,)), 2.5, contact)

    solution = qt.limit_cycle(
        qt.Cycle((stroke(HOT, COLD, 4.0, "hot"), stroke(COLD, HOT, 0.5, "cold")))
    )
    assert abs(float(solution.first_law_residual)) < 1e-9
    assert float(solution.heat_hot) > 0.1
    assert_retraced(solution)


def test_strokes_of_different_dimension_are_refused():
    small, large = (qt.Stroke(qt.OpenSystem(qt.number(d)), 1.0) for d in (2, 3))
    with pytest.raises(ValueError, match=r"`strokes` must share one dimension.*\[2, 3\]"):
        qt.Cycle((small, large))
    with pytest.raises(ValueError, match=r"`strokes` must hold at least one"):
        qt.Cycle(())


def test_jumps_inside_a_stroke_do_the_work_of_quenches():
    """A staircase in one driven stroke is a sequence of held Hamiltonians with quenches between."""
    first, last = 1.0 * qt.sigmaz(), 0.5 * qt.sigmaz() + 0.4 * qt.sigmax()
    bath = qt.LocalBath(qt.create(2), 1.0, 2.0, qt.Flat(0.3))
    cold = qt.DaviesBath(last, qt.sigmax(), 0.5, qt.Flat(0.3))
    staircase = qt.PiecewiseConstant([0.25, 0.5], [0.0, 0.6, 1.0])
    moving = qt.Driven([(1.0, first), (staircase, last - first)])
    contact = qt.Stroke(qt.OpenSystem(last, cold), 1.5)
    whole = qt.limit_cycle(qt.Cycle([qt.Stroke(qt.OpenSystem(moving, bath), 2.0), contact]))
    pieces = [
        qt.Stroke(qt.OpenSystem(first + p * (last - first), bath), t)
        for p, t in ((0.0, 0.5), (0.6, 0.5), (1.0, 1.0))
    ]
    apart = qt.limit_cycle(qt.Cycle([*pieces, contact]))
    assert abs(float(whole.heats[0] - apart.heats[:3].sum())) < 1e-12
    assert abs(float(whole.works[0] - apart.quenches[:2].sum())) < 1e-12
    assert abs(float(whole.work - apart.work)) < 1e-12
    assert abs(float(whole.works[0])) > 0.05
    assert abs(float(whole.first_law_residual)) < 1e-12


def test_a_stroke_in_time_stretches_all_that_moves():
    rate = qt.Linear(0.0, 1.0)
    system = qt.OpenSystem(
        qt.number(2), qt.Lindblad(qt.sigmaz(), rate), qt.Driven([(rate, qt.number(2))])
    )
    there = qt.Stroke(system, 10.0).in_time()
    assert float(qt.dynamics.jump_operators(there.baths[0], there.hamiltonian, 5.0)[0][0]) == 0.5
    assert float(there.energy(5.0)[1, 1].real) == 0.5


@pytest.mark.slow
def test_two_schedules_that_jump_together_do_their_work_once():
    one, two = qt.PiecewiseConstant([0.5], [1.0, 2.0]), qt.PiecewiseConstant([0.5], [0.2, -0.3])
    system = qt.OpenSystem(qt.Driven([(one, qt.sigmaz()), (two, qt.sigmax())]))
    contact = qt.DaviesBath(qt.sigmaz(), (qt.sigmax(), qt.sigmaz()), 1.0, qt.Flat(0.5))
    cycle = qt.Cycle([qt.Stroke(system, 1.0), qt.Stroke(qt.OpenSystem(qt.sigmaz(), contact), 1.0)])
    assert abs(float(qt.limit_cycle(cycle).first_law_residual)) < 1e-12
    rho0 = qt.algebra.from_bloch(jnp.array([0.3, 0.2, -0.5]))
    ledger = qt.evolve(system, rho0, jnp.linspace(0.0, 1.0, 5)).ledger
    assert float(jnp.max(jnp.abs(ledger.first_law_residual))) < 1e-11
    assert abs(float(ledger.work[-1])) > 0.1


def test_steps_meet_the_breakpoints_of_rates():
    rate = qt.PiecewiseConstant([0.513], [0.1, 1.3])
    system = qt.OpenSystem(qt.number(2), qt.Lindblad(qt.sigmaz(), rate))
    bath = qt.LocalBath(qt.destroy(2), 1.0, 1.0, qt.Flat(0.5))
    hold = qt.Stroke(qt.OpenSystem(qt.number(2) + 0.3 * qt.sigmax(), bath), 1.0)
    solution = qt.limit_cycle(qt.Cycle([qt.Stroke(system, 1.0), hold]))
    assert float(solution.error) < 1e-12


def test_any_lineax_solver_finds_the_same_cycle(reference):
    found = qt.limit_cycle(reference.cycle, solver=lineax.GMRES(rtol=1e-13, atol=1e-13))
    np.testing.assert_allclose(found.works, reference.works, atol=1e-11)
    np.testing.assert_allclose(found.states, reference.states, atol=1e-11)
    with pytest.raises(ValueError, match=r"`solver` must be a Lineax solver, got 'gmres'"):
        qt.limit_cycle(reference.cycle, solver="gmres")


def test_a_stroke_is_looked_at_inside_alone():
    """A drive that ends with its stroke: of heat at T = 0 no entropy is lost while it rounds."""
    bath = qt.LocalBath(qt.destroy(2), 1.0, 0.0, qt.Flat(0.1))
    drive = qt.Driven([(lambda s: jnp.sqrt(1.0 - s), qt.number(2))])
    stroke = qt.Stroke(qt.OpenSystem(drive, bath), 2.0)
    rho = 0.5 * jnp.eye(2) + 0j
    none, lost = (stroke.entropy_flux(rho, jnp.array([q])) for q in (-1e-17, -1e-3))
    assert float(none) == 0.0
    assert float(lost) == -np.inf


def test_how_far_books_may_be_open():
    """Ten tolerances times the largest of heats, works and units of the strokes."""

    def closed(residual, works=(0.5, -2.0), heats=(1.0, -3.0), unit=0.1):
        maps, booked = [SimpleNamespace(unit=jnp.asarray(unit))] * 2, (jnp.array(heats),)
        residuals = jnp.array([0.0, -residual])
        close = inspect.unwrap(cycles._books_close)
        return bool(close(maps, residuals, jnp.array(works), booked, 1e-3))

    for given in ({}, {"heats": (1.0,), "works": (0.0, -3.0)}, {"unit": 3.0, "works": (0.0, 0.0)}):
        assert closed(0.0299, **given)
        assert not closed(0.0301, **given)
    assert closed(0.00999, heats=(), works=(0.0, 0.0), unit=1.0)
    assert not closed(0.0101, heats=(), works=(0.0, 0.0), unit=1.0)


def test_tolerances_of_limit_cycles():
    assert as_tolerance(None) == 1e-9
    with jax.enable_x64(False):
        assert as_tolerance(None) == 1e-4
    for wrong in (-1.0, 0.0):
        with pytest.raises(ValueError, match="`tolerance` must be > 0"):
            qt.limit_cycle(unitary_cycle(), tolerance=wrong)


def test_what_strokes_have_in_common():
    """Arrays of the same entries, but no numbers, of which each lane has its own."""
    one, other = jnp.ones(2), jnp.array([1.0, 2.0])
    assert _same(one, one, np.ones(2))
    assert not _same(one, other)
    assert not _same(one, one, other)
    assert not _same(one, other, one)
    assert not _same(jnp.asarray(1.0), jnp.asarray(1.0))
    assert _same(unknown := jnp.array([jnp.nan]), unknown)
    assert not jax.jit(lambda x: jnp.asarray(_same(x, x)))(one)
