"""Every accounting of irreversibility side by side on one trajectory, with what is guaranteed.

Whether a quantity is >= 0 for certain is decided by conditions that are measured on the system at
hand (signs of rates, fixed points of baths, the initial state), not by its name.
"""

import io
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import is_concrete
from .._types import RealLike
from ..dynamics.evolve import Solution
from ..dynamics.open_system import OpenSystem, gibbs_defects, warn_unless_gibbs
from .accounting_records import ACCOUNTINGS, AccountingRecord, Trajectory, share_temperature
from .conditions import Conditions, measure_conditions, static_levels
from .production import OverTime


class Accounting(eqx.Module):
    """One quantity over the times of a trajectory, under the name of its convention.

    Args:
        name: the quantity and whose convention it is.
        formula: as computed.
        kind: "rate" (per time), "total" (since ts[0]) or "state".
        values: (times,); nan where it is not defined.
        guaranteed: whether it cannot be negative here.
        reason: why it is guaranteed, or why not.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> solution = qt.evolve(system, mixed, [0.0, 1000.0])
        >>> table = qt.accountings(system, solution)
        >>> spohn = next(a for a in table if a.kind == "total")
        >>> spohn.values, spohn.guaranteed
        ([0.0000, 0.1201], True)
    """

    name: str = eqx.field(static=True)
    formula: str = eqx.field(static=True)
    kind: str = eqx.field(static=True)
    values: Float[Array, " times"]
    guaranteed: bool = eqx.field(static=True)
    reason: str = eqx.field(static=True)


@checked
def accountings(
    system: OpenSystem,
    solution: Solution,
    *,
    temperature: RealLike | None = None,
    reservoirs: Sequence[int] | None = None,
    records: Sequence[AccountingRecord] = ACCOUNTINGS,
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
        records: the accountings to choose from; `(*ACCOUNTINGS, record)` adds one.

    Returns:
        Tuple of `Accounting`; `accounting_table` prints it.

    Raises:
        ValueError: traced input, a solution without states, `reservoirs` without `temperature`, or
            a `temperature` that is not that of the baths.

    Source: docs/physics.md, A1 to A10.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> solution = qt.evolve(system, mixed, [0.0, 1000.0])
        >>> table = qt.accountings(system, solution)
        >>> [a.name for a in table if not a.guaranteed][:2]  # of either sign
        ["Alicki's heat (A1)", "Alicki's work (A1)"]
    """
    if not is_concrete(system, solution):
        raise ValueError("`system` and `solution` must be concrete: the table decides by values.")
    if reservoirs is not None and temperature is None:
        raise ValueError("`reservoirs` need `temperature`, that of their initial Gibbs states.")
    warn_unless_gibbs(system, _defects(system, solution.ts))
    temperature = _one_temperature(system, temperature)
    chosen, levels = tuple(reservoirs or ()), static_levels(system)
    parts = system, solution, temperature, chosen, levels
    existing = tuple(record for record in records if record.exists(Trajectory(*parts)))
    conditions = measure_conditions(system, solution, temperature, chosen)
    values = _values(existing, *parts)
    return tuple(
        Accounting(r.name, r.formula, r.kind, value, *_verdict(r, conditions))
        for r, value in zip(existing, values, strict=True)
    )


@eqx.filter_jit
def _values(records: tuple[AccountingRecord, ...], *parts: Any) -> tuple[OverTime, ...]:
    trajectory = Trajectory(*parts)
    return tuple(record.values(trajectory) for record in records)


@eqx.filter_jit
def _defects(system: OpenSystem, ts: Array) -> Float[Array, " baths"]:
    return jnp.max(jax.vmap(lambda t: gibbs_defects(system, t))(ts), axis=0)


def _verdict(record: AccountingRecord, conditions: Conditions) -> tuple[bool, str]:
    """(all conditions hold, the failing ones or the theorem)."""
    failed = [c.otherwise(conditions) for c in record.conditions if not c.holds(conditions)]
    return not failed, "; ".join(failed) if failed else record.theorem


def _one_temperature(system: OpenSystem, given: RealLike | None) -> RealLike | None:
    """The temperature that is given, or that of all baths, if they have the same and it is > 0."""
    if not share_temperature(system):
        return given
    shared = next(float(b.temperature) for b in system.baths if b.temperature is not None)
    if given is not None and abs(given - shared) > 1e-9 * shared:
        raise ValueError(
            f"`temperature` is {float(given):g}, but the baths are at {shared:g}; leave it "
            "out, or give the one of the baths."
        )
    return shared if given is None else given


@checked
def accounting_table(table: Sequence[Accounting], index: int = -1) -> str:
    """The accountings as text: name, value at one time, smallest value, whether >= 0 is guaranteed.

    Args:
        table: from `accountings`.
        index: which time's value is shown; the last by default.

    Returns:
        Lines of text.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> solution = qt.evolve(system, mixed, [0.0, 1000.0])
        >>> text = qt.thermodynamics.accounting_table(qt.accountings(system, solution))
        >>> " ".join(text.split()[:7])
        'accounting kind value smallest >= 0 guaranteed'
    """
    if any(not -len(a.values) <= index < len(a.values) for a in table):
        raise ValueError(f"`index` must be that of a saved time, got {index}.")
    from rich.console import Console  # here, as it takes long to import
    from rich.table import Table

    text = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, justify in zip(
        ("accounting", "kind", "value", "smallest", ">= 0 guaranteed"),
        ("left", "left", "right", "right", "left"),
        strict=True,
    ):
        text.add_column(name, justify=justify, no_wrap=True)
    for a in table:
        values = np.asarray(a.values)
        smallest = np.nanmin(values) if np.any(~np.isnan(values)) else np.nan
        verdict = f"{'yes' if a.guaranteed else 'no'}: {a.reason}"
        text.add_row(a.name, a.kind, f"{values[index]:.6g}", f"{smallest:.3g}", verdict)
    lines = io.StringIO()
    Console(file=lines, width=1000, markup=False, emoji=False, color_system=None).print(text)
    return "\n".join(line.rstrip() for line in lines.getvalue().splitlines())
