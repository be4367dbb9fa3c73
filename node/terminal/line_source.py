"""Lines for the chat out of standard input, for scripts: one line a message."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import BinaryIO, Protocol

from node.common.own_thread import OwnThread
from protocol.errors import UsageError

# Bytes of a line that are read: more than any that may be sent. The rest of a longer one is passed over.
MAX_BYTES = 1 << 13

# How long the first line waits for somebody to read it: those who are here are met by then.
COMPANY_S = 5.0

NAME = "lines of standard input"


class Speaker(Protocol):
    """What says the lines (see `node.call.chat.Chat`)."""

    async def say(self, text: str) -> object: ...

    async def has_room(self) -> None: ...

    async def wait_for_company(self, seconds: float) -> None: ...


class LineSource:
    """Says each line of a stream, by default standard input, as fast as the others get them.

    Its end ends nothing but the sending; empty lines are passed over. `note` gets a line for each that cannot be sent.
    A line that is one of the `commands` runs that, and is not sent.
    """

    name = NAME

    def __init__(
        self,
        chat: Speaker,
        note: Callable[[str], None],
        stream: BinaryIO | None = None,
        commands: Mapping[str, Callable[[], object]] | None = None,
    ) -> None:
        self._chat, self._note, self._commands = chat, note, commands or {}
        self._stream = stream or (None if sys.stdin is None else sys.stdin.buffer)

    async def run(self) -> None:
        """Say all lines, until the stream ends or the task is cancelled."""
        if (stream := self._stream) is None:
            return
        await self._chat.wait_for_company(COMPANY_S)
        thread, number = OwnThread(), 0
        try:
            while (line := await asyncio.wrap_future(thread.start(lambda: _read(stream)))) is not None:
                number += 1
                await self._say(number, line)
        except OSError as error:
            self._note(f"standard input cannot be read any further: {error.strerror or error}")
        finally:
            thread.end()

    async def _say(self, number: int, line: bytes) -> None:
        text = line.decode(errors="replace").strip()
        if text in self._commands:
            self._commands[text]()
        elif text:
            await self._chat.has_room()
            try:
                await self._chat.say(text)
            except UsageError as error:
                self._note(f"line {number} of standard input: {error}")


def _read(stream: BinaryIO) -> bytes | None:
    """Return the next line, or as much of it as may be of use; None at the end."""
    line = rest = stream.readline(MAX_BYTES)
    while rest and not rest.endswith(b"\n"):
        rest = stream.readline(MAX_BYTES)
    return line or None
