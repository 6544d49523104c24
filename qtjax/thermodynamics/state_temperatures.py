"""Temperatures of a nonequilibrium state, to stand beside the generalized T(t) of eq. (17).

Each is one function of (rho, H) and returns the inverse temperature beta: it is finite where T
diverges, changes sign smoothly through an equal population, and all of them equal 1/T in the Gibbs
state at T. T(t) itself is no state function: it depends on rho' as well.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import as_complex, check_square
from .._precise import einsum, matmul
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.divided_differences import Log
from ..algebra.levels import eigenvalues, group_levels, level_projectors
from ..algebra.operators import expectation
from ..algebra.spectral import apply
from ..dynamics.open_system import OpenSystem
from ..information.entropy import entropy
from ..numerics.roots import Bracketed
from .rates import rates
from .temperature import generalized_temperature

_ROUNDINGS = 64.0  # to which levels, means and entropies are known
_UNDERFLOW = 500.0  # gaps over temperatures beyond which a weight is nothing


@checked
def population_beta(
    rho: OperatorLike,
    hamiltonian: OperatorLike,
    lower: int = 0,
    upper: int = -1,
    levels: tuple[int, ...] | None = None,
) -> Real:
    """The virtual temperature of a pair of levels, ln((W_i/N_i)/(W_j/N_j)) / (E_j - E_i).

    W is the probability of a level and N its degeneracy. For a qubit it is the population
    temperature, and equals beta(t) of eq. (17) where there is no coherence.

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).
        lower: number i of the lower level, counted from the ground level.
        upper: number j of the upper level; the highest by default.
        levels: sizes of the groups of equal energies, ascending; found from a concrete H by
            default, known for a qubit.

    Returns:
        beta; +-inf where one of the levels is empty, nan where both are or the level is one.

    Raises:
        ValueError: the shapes do not agree, a level does not exist, or H is traced with d > 2 and
            `levels` is not given.

    Source: Brunner, Linden, Popescu and Skrzypczyk, Phys. Rev. E 85, 051117 (2012).

    Examples:
        >>> rho = jnp.diag(jnp.array([0.25, 0.75]))
        >>> qt.thermodynamics.population_beta(rho, qt.number(2))  # inverted: -ln 3
        -1.0986
    """
    energies, weights, sizes = _levels(rho, hamiltonian, levels)
    count = energies.shape[0]
    if not (-count <= lower < count and -count <= upper < count):
        raise ValueError(
            f"`lower` and `upper` must name two of the {count} levels, got {lower} and {upper}."
        )
    logs = jnp.log(weights / sizes)
    return (logs[lower] - logs[upper]) / (energies[upper] - energies[lower])


@checked
def spectral_beta(
    rho: OperatorLike, hamiltonian: OperatorLike, levels: tuple[int, ...] | None = None
) -> Real:
    """The spectral temperature of Gemmer, Michel and Mahler, a mean over neighbouring levels.

    beta = -[1 - (W_0 + W_M)/2]^-1 sum_i (W_i + W_{i-1})/2 ln((W_i/N_i)/(W_{i-1}/N_{i-1}))
    / (E_i - E_{i-1}).

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).
        levels: sizes of the groups of equal energies, ascending; found from a concrete H by
            default, known for a qubit.

    Returns:
        beta; +-inf or nan where a level is empty.

    Raises:
        ValueError: the shapes do not agree, or H is traced with d > 2 and `levels` is not given.

    Source: Gemmer, Michel and Mahler, Quantum Thermodynamics (Springer 2009), ch. 12.

    Examples:
        >>> h = qt.number(2)
        >>> qt.thermodynamics.spectral_beta(qt.thermal_state(h, 2.0), h)
        0.5000
    """
    energies, weights, sizes = _levels(rho, hamiltonian, levels)
    logs = jnp.log(weights / sizes)
    mean = (weights[1:] + weights[:-1]) / 2
    terms = mean * jnp.diff(logs) / jnp.diff(energies)
    return -jnp.sum(terms) / (1 - (weights[0] + weights[-1]) / 2)


@checked
def gradient_beta(rho: OperatorLike, hamiltonian: OperatorLike) -> Real:
    """The slope of entropy along the Hamiltonian, -tr(h ln rho)/tr(h^2), h = H - tr(H)/d.

    The derivative of S by U along the Hilbert-Schmidt gradient of the energy, in the spirit of
    Alipour et al., whose exact definition may differ.

    Args:
        rho: density matrix, (d, d); its logarithm is clamped at zero eigenvalues.
        hamiltonian: Hermitian operator, (d, d).

    Returns:
        beta; nan where H is a multiple of the identity.

    Raises:
        ValueError: the shapes do not agree.

    Source: Alipour, Rezakhani, Chenu, del Campo and Ala-Nissila, arXiv:2105.11915.

    Examples:
        >>> h = qt.number(2)
        >>> qt.thermodynamics.gradient_beta(qt.thermal_state(h, 2.0), h)
        0.5000
    """
    h, rho = _operators(hamiltonian, rho)
    h, unit = _in_its_unit(h - jnp.trace(h) / h.shape[0] * jnp.eye(h.shape[0], dtype=h.dtype), h)
    return -expectation(h, apply(Log(), rho)) / expectation(h, h) / unit


@checked
def covariance_beta(rho: OperatorLike, hamiltonian: OperatorLike) -> Real:
    """The regression of -ln rho on H in the state: -cov(H, ln rho)/var(H), symmetrized.

    Args:
        rho: density matrix, (d, d); its logarithm is clamped at zero eigenvalues.
        hamiltonian: Hermitian operator, (d, d).

    Returns:
        beta; nan where the energy does not fluctuate.

    Raises:
        ValueError: the shapes do not agree.

    Examples:
        >>> h = qt.number(2)
        >>> qt.thermodynamics.covariance_beta(qt.thermal_state(h, 2.0), h)
        0.5000
    """
    h, rho = _operators(hamiltonian, rho)
    h, unit = _in_its_unit(h - expectation(h, rho) * jnp.eye(h.shape[0], dtype=h.dtype), h)
    log = apply(Log(), rho)
    mean, mean_log = expectation(h, rho), expectation(log, rho)
    covariance = jnp.trace(matmul(matmul(h, log), rho)).real - mean * mean_log
    variance = jnp.trace(matmul(matmul(h, h), rho)).real - mean**2
    still = variance <= _ROUNDINGS * jnp.finfo(variance.dtype).eps
    return -covariance / jnp.where(still, jnp.nan, variance) / unit


@checked
def energy_beta(rho: OperatorLike, hamiltonian: OperatorLike) -> Real:
    """beta of the Gibbs state with the same mean energy; a monotone root, of either sign.

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).

    Returns:
        beta; +inf or -inf where the mean energy is the lowest or the highest, nan where H has one
        level.

    Raises:
        ValueError: the shapes do not agree.

    Source: Strasberg and Winter, PRX Quantum 2, 030202 (2021).

    Examples:
        >>> rho = qt.algebra.from_bloch(jnp.array([0.5, 0.0, 0.0]))
        >>> qt.thermodynamics.energy_beta(rho, qt.number(2))  # half filled, whatever its coherence
        0.0000
    """
    h, rho = _operators(hamiltonian, rho)
    h, unit = _in_its_unit(h, h)
    energies = eigenvalues(h)
    levels, spread = _scaled(energies)
    target = (expectation(h, rho) - energies[0]) / spread
    return _root(levels, target, _gibbs_energy, (-1.0, 1.0)) / spread / unit


@checked
def entropy_beta(rho: OperatorLike, hamiltonian: OperatorLike, *, inverted: bool = False) -> Real:
    """beta of the Gibbs state with the same entropy, on the branch beta >= 0 or the inverted one.

    At the maximally mixed state beta is 0 and its derivative infinite.

    Args:
        rho: density matrix, (d, d).
        hamiltonian: Hermitian operator, (d, d).
        inverted: take the branch beta <= 0, static.

    Returns:
        beta; +-inf where the entropy is that of the ground (highest) level, nan where it is less.

    Raises:
        ValueError: the shapes do not agree.

    Source: Bera et al., Quantum 3, 121 (2019).

    Examples:
        >>> rho = qt.algebra.from_bloch(jnp.array([0.5, 0.0, 0.0]))
        >>> qt.thermodynamics.entropy_beta(rho, qt.number(2))  # eigenvalues 3/4 and 1/4: ln 3
        1.0986
    """
    h, rho = _operators(hamiltonian, rho)
    branch = (-1.0, 0.0) if inverted else (0.0, 1.0)
    h, unit = _in_its_unit(h, h)
    levels, spread = _scaled(eigenvalues(h))
    return _root(levels, entropy(rho), _gibbs_entropy, branch) / spread / unit


class Temperatures(eqx.Module):
    """Inverse temperatures of one state side by side, each under the name of its definition.

    Args:
        generalized: beta(t) = S'/Q' of eq. (17).
        status: its `TemperatureStatus`.
        population: of the pair of the lowest and the highest level.
        energy: of the Gibbs state of the same mean energy.
        entropy: of the Gibbs state of the same entropy, beta >= 0.
        spectral: Gemmer, Michel and Mahler's.
        gradient: of the Hilbert-Schmidt gradient.

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system = qt.OpenSystem(qt.number(2), bath)
        >>> found = qt.thermodynamics.temperatures(system, 0.0, qt.thermal_state(qt.number(2), 2.0))
        >>> found.generalized, found.population, found.energy, found.entropy  # a Gibbs state
        (0.5000, 0.5000, 0.5000, 0.5000)
    """

    generalized: Real
    status: Array
    population: Real
    energy: Real
    entropy: Real
    spectral: Real
    gradient: Real


@checked
def temperatures(
    system: OpenSystem, t: RealLike, rho: Operator, levels: tuple[int, ...] | None = None
) -> Temperatures:
    """All inverse temperatures at one instant; saved along a trajectory, their curves.

    Args:
        system: the open system.
        t: time.
        rho: density matrix, (d, d).
        levels: sizes of the groups of equal energies, ascending. Found where H is concrete and
            known for a qubit; for d > 2 inside `evolve(save=...)` bind it by `functools.partial`.

    Returns:
        `Temperatures`.

    Raises:
        ValueError: H is traced with d > 2 and `levels` is not given.

    Source: docs/physics.md, "Other temperatures".

    Examples:
        >>> bath = qt.LocalBath(qt.destroy(2), gap=1.0, temperature=1.0, spectrum=qt.Flat(0.1))
        >>> system = qt.OpenSystem(qt.number(2), bath)
        >>> rho = qt.algebra.from_bloch(jnp.array([0.5, 0.0, 0.0]))
        >>> found = qt.thermodynamics.temperatures(system, 0.0, rho)
        >>> found.energy, found.entropy  # coherence: hot by its energy, cold by its entropy
        (0.0000, 1.0986)
    """
    h = system.energy_hamiltonian(t)
    instant = generalized_temperature(rates(system, t, rho))
    return Temperatures(
        generalized=instant.beta,
        status=instant.status,
        population=population_beta(rho, h, levels=levels),
        energy=energy_beta(rho, h),
        entropy=entropy_beta(rho, h),
        spectral=spectral_beta(rho, h, levels),
        gradient=gradient_beta(rho, h),
    )


def _operators(hamiltonian: OperatorLike, rho: OperatorLike) -> tuple[Operator, Operator]:
    check_square("rho", rho)
    check_square("hamiltonian", hamiltonian, jnp.shape(rho)[0])
    return as_complex(hamiltonian), as_complex(rho)


def _in_its_unit(h: Operator, given: Operator) -> tuple[Operator, Real]:
    """h over its largest entry, so that no square underflows, and that; nan where h is rounding."""
    size, whole = (jnp.max(jnp.abs(jax.lax.stop_gradient(x))) for x in (h, given))
    unit = jnp.where(size <= _ROUNDINGS * jnp.finfo(size.dtype).eps * whole, jnp.nan, size)
    return h / unit, unit


def _levels(
    rho: OperatorLike, hamiltonian: OperatorLike, levels: tuple[int, ...] | None
) -> tuple[Float[Array, " levels"], Float[Array, " levels"], np.ndarray]:
    """Energies, probabilities and degeneracies of the levels."""
    h, rho = _operators(hamiltonian, rho)
    if levels is None:
        levels = (1, 1) if h.shape[0] == 2 else group_levels(h)
    projectors, sizes = level_projectors(h, levels), np.asarray(levels, float)
    energies = einsum("lij,ji->l", projectors, h).real / sizes
    return energies, einsum("lij,ji->l", projectors, rho).real, sizes


def _weights(energies: Float[Array, " d"], beta: Real) -> Float[Array, " d"]:
    """Gibbs probabilities at any beta of either sign."""
    logs = -beta * (energies - jnp.where(beta > 0.0, energies[0], energies[-1]))
    weights = jnp.exp(logs)
    return weights / weights.sum()


def _gibbs_energy(energies: Float[Array, " d"], beta: Real) -> Real:
    return matmul(_weights(energies, beta), energies)


def _gibbs_entropy(energies: Float[Array, " d"], beta: Real) -> Real:
    p = _weights(energies, beta)
    return -jnp.sum(jnp.where(p > 0.0, p * jnp.log(jnp.where(p > 0.0, p, 1.0)), 0.0))


def _root(
    energies: Float[Array, " d"], target: Real, function: Any, branch: tuple[float, float]
) -> Real:
    """beta with function(beta) = target at energies between 0 and 1, and beta in their unit.

    By a bracket in x, beta = sinh(x). The range of x is cut where the weights of all levels but the
    lowest (highest) underflow, however close the next one is; a target beyond it gives the infinite
    end.
    """
    lower, upper = (
        sign * jnp.arcsinh(_UNDERFLOW / _first_gap(jax.lax.stop_gradient(gaps)))
        for sign, gaps in zip(branch, (energies[-1] - energies, energies), strict=True)
    )
    middle = lower + (upper - lower) * 0.501

    def miss(x: Real, args: Any) -> Real:
        energies, target, solvable = args
        # without a root a line takes the place of the problem, and its root is not used
        return jnp.where(solvable, function(energies, jnp.sinh(x)) - target, x - middle)

    low, high = (function(energies, jnp.sinh(x)) - target for x in (lower, upper))
    inside = low * high < 0.0
    x = optimistix.root_find(
        miss,
        Bracketed(),
        middle,
        (energies, target, inside),
        options={"lower": lower, "upper": upper},
        max_steps=104,
        throw=False,
    ).value
    ends = jnp.where(jnp.abs(low) < jnp.abs(high), lower, upper)
    known = max(1e-12, _ROUNDINGS * float(jnp.finfo(energies.dtype).eps))
    close = jnp.minimum(jnp.abs(low), jnp.abs(high)) <= known
    limit = jnp.where(ends == 0.0, 0.0, jnp.sign(ends) * jnp.inf)
    return jnp.where(inside, jnp.sinh(x), jnp.where(close, limit, jnp.nan))


def _first_gap(gaps: Float[Array, " d"]) -> Real:
    """The smallest gap that is not rounding, of gaps between 0 and 1."""
    apart = gaps > 64 * gaps.shape[0] * jnp.finfo(gaps.dtype).eps
    return jnp.min(jnp.where(apart, gaps, 1.0))


def _scaled(energies: Float[Array, " d"]) -> tuple[Float[Array, " d"], Real]:
    """The energies between 0 and 1 and their range, which is nan where H has one level."""
    spread = energies[-1] - energies[0]
    eps = jnp.finfo(energies.dtype).eps
    flat = spread <= _ROUNDINGS * eps * jnp.max(jnp.abs(energies))
    return (energies - energies[0]) / jnp.where(flat, 1.0, spread), jnp.where(flat, jnp.nan, spread)
