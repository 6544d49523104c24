"""The canonical form of generators: round trips, gauge, signs of rates, derivatives, messages."""

import inspect

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.algebra.canonical import check_generator

EXACT = 1e-12
FORM, FORM_OF = jax.jit(qt.algebra.canonical_form), jax.jit(qt.algebra.canonical_form_of)
MATRIX = jax.jit(lambda form: form.superoperator())
GENERATOR = eqx.filter_jit(qt.dynamics.canonical_generator)
SX, SZ = qt.sigmax(), qt.sigmaz()


def gaussian(rng, *shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def hermitian(rng, d):
    a = gaussian(rng, d, d)
    return (a + a.conj().T) / 2


def superoperator(h, rates, operators):
    """L on row-by-row vectors, by Kronecker products."""
    one = np.eye(h.shape[0])
    out = -1j * (np.kron(h, one) - np.kron(one, h.T))
    for rate, a in zip(rates, operators, strict=True):
        square = a.conj().T @ a
        loss = np.kron(square, one) + np.kron(one, square.T)
        out = out + rate * (np.kron(a, a.conj()) - loss / 2)
    return out


def jumps_of(d, seed=0):
    """H, rates of either sign, and jump operators with traces."""
    rng = np.random.default_rng([d, seed])
    return hermitian(rng, d), np.array([0.7, -0.4, 0.2]), gaussian(rng, 3, d, d)


def canonical_parts(d):
    """A canonical form made by hand: a random orthonormal traceless basis, rates of either sign."""
    rng = np.random.default_rng(d)
    h, n = hermitian(rng, d), d * d - 1
    u = np.linalg.qr(gaussian(rng, n, n))[0]
    operators = np.einsum("ki,ipq->kpq", u, qt.algebra.traceless_basis(d))
    return h - np.trace(h) / d * np.eye(d), np.linspace(-0.5, 1.3, n), operators


@pytest.mark.parametrize("d", [2, 3, 4])
def test_the_basis_is_traceless_orthonormal_and_complete(d):
    basis = np.asarray(qt.algebra.traceless_basis(d))
    np.testing.assert_allclose(np.einsum("kii->k", basis), 0, atol=1e-15)
    np.testing.assert_array_equal(basis, basis.conj().swapaxes(1, 2))
    gram = np.einsum("jpq,kpq->jk", basis.conj(), basis)
    np.testing.assert_allclose(gram, np.eye(d * d - 1), atol=1e-15)


def test_the_basis_of_a_qubit_is_paulis():
    paulis = np.stack([qt.sigmax(), qt.sigmay(), qt.sigmaz()]) / np.sqrt(2)
    np.testing.assert_allclose(qt.algebra.traceless_basis(2), paulis, atol=1e-16)


@pytest.mark.parametrize("d", [2, 3, 4])
def test_rates_hamiltonian_and_operators_come_back(d):
    h, rates, operators = canonical_parts(d)
    form = FORM_OF(superoperator(h, rates, operators))
    np.testing.assert_allclose(form.rates, rates, atol=EXACT)
    np.testing.assert_allclose(form.hamiltonian, h, atol=EXACT)
    overlaps = np.abs(np.einsum("jpq,kpq->jk", operators.conj(), form.operators))
    np.testing.assert_allclose(overlaps, np.eye(d * d - 1), atol=1e-11)  # up to a phase each


@pytest.mark.parametrize("d", [2, 3, 4])
def test_both_routes_give_the_generator_back(d):
    """From jump operators and from the matrix: the same H and rates, obeying eq. (9)."""
    h, rates, operators = jumps_of(d)
    generator = superoperator(h, rates, operators)
    forms = FORM(h, rates, operators), FORM_OF(generator)
    for form in forms:
        assert float(form.rates[0]) < -0.1 < 0.1 < float(form.rates[-1])
        assert np.all(np.diff(form.rates) >= 0)
        np.testing.assert_allclose(MATRIX(form), generator, atol=EXACT)
        np.testing.assert_allclose(np.einsum("kii->k", form.operators), 0, atol=EXACT)
        gram = np.einsum("jpq,kpq->jk", form.operators.conj(), form.operators)
        np.testing.assert_allclose(gram, np.eye(d * d - 1), atol=EXACT)
    np.testing.assert_allclose(forms[0].rates, forms[1].rates, atol=EXACT)
    np.testing.assert_allclose(forms[0].hamiltonian, forms[1].hamiltonian, atol=EXACT)


@pytest.mark.parametrize("d", [2, 3])
def test_the_gauge_does_not_show(d):
    """A -> A + a with H -> H + sum rate/(2i) (a^* A - a A^+) is the same generator."""
    h, rates, operators = jumps_of(d)
    a = np.array([0.3, -0.2 + 0.5j, 0.8j])
    shifted = operators + a[:, None, None] * np.eye(d)
    half = np.einsum("k,k,kpq->pq", rates, a.conj(), operators) / 2j
    moved = FORM(h + half + half.conj().T, rates, shifted)
    form = FORM(h, rates, operators)
    np.testing.assert_allclose(moved.rates, form.rates, atol=EXACT)
    np.testing.assert_allclose(moved.hamiltonian, form.hamiltonian, atol=EXACT)
    np.testing.assert_allclose(MATRIX(moved), MATRIX(form), atol=EXACT)
    # without its share of H it is another generator
    other = FORM(h, rates, shifted)
    assert np.max(np.abs(other.hamiltonian - form.hamiltonian)) > 0.1


@pytest.mark.parametrize("d", [2, 3])
def test_unitary_mixing_does_not_show(d):
    h, _, operators = jumps_of(d)
    rates = np.array([0.7, 0.4, 0.2])
    u = np.linalg.qr(gaussian(np.random.default_rng(5), 3, 3))[0]
    mixed = np.einsum("jk,k,kpq->jpq", u, np.sqrt(rates), operators)
    form, other = FORM(h, rates, operators), FORM(h, np.ones(3), mixed)
    np.testing.assert_allclose(other.rates, form.rates, atol=EXACT)
    np.testing.assert_allclose(other.hamiltonian, form.hamiltonian, atol=EXACT)


@pytest.mark.parametrize(
    ("rates", "divisible"),
    [
        ([0.7, 0.4, 0.2], True),
        ([0.0, 0.0, 0.0], True),
        ([0.7, -1e-6, 0.2], False),
        ([-0.7, -0.4, -0.2], False),
    ],
)
def test_cp_divisible(rates, divisible):
    """A negative rate shows, rounding of the zero eigenvalues does not: d^2 - 1 > 3 jumps."""
    h, _, operators = jumps_of(3)
    assert bool(FORM(h, np.array(rates), operators).cp_divisible) == divisible


def test_a_negative_rate_may_be_hidden_in_another_one():
    """0.3 D[Z] - 0.1 D[Z] is CP-divisible; the canonical form sees through it."""
    form = FORM(np.zeros((2, 2)), np.array([0.3, -0.1]), np.stack([SZ, SZ]))
    assert bool(form.cp_divisible)
    np.testing.assert_allclose(form.rates, [0, 0, 0.4], atol=1e-15)


def test_the_canonical_dephasing_operator():
    """tr(L^+ L) = 1 makes it sigma_z / sqrt(2), at twice the rate of sigma_z."""
    form = GENERATOR(qt.OpenSystem(qt.number(2), qt.Lindblad(SZ, 0.15)))
    np.testing.assert_allclose(form.rates, [0, 0, 0.3], atol=1e-15)
    phase = form.operators[-1, 0, 0] / abs(form.operators[-1, 0, 0])
    np.testing.assert_allclose(form.operators[-1], phase * SZ / np.sqrt(2), atol=1e-15)
    np.testing.assert_allclose(form.hamiltonian, -SZ / 2, atol=1e-15)


def test_the_canonical_generator_of_a_system():
    """All baths together, at their time; the same rho', another division into heat."""

    def rate(t):
        return 0.5 * jnp.cos(t)

    jumps = np.stack([np.asarray(qt.destroy(2)) + 0.5 * np.eye(2), SZ])
    baths = qt.Lindblad(jumps[0], 0.4), qt.Lindblad(jumps[1], rate)
    system = qt.OpenSystem(qt.number(2) + 0.3 * SX, baths)
    for t, divisible in ((0.2, True), (2.0, False)):
        form = GENERATOR(system, jnp.asarray(t))
        np.testing.assert_allclose(MATRIX(form), qt.dynamics.liouvillian(system, t), atol=1e-14)
        assert bool(form.cp_divisible) == divisible
    # the same rho' and exterior rate at t = 2, other heats
    h, rho = np.asarray(system.hamiltonian(2.0)), np.array([[0.7, 0.1j], [-0.1j, 0.3]])
    rates = np.array([0.4, rate(2.0)])
    given = superoperator(h, rates, jumps), superoperator(0 * h, rates, jumps)
    found = np.asarray(form.rates), np.asarray(form.operators)
    whole = superoperator(np.asarray(form.hamiltonian), *found)
    part = superoperator(0 * h, *found)
    np.testing.assert_allclose(whole, given[0], atol=1e-14)
    values, vectors = np.linalg.eigh(rho)
    log = vectors @ np.diag(np.log(values)) @ vectors.conj().T
    changes = [(d @ rho.reshape(-1)).reshape(2, 2) for d in (given[1], part)]
    exterior = [-np.trace(change @ log).real for change in changes]
    heats = [np.trace(change @ h).real for change in changes]
    assert exterior[0] == pytest.approx(exterior[1], abs=1e-14)
    assert abs(heats[0] - heats[1]) > 1e-3


def test_a_closed_system_has_no_rates():
    form = GENERATOR(qt.OpenSystem(qt.number(3)))
    np.testing.assert_array_equal(form.rates, np.zeros(8))
    assert bool(form.cp_divisible)
    np.testing.assert_allclose(form.hamiltonian, qt.number(3) - qt.identity(3), atol=1e-15)


def test_batches_of_generators():
    h, rates, operators = jumps_of(2)
    generators = jnp.stack([superoperator(h, x * rates, operators) for x in (1.0, -2.0)])
    forms = jax.vmap(qt.algebra.canonical_form_of)(generators)
    np.testing.assert_allclose(forms.rates[1], -2.0 * forms.rates[0][::-1], atol=EXACT)
    assert jax.vmap(lambda form: form.cp_divisible)(forms).shape == (2,)


def test_derivatives_of_the_rates():
    """By the given rates and by a parameter of the matrix, against differences."""
    h, rates, operators = jumps_of(2)
    other = superoperator(*jumps_of(2, 1))

    def by_rates(x):
        return qt.algebra.canonical_form(h, x, operators).rates

    def by_matrix(x):
        return qt.algebra.canonical_form_of(superoperator(h, rates, operators) + x * other).rates

    step = 1e-5  # truncation 1e-10
    jacobian = jax.jit(jax.jacrev(by_rates))(rates)
    for k in range(3):
        up, down = (FORM(h, rates + e * np.eye(3)[k], operators).rates for e in (step, -step))
        np.testing.assert_allclose(jacobian[:, k], (up - down) / (2 * step), atol=1e-8)
    # sum gamma = sum rate_a tr(A0^+ A0)
    mean = np.einsum("kii->k", operators) / 2
    norms = np.sum(np.abs(operators - mean[:, None, None] * np.eye(2)) ** 2, axis=(1, 2))
    np.testing.assert_allclose(jacobian.sum(axis=0), norms, rtol=1e-12)
    slope, compiled = jax.jit(jax.jacfwd(by_matrix))(0.0), jax.jit(by_matrix)
    difference = (compiled(step) - compiled(-step)) / (2 * step)
    np.testing.assert_allclose(slope, difference, rtol=0, atol=1e-7)


def mistaken(kind):
    h, rates, operators = jumps_of(2)
    generator = superoperator(h, rates, operators)
    if kind == "trace":
        return generator + 0.25 * np.eye(4)
    return generator + 0.5 * (np.kron(SZ, np.eye(2)) - np.kron(np.eye(2), SZ))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("trace", r"`superoperator` must keep the trace, but max\|tr L\(X\)\| = 0\.25 over"),
        # X -> [Z, X]/2 is X -> X on |0><1|, of which L(X)^+ is -L(X^+)
        ("hermiticity", r"must keep Hermiticity, but max\|L\(X\)\^\+ - L\(X\^\+\)\| = 2 over"),
    ],
)
def test_what_is_no_generator_is_refused_with_the_size_of_the_violation(kind, message):
    with pytest.raises(ValueError, match=message):
        qt.algebra.canonical_form_of(mistaken(kind))
    with pytest.raises(ValueError, match=message.replace("superoperator", "mine")):
        check_generator("mine", mistaken(kind))


def test_rounding_is_no_violation():
    generator = superoperator(*jumps_of(2))
    check_generator("superoperator", generator + 1e-12 * np.eye(4))
    with pytest.raises(ValueError, match=r"= 1e-06 over"):
        check_generator("superoperator", generator + 1e-6 * np.eye(4))


def test_a_real_matrix_is_held_to_the_same_tolerance():
    with pytest.raises(ValueError, match="must keep the trace"):
        check_generator("superoperator", np.kron(SZ, SZ).real - np.eye(4) * (1 - 1e-6))


@pytest.mark.parametrize("shape", [(3, 3), (4, 9), (4,)])
def test_wrong_shapes(shape):
    with pytest.raises(ValueError, match=r"`mine` must have shape \(d\*d, d\*d\).*got shape \("):
        inspect.unwrap(check_generator)("mine", np.zeros(shape))


def test_bad_jump_operators():
    with pytest.raises(ValueError, match="`hamiltonian` must be Hermitian"):
        qt.algebra.canonical_form(qt.destroy(2), np.ones(1), np.asarray(SZ)[None])
    with pytest.raises(ValueError, match=r"`operators` must have shape \(jumps, 2, 2\)"):
        inspect.unwrap(qt.algebra.canonical_form)(SZ, np.ones(1), np.zeros((1, 3, 3), complex))
