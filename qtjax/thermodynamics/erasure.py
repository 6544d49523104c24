"""Von Neumann's ledger of erasure, eq. (20): what it costs to bring a gas into one pure state."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checked import checked
from .._checks import as_complex, as_real, check_density_matrix, check_hermitian, check_positive
from .._precise import einsum
from .._types import Operator, OperatorLike, Real, RealLike
from ..algebra.levels import eigenvalues, weighted_projectors

STEPS = ("separation", "compression", "unitary")


class ErasureLedger(eqx.Module):
    """Von Neumann's ledger, per step (separation, compression, unitary) and per species.

    Q > 0 flows into the gas, W > 0 is done on it.

    Args:
        probabilities: eigenvalues p_i of rho, descending, (species,).
        volumes: of each species after the compression, p_i V, (species,).
        work: (3, species).
        heat: (3, species).
        gas_entropy: change of the entropy of the gas, (3, species).
        bath_entropy: change of the entropy of the bath at T, (3, species).
        entropy: S(rho) = -(entropy change of the gas)/n, eq. (20), from the sum of the ledger.

    Examples:
        >>> ledger = qt.thermodynamics.von_neumann_ledger(qt.algebra.maximally_mixed(2), 1.0)
        >>> ledger.work  # to separate, to compress: -p ln p of either half, to turn
        [[0.0000, 0.0000], [0.3466, 0.3466], [0.0000, 0.0000]]
    """

    probabilities: Float[Array, " species"]
    volumes: Float[Array, " species"]
    work: Float[Array, "steps species"]
    heat: Float[Array, "steps species"]
    gas_entropy: Float[Array, "steps species"]
    bath_entropy: Float[Array, "steps species"]
    entropy: Real


@checked
def von_neumann_ledger(
    rho: OperatorLike,
    temperature: RealLike,
    *,
    atoms: RealLike = 1.0,
    volume: RealLike = 1.0,
    hamiltonian: OperatorLike | None = None,
) -> ErasureLedger:
    """Von Neumann's three steps that take n atoms in rho to one pure state, booked one by one.

    1. Separation of the orthogonal species: free. 2. Isothermal compression of each from V to
    p_i V: W_i = -n p_i T ln p_i > 0, Q_i = -W_i (the paper drops a factor T and n, and gives the
    work by the gas). 3. A unitary from psi_i to psi_1, the most populated one: free if H is
    degenerate, as the paper takes it, else W_i = n p_i (E_1 - E_i). Rows with p_i = 0 are 0.

    Where p_1 or other eigenvalues are degenerate the species are one choice of eigenvectors; the
    totals of steps 1 and 2 do not depend on it.

    Args:
        rho: density matrix, (d, d).
        temperature: T > 0 of the bath.
        atoms: n > 0.
        volume: V > 0.
        hamiltonian: internal H of an atom, Hermitian, (d, d); degenerate by default.

    Returns:
        `ErasureLedger`.

    Raises:
        ValueError: rho is not a density matrix, H is not Hermitian, or T, n or V is not positive.

    Source: eq. (20); von Neumann, Mathematische Grundlagen der Quantenmechanik (1932), V.2.

    Examples:
        >>> ledger = qt.thermodynamics.von_neumann_ledger(qt.algebra.maximally_mixed(2), 2.0)
        >>> ledger.work.sum(), ledger.entropy  # T ln 2 and ln 2
        (1.3863, 0.6931)
    """
    check_density_matrix("rho", rho)
    d = jnp.shape(rho)[0]
    check_positive("temperature", temperature, "the compression is isothermal.")
    check_positive("atoms", atoms, "give the number of atoms.")
    check_positive("volume", volume, "give the volume of the box.")
    temperature, n = as_real("temperature", temperature), as_real("atoms", atoms)
    p = jnp.maximum(eigenvalues(rho)[::-1], 0.0)
    # ln(tiny) at p = 0: the row is 0 and its slope large, but finite
    compression = -n * p * jnp.log(jnp.maximum(p, float(jnp.finfo(p.dtype).tiny) ** 0.45))
    zero = jnp.zeros_like(p)
    turning = zero
    if hamiltonian is not None:
        check_hermitian("hamiltonian", hamiltonian, d)
        energies = _energies_of_species(as_complex(rho), as_complex(hamiltonian))
        turning = n * p * (energies[0] - energies)
    work = jnp.stack([zero, temperature * compression, turning])
    heat = jnp.stack([zero, -temperature * compression, zero])
    gas = jnp.stack([zero, -compression, zero])
    return ErasureLedger(
        probabilities=p,
        volumes=p * as_real("volume", volume),
        work=work,
        heat=heat,
        gas_entropy=gas,
        bath_entropy=-heat / temperature,
        entropy=-gas.sum() / n,
    )


def _energies_of_species(rho: Operator, h: Operator) -> Float[Array, " species"]:
    """<psi_i|H|psi_i> of the eigenvectors of rho, in descending order of their probabilities."""
    one = jnp.eye(rho.shape[0], dtype=rho.real.dtype)
    projectors = jax.vmap(weighted_projectors, (None, 0))(rho, one)[::-1]
    return einsum("kij,ji->k", projectors, h).real
