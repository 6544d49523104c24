"""The way back through stored starts, for every number of chunks, beside plain reverse mode."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qtjax.numerics.loops import pull_back

SLOTS = 3  # so that nine steps are the most


def step(carry):
    x, k = carry
    return jnp.sin(x) + 0.1 * x**2, k + 1.0


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 8, 9])
def test_the_cotangent_is_that_of_reverse_mode(count):
    def back(cotangent, begin, end):
        assert begin[0].shape == end[0].shape
        return jax.vjp(lambda x: step((x, begin[1]))[0], begin[0])[1](cotangent)[0]

    def going(carry):
        return jnp.any(carry[1] < count)

    start = jnp.array([0.3, 0.7]), jnp.zeros(2)
    found = jax.jit(lambda start: pull_back(step, back, going, start, lambda c: c[0] ** 2, SLOTS))

    def whole(x):
        for _ in range(count):
            x = step((x, 0.0))[0]
        return x

    end, pull = jax.vjp(whole, start[0])
    np.testing.assert_allclose(found(start), pull(end**2)[0], rtol=1e-14)


def test_there_is_one_copy_of_the_steps():
    def going(carry):
        return jnp.any(carry[1] < 5)

    def back(cotangent, begin, end):
        return cotangent

    start = jnp.array([0.3, 0.7]), jnp.zeros(2)
    traced = jax.jit(lambda s: pull_back(step, back, going, s, lambda c: c[0], SLOTS)).trace(start)
    assert str(traced.jaxpr).count(" sin ") == 1
