"""Results as labelled arrays and tables: xarray and pandas, with units and conventions."""

import importlib.metadata
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._checks import as_sequence, check_instance, is_concrete
from .._results import RESULTS, outcome_names
from ..design.store import CONVENTIONS
from ..dynamics.evolve import Solution
from ..machines.continuous import SteadyMachine
from ..machines.cycle import CycleSolution
from .labels import limit_cycle, steady_machine, trajectory
from .optional import optional

PAIR = "real_imaginary"
# what has tables: its axis for rows, and what it holds by name
KINDS: dict[type, tuple[str, Any]] = {
    Solution: ("time", trajectory),
    CycleSolution: ("stroke", limit_cycle),
    SteadyMachine: ("bath", steady_machine),
}


def to_xarray(solution: Any, lanes: str | Sequence[str] = ()) -> Any:
    """A solution as an `xarray.Dataset` with named dimensions, units and conventions.

    A trajectory has the dimension `time`, and `bath`; a cycle has `stroke`, `edge` (the start of
    every stroke, and the end) and `contact`; a continuous machine has `bath`. Matrices have `row`
    and `column`. Complex numbers stay complex: Zarr holds them, and for NetCDF there is `as_pairs`.

    Args:
        solution: a `Solution`, a `CycleSolution` or a `SteadyMachine`, concrete.
        lanes: the names of the leading axes of a batch.

    Raises:
        ValueError: what is no solution, traced, or not as many leading axes as `lanes`.
        ImportError: xarray is not installed.

    Examples:
        >>> system = qt.OpenSystem(qt.number(2), qt.Lindblad(qt.destroy(2), 1.0))
        >>> data = qt.exchange.to_xarray(qt.evolve(system, qt.pure_state([0, 1]), [0.0, 1.0, 2.0]))
        >>> data.heat.dims
        ('time', 'bath')
        >>> data.energy.sel(time=1.0).values, jnp.exp(-1)
        (0.3679, 0.3679)
    """
    xarray = optional("xarray", "qtjax.exchange.to_xarray", '"qtjax[exchange]"')
    _, labelled = _kind(solution)
    names = (lanes,) if isinstance(lanes, str) else as_sequence("lanes", lanes, "names of axes")
    for k, name in enumerate(names):
        check_instance(f"lanes[{k}]", name, str, "the name of an axis")
    found = labelled(solution)
    depth = found.pop("depth")
    if depth != len(names):
        raise ValueError(
            f"`lanes` must name the {depth} leading axes of this solution, got {tuple(names)}; a "
            'solution of one system has none, and one of `jax.vmap` has one: `lanes="lane"`.'
        )
    variables = {
        name: (names + dims, np.asarray(values), {"units": unit, "long_name": words})
        for name, (dims, values, (unit, words)) in found["variables"].items()
    }
    codes = outcome_names(RESULTS.successful)
    variables["result"] = (
        names,
        np.asarray(solution.result._value, np.int32),
        {
            "flag_values": np.array(list(codes.values()), np.int32),
            "flag_meanings": " ".join(codes),
        },
    )
    return xarray.Dataset(variables, found["coordinates"], _attributes() | found["attributes"])


def as_pairs(dataset: Any) -> Any:
    """A dataset whose complex variables are pairs along a last dimension, for NetCDF.

    Args:
        dataset: an `xarray.Dataset`.

    Examples:
        >>> import xarray
        >>> data = xarray.Dataset({"amplitude": ("time", np.array([1.0, 2.0j]))})
        >>> qt.exchange.as_pairs(data).amplitude.values
        [[1.0, 0.0], [0.0, 2.0]]
    """
    xarray = optional("xarray", "qtjax.exchange.as_pairs", '"qtjax[exchange]"')
    check_instance("dataset", dataset, xarray.Dataset, "a `Dataset` of xarray")

    def pair(variable: Any) -> Any:
        if variable.dtype.kind != "c":
            return variable
        values = np.stack([variable.values.real, variable.values.imag], axis=-1)
        return xarray.DataArray(values, dims=(*variable.dims, PAIR), attrs=variable.attrs)

    return dataset.assign({name: pair(variable) for name, variable in dataset.items()})


def from_pairs(dataset: Any) -> Any:
    """The dataset that `as_pairs` was given.

    Args:
        dataset: an `xarray.Dataset`.

    Examples:
        >>> import xarray
        >>> data = xarray.Dataset({"amplitude": ("time", np.array([1.0, 2.0j]))})
        >>> qt.exchange.from_pairs(qt.exchange.as_pairs(data)).amplitude.values
        [1.0, 2.0j]
    """
    xarray = optional("xarray", "qtjax.exchange.from_pairs", '"qtjax[exchange]"')
    check_instance("dataset", dataset, xarray.Dataset, "a `Dataset` of xarray")

    def joined(variable: Any) -> Any:
        if PAIR not in variable.dims:
            return variable
        values = variable.values[..., 0] + 1j * variable.values[..., 1]
        return xarray.DataArray(values, dims=variable.dims[:-1], attrs=variable.attrs)

    found = {name: joined(variable) for name, variable in dataset.items()}
    return xarray.Dataset(found, dataset.coords, dataset.attrs)


def to_pandas(solution: Any) -> Any:
    """The ledger of a trajectory, a row for each time, or the strokes of a cycle, as a `DataFrame`.

    Of a continuous machine a row for each bath. Units and conventions are in its `attrs`.

    Args:
        solution: a `Solution`, a `CycleSolution` or a `SteadyMachine`, concrete, of one system.

    Raises:
        ValueError: what is no solution, traced, or a batch.
        ImportError: pandas is not installed.

    Examples:
        >>> system = qt.OpenSystem(qt.number(2), qt.Lindblad(qt.destroy(2), 1.0))
        >>> table = qt.exchange.to_pandas(qt.evolve(system, qt.pure_state([0, 1]), [0.0, 1.0, 2.0]))
        >>> table["heat[0]"].values
        [0.0, -0.6321, -0.8647]
    """
    pandas = optional("pandas", "qtjax.exchange.to_pandas", '"qtjax[exchange]"')
    axis, labelled = _kind(solution)
    found = labelled(solution)
    if found["depth"]:
        raise ValueError(
            "`solution` is a batch: take `to_xarray`, or one lane of it by "
            "`jax.tree.map(lambda leaf: leaf[0], solution)`."
        )
    columns, units = {}, {}
    for name, (dims, values, (unit, _)) in found["variables"].items():
        array = np.asarray(values)
        if dims == (axis,):
            columns[name], units[name] = array, unit
        elif dims == (axis, "bath"):
            for k in range(array.shape[1]):
                columns[f"{name}[{k}]"], units[f"{name}[{k}]"] = array[:, k], unit
    contacts = found["coordinates"].get(f"contact_of_{axis}")
    if contacts is not None:
        columns = {"contact": contacts[1], **columns}
    index = pandas.Index(np.asarray(found["coordinates"][axis][1]), name=axis)
    table = pandas.DataFrame(columns, index)
    table.attrs = _attributes() | found["attributes"] | {"units_of_columns": units}
    return table


def _kind(solution: Any) -> tuple[str, Any]:
    wanted = "a `Solution`, a `CycleSolution` or a `SteadyMachine`"
    check_instance("solution", solution, tuple(KINDS), wanted)
    if not is_concrete(solution):
        raise ValueError("`solution` is traced; take it out of `jit`, `vmap` and `grad` first.")
    return KINDS[type(solution)]


def _attributes() -> dict[str, Any]:
    return {
        "conventions": f"{CONVENTIONS['units']}; {CONVENTIONS['signs']}",
        "made_with": f"qtjax {importlib.metadata.version('qtjax')}",
    }
