"""The accountings, one record each: adding one is adding a record.

A record has the name, formula and source of a quantity, the function of a trajectory that computes
it, and the conditions under which it cannot be negative.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from .._types import RealLike
from ..dynamics.dissipators import is_thermal
from ..dynamics.evolve import Solution
from ..dynamics.open_system import OpenSystem
from .conditions import (
    CLOSED,
    COVARIANT,
    EITHER_SIGN,
    EXCHANGED,
    GIBBS_FIXED_POINTS,
    NO_ATHERMAL_HEAT,
    NO_COHERENCE,
    POSITIVE_RATES,
    PRODUCT_START,
    UNIQUE_FIXED_POINT,
    Condition,
)
from .entropy_based import EntropyBasedExchange, entropy_based_exchange
from .ergotropy import ergotropy
from .production import (
    CoherenceSplit,
    OverTime,
    coherence_split,
    deffner_lutz_closed,
    deffner_lutz_open,
    fixed_point_production,
    free_energy_production,
    spohn_total,
    states_of,
)
from .rates import Rates, rates
from .reservoirs import FiniteReservoirs, finite_reservoirs


class Trajectory:
    """A trajectory, with what accountings share, each computed once in the trace that needs it.

    Args:
        system: the open system.
        solution: its trajectory, with states.
        temperature: T > 0 for the accountings with one bath, or `None`.
        reservoirs: parts that are finite reservoirs.
        levels: sizes of the groups of equal energies, or `None` where they may change with time.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> solution = qt.evolve(system, mixed, [0.0, 1000.0])
        >>> trajectory = qt.thermodynamics.Trajectory(system, solution)
        >>> trajectory.over_time(lambda t, rho: qt.expectation(rho, rho))  # at both times
        [0.5000, 0.6068]
    """

    def __init__(
        self,
        system: OpenSystem,
        solution: Solution,
        temperature: RealLike | None = None,
        reservoirs: tuple[int, ...] = (),
        levels: tuple[int, ...] | None = None,
    ):
        self.system, self.solution, self.temperature = system, solution, temperature
        self.reservoirs, self.levels = reservoirs, levels

    def over_time(self, function: Callable[..., Any]) -> Any:
        """function(t, rho) at every time."""
        return jax.vmap(function)(self.solution.ts, states_of(self.solution))

    @functools.cached_property
    def rates(self) -> Rates:
        """`rates` at every time."""
        return self.over_time(functools.partial(rates, self.system))

    @functools.cached_property
    def fixed_point(self) -> OverTime:
        """`fixed_point_production` at every time."""
        return self.over_time(functools.partial(fixed_point_production, self.system))

    @functools.cached_property
    def split(self) -> CoherenceSplit:
        """`coherence_split` at every time."""
        return self.over_time(lambda t, rho: coherence_split(self.system, t, rho, self.levels))

    @functools.cached_property
    def ergotropy(self) -> OverTime:
        """`ergotropy` at every time."""
        h = self.system.energy_hamiltonian
        return self.over_time(lambda t, rho: ergotropy(rho, h(t)))

    @functools.cached_property
    def entropy_based(self) -> EntropyBasedExchange:
        """`entropy_based_exchange` of the trajectory."""
        return entropy_based_exchange(self.system, self.solution)

    @functools.cached_property
    def finite(self) -> FiniteReservoirs:
        """`finite_reservoirs` of the whole."""
        assert self.temperature is not None
        return finite_reservoirs(self.system, self.solution, self.reservoirs, self.temperature)


class AccountingRecord(NamedTuple):
    """An accounting as it stands in the table: adding one is adding a record.

    Args:
        name: the quantity and whose convention it is.
        formula: in words of the books.
        kind: "rate" (per time), "total" (since ts[0]) or "state".
        source: paper or equation.
        values: of a `Trajectory`, the quantity over its times, (times,). Compiled.
        exists: of a `Trajectory`, by what it is made of and not by values, whether it is defined.
        conditions: under which it is >= 0 for certain.
        theorem: why it is, if they all hold.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system, mixed = qt.OpenSystem(qt.number(2), bath), qt.algebra.maximally_mixed(2)
        >>> solution = qt.evolve(system, mixed, [0.0, 1000.0])
        >>> purity = qt.thermodynamics.AccountingRecord(
        ...     name="purity", formula="tr rho^2", kind="state", source="", theorem="a square",
        ...     values=lambda x: x.over_time(lambda t, rho: qt.expectation(rho, rho)),
        ...     exists=lambda x: True, conditions=(),
        ... )
        >>> qt.accountings(system, solution, records=[purity])[0].values
        [0.5000, 0.6068]
    """

    name: str
    formula: str
    kind: str
    source: str
    values: Callable[[Trajectory], OverTime]
    exists: Callable[[Trajectory], bool]
    conditions: tuple[Condition, ...]
    theorem: str


_SPOHN = (POSITIVE_RATES, GIBBS_FIXED_POINTS, NO_ATHERMAL_HEAT)


def share_temperature(system: OpenSystem) -> bool:
    """Whether the baths are thermal at one temperature > 0."""
    found = {float(b.temperature) for b in system.baths if b.temperature is not None}
    thermal = all(is_thermal(bath) for bath in system.baths)
    return thermal and len(found) == 1 and min(found) > 0.0


def _always(trajectory: Trajectory) -> bool:
    return True


def _open(trajectory: Trajectory) -> bool:
    return bool(trajectory.system.baths)


def _divided(trajectory: Trajectory) -> bool:
    return _open(trajectory) and trajectory.levels is not None


def _at_one_temperature(trajectory: Trajectory) -> bool:
    return trajectory.temperature is not None


def _with_one_bath(trajectory: Trajectory) -> bool:
    return _at_one_temperature(trajectory) and (
        not trajectory.system.baths or share_temperature(trajectory.system)
    )


def _with_reservoirs(trajectory: Trajectory) -> bool:
    return bool(trajectory.reservoirs)


ACCOUNTINGS: tuple[AccountingRecord, ...] = (
    AccountingRecord(
        name="interior rate d_iS (the paper, eq. 11)",
        formula="i tr([H, rho] ln rho)",
        kind="rate",
        source="eq. (11)",
        values=lambda x: x.rates.interior,
        exists=_always,
        conditions=(),
        theorem="0 for every H and state by cyclicity of the trace",
    ),
    AccountingRecord(
        name="Spohn and Alicki's production (A1, eq. 14)",
        formula="S' - sum Q_k'/T_k",
        kind="rate",
        source="Spohn, J. Math. Phys. 19, 1227 (1978); Alicki, J. Phys. A 12, L103 (1979)",
        values=lambda x: x.rates.spohn_production,
        exists=_open,
        conditions=_SPOHN,
        theorem="GKSL with Gibbs fixed points (Spohn 1978)",
    ),
    AccountingRecord(
        name="Spohn and Alicki's production (A1)",
        formula="Delta S - sum Q_k/T_k",
        kind="total",
        source="Spohn, J. Math. Phys. 19, 1227 (1978); Alicki, J. Phys. A 12, L103 (1979)",
        values=lambda x: spohn_total(x.system, x.solution),
        exists=_open,
        conditions=_SPOHN,
        theorem="GKSL with Gibbs fixed points (Spohn 1978)",
    ),
    AccountingRecord(
        name="fixed-point production (A2); non-adiabatic (A7)",
        formula="-tr(rho' (ln rho - ln pi))",
        kind="rate",
        source="Horowitz and Parrondo, New J. Phys. 15, 085028 (2013)",
        values=lambda x: x.fixed_point,
        exists=_open,
        conditions=(POSITIVE_RATES, UNIQUE_FIXED_POINT),
        theorem="GKSL: relative entropy to the fixed point contracts",
    ),
    AccountingRecord(
        name="adiabatic production (A7)",
        formula="A1 - non-adiabatic",
        kind="rate",
        source="Esposito and Van den Broeck, Phys. Rev. Lett. 104, 090601 (2010)",
        values=lambda x: x.rates.spohn_production - x.fixed_point,
        exists=_open,
        conditions=(*_SPOHN, UNIQUE_FIXED_POINT, NO_COHERENCE, COVARIANT),
        theorem="classical populations",
    ),
    AccountingRecord(
        name="population part of Spohn's production (A8)",
        formula="d/dt S(dephased) - sum Q_k'/T_k",
        kind="rate",
        source="Santos, Celeri, Landi and Paternostro, npj Quantum Inf. 5, 23 (2019)",
        values=lambda x: x.split.population,
        exists=_divided,
        conditions=(*_SPOHN, COVARIANT),
        theorem="the baths commute with dephasing (Davies)",
    ),
    AccountingRecord(
        name="coherence part of Spohn's production (A8)",
        formula="-C'",
        kind="rate",
        source="Santos, Celeri, Landi and Paternostro, npj Quantum Inf. 5, 23 (2019)",
        values=lambda x: x.split.coherence,
        exists=_divided,
        conditions=(*_SPOHN, COVARIANT),
        theorem="the baths commute with dephasing (Davies)",
    ),
    AccountingRecord(
        name="ergotropy (A9)",
        formula="tr(rho H) - sum r_k e_k",
        kind="state",
        source="Allahverdyan, Balian and Nieuwenhuizen, Europhys. Lett. 67, 565 (2004)",
        values=lambda x: x.ergotropy,
        exists=_always,
        conditions=(),
        theorem="the passive state has the least energy of all states with these eigenvalues",
    ),
    AccountingRecord(
        name="open-form irreversible entropy of Deffner and Lutz (A3, 2011)",
        formula="D(rho_0||tau_0) - D(rho||tau) + (W - Delta F_eq)/T",
        kind="total",
        source="Deffner and Lutz, Phys. Rev. Lett. 107, 140404 (2011)",
        values=lambda x: deffner_lutz_open(x.system, x.solution, x.temperature),
        exists=_with_one_bath,
        conditions=_SPOHN,
        theorem="the time integral of Spohn's production for one bath; 0 for a closed system",
    ),
    AccountingRecord(
        name="closed-form irreversible entropy of Deffner and Lutz (A3, 2010)",
        formula="D(rho || tau)",
        kind="total",
        source="Deffner and Lutz, Phys. Rev. Lett. 105, 170402 (2010)",
        values=lambda x: deffner_lutz_closed(x.system, x.solution, x.temperature),
        exists=_at_one_temperature,
        conditions=(),
        theorem="a relative entropy; counts the relaxation that would follow",
    ),
    AccountingRecord(
        name="dissipated free energy (A6)",
        formula="(W - Delta F)/T",
        kind="total",
        source="Esposito and Van den Broeck, EPL 95, 40004 (2011)",
        values=lambda x: free_energy_production(x.system, x.solution, x.temperature),
        exists=_with_one_bath,
        conditions=_SPOHN,
        theorem="the time integral of Spohn's production for one bath; 0 for a closed system",
    ),
    AccountingRecord(
        name="Esposito, Lindenberg and Van den Broeck's production (A4)",
        formula="Delta S_A - sum beta_r Q_r",
        kind="total",
        source="Esposito, Lindenberg and Van den Broeck, New J. Phys. 12, 013013 (2010)",
        values=lambda x: x.finite.production,
        exists=_with_reservoirs,
        conditions=(CLOSED, PRODUCT_START),
        theorem="a relative entropy for this product start (it may fall)",
    ),
    AccountingRecord(
        name="Landi and Paternostro's flux (A5)",
        formula="-sum beta_r Q_r",
        kind="total",
        source="Landi and Paternostro, Rev. Mod. Phys. 93, 035008 (2021)",
        values=lambda x: x.finite.flux,
        exists=_with_reservoirs,
        conditions=(EITHER_SIGN,),
        theorem="none: a flux",
    ),
    AccountingRecord(
        name="Landauer's excess cost (A10)",
        formula="sum beta_r Delta U_r + Delta S_A",
        kind="total",
        source="Reeb and Wolf, New J. Phys. 16, 103011 (2014)",
        values=lambda x: x.finite.landauer_cost - x.finite.landauer_bound,
        exists=_with_reservoirs,
        conditions=(CLOSED, PRODUCT_START),
        theorem="a relative entropy for this product start (it may fall)",
    ),
    AccountingRecord(
        name="excess over Reeb and Wolf's bound (A10)",
        formula="sum beta_r Delta U_r - bound",
        kind="total",
        source="Reeb and Wolf, New J. Phys. 16, 103011 (2014)",
        values=lambda x: x.finite.landauer_cost - x.finite.reeb_wolf_bound,
        exists=_with_reservoirs,
        conditions=(CLOSED, PRODUCT_START),
        theorem="Reeb and Wolf 2014, where S_A has fallen",
    ),
    AccountingRecord(
        name="Alicki's heat (A1)",
        formula="int tr(D(rho) H) dt",
        kind="total",
        source="Alicki, J. Phys. A 12, L103 (1979)",
        values=lambda x: x.solution.ledger.heat.sum(axis=1),
        exists=_open,
        conditions=(EXCHANGED,),
        theorem="none: an exchange",
    ),
    AccountingRecord(
        name="Alicki's work (A1)",
        formula="int tr(rho H') dt",
        kind="total",
        source="Alicki, J. Phys. A 12, L103 (1979)",
        values=lambda x: x.solution.ledger.work,
        exists=_open,
        conditions=(EXCHANGED,),
        theorem="none: an exchange",
    ),
    AccountingRecord(
        name="entropy-based heat (A11)",
        formula="int sum r_k' <k|H|k> dt",
        kind="total",
        source="Ahmadi, Salimi and Khorashad, arXiv:1912.01983; doi:10.1038/s41598-022-27156-0",
        values=lambda x: x.entropy_based.heat.sum(axis=1),
        exists=_open,
        conditions=(EXCHANGED,),
        theorem="none: an exchange",
    ),
    AccountingRecord(
        name="entropy-based work (A11)",
        formula="Delta U - int sum r_k' <k|H|k> dt",
        kind="total",
        source="Ahmadi, Salimi and Khorashad, arXiv:1912.01983; doi:10.1038/s41598-022-27156-0",
        values=lambda x: x.entropy_based.work,
        exists=_open,
        conditions=(EXCHANGED,),
        theorem="none: an exchange",
    ),
)
