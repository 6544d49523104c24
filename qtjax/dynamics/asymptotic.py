"""Where a state goes under a generator that leaves more than one state as it is."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from .._checked import checked
from .._precise import matmul
from .._results import RESULTS
from .._types import Operator, Real, RealLike
from ..algebra.hermitian_basis import from_components, real_map, to_components
from ..numerics.null_space import never_rests, null_space
from .open_system import OpenSystem, liouvillian

# Beyond this dimension the matrix of d^2 x d^2 is too large to be decomposed.
LARGEST_DECOMPOSED = 32


class Asymptotic(NamedTuple):
    """The limit of a state.

    Args:
        state: its limit, (d, d).
        gap: the smallest singular value of the generator that is not 0, relative to the largest.
        error: estimate of max|d rho|.
        result: `RESULTS.successful`, `steady_state_inaccurate` or `steady_state_oscillates`.
    """

    state: Operator
    gap: Real
    error: Real
    result: Any


@checked
def conserved_quantities(system: OpenSystem, t: RealLike = 0.0) -> Int[Array, ""]:
    """How many independent observables the generator frozen at time t conserves: A with L^+(A) = 0.

    The identity is one of them. With no other the steady state is unique; with k of them steady
    states have k - 1 free parameters, which an initial state fixes.

    Args:
        system: the open system, of d <= 32.
        t: time.

    Returns:
        A whole number >= 1, counted to rounding: a rate of less than 1e-12 of the largest is 0.

    Raises:
        ValueError: d > 32.

    Examples:
        >>> qt.dynamics.conserved_quantities(qt.OpenSystem(qt.number(2)))
        2
        >>> bath = qt.LocalBath(qt.destroy(2), 1.0, 0.5, qt.Flat(0.1))
        >>> qt.dynamics.conserved_quantities(qt.OpenSystem(qt.number(2), bath))
        1
    """
    check_decomposable("system", system)
    return _conserved(system, t)


@eqx.filter_jit
def _conserved(system: OpenSystem, t: RealLike) -> Int[Array, ""]:
    return null_space(_generator(system, t)).dimension


def check_decomposable(name: str, system: OpenSystem) -> None:
    """Raise where the generator has too many entries to be decomposed."""
    if system.dimension > LARGEST_DECOMPOSED:
        raise ValueError(
            f"`{name}` has d = {system.dimension}; what it conserves is found from a matrix of "
            f"d^2 x d^2, up to d = {LARGEST_DECOMPOSED}. Beyond, follow `evolve` for a long time."
        )


def asymptotic(system: OpenSystem, t: RealLike, rho0: Operator, tolerance: float) -> Asymptotic:
    """lim rho(t) for t -> inf from rho0, with the generator frozen at one time.

    Args:
        system: the open system.
        t: the time at which its generator is taken.
        rho0: initial state, (d, d).
        tolerance: of the result.

    Returns:
        `Asymptotic`.
    """
    generator, start = _generator(system, t), to_components(rho0)
    found = null_space(generator)
    rest = matmul(found.projection, start)
    moving = never_rests(generator, start - rest)
    result: Any = jax.tree.map(jnp.asarray, RESULTS.successful)
    result = RESULTS.where(moving <= tolerance, result, RESULTS.steady_state_oscillates)
    accurate = found.error <= tolerance
    result = RESULTS.where(accurate, result, RESULTS.steady_state_inaccurate)
    return Asymptotic(from_components(rest), found.gap, found.error, result)


def _generator(system: OpenSystem, t: RealLike) -> Array:
    """L as a real matrix on components."""
    return real_map(liouvillian(system, t), system.dimension)
