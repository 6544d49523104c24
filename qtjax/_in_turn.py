"""Linear algebra one after the other, where XLA would do it side by side."""

import jax.numpy as jnp
from jaxtyping import Array, Inexact


def in_turn(x: Inexact[Array, "..."], after: Array) -> Inexact[Array, "..."]:
    """x, but not before `after` is known; all nan where that is nan.

    In XLA's CPU runtime of jax 0.10 a batch of eigensystems or of linear systems waits for threads
    of the pool that it runs in: as many of them at once as there are threads can wait for ever.
    Barriers of JAX are gone before it runs.
    """
    return jnp.where(jnp.isnan(after), jnp.nan, x)
