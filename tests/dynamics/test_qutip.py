"""States and heats against QuTiP, which shares no code with qtjax."""

import diffrax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip
from scipy.interpolate import make_interp_spline

import qtjax as qt

# local baths on coupled or driven levels, on purpose
pytestmark = pytest.mark.filterwarnings("ignore:.*Levy and Kosloff")

TIGHT = {"atol": 1e-12, "rtol": 1e-11, "nsteps": 100_000, "method": "dop853"}
LOOSER = {
    "solver": diffrax.Tsit5(),
    "controller": diffrax.PIDController(rtol=1e-10, atol=1e-12),
}
TOLERANCE = 1e-7
NODES = np.linspace(0.0, 3.0, 241)


def integral(values):
    """The integral over NODES to its end, from the spline of order 7 (error h^8 ~ 1e-15)."""
    return float(make_interp_spline(NODES, values, k=7).integrate(0.0, 3.0))


def thermal(omega, temperature, rate):
    n = 1.0 / np.expm1(omega / temperature)
    return rate * (n + 1.0), rate * n


def qobj(matrix, dims=None):
    return qutip.Qobj(np.asarray(matrix), dims=dims)


def dissipator(rate, jump, rho):
    square = jump.conj().T @ jump
    return rate * (jump @ rho @ jump.conj().T - 0.5 * (square @ rho + rho @ square))


def test_driven_qubit_with_a_thermal_bath_and_dephasing_that_depends_on_time():
    sx, sz, n, lower = (
        np.asarray(a) for a in (qt.sigmax(), qt.sigmaz(), qt.number(2), qt.destroy(2))
    )
    down, up = thermal(1.0, 0.6, 0.25)
    rho0 = np.array([[0.6, 0.2j], [-0.2j, 0.4]])

    def drive(t):
        return 0.7 * np.cos(1.4 * t)

    def rate(t):
        return 0.2 * (1.0 + np.sin(t) ** 2)

    result = qutip.mesolve(
        [qobj(n), [qobj(sx), drive]],
        qobj(rho0),
        NODES,
        c_ops=[
            np.sqrt(down) * qobj(lower),
            np.sqrt(up) * qobj(lower.T),
            qutip.QobjEvo([[qobj(sz), lambda t: np.sqrt(rate(t))]]),
        ],
        options={**TIGHT, "store_states": True},
    )
    states = np.array([state.full() for state in result.states])
    currents = np.zeros((2, NODES.size))
    for k, (t, rho) in enumerate(zip(NODES, states, strict=True)):
        h = n + drive(t) * sx
        parts = [
            dissipator(down, lower, rho) + dissipator(up, lower.T, rho),
            dissipator(rate(t), sz, rho),
        ]
        currents[:, k] = [np.trace(part @ h).real for part in parts]

    system = qt.OpenSystem(
        qt.Driven([(1.0, n), (lambda t: 0.7 * jnp.cos(1.4 * t), sx)]),
        (
            qt.LocalBath(qt.destroy(2), 1.0, 0.6, qt.Flat(0.25)),
            qt.Lindblad(sz, lambda t: 0.2 * (1.0 + jnp.sin(t) ** 2)),
        ),
    )
    solution = qt.evolve(system, rho0, NODES[::60], **LOOSER)
    np.testing.assert_allclose(solution.saved, states[::60], rtol=0, atol=TOLERANCE)
    heats = [integral(current) for current in currents]
    assert min(abs(heat) for heat in heats) > 1e-3
    np.testing.assert_allclose(solution.ledger.heat[-1], heats, rtol=0, atol=TOLERANCE)
    gain = np.trace(states[-1] @ (n + drive(3.0) * sx) - states[0] @ (n + drive(0.0) * sx)).real
    np.testing.assert_allclose(solution.ledger.work[-1], gain - sum(heats), rtol=0, atol=TOLERANCE)


def test_two_coupled_qubits_between_two_local_baths():
    lower, n = qutip.Qobj(np.asarray(qt.destroy(2))), qutip.Qobj(np.asarray(qt.number(2)))
    one = qutip.qeye(2)
    a, b = qutip.tensor(lower, one), qutip.tensor(one, lower)
    h = qutip.tensor(n, one) + 0.8 * qutip.tensor(one, n) + 0.3 * (a.dag() * b + b.dag() * a)
    (a_down, a_up), (b_down, b_up) = thermal(1.0, 1.5, 0.2), thermal(0.8, 0.4, 0.3)
    rho0 = qutip.tensor(
        qutip.fock_dm(2, 0), qutip.ket2dm((qutip.fock(2, 0) + qutip.fock(2, 1)).unit())
    )

    def current(down, up, jump):
        """The operator whose mean is tr(D(rho) h): the adjoint dissipator of h."""
        out = 0.0
        for rate, c in ((down, jump), (up, jump.dag())):
            square = c.dag() * c
            out = out + rate * (c.dag() * h * c - 0.5 * (square * h + h * square))
        return out

    jumps = [(a_down, a), (a_up, a.dag()), (b_down, b), (b_up, b.dag())]
    result = qutip.mesolve(
        h,
        rho0,
        NODES,
        c_ops=[np.sqrt(rate) * c for rate, c in jumps],
        e_ops=[current(a_down, a_up, a), current(b_down, b_up, b)],
        options={**TIGHT, "store_states": True},
    )
    heats = [integral(np.real(values)) for values in result.expect]
    system = qt.OpenSystem(
        h.full(),
        (
            qt.LocalBath(qt.embed(qt.destroy(2), (2, 2), 0), 1.0, 1.5, qt.Flat(0.2)),
            qt.LocalBath(qt.embed(qt.destroy(2), (2, 2), 1), 0.8, 0.4, qt.Flat(0.3)),
        ),
    )
    solution = qt.evolve(system, rho0.full(), NODES[::120])
    states = np.array([state.full() for state in result.states])[::120]
    np.testing.assert_allclose(solution.saved, states, rtol=0, atol=TOLERANCE)
    assert heats[0] > 1e-2 > -1e-2 > heats[1]
    np.testing.assert_allclose(solution.ledger.heat[-1], heats, rtol=0, atol=TOLERANCE)


def test_davies_bath_on_three_levels():
    h = np.array([[0.1, 0.2, 0.1j], [0.2, 0.9, 0.15], [-0.1j, 0.15, 1.9]])
    coupling = np.array([[0.3, 1.0, 0.2], [1.0, -0.1, 0.7j], [0.2, -0.7j, 0.4]])
    temperature, strength, zero = 0.8, 0.15, 0.1
    energies, vectors = np.linalg.eigh(h)
    block = vectors.conj().T @ coupling @ vectors
    c_ops = [np.sqrt(zero) * qobj((vectors * np.diag(block)) @ vectors.conj().T)]
    for lower in range(3):
        for upper in range(lower + 1, 3):
            w = energies[upper] - energies[lower]
            down, up = thermal(w, temperature, strength * w * np.exp(-w / 6.0))
            jump = block[lower, upper] * np.outer(vectors[:, lower], vectors[:, upper].conj())
            c_ops += [np.sqrt(down) * qobj(jump), np.sqrt(up) * qobj(jump.conj().T)]
    rho0 = np.diag([0.2, 0.1, 0.7]).astype(complex)
    rho0[0, 2] = rho0[2, 0] = 0.3
    result = qutip.mesolve(
        qobj(h), qobj(rho0), NODES, c_ops=c_ops, options={**TIGHT, "store_states": True}
    )
    states = np.array([state.full() for state in result.states])
    jumps = [c.full() for c in c_ops]
    heat = integral(
        [sum(np.trace(dissipator(1.0, c, rho) @ h).real for c in jumps) for rho in states]
    )
    bath = qt.DaviesBath(h, coupling, temperature, qt.Ohmic(strength, 6.0), zero_frequency=zero)
    solution = qt.evolve(qt.OpenSystem(h, bath), rho0, NODES[::120])
    np.testing.assert_allclose(solution.saved, states[::120], rtol=0, atol=TOLERANCE)
    assert heat < -1e-2
    np.testing.assert_allclose(solution.ledger.heat[-1, 0], heat, rtol=0, atol=TOLERANCE)
