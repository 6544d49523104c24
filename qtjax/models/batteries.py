"""Quantum batteries: cells that one charger fills together, or each one its own."""

import jax.numpy as jnp

from .._checked import checked
from .._checks import as_scalar, check_count, check_size
from .._types import Operator, RealLike
from ..algebra.composite import tensor
from ..algebra.operators import create, dag, destroy, identity, number, spin
from ..algebra.states import ket, pure_state
from ..dynamics.open_system import OpenSystem, composite_system


@checked
def dicke_battery(
    cells: int,
    *,
    frequency: RealLike,
    coupling: RealLike,
    levels: int,
    counter_rotating: bool = True,
) -> OpenSystem:
    """N two-level cells, as one spin N/2, and the cavity that charges them.

    H = w (J_z + N/2) + w n + V with V = 2 g J_x (a + a^+), or g (J_+ a + J_- a^+) without
    counter-rotating terms. N cells that share a cavity of N photons have up to about sqrt(N) times
    the power of N cells with a cavity and a photon each, `cells` = 1. Without counter-rotating
    terms one cell and one photon have the energy w sin^2(g t), two cells and two photons
    w ((2/3) sin^2(s) + (4/9) (1 - cos(s))^2) with s = sqrt(6) g t.

    Args:
        cells: N >= 1, static.
        frequency: w of cells and cavity.
        coupling: g, in units of energy.
        levels: of the cavity, at least one more than photons; with counter-rotating terms more
            (`qtjax.algebra.truncation_population` of the last state tells how many).
        counter_rotating: whether J_+ a^+ + h.c. is kept, static.

    Returns:
        An `OpenSystem` with two parts, (cells, cavity); the empty battery is the last level of its
        spin.

    Raises:
        ValueError: no cell, fewer than two levels, or what is no finite number.

    Source: Ferraro, Campisi, Andolina, Pellegrini and Polini, Phys. Rev. Lett. 120, 117702 (2018).

    Examples:
        >>> battery = qt.models.dicke_battery(
        ...     1, frequency=1.0, coupling=0.1, levels=2, counter_rotating=False
        ... )
        >>> qt.algebra.eigenvalues(battery.hamiltonian(0.0))  # one excitation: w -+ g
        [0.00, 0.90, 1.10, 2.00]
    """
    check_count("cells", cells)
    check_count("levels", levels, 2)
    check_size("cells", cells + 1, cells + 1)
    check_size("levels", *2 * (cells + 1, levels))
    w, g, j = as_scalar("frequency", frequency), as_scalar("coupling", coupling), cells / 2
    raising = spin(j, "x") + 1j * spin(j, "y")
    half = tensor(raising, destroy(levels))
    if counter_rotating:
        half = half + tensor(raising, create(levels))
    battery = w * (spin(j, "z") + j * identity(cells + 1))
    return composite_system((battery, w * number(levels)), g * (half + dag(half)))


@checked
def empty_battery(cells: int, levels: int, photons: int | None = None) -> Operator:
    """The state of a `dicke_battery` before it is charged: cells empty, the cavity with n photons.

    Args:
        cells: N.
        levels: of the cavity.
        photons: n < levels; N by default.

    Returns:
        Density matrix, (d, d) with d = (N + 1) levels.

    Raises:
        ValueError: no cell, or the cavity has no level for so many photons.

    Examples:
        >>> rho = qt.models.empty_battery(cells=1, levels=2)
        >>> [qt.partial_trace(rho, (2, 2), k).diagonal() for k in (0, 1)]  # one photon
        [[0, 1], [0, 1]]
    """
    check_count("cells", cells)
    check_count("levels", levels)
    check_size("cells", cells + 1, cells + 1)
    check_size("levels", *2 * (cells + 1, levels))
    n = cells if photons is None else photons
    return pure_state(jnp.asarray(ket((cells, n), (cells + 1, levels))))
