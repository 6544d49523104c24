"""The best unitary of one part: closed forms, its bound, derivatives, what it says of itself."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matrices import hermitian
from scipy.optimize import linear_sum_assignment

import qtjax as qt
from qtjax.thermodynamics import best_local_unitary, ergotropy, local_ergotropy
from qtjax.thermodynamics.local_unitaries import _of_the_rest

PROGRAM = jax.jit(jax.vmap(lambda rho, h: best_local_unitary(rho, h, (3, 3), 0)))


def state(seed, d):
    return np.asarray(qt.algebra.random_density_matrix(jax.random.key(seed), d))


def turned(a, u):
    return u @ a @ u.conj().T


def correlated(seed):
    """A state and an energy that are diagonal in product bases, the part's turned apart, and the
    local ergotropy: by Birkhoff's theorem the best |u_ij|^2 is a permutation."""
    rng = np.random.default_rng(seed)
    energies, p = rng.normal(size=(3, 3)), rng.dirichlet(np.ones(9)).reshape(3, 3)
    costs = energies @ p.T  # of the level that a population is moved to, by where it was
    rows, columns = linear_sum_assignment(costs)
    a, b = (np.kron(np.linalg.eigh(hermitian(seed + k, 3))[1], np.eye(3)) for k in (50, 60))
    rho, h = turned(np.diag(p.ravel()) + 0j, a), turned(np.diag(energies.ravel()) + 0j, b)
    return rho, h, np.trace(rho @ h).real - costs[rows, columns].sum()


def test_closed_forms_of_two_qutrits():
    """Correlated populations; no coupling; a completely entangled pair that is its own energy."""
    cases = [correlated(seed) for seed in range(3)]
    rho, h, work = cases[2]
    cases[2] = rho, 1e-20 * h, 1e-20 * work  # in another unit
    rho, bare = state(1, 9), hermitian(1, 3)
    alone = np.kron(bare, np.eye(3)) + np.kron(np.eye(3), hermitian(2, 3))
    part = np.trace(rho.reshape(3, 3, 3, 3), axis1=1, axis2=3)
    cases.append((rho, alone, float(ergotropy(part, bare))))
    pair = np.asarray(qt.pure_state(np.eye(3).reshape(-1)))
    cases.append((pair, pair, 1.0))
    rhos, hs, wanted = map(np.array, zip(*cases, strict=True))
    found = PROGRAM(rhos, hs)
    assert jnp.all(found.result == qt.RESULTS.successful)
    np.testing.assert_allclose(found.work, wanted, rtol=0, atol=1e-12)
    assert float(found.work[2]) == pytest.approx(wanted[2], rel=1e-11)
    assert np.all(found.bound >= found.work - 1e-14)
    np.testing.assert_allclose(found.bound[3:], wanted[3:], rtol=0, atol=1e-13)  # these are known
    for rho, h, u, work in zip(rhos, hs, found.unitary, found.work, strict=True):
        np.testing.assert_allclose(u @ u.conj().T, np.eye(3), atol=1e-13)
        after = np.trace(h @ turned(rho, np.kron(u, np.eye(3)))).real
        assert np.trace(h @ rho).real - after == pytest.approx(float(work), abs=1e-13)


def test_no_unitary_does_better_than_what_is_found():
    """Coupled qutrits in any state; derivatives of the work are those of differences."""
    rho, h, along, step = state(3, 9), hermitian(4, 9), hermitian(5, 9), 1e-3
    hs = h + step * np.array([0.0, -2.0, -1.0, 1.0, 2.0])[:, None, None] * along
    found = PROGRAM(np.broadcast_to(rho, hs.shape), hs)
    assert jnp.all(found.result == qt.RESULTS.successful)
    slope = np.array([1.0, -8.0, 8.0, -1.0]) @ np.asarray(found.work[1:]) / (12 * step)
    u = np.kron(found.unitary[0], np.eye(3))
    assert slope == pytest.approx(np.trace(along @ (rho - turned(rho, u))).real, rel=1e-7)
    tried = np.linalg.qr(np.random.default_rng(6).normal(size=(2000, 3, 3, 2)) @ [1, 1j])[0]
    moved = np.einsum("nij,njk,nlk->nil", whole := np.kron(tried, np.eye(3)), [rho], whole.conj())
    best = np.trace(h @ rho).real - np.einsum("ij,nji->n", h, moved).real.min()
    assert best < float(found.work[0]) <= float(found.bound[0])
    assert float(found.bound[0]) <= float(ergotropy(rho, h))


@pytest.mark.slow
def test_it_is_the_closed_form_of_a_qubit_with_its_derivative():
    rho, h = state(7, 6), hermitian(8, 6)
    found, slope = jax.value_and_grad(
        lambda h: best_local_unitary(rho, h, (2, 3), 0, starts=4).work
    )(jnp.asarray(h))
    wanted, known = jax.value_and_grad(lambda h: local_ergotropy(rho, h, (2, 3), 0))(jnp.asarray(h))
    assert float(found) == pytest.approx(float(wanted), abs=1e-13)
    np.testing.assert_allclose(slope, known, atol=1e-7)
    assert float(best_local_unitary(rho, h, (2, 3), 0, starts=4).bound) == pytest.approx(found)


def test_what_it_says_where_it_does_not_succeed():
    rho, h = state(3, 9), hermitian(4, 9)
    program = jax.jit(lambda rho: best_local_unitary(rho, h, (3, 3), starts=1, steps=2))
    short, lost = program(rho), program(rho * np.nan)
    assert short.result == qt.RESULTS.not_stationary
    assert "ended before it came to rest (`slope`)" in qt.RESULTS[short.result]
    assert lost.result == qt.RESULTS.not_finite
    for message, changes in (
        ("`starts` must be a whole number >= 1, got 0", {"starts": 0}),
        ("`steps` must be a whole number >= 1, got 0", {"steps": 0}),
        ("`seed` must be a whole number >= 0, got -1", {"seed": -1}),
        ("between 0 and 1, got", {"site": 2}),
    ):
        with pytest.raises(ValueError, match=message):
            inspect.unwrap(best_local_unitary)(rho, h, (3, 3), **changes)
    with pytest.raises(ValueError, match="`best_local_unitary` searches for it and bounds it"):
        local_ergotropy(rho, h, (3, 3))


def test_what_no_unitary_of_a_part_moves():
    """tr_A(H)/d_A of the rest; of a system without a rest its mean energy."""
    h = jnp.asarray(hermitian(9, 6))
    rest = np.trace(h.reshape(2, 3, 2, 3), axis1=0, axis2=2) / 2
    np.testing.assert_allclose(_of_the_rest(h, (2, 3), 0), np.kron(np.eye(2), rest), atol=1e-14)
    mean = np.trace(h) / 6 * np.eye(6)
    np.testing.assert_allclose(_of_the_rest(h, (6,), 0), mean, atol=1e-14)
