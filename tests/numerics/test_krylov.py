"""GMRES that stops early, against the solution."""

import functools

import jax
import jax.numpy as jnp
import lineax
import numpy as np
import pytest

from qtjax.numerics.krylov import EarlyGMRES


def system(n, seed):
    rng = np.random.default_rng(seed)
    return np.eye(n) + 0.5 * rng.normal(size=(n, n)) / np.sqrt(n), rng.normal(size=n)


@functools.partial(jax.jit, static_argnums=2)
def solved(a, b, solver, inverse=None):
    options = {} if inverse is None else {"preconditioner": lineax.MatrixLinearOperator(inverse)}
    operator = lineax.MatrixLinearOperator(a)
    return lineax.linear_solve(operator, b, solver, options=options, throw=False)


@pytest.mark.parametrize("kept", [10, 100])
def test_it_solves_with_and_without_restarts(kept):
    for seed in range(3):
        a, b = system(30, seed)
        found = solved(a, b, EarlyGMRES(1e-14, kept))
        np.testing.assert_allclose(found.value, np.linalg.solve(a, b), rtol=0, atol=1e-12)
        assert bool(found.result == lineax.RESULTS.successful)


def test_it_stops_within_a_cycle():
    """Three eigenvalues need three products, and the identity as preconditioned matrix one."""
    count = [0]

    def action(x):
        jax.debug.callback(lambda: count.__setitem__(0, count[0] + 1))
        return jnp.repeat(jnp.array([1.0, 2.0, 3.0]), 10) * x

    like = jax.ShapeDtypeStruct((30,), jnp.result_type(float))
    operator = lineax.FunctionLinearOperator(action, like)
    b = jnp.arange(1.0, 31.0)
    found = lineax.linear_solve(operator, b, EarlyGMRES(1e-13)).value
    jax.effects_barrier()
    np.testing.assert_allclose(found, b / np.repeat([1.0, 2.0, 3.0], 10), rtol=1e-13)
    assert 3 <= count[0] <= 4 + 1  # with the residual at the end


def test_lanes_stop_each_at_its_own_residual_and_have_slopes():
    a, b = system(20, 4)
    inverse = np.diag(1.0 / np.diagonal(a))

    def value(s):
        return jnp.sum(solved(a + s * np.eye(20), b, EarlyGMRES(1e-14), inverse).value ** 2)

    def directly(s):
        return jnp.sum(jnp.linalg.solve(a + s * np.eye(20), b) ** 2)

    at = jnp.array([0.0, 0.3, 5.0])
    for mode in (jax.grad, jax.jacfwd):
        np.testing.assert_allclose(
            jax.jit(jax.vmap(mode(value)))(at), jax.vmap(jax.grad(directly))(at), rtol=1e-9
        )


def test_a_singular_system_ends_without_success():
    a, b = np.diag([1.0, 2.0, 0.0]), np.ones(3)
    found = solved(a, b, EarlyGMRES(1e-12))
    assert not bool(found.result == lineax.RESULTS.successful)
    assert np.all(solved(a, np.zeros(3), EarlyGMRES(1e-12)).value == 0.0)
