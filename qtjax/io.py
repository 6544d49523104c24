"""Engine files: a cycle, what is free in it and how to improve it, as TOML.

`read_engine` turns a file into an `Engine`; `Engine.cycle(parameters)` is the machine at any values
of what is free; `Engine.with_parameters` and `write_engine` turn an optimized machine back into a
file that can be run again.
"""

import math
import tomllib
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import tomli_w
from jaxtyping import PyTree
from pydantic import ValidationError

from ._checks import check_hermitian
from .design.parameters import Bounded
from .dynamics.dissipators import AdiabaticBath, DaviesBath
from .dynamics.hamiltonians import Driven, Static
from .dynamics.open_system import OpenSystem
from .dynamics.schedules import Linear, Ramp
from .dynamics.spectra import AbstractSpectrum, Flat, Ohmic
from .dynamics.transitions import bohr_transitions
from .engine_operators import dimension_of, operator_from
from .engine_tables import EngineError, EngineTable, StrokeTable
from .machines.otto import warn_unless_hotter
from .machines.stroke import Cycle, Stroke

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
        self.table = table
        self.dimension = dimension_of(table)
        entries = [(f"hamiltonians.{name}", h) for name, h in table.hamiltonians.items()]
        for name, bath in table.baths.items():
            entries += [(f"baths.{name}.couplings[{k}]", c) for k, c in enumerate(bath.couplings)]
        for key, entry in entries:
            self._check_operator(key, entry)
        self._check_names()
        self._transitions = {
            name: bohr_transitions(operator_from(entry, self.dimension))
            for name, entry in table.hamiltonians.items()
        }
        self._check_bounds()
        baths = table.baths
        if "cold" in baths and "hot" in baths:
            warn_unless_hotter(baths["cold"].temperature, baths["hot"].temperature)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the strokes, in order."""
        return tuple(stroke.name for stroke in self.table.strokes)

    @property
    def start(self) -> dict[str, PyTree]:
        """The values of what is free, as a PyTree of arrays."""
        strokes = {stroke.name: stroke for stroke in self.table.strokes}
        free = self.table.free
        return {
            "durations": {k: jnp.asarray(strokes[k].duration) for k in free.durations},
            "ramps": {k: jnp.asarray(_knots(strokes[k])) for k in free.ramps},
            "coefficients": {
                h: {k: jnp.asarray(self._sum(h)[k]) for k in terms}
                for h, terms in free.coefficients.items()
            },
        }

    @property
    def bounds(self) -> dict[str, PyTree]:
        """The bounds of what is free, of the structure of `start`."""
        free = self.table.free
        return {
            "durations": {k: Bounded(*v) for k, v in free.durations.items()},
            "ramps": {k: Bounded(*v) for k, v in free.ramps.items()},
            "coefficients": {
                h: {k: Bounded(*v) for k, v in terms.items()}
                for h, terms in free.coefficients.items()
            },
        }

    def cycle(self, parameters: dict[str, PyTree] | None = None) -> Cycle:
        """The machine at given values of what is free (`start` by default), differentiable."""
        p = self.start if parameters is None else parameters
        hamiltonians = {
            name: operator_from(entry, self.dimension, p["coefficients"].get(name))
            for name, entry in self.table.hamiltonians.items()
        }
        return Cycle([self._stroke(stroke, hamiltonians, p) for stroke in self.table.strokes])

    def with_parameters(self, parameters: dict[str, PyTree]) -> "Engine":
        """The engine whose start values are `parameters`."""
        data = self.table.model_dump(exclude_none=True)
        for stroke in data["strokes"]:
            if stroke["name"] in parameters["durations"]:
                stroke["duration"] = float(parameters["durations"][stroke["name"]])
            if stroke["name"] in parameters["ramps"]:
                stroke["ramp"] = np.asarray(parameters["ramps"][stroke["name"]]).tolist()
        for name, terms in parameters["coefficients"].items():
            data["hamiltonians"][name] |= {k: float(v) for k, v in terms.items()}
        return Engine(EngineTable.model_validate(data))

    def _stroke(self, stroke: StrokeTable, hamiltonians: dict[str, Any], p: dict) -> Stroke:
        first = hamiltonians[stroke.hamiltonian]
        duration = p["durations"].get(stroke.name, stroke.duration)
        contact = stroke.bath if stroke.bath in ("hot", "cold") else None
        if stroke.to is None:
            baths = () if stroke.bath is None else (self._bath(stroke, first),)
            return Stroke(OpenSystem(Static(first), baths), duration, contact)
        knots = p["ramps"].get(stroke.name, stroke.ramp)
        progress = Linear(0.0, 1.0) if knots is None else Ramp(knots)
        moving = Driven([(1.0, first), (progress, hamiltonians[stroke.to] - first)])
        baths = () if stroke.bath is None else (self._bath(stroke, None),)
        return Stroke(OpenSystem(moving, baths), duration, contact)

    def _bath(self, stroke: StrokeTable, fixed: Any) -> DaviesBath | AdiabaticBath:
        """A Davies bath of the held Hamiltonian, or one that follows a ramp."""
        bath = self.table.baths[str(stroke.bath)]
        couplings = [operator_from(entry, self.dimension) for entry in bath.couplings]
        spectrum: AbstractSpectrum = Flat(bath.spectrum.get("flat", 0.0))
        if "ohmic" in bath.spectrum:
            spectrum = Ohmic(bath.spectrum["ohmic"], bath.spectrum.get("cutoff", math.inf))
        options: dict[str, Any] = {
            "zero_frequency": bath.zero_frequency,
            "transitions": self._transitions[stroke.hamiltonian],
        }
        if fixed is None:
            return AdiabaticBath(couplings, bath.temperature, spectrum, **options)
        return DaviesBath(fixed, couplings, bath.temperature, spectrum, **options)

    def _sum(self, name: str) -> dict[str, float]:
        entry = self.table.hamiltonians[name]
        return entry if isinstance(entry, dict) else {}

    def _check_operator(self, key: str, entry: Any) -> None:
        try:
            check_hermitian(key, operator_from(entry, self.dimension), self.dimension)
        except EngineError as error:
            raise EngineError(f"key `{key}`: {error}") from error
        except ValueError as error:
            raise EngineError(f"key {error}") from error

    def _check_names(self) -> None:
        table = self.table
        known_h, known_b, known_s = list(table.hamiltonians), list(table.baths), list(self.names)
        ramps = [stroke.name for stroke in table.strokes if stroke.to is not None]
        if len(set(known_s)) < len(known_s):
            raise EngineError(f"key `strokes`: found the names {known_s}, expected each only once")
        for k, stroke in enumerate(table.strokes):
            _known(f"strokes[{k}].hamiltonian", stroke.hamiltonian, known_h)
            _known(f"strokes[{k}].to", stroke.to, [*known_h, None])
            _known(f"strokes[{k}].bath", stroke.bath, [*known_b, None])
        for name in table.free.durations:
            _known("free.durations", name, known_s)
        for name in table.free.ramps:
            _known("free.ramps", name, ramps)
        for name, terms in table.free.coefficients.items():
            _known("free.coefficients", name, known_h)
            for term in terms:
                _known(f"free.coefficients.{name}", term, list(self._sum(name)))

    def _check_bounds(self) -> None:
        def check(key: str, value: Any, interval: list[float]) -> None:
            low, high = interval
            if not low < high:
                raise EngineError(f"key `{key}`: found {interval}, expected [lower, upper]")
            if not np.all((np.asarray(value) >= low) & (np.asarray(value) <= high)):
                raise EngineError(
                    f"key `{key}`: found the start value {np.asarray(value).tolist()}, expected it "
                    f"between {low} and {high}"
                )

        free, start = self.table.free, self.start
        for name, interval in free.durations.items():
            check(f"free.durations.{name}", start["durations"][name], interval)
            if interval[0] < 0.0:
                raise EngineError(
                    f"key `free.durations.{name}`: found {interval}, expected bounds >= 0"
                )
        for name, interval in free.ramps.items():
            check(f"free.ramps.{name}", start["ramps"][name], interval)
        for name, terms in free.coefficients.items():
            for term, interval in terms.items():
                check(
                    f"free.coefficients.{name}.{term}", start["coefficients"][name][term], interval
                )


def read_engine(path: str | Path) -> Engine:
    """The engine described by a TOML file.

    Args:
        path: the file; `qtjax.io.REFERENCE` is the reference machine, with comments.

    Returns:
        `Engine`.

    Raises:
        EngineError: not TOML, or any mistake in it: the key, what was found, what was expected.
        FileNotFoundError: no such file.
    """
    try:
        data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise EngineError(f"{path}: not valid TOML: {error}") from error
    try:
        return Engine(EngineTable.model_validate(data))
    except ValidationError as error:
        lines = [_sentence(entry) for entry in error.errors()]
        raise EngineError(f"{path}: " + "; ".join(dict.fromkeys(lines))) from error
    except EngineError as error:
        raise EngineError(f"{path}: {error}") from error


def write_engine(engine: Engine, path: str | Path) -> None:
    """Write an engine as a TOML file that `read_engine` reads back to the same machine.

    Args:
        engine: the engine.
        path: where to.
    """
    data = engine.table.model_dump(exclude_none=True)
    Path(path).write_text(tomli_w.dumps(data), encoding="utf-8")


def _knots(stroke: StrokeTable) -> list[float]:
    """The knots of a ramp; eight on a straight line if the file gives none."""
    return np.linspace(0.0, 1.0, 10)[1:-1].tolist() if stroke.ramp is None else stroke.ramp


def _known(key: str, name: Any, known: list[Any]) -> None:
    if name not in known:
        names = ", ".join(repr(k) for k in known if k is not None) or "nothing here"
        raise EngineError(f"key `{key}`: found {name!r}, expected one of {names}")


def _sentence(error: Any) -> str:
    """One pydantic error as key, found, expected."""
    parts = [
        f"[{part}]" if isinstance(part, int) else f".{part}"
        for part in error["loc"]
        if not (isinstance(part, str) and ("[" in part or part in ("float", "str")))
    ]
    key = "".join(parts).lstrip(".")
    if error["type"] == "extra_forbidden":
        return f"key `{key}`: found an unknown key, expected none of that name"
    if error["type"] == "missing":
        return f"key `{key}`: found nothing, expected a value"
    expected = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return f"key `{key}`: found {error['input']!r}, expected {expected}"
