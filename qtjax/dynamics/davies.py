"""Davies baths: thermal baths that act between the levels of a Hamiltonian (weak coupling)."""

from typing import Any

import equinox as eqx
from jaxtyping import Array, Complex

from .._checks import as_complex, as_nonnegative, check_hermitian, check_instance, is_concrete
from .._types import Operator, OperatorLike, Real, RealLike
from .bath_arguments import as_couplings, as_temperature, checked_spectrum
from .channels import Channel, Moving
from .davies_channels import davies_channels, following_channels
from .dissipators import AbstractDissipator
from .hamiltonians import AbstractHamiltonian
from .spectra import Spectrum, check_spectrum
from .transitions import Transitions, bohr_frequencies, resolve_transitions


class AbstractDaviesBath(AbstractDissipator):
    """A thermal bath with the weak-coupling (Davies) generator of a Hamiltonian.

    Its heat, its steady state on many levels and the doubts about its secular step are known
    without a list of jump operators.

    Examples:
        >>> import equinox as eqx
        >>> class Dipole(qt.dynamics.AbstractDaviesBath):
        ...     temperature: float
        ...     couplings: jax.Array = eqx.field(default_factory=lambda: qt.sigmax()[None])
        ...     spectrum: qt.AbstractSpectrum = qt.Flat(0.1)
        ...     zero_frequency: None = None
        ...     own_hamiltonian: None = None
        ...     transitions: qt.dynamics.Transitions = qt.dynamics.bohr_transitions(qt.number(2))
        >>> system = qt.OpenSystem(qt.number(2), Dipole(1 / np.log(3)))
        >>> qt.steady_state(system).state.diagonal().real
        [0.75, 0.25]
    """

    temperature: eqx.AbstractVar[Real]
    couplings: eqx.AbstractVar[Complex[Array, "couplings d d"]]
    spectrum: eqx.AbstractVar[Spectrum]
    zero_frequency: eqx.AbstractVar[Real | None]
    transitions: eqx.AbstractVar[Transitions]
    own_hamiltonian: eqx.AbstractVar[Operator | None]  # `None` for that of the system

    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel | Moving, ...]:
        if self.own_hamiltonian is None:
            return following_channels(self, hamiltonian)
        return davies_channels(self, self.own_hamiltonian)

    def generator_of(self, hamiltonian: OperatorLike) -> OperatorLike:
        """The Hamiltonian whose generator the bath has where the system has this one, (d, d)."""
        return hamiltonian if self.own_hamiltonian is None else self.own_hamiltonian


class DaviesBath(AbstractDaviesBath):
    """A global thermal bath: the weak-coupling (Davies) generator of a fixed Hamiltonian.

    For every coupling A and Bohr frequency w > 0 the jump operator A(w) = sum Pi_e A Pi_e', over
    e' - e = w, with rate gamma(w)(n+1), and its adjoint with gamma(w) n. The Gibbs state of
    `hamiltonian` at `temperature` is a fixed point.

    Args:
        hamiltonian: Hermitian operator, (d, d).
        couplings: Hermitian system operators, one (d, d) or a sequence; each is an independent
            channel.
        temperature: >= 0.
        spectrum: gamma(omega).
        zero_frequency: rate of the channels A(0) (pure dephasing in the eigenbasis); none if
            `None`.
        transitions: the grouping of the Bohr frequencies, static. Found from `hamiltonian` if that
            is concrete; known for a qubit; elsewhere `bohr_transitions(exemplar)`.

    Raises:
        ValueError: non-Hermitian or mismatched operators, negative temperature or rate, or a
            traced `hamiltonian` with d > 2 and no `transitions`.

    Examples:
        >>> h = qt.number(2) + 0.5 * qt.sigmax()
        >>> bath = qt.DaviesBath(h, qt.sigmax(), 0.5, qt.Flat(0.1))
        >>> rho = qt.thermal_state(h, 0.5)
        >>> qt.dynamics.heat_currents(qt.OpenSystem(h, bath), 0.0, rho)
        [0.0]
    """

    hamiltonian: Operator
    couplings: Complex[Array, "couplings d d"]
    temperature: Real
    spectrum: Spectrum
    zero_frequency: Real | None
    transitions: Transitions = eqx.field(static=True)

    def __init__(
        self,
        hamiltonian: OperatorLike,
        couplings: Any,
        temperature: RealLike,
        spectrum: Spectrum,
        *,
        zero_frequency: RealLike | None = None,
        transitions: Transitions | None = None,
    ):
        check_hermitian("hamiltonian", hamiltonian)
        self.hamiltonian = as_complex(hamiltonian)
        self.couplings = as_couplings(couplings, self.hamiltonian.shape[0])
        self.temperature, self.spectrum = as_temperature(temperature), checked_spectrum(spectrum)
        self.zero_frequency = _zero_frequency(zero_frequency)
        _check_transitions(transitions)
        self.transitions = resolve_transitions(self.hamiltonian, transitions)
        if is_concrete(self.hamiltonian):
            frequencies = bohr_frequencies(self.hamiltonian, self.transitions)
            check_spectrum(self.spectrum, frequencies)

    @property
    def own_hamiltonian(self) -> Operator:
        return self.hamiltonian


class AdiabaticBath(AbstractDaviesBath):
    """A thermal bath that follows the instantaneous eigenbasis of H(t) (adiabatic master equation).

    At every time the Davies generator of H(t): the Gibbs state of H(t) is its momentary fixed
    point.

    Args:
        couplings: Hermitian system operators, one (d, d) or a sequence.
        temperature: >= 0.
        spectrum: gamma(omega).
        zero_frequency: rate of the channels A(0); none if `None`.
        transitions: static grouping of the Bohr frequencies, the same at all times; known for a
            qubit, else `bohr_transitions(H(t))` at a time without accidental degeneracies.

    Raises:
        ValueError: non-Hermitian or mismatched operators, negative temperature or rate, or d > 2
            and no `transitions`.

    Examples:
        >>> h = qt.Driven([(qt.Linear(1.0, 3.0), qt.number(2))])
        >>> bath = qt.AdiabaticBath(qt.sigmax(), 2 / np.log(3), qt.Flat(0.1))
        >>> bath.reference(h(0.5)).diagonal().real
        [0.75, 0.25]
    """

    couplings: Complex[Array, "couplings d d"]
    temperature: Real
    spectrum: Spectrum
    zero_frequency: Real | None
    transitions: Transitions = eqx.field(static=True)

    def __init__(
        self,
        couplings: Any,
        temperature: RealLike,
        spectrum: Spectrum,
        *,
        zero_frequency: RealLike | None = None,
        transitions: Transitions | None = None,
    ):
        self.couplings = as_couplings(couplings)
        self.temperature, self.spectrum = as_temperature(temperature), checked_spectrum(spectrum)
        self.zero_frequency = _zero_frequency(zero_frequency)
        _check_transitions(transitions)
        self.transitions = resolve_transitions(None, transitions, self.couplings.shape[-1])

    @property
    def own_hamiltonian(self) -> None:
        return None


def _zero_frequency(value: RealLike | None) -> Real | None:
    if value is None:
        return None
    return as_nonnegative(
        "zero_frequency", value, "give the rate of the dephasing channel, or None."
    )


def _check_transitions(value: Any) -> None:
    wanted = "made by `bohr_transitions`, or None"
    check_instance("transitions", value, (Transitions, type(None)), wanted)
