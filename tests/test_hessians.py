"""Second derivatives at the states where thermodynamics starts, against 60-digit differences.

Every quantity is a function of real parameters z of its arguments, rho(z) = rho_0 + sum_k z_k P_k
and so on, and is differentiated twice at z = 0.
"""

import functools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from digits import mp_log, mp_matrix, mp_trace
from matrices import hermitian

import qtjax as qt

STEP = 1e-15  # of 60-digit central differences: truncation 1e-30 / l_min^2, rounding 1e-30
LEVELS = (0.0, 1.0, 1.0)  # a degenerate Hamiltonian
SMALLEST = 1e-6  # eigenvalue of the near-pure states


def rotated(values, seed):
    """A Hermitian matrix with these eigenvalues in a random basis; diagonal for seed `None`."""
    values = np.asarray(values, complex)
    if seed is None:
        return np.diag(values)
    _, v = np.linalg.eigh(hermitian(seed, len(values)))
    a = (v * values) @ v.conj().T
    return (a + a.conj().T) / 2


def gibbs(energies, temperature, seed):
    p = np.exp(-np.asarray(energies) / temperature)
    return rotated(p / p.sum(), seed)


STATES = {
    "generic": rotated((0.1, 0.3, 0.6), 1),
    "mixed": rotated((1 / 3, 1 / 3, 1 / 3), None),
    "double": rotated((0.25, 0.25, 0.5), 2),
    "gibbs": gibbs(LEVELS, 0.7, None),
    "rotated gibbs": gibbs(LEVELS, 0.7, 3),
    "near pure": rotated((SMALLEST, 0.01, 0.99 - SMALLEST), 4),
}
PAIRS = {
    "generic": rotated((0.1, 0.2, 0.3, 0.4), 1),
    "mixed": rotated((0.25,) * 4, None),
    "double": rotated((0.15, 0.15, 0.3, 0.4), 2),
    "gibbs": gibbs((0.0, 1.0, 1.0, 2.0), 0.7, None),
    "coupled gibbs": gibbs((0.0, 0.0, 1.0, 1.0), 0.5, 3),
    "near pure": rotated((SMALLEST, 0.01, 0.02, 0.97 - SMALLEST), 4),
}
H = rotated(LEVELS, 3)  # whose Gibbs state "rotated gibbs" is
X = np.stack([hermitian(seed, 3, traceless=True) for seed in (11, 12)])
X4 = np.stack([hermitian(seed, 4, traceless=True) for seed in (13, 14)])
LOWERING = np.array([[0, 0.8, 0.5 - 0.3j], [0, 0, 0], [0, 0, 0]])  # takes out the energy 1
# exp(z TURN) = 1 + sin(z) TURN - (1 - cos(z)) PLANE, a rotation that mixes the levels of H
PLANE, TURN = np.diag([1.0, 1.0, 0.0]), np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0] * 3])


def moved(a, z, directions):
    return a + jnp.tensordot(z, directions, 1)


# The quantities: z, then the arrays of one case.


def entropy(z, rho):
    return qt.entropy(moved(rho, z, X))


def relative_entropy(z, rho, sigma):
    return qt.information.relative_entropy(moved(rho, z[:2], X), moved(sigma, z[2:], X))


def total_correlation(z, rho):
    return qt.information.total_correlation(moved(rho, z, X4), (2, 2))


def coherence(z, rho):
    """z_2 turns H: the dephasing moves, too."""
    u = jnp.eye(3) + jnp.sin(z[2]) * TURN - (1 - jnp.cos(z[2])) * PLANE
    return qt.information.coherence(moved(rho, z[:2], X), u @ H @ u.T, (1, 2))


def beta(z, rho):
    """z_2 is added to the temperature 0.5 of the bath."""
    bath = qt.LocalBath(LOWERING, 1.0, 0.5 + z[2], qt.Flat(0.3))
    rates = qt.rates(qt.OpenSystem(np.diag(LEVELS), bath), 0.0, moved(rho, z[:2], X))
    return qt.generalized_temperature(rates).beta


def ergotropy(z, rho, h):
    return qt.ergotropy(moved(rho, z[:2], X), moved(h, z[2:], X))


def ergotropy_by_state(z, rho, h):
    return qt.ergotropy(moved(rho, z, X), h)


def ergotropy_by_hamiltonian(z, rho, h):
    return qt.ergotropy(rho, moved(h, z, X))


# The same in mpmath.


def mp_moved(a, z, directions):
    return sum((zk * mp_matrix(p) for zk, p in zip(z, directions, strict=True)), mp_matrix(a))


def mp_entropy_of(rho):
    return -sum(p * mpmath.log(p) for p in mpmath.eighe(rho, eigvals_only=True))


def mp_entropy(z, rho):
    return mp_entropy_of(mp_moved(rho, z, X))


def mp_relative_entropy(z, rho, sigma):
    rho, sigma = mp_moved(rho, z[:2], X), mp_moved(sigma, z[2:], X)
    return mp_trace(rho * (mp_log(rho) - mp_log(sigma)) - rho + sigma)


def mp_total_correlation(z, rho):
    rho = mp_moved(rho, z, X4)
    first = [[rho[2 * i, 2 * j] + rho[2 * i + 1, 2 * j + 1] for j in (0, 1)] for i in (0, 1)]
    second = [[rho[i, j] + rho[i + 2, j + 2] for j in (0, 1)] for i in (0, 1)]
    parts = [mpmath.matrix(part) for part in (first, second)]
    return sum(mp_entropy_of(part) for part in parts) - mp_entropy_of(rho)


def mp_coherence(z, rho):
    """S(P rho P + Q rho Q) - S(rho), P the ground level of the turned H."""
    rho = mp_moved(rho, z[:2], X)
    _, v = mpmath.eighe(mp_matrix(H))
    turn = mpmath.matrix(TURN.tolist())
    v = mpmath.expm(z[2] * turn) * v
    ground = v[:, 0] * v[:, 0].H
    rest = mpmath.eye(3) - ground
    return mp_entropy_of(ground * rho * ground + rest * rho * rest) - mp_entropy_of(rho)


def mp_beta(z, rho):
    """-tr(D(rho) ln rho) / tr(D(rho) H) of one transition of frequency 1."""
    rho, x = mp_moved(rho, z[:2], X), 1 / (mpmath.mpf(0.5) + z[2])
    lowering = mpmath.matrix(LOWERING.tolist())
    d = mpmath.zeros(3)
    rates = -1 / mpmath.expm1(-x), 1 / mpmath.expm1(x)
    for rate, jump in zip(rates, (lowering, lowering.H), strict=True):
        loss = jump.H * jump
        d += mpmath.mpf(0.3) * rate * (jump * rho * jump.H - (loss * rho + rho * loss) / 2)
    return -mp_trace(d * mp_log(rho)) / mp_trace(d * mpmath.diag(LEVELS))


def mp_degenerate(a):
    """The matrix with eigenvalues made equal that differ by its rounding only (a kink of 1e-16)."""
    lam, v = mpmath.eighe(mp_matrix(a))
    for k in range(1, len(lam)):
        if lam[k] - lam[k - 1] < 1e-14:
            lam[k] = lam[k - 1]
    return v * mpmath.diag(lam) * v.H


def mp_ergotropy(z, rho, h):
    zero = np.zeros((3, 3))
    rho = mp_degenerate(rho) + mp_moved(zero, z[:2], X)
    h = mp_degenerate(h) + mp_moved(zero, z[2:], X)
    p, e = (sorted(mpmath.eighe(a, eigvals_only=True)) for a in (rho, h))
    return mp_trace(rho * h) - sum(x * y for x, y in zip(p[::-1], e, strict=True))


def mp_hessian(g, n):
    """The Hessian of g at 0 by central differences."""
    hessian = np.zeros((n, n))
    with mpmath.workdps(60):
        h = mpmath.mpf(STEP)

        def at(i, a, j, b):
            z = [mpmath.mpf(0)] * n
            z[i] += a * h
            z[j] += b * h
            return g(z)

        for i in range(n):
            for j in range(i + 1):
                corners = at(i, 1, j, 1) - at(i, 1, j, -1) - at(i, -1, j, 1) + at(i, -1, j, -1)
                hessian[i, j] = hessian[j, i] = float(corners / (4 * h * h))
    return hessian


GENERIC_H = rotated((-0.3, 0.5, 1.1), 5)
# The pairs of states between which relative entropies are taken.
RELATIVE = {
    "generic": ("generic", "double"),
    "mixed": ("mixed", "mixed"),
    "double": ("double", "generic"),
    "gibbs": ("gibbs", "gibbs"),
    "rotated gibbs": ("rotated gibbs", "mixed"),
    "near pure": ("near pure", "near pure"),
    "to near pure": ("generic", "near pure"),
}
QUANTITIES = {
    "entropy": (entropy, mp_entropy, 2, {name: (rho,) for name, rho in STATES.items()}),
    "relative entropy": (
        relative_entropy,
        mp_relative_entropy,
        4,
        {name: tuple(STATES[k] for k in pair) for name, pair in RELATIVE.items()},
    ),
    "total correlation": (
        total_correlation,
        mp_total_correlation,
        2,
        {name: (rho,) for name, rho in PAIRS.items()},
    ),
    "coherence": (coherence, mp_coherence, 3, {name: (rho,) for name, rho in STATES.items()}),
    "beta": (beta, mp_beta, 3, {name: (rho,) for name, rho in STATES.items()}),
    "ergotropy": (
        ergotropy,
        mp_ergotropy,
        4,
        {name: (STATES[name], GENERIC_H) for name in ("generic", "near pure")},
    ),
    # No kinks: equal populations meet only a level that is degenerate, and the reverse.
    "ergotropy by state": (
        ergotropy_by_state,
        lambda z, rho, h: mp_ergotropy([*z, 0, 0], rho, h),
        2,
        {
            "generic": (STATES["generic"], H),
            "near pure": (STATES["near pure"], H),
            "double": (STATES["double"], H),
            "gibbs": (STATES["gibbs"], np.diag(LEVELS).astype(complex)),
            "rotated gibbs": (STATES["rotated gibbs"], H),
        },
    ),
    "ergotropy by hamiltonian": (
        ergotropy_by_hamiltonian,
        lambda z, rho, h: mp_ergotropy([0, 0, *z], rho, h),
        2,
        {
            "generic": (STATES["generic"], GENERIC_H),
            "mixed": (STATES["mixed"], GENERIC_H),
            "double": (STATES["double"], H),
            "gibbs": (STATES["gibbs"], np.diag(LEVELS).astype(complex)),
            "rotated gibbs": (STATES["rotated gibbs"], H),
        },
    ),
}
CASES = [(name, case) for name, quantity in QUANTITIES.items() for case in quantity[3]]


@functools.cache
def batched(name):
    """jit of vmap of the Hessian, forward over reverse: all states side by side, by name."""
    f, _, n, cases = QUANTITIES[name]
    arrays = [np.stack(stack) for stack in zip(*cases.values(), strict=True)]
    lanes = jax.jit(jax.vmap(lambda *case: jax.hessian(f)(jnp.zeros(n), *case)))(*arrays)
    return dict(zip(cases, np.asarray(lanes), strict=True))


@functools.cache
def single(name):
    """The Hessian, reverse over reverse."""
    f, _, n, _ = QUANTITIES[name]
    return jax.jit(lambda *case: jax.jacrev(jax.grad(f))(jnp.zeros(n), *case))


def check(found, exact, smallest=0.1):
    """Equal, but for the rounding of the smallest eigenvalue, which enters as eps/l each time."""
    assert np.all(np.isfinite(found))
    scale = max(np.max(np.abs(exact)), 1.0)
    np.testing.assert_allclose(found, exact, rtol=0, atol=scale * (1e-11 + 1e-14 / smallest))


@pytest.mark.parametrize(("name", "case"), CASES)
def test_hessian(name, case):
    _, reference, n, cases = QUANTITIES[name]
    exact = mp_hessian(lambda z: reference(z, *cases[case]), n)
    flat = (name, case) == ("ergotropy by hamiltonian", "mixed")  # tr(rho H) - tr(H)/3
    assert np.max(np.abs(exact)) > 1e-3 or flat
    for found in (batched(name)[case], single(name)(*cases[case])):
        check(found, exact, SMALLEST if "near pure" in case else 0.1)


def test_beta_crosses_zero_smoothly():
    """At I/3: T infinite, beta = 0, with the slope of S'/Q', S' = -3 tr(rho' X) to first order."""
    h = np.diag(LEVELS)
    bath = qt.LocalBath(LOWERING, 1.0, 0.5, qt.Flat(0.3))
    rho_dot = qt.dynamics.dissipative_parts(
        qt.OpenSystem(h, bath), 0.0, jnp.asarray(STATES["mixed"])
    )[0]
    slopes = [-3 * np.trace(rho_dot @ x).real for x in X] / np.trace(rho_dot @ h).real
    value, gradient = jax.jit(jax.value_and_grad(beta))(jnp.zeros(3), STATES["mixed"])
    assert float(value) == pytest.approx(0.0, abs=1e-13)
    np.testing.assert_allclose(gradient, [*slopes, 0.0], atol=1e-12)
