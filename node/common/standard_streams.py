"""Standard output and standard error of a process, as streams that take every text and raise nothing.

Characters that a stream's encoding lacks are replaced. Text for a reader that is gone, a full disk or a closed terminal
is dropped; `fault` says whether that was an error.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import stat
import sys
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from typing import IO

# The name of the error handler of `codecs` that replaces what an encoding lacks.
WITH_QUESTION_MARKS = "pictophone"

# Our own signs that older encodings lack, each with a substitute of the same width: tables keep their columns.
_SUBSTITUTES = str.maketrans(
    {"…": "~", "–": "-", "—": "-", "━": "=", "─": "-", "▮": "#", "▯": ".", "‹": "<", "›": ">", "‘": "'", "’": "'",
     "“": '"', "”": '"', "×": "x", "→": ">", "·": "."}
)  # fmt: skip

# Errors of a pipe or a terminal without a reader, such as `head` after it has read enough. That is no fault, and stays
# so; a full disk may have room again.
_NO_READER = frozenset({errno.EPIPE, errno.EIO, errno.EBADF, errno.ENXIO, errno.ECONNRESET})


class StandardStream:
    """Standard output or standard error, as it is at each call. It takes everything and raises nothing."""

    def __init__(self, name: Literal["stdout", "stderr"]) -> None:
        self._name = name
        self.fault: OSError | None = None

    @property
    def file(self) -> IO[str] | None:
        """The stream, or the proxy of a live display; None if the process was started without one."""
        return cast("IO[str] | None", getattr(sys, self._name))

    @property
    def _below(self) -> IO[str] | None:
        """The stream below a proxy: a display that draws into its own proxy would never end."""
        return cast("IO[str] | None", getattr(self.file, "rich_proxied_file", self.file))

    @property
    def encoding(self) -> str:
        return getattr(self._below, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            return self._below is not None and self._below.isatty()
        return False

    def fileno(self) -> int:
        if self._below is None:
            raise OSError(errno.EBADF, "there is no such stream")
        return self._below.fileno()

    def write(self, text: str) -> int:
        """Write text that is safe to show, unchanged."""
        self._write(self._below, text)
        return len(text)

    def flush(self) -> None:
        self._write(self._below, "")

    def line(self, text: str) -> None:
        """Write a line, above a live display if there is one."""
        self._write(self.file, f"{text}\n")

    def _write(self, file: IO[str] | None, text: str) -> None:
        if file is None:
            return
        try:
            replace_unencodable(file)
            file.write(text)
            file.flush()
        except UnicodeEncodeError:  # of a stream whose error handler cannot be changed
            file.write(text.encode("ascii", WITH_QUESTION_MARKS).decode("ascii"))
        except OSError as error:
            self._lose(error)
        except ValueError:  # it was closed
            pass

    def _lose(self, error: OSError) -> None:
        if error.errno in _NO_READER and not self._is_file():
            self.discard()
        else:
            self.fault = self.fault or error

    def _is_file(self) -> bool:
        with contextlib.suppress(OSError, ValueError):
            return stat.S_ISREG(os.fstat(self.fileno()).st_mode)
        return False

    def discard(self) -> None:
        """Send what is still buffered, and all that follows, to the null device."""
        with contextlib.suppress(OSError, ValueError):
            descriptor = self.fileno()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)


OUT, ERR = StandardStream("stdout"), StandardStream("stderr")


def open_missing() -> None:
    """Open the streams that the process was started without: else a socket would get the number, and printed text."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, "w" if descriptor else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def replace_unencodable(file: Any) -> None:
    """Make the stream replace what its encoding lacks, whatever PYTHONIOENCODING is."""
    if getattr(file, "errors", WITH_QUESTION_MARKS) != WITH_QUESTION_MARKS and hasattr(file, "reconfigure"):
        file.reconfigure(errors=WITH_QUESTION_MARKS)


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end].translate(_SUBSTITUTES)
    return "".join(sign if sign.isascii() else "?" for sign in signs), error.end


codecs.register_error(WITH_QUESTION_MARKS, _replaced)
