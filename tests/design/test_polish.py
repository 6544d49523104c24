"""The polish, how lanes end, and what is said of them, against optima in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optimistix
import pytest

import qtjax as qt
from qtjax.design import at_least, at_most, equal, margins, summary

UNIT = 1e-20  # of the loss, to be an energy in joules
POLISHES = {"bfgs": optimistix.BFGS(rtol=1e-8, atol=1e-8), "lbfgs": optax.lbfgs()}
ADAM = optax.adam(0.05)
STARTS = jnp.array([[0.0, 0.0], [-1.0, 1.0], [2.0, 2.0], [3.0, 1.0]])


def valley(x):
    """Rosenbrock's, lowest at (1, 1); nan beyond x_0 = 2.5."""
    value = 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2 + 3.0
    return UNIT * jnp.where(x[0] > 2.5, jnp.nan, value)


@pytest.fixture(scope="module")
def lanes():
    def finer(x):
        return 1.01 * valley(x)

    def run(polish):
        return qt.optimize(valley, STARTS, ADAM, steps=30, many=True, polish=polish, finer=finer)

    return {"none": run(None)} | {name: run(polish) for name, polish in POLISHES.items()}


@pytest.mark.parametrize("name", POLISHES)
def test_the_bottom_of_the_valley_is_reached_in_every_lane(lanes, name):
    found = lanes[name]
    np.testing.assert_allclose(found.parameters[:3], 1.0, atol=1e-6)
    np.testing.assert_allclose(found.loss[:3], 3.0 * UNIT, rtol=1e-14)
    assert found.converged.tolist() == [True, True, True, False]
    assert found.outcome == ["converged"] * 3 + ["frozen: nan at step 0"]
    assert found.status.tolist() == [0, 0, 0, 3]


def test_without_a_polish_nothing_is_claimed(lanes):
    found = lanes["none"]
    assert found.outcome[:3] == ["steps exhausted"] * 3
    once = qt.optimize(valley, STARTS[0], ADAM, steps=1)
    assert np.isnan(once.change)
    assert summary(once).splitlines()[1].split()[3] == "-"
    assert np.all(np.asarray(found.loss[:3]) > 3.0 * UNIT * (1 + 1e-4))
    np.testing.assert_array_equal(found.history.loss, lanes["bfgs"].history.loss)


def test_what_a_higher_resolution_changes_is_kept_and_said(lanes):
    found = lanes["bfgs"]
    np.testing.assert_allclose(found.change[:3], 0.03 * UNIT, rtol=1e-12)
    best = found.best()
    assert best.loss == jnp.min(found.loss)
    assert best.outcome == "converged"
    lines = summary(found).splitlines()
    assert len(lines) == 6
    assert lines[1].split() == ["0*", "3e-20", "0.00e+00", "+3.0e-22", "converged"]
    assert lines[4].endswith("frozen: nan at step 0")
    assert lines[5].startswith("3 feasible; half of them within 0.00e+00 of the best")
    assert summary(best).splitlines()[1].startswith("   0*")


def test_a_polish_that_leads_astray_changes_nothing(lanes):
    wild = qt.optimize(valley, STARTS, ADAM, steps=30, many=True, polish=optax.sgd(1e3))
    np.testing.assert_array_equal(wild.loss, lanes["none"].loss)
    np.testing.assert_array_equal(wild.parameters, lanes["none"].parameters)
    assert not np.any(wild.converged)


def test_a_polish_that_is_cut_off_says_so():
    short = qt.optimize(valley, STARTS[1], ADAM, steps=1, polish=POLISHES["bfgs"], polish_steps=1)
    assert short.outcome == "steps exhausted"


def nearest(x):
    """The point of x + 2 y = 1 nearest to (1, 1)."""
    return UNIT * jnp.sum((x - 1.0) ** 2), equal(x[0] + 2.0 * x[1], 1.0)


def on_disc(x):
    """The point of the unit disc nearest to (2, 1)."""
    value = (x[0] - 2.0) ** 2 + (x[1] - 1.0) ** 2
    return value, at_most(x[0] ** 2 + x[1] ** 2, 1.0)


def minimax(p):
    """The point with the smallest largest squared distance from 0, 1 and 3, by its level."""
    return p[1], at_most((p[0] - jnp.array([0.0, 1.0, 3.0])) ** 2, p[1], unit=1.0)


CONSTRAINED = {
    "equality": (nearest, [0.6, 0.2], 10.0 * UNIT),
    "inequality": (on_disc, [2.0 / np.sqrt(5.0), 1.0 / np.sqrt(5.0)], 10.0),
    "epigraph": (minimax, [1.5, 2.25], 10.0),
}


@pytest.mark.parametrize("name", CONSTRAINED)
def test_constrained_optima(name):
    loss, wanted, penalty = CONSTRAINED[name]
    found = qt.optimize(
        loss, jnp.array([0.3, 0.1]), ADAM, steps=60, polish=POLISHES["bfgs"], penalty=penalty
    )
    assert found.outcome == "converged"
    assert float(found.violation) <= 1e-8
    np.testing.assert_allclose(found.parameters, wanted, atol=1e-7)


@pytest.mark.slow
def test_an_optimizer_of_optax_polishes_under_margins():
    found = qt.optimize(on_disc, jnp.zeros(2), ADAM, steps=60, polish=POLISHES["lbfgs"])
    assert found.outcome == "converged"
    np.testing.assert_allclose(found.parameters, CONSTRAINED["inequality"][1], atol=1e-7)


def test_what_cannot_be_satisfied_is_said_with_the_least_violation():
    """x >= 1 and x <= 1/2, in units of the limits: 1 - x and 2 x - 1 are both 1/3 at x = 2/3."""

    def impossible(x):
        return jnp.sum((x - 1.0) ** 2), margins(at_least(x[0], 1.0), at_most(x[0], 0.5))

    found = qt.optimize(impossible, jnp.zeros(2), ADAM, steps=100, polish=POLISHES["bfgs"])
    assert not bool(found.feasible)
    assert not bool(found.converged)
    assert 1.0 / 3.0 <= float(found.violation) < 0.4
    assert found.outcome == f"infeasible: the least violation is {float(found.violation):.3g}"
    assert "none feasible: the least violation of the margins is 0.3" in summary(found)


def test_a_higher_resolution_may_violate_a_margin():
    def loss(x, shift=0.0):
        return jnp.sum(x**2), at_least(x[0], 1.0 + shift)

    found = qt.optimize(
        loss, jnp.array([2.0]), optax.lbfgs(), steps=200, round_steps=10,
        finer=lambda x: loss(x, 0.25),
    )  # fmt: skip
    assert float(found.violation) <= 1e-8
    assert float(found.finer_violation) == pytest.approx(0.2, abs=1e-7)  # in units of 1.25
    assert summary(found).splitlines()[1].endswith("(finer: the violation is 2.0e-01)")


@pytest.mark.slow
def test_inside_jit_and_vmap():
    def best(x):
        found = qt.optimize(valley, x, ADAM, steps=30, polish=POLISHES["bfgs"])
        return found.parameters, found.converged

    parameters, converged = jax.jit(jax.vmap(best))(STARTS[:2])
    np.testing.assert_allclose(parameters, 1.0, atol=1e-6)
    assert np.all(converged)


def test_a_loss_with_a_rule_for_reverse_mode_alone():
    @jax.custom_vjp
    def square(x):
        return jnp.sum((x - 1.0) ** 2)

    square.defvjp(lambda x: (square(x), x), lambda x, g: (2.0 * g * (x - 1.0),))
    found = qt.optimize(square, jnp.zeros(2), ADAM, steps=2, polish=POLISHES["bfgs"])
    np.testing.assert_allclose(found.parameters, 1.0, atol=1e-7)


def test_a_resumed_run_is_polished_as_the_uninterrupted_one(tmp_path):
    options = {"polish": POLISHES["bfgs"], "checkpoint_every": 10}
    whole = qt.optimize(valley, STARTS[1], ADAM, steps=20, **options)
    path = tmp_path / "run.eqx"
    qt.optimize(valley, STARTS[1], ADAM, steps=10, checkpoint=path, **options)
    again = qt.optimize(valley, STARTS[1], ADAM, steps=20, checkpoint=path, resume=True, **options)
    for one, other in zip(jax.tree.leaves(whole), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(one, other)


def nan_value(x):
    return jnp.log(x[0])


def nan_slope(x):
    return jnp.sqrt(jnp.abs(x[0]))


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (
            lambda: qt.optimize(nan_value, jnp.array([-1.0]), ADAM, steps=5),
            "`loss` is nan or infinite at `start`, so there is no way to go; start elsewhere",
        ),
        (
            lambda: qt.optimize(nan_slope, jnp.array([0.0]), ADAM, steps=5),
            "`loss` is finite, but its gradient is nan or infinite at `start`",
        ),
        (
            lambda: qt.optimize(nan_value, -jnp.ones((2, 1)), ADAM, steps=5, many=True),
            "`loss` is nan or infinite at every `start`",
        ),
        (
            lambda: qt.optimize(valley, STARTS[0], ADAM, steps=5, polish="bfgs"),
            r"`polish` must be a minimiser of Optimistix, as `optimistix.BFGS\(rtol=1e-8, ",
        ),
        (
            lambda: qt.optimize(valley, STARTS[0], ADAM, steps=5, polish_steps=0),
            "`polish_steps` must be a whole number >= 1, got 0",
        ),
        (
            lambda: qt.Bounded(2.0, 2.0),
            "`upper` must exceed `lower`, got 2.0 and 2.0; swap them, or leave out",
        ),
        (
            lambda: qt.optimize(valley, STARTS[0], ADAM, steps=5, bounds=qt.design.FixedSum(1.0)),
            "`start` must lie strictly inside its bounds",
        ),
        (
            lambda: qt.optimize(valley, STARTS[2], ADAM, steps=5, bounds=qt.design.FixedSum(1.0)),
            r"`start` must add up to 1.0 along its last axis, as its bound `FixedSum` says, but "
            r"\[2. 2.\] adds up to 4.0",
        ),
        (lambda: qt.design.FixedSum(0.0), "`total` must be > 0, got 0.0"),
    ],
)
def test_bad_input(run, words):
    with pytest.raises(ValueError, match=words):
        run()
