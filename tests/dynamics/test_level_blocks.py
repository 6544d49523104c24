"""Davies baths on many levels: Pauli's rates and blocks of levels against lists of jumps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.algebra.hermitian_basis import real_map
from qtjax.algebra.superoperators import dissipator_superoperator
from qtjax.dynamics.davies import (
    Following,
    davies_jumps,
    has_many_jumps,
    heat_observable,
    keeps_levels,
)
from qtjax.dynamics.level_blocks import is_in_levels, steady_in_levels

TEMPERATURES = 2.0, 1.0


def chain(sites, fields):
    return qt.models.boundary_driven_chain(
        sites, exchange=1.0, anisotropy=0.7, fields=fields
    ).hamiltonian(0.0)


def between_two_baths(h, temperatures=TEMPERATURES, transitions=None, still=None):
    """H between a hot bath on the first spin and a cold one on the last."""
    sites = int(np.log2(h.shape[0]))
    ends = [qt.embed(qt.sigmax(), (2,) * sites, k) for k in (0, sites - 1)]
    return qt.OpenSystem(
        h,
        [
            qt.DaviesBath(h, x, t, qt.Ohmic(0.01), zero_frequency=still, transitions=transitions)
            for x, t in zip(ends, temperatures, strict=True)
        ],
    )


def turned():
    """Degenerate levels and equal frequencies in a basis that knows of neither."""
    x = np.random.default_rng(0).normal(size=(2, 6, 6))
    q = np.linalg.qr(x[0] + 1j * x[1])[0]
    h = q @ np.diag([0.0, 1.0, 1.0, 2.0, 3.0, 3.0]) @ q.conj().T
    coupling = x[0] + x[0].T + 1j * (x[1] - x[1].T)
    baths = [
        qt.DaviesBath(h, a, t, qt.Ohmic(1e-3), zero_frequency=2e-3)
        for a, t in ((coupling, 2.0), (coupling[::-1, ::-1], 0.7))
    ]
    return qt.OpenSystem(h, baths)


SYSTEMS = {
    "levels that coincide": lambda: between_two_baths(chain(2, 0.3)),
    "levels apart": lambda: between_two_baths(chain(3, [0.3, 0.4, 0.7]), still=0.1),
    "equal frequencies": turned,
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_blocks_of_levels_are_the_steady_state_of_the_list_of_jumps(name):
    system = SYSTEMS[name]()
    assert all(keeps_levels(bath.transitions) for bath in system.baths)
    found, finite = jax.jit(lambda: steady_in_levels(system, 0.0))()
    listed = qt.steady_state(system)
    off = np.max(np.abs(found.state - listed.state))
    assert off < 1e-14
    assert off <= float(found.error) < 1e-12
    assert bool(finite)
    assert float(found.residual) < 1e-15
    assert float(found.gap) > 1e-3
    currents = qt.dynamics.heat_currents(system, 0.0, listed.state)
    observables = [heat_observable(bath, system.hamiltonian(0.0)) for bath in system.baths]
    again = [qt.expectation(observable, found.state) for observable in observables]
    assert float(currents[0]) > 1e-4
    np.testing.assert_allclose(again, currents, rtol=0, atol=1e-15)


def test_slopes_in_temperatures_and_in_the_hamiltonian():
    exemplar = chain(2, jnp.array([0.3, 0.5]))
    transitions = qt.dynamics.bohr_transitions(exemplar)

    def states(x):
        system = between_two_baths(chain(2, x[:2]), x[2:], transitions)
        return steady_in_levels(system, 0.0)[0].state, qt.steady_state(system, throw=False).state

    slopes, expected = jax.jit(jax.jacfwd(states))(jnp.array([0.3, 0.5, *TEMPERATURES]))
    assert np.min(np.max(np.abs(expected), axis=(0, 1))) > 1e-3
    np.testing.assert_allclose(slopes, expected, rtol=0, atol=1e-13)


def test_what_the_blocks_cannot_say_is_not_called_right():
    """Without a field all spins may be turned over: that parity is conserved. Or another H."""
    assert float(steady_in_levels(between_two_baths(chain(3, 0.0)), 0.0)[0].gap) == 0.0
    system = between_two_baths(chain(2, 0.3))
    other = qt.OpenSystem(chain(2, 0.4), system.baths)
    assert np.isinf(steady_in_levels(other, 0.0)[0].error)


def test_rates_of_single_levels_are_the_generator_of_the_jumps_as_h_moves():
    x = np.random.default_rng(0).normal(size=(3, 2, 4, 4))
    still, driven, coupling = x[:, 0] + x[:, 0].mT + 1j * (x[:, 1] - x[:, 1].mT)
    transitions = qt.dynamics.bohr_transitions(still)
    h = qt.Driven([(1.0, still), (lambda t: t, driven)])
    bath = qt.AdiabaticBath([coupling, driven], 0.7, qt.Ohmic(0.1), transitions=transitions)
    following = Following(bath, h)

    def by_jumps(t):
        jumps = davies_jumps(bath, h(t))
        return real_map(dissipator_superoperator(*jumps), 4)

    both = jax.jit(lambda t: [jax.jvp(f, (t,), (1.0,)) for f in (following.matrix, by_jumps)])
    (found, slope), (expected, expected_slope) = both(0.3)
    assert np.max(np.abs(expected_slope)) > 1.0
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)
    np.testing.assert_allclose(slope, expected_slope, rtol=0, atol=1e-13)


@pytest.mark.slow
def test_a_chain_of_seven_spins_obeys_paulis_rates():
    h = np.asarray(chain(7, 0.3 + 0.11 * np.arange(7) ** 1.3))
    system = between_two_baths(h)
    assert is_in_levels(system)
    assert has_many_jumps(system.baths[0])
    with pytest.warns(UserWarning, match="its secular step is doubtful"):  # 8,128 frequencies
        solution = qt.steady_state(system)
    currents = np.asarray(qt.dynamics.heat_currents(system, 0.0, solution.state))
    energies, vectors = np.linalg.eigh(h)
    gaps = energies - energies[:, None]  # taken out by i <- j
    gains = []
    for bath, temperature in zip(system.baths, TEMPERATURES, strict=True):
        a = vectors.conj().T @ np.asarray(bath.couplings[0]) @ vectors
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = 0.01 * gaps / -np.expm1(-gaps / temperature)
        np.fill_diagonal(rate, 0.0)
        gains.append(rate * np.abs(a) ** 2)
    flow = sum(gains) - np.diag(np.sum(sum(gains), axis=0))
    flow[0] = 1.0
    p = np.linalg.solve(flow, np.eye(128)[0])
    np.testing.assert_allclose(solution.state, (vectors * p) @ vectors.conj().T, atol=1e-12)
    expected = [-np.sum(gain * gaps * p) for gain in gains]
    np.testing.assert_allclose(currents, expected, rtol=0, atol=1e-13)
    assert float(currents[0]) > 1e-3
    assert abs(np.sum(currents)) < 1e-14
