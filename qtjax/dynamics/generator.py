"""A generator at one time, H and all jumps, and the same in another basis."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from .._in_turn import in_turn
from .._types import Operator, RealLike
from ..algebra.operators import commutator, dag, product
from ..algebra.spectral import eigensystem
from .channels import dissipate
from .dissipators import jump_operators
from .open_system import OpenSystem
from .sectors import Sectors


class Generator(NamedTuple):
    """H and all jumps of the baths at one time."""

    hamiltonian: Operator
    rates: Float[Array, " jumps"]
    operators: Complex[Array, "jumps d d"]


def generator_at(system: OpenSystem, t: RealLike) -> Generator:
    """The generator of an open system.

    Args:
        system: the open system.
        t: time.
    """
    jumps = [jump_operators(bath, system.hamiltonian, t) for bath in system.baths]
    h = system.hamiltonian(t)
    rates = jnp.concatenate([jnp.zeros(0), *(found[0] for found in jumps)])
    operators = jnp.concatenate([jnp.zeros((0, *h.shape), h.dtype), *(found[1] for found in jumps)])
    return Generator(h, rates, operators)


def action(generator: Generator, rho: Operator) -> Operator:
    """L(rho)."""
    unitary = -1j * commutator(generator.hamiltonian, rho)
    return unitary + dissipate(generator.rates, generator.operators, rho)


def strengths(generator: Generator) -> Float[Array, " jumps"]:
    """|rate| times the square of the jump operator's largest entry."""
    return jnp.abs(generator.rates) * jnp.max(jnp.abs(generator.operators), axis=(1, 2)) ** 2


def eigenvectors(h: Operator, sectors: Sectors) -> Operator:
    """Eigenvectors of H that keep sectors apart, in columns.

    Args:
        h: Hermitian, (d, d).
        sectors: as known of the generator.
    """
    vectors, last = jnp.eye(h.shape[0], dtype=h.dtype), jnp.zeros(())
    for levels in sectors.levels:
        if len(levels) > 1:
            at = np.ix_(levels, levels)
            energies, found = eigensystem(in_turn(h[at], last))
            vectors, last = vectors.at[at].set(found), energies[0]
    return vectors


def in_basis(generator: Generator, basis: Operator) -> tuple[Generator, Generator]:
    """H and the jumps in another basis, and the moduli of what was summed there.

    A difference of given energies rounds relative to itself; a sum of rates relative to the
    largest; and in another basis H to what was summed there.

    Args:
        generator: in the given basis.
        basis: unitary, its vectors in columns, (d, d).
    """
    h, rates, operators = generator
    size, inner = jnp.abs(basis), _turned(h, basis)
    inner = 0.5 * (inner + dag(inner))  # else rounding would be a flow one way
    summed = _turned(jnp.abs(h), size) - jnp.abs(inner)
    moduli = _turned(jnp.abs(operators), size)
    turned = Generator(inner, rates, _turned(operators, basis))
    return turned, Generator(summed, jnp.abs(rates), moduli)


def _turned(x: Array, basis: Array) -> Array:
    """V^+ X V of stacks of operators."""
    return product(product(basis.conj().T, x), basis)
