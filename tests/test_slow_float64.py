"""A GPU on which float64 is slow is told of once, and no other device."""

import types
import warnings

import jax
import pytest

import qtjax as qt
from qtjax import _precise

N = qt.number(2)
SYSTEM = qt.OpenSystem(N, qt.LocalBath(qt.destroy(2), 1.0, 1.0, qt.Flat(0.1)))
SLOW = (
    "NVIDIA GeForce RTX 4090", "NVIDIA GeForce GTX 1080 Ti", "Tesla T4", "NVIDIA L4", "NVIDIA L40S",
    "NVIDIA A10", "NVIDIA A10G", "NVIDIA A40", "NVIDIA RTX A6000", "Quadro RTX 8000",
    "Quadro P4000", "NVIDIA RTX 6000 Ada Generation", "NVIDIA TITAN Xp", "Tesla P4",
    "Tesla M60", "NVIDIA B300",
)  # fmt: skip
FAST = (
    "NVIDIA H100 80GB HBM3", "NVIDIA A100-SXM4-40GB", "NVIDIA A100 80GB PCIe", "NVIDIA A30",
    "Tesla V100-SXM2-16GB", "Tesla P100-PCIE-16GB", "NVIDIA H200", "NVIDIA GH200 480GB",
    "NVIDIA B200", "NVIDIA TITAN V", "Quadro GV100", "Quadro GP100", "AMD Instinct MI250X",
)  # fmt: skip


def on(monkeypatch, kind, platform="gpu"):
    """What is said by everything that computes, on a device of that kind."""
    device = types.SimpleNamespace(device_kind=kind, platform=platform)
    monkeypatch.setattr(jax, "devices", lambda: [device])
    _precise._warn_of_slow_float64.cache_clear()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        _precise.warn_of_precision()
        _precise.warn_of_precision()
    return [str(one.message) for one in said]


@pytest.mark.parametrize("kind", SLOW)
def test_a_slow_one_is_named_once(monkeypatch, kind):
    (said,) = on(monkeypatch, kind)
    assert said.startswith(f"{kind} has 1/32 or less of its float32 speed in float64")
    assert "A100 or H100, or float32" in said


@pytest.mark.parametrize("kind", FAST)
def test_a_fast_one_is_not(monkeypatch, kind):
    assert on(monkeypatch, kind) == []


def test_neither_is_a_processor_nor_float32(monkeypatch):
    assert on(monkeypatch, "NVIDIA L4", "cpu") == []
    monkeypatch.setattr(_precise, "_warn_of_float32", lambda: None)
    with jax.enable_x64(False):
        assert on(monkeypatch, "NVIDIA L4") == []


@pytest.mark.parametrize("compute", [
    lambda: qt.evolve(SYSTEM, N, [0.0, 1.0]), lambda: qt.steady_state(SYSTEM),
    lambda: qt.limit_cycle(qt.Cycle([qt.Stroke(SYSTEM, 1.0)])),
])  # fmt: skip
def test_whatever_computes_says_so(monkeypatch, compute):
    device = types.SimpleNamespace(device_kind="Tesla T4", platform="gpu")
    monkeypatch.setattr(jax, "devices", lambda: [device])
    _precise._warn_of_slow_float64.cache_clear()
    with pytest.warns(UserWarning, match="Tesla T4 has 1/32"):
        compute()
