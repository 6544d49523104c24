"""Strong coupling: the part of a bath that the system feels becomes a part of the system.

A reaction coordinate is an oscillator with a weakly coupled bath of its own; a pseudomode is an
oscillator with a local loss. Both stand for a bath with memory, whatever its coupling.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from .._checked import checked
from .._checks import (
    as_complex,
    as_nonnegative,
    as_positive,
    as_scalar,
    as_sequence,
    check_count,
    check_hermitian,
    check_instance,
    check_operator,
    check_size,
    check_takes,
    is_concrete,
)
from .._precise import matmul
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.composite import embed, tensor
from ..algebra.operators import create, dag, destroy
from ..algebra.states import TRUNCATION_TOLERANCE, truncation_population
from ..dynamics.davies import DaviesBath
from ..dynamics.dissipators import AbstractDissipator, Lindblad
from ..dynamics.open_system import OpenSystem, composite_system
from ..dynamics.spectra import Ohmic, Spectrum, occupation
from ..dynamics.transitions import Transitions

Bath = Callable[[Operator, Real, Spectrum], AbstractDissipator]

_NAMES = ("operator", "frequency", "coupling", "width", "temperature", "levels")
_COLD = "baths of negative temperature are not thermal baths."


@checked
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

    A bath with `dynamics.Brownian.from_coordinate(coupling, frequency, width)`, coupled by S, is
    exactly an oscillator with an Ohmic bath of its own (gamma = (k/W) w, coupled by a + a^+):

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

    Examples:
        >>> system = qt.models.reaction_coordinate(
        ...     qt.number(2), qt.sigmaz(),
        ...     frequency=1.0, coupling=0.1, width=0.01, temperature=0.1, levels=4,
        ... )
        >>> system.dims, qt.algebra.eigenvalues(system.hamiltonian(0.0))[0]  # -g^2/W
        ((2, 4), -0.0100)
    """
    check_hermitian("hamiltonian", hamiltonian)
    given = operator, frequency, coupling, width, temperature, levels
    found = _coordinate(_NAMES, given, np.shape(hamiltonian)[0])
    return _with_coordinates(hamiltonian, (found,), bath, transitions)


@checked
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

    Examples:
        >>> system = qt.models.reaction_coordinates(
        ...     qt.number(2), [qt.sigmax(), qt.sigmax()],
        ...     frequencies=[1.0, 1.5], couplings=[0.05, 0.05], widths=[0.01, 0.01],
        ...     temperatures=[0.10, 0.12], levels=[3, 3],
        ... )
        >>> system.dims, [bath.temperature for bath in system.baths]
        ((2, 3, 3), [0.10, 0.12])
    """
    check_hermitian("hamiltonian", hamiltonian)
    names = ("operators", "frequencies", "couplings", "widths", "temperatures", "levels")
    values = (operators, frequencies, couplings, widths, temperatures, levels)
    given = [as_sequence(*pair, "a sequence") for pair in zip(names, values, strict=True)]
    if not given[0]:
        raise ValueError("`operators` must hold at least one operator, got none.")
    for name, found in zip(names, given, strict=True):
        if len(found) != len(given[0]):
            raise ValueError(
                f"`{name}` must hold one number for each of the {len(given[0])} operators, got "
                f"{len(found)}."
            )
    coordinates = [
        _coordinate([f"{name}[{k}]" for name in names], each, np.shape(hamiltonian)[0])
        for k, each in enumerate(zip(*given, strict=True))
    ]
    return _with_coordinates(hamiltonian, coordinates, bath, transitions)


@checked
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

    Examples:
        >>> system = qt.models.pseudomode(
        ...     qt.number(2), qt.destroy(2), frequency=1.0, coupling=0.1, width=0.2, levels=2
        ... )
        >>> qt.dynamics.jump_operators(system.baths[0], system.hamiltonian, 0.0)[0]  # at T = 0
        [0.20, 0.00]
    """
    check_hermitian("hamiltonian", hamiltonian)
    check_operator("operator", operator, np.shape(hamiltonian)[0])
    check_count("levels", levels, 2)
    check_size("levels", *2 * (np.shape(hamiltonian)[0], levels))
    w = as_positive("frequency", frequency, "it is that of an oscillator.")
    k = as_positive("width", width, "a spectrum of no width is a closed pair.")
    temperature = as_nonnegative("temperature", temperature, _COLD)
    dims = (np.shape(hamiltonian)[0], levels)
    mode = _oscillator(w, levels)
    _check_levels(mode, temperature, (levels,), 0)
    half = as_scalar("coupling", coupling) * tensor(as_complex(operator), create(levels))
    lowering, n = embed(destroy(levels), dims, 1), occupation(w, temperature)
    loss = Lindblad((lowering, dag(lowering)), (k * (n + 1.0), k * n))
    return composite_system((as_complex(hamiltonian), mode), half + dag(half), loss)


class _Coordinate(NamedTuple):
    """A reaction coordinate, checked."""

    operator: Operator
    frequency: Real
    coupling: Real
    width: Real
    temperature: Real
    levels: int


def _coordinate(names: Sequence[str], given: Sequence[Any], d: int) -> _Coordinate:
    """The parameters of a coordinate, checked under the names that the caller knows."""
    operator, frequency, coupling, width, temperature, levels = given
    check_hermitian(names[0], operator, d)
    check_count(names[5], levels, 2)
    return _Coordinate(
        as_complex(operator),
        as_positive(names[1], frequency, "it is that of an oscillator."),
        as_scalar(names[2], coupling),
        as_positive(names[3], width, "it is the friction of the coordinate."),
        as_nonnegative(names[4], temperature, _COLD),
        int(levels),
    )


def _with_coordinates(
    hamiltonian: OperatorLike,
    coordinates: Sequence[_Coordinate],
    bath: Bath | None,
    transitions: Transitions | None,
) -> OpenSystem:
    """A system with coordinates, and their residual baths."""
    dims = (np.shape(hamiltonian)[0], *(c.levels for c in coordinates))
    check_size("levels", *dims, *dims)
    modes = [_oscillator(c.frequency, c.levels) for c in coordinates]
    positions = [
        embed(destroy(c.levels) + create(c.levels), dims, k + 1) for k, c in enumerate(coordinates)
    ]
    couplings = [
        c.coupling * matmul(embed(c.operator, dims, 0), position)
        for c, position in zip(coordinates, positions, strict=True)
    ]
    whole = composite_system((as_complex(hamiltonian), *modes), sum(couplings[1:], couplings[0]))
    h, baths = whole.hamiltonian(jnp.zeros(())), []
    for c, position in zip(coordinates, positions, strict=True):
        _check_levels(h, c.temperature, dims, 1)
        friction = c.width / c.frequency
        if bath is not None:
            baths.append(_made(bath, position, c.temperature, Ohmic(friction)))
            continue
        dephasing = friction * c.temperature  # the power spectrum at zero frequency
        baths.append(
            DaviesBath(h, position, c.temperature, Ohmic(friction), zero_frequency=dephasing,
                       transitions=transitions)
        )  # fmt: skip
    return OpenSystem(whole.hamiltonian, baths, parts=whole.parts)


def _made(bath: Bath, *given: Any) -> AbstractDissipator:
    """What a function of the user's makes of a coordinate's coupling, temperature and spectrum."""
    check_takes("bath", bath, *given)
    found = bath(*given)
    check_instance(
        "bath(operator, temperature, spectrum)", found, AbstractDissipator, "a bath of qtjax"
    )
    return found


def _oscillator(frequency: Real, levels: int) -> Operator:
    """W a^+ a."""
    return frequency * matmul(create(levels), destroy(levels))


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
