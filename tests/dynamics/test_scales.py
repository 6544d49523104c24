"""Units: energies, temperatures and rates in joules or in anything else, with the same answers."""

import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.algebra.canonical import check_generator
from qtjax.algebra.levels import group_levels, level_projectors
from qtjax.algebra.spectral import eigensystem
from qtjax.dynamics.secular import closest_pair

UNITS = [1e-30, 1e-20, 1e-16, 1e-8, 1.0, 1e8, 1e30]
EXTREME = [1e-300, 1e-170, *UNITS, 1e170, 1e300]
QUBIT = 0.5 * np.asarray(qt.sigmaz()) + 0.3 * np.asarray(qt.sigmax())
LADDER = np.diag([0.0, 0.9, 0.9, 1.8])


@pytest.mark.parametrize("unit", UNITS)
def test_an_otto_cycle_in_any_unit(unit):
    """The rate is none of the energies: (p_h - p_c)(1-a)(1-b)/(1-ab) per unit of energy."""
    n = qt.number(2)
    cycle = qt.otto_cycle(
        unit * n,
        2.0 * unit * n,
        couplings=(qt.sigmax(),),
        temperatures=(unit, 4.0 * unit),
        rate=0.5,
        durations=(2.0, 0.1, 2.0, 0.1),
    )
    work = float(qt.limit_cycle(cycle).work_output) / unit
    assert work == pytest.approx(0.0946874198646, rel=1e-11)


@pytest.mark.parametrize("unit", EXTREME)
def test_levels_projectors_and_gibbs_states_do_not_know_the_unit(unit):
    assert group_levels(unit * LADDER) == (1, 2, 1)
    assert qt.dynamics.bohr_transitions(unit * LADDER) == qt.dynamics.bohr_transitions(LADDER)
    found, expected = (eigensystem(jnp.asarray(h))[0] for h in (unit * QUBIT, QUBIT))
    np.testing.assert_allclose(found / unit, expected)
    projectors = level_projectors(unit * QUBIT, (1, 1))
    np.testing.assert_allclose(projectors, level_projectors(QUBIT, (1, 1)), atol=1e-15)
    for h in (QUBIT, LADDER):
        found, expected = qt.thermal_state(unit * h, 0.7 * unit), qt.thermal_state(h, 0.7)
        np.testing.assert_allclose(found, expected, atol=1e-15)


@pytest.mark.parametrize("unit", UNITS)
def test_what_is_no_generator_is_refused_in_any_unit(unit):
    """The violation is measured against the generator's own size."""
    generator = -1j * (np.kron(QUBIT, np.eye(2)) - np.kron(np.eye(2), QUBIT.T))
    check_generator("generator", unit * generator)
    with pytest.raises(ValueError, match="must keep the trace"):
        check_generator("generator", unit * (generator + 0.25 * np.eye(4)))


@pytest.mark.parametrize("unit", UNITS)
def test_the_secular_step_is_judged_in_any_unit(unit):
    h = unit * np.diag([0.0, 1.0, 2.5])
    bath = qt.DaviesBath(h, np.ones((3, 3)), 0.5 * unit, qt.Flat(0.1 * unit))
    pair = closest_pair(bath, h)
    np.testing.assert_allclose(pair.spacing / unit, 0.5, rtol=1e-12)
    np.testing.assert_allclose(pair.frequency / unit, 1.0, rtol=1e-12)


@pytest.mark.parametrize("unit", UNITS)
def test_a_steady_state_between_two_baths_in_any_unit(unit):
    n, lower = qt.number(2), qt.destroy(2)
    baths = [
        qt.LocalBath(lower, unit, t * unit, qt.Flat(r * unit)) for t, r in ((0.6, 0.3), (1.7, 0.2))
    ]
    solution = qt.steady_state(qt.OpenSystem(unit * n, baths))
    occupation = 1.0 / np.expm1(1.0 / np.array([0.6, 1.7]))
    rates = np.array([0.3, 0.2])
    excited = rates @ occupation / (rates @ (2 * occupation + 1))
    expected = jnp.diag(jnp.array([1.0 - excited, excited]))
    np.testing.assert_allclose(solution.state, expected, atol=1e-15)
    assert float(solution.error) < 1e-14
