"""Without baths a state keeps its spectrum, at every tolerance, and what was moved is an error."""

import functools

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.algebra.hermitian_basis import from_components, to_components
from qtjax.dynamics.unitary import _missed
from tests.matrices import hermitian

TS = np.linspace(0.0, 8.0, 5)
POPULATIONS = {
    "pure": [0.0, 0.0, 1.0],
    "twofold": [0.25, 0.25, 0.5],
    "nearly twofold": [0.25, 0.25 + 1e-9, 0.5 - 1e-9],
    "mixed": [1 / 3, 1 / 3, 1 / 3],
}
DRIVES = {
    "polynomial": lambda v: qt.Linear(0.0, v, 0.0, 8.0),
    "function": lambda v: lambda t: v * jnp.sin(t) ** 2,
}


def unitary(rng, d):
    return np.linalg.qr(rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d)))[0]


def closed(drive, d=3):
    rng = np.random.default_rng(d)
    return qt.OpenSystem(qt.Driven([(0.7, hermitian(rng, d)), (drive, hermitian(rng, d))]))


def states(d=3, populations=POPULATIONS["pure"]):
    v = unitary(np.random.default_rng(1), d)
    return (v * np.asarray(populations)) @ v.conj().T


@pytest.mark.parametrize("drive", DRIVES)
def test_the_spectrum_stays_at_loose_tolerances_too(drive):
    system = closed(DRIVES[drive](1.3))

    @functools.partial(jax.jit, static_argnums=(1, 2))
    def solve(rho, tolerance, solver):
        own = {"solver": solver, "rtol": tolerance, "atol": tolerance / 100, "throw": False}
        return qt.evolve(system, rho, TS, **own)

    for populations in POPULATIONS.values():
        rho = states(populations=populations)
        loose, tight = solve(rho, 1e-4, None), solve(rho, 1e-11, dfx.Dopri8())
        assert loose.method == "unitary"
        levels = np.linalg.eigvalsh(loose.saved)
        np.testing.assert_allclose(levels, [np.sort(populations)] * 5, rtol=0, atol=3e-15)
        assert np.max(np.abs(loose.saved - tight.saved)) < 1e-4
        assert np.max(np.abs(loose.ledger.entropy - loose.ledger.entropy[0])) < 2e-14
        np.testing.assert_allclose(loose.ledger.work, tight.ledger.work, rtol=0, atol=1e-3)


def test_what_was_missed_is_taken_back_and_told():
    """States off their orbit by 1e-5; the last one was never reached."""
    rng = np.random.default_rng(0)
    v = [unitary(rng, 4) for _ in range(3)]
    levels = np.array([0.1, 0.2, 0.3, 0.4])
    right = np.array([(u * levels) @ u.conj().T for u in v])
    wrong = right + np.array([0.0, 1.0, 1.0])[:, None, None] * 1e-5 * hermitian(rng, 4)
    xs = jnp.concatenate([jax.vmap(to_components)(wrong), jnp.full((1, 16), jnp.inf)])
    missed, drift = _missed(xs)
    found = np.linalg.eigvalsh(jax.vmap(from_components)(xs[:3] + missed[:3]))
    np.testing.assert_allclose(found, [levels] * 3, rtol=0, atol=1e-15)
    np.testing.assert_allclose(drift, np.max(np.abs(np.linalg.eigvalsh(wrong) - levels)), rtol=1e-9)
    assert np.max(np.abs(missed[:3])) < 1e-4  # to the nearest state, and not to any
    assert np.all(missed[3] == 0.0)


class Careless(qt.AbstractMethod):
    """Steps that are off by 1e-6 and do not know it."""

    name = "careless"

    def integrate(self, equation, problem):
        found = qt.Taylor().integrate(equation, problem)
        off = to_components(jnp.diag(jnp.array([1e-6, 0.0, -1e-6])))
        return found._replace(xs=found.xs.at[1:].add(off))


def test_what_steps_do_to_the_spectrum_is_not_successful():
    rho = states(populations=[0.2, 0.3, 0.5])
    system, method = closed(qt.Linear(0.0, 1.3, 0.0, 8.0)), qt.Unitary(Careless())
    found = qt.evolve(system, rho, TS, solver=method, throw=False)
    assert not bool(found.result == qt.RESULTS.successful)
    assert 1e-7 < float(found.stats["error"]) < 1e-5


def test_gradients_are_those_of_the_dynamics():
    """By strength and start of a drive, in a batch, against central differences."""
    rho = states(populations=POPULATIONS["twofold"])

    def work(v, scale):
        system = closed(qt.Polynomial(jnp.stack([0.1 * scale, v]), 0.0, 8.0))
        solution = qt.evolve(system, rho, TS[[0, 4]], throw=False)
        return solution.ledger.work[-1] + solution.state[0, 0].real

    v, scale, h = jnp.array([0.5, 1.0, 1.5]), jnp.array([1.0, 2.0, 3.0]), 1e-4
    found = jax.jit(jax.vmap(jax.grad(work, (0, 1))))(v, scale)
    value = jax.jit(jax.vmap(work))
    by_v = (value(v + h, scale) - value(v - h, scale)) / (2 * h)
    by_scale = (value(v, scale + h) - value(v, scale - h)) / (2 * h)
    np.testing.assert_allclose(found[0], by_v, rtol=0, atol=1e-6)
    np.testing.assert_allclose(found[1], by_scale, rtol=0, atol=1e-6)


def test_it_is_for_systems_without_baths():
    system = qt.OpenSystem(closed(qt.Linear(0.0, 1.0)).hamiltonian, qt.Lindblad(qt.destroy(3), 0.1))
    with pytest.raises(ValueError, match=r"`solver` Unitary cannot integrate.*it has baths"):
        qt.evolve(system, states(), TS, solver=qt.Unitary())


def test_populations_of_a_long_ramp_keep_their_digits_and_coherences_say_what_they_lost():
    """Levels that only move, by phases of 1e5 that are exact numbers here."""
    levels, duration = np.array([0.0, 1.0, 2.75]), 3e4
    ramp = qt.Driven([(qt.Linear(1.0, 1.5), np.diag(levels))])
    pulse = qt.dynamics.propagator(qt.OpenSystem(ramp), duration, 64)
    rho = qt.pure_state(np.ones(3))
    final, (work,) = pulse.apply(rho)
    phases = np.exp(-1.25j * duration * levels)
    off = np.abs(final - phases[:, None] * phases.conj() / 3.0)
    assert np.max(np.diag(off)) < 1e-15  # two roundings of a third; it was 2e3 of them
    assert work == pytest.approx(0.5 * levels.mean(), abs=2e-15)
    doubted, _ = pulse._replace(increment=pulse.doubt).apply(rho)
    stated = np.max(np.abs(doubted - rho)) + pulse.rounding
    assert 1e-12 < np.max(off) < stated < 1e-9
    flat, _ = pulse._replace(increment=pulse.doubt).apply(qt.pure_state([0, 1, 0]))
    assert np.max(np.abs(flat - qt.pure_state([0, 1, 0]))) < 1e-14  # no coherence, no doubt
