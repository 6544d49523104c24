"""Valid arguments for the floors around the physics, as (kind, value) by callable and parameter.

Files and folders are made anew where `OUTER` is built; `NEW AXES` and `NEW FILE` stand for one of
its own in every call.
"""

import tempfile
from pathlib import Path
from typing import Any

import dynamiqs
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import qutip
import xarray

import qtjax as qt
from qtjax import engine

NEW_AXES, NEW_FILE = "NEW AXES", "NEW FILE"
STEADY = """
kind = "steady"
hamiltonian = { sigmaz = 0.5 }
[baths.cold]
temperature = 1.0
couplings = ["sigmax"]
spectrum = { flat = 0.5 }
"""


def folder_of_files() -> Path:
    """A folder with a machine, a module, and what is neither."""
    folder = Path(tempfile.mkdtemp(prefix="weather-"))
    (folder / "steady.toml").write_text(STEADY)
    qt.exchange.save(folder / "flat.qtjax", qt.Flat(0.1))
    (folder / "empty").write_bytes(b"")
    (folder / "bytes").write_bytes(bytes(range(256)))
    (folder / "text").write_text("anything")
    return folder


FOLDER = folder_of_files()
MAPS = xarray.Dataset(
    {
        "work": (("hot", "gap"), np.arange(4.0).reshape(2, 2)),
        "regime": (("hot", "gap"), np.eye(2, dtype=int)),
    },
    {"hot": [1.0, 2.0], "gap": [0.5, 1.0]},
)
ENGINE = engine.read_engine(engine.REFERENCE)
SWEPT = engine.tables.validated(
    ENGINE.table.model_dump(exclude_none=True)
    | {"sweep": {"temperatures": {"hot": [1.0, 2.0, 3.0]}}}
)
UNITS = qt.units.natural("GHz", "ordinary")
HAMILTONIAN = qt.Driven([(qt.Linear(1.0, 2.0), np.diag([1.0, -1.0])), (0.5, np.eye(2)[::-1])])


def outer(
    system: Any, solution: Any, pair: Any, of_pair: Any, cycle_solution: Any
) -> dict[str, dict[str, tuple[str, Any]]]:
    """Valid arguments of all outer callables.

    Args:
        system: a qubit with a bath.
        solution: a trajectory of it, with its states.
        pair: two qubits.
        of_pair: a trajectory of them, with their states.
        cycle_solution: a limit cycle of four strokes.
    """
    found = at_each_time(qt.rates, system, solution)
    batch = jax.tree.map(lambda leaf: jnp.stack([leaf] * 2), solution)
    failed = jnp.array([0, 1], batch.result._value.dtype)  # the second lane was not solved
    solutions = {
        "states": solution, "rates": saving(solution, found), "cycle": cycle_solution,
        "parts": saving(of_pair, at_each_time(qt.thermodynamics.part_rates, pair, of_pair)),
        "samples": [samples(found) for _ in cycle_solution.cycle.strokes],
        "front": front(), "system": system, "batch_of_states": batch.saved[:, 0],
        "batch": eqx.tree_at(lambda one: one.result._value, batch, failed),
    }  # fmt: skip
    ax = {"ax": ("thing", NEW_AXES)}
    names = {"names": ("thing", None)}
    states = {"solution": ("thing", solutions["states"])}
    rates = {"solution": ("thing", solutions["rates"])}
    cycle = {"solution": ("thing", solutions["cycle"])}
    styled = {"label": ("words", "a label"), "color": ("color", "C1")}
    sampled = ax | cycle | styled | {"samples": ("thing", solutions["samples"])}
    reach = {"reach": ("scalar", 10.0)}
    axes = ax | {"maps": ("thing", MAPS), "x": ("text", "gap"), "y": ("text", "hot")}
    ket = ("operator", np.array([0.6, 0.8]))
    of_qutip = {"tlist": ("vector", np.array([0.0, 1.0])), "args": ("thing", {"speed": 2.0})}
    driven = [qutip.num(2), [qutip.sigmax(), lambda t, speed: speed * t]]
    table = {"table": ("thing", SWEPT)}
    start = ("thing", SWEPT and ENGINE.start)
    steady = engine.read_machine(FOLDER / "steady.toml")
    return {
        "exchange.from_dynamiqs": {
            "value": ("thing", dynamiqs.sigmax()), "dims": ("counts", (2,))},
        "exchange.to_dynamiqs": {"value": ket, "dims": ("counts", (2,))},
        "exchange.from_qutip": {"value": ("thing", qutip.sigmax()), "dims": ("counts", (2,))},
        "exchange.to_qutip": {"value": ket, "dims": ("counts", (2,))},
        "exchange.load": {"path": ("path", FOLDER / "flat.qtjax"), "classes": ("thing", ())},
        "exchange.save": {"path": ("path", NEW_FILE), "module": ("thing", qt.Flat(0.1))},
        "exchange.hamiltonian_from_qutip": {"h": ("thing", driven)} | of_qutip,
        "exchange.dissipator_from_qutip": {"c_op": ("thing", driven)} | of_qutip,
        "exchange.system_from_qutip": {
            "h": ("thing", driven), "c_ops": ("thing", [qutip.destroy(2)])} | of_qutip,
        "exchange.spectrum_from_qutip": {"environment": ("thing", qutip.OhmicEnvironment(
            T=1.0, alpha=0.1, wc=5.0, s=1.0))},
        "exchange.as_pairs": {"dataset": ("thing", MAPS)},
        "exchange.from_pairs": {"dataset": ("thing", MAPS)},
        "exchange.to_pandas": rates,
        "exchange.to_xarray": rates | {"lanes": ("thing", ())},
        "engine.scattered_starts": {
            "start": start, "bounds": ("thing", ENGINE.bounds), "starts": ("count", 2),
            "seed": ("count", 0)},
        "engine.Engine": table,
        "engine.Engine.cycle": {"parameters": start},
        "engine.Engine.with_parameters": {"parameters": start},
        "engine.ContinuousEngine": {"table": ("thing", steady.table)},
        "engine.read_engine": {"path": ("path", engine.REFERENCE)},
        "engine.read_machine": {"path": ("path", FOLDER / "steady.toml")},
        "engine.write_engine": {"engine": ("thing", ENGINE), "path": ("path", NEW_FILE)},
        "engine.named_values": table,
        "engine.parameters_at": table | {
            "start": start, "values": ("thing", {"temperature_hot": 2.0})},
        "engine.named_operator": {"name": ("text", "sigmax"), "d": ("count", 2)},
        "engine.operator_from": {
            "entry": ("thing", {"sigmax": 1.0, "sigmaz": 0.5}), "d": ("count", 2),
            "coefficients": ("thing", {"sigmaz": 0.3})},
        "plots.correlation_balance": ax | names | {"solution": ("thing", solutions["parts"])},
        "plots.bloch": ax | states | {"plane": ("text", "xz"), "label": ("words", "a label")},
        "plots.entropy_books": ax | rates,
        "plots.energy_frequency": sampled,
        "plots.temperature_entropy": sampled | reach,
        "plots.heat_and_work": ax | cycle | names,
        "plots.pareto": ax | {
            "front": ("thing", solutions["front"]), "first": ("words", "power"),
            "second": ("words", "efficiency"), "label": ("words", "a label")},
        "plots.parameter_map": axes | {"output": ("text", "work")},
        "plots.phase_map": axes | {"regime": ("text", "regime")},
        "plots.energy_levels": ax | {
            "what": ("thing", HAMILTONIAN), "ts": ("vector", np.array([0.0, 1.0])),
            "points": ("count", 9)},
        "plots.schedules": ax | names | {
            "system": ("thing", HAMILTONIAN), "ts": ("vector", np.array([0.0, 1.0]))},
        "plots.generalized_temperature": ax | rates | reach | names | {
            "system": ("thing", solutions["system"])},
        "units.natural": {"scale": ("text", "5 GHz"), "frequency": ("text", "ordinary")},
        "units.Natural": {"energy": ("scalar", 1e-24), "frequency": ("text", "ordinary")},
        "units.Natural.to": {"quantity": ("text", "50 mK"), "kind": ("text", "energy")},
        "units.Natural.out": {"value": ("numbers", (1.0, 2.0)), "unit": ("text", "mK")},
        "foundation.enable_compilation_cache": {"folder": ("path", FOLDER / "compiled")},
        "foundation.solve_again": {
            "function": ("function", lambda rho: qt.evolve(
                solutions["system"], rho, [0.0, 0.5, 1.0], throw=False)),
            "arguments": ("thing", (solutions["batch_of_states"],)),
            "solution": ("thing", solutions["batch"])},
    }  # fmt: skip


METHODS = {
    "engine.Engine.cycle": ENGINE.cycle,
    "engine.Engine.with_parameters": ENGINE.with_parameters,
    "units.Natural.to": UNITS.to,
    "units.Natural.out": UNITS.out,
}


def front() -> Any:
    """A front of three points."""
    x = jnp.array([0.0, 0.5, 1.0])
    values = jnp.stack([-(x**2), -((x - 1.0) ** 2)], axis=1)
    no = jnp.zeros(3, bool)
    return qt.design.Front(x, values, values[:, 1], 0 * x, ~no, no, 0 * values)


def at_each_time(function: Any, system: Any, solution: Any) -> Any:
    """function(system, t, rho) at all times of a trajectory, time by time."""
    pairs = zip(solution.ts, solution.saved, strict=True)
    found = [function(system, t, rho) for t, rho in pairs]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *found)


def saving(solution: Any, saved: Any) -> Any:
    """The trajectory with other things saved."""
    return eqx.tree_at(lambda one: one.saved, solution, saved)


def samples(rates: Any) -> Any:
    """A stroke of a cycle, sampled at three times."""
    x = jnp.linspace(0.0, 1.0, 3)
    temperature = qt.generalized_temperature(rates)
    return qt.machines.StrokeSamples(x, 0.5 * x, 0.1 + x, 1.0 + x, rates, temperature)


def drawn(ax: Any) -> list[np.ndarray]:
    """The numbers in a picture, once a canvas has drawn it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(ax.figure).draw()
    found = [np.asarray(values, float) for line in ax.lines for values in line.get_data()]
    found += [np.asarray(bar.get_height()) for bar in ax.patches if hasattr(bar, "get_height")]
    maps = [mesh.get_array() for mesh in ax.collections if mesh.get_array() is not None]
    return found + [np.ma.filled(np.ma.asarray(one, float), np.nan) for one in maps]
