"""Files that are written whole or not at all."""

import contextlib
import errno
import os
from pathlib import Path


def write_whole(path: str | os.PathLike[str], data: bytes | str) -> None:
    """Write a file beside its place, and move it there in one step.

    Args:
        path: where to; what is there is replaced.
        data: bytes, or text, which becomes UTF-8.

    Raises:
        OSError: the disk is full, or the file cannot be written for another reason; what was there
            before is still there.
    """
    path = Path(path)
    if not path.name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    part = path.with_name(f"{path.name}.part")
    try:
        with open(part, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise OSError(
            error.errno,
            f"{path} cannot be written ({error.strerror or error}). What was written before is "
            "still there; make room (or mend the cause) and run the same again",
        ) from error
