"""The peers on the same work, each with the settings that serve it best.

dynamiqs: `dia` layout, batched natively under one `jax.jit`, heat from 101 saved expectation values
and Simpson's rule. QuTiP: CSR operators and compiled coefficients. Diffrax: real Bloch components,
the batch on the last axis, one step for all lanes. A peer that is not installed is `None` here and
"not run" in the tables.
"""

import diffrax as dfx
import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import simpson

from . import workloads as w
from .references import bloch_equation

try:
    import dynamiqs as dq

    dq.set_progress_meter(False)
    dq.set_precision("double" if jax.config.read("jax_enable_x64") else "single")
except ImportError:
    dq = None
try:
    import qutip
except ImportError:
    qutip = None
try:
    import qthermo
except ImportError:
    qthermo = None

SZ, SX, LOWERING = (np.asarray(op) for op in (w.SZ, w.SX, w.LOWERING))
SAVES = 101
TIMES = np.linspace(0.0, w.T_END, SAVES)
SIMPSON = np.zeros(SAVES)
SIMPSON[:] = [simpson(row, x=TIMES) for row in np.eye(SAVES)]


# dynamiqs


def dynamiqs_method(name, tolerance=1e-6):
    """Tsit5 or Dopri8 at a tolerance (dynamiqs' own default is 1e-6), or Expm."""
    if name == "Expm":
        return dq.method.Expm()
    return getattr(dq.method, name)(rtol=tolerance, atol=tolerance)


def _dia(operator):
    """A diagonal-layout operator; it can be made outside `jit` only."""
    return dq.asqarray(operator, layout=dq.dia)


def _scaled(rate, operator):
    """sqrt(rate) times a jump operator, one for each lane."""
    return jnp.sqrt(rate)[:, None, None] * operator


def _solve(hamiltonian, jumps, rho0, method, observables=None, gradient=None, states=False):
    times = TIMES if observables else np.asarray(w.TS)
    return dq.mesolve(
        hamiltonian, jumps, dq.asqarray(np.asarray(rho0)), times, exp_ops=observables,
        method=method, gradient=gradient, save_states=states, cartesian_batching=False,
    )  # fmt: skip


def dynamiqs_bloch(operators, omega, delta, gamma, n, method, gradient=None):
    """Final states and heats of W1 or W4; omega(t) and delta(t) give one value for each lane."""
    half_z, half_x, lowering, raising, *observables = operators
    h = dq.modulated(omega, half_z) + dq.modulated(delta, half_x)
    jumps = [_scaled(gamma * (n + 1.0), lowering), _scaled(gamma * n, raising)]
    solution = _solve(h, jumps, w.RHO0, method, observables, gradient)
    x, z = (jnp.moveaxis(solution.expects[:, k].real, -1, 0) for k in (0, 1))
    equation = bloch_equation(omega, delta, gamma, n)
    current = jax.vmap(lambda t, x, z: equation(t, (x, x, z, z))[3])(jnp.asarray(TIMES), x, z)
    return solution.final_state.to_jax(), jnp.asarray(SIMPSON) @ current


def _qubit_operators():
    return [_dia(op) for op in (SZ, SX, LOWERING, LOWERING.T, 2.0 * SX, 2.0 * SZ)]


def dynamiqs_driven_qubits(method):
    """A jitted function of the arrays of W1 that returns final states and heats."""
    operators = _qubit_operators()

    @jax.jit
    def solve(w0, w1, g0, g1, gamma, n):
        def line(start, stop):
            return lambda t: start + (stop - start) * (t / w.T_END)

        return dynamiqs_bloch(operators, line(w0, w1), line(g0, g1), gamma, n, method)

    return solve


def dynamiqs_cubic_gradients(method, forward=False):
    """A jitted function of the arrays of W4 that returns dQ/d(coefficients)."""
    operators = _qubit_operators()

    def heats(coefficients, gamma, n):
        def cubic(part):
            return lambda t: sum(part[..., k] * (t / w.T_END) ** k for k in range(4))

        gradient = dq.gradient.Forward() if forward else None
        w_of, g_of = cubic(coefficients[:, :4]), cubic(coefficients[:, 4:])
        return dynamiqs_bloch(operators, w_of, g_of, gamma, n, method, gradient)[1]

    @jax.jit
    def reverse_mode(coefficients, gamma, n):
        return jax.grad(lambda c: heats(c, gamma, n).sum())(coefficients)

    @jax.jit
    def forward_mode(coefficients, gamma, n):
        def along(k):
            tangent = jnp.zeros_like(coefficients).at[:, k].set(1.0)
            return jax.jvp(lambda c: heats(c, gamma, n), (coefficients,), (tangent,))[1]

        return jax.vmap(along, out_axes=1)(jnp.arange(8))

    return forward_mode if forward else reverse_mode


def dynamiqs_driven_chains(d, method, heats=False):
    """A jitted function of the arrays of W2 that returns final states (and heats)."""
    spins = w.chain(d)
    field, coupling = _dia(np.asarray(spins.field)), _dia(np.asarray(spins.coupling))
    jumps = [
        np.sqrt(rate) * _dia(op)
        for a, n in zip(map(np.asarray, spins.lowering), w.CHAIN_OCCUPATIONS, strict=True)
        for rate, op in ((w.CHAIN_RATE * (n + 1.0), a), (w.CHAIN_RATE * n, a.T))
    ]
    observables = [_dia(op) for op in chain_heat_observables(d)] if heats else None

    @jax.jit
    def solve(w0, w1, j):
        def drive(t):
            return w0 + (w1 - w0) * (t / w.T_END)

        h = dq.modulated(drive, field) + j[:, None, None] * coupling
        solution = _solve(h, jumps, spins.rho0, method, observables)
        if not heats:
            return solution.final_state.to_jax()
        gaps = jax.vmap(drive, out_axes=-1)(jnp.asarray(TIMES))
        values = solution.expects.real
        currents = gaps[:, None] * values[:, :2] + j[:, None, None] * values[:, 2:]
        return solution.final_state.to_jax(), currents @ jnp.asarray(SIMPSON)

    return solve


def dynamiqs_full_operators(h0, h1, jumps, rate, rho0, method):
    """A function of no arguments that returns the final state of H = h0 + (t/T) h1 and jumps."""
    h = dq.constant(h0) + dq.modulated(lambda t: t / w.T_END, h1)
    scaled = [np.sqrt(rate) * dq.asqarray(jump) for jump in jumps]
    return jax.jit(lambda: _solve(h, scaled, rho0, method).final_state.to_jax())


def chain_heat_observables(d):
    """D_k^+(field) for both baths k, then D_k^+(coupling): their means make the heat currents."""
    spins, found = w.chain(d), []
    for operator in (spins.field, spins.coupling):
        x = np.asarray(operator)
        for a, n in zip(map(np.asarray, spins.lowering), w.CHAIN_OCCUPATIONS, strict=True):
            image = np.zeros_like(x)
            for rate, op in ((w.CHAIN_RATE * (n + 1.0), a), (w.CHAIN_RATE * n, a.T)):
                loss = op.conj().T @ op
                image += rate * (op.conj().T @ x @ op - 0.5 * (loss @ x + x @ loss))
            found.append(image)
    return found


def dynamiqs_global_chains(d, method):
    """A jitted function of w, J and the jump operators of W2g (a list of (batch, d, d)).

    Global jump operators are dense, and so is all else here: mixing the layouts only converts.
    """
    spins = w.chain(d)
    field, coupling = np.asarray(spins.field), np.asarray(spins.coupling)

    @jax.jit
    def solve(gap, j, jumps):
        h = dq.asqarray(gap[:, None, None] * field + j[:, None, None] * coupling)
        # with save_states=False the last state of Expm is a column of d*d entries
        solution = _solve(h, list(map(dq.asqarray, jumps)), spins.rho0, method, states=True)
        return solution.states.to_jax()[:, -1]

    return solve


# QuTiP


def _csr(operator):
    return qutip.Qobj(np.asarray(operator)).to("CSR")


def _line(start, stop):
    """A compiled linear coefficient."""
    return qutip.coefficient(np.array([start, stop]), tlist=np.array([0.0, w.T_END]), order=1)


def _mesolve(h, jumps, rho0, observables, tolerance):
    times = TIMES if observables else np.asarray(w.TS)
    options = {"store_final_state": True, "store_states": False, "progress_bar": ""}
    if tolerance is not None:
        options |= {"rtol": tolerance, "atol": tolerance, "nsteps": 100_000}
    return qutip.mesolve(
        h, _csr(rho0), times, jumps, e_ops=[_csr(op) for op in observables or ()], options=options
    )


def qutip_driven_qubit(w0, w1, g0, g1, gamma, n, tolerance=None):
    """Final state and heat of one lane of W1, at QuTiP's defaults unless a tolerance is given."""
    h = qutip.QobjEvo([[_csr(SZ), _line(w0, w1)], [_csr(SX), _line(g0, g1)]])
    jumps = [np.sqrt(gamma * (n + 1.0)) * _csr(LOWERING), np.sqrt(gamma * n) * _csr(LOWERING.T)]
    observables = [2.0 * SX, 2.0 * SZ]
    solution = _mesolve(h, jumps, w.RHO0, observables, tolerance)
    x, z = solution.expect
    s = TIMES / w.T_END
    equation = bloch_equation(lambda s: w0 + s * (w1 - w0), lambda s: g0 + s * (g1 - g0), gamma, n)
    return solution.final_state.full(), SIMPSON @ equation(s, (x, x, z, z))[3]


def qutip_driven_chain(d, w0, w1, j, heats=False):
    """Final state (and heats) of one lane of W2."""
    spins = w.chain(d)
    h = qutip.QobjEvo([j * _csr(spins.coupling), [_csr(spins.field), _line(w0, w1)]])
    jumps = [
        np.sqrt(rate) * _csr(op)
        for a, n in zip(map(np.asarray, spins.lowering), w.CHAIN_OCCUPATIONS, strict=True)
        for rate, op in ((w.CHAIN_RATE * (n + 1.0), a), (w.CHAIN_RATE * n, a.T))
    ]
    observables = chain_heat_observables(d) if heats else None
    solution = _mesolve(h, jumps, spins.rho0, observables, None)
    if not heats:
        return solution.final_state.full()
    values = np.array(solution.expect)
    currents = (w0 + (w1 - w0) * TIMES / w.T_END) * values[:2] + j * values[2:]
    return solution.final_state.full(), currents @ SIMPSON


def qutip_global_chain(d, gap, j, jumps):
    """Final state of one lane of W2g; `jumps` are its jump operators times root rates."""
    spins = w.chain(d)
    h = gap * _csr(spins.field) + j * _csr(spins.coupling)
    return _mesolve(h, [_csr(op) for op in jumps], spins.rho0, None, None).final_state.full()


def qutip_steady_state(h, jumps):
    """The steady state; `jumps` are jump operators times root rates."""
    return qutip.steadystate(_csr(h), [_csr(op) for op in jumps]).full()


# Diffrax


def diffrax_bloch(omega, delta, parameters, tolerance, adjoint=None):
    """(x, y, z, Q) at t = 10 of all lanes, (4, batch): one Dopri8 solve with a shared step.

    omega(t, c) and delta(t, c) give one value for each lane; parameters = (c, gamma, n).
    """

    def field(t, y, args):
        c, gamma, n = args
        equation = bloch_equation(lambda t: omega(t, c), lambda t: delta(t, c), gamma, n)
        return jnp.stack(equation(t, y))

    y0 = jnp.array([*w.BLOCH, 0.0])[:, None] * jnp.ones_like(parameters[1])
    return dfx.diffeqsolve(
        dfx.ODETerm(field), dfx.Dopri8(), 0.0, w.T_END, None, y0, parameters, max_steps=256,
        stepsize_controller=dfx.PIDController(rtol=tolerance, atol=tolerance), throw=False,
        adjoint=dfx.RecursiveCheckpointAdjoint() if adjoint is None else adjoint,
    ).ys[-1]  # fmt: skip


def diffrax_driven_qubits(tolerance=1e-7):
    """A jitted function of the arrays of W1 that returns final states and heats."""

    @jax.jit
    def solve(w0, w1, g0, g1, gamma, n):
        def line(start, stop):
            return lambda t, _: start + (stop - start) * (t / w.T_END)

        y = diffrax_bloch(line(w0, w1), line(g0, g1), (None, gamma, n), tolerance)
        return jax.vmap(bloch_state)(y[:3].T), y[3]

    return solve


def bloch_state(r):
    """The density matrix of a Bloch vector."""
    x, y, z = r
    return 0.5 * jnp.array([[1.0 + z, x - 1j * y], [x + 1j * y, 1.0 - z]])


def diffrax_cubic_gradients(adjoint, tolerance=1e-7):
    """A jitted function of the arrays of W4 that returns dQ/d(coefficients)."""

    def cubic(first):
        return lambda t, c: sum(c[first + k] * (t / w.T_END) ** k for k in range(4))

    @jax.jit
    def gradients(coefficients, gamma, n):
        def total(c):
            return diffrax_bloch(cubic(0), cubic(4), (c, gamma, n), tolerance, adjoint)[3].sum()

        return jax.grad(total)(coefficients.T).T

    return gradients


def diffrax_naive_driven_qubits(tolerance=1e-6):
    """W1 as one would write it first: complex matrices, Tsit5, `vmap` (a step for each lane)."""
    z, x, a = w.SZ, w.SX, w.LOWERING

    def dissipate(rate, op, rho):
        loss = op.T @ op
        return rate * (op @ rho @ op.T - 0.5 * (loss @ rho + rho @ loss))

    def lane(w0, w1, g0, g1, gamma, n):
        def field(t, y, _):
            rho, s = y[0], t / w.T_END
            h = (w0 + s * (w1 - w0)) * z + (g0 + s * (g1 - g0)) * x
            flow = dissipate(gamma * (n + 1.0), a, rho) + dissipate(gamma * n, a.T, rho)
            return -1j * (h @ rho - rho @ h) + flow, jnp.trace(flow @ h)

        y0 = (w.RHO0, jnp.zeros((), w.RHO0.dtype))
        controller = dfx.PIDController(rtol=tolerance, atol=tolerance)
        solution = dfx.diffeqsolve(
            dfx.ODETerm(field), dfx.Tsit5(), 0.0, w.T_END, None, y0,
            stepsize_controller=controller, throw=False,
        )  # fmt: skip
        return solution.ys[0][-1], solution.ys[1][-1].real

    return jax.jit(jax.vmap(lane))


def diffrax_cycle_merits(d, gamma, cycles=50):
    """From the ten parameters of W3 to (power, efficiency) after `cycles` repetitions.

    Complex matrices, Tsit5 at rtol 1e-6 and atol 1e-8, one solve for each stroke in scaled time.
    """
    hz, hx, lowering = w.medium(d)
    k = jnp.arange(1, 5)

    def stroke(rho, duration, gap, bath):
        def field(s, rho, args):
            duration, gap_args = args
            h = gap(s, gap_args) * hz + hx
            change = -1j * (h @ rho - rho @ h)
            for rate, op in bath:
                loss = op.T @ op
                change = change + rate * (op @ rho @ op.T - 0.5 * (loss @ rho + rho @ loss))
            return duration * change

        return dfx.diffeqsolve(
            dfx.ODETerm(field), dfx.Tsit5(), 0.0, 1.0, None, rho, duration, max_steps=256,
            stepsize_controller=dfx.PIDController(rtol=1e-6, atol=1e-8), throw=False,
        ).ys[-1]  # fmt: skip

    def bath(gap, temperature):
        n = w.occupation(gap, temperature)
        return [p for a in lowering for p in ((gamma * (n + 1.0), a), (gamma * n, a.T))]

    cold, hot = (bath(*pair) for pair in zip(w.GAPS, w.TEMPERATURES, strict=True))
    h_cold, h_hot = (gap * hz + hx for gap in w.GAPS)

    def progress(s, amplitudes):
        return s + amplitudes @ jnp.sin(k * jnp.pi * s)

    def merits(p):
        def cycle(rho, _):
            first = stroke(rho, (w.RAMP_TIME, p[:4]), lambda s, a: 1.0 + progress(s, a), ())
            second = stroke(first, (p[8], None), lambda s, _: w.GAPS[1], hot)
            third = stroke(second, (w.RAMP_TIME, p[4:8]), lambda s, b: 2.0 - progress(s, b), ())
            last = stroke(third, (p[9], None), lambda s, _: w.GAPS[0], cold)
            heats = (
                jnp.trace(h_hot @ (second - first)).real,
                jnp.trace(h_cold @ (last - third)).real,
            )
            return last, heats

        start = jnp.asarray(w.qt.thermal_state(h_cold, w.TEMPERATURES[0]))
        _, (heat_hot, heat_cold) = jax.lax.scan(cycle, start, length=cycles)
        output = heat_hot[-1] + heat_cold[-1]
        return jnp.stack([output / (2 * w.RAMP_TIME + p[8] + p[9]), output / heat_hot[-1]])

    return merits


# qthermo


def qthermo_machine(hot=w.OTTO["hot"], times=None, ramps=None, steps=None):
    """The Otto machine of Q1 to Q3 as a qthermo cycle (its defaults but for what is given)."""
    cold_h, hot_h = np.asarray(w.OTTO_COLD), np.asarray(w.OTTO_HOT)
    options = {} if steps is None else {"steps": steps}
    cycle = qthermo.otto_cycle(
        cold_h, hot_h, w.OTTO["cold"], hot, [qthermo.sigma_x, qthermo.sigma_z],
        gamma=w.OTTO["rate"], tau_iso=w.OTTO["isochore"], tau_ramp=w.OTTO["ramp"],
        check_thermalization=False, **options,
    )  # fmt: skip
    hot_iso, expand, cold_iso, compress = cycle.strokes
    if times is not None:
        hot_iso.duration, cold_iso.duration = times
    if ramps is not None:
        expand.H = lambda t: hot_h + float(ramps[0](t / w.OTTO["ramp"])) * (cold_h - hot_h)
        compress.H = lambda t: cold_h + float(ramps[1](t / w.OTTO["ramp"])) * (hot_h - cold_h)
    return cycle


def qthermo_efficiency(**machine):
    """The efficiency of the limit cycle."""
    start = qthermo.thermal_state(np.asarray(w.OTTO_COLD), w.OTTO["cold"])
    result, _, converged = qthermo_machine(**machine).limit_cycle(start)
    assert converged
    return result.efficiency(("hot_iso",))
