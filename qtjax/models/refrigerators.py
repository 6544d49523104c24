"""Absorption refrigerators: heat from a hot bath draws heat out of a cold one.

Baths are (cold, room, work): the work bath is the hottest, and room temperature lies between.
"""

from typing import Any

import jax.numpy as jnp

from .._checked import checked
from .._checks import as_entries, as_scalar, is_concrete
from .._types import Real, RealLike
from ..algebra.composite import embed
from ..algebra.operators import destroy, number, projector
from ..algebra.states import ket
from ..dynamics.open_system import OpenSystem, composite_system
from .levels import jump
from .thermal import local_baths

BATHS = ("cold", "room", "work")


@checked
def three_level_refrigerator(gaps: Any, *, temperatures: Any, rates: Any) -> OpenSystem:
    """The smallest absorption refrigerator: three levels, each transition with a bath of its own.

    Levels 0, w_c and w_r = w_c + w_w: the cold bath acts on 0-1, the work bath on 1-2 and the room
    on 0-2. Heats are tightly coupled: Q'_c : Q'_w : Q'_r = w_c : w_w : -w_r, so Q'_c/Q'_w = w_c/w_w
    wherever it cools, which is for w_c < w_w times `absorption_carnot_performance`.

    Args:
        gaps: (w_c, w_w), >= 0.
        temperatures: (cold, room, work), >= 0.
        rates: gamma: a number or a spectrum, or one for each bath.

    Returns:
        An `OpenSystem` with baths (cold, room, work).

    Raises:
        ValueError: not two gaps or three temperatures, or a negative one.

    Source: Geusic, Schulz-DuBois and Scovil, Phys. Rev. 156, 343 (1967); Palao, Kosloff and
        Gordon, Phys. Rev. E 64, 056130 (2001).

    Examples:
        >>> machine = qt.models.three_level_refrigerator(
        ...     (1.0, 4.0), temperatures=(1.0, 2.0, 4.0), rates=0.1
        ... )
        >>> heats = qt.dynamics.heat_currents(machine, 0.0, qt.steady_state(machine).state)
        >>> heats / heats[2]  # (w_c, -w_r, w_w) / w_w
        [0.2500, -1.2500, 1.0000]
    """
    cold, work = as_entries("gaps", gaps, ("cold", "work"))
    lowers = [jump(0, 1, 3), jump(0, 2, 3), jump(1, 2, 3)]
    baths = local_baths(lowers, [cold, cold + work, work], temperatures, rates, BATHS)
    h = cold * projector(ket(1, 3)) + (cold + work) * projector(ket(2, 3))
    return OpenSystem(h, baths)


@checked
def three_qubit_refrigerator(
    gaps: Any, *, coupling: RealLike, temperatures: Any, rates: Any
) -> OpenSystem:
    """Three qubits, each with a bath, that exchange |0 1 0> with |1 0 1>.

    H = sum_k E_k n_k + g (|010><101| + h.c.) for the qubits (cold, room, work) with the resonance
    E_r = E_c + E_w. Each qubit is damped locally, and energy is sum_k E_k n_k, which the coupling
    keeps: Q'_c : Q'_w : Q'_r = E_c : E_w : -E_r, so Q'_c/Q'_w = E_c/E_w wherever it cools.

    Args:
        gaps: (E_c, E_w), >= 0.
        coupling: g.
        temperatures: (cold, room, work), >= 0.
        rates: gamma: a number or a spectrum, or one for each bath; g and they must be small against
            the gaps for local damping to hold.

    Returns:
        An `OpenSystem` with three parts and baths (cold, room, work).

    Raises:
        ValueError: not two gaps or three temperatures, a negative one, or no finite coupling.

    Source: Linden, Popescu and Skrzypczyk, Phys. Rev. Lett. 105, 130401 (2010); Correa, Palao,
        Adesso and Alonso, Phys. Rev. E 87, 042131 (2013).

    Examples:
        >>> machine = qt.models.three_qubit_refrigerator(
        ...     (1.0, 4.0), coupling=0.05, temperatures=(1.0, 2.0, 4.0), rates=0.01
        ... )
        >>> heats = qt.dynamics.heat_currents(machine, 0.0, qt.steady_state(machine).state)
        >>> heats / heats[2]  # (E_c, -E_r, E_w) / E_w
        [0.2500, -1.2500, 1.0000]
    """
    cold, work = as_entries("gaps", gaps, ("cold", "work"))
    g, energies, dims = as_scalar("coupling", coupling), [cold, cold + work, work], (2, 2, 2)
    parts = [energy * number(2) for energy in energies]
    lowers = [embed(destroy(2), dims, k) for k in range(3)]
    baths = local_baths(lowers, energies, temperatures, rates, BATHS)
    bare = sum((embed(part, dims, k) for k, part in enumerate(parts)), jnp.zeros((8, 8)))
    exchange = jump(0b010, 0b101, 8) + jump(0b101, 0b010, 8)
    return composite_system(parts, g * exchange, baths, energy=bare)


@checked
def absorption_carnot_performance(temperatures: Any) -> Real:
    """The largest Q'_c/Q'_w of any absorption refrigerator, (1/T_r - 1/T_w)/(1/T_c - 1/T_r).

    A three-level or three-qubit refrigerator cools where its ratio of gaps w_c/w_w is below it.

    Args:
        temperatures: (cold, room, work), increasing and > 0.

    Returns:
        A scalar > 0.

    Raises:
        ValueError: not three temperatures, or they do not increase from above 0.

    Examples:
        >>> qt.models.absorption_carnot_performance((1.0, 2.0, 4.0))  # (1/2 - 1/4) / (1 - 1/2)
        0.5
    """
    cold, room, work = as_entries("temperatures", temperatures, BATHS)
    if is_concrete(cold, room, work) and not 0.0 < cold < room < work:
        raise ValueError(
            "`temperatures` must increase: 0 < cold < room < work, got "
            f"({float(cold):g}, {float(room):g}, {float(work):g}); heat is drawn out of the "
            "coldest bath by that of the hottest."
        )
    return (1.0 / room - 1.0 / work) / (1.0 / cold - 1.0 / room)
