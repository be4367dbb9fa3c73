"""What waits for the broker: a bounded queue, in which a newer retained message replaces the older one of its topic."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

logger = logging.getLogger(__name__)

MAX_OUTBOX = 64  # messages waiting for the broker; retained ones replace each other, of the rest the oldest goes


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message of ours."""

    topic: str
    payload: bytes
    retain: bool = False

    @property
    def size(self) -> int:
        """Bytes of the PUBLISH packet at QoS 0 (MQTT 3.1.1, section 3.3)."""
        rest = 2 + len(self.topic.encode()) + len(self.payload)
        return 1 + _length_of_varint(rest) + rest


class Outbox:
    """Messages in the order in which they go out."""

    def __init__(self) -> None:
        self._messages: dict[object, Message] = {}
        self._posted, self._emptied = asyncio.Event(), asyncio.Event()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: Message) -> None:
        """Queue a message. A retained one replaces what waits on its topic; when full, the oldest goes."""
        key: object = message.topic if message.retain else object()
        self._messages.pop(key, None)
        self._messages[key] = message
        if len(self._messages) > MAX_OUTBOX:
            dropped = self._messages.pop(next(iter(self._messages)))
            logger.warning("the broker takes nothing: dropped the oldest message on %s", dropped.topic)
        self._emptied.clear()
        self._posted.set()

    async def first(self) -> tuple[object, Message]:
        """Wait for a message, and return the first with its key; it stays until it is `sent`."""
        while not self._messages:
            self._posted.clear()
            await self._posted.wait()
        return next(iter(self._messages.items()))

    def sent(self, key: object, message: Message) -> None:
        """Take out a message that went, unless a newer one took its place."""
        if self._messages.get(key) is message:
            del self._messages[key]
        if not self._messages:
            self._emptied.set()

    async def emptied(self) -> None:
        """Wait until everything is sent."""
        if self._messages:
            await self._emptied.wait()


def _length_of_varint(value: int) -> int:
    return max(1, (value.bit_length() + 6) // 7)
