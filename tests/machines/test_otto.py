"""Otto cycles against the closed forms of the literature (Quan 2007, Kosloff and Rezek 2017)."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import qtjax as qt
from qtjax.machines.clausius import clausius_integral

N = qt.number(2)
Z, X = qt.sigmaz(), qt.sigmax()
COLD, HOT = 0.5 * Z + 0.3 * X, Z + 0.3 * X
TWO_ISOCHORES = (0.02, 0.0, 0.02, 0.0)


def population(gap, temperature):
    return 1.0 / (1.0 + math.exp(gap / temperature)) if temperature > 0.0 else 0.0


def thermalization_rate(gamma, gap, temperature):
    return gamma / math.tanh(gap / (2.0 * temperature)) if temperature > 0.0 else gamma


def gap_of(h):
    return float(np.ptp(np.linalg.eigvalsh(np.asarray(h))))


def finite_isochores(gaps, temperatures, rates, times):
    """p_hot - p_cold of the limit cycle: (p_h - p_c)(1-a)(1-b)/(1-ab); pairs are (cold, hot)."""
    x_cold, x_hot = (
        thermalization_rate(g, w, t) * tau
        for g, w, t, tau in zip(rates, gaps, temperatures, times, strict=True)
    )
    cold, hot = (population(w, t) for w, t in zip(gaps, temperatures, strict=True))
    one_minus = [-math.expm1(-x) for x in (x_cold, x_hot, x_cold + x_hot)]
    return (hot - cold) * one_minus[0] * one_minus[1] / one_minus[2]


def qubit_otto(
    gaps=(1.0, 2.0),
    temperatures=(1.0, 4.0),
    rate=(0.5, 0.5),
    durations=TWO_ISOCHORES,
    cold=None,
    hot=None,
):
    return qt.otto_cycle(
        gaps[0] * N if cold is None else cold,
        gaps[1] * N if hot is None else hot,
        couplings=(X, Z),
        temperatures=temperatures,
        rate=rate,
        durations=durations,
    )


@pytest.fixture(scope="module")
def fast():
    return qt.limit_cycle(qubit_otto())


@pytest.fixture(scope="module")
def reference():
    straight = qt.Ramp(jnp.linspace(0.0, 1.0, 10)[1:-1])
    return qt.limit_cycle(
        qt.otto_cycle(
            COLD,
            HOT,
            couplings=(X, Z),
            temperatures=(0.5, 4.0),
            rate=0.5,
            durations=(2.0, 1.0, 2.0, 1.0),
            ramps=(straight, straight),
        )
    )


CASES = {
    "fast": {},
    "fast with ramps": {"durations": (0.02, 0.3, 0.02, 1.7)},
    "unequal isochores": {"durations": (0.4, 0.0, 3.0, 0.0), "rate": (0.2, 0.9)},
    "weak coupling": {"rate": (1e-3, 1e-3)},
    "very weak, uneven": {"rate": (1e-3, 1e-5), "durations": (0.02, 1.0, 0.02, 1.0)},
    "cold bath at zero": {"temperatures": (0.0, 4.0)},
    "long isochores": {"durations": (150.0, 1.0, 150.0, 1.0)},
}


@pytest.mark.parametrize("case", CASES)
def test_frictionless_closed_form(case):
    kw = {"temperatures": (1.0, 4.0), "rate": (0.5, 0.5), "durations": TWO_ISOCHORES} | CASES[case]
    solution = qt.limit_cycle(qubit_otto(**kw))
    times = kw["durations"][2], kw["durations"][0]
    dp = finite_isochores((1.0, 2.0), kw["temperatures"], kw["rate"], times)
    # four ulps of the levels' energies: all that can be asked where only 9e-8 of them moves
    rounding = 2.0 * np.finfo(float).eps
    close = {"rel": 1e-9, "abs": rounding}
    assert float(solution.heat_hot) == pytest.approx(2.0 * dp, **close)
    assert float(solution.heat_cold) == pytest.approx(-dp, **close)
    assert float(solution.work_output) == pytest.approx(dp, **close)
    assert float(solution.efficiency) == pytest.approx(0.5, rel=1e-9, abs=rounding / (2.0 * dp))
    assert float(solution.power) == pytest.approx(dp / sum(kw["durations"]), **close)
    assert float(solution.period) == pytest.approx(sum(kw["durations"]), rel=1e-15)


def test_equilibrium_books_of_complete_thermalization():
    solution = qt.limit_cycle(qubit_otto(durations=(150.0, 0.0, 150.0, 0.0)))
    cold, hot = population(1.0, 1.0), population(2.0, 4.0)

    def h(p):
        return -p * math.log(p) - (1 - p) * math.log1p(-p)

    ds, dp = h(hot) - h(cold), hot - cold
    assert float(solution.entropy_hot) == pytest.approx(ds, rel=1e-12)
    assert float(solution.entropy_cold) == pytest.approx(-ds, rel=1e-12)
    t_cold, t_hot = solution.mean_temperatures
    assert float(t_hot) == pytest.approx(2.0 * dp / ds, rel=1e-12)
    assert float(t_cold) == pytest.approx(dp / ds, rel=1e-12)
    sigma = -2.0 * dp / 4.0 + dp / 1.0
    assert float(solution.spohn_production) == pytest.approx(sigma, rel=1e-12)
    assert float(solution.curzon_ahlborn_efficiency) == pytest.approx(0.5, rel=1e-15)
    assert float(solution.carnot_efficiency) == pytest.approx(0.75, rel=1e-15)


@pytest.mark.parametrize("temperatures", [(0.5, 4.0), (0.5, 0.8)])
def test_sudden_quench_friction_closed_form(temperatures):
    # Thermalized to exp(-Gamma tau/2) < 1e-40, so only rounding separates it from the closed form.
    solution = qt.limit_cycle(
        qubit_otto(
            cold=COLD, hot=HOT, temperatures=temperatures, durations=(400.0, 0.0, 400.0, 0.0)
        )
    )
    gaps = gap_of(COLD), gap_of(HOT)
    axes = [np.array([0.3, z]) / np.hypot(0.3, z) for z in (0.5, 1.0)]
    k = float(axes[0] @ axes[1])  # 1 - 2 xi, xi the transition probability of the quench
    m_cold, m_hot = (math.tanh(w / (2 * t)) for w, t in zip(gaps, temperatures, strict=True))
    q_hot, q_cold = 0.5 * gaps[1] * (k * m_cold - m_hot), 0.5 * gaps[0] * (k * m_hot - m_cold)
    assert float(solution.heat_hot) == pytest.approx(q_hot, abs=1e-11)
    assert float(solution.heat_cold) == pytest.approx(q_cold, abs=1e-11)
    assert float(solution.work_output) == pytest.approx(q_hot + q_cold, abs=1e-11)


def test_zero_rate_in_one_bath_exchanges_nothing():
    # Only the hot bath acts, without friction: the limit cycle is its Gibbs state, all books empty.
    solution = qt.limit_cycle(qubit_otto(rate=(0.0, 0.5)))
    p = population(2.0, 4.0)
    np.testing.assert_allclose(solution.states[0], np.diag([1 - p, p]), atol=1e-13)
    np.testing.assert_allclose(solution.heats, 0.0, atol=1e-14)
    assert abs(float(solution.work)) < 1e-14


def test_cycle_without_time_has_no_power():
    # All four strokes take no time: no bath acts, so there is no unique limit cycle.
    solution = qt.limit_cycle(qubit_otto(durations=(0.0,) * 4), throw=False)
    assert bool(solution.result == qt.RESULTS.not_unique)
    assert math.isnan(float(solution.power))


def test_zero_length_isochore_is_the_limit_of_short_ones():
    empty = qt.limit_cycle(qubit_otto(durations=(0.0, 0.0, 0.02, 0.0)))
    short = qt.limit_cycle(qubit_otto(durations=(1e-9, 0.0, 0.02, 0.0)))
    assert float(empty.heat_hot) == 0.0
    # Q_h is linear in a short contact: 2 dp (1-a) with 1-a ~ 2e-9.
    assert 0.0 < float(short.heat_hot) < 1e-8
    np.testing.assert_allclose(empty.states, short.states, atol=1e-7)


@pytest.mark.parametrize("name", ["fast", "reference"])
def test_temperature_identity_and_carnot_deficit(name, request):
    solution = request.getfixturevalue(name)
    t_cold, _ = solution.temperatures
    deficit = t_cold * solution.spohn_production / solution.heat_hot
    assert float(solution.efficiency) == pytest.approx(
        float(solution.carnot_efficiency - deficit), abs=1e-9
    )
    cold, hot = solution.mean_temperatures
    ratio = cold * abs(solution.entropy_cold) / (hot * solution.entropy_hot)
    assert float(solution.efficiency) == pytest.approx(float(1.0 - ratio), abs=1e-9)
    assert abs(float(solution.temperature_identity_residual)) < 1e-9
    # 1/<T> = 1/T_bath + Sigma/Q: the mean temperatures lie between those of the baths.
    assert float(solution.temperatures[0]) < float(cold)
    assert float(hot) < float(solution.temperatures[1])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    angles=st.tuples(*[st.floats(0.0, math.pi)] * 2),
    gaps=st.tuples(*[st.floats(0.2, 3.0)] * 2),
    t_cold=st.floats(0.1, 2.0),
    ratio=st.floats(1.05, 10.0),
    rate=st.floats(0.01, 2.0),
    durations=st.tuples(*[st.floats(0.0, 5.0)] * 4).filter(lambda d: d[0] > 0.1 and d[2] > 0.1),
)
def test_no_random_cycle_beats_carnot(angles, gaps, t_cold, ratio, rate, durations):
    cold, hot = (
        0.5 * w * (math.cos(a) * Z + math.sin(a) * X) for w, a in zip(gaps, angles, strict=True)
    )
    cycle = qubit_otto(
        cold=cold,
        hot=hot,
        temperatures=(t_cold, ratio * t_cold),
        rate=(rate, rate),
        durations=durations,
    )
    solution = qt.limit_cycle(cycle)
    assert float(solution.spohn_production) > -1e-12
    assert abs(float(solution.work + solution.heat_hot + solution.heat_cold)) < 1e-10
    assert abs(float(solution.entropy_hot + solution.entropy_cold)) < 1e-10
    if solution.regime == "engine":
        assert float(solution.efficiency) <= float(solution.carnot_efficiency) + 1e-9
    else:
        assert math.isnan(float(solution.efficiency))


def test_efficiency_by_the_clausius_route(fast, reference):
    # Another integral (over S instead of t) of the same cycle, with its own error estimate, which
    # is far above the true error here: the values agree to rounding.
    assert float(fast.generalized_efficiency) == pytest.approx(float(fast.efficiency), abs=1e-9)
    for solution in (fast, reference):
        parts = qt.machines.clausius_integrals(solution, tolerance=1e-9)
        hot, cold = parts["hot"], parts["cold"]
        assert max(float(hot.error), float(cold.error)) < 2e-9
        assert float(hot.value) == pytest.approx(float(solution.heat_hot), abs=1e-11)
        assert float(cold.value) == pytest.approx(float(solution.heat_cold), abs=1e-11)
        assert float(1.0 + cold.value / hot.value) == pytest.approx(
            float(solution.efficiency), abs=1e-9
        )
        assert int(hot.turning_points + cold.turning_points) == 0


def cooling_stroke(duration=60.0):
    bath = qt.LocalBath(qt.destroy(2), 1.0, 0.3, qt.Flat(0.2))
    return qt.Stroke(qt.OpenSystem(qt.Static(1.0 * N), (bath,)), duration, "cold")


def test_clausius_integral_across_a_turning_point():
    # Coherence decays (S up) while the populations cool (S down): S rises, turns and falls, and T
    # has a pole at the turn. The integral must still be the heat w (z(end) - z(0))/2.
    z0, c0, tau = -0.1, 0.5, 12.0
    rho0 = jnp.array([[0.5 - z0 / 2, c0 / 2], [c0 / 2, 0.5 + z0 / 2]], complex)
    g1, z_eq = 0.2 / math.tanh(0.5 / 0.3), -math.tanh(0.5 / 0.3)
    z1 = z_eq + (z0 - z_eq) * math.exp(-g1 * tau)
    slopes = [
        -(z * -g1 * (z - z_eq) - 0.5 * g1 * c * c)
        for z, c in ((z0, c0), (z1, c0 * math.exp(-g1 * tau / 2)))
    ]
    assert slopes[0] > 0.0 > slopes[1]  # the closed-form signs of dS/dt at both ends
    found = clausius_integral(cooling_stroke(tau), rho0)
    assert int(found.turning_points) == 1
    assert int(found.masked) == 0
    assert float(found.value) == pytest.approx(0.5 * (z1 - z0), abs=1e-9)
    # Without a turning point none is reported.
    found = clausius_integral(cooling_stroke(tau), jnp.diag(jnp.array([0.6, 0.4])) + 0j)
    assert int(found.turning_points) == 0


def test_clausius_integral_masks_what_does_not_move():
    # dS/dt = 0 throughout at the maximally mixed state of a closed stroke: T = 0/0 at every node.
    closed = qt.Stroke(qt.OpenSystem(qt.Static(1.0 * N)), 1.0, "hot")
    found = clausius_integral(closed, 0.5 * jnp.eye(2, dtype=complex))
    assert int(found.masked) == 2 * 8  # every piece
    assert float(found.value) == 0.0


def test_interior_production_is_computed_and_vanishes(reference):
    # The paper's eq. (11): rounding of about 500 nodes with |i tr([H, rho] ln rho)| < 1e-15 each.
    value = float(qt.machines.interior_production(reference))
    assert 0.0 < value < 1e-13
    assert float(reference.spohn_production) > 0.1  # beside it, in Spohn's convention


REGIMES = {
    "engine": ({}, 0),
    "refrigerator": ({"temperatures": (1.0, 1.2)}, 1),
    "heater": (
        {
            "cold": 0.5 * X,
            "hot": 1.0 * Z,
            "temperatures": (1.0, 1.05),
            "durations": (50.0, 0.0, 50.0, 0.0),
        },
        2,
    ),
    "accelerator": ({"gaps": (2.0, 1.0)}, 3),
    "none": ({"gaps": (1.0, 1.0)}, 4),
}


@pytest.mark.parametrize("regime", REGIMES)
def test_regimes(regime):
    kw, code = REGIMES[regime]
    solution = qt.limit_cycle(qubit_otto(**kw))
    hot, cold = float(solution.heat_hot), float(solution.heat_cold)
    output = float(solution.work_output)
    assert solution.regime == regime
    assert int(solution.regime_code) == code
    signs = {
        "engine": hot > 1e-4 and cold < -1e-4 and output > 1e-4,
        "refrigerator": hot < -1e-4 and cold > 1e-4 and output < -1e-4,
        "heater": hot < -1e-4 and cold < -1e-4 and output < -1e-4,
        "accelerator": hot > 1e-4 and cold < -1e-4 and output < -1e-4,
        "none": abs(output) < 1e-15,
    }
    assert signs[regime]
    assert math.isnan(float(solution.efficiency)) == (regime != "engine")
    cop = float(solution.coefficient_of_performance)
    # Frictionless: COP = w_c/(w_h - w_c) = 1, whatever the durations.
    assert cop == pytest.approx(1.0, rel=1e-9) if regime == "refrigerator" else math.isnan(cop)


def test_the_efficiency_of_cold_baths_is_as_sure_as_it_says():
    """1 - w_c/w_h, until the heat is the rounding of the energies; a digit too many is silent."""

    @jax.jit
    @jax.vmap
    def found(t):
        cycle = qubit_otto(cold=N, hot=2.0 * N, temperatures=(t, 4.0 * t))
        solution = qt.limit_cycle(cycle, throw=False, steps=2)
        return solution.efficiency, solution.error_of("efficiency"), solution.regime_code

    eta, error, code = map(np.asarray, found(jnp.array([1.0, 0.1, 0.05, 0.03, 0.02, 0.01])))
    off = np.abs(eta - 0.5)
    assert np.all(off[:5] <= error[:5])
    assert error[0] < 5e-12
    assert 1e-9 < off[4] < error[4] < 0.1  # told, and not hidden
    assert np.isnan(eta[5])
    assert np.isnan(error[5])
    assert np.isfinite(eta[:5]).all()
    assert qt.machines.figures.REGIMES[code[0]] == "engine"


def test_nan_efficiency_does_not_poison_gradients():
    # A refrigerator and an engine side by side. In the first eta is nan and dropped by the regime
    # code; what is left is the power, whose closed form is dp/0.04, dp the population change.
    @jax.jit
    @jax.vmap
    def report(temperatures):
        def merit(temperatures):
            solution = qt.limit_cycle(qubit_otto(temperatures=temperatures))
            code, eta = solution.regime_code, solution.efficiency
            return solution.power + jnp.where(code == 0, eta, 0.0), (code, eta)

        return jax.value_and_grad(merit, has_aux=True)(temperatures)

    points = [(1.0, 1.2), (1.0, 4.0)]
    (values, (codes, etas)), gradients = report(jnp.array(points))
    assert codes.tolist() == [1, 0]
    assert math.isnan(float(etas[0]))
    assert float(etas[1]) == pytest.approx(0.5, abs=1e-9)

    def power(*t):
        return finite_isochores((1.0, 2.0), t, (0.5, 0.5), (0.02, 0.02)) / 0.04

    h = 1e-4
    for (t_cold, t_hot), value, eta, gradient in zip(
        points, values, (0.0, 0.5), gradients, strict=True
    ):
        assert float(value) == pytest.approx(power(t_cold, t_hot) + eta, rel=1e-9)
        expected = [
            (power(t_cold + h, t_hot) - power(t_cold - h, t_hot)) / (2 * h),
            (power(t_cold, t_hot + h) - power(t_cold, t_hot - h)) / (2 * h),
        ]
        np.testing.assert_allclose(gradient, expected, rtol=1e-6)  # difference quotient: h^2


def test_regime_is_a_word_for_one_concrete_cycle_only(fast):
    def word(solution):
        assert solution.regime
        return solution.period

    word(fast)
    with pytest.raises(ValueError, match=r"`regime`.*use `regime_code`"):
        eqx.filter_eval_shape(word, fast)


def test_warns_unless_hot_is_hotter():
    with pytest.warns(UserWarning, match=r"`temperatures`.*\(4, 1\).*refrigerator.*Swap"):
        qubit_otto(temperatures=(4.0, 1.0))
    with pytest.warns(UserWarning, match=r"`temperatures`.*\(1, 1\)"):
        qubit_otto(temperatures=(1.0, 1.0))


def figures_of_a_refrigerator(t):
    """Its coefficient of performance, <T_c>, <T_h> and Spohn's production, between t and 1.5 t."""
    p_cold, p_hot = (1 / (1 + mpmath.exp(x / mpmath.mpf(t))) for x in (1, 2 / mpmath.mpf(1.5)))
    h_cold, h_hot = (-p * mpmath.log(p) - (1 - p) * mpmath.log1p(-p) for p in (p_cold, p_hot))
    moved = p_cold - p_hot
    mean = moved / (h_cold - h_hot)
    return 1, mean, 2 * mean, -moved / t + 2 * moved / (1.5 * mpmath.mpf(t))


def test_figures_of_cold_baths_are_as_sure_as_they_say():
    """All that is made of heats and entropies, until these are roundings beside 1."""

    def figures(s):
        return jnp.stack([s.coefficient_of_performance, *s.mean_temperatures, s.spohn_production])

    @jax.jit
    @jax.vmap
    def found(t):
        cycle = qubit_otto(
            cold=N, hot=2.0 * N, temperatures=(t, 1.5 * t), durations=(200.0, 1.0, 200.0, 1.0)
        )
        solution = qt.limit_cycle(cycle, throw=False, steps=2)
        errors = [solution.error_of(lambda s, k=k: figures(s)[k]) for k in range(4)]
        return figures(solution), jnp.stack(errors)

    temperatures = [1.0, 0.1, 0.05, 0.036, 0.01]
    values, errors = map(np.asarray, found(jnp.array(temperatures)))
    with mpmath.workdps(40):
        exact = np.array([[float(x) for x in figures_of_a_refrigerator(t)] for t in temperatures])
    assert np.isfinite(values[:4]).all()
    assert list(np.isnan(values[4])) == list(np.isnan(errors[4])) == [True, True, True, False]
    there = np.isfinite(values)
    assert np.all(np.abs(values - exact)[there] <= errors[there])
    assert np.all(errors[0] < 1e-9)  # of moderate baths
    assert np.all(errors[3, :3] > 1e-5)  # told, and not hidden
