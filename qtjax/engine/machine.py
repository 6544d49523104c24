"""Engine files: a cycle, what is free in it and how to improve it, as TOML.

`read_engine` turns a file into an `Engine`; `Engine.cycle(parameters)` is the machine at any values
of what is free; `Engine.with_parameters` and `write_engine` turn an optimized machine back into a
file that can be run again.
"""

import math
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from jaxtyping import PyTree

from .._checked import checked
from .._checks import check_hermitian, check_instance
from .._files import write_whole
from ..dynamics.davies import AdiabaticBath, DaviesBath
from ..dynamics.hamiltonians import Driven, Static
from ..dynamics.open_system import OpenSystem
from ..dynamics.schedules import Linear
from ..dynamics.spectra import AbstractSpectrum, Flat, Ohmic
from ..dynamics.splines import Ramp
from ..dynamics.transitions import bohr_transitions
from ..machines.cycle import CycleSolution
from ..machines.otto import warn_unless_hotter
from ..machines.roles import in_roles
from ..machines.stroke import Contact, Cycle, Stroke
from .bounds import bounds_of, check_bounds, check_parameters, start_of
from .operators import dimension_of, operator_from
from .tables import (
    BathTable,
    EngineError,
    EngineTable,
    SteadyTable,
    StrokeTable,
    check_names,
    roles_of,
    validated,
)

_SIDES = ("cold", "hot")
REFERENCE = Path(__file__).with_name("reference.toml")


class Engine:
    """A machine read from a file.

    Args:
        table: the validated content of the file.

    Raises:
        EngineError: names that refer to nothing, matrices that do not fit, bounds that do not hold
            their start value.
    """

    def __init__(self, table: EngineTable):
        check_instance("table", table, EngineTable, "an `EngineTable`, as `read_engine` makes it")
        self.table = table
        self.dimension = dimension_of(table)
        check_operators(table, self.dimension)
        check_names(table)
        self._transitions = {
            name: bohr_transitions(operator_from(entry, self.dimension))
            for name, entry in table.hamiltonians.items()
        }
        check_bounds(table)
        self.roles = roles_of(table)
        if self.roles is not None:
            cold, hot = ([table.baths[k].temperature for k in self.roles[r]] for r in _SIDES)
            warn_unless_hotter(max(cold), min(hot))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the strokes, in order."""
        return tuple(stroke.name for stroke in self.table.strokes)

    @property
    def start(self) -> dict[str, PyTree]:
        """The values of what is free, as a PyTree of arrays."""
        return start_of(self.table)

    @property
    def bounds(self) -> dict[str, PyTree]:
        """The bounds of what is free, of the structure of `start`."""
        return bounds_of(self.table)

    def cycle(self, parameters: dict[str, PyTree] | None = None) -> Cycle:
        """The machine at given values of what is free (`start` by default), differentiable.

        A further key `temperatures` holds those of baths, by name, in place of the file's; and
        durations and coefficients may be given of what is not free, as a sweep does.

        Raises:
            ValueError: parameters that do not have the structure of `start`, or are of what the
                engine does not have.
        """
        p = self.start if parameters is None else parameters
        check_parameters(p, self.start)
        self._check_names(p)
        hamiltonians = {
            name: operator_from(entry, self.dimension, p["coefficients"].get(name))
            for name, entry in self.table.hamiltonians.items()
        }
        return Cycle([self._stroke(stroke, hamiltonians, p) for stroke in self.table.strokes])

    def in_roles(self, solution: CycleSolution) -> CycleSolution:
        """A limit cycle of the machine, with its baths as "hot" and "cold" if they have such roles.

        Args:
            solution: of `cycle`.
        """
        return solution if self.roles is None else in_roles(solution, **self.roles)

    def with_parameters(self, parameters: dict[str, PyTree]) -> "Engine":
        """The engine whose start values are `parameters`.

        Raises:
            ValueError: parameters that do not have the structure of `start`.
            EngineError: values outside their bounds.
        """
        check_parameters(parameters, self.start)
        data = as_data(self)
        for stroke in data["strokes"]:
            if stroke["name"] in parameters["durations"]:
                stroke["duration"] = float(parameters["durations"][stroke["name"]])
            if stroke["name"] in parameters["ramps"]:
                stroke["ramp"] = np.asarray(parameters["ramps"][stroke["name"]]).tolist()
        for name, terms in parameters["coefficients"].items():
            data["hamiltonians"][name] |= {k: float(v) for k, v in terms.items()}
        return Engine(EngineTable.model_validate(data))

    def _check_names(self, p: dict[str, PyTree]) -> None:
        """Raise at values of what the engine does not have, which would be left unused."""
        known = {
            "durations": self.names, "ramps": self.names, "temperatures": self.table.baths,
            "coefficients": self.table.hamiltonians,
        }  # fmt: skip
        for kind, values in p.items():
            if kind not in known:
                raise ValueError(
                    f"`parameters` must hold {', '.join(map(repr, known))} alone, got {kind!r}."
                )
            for name in values:
                if name not in known[kind]:
                    raise ValueError(
                        f"`parameters[{kind!r}]` must be of {', '.join(map(repr, known[kind]))}, "
                        f"got {name!r}."
                    )

    def _stroke(self, stroke: StrokeTable, hamiltonians: dict[str, Any], p: dict) -> Stroke:
        first = hamiltonians[stroke.hamiltonian]
        duration = p["durations"].get(stroke.name, stroke.duration)
        if stroke.to is None:
            baths = [self._bath(stroke, name, first, p) for name in stroke.baths]
            return Stroke(OpenSystem(Static(first), baths), duration, _contact(stroke))
        knots = p["ramps"].get(stroke.name, stroke.ramp)
        progress = Linear(0.0, 1.0) if knots is None else Ramp(knots)
        moving = Driven([(1.0, first), (progress, hamiltonians[stroke.to] - first)])
        baths = [self._bath(stroke, name, None, p) for name in stroke.baths]
        return Stroke(OpenSystem(moving, baths), duration, _contact(stroke))

    def _bath(
        self, stroke: StrokeTable, name: str, fixed: Any, p: dict
    ) -> DaviesBath | AdiabaticBath:
        """A Davies bath of the held Hamiltonian, or one that follows a ramp."""
        bath = self.table.baths[name]
        temperature = p.get("temperatures", {}).get(name, bath.temperature)
        couplings = [operator_from(entry, self.dimension) for entry in bath.couplings]
        spectrum = spectrum_of(bath)
        options: dict[str, Any] = {
            "zero_frequency": bath.zero_frequency,
            "transitions": self._transitions[stroke.hamiltonian],
        }
        if fixed is None:
            return AdiabaticBath(couplings, temperature, spectrum, **options)
        return DaviesBath(fixed, couplings, temperature, spectrum, **options)


@checked
def read_engine(path: str | Path) -> Engine:
    """The engine described by a TOML file.

    Args:
        path: the file; `qtjax.engine.REFERENCE` is the reference machine, with comments.

    Returns:
        `Engine`.

    Raises:
        EngineError: not TOML, or any mistake in it: the key, what was found, what was expected.
        FileNotFoundError: no such file.
    """
    return built(path, parsed(path), lambda data: Engine(validated(data)))


def parsed(path: str | Path) -> dict[str, Any]:
    """The content of a TOML file; raises `EngineError` if it is none."""
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EngineError(f"{path}: not valid TOML: {error}") from error


def built(path: str | Path, data: dict[str, Any], make: Callable[[dict[str, Any]], Any]) -> Any:
    """What is made of the content of a file; an `EngineError` names the file."""
    try:
        return make(data)
    except EngineError as error:
        raise EngineError(f"{path}: {error}") from error


def _contact(stroke: StrokeTable) -> Contact:
    return stroke.baths if len(stroke.baths) > 1 else (*stroke.baths, None)[0]


def spectrum_of(bath: BathTable) -> AbstractSpectrum:
    """The spectrum of a bath of a file."""
    if "ohmic" in bath.spectrum:
        return Ohmic(bath.spectrum["ohmic"], bath.spectrum.get("cutoff", math.inf))
    return Flat(bath.spectrum["flat"])


@checked
def write_engine(engine: Engine, path: str | Path) -> None:
    """Write an engine as a TOML file that `read_engine` reads back to the same machine.

    Args:
        engine: the engine.
        path: where to.

    Raises:
        OSError: the file cannot be written.
    """
    write_whole(path, tomli_w.dumps(as_data(engine)))


def as_data(engine: Engine) -> dict[str, Any]:
    """What stands in the file of an engine, as plain data."""
    return engine.table.model_dump(exclude_none=True)


def check_operators(table: EngineTable | SteadyTable, dimension: int) -> None:
    """Raise `EngineError` at an operator that is unknown, not Hermitian or of another dimension."""
    entries: list[tuple[str, Any]] = []
    prefix = "hamiltonians." if isinstance(table, EngineTable) else ""
    entries += [(f"{prefix}{name}", entry) for name, entry in table.hamiltonians.items()]
    for name, bath in table.baths.items():
        entries += [(f"baths.{name}.couplings[{k}]", c) for k, c in enumerate(bath.couplings)]
    for key, entry in entries:
        try:
            check_hermitian(key, operator_from(entry, dimension), dimension)
        except EngineError as error:
            raise EngineError(f"key `{key}`: {error}") from error
        except ValueError as error:
            raise EngineError(f"key {error}") from error
