"""Every message names the argument, its value and the remedy."""

import functools
import json
import re
import subprocess
import sys
from pathlib import Path

import bad_inputs
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import qtjax as qt

N, X, Z = qt.number(2), qt.sigmax(), qt.sigmaz()
NAN = float("nan")
GROUND = jnp.diag(jnp.array([1.0, 0.0])) + 0j
TS = jnp.array([0.0, 1.0])
LOPSIDED = np.array([[0.0, 1.0], [0.25, 0.0]])
NOT_A_NUMBER = np.array([[0.0, NAN], [NAN, 1.0]])


def bath(temperature=1.0, gap=1.0, rate=0.1, lowering=None):
    lowering = qt.destroy(2) if lowering is None else lowering
    return qt.LocalBath(lowering, gap, temperature, qt.Flat(rate))


QUBIT = qt.OpenSystem(qt.Static(1.0 * N), (bath(),))


def evolve(rho0=GROUND, ts=TS, **kw):
    return qt.evolve(QUBIT, rho0, ts, **kw)


def otto(**kw):
    kw = {
        "cold": N,
        "hot": 2.0 * N,
        "couplings": (X,),
        "temperatures": (1.0, 4.0),
        "rate": 0.5,
        "durations": (1.0, 1.0, 1.0, 1.0),
    } | kw
    return qt.otto_cycle(kw.pop("cold"), kw.pop("hot"), **kw)


def optimize(**kw):
    kw = {"steps": 3, "loss": lambda x: (x - 1.0) ** 2, "start": 0.5} | kw
    return qt.optimize(kw.pop("loss"), jnp.asarray(kw.pop("start")), optax.adam(0.1), **kw)


FINITE = r"must be finite, but entry .* is .*nan.*; look for a division by zero"
FINITE_NUMBER = r"must be finite, but got nan; look for a division by zero"
HERMITIAN = r"must be Hermitian, but max\|A - A\^dagger\| = 0\.75; add the Hermitian conjugate"

PAIR = qt.models.partial_swap(1.0, 0.3)
PRODUCT = jnp.diag(jnp.array([1.0, 0.0, 0.0, 0.0])) + 0j
LEAKY = np.diag([0.0, 0.0, 0.0, -0.25]).astype(complex)
SKEW = np.zeros((4, 4), complex)
SKEW[1, 0] = 0.5


def pair_solution(system=PAIR, rho0=PRODUCT):
    return qt.evolve(system, rho0, TS)


MESSAGES = {
    # composites, generators, reservoirs
    "parts that do not multiply to d": (
        lambda: qt.OpenSystem(jnp.eye(4), parts=(N, jnp.eye(3))),
        r"`parts` have dimensions \(2, 3\), which multiply to 6, .* d = 4; give the bare Ham",
    ),
    "coupling of the wrong size": (
        lambda: qt.composite_system((N, N), jnp.eye(3)),
        r"`coupling` has d = 3, but .* multiply to 4; build it with `tensor`",
    ),
    "dims of a correlation": (
        lambda: qt.information.total_correlation(PRODUCT, (2, 3)),
        r"`dims` \(2, 3\) multiply to 6, but `rho` has shape \(4, 4\)",
    ),
    "part_rates without parts": (
        lambda: qt.thermodynamics.part_rates(QUBIT, 0.0, GROUND),
        r"`system` declares 0 parts.*`composite_system`",
    ),
    "generator that loses trace": (
        lambda: qt.algebra.canonical_form_of(LEAKY),
        r"`superoperator` must keep the trace, but max\|tr L\(X\)\| = 0\.25 .* missing",
    ),
    "generator that loses Hermiticity": (
        lambda: qt.algebra.canonical_form_of(SKEW),
        r"`superoperator` must keep Hermiticity, but max.* = 0\.5 .* factors of i",
    ),
    "generator of no dimension": (
        lambda: qt.algebra.canonical_form_of(np.eye(3)),
        r"`superoperator` must have shape \(d\*d, d\*d\).*got shape \(3, 3\)",
    ),
    "all parts reservoirs": (
        lambda: qt.finite_reservoirs(PAIR, pair_solution(), (0, 1), 1.0),
        r"`reservoirs` must .* leave at least one for the system itself, got \(0, 1\)",
    ),
    "reservoir at T = 0": (
        lambda: qt.finite_reservoirs(PAIR, pair_solution(), (1,), 0.0),
        r"`temperatures` must be > 0, got 0\.0; a reservoir's Gibbs state needs T > 0",
    ),
    "accountings without states": (
        lambda: qt.accountings(QUBIT, evolve(save=qt.rates)),
        r"`solution` must hold the states.*evolve without `save=`",
    ),
    "reservoirs without temperature": (
        lambda: qt.accountings(PAIR, pair_solution(), reservoirs=(1,)),
        r"`reservoirs` need `temperature`",
    ),
    "temperature that is not the bath's": (
        lambda: qt.accountings(QUBIT, evolve(), temperature=2.0),
        r"`temperature` is 2, but the baths are at 1; leave it out",
    ),
    "ledger at negative temperature": (
        lambda: qt.thermodynamics.von_neumann_ledger(GROUND, -1.0),
        r"`temperature` must be > 0, got -1\.0; the compression is isothermal",
    ),
    "levels that do not exist": (
        lambda: qt.thermodynamics.population_beta(GROUND, N, 0, 2),
        r"`lower` and `upper` must name two of the 2 levels, got 0 and 2",
    ),
    "Carnot without steps": (
        lambda: qt.machines.stepwise_carnot_cycle(
            N,
            couplings=X,
            temperatures=(1.0, 2.0),
            scales=(1.0, 2.0),
            rate=1.0,
            duration=1.0,
            steps=0,
        ),
        r"`steps` must be a whole number >= 1, got 0",
    ),
    "damping of no width": (
        lambda: qt.models.LorentzianDamping(1.0, 1.0, 0.0),
        r"`width` must be > 0, got 0\.0; a spectrum of no width",
    ),
    "eternal dephasing of negative rate": (
        lambda: qt.models.eternal_dephasing(-1.0),
        r"`rate` must be >= 0, got -1\.0",
    ),
    # Hamiltonians
    "Static not Hermitian": (lambda: qt.Static(LOPSIDED), "`operator` " + HERMITIAN),
    "Static nan": (lambda: qt.Static(NOT_A_NUMBER), "`operator` " + FINITE),
    "Driven not Hermitian": (
        lambda: qt.Driven([(1.0, Z), (2.0, LOPSIDED)]),
        r"`terms\[1\]\[1\]` " + HERMITIAN,
    ),
    "Driven mismatched": (
        lambda: qt.Driven([(1.0, Z), (2.0, qt.number(3))]),
        r"`terms\[1\]\[1\]` must be 2 x 2.*got shape \(3, 3\); use `embed` or `tensor`",
    ),
    "Driven empty": (lambda: qt.Driven([]), "`terms` must hold at least one .* got none"),
    "callable not Hermitian": (
        lambda: qt.evolve(qt.OpenSystem(lambda t: jnp.asarray(LOPSIDED)), GROUND, TS),
        r"`hamiltonian\(ts\[0\]\)` " + HERMITIAN,
    ),
    # Dimensions
    "bath and Hamiltonian": (
        lambda: qt.OpenSystem(qt.number(3), (bath(),)),
        r"`baths\[0\]` acts on d = 2, but the Hamiltonian has d = 3; use `embed` or `tensor`",
    ),
    "not a bath": (
        lambda: qt.OpenSystem(N, (bath(), "hot")),
        r"`baths\[1\]` must be a dissipator such as LocalBath or Lindblad, got 'hot' \(str\)",
    ),
    "energy and Hamiltonian": (
        lambda: qt.OpenSystem(N, (), energy=qt.number(3)),
        r"`energy` must have d = 2 like the Hamiltonian",
    ),
    "rho0 and Hamiltonian": (
        lambda: evolve(qt.algebra.maximally_mixed(3)),
        r"`rho0` must be 2 x 2 to match the Hilbert space, got shape \(3, 3\)",
    ),
    "coupling and Hamiltonian": (
        lambda: qt.DaviesBath(N, (X, qt.number(3)), 1.0, qt.Flat(0.1)),
        r"`couplings\[1\]` must be 2 x 2.*got shape \(3, 3\)",
    ),
    # States
    "trace": (
        lambda: evolve(1.5 * GROUND),
        r"`rho0` must have trace 1, got 1\.5; divide it by its trace",
    ),
    "positivity": (
        lambda: evolve(jnp.diag(jnp.array([1.25, -0.25])) + 0j),
        r"`rho0` must be positive semidefinite, but its smallest eigenvalue is -0\.25",
    ),
    "rho0 not Hermitian": (lambda: evolve(GROUND + LOPSIDED), "`rho0` " + HERMITIAN),
    "rho0 nan": (lambda: evolve(GROUND + NOT_A_NUMBER), "`rho0` " + FINITE),
    "transient rho0": (
        lambda: qt.machines.transient(otto(), 2.0 * GROUND, 1),
        r"`rho0` must have trace 1, got 2; divide",
    ),
    "transient cycles": (
        lambda: qt.machines.transient(otto(), GROUND, 0),
        r"`cycles` must be a whole number >= 1, got 0",
    ),
    # Baths
    "negative temperature": (
        lambda: bath(temperature=-0.5),
        r"`temperature` must be >= 0, got -0\.5; baths of negative temperature are not thermal",
    ),
    "nan temperature": (lambda: bath(temperature=NAN), "`temperature` " + FINITE_NUMBER),
    "negative gap": (
        lambda: bath(gap=-1.0),
        r"`gap` must be >= 0, got -1\.0; let `lowering` point downward",
    ),
    "nan gap": (lambda: bath(gap=NAN), "`gap` " + FINITE_NUMBER),
    "negative rate": (
        lambda: bath(rate=-0.1),
        r"`rate` must be >= 0, got -0\.1; use `Lindblad` for generators with negative rates",
    ),
    "nan rate": (lambda: bath(rate=NAN), "`rate` " + FINITE_NUMBER),
    "nan lowering": (lambda: bath(lowering=NOT_A_NUMBER), "`lowering` " + FINITE),
    "coupling not Hermitian": (
        lambda: qt.DaviesBath(N, LOPSIDED, 1.0, qt.Flat(0.1)),
        "`couplings` " + HERMITIAN,
    ),
    "no couplings": (
        lambda: qt.DaviesBath(N, (), 1.0, qt.Flat(0.1)),
        r"`couplings` must hold at least one operator, got none",
    ),
    "Lindblad rates": (
        lambda: qt.Lindblad([X, Z], (0.1,)),
        r"`rates` must give one rate for each of the 2 jump operators, got 1",
    ),
    "Lindblad nan": (lambda: qt.Lindblad(NOT_A_NUMBER, 0.1), "`operators` " + FINITE),
    "moving Davies": (
        lambda: qt.AdiabaticBath((qt.number(3),), 1.0, qt.Flat(0.1)),
        r"`transitions` is needed.*d = 3; pass "
        r"`transitions=qt\.dynamics\.bohr_transitions\(exemplar\)`",
    ),
    # Times
    "ts backwards": (
        lambda: evolve(ts=jnp.array([0.0, 2.0, 1.0])),
        r"`ts` must increase strictly, but entry 2 \(1\) does not exceed entry 1 \(2\); sort",
    ),
    "ts repeated": (
        lambda: evolve(ts=jnp.array([0.0, 1.0, 1.0])),
        r"`ts` must increase strictly, but entry 2 \(1\).*drop repeated ones",
    ),
    "ts single": (
        lambda: evolve(ts=jnp.array([0.0])),
        r"`ts` must hold at least two times \(start and end\), got 1",
    ),
    "ts nan": (lambda: evolve(ts=jnp.array([0.0, NAN])), "`ts` " + FINITE),
    # Cycles
    "negative duration": (
        lambda: qt.Stroke(QUBIT, -1.5),
        r"`duration` must be >= 0, got -1\.5; a stroke takes time forward; 0 is a quench",
    ),
    "nan duration": (lambda: qt.Stroke(QUBIT, NAN), "`duration` " + FINITE_NUMBER),
    "contact": (
        lambda: qt.Stroke(QUBIT, 1.0, 3),
        r"`contact` must be a name such as \"hot\", None, or a tuple .* got 3 \(int\)",
    ),
    "otto not Hermitian": (lambda: otto(cold=LOPSIDED), "`cold` " + HERMITIAN),
    "otto nan": (lambda: otto(hot=NOT_A_NUMBER), "`hot` " + FINITE),
    "otto temperatures": (
        lambda: otto(temperatures=(1.0, 2.0, 3.0)),
        r"`temperatures` must have 2 entries \(cold, hot\), got 3",
    ),
    "otto durations": (
        lambda: otto(durations=jnp.ones(3)),
        r"`durations` must have 4 entries \(hot isochore, expansion, .*compression\), got 3",
    ),
    "otto one duration": (lambda: otto(durations=1.0), r"`durations` must have 4 .* got 1"),
    "otto negative duration": (
        lambda: otto(durations=(1.0, -2.0, 1.0, 1.0)),
        r"`durations\[1\]` must be >= 0, got -2\.0; it is the entry 'expansion'",
    ),
    "otto rates": (
        lambda: otto(rate=(0.1, 0.2, 0.3)),
        r"`rate` must be a pair, got \(0\.1, 0\.2, 0\.3\)",
    ),
    # Schedules
    "knots": (lambda: qt.Ramp(jnp.eye(2)), r"`knots` must be a vector, got shape \(2, 2\)"),
    "interval": (
        lambda: qt.Linear(0.0, 1.0, 2.0, 1.0),
        r"`t1` must be later than `t0`, got t0 = 2\.0, t1 = 1\.0",
    ),
    # Optimization
    "steps": (lambda: optimize(steps=0), r"`steps` must be at least 1, got 0"),
    "start": (
        lambda: optimize(start=3.0, bounds=qt.Bounded(0.0, 2.0)),
        r"`start` must lie strictly inside its bounds, but start = 3\.0 does not; move it inside",
    ),
    "bounds": (
        lambda: qt.Bounded(2.0, 1.0),
        r"`upper` must exceed `lower`, got 2\.0 and 1\.0",
    ),
    "objective": (
        lambda: qt.objective("speed"),
        r"`name` must be one of efficiency, power, .* got 'speed'",
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_message_names_argument_value_and_remedy(case):
    build, match = MESSAGES[case]
    with pytest.raises(ValueError, match=f"(?s){match}") as caught:
        build()
    assert type(caught.value) is ValueError


@functools.cache
def outcomes():
    """What comes of all of `bad_inputs`, without the run-time type checks of this suite."""
    out = subprocess.run(
        [sys.executable, bad_inputs.__file__], capture_output=True, text=True, check=True,
        cwd=Path(qt.__file__).parents[1],
    )  # fmt: skip
    return json.loads(out.stdout)


def test_what_is_ill_formed_is_refused_by_the_name_of_the_argument():
    found = outcomes()["table"]
    assert len(found) > 1500
    wrong = {
        name: (kind, message)
        for name, (argument, kind, message) in found.items()
        if kind != "ValueError" or not re.match(rf"`{re.escape(argument)}[`(\[]", message)
    }
    assert wrong == {}


def test_every_refusal_says_what_was_given_or_what_jax_says():
    tellers = (
        "got ",
        "JAX says: ",
        "cannot be called: ",
        "its shape is ",
        "final",
        "finite",
        "vector",
    )
    quiet = {
        name: message
        for name, (_, _, message) in outcomes()["table"].items()
        if not any(word in message for word in tellers)
    }
    assert quiet == {}


@pytest.mark.parametrize("case", bad_inputs.SPECIAL)
def test_what_is_ill_formed_has_a_message_with_the_remedy(case):
    kind, message = outcomes()["special"][case]
    assert kind == "ValueError", message
    assert re.search(bad_inputs.SPECIAL[case][1], message, re.DOTALL), message


SCALARS = {name: call for name, (_, call) in bad_inputs.SCALARS.items()}


@pytest.mark.parametrize("name", SCALARS)
def test_traced_numbers_pass(name):
    """Under `jit`, `vmap` and `grad` a number is a tracer of shape ()."""

    def built(x):
        leaves = [leaf for leaf in jax.tree.leaves(SCALARS[name](x)) if eqx.is_array(leaf)]
        return sum(jnp.sum(jnp.real(leaf)) for leaf in leaves)

    start = jnp.asarray(0.75)  # within the bounds of all of them
    assert jax.eval_shape(built, start).shape == ()
    assert jax.eval_shape(jax.vmap(built), jnp.stack([start, start])).shape == (2,)
    assert jax.eval_shape(jax.grad(built), start).shape == ()
    for number in (0.75, np.float64(0.75), np.array(0.75), start):
        SCALARS[name](number)


def test_a_batch_of_modules_is_rebuilt_under_vmap():
    """What has batched leaves comes from `vmap` alone, and is not checked again."""
    baths = eqx.filter_vmap(lambda t: qt.LocalBath(X, 1.0, t, qt.Flat(0.1)))(jnp.ones(3))
    assert baths.temperature.shape == (3,)
    doubled = jax.tree.map(lambda x: 2.0 * x, baths)
    rates = eqx.filter_vmap(lambda bath: qt.dynamics.jump_operators(
        bath, qt.Static(N), 0.0)[0])(doubled)  # fmt: skip
    assert rates.shape == (3, 2)


@pytest.mark.parametrize("scale", [1e-34, 1e-25, 1.0, 1e25])
def test_hermiticity_is_relative_to_the_size(scale):
    qt.Static(scale * X)
    with pytest.raises(ValueError, match="`operator` must be Hermitian"):
        qt.Static(scale * LOPSIDED)


UNTYPED = """
import qtjax as qt
n, x = qt.number(2), (qt.sigmax(),)
def otto(hot=2.0 * n, ramps=None):
    qt.otto_cycle(n, hot, couplings=x, temperatures=(1.0, 4.0), rate=0.5, durations=(1.0,) * 4,
                  ramps=ramps)
otto()
for kw in ({"hot": qt.number(3)}, {"ramps": (qt.Linear(0.0, 1.0),)}, {"ramps": 3}):
    try:
        otto(**kw)
    except ValueError as error:
        print(error)
"""


def test_messages_of_what_type_checks_refuse_first():
    # Without the run-time type checks of this test suite, as in a user's program.
    out = subprocess.run(
        [sys.executable, "-c", UNTYPED], capture_output=True, text=True, check=True,
        cwd=Path(qt.__file__).parents[1],
    )  # fmt: skip
    hot, one, number = out.stdout.strip().splitlines()
    assert hot.startswith("`hot` must be 2 x 2 to match the Hilbert space, got shape (3, 3); use")
    assert one.startswith("`ramps` must be a pair, got (Linear(")
    assert number.startswith("`ramps` must be a pair, got 3")


def test_the_good_input_that_these_are_variations_of():
    assert bool(evolve().result == qt.RESULTS.successful)
    assert bool(qt.limit_cycle(otto()).result == qt.RESULTS.successful)
    assert bool(jnp.isfinite(optimize(bounds=qt.Bounded(0.0, 2.0)).loss))


def test_hot_bath_that_is_not_hot_warns():
    with pytest.warns(
        UserWarning, match=r"`temperatures` is \(cold, hot\) = \(2, 1\).*Swap them if"
    ):
        otto(temperatures=(2.0, 1.0))


def test_too_few_steps():
    driven = qt.OpenSystem(qt.Driven([(qt.Linear(1.0, 2.0), Z), (0.4, X)]))
    with pytest.raises(qt.SolverError, match=r"maximum number of (solver )?steps") as caught:
        qt.evolve(driven, GROUND, TS, max_steps=2, solver=qt.Magnus())
    assert bool(caught.value.solution.result == qt.RESULTS.max_steps_reached)
    assert "`throw=False`" in str(caught.value)
    where = "It ended between t = 0 and t = 1; at t = 0.5 levels of H are up to 3.1"
    assert where in str(caught.value)
    quiet = qt.evolve(driven, GROUND, TS, max_steps=1, throw=False)
    assert quiet.method == "unitary"
    assert bool(quiet.result == qt.RESULTS.max_steps_reached)


def test_too_few_steps_where_negative_rates_make_the_state_grow():
    system = qt.OpenSystem(N, qt.Lindblad(qt.destroy(2), -300.0))
    with pytest.raises(qt.SolverError, match="grows, at a rate of at least 200, and no number of"):
        qt.evolve(system, GROUND, TS, solver=qt.Taylor(), max_steps=4)
    damped = qt.OpenSystem(N, qt.Lindblad(qt.destroy(2), 300.0))
    with pytest.raises(qt.SolverError) as caught:
        qt.evolve(damped, GROUND, TS, solver=qt.Taylor(), max_steps=4)
    assert "largest rate" in str(caught.value)
    assert "grows" not in str(caught.value)


def test_limit_cycle_that_is_not_unique():
    with pytest.raises(
        qt.SolverError, match=r"not unique.*all rates are zero.*Put at least one stroke in contact"
    ) as caught:
        qt.limit_cycle(otto(rate=0.0))
    assert bool(caught.value.solution.result == qt.RESULTS.not_unique)


def test_failing_lane_in_a_batch_does_not_raise():
    @eqx.filter_jit
    @eqx.filter_vmap
    def lanes(temperature):
        solution = evolve_at(temperature)
        return solution.state, solution.result

    def evolve_at(temperature):
        system = qt.OpenSystem(qt.Static(1.0 * N), (bath(temperature=temperature),))
        return qt.evolve(system, GROUND, TS)

    states, result = lanes(jnp.array([1.0, NAN, 2.0]))
    good = [bool(jax.tree.map(lambda x, k=k: x[k], result) == qt.RESULTS.successful)
            for k in range(3)]  # fmt: skip
    assert good == [True, False, True]
    bad = jax.tree.map(lambda x: x[1], result)
    assert bool(bad == qt.RESULTS.not_finite)
    assert "Check the parameters" in qt.RESULTS[bad]
    np.testing.assert_allclose(states[0], evolve_at(1.0).state, atol=1e-14)
    np.testing.assert_allclose(states[2], evolve_at(2.0).state, atol=1e-14)


def test_a_bath_that_does_not_fix_its_gibbs_state_warns():
    chain = qt.OpenSystem(
        PAIR.hamiltonian, bath(lowering=qt.embed(qt.destroy(2), (2, 2), 0)), parts=PAIR.parts
    )
    message = (
        r"`baths\[0\]` \(LocalBath\) does not leave the Gibbs state .* Spohn's production may be "
        r"negative .*Levy and Kosloff.* Use `DaviesBath`"
    )
    with pytest.warns(UserWarning, match=message):
        solution = pair_solution(chain)
    assert solution.stats["gibbs_defects"].shape == (1,)
    with pytest.warns(UserWarning, match=message):
        qt.accountings(chain, solution)
    assert float(evolve().stats["gibbs_defects"][0]) < 1e-12


def test_what_is_flagged_and_not_an_error():
    excited = jnp.diag(jnp.array([0.0, 1.0])) + 0j
    assert float(qt.information.relative_entropy(excited, GROUND)) == np.inf
    small = qt.thermodynamics.interval_temperature(1.0, 1e-3, tolerance=1e-2)
    assert float(small.beta) == 0.0  # and not the small quotient
    nothing = qt.thermodynamics.interval_temperature(0.0, 0.0)
    assert np.isnan(float(nothing.temperature))
    assert int(nothing.status) == qt.thermodynamics.TemperatureStatus.UNDEFINED


def test_steady_state_that_is_not_unique():
    message = r"steady state is not unique.*no bath connects.*`rho0`. It conserves 2 independent q"
    with pytest.raises(qt.SolverError, match=message):
        qt.steady_state(qt.OpenSystem(N))
