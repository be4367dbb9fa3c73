"""Single keys typed in the terminal while a call runs."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

READ_BYTES = 64


@contextmanager
def listening(actions: Mapping[str, Callable[[], object]]) -> Iterator[bool]:
    """Call the action of each key that is typed, without waiting for Enter, for the length of the context.

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
    loop = asyncio.get_running_loop()

    def typed() -> None:
        keys = os.read(descriptor, READ_BYTES)
        if not keys:
            loop.remove_reader(descriptor)
        for key in keys.decode(errors="ignore"):
            actions.get(key, _nothing)()

    tty.setcbreak(descriptor, termios.TCSANOW)
    loop.add_reader(descriptor, typed)
    try:
        yield True
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _nothing() -> None:
    """Keys without an action."""


def _terminal() -> int | None:
    """Standard input's descriptor, if a person can type there. A job in the background would be stopped by reading."""
    with suppress(ImportError, OSError, ValueError, AttributeError):
        import termios

        descriptor = sys.stdin.fileno()
        termios.tcgetattr(descriptor)
        if os.tcgetpgrp(descriptor) == os.getpgrp():
            return descriptor
    return None
