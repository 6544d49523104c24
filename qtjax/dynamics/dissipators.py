"""Dissipators: what the surroundings do, as channels.

D(rho) = sum_k rate_k (L_k rho L_k^+ - {L_k^+ L_k, rho}/2), eq. (8). Rates stand apart from the
operators, so they may depend on time and have either sign, and no square root of a rate is ever
differentiated. A new bath is one class with `channels(hamiltonian)`.
"""

import abc
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from .._checked import checked
from .._checks import (
    as_complex,
    as_numbers,
    as_sequence,
    check_hermitian,
    check_instance,
    check_operator,
    described,
    is_function,
    traced,
)
from .._describe import one_line
from .._types import Operator, Real, RealLike
from ..algebra.states import thermal_state
from .bath_arguments import as_operators, as_temperature
from .channels import Channel, Jumps, Moving, dissipate
from .hamiltonians import AbstractHamiltonian
from .schedules import Schedule, as_schedule


class Particles(NamedTuple):
    """What a bath exchanges beside energy.

    Args:
        number: the operator N of the particles in the system, (d, d).
        chemical_potential: mu of the bath, in units of energy: a number, or a schedule.

    Examples:
        >>> lead = qt.dynamics.FermionicLead(qt.destroy(2), 1.0, 0.5, 0.3, 0.1)
        >>> lead.particles.chemical_potential
        0.3
        >>> lead.particles.number.diagonal().real
        [0.0, 1.0]
    """

    number: Operator
    chemical_potential: Real | Schedule

    @property
    def moves(self) -> bool:
        """Whether mu is a function of time."""
        return is_function(self.chemical_potential)

    def potential(self, t: RealLike) -> Real:
        """The chemical potential at one time.

        Args:
            t: time.
        """
        mu: Any = self.chemical_potential
        return mu(t) if self.moves else mu


class Equilibrium(NamedTuple):
    """The state e^{-K/T}/Z.

    Args:
        operator: K, (d, d), in units of energy.
        temperature: T >= 0.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), 1.0, 1 / np.log(3), qt.Flat(0.1))
        >>> operator, temperature = bath.equilibrium(qt.number(2))
        >>> qt.thermal_state(operator, temperature).diagonal().real
        [0.75, 0.25]
    """

    operator: Operator
    temperature: Real


class AbstractDissipator(eqx.Module):
    """A dissipator with its temperature (`None` if it has none, as pure dephasing).

    Examples:
        >>> class Decay(qt.AbstractDissipator):
        ...     temperature: float = 0.0
        ...     def channels(self, hamiltonian):
        ...         return (qt.Channel(0.1, qt.destroy(2)),)
        >>> system = qt.OpenSystem(qt.number(2), Decay())
        >>> qt.dynamics.heat_currents(system, 0.0, qt.pure_state([0, 1]))
        [-0.1]
    """

    temperature: eqx.AbstractVar[Real | None]

    @abc.abstractmethod
    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel | Moving, ...]:
        """What the bath does to a system with this Hamiltonian; all else is read off it."""

    @property
    def particles(self) -> Particles | None:
        """The particles that the bath exchanges, with their chemical potential; `None` by default.

        Of the energy that such a bath gives mu N' is chemical work, and the rest is heat.
        """
        return None

    def at(self, t: RealLike) -> "AbstractDissipator":
        """The bath at one time: of a bath with a mu(t) that with mu as it is then; else itself.

        Heat, equilibrium and reference of a bath are those of the bath at a time.

        Args:
            t: time.
        """
        return self

    def equilibrium(self, hamiltonian: Operator) -> Equilibrium:
        """What the bath alone would leave as it is under a fixed H, as K and T of e^{-K/T}.

        By default H, or H - mu N for a bath that exchanges particles, and the bath's temperature.

        Raises:
            ValueError: the bath has no temperature.
        """
        if self.temperature is None:
            raise ValueError(
                f"`{type(self).__name__}` has no temperature, so no Gibbs state: give it one with "
                "`temperature=`, or define `reference(hamiltonian)`."
            )
        return Equilibrium(heat_operator(self, hamiltonian), self.temperature)

    def reference(self, hamiltonian: Operator) -> Operator:
        """The state that the bath alone would leave as it is under a fixed H, (d, d).

        By default that of `equilibrium`, which is better known where it has tiny populations: a
        bath whose state is e^{-K/T} defines that, and another one this.

        Raises:
            ValueError: the bath has no temperature.
        """
        return thermal_state(*self.equilibrium(hamiltonian))

    @property
    def keeps_reference(self) -> bool:
        """Whether the bath is meant to leave `reference` as it is; it is warned of if it does not.

        A bath that is known to come to another state, as a Redfield bath, says `False`.
        """
        return True

    @property
    def has_own_reference(self) -> bool:
        """Whether `reference` is its own, and not the state of `equilibrium`."""
        return type(self).reference is not AbstractDissipator.reference

    @property
    def has_own_equilibrium(self) -> bool:
        """Whether `equilibrium` is its own, so that its entropy flux is not heat / temperature."""
        return type(self).equilibrium is not AbstractDissipator.equilibrium

    def __repr__(self) -> str:
        return one_line(self)


def heat_operator(bath: AbstractDissipator, energy: Operator) -> Operator:
    """H - mu N, whose change by a bath is its heat; H itself for a bath without particles, (d, d).

    Args:
        bath: the dissipator, at one time where it moves (`bath.at(t)`).
        energy: the Hamiltonian that is called energy, (d, d).
    """
    exchanged = bath.particles
    if exchanged is None:
        return energy
    if exchanged.moves:
        raise ValueError(
            f"`{type(bath).__name__}` has a chemical potential that is a function of time: ask for "
            "its heat, equilibrium or reference at one time, as `bath.at(t)`."
        )
    mu: Any = exchanged.chemical_potential
    return energy - mu * exchanged.number


def check_channels(
    name: str, bath: AbstractDissipator, hamiltonian: AbstractHamiltonian, d: int
) -> None:
    """Raise unless the channels of a bath act on the d levels of a Hamiltonian.

    All in one trace, so that a function among them may close over what the bath holds.
    """
    name = f"{name}.channels(hamiltonian)"

    def channels(bath: AbstractDissipator, hamiltonian: AbstractHamiltonian) -> tuple[Any, ...]:
        wanted = "a tuple of `Channel` and `Moving`"
        return as_sequence(name, bath.channels(hamiltonian), wanted)

    def shapes(found: tuple[Any, ...]) -> tuple[()]:
        for k, channel in enumerate(found):
            check_instance(f"{name}[{k}]", channel, (Channel, Moving), "a `Channel` or `Moving`")
            moves = isinstance(channel, Moving)
            n = _moving_dimension(f"{name}[{k}]", channel) if moves else channel.operator.shape[0]
            if n != d:
                raise ValueError(
                    f"`{name.split('.')[0]}` acts on d = {n}, but the Hamiltonian has d = {d}; "
                    "use `embed` or `tensor` for operators of a part."
                )
        return ()

    traced(name, channels, shapes, bath, hamiltonian)


def _moving_dimension(name: str, channel: Moving) -> int:
    """The dimension d of a moving channel; raises at other shapes or types."""
    if channel.dimension is not None:
        return channel.dimension
    name, wanted = f"{name}.function", "(rates (jumps,), operators (jumps, d, d))"

    def convert(found: Any) -> tuple[Any, Any]:
        if not isinstance(found, list | tuple) or len(found) != 2:
            raise ValueError(f"`{name}` must return a pair {wanted}, got {described(found)}.")
        rates, operators = (as_numbers(f"{name}(t)", part, f"arrays {wanted}") for part in found)
        return rates, operators

    rates, operators = traced(name, channel.function, convert)
    shapes = rates.shape, operators.shape
    if len(shapes[1]) != 3 or shapes[0] != shapes[1][:1] or shapes[1][1] != shapes[1][2]:
        raise ValueError(
            f"`{name}` must return {wanted} at all times, got the shapes {shapes[0]} and "
            f"{shapes[1]}."
        )
    if not jnp.issubdtype(rates.dtype, jnp.floating):
        raise ValueError(
            f"`{name}` must return real rates of floating type, got dtype {rates.dtype}."
        )
    return shapes[1][1]


def divides_heat(bath: AbstractDissipator) -> bool:
    """Whether the entropy that flows in from a bath is its heat / temperature."""
    return not (bath.has_own_reference or bath.has_own_equilibrium)


def is_thermal(bath: AbstractDissipator) -> bool:
    """Whether what a bath would leave as it is can only be the Gibbs state of H."""
    return divides_heat(bath) and bath.particles is None


def has_reference(bath: AbstractDissipator) -> bool:
    """Whether a bath has a state that it would leave as it is: a temperature, or one of its own."""
    return not divides_heat(bath) or bath.temperature is not None


@checked
def jump_operators(
    bath: AbstractDissipator, hamiltonian: AbstractHamiltonian, t: RealLike
) -> Jumps:
    """The rates (jumps,) and jump operators (jumps, d, d) of a bath at one time.

    A channel of two operators counts as two of one, with rates of opposite sign.

    Args:
        bath: the dissipator.
        hamiltonian: of the system.
        t: time.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), 1.0, 1 / np.log(2), qt.Flat(0.1))
        >>> rates, operators = qt.dynamics.jump_operators(bath, qt.Static(qt.number(2)), 0.0)
        >>> rates
        [0.2, 0.1]
    """
    rates, operators = [jnp.zeros(0)], []
    for channel in bath.channels(hamiltonian):
        if isinstance(channel, Moving):
            found = channel.function(t)
            rates.append(found[0])
            operators.append(as_complex(found[1]))
            continue
        for single in channel.single():
            rates.append(jnp.asarray(single.rate(t), jnp.result_type(float)).reshape(1))
            operators.append(single.operator[None])
    if not operators:
        d = hamiltonian(t).shape[0]
        return rates[0], jnp.zeros((0, d, d), jnp.result_type(complex))
    return jnp.concatenate(rates), jnp.concatenate(operators)


class Lindblad(AbstractDissipator):
    """Given jump operators with given rates, constant or time-dependent and of either sign.

    Args:
        operators: one jump operator (d, d) or several, (jumps, d, d) or a sequence.
        rates: as many numbers, schedules or callables t -> scalar (one of them for one operator).
        temperature: of the bath, if it has one; Spohn's production needs it of every dissipator
            that carries heat.

    Raises:
        ValueError: not as many rates as operators, non-finite or non-square operators, rates that
            are neither real numbers nor functions of time that return them, or a negative
            temperature.

    Examples:
        >>> system = qt.OpenSystem(qt.number(2), qt.Lindblad(qt.destroy(2), 0.1))
        >>> qt.dynamics.right_hand_side(system, 0.0, qt.pure_state([0, 1])).diagonal().real
        [0.1, -0.1]
    """

    operators: tuple[Operator, ...]
    rates: tuple[Schedule, ...]
    temperature: Real | None

    def __init__(self, operators: Any, rates: Any, temperature: RealLike | None = None):
        self.operators = as_operators("operators", operators, check_operator)
        if is_function(rates) or not (isinstance(rates, list | tuple) or np.ndim(rates)):
            rates = (rates,)
        rates = as_sequence("rates", rates, "a rate, or a sequence of rates")
        if len(rates) != len(self.operators):
            raise ValueError(
                f"`rates` must give one rate for each of the {len(self.operators)} jump "
                f"operators, got {len(rates)}."
            )
        self.rates = tuple(as_schedule(f"rates[{k}]", rate) for k, rate in enumerate(rates))
        self.temperature = None if temperature is None else as_temperature(temperature)

    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel, ...]:
        return tuple(map(Channel, self.rates, self.operators))


@checked
def gibbs_defect(
    bath: AbstractDissipator, hamiltonian: AbstractHamiltonian, t: RealLike, energy: Operator
) -> Real:
    """The size max|D(pi)| of what a bath does to its reference state pi, relative to its rates.

    Zero for Davies and adiabatic baths of H. Where it is not small, Spohn's production need not be
    >= 0 (Levy and Kosloff 2014).

    Args:
        bath: a dissipator with a reference state.
        hamiltonian: of the system.
        t: time.
        energy: the Hamiltonian whose Gibbs state is meant, at that time, (d, d).

    Returns:
        A scalar >= 0; 0 where all rates are.

    Examples:
        >>> h = qt.Static(qt.number(2) + 0.5 * qt.sigmax())
        >>> local = qt.LocalBath(qt.destroy(2), 1.0, 0.5, qt.Flat(0.1))
        >>> qt.dynamics.gibbs_defect(local, h, 0.0, h(0.0))
        0.1783
        >>> davies = qt.DaviesBath(h(0.0), qt.sigmax(), 0.5, qt.Flat(0.1))
        >>> qt.dynamics.gibbs_defect(davies, h, 0.0, h(0.0))
        0.0
    """
    rates, operators = jump_operators(bath, hamiltonian, t)
    check_hermitian("energy", energy, operators.shape[-1])
    size = jnp.max(jnp.abs(rates) * jnp.max(jnp.abs(operators), axis=(1, 2)) ** 2, initial=0.0)
    defect = jnp.max(jnp.abs(dissipate(rates, operators, bath.at(t).reference(energy))))
    return defect / jnp.where(size > 0.0, size, 1.0)
