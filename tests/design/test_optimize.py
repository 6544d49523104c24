"""The optimizer against problems whose optimum is known, and its bookkeeping."""

import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import qtjax as qt

CENTER = jnp.array([1.0, -2.0, 0.5])
CURVATURE = jnp.array([1.0, 3.0, 10.0])


def quadratic(x):
    return jnp.sum(CURVATURE * (x - CENTER) ** 2) + 0.25


def decaying_adam(steps):
    return optax.adam(optax.cosine_decay_schedule(0.2, steps))


def same_bits(a, b):
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return all(np.array_equal(np.asarray(x), np.asarray(y), equal_nan=True) for x, y in pairs)


BOUNDS = {
    "bounded": (qt.Bounded(0.05, 20.0), 0.05, 20.0),
    "narrow": (qt.Bounded(1.0, 1.0 + 1e-6), 1.0, 1.0 + 1e-6),
    "far": (qt.Bounded(-3e5, -1e5), -3e5, -1e5),
    "positive": (qt.Positive(), 0.0, np.inf),
    "positive, small scale": (qt.Positive(1e-3), 0.0, np.inf),
    "unbounded": (qt.design.Unbounded(), -np.inf, np.inf),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_are_bijections(name):
    bound, lower, upper = BOUNDS[name]
    if np.isfinite(upper):
        width = upper - lower
        edge = np.array([1e-14, 1e-9, 1e-4])
        x = np.concatenate([lower + width * edge, lower + width * np.linspace(0.01, 0.99, 9),
                            upper - width * edge[::-1]])  # fmt: skip
        x = x[(x > lower) & (x < upper)]
    elif np.isfinite(lower):
        x = np.geomspace(1e-12, 1e8, 15)
    else:
        x = np.linspace(-1e6, 1e6, 11)
    free = bound.to_free(jnp.asarray(x))
    assert np.all(np.isfinite(free))
    assert np.all(np.diff(free) > 0)  # one-to-one and in order
    back = np.asarray(bound.to_parameter(free))
    # Rounding of the larger of x and the bounds, a few times.
    scale = np.abs(x) if not np.isfinite(upper) else max(abs(lower), abs(upper))
    assert np.all(np.abs(back - x) <= 1e-15 * 8 * scale)
    assert np.all(bound.contains(jnp.asarray(x)))
    far = np.asarray(bound.to_parameter(jnp.linspace(-1e3, 1e3, 201)))
    assert np.all(np.isfinite(far))
    assert np.all((far >= lower) & (far <= upper))


def test_bounds_do_not_contain_their_edges():
    bound = qt.Bounded(0.0, 2.0)
    assert bound.contains(jnp.array([-1.0, 0.0, 1.0, 2.0, 3.0])).tolist() == [
        False, False, True, False, False,
    ]  # fmt: skip
    assert qt.Positive().contains(jnp.array([-1.0, 0.0, 1e-300])).tolist() == [False, False, True]


def test_start_outside_names_the_leaf():
    start = {"durations": jnp.array([2.0, 30.0]), "rate": jnp.asarray(0.5)}
    bounds = {"durations": qt.Bounded(0.05, 20.0), "rate": qt.Positive()}
    with pytest.raises(
        ValueError, match=r"`start`.*start\['durations'\] = \[ *2\. *30\.\].*move it inside"
    ) as caught:
        qt.optimize(lambda p: p["rate"], start, optax.adam(0.1), steps=1, bounds=bounds)
    assert "rate" not in str(caught.value)
    start = {"durations": jnp.array([2.0, 20.0]), "rate": jnp.asarray(0.0)}
    with pytest.raises(ValueError, match=r"start\['durations'\].*; start\['rate'\] = 0"):
        qt.optimize(lambda p: p["rate"], start, optax.adam(0.1), steps=1, bounds=bounds)


OPTIMIZERS = {
    # L-BFGS with a line search ends a quadratic in a few steps; Adam creeps with the step length.
    "lbfgs": (optax.lbfgs(), 40, 1e-8),
    "adam": (decaying_adam(400), 400, 1e-4),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_quadratic(name):
    optimizer, steps, tolerance = OPTIMIZERS[name]
    found = qt.optimize(quadratic, jnp.zeros(3), optimizer, steps=steps)
    np.testing.assert_allclose(found.parameters, CENTER, atol=tolerance)
    assert float(found.loss) == pytest.approx(0.25, abs=20 * tolerance**2)
    assert float(found.loss) == float(quadratic(found.parameters))
    assert found.history.loss.shape == (steps,)
    assert float(found.history.loss[0]) == float(quadratic(jnp.zeros(3)))
    assert float(found.loss) == float(jnp.min(found.history.loss))
    assert float(found.violation) == 0.0
    assert not bool(found.frozen)
    assert int(found.progress.steps) == steps


def test_optimum_inside_and_on_bounds():
    # The second and third coordinates want to leave the box and must end on its faces.
    bounds = qt.Bounded(jnp.array([-5.0, -1.0, -1.0]), jnp.array([5.0, 1.0, 0.25]))
    found = qt.optimize(quadratic, jnp.zeros(3), decaying_adam(600), steps=600, bounds=bounds)
    x = np.asarray(found.parameters)
    assert np.all((x >= [-5.0, -1.0, -1.0]) & (x <= [5.0, 1.0, 0.25]))
    np.testing.assert_allclose(x, [1.0, -1.0, 0.25], atol=1e-4)


def disc(p):
    """The point of the disc |p| <= 1 nearest to (2, 1), above the line y = 0.7 x - 0.1."""
    x, y = p["x"], p["y"]
    value = (x - 2.0) ** 2 + (y - 1.0) ** 2
    return value, jnp.stack([1.0 - x**2 - y**2, y - 0.7 * x + 0.1])


def test_margins_reach_the_constrained_optimum():
    # By hand: the free optimum of the disc, (2, 1)/sqrt(5), violates the line (0.447 < 0.526), so
    # both margins are active: x^2 + (0.7 x - 0.1)^2 = 1.
    x = (0.14 + np.sqrt(0.14**2 + 4 * 1.49 * 0.99)) / (2 * 1.49)
    start = {"x": jnp.asarray(0.1), "y": jnp.asarray(0.3)}
    found = qt.optimize(disc, start, optax.lbfgs(), steps=600, round_steps=20)
    assert float(found.violation) <= 1e-8
    np.testing.assert_allclose(
        [found.parameters["x"], found.parameters["y"]], [x, 0.7 * x - 0.1], atol=1e-6
    )
    value, margins = disc(found.parameters)
    assert float(jnp.min(margins)) >= -1e-8
    assert float(value) == float(found.loss)
    assert np.all(np.asarray(found.progress.multipliers) > 0.1)  # both constraints are felt


def test_idle_margins_change_nothing():
    def loss(x):
        return quadratic(x), jnp.array([10.0]) - x[0]

    found = qt.optimize(loss, jnp.zeros(3), optax.lbfgs(), steps=40)
    np.testing.assert_allclose(found.parameters, CENTER, atol=1e-8)
    assert float(found.violation) == 0.0


def log_descent(x):
    """Falls towards x = 0+ and is nan beyond, but only for starts with x[1] > 0."""
    doomed = x[1] > 0.0
    safe = jnp.where(doomed, x[0], 1.0)
    return jnp.where(doomed, jnp.log(safe), (x[0] - 1.0) ** 2)


def test_many_lanes_are_separate_runs_and_nan_is_harmless():
    starts = jnp.array([[3.0, -1.0], [0.2, 1.0], [-2.0, -1.0]])
    kw = {"steps": 60, "checkpoint_every": 25}
    found = qt.optimize(log_descent, starts, optax.adam(0.05), many=True, **kw)
    assert found.frozen.tolist() == [False, True, False]
    assert found.history.loss.shape == (3, 60)
    assert found.progress.steps.tolist() == [60, 60, 60]
    for k, start in enumerate(starts):
        alone = qt.optimize(log_descent, start, optax.adam(0.05), **kw)
        np.testing.assert_allclose(found.parameters[k], alone.parameters, rtol=1e-12)
        np.testing.assert_allclose(found.history.loss[k], alone.history.loss, rtol=1e-12)
    # The doomed lane keeps its best finite point: the last before x[0] < 0.
    assert np.all(np.isfinite(found.parameters))
    assert np.all(np.isfinite(found.loss))
    assert float(found.loss[1]) == float(jnp.nanmin(found.history.loss[1]))
    assert np.isnan(found.history.loss[1, -1])
    assert 0.0 < float(found.parameters[1, 0]) < 0.2


class Interrupt:
    """A callback that stops the run after a number of chunks, as Ctrl-C would."""

    def __init__(self, chunks):
        self.left = chunks

    def __call__(self, progress, history):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def resumable(path, **kw):
    kw = {"steps": 20, "round_steps": 7, "checkpoint_every": 5, "checkpoint": path} | kw
    start = {"x": jnp.asarray(0.1), "y": jnp.asarray(0.3)}
    return qt.optimize(disc, kw.pop("start", start), kw.pop("optimizer", optax.adam(0.1)), **kw)


def test_resumed_run_is_bitwise_the_uninterrupted_one(tmp_path):
    whole = resumable(None)
    path = tmp_path / "run.eqx"
    with pytest.raises(KeyboardInterrupt):
        resumable(path, callback=Interrupt(2))
    assert path.exists()
    seen = []
    resumed = resumable(path, resume=True, callback=lambda p, h: seen.append(int(p.steps)))
    assert seen == [10, 15, 20]  # it went on from the last checkpoint, one chunk before
    assert same_bits(resumed, whole)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.eqx"]
    # Resuming a finished run does no more steps, and without `resume` the file is not read.
    again = resumable(path, resume=True, callback=lambda p, h: seen.append(None))
    assert same_bits(again, whole)
    assert None not in seen
    longer = resumable(path, resume=True, steps=25)
    assert longer.history.loss.shape == (25,)
    assert same_bits(longer.history.loss[:20], whole.history.loss)


def test_resume_without_a_checkpoint_starts_from_the_beginning(tmp_path):
    fresh = resumable(tmp_path / "none.eqx", resume=True)
    assert same_bits(fresh, resumable(None))


def test_checkpoint_of_another_problem_is_refused(tmp_path):
    path = tmp_path / "run.eqx"
    resumable(path, steps=5)
    others = {
        "start": {"start": {"x": jnp.zeros(2), "y": jnp.zeros(2)}},
        "optimizer": {"optimizer": optax.lbfgs()},
    }
    for kw in others.values():
        with pytest.raises(
            ValueError, match=r"(?s)`checkpoint` .*run\.eqx does not fit.*remove it"
        ):
            if "start" in kw:
                qt.optimize(
                    lambda p: jnp.sum(p["x"] ** 2 + p["y"] ** 2), kw["start"], optax.adam(0.1),
                    steps=10, checkpoint=path, resume=True,
                )  # fmt: skip
            else:
                resumable(path, resume=True, **kw)
    # Another loss of the same shapes: its optimum must not be handed out as that of this one.
    with pytest.raises(ValueError, match=r"(?s)`checkpoint` .*run\.eqx does not fit.*remove it"):
        qt.optimize(
            lambda p: (disc(p)[0] + 50.0, disc(p)[1]),
            {"x": jnp.asarray(0.1), "y": jnp.asarray(0.3)},
            optax.adam(0.1), steps=10, checkpoint=path, resume=True,
        )  # fmt: skip
    whole, rng = path.read_bytes(), np.random.default_rng(5)
    damaged = [whole[:-40], whole[:1], b""]  # cut off, as by a full disk
    for place in rng.integers(len(whole), size=50):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        damaged.append(bytes(flipped))
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(ValueError, match=r"(?s)`checkpoint` .*does not fit"):
            resumable(path, resume=True)


def test_inside_jit_and_vmap():
    def best(x):
        return qt.optimize(quadratic, x, optax.lbfgs(), steps=25).parameters

    starts = jnp.array([[0.0, 0.0, 0.0], [4.0, -1.0, 2.0]])
    found = jax.jit(jax.vmap(best))(starts)
    np.testing.assert_allclose(found, jnp.stack([CENTER, CENTER]), atol=1e-8)
    np.testing.assert_allclose(jax.jit(best)(starts[1]), best(starts[1]), atol=1e-12)


COLD, HOT = 0.5 * qt.sigmaz() + 0.3 * qt.sigmax(), qt.sigmaz() + 0.3 * qt.sigmax()


def engine(p):
    return qt.otto_cycle(
        COLD, HOT, couplings=(qt.sigmax(), qt.sigmaz()), temperatures=(0.5, 4.0), rate=0.5,
        durations=p["durations"], ramps=(qt.Ramp(p["expand"]), qt.Ramp(p["compress"])),
    )  # fmt: skip


@pytest.mark.slow
def test_second_program_of_the_design_improves_power():
    knots = jnp.linspace(0.0, 1.0, 10)[1:-1]
    start = {"durations": jnp.array([2.0, 1.0, 2.0, 1.0]), "expand": knots, "compress": knots}
    bounds = {
        "durations": qt.Bounded(0.05, 20.0),
        "expand": qt.Bounded(-0.5, 1.5),
        "compress": qt.Bounded(-0.5, 1.5),
    }
    best = qt.optimize(
        lambda p: -qt.limit_cycle(engine(p)).power, start, optax.adam(2e-2), steps=20, bounds=bounds
    )
    before, after = (qt.limit_cycle(engine(p)) for p in (start, best.parameters))
    assert float(after.power) == pytest.approx(-float(best.loss), rel=1e-12)
    assert float(best.history.loss[0]) == pytest.approx(-float(before.power), rel=1e-12)
    assert float(after.power) > 1.05 * float(before.power)
    assert after.regime == "engine"
    assert float(after.efficiency) < float(after.carnot_efficiency)
    for name, bound in bounds.items():
        assert bool(jnp.all(bound.contains(best.parameters[name])))


def test_what_was_compiled_goes_with_the_call():
    """Programs of tens of megabytes that are never used again; they hold the loss."""

    class Loss:
        def __call__(self, x):
            return (x - 1.0) ** 2

    loss = Loss()
    kept = weakref.ref(loss)
    qt.optimize(loss, jnp.array(0.0), optax.sgd(0.1), steps=2)
    del loss
    gc.collect()
    assert kept() is None
