"""Taylor steps of a linear master equation, fused over all lanes.

In one step from t, with u = (t' - t)/span, every scalar f_j is a polynomial sum_m a_jm u^m:
exactly, where the schedules are polynomials between their breakpoints, else by interpolation at
Chebyshev nodes. Then y(u) = sum_k y_k u^k with

    y_{k+1} = span/(k + 1) sum_j M_j sum_m a_jm y_{k-m}

to all orders, so few steps with many orders do the work of hundreds of Runge-Kutta stages; the
heats and the work are further rows. The step is chosen *after* the series is known, from its last
two terms, by every lane for itself: nothing is computed twice, and there are no rejections (except
of an interpolation that was not accurate enough). What the last term adds is the error estimate.

Jorba and Zou, Experimental Mathematics 14, 99 (2005), on the choice of the step.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.interpreters.partial_eval import dce_jaxpr
from jaxtyping import Array, Float

from .._types import Real, RealLike
from .lanes import over_lanes
from .linear_form import LinearForm
from .products import FEW_LANES, BlockProducts, RowProducts, products_per_order
from .step_adjoint import Adjoint, Cotangent, Pending, Start
from .step_loops import MOST_STEPS, pull_back, run, run_bounded

INTERPOLATION_DEGREE = 8
FORWARD_ROWS, BACKWARD_ROWS = 90, 45  # products per order up to which rows are written out

Rows = Any


class Taylor(eqx.Module):
    """The fused integrator, to be named as `solver` of `evolve`.

    Its choice is the default wherever schedules declare their breakpoints. Naming it also admits
    plain callables t -> scalar, which are then taken to be smooth between the times given.

    Args:
        order: number of terms of the series, static; chosen by the number of times if `None`.
    """

    order: int | None = eqx.field(static=True, default=None)


class Trajectory(NamedTuple):
    """What `integrate` returns.

    Args:
        xs: components at the ends of the pieces, (pieces, n); inf beyond `max_steps`.
        books: of every book its values there, (pieces,) each; those that nobody reads cost nothing.
        error: estimated error of the last of them, in the largest component.
        steps: steps taken.
        done: 1 if the end was reached, else 0.
    """

    xs: Float[Array, "pieces n"]
    books: tuple[Float[Array, " pieces"], ...]
    error: Real
    steps: Real
    done: Real


class _Carry(NamedTuple):
    """Where a lane stands: time, length tried next, rows, error and steps so far; its duration."""

    t: Array
    span: Array
    y: Rows
    error: Array
    steps: Array
    duration: Array


def _going(edge: Array) -> Callable[[Any], Array]:
    return lambda carry: jnp.any(carry.t < edge)


def default_order(pieces: int, looped: bool) -> int:
    """24 terms for long pieces; fewer where many saved times make them short anyway.

    Where terms are not written out entry by entry (`looped`) more of them cost little compile time,
    and longer steps less work per time; with 40 the largest term is about 1e4 times the state,
    which float64 can afford.
    """
    if pieces <= 4:
        return 40 if looped and jax.config.read("jax_enable_x64") else 24
    return 16 if pieces <= 16 else 12


def integrate(
    form: LinearForm, x0: Float[Array, " n"], edges: Float[Array, " edges"],
    rtol: RealLike, atol: RealLike, max_steps: int, order: int | None = None,
) -> Trajectory:  # fmt: skip
    """The state and the books at edges[1:], from x0 and empty books at edges[0].

    Args:
        form: the linear form; its functions are smooth between the edges.
        x0: components of the state, (n,).
        edges: times that do not decrease, (pieces + 1,).
        rtol: tolerance relative to the largest component.
        atol: absolute tolerance.
        max_steps: of one piece, static.
        order: of the series, static.

    Returns:
        `Trajectory`.
    """
    pieces = edges.shape[0] - 1
    functions = eqx.filter_closure_convert(form.functions, edges[0])
    constants, structure = eqx.partition(functions, eqx.is_array)
    size = products_per_order(form, _degrees(form))
    order = default_order(pieces, size > FORWARD_ROWS) if order is None else order
    blocks = BlockProducts(form)

    def program(limit: int) -> _Program:
        layout = RowProducts(form) if size <= limit else blocks
        return _Program(form, structure, order, max_steps, pieces, layout)

    forward, backward, smooth = program(FORWARD_ROWS), program(BACKWARD_ROWS), program(0)
    arguments = {
        "constants": constants,
        "matrices": [jnp.asarray(matrix.values) for _, matrix in form.matrices],
        "rows": [jnp.asarray(row.vector.values) for row in form.rows],
        "x0": x0,
        "edges": edges,
        "tolerances": jnp.asarray([rtol, atol], x0.dtype),
    }

    def shape(*sizes: int) -> Any:
        return jax.ShapeDtypeStruct(sizes, x0.dtype)

    books = (shape(pieces),) * form.books
    outputs = Trajectory(shape(pieces, *x0.shape), books, shape(), shape(), shape())

    def pullback(arguments: dict, wanted: dict, cotangent: Trajectory) -> dict:
        # thousands of operations without a loop over lanes around them take minutes to compile
        chosen = smooth if _lanes_of(arguments) < FEW_LANES else backward
        return chosen.pullback(arguments, wanted, cotangent)

    return over_lanes(
        forward.fast, smooth.smooth, outputs, arguments, smooth.fast, pullback, smooth.pullback
    )


def _lanes_of(arguments: dict) -> int:
    return max(leaf.shape[-1] for leaf in jax.tree.leaves(arguments))


def _degrees(form: LinearForm) -> tuple[int, ...]:
    """Of the polynomials in u that stand for the functions."""
    return tuple(INTERPOLATION_DEGREE if d is None else d for d in form.degrees)


class _Program:
    """The integration of all lanes, for arguments that end in an axis of lanes."""

    def __init__(
        self, form: LinearForm, functions: Any, order: int, max_steps: int, pieces: int,
        products: Any,
    ):  # fmt: skip
        self.form, self.functions = form, functions
        self.order, self.pieces = order, pieces
        self.max_steps = min(max_steps, MOST_STEPS)
        self.degrees = _degrees(form)
        self.nodes = max(self.degrees) + 1
        self.interpolated = any(d is None for d in form.degrees)
        self.products = products

    def fast(self, arguments: dict) -> Trajectory:
        """The values, and the first derivative in forward mode."""

        def piece(start: _Carry, edge: Array) -> _Carry:
            step = self._fast_step(arguments, edge)
            end = run(step, _going(edge), self._pairs(start), self.max_steps)
            return self._apart(end)

        return self._run(arguments, piece)

    def smooth(self, arguments: dict) -> Trajectory:
        """The same with loops that JAX can differentiate in any mode."""

        def piece(start: _Carry, edge: Array) -> _Carry:
            step = functools.partial(self._step, arguments, edge=edge)
            return run_bounded(step, _going(edge), start, self.max_steps)

        return self._run(arguments, piece)

    def pullback(self, arguments: dict, wanted: dict, cotangent: Trajectory) -> dict:
        """The cotangents of the wanted arguments: the exact adjoint of the steps, one by one."""
        start, edges = self._start(arguments)
        parameters = {k: v for k, v in arguments.items() if k not in ("x0", "edges")}
        moving, fixed = eqx.partition(parameters, {k: wanted[k] for k in parameters})
        lanes = start.t.shape[-1]
        sought = self._sought(moving, fixed, start.t, wanted["edges"])

        def forward(carry: _Carry, edge: Array) -> tuple[_Carry, _Carry]:
            step = self._fast_step(arguments, edge)
            end = run(step, _going(edge), self._pairs(carry), self.max_steps)
            return self._apart(end), carry

        if self.pieces == 1:
            starts = jax.tree.map(lambda leaf: leaf[None], start)
        else:
            _, starts = jax.lax.scan(forward, start, edges[1:])

        def backward(state: Cotangent, piece: tuple) -> tuple[Cotangent, Array]:
            first, edge, x, books = piece
            adjoint = Adjoint(self, moving, fixed, edge, first, sought, wanted)

            def at_end(end: Start) -> tuple[Cotangent, Pending]:
                found = self.products.join(x, books)
                found = jax.tree.map(lambda ct: jnp.where(end.t >= edge, ct, 0.0), found)
                y = jax.tree.map(jnp.add, state.y, self.products.pairs(found))
                after = state._replace(y=y, edge=jnp.zeros_like(edge))
                return after, adjoint.nothing(state.t)

            def step(start: Start) -> Start:
                return adjoint.start(self._step(arguments, adjoint.carry(start), edge=edge))

            begin = adjoint.start(first)
            after, pending = pull_back(step, adjoint, _going(edge), begin, at_end)
            after = adjoint.settle(after, pending)
            return after, after.edge

        zero = jnp.zeros_like(start.t)
        nothing = jax.tree.map(
            lambda leaf: jnp.zeros((*leaf.shape[:-1], lanes), leaf.dtype), moving
        )
        nowhere = jax.tree.map(jnp.zeros_like, self.products.pairs(start.y))
        state = Cotangent(nowhere, zero, zero, nothing)
        pieces = (starts, edges[1:], cotangent.xs, cotangent.books)
        state, of_edges = jax.lax.scan(backward, state, pieces, reverse=True)
        found: dict = dict(state.parameters)
        found["x0"] = self.products.stack(self.products.apart(state.y))[0] if wanted["x0"] else None
        all_edges = jnp.concatenate([state.t[None], of_edges])
        found["edges"] = all_edges if wanted["edges"] else None
        return found

    def _start(self, arguments: dict) -> tuple[_Carry, Array]:
        """The first carry, and the edges of all lanes."""
        lanes = _lanes_of(arguments)
        x0, edges = (
            jnp.broadcast_to(arguments[name], (*arguments[name].shape[:-1], lanes))
            for name in ("x0", "edges")
        )
        norms = self.products.norms(arguments["matrices"])
        span = jax.lax.stop_gradient(self._first_span(arguments["constants"], norms, edges))
        zero = jnp.zeros(lanes, x0.dtype)
        y = self.products.split(x0)
        duration = jax.lax.stop_gradient(edges[-1] - edges[0])
        return _Carry(edges[0], span, y, zero, zero, duration), edges

    def _run(self, arguments: dict, piece: Callable) -> Trajectory:
        carry, edges = self._start(arguments)

        def next_piece(carry: _Carry, edge: Array) -> tuple[_Carry, list[Array]]:
            carry = piece(carry, edge)
            parts = self.products.stack(carry.y)
            return carry, [jnp.where(carry.t >= edge, part, jnp.inf) for part in parts]

        if self.pieces <= 2:
            ys = []
            for k in range(self.pieces):
                carry, y = next_piece(carry, edges[k + 1])
                ys.append(y)
            ys = [jnp.stack(parts) for parts in zip(*ys, strict=True)]
        else:
            carry, ys = jax.lax.scan(next_piece, carry, edges[1:])
        done = (carry.t >= edges[-1]).astype(edges.dtype)
        return Trajectory(ys[0], tuple(ys[1:]), carry.error, carry.steps, done)

    def _pairs(self, carry: _Carry) -> _Carry:
        return carry._replace(y=self.products.pairs(carry.y))

    def _apart(self, carry: _Carry) -> _Carry:
        return carry._replace(y=self.products.apart(carry.y))

    def _fast_step(self, arguments: dict, edge: Array) -> Callable:
        def step(carry: _Carry) -> _Carry:
            carry = self._apart(carry)
            return self._pairs(self._step(arguments, carry, edge=edge))

        return step

    def _step(self, arguments: dict, carry: _Carry, *, edge: Array) -> _Carry:
        fixed = jax.lax.stop_gradient
        rtol, atol = fixed(arguments["tolerances"])
        remaining = edge - carry.t
        active = fixed(remaining) > 0.0
        final = active & (fixed(carry.span) >= fixed(remaining))
        # the last step carries the derivative by the edge
        span = jnp.where(final, remaining, jnp.where(active, fixed(carry.span), 1.0))
        samples = self.samples(arguments["constants"], carry.t, span)
        polynomials = self.polynomials(samples)
        prepared = self.products.prepare(arguments["matrices"], arguments["rows"])
        terms = self.products.series(prepared, polynomials, span, carry.y, self.order)
        size = self.products.largest(fixed(carry.y))
        # a step may use up its share of the time
        target = (atol + rtol * size) * fixed(span) / carry.duration
        tail = fixed(self.products.tail(terms, self.order))
        tiny = jnp.finfo(tail.dtype).tiny
        growth = jnp.exp(jnp.log(target / (tail + tiny)) / (self.order - 1))
        share = self.products.share(growth)
        growth = jnp.minimum(self.products.margin * growth, 4.0)
        missed = jnp.zeros_like(span)
        if self.interpolated:
            norms = self.products.norms(arguments["matrices"])
            missed = fixed(self._missed(samples, norms, fixed(span))) * size
            refused = missed > target
            growth = jnp.where(refused, 0.3, growth)
            share = jnp.where(refused, 0.0, share)
        last = final & (share >= 1.0)
        moved = jnp.where(active, share * fixed(span), 0.0)
        u = jnp.where(last, 1.0, moved / span)
        error = tail * fixed(u) ** self.order + missed * fixed(u)
        return _Carry(
            jnp.where(last, edge, carry.t + moved),
            jnp.where(active, fixed(span) * growth, carry.span),
            self.products.sum(terms, u),
            carry.error + jnp.where(active, error, 0.0),
            carry.steps + active.astype(span.dtype),
            carry.duration,
        )

    def _sought(self, moving: Any, fixed: Any, t: Array, timed: bool) -> list[bool]:
        """Which f_j depend on what is differentiated."""

        def functions(constants: Any, t: Array) -> list[Array]:
            return self._sample(eqx.combine(constants, fixed["constants"]), t[None])

        constants = moving["constants"]
        jaxpr: Any = jax.make_jaxpr(functions)(constants, t).jaxpr
        count = len(jaxpr.outvars)
        return [
            any(dce_jaxpr(jaxpr, [k == j for k in range(count)])[1][: None if timed else -1])
            for j in range(count)
        ]

    def _sample(self, constants: Any, ts: Array) -> list[Array]:
        """Every f_j at times (times, lanes)."""

        def values(constants: Any, ts: Array) -> list[Array]:
            return jax.vmap(eqx.combine(constants, self.functions))(ts)

        axes = jax.tree.map(lambda c: None if c.shape[-1] == 1 else c.ndim - 1, constants)
        single = jax.tree.map(lambda c: c[..., 0] if c.shape[-1] == 1 else c, constants)
        return jax.vmap(values, in_axes=(axes, 1), out_axes=1)(single, ts)

    def samples(self, constants: Any, t: Array, span: Array) -> list[Array]:
        """Every f_j at the Chebyshev nodes of a step, (nodes, lanes)."""
        return self._sample(constants, t + _chebyshev_nodes(self.nodes)[:, None] * span)

    def polynomials(self, samples: list[Array]) -> list[list[Array]]:
        """Coefficients of every f_j in u."""
        weights = [_monomial_weights(self.nodes, degree) for degree in self.degrees]
        if self.interpolated and samples[0].shape[-1] < FEW_LANES:
            pairs = zip(weights, samples, strict=True)
            return [list(jnp.asarray(w, f.dtype) @ f) for w, f in pairs]
        return [[_weighted(row, f) for row in w] for w, f in zip(weights, samples, strict=True)]

    def _missed(self, samples: list[Array], norms: list[Array], span: Array) -> Array:
        """The size of what interpolation leaves out of f.M, by its last two coefficients."""
        last = _chebyshev_weights(self.nodes)[-2:]
        return span * sum(
            norms[j] * jnp.abs(_weighted(row, samples[j]))
            for j, degree in enumerate(self.form.degrees)
            for row in last
            if degree is None
        )

    def _first_span(self, constants: Any, norms: list[Array], edges: Array) -> Array:
        """A length whose series converges for sure: a quarter of the order over the norm of G."""
        values = [sample[0] for sample in self._sample(constants, edges[:1])]
        bound = sum(abs(values[j]) * norm for j, norm in enumerate(norms))
        size = jnp.max(jnp.abs(edges), axis=0) + 1.0
        return 0.25 * self.order / (bound + 1.0 / size)


def _weighted(row: np.ndarray, values: Array) -> Array:
    return sum(float(w) * values[n] for n, w in enumerate(row) if w != 0.0)  # pyright: ignore


@functools.lru_cache
def _chebyshev_nodes(count: int) -> np.ndarray:
    """Chebyshev-Gauss nodes in (0, 1): never at an edge, where a schedule may jump."""
    return 0.5 - 0.5 * np.cos((np.arange(count) + 0.5) * np.pi / count)


@functools.lru_cache
def _chebyshev_weights(count: int) -> np.ndarray:
    """From values at the nodes to coefficients of Chebyshev polynomials of 2u - 1."""
    angles = (np.arange(count) + 0.5) * np.pi / count
    weights = 2.0 / count * np.cos(np.outer(np.arange(count), np.pi - angles))
    weights[0] /= 2.0
    return weights


@functools.lru_cache
def _monomial_weights(count: int, degree: int) -> np.ndarray:
    """From values at the nodes to coefficients of u^m, for polynomials of the given degree."""
    convert = np.zeros((degree + 1, degree + 1))
    for k in range(degree + 1):
        series = np.polynomial.chebyshev.Chebyshev.basis(k, domain=[0.0, 1.0])
        coefficients = series.convert(kind=np.polynomial.Polynomial).coef
        convert[: len(coefficients), k] = coefficients
    weights = convert @ _chebyshev_weights(count)[: degree + 1]
    return np.where(np.abs(weights) < 1e-13, 0.0, weights)
