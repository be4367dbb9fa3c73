"""For tests of the page: a clock turned by hand, and the events that a page's state sends."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from node.speech.pcm import Clock
from node.web.state import PageState


class HandClock:
    """A clock that sleeping advances at once."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.clock = Clock(lambda: self.time, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)


class SentEvents:
    """The events sent from now on: `take()` returns the new ones as (event, data)."""

    def __init__(self, state: PageState) -> None:
        self.state = state
        self._subscriber = state.events.subscribe()
        self._subscriber.take()

    def take(self) -> list[tuple[str, Any]]:
        blocks = self._subscriber.take().decode().split("\n\n")
        fields = [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks if block]
        return [(one["event"], json.loads(one["data"])) for one in fields]

    async def encoded(self) -> list[tuple[str, Any]]:
        """Return the new events, once all pictures are encoded."""
        running = asyncio.create_task(self.state.encoder.run())
        while self.state.encoder.waiting:
            await asyncio.to_thread(int)
        running.cancel()
        return self.take()
