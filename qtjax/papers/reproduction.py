"""Published results, reproduced: every paper's numbers, whether they agree, and in which time."""

import dataclasses
import difflib
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax

from .._results import SolverError
from .entries import Entry, Paper
from .registry import PAPERS


@dataclasses.dataclass(frozen=True)
class Reproduction:
    """A paper's numbers, computed.

    Args:
        paper: the paper.
        entries: its numbers.
        seconds: that it took, compilation and what ran beside it included.
        error: why there are none, if the computation failed.
    """

    paper: Paper
    entries: tuple[Entry, ...]
    seconds: float
    error: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it was computed and every entry agrees."""
        return self.error is None and all(entry.passed for entry in self.entries)


def find_papers(names: str | Sequence[str]) -> tuple[Paper, ...]:
    """The papers of these names, in order; "all" is every one.

    Args:
        names: one name or several.

    Raises:
        ValueError: a name that no paper has; the nearest ones are named.
    """
    names = [names] if isinstance(names, str) else list(names)
    if "all" in names:
        return tuple(PAPERS.values())
    for name in names:
        if name not in PAPERS:
            near = difflib.get_close_matches(str(name), PAPERS, n=3, cutoff=0.4)
            hint = f"the nearest are {', '.join(near)}" if near else "no name is near"
            raise ValueError(
                f"`names` must be papers of `qtjax reproduce --list`, or all, got {name!r}: {hint}."
            )
    return tuple(PAPERS[name] for name in dict.fromkeys(names))


def reproduce(
    names: str | Sequence[str] = "all", *, tell: Callable[[Reproduction], Any] | None = None
) -> tuple[Reproduction, ...]:
    """Compute published results, each number next to what it should be.

    Args:
        names: of papers (`qtjax reproduce --list`), or "all".
        tell: called with each paper's numbers when they are there.

    Returns:
        A `Reproduction` for each paper. What a solver could not do is its `error`.

    Raises:
        ValueError: an unknown name, or single precision, in which numbers to 1e-9 do not exist.
    """
    if not jax.config.read("jax_enable_x64"):
        raise ValueError(
            "`reproduce` needs double precision: run "
            '`jax.config.update("jax_enable_x64", True)` first.'
        )
    found = []
    # the papers know that they use local baths on coupled sites; what waits is the compiler
    with warnings.catch_warnings(), ThreadPoolExecutor(2) as pool:
        warnings.simplefilter("ignore", UserWarning)
        for one in pool.map(_reproduced, find_papers(names)):
            found.append(one)
            if tell is not None:
                tell(one)
    return tuple(found)


def records(reproductions: Sequence[Reproduction]) -> list[dict[str, Any]]:
    """The entries as plain objects, one for each number, for a JSON file.

    Args:
        reproductions: of `reproduce`.

    Returns:
        A list of objects with `paper`, `citation`, `parameters`, `quantity`, `value`, `published`,
        `difference`, `relative`, `tolerance`, `source`, `passed`; a paper that could not be
        computed has one with `paper`, `citation`, `parameters`, `error` and `passed` = False.
    """
    rows = []
    for found in reproductions:
        paper = found.paper
        head = {"paper": paper.name, "citation": paper.citation, "parameters": paper.parameters}
        if found.error is not None:
            rows.append(head | {"error": found.error, "passed": False})
        for entry in found.entries:
            numbers = dataclasses.asdict(entry)
            verdict = {name: getattr(entry, name) for name in ("difference", "relative", "passed")}
            rows.append(head | numbers | verdict)
    return rows


def _reproduced(paper: Paper) -> Reproduction:
    started = time.perf_counter()
    try:
        entries, error = tuple(paper.entries()), None
    except (SolverError, ValueError) as failure:
        entries, error = (), str(failure)
    return Reproduction(paper, entries, time.perf_counter() - started, error)
