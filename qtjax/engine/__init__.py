"""Engine files: a cycle, what is free in it and how to improve it, as TOML."""

from .bounds import scattered_starts as scattered_starts
from .machine import (
    REFERENCE as REFERENCE,
    Engine as Engine,
    read_engine as read_engine,
    write_engine as write_engine,
)
from .maps import named_values as named_values, parameters_at as parameters_at
from .operators import named_operator as named_operator, operator_from as operator_from
from .steady import ContinuousEngine as ContinuousEngine, read_machine as read_machine
from .tables import (
    BathTable as BathTable,
    EngineError as EngineError,
    EngineTable as EngineTable,
    FreeTable as FreeTable,
    OptimizeTable as OptimizeTable,
    RolesTable as RolesTable,
    SteadyTable as SteadyTable,
    StrokeTable as StrokeTable,
    SweepTable as SweepTable,
)
