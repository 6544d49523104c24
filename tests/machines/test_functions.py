"""Plain functions wherever a schedule is taken, with values closed over."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import qtjax as qt

N, X, Z = qt.number(2), qt.sigmax(), qt.sigmaz()
COLD, HOT = 0.5 * Z + 0.3 * X, Z + 0.3 * X
BENT = 0.2
FIGURES = ("work_output", "heat_hot", "efficiency", "power")


def machine(*ramps):
    return qt.otto_cycle(
        COLD, HOT, couplings=(X, Z), temperatures=(0.5, 4.0), rate=0.5,
        durations=(2.0, 1.0, 2.0, 1.0), ramps=ramps,
    )  # fmt: skip


def with_functions(bend):
    return machine(lambda s: s + bend * s * (1.0 - s), lambda s: s**2 + bend * s * (1.0 - s))


def with_schedules(bend):
    zero, one = jnp.zeros_like(bend), jnp.ones_like(bend)
    ramps = ([zero, one + bend, -bend], [zero, bend, one - bend])
    return machine(*(qt.Polynomial(jnp.stack(ramp)) for ramp in ramps))


@functools.cache
def solutions():
    """The same machine, given both ways."""
    bend = jnp.asarray(BENT)
    return tuple(qt.limit_cycle(make(bend)) for make in (with_functions, with_schedules))


def test_a_limit_cycle_with_functions_is_that_with_schedules():
    found, wanted = solutions()
    assert bool(found.result == qt.RESULTS.successful)
    for name in FIGURES:
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-12)
    np.testing.assert_allclose(found.states, wanted.states, rtol=0, atol=1e-13)


@pytest.mark.slow
def test_everything_about_a_cycle_with_functions():
    found, wanted = solutions()
    # the states inside are equal to the error of their steps; T dS is the cross-check's quadrature
    np.testing.assert_allclose(
        found.generalized_efficiency, wanted.generalized_efficiency, rtol=1e-9
    )
    samples = [qt.machines.sample_cycle(solution, 8) for solution in (found, wanted)]
    for one, other in zip(*samples, strict=True):
        for name in ("energy", "entropy", "gap"):
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-11)
        np.testing.assert_allclose(one.rates.power, other.rates.power, atol=1e-11)
    states, heats = qt.machines.transient(found.cycle, found.states[0], 2)
    np.testing.assert_allclose(states, found.states[:1].repeat(3, axis=0), rtol=0, atol=1e-12)
    np.testing.assert_allclose(heats[0], found.heats, rtol=0, atol=1e-12)
    assert qt.machines.resolving_steps(found.cycle) == 64


def test_values_that_a_ramp_closes_over_under_jit_vmap_and_grad():
    def figures(make):
        @jax.jit
        @jax.vmap
        def all_of(bend):
            def work(bend):
                solution = qt.limit_cycle(make(bend))
                return solution.work_output, solution.efficiency

            return jax.value_and_grad(work, has_aux=True)(bend)

        return all_of(jnp.array([0.0, BENT]))

    (works, efficiencies), slopes = figures(with_functions)
    (wanted, others), derivatives = figures(with_schedules)
    np.testing.assert_allclose(works, wanted, rtol=1e-12)
    np.testing.assert_allclose(efficiencies, others, rtol=1e-12)
    assert np.all(np.abs(derivatives) > 1e-5)
    np.testing.assert_allclose(slopes, derivatives, rtol=1e-9)
    np.testing.assert_allclose(works[1], solutions()[0].work_output, rtol=1e-12)


@pytest.mark.slow
def test_optimize_closes_over_its_parameters():
    def loss(make):
        return lambda p: -qt.limit_cycle(make(p["bend"])).work_output

    best = [
        qt.optimize(
            loss(make), {"bend": jnp.array([0.0, BENT])}, optax.sgd(0.5), steps=3, many=True,
            bounds=qt.Bounded(-0.9, 0.9),
        )
        for make in (with_functions, with_schedules)
    ]  # fmt: skip
    np.testing.assert_allclose(best[0].history.loss, best[1].history.loss, rtol=1e-12)
    np.testing.assert_allclose(best[0].parameters["bend"], best[1].parameters["bend"], rtol=1e-9)
    assert np.all(np.diff(best[0].history.loss, axis=-1) < 0.0)


def rate(s):
    return 0.3 + 0.2 * s


def gap(s):
    return 1.0 + 0.5 * s


STROKES = {
    "functions": lambda: (
        qt.OpenSystem(
            lambda s: gap(s) * N,
            (
                qt.LocalBath(qt.destroy(2), gap, 0.7, qt.Ohmic(0.2)),
                qt.Lindblad(Z, rate),
            ),
        ),
        qt.OpenSystem(qt.Driven([(lambda s: gap(1.0 - s), N)]), qt.Lindblad(X, lambda s: rate(s))),
    ),
    "schedules": lambda: (
        qt.OpenSystem(
            qt.Driven([(qt.Linear(1.0, 1.5), N)]),
            (
                qt.LocalBath(qt.destroy(2), qt.Linear(1.0, 1.5), 0.7, qt.Ohmic(0.2)),
                qt.Lindblad(Z, qt.Linear(0.3, 0.5)),
            ),
        ),
        qt.OpenSystem(qt.Driven([(qt.Linear(1.5, 1.0), N)]), qt.Lindblad(X, qt.Linear(0.3, 0.5))),
    ),
}


@pytest.mark.slow
def test_hamiltonians_rates_and_gaps_of_strokes():
    found, wanted = (
        qt.limit_cycle(qt.Cycle([qt.Stroke(s, 0.8, "hot") for s in systems()]))
        for systems in STROKES.values()
    )
    np.testing.assert_allclose(found.states, wanted.states, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.works, wanted.works, rtol=0, atol=1e-12)
    for one, other in zip(found.bath_heats, wanted.bath_heats, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", STROKES)
def test_a_stroke_in_time_stretches_functions_too(kind):
    duration, t = 2.0, 0.5
    rho = qt.algebra.random_density_matrix(jax.random.key(1), 2)
    for system in STROKES[kind]():
        stroke = qt.Stroke(system, duration)
        stretched = stroke.in_time()
        np.testing.assert_allclose(
            stretched.hamiltonian(t), system.hamiltonian(t / duration), rtol=1e-15
        )
        np.testing.assert_allclose(
            qt.dynamics.heat_currents(stretched, t, rho),
            qt.dynamics.heat_currents(system, t / duration, rho),
            rtol=1e-13,
        )
        np.testing.assert_allclose(
            qt.dynamics.power(stretched, t, rho),
            qt.dynamics.power(system, t / duration, rho) / duration,
            rtol=1e-13,
        )


def test_a_stroke_in_time_keeps_its_parts():
    driven = qt.Driven([(lambda s: 1.0 + s, N)])
    for parts in ((N, driven), (lambda s: (1.0 + s) * N, N)):
        system = qt.composite_system(parts, 0.1 * qt.tensor(X, X))
        stretched = qt.Stroke(system, 2.0).in_time()
        assert stretched.dims == (2, 2)
        for one, other in zip(stretched.parts, system.parts, strict=True):
            np.testing.assert_allclose(one(0.6), other(0.3), rtol=1e-15)
    assert qt.Stroke(qt.OpenSystem(N), 2.0).in_time().parts == ()


def test_a_stroke_of_a_duration_that_is_traced():
    def power(duration):
        stroke = qt.Stroke(STROKES["functions"]()[1], duration)
        return qt.dynamics.power(stroke.in_time(), 0.2, qt.algebra.maximally_mixed(2))

    value, slope = jax.jit(jax.value_and_grad(power))(2.0)
    np.testing.assert_allclose(value, -0.25 / 2.0, rtol=1e-13)
    np.testing.assert_allclose(slope, 0.25 / 4.0, rtol=1e-13)


def test_parts_of_a_model_may_be_functions():
    model = qt.models.exchange((N, lambda t: (1.0 + t) * N), (qt.destroy(2),) * 2, 0.3)
    assert model.dims == (2, 2)
    fixed = qt.models.partial_swap(1.0, 0.3)
    np.testing.assert_allclose(model.hamiltonian(0.0), fixed.hamiltonian(0.0), atol=1e-15)
    np.testing.assert_allclose(
        model.hamiltonian(1.0) - model.hamiltonian(0.0), qt.embed(N, (2, 2), 1), atol=1e-15
    )


def test_a_function_is_static_and_an_equinox_module_a_parameter():
    class Bend(eqx.Module):
        bend: jax.Array

        def __call__(self, s):
            return s + self.bend * s * (1.0 - s)

    bend = jnp.asarray(BENT)
    ramp = machine(Bend(bend), lambda s: s).strokes[1].system.hamiltonian
    found, rest = eqx.partition(ramp, eqx.is_array)
    assert any(leaf is bend for leaf in jax.tree.leaves(found))
    assert not any(map(callable, jax.tree.leaves(rest)))
