"""What a system, a trajectory and a steady state print."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from .._checks import called, is_concrete
from .._describe import Description, number, numbers, operator, several
from .._results import outcome
from .hamiltonians import Static, Term
from .schedules import Constant


def describe_system(system: Any) -> Description:
    """Dimension, terms, baths with their temperatures."""
    terms = _terms(system.hamiltonian)
    rows = [(f"H, term {k + 1}", _term(term)) for k, term in enumerate(terms)]
    rows += [(f"bath {k + 1}", _bath(bath)) for k, bath in enumerate(system.baths)]
    if system.energy is not None:
        rows.append(("energy", "a Hamiltonian of its own"))
    if system.parts:
        rows.append(("parts", " x ".join(str(_dimension(part)) for part in system.parts)))
    baths = several(len(system.baths), "bath") if system.baths else "closed"
    title = (
        f"OpenSystem: d = {_dimension(system.hamiltonian)}, {several(len(terms), 'term')}, {baths}"
    )
    return Description(title, rows)


def describe_solution(solution: Any) -> Description:
    """Method, final books, residuals, status."""
    books, ts = solution.ledger, solution.ts
    rows = [("status", outcome(solution.result)), ("method", _method(solution))]
    if is_concrete(solution.state, ts) and np.ndim(ts) == 1:
        rows += [
            ("energy", f"{number(books.energy[0])} -> {number(books.energy[-1])}"),
            ("entropy", f"{number(books.entropy[0])} -> {number(books.entropy[-1])} nats"),
            ("heat", f"{numbers(books.heat[-1])} from {several(books.heat.shape[1], 'bath')}"),
            ("work", number(books.work[-1])),
            ("first law", f"residual {np.max(np.abs(books.first_law_residual)):.1e}"),
            ("trace", f"drift {np.max(np.abs(books.trace_drift)):.1e}"),
        ]
        if "error" in solution.stats:
            rows.append(("error", f"{float(solution.stats['error']):.1e}, estimated"))
    return Description(f"Solution: {_times(ts)}", rows)


def describe_steady(steady: Any) -> Description:
    """Status, size, error and gap of a steady state."""
    rows = [
        ("status", outcome(steady.result)),
        ("state", operator(steady.state)),
        ("error", f"{number(steady.error)}, estimated"),
        ("residual", number(steady.residual)),
        ("gap", number(steady.gap)),
    ]
    return Description("SteadyState", rows)


def _terms(hamiltonian: Any) -> tuple[Any, ...]:
    """The terms as they are stored: in a batch none can be made."""
    return (hamiltonian,) if isinstance(hamiltonian, Static) else hamiltonian.terms()


def _dimension(hamiltonian: Any) -> int:
    """That of the first operator, which may have an axis of a batch before it."""
    known = [term for term in _terms(hamiltonian) if isinstance(term, Static | Term)]
    if known:
        return np.shape(known[0].operator)[-1]
    return eqx.filter_eval_shape(hamiltonian, jnp.zeros(())).shape[-1]


def _times(ts: Any) -> str:
    if not is_concrete(ts):
        return "traced"
    times = np.asarray(ts)
    if times.ndim != 1:
        lanes = " x ".join(f"{n:,}" for n in times.shape[:-1])
        return f"batch of {lanes}, {times.shape[-1]:,} times each"
    return f"{several(times.size, 'time')} from {times[0]:.6g} to {times[-1]:.6g}"


def _method(solution: Any) -> str:
    return f"{solution.method} ({solution.reason})"


def _term(term: Any) -> str:
    if not isinstance(term, Static | Term):
        return "a function of time"
    if isinstance(term, Static) or isinstance(term.schedule, Constant):
        return f"{operator(term.operator)}, fixed"
    return f"{operator(term.operator)} times {_named(term.schedule)}"


def _named(thing: Any) -> str:
    return repr(thing) if isinstance(thing, eqx.Module) else called(thing)


def _bath(bath: Any) -> str:
    at = "no temperature" if bath.temperature is None else f"T = {number(bath.temperature)}"
    spectrum = getattr(bath, "spectrum", None)
    return f"{type(bath).__name__}, {at}" + ("" if spectrum is None else f", {_named(spectrum)}")
