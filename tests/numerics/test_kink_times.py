"""The times at which a slope jumps, of functions that are only called."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qtjax.numerics.equation import Watched
from qtjax.numerics.resolution import look


def found(function, edges):
    edges = jnp.asarray(edges)
    jumps = jax.jit(lambda e: look(Watched(lambda t: function(t)[None], None), e, 1e-11, 4096))
    times = np.asarray(jumps(edges).jumps)
    return times[np.isfinite(times)]


@pytest.mark.parametrize(
    ("function", "times"),
    [
        (lambda t: jnp.abs(t - 0.123456789), [0.123456789]),
        (lambda t: 5.0 + 1e-3 * jnp.abs(t - 0.7) + jnp.sin(t), [0.7]),
        (lambda t: jnp.clip(t, 0.2, 0.6), [0.2, 0.6]),
        (lambda t: jnp.maximum(jnp.sin(30.0 * t), 0.0), np.arange(1, 10) * np.pi / 30.0),
        (lambda t: jnp.where(t < 0.4, 0.0, 1.0 + jnp.abs(t - 0.8)), [0.4, 0.8]),
        (lambda t: jnp.exp(-(((t - 0.5) / 1e-4) ** 2)), []),  # narrow, but smooth
        (lambda t: jnp.sin(2000.0 * t), []),
        (lambda t: jnp.sqrt(t) + jnp.sqrt(1.0 - t), []),  # steep at the edges, but without kinks
        (lambda t: jnp.exp(-t / 1e-7) + jnp.tanh((1.0 - t) / 1e-7 - 5.0), []),
    ],
)
def test_times(function, times):
    np.testing.assert_allclose(found(function, [0.0, 1.0]), times, rtol=0, atol=1e-12)


@pytest.mark.parametrize("edges", [[0.0, 1.0], [3.0, 7.3, 13.7]])
@pytest.mark.parametrize("rest", [0.0, 1.0])  # of what is smooth, and bends more than the kink
def test_times_beside_edges(edges, rest):
    def of(c):
        def function(t):
            return (rest * jnp.sin(t + 0.3) + jnp.abs(t - c))[None]

        return look(Watched(function, None), jnp.asarray(edges), 1e-11, 4096).jumps

    shares = np.outer(10.0 ** -np.arange(2, 12), [1.0, 2.3, 5.0]).ravel()
    distances = (edges[-1] - edges[0]) * shares
    inside = [edge + sign * distances for edge in edges for sign in (-1.0, 1.0)][1:-1]
    found_of = jax.jit(of)
    for c in np.concatenate(inside):
        times = np.asarray(found_of(c))
        np.testing.assert_allclose(times[np.isfinite(times)], [c], rtol=1e-14, atol=1e-14)


def test_single_precision_with_more_samples_than_it_has_digits_for():
    edges = jnp.array([0.0, 1.0], jnp.float32)
    jumps = look(Watched(lambda t: jnp.sin(9 * t)[None], None), edges, 1e-5, 1 << 18).jumps
    assert not np.any(np.isfinite(jumps))
