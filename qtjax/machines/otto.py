"""The quantum Otto cycle."""

import warnings
from typing import Any

import numpy as np

from .._checked import checked
from .._checks import as_complex, as_entries, check_hermitian, described, is_concrete, is_function
from .._types import OperatorLike, RealLike
from ..dynamics.davies import DaviesBath
from ..dynamics.hamiltonians import Driven, Static
from ..dynamics.open_system import OpenSystem
from ..dynamics.schedules import Linear, Schedule, as_schedule
from ..dynamics.spectra import Spectrum, as_spectrum
from ..dynamics.transitions import Transitions
from .stroke import Cycle, Stroke


@checked
def otto_cycle(
    cold: OperatorLike,
    hot: OperatorLike,
    *,
    couplings: Any,
    temperatures: tuple[RealLike, RealLike] | Any,
    rate: Any,
    durations: Any,
    ramps: tuple[Any, Any] | None = None,
    zero_frequency: RealLike | None = None,
    transitions: tuple[Transitions | None, Transitions | None] = (None, None),
) -> Cycle:
    """A four-stroke Otto cycle: hot isochore, expansion, cold isochore, compression.

    On the isochores H is fixed and one bath acts through a Davies generator of that H, with rates
    gamma(w)(n+1) |<g|A|e>|^2 down and gamma(w) n |<g|A|e>|^2 up for every coupling A. On the ramps
    the system is closed and H(t) = H_first + progress(t/duration) (H_last - H_first).

    Pairs are always (cold, hot). Without friction and with equally spaced gaps eta = 1 - w_c/w_h.

    Args:
        cold: Hamiltonian of the cold isochore, Hermitian, (d, d).
        hot: Hamiltonian of the hot isochore, Hermitian, (d, d).
        couplings: Hermitian operators through which both baths couple, each its own channel.
        temperatures: (T_cold, T_hot), >= 0.
        rate: gamma: a number, a spectrum (any function of a frequency), or a pair of them (cold,
            hot).
        durations: (hot isochore, expansion, cold isochore, compression), >= 0.
        ramps: (expansion, compression): each a `Ramp`, a schedule or a callable from scaled time in
            [0, 1] to progress from 0 to 1; straight by default.
        zero_frequency: rate of the dephasing channels A(0) on the isochores; none by default.
        transitions: (cold, hot) static groupings of Bohr frequencies; needed only for traced
            Hamiltonians with d > 2 (`bohr_transitions`).

    Returns:
        `Cycle`.

    Raises:
        ValueError: Hamiltonians that are not Hermitian or of different size, negative temperature,
            rate or duration, a wrong number of temperatures, durations or ramps, or ramps that are
            no functions of time.

    Source: Quan, Liu, Sun and Nori, Phys. Rev. E 76, 031105 (2007); Kosloff and Rezek, Entropy 19,
        136 (2017).

    Examples:
        >>> temperatures = 1 / np.log(9), 2 / np.log(3)
        >>> cycle = qt.otto_cycle(
        ...     qt.number(2), 2.0 * qt.number(2), couplings=qt.sigmax(), temperatures=temperatures,
        ...     rate=1.0, durations=(20.0, 1.0, 20.0, 1.0),
        ... )
        >>> solution = qt.limit_cycle(cycle)
        >>> solution.heat_hot, 2.0 * (1 / 4 - 1 / 10)
        (0.3, 0.3)
        >>> solution.efficiency, solution.carnot_efficiency
        (0.5, 0.75)
    """
    check_hermitian("cold", cold)
    check_hermitian("hot", hot, np.shape(cold)[0])
    cold, hot = as_complex(cold), as_complex(hot)
    t_cold, t_hot = as_entries("temperatures", temperatures, ("cold", "hot"))
    times = as_entries(
        "durations", durations, ("hot isochore", "expansion", "cold isochore", "compression")
    )
    warn_unless_hotter(t_cold, t_hot)
    expansion, compression = ramps_of(ramps)
    gammas = _pair("rate", rate) if isinstance(rate, list | tuple) else (rate, rate)
    spectrum_cold, spectrum_hot = map(as_spectrum, gammas)
    groups = _pair("transitions", transitions)

    def isochore(h: Any, temperature: Any, spectrum: Spectrum, which: int) -> OpenSystem:
        bath = DaviesBath(
            h, couplings, temperature, spectrum,
            zero_frequency=zero_frequency, transitions=groups[which],
        )  # fmt: skip
        return OpenSystem(Static(h), (bath,))

    def ramp(first: Any, last: Any, progress: Any) -> OpenSystem:
        return OpenSystem(Driven([(1.0, first), (progress, last - first)]))

    return Cycle(
        (
            Stroke(isochore(hot, t_hot, spectrum_hot, 1), times[0], contact="hot"),
            Stroke(ramp(hot, cold, expansion), times[1]),
            Stroke(isochore(cold, t_cold, spectrum_cold, 0), times[2], contact="cold"),
            Stroke(ramp(cold, hot, compression), times[3]),
        )
    )


def warn_unless_hotter(cold: RealLike, hot: RealLike) -> None:
    """Warn if concrete temperatures (cold, hot) cannot drive an engine."""
    if is_concrete(cold, hot) and hot <= cold:
        warnings.warn(
            f"`temperatures` is (cold, hot) = ({float(cold):g}, {float(hot):g}): the hot bath is "
            "not hotter than the cold one, so this cannot be an engine (it may be a refrigerator). "
            "Swap them if that is not what you mean.",
            stacklevel=3,
        )


def ramps_of(value: Any) -> tuple[Schedule, ...]:
    """The functions of progress (expansion, compression); straight lines for `None`."""
    if value is None:
        return (Linear(0.0, 1.0),) * 2
    pair = _pair("ramps", value)
    for k, ramp in enumerate(pair):
        if not is_function(ramp):
            raise ValueError(
                f"`ramps[{k}]` must be a function of scaled time from 0 to 1, such as a `Ramp`, "
                f"got {described(ramp)}."
            )
    return tuple(as_schedule(f"ramps[{k}]", ramp) for k, ramp in enumerate(pair))


def _pair(name: str, value: Any) -> tuple[Any, Any]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"`{name}` must be a pair, got {value!r}.")
    return value[0], value[1]
