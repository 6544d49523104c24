"""Solutions as Datasets and tables, and these to disk and back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray

import qtjax as qt
from qtjax.dynamics.propagator import FixedPoint
from qtjax.exchange import as_pairs, from_pairs, to_pandas, to_xarray

N, X = qt.number(2), qt.sigmax()
TS = np.linspace(0.0, 2.0, 5)
SYSTEM = qt.OpenSystem(N, [qt.DaviesBath(N, X, t, qt.Flat(0.1)) for t in (0.5, 2.0)])
EXCITED = qt.pure_state(qt.ket(1, 2))


@pytest.fixture(scope="module")
def solution():
    save = {"x": qt.dynamics.Expectation(X, N), "rho": lambda system, t, rho: rho}
    return qt.evolve(SYSTEM, EXCITED, TS, save=save)


def filled():
    """A cycle's solution with numbers of our own, so that nothing is computed."""
    cycle = qt.Cycle([qt.Stroke(SYSTEM, 2.0, ("cold", "hot")), qt.Stroke(qt.OpenSystem(N), 1.0)])
    one, zero = jnp.ones(()), jnp.zeros(())
    return qt.machines.CycleSolution(
        cycle, jnp.ones((3, 2, 2)) + 1j, jnp.array([0.1, 0.3, 0.1]),
        (jnp.array([-1.0, 4.0]), jnp.zeros(0)), jnp.array([0.5, -3.0]), jnp.array([-0.5, 0.0]),
        zero, zero, zero, zero, FixedPoint(*[one] * len(FixedPoint._fields)),
        jax.tree.map(jnp.asarray, qt.RESULTS.successful),
    )  # fmt: skip


def batch_of(solution):
    return jax.tree.map(lambda leaf: jnp.stack([leaf] * 3), solution)


def test_a_trajectory_by_the_names_of_its_dimensions(solution):
    data = to_xarray(solution)
    assert dict(data.sizes) == {
        "time": 5, "bath": 2, "row": 2, "column": 2, "saved_x_0": 2,
    }  # fmt: skip
    assert data.heat.dims == ("time", "bath")
    np.testing.assert_array_equal(data.time, TS)
    np.testing.assert_array_equal(data.heat.sel(time=2.0, bath=1), solution.ledger.heat[-1, 1])
    assert data.saved_rho.dims == ("time", "row", "column")
    np.testing.assert_array_equal(data.saved_rho[-1], solution.state)
    assert "hbar = k_B = 1" in data.attrs["conventions"]
    assert "Q > 0 into the system" in data.attrs["conventions"]
    assert data.attrs["method"] == "propagator"
    assert all("units" in data[name].attrs for name in data if name != "result")
    meanings = data["result"].attrs["flag_meanings"].split()
    codes = dict(zip(meanings, data["result"].attrs["flag_values"], strict=True))
    assert int(data["result"]) == codes["successful"]
    closed = data.energy - data.energy[0] - data.heat.sum("bath") - data.work
    assert float(abs(closed).max()) < 1e-12


@pytest.mark.parametrize("engine", ["netcdf4", "scipy"])
def test_netcdf_and_back(engine, solution, tmp_path):
    if engine == "netcdf4":
        pytest.importorskip("netCDF4")
    data = to_xarray(solution)
    as_pairs(data).to_netcdf(tmp_path / "run.nc", engine=engine)
    with xarray.open_dataset(tmp_path / "run.nc", engine=engine) as opened:
        back = from_pairs(opened.load())
    xarray.testing.assert_equal(data, back)
    assert back.saved_rho.attrs == data.saved_rho.attrs
    assert back.attrs == data.attrs


@pytest.mark.filterwarnings("ignore:Consolidated metadata", "ignore:.*Zarr format 3")
def test_zarr_and_back(solution, tmp_path):
    data = to_xarray(solution)
    data.to_zarr(tmp_path / "run.zarr")
    xarray.testing.assert_equal(data, xarray.open_zarr(tmp_path / "run.zarr", chunks=None).load())


def test_batches_have_names(solution):
    batch = batch_of(solution)
    data = to_xarray(batch, "lane")
    assert data.heat.dims == ("lane", "time", "bath")
    assert data.times.dims == ("lane", "time")
    assert data.saved_rho.dims == ("lane", "time", "row", "column")
    assert data["result"].dims == ("lane",)
    with pytest.raises(
        ValueError, match=r"must name the 1 leading axes of this solution, got \(\)"
    ):
        to_xarray(batch)
    with pytest.raises(ValueError, match="must name the 0 leading axes"):
        to_xarray(solution, "lane")
    with pytest.raises(ValueError, match="is a batch"):
        to_pandas(batch)


@pytest.mark.parametrize("lanes", [(), ("lane",)])
def test_a_cycle_by_strokes_and_contacts(lanes):
    data = to_xarray(batch_of(filled()) if lanes else filled(), lanes)
    assert data.heat.dims == (*lanes, "stroke")
    one = data.isel(lane=1) if lanes else data
    np.testing.assert_array_equal(one.contact_heat.sel(contact="hot"), 4.0)
    np.testing.assert_array_equal(one.heat, [3.0, 0.0])
    np.testing.assert_allclose(one.entropy_change, [0.2, -0.2])
    assert float(one.total_work) == -3.0
    assert float(one.period) == 3.0
    assert float(one.power) == 1.0
    assert list(one.contact_of_stroke.values) == ["cold hot", ""]
    assert one.state.dims == ("edge", "row", "column")


def test_tables(solution):
    table = to_pandas(solution)
    assert table.index.name == "time"
    assert {"energy", "entropy", "heat[0]", "heat[1]", "work"} <= set(table.columns)
    np.testing.assert_array_equal(table["heat[1]"], solution.ledger.heat[:, 1])
    assert table.attrs["units_of_columns"]["entropy"] == "nat"
    strokes = to_pandas(filled())
    assert list(strokes["contact"]) == ["cold hot", ""]
    assert list(strokes["heat"]) == [3.0, 0.0]
    assert strokes.index.name == "stroke"


def test_a_continuous_machine_by_its_baths():
    machine = qt.machines.steady_machine(SYSTEM, ("cold", "hot"))
    data = to_xarray(machine)
    assert dict(data.sizes) == {"bath": 2, "row": 2, "column": 2}
    assert list(data.contact_of_bath.values) == ["cold", "hot"]
    assert "particle_current" not in data
    np.testing.assert_array_equal(data.heat_current, machine.heat_currents)
    np.testing.assert_array_equal(data.state, machine.state)
    # Spohn: S' = 0, so sigma = -sum Q'/T
    flux = -(data.heat_current / [0.5, 2.0]).sum()
    assert float(data.spohn_production) == pytest.approx(float(flux), rel=1e-12)
    assert to_xarray(batch_of(machine), "lane").heat_current.dims == ("lane", "bath")
    table = to_pandas(machine)
    assert list(table.columns) == ["contact", "heat_current"]
    assert list(table["contact"]) == ["cold", "hot"]
    assert table["heat_current"].sum() == pytest.approx(0.0, abs=1e-14)


@pytest.mark.slow
def test_figures_of_a_cycle_are_those_of_the_solution():
    cycle = qt.otto_cycle(
        N, 2.0 * N + 0.3 * X, couplings=X, temperatures=(0.5, 4.0), rate=0.5,
        durations=(1.0, 1.0, 1.0, 1.0),
    )  # fmt: skip
    found = qt.limit_cycle(cycle)
    data = to_xarray(found)
    assert float(data.total_work) == pytest.approx(float(found.work), rel=1e-14)
    assert float(data.power) == pytest.approx(float(found.power), rel=1e-14)
    assert float(data.contact_heat.sel(contact="hot")) == float(found.heat_hot)
    assert to_pandas(found)["heat"].sum() == pytest.approx(float(found.heats.sum()), rel=1e-14)


def test_what_is_no_solution_is_refused(solution):
    for function in (to_xarray, to_pandas):
        with pytest.raises(ValueError, match="must be a `Solution`, a `CycleSolution` or a"):
            function(3)
    for function in (as_pairs, from_pairs):
        with pytest.raises(ValueError, match="must be a `Dataset` of xarray"):
            function(3)
    with pytest.raises(ValueError, match="is traced"):
        jax.jit(lambda s: to_xarray(s) and 1)(solution)
