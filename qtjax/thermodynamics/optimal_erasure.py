"""Erasure in finite time: the protocol that moves one level's occupation at the least heat."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import optimistix
from jax.scipy.special import xlogy
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import as_real, as_scalar, check_count, check_positive, check_size, is_concrete
from .._types import Real, RealLike


class OptimalErasure(eqx.Module):
    """The optimal protocol of `optimal_erasure` and what it costs.

    Args:
        heat: Q into the level, < 0 where the bath is heated.
        entropy_change: Delta S of the level, from the occupations alone.
        excess: T Delta S - Q >= 0, T times Spohn's production.
        slow_bound: T L^2/(rate duration) with the length L = 2 |asin sqrt p_1 - asin sqrt p_0|;
            what the excess tends to in a long time. Less than the excess.
        conserved: K = (p'/rate)^2 / (f (1 - f)), the same at all times.
        times: of the protocol, from 0 to the duration, not equally spaced, (points,).
        occupation: p at these times, (points,).
        energy: of the level at these times, after the jump at the start and before the one at the
            end, (points,).

    Examples:
        >>> found = qt.thermodynamics.optimal_erasure(
        ...     start=0.5, end=0.1, duration=10.0, temperature=1.0, rate=1.0
        ... )
        >>> found.occupation[0], found.occupation[-1], found.times[-1]
        (0.5000, 0.1000, 10.0000)
        >>> found.excess, found.slow_bound
        (0.0910, 0.0860)
    """

    heat: Real
    entropy_change: Real
    excess: Real
    slow_bound: Real
    conserved: Real
    times: Float[Array, " points"]
    occupation: Float[Array, " points"]
    energy: Float[Array, " points"]


@checked
def optimal_erasure(
    start: RealLike,
    end: RealLike,
    duration: RealLike,
    temperature: RealLike,
    rate: RealLike,
    *,
    points: int = 65,
) -> OptimalErasure:
    """The least heat with which one level is brought from one occupation to another in finite time.

    p' = rate (f - p), f = 1/(1 + e^{energy/T}): the level exchanges particles with a lead (or a
    qubit's levels excitations with a bath, whose rates up and down add up to a constant). The heat
    into the bath, -int energy p' dt, is least where K = (p'/rate)^2/(f (1 - f)) is conserved. With
    f = sin(phi)^2 all integrals are closed forms; K is the root of one equation for the duration,
    by bisection. Differentiable in everything.

    Args:
        start: p at the start, between 0 and 1.
        end: p at the end, strictly between 0 and 1, another one.
        duration: longer than the fastest way there: ln(p_0/p_1)/rate down (the level far up),
            ln((1 - p_0)/(1 - p_1))/rate up.
        temperature: T > 0 of the bath.
        rate: of relaxation, > 0.
        points: how many points of the protocol are returned, static.

    Returns:
        `OptimalErasure`; nan where traced values allow no protocol.

    Raises:
        ValueError: occupations that are not between 0 and 1 or are equal, a duration that is too
            short, a temperature or rate that is not positive.

    Source: Esposito, Kawai, Lindenberg and Van den Broeck, EPL 89, 20003 (2010); Diana, Bagci and
        Esposito, Phys. Rev. E 87, 012111 (2013).

    Examples:
        >>> found = qt.thermodynamics.optimal_erasure(
        ...     start=0.5, end=0.1, duration=1000.0, temperature=1.0, rate=1.0
        ... )
        >>> found.entropy_change, found.heat  # a long time: T Delta S
        (-0.3681, -0.3689)
    """
    check_positive("temperature", temperature, "the heat of a bath at 0 has no optimum.")
    check_positive("rate", rate, "without it the occupation does not move.")
    check_count("points", points, 2)
    check_size("points", points)
    first, last = as_scalar("start", start), as_scalar("end", end)
    temperature, rate = as_real("temperature", temperature), as_real("rate", rate)
    time = rate * as_scalar("duration", duration)
    _check_occupations(first, last)
    up = last > first
    # going up with p is going down with 1 - p and the energy reversed
    p, q = (jnp.where(up, 1.0 - x, x) for x in (first, last))
    fastest = jnp.log(p / q)
    _check_duration(duration, time, fastest, rate)
    s = _slope(p, q, time, fastest)
    if is_concrete(s) and not bool(jnp.isfinite(s)):
        raise ValueError(
            f"`duration` is {float(duration):g}, so long that the heat is that of no haste to "
            "working precision; give it less time."
        )
    w = _tangent(jnp.stack([p, q]), s)
    heat = 2.0 * temperature * jnp.diff(_cost(jnp.stack([p, q]), w, s))[0]
    change = _binary_entropy(q) - _binary_entropy(p)
    length = 2.0 * (jnp.arcsin(jnp.sqrt(p)) - jnp.arcsin(jnp.sqrt(q)))
    phi = jnp.arctan(w[0]) + (jnp.arctan(w[1]) - jnp.arctan(w[0])) * np.linspace(0.0, 1.0, points)
    along = jnp.tan(phi)
    occupation = (along**2 + s * along) / (1.0 + along**2)
    energy = -2.0 * temperature * jnp.log(along)
    return OptimalErasure(
        heat=heat,
        entropy_change=change,
        excess=temperature * change - heat,
        slow_bound=temperature * length**2 / time,
        conserved=s**2,
        times=(_clock(along, s) - _clock(w[0], s)) / rate,
        occupation=jnp.where(up, 1.0 - occupation, occupation),
        energy=jnp.where(up, -energy, energy),
    )


def _slope(p: Real, q: Real, time: Real, fastest: Real) -> Real:
    """s = sqrt K: the root of time(s) = time, in x = s/(1 + s)."""
    solvable = (time > fastest) & jnp.isfinite(time) & (p > q) & (q > 0.0) & (p <= 1.0)

    tiny = float(jnp.finfo(time.dtype).eps)
    slow = jnp.asarray(tiny**2, time.dtype)  # the longest time that can be told
    solvable &= time < _clock(_tangent(q, slow), slow) - _clock(_tangent(p, slow), slow)

    def miss(x: Real, given: tuple[Array, ...]) -> Real:
        p, q, time, solvable = given
        s = x / (1.0 - x)
        taken = _clock(_tangent(q, s), s) - _clock(_tangent(p, s), s)
        return jnp.where(solvable, x * (time - taken), x - 0.5)

    x = optimistix.root_find(
        miss,
        optimistix.Bisection(rtol=tiny, atol=tiny**2),
        jnp.asarray(0.5, time.dtype),
        (p, q, time, solvable),
        options={"lower": tiny**2, "upper": 1.0 - tiny},
        max_steps=256,
        throw=False,
    ).value
    return jnp.where(solvable, x / (1.0 - x), jnp.nan)


def _tangent(p: Array, s: Real) -> Array:
    """w = tan(phi) at p = sin(phi)^2 + s sin(phi) cos(phi), without cancellation."""
    return 2.0 * p / (s + jnp.sqrt(s**2 + 4.0 * p * (1.0 - p)))


def _clock(w: Array, s: Real) -> Array:
    """The time in units of 1/rate, up to a constant: -(2/s) phi - ln sin(2 phi)."""
    return -2.0 / s * jnp.arctan(w) - jnp.log(w) + jnp.log1p(w**2)


def _cost(p: Array, w: Array, s: Real) -> Array:
    """int ln((1 - f)/f) dp/2, up to a constant: p ln cot(phi) - ln cos(phi) + s phi."""
    return 0.5 * jnp.log1p(w**2) - p * jnp.log(w) + s * jnp.arctan(w)


def _binary_entropy(p: Real) -> Real:
    return -xlogy(p, p) - xlogy(1.0 - p, 1.0 - p)


def _check_occupations(first: Array, last: Array) -> None:
    if not is_concrete(first, last):
        return
    if not 0.0 <= first <= 1.0:
        raise ValueError(f"`start` must be an occupation between 0 and 1, got {first}.")
    if not 0.0 < last < 1.0:
        raise ValueError(
            f"`end` must lie strictly between 0 and 1, got {last}: an empty or a full level takes "
            "for ever; give the error of erasure that you allow."
        )
    if first == last:
        raise ValueError(f"`end` must differ from `start`, got {last} for both: nothing is to do.")


def _check_duration(duration: RealLike, time: Array, fastest: Array, rate: Array) -> None:
    if is_concrete(time, fastest, rate) and not time > fastest:
        raise ValueError(
            f"`duration` is {float(duration):g}, but even with the level infinitely far away the "
            f"occupation takes {float(fastest / rate):.6g} to get there; give it more time, a "
            "larger `rate`, or an `end` that is closer."
        )
