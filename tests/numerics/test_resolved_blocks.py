"""What is only rounding is no feature: a step may go as far as the function is smooth."""

import jax
import jax.numpy as jnp
import pytest

from qtjax.numerics.equation import Watched
from qtjax.numerics.resolution import AT_ONCE, _numbers, _samples, look


def longest(function, start, groups=()):
    watched = Watched(function, None, groups=groups)
    edges = start + jnp.array([0.0, 1.0])
    return jax.jit(lambda edges: look(watched, edges, 1e-11, 4096).lengths)(edges)[0]


@pytest.mark.parametrize("start", [0.0, 2.0**20, -(2.0**20)])
def test_a_rounding_of_the_time_is_no_feature(start):
    lengths = longest(lambda t: jnp.tanh(t - start)[None], start)
    assert jnp.min(lengths) > 0.1


@pytest.mark.parametrize("start", [0.0, 2.0**20, -(2.0**20)])
def test_a_jump_and_a_narrow_bell_are_features_there_too(start):
    def bell(t):
        return jnp.exp(-(((t - start - 0.53) / 0.002) ** 2))[None]

    for function in (bell, lambda t: jnp.where(t < start + 0.53, 0.0, 1.0)[None]):
        assert longest(function, start)[34] < 0.02  # of 64 bins, that around 0.53


def test_a_component_that_is_only_rounding_is_none():
    def components(t):
        angle = 1e6 * jnp.array([1.0, 1.0 + 1e-12]) * jnp.exp(-t)
        return jnp.stack([1e6 * jnp.exp(-t), angle[0] - angle[1]])

    assert jnp.min(longest(components, 0.0)) < 0.1
    assert jnp.min(longest(components, 0.0, groups=(2,))) > 0.1


def test_samples_are_taken_a_few_at_once_where_each_needs_much():
    """A Redfield bath with a Lamb shift would take gigabytes at a thousand times."""

    @jax.jit
    def integral(t):
        return jnp.sum(jnp.sin(t * jnp.linspace(0.0, 1.0, AT_ONCE // 10)))[None]

    watched, ts = Watched(integral, None), jnp.linspace(0.0, 2.0, 25)
    assert AT_ONCE // 10 < _numbers(jax.make_jaxpr(integral)(1.0).jaxpr) < AT_ONCE
    program = jax.make_jaxpr(lambda ts: _samples(watched, ts))(ts)
    assert _numbers(program.jaxpr) < AT_ONCE  # none but the loop's results
    values, defects = _samples(watched, ts)
    assert jnp.all(jnp.abs(values - jax.vmap(integral)(ts)) < 1e-9 * jnp.abs(values) + 1e-6)
    assert defects.shape == ts.shape
