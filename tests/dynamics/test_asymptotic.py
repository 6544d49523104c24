"""Where states go that have more than one steady state to go to; and reset baths."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

import qtjax as qt

N, LOWER = qt.number(2), qt.destroy(2)
FIRST, SECOND = (qt.embed(LOWER, (2, 2), k) for k in (0, 1))
RHO = qt.tensor(np.diag([0.7, 0.3]), qt.algebra.from_bloch(jnp.array([0.3, 0.1, -0.2])))


def collective(n=0.4, coupling=0.2, unit=1.0):
    """Two qubits that decay together: the singlet is dark, its weight conserved."""
    hop = qt.dag(FIRST) @ SECOND
    h = qt.dag(FIRST) @ FIRST + qt.dag(SECOND) @ SECOND + coupling * (hop + qt.dag(hop))
    jump = FIRST + SECOND
    rates = (unit * 0.3 * (n + 1), unit * 0.3 * n)
    return qt.OpenSystem(unit * h, qt.Lindblad([jump, qt.dag(jump)], rates))


@functools.cache
def solver():
    return jax.jit(lambda n, unit: qt.steady_state(collective(n, unit=unit), rho0=RHO))


def closed_form(n):
    """The weight of the triplet, in Gibbs proportions x^k, k = 0, 1, 2; the singlet's as it was."""
    singlet = jnp.array([0.0, 1.0, -1.0, 0.0]) / jnp.sqrt(2.0)
    weight = (singlet @ RHO @ singlet).real
    levels = [qt.ket((0, 0), (2, 2)), jnp.abs(singlet) + 0j, qt.ket((1, 1), (2, 2))]
    x = (n / (n + 1)) ** jnp.arange(3)
    shares = (1.0 - weight) * x / x.sum()
    triplet = sum(p * jnp.outer(v, v) for p, v in zip(shares, levels, strict=True))
    return weight * jnp.outer(singlet, singlet) + triplet


@pytest.mark.parametrize("unit", [1e-30, 1.0, 1e30])
def test_the_state_that_a_dark_state_leaves(unit):
    found = solver()(0.4, unit)
    assert bool(found.result == qt.RESULTS.successful)
    np.testing.assert_allclose(found.state, closed_form(0.4), atol=1e-14)
    assert float(found.error) < 1e-12
    assert float(found.residual) < 1e-15 * unit


@pytest.mark.slow
def test_derivatives_of_the_limit():
    def ground(n):
        return qt.steady_state(collective(n), rho0=RHO).state[0, 0].real

    def exact(n):
        return closed_form(n)[0, 0].real

    first, second = jax.jit(lambda n: (jax.jacfwd(ground)(n), jax.hessian(ground)(n)))(0.4)
    assert float(first) == pytest.approx(float(jax.grad(exact)(0.4)), rel=1e-11)
    assert float(second) == pytest.approx(float(jax.hessian(exact)(0.4)), rel=1e-9)


def test_conserved_quantities_of_random_blocks():
    """k blocks that nothing connects conserve k weights, and go where exp(L t) goes."""
    rng = np.random.default_rng(3)
    a = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    mask = np.kron(np.eye(2), np.ones((2, 2)))
    jumps = [mask * (rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))) for _ in range(3)]
    system = qt.OpenSystem(mask * (a + a.conj().T), qt.Lindblad(jumps, (0.3, 0.5, 0.2)))
    assert int(qt.dynamics.conserved_quantities(system)) == 2
    found = qt.steady_state(system, rho0=RHO)
    late = expm(300.0 * np.asarray(qt.dynamics.liouvillian(system))) @ np.ravel(RHO)
    np.testing.assert_allclose(found.state.ravel(), late, atol=1e-12)


def test_one_that_is_unique_does_not_depend_on_the_start():
    system = qt.OpenSystem(N, qt.LocalBath(LOWER, 1.0, 0.7, qt.Flat(0.2)))
    assert int(qt.dynamics.conserved_quantities(system)) == 1
    found = qt.steady_state(system, rho0=np.diag([0.2, 0.8]))
    np.testing.assert_allclose(found.state, qt.steady_state(system).state, atol=1e-14)


def test_what_oscillates_for_ever_is_refused():
    closed = qt.OpenSystem(N)
    assert int(qt.dynamics.conserved_quantities(closed)) == 2
    diagonal = qt.steady_state(closed, rho0=np.diag([0.7, 0.3]))
    np.testing.assert_allclose(diagonal.state, np.diag([0.7, 0.3]), atol=1e-15)
    moving = qt.algebra.from_bloch(jnp.array([0.3, 0.0, 0.1]))
    with pytest.raises(qt.SolverError, match=r"coherences oscillate for ever.*time average"):
        qt.steady_state(closed, rho0=moving)
    solution = qt.steady_state(closed, rho0=moving, throw=False)
    assert bool(solution.result == qt.RESULTS.steady_state_oscillates)


def test_what_is_too_slow_to_tell_is_not_successful():
    slow = qt.Lindblad([LOWER, qt.create(2), qt.sigmaz()], (1e-13, 1e-13, 1.0))
    found = qt.steady_state(qt.OpenSystem(N, slow), rho0=np.diag([0.7, 0.3]), throw=False)
    assert bool(found.result == qt.RESULTS.steady_state_inaccurate)


def test_derivatives_by_the_fresh_state_of_a_reset_bath():
    rho = qt.thermal_state(qt.number(3), 1.0)
    turn = np.linalg.qr(np.arange(9.0).reshape(3, 3) ** 2 + np.eye(3))[0]
    mixing = np.array([[-1.0, 0.2, 0.1], [0.2, 0.6, 0.3], [0.1, 0.3, 0.4]])
    pure, change = (jnp.asarray(turn @ a @ turn.T) for a in (np.diag([1.0, 0.0, 0.0]), mixing))

    def moved(x):
        bath = qt.dynamics.ResetBath(qt.number(3), 0.3, state=pure + x * change)
        return qt.dynamics.right_hand_side(qt.OpenSystem(qt.number(3), bath), 0.0, rho)

    # by roots of what is rounding: half of the digits
    np.testing.assert_allclose(jax.jit(jax.jacfwd(moved))(0.0), 0.3 * change, atol=1e-7)


def test_a_reset_bath_is_its_formula():
    """D(rho) = r (tau x tr_i rho - rho) with its reference state fixed, tau given in both ways."""
    h, dims = jnp.kron(qt.sigmaz(), qt.sigmax()) + jnp.kron(N, jnp.eye(2)), (2, 2)
    part = np.asarray(N) + 0.3 * np.asarray(qt.sigmax())

    @jax.jit
    def found(temperature):
        tau = qt.thermal_state(part, temperature)
        out = [tau, qt.algebra.replace_part(RHO, tau, dims, 1)]
        for given in ({"temperature": temperature}, {"state": tau}):
            bath = qt.dynamics.ResetBath(part, 0.3, dims=dims, sites=1, **given)
            system = qt.OpenSystem(h, bath)
            for rho in (RHO, bath.reference(h)):
                out.append(qt.dynamics.dissipative_parts(system, 0.0, rho)[0])
            out.append(qt.thermodynamics.spohn_production(system, 0.0, RHO))
        return out

    tau, replaced, *both = found(0.6)
    np.testing.assert_allclose(tau, expm(-part / 0.6) / np.trace(expm(-part / 0.6)), atol=1e-15)
    np.testing.assert_allclose(replaced, np.kron(np.diag([0.7, 0.3]), tau), atol=1e-15)
    for moved, left, production in (both[:3], both[3:]):
        np.testing.assert_allclose(moved, 0.3 * (replaced - RHO), atol=1e-15)
        np.testing.assert_allclose(left, np.zeros((4, 4)), atol=1e-15)
        assert float(production) == pytest.approx(float(both[2]), rel=1e-10)
        assert float(production) > 0.0
    np.testing.assert_allclose(found(0.0)[2], 0.3 * (found(0.0)[1] - RHO), atol=1e-15)
