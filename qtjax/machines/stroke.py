"""Strokes and cycles: what a machine does, in which order, for how long."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp

from .._checks import as_nonnegative, as_sequence, check_instance
from .._types import Operator, Real, RealLike
from ..dynamics.channels import Channel, Moving
from ..dynamics.dissipators import AbstractDissipator, Equilibrium, Particles
from ..dynamics.hamiltonians import AbstractHamiltonian, stretch_hamiltonian
from ..dynamics.open_system import OpenSystem
from ..dynamics.schedules import Constant, Stretched


class StretchedBath(AbstractDissipator):
    """A dissipator of scaled time, in time."""

    bath: AbstractDissipator
    hamiltonian: AbstractHamiltonian
    duration: Real
    temperature: Real | None

    def channels(self, hamiltonian: AbstractHamiltonian) -> tuple[Channel | Moving, ...]:
        return tuple(map(self._in_time, self.bath.channels(self.hamiltonian)))

    def equilibrium(self, hamiltonian: Operator) -> Equilibrium:
        return self.bath.equilibrium(hamiltonian)

    def reference(self, hamiltonian: Operator) -> Operator:
        return self.bath.reference(hamiltonian)

    @property
    def particles(self) -> Particles | None:
        return self.bath.particles

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


class Stroke(eqx.Module):
    """One stroke of a cycle: an open system, driven in scaled time s = t/duration in [0, 1].

    Scaled time makes the duration a parameter like any other: changing it stretches the protocol,
    and at 0 what remains is a sudden quench with its work.

    Args:
        system: the open system; its Hamiltonian (and time-dependent rates) are called with s.
        duration: >= 0.
        contact: "hot" or "cold" for a stroke whose heat counts as heat_hot or heat_cold.

    Raises:
        ValueError: a system that is none, a duration that is negative or no number, or another
            `contact`.
    """

    system: OpenSystem
    duration: Real
    contact: str | None = eqx.field(static=True)

    def __init__(self, system: OpenSystem, duration: RealLike, contact: str | None = None):
        check_instance("system", system, OpenSystem, "an `OpenSystem`")
        if not (contact is None or (isinstance(contact, str) and contact in ("hot", "cold"))):
            raise ValueError(f'`contact` must be "hot", "cold" or None, got {contact!r}.')
        self.system, self.contact = system, contact
        remedy = "a stroke takes time forward; 0 is a quench."
        self.duration = as_nonnegative("duration", duration, remedy)

    def in_time(self) -> OpenSystem:
        """The stroke's open system as a function of time in [0, duration], for `qt.rates`."""
        system, duration = self.system, self.duration
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
        strokes: one or more `Stroke`s of the same dimension.

    Raises:
        ValueError: no strokes, something else, or strokes of different dimension.
    """

    strokes: tuple[Stroke, ...]

    def __init__(self, strokes: Any):
        self.strokes = as_sequence("strokes", strokes, "a sequence of `Stroke`s")
        if not self.strokes:
            raise ValueError("`strokes` must hold at least one stroke, got none.")
        for k, stroke in enumerate(self.strokes):
            check_instance(f"strokes[{k}]", stroke, Stroke, "a `Stroke`")
        dimensions = [stroke.system.dimension for stroke in self.strokes]
        if len(set(dimensions)) > 1:
            raise ValueError(f"`strokes` must share one dimension d, got {dimensions}.")

    @property
    def period(self) -> Real:
        """The time of one cycle."""
        return sum((stroke.duration for stroke in self.strokes), jnp.zeros(()))
