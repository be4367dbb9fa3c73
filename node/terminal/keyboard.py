"""Single keys, and lines that begin with a slash, typed in the terminal while a call runs."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

READ_BYTES = 64
LINE_BEGINS = "/"
LINE_ENDS = "\r\n"
BACKSPACES = "\x08\x7f"
RUBS_OUT = "\b \b"
MAX_LINE = 200  # more than any command has; what is typed beyond it is not taken
MAX_SEQUENCE = 16  # characters of a key that is sent as several; longer ones are no key's

LEFT, RIGHT = "\x1b[D", "\x1b[C"
_APPLICATION = {"\x1bOD": LEFT, "\x1bOC": RIGHT}  # what arrows send in a terminal that was left in application mode

# Escape sequences of ECMA-48, and of SS3, which some terminals send for arrows; then the beginnings of either.
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~])")
_BEGINNING = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?")


@contextmanager
def listening(
    actions: Mapping[str, Callable[[], object]], obey: Callable[[str], object] = lambda line: None
) -> Iterator[bool]:
    """Call the action of each key that is typed, without waiting for Enter, for the length of the context.

    An arrow key is one key (`LEFT`, `RIGHT`), and no part of what other such keys send is a key of its own.
    A line that begins with a slash goes to `obey` once Enter is typed, and none of its keys acts by itself.
    Yields whether keys are heard: only from a terminal in the foreground, on systems that have termios. The terminal
    is as before afterwards; Ctrl-C still interrupts.
    """
    descriptor = _terminal()
    if descriptor is None:
        yield False
        return
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    loop, line, splitter = asyncio.get_running_loop(), _Line(), _Splitter()

    def typed() -> None:
        read = _read(descriptor)
        if not read:
            loop.remove_reader(descriptor)
        for key in splitter.keys(read.decode(errors="ignore")):
            if not line.takes(key):
                actions.get(key, _nothing)()
                continue
            _echo(descriptor, key)
            if (said := line.whole()) is not None:
                obey(said)

    tty.setcbreak(descriptor, termios.TCSANOW)
    loop.add_reader(descriptor, typed)
    try:
        yield True
    finally:
        loop.remove_reader(descriptor)
        with suppress(termios.error):  # the terminal was closed
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


class _Splitter:
    """Tells the keys apart in what a terminal sends: most are one character, arrows are three, in one read or several.

    Escape itself cannot be told from the beginning of another key, and is none.
    """

    def __init__(self) -> None:
        self._rest = ""

    def keys(self, text: str) -> Iterator[str]:
        """Yield the keys that are whole by now."""
        text, self._rest = self._rest + text, ""
        while text:
            if whole := _SEQUENCE.match(text):
                yield _APPLICATION.get(whole[0], whole[0])
                text = text[whole.end() :]
            elif _BEGINNING.fullmatch(text) and len(text) <= MAX_SEQUENCE:
                self._rest = text
                return
            else:
                if text[0] != "\x1b":
                    yield text[0]
                text = text[1:]


class _Line:
    """What was typed since a slash."""

    def __init__(self) -> None:
        self._typed = ""

    def takes(self, key: str) -> bool:
        """Whether the key is part of a line; if so, it is added."""
        if len(key) > 1 or (not self._typed and key != LINE_BEGINS):
            return False
        if not (key.isprintable() or key in BACKSPACES or key in LINE_ENDS):
            return True  # of the line, but nothing that a command has
        if key in BACKSPACES:
            self._typed = self._typed[:-1]
        elif len(self._typed) < MAX_LINE or key in LINE_ENDS:
            self._typed += key
        return True

    def whole(self) -> str | None:
        """The line, once it has ended; the next one begins anew."""
        if not self._typed or self._typed[-1] not in LINE_ENDS:
            return None
        line, self._typed = self._typed[:-1], ""
        return line


def _read(descriptor: int) -> bytes:
    """What was typed; nothing if the terminal is gone."""
    try:
        return os.read(descriptor, READ_BYTES)
    except OSError:
        return b""


def _echo(descriptor: int, key: str) -> None:
    """Show a key of a line, since the terminal shows nothing of itself; one that is gone shows nothing at all."""
    shown = RUBS_OUT if key in BACKSPACES else key if key.isprintable() or key in LINE_ENDS else ""
    with suppress(OSError):
        os.write(descriptor, shown.encode())


def _nothing() -> None:
    """Keys without an action."""


def _terminal() -> int | None:
    """Standard input's descriptor, if a person can type there. A job in the background would be stopped by reading."""
    with suppress(ImportError, OSError, ValueError, AttributeError):
        import termios  # noqa: F401

        descriptor = sys.stdin.fileno()
        if os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp():
            return descriptor
    return None
