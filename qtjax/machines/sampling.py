"""What happens inside the strokes of a limit cycle, for figures and tables."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._types import Operator, Real, RealLike
from ..algebra.spectral import eigenvalues
from ..dynamics.path import stroke_path
from ..information.entropy import entropy
from ..thermodynamics.rates import Rates, energy, rates
from ..thermodynamics.temperature import GeneralizedTemperature, generalized_temperature
from .cycle import CycleSolution
from .stroke import Stroke


class StrokeSamples(eqx.Module):
    """One stroke of a limit cycle, sampled.

    Args:
        times: since the start of the stroke, (points,).
        energy: tr(rho H), (points,).
        entropy: von Neumann entropy, (points,).
        gap: largest minus smallest energy of H, (points,); the frequency of a qubit.
        rates: all rates, fields of shape (points, ...).
        temperature: the generalized temperature with its statuses, fields of shape (points,).
    """

    times: Float[Array, " points"]
    energy: Float[Array, " points"]
    entropy: Float[Array, " points"]
    gap: Float[Array, " points"]
    rates: Rates
    temperature: GeneralizedTemperature


def sample_cycle(solution: CycleSolution, points: int = 64) -> tuple[StrokeSamples, ...]:
    """Energy, entropy, rates and T(t) inside every stroke of a limit cycle.

    Args:
        solution: a limit cycle.
        points: intervals per stroke, rounded to a multiple of eight per smooth piece.

    Returns:
        One `StrokeSamples` for each stroke. In a stroke of zero length rates are nan.
    """
    return tuple(
        _sample(stroke, rho, points)
        for stroke, rho in zip(solution.cycle.strokes, solution.states[:-1], strict=True)
    )


@eqx.filter_jit
def _sample(stroke: Stroke, rho0: Operator, points: int) -> StrokeSamples:
    path = stroke_path(stroke.system, stroke.duration, rho0, points)
    system = stroke.in_time()

    def at(s: RealLike, rho: Operator) -> tuple[Real, Real, Real, Rates]:
        levels = eigenvalues(stroke.system.hamiltonian(s))
        here = rates(system, s * stroke.duration, rho)
        return energy(stroke.system, s, rho), entropy(rho), levels[-1] - levels[0], here

    energies, entropies, gaps, found = jax.vmap(at)(path.grid, path.states)
    return StrokeSamples(
        path.grid * stroke.duration,
        energies,
        entropies,
        gaps,
        found,
        generalized_temperature(found, tolerance=1e-10 * jnp.max(jnp.abs(found.heat_current))),
    )
