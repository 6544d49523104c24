"""Oscillators that exchange quanta, each with a bath: steady states exactly, by moments.

H = sum_ij h_ij a_i^+ a_j; N_ij = <a_i^+ a_j> obeys linear equations.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from .._checked import checked
from .._checks import as_complex, as_vector, check_hermitian, check_positive
from .._in_turn import solve
from .._precise import einsum
from .._types import OperatorLike
from ..algebra.levels import eigenvalues, level_projectors
from ..dynamics.spectra import occupation


class NetworkState(eqx.Module):
    """The steady state of a network of oscillators between baths.

    Args:
        correlations: N_ij = <a_i^+ a_j>, (modes, modes).
        heat_currents: from the bath of every mode, with the energy of H, (baths,).
        bare_currents: with h_ii a_i^+ a_i in its place, (baths,); for baths of normal modes the
            same as `heat_currents`.

    Examples:
        >>> h = [[1.0, 0.1], [0.1, 1.0]]
        >>> state = qt.models.global_network(h, temperatures=[1.0, 2.0], rates=[0.1, 0.1])
        >>> state.heat_currents.sum(), state.heat_currents[1] > 0.0
        (0.0000, True)
    """

    correlations: Complex[Array, "modes modes"]
    heat_currents: Float[Array, " baths"]
    bare_currents: Float[Array, " baths"]


@checked
def local_network(hamiltonian: OperatorLike, *, temperatures: Any, rates: Any) -> NetworkState:
    """The steady state with local baths: gamma_i (n_i + 1) on a_i and gamma_i n_i on a_i^+.

    n_i is the occupation at h_ii and T_i. Where couplings are not small against the differences of
    the h_ii the heat may run from cold to hot (Levy and Kosloff 2014).

    Args:
        hamiltonian: h, Hermitian with a positive diagonal, (modes, modes).
        temperatures: of the baths, > 0, (modes,).
        rates: gamma of the baths, > 0, (modes,).

    Returns:
        `NetworkState`.

    Raises:
        ValueError: h is not Hermitian or a mode has no positive frequency, or not one temperature
            and rate for each mode.

    Source: Levy and Kosloff, EPL 107, 20004 (2014).

    Examples:
        >>> temperatures = [1 / np.log(2), 1 / np.log(3)]  # with occupations 1 and 1/2
        >>> h = [[1.0, 0.05], [0.05, 1.0]]
        >>> state = qt.models.local_network(h, temperatures=temperatures, rates=[0.1, 0.1])
        >>> state.heat_currents, state.correlations.diagonal()
        ([0.0125, -0.0125], [0.875, 0.625])
    """
    h, t, gamma = _checked(hamiltonian, temperatures, rates)
    frequencies = jnp.diagonal(h).real
    for k, w in enumerate(frequencies):
        check_positive(f"hamiltonian[{k}, {k}]", w, "it is the frequency of a mode.")
    n = jax.vmap(occupation)(frequencies, t)
    one = jnp.eye(h.shape[0])
    # dN/dt = A N + N A^+ + gamma n with A = i h^T - gamma/2, and N = n + X: currents are of X alone
    a = 1j * h.T - 0.5 * jnp.diag(gamma)
    lifted = jnp.kron(a, one) + jnp.kron(one, a.conj())
    moved = solve(lifted, -1j * (h.T * (n - n[:, None])).reshape(-1)).reshape(h.shape)
    bare = -gamma * jnp.diagonal(moved).real * frequencies
    # the coherences that a bath damps carry sum_j h_ij N_ij of its energy
    mixed = einsum("ij,ij->i", h, moved).real - frequencies * jnp.diagonal(moved).real
    return NetworkState(jnp.diag(n) + moved, bare - gamma * mixed, bare)


@checked
def global_network(hamiltonian: OperatorLike, *, temperatures: Any, rates: Any) -> NetworkState:
    """The steady state with global (Davies) baths: bath i damps normal mode k at gamma_i |u_ik|^2.

    N = sum_k N_k |k><k| with N_k the mean of the occupations n(w_k, T_i) by these rates. It asks
    for normal modes further apart than the rates.

    Args:
        hamiltonian: h, Hermitian with positive normal frequencies, (modes, modes).
        temperatures: of the baths, > 0, (modes,).
        rates: gamma of the baths, > 0, (modes,).

    Returns:
        `NetworkState`.

    Raises:
        ValueError: h is not Hermitian, a normal mode has no positive frequency, or not one
            temperature and rate for each mode.

    Source: Levy and Kosloff, EPL 107, 20004 (2014).

    Examples:
        >>> h = [[1.0, 0.1], [0.1, 1.0]]
        >>> state = qt.models.global_network(h, temperatures=[1.0, 1.0], rates=[0.1, 0.1])
        >>> qt.algebra.eigenvalues(state.correlations)  # 1 / (e^w - 1) at w = 1.1 and 0.9
        [0.4990, 0.6851]
    """
    h, t, gamma = _checked(hamiltonian, temperatures, rates)
    frequencies = eigenvalues(h)
    check_positive("hamiltonian's lowest normal frequency", frequencies[0], "weaken its couplings.")
    projectors = level_projectors(h, (1,) * h.shape[0])
    weights = gamma[:, None] * einsum("kii->ik", projectors).real
    n = jax.vmap(lambda t: jax.vmap(lambda w: occupation(w, t))(frequencies))(t)
    shares = weights / jnp.sum(weights, axis=0)
    means = jnp.sum(shares * n, axis=0)
    # w_i (n_i - mean), by differences that vanish in equilibrium
    currents = einsum("k,ik,jk,ijk->i", frequencies, weights, shares, n[:, None] - n)
    found = einsum("k,kij->ji", means, projectors)
    return NetworkState(found, currents, currents)


def _checked(hamiltonian: OperatorLike, temperatures: Any, rates: Any) -> Any:
    check_hermitian("hamiltonian", hamiltonian)
    h = as_complex(hamiltonian)
    found = []
    for name, value in (("temperatures", temperatures), ("rates", rates)):
        vector = as_vector(name, value)
        if vector.shape[0] != h.shape[0]:
            raise ValueError(
                f"`{name}` must have one entry for each of the {h.shape[0]} modes, got "
                f"{vector.shape[0]}."
            )
        check_positive(name, vector, "every mode has a bath.", entries=True)
        found.append(vector)
    return h, *found
