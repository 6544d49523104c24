"""A batch that does not fit the memory of the device says how large it is and what to do."""

import sys

import jax
import pytest

import qtjax as qt

N = qt.number(2)
SYSTEM = qt.OpenSystem(N, qt.LocalBath(qt.destroy(2), 1.0, 1.0, qt.Flat(0.1)))
PROGRAMS = {
    "qtjax.dynamics.evolve": ("_evolve", lambda: qt.evolve(SYSTEM, qt.pure_state([1, 0]), [0, 1])),
    "qtjax.dynamics.steady_state": ("_steady_state", lambda: qt.steady_state(SYSTEM)),
    "qtjax.machines.cycle": (
        "_limit_cycle", lambda: qt.limit_cycle(qt.Cycle([qt.Stroke(SYSTEM, 1.0)]))),
}  # fmt: skip
SAID = {
    "Out of memory allocating 19392000000 bytes.": "device: it asks for 18.1 GiB at once. Go thr",
    "Out of memory while trying to allocate 2147483648 bytes.": "it asks for 2 GiB at once.",
    "no size": "the memory of the device. Go through",
}


def failing(monkeypatch, module, words):
    def fail(*arguments):
        raise jax.errors.JaxRuntimeError(words)

    monkeypatch.setattr(sys.modules[module], PROGRAMS[module][0], fail)
    return PROGRAMS[module][1]


@pytest.mark.parametrize("module", PROGRAMS)
@pytest.mark.parametrize(("words", "said"), SAID.items())
def test_what_does_not_fit_is_told(monkeypatch, module, words, said):
    call = failing(monkeypatch, module, f"RESOURCE_EXHAUSTED: {words}")
    with pytest.raises(jax.errors.JaxRuntimeError) as raised:
        call()
    message = str(raised.value)
    assert message.startswith("RESOURCE_EXHAUSTED: this does not fit the memory")
    assert said in message
    assert "`jax.lax.map(function, batch, batch_size=...)`" in message
    assert message.endswith(words)


@pytest.mark.parametrize("module", PROGRAMS)
def test_other_errors_of_a_device_stay_as_they_are(monkeypatch, module):
    with pytest.raises(jax.errors.JaxRuntimeError, match=r"^INTERNAL: something else$"):
        failing(monkeypatch, module, "INTERNAL: something else")()
