"""What operators are known to keep apart, and what it saves: nothing else may change."""

import functools
import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.dynamics.generator import action, generator_at
from qtjax.dynamics.sector_blocks import Packing, matrix_free
from qtjax.dynamics.sectors import known_sectors, one_sector

dense = importlib.import_module("qtjax.dynamics.steady_state")._dense


def graded(seed):
    """Levels with charges in any order; H keeps them, and every jump changes them by its own."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(2, 7))
    charge = rng.integers(0, 3, d)
    change = charge[:, None] - charge
    draw = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
    h = np.where(change == 0, draw + draw.conj().T, 0.0) * rng.integers(0, 2)
    jumps = []
    for _ in range(int(rng.integers(1, 4))):
        some = rng.normal(size=(d, d)) * (rng.random((d, d)) < 0.6)
        jumps.append(np.where(change == rng.integers(-2, 3), some, 0.0) + 0j)
    return qt.OpenSystem(qt.Static(h), qt.Lindblad(np.stack(jumps), np.ones(len(jumps))))


def superoperator(system):
    return np.asarray(qt.dynamics.liouvillian(system, 0.0))


def nullity(matrix):
    values = np.linalg.svd(matrix, compute_uv=False)
    return int(np.sum(values <= 1e-10 * max(values[0], 1.0)))


@pytest.mark.slow
def test_entries_of_groups_do_not_mix_and_nilpotent_ones_hold_no_steady_state():
    """Several charges, degenerate and zero H, steady states that are not unique or not faithful."""
    unique = several = looked_at = 0
    for seed in range(150):
        system = graded(seed)
        sectors, d = known_sectors(system), system.dimension
        matrix = superoperator(system)
        groups = [sectors.populations, *sectors.coherences, *sectors.nilpotent]
        for group in groups:
            rest = np.setdiff1d(np.arange(d * d), group)
            assert np.max(np.abs(matrix[np.ix_(rest, group)]), initial=0.0) == 0.0
        seen = {k for group in groups for k in group}
        assert {d * (k % d) + k // d for k in seen} | seen == set(range(d * d))
        alone = nullity(matrix[np.ix_(sectors.populations, sectors.populations)])
        unique, several = unique + (alone == 1), several + (alone > 1)
        if alone == 1:
            for group in sectors.nilpotent:
                looked_at += 1
                assert nullity(matrix[np.ix_(group, group)]) == 0
    assert min(unique, several, looked_at) > 30


def test_a_cycle_of_sectors_may_hold_a_steady_state():
    """sigma_x and its like on three levels: the cyclic shift commutes with itself."""
    shift = np.roll(np.eye(3), 1, axis=0)
    system = qt.OpenSystem(qt.Static(np.zeros((3, 3))), qt.Lindblad(shift + 0j, 1.0))
    assert known_sectors(system).nilpotent == ()
    solution = qt.steady_state(system, throw=False)
    assert bool(solution.result == qt.RESULTS.steady_state_not_unique)


def damped(rate):
    """Coherences of this qubit decay at 1 + 2 rate, populations at 2."""
    lower = np.asarray(qt.destroy(2))
    bath = qt.Lindblad([lower, lower.T, np.asarray(qt.sigmaz())], [1.0, 1.0, rate])
    return qt.OpenSystem(qt.Static(np.zeros((2, 2))), bath)


def test_where_a_rate_is_negative_all_coherences_are_looked_at():
    assert known_sectors(damped(0.1)).nilpotent == ((1,),)
    assert known_sectors(damped(-0.5)).coherences == ((1,),)
    results = jax.vmap(lambda r: qt.steady_state(damped(r), throw=False).result)(
        jnp.array([0.1, -0.5, -0.4])
    )
    unique = np.asarray(results != qt.RESULTS.steady_state_not_unique)
    np.testing.assert_array_equal(unique, [True, False, True])
    negative = damped(jnp.array(-0.4))
    found = matrix_free(generator_at(negative, 0.0), known_sectors(damped(0.1)), None)
    assert np.isinf(found.error)  # nobody looked at the coherences


def both_ways():
    """A jump into a superposition of sectors: populations turn into coherences of two sectors."""
    a = np.zeros((6, 6), complex)
    a[2:, :2] = np.random.default_rng(0).normal(size=(4, 2))
    back = np.zeros((6, 6), complex)
    back[:2, 2:4] = np.random.default_rng(1).normal(size=(2, 2))
    h = np.zeros((6, 6), complex)
    h[0, 1] = h[1, 0] = 0.3
    h[4, 5], h[5, 4] = 0.2j, -0.2j
    places = np.random.default_rng(2).permutation(6)  # interleaved
    h, a, back = (x[np.ix_(places, places)] for x in (h, a, back))
    return qt.OpenSystem(qt.Static(h), qt.Lindblad([a, back], [0.7, 0.4]))


@pytest.mark.parametrize("seed", range(4))
def test_blocks_act_as_the_generator(seed):
    system = both_ways() if seed == 0 else graded(seed)
    packing = Packing(known_sectors(system))
    generator, rng = generator_at(system, 0.0), np.random.default_rng(seed)
    x = jnp.asarray(rng.normal(size=packing.weights.size))
    rho = packing.whole(packing.unpacked(x))
    np.testing.assert_allclose(rho, rho.conj().T, atol=1e-15)
    moved = packing.whole(packing.unpacked(packing.action(generator)(x)))
    np.testing.assert_allclose(moved, action(generator, rho), atol=1e-13)
    np.testing.assert_allclose(packing.weights @ x, np.trace(rho).real, atol=1e-13)


def chain(fields):
    return qt.models.boundary_driven_chain(4, exchange=1.0, anisotropy=0.5, fields=fields, bias=0.7)


@functools.partial(jax.jit, static_argnums=1)
def by(fields, how):
    system = chain(fields)
    generator, sectors = generator_at(system, 0.0), known_sectors(system)
    if how == "elimination":
        return dense(generator, sectors)
    return matrix_free(generator, sectors if how == "blocks" else one_sector(16), None)


@pytest.mark.parametrize("how", [pytest.param("blocks", marks=pytest.mark.slow), "one block"])
def test_without_a_matrix_values_and_slopes_are_those_of_elimination(how):
    assert len(Packing(known_sectors(chain(0.0))).sectors.blocks) == 5
    fields = jnp.array([0.3, -0.2, 0.1, 0.4])
    expected = by(fields, "elimination").solution
    found = by(fields, how)
    assert np.max(np.abs(np.asarray(found.solution) - expected)) <= float(found.error) < 1e-13

    def magnetization(fields, how):
        return jnp.sum(np.arange(16) * jnp.diagonal(by(fields, how).solution).real)

    slope = jax.jit(jax.grad(magnetization), static_argnums=1)(fields, "elimination")
    assert np.max(np.abs(slope)) > 1e-3
    for mode in (jax.grad, jax.jacfwd):
        ours = jax.jit(mode(magnetization), static_argnums=1)(fields, how)
        np.testing.assert_allclose(ours, slope, atol=1e-12)
