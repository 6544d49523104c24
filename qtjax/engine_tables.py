"""The tables of an engine file, as typed records that know all of their keys."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Finite = Annotated[float, Field(allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Sum = dict[str, Finite]
Matrix = list[list[Finite | str]]
Interval = Annotated[list[Finite], Field(min_length=2, max_length=2)]


class EngineError(ValueError):
    """A mistake in an engine file: every key with what was found and what was expected."""


class _Table(BaseModel):
    """A TOML table that knows all of its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BathTable(_Table):
    """A thermal bath: [baths.NAME]."""

    temperature: NonNegative
    couplings: Annotated[list[str | Sum | Matrix], Field(min_length=1)]
    spectrum: dict[Literal["flat", "ohmic", "cutoff"], NonNegative]
    zero_frequency: NonNegative | None = None

    @model_validator(mode="after")
    def _one_spectrum(self) -> "BathTable":
        if set(self.spectrum) not in ({"flat"}, {"ohmic"}, {"ohmic", "cutoff"}):
            raise ValueError(
                "`spectrum` must be { flat = rate } or { ohmic = strength, cutoff = frequency }"
            )
        return self


class StrokeTable(_Table):
    """A stroke: [[strokes]]."""

    name: str
    hamiltonian: str
    to: str | None = None
    bath: str | None = None
    duration: NonNegative
    ramp: Annotated[list[Finite], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _ramp_goes_somewhere(self) -> "StrokeTable":
        if self.ramp is not None and self.to is None:
            raise ValueError("`ramp` needs `to`, the Hamiltonian where the stroke ends")
        return self


class FreeTable(_Table):
    """What may change, with bounds: [free]."""

    durations: dict[str, Interval] = {}
    ramps: dict[str, Interval] = {}
    coefficients: dict[str, dict[str, Interval]] = {}


class OptimizeTable(_Table):
    """How to improve the machine: [optimize]."""

    objective: Literal["efficiency", "power", "product", "ecological"] = "efficiency"
    power_exponent: Annotated[float, Field(gt=0.0)] = 1.0
    efficiency_exponent: Annotated[float, Field(gt=0.0)] = 1.0
    minimum_power: Finite | Literal["start", "none"] = "none"


class EngineTable(_Table):
    """A whole engine file."""

    title: str = "Quantum engine"
    hamiltonians: Annotated[dict[str, Sum | Matrix], Field(min_length=1)]
    baths: Annotated[dict[str, BathTable], Field(min_length=1)]
    strokes: Annotated[list[StrokeTable], Field(min_length=1)]
    free: FreeTable = FreeTable()
    optimize: OptimizeTable = OptimizeTable()
