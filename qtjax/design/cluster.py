"""The slices of a sweep on the workers of a Dask client."""

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax

from .program import Program
from .slices import check, finish
from .store import Store, identity_of, made_with, open_store

PACKAGES = ("qtjax", "jax", "jaxlib", "zarr")
SETTINGS = ("jax_enable_x64", "jax_default_matmul_precision")


class Job(NamedTuple):
    """All that a worker needs to know; it reads the grid from the store.

    Args:
        path: of the store.
        identity: of the sweep, as JSON.
        function: of the sweep, pickled.
        settings: of JAX, that numbers depend on.
        versions: of packages.
    """

    path: str
    identity: str
    function: bytes
    settings: tuple[Any, ...]
    versions: tuple[str | None, ...]


def distribute(
    client: Any, f: Callable[..., Any], store: Store, missing: Sequence[int]
) -> Iterator[int]:
    """Have the workers of a client compute and store slices.

    Args:
        client: a `distributed.Client`.
        f: of the sweep.
        store: on a file system that all workers see.
        missing: the slices.

    Returns:
        The slices as they are stored, in any order.

    Raises:
        ValueError: a worker has other versions, or does not see the store; what is stored already
            is not of this function.
    """
    import cloudpickle
    import distributed

    versions = check_versions(client)
    identity = json.dumps(identity_of(store.grid, store.outputs))
    settings = tuple(getattr(jax.config, name) for name in SETTINGS)
    job = Job(str(store.path), identity, cloudpickle.dumps(f), settings, versions)
    client.submit(_check, job, missing, pure=False).result()
    futures = client.map(functools.partial(_do, job), missing, pure=False)
    try:
        for future in distributed.as_completed(futures):
            yield future.result()
    finally:
        client.cancel(futures)


def made_by(client: Any) -> dict[str, Any]:
    """Versions and devices of a worker.

    Args:
        client: a `distributed.Client`; one without workers is waited for.

    Raises:
        ImportError: distributed is not installed.
        ValueError: it is no client, or a worker has other versions.
    """
    try:
        import distributed
    except ImportError as error:
        raise ImportError(
            f'`client` needs {error.name}: install it with `pip install "qtjax[cluster]"`.'
        ) from error
    if not isinstance(client, distributed.Client):
        raise ValueError(
            f"`client` must be a `distributed.Client`, got {client!r}; "
            "`distributed.Client(n_workers=2)` starts one on this machine."
        )
    check_versions(client)
    return client.submit(made_with, pure=False).result()


def check_versions(client: Any) -> tuple[str | None, ...]:
    """The versions here of what numbers depend on, if all workers have the same.

    Args:
        client: a `distributed.Client`.

    Raises:
        ValueError: a worker has others.
    """

    look = _looker()
    here = look(PACKAGES)
    for worker, there in client.run(look, PACKAGES).items():
        _compare(str(worker), here, tuple(there))
    return here


def _looker() -> Callable[[Sequence[str]], tuple[str | None, ...]]:
    """A function that is pickled by value and needs no qtjax: a worker may have another."""

    def look(names: Sequence[str]) -> tuple[str | None, ...]:
        import importlib.metadata

        found = []
        for name in names:
            try:
                found.append(importlib.metadata.version(name))
            except importlib.metadata.PackageNotFoundError:
                found.append(None)
        return tuple(found)

    return look


def _compare(worker: str, here: tuple[str | None, ...], there: tuple[str | None, ...]) -> None:
    for name, wanted, found in zip(PACKAGES, here, there, strict=True):
        if wanted != found:
            raise ValueError(
                f"`client` has the worker {worker} with {name} {found or 'not installed'}, where "
                f"this program has {wanted}; start the workers in the same environment."
            )


def _do(job: Job, index: int) -> int:
    """One slice, on a worker."""
    store, program = _opened(job)
    points = store.grid.points(index)
    return finish(program, store, index, points, program.start(points))


def _check(job: Job, missing: Sequence[int]) -> None:
    """Whether what is stored is of this function, on a worker."""
    store, program = _opened(job)
    check(program, store, missing)


@functools.lru_cache(maxsize=2)
def _opened(job: Job) -> tuple[Store, Program]:
    """The store and the compiled program, once per worker and sweep."""
    import cloudpickle

    # a worker that joined after the others were asked
    _compare("here", job.versions, _looker()(PACKAGES))
    if not Path(job.path).exists():
        raise ValueError(
            f"`store` {job.path} is not there for a worker of `client`; name a path on a file "
            "system that all of them share."
        )
    for name, value in zip(SETTINGS, job.settings, strict=True):
        jax.config.update(name, value)
    return open_store(Path(job.path)), Program(cloudpickle.loads(job.function))
