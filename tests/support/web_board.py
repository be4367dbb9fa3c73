"""For tests of the page: a clock turned by hand, and what a board's feed tells."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from node.speech.pcm import Clock
from node.web.event_stream import Subscriber
from node.web.state import PageState


class HandClock:
    """Sleeping moves the time on at once."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.clock = Clock(lambda: self.time, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)


class Told:
    """What a board's feed tells from now on: `take()` returns what is new as (event, data)."""

    def __init__(self, board: PageState) -> None:
        self.board = board
        self._reader: Subscriber = board.feed.read()
        self._reader._take()

    def take(self) -> list[tuple[str, Any]]:
        blocks = self._reader._take().decode().split("\n\n")
        fields = [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks if block]
        return [(one["event"], json.loads(one["data"])) for one in fields]

    async def developed(self) -> list[tuple[str, Any]]:
        """The same, once all pictures are encoded."""
        running = asyncio.create_task(self.board.darkroom.run())
        while self.board.darkroom.waiting:
            await asyncio.to_thread(int)
        running.cancel()
        return self.take()
