"""All results of the paper: equations, contrasts, and every accounting on three of the runs."""

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ...thermodynamics.accountings import Accounting, accountings
from ..comparison import Contrast, Equation
from .contrasts import CONTRASTS
from .equations import EQUATIONS
from .runs import Runs

# those that take longest to compile come first
_RUNS = (
    "relaxation", "two_baths", "swap", "pair", "engine", "isotherms", "negative_rate",
    "pseudomode", "eternal", "canonical",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Results:
    """What the paper says, computed.

    Args:
        runs: the trajectories and cycles.
        equations: (1) to (20), in order.
        contrasts: where the paper and the mainstream part ways.
        accountings: every accounting, by the name of the run.
    """

    runs: Runs
    equations: tuple[Equation, ...]
    contrasts: tuple[Contrast, ...]
    accountings: dict[str, tuple[Accounting, ...]]


def compute(tell: Callable[[str], None]) -> Results:
    """Run everything, the runs side by side (most of the time is compilation).

    Args:
        tell: called with a word about what is being done.

    Returns:
        `Results`.
    """
    runs = Runs()
    tell("runs")
    with ThreadPoolExecutor(2) as pool:
        tables = {
            name: pool.submit(_accountings, runs, name) for name in ("relaxation", "two_baths")
        }
        list(pool.map(lambda name: getattr(runs, name), _RUNS))
        tables["swap"] = pool.submit(_accountings, runs, "swap")
        equations = []
        for equation in EQUATIONS:
            tell(f"equation ({len(equations) + 1})")
            equations.append(equation(runs))
        tell("both columns")
        contrasts = tuple(contrast(runs) for contrast in CONTRASTS)
        found = {getattr(runs, name).name: table.result() for name, table in tables.items()}
    return Results(runs, tuple(equations), contrasts, found)


def _accountings(runs: Runs, name: str) -> tuple[Accounting, ...]:
    run = getattr(runs, name)
    if name == "swap":
        return accountings(run.system, run.solution, temperature=1.5, reservoirs=(1,))
    return accountings(run.system, run.solution)
