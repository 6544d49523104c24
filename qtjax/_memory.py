"""What is said where a batch does not fit the memory of the device."""

import contextlib
import re
from collections.abc import Iterator

import jax


@contextlib.contextmanager
def told_of_memory() -> Iterator[None]:
    """Add to the device's error what was too large and how to do with less.

    It can be done for programs that qtjax starts itself: of a `jax.jit` of the user's around them
    the error is JAX's own.
    """
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):
            raise
        found = re.search(r"allocat\w+ (\d+) bytes", str(error))
        size = f": it asks for {int(found[1]) / 2**30:.3g} GiB at once" if found else ""
        raise jax.errors.JaxRuntimeError(
            f"RESOURCE_EXHAUSTED: this does not fit the memory of the device{size}. Go through a "
            "batch in slices with `jax.lax.map(function, batch, batch_size=...)`, save less, or at "
            f"fewer times. The device says: {error}"
        ) from error
