"""What is drawn: the right numbers, masked poles, words with units and conventions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import qtjax as qt
from qtjax.plots.branches import branches
from qtjax.plots.style import check_axes

N = qt.number(2)
BATH = qt.LocalBath(qt.destroy(2), 1.0, 0.5, qt.Flat(0.2))
QUBIT = qt.OpenSystem(N, BATH)
TS = jnp.linspace(0.0, 25.0, 51)
INVERTED = jnp.diag(jnp.array([0.1, 0.9])).astype(complex)


def both(system, t, rho):
    return {"rates": qt.rates(system, t, rho), "state": rho}


@pytest.fixture(scope="module")
def relaxing():
    """From an inverted state: S grows, has a maximum at p = 1/2, where T = Q'/S' has its pole."""
    return qt.evolve(QUBIT, INVERTED, TS, save=both)


@pytest.fixture(scope="module")
def pair():
    hop = qt.tensor(qt.create(2), qt.destroy(2))
    system = qt.composite_system((N, N), coupling=0.2 * (hop + qt.dag(hop)))
    rho = qt.tensor(qt.thermal_state(N, 2.0), qt.thermal_state(N, 0.5))
    return qt.evolve(system, rho, jnp.linspace(0.1, 6.0, 31), save=qt.thermodynamics.part_rates)


@pytest.fixture(scope="module")
def cycle():
    hot, cold = (scale * qt.sigmaz() + 0.3 * qt.sigmax() for scale in (1.0, 0.5))
    return qt.limit_cycle(
        qt.otto_cycle(
            cold, hot, couplings=(qt.sigmax(),), temperatures=(0.5, 4.0), rate=0.5,
            durations=(2.0, 1.0, 2.0, 1.0),
        )
    )  # fmt: skip


@pytest.fixture
def ax():
    return Figure().subplots()


def lines(ax):
    return {curve.get_label(): curve for curve in ax.lines}


def words(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_entropy_books_name_their_convention_and_add_up(ax, relaxing):
    assert qt.plots.entropy_books(ax, relaxing) is ax
    found = lines(ax)
    rate, exterior, interior, exchange, production = (c.get_ydata() for c in found.values())
    np.testing.assert_allclose(rate, relaxing.saved["rates"].entropy_rate)
    np.testing.assert_allclose(exterior + interior, rate, atol=1e-12)
    np.testing.assert_allclose(exchange, relaxing.saved["rates"].heat_current / 0.5, atol=1e-12)
    np.testing.assert_allclose(production, relaxing.saved["rates"].spohn_production)
    assert [name for name in found if "Spohn" in name or "Ahmadi" in name] == list(found)[1:]
    assert words(ax) == list(found)
    assert "nats per time" in ax.get_ylabel()
    styles = [(curve.get_linestyle(), curve.get_linewidth()) for curve in found.values()]
    assert len(set(styles)) == 5


def test_what_is_infinite_is_not_drawn(ax):
    pure = qt.evolve(QUBIT, qt.pure_state(qt.ket(1, 2)), TS[:5], save=qt.rates)
    assert np.isinf(pure.saved.entropy_rate[0])
    drawn = lines(qt.plots.entropy_books(ax, pure))["$dS/dt$"].get_ydata()
    assert np.isnan(drawn[0])
    assert np.all(np.isfinite(drawn[1:]))
    assert np.all(np.isfinite(ax.get_ylim()))


def test_the_pole_of_the_temperature_is_marked_and_masked(ax, relaxing):
    qt.plots.generalized_temperature(ax, relaxing, system=QUBIT)
    found = lines(ax)
    # the population of the upper level falls from 0.9 to p at the rate g = 0.2 coth(1) to 1/2
    p = 1.0 / (1.0 + np.exp(2.0))
    pole = np.log((0.9 - p) / (0.5 - p)) / (0.2 / np.tanh(1.0))
    marked = found["pole of $T$: $dS/dt = 0$"].get_xdata()[0]
    assert abs(marked - pole) < 0.05
    x, temperature = found["$T(t)$, eq. (17)"].get_data()
    here = np.flatnonzero(x == marked)
    assert here.size == 1
    assert np.isnan(temperature[here[0]])  # so that no line goes through infinity
    left, right = temperature[x < marked], temperature[x > marked]
    assert np.nanmax(left) < 0.0 < np.nanmin(right)
    assert np.nanmax(np.abs(temperature)) < 5.0
    np.testing.assert_allclose(temperature[-1], 0.5, atol=0.1)
    assert found["baths"].get_ydata()[0] == 0.5
    assert "energy" in ax.get_ylabel()


def test_a_reach_masks_and_no_pole_is_seen_where_heat_turns_too(ax):
    class Flows:
        heat_current = np.array([1.0, 0.5, -0.5, -1.0])
        entropy_rate = np.array([2.0, 1.0, -1.0, -2.0])

    found = qt.thermodynamics.interval_temperature(Flows.heat_current, Flows.entropy_rate)
    whole = branches(np.arange(4.0), found, Flows, None, 0.0)
    assert whole.poles.size == 0
    np.testing.assert_allclose(whole.temperature, 0.5)
    assert np.all(np.isnan(branches(np.arange(4.0), found, Flows, 0.4, 0.0).temperature))


def test_every_part_has_its_temperature(ax, pair):
    qt.plots.generalized_temperature(ax, pair, names=("A", "B"))
    drawn = lines(ax)["$T(t)$ of B, eq. (17)"].get_ydata()
    np.testing.assert_allclose(drawn, qt.generalized_temperature(pair.saved).temperature[:, 1])


def test_the_balance_of_correlations_closes(ax, pair):
    found = lines(qt.plots.correlation_balance(ax, pair))
    whole, one, two, correlations, clausius = (c.get_ydata() for c in found.values())
    np.testing.assert_allclose(whole, 0.0, atol=1e-9)
    np.testing.assert_allclose(one + two + correlations, whole, atol=1e-12)
    np.testing.assert_allclose(clausius[1:], correlations[1:], atol=1e-9)  # no heat at the start
    assert "eq. (18)" in list(found)[-1]


def test_bloch_trajectories_in_the_plane_and_in_the_ball(ax, relaxing):
    qt.plots.bloch(ax, relaxing, plane="zx", label="first")
    qt.plots.bloch(ax, relaxing, label="second")
    first, second = (curve for curve in ax.lines if curve.get_gid() == "trajectory")
    z = np.asarray(relaxing.saved["state"][:, 0, 0] - relaxing.saved["state"][:, 1, 1]).real
    np.testing.assert_allclose(first.get_xdata(), z, atol=1e-12)
    np.testing.assert_allclose(second.get_ydata(), z, atol=1e-12)
    assert first.get_linestyle() != second.get_linestyle()
    assert words(ax) == ["first", "second"]
    ball = Figure().subplots(subplot_kw={"projection": "3d"})
    qt.plots.bloch(ball, relaxing)
    drawn = next(curve for curve in ball.lines if curve.get_gid() == "trajectory")
    np.testing.assert_allclose(drawn.get_data_3d()[2], z, atol=1e-12)


def test_cycles(cycle):
    axes = Figure().subplots(2, 2).ravel()
    samples = qt.machines.sample_cycle(cycle)
    qt.plots.temperature_entropy(axes[0], cycle, samples=samples)
    found = lines(axes[0])
    assert set(found) == {"hot contact", "cold contact", "hot bath", "cold bath"}
    s, t = found["hot contact"].get_data()
    heat = np.sum(0.5 * (t[1:] + t[:-1]) * np.diff(s))
    assert abs(heat / float(cycle.heat_hot) - 1.0) < 1e-2  # the area is the heat
    assert found["cold bath"].get_ydata()[0] == 0.5
    assert "eq" not in axes[0].get_title()
    assert "nats" in axes[0].get_xlabel()

    qt.plots.energy_frequency(axes[1], cycle, samples=samples, label="before")
    gap, energy = lines(axes[1])["before"].get_data()
    area = np.sum(0.5 * (energy[1:] + energy[:-1]) * np.diff(gap))
    assert gap[0] == gap[-1]
    assert area != 0.0

    qt.plots.heat_and_work(axes[2], cycle)
    bars = {c.get_label(): [bar.get_height() for bar in c] for c in axes[2].containers}
    np.testing.assert_allclose(bars["heat $Q$ into the medium"], cycle.heats)
    np.testing.assert_allclose(bars["work $W$ done on the medium"], cycle.works)
    assert axes[2].get_xticklabels()[0].get_text() == "1\nhot"
    assert len({bar.get_hatch() for c in axes[2].containers for bar in c}) == len(bars)

    qt.plots.energy_levels(axes[3], cycle)
    first = axes[3].lines[0]
    np.testing.assert_allclose(first.get_ydata(), -np.hypot(1.0, 0.3))
    assert axes[3].lines[-1].get_xdata()[-1] == float(cycle.period)
    assert words(axes[3]) == ["hot contact", "cold contact"]


def test_schedules_and_levels(ax):
    drive = qt.Driven([(2.0, qt.sigmaz()), (qt.Linear(0.0, 1.0), qt.sigmax())])
    ts = np.linspace(0.0, 1.0, 5)
    qt.plots.schedules(ax, qt.OpenSystem(drive), ts, names=("z", "x"))
    np.testing.assert_allclose(lines(ax)["z"].get_ydata(), 2.0)
    np.testing.assert_allclose(lines(ax)["x"].get_ydata(), ts)
    levels = qt.plots.energy_levels(Figure().subplots(), drive, ts).lines
    np.testing.assert_allclose(levels[1].get_ydata(), np.hypot(2.0, ts))


def test_fronts_have_markers_of_their_own_and_crosses(ax):
    values = jnp.array([[1.0, 0.1], [3.0, 0.2], [2.0, 0.3]])
    yes = jnp.array([True, True, True])
    front = qt.design.Front(
        {}, values, values[:, 1], jnp.array([0.1, 0.2, jnp.inf]), yes,
        jnp.array([True, False, False]), 0 * values,
    )  # fmt: skip
    for label in ("one", "two"):
        qt.plots.pareto(ax, front, first="power", second="efficiency", label=label)
    one, two = (container.lines[0] for container in ax.containers)
    np.testing.assert_allclose(one.get_xdata(), [0.2, 0.3])
    np.testing.assert_allclose(one.get_ydata(), [3.0, 2.0])
    assert one.get_marker() != two.get_marker()
    assert sorted(words(ax)) == ["dominated or infeasible", "one", "two"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("efficiency", "power")


def test_a_map_of_numbers(ax):
    work = np.arange(6.0).reshape(2, 3)
    maps = xr.Dataset({"work": (("hot", "gap"), work)}, {"hot": [1.0, 2.0], "gap": [1.0, 2.0, 3.0]})
    maps["work"].attrs["units"] = "meV"
    qt.plots.parameter_map(ax, maps, "work", x="gap", y="hot")
    mesh = ax.collections[0]
    np.testing.assert_allclose(mesh.get_array(), work)
    assert mesh.get_cmap().name == "cividis"
    assert ax.figure.axes[1].get_ylabel() == "work (meV)"
    with pytest.raises(ValueError, match="`x` and `y` must be axes of 'work', which are hot"):
        qt.plots.parameter_map(ax, maps, "work", x="cold", y="hot")
    with pytest.raises(ValueError, match=r"`output` must be .*work, got 'heat'; name one of"):
        qt.plots.parameter_map(ax, maps, "heat", x="gap", y="hot")


DRAWINGS = {
    "entropy_books": both,
    "generalized_temperature": qt.rates,
    "bloch": None,
    "correlation_balance": qt.thermodynamics.part_rates,
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_single_time_and_a_batch_are_told(ax, relaxing, name):
    draw = getattr(qt.plots, name)
    single = jax.tree.map(lambda x: x[:1], (relaxing.ts, relaxing.saved))
    alone = qt.Solution(*single, *[getattr(relaxing, f) for f in
        ("state", "ledger", "result", "stats", "method", "reason")])  # fmt: skip
    with pytest.raises(
        ValueError, match=r"`solution\.ts` holds a single time, and a line needs two"
    ):
        draw(ax, alone)
    batch = jax.tree.map(lambda x: jnp.asarray(x)[None], relaxing)
    with pytest.raises(ValueError, match=r"the shape \(1, 51\) of a batch; draw one lane"):
        draw(ax, batch)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda ax, s, c: check_axes("ax"), "`ax` must be an Axes of Matplotlib"),
        (lambda ax, s, c: qt.plots.parameter_map(ax, s, "work", x="a", y="b"),
         "`maps` must be a `Dataset` of xarray"),
        (lambda ax, s, c: qt.plots.schedules(ax, N, [0.0, np.nan]), "`ts` must be finite"),
        (lambda ax, s, c: qt.plots.schedules(ax, N, [0.0, 1.0], names=(1.0,)), "must be 1 names"),
        (lambda ax, s, c: qt.plots.energy_frequency(ax, c, samples=()), "`samples` must be those"),
        (lambda ax, s, c: qt.plots.energy_levels(ax, c, points=10**12), "`points` asks for an arr"),
        (lambda ax, s, c: qt.plots.correlation_balance(ax, s),
         "must hold one `PartRates`, and it holds none: evolve with `save=qt.thermodynamics.part"),
        (lambda ax, s, c: qt.plots.bloch(ax, s, plane="xw"), "two of the letters x, y and z"),
        (lambda ax, s, c: qt.plots.schedules(ax, lambda t: t * N, [0.0, 1.0]), "draw its `energy_"),
        (lambda ax, s, c: qt.plots.schedules(ax, N, [0.0]), "`ts` holds a single time"),
        (lambda ax, s, c: qt.plots.schedules(ax, N, [0.0, 1.0], names=("a", "b")), "must be 1 nam"),
        (lambda ax, s, c: qt.plots.energy_levels(ax, c, [0.0, 1.0]), "`ts` must be left out"),
        (lambda ax, s, c: qt.plots.energy_levels(ax, N), "`ts` must be given for a system"),
        (lambda ax, s, c: qt.plots.heat_and_work(ax, jax.tree.map(lambda x: x[None], c)),
         r"`solution` is a batch of cycles, of shape \(1,\)"),
    ],
)  # fmt: skip
def test_mistakes_are_told(ax, relaxing, cycle, draw, message):
    with pytest.raises(ValueError, match=message):
        draw(ax, relaxing, cycle)
