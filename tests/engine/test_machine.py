"""Engine files: round trips, small-d machines, and a message for every mistake."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax.engine import (
    REFERENCE,
    EngineError,
    named_operator,
    operator_from,
    parameters_at,
    read_engine,
    scattered_starts,
    write_engine,
)

TEXT = REFERENCE.read_text(encoding="utf-8")


def read(tmp_path, text):
    path = tmp_path / "engine.toml"
    path.write_text(text, encoding="utf-8")
    return read_engine(path)


def test_reference_file_is_the_reference_machine():
    cycle = qt.limit_cycle(read_engine(REFERENCE).cycle())
    assert abs(float(cycle.heat_hot) - 0.389312332801) < 1e-11
    assert abs(float(cycle.work_output) - 0.158972605383) < 1e-11
    assert abs(float(cycle.spohn_production) - 0.363351371637) < 1e-11


ENGINE = read_engine(REFERENCE)


def start_with(kind, **values):
    return ENGINE.start | {kind: ENGINE.start[kind] | values}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ENGINE.cycle({}), r"`parameters\['durations'\]` must be a dictionary"),
        (lambda: ENGINE.cycle(ENGINE.start | {"rates": {}}), "must hold 'durations', .*'rates'"),
        (lambda: ENGINE.cycle(start_with("durations", rest=1.0)), "must be of 'hot isoch.*'rest'"),
        (lambda: ENGINE.cycle(start_with("durations", expansion="a")), "'expansion'.* real"),
        (lambda: ENGINE.cycle(start_with("durations", expansion=np.nan)), "must be finite"),
        (lambda: ENGINE.cycle(start_with("ramps", expansion=[0.5])), r"must have the shape \(8,\)"),
        (lambda: ENGINE.cycle(start_with("coefficients", cold={})), "must hold 'sigmaz', got"),
        (lambda: scattered_starts(ENGINE.start, {}, starts=2, seed=0), "`bounds` must hold a"),
        (lambda: scattered_starts(ENGINE.start, ENGINE.bounds, starts=2, seed=-1), "`seed` must"),
        (lambda: scattered_starts(ENGINE.start, ENGINE.bounds, starts=10**12, seed=0),
         "`starts` asks for an array"),
        (lambda: parameters_at(ENGINE.table, ENGINE.start, {"a": 1.0}), "`values` must hold"),
        (lambda: operator_from({"sigmax": 1.0}, 2, {"sigmay": 1.0}), "a coefficient of 'sig"),
        (lambda: operator_from({}, 2), "found no operators"),
        (lambda: operator_from([], 2), "expected the name of an operator, a sum of some, or a mat"),
        (lambda: operator_from({"sigmax": "1.0"}, 2), r"`entry\['sigmax'\]` must be a real number"),
        (lambda: operator_from([[True]], 1), "found the entry True, expected a number"),
        (lambda: named_operator("", 1), "found the operator ''"),
        (lambda: named_operator("number", 10**12), "`d` asks for an array"),
    ],
)  # fmt: skip
def test_what_an_engine_is_not_made_of_is_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("value", ["true", '"4.0"', "nan", "inf", "-1.0", "[]"])
def test_a_number_of_a_file_is_a_number(tmp_path, value):
    text = TEXT.replace("temperature = 4.0", f"temperature = {value}")
    with pytest.raises(EngineError, match=r"key `baths\.hot\.temperature`: found"):
        read(tmp_path, text)


def test_round_trip_keeps_the_machine(tmp_path):
    engine = read_engine(REFERENCE)
    moved = jax.tree.map(lambda x: 0.8 * x + 0.08, engine.start)
    changed = engine.with_parameters(moved)
    write_engine(changed, tmp_path / "again.toml")
    again = read_engine(tmp_path / "again.toml")
    assert again.table == changed.table
    old, new = jax.tree.leaves(changed.cycle()), jax.tree.leaves(again.cycle())
    assert all(np.array_equal(a, b) for a, b in zip(old, new, strict=True))
    assert not np.allclose(jax.tree.leaves(engine.start)[0], jax.tree.leaves(again.start)[0])


def test_matrices_with_complex_entries_are_operators(tmp_path):
    text = TEXT.replace(
        "cold = { sigmaz = 0.5, sigmax = 0.3 }", 'cold = [[0.5, "0.3-0.2j"], ["0.3 + 0.2j", -0.5]]'
    ).replace("[free.coefficients.cold]\nsigmaz = [0.3, 0.9]", "")
    engine = read(tmp_path, text)
    h = engine.cycle().strokes[2].system.hamiltonian(0.0)
    assert np.allclose(h, np.array([[0.5, 0.3 - 0.2j], [0.3 + 0.2j, -0.5]]))


TWO_QUBITS = """
[hamiltonians]
low = { ZI = 0.5, IZ = 0.5, XX = 0.2 }
high = { ZI = 1.0, IZ = 1.0, XX = 0.2 }
[baths.hot]
temperature = 4.0
couplings = ["XI", "IX"]
spectrum = { ohmic = 0.02, cutoff = 10.0 }
[baths.cold]
temperature = 0.5
couplings = [{ XI = 1.0, IX = 0.5 }, "ZI", "IX"]
spectrum = { flat = 0.03 }
zero_frequency = 0.01
[[strokes]]
name = "contact"
hamiltonian = "high"
bath = "hot"
duration = 3.0
[[strokes]]
name = "out"
hamiltonian = "high"
to = "low"
duration = 1.0
[[strokes]]
name = "release"
hamiltonian = "low"
bath = "cold"
duration = 3.0
[[strokes]]
name = "back"
hamiltonian = "low"
to = "high"
duration = 0.0
[free.durations]
contact = [0.1, 10.0]
"""


@pytest.mark.slow
def test_two_qubits_with_other_spectra_make_a_limit_cycle(tmp_path):
    engine = read(tmp_path, TWO_QUBITS)
    assert engine.dimension == 4
    cycle = qt.limit_cycle(engine.cycle())
    assert abs(float(cycle.heat_hot + cycle.heat_cold + cycle.work)) < 1e-11
    gradient = jax.grad(lambda p: qt.limit_cycle(engine.cycle(p)).work_output)(engine.start)
    assert np.all(np.isfinite(jax.tree.leaves(gradient)))


def test_a_bath_on_a_ramp_follows_the_hamiltonian(tmp_path):
    text = TEXT.replace(
        'hamiltonian = "hot"\nto = "cold"', 'hamiltonian = "hot"\nto = "cold"\nbath = "hot"'
    )
    stroke = read(tmp_path, text).cycle().strokes[1]
    assert isinstance(stroke.system.baths[0], qt.AdiabaticBath)


@pytest.mark.parametrize(
    ("name", "d"), [("number", 3), ("position", 4), ("spinz", 3), ("identity", 5), ("XYZ", 8)]
)
def test_named_operators_are_hermitian_and_of_the_right_size(name, d):
    operator = named_operator(name, d)
    assert operator.shape == (d, d)
    assert np.allclose(operator, operator.conj().T)


MISTAKES = [
    ("duration = 2.0", "duration = -2.0", r"`strokes\[0\]\.duration`: found -2\.0, expected .*0"),
    ("temperature = 0.5", "temperature = -0.5", r"`baths\.cold\.temperature`: found -0\.5"),
    ("temperature = 0.5", "temperature = nan", r"`baths\.cold\.temperature`: found nan"),
    ("temperature = 0.5", 'temperature = "warm"', r"found 'warm', expected a valid number"),
    ("temperature = 0.5", "temprature = 0.5", r"`baths\.cold\.temprature`: found an unknown key"),
    ("temperature = 0.5", "", r"`baths\.cold\.temperature`: found nothing"),
    ("{ flat = 0.5 }", "{ cutoff = 0.5 }", r"expected `spectrum` must be \{ flat = rate \}"),
    ("{ flat = 0.5 }", "{ white = 0.5 }", r"`baths\.cold\.spectrum\.white.*expected 'flat'"),
    ('bath = "cold"', 'bath = "cool"', r"`strokes\[2\]\.bath`: found 'cool', .*'cold', 'hot'"),
    ('to = "cold"', 'to = "frozen"', r"`strokes\[1\]\.to`: found 'frozen', expected one of 'cold'"),
    ('name = "expansion"', 'name = "compression"', r"`strokes`: found the names .* only once"),
    ("sigmax = 0.3 }\nhot", "sigmaq = 0.3 }\nhot", r"`hamiltonians\.cold`: .* operator 'sigmaq'"),
    (
        "cold = { sigmaz = 0.5, sigmax = 0.3 }",
        "cold = [[0.5, 0.3], [0.2, -0.5]]",
        r"`hamiltonians\.cold` must be Hermitian",
    ),
    (
        "cold = { sigmaz = 0.5, sigmax = 0.3 }",
        'cold = [[0.5, "1+x"], ["1-x", -0.5]]',
        r"`hamiltonians\.cold`: found the entry '1\+x', expected a number or a string",
    ),
    (
        "cold = { sigmaz = 0.5, sigmax = 0.3 }",
        "cold = [[0.5, 0.3, 0], [0.3, -0.5, 0], [0, 0, 1]]",
        r"`hamiltonians\.hot`: found the operator 'sigmaz', expected for d = 3",
    ),
    ("sigmaz = [0.3, 0.9]", "sigmaz = [0.6, 0.9]", r"`free\.coefficients\.cold\.sigmaz`: found"),
    ("sigmaz = [0.3, 0.9]", "sigmay = [0.3, 0.9]", r"`free\.coefficients\.cold`: found 'sigmay'"),
    ("expansion = [-0.5, 1.5]", "expansion = [1.5, -0.5]", r"expected \[lower, upper\]"),
    ("expansion = [-0.5, 1.5]", "expansion = [1.5]", r"`free\.ramps\.expansion`: found \[1\.5\]"),
    ('objective = "efficiency"', 'objective = "speed"', r"`optimize\.objective`: found 'speed'"),
    ("duration = 1.0\nramp", "duration = 1.0\nrampe", r"unknown key"),
    ("[hamiltonians]", "[hamiltonians", r"not valid TOML"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_a_mistake_names_key_found_and_expected(tmp_path, old, new, message):
    assert old in TEXT
    with pytest.raises(EngineError, match=message):
        read(tmp_path, TEXT.replace(old, new, 1))


def test_a_hot_bath_that_is_not_hotter_warns(tmp_path):
    with pytest.warns(UserWarning, match=r"`temperatures`.*refrigerator"):
        read(tmp_path, TEXT.replace("temperature = 4.0", "temperature = 0.25"))


@pytest.mark.slow
def test_engine_cycle_is_differentiable_in_everything_free():
    engine = read_engine(REFERENCE)
    gradient = jax.grad(lambda p: qt.limit_cycle(engine.cycle(p)).efficiency)(engine.start)
    assert jax.tree.structure(gradient) == jax.tree.structure(engine.start)
    assert all(bool(jnp.all(jnp.isfinite(g)) & jnp.any(g != 0)) for g in jax.tree.leaves(gradient))


HOSTILE = (
    "__import__('os').system('touch ran')", "qtjax.app.files:write_json", "os.system",
    "../../ran", "/etc/passwd", "{0.__class__}", "${HOME}", "ZZ\\u0000", "",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "entry",
    [
        ("cold = {{ sigmaz = 0.5", "cold = {{ {0} = 0.5"),
        ("cold = {{ sigmaz = 0.5", "{0} = {{ sigmaz = 0.5"),
        ('bath = "hot"', "bath = {0}"),
        ('objective = "efficiency"', "objective = {0}"),
    ],
)
def test_hostile_words_are_refused_and_run_nothing(entry, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    old, new = (side.format(json.dumps(text)) for side in entry)
    whole = REFERENCE.read_text(encoding="utf-8")
    assert old in whole
    (tmp_path / "engine.toml").write_text(whole.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(EngineError, match=r"engine\.toml: (key `|not valid TOML)"):
        read_engine("engine.toml")
    assert [file.name for file in tmp_path.iterdir()] == ["engine.toml"]


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a = " + b"[" * 100_000, b"a = "])
def test_what_is_no_text_or_too_deep_is_refused(data, tmp_path):
    (tmp_path / "engine.toml").write_bytes(data)
    with pytest.raises(EngineError, match=r"engine\.toml: not valid TOML"):
        read_engine(tmp_path / "engine.toml")
