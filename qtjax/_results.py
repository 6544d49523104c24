"""Outcomes of computations: one status per lane, each with the sentence that a user reads."""

from collections.abc import Callable, Sequence
from typing import Any

import diffrax
import jax
import numpy as np
from jaxtyping import PyTree

from ._checks import is_concrete


class RESULTS(diffrax.RESULTS):  # pyright: ignore[reportGeneralTypeIssues]
    """Diffrax's outcomes and qtjax's own. Compare with `solution.result == RESULTS.successful`."""

    not_finite = (
        "The result is not finite: an input or a parameter was nan or infinite, or a rate is too "
        "large to be integrated. Check the parameters of this system."
    )
    not_unique = (
        "The limit cycle is not unique: the one-cycle map has more than one fixed point, as when "
        "all strokes are unitary or all rates are zero. Put at least one stroke in contact with a "
        "bath that moves every state, or follow `transient` from a given state."
    )
    steady_state_not_unique = (
        "The steady state is not unique: the generator leaves more than one state as it is, as "
        "without baths, with all rates zero, or with levels that no bath connects. Add what "
        "connects them, or follow `evolve` from a given state."
    )
    unresolved = (
        "The estimated error of the integration exceeds the tolerance. Solve this system again "
        "with Diffrax (`solver=diffrax.Dopri8()`, or an implicit one where rates are large), or "
        "loosen `rtol` and `atol`."
    )
    inaccurate = (
        "A driven stroke was not resolved to the tolerance: its estimated error exceeds it. "
        "Increase `steps` (`resolving_steps` finds how many), or loosen `tolerance`."
    )


class SolverError(RuntimeError):
    """A computation did not succeed. What was computed until then is in `solution`."""

    def __init__(self, message: str, solution: Any):
        super().__init__(message)
        self.solution = solution


def raise_if_failed(solution: Any) -> None:
    """Raise `SolverError` if `solution.result` is concrete, unbatched and not successful."""
    result = solution.result
    if not is_concrete(result) or jax.numpy.ndim(result._value) > 0:
        return
    if not bool(result == RESULTS.successful):
        raise SolverError(
            f"{RESULTS[result]} What was computed is in the attribute `solution` of this error; "
            "`throw=False` returns it with its `result` instead of raising.",
            solution,
        )


def solve_again(function: Callable, arguments: Sequence[PyTree], solution: Any) -> Any:
    """A batch of solutions with the lanes that did not succeed solved once more.

    For lanes that a fast path could not do: too stiff for its step limit, or an unresolved ramp.

        out = jax.jit(jax.vmap(fast))(gaps, rates)
        out = qt.solve_again(general, (gaps, rates), out)

    Args:
        function: of one lane; returns a solution of the same kind by other means, as `evolve` with
            an implicit Diffrax solver, or `limit_cycle` with more steps.
        arguments: of `function`, as a tuple of PyTrees with a leading axis of lanes.
        solution: a `Solution` or `CycleSolution` with a leading axis of lanes.

    Returns:
        The same with the failed lanes replaced. Their `result` is that of the second attempt;
        `method` remains that of the first.

    Raises:
        ValueError: inside `jit`, `vmap` or `grad`; a solution without one axis of lanes; a function
            that returns something of another shape.
    """
    succeeded = solution.result == RESULTS.successful
    if not is_concrete(succeeded):
        raise ValueError(
            "`solve_again` looks at results: call it outside `jit`, `vmap` and `grad`."
        )
    if jax.numpy.ndim(succeeded) != 1:
        raise ValueError(
            "`solution` must have one leading axis of lanes, got results of shape "
            f"{jax.numpy.shape(succeeded)}; flatten nested batches first."
        )
    failed = np.flatnonzero(~np.asarray(succeeded))
    if failed.size == 0:
        return solution
    chosen = jax.tree.map(lambda leaf: jax.numpy.asarray(leaf)[failed], tuple(arguments))
    again = jax.tree.leaves(jax.jit(jax.vmap(function))(*chosen))
    leaves, structure = jax.tree.flatten(solution)
    shapes = [(leaf.shape[1:] for leaf in found) for found in (leaves, again)]
    if len(leaves) != len(again) or list(shapes[0]) != list(shapes[1]):
        raise ValueError(
            "`function` must return a solution of the same shape as `solution`: the same `ts`, "
            "`save` and numbers of baths and strokes."
        )
    merged = [
        leaf.at[failed].set(new.astype(leaf.dtype)) for leaf, new in zip(leaves, again, strict=True)
    ]
    return jax.tree.unflatten(structure, merged)
