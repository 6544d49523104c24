"""A system's own scales, which decide what counts as 0: no absolute number does.

None of them is differentiated: they are numbers to compare others with.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from .._types import Operator, Real, RealLike
from ..algebra.divided_differences import Log
from ..algebra.spectral import apply
from ..dynamics.dissipators import jump_operators
from ..dynamics.open_system import OpenSystem, heat_operators

_ROUNDING = 64.0  # in units of eps


def dissipation_sizes(system: OpenSystem, t: RealLike) -> Float[Array, " baths"]:
    """The size of each dissipator, sum_j |rate_j| max|L_j|^2, whatever the state, (baths,).

    Args:
        system: the open system.
        t: time.

    Returns:
        In units of energy, not differentiated: numbers to compare others with.
    """
    sizes = [jnp.zeros(0)]
    for bath in system.baths:
        rates, operators = jump_operators(bath, system.hamiltonian, t)
        largest = jnp.max(jnp.abs(operators), axis=(1, 2), initial=0.0)
        sizes.append(jnp.sum(jnp.abs(rates) * largest**2)[None])
    return jax.lax.stop_gradient(jnp.concatenate(sizes))


def heat_roundings(
    operators: Complex[Array, "*baths d d"], sizes: Float[Array, " baths"]
) -> Float[Array, " baths"]:
    """What rounding may make of heat currents, 64 eps max|H| times sizes of dissipators, (baths,).

    Args:
        operators: from `heat_operators`, (d, d) or (baths, d, d).
        sizes: from `dissipation_sizes`, (baths,).
    """
    largest = jnp.max(jnp.abs(operators), axis=(-2, -1))
    return jax.lax.stop_gradient(_rounding(sizes) * largest * sizes)


def entropy_roundings(rho: Operator, sizes: Float[Array, " baths"]) -> Float[Array, " baths"]:
    """What rounding may make of -tr(D_k(rho) ln rho), 64 eps max|ln rho| times sizes, (baths,).

    Args:
        rho: state, (d, d).
        sizes: of dissipators, from `dissipation_sizes`, (baths,).
    """
    return rounding_of_log(largest_log(rho), sizes)


def largest_log(rho: Operator) -> Real:
    """max|ln rho|, not differentiated."""
    return jnp.max(jnp.abs(apply(Log(), jax.lax.stop_gradient(rho))))


def rounding_of_log(largest: Real, sizes: Float[Array, " baths"]) -> Float[Array, " baths"]:
    """The same from max|ln rho|.

    Args:
        largest: max|ln rho|.
        sizes: of dissipators, from `dissipation_sizes`, (baths,).
    """
    return _rounding(sizes) * largest * sizes


def total_heat_scales(
    system: OpenSystem, times: Float[Array, " times"], elapsed: Float[Array, "*shape"]
) -> Float[Array, "*shape baths"]:
    """How much heat each bath might carry in a time, max|H| (1 + size elapsed), (..., baths).

    H - mu N for baths that exchange particles.

    Args:
        system: the open system.
        times: at which to look at it, (times,).
        elapsed: how long, of any shape.
    """
    sizes = jnp.max(jax.vmap(lambda t: dissipation_sizes(system, t))(times), axis=0)
    h = system.energy_hamiltonian
    energies = jax.vmap(lambda t: jnp.max(jnp.abs(heat_operators(system, h(t), t))))(times)
    return jax.lax.stop_gradient(jnp.max(energies) * (1 + sizes * jnp.asarray(elapsed)[..., None]))


def total_heat_roundings(
    system: OpenSystem, times: Float[Array, " times"], elapsed: Float[Array, "*shape"]
) -> Float[Array, "*shape baths"]:
    """What rounding alone may make of heats, 64 eps times `total_heat_scales`, (..., baths).

    Args:
        system: the open system.
        times: at which to look at it, (times,).
        elapsed: how long, of any shape.
    """
    scales = total_heat_scales(system, times, elapsed)
    return _rounding(scales) * scales


def _rounding(like: Array) -> float:
    return _ROUNDING * float(jnp.finfo(like.dtype).eps)
