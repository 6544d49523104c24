"""The exact adjoint of Taylor steps, one step at a time, for `step_loops.pull_back`."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from .rows import pair, unpair

Rows = Any


class Start(NamedTuple):
    """What of a carry decides the steps that follow: the time, the length, the moving rows."""

    t: Array
    span: Array
    pairs: tuple[Array, ...]


class Cotangent(NamedTuple):
    """Of the rows, the time, the end of the piece and the parameters."""

    y: Rows
    t: Array
    edge: Array
    parameters: Any


class Pending(NamedTuple):
    """A step whose polynomials have their cotangents, and the parameters not yet."""

    t: Array
    end: Array
    span: Array | None
    polynomials: Any


class Adjoint:
    """One step backward, in two stages: through the series, then through its polynomials.

    The second is left to the next call: only what leaves a loop is computed once by XLA on a CPU,
    not anew in everything that is made of it.

    Args:
        program: the integration whose steps are traced back (`taylor._Program`).
        moving: arguments that are differentiated.
        fixed: the others.
        edge: end of the piece, (lanes,).
        first: the carry at its start.
        sought: which functions depend on what is differentiated.
        wanted: whether cotangents of "edges" and "x0" are.
    """

    def __init__(
        self, program: Any, moving: Any, fixed: Any, edge: Array, first: Any,
        sought: list[bool], wanted: dict,
    ):  # fmt: skip
        self.program, self.moving, self.fixed = program, moving, fixed
        self.edge, self.first, self.sought = edge, first, sought
        self.timed, self.whole = wanted["edges"], wanted["x0"]

    def start(self, carry: Any) -> Start:
        """What is kept of a carry."""
        return Start(carry.t, carry.span, self.program.products.kept(carry.y))

    def carry(self, start: Start) -> Any:
        """A carry from what was kept of it, with empty books."""
        y = self.program.products.restored(start.pairs, self.first.y)
        return self.first._replace(t=start.t, span=start.span, y=y)

    @property
    def _at_once(self) -> bool:
        """Whether a step is settled at once: of few lanes, where one copy compiles faster."""
        return self.program.stacks(self.edge.shape[-1])

    def nothing(self, t: Array) -> Pending | None:
        """No step."""
        if self._at_once:
            return None
        zero, program = jnp.zeros_like(t), self.program
        like = [zero] * len(program.degrees)
        if program.moves:
            equation = program.equation
            like[-1] = jnp.zeros((len(equation.moved), equation.size, *t.shape), t.dtype)
        degrees = zip(program.degrees, like, self.sought, strict=True)
        zeros = [pair([zeros] * (degree + 1)) for degree, zeros, sought in degrees if sought]
        return Pending(t, t, zero if self.timed else None, zeros)

    def __call__(self, state: Any, begin: Start, end: Start) -> tuple[Cotangent, Pending | None]:
        """What stands before a step, from what stands after it: cotangents and a pending step."""
        products, order = self.program.products, self.program.order
        after = self.settle(*state)
        active, last, _ = self._facts(begin.t, end.t)
        y0, after_y = self.carry(begin).y, products.apart(after.y)
        back, (polynomials, span) = self._polynomials(begin.t, end.t)

        def series(moving: Any, sought: Any, span_if_timed: Array | None, y: Rows) -> Rows:
            parameters, those = eqx.combine(moving, self.fixed), iter(sought)
            merged = [
                next(those) if s else p for s, p in zip(self.sought, polynomials, strict=True)
            ]
            length = span if span_if_timed is None else span_if_timed
            prepared = products.prepare(parameters["matrices"], parameters["rows"])
            arrived = products.flow(prepared, merged, length, y, order)
            return jax.tree.map(lambda new, old: jnp.where(active, new, old), arrived, y)

        sought = [p for s, p in zip(self.sought, polynomials, strict=True) if s]
        timed = span if self.timed else None
        _, pull = jax.vjp(series, self.moving, sought, timed, y0)
        parameters, sought, timed, y = pull(after_y)
        y = y if self.whole else products.restored(products.kept(y), after_y)
        state = Cotangent(
            products.pairs(y),
            jnp.where(last, 0.0, after.t),
            after.edge + jnp.where(last, after.t, 0.0),
            jax.tree.map(jnp.add, after.parameters, parameters),
        )
        if self._at_once:
            return _settled(state, back(jax.lax.optimization_barrier((sought, timed)))), None
        return state, Pending(begin.t, end.t, timed, [pair(p) for p in sought])

    def settle(self, state: Cotangent, pending: Pending | None) -> Cotangent:
        """The cotangents with those of a pending step."""
        if pending is None:
            return state
        back, (found, _) = self._polynomials(pending.t, pending.end)
        those = [p for s, p in zip(self.sought, found, strict=True) if s]
        rows = [unpair(p, len(q)) for p, q in zip(pending.polynomials, those, strict=True)]
        pairs = zip(rows, those, strict=True)
        cotangents = [list(r) if isinstance(q, list) else jnp.stack(r) for r, q in pairs]
        return _settled(state, back((cotangents, pending.span)))

    def _facts(self, begin: Array, end: Array) -> tuple[Array, Array, Array]:
        """Whether a lane moves, whether it arrives, and how far it goes."""
        length = end - begin
        active = length > 0.0
        return active, active & (end >= self.edge), length

    def _polynomials(self, begin: Array, end: Array) -> tuple[Any, tuple[list[Any], Array]]:
        """Those of a step with its length; how cotangents of the sought ones, and of the length if
        it is wanted, go back to the parameters, the time and the edge."""
        active, last, length = self._facts(begin, end)

        def function(moving: Any, t: Array, edge: Array) -> Any:
            span = jnp.where(active, jnp.where(last, edge - t, length), 1.0)
            constants = eqx.combine(moving, self.fixed)["constants"]
            found = self.program.polynomials(self.program.samples(constants, t, span))
            sought = [p for s, p in zip(self.sought, found, strict=True) if s]
            return (sought, span if self.timed else None), (found, span)

        _, back, found = jax.vjp(function, self.moving, begin, self.edge, has_aux=True)
        return back, found


def _settled(state: Cotangent, found: tuple[Any, Array, Array]) -> Cotangent:
    """The cotangents with those of parameters, time and edge."""
    parameters, t, edge = found
    return Cotangent(
        state.y, state.t + t, state.edge + edge, jax.tree.map(jnp.add, state.parameters, parameters)
    )
