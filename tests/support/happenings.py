"""Waiting for what happens, without a sleep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

PATIENCE_S = 20.0  # how long a test waits for what must happen; only a failing test ever waits that long


async def until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Waits for what nobody tells of."""
    async with asyncio.timeout(patience_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


class Happenings:
    """A list that others add to and a test waits on: `await seen.until(lambda all: len(all) == 3)`."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._news = asyncio.Event()

    def add(self, item: Any) -> None:
        self.all.append(item)
        self._news.set()

    def __len__(self) -> int:
        return len(self.all)

    async def until(self, condition: Callable[[list[Any]], object]) -> list[Any]:
        """Waits until the condition holds for all that happened so far, and returns it."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition(self.all):
                self._news.clear()
                await self._news.wait()
        return self.all

    async def count(self, number: int) -> list[Any]:
        """Waits until that many things happened."""
        return await self.until(lambda happened: len(happened) >= number)
