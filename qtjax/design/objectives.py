"""What to improve in a cycle, continued smoothly beyond the engine regime."""

from collections.abc import Callable

import jax.numpy as jnp

from .._checked import checked
from .._checks import as_positive
from .._types import Real, RealLike
from ..machines.cycle import CycleSolution
from ..machines.figures import check_names

_WEIGHT = "it is the weight of a factor."
Objective = Callable[[CycleSolution], Real]


@checked
def smooth_efficiency(cycle: CycleSolution, fraction: RealLike = 1e-3) -> Real:
    """W_out / Q_h where Q_h >= q; below it Q_h is replaced by q^2 / (2 q - Q_h).

    q is a fraction of the spread of energies (their standard deviation) at the start of the hot
    contact, so the value does not depend on units. The replacement is continuously differentiable,
    positive and increasing in Q_h, so that outside the engine regime (W_out < 0) the value falls
    without bound and its gradient leads back, where `cycle.efficiency` is nan.

    Args:
        cycle: a limit cycle.
        fraction: of the spread, > 0.

    Returns:
        A scalar; equal to `cycle.efficiency` in the engine regime with Q_h >= q.

    Raises:
        ValueError: contacts have names, but none is "hot"; see `machines.in_roles`.

    Examples:
        >>> h = qt.number(2)
        >>> cold = qt.machines.Reset(h, h, temperature=1 / np.log(9), contact="cold")
        >>> hot = qt.machines.Reset(2 * h, 2 * h, temperature=2 / np.log(3), contact="hot")
        >>> qt.design.smooth_efficiency(qt.limit_cycle(qt.Cycle([cold, hot])))
        0.5
    """
    check_names("efficiency", cycle.named_heats, ("hot",))
    heat, q = cycle.heat_hot, fraction * _spread_of_energies(cycle)
    low = heat < q
    floor = q**2 / jnp.where(low, 2.0 * q - heat, 1.0)
    return cycle.work_output / jnp.where(low, floor, heat)


def _spread_of_energies(cycle: CycleSolution) -> Real:
    """Standard deviation of the levels of H at the start of the first hot contact (or stroke)."""
    strokes = cycle.cycle.strokes
    hot = next((stroke for stroke in strokes if "hot" in stroke.contacts), strokes[0])
    h = hot.energy(0.0)
    d = h.shape[0]
    traceless = h - jnp.trace(h).real / d * jnp.eye(d)
    return jnp.sqrt(jnp.sum(jnp.abs(traceless) ** 2) / d)


@checked
def power_output(cycle: CycleSolution) -> Real:
    """W_out per cycle time.

    Examples:
        >>> h = qt.number(2)
        >>> cold = qt.machines.Reset(h, h, temperature=1 / np.log(9), contact="cold", duration=3.0)
        >>> hot = qt.machines.Reset(2 * h, 2 * h, temperature=2 / np.log(3), contact="hot")
        >>> qt.design.power_output(qt.limit_cycle(qt.Cycle([cold, hot]))), 0.15 / 3.0
        (0.05, 0.05)
    """
    return cycle.power


@checked
def ecological_function(cycle: CycleSolution) -> Real:
    """P - T_c sigma, sigma Spohn's production per cycle time (Angulo-Brown 1991).

    Examples:
        >>> h = qt.number(2)
        >>> cold = qt.machines.Reset(h, h, temperature=1.0, contact="cold", duration=1.0)
        >>> hot = qt.machines.Reset(2 * h, 2 * h, temperature=4.0, contact="hot", duration=1.0)
        >>> cycle = qt.limit_cycle(qt.Cycle([cold, hot]))
        >>> qt.design.ecological_function(cycle), cycle.power - 1.0 * cycle.spohn_production / 2.0
        (0.02715, 0.02715)
    """
    return cycle.power - cycle.temperatures[0] * cycle.spohn_production / cycle.period


@checked
def power_efficiency_product(
    cycle: CycleSolution, power_exponent: RealLike = 1.0, efficiency_exponent: RealLike = 1.0
) -> Real:
    """P^a eta^b in the engine regime; outside, the sum of the negative parts of P and eta.

    Args:
        cycle: a limit cycle.
        power_exponent: a > 0.
        efficiency_exponent: b > 0.

    Returns:
        A scalar; not positive outside the engine regime, with a gradient that leads back.

    Examples:
        >>> h = qt.number(2)
        >>> cold = qt.machines.Reset(h, h, temperature=1 / np.log(9), contact="cold", duration=1.0)
        >>> hot = qt.machines.Reset(2 * h, 2 * h, temperature=2 / np.log(3), contact="hot")
        >>> qt.design.power_efficiency_product(qt.limit_cycle(qt.Cycle([cold, hot]))), 0.15 * 0.5
        (0.075, 0.075)
    """
    power_exponent = as_positive("power_exponent", power_exponent, _WEIGHT)
    efficiency_exponent = as_positive("efficiency_exponent", efficiency_exponent, _WEIGHT)
    power, eta = cycle.power, smooth_efficiency(cycle)
    inside = (power > 0.0) & (eta > 0.0)
    safe_power, safe_eta = jnp.where(inside, power, 1.0), jnp.where(inside, eta, 1.0)
    product = safe_power**power_exponent * safe_eta**efficiency_exponent
    return jnp.where(inside, product, jnp.minimum(power, 0.0) + jnp.minimum(eta, 0.0))


@checked
def objective(
    name: str, *, power_exponent: float = 1.0, efficiency_exponent: float = 1.0
) -> Objective:
    """The figure of merit of that name, to be maximized.

    Args:
        name: "efficiency", "power", "product" (P^a eta^b) or "ecological".
        power_exponent: a of "product".
        efficiency_exponent: b of "product".

    Returns:
        A function of a limit cycle; smooth also outside the engine regime.

    Raises:
        ValueError: an unknown name.

    Examples:
        >>> h = qt.number(2)
        >>> cold = qt.machines.Reset(h, h, temperature=1 / np.log(9), contact="cold")
        >>> hot = qt.machines.Reset(2 * h, 2 * h, temperature=2 / np.log(3), contact="hot")
        >>> efficiency = qt.objective("efficiency")
        >>> efficiency(qt.limit_cycle(qt.Cycle([cold, hot])))
        0.5
    """
    table: dict[str, Objective] = {
        "efficiency": smooth_efficiency,
        "power": power_output,
        "product": lambda cycle: power_efficiency_product(
            cycle, power_exponent, efficiency_exponent
        ),
        "ecological": ecological_function,
    }
    if name not in table:
        raise ValueError(f"`name` must be one of {', '.join(table)}, got {name!r}.")
    return table[name]
