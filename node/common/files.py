"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from protocol.errors import NodeError, UsageError

SHOWN_LETTERS = 40
"""Of a file's name, in that of its beginning: the rest of the 255 bytes that a name may have is for what is added."""


@contextlib.contextmanager
def atomic_write(path: Path, force: bool = False) -> Iterator[Path]:
    """Yields the name to write to; what is there at the end of the context takes `path`'s place, and after an error, or
    SIGTERM or SIGHUP, nothing is left of it. Of a link, what it points to is replaced.

    Raises UsageError if `path` exists, unless `force`, and NodeError if it cannot be written.
    """
    _check(path, force)
    place = path.resolve() if path.is_symlink() else path
    beside = place.with_name(f".{place.name[:SHOWN_LETTERS]}.{os.getpid()}.part")
    try:
        with _ended_in_order():
            beside.touch()  # so that what cannot be written is known before the work begins
            yield beside
            beside.replace(place)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _check(path: Path, force: bool) -> None:
    try:
        exists, is_file = path.exists(), path.is_file()
        if path.is_dir():
            raise UsageError(f"{str(path)!r} is a folder: name a file in it")
        if exists and not is_file:
            raise UsageError(f"{str(path)!r} is a device: name a file")
        if exists and not force:
            raise UsageError(f"{str(path)!r} exists already: name another file, or give --force to replace it")
        if not path.parent.is_dir():
            raise NodeError(f"no folder {str(path.parent)!r} to write {path.name!r} to: make it first")
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> NodeError:
    return NodeError(f"cannot write {str(path)!r}: {error.strerror or error}")


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """What would kill the process ends it as Ctrl-C does, where nobody else has taken the signal."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    taken = []
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, interrupt)
                taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
