"""Steps by collocation: closed forms of decays and rotations, and what they forget."""

from itertools import pairwise

import jax.numpy as jnp
import numpy as np
import pytest

from qtjax.numerics.collocation import collocation_increment, forgotten, graded
from qtjax.numerics.equation import Watched
from qtjax.numerics.exponentials import compose
from qtjax.numerics.resolution import look, resolved_edges


def decay(t):
    """x' = -(3 + t) x with a book of x, and a component that stays."""
    rate = 3.0 + t
    return jnp.array([[0.0, 0.0], [0.0, -rate], [0.0, 1.0 - rate / 7.0]])


def test_order_of_short_steps():
    exact = np.exp(-3.0 * 0.4 - 0.4**2 / 2.0) - 1.0
    errors = []
    for parts in (1, 2, 4):
        edges, total = np.linspace(0.0, 0.4, parts + 1), jnp.zeros((3, 2))
        for pair in pairwise(edges):
            total = compose(collocation_increment(decay, *pair), total)
        np.testing.assert_array_equal(total[:, 0], 0.0)
        errors.append(abs(float(total[1, 1]) - exact))
    assert errors[0] < 1e-6
    np.testing.assert_allclose(np.log2(np.divide(errors[:-1], errors[1:])), 7.0, atol=0.5)


@pytest.mark.parametrize("lifetimes", [1e2, 1e4, 1e6])
def test_a_slow_drive_is_followed_to_rounding(lifetimes):
    """x' = -k (x - a(t)) forgets where it came from, and lags behind a by a'/k - a''/k^2."""

    def generator(t):
        a = 1.0 + t**2
        return lifetimes * jnp.array([[0.0, 0.0], [a, -1.0]])

    step = collocation_increment(generator, 0.0, 1.0)
    assert float(step[1, 1]) == pytest.approx(-1.0, abs=5.0 / lifetimes)
    edges = np.append(graded(jnp.array([0.0, 1.0]), 64, lifetimes).ravel(), 1.0)
    total = jnp.zeros((2, 2))
    for pair in pairwise(edges):
        total = compose(collocation_increment(generator, *pair), total)
    wanted = 2.0 - 2.0 / lifetimes + 2.0 / lifetimes**2
    assert float(total[1, 0]) == pytest.approx(wanted, abs=1e-12)
    assert float(total[1, 1]) == pytest.approx(-1.0, abs=1e-12)


def test_a_jump_at_the_end_of_a_step_is_not_seen():
    """As of a drive that is constant from one breakpoint to the next."""
    step = collocation_increment(lambda t: jnp.where(t < 0.3, -1.0, 5.0)[None, None], 0.1, 0.3)
    assert float(step[0, 0]) == pytest.approx(np.expm1(-0.2), abs=1e-11)


def test_times_are_close_to_the_start_of_a_piece():
    edges = jnp.array([0.0, 0.25, 1.0])
    times = np.asarray(graded(edges, 8, 1e6))
    np.testing.assert_array_equal(times[:, 0], edges[:-1])
    assert np.all(np.diff(times, axis=1) > 0.0)
    assert np.all(times[:, 1] - times[:, 0] < 1e-4)
    even = graded(edges, 8, 1.0)
    np.testing.assert_allclose(np.diff(even, axis=1), [[0.25 / 8] * 7, [0.75 / 8] * 7], rtol=1e-3)


def test_a_rotation_that_is_forgotten_shows():
    """Steps take it for what has decayed, e^{-5} of it had not."""

    def generator(t):
        return jnp.array([[-5.0, 1e4], [-1e4, -5.0]])

    whole, t = jnp.array([0.0, 1.0]), jnp.linspace(0.0, 1.0, 65)
    missed = np.asarray(forgotten(generator, whole, t))
    assert np.linalg.norm(missed, 2) == pytest.approx(np.exp(-5.0), rel=1e-6)
    resolved = forgotten(lambda t: 1e-3 * generator(t), whole, t)
    assert float(jnp.max(jnp.abs(resolved))) < 1e-10


def test_what_starts_to_rotate_late_shows():
    """A jump of what is followed excites a rotation that has half of the time to decay."""

    def generator(t):
        turning = jnp.array([[-20.0, 1e4], [-1e4, -20.0]])
        drive = jnp.where(t < 0.5, 0.0, 1e4)
        return jnp.pad(turning, ((1, 0), (1, 0))).at[1, 0].set(drive)

    missed = forgotten(generator, jnp.array([0.0, 0.5, 1.0]), jnp.linspace(0.0, 1.0, 65))
    assert float(jnp.linalg.norm(missed[1:, 0])) == pytest.approx(np.exp(-10.0), rel=1e-2)


def rotating(frequency, rate):
    """A rotation with a decay and a drive, (3, 3)."""
    turning = jnp.array([[-rate, frequency], [-frequency, -rate]])
    return jnp.pad(turning, ((1, 0), (1, 0))).at[1, 0].set(rate)


def test_a_rotation_that_turns_back_shows():
    """Its mean is 0, and so is that of four periods of a drive."""
    whole, t = jnp.array([0.0, 1.0]), jnp.linspace(0.0, 1.0, 65)
    for frequency in (lambda t: 1e4 * (1.0 - 2.0 * t), lambda t: 1e4 * jnp.sin(8.0 * jnp.pi * t)):
        missed = forgotten(lambda t, w=frequency: rotating(w(t), 1.0), whole, t)
        assert np.linalg.norm(missed, 2) == pytest.approx(np.exp(-1.0), rel=1e-2)


def test_what_is_no_longer_damped_after_a_fast_change_shows():
    """What rotates then was not there at the start: the change excites it."""
    whole = jnp.array([0.0, 1.0])

    def generator(t):
        return rotating(1e4, 5e3 * (1.0 - jnp.tanh(1e4 * (t - 0.5))))

    def values(t):
        return generator(t)[1:].reshape(-1) / 1e4

    seen = look(Watched(values, None), whole, 1e-13, 4096)
    t = jnp.sort(jnp.concatenate([jnp.linspace(0.0, 1.0, 65), resolved_edges(seen, whole, 256)]))
    missed = forgotten(generator, whole, t, seen)
    assert float(jnp.linalg.norm(missed[1:, 0])) > 0.1
    slow = forgotten(lambda t: rotating(1e4, 5e3), whole, t, seen)
    assert float(jnp.max(jnp.abs(slow))) < 1e-10
