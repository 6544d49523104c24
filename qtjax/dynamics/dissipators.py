"""Dissipators: what the surroundings do, as rates and jump operators.

D(rho) = sum_k rate_k (L_k rho L_k^+ - {L_k^+ L_k, rho}/2), eq. (8). Rates stand apart from the
operators, so they may depend on time and have either sign, and no square root of a rate is ever
differentiated. A new bath is one class with `jumps(t, h)`.
"""

import abc
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checks import (
    as_complex,
    as_real,
    check_hermitian,
    check_nonnegative,
    check_operators,
    check_square,
    is_concrete,
)
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.operators import anticommutator, dag, product
from ..algebra.spectral import level_projectors
from ..algebra.states import thermal_state
from .schedules import Constant, Schedule, as_schedule, breakpoints_of
from .spectra import AbstractSpectrum, thermal_rates
from .transitions import Transitions, resolve_transitions

Jumps = tuple[Float[Array, " jumps"], Complex[Array, "jumps d d"]]


class AbstractDissipator(eqx.Module):
    """A dissipator with its temperature (`None` if it has none, as pure dephasing)."""

    temperature: eqx.AbstractVar[Real | None]
    follows_hamiltonian: ClassVar[bool] = False

    @property
    @abc.abstractmethod
    def constant(self) -> bool:
        """Whether rates and operators are fixed while the Hamiltonian is."""

    @property
    @abc.abstractmethod
    def dimension(self) -> int:
        """The dimension d of the Hilbert space."""

    @abc.abstractmethod
    def jumps(self, t: RealLike, hamiltonian: Operator) -> Jumps:
        """Rates (jumps,) and jump operators (jumps, d, d) at time t under H(t)."""

    def breakpoints(self) -> Float[Array, " breaks"]:
        """Times where a rate or a derivative of it jumps."""
        return jnp.zeros(0)

    def fixed_operators(self) -> tuple[Operator, ...] | None:
        """The jump operators in the order of `jumps`, if they are fixed and their rates do not
        depend on H either: the fused integrators need them. `None` if there are none such."""
        return None

    def schedules(self) -> tuple[Schedule, ...]:
        """What moves the rates; empty where they are constant."""
        return ()


def dissipate(rates: Float[Array, " jumps"], operators: Array, rho: Operator) -> Operator:
    """sum_k rate_k (L_k rho L_k^+ - {L_k^+ L_k, rho}/2).

    Args:
        rates: of either sign, (jumps,), in units of energy.
        operators: jump operators, (jumps, d, d).
        rho: state, (d, d).

    Returns:
        D(rho), (d, d).
    """
    weighted, adjoint = rates[:, None, None] * operators, operators.conj().mT
    loss = product(adjoint, weighted).sum(axis=0)
    gain = product(product(weighted, rho), adjoint).sum(axis=0)
    return gain - 0.5 * anticommutator(loss, rho)


class Lindblad(AbstractDissipator):
    """Given jump operators with given rates, constant or time-dependent and of either sign.

    Args:
        operators: one jump operator (d, d) or several, (jumps, d, d) or a sequence.
        rates: as many numbers, schedules or callables t -> scalar (one of them for one operator).
        temperature: of the bath, if it has one; Spohn's production needs it of every dissipator
            that carries heat.

    Raises:
        ValueError: not as many rates as operators, non-finite or non-square operators, or a
            negative temperature.
    """

    operators: tuple[Operator, ...]
    rates: tuple[Schedule, ...]
    temperature: Real | None

    def __init__(self, operators: Any, rates: Any, temperature: RealLike | None = None):
        if not isinstance(operators, list | tuple):
            operators = (operators,) if jnp.ndim(operators) == 2 else operators
        self.operators = tuple(as_complex(operator) for operator in operators)
        check_operators("operators", jnp.stack(self.operators))
        if callable(rates) or not (isinstance(rates, list | tuple) or jnp.ndim(rates)):
            rates = (rates,)
        if len(rates) != len(self.operators):
            raise ValueError(
                f"`rates` must give one rate for each of the {len(self.operators)} jump "
                f"operators, got {len(rates)}."
            )
        self.rates = tuple(as_schedule(f"rates[{k}]", rate) for k, rate in enumerate(rates))
        self.temperature = None if temperature is None else _temperature(temperature)

    @property
    def constant(self) -> bool:
        return all(isinstance(rate, Constant) for rate in self.rates)

    @property
    def dimension(self) -> int:
        return self.operators[0].shape[-1]

    def jumps(self, t: RealLike, hamiltonian: Operator) -> Jumps:
        dtype = self.operators[0].real.dtype
        rates = jnp.stack([jnp.asarray(rate(t), dtype).reshape(()) for rate in self.rates])
        return rates, jnp.stack(self.operators)

    def fixed_operators(self) -> tuple[Operator, ...] | None:
        return self.operators

    def schedules(self) -> tuple[Schedule, ...]:
        return self.rates

    def breakpoints(self) -> Float[Array, " breaks"]:
        return jnp.concatenate([breakpoints_of(rate) for rate in self.rates])


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
    """

    lowering: Operator
    gap: Schedule
    temperature: Real
    spectrum: AbstractSpectrum

    def __init__(
        self,
        lowering: OperatorLike,
        gap: RealLike | Schedule,
        temperature: RealLike,
        spectrum: AbstractSpectrum,
    ):
        check_square("lowering", lowering)
        check_operators("lowering", as_complex(lowering)[None])
        if not callable(gap):
            check_nonnegative("gap", gap, "let `lowering` point downward in energy.")
        self.lowering, self.gap = as_complex(lowering), as_schedule("gap", gap)
        self.temperature, self.spectrum = _temperature(temperature), spectrum

    @property
    def constant(self) -> bool:
        return isinstance(self.gap, Constant)

    @property
    def dimension(self) -> int:
        return self.lowering.shape[-1]

    def jumps(self, t: RealLike, hamiltonian: Operator) -> Jumps:
        down, up = thermal_rates(self.spectrum, self.gap(t), self.temperature)
        return jnp.stack([down, up]), jnp.stack([self.lowering, dag(self.lowering)])

    def fixed_operators(self) -> tuple[Operator, ...] | None:
        if not is_concrete(self.lowering):
            return self.lowering, dag(self.lowering)
        return self.lowering, as_complex(np.asarray(self.lowering).conj().T)

    def schedules(self) -> tuple[Schedule, ...]:
        return (self.gap,)

    def breakpoints(self) -> Float[Array, " breaks"]:
        return breakpoints_of(self.gap)


class DaviesBath(AbstractDissipator):
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
    """

    hamiltonian: Operator
    couplings: Complex[Array, "couplings d d"]
    temperature: Real
    spectrum: AbstractSpectrum
    zero_frequency: Real | None
    transitions: Transitions = eqx.field(static=True)

    def __init__(
        self,
        hamiltonian: OperatorLike,
        couplings: Any,
        temperature: RealLike,
        spectrum: AbstractSpectrum,
        *,
        zero_frequency: RealLike | None = None,
        transitions: Transitions | None = None,
    ):
        check_hermitian("hamiltonian", hamiltonian)
        self.hamiltonian = as_complex(hamiltonian)
        self.couplings = _couplings(couplings, self.hamiltonian.shape[0])
        self.temperature, self.spectrum = _temperature(temperature), spectrum
        self.zero_frequency = _zero_frequency(zero_frequency)
        self.transitions = resolve_transitions(self.hamiltonian, transitions)

    @property
    def constant(self) -> bool:
        return True

    @property
    def dimension(self) -> int:
        return self.hamiltonian.shape[-1]

    def jumps(self, t: RealLike, hamiltonian: Operator) -> Jumps:
        return _davies_jumps(self, self.hamiltonian)

    def fixed_operators(self) -> tuple[Operator, ...] | None:
        return tuple(_davies_jumps(self, self.hamiltonian)[1])


class AdiabaticBath(AbstractDissipator):
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
    """

    couplings: Complex[Array, "couplings d d"]
    temperature: Real
    spectrum: AbstractSpectrum
    zero_frequency: Real | None
    transitions: Transitions = eqx.field(static=True)
    follows_hamiltonian: ClassVar[bool] = True

    def __init__(
        self,
        couplings: Any,
        temperature: RealLike,
        spectrum: AbstractSpectrum,
        *,
        zero_frequency: RealLike | None = None,
        transitions: Transitions | None = None,
    ):
        self.couplings = _couplings(couplings, None)
        self.temperature, self.spectrum = _temperature(temperature), spectrum
        self.zero_frequency = _zero_frequency(zero_frequency)
        self.transitions = resolve_transitions(None, transitions, self.couplings.shape[-1])

    @property
    def constant(self) -> bool:
        return True

    @property
    def dimension(self) -> int:
        return self.couplings.shape[-1]

    def jumps(self, t: RealLike, hamiltonian: Operator) -> Jumps:
        return _davies_jumps(self, hamiltonian)


def _davies_jumps(bath: DaviesBath | AdiabaticBath, hamiltonian: Operator) -> Jumps:
    """Rates and operators of the Davies generator of `hamiltonian`."""
    projectors = level_projectors(hamiltonian, bath.transitions.levels)
    sizes = np.asarray(bath.transitions.levels)
    energies = jnp.einsum("lij,ji->l", projectors, hamiltonian).real / sizes
    blocks = jnp.einsum("lij,ajk,mkn->lmain", projectors, bath.couplings, projectors)
    couplings = bath.couplings.shape[0]
    rates, operators = [], []
    for group in bath.transitions.groups:
        lower, upper = (np.asarray(index) for index in zip(*group, strict=True))
        down, up = thermal_rates(
            bath.spectrum, jnp.mean(energies[upper] - energies[lower]), bath.temperature
        )
        lowering = jnp.sum(blocks[lower, upper], axis=0)
        rates += [down] * couplings + [up] * couplings
        operators += [lowering, lowering.conj().mT]
    if bath.zero_frequency is not None:
        rates += [bath.zero_frequency] * couplings
        operators.append(jnp.einsum("llain->ain", blocks))
    if not rates:  # one level: nothing to jump between
        return jnp.zeros(0, energies.dtype), jnp.zeros((0, *hamiltonian.shape), blocks.dtype)
    return jnp.stack(rates), jnp.concatenate(operators)


def _temperature(value: RealLike) -> Real:
    check_nonnegative("temperature", value, "baths of negative temperature are not thermal baths.")
    return as_real("temperature", value)


def _zero_frequency(value: RealLike | None) -> Real | None:
    if value is None:
        return None
    check_nonnegative("zero_frequency", value, "give the rate of the dephasing channel, or None.")
    return as_real("zero_frequency", value)


def _couplings(value: Any, d: int | None) -> Complex[Array, "couplings d d"]:
    """One coupling or several as a stack of Hermitian operators."""
    stack = [value] if not isinstance(value, list | tuple) and jnp.ndim(value) == 2 else list(value)
    if not stack:
        raise ValueError("`couplings` must hold at least one operator, got none.")
    d = jnp.shape(stack[0])[0] if d is None else d
    for k, coupling in enumerate(stack):
        check_hermitian(f"couplings[{k}]", coupling, d)
    return jnp.stack([as_complex(coupling) for coupling in stack])


def gibbs_defect(bath: AbstractDissipator, t: RealLike, hamiltonian: Operator) -> Real:
    """The size max|D(tau)| of what the bath does to the Gibbs state of H at its own temperature.

    Zero for Davies and adiabatic baths of H. Where it is not small, Spohn's production need not be
    >= 0 (Levy and Kosloff 2014).

    Args:
        bath: a dissipator with a temperature.
        t: time.
        hamiltonian: Hermitian operator, (d, d).

    Returns:
        A scalar >= 0, in units of energy.

    Raises:
        ValueError: the dissipator has no temperature.
    """
    if bath.temperature is None:
        raise ValueError(
            f"`bath` ({type(bath).__name__}) has no temperature, so no Gibbs state; "
            "give it one with `temperature=`."
        )
    tau = thermal_state(hamiltonian, bath.temperature)
    return jnp.max(jnp.abs(dissipate(*bath.jumps(t, hamiltonian), tau)))
