"""Checks of baths at one instant: rates, reference states, and what a master equation assumes.

A check returns its findings, or in words why there was nothing to look at.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..algebra.levels import group_levels
from ..dynamics.davies import AbstractDaviesBath
from ..dynamics.dissipators import has_reference, is_thermal
from ..dynamics.local_bath import LocalBath
from ..dynamics.open_system import LEVY_KOSLOFF_TOLERANCE
from ..dynamics.secular import SECULAR_FACTOR, closest_pair
from .findings import Finding
from .instants import Contact, Instant, Matrix, precision

WEAK = 0.1  # a coupling up to this fraction of gap and temperature leaves a local bath alone
FAR = 10.0  # rates by which spacings should exceed them

Check = Callable[[Instant], list[Finding] | str]


def deviation(gaps: Matrix, weights: Matrix) -> float:
    """The standard deviation of frequencies."""
    return float(np.sqrt(max(weights @ gaps**2 - (weights @ gaps) ** 2, 0.0)))


def detailed_balance(x: Instant) -> list[Finding] | str:
    """Rates between levels of H against e^{-gap/T}, of thermal baths with definite frequencies."""
    found, looked = [], False
    for contact in x.contacts:
        width = precision(1e-6) * np.ptp(x.levels)
        definite = all(deviation(*x.frequencies(jump)) <= width for _, jump in contact.single)
        if contact.temperature is None or not definite or not contact.size:
            continue
        looked = True
        worst = _worst_pair(x, contact)
        if worst["defect"] > precision(LEVY_KOSLOFF_TOLERANCE):
            found.append(_unbalanced(contact, worst))
    return found if looked else "no thermal bath with transitions of definite frequencies"


def _worst_pair(x: Instant, contact: Contact) -> dict[str, float]:
    """The pair of levels whose rates are furthest from detailed balance."""
    sizes = np.asarray(group_levels(x.h))
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    flow = contact.flow(x.basis)
    flow = np.add.reduceat(np.add.reduceat(flow, starts, axis=0), starts, axis=1)
    energies = np.add.reduceat(x.levels, starts) / sizes
    largest = np.max(np.abs(flow - np.diag(np.diag(flow))), initial=0.0) or 1.0
    worst: dict[str, float] = {"defect": 0.0}
    assert contact.temperature is not None
    for j in range(len(sizes)):
        for i in range(j):
            gap = float(energies[j] - energies[i])
            ratio = np.exp(-gap / contact.temperature) if contact.temperature else 0.0
            down, up = float(flow[i, j]), float(flow[j, i])
            defect = abs(up - down * ratio) / largest
            if defect > worst["defect"]:
                worst = {
                    "defect": defect, "lower": i, "upper": j, "gap": gap, "up": up, "down": down,
                    "wanted": float(ratio),
                }  # fmt: skip
    return worst


def _unbalanced(contact: Contact, pair: dict[str, float]) -> Finding:
    up, down, gap = pair["up"], pair["down"], pair["gap"]
    if up <= 0.0 or down <= 0.0:
        acts = "which no temperature above 0 has"
    elif up >= down:
        acts = "an inversion, which no bath of positive temperature makes"
    else:
        acts = f"those of T = {gap / np.log(down / up):.4g}"
    return Finding(
        "detailed_balance",
        "doubtful",
        contact.where,
        pair | {"temperature": contact.temperature or 0.0},
        f"it lifts level {pair['lower']:g} to {pair['upper']:g}, {gap:.4g} above, at the rate "
        f"{up:.4g} and brings it back at {down:.4g}; detailed balance at its temperature "
        f"{contact.temperature:.4g} asks for the ratio {pair['wanted']:.4g}. "
        f"These rates are {acts}.",
        "Give rates with up = down e^(-gap/T) (`LocalBath` and `DaviesBath` make them), or the "
        "temperature that they have.",
    )


def temperature(x: Instant) -> list[Finding] | str:
    """Dissipators without a temperature that carry heat."""
    athermal = [contact for contact in x.contacts if not has_reference(contact.bath)]
    found, spread_of_h = [], float(np.ptp(np.linalg.eigvalsh(x.energy)))
    for contact in athermal:
        largest = float(np.linalg.norm(contact.heat(x.energy), 2))
        if largest > precision() * contact.size * spread_of_h:
            found.append(
                Finding(
                    "temperature",
                    "doubtful",
                    contact.where,
                    {"largest_heat_current": largest},
                    f"it carries heat (up to {largest:.4g} per time) but has no temperature: "
                    "Spohn's production is nan with it.",
                    "Give it `temperature=` if it is a thermal bath, or define `reference`.",
                )
            )
    return found if athermal else "every bath has a temperature or a reference state"


def reference_state(x: Instant) -> list[Finding] | str:
    """Whether each bath alone leaves its reference state as it is."""
    found, known = [], [c for c in x.contacts if has_reference(c.bath)]
    for contact in known:
        moved = contact.dissipate(contact.reference(x.energy))
        defect = float(np.max(np.abs(moved))) / (contact.size or 1.0)
        if defect > precision(LEVY_KOSLOFF_TOLERANCE):
            own = not is_thermal(contact.bath)
            state = "its reference state" if own else "the Gibbs state of H at its temperature"
            found.append(
                Finding(
                    "reference_state",
                    "doubtful" if defect > 1e-2 else "note",
                    contact.where,
                    {"defect": defect},
                    f"alone it would not leave {state} as it is: it moves it by {defect:.2g} of "
                    "its rates. Spohn's production need not be >= 0 with it (Levy and Kosloff, "
                    "2014).",
                    "Make `reference` the state that its channels leave."
                    if own
                    else "Use `DaviesBath`, or `AdiabaticBath` where H moves, or read heats with "
                    "the Hamiltonian that it thermalizes to (`OpenSystem(energy=...)`).",
                )
            )
    return found if known else "no bath with a reference state"


def secular(x: Instant) -> list[Finding] | str:
    """Spacings of Bohr frequencies against the rates, where a secular step was made."""
    found, looked = [], False
    for contact in x.contacts:
        bath = contact.bath
        if not isinstance(bath, AbstractDaviesBath) or len(bath.transitions.groups) < 2:
            continue
        looked = True
        h = np.asarray(bath.generator_of(x.h))
        pair = closest_pair(bath, h)
        if pair.spacing < FAR * pair.rate:
            doubtful = pair.spacing < SECULAR_FACTOR * pair.rate
            grouping = 2.0 * pair.spacing / float(np.ptp(np.linalg.eigvalsh(h)))
            found.append(
                Finding(
                    "secular",
                    "doubtful" if doubtful else "note",
                    contact.where,
                    {"spacing": pair.spacing, "rate": pair.rate, "frequency": pair.frequency},
                    f"it keeps apart two Bohr frequencies near {pair.frequency:.6g} whose spacing "
                    f"{pair.spacing:.3g} is {pair.spacing / pair.rate:.2g} times the rate "
                    f"{pair.rate:.3g} at which it drives both: what its secular step drops between "
                    f"them {'does not' if doubtful else 'hardly'} average out.",
                    "Group them where the spacing is far below the rate "
                    f"(`transitions=bohr_transitions(h, tolerance={grouping:.1g})`), use weaker "
                    "coupling, or a Redfield bath, which keeps them.",
                )
            )
    return found if looked else "no bath that keeps two Bohr frequencies apart"


def local_bath(x: Instant) -> list[Finding] | str:
    """The coupling that a local bath does not know of, against its gap and temperature."""
    found, local = [], [c for c in x.contacts if isinstance(c.bath, LocalBath) and c.size]
    for contact in local:
        bath: Any = contact.bath
        lowering, gap = np.asarray(bath.lowering), float(bath.gap(x.t))
        off = x.h @ lowering - lowering @ x.h + gap * lowering
        if x.system.energy is not None:  # in a rotating frame H has not all of the gap
            overlap, size = np.vdot(lowering, off), np.vdot(lowering, lowering).real
            off = off - overlap / size * lowering
        rho = contact.reference(x.energy)
        coupling = _size(off, rho) / _size(lowering, rho)
        scales = [gap, *([contact.temperature] if contact.temperature else [])]
        if coupling > WEAK * min(scales):
            found.append(
                Finding(
                    "local_bath",
                    "doubtful",
                    contact.where,
                    {"coupling": coupling, "gap": gap, "temperature": contact.temperature or 0.0},
                    f"it knows a transition of gap {gap:.4g}, but H couples or detunes it by "
                    f"{coupling:.3g} (its temperature is {contact.temperature:.4g}): a local bath "
                    "is right where that is small against both.",
                    "Use `DaviesBath` with the whole H and this coupling, or a Redfield bath where "
                    "levels nearly coincide.",
                )
            )
    return found if local else "no local bath that acts"


def _size(a: Matrix, rho: Matrix) -> float:
    """The root of <A^+ A + A A^+>, in which levels that are hardly populated hardly count."""
    adjoint = a.conj().T
    return float(np.sqrt(np.trace(rho @ (adjoint @ a + a @ adjoint)).real))


def bohr_frequencies(x: Instant) -> list[Finding] | str:
    """Thermal jump operators that join transitions of different frequency."""
    found, looked = [], False
    for contact in x.contacts:
        t = None if contact.bath.has_own_reference else contact.own_temperature
        if isinstance(contact.bath, LocalBath) or t is None:
            continue
        for rate, jump in contact.single:
            looked = True
            gaps, weights = x.frequencies(jump)
            width, size = deviation(gaps, weights), abs(rate) * float(np.linalg.norm(jump, 2)) ** 2
            wide = width > 0.05 * t and width > precision(1e-6) * np.ptp(x.levels)
            if width > size and wide:
                found.append(_joined(contact, gaps, width, size))
                break
    return found if looked else "no jump operators of thermal baths but local ones"


def _joined(contact: Contact, gaps: Matrix, width: float, size: float) -> Finding:
    return Finding(
        "bohr_frequencies",
        "doubtful",
        contact.where,
        {"lowest": gaps[0], "highest": gaps[-1], "spread": width, "rate": size},
        f"one jump operator joins Bohr frequencies from {gaps[0]:.4g} to {gaps[-1]:.4g} (spread "
        f"{width:.3g}) at one rate {size:.3g}: they turn apart faster than it acts, and a bath at "
        f"T = {contact.own_temperature:.4g} tells them apart.",
        "Give each frequency a jump operator and a rate of its own: `DaviesBath` finds them.",
    )
