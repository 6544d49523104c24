"""Random systems against QuTiP and dynamiqs: d = 2 to 8, driven, or in Davies baths.

The systems of one dimension are one batch, so that they are compiled once.
"""

import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip

import qtjax as qt

TS = np.linspace(0.0, 2.0, 5)
EACH = 5  # systems of each dimension
OPTIONS = {"rtol": 1e-10, "atol": 1e-12, "nsteps": 100_000, "progress_bar": ""}


def hermitian(rng, d):
    a = rng.normal(size=(EACH, d, d)) + 1j * rng.normal(size=(EACH, d, d))
    return (a + a.conj().swapaxes(1, 2)) / np.sqrt(8 * d)


def states(rng, d):
    a = rng.normal(size=(EACH, d, d)) + 1j * rng.normal(size=(EACH, d, d))
    rho = a @ a.conj().swapaxes(1, 2)
    return rho / np.trace(rho, axis1=1, axis2=2)[:, None, None]


def theirs(hamiltonian, rho0, jumps):
    """The states that QuTiP finds at all times."""
    found = qutip.mesolve(hamiltonian, qutip.Qobj(rho0), TS, jumps, options=OPTIONS)
    return np.stack([state.full() for state in found.states])


def of_dynamiqs(h, v, frequency, jumps, rho0):
    """The states that dynamiqs finds at all times, of all systems."""
    precision = jax.config.jax_default_matmul_precision
    dq = importlib.import_module("dynamiqs")
    # which dynamiqs sets for the whole process, where other tests look at what qtjax asks for
    jax.config.update("jax_default_matmul_precision", precision)
    found = dq.mesolve(
        dq.timecallable(lambda t: dq.asqarray(h + (0.3 + jnp.sin(frequency * t)) * v)),
        [dq.asqarray(jump) for jump in jumps],
        dq.asqarray(rho0),
        TS,
        method=dq.method.Dopri8(rtol=1e-10, atol=1e-12),
        cartesian_batching=False,
        progress_meter=False,
    )
    return found.states.to_numpy()


@pytest.mark.parametrize("d", range(2, 9))
def test_random_drives_and_jump_operators(d):
    rng = np.random.default_rng(d)
    h, v, rho0 = hermitian(rng, d), hermitian(rng, d), states(rng, d)
    operators = rng.normal(size=(EACH, 2, d, d)) + 1j * rng.normal(size=(EACH, 2, d, d))
    operators = operators / d
    rates, frequency = rng.uniform(0.0, 0.5, (EACH, 2)), rng.uniform(0.5, 4.0, EACH)

    @jax.jit
    @jax.vmap
    def ours(h, v, operators, rates, frequency, rho0):
        drive = qt.Fourier(0.3, [0.0], [1.0], frequency)
        system = qt.OpenSystem(qt.Driven([(1.0, h), (drive, v)]), qt.Lindblad(operators, rates))
        solution = qt.evolve(system, rho0, TS)
        return solution.saved, solution.result == qt.RESULTS.successful

    found, right = ours(h, v, operators, rates, frequency, rho0)
    assert np.all(right)
    jumps = np.sqrt(rates).T[..., None, None] * operators.swapaxes(0, 1)
    if importlib.util.find_spec("dynamiqs"):
        others = of_dynamiqs(h, v, frequency[:, None, None], jumps, rho0)
        np.testing.assert_allclose(found, others, atol=1e-7)
    for k in range(EACH):
        moving = [
            qutip.Qobj(h[k]), [qutip.Qobj(v[k]), lambda t, w=frequency[k]: 0.3 + np.sin(w * t)]
        ]  # fmt: skip
        jumps = [np.sqrt(r) * qutip.Qobj(op) for r, op in zip(rates[k], operators[k], strict=True)]
        expected = theirs(qutip.QobjEvo(moving), rho0[k], jumps)
        np.testing.assert_allclose(found[k], expected, atol=1e-7)


@pytest.mark.parametrize("d", [2, 4, 6])
def test_random_davies_baths(d):
    """Bohr frequencies of a random H are all different: one jump operator for each pair."""
    rng = np.random.default_rng(100 + d)
    h, a, rho0 = hermitian(rng, d), hermitian(rng, d), states(rng, d)
    temperature, strength = rng.uniform(0.2, 2.0, EACH), rng.uniform(0.1, 0.5, EACH)
    transitions = qt.dynamics.bohr_transitions(h[0])

    @jax.jit
    @jax.vmap
    def ours(h, a, temperature, strength, rho0):
        bath = qt.DaviesBath(
            h, a, temperature, qt.Ohmic(strength), zero_frequency=0.2, transitions=transitions
        )
        solution = qt.evolve(qt.OpenSystem(h, bath), rho0, TS)
        return solution.saved, solution.result == qt.RESULTS.successful

    found, right = ours(h, a, temperature, strength, rho0)
    assert np.all(right)
    for k in range(EACH):
        energies, vectors = np.linalg.eigh(h[k])
        coupling = vectors.conj().T @ a[k] @ vectors
        along = vectors @ np.diag(np.diag(coupling)) @ vectors.conj().T
        jumps = [np.sqrt(0.2) * qutip.Qobj(along)]
        for i, j in zip(*np.triu_indices(d, 1), strict=True):
            w = energies[j] - energies[i]
            n, rate = 1 / np.expm1(w / temperature[k]), strength[k] * w * abs(coupling[i, j]) ** 2
            down = qutip.Qobj(np.outer(vectors[:, i], vectors[:, j].conj()))
            jumps += [np.sqrt(rate * (n + 1)) * down, np.sqrt(rate * n) * down.dag()]
        np.testing.assert_allclose(found[k], theirs(qutip.Qobj(h[k]), rho0[k], jumps), atol=1e-7)
