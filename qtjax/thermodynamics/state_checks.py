"""Checks of what baths do to states at one instant: signs, uniqueness, truncation.

A check returns its findings, or in words why there was nothing to look at.
"""

from collections.abc import Sequence

import numpy as np

from ..algebra.states import TRUNCATION_TOLERANCE, oscillator_frequency
from ..dynamics.dissipators import has_reference
from .findings import Finding
from .instants import LARGEST, Contact, Instant, Matrix, precision

BESIDE = "a state next to its reference state"


def spohn(x: Instant) -> list[Finding] | str:
    """The sign of Spohn's production with the total H: at the states that are known, bath by bath.

    A bath that moves its reference state pi has a state near it, pi + c D(pi), with a negative
    production of its own; in the states that are known the sum counts.
    """
    known = [c for c in x.contacts if has_reference(c.bath) and not c.is_cold]
    if not known:
        return "no bath with a reference state of full rank"
    logs = [_log_reference(x, contact) for contact in known]
    found = []
    for contact, log in zip(known, logs, strict=True):
        states = [*x.states, *_displaced(x, contact)]
        value, words = _lowest([(*_production(contact, log, rho), w) for w, rho in states])
        if value < 0.0:
            severity = "note" if words == BESIDE else "doubtful"
            found.append(_negative(contact.where, severity, value, words))
    if len(known) == len(x.contacts):
        value, words = _lowest(_totals(x, known, logs))
        if value < 0.0:
            found.append(_negative(x.name.rstrip(".") or "system", "violation", value, words))
    return found


def _lowest(signs: Sequence[tuple[float, float, str]]) -> tuple[float, str]:
    """The production that is most negative against its scale, and where; 0 for rounding."""
    value, scale, words = min(signs, default=(0.0, 1.0, ""), key=lambda s: s[0] / (s[1] or 1.0))
    return (value, words) if value < -precision() * scale else (0.0, words)


def _totals(
    x: Instant, contacts: Sequence[Contact], logs: Sequence[Matrix]
) -> list[tuple[float, float, str]]:
    """Productions of all baths together, their scales, and in which states."""
    found = []
    for words, rho in x.states:
        each = [_production(c, log, rho) for c, log in zip(contacts, logs, strict=True)]
        value, scale = (sum(column) for column in zip(*each, strict=True))
        found.append((value, scale, words))
    return found


def _negative(where: str, severity: str, value: float, words: str) -> Finding:
    production = "Spohn's production, S' - sum Q_k'/T_k with the total H,"
    if severity == "violation":
        sentence = f"{production} is {value:.4g} in {words}: the second law is broken, as these "
        sentence += "temperatures and this H count it."
    else:
        sentence = f"its share of {production} is {value:.4g} in {words}; that of a bath which "
        sentence += "leaves its reference state as it is never falls below 0."
    return Finding(
        "spohn",
        severity,
        where,
        {"production": value},
        sentence,
        "Do not read its heats against T_k: use `DaviesBath` with the whole H, or count heat with "
        "the Hamiltonian that it thermalizes to (`OpenSystem(energy=...)`).",
    )


def _log_reference(x: Instant, contact: Contact) -> Matrix:
    """ln pi of a bath, up to a constant."""
    if contact.temperature is not None:
        return -x.energy / contact.temperature
    return _log(contact.reference(x.energy))


def _log(rho: Matrix) -> Matrix:
    values, vectors = np.linalg.eigh(rho)
    return (vectors * np.log(np.maximum(values, np.finfo(float).tiny))) @ vectors.conj().T


def _production(contact: Contact, log: Matrix, rho: Matrix) -> tuple[float, float]:
    """-tr(D(rho) (ln rho - ln pi)) and the size of what is summed; 0 where rho has no full rank."""
    if np.linalg.eigvalsh(rho)[0] < 1e-12:
        return 0.0, 1.0
    apart = _log(rho) - log
    apart = apart - np.trace(apart) / len(apart) * np.eye(len(apart))
    value = -np.trace(contact.dissipate(rho) @ apart).real
    return float(value), contact.size * float(np.max(np.abs(apart)))


def _displaced(x: Instant, contact: Contact) -> list[tuple[str, Matrix]]:
    """A state beside the reference state of a bath, where that moves it."""
    pi = contact.reference(x.energy)
    push = contact.dissipate(pi)
    size, room = np.linalg.norm(push, 2), np.linalg.eigvalsh(pi)[0]
    if size <= precision() * contact.size:
        return []
    return [(BESIDE, pi + 0.5 * room / size * push)]


def positivity(x: Instant) -> list[Finding] | str:
    """Negative canonical rates, and populations that they make negative."""
    found = []
    for contact in x.contacts:
        if np.all(contact.rates >= 0.0):
            continue
        least, largest, operator = _canonical(contact)
        if least >= -precision() * largest:
            continue
        fall = min(float(np.min(_off_diagonal(contact.flow(v)))) for v in _bases(x, operator))
        worst, words = min(
            ((float(np.linalg.eigvalsh(rho)[0]), words) for words, rho in x.states),
            default=(0.0, ""),
        )
        negative, falls = worst < -precision(), fall < -precision() * largest
        text = f"its canonical rates reach down to {least:.3g} (the largest is {largest:.3g}), so "
        text += "the evolution is not completely positive."
        if falls:
            text += f" A level that is empty can lose population at the rate {-fall:.3g}."
        if negative:
            text += f" In {words} a population is {worst:.3g}."
        found.append(
            Finding(
                "positivity",
                "violation" if negative else "doubtful" if falls else "note",
                contact.where,
                {"canonical_rate": least, "smallest_eigenvalue": worst, "fall": fall},
                text,
                "For a Redfield bath keep fewer frequencies together, or use weaker coupling; for "
                "a time-local model watch `ledger.smallest_eigenvalue`.",
            )
        )
    return found if x.contacts else "no bath"


def _canonical(contact: Contact) -> tuple[float, float, Matrix]:
    """The lowest canonical rate, the largest modulus of one, and the operator of the lowest."""
    jumps, d = contact.operators, contact.operators.shape[1]
    traceless = jumps - np.trace(jumps, axis1=1, axis2=2)[:, None, None] / d * np.eye(d)
    q, r = np.linalg.qr(traceless.reshape(len(jumps), -1).T)
    values, vectors = np.linalg.eigh((r * contact.rates) @ r.conj().T)
    return values[0], np.max(np.abs(values)), (q @ vectors[:, 0]).reshape(d, d)


def _bases(x: Instant, operator: Matrix) -> list[Matrix]:
    """Bases in which populations may be seen to fall below 0."""
    d = operator.shape[0]
    left, _, right = np.linalg.svd(operator)
    a = np.random.default_rng(0).normal(size=(8, d, d, 2)) @ np.array([1.0, 1.0j])
    return [x.basis, left, right.conj().T, *np.linalg.qr(a)[0]]


def _off_diagonal(a: Matrix) -> Matrix:
    return a[~np.eye(a.shape[0], dtype=bool)]


def steady_state(x: Instant) -> list[Finding] | str:
    """How many conserved quantities there are, one (the trace) where the steady state is unique."""
    if not x.alone:
        return "strokes have a limit cycle and no steady state"
    if not x.contacts:
        return "no bath"
    if x.h.shape[0] > LARGEST:
        return f"d = {x.h.shape[0]} is beyond {LARGEST}"
    count = x.null_space[0]
    if count <= 1:
        return []
    found = Finding(
        "steady_state",
        "doubtful",
        x.name.rstrip(".") or "system",
        {"conserved": count},
        f"the steady state is not unique: {count} independent quantities are conserved, the trace "
        "among them, so where a state goes depends on where it starts.",
        "Connect all levels by a bath (a symmetry of H and of all jump operators is in the way), "
        "or follow `evolve` from the state that is meant.",
    )
    return [found]


def truncation(x: Instant) -> list[Finding] | str:
    """The population of the highest level of truncated oscillators."""
    dims = x.system.dims or (x.h.shape[0],)
    bare = [np.asarray(part(x.t)) for part in x.system.parts] or [x.energy]
    sites = [k for k, h in enumerate(bare) if oscillator_frequency(h) is not None]
    if not sites or not x.states:
        return "no oscillator that shows as `number(d)` in H or in `parts`, or no state"
    found = []
    for k in sites:
        tops = [(_top(rho, dims, k), words) for words, rho in x.states]
        top, words = max(tops)
        if top > TRUNCATION_TOLERANCE:
            found.append(
                Finding(
                    "truncation",
                    "doubtful",
                    f"{x.name}parts[{k}]" if x.system.parts else x.name.rstrip(".") or "system",
                    {"top_population": top, "levels": dims[k]},
                    f"of {dims[k]} levels the highest has the population {top:.2g} in {words}; "
                    f"<n> is wrong by about {dims[k] * top:.2g}.",
                    "Keep more levels.",
                )
            )
    return found


def _top(rho: Matrix, dims: Sequence[int], site: int) -> float:
    """The population of the highest level of one part."""
    before, after = int(np.prod(dims[:site])), int(np.prod(dims[site + 1 :]))
    populations = np.real(np.diag(rho)).reshape(before, dims[site], after)
    return float(populations[:, -1].sum())
