"""The three-level maser: a heat engine that runs continuously."""

from typing import Any

from .._checked import checked
from .._checks import as_entries, as_scalar
from .._types import RealLike
from ..algebra.operators import projector
from ..algebra.states import ket
from ..dynamics.open_system import OpenSystem
from .levels import jump
from .thermal import local_baths


@checked
def three_level_maser(
    gaps: Any,
    *,
    temperatures: Any,
    rates: Any,
    drive: RealLike,
    detuning: RealLike = 0.0,
) -> OpenSystem:
    """The maser of Scovil and Schulz-DuBois with a coherent drive, in the frame of the drive.

    Levels |0> (ground), |1> at w_c, |2> at w_h. The cold bath acts on 0-1, the hot one on 0-2, and
    the drive joins 1 and 2: in its frame H = detuning |2><2| + g (|1><2| + h.c.), while energy is
    H_0 = w_c |1><1| + w_h |2><2|. Pairs are (cold, hot).

    Each quantum that the hot bath gives leaves w_h - w_c in the drive and w_c in the cold bath, so
    Q'_h = w_h I, Q'_c = -w_c I and W' = -(w_h - w_c) I with one flux I, and eta = 1 - w_c/w_h; on
    resonance populations obey rate equations with the transfer rate 2 g^2/G, G = (gamma_h (n_h + 1)
    + gamma_c (n_c + 1))/2. The currents of a state are `heat_currents` and `power`.

    Args:
        gaps: (w_c, w_h), >= 0.
        temperatures: (T_c, T_h), >= 0.
        rates: gamma: a number or a spectrum, or a pair of them.
        drive: g, half the Rabi frequency, in units of energy.
        detuning: w_h - w_c less the frequency of the drive.

    Returns:
        An `OpenSystem` with baths (cold, hot).

    Raises:
        ValueError: not two gaps or temperatures, a negative one, or what is no finite number.

    Source: Scovil and Schulz-DuBois, Phys. Rev. Lett. 2, 262 (1959); Kalaee, Wacker and Potts,
        Phys. Rev. E 104, L012103 (2021).

    Examples:
        >>> maser = qt.models.three_level_maser(
        ...     (1.0, 3.0), temperatures=(0.5, 5.0), rates=0.1, drive=0.05
        ... )
        >>> rho = qt.steady_state(maser).state
        >>> heats = qt.dynamics.heat_currents(maser, 0.0, rho)
        >>> -qt.dynamics.power(maser, 0.0, rho) / heats[1]  # 1 - w_c/w_h
        0.6667
    """
    meaning = ("cold", "hot")
    cold, hot = as_entries("gaps", gaps, meaning)
    g, shift = as_scalar("drive", drive), as_scalar("detuning", detuning)
    one, two = (projector(ket(k, 3)) for k in (1, 2))
    baths = local_baths([jump(0, 1, 3), jump(0, 2, 3)], [cold, hot], temperatures, rates, meaning)
    exchange = jump(1, 2, 3) + jump(2, 1, 3)
    return OpenSystem(shift * two + g * exchange, baths, energy=cold * one + hot * two)
