"""Drives whose slope jumps: work and its derivatives against closed forms.

H = f(t) |1><1| and a decay at rate g from |1>: the population is e^(-g t), whatever f is, and the
work the integral of f' e^(-g t).
"""

import functools
import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate

import qtjax as qt

RATE, KINK, LAST = 0.3, 4.321, 10.0
GRID = np.array([0.0, 1.3, 4.321, 7.7, 10.0])
HEIGHTS = np.array([0.0, 0.9, 0.2, 1.1, 0.4])
DRIVES = {
    "abs": (lambda t, c: jnp.abs(t - c), lambda t: np.sign(t - KINK)),
    "maximum": (lambda t, c: jnp.maximum(t - c, 0.0), lambda t: float(t > KINK)),
    "where": (lambda t, c: jnp.where(t < c, t, 2.0 * c - t), lambda t: np.sign(KINK - t)),
    "clip": (lambda t, c: jnp.clip(t / c, 0.0, 1.0), lambda t: float(t < KINK) / KINK),
    "interp": (
        lambda t, c: jnp.interp(t, GRID, HEIGHTS),
        lambda t: (np.diff(HEIGHTS) / np.diff(GRID))[np.searchsorted(GRID, t) - 1],
    ),
}


def solved(drive, c, rate, rho0):
    hamiltonian = qt.Driven([(lambda t: drive(t, c), qt.number(2))])
    baths = () if rate is None else qt.Lindblad(qt.destroy(2), rate)
    return qt.evolve(qt.OpenSystem(hamiltonian, baths), rho0, [0.0, LAST], throw=False)


@functools.cache
def work(name):
    """c -> the work and its derivative, nan where it is not successful."""

    @jax.jit
    @jax.value_and_grad
    def of(c):
        solution = solved(DRIVES[name][0], c, RATE, qt.pure_state([0, 1]))
        fine = solution.result == qt.RESULTS.successful
        return jnp.where(fine, solution.ledger.work[-1], jnp.nan)

    return of


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow if n in ("where", "maximum") else ()) for n in DRIVES],
)
def test_work_and_its_derivative_by_the_time_of_a_kink(name):
    slope = DRIVES[name][1]
    edges = np.unique([*GRID, KINK])
    pieces = [scipy.integrate.quad(lambda t: slope(t) * np.exp(-RATE * t), *pair)[0]
              for pair in itertools.pairwise(edges)]  # fmt: skip
    value, derivative = work(name)(KINK)
    assert float(value) == pytest.approx(sum(pieces), rel=1e-9)
    here = np.exp(-RATE * KINK)
    expected = {"abs": -2.0 * here, "maximum": -here, "where": 2.0 * here, "interp": 0.0}
    expected["clip"] = here / KINK - (1.0 - here) / RATE / KINK**2
    assert float(derivative) == pytest.approx(expected[name], rel=1e-8, abs=1e-12)


@pytest.mark.parametrize(
    "share", [1e-4, 1e-9, *(pytest.param(x, marks=pytest.mark.slow) for x in (1e-5, 1e-7, 1e-10))]
)
def test_work_and_its_derivative_by_a_kink_beside_an_edge(share):
    for kink in (share * LAST, LAST - share * LAST):
        value, derivative = work("abs")(kink)
        here = np.exp(-RATE * kink)
        expected = (2.0 * here - 1.0 - np.exp(-RATE * LAST)) / RATE
        assert float(value) == pytest.approx(expected, rel=1e-11)
        assert float(derivative) == pytest.approx(-2.0 * here, rel=1e-8)


@pytest.mark.parametrize("name", ["abs", "interp"])
def test_work_without_a_bath(name):
    drive = DRIVES[name][0]
    found = jax.jit(lambda c: solved(drive, c, None, np.diag([0.3, 0.7])))(KINK)
    assert bool(found.result == qt.RESULTS.successful)
    gained = drive(LAST, KINK) - drive(0.0, KINK)
    assert float(found.ledger.work[-1]) == pytest.approx(0.7 * float(gained), rel=1e-10)


def test_derivatives_by_a_switching_time_that_is_a_saved_time():
    def numbers(switch, middle):
        knots = qt.Spline([0.0, 0.0, 0.0], 0.0, 2.0)
        drive = qt.PiecewiseConstant(jnp.stack([switch]), [1.0, 3.0])
        h = qt.Driven([(knots, qt.number(2)), (drive, qt.number(2))])
        system = qt.OpenSystem(h, qt.Lindblad(qt.destroy(2), RATE))
        times = jnp.stack([0.0, middle, 2.5])
        solution = qt.evolve(system, qt.pure_state([1, 1]), times, throw=False)
        return solution.saved[:, 0, 1], solution.ledger.work[-1]

    slopes = jax.jit(jax.jacfwd(numbers, (0, 1)))(1.0, 1.0)
    (states_by_switch, states_by_middle), (work_by_switch, work_by_middle) = slopes
    times, phases = np.array([0.0, 1.0, 2.5]), np.array([0.0, 1.0, 5.5])
    states = 0.5 * np.exp(1j * phases - 0.5 * RATE * times)
    # at the saved time itself: as if the switch came before it
    np.testing.assert_allclose(states_by_switch, [0.0, -2j, -2j] * states, rtol=1e-8)
    later = [0.0, 3j - 0.5 * RATE, 0.0] * states
    np.testing.assert_allclose(states_by_middle, later, rtol=1e-8, atol=1e-12)
    assert float(work_by_switch) == pytest.approx(-RATE * np.exp(-RATE), rel=1e-8)
    assert float(work_by_middle) == pytest.approx(0.0, abs=1e-12)


def two_switches(a, b):
    """A drive that jumps by 2 at `a`, and one that jumps by 1/2 at `b`."""
    first = qt.PiecewiseConstant(jnp.stack([a]), [1.0, 3.0])
    second = qt.PiecewiseConstant(jnp.stack([b]), [0.0, 0.5])
    h = qt.Driven([(first, qt.number(2)), (second, qt.number(2))])
    return qt.OpenSystem(h, qt.Lindblad(qt.destroy(2), RATE))


def beside(t, roundings):
    """A time so many roundings later."""
    return float(t + roundings * np.spacing(t))


@pytest.mark.parametrize(
    "solver", [qt.Diffrax(), pytest.param(qt.Magnus(), marks=pytest.mark.slow)]
)
def test_derivatives_by_switches_that_roundings_keep_apart(solver):
    """Those by steps of Diffrax were off by factors of a hundred."""

    @jax.jit
    @partial(jax.jacrev, argnums=(0, 1))
    def slopes(a, b):
        rho0 = qt.pure_state([1, 1])
        found = qt.evolve(two_switches(a, b), rho0, [0.0, 2.5], solver=solver, throw=False)
        state = found.state[0, 1]
        return jnp.stack([state.real, state.imag, found.ledger.work[-1]])

    for roundings in (3, 50, 10_000):
        later = beside(1.3, roundings)
        for a, b in ((1.3, later), (later, 1.3)):
            phase = 2.5 + 2.0 * (2.5 - a) + 0.5 * (2.5 - b)
            state = 0.5 * np.exp(1j * phase - 1.25 * RATE)
            for found, jump in zip(slopes(a, b), (2.0, 0.5), strict=True):
                moved = -1j * jump * state
                lost = -0.5 * RATE * jump * np.exp(-RATE * 1.3)
                np.testing.assert_allclose(found, [moved.real, moved.imag, lost], rtol=1e-7)


@pytest.mark.parametrize("implicit", [False, True])
def test_derivatives_of_strokes_by_switches_that_roundings_keep_apart(implicit):
    """Nodes of steps of a few roundings fell beyond their end."""

    @jax.jit
    @partial(jax.jacfwd, argnums=(0, 1))
    def slopes(a, b):
        stroke = qt.dynamics.propagator(two_switches(a, b), 2.5, 64, implicit=implicit)
        return stroke.apply(qt.pure_state([1, 1]))[0][0, 1]

    for roundings in (1, 3, 50, 500):
        later = beside(0.3, roundings)
        for a, b in ((0.3, later), (later, 0.3)):
            phase = 2.5 * (1.0 + 2.0 * (1.0 - a) + 0.5 * (1.0 - b))
            state = 0.5 * np.exp(1j * phase - 1.25 * RATE)
            expected = [-1j * 2.5 * jump * state for jump in (2.0, 0.5)]
            np.testing.assert_allclose(slopes(a, b), expected, rtol=1e-7)


def test_saved_times_beside_a_switch_need_no_full_generator():
    """101 generators of 1,024 components were made at once, 1.7 GB."""
    dims = (2,) * 5
    exchange = sum(
        qt.embed(qt.sigmax(), dims, k) @ qt.embed(qt.sigmax(), dims, k + 1) for k in range(4)
    )
    field = sum(qt.embed(qt.sigmaz(), dims, k) for k in range(5))
    bath = qt.Lindblad(qt.embed(qt.destroy(2), dims, 0), RATE)

    def work(switch):
        drive = qt.PiecewiseConstant(jnp.stack([switch]), [0.3, 1.0])
        system = qt.OpenSystem(qt.Driven([(1.0, exchange), (drive, field)]), bath)
        times = np.linspace(0.0, 2.0, 101)
        return qt.evolve(system, qt.pure_state([1] + [0] * 31), times, throw=False).ledger.work[-1]

    compiled = jax.jit(work).lower(1.0).compile()
    assert compiled.memory_analysis().temp_size_in_bytes < 5e7
