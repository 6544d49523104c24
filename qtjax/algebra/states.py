"""States: kets, Gibbs states, random states, and the Bloch vector of a qubit."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checked import checked
from .._checks import (
    as_complex,
    as_counts,
    as_real,
    as_scalar,
    as_vector,
    check_count,
    check_density_matrix,
    check_hermitian,
    check_size,
    check_square,
    described,
    is_concrete,
    nan_below_zero,
)
from .._compiled import compiled, compiled_for_qubits
from .._precise import matmul
from .._types import Operator, OperatorLike, Real, RealLike, VectorLike
from .composite import partial_trace
from .divided_differences import Exp, Lowest, One, Restricted, rounding
from .levels import eigenvalues
from .operators import identity, projector, sigmax, sigmay, sigmaz
from .spectral import apply

# A top level that holds more makes a truncated oscillator's <n> wrong by about d times as much.
TRUNCATION_TOLERANCE = 1e-4


@checked
def ket(levels: int | Sequence[int], dims: int | Sequence[int]) -> Complex[Array, " d"]:
    """The basis vector |n> of one system, or |n_0 n_1 ...> of several parts.

    Args:
        levels: level of each part, from 0.
        dims: dimension of each part.

    Returns:
        Unit vector, (d,), with d the product of `dims`.

    Raises:
        ValueError: a level does not exist, or there is not one for each part.

    Examples:
        >>> qt.ket(1, 3)
        [0, 1, 0]
        >>> qt.ket((0, 1), (2, 2))
        [0, 1, 0, 0]
    """
    levels, dims = as_counts("levels", levels), as_counts("dims", dims, 1)
    check_size("dims", *dims)
    if len(levels) != len(dims) or any(not 0 <= n < d for n, d in zip(levels, dims, strict=False)):
        raise ValueError(
            f"`levels` must name one level 0 <= n < d for each of `dims` {dims}, got {levels}."
        )
    index = np.ravel_multi_index(levels, dims)
    return as_complex(np.arange(math.prod(dims)) == index)


@checked
def pure_state(vector: VectorLike) -> Operator:
    """The density matrix |v><v| / <v|v>.

    Args:
        vector: (d,), of any norm but 0.

    Returns:
        Density matrix, (d, d).

    Raises:
        ValueError: no vector of finite numbers, or it is 0.

    Examples:
        >>> qt.pure_state([1, 1j])
        [[0.5, -0.5j], [0.5j, 0.5]]
    """
    rho, norm = _normalized(projector(vector))
    if is_concrete(norm) and norm == 0:
        raise ValueError("`vector` must not be zero: it cannot be normalized to a state.")
    return rho


@compiled
def _normalized(rho: Operator) -> tuple[Operator, Real]:
    """rho / tr(rho), and that trace."""
    norm = jnp.trace(rho).real
    return rho / norm, norm


@checked
def maximally_mixed(d: int) -> Operator:
    """The state I / d.

    Args:
        d: dimension.

    Returns:
        Density matrix, (d, d).

    Raises:
        ValueError: d is not an integer >= 1.

    Examples:
        >>> qt.algebra.maximally_mixed(2)
        [[0.5, 0.0], [0.0, 0.5]]
    """
    return identity(d) / d


def check_temperature(temperature: RealLike) -> None:
    """Raise unless a concrete temperature is >= 0 (infinity is allowed)."""
    value = as_scalar("temperature", temperature, infinite=True)
    if is_concrete(value) and not np.asarray(value) >= 0:
        raise ValueError(
            f"`temperature` must be >= 0, got {temperature}; for an inverted population "
            "reverse the signs of both the Hamiltonian and the temperature."
        )


@checked
def boltzmann(hamiltonian: OperatorLike, temperature: RealLike) -> tuple[Real, Operator, Array]:
    """E_0, the operator e^{-(H - E_0)/T} (its limit at T = 0), and whether T counts as 0.

    T counts as 0 below 4 d eps max|E|, where rounding alone would tell degenerate levels apart.

    Examples:
        >>> ground, weights, cold = qt.algebra.boltzmann(qt.number(2), 1.0)
        >>> weights.diagonal(), cold
        ([1.0000, 0.3679], False)
    """
    check_hermitian("hamiltonian", hamiltonian)
    check_temperature(temperature)
    return _boltzmann(as_complex(hamiltonian), as_real("temperature", temperature))


@compiled_for_qubits
def _boltzmann(h: Operator, temperature: Real) -> tuple[Real, Operator, Array]:
    temperature = nan_below_zero(temperature)
    energies = eigenvalues(jax.lax.stop_gradient(h))
    cold = temperature <= rounding(energies)[0]
    # The inner `where` keeps 1/T, and its derivative, finite in the branch that is not taken.
    beta = 1 / jnp.where(cold, 1.0, temperature)
    warm_operator = apply(Exp(), -beta * (h - energies[0] * identity(h.shape[0])))
    ground = apply(Restricted(One(), Lowest()), h)
    return energies[0], jnp.where(cold, ground, warm_operator), cold


@checked
def thermal_state(hamiltonian: OperatorLike, temperature: RealLike) -> Operator:
    """The Gibbs state tau = e^{-H/T} / Z.

    Twice differentiable in H and T, at degenerate H too. T = 0 gives the ground level's normalized
    projector, with derivative 0 in T; T = inf gives I/d. A traced negative T gives nan.

    Warns where a concrete H is that of a truncated oscillator, omega number(d) or
    omega (number(d) + 1/2) with d >= 6, whose top level holds more than 1e-4; on any state
    `truncation_population` tells it.

    Args:
        hamiltonian: Hermitian operator, (d, d).
        temperature: T >= 0, in units of energy (k_B = 1).

    Returns:
        Density matrix, (d, d).

    Raises:
        ValueError: H is not Hermitian, or T is negative.

    Examples:
        >>> qt.thermal_state(qt.number(2), 1.0)
        [[0.7311, 0.0000], [0.0000, 0.2689]]
        >>> qt.thermal_state(qt.sigmax(), 0.0)
        [[0.5, -0.5], [-0.5, 0.5]]
    """
    _, weights, _ = boltzmann(hamiltonian, temperature)
    warn_if_truncated(hamiltonian, temperature)
    return _normalized(weights)[0]


@checked
def truncation_population(
    rho: OperatorLike, dims: Sequence[int] | None = None, site: int = 0
) -> Real:
    """The population <d-1| rho |d-1> of an oscillator's highest number state that is kept.

    Where it is not small the truncation shows: <n> is wrong by about d times it.

    Args:
        rho: density matrix, (D, D), with the number basis `ket(n, d)` for the oscillator.
        dims: dimensions of the parts of a composite system; the oscillator alone by default.
        site: which part the oscillator is.

    Returns:
        A scalar between 0 and 1.

    Raises:
        ValueError: `dims` does not multiply to D, or there is no such part.

    Examples:
        >>> rho = qt.thermal_state(qt.number(10), 1.0)
        >>> qt.algebra.truncation_population(rho)  # about e^-9 (1 - e^-1)
        7.80e-05
    """
    rho = as_complex(rho)
    check_square("rho", rho)
    return partial_trace(rho, (rho.shape[0],) if dims is None else dims, site)[-1, -1].real


def oscillator_frequency(hamiltonian: OperatorLike) -> float | None:
    """omega of a concrete H = omega number(d) or omega (number(d) + 1/2) with d >= 6, else None.

    A spin's ladder is neither ascending in the standard basis nor starts at 0 or omega/2; a
    genuine qudit with such a Hamiltonian is told from an oscillator by nobody.
    """
    if not is_concrete(hamiltonian) or (d := np.shape(hamiltonian)[0]) < 6:
        return None
    h: Any = np.asarray(hamiltonian)
    levels = np.real(np.diag(h))
    omega = float(levels[-1] - levels[0]) / (d - 1)
    ladders = [omega * (np.arange(d) + start) for start in (0.0, 0.5)]
    off = min(float(np.max(np.abs(h - np.diag(ladder)))) for ladder in ladders)
    return omega if omega > 0 and off <= 1e-9 * d * omega else None


def warn_if_truncated(hamiltonian: OperatorLike, temperature: RealLike) -> None:
    """Warn if a concrete H is a number operator's and its top level is populated at T."""
    omega = oscillator_frequency(hamiltonian)
    if omega is None or not is_concrete(temperature) or float(temperature) <= 0:
        return
    d, x = np.shape(hamiltonian)[0], omega / float(temperature)
    weights = np.exp(-x * np.arange(d))
    top = weights[-1] / weights.sum()
    if top > TRUNCATION_TOLERANCE:
        mean = weights @ np.arange(d) / weights.sum()
        whole = 1.0 / np.expm1(x) if x > 0 else np.inf
        warnings.warn(
            f"`hamiltonian` is that of an oscillator kept to {d} levels, and its highest level has "
            f"the population {top:.2g} at this temperature: <n> = {mean:.4g}, without the cut "
            f"{whole:.4g}. Keep more levels; if these {d} levels are all there are, this is right. "
            "`truncation_population` tells it for any state.",
            stacklevel=3,
        )


@checked
def random_density_matrix(key: Array, d: int, rank: int | None = None) -> Operator:
    """A random state G G^dagger / tr(G G^dagger), G a d x rank matrix of complex normal entries.

    Full rank is the Hilbert-Schmidt measure.

    Args:
        key: from `jax.random.key`.
        d: dimension.
        rank: rank of the state, 1 (pure) to d; d by default.

    Returns:
        Density matrix, (d, d).

    Raises:
        ValueError: the rank is not between 1 and d.

    Source: Zyczkowski and Sommers, J. Phys. A 34, 7111 (2001).

    Examples:
        >>> rho = qt.algebra.random_density_matrix(jax.random.key(0), 3, rank=1)
        >>> jnp.trace(rho).real, qt.expectation(rho, rho)  # a pure state
        (1.0000, 1.0000)
    """
    if not jnp.issubdtype(key.dtype, jax.dtypes.prng_key) and key.dtype != jnp.uint32:
        raise ValueError(f"`key` must be made by `jax.random.key(seed)`, got {described(key)}.")
    check_count("d", d)
    rank = d if rank is None else rank
    check_count("rank", rank)
    check_size("d", d, d)
    if not 1 <= rank <= d:
        raise ValueError(f"`rank` must lie between 1 and d = {d}, got {rank}.")
    g = jax.random.normal(key, (d, rank), dtype=jnp.result_type(complex))
    rho = matmul(g, g.conj().T)
    return rho / jnp.trace(rho).real


@checked
def bloch_vector(rho: OperatorLike) -> Float[Array, " 3"]:
    """The Bloch vector (tr rho sigma_x, tr rho sigma_y, tr rho sigma_z) of a qubit.

    Args:
        rho: density matrix, (2, 2).

    Returns:
        Real vector, (3,).

    Raises:
        ValueError: rho is not a qubit's density matrix.

    Examples:
        >>> qt.algebra.bloch_vector(qt.pure_state([1, 1]))
        [1.0, 0.0, 0.0]
    """
    check_density_matrix("rho", rho, 2)
    rho = as_complex(rho)
    return jnp.stack([2 * rho[1, 0].real, 2 * rho[1, 0].imag, (rho[0, 0] - rho[1, 1]).real])


def from_bloch(vector: Any) -> Operator:
    """The qubit state (1 + x sigma_x + y sigma_y + z sigma_z) / 2.

    Args:
        vector: Bloch vector (x, y, z), of length <= 1, (3,).

    Returns:
        Density matrix, (2, 2).

    Raises:
        ValueError: not three finite real numbers, or the vector is longer than 1.

    Examples:
        >>> qt.algebra.from_bloch([0.0, 0.0, 0.5])
        [[0.75, 0.00], [0.00, 0.25]]
    """
    vector = as_vector("vector", vector)
    if vector.shape != (3,):
        raise ValueError(f"`vector` must hold x, y and z, got shape {vector.shape}.")
    if is_concrete(vector) and (length := float(np.linalg.norm(vector))) > 1 + 1e-8:
        raise ValueError(f"`vector` must have length <= 1 to be a state, got length {length:.6g}.")
    x, y, z = vector
    return (identity(2) + x * sigmax() + y * sigmay() + z * sigmaz()) / 2
