"""The channels of a Davies generator: fixed, or functions of time where it follows H(t)."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checks import concretely, entries, is_concrete
from .._types import Operator, RealLike
from ..algebra.levels import eigenvalues
from ..numerics.rotations import pauli_vector
from .channels import AbstractMovingJumps, Channel, Jumps, Moving, Radius
from .davies_generator import davies_jumps, davies_matrix, has_many_jumps
from .hamiltonians import AbstractHamiltonian, Static, Term, hamiltonian_rate
from .spectra import Spectrum, scale_of, thermal_rates
from .terms import growth_of

COLD = 80.0  # gaps over temperatures beyond which nothing thermal is left
FINEST = 2048  # of an interval, where levels may meet


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


def radius_of(bath: Any, hamiltonian: AbstractHamiltonian, levels: Sequence[int]) -> Radius | None:
    """The `radius` of what a bath does by the levels of H(t) and its spectrum at their gaps.

    Args:
        bath: with `spectrum` and `temperature`.
        hamiltonian: of the system.
        levels: how many eigenvalues each of them holds, in ascending order.

    Returns:
        `None` where H(t) is no known polynomial, or the spectrum has no known scale.
    """
    parts = [term.schedule if isinstance(term, Term) else term for term in hamiltonian.terms()]
    known = all(growth_of(part)[0] is not None for part in parts)
    if scale_of(bath.spectrum) is None or not known:
        return None
    ends = tuple(np.cumsum(levels)[:-1].tolist())
    return _Radius(hamiltonian, bath.spectrum, bath.temperature, ends)


class _Radius(eqx.Module):
    """(start, end) -> (middle, half) -> how far around these times all is analytic.

    Levels that stay apart keep analytic projectors (Kato): with |H'| <= v/2 they do within
    spacing/(4 v), and the spacing changes by v at most per unit of time. The rates are analytic
    between the thermal poles at 2 pi i T n, which count where e^(-gap/T) does, and change on
    the scale of the spectrum. Where levels may meet, what is finer than 1/2,048 of the interval
    may be missed, as where functions are sampled.
    """

    hamiltonian: AbstractHamiltonian
    spectrum: Spectrum
    temperature: Any
    ends: tuple[int, ...] = eqx.field(static=True)  # of levels but the last

    def __call__(self, start: RealLike, end: RealLike) -> Callable[[Any, Any], Any]:
        ts = start + (end - start) * (0.5 - 0.5 * np.cos(np.pi * (np.arange(9) + 0.5) / 9))
        slopes = jax.vmap(lambda t: hamiltonian_rate(self.hamiltonian, t))(ts)
        speed = 2.0 * jnp.sqrt(jnp.max(jnp.sum(jnp.abs(slopes) ** 2, axis=(1, 2))))
        per_speed = jnp.where(speed > 0.0, 1.0 / jnp.where(speed > 0.0, speed, 1.0), jnp.inf)
        scale, ends = scale_of(self.spectrum), np.array(self.ends, int)
        assert scale is not None
        finest = (end - start) / FINEST

        def around(middle: RealLike, half: RealLike) -> Array:
            energies = eigenvalues(self.hamiltonian(middle))
            spacing = jnp.min(energies[ends] - energies[ends - 1], initial=jnp.inf)
            spacing = spacing - speed * half
            apart = jnp.maximum(0.25 * spacing * per_speed, finest)
            pole = 0.5 * np.pi * self.temperature
            pole = jnp.where(spacing > COLD * self.temperature, jnp.inf, pole)
            other = jnp.maximum(jnp.minimum(pole, 0.25 * scale) * per_speed, finest)
            return jnp.where(speed > 0.0, jnp.minimum(apart, other), jnp.inf)

        return around


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
        length = jnp.sqrt(h[0] ** 2 + h[1] ** 2 + h[2] ** 2)
        n = h / length
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
    vectors = np.array(
        [np.asarray(concretely(lambda a: jnp.stack(pauli_vector(a)), o)) for o in operators]
    ).reshape(-1, 3)
    used = tuple(np.flatnonzero(np.any(vectors != 0.0, axis=0)).tolist())
    return used or (2,)
