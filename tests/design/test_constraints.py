"""Margins, costs and bounds against formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import qtjax as qt
from qtjax.design import (
    FixedSum,
    at_least,
    at_most,
    equal,
    margins,
    roughness,
    slope_at_most,
    smooth_maximum,
)

TIMES = np.linspace(0.0, 1.0, 5)


def test_margins_are_in_units_of_their_limits():
    np.testing.assert_allclose(at_least(3e-20, 2e-20), [0.5])
    np.testing.assert_allclose(at_least([1.0, -1.0], -2.0), [1.5, 0.5])
    np.testing.assert_allclose(at_most(3.0, 2.0), [-0.5])
    np.testing.assert_allclose(at_most(3.0, 0.0), [-3.0])
    np.testing.assert_allclose(at_most(3.0, 2.0, unit=0.1), [-10.0])
    np.testing.assert_allclose(equal(3.0, 2.0), [0.5, -0.5])
    np.testing.assert_allclose(margins(1.0, [[2.0, 3.0]], equal(1.0, 1.0)), [1, 2, 3, 0, 0])


def test_the_unit_of_a_margin_does_not_move_with_its_limit():
    """A level that is a parameter must not be paid for by its own unit."""
    slope = jax.grad(lambda level: at_most(3.0, level)[0])(2.0)
    assert float(slope) == 0.5


def test_slope_and_bend_of_a_parabola():
    parabola = qt.Polynomial([0.0, 0.0, 1.0])
    np.testing.assert_allclose(slope_at_most(parabola, 2.0, TIMES), 1.0 - TIMES**2, atol=1e-15)
    assert float(roughness(parabola, TIMES)) == pytest.approx(4.0, rel=1e-14)
    assert float(roughness(qt.Ramp(TIMES[1:-1]), TIMES)) == pytest.approx(0.0, abs=1e-25)


def test_the_smooth_maximum_lies_close_above_the_largest():
    values = jnp.array([1.0, -2.0, 0.9, 0.3])
    for smoothing in (0.2, 0.02):
        gap = float(smooth_maximum(values, smoothing)) - 1.0
        assert 0.0 < gap < smoothing * float(jnp.std(values)) * np.log(4)
    moved = smooth_maximum(1e-20 * values + 3e-20)
    assert float(moved) == pytest.approx(1e-20 * float(smooth_maximum(values)) + 3e-20, rel=1e-12)


@pytest.mark.parametrize("values", [[1.0, -2.0, 0.9], [2.0, 2.0, 2.0]])
def test_the_gradient_of_the_smooth_maximum_adds_up_to_one(values):
    """As of everything that moves with all values together."""
    slope = jax.grad(smooth_maximum)(jnp.array(values))
    assert float(jnp.sum(slope)) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("total", [1.0, 3e-12, 1e6])
def test_a_fixed_sum_is_kept_and_inverted(total):
    bound = FixedSum(total)
    shares = total * np.array([[0.2, 0.3, 0.5], [1e-9, 0.4, 0.6 - 1e-9]])
    free = bound.to_free(jnp.asarray(shares))
    np.testing.assert_allclose(bound.to_parameter(free), shares, rtol=1e-14)
    sums = jnp.sum(bound.to_parameter(jnp.array([[3.0, -1.0, 0.0], [1e-3, 1e3, 1.0]])), axis=-1)
    np.testing.assert_allclose(sums, total, rtol=1e-14)
    assert bound.contains(jnp.array([0.0, 1.0])).tolist() == [False, True]


def test_an_optimum_with_a_fixed_sum():
    """-sum a ln x with sum x = 6 is lowest at x = 6 a / sum a."""
    a = jnp.array([1.0, 2.0, 5.0])
    found = qt.optimize(
        lambda x: -jnp.sum(a * jnp.log(x)), jnp.full(3, 2.0), optax.lbfgs(), steps=40,
        bounds=FixedSum(6.0),
    )  # fmt: skip
    np.testing.assert_allclose(found.parameters, 6.0 * a / 8.0, rtol=1e-7)


def test_an_optimum_at_the_end_of_a_fixed_sum():
    """All of it into the cheapest: the others are 0, reached at finite variables."""
    found = qt.optimize(
        lambda x: jnp.sum(jnp.array([3.0, 1.0, 2.0]) * x), jnp.full(3, 2.0), optax.lbfgs(),
        steps=60, bounds=FixedSum(6.0),
    )  # fmt: skip
    np.testing.assert_allclose(found.parameters, [0.0, 6.0, 0.0], atol=1e-9)


def test_what_is_rounded_onto_a_bound_goes_back():
    bound = qt.Bounded(0.1, 0.7)
    assert np.all(np.isfinite(bound.to_free(jnp.array([0.1, 0.7]))))
    outside = jax.jit(lambda x: bound.to_free(x))(jnp.array([0.1 - 1e-9, 0.7 + 1e-9]))
    assert np.all(np.isnan(outside))


@pytest.mark.parametrize("fails", ["mean", "worst"])
def test_robust_optima(fails):
    """Of (x - a)^2, a = 0, 1, 3: the mean is lowest at 4/3, the largest at 3/2."""
    members = jnp.array([0.0, 1.0, 3.0])

    def losses(x):
        return jax.vmap(lambda a: (x - a) ** 2)(members)

    if fails == "mean":
        found = qt.optimize(lambda x: jnp.mean(losses(x)), jnp.array(0.5), optax.lbfgs(), steps=20)
        assert float(found.parameters) == pytest.approx(4.0 / 3.0, abs=1e-9)
    else:
        found = qt.optimize(
            lambda x: smooth_maximum(losses(x), 1e-3), jnp.array(1.0), optax.adam(
                optax.cosine_decay_schedule(0.1, 300)), steps=300,
        )  # fmt: skip
        assert float(found.parameters) == pytest.approx(1.5, abs=2e-3)
