"""What happens, told to every page that listens: server-sent events, the whole state first.

A reader who cannot keep up, or who was away, gets the whole state again: nothing has to be kept for him.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

MAX_SUBSCRIBERS = 32
"""Pages that listen at once. Each costs a queue and a write for every event."""

MAX_WAITING = 128
"""Events that wait for a reader, some ten seconds of a lively call; then he gets the state instead of them all."""

KEEP_ALIVE_S = 15.0
"""How often a silent feed says that it lives; proxies and sleeping laptops drop what says nothing for longer."""

RETRY_MS = 1000
"""How soon a browser comes back after it lost the feed."""

Json = Mapping[str, Any]


class TooManySubscribers(Exception):
    """There are as many readers as there may be."""


class EventStream:
    """Tells all readers of each event. `state` gives the whole; `run` tells one start of the node from another."""

    def __init__(self, run: str, state: Callable[[], Json]) -> None:
        self.run = run
        self._state = state
        self._readers: set[Subscriber] = set()
        self._number = 0
        self.opened = asyncio.Event()  # by the first reader

    def __len__(self) -> int:
        return len(self._readers)

    @property
    def waiting(self) -> int:
        """The longest queue of a reader."""
        return max((reader.waiting for reader in self._readers), default=0)

    def tell(self, event: str, data: Json) -> None:
        """Pass an event on to whoever reads."""
        self._number += 1
        if self._readers:
            message = self._message(event, data)
            for reader in self._readers:
                reader.add(message)

    def state(self) -> bytes:
        """Return the whole state as an event."""
        return self._message("state", self._state())

    def read(self) -> Subscriber:
        """Return a new reader, to be closed after use; `TooManySubscribers` when there are too many."""
        if len(self._readers) >= MAX_SUBSCRIBERS:
            raise TooManySubscribers
        reader = Subscriber(self.state, self._readers.discard)
        self._readers.add(reader)
        self.opened.set()
        return reader

    def close(self) -> None:
        """End all readers' feeds."""
        for reader in list(self._readers):
            reader.close()

    def _message(self, event: str, data: Json) -> bytes:
        return f"id: {self.run}-{self._number}\nevent: {event}\ndata: {_json(data)}\n\n".encode(errors="replace")


def _json(data: Json) -> str:
    """Return valid JSON, whatever the numbers. Text may hold half a character, which no encoding has: it becomes `?`
    when the whole is encoded."""
    try:
        return _dumps(data)
    except ValueError:
        return _dumps(_finite(data))


def _dumps(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _finite(data: Any) -> Any:
    """Return the same with `null` for what is no number."""
    if isinstance(data, Mapping):
        return {name: _finite(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


class Subscriber:
    """One reader: an asynchronous iterator of pieces to write to him."""

    def __init__(self, state: Callable[[], bytes], leave: Callable[[Subscriber], None]) -> None:
        self._state = state
        self._leave = leave
        self._messages: deque[bytes] = deque()
        self._behind = True
        self._closed = False
        self._news = asyncio.Event()
        self._news.set()

    @property
    def waiting(self) -> int:
        """How many events wait for him."""
        return len(self._messages)

    def add(self, message: bytes) -> None:
        """Have him read this, too, unless he reads the whole state next anyway."""
        if self._behind:
            return
        if len(self._messages) >= MAX_WAITING:
            self._messages.clear()
            self._behind = True
        else:
            self._messages.append(message)
        self._news.set()

    def close(self) -> None:
        """He reads no more."""
        self._closed = True
        self._news.set()
        self._leave(self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield what to write, until closed."""
        yield f"retry: {RETRY_MS}\n\n".encode()
        while not self._closed:
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    await self._news.wait()
            except TimeoutError:
                yield b": alive\n\n"
                continue
            self._news.clear()
            if piece := self._take():
                yield piece

    def _take(self) -> bytes:
        if self._behind:
            self._behind = False
            return self._state()
        piece = b"".join(self._messages)
        self._messages.clear()
        return piece
