"""Step-size controllers of Diffrax that never step over what the grid has seen, and keep count.

`Watchful` wraps the user's controller: no step goes beyond the resolved block that it starts in
(`resolution.furthest`), and the error estimates of the accepted steps are added up.
"""

from typing import Any

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from .._types import Real
from .resolution import Seen, furthest

_NOISE = 4.0  # times the machine epsilon and the state: what an error estimate cannot see

_MOST_SHARES = 1000.0  # into which the tolerance is divided; below it functions are often noise


class Total(eqx.Module):
    """What a controller has added up: the estimated errors of state and books."""

    error: Real


class Watchful(dfx.AbstractAdaptiveStepSizeController):
    """A controller that looks where it steps and adds up the errors.

    Args:
        controller: any adaptive controller.
        seen: what is known of the unknown functions, or `None`.
        span: the whole time, for errors per unit of time; `None` to take the errors as they are.
    """

    controller: dfx.AbstractAdaptiveStepSizeController
    seen: Seen | None
    span: Real | None

    @property
    def rtol(self) -> Any:
        return self.controller.rtol

    @property
    def atol(self) -> Any:
        return self.controller.atol

    @property
    def norm(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.controller.norm

    def wrap(self, direction: Any) -> "Watchful":
        return Watchful(self.controller.wrap(direction), self.seen, self.span)  # pyright: ignore

    def init(self, terms: Any, t0: Any, t1: Any, y0: Any, dt0: Any, args: Any, func: Any,
             error_order: Any) -> Any:  # fmt: skip
        t1, state = self.controller.init(terms, t0, t1, y0, dt0, args, func, error_order)
        return self._clipped(t0, t1), (state, Total(jnp.zeros_like(jnp.asarray(t0))))

    def adapt_step_size(self, t0: Any, t1: Any, y0: Any, y1_candidate: Any, args: Any,
                        y_error: Any, error_order: Any, controller_state: Any) -> Any:  # fmt: skip
        inner, total = controller_state
        found = _largest(y_error)
        if self.span is not None and y_error is not None:
            share = self.span / jnp.maximum(t1 - t0, jnp.finfo(jnp.result_type(t0)).tiny)
            scale = jnp.minimum(share, _MOST_SHARES)
            noise = _NOISE * jnp.finfo(jnp.result_type(t0)).eps * _largest(y1_candidate)
            y_error = jax.tree.map(
                lambda e: jnp.maximum(jnp.abs(e) - noise, 0.0) * scale.astype(e.dtype), y_error
            )
        keep, next_t0, next_t1, made_jump, inner, result = self.controller.adapt_step_size(
            t0, t1, y0, y1_candidate, args, y_error, error_order, inner
        )
        error = total.error + jnp.where(keep, found, 0.0).astype(total.error.dtype)
        state = inner, Total(jax.lax.stop_gradient(error))
        # steps move with their start and keep their length: one that has grown from a step of some
        # roundings would change by a million times what that does
        next_t1 = jax.lax.stop_gradient(self._clipped(next_t0, next_t1))
        moved = next_t0 - jax.lax.stop_gradient(next_t0)
        return keep, next_t0, next_t1 + moved, made_jump, state, result

    def _clipped(self, t0: Any, t1: Any) -> Any:
        if self.seen is None:
            return t1
        index = jnp.clip(
            jnp.searchsorted(self.seen.starts, t0, side="right") - 1, 0,
            self.seen.starts.shape[0] - 1,
        )  # fmt: skip
        last = furthest(self.seen.ends[index], self.seen.starts[index], self.seen.bins[index], t0)
        return jnp.where(last > t0, jnp.minimum(t1, last), t1)


def _largest(error: Any) -> Array:
    """The largest entry of an error estimate; inf where there is none."""
    leaves = [jnp.max(jnp.abs(leaf)) for leaf in jax.tree.leaves(error)]
    return jax.lax.stop_gradient(jnp.max(jnp.stack(leaves))) if leaves else jnp.asarray(jnp.inf)


def total_of(state: Any) -> Real:
    """What the `Watchful` somewhere in a controller's state has added up."""
    leaves = jax.tree.leaves(state, is_leaf=lambda leaf: isinstance(leaf, Total))
    return next(leaf.error for leaf in leaves if isinstance(leaf, Total))
