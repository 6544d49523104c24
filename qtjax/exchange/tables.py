"""Results as labelled arrays and tables: xarray and pandas, with units and conventions."""

import importlib.metadata
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from .._checks import as_sequence, check_instance, is_concrete
from .._results import RESULTS, outcome_names
from ..design.store import CONVENTIONS
from ..dynamics.evolve import Solution
from ..machines.cycle import CycleSolution
from ..machines.stroke import names_of
from .optional import optional

ENERGY, ENTROPY, TIME, NUMBER = "energy", "nat", "hbar/energy", "1"
PAIR = "real_imaginary"
# of the ledger: unit, and what it is
LEDGER = {
    "energy": (ENERGY, "tr(rho H)"),
    "entropy": (ENTROPY, "von Neumann entropy"),
    "heat": (ENERGY, "heat from each bath since the first time, Q > 0 into the system"),
    "work": (ENERGY, "work done on the system since the first time"),
    "first_law_residual": (ENERGY, "energy - energy[0] - heats - works"),
    "trace_drift": (NUMBER, "tr(rho) - tr(rho[0])"),
    "smallest_eigenvalue": (NUMBER, "of rho"),
    "particles": (NUMBER, "particles from each bath since the first time"),
    "chemical_work": (ENERGY, "mu N of each bath since the first time"),
}
PER_BATH = ("heat", "particles", "chemical_work")
STROKES = {
    "heat": (ENERGY, "heat taken in during the stroke"),
    "work": (ENERGY, "work done on the medium by H(t) during the stroke"),
    "quench": (ENERGY, "work of the jump of H after the stroke"),
    "duration": (TIME, "of the stroke"),
    "entropy_change": (ENTROPY, "von Neumann entropy at its end less that at its start"),
}
CYCLE = {
    "total_work": (ENERGY, "work done on the medium per cycle"),
    "period": (TIME, "of the cycle"),
    "power": (f"{ENERGY}^2/hbar", "work delivered per time"),
    "first_law_residual": (ENERGY, "the one of a stroke of largest modulus"),
    "limit_cycle_residual": (NUMBER, "max|rho(end) - rho(start)|"),
    "error": (NUMBER, "estimated, energies in units of the largest one"),
}


def to_xarray(solution: Any, lanes: str | Sequence[str] = ()) -> Any:
    """A solution as an `xarray.Dataset` with named dimensions, units and conventions.

    A trajectory has the dimension `time`, and `bath`; a cycle has `stroke`, `edge` (the start of
    every stroke, and the end) and `contact`. Matrices have `row` and `column`. Complex numbers
    stay complex: Zarr holds them, and for NetCDF there is `as_pairs`.

    Args:
        solution: a `Solution` or a `CycleSolution`, concrete.
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
    _check(solution)
    names = (lanes,) if isinstance(lanes, str) else as_sequence("lanes", lanes, "names of axes")
    found = _trajectory(solution) if isinstance(solution, Solution) else _cycle(solution)
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

    Units and conventions are in its `attrs`.

    Args:
        solution: a `Solution` or a `CycleSolution`, concrete, of one system.

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
    _check(solution)
    found = _trajectory(solution) if isinstance(solution, Solution) else _cycle(solution)
    if found["depth"]:
        raise ValueError(
            "`solution` is a batch: take `to_xarray`, or one lane of it by "
            "`jax.tree.map(lambda leaf: leaf[0], solution)`."
        )
    axis = "time" if isinstance(solution, Solution) else "stroke"
    columns, units = {}, {}
    for name, (dims, values, (unit, _)) in found["variables"].items():
        array = np.asarray(values)
        if dims == (axis,):
            columns[name], units[name] = array, unit
        elif dims == (axis, "bath"):
            for k in range(array.shape[1]):
                columns[f"{name}[{k}]"], units[f"{name}[{k}]"] = array[:, k], unit
    contacts = found["coordinates"].get("contact_of_stroke")
    if contacts is not None:
        columns = {"contact": contacts[1], **columns}
    index = pandas.Index(np.asarray(found["coordinates"][axis][1]), name=axis)
    table = pandas.DataFrame(columns, index)
    table.attrs = _attributes() | found["attributes"] | {"units_of_columns": units}
    return table


def _check(solution: Any) -> None:
    check_instance(
        "solution", solution, (Solution, CycleSolution), "a `Solution` or a `CycleSolution`"
    )
    if not is_concrete(solution):
        raise ValueError("`solution` is traced; take it out of `jit`, `vmap` and `grad` first.")


def _attributes() -> dict[str, Any]:
    return {
        "conventions": f"{CONVENTIONS['units']}; {CONVENTIONS['signs']}",
        "made_with": f"qtjax {importlib.metadata.version('qtjax')}",
    }


def _trajectory(solution: Solution) -> dict[str, Any]:
    depth = np.ndim(solution.ts) - 1
    variables: dict[str, Any] = {}
    for name, described_by in LEDGER.items():
        values = getattr(solution.ledger, name)
        if values is not None:
            dims = ("time", "bath") if name in PER_BATH else ("time",)
            variables[name] = (dims, values, described_by)
    for name, values in _saved(solution.saved):
        variables[name] = (_dims(name, values, depth), values, ("", f"{name} by `save`"))
    square = ("row", "column")
    variables["last_state"] = (square, solution.state, (NUMBER, "density matrix at the last time"))
    baths = np.shape(solution.ledger.heat)[-1]
    coordinates: dict[str, Any] = {"bath": ("bath", np.arange(baths, dtype=np.int32))}
    unit = {"units": TIME, "long_name": "time"}
    if depth:
        variables["times"] = (("time",), solution.ts, (TIME, "time"))
    else:
        coordinates["time"] = ("time", np.asarray(solution.ts), unit)
    attributes = {"method": solution.method, "reason": solution.reason}
    return {
        "depth": depth, "variables": variables, "coordinates": coordinates,
        "attributes": attributes,
    }  # fmt: skip


def _saved(saved: Any) -> list[tuple[str, Any]]:
    """What was saved, by its place in the PyTree."""
    leaves = jax.tree_util.tree_flatten_with_path(saved)[0]
    return [
        ("_".join(["saved", *(str(_key(part)) for part in path)]), leaf) for path, leaf in leaves
    ]


def _key(part: Any) -> Any:
    """A key of a dictionary, an index, or the name of a field."""
    for attribute in ("key", "idx", "name"):
        if hasattr(part, attribute):
            return getattr(part, attribute)
    return part


def _dims(name: str, values: Any, depth: int) -> tuple[str, ...]:
    """Operators have rows and columns; what else was saved has dimensions of its own."""
    inner = np.shape(values)[depth + 1 :]
    if len(inner) == 2 and inner[0] == inner[1] and np.iscomplexobj(values):
        return ("time", "row", "column")
    return ("time", *(f"{name}_{k}" for k in range(len(inner))))


def _cycle(solution: CycleSolution) -> dict[str, Any]:
    strokes = solution.cycle.strokes
    depth = np.ndim(solution.works) - 1
    entropies = np.asarray(solution.entropies)
    heats = np.stack([np.asarray(heat).sum(axis=-1) for heat in solution.bath_heats], axis=-1)
    durations = np.stack(
        np.broadcast_arrays(*(np.asarray(stroke.duration) for stroke in strokes)), axis=-1
    )
    durations = np.broadcast_to(durations, heats.shape)
    works, quenches = np.asarray(solution.works), np.asarray(solution.quenches)
    total = works.sum(axis=-1) + quenches.sum(axis=-1)
    if solution.chemical_works is not None:
        total = total + np.asarray(solution.chemical_works).sum(axis=-1)
    period = durations.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(period > 0, -total / period, np.nan)
    per_stroke = (heats, works, quenches, durations, np.diff(entropies, axis=-1))
    of_cycle = (
        total, period, power, solution.first_law_residual, solution.limit_cycle_residual,
        solution.error,
    )  # fmt: skip
    variables: dict[str, Any] = {
        name: (("stroke",), values, STROKES[name])
        for name, values in zip(STROKES, per_stroke, strict=True)
    }
    variables |= {
        name: ((), values, CYCLE[name]) for name, values in zip(CYCLE, of_cycle, strict=True)
    }
    variables["entropy"] = (("edge",), entropies, (ENTROPY, "von Neumann entropy"))
    states = "density matrices at the start of every stroke, and at the end"
    variables["state"] = (("edge", "row", "column"), solution.states, (NUMBER, states))
    names = _contacts(solution)
    contacts = [" ".join(sorted({name for name in of_one if name})) for of_one in names]
    coordinates: dict[str, Any] = {
        "stroke": ("stroke", np.arange(len(strokes), dtype=np.int32)),
        "contact_of_stroke": ("stroke", np.array(contacts, dtype=str)),
    }
    named = _heats_by_name(solution)
    if named:
        coordinates["contact"] = ("contact", np.array(list(named), dtype=str))
        words = (ENERGY, "heat taken in per cycle from each contact")
        variables["contact_heat"] = (("contact",), np.stack(list(named.values()), axis=-1), words)
    return {"depth": depth, "variables": variables, "coordinates": coordinates, "attributes": {}}


def _contacts(solution: CycleSolution) -> list[tuple[str | None, ...]]:
    """The names of the heats of every stroke, in a batch too."""
    strokes, heats = solution.cycle.strokes, solution.bath_heats
    pairs = zip(strokes, heats, strict=True)
    return [names_of(stroke.contact, np.shape(heat)[-1]) for stroke, heat in pairs]


def _heats_by_name(solution: CycleSolution) -> dict[str, Any]:
    """The heat of every contact, lanes before."""
    named: dict[str, Any] = {}
    for names, heats in zip(_contacts(solution), solution.bath_heats, strict=True):
        for k, name in enumerate(names):
            if name is not None:
                named[name] = named.get(name, 0.0) + np.asarray(heats)[..., k]
    return named
