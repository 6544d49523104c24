"""The steady state without a matrix: L on the blocks of rho that populations turn into."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex

from .._in_turn import inv
from .._precise import einsum, matmul
from .._types import Real
from ..numerics.krylov import EarlyGMRES
from ..numerics.null_vector import NullVector, null_vector
from .generator import Generator, eigenvectors, in_basis, strengths
from .sectors import Sectors, one_sector

Block = Complex[Array, "a b"]
Blocks = dict[tuple[int, int], Block]

# So many products of blocks are written out; beyond, all is one block.
MOST_PRODUCTS = 256


def matrix_free(generator: Generator, sectors: Sectors, solver: Any) -> NullVector:
    """The steady state by a Lineax solver, on Re rho + Im rho of blocks in the eigenbasis of H.

    Args:
        generator: H and the jumps.
        sectors: what they are known to keep apart; coherences that need a look of their own are
            taken along.
        solver: any Lineax solver; by default `EarlyGMRES`.

    Returns:
        `NullVector` with rho, (d, d).
    """
    fixed: Generator = jax.lax.stop_gradient(generator)
    scale = jnp.max(jnp.abs(fixed.hamiltonian)) + jnp.max(strengths(fixed), initial=0.0)
    scale = jnp.where(scale > 0.0, scale, 1.0)
    if solver is None:
        solver = EarlyGMRES(4.0 * float(jnp.finfo(scale.dtype).eps))
    packing = Packing(sectors)
    basis = eigenvectors(fixed.hamiltonian, packing.sectors)
    turned, _ = in_basis(generator, basis)
    found = null_vector(
        packing.action(turned), packing.weights, solver=solver, scale=scale,
        preconditioner=packing.preconditioner(jax.lax.stop_gradient(turned), scale),
    )  # fmt: skip
    rho = packing.whole(packing.unpacked(found.solution))
    rho = matmul(matmul(basis, rho), basis.conj().mT)
    if not packing.sectors.nilpotent:
        return NullVector(rho, found.gap, found.error)
    # what is left out cannot rest, as long as no rate is negative
    error = jnp.where(jnp.all(fixed.rates >= 0.0), found.error, jnp.inf)
    return NullVector(rho, found.gap, error)


class Packing:
    """Which blocks of rho are kept, and how they lie in a real vector: as Re + Im, row by row.

    Args:
        sectors: of the generator.
    """

    def __init__(self, sectors: Sectors):
        d = sum(map(len, sectors.levels))
        if sectors.coherences or len(_products(sectors)) > MOST_PRODUCTS:
            sectors = one_sector(d)
        self.sectors, self.dimension = sectors, d
        self.levels = [np.array(levels) for levels in sectors.levels]
        self.products = _products(sectors)
        sizes = [self.levels[a].size * self.levels[b].size for a, b in sectors.blocks]
        self.ends = np.cumsum(sizes)
        ones = [np.equal.outer(self.levels[a], self.levels[b]).ravel() for a, b in sectors.blocks]
        self.weights = np.concatenate(ones).astype(float)

    def part(self, x: Array, a: int, b: int) -> Array:
        """The block of a matrix or of a stack of matrices."""
        return x[..., self.levels[a][:, None], self.levels[b]]

    def unpacked(self, x: Array) -> Blocks:
        """The blocks of a Hermitian rho."""
        parts = jnp.split(x, self.ends[:-1])
        real = {
            (a, b): part.reshape(self.levels[a].size, self.levels[b].size)
            for (a, b), part in zip(self.sectors.blocks, parts, strict=True)
        }
        return {
            (a, b): 0.5 * (x + real[b, a].T) + 0.5j * (x - real[b, a].T)
            for (a, b), x in real.items()
        }

    def packed(self, blocks: Blocks) -> Array:
        """The vector of blocks."""
        return jnp.concatenate([(x.real + x.imag).ravel() for x in blocks.values()])

    def whole(self, blocks: Blocks) -> Array:
        """rho as a matrix, (d, d)."""
        rho = jnp.zeros((self.dimension, self.dimension), next(iter(blocks.values())).dtype)
        for (a, b), x in blocks.items():
            rho = rho.at[self.levels[a][:, None], self.levels[b]].set(x)
        return rho

    def action(self, generator: Generator) -> Callable[[Array], Array]:
        """L as a function of vectors."""
        h, rates, operators = generator
        loss = einsum("k,kji,kjl->il", rates, operators.conj(), operators)
        still = [self.part(-1j * h - 0.5 * loss, a, a) for a in range(len(self.levels))]
        jumps = {link: self.part(operators, *link) for link in self.sectors.jumps}

        def apply(x: Array) -> Array:
            rho = self.unpacked(x)
            half = {(a, b): matmul(still[a], block) for (a, b), block in rho.items()}
            flow = {(a, b): block + half[b, a].conj().mT for (a, b), block in half.items()}
            for (a, c), (b, e) in self.products:
                came = rates[:, None, None] * matmul(jumps[a, c], rho[c, e])
                flow[a, b] = flow[a, b] + einsum("kij,kmj->im", came, jumps[b, e].conj())
            return self.packed(flow)

        return apply

    def preconditioner(self, generator: Generator, scale: Real) -> Callable[[Array], Array]:
        """The inverse of (u tr - L/s) without what couples coherences, in the eigenbasis of H."""
        h, rates, operators = generator
        d, energies = self.dimension, jnp.diagonal(h).real
        gain = einsum("k,kij->ij", rates, jnp.abs(operators) ** 2)
        loss = jnp.sum(gain, axis=0)
        diagonal = jnp.diagonal(operators, axis1=1, axis2=2)
        kept = einsum("k,ki,kj->ij", rates, diagonal, diagonal.conj())
        decay = kept - 0.5 * (loss[:, None] + loss) - 1j * (energies[:, None] - energies)
        largest = jnp.max(jnp.abs(loss))
        largest = jnp.where(largest > 0.0, largest, scale)
        decay = jnp.where(jnp.abs(decay) > 1e-6 * largest, decay, -largest)
        flow = scale / d - gain + jnp.diag(loss + 1e-8 * largest)
        order = np.concatenate(self.levels)
        flow = scale * inv(flow[order[:, None], order])
        ends = np.cumsum([levels.size for levels in self.levels])[:-1]
        factors = {(a, b): -scale / self.part(decay, a, b) for a, b in self.sectors.blocks}

        def apply(x: Array) -> Array:
            rho = self.unpacked(x)
            held = [jnp.diagonal(rho[a, a]).real for a in range(len(self.levels))]
            rho = {block: factors[block] * x for block, x in rho.items()}
            for a, p in enumerate(jnp.split(matmul(flow, jnp.concatenate(held)), ends)):
                rho[a, a] = jnp.where(np.eye(p.size, dtype=bool), p[:, None], rho[a, a])
            return self.packed(rho)

        return apply


def _products(sectors: Sectors) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Pairs of jumps between sectors, (a, c) and (b, e), with blocks (a, b) and (c, e) of rho."""
    blocks = set(sectors.blocks)
    return [
        (one, two)
        for one in sectors.jumps
        for two in sectors.jumps
        if (one[0], two[0]) in blocks and (one[1], two[1]) in blocks
    ]
