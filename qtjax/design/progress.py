"""Where an optimization stands, and its checkpoint file."""

import io
import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from .._files import write_whole
from .._types import Real


class Progress(eqx.Module):
    """Where an optimization stands; everything that a checkpoint needs.

    Args:
        free: the unbounded variables.
        optimizer: the state of the Optax optimizer.
        multipliers: lambda of every margin, (margins,).
        penalty: mu.
        violation: largest violation at the end of the last round.
        best: parameters of the best step so far: the lowest loss among feasible ones, or the
            smallest violation as long as there are none.
        best_loss: its loss.
        best_violation: its violation max(0, -g), 0 without margins.
        steps: steps taken.
        frozen_at: the step at which a nan or inf stopped this lane, whose parameters stay where
            they were; -1 if none did.

    Examples:
        >>> import optax
        >>> optimum = qt.optimize(jnp.square, jnp.array(3.0), optax.sgd(0.25), steps=2)
        >>> int(optimum.progress.steps), int(optimum.progress.frozen_at)
        (2, -1)
    """

    free: PyTree
    optimizer: PyTree
    multipliers: Float[Array, " margins"]
    penalty: Real
    violation: Real
    best: PyTree
    best_loss: Real
    best_violation: Real
    steps: Int[Array, ""]
    frozen_at: Int[Array, "*lanes"]

    @property
    def frozen(self) -> Bool[Array, "*lanes"]:
        """Whether a nan or inf stopped the lane."""
        return self.frozen_at >= 0


class History(eqx.Module):
    """Loss and violation at every step, (steps,) each.

    Examples:
        >>> import optax
        >>> optimum = qt.optimize(jnp.square, jnp.array(3.0), optax.sgd(0.25), steps=2)
        >>> optimum.history.loss
        [9.0, 2.25]
    """

    loss: Float[Array, "*lanes steps"]
    violation: Float[Array, "*lanes steps"]


def join(histories: Sequence[History]) -> History:
    """The histories of consecutive chunks as one."""
    return jax.tree.map(lambda *parts: jnp.concatenate(parts, axis=-1), *histories)


def save(path: str | os.PathLike[str], progress: Progress, history: History) -> None:
    """Write a checkpoint beside its place and move it there in one step.

    Args:
        path: where to.
        progress: the state.
        history: of all steps up to it.

    Raises:
        OSError: the disk is full, or the file cannot be written for another reason; the checkpoint
            before it is still there.
    """
    data = io.BytesIO()
    eqx.tree_serialise_leaves(data, jnp.asarray(history.loss.shape))
    eqx.tree_serialise_leaves(data, (progress, history))
    write_whole(path, data.getvalue() + _checksum(data.getvalue()))


def _checksum(data: bytes) -> bytes:
    """Four bytes by which a file that was cut off or changed is found."""
    return zlib.crc32(data).to_bytes(4, "little")


def load(
    path: str | os.PathLike[str], like: Progress, loss: Callable[[PyTree], Any]
) -> tuple[Progress, History]:
    """The checkpoint of a run, if it is one of this problem.

    Args:
        path: of the file.
        like: the state at the start of this problem.
        loss: of this problem; the best parameters of the checkpoint must have their loss.

    Returns:
        The state and the history up to it.

    Raises:
        ValueError: the checkpoint belongs to another problem, or is damaged.
    """
    misfit = ValueError(
        f"`checkpoint` {os.fspath(path)} does not fit this problem (another loss, start, optimizer "
        "or number of starts, or a damaged file); remove it or start without `resume`."
    )
    data = Path(path).read_bytes()
    if _checksum(data[:-4]) != data[-4:]:
        raise misfit
    file = io.BytesIO(data[:-4])
    try:
        shape = eqx.tree_deserialise_leaves(file, jnp.zeros(1 + like.steps.ndim, int))
        empty = jnp.zeros([int(n) for n in shape], like.best_loss.dtype)
        progress, history = eqx.tree_deserialise_leaves(file, (like, History(empty, empty)))
    except (RuntimeError, ValueError, EOFError) as error:
        raise misfit from error
    out = jax.jit(loss)(progress.best)
    value = out[0] if isinstance(out, tuple) else out
    # the rounding of a loss is a fraction of its size along the way, whatever its units
    size = jnp.max(jnp.abs(history.loss), initial=0.0, where=jnp.isfinite(history.loss))
    close = jnp.abs(value - progress.best_loss) <= 1e-6 * jnp.abs(value) + 1e-9 * size
    if not bool(jnp.all(~jnp.isfinite(progress.best_loss) | close)):
        raise misfit
    return progress, history
