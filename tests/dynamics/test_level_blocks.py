"""Davies baths on many levels: Pauli's rates and blocks of levels against lists of jumps."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.algebra.hermitian_basis import real_map
from qtjax.algebra.superoperators import dissipator_superoperator
from qtjax.dynamics.davies_channels import FollowingDavies
from qtjax.dynamics.davies_generator import davies_jumps, has_many_jumps
from qtjax.dynamics.davies_levels import heat_observable, keeps_levels
from qtjax.dynamics.generator import generator_at
from qtjax.dynamics.level_blocks import are_in_levels, is_in_levels, steady_in_levels
from qtjax.dynamics.sectors import one_sector
from qtjax.dynamics.steady_state import _found

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


def turned(energies=(0.0, 1.0, 1.0, 2.0, 3.0, 3.0), temperatures=(2.0, 0.7)):
    """Degenerate levels and equal frequencies in a basis that knows of neither."""
    d, rng = len(energies), np.random.default_rng(0)
    x = rng.normal(size=(1 + len(temperatures), 2, d, d))
    q = np.linalg.qr(x[0, 0] + 1j * x[0, 1])[0]
    h = q @ np.diag(energies) @ q.conj().T
    return qt.OpenSystem(
        h,
        [
            qt.DaviesBath(h, a + a.T + 1j * (b - b.T), t, qt.Ohmic(1e-3), zero_frequency=2e-3)
            for (a, b), t in zip(x[1:], temperatures, strict=True)
        ],
    )


FIELDS = 0.3 + 0.11 * np.arange(5) ** 1.3
SYSTEMS = {
    "levels that coincide": lambda: between_two_baths(chain(2, 0.3)),
    "levels apart": lambda: between_two_baths(chain(3, [0.3, 0.4, 0.7]), still=0.1),
    "equal frequencies": turned,
    "three baths": lambda: turned((0.0, 0.0, 0.0, 1.0, 1.7, 1.7, 3.1, 3.1, 3.1), (2.0, 0.7, 1.1)),
    "four spins": lambda: between_two_baths(chain(4, FIELDS[:4])),
    "five spins": lambda: between_two_baths(chain(5, FIELDS)),
}
LONG = ("levels apart", "equal frequencies", "three baths", "four spins", "five spins")
DAILY = [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in SYSTEMS]


def of_jumps(system):
    """The steady state of the list of jump operators."""
    return _found(generator_at(system, 0.0), one_sector(system.dimension), None)


@pytest.mark.filterwarnings("ignore:.*its secular step is doubtful")
@pytest.mark.parametrize("name", DAILY)
def test_blocks_of_levels_are_the_steady_state_of_the_list_of_jumps(name):
    system = SYSTEMS[name]()
    assert all(keeps_levels(bath.transitions) for bath in system.baths)
    found, finite = jax.jit(lambda: steady_in_levels(system, 0.0))()
    listed = jax.jit(lambda: of_jumps(system))()
    off = np.max(np.abs(found.state - listed.state))
    large = system.dimension >= 16  # whose list is solved by iteration: its error counts too
    assert off < (1e-12 if large else 1e-14)
    assert off <= float(found.error + large * listed.error) < (1e-11 if large else 1e-12)
    assert bool(finite)
    assert float(found.residual) < 1e-15
    assert min(float(found.gap), float(listed.gap)) > (1e-5 if large else 1e-3)
    jumps = [qt.dynamics.jump_operators(b, system.hamiltonian, 0.0) for b in system.baths]
    h, state = system.hamiltonian(0.0), found.state
    expected = [qt.expectation(h, qt.dynamics.dissipate(*each, state)) for each in jumps]
    observables = [heat_observable(bath, h) for bath in system.baths]
    again = [qt.expectation(observable, state) for observable in observables]
    assert float(expected[0]) > 1e-4
    np.testing.assert_allclose(again, expected, rtol=0, atol=1e-15)
    if are_in_levels(system):
        solution = qt.steady_state(system)
        np.testing.assert_allclose(solution.state, state, rtol=0, atol=1e-15)
        currents = qt.dynamics.heat_currents(system, 0.0, state)
        np.testing.assert_allclose(currents, expected, rtol=0, atol=1e-15)


def test_slopes_in_temperatures_and_in_the_hamiltonian():
    exemplar = chain(2, jnp.array([0.3, 0.5]))
    transitions = qt.dynamics.bohr_transitions(exemplar)

    def states(x):
        system = between_two_baths(chain(2, x[:2]), x[2:], transitions)
        return steady_in_levels(system, 0.0)[0].state, qt.steady_state(system, throw=False).state

    slopes, expected = jax.jit(jax.jacfwd(states))(jnp.array([0.3, 0.5, *TEMPERATURES]))
    assert np.min(np.max(np.abs(expected), axis=(0, 1))) > 1e-3
    np.testing.assert_allclose(slopes, expected, rtol=0, atol=1e-13)


@pytest.mark.slow
def test_slopes_in_a_hamiltonian_whose_levels_coincide():
    """The levels may turn, and H may split them: both as of the list of jumps."""
    exemplar = turned()
    h, baths = exemplar.hamiltonian(0.0), exemplar.baths
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2, 6, 6))
    change = jnp.asarray(x[0] + x[0].T + 1j * (x[1] - x[1].T))

    def system(s):
        h_s = h + s * change
        moved = [
            qt.DaviesBath(
                h_s, b.couplings, b.temperature, b.spectrum,
                zero_frequency=b.zero_frequency, transitions=b.transitions,
            )
            for b in baths
        ]  # fmt: skip
        return qt.OpenSystem(h_s, moved)

    def both(s):
        blocks, jumps = steady_in_levels(system(s), 0.0)[0].state, of_jumps(system(s)).state
        heats = [heat_observable(b, system(s).hamiltonian(0.0)) for b in system(s).baths]
        h_s, state = system(s).hamiltonian(0.0), jax.lax.stop_gradient(jumps) + 0.1 * change
        listed = [
            qt.expectation(h_s, qt.dynamics.dissipate(*davies_jumps(b, h_s), state))
            for b in system(s).baths
        ]
        return (blocks, [qt.expectation(a, state) for a in heats]), (jumps, listed)

    found, expected = jax.jit(jax.jacfwd(both))(0.0)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert np.max(np.abs(b)) > 1e-3
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-11)


def test_what_the_blocks_cannot_say_is_not_called_right():
    """Without a field all spins may be turned over: that parity is conserved. Or another H."""
    found = eqx.filter_jit(steady_in_levels)
    assert float(found(between_two_baths(chain(3, 0.0)), 0.0)[0].gap) == 0.0
    system = between_two_baths(chain(2, 0.3))
    other = qt.OpenSystem(chain(2, 0.4), system.baths)
    assert np.isinf(found(other, 0.0)[0].error)
    with pytest.raises(qt.SolverError, match="conserves 2 independent quantities"):
        qt.steady_state(between_two_baths(chain(3, 0.0)))


def test_a_bath_of_another_hamiltonian_takes_its_jumps():
    """A Davies bath of the bare spins, which are coupled besides; alone and in a batch."""
    fields = jnp.array([0.3, 0.4, 0.7])
    bare = qt.models.boundary_driven_chain(3, exchange=0.0, anisotropy=0.0, fields=fields)
    baths = between_two_baths(bare.hamiltonian(0.0)).baths

    def lane(exchange):
        coupled = qt.models.boundary_driven_chain(
            3, exchange=exchange, anisotropy=0.0, fields=fields
        )
        system = qt.OpenSystem(coupled.hamiltonian(0.0), baths)
        solution = qt.steady_state(system, throw=False)
        expected = of_jumps(system).state
        currents = qt.dynamics.heat_currents(system, 0.0, expected)
        parts = qt.dynamics.dissipative_parts(system, 0.0, expected)
        by_parts = jax.vmap(lambda part: qt.expectation(system.hamiltonian(0.0), part))(parts)
        return solution.state - expected, currents - by_parts, solution.result

    off, missed, result = jax.jit(jax.vmap(lane))(jnp.array([0.2, 0.3]))
    assert np.max(np.abs(off)) < 1e-13
    assert np.max(np.abs(missed)) < 1e-15
    assert bool(jnp.all(result == qt.RESULTS.successful))


def test_rates_of_single_levels_are_the_generator_of_the_jumps_as_h_moves():
    x = np.random.default_rng(0).normal(size=(3, 2, 4, 4))
    still, driven, coupling = x[:, 0] + x[:, 0].mT + 1j * (x[:, 1] - x[:, 1].mT)
    transitions = qt.dynamics.bohr_transitions(still)
    h = qt.Driven([(1.0, still), (lambda t: t, driven)])
    bath = qt.AdiabaticBath([coupling, driven], 0.7, qt.Ohmic(0.1), transitions=transitions)
    following = FollowingDavies(bath, h)

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
