"""Counterdiabatic driving and ramps at constant adiabatic parameter."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt

X, Z = np.asarray(qt.sigmax()), np.asarray(qt.sigmaz())


def landau_zener(first=-2.0, last=1.0, coupling=0.4, time=1.0):
    """A qubit whose levels avoid each other."""
    return qt.Driven([(qt.Linear(first, last, 0.0, time), Z / 2), (coupling, X / 2)])


def spread(time=1.0):
    """A driven qutrit whose middle level comes near the others."""
    rng = np.random.default_rng(3)
    a = rng.normal(size=(2, 3, 3)) + 1j * rng.normal(size=(2, 3, 3))
    a = a + a.conj().transpose(0, 2, 1)
    return qt.Driven(
        [(1.0, np.diag([0.0, 1.0, 3.0]) + 0.2 * a[0]), (qt.Smooth(0.0, 1.0, 0.0, time), 0.5 * a[1])]
    )


@pytest.mark.slow
@pytest.mark.parametrize(("make", "d"), [(landau_zener, 2), (spread, 3)])
def test_populations_stay_at_any_speed(make, d):
    p = np.array([0.7, 0.25, 0.05])[:d]
    p = p / p.sum()
    v = np.linalg.eigh(np.asarray(make()(0.0)))[1]

    @jax.jit
    def run(time):
        h = make(time=time)
        driven = qt.dynamics.counterdiabatic(h, span=(0.0, time))
        system = qt.OpenSystem(driven, energy=h)
        solution = qt.evolve(system, (v * p) @ v.conj().T, time * jnp.linspace(0.0, 1.0, 3))
        return solution.saved, jax.vmap(h)(solution.ts), solution.ledger.work[-1]

    for time in (0.3, 3.0):
        states, hs, work = run(time)
        for rho, h in zip(states, hs, strict=True):
            u = np.linalg.eigh(h)[1]
            there = u.conj().T @ np.asarray(rho) @ u
            np.testing.assert_allclose(there, np.diag(p), rtol=0, atol=1e-7)
        levels = [np.linalg.eigvalsh(h) for h in (hs[0], hs[-1])]
        assert float(work) == pytest.approx(p @ (levels[1] - levels[0]), abs=1e-7)


def test_a_qubits_drive_and_its_cost():
    """H_CD = (n x n').sigma/2; turned by pi at one pace it costs pi/(sqrt(2) tau)."""
    turn = qt.Driven([(lambda t: jnp.cos(jnp.pi * t), Z), (lambda t: jnp.sin(jnp.pi * t), X)])
    driven = qt.dynamics.counterdiabatic(turn, 2.5)
    extra = jax.jit(lambda t: driven(t) - turn(t))(0.3)
    np.testing.assert_allclose(extra, np.pi / 2 / 2.5 * np.asarray(qt.sigmay()), atol=1e-13)

    def cost(duration):
        return qt.dynamics.counterdiabatic_cost(turn, duration)

    found, slope = jax.jit(jax.value_and_grad(cost))(2.5)
    assert float(found) == pytest.approx(np.pi / np.sqrt(2) / 2.5, rel=1e-12)
    assert float(slope) == pytest.approx(-np.pi / np.sqrt(2) / 2.5**2)


@pytest.mark.parametrize("gap", [0.3, 0.01])
def test_the_cost_of_an_avoided_crossing_is_that_of_the_angle_turned(gap):
    """However narrow: H = (10.3 t - 5) Z + gap X turns by an angle that is known."""
    sweep = qt.Driven([(qt.Linear(-5.0, 5.3), Z), (gap, X)])
    angle = np.arctan(5.3 / gap) + np.arctan(5.0 / gap)
    found = qt.dynamics.counterdiabatic_cost(sweep)
    assert float(found) == pytest.approx(angle / np.sqrt(2), rel=1e-9 if gap > 0.1 else 1e-4)


def test_the_cost_of_a_ramp_with_a_kink():
    """The angle goes to 1 in a third of the time, and back to 1/2 in the rest."""
    triangle = qt.dynamics.PiecewisePolynomial([[3.0, -0.75], [0.0, 1.0]], [0.0, 1 / 3, 1.0])
    turn = qt.Driven([(lambda t: jnp.cos(triangle(t)), Z), (lambda t: jnp.sin(triangle(t)), X)])
    found = qt.dynamics.counterdiabatic_cost(turn)
    assert float(found) == pytest.approx(1.5 / np.sqrt(2), rel=1e-3)


def test_gradients_by_the_parameters():
    """Of one element of H_CD of a qutrit, in reverse mode, against differences."""
    b = np.array([[0.3, 0.2j, 0.1], [-0.2j, -0.1, 0.4], [0.1, 0.4, 0.2]])

    def element(x):
        h = qt.Driven([(1.0, jnp.diag(jnp.array([0.0, 1.0, 2.5]))), (qt.Linear(0.0, x), b)])
        both = qt.dynamics.counterdiabatic(h, 0.5, levels=(1, 1, 1))(0.4)
        return jnp.real(both[0, 1]) + 2.0 * jnp.imag(both[0, 2])

    value = jax.jit(element)
    slope = float(jax.jit(jax.grad(element))(0.7))
    expected = (float(value(0.7 + 1e-5)) - float(value(0.7 - 1e-5))) / 2e-5
    assert slope == pytest.approx(expected, rel=1e-7)


def test_degenerate_levels_are_carried_together():
    """Two levels that are one at all times: only the pair is told from the third."""
    moving = np.kron(np.array([[1.0, 0.0], [0.0, 0.0]]), np.eye(2))
    turn = np.kron(X, np.eye(2))
    h = qt.Driven([(1.0, moving), (qt.Linear(0.0, 0.5), turn)])
    driven = qt.dynamics.counterdiabatic(h)
    extra = jax.jit(lambda t: driven(t) - h(t))(0.4)
    small = qt.Driven([(1.0, moving[::2, ::2]), (qt.Linear(0.0, 0.5), X)])
    driven_small = qt.dynamics.counterdiabatic(small)
    alone = jax.jit(lambda t: driven_small(t) - small(t))(0.4)
    np.testing.assert_allclose(extra, np.kron(alone, np.eye(2)), atol=1e-13)


@pytest.mark.parametrize(
    ("h", "given", "message"),
    [
        (landau_zener(-1.0, 1.0, 0.0), {}, "cross: level 0 is another one at t = 0.5"),
        (landau_zener(-1.0, 1.0, 1e-6), {}, "cross"),
        (landau_zener(), {"duration": 0.0}, "`duration` must be > 0"),
        (landau_zener(), {"span": (1.0, 0.0)}, "`span` must be"),
        (
            qt.Driven([(qt.PiecewiseConstant([0.5], [1.0, 2.0]), Z)]),
            {},
            "`hamiltonian` must not jump",
        ),
    ],
)
def test_what_no_drive_can_follow(h, given, message):
    with pytest.raises(ValueError, match=message):
        qt.dynamics.counterdiabatic(h, **given)


def test_ramps_at_constant_adiabatic_parameter():
    """theta'/gap is the same all along, in any direction of the Bloch sphere."""
    first = 0.7 * X - 2.0 * Z + 0.1 * np.asarray(qt.sigmay())
    last = 0.5 * X + 1.0 * Z + 0.3 * np.asarray(qt.sigmay())
    progress = qt.dynamics.ConstantAdiabaticity(first, last)
    assert float(progress(0.0)) == pytest.approx(0.0, abs=1e-14)
    assert float(progress(1.0)) == pytest.approx(1.0, abs=1e-14)
    h = qt.Driven([(1.0, first), (progress, last - first)])

    def parameter(t):
        extra = qt.dynamics.counterdiabatic(h, levels=(1, 1))(t) - h(t)
        gap = jnp.diff(qt.algebra.eigenvalues(h(t)))[0]
        return jnp.sqrt(jnp.sum(jnp.abs(extra) ** 2)) / gap

    found = jax.jit(jax.vmap(parameter))(jnp.linspace(0.01, 0.99, 7))
    np.testing.assert_allclose(found, found[0], rtol=1e-10)
    straight = qt.dynamics.ConstantAdiabaticity(Z, 2.0 * Z)
    assert float(straight(0.3)) == pytest.approx(0.3)
    small = qt.dynamics.ConstantAdiabaticity(1e-30 * first, 1e-30 * last)
    assert float(small(0.3)) == pytest.approx(float(progress(0.3)), rel=1e-12)


def test_ramps_that_are_none():
    with pytest.raises(ValueError, match="must not join through a gap of 0"):
        qt.dynamics.ConstantAdiabaticity(Z, -Z)
    with pytest.raises(ValueError, match="`last` must differ"):
        qt.dynamics.ConstantAdiabaticity(Z, Z)
