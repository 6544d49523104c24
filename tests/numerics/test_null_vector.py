"""Null vectors of generators that keep a sum: exact at every decade, or with an honest error."""

import functools

import jax
import jax.numpy as jnp
import lineax
import mpmath
import numpy as np
import pytest

from qtjax.numerics.null_vector import factored, null_vector


def flow(n, decades, seed):
    """Rates between n states, log-uniform over so many decades; columns sum to 0."""
    rng = np.random.default_rng(seed)
    g = 10.0 ** rng.uniform(-decades / 2, decades / 2, (n, n)) * (rng.random((n, n)) < 0.7)
    g[np.arange(1, n), np.arange(n - 1)] += 1e-3  # connected
    g[np.arange(n - 1), np.arange(1, n)] += 1e-3
    np.fill_diagonal(g, 0.0)
    return g - np.diag(g.sum(0))


def exact(g, weights):
    """By 300 digits, from the entries off the diagonal."""
    n = g.shape[0]
    with mpmath.workdps(300):
        a = mpmath.matrix(g.tolist())
        for j in range(n):
            a[j, j] = -sum(weights[i] * a[i, j] for i in range(n) if i != j) / weights[j]
        for j in range(n):
            a[0, j] = weights[j]
        b = mpmath.matrix(n, 1)
        b[0] = 1
        return np.array([float(x) for x in mpmath.lu_solve(a, b)])


@functools.cache
def eliminated(n):
    return jax.jit(lambda g: null_vector(g, np.ones(n), sizes=jnp.abs(g)))


@pytest.mark.parametrize("decades", [0, 8, 30, 100])
@pytest.mark.parametrize("n", [2, 3, 7])
def test_a_classical_flow_is_right_to_the_last_digit_at_any_number_of_decades(n, decades):
    for seed in range(5):
        g = flow(n, decades, seed)
        found = eliminated(n)(g)
        x = exact(g, np.ones(n))
        np.testing.assert_allclose(found.solution, x, rtol=1e-14)
        assert float(found.error) < 1e-14
        assert np.max(np.abs(np.asarray(found.solution) - x)) <= float(found.error)
        assert float(found.gap) > 0.1


def test_slopes_of_a_flow_over_many_decades():
    """x_0 of 0 <-> 1 (2r, r) and 0 <-> 2 (1, s) is s/(1 + 3 s) for every r."""

    def share(s, r):
        g = jnp.array([[-2 * r - 1.0, r, s], [2 * r, -r, 0.0], [1.0, 0.0, -s]])
        return null_vector(g, np.ones(3), sizes=jnp.abs(g)).solution[0]

    for mode in (jax.grad, jax.jacfwd):
        slopes = jax.jit(jax.vmap(mode(share), (None, 0)))(0.5, 10.0 ** np.arange(-30.0, 31.0, 10))
        np.testing.assert_allclose(slopes, 1 / 2.5**2, rtol=1e-14)


def with_coherences(seed, coupling, damping, turning):
    """Two states and a damped, turning coherence between them: a Bloch equation with rates."""
    rng = np.random.default_rng(seed)
    up, down = rng.uniform(0.5, 1.0, 2)
    c = coupling
    return np.array(
        [
            [-up, down, 0.0, c],
            [up, -down, 0.0, -c],
            [0.0, 0.0, -damping, turning],
            [-c, c, -turning, -damping],
        ]
    )


WEIGHTS = np.array([1.0, 1.0, 0.0, 0.0])


@pytest.mark.parametrize("coupling", [0.0, 1e-6, 1.0, 1e6])
@pytest.mark.parametrize(("damping", "turning"), [(1.0, 0.3), (1e-9, 1.0), (1e9, 0.0), (0.0, 0.0)])
def test_coherences_of_every_strength(coupling, damping, turning):
    """Undamped ones that do not turn either (0, 0) are unique only where they are coupled."""
    g = with_coherences(0, coupling, damping, turning)
    found = null_vector(jnp.asarray(g), WEIGHTS, sizes=jnp.abs(g))
    if (damping, turning) == (0.0, 0.0):  # the real part of the coherence stays what it is
        assert float(found.gap) == 0.0
        assert np.isinf(found.error)
        return
    with mpmath.workdps(60):
        a = mpmath.matrix(g.tolist())
        for j in range(4):
            a[0, j] = WEIGHTS[j]
        x = mpmath.lu_solve(a, mpmath.matrix([1, 0, 0, 0]))
    error = np.max(np.abs(np.asarray(found.solution) - np.array(x, float).ravel()))
    assert error <= float(found.error) < 1e-9


def test_an_undamped_coherence_that_turns_into_populations():
    g = np.array([[-0.6, 0.4, 1.0], [0.6, -0.4, -1.0], [-1.0, 1.0, 0.0]])
    found = null_vector(jnp.asarray(g), np.array([1.0, 1.0, 0.0]), sizes=jnp.abs(g))
    np.testing.assert_allclose(found.solution, [0.5, 0.5, 0.1], rtol=1e-14)
    assert float(found.gap) > 0.1


NOT_UNIQUE = {
    "two chains": np.kron(np.eye(2), np.array([[-0.3, 0.2], [0.3, -0.2]])),
    "nothing": np.zeros((4, 4)),
    "two traps": np.array([[-1.0, 0, 0], [0.4, 0, 0], [0.6, 0, 0]]),
}


@pytest.mark.parametrize("name", NOT_UNIQUE)
@pytest.mark.parametrize("solver", [None, lineax.LU(), lineax.GMRES(1e-10, 1e-10, max_steps=20)])
def test_what_is_not_unique(name, solver):
    g = jnp.asarray(NOT_UNIQUE[name])
    found = null_vector(g, np.ones(g.shape[0]), sizes=jnp.abs(g), solver=solver, scale=1.0)
    assert float(found.gap) == 0.0
    assert float(found.error) > 1e-2


def test_an_absorbing_state_is_unique():
    g = jnp.array([[-1.0, 0.0, 2.0], [0.4, 0.0, 0.0], [0.6, 0.0, -2.0]])
    found = null_vector(g, np.ones(3), sizes=jnp.abs(g))
    np.testing.assert_array_equal(found.solution, [0.0, 1.0, 0.0])


FIRST, SECOND = flow(5, 2, 3), flow(5, 0, 4)
PLAIN = jax.jit(jax.jacfwd(lambda s: null_vector(FIRST + s * SECOND, np.ones(5)).solution))


@pytest.mark.parametrize(
    ("solver", "given"),
    [
        (lineax.LU(), "matrix"),
        (lineax.GMRES(1e-13, 1e-13), "function"),
        (lineax.QR(), "function"),
    ],
)
def test_any_lineax_solver_of_a_matrix_or_a_function(solver, given):
    def solved(s):
        g = FIRST + s * SECOND
        generator = g if given == "matrix" else lambda x: g @ x
        found = null_vector(generator, np.ones(5), solver=solver, scale=10.0)
        return found.solution, found.error

    values, error = jax.jit(solved)(0.3)
    exactly = null_vector(jnp.asarray(FIRST + 0.3 * SECOND), np.ones(5)).solution
    np.testing.assert_allclose(values, exactly, atol=1e-12)
    assert float(error) < 1e-11
    for mode in (jax.jacfwd, jax.jacrev):
        slope = jax.jit(mode(lambda s: solved(s)[0]))(0.3)
        np.testing.assert_allclose(slope, PLAIN(0.3), atol=1e-11)


def test_a_solver_says_what_rounding_did_to_its_matrix():
    """Beside r = 1e12 the rates of order 1 keep four digits; elimination keeps them all."""
    r = 1e12
    g = np.array([[-2 * r - 1.0, r, 0.5], [2 * r, -r, 0.0], [1.0, 0.0, -0.5]])
    found = null_vector(jnp.asarray(g), np.ones(3), solver=lineax.LU())
    wrong = np.max(np.abs(np.asarray(found.solution) - [0.2, 0.4, 0.4]))
    assert 1e-6 < wrong < float(found.error)


def test_weights_that_are_not_all_equal():
    """What is kept is w.x: a change of units of the components."""
    w, g = np.array([1.0, 3.0, 0.5]), flow(3, 1, 0)
    scaled = g * w / w[:, None]
    found = null_vector(jnp.asarray(scaled), w, sizes=jnp.abs(scaled))
    np.testing.assert_allclose(found.solution, exact(g, np.ones(3)) / w, rtol=1e-14)


def test_what_is_not_finite():
    found = null_vector(jnp.array([[-1.0, np.nan], [1.0, 0.0]]), np.ones(2))
    assert np.isnan(found.gap)
    assert np.isinf(found.error)


def test_lu_factors_know_what_they_know():
    """Right where rates are alike; beside 1e12 their error says so; and never sure of nothing."""
    solve = jax.jit(lambda g: factored(g, np.ones(g.shape[0]), jnp.max(jnp.abs(g))))
    for seed in range(5):
        g = flow(7, 1, seed)
        found, moved = solve(g)
        wrong = np.max(np.abs(np.asarray(found.solution) - exact(g, np.ones(7))))
        assert wrong <= float(found.error) < 1e-12
        np.testing.assert_allclose(moved, g @ found.solution, atol=1e-15)
    g = flow(7, 12, 0)
    wrong = np.max(np.abs(np.asarray(solve(g)[0].solution) - exact(g, np.ones(7))))
    assert wrong <= float(solve(g)[0].error)
    for g in NOT_UNIQUE.values():
        assert np.isinf(solve(jnp.asarray(g) + 0.0)[0].error)
