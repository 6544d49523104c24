"""Strong coupling: the part of a bath that the system feels becomes a part of the system.

A reaction coordinate is an oscillator with a weakly coupled bath of its own; a pseudomode is an
oscillator with a local loss. Both stand for a bath with memory, whatever its coupling.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from .._checks import (
    as_complex,
    as_counts,
    as_nonnegative,
    as_positive,
    as_scalar,
    as_sequence,
    check_count,
    check_hermitian,
    check_operator,
    is_concrete,
)
from .._precise import matmul
from .._types import Operator, OperatorLike, RealLike
from ..algebra.composite import embed, tensor
from ..algebra.operators import create, dag, destroy
from ..algebra.states import TRUNCATION_TOLERANCE, truncation_population
from ..dynamics.dissipators import AbstractDissipator, DaviesBath, Lindblad
from ..dynamics.open_system import OpenSystem, composite_system
from ..dynamics.spectra import Ohmic, Spectrum, occupation
from ..dynamics.transitions import Transitions

Bath = Callable[[Operator, Any, Spectrum], AbstractDissipator]


def reaction_coordinate(
    hamiltonian: OperatorLike,
    operator: OperatorLike,
    *,
    frequency: RealLike,
    coupling: RealLike,
    width: RealLike,
    temperature: RealLike,
    levels: int,
    bath: Bath | None = None,
    transitions: Transitions | None = None,
) -> OpenSystem:
    """A system and the reaction coordinate of its bath, with the bath that is left.

    A bath with `dynamics.Brownian(coupling, frequency, width)`, coupled by S, is exactly an
    oscillator with an Ohmic bath of its own (gamma = (k/W) w, coupled by a + a^+):

        H = H_S + g S (a + a^+) + W a^+ a.

    g may be as large as one likes; only the friction k must be small against W and the gaps of H.
    There is no counter term: where the bare system's potential is meant to stay as it is, add
    (g^2/W) S^2 to `hamiltonian`.

    Args:
        hamiltonian: H_S, Hermitian, (d, d).
        operator: S, Hermitian, (d, d).
        frequency: W > 0, where the spectrum of the bath peaks.
        coupling: g, in units of energy.
        width: k > 0, friction of the coordinate and width of the peak.
        temperature: >= 0.
        levels: dimension at which the oscillator is truncated, static.
        bath: f(a + a^+, temperature, spectrum) -> the dissipator that the residual bath becomes; by
            default the `DaviesBath` of H with pure dephasing, whose fixed point is the Gibbs state
            of H. Where transitions lie closer than the friction its secular step is doubtful, as
            it warns: a class without that step is `bath=` itself.
        transitions: of H, for the Davies bath; needed where H is traced.

    Returns:
        An `OpenSystem` with two parts, the system and the coordinate. Energy and heat are those of
        both. `truncation_population(rho, system.dims, 1)` tells whether a state needs more levels.

    Raises:
        ValueError: operators that are not Hermitian or of one size, a frequency or width that is
            not positive, a negative temperature, fewer than two levels, or so few that the highest
            holds more than 1e-4 in the Gibbs state of H.

    Source: Iles-Smith, Lambert and Nazir, Phys. Rev. A 90, 032114 (2014); Nazir and Schaller,
        arXiv:1805.08307 (2018).
    """
    return reaction_coordinates(
        hamiltonian, (operator,), frequencies=(frequency,), couplings=(coupling,), widths=(width,),
        temperatures=(temperature,), levels=(levels,), bath=bath, transitions=transitions,
    )  # fmt: skip


def reaction_coordinates(
    hamiltonian: OperatorLike,
    operators: Any,
    *,
    frequencies: Any,
    couplings: Any,
    widths: Any,
    temperatures: Any,
    levels: Any,
    bath: Bath | None = None,
    transitions: Transitions | None = None,
) -> OpenSystem:
    """A system with several baths, each with a reaction coordinate: `reaction_coordinate`.

    Args:
        hamiltonian: H_S, Hermitian, (d, d).
        operators: S of every bath.
        frequencies: W of every bath.
        couplings: g of every bath.
        widths: k of every bath.
        temperatures: of every bath.
        levels: of every coordinate.
        bath: of every coordinate, as there.
        transitions: as there.

    Returns:
        An `OpenSystem` whose parts are the system and the coordinates, with one bath for each
        coordinate.

    Raises:
        ValueError: as there, or not one number for each of the operators.
    """
    check_hermitian("hamiltonian", hamiltonian)
    operators = as_sequence("operators", operators, "a sequence of operators")
    count, d = len(operators), np.shape(hamiltonian)[0]
    levels = as_counts("levels", levels, 2)
    given = {"frequencies": frequencies, "couplings": couplings, "widths": widths,
             "temperatures": temperatures, "levels": levels}  # fmt: skip
    for name, values in given.items():
        if (found := len(values)) != count:
            raise ValueError(
                f"`{name}` must hold one number for each of the {count} operators, got {found}."
            )
    dims, parts, coupling, residuals = (d, *levels), [as_complex(hamiltonian)], 0.0, []
    for k, operator in enumerate(operators):
        check_hermitian(f"operators[{k}]", operator, d)
        w = as_positive(f"frequencies[{k}]", frequencies[k], "it is that of an oscillator.")
        width = as_positive(f"widths[{k}]", widths[k], "it is the friction of the coordinate.")
        cold = "baths of negative temperature are not thermal baths."
        temperature = as_nonnegative(f"temperatures[{k}]", temperatures[k], cold)
        g = as_scalar(f"couplings[{k}]", couplings[k])
        position = embed(destroy(levels[k]) + create(levels[k]), dims, k + 1)
        coupling = coupling + g * matmul(embed(operator, dims, 0), position)
        parts.append(w * matmul(create(levels[k]), destroy(levels[k])))
        residuals.append((position, temperature, width / w))
    whole = composite_system(parts, coupling)
    h = whole.hamiltonian(jnp.zeros(()))
    for _, temperature, _ in residuals:
        _check_levels(h, temperature, dims, 1)
    baths = [_residual(h, *residual, bath, transitions) for residual in residuals]
    return OpenSystem(whole.hamiltonian, baths, parts=whole.parts)


def pseudomode(
    hamiltonian: OperatorLike,
    operator: OperatorLike,
    *,
    frequency: RealLike,
    coupling: RealLike,
    width: RealLike,
    levels: int,
    temperature: RealLike = 0.0,
) -> OpenSystem:
    """A system and a damped oscillator that is, for the system, a bath with a Lorentzian spectrum.

    H = H_S + g (L a^+ + L^+ a) + W a^+ a with the loss k(n+1) on a and the gain k n on a^+, n the
    occupation of W at the temperature. With a Hermitian L this is g L (a + a^+); with a lowering
    operator it is the rotating-wave coupling. The reduced dynamics is exactly that of a Gaussian
    bath with the correlation function

        g^2 ((n+1) e^{-i W t} + n e^{i W t}) e^{-k |t|/2}:

    at T = 0 a Lorentzian of width k at half its height, gamma(w) = g^2 k/((w - W)^2 + k^2/4) at all
    w of either sign. At T > 0 detailed balance holds at W alone, so the system does not come to a
    Gibbs state exactly: there a `reaction_coordinate` is the thermal bath. The dissipator has no
    temperature, as what the mode loses is not the heat of the bath that it stands for.

    Args:
        hamiltonian: H_S, Hermitian, (d, d).
        operator: L, (d, d).
        frequency: W > 0.
        coupling: g, in units of energy.
        width: k > 0; `LorentzianDamping` has it as 2 * width and g^2 as gamma0 * width/2.
        levels: dimension at which the oscillator is truncated, static; two are enough for one
            excitation in the rotating-wave coupling at T = 0.
        temperature: >= 0.

    Returns:
        An `OpenSystem` with two parts, the system and the oscillator.

    Raises:
        ValueError: a Hamiltonian that is not Hermitian, operators of other sizes, a frequency or
            width that is not positive, a negative temperature, or fewer levels than two or than
            hold the thermal state.

    Source: Garraway, Phys. Rev. A 55, 2290 (1997); Tamascelli, Smirne, Huelga and Plenio, Phys.
        Rev. Lett. 120, 030402 (2018).
    """
    check_hermitian("hamiltonian", hamiltonian)
    check_operator("operator", operator, np.shape(hamiltonian)[0])
    check_count("levels", levels, 2)
    w = as_positive("frequency", frequency, "it is that of an oscillator.")
    k = as_positive("width", width, "a spectrum of no width is a closed pair.")
    cold = "baths of negative temperature are not thermal baths."
    temperature = as_nonnegative("temperature", temperature, cold)
    dims = (np.shape(hamiltonian)[0], levels)
    mode = w * matmul(create(levels), destroy(levels))
    _check_levels(mode, temperature, (levels,), 0)
    half = as_scalar("coupling", coupling) * tensor(as_complex(operator), create(levels))
    lowering, n = embed(destroy(levels), dims, 1), occupation(w, temperature)
    loss = Lindblad((lowering, dag(lowering)), (k * (n + 1.0), k * n))
    return composite_system((as_complex(hamiltonian), mode), half + dag(half), loss)


def _residual(
    hamiltonian: Operator,
    position: Operator,
    temperature: RealLike,
    friction: RealLike,
    bath: Bath | None,
    transitions: Transitions | None,
) -> AbstractDissipator:
    """The bath of a coordinate; the Ohmic power spectrum at zero frequency is friction T."""
    if bath is not None:
        return bath(position, temperature, Ohmic(friction))
    return DaviesBath(
        hamiltonian, position, temperature, Ohmic(friction),
        zero_frequency=friction * temperature, transitions=transitions,
    )  # fmt: skip


def _check_levels(
    hamiltonian: Operator, temperature: RealLike, dims: tuple[int, ...], first: int
) -> None:
    """Raise if an oscillator's highest level is populated in a Gibbs state (concrete only)."""
    if not is_concrete(hamiltonian, temperature):
        return
    rho = _gibbs(np.asarray(hamiltonian), float(temperature))
    for site in range(first, len(dims)):
        top = float(truncation_population(rho, dims, site))
        if top > TRUNCATION_TOLERANCE:
            raise ValueError(
                f"`levels` = {dims[site]} is too small: the highest level of the oscillator holds "
                f"{top:.2g} of the Gibbs state at T = {float(temperature):.6g}, more than "
                f"{TRUNCATION_TOLERANCE}; keep more levels."
            )


def _gibbs(hamiltonian: np.ndarray, temperature: float) -> np.ndarray:
    """The Gibbs state of concrete numbers, in NumPy: nothing is compiled for a check."""
    energies, vectors = np.linalg.eigh(hamiltonian)
    x = energies - energies[0]
    weights = np.exp(-x / temperature) if temperature > 0 else (x == 0.0).astype(float)
    return (vectors * (weights / weights.sum())) @ vectors.conj().T
