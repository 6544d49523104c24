"""Roots between two ends, to the last digit, with their derivatives."""

import jax
import jax.numpy as jnp
import lineax
import numpy as np
import optimistix
import pytest

from qtjax.numerics.roots import Bracketed

# f(x, a), a, the root by a, its derivative
CASES = {
    "cubic": (lambda x, a: x**3 - a, 0.3, lambda a: a ** (1 / 3)),
    "exponential": (lambda x, a: jnp.exp(5 * x) - a, 7.0, lambda a: jnp.log(a) / 5),
    "falling": (lambda x, a: a - x**2, 0.5, jnp.sqrt),
    "flat at an end": (lambda x, a: a - (1 - x) ** 2, 0.04, lambda a: 1 - jnp.sqrt(a)),
    "a step, nearly": (lambda x, a: jnp.tanh(1e6 * (x - a)), 0.123, lambda a: a),
    "tiny values": (lambda x, a: 1e-200 * (x**3 - a), 0.3, lambda a: a ** (1 / 3)),
}


@pytest.mark.parametrize("name", CASES)
def test_roots_to_the_last_digit(name):
    function, a, root = CASES[name]

    def solve(a):
        found = optimistix.root_find(
            function, Bracketed(), 0.5, a, options={"lower": 0.0, "upper": 1.0}, max_steps=104,
            tags=frozenset({lineax.diagonal_tag}), throw=False,
        )  # fmt: skip
        return found.value, found.stats["num_steps"]

    value, steps = jax.jit(solve)(a)
    np.testing.assert_allclose(value, root(a), rtol=0.0, atol=4e-16)
    assert int(steps) < 52
    slope = jax.jit(jax.grad(solve, has_aux=True))(a)[0]
    np.testing.assert_allclose(slope, jax.grad(root)(a), rtol=1e-9)
