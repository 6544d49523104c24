"""Tight references for the error columns, by routes that share no code with qtjax.

States and heats: SciPy's DOP853 at rtol 1e-13 on complex matrices, written as in the papers.
Gradients: complex step through real components, exact to rounding. One lane of W1 in 30 digits.
"""

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from . import workloads as w

TIGHT = {"method": "DOP853", "rtol": 1e-13, "atol": 1e-15}


def master_equation(hamiltonian, baths, rho0):
    """Final states (lanes, d, d) and heats (lanes, baths) at t = 10 of many lanes at once.

    Args:
        hamiltonian: t -> (lanes, d, d).
        baths: for each bath the pairs (rates (lanes,), jump operators (d, d) or (lanes, d, d)), or
            a function of the time that returns them.
        rho0: the state at t = 0, (d, d).
    """
    lanes, d, _ = hamiltonian(0.0).shape
    size = lanes * d * d
    at = baths if callable(baths) else lambda t: baths
    count = len(at(0.0))

    def right_hand_side(t, y):
        rho, h = y[:size].reshape(lanes, d, d), hamiltonian(t)
        change, heats = -1j * (h @ rho - rho @ h), []
        for bath in at(t):
            flow = sum(rate[:, None, None] * _dissipate(op, rho) for rate, op in bath)
            heats.append(np.einsum("lij,lji->l", flow, h))
            change = change + flow
        return np.concatenate([change.ravel(), *heats])

    y0 = np.zeros(size + lanes * count, complex)
    y0[:size] = np.broadcast_to(np.asarray(rho0), (lanes, d, d)).ravel()
    y = solve_ivp(right_hand_side, (0.0, w.T_END), y0, t_eval=[w.T_END], **TIGHT).y[:, -1]
    return y[:size].reshape(lanes, d, d), y[size:].real.reshape(count, lanes).T


def _dissipate(op, rho):
    adjoint = np.conj(np.swapaxes(op, -1, -2))
    loss = adjoint @ op
    return op @ rho @ adjoint - 0.5 * (loss @ rho + rho @ loss)


def driven_qubits(parameters, lanes=64):
    """States and heats of the first lanes of W1."""
    w0, w1, g0, g1, gamma, n = (p[:lanes, None, None] for p in parameters)
    z, x, a = np.asarray(w.SZ), np.asarray(w.SX), np.asarray(w.LOWERING)

    def hamiltonian(t):
        s = t / w.T_END
        return (w0 + s * (w1 - w0)) * z + (g0 + s * (g1 - g0)) * x

    gamma, n = gamma[:, 0, 0], n[:, 0, 0]
    states, heats = master_equation(hamiltonian, [[(gamma * (n + 1), a), (gamma * n, a.T)]], w.RHO0)
    return states, heats[:, 0]


def moving_baths(parameters, lanes=16):
    """States and heats of the first lanes of `workloads.moving_bath`."""
    speed, temperature = (p[:lanes] for p in parameters)
    x, z = np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([1.0, -1.0])

    def hamiltonian(t):
        return 0.3 * x + (0.5 + speed[:, None, None] * (t / w.T_END)) * z

    def baths(t):
        energies, vectors = np.linalg.eigh(hamiltonian(t))
        low, high = vectors[:, :, :1], vectors[:, :, 1:]
        element = np.swapaxes(low, 1, 2) @ x @ high
        down = element * (low @ np.swapaxes(high, 1, 2))
        n = w.occupation(energies[:, 1] - energies[:, 0], temperature)
        return [[(0.1 * (n + 1.0), down), (0.1 * n, np.swapaxes(down, 1, 2))]]

    states, heats = master_equation(hamiltonian, baths, w.MOVING_RHO0)
    return states, heats[:, 0]


def driven_chains(d, parameters, lanes):
    """States and heats of the first lanes of W2."""
    spins = w.chain(d)
    z, x = np.asarray(spins.field), np.asarray(spins.coupling)
    w0, w1, j = (p[:lanes, None, None] for p in parameters)
    ones = np.ones(w0.shape[0])
    baths = [
        [(w.CHAIN_RATE * (n + 1) * ones, np.asarray(a)), (w.CHAIN_RATE * n * ones, np.asarray(a).T)]
        for a, n in zip(spins.lowering, w.CHAIN_OCCUPATIONS, strict=True)
    ]

    def hamiltonian(t):
        return (w0 + t / w.T_END * (w1 - w0)) * z + j * x

    return master_equation(hamiltonian, baths, spins.rho0)


def global_chains(d, parameters, lanes):
    """States of the first lanes of W2g, from jump operators built here."""
    spins = w.chain(d)
    z, x = np.asarray(spins.field), np.asarray(spins.coupling)
    h = np.stack([p * z + j * x for p, j in zip(*(q[:lanes] for q in parameters), strict=True)])
    baths = [
        _global_bath(h, np.asarray(end), temperature)
        for end, temperature in zip(spins.ends, w.CHAIN_TEMPERATURES, strict=True)
    ]
    return master_equation(lambda t: h, baths, spins.rho0)[0]


def _global_bath(hamiltonians, coupling, temperature):
    """The Davies bath of each lane as pairs of (rates, operators), padded with rates of zero."""
    lanes = [_davies_jumps(h, coupling, temperature) for h in hamiltonians]
    longest = max(map(len, lanes))
    empty = (0.0, np.zeros_like(coupling))
    lanes = [lane + [empty] * (longest - len(lane)) for lane in lanes]
    return [
        (np.array([lane[k][0] for lane in lanes]), np.stack([lane[k][1] for lane in lanes]))
        for k in range(longest)
    ]


def _davies_jumps(h, coupling, temperature):
    """Rates and operators for every Bohr frequency w != 0, grouped to 1e-9."""
    energies, vectors = np.linalg.eigh(h)
    inner = vectors.conj().T @ coupling @ vectors
    gaps = energies[None, :] - energies[:, None]  # (lower, upper)
    jumps = []
    for gap in np.unique(np.round(gaps[gaps > 1e-9], 9)):
        lowering = vectors @ np.where(np.abs(gaps - gap) < 1e-8, inner, 0.0) @ vectors.conj().T
        n = w.occupation(gap, temperature)
        jumps += [(w.CHAIN_RATE * (n + 1), lowering), (w.CHAIN_RATE * n, lowering.conj().T)]
    return jumps


def bloch_equation(omega, delta, gamma, n):
    """The right-hand side for (x, y, z, Q) of W1 and W4 with H = omega(t)/2 σ_z + delta(t)/2 σ_x.

    It adds and multiplies only, so it serves NumPy, JAX and complex steps alike.
    """

    def right_hand_side(t, y):
        b, g, width = omega(t), delta(t), gamma * (2.0 * n + 1.0)
        x, y, z, _ = y
        heat = -0.5 * b * (width * z + gamma) - 0.25 * g * width * x
        return (
            -b * y - 0.5 * width * x,
            b * x - g * z - 0.5 * width * y,
            g * y - width * z - gamma,
            heat,
        )

    return right_hand_side


def cubic_heat_gradients(parameters, lanes=64):
    """dQ/d(coefficients) of the first lanes of W4, (lanes, 8), by complex step."""
    coefficients, gamma, n = (p[:lanes] for p in parameters)
    step = 1e-20
    c = coefficients[:, None, :] + 1j * step * np.eye(8)
    gamma, n = gamma[:, None], n[:, None]

    def cubic(part):
        return lambda t: sum(part[..., k] * (t / w.T_END) ** k for k in range(4))

    equation = bloch_equation(cubic(c[..., :4]), cubic(c[..., 4:]), gamma, n)
    shape = (4, c.shape[0], 8)
    y0 = np.zeros(shape, complex)
    y0[:3] = np.reshape(w.BLOCH, (3, 1, 1))

    def flat(t, y):
        return np.stack(equation(t, y.reshape(shape))).ravel()

    y = solve_ivp(flat, (0.0, w.T_END), y0.ravel(), t_eval=[w.T_END], **TIGHT).y[:, -1]
    return y.reshape(shape)[3].imag / step


def driven_qubit_in_30_digits(parameters, lane=0, segments=20, orders=60):
    """(x, y, z, Q) of one lane of W1 by Taylor series of 60 orders in 30 digits."""
    import mpmath as mp

    mp.mp.dps = 30
    w0, w1, g0, g1, gamma, n = (mp.mpf(float(p[lane])) for p in parameters)
    width, length = gamma * (2 * n + 1), mp.mpf(10)
    y = [mp.mpf(v) for v in ("0.6", "0", "0.5", "0")]
    h = length / segments
    for k in range(segments):
        t = k * h
        b = (w0 + (w1 - w0) * t / length, (w1 - w0) / length)  # w(t + s) = b0 + b1 s
        g = (g0 + (g1 - g0) * t / length, (g1 - g0) / length)
        series = [[v] for v in y]
        for m in range(orders):

            def times(p, s, m=m):
                return p[0] * s[m] + (p[1] * s[m - 1] if m else 0)

            x, u, z, _ = series
            pump = gamma if m == 0 else 0
            heat = -(times(b, z) * width + gamma * (b[m] if m < 2 else 0)) / 2
            change = (
                -times(b, u) - width * x[m] / 2,
                times(b, x) - times(g, z) - width * u[m] / 2,
                times(g, u) - width * z[m] - pump,
                heat - width * times(g, x) / 4,
            )
            for s, v in zip(series, change, strict=True):
                s.append(v / (m + 1))
        y = [mp.polyval(s[::-1], h) for s in series]
    return np.array([float(v) for v in y])


def cycle_merits(d, gamma, parameters=w.CYCLE_PARAMETERS):
    """(power, efficiency) of W3 and their gradients (2, 10), by complex step.

    Real Pauli components, DOP853 for the ramps, matrix exponentials for the isochores; works and
    heats from energy differences.
    """
    hz, hx, lowering = w.medium(d)
    basis = _pauli_basis(d)
    hz, hx = np.asarray(hz), np.asarray(hx)
    z, x = (_real_generator(lambda r, h=h: -1j * (h @ r - r @ h), basis) for h in (hz, hx))
    vz, vx = (np.einsum("kij,ji->k", basis, h).real for h in (hz, hx))
    step = 1e-20
    p = parameters[None] + 1j * step * np.concatenate([np.eye(10), np.zeros((1, 10))])
    k = np.arange(1, 5)

    def ramp(amplitudes, up):
        def w_of(s):
            progress = s + amplitudes @ np.sin(k * np.pi * s)
            return (1.0 + progress if up else 2.0 - progress)[:, None, None]

        shape = (p.shape[0], d * d, d * d)

        def flat(s, y):
            return (w.RAMP_TIME * ((w_of(s) * z + x) @ y.reshape(shape))).ravel()

        y0 = np.broadcast_to(np.eye(d * d, dtype=complex), shape).ravel()
        return solve_ivp(flat, (0.0, 1.0), y0, t_eval=[1.0], **TIGHT).y[:, -1].reshape(shape)

    def isochore(gap, temperature, tau):
        n = w.occupation(gap, temperature)
        generator = gap * z + x
        for a in map(np.asarray, lowering):
            down = _real_generator(lambda r, a=a: _dissipate(a, r), basis)
            up = _real_generator(lambda r, a=a: _dissipate(a.T, r), basis)
            generator = generator + gamma * (n + 1) * down + gamma * n * up
        return np.stack([expm(t * generator) for t in tau])

    maps = [
        ramp(p[:, :4], True),
        isochore(w.GAPS[1], w.TEMPERATURES[1], p[:, 8]),
        ramp(p[:, 4:8], False),
        isochore(w.GAPS[0], w.TEMPERATURES[0], p[:, 9]),
    ]
    total = maps[3] @ maps[2] @ maps[1] @ maps[0]
    identity = np.einsum("kii->k", basis).real
    bordered = np.eye(d * d) - total + np.outer(identity, identity) / d
    right = np.broadcast_to(identity[:, None] / d, (p.shape[0], d * d, 1))
    states = [np.linalg.solve(bordered, right)]
    for stroke in maps:
        states.append(stroke @ states[-1])
    cold, hot = w.GAPS[0] * vz + vx, w.GAPS[1] * vz + vx
    heat_hot = ((states[2] - states[1])[..., 0]) @ hot
    heat_cold = ((states[4] - states[3])[..., 0]) @ cold
    work = heat_hot + heat_cold
    merits = np.stack([work / (2 * w.RAMP_TIME + p[:, 8] + p[:, 9]), work / heat_hot])
    return merits[:, -1].real, merits[:, :10].imag / step


def _pauli_basis(d):
    """Hermitian operators with tr(B_i B_j) = delta_ij, (d*d, d, d)."""
    one, x, z = np.eye(2), np.array([[0, 1], [1, 0]]), np.diag([1, -1])
    single = np.stack([one, x, 1j * x @ z, z]) / np.sqrt(2.0)
    basis = single
    while basis.shape[-1] < d:
        basis = np.array([np.kron(b, s) for b in basis for s in single])
    return basis


def _real_generator(superoperator, basis):
    """The real matrix tr(B_i S(B_j))."""
    images = np.stack([superoperator(b) for b in basis])
    return np.einsum("iab,jba->ij", basis, images).real
