"""Fronts of two objectives against a closed form."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from qtjax.design import optimize, pareto_front

SIZE = 1e-20  # of the first objective, to be a power in joules


def objectives(p):
    """Two hills at (1, 0) and (-1, 0): on the front sqrt(-a) + sqrt(-b) = 2."""
    x, y = p
    return -SIZE * ((x - 1.0) ** 2 + y**2), -((x + 1.0) ** 2) - y**2


def starts():
    rng = np.random.default_rng(0)
    found = rng.uniform(-1.5, 1.5, (2, 6))
    found[0, 5] = np.nan  # a start that leads nowhere
    return tuple(jnp.asarray(found))


@pytest.fixture(scope="module")
def front():
    def finer(p):
        first, second = objectives(p)
        return 0.99 * first, second

    return pareto_front(objectives, starts(), optax.adam(0.03), steps=600, points=9, finer=finer)


def test_points_lie_on_the_front_from_end_to_end(front):
    first, second = np.asarray(front.values).T
    np.testing.assert_allclose(np.sqrt(-first / SIZE) + np.sqrt(-second), 2.0, atol=2e-3)
    np.testing.assert_allclose(front.levels, np.linspace(-4.0, 0.0, 9), atol=1e-3)
    np.testing.assert_allclose(second, front.levels, atol=2e-3)
    assert np.all(front.feasible)
    assert not np.any(front.dominated)


def test_how_sure_a_point_is(front):
    assert np.all(np.asarray(front.spread)[:-1] < 1e-2 * SIZE)
    np.testing.assert_allclose(front.change[:, 0], -0.01 * front.values[:, 0], rtol=1e-12)
    np.testing.assert_array_equal(front.change[:, 1], 0.0)


def test_the_area_under_a_front(front):
    """Below u = (2 - sqrt(v))^2, u and v what the objectives lack: 16 less 8/3, less the steps."""
    area = front.hypervolume((-4.0 * SIZE, -4.0)) / SIZE
    first, second = (np.asarray(front.values) / (SIZE, 1.0)).T
    steps = sum(
        (second[k] - second[k - 1] if k else second[0] + 4.0) * (first[k] + 4.0) for k in range(9)
    )
    assert area == pytest.approx(steps, rel=1e-6)
    assert 11.0 < area < 16.0 - 8.0 / 3.0


def test_the_ends_are_those_that_were_found():
    """However few the steps, each objective's best is on the front, to the 1e-6 of feasibility."""
    given, adam = tuple(x[:5] for x in starts()), optax.adam(0.3)
    front = pareto_front(objectives, given, adam, steps=8, points=3)
    for end, k, size in ((0, 0, SIZE), (-1, 1, 1.0)):
        alone = optimize(
            lambda p, k=k, s=size: -objectives(p)[k] / s, given, adam, steps=8, many=True
        )
        assert front.values[end, k] >= -size * (alone.loss.min() + 4e-6)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"points": 1}, "`points` must be a whole number >= 2, got 1"),
        ({"steps": 0}, "`steps` must be a whole number >= 1, got 0"),
        ({"starts": (0.1, 0.2)}, "`starts` must have a leading axis of starts"),
        ({"starts": (jnp.full(2, jnp.nan),) * 2}, "not finite at any of the `starts`"),
    ],
)
def test_bad_input(options, words):
    given = {"starts": starts(), "steps": 2} | options
    with pytest.raises(ValueError, match=words):
        pareto_front(objectives, given.pop("starts"), optax.adam(0.1), **given)


def test_one_program_solves_for_all_points_and_one_evaluates():
    traced = []

    def counted(p):
        traced.append(p)
        return objectives(p)

    def loss(p):
        first, second = counted(p)
        return -first / SIZE, second + 10.0

    given, adam = tuple(x[:5] for x in starts()), optax.adam(0.03)
    optimize(loss, given, adam, steps=3, many=True)
    once = len(traced)
    traced.clear()
    pareto_front(counted, given, adam, steps=3, points=4)
    assert len(traced) <= once + 1
