"""The keyboard while a call or a replay runs: single keys, and lines of text."""

from __future__ import annotations

import asyncio
import codecs
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial

READ_BYTES = 64
LINE_ENDS = "\r\n"
BACKSPACES = "\x08\x7f"
CLEARS = "\x15"
RUB_OUT = "\b \b"

# Characters of a line: more than may be sent, so that one that is too long can be shortened. Others are not taken.
MAX_LINE = 1000

# Characters of a key that a terminal sends as several; no key has more.
MAX_SEQUENCE = 16

# A key that acts is also the first letter of many a line: it acts once so long nothing more was typed. Whoever writes
# a word has its second letter sooner, and whoever wants to be muted does not notice the delay.
HOLD_S = 0.3

# Between two looks whether the job was put into the background, or brought back.
LOOK_S = 0.5

# Where `tcgetattr` has the flags of which one is that lines are edited by the terminal.
LOCAL_MODES = 3

LEFT, RIGHT = "\x1b[D", "\x1b[C"

# What arrows send in a terminal that was left in application mode.
_APPLICATION = {"\x1bOD": LEFT, "\x1bOC": RIGHT}

# Escape sequences of ECMA-48, and of SS3, which some terminals send for arrows; then the beginnings of either.
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~])")
_BEGINNING = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?")


@contextmanager
def listening(
    actions: Mapping[str, Callable[[], object]],
    run_line: Callable[[str], object] | None = None,
    show: Callable[[str], None] | None = None,
) -> Iterator[bool]:
    """Call the action of each key that is typed, without waiting for Enter, for the length of the context.

    An arrow key is one key (`LEFT`, `RIGHT`), and no part of what other such keys send is a key of its own. With
    `run_line`, what is typed is a line, for that once Enter is typed (if it returns False, the line stays to be
    corrected): then a key acts only if nothing is typed before it, a letter only if nothing is typed soon after.
    `show` gets the line at each change; without it the terminal shows it.
    Yields whether keys are read: only from a terminal in the foreground, where there is termios. Ctrl-C interrupts.
    While the job is stopped or in the background the terminal is the shell's.
    """
    if (descriptor := _terminal()) is None:
        yield False
        return
    import termios

    before = termios.tcgetattr(descriptor)
    loop = asyncio.get_running_loop()
    shown = partial(_echo, descriptor) if show is None else _nothing, show or _nothing
    take = partial(_take, actions, None if run_line is None else TypedLine(actions, run_line, *shown, loop))
    reading = _TerminalReading(descriptor, take, loop)
    reading.look()
    try:
        yield True
    finally:
        reading.end()
        take("")
        with suppress(termios.error):  # the terminal was closed
            if _is_in_foreground(descriptor):  # else that would stop the job, whose terminal it is not
                termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


class _TerminalReading:
    """Calls `take` with each key that is typed at a terminal, without waiting for Enter, while it is this job's.

    Reading in the background would stop the job, and a shell leaves the terminal in a mode of its own.
    """

    def __init__(self, descriptor: int, take: Callable[[str], object], loop: asyncio.AbstractEventLoop) -> None:
        self._descriptor, self._take, self._loop = descriptor, take, loop
        self._splitter = KeySplitter()
        self._timer: asyncio.TimerHandle | None = None

    def look(self) -> None:
        """Read from now on, if the job is in the foreground, and look again soon whether it is."""
        import termios
        import tty

        self._timer = self._loop.call_later(LOOK_S, self.look)
        if not _is_in_foreground(self._descriptor):
            self._loop.remove_reader(self._descriptor)
            return
        with suppress(termios.error):  # the terminal was closed
            if termios.tcgetattr(self._descriptor)[LOCAL_MODES] & termios.ICANON:
                tty.setcbreak(self._descriptor, termios.TCSANOW)
            self._loop.add_reader(self._descriptor, self._read)

    def end(self) -> None:
        """Read no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._descriptor)

    def _read(self) -> None:
        foreground = _is_in_foreground(self._descriptor)
        read = _read(self._descriptor) if foreground else b""
        if not read:
            self._loop.remove_reader(self._descriptor)
            if foreground and self._timer is not None:  # the terminal is gone, and does not come back
                self._timer.cancel()
        for key in self._splitter.keys(read):
            self._take(key)


def _take(actions: Mapping[str, Callable[[], object]], line: TypedLine | None, key: str) -> None:
    """Act for a key, or add it to the line; no key at all is the end, at which a letter that waits does nothing."""
    if line is not None and not key:
        line.drop_held()
    elif line is None or len(key) > 1:
        actions.get(key, _nothing)()
    else:
        line.add(key)


class KeySplitter:
    """The keys in what a terminal sends: most are one character, arrows are three, in one read or several.

    Escape itself cannot be distinguished from the beginning of another key, and is none.
    """

    def __init__(self) -> None:
        self._rest = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")

    def keys(self, read: bytes) -> Iterator[str]:
        """Yield the keys that are complete."""
        text, self._rest = self._rest + self._decoder.decode(read), ""
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
    """The line that is typed, and the keys that act instead while it is empty. See `listening` for the arguments."""

    def __init__(
        self,
        actions: Mapping[str, Callable[[], object]],
        run: Callable[[str], object],
        echo: Callable[[str], object],
        show: Callable[[str], object],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._actions, self._run, self._show, self._echo, self._loop = actions, run, show, echo, loop
        self._typed = ""
        self._held = ""
        self._timer: asyncio.TimerHandle | None = None

    def add(self, key: str) -> None:
        """Take a key: of the line, or one that acts."""
        held = self.drop_held()
        if held and key not in LINE_ENDS:
            self._put(held)
        if key in LINE_ENDS:
            self._act(held) if held else self._end()
        elif not self._typed and not key.isalpha() and key in self._actions:
            self._act(key)
        elif not self._typed and key in self._actions:
            self._held, self._timer = key, self._loop.call_later(HOLD_S, self._act_held)
        elif key in BACKSPACES or key in CLEARS:
            self._take_back(1 if key in BACKSPACES else len(self._typed))
        elif key.isprintable():
            self._put(key)

    def drop_held(self) -> str:
        """Let a key that waits neither act nor be typed; return it."""
        if self._timer is not None:
            self._timer.cancel()
        held, self._held, self._timer = self._held, "", None
        return held

    def _act_held(self) -> None:
        self._act(self.drop_held())

    def _act(self, key: str) -> None:
        self._actions.get(key, _nothing)()

    def _put(self, key: str) -> None:
        if len(self._typed) < MAX_LINE:
            self._change(self._typed + key, key)

    def _take_back(self, count: int) -> None:
        count = min(count, len(self._typed))
        if count:
            self._change(self._typed[:-count], RUB_OUT * count)

    def _end(self) -> None:
        if self._typed and self._run(self._typed) is not False:
            self._change("", "\n")

    def _change(self, line: str, echo: str) -> None:
        self._typed = line
        self._echo(echo)
        self._show(line)


def _read(descriptor: int) -> bytes:
    """Read what was typed; nothing if the terminal is gone."""
    try:
        return os.read(descriptor, READ_BYTES)
    except OSError:
        return b""


def _echo(descriptor: int, shown: str) -> None:
    """Show what is typed, since the terminal shows nothing of itself; one that is gone shows nothing at all."""
    with suppress(OSError):
        os.write(descriptor, shown.encode(errors="replace"))


def _nothing(*_: object) -> None:
    """Do nothing: the action of keys without one."""


def _terminal() -> int | None:
    """Standard input's descriptor, if a person can type there: reading would stop a job in the background."""
    with suppress(ImportError, OSError, ValueError, AttributeError):
        import termios  # noqa: F401

        descriptor = sys.stdin.fileno()
        if os.isatty(descriptor) and _is_in_foreground(descriptor):
            return descriptor
    return None


def _is_in_foreground(descriptor: int) -> bool:
    with suppress(OSError):
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    return False
