"""Taylor steps of a linear master equation, fused over all lanes.

In one step from t, with u = (t' - t)/span, every scalar f_j is a polynomial sum_m a_jm u^m:
exactly, where the schedules are polynomials between their breakpoints, else by interpolation at
Chebyshev nodes; a matrix G(t) of few components likewise. Then y(u) = sum_k y_k u^k with

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
from jaxtyping import Array, Float

from .._jax import dce_jaxpr
from .._precise import matmul
from .._types import Real, RealLike
from .adjoint import Adjoint, Cotangent, Pending, Start
from .blocks import BlockProducts
from .equation import LinearEquation, norms
from .lanes import over_lanes, sample
from .layout import FEW_LANES, AbstractLayout, products_per_order
from .loops import MANY_SLOTS, SLOTS, pull_back, run, run_bounded
from .merged import WRITTEN_OUT, MergedProducts
from .polynomials import (
    chebyshev_nodes,
    chebyshev_weights,
    monomial_weights,
    monomials_of_chebyshev,
    weighted,
)
from .resolution import Seen, furthest
from .rows import RowProducts
from .traced import closed

MOVING_COMPONENTS = 16  # up to which a matrix G(t) is a polynomial in every step
SLOWEST_DECAY = 0.01  # of coefficients, two orders further: no more is believed
SEVERAL = 3  # functions of one degree that are interpolated together
WELL_CONDITIONED = 5  # degree from which rounding of large coefficients would show
MOST_ROWS, FEW_ROWS = 145, 45  # products per order written out as rows; where lanes are few

Rows = Any


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


class _Starts(NamedTuple):
    """Where lanes stand before each piece: time, length tried next, components."""

    t: Array
    span: Array
    x: Array


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


def interpolation_degree(order: int) -> int:
    """Of what is no polynomial: steps of few orders are short, and it is smoother there."""
    return 8 if order >= 24 else 6


def integrate(
    equation: LinearEquation, x0: Float[Array, " n"], edges: Float[Array, " edges"],
    rtol: RealLike, atol: RealLike, units: RealLike, max_steps: int, order: int | None = None,
    seen: Seen | None = None,
) -> Trajectory:  # fmt: skip
    """The state and the books at edges[1:], from x0 and empty books at edges[0].

    Args:
        equation: `moving` only with few components; its functions are smooth between the edges.
        x0: components of the state, (n,).
        edges: times that do not decrease, (pieces + 1,).
        rtol: tolerance relative to the largest component.
        atol: absolute tolerance.
        units: in which the books are as exact as the state.
        max_steps: of one piece, static.
        order: of the series, static.
        seen: of the functions that are no known polynomials.

    Returns:
        `Trajectory`.
    """
    pieces = edges.shape[0] - 1
    functions = closed(_Functions(equation), edges[0])
    constants, structure = eqx.partition(functions, eqx.is_array)
    moves = equation.moving is not None
    size = products_per_order(equation, _degrees(equation, interpolation_degree(24)))
    size = MOVING_COMPONENTS**2 if moves else size
    several = equation.degrees.count(None) >= SEVERAL and equation.size <= WRITTEN_OUT
    blocks = MergedProducts(equation) if moves or several else BlockProducts(equation)
    order = default_order(pieces, size > MOST_ROWS) if order is None else order

    def program(layout: AbstractLayout) -> _Program:
        return _Program(equation, structure, order, max_steps, pieces, layout)

    smooth = program(blocks)
    rows = program(RowProducts(equation)) if size <= MOST_ROWS else smooth
    arguments = {
        "constants": constants,
        "matrices": [jnp.asarray(matrix.values) for _, matrix in equation.matrices],
        "rows": [jnp.asarray(row.vector.values) for row in equation.rows],
        "x0": x0,
        "edges": edges,
        "tolerances": jnp.stack([jnp.asarray(a, x0.dtype) for a in (rtol, atol, units)]),
        "caps": None if seen is None else _caps(seen, edges),
    }

    def shape(*sizes: int) -> Any:
        return jax.ShapeDtypeStruct(sizes, x0.dtype)

    books = (shape(pieces),) * equation.books
    outputs = Trajectory(shape(pieces, *x0.shape), books, shape(), shape(), shape())

    # thousands of operations without a loop over lanes around them take minutes to compile
    def record(arguments: dict) -> tuple[Trajectory, _Starts]:
        few = _lanes_of(arguments) < FEW_LANES and size > FEW_ROWS
        return (smooth if few else rows).fast(arguments)

    def pullback(arguments: dict, wanted: dict, cotangent: Trajectory, starts: _Starts) -> dict:
        chosen = smooth if _lanes_of(arguments) < FEW_LANES else rows
        return chosen.pullback(arguments, wanted, cotangent, starts)

    def without(record: Callable[[dict], tuple[Trajectory, _Starts]]) -> Callable:
        return lambda arguments: record(arguments)[0]

    return over_lanes(
        without(record), without(smooth.smooth), outputs, arguments, without(smooth.fast),
        pullback, smooth.pullback, record,
        _Starts(shape(pieces), shape(pieces), shape(pieces, *x0.shape)),
    )  # fmt: skip


def _lanes_of(arguments: dict) -> int:
    return max(leaf.shape[-1] for leaf in jax.tree.leaves(arguments))


class _Functions(eqx.Module):
    """The values of all functions, and of what moves."""

    equation: LinearEquation

    def __call__(self, t: Array) -> list[Array]:
        moving = self.equation.moving
        return [*self.equation.functions(t), *([] if moving is None else [moving(t, 1.0)])]


def _degrees(equation: LinearEquation, interpolated: int) -> tuple[int, ...]:
    """Of the polynomials in u that stand for the functions, and for what moves."""
    moves = () if equation.moving is None else (None,)
    return tuple(interpolated if d is None else d for d in (*equation.degrees, *moves))


def most_steps(equation: LinearEquation) -> int:
    """The most steps of one piece: what the reverse mode has room for."""
    return (SLOTS if equation.watched is None else MANY_SLOTS) ** 2


class _Caps(NamedTuple):
    """How far a step may go: of every piece the `Seen` of the one it is part of."""

    ends: Array
    starts: Array
    bins: Array


def _caps(seen: Seen, edges: Array) -> _Caps:
    if edges.shape[0] == seen.starts.shape[0] + 1:  # they are the pieces
        return _Caps(seen.ends, seen.starts, seen.bins)
    middles = jax.lax.stop_gradient(0.5 * (edges[:-1] + edges[1:]))
    index = jnp.clip(jnp.searchsorted(seen.starts, middles) - 1, 0, seen.starts.shape[0] - 1)
    return _Caps(seen.ends[index], seen.starts[index], seen.bins[index])


class _Program:
    """The integration of all lanes, for arguments that end in an axis of lanes."""

    def __init__(
        self, equation: LinearEquation, functions: Any, order: int, max_steps: int, pieces: int,
        products: AbstractLayout,
    ):  # fmt: skip
        self.equation, self.functions = equation, functions
        self.order, self.pieces = order, pieces
        self.max_steps = min(max_steps, most_steps(equation))
        self.slots = SLOTS if equation.watched is None else MANY_SLOTS
        self.degrees = _degrees(equation, interpolation_degree(order))
        self.nodes = max(self.degrees, default=0) + 1
        self.moves = equation.moving is not None
        self._components = sum(row < equation.size for row in equation.moved)
        self.interpolated = self.moves or any(d is None for d in equation.degrees)
        self.products = products

    def fast(self, arguments: dict) -> tuple[Trajectory, _Starts]:
        """The values, and the first derivative in forward mode."""

        def piece(start: _Carry, edge: Array, cap: _Caps | None) -> _Carry:
            step = self._fast_step(arguments, edge, cap)
            end = run(step, _going(edge), self._pairs(start), self.max_steps)
            return self._apart(end)

        return self._run(arguments, piece)

    def smooth(self, arguments: dict) -> tuple[Trajectory, _Starts]:
        """The same with loops that JAX can differentiate in any mode."""

        def piece(start: _Carry, edge: Array, cap: _Caps | None) -> _Carry:
            step = functools.partial(self._step, arguments, edge=edge, cap=cap)
            return run_bounded(step, _going(edge), start, self.max_steps)

        return self._run(arguments, piece)

    def pullback(
        self, arguments: dict, wanted: dict, cotangent: Trajectory, starts: _Starts | None = None
    ) -> dict:
        """The cotangents of the wanted arguments: the exact adjoint of the steps, one by one.

        `starts` are those of the pieces, where they are known and do not need to be differentiated.
        """
        start, edges = self._start(arguments)
        starts = self.fast(arguments)[1] if starts is None else starts
        parameters = {k: v for k, v in arguments.items() if k not in ("x0", "edges")}
        moving, fixed = eqx.partition(parameters, {k: wanted[k] for k in parameters})
        lanes = start.t.shape[-1]
        sought = self._sought(moving, fixed, start.t, wanted["edges"])

        def backward(state: Cotangent, piece: tuple) -> tuple[Cotangent, Array]:
            (t, span, x0), edge, cap, x, books = piece
            first = start._replace(t=t, span=span, y=self.products.split(x0))
            adjoint = Adjoint(self, moving, fixed, edge, first, sought, wanted)

            def at_end(end: Start) -> tuple[Cotangent, Pending | None]:
                found = self.products.join(x, books)
                found = jax.tree.map(lambda ct: jnp.where(end.t >= edge, ct, 0.0), found)
                y = jax.tree.map(jnp.add, state.y, self.products.pairs(found))
                after = state._replace(y=y, edge=jnp.zeros_like(edge))
                return after, adjoint.nothing(state.t)

            def step(start: Start) -> Start:
                carry = self._step(arguments, adjoint.carry(start), edge=edge, cap=cap)
                return adjoint.start(carry)

            begin = adjoint.start(first)
            after, pending = pull_back(step, adjoint, _going(edge), begin, at_end, self.slots)
            after = adjoint.settle(after, pending)
            return after, after.edge

        zero = jnp.zeros_like(start.t)
        nothing = jax.tree.map(
            lambda leaf: jnp.zeros((*leaf.shape[:-1], lanes), leaf.dtype), moving
        )
        nowhere = jax.tree.map(jnp.zeros_like, self.products.pairs(start.y))
        state = Cotangent(nowhere, zero, zero, nothing)
        pieces = (starts, edges[1:], arguments["caps"], cotangent.xs, cotangent.books)
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
        bounds = self._norms(arguments)
        span = jax.lax.stop_gradient(self._first_span(arguments["constants"], bounds, edges))
        zero = jnp.zeros(lanes, x0.dtype)
        y = self.products.split(x0)
        duration = jax.lax.stop_gradient(edges[-1] - edges[0])
        return _Carry(edges[0], span, y, zero, zero, duration), edges

    def _run(self, arguments: dict, piece: Callable) -> tuple[Trajectory, _Starts]:
        carry, edges = self._start(arguments)
        caps = arguments["caps"]

        def next_piece(carry: _Carry, to: tuple[Array, Any]) -> tuple[_Carry, Any]:
            edge, cap = to
            start = _Starts(carry.t, carry.span, self.products.stack(carry.y)[0])
            carry = piece(carry, edge, cap)
            parts = self.products.stack(carry.y)
            return carry, ([jnp.where(carry.t >= edge, part, jnp.inf) for part in parts], start)

        if self.pieces <= 2:
            found = []
            for k in range(self.pieces):
                cap = jax.tree.map(lambda leaf, k=k: leaf[k], caps)
                carry, of_piece = next_piece(carry, (edges[k + 1], cap))
                found.append(of_piece)
            ys, starts = jax.tree.map(lambda *parts: jnp.stack(parts), *found)
        else:
            carry, (ys, starts) = jax.lax.scan(next_piece, carry, (edges[1:], caps))
        done = (carry.t >= edges[-1]).astype(edges.dtype)
        return Trajectory(ys[0], tuple(ys[1:]), carry.error, carry.steps, done), starts

    def _pairs(self, carry: _Carry) -> _Carry:
        return carry._replace(y=self.products.pairs(carry.y))

    def _apart(self, carry: _Carry) -> _Carry:
        return carry._replace(y=self.products.apart(carry.y))

    def _norms(self, arguments: dict) -> list[Any]:
        values = jax.lax.stop_gradient(arguments["matrices"])
        return norms(self.equation.matrices, values, len(self.equation.degrees))

    def _fast_step(self, arguments: dict, edge: Array, cap: _Caps | None) -> Callable:
        def step(carry: _Carry) -> _Carry:
            carry = self._apart(carry)
            return self._pairs(self._step(arguments, carry, edge=edge, cap=cap))

        return step

    def _step(self, arguments: dict, carry: _Carry, *, edge: Array, cap: _Caps | None) -> _Carry:
        fixed = jax.lax.stop_gradient
        rtol, atol, units = fixed(arguments["tolerances"])
        remaining = edge - carry.t
        active = fixed(remaining) > 0.0
        wish, limit = fixed(carry.span), fixed(remaining)
        if cap is not None:
            further = fixed(furthest(*cap, carry.t) - carry.t)
            limit = jnp.where(further > 0.0, jnp.minimum(limit, further), limit)
        final = active & (wish >= limit) & (limit >= fixed(remaining))
        # the last step carries the derivative by the edge
        span = jnp.where(final, remaining, jnp.where(active, jnp.minimum(wish, limit), 1.0))
        samples = self.samples(arguments["constants"], carry.t, span)
        spectra = self.spectra(samples)
        polynomials = self.polynomials(samples, spectra)
        prepared = self.products.prepare(arguments["matrices"], arguments["rows"])
        terms = self.products.series(prepared, polynomials, span, carry.y, self.order)
        size, length = self.products.largest(fixed(carry.y)), fixed(span)
        # a step may use up its share of the time
        target = (atol + rtol * size) * length / carry.duration
        tail = fixed(self.products.tail(terms, self.order, units))
        tiny = jnp.finfo(tail.dtype).tiny
        growth = jnp.exp(jnp.log(target / (tail + tiny)) / (self.order - 1))
        share = self.products.share(growth)
        growth = jnp.minimum(self.products.margin * growth, 4.0)
        missed, rounding = self._losses(
            arguments, fixed(samples), fixed(spectra), fixed(carry.t), length
        )
        if self.interpolated:
            refused = ~(missed * size <= target)
            smooth = jnp.exp(jnp.log(target / (missed * size + tiny)) / self.nodes)
            growth = jnp.minimum(growth, jnp.clip(self.products.margin * smooth, 0.1, 4.0))
            share = jnp.where(refused, 0.0, share)
        last = final & (share >= 1.0)
        moved = jnp.where(active, share * length, 0.0)
        # the time that is gone through is that between two rounded ones
        ahead = carry.t + moved
        u = jnp.where(last, 1.0, fixed(ahead - carry.t) / span)
        error = tail * fixed(u) ** self.order + (missed + rounding) * size * fixed(u)
        following = length * growth
        if cap is not None:  # a step that was cut short says nothing against longer ones
            following = jnp.where(growth < 1.0, following, jnp.maximum(following, wish))
        return _Carry(
            jnp.where(last, edge, ahead),
            jnp.where(active, following, carry.span),
            self.products.sum(terms, u),
            carry.error + jnp.where(active, error, 0.0),
            carry.steps + active.astype(span.dtype),
            carry.duration,
        )

    def _losses(
        self, arguments: dict, samples: list[Array], spectra: list[Any], t: Array, span: Array
    ) -> tuple[Any, Array]:
        """What interpolation leaves out of f.M, and the rounding.

        Left out are coefficients beyond the last two, which are smaller by the factor by which
        those are smaller than the two before. A function of a time that is known to a rounding is
        no better known than that; how large it is, and how much it changes, is read off its first
        coefficients.
        """
        epsilon = jnp.finfo(span.dtype).eps
        missed: Any = 0.0
        rounding = jnp.zeros_like(span)
        for degree, bound, values, spectrum in self._known(arguments, samples, spectra):
            if spectrum is None:
                size = jnp.max(jnp.abs(values), axis=0)
                rounding = rounding + epsilon * bound * span * size
                continue
            sizes = [_norm(jnp.abs(spectrum[k])) for k in (0, 1, 2, -4, -3, -2, -1)]
            change = sizes[1] + sizes[2]
            noise = epsilon * bound * (span * (sizes[0] + change) + 2.0 * jnp.abs(t) * change)
            before, last = sizes[3] + sizes[4], sizes[5] + sizes[6]
            decay = jnp.clip(last / jnp.where(before > 0.0, before, 1.0), SLOWEST_DECAY, 1.0)
            if degree is None:  # of a polynomial nothing is left out
                left_out = jnp.maximum(bound * span * last * decay - 4.0 * noise, 0.0)
                missed = missed + jnp.sum(left_out.reshape(-1, span.shape[-1]), axis=0)
            rounding = rounding + jnp.sum(noise.reshape(-1, span.shape[-1]), axis=0)
        return missed, rounding

    def _known(self, arguments: dict, samples: list[Array], spectra: list[Any]) -> list[tuple]:
        """Of every f_j its degree, the bound of what it multiplies, values and coefficients.

        Several functions that are interpolated are one, with an axis more before the lanes.
        """
        bounds = self._norms(arguments)
        known: list[tuple] = list(
            zip(self.equation.degrees, bounds, samples, spectra, strict=False)
        )
        together = [entry for entry in known if entry[0] is None]
        if len(together) >= SEVERAL:
            known = [entry for entry in known if entry[0] is not None]
            _, bounds, values, those = zip(*together, strict=True)
            bound = jnp.stack([jnp.broadcast_to(bound, values[0].shape[-1:]) for bound in bounds])
            spectrum = jnp.stack([_stacked(spectrum) for spectrum in those], axis=1)
            known.append((None, bound, None, spectrum))
        if self.moves:  # of a matrix the books in their units
            rows = np.array(self.equation.moved)[:, None, None] < self.equation.size
            units = jax.lax.stop_gradient(arguments["tolerances"])[2]
            weights = jnp.where(rows, 1.0, 1.0 / units)
            known.append((None, 1.0, samples[-1], [weights * c for c in spectra[-1]]))
        return known

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
        return sample(self.functions, constants, ts)

    def samples(self, constants: Any, t: Array, span: Array) -> list[Array]:
        """Every f_j at the Chebyshev nodes of a step, (nodes, lanes)."""
        return self._sample(constants, t + chebyshev_nodes(self.nodes)[:, None] * span)

    def spectra(self, samples: list[Array]) -> list[Any]:
        """Chebyshev coefficients of every f_j that is interpolated, `None` for the others."""
        weights = chebyshev_weights(self.nodes)
        smooth = [degree >= WELL_CONDITIONED for degree in self.degrees]
        known = [values if kept else None for values, kept in zip(samples, smooth, strict=True)]
        return self._each(lambda degree: weights[: degree + 1], known)

    def polynomials(self, samples: list[Array], spectra: list[Any] | None = None) -> list[Any]:
        """Coefficients of every f_j in u, as lists or as arrays (orders, lanes)."""
        spectra = self.spectra(samples) if spectra is None else spectra
        exact = [v if s is None else None for v, s in zip(samples, spectra, strict=True)]
        found = self._each(lambda degree: monomial_weights(self.nodes, degree), exact)
        smooth = self._each(monomials_of_chebyshev, spectra)
        return [b if a is None else a for a, b in zip(found, smooth, strict=True)]

    def _each(self, matrix: Callable[[int], np.ndarray], values: list[Any]) -> list[Any]:
        """Of every f_j the combinations of its values that a matrix of its degree gives.

        Several functions of one degree are combined by one product: its operands are computed once,
        not anew in everything that is made of them.
        """
        found: list[Any] = [None] * len(values)
        alike: dict[int, list[int]] = {}
        for j, (degree, value) in enumerate(zip(self.degrees, values, strict=True)):
            if value is None:
                continue
            if value[0].ndim > 1 or degree < WELL_CONDITIONED:
                found[j] = self._times(matrix(degree), value)
            else:
                alike.setdefault(degree, []).append(j)
        for degree, those in alike.items():
            if len(those) < SEVERAL:
                for j in those:
                    found[j] = self._times(matrix(degree), values[j])
            else:
                whole = jnp.stack([_stacked(values[j]) for j in those], axis=1)
                combined = _combined(matrix(degree), whole)
                for k, j in enumerate(those):
                    found[j] = combined[:, k]
        return found

    def _times(self, matrix: np.ndarray, values: Any) -> Any:
        """The combinations of samples or coefficients that the rows of a matrix give."""
        if values[0].ndim > 1 or self.stacks(values[0].shape[-1]):
            return _combined(matrix, _stacked(values))
        return [weighted(row, values) for row in matrix]

    def stacks(self, lanes: int) -> bool:
        """Whether all polynomials are arrays, which compile faster, and not lists."""
        return self.interpolated and lanes < FEW_LANES

    def _first_span(self, constants: Any, bounds: list[Any], edges: Array) -> Array:
        """A length whose series converges for sure: a quarter of the order over the norm of G."""
        values = [jnp.abs(sample[0]) for sample in self._sample(constants, edges[:1])]
        bound = sum(values[j] * norm for j, norm in enumerate(bounds))
        if self.moves:
            bound = bound + _norm(values[-1][: self._components])
        return 0.25 * self.order / (bound + 1.0 / (edges[-1] - edges[0]))


def _stacked(values: Any) -> Array:
    return values if isinstance(values, Array) else jnp.stack(values)


def _combined(matrix: np.ndarray, values: Array) -> Array:
    """The combinations of samples (nodes, ..., lanes) that the rows of a matrix give."""
    flat = values.reshape(values.shape[0], -1)
    found = matmul(jnp.asarray(matrix, values.dtype), flat)
    return found.reshape(-1, *values.shape[1:])


def _norm(moduli: Array) -> Array:
    """Of scalars (..., lanes) themselves; of a matrix (m, n, lanes) the largest sum of a row."""
    return moduli if moduli.ndim < 3 else jnp.max(jnp.sum(moduli, axis=1), axis=0)
