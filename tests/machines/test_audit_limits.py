"""Checks of an audit by themselves: their numbers by hand, and either side of their limits."""

import inspect
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm, logm

import qtjax as qt
from qtjax.machines.audit import _instants, _limit_cycle, _moves, _second_law, _summary
from qtjax.thermodynamics import bath_checks, instants, state_checks
from qtjax.thermodynamics.instants import Instant

N, X, LOWER, RAISE = qt.number(2), qt.sigmax(), qt.destroy(2), qt.create(2)


def pair(down, up, temperature=1.0, h=N):
    """A qubit between two rates."""
    return Instant(qt.OpenSystem(h, qt.Lindblad([LOWER, RAISE], [down, up], temperature)), 0.0)


def only(found):
    assert len(found) == 1, found
    return found[0]


def test_numbers_of_detailed_balance():
    found = only(bath_checks.detailed_balance(pair(0.3, 0.2, 0.5, 1.3 * N)))
    wanted = np.exp(-2.6)
    numbers = {
        "defect": (0.2 - 0.3 * wanted) / 0.3, "lower": 0, "upper": 1, "gap": 1.3, "up": 0.2,
        "down": 0.3, "wanted": wanted, "temperature": 0.5,
    }  # fmt: skip
    assert found.numbers == {key: pytest.approx(value) for key, value in numbers.items()}
    assert found.sentence == (
        "it lifts level 0 to 1, 1.3 above, at the rate 0.2 and brings it back at 0.3; detailed "
        "balance at its temperature 0.5 asks for the ratio 0.07427. These rates are those of "
        f"T = {1.3 / np.log(1.5):.4g}."
    )
    for rates, words in {
        (0.3, 0.0): "which no temperature above 0 has", (0.0, 0.3): "which no temperature above 0",
        (0.3, 0.3): "an inversion, which no bath",
    }.items():  # fmt: skip
        assert words in only(bath_checks.detailed_balance(pair(*rates))).sentence
    wanted = np.exp(-1.0)
    for change, count in ((5e-7, 0), (5e-6, 1)):  # of the larger rate
        found = bath_checks.detailed_balance(pair(0.3, 0.3 * (wanted + change)))
        assert len(found) == count
    assert bath_checks.detailed_balance(pair(0.3, 0.0, 0.0)) == []  # a bath at T = 0 lifts nothing
    assert only(bath_checks.detailed_balance(pair(0.3, 0.1, 0.0))).numbers["temperature"] == 0.0


def test_what_detailed_balance_looks_at():
    """Baths that act, through operators of one frequency each; dephasing is not in its scale."""
    none = "no thermal bath with transitions of definite frequencies"
    assert bath_checks.detailed_balance(pair(0.0, 0.0)) == none
    both = qt.Lindblad([LOWER, X], [0.3, 0.2], 1.0)  # X joins 1 and -1
    assert bath_checks.detailed_balance(Instant(qt.OpenSystem(N, both), 0.0)) == none
    noisy = qt.Lindblad([LOWER, RAISE, qt.sigmaz()], [0.3, 0.2, 5.0], 1.0)
    found = only(bath_checks.detailed_balance(Instant(qt.OpenSystem(N, noisy), 0.0)))
    assert found.numbers["defect"] == pytest.approx((0.2 - 0.3 * np.exp(-1.0)) / 0.3)


def test_levels_that_coincide_count_as_one():
    """A ground level and two at 1: rates may differ between the two, their sums may not."""
    jumps = [jnp.zeros((3, 3)).at[k, j].set(1.0) for j, k in ((1, 0), (2, 0), (0, 1), (0, 2))]
    ratio, h = np.exp(-1.0), jnp.diag(jnp.array([0.0, 1.0, 1.0]))

    def checked(up):
        rates = [0.1, 0.5, 0.4 * ratio, up]
        system = qt.OpenSystem(h, qt.Lindblad(jumps, rates, temperature=1.0))
        return bath_checks.detailed_balance(Instant(system, 0.0))

    assert checked(0.2 * ratio) == []
    found = only(checked(0.5 * ratio)).numbers
    assert [found[key] for key in ("gap", "up", "down")] == pytest.approx([1.0, 0.9 * ratio, 0.6])


@pytest.mark.parametrize(("more", "severity"), [(0.05, "note"), (0.054, "doubtful")])
def test_how_far_a_bath_moves_its_gibbs_state(more, severity):
    """D(pi) = -p_0 up more/(1 + more) of the rates down + up, doubtful from 1 % on."""
    down, up = 0.3, 0.3 * np.exp(-1.0) * (1.0 + more)
    found = only(bath_checks.reference_state(pair(down, up)))
    ground = 1.0 / (1.0 + np.exp(-1.0))
    defect = ground * 0.3 * np.exp(-1.0) * more / (down + up)
    assert found.numbers == {"defect": pytest.approx(defect)}
    assert found.severity == severity
    assert "the Gibbs state of H at its temperature" in found.sentence
    assert "Use `DaviesBath`" in found.remedy


def test_spohns_share_beside_the_reference_state():
    """-tr D(rho) (ln rho - ln pi) halfway to where rho would lose its rank, by SciPy."""
    down, up, h, temperature = 0.3, 0.3, np.diag([0.0, 1.0]), 0.7
    a = np.array([[0.0, 1.0], [0.0, 0.0]])

    def moved(rho):
        parts = [(down, a), (up, a.T)]
        return sum(
            g * (b @ rho @ b.T - (b.T @ b @ rho + rho @ b.T @ b) / 2) for g, b in parts
        )  # fmt: skip

    pi = expm(-h / temperature) / np.trace(expm(-h / temperature))
    push = moved(pi)
    rho = pi + 0.5 * pi[1, 1] / np.linalg.norm(push, 2) * push
    expected = -np.trace(moved(rho) @ (logm(rho) - logm(pi)))
    assert expected < 0.0
    # nothing is produced in the steady state
    found = only(state_checks.spohn(pair(down, up, temperature)))
    assert found.numbers["production"] == pytest.approx(expected)
    assert (found.severity, found.where) == ("note", "baths[0] (Lindblad)")
    assert state_checks.spohn(pair(0.3, 0.3 * np.exp(-1.0))) == []
    cold = qt.OpenSystem(N, qt.LocalBath(LOWER, 1.0, 0.0, qt.Flat(0.1)))
    assert state_checks.spohn(Instant(cold, 0.0)) == "no bath with a reference state of full rank"


def test_productions_against_their_sizes():
    """-tr D(rho) (ln rho - ln pi), and rates times what is left of the logs without their mean."""
    x, rng = pair(0.3, 0.2, 0.7), np.random.default_rng(3)
    (contact,) = x.contacts
    a = rng.normal(size=(2, 2, 2)) @ np.array([1.0, 1.0j])
    rho, log = a @ a.conj().T / np.linalg.norm(a) ** 2, -np.diag([0.0, 1.0]) / 0.7
    apart = logm(rho) - log
    apart -= np.trace(apart) / 2 * np.eye(2)
    value, scale = state_checks._production(contact, log, rho)
    assert value == pytest.approx(-np.trace(contact.dissipate(rho) @ apart).real)
    assert scale == pytest.approx(0.5 * np.max(np.abs(apart)))
    assert state_checks._production(contact, log, np.diag([1.0, 0.0])) == (0.0, 1.0)
    # the lowest of them relative to its size, and none that rounding may be
    signs = [(-1e-3, 1.0, "a"), (-2e-3, 100.0, "b")]
    assert state_checks._lowest(signs) == (-1e-3, "a")
    assert state_checks._lowest([(-0.9e-7, 100.0, "a")]) == (0.0, "a")
    assert state_checks._lowest([(-1.1e-7, 100.0, "a")]) == (-1.1e-7, "a")


@pytest.mark.parametrize(("push", "count"), [(0.9e-9, 0), (1.1e-9, 1)])
def test_a_push_that_rounding_may_be(push, count):
    """D(pi) = -+p_0 (up - down e^(-1/T)), of the sum of the rates."""
    up = 100.0 * np.exp(-1.0)
    more = push * (100.0 + up) * (1.0 + np.exp(-1.0))
    x = pair(100.0, up + more)
    assert len(state_checks._displaced(x, x.contacts[0])) == count


@pytest.mark.parametrize(
    ("temperature", "below", "above"), [(0.5, 0.0353, 0.0355), (0.0, 0.0706, 0.0709)]
)
def test_how_strong_a_coupling_a_local_bath_allows(temperature, below, above):
    """sqrt(2) g against a tenth of gap and temperature, of the gap alone at T = 0."""

    def checked(g):
        bath = qt.LocalBath(LOWER, 1.0, temperature, qt.Flat(0.1))
        return bath_checks.local_bath(Instant(qt.OpenSystem(N + g * X, bath), 0.0))

    assert checked(below) == []
    numbers = {"coupling": np.sqrt(2) * above, "gap": 1.0, "temperature": temperature}
    assert only(checked(above)).numbers == pytest.approx(numbers)


def test_a_spacing_of_some_rates_is_a_note():
    both = qt.embed(X, (2, 2), 0) + qt.embed(X, (2, 2), 1)
    rate = 0.05 / (1 - np.exp(-1 / 0.7))

    def checked(spacing):
        h = qt.embed(N, (2, 2), 0) + (1.0 + spacing) * qt.embed(N, (2, 2), 1)
        bath = qt.DaviesBath(h, both, 0.7, qt.Flat(0.05))
        return bath_checks.secular(Instant(qt.OpenSystem(h, bath), 0.0))

    found = only(checked(4.0 * rate))
    assert found.severity == "note"
    assert found.numbers["spacing"] == pytest.approx(4.0 * rate)
    assert "between them hardly average out" in found.sentence
    assert checked(10.3 * rate) == []
    close = only(checked(0.5 * rate))
    assert close.severity == "doubtful"
    spacing, rate = close.numbers["spacing"], close.numbers["rate"]
    assert f"{spacing / rate:.2g} times the rate {rate:.3g} at which" in close.sentence
    assert f"tolerance={2.0 * spacing / (2.0 + spacing):.1g}" in close.remedy


def test_frequencies_that_one_operator_joins():
    """Doubtful beyond 5 % of the temperature, and beyond the rate."""
    levels = jnp.diag(jnp.array([0.0, 1.0, 2.1]))
    jump = jnp.zeros((3, 3)).at[0, 1].set(1.0).at[1, 2].set(np.sqrt(3.0))
    spread = np.sqrt(0.25 * 1.0 + 0.75 * 1.1**2 - (0.25 + 0.75 * 1.1) ** 2)

    def checked(temperature, rate):
        bath = qt.Lindblad(jump, rate, temperature=temperature)
        return bath_checks.bohr_frequencies(Instant(qt.OpenSystem(levels, bath), 0.0))

    numbers = {"lowest": 1.0, "highest": 1.1, "spread": spread, "rate": 0.03}
    assert only(checked(19.0 * spread, 0.01)).numbers == pytest.approx(numbers)
    assert checked(21.0 * spread, 0.01) == []
    assert checked(0.5, 0.4 * spread) == []  # 3 times that
    assert len(checked(0.5, 0.3 * spread)) == 1
    assert np.isclose(
        bath_checks.deviation(np.array([1.0, 3.0]), np.array([0.25, 0.75])), 0.75**0.5
    )
    local = qt.OpenSystem(N + 0.5 * X, qt.LocalBath(LOWER, 1.0, 0.5, qt.Flat(0.1)))
    none = "no jump operators of thermal baths but local ones"
    assert bath_checks.bohr_frequencies(Instant(local, 0.0)) == none
    four = jnp.diag(jnp.array([0.0, 1.0, 2.5, 3.9]))
    bath = qt.Lindblad(qt.destroy(4), 0.01, temperature=0.5)
    sentence = only(bath_checks.bohr_frequencies(Instant(qt.OpenSystem(four, bath), 0.0))).sentence
    assert sentence.startswith("one jump operator joins Bohr frequencies from 1 to 1.5 (spread")


@pytest.mark.parametrize(("spread", "one"), [(1e-3, True), (3e-3, False)])
def test_frequencies_that_count_as_one(spread, one):
    """Those that are no further apart than 1e-6 of the levels, here of 2000."""
    levels = jnp.diag(jnp.array([0.0, 1000.0, 2000.0 + 2.0 * spread]))
    jump = jnp.zeros((3, 3)).at[0, 1].set(1.0).at[1, 2].set(1.0)
    bath = qt.Lindblad(jump, 1e-6, temperature=1e-6)
    x = Instant(qt.OpenSystem(levels, bath), 0.0)
    assert len(bath_checks.bohr_frequencies(x)) == (0 if one else 1)
    assert isinstance(bath_checks.detailed_balance(x), str) != one


@pytest.mark.parametrize(("rate", "count"), [(0.9e-8, 0), (1.1e-8, 1)])
def test_heat_that_rounding_may_be(rate, count):
    """Of a bath without a temperature: against 1e-9 of its rates times the levels of H."""
    bath = qt.Lindblad([qt.sigmaz(), LOWER], [10.0, rate])
    assert len(bath_checks.temperature(Instant(qt.OpenSystem(100.0 * N, bath), 0.0))) == count


def test_what_negative_rates_are_said_to_do():
    found = only(state_checks.positivity(pair(0.3, -0.1)))
    assert found.severity == "violation"
    assert found.sentence == (
        "its canonical rates reach down to -0.1 (the largest is 0.3), so the evolution is not "
        "completely positive. A level that is empty can lose population at the rate 0.1. In the "
        "steady state a population is -0.5."
    )
    states = [("it", 0.5 * np.eye(2))]
    more = Instant(pair(0.3, -0.1).system, 0.0, states=states)
    assert only(state_checks.positivity(more)).sentence == found.sentence
    alone = only(state_checks.positivity(Instant(more.system, 0.0, alone=False)))
    assert (alone.severity, alone.numbers["smallest_eigenvalue"]) == ("doubtful", 0.0)
    # eternally non-Markovian: the rates of each two of the three add up to more than 0
    paulis = qt.Lindblad([X, qt.sigmay(), qt.sigmaz()], [1.0, 1.0, -0.5])
    assert only(state_checks.positivity(Instant(qt.OpenSystem(N, paulis), 0.0))).severity == "note"
    assert state_checks.positivity(pair(30.0, -2e-8)) == []
    assert len(state_checks.positivity(pair(30.0, -4e-8))) == 1


def test_canonical_rates_of_an_audit():
    """Those of `canonical_generator`, of operators with traces and of either sign."""
    jumps = np.random.default_rng(4).normal(size=(3, 3, 3, 2)) @ np.array([1.0, 1.0j])
    system = qt.OpenSystem(qt.number(3), qt.Lindblad(jumps, [0.7, -0.2, 0.4]))
    least, largest, operator = state_checks._canonical(Instant(system, 0.0).contacts[0])
    form = qt.dynamics.canonical_generator(system)
    assert least == pytest.approx(float(form.rates[0]))
    assert largest == pytest.approx(float(jnp.max(jnp.abs(form.rates))))
    assert abs(np.vdot(operator, form.operators[0])) == pytest.approx(1.0)
    for basis in state_checks._bases(Instant(system, 0.0), operator):
        np.testing.assert_allclose(basis.conj().T @ basis, np.eye(3), atol=1e-13)


def test_populations_of_highest_levels():
    p = np.random.default_rng(0).dirichlet(np.ones(12))
    tops = [p.reshape(2, 3, 2).sum(axis=tuple({0, 1, 2} - {k}))[-1] for k in range(3)]
    found = [state_checks._top(np.diag(p), (2, 3, 2), k) for k in range(3)]
    np.testing.assert_allclose(found, tops)

    def checked(top):
        rho = np.diag([1.0 - top, 0.0, 0.0, 0.0, 0.0, top])
        return state_checks.truncation(
            Instant(qt.OpenSystem(qt.number(6)), 0.0, states=[("it", rho)])
        )

    assert checked(1e-4) == []
    found = only(checked(2e-4))
    assert found.numbers == {"top_population": 2e-4, "levels": 6}
    assert found.sentence.endswith("population 0.0002 in it; <n> is wrong by about 0.0012.")
    assert found.where == "system"
    nowhere = "no oscillator that shows as `number(d)` in H or in `parts`, or no state"
    assert state_checks.truncation(Instant(qt.OpenSystem(qt.number(6)), 0.0)) == nowhere
    other = qt.OpenSystem(X)
    assert state_checks.truncation(Instant(other, 0.0, states=[("it", np.eye(2) / 2)])) == nowhere
    # the fullest of two states, of the second of two parts
    pair = qt.composite_system((X, qt.number(6)), 0.1 * qt.tensor(X, qt.number(6)))
    states = [(words, np.kron([[1, 0], [0, 0]], np.diag([1.0 - top, *[0.0] * 4, top])))
              for words, top in (("one", 0.01), ("two", 0.02))]  # fmt: skip
    found = only(state_checks.truncation(Instant(pair, 0.0, states=states)))
    assert found.where == "parts[1]"
    assert found.numbers == {"top_population": pytest.approx(0.02), "levels": 6}
    assert "in two;" in found.sentence


def test_the_steady_state_of_an_instant():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 3, 3, 2)) @ np.array([1.0, 1.0j])
    system = qt.OpenSystem(a + a.conj().T, qt.Lindblad([b, b @ a], [0.3, 0.2]))
    count, rho = Instant(system, 0.0).null_space
    assert count == 1
    np.testing.assert_allclose(rho, qt.steady_state(system).state, atol=1e-12)
    large = Instant(qt.OpenSystem(qt.number(25), qt.Lindblad(qt.destroy(25), 0.1)), 0.0)
    assert state_checks.steady_state(large) == "d = 25 is beyond 24"
    assert large.states == []


def test_the_largest_system_that_is_looked_at(monkeypatch):
    x = pair(0.3, 0.1)
    for largest, words in ((2, []), (1, "d = 2 is beyond 1")):
        for module in (state_checks, instants):
            monkeypatch.setattr(module, "LARGEST", largest)
        assert state_checks.steady_state(x) == words
        assert len(x.states) == largest - 1


@pytest.mark.parametrize(("rate", "count"), [(5e-13, 2), (1e-12, 1)])
def test_rates_that_leave_a_population_as_it_is(rate, count):
    """Its singular value is sqrt(2) rate, beside 10 of the coherence, of which 1e-13 counts."""
    assert Instant(qt.OpenSystem(10.0 * N, qt.Lindblad(LOWER, rate)), 0.0).null_space[0] == count


def test_the_most_severe_of_a_kind_is_kept():
    """Of a drive that leaves its bath behind: little at first, more at the end."""
    h = qt.Driven([(1.0, N), (qt.Linear(0.0, 0.4, 0.0, 1.0), X)])
    system = qt.OpenSystem(h, qt.DaviesBath(1.0 * N, X, 0.7, qt.Flat(0.02)))
    early, late = (Instant(system, t) for t in (0.02, 1.0))
    for order in ([early, late], [late, early]):
        found = _summary(order, {"second_law": "nothing to see", "limit_cycle": []})
        ranks = [f.severity for f in found.findings]
        assert ranks == sorted(ranks)[::-1][: ranks.count("violation")] + [
            r for r in ("doubtful", "note") for _ in range(ranks.count(r))
        ]
        kept = only([f for f in found.findings if f.check == "reference_state"])
        assert kept.severity == "doubtful"
        assert dict(found.skipped)["second_law"] == "nothing to see"
        assert "limit_cycle" in found.passed
    assert only(bath_checks.reference_state(early)).severity == "note"


def test_where_strokes_are_looked_at():
    """A constant one at its start in the states of both ends, a driven one at three times."""
    bath = qt.LocalBath(LOWER, 1.0, 0.5, qt.Flat(0.1))
    driven = qt.OpenSystem(qt.Driven([(qt.Linear(1.0, 2.0), N)]), bath)
    reset = qt.machines.Reset(N, N, temperature=1.0)
    strokes = [qt.Stroke(qt.OpenSystem(N, bath), 1.0), reset, qt.Stroke(driven, 1.0)]
    states = jnp.stack([jnp.diag(jnp.array([1.0 - p, p])) for p in (0.1, 0.2, 0.3, 0.4)])
    solution = SimpleNamespace(cycle=qt.Cycle(strokes), states=states)
    found, words = inspect.unwrap(_instants)(solution), "the limit cycle at the {} of stroke {}"
    assert [(x.name, x.t, [said for said, _ in x.states]) for x in found] == [
        ("strokes[0].system.", 0.0, [words.format(at, 0) for at in ("start", "end")]),
        ("strokes[2].system.", 0.0, [words.format("start", 2)]),
        ("strokes[2].system.", 0.5, []),
        ("strokes[2].system.", 1.0, [words.format("end", 2)]),
    ]  # fmt: skip
    assert [x.states[0][1][1, 1].real for x in found if x.states] == [0.1, 0.3, 0.4]


def test_what_moves():
    bath, way = qt.LocalBath(LOWER, 1.0, 0.5, qt.Flat(0.1)), qt.Linear(1.0, 2.0)
    driven = qt.Driven([(way, N)])
    assert not _moves(qt.OpenSystem(N, bath))
    assert _moves(qt.OpenSystem(driven, bath))
    assert _moves(qt.OpenSystem(N, bath, energy=driven))
    assert _moves(qt.OpenSystem(N, (bath, qt.Lindblad(qt.sigmaz(), way))))
    assert _moves(qt.OpenSystem(driven, qt.AdiabaticBath(X, 0.5, qt.Flat(0.1))))


def test_cycles_that_are_not_unique_or_not_found():
    def checked(values, result=qt.RESULTS.successful):
        fixed = SimpleNamespace(map_increment=np.diag(values))
        found = SimpleNamespace(fixed=fixed, result=result, error=jnp.asarray(0.25))
        return inspect.unwrap(_limit_cycle)(found)

    assert checked([1.0, 0.5, 9e-13]) == []
    rounding = 4 * 4 * np.finfo(np.float32).eps
    assert len(checked(np.float32([1.0, 0.5, 0.0, 0.99 * rounding]))) == 1
    assert checked(np.float32([1.0, 0.5, 0.0, 1.01 * rounding])) == []
    assert checked([1.0, 0.5, 9e-13, 2e-12]) == []
    assert only(checked([1.0, 0.5, 9e-13, 8e-13])).numbers == {"conserved": 2}
    lost = only(checked([1.0, 0.5, 1e-13], qt.RESULTS.inaccurate))
    assert lost.numbers == {"error": 0.25}
    assert lost.sentence.startswith("the limit cycle was not found to the tolerance. ")
    assert only(checked([np.nan, 0.5], qt.RESULTS.not_finite)).numbers == {"error": 0.25}


def test_how_much_a_cycle_may_beat_the_second_law():
    """By what its production may be off by."""

    def checked(produced):
        error = {"spohn_production": 8e-9}
        found = SimpleNamespace(spohn_production=produced, error_of=error.get)
        return inspect.unwrap(_second_law)(found)

    assert checked(-7.9e-9) == checked(0.1) == []
    assert only(checked(-8.1e-9)).numbers == {"production": -8.1e-9}
    assert checked(np.inf) == "a bath without a temperature, or at T = 0, carries heat"


def test_a_bath_in_plain_numbers():
    """D, its adjoint, the flow between the columns of a basis and sizes, by sums over jumps."""
    rng = np.random.default_rng(2)
    jumps, rho, h = (rng.normal(size=(k, 3, 3, 2)) @ np.array([1.0, 1.0j]) for k in (2, 1, 1))
    rho, h = rho[0] @ rho[0].conj().T, h[0] + h[0].conj().T
    rates = [0.7, -0.2]
    x = Instant(qt.OpenSystem(h, qt.Lindblad(jumps, rates, temperature=0.9)), 0.0)
    (contact,) = x.contacts
    pairs = list(zip(rates, jumps, strict=True))
    moved = sum(
        g * (a @ rho @ a.conj().T - (a.conj().T @ a @ rho + rho @ a.conj().T @ a) / 2)
        for g, a in pairs
    )
    np.testing.assert_allclose(contact.dissipate(rho), moved, atol=1e-13)
    assert np.isclose(np.trace(contact.heat(h) @ rho), np.trace(moved @ h))
    turn = np.linalg.qr(jumps[0])[0]
    flow = sum(g * np.abs(turn.conj().T @ a @ turn) ** 2 for g, a in pairs)
    np.testing.assert_allclose(contact.flow(turn), flow)
    size = sum(abs(g) * np.max(np.abs(a)) ** 2 for g, a in pairs)
    assert contact.size == pytest.approx(size)
    gibbs = expm(-h / 0.9) / np.trace(expm(-h / 0.9))
    np.testing.assert_allclose(contact.reference(h), gibbs, atol=1e-14)
    assert not contact.is_cold
    low = Instant(qt.OpenSystem(h, qt.Lindblad(jumps, rates, temperature=1e-3)), 0.0)
    ground = np.linalg.eigh(h)[1][:, 0]
    found = low.contacts[0].reference(h)
    np.testing.assert_allclose(found, np.outer(ground, ground.conj()), atol=1e-14)
    gaps, weights = x.frequencies(jumps[0])
    assert np.all(np.diff(gaps) >= 0.0)
    size = np.linalg.norm(jumps[0]) ** 2  # the mean of [H, L] in L is that of the frequencies
    taken = np.vdot(jumps[0], jumps[0] @ h - h @ jumps[0]).real / size
    assert weights.sum() == pytest.approx(1.0)
    assert weights @ gaps == pytest.approx(taken)
    vectors = np.linalg.eigh(h)[1]
    gaps, weights = x.frequencies(1e-3 * np.outer(vectors[:, 0], vectors[:, 2].conj()))
    assert gaps == pytest.approx([x.levels[2] - x.levels[0]])  # and none of rounding
    assert pytest.approx([1.0]) == weights
    half = Instant(qt.OpenSystem(N, qt.Lindblad(0.5 * LOWER, 2.0)), 0.0)
    assert half.contacts[0].size == 0.5


@pytest.mark.parametrize(("small", "count"), [(5e-10, 1), (2e-9, 2)])
def test_operators_of_no_size_are_left_out(small, count):
    bath = qt.Lindblad([LOWER, RAISE], [1.0, small], temperature=0.5)
    assert len(Instant(qt.OpenSystem(N, bath), 0.0).contacts[0].single) == count


class Common(qt.AbstractDissipator):
    """Two qubits that decay together, and each alone."""

    temperature: None = None

    def channels(self, hamiltonian):
        one, two = (qt.embed(LOWER, (2, 2), k) for k in (0, 1))
        return (qt.Channel(0.1, one, two), qt.Channel(0.2, one), qt.Channel(0.3, two))


def test_channels_of_two_operators_are_no_jump_operators():
    (contact,) = Instant(qt.OpenSystem(qt.number(4), Common()), 0.0).contacts
    assert [rate for rate, _ in contact.single] == [0.2, 0.3]
