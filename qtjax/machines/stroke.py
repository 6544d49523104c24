"""Strokes and cycles: what a machine does, in which order, for how long."""

import abc
import dataclasses
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checks import as_nonnegative, as_sequence, check_instance, described
from .._describe import as_html, as_text
from .._types import Operator, Real, RealLike
from ..dynamics.channels import Channel, Moving
from ..dynamics.dissipators import AbstractDissipator, Equilibrium, Particles
from ..dynamics.equation_of_motion import Books, read_books
from ..dynamics.hamiltonians import AbstractHamiltonian, stretch_hamiltonian
from ..dynamics.open_system import OpenSystem
from ..dynamics.propagator import RESOLUTION, Propagator, propagator, stroke_equation
from ..dynamics.schedules import Constant, Stretched
from ..numerics.equation import LinearEquation
from ..thermodynamics.rates import thermal_entropy_flux, thermal_flux
from ..thermodynamics.scales import total_heat_roundings
from .describe import describe_cycle

Contact = str | tuple[str | None, ...] | None


class StretchedBath(AbstractDissipator):
    """A dissipator of scaled time, in time."""

    bath: AbstractDissipator
    hamiltonian: AbstractHamiltonian
    duration: Real
    temperature: Real | None

    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel | Moving, ...]:
        return tuple(map(self._in_time, self.bath.channels(self.hamiltonian)))

    def at(self, t: RealLike) -> AbstractDissipator:
        scaled = jnp.where(self.duration > 0.0, t / self.duration, 0.0)
        return replaced(self, "bath", self.bath.at(scaled))

    def equilibrium(self, hamiltonian: Operator) -> Equilibrium:
        return self.bath.equilibrium(hamiltonian)

    def reference(self, hamiltonian: Operator) -> Operator:
        return self.bath.reference(hamiltonian)

    @property
    def particles(self) -> Particles | None:
        exchanged = self.bath.particles
        if exchanged is None or not exchanged.moves:
            return exchanged
        mu: Any = exchanged.chemical_potential
        return Particles(exchanged.number, Stretched(mu, self.duration))

    @property
    def has_own_reference(self) -> bool:
        return self.bath.has_own_reference

    @property
    def has_own_equilibrium(self) -> bool:
        return self.bath.has_own_equilibrium

    def _in_time(self, channel: Channel | Moving) -> Channel | Moving:
        if isinstance(channel, Moving):
            return Moving(Stretched(channel.function, self.duration))
        if isinstance(channel.rate, Constant):
            return channel
        rate = Stretched(channel.rate, self.duration)
        return Channel(rate, channel.operator, channel.partner)


class AbstractStroke(eqx.Module):
    """A part of a cycle: a linear map of states, with the heats and the work that go with it.

    A new kind of stroke is one class: the fields below, `propagator` and `energy`.

    Args:
        duration: >= 0.
        contact: a name for all of its heats, one for each of them, or `None`.
        temperatures: of what each heat comes from, `None` where that has none.
    """

    duration: eqx.AbstractVar[Real]
    contact: eqx.AbstractVar[Contact]
    temperatures: eqx.AbstractVar[tuple[Real | None, ...]]

    @abc.abstractmethod
    def propagator(self, steps: int, *, tolerance: RealLike, resolution: int) -> Propagator:
        """The map with its books; the arguments are those of `limit_cycle`."""

    @abc.abstractmethod
    def energy(self, s: RealLike) -> Operator:
        """The Hamiltonian whose expectation is called energy, at the start (s = 0) and end (1)."""

    def books(self, booked: Float[Array, " books"], propagator: Propagator) -> Books:
        """The books of a propagator by their names: heats, then the work."""
        return Books(booked[:-1], booked[-1])

    def entropy_flux(self, rho: Operator, heats: Float[Array, " baths"]) -> Real:
        """The entropy that flows in with the heats of a stroke that starts in rho.

        By default sum Q_k/T_k, nan where heat comes from something without a temperature.
        """
        return flux_of_heats(self, heats)

    @property
    def dimension(self) -> int:
        """The dimension d of the Hilbert space."""
        return eqx.filter_eval_shape(self.energy, jnp.zeros(())).shape[0]

    @property
    def contacts(self) -> tuple[str | None, ...]:
        """The name of every heat."""
        return names_of(self.contact, len(self.temperatures))


def names_of(contact: Contact, heats: int) -> tuple[str | None, ...]:
    """The name of each of so many heats."""
    return contact if isinstance(contact, tuple) else (contact,) * heats


def flux_of_heats(stroke: AbstractStroke, heats: Float[Array, " baths"]) -> Real:
    """sum_k Q_k/T_k of the heats of a stroke, at its `temperatures`."""
    size = jnp.max(jnp.abs(stroke.energy(0.0)))
    rounding = 64.0 * jnp.finfo(size.dtype).eps * size
    pairs = zip(stroke.temperatures, heats, strict=True)
    return sum((thermal_flux(*pair, rounding) for pair in pairs), jnp.zeros(()))


def as_contact(value: Any, heats: int) -> Contact:
    """A name for all heats of a stroke, `None`, or one of them for each heat.

    Raises:
        ValueError: something else.
    """
    if value is None or (isinstance(value, str) and value):
        return value
    names = tuple(value) if isinstance(value, list | tuple) else ()
    if len(names) != heats or not all(n is None or (isinstance(n, str) and n) for n in names):
        raise ValueError(
            '`contact` must be a name such as "hot", None, or a tuple of one of them for each of '
            f"the stroke's {heats} heats, got {described(value)}."
        )
    return names


def renamed(stroke: AbstractStroke, contact: Contact) -> AbstractStroke:
    """The same stroke with another `contact`: with `None` all that differ in it are of one kind."""
    return replaced(stroke, "contact", contact)


def replaced(module: Any, field: str, value: Any) -> Any:
    """A copy of a module, batched or not, with another value of one field."""
    new = object.__new__(type(module))
    for one in dataclasses.fields(module):
        kept = value if one.name == field else getattr(module, one.name)
        object.__setattr__(new, one.name, kept)
    return new


class Stroke(AbstractStroke):
    """One stroke of a cycle: an open system, driven in scaled time s = t/duration in [0, 1].

    Scaled time makes the duration a parameter like any other: changing it stretches the protocol,
    and at 0 what remains is a sudden quench with its work.

    Args:
        system: the open system; its Hamiltonian (and time-dependent rates) are called with s.
        duration: >= 0.
        contact: the name under which the heat of its baths counts, such as "hot" or "cold", or a
            tuple with one for each bath; `None` for heat that counts under no name.

    Raises:
        ValueError: a system that is none, a duration that is negative or no number, or a `contact`
            that is no name.

    Examples:
        >>> h = qt.Driven([(qt.Linear(1.0, 2.0), qt.number(2))])
        >>> expansion = qt.Stroke(qt.OpenSystem(h), 5.0)
        >>> expansion.energy(0.5)[1, 1].real
        1.5
    """

    system: OpenSystem
    duration: Real
    contact: Contact = eqx.field(static=True)

    def __init__(self, system: OpenSystem, duration: RealLike, contact: Any = None):
        check_instance("system", system, OpenSystem, "an `OpenSystem`")
        self.system, self.contact = system, as_contact(contact, len(system.baths))
        remedy = "a stroke takes time forward; 0 is a quench."
        self.duration = as_nonnegative("duration", duration, remedy)

    @property
    def temperatures(self) -> tuple[Real | None, ...]:
        return tuple(bath.temperature for bath in self.system.baths)

    def equation(self) -> LinearEquation:
        """What is solved along the stroke, in scaled time."""
        return stroke_equation(self.system)

    def propagator(
        self, steps: int, *, tolerance: RealLike = 1e-9, resolution: int = RESOLUTION,
        implicit: bool = False, equation: LinearEquation | None = None,
    ) -> Propagator:  # fmt: skip
        return propagator(
            self.system, self.duration, steps, tolerance=tolerance, resolution=resolution,
            implicit=implicit, equation=equation,
        )  # fmt: skip

    def energy(self, s: RealLike) -> Operator:
        return self.system.energy_hamiltonian(s)

    def books(self, booked: Float[Array, " books"], propagator: Propagator) -> Books:
        return read_books(self.system, booked, propagator.quantum)

    def entropy_flux(self, rho: Operator, heats: Float[Array, " baths"]) -> Real:
        times = jnp.linspace(0.0, 1.0, 5)
        roundings = total_heat_roundings(self.system, times, self.duration)
        return thermal_entropy_flux(self.system.baths, heats, roundings)

    @property
    def dimension(self) -> int:
        return self.system.dimension

    def in_time(self) -> OpenSystem:
        """The stroke's open system as a function of time in [0, duration], for `qt.rates`."""
        return stretch_system(self.system, self.duration)


def stretch_system(system: OpenSystem, duration: RealLike) -> OpenSystem:
    """An open system of t/duration, as one of t."""
    duration = jnp.asarray(duration, jnp.result_type(float))
    baths = [
        StretchedBath(
            bath=bath,
            hamiltonian=system.hamiltonian,
            duration=duration,
            temperature=bath.temperature,
        )
        for bath in system.baths
    ]
    hamiltonian, *parts = (
        stretch_hamiltonian(h, duration) for h in (system.hamiltonian, *system.parts)
    )
    energy = None if system.energy is None else stretch_hamiltonian(system.energy, duration)
    return OpenSystem(hamiltonian, baths, energy, parts)


class Cycle(eqx.Module):
    """A closed sequence of strokes. Where H jumps between two of them, the quench does work.

    Args:
        strokes: one or more of the same dimension: `Stroke`, `Collision`, `Reset`, or a kind of
            one's own.

    Raises:
        ValueError: no strokes, something else, or strokes of different dimension.

    Examples:
        >>> h = qt.number(2)
        >>> cold = qt.machines.Reset(h, h, temperature=1 / np.log(9), contact="cold")
        >>> hot = qt.machines.Reset(2 * h, 2 * h, temperature=2 / np.log(3), contact="hot")
        >>> cycle = qt.Cycle([cold, hot])
        >>> qt.limit_cycle(cycle).named_heats["hot"], 2 * (1 / 4 - 1 / 10)
        (0.3, 0.3)
    """

    strokes: tuple[AbstractStroke, ...]

    def __init__(self, strokes: Any):
        self.strokes = as_sequence("strokes", strokes, "a sequence of `Stroke`s")
        if not self.strokes:
            raise ValueError("`strokes` must hold at least one stroke, got none.")
        for k, stroke in enumerate(self.strokes):
            check_instance(f"strokes[{k}]", stroke, AbstractStroke, "a `Stroke`")
        dimensions = [stroke.dimension for stroke in self.strokes]
        if len(set(dimensions)) > 1:
            raise ValueError(f"`strokes` must share one dimension d, got {dimensions}.")

    @property
    def dimension(self) -> int:
        """The dimension d of the Hilbert space."""
        return self.strokes[0].dimension

    @property
    def contacts(self) -> list[tuple[str | None, ...]]:
        """Per stroke the names of its heats."""
        return [stroke.contacts for stroke in self.strokes]

    @property
    def period(self) -> Real:
        """The time of one cycle."""
        return sum((stroke.duration for stroke in self.strokes), jnp.zeros(()))

    def __repr__(self) -> str:
        return as_text(self, describe_cycle)

    def _repr_html_(self) -> str:
        return as_html(self, describe_cycle)


def driven_strokes(cycle: Cycle) -> tuple[Stroke, ...]:
    """The strokes of a cycle; raises unless all are `Stroke`s, which have states in between."""
    for k, stroke in enumerate(cycle.strokes):
        if not isinstance(stroke, Stroke):
            raise ValueError(
                f"`solution.cycle.strokes[{k}]` is a `{type(stroke).__name__}`: it has no state of "
                "the system alone in between, so no temperature T(t) of eq. (17) and no rates. "
                "Use the heats, works and entropies of the solution."
            )
    return tuple(stroke for stroke in cycle.strokes if isinstance(stroke, Stroke))
