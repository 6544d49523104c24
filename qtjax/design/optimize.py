"""One Optax loop: bounded, constrained, from one start or many, in checkpointed chunks."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import PyTree

from .._checked import checked
from .._checks import (
    check_count,
    check_nonnegative,
    check_positive,
    check_size,
    check_takes,
    is_concrete,
)
from .optimum import Optimum
from .parameters import free_of
from .polish import Polish, polish_of
from .problem import (
    Count,
    Loss,
    Problem,
    check_optimizer,
    check_starts,
    value_and_margins,
    violation_of,
)
from .progress import History, Progress, join, load, save


@checked
def optimize(
    loss: Loss,
    start: PyTree,
    optimizer: optax.GradientTransformation,
    *,
    steps: int,
    bounds: PyTree = None,
    many: bool = False,
    polish: Any = None,
    polish_steps: int = 200,
    tolerance: float = 1e-8,
    finer: Loss | None = None,
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
        bounds: a tree prefix of `start` of `Bounded`, `Positive`, `FixedSum`, `Unbounded` or None.
        many: `start` has a leading axis of starts; all of them run side by side and every field of
            the outcome has that axis. A lane that turns nan is frozen without harm to the others.
        polish: a minimiser of Optimistix (`optimistix.BFGS`) or an Optax optimizer with a line
            search, to go on from the best point with; the better of before and after is kept. It
            works on the loss in units of its value.
        polish_steps: steps of it at most, between two updates of the multipliers.
        tolerance: a lane has converged when the polish, begun again, changes the loss by no more
            than this fraction of it.
        finer: the loss at a higher resolution: it is evaluated at the end, and what it changes is
            kept.
        round_steps: steps between updates of the multipliers.
        penalty: first value of mu, in units of the loss (margins are best without units); doubled
            after a round that does not halve the violation.
        feasibility: a violation up to this counts as none.
        checkpoint: file to write the state to, atomically, every `checkpoint_every` steps.
        checkpoint_every: steps per chunk.
        resume: start from the checkpoint if it exists; the result is that of an uninterrupted run.
        callback: called with (progress, history of the chunk) after every chunk, outside jit and
            before the checkpoint is written.

    Returns:
        `Optimum`. Inside `jit` or `vmap` it runs as one loop, without checkpoints and callbacks.

    Every call traces the loss anew, as what it closes over may have changed, and keeps nothing of
    it. With `enable_compilation_cache()` a call whose program is that of an earlier one is traced,
    but not compiled again.

    Raises:
        ValueError: a start on or outside its bounds, a loss that is nan there, `steps` < 1 or below
            those of the checkpoint, a checkpoint that does not fit the problem, or a polish that is
            no minimiser.

    Examples:
        >>> import optax
        >>> def loss(x):
        ...     return (x - 1.0) ** 2, 0.5 - x
        >>> optimum = qt.optimize(loss, jnp.array(0.0), optax.sgd(0.1), steps=200, round_steps=20)
        >>> optimum.parameters, optimum.feasible
        (0.5, True)
    """
    _check_counts(steps, polish_steps=polish_steps, round_steps=round_steps,
                  checkpoint_every=checkpoint_every)  # fmt: skip
    check_positive("penalty", penalty, "it is the first weight of a violation.")
    check_nonnegative("feasibility", feasibility, "it is a violation that counts as none.")
    check_optimizer(optimizer)
    if finer is not None:
        check_takes("finer", finer, start)
    if callback is not None:
        check_takes("callback", callback, "progress", "history")
    last = None if polish is None else polish_of(polish, polish_steps, tolerance)
    optimizer = optax.with_extra_args_support(optimizer)
    problem = Problem(loss, optimizer, bounds, round_steps, penalty, feasibility)
    free = free_of("start", bounds, start)
    progress = _first(problem, free, many)
    run = _run(problem, many)
    finish = _finish(problem, last, finer, many)
    if not is_concrete(progress):
        return finish(*run(progress, steps))
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
        progress, history = run(progress, count)
        histories.append(history)
        _check_start(progress, histories[0])
        done += count
        if callback is not None:
            callback(progress, history)
        if checkpoint is not None:
            save(checkpoint, progress, join(histories))
    return finish(progress, join(histories))


def _check_counts(steps: int, **counts: int) -> None:
    if steps < 1:
        raise ValueError(f"`steps` must be at least 1, got {steps}.")
    check_size("steps", steps)  # of the history
    for name, count in counts.items():
        check_count(name, count)


def _first(problem: Problem, free: PyTree, many: bool) -> Progress:
    """Where every start stands before its first step."""
    if not many:
        return problem.first(free)
    check_starts("start", free)
    return jax.vmap(problem.first)(free)


def _run(problem: Problem, many: bool) -> Callable[[Progress, int], tuple[Progress, History]]:
    """So many steps further; `jax.jit`, as `eqx.filter_jit` would keep the program for ever."""

    def run(progress: Progress, count: int) -> tuple[Progress, History]:
        advance = jax.vmap(problem.advance, (0, None)) if many else problem.advance
        return advance(progress, Count(count))

    return jax.jit(run, static_argnums=1)


def _finish(
    problem: Problem, polish: Polish | None, finer: Loss | None, many: bool
) -> Callable[[Progress, History], Optimum]:
    """What is done at the end of the steps: the polish, and a look at a higher resolution."""

    def finish(progress: Progress, history: History) -> Optimum:
        p, converged = progress, jnp.asarray(False)
        if polish is not None:
            p, converged = polish(problem, progress)
        feasible = (p.best_violation <= problem.feasibility) & jnp.isfinite(p.best_loss)
        change, violation = jnp.full_like(p.best_loss, jnp.nan), p.best_violation
        if finer is not None:
            value, margins = value_and_margins(finer, p.best)
            change, violation = value - p.best_loss, violation_of(margins)
        return Optimum(
            p.best, p.best_loss, p.best_violation, feasible, converged, change, violation,
            history, progress,
        )  # fmt: skip

    return jax.jit(jax.vmap(finish) if many else finish)


def _check_start(progress: Progress, history: History) -> None:
    """Raise if no lane could take a step."""
    if bool(jnp.all(progress.frozen_at == 0)):
        value = bool(jnp.all(~jnp.isfinite(history.loss[..., 0])))
        what = "`loss` is" if value else "`loss` is finite, but its gradient is"
        every = "every `start`" if history.loss.ndim > 1 else "`start`"
        raise ValueError(
            f"{what} nan or infinite at {every}, so there is no way to go; start elsewhere, or "
            "continue the loss smoothly to there."
        )
