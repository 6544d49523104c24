"""Audits of models whose faults are known, and of models that have none."""

import inspect
import json
import warnings
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax import thermodynamics as th
from qtjax.app.reports import audit_lines, audit_report
from qtjax.machines import audit

N, X, LOWER = qt.number(2), qt.sigmax(), qt.destroy(2)
RESULTS = json.loads((Path(__file__).parents[1] / "reference" / "published.json").read_text())
PUBLISHED = {r["key"]: r for r in RESULTS["results"]}
pytestmark = pytest.mark.filterwarnings("ignore:.*does not leave the Gibbs state:UserWarning")


class Common(qt.AbstractDissipator):
    """Redfield-like: two qubits decay together, the rate between them larger than their own."""

    between: jax.Array
    temperature: jax.Array | None = None

    def channels(self, hamiltonian):
        one, two = (qt.embed(LOWER, (2, 2), k) for k in (0, 1))
        pair = qt.Channel(self.between, one, two)
        return (pair, qt.Channel(0.05, one), qt.Channel(0.05, two))


class Misled(qt.AbstractDissipator):
    """A bath whose own reference state is another one than its channels leave."""

    temperature: jax.Array

    def channels(self, hamiltonian):
        return (qt.Channel(0.3, LOWER), qt.Channel(0.1, qt.create(2)))

    def reference(self, hamiltonian):
        return jnp.diag(jnp.array([0.6, 0.4])) + 0j


def coupled(dims, gaps, coupling, temperatures, rate, unit=1.0):
    """Two oscillators, or qubits, that exchange excitations, each with a local bath."""
    lower = [qt.embed(qt.destroy(d), dims, k) for k, d in enumerate(dims)]
    hop = lower[0] @ qt.dag(lower[1])
    parts = [unit * gap * qt.number(d) for gap, d in zip(gaps, dims, strict=True)]
    baths = [
        qt.LocalBath(a, unit * gap, unit * t, qt.Flat(unit * rate))
        for a, gap, t in zip(lower, gaps, temperatures, strict=True)
    ]
    return qt.composite_system(parts, unit * coupling * (hop + qt.dag(hop)), baths)


def of(found, check, where=None):
    """The one finding of a check, at a place if it is given."""
    chosen = [f for f in found.findings if f.check == check and where in (None, f.where)]
    assert len(chosen) == 1, found
    return chosen[0]


@pytest.mark.slow
def test_levy_kosloff_by_truncated_oscillators():
    """A local master equation sends heat from cold to hot: published for whole oscillators."""
    row = PUBLISHED["coupled_oscillators_local_global_exact"]
    found = audit(coupled((3, 6), (2.0, 1.0), 0.1, (1.0, 0.9), row["params"]["gamma"]))
    broken = found.findings[0]
    assert (broken.check, broken.severity, broken.where) == ("spohn", "violation", "system")
    into_hot, into_cold = row["values"]["levy_kosloff_violation"][3:5]  # with the full H
    wanted = -into_hot / 1.0 - into_cold / 0.9
    assert wanted < 0
    assert broken.numbers["production"] == pytest.approx(wanted, rel=0.05)  # of the truncation
    assert "the second law is broken" in broken.sentence
    assert "DaviesBath" in broken.remedy
    top = of(found, "truncation", "parts[1]").numbers["top_population"]
    assert 1e-4 < top < 0.01
    assert {"positivity", "steady_state"} <= set(found.passed)


@pytest.mark.parametrize("unit", [1.0, 1e-30])
def test_levy_kosloff_by_two_qubits(unit):
    """n_c > n_h, so that excitations, and the energy that they are told to carry, run uphill."""
    published = audit(coupled((2, 2), (2.0, 1.0), 0.1, (1.0, 0.9), 0.02, unit)).findings[0]
    assert (published.check, published.severity, published.where) == (
        "spohn",
        "violation",
        "system",
    )
    assert -2e-5 * unit < published.numbers["production"] < -1e-5 * unit
    strong = audit(coupled((2, 2), (2.0, 1.0), 0.5, (1.0, 0.9), 0.02, unit))
    assert strong.findings[0].severity == "violation"
    found = of(strong, "local_bath", "baths[1] (LocalBath)")
    np.testing.assert_allclose(
        [found.numbers["coupling"], found.numbers["gap"]], [0.5 * unit, unit]
    )
    assert of(strong, "reference_state", "baths[0] (LocalBath)").severity == "doubtful"
    weak = audit(coupled((2, 2), (1.0, 1.0), 0.004, (0.5, 0.25), 0.02, unit))
    assert {f.severity for f in weak.findings} == {"note"}
    assert "local_bath" in weak.passed


def test_nearly_degenerate_qubits_with_a_common_davies_bath():
    h = qt.embed(N, (2, 2), 0) + qt.embed(1.001 * N, (2, 2), 1)
    both = qt.embed(X, (2, 2), 0) + qt.embed(X, (2, 2), 1)
    found = audit(qt.OpenSystem(h, qt.DaviesBath(h, both, 0.7, qt.Flat(0.05))))
    assert len(found.findings) == 1
    only = of(found, "secular")
    assert only.severity == "doubtful"
    assert only.numbers["spacing"] == pytest.approx(0.001)
    assert only.numbers["rate"] == pytest.approx(0.05 / (1 - np.exp(-1 / 0.7)), rel=1e-3)
    assert "tolerance=0.001" in only.remedy
    grouped = qt.dynamics.bohr_transitions(h, tolerance=0.001)
    bath = qt.DaviesBath(h, both, 0.7, qt.Flat(0.05), transitions=grouped)
    assert "secular" not in {f.check for f in audit(qt.OpenSystem(h, bath)).findings}


CLEAN = {
    "detailed_balance", "reference_state", "spohn", "bohr_frequencies", "positivity",
    "limit_cycle", "second_law",
}  # fmt: skip


def otto(rates=(0.3, 0.3), temperatures=(0.5, 2.0), told=(0.5, 2.0)):
    """Two isochores with quenches between them, and baths that may be told other temperatures."""
    strokes = []
    for gap, rate, t, name, contact in zip(
        (1.0, 2.0), rates, temperatures, told, ("cold", "hot"), strict=True
    ):
        pair = [rate, rate * np.exp(-gap / t)]
        bath = qt.Lindblad([LOWER, qt.create(2)], pair, temperature=name)
        strokes.append(qt.Stroke(qt.OpenSystem(gap * N, bath), 3.0, contact))
    return qt.Cycle(strokes)


def test_a_clean_otto_cycle_has_no_finding():
    solution = qt.limit_cycle(otto())
    found = audit(solution)
    assert solution.regime == "engine"
    assert found.findings == ()
    assert set(found.passed) == CLEAN
    assert str(found).startswith("Nothing doubtful was found.\npassed: detailed_balance")
    assert audit_lines(audit_report(found))[0].startswith("Audit: nothing doubtful was found")
    assert audit(solution.cycle) == found


def test_a_cycle_that_beats_the_second_law():
    """Its hot bath has the rates of T = 20, but is said to be at 0.6."""
    found = audit(otto(temperatures=(0.5, 20.0), told=(0.5, 0.6)))
    law = of(found, "second_law")
    assert law.severity == "violation"
    assert law.numbers["production"] < -0.01
    where = "strokes[1].system.baths[0] (Lindblad)"
    balance = of(found, "detailed_balance", where)
    assert balance.sentence.endswith("These rates are those of T = 20.")
    assert "strokes[0]" not in str(found)


def test_heats_that_are_roundings_beat_no_law():
    """Both baths at T = 0.4: what is produced is 0, of either sign, beside heats that are too."""
    cycle = otto(temperatures=(0.4, 0.4 * (1 + 1e-14)), told=(0.4, 0.4 * (1 + 1e-14)))
    strokes = [qt.Stroke(s.system, 0.02, s.contact) for s in cycle.strokes]
    same = qt.Cycle([strokes[0], qt.Stroke(strokes[0].system, 1.0, "hot")])
    for cold in (same, qt.Cycle(strokes)):
        assert "second_law" in audit(cold).passed


def test_a_cycle_without_a_bath_has_no_unique_limit_cycle():
    only = of(audit(otto(rates=(0.0, 0.0))), "limit_cycle")
    assert only.numbers == {"conserved": 2}
    assert "not unique" in only.sentence


@pytest.mark.slow
def test_an_otto_cycle_with_friction_has_no_finding():
    cycle = qt.otto_cycle(
        0.5 * qt.sigmaz() + 0.3 * X, qt.sigmaz() + 0.3 * X, couplings=X, temperatures=(0.5, 2.0),
        rate=0.3, durations=(3.0, 1.0, 3.0, 1.0),
    )  # fmt: skip
    found = audit(cycle)
    assert found.findings == ()
    assert set(found.passed) == CLEAN


def test_rates_that_are_not_thermal():
    pair = [LOWER, qt.create(2)]
    wrong = audit(qt.OpenSystem(1.3 * N, qt.Lindblad(pair, [0.3, 0.2], temperature=0.5)))
    found = of(wrong, "detailed_balance")
    assert f"T = {1.3 / np.log(1.5):.4g}" in found.sentence
    assert found.numbers["wanted"] == pytest.approx(np.exp(-2.6))
    assert of(wrong, "reference_state").severity == "doubtful"
    assert of(wrong, "spohn").numbers["production"] < 0
    right = [0.3, 0.3 * np.exp(-2.6)]
    assert audit(qt.OpenSystem(1.3 * N, qt.Lindblad(pair, right, temperature=0.5))).findings == ()
    up = audit(qt.OpenSystem(1.3 * N, qt.Lindblad(pair, [0.2, 0.3], temperature=0.5)))
    assert "an inversion" in of(up, "detailed_balance").sentence
    nameless = of(audit(qt.OpenSystem(1.3 * N, qt.Lindblad(pair, [0.3, 0.2]))), "temperature")
    # D^+(H) = omega (up - (down + up) n): its largest eigenvalue is that of the excited level
    assert nameless.numbers["largest_heat_current"] == pytest.approx(1.3 * 0.3)


def test_a_jump_operator_that_joins_frequencies():
    found = of(
        audit(qt.OpenSystem(1.3 * N, qt.Lindblad(X, 0.3, temperature=0.4))), "bohr_frequencies"
    )
    numbers = [found.numbers[key] for key in ("lowest", "highest", "spread", "rate")]
    np.testing.assert_allclose(numbers, [-1.3, 1.3, 1.3, 0.3])


def test_negative_rates_and_populations():
    h = qt.embed(N, (2, 2), 0) + qt.embed(N, (2, 2), 1)
    found = of(audit(qt.OpenSystem(h, Common(jnp.array(0.1)))), "positivity")
    # the matrix of rates is [[0.05, 0.1], [0.1, 0.05]], its operators of square norm 2
    assert found.numbers["canonical_rate"] == pytest.approx(-0.1)
    assert found.numbers["fall"] == pytest.approx(-0.05)
    assert found.severity == "doubtful"
    fine = audit(qt.OpenSystem(h, Common(jnp.array(0.04))))
    assert "positivity" in fine.passed
    negative = qt.Lindblad([LOWER, qt.create(2)], [0.3, -0.1])
    broken = of(audit(qt.OpenSystem(N, negative)), "positivity")
    assert broken.severity == "violation"
    assert broken.numbers["smallest_eigenvalue"] == pytest.approx(-0.5)


def test_conserved_quantities():
    found = of(audit(qt.OpenSystem(1.3 * N, qt.Lindblad(qt.sigmaz(), 0.3))), "steady_state")
    assert found.numbers == {"conserved": 2}
    closed = audit(qt.OpenSystem(N))
    assert closed.findings == ()
    assert dict(closed.skipped)["steady_state"] == "no bath"


def test_the_highest_level_of_a_truncated_oscillator():
    system = qt.OpenSystem(qt.number(8), qt.LocalBath(qt.destroy(8), 1.0, 2.0, qt.Flat(0.1)))
    found = of(audit(system), "truncation")
    weights = np.exp(-np.arange(8) / 2.0)
    assert found.numbers["top_population"] == pytest.approx(weights[-1] / weights.sum())
    cold = qt.OpenSystem(qt.number(8), qt.LocalBath(qt.destroy(8), 1.0, 0.5, qt.Flat(0.1)))
    assert audit(cold).findings == ()
    hot = np.diag(weights / weights.sum())
    assert "in states[0]" in of(audit(cold, states=[hot]), "truncation").sentence


def test_a_reference_state_of_its_own():
    found = audit(qt.OpenSystem(N, Misled(jnp.array(1.0))))
    only = of(found, "reference_state")
    assert only.remedy == "Make `reference` the state that its channels leave."
    assert "-> Make `reference`" in str(found)


@pytest.mark.parametrize("seed", range(3))
def test_davies_baths_have_no_finding(seed):
    """Random levels, well apart, and random couplings, weak: nothing to find in any check."""
    a = np.random.default_rng(seed).normal(size=(2, 3, 3, 2)) @ np.array([1.0, 1.0j])
    turn = np.linalg.qr(a[0])[0]
    h = turn @ np.diag([0.0, 1.0, 2.7]) @ turn.conj().T
    coupling = a[1] + a[1].conj().T
    baths = [qt.DaviesBath(h, coupling, t, qt.Ohmic(1e-3)) for t in (0.4, 1.1)]
    found = audit(qt.OpenSystem(h, baths), states=[np.diag([0.2, 0.3, 0.5])])
    assert found.findings == ()
    assert {"detailed_balance", "reference_state", "spohn", "secular"} <= set(found.passed)


def test_a_driven_system_is_looked_at_at_the_times_given():
    """A Davies bath of the first Hamiltonian does not follow the drive."""
    h = qt.Driven([(1.0, N), (qt.Linear(0.0, 0.4, 0.0, 1.0), X)])
    system = qt.OpenSystem(h, qt.DaviesBath(1.0 * N, X, 0.7, qt.Flat(0.02)))
    assert audit(system).findings == ()
    assert of(audit(system, times=(0.0, 1.0)), "reference_state").severity == "doubtful"


def test_messages():
    function = inspect.unwrap(audit)
    with pytest.raises(ValueError, match="`model` must be an `OpenSystem`, a `Cycle`"):
        function(np.eye(2))
    with pytest.raises(ValueError, match=r"`states\[0\]` must have trace 1"):
        function(qt.OpenSystem(N), states=[np.eye(2)])
    with pytest.raises(ValueError, match="`times` and `states` are those of an `OpenSystem`"):
        function(otto(), times=(0.0,))
    told = lambda cycle: cycle.strokes[0].system.baths[0].temperature  # noqa: E731
    with pytest.raises(ValueError, match="a parameter that is nan"):
        function(eqx.tree_at(told, otto(), jnp.asarray(np.nan)))
    with pytest.raises(ValueError, match="`model` is traced"):
        jax.jit(lambda gap: len(function(qt.OpenSystem(gap * N)).findings))(1.0)


def test_findings_are_data():
    found = audit(qt.OpenSystem(1.3 * N, qt.Lindblad(qt.sigmaz(), 0.3)))
    report = json.loads(json.dumps(audit_report(found)))
    assert report["findings"][0]["check"] == "steady_state"
    assert "doubtful: system, steady_state" in "\n".join(audit_lines(report))
    assert isinstance(found, th.Audit)
    assert isinstance(found.findings[0], th.Finding)


def test_nothing_is_warned_of_twice():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        audit(coupled((2, 2), (2.0, 1.0), 0.5, (1.0, 0.9), 0.02))


def test_a_rotating_frame_is_no_coupling():
    """H of the frame of the drive has not the gaps of the baths, and the energy has."""
    gaps = (1.0, 3.0)
    maser = [
        qt.models.three_level_maser(gaps, temperatures=(1.0, 10.0), rates=0.02, drive=g)
        for g in (0.05, 0.5)
    ]
    assert qt.machines.audit(maser[0]).findings == ()
    found = {finding.check for finding in qt.machines.audit(maser[1]).findings}
    assert "local_bath" in found


def test_figures_of_a_local_bath():
    """0.5 [X, L] = 0.5 (|1><1| - |0><0|), against sqrt <L^+ L + L L^+> = 1."""
    bath = qt.LocalBath(LOWER, 1.0, 0.5, qt.Flat(0.1))
    found = {f.check: f for f in audit(qt.OpenSystem(N + 0.5 * X, bath)).findings}
    numbers = {"coupling": pytest.approx(np.sqrt(0.5)), "gap": 1.0, "temperature": 0.5}
    assert found["local_bath"].numbers == numbers


def test_a_rotating_frame_of_one_of_two_qubits():
    """The gap that the frame took from one of two qubits is no coupling."""
    lower, drive, energy = (qt.embed(a, (2, 2), 0) for a in (LOWER, 1e-3 * X, N))
    bath = qt.LocalBath(lower, 1.0, 0.5, qt.Flat(0.1))
    found = audit(qt.OpenSystem(drive, bath, energy=energy)).findings
    assert "local_bath" not in {f.check for f in found}
