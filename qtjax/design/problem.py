"""What is minimized: a loss within bounds and subject to margins, step by step for one lane.

Margins g(p) >= 0 that the loss may return beside its value are enforced by an augmented Lagrangian
of Powell, Hestenes and Rockafellar: f + sum (max(0, lambda - mu g)^2 - lambda^2) / (2 mu), with
lambda <- max(0, lambda - mu g) after every round (Nocedal and Wright, Numerical Optimization,
2nd ed., section 17.4).
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PyTree

from .._checks import described, traced
from .._types import Real
from .parameters import to_parameters
from .progress import History, Progress

Loss = Callable[[PyTree], Any]


class Count(eqx.Module):
    """A static number of steps."""

    value: int = eqx.field(static=True)


@dataclasses.dataclass(frozen=True)
class Problem:
    """What is minimized and how: the pure functions that start a lane and advance it.

    Args:
        loss: as of `optimize`.
        optimizer: of Optax.
        bounds: as of `optimize`.
        round_steps: steps between updates of the multipliers.
        penalty: first value of mu.
        feasibility: a violation up to this counts as none.
    """

    loss: Loss
    optimizer: optax.GradientTransformationExtraArgs
    bounds: PyTree
    round_steps: int
    penalty: float
    feasibility: float

    def evaluate(self, free: PyTree) -> tuple[Real, Float[Array, " margins"]]:
        """Loss and margins at unbounded variables."""
        return value_and_margins(self.loss, to_parameters(self.bounds, free))

    def lagrangian(self, free: PyTree, multipliers: Array, mu: Real) -> tuple[Real, Any]:
        """The augmented Lagrangian, with loss and margins beside it."""
        value, margins = self.evaluate(free)
        pressed = jnp.maximum(0.0, multipliers - mu * margins)
        total = value + jnp.sum(pressed**2 - multipliers**2) / (2.0 * mu)
        return total, (value, margins)

    def first(self, free: PyTree) -> Progress:
        """Where a lane begins."""
        best = to_parameters(self.bounds, free)
        value, margins = traced("loss(start)", self.loss, _split, best)
        if value.shape != () or not jnp.issubdtype(value.dtype, jnp.floating):
            raise ValueError(
                "`loss(start)` must be one real number, or a pair of it and margins, got an array "
                f"of shape {value.shape} and dtype {value.dtype}."
            )
        zero = jnp.zeros((), value.dtype)
        return Progress(
            free=free,
            optimizer=self.optimizer.init(free),
            multipliers=jnp.zeros(margins.shape, value.dtype),
            penalty=zero + self.penalty,
            violation=zero + jnp.inf,
            best=best,
            best_loss=zero + jnp.inf,
            best_violation=zero + jnp.inf,
            steps=jnp.asarray(0),
            frozen_at=jnp.asarray(-1),
        )

    def advance(self, progress: Progress, count: Count) -> tuple[Progress, History]:
        """So many steps further."""
        progress, (losses, violations) = jax.lax.scan(self._step, progress, None, count.value)
        return progress, History(losses, violations)

    def better(self, p: Progress, free: PyTree, value: Real, violation: Real) -> Progress:
        """With the better of the best so far and a point: feasible first, then by loss."""
        feasible, was = violation <= self.feasibility, p.best_violation <= self.feasibility
        by_loss = feasible & (~was | (value < p.best_loss))
        better = by_loss | (~feasible & ~was & (violation < p.best_violation))
        new = (to_parameters(self.bounds, free), value, violation)
        old = (p.best, p.best_loss, p.best_violation)
        chosen = jax.tree.map(lambda a, b: jnp.where(better & jnp.isfinite(value), a, b), new, old)
        return eqx.tree_at(lambda q: (q.best, q.best_loss, q.best_violation), p, chosen)

    def _step(self, p: Progress, _: None) -> tuple[Progress, tuple[Real, Real]]:
        slope = jax.value_and_grad(self.lagrangian, has_aux=True)
        (total, (value, margins)), gradient = slope(p.free, p.multipliers, p.penalty)
        updates, optimizer = self.optimizer.update(
            gradient, p.optimizer, p.free, value=total, grad=gradient,
            value_fn=lambda free: self.lagrangian(free, p.multipliers, p.penalty)[0],
        )  # fmt: skip
        moved = optax.apply_updates(p.free, updates)
        violation = violation_of(margins)
        new = eqx.tree_at(
            lambda q: (q.free, q.optimizer, q.steps),
            self.better(p, p.free, value, violation),
            (moved, optimizer, p.steps + 1),
        )
        ended = end_of_round(new, margins, violation)
        new = jax.tree.map(
            lambda a, b: jnp.where(new.steps % self.round_steps == 0, a, b), ended, new
        )
        bad = ~(jnp.isfinite(total) & _all_finite((gradient, moved)))
        frozen_at = jnp.where((p.frozen_at < 0) & bad, p.steps, p.frozen_at)
        kept = eqx.tree_at(lambda q: (q.steps, q.frozen_at), p, (p.steps + 1, frozen_at))
        new = jax.tree.map(lambda a, b: jnp.where(frozen_at >= 0, a, b), kept, new)
        return new, (value, violation)


def value_and_margins(loss: Loss, parameters: PyTree) -> tuple[Real, Float[Array, " margins"]]:
    """The value of a loss and its margins, none where it returns none.

    Args:
        loss: as of `optimize`.
        parameters: of it.
    """
    return _split(loss(parameters))


def _split(out: Any) -> tuple[Real, Float[Array, " margins"]]:
    value, margins = out if isinstance(out, tuple) else (out, jnp.zeros(0))
    return jnp.asarray(value), jnp.ravel(jnp.asarray(margins))


def check_optimizer(optimizer: Any) -> None:
    """Raise unless an optimizer is one of Optax."""
    if not all(callable(getattr(optimizer, name, None)) for name in ("init", "update")):
        raise ValueError(
            "`optimizer` must be one of Optax, as `optax.adam(1e-2)` or `optax.lbfgs()`, got "
            f"{described(optimizer)}."
        )


def check_starts(name: str, starts: PyTree) -> None:
    """Raise unless all arrays of several starts have one leading axis of the same length."""
    shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(starts)]
    lengths = {shape[0] if shape else 0 for shape in shapes}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(
            f"`{name}` must have a leading axis of starts in every leaf, of one length >= 1, got "
            f"the shapes {', '.join(map(str, shapes)) or 'of no array'}."
        )


def violation_of(margins: Float[Array, " margins"]) -> Real:
    """The largest violation max(0, -g) of margins; 0 without any.

    Args:
        margins: (margins,).
    """
    return jnp.max(jnp.maximum(0.0, -margins), initial=0.0)


def end_of_round(p: Progress, margins: Float[Array, " margins"], violation: Real) -> Progress:
    """New multipliers, and twice the penalty unless the violation was halved.

    Args:
        p: at the end of a round.
        margins: there.
        violation: there.
    """
    multipliers = jnp.maximum(0.0, p.multipliers - p.penalty * margins)
    slow = (violation > 0.5 * p.violation) & (violation > 0.0)
    penalty = jnp.where(slow, 2.0 * p.penalty, p.penalty)
    return eqx.tree_at(
        lambda q: (q.multipliers, q.penalty, q.violation), p, (multipliers, penalty, violation)
    )


def _all_finite(tree: PyTree) -> Array:
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(tree)]))
