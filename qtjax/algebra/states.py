"""States: density matrices and vectors."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._checks import as_complex, as_real, check_hermitian, is_concrete
from .._types import Operator, OperatorLike, Real, RealLike, VectorLike
from .operators import projector, sigmax, sigmay, sigmaz
from .spectral import EXP, eigh, spectral_function


def ket(level: int | Sequence[int], dims: int | Sequence[int]) -> Complex[Array, " d"]:
    """A basis vector: |level> of one system, or |l1 l2 ...> of a product.

    Args:
        level: index, or one index for each part.
        dims: dimension, or one for each part.

    Returns:
        Vector (d,).

    Raises:
        ValueError: as many levels as parts are needed, each below its dimension.
    """
    levels = [level] if isinstance(level, int) else list(level)
    sizes = [dims] if isinstance(dims, int) else list(dims)
    if len(levels) != len(sizes) or any(not 0 <= k < n for k, n in zip(levels, sizes, strict=True)):
        raise ValueError(f"`level` {levels} must give one index below each of `dims` {sizes}.")
    vector = np.zeros(int(np.prod(sizes)))
    vector[np.ravel_multi_index(levels, sizes)] = 1.0
    return as_complex(vector)


def pure_state(vector: VectorLike) -> Operator:
    """The density matrix |v><v| of a unit vector, (d, d).

    Args:
        vector: (d,), of norm 1.

    Raises:
        ValueError: a concrete vector whose norm is not 1.
    """
    if is_concrete(vector):
        norm = float(np.linalg.norm(np.asarray(vector)))
        if not abs(norm - 1.0) < 1e-6:
            raise ValueError(f"`vector` must have norm 1, got {norm:.9g}; divide it by its norm.")
    return projector(vector)


def maximally_mixed(d: int) -> Operator:
    """The state 1/d, (d, d)."""
    return as_complex(np.eye(d) / d)


def thermal_state(hamiltonian: OperatorLike, temperature: RealLike) -> Operator:
    """The Gibbs state exp(-H/T)/Z, (d, d); twice differentiable in H and T, degenerate H included.

    Args:
        hamiltonian: Hermitian operator, (d, d).
        temperature: >= 0 or inf; at 0 the normalized projector on the ground level comes out, with
            zero derivatives in T.

    Raises:
        ValueError: H not Hermitian, T negative or nan.
    """
    check_hermitian("hamiltonian", hamiltonian)
    if is_concrete(temperature) and not np.asarray(temperature) >= 0.0:
        raise ValueError(
            f"`temperature` must be >= 0, got {temperature}; for an inverted population write the "
            "thermal state of -H."
        )
    h, t = as_complex(hamiltonian), as_real("temperature", temperature)
    energies, _ = eigh(jax.lax.stop_gradient(h))
    one = jnp.eye(h.shape[0], dtype=h.dtype)
    width = energies[-1] - energies[0]
    smallest = width / (0.4 * float(np.log(float(jnp.finfo(t.dtype).max))))
    smallest = jnp.maximum(smallest, float(jnp.finfo(t.dtype).tiny) ** 0.5)
    beta = 1.0 / jnp.where(t > smallest, t, smallest)
    weights = spectral_function(EXP, -beta * (h - energies[0] * one))
    return weights / jnp.trace(weights).real


def random_density_matrix(key: Array, d: int, rank: int | None = None) -> Operator:
    """A random state G G^+ / tr, G a d x rank complex Gaussian (Hilbert-Schmidt for full rank).

    Args:
        key: a JAX random key.
        d: dimension.
        rank: d by default.

    Returns:
        Density matrix, (d, d).
    """
    shape = (2, d, d if rank is None else rank)
    real, imaginary = jax.random.normal(key, shape, jnp.result_type(float))
    g = real + 1j * imaginary
    rho = g @ g.conj().T
    return rho / jnp.trace(rho).real


def bloch_vector(rho: OperatorLike) -> Float[Array, "3"]:
    """(tr rho sigma_x, tr rho sigma_y, tr rho sigma_z) of a qubit, (3,)."""
    paulis = jnp.stack([sigmax(), sigmay(), sigmaz()])
    return jnp.einsum("kij,ji->k", paulis, as_complex(rho)).real


def from_bloch(vector: Float[Array | np.ndarray, "3"]) -> Operator:
    """The qubit state (1 + v.sigma)/2, (2, 2).

    Args:
        vector: Bloch vector, (3,), |v| <= 1.

    Raises:
        ValueError: a concrete vector longer than 1.
    """
    if is_concrete(vector) and float(np.linalg.norm(np.asarray(vector))) > 1.0 + 1e-9:
        raise ValueError(f"`vector` must have |v| <= 1, got {np.asarray(vector)}.")
    paulis = jnp.stack([sigmax(), sigmay(), sigmaz()])
    return 0.5 * (jnp.eye(2) + jnp.tensordot(as_real("vector", vector), paulis, 1))


def smallest_eigenvalue(rho: OperatorLike) -> Real:
    """The smallest eigenvalue of a Hermitian operator; not differentiated."""
    return eigh(jax.lax.stop_gradient(as_complex(rho)))[0][0]
