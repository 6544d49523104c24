"""De Chiara et al.: heat of local baths on two coupled qubits, from cold to hot and corrected."""

from functools import partial

import jax
import numpy as np

from ..dynamics.davies import DaviesBath
from ..dynamics.local_bath import LocalBath
from ..dynamics.open_system import OpenSystem, heat_currents
from ..dynamics.spectra import Flat
from ..dynamics.steady_state import steady_state
from ..dynamics.transitions import bohr_transitions
from .entries import Paper, entry

GAPS, TEMPERATURES = (1.0, 0.6), (2.0, 1.0)  # (hot, cold)
COUPLING, RATE = 0.6, 0.1


LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
LOWERS = np.kron(LOWER, np.eye(2)), np.kron(np.eye(2), LOWER)


def operators():
    """The Hamiltonian without and with the coupling g xx."""
    bare = GAPS[0] * LOWERS[0].T @ LOWERS[0] + GAPS[1] * LOWERS[1].T @ LOWERS[1]
    return bare, bare + COUPLING * (LOWERS[0] + LOWERS[0].T) @ (LOWERS[1] + LOWERS[1].T)


@partial(jax.jit, static_argnums=0)
def all_heats(transitions):
    """Heats from (hot, cold) baths: local ones by all of H and by its bare part, global ones."""
    bare, h = operators()
    baths = [
        LocalBath(a, w, t, Flat(RATE)) for a, w, t in zip(LOWERS, GAPS, TEMPERATURES, strict=True)
    ]
    local, with_bare = OpenSystem(h, baths), OpenSystem(h, baths, bare)
    davies = [
        DaviesBath(h, a + a.T, t, Flat(RATE), transitions=transitions)
        for a, t in zip(LOWERS, TEMPERATURES, strict=True)
    ]
    whole = OpenSystem(h, davies)
    rho, tau = (steady_state(system, throw=False).state for system in (local, whole))
    pairs = (local, rho), (with_bare, rho), (whole, tau)
    return [heat_currents(system, 0.0, state) for system, state in pairs]


def by_matrix():
    """The local ones from a 16 x 16 Liouvillian (NumPy)."""
    (bare, h), one, flows = operators(), np.eye(4), []
    for a, w, t in zip(LOWERS, GAPS, TEMPERATURES, strict=True):
        n, flow = 1.0 / np.expm1(w / t), np.zeros((16, 16))
        for rate, jump in ((RATE * (n + 1.0), a), (RATE * n, a.T)):
            square = jump.T @ jump
            flow = flow + rate * np.kron(jump, jump)
            flow = flow - 0.5 * rate * (np.kron(square, one) + np.kron(one, square))
        flows.append(flow)
    whole = -1j * (np.kron(h, one) - np.kron(one, h)) + sum(flows)
    trace = one.reshape(-1)
    rho = np.linalg.solve(whole + np.outer(trace, trace), trace)
    return [[float(np.real(x.reshape(-1) @ (flow @ rho))) for flow in flows] for x in (h, bare)]


def by_rates():
    """The global ones from the rate equation of four levels (NumPy)."""
    energies, v = np.linalg.eigh(operators()[1])
    w, rates = energies[:, None] - energies, []  # from column to row
    w = np.where(np.abs(w) < 1e-9, np.inf, w)
    for lower, t in zip(LOWERS, TEMPERATURES, strict=True):
        a = v.T @ (lower + lower.T) @ v
        rates.append(RATE * a**2 * np.sign(w) / np.expm1(w / t))
    total = np.sum(rates, axis=0)
    matrix = total - np.diag(total.sum(axis=0))
    p = np.linalg.solve(np.vstack([matrix[:3], np.ones(4)]), np.eye(4)[3])
    return [energies @ (m @ p) - (m.sum(axis=0) * energies) @ p for m in rates]


def clausius(heats):
    """-(Q_h/T_h + Q_c/T_c)."""
    return -sum(q / t for q, t in zip(heats, TEMPERATURES, strict=True))


def _entries():
    full, bare, whole = all_heats(bohr_transitions(operators()[1]))
    (closed_full, closed_bare), closed_whole = by_matrix(), by_rates()
    found = []
    for name, ours, published, source in (
        ("local, energy H", full, closed_full, "16 x 16 Liouvillian (NumPy)"),
        ("local, bare energy", bare, closed_bare, "16 x 16 Liouvillian (NumPy)"),
        ("global", whole, closed_whole, "rate equation of four levels (NumPy)"),
    ):
        found.append(entry(f"heat from the hot bath, {name}", ours[0], published[0], source))
        quantity = f"-(Q_h/T_h + Q_c/T_c) per time, {name}"
        found.append(entry(quantity, clausius(ours), clausius(published), source))
    source = "16 x 16 Liouvillian (NumPy)"
    found.append(entry("power of the coupling that the bare energy asks for", -sum(bare),
                       -sum(closed_bare), source))  # fmt: skip
    return found


PAPER = Paper(
    "de_chiara_2018",
    "G. De Chiara, G. Landi, A. Hewgill, B. Reid, A. Ferraro, A. J. Roncaglia, M. Antezza, "
    "Reconciliation of quantum local master equations with thermodynamics, New J. Phys. 20, 113024 "
    "(2018)",
    "Local baths on two qubits with the coupling g xx drive heat into the hot bath if all of H is "
    "called energy; with the bare energy the coupling does work and Clausius' sum is positive.",
    "Gaps 1 and 0.6, T = 2 and 1, g = 0.6, gamma = 0.1.",
    _entries,
)
