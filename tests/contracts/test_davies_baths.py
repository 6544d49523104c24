"""A Davies bath of a stranger's: what qtjax knows of its own without jump operators, of it too."""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Complex, Float
from matrices import hermitian

import qtjax as qt
from qtjax.dynamics import AbstractDaviesBath, Transitions, bohr_transitions, open_system
from qtjax.dynamics.level_blocks import are_in_levels

D, T, SPECTRUM = 6, 0.7, qt.Flat(0.1)
H, A = np.diag([0.0, 1.0, 2.3, 3.9, 5.8, 8.1]), hermitian(3, D)
OTHER = H + 0.01 * hermitian(4, D)


class Antenna(AbstractDaviesBath):
    """Coupled by one operator, to the modes of the system or of a Hamiltonian of its own."""

    temperature: Float[Array, ""]
    own_hamiltonian: Complex[Array, "d d"] | None = None
    couplings: Complex[Array, "1 d d"] = eqx.field(default_factory=lambda: jnp.asarray(A)[None])
    spectrum: Callable = SPECTRUM
    zero_frequency: None = None
    transitions: Transitions = eqx.field(static=True, default=bohr_transitions(H))


PAIRS = {
    "fixed": (Antenna(jnp.asarray(T), jnp.asarray(H + 0j)), qt.DaviesBath(H, A, T, SPECTRUM)),
    "following": (
        Antenna(jnp.asarray(T)),
        qt.AdiabaticBath(A, T, SPECTRUM, transitions=bohr_transitions(H)),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_it_is_treated_as_those_of_qtjax(name, monkeypatch):
    cold = qt.DaviesBath(H, A, 0.3, SPECTRUM)
    systems = [qt.OpenSystem(H, [bath, cold]) for bath in PAIRS[name]]
    assert [are_in_levels(system) for system in systems] == [True, True]
    own, usual = (qt.steady_state(system).state for system in systems)
    np.testing.assert_allclose(own, usual, rtol=0, atol=1e-13)
    wanted = qt.dynamics.heat_currents(systems[1], 0.0, usual)

    def none(*_):
        raise AssertionError("jump operators are listed")

    monkeypatch.setattr(open_system, "jump_operators", none)
    found = qt.dynamics.heat_currents(systems[0], 0.0, usual)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-13)


def test_the_hamiltonian_that_it_is_made_for_is_its_own():
    fixed, following = (PAIRS[name][0] for name in ("fixed", "following"))
    assert bool(open_system.differs_from(fixed, jnp.asarray(OTHER)))
    assert not bool(open_system.differs_from(following, jnp.asarray(OTHER)))
    rho = qt.thermal_state(OTHER, 1.1)
    for own, usual in PAIRS.values():
        currents = [
            qt.dynamics.heat_currents(qt.OpenSystem(OTHER, b), 0.0, rho) for b in (own, usual)
        ]
        np.testing.assert_allclose(*currents, rtol=0, atol=1e-13)


def test_its_secular_step_is_looked_at():
    near = np.diag([0.0, 1.0, 2.001])
    bath = Antenna(
        jnp.asarray(T), couplings=jnp.asarray(hermitian(1, 3))[None],
        transitions=bohr_transitions(near),
    )  # fmt: skip
    with pytest.warns(UserWarning, match="`baths\\[0\\]` \\(Antenna\\) keeps apart two Bohr"):
        qt.steady_state(qt.OpenSystem(near, bath))


def test_it_moves_a_qubit_by_scalars():
    """In place of operators that are made anew at every time."""
    ramp = qt.Driven([(qt.Linear(1.0, 2.0), qt.number(2)), (0.3, qt.sigmax())])
    known = {"couplings": qt.sigmax()[None], "transitions": bohr_transitions(qt.number(2))}
    own = Antenna(jnp.asarray(T), **known)
    usual = qt.AdiabaticBath(qt.sigmax(), T, SPECTRUM)
    (moving,) = own.channels(ramp)
    assert moving.scalars is not None
    assert moving.radius is not None  # nothing has to be sampled
    (unknown,) = Antenna(jnp.asarray(T), spectrum=lambda omega: 0.1, **known).channels(ramp)
    assert unknown.radius is None
    at = [bath.channels(ramp)[0].matrix(0.4) for bath in (own, usual)]
    np.testing.assert_allclose(*at, rtol=0, atol=1e-15)
