"""Modules to disk and back, bit for bit; and files that are refused."""

import dataclasses
import functools
import importlib
import inspect
import io
import json
import random
import zipfile

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qtjax as qt
from qtjax import dynamics, machines, models
from qtjax.exchange import files, load, save

N, X, Z = qt.number(2), qt.sigmax(), qt.sigmaz()
FLAT, DAVIES = qt.Flat(0.1), qt.DaviesBath(N, X, 0.5, qt.Ohmic(0.1))
RAMP = qt.Driven([(1.0, N), (qt.Linear(0.0, 1.0), X)])
SYSTEM = qt.OpenSystem(RAMP, (DAVIES, qt.Lindblad(Z, 0.1)))
STROKE = qt.Stroke(qt.OpenSystem(N, DAVIES), 1.0, "hot")
FLOORS = (
    "algebra", "numerics", "information", "dynamics", "models", "thermodynamics", "machines",
    "design", "exchange",
)  # fmt: skip
EXAMPLES = (
    SYSTEM,
    qt.composite_system([N, Z], qt.tensor(X, X)),
    (dynamics.Brownian(0.1, 1.0, 0.2), qt.DrudeLorentz(0.1, 2.0), dynamics.PowerLaw(0.1, 2.0, 3.0)),
    [qt.Tabulated([0.0, 1.0], [0.0, 0.5]), qt.Constant(1.0), qt.Fourier(0.0, [1.0], [2.0], 0.5)],
    {"p": qt.PiecewiseConstant([1.0], [0.0, 1.0]), "q": qt.Polynomial([0.0, 1.0])},
    (qt.Ramp([0.5]), qt.Smooth(0.0, 1.0), qt.Spline([0.0, 1.0, 0.5])),
    dynamics.PiecewisePolynomial([[1.0, 2.0]], [0.0, 1.0, 2.0]),
    dynamics.Product((qt.Linear(0.0, 1.0), qt.Constant(2.0))),
    (dynamics.Between(0.0, 1.0, qt.Ramp([0.5])), dynamics.Reciprocal(1.0, 2.0)),
    (
        dynamics.ConstantAdiabaticity(0.3 * X + Z, 0.3 * X + 2 * Z),
        qt.Channel(0.1, X, Z),
        dynamics.Dephasing(Z, 0.1),
    ),
    (qt.AdiabaticBath(X, 0.5, FLAT), qt.LocalBath(qt.destroy(2), 1.0, 0.5, FLAT)),
    dynamics.DrivenJump([(1.0, X), (qt.Linear(0.0, 1.0), Z)]),
    dynamics.RedfieldBath(X, 0.5, qt.Ohmic(0.1, 3.0)),
    dynamics.Expectation(X, Z),
    (qt.Exact(), qt.Taylor()),
    (STROKE, qt.Cycle([STROKE, qt.Stroke(qt.OpenSystem(RAMP), 1.0)])),
    (models.LorentzianDamping(1.0, 0.1, 1.0), models.Tanh(0.1), models.Oscillating(0.5, 0.1, 1.0)),
    (qt.Bounded(0.0, 1.0), qt.Positive(), qt.design.Unbounded()),
    models.Resonator(1.0, 0.1, 0.5),
)
# functions are no data, and a solver of Diffrax is another's class
HOLD_OTHERS = {"FromFunction", "Moving", "Diffrax"}


def public_modules():
    found = {}
    for floor in FLOORS:
        for name, thing in vars(importlib.import_module(f"qtjax.{floor}")).items():
            module = inspect.isclass(thing) and issubclass(thing, eqx.Module)
            if module and not name.startswith(("_", "Abstract")) and name not in HOLD_OTHERS:
                found[name] = thing
    return found


def inside(value):
    """All modules in a value."""
    if isinstance(value, eqx.Module):
        yield value
        for field in dataclasses.fields(value):
            yield from inside(getattr(value, field.name))
    elif isinstance(value, tuple | list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from inside(item)


def filled(cls):
    """A record with an array in every field: what is computed, without computing it."""
    new = object.__new__(cls)
    for k, field in enumerate(dataclasses.fields(cls)):
        static = field.metadata.get("static", False)
        value = f"text {k}" if static else jnp.arange(k + 1.0) / 7.0 + 1j
        object.__setattr__(new, field.name, value)
    return new


def same(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for one, other in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        assert type(one) is type(other)
        assert np.asarray(one).dtype == np.asarray(other).dtype
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


@pytest.mark.parametrize("k", range(len(EXAMPLES)))
def test_what_is_described_comes_back_bit_for_bit(k, tmp_path):
    save(tmp_path / "a", EXAMPLES[k])
    back = load(tmp_path / "a")
    same(EXAMPLES[k], back)
    save(tmp_path / "b", back)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("name", sorted(public_modules()))
def test_every_public_module(name, tmp_path):
    cls = public_modules()[name]
    built = [module for module in inside(EXAMPLES) if type(module) is cls]
    module = built[0] if built else filled(cls)
    save(tmp_path / "a", module)
    same(module, load(tmp_path / "a"))


@pytest.mark.slow
def test_solutions_come_back_with_their_methods_and_outcomes(tmp_path):
    system = qt.OpenSystem(N, DAVIES)
    solution = qt.evolve(system, qt.algebra.maximally_mixed(2), [0.0, 1.0])
    cycle = qt.limit_cycle(qt.Cycle([STROKE]))
    machine = machines.steady_machine(system, "hot")
    save(tmp_path / "a", {"solution": solution, "cycle": cycle, "machine": machine})
    back = load(tmp_path / "a")
    same(solution, back["solution"])
    assert bool(back["solution"].result == qt.RESULTS.successful)
    assert back["solution"].method == solution.method
    assert back["cycle"].heat_hot == cycle.heat_hot
    assert back["machine"].named_heats == machine.named_heats
    again = qt.evolve(system, back["solution"].state, [0.0, 1.0])
    assert bool(again.result == back["solution"].result)


def test_the_smallest_and_the_oddest_numbers(tmp_path):
    odd = {
        "floats": [0.1, float("inf"), float("nan"), 5e-324, -0.0],
        "others": (1 + 2j, True, None, 3, "text", np.float32(0.1), np.int8(3)),
        "arrays": (np.array([np.nan, -0.0]), jnp.zeros((0, 2)), np.asfortranarray(np.eye(2)[::-1])),
    }
    save(tmp_path / "a", odd)
    back = load(tmp_path / "a")
    same(odd, back)
    assert [type(x) for x in back["others"]] == [type(x) for x in odd["others"]]


class Pulse(qt.AbstractSchedule):
    height: jax.Array
    width: float = eqx.field(static=True)

    def __call__(self, t):
        return self.height * jnp.exp(-((t / self.width) ** 2))


def test_classes_of_your_own_are_given(tmp_path):
    save(tmp_path / "a", qt.Diffrax())
    same(qt.Diffrax(), load(tmp_path / "a", classes=[diffrax.Dopri8]))
    mine = qt.Driven([(Pulse(jnp.array(0.3), 2.0), X)])
    save(tmp_path / "a", mine)
    with pytest.raises(ValueError, match="test_saved:Pulse`, which is no class of qtjax; if it is"):
        load(tmp_path / "a")
    same(mine, load(tmp_path / "a", classes=[Pulse]))


@pytest.fixture
def path(tmp_path):
    save(tmp_path / "system", SYSTEM)
    return tmp_path / "system"


def rewritten(path, change):
    """The file with another description, and the checksum of that."""
    data = path.read_bytes().partition(b"\n")[2]
    old, new = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(new, "w") as archive:
        for name in old.namelist():
            text = old.read(name)
            archive.writestr(name, change(text.decode()) if name == "module.json" else text)
    path.write_bytes(files._first_line(new.getvalue()) + new.getvalue())


def test_every_changed_or_missing_byte_is_found(path):
    whole, rng = path.read_bytes(), random.Random(1)
    places = [*range(90), *(rng.randrange(len(whole)) for _ in range(150))]
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(changed))
        with pytest.raises(ValueError, match="damaged"):
            load(path)
        path.write_bytes(whole[:place])
        with pytest.raises(ValueError, match="damaged"):
            load(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"qtjax": "0.', '"qtjax": "9.', r"written by qtjax 9\..*load it with that version"),
        ("dynamics:Driven", "dynamics:Drives", "no class of qtjax"),
        ("qtjax.dynamics:Driven", "os:system", "`os:system`, which is no class"),
        ("qtjax.dynamics:Driven", "qtjax.app.commands:app", "no class of qtjax"),
        ("qtjax.dynamics:Driven", "qtjax.dynamics.hamiltonians:jax", "no class"),
        ("qtjax.dynamics:Driven", "qtjax.dynamics.nowhere:Drives", "no class of"),
        ("qtjax.dynamics:Driven", "qtjax.machines:Driven", "no class of"),
        ('"temperature"', '"warmth"', r"with the fields \[.*'warmth'.*which has .*'temperature'"),
    ],
)
def test_what_does_not_fit_is_refused(old, new, message, path):
    rewritten(path, lambda text: text.replace(old, new))
    with pytest.raises(ValueError, match=message):
        load(path)


def test_a_class_that_moved_to_another_file_of_its_floor_is_found(path):
    rewritten(path, lambda text: text.replace("qtjax.dynamics:Driven", "qtjax.dynamics.old:Driven"))
    same(SYSTEM, load(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__import__('os').system('touch ran')", "is not as `save` writes"),
        ('{"qtjax": "VERSION", "module": {"class": "__import__(0)", "fields": {}}}', "no class"),
        ('{"qtjax": "VERSION", "module": {"class": "qtjax.../x:y", "fields": {}}}', "no class of"),
        ('{"qtjax": "VERSION", "module": {"class": "qtjax.app.files:write_json", "fields": {}}}',
         "no class of"),
        ('{"qtjax": "VERSION", "module": {"class": "qtjax.design..os:x", "fields": {}}}', "is no"),
        ('{"qtjax": "VERSION", "module": {"eval": "1"}}', "is not as `save` writes a module"),
        ('{"qtjax": "VERSION", "module": {"jax": 99}}', "is not as `save` writes a module"),
        ('{"qtjax": "VERSION", "module": {"jax": "../../secret"}}', "is not as `save` writes"),
        ('{"qtjax": "VERSION", "module": {"class": 3}}', "is not as `save` writes a module"),
        ('{"qtjax": "VERSION"}', "is not as `save` writes a module"),
        ("[" * 200_000, "is not as `save` writes a module"),
        ("[]", "is not as `save` writes a module"),
    ],
)  # fmt: skip
def test_hostile_descriptions_run_nothing_and_are_told(text, message, path, monkeypatch):
    monkeypatch.chdir(path.parent)
    text = text.replace("VERSION", files._version())
    rewritten(path, lambda _: text)
    before = sorted(p.name for p in path.parent.iterdir())
    with pytest.raises(ValueError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert sorted(p.name for p in path.parent.iterdir()) == before


def test_pickled_arrays_are_not_unpickled(path, monkeypatch):
    class Ran:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    held = io.BytesIO()
    np.save(held, np.array([Ran()], dtype=object), allow_pickle=True)
    new = io.BytesIO()
    with zipfile.ZipFile(new, "w") as archive:
        node = {"qtjax": files._version(), "module": {"numpy": 0}}
        archive.writestr("module.json", json.dumps(node))
        archive.writestr("0.npy", held.getvalue())
    path.write_bytes(files._first_line(new.getvalue()) + new.getvalue())
    with pytest.raises(ValueError, match="holds what is no array of numbers: Object arrays"):
        load(path)


def test_other_files_and_other_formats_are_refused(path, tmp_path):
    (tmp_path / "text").write_text(json.dumps({"a": 1}))
    with pytest.raises(ValueError, match=r"is no file of `qtjax\.exchange\.save`"):
        load(tmp_path / "text")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"qtjax module 1 ", b"qtjax module 2 ", 1))
    with pytest.raises(ValueError, match="another version of the format than 1"):
        load(path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing")


def test_what_is_no_data_is_not_written(tmp_path):
    system = qt.OpenSystem(qt.Driven([(jnp.sin, X)]))
    with pytest.raises(ValueError, match=r"`module\.hamiltonian\.parts\[0\]\.schedule` cannot be"):
        save(tmp_path / "a", system)
    with pytest.raises(ValueError, match="is traced"):
        jax.jit(functools.partial(save, tmp_path / "a"))(jnp.zeros(2))
    with pytest.raises(ValueError, match="dtype is <U1"):
        save(tmp_path / "a", np.array(["a"]))
    assert list(tmp_path.iterdir()) == []


def test_float64_is_not_made_float32(path):
    with jax.enable_x64(False), pytest.raises(ValueError, match="arrays of float64; enable it"):
        load(path)
