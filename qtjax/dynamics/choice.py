"""Which method integrates an equation: decided by types and static data, never by values."""

import dataclasses
from typing import Any

from ..numerics.equation import LinearEquation
from ..numerics.solvers import GeneratorTerm, Magnus as MagnusSolver
from .diffrax_methods import Diffrax, Magnus
from .methods import AbstractMethod, Exact, Taylor
from .unitary import Unitary

CLOSED_DIMENSION = 8  # up to which the spectrum of a state is kept to rounding
EXACT_COMPONENTS = 1024  # up to which one exponential is the default where nothing moves


def choose(
    equation: LinearEquation, dissipates: bool, solver: Any, options: dict[str, Any]
) -> tuple[AbstractMethod, str]:
    """The method for an equation, and why.

    Args:
        equation: of the system.
        dissipates: whether the system has baths.
        solver: what the user named: a Diffrax solver, a method, or `None`.
        options: `controller`, `adjoint` and `dt0`, `None` where not given.

    Returns:
        The method and a sentence.

    Raises:
        ValueError: a method that cannot integrate this equation, or Diffrax's options with it.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if isinstance(solver, Magnus | Diffrax) and given:
        solver = dataclasses.replace(solver, **given)
        given = {}
    if isinstance(solver, AbstractMethod):
        obstacle = solver.why_not(equation)
        if obstacle is not None:
            raise ValueError(
                f"`solver` {type(solver).__name__} cannot integrate this system: {obstacle}."
            )
        if given:
            names = ", ".join(f"`{name}`" for name in given)
            raise ValueError(
                f"{names}: these are for Diffrax solvers; `{type(solver).__name__}` chooses its "
                "own steps and has its own derivatives: give `rtol` and `atol` only."
            )
        return solver, "named by the caller"
    if isinstance(solver, MagnusSolver):
        return Magnus(**given), "named by the caller"
    if solver is not None:
        return Diffrax(solver, **given), "named by the caller"
    if equation.constant and not given and equation.size <= EXACT_COMPONENTS:
        return Exact(), equation.words
    few = equation.action is None and equation.size <= CLOSED_DIMENSION**2
    if not dissipates and few:
        method = Magnus(**given) if given or Unitary().why_not(equation) else Unitary()
        return method, "nothing dissipates, so the entropy must stay as it is"
    if given:
        return Diffrax(**given), "options of Diffrax were given"
    if Taylor().why_not(equation) is not None:
        return Diffrax(), equation.words
    return Taylor(), equation.words


def takes_actions(solver: Any) -> bool:
    """Whether what the user named as `solver` needs no matrix: nothing, or a solver by slopes."""
    if isinstance(solver, AbstractMethod):
        return isinstance(solver, Diffrax) and takes_actions(solver.solver)
    return getattr(solver, "term_structure", None) is not GeneratorTerm
