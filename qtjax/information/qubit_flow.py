"""Rates of entropy of a qubit, with all real numbers by themselves; see `algebra.qubit`.

The same quantities as `entropy_rate` and `entropy_rate_analytic`, with the same rules at the edge
of the support and the same derivatives.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from .._types import Real
from ..algebra.divided_differences import AtLeast, Below, Log, One, Restricted
from ..algebra.qubit import Entries, entries, levels, matrix, overlap, size, total, with_values
from ..algebra.spectral import frechet
from .entropy import growth_of_support


class Blocks(NamedTuple):
    """ln rho on the support, ln(max(rho, tiny)) on the null block, and the projector on that."""

    log: Entries
    null_log: Entries
    null: Entries


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def blocks(rho: Entries, support: float) -> Blocks:
    """Of a state; twice differentiable at every degeneracy.

    Args:
        rho: the state.
        support: eigenvalues below it count as 0.
    """
    found = levels(rho)
    below = found.low < support, found.high < support
    logs = [Log().values(x[..., None])[..., 0] for x in (found.low, found.high)]

    def where(chosen: bool, values: list) -> Entries:
        pairs = zip(below, values, strict=True)
        return with_values(found, *(jnp.where(b == chosen, x, 0.0) for b, x in pairs))

    return Blocks(where(False, logs), where(True, logs), where(True, [1.0, 1.0]))


@blocks.defjvp
def _blocks_jvp(support, primals, tangents):
    (rho,), (rho_dot,) = primals, tangents
    functions = (
        Restricted(Log(), AtLeast(support)),
        Restricted(Log(), Below(support)),
        Restricted(One(), Below(support)),
    )
    moved = (entries(frechet(f, matrix(rho), matrix(rho_dot))) for f in functions)
    return blocks(rho, support), Blocks(*moved)


def rate(found: Blocks, rho_dot: Entries, support: float, tolerance: float | None) -> Real:
    """S' along rho', as `entropy_rate`.

    Args:
        found: of the state.
        rho_dot: its rate of change.
        support: eigenvalues below it count as 0.
        tolerance: what may flow into the null block as rounding.
    """
    slope, outflow = -overlap(found.null_log, rho_dot), overlap(found.null, rho_dot)
    growth = growth_of_support(slope, outflow, rho_dot, support, tolerance)
    return -overlap(found.log, rho_dot) - (rho_dot.p + rho_dot.q) + growth


def analytic_rate(found: Blocks, rho_dot: Entries, support: float, tolerance: float | None) -> Real:
    """-tr(rho' ln rho), as `entropy_rate_analytic`.

    Args:
        found: of the state.
        rho_dot: a part of its rate of change.
        support: eigenvalues below it count as 0.
        tolerance: what may flow into the null block as rounding.
    """
    bound = support * jax.lax.stop_gradient(size(rho_dot)) if tolerance is None else tolerance
    grows = overlap(found.null, rho_dot) > bound
    return jnp.where(grows, jnp.inf, -overlap(found.log, rho_dot))


def largest_log(found: Blocks) -> Real:
    """max|ln rho|, not differentiated."""
    return jax.lax.stop_gradient(size(total(found.log, found.null_log)))
