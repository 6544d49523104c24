"""Outcomes of computations: one status per lane, each with the sentence that a user reads."""

from collections.abc import Callable, Sequence
from typing import Any

import diffrax
import jax
import numpy as np
from jaxtyping import PyTree

from ._checks import (
    as_numbers,
    as_sequence,
    check_takes,
    described,
    is_concrete,
    is_function,
)


class RESULTS(diffrax.RESULTS):  # pyright: ignore[reportGeneralTypeIssues]
    """Diffrax's outcomes and qtjax's own. Compare with `solution.result == RESULTS.successful`."""

    not_finite = (
        "The result is not finite: an input or a parameter was nan or infinite, or a rate is too "
        "large to be integrated; or, inside `jit`, `vmap` or `grad`, something was given that is "
        "refused outside: a negative temperature, rate or duration, an initial state that is none, "
        "a Hamiltonian that is not Hermitian, times that do not increase. Check the parameters of "
        "this system."
    )
    not_unique = (
        "The limit cycle is not unique: the one-cycle map has more than one fixed point, as when "
        "all strokes are unitary or all rates are zero. Put at least one stroke in contact with a "
        "bath that moves every state, or follow `transient` from a given state."
    )
    steady_state_not_unique = (
        "The steady state is not unique: the generator leaves more than one state as it is, as "
        "without baths, with all rates zero, or with levels that no bath connects. Add what "
        "connects them, or give the initial state as `rho0`."
    )
    steady_state_oscillates = (
        "From this initial state no steady state is reached: coherences oscillate for ever, or "
        "decay more slowly than rounding tells. Take the time average from `evolve`, or add what "
        "dephases them."
    )
    steady_state_inaccurate = (
        "The estimated error of the steady state, in `error`, exceeds the tolerance: the rates "
        "span more decades than the precision holds, or a Krylov solver needs more steps. Write "
        "the jump "
        "operators in a basis where fast and slow ones act on different entries, use float64, give "
        "another `solver`, or loosen `tolerance`."
    )
    not_stationary = (
        "The search for the best unitary of the part ended before it came to rest (`slope`): more "
        "work may be near. Give more `steps`; `work` is attained all the same, and `bound` holds."
    )
    unresolved = (
        "The estimated error of the integration, rounding included, exceeds the tolerance "
        '(`stats["error"]` says by how much). Where rates or energies span many decades, or the '
        "time is long against them, float64 cannot do better, and float32 holds no more than five "
        "digits: loosen `rtol` and `atol`. Else increase `resolution`, save more times, or name "
        "another `solver`."
    )
    step_limit = (
        "More steps are needed between two saved times than this method can take (1,024, or 16,384 "
        "where something is only known as a function of time). Save more times in between, or name "
        "a Diffrax solver, an implicit one where rates are large "
        "(`solver=diffrax.Kvaerno5(), max_steps=10**6`), or without baths `Magnus`: its steps are "
        "long where H(t) commutes with itself."
    )
    not_hermitian = (
        "The Hamiltonian is not Hermitian at a time after the first, so what was integrated is "
        "another one. Add the Hermitian conjugate of what is missing (`a + dag(a)`)."
    )
    books_open = (
        "The books do not close: the change of energy is not heat plus work to the tolerance "
        "(`ledger.first_law_residual`). A function of time jumps or has a feature that is finer "
        "than `resolution` can see: increase it, or give the drive as `Driven` with "
        "`PiecewiseConstant` or breakpoints."
    )
    not_a_state = (
        "What was found is not a state to the tolerance: the trace drifts or an eigenvalue is "
        "negative (`ledger.trace_drift`, `ledger.smallest_eigenvalue`), as from rates that span "
        "more decades than the precision holds. Rescale or separate the fast rates, or loosen the "
        "tolerances."
    )
    inaccurate = (
        "A stroke was not resolved to the tolerance: its estimated error, with what rounding may "
        "have done, exceeds it, or a function of time has a feature that is finer than the steps. "
        "Increase `steps` (`resolving_steps` finds how many) and `resolution`, take "
        "`implicit=True` for strokes of many lifetimes, or loosen `tolerance`."
    )
    cycle_books_open = (
        "The books of the cycle do not close: in a stroke the change of energy is not heat plus "
        "work to the tolerance (`first_law_residual`). A function of time jumps or has a feature "
        "that is finer than `resolution` can see: increase it, or give the drive as `Driven` with "
        "`PiecewiseConstant` or breakpoints."
    )


class SolverError(RuntimeError):
    """A computation did not succeed. What was computed until then is in `solution`."""

    def __init__(self, message: str, solution: Any):
        super().__init__(message)
        self.solution = solution


def raise_if_failed(solution: Any, more: Callable[[], str] | None = None) -> None:
    """Raise `SolverError` if `solution.result` is concrete, unbatched and not successful.

    `more` is asked for what else there is to say.
    """
    result = solution.result
    if not is_concrete(result) or jax.numpy.ndim(result._value) > 0:
        return
    if int(result._value) != int(RESULTS.successful._value):
        words = RESULTS[result] if more is None else f"{RESULTS[result]} {more()}".strip()
        raise SolverError(
            f"{words} What was computed is in the attribute `solution` of this error; "
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
        ValueError: inside `jit`, `vmap` or `grad`; a solution without one axis of lanes; arguments
            of other lanes; a function that returns something of another shape.
    """
    if not is_function(function):
        raise ValueError(f"`function` must be a function, got {described(function)}.")
    given = as_sequence("arguments", arguments, "a tuple of PyTrees with a leading axis of lanes")
    check_takes("function", function, *given)
    if not is_outcome(getattr(solution, "result", None)):
        raise ValueError(
            f"`solution` must be a `Solution` or a `CycleSolution`, got {described(solution)}."
        )
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
    for leaf in jax.tree.leaves(given):
        shape = np.shape(as_numbers("arguments", leaf, "arrays of numbers"))
        if shape[:1] != succeeded.shape:
            raise ValueError(
                f"`arguments` must have the {succeeded.shape[0]} lanes of `solution` along their "
                f"first axis, got the shape {shape}."
            )
    failed = np.flatnonzero(~np.asarray(succeeded))
    if failed.size == 0:
        return solution
    chosen = jax.tree.map(lambda leaf: jax.numpy.asarray(leaf)[failed], given)
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


def is_outcome(value: Any) -> bool:
    """Whether a value is the `result` of a solution, of qtjax or of Diffrax."""
    return isinstance(value, type(RESULTS.successful))


def outcome(result: Any) -> str:
    """The short name of an outcome; of a batch how many are successful."""
    if not is_concrete(result):
        return "traced"
    if jax.numpy.ndim(result._value):
        good = np.asarray(result == RESULTS.successful)
        return f"{int(good.sum()):,} of {good.size:,} successful"
    names = {code: name for name, code in outcome_names(result).items()}
    return names[int(result._value)]


def outcome_names(result: Any) -> dict[str, int]:
    """The short name of every outcome that a `result` may have, with its number."""
    items = result._enumeration._name_to_item
    return {name: int(item._value) for name, item in items.items()}
