"""GMRES that stops within a cycle: Lineax's own takes every cycle to its end."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax
from jaxtyping import Array, Float

from .._precise import matmul

Vector = Float[Array, " n"]


class EarlyGMRES(lineax.AbstractLinearSolver[lineax.AbstractLinearOperator]):
    """Restarted GMRES, preconditioned from the right, that stops as soon as it has converged.

    In a cycle the residual is known without a solution: with h the columns of Arnoldi's Hessenberg
    matrix and n_0 = 1, n_{k+1} = -sum_{i<=k} n_i h_ik / h_{k+1,k} it is |r_0|/|n|, as n is what
    remains orthogonal to all columns.

    Args:
        rtol: of the residual, relative to the right-hand side.
        kept: vectors until a restart.
        cycles: at most so many; it also stops after one that does not halve the residual.

    Source: Saad and Schultz, SIAM J. Sci. Stat. Comput. 7, 856 (1986); Ayachour, J. Comput. Appl.
        Math. 159, 269 (2003).

    Examples:
        >>> import lineax
        >>> a = lineax.MatrixLinearOperator(jnp.array([[2.0, 1.0], [0.0, 4.0]]))
        >>> solver = qt.numerics.EarlyGMRES(1e-12)
        >>> lineax.linear_solve(a, jnp.array([4.0, 8.0]), solver).value
        [1.0, 2.0]
    """

    rtol: float = eqx.field(static=True)
    kept: int = eqx.field(static=True, default=100)
    cycles: int = eqx.field(static=True, default=60)

    def init(self, operator: lineax.AbstractLinearOperator, options: dict[str, Any]) -> Any:
        return operator

    def compute(
        self, state: lineax.AbstractLinearOperator, vector: Vector, options: dict[str, Any]
    ) -> tuple[Vector, lineax.RESULTS, dict[str, Any]]:
        right = options.get("preconditioner", lineax.IdentityLinearOperator(state.in_structure()))
        close, kept = self.rtol * jnp.linalg.norm(vector), min(self.kept, vector.size)

        def cycle(carry: tuple) -> tuple:
            x, residual, before, _, count = carry
            y = _cycle(lambda v: state.mv(right.mv(v)), residual, before, close, kept)
            x = x + right.mv(y)
            residual = vector - state.mv(x)
            after = jnp.linalg.norm(residual)
            return x, residual, after, after < 0.5 * before, count + 1

        start = jnp.zeros_like(vector), vector, jnp.linalg.norm(vector), jnp.asarray(True), 0
        x, _, size, *_ = jax.lax.while_loop(
            lambda c: (c[2] > close) & c[3] & (c[4] < self.cycles), cycle, start
        )
        good = size <= close
        result = lineax.RESULTS.where(good, lineax.RESULTS.successful, lineax.RESULTS.stagnation)
        return x, result, {}

    def transpose(self, state: lineax.AbstractLinearOperator, options: dict[str, Any]) -> Any:
        back = {name: operator.transpose() for name, operator in options.items()}
        return state.transpose(), back

    def conj(self, state: lineax.AbstractLinearOperator, options: dict[str, Any]) -> Any:
        return state, options  # all is real

    def assume_full_rank(self) -> bool:
        return True


def _cycle(
    action: Callable[[Vector], Vector], start: Vector, size: Array, close: Array, kept: int
) -> Vector:
    """The y in the span of start, A start, ... that minimizes |start - A y|."""

    def advance(carry: tuple) -> tuple:
        basis, columns, normal, _, k = carry
        w, along = action(basis[k]), jnp.zeros(kept + 1, start.dtype)
        for _ in range(2):  # once leaves rounding along what is there
            part = matmul(basis, w)
            w, along = w - matmul(part, basis), along + part
        length = jnp.linalg.norm(w)
        inverse = jnp.where(length > 0.0, 1.0 / jnp.where(length > 0.0, length, 1.0), jnp.inf)
        normal = normal.at[k + 1].set(-jnp.sum(normal * along) * inverse)
        basis = basis.at[k + 1].set(w * jnp.where(length > 0.0, inverse, 0.0))
        columns = columns.at[k].set(along.at[k + 1].set(length))
        return basis, columns, normal, size / jnp.linalg.norm(normal), k + 1

    first = jnp.zeros((kept + 1, start.size), start.dtype).at[0].set(start / size)
    unused = jnp.eye(kept, kept + 1, 1, dtype=start.dtype)  # columns that take no part
    normal = jnp.zeros(kept + 1, start.dtype).at[0].set(1.0)
    basis, columns, *_ = jax.lax.while_loop(
        lambda c: (c[3] > close) & (c[4] < kept), advance, (first, unused, normal, size, 0)
    )
    q, r = jnp.linalg.qr(columns.T)
    y = jax.scipy.linalg.solve_triangular(r, size * q[0])
    return matmul(y, basis[:-1])
