"""Derivatives of a limit cycle with respect to everything that a machine is made of."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import qtjax as qt

Z, X, N = qt.sigmaz(), qt.sigmax(), qt.number(2)
KNOTS = jnp.linspace(0.0, 1.0, 10)[1:-1]
# The reference machine (qtjax/reference.toml). A Hamiltonian is (H_00, H_11, Re H_01, Im H_01).
REFERENCE = {
    "cold": jnp.array([0.5, -0.5, 0.3, 0.0]),
    "hot": jnp.array([1.0, -1.0, 0.3, 0.0]),
    "temperatures": jnp.array([0.5, 4.0]),
    "rate": jnp.asarray(0.5),
    "durations": jnp.array([2.0, 1.0, 2.0, 1.0]),
    "expansion": KNOTS,
    "compression": KNOTS,
}
# Straight ramps and a real H are symmetric points, where errors may cancel: move off them too.
BENT = REFERENCE | {
    "cold": jnp.array([0.45, -0.55, 0.3, 0.2]),
    "expansion": KNOTS + 0.1 * jnp.sin(3.0 * jnp.pi * KNOTS),
    "compression": KNOTS - 0.1 * KNOTS * (1.0 - KNOTS),
}
POINTS = {"reference": REFERENCE, "bent": BENT}
FIGURES = ("work_output", "efficiency", "power")
_, UNRAVEL = ravel_pytree(REFERENCE)


def hermitian(entries):
    a, b, re, im = entries
    return jnp.array([[a, re + 1j * im], [re - 1j * im, b]])


def figures(p):
    cycle = qt.otto_cycle(
        hermitian(p["cold"]),
        hermitian(p["hot"]),
        couplings=(X, Z),
        temperatures=p["temperatures"],
        rate=p["rate"],
        durations=p["durations"],
        ramps=(qt.Ramp(p["expansion"]), qt.Ramp(p["compression"])),
    )
    solution = qt.limit_cycle(cycle)
    return jnp.stack([getattr(solution, name) for name in FIGURES])


def vector_figures(x):
    return figures(UNRAVEL(x))


@pytest.fixture(scope="module")
def reverse():
    return jax.jit(jax.vmap(jax.jacrev(vector_figures)))


@pytest.fixture(scope="module")
def jacobians(reverse):
    return dict(zip(POINTS, reverse(stacked()), strict=True))


def stacked():
    return jnp.stack([ravel_pytree(point)[0] for point in POINTS.values()])


@pytest.fixture(scope="module")
def differences():
    """Central differences of fourth order, h = 2e-3: error h^4 f'''''/30 + 1.5 eps |f| / h.

    That is about 1e-12 here, and 1e-12 in sums of rounding: 1e-7 of every entry above 1e-5.
    """
    values = jax.jit(jax.vmap(vector_figures))
    h, weights = 2e-3, np.array([1.0, -8.0, 8.0, -1.0]) / 12.0
    shifts = np.array([-2.0, -1.0, 1.0, 2.0]) * h

    def difference(x):
        n = x.shape[0]
        points = x + shifts[:, None, None] * np.eye(n)
        found = values(points.reshape(-1, n)).reshape(4, n, len(FIGURES))
        return np.einsum("s,snf->fn", weights, np.asarray(found)) / h

    return {name: difference(x) for name, x in zip(POINTS, stacked(), strict=True)}


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("point", POINTS)
def test_every_gradient_is_that_of_differences(point, figure, jacobians, differences):
    k = FIGURES.index(figure)
    found, wanted = UNRAVEL(jacobians[point][k]), UNRAVEL(jnp.asarray(differences[point][k]))
    for name in REFERENCE:
        # atol for entries that vanish by symmetry.
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-7, atol=2e-11, err_msg=name)
        largest = np.max(np.abs(wanted[name]))
        assert largest > 1e-4, f"{name} has no influence, so this comparison is empty"


def test_forward_mode_is_reverse_mode(jacobians):
    forward = jax.jit(jax.jacfwd(vector_figures))
    for name, x in zip(POINTS, stacked(), strict=True):
        np.testing.assert_allclose(forward(x), jacobians[name], rtol=1e-10, atol=1e-12)


def test_published_gradients_of_a_frictionless_otto():
    # Case P15: 30-digit derivatives of the closed form of case P09.
    path = Path(__file__).parents[1] / "reference" / "public.json"
    cases = {case["id"]: case for case in json.loads(path.read_text())["cases"]}
    p, wanted = cases["P09"]["params"], cases["P15"]["values"]
    names = ("w_h", "w_c", "T_h", "T_c", "tau_h", "tau_c")

    def report(values):
        q = dict(zip(names, values, strict=True))
        cycle = qt.otto_cycle(
            q["w_c"] * N,
            q["w_h"] * N,
            couplings=(X, Z),
            temperatures=(q["T_c"], q["T_h"]),
            rate=(p["gamma0_c"], p["gamma0_h"]),
            durations=(q["tau_h"], p["tau_w_each"], q["tau_c"], p["tau_w_each"]),
        )
        s = qt.limit_cycle(cycle)
        return jnp.stack([s.power, s.mean_temperatures[1], s.spohn_production, s.efficiency])

    at = jnp.array([p[name] for name in names])
    jacobian = jax.jit(jax.jacrev(report))(at)
    for row, figure in zip(jacobian, ("power", "T_mean_hot", "Sigma_cycle"), strict=False):
        for value, name in zip(row, names, strict=True):
            assert float(value) == pytest.approx(wanted[f"d{figure}_d{name}"]["value"], rel=1e-8), (
                figure,
                name,
            )
    # eta = 1 - w_c/w_h, whatever the rest.
    np.testing.assert_allclose(jacobian[3], [0.25, -0.5, 0.0, 0.0, 0.0, 0.0], atol=1e-12)


def test_batch_of_gradients_is_a_loop_and_compiles_once(jacobians):
    traces = []

    def traced(x):
        traces.append(None)
        return vector_figures(x)

    gradient = jax.jit(jax.jacrev(traced))
    loop = [gradient(x) for x in stacked()]
    assert len(traces) == 1  # new values, same program
    for one, name in zip(loop, POINTS, strict=True):
        np.testing.assert_allclose(one, jacobians[name], rtol=1e-10, atol=1e-12)
    assert np.max(np.abs(loop[0] - loop[1])) > 1e-3
