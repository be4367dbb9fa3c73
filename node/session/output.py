"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from protocol.errors import NodeError, UsageError


@contextlib.contextmanager
def whole(path: Path, force: bool = False) -> Iterator[Path]:
    """Yields the name to write to; what is there at the end of the context takes `path`'s place, and after an error
    nothing is left of it.

    Raises UsageError if `path` exists, unless `force`, and NodeError if it cannot be written.
    """
    if path.is_dir():
        raise UsageError(f"{str(path)!r} is a folder: name a file in it")
    if path.exists() and not force:
        raise UsageError(f"{str(path)!r} exists already: name another file, or give --force to replace it")
    if not path.parent.is_dir():
        raise NodeError(f"no folder {str(path.parent)!r} to write {path.name!r} to: make it first")
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield beside
        beside.replace(path)
    except OSError as error:
        raise NodeError(f"cannot write {str(path)!r}: {error.strerror or error}") from None
    finally:
        beside.unlink(missing_ok=True)
