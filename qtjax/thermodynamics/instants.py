"""What an audit looks at: an open system at one instant, in plain numbers."""

import functools
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..dynamics.channels import Channel, Moving
from ..dynamics.dissipators import AbstractDissipator, is_thermal, jump_operators
from ..dynamics.open_system import OpenSystem

LARGEST = 24  # dimension up to which the generator is made as a matrix

Matrix = Any  # NumPy arrays, of double precision


def precision(least: float = 1e-9) -> float:
    """What counts as 0 relative to the size of what is summed: `least`, or 1,000 roundings."""
    return max(least, 1e3 * float(jnp.finfo(jnp.result_type(float)).eps))


class Contact:
    """A bath at one instant.

    Args:
        bath: the dissipator.
        where: its name in messages.
        system: that it acts on.
        t: time.
    """

    def __init__(self, bath: AbstractDissipator, where: str, system: OpenSystem, t: float):
        self.bath, self.where = bath.at(t), f"{where} ({type(bath).__name__})"
        found = jump_operators(bath, system.hamiltonian, t)
        self.rates, self.operators = np.asarray(found[0], float), np.asarray(found[1], complex)
        self.size = float(np.sum(self._sizes(self.rates, self.operators)))
        self.single = self._single(system, t)

    @staticmethod
    def _sizes(rates: Matrix, operators: Matrix) -> Matrix:
        return np.abs(rates) * np.max(np.abs(operators), axis=(-2, -1), initial=0.0) ** 2

    def _single(self, system: OpenSystem, t: float) -> list[tuple[float, Matrix]]:
        """Rates and jump operators of the channels of one operator, but those of no size."""
        found = []
        for channel in self.bath.channels(system.hamiltonian):
            if isinstance(channel, Moving):
                found += list(zip(*map(np.asarray, channel.function(t)), strict=True))
            elif isinstance(channel, Channel) and channel.partner is None:
                found.append((np.asarray(channel.rate(t)), np.asarray(channel.operator)))
        found = [(float(rate), np.asarray(a, complex)) for rate, a in found]
        return [(rate, a) for rate, a in found if self._sizes(rate, a) > precision() * self.size]

    @property
    def temperature(self) -> float | None:
        """Of the bath, if its reference can only be the Gibbs state of H: without particles."""
        return self.own_temperature if is_thermal(self.bath) else None

    @property
    def is_cold(self) -> bool:
        """Whether the bath is at T = 0, so that its reference state has no full rank."""
        return self.own_temperature == 0.0 and not self.bath.has_own_reference

    @property
    def own_temperature(self) -> float | None:
        """Of the bath, whatever it leaves as it is."""
        found = self.bath.temperature
        return None if found is None else float(np.asarray(found))

    @functools.cached_property
    def adjoint(self) -> Matrix:
        """The adjoint jump operators."""
        return self.operators.conj().swapaxes(1, 2)

    @functools.cached_property
    def loss(self) -> Matrix:
        """sum_k rate_k L_k^+ L_k."""
        return np.einsum("k,kij,kjl->il", self.rates, self.adjoint, self.operators)

    def dissipate(self, rho: Matrix) -> Matrix:
        """D(rho)."""
        gain = np.einsum("k,kij->ij", self.rates, self.operators @ rho @ self.adjoint)
        return gain - (self.loss @ rho + rho @ self.loss) / 2

    def heat(self, energy: Matrix) -> Matrix:
        """D^+(H), whose mean is the heat current."""
        gain = np.einsum("k,kij->ij", self.rates, self.adjoint @ energy @ self.operators)
        return gain - (self.loss @ energy + energy @ self.loss) / 2

    def reference(self, energy: Matrix) -> Matrix:
        """The state that the bath alone would leave as it is under a Hamiltonian."""
        if not self.temperature:
            return np.asarray(self.bath.reference(jnp.asarray(energy)), complex)
        values, vectors = np.linalg.eigh(energy)
        weights = np.exp(-(values - values[0]) / self.temperature)
        return (vectors * (weights / weights.sum())) @ vectors.conj().T

    def flow(self, basis: Matrix) -> Matrix:
        """Rates from column to row between the columns of a basis."""
        turned = basis.conj().T @ self.operators @ basis
        return np.einsum("k,kij->ij", self.rates, np.abs(turned) ** 2)


class Instant:
    """An open system at one time, with what checks share.

    Args:
        system: a concrete one.
        t: time.
        name: what the names of its baths begin with.
        states: (words, state) that it is in, for the signs of productions and for truncations.
        alone: whether it is on its own, so that its steady state means something.
    """

    def __init__(
        self,
        system: OpenSystem,
        t: float,
        name: str = "",
        states: Sequence[tuple[str, Matrix]] = (),
        alone: bool = True,
    ):
        self.system, self.t, self.name, self.alone = system, t, name, alone
        self.h = np.asarray(system.hamiltonian(t), complex)
        self.energy = np.asarray(system.energy_hamiltonian(t), complex)
        self.levels, self.basis = np.linalg.eigh(self.h)
        self.contacts = [
            Contact(bath, f"{name}baths[{k}]", system, t) for k, bath in enumerate(system.baths)
        ]
        self.given = [(words, np.asarray(rho, complex)) for words, rho in states]

    @functools.cached_property
    def null_space(self) -> tuple[int, Matrix | None]:
        """How many independent operators the generator leaves as they are, and the state if one."""
        d = self.h.shape[0]
        one = np.eye(d)
        generator = -1j * (np.kron(self.h, one) - np.kron(one, self.h.T))
        for contact in self.contacts:  # as in `liouvillian`, but nothing is compiled
            jumps, loss = contact.operators, contact.loss
            gain = np.einsum("k,kab,kcd->acbd", contact.rates, jumps, jumps.conj(), optimize=True)
            generator = generator + gain.reshape(d * d, d * d)
            generator = generator - (np.kron(loss, one) + np.kron(one, loss.T)) / 2
        _, values, rows = np.linalg.svd(generator)
        least = max(1e-13, 4 * d * d * np.finfo(float).eps) * values[0]
        count = int(np.sum(values <= least))
        if count != 1:
            return count, None
        rho = rows[-1].conj().reshape(d, d)
        rho = rho / np.trace(rho)
        return 1, (rho + rho.conj().T) / 2

    @property
    def states(self) -> list[tuple[str, Matrix]]:
        """The states given, and the steady state where it means something and is known."""
        if not (self.alone and self.contacts and self.h.shape[0] <= LARGEST):
            return self.given
        steady = self.null_space[1]
        return self.given if steady is None else [("the steady state", steady), *self.given]

    def frequencies(self, operator: Matrix) -> tuple[Matrix, Matrix]:
        """The Bohr frequencies that a jump operator takes out, and their weights, ascending."""
        weights = np.abs(self.basis.conj().T @ operator @ self.basis) ** 2
        gaps = self.levels[None, :] - self.levels[:, None]
        kept = weights > 1e-12 * np.max(weights)
        order = np.argsort(gaps[kept])
        return gaps[kept][order], weights[kept][order] / np.sum(weights[kept])
