"""Ergotropy: the work that a unitary can draw from a state, from a part of it, or from copies."""

import functools
import itertools
import math
import operator
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import as_complex, check_count, check_size, check_square, is_concrete
from .._precise import einsum, matmul, tensordot
from .._types import Operator, OperatorLike, Real
from ..algebra.composite import embed, partial_trace
from ..algebra.levels import eigenvalues, level_projectors, weighted_projectors
from ..algebra.operators import expectation, identity, sigmax, sigmay, sigmaz
from ..information.coherence import dephase


@checked
def ergotropy(rho: OperatorLike, hamiltonian: OperatorLike) -> Real:
    """The ergotropy tr(rho H) - sum_k r_k e_k, r_k descending, e_k ascending.

    Twice differentiable where the order of populations is decided. At a degenerate state (for
    levels of different energy) it has a kink; the derivative there is finite, one of the
    subgradients.

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).

    Returns:
        Work >= 0, in units of energy.

    Raises:
        ValueError: the shapes do not agree.

    Source: Allahverdyan, Balian and Nieuwenhuizen, Europhys. Lett. 67, 565 (2004).

    Examples:
        >>> qt.ergotropy(qt.pure_state([0, 1]), qt.number(2))
        1.0000
        >>> qt.ergotropy(qt.thermal_state(qt.number(2), 1.0), qt.number(2))
        0.0000
    """
    check_square("rho", rho)
    check_square("hamiltonian", hamiltonian, jnp.shape(rho)[0])
    h, rho = as_complex(hamiltonian), as_complex(rho)
    return expectation(h, rho) - _passive_energy(rho, h)


@jax.custom_jvp
def _passive_energy(rho: Operator, h: Operator) -> Real:
    """sum_k r_k e_k, as one function: its second derivatives are right inside degenerate levels."""
    return matmul(eigenvalues(rho)[::-1], eigenvalues(h))


@_passive_energy.defjvp
def _passive_energy_jvp(primals, tangents):
    (rho, h), (rho_dot, h_dot) = primals, tangents
    by_state = weighted_projectors(rho, eigenvalues(h)[::-1])
    by_energy = weighted_projectors(h, eigenvalues(rho)[::-1])
    return _passive_energy(rho, h), expectation(by_state, rho_dot) + expectation(by_energy, h_dot)


@checked
def passive_state(rho: OperatorLike, hamiltonian: OperatorLike) -> Operator:
    """The passive state sum_k r_k |e_k><e_k|, r_k descending, e_k ascending: no work is left in it.

    In a degenerate level of H with different r_k it is one of many, all of the same energy.

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).

    Returns:
        Density matrix with the eigenvalues of rho, (d, d).

    Raises:
        ValueError: the shapes do not agree.

    Source: Pusz and Woronowicz, Commun. Math. Phys. 58, 273 (1978).

    Examples:
        >>> rho = jnp.diag(jnp.array([0.2, 0.8]))
        >>> qt.thermodynamics.passive_state(rho, qt.number(2)).diagonal()
        [0.8, 0.2]
    """
    check_square("rho", rho)
    check_square("hamiltonian", hamiltonian, jnp.shape(rho)[0])
    projectors = level_projectors(hamiltonian, (1,) * jnp.shape(rho)[0])
    return tensordot(as_complex(eigenvalues(rho)[::-1]), projectors, axes=1)


class ErgotropySplit(eqx.Module):
    """Ergotropy, divided into what populations and what coherence between levels are good for.

    Args:
        incoherent: E_i, the ergotropy of the state without coherence between energy levels.
        coherent: E_c = E - E_i >= 0.

    Examples:
        >>> rho = qt.algebra.from_bloch(jnp.array([0.0, 0.6, -0.8]))  # pure, inverted
        >>> split = qt.thermodynamics.ergotropy_split(rho, qt.number(2))
        >>> split.incoherent, split.coherent, split.total
        (0.8000, 0.1000, 0.9000)
    """

    incoherent: Real
    coherent: Real

    @property
    def total(self) -> Real:
        """E, the `ergotropy`."""
        return self.incoherent + self.coherent


@checked
def ergotropy_split(
    rho: OperatorLike, hamiltonian: OperatorLike, levels: tuple[int, ...] | None = None
) -> ErgotropySplit:
    """The coherent and the incoherent part of ergotropy.

    The incoherent part E_i is what can be drawn without the use of coherence between energy levels:
    the ergotropy of the dephased state. Once differentiable where the order of populations is
    decided.

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).
        levels: sizes of the groups of equal energies, ascending; found from a concrete H, known
            for a qubit.

    Returns:
        `ErgotropySplit`, in units of energy.

    Raises:
        ValueError: the shapes do not agree, or H is traced with d > 2 and `levels` is not given.

    Source: Francica et al., Phys. Rev. Lett. 125, 180603 (2020).

    Examples:
        >>> split = qt.thermodynamics.ergotropy_split(qt.pure_state([1, 1]), qt.number(2))
        >>> split.incoherent, split.coherent
        (0.0000, 0.5000)
    """
    total = ergotropy(rho, hamiltonian)
    levels = (1, 1) if levels is None and jnp.shape(rho)[0] == 2 else levels
    incoherent = ergotropy(dephase(rho, hamiltonian, levels), hamiltonian)
    return ErgotropySplit(incoherent, total - incoherent)


@checked
def local_ergotropy(
    rho: OperatorLike, hamiltonian: OperatorLike, dims: Sequence[int], site: int = 0
) -> Real:
    """The work that unitaries of one part can draw from a whole, max tr(H rho) - tr(H U rho U^+).

    For a qubit in any whole, also where H couples it: U = q_0 - i q.sigma with a unit vector q, so
    the energy is a quadratic form K of q, and what is left is its smallest eigenvalue. For a larger
    part that H does not couple to the rest it is the ergotropy of its state under its Hamiltonian.
    It has a kink where the smallest eigenvalue is degenerate; its derivative there is finite.

    Args:
        rho: density matrix of the whole, (d, d).
        hamiltonian: Hermitian operator of the whole, (d, d).
        dims: dimension of each part; their product is d.
        site: the part that the unitaries act on.

    Returns:
        Work >= 0, in units of energy; nan where a traced H couples a part of more than two levels.

    Raises:
        ValueError: the shapes do not agree, there is no such part, or H couples a part of more than
            two levels to the rest; see `best_local_unitary`.

    Source: Salvia, De Palma and Giovannetti, Phys. Rev. A 107, 012405 (2023).

    Examples:
        >>> rho, h = qt.pure_state(qt.ket((1, 0), (2, 2))), qt.algebra.collective(qt.number(2), 2)
        >>> [qt.thermodynamics.local_ergotropy(rho, h, (2, 2), site) for site in (0, 1)]
        [1.0000, 0.0000]
    """
    check_square("rho", rho)
    check_square("hamiltonian", hamiltonian, jnp.shape(rho)[0])
    h, rho, dims = as_complex(hamiltonian), as_complex(rho), tuple(dims)
    part = partial_trace(rho, dims, site)  # raises where there is none
    if part.shape[0] == 2:
        turns = [identity(2), -1j * sigmax(), -1j * sigmay(), -1j * sigmaz()]
        turns = jnp.stack([embed(turn, dims, site) for turn in turns])
        form = einsum("aij,jk,blk,li->ab", turns, rho, turns.conj(), h).real
        return expectation(h, rho) - eigenvalues(form)[0]
    bare = partial_trace(h, dims, site) * (part.shape[0] / h.shape[0])
    return jnp.where(_couples(h, bare, dims, site), jnp.nan, ergotropy(part, bare))


def _couples(h: Operator, bare: Array, dims: tuple[int, ...], site: int) -> Array:
    """Whether H is more than a bare Hamiltonian of one part and one of the rest."""
    others = tuple(k for k in range(len(dims)) if k != site)
    coupling = h - embed(bare, dims, site)
    if others:
        coupling -= embed(partial_trace(coupling, dims, others) / dims[site], dims, others)
    size, whole = jnp.max(jnp.abs(coupling)), jnp.max(jnp.abs(h))
    found = size > 64 * h.shape[0] * jnp.finfo(whole.dtype).eps * whole
    if is_concrete(found) and bool(found):
        raise ValueError(
            f"`hamiltonian` couples part {site} to the rest (by {float(size):.3g}), and the local "
            "ergotropy of a coupled part is known in closed form for qubits only, but it has "
            f"{dims[site]} levels; `best_local_unitary` searches for it and bounds it, and "
            "`ergotropy` of its own state and bare Hamiltonian leaves the coupling out."
        )
    return found


@checked
def copies_ergotropy(rho: OperatorLike, hamiltonian: OperatorLike, copies: int) -> Real:
    """The ergotropy of n copies rho x ... x rho under H x 1 x ... + ... + 1 x ... x H, of all of n.

    No operator of the whole is made: its eigenvalues are products of those of rho, its energies
    sums of those of H, each with a multinomial multiplicity; (n + d - 1)!/n!/(d - 1)! of them.
    Per copy it grows with n to tr(rho H) less the energy of the Gibbs state of the same entropy.
    Once differentiable where the order of populations is decided.

    Args:
        rho: density matrix of one copy, (d, d).
        hamiltonian: of one copy, Hermitian, (d, d).
        copies: n >= 1, static.

    Returns:
        Work >= 0 within rounding, in units of energy.

    Raises:
        ValueError: the shapes do not agree, or `copies` is no whole number >= 1 or so large that
            d^n exceeds 1e300.

    Source: Alicki and Fannes, Phys. Rev. E 87, 042123 (2013).

    Examples:
        >>> rho, h = jnp.diag(jnp.array([0.5, 0.4, 0.1])), jnp.diag(jnp.array([0.0, 1.0, 1.2]))
        >>> qt.thermodynamics.copies_ergotropy(rho, h, copies=2)  # one alone is passive
        0.0880
    """
    check_square("rho", rho)
    check_square("hamiltonian", hamiltonian, jnp.shape(rho)[0])
    check_count("copies", copies)
    d = jnp.shape(rho)[0]
    if copies * math.log(d) > math.log(1e300):
        raise ValueError(
            f"`copies` is {copies}, so that the whole has more than 1e300 levels, too many to be "
            "counted; take fewer, or the limit per copy: the energy above that of the Gibbs state "
            "of the same entropy (`entropy_beta`)."
        )
    check_size("copies", math.comb(copies + d - 1, d - 1), d)
    h, rho = as_complex(hamiltonian), as_complex(rho)
    p, e = jnp.maximum(eigenvalues(rho), 0.0), eigenvalues(h)
    types, counts = _types(d, copies)
    powers = jnp.cumprod(jnp.concatenate([jnp.ones((1, *p.shape)), jnp.tile(p, (copies, 1))]), 0)
    weights = functools.reduce(operator.mul, [powers[n, k] for k, n in enumerate(types.T)])
    above = matmul(types.astype(e.dtype), e - e[0])
    passive = _matched(weights, above, counts)
    return copies * (expectation(h, rho) - e[0]) - passive


@functools.lru_cache(maxsize=64)
def _types(d: int, copies: int) -> tuple[np.ndarray, np.ndarray]:
    """How many copies are in each of d states, (types, d), and in how many ways, (types,)."""
    bars = itertools.combinations(range(copies + d - 1), d - 1)
    edges = np.array([(-1, *bar, copies + d - 1) for bar in bars])
    types = np.diff(edges, axis=1) - 1
    ways = [math.factorial(copies) // math.prod(map(math.factorial, row)) for row in types.tolist()]
    return types, np.array(ways, float)


def _matched(weights: Array, energies: Array, counts: np.ndarray) -> Float[Array, ""]:
    """sum of weights, descending, times energies, ascending, each of them so many times."""
    down, up = jnp.argsort(-weights), jnp.argsort(energies)
    ends = [jnp.cumsum(jnp.asarray(counts)[order]) for order in (down, up)]
    edges = jnp.sort(jnp.concatenate(ends))
    starts = jnp.concatenate([jnp.zeros(1, edges.dtype), edges[:-1]])
    middle = 0.5 * (starts + edges)
    first, second = (jnp.minimum(jnp.searchsorted(end, middle), len(counts) - 1) for end in ends)
    return jnp.sum((edges - starts) * weights[down][first] * energies[up][second])
