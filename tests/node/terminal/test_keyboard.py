"""Keys typed while a call runs, on a terminal made for the test."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from happenings import Happenings

from node.terminal import keyboard

pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """The person's side and the program's side of a terminal in the foreground."""
    person, program = pty.openpty()
    monkeypatch.setattr(sys, "stdin", os.fdopen(os.dup(program)))
    monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: os.getpgrp())
    yield person, program
    sys.stdin.close()
    os.close(person)
    os.close(program)


async def test_a_key_acts_without_enter_and_the_terminal_is_put_back(terminal: tuple[int, int]) -> None:
    person, program = terminal
    before, typed = termios.tcgetattr(program), asyncio.Event()
    with keyboard.listening({"m": typed.set}) as heard:
        assert heard
        assert not termios.tcgetattr(program)[3] & termios.ICANON
        assert termios.tcgetattr(program)[3] & termios.ISIG
        os.write(person, b"x\xffm")
        await asyncio.wait_for(typed.wait(), 5)
    assert termios.tcgetattr(program) == before


async def test_a_line_is_given_whole_and_shown(terminal: tuple[int, int]) -> None:
    person, _ = terminal
    said, acted = Happenings(), Happenings()
    with keyboard.listening({"m": lambda: acted.add("m")}, said.add):
        os.write(person, b"/profile ma\x7fm\x08\n")
        assert await said.count(1) == ["/profile m"]
        shown = b""
        while not shown.startswith(b"/profile m"):  # it comes in as many pieces as there were keys
            shown += os.read(person, 64)
            assert b"/profile ma".startswith(shown[:11])
        os.write(person, b"/" + b"m" * 300 + b"\n")
        assert (await said.count(2))[1] == "/" + "m" * 300
        assert len(acted) == 0
        os.write(person, b"/\x7fm")
        assert await acted.count(1) == ["m"]
        assert len(said) == 2


async def test_a_letter_acts_only_before_anything_else_is_typed(terminal: tuple[int, int]) -> None:
    person, _ = terminal
    said, acted = Happenings(), Happenings()
    with keyboard.listening({"m": lambda: acted.add("m"), "q": lambda: acted.add("q")}, said.add):
        os.write(person, b"moin mq\n")
        assert await said.count(1) == ["moin mq"]
        os.write(person, b" q\nm\n")
        assert await said.count(2) == ["moin mq", " q"]
        assert await acted.count(1) == ["m"]
        os.write(person, b"m\x7fq")
        assert await acted.count(2) == ["m", "q"]
        assert len(said) == 2


async def test_a_held_letter_does_nothing_after_the_end(terminal: tuple[int, int]) -> None:
    person, _ = terminal
    acted, seen = Happenings(), Happenings()
    with keyboard.listening({"m": lambda: acted.add("m"), keyboard.LEFT: lambda: seen.add("left")}, acted.add):
        os.write(person, b"m\x1b[D")
        await seen.count(1)
    await asyncio.sleep(keyboard.HOLD_S + 0.05)
    assert len(acted) == 0


async def test_a_line_that_is_refused_stays_and_each_change_is_shown(terminal: tuple[int, int]) -> None:
    person, _ = terminal
    tried, shown = Happenings(), Happenings()

    def run_line(line: str) -> bool:
        tried.add(line)
        return len(line) < 3

    with keyboard.listening({}, run_line, shown.add):
        os.write(person, "äbc\n\x7f\nxy\x15z\n".encode())
        assert await tried.count(3) == ["äbc", "äb", "z"]
        assert shown.all == ["ä", "äb", "äbc", "äb", "", "x", "xy", "", "z", ""]
        os.write(person, "é".encode()[:1])
        os.write(person, "é".encode()[1:] + b"x" * 2000 + b"\n")
        assert (await tried.count(4))[3] == "é" + "x" * (keyboard.MAX_LINE - 1)


async def test_an_arrow_is_one_key_however_it_comes(terminal: tuple[int, int]) -> None:
    person, _ = terminal
    acted = Happenings()
    actions = {
        key: (lambda key=key: acted.add(key)) for key in (keyboard.LEFT, keyboard.RIGHT, "C", "D", "O", "[", "m")
    }
    with keyboard.listening(actions):  # type: ignore[arg-type]
        os.write(person, b"\x1b[C\x1b[Dm\x1bOCm")
        assert await acted.count(5) == [keyboard.RIGHT, keyboard.LEFT, "m", keyboard.RIGHT, "m"]
        os.write(person, b"\x1b[1;5C\x1b[3~\x1b[Am")  # control and right, delete, up: no key that acts
        assert (await acted.count(6))[5] == "m"


def test_a_key_may_come_in_several_reads() -> None:
    splitter = keyboard.KeySplitter()
    assert list(splitter.keys(b"a\x1b")) == ["a"]
    assert list(splitter.keys(b"[")) == []
    assert list(splitter.keys(b"Cm")) == [keyboard.RIGHT, "m"]
    assert list(splitter.keys(b"\x1b")) == []
    assert list(splitter.keys(b"m")) == ["m"]  # escape, then m
    assert list(splitter.keys(b"\x1b[" + b"1" * 99)) == ["[", *"1" * 99]


async def test_an_arrow_is_no_part_of_a_line(terminal: tuple[int, int]) -> None:
    person, _ = terminal
    said, acted = Happenings(), Happenings()
    with keyboard.listening({keyboard.LEFT: lambda: acted.add("left")}, said.add):
        os.write(person, b"/a\x1b[Db\n")
        assert await said.count(1) == ["/ab"]
    assert len(acted) == 1


async def test_a_job_in_the_background_hears_none(terminal: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: os.getpgrp() + 1)
    with keyboard.listening({}) as heard:
        assert not heard


async def test_a_job_put_into_the_background_leaves_the_terminal_to_the_shell(
    terminal: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading there, or setting its modes, would stop the call as if by Ctrl-Z."""
    person, program = terminal
    monkeypatch.setattr(keyboard, "LOOK_S", 0.0)
    typed, settings = Happenings(), termios.tcgetattr(program)
    with keyboard.listening({"m": lambda: typed.add("m")}):
        monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: os.getpgrp() + 1)
        termios.tcsetattr(program, termios.TCSANOW, settings)  # as a shell does at its prompt
        os.write(person, b"m\n")
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(typed) == 0
        assert termios.tcgetattr(program) == settings
        monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: os.getpgrp())
        assert await typed.count(1) == ["m"]
        assert not termios.tcgetattr(program)[3] & termios.ICANON
        monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: os.getpgrp() + 1)
        within = termios.tcgetattr(program)
    assert termios.tcgetattr(program) == within


async def test_what_is_no_terminal_hears_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("m"))
    with keyboard.listening({}) as heard:
        assert not heard
    monkeypatch.setattr(sys, "stdin", None)
    with keyboard.listening({}) as heard:
        assert not heard


async def test_a_file_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nothing:  # noqa: ASYNC230
        monkeypatch.setattr(sys, "stdin", nothing)
        with keyboard.listening({}) as heard:
            assert not heard


PASTED_SHOWN = "/a2Jé\b \bb".encode()


async def test_what_is_pasted_into_a_line_is_shown_as_far_as_it_is_text(terminal: tuple[int, int]) -> None:
    person, _ = terminal
    said = Happenings()
    with keyboard.listening({}, said.add):
        os.write(person, "/a\x9b2J\x07\u202eé\x7fb\n".encode())
        assert await said.count(1) == ["/a2Jb"]
        shown = b""
        while len(shown) < len(PASTED_SHOWN):  # it comes in as many pieces as there were keys
            shown += os.read(person, 64)
        assert shown.startswith(PASTED_SHOWN)


async def test_a_terminal_that_is_closed_ends_the_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    person, program = pty.openpty()
    monkeypatch.setattr(sys, "stdin", os.fdopen(program))
    monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: os.getpgrp())
    with keyboard.listening({}) as heard:
        assert heard
        os.close(person)
        for _ in range(3):
            await asyncio.sleep(0)
        assert not asyncio.get_running_loop().remove_reader(program)  # it is not read again and again
    sys.stdin.close()


async def test_a_space_acts_at_once_and_only_where_no_line_was_begun(terminal: tuple[int, int]) -> None:
    person, _ = terminal
    said, acted = Happenings(), Happenings()
    with keyboard.listening({" ": lambda: acted.add(" "), "m": lambda: acted.add("m")}, said.add):
        os.write(person, b"  a b\n")
        assert await said.count(1) == ["a b"]
        assert await acted.count(2) == [" ", " "]
        os.write(person, b"m m\n")
        assert (await said.count(2))[1] == "m m"
        assert len(acted) == 2
