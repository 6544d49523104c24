"""Contacts of any name as the hot and the cold side of a machine, for its figures of merit."""

from collections.abc import Sequence
from typing import Any

from .._checked import checked
from .._checks import as_sequence, check_instance, described
from .continuous import SteadyMachine
from .cycle import CycleSolution
from .stroke import Contact, names_of, renamed, replaced

Names = str | Sequence[str]


@checked
def in_roles(solution: Any, hot: Names, cold: Names) -> Any:
    """The same solution, in which contacts of any name count as "hot" and "cold".

    Efficiency, coefficient of performance, regime, temperatures and whatever else speaks of hot and
    cold are then those of these contacts. The others keep their names.

    Args:
        solution: a `CycleSolution` or a `SteadyMachine`.
        hot: the name of the contact whose heat drives an engine, or several; where their
            temperatures differ, bounds such as Carnot's are nan.
        cold: the same of the contact from which a refrigerator takes heat.

    Returns:
        A solution of the same type.

    Raises:
        ValueError: a name that no contact has, one in both roles, or a contact that is called "hot"
            or "cold" without that role.

    Examples:
        >>> h = qt.number(2)
        >>> river = qt.machines.Reset(h, h, temperature=1 / np.log(9), contact="river")
        >>> fire = qt.machines.Reset(2 * h, 2 * h, temperature=2 / np.log(3), contact="fire")
        >>> solution = qt.limit_cycle(qt.Cycle([river, fire]))
        >>> qt.machines.in_roles(solution, hot="fire", cold="river").efficiency
        0.5
    """
    kinds = (CycleSolution, SteadyMachine)
    check_instance("solution", solution, kinds, "a `CycleSolution` or a `SteadyMachine`")
    if isinstance(solution, SteadyMachine):
        contacts = [names_of(solution.contact, len(solution.system.baths))]
    else:
        contacts = solution.cycle.contacts
    known = list(dict.fromkeys(name for some in contacts for name in some if name is not None))
    roles: dict[str, str] = {}
    for role, given in (("hot", hot), ("cold", cold)):
        one = isinstance(given, str)
        names = (given,) if one else as_sequence(role, given, "the name of a contact, or several")
        for name in names:
            if not isinstance(name, str) or name not in known:
                raise ValueError(
                    f"`{role}` must name contacts of `solution`, got {described(given)}; its "
                    f"contacts are {', '.join(map(repr, known)) or 'without names'}."
                )
            if roles.setdefault(name, role) != role:
                raise ValueError(f"`hot` and `cold` must be apart, but {name!r} is in both.")
    for name in ("hot", "cold"):
        if name in known and roles.get(name) != name:
            raise ValueError(
                f"`{name}` must hold the contact {name!r}, whose name says that it is in it, got "
                f"{described(hot if name == 'hot' else cold)}; or call the contact otherwise."
            )

    def renaming(contact: Contact) -> Contact:
        if isinstance(contact, tuple):
            return tuple(roles.get(name or "", name) for name in contact)
        return roles.get(contact or "", contact)

    if isinstance(solution, SteadyMachine):
        return replaced(solution, "contact", renaming(solution.contact))
    strokes = tuple(renamed(s, renaming(s.contact)) for s in solution.cycle.strokes)
    return replaced(solution, "cycle", replaced(solution.cycle, "strokes", strokes))
