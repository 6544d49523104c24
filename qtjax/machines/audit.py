"""An audit: what is doubtful about a system or a cycle, in words with numbers."""

import warnings
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np

from .._checked import checked
from .._checks import check_density_matrix, check_instance, is_concrete
from .._results import RESULTS
from .._types import OperatorLike, RealLike
from ..dynamics.channels import Channel
from ..dynamics.open_system import OpenSystem
from ..dynamics.schedules import Constant
from ..thermodynamics.bath_checks import (
    Check,
    bohr_frequencies,
    detailed_balance,
    local_bath,
    reference_state,
    secular,
    temperature,
)
from ..thermodynamics.findings import SEVERITIES, Audit, Finding
from ..thermodynamics.instants import Instant
from ..thermodynamics.state_checks import positivity, spohn, steady_state, truncation
from .cycle import CycleSolution, limit_cycle
from .stroke import Cycle, Stroke

CHECKS: dict[str, Check] = {
    "detailed_balance": detailed_balance,
    "temperature": temperature,
    "reference_state": reference_state,
    "spohn": spohn,
    "secular": secular,
    "local_bath": local_bath,
    "bohr_frequencies": bohr_frequencies,
    "positivity": positivity,
    "steady_state": steady_state,
    "truncation": truncation,
}
LOOKS = (0.0, 0.5, 1.0)  # at a stroke that moves, in scaled time


@checked
def audit(
    model: OpenSystem | Cycle | CycleSolution,
    *,
    times: Sequence[RealLike] | None = None,
    states: Sequence[OperatorLike] = (),
) -> Audit:
    """What is doubtful about a model, each with its numbers and what to do.

    It looks at detailed balance of thermal rates; dissipators that carry heat without a
    temperature; whether each bath alone leaves its reference state as it is; the sign of Spohn's
    production with the total H, at the steady state or along the limit cycle, in given states and
    next to the baths' reference states; spacings of Bohr frequencies against rates where a secular
    step was made; couplings that a local bath does not know of against its gap and temperature;
    jump operators that join different Bohr frequencies; negative canonical rates and populations
    (Redfield); conserved quantities; the highest levels of truncated oscillators. What is not found
    is not proven to be right.

    Args:
        model: a concrete open system, a cycle (its limit cycle is computed), or a limit cycle.
        times: at which a system is looked at, 0 by default. Strokes are looked at at their start,
            and where something moves in their middle and at their end.
        states: further states of a system, (d, d) each. A cycle has those of its limit cycle.

    Returns:
        `Audit`: `findings`, none where nothing was found, with what passed and what was skipped.
        `print` it.

    Raises:
        ValueError: what is neither a system nor a cycle, a batch, traced input or parameters that
            are nan, a state that is none, or `times` or `states` of a cycle.

    Source: Levy and Kosloff, EPL 107, 20004 (2014); Hofer et al., New J. Phys. 19, 123037 (2017);
        De Chiara et al., New J. Phys. 20, 113024 (2018).

    Examples:
        >>> h = qt.number(2) + 0.5 * qt.sigmax()
        >>> bath = qt.LocalBath(qt.destroy(2), 1.0, 0.5, qt.Flat(0.1))
        >>> found = qt.machines.audit(qt.OpenSystem(h, bath))
        >>> [finding.check for finding in found.findings]
        ['reference_state', 'local_bath', 'spohn']
    """
    _check(model, times, states)
    with warnings.catch_warnings():  # what would be warned of is among the findings
        warnings.simplefilter("ignore", UserWarning)
        if isinstance(model, OpenSystem):
            given = [(f"states[{k}]", rho) for k, rho in enumerate(states)]
            at = (0.0,) if times is None else times
            return _summary([Instant(model, float(t), states=given) for t in at], {})
        if isinstance(model, Cycle):
            model = limit_cycle(model, throw=False)
        whole = {"limit_cycle": _limit_cycle(model), "second_law": _second_law(model)}
        return _summary(_instants(model), whole)


def _check(model: Any, times: Any, states: Any) -> None:
    wanted = "an `OpenSystem`, a `Cycle` or a `CycleSolution`"
    check_instance("model", model, (OpenSystem, Cycle, CycleSolution), wanted)
    if not is_concrete(model, times, states):
        raise ValueError("`model` is traced: an audit decides by values; call it outside of `jit`.")
    if isinstance(model, CycleSolution) and np.ndim(model.error):
        raise ValueError(
            f"`model` is a batch of shape {np.shape(model.error)}; audit one lane of it, "
            "`jax.tree.map(lambda x: x[k], model)`."
        )
    parameters = model.cycle if isinstance(model, CycleSolution) else model
    for leaf in jax.tree.leaves(eqx.filter(parameters, eqx.is_inexact_array)):
        if np.any(np.isnan(np.asarray(leaf))):
            raise ValueError(
                "`model` holds a parameter that is nan; look for what was undefined where it was "
                "computed."
            )
    if isinstance(model, OpenSystem):
        for k, rho in enumerate(states):
            check_density_matrix(f"states[{k}]", rho, model.dimension)
    elif times is not None or len(states):
        raise ValueError(
            "`times` and `states` are those of an `OpenSystem`; a cycle is looked at in the states "
            "of its limit cycle. Audit the `system` of a stroke for others."
        )


def _instants(solution: CycleSolution) -> list[Instant]:
    """The strokes at one or three times, in the states that the limit cycle has there."""
    found = []
    for k, stroke in enumerate(solution.cycle.strokes):
        if not isinstance(stroke, Stroke):
            continue
        ends = [
            (f"the limit cycle at the {word} of stroke {k}", np.asarray(rho))
            for word, rho in zip(("start", "end"), solution.states[k : k + 2], strict=True)
            if np.all(np.isfinite(np.asarray(rho)))
        ]
        name = f"strokes[{k}].system."
        if not _moves(stroke.system):
            found.append(Instant(stroke.system, 0.0, name, ends, alone=False))
            continue
        for s in LOOKS:
            here = {0.0: ends[:1], 1.0: ends[-1:]}.get(s, [])
            found.append(Instant(stroke.system, s, name, here, alone=False))
    return found


def _moves(system: OpenSystem) -> bool:
    """Whether anything in a system depends on time."""
    channels = [c for bath in system.baths for c in bath.channels(system.hamiltonian)]
    fixed = [isinstance(c, Channel) and isinstance(c.rate, Constant) for c in channels]
    return not (system.hamiltonian.constant and system.energy_hamiltonian.constant and all(fixed))


def _limit_cycle(solution: CycleSolution) -> list[Finding]:
    """Whether there is one limit cycle, and whether it was found."""
    increment = np.asarray(solution.fixed.map_increment)
    finite = bool(np.all(np.isfinite(increment)))
    values = np.linalg.svd(increment if finite else np.eye(1), compute_uv=False)
    count = int(np.sum(values <= max(1e-12, 4 * values.size * np.finfo(increment.dtype).eps)))
    if count > 1:
        sentence = (
            f"the limit cycle is not unique: one cycle conserves {count} independent quantities, "
            "the trace among them."
        )
        remedy = (
            "Put a stroke in contact with a bath that moves every state, or follow `transient` "
            "from the state that is meant."
        )
        return [Finding("limit_cycle", "doubtful", "cycle", {"conserved": count}, sentence, remedy)]
    if bool(solution.result == RESULTS.successful):
        return []
    sentence = f"the limit cycle was not found to the tolerance. {RESULTS[solution.result]}"
    remedy = "Mend this first: the rest looks at what was found."
    numbers = {"error": float(solution.error)}
    return [Finding("limit_cycle", "doubtful", "cycle", numbers, sentence, remedy)]


def _second_law(solution: CycleSolution) -> list[Finding] | str:
    """The sign of Spohn's production per cycle."""
    produced = float(solution.spohn_production)
    if not np.isfinite(produced):
        return "a bath without a temperature, or at T = 0, carries heat"
    if not produced < -float(solution.error_of("spohn_production")):
        return []
    return [
        Finding(
            "second_law",
            "violation",
            "cycle",
            {"production": produced},
            f"Spohn's production per cycle, -sum Q_k/T_k, is {produced:.4g}: the cycle beats the "
            "second law as these temperatures count it.",
            "Look at the findings about its baths: one of them does not thermalize to its T_k.",
        )
    ]


def _summary(instants: list[Instant], whole: dict[str, list[Finding] | str]) -> Audit:
    """What all checks found at all instants, the most severe of each kind and place."""
    outcomes = {name: [check(x) for x in instants] for name, check in CHECKS.items()}
    outcomes |= {name: [found] for name, found in whole.items()}
    kept: dict[tuple[str, str], Finding] = {}
    passed, skipped = [], []
    for name, found in outcomes.items():
        lists = [each for each in found if not isinstance(each, str)]
        if not lists:
            skipped.append((name, next(iter(found), "no stroke with a system")))
        elif not any(lists):
            passed.append(name)
        for finding in (finding for each in lists for finding in each):
            place = finding.check, finding.where
            if place not in kept or _rank(finding) < _rank(kept[place]):
                kept[place] = finding
    return Audit(tuple(sorted(kept.values(), key=_rank)), tuple(passed), tuple(skipped))


def _rank(finding: Finding) -> int:
    return SEVERITIES.index(finding.severity)
