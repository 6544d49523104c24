"""The channels of a Davies generator: fixed, or functions of time where it follows H(t)."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checks import concretely, entries, is_concrete
from .._types import Operator, RealLike
from ..numerics.equation import Radius
from ..numerics.rotations import pauli_vector
from .channels import AbstractMovingJumps, Channel, Jumps, Moving
from .davies_generator import davies_jumps, davies_matrix, has_many_jumps
from .hamiltonians import AbstractHamiltonian, Static, Term
from .level_radius import radius_of
from .spectra import thermal_rates


class FollowingDavies(AbstractMovingJumps):
    """The Davies generator of H(t) as a function of time.

    Args:
        bath: as for `davies_jumps`.
        hamiltonian: of the system.
    """

    bath: Any
    hamiltonian: AbstractHamiltonian

    def __call__(self, t: RealLike) -> Jumps:
        return davies_jumps(self.bath, self.hamiltonian(t))

    @property
    def dimension(self) -> int:
        return self.bath.couplings.shape[-1]

    def matrix(self, t: RealLike) -> Float[Array, "n n"]:
        return davies_matrix(self.bath, self.hamiltonian(t))

    @property
    def radius(self) -> Radius | None:
        return radius_of(self.bath, self.hamiltonian, self.bath.transitions.levels)


def davies_channels(bath: Any, hamiltonian: Operator) -> tuple[Channel | Moving, ...]:
    """The channels of the Davies generator of a fixed Hamiltonian; `bath` as in `davies_jumps`."""
    if has_many_jumps(bath):
        return (Moving(FollowingDavies(bath, Static(hamiltonian))),)
    jumps = concretely(_compiled_davies_jumps, bath, hamiltonian)
    return tuple(map(Channel, *map(entries, jumps)))


def following_channels(bath: Any, hamiltonian: AbstractHamiltonian) -> tuple[Channel | Moving, ...]:
    """The channels of the Davies generator of H(t); what does not move is fixed once."""
    if hamiltonian.constant:
        return davies_channels(bath, hamiltonian(jnp.zeros(())))
    following = FollowingDavies(bath, hamiltonian)
    if bath.couplings.shape[-1] != 2:
        return (Moving(following),)
    axes = _axes_of(hamiltonian)
    return (Moving(following, QubitScalars(following, axes), qubit_matrices(axes)),)


_compiled_davies_jumps = eqx.filter_jit(davies_jumps)


class QubitScalars(eqx.Module):
    """The Davies generator of a qubit's H(t) as scalars that multiply `qubit_matrices`.

    With H = h_0 + h.sigma, n = h/|h| and couplings a.sigma: along n the Bloch vector relaxes at
    G = sum |a x n|^2 (down + up), across it at G/2, and A(0) damps it there at 2 sum (a.n)^2 more.

    Args:
        following: the generator.
        axes: along which n may point, static.
    """

    following: FollowingDavies
    axes: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, t: RealLike) -> Float[Array, " scalars"]:
        bath, h = self.following.bath, jnp.stack(pauli_vector(self.following.hamiltonian(t)))
        anyhow = jnp.asarray(np.eye(3)[self.axes[-1]], h.dtype)
        unit = jax.lax.stop_gradient(jnp.max(jnp.abs(h)))
        h = jnp.where(unit == 0.0, anyhow, h / jnp.where(unit == 0.0, 1.0, unit))
        length = jnp.sqrt(jnp.sum(h**2))
        n = tuple(h / length)
        a = [pauli_vector(coupling) for coupling in bath.couplings]
        across = sum(
            (v[1] * n[2] - v[2] * n[1]) ** 2
            + (v[2] * n[0] - v[0] * n[2]) ** 2
            + (v[0] * n[1] - v[1] * n[0]) ** 2
            for v in a
        )
        down, up = thermal_rates(bath.spectrum, 2.0 * unit * length, bath.temperature)
        half, pumped = 0.5 * across * (down + up), across * (up - down)
        damped: Any = 0.0
        if bath.zero_frequency is not None:
            along = sum((v[0] * n[0] + v[1] * n[1] + v[2] * n[2]) ** 2 for v in a)
            damped = 2.0 * bath.zero_frequency * along
        found = [-(half + damped), *(pumped * n[i] for i in self.axes)]
        found += [(damped - half) * n[i] * n[j] for i, j in _axis_pairs(self.axes)]
        return jnp.stack(found)


def _axis_pairs(axes: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(i, j) for i in axes for j in axes if i <= j]


def qubit_matrices(axes: tuple[int, ...]) -> list[np.ndarray]:
    """What `QubitScalars` multiply, on the components of a qubit, (4, 4) each."""
    found = [np.diag([0.0, 1.0, 1.0, 1.0])]
    places = [[(i + 1, 0)] for i in axes]
    places += [sorted({(i + 1, j + 1), (j + 1, i + 1)}) for i, j in _axis_pairs(axes)]
    for those in places:
        matrix = np.zeros((4, 4))
        for place in those:
            matrix[place] = 1.0
        found.append(matrix)
    return found


def _axes_of(hamiltonian: AbstractHamiltonian) -> tuple[int, ...]:
    """The axes along which the Bloch vector of a qubit's H(t) may point."""
    terms = hamiltonian.terms()
    operators = [term.operator for term in terms if isinstance(term, Term)]
    if len(operators) < len(terms) or not is_concrete(operators):
        return (0, 1, 2)
    vectors = np.array([pauli_vector(np.asarray(operator)) for operator in operators]).reshape(
        -1, 3
    )
    used = tuple(np.flatnonzero(np.any(vectors != 0.0, axis=0)).tolist())
    return used or (2,)
