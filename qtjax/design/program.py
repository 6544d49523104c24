"""One compiled program for all slices of a sweep, over all devices of this process."""

import warnings
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from .outputs import numbers

LANES = "lanes"


class Program:
    """A function at all points of a slice, compiled once, its lanes shared among the devices.

    It finds by trying in how many pieces a slice fits the memory of the devices, and remembers.

    Args:
        f: a function of named scalars.
    """

    def __init__(self, f: Callable[..., Any]):
        mesh = Mesh(np.array(jax.local_devices()), (LANES,))
        self.sharding = NamedSharding(mesh, PartitionSpec(LANES))
        self.devices = mesh.size
        self.pieces = 1
        lanes = jax.vmap(lambda points: numbers(f)(**points))
        if self.devices > 1:
            # each device runs by itself: loops that end at their own time need no word from others
            lanes = jax.shard_map(
                lanes, mesh=mesh, in_specs=PartitionSpec(LANES), out_specs=PartitionSpec(LANES),
                check_vma=False,
            )  # fmt: skip
        self.run = jax.jit(lanes)

    def start(self, points: dict[str, np.ndarray]) -> list[Any] | None:
        """Begin to compute a slice.

        Args:
            points: (lanes,) each.

        Returns:
            What `finish` waits for.
        """
        if self.pieces > 1:
            return None
        try:
            return self.run(*self._parts(points))
        except jax.errors.JaxRuntimeError as error:
            self._halve(error, points)
            return None

    def finish(self, points: dict[str, np.ndarray], started: list[Any] | None) -> list[np.ndarray]:
        """What a slice came to, (lanes, ...) each.

        Args:
            points: as of `start`.
            started: what it returned.

        Raises:
            RuntimeError: one lane per device does not fit its memory.
        """
        lanes = _lanes(points)
        while True:
            try:
                if started is not None:
                    return [np.asarray(x)[:lanes] for x in started]
                # one piece after the other, so that only one is in memory
                pieces = [list(map(np.asarray, self.run(part))) for part in self._parts(points)]
                return [np.concatenate(column)[:lanes] for column in zip(*pieces, strict=True)]
            except jax.errors.JaxRuntimeError as error:
                self._halve(error, points)
                started = None

    def _parts(self, points: dict[str, np.ndarray]) -> list[dict[str, Any]]:
        """The lanes in equal pieces, padded to a multiple of the devices, on the devices."""
        lanes = _lanes(points)
        size = self._piece(lanes)
        index = np.minimum(np.arange(size * -(-lanes // size)), lanes - 1)
        return [
            jax.device_put({name: values[k] for name, values in points.items()}, self.sharding)
            for k in index.reshape(-1, size)
        ]

    def _piece(self, lanes: int) -> int:
        shared = self.pieces * self.devices
        return self.devices * -(-lanes // shared)

    def _halve(self, error: Exception, points: dict[str, np.ndarray]) -> None:
        """Take pieces of half the size, and say so; raise what is no lack of memory."""
        lanes = _lanes(points)
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise error
        if self._piece(lanes) == self.devices:
            raise RuntimeError(
                "One point of this sweep does not fit the memory of the device. Return less, or "
                f"make the problem smaller. The device says: {error}"
            ) from error
        self.pieces *= 2
        warnings.warn(
            f"A slice of {lanes} points does not fit the memory of the device: it is done "
            f"{self._piece(lanes)} points at a time. Its numbers are equal to rounding, not bit "
            "for bit, to those of a device with more memory; a smaller `slice_size` avoids it.",
            stacklevel=4,
        )


def _lanes(points: dict[str, np.ndarray]) -> int:
    return len(next(iter(points.values())))
