"""The two-stroke engine: two parts that meet their own baths, then each other."""

from typing import Any

import jax.numpy as jnp

from .._checked import checked
from .._checks import as_entries, as_positive, as_scalar
from .._types import RealLike
from ..algebra.composite import embed, tensor
from ..algebra.operators import create, dag, destroy, number
from ..dynamics.local_bath import LocalBath
from ..dynamics.open_system import OpenSystem
from ..dynamics.spectra import as_spectrum
from .otto import warn_unless_hotter
from .stroke import Cycle, Stroke


@checked
def two_stroke_engine(
    gaps: Any,
    *,
    temperatures: Any,
    rate: Any,
    durations: Any,
    angle: RealLike = jnp.pi / 2,
) -> Cycle:
    """Two qubits: in the first stroke each with its own bath, in the second a partial swap.

    The swap is that of V = s^+_c s^-_h + h.c. alone, turned by an angle a; energy is that of the
    two qubits, so what V moves is work. After complete thermalization

        Q_h = w_h (p_h - p_c) sin^2(a),  Q_c = -w_c (p_h - p_c) sin^2(a),  eta = 1 - w_c/w_h,

    with p = 1/(1 + e^{w/T}). Both baths act in the first stroke, each under its own name.

    Args:
        gaps: (w_c, w_h), >= 0.
        temperatures: (T_c, T_h), >= 0.
        rate: gamma of both baths, a number or a spectrum.
        durations: (contact, swap), the swap > 0.
        angle: a; pi/2 is the complete swap.

    Returns:
        `Cycle` of two strokes on two qubits (cold, hot).

    Raises:
        ValueError: a negative gap, temperature or duration, a swap that takes no time, or a wrong
            number of them.

    Source: Allahverdyan, Hovhannisyan and Mahler, Phys. Rev. E 81, 051129 (2010); Quan et al.,
        Phys. Rev. E 76, 031105 (2007).

    Examples:
        >>> cycle = qt.machines.two_stroke_engine(
        ...     (1.0, 2.0), temperatures=(0.5, 3.0), rate=1.0, durations=(20.0, 1.0)
        ... )
        >>> cycle.strokes[0].energy(0.0).diagonal().real
        [0.0, 2.0, 1.0, 3.0]
    """
    names, dims = ("cold", "hot"), (2, 2)
    energies = as_entries("gaps", gaps, names)
    found = as_entries("temperatures", temperatures, names)
    contact, swap = as_entries("durations", durations, ("contact", "swap"))
    swap = as_positive("durations[1]", swap, "the angle is turned in this time.")
    warn_unless_hotter(*found)
    h = sum((w * embed(number(2), dims, k) for k, w in enumerate(energies)), jnp.zeros((4, 4)))
    spectrum = as_spectrum(rate)
    baths = [
        LocalBath(embed(destroy(2), dims, k), w, t, spectrum)
        for k, (w, t) in enumerate(zip(energies, found, strict=True))
    ]
    half = tensor(create(2), destroy(2))
    exchange = as_scalar("angle", angle) / swap * (half + dag(half))
    return Cycle(
        (Stroke(OpenSystem(h, baths), contact, names), Stroke(OpenSystem(exchange, energy=h), swap))
    )
