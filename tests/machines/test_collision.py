"""Collisions and resets in cycles: published engines, laws, and what they are equal to."""

import json
import math
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from jax.scipy.linalg import expm

import qtjax as qt
from qtjax.machines import Collision, Reset

REFERENCE = Path(__file__).parents[1] / "reference" / "published.json"
PUBLISHED = {r["key"]: r["values"] for r in json.loads(REFERENCE.read_text())["results"]}
Z, X, UP = qt.sigmaz(), qt.sigmax(), qt.destroy(2)  # H = w Z / 2 has its ground level at index 1
SWAP = jnp.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]) + 0j


def exchange(dims, i, j, strength):
    hop = qt.embed(UP, dims, i) @ qt.embed(qt.dag(UP), dims, j)
    return strength * (hop + qt.dag(hop))


def two_stroke_engine(w1, w2, cold, hot, g=0.8, scale=1.0):
    """arXiv:2203.13773: two qubits, each with an ancilla of its own, then with each other."""
    gaps = scale * w1, scale * w2
    h = sum(qt.embed(w / 2 * Z, (2, 2), k) for k, w in enumerate(gaps))
    pairs = sum(exchange((2,) * 4, k, k + 2, scale * g) for k in (0, 1))
    heat = Collision(
        h, [w / 2 * Z for w in gaps], interaction=pairs, duration=1.0 / scale,
        temperature=(scale * cold, scale * hot), contact=("cold", "hot"),
    )  # fmt: skip
    swap = qt.OpenSystem(h + exchange((2, 2), 0, 1, scale * g), energy=h)
    return qt.Cycle([heat, qt.Stroke(swap, 1.0 / scale)])


ENGINE = 0.75, 1.0, 0.4, 0.8


@pytest.fixture(scope="module")
def engine():
    return qt.limit_cycle(two_stroke_engine(*ENGINE))


def test_published_collisional_engine(engine):
    wanted = PUBLISHED["collisional_two_stroke_engine"]
    found = {
        "limit_Q_c": engine.heat_cold,
        "limit_Q_h": engine.heat_hot,
        "limit_W_out": engine.work_output,
        "limit_efficiency": engine.efficiency,
    }
    # the heats of cycle 8 are those from both qubits in the lower level, and not in the upper one
    ground = qt.pure_state(qt.ket((1, 1), (2, 2)))
    run = qt.machines.repeat(engine.cycle, ground, 8)
    found["cycle_8_Q_c"], found["cycle_8_Q_h"] = (run.named_heats[x][7] for x in ("cold", "hot"))
    found["cycle_8_W_out"] = -run.works[7].sum()
    assert set(found) == set(wanted)
    for name, value in found.items():
        assert float(value) == pytest.approx(wanted[name], rel=1e-12), name
    assert engine.regime == "engine"
    assert float(engine.carnot_efficiency) == pytest.approx(0.5)
    states, heats = qt.machines.transient(engine.cycle, ground, 8)
    np.testing.assert_allclose(states, run.states)
    np.testing.assert_allclose(heats[:, 0], sum(run.named_heats.values()))


def test_books_of_collisions(engine):
    assert bool(engine.result == qt.RESULTS.successful)
    assert abs(float(engine.first_law_residual)) < 1e-15
    assert float(engine.limit_cycle_residual) < 1e-15
    assert float(engine.error) < 1e-13
    # a joint collision: its entropy belongs to both names, so to neither
    assert math.isnan(float(engine.entropy_hot))
    production = -engine.heat_cold / 0.4 - engine.heat_hot / 0.8
    assert float(engine.spohn_production) == pytest.approx(float(production), rel=1e-12)


@pytest.mark.slow
def test_derivatives_batches_and_units_of_collisions():
    def power(x, scale):
        solution = qt.limit_cycle(two_stroke_engine(*x, scale=scale))
        return solution.power, solution.efficiency

    lanes = jax.jit(jax.vmap(jax.value_and_grad(power, has_aux=True)))
    steps = 1e-5 * jnp.concatenate([jnp.zeros((3, 4)), jnp.eye(4), -jnp.eye(4)])
    scales = jnp.array([1.0, 1e-30, 1e30] + 8 * [1.0])
    (values, efficiencies), slopes = lanes(jnp.array(ENGINE) + steps, scales)
    np.testing.assert_allclose(efficiencies[:3], 0.25, rtol=1e-12)
    differences = (values[3:7] - values[7:]) / 2e-5
    np.testing.assert_allclose(slopes[0], differences, rtol=1e-6, atol=1e-9)


def uzdin(t, kind):
    """Uzdin, Levy and Kosloff, PRX 5, 031044: work per time of a three-level engine."""
    level = jnp.diag(jnp.array([0.0, 1.0, 4.0])) + 0j
    jump = {(i, j): jnp.zeros((3, 3), complex).at[i, j].set(1.0) for i in (0, 1) for j in (1, 2)}
    hot = qt.LocalBath(jump[0, 2], 4.0, 10.0, qt.Flat(0.5))
    cold = qt.LocalBath(jump[0, 1], 1.0, 1.0, qt.Flat(0.5))
    drive = jump[1, 2] + qt.dag(jump[1, 2])
    shift = np.roll(np.eye(3), 1, axis=0)
    which = [np.diag(row) for row in np.eye(3)]
    record = sum(np.kron(p, np.linalg.matrix_power(shift, k)) for k, p in enumerate(which)) + 0j
    # an ancilla that records the level, at no cost of energy: complete dephasing
    look = Collision(level, np.zeros((3, 3)), unitary=record, state=np.diag([1.0, 0.0, 0.0]))

    def stroke(h, baths, duration, contact=None):
        return qt.Stroke(qt.OpenSystem(h, baths, energy=level), duration, contact)

    half, still = stroke(drive, (), t / 2), 0.0 * drive
    isochores = stroke(still, hot, t, "hot"), stroke(still, cold, t, "cold")
    cycles = {
        "four": [isochores[0], half, isochores[1], half],
        "two": [stroke(still, (hot, cold), t, ("hot", "cold")), stroke(drive, (), t)],
        "continuous": [stroke(drive, (hot, cold), t, ("hot", "cold"))],
        "dephased": [isochores[0], half, look, isochores[1], half, look],
    }
    return qt.limit_cycle(qt.Cycle(cycles[kind]))


KINDS = ["four", "two", "continuous", "dephased"]


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=pytest.mark.slow if kind != "dephased" else ()) for kind in KINDS],
)
def test_published_equivalence_of_engines(kind):
    found = eqx.filter_jit(lambda t: uzdin(t, kind).work_output / t)
    for name, values in PUBLISHED["uzdin_engine_equivalence"].items():
        t = float(name[1:])
        assert float(found(jnp.asarray(t))) == pytest.approx(values[KINDS.index(kind)], rel=1e-11)


def test_published_entropy_production_as_correlation():
    """One collision: Esposito et al.'s production is dS less the flux that comes with the heat."""
    rho = jnp.array([[0.3, 0.2 - 0.1j], [0.2 + 0.1j, 0.7]])
    bath = 0.65 * Z
    tau = qt.thermal_state(bath, 1 / 0.8)
    coupling = qt.tensor(X, X) + qt.tensor(qt.sigmay(), qt.sigmay())

    @jax.jit
    def books(g):
        collision = Collision(0.0 * Z, bath, unitary=expm(-1j * g * coupling), state=tau)
        after, booked = collision.propagator(1).apply(rho)
        heats, work = booked[:-1], booked[-1]
        change = qt.entropy(after) - qt.entropy(rho)
        return change - collision.entropy_flux(rho, heats), change, -heats[0], work

    for name, values in PUBLISHED["entropy_production_as_correlation"].items():
        production, change, heat, work = books(
            math.pi / 4 if name == "g0.7854" else float(name[1:])
        )
        found = production, change, heat, work
        np.testing.assert_allclose(found, [values[0], *values[4:], heat], atol=1e-12)  # H = 0


H = qt.embed(0.5 * Z, (2, 2), 0) + qt.embed(Z, (2, 2), 1) + 0.3 * qt.tensor(X, X)


def kicked(kick):
    """A kick of the first qubit, and a reset of the second, with free motion in between."""
    free = qt.OpenSystem(H)
    reset = Reset(H, Z, 0.3, temperature=2.0, dims=(2, 2), sites=1, contact="b")
    return qt.limit_cycle(qt.Cycle([kick, qt.Stroke(free, 1.3), reset, qt.Stroke(free, 0.4)]))


@pytest.mark.slow
def test_a_reset_is_a_swap_with_an_ancilla():
    tau = qt.thermal_state(0.5 * Z, 0.5)
    swap = qt.embed(SWAP, (2, 2, 2), (0, 2))
    found = [
        kicked(Collision(H, 0.5 * Z, unitary=swap, temperature=0.5, contact="a")),
        kicked(Reset(H, 0.5 * Z, state=tau, contact="a", dims=(2, 2), sites=0)),
    ]
    for solution in found:
        assert bool(solution.result == qt.RESULTS.successful)
        assert abs(float(solution.first_law_residual)) < 1e-14
        assert float(solution.spohn_production) > 0.0
        assert float(solution.spohn_production) == pytest.approx(
            float(found[0].spohn_production), rel=1e-10
        )
        np.testing.assert_allclose(solution.states, found[0].states, atol=1e-13)
        np.testing.assert_allclose(solution.works, found[0].works, atol=1e-13)
        for name, heat in found[0].named_heats.items():
            assert float(solution.named_heats[name]) == pytest.approx(float(heat), rel=1e-11)
    total = sum(found[0].named_heats.values()) + found[0].work
    assert abs(float(total)) < 1e-14


def test_correlated_ancillas_give_what_product_ones_cannot():
    """Two ancillas without energies of their own but with coherence between them do work."""
    h, coupling = 0.5 * Z, exchange((2, 2, 2), 0, 1, 1.0) + exchange((2, 2, 2), 0, 2, 1.0)
    tau = qt.thermal_state(h, 1.0)
    product = qt.tensor(tau, tau)
    joint = product + 0.1 * exchange((2, 2), 0, 1, 1.0)  # the same states of each alone

    def cycle(**given):
        return qt.limit_cycle(qt.Cycle([Collision(
            h, (h, h), interaction=coupling, duration=0.7, contact="ancillas", **given
        )]))  # fmt: skip

    same, correlated = cycle(state=product), cycle(state=joint)
    np.testing.assert_allclose(same.states[0], tau, atol=1e-14)
    beta = qt.thermodynamics.population_beta(correlated.states[0], h)
    assert abs(float(beta) - 1.0) > 0.05  # the correlation makes it another temperature
    assert abs(float(correlated.first_law_residual)) < 1e-15
    assert float(correlated.spohn_production) > 1e-3  # what became of the correlation


class Measurement(qt.machines.AbstractStroke):
    """A kind of stroke of one's own: coherences are lost, and what that changes is work."""

    hamiltonian: jax.Array
    duration: float = 0.0
    contact: None = None
    temperatures: tuple = ()

    def energy(self, s):
        return self.hamiltonian

    def propagator(self, steps, *, tolerance, resolution):
        def action(rho):
            change = jnp.diag(jnp.diag(rho)) - rho
            return change, jnp.zeros(0), qt.expectation(self.hamiltonian, change)

        return qt.dynamics.linear_propagator(action, self.hamiltonian)


def test_a_stroke_of_ones_own():
    h = 0.5 * Z + 0.3 * X
    bath = qt.DaviesBath(h, X, 0.7, qt.Flat(0.2))
    solution = qt.limit_cycle(
        qt.Cycle([qt.Stroke(qt.OpenSystem(h, bath), 2.0, "bath"), Measurement(h)])
    )
    assert bool(solution.result == qt.RESULTS.successful)
    # measuring costs work, and all of it ends in the bath
    assert float(solution.works[1]) > 1e-3
    assert float(solution.named_heats["bath"]) == pytest.approx(-float(solution.work), rel=1e-12)


def test_traced_mistakes_are_not_successful():
    """A unitary that is none, p > 1: errors of their own size; a state of another trace: nan."""

    @jax.jit
    def errors(defect):
        h = 0.5 * Z
        strokes = [
            Collision(h, h, unitary=SWAP + defect * jnp.eye(4), temperature=1.0),
            Collision(h, h, unitary=SWAP, state=(1.0 + defect) * jnp.eye(2) / 2),
            Reset(h, h, 1.0 + defect, temperature=1.0),
        ]
        return jnp.stack([stroke.propagator(1).error for stroke in strokes])

    assert float(jnp.max(errors(0.0))) < 1e-14
    below = Reset(0.5 * Z, 0.5 * Z, 1.0, temperature=1.0)
    below = eqx.tree_at(lambda stroke: stroke.probability, below, jnp.asarray(-1e-3))
    assert float(below.propagator(1).error) > 9e-4
    unitary, state, probability = errors(1e-3)
    assert float(unitary) > 9e-4
    assert float(probability) > 9e-4
    assert np.isnan(state)


@pytest.mark.parametrize("duration", [0.5, 2.0])
def test_a_collision_lasts_its_duration(duration):
    """Resonant exchange of an excited qubit: p -> p + (n - p) sin(g t)^2, all of it heat."""
    h, g, n = qt.number(2), 0.8, 0.25
    stroke = Collision(
        h, h, interaction=exchange((2, 2), 0, 1, g), duration=duration, temperature=1.0 / np.log(3)
    )
    rho, (heat, work) = stroke.propagator(1).apply(jnp.diag(jnp.array([0.0, 1.0])) + 0j)
    moved = (n - 1.0) * np.sin(g * duration) ** 2
    np.testing.assert_allclose(jnp.diag(rho).real, [-moved, 1.0 + moved], atol=1e-14)
    np.testing.assert_allclose([heat, work], [moved, 0.0], atol=1e-14)


def test_what_rounding_makes_of_a_collision():
    """eps for a unitary that is exact, eps times the exponent for one that is computed."""
    h, eps = qt.number(2), np.finfo(float).eps
    step, rounding = Collision(h, h, unitary=SWAP, temperature=1.0)._step()
    np.testing.assert_array_equal(step, SWAP - jnp.eye(4))
    assert float(rounding) == eps
    stroke = Collision(h, 3.0 * h, interaction=exchange((2, 2), 0, 1, 0.5), duration=1.0,
                       temperature=1.0)  # fmt: skip
    step, rounding = stroke._step()
    defect = np.max(np.abs(step + step.conj().T + step.conj().T @ step))
    assert float(rounding) - defect == pytest.approx(4 * eps, rel=0.3)  # of the level at 4
    assert float(stroke.propagator(1).unit) == 3.0


def test_weak_collisions_far_from_resonance():
    """Phases that move nothing cost no digits: of n' = n + p (n_anc - n) with p down to 1e-10."""
    h, gaps, temperatures = 10.3 * qt.number(2), (2.0, 44.8), (6937.0, 8416.0)
    durations, couplings = (0.6756, 0.7555), jnp.array([1.4456e-3, 3.1728e-4])

    def limit(couplings):
        strokes = [
            Collision(h, gap * qt.number(2), interaction=exchange((2, 2), 0, 1, g), duration=time,
                      temperature=temperature, contact=name)
            for gap, g, time, temperature, name in zip(
                gaps, couplings, durations, temperatures, ("cold", "hot"), strict=True
            )
        ]  # fmt: skip
        return qt.limit_cycle(qt.Cycle(strokes), throw=False)

    def excited(couplings):
        p, n = [], []
        for k in range(2):
            detuning = 0.5 * (10.3 - gaps[k])
            rabi = jnp.sqrt(couplings[k] ** 2 + detuning**2)
            p.append((couplings[k] / rabi * jnp.sin(rabi * durations[k])) ** 2)
            n.append(1.0 / (jnp.exp(gaps[k] / temperatures[k]) + 1.0))
        kept = 1.0 - p[1]
        return (kept * p[0] * n[0] + p[1] * n[1]) / (p[0] + p[1] - p[0] * p[1])

    solution = limit(couplings)
    assert bool(solution.result == qt.RESULTS.successful)
    wanted = excited(couplings)
    assert abs(solution.states[0][1, 1].real - wanted) < float(solution.error) < 1e-10
    slope = jax.jit(jax.jacfwd(lambda g: limit(g).states[0][1, 1].real))(couplings)
    np.testing.assert_allclose(slope, jax.jacfwd(excited)(couplings), rtol=1e-8)
    weaker = limit(1e-4 * couplings)  # what cannot be told is not told
    assert not bool(weaker.result == qt.RESULTS.successful)
    unitary = jnp.diag(jnp.exp(1e-4j * jnp.arange(4.0))) + 3e-9 * exchange((2, 2), 0, 1, 1.0)
    rough = Collision(h, h, unitary=unitary, temperature=1.0).propagator(1)
    assert float(jnp.max(rough.rounded)) > 1e-9  # of 3e-9 that is not unitary


def test_heat_that_may_leave_ancillas_at_zero_temperature():
    """Up to 64 eps max|H| of it is rounding."""
    least = 64 * np.finfo(float).eps * 3.0
    for stroke in (
        Reset(3.0 * qt.number(2), qt.number(2), temperature=0.0),
        Collision(3.0 * qt.number(2), qt.number(2), unitary=SWAP, temperature=0.0),
    ):
        rho = jnp.eye(2) / 2 + 0j
        assert float(stroke.entropy_flux(rho, jnp.array([-0.9 * least]))) == 0.0
        assert float(stroke.entropy_flux(rho, jnp.array([-1.1 * least]))) == -np.inf


def test_limits_of_what_collisions_take():
    h = qt.number(2)
    assert float(Collision(h, h, unitary=SWAP, temperature=1.0).duration) == 0.0
    whole = Reset(h, h, temperature=1.0, contact=("bath",))
    assert (float(whole.duration), float(whole.probability)) == (0.0, 1.0)
    assert whole.contacts == ("bath",)
    for p in (0.0, 1.0):
        rho, (heat, work) = (
            Reset(h, h, p, temperature=1 / np.log(3))
            .propagator(1)
            .apply(jnp.diag(jnp.array([0.0, 1.0])) + 0j)
        )
        np.testing.assert_allclose([rho[1, 1].real, heat, work], [1 - 0.75 * p, -0.75 * p, 0.0])
    for p in (-1e-3, 1.001):
        with pytest.raises(ValueError, match=f"`probability` must be between 0 and 1, got {p:g}"):
            Reset(h, h, p, temperature=1.0)
    almost = SWAP + 2e-9 * jnp.eye(4)  # off by 4e-9, where 1e-8 is allowed
    Collision(h, h, unitary=almost, temperature=1.0)
    Collision(h, h, unitary=(SWAP + 4e-5 * jnp.eye(4)).astype(jnp.complex64), temperature=1.0)
    for wrong in (SWAP + 2e-8 * jnp.eye(4), (SWAP + 2e-4 * jnp.eye(4)).astype(jnp.complex64)):
        with pytest.raises(ValueError, match=r"`unitary` must be unitary, but max\|U\^dagger U"):
            Collision(h, h, unitary=wrong, temperature=1.0)
    two = qt.tensor(SWAP, qt.identity(2))
    with pytest.raises(ValueError, match="`temperature` must be one number, or 2 of them, got 3"):
        Collision(h, (h, h), unitary=two, temperature=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"`temperature\[1\]` must be >= 0"):
        Collision(h, (h, h), unitary=two, temperature=[1.0, -2.0])
    with pytest.raises(ValueError, match="`ancillas` must hold at least one Hamiltonian"):
        Collision(h, (), unitary=SWAP, temperature=1.0)
    for given in ([1.0, 2.0], np.array([1.0, 2.0])):
        several = Collision(h, (h, 2 * h), unitary=two, temperature=given)
        assert [float(t) for t in several.temperatures] == [1.0, 2.0]
    same = Collision(h, (h, 2 * h), unitary=two, temperature=0.5)
    assert [float(t) for t in same.temperatures] == [0.5, 0.5]


def test_what_has_no_inside(engine):
    for function in (
        qt.machines.sample_cycle,
        qt.machines.clausius_integrals,
        qt.machines.interior_production,
        lambda s: qt.machines.cycle_mean(s, jnp.eye(4) + 0j),
        lambda s: s.generalized_efficiency,
    ):
        with pytest.raises(ValueError, match=r"strokes\[0\]` is a `Collision`.*no state of the sy"):
            function(engine)


@pytest.mark.parametrize(("gap", "offset"), [(2.971, 0.0), (2.96875, 2.0**24)])
def test_heats_of_resets_are_as_sure_as_they_say(gap, offset):
    """+-w (p_h - p_c) a b / (1 - (1 - a)(1 - b)) for the shares a and b that are reset."""
    h, (cold, hot, a, b) = qt.number(2), (2.739, 0.648, 0.997, 0.972)
    resets = [
        Reset(w * h, w * h + offset * jnp.eye(2), share, temperature=t, contact=name)
        for w, share, t, name in ((gap, a, hot, "hot"), (1.0, b, cold, "cold"))
    ]
    found = qt.limit_cycle(qt.Cycle(resets))
    with mpmath.workdps(40):
        gap, cold, hot, a, b = (mpmath.mpf(x) for x in (gap, cold, hot, a, b))
        upper, lower = (1 / (1 + mpmath.exp(x)) for x in (gap / hot, 1 / cold))
        moved = (upper - lower) * a * b / (1 - (1 - a) * (1 - b))
        off = abs(float(found.heat_hot) - gap * moved), abs(float(found.heat_cold) + moved)
        assert max(off) <= float(found.heat_error) < 1e-14 * max(1.0, offset)
