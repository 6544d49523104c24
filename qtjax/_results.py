"""Outcomes of computations: one status per lane, each with the sentence that a user reads."""

from typing import Any

import diffrax
import jax

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
