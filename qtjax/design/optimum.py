"""What an optimization found: lane by lane, how it ended, the best of them, and a table."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from .._checked import checked
from .._describe import as_html, as_text
from .describe import describe_optimum
from .progress import History, Progress

OUTCOMES = ("converged", "steps exhausted", "infeasible", "frozen")


class Optimum(eqx.Module):
    """The outcome of `optimize`; with `many` every field has an axis of lanes.

    Args:
        parameters: the best parameters found: the lowest loss among feasible ones, or the smallest
            violation as long as there are none.
        loss: their loss.
        violation: their largest violation of a margin; 0 without margins.
        feasible: whether that counts as none, and the loss is finite.
        converged: whether a polish found that nothing is left to gain.
        change: the loss of `finer` less `loss`; nan without it.
        finer_violation: the violation of `finer`; that of `loss` without it.
        history: loss and violation at every step of the optimizer.
        progress: the state that the optimizer ended in.

    Examples:
        >>> import optax
        >>> optimum = qt.optimize(jnp.square, jnp.array(3.0), optax.sgd(0.25), steps=2)
        >>> optimum.parameters, optimum.loss
        (1.5, 2.25)
        >>> optimum.outcome
        'steps exhausted'
    """

    parameters: PyTree
    loss: Float[Array, "*lanes"]
    violation: Float[Array, "*lanes"]
    feasible: Bool[Array, "*lanes"]
    converged: Bool[Array, "*lanes"]
    change: Float[Array, "*lanes"]
    finer_violation: Float[Array, "*lanes"]
    history: History
    progress: Progress

    def __repr__(self) -> str:
        return as_text(self, describe_optimum)

    def _repr_html_(self) -> str:
        return as_html(self, describe_optimum)

    @property
    def frozen(self) -> Bool[Array, "*lanes"]:
        """Whether the run met a nan and stopped moving, at the step `progress.frozen_at`."""
        return self.progress.frozen

    @property
    def status(self) -> Int[Array, "*lanes"]:
        """The number of the outcome in `OUTCOMES`."""
        left = jnp.where(self.converged, 0, 1)
        return jnp.where(self.frozen, 3, jnp.where(self.feasible, left, 2))

    @property
    def outcome(self) -> Any:
        """What became of it, in words; of many lanes, a list."""
        if self.loss.ndim:
            return [_lane(self, k).outcome for k in range(self.loss.shape[0])]
        words = OUTCOMES[int(self.status)]
        if bool(self.frozen):
            words += f": nan at step {int(self.progress.frozen_at)}"
        if not bool(self.feasible) and bool(jnp.isfinite(self.violation)):
            words += f": the least violation is {float(self.violation):.3g}"
        return words

    def best(self) -> "Optimum":
        """The lane of the lowest loss among feasible ones, or else of the smallest violation."""
        if not self.loss.ndim:
            return self
        return _lane(self, best_lane(self.loss, self.violation, self.feasible))


def best_lane(loss: Any, violation: Any, feasible: Any) -> int:
    """The number of the feasible lane of lowest loss, or else of the smallest violation.

    Args:
        loss: of every lane, (lanes,).
        violation: of every lane, (lanes,).
        feasible: whether it is, of every lane, (lanes,).

    Returns:
        The first of those whose losses agree within 1e-9 of their size.
    """
    loss, violation, feasible = (np.asarray(x) for x in (loss, violation, feasible))
    feasible = feasible & np.isfinite(loss)
    if not feasible.any():
        return int(np.argmin(np.where(np.isfinite(loss), violation, np.inf)))
    lowest = loss[feasible].min()
    return int(np.argmax(feasible & (loss <= lowest + 1e-9 * abs(lowest))))


@checked
def summary(optimum: Optimum) -> str:
    """A table of the lanes: how far each is above the best, what `finer` changes, its outcome.

    Args:
        optimum: of `optimize`, not inside `jit`.

    Returns:
        Text, to be printed.

    Examples:
        >>> import optax
        >>> optimum = qt.optimize(jnp.square, jnp.array(3.0), optax.sgd(0.25), steps=2)
        >>> qt.design.summary(optimum).splitlines()[-1]
        '1 feasible; half of them within 0.00e+00 of the best (*)'
    """
    lanes = optimum if optimum.loss.ndim else jax.tree.map(lambda x: x[None], optimum)
    best = best_lane(lanes.loss, lanes.violation, lanes.feasible)
    losses = np.asarray(lanes.loss)[np.asarray(lanes.feasible)]
    lowest = losses.min(initial=np.inf)
    lines = [f"{'start':>5}  {'loss':>16}  {'above best':>10}  {'finer':>9}  outcome"]
    for k, words in enumerate(lanes.outcome):
        loss, mark = float(lanes.loss[k]), "*" if k == best else " "
        above = f"{loss - lowest:.2e}" if bool(lanes.feasible[k]) else "-"
        change = "-" if np.isnan(lanes.change[k]) else f"{float(lanes.change[k]):+.1e}"
        if float(finer := lanes.finer_violation[k]) > float(lanes.violation[k]):
            words += f" (finer: the violation is {float(finer):.1e})"
        lines.append(f"{k:>4}{mark}  {loss:>16.10g}  {above:>10}  {change:>9}  {words}")
    if losses.size:
        above = np.median(losses) - lowest
        lines.append(f"{losses.size} feasible; half of them within {above:.2e} of the best (*)")
    else:
        least = float(lanes.violation[best])
        lines.append(f"none feasible: the least violation of the margins is {least:.3g} (*)")
    return "\n".join(lines)


def _lane(optimum: Optimum, k: int) -> Optimum:
    return jax.tree.map(lambda x: x[k], optimum)
