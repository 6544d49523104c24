"""Functions of time as sums of scalars times fixed arrays, whatever way they are written."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.numerics.separation import Scalar, separation

X, Y, Z, LOWER = qt.sigmax(), qt.sigmay(), qt.sigmaz(), qt.destroy(2)
FREQUENCIES = jnp.array([1.0, 2.0, 3.0])
RANDOM = jnp.asarray(np.random.default_rng(0).normal(size=(4, 4)))


def _entries(t):
    return jnp.array([[jnp.cos(t), 1j * t], [-1j * t, -jnp.cos(t)]])


def _with_conjugate(t):
    half = jnp.exp(3j * t) * LOWER
    return half + qt.dag(half)


def _rotated(t):
    u = jnp.cos(t) * jnp.eye(2) - 1j * jnp.sin(t) * Y
    return u @ Z @ qt.dag(u)


def _set(t):
    return jnp.zeros((2, 2), complex).at[0, 1].set(jnp.exp(1j * t)).at[1, 0].add(jnp.exp(-1j * t))


def _chosen(t):
    return jnp.where(t < 1.0, 0.0, t) * X + jnp.interp(t, FREQUENCIES, FREQUENCIES**2) * Z


def _loop(t):
    return jax.lax.fori_loop(0, 3, lambda _, x: jnp.sin(x), t) * X


SUMS = {
    "drive": lambda t: 0.3 * X + (0.5 + jnp.sin(t)) * Z,
    "entries": _entries,
    "with its conjugate": _with_conjugate,
    "rotating frame": _rotated,
    "set": _set,
    "chosen": _chosen,
    "loop of numbers": _loop,
    "harmonics": lambda t: jnp.sum(jnp.cos(FREQUENCIES * t)) * X + Z,
    "product": lambda t: jnp.kron(jnp.cos(t) * X + Z, jnp.sin(t) * Z + X),
    "product of scalars": lambda t: t * (jnp.sin(t) * (t * X + Z)),
    "embedded": lambda t: qt.embed(jnp.sin(t) * X, (2, 2), 0) / 3.0 + RANDOM,
    "einsum": lambda t: jnp.einsum("k,kij->ij", jnp.array([1.0, t, t * t]), jnp.stack([X, Y, Z])),
    "diagonal": lambda t: jnp.diag(jnp.array([1.0, -1.0]) * t) - Z,
    "under jit": jax.jit(lambda t: jnp.sin(t) * X),
    "fixed": lambda t: X,
}


@pytest.mark.parametrize("name", SUMS)
def test_the_sum_is_the_function(name):
    function = SUMS[name]
    parts = separation(function, 0.0)
    assert parts is not None
    for t in (0.3, 1.7):
        found = parts.fixed + 0.0
        for k, array in enumerate(parts.arrays):
            if array is not None:
                assert parts.moving[k]
                found += Scalar(function, ((k, 1.0),), len(parts.scalars))(t) * array
        np.testing.assert_allclose(found, function(t), rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    "function",
    [
        lambda t: jax.scipy.linalg.expm(-1j * t * RANDOM),
        lambda t: jnp.where(t < 1.0, RANDOM, RANDOM.T),
        lambda t: jnp.sin(t * RANDOM),
        lambda t: sum(jnp.sin(k * t) * RANDOM for k in range(65)),
    ],
    ids=["exponential", "branch", "many entries", "many scalars"],
)
def test_what_is_no_sum_of_few_scalars_is_not_known(function):
    assert separation(function, 0.0) is None


class Drive(eqx.Module):
    gap: jax.Array
    rate: jax.Array

    def __call__(self, t):
        return self.gap * Z + self.gap * jnp.sin(self.rate * t) * X


def test_numbers_among_the_leaves_are_scalars_and_have_derivatives():
    def entry(gap, t):
        drive = Drive(gap, jnp.array(2.0))
        parts = separation(drive, t)
        assert parts is not None
        assert len(parts.scalars) == len(parts.moving)
        total = parts.fixed
        for k, array in enumerate(parts.arrays):
            if array is not None:
                assert set(np.unique(np.abs(array))) <= {0.0, 1.0}  # known, though `gap` is not
                total = total + Scalar(drive, ((k, 1.0),), len(parts.scalars))(t) * array
        return total[0, 1].real

    slope, rate = jax.jit(jax.grad(entry, argnums=(0, 1)))(1.5, 0.3)
    np.testing.assert_allclose([slope, rate], [np.sin(0.6), 3.0 * np.cos(0.6)], rtol=1e-14)


def test_numbers_are_computed_as_they_were_written():
    """Far from t = 0 nothing cancels; a sawtooth jumps where it did."""

    def number(t):
        return (t - 1e6) * 0.7 / 3.0 + jnp.floor((t - 1e6) * 0.7 / 3.0)

    parts = separation(lambda t: number(t) * Z, 0.0)
    assert parts is not None
    (k,) = [k for k, array in enumerate(parts.arrays) if array is not None]
    ts = jnp.linspace(1e6 - 1.0, 1e6 + 1.0, 101)
    found = jax.vmap(Scalar(lambda t: number(t) * Z, ((k, 1.0),), len(parts.scalars)))(ts)
    assert jnp.array_equal(found, jax.vmap(number)(ts))


def test_what_is_not_to_be_differentiated_is_not():
    def entry(gap):
        def h(t):
            return jax.lax.stop_gradient(gap) * jnp.cos(t) * Z

        parts = separation(h, 0.0)
        assert parts is not None
        given = [a is not None and np.any(np.asarray(a)) for a in parts.arrays]
        (k,) = np.flatnonzero(np.array(given)).tolist()
        return Scalar(h, ((k, 1.0),), len(parts.scalars))(0.3) * parts.arrays[k][0, 0].real

    np.testing.assert_allclose(entry(2.0), 2.0 * np.cos(0.3), rtol=1e-14)
    assert jax.grad(entry)(2.0) == 0.0
