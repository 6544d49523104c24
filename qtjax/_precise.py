"""Products of JAX arrays at the precision of their numbers.

Unless a precision is named, GPUs may round the factors of a float32 product to 10 bits (TF32): an
error of 1e-3, where float32 has 1e-7. Every matrix product of qtjax is one of these, and not `@`.
"""

import re
import warnings
from functools import cache, partial

import jax
import jax.numpy as jnp

HIGHEST = jax.lax.Precision.HIGHEST

matmul = partial(jnp.matmul, precision=HIGHEST)
einsum = partial(jnp.einsum, precision=HIGHEST)
tensordot = partial(jnp.tensordot, precision=HIGHEST)


# NVIDIA's cards with 1/32 or 1/64 of their float32 speed in float64, by the vendor's tables; all
# others that JAX runs on (P100, V100, A30, A100, H100, H200, B200, AMD's Instinct) have 1/2
_SLOW_FLOAT64 = re.compile(
    r"\b(GeForce|GTX|RTX|TITAN Xp?|Quadro [KMPT]\d+|T4G?|A2|A10G?|A16|A40|L2|L4|L20|L40S?|"
    r"P4|P6|P40|M4|M6|M10|M40|M60|H20|G?B300)\b",
    re.IGNORECASE,
)


def warn_of_precision() -> None:
    """Warn, once in a process, of float32, or of a GPU on which float64 is slow."""
    if not jax.config.read("jax_enable_x64"):
        _warn_of_float32()
        return
    device = getattr(jax.config, "jax_default_device", None) or jax.devices()[0]
    if getattr(device, "platform", "") == "gpu" and _SLOW_FLOAT64.search(device.device_kind):
        _warn_of_slow_float64(device.device_kind)


@cache
def _warn_of_slow_float64(kind: str) -> None:
    warnings.warn(
        f"{kind} has 1/32 or less of its float32 speed in float64, in which qtjax computes here: "
        "two CPU cores may be as fast. Use a card such as A100 or H100, or float32 where five "
        "digits will do (`docs/robustness.md` says what it is good for).",
        stacklevel=5,
    )


@cache
def _warn_of_float32() -> None:
    warnings.warn(
        "qtjax computes in float32 here, to about five digits, as JAX does by default. For quoted "
        'results put `jax.config.update("jax_enable_x64", True)` before the first array is made; '
        "`docs/robustness.md` says what float32 is good for.",
        stacklevel=5,
    )
