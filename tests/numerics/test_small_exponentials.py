"""Exponentials of few components, lanes last, against SciPy; generators against superoperators."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

from qtjax.algebra.hermitian_basis import commutator_map, jump_map, real_map
from qtjax.algebra.real_generators import real_commutator, real_dissipator
from qtjax.numerics.exponentials import expm1, expm1_in_loops


def generators(lanes, m, n, moving, size, seed=0):
    """Decaying matrices (lanes, m, n) whose rows that do not move are 0."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(lanes, m, n))
    found[:, :n] -= 2.0 * np.sqrt(n) * np.eye(n)
    kept = np.zeros(m, bool)
    kept[list(moving)] = True
    return jnp.asarray(np.where(kept[None, :, None], size * found, 0.0))


def by_scipy(a):
    m, n = a.shape
    whole = np.zeros((m, m))
    whole[:, :n] = a
    return (scipy.linalg.expm(whole) - np.eye(m))[:, :n]


@pytest.mark.parametrize("size", [1e-9, 0.3, 40.0, 3e3])
@pytest.mark.parametrize(("n", "moving"), [(4, (1, 2, 3, 4, 6)), (9, tuple(range(11)))])
def test_of_all_lanes_as_of_one(n, moving, size):
    a = generators(5, n + 3, n, moving, size)
    found = jax.vmap(lambda a: expm1(a, moving=moving))(a)
    wanted = np.stack([by_scipy(np.asarray(lane)) for lane in a])
    # 1e-13: of matrices of norm 1e4 an entry is known to 1e-12 of it, and what it does decays
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-13 * max(1.0, size))
    np.testing.assert_array_equal(expm1(a[2], moving=moving), found[2])


@pytest.mark.slow
def test_derivatives_in_both_modes():
    moving = (1, 2, 3, 4)
    a = generators(3, 6, 4, moving, 5.0)
    direction = generators(3, 6, 4, moving, 1.0, seed=1)
    weights = jnp.asarray(np.random.default_rng(2).normal(size=a.shape))

    @jax.jit
    def total(a):
        return jnp.sum(weights * jax.vmap(lambda a: expm1(a, moving=moving))(a))

    gradient = jax.jit(jax.grad(total))
    pulled = jnp.sum(gradient(a) * direction)
    pushed = jax.jvp(total, (a,), (direction,))[1]
    step = 1e-5
    difference = (total(a + step * direction) - total(a - step * direction)) / (2.0 * step)
    np.testing.assert_allclose(pulled, pushed, rtol=1e-12)
    np.testing.assert_allclose(pulled, difference, rtol=1e-8)  # step^2 and rounding over step
    curved = jax.jvp(lambda a: jnp.sum(gradient(a) * direction), (a,), (direction,))[1]
    ends = [jnp.sum(gradient(a + s * direction) * direction) for s in (step, -step)]
    np.testing.assert_allclose(curved, (ends[0] - ends[1]) / (2.0 * step), rtol=1e-7)


def test_a_lane_that_is_no_number_or_too_large_spoils_no_other():
    a = generators(3, 5, 4, range(5), 1.0)
    a = a.at[0, 1, 1].set(jnp.nan).at[2].multiply(1e20)
    found = jax.vmap(expm1)(a)
    assert jnp.all(jnp.isnan(found[0]))
    np.testing.assert_allclose(found[1], by_scipy(np.asarray(a[1])), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found[2, :4], -np.eye(4), atol=1e-12)  # all of it has decayed


@pytest.mark.parametrize("rate", [1e16, 1e40, 1e200, 1e300])
def test_beside_a_decay_of_any_rate_the_slow_stay_exact(rate):
    """A fast decay, a fast turning, a slow decay that they do not reach, and a slow turning."""
    a = np.zeros((7, 7))
    a[0, 0], a[1, 0] = -rate, 0.5 * rate
    a[2, 2] = -0.7
    a[3:5, 3:5] = [[-1.0, rate], [-rate, -1.0]]
    a[5:, 5:] = [[-0.1, 2.0], [-2.0, -0.1]]
    wanted = np.zeros((7, 7))
    wanted[0, 0], wanted[1, 0] = -1.0, 0.5
    wanted[2, 2] = np.expm1(-0.7)
    wanted[3:5, 3:5] = -np.eye(2)  # a phase that is not known
    turned = np.array([[np.cos(2.0), np.sin(2.0)], [-np.sin(2.0), np.cos(2.0)]])
    wanted[5:, 5:] = np.exp(-0.1) * turned - np.eye(2)
    for found in (expm1(jnp.asarray(a)), expm1_in_loops(jnp.asarray(a))):
        np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("size", [0.5, 40.0, 1e18])
def test_the_derivative_is_that_of_both_sides(size):
    """The cotangent is what the function makes of it, without its program in reverse."""
    a = generators(1, 6, 4, range(6), size)[0]
    weights = jnp.asarray(np.random.default_rng(1).normal(size=a.shape))
    direction = generators(1, 6, 4, range(6), size, seed=2)[0]
    pulled = jnp.sum(jax.vjp(expm1, a)[1](weights)[0] * direction)
    pushed = jnp.sum(weights * jax.jvp(expm1, (a,), (direction,))[1])
    np.testing.assert_allclose(pulled, pushed, rtol=1e-11)


@pytest.mark.parametrize("d", [2, 3, 4, 5])
def test_generators_as_superoperators_have_them(d):
    rng = np.random.default_rng(d)
    left, right = jnp.asarray(rng.normal(size=(2, 3, d, d)) + 1j * rng.normal(size=(2, 3, d, d)))
    rates, h = jnp.asarray([0.3, -0.2, 1.0]), left[0] + left[0].conj().T
    exact = {"rtol": 1e-13, "atol": 1e-13}  # of entries of the order of d^2
    np.testing.assert_allclose(real_commutator(h), real_map(commutator_map(h, jnp), d), **exact)
    single = sum(r * real_map(jump_map(a, jnp), d) for r, a in zip(rates, left, strict=True))
    np.testing.assert_allclose(real_dissipator(rates, left), single, **exact)
    both = [(a + b, a - b) for a, b in zip(left, right, strict=True)]
    paired = sum(
        0.25 * r * real_map(jump_map(plus, jnp) - jump_map(minus, jnp), d)
        for r, (plus, minus) in zip(rates, both, strict=True)
    )
    np.testing.assert_allclose(real_dissipator(rates, left, right), paired, **exact)
