"""Linear algebra one after the other, where XLA would do it side by side."""

import jax.numpy as jnp
from jaxtyping import Array, Inexact


def in_turn(x: Inexact[Array, "..."], after: Array) -> Inexact[Array, "..."]:
    """x, but not before `after` is known; all nan where that is nan.

    In XLA's CPU runtime (jax 0.10 to 0.12) batches of eigensystems or of linear systems wait for
    threads of the pool that they run in: as many of them at once as there are cores, and one more,
    can wait for ever. Barriers of JAX are gone before it runs.
    """
    return jnp.where(jnp.isnan(after), jnp.nan, x)
