"""Eq. (19) by its own route: the Clausius integral of T over S, with T(t) and S from states.

Q = int T dS is an identity of eq. (17), so this says nothing new about a cycle. It is a check of
the whole chain by a route that shares neither the heat nor the time integral with the books: the
entropy axis is cut into panels, the Gauss nodes of each panel are mapped back to the states that
have that entropy, and the generalized temperature is evaluated there.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .._checks import is_concrete
from .._types import Operator, Real, RealLike
from ..algebra.divided_differences import Log
from ..algebra.operators import commutator
from ..algebra.spectral import apply
from ..dynamics.open_system import OpenSystem
from ..dynamics.path import StrokePath, stroke_path
from ..information.entropy import entropy
from .cycle import CycleSolution
from .stroke import Stroke

# Gauss-Kronrod rule of 7 and 15 points on [0, 1] (Kronrod 1965; QUADPACK qk15).
_HALF = [0.991455371120812639206854697526329, 0.949107912342758524526189684047851,
         0.864864423359769072789712788640926, 0.741531185599394439863864773280788,
         0.586087235467691130294144691693013, 0.405845151377397166906606412076961,
         0.207784955007898467600689403773245]  # fmt: skip
_KRONROD = [0.022935322010529224963732008058970, 0.063092092629978553290700663189204,
            0.104790010322250183839876322541518, 0.140653259715525918745189590510238,
            0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
            0.204432940075298892414161999234649]  # fmt: skip
_GAUSS = [0.129484966168869693270611432679082, 0.279705391489276667901467771423780,
          0.381830050505118944950369775488975]  # fmt: skip
_U = np.array([0.5 - 0.5 * x for x in _HALF] + [0.5] + [0.5 + 0.5 * x for x in _HALF[::-1]])
_K15 = 0.5 * np.array([*_KRONROD, 0.209482141084727828012999174891714, *_KRONROD[::-1]])
_G7 = np.zeros(15)
_G7[1::2] = 0.5 * np.array([*_GAUSS, 0.417959183673469387755102040816327, *_GAUSS[::-1]])
_ITERATIONS = 40


class ClausiusIntegral(NamedTuple):
    """int T dS along one stroke or contact.

    Args:
        value: the integral.
        error: estimated error, from half as many panels.
        turning_points: how many times dS/dt changes sign, where T(t) is infinite; the integral is
            cut there.
        masked: how many nodes were left out because dS/dt = 0 there to working precision.
    """

    value: Real
    error: Real
    turning_points: Array
    masked: Array


def clausius_integral(stroke: Stroke, rho0: Operator, *, panels: int = 8) -> ClausiusIntegral:
    """int T dS along a stroke from rho0, by a Gauss-Kronrod rule over S.

    At a turning point of S, where T has a pole like an inverse square root, panels end and S is
    substituted by a square, so that the integrand is smooth.

    Args:
        stroke: a stroke of the cycle.
        rho0: the state at its start, (d, d).
        panels: panels of the stroke, static; each is cut in two, at a turning point if it has one.

    Returns:
        `ClausiusIntegral`; the error is the sum of QUADPACK's estimates over the panels.
    """
    return _integral(stroke.system, stroke.duration, rho0, panels)


@eqx.filter_jit
def _integral(system: OpenSystem, duration: Real, rho0: Operator, panels: int) -> ClausiusIntegral:
    path = stroke_path(system, duration, rho0, 8 * panels)
    starts, ends = path.grid[:-8:8], path.grid[8::8]
    rates = jax.vmap(lambda s, rho: _rates(path, s, rho)[1])
    signs = jnp.sign(rates(path.grid[::8], path.states[::8]))
    turns = signs[:-1] * signs[1:] < 0.0
    cuts = jax.vmap(lambda a, b, sign: _turning_point(path, a, b, sign))(starts, ends, signs[:-1])
    cuts = jnp.where(turns, cuts, 0.5 * (starts + ends))
    edges = jnp.append(jnp.stack([starts, cuts], axis=1).reshape(-1), ends[-1])
    entropies = jax.vmap(lambda s: entropy(path.at(s)))(edges)
    first, change = entropies[:-1, None], jnp.diff(entropies)[:, None]
    share, density = _substitution(turns)
    targets = first + change * share
    rising = jnp.broadcast_to(change > 0.0, targets.shape)
    a, b = (jnp.broadcast_to(x[:, None], targets.shape) for x in (edges[:-1], edges[1:]))
    nodes = (x.reshape(-1) for x in (a, b, rising, targets))
    temperatures, regular = jax.vmap(
        lambda *node: _temperature(path, _time_of_entropy(path, *node))
    )(*nodes)
    values = jnp.where(regular, temperatures, 0.0).reshape(targets.shape)
    values = values * change * density
    integrals = values @ _K15
    error = jnp.sum(_kronrod_error(values, integrals))
    return ClausiusIntegral(jnp.sum(integrals), error, jnp.sum(turns), jnp.sum(~regular))


def _substitution(turns: Bool[Array, " panels"]) -> tuple[Array, Array]:
    """(S - S_a)/(S_b - S_a) and its slope at the nodes of both halves of each panel.

    Straight, but 1 - (1-u)^2 before a turning point and u^2 after it.
    """
    turns = turns[:, None]
    share = jnp.stack([jnp.where(turns, 2 * _U - _U**2, _U), jnp.where(turns, _U**2, _U)], axis=1)
    density = jnp.stack([jnp.where(turns, 2 - 2 * _U, 1), jnp.where(turns, 2 * _U, 1)], axis=1)
    return share.reshape(-1, _U.size), density.reshape(-1, _U.size)


def _kronrod_error(values: Float[Array, "panels 15"], integrals: Float[Array, " panels"]) -> Array:
    """QUADPACK's estimate, r min(1, (200 |K - G|/r)^1.5), r the integral of |f - mean|.

    Not below 50 eps times the integral of |f|.
    """
    difference = jnp.abs(integrals - values @ _G7)
    spread = jnp.abs(values - integrals[:, None]) @ _K15
    ratio = 200.0 * difference / jnp.where(spread > 0.0, spread, 1.0)
    rounding = 50.0 * jnp.finfo(values.dtype).eps * (jnp.abs(values) @ _K15)
    return jnp.maximum(spread * jnp.minimum(1.0, ratio**1.5), rounding)


def clausius_integrals(
    solution: CycleSolution, *, tolerance: float = 1e-11, max_panels: int = 256
) -> dict[str, ClausiusIntegral]:
    """int T dS over the strokes in contact with "cold" and with "hot".

    Args:
        solution: a limit cycle.
        tolerance: the panels of a stroke are doubled until its error estimate is below this (for
            concrete cycles; traced ones use 8 panels and report the estimate).
        max_panels: stop doubling here.

    Returns:
        {"cold": ..., "hot": ...}, each a `ClausiusIntegral`.
    """
    found = {}
    for contact in ("cold", "hot"):
        parts = [
            _refined(stroke, rho, tolerance, max_panels)
            for stroke, rho in zip(solution.cycle.strokes, solution.states, strict=False)
            if stroke.contact == contact
        ]
        none = ClausiusIntegral(*([jnp.zeros(())] * 4))
        found[contact] = jax.tree.map(lambda *x: sum(x[1:], x[0]), none, *parts)
    return found


def _refined(stroke: Stroke, rho: Operator, tolerance: float, most: int) -> ClausiusIntegral:
    panels = 8
    part = clausius_integral(stroke, rho, panels=panels)
    while is_concrete(part) and not bool(jnp.all(part.error <= tolerance)) and panels < most:
        panels *= 2
        part = clausius_integral(stroke, rho, panels=panels)
    return part


def generalized_efficiency(solution: CycleSolution) -> Real:
    """eta = 1 + (int_c T dS)/(int_h T dS), eq. (19); nan outside the engine regime.

    Args:
        solution: a limit cycle.

    Returns:
        A scalar; compare with `solution.efficiency`.
    """
    parts = clausius_integrals(solution)
    cold, hot = parts["cold"].value, parts["hot"].value
    engine = (hot > 0.0) & (hot + cold > 0.0)
    return jnp.where(engine, 1.0 + cold / jnp.where(engine, hot, 1.0), jnp.nan)


def interior_production(solution: CycleSolution, *, panels: int = 8) -> Real:
    """The paper's interior production of one cycle, int |d_iS/dt| dt, computed from eq. (11).

    It vanishes up to rounding for every cycle, because i tr([H, rho] ln rho) does; it is computed
    and not assumed.

    Args:
        solution: a limit cycle.
        panels: panels per stroke of the composite Gauss-Kronrod rule.

    Returns:
        A scalar >= 0.
    """
    return _interior_production(solution, panels)


@eqx.filter_jit
def _interior_production(solution: CycleSolution, panels: int) -> Real:
    total = jnp.zeros(())
    for stroke, rho in zip(solution.cycle.strokes, solution.states, strict=False):
        path = stroke_path(stroke.system, stroke.duration, rho, 8 * panels)
        edges = path.grid[::8]
        nodes = edges[:-1, None] + jnp.diff(edges)[:, None] * _U
        weights = jnp.diff(edges)[:, None] * _K15

        def interior(s: RealLike, path: StrokePath = path, stroke: Stroke = stroke) -> Real:
            state, h = path.at(s), stroke.system.hamiltonian(s)
            return jnp.abs(_entropy_flow(state, -1j * commutator(h, state)))

        values = jax.vmap(interior)(nodes.reshape(-1))
        total = total + stroke.duration * jnp.sum(weights.reshape(-1) * values)
    return total


def _rates(path: StrokePath, s: RealLike, rho: Operator) -> tuple[Real, Real]:
    """(dQ/ds, dS/ds) at a state of the path."""
    rho_dot, heat = path.flow(s, rho)
    return heat, _entropy_flow(rho, rho_dot)


def _entropy_flow(rho: Operator, rho_dot: Operator) -> Real:
    """-tr(X ln rho), of which eq. (10) is the case X = rho' and eq. (11) X = -i[H, rho]."""
    return -jnp.sum(apply(Log(), rho) * rho_dot.T).real


def _temperature(path: StrokePath, s: Real) -> tuple[Real, Bool[Array, ""]]:
    """T(t) of eq. (17) at a state of the path, and whether dS/dt is not 0 there."""
    heat, rate = _rates(path, s, path.at(s))
    regular = jnp.abs(rate) > 1e-14 * (1.0 + jnp.abs(heat))
    return heat / jnp.where(regular, rate, 1.0), regular


def _turning_point(path: StrokePath, a: Real, b: Real, sign: Real) -> Real:
    """Where dS/dt loses its sign at a, between a and b, by bisection."""

    def halve(ends: tuple[Real, Real], _: None) -> tuple[tuple[Real, Real], None]:
        middle = 0.5 * (ends[0] + ends[1])
        before = _rates(path, middle, path.at(middle))[1] * sign > 0.0
        return (jnp.where(before, middle, ends[0]), jnp.where(before, ends[1], middle)), None

    (a, b), _ = jax.lax.scan(halve, (a, b), None, length=_ITERATIONS)
    return 0.5 * (a + b)


def _time_of_entropy(
    path: StrokePath, a: Real, b: Real, rising: Bool[Array, ""], target: Real
) -> Real:
    """The scaled time in [a, b] at which the entropy is `target`, by bisection."""

    def halve(ends: tuple[Real, Real], _: None) -> tuple[tuple[Real, Real], None]:
        middle = 0.5 * (ends[0] + ends[1])
        before = (entropy(path.at(middle)) < target) == rising
        return (jnp.where(before, middle, ends[0]), jnp.where(before, ends[1], middle)), None

    (a, b), _ = jax.lax.scan(halve, (a, b), None, length=_ITERATIONS + 10)
    return 0.5 * (a + b)
