"""A state that is moved as a matrix goes where the generator takes its components."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.dynamics import acting

pytestmark = pytest.mark.filterwarnings("ignore:`baths")  # local ones on driven levels
TS = np.array([0.0, 0.4, 1.1, 2.0])
N, X, LOWER = qt.number(2), qt.sigmax(), qt.destroy(2)
RHO = np.array([[0.7, 0.1 + 0.2j], [0.1 - 0.2j, 0.3]])
PULSE = qt.PiecewiseConstant([0.5, 1.3], [0.2, 0.9, -0.3])
RATE = qt.Linear(0.1, 0.4, 0.0, 2.0)
LEAD = qt.dynamics.FermionicLead(LOWER, 1.0, 0.5, 0.3, 0.2)
WIRE = qt.OpenSystem(
    qt.Driven([(lambda t: 1.0 + 0.3 * jnp.sin(t), N)]),
    [LEAD, qt.LocalBath(LOWER, 1.0, 1.0, qt.Flat(0.1))],
)
SYSTEMS = {
    "line and local bath": qt.OpenSystem(
        qt.Driven([(qt.Linear(0.5, 1.5, 0.0, 2.0), N), (0.3, X)]),
        qt.LocalBath(LOWER, 1.0, 0.5, qt.Flat(0.3)),
    ),
    "jumps of H": qt.OpenSystem(
        qt.Driven([(PULSE, X), (1.0, N)]), qt.Lindblad([LOWER, N], [0.3, RATE])
    ),
    "an energy of its own": qt.OpenSystem(
        qt.Driven([(lambda t: jnp.cos(2.0 * t), X), (1.0, N)]), qt.Lindblad(LOWER, 0.2),
        energy=qt.Driven([(qt.Linear(1.0, 2.0, 0.0, 2.0), N)]),
    ),
    "a bath that follows": qt.OpenSystem(
        qt.Driven([(qt.Linear(0.5, 1.5, 0.0, 2.0), N), (0.3, X)]),
        [qt.AdiabaticBath(X, 0.5, qt.Flat(0.2)), qt.Lindblad(N, 0.1)],
    ),
    "two-operator channels": qt.OpenSystem(
        qt.Driven([(qt.Linear(0.5, 1.5, 0.0, 2.0), N)]),
        qt.dynamics.RedfieldBath(X, 0.7, qt.Ohmic(0.1, 5.0)),
    ),
    "a function of time": qt.OpenSystem(
        lambda t: jnp.asarray(N) + 0.4 * jnp.sin(t) * X, qt.Lindblad(LOWER, 0.2)
    ),
    "particles": WIRE,
    "no bath": qt.OpenSystem(qt.Driven([(qt.Linear(0.5, 1.5, 0.0, 2.0), N), (0.3, X)])),
}  # fmt: skip


LIMITS = ("SUM_DIMENSION", "FOLLOWED_LEVELS", "FEW_LEVELS", "STILL_LEVELS", "COST")
DAILY = ("jumps of H", "an energy of its own", "particles")


@pytest.mark.parametrize(
    "name",
    [name if name in DAILY else pytest.param(name, marks=pytest.mark.slow) for name in SYSTEMS],
)
def test_states_and_books_are_those_of_the_matrix(name, monkeypatch):
    system, save = SYSTEMS[name], lambda s, t, rho: rho
    exact = qt.evolve(system, RHO, TS, save=save, rtol=1e-10, atol=1e-12)
    for limit in LIMITS:
        monkeypatch.setattr(acting, limit, 0)
    found = qt.evolve(system, RHO, TS, save=save, rtol=1e-10, atol=1e-12)
    assert found.method == ("diffrax" if system.baths else "unitary")
    assert not system.baths or "generator on 2 levels" in found.reason
    np.testing.assert_allclose(found.saved, exact.saved, atol=1e-9)
    for book in ("heat", "work", "particles", "chemical_work", "energy"):
        mine, other = getattr(found.ledger, book), getattr(exact.ledger, book)
        assert (mine is None) == (other is None)
        if mine is not None:
            np.testing.assert_allclose(mine, other, atol=1e-9)


@pytest.mark.slow
def test_gradients_are_those_of_the_matrix(monkeypatch):
    def heat(x):
        h = qt.Driven([(qt.Linear(0.5, x[0], 0.0, 2.0), N), (0.3, X)])
        system = qt.OpenSystem(h, qt.LocalBath(LOWER, 1.0, x[1], qt.Flat(0.3)))
        solution = qt.evolve(system, RHO, TS, rtol=1e-9, atol=1e-11, throw=False)
        return solution.ledger.heat[-1, 0] + solution.ledger.work[-1]

    x = jnp.array([1.5, 0.5])
    exact = jax.grad(heat)(x)
    for limit in LIMITS:
        monkeypatch.setattr(acting, limit, 0)
    np.testing.assert_allclose(jax.grad(heat)(x), exact, atol=1e-7)


def test_what_decides_is_how_many_entries_are_filled():
    d = 20
    full = np.random.default_rng(0).normal(size=(d, d))
    ramp, sparse = qt.Linear(0.0, 1.0, 0.0, 1.0), np.diag(np.arange(d - 1.0), 1)

    def system(operator, jump, rate=ramp):
        return qt.OpenSystem(qt.Driven([(rate, operator + operator.T)]), qt.Lindblad(jump, 0.1))

    assert acting.acts(system(full, full))
    assert acting.acts(system(full, sparse))
    assert not acting.acts(system(sparse, sparse))
    assert not acting.acts(system(full, full, 1.0))  # one exponential
    assert not acting.acts(system(full[:4, :4], full[:4, :4]))
    assert not acting.acts(system(full[:8, :8], full[:8, :8]))
    assert qt.evolve(system(full, full), np.eye(d) / d, [0.0, 0.1]).method == "diffrax"
    taylor = qt.evolve(system(full, full), np.eye(d) / d, [0.0, 0.1], solver=qt.dynamics.Taylor())
    assert taylor.method == "taylor"


def test_what_moves_anew_at_every_time_acts_from_few_levels_on():
    def system(d):
        return qt.OpenSystem(lambda t: np.diag(np.arange(d)) + jnp.sin(t * np.ones((d, d))))

    def followed(d):
        h = qt.Driven([(qt.Linear(1.0, 2.0), np.diag(np.arange(d) ** 2.0))])
        transitions = qt.dynamics.bohr_transitions(np.diag(np.arange(d) ** 2.0))
        bath = qt.AdiabaticBath(np.ones((d, d)), 1.0, qt.Flat(0.1), transitions=transitions)
        return qt.OpenSystem(h, bath)

    assert [acting.acts(system(d)) for d in (2, 4, 5, 8)] == [False, False, True, True]
    assert [acting.acts(followed(d)) for d in (2, 6, 7)] == [False, False, True]
    rho = np.diag([0.1, 0.2, 0.3, 0.2, 0.2])
    found, exact = (qt.evolve(system(5), rho, TS, solver=s) for s in (None, qt.Magnus()))
    assert found.method == "unitary"
    np.testing.assert_allclose(found.saved, exact.saved, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.ledger.work, exact.ledger.work, rtol=0, atol=1e-10)
    assert np.max(np.abs(found.ledger.entropy - found.ledger.entropy[0])) < 1e-14
