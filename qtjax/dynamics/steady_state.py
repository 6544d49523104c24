"""The steady state of a generator, by one dense linear solve."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._results import RESULTS, raise_if_failed
from .._types import Operator, Real, RealLike
from ..algebra.superoperators import pack, real_superoperator, unpack
from .open_system import OpenSystem, liouvillian


class SteadyState(eqx.Module):
    """The state that a generator leaves as it is.

    Args:
        state: rho with L(rho) = 0 and trace 1, (d, d); all nan where it is not unique.
        gap: smallest singular value of the solved system relative to its largest, 0 where the
            steady state is not unique.
        residual: max|L(rho)|, in units of energy.
        result: `RESULTS.successful`, `steady_state_not_unique` or `not_finite`, per lane.
    """

    state: Operator
    gap: Real
    residual: Real
    result: Any


def steady_state(system: OpenSystem, t: RealLike = 0.0, *, throw: bool = True) -> SteadyState:
    """The steady state L_t(rho) = 0 of the generator frozen at time t.

    L v = 0 with tr v = 1 becomes (s u tr - L) v = s u, with u = 1/d and s the size of L: regular
    exactly if the steady state is unique. Its derivatives are those of the solve, in both modes.

    Args:
        system: the open system of dimension d; a dense solve of size d^2.
        t: time.
        throw: raise `SolverError` if the outcome is concrete and not successful. Inside `jit`,
            `vmap` or `grad` nothing is raised: read `result`, lane by lane.

    Returns:
        `SteadyState`.

    Raises:
        SolverError: more than one steady state (no bath, zero rates, levels that no bath
            connects), or a parameter that is not finite.
    """
    solution = _steady_state(system, t)
    if throw:
        raise_if_failed(solution)
    return solution


@eqx.filter_jit
def _steady_state(system: OpenSystem, t: RealLike) -> SteadyState:
    matrix, right, generator = _bordered(system, t)
    values = jnp.linalg.svd(jax.lax.stop_gradient(matrix), compute_uv=False)
    gap = values[-1] / values[0]
    unique = gap > 500.0 * jnp.finfo(gap.dtype).eps
    finite = jnp.all(jnp.isfinite(matrix))
    v = jnp.linalg.solve(matrix, right)
    result: Any = jax.tree.map(jnp.asarray, RESULTS.successful)
    result = RESULTS.where(unique, result, RESULTS.steady_state_not_unique)
    result = RESULTS.where(finite, result, RESULTS.not_finite)
    state = unpack(jnp.where(unique, v, jnp.nan))
    return SteadyState(state, gap, jnp.max(jnp.abs(unpack(generator @ v))), result)


def _bordered(system: OpenSystem, t: RealLike) -> tuple[Array, Float[Array, " n"], Array]:
    generator = real_superoperator(liouvillian(system, t))
    d = system.dimension
    identity = pack(jnp.eye(d))
    size = jax.lax.stop_gradient(jnp.max(jnp.abs(generator)))
    size = jnp.where(size > 0.0, size, 1.0)
    return size * jnp.outer(identity / d, identity) - generator, size * identity / d, generator
