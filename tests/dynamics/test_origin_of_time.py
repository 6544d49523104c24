"""Where time begins makes no difference: before 0, far from it, and with many saved times."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt

X, Z = qt.sigmax(), qt.sigmaz()
RHO = qt.algebra.from_bloch(np.array([0.0, 0.6, 0.7]))
SLOW = [pytest.param(s, marks=pytest.mark.slow) for s in (qt.Magnus(), qt.Diffrax())]
SOLVERS = pytest.mark.parametrize("solver", [qt.Taylor(), *SLOW], ids=lambda s: s.name)


class Bell(eqx.Module):
    """A bell curve at 0.531 after a start."""

    start: jnp.ndarray
    height: float
    width: float

    def __call__(self, t):
        return self.height * jnp.exp(-(((t - self.start - 0.531) / self.width) ** 2))


def run(start, times, solver, *, strength, height, width):
    bell = Bell(jnp.asarray(start), height, width)
    h = qt.Driven([(strength, Z + 0.5 * X), (bell, X)])
    return qt.evolve(qt.OpenSystem(h, qt.Lindblad(qt.destroy(2), 0.1)), RHO, start + times,
                     solver=solver)  # fmt: skip


@SOLVERS
def test_a_narrow_feature_is_seen_before_and_after_zero(solver):
    times = jnp.array([0.0, 0.25, 1.0])
    bell = {"strength": 0.3, "height": 50.0, "width": 0.003}  # which a step could go over
    states = [run(start, times, solver, **bell).state for start in (0.0, -2.0, -64.0, 64.0)]
    assert abs(states[0][0, 0] - RHO[0, 0]) > 0.05
    for state in states[1:]:
        np.testing.assert_allclose(state, states[0], atol=1e-11)


@SOLVERS
def test_a_fast_rotation_far_from_zero(solver):
    """A rounding of the time is 7e-12 there, and not to be left out at every saved time."""
    times = jnp.linspace(0.0, 1.0, 17)
    bell = {"strength": 30.0, "height": 0.1, "width": 0.4}
    states = [run(start, times, solver, **bell).state for start in (0.0, 2.0**15)]
    np.testing.assert_allclose(states[1], states[0], atol=2e-10)
