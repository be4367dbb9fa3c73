"""A node in a process of its own, and what it has heard so far."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from node.links.address import BrokerAddress

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}"}
PATIENCE_S = 120.0  # after which a call that has not come back is given up
PACKET_S = 0.12  # of speech without a fault: one packet each


class Ended(Exception):
    """A node ended before its time."""


class Process:
    """`heard` are the times at which packets of speech came, `notes` what the node had to say."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.heard: list[float] = []
        self.notes: list[str] = []
        self.ready_at: float | None = None
        self.process = process
        self._news = asyncio.Event()

    async def read(self) -> None:
        """Take what the node prints, until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            said = json.loads(line)
            if "heard" in said:
                self.heard.append(said["heard"])
            elif "note" in said:
                self.notes.append(said["note"])
            self.ready_at = said.get("ready", self.ready_at)
            self._news.set()
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition. Raises Ended if the node ends before, TimeoutError if it takes too long."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                if self.process.returncode is not None:
                    raise Ended(f"node {self.name} ended with exit code {self.process.returncode}")
                self._news.clear()
                await self._news.wait()

    async def hears_for(self, seconds: float) -> None:
        """Wait until speech has come for this long."""
        begin = time.monotonic()
        await self.until(lambda: bool(self.heard) and self.heard[-1] >= begin + seconds)

    def longest_gap(self, begin: float) -> float:
        """Return the longest time without speech that ended after `begin`, in seconds."""
        pairs = itertools.pairwise(self.heard)
        return max((after - before for before, after in pairs if after > begin), default=float("inf"))

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


@contextlib.asynccontextmanager
async def node(
    name: str, broker: BrokerAddress, address: str | None = None, where: Sequence[str] = ()
) -> AsyncIterator[Process]:
    """A node at work for the length of the context; `where` begins the command, as in a namespace."""
    one = {"host": broker.host, "port": broker.port, "username": broker.username, "password": broker.password}
    orders = json.dumps({"name": name, "broker": one, "address": address})
    command = [*where, sys.executable, "-m", "faultbench.end", orders]
    started = Process(
        name,
        await asyncio.create_subprocess_exec(
            *command, env=ENVIRONMENT, cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        ),
    )
    reading = asyncio.create_task(started.read())
    try:
        yield started
    finally:
        await started.kill()
        await reading


@contextlib.asynccontextmanager
async def command(*words: str) -> AsyncIterator[None]:
    """Another process, which has begun its work when it prints its first line."""
    process = await asyncio.create_subprocess_exec(
        *words, env=ENVIRONMENT, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        if not await process.stdout.readline():
            raise Ended(f"{words[-1]} ended before it began")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
