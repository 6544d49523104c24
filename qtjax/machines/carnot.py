"""Stepwise isotherms: when eq. (19) becomes Carnot's efficiency."""

from typing import Any

import jax.numpy as jnp

from .._checked import checked
from .._checks import as_complex, as_entries, as_positive, check_count, check_hermitian, is_concrete
from .._types import OperatorLike, RealLike
from ..dynamics.davies import DaviesBath
from ..dynamics.hamiltonians import Static
from ..dynamics.open_system import OpenSystem
from ..dynamics.spectra import as_spectrum
from ..dynamics.transitions import Transitions
from .otto import warn_unless_hotter
from .stroke import Cycle, Stroke

_MOST_STEPS = 2**14  # of an isotherm: a stroke each


@checked
def stepwise_carnot_cycle(
    hamiltonian: OperatorLike,
    *,
    couplings: Any,
    temperatures: Any,
    scales: Any,
    rate: Any,
    duration: RealLike,
    steps: int,
    transitions: Transitions | None = None,
) -> Cycle:
    """A Carnot cycle with N-step isotherms: quench, thermalize, quench, thermalize ...

    H = x * hamiltonian. On the hot isotherm x goes from the larger scale to the smaller one in N
    equal quenches, each followed by contact with the hot bath; a quench to x T_c/T_h keeps the
    populations (the adiabat); the cold isotherm goes back at scales T_c/T_h times as large.

    With complete thermalization after every step eta = 1 - T_c/T_h + O(1/N): on the isotherms T(t)
    stays within O(1/N) of the bath, so eq. (19) becomes Carnot's efficiency. For a qubit of gap x,
    p_k = 1/(1 + e^{x_k/T_h}): Q_h = sum_k x_k (p_k - p_{k-1}) over the hot steps, and Q_c the same
    sum backwards, shifted by one step and scaled by -T_c/T_h.

    Args:
        hamiltonian: Hermitian operator, (d, d).
        couplings: Hermitian operators through which both baths couple.
        temperatures: (T_cold, T_hot), > 0.
        scales: (smaller, larger) scale x on the hot isotherm, > 0.
        rate: gamma, a number or a spectrum (any function of a frequency).
        duration: of every contact; long against 1/gamma for complete thermalization.
        steps: N >= 1, static.
        transitions: static grouping of the Bohr frequencies, for traced H with d > 2.

    Returns:
        `Cycle` of 2 N strokes (quenches are the jumps of H between them).

    Raises:
        ValueError: H is not Hermitian, a temperature, scale or duration is not positive, the scales
            are not in order, or fewer than one step.

    Source: Quan, Liu, Sun and Nori, Phys. Rev. E 76, 031105 (2007); the docstring's sum by hand.

    Examples:
        >>> cycle = qt.machines.stepwise_carnot_cycle(
        ...     qt.number(2), couplings=qt.sigmax(), temperatures=(1.0, 2.0), scales=(1.0, 3.0),
        ...     rate=1.0, duration=20.0, steps=2,
        ... )
        >>> [stroke.energy(0.0)[1, 1].real for stroke in cycle.strokes]
        [2.0, 1.0, 1.0, 1.5]
    """
    check_hermitian("hamiltonian", hamiltonian)
    cold, hot = (
        as_positive(f"temperatures[{k}]", value, "a Carnot cycle needs both.")
        for k, value in enumerate(as_entries("temperatures", temperatures, ("cold", "hot")))
    )
    small, large = (
        as_positive(f"scales[{k}]", value, "a Carnot cycle needs both.")
        for k, value in enumerate(as_entries("scales", scales, ("smaller", "larger")))
    )
    duration = as_positive("duration", duration, "each step needs time to thermalize.")
    if is_concrete(small, large) and not small < large:
        raise ValueError(
            f"`scales` must be (smaller, larger), got ({float(small):g}, {float(large):g}); on the "
            "hot isotherm the scale falls from the larger to the smaller one."
        )
    check_count("steps", steps)
    if steps > _MOST_STEPS:
        raise ValueError(
            f"`steps` must be at most {_MOST_STEPS}, got {steps}: each is a stroke that is made by "
            "itself; `carnot_cycle` moves without steps."
        )
    warn_unless_hotter(cold, hot)
    h, spectrum = as_complex(hamiltonian), as_spectrum(rate)
    isotherm = large + (small - large) * jnp.arange(1, steps + 1) / steps

    def contact(scale: Any, temperature: Any, which: str) -> Stroke:
        bath = DaviesBath(scale * h, couplings, temperature, spectrum, transitions=transitions)
        return Stroke(OpenSystem(Static(scale * h), bath), duration, contact=which)

    back = jnp.concatenate([isotherm[-2::-1], jnp.atleast_1d(large)]) * cold / hot
    return Cycle(
        [contact(x, hot, "hot") for x in isotherm] + [contact(x, cold, "cold") for x in back]
    )
