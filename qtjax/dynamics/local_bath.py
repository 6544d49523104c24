"""A thermal bath on one given transition, whatever the Hamiltonian."""

from typing import Any

import equinox as eqx
from jaxtyping import Array, Float

from .._checks import as_complex, check_nonnegative, check_operator, concretely, is_function
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.operators import dag
from .bath_arguments import as_temperature, checked_spectrum
from .channels import Channel
from .dissipators import AbstractDissipator
from .hamiltonians import AbstractHamiltonian
from .schedules import AbstractSchedule, Constant, Schedule, as_schedule, breakpoints_of
from .spectra import Spectrum, check_spectrum, thermal_rates


class LocalBath(AbstractDissipator):
    """A thermal bath on one given transition: gamma (n+1) D[L] + gamma n D[L^+].

    It does not look at the system's Hamiltonian. Where L does not lower an eigenstate of H by `gap`
    (coupled sites, driving) its fixed point is not the Gibbs state of H, and Spohn's production
    may then be negative (Levy and Kosloff 2014).

    Args:
        lowering: the operator L that lowers the system, (d, d); for H = gap * number(2) it is
            `destroy(2)`, for H = +gap * sigmaz()/2 (ground state index 1) it is `create(2)`.
        gap: the energy that L takes out, >= 0: a number, or a schedule for a gap that moves.
        temperature: >= 0.
        spectrum: gamma(omega).

    Raises:
        ValueError: negative gap or temperature, operator not square or not finite.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), 1.0, 1 / np.log(3), qt.Flat(0.1))
        >>> qt.steady_state(qt.OpenSystem(qt.number(2), bath)).state.diagonal().real
        [0.75, 0.25]
    """

    lowering: Operator
    gap: Schedule
    temperature: Real
    spectrum: Spectrum

    def __init__(
        self,
        lowering: OperatorLike,
        gap: RealLike | Schedule,
        temperature: RealLike,
        spectrum: Spectrum,
    ):
        check_operator("lowering", lowering)
        if not is_function(gap):
            check_nonnegative("gap", gap, "let `lowering` point downward in energy.")
        self.lowering, self.gap = as_complex(lowering), as_schedule("gap", gap)
        self.temperature, self.spectrum = as_temperature(temperature), checked_spectrum(spectrum)
        if isinstance(self.gap, Constant):
            check_spectrum(self.spectrum, self.gap.value)

    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel, ...]:
        raising = concretely(dag, self.lowering)
        if isinstance(self.gap, Constant):
            rates: Any = concretely(thermal_rates, self.spectrum, self.gap.value, self.temperature)
        else:
            rates = [
                ThermalRate(self.gap, self.temperature, self.spectrum, which) for which in (0, 1)
            ]
        return Channel(rates[0], self.lowering), Channel(rates[1], raising)


class ThermalRate(AbstractSchedule):
    """The rate down (`which` = 0) or up (1) of a transition whose gap moves."""

    gap: Schedule
    temperature: Real
    spectrum: Spectrum
    which: int = eqx.field(static=True)

    def __call__(self, t: RealLike) -> Real:
        return thermal_rates(self.spectrum, self.gap(t), self.temperature)[self.which]

    def breakpoints(self) -> Float[Array, " breaks"]:
        return breakpoints_of(self.gap)
