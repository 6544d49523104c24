"""The null vector of a generator that keeps one sum: steady states, and fixed points of maps.

Wanted is x with G x = 0 and w.x = 1, where w G = 0: for a generator of states w is the trace, and
G is L, or M - 1 for a map M. With G as a matrix it is found by elimination. With G as a function,
or with any Lineax solver, it is found from (s u w - G) x = s u with u = w/|w|^2 and s the size of
G, which is regular exactly if x is unique.

**Elimination.** The components where w is 0 ("coherences") are eliminated together; what is left on
the others ("populations") is the generator F of a classical flow. There the diagonal, a sum of
rates that rounds to the largest, is never read: it follows from the columns' sums (Grassmann,
Taksar and Heyman), so that rates many decades apart do not disturb each other. The same is done for
neighbours of G with every entry moved by rounding: how far their x is from x estimates the error.

Source: Grassmann, Taksar and Heyman, Oper. Res. 33, 1107 (1985); O'Cinneide, Numer. Math. 65, 109
(1993).
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import lineax
import numpy as np
from jaxtyping import Array, Bool, Float, Inexact

from .._in_turn import inv, lu_factors, lu_solve
from .._precise import einsum, matmul
from .._types import Real

Vector = Inexact[Array, " n"]
Matrix = Inexact[Array, "n n"]
Flow = Float[Array, "p p"]

# How many neighbours, and how much further than to them x may be wrong.
PROBES, SAFETY = 4, 4.0


class NullVector(NamedTuple):
    """A null vector, and how well it is determined.

    Args:
        solution: x, (n,).
        gap: 1 over the condition number with respect to relative changes of what G is made of, so
            that neither units nor decades between rates show in it; 0 where x is not unique, nan
            where G is not finite.
        error: estimate of max|dx|, rounding included.
    """

    solution: Vector
    gap: Real
    error: Real


def null_vector(
    generator: Matrix | Callable[[Array], Array],
    weights: np.ndarray,
    *,
    sizes: Float[Array, "n n"] | None = None,
    solver: Any = None,
    scale: Any = None,
    preconditioner: Callable[[Array], Array] | None = None,
) -> NullVector:
    """x with G x = 0 and w.x = 1, with derivatives by the implicit rule, in both modes.

    Args:
        generator: G as a matrix, or as a linear function of real vectors.
        weights: w >= 0 with w G = 0, static, (n,).
        sizes: for a matrix, what rounding of each entry is relative to: the sum of the moduli of
            what it was summed from. By default max|G|, as for a matrix exponential.
        solver: any Lineax solver; elimination by default, which needs a matrix.
        scale: of a function, its size s; 1 by default.
        preconditioner: of a function, roughly the inverse of (u w - G/s), for Krylov solvers.

    Returns:
        `NullVector`. `error`, `gap` and with them uniqueness are estimates: from neighbours of a
        matrix; with a solver, from a second solve whose answer is known.
    """
    if solver is None and not callable(generator):
        return _judged(generator, weights, sizes)
    if not callable(generator):
        scale = jnp.max(jnp.abs(generator)) if scale is None else scale
        generator = partial(matmul, generator)
    return _solved(generator, weights, solver, 1.0 if scale is None else scale, preconditioner)


def _judged(g: Matrix, weights: np.ndarray, sizes: Float[Array, "n n"] | None) -> NullVector:
    """By elimination, of G and of neighbours that differ from it by rounding."""
    fixed = jax.lax.stop_gradient(g)
    largest = jnp.max(_size(fixed))
    unit = jnp.where(largest > 0.0, largest, 1.0)
    s = largest * jnp.ones(g.shape) if sizes is None else jax.lax.stop_gradient(sizes)
    eps = float(jnp.finfo(largest.dtype).eps)
    noise = np.random.default_rng(0).choice([-eps, eps], size=(PROBES, *g.shape))
    if jnp.iscomplexobj(g):
        noise = noise * np.exp(2j * np.pi * np.random.default_rng(1).uniform(size=noise.shape))
    solution, spread, drained = _eliminated(
        g / unit, weights, jnp.asarray(noise, g.dtype) * s / unit
    )
    unique = drained & (spread < 1e-2)  # nan is not
    gap = jnp.where(unique, jnp.minimum(eps / jnp.maximum(spread, eps), 1.0), 0.0)
    gap = jnp.where(jnp.isfinite(largest), gap, jnp.nan)
    found = jax.lax.stop_gradient(jnp.max(_size(solution)))
    error = jnp.where(unique, SAFETY * spread + eps * found, jnp.inf)
    return NullVector(solution, gap, error)


def _size(array: Array) -> Array:
    """The modulus, or for complex numbers the sum of two: within sqrt(2), and quick to compile."""
    return jnp.abs(array.real) + jnp.abs(array.imag) if jnp.iscomplexobj(array) else jnp.abs(array)


def _eliminated(
    g: Matrix, weights: np.ndarray, noise: Inexact[Array, "k n n"]
) -> tuple[Vector, Real, Bool[Array, ""]]:
    """x with G x = 0 and w.x = 1, how far neighbours' x lie, and whether no outflow was 0.

    The coherences are eliminated by their own equations, with a share of the populations' added.
    Without the share, resonant coherences that hardly decay would leave a singular block although
    they turn into populations. For a column v of G_pc, adding -K G_p with K = v^+/|v| damps them at
    the rate of that turning.

    What noise does to the coherences' block is followed to first order, by the same inverse.
    """
    weights = np.where(np.abs(weights) > 1e-12 * np.max(np.abs(weights)), weights, 0.0)
    held, rest = np.flatnonzero(weights), np.flatnonzero(weights == 0)
    w = jnp.asarray(weights[held], g.real.dtype)
    pp, pr, rp, rr = _blocks(g, held, rest)
    total = jax.lax.stop_gradient(jnp.sum(_size(pr), axis=0))
    share = jax.lax.stop_gradient(pr).conj().T / jnp.where(total > 0.0, total, 1.0)[:, None]
    inverse = -inv(rr - matmul(share, pr))
    moved = matmul(inverse, rp - matmul(share, pp))
    flow = (pp + matmul(pr, moved)).real

    def neighbour(change: Matrix) -> tuple[Array, Array]:
        """What a change of G does to `flow` and to `moved`, to first order in rr and rp.

        The product of two changes is kept: a flow that is rounding squared is no larger.
        """
        dpp, dpr, drp, drr = _blocks(change, held, rest)
        direct = dpp + matmul(dpr, moved)
        dmoved = matmul(inverse, drp + matmul(drr, moved) - matmul(share, direct))
        return (direct + matmul(pr + dpr, dmoved)).real, dmoved

    fixed = jax.lax.stop_gradient
    changes, turned = fixed(jax.vmap(neighbour)(noise))
    flows = w[:, None] * jnp.concatenate([flow[None], fixed(flow) + changes]) / w
    shares, drained = jax.vmap(_stationary)(flows)
    populations = (shares / w).astype(g.dtype)
    others = matmul(moved, populations[0])
    near = fixed(populations)
    apart = jnp.max(_size(near[1:] - near[0]))
    if rest.size:
        beside = matmul(near[1:] - near[0], fixed(moved).T) + einsum("kij,kj->ki", turned, near[1:])
        apart = jnp.maximum(apart, jnp.max(_size(beside)))
    x = jnp.zeros(g.shape[0], g.dtype).at[held].set(populations[0])
    return x.at[rest].set(others), apart, drained[0]


def _blocks(g: Matrix, p: np.ndarray, r: np.ndarray) -> list[Array]:
    """G_pp, G_pr, G_rp and G_rr."""
    return [g[np.ix_(a, b)] for a in (p, r) for b in (p, r)]


class _Step(NamedTuple):
    """One population eliminated: which, its inflow from those left, and 1 over its outflow."""

    chosen: Bool[Array, " p"]
    inflow: Float[Array, " p"]
    inverse: Real


def _stationary(flow: Flow) -> tuple[Float[Array, " p"], Bool[Array, ""]]:
    """The shares pi with F pi = 0 and sum 1, and whether no outflow on the way was 0.

    F's diagonal is not read. Populations with the largest outflow go first.
    """
    p = flow.shape[0]
    (_, left), steps = jax.lax.scan(
        lambda carry, _: _eliminate(*carry), (flow, jnp.ones(p, bool)), None, p - 1, unroll=p == 2
    )
    shares, _ = jax.lax.scan(_insert, left.astype(flow.dtype), steps, reverse=True, unroll=p == 2)
    return shares / jnp.sum(shares), jnp.all(steps.inverse != 0.0)


def _eliminate(flow: Flow, left: Bool[Array, " p"]) -> tuple[tuple[Flow, Array], _Step]:
    """Eliminate the population with the largest outflow; 1/outflow is 0 where that is 0."""
    index = np.arange(left.shape[0])
    others = left[:, None] & (index[:, None] != index)
    outflow = jnp.sum(jnp.where(others, flow, 0.0), axis=0)
    chosen = index == jnp.argmax(jnp.where(left, jnp.abs(outflow), -1.0))
    left = left & ~chosen
    out = jnp.sum(jnp.where(chosen, outflow, 0.0))
    inverse = jnp.where(out == 0.0, 0.0, 1.0 / jnp.where(out == 0.0, 1.0, out))
    away = jnp.sum(jnp.where(left[:, None] & chosen, flow, 0.0), axis=1)
    inflow = jnp.sum(jnp.where(chosen[:, None] & left, flow, 0.0), axis=0)
    flow = flow + (away * inverse)[:, None] * inflow
    return (flow, left), _Step(chosen, inflow, inverse)


def _insert(shares: Float[Array, " p"], step: _Step) -> tuple[Float[Array, " p"], None]:
    """The share of the population of one step, from the balance of its in- and outflow."""
    value = jnp.sum(step.inflow * shares) * step.inverse
    return jnp.where(step.chosen, value, shares), None


def factored(generator: Matrix, weights: np.ndarray, scale: Any) -> tuple[NullVector, Vector]:
    """x by LU factors of s u w - G, and G x; judged by a second solve whose answers are known.

    Right to rounding relative to the largest entries of x and of G, and for these quick.

    Args:
        generator: G, real, (n, n).
        weights: w >= 0 with w G = 0, static, (n,).
        scale: the size s of G.

    Returns:
        `NullVector`, of gap 0 and error inf unless x is surely unique, and G x, (n,).
    """
    n, known = weights.shape[0], _known(weights.shape[0], 2)
    u = weights / np.sum(weights**2)
    matrix = u[:, None] * weights - generator / scale
    fixed = jax.lax.stop_gradient(matrix)
    right = jnp.concatenate([jnp.asarray(u[:, None], fixed.dtype), matmul(fixed, known)], axis=1)
    factors = lu_factors(fixed)

    def solve(_: Callable, right: Array, transposed: bool = False) -> Array:
        solution = lu_solve(factors, right, transposed)
        # in another lane's derivatives 0 times this is 0
        return jnp.where(jnp.isfinite(solution), solution, 0.0)

    action = partial(matmul, matrix)
    found = jax.lax.custom_linear_solve(action, right, solve, partial(solve, transposed=True))
    x, again = found[:, 0], jax.lax.stop_gradient(found)
    off = right - matmul(fixed, again)
    missed = jnp.max(jnp.abs(again[:, 1:] - known))
    eps = float(jnp.finfo(fixed.dtype).eps)
    error = SAFETY * np.sqrt(n) * jnp.maximum(missed, jnp.max(jnp.abs(off))) + eps
    sure = error < np.sqrt(eps)
    gap = jnp.where(sure, eps / jnp.maximum(np.sqrt(n) * missed, eps), 0.0)
    moved = scale * (u * (jnp.sum(weights * again[:, 0]) - 1.0) + off[:, 0])
    return NullVector(x, gap, jnp.where(sure, error, jnp.inf)), moved


def _known(n: int, count: int) -> np.ndarray:
    """Unit vectors in directions that nothing knows of, (n, count)."""
    known = np.random.default_rng(0).normal(size=(count, n))
    return (known / np.linalg.norm(known, axis=1, keepdims=True)).T


def _solved(
    generator: Callable[[Array], Array],
    weights: np.ndarray,
    solver: Any,
    scale: Any,
    preconditioner: Callable[[Array], Array] | None,
) -> NullVector:
    """By a Lineax solver, twice: for x, and for x + z with a known random z.

    What the second solve misses is what rounding, the solver's tolerance and the conditioning do to
    a solution: it is as large as z where x is not unique.
    """
    n = weights.shape[0]
    w = jnp.asarray(weights, jnp.result_type(float))
    u = w / np.sum(weights**2)
    scale = jax.lax.stop_gradient(jnp.asarray(scale, w.dtype))

    def bordered(x: Array) -> Array:
        return u * matmul(w, x) - generator(x) / scale

    x = _implicit(bordered, u, solver, preconditioner)
    known = jnp.asarray(_known(n, 1)[:, 0], w.dtype)
    function, constants = jax.closure_convert(bordered, u)
    constants, fixed = jax.lax.stop_gradient((constants, x))  # estimates have no derivatives

    def action(v: Array) -> Array:
        return function(v, *constants)

    both = u + action(known)
    again = _implicit(action, both, solver, preconditioner)
    missed = jnp.linalg.norm(again - fixed - known)
    residual = jnp.linalg.norm(action(fixed) - u) + jnp.linalg.norm(action(again) - both)
    error = 2.0 * jnp.maximum(missed, residual)
    error = jnp.where(jnp.isfinite(error), error, jnp.inf)
    eps = float(jnp.finfo(w.dtype).eps)
    gap = jnp.minimum((residual + eps) / (missed + eps), 1.0)
    unique = (error < 1e-2 / np.sqrt(n)) | (gap > np.sqrt(eps))  # or not solved at all
    return NullVector(x, jnp.where(unique, gap, 0.0), error)


def _implicit(
    matvec: Callable[[Array], Array],
    right: Vector,
    solver: Any,
    preconditioner: Callable[[Array], Array] | None,
) -> Vector:
    """The solution of matvec(x) = right.

    The rule of `lax.custom_linear_solve`, which is Lineax's: but there a tangent's solve raises if
    it fails, for all lanes of a batch, and tolerances of a Krylov solver would be absolute in the
    units of the tangent. Here every right-hand side is solved in units of its largest entry.
    """
    like = jax.ShapeDtypeStruct(right.shape, right.dtype)
    options = {}
    if preconditioner is not None:
        options["preconditioner"] = lineax.FunctionLinearOperator(preconditioner, like)

    def solve(function: Callable, vector: Array, options: dict) -> Array:
        operator = lineax.FunctionLinearOperator(function, like)
        size = jnp.max(jnp.abs(vector))
        size = jnp.where(size > 0.0, size, 1.0)
        if isinstance(solver, lineax.LU):  # as Lineax does it, but for large batches
            factors = lu_factors(operator.as_matrix())
            return size * lu_solve(factors, (vector / size)[:, None])[:, 0]
        found = lineax.linear_solve(operator, vector / size, solver, options=options, throw=False)
        return size * found.value

    back = {name: operator.transpose() for name, operator in options.items()}
    return jax.lax.custom_linear_solve(
        matvec, right, partial(solve, options=options), partial(solve, options=back)
    )
