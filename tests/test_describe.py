"""What things print: what a physicist wants to read, also traced, batched and half built."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import qtjax as qt
from qtjax._describe import number, number_with_error, numbers

N = qt.number(2)
TS = jnp.linspace(0.0, 20.0, 11)


def system(temperature=0.5):
    return qt.OpenSystem(N, qt.LocalBath(qt.destroy(2), 1.0, temperature, qt.Flat(0.2)))


def lines(thing):
    """The printed lines, with single spaces."""
    return [" ".join(line.split()) for line in repr(thing).splitlines()]


@pytest.fixture(scope="module")
def solution():
    return qt.evolve(system(), qt.thermal_state(N, 2.0), TS, save=qt.rates)


@pytest.fixture(scope="module")
def machine():
    hot, cold = (scale * qt.sigmaz() + 0.3 * qt.sigmax() for scale in (1.0, 0.5))
    couplings = (qt.sigmax(), qt.sigmaz())
    return qt.limit_cycle(
        qt.otto_cycle(
            cold, hot, couplings=couplings, temperatures=(0.5, 4.0), rate=0.5,
            durations=(2.0, 1.0, 2.0, 1.0),
        )
    )  # fmt: skip


def test_a_system_says_its_dimension_terms_and_baths():
    drive = qt.Driven([(1.0, N), (qt.Linear(0.0, 1.0), qt.sigmax()), (jnp.sin, qt.sigmay())])
    noise = qt.Lindblad(qt.sigmaz(), 0.1)
    whole = qt.OpenSystem(drive, (system().baths[0], noise))
    assert lines(whole) == [
        "OpenSystem: d = 2, 3 terms, 2 baths",
        "H, term 1 2 x 2 operator, fixed",
        "H, term 2 2 x 2 operator times Linear(start=0, stop=1, t0=0, t1=1)",
        "H, term 3 2 x 2 operator times sin",
        "bath 1 LocalBath, T = 0.5, Flat(rate=0.2)",
        "bath 2 Lindblad, no temperature",
    ]
    pair = qt.composite_system((N, lambda t: N), coupling=jnp.zeros((4, 4)))
    assert lines(pair)[0] == "OpenSystem: d = 4, 3 terms, closed"
    assert lines(pair)[-1] == "parts 2 x 2"
    assert lines(qt.OpenSystem(lambda t: t * N))[1] == "H, term 1 a function of time"


def test_a_solution_says_its_method_final_books_and_residuals(solution):
    found = dict(line.split(" ", 1) for line in lines(solution))
    assert found["Solution:"] == "11 times from 0 to 20"
    assert found["status"] == "successful"
    assert found["method"] == "propagator (nothing in the system moves)"
    final = float(solution.ledger.energy[-1])
    assert found["energy"] == f"{1 / (1 + np.exp(0.5)):.6g} -> {final:.6g}"
    heat = float(solution.ledger.heat[-1, 0])
    assert found["heat"] == f"[{heat:.6g}] from 1 bath"
    assert found["work"] == "0"
    assert float(found["first"].split()[-1]) < 1e-12


def test_a_cycle_is_a_table_of_strokes(machine):
    assert lines(machine.cycle) == [
        "Cycle: d = 2, 4 strokes, period 6",
        "stroke kind duration contact T of baths",
        "1 Stroke 2 hot 4",
        "2 Stroke 1 - -",
        "3 Stroke 2 cold 0.5",
        "4 Stroke 1 - -",
    ]
    found = lines(machine)
    assert found[0] == "CycleSolution: engine, 4 strokes"
    assert f"efficiency {float(machine.efficiency):.6g}" in found
    assert f"Spohn production {float(machine.spohn_production):.6g}" in found
    assert f"1 hot 2 {float(machine.heat_hot):.6g} 0 0" in found
    assert not any("entropy production" in line.lower() for line in found)


def test_rates_along_a_trajectory_and_at_an_instant(solution):
    assert lines(solution.saved)[0] == "Rates"
    assert "power 11 numbers (all 0)" in lines(solution.saved)
    assert "power 0" in lines(jax.tree.map(lambda x: x[3], solution.saved))


def test_small_things_are_one_line_each():
    assert repr(qt.Flat(0.1)) == "Flat(rate=0.1)"
    assert repr(qt.Ohmic(0.2, 5.0)) == "Ohmic(strength=0.2, cutoff=5)"
    assert repr(qt.Ramp([0.25, 0.5])) == "Ramp(knots=[0.25, 0.5])"
    assert repr(qt.Spline(jnp.linspace(0, 1, 20))).startswith("Spline(values=20 numbers (0 to 1)")
    assert repr(qt.Static(N)) == "Static(operator=2 x 2 operator)"
    assert repr(system().baths[0]) == (
        "LocalBath(lowering=2 x 2 operator, gap=Constant(value=1), temperature=0.5, "
        "spectrum=Flat(rate=0.2))"
    )


def test_an_optimum_a_front_and_steady_states():
    best = qt.optimize(
        lambda p: (p["x"] - 1.0) ** 2, {"x": jnp.array(1.0)}, optax.sgd(0.1), steps=2
    )
    assert lines(best) == [
        "Optimum: after 2 steps", "loss 0", "violation 0", "met a nan 0 of 1 start",
        "parameters['x'] 1",
    ]  # fmt: skip
    values, yes = jnp.array([[1.0, 0.1], [3.0, 0.2]]), jnp.array([True, True])
    front = qt.design.Front({}, values, values[:, 1], values[:, 1], yes, ~yes, 0 * values)
    assert lines(front) == [
        "Front: 2 points", "feasible 2 of 2", "dominated 0 of 2", "first objective 1 to 3",
        "second objective 0.1 to 0.2", "finer steps change 0.0e+00 at most",
    ]  # fmt: skip
    steady = qt.steady_state(system())
    assert lines(steady)[:3] == ["SteadyState", "status successful", "state 2 x 2 operator"]


def test_batches_and_traced_things_print_as_such():
    said = []

    @jax.jit
    @jax.vmap
    def relax(temperature):
        here = system(temperature)
        found = qt.evolve(here, qt.thermal_state(N, 2.0), TS, throw=False)
        said.extend([repr(here), repr(found), here._repr_html_(), found._repr_html_()])
        return here, found

    batch, solutions = relax(jnp.linspace(0.1, 1.0, 1000))
    assert "T = traced" in said[0]
    assert "status  traced" in said[1]
    assert "LocalBath, T = batch of 1,000 (0.1 to 1)" in repr(batch)
    assert lines(batch)[0] == "OpenSystem: d = 2, 1 term, 1 bath"
    assert lines(solutions)[:2] == [
        "Solution: batch of 1,000, 11 times each", "status 1,000 of 1,000 successful",
    ]  # fmt: skip


def test_what_jax_takes_apart_prints_too(solution, machine):
    for thing in (system(), solution, machine, machine.cycle, solution.saved, qt.Flat(0.1)):
        for taken in (
            jax.tree.map(lambda x: None, thing),
            jax.tree.map(lambda x: object(), thing),
            jax.tree.map(lambda x: x[None], thing),
            eqx.filter_eval_shape(lambda thing=thing: thing),
        ):
            assert type(thing).__name__ in repr(taken)


def test_a_notebook_gets_html_that_is_escaped(machine, solution):
    whole = qt.OpenSystem(lambda t: t * N)
    for thing in (machine, solution, whole, machine.cycle, solution.saved):
        text = thing._repr_html_()
        assert text.startswith(f"<div><strong>{type(thing).__name__}")
        assert text.count("<table>") == text.count("</table>") >= 1
    assert "<th>stroke</th>" in machine._repr_html_()
    drive = qt.OpenSystem(qt.Driven([(lambda t: t, N)]))
    assert "times &lt;lambda&gt;" in drive._repr_html_()


def test_numbers():
    assert number(None) == "none"
    assert number(-0.0) == "0"
    assert number(jnp.array([jnp.nan])) == "batch of 1"
    assert number(np.ones((2, 1000))) == "batch of 2 x 1,000 (all 1)"
    assert number(1 + 2j) == "1+2j"
    assert numbers(jnp.arange(3.0)) == "[0, 1, 2]"
    assert numbers(np.array(["a"])) == "[a]"


def traced_lines(thing):
    said = []
    eqx.filter_eval_shape(lambda x: said.extend(lines(x)), thing)
    return said


def test_a_batch_of_cycles_and_one_that_is_traced(machine):
    assert lines(jax.tree.map(lambda x: jnp.stack([x, x]), machine))[0] == (
        "CycleSolution: batch of 2, 4 strokes"
    )
    assert traced_lines(machine) == ["CycleSolution: 4 strokes", "status traced"]


ERRORS = {
    (0.5, 2e-3): "0.500 ± 0.002", (0.5, 5e-7): "0.5", (0.5, 1e-6): "0.500000 ± 1e-06",
    (-0.4999, 2.4e-5): "-0.49990 ± 2e-05", (123.456, 3.0): "123 ± 3", (0.25, 0.7): "0.2 ± 0.7",
    (1234567.0, 200.0): "1.2346e+06 ± 2e+02", (3e-17, 2e-16): "3e-17 ± 2e-16",
    (999999.6, 0.6): "1.00000e+06 ± 0.6", (0.0, 1e-16): "0 ± 1e-16", (-0.0, 0.0): "0",
    (0.5, np.nan): "0.5", (np.inf, 1.0): "inf", (np.nan, np.nan): "nan",
}  # fmt: skip


@pytest.mark.parametrize("given", ERRORS)
def test_errors_show_where_they_are_larger_than_the_digits(given):
    assert number_with_error(*map(jnp.asarray, given)) == ERRORS[given]


def test_errors_of_a_batch_and_inside_a_transformation():
    assert number_with_error(jnp.ones(2), jnp.ones(2)) == "batch of 2 (all 1)"
    said = []
    jax.eval_shape(lambda x: said.append(number_with_error(x, x)), 1.0)
    assert said == ["traced"]


def test_a_cycle_says_how_sure_its_figures_are():
    def between(cold, hot):
        pairs = zip((1.0, 2.0), (cold, hot), ("cold", "hot"), strict=True)
        resets = [qt.machines.Reset(w * N, w * N, temperature=t, contact=c) for w, t, c in pairs]
        return lines(qt.limit_cycle(qt.Cycle(resets)))

    engine, fridge = between(0.024, 0.09), between(1.0, 1.5)
    assert engine[0] == "CycleSolution: engine, 2 strokes"
    assert "efficiency 0.50000 ± 3e-05" in engine
    assert "Carnot efficiency 0.733333" in engine
    assert fridge[0] == "CycleSolution: refrigerator, 2 strokes"
    assert "coefficient of performance 1" in fridge


def test_a_steady_machine_says_its_contacts_and_figures():
    baths = [qt.LocalBath(qt.destroy(2), 1.0, t, qt.Flat(0.1)) for t in (0.5, 1.0, 2.0)]
    found = qt.machines.steady_machine(qt.OpenSystem(N, baths), ("cold", "hot", None))
    heats, produced = numbers(found.heat_currents), number(found.spohn_production)
    off = f"{float(found.rounding):.1g}"
    assert lines(found) == [
        "SteadyMachine: 3 baths", "status successful", f"heat currents {heats}",
        "contacts cold, hot, -", "Carnot efficiency 0.5", f"power 0 ± {off}",
        f"Spohn production {produced}",
    ]  # fmt: skip
    assert traced_lines(found) == [
        "SteadyMachine: 3 baths", "status traced", "heat currents traced", "contacts cold, hot, -",
    ]  # fmt: skip
