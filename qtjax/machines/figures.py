"""Figures of merit of a cycle, as functions of its heats, works and entropies.

Signs: Q > 0 into the medium, W > 0 done on it. nan says that a figure does not exist in a regime.
"""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .._types import Real
from ..thermodynamics.rates import thermal_entropy_flux
from ..thermodynamics.scales import total_heat_roundings
from .stroke import Stroke

REGIMES = ("engine", "refrigerator", "heater", "accelerator", "none")


def contact_sum(strokes: Sequence[Stroke], values: Float[Array, " strokes"], contact: str) -> Real:
    """The sum of a quantity over the strokes in contact with "cold" or "hot".

    Args:
        strokes: of a cycle.
        values: one for each stroke, (strokes,).
        contact: "cold" or "hot".
    """
    mask = np.array([stroke.contact == contact for stroke in strokes])
    return jnp.sum(jnp.where(mask, values, 0.0))


def bath_temperature(strokes: Sequence[Stroke], contact: str) -> Real:
    """The temperature of the baths of one contact; nan unless they agree.

    Args:
        strokes: of a cycle.
        contact: "cold" or "hot".
    """
    baths = [b for stroke in strokes if stroke.contact == contact for b in stroke.system.baths]
    found = [bath.temperature for bath in baths if bath.temperature is not None]
    if not found:
        return jnp.asarray(jnp.nan)
    same = jnp.all(jnp.stack(found) == found[0])
    return jnp.where(same, found[0], jnp.nan)


def rounding(
    heats: Float[Array, " strokes"],
    works: Float[Array, " strokes"],
    quenches: Float[Array, " strokes"],
) -> Real:
    """What rounding alone may make of their sums: 8 eps times the sum of their moduli.

    Args:
        heats: of the strokes, (strokes,).
        works: of the strokes, (strokes,).
        quenches: works between them, (strokes,).
    """
    size = sum((jnp.abs(terms).sum() for terms in (heats, works, quenches)), jnp.zeros(()))
    return jax.lax.stop_gradient(8 * jnp.finfo(size.dtype).eps * size)


def is_engine(work_output: Real, heat_hot: Real, none: Real) -> Bool[Array, ""]:
    """Whether work is delivered by a cycle that takes in heat while "hot".

    Args:
        work_output: W_out, delivered per cycle.
        heat_hot: Q_h.
        none: what counts as no work and no heat, see `rounding`.
    """
    return (work_output > none) & (heat_hot > none)


def efficiency(work_output: Real, heat_hot: Real, none: Real) -> Real:
    """eta = W_out / Q_h by the first law; nan outside the engine regime, eq. (19).

    Args:
        work_output: W_out, delivered per cycle.
        heat_hot: Q_h.
        none: what counts as no work and no heat, see `rounding`.
    """
    return _ratio_where(is_engine(work_output, heat_hot, none), work_output, heat_hot)


def coefficient_of_performance(work: Real, heat_cold: Real, none: Real) -> Real:
    """Q_c / W of a refrigerator; nan in the other regimes.

    Args:
        work: W, done on the medium per cycle.
        heat_cold: Q_c.
        none: what counts as no work and no heat, see `rounding`.
    """
    return _ratio_where((work > none) & (heat_cold > none), heat_cold, work)


def power(work_output: Real, period: Real) -> Real:
    """Work delivered per time; nan for a cycle that takes no time.

    Args:
        work_output: W_out, delivered per cycle.
        period: the time of one cycle.
    """
    return _ratio_where(period > 0.0, work_output, period)


def carnot_efficiency(cold: Real, hot: Real) -> Real:
    """1 - T_c/T_h.

    Args:
        cold: T_c.
        hot: T_h.
    """
    return 1.0 - cold / hot


def curzon_ahlborn_efficiency(cold: Real, hot: Real) -> Real:
    """1 - sqrt(T_c/T_h) (Curzon and Ahlborn 1975).

    Args:
        cold: T_c.
        hot: T_h.
    """
    return 1.0 - jnp.sqrt(cold / hot)


def mean_temperature(heat: Real, entropy: Real) -> Real:
    """The entropy-weighted mean <T_x> = Q_x / dS_x; nan where dS_x is 0 but for rounding.

    Args:
        heat: Q_x, taken in over one contact.
        entropy: dS_x, gained there, in nats.
    """
    return _ratio_where(jnp.abs(entropy) > 8 * jnp.finfo(entropy.dtype).eps, heat, entropy)


def temperature_identity_residual(
    eta: Real, means: tuple[Real, Real], entropies: tuple[Real, Real]
) -> Real:
    """eta - (1 - (<T_c>|dS_c|)/(<T_h> dS_h)), the identity T3 with its entropy factor.

    Args:
        eta: the efficiency.
        means: (<T_c>, <T_h>).
        entropies: (dS_c, dS_h), in nats.
    """
    taken = means[1] * entropies[1]
    return eta - (1.0 - _ratio_where(taken != 0.0, means[0] * jnp.abs(entropies[0]), taken))


@eqx.filter_jit
def spohn_production(strokes: Sequence[Stroke], bath_heats: Sequence[Float[Array, " _"]]) -> Real:
    """Spohn's production per cycle, -sum_k Q_k / T_k (the entropy change is 0), eq. (14).

    Args:
        strokes: of a cycle.
        bath_heats: per stroke the heat from each of its baths, (baths,).

    Returns:
        In nats; nan where a bath without a temperature carries heat, or where one has a `reference`
        of its own, whose flux is not known from heats.
    """
    total = jnp.zeros(())
    for stroke, heats in zip(strokes, bath_heats, strict=True):
        times = jnp.linspace(0.0, 1.0, 5)
        roundings = total_heat_roundings(stroke.system, times, stroke.duration)
        total = total - thermal_entropy_flux(stroke.system.baths, heats, roundings)
    return total


def regime_code(work_output: Real, heat_hot: Real, heat_cold: Real, none: Real) -> Array:
    """The regime as an index into `REGIMES`, traceable.

    engine: work comes out and heat goes in while hot; refrigerator: work goes in and heat is taken
    in while cold; heater: work goes in and no heat; accelerator: work goes in and speeds heat up
    from hot to cold; none: no work either way.

    Args:
        work_output: W_out, delivered per cycle.
        heat_hot: Q_h.
        heat_cold: Q_c.
        none: what counts as no work and no heat, see `rounding`.
    """
    driven = work_output < -none
    return jnp.select(
        [
            is_engine(work_output, heat_hot, none),
            driven & (heat_cold > none),
            driven & (heat_hot <= none) & (heat_cold <= none),
            driven & (heat_hot > none) & (heat_cold <= none),
        ],
        list(jnp.arange(4)),
        4,
    )


def _ratio_where(exists: Bool[Array, ""], numerator: Real, denominator: Real) -> Real:
    """numerator / denominator where it exists, nan elsewhere, with no nan in its derivative."""
    return jnp.where(exists, numerator / jnp.where(exists, denominator, 1.0), jnp.nan)
