"""Cycles with true isotherms: strokes driven in contact with a bath that follows H(t)."""

from typing import Any

from .._checked import checked
from .._checks import as_complex, as_entries, as_positive, check_hermitian, is_concrete
from .._types import Operator, OperatorLike, Real
from ..dynamics.davies import AdiabaticBath, DaviesBath
from ..dynamics.hamiltonians import Driven, Static
from ..dynamics.open_system import OpenSystem
from ..dynamics.ramps import Between
from ..dynamics.schedules import Linear, Schedule, as_schedule
from ..dynamics.spectra import Spectrum, as_spectrum
from ..dynamics.transitions import Transitions, resolve_transitions
from .otto import warn_unless_hotter
from .stroke import Cycle, Stroke


@checked
def carnot_cycle(
    hamiltonian: OperatorLike,
    *,
    couplings: Any,
    temperatures: Any,
    scales: Any,
    rate: Any,
    durations: Any,
    ramp: Schedule | None = None,
    transitions: Transitions | None = None,
) -> Cycle:
    """A Carnot cycle with true isotherms; H = x(t) times `hamiltonian`.

    On the hot isotherm x falls from x_max to x_min T_h/T_c under a bath that follows H(t), on the
    adiabat to x_min, on the cold isotherm it rises to x_max T_c/T_h, and on the other adiabat back.
    H commutes with itself, so adiabats of any duration keep populations. Slow isotherms give
    Q_h = T_h (S(x_min/T_c) - S(x_max/T_h)), Q_c = -(T_c/T_h) Q_h and eta = 1 - T_c/T_h, S(x/T) the
    entropy of the Gibbs state; what is missing falls off as 1/duration.

    Args:
        hamiltonian: Hermitian operator, (d, d).
        couplings: Hermitian operators through which both baths couple.
        temperatures: (T_cold, T_hot), > 0.
        scales: (x_min, x_max), > 0, the range of x in the whole cycle.
        rate: gamma, a number or a spectrum.
        durations: (hot isotherm, expansion, cold isotherm, compression), >= 0.
        ramp: progress from 0 to 1 as a function of scaled time, for all strokes; straight by
            default.
        transitions: static grouping of the Bohr frequencies, for traced H with d > 2.

    Returns:
        `Cycle`.

    Raises:
        ValueError: H is not Hermitian, a temperature or scale is not positive, a duration is
            negative, or temperatures that cannot be reached: the adiabats alone take the ratio
            T_h/T_c out of x_max/x_min.

    Source: Quan, Liu, Sun and Nori, Phys. Rev. E 76, 031105 (2007); Geva and Kosloff, J. Chem.
        Phys. 96, 3054 (1992).

    Examples:
        >>> cycle = qt.machines.carnot_cycle(
        ...     qt.number(2), couplings=qt.sigmax(), temperatures=(1.0, 2.0), scales=(1.0, 4.0),
        ...     rate=1.0, durations=(9.0, 1.0, 9.0, 1.0),
        ... )
        >>> [stroke.energy(0.0)[1, 1].real for stroke in cycle.strokes]
        [4.0, 2.0, 1.0, 2.0]
    """
    h, cold, hot, small, large = _checked(hamiltonian, temperatures, scales)
    names = ("hot isotherm", "expansion", "cold isotherm", "compression")
    times = as_entries("durations", durations, names)
    if is_concrete(cold, hot, small, large) and not small * hot < large * cold:
        raise ValueError(
            f"`temperatures` {float(cold):g} and {float(hot):g} cannot be reached: adiabats "
            f"between them change the scale by T_hot/T_cold = {float(hot / cold):g}, but `scales` "
            f"leave x_max/x_min = {float(large / small):g}, so nothing remains for the "
            "isotherms. Widen `scales`, or bring the temperatures closer."
        )
    make = _Strokes(h, couplings, as_spectrum(rate), ramp, transitions)
    far, near = small * hot / cold, large * cold / hot
    return Cycle(
        (
            make.isotherm(large, far, hot, times[0], "hot"),
            make.adiabat(far, small, times[1]),
            make.isotherm(small, near, cold, times[2], "cold"),
            make.adiabat(near, large, times[3]),
        )
    )


@checked
def stirling_cycle(
    hamiltonian: OperatorLike,
    *,
    couplings: Any,
    temperatures: Any,
    scales: Any,
    rate: Any,
    durations: Any,
    ramp: Schedule | None = None,
    transitions: Transitions | None = None,
) -> Cycle:
    """A Stirling cycle without a regenerator; H = x(t) times `hamiltonian`.

    Hot isotherm from x_max to x_min, contact with the cold bath there, cold isotherm back to x_max,
    contact with the hot bath. Slow strokes give W_out = T_h ln(Z_h(x_min)/Z_h(x_max)) -
    T_c ln(Z_c(x_min)/Z_c(x_max)) and Q_h = T_h (S_h(x_min) - S_h(x_max)) + U_h(x_max) - U_c(x_max),
    all of Gibbs states.

    Args:
        hamiltonian: Hermitian operator, (d, d).
        couplings: Hermitian operators through which both baths couple.
        temperatures: (T_cold, T_hot), > 0.
        scales: (x_min, x_max), > 0.
        rate: gamma, a number or a spectrum.
        durations: (hot isotherm, cooling, cold isotherm, heating), >= 0.
        ramp: progress from 0 to 1 as a function of scaled time, for both isotherms; straight by
            default.
        transitions: static grouping of the Bohr frequencies, for traced H with d > 2.

    Returns:
        `Cycle`.

    Raises:
        ValueError: H is not Hermitian, a temperature or scale is not positive, or a duration is
            negative.

    Source: Agarwal and Chaturvedi, Phys. Rev. E 88, 012130 (2013).

    Examples:
        >>> cycle = qt.machines.stirling_cycle(
        ...     qt.number(2), couplings=qt.sigmax(), temperatures=(1.0, 2.0), scales=(1.0, 4.0),
        ...     rate=1.0, durations=(9.0, 1.0, 9.0, 1.0),
        ... )
        >>> [stroke.energy(0.0)[1, 1].real for stroke in cycle.strokes]
        [4.0, 1.0, 1.0, 4.0]
    """
    h, cold, hot, small, large = _checked(hamiltonian, temperatures, scales)
    names = ("hot isotherm", "cooling", "cold isotherm", "heating")
    times = as_entries("durations", durations, names)
    make = _Strokes(h, couplings, as_spectrum(rate), ramp, transitions)
    return Cycle(
        (
            make.isotherm(large, small, hot, times[0], "hot"),
            make.isochore(small, cold, times[1], "cold"),
            make.isotherm(small, large, cold, times[2], "cold"),
            make.isochore(large, hot, times[3], "hot"),
        )
    )


class _Strokes:
    """Makes the strokes of a medium with H = x times one operator."""

    def __init__(
        self,
        h: Operator,
        couplings: Any,
        spectrum: Spectrum,
        ramp: Schedule | None,
        transitions: Transitions | None,
    ):
        self.h, self.couplings, self.spectrum = h, couplings, spectrum
        self.progress = Linear(0.0, 1.0) if ramp is None else as_schedule("ramp", ramp)
        self.transitions = resolve_transitions(h, transitions)

    def driven(self, first: Real, last: Real) -> Driven:
        return Driven([(Between(first, last, self.progress), self.h)])

    def isotherm(
        self, first: Real, last: Real, temperature: Real, duration: Real, contact: str
    ) -> Stroke:
        bath = AdiabaticBath(
            self.couplings, temperature, self.spectrum, transitions=self.transitions
        )
        return Stroke(OpenSystem(self.driven(first, last), bath), duration, contact)

    def adiabat(self, first: Real, last: Real, duration: Real) -> Stroke:
        return Stroke(OpenSystem(self.driven(first, last)), duration)

    def isochore(self, scale: Real, temperature: Real, duration: Real, contact: str) -> Stroke:
        h = scale * self.h
        bath = DaviesBath(
            h, self.couplings, temperature, self.spectrum, transitions=self.transitions
        )
        return Stroke(OpenSystem(Static(h), bath), duration, contact)


def _checked(hamiltonian: OperatorLike, temperatures: Any, scales: Any) -> tuple[Any, ...]:
    """H, (T_cold, T_hot) and (x_min, x_max)."""
    check_hermitian("hamiltonian", hamiltonian)
    cold, hot = (
        as_positive(f"temperatures[{k}]", value, "the cycle needs both.")
        for k, value in enumerate(as_entries("temperatures", temperatures, ("cold", "hot")))
    )
    small, large = (
        as_positive(f"scales[{k}]", value, "the cycle needs both.")
        for k, value in enumerate(as_entries("scales", scales, ("smallest", "largest")))
    )
    if is_concrete(small, large) and not small < large:
        raise ValueError(
            f"`scales` must be (smallest, largest), got ({float(small):g}, {float(large):g}); on "
            "the hot isotherm the scale falls."
        )
    warn_unless_hotter(cold, hot)
    return as_complex(hamiltonian), cold, hot, small, large
