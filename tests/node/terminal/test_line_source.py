"""Lines of a script."""

from __future__ import annotations

import io

from node.call.chat import checked_line
from node.terminal.line_source import MAX_BYTES, LineSource


class Said:
    def __init__(self) -> None:
        self.lines: list[str] = []

    async def say(self, text: str) -> None:
        self.lines.append(checked_line(text))

    async def has_room(self) -> None:
        """There is always room."""

    async def wait_for_company(self, seconds: float) -> None:
        """There is always somebody."""


async def test_each_line_is_said_and_what_cannot_be_is_named() -> None:
    said, notes = Said(), list[str]()
    text = b"one\n\n  \ntwo\xff\r\n" + b"x" * (3 * MAX_BYTES) + b"\nlast"
    await LineSource(said, notes.append, io.BytesIO(text)).run()
    assert said.lines == ["one", "two\ufffd", "last"]
    assert [note.partition(":")[0] for note in notes] == ["line 5 of standard input"]
