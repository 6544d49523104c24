"""Linear algebra of large batches: right, and never waiting for itself."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qtjax import _in_turn
from qtjax._in_turn import eigh, eigvals, inv, solve, svd

SOURCES = sorted(Path(_in_turn.__file__).parent.rglob("*.py"))
BATCH = 1001  # more than jaxlib takes in one, and no multiple of anything

# Two machines in one program, each with batches that jaxlib would divide among its two threads.
TWO = """
import jax, jax.numpy as jnp, numpy as np
import qtjax as qt

jax.config.update("jax_enable_x64", True)

def steady(x):
    h = (1.0 + x) * qt.number(3) + 0.1 * (qt.create(3) + qt.destroy(3))
    bath = qt.Lindblad([qt.destroy(3), qt.create(3)], [1.0, 0.3])
    return qt.steady_state(qt.OpenSystem(h, bath), throw=False).state[0, 0].real

lanes = jnp.linspace(0.1, 1.0, 3000)
both = jax.jit(jax.vmap(lambda x: (steady(x), steady(x * x))))(lanes)
assert abs(float(both[0][-1] - both[1][-1])) < 1e-14
"""


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setenv("NPROC", "2")


def matrices(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(BATCH, n, n)) + 1j * rng.normal(size=(BATCH, n, n))


def test_two_machines_in_one_program_do_not_wait_for_each_other():
    environment = {**os.environ, "NPROC": "2", "XLA_FLAGS": ""}
    ended = subprocess.run([sys.executable, "-c", TWO], env=environment, timeout=300, check=False)
    assert ended.returncode == 0


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("n", [5, 9])
def test_parts_give_what_the_whole_gives(n):
    a, b = jnp.asarray(matrices(n)), jnp.asarray(matrices(n, 1))[..., 0]
    np.testing.assert_allclose(jax.vmap(inv)(a), np.linalg.inv(a), rtol=1e-9)
    found = jax.jit(jax.vmap(solve))(a, b)
    np.testing.assert_allclose(found, np.linalg.solve(a, b[..., None])[..., 0], rtol=1e-8)
    shared = jax.vmap(solve, (0, None))(a, b[0])
    np.testing.assert_allclose(
        np.einsum("kij,kj->ki", a, shared), np.tile(b[0], (BATCH, 1)), atol=1e-9
    )
    h = a + a.conj().swapaxes(-1, -2)
    energies, vectors = eigh(jnp.asarray(h.reshape(7, 143, n, n)))
    np.testing.assert_allclose(energies.reshape(BATCH, n), np.linalg.eigvalsh(h), atol=1e-12)
    again = vectors * energies[..., None, :] @ vectors.conj().swapaxes(-1, -2)
    np.testing.assert_allclose(again.reshape(h.shape), h, atol=1e-12)
    energies = np.sort_complex(jax.vmap(eigvals)(a))
    np.testing.assert_allclose(energies, np.sort_complex(np.linalg.eigvals(a)), atol=1e-12)
    values = jax.vmap(svd)(a)[1]
    np.testing.assert_allclose(values, np.linalg.svd(a, compute_uv=False), atol=1e-12)


@pytest.mark.usefixtures("two_threads")
def test_no_batch_is_divided_by_jaxlib():
    n = 9
    found = jax.vmap(lambda a: (inv(a), eigh(a + a.conj().T), eigvals(a), svd(a)))
    text = jax.jit(found).lower(matrices(n))
    calls = re.findall(r"custom_call @lapack_(z\w+).*?-> \(?tensor<(\d+)x", text.as_text())
    costs = {"zget": 1, "ztrs": 1, "zhee": 4, "zgee": 8, "zges": 10}  # in 3 n^3, as jaxlib counts
    assert {name[:4] for name, _ in calls} == set(costs)
    for name, batch in calls:
        assert int(batch) * costs[name[:4]] * 3 * n**3 < 200_000, (name, batch)


@pytest.mark.usefixtures("two_threads")
def test_a_lane_that_is_no_number_spoils_no_other():
    a = matrices(5)
    a[17, 0, 0] = np.nan
    found = np.asarray(jax.vmap(inv)(a))
    assert np.all(np.isfinite(np.delete(found, 17, 0)))
    assert np.all(np.isnan(found[17]))


@pytest.mark.usefixtures("two_threads")
def test_derivatives_are_those_of_the_whole():
    a = jnp.asarray(matrices(5))

    def total(inverse):
        return lambda a: jnp.sum(jnp.abs(jax.vmap(inverse)(a)) ** 2)

    np.testing.assert_allclose(
        jax.grad(total(inv))(a), jax.grad(total(jnp.linalg.inv))(a), rtol=1e-9
    )
    one = jnp.eye(5)

    def curved(inverse):
        return jax.hessian(lambda x: total(inverse)(a[:3] + x * one))(0.1)

    np.testing.assert_allclose(curved(inv), curved(jnp.linalg.inv), rtol=1e-9)


def test_nothing_else_calls_lapack_for_batches():
    """Beside papers, and what is used for one matrix or small ones at a time."""
    called = re.compile(
        r"jnp\.linalg\.(inv|solve|eigh|svd|cholesky|det)\(|lu_factor\(|lu_solve\(\("
    )
    found = [
        path.name
        for path in SOURCES
        if "papers" not in path.parts and called.search(path.read_text())
    ]
    assert found == ["_in_turn.py"]
