"""Where the secular step of a Davies generator is doubtful: spacings that the rates blur.

A Davies generator drops what turns with the difference of two Bohr frequencies that one coupling
drives. That is right where the difference is far above the rates. Frequencies that are nearly equal
belong into one group of `Transitions`. (What it drops between w and -w is not looked at: that 2 w
is far above the rates is weak coupling itself.)
"""

import warnings
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from .._checked import checked
from .._checks import check_square, concretely, is_concrete
from .._types import OperatorLike
from ..algebra.levels import level_of_states
from .davies import AbstractDaviesBath
from .dissipators import AbstractDissipator
from .spectra import Spectrum
from .transitions import Transitions, bohr_frequencies, pairs_of_levels

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
def closest_pair(bath: AbstractDaviesBath, hamiltonian: OperatorLike) -> SecularPair:
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
    rates = _rates(bath.spectrum, frequencies, temperature)
    found = [_closest(frequencies, np.sqrt(rates) * size) for size in sizes.T]
    return min(found, key=_relative, default=_NONE)


_NONE = SecularPair(np.inf, 0.0, np.nan)


def _relative(pair: SecularPair) -> float:
    return pair.spacing / pair.rate if pair.rate else np.inf


def _closest(frequencies: np.ndarray, strengths: np.ndarray) -> SecularPair:
    """The closest pair of one coupling: neighbours first, then the next but one, and so on."""
    order = np.argsort(frequencies)
    order = order[strengths[order] > 0]
    frequencies, strengths = frequencies[order], strengths[order]
    best = _NONE
    for apart in range(1, order.size):
        spacing = frequencies[apart:] - frequencies[:-apart]
        if np.min(spacing) >= _relative(best) * np.max(strengths) ** 2:
            break  # no pair further apart can be closer
        rate = strengths[apart:] * strengths[:-apart]
        k = np.argmin(spacing / rate)
        pair = SecularPair(float(spacing[k]), float(rate[k]), float(frequencies[k]))
        best = min(best, pair, key=_relative)
    return best


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
    if not isinstance(bath, AbstractDaviesBath) or len(bath.transitions.groups) < 2:
        return
    h = bath.generator_of(hamiltonian)
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
    h: np.ndarray, couplings: np.ndarray, bath: AbstractDaviesBath
) -> tuple[Float[np.ndarray, " groups"], Float[np.ndarray, "groups couplings"]]:
    """The distinct Bohr frequencies and the sizes of the jump operators A(w) of every coupling."""
    transitions: Transitions = bath.transitions
    level = level_of_states(transitions.levels)
    _, vectors = np.linalg.eigh(h)
    blocks = np.abs(vectors.conj().T @ couplings @ vectors)
    blocks[blocks < 1e-12 * np.max(blocks, axis=(1, 2), keepdims=True)] = 0.0
    group, lower, upper = pairs_of_levels(transitions)
    of = np.zeros((len(transitions.levels),) * 2, int)
    of[lower, upper] = group
    i, j = np.nonzero(level[:, None] < level)
    of = of[level[i], level[j]]

    def most(state: np.ndarray, entries: np.ndarray) -> np.ndarray:
        """The largest sum over a row or a column in every group."""
        keys, where = np.unique(of * level.size + state, return_inverse=True)
        found = np.zeros(len(transitions.groups))
        np.maximum.at(found, keys // level.size, np.bincount(where, entries))
        return found

    # max row sum times max column sum is not below the square of the operator's norm
    sizes = [np.sqrt(most(i, block[i, j]) * most(j, block[i, j])) for block in blocks]
    return bohr_frequencies(h, transitions), np.array(sizes).T


def _rates(spectrum: Spectrum, omegas: np.ndarray, temperature: float) -> np.ndarray:
    """gamma(omega) (n + 1), in plain numbers; 0 where the spectrum is not known here."""
    gamma = concretely(jax.vmap(spectrum), omegas)
    if not is_concrete(gamma):
        return np.zeros(omegas.shape)
    return np.asarray(gamma) / (1.0 if temperature == 0 else -np.expm1(-omegas / temperature))
