"""Derivatives of all numbers of a limit cycle, by everything that a machine is made of."""

import itertools
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from derivatives import Derivatives

import qtjax as qt

Z, X = qt.sigmaz(), qt.sigmax()
KNOTS = jnp.linspace(0.0, 1.0, 5)[1:-1]
# The reference machine of the README. A Hamiltonian is (H_00, H_11, Re H_01, Im H_01).
REFERENCE = {
    "cold": jnp.array([0.5, -0.5, 0.3, 0.0]),
    "hot": jnp.array([1.0, -1.0, 0.3, 0.0]),
    "temperatures": jnp.array([0.5, 4.0]),
    "rate": jnp.array([0.5, 0.5]),
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
CASES = json.loads((Path(__file__).parents[1] / "reference" / "public.json").read_text())["cases"]
P09, P15 = (next(case for case in CASES if case["id"] == name) for name in ("P09", "P15"))
FIGURES = (
    "work_output", "efficiency", "power", "generalized_efficiency", "mean_temperatures",
    "spohn_production", "contraction",
)  # fmt: skip


def hermitian(entries):
    a, b, re, im = entries
    return jnp.array([[a, re + 1j * im], [re - 1j * im, b]])


def frictionless():
    """The machine of case P09, whose derivatives are those of case P15."""
    p = P09["params"]
    return REFERENCE | {
        "cold": jnp.array([0.0, p["w_c"], 0.0, 0.0]),
        "hot": jnp.array([0.0, p["w_h"], 0.0, 0.0]),
        "temperatures": jnp.array([p["T_c"], p["T_h"]]),
        "rate": jnp.array([p["gamma0_c"], p["gamma0_h"]]),
        "durations": jnp.array([p["tau_h"], p["tau_w_each"], p["tau_c"], p["tau_w_each"]]),
    }


def figures(p):
    cycle = qt.otto_cycle(
        hermitian(p["cold"]),
        hermitian(p["hot"]),
        couplings=(X, Z),
        temperatures=p["temperatures"],
        rate=tuple(p["rate"]),
        durations=p["durations"],
        ramps=(qt.Ramp(p["expansion"]), qt.Ramp(p["compression"])),
    )
    solution = qt.limit_cycle(cycle, steps=32)
    return {name: jnp.asarray(getattr(solution, name)) for name in FIGURES}


@pytest.fixture(scope="module")
def otto():
    points = {"reference": REFERENCE, "bent": BENT, "P15": frictionless()}
    return Derivatives(figures, points, compared=["reference", "bent"])


def every_gradient_is_that_of_differences(otto):
    """And reverse mode is forward mode."""
    for point in otto.points:
        otto.check_reverse(point)
    for point, figure in itertools.product(["reference", "bent"], FIGURES):
        otto.check(point, figure)
        for name in REFERENCE:
            influence = otto.by_parameter(point, figure)[name]
            assert np.max(np.abs(influence)) > 1e-4, f"{name} has no influence: nothing is compared"


def the_quadrature_over_entropy_has_the_derivatives_of_the_first_law(otto):
    """Eq. (19) by its own route, at the reference machine: by T_c, T_h, tau_h, tau_1, tau_c."""
    wanted = [-0.01812566, 0.00426915, -0.01201392, 0.00357174, 0.00972736]
    by = otto.by_parameter("reference", "generalized_efficiency")
    slopes = np.concatenate([by["temperatures"][0], by["durations"][0, :3]])
    np.testing.assert_allclose(slopes, wanted, atol=6e-9)  # of which they are the first digits
    found = otto.jacobian["reference"]
    rows = [otto.rows(name) for name in ("efficiency", "generalized_efficiency")]
    np.testing.assert_allclose(found[rows[0]], found[rows[1]], rtol=0, atol=1e-11)


def published_gradients_of_a_frictionless_otto(otto):
    # Case P15: 30-digit derivatives of the closed form of case P09.
    keys = ("w_h", "w_c", "T_h", "T_c", "tau_h", "tau_c")
    rows = {"power": ("power", 0), "T_mean_hot": ("mean_temperatures", 1),
            "Sigma_cycle": ("spohn_production", 0), "eta": ("efficiency", 0)}  # fmt: skip
    table = {}
    for published, (figure, k) in rows.items():
        by = otto.by_parameter("P15", figure)
        entries = [by["hot"][k, 1], by["cold"][k, 1], *by["temperatures"][k][::-1],
                   *by["durations"][k, ::2]]  # fmt: skip
        table[published] = dict(zip(keys, entries, strict=True))
    # eta = 1 - w_c/w_h, whatever the rest.
    eta = np.array(list(table.pop("eta").values()))
    np.testing.assert_allclose(eta, [0.25, -0.5, 0.0, 0.0, 0.0, 0.0], atol=1e-12)
    for published, entries in table.items():
        for key, value in entries.items():
            wanted = P15["values"][f"d{published}_d{key}"]["value"]
            assert value == pytest.approx(wanted, rel=1e-8), (published, key)


def batch_of_gradients_is_a_loop_and_compiles_once(otto):
    traces = []

    def work(x):
        traces.append(None)
        return figures(otto.unravel(x))["work_output"]

    gradient = jax.jit(jax.grad(work))
    loop = [gradient(x) for x in otto.points.values()]
    assert len(traces) == 1  # new values, same program
    for one, name in zip(loop, otto.points, strict=True):
        batched = otto.jacobian[name][otto.rows("work_output")][0]
        np.testing.assert_allclose(one, batched, rtol=1e-10, atol=1e-12)
    assert np.max(np.abs(loop[0] - loop[1])) > 1e-3


# Two contacts with a driven H, and quenches between them.
DRIVEN = {
    "cold": jnp.array([0.5, -0.4, 0.3, 0.1]),
    "hot": jnp.array([1.0, -1.1, 0.2, 0.0]),
    "swing": jnp.asarray(0.6),
    "gap": jnp.asarray(1.1),
    "temperatures": jnp.array([0.5, 4.0]),
    "rate": jnp.asarray(0.5),
    "durations": jnp.array([1.2, 0.9]),
}
SAMPLED = ("energy", "entropy", "gap")
RATES = ("energy_rate", "heat_current", "power", "entropy_rate", "exterior", "spohn_production")
TEMPERATURE = ("temperature", "beta", "angle")


def everything(p):
    """The books of a cycle, its integrals over S, and what happens inside the first stroke."""

    def stroke(h, temperature, duration, contact):
        drive = qt.Driven([(1.0, hermitian(h)), (qt.Linear(0.0, p["swing"]), X)])
        bath = qt.LocalBath(qt.create(2), p["gap"], temperature, qt.Flat(p["rate"]))
        return qt.Stroke(qt.OpenSystem(drive, bath), duration, contact)

    hot = stroke(p["hot"], p["temperatures"][1], p["durations"][0], "hot")
    cold = stroke(p["cold"], p["temperatures"][0], p["durations"][1], "cold")
    solution = qt.limit_cycle(qt.Cycle((hot, cold)))
    parts = qt.machines.clausius_integrals(solution)
    inside = qt.machines.sample_cycle(solution, 8)[0]
    names = ("heats", "works", "quenches", "entropies", "carnot_efficiency",
             "curzon_ahlborn_efficiency", "first_law_residual", "limit_cycle_residual")  # fmt: skip
    found = {name: getattr(solution, name) for name in names}
    found["clausius"] = jnp.stack([parts[contact].value for contact in ("cold", "hot")])
    found["clausius_error"] = jnp.stack([parts[contact].error for contact in ("cold", "hot")])
    found["interior"] = qt.machines.interior_production(solution)
    found |= {name: getattr(inside, name)[::4] for name in SAMPLED}
    found |= {name: getattr(inside.rates, name)[::4] for name in RATES}
    return found | {name: getattr(inside.temperature, name)[::4] for name in TEMPERATURE}


def test_gradients_of_an_otto_cycle(otto):
    """One test, since what takes time is the one program of all figures and their gradients."""
    every_gradient_is_that_of_differences(otto)
    the_quadrature_over_entropy_has_the_derivatives_of_the_first_law(otto)
    published_gradients_of_a_frictionless_otto(otto)
    batch_of_gradients_is_a_loop_and_compiles_once(otto)


@pytest.fixture(scope="module")
def driven():
    return Derivatives(everything, {"driven": DRIVEN})


@pytest.mark.slow
@pytest.mark.parametrize(
    "figure",
    ["heats", "works", "quenches", "entropies", "carnot_efficiency", "curzon_ahlborn_efficiency",
     "clausius", *SAMPLED, *RATES, *TEMPERATURE],
)  # fmt: skip
def test_gradients_inside_a_cycle(figure, driven):
    driven.check("driven", figure)
    rows = driven.rows(figure)
    assert np.max(np.abs(driven.jacobian["driven"][rows])) > 1e-2


@pytest.mark.slow
def test_reverse_mode_inside_a_cycle(driven):
    driven.check_reverse("driven")


@pytest.mark.slow
def test_integrals_over_entropy_have_the_derivatives_of_heats(driven):
    found, rows = driven.jacobian["driven"], driven.rows
    np.testing.assert_allclose(found[rows("clausius")][::-1], found[rows("heats")], atol=1e-10)


@pytest.mark.slow
def test_what_vanishes_has_no_derivative(driven):
    """Residuals, and the interior production of eq. (11), vanish for all parameters."""
    for figure in ("interior", "first_law_residual", "limit_cycle_residual"):
        slopes = driven.jacobian["driven"][driven.rows(figure)]
        assert np.max(np.abs(slopes)) < 1e-12, figure


@pytest.mark.slow
def test_an_error_estimate_is_not_differentiated(driven):
    rows = driven.rows("clausius_error")
    assert np.all(driven.values["driven"][rows] > 0.0)
    np.testing.assert_array_equal(driven.jacobian["driven"][rows], 0.0)
