"""Driven systems that have become periodic, and means over a cycle."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import quadax
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import (
    as_complex,
    as_positive,
    check_count,
    check_hermitian,
    check_instance,
    is_concrete,
)
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.operators import expectation
from ..dynamics.open_system import OpenSystem
from ..dynamics.path import stroke_path
from ..dynamics.propagator import RESOLUTION
from ..dynamics.secular import warn_unless_secular
from .alongside import alongside
from .cycle import CycleSolution, limit_cycle
from .stroke import Cycle, Stroke, driven_strokes, stretch_system

_POINTS = 8  # of the grid, per panel
_FIRST_PANELS, _MOST_PANELS = 16, 4096


@checked
def periodic_steady_state(
    system: OpenSystem,
    period: RealLike,
    *,
    contact: Any = None,
    steps: int | None = None,
    tolerance: float | None = None,
    implicit: bool | None = None,
    solver: Any = None,
    resolution: int = RESOLUTION,
    throw: bool = True,
) -> CycleSolution:
    """The periodic state that a periodically driven system ends in: the fixed point of one period.

    Args:
        system: the open system, a function of time on [0, period], which is repeated; where it does
            not end as it begins, the work of the jump is in `quenches`.
        period: > 0.
        contact: names for the heats of its baths, as of a `Stroke`.
        steps: Magnus steps per period, and the other options, as for `limit_cycle`.

    Returns:
        `CycleSolution` of one stroke: `states[0]` is the state at t = 0, `bath_heats[0]` and `work`
        are per period.

    Raises:
        ValueError: a system that is none, a period that is not positive, a `contact` that is no
            name, or what `limit_cycle` refuses.
        SolverError: as for `limit_cycle`.

    Examples:
        >>> h = qt.Driven([(qt.Fourier(1.0, [0.5], [0.0], 2 * jnp.pi), qt.number(2))])
        >>> bath = qt.LocalBath(qt.destroy(2), 1.0, 1 / np.log(3), qt.Flat(1.0))
        >>> solution = qt.machines.periodic_steady_state(qt.OpenSystem(h, bath), 1.0)
        >>> solution.states[0].diagonal().real, solution.work
        ([0.75, 0.25], 0.0)
    """
    check_instance("system", system, OpenSystem, "an `OpenSystem`")
    period = as_positive("period", period, "it is the time after which the drive repeats.")
    if is_concrete(system):
        for k, bath in enumerate(system.baths):
            warn_unless_secular(f"baths[{k}]", bath, system.hamiltonian(0.0))
    cycle = Cycle([Stroke(stretch_system(system, 1.0 / period), period, contact)])
    return limit_cycle(
        cycle, steps=steps, tolerance=tolerance, implicit=implicit, solver=solver,
        resolution=resolution, throw=throw,
    )  # fmt: skip


@checked
def cycle_mean(
    solution: CycleSolution, observable: OperatorLike, *, panels: int | None = None
) -> Real:
    """The mean of tr(rho(t) A) over one limit cycle.

    Args:
        solution: a limit cycle of `Stroke`s.
        observable: A, (d, d).
        panels: of the composite Gauss-Kronrod rule per stroke, static; by default 16, and for a
            concrete solution four times as many until what they miss is below 1e-8 of the largest
            element of A (1e-4 in float32), or what the limit cycle itself may be off by.

    Returns:
        A scalar; nan for a cycle that takes no time, and where the panels miss more.

    Raises:
        ValueError: A is not Hermitian or of another dimension, or a stroke has no states in
            between, as a `Collision`.
    """
    strokes = driven_strokes(solution.cycle)
    check_hermitian("observable", observable, solution.cycle.dimension)
    a, count = as_complex(observable), _FIRST_PANELS if panels is None else panels
    check_count("panels", count)
    starts_and_ends = zip(strokes, solution.states[:-1], solution.states[1:], strict=True)
    items = [(s.system, s.duration, start, end, a) for s, start, end in starts_and_ends]
    tolerance = 1e-8 if solution.states.dtype == jnp.complex128 else 1e-4
    tolerance = jnp.maximum(tolerance, 4.0 * solution.error)  # of its states
    mean, good = _mean(items, solution.period, count, tolerance)
    finite = is_concrete(solution.states) and bool(jnp.all(jnp.isfinite(solution.states)))
    while panels is None and finite and count < _MOST_PANELS and is_concrete(good) and not good:
        count *= 4
        mean, good = _mean(items, solution.period, count, tolerance)
    return jnp.where(good, mean, jnp.nan)


def _mean(items: list[Any], period: Real, panels: int, tolerance: Real) -> tuple[Real, Array]:
    """The mean, and whether all strokes are resolved."""
    found = alongside(eqx.Partial(_integral, panels), items)
    integrals, missed = zip(*found, strict=True)
    size = jnp.max(jnp.abs(items[0][-1]))
    return sum(integrals) / period, sum(missed) <= tolerance * size * period


def _integral(
    panels: int, system: OpenSystem, duration: Real, rho0: Operator, end: Operator,
    observable: Operator,
) -> tuple[Real, Real]:  # fmt: skip
    """The integral over one stroke, and what it may be off by."""
    path = stroke_path(system, duration, rho0, _POINTS * panels)
    edges = path.grid[::_POINTS]

    def integrand(u: Real) -> Float[Array, " panels"]:
        def value(s: Real) -> Real:
            return expectation(observable, path.at(s))

        return jax.vmap(value)(edges[:-1] + u * jnp.diff(edges)) * jnp.diff(edges)

    with jax.default_matmul_precision("highest"):  # of the sums over nodes
        values, error, *_ = quadax.GaussKronrodRule(15).integrate(integrand, 0.0, 1.0, ())
    # a path that misses something does not end where the limit cycle does
    apart = jnp.max(jnp.abs(observable)) * jnp.max(jnp.abs(path.states[-1] - end))
    return duration * values.sum(), jax.lax.stop_gradient(duration * (error + apart))
