"""Where the secular step of a Davies generator is doubtful: spacings that the rates blur.

A Davies generator drops what turns with the difference of two Bohr frequencies that one coupling
drives. That is right where the difference is far above the rates. Frequencies that are nearly equal
belong into one group of `Transitions`. (What it drops between w and -w is not looked at: that 2 w
is far above the rates is weak coupling itself.)
"""

import warnings
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from .._checked import checked
from .._checks import check_square, concretely, is_concrete
from .._types import OperatorLike
from .dissipators import AbstractDissipator, AdiabaticBath, DaviesBath
from .spectra import Spectrum
from .transitions import Transitions, bohr_frequencies

# Terms that turn with a spacing of fewer rates certainly do not average out.
SECULAR_FACTOR = 1.0


class SecularPair(NamedTuple):
    """Two Bohr frequencies that a Davies generator keeps apart.

    Args:
        spacing: their difference, > 0; infinite if no coupling drives two of them.
        rate: sqrt(r r') |A(w)| |A(w')|, the size of what is dropped between them.
        frequency: the lower one.

    Examples:
        >>> h = jnp.diag(jnp.array([0.0, 1.0, 2.1]))
        >>> bath = qt.DaviesBath(h, qt.spin(1, "x"), 0.0, qt.Flat(0.01))
        >>> pair = qt.dynamics.closest_pair(bath, h)
        >>> pair.spacing, pair.frequency
        (0.1, 1.0)
    """

    spacing: float
    rate: float
    frequency: float


@checked
def closest_pair(bath: DaviesBath | AdiabaticBath, hamiltonian: OperatorLike) -> SecularPair:
    """The two Bohr frequencies, driven by one coupling, whose spacing is least above the rates.

    Args:
        bath: a concrete bath.
        hamiltonian: the concrete Hamiltonian whose Davies generator is meant, (d, d).

    Returns:
        `SecularPair`, of plain numbers.

    Examples:
        >>> h = jnp.diag(jnp.array([0.0, 1.0, 2.1]))
        >>> bath = qt.DaviesBath(h, qt.spin(1, "x"), 0.0, qt.Flat(0.01))
        >>> qt.dynamics.closest_pair(bath, h).rate, 0.01 / 2
        (0.005, 0.005)
    """
    check_square("hamiltonian", hamiltonian, np.shape(bath.couplings)[-1])
    frequencies, sizes = _driven(np.asarray(hamiltonian), np.asarray(bath.couplings), bath)
    acts = np.any(sizes > 0, axis=1)
    frequencies, sizes = frequencies[acts], sizes[acts]
    temperature = float(bath.temperature)
    rates = np.array([_rate(bath.spectrum, float(w), temperature) for w in frequencies])
    pairs = [SecularPair(np.inf, 0.0, np.nan)]
    for size in sizes.T:
        strength = np.sqrt(rates) * size
        chosen = np.flatnonzero(strength > 0)
        i, j = (chosen[index] for index in np.triu_indices(chosen.size, 1))
        if i.size:
            spacing, rate = np.abs(frequencies[j] - frequencies[i]), strength[i] * strength[j]
            k = np.argmin(spacing / rate)
            lower = min(frequencies[i[k]], frequencies[j[k]])
            pairs.append(SecularPair(float(spacing[k]), float(rate[k]), float(lower)))
    return min(pairs, key=lambda pair: pair.spacing / pair.rate if pair.rate else np.inf)


@checked
def warn_unless_secular(name: str, bath: AbstractDissipator, hamiltonian: OperatorLike) -> None:
    """Warn if a Davies or adiabatic bath keeps frequencies apart whose spacing the rates blur.

    Concrete values only; other dissipators make no secular step.

    Args:
        name: of the bath, for the message.
        bath: any dissipator.
        hamiltonian: of the system at the time that is meant, (d, d); a `DaviesBath` has its own.

    Examples:
        >>> import warnings
        >>> h = jnp.diag(jnp.array([0.0, 1.0, 2.01]))
        >>> bath = qt.DaviesBath(h, qt.spin(1, "x"), 0.0, qt.Flat(0.1))
        >>> with warnings.catch_warnings(record=True, action="always") as caught:
        ...     qt.dynamics.warn_unless_secular("bath", bath, h)
        >>> "spacing 0.01 is below the rate 0.05" in str(caught[0].message)
        True
    """
    if not isinstance(bath, DaviesBath | AdiabaticBath) or len(bath.transitions.groups) < 2:
        return
    h = bath.hamiltonian if isinstance(bath, DaviesBath) else hamiltonian
    if not is_concrete(bath, h):
        return
    pair = closest_pair(bath, h)
    if pair.spacing < SECULAR_FACTOR * pair.rate:
        energies = np.linalg.eigvalsh(np.asarray(h))
        tolerance = 2.0 * pair.spacing / float(np.ptp(energies))
        warnings.warn(
            f"`{name}` ({type(bath).__name__}) keeps apart two Bohr frequencies near "
            f"{pair.frequency:.6g} whose spacing {pair.spacing:.3g} is below the rate "
            f"{pair.rate:.3g} with which it drives both, so its secular step is doubtful: what it "
            "drops between them does not average out. Where the spacing is far below the rate, "
            "group them: `transitions=bohr_transitions(hamiltonian, tolerance="
            f"{tolerance:.1g})`. Where the two are alike, neither is right: use weaker coupling.",
            stacklevel=3,
        )


def _driven(
    h: np.ndarray, couplings: np.ndarray, bath: DaviesBath | AdiabaticBath
) -> tuple[Float[np.ndarray, " groups"], Float[np.ndarray, "groups couplings"]]:
    """The distinct Bohr frequencies and the sizes of the jump operators A(w) of every coupling."""
    transitions: Transitions = bath.transitions
    level = np.repeat(np.arange(len(transitions.levels)), transitions.levels)
    _, vectors = np.linalg.eigh(h)
    blocks = np.abs(vectors.conj().T @ couplings @ vectors)
    blocks[blocks < 1e-12 * np.max(blocks, axis=(1, 2), keepdims=True)] = 0.0
    sizes = []
    for group in transitions.groups:
        mask = np.zeros(h.shape)
        for lower, upper in group:
            mask += np.outer(level == lower, level == upper)
        lowering = blocks * mask
        # max row sum times max column sum is not below the square of the operator's norm
        sizes.append(np.sqrt(lowering.sum(1).max(-1) * lowering.sum(2).max(-1)))
    return bohr_frequencies(h, transitions), np.array(sizes)


def _rate(spectrum: Spectrum, omega: float, temperature: float) -> float:
    """gamma(omega) (n + 1), in plain numbers; 0 where the spectrum is not known here."""
    gamma = concretely(spectrum, omega)
    if not is_concrete(gamma):
        return 0.0
    return float(gamma) if temperature == 0 else float(gamma) / -np.expm1(-omega / temperature)
