"""Files of machines that run all the time: a Hamiltonian and baths of any name, as TOML."""

from pathlib import Path

from .._checked import checked
from .._checks import check_instance
from ..dynamics.davies import DaviesBath
from ..dynamics.open_system import OpenSystem
from ..dynamics.transitions import bohr_transitions
from ..machines.continuous import SteadyMachine, steady_machine
from ..machines.roles import in_roles
from .machine import Engine, built, check_operators, parsed, spectrum_of
from .operators import dimension_of, operator_from
from .tables import EngineError, SteadyTable, roles_of, validated


class ContinuousEngine:
    """A machine that runs all the time, read from a file.

    Every bath is a Davies bath of `energy` where that is given, else of `hamiltonian`.

    Args:
        table: the validated content of the file.

    Raises:
        EngineError: an operator that is unknown, not Hermitian or of another dimension.
    """

    def __init__(self, table: SteadyTable):
        check_instance("table", table, SteadyTable, "a `SteadyTable`, as `read_machine` makes it")
        self.table = table
        self.dimension = dimension_of(table)
        check_operators(table, self.dimension)
        self.roles = roles_of(table)

    @property
    def system(self) -> OpenSystem:
        """The open system, with the baths in the order of the file."""
        operators = {
            name: operator_from(entry, self.dimension)
            for name, entry in self.table.hamiltonians.items()
        }
        energy = operators.get("energy", operators["hamiltonian"])
        transitions = bohr_transitions(energy)
        baths = [
            DaviesBath(
                energy,
                [operator_from(entry, self.dimension) for entry in bath.couplings],
                bath.temperature,
                spectrum_of(bath),
                zero_frequency=bath.zero_frequency,
                transitions=transitions,
            )
            for bath in self.table.baths.values()
        ]
        return OpenSystem(operators["hamiltonian"], baths, operators.get("energy"))

    def in_roles(self, machine: SteadyMachine) -> SteadyMachine:
        """The machine with its baths as "hot" and "cold" if they have such roles.

        Args:
            machine: of `machine()`.
        """
        return machine if self.roles is None else in_roles(machine, **self.roles)

    def machine(self) -> SteadyMachine:
        """Its steady state with all figures, the names of the baths as contacts.

        Raises:
            SolverError: as for `steady_machine`.
        """
        return steady_machine(self.system, tuple(self.table.baths))


@checked
def read_machine(path: str | Path) -> Engine | ContinuousEngine:
    """The machine described by a TOML file, of the kind that its key `kind` says.

    Args:
        path: the file; `kind = "steady"` for a machine that runs all the time, `"cycle"` (the
            default) for an engine file.

    Raises:
        EngineError: not TOML, or any mistake in it: the key, what was found, what was expected.
        FileNotFoundError: no such file.
    """
    data = parsed(path)
    kind = data.get("kind", "cycle")
    if kind == "steady":
        return built(path, data, lambda data: ContinuousEngine(validated(data, SteadyTable)))
    if kind != "cycle":
        raise EngineError(f"{path}: key `kind`: found {kind!r}, expected 'cycle' or 'steady'")
    rest = {key: value for key, value in data.items() if key != "kind"}
    return built(path, rest, lambda data: Engine(validated(data)))
