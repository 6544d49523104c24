"""Derivatives of limit cycles with Redfield baths, against SciPy on a generator of its own.

The reference makes the generator pair by pair of frequencies with NumPy, exponentiates it
or integrates it with SciPy, and takes differences: it shares no code with qtjax.
"""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from derivatives import QUICKLY
from matrices import hermitian
from scipy.integrate import quad, solve_ivp
from scipy.linalg import expm
from scipy.optimize import brentq

import qtjax as qt
from qtjax.dynamics import DrudeLorentz, RedfieldBath

WIDTH, WEIGHTS = 3.0, np.array([1.0, -0.6])  # of the heats of both strokes
SX, SY, SZ = (np.asarray(a) for a in (qt.sigmax(), qt.sigmay(), qt.sigmaz()))
# gaps, detuning, mixing, temperatures, durations, strength, share of sigma_z or so in the coupling
START = np.array([1.0, 2.0, 0.3, 0.1, 0.4, 3.0, 3.0, 2.0, 0.1, 0.5])


def three_levels(p):
    """A ground state and two levels whose distance is the detuning, and their coupling."""
    u = np.linalg.eigh(hermitian(1, 3))[1]
    levels = [g * (np.diag([0.0, 1.0, 0.0]) + (1 + p[2]) * np.diag([0, 0, 1.0])) for g in p[:2]]
    return [u @ h @ u.conj().T + p[3] * hermitian(2, 3) for h in levels], (
        hermitian(3, 3) + p[9] * hermitian(4, 3)
    )


def qubit(p):
    levels = [g * SZ / 2 + p[3] * SX for g in p[:2]]
    return [levels[0] + p[2] * SY, levels[1]], SX + p[9] * SZ + 0.2 * SY


def power_spectrum(w, temperature, strength):
    x = np.where(np.abs(w) < 1e-14, 1e-30, w)
    return strength * x / (1.0 + (x / WIDTH) ** 2) / -np.expm1(-np.maximum(x / temperature, -700))


@np.vectorize
def shift_of(w, temperature, strength):
    """(1/2 pi) PV int dv P(v)/(w - v): the pole by Cauchy weights, the tails as they are."""

    def power(v):
        return power_spectrum(v, temperature, strength)

    def tail(v):
        return power(v) / (v - w)

    reach, exact = 20.0, {"epsabs": 1e-14, "epsrel": 1e-13, "limit": 400}
    around = np.round(w, 1)
    found = quad(power, around - 1.0, around + 1.0, weight="cauchy", wvar=w, **exact)[0]
    found += quad(tail, around + 1.0, np.inf, **exact)[0]
    for start, end in ((-np.inf, around - reach), (around - reach, around - 1.0)):
        found += quad(tail, start, end, **exact)[0]
    return -found / (2.0 * np.pi)


def generator(h, a, temperature, strength, cutoff, shifted=False):
    """-i[H, .] + D of vectors of rows, with the row of the heat current below."""
    energies, v = np.linalg.eigh(h)
    w = energies - energies[:, None]
    half = power_spectrum(w, temperature, strength) / 2
    if shifted:
        half = half + 1j * shift_of(w, temperature, strength)
    one, inside, d = np.eye(len(h)), v.conj().T @ a @ v, 0.0
    for m, n in np.ndindex(w.shape):
        left = half[m, n] * inside[m, n] * np.outer(v[:, m], v[:, n].conj())
        right = v @ np.where(np.abs(w - w[m, n]) <= cutoff, inside, 0.0) @ v.conj().T
        lost = right.conj().T @ left
        d = d + np.kron(left, right.conj()) + np.kron(right, left.conj())
        d = d - np.kron(lost, one) - np.kron(one, lost.conj())
    moved = -1j * (np.kron(h, one) - np.kron(one, h.T)) + d
    return np.concatenate([moved, (h.T.reshape(-1) @ d)[None]])


def crossings(h, cutoff):
    """Where two Bohr frequencies of H(s) come within the cutoff of each other."""

    def apart(s):
        w = np.subtract.outer(*[np.linalg.eigvalsh(h(s))] * 2).ravel()
        return np.sort((np.abs(np.subtract.outer(w, w)) - cutoff).ravel())

    s = np.linspace(0.0, 1.0, 101)
    values = np.array([apart(x) for x in s])
    found: list[Any] = [
        brentq(lambda x, j=j: apart(x)[j], s[i], s[i + 1], xtol=1e-15)
        for i, j in np.argwhere(values[:-1] * values[1:] < 0.0)
    ]
    return np.unique(np.round(found, 12))


def stroke_map(h, duration, driven, *bath):
    n = len(h(0.0)) ** 2
    if not driven:
        whole = np.concatenate([generator(h(0.0), *bath), np.zeros((n + 1, 1))], axis=1)
        return expm(duration * whole)[:, :n]
    y = np.concatenate([np.eye(n), np.zeros((1, n))]).astype(complex)
    edges = [0.0, *(crossings(h, bath[3]) if np.isfinite(bath[3]) else ()), 1.0]
    for start, end in itertools.pairwise(edges):

        def flow(s, y):
            return (duration * generator(h(s), *bath) @ y.reshape(n + 1, n)[:n]).ravel()

        inner = (start + 1e-13, end - 1e-13)
        y = solve_ivp(flow, inner, y.ravel(), "DOP853", rtol=1e-11, atol=1e-13).y[:, -1]
        y = y.reshape(n + 1, n)
    return y


def reference(p, machine, cutoff, driven, shifted):
    """The weighted heats of the limit cycle."""
    (cold, hot), a = machine(p)
    maps = []
    for k, (h, other) in enumerate(((cold, hot), (hot, cold))):

        def moving(s, h=h, other=other):
            return h + s * (other - h)

        maps.append(stroke_map(moving, p[6 + k], driven, a, p[4 + k], p[8], cutoff, shifted))
    n = maps[0].shape[1]
    trace = np.eye(len(cold)).reshape(1, -1)
    whole = np.concatenate([maps[1][:n] @ maps[0][:n] - np.eye(n), trace])
    rho = np.linalg.lstsq(whole, np.eye(n + 1)[-1], rcond=None)[0]
    return float(WEIGHTS @ [(maps[0][n] @ rho).real, (maps[1][n] @ maps[0][:n] @ rho).real])


def computed(p, machine, cutoff, driven, shifted):
    hamiltonians, a = machine(p)
    strokes, options = [], {"cutoff": cutoff, "lamb_shift": shifted}
    for k, h in enumerate(hamiltonians):
        bath = RedfieldBath(a, p[4 + k], DrudeLorentz(p[8], WIDTH), **options)
        moving = qt.Driven([(1.0, h), (qt.Linear(0.0, 1.0), hamiltonians[1 - k] - h)])
        strokes.append(qt.Stroke(qt.OpenSystem(moving if driven else h, bath), p[6 + k]))
    solution = qt.limit_cycle(qt.Cycle(strokes), steps=64, throw=False)
    return WEIGHTS @ solution.heats, solution.result


def along(function, p, direction, step=1e-3):
    values = [function(p + k * step * direction) for k in (-2, -1, 1, 2)]
    return np.array([1.0, -8.0, 8.0, -1.0]) @ values / (12 * step)


def compare(machine, points, cutoff, driven, directions, rtol=1e-7, shifted=False):
    """Values, and derivatives in reverse mode, of all points in one batch."""

    def number(p):
        return computed(p, machine, cutoff, driven, shifted)

    program = jax.jit(jax.vmap(jax.value_and_grad(number, has_aux=True)), compiler_options=QUICKLY)
    (values, results), slopes = program(jnp.asarray(points))
    kept = np.inf if cutoff is None else cutoff
    assert jnp.all(results == qt.RESULTS.successful)
    for p, value, slope in zip(points, values, slopes, strict=True):

        def own(p):
            return reference(p, machine, kept, driven, shifted)

        assert float(value) == pytest.approx(own(p), abs=1e-10)
        wanted = [along(own, p, direction) for direction in directions]
        size = np.max(np.abs(wanted))
        np.testing.assert_allclose(directions @ slope, wanted, rtol=rtol, atol=rtol * size)


NEAR = np.stack([START + (x - 0.3) * np.eye(10)[2] for x in (0.0, 1e-9, 0.3)])
ALONG = np.array([[0.3, -0.5, 0.7, 0.4, 0.2, -0.6, 0.5, 0.8, 0.05, 0.3]])


@pytest.mark.slow
def test_derivatives_of_a_cycle_by_everything_that_it_is_made_of():
    """Full Redfield at fixed H, where two levels coincide, nearly so, and not."""
    compare(three_levels, NEAR, None, False, np.eye(10))


@pytest.mark.slow
def test_derivatives_of_a_cycle_with_a_cutoff():
    compare(three_levels, NEAR, 0.45, False, np.eye(10))


@pytest.mark.slow
@pytest.mark.parametrize("cutoff", [None, 0.2, 1.5])
def test_derivatives_of_a_driven_cycle(cutoff):
    """With a cutoff of 1.5 a pair of frequencies is kept for a part of a stroke: the time at which
    that changes has derivatives too."""
    compare(qubit, START[None], cutoff, True, ALONG)


@pytest.mark.slow
@pytest.mark.parametrize(("machine", "cutoff"), [(qubit, None), (three_levels, None), (qubit, 0.5)])
def test_derivatives_of_a_cycle_whose_baths_shift_the_levels(machine, cutoff):
    compare(machine, START[None], cutoff, False, ALONG, shifted=True)
