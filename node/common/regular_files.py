"""Regular files, opened without waiting for a path that is none: a named pipe, a device."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from protocol.errors import NodeError

_KINDS = (
    (stat.S_ISDIR, os.strerror(errno.EISDIR)),
    (stat.S_ISFIFO, "it is a named pipe"),
    (stat.S_ISSOCK, "it is a socket"),
    (stat.S_ISCHR, "it is a device"),
    (stat.S_ISBLK, "it is a device"),
)

# A named pipe without a writer would keep an ordinary open() waiting for ever. Windows has neither flag nor such pipes.
_NEVER_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def open_regular(path: Path, may_be_empty: bool = False) -> BinaryIO:
    """Open a file for reading if it is a regular one and not empty, unless it may be.

    Raises NodeError with the reason alone ('no such file', 'it is a named pipe', 'it is empty'): the caller adds the
    path and what to give instead.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NEVER_WAIT)
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        raise NodeError(refusal(path, error)) from error
    try:
        found = os.fstat(descriptor)
        if reason := _not_regular(found, may_be_empty):
            raise NodeError(reason)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def create_regular(path: Path) -> BinaryIO:
    """Create a file, or empty the one that exists, and open it for writing without a buffer.

    Raises NodeError with the reason alone, also for a named pipe, which may never have a reader.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NEVER_WAIT, 0o666)
    except (OSError, ValueError) as error:
        raise NodeError(refusal(path, error)) from error
    if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NodeError("it is a named pipe")
    return os.fdopen(descriptor, "wb", buffering=0)


def refusal(path: Path, error: Exception) -> str:
    """Return the reason why a file could not be opened, in a few words."""
    if getattr(error, "errno", None) == errno.ENXIO:  # the error of a socket, and of a pipe without a reader
        return "it is a socket" if path.is_socket() else "it is a named pipe"
    return str(getattr(error, "strerror", None) or error)


def _not_regular(found: os.stat_result, may_be_empty: bool) -> str:
    for is_kind, reason in _KINDS:
        if is_kind(found.st_mode):
            return reason
    return "" if found.st_size or may_be_empty else "it is empty"
