"""What happens inside the strokes of a limit cycle, for figures and tables."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import is_concrete
from .._types import Operator, Real, RealLike
from ..algebra.levels import eigenvalues
from ..dynamics.open_system import OpenSystem
from ..dynamics.path import stroke_path
from ..information.entropy import entropy
from ..thermodynamics.rates import Rates, energy, rates
from ..thermodynamics.temperature import GeneralizedTemperature, generalized_temperature
from .alongside import alongside
from .cycle import CycleSolution
from .stroke import Stroke, driven_strokes


class StrokeSamples(eqx.Module):
    """One stroke of a limit cycle, sampled.

    Args:
        times: since the start of the stroke, (points,).
        energy: tr(rho H), (points,).
        entropy: von Neumann entropy, (points,).
        gap: largest minus smallest energy of H, (points,); the frequency of a qubit.
        rates: all rates, fields of shape (points, ...).
        temperature: the generalized temperature with its statuses, fields of shape (points,).

    Examples:
        >>> temperatures = 1 / np.log(9), 2 / np.log(3)
        >>> cycle = qt.otto_cycle(
        ...     qt.number(2), 2.0 * qt.number(2), couplings=qt.sigmax(), temperatures=temperatures,
        ...     rate=1.0, durations=(20.0, 1.0, 20.0, 1.0),
        ... )
        >>> hot, *_ = qt.machines.sample_cycle(qt.limit_cycle(cycle), points=8)
        >>> hot.energy[0], hot.energy[-1]
        (0.2, 0.5)
    """

    times: Float[Array, " points"]
    energy: Float[Array, " points"]
    entropy: Float[Array, " points"]
    gap: Float[Array, " points"]
    rates: Rates
    temperature: GeneralizedTemperature


@checked
def sample_cycle(solution: CycleSolution, points: int = 64) -> tuple[StrokeSamples, ...]:
    """Energy, entropy, rates and T(t) inside every stroke of a limit cycle.

    Args:
        solution: a limit cycle.
        points: intervals per stroke, rounded to a multiple of eight per smooth piece.

    Returns:
        One `StrokeSamples` for each stroke. In a stroke of zero length rates are nan, and in one
        that so few points do not resolve (its end is not that of the limit cycle to 1e-6, to 1e-3
        in float32, or to its error) all numbers but times and gap. Outside `jit` slow strokes are
        followed by implicit steps, whatever the number of points.

    Raises:
        ValueError: a stroke has no states in between, as a `Collision`.

    Examples:
        >>> temperatures = 1 / np.log(9), 2 / np.log(3)
        >>> cycle = qt.otto_cycle(
        ...     qt.number(2), 2.0 * qt.number(2), couplings=qt.sigmax(), temperatures=temperatures,
        ...     rate=1.0, durations=(20.0, 1.0, 20.0, 1.0),
        ... )
        >>> hot, *_ = qt.machines.sample_cycle(qt.limit_cycle(cycle), points=8)
        >>> hot.temperature.temperature[0], 2 / np.log(9)
        (0.9102, 0.9102)
    """
    starts, ends = solution.states[:-1], solution.states[1:]
    found = zip(driven_strokes(solution.cycle), starts, ends, strict=True)
    most = jnp.maximum(1e-6 if ends.dtype == jnp.complex128 else 1e-3, 4.0 * solution.error)
    items = [(stroke.system, stroke.duration, start, end, most) for stroke, start, end in found]

    def sample(implicit: bool) -> tuple[StrokeSamples, ...]:
        return tuple(alongside(eqx.Partial(_sample, points, implicit), items))

    samples = sample(implicit=False)
    lost = jnp.stack([jnp.any(jnp.isnan(stroke.energy)) for stroke in samples])
    if not (is_concrete(ends, lost) and bool(jnp.all(jnp.isfinite(ends)) & jnp.any(lost))):
        return samples
    slow = sample(implicit=True)
    return tuple(b if again else a for a, b, again in zip(samples, slow, lost, strict=True))


def _sample(
    points: int, implicit: bool, scaled: OpenSystem, duration: Real, rho0: Operator, end: Operator,
    most: Real,
) -> StrokeSamples:  # fmt: skip
    path = stroke_path(scaled, duration, rho0, points, "points", implicit)
    resolved = jnp.maximum(jnp.max(jnp.abs(path.states[-1] - end)), path.missed) <= most
    path = path._replace(vectors=jnp.where(resolved, path.vectors, jnp.nan))
    system = Stroke(scaled, duration).in_time()

    def at(s: RealLike, rho: Operator) -> tuple[Real, Real, Real, Rates]:
        levels, here = eigenvalues(scaled.hamiltonian(s)), rates(system, s * duration, rho)
        return energy(scaled, s, rho), entropy(rho), levels[-1] - levels[0], here

    energies, entropies, gaps, found = jax.vmap(at)(path.grid, path.states)
    none = (
        _least(found.heat_current, found.heat_rounding),
        _least(found.entropy_rate, found.entropy_rounding),
    )
    return StrokeSamples(
        path.grid * duration,
        energies,
        entropies,
        gaps,
        found,
        generalized_temperature(found, none),
    )


def _least(
    values: Float[Array, " points"], roundings: Float[Array, " points"]
) -> Float[Array, " points"]:
    """Rounding, or 1e-10 of the largest: less is what the path's own errors leave in the end."""
    size = jnp.max(jnp.where(jnp.isfinite(values), jnp.abs(values), 0.0))
    return jax.lax.stop_gradient(jnp.maximum(roundings, 1e-10 * size))
