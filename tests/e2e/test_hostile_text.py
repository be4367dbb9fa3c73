"""A stranger in the room, seen from a terminal: whatever it is called and whatever it says, it is but text."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_models import FakeModels
from PIL import Image

from live_call import PATIENCE_S, parts, place, running, secret
from node.call.node import Node
from node.links.address import BrokerAddress
from node.recording.reader import SessionReader
from protocol.room_link import RoomLink

NAME = "[/b]\x1b]52;c;aA=\x07\n\u202e\x9b2J[link=x]"
NAME_SHOWN = "[/b]�]52;c;aA=� �2J[link=x]"
CAPTION = "[/red]\x1b[2J a\u2066 cat\r\n\x1b]0;owned\x07 [/]"
CAPTION_SHOWN = "[/red]�[2J a� cat �]0;owned� [/]"
OWN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
ORDERS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")  # of rich: colours, the cursor, what is drawn over


class Talkative(FakeModels):
    async def caption(self, image: Image.Image, client: str = "", painted: bool = False) -> str:
        return CAPTION


class Wall:
    """A camera before which nothing happens."""

    name = "wall"

    async def snapshot(self) -> Image.Image:
        return Image.new("RGB", (64, 64), "red")

    async def close(self) -> None:
        """There is nothing to close."""


class Watched:
    """A command in a terminal of its own, as a person has it; `shown` is all that it wrote there."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self._person, program = pty.openpty()
        fcntl.ioctl(program, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        environment = dict(os.environ) | {"TERM": "xterm-256color"} | environment
        for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWN_TERMINAL, sys.executable, "-m", "node", *arguments],
            stdin=program, stdout=program, stderr=program, env=environment, start_new_session=True,
        )  # fmt: skip
        os.close(program)
        self.shown = b""
        self._more = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._person, self._read)

    def _read(self) -> None:
        try:
            self.shown += os.read(self._person, 65536)
        except OSError:  # it has ended
            asyncio.get_running_loop().remove_reader(self._person)
        self._more.set()

    async def until(self, *texts: str) -> None:
        """Wait until it has shown all of these."""
        async with asyncio.timeout(2 * PATIENCE_S):
            while not all(text in self.text() for text in texts):
                self._more.clear()
                await self._more.wait()

    def text(self) -> str:
        return ORDERS.sub("", self.shown.decode("utf-8", "replace"))

    def hang_up(self) -> None:
        """Close the terminal, as a window is closed."""
        asyncio.get_running_loop().remove_reader(self._person)
        os.close(self._person)


@pytest.fixture
def watched(embedded_broker: BrokerAddress, tmp_path: Path) -> Iterator[Callable[[dict[str, str]], Watched]]:
    started: list[Watched] = []

    def start(environment: dict[str, str]) -> Watched:
        room = RoomLink(secret("a hostile room")).reveal()
        (tmp_path / "room").write_text(room)
        (tmp_path / "room").chmod(0o600)
        arguments = ["receive", "--room-file", str(tmp_path / "room"), "--broker", str(embedded_broker)]
        arguments += ["--speaker", "none", "--page", "off", "--record", str(tmp_path / "call.mcap")]
        started.append(Watched([*arguments, "--pictures", str(tmp_path / "kept")], environment))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


def stranger(broker: BrokerAddress) -> Node:
    return Node(NAME, place(broker, "a hostile room"), parts(Talkative(), camera=Wall()))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
async def test_a_strangers_name_and_words_are_text_in_a_terminal(
    watched: Callable[[dict[str, str]], Watched], embedded_broker: BrokerAddress, tmp_path: Path, encoding: str
) -> None:
    victim = watched({"PYTHONIOENCODING": encoding})
    name, caption = (text.encode(encoding, "replace").decode() for text in (NAME_SHOWN, CAPTION_SHOWN))
    async with running(stranger(embedded_broker)):
        await victim.until(f"{name} is here", f": {caption}")
    await victim.until(f"{name} has left")
    victim.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(victim.process.wait, PATIENCE_S) == 0
    assert "Traceback" not in victim.text()
    assert set(re.findall(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", victim.text())) <= {"\r", "\n"}
    for forbidden in (b"\x1b]", b"\x1b[2J", b"\x9b2J"):
        assert forbidden not in victim.shown.replace(b"\xef\xbf\xbd", b"")
    assert_whole(tmp_path)


async def test_a_terminal_that_is_closed_ends_the_call_in_order(
    watched: Callable[[dict[str, str]], Watched], embedded_broker: BrokerAddress, tmp_path: Path
) -> None:
    victim = watched({})
    async with running(stranger(embedded_broker)) as evil:
        await victim.until(NAME_SHOWN)
        victim.hang_up()
        assert await asyncio.to_thread(victim.process.wait, PATIENCE_S) == 0
        await evil.until(lambda: evil.nodes[0].peers() == [])  # it said goodbye
    assert_whole(tmp_path)


def assert_whole(folder: Path) -> None:
    """The recording has its end, and nothing is left half written."""
    with SessionReader.open(folder / "call.mcap") as session:
        assert session.complete
    assert not list(folder.rglob("*.part"))


async def test_a_strangers_lines_are_text_in_a_terminal(
    watched: Callable[[dict[str, str]], Watched], embedded_broker: BrokerAddress
) -> None:
    terminal = watched({})
    node = stranger(embedded_broker)
    async with running(node) as nodes:
        await nodes.until(lambda: len(node.peers()) == 1, 2 * PATIENCE_S)
        await node.chat.say(CAPTION)
        await terminal.until(f"{NAME_SHOWN}: {CAPTION_SHOWN.strip()}")
        assert b"\x1b]0;owned" not in terminal.shown
        assert "\u202e" not in terminal.text()
        assert terminal.process.poll() is None
