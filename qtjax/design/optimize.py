"""One Optax loop: bounded, constrained, from one start or many, in checkpointed chunks.

Margins g(p) >= 0 that the loss may return beside its value are enforced by an augmented Lagrangian
of Powell, Hestenes and Rockafellar: f + sum (max(0, lambda - mu g)^2 - lambda^2) / (2 mu), with
lambda <- max(0, lambda - mu g) after every round (Nocedal and Wright, Numerical Optimization,
2nd ed., section 17.4).
"""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Bool, Float, PyTree

from .._checked import checked
from .._checks import as_real, is_concrete
from .._types import Real
from .parameters import to_free, to_parameters
from .progress import History, Progress, join, load, save

Loss = Callable[[PyTree], Any]


class Optimum(eqx.Module):
    """The outcome of `optimize`.

    Args:
        parameters: the best parameters found (see `Progress.best`).
        loss: their loss.
        violation: their largest violation of a margin; 0 when feasible.
        history: loss and violation at every step.
        frozen: whether the run met a nan and stopped moving.
        progress: the full state, to continue from.
    """

    parameters: PyTree
    loss: Float[Array, "*lanes"]
    violation: Float[Array, "*lanes"]
    history: History
    frozen: Bool[Array, "*lanes"]
    progress: Progress


@checked
def optimize(
    loss: Loss,
    start: PyTree,
    optimizer: optax.GradientTransformation,
    *,
    steps: int,
    bounds: PyTree = None,
    many: bool = False,
    round_steps: int = 50,
    penalty: float = 10.0,
    feasibility: float = 1e-8,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 50,
    resume: bool = False,
    callback: Callable[[Progress, History], None] | None = None,
) -> Optimum:
    """Minimize a loss by gradients, within bounds and subject to margins.

    Args:
        loss: parameters -> scalar, or -> (scalar, margins) where every entry of the array `margins`
            must end up >= 0.
        start: parameters to start from, any PyTree of float arrays, strictly inside `bounds`.
        optimizer: any Optax optimizer, also one with a line search (`optax.lbfgs`).
        steps: steps in all, including those of a run that is resumed.
        bounds: a tree prefix of `start` of `Bounded`, `Positive`, `Unbounded` or None.
        many: `start` has a leading axis of starts; all of them run side by side and every field of
            the outcome has that axis. A lane that turns nan is frozen without harm to the others.
        round_steps: steps between updates of the multipliers.
        penalty: first value of mu; doubled after a round that does not halve the violation.
        feasibility: a violation up to this counts as none.
        checkpoint: file to write the state to, atomically, every `checkpoint_every` steps.
        checkpoint_every: steps per chunk.
        resume: start from the checkpoint if it exists; the result is that of an uninterrupted run.
        callback: called with (progress, history of the chunk) after every chunk, outside jit and
            before the checkpoint is written.

    Returns:
        `Optimum`. Inside `jit` or `vmap` it runs as one loop, without checkpoints and callbacks.

    Raises:
        ValueError: a start on or outside its bounds, `steps` < 1 or below those of the checkpoint,
            or a checkpoint that does not fit the problem.
    """
    if steps < 1:
        raise ValueError(f"`steps` must be at least 1, got {steps}.")
    optimizer = optax.with_extra_args_support(optimizer)
    problem = _Problem(loss, optimizer, bounds, round_steps, penalty, feasibility)
    free = to_free(bounds, jax.tree.map(lambda x: as_real("start", x), start))
    progress = (jax.vmap(problem.first) if many else problem.first)(free)
    advance = jax.vmap(problem.advance, in_axes=(0, None)) if many else problem.advance
    run = eqx.filter_jit(advance)
    if not is_concrete(progress):
        return _optimum(*run(progress, _Count(steps)))
    histories: list[History] = []
    if resume and checkpoint is not None and Path(checkpoint).exists():
        progress, history = load(checkpoint, progress, jax.vmap(loss) if many else loss)
        histories.append(history)
    done = int(jnp.max(progress.steps))
    if done > steps:
        raise ValueError(
            f"`steps` is {steps}, but the checkpoint is already at step {done}; ask for that many "
            "or more."
        )
    while done < steps:
        count = min(checkpoint_every - done % checkpoint_every, steps - done)
        progress, history = run(progress, _Count(count))
        histories.append(history)
        done += count
        if callback is not None:
            callback(progress, history)
        if checkpoint is not None:
            save(checkpoint, progress, join(histories))
    return _optimum(progress, join(histories))


class _Count(eqx.Module):
    """A static number of steps."""

    value: int = eqx.field(static=True)


@dataclasses.dataclass(frozen=True)
class _Problem:
    """What is minimized and how: the pure functions that start a lane and advance it."""

    loss: Loss
    optimizer: optax.GradientTransformationExtraArgs
    bounds: PyTree
    round_steps: int
    penalty: float
    feasibility: float

    def evaluate(self, free: PyTree) -> tuple[Real, Float[Array, " margins"]]:
        out = self.loss(to_parameters(self.bounds, free))
        value, margins = out if isinstance(out, tuple) else (out, jnp.zeros(0))
        return jnp.asarray(value), jnp.atleast_1d(jnp.asarray(margins))

    def lagrangian(self, free: PyTree, multipliers: Array, mu: Array) -> tuple[Real, Any]:
        value, margins = self.evaluate(free)
        pressed = jnp.maximum(0.0, multipliers - mu * margins)
        total = value + jnp.sum(pressed**2 - multipliers**2) / (2.0 * mu)
        return total, (value, margins)

    def first(self, free: PyTree) -> Progress:
        value, margins = jax.eval_shape(self.evaluate, free)
        zero = jnp.zeros((), value.dtype)
        return Progress(
            free=free,
            optimizer=self.optimizer.init(free),
            multipliers=jnp.zeros(margins.shape, value.dtype),
            penalty=zero + self.penalty,
            violation=zero + jnp.inf,
            best=to_parameters(self.bounds, free),
            best_loss=zero + jnp.inf,
            best_violation=zero + jnp.inf,
            steps=jnp.asarray(0),
            frozen=jnp.asarray(False),
        )

    def step(self, p: Progress, _: None) -> tuple[Progress, tuple[Real, Real]]:
        slope = jax.value_and_grad(self.lagrangian, has_aux=True)
        (total, (value, margins)), gradient = slope(p.free, p.multipliers, p.penalty)
        updates, optimizer = self.optimizer.update(
            gradient, p.optimizer, p.free, value=total, grad=gradient,
            value_fn=lambda free: self.lagrangian(free, p.multipliers, p.penalty)[0],
        )  # fmt: skip
        moved = optax.apply_updates(p.free, updates)
        violation = jnp.max(jnp.maximum(0.0, -margins), initial=0.0)
        parameters = to_parameters(self.bounds, p.free)
        best = _best(p, parameters, value, violation, self.feasibility)
        new = Progress(
            moved, optimizer, p.multipliers, p.penalty, p.violation, *best, p.steps + 1, p.frozen
        )
        new = _end_of_round(new, margins, violation, self.round_steps)
        frozen = p.frozen | ~(jnp.isfinite(total) & _all_finite((gradient, moved)))
        kept = eqx.tree_at(lambda q: (q.steps, q.frozen), p, (p.steps + 1, frozen))
        new = jax.tree.map(lambda a, b: jnp.where(frozen, a, b), kept, new)
        return new, (value, violation)

    def advance(self, progress: Progress, count: _Count) -> tuple[Progress, History]:
        progress, (losses, violations) = jax.lax.scan(self.step, progress, None, length=count.value)
        return progress, History(losses, violations)


def _best(
    p: Progress, parameters: PyTree, value: Real, violation: Real, feasibility: float
) -> tuple[PyTree, Real, Real]:
    """The better of the best so far and this step: feasible first, then by loss."""
    feasible, was = violation <= feasibility, p.best_violation <= feasibility
    by_loss = feasible & (~was | (value < p.best_loss))
    better = by_loss | (~feasible & ~was & (violation < p.best_violation))
    better = better & jnp.isfinite(value)
    best = jax.tree.map(lambda new, old: jnp.where(better, new, old), parameters, p.best)
    return (
        best,
        jnp.where(better, value, p.best_loss),
        jnp.where(better, violation, p.best_violation),
    )


def _end_of_round(p: Progress, margins: Array, violation: Real, round_steps: int) -> Progress:
    """New multipliers and penalty after every `round_steps` steps."""
    ends = p.steps % round_steps == 0
    multipliers = jnp.maximum(0.0, p.multipliers - p.penalty * margins)
    slow = violation > 0.5 * p.violation
    penalty = jnp.where(slow & (violation > 0.0), 2.0 * p.penalty, p.penalty)
    return eqx.tree_at(
        lambda q: (q.multipliers, q.penalty, q.violation),
        p,
        (
            jnp.where(ends, multipliers, p.multipliers),
            jnp.where(ends, penalty, p.penalty),
            jnp.where(ends, violation, p.violation),
        ),
    )


def _all_finite(tree: PyTree) -> Array:
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf)) for leaf in jax.tree.leaves(tree)]))


def _optimum(progress: Progress, history: History) -> Optimum:
    p = progress
    return Optimum(p.best, p.best_loss, p.best_violation, history, p.frozen, p)
