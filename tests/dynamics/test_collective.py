"""Shared environments, matrices of rates, jump operators that move, and pure dephasing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.algebra import collective, random_density_matrix
from qtjax.dynamics import Dephasing, DrivenJump, RateMatrix
from qtjax.dynamics.equation_of_motion import equation_of_motion

N, D, X = qt.number(2), qt.destroy(2), qt.sigmax()
TS = jnp.array([0.0, 0.5, 1.5])


def spins(count):
    """Spins on one bath: (system, energy)."""
    energy = collective(N, count)
    bath = qt.LocalBath(collective(D, count), 1.0, 0.4, qt.Flat(0.7))
    return qt.OpenSystem(energy, bath), energy


def test_superradiance_of_excited_and_half_excited_spins():
    """A Dicke state emits at gamma (j + m)(j - m + 1): N for all up, N^2/4 + N/2 half way."""
    lowering, excited = collective(D, 4), qt.ket([1] * 4, [2] * 4)
    half = lowering @ lowering @ excited
    bath = qt.LocalBath(lowering, 1.0, 0.0, qt.Flat(0.7))
    cold = qt.OpenSystem(collective(N, 4), bath)
    heat = jax.jit(lambda ket: qt.dynamics.heat_currents(cold, 0.0, jnp.outer(ket, ket)))
    for ket, rate in ((excited, 4), (half / jnp.linalg.norm(half), 6)):
        np.testing.assert_allclose(heat(ket), -0.7 * rate, rtol=1e-13)


def test_a_common_bath_leaves_the_singlet_dark():
    system, energy = spins(2)
    singlet = qt.pure_state(jnp.array([0.0, 1.0, -1.0, 0.0]))
    start = 0.25 * jnp.eye(4, dtype=complex)
    assert np.max(np.abs(qt.dynamics.right_hand_side(system, 0.0, singlet))) < 1e-15
    late = qt.evolve(system, start, [0.0, 200.0]).state
    # the singlet keeps its quarter; the triplet is thermal
    boltzmann = np.exp(-np.array([0.0, 1.0, 2.0]) / 0.4)
    expected = 0.75 * boltzmann / boltzmann.sum()
    triplet = jnp.array([0.0, 1.0, 1.0, 0.0]) / np.sqrt(2.0)
    found = [late[0, 0].real, (triplet @ late @ triplet).real, late[3, 3].real]
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert float(qt.dynamics.gibbs_defects(system, 0.0)[0]) < 1e-15
    np.testing.assert_allclose(qt.algebra.expectation(singlet, late), 0.25, rtol=1e-10)


def random_matrices(seed):
    return np.random.default_rng(seed).normal(size=(4, 3, 3, 2)) @ np.array([1.0, 1.0j])


@jax.jit
def dissipated(gamma, operators, rho):
    """D(rho) of a matrix of rates, by channels, and by the definition."""
    bath = RateMatrix(list(operators), gamma)
    system = qt.OpenSystem(jnp.zeros((3, 3)), bath)
    dag = operators.conj().mT
    gain = jnp.einsum("ij,iab,bc,jcd->ad", gamma, operators, rho, dag)
    loss = jnp.einsum("ij,jab,ibc->ac", gamma, dag, operators)
    definition = gain - 0.5 * (loss @ rho + rho @ loss)
    return qt.dynamics.dissipative_parts(system, 0.0, rho)[0], definition


def test_a_matrix_of_rates_is_what_it_says():
    for seed in range(3):
        root, *operators = random_matrices(seed)
        gamma, operators = root @ root.conj().T, np.stack(operators)
        rho = random_density_matrix(jax.random.key(seed), 3)
        found, definition = dissipated(gamma, operators, rho)
        np.testing.assert_allclose(found, definition, rtol=0, atol=1e-13 * np.max(np.abs(gamma)))
        assert abs(np.trace(found)) < 1e-12


def test_a_matrix_of_rates_moves_states_and_is_differentiated_where_it_is_singular():
    """Two spins with decay gamma (1, c; c, 1): at c = 1 it is collective, and dark."""
    lowering = [qt.embed(D, (2, 2), k) for k in (0, 1)]
    singlet = qt.pure_state(jnp.array([0.0, 1.0, -1.0, 0.0]))

    def stays(c):
        gamma = 0.7 * jnp.array([[1.0, c], [c, 1.0]])
        system = qt.OpenSystem(collective(N, 2), RateMatrix(lowering, gamma))
        solution = qt.evolve(system, singlet, TS, throw=False)
        return qt.algebra.expectation(singlet, solution.state)

    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(stays)))(jnp.array([0.0, 0.4, 1.0]))
    rates = 0.7 * (1.0 - np.array([0.0, 0.4, 1.0]))
    np.testing.assert_allclose(values, np.exp(-1.5 * rates), rtol=1e-10)
    np.testing.assert_allclose(slopes, 1.5 * 0.7 * np.exp(-1.5 * rates), rtol=1e-9)


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        (np.array([[1.0, 1.2], [1.2, 1.0]]), "eigenvalue -0.2: no environment"),
        (np.array([[1.0, 1.0j], [1.0j, 1.0]]), "`rates` must be Hermitian"),
        (np.eye(3), "one row for each of the 2"),
    ],
)
def test_bad_matrices_of_rates(rates, message):
    with pytest.raises(ValueError, match=message):
        RateMatrix([D, X], rates)


def test_a_matrix_that_is_not_positive_is_taken_when_asked_for():
    bath = RateMatrix([D, X], np.array([[1.0, 1.2], [1.2, 1.0]]), positive=False)
    assert len(bath.channels(qt.Static(N))) == 3


SLOPE = qt.Linear(0.2, 1.1, 0.0, 1.5)


def moving(t):
    """The same as `DrivenJump([(1, D), (SLOPE, X), (cos, iX)], 0.6)`, as a function of time."""
    operator = D + (SLOPE(t) + 1j * jnp.cos(t)) * X
    return jnp.full(1, 0.6), operator[None]


class Moved(qt.AbstractDissipator):
    temperature: None = None

    def channels(self, hamiltonian):
        return (qt.Moving(moving),)


def test_a_jump_operator_that_moves():
    driven = qt.OpenSystem(N, DrivenJump([(1.0, D), (SLOPE, X), (jnp.cos, 1j * X)], 0.6))
    whole = qt.OpenSystem(N, Moved())

    @jax.jit
    @jax.vmap
    def both(t):
        rho = qt.algebra.from_bloch(jnp.stack([0.3, 0.2 + 0.1 * t, -0.4]))
        return [qt.dynamics.dissipative_parts(system, t, rho) for system in (driven, whole)]

    found, expected = both(TS)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)
    assert equation_of_motion(driven).moving is None  # it takes the fast paths
    assert equation_of_motion(whole).moving is not None


def test_products_of_known_polynomials_are_known():
    bath = DrivenJump([(1.0, D), (SLOPE, X)], qt.Smooth(0.5, 1.0, 0.0, 1.0))
    channels = bath.channels(qt.Static(N))
    assert [channel.rate.degree for channel in channels] == [5, 7, 6]
    np.testing.assert_allclose(channels[1].rate(0.5), SLOPE(0.5) ** 2 * 0.75, rtol=1e-15)
    assert channels[1].rate.breakpoints().shape == (2,)
    still = DrivenJump([(2.0, D), (3.0, X)]).channels(qt.Static(N))
    assert [float(channel.rate.value) for channel in still] == [4.0, 9.0, 6.0]


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ([], "at least one"),
        ([D], "`terms\\[0\\]` must be a pair"),
        ([(1.0, np.ones((2, 3)))], "square matrix"),
        ([(1.0, D), (1.0, np.eye(3))], "must be 2 x 2"),
        ([(1.0j, D)], "must be real"),
    ],
)
def test_bad_moving_jumps(terms, message):
    with pytest.raises(ValueError, match=message):
        DrivenJump(terms)


def test_dephasing_makes_entropy_and_no_heat_unless_it_moves_levels():
    rho = qt.algebra.from_bloch(jnp.array([0.6, 0.0, 0.2]))
    system = qt.OpenSystem(1.3 * N, Dephasing(qt.sigmaz(), 0.25))
    found = qt.rates(system, 0.0, rho)
    assert found.heat_current == 0.0
    assert found.entropy_rate > 0.0
    np.testing.assert_allclose(found.spohn_production, found.entropy_rate, rtol=1e-15)
    change = qt.dynamics.right_hand_side(system, 0.0, rho)[0, 1]
    np.testing.assert_allclose(change, (1.3j - 0.5) * rho[0, 1], rtol=1e-14)
    across = qt.rates(qt.OpenSystem(1.3 * N, Dephasing(X, 0.25)), 0.0, rho)
    np.testing.assert_allclose(across.heat_current, 1.3 * 0.25 * 0.2, rtol=1e-14)
    assert np.isnan(across.spohn_production)
    for operator, rate, message in ((D, 0.1, "Hermitian"), (X, -0.1, "`rate` must be >= 0")):
        with pytest.raises(ValueError, match=message):
            Dephasing(operator, rate)
