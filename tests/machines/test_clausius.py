"""The steps of the integral of T dS by themselves: where S turns, what rounds, when it ends."""

import inspect
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.machines import clausius
from qtjax.machines.clausius import ClausiusIntegral

EPS = np.finfo(float).eps
N = qt.number(2)


def pieces(rate, panels=4):
    """Edges, bends and whether all was resolved, where S' is a function of s."""
    grid = jnp.linspace(0.0, 1.0, 8 * panels + 1)
    path = SimpleNamespace(grid=grid, states=grid, at=lambda s: s)
    found = inspect.unwrap(clausius._monotonic_pieces)(path, lambda s, _: (jnp.nan, rate(s)))
    return [np.asarray(x) for x in found]


@pytest.mark.slow
def test_the_pieces_on_which_entropy_is_monotonic():
    """Each panel is cut at its zero of S' or, where it has none, in the middle."""
    edges, bends, resolved = pieces(lambda s: (s - 0.3) * (s - 0.77))
    np.testing.assert_allclose(edges, [0, 0.125, 0.25, 0.3, 0.5, 0.625, 0.75, 0.77, 1], atol=1e-14)
    np.testing.assert_array_equal(bends, [0, 0, 1, -1, 0, 0, 1, -1])
    assert resolved
    # from the first to the last interval of a panel; what rounding makes 0 keeps the sign before
    edges, bends, resolved = pieces(lambda s: jnp.where(jnp.abs(s - 0.5) < 0.05, 0.0, 0.48 - s), 1)
    np.testing.assert_array_equal(bends, [1, -1])
    assert resolved
    np.testing.assert_allclose(pieces(lambda s: s - 0.01)[0][:3], [0.0, 0.01, 0.25], atol=1e-14)
    np.testing.assert_allclose(pieces(lambda s: 0.24 - s)[0][:3], [0.0, 0.24, 0.25], atol=1e-14)
    assert not pieces(lambda s: (s - 0.3) * (s - 0.4))[2]  # twice in one panel


def test_what_rounding_makes_of_an_entropy_rate(monkeypatch):
    """8 eps duration (sizes of dissipators + max|H|), the largest, times max|ln rho|."""
    h = qt.Driven([(qt.Linear(1.0, 3.0), N)])
    system = qt.OpenSystem(h, qt.Lindblad(2.0 * qt.destroy(2), 0.25))
    found = clausius._rounding(system, jnp.asarray(5.0), jnp.array([0.0, 0.5]))
    assert float(found) == pytest.approx(8 * EPS * 5.0 * (1.0 + 2.0))
    rho = jnp.diag(jnp.array([0.9, 0.1])) + 0j

    def rate(change, rounding):
        path = SimpleNamespace(
            flow=lambda s, rho: (jnp.diag(jnp.array([-change, change])) + 0j, 7.0)
        )
        heat, found = inspect.unwrap(clausius._flow)(path, jnp.asarray(rounding), 0.0, rho)
        assert heat == 7.0
        return float(found)

    assert rate(0.5, 0.1) == pytest.approx(0.5 * np.log(9.0))  # -tr(rho' ln rho)
    assert rate(-0.5, 0.1) == pytest.approx(-0.5 * np.log(9.0))
    least = 0.5 * np.log(9.0) / np.log(10.0)
    assert rate(0.5, 1.01 * least) == 0.0
    assert rate(0.5, 0.99 * least) > 0.0


@pytest.mark.parametrize(
    ("errors", "tolerance", "most", "tried"),
    [
        ({8: [1.0, 3.0], 16: [0.0, 2.0], 32: [0.0, 0.9]}, 0.5, 256, [8, 16, 32]),  # of 2 each
        ({8: [0.9, 1.0]}, 0.5, 256, [8]),
        ({8: [3.0, 3.0], 16: [3.0, 3.0]}, 0.0, 256, [8, 16]),  # it no longer falls
        ({8: [np.inf], 16: [np.inf], 32: [0.0]}, 0.5, 256, [8, 16, 32]),
        ({8: [3.0], 16: [2.0]}, 0.0, 16, [8, 16]),
        ({8: []}, 0.5, 256, [8]),
    ],
)
def test_panels_are_doubled(monkeypatch, errors, tolerance, most, tried):
    panels = []

    def integrals(function, items):
        panels.extend(function.args)
        none = jnp.zeros(())
        return [
            ClausiusIntegral(none, jnp.asarray(e), jnp.asarray(2.0), none, none)
            for e in errors[function.args[0]]
        ]

    monkeypatch.setattr(clausius, "alongside", integrals)
    found = clausius._refined([()], tolerance, most)
    assert panels == tried
    assert [float(p.error) for p in found] == errors[tried[-1]]


def test_integrals_add_up_by_name(monkeypatch):
    """Strokes of one name together; nan for those that share a stroke, 0 for those without one."""
    bath = qt.LocalBath(qt.destroy(2), 1.0, 0.5, qt.Flat(0.1))
    contacts = ["sun", None, "sun", ("sea", None)]
    systems = [qt.OpenSystem(N, (bath,) * (2 if isinstance(c, tuple) else 1)) for c in contacts]
    strokes = [
        qt.Stroke(x, k + 1.0, c) for k, (x, c) in enumerate(zip(systems, contacts, strict=True))
    ]
    solution = SimpleNamespace(cycle=qt.Cycle(strokes), states=jnp.arange(5.0))

    def refined(items, tolerance, most):
        assert (tolerance, most) == (1e-11, 256)
        # by its duration and the state at its start
        return [ClausiusIntegral(*(jnp.asarray(x) for x in (t, s, 1.0, 2, 3))) for _, t, s in items]

    monkeypatch.setattr(clausius, "_refined", refined)
    found = inspect.unwrap(clausius.clausius_integrals)(solution)
    assert list(found) == ["cold", "hot", "sun", "sea"]
    assert [float(x) for x in found["sun"]] == [1.0 + 3.0, 0.0 + 2.0, 2.0, 4.0, 6.0]
    assert [float(x) for x in found["cold"]] == [0.0] * 5
    assert np.isnan(float(found["sea"].value))
    assert float(found["sea"].error) == 0.0


@pytest.mark.parametrize(
    ("hot", "cold", "efficiency"),
    [(2.0, -0.5, 0.75), (2.0, -2.0, np.nan), (2.0, -3.0, np.nan), (-1.0, 2.0, np.nan)],
)
def test_the_efficiency_of_two_integrals(monkeypatch, hot, cold, efficiency):
    parts = {
        name: SimpleNamespace(value=jnp.asarray(x)) for name, x in (("hot", hot), ("cold", cold))
    }
    monkeypatch.setattr(clausius, "clausius_integrals", lambda solution: parts)
    found = inspect.unwrap(clausius.generalized_efficiency)(None)
    np.testing.assert_equal(float(found), efficiency)


def test_interior_production_is_an_integral_over_time(monkeypatch):
    """int |f| dt over a time of 2, here of f = -(1 + s)/4, a matrix element of -i [H, rho]."""
    path = SimpleNamespace(
        grid=jnp.linspace(0.0, 1.0, 9), at=lambda s: jnp.array([[0.5, 0.25], [0.25, 0.5]]) + 0j
    )
    monkeypatch.setattr(clausius, "stroke_path", lambda *_: path)
    flow = lambda rho, change: ((1j * change[0, 1]).real, None)  # noqa: E731
    monkeypatch.setattr(clausius, "_entropy_flow", flow)
    system = qt.OpenSystem(qt.Driven([(qt.Linear(1.0, 2.0), N)]))
    found = clausius._interior(1, system, jnp.asarray(2.0), jnp.eye(2) + 0j)
    assert float(found) == pytest.approx(2.0 * 1.5 / 4.0)


def test_the_error_of_an_integral_with_a_jump(monkeypatch):
    """dQ/ds = 1 where S moves, and no heat counts below s = 0.06, where it is said not to."""

    def at(s):
        return jnp.diag(jnp.stack([0.9 - 0.3 * s, 0.1 + 0.3 * s])) + 0j

    def flow(s, rho):
        return jnp.diag(jnp.array([-0.3, 0.3])) * jnp.where(s < 0.06, 0.0, 1.0) + 0j, 1.0 + 0.0 * s

    grid = jnp.linspace(0.0, 1.0, 9)
    path = SimpleNamespace(grid=grid, states=jax.vmap(at)(grid), at=at, flow=flow)
    monkeypatch.setattr(clausius, "stroke_path", lambda *_: path)
    for name in ("_monotonic_pieces", "_flow"):
        monkeypatch.setattr(clausius, name, inspect.unwrap(getattr(clausius, name)))
    closed, start = qt.OpenSystem(N), jnp.eye(2) + 0j
    found = jax.jit(lambda time: clausius._integral(1, closed, time, start))(1.0)
    assert abs(float(found.value) - 0.94) < float(found.error) < 0.2
    assert float(found.value) == pytest.approx(0.94, abs=0.02)
    assert float(found.scale) == pytest.approx(float(found.value), rel=1e-12)
    assert (int(found.turning_points), int(found.masked)) == (0, 1)


@pytest.mark.slow
def test_a_state_that_is_none_has_no_integral():
    stroke = qt.Stroke(qt.OpenSystem(N, qt.LocalBath(qt.destroy(2), 1.0, 0.3, qt.Flat(0.2))), 1.0)
    found = clausius.clausius_integral(stroke, jnp.full((2, 2), jnp.nan + 0j))
    assert np.isnan(float(found.value))
    assert float(found.error) == np.inf
