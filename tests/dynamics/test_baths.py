"""Dissipators: detailed balance, fixed points, structure, cold limits and derivatives."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt

N, SX, SZ = qt.number(2), qt.sigmax(), qt.sigmaz()
H2 = 0.5 * SZ + 0.3 * SX
_r = np.random.default_rng(7).normal(size=(4, 4, 4, 2)) @ np.array([1.0, 1.0j])
A3, A4 = (x[:d, :d] + x[:d, :d].conj().T for x, d in ((_r[0], 3), (_r[1], 4)))
U3 = np.linalg.qr(_r[2][:3, :3])[0]
U4 = np.linalg.qr(_r[3])[0]
H3 = jnp.asarray(U3 @ np.diag([-0.4, 0.3, 1.3]) @ U3.conj().T)
# two pairs of equal levels of a ladder: one Bohr frequency in four transitions
H4 = jnp.asarray(U4 @ np.diag([0.0, 0.9, 0.9, 1.8]) @ U4.conj().T)
BOHR3, BOHR4 = qt.dynamics.bohr_transitions(H3), qt.dynamics.bohr_transitions(H4)

# name: (bath of (temperature, scale of H, rate), H of the scale)
BATHS = {
    "local-flat": (
        lambda t, g, r: qt.LocalBath(qt.destroy(2), 0.9 * g, t, qt.Flat(r)),
        lambda g: 0.9 * g * N,
    ),
    "davies-2": (
        lambda t, g, r: qt.DaviesBath(g * H2, [SX, SZ], t, qt.Flat(r), zero_frequency=0.2),
        lambda g: g * H2,
    ),
    "davies-3": (
        lambda t, g, r: qt.DaviesBath(g * H3, A3, t, qt.Ohmic(r), transitions=BOHR3),
        lambda g: g * H3,
    ),
    "davies-4-degenerate": (
        lambda t, g, r: qt.DaviesBath(
            g * H4, A4, t, qt.Flat(r), transitions=BOHR4, zero_frequency=0.1
        ),
        lambda g: g * H4,
    ),
    "adiabatic-2": (
        lambda t, g, r: qt.AdiabaticBath(SX, t, qt.Ohmic(r, 3.0)),
        lambda g: g * H2,
    ),
    "adiabatic-3": (
        lambda t, g, r: qt.AdiabaticBath(A3, t, qt.Flat(r), transitions=BOHR3),
        lambda g: g * H3,
    ),
}
AT = jnp.array([0.6, 1.1, 0.3])


@functools.cache
def action(name):
    """(parameters, rho) -> D(rho), compiled."""
    make, hamiltonian = BATHS[name]

    def apply(parameters, rho):
        temperature, scale, rate = parameters
        system = qt.OpenSystem(hamiltonian(scale), make(temperature, scale, rate))
        return qt.dynamics.dissipative_parts(system, 0.0, rho)[0]

    return jax.jit(apply)


@functools.cache
def slopes(name):
    """(parameters, rho) -> dD(rho)/d(temperature, scale, rate), compiled."""
    return jax.jit(jax.jacfwd(lambda x, rho: action(name)(x, rho)))


def random_state(d, seed=0):
    return qt.algebra.random_density_matrix(jax.random.key(seed), d)


def dimension(name):
    return BATHS[name][1](1.0).shape[0]


@pytest.mark.parametrize("name", BATHS)
def test_trace_and_hermiticity_are_preserved(name):
    rho = random_state(dimension(name))
    out = action(name)(AT, rho)
    assert np.max(np.abs(out)) > 1e-3
    assert abs(np.trace(out)) < 1e-15
    np.testing.assert_allclose(out, np.asarray(out).conj().T, rtol=0, atol=1e-15)


def defect_of(bath, h):
    return qt.dynamics.gibbs_defect(bath, qt.Static(h), 0.0, h)


@pytest.mark.parametrize("name", BATHS)
def test_the_gibbs_state_is_fixed(name):
    make, hamiltonian = BATHS[name]
    h = hamiltonian(float(AT[1]))
    defect = jax.jit(lambda x: defect_of(make(*x), hamiltonian(x[1])))(AT)
    assert float(defect) < 2e-15  # 1.02e-15 on a processor of AMD
    # at another temperature it is not
    other = qt.thermal_state(h, 0.9)
    assert float(np.max(np.abs(action(name)(AT, other)))) > 1e-3


@pytest.mark.parametrize("name", BATHS)
def test_detailed_balance(name):
    """X -> D(sqrt(tau) X sqrt(tau)) is self-adjoint in the trace product (KMS detailed balance)."""
    make, hamiltonian = BATHS[name]
    h = hamiltonian(float(AT[1]))
    d = h.shape[0]
    values, vectors = np.linalg.eigh(np.asarray(h))
    weight = np.exp(-values / (2.0 * float(AT[0])))
    root = (vectors * weight) @ vectors.conj().T / np.sqrt(np.sum(weight**2))
    x, y = np.asarray(random_state(d, 1)), np.asarray(random_state(d, 2))
    left = np.trace(y @ np.asarray(action(name)(AT, jnp.asarray(root @ x @ root))))
    right = np.trace(x @ np.asarray(action(name)(AT, jnp.asarray(root @ y @ root))))
    assert abs(left) > 1e-4
    assert abs(left - right) < 1e-15


@pytest.mark.parametrize("spectrum", [qt.Flat(0.4), qt.Ohmic(0.4, 2.0)], ids=["flat", "ohmic"])
@pytest.mark.parametrize("x", [1e-6, 0.3, 5.0, 300.0])
def test_rates_and_occupations(spectrum, x):
    omega, temperature = 0.8, 0.8 / x
    down, up = qt.dynamics.thermal_rates(spectrum, omega, temperature)
    n = 1.0 / np.expm1(x)
    strength = 0.4 if isinstance(spectrum, qt.Flat) else 0.4 * 0.8 * np.exp(-0.4)
    np.testing.assert_allclose(up, strength * n, rtol=1e-13)
    np.testing.assert_allclose(down, strength * -1.0 / np.expm1(-x), rtol=1e-13)
    np.testing.assert_allclose(up / down, np.exp(-x), rtol=1e-12)
    np.testing.assert_allclose(qt.dynamics.occupation(omega, temperature), n, rtol=1e-13)


def test_the_zero_frequency_limit_of_an_ohmic_bath():
    down, up = qt.dynamics.thermal_rates(qt.Ohmic(0.4), 0.0, 1.5)
    np.testing.assert_allclose([down, up], 0.4 * 1.5, rtol=1e-12)


@pytest.mark.parametrize("name", BATHS)
def test_derivatives_by_temperature_gap_and_rate(name):
    rho = random_state(dimension(name))
    out = slopes(name)(AT, rho)
    for k in range(3):
        step = 1e-5 * np.eye(3)[k]  # truncation 1e-10 times third derivatives of order 10
        up, down = action(name)(AT + step, rho), action(name)(AT - step, rho)
        np.testing.assert_allclose(out[..., k], (up - down) / 2e-5, rtol=0, atol=1e-8)
    assert np.all(np.max(np.abs(np.asarray(out)), axis=(0, 1)) > 1e-3)


@pytest.mark.parametrize("temperature", [0.0, 1e-12, 1e-3])
@pytest.mark.parametrize("name", BATHS)
def test_cold_baths_are_safe(name, temperature):
    """At T = 0 and just above, values and slopes are finite and nothing is excited."""
    make, hamiltonian = BATHS[name]
    d = dimension(name)
    rho = random_state(d)
    cold = jnp.array([temperature, 1.1, 0.3])
    out, slope = action(name)(cold, rho), slopes(name)(cold, rho)
    assert np.all(np.isfinite(out))
    assert np.all(np.isfinite(slope))
    np.testing.assert_array_equal(slope[..., 0], 0.0)
    values, vectors = np.linalg.eigh(np.asarray(hamiltonian(1.1)))
    ground = jnp.asarray(np.outer(vectors[:, 0], vectors[:, 0].conj()))
    assert np.max(np.abs(action(name)(cold, ground))) < 1e-15
    assert np.trace(np.asarray(out) @ np.asarray(hamiltonian(1.1))).real < -1e-4


@pytest.mark.parametrize("name", BATHS)
def test_a_zero_rate_does_nothing_but_has_a_slope(name):
    rho = random_state(dimension(name))
    off = jnp.array([0.6, 1.1, 0.0])
    on = np.asarray(action(name)(AT, rho))
    zero, slope = np.asarray(action(name)(off, rho)), np.asarray(slopes(name)(off, rho))
    # linear in the rate, apart from the channel A(0) with its own rate
    np.testing.assert_allclose(zero + AT[2] * slope[..., 2], on, rtol=0, atol=1e-15)
    if "davies-2" not in name and "davies-4" not in name:
        np.testing.assert_array_equal(zero, 0.0)
    assert np.max(np.abs(slope[..., 2])) > 1e-3


def davies_by_hand(h, couplings, temperature, gamma, zero_frequency, rho):
    """The Davies dissipator from all pairs of eigenvectors, summed over equal Bohr frequencies."""
    values, vectors = np.linalg.eigh(np.asarray(h))
    frequencies = np.subtract.outer(values, values).T  # [m, n]: E_n - E_m
    out = np.zeros_like(np.asarray(rho))
    for coupling in couplings:
        block = vectors.conj().T @ coupling @ vectors
        for w in sorted({round(x, 6) for x in frequencies.ravel()}):
            jump = vectors @ (block * (np.abs(frequencies - w) < 1e-5)) @ vectors.conj().T
            n = 0.0 if w == 0.0 else 1.0 / np.expm1(abs(w) / temperature)
            rate = zero_frequency if w == 0.0 else gamma(abs(w)) * (n + 1.0 if w > 0.0 else n)
            square = jump.conj().T @ jump
            out = out + rate * (jump @ rho @ jump.conj().T - 0.5 * (square @ rho + rho @ square))
    return out


@pytest.mark.parametrize(
    ("h", "couplings"),
    [(H2, [np.asarray(SX), np.asarray(SZ)]), (H3, [A3]), (H4, [A4, A4 @ A4])],
    ids=["2", "3", "4-degenerate"],
)
@pytest.mark.parametrize("kind", ["davies", "adiabatic"])
def test_davies_generator_by_hand(h, couplings, kind):
    spectrum, temperature, zero = qt.Ohmic(0.3, 4.0), 0.7, 0.15
    rho = random_state(h.shape[0])
    stack = [jnp.asarray(a) for a in couplings]
    if kind == "davies":
        bath = qt.DaviesBath(h, stack, temperature, spectrum, zero_frequency=zero)
    else:
        grouping = qt.dynamics.bohr_transitions(h)
        bath = qt.AdiabaticBath(
            stack, temperature, spectrum, zero_frequency=zero, transitions=grouping
        )
    found = qt.dynamics.dissipative_parts(qt.OpenSystem(h, bath), 0.0, rho)[0]
    exact = davies_by_hand(
        h, couplings, temperature, lambda w: 0.3 * w * np.exp(-w / 4.0), zero, np.asarray(rho)
    )
    # rounded frequencies (1e-6) only select; energies are exact
    np.testing.assert_allclose(found, exact, rtol=0, atol=2e-6 * np.max(np.abs(exact)))


def test_transitions_of_a_degenerate_ladder():
    assert BOHR4.levels == (1, 2, 1)
    assert BOHR4.groups == (((0, 1), (1, 2)), ((0, 2),))
    # a hashable fact about the grouping: rounding must not show in it
    for seed in range(4):
        x = np.random.default_rng(seed).normal(size=(4, 4))
        u = np.linalg.qr(x)[0]
        assert qt.dynamics.bohr_transitions(u @ np.diag([0.0, 0.9, 0.9, 1.8]) @ u.T) == BOHR4
    assert BOHR3.levels == (1, 1, 1)
    assert BOHR3.groups == (((0, 1),), ((1, 2),), ((0, 2),))


def test_a_traced_hamiltonian_needs_transitions():
    def decay(scale, transitions):
        bath = qt.DaviesBath(scale * H3, A3, 0.7, qt.Flat(0.2), transitions=transitions)
        system = qt.OpenSystem(scale * H3, bath)
        return qt.dynamics.heat_currents(system, 0.0, qt.algebra.maximally_mixed(3))[0]

    with pytest.raises(
        ValueError,
        match=r"cannot be read off a traced Hamiltonian with d = 3; pass `transitions=qt",
    ):
        jax.jit(lambda s: decay(s, None))(1.0)
    traced = jax.jit(lambda s: decay(s, BOHR3))(1.0)
    np.testing.assert_allclose(traced, decay(1.0, None), rtol=1e-14)
    with pytest.raises(ValueError, match="describes 4 states, but the operators have d = 3"):
        decay(1.0, BOHR4)
    with pytest.raises(ValueError, match=r"moving Hamiltonian with d = 3"):
        qt.AdiabaticBath(A3, 0.7, qt.Flat(0.2))
    with pytest.raises(ValueError, match="is traced"):
        jax.jit(lambda s: jnp.zeros(len(qt.dynamics.bohr_transitions(s * H3).levels)))(1.0)


def test_slope_along_hamiltonians_that_keep_the_grouping():
    """d/dH at a degenerate H: along rotations and along the levels, which stay equal."""
    generator = 0.5 * A4

    def moved(e):
        """exp(-ieG) (H + e H^2) exp(ieG) to all orders: the same grouping at every e."""
        values = jnp.array([0.0, 0.9, 0.9, 1.8])
        vectors = jax.scipy.linalg.expm(-1j * e * generator) @ U4
        return (vectors * ((1.0 + 0.4 * e) * values)) @ vectors.conj().T

    def apply(e, rho):
        bath = qt.DaviesBath(
            moved(e), A4, 0.6, qt.Ohmic(0.3), zero_frequency=0.1, transitions=BOHR4
        )
        return qt.dynamics.dissipative_parts(qt.OpenSystem(moved(e), bath), 0.0, rho)[0]

    rho = random_state(4)
    compiled = jax.jit(apply)
    slope = jax.jit(lambda e: jax.jvp(lambda x: apply(x, rho), (e,), (1.0,))[1])(0.0)
    h = 1e-5
    differences = (compiled(h, rho) - compiled(-h, rho)) / (2 * h)
    assert np.max(np.abs(differences)) > 1e-2
    # truncation h^2 times third derivatives of order 100
    np.testing.assert_allclose(slope, differences, rtol=0, atol=1e-7)


def test_gibbs_defect_shows_a_local_bath_on_a_coupled_system():
    coupled = N + 0.3 * SX
    bath = qt.LocalBath(qt.destroy(2), 1.0, 0.7, qt.Flat(0.2))
    assert float(defect_of(bath, coupled)) > 1e-3
    with pytest.raises(ValueError, match="has no temperature"):
        defect_of(qt.Lindblad(SZ, 0.1), N)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: qt.LocalBath(qt.destroy(2), -1.0, 0.5, qt.Flat(0.1)), "`gap` must be >= 0"),
        (lambda: qt.LocalBath(qt.destroy(2), 1.0, -0.5, qt.Flat(0.1)), "`temperature` must be >="),
        (lambda: qt.Flat(-0.1), "`rate` must be >= 0"),
        (lambda: qt.Ohmic(0.1, 0.0), "`cutoff` must be > 0"),
        (
            lambda: qt.DaviesBath(H2, qt.destroy(2), 0.5, qt.Flat(0.1)),
            r"`couplings` must be H",
        ),
        (lambda: qt.DaviesBath(H2, A3, 0.5, qt.Flat(0.1)), r"`couplings` must be 2 x 2"),
        (lambda: qt.DaviesBath(H2, [], 0.5, qt.Flat(0.1)), "at least one operator"),
        (
            lambda: qt.DaviesBath(H2, SX, 0.5, qt.Flat(0.1), zero_frequency=-1.0),
            "`zero_frequency` must be >= 0",
        ),
        (lambda: qt.Lindblad([SX, SZ], [0.1]), "one rate for each of the 2 jump operators"),
        (lambda: qt.Lindblad(SX * np.nan, 0.1), "`operators` must be finite"),
        (lambda: qt.OpenSystem(N, qt.Lindblad(A3, 0.1)), r"`baths\[0\]` acts on d = 3"),
        (lambda: qt.OpenSystem(N, [SX]), r"`baths\[0\]` must be a dissipator"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("hamiltonian", [np.zeros((2, 2)), np.eye(2)])
def test_a_qubit_without_a_gap_has_no_transitions_but_its_zero_frequency(hamiltonian):
    """A(0) is the whole coupling, so that sigma_x is conserved: exp(-2 g t) for what it flips."""
    bath = qt.DaviesBath(hamiltonian, qt.sigmax(), 1.2, qt.Flat(0.3), zero_frequency=0.4)
    rho = jnp.array([[0.7, 0.1], [0.1, 0.3]]) + 0j
    state = qt.evolve(qt.OpenSystem(hamiltonian, bath), rho, jnp.array([0.0, 1.0])).state
    np.testing.assert_allclose(state[0, 0], 0.5 + 0.2 * np.exp(-0.8), atol=1e-9)
    np.testing.assert_allclose(state[0, 1], 0.1, atol=1e-9)
