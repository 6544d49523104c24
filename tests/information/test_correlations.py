"""Correlations against QuTiP and closed forms, with their derivatives."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip

import qtjax as qt

QUBITS, UNEQUAL, THREE = (2, 2), (2, 3), (2, 2, 2)


def pure(*amplitudes):
    """|v><v| / <v|v>, by NumPy."""
    v = np.asarray(amplitudes, complex)
    return np.outer(v, v.conj()) / np.linalg.norm(v) ** 2


BELL = pure(1, 0, 0, 1)
PURE_PRODUCT = np.kron(pure(0.6, 0.8j), pure(1, 2))
MIXED = np.eye(4) / 4 + 0j
CONCURRENCE = jax.jit(qt.information.concurrence)
NEGATIVITY = jax.jit(qt.information.negativity, static_argnums=(1, 2))
CORRELATION = jax.jit(qt.information.total_correlation, static_argnums=1)
MUTUAL = jax.jit(qt.mutual_information, static_argnums=(1, 2, 3))


def random_state(dims, seed=0, rank=None):
    d = int(np.prod(dims))
    g = np.random.default_rng(seed).normal(size=(d, rank or d, 2)) @ np.array([1.0, 1.0j])
    return g @ g.conj().T / np.linalg.norm(g) ** 2


def qobj(rho, dims):
    return qutip.Qobj(np.asarray(rho), dims=[list(dims)] * 2)


def werner(p):
    """p |singlet><singlet| + (1 - p)/4."""
    singlet = pure(0, 1, -1, 0)
    return p * singlet + (1 - p) * MIXED


def direction(d, seed):
    """A random Hermitian traceless direction."""
    x = random_state((d,), seed) - random_state((d,), seed + 1)
    return x / np.linalg.norm(x)


@pytest.mark.parametrize(("rank", "tolerance"), [(2, 5e-8), (3, 5e-8), (4, 1e-13)])
def test_concurrence_is_qutips(rank, tolerance):
    """QuTiP's own error is the root of the rounding of an eigenvalue that should vanish."""
    for seed in range(3):
        rho = 0.6 * BELL + 0.4 * random_state(QUBITS, seed, rank - 1)
        peer = qutip.concurrence(qobj(rho, QUBITS))
        assert peer > 1e-2
        assert float(CONCURRENCE(rho)) == pytest.approx(peer, abs=tolerance)


def test_concurrence_of_pure_states():
    """2 |ad - bc|."""
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(4, 2)) @ np.array([1.0, 1j])
        expected = 2 * abs(x[0] * x[3] - x[1] * x[2]) / np.linalg.norm(x) ** 2
        assert float(CONCURRENCE(pure(*x))) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(("dims", "site"), [(QUBITS, 0), (UNEQUAL, 0), (UNEQUAL, 1), (THREE, 1)])
def test_negativity_is_qutips(dims, site):
    for seed in range(2):
        rho = random_state(dims, seed, 2)
        peer = qutip.negativity(qobj(rho, dims), site)
        assert peer > 1e-3
        assert float(NEGATIVITY(rho, dims, site)) == pytest.approx(peer, abs=1e-14)


def test_negativity_does_not_care_which_side_is_transposed():
    rho = random_state(THREE, 3, 2)
    sides = float(NEGATIVITY(rho, THREE, (0, 2))), float(NEGATIVITY(rho, THREE, 1))
    assert sides[0] == pytest.approx(sides[1], abs=1e-14)


@pytest.mark.parametrize("sites", [0, 1, (0, 2), (0, 1, 2), ()])
def test_partial_transpose_is_qutips(sites):
    dims = (2, 3, 2)
    rho = random_state(dims)
    chosen = (sites,) if isinstance(sites, int) else sites
    peer = qutip.partial_transpose(qobj(rho, dims), [int(k in chosen) for k in range(3)])
    np.testing.assert_allclose(
        qt.algebra.partial_transpose(rho, dims, sites), peer.full(), atol=1e-16
    )


def test_mutual_information_is_qutips():
    rho = random_state(UNEQUAL)
    peer = qutip.entropy_mutual(qobj(rho, UNEQUAL), 0, 1)
    assert float(MUTUAL(rho, UNEQUAL, 0, None)) == pytest.approx(peer, abs=1e-13)
    total, minus = jax.jit(
        lambda r: (
            qt.information.total_correlation(r, UNEQUAL),
            qt.information.correlation_entropy(r, UNEQUAL),
        )
    )(rho)
    assert float(total) == pytest.approx(peer, abs=1e-13)
    assert float(minus) == -float(total)


@pytest.mark.parametrize(("first", "second"), [(0, 1), (2, None), ((0, 2), 1), (1, (2, 0))])
def test_mutual_information_of_three_parts_is_qutips(first, second):
    dims = (2, 3, 2)
    rho = random_state(dims)
    rest = [k for k in range(3) if k not in np.atleast_1d(first)] if second is None else second
    groups = [sorted(np.atleast_1d(g).tolist()) for g in (first, rest)]
    whole = qobj(rho, dims).ptrace(sorted(groups[0] + groups[1]))
    parts = [qutip.entropy_vn(qobj(rho, dims).ptrace(g)) for g in groups]
    expected = sum(parts) - qutip.entropy_vn(whole)
    assert float(MUTUAL(rho, dims, first, second)) == pytest.approx(expected, abs=1e-13)


def test_bell_state():
    assert float(CONCURRENCE(BELL)) == pytest.approx(1.0, abs=1e-14)
    assert float(NEGATIVITY(BELL, QUBITS, 0)) == pytest.approx(0.5, abs=1e-15)
    assert float(MUTUAL(BELL, QUBITS, 0, None)) == pytest.approx(2 * np.log(2), abs=1e-14)


@pytest.mark.parametrize("p", [0.0, 0.2, 1 / 3, 0.4, 0.8, 1.0])
def test_werner_states(p):
    """Eigenvalues (1 - p)/4 three times and (1 + 3p)/4; separable up to p = 1/3."""
    rho = werner(p)
    assert float(CONCURRENCE(rho)) == pytest.approx(max(0, (3 * p - 1) / 2), abs=1e-14)
    assert float(NEGATIVITY(rho, QUBITS, 1)) == pytest.approx(max(0, (3 * p - 1) / 4), abs=1e-15)
    weights = np.array([(1 + 3 * p) / 4] + [(1 - p) / 4] * 3)
    weights = weights[weights > 0]
    expected = 2 * np.log(2) + np.sum(weights * np.log(weights))
    assert float(CORRELATION(rho, QUBITS)) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("kind", ["pure", "mixed"])
def test_product_states_have_none(kind):
    rho = np.kron(random_state((2,), 1), random_state((2,), 2))
    rho = PURE_PRODUCT if kind == "pure" else rho
    assert float(CONCURRENCE(rho)) == pytest.approx(0.0, abs=1e-14)
    assert float(NEGATIVITY(rho, QUBITS, 0)) == pytest.approx(0.0, abs=1e-15)
    assert float(CORRELATION(rho, QUBITS)) == pytest.approx(0.0, abs=1e-15)


def test_weak_correlations_keep_their_accuracy():
    """I = |c|^2/2 for (1 + c Z x Z)/4, where entropies would cancel to nothing."""
    zz = np.diag([1.0, -1.0, -1.0, 1.0])
    rho = MIXED + 1e-8 / 4 * zz
    assert float(CORRELATION(rho, QUBITS)) == pytest.approx(0.5e-16, rel=1e-7)


def test_three_parts():
    """GHZ: S_i = ln 2 each; a pair is correlated like a classical coin."""
    ghz = pure(*(np.eye(8)[0] + np.eye(8)[7]))
    log = np.log(2)
    assert float(CORRELATION(ghz, THREE)) == pytest.approx(3 * log, abs=1e-14)
    assert float(MUTUAL(ghz, THREE, 0, None)) == pytest.approx(2 * log, abs=1e-14)
    assert float(MUTUAL(ghz, THREE, 0, 2)) == pytest.approx(log, abs=1e-14)
    assert float(NEGATIVITY(ghz, THREE, 0)) == pytest.approx(0.5, abs=1e-15)
    pair = qt.partial_trace(ghz, THREE, (0, 1))
    assert float(NEGATIVITY(pair, QUBITS, 0)) == pytest.approx(0.0, abs=1e-15)


def test_chain_rule_of_the_total_correlation():
    rho = random_state(THREE)
    pair = qt.partial_trace(rho, THREE, (0, 1))
    steps = float(CORRELATION(pair, QUBITS) + MUTUAL(rho, THREE, (0, 1), 2))
    assert float(CORRELATION(rho, THREE)) == pytest.approx(steps, abs=1e-14)


@functools.cache
def along(dims):
    """(rho, X) -> x -> total correlation of rho + x X: value, slope and curvature at x."""

    def value(x, rho, change):
        return qt.information.total_correlation(rho + x * change, dims)

    return jax.jit(value), jax.jit(jax.grad(value)), jax.jit(jax.grad(jax.grad(value)))


def test_derivatives_of_the_total_correlation():
    rho, change = 0.5 * random_state(THREE) + 0.5 * np.eye(8) / 8, direction(8, 5)
    value, slope, curvature = along(THREE)
    h = 1e-4  # five points: truncation h^4/30 times a fifth derivative below 1e6
    points = [float(value(k * h, rho, change)) for k in (-2, -1, 1, 2)]
    difference = (points[0] - 8 * points[1] + 8 * points[2] - points[3]) / (12 * h)
    assert abs(difference) > 0.01
    assert float(slope(0.0, rho, change)) == pytest.approx(difference, abs=1e-10)
    slopes = [float(slope(k * h, rho, change)) for k in (-2, -1, 1, 2)]
    difference = (slopes[0] - 8 * slopes[1] + 8 * slopes[2] - slopes[3]) / (12 * h)
    assert float(curvature(0.0, rho, change)) == pytest.approx(difference, rel=1e-8)


def test_the_maximally_mixed_state_is_a_minimum():
    """Curvature tr(X^2) d minus those of the parts; X = Z x Z / 2 has none there: 4."""
    _, slope, curvature = along(QUBITS)
    change = np.diag([0.5, -0.5, -0.5, 0.5]) + 0j
    assert float(slope(0.0, MIXED, change)) == pytest.approx(0.0, abs=1e-15)
    assert float(curvature(0.0, MIXED, change)) == pytest.approx(4.0, rel=1e-12)


GRADIENTS = {
    "correlation": jax.jit(jax.grad(lambda rho: qt.information.total_correlation(rho, QUBITS))),
    "concurrence": jax.jit(jax.grad(qt.information.concurrence)),
    "negativity": jax.jit(jax.grad(lambda rho: qt.information.negativity(rho, QUBITS))),
}


@pytest.mark.parametrize("rho", [BELL, PURE_PRODUCT, MIXED])
@pytest.mark.parametrize("quantity", GRADIENTS)
def test_gradients_are_finite_at_pure_and_at_degenerate_states(quantity, rho):
    assert np.all(np.isfinite(GRADIENTS[quantity](rho)))


def test_slopes_at_a_pure_entangled_state():
    """cos(x)|00> + sin(x)|11>: C = sin 2x, N = sin(2x)/2, I = 2 h(cos^2 x)."""

    def state(x):
        return qt.pure_state(jnp.cos(x) * jnp.eye(4)[0] + jnp.sin(x) * jnp.eye(4)[3])

    x = 0.4
    odds = -2 * np.log(np.tan(x))
    for quantity, expected in (
        (lambda rho: qt.information.total_correlation(rho, QUBITS), 2 * np.sin(2 * x) * odds),
        (qt.information.concurrence, 2 * np.cos(2 * x)),
        (lambda rho: qt.information.negativity(rho, QUBITS), np.cos(2 * x)),
    ):
        slope = jax.jit(jax.grad(lambda y, f=quantity: f(state(y))))(x)
        assert float(slope) == pytest.approx(expected, abs=1e-6)


def test_slopes_of_werner_states():
    """3/2 and 3/4 although three eigenvalues are equal; 0 where separable."""
    for quantity, expected in (
        (qt.information.concurrence, 1.5),
        (lambda rho: qt.information.negativity(rho, QUBITS), 0.75),
    ):
        slope = jax.jit(jax.grad(lambda p, f=quantity: f(werner(p))))
        assert float(slope(0.7)) == pytest.approx(expected, abs=1e-13)
        assert float(slope(0.2)) == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda rho: qt.information.total_correlation(rho, (2, 3)),
            r"`dims` \(2, 3\) multiply to 6",
        ),
        (lambda rho: qt.information.correlation_entropy(rho, (2,)), r"`dims` \(2,\) multiply to 2"),
        (
            lambda rho: qt.information.negativity(rho, (2, 2), 2),
            "`sites` must be distinct parts between 0 and",
        ),
        (
            lambda rho: qt.algebra.partial_transpose(rho, (4, 2), 0),
            r"`dims` \(4, 2\) multiply to 8",
        ),
        (lambda rho: qt.mutual_information(rho, (2, 2), 0, 2), "must be distinct parts between 0"),
        (lambda rho: qt.mutual_information(rho, (2, 2), 0, 0), "must be distinct parts between 0"),
        (lambda rho: qt.information.concurrence(rho[:2, :2]), "`rho` must be 4 x 4"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call(MIXED)
