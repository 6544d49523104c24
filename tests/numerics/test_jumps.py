"""The times at which programs jump, differentiated by what they hold."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qtjax.numerics.jumps import moving

P = 0.8
TABLE = jnp.array([0.2, 1.0, -0.4])
# p -> function of time; the times at which it jumps, as functions of p
JUMPING = {
    "comparison": (lambda p: lambda t: jnp.where(t < p * p, 1.0, t), [lambda p: p * p]),
    "floor": (lambda p: lambda t: jnp.floor(t / p), [lambda p: p, lambda p: 2 * p]),
    "ceil": (lambda p: lambda t: jnp.ceil(p * t), [lambda p: 1 / p]),
    "round": (lambda p: lambda t: jnp.round(p * t), [lambda p: 0.5 / p, lambda p: 1.5 / p]),
    "whole": (lambda p: lambda t: jnp.asarray(t / p, int) * t, [lambda p: p]),
    "remainder": (
        lambda p: lambda t: jnp.where(jnp.mod(t, p) < 0.5 * p, 0.0, 1.0),
        [lambda p: 0.5 * p, lambda p: p, lambda p: 1.5 * p],
    ),
    "saw": (lambda p: lambda t: t % p, [lambda p: p, lambda p: 2 * p]),
    "sign": (lambda p: lambda t: jnp.sign(jnp.sin(t / p - 0.3)), [lambda p: 0.3 * p]),
    "heaviside": (lambda p: lambda t: jnp.heaviside(t - p, 0.5), [lambda p: p]),
    "table": (
        lambda p: lambda t: TABLE[jnp.searchsorted(jnp.array([0.4, 1.3]) * p, t)],
        [lambda p: 0.4 * p, lambda p: 1.3 * p],
    ),
    "pieces": (
        lambda p: lambda t: jnp.piecewise(t, [t < p, t < 1.4 * p], [0.1, lambda x: x, 3.0]),
        [lambda p: p, lambda p: 1.4 * p],
    ),
    "branch": (
        lambda p: lambda t: jax.lax.cond(t < p, lambda t: jnp.where(t > p / 2, t, 0.0), jnp.cos, t),
        [lambda p: p, lambda p: p / 2],
    ),
}  # fmt: skip


def times(function, jumps):
    t = jnp.asarray(0.0)
    closed = eqx.filter_closure_convert(lambda t: jnp.atleast_1d(function(t)), t)
    return moving(closed, jax.lax.stop_gradient(jumps), 2.0)


def wanted(p):
    return {name: jnp.stack([jump(p) for jump in jumps]) for name, (_, jumps) in JUMPING.items()}


def found(p):
    return {
        name: times(JUMPING[name][0](p), jnp.append(jumps, jnp.inf))[:-1]
        for name, jumps in wanted(p).items()
    }


@pytest.mark.parametrize("jacobian", [jax.jacfwd, jax.jacrev])
def test_jumps_move_as_their_comparisons_do(jacobian):
    slopes, right = jax.jit(jacobian(found))(P), jax.jit(jax.jacfwd(wanted))(P)
    for name in JUMPING:
        np.testing.assert_allclose(slopes[name], right[name], rtol=1e-13, err_msg=name)


@pytest.mark.slow
def test_second_derivatives():
    names = ["comparison", "ceil", "pieces"]

    def chosen(function):
        return lambda p: [function(p)[name] for name in names]

    curvatures = jax.jit(jax.jacfwd(jax.jacrev(chosen(found))))(P)
    right = jax.jit(jax.jacfwd(jax.jacfwd(chosen(wanted))))(P)
    for one, other in zip(curvatures, right, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


def test_what_is_not_perturbed_moves_nothing():
    slope = jax.grad(lambda a: times(lambda t: a * jnp.where(t < P, 0.0, 1.0), jnp.array([P]))[0])
    assert slope(2.0) == 0.0


@pytest.mark.parametrize(
    "function",
    [
        lambda a: lambda t: jnp.where(t < a[0], 0.0, 1.0) + jnp.where(t < a[1], 0.0, 1.0),
        lambda a: lambda t: jnp.argmax(jnp.stack([t * a[0], a[1] * a[0]])) * a[0],
    ],
    ids=["two at once", "not explained"],
)
def test_a_jump_that_is_not_explained_has_no_slope(function):
    slopes = jax.jacfwd(lambda a: times(function(a), jnp.array([P])))(jnp.array([P, P]))
    assert np.all(np.isnan(slopes))
