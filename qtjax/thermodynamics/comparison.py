"""Every accounting of irreversibility side by side on one trajectory, with what is guaranteed.

Whether a quantity is >= 0 for certain is decided by conditions that are measured on the system at
hand (signs of rates, fixed points of baths, the initial state), not by its name.
"""

import functools
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checks import is_concrete
from .._types import RealLike
from ..algebra.spectral import group_levels, level_projectors
from ..algebra.states import maximally_mixed
from ..algebra.superoperators import dissipator_superoperator, sandwich
from ..dynamics.dissipators import dissipate
from ..dynamics.evolve import Solution
from ..dynamics.open_system import (
    LEVY_KOSLOFF_TOLERANCE,
    OpenSystem,
    gibbs_defects,
    warn_unless_gibbs,
)
from ..dynamics.steady_state import steady_state
from ..information.coherence import coherence
from .ergotropy import ergotropy
from .production import (
    coherence_split,
    deffner_lutz_closed,
    deffner_lutz_open,
    fixed_point_production,
    free_energy_production,
    spohn_total,
    states_of,
)
from .rates import rates
from .reservoirs import finite_reservoirs

_ROUNDING = 1e-10


class Accounting(eqx.Module):
    """One quantity over the times of a trajectory, under the name of its convention.

    Args:
        name: the quantity and whose convention it is.
        formula: as computed.
        kind: "rate" (per time), "total" (since ts[0]) or "state".
        values: (times,); nan where it is not defined.
        guaranteed: whether it cannot be negative here.
        reason: why it is guaranteed, or why not.
    """

    name: str = eqx.field(static=True)
    formula: str = eqx.field(static=True)
    kind: str = eqx.field(static=True)
    values: Float[Array, " times"]
    guaranteed: bool = eqx.field(static=True)
    reason: str = eqx.field(static=True)


class Conditions(eqx.Module):
    """What decides the signs, measured along a trajectory.

    Args:
        smallest_rate: of all jump rates at all times; +inf without dissipators.
        gibbs_defect: largest relative size of what a bath does to its own Gibbs state.
        athermal_defect: largest |D(1)| or heat of a dissipator without a temperature.
        coherence: largest coherence between levels of H.
        covariance: largest |D Delta - Delta D|, Delta the dephasing in levels; nan if H moves.
        fixed_point_gap: smallest `SteadyState.gap`.
    """

    smallest_rate: float
    gibbs_defect: float
    athermal_defect: float
    coherence: float
    covariance: float
    fixed_point_gap: float


def accountings(
    system: OpenSystem,
    solution: Solution,
    *,
    temperature: RealLike | None = None,
    reservoirs: Sequence[int] | None = None,
) -> tuple[Accounting, ...]:
    """Every accounting that exists for this system, on one trajectory, side by side.

    The paper's interior rate is always there; Spohn's, the fixed point's, the adiabatic division,
    Deffner and Lutz's two, the free energy's, the coherence split and ergotropy where baths or a
    `temperature` define them; those of finite reservoirs where `reservoirs` names some parts.

    Args:
        system: a concrete open system.
        solution: its trajectory from `evolve`, with states.
        temperature: T > 0 for the accountings with one bath; that of the baths by default, if they
            share one. A closed system needs it.
        reservoirs: parts of a closed composite that are reservoirs, at `temperature`.

    Returns:
        Tuple of `Accounting`; `accounting_table` prints it.

    Raises:
        ValueError: traced input, a solution without states, `reservoirs` without `temperature`, or
            a `temperature` that is not that of the baths.

    Source: docs/physics.md, A1 to A10.
    """
    if not is_concrete(system, solution):
        raise ValueError("`system` and `solution` must be concrete: the table decides by values.")
    if reservoirs is not None and temperature is None:
        raise ValueError("`reservoirs` need `temperature`, that of their initial Gibbs states.")
    warn_unless_gibbs(system, _defects(system, solution.ts))
    shared = _shared_temperature(system)
    if shared is not None and temperature is not None and abs(temperature - shared) > 1e-9 * shared:
        raise ValueError(
            f"`temperature` is {float(temperature):g}, but the baths are at {shared:g}; leave it "
            "out, or give the one of the baths."
        )
    temperature = shared if temperature is None else temperature
    conditions = measure_conditions(system, solution)
    levels = _levels(system)
    table = _instant(system, solution, conditions, levels)
    if temperature is not None:
        table += _one_temperature(system, solution, conditions, temperature, shared is not None)
    if reservoirs is not None and temperature is not None:
        table += _reservoirs(system, solution, reservoirs, temperature)
    return tuple(table)


def measure_conditions(system: OpenSystem, solution: Solution) -> Conditions:
    """The conditions that decide which accountings are guaranteed to be >= 0.

    Args:
        system: a concrete open system.
        solution: its trajectory, with states.

    Returns:
        `Conditions`.
    """
    return Conditions(
        **{k: float(v) for k, v in _measure(system, solution, _levels(system)).items()}
    )


@eqx.filter_jit
def _measure(
    system: OpenSystem, solution: Solution, levels: tuple[int, ...] | None
) -> dict[str, Any]:
    return {
        "smallest_rate": _smallest_rate(system, solution.ts),
        "gibbs_defect": jnp.max(_defects(system, solution.ts), initial=0.0),
        "athermal_defect": _athermal_defect(system, solution),
        "coherence": _largest_coherence(system, solution, levels),
        "covariance": _covariance(system, levels),
        "fixed_point_gap": jnp.min(
            jax.vmap(lambda t: steady_state(system, t, throw=False).gap)(solution.ts)
        ),
    }


def _smallest_rate(system: OpenSystem, ts: Array) -> Array:
    def smallest(t: Array) -> Array:
        h = system.hamiltonian(t)
        rates = [jnp.min(bath.jumps(t, h)[0], initial=jnp.inf) for bath in system.baths]
        return jnp.min(jnp.stack([jnp.asarray(jnp.inf), *rates]))

    return jnp.min(jax.vmap(smallest)(ts))


@eqx.filter_jit
def _defects(system: OpenSystem, ts: Array) -> Float[Array, " baths"]:
    return jnp.max(jax.vmap(lambda t: gibbs_defects(system, t))(ts), axis=0)


def _athermal_defect(system: OpenSystem, solution: Solution) -> Array:
    """The largest |D(1)| and heat of the dissipators that have no temperature."""
    worst = [jnp.zeros(())]
    mixed = maximally_mixed(system.dimension)

    def change(t: Array, k: int) -> Array:
        jumps = system.baths[k].jumps(t, system.hamiltonian(t))
        return jnp.max(jnp.abs(dissipate(*jumps, mixed)))

    for k, bath in enumerate(system.baths):
        if bath.temperature is None:
            worst += [jnp.max(jnp.abs(solution.ledger.heat[:, k]))]
            worst += [jnp.max(jax.vmap(functools.partial(change, k=k))(solution.ts))]
    return jnp.max(jnp.stack(worst))


def _largest_coherence(
    system: OpenSystem, solution: Solution, levels: tuple[int, ...] | None
) -> Array:
    h = system.energy_hamiltonian
    if levels is None:
        return jnp.asarray(jnp.nan)
    found = jax.vmap(lambda t, rho: coherence(rho, h(t), levels))(solution.ts, states_of(solution))
    return jnp.max(found)


def _covariance(system: OpenSystem, levels: tuple[int, ...] | None) -> Array:
    """The largest |D Delta - Delta D|; nan where H moves."""
    h = system.energy_hamiltonian
    if levels is None or not h.constant:
        return jnp.asarray(jnp.nan)
    projectors = level_projectors(h(0.0), levels)
    dephasing = sum(sandwich(p, p) for p in projectors)
    defects = [jnp.zeros(())]
    for bath in system.baths:
        part = dissipator_superoperator(*bath.jumps(0.0, system.hamiltonian(0.0)))
        defects.append(jnp.max(jnp.abs(part @ dephasing - dephasing @ part)))
    return jnp.max(jnp.stack(defects))


def _levels(system: OpenSystem) -> tuple[int, ...] | None:
    """The grouping of energies; None where it may change with time (H moves and d > 2)."""
    h = system.energy_hamiltonian
    if h.constant:
        return group_levels(h(0.0))
    return (1, 1) if system.dimension == 2 else None


def _shared_temperature(system: OpenSystem) -> float | None:
    """The temperature of the baths, if they all have the same and it is > 0."""
    found = {float(b.temperature) for b in system.baths if b.temperature is not None}
    return found.pop() if len(found) == 1 and min(found) > 0.0 else None


def _why(checks: list[tuple[bool, str]], otherwise: str) -> tuple[bool, str]:
    """(all conditions hold, the failing ones or the theorem)."""
    failed = [text for good, text in checks if not good]
    return (not failed, "; ".join(failed) if failed else otherwise)


def _spohn_checks(c: Conditions) -> list[tuple[bool, str]]:
    return [
        (c.smallest_rate >= 0.0, f"a rate is negative (down to {c.smallest_rate:.3g})"),
        (
            c.gibbs_defect <= LEVY_KOSLOFF_TOLERANCE,
            f"a bath does not fix its Gibbs state (by {c.gibbs_defect:.1e}; Levy and Kosloff 2014)",
        ),
        (
            c.athermal_defect <= _ROUNDING,
            "a dissipator without temperature carries heat or is not unital",
        ),
    ]


def _instant(
    system: OpenSystem, solution: Solution, c: Conditions, levels: tuple[int, ...] | None
) -> list[Accounting]:
    """The rates, of which some need a bath."""
    now, fixed, split, work = _over_time(system, solution, levels)
    table = [
        Accounting(
            "interior rate d_iS (the paper, eq. 11)", "i tr([H, rho] ln rho)", "rate",
            now.interior, True, "0 for every H and state by cyclicity of the trace",
        ),
        Accounting(
            "ergotropy (A9)", "tr(rho H) - sum r_k e_k", "state", work, True,
            "the passive state has the least energy of all states with these eigenvalues",
        ),
    ]  # fmt: skip
    if not system.baths:
        return table
    spohn = _why(_spohn_checks(c), "GKSL with Gibbs fixed points (Spohn 1978)")
    positive = [(c.smallest_rate >= 0.0, f"a rate is negative (down to {c.smallest_rate:.3g})")]
    unique = [(c.fixed_point_gap > 1e-13, "the fixed point is not unique")]
    relative = _why(positive + unique, "GKSL: relative entropy to the fixed point contracts")
    classical = [
        (c.coherence <= _ROUNDING, "there is coherence between levels, or H moves"),
        (c.covariance <= _ROUNDING, "the baths mix populations and coherence"),
    ]
    adiabatic = _why(_spohn_checks(c) + unique + classical, "classical populations")
    covariant = [(c.covariance <= _ROUNDING, "H moves or the baths mix levels and coherence")]
    divided = _why(_spohn_checks(c) + covariant, "the baths commute with dephasing (Davies)")
    table[1:1] = [
        Accounting(
            "Spohn and Alicki's production (A1, eq. 14)", "S' - sum Q_k'/T_k", "rate",
            now.spohn_production, *spohn,
        ),
        Accounting(
            "Spohn and Alicki's production (A1)", "Delta S - sum Q_k/T_k", "total",
            spohn_total(system, solution), *spohn,
        ),
        Accounting(
            "fixed-point production (A2); non-adiabatic (A7)", "-tr(rho' (ln rho - ln pi))",
            "rate", fixed, *relative,
        ),
        Accounting(
            "adiabatic production (A7)", "A1 - non-adiabatic", "rate",
            now.spohn_production - fixed, *adiabatic,
        ),
    ]  # fmt: skip
    if split is not None:
        table[-1:-1] = [
            Accounting(
                "population part of Spohn's production (A8)", "d/dt S(dephased) - sum Q_k'/T_k",
                "rate", split.population, *divided,
            ),
            Accounting(
                "coherence part of Spohn's production (A8)", "-C'", "rate", split.coherence,
                *divided,
            ),
        ]  # fmt: skip
    return table


@eqx.filter_jit
def _over_time(
    system: OpenSystem, solution: Solution, levels: tuple[int, ...] | None
) -> tuple[Any, Any, Any, Any]:
    def instant(t: Array, rho: Array) -> tuple[Any, Any, Any, Any]:
        h = system.energy_hamiltonian(t)
        split = None if levels is None else coherence_split(system, t, rho, levels)
        fixed = fixed_point_production(system, t, rho) if system.baths else None
        return rates(system, t, rho), fixed, split, ergotropy(rho, h)

    return jax.vmap(instant)(solution.ts, states_of(solution))


def _one_temperature(
    system: OpenSystem, solution: Solution, c: Conditions, temperature: RealLike, shared: bool
) -> list[Accounting]:
    """The totals that need one temperature."""
    opened, closed, energies = _totals(system, solution, temperature)
    table = [
        Accounting(
            "closed-form irreversible entropy of Deffner and Lutz (A3, 2010)", "D(rho || tau)",
            "total", closed, True, "a relative entropy; counts the relaxation that would follow",
        )
    ]  # fmt: skip
    if system.baths and not shared:
        return table
    spohn = _why(_spohn_checks(c), "the time integral of Spohn's production for one bath")
    if not system.baths:
        spohn = (True, "a closed system: Delta S = Q = 0, so it is 0")
    return [
        Accounting(
            "open-form irreversible entropy of Deffner and Lutz (A3, 2011)",
            "D(rho_0||tau_0) - D(rho||tau) + (W - Delta F_eq)/T", "total", opened, *spohn,
        ),
        *table,
        Accounting(
            "dissipated free energy (A6)", "(W - Delta F)/T", "total", energies, *spohn
        ),
    ]  # fmt: skip


@eqx.filter_jit
def _totals(
    system: OpenSystem, solution: Solution, temperature: RealLike
) -> tuple[Array, Array, Array]:
    return (
        deffner_lutz_open(system, solution, temperature),
        deffner_lutz_closed(system, solution, temperature),
        free_energy_production(system, solution, temperature),
    )


def _reservoirs(
    system: OpenSystem, solution: Solution, reservoirs: Sequence[int], temperature: RealLike
) -> list[Accounting]:
    """The totals of finite reservoirs."""
    f = finite_reservoirs(system, solution, reservoirs, temperature)
    unitary = (not system.baths, "the whole is not closed")
    product = (
        float(f.initial_defect) <= _ROUNDING,
        f"the start is not rho_A x Gibbs reservoirs (by {float(f.initial_defect):.1e})",
    )
    elb = _why([unitary, product], "a relative entropy for this product start (it may fall)")
    bound = _why([unitary, product], "Reeb and Wolf 2014, where S_A has fallen")
    return [
        Accounting(
            "Esposito, Lindenberg and Van den Broeck's production (A4)",
            "Delta S_A - sum beta_r Q_r", "total", f.production, *elb,
        ),
        Accounting(
            "Landi and Paternostro's flux (A5)", "-sum beta_r Q_r", "total", f.flux, False,
            "a flux, of either sign: Delta S_A = A4 - flux",
        ),
        Accounting(
            "Landauer's excess cost (A10)", "sum beta_r Delta U_r + Delta S_A", "total",
            f.landauer_cost - f.landauer_bound, *elb,
        ),
        Accounting(
            "excess over Reeb and Wolf's bound (A10)", "sum beta_r Delta U_r - bound", "total",
            f.landauer_cost - f.reeb_wolf_bound, *bound,
        ),
    ]  # fmt: skip


def accounting_table(table: Sequence[Accounting], index: int = -1) -> str:
    """The accountings as text: name, value at one time, smallest value, whether >= 0 is guaranteed.

    Args:
        table: from `accountings`.
        index: which time's value is shown; the last by default.

    Returns:
        Lines of text.
    """
    rows = [("accounting", "kind", "value", "smallest", ">= 0 guaranteed")]
    for a in table:
        values = np.asarray(a.values)
        smallest = np.nanmin(values) if np.any(~np.isnan(values)) else np.nan
        verdict = f"{'yes' if a.guaranteed else 'no'}: {a.reason}"
        rows.append((a.name, a.kind, f"{values[index]:.6g}", f"{smallest:.3g}", verdict))
    widths = [max(len(row[k]) for row in rows) for k in range(4)]
    lines = []
    for name, kind, value, smallest, verdict in rows:
        left = f"{name:<{widths[0]}}  {kind:<{widths[1]}}"
        right = f"{value:>{widths[2]}}  {smallest:>{widths[3]}}"
        lines.append(f"{left}  {right}  {verdict}")
    return "\n".join(lines)
