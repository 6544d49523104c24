"""Products of JAX arrays at the precision of their numbers.

Unless a precision is named, GPUs may round the factors of a float32 product to 10 bits (TF32): an
error of 1e-3, where float32 has 1e-7. Every matrix product of qtjax is one of these, and not `@`.
"""

from functools import partial

import jax
import jax.numpy as jnp

HIGHEST = jax.lax.Precision.HIGHEST

matmul = partial(jnp.matmul, precision=HIGHEST)
einsum = partial(jnp.einsum, precision=HIGHEST)
tensordot = partial(jnp.tensordot, precision=HIGHEST)
