"""What decides whether an accounting can be negative, measured along a trajectory."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from .._checked import checked
from .._precise import matmul
from .._types import RealLike
from ..algebra.levels import group_levels, level_projectors
from ..algebra.states import maximally_mixed
from ..algebra.superoperators import dissipator_superoperator, sandwich
from ..dynamics.channels import dissipate
from ..dynamics.dissipators import has_reference, jump_operators
from ..dynamics.evolve import Solution
from ..dynamics.open_system import LEVY_KOSLOFF_TOLERANCE, OpenSystem, gibbs_defects
from ..dynamics.steady_state import steady_state
from ..information.coherence import coherence
from .production import states_of
from .reservoirs import initial_defect
from .scales import dissipation_sizes, total_heat_scales


class Conditions(eqx.Module):
    """What decides the signs, measured along a trajectory.

    Args:
        smallest_rate: of all jump rates at all times; +inf without dissipators.
        gibbs_defect: largest relative size of what a bath does to its own reference state.
        gibbs_tolerance: what is still a fixed point.
        athermal_defect: of a dissipator without a temperature, largest |D(1)| relative to its
            rates, or heat relative to the energies.
        coherence: largest coherence between levels of H.
        covariance: largest |D Delta - Delta D| relative to the rates, Delta the dephasing in
            levels; nan if H moves.
        fixed_point_gap: smallest `SteadyState.gap`.
        closed: whether there are no baths.
        initial_defect: trace distance of the start from rho_A x Gibbs states of the reservoirs; nan
            if none are named.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> solution = qt.evolve(system, mixed, [0.0, 1000.0])
        >>> conditions = qt.thermodynamics.measure_conditions(system, solution)
        >>> conditions.smallest_rate, conditions.closed  # 0.1 n, n = 1 / (e - 1)
        (0.0582, False)
    """

    smallest_rate: float
    gibbs_defect: float
    gibbs_tolerance: float
    athermal_defect: float
    coherence: float
    covariance: float
    fixed_point_gap: float
    closed: bool
    initial_defect: float


class Condition(NamedTuple):
    """A condition of a guarantee.

    Args:
        holds: of the measured `Conditions`, whether it does.
        otherwise: of the same, what is wrong where it does not.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> solution = qt.evolve(system, mixed, [0.0, 1000.0])
        >>> condition = qt.thermodynamics.Condition(lambda c: c.closed, lambda c: "there are baths")
        >>> conditions = qt.thermodynamics.measure_conditions(system, solution)
        >>> condition.holds(conditions), condition.otherwise(conditions)
        (False, 'there are baths')
    """

    holds: Callable[[Conditions], bool]
    otherwise: Callable[[Conditions], str]


_PRECISION = 1e-10  # of conditions, which are all relative

POSITIVE_RATES = Condition(
    lambda c: c.smallest_rate >= 0.0,
    lambda c: f"a rate is negative (down to {c.smallest_rate:.3g})",
)
GIBBS_FIXED_POINTS = Condition(
    lambda c: c.gibbs_defect <= c.gibbs_tolerance,
    lambda c: (
        f"a bath does not fix its Gibbs state (by {c.gibbs_defect:.1e}; Levy and Kosloff 2014)"
    ),
)
NO_ATHERMAL_HEAT = Condition(
    lambda c: c.athermal_defect <= _PRECISION,
    lambda _: "a dissipator without temperature carries heat or is not unital",
)
UNIQUE_FIXED_POINT = Condition(
    lambda c: c.fixed_point_gap > 1e-13, lambda _: "the fixed point is not unique"
)
NO_COHERENCE = Condition(
    lambda c: c.coherence <= _PRECISION,
    lambda _: "there is coherence between levels, or H moves",
)
COVARIANT = Condition(
    lambda c: c.covariance <= _PRECISION,
    lambda _: "H moves or the baths mix levels and coherence",
)
CLOSED = Condition(lambda c: c.closed, lambda _: "the whole is not closed")
PRODUCT_START = Condition(
    lambda c: c.initial_defect <= _PRECISION,
    lambda c: f"the start is not rho_A x Gibbs reservoirs (by {c.initial_defect:.1e})",
)
EITHER_SIGN = Condition(lambda _: False, lambda _: "a flux, of either sign: Delta S_A = A4 - flux")
EXCHANGED = Condition(lambda _: False, lambda _: "an exchange of energy, of either sign")


@checked
def measure_conditions(
    system: OpenSystem,
    solution: Solution,
    temperature: RealLike | None = None,
    reservoirs: tuple[int, ...] = (),
) -> Conditions:
    """The conditions that decide which accountings are guaranteed to be >= 0.

    Args:
        system: a concrete open system.
        solution: its trajectory, with states.
        temperature: of the initial Gibbs states of the reservoirs.
        reservoirs: parts that are finite reservoirs.

    Returns:
        `Conditions`.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> solution = qt.evolve(system, mixed, [0.0, 1000.0])
        >>> conditions = qt.thermodynamics.measure_conditions(system, solution)
        >>> conditions.gibbs_defect < conditions.gibbs_tolerance  # the bath fixes its Gibbs state
        True
    """
    found = _measure(system, solution, static_levels(system))
    defect = jnp.asarray(jnp.nan)
    if reservoirs and temperature is not None:
        defect = initial_defect(system, solution, reservoirs, temperature)
    precision = float(jnp.finfo(solution.state.dtype).eps)
    return Conditions(
        **{name: float(value) for name, value in found.items()},
        gibbs_tolerance=max(LEVY_KOSLOFF_TOLERANCE, 1e3 * precision),
        closed=not system.baths,
        initial_defect=float(defect),
    )


def static_levels(system: OpenSystem) -> tuple[int, ...] | None:
    """The grouping of energies; None where it may change with time (H moves and d > 2)."""
    h = system.energy_hamiltonian
    if h.constant:
        return group_levels(h(0.0))
    return (1, 1) if system.dimension == 2 else None


@eqx.filter_jit
def _measure(
    system: OpenSystem, solution: Solution, levels: tuple[int, ...] | None
) -> dict[str, Any]:
    defects = jax.vmap(lambda t: gibbs_defects(system, t))(solution.ts)
    gaps = jax.vmap(lambda t: steady_state(system, t, throw=False).gap)(solution.ts)
    return {
        "smallest_rate": _smallest_rate(system, solution.ts),
        "gibbs_defect": jnp.max(defects, initial=0.0),
        "athermal_defect": _athermal_defect(system, solution),
        "coherence": _largest_coherence(system, solution, levels),
        "covariance": _covariance(system, levels),
        "fixed_point_gap": jnp.min(gaps),
    }


def _smallest_rate(system: OpenSystem, ts: Array) -> Array:
    def smallest(t: Array) -> Array:
        rates = [jump_operators(bath, system.hamiltonian, t)[0] for bath in system.baths]
        return jnp.min(jnp.concatenate([jnp.full(1, jnp.inf), *rates]))

    return jnp.min(jax.vmap(smallest)(ts))


def _athermal_defect(system: OpenSystem, solution: Solution) -> Array:
    """The largest relative |D(1)| and heat of the dissipators that have no reference state."""
    worst, mixed = [jnp.zeros(())], maximally_mixed(system.dimension)
    scales = total_heat_scales(system, solution.ts, solution.ts - solution.ts[0])

    def change(t: Array, k: int) -> Array:
        jumps = jump_operators(system.baths[k], system.hamiltonian, t)
        return _relative(dissipate(*jumps, mixed), dissipation_sizes(system, t)[k])

    for k, bath in enumerate(system.baths):
        if not has_reference(bath):
            worst += [_relative(solution.ledger.heat[:, k], scales[:, k])]
            worst += [jnp.max(jax.vmap(functools.partial(change, k=k))(solution.ts))]
    return jnp.max(jnp.stack(worst))


def _relative(values: Array, scale: Array) -> Array:
    """max|values| / scale, 0 where both are 0."""
    return jnp.max(jnp.abs(values) / jnp.where(scale > 0.0, scale, 1.0))


def _largest_coherence(
    system: OpenSystem, solution: Solution, levels: tuple[int, ...] | None
) -> Array:
    h = system.energy_hamiltonian
    if levels is None:
        return jnp.asarray(jnp.nan)
    found = jax.vmap(lambda t, rho: coherence(rho, h(t), levels))(solution.ts, states_of(solution))
    return jnp.max(found)


def _covariance(system: OpenSystem, levels: tuple[int, ...] | None) -> Array:
    """The largest relative |D Delta - Delta D|; nan where H moves."""
    h = system.energy_hamiltonian
    if levels is None or not h.constant:
        return jnp.asarray(jnp.nan)
    dephasing = sum(sandwich(p, p) for p in level_projectors(h(0.0), levels))
    sizes, defects = dissipation_sizes(system, 0.0), [jnp.zeros(())]
    for bath, size in zip(system.baths, sizes, strict=True):
        part = dissipator_superoperator(*jump_operators(bath, system.hamiltonian, 0.0))
        defects.append(_relative(matmul(part, dephasing) - matmul(dephasing, part), size))
    return jnp.max(jnp.stack(defects))
