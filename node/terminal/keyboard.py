"""The keyboard while a call or a replay runs: single keys, and lines that begin with a slash."""

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
RUB_OUT = "\b \b"

# Characters of a line, more than any command has; what is typed beyond it is not taken.
MAX_LINE = 200

# Characters of a key that a terminal sends as several; no key has more.
MAX_SEQUENCE = 16

LEFT, RIGHT = "\x1b[D", "\x1b[C"

# What arrows send in a terminal that was left in application mode.
_APPLICATION = {"\x1bOD": LEFT, "\x1bOC": RIGHT}

# Escape sequences of ECMA-48, and of SS3, which some terminals send for arrows; then the beginnings of either.
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~])")
_BEGINNING = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?")


@contextmanager
def listening(
    actions: Mapping[str, Callable[[], object]], run_line: Callable[[str], object] = lambda line: None
) -> Iterator[bool]:
    """Call the action of each key that is typed, without waiting for Enter, for the length of the context.

    An arrow key is one key (`LEFT`, `RIGHT`), and no part of what other such keys send is a key of its own.
    A line that begins with a slash goes to `run_line` once Enter is typed, and none of its keys acts by itself.
    Yields whether keys are read: only from a terminal in the foreground, on systems that have termios. The terminal
    is as before afterwards; Ctrl-C still interrupts.
    """
    descriptor = _terminal()
    if descriptor is None:
        yield False
        return
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    loop, line, splitter = asyncio.get_running_loop(), TypedLine(), KeySplitter()

    def typed() -> None:
        read = _read(descriptor)
        if not read:
            loop.remove_reader(descriptor)
        for key in splitter.keys(read.decode(errors="ignore")):
            if not line.add(key):
                actions.get(key, _nothing)()
                continue
            _echo(descriptor, key)
            if (complete := line.complete()) is not None:
                run_line(complete)

    tty.setcbreak(descriptor, termios.TCSANOW)
    loop.add_reader(descriptor, typed)
    try:
        yield True
    finally:
        loop.remove_reader(descriptor)
        with suppress(termios.error):  # the terminal was closed
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


class KeySplitter:
    """The keys in what a terminal sends: most are one character, arrows are three, in one read or several.

    Escape itself cannot be distinguished from the beginning of another key, and is none.
    """

    def __init__(self) -> None:
        self._rest = ""

    def keys(self, text: str) -> Iterator[str]:
        """Yield the keys that are complete."""
        text, self._rest = self._rest + text, ""
        while text:
            if sequence := _SEQUENCE.match(text):
                yield _APPLICATION.get(sequence[0], sequence[0])
                text = text[sequence.end() :]
            elif _BEGINNING.fullmatch(text) and len(text) <= MAX_SEQUENCE:
                self._rest = text
                return
            else:
                if text[0] != "\x1b":
                    yield text[0]
                text = text[1:]


class TypedLine:
    """The line that is typed, from its slash on."""

    def __init__(self) -> None:
        self._typed = ""

    def add(self, key: str) -> bool:
        """Add the key if it is part of a line; return whether it is."""
        if len(key) > 1 or (not self._typed and key != LINE_BEGINS):
            return False
        if not (key.isprintable() or key in BACKSPACES or key in LINE_ENDS):
            return True  # of the line, but nothing that a command has
        if key in BACKSPACES:
            self._typed = self._typed[:-1]
        elif len(self._typed) < MAX_LINE or key in LINE_ENDS:
            self._typed += key
        return True

    def complete(self) -> str | None:
        """Return the line once it has ended, and begin the next one."""
        if not self._typed or self._typed[-1] not in LINE_ENDS:
            return None
        line, self._typed = self._typed[:-1], ""
        return line


def _read(descriptor: int) -> bytes:
    """Read what was typed; nothing if the terminal is gone."""
    try:
        return os.read(descriptor, READ_BYTES)
    except OSError:
        return b""


def _echo(descriptor: int, key: str) -> None:
    """Show a key of a line, since the terminal shows nothing of itself; one that is gone shows nothing at all."""
    shown = RUB_OUT if key in BACKSPACES else key if key.isprintable() or key in LINE_ENDS else ""
    with suppress(OSError):
        os.write(descriptor, shown.encode())


def _nothing() -> None:
    """Do nothing: the action of keys without one."""


def _terminal() -> int | None:
    """Standard input's descriptor, if a person can type there: reading would stop a job in the background."""
    with suppress(ImportError, OSError, ValueError, AttributeError):
        import termios  # noqa: F401

        descriptor = sys.stdin.fileno()
        if os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp():
            return descriptor
    return None
