"""All that a command says: the only place that writes to standard output, to standard error and to the terminal.

Whatever is said is text, however it came: `printable` makes each line fit to be shown, and no markup is read in it.
What the encoding of the output lacks is replaced. A reader who went away, a disk that is full or a terminal that was
closed ends no command: what it says is dropped, and work goes on (`failed` tells of it at the end).
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import getpass
import logging
import os
import re
import stat
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, cast

from node.common.printable import printable

if TYPE_CHECKING:
    from typing import IO

    from rich.console import Console

# The name of the error handler of `codecs` that replaces what an encoding lacks.
WITH_QUESTION_MARKS = "pictophone"

# Our own signs that older encodings lack, each by one that is as wide: tables keep their columns.
_SUBSTITUTES = str.maketrans(
    {"…": "~", "–": "-", "—": "-", "━": "=", "─": "-", "▮": "#", "▯": ".", "‹": "<", "›": ">", "‘": "'", "’": "'",
     "“": '"', "”": '"', "×": "x", "→": ">", "·": "."}
)  # fmt: skip

# What a drawing of ours consists of: blocks, and colours of the terminal.
_DRAWN = re.compile(r"(?:[ █▀▄]|\x1b\[[0-9;]*m)*")

# This program's own log, whose lines name no caption, key or secret; what libraries log is not shown but for warnings.
_LOGS = ("node", "protocol")
_LOG_LINE = logging.Formatter("%(asctime)s.%(msecs)03d %(levelname)s %(name)s: %(message)s", "%H:%M:%S")

# Of a pipe or a terminal: whoever read it is gone, as `head` goes when it has read enough. That is no fault, and
# nobody will read there again; on a disk there may be room again.
_NOBODY_READS = frozenset({errno.EPIPE, errno.EIO, errno.EBADF, errno.ENXIO, errno.ECONNRESET})


class _Stream:
    """Standard output or standard error, as it is at that moment. It takes everything and raises nothing."""

    def __init__(self, name: Literal["stdout", "stderr"]) -> None:
        self._name = name
        self.fault: OSError | None = None

    @property
    def file(self) -> IO[str] | None:
        """The stream, or what a live display put in its place; None if the process was started without."""
        return cast("IO[str] | None", getattr(sys, self._name))

    @property
    def _below(self) -> IO[str] | None:
        """The stream itself: a display that draws into what it put there would never end."""
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
        """Write as it is: for what is fit to be shown already."""
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
            _replacing(file)
            file.write(text)
            file.flush()
        except UnicodeEncodeError:  # of a stream that cannot be made to replace
            file.write(text.encode("ascii", WITH_QUESTION_MARKS).decode("ascii"))
        except OSError as error:
            self._lose(error)
        except ValueError:  # it was closed
            pass

    def _lose(self, error: OSError) -> None:
        if error.errno in _NOBODY_READS and not self._is_file():
            self.discard()
        else:
            self.fault = self.fault or error

    def _is_file(self) -> bool:
        with contextlib.suppress(OSError, ValueError):
            return stat.S_ISREG(os.fstat(self.fileno()).st_mode)
        return False

    def discard(self) -> None:
        """Let what still waits, and what comes, go nowhere."""
        with contextlib.suppress(OSError, ValueError):
            descriptor = self.fileno()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)


_OUT, _ERR = _Stream("stdout"), _Stream("stderr")


def say(*lines: object) -> None:
    """Print each as one line on standard output."""
    for line in lines:
        _OUT.line(printable(str(line)))


def deliver(text: str) -> None:
    """Print what a command is asked for, the text itself: as it is into a file or a pipe, as a line on a terminal."""
    _OUT.line(printable(text) if _OUT.isatty() else text)


def remark(text: object) -> None:
    """Print a line for a person on standard error, beside what the command is for."""
    _ERR.line(printable(f"pictophone: {text}"))


def complain(lines: Iterable[str]) -> None:
    """Print each as one line on standard error, as it is: what other libraries have to say."""
    for line in lines:
        _ERR.line(printable(line))


def draw(lines: Iterable[str]) -> None:
    """Print a drawing of ours on standard error. Raises ValueError for anything but blocks and colours."""
    for line in lines:
        if not _DRAWN.fullmatch(line):
            raise ValueError("a drawing has a sign that is no block")
        _ERR.line(line)


def is_terminal(*, on_error: bool = False) -> bool:
    """Whether a person sees what goes to standard output, or else to standard error, at once."""
    return (_ERR if on_error else _OUT).isatty()


def writer(*, on_error: bool) -> Callable[[str], None]:
    """What prints a line on standard error, or else on standard output."""
    return (lambda text: complain([text])) if on_error else say


def ask_unseen(what: str) -> str:
    """Ask the person at the terminal for a line that is not shown while it is typed. Raises EOFError without one."""
    return getpass.getpass(printable(f"{what}: "))


def can_draw_blocks() -> bool:
    """Whether standard error has the characters of blocks."""
    return _ERR.encoding.lower().startswith("utf")


def console(*, on_error: bool = False) -> Console:
    """A console of `rich` that takes every string as text, without markup, and shows nothing but what is printable."""
    from node.common.console import TextConsole

    return TextConsole(file=cast("IO[str]", _ERR if on_error else _OUT))


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """Around a whole command: no stream is missing, and what libraries log or warn of is printed as text, too."""
    _fill_descriptors()
    for stream in (_OUT, _ERR):
        stream.fault = None
        _replacing(stream.file)
    last_resort, logging.lastResort = logging.lastResort, _Complaints(logging.WARNING)
    logging.captureWarnings(True)
    try:
        yield
    except Exception:  # a fault of ours, which a person can report
        complain(traceback.format_exc().splitlines())
        raise SystemExit(1) from None
    finally:
        logging.captureWarnings(False)
        logging.lastResort = last_resort
        _hide_log()


def show_log(verbosity: int) -> None:
    """Print this program's log on standard error until the command ends: 1 shows what happens, 2 details, 0 nothing."""
    for name in _LOGS if verbosity else ():
        log = logging.getLogger(name)
        if not log.handlers:
            log.addHandler(_LogLines())
        log.setLevel(min(log.level or logging.INFO, logging.INFO if verbosity == 1 else logging.DEBUG))


def _hide_log() -> None:
    for log in map(logging.getLogger, _LOGS):
        for handler in [each for each in log.handlers if isinstance(each, _LogLines)]:
            log.removeHandler(handler)
            log.setLevel(logging.NOTSET)


def failed() -> bool:
    """Whether standard output could not be written, though somebody wanted it; says so. At the end of a command."""
    _OUT.flush()
    _ERR.flush()
    fault = _OUT.fault
    if fault is not None:
        _OUT.discard()
    if _ERR.fault is not None:
        _ERR.discard()
    if fault is None:
        return False
    remark(f"cannot write all of standard output: {fault.strerror or fault}")
    return True


class _Complaints(logging.Handler):
    """The lines of what is logged while no log is shown: warnings and worse."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(self.format(record).splitlines())


class _LogLines(_Complaints):
    """The lines of the log that is shown, each with its time, level and module."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(_LOG_LINE)


def _fill_descriptors() -> None:
    """Open what the process was started without: else a socket would get the number, and what is printed its peer."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, "w" if descriptor else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def _replacing(file: Any) -> None:
    """Have the stream replace what its encoding lacks, whatever PYTHONIOENCODING says."""
    if getattr(file, "errors", WITH_QUESTION_MARKS) != WITH_QUESTION_MARKS and hasattr(file, "reconfigure"):
        file.reconfigure(errors=WITH_QUESTION_MARKS)


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end].translate(_SUBSTITUTES)
    return "".join(sign if sign.isascii() else "?" for sign in signs), error.end


codecs.register_error(WITH_QUESTION_MARKS, _replaced)
