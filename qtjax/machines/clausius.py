"""Eq. (19) by its own route: the Clausius integral of T over S, with T(t) and S from states.

Q = int T dS is an identity of eq. (17), so this says nothing new about a cycle. It is a check of
the whole chain by a route that shares neither the heat nor the time integral with the books: the
entropy axis is cut into panels, the Gauss-Kronrod nodes of each panel are mapped back to the states
that have that entropy, and the generalized temperature is evaluated there. The way back is a root,
differentiated implicitly: the integrals have the derivatives of the heats, in both modes.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax
import numpy as np
import optimistix
import quadax
from jaxtyping import Array, Bool, Float

from .._checked import checked
from .._checks import described, is_concrete
from .._types import Operator, Real, RealLike
from ..algebra.divided_differences import Log
from ..algebra.operators import commutator
from ..algebra.spectral import apply
from ..dynamics.open_system import OpenSystem
from ..dynamics.path import StrokePath, stroke_path
from ..information.entropy import entropy
from ..numerics.roots import Bracketed
from ..thermodynamics.scales import dissipation_sizes
from .alongside import alongside
from .stroke import Stroke, driven_strokes

_POINTS = 8  # of the grid, per panel
_STEPS = 104  # to a root at most: twice what bisection takes


class ClausiusIntegral(NamedTuple):
    """int T dS along one stroke or contact.

    Args:
        value: the integral.
        error: its estimated error, of the rule and of rounding (not differentiated); inf where
            panels are too wide to follow the state or to tell how often dS/dt changes sign.
        scale: int |T dS|, what the error is to be compared with (not differentiated).
        turning_points: how many times dS/dt changes sign, where T(t) is infinite; the integral is
            cut there.
        masked: how many of the two pieces of each panel have nodes that were left out because
            dS/dt = 0 there to working precision.
    """

    value: Real
    error: Real
    scale: Real
    turning_points: Array
    masked: Array


def cycle_of(solution: Any) -> Any:
    """The cycle that a limit cycle is of."""
    cycle = getattr(solution, "cycle", None)
    if cycle is None:
        raise ValueError(f"`solution` must be that of `limit_cycle`, got {described(solution)}.")
    return cycle


@checked
def clausius_integral(stroke: Stroke, rho0: Operator, *, panels: int = 8) -> ClausiusIntegral:
    """int T dS along a stroke from rho0, by a Gauss-Kronrod rule over S.

    Pieces end at turning points of S, where T has a pole like an inverse square root, and S is
    substituted by a square, so that the integrand is smooth.

    Args:
        stroke: a stroke of the cycle.
        rho0: the state at its start, (d, d).
        panels: panels of the stroke, static; each is cut in two, at a turning point if it has one.

    Returns:
        `ClausiusIntegral`; the error is the sum of QUADPACK's estimates over the pieces. A stroke
        of no length has none, and no derivative by its duration.
    """
    return alongside(eqx.Partial(_integral, panels), [(stroke.system, stroke.duration, rho0)])[0]


@checked
def clausius_integrals(
    solution: Any, *, tolerance: float = 1e-11, max_panels: int = 256
) -> dict[str, ClausiusIntegral]:
    """int T dS over the strokes in contact with each name, "cold" and "hot" among them.

    Args:
        solution: a limit cycle: its `cycle`, and `states` at the edges of the strokes.
        tolerance: panels are doubled until the estimated error of every stroke is below this part
            of its int |T dS|, or no longer falls (for concrete cycles; traced ones use 8 panels and
            report the estimate).
        max_panels: stop doubling here.

    Returns:
        {"cold": ..., "hot": ...}, each a `ClausiusIntegral`; nan for names that share a stroke.

    Raises:
        ValueError: a stroke has no states in between, as a `Collision`.
    """
    strokes = driven_strokes(cycle_of(solution))
    pairs = zip(strokes, solution.states[:-1], strict=True)
    held = [(s.contact, s, rho) for s, rho in pairs if isinstance(s.contact, str)]
    parts = _refined([(s.system, s.duration, rho) for _, s, rho in held], tolerance, max_panels)
    shared = {n for s in strokes if isinstance(s.contact, tuple) for n in s.contact if n}
    names = dict.fromkeys(["cold", "hot", *(name for name, *_ in held), *shared])
    start = {x: jnp.asarray(jnp.nan if x in shared else 0.0) for x in names}
    found = {x: ClausiusIntegral(start[x], *([jnp.zeros(())] * 4)) for x in names}
    for (name, *_), part in zip(held, parts, strict=True):
        found[name] = jax.tree.map(jnp.add, found[name], part)
    return found


def _refined(items: list[Any], tolerance: float, most: int) -> list[ClausiusIntegral]:
    panels, best, error = 8, alongside(eqx.Partial(_integral, 8), items), np.inf
    while is_concrete(best) and panels < most:
        missed = max((float(jnp.max(p.error - tolerance * p.scale)) for p in best), default=0.0)
        if missed <= 0.0 or error <= missed < np.inf:
            break
        panels, error = 2 * panels, missed
        best = alongside(eqx.Partial(_integral, panels), items)
    return best


@checked
def generalized_efficiency(solution: Any) -> Real:
    """eta = 1 + (int_c T dS)/(int_h T dS), eq. (19); nan outside the engine regime.

    Args:
        solution: a limit cycle.

    Returns:
        A scalar; compare with `solution.efficiency`, of which it has the derivatives too.
    """
    parts = clausius_integrals(solution)
    cold, hot = parts["cold"].value, parts["hot"].value
    engine = (hot > 0.0) & (hot + cold > 0.0)
    return jnp.where(engine, 1.0 + cold / jnp.where(engine, hot, 1.0), jnp.nan)


@checked
def interior_production(solution: Any, *, panels: int = 8) -> Real:
    """The paper's interior production of one cycle, int |d_iS/dt| dt, computed from eq. (11).

    It vanishes up to rounding for every cycle, because i tr([H, rho] ln rho) does; it is computed
    and not assumed. So do its derivatives.

    Args:
        solution: a limit cycle.
        panels: panels per stroke of the composite Gauss-Kronrod rule.

    Returns:
        A scalar >= 0.
    """
    strokes = zip(driven_strokes(cycle_of(solution)), solution.states[:-1], strict=True)
    items = [(stroke.system, stroke.duration, rho) for stroke, rho in strokes]
    return sum(alongside(eqx.Partial(_interior, panels), items), jnp.zeros(()))


def _integral(panels: int, system: OpenSystem, duration: Real, rho0: Operator) -> ClausiusIntegral:
    path = stroke_path(system, duration, rho0, _POINTS * panels)
    flow = partial(_flow, path, _rounding(system, duration, path.grid[::_POINTS]))
    edges, bends, resolved = _monotonic_pieces(path, flow)
    entropies = jax.vmap(lambda s: entropy(path.at(s)))(edges)
    changes, eps = jnp.diff(entropies), jnp.finfo(entropies.dtype).eps

    def integrand(u: Real) -> Float[Array, "3 pieces"]:
        """T dS/du in every piece, and where it is left out or not finite."""

        def at(a: Real, b: Real, first: Real, change: Real, bend: Real) -> tuple[Real, Real, Real]:
            target, sign = first + (u + bend * u * (1 - u)) * change, jnp.sign(change)
            moves = jnp.abs(change) > 8 * eps  # nats, of the order of 1: what rounding leaves
            s = _root(lambda s: sign * (entropy(path.at(s)) - target), a, b, moves, float(2 * eps))
            heat, rate = flow(s, path.at(s))
            temperature = jnp.where(rate == 0.0, 0.0, heat) / jnp.where(rate == 0.0, 1.0, rate)
            value = temperature * change * (1 + bend * (1 - 2 * u))
            return value, 1.0 * (rate == 0.0), 1.0 * ~jnp.isfinite(value)

        return jnp.stack(jax.vmap(at)(edges[:-1], edges[1:], entropies[:-1], changes, bends))

    rule = quadax.GaussKronrodRule(15, norm=lambda errors: errors[0].sum())
    with jax.default_matmul_precision("highest"):  # of the sums over nodes
        (values, masked, broken), error, sizes, _ = rule.integrate(integrand, 0.0, 1.0, ())
    whole = (broken.sum() == 0.0) & jnp.all(jnp.isfinite(entropies))
    rounding = 4 * eps * jnp.sum(sizes[0] / jnp.where(changes == 0.0, 1.0, jnp.abs(changes)))
    error = jnp.where(whole & resolved, error + rounding, jnp.inf)
    error, scale = jax.lax.stop_gradient((error, sizes[0].sum()))
    value = jnp.where(whole, values.sum(), jnp.nan)
    turns = jnp.sum(bends > 0.0)
    return ClausiusIntegral(value, error, scale, turns, jnp.sum(masked > 0.0))


def _interior(panels: int, system: OpenSystem, duration: Real, rho0: Operator) -> Real:
    path = stroke_path(system, duration, rho0, _POINTS * panels)
    edges = path.grid[::_POINTS]

    def interior(s: Real) -> Real:
        rho = path.at(s)
        return jnp.abs(_entropy_flow(rho, -1j * commutator(system.hamiltonian(s), rho))[0])

    def integrand(u: Real) -> Float[Array, " panels"]:
        return jax.vmap(interior)(edges[:-1] + u * jnp.diff(edges)) * jnp.diff(edges)

    with jax.default_matmul_precision("highest"):  # of the sums over nodes
        values, *_ = quadax.GaussKronrodRule(15).integrate(integrand, 0.0, 1.0, ())
    return duration * values.sum()


def _entropy_flow(rho: Operator, change: Operator) -> tuple[Real, Real]:
    """-tr(X ln rho), of eq. (10) for X = rho' and of eq. (11) for X = -i[H, rho]; max|ln rho|."""
    log = apply(Log(), rho)
    return -jnp.sum(log * change.T).real, jax.lax.stop_gradient(jnp.max(jnp.abs(log)))


def _flow(path: StrokePath, rounding: Real, s: RealLike, rho: Operator) -> tuple[Real, Real]:
    """(dQ/ds, dS/ds), of which eq. (17) is the quotient; dS/ds is 0 where it is rounding."""
    change, heat = path.flow(s, rho)
    rate, size = _entropy_flow(rho, change)
    return heat, jnp.where(jnp.abs(rate) > rounding * size, rate, 0.0)


def _rounding(system: OpenSystem, duration: Real, times: Float[Array, " times"]) -> Real:
    """8 eps times the size of the generator in scaled time."""

    def size(s: Real) -> Real:
        return dissipation_sizes(system, s).sum() + jnp.max(jnp.abs(system.hamiltonian(s)))

    largest = duration * jnp.max(jax.vmap(size)(times))
    return jax.lax.stop_gradient(8 * jnp.finfo(largest.dtype).eps * largest)


def _monotonic_pieces(
    path: StrokePath, flow: Callable[..., tuple[Real, Real]]
) -> tuple[Float[Array, " edges"], Float[Array, " pieces"], Bool[Array, ""]]:
    """Edges of two pieces for every panel, S monotonic in each; their bends; whether it is so.

    A panel is cut where dS/dt changes its sign between two points of the grid, or in the middle.
    A piece bends by 1 before a turning point and by -1 after it.
    """
    grid, signs = path.grid, jnp.sign(jax.vmap(flow)(path.grid, path.states)[1])
    # a rate of 0 has the sign of the one before
    signs = signs[jax.lax.cummax(jnp.where(signs != 0.0, jnp.arange(signs.size), 0))]
    turns = (signs[:-1] * signs[1:] < 0.0).reshape(-1, _POINTS)
    turning, panel = jnp.any(turns, axis=1), _POINTS * jnp.arange(turns.shape[0])
    start = panel + jnp.argmax(turns, axis=1)
    lower = grid[jnp.where(turning, start, panel)]
    upper = grid[jnp.where(turning, start + 1, panel + _POINTS)]

    def cut(a: Real, b: Real, sign: Real, exists: Array) -> Real:
        return _root(lambda s: -sign * flow(s, path.at(s))[1], a, b, exists)

    cuts = jax.vmap(cut)(lower, upper, signs[start], turning)
    edges = jnp.stack([grid[panel], cuts], axis=1).reshape(-1)
    bends = jnp.where(turning[:, None], jnp.asarray([1.0, -1.0], edges.dtype), 0.0).reshape(-1)
    return jnp.append(edges, grid[-1]), bends, jnp.all(jnp.sum(turns, axis=1) <= 1)


def _root(
    function: Callable[[Real], Real], a: Real, b: Real, exists: Bool[Array, ""], atol: float = 0.0
) -> Real:
    """Where a function that rises through 0 between a and b is 0; the middle if it does not."""
    middle = 0.5 * (a + b)

    def miss(s: Real, _: Any) -> Real:
        return jnp.where(exists, function(s), s - middle)

    return optimistix.root_find(
        miss, Bracketed(atol), middle, options={"lower": a, "upper": b}, max_steps=_STEPS,
        tags=frozenset({lineax.diagonal_tag}), throw=False,
    ).value  # fmt: skip
