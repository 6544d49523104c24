"""The last digits of an optimum: a quasi-Newton method from where the optimizer ended."""

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
import optimistix
from jaxtyping import Array, Bool, Int, PyTree

from .._checks import check_instance
from .._types import Real
from .parameters import to_free
from .problem import Problem, end_of_round, violation_of
from .progress import Progress

ROUNDS = 30  # at most; without margins two are enough where the first one converged


@dataclasses.dataclass(frozen=True)
class Polish:
    """How the last digits are found.

    Args:
        solver: of Optimistix.
        steps: of it in every round, at most.
        tolerance: a change of the loss by less than this fraction of its size counts as none.
    """

    solver: optimistix.AbstractMinimiser
    steps: int
    tolerance: float

    def __call__(self, problem: Problem, progress: Progress) -> tuple[Progress, Bool[Array, ""]]:
        """The progress with the better of before and after, and whether it converged.

        In every round the Lagrangian is minimized from where the last one ended, and then the
        multipliers are updated. It has converged when the solver says so, no margin is violated and
        the round before ended at the same loss.
        """
        free, size = to_free(problem.bounds, progress.best), jnp.abs(progress.best_loss)
        start = _Rounds(
            free, progress, progress.best_loss, size, jnp.asarray(False), jnp.asarray(0)
        )

        def unfinished(rounds: _Rounds) -> Array:
            possible = jnp.isfinite(rounds.value) & ~progress.frozen
            return possible & ~rounds.settled & (rounds.count < ROUNDS)

        end = jax.lax.while_loop(unfinished, lambda rounds: self._round(problem, rounds), start)
        kept = end.value - end.progress.best_loss <= self.tolerance * end.size
        return end.progress, end.settled & kept

    def _round(self, problem: Problem, before: "_Rounds") -> "_Rounds":
        p = before.progress
        unit = jnp.where(before.size > 0.0, before.size, 1.0)

        def scaled(free: PyTree, fixed: Any) -> Real:
            multipliers, mu, unit = fixed
            return problem.lagrangian(free, multipliers, mu)[0] / unit

        found = optimistix.minimise(
            by_gradient(scaled), self.solver, before.free,
            args=(p.multipliers, p.penalty, unit), max_steps=self.steps, throw=False,
        )  # fmt: skip
        free = found.value
        value, margins = problem.evaluate(free)
        violation, size = violation_of(margins), jnp.maximum(before.size, jnp.abs(value))
        settled = found.result == optimistix.RESULTS.successful
        settled &= violation <= problem.feasibility
        settled &= jnp.abs(value - before.value) <= self.tolerance * size
        p = end_of_round(problem.better(p, free, value, violation), margins, violation)
        return _Rounds(free, p, value, size, settled, before.count + 1)


class _Rounds(eqx.Module):
    """Variables, multipliers and best, loss, its largest size so far, and whether it is the end."""

    free: PyTree
    progress: Progress
    value: Real
    size: Real
    settled: Bool[Array, ""]
    count: Int[Array, ""]


def polish_of(solver: Any, steps: int, tolerance: float) -> Polish:
    """How to polish with a minimiser of Optimistix or Optax.

    Args:
        solver: of either.
        steps: in every round, at most.
        tolerance: relative, of the loss.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(solver, optax.GradientTransformation):
        solver = optimistix.OptaxMinimiser(solver, rtol=tolerance, atol=tolerance)
    check_instance(
        "polish", solver, optimistix.AbstractMinimiser,
        "a minimiser of Optimistix, as `optimistix.BFGS(rtol=1e-8, atol=1e-8)`, or an optimizer of "
        "Optax, as `optax.lbfgs()`",
    )  # fmt: skip
    return Polish(solver, steps, tolerance)


def by_gradient(function: Callable[..., Real]) -> Callable[..., Real]:
    """A function whose derivatives are all made from its gradient by reverse mode.

    Optimistix linearizes, and what only has a rule for reverse mode cannot be linearized.

    Args:
        function: (x, args) -> scalar, to be differentiated with respect to x.
    """
    wrapped = jax.custom_jvp(function)

    def rule(primals: tuple[PyTree, Any], tangents: tuple[PyTree, Any]) -> tuple[Real, Real]:
        value, gradient = jax.value_and_grad(function)(*primals)
        change = jax.tree.map(lambda g, d: jnp.sum(g * d), gradient, tangents[0])
        return value, sum(jax.tree.leaves(change), jnp.zeros_like(value))

    wrapped.defjvp(rule)
    return wrapped
