"""The identities of docs/physics.md on random systems; what is exact algebra holds to rounding.

Hypothesis draws seeds, so that every function is compiled once per structure and not per example.
"""

import functools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from digits import mp_log, mp_matrix, mp_trace
from hypothesis import given, settings, strategies as st
from matrices import hermitian

import qtjax as qt

EPS = np.finfo(float).eps
# Energies whose degeneracies, of levels and of transitions, the random Hamiltonians share.
STRUCTURES = {
    "qubit": (0.0, 1.0),
    "double level": (0.0, 1.0, 1.0),
    "double ground level of four": (0.0, 0.0, 1.0, 2.7),
    "equidistant five": (0.0, 1.0, 2.0, 3.0, 4.0),
    "two triple levels": (0.0, 0.0, 0.0, 1.0, 1.0, 1.0),
}
KINDS = ("generic", "degenerate", "mixed", "near pure")
SEED = st.integers(0, 2**32 - 1)
KIND = st.sampled_from(KINDS)
EXPONENT = st.floats(1.0, 10.0)  # of the smallest eigenvalue of near-pure states


def examples(count=20, **draws):
    """Run a test on `count` draws, always the same."""
    limits = settings(max_examples=count, deadline=None, derandomize=True)
    return lambda test: limits(given(**draws)(test))


def rotated(rng, values, diagonal=0.0):
    """A Hermitian matrix with these eigenvalues; diagonal with this probability, else Haar's."""
    d = len(values)
    q, r = np.linalg.qr(rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d)))
    u = np.eye(d, dtype=complex) if rng.random() < diagonal else q * (np.diag(r) / abs(np.diag(r)))
    a = (u * np.asarray(values)) @ u.conj().T
    return (a + a.conj().T) / 2


def random_spectrum(rng, d, kind, exponent):
    """Eigenvalues of a state; the smallest of a near-pure one is 10**-exponent / d."""
    if kind == "mixed":
        return np.full(d, 1 / d)
    if kind == "near pure":
        small = 10.0 ** -rng.uniform(1.0, exponent, d - 1) / d
        small[0] = 10.0**-exponent / d
        return np.append(small, 1 - small.sum())
    p = rng.dirichlet(np.full(d, 4.0)) + 1e-2
    if kind == "degenerate":
        p[0] = p[-1]
    return p / p.sum()


def random_state(rng, d, kind, exponent):
    return rotated(rng, random_spectrum(rng, d, kind, exponent))


def logarithm(rho):
    p, v = np.linalg.eigh(rho)
    return (v * np.log(p)) @ v.conj().T


def entropy(rho):
    p = np.linalg.eigvalsh(rho)
    p = p[p > 0]
    return -np.sum(p * np.log(p))


def trace(a, b):
    return np.trace(np.asarray(a) @ np.asarray(b)).real


def norm(a):
    return np.linalg.norm(np.asarray(a), 2)


def in_numpy(function):
    """What a function returns, with NumPy arrays."""
    return lambda *arguments: jax.tree.map(np.asarray, function(*arguments))


@functools.cache
def open_books(structure):
    """All that is tested of one open system at one state, compiled once for a structure.

    The thermal system has two Davies baths, the general one a Davies bath and jumps with rates of
    either sign. Its gauges: A + 0.7i for its jump operators A, and its canonical form.
    """
    transitions = qt.dynamics.bohr_transitions(np.diag(STRUCTURES[structure]))

    def books(h, temperatures, couplings, operators, strengths, rho):
        d = h.shape[0]
        baths = [
            qt.DaviesBath(h, couplings[k], temperatures[k], qt.Flat(0.4), transitions=transitions)
            for k in (0, 1)
        ]
        thermal = qt.OpenSystem(h, baths)
        general = qt.OpenSystem(h, (baths[0], qt.Lindblad(operators, strengths)))
        shift = operators + 0.7j * jnp.eye(d)
        shifted = qt.OpenSystem(h, (baths[0], qt.Lindblad(shift, strengths)))
        form = qt.dynamics.canonical_generator(general)
        canonical = qt.OpenSystem(form.hamiltonian, qt.Lindblad(form.operators, form.rates))
        return {
            "thermal": qt.rates(thermal, 0.0, rho),
            "general": qt.rates(general, 0.0, rho),
            "gauges": [
                qt.thermodynamics.bath_rates(system, 0.0, rho) for system in (shifted, canonical)
            ],
            "parts": qt.dynamics.dissipative_parts(thermal, 0.0, rho),
            "unitary": qt.dynamics.unitary_part(general, 0.0, rho),
            "dissipative": qt.dynamics.dissipative_parts(general, 0.0, rho).sum(axis=0),
            "liouvillian": qt.dynamics.liouvillian(general),
            "form": form,
            "superoperator": form.superoperator(),
        }

    return in_numpy(jax.jit(books))


def open_case(structure, seed, kind, exponent):
    """A random system of a structure with a state: (H, temperatures, rho, smallest p, books)."""
    rng = np.random.default_rng(seed)
    h = rotated(rng, rng.uniform(0.3, 2.0) * np.array(STRUCTURES[structure]) - 0.4, 0.3)
    d = h.shape[0]
    temperatures = rng.uniform(0.3, 3.0, 2)
    couplings = np.stack([[hermitian(rng, d)] for _ in (0, 1)])
    operators = rng.normal(size=(2, d, d)) + 1j * rng.normal(size=(2, d, d))
    strengths = np.array([0.3, -0.1])
    spectrum = random_spectrum(rng, d, kind, exponent)
    rho = rotated(rng, spectrum, 0.3)
    books = open_books(structure)(h, temperatures, couplings, operators, strengths, rho)
    return h, temperatures, rho, spectrum.min(), books


@pytest.mark.parametrize("structure", STRUCTURES)
@examples(seed=SEED, kind=KIND, exponent=EXPONENT)
def test_the_entropy_rate_is_all_exterior(structure, seed, kind, exponent):
    """S' = d_eS + d_iS and d_iS = 0, eqs. (10)-(13), for rates of either sign too."""
    h, _, _, smallest, books = open_case(structure, seed, kind, exponent)
    logs = 1 + abs(np.log(smallest))
    size = norm(books["unitary"]) + norm(books["dissipative"])
    for name in ("thermal", "general"):
        rates = books[name]
        assert abs(rates.interior) <= 1e-12 * norm(h) * logs
        rest = rates.entropy_rate - rates.exterior - rates.interior
        assert abs(rest) <= 1e-12 * size * logs


@pytest.mark.parametrize("exponent", [1, 2, 4, 6, 8, 10])
@pytest.mark.parametrize("structure", ["qubit", "double level", "two triple levels"])
def test_the_entropy_rate_against_mpmath(structure, exponent):
    """Relative error about (1e-16 / l_min) / |ln l_min|: rounding of rho, and no more."""
    _, _, rho, _, books = open_case(structure, exponent, "near pure", exponent)
    rho_dot = books["unitary"] + books["dissipative"]
    with mpmath.workdps(50):
        log = mp_log(mp_matrix(rho))
        exact = float(-mp_trace(mp_matrix(rho_dot) * log))
    smallest = 10.0**-exponent / len(rho)
    bound = 1e-14 + 10 * EPS / smallest / abs(np.log(smallest))
    assert abs(books["general"].entropy_rate / exact - 1) <= bound


@pytest.mark.parametrize("structure", STRUCTURES)
@examples(seed=SEED, kind=KIND, exponent=EXPONENT)
def test_spohn_production_of_davies_baths(structure, seed, kind, exponent):
    """sigma = S' - sum Q'_k/T_k = -sum tr(D_k(rho)(ln rho - ln tau_k)) >= 0."""
    h, temperatures, rho, smallest, books = open_case(structure, seed, kind, exponent)
    sigma = float(books["thermal"].spohn_production)
    log = logarithm(rho)
    # ln tau_k = -H/T_k but for a multiple of 1, which tr D_k = 0 removes
    expected = -sum(
        trace(part, log + h / t) for part, t in zip(books["parts"], temperatures, strict=True)
    )
    # each of two diagonalizations knows ln p to eps/p
    rounding = 4 * EPS / smallest * max(norm(part) for part in books["parts"])
    assert abs(sigma - expected) <= 1e-10 + rounding
    assert sigma >= -1e-12


@pytest.mark.parametrize("structure", STRUCTURES)
@examples(10, seed=SEED)
def test_spohn_production_at_equilibrium(structure, seed):
    """Gibbs' state between two baths of its temperature: no currents, sigma = 0."""
    rng = np.random.default_rng(seed)
    h = rotated(rng, np.array(STRUCTURES[structure]))
    d = h.shape[0]
    temperature = rng.uniform(0.3, 3.0)
    p, v = np.linalg.eigh(h)
    tau = (v * np.exp(-p / temperature)) @ v.conj().T / np.sum(np.exp(-p / temperature))
    couplings = np.stack([[hermitian(rng, d)] for _ in (0, 1)])
    arguments = (np.zeros((2, d, d), complex), np.zeros(2), tau)
    books = open_books(structure)(h, np.full(2, temperature), couplings, *arguments)
    rates = books["thermal"]
    np.testing.assert_allclose(rates.heat_currents, 0, atol=1e-13)
    assert -1e-12 <= float(rates.spohn_production) <= 1e-12


@pytest.mark.parametrize("structure", STRUCTURES)
@examples(seed=SEED, kind=KIND, exponent=EXPONENT)
def test_canonical_form(structure, seed, kind, exponent):
    """Eqs. (7)-(9): the same generator; traceless, orthonormal operators."""
    h, *_, books = open_case(structure, seed, kind, exponent)
    form, generator = books["form"], np.asarray(books["liouvillian"])
    d = h.shape[0]
    difference = np.abs(books["superoperator"] - generator)
    assert np.max(difference) <= 1e-14 * d * np.max(np.abs(generator)) * d
    operators = np.asarray(form.operators)
    np.testing.assert_allclose(np.einsum("kii->k", operators), 0, atol=1e-14)
    overlaps = np.einsum("jab,kab->jk", operators.conj(), operators)
    np.testing.assert_allclose(overlaps, np.eye(d * d - 1), atol=1e-13)
    assert abs(np.trace(form.hamiltonian)) <= 1e-14 * norm(h) * d
    assert np.all(np.diff(form.rates) >= 0)


@pytest.mark.parametrize("structure", STRUCTURES)
@examples(seed=SEED, kind=KIND, exponent=EXPONENT)
def test_the_exterior_rate_does_not_depend_on_the_gauge(structure, seed, kind, exponent):
    """-tr(D(rho) ln rho) is the same for A, A + a and the canonical operators; heat is not."""
    h, _, _, smallest, books = open_case(structure, seed, kind, exponent)
    general = books["general"]
    size = norm(books["unitary"]) + norm(books["dissipative"])
    bound = 1e-12 * size * (1 + abs(np.log(smallest)))
    for gauge in books["gauges"]:
        assert abs(gauge.entropy_rate.sum() - general.exterior) <= bound
    if kind == "generic":  # [H, rho] != 0 but where both are diagonal by chance
        moved = books["gauges"][0].heat_current.sum() - general.heat_current
        assert abs(moved) > 1e-6 or norm(books["unitary"]) < 1e-12


DIMS = [(2, 2), (2, 3)]
TIMES = np.array([0.0, 0.3, 1.1, 2.0])


def state_of(system, t, rho):
    return rho


@functools.cache
def closed_books(dims):
    """The trajectory of a closed composite with its parts' rates and correlations."""

    def correlations(system, t, rho):
        parts = [qt.partial_trace(rho, dims, k) for k in range(2)]
        return {
            "information": qt.mutual_information(rho, dims),
            "total": qt.information.total_correlation(rho, dims),
            "S_C": qt.information.correlation_entropy(rho, dims),
            "divergence": qt.information.relative_entropy(rho, qt.tensor(*parts)),
        }

    def books(h_a, h_b, coupling, rho):
        system = qt.composite_system((h_a, h_b), coupling)
        save = {
            "state": state_of,
            "parts": qt.thermodynamics.part_rates,
            "correlations": correlations,
        }
        return qt.evolve(system, rho, TIMES, save=save)

    return in_numpy(jax.jit(books))


def closed_case(dims, seed, kind, exponent):
    rng = np.random.default_rng(seed)
    d = dims[0] * dims[1]
    energies = (0.0, 1.0), (0.0, 1.0, 1.0)[: dims[1]]
    h_a, h_b = (rotated(rng, rng.uniform(0.5, 2.0) * np.array(e)) for e in energies)
    rho = random_state(rng, d, kind, exponent)
    return closed_books(dims)(h_a, h_b, hermitian(rng, d), rho)


@pytest.mark.parametrize("dims", DIMS)
@examples(
    seed=SEED, kind=st.sampled_from(("generic", "degenerate", "near pure")), exponent=EXPONENT
)
def test_closed_composite(dims, seed, kind, exponent):
    """S_AB is constant, S_C = -I = -D(rho||rho_A x rho_B), and eqs. (16), (18) hold."""
    solution = closed_case(dims, seed, kind, exponent)
    assert bool(solution.result == qt.RESULTS.successful)
    np.testing.assert_allclose(solution.ledger.entropy, solution.ledger.entropy[0], atol=1e-11)
    states, found = np.asarray(solution.saved["state"]), solution.saved["correlations"]
    shape = (len(states), *dims, *dims)
    parts = [np.einsum(s, states.reshape(shape)) for s in ("tabcb->tac", "tabac->tbc")]
    information = [
        entropy(a) + entropy(b) - entropy(ab) for a, b, ab in zip(*parts, states, strict=True)
    ]
    for name, sign in (("information", 1), ("total", 1), ("divergence", 1), ("S_C", -1)):
        np.testing.assert_allclose(sign * found[name], information, rtol=0, atol=1e-10)
    rates = solution.saved["parts"]
    np.testing.assert_allclose(rates.correlation_entropy, -np.array(information), atol=1e-10)
    balance = {"rtol": 0, "atol": 1e-10}
    np.testing.assert_allclose(rates.correlation_rate, -rates.entropy_rate.sum(1), **balance)
    np.testing.assert_allclose(rates.clausius_balance, rates.correlation_rate, **balance)
    np.testing.assert_allclose(rates.heat_current.sum(1), -rates.interaction_rate, **balance)
    assert np.max(np.abs(rates.interaction_rate)) > 1e-3


@pytest.mark.parametrize("dims", DIMS)
def test_entropy_rates_of_parts_against_differences(dims):
    """S_i' and dS_C/dt are the slopes of the entropies along the flow."""
    rng = np.random.default_rng(11)
    d = dims[0] * dims[1]
    h_a, h_b = (rotated(rng, np.arange(n, dtype=float)) for n in dims)
    coupling, rho = hermitian(rng, d), random_state(rng, d, "generic", 1.0)
    rates = jax.tree.map(lambda x: x[0], closed_books(dims)(h_a, h_b, coupling, rho).saved["parts"])
    h = np.kron(h_a, np.eye(dims[1])) + np.kron(np.eye(dims[0]), h_b) + coupling
    energies, v = np.linalg.eigh(h)

    def entropies(t):
        u = (v * np.exp(-1j * energies * t)) @ v.conj().T
        state = (u @ rho @ u.conj().T).reshape(*dims, *dims)
        return np.array([entropy(np.einsum(s, state)) for s in ("abcb->ac", "abac->bc")])

    step = 1e-3  # fourth order: step^4 = 1e-12 times derivatives of order ||H||^5
    near, far = (entropies(k * step) - entropies(-k * step) for k in (1, 2))
    slopes = (8 * near - far) / (12 * step)
    np.testing.assert_allclose(rates.entropy_rate, slopes, atol=1e-8)
    np.testing.assert_allclose(rates.correlation_rate, -slopes.sum(), atol=1e-8)


@pytest.mark.parametrize("exponent", [4, 6, 8, 10])
def test_correlation_of_parts_that_are_nearly_pure(exponent):
    """Rare joint excitations, as of cold coupled spins: I = h(p), far from zero beside p."""
    p = 10.0**-exponent
    rho = np.diag([1 - 3 * p, p, p, p])
    p_a = 2 * p
    information = 2 * -(p_a * np.log(p_a) + (1 - p_a) * np.log1p(-p_a))
    information += 3 * p * np.log(p) + (1 - 3 * p) * np.log1p(-3 * p)
    assert float(qt.information.total_correlation(rho, (2, 2))) == pytest.approx(
        information, abs=1e-10
    )


@functools.cache
def strokes(d):
    """A driven closed stroke and a driven open one with their ledgers, compiled once."""

    def hamiltonian(h0, h1):
        return qt.Driven([(1.0, h0), (lambda t: jnp.sin(1.3 * t) + 0.5 * t, h1)])

    def unitary(h0, h1, rho):
        return qt.evolve(qt.OpenSystem(hamiltonian(h0, h1)), rho, TIMES)

    def dissipative(h0, h1, couplings, temperatures, rho):
        transitions = qt.dynamics.bohr_transitions(np.diag(np.arange(d) ** 1.5))
        baths = [
            qt.DaviesBath(h0, coupling, t, qt.Ohmic(0.2), transitions=transitions)
            for coupling, t in zip(couplings, temperatures, strict=True)
        ]
        system = qt.OpenSystem(hamiltonian(h0, h1), (*baths, qt.Lindblad(h1, 0.1)))
        return qt.evolve(system, rho, TIMES)

    return in_numpy(jax.jit(unitary)), in_numpy(jax.jit(dissipative))


@pytest.mark.parametrize("d", [6])
@examples(10, seed=SEED, kind=KIND, exponent=EXPONENT)
def test_a_unitary_stroke_keeps_the_entropy(d, seed, kind, exponent):
    rng = np.random.default_rng(seed)
    h0, h1, rho = hermitian(rng, d), hermitian(rng, d), random_state(rng, d, kind, exponent)
    solution = strokes(d)[0](h0, h1, rho)
    ledger = solution.ledger
    assert solution.method == "unitary"
    assert bool(solution.result == qt.RESULTS.successful)
    assert np.max(np.abs(ledger.entropy - ledger.entropy[0])) <= 1e-12
    assert np.max(np.abs(ledger.first_law_residual)) <= 1e-9
    assert kind == "mixed" or np.ptp(ledger.work) > 1e-4


@pytest.mark.parametrize("d", [3])
@examples(8, seed=SEED, kind=KIND, exponent=EXPONENT)
def test_first_law_along_a_driven_open_trajectory(d, seed, kind, exponent):
    """Delta U = Q + W with heats and work integrated beside the state."""
    rng = np.random.default_rng(seed)
    h0, h1 = rotated(rng, np.arange(d) ** 1.5), hermitian(rng, d)
    couplings, temperatures = [hermitian(rng, d) for _ in (0, 1)], rng.uniform(0.2, 2.0, 2)
    solution = strokes(d)[1](h0, h1, couplings, temperatures, random_state(rng, d, kind, exponent))
    ledger = solution.ledger
    assert solution.method == "taylor"
    assert bool(solution.result == qt.RESULTS.successful)
    assert np.max(np.abs(ledger.first_law_residual)) <= 1e-9
    assert np.max(np.abs(ledger.trace_drift)) <= 1e-12
    assert np.min(ledger.smallest_eigenvalue) > -1e-12
    assert np.ptp(ledger.heat, axis=0).max() > 1e-4


@in_numpy
@jax.jit
def otto(gaps, tilts, temperatures, rate, durations):
    """The limit cycle of a qubit whose axis turns where the tilts differ (friction)."""
    cold, hot = (g * qt.number(2) + x * qt.sigmax() for g, x in zip(gaps, tilts, strict=True))
    cycle = qt.otto_cycle(
        cold,
        hot,
        couplings=(qt.sigmax(), qt.sigmaz()),
        temperatures=temperatures,
        rate=rate,
        durations=durations,
    )
    solution = qt.limit_cycle(cycle, steps=16)
    names = (
        "heat_hot", "heat_cold", "work", "efficiency", "carnot_efficiency", "mean_temperatures",
        "spohn_production", "temperature_identity_residual", "regime_code", "entropies",
        "entropy_hot", "entropy_cold", "limit_cycle_residual", "first_law_residual", "result",
    )  # fmt: skip
    return {name: getattr(solution, name) for name in names}


@pytest.mark.parametrize("friction", [False, True])
@examples(seed=SEED)
def test_qubit_otto_cycles(friction, seed):
    """Q_h + Q_c + W = 0, Delta S = 0 and T3, with its bounds."""
    rng = np.random.default_rng(seed)
    w_cold, t_cold = rng.uniform(0.5, 1.5), rng.uniform(0.2, 1.0)
    ratio = rng.uniform(1.2, 3.0)
    t_hot = t_cold * ratio * rng.uniform(2.0, 4.0)  # an engine: T_h/T_c > w_h/w_c
    tilts = rng.uniform(-0.05, 0.05, 2) if friction else np.zeros(2)
    durations, rate = rng.uniform(0.2, 1.0, 4) * (4, 1, 4, 1), rng.uniform(0.1, 1.0)
    gaps, temperatures = np.array([w_cold, ratio * w_cold]), np.array([t_cold, t_hot])
    found = otto(gaps, tilts, temperatures, rate, durations)
    assert bool(found["result"] == qt.RESULTS.successful)
    q_hot, q_cold, work = (float(found[name]) for name in ("heat_hot", "heat_cold", "work"))
    assert abs(q_hot + q_cold + work) <= 1e-9
    assert abs(found["first_law_residual"]) <= 1e-9
    assert abs(found["entropies"][-1] - found["entropies"][0]) <= 1e-10
    assert found["limit_cycle_residual"] <= 1e-12
    assert int(found["regime_code"]) == 0
    assert abs(found["temperature_identity_residual"]) <= 1e-9
    production, eta = float(found["spohn_production"]), float(found["efficiency"])
    # the work strokes are isentropic, so the entropies of the isochores cancel
    assert abs(found["entropy_hot"] + found["entropy_cold"]) <= 1e-11
    assert eta == pytest.approx(found["carnot_efficiency"] - t_cold * production / q_hot, abs=1e-9)
    assert production > 0
    mean_cold, mean_hot = (float(t) for t in found["mean_temperatures"])
    assert mean_hot < t_hot
    assert mean_cold > t_cold
    assert eta == pytest.approx(1 - mean_cold / mean_hot, abs=1e-9)
    if not friction:
        assert eta == pytest.approx(1 - 1 / ratio, abs=1e-9)


RESERVOIRS = {"one": ((2, 3), (1,)), "two": ((2, 2, 2), (0, 2))}


@jax.jit
def composite_trajectory(hamiltonians, coupling, rho):
    system = qt.composite_system(hamiltonians, coupling)
    return system, qt.evolve(system, rho, TIMES)


@pytest.mark.parametrize("name", RESERVOIRS)
@examples(seed=SEED, kind=KIND, exponent=EXPONENT)
def test_finite_reservoirs(name, seed, kind, exponent):
    """A4: production = D(rho||rho_A x tau) = correlation + sum D(rho_r||tau_r) >= 0."""
    dims, chosen = RESERVOIRS[name]
    rng = np.random.default_rng(seed)
    hamiltonians = [rotated(rng, (0.0, 1.0, 1.0)[:d]) for d in dims]
    temperatures = tuple(rng.uniform(0.4, 2.0, len(chosen)))
    gibbs = dict(zip(chosen, temperatures, strict=True))
    states = []
    for k, h in enumerate(hamiltonians):
        e, v = np.linalg.eigh(h)
        p = np.exp(-e / gibbs.get(k, 1.0))
        tau = (v * p / p.sum()) @ v.conj().T
        states.append(tau if k in chosen else random_state(rng, dims[k], kind, exponent))
    rho = functools.reduce(np.kron, states)
    coupling = 0.5 * hermitian(rng, len(rho))
    system, solution = composite_trajectory(hamiltonians, coupling, rho)
    found = qt.finite_reservoirs(system, solution, chosen, temperatures)
    assert float(found.initial_defect) <= 1e-13
    bound = {"rtol": 0, "atol": 1e-10}
    np.testing.assert_allclose(found.production, found.divergence, **bound)
    total = found.correlation + found.reservoir_divergence.sum(1)
    np.testing.assert_allclose(found.production, total, **bound)
    np.testing.assert_allclose(found.entropy_change, found.production - found.flux, **bound)
    exchanged = found.interaction_energy - found.interaction_energy[0]
    np.testing.assert_allclose(found.bare_heat - found.heat.sum(1), -exchanged, **bound)
    assert np.min(found.production) >= -1e-12
    assert np.max(found.production) > 1e-3


NEAR = jax.jit(lambda rho, sigma: qt.information.relative_entropy(rho, sigma))


@pytest.mark.parametrize("commuting", [True, False])
@pytest.mark.parametrize("structure", STRUCTURES)
@examples(4, seed=SEED)
def test_relative_entropy_near_equilibrium(structure, commuting, seed):
    """D(tau + eps X||tau) of about 1e-17 to a part in 1e6, for X along H and across it."""
    rng = np.random.default_rng(seed)
    energies = np.array(STRUCTURES[structure])
    h = rotated(rng, energies)
    d, temperature = len(energies), rng.uniform(1.0, 3.0) * max(energies)
    e, v = np.linalg.eigh(h)
    p = np.exp(-e / temperature)
    p /= p.sum()
    tau = (v * p) @ v.conj().T
    x = (v * rng.normal(size=d)) @ v.conj().T if commuting else hermitian(rng, d)
    x -= np.trace(x) / d * np.eye(d)
    curvature = np.abs(v.conj().T @ x @ v) ** 2 / (p[:, None] + p[None, :])
    rho = tau + np.sqrt(1e-17 / np.sum(curvature)) * x
    with mpmath.workdps(50):
        r, s = mp_matrix(rho), mp_matrix(tau)
        exact = float(mp_trace(r * (mp_log(r) - mp_log(s)) - r + s))
    assert 0.5e-17 < exact < 2e-17
    assert float(NEAR(rho, tau)) == pytest.approx(exact, rel=1e-6)
