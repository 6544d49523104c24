"""A two-state system between two reservoirs, and its maxima: for several papers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from scipy.optimize import root

from .._types import Real, RealLike
from ..algebra.operators import create, destroy, number
from ..dynamics.dissipators import Lindblad
from ..dynamics.open_system import OpenSystem, heat_currents
from ..dynamics.steady_state import steady_state


def reservoir(down: RealLike, up: RealLike) -> Lindblad:
    """A reservoir that flips a two-state system at given rates; the upper state is index 1."""
    return Lindblad([destroy(2), create(2)], [down, up])


def fermi(x: RealLike) -> Real:
    """1/(1 + e^x)."""
    return jax.nn.sigmoid(-jnp.asarray(x))


def lead(x: RealLike, rate: RealLike) -> Lindblad:
    """A lead of fermions that sees the level x = (e - mu)/T above its chemical potential."""
    return reservoir(rate * fermi(-x), rate * fermi(x))


def flux(hot: Lindblad, cold: Lindblad) -> Real:
    """Quanta per time from the hot to the cold reservoir in the steady state."""
    system = OpenSystem(number(2), (hot, cold))
    return heat_currents(system, 0.0, steady_state(system, throw=False).state)[0]


def engine_power(energies: Array, betas: Array, rate: Real, fermions: Real) -> Real:
    """Power of a two-state system whose energy depends on the bath that flips it.

    Baths have the rates G e^{x/2} down and G e^{-x/2} up at x = beta e, with G = rate for Arrhenius
    (fermions = 0) and rate/(2 cosh(x/2)) for a lead (fermions = 1).

    Args:
        energies: (hot, cold), (2,).
        betas: (hot, cold), (2,).
        rate: of both baths.
        fermions: 1 or 0.
    """

    def bath(x: Real) -> Lindblad:
        size = rate * (2.0 * jnp.cosh(0.5 * x)) ** -fermions
        return reservoir(size * jnp.exp(0.5 * x), size * jnp.exp(-0.5 * x))

    hot, cold = (bath(x) for x in betas * energies)
    return (energies[0] - energies[1]) * flux(hot, cold)


@jax.jit
def _power_and_slopes(
    energies: Array, betas: Array, rate: Real, fermions: Real
) -> tuple[Real, Array]:
    def power(energies: Array) -> tuple[Real, Real]:
        found = engine_power(energies, betas, rate, fermions)
        return found, found

    slopes, value = jax.jacfwd(power, has_aux=True)(energies)
    return value, slopes


def best_engine(start: Any, *parameters: Any) -> tuple[np.ndarray, float]:
    """Energies (hot, cold) of largest `engine_power` by its gradient, and that power.

    Args:
        start: close enough, (2,).
        parameters: the other arguments of `engine_power`.
    """
    best = root(lambda e: _power_and_slopes(e, *parameters)[1], start, tol=1e-14).x
    return best, float(_power_and_slopes(best, *parameters)[0])
