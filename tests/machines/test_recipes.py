"""Recipes for cycles: true isotherms, Stirling, two strokes, shortcuts, batteries."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.machines import carnot

N, X = qt.number(2), qt.sigmax()
COLD, HOT, SMALL, LARGE = 0.5, 0.8, 1.0, 2.4


def gibbs(x, temperature):
    """Entropy, energy and ln Z of a qubit of gap x."""
    p = 1 / (1 + np.exp(x / temperature))
    return -p * np.log(p) - (1 - p) * np.log(1 - p), x * p, np.log1p(np.exp(-x / temperature))


def isothermal(recipe, time, **given):
    given = {"temperatures": (COLD, HOT), "scales": (SMALL, LARGE)} | given
    return recipe(N, couplings=X, rate=1.0, durations=(time,) * 4, **given)


@jax.jit
def solved(cycle):
    solution = qt.limit_cycle(cycle, steps=128, tolerance=1e-6)
    return solution.heat_hot, solution.heat_cold, solution.work_output, solution.result


@pytest.mark.slow
def test_slow_carnot_cycles_reach_carnots_efficiency():
    hot, *_ = gibbs(SMALL, COLD)
    cold, *_ = gibbs(LARGE, HOT)
    exact = HOT * (hot - cold)
    missing = []
    for time in (40.0, 80.0):
        q_h, q_c, work, result = solved(isothermal(qt.machines.carnot_cycle, time))
        assert bool(result == qt.RESULTS.successful)
        missing.append(1 - COLD / HOT - work / q_h)
        np.testing.assert_allclose([q_h, q_c], [exact, -exact * COLD / HOT], rtol=2.0 / time)
    assert missing[0] > missing[1] > 0.0
    assert float(missing[0] / missing[1]) == pytest.approx(2.0, rel=0.05)  # as 1/duration


@pytest.mark.slow
def test_slow_stirling_cycles():
    s_h, u_h, z_h = np.array([gibbs(x, HOT) for x in (SMALL, LARGE)]).T
    s_c, u_c, z_c = np.array([gibbs(x, COLD) for x in (SMALL, LARGE)]).T
    work = HOT * (z_h[0] - z_h[1]) - COLD * (z_c[0] - z_c[1])
    heat = HOT * (s_h[0] - s_h[1]) + u_h[1] - u_c[1]
    q_h, q_c, done, _ = solved(isothermal(qt.machines.stirling_cycle, 80.0))
    q_2, _, twice, _ = solved(isothermal(qt.machines.stirling_cycle, 160.0))
    # what is missing falls off as 1/duration: one step of Richardson's
    np.testing.assert_allclose([2 * twice - done, 2 * q_2 - q_h], [work, heat], rtol=2e-4)
    assert float(q_h + q_c) == pytest.approx(float(done), abs=1e-6)


def protocol(cycle):
    """Per stroke: gaps of a qubit at its start and end, duration, contact, temperatures."""
    return [
        (
            *(float(stroke.energy(s)[1, 1].real) for s in (0.0, 1.0)),
            float(stroke.duration), stroke.contact, tuple(map(float, stroke.temperatures)),
        )
        for stroke in cycle.strokes
    ]  # fmt: skip


def test_protocols():
    """Which gaps, how long, under which bath: read off the docstrings, binary fractions."""
    given = {"couplings": X, "rate": 1.0, "temperatures": (0.5, 1.0), "scales": (1.0, 4.0)}
    times = {"durations": (1.0, 2.0, 3.0, 4.0)}
    assert protocol(qt.machines.carnot_cycle(N, **given, **times)) == [
        (4.0, 2.0, 1.0, "hot", (1.0,)), (2.0, 1.0, 2.0, None, ()),
        (1.0, 2.0, 3.0, "cold", (0.5,)), (2.0, 4.0, 4.0, None, ()),
    ]  # fmt: skip
    assert protocol(qt.machines.stirling_cycle(N, **given, **times)) == [
        (4.0, 1.0, 1.0, "hot", (1.0,)), (1.0, 1.0, 2.0, "cold", (0.5,)),
        (1.0, 4.0, 3.0, "cold", (0.5,)), (4.0, 4.0, 4.0, "hot", (1.0,)),
    ]  # fmt: skip
    stepwise = qt.machines.stepwise_carnot_cycle(N, **given, duration=5.0, steps=3)
    assert protocol(stepwise) == [
        *((x, x, 5.0, "hot", (1.0,)) for x in (3.0, 2.0, 1.0)),
        *((x, x, 5.0, "cold", (0.5,)) for x in (1.0, 1.5, 2.0)),
    ]
    ramped = qt.machines.carnot_cycle(N, **given, **times, ramp=lambda s: s**2)
    assert float(ramped.strokes[3].energy(0.5)[1, 1].real) == 2.5


def test_temperatures_that_cannot_be_reached():
    with pytest.raises(ValueError, match="cannot be reached: adiabats between them change"):
        isothermal(qt.machines.carnot_cycle, 1.0, scales=(1.0, 1.5))
    with pytest.raises(
        ValueError, match="T_hot/T_cold = 2, but `scales` leave x_max/x_min = 2, so"
    ):
        isothermal(qt.machines.carnot_cycle, 1.0, scales=(1.0, 2.0), temperatures=(0.5, 1.0))
    with pytest.raises(ValueError, match=r"must be \(smallest, largest\), got \(1, 1\)"):
        isothermal(qt.machines.stirling_cycle, 1.0, scales=(1.0, 1.0))
    with pytest.raises(ValueError, match=r"`scales` must be \(smallest, largest\)"):
        isothermal(qt.machines.stirling_cycle, 1.0, scales=(1.5, 1.0))
    with pytest.raises(ValueError, match="`durations` must have 4 entries"):
        qt.machines.carnot_cycle(
            N, couplings=X, temperatures=(COLD, HOT), scales=(SMALL, LARGE), rate=1.0,
            durations=(1.0,),
        )  # fmt: skip


@pytest.mark.parametrize("angle", [np.pi / 2, 0.6])
def test_two_stroke_engine(angle):
    """W = (w_h - w_c)(p_h - p_c) sin^2(angle) after complete thermalization."""
    cycle = qt.machines.two_stroke_engine(
        (1.0, 2.0), temperatures=(0.5, 3.0), rate=1.0, durations=(60.0, 0.3), angle=angle
    )
    solution = qt.limit_cycle(cycle)
    moved = (1 / (1 + np.exp(2 / 3.0)) - 1 / (1 + np.exp(1 / 0.5))) * np.sin(angle) ** 2
    np.testing.assert_allclose(solution.bath_heats[0], [-moved, 2 * moved], rtol=1e-11)
    assert float(solution.work_output) == pytest.approx(moved, rel=1e-11)
    assert float(solution.efficiency) == pytest.approx(0.5, rel=1e-11)
    whole = qt.machines.two_stroke_engine(
        (1.0, 2.0), temperatures=(0.5, 3.0), rate=1.0, durations=(60.0, 0.3)
    )
    swap = qt.tensor(qt.create(2), qt.destroy(2)) * np.pi / 0.6  # of a quarter turn by default
    np.testing.assert_allclose(whole.strokes[1].system.hamiltonian(0.0), swap + swap.T)
    with pytest.raises(ValueError, match=r"`durations\[1\]` must be > 0"):
        qt.machines.two_stroke_engine(
            (1.0, 2.0), temperatures=(0.5, 3.0), rate=1.0, durations=(1.0, 0.0)
        )


COLD_H, HOT_H = 0.5 * qt.sigmaz() + 0.3 * X, qt.sigmaz() + 0.3 * X


def otto(time, gap=1.0):
    smooth = qt.Smooth(0.0, 1.0)
    return qt.otto_cycle(
        COLD_H, gap * qt.sigmaz() + 0.3 * X, couplings=(X, qt.sigmaz()), temperatures=(0.5, 4.0),
        rate=1.0, durations=(40.0, time, 40.0, time), ramps=(smooth, smooth),
    )  # fmt: skip


@pytest.mark.slow
def test_assisted_ramps_are_as_good_as_slow_ones():
    """Heat, efficiency and their derivatives are quasi-static, in a ramp of any speed."""

    def assisted(gap):
        solution = qt.limit_cycle(qt.machines.assisted(otto(0.2, gap)), steps=16)
        return jnp.stack([solution.heat_hot, solution.efficiency])

    def exact(gap):
        hot = gap * qt.sigmaz() + 0.3 * X
        found = qt.machines.quasi_static_otto(COLD_H, hot, 0.5, 4.0)
        return jnp.stack([found.heat_hot, found.efficiency])

    def both(function):
        return jax.jit(lambda gap: jax.jvp(function, (gap,), (1.0,)))(1.0)

    np.testing.assert_allclose(both(assisted), both(exact), rtol=1e-7)


def test_which_strokes_are_assisted():
    """Ramps without a bath, by (angle of H)'/2 in time along Y; their energy stays the same."""
    ramp = qt.Driven([(qt.Linear(0.5, 1.0), qt.sigmaz()), (0.3, X)])
    bath = qt.DaviesBath(N, X, 0.5, qt.Flat(0.1))
    kept = [
        qt.Stroke(qt.OpenSystem(N, bath), 1.0), qt.Stroke(qt.OpenSystem(ramp, bath), 1.0),
        qt.Stroke(qt.OpenSystem(N), 1.0), qt.machines.Reset(N, N, temperature=1.0),
    ]  # fmt: skip
    cycle = qt.machines.assisted(qt.Cycle([*kept, qt.Stroke(qt.OpenSystem(ramp), 0.2, "a")]))
    assert all(one is other for one, other in zip(cycle.strokes[:4], kept, strict=True))
    last = cycle.strokes[4]
    assert (float(last.duration), last.contact) == (0.2, "a")
    turning = 0.5 * 0.3 / (0.75**2 + 0.3**2) / 0.2  # d/dt of atan(z/x) at z = 3/4, x = 0.3
    added = np.asarray(last.system.hamiltonian(0.5) - ramp(0.5))
    np.testing.assert_allclose(np.abs(added), turning / 2 * np.array([[0, 1], [1, 0]]), atol=1e-12)
    np.testing.assert_allclose(last.energy(0.5), ramp(0.5), atol=1e-15)


def test_the_most_steps_of_a_carnot_cycle(monkeypatch):
    def made(steps):
        return qt.machines.stepwise_carnot_cycle(
            N, couplings=X, temperatures=(0.5, 1.0), scales=(1.0, 4.0), rate=1.0, duration=1.0,
            steps=steps,
        )  # fmt: skip

    with pytest.raises(ValueError, match="`steps` must be at most 16384, got 16385"):
        made(16385)
    monkeypatch.setattr(carnot, "_MOST_STEPS", 2)
    assert len(made(2).strokes) == 4
    with pytest.raises(ValueError, match="`steps` must be at most 2, got 3"):
        made(3)


def test_a_quench_cannot_be_assisted():
    with pytest.raises(ValueError, match="`duration` must be > 0, got 0"):
        qt.machines.assisted(otto(0.0))


def charged(cells, ts, photons=None, **given):
    levels = given.pop("levels", cells + 1)
    given = {"frequency": 1.5, "coupling": 0.2, "levels": levels} | given
    system = qt.models.dicke_battery(cells, **given)
    rho0 = qt.models.empty_battery(cells, levels, photons)
    return qt.machines.charge(system, rho0, ts)


def test_batteries_in_closed_form():
    ts = jnp.linspace(0.0, 9.0, 31)
    one = charged(1, ts, counter_rotating=False)
    energy = 1.5 * np.sin(0.2 * ts) ** 2
    np.testing.assert_allclose(one.energy, energy, atol=1e-12)
    np.testing.assert_allclose(one.ergotropy, np.maximum(2 * energy - 1.5, 0.0), atol=1e-12)
    np.testing.assert_allclose(one.power[1:], energy[1:] / ts[1:], atol=1e-12)
    s = np.sqrt(6.0) * 0.2 * np.asarray(ts)
    two = charged(2, ts, counter_rotating=False)
    expected = 1.5 * (2 / 3 * np.sin(s) ** 2 + 4 / 9 * (1 - np.cos(s)) ** 2)
    np.testing.assert_allclose(two.energy, expected, atol=1e-12)
    # one cavity for two cells against a cavity each
    gain = float(jnp.max(two.power) / (2 * jnp.max(one.power)))
    assert gain == pytest.approx(1.223, rel=5e-3)


def test_counter_rotating_terms():
    """2 g J_x (a + a^+) of two cells, as one spin 1."""
    h = qt.models.dicke_battery(2, frequency=1.5, coupling=0.2, levels=3).hamiltonian(0.0)
    jx, jz = (np.asarray(qt.spin(1, axis)) for axis in "xz")
    a = np.asarray(qt.destroy(3))
    free = np.kron(jz + np.eye(3), np.eye(3)) + np.kron(np.eye(3), a.T @ a)
    np.testing.assert_allclose(h, 1.5 * free + 0.4 * np.kron(jx, a + a.T), atol=1e-14)


def test_bad_batteries():
    with pytest.raises(ValueError, match="`battery` must be one of the 2 parts"):
        system = qt.models.dicke_battery(1, frequency=1.0, coupling=0.1, levels=2)
        qt.machines.charge(system, np.eye(4) / 4, [0.0, 1.0], battery=2)
    with pytest.raises(ValueError, match="`levels` must be a whole number >= 2"):
        qt.models.dicke_battery(1, frequency=1.0, coupling=0.1, levels=1)
