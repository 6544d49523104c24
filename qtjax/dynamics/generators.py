"""The generator of state, heats and work as one real linear system.

The integrated vector is y = (x, Q_1 ... Q_K, W): x the packed state, Q_k the heat from bath k, W
the work:

    y' = G(t) x,    G = [ R_H + sum_k R_k ]     heat row k: h . R_k,  h = pack(energy Hamiltonian)
                        [ rows            ]     work row:   pack(dH/dt)

so that heat and work stand under the same error control as the state. Nothing depends on the books,
so G has no columns for them. Everything outside `dynamics/` sees density matrices only.

`duration` stretches time: with it, t is the scaled time s in [0, 1] of a stroke and G = dy/ds.
The work row has no factor `duration`, so a stroke of zero length is a sudden quench.
"""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._types import Operator, RealLike
from ..algebra.superoperators import (
    dissipator_superoperator,
    hamiltonian_superoperator,
    pack,
    real_superoperator,
)
from .dissipators import AbstractDissipator
from .hamiltonians import AbstractHamiltonian, Driven, hamiltonian_rate
from .open_system import OpenSystem
from .schedules import Schedule

Matrix = Float[Array, "m n"]


class AbstractGenerator(eqx.Module):
    """The real matrix G(t) of (state, heats, work)."""

    @abc.abstractmethod
    def __call__(self, t: RealLike) -> Matrix:
        """G(t), (m, n) with n = d*d and m = d*d + baths + 1."""


class ConstantGenerator(AbstractGenerator):
    """G does not depend on time."""

    matrix: Matrix

    def __call__(self, t: RealLike) -> Matrix:
        return self.matrix


class LinearGenerator(AbstractGenerator):
    """G(t) = G_0 + sum_k c_k(t) A_k + c_k'(t) B_k, all matrices made once, before the loop."""

    fixed: Matrix
    parts: Float[Array, "terms m n"]
    works: Float[Array, "terms m n"]
    schedules: tuple[Schedule, ...]

    def __call__(self, t: RealLike) -> Matrix:
        t = jnp.asarray(t, self.fixed.dtype)
        values, slopes = jax.jvp(self._coefficients, (t,), (jnp.ones_like(t),))
        return (
            self.fixed + jnp.tensordot(values, self.parts, 1) + jnp.tensordot(slopes, self.works, 1)
        )

    def _coefficients(self, t: RealLike) -> Float[Array, " terms"]:
        dtype = self.fixed.dtype
        return jnp.stack([jnp.asarray(s(t), dtype).reshape(()) for s in self.schedules])


class GeneralGenerator(AbstractGenerator):
    """G(t) built anew at every time: any H(t), baths that move with time or with H."""

    hamiltonian: AbstractHamiltonian
    energy: AbstractHamiltonian | None
    dissipators: tuple[Matrix | AbstractDissipator, ...]
    duration: Float[Array, ""]

    def __call__(self, t: RealLike) -> Matrix:
        h = self.hamiltonian(t)
        unitary = real_superoperator(hamiltonian_superoperator(h))
        parts = [
            _real_dissipator(part, t, h) if isinstance(part, AbstractDissipator) else part
            for part in self.dissipators
        ]
        booked = self.hamiltonian if self.energy is None else self.energy
        energy = pack(booked(t))
        work = pack(hamiltonian_rate(booked, t))
        if self.energy is not None:
            work = work + self.duration * (energy @ unitary)
        heats = [self.duration * (energy @ part) for part in parts]
        return _assemble(self.duration * sum(parts, unitary), heats, work)


class RealLeaves(AbstractGenerator):
    """A generator whose complex leaves are kept as pairs of real ones, as Diffrax wants them."""

    real: Any
    imaginary: Any
    rest: Any

    def __call__(self, t: RealLike) -> Matrix:
        joined = jax.tree.map(jax.lax.complex, self.real, self.imaginary)
        return eqx.combine(joined, self.rest)(t)


def real_leaves(generator: AbstractGenerator) -> AbstractGenerator:
    """The generator itself if its leaves are real, else as `RealLeaves`."""

    def is_complex(leaf: Any) -> bool:
        return eqx.is_array(leaf) and jnp.iscomplexobj(leaf)

    found, rest = eqx.partition(generator, is_complex)
    if not jax.tree.leaves(found):
        return generator
    return RealLeaves(jax.tree.map(jnp.real, found), jax.tree.map(jnp.imag, found), rest)


def build_generator(system: OpenSystem, duration: RealLike = 1.0) -> AbstractGenerator:
    """The generator of a system in the most structured form that its types allow.

    Args:
        system: the open system.
        duration: factor between scaled time and time.

    Returns:
        An `AbstractGenerator`; constant and linear forms are chosen by type, never by value.
    """
    h = system.hamiltonian
    start = h(jnp.zeros(()))
    duration = jnp.asarray(duration, start.real.dtype)
    dissipators = tuple(
        _real_dissipator(bath, 0.0, start) if _is_fixed(bath, h) else bath for bath in system.baths
    )
    fixed = all(eqx.is_array(part) for part in dissipators)
    if not fixed or system.energy is not None or not (h.constant or isinstance(h, Driven)):
        return GeneralGenerator(h, system.energy, dissipators, duration)
    if not isinstance(h, Driven):
        return ConstantGenerator(_constant_matrix(start, dissipators, duration))
    return _linear_generator(h, dissipators, duration)


def is_constant(system: OpenSystem) -> bool:
    """Whether nothing in the system moves, by type."""
    h = system.hamiltonian
    energy_constant = system.energy is None or system.energy.constant
    return h.constant and energy_constant and all(_is_fixed(bath, h) for bath in system.baths)


def initial_vector(system: OpenSystem, rho: Operator) -> Float[Array, " m"]:
    """(x, 0, ..., 0): the packed state with empty books."""
    x = pack(rho)
    return jnp.concatenate([x, jnp.zeros(len(system.baths) + 1, x.dtype)])


def _is_fixed(bath: AbstractDissipator, hamiltonian: AbstractHamiltonian) -> bool:
    return bath.constant and (hamiltonian.constant or not bath.follows_hamiltonian)


def _real_dissipator(bath: AbstractDissipator, t: RealLike, h: Operator) -> Matrix:
    return real_superoperator(dissipator_superoperator(*bath.jumps(t, h)))


def _constant_matrix(h: Operator, dissipators: tuple[Any, ...], duration: Array) -> Matrix:
    unitary = real_superoperator(hamiltonian_superoperator(h))
    energy = pack(h)
    heats = [duration * (energy @ part) for part in dissipators]
    return _assemble(duration * sum(dissipators, unitary), heats, jnp.zeros_like(energy))


def _linear_generator(h: Driven, dissipators: tuple[Any, ...], duration: Array) -> LinearGenerator:
    n = h.operators[0].shape[-1] ** 2
    none = [jnp.zeros(n, duration.dtype)] * len(dissipators)
    zero = jnp.zeros(n, duration.dtype)
    fixed = _assemble(duration * sum(dissipators, jnp.zeros((n, n), duration.dtype)), none, zero)
    parts, works = [], []
    for operator in h.operators:
        energy = pack(operator)
        heats = [duration * (energy @ part) for part in dissipators]
        unitary = real_superoperator(hamiltonian_superoperator(operator))
        parts.append(_assemble(duration * unitary, heats, zero))
        works.append(_assemble(jnp.zeros_like(unitary), none, energy))
    return LinearGenerator(fixed, jnp.stack(parts), jnp.stack(works), h.schedules)


def _assemble(state: Float[Array, "n n"], heats: list[Array], work: Array) -> Matrix:
    """The rows of the state, of the heats and of the work."""
    return jnp.concatenate([state, jnp.stack([*heats, work])])
