"""What solutions hold, by name: dimensions, values, unit and words of each, and coordinates."""

from typing import Any

import jax
import numpy as np

from ..dynamics.evolve import Solution
from ..machines.continuous import SteadyMachine
from ..machines.cycle import CycleSolution
from ..machines.stroke import names_of

ENERGY, ENTROPY, TIME, NUMBER = "energy", "nat", "hbar/energy", "1"
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
POWER, FLUX = f"{ENERGY}^2/hbar", f"{ENTROPY}*{ENERGY}/hbar"
STEADY = {
    "power": (POWER, "work done on the system per time"),
    "chemical_power": (POWER, "sum of mu N per time"),
    "entropy_rate": (FLUX, "of the von Neumann entropy"),
    "interior": (FLUX, "interior production of the paper per time, eq. (11), computed"),
    "exterior": (FLUX, "the paper's, eq. (12), per time"),
    "spohn_production": (FLUX, "Spohn's, per time"),
}


def trajectory(solution: Solution) -> dict[str, Any]:
    """The ledger of a trajectory, what was saved, and the last state."""
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


def limit_cycle(solution: CycleSolution) -> dict[str, Any]:
    """The strokes of a limit cycle, its figures, and the heat of every contact."""
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


def steady_machine(machine: SteadyMachine) -> dict[str, Any]:
    """The books of a continuous machine per time, by bath, and its steady state."""
    steady, found = machine.steady, machine.rates
    per_bath = {
        "heat_current": (found.heat_currents, (POWER, "heat per time from each bath")),
        "particle_current": (found.particle_currents, (f"{ENERGY}/hbar", "from each bath")),
    }
    variables: dict[str, Any] = {
        name: (("bath",), values, words)
        for name, (values, words) in per_bath.items()
        if values is not None
    }
    for name, words in STEADY.items():
        if (values := getattr(found, name)) is not None:
            variables[name] = ((), values, words)
    variables["first_law_residual"] = ((), found.energy_rate, (POWER, "heats and works"))
    variables["residual"] = ((), steady.residual, (ENERGY, "max|L(rho)|"))
    variables["error"] = ((), steady.error, (NUMBER, "estimated, of the state"))
    variables["state"] = (("row", "column"), steady.state, (NUMBER, "steady density matrix"))
    baths = np.shape(found.heat_currents)[-1]
    contacts = [name or "" for name in names_of(machine.contact, baths)]
    coordinates = {
        "bath": ("bath", np.arange(baths, dtype=np.int32)),
        "contact_of_bath": ("bath", np.array(contacts, dtype=str)),
    }
    return {
        "depth": np.ndim(steady.state) - 2, "variables": variables, "coordinates": coordinates,
        "attributes": {},
    }  # fmt: skip


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
