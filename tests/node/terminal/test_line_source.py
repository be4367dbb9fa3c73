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


async def test_a_line_that_is_a_command_is_run_and_not_said() -> None:
    said, pushed = Said(), list[str]()
    commands = {"/talk": lambda: pushed.append("talk")}
    await LineSource(said, print, io.BytesIO(b"one\n /talk \n/talk to me\n"), commands).run()
    assert (said.lines, pushed) == (["one", "/talk to me"], ["talk"])
