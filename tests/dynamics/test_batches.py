"""A batch is its lanes: as many as the loops over lanes are made for, on every kind of drive."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt

X, Z = qt.sigmax(), qt.sigmaz()
RHO = jnp.array([[0.6, 0.1], [0.1, 0.4]], complex)
LOCAL = qt.LocalBath(qt.destroy(2), 1.0, 0.5, qt.Flat(0.1))
LANES = jnp.linspace(0.5, 1.0, 20)


class Warm(qt.AbstractDissipator):
    """A bath of which only its rates and operators at a time are known."""

    strength: jax.Array
    temperature = None

    def channels(self, hamiltonian):
        return (qt.Moving(lambda t: (self.strength * jnp.exp(-t)[None], qt.destroy(2)[None])),)


def driven(drive):
    return qt.Driven([(0.3, X), (drive, Z)])


SYSTEMS = {
    "wave": lambda v: qt.OpenSystem(driven(lambda t: jnp.sin(v * t)), LOCAL),
    "bell curve": lambda v: qt.OpenSystem(driven(lambda t: jnp.exp(-v * t * t)), LOCAL),
    "rate": lambda v: qt.OpenSystem(Z, qt.Lindblad(qt.destroy(2), lambda t: v / (1.0 + t))),
    "adiabatic": lambda v: qt.OpenSystem(
        driven(qt.Linear(0.5, v)), qt.AdiabaticBath(X, 0.5, qt.Flat(0.1))
    ),
    "own bath": lambda v: qt.OpenSystem(driven(qt.Linear(0.5, v)), Warm(v)),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_batch_is_its_lanes(name):
    def found(v):
        solution = qt.evolve(SYSTEMS[name](v), RHO, jnp.array([0.0, 1.0]), throw=False)
        return solution.state, solution.ledger.heat[-1], solution.ledger.work[-1]

    single = jax.jit(found)
    batch = jax.vmap(found)(LANES)
    for k in (0, 13):
        for one, many in zip(single(LANES[k]), batch, strict=True):
            np.testing.assert_allclose(many[k], one, atol=1e-12)


@pytest.mark.parametrize("system", [lambda v: qt.OpenSystem(v * Z, LOCAL), SYSTEMS["wave"]])
def test_an_empty_batch_is_empty(system):
    def heat(v):
        return qt.evolve(system(v), RHO, [0.0, 1.0], throw=False).ledger.heat[-1].sum()

    assert jax.vmap(jax.grad(heat))(jnp.zeros(0)).shape == (0,)
    nested = jax.vmap(jax.vmap(lambda v, w: heat(v + w), (None, 0)), (0, None))
    assert nested(jnp.ones(2), jnp.zeros(0)).shape == (2, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wave", "adiabatic"])
def test_slopes_of_a_batch_are_its_lanes(name):
    def heat(v):
        solution = qt.evolve(SYSTEMS[name](v), RHO, jnp.array([0.0, 1.0]), throw=False)
        return solution.ledger.heat[-1].sum()

    slopes, value = jax.vmap(jax.grad(heat))(LANES), jax.jit(heat)
    for k in (0, 13):
        difference = (value(LANES[k] + 1e-4) - value(LANES[k] - 1e-4)) / 2e-4
        np.testing.assert_allclose(slopes[k], difference, atol=1e-7)
