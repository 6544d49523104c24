"""Strokes and cycles: what a machine does, in which order, for how long."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checks import as_real, check_nonnegative
from .._types import Operator, Real, RealLike
from ..dynamics.dissipators import AbstractDissipator, Jumps
from ..dynamics.hamiltonians import AbstractHamiltonian
from ..dynamics.open_system import OpenSystem


class Stretched(AbstractHamiltonian):
    """H(t / duration): a Hamiltonian of scaled time, in time."""

    hamiltonian: AbstractHamiltonian
    duration: Real

    def __call__(self, t: RealLike) -> Operator:
        return self.hamiltonian(t / self.duration)

    def breakpoints(self) -> Float[Array, " breaks"]:
        return self.duration * self.hamiltonian.breakpoints()

    def jumps(self) -> Float[Array, " jumps"]:
        return self.duration * self.hamiltonian.jumps()


class StretchedBath(AbstractDissipator):
    """A dissipator of scaled time, in time."""

    bath: AbstractDissipator
    duration: Real
    temperature: Real | None

    @property
    def constant(self) -> bool:
        return self.bath.constant

    @property
    def dimension(self) -> int:
        return self.bath.dimension

    def jumps(self, t: RealLike, hamiltonian: Operator) -> Jumps:
        return self.bath.jumps(t / self.duration, hamiltonian)

    def breakpoints(self) -> Float[Array, " breaks"]:
        return self.duration * self.bath.breakpoints()


class Stroke(eqx.Module):
    """One stroke of a cycle: an open system, driven in scaled time s = t/duration in [0, 1].

    Scaled time makes the duration a parameter like any other: changing it stretches the protocol,
    and at 0 what remains is a sudden quench with its work.

    Args:
        system: the open system; its Hamiltonian (and time-dependent rates) are called with s.
        duration: >= 0.
        contact: "hot" or "cold" for a stroke whose heat counts as heat_hot or heat_cold.

    Raises:
        ValueError: a negative duration or another `contact`.
    """

    system: OpenSystem
    duration: Real
    contact: str | None = eqx.field(static=True)

    def __init__(self, system: OpenSystem, duration: RealLike, contact: str | None = None):
        check_nonnegative("duration", duration, "a stroke takes time forward; 0 is a quench.")
        if contact not in ("hot", "cold", None):
            raise ValueError(f'`contact` must be "hot", "cold" or None, got {contact!r}.')
        self.system, self.duration = system, as_real("duration", duration)
        self.contact = contact

    def in_time(self) -> OpenSystem:
        """The stroke's open system as a function of time in [0, duration], for `qt.rates`."""
        system, duration = self.system, self.duration

        def stretched(h: AbstractHamiltonian) -> AbstractHamiltonian:
            return h if h.constant else Stretched(h, duration)

        baths = [
            bath
            if bath.constant
            else StretchedBath(bath=bath, duration=duration, temperature=bath.temperature)
            for bath in system.baths
        ]
        energy = None if system.energy is None else stretched(system.energy)
        return OpenSystem(stretched(system.hamiltonian), baths, energy)


class Cycle(eqx.Module):
    """A closed sequence of strokes. Where H jumps between two of them, the quench does work.

    Args:
        strokes: one or more `Stroke`s of the same dimension.

    Raises:
        ValueError: no strokes, or strokes of different dimension.
    """

    strokes: tuple[Stroke, ...]

    def __init__(self, strokes: Any):
        self.strokes = tuple(strokes)
        if not self.strokes:
            raise ValueError("`strokes` must hold at least one stroke, got none.")
        dimensions = [stroke.system.dimension for stroke in self.strokes]
        if len(set(dimensions)) > 1:
            raise ValueError(f"`strokes` must share one dimension d, got {dimensions}.")

    @property
    def period(self) -> Real:
        """The time of one cycle."""
        return sum((stroke.duration for stroke in self.strokes), jnp.zeros(()))
