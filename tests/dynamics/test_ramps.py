"""Ramps and switches on the way through methods and cycles, with gradients."""

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt

RISING = np.array([0.3, 0.4, 1.1, 1.2, 2.0])
PIECES = jnp.array([0.9, 1.3, 1.8])
CONTACT = {"couplings": (qt.sigmax(), qt.sigmaz()), "temperatures": (0.5, 4.0), "rate": 0.5}
COLD, HOT = 0.5 * qt.sigmaz() + 0.3 * qt.sigmax(), qt.sigmaz() + 0.3 * qt.sigmax()


def driven(schedule):
    h = qt.Driven([(1.0, qt.number(2)), (schedule, qt.sigmax())])
    return qt.OpenSystem(h, qt.Lindblad(qt.destroy(2), 0.1))


def left(schedule, **options):
    """A number that the state and the books at t = 4 make."""
    rho0 = qt.algebra.from_bloch(jnp.array([0.1, 0.2, 0.5]))
    solution = qt.evolve(driven(schedule), rho0, jnp.array([0.0, 4.0]), **options)
    return solution.state[0, 0].real + 0.3 * solution.ledger.work[-1], solution.method


NEW = {
    "monotone": lambda: qt.dynamics.MonotoneSpline(RISING, 0.0, 4.0),
    "fourier": lambda: qt.dynamics.FourierRamp([0.2, -0.1]),
    "reversed": lambda: qt.dynamics.Reversed(qt.Spline(RISING, -3.0, 1.0)),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) for n in ("monotone", "fourier", "reversed")],
)
def test_every_method_goes_through_a_schedule_alike(name):
    schedule = NEW[name]()
    taylor, method = left(schedule)
    assert method == "taylor"
    others = {"magnus": qt.Magnus(), "diffrax": dfx.Dopri8()}
    for wanted, solver in others.items():
        found, method = left(schedule, solver=solver)
        assert method == wanted
        assert float(found) == pytest.approx(float(taylor), abs=1e-8)


def quotients(function, x, h=1e-5):
    moved = jnp.concatenate([x + h * jnp.eye(len(x)), x - h * jnp.eye(len(x))])
    ahead, behind = jnp.split(jax.jit(jax.vmap(function))(moved), 2)
    return (ahead - behind) / (2 * h)


def switched(pieces):
    return qt.PiecewiseConstant(jnp.cumsum(pieces)[:-1], jnp.array([0.0, 1.0, 0.3]))


def test_evolve_has_gradients_by_switching_times():
    def value(pieces):
        return left(switched(pieces), throw=False)[0]

    slopes = jax.jit(jax.grad(value))(PIECES)
    assert np.min(np.abs(slopes[:2])) > 1e-3
    # values to the default tolerance of 1e-10, over 1e-5
    np.testing.assert_allclose(slopes, quotients(value, PIECES), rtol=0, atol=1e-7)


def cycle_value(ramps):
    cycle = qt.otto_cycle(COLD, HOT, durations=(2.0, 1.0, 2.0, 1.0), ramps=ramps, **CONTACT)
    return qt.limit_cycle(cycle, throw=False).power


@pytest.mark.slow
def test_a_limit_cycle_has_gradients_by_switching_times():
    def value(pieces):
        times = jnp.cumsum(pieces)[:-1]
        steps = qt.PiecewiseConstant(times, jnp.array([0.1, 0.6, 1.0]))
        back = qt.PiecewiseConstant(1.0 - times[::-1], jnp.array([0.0, 0.4, 0.8]))
        return cycle_value((steps, back))

    pieces = jnp.array([0.3, 0.3, 0.4])
    slopes = jax.jit(jax.grad(value))(pieces)
    assert np.max(np.abs(slopes)) > 1e-3
    np.testing.assert_allclose(slopes, quotients(value, pieces), rtol=0, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["monotone", "fourier"])
def test_a_limit_cycle_has_gradients_by_new_ramps(name):
    def value(x):
        if name == "fourier":
            ramp = qt.dynamics.FourierRamp(x)
        else:
            ramp = qt.dynamics.MonotoneSpline(jnp.array([0.0, 0.0, 0.0, 1.0]).at[1:3].set(x))
        return cycle_value((ramp, qt.dynamics.Reversed(ramp)))

    x = jnp.array([0.2, 0.5])
    slopes = jax.jit(jax.grad(value))(x)
    assert np.max(np.abs(slopes)) > 1e-4
    np.testing.assert_allclose(slopes, quotients(value, x), rtol=0, atol=1e-8)
