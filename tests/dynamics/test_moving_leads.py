"""Leads whose chemical potential is a function of time: states, heat, chemical work, cycles."""

from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import qtjax as qt
from qtjax.dynamics import FermionicLead
from qtjax.dynamics.acting import acting_equation
from qtjax.dynamics.equation_of_motion import equation_of_motion

E, T, GAMMA, D, N = 1.0, 0.5, 0.3, qt.destroy(2), qt.number(2)
EMPTY = qt.pure_state(np.array([1.0, 0.0]))
OTHER = FermionicLead(D, E, 1.0, 0.2, 0.1)
TS = np.linspace(0.0, 3.0, 4)


def dot(mu, gamma=GAMMA):
    return qt.OpenSystem(E * N, [FermionicLead(D, E, T, mu, gamma), OTHER])


def books(mu, p, duration, ts=None):
    """Occupation, particles from both leads, chemical works, heat from the first, by SciPy."""

    def flow(s, y):
        first = GAMMA * (1.0 / (np.exp((E - mu(s)) / T) + 1.0) - y[0])
        second = 0.1 * (1.0 / (np.exp(E - 0.2) + 1.0) - y[0])
        rates = [first + second, first, second, mu(s) * first, 0.2 * second, (E - mu(s)) * first]
        return duration * np.array(rates)

    end = 1.0 if ts is None else ts[-1]
    start = [p, 0.0, 0.0, 0.0, 0.0, 0.0]
    return solve_ivp(flow, (0.0, end), start, "DOP853", t_eval=ts, rtol=1e-12, atol=1e-14).y


def waves(xp):
    return lambda t: 0.4 * xp.sin(2.0 * t) + 0.3 * t


@pytest.mark.parametrize(
    ("mu", "options"),
    [
        (waves(jnp), {}),
        pytest.param(
            waves(jnp),
            {"solver": diffrax.Dopri8(), "rtol": 1e-10, "atol": 1e-12},
            marks=pytest.mark.slow,
        ),
        pytest.param(qt.Linear(0.2, 1.4, 0.0, 3.0), {}, marks=pytest.mark.slow),
    ],
)
def test_books_along_a_trajectory(mu, options):
    known = waves(np) if callable(mu) and not isinstance(mu, qt.Linear) else lambda t: 0.2 + 0.4 * t
    system = dot(mu)
    solution = qt.evolve(system, EMPTY, TS, **options)
    assert solution.result == qt.RESULTS.successful
    wanted = books(known, 0.0, 1.0, TS)
    ledger: Any = solution.ledger
    np.testing.assert_allclose(solution.saved[:, 1, 1].real, wanted[0], atol=1e-9)
    np.testing.assert_allclose(ledger.particles.T, wanted[1:3], atol=1e-9)
    np.testing.assert_allclose(ledger.heat[:, 0], wanted[5], atol=1e-9)
    chemical = ledger.chemical_work.reshape(len(TS), -1).sum(axis=1)
    np.testing.assert_allclose(chemical, wanted[3] + wanted[4], atol=1e-9)
    assert float(np.max(np.abs(ledger.first_law_residual))) < 1e-9


def test_rates_are_those_of_the_moment():
    system, p, t = dot(waves(jnp)), 0.3, 1.3
    rho, mu = jnp.diag(jnp.array([1 - p, p])) + 0j, waves(np)(t)
    at_time = qt.OpenSystem(E * N, [system.baths[0].at(t), OTHER])
    found, wanted = qt.rates(system, t, rho), qt.rates(at_time, 0.0, rho)
    current = GAMMA * (1.0 / (np.exp((E - mu) / T) + 1.0) - p)
    assert float(found.heat_currents[0]) == pytest.approx((E - mu) * current, rel=1e-13)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    lead: Any = system.baths[0].at(t)
    assert float(lead.chemical_potential) == pytest.approx(mu)
    with pytest.raises(ValueError, match=r"at one time, as `bath\.at\(t\)`"):
        system.baths[0].reference(E * N)


def test_the_action_on_many_levels_keeps_the_same_books():
    system, t = dot(waves(jnp)), 0.7
    x = jnp.array([0.5, 0.1, -0.2, 0.3])
    generator = equation_of_motion(system, 1.3).dense()(t, 1.0)
    action = acting_equation(system, 1.3).action
    assert action is not None
    np.testing.assert_allclose(action(t, x), generator @ x, atol=1e-15)


@pytest.mark.slow
def test_a_limit_cycle_with_gradients():
    """By the duration and by both ends of mu(s), against differences of SciPy's limit cycle."""

    def figures(x):
        stroke = qt.Stroke(dot(qt.Linear(x[0], x[1])), x[2], ("left", "right"))
        solution: Any = qt.limit_cycle(qt.Cycle([stroke]), throw=False)
        return jnp.stack([solution.named_heats["left"], solution.chemical_works[0]]), solution

    def reference(x):
        mu = lambda s: x[0] + (x[1] - x[0]) * s  # noqa: E731
        ends = [books(mu, p, x[2])[0, -1] for p in (0.0, 1.0)]
        found = books(mu, ends[0] / (1.0 - ends[1] + ends[0]), x[2])[:, -1]
        return np.array([found[5], found[3] + found[4]])

    x, h = np.array([-0.4, 1.2, 2.5]), 1e-3
    slopes, (values, solution) = jax.jit(
        lambda x: (jax.jacfwd(lambda x: figures(x)[0])(x), figures(x))
    )(x)
    assert solution.result == qt.RESULTS.successful
    np.testing.assert_allclose(values, reference(x), atol=1e-10)
    wanted = [
        np.array([1, -8, 8, -1]) @ [reference(x + k * h * e) for k in (-2, -1, 1, 2)] / (12 * h)
        for e in np.eye(3)
    ]
    np.testing.assert_allclose(slopes.T, wanted, atol=1e-8)
    assert float(solution.work + solution.heats.sum()) == pytest.approx(0.0, abs=1e-14)
    flux = solution.bath_heats[0] @ np.array([1 / T, 1.0])
    assert float(solution.spohn_production) == pytest.approx(-float(flux), abs=1e-14)


@pytest.mark.slow
def test_a_stroke_in_time_is_the_stroke():
    stroke = qt.Stroke(dot(qt.Linear(-0.4, 1.2)), 2.5)
    cycle: Any = qt.limit_cycle(qt.Cycle([stroke]))
    solution: Any = qt.evolve(stroke.in_time(), cycle.states[0], [0.0, 2.5])
    np.testing.assert_allclose(solution.ledger.heat[-1], cycle.bath_heats[0], atol=1e-9)
    chemical = float(jnp.sum(solution.ledger.chemical_work[-1]))
    assert chemical == pytest.approx(float(cycle.chemical_works[0]), abs=1e-9)


def test_an_audit_counts_with_the_chemical_potential():
    """Fixed or moving, and with squeezing: what each bath leaves alone is no Gibbs state of H."""
    squeezed = qt.dynamics.SqueezedBath(D, E, T, qt.Flat(0.1), squeezing=0.1)
    for baths in ([FermionicLead(D, E, T, 1.4, GAMMA), OTHER], dot(waves(jnp)).baths, squeezed):
        found = qt.machines.audit(qt.OpenSystem(E * N, baths))
        assert {"reference_state", "spohn"} <= set(found.passed)
        assert not {f.check for f in found.findings} & {"detailed_balance", "spohn"}


C1, C2 = (np.asarray(c) for c in qt.algebra.fermions(2))
N1, N2 = C1.conj().T @ C1, C2.conj().T @ C2
DOTS = N1 + 1.3 * N2 + 0.4 * (C1.conj().T @ C2 + C2.conj().T @ C1) + 0.5 * N1 @ N2


def two_dots(mu):
    """Two coupled dots, each with a lead that knows H; mu of the first one moves."""
    first = qt.dynamics.RedfieldLead(C1, T, mu, GAMMA, number=N1 + N2)
    return qt.OpenSystem(DOTS, [first, qt.dynamics.RedfieldLead(C2, 0.9, 0.2, 0.2, number=N1 + N2)])


def redfield(c, mu, t, gamma):
    """The generator of a lead on vectors of rows, in NumPy, (16, 16)."""
    energies, v = np.linalg.eigh(DOTS)
    w, d = energies - energies[:, None], 0.0
    filled = [1.0 / (np.exp((x - mu) / t) + 1.0) for x in (w, -w)]
    for a, weight in ((c, 1.0 - filled[0]), (c.conj().T, filled[1])):
        left = v @ (gamma / 2.0 * weight * (v.conj().T @ a @ v)) @ v.conj().T
        lost, one = a.conj().T @ left, np.eye(4)
        d = d + np.kron(left, a.conj()) + np.kron(a, left.conj())
        d = d - np.kron(lost, one) - np.kron(one, lost.conj())
    return d


def dots_map(mu, duration, ts=None):
    """Of the state: it, and particles, chemical work and heat from the first lead, by SciPy."""
    unitary = -1j * (np.kron(DOTS, np.eye(4)) - np.kron(np.eye(4), DOTS.T))
    second = redfield(C2, 0.2, 0.9, 0.2)

    def flow(s, y):
        y = y.reshape(19, 16)[:16]
        first = redfield(C1, mu(s), T, GAMMA)
        n, e = (a.T.reshape(1, -1) @ first @ y for a in (N1 + N2, DOTS))
        moved = [(unitary + first + second) @ y, n, mu(s) * n, e - mu(s) * n]
        return duration * np.concatenate(moved).ravel()

    start, end = np.eye(19, 16).astype(complex).ravel(), 1.0 if ts is None else ts[-1]
    found = solve_ivp(flow, (0.0, end), start, "DOP853", t_eval=ts, rtol=1e-11, atol=1e-13).y
    return found.T.reshape(-1, 19, 16)


def test_books_of_a_lead_that_knows_the_hamiltonian():
    rho = np.diag([0.4, 0.3, 0.2, 0.1]) + 0j
    rho[1, 2], rho[2, 1] = 0.1 + 0.05j, 0.1 - 0.05j
    solution = qt.evolve(two_dots(waves(jnp)), rho, TS)
    wanted = dots_map(waves(np), 1.0, TS) @ rho.ravel()
    ledger: Any = solution.ledger
    np.testing.assert_allclose(solution.saved.reshape(4, 16), wanted[:, :16], atol=1e-9)
    found = [ledger.particles, ledger.chemical_work, ledger.heat]
    np.testing.assert_allclose([x[:, 0] for x in found], wanted[:, 16:].T.real, atol=1e-9)
    assert float(np.max(np.abs(ledger.first_law_residual))) < 1e-12


@pytest.mark.slow
def test_a_limit_cycle_of_such_a_lead_with_gradients():
    def figures(x):
        stroke = qt.Stroke(two_dots(qt.Linear(x[0], x[1])), x[2])
        solution: Any = qt.limit_cycle(qt.Cycle([stroke]), throw=False)
        return jnp.stack([solution.bath_heats[0][0], solution.chemical_works[0]]), solution

    def reference(x):
        whole = dots_map(lambda s: x[0] + (x[1] - x[0]) * s, x[2])[-1]
        closed = np.concatenate([whole[:16] - np.eye(16), np.eye(4).reshape(1, -1)])
        rho = np.linalg.lstsq(closed, np.eye(17)[-1], rcond=None)[0]
        return (whole[16:] @ rho).real

    x, h = np.array([-0.4, 1.2, 2.5]), 1e-3
    slopes, (values, solution) = jax.jit(
        lambda x: (jax.jacfwd(lambda x: figures(x)[0][0])(x), figures(x))
    )(x)
    assert solution.result == qt.RESULTS.successful
    np.testing.assert_allclose(values[0], reference(x)[2], atol=1e-10)
    wanted = [
        np.array([1, -8, 8, -1]) @ [reference(x + k * h * e)[2] for k in (-2, -1, 1, 2)] / (12 * h)
        for e in np.eye(3)
    ]
    np.testing.assert_allclose(slopes, wanted, atol=1e-8)
    flux = solution.bath_heats[0] @ np.array([1 / T, 1 / 0.9])
    assert float(solution.spohn_production) == pytest.approx(-float(flux), abs=1e-12)
