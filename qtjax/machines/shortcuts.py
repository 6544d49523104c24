"""Shortcuts to adiabaticity: cycles whose ramps are as good as slow ones, at any speed."""

from .._checked import checked
from ..dynamics.counterdiabatic import counterdiabatic
from ..dynamics.open_system import OpenSystem
from .stroke import AbstractStroke, Cycle, Stroke


@checked
def assisted(cycle: Cycle) -> Cycle:
    """The cycle with counterdiabatic driving on every stroke without baths whose H moves.

    Populations of the levels stay as they are there, so efficiencies are those of slow ramps; what
    the drive costs is `qtjax.dynamics.counterdiabatic_cost` of the stroke. Energy is that of the
    bare H.

    Args:
        cycle: such as an `otto_cycle`; ramps that start and end flat (`Smooth`) leave no jump of
            the drive.

    Returns:
        `Cycle`.

    Raises:
        ValueError: a ramp that takes no time, H that jumps, or levels that cross on the way.

    Source: del Campo, Goold and Paternostro, Sci. Rep. 4, 6208 (2014).

    Examples:
        >>> cycle = qt.otto_cycle(
        ...     qt.sigmaz(), qt.sigmax(), couplings=qt.sigmay(), temperatures=(0.5, 4.0),
        ...     rate=1.0, durations=(1.0, 2.0, 1.0, 2.0),
        ... )
        >>> ramp = qt.machines.assisted(cycle).strokes[1]
        >>> ramp.system.hamiltonian(0.5) - ramp.energy(0.5)
        [[0.0, 0.5j], [-0.5j, 0.0]]
    """
    return Cycle([_assisted(stroke) for stroke in cycle.strokes])


def _assisted(stroke: AbstractStroke) -> AbstractStroke:
    if not isinstance(stroke, Stroke):
        return stroke
    system = stroke.system
    if system.baths or system.hamiltonian.constant:
        return stroke
    driven = counterdiabatic(system.hamiltonian, stroke.duration)
    energy = system.energy_hamiltonian
    return Stroke(OpenSystem(driven, (), energy, system.parts), stroke.duration, stroke.contact)
