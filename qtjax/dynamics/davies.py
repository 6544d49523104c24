"""The weak-coupling (Davies) generator of a Hamiltonian, at one time or as it follows H(t)."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checks import concretely, entries, is_concrete
from .._precise import einsum, matmul, tensordot
from .._types import Operator, RealLike
from ..algebra.hermitian_basis import from_components, real_map, to_components
from ..algebra.levels import eigenvalues, level_frame, level_projectors
from ..algebra.operators import dag
from ..algebra.real_generators import real_dissipator
from ..algebra.superoperators import sandwich
from ..numerics.rotations import pauli_vector
from .channels import Channel, Jumps, Moving
from .hamiltonians import AbstractHamiltonian, Static, Term, hamiltonian_rate
from .spectra import scale_of, thermal_rates
from .transitions import Transitions, pairs_of_levels

COLD = 80.0  # gaps over temperatures beyond which nothing thermal is left
FINEST = 2048  # of an interval, where levels may meet
MOST_ENTRIES = 2**26  # of a list of jump operators that is made before it is needed
FEWEST_IN_BLOCKS = 5  # dimension from which blocks of levels are quicker than jump operators
MOST_LEVELS = 8  # of which the products of all pairs of basis operators are kept


class Following(eqx.Module):
    """The Davies generator of H(t) as a function of time.

    Args:
        bath: as for `davies_jumps`.
        hamiltonian: of the system.
    """

    bath: Any
    hamiltonian: AbstractHamiltonian

    def __call__(self, t: RealLike) -> Jumps:
        return davies_jumps(self.bath, self.hamiltonian(t))

    def matrix(self, t: RealLike) -> Float[Array, "n n"]:
        """What it does to the components of rho in the Hermitian basis, (d*d, d*d)."""
        h = self.hamiltonian(t)
        if _jumps_between_levels(self.bath.transitions) and self.bath.zero_frequency is None:
            return _rates_of_levels(self.bath, h)
        return real_dissipator(*davies_jumps(self.bath, h))

    def radius(self, start: RealLike, end: RealLike) -> Callable[[Any, Any], Any]:
        """(middle, half) -> how far around these times in the complex plane all is analytic.

        Levels that stay apart keep analytic projectors (Kato): with |H'| <= v/2 they do within
        spacing/(4 v), and the spacing changes by v at most per unit of time. The rates are analytic
        between the thermal poles at 2 pi i T n, which count where e^(-gap/T) does, and change on
        the scale of the spectrum. Where levels may meet, what is finer than 1/2,048 of the interval
        may be missed, as where functions are sampled.

        Args:
            start: of an interval in which H(t) is a known polynomial, for a spectrum with a scale.
            end: of the interval.
        """
        ts = start + (end - start) * (0.5 - 0.5 * np.cos(np.pi * (np.arange(9) + 0.5) / 9))
        slopes = jax.vmap(lambda t: hamiltonian_rate(self.hamiltonian, t))(ts)
        speed = 2.0 * jnp.sqrt(jnp.max(jnp.sum(jnp.abs(slopes) ** 2, axis=(1, 2))))
        per_speed = jnp.where(speed > 0.0, 1.0 / jnp.where(speed > 0.0, speed, 1.0), jnp.inf)
        scale, ends = scale_of(self.bath.spectrum), np.cumsum(self.bath.transitions.levels)[:-1]
        assert scale is not None
        finest = (end - start) / FINEST

        def around(middle: RealLike, half: RealLike) -> Array:
            energies = eigenvalues(self.hamiltonian(middle))
            spacing = jnp.min(energies[ends] - energies[ends - 1], initial=jnp.inf)
            spacing = spacing - speed * half
            apart = jnp.maximum(0.25 * spacing * per_speed, finest)
            pole = 0.5 * np.pi * self.bath.temperature
            pole = jnp.where(spacing > COLD * self.bath.temperature, jnp.inf, pole)
            other = jnp.maximum(jnp.minimum(pole, 0.25 * scale) * per_speed, finest)
            return jnp.where(speed > 0.0, jnp.minimum(apart, other), jnp.inf)

        return around


def davies_channels(bath: Any, hamiltonian: Operator) -> tuple[Channel | Moving, ...]:
    """The channels of the Davies generator of a fixed Hamiltonian; `bath` as in `davies_jumps`."""
    if has_many_jumps(bath):
        return (Moving(Following(bath, Static(hamiltonian))),)
    jumps = concretely(_compiled_davies_jumps, bath, hamiltonian)
    return tuple(map(Channel, *map(entries, jumps)))


def following_channels(bath: Any, hamiltonian: AbstractHamiltonian) -> tuple[Channel | Moving, ...]:
    """The channels of the Davies generator of H(t); what does not move is fixed once."""
    if hamiltonian.constant:
        return davies_channels(bath, hamiltonian(jnp.zeros(())))
    following = Following(bath, hamiltonian)
    if bath.couplings.shape[-1] != 2:
        return (Moving(following),)
    axes = _axes_of(hamiltonian)
    return (Moving(following, QubitScalars(following, axes), qubit_matrices(axes)),)


def has_many_jumps(bath: Any) -> bool:
    """Whether a list of the jump operators of a Davies generator would fill memory."""
    couplings, d, _ = bath.couplings.shape
    return 2 * len(bath.transitions.groups) * couplings * d**2 > MOST_ENTRIES


class InLevels(NamedTuple):
    """A Davies generator in the eigenbasis of H, entry by entry and without a list of operators.

    Args:
        rates: of what the couplings' entries (to, from) do, (d, d).
        couplings: in the eigenbasis, (couplings, d, d).
        loss: sum rate A(w)^+ A(w), (d, d): it joins states of one level only.
    """

    rates: Float[Array, "d d"]
    couplings: Complex[Array, "couplings d d"]
    loss: Operator


def in_levels(bath: Any, energies: Float[Array, " d"], vectors: Operator) -> InLevels:
    """The Davies generator in the eigenbasis of H.

    Args:
        bath: as for `davies_jumps`; its groups join no level to two (`keeps_levels`).
        energies: ascending, (d,).
        vectors: eigenvectors in columns, (d, d).
    """
    sizes = np.asarray(bath.transitions.levels)
    level = np.repeat(np.arange(sizes.size), sizes)
    means = jnp.zeros(sizes.size).at[level].add(energies) / sizes
    still = 0.0 if bath.zero_frequency is None else bath.zero_frequency
    rates = _rates_between(bath, means) + still * jnp.eye(sizes.size)
    rates = rates[level[:, None], level]
    couplings = matmul(matmul(dag(vectors), bath.couplings), vectors)
    loss = einsum("aij,ij,ail->jl", couplings.conj(), rates, couplings)
    return InLevels(rates, couplings, jnp.where(level[:, None] == level, loss, 0.0))


def _rates_between(bath: Any, energies: Float[Array, " levels"]) -> Float[Array, "levels levels"]:
    """The rates of transitions from level to level, (to, from); those of a group are one."""
    group, lower, upper = pairs_of_levels(bath.transitions)
    count = len(bath.transitions.groups)
    gaps = jnp.zeros(count).at[group].add(energies[upper] - energies[lower]) / np.bincount(group)
    down, up = jax.vmap(lambda gap: thermal_rates(bath.spectrum, gap, bath.temperature))(gaps)
    rates = jnp.zeros((energies.size, energies.size))
    return rates.at[lower, upper].set(down[group]).at[upper, lower].set(up[group])


def heat_observable(bath: Any, hamiltonian: Operator) -> Operator:
    """sum rate (A(w)^+ H A(w) - {A(w)^+ A(w), H}/2), whose mean is the heat current, (d, d).

    Args:
        bath: as for `in_levels`.
        hamiltonian: of the generator, (d, d).
    """
    h, vectors = frame_of(bath, hamiltonian)
    rates, couplings, loss = in_levels(bath, jnp.diagonal(h).real, vectors)
    gain = einsum("aij,ij,ail->jl", couplings.conj(), rates, matmul(h, couplings))
    gain = jnp.where(_inside(bath.transitions.levels), gain, 0.0)
    moved = gain - 0.5 * (matmul(h, loss) + matmul(loss, h))
    return matmul(matmul(vectors, moved), dag(vectors))


def frame_of(bath: Any, hamiltonian: Operator) -> tuple[Operator, Operator]:
    """H in its eigenbasis, diagonal but for its derivatives inside levels, and its eigenvectors.

    Args:
        bath: as for `in_levels`.
        hamiltonian: (d, d).
    """
    levels = bath.transitions.levels
    energies, vectors = level_frame(0.5 * (hamiltonian + dag(hamiltonian)), levels)
    h = jnp.diag(energies).astype(hamiltonian.dtype)
    if len(levels) < len(energies):
        between = _inside(levels) & ~np.eye(len(energies), dtype=bool)
        inner = jnp.where(between, matmul(matmul(dag(vectors), hamiltonian), vectors), 0.0)
        h = h + inner - jax.lax.stop_gradient(inner)
    return h, vectors


def _inside(levels: Sequence[int]) -> np.ndarray:
    """Which entries of a matrix join states of one level."""
    level = np.repeat(np.arange(len(levels)), levels)
    return level[:, None] == level


def keeps_levels(transitions: Transitions) -> bool:
    """Whether in no group of transitions a level stands twice on one side.

    Then what coherences between levels turn into are coherences between levels.
    """
    group, lower, upper = pairs_of_levels(transitions)
    count = len(transitions.levels)
    return all(np.unique(group * count + side).size == group.size for side in (lower, upper))


def _jumps_between_levels(transitions: Transitions) -> bool:
    """Whether every jump operator leads from one state to one other, on few levels."""
    d = sum(transitions.levels)
    return len(transitions.levels) == d <= MOST_LEVELS and all(
        len(group) == 1 for group in transitions.groups
    )


def _rates_of_levels(bath: Any, hamiltonian: Operator) -> Float[Array, "n n"]:
    """The Davies generator on components where it is Pauli's rates W and what they damp.

    rho -> sum_ij W_ij tr(P_j rho) P_i - {G, rho}/2 with G = sum_ij W_ij P_j and
    W_ij = rate_ij tr(P_i A P_j A): no jump operator is made.
    """
    d = hamiltonian.shape[0]
    levels = jax.vmap(to_components)(level_projectors(hamiltonian, bath.transitions.levels))
    energies = matmul(levels, to_components(hamiltonian))
    coupled = concretely(
        lambda each: sum(real_map(sandwich(a, a), d) for a in each), bath.couplings
    )
    flows = _rates_between(bath, energies) * matmul(matmul(levels, coupled), levels.T)
    damped = matmul(jnp.sum(flows, axis=0), levels)
    return matmul(levels.T, matmul(flows, levels)) - tensordot(damped, _half_anticommutators(d), 1)


@lru_cache(maxsize=MOST_LEVELS)
def _half_anticommutators(d: int) -> np.ndarray:
    """rho -> {B, rho}/2 on components, for every B of the Hermitian basis, (d*d, d*d, d*d)."""
    basis = np.asarray(concretely(jax.vmap(from_components), np.eye(d * d)))
    both = np.einsum("kij,ajl->akil", basis, basis)
    both = both + both.conj().swapaxes(2, 3)
    return 0.5 * np.einsum("bil,akli->abk", basis, both).real


def davies_jumps(bath: Any, hamiltonian: Operator) -> Jumps:
    """Rates and operators of the Davies generator of a Hamiltonian.

    Args:
        bath: with `couplings`, `temperature`, `spectrum`, `zero_frequency` and `transitions`.
        hamiltonian: (d, d).
    """
    projectors = level_projectors(hamiltonian, bath.transitions.levels)
    sizes = np.asarray(bath.transitions.levels)
    energies = einsum("lij,ji->l", projectors, hamiltonian).real / sizes
    blocks = einsum("lij,ajk,mkn->lmain", projectors, bath.couplings, projectors)
    none = jnp.zeros(0, energies.dtype), jnp.zeros((0, *hamiltonian.shape), blocks.dtype)
    couplings, (rates, operators) = bath.couplings.shape[0], ([none[0]], [none[1]])
    if bath.transitions.groups:  # else one level: nothing to jump between
        gaps, lowering = _by_frequency(bath.transitions.groups, energies, blocks)
        down, up = jax.vmap(lambda gap: thermal_rates(bath.spectrum, gap, bath.temperature))(gaps)
        rates.append(jnp.repeat(jnp.stack([down, up], axis=1).reshape(-1), couplings))
        pairs = jnp.stack([lowering, lowering.conj().mT], axis=1)
        operators.append(pairs.reshape(-1, *hamiltonian.shape))
    if bath.zero_frequency is not None:
        rates.append(jnp.broadcast_to(bath.zero_frequency, couplings))
        operators.append(einsum("llain->ain", blocks))
    return jnp.concatenate(rates), jnp.concatenate(operators)


def _by_frequency(
    groups: Sequence[Sequence[tuple[int, int]]], energies: Array, blocks: Array
) -> tuple[Float[Array, " groups"], Complex[Array, "groups couplings d d"]]:
    """The gap and the operators A(w) of every group; groups of one size together."""
    sizes = np.array([len(group) for group in groups])
    gaps, lowering, order = [], [], []
    for size in np.unique(sizes):
        chosen = np.flatnonzero(sizes == size).tolist()
        lower, upper = np.moveaxis(np.array([groups[k] for k in chosen]), -1, 0)
        gaps.append(jnp.mean(energies[upper] - energies[lower], axis=1))
        lowering.append(jnp.sum(blocks[lower, upper], axis=1))
        order += chosen
    back = np.argsort(order)
    return jnp.concatenate(gaps)[back], jnp.concatenate(lowering)[back]


_compiled_davies_jumps = eqx.filter_jit(davies_jumps)


class QubitScalars(eqx.Module):
    """The Davies generator of a qubit's H(t) as scalars that multiply `qubit_matrices`.

    With H = h_0 + h.sigma, n = h/|h| and couplings a.sigma: along n the Bloch vector relaxes at
    G = sum |a x n|^2 (down + up), across it at G/2, and A(0) damps it there at 2 sum (a.n)^2 more.

    Args:
        following: the generator.
        axes: along which n may point, static.
    """

    following: Following
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
