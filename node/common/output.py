"""All output of a command: the only module that writes to standard output, to standard error and to the terminal.

Every line is text without markup, made safe to show by `printable`. An output that cannot be written any more ends no
command: its text is dropped, and `failed` reports it at the end.
"""

from __future__ import annotations

import contextlib
import getpass
import logging
import re
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, cast

from node.common.printable import printable
from node.common.standard_streams import ERR, OUT, open_missing, replace_unencodable

if TYPE_CHECKING:
    from typing import IO

    from rich.console import Console

# A line of a drawing of ours: blocks, and colours of the terminal.
_DRAWN = re.compile(r"(?:[ █▀▄]|\x1b\[[0-9;]*m)*")

# This program's own loggers, whose lines have no caption, key or secret; of libraries only warnings are shown.
_LOGS = ("node", "protocol")
_LOG_LINE = logging.Formatter("%(asctime)s.%(msecs)03d %(levelname)s %(name)s: %(message)s", "%H:%M:%S")


def say(*lines: object) -> None:
    """Print each as one line on standard output."""
    for line in lines:
        OUT.line(printable(str(line)))


def deliver(text: str) -> None:
    """Print the result of a command: as it is into a file or a pipe, as a printable line on a terminal."""
    OUT.line(printable(text) if OUT.isatty() else text)


def remark(text: object) -> None:
    """Print a line for the user on standard error, beside the result of the command."""
    ERR.line(printable(f"pictophone: {text}"))


def complain(lines: Iterable[str]) -> None:
    """Print each as one line on standard error, without a prefix: the messages of libraries."""
    for line in lines:
        ERR.line(printable(line))


def draw(lines: Iterable[str]) -> None:
    """Print a drawing of ours on standard error. Raises ValueError for anything but blocks and colours."""
    for line in lines:
        if not _DRAWN.fullmatch(line):
            raise ValueError("a drawing has a sign that is no block")
        ERR.line(line)


def is_terminal(*, on_error: bool = False) -> bool:
    """Return whether standard output, or with `on_error` standard error, is a terminal."""
    return (ERR if on_error else OUT).isatty()


def writer(*, on_error: bool) -> Callable[[str], None]:
    """Return the function that prints a line on standard error, or else on standard output."""
    return (lambda text: complain([text])) if on_error else say


def ask_unseen(what: str) -> str:
    """Return a line from the terminal that is not shown while it is typed. Raises EOFError if there is none."""
    return getpass.getpass(printable(f"{what}: "))


def ask(what: str) -> str:
    """Return a line that is typed on the terminal, empty if there is none."""
    try:
        return input(printable(f"{what}: ")).strip()
    except EOFError:
        return ""


def can_draw_blocks() -> bool:
    """Return whether the encoding of standard error has block characters."""
    return ERR.encoding.lower().startswith("utf")


def console(*, on_error: bool = False) -> Console:
    """Return a console of `rich` that takes every string as text without markup, and shows only what is printable."""
    from node.common.console import TextConsole  # `rich` takes 60 ms to import

    return TextConsole(file=cast("IO[str]", ERR if on_error else OUT))


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """Prepare the output of a command for the context: open missing streams, and print logs and warnings as text."""
    open_missing()
    for stream in (OUT, ERR):
        stream.fault = None
        replace_unencodable(stream.file)
    last_resort, logging.lastResort = logging.lastResort, _Complaints(logging.WARNING)
    logging.captureWarnings(True)
    try:
        yield
    except Exception:  # a fault of this program, which the user can report
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
    """Return whether standard output could not be written although it has a reader, and report that. Ends a command."""
    OUT.flush()
    ERR.flush()
    fault = OUT.fault
    if fault is not None:
        OUT.discard()
    if ERR.fault is not None:
        ERR.discard()
    if fault is None:
        return False
    remark(f"cannot write all of standard output: {fault.strerror or fault}")
    return True


class _Complaints(logging.Handler):
    """A handler that prints what is logged while no log is shown: warnings and worse."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(self.format(record).splitlines())


class _LogLines(_Complaints):
    """A handler that prints the log that is shown, each line with its time, level and module."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(_LOG_LINE)
