"""Functions of Hermitian matrices: values and first and second derivatives where eigh fails."""

import functools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.linalg
from matrices import hermitian, with_spectrum

from qtjax.algebra.divided_differences import AtLeast, Exp, Level, Log, One, Restricted
from qtjax.algebra.levels import eigenvalues
from qtjax.algebra.spectral import apply, frechet

# Spectra: generic, nearly degenerate on both sides of every switch, exactly degenerate.
SPECTRA = {
    "generic": (0.1, 0.3, 0.6),
    "near": (0.3, 0.3 + 1e-9, 0.4 - 1e-9),
    "close": (0.3, 0.33, 0.37),
    "double": (0.25, 0.25, 0.5),
    "mixed": (1 / 3, 1 / 3, 1 / 3),
    "qubit": (0.2, 0.8),
    "mixed qubit": (0.5, 0.5),
}


def mp_derivatives(function, a, x, y):
    """d and d^2/dt^2 of Re tr(Y f(A + tX)) at 0, by 50-digit arithmetic and central differences."""
    with mpmath.workdps(50):
        a, x, y = (mpmath.matrix(m.tolist()) for m in (a, x, y))
        a = (a + a.H) / 2

        def g(t):
            lam, v = mpmath.eighe(a + t * x)
            f = v * mpmath.diag([function(value) for value in lam]) * v.H
            product = y * f
            return mpmath.re(sum(product[i, i] for i in range(product.rows)))

        h = mpmath.mpf(10) ** -12
        minus, zero, plus = g(-h), g(0), g(h)
        return float((plus - minus) / (2 * h)), float((plus - 2 * zero + minus) / h**2)


@functools.cache
def compiled(f):
    """The gradient and the four second derivatives of Re tr(Y f(A + tX)), compiled once."""

    def g(t, a, x, y):
        return jnp.trace(y @ apply(f, a + t * x)).real

    seconds = [
        jax.jacfwd(jax.jacfwd(g)),
        jax.hessian(g),
        jax.grad(jax.grad(g)),
        jax.jacrev(jax.jacfwd(g)),
    ]
    return jax.jit(lambda *args: (jax.grad(g)(*args), [second(*args) for second in seconds]))


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize(("f", "reference"), [(Log(), mpmath.log), (Exp(), mpmath.exp)])
def test_first_and_second_derivatives(name, f, reference):
    a = with_spectrum(SPECTRA[name])
    d = a.shape[0]
    x, y = hermitian(1, d), hermitian(2, d)
    first, second = mp_derivatives(reference, a, x, y)
    gradient, (forward, *others) = compiled(f)(0.0, a, x, y)
    # Rounding of A itself is amplified by at most 1/l_min per derivative: 1e-16 * 10^2.
    np.testing.assert_allclose(gradient, first, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(forward, second, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(others, [forward] * 3, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("d", [2, 3, 5])
def test_values_against_scipy(d):
    a = hermitian(d, d)
    a = a / np.linalg.norm(a, 2)
    np.testing.assert_allclose(apply(Exp(), a), scipy.linalg.expm(a), atol=1e-13)
    rho = scipy.linalg.expm(a)
    np.testing.assert_allclose(apply(Log(), rho), a, atol=1e-13)


def test_log_of_a_projector_is_finite_with_finite_derivatives():
    value = apply(Log(), jnp.diag(jnp.array([1.0, 0.0, 0.0])))
    assert float(value[0, 0].real) == 0.0
    assert -330 < float(value[1, 1].real) < -310
    x = hermitian(0, 3)

    def g(t):
        return apply(Log(), jnp.diag(jnp.array([1.0, 0.0, 0.0])) + t * x)[0, 0].real

    assert np.isfinite(jax.jit(jax.hessian(g))(0.0))
    assert np.isfinite(jax.jit(jax.grad(g))(0.0))


@pytest.mark.parametrize("d", [2, 3])
def test_vmap_of_gradient_is_a_loop_of_gradients(d):
    batch = np.stack([with_spectrum(s) for s in SPECTRA.values() if len(s) == d])
    y = hermitian(3, d)

    def g(a):
        return jnp.trace(y @ apply(Log(), a)).real

    for function, states in ((jax.grad(g), batch), (jax.hessian(g), batch.real)):
        lanes = jax.jit(jax.vmap(function))(states)
        one = jax.jit(function)
        for lane, a in zip(lanes, states, strict=True):
            np.testing.assert_allclose(lane, one(a), rtol=1e-12, atol=1e-12)


def test_gradient_of_vmap_and_nested_vmap():
    batch = np.stack([with_spectrum(SPECTRA["mixed"]), with_spectrum(SPECTRA["double"])])
    directions = np.stack([hermitian(k, 3) for k in range(4)])
    one = jax.jit(lambda a, x: frechet(Log(), a, x))
    pairs = jax.jit(jax.vmap(lambda a: jax.vmap(lambda x: one(a, x))(directions)))(batch)
    for i in range(2):
        for k in range(4):
            np.testing.assert_allclose(pairs[i, k], one(batch[i], directions[k]), atol=1e-12)
    total = jax.jit(jax.grad(lambda b: jax.vmap(lambda a: apply(Log(), a)[0, 0].real)(b).sum()))(
        batch
    )
    single = jax.grad(lambda a: apply(Log(), a)[0, 0].real)(batch[0])
    np.testing.assert_allclose(total[0], single, atol=1e-12)


def test_support_restriction_is_exact_inside_the_support():
    """A rank-two state that rotates: the log on its support rotates along, at second order too."""
    rho, h = with_spectrum((0.0, 0.3, 0.7)), hermitian(4, 3)
    f = Restricted(Log(), AtLeast(1e-12))

    def rotate(t, a):
        u = jax.scipy.linalg.expm(-1j * t * h)
        return u @ a @ u.conj().T

    log = apply(f, rho)
    for order in (lambda g: jax.jacfwd(g), lambda g: jax.jacfwd(jax.jacfwd(g))):
        computed = jax.jit(order(lambda t: apply(f, rotate(t, rho))))(0.0)
        expected = jax.jit(order(lambda t: rotate(t, log)))(0.0)
        np.testing.assert_allclose(computed, expected, atol=1e-11)


def test_qubit_keeps_relative_accuracy_of_a_diagonal():
    lam = eigenvalues(np.diag([1e-30, 1.0]))
    np.testing.assert_allclose(lam, [1e-30, 1.0], rtol=1e-15)


@pytest.mark.parametrize("seed", range(4))
def test_qubit_closed_form_is_eigh(seed):
    a = hermitian(seed, 2)
    np.testing.assert_allclose(eigenvalues(a), np.linalg.eigvalsh(a), atol=1e-15 * 8)
    np.testing.assert_allclose(apply(Exp(), a), scipy.linalg.expm(a), rtol=1e-13)


def test_restricted_to_a_level_ignores_the_splitting_inside():
    h = with_spectrum((0.0, 1e-12, 1.0))
    x = hermitian(8, 3)
    f = Restricted(One(), Level(0, 2))
    split, exact = frechet(f, h, x), frechet(f, with_spectrum((0.0, 0.0, 1.0)), x)
    np.testing.assert_allclose(split, exact, atol=1e-10)
