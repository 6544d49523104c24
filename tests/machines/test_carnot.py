"""Stepwise isotherms: the closed form for a qubit, and the way to Carnot's efficiency."""

import functools

import jax
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import qtjax as qt

N, SX = qt.number(2), qt.sigmax()
COLD, HOT = 0.5, 1.0
SMALL, LARGE = 1.0, 1.6
CARNOT = 1 - COLD / HOT


def cycle(steps, **given):
    given = {
        "couplings": (SX,),
        "temperatures": (COLD, HOT),
        "scales": (SMALL, LARGE),
        "rate": 1.0,
        "duration": 40.0,  # e^{-40} of every step is left
        "steps": steps,
    } | given
    return qt.machines.stepwise_carnot_cycle(given.pop("hamiltonian", N), **given)


@functools.cache
def solved(steps):
    return qt.limit_cycle(cycle(steps))


def closed_form(steps):
    """(Q_h, Q_c) from p_k = 1/(1 + e^{x_k/T_h}), complete thermalization."""
    x = LARGE + (SMALL - LARGE) * np.arange(steps + 1) / steps
    p = 1 / (1 + np.exp(x / HOT))
    hot = np.sum(x[1:] * np.diff(p))
    cold = -COLD / HOT * np.sum(x[:-1] * np.diff(p))
    return hot, cold


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_heats_of_a_qubit(steps):
    solution, (hot, cold) = solved(steps), closed_form(steps)
    assert len(solution.cycle.strokes) == 2 * steps
    assert float(solution.heat_hot) == pytest.approx(hot, abs=1e-13)
    assert float(solution.heat_cold) == pytest.approx(cold, abs=1e-13)
    assert float(solution.efficiency) == pytest.approx(1 + cold / hot, abs=1e-12)
    assert float(solution.work) == pytest.approx(-(hot + cold), abs=1e-13)
    np.testing.assert_array_equal(solution.works, 0.0)  # all work is that of the quenches
    assert solution.regime == "engine"
    assert abs(float(solution.first_law_residual)) < 1e-14


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_the_adiabats_keep_populations(steps):
    """The states on the cold isotherm are those of the hot one, at scales T_c/T_h as large."""
    solution = solved(steps)
    x = LARGE + (SMALL - LARGE) * np.arange(steps + 1) / steps
    p = 1 / (1 + np.exp(x / HOT))
    expected = np.concatenate([p, p[-2::-1]])
    np.testing.assert_allclose(solution.states[:, 1, 1].real, expected, rtol=0, atol=1e-14)


def isotherms(rate, steps):
    """A Stirling cycle of a qubit, 40 units of time for every stroke."""
    return qt.limit_cycle(
        qt.machines.stirling_cycle(
            N, couplings=SX, temperatures=(COLD, HOT), scales=(SMALL, LARGE), rate=rate,
            durations=(40.0,) * 4,
        ),
        steps=steps, throw=False,
    )  # fmt: skip


def test_steps_of_many_lifetimes_are_too_few_and_no_bad_parameter():
    """They overflow; more of them do, and a cycle outside `jit` takes these by itself."""
    run = jax.jit(lambda rate: isotherms(rate, 2).result)
    for rate, wanted in ((1e30, "inaccurate"), (np.nan, "not_finite")):
        assert bool(run(rate) == getattr(qt.RESULTS, wanted))


@pytest.mark.slow
def test_isotherms_of_many_lifetimes():
    """The work of slow strokes, but for what is of the order of 1 over 4,000 lifetimes."""
    found = isotherms(100.0, None)
    assert bool(found.result == qt.RESULTS.successful)
    assert bool(isotherms(100.0, 64).result == qt.RESULTS.inaccurate)
    x = np.array([SMALL, LARGE])
    hot, cold = (t * np.log1p(np.exp(-x / t)) for t in (HOT, COLD))
    work = hot[0] - hot[1] - (cold[0] - cold[1])
    np.testing.assert_allclose(found.work_output, work, rtol=1e-3)
    assert float(found.error_of("efficiency")) < 1e-8


def slow_qubit(duration, implicit=True):
    cycle = qt.machines.carnot_cycle(
        N, couplings=SX, temperatures=(COLD, HOT), scales=(SMALL, 3.0), rate=1.0,
        durations=(duration, 1.0, duration, 1.0),
    )  # fmt: skip
    return qt.limit_cycle(cycle, implicit=implicit, throw=False)


def test_implicit_steps_take_isotherms_of_any_length():
    """As many steps for ten lifetimes as for a million, against SciPy's solver of the populations.

    What is missing to the efficiency of Carnot falls as 1/duration, inside `jit` and its gradient.
    """
    run = jax.jit(jax.value_and_grad(lambda t: slow_qubit(t).efficiency))
    found = {t: run(t) for t in (10.0, 1e3, 1e4, 1e6)}
    for duration, (efficiency, _) in found.items():
        assert float(efficiency) == pytest.approx(qubit_efficiency(duration), abs=2e-9)
    for longer, shorter in ((1e4, 1e3), (1e6, 1e4)):
        ratio = (CARNOT - found[longer][0]) / (CARNOT - found[shorter][0])
        assert float(ratio * longer / shorter) == pytest.approx(1.0, abs=50.0 / shorter)
    efficiency, slope = found[1e3]
    assert float(slope * 1e3) == pytest.approx(float(CARNOT - efficiency), rel=1e-2)


def test_a_coherence_that_implicit_steps_forget_is_an_error():
    """Of a field that turns back: all phases cancel, and 1/e of the coherence is left."""
    field = qt.Driven([(qt.Linear(50.0, -50.0), qt.sigmaz())])
    system = qt.OpenSystem(field, qt.Lindblad(qt.sigmaz(), 0.0025))
    found = qt.dynamics.propagator(system, 200.0, 64, implicit=True)
    left = found.apply(qt.pure_state([1, 1]))[0][0, 1]
    missed = abs(complex(left) - 0.5 / np.e)
    assert missed > 0.1
    assert float(found.error) > missed


def qubit_efficiency(duration):
    """1 + Q_c/Q_h of the populations, whose state at the end does not know that at the start."""
    far, near = SMALL * HOT / COLD, 3.0 * COLD / HOT

    def contact(population, start, end, temperature):
        def at(t):
            gap = start + (end - start) * t
            photons = 1.0 / np.expm1(gap / temperature)
            return np.array([1.0, gap]) * duration, photons, 2.0 * photons + 1.0

        def flow(t, y):
            each, up, both = at(t)
            return each * (up - both * y[0])

        def slopes(t, y):
            each, _, both = at(t)
            return np.stack([-each * both, np.zeros(2)], axis=1)

        tolerances = {"rtol": 1e-11, "atol": 1e-13}
        start_of = [population, 0.0]
        return solve_ivp(flow, (0.0, 1.0), start_of, "Radau", jac=slopes, **tolerances).y[:, -1]

    population, heats = 0.2, {}
    for _ in range(12 if duration < 100.0 else 2):
        for name, *given in (("hot", 3.0, far, HOT), ("cold", SMALL, near, COLD)):
            population, heats[name] = contact(population, *given)
    return 1.0 + heats["cold"] / heats["hot"]


def test_one_step_is_an_otto_cycle():
    assert float(solved(1).efficiency) == pytest.approx(1 - CARNOT * LARGE / SMALL, abs=1e-12)


def test_the_efficiency_rises_towards_carnots():
    """Its error tends to half with every doubling; the closed form takes it on."""
    found = [float(solved(steps).efficiency) for steps in (1, 2, 4)]
    further = [1 + cold / hot for hot, cold in map(closed_form, (64, 128, 256, 512))]
    assert all(np.diff([*found, *further]) > 0)
    errors = CARNOT - np.array([*found, *further])
    assert np.all(errors > 0)
    assert np.all((errors[1:3] / errors[:2] > 0.4) & (errors[1:3] / errors[:2] < 0.5))
    np.testing.assert_allclose(errors[4:] / errors[3:-1], 0.5, atol=1e-3)


def test_mean_temperatures_approach_those_of_the_baths():
    """<T_h> <= T_h and <T_c> >= T_c, both distances about halve; T3: eta = 1 - <T_c>/<T_h>."""
    distances = []
    for steps in (1, 2, 4):
        solution = solved(steps)
        cold, hot = (float(t) for t in solution.mean_temperatures)
        assert float(solution.efficiency) == pytest.approx(1 - cold / hot, abs=1e-12)
        assert float(solution.temperature_identity_residual) == pytest.approx(0.0, abs=1e-12)
        distances.append([cold - COLD, HOT - hot])
    distances = np.array(distances)
    assert np.all(distances > 0)
    np.testing.assert_allclose(distances[1:] / distances[:-1], 0.5, atol=0.06)
    np.testing.assert_allclose([float(t) for t in solved(1).temperatures], [COLD, HOT])
    assert float(solved(1).carnot_efficiency) == pytest.approx(CARNOT)


def test_production_vanishes_with_the_steps():
    """eta = eta_C - T_c Sigma/Q_h."""
    productions = []
    for steps in (1, 2, 4):
        solution = solved(steps)
        productions.append(float(solution.spohn_production))
        loss = COLD * productions[-1] / float(solution.heat_hot)
        assert float(solution.efficiency) == pytest.approx(CARNOT - loss, abs=1e-12)
    assert productions[0] > productions[1] > productions[2] > 0


def test_generalized_efficiency():
    """Eq. (19) by its quadrature of T over S is the first law's, for contacts of finite length."""
    solution = qt.limit_cycle(cycle(2, duration=3.0))
    integrals = qt.machines.clausius_integrals(solution)
    error = sum(float(part.error) for part in integrals.values())
    assert error < 1e-9
    found, exact = float(solution.generalized_efficiency), float(solution.efficiency)
    assert found == pytest.approx(exact, abs=1e-8)
    assert 0 < exact < CARNOT
    assert float(integrals["hot"].value) == pytest.approx(float(solution.heat_hot), abs=1e-9)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": 0}, "`steps` must be a whole number >= 1, got 0"),
        ({"duration": 0.0}, "`duration` must be > 0"),
        ({"temperatures": (0.0, 1.0)}, r"`temperatures\[0\]` must be > 0"),
        ({"temperatures": (1.0,)}, "`temperatures`"),
        ({"scales": (-1.0, 1.0)}, r"`scales\[0\]` must be >= 0"),
        ({"hamiltonian": qt.destroy(2)}, "`hamiltonian` must be Hermitian"),
        ({"rate": -1.0}, "`rate` must be >= 0"),
    ],
)
def test_bad_input_is_named(given, message):
    with pytest.raises(ValueError, match=message):
        cycle(**({"steps": 2} | given))


def test_scales_in_the_wrong_order():
    with pytest.raises(ValueError, match="`scales`"):
        cycle(2, scales=(LARGE, SMALL))


def test_a_hot_bath_that_is_colder():
    with pytest.warns(UserWarning, match="not hotter than the cold one"):
        cycle(1, temperatures=(1.0, 0.5))


@pytest.mark.slow
def test_a_cycle_that_only_heats_has_no_generalized_efficiency():
    """It takes heat from the hot bath and gives more to the cold one."""
    cycle = qt.otto_cycle(
        2.0 * qt.number(2), qt.number(2), couplings=qt.sigmax(), temperatures=(1.0, 4.0),
        rate=1.0, durations=(20.0, 1.0, 20.0, 1.0),
    )  # fmt: skip
    solution = qt.limit_cycle(cycle)
    assert float(solution.heat_hot) > 0.0 > float(solution.heat_hot + solution.heat_cold)
    assert np.isnan(qt.machines.generalized_efficiency(solution))
