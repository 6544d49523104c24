"""The fused integrator against Diffrax: values, derivatives, errors, statuses."""

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt

TS = jnp.array([0.0, 0.7, 2.0])
X, Z, N = qt.sigmax(), qt.sigmaz(), qt.number(2)
QUBIT = qt.algebra.random_density_matrix(jax.random.key(0), 2)


def hermitian(d, seed):
    a = np.random.default_rng(seed).normal(size=(2, d, d))
    return jnp.asarray((a[0] + 1j * a[1]) + (a[0] + 1j * a[1]).conj().T) / 3.0


def polynomial_qubit(p):
    """Rates of either sign that move, and an energy that is not the Hamiltonian."""
    h = qt.Driven(
        [(qt.Polynomial([1.0, p[0], -0.3], 0.0, 2.0), Z), (qt.Linear(p[1], 1.0, 0.0, 2.0), X)]
    )
    moving = qt.Lindblad(
        [qt.destroy(2), Z], [qt.Linear(0.1, 0.4, 0.0, 2.0), qt.Fourier(0.0, [p[2]], [0.1], 3.0)]
    )
    energy = qt.Driven([(qt.Linear(1.0, 2.0, 0.0, 2.0), Z)])
    return qt.OpenSystem(h, (moving, qt.LocalBath(qt.create(2), p[0], 0.7, qt.Ohmic(0.2))), energy)


def broken_qubit(p):
    """Splines, ramps that end, and a jump: breakpoints inside, one of them between the times."""
    jump = qt.PiecewiseConstant([1.1], [0.2, p[2]])
    h = qt.Driven([
        (qt.Spline([0.2, p[0], 0.1, 0.5], 0.0, 2.0), X), (qt.Smooth(p[1], 1.5, 0.3, 1.0), N),
        (jump, qt.sigmay()),
    ])  # fmt: skip
    return qt.OpenSystem(
        h, qt.LocalBath(qt.destroy(2), qt.Linear(1.0, 1.5, 0.0, 2.0), p[0], qt.Flat(0.3))
    )


class Dense:
    """Driven systems of dimension d with every kind of bath whose operators are fixed."""

    def __init__(self, d):
        self.d, self.__name__ = d, f"dense_{d}"
        self.h, self.drive, self.coupling = (hermitian(d, d + k) for k in (10, 20, 30))
        self.transitions = qt.dynamics.bohr_transitions(self.h)

    def __call__(self, p):
        h = qt.Driven([(p[0], self.h), (qt.Linear(0.1, p[1], 0.0, 2.0), self.drive)])
        moving = qt.Lindblad(self.drive, qt.Linear(0.1, 0.3 * p[2], 0.0, 2.0))
        local = qt.LocalBath(qt.destroy(self.d), 1.0, 0.5 + p[2], qt.Flat(0.2))
        davies = qt.DaviesBath(
            self.h, self.coupling, 0.5 + p[1], qt.Ohmic(0.1), transitions=self.transitions
        )
        return qt.OpenSystem(h, (moving, local, davies))


SPINS = qt.embed(qt.sigmaz(), (2, 2, 2), 0) + qt.embed(qt.sigmaz(), (2, 2, 2), 2)
BONDS = sum(
    qt.embed(qt.sigmax(), (2, 2, 2), k) @ qt.embed(qt.sigmax(), (2, 2, 2), k + 1) for k in (0, 1)
)
LOWERING = [qt.embed(qt.create(2), (2, 2, 2), k) for k in (0, 2)]


def sparse_chain(p):
    """Three spins, whose generator is a sparse matrix; each end has a bath."""
    h = qt.Driven([(qt.Linear(1.0, p[0], 0.0, 2.0), SPINS), (p[1], BONDS)])
    ends = [
        qt.LocalBath(a, 1.0, t, qt.Flat(0.2)) for a, t in zip(LOWERING, (2.0, p[2]), strict=True)
    ]
    return qt.OpenSystem(h, ends)


DIMENSIONS = {polynomial_qubit: 2, broken_qubit: 2, sparse_chain: 8}
DIMENSIONS |= {dense: dense.d for dense in map(Dense, (3, 5))}
LONG = ("broken_qubit", "sparse_chain", "dense_3", "dense_5")  # in compilation
PARAMETERS = jnp.array([0.8, 0.6, 0.4])
DIRECTION = jnp.array([0.3, -0.5, 0.7])


def functional(make, **options):
    """A number that state, heats and work at the end all move, and the solution."""
    d = DIMENSIONS[make]
    rho0 = qt.algebra.random_density_matrix(jax.random.key(d), d)

    def value(p):
        solution = qt.evolve(make(p), rho0, TS, throw=False, **options)
        books = solution.ledger.heat[-1] @ jnp.arange(1.0, 1.0 + solution.ledger.heat.shape[1])
        observed = qt.expectation(hermitian(d, 5), solution.state)
        return observed + books + 0.3 * solution.ledger.work[1:].sum(), solution

    return value


def along(value):
    """The derivative in one direction by forward mode, and the solution."""

    def derivative(p):
        _, tangent, solution = jax.jvp(value, (p,), (DIRECTION,), has_aux=True)
        return tangent, solution

    return jax.jit(derivative)(PARAMETERS)


@pytest.mark.filterwarnings("ignore:`baths")  # local baths on driven levels: meant
@pytest.mark.parametrize(
    "make",
    [pytest.param(make, marks=pytest.mark.slow) if make.__name__ in LONG else make
     for make in DIMENSIONS],
    ids=[make.__name__ for make in DIMENSIONS],
)  # fmt: skip
def test_values_and_derivatives_agree_with_diffrax(make):
    """1e-9 is ten times the sum of what both may be off at rtol 1e-11 and 1e-12."""
    fast = functional(make)
    gradient, solution = jax.jit(jax.grad(fast, has_aux=True))(PARAMETERS)
    assert solution.method == "taylor"
    known = make is not polynomial_qubit and make is not broken_qubit
    kind = "schedules" if known else "functions of time"
    assert f"{kind} times fixed operators" in solution.reason
    assert bool(solution.result == qt.RESULTS.successful)
    assert float(solution.stats["error"]) < 1e-10
    tight = {"controller": dfx.PIDController(rtol=1e-12, atol=1e-14)}
    exact, reference = along(functional(make, adjoint=dfx.ForwardMode(), **tight))
    assert reference.method == "diffrax"
    assert reference.reason == "options of Diffrax were given"
    for a, b in (
        (solution.saved, reference.saved),
        (solution.ledger.heat, reference.ledger.heat),
        (solution.ledger.work, reference.ledger.work),
    ):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)
    assert np.max(np.abs(reference.ledger.work)) > 1e-3
    assert abs(float(exact)) > 1e-2
    np.testing.assert_allclose(gradient @ DIRECTION, exact, rtol=0, atol=1e-9)
    np.testing.assert_allclose(along(fast)[0], exact, rtol=0, atol=1e-9)


@pytest.mark.parametrize("d", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_constant_systems_agree_with_diffrax(d):
    """The exact propagator, for baths that follow the Hamiltonian too."""
    h, coupling = hermitian(d, d), hermitian(d, d + 1)
    baths = (
        qt.AdiabaticBath(coupling, 0.7, qt.Flat(0.2), transitions=qt.dynamics.bohr_transitions(h)),
        qt.Lindblad(qt.destroy(d), 0.1),
    )
    rho0 = qt.algebra.random_density_matrix(jax.random.key(d), d)
    exact = qt.evolve(qt.OpenSystem(h, baths), rho0, TS)
    assert exact.method == "propagator"
    slow = qt.evolve(qt.OpenSystem(h, baths), rho0, TS, solver=dfx.Dopri8())
    assert slow.method == "diffrax"
    np.testing.assert_allclose(exact.saved, slow.saved, rtol=0, atol=1e-9)
    np.testing.assert_allclose(exact.ledger.heat, slow.ledger.heat, rtol=0, atol=1e-9)


def ramp(w0, w1, rate, **options):
    """A driven damped qubit; its heat and the whole solution."""
    h = qt.Driven([(qt.Linear(w0, w1, 0.0, 5.0), 0.5 * Z), (0.6, X)])
    system = qt.OpenSystem(h, qt.Lindblad(qt.create(2), rate))
    ts = options.pop("ts", jnp.array([0.0, 5.0]))
    return qt.evolve(system, QUBIT, ts, throw=False, **options)


def heat(w0, w1, rate):
    return ramp(w0, w1, rate).ledger.heat[-1, 0]


@pytest.mark.parametrize("mode", [jax.grad, jax.jacfwd])
def test_gradients_are_differentiated_once_more(mode):
    """Traced and not compiled: the slow test below compares values."""
    again = jax.eval_shape(mode(jax.jacfwd(jax.grad(heat, 2), 2), 2), 1.0, 2.0, 0.3)
    assert again.shape == ()


def jumping(p, **options):
    """A number that the time p of a jump of H moves."""
    h = qt.Driven([(qt.PiecewiseConstant(p[None], jnp.array([0.3, 1.2])), Z), (0.5, X)])
    system = qt.OpenSystem(h, qt.Lindblad(qt.destroy(2), 0.2))
    books = qt.evolve(system, QUBIT, jnp.array([0.0, 2.0]), throw=False, **options).ledger
    return books.heat[-1, 0] + 0.3 * books.energy[-1] + 0.7 * books.work[-1]


def test_breakpoints_may_move_within_diffrax():
    moved = jax.grad(lambda p: jumping(p, solver=dfx.Tsit5()))
    assert jax.eval_shape(moved, jnp.asarray(0.9)).shape == ()


@pytest.mark.slow
def test_what_a_breakpoint_moves_is_the_same_within_diffrax():
    tight = {"solver": dfx.Dopri8(), "controller": dfx.PIDController(rtol=1e-11, atol=1e-13)}
    p = jnp.asarray(0.9)
    found = [jax.jit(jax.grad(lambda p, o=o: jumping(p, **o)))(p) for o in ({}, tight)]
    assert abs(float(found[0])) > 0.1
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


@pytest.mark.slow
def test_nested_batches_and_higher_derivatives():
    w0, rates = jnp.array([0.8, 1.0, 1.3]), jnp.array([0.1, 0.5])
    table = jax.jit(jax.vmap(jax.vmap(heat, (None, None, 0)), (0, None, None)))(w0, 2.0, rates)
    single = jax.jit(heat)
    for i, w in enumerate(w0):
        for j, rate in enumerate(rates):
            assert abs(float(table[i, j] - single(w, 2.0, rate))) < 1e-12
    gradient = jax.jit(jax.grad(heat, (0, 1, 2)))
    many = jax.jit(jax.vmap(jax.grad(heat, (0, 1, 2)), (0, None, None)))(w0, 2.0, 0.3)
    one = gradient(w0[1], 2.0, 0.3)
    np.testing.assert_allclose([g[1] for g in many], one, rtol=0, atol=1e-12)
    hessian = jax.jit(jax.jacfwd(jax.grad(heat, (0, 1, 2)), 2))(1.0, 2.0, 0.3)
    step = 1e-4  # central differences: relative error about 1e-7
    up, down = gradient(1.0, 2.0, 0.3 + step), gradient(1.0, 2.0, 0.3 - step)
    differences = [(a - b) / (2 * step) for a, b in zip(up, down, strict=True)]
    np.testing.assert_allclose(hessian, differences, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_derivatives_by_the_times():
    def final(stop):
        return ramp(1.0, 2.0, 0.3, ts=jnp.stack([jnp.zeros(()), 0.4 * stop, stop])).ledger.energy

    _, moved = jax.jvp(final, (jnp.asarray(3.0),), (jnp.asarray(1.0),))
    back = jax.jacrev(final)(jnp.asarray(3.0))
    step = 1e-5
    difference = (final(3.0 + step) - final(3.0 - step)) / (2 * step)
    np.testing.assert_allclose(moved, difference, rtol=0, atol=1e-8)
    np.testing.assert_allclose(back, moved, rtol=0, atol=1e-10)


def test_reverse_mode_beyond_the_stored_steps():
    """More than 32 steps in one piece: some are taken once more to go back through them."""

    def value(w, **options):
        h = qt.Driven([(qt.Linear(w, 2.0 * w, 0.0, 5.0), Z), (0.6, X)])
        system = qt.OpenSystem(h, qt.Lindblad(qt.create(2), 0.2))
        return qt.evolve(system, QUBIT, jnp.array([0.0, 5.0]), throw=False, **options)

    steps = float(value(30.0).stats["num_steps"])
    assert 70 < steps < 400
    gradient = jax.jit(jax.grad(lambda w: value(w).ledger.heat[-1, 0]))(30.0)
    _, along = jax.jvp(lambda w: value(w).ledger.heat[-1, 0], (30.0,), (1.0,))
    np.testing.assert_allclose(gradient, along, rtol=1e-9)


def test_errors_that_are_asked_for_are_met():
    exact = ramp(1.0, 2.0, 0.3, controller=dfx.PIDController(rtol=1e-13, atol=1e-15))
    errors = []
    for tolerance in (1e-3, 1e-5, 1e-7, 1e-9, 1e-11):
        found = ramp(1.0, 2.0, 0.3, rtol=tolerance, atol=tolerance)
        error = np.max(np.abs(found.state - exact.state))
        assert error < 2 * tolerance
        assert float(found.stats["error"]) <= 2 * tolerance
        errors.append(error)
    assert errors[-1] < 1e-4 * errors[0]


def test_new_parameter_values_do_not_compile_again():
    traced, compiled = [], []

    def listen(name, seconds, **_):
        if "backend_compile" in name:
            compiled.append(name)

    def save(system, t, rho):  # runs when the program is traced, and only then
        traced.append(t)
        return rho

    def solve(slope, rate, operator):
        h = qt.Driven([(qt.Linear(1.0, slope), Z), (0.3, operator)])
        system = qt.OpenSystem(h, qt.Lindblad(qt.create(2), rate))
        return qt.evolve(system, QUBIT, TS, save=save)

    operators = [X, 2.0 * X]
    assert solve(0.1, 0.2, operators[0]).method == "taylor"
    assert traced
    traced.clear()
    jax.monitoring.register_event_duration_secs_listener(listen)
    solutions = [solve(0.3, 0.1, operators[0]), solve(0.5, 0.0, operators[1])]
    assert not traced
    assert not compiled
    assert abs(float((solutions[0].state - solutions[1].state)[0, 0].real)) > 1e-3


@pytest.mark.filterwarnings("ignore:`baths")
def test_a_stiff_lane_has_a_status_and_can_be_solved_again():
    rates = jnp.array([0.2, 3e3, 0.4])

    def lane(rate, **options):
        h = qt.Driven([(qt.Linear(1.0, 2.0, 0.0, 5.0), 0.5 * Z), (0.6, X)])
        system = qt.OpenSystem(h, qt.Lindblad(qt.create(2), rate))
        return qt.evolve(system, QUBIT, jnp.array([0.0, 5.0]), throw=False, **options)

    def general(rate):
        return lane(rate, solver=dfx.Dopri8(), rtol=1e-8, atol=1e-8)

    batch = jax.jit(jax.vmap(lane))(rates)
    succeeded = np.asarray(batch.result == qt.RESULTS.successful)
    np.testing.assert_array_equal(succeeded, [True, False, True])
    assert bool((batch.result == qt.RESULTS.step_limit)[1])
    assert not np.any(np.isfinite(batch.state[1]))
    np.testing.assert_allclose(batch.state[0], lane(rates[0]).state, rtol=0, atol=1e-12)
    mended = qt.solve_again(general, (rates,), batch)
    assert np.all(np.asarray(mended.result == qt.RESULTS.successful))
    np.testing.assert_array_equal(mended.state[0], batch.state[0])
    assert abs(float(mended.state[1, 1, 1].real) - 1.0) < 1e-5  # held in the ground state
    assert qt.solve_again(general, (rates,), mended) is mended
    for given in (rates[:2], rates[0]):  # JAX would take the last lane in place of one that is not
        with pytest.raises(ValueError, match=r"`arguments` must have the \d lanes of `solution`"):
            qt.solve_again(general, (given,), batch)
    with pytest.raises(ValueError, match="one leading axis of lanes"):
        qt.solve_again(general, (rates,), lane(0.1))
    with pytest.raises(ValueError, match="of the same shape"):
        qt.solve_again(lambda rate: lane(rate).ledger.heat, (rates,), batch)
    with pytest.raises(ValueError, match="outside `jit`"):
        jax.jit(lambda r: qt.solve_again(general, (r,), jax.vmap(lane)(r)).state)(rates)


def test_callables_take_the_same_road():
    h = qt.Driven([(lambda t: 1.0 + jnp.sin(t), Z), (0.3, X)])
    system = qt.OpenSystem(h, qt.Lindblad(qt.create(2), 0.3))
    fast, slow = (qt.evolve(system, QUBIT, TS, solver=s) for s in (None, dfx.Dopri8()))
    assert (slow.method, fast.method) == ("diffrax", "taylor")
    assert "functions of time times fixed operators" in fast.reason
    assert slow.reason == "named by the caller"
    np.testing.assert_allclose(fast.saved, slow.saved, rtol=0, atol=1e-10)


def test_what_taylor_cannot_do_is_named():
    rho0, operator = qt.algebra.maximally_mixed(5), hermitian(5, 0)
    levels = qt.dynamics.bohr_transitions(operator)
    bath = qt.AdiabaticBath(hermitian(5, 1), 1.0, qt.Flat(0.1), transitions=levels)
    five = qt.Driven([(qt.Linear(1.0, 2.0), operator)])
    with pytest.raises(
        ValueError, match=r"cannot integrate this system: baths\[0\] \(AdiabaticBath\) follows"
    ):
        qt.evolve(qt.OpenSystem(five, bath), rho0, TS, solver=qt.Taylor())
    driven = qt.Driven([(qt.Linear(1.0, 2.0), Z)])
    with pytest.raises(ValueError, match=r"FromFunction\) is only known as a function of time"):
        qt.evolve(qt.OpenSystem(lambda t: jnp.tanh(t * operator)), rho0, TS, solver=qt.Taylor())
    with pytest.raises(ValueError, match="`Taylor` chooses its own steps"):
        qt.evolve(qt.OpenSystem(driven), QUBIT, TS, solver=qt.Taylor(), dt0=0.1)
    with pytest.raises(ValueError, match="belong to `controller`"):
        qt.evolve(
            qt.OpenSystem(driven), QUBIT, TS, rtol=1e-6, controller=dfx.PIDController(1e-6, 1e-6)
        )


@pytest.mark.parametrize("path", [{}, {"solver": dfx.Dopri8()}], ids=["taylor", "diffrax"])
def test_tolerances_below_rounding_warn_with_the_floor(path):
    with pytest.warns(UserWarning, match=r"below what float64 can hold, about 1\.4e-14"):
        ramp(1.0, 2.0, 0.3, rtol=1e-15, atol=1e-15, max_steps=10, **path)
    with pytest.raises(ValueError, match="`rtol` must be >= 0"):
        ramp(1.0, 2.0, 0.3, rtol=-1e-6, **path)


def test_single_precision():
    exact = ramp(1.0, 2.0, 0.3)
    with jax.enable_x64(False):
        h = qt.Driven([(qt.Linear(1.0, 2.0, 0.0, 5.0), 0.5 * qt.sigmaz()), (0.6, qt.sigmax())])
        system = qt.OpenSystem(h, qt.Lindblad(qt.create(2), 0.3))
        rho0 = jnp.asarray(QUBIT, jnp.complex64)
        found = qt.evolve(system, rho0, jnp.array([0.0, 5.0], jnp.float32))
        assert found.state.dtype == jnp.complex64
        np.testing.assert_allclose(found.state, exact.state, rtol=0, atol=2e-5)
        with pytest.warns(UserWarning, match="below what float32 can hold, about 7.6e-06"):
            qt.evolve(system, rho0, jnp.array([0.0, 5.0]), rtol=1e-9, atol=1e-11)


def test_zeros_are_known_of_fixed_operators_and_not_of_traced_ones():
    from qtjax.dynamics.equation_of_motion import equation_of_motion

    def places(gap):
        h = qt.Driven([(qt.Linear(1.0, 2.0), gap * Z), (0.5, X)])
        form = equation_of_motion(qt.OpenSystem(h, qt.Lindblad(qt.create(2), 0.1)))
        return [len(matrix.places) for _, matrix in form.matrices]

    assert places(1.0) == [2, 2, 4]
    traced = []
    eqx.filter_eval_shape(lambda gap: traced.extend(places(gap)), jnp.ones(()))
    assert traced == [12, 2, 4]  # all but the row of the trace
