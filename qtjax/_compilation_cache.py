"""What is compiled once serves later processes."""

from pathlib import Path

import jax

from ._checked import checked


@checked
def enable_compilation_cache(folder: str | Path | None = None) -> Path:
    """Keep compiled programs in a folder, for this process and later ones.

    Call it once, before the first computation. A second process that runs the same program on the
    same kind of machine then only traces it. Nothing is kept unless this is called.

    Args:
        folder: where; `~/.cache/qtjax` by default. It is made if it does not exist.

    Returns:
        The folder.

    Raises:
        ValueError: what is no path.
        OSError: the folder cannot be made.
    """
    path = Path.home() / ".cache" / "qtjax" if folder is None else Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    jax.config.update("jax_compilation_cache_dir", str(path))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return path
