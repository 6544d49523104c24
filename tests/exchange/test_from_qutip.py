"""QuTiP's objects in and out, against QuTiP."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip

import qtjax as qt
from qtjax.exchange import (
    from_qutip,
    hamiltonian_from_qutip,
    spectrum_from_qutip,
    system_from_qutip,
    to_qutip,
)

TLIST = np.linspace(0.0, 3.0, 13)
X, Y, Z, N, A = qutip.sigmax(), qutip.sigmay(), qutip.sigmaz(), qutip.num(2), qutip.destroy(2)
TIGHT = {"atol": 1e-12, "rtol": 1e-10, "nsteps": 100_000}


def agrees(h, c_ops=(), args=None, tolerance=1e-7):
    """The solution of qtjax if it is that of QuTiP at all times."""
    psi0 = (qutip.basis(2, 1) + 0.5j * qutip.basis(2, 0)).unit()
    system = system_from_qutip(h, c_ops, tlist=TLIST, args=args)
    solution = qt.evolve(system, qt.pure_state(from_qutip(psi0)), TLIST)
    theirs = qutip.mesolve(
        h, psi0, TLIST, list(c_ops), args=args, options=TIGHT | {"store_states": True}
    )
    states = [s.full() if s.isoper else s.proj().full() for s in theirs.states]
    np.testing.assert_allclose(solution.saved, states, rtol=0, atol=tolerance)
    return solution


@pytest.mark.slow
def test_a_whole_call_with_functions_strings_and_arrays():
    def drive(t, w):
        return 0.7 * np.cos(w * t) / np.sqrt(w)

    def complex_drive(t):
        return 0.3 * np.exp(0.5j * t)

    h = [
        N,
        [X, drive],
        [Z, np.sin(TLIST**1.5)],
        [A, complex_drive],
        [A.dag(), "0.3 * exp(-0.5j * t)"],
    ]
    moving = qutip.QobjEvo([A, [Z, lambda t: 0.2j * np.exp(1j * t)]])
    decaying = qutip.QobjEvo([[Z, lambda t: 0.3 * np.exp(-t)]])
    solution = agrees(h, (0.5 * A, moving, decaying), {"w": 1.4})
    assert solution.ledger.heat.shape == (13, 3)
    assert np.max(np.abs(solution.ledger.first_law_residual)) < 1e-9


def test_arrays_are_interpolated_as_in_qutip():
    uneven = np.array([0.0, 0.1, 0.5, 1.2, 2.0, 3.0])
    for order in (0, 1, 3):
        coefficient = qutip.coefficient(np.cos(uneven), tlist=uneven, order=order)
        h = hamiltonian_from_qutip(qutip.QobjEvo([[X, coefficient]]), tlist=TLIST)
        (term,) = h.terms()
        assert isinstance(term.schedule, qt.dynamics.PiecewisePolynomial)
        assert term.schedule.degree == order
        t = np.linspace(-1.0, 4.0, 101)
        np.testing.assert_allclose(
            jax.vmap(term.schedule)(t), [coefficient(s).real for s in t], atol=1e-14
        )


def test_arguments_are_parameters():
    h = hamiltonian_from_qutip([N, [X, lambda t, w: np.sin(w * t)]], tlist=TLIST, args={"w": 1.4})

    (drive,) = (s for s in h.schedules if not isinstance(s, qt.Constant))

    def value(w):
        moved = eqx.tree_at(lambda schedule: schedule.args["w"], drive, w)
        return moved(2.0)

    np.testing.assert_allclose(jax.grad(value)(1.4), 2.0 * np.cos(2.8), rtol=1e-12)


def test_sums_products_and_conjugates_of_coefficients_stay_functions():
    f, g = (qutip.coefficient(c) for c in (lambda t: np.exp(1j * t), lambda t: t**2))
    h = qutip.QobjEvo([[A, f * g + f]])
    h = hamiltonian_from_qutip(h + h.dag(), tlist=TLIST)
    t = 1.3
    wanted = (np.exp(1j * t) * (t**2 + 1)) * A.full()
    np.testing.assert_allclose(h(t), wanted + wanted.conj().T, atol=1e-14)


def late(t):
    return math.exp(-((t - 1.0) ** 2)) if t > -1.0 else 0.0


def test_what_cannot_be_traced_is_sampled_and_says_how_finely():
    with pytest.warns(UserWarning, match=r"coefficient `late` of `h`.* sampled at \d+ times"):
        agrees([N, [X, late]], (0.3 * A,))


def test_a_function_that_returns_a_qobj_is_sampled():
    with pytest.warns(UserWarning, match="returns a Qobj"):
        h = hamiltonian_from_qutip(lambda t: N + np.cos(t) * X + np.sin(t) * Y, tlist=TLIST)
    for t in (0.0, 0.77, 3.0):
        wanted = (N + np.cos(t) * X + np.sin(t) * Y).full()
        np.testing.assert_allclose(h(t), wanted, rtol=0, atol=1e-8)


def test_operators_and_kets_there_and_back():
    rho = qutip.rand_dm([2, 3], seed=1)
    back = to_qutip(from_qutip(rho, (2, 3)), (2, 3))
    assert back == rho
    assert back.dims == rho.dims
    psi = qutip.rand_ket([2, 2], seed=2)
    assert from_qutip(psi).shape == (4,)
    assert to_qutip(from_qutip(psi), (2, 2)) == psi
    assert to_qutip(qt.sigmax()).dims == [[2], [2]]


@pytest.mark.parametrize(
    "environment",
    [
        qutip.DrudeLorentzEnvironment(0.7, 0.1, 2.0),
        qutip.UnderDampedEnvironment(0.7, 0.1, 0.4, 2.0),
        qutip.OhmicEnvironment(0.7, 0.1, 2.0, 1),
        qutip.OhmicEnvironment(0.7, 0.1, 2.0, 0.5),
        qutip.OhmicEnvironment(0.7, 0.1, 2.0, 3),
    ],
    ids=["drude", "underdamped", "ohmic", "subohmic", "superohmic"],
)
def test_environments_have_their_power_spectrum(environment):
    omega = np.array([-3.0, -0.5, 0.2, 1.0, 4.0])
    spectrum = spectrum_from_qutip(environment)
    ours = [qt.dynamics.power_spectrum(spectrum, w, environment.T) for w in omega]
    np.testing.assert_allclose(ours, environment.power_spectrum(omega), rtol=1e-12)


def step(t):
    return 1.0 if t > 1.0 else 0.0


def unsteady():
    count = iter(range(10**6))
    return lambda t: t + next(count)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: from_qutip(np.eye(2)), "must be a `Qobj` of QuTiP"),
        (lambda: from_qutip(qutip.basis(2, 0).dag()), "type 'bra'; a bra is"),
        (lambda: from_qutip(qutip.to_super(X)), "type 'super'"),
        (lambda: from_qutip(qutip.Qobj(np.ones((2, 3)))), r"maps dimensions \[3\] to \[2\]"),
        (lambda: from_qutip(qutip.num(4), (2, 2)), r"dimensions \(4,\), but `dims` is \(2, 2\)"),
        (lambda: to_qutip(np.eye(4), (2, 3)), r"multiply to 6, but `value` has d = 4"),
        (lambda: to_qutip(np.ones((2, 3))), r"must be \(d, d\) or \(d,\)"),
        (lambda: jax.jit(lambda a: to_qutip(a) and 1)(jnp.eye(2)), "is traced"),
        (lambda: hamiltonian_from_qutip(3), "makes a `QobjEvo` of, got 3"),
        (lambda: hamiltonian_from_qutip([N, [X, "t"]]), "must be the times of the run"),
        (lambda: hamiltonian_from_qutip([[X, "t"]], tlist=[1.0]), "two times at least"),
        (lambda: hamiltonian_from_qutip([N, [A, "t"]], tlist=TLIST), "`h` must be Hermitian"),
        (lambda: hamiltonian_from_qutip([[X, step]], tlist=TLIST), "`step`.*it jumps, or has"),
        (lambda: hamiltonian_from_qutip([[X, unsteady()]], tlist=TLIST), "other values under JAX"),
        (lambda: hamiltonian_from_qutip(qutip.to_super(X)), "got a `Qobj` of type 'super'"),
        (lambda: system_from_qutip(N, [qutip.to_super(X)]), "must be an operator on one space"),
        (lambda: system_from_qutip(N, 3), "a sequence of collapse operators"),
        (lambda: system_from_qutip(N, [lambda t: t * X], tlist=TLIST), "returns a `Qobj`; write"),
        (lambda: system_from_qutip(N, [qutip.num(3)]), "acts on d = 3"),
        (lambda: spectrum_from_qutip(3), "must be a `DrudeLorentzEnvironment`"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
