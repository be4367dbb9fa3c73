"""Server-sent events for every page that follows the call: the complete state first, then each change.

A subscriber that cannot keep up, or that reconnects, gets the complete state again: no event is stored for it.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeAlias

# Pages that follow at once. Each costs a queue and a write for every event.
MAX_SUBSCRIBERS = 32
# Events queued for a subscriber, some ten seconds of a lively call; more are replaced by the state.
MAX_QUEUED = 128
# How often a comment is sent in a silent stream: proxies and sleeping laptops drop connections that stay silent longer.
KEEP_ALIVE_S = 15.0
# How soon a browser reconnects after it lost the stream.
RETRY_MS = 1000

JsonObject: TypeAlias = Mapping[str, Any]


class TooManySubscribers(Exception):
    """There are as many subscribers as there may be."""


class EventStream:
    """Sends each event to all subscribers. `state` returns the complete state, `run` is unique to a start of the node,
    so that a browser notices a restart."""

    def __init__(self, run: str, state: Callable[[], JsonObject]) -> None:
        self.run = run
        self._state = state
        self._subscribers: set[Subscriber] = set()
        self._number = 0
        # Set by the first subscriber.
        self.opened = asyncio.Event()

    def __len__(self) -> int:
        return len(self._subscribers)

    @property
    def longest_queue(self) -> int:
        """The number of events in the longest queue of a subscriber."""
        return max((subscriber.queued for subscriber in self._subscribers), default=0)

    def send(self, event: str, data: JsonObject) -> None:
        """Queue an event for every subscriber."""
        self._number += 1
        if self._subscribers:
            message = self._message(event, data)
            for subscriber in self._subscribers:
                subscriber.add(message)

    def subscribe(self) -> Subscriber:
        """Return a new subscriber, to be closed after use. Raises TooManySubscribers at the limit."""
        if len(self._subscribers) >= MAX_SUBSCRIBERS:
            raise TooManySubscribers
        subscriber = Subscriber(lambda: self._message("state", self._state()), self._subscribers.discard)
        self._subscribers.add(subscriber)
        self.opened.set()
        return subscriber

    def close(self) -> None:
        """Close all subscribers."""
        for subscriber in list(self._subscribers):
            subscriber.close()

    def _message(self, event: str, data: JsonObject) -> bytes:
        return f"id: {self.run}-{self._number}\nevent: {event}\ndata: {_json(data)}\n\n".encode(errors="replace")


def _json(data: JsonObject) -> str:
    """Return valid JSON, whatever the numbers. Text may hold a lone surrogate, which no encoding has: it becomes `?`
    when the message is encoded."""
    try:
        return _dumps(data)
    except ValueError:
        return _dumps(_finite(data))


def _dumps(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _finite(data: Any) -> Any:
    """Return the same data with None for numbers that are not finite."""
    if isinstance(data, Mapping):
        return {name: _finite(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data


class Subscriber:
    """One page that follows: an asynchronous iterator of the pieces to write to it.

    `state` returns the message of the complete state, `on_close` is called once or more at the end.
    """

    def __init__(self, state: Callable[[], bytes], on_close: Callable[[Subscriber], None]) -> None:
        self._state = state
        self._on_close = on_close
        self._messages: deque[bytes] = deque()
        self._is_behind = True
        self._is_closed = False
        self._changed = asyncio.Event()
        self._changed.set()

    @property
    def queued(self) -> int:
        """How many events are queued."""
        return len(self._messages)

    def add(self, message: bytes) -> None:
        """Queue a message, unless the complete state is next anyway."""
        if self._is_behind:
            return
        if len(self._messages) >= MAX_QUEUED:
            self._messages.clear()
            self._is_behind = True
        else:
            self._messages.append(message)
        self._changed.set()

    def take(self) -> bytes:
        """Return all messages that are queued, and empty the queue: the complete state if the subscriber is behind."""
        if self._is_behind:
            self._is_behind = False
            return self._state()
        messages = b"".join(self._messages)
        self._messages.clear()
        return messages

    def close(self) -> None:
        """End the iteration."""
        self._is_closed = True
        self._changed.set()
        self._on_close(self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield what to write, until closed."""
        yield f"retry: {RETRY_MS}\n\n".encode()
        while not self._is_closed:
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    await self._changed.wait()
            except TimeoutError:
                yield b": alive\n\n"
                continue
            self._changed.clear()
            if messages := self.take():
                yield messages
