"""The tables of an engine file, as typed records that know all of their keys."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

# numbers are no texts and no booleans; whole ones are numbers
Finite = Annotated[float, Field(allow_inf_nan=False, strict=True)]
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False, strict=True)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False, strict=True)]
Sum = dict[str, Finite]
Matrix = list[list[Finite | str]]
Names = str | Annotated[list[str], Field(min_length=1)]
Interval = Annotated[list[Finite], Field(min_length=2, max_length=2)]


def _points(value: list[float]) -> list[float]:
    if value[2] != int(value[2]) or value[2] < 1:
        raise ValueError("a range is [first, last, points] with a whole number of points above 0")
    return value


Range = Annotated[list[Finite], Field(min_length=3, max_length=3), AfterValidator(_points)]


class EngineError(ValueError):
    """A mistake in an engine file: every key with what was found and what was expected."""


class _Table(BaseModel):
    """A TOML table that knows all of its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def names_in(value: "Names | None") -> tuple[str, ...]:
    """One name, several or none, as a tuple.

    Args:
        value: what stands in the file.
    """
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


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


class RolesTable(_Table):
    """Which baths count as hot and as cold in figures of merit: [roles]."""

    hot: Names
    cold: Names


class StrokeTable(_Table):
    """A stroke: [[strokes]]."""

    name: str
    hamiltonian: str
    to: str | None = None
    bath: Names | None = None
    duration: NonNegative
    ramp: Annotated[list[Finite], Field(min_length=1)] | None = None

    @property
    def baths(self) -> tuple[str, ...]:
        """The names of its baths."""
        return names_in(self.bath)

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
    power_exponent: Positive = 1.0
    efficiency_exponent: Positive = 1.0
    minimum_power: Finite | Literal["start", "none"] = "none"


class SweepTable(_Table):
    """What is varied by `qtjax sweep`, each as [first, last, points]: [sweep]."""

    temperatures: dict[str, Range] = {}
    durations: dict[str, Range] = {}
    coefficients: dict[str, dict[str, Range]] = {}


class EngineTable(_Table):
    """A whole engine file."""

    title: str = "Quantum engine"
    hamiltonians: Annotated[dict[str, Sum | Matrix], Field(min_length=1)]
    baths: Annotated[dict[str, BathTable], Field(min_length=1)]
    strokes: Annotated[list[StrokeTable], Field(min_length=1)]
    roles: RolesTable | None = None
    free: FreeTable = FreeTable()
    optimize: OptimizeTable = OptimizeTable()
    sweep: SweepTable = SweepTable()

    def sum_of(self, name: str) -> Sum:
        """The terms of a Hamiltonian that is a sum; none of one that is a matrix."""
        entry = self.hamiltonians[name]
        return entry if isinstance(entry, dict) else {}


class SteadyTable(_Table):
    """A whole file of a machine that runs all the time."""

    kind: Literal["steady"]
    title: str = "Continuous machine"
    hamiltonian: Sum | Matrix
    energy: Sum | Matrix | None = None
    baths: Annotated[dict[str, BathTable], Field(min_length=1)]
    roles: RolesTable | None = None

    @property
    def hamiltonians(self) -> dict[str, Sum | Matrix]:
        """All of them by their keys."""
        found = {"hamiltonian": self.hamiltonian, "energy": self.energy}
        return {key: entry for key, entry in found.items() if entry is not None}


def validated(data: dict[str, Any], kind: Any = EngineTable) -> Any:
    """The tables of a parsed TOML file.

    Args:
        data: as `tomllib` returns it.
        kind: `EngineTable` or `SteadyTable`.

    Returns:
        An instance of it.

    Raises:
        EngineError: the key, what was found, what was expected; all mistakes of form at once.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        lines = [_sentence(entry) for entry in error.errors()]
        raise EngineError("; ".join(dict.fromkeys(lines))) from error


def check_names(table: EngineTable) -> None:
    """Raise `EngineError` at a name that refers to nothing, or at a stroke named twice."""
    hamiltonians, baths = list(table.hamiltonians), list(table.baths)
    strokes = [stroke.name for stroke in table.strokes]
    if len(set(strokes)) < len(strokes):
        raise EngineError(f"key `strokes`: found the names {strokes}, expected each only once")
    for k, stroke in enumerate(table.strokes):
        _known(f"strokes[{k}].hamiltonian", stroke.hamiltonian, hamiltonians)
        _known(f"strokes[{k}].to", stroke.to, [*hamiltonians, None])
        for name in stroke.baths:
            _known(f"strokes[{k}].bath", name, baths)
        if len(set(stroke.baths)) < len(stroke.baths):
            found = list(stroke.baths)
            raise EngineError(f"key `strokes[{k}].bath`: found {found}, expected each only once")
    for name in table.free.durations:
        _known("free.durations", name, strokes)
    for name in table.sweep.temperatures:
        _known("sweep.temperatures", name, baths)
    for name in table.sweep.durations:
        _known("sweep.durations", name, strokes)
    for name in table.free.ramps:
        _known("free.ramps", name, [s.name for s in table.strokes if s.to is not None])
    for key, coefficients in (
        ("free.coefficients", table.free.coefficients),
        ("sweep.coefficients", table.sweep.coefficients),
    ):
        for name, terms in coefficients.items():
            _known(key, name, hamiltonians)
            for term in terms:
                _known(f"{key}.{name}", term, list(table.sum_of(name)))


def roles_of(table: EngineTable | SteadyTable) -> dict[str, tuple[str, ...]] | None:
    """The baths that count as hot and as cold; without [roles] those of that name, if there are.

    Args:
        table: of a file.

    Returns:
        {"hot": names, "cold": names}, or `None` if figures of merit have no hot and cold.

    Raises:
        EngineError: roles of baths that are not there or in no stroke, one that has both, or a bath
            that is called "hot" or "cold" without that role.
    """
    used = list(table.baths)
    if isinstance(table, EngineTable):
        used = list(dict.fromkeys(name for stroke in table.strokes for name in stroke.baths))
    if table.roles is None:
        both = {"hot", "cold"} <= set(used)
        return {"hot": ("hot",), "cold": ("cold",)} if both else None
    roles = {"hot": names_in(table.roles.hot), "cold": names_in(table.roles.cold)}
    for role, names in roles.items():
        for name in names:
            _known(f"roles.{role}", name, used)
    named = [name for names in roles.values() for name in names]
    if len(set(named)) < len(named):
        raise EngineError(f"key `roles`: found {named}, expected every bath only once")
    for role, names in roles.items():
        if role in used and role not in names:
            raise EngineError(
                f"key `roles.{role}`: found {list(names)}, expected the bath {role!r} among them"
            )
    return roles


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
