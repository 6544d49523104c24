"""Quasi-static Otto engines against published numbers."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import qtjax as qt

REFERENCE = Path(__file__).parents[1] / "reference" / "published.json"
PUBLISHED = {entry["key"]: entry for entry in json.loads(REFERENCE.read_text())["results"]}
otto = jax.jit(qt.machines.quasi_static_otto)
N2 = qt.number(2)


def test_hubbard_dimer():
    values = PUBLISHED["hubbard_dimer_otto"]["values"]
    cold, hot = (qt.models.hubbard_dimer(1.0, t) for t in (1.0, 2.0))
    levels = np.linalg.eigvalsh(hot)
    root = np.sqrt(1 + 16 * 4.0) / 2
    known = [0.0] * 4 + [-2.0, 2.0] * 2 + [1.0, 0.5 + root, 0.5 - root] + [3.0, -1.0] * 2 + [2.0]
    np.testing.assert_allclose(levels, np.sort(known), atol=1e-13)
    found = otto(cold, hot, 1.0, 3.0)
    assert float(found.heat_hot) == pytest.approx(values["Q_h"], rel=1e-9)
    assert float(found.work_output) == pytest.approx(values["W_out"], rel=1e-9)
    assert float(found.efficiency) == pytest.approx(values["efficiency"], rel=1e-9)


def test_no_efficiency_is_made_of_roundings():
    """Temperatures in the ratio of the gaps move nothing, and others little."""
    for ratio, finite in ((2.0, False), (2.0 + 1e-15, False), (2.0 + 1e-9, True)):
        found = otto(N2, 2.0 * N2, 0.7, ratio * 0.7)
        assert np.isfinite(float(found.efficiency)) == finite
        assert not finite or float(found.efficiency) == pytest.approx(0.5, rel=1e-5)
    many = jax.jit(jax.vmap(lambda t, r: otto(N2, r * N2, t, r * t).efficiency))
    t, r = 10.0 ** np.random.default_rng(0).uniform([-2.0, 0.05], [1.0, 1.5], (1000, 2)).T
    assert np.all(np.isnan(many(jnp.asarray(t), jnp.asarray(r))))  # cold ones, too
    z = 0.5 * qt.sigmaz()  # whose ground state is sure at any low temperature
    assert float(otto(z, 2.0 * z, 1e-25, 1.0).efficiency) == pytest.approx(0.5, rel=1e-14)


def spins(coupling, field):
    return qt.models.xxz_chain(2, exchange=2 * coupling, anisotropy=1.0, fields=field)


def test_quasi_static_heats_are_as_sure_as_they_say():
    """+-w (p_h - p_c), in 40 digits."""
    rng = np.random.default_rng(1)
    t, r = 10.0 ** rng.uniform([-1.5, 0.05], [1.0, 1.5], (200, 2)).T
    ratio = r * (1 + 10.0 ** rng.uniform(-15, 1, 200))  # of temperatures
    many = jax.jit(jax.vmap(lambda t, r, x: otto(N2, r * N2, t, x * t)))
    found = many(*map(jnp.asarray, (t, r, ratio)))
    with mpmath.workdps(40):
        for k, (cold, gap, hot) in enumerate(zip(t, r, ratio * t, strict=True)):
            p_hot, p_cold = (
                1 / (1 + mpmath.exp(mpmath.mpf(w) / x)) for w, x in ((gap, hot), (1, cold))
            )
            error = float(found.heat_error[k])
            assert abs(float(found.heat_hot[k]) - gap * (p_hot - p_cold)) <= error
            assert abs(float(found.heat_cold[k]) + p_hot - p_cold) <= error < 1e-11 * gap


@pytest.mark.parametrize("coupling", [0.0, 0.05, 0.1, 0.2, 0.3])
def test_coupled_spins(coupling):
    work, heat, eta, bound = PUBLISHED["thomas_johal_coupled_otto"]["values"][f"J{coupling}"]
    found = otto(spins(coupling, 3.0), spins(coupling, 4.0), 1.0, 2.0)
    assert float(found.work_output) == pytest.approx(work, rel=1e-9)
    assert float(found.heat_hot) == pytest.approx(heat, rel=1e-9)
    assert float(found.efficiency) == pytest.approx(eta, rel=1e-9)
    assert (1 - 3 / 4) / (1 - 4 * coupling / 4) == pytest.approx(bound)


def test_qubits_derivatives_and_regimes():
    """Q_h = w_h dp, eta = 1 - w_c/w_h, in a batch and with its gradient."""

    def engine(x):
        return qt.machines.quasi_static_otto(x[0] * qt.number(2), x[1] * qt.number(2), x[2], x[3])

    x = jnp.array([1.0, 2.0, 0.5, 3.0])
    found = jax.jit(jax.vmap(engine))(jnp.stack([x, x.at[1].set(8.0)]))
    moved = 1 / (1 + np.exp(2 / 3)) - 1 / (1 + np.exp(2))
    assert float(found.heat_hot[0]) == pytest.approx(2 * moved, rel=1e-12)
    assert float(found.efficiency[0]) == pytest.approx(0.5, rel=1e-12)
    assert np.isnan(float(found.efficiency[1]))  # compressed too far: a refrigerator
    assert float(found.coefficient_of_performance[1]) == pytest.approx(1 / 7, rel=1e-12)
    slope = jax.jit(jax.grad(lambda x: engine(x).heat_hot))(x)
    p, q = 1 / (1 + np.exp(2 / 3)), 1 / (1 + np.exp(2))
    expected = [2 * q * (1 - q) / 0.5, moved - 2 * p * (1 - p) / 3]
    np.testing.assert_allclose(slope[:2], expected, rtol=1e-12)


def test_bad_temperature():
    with pytest.raises(ValueError, match="`cold_temperature` must be > 0, got 0"):
        qt.machines.quasi_static_otto(qt.number(2), 2 * qt.number(2), 0.0, 1.0)
