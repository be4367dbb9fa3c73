"""A node as people start it: a process of its own in a terminal, with a page, a recording and a folder of pictures."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from attacks.broker import LOOPBACK
from attacks.victims import until
from protocol.errors import NodeError
from protocol.room_link import RoomLink
from protocol.room_secret import RoomSecret

START_S = 90.0  # on a busy machine; the models are loaded meanwhile
END_S = 10.0
ANSWER_S = 30.0
LOOK_EVERY_S = 0.25
KEPT_BYTES = 4 << 20  # of what it wrote into its terminal
PAGE = re.compile(r"(http://127\.0\.0\.1:\d+/)")
SAMPLE = re.compile(r'^pictophone_(\w+?)(?:_total)?\{node="1"(?:,what="(\w+)")?\} (\S+)$', re.MULTILINE)


class Program:
    """`python -m node call` with a page. `shown` is what it wrote into its terminal, which takes this encoding."""

    def __init__(self, secret: RoomSecret, broker: int, folder: Path, encoding: str) -> None:
        self.shown = bytearray()
        self._terminal, program = pty.openpty()
        room = folder / "room"
        room.touch(mode=0o600)
        room.write_text(RoomLink(secret).reveal())
        ends = ["--speech", "page", "--camera", "page", "--speaker", "none", "--page", f"{LOOPBACK}:0"]
        ends += ["--pictures", str(folder / "pictures"), "--record", str(folder / "call.mcap"), "--name", "Dora"]
        where = ["--room-file", str(room), "--broker", f"mqtt://{LOOPBACK}:{broker}"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "node", "call", *where, *ends],
            stdin=program, stdout=program, stderr=program, start_new_session=True,
            env=os.environ | {"PYTHONIOENCODING": encoding, "TERM": "xterm-256color"},
        )  # fmt: skip
        os.close(program)
        asyncio.get_running_loop().add_reader(self._terminal, self._read)

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    @property
    def descriptors(self) -> int:
        """How many descriptors it has open; 0 where the system does not say."""
        with contextlib.suppress(OSError):
            return len(list(Path(f"/proc/{self._process.pid}/fd").iterdir()))
        return 0

    @property
    def address(self) -> str:
        """Where its page is; nothing as long as it has not said so."""
        found = PAGE.search(self.shown.decode(errors="replace"))
        return found[1] if found else ""

    @property
    def port(self) -> int:
        """The port of its page."""
        return int(self.address.rstrip("/").rpartition(":")[2])

    async def started(self) -> None:
        """Wait until its page is there. NodeError if it does not come."""
        if not await until(lambda: self.address or not self.is_alive, START_S) or not self.is_alive:
            raise NodeError(f"the node to attack did not start: {self.last_words()}")

    def last_words(self) -> str:
        """The end of what it wrote, on one line."""
        return " ".join(self.shown[-400:].decode(errors="replace").split())

    async def count(self) -> dict[str, float]:
        """Read its metrics: those of its node, as `NAME` or `NAME.WHAT`. aiohttp's errors if it does not answer."""
        text = (await self.ask("GET", "metrics"))[1].decode()
        return {".".join(filter(None, (name, what))): float(value) for name, what, value in SAMPLE.findall(text)}

    async def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[int, bytes]:
        """Ask its page; return the status and the body."""
        headers = {"Content-Type": kind} if kind else {}
        limit = aiohttp.ClientTimeout(total=ANSWER_S)
        async with (
            aiohttp.ClientSession(timeout=limit) as http,
            http.request(method, self.address + path, data=body, headers=headers) as answer,
        ):
            return answer.status, await answer.read()

    async def painted(self, patience_s: float, more_than: float | None = None, or_refused: bool = False) -> bool:
        """Wait until it has painted more pictures than that, or than until now; whether it did in time.

        With `or_refused` a message that could not be read will do as well.
        """

        async def pictures() -> float:
            counts = await self.count()
            return counts["pictures.painted"] + (counts["bad_messages"] if or_refused else 0.0)

        before = await pictures() if more_than is None else more_than
        for _ in range(round(patience_s / LOOK_EVERY_S)):
            if await pictures() > before:
                return True
            await asyncio.sleep(LOOK_EVERY_S)
        return False

    async def state(self) -> dict[str, Any]:
        """Read the first event of its feed, which is all there is to show. ValueError if that is no JSON."""
        limit = aiohttp.ClientTimeout(total=ANSWER_S)
        async with aiohttp.ClientSession(timeout=limit) as http, http.get(self.address + "events") as answer:
            async for line in answer.content:
                if line.startswith(b"data: "):
                    read: dict[str, Any] = json.loads(line[6:].decode())
                    return read
        raise ValueError("the feed ended before it began")

    def forget_peak(self) -> None:
        """Measure its highest memory from now on."""
        with contextlib.suppress(OSError):
            Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")

    def memory_mb(self, what: str = "VmRSS") -> float:
        """Its memory now, or (`VmHWM`) the highest since `forget_peak`; 0 where the system does not say."""
        with contextlib.suppress(OSError):
            found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{self._process.pid}/status").read_text())
            return int(found[1]) / 1000 if found else 0.0
        return 0.0

    def end(self) -> None:
        """End it, at the latest by force."""
        asyncio.get_running_loop().remove_reader(self._terminal)
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._terminal)

    def _read(self) -> None:
        try:
            self.shown += os.read(self._terminal, 65536)
        except OSError:  # it has ended
            asyncio.get_running_loop().remove_reader(self._terminal)
        del self.shown[:-KEPT_BYTES]


@contextlib.asynccontextmanager
async def started(secret: RoomSecret, broker: int, folder: Path, encoding: str) -> AsyncIterator[Program]:
    """Run a program for the length of the context. NodeError if it does not start."""
    program = Program(secret, broker, folder, encoding)
    try:
        await program.started()
        yield program
    finally:
        program.end()
