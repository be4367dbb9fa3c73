"""What one client may ask of the built-in broker, and where it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

# A room has eight nodes; this is a dozen rooms, and each costs what follows.
MAX_CONNECTIONS: Final = 100
# The largest message of ours is an offer, 8 KiB of description and some bytes around it.
MAX_PACKET_BYTES: Final = 16_384
# A hello and a picture for each node, with as much again for crashed ones.
MAX_RETAINED: Final = 500
# Our nodes take hellos and signals, and pictures and text of seven others.
MAX_SUBSCRIPTIONS: Final = 64
# What a client may leave unread before it is cut off. With all the above, 40 MiB in the worst case.
MAX_UNREAD_BYTES: Final = 262_144
# Messages that wait to be handed on; what comes while so many wait is dropped, as MQTT allows at QoS 0.
MAX_QUEUED: Final = 1_000
# A node sends a few messages a second when it meets seven others, and one every few seconds later; eight a second while
# its own speech goes through the broker, and on a stage four for each member who talks.
MAX_PACKETS_PER_S: Final = 100.0
MAX_BURST: Final = 200.0
# TLS and the first packet, over a slow link.
CONNECT_TIMEOUT_S: Final = 10.0
# A client silent for one and a half times its own keepalive is gone (MQTT 3.1.1, section 3.1.2.10); one that asks for
# more than this, or for none, is given this.
MAX_KEEPALIVE_S: Final = 600

PUBLISH_QOS_2: Final = 0x34  # of the first byte of a packet (MQTT 3.1.1, section 3.3.1)


class LimitExceeded(ConnectionError):
    """A client that asks for more than it may have: its connection ends."""


class TokenBucket:
    """A token bucket: how long to wait before the next packet is read."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tokens, self._since = MAX_BURST, clock()

    def next(self) -> float:
        """Take one token and return the seconds until there is one."""
        now = self._clock()
        self._tokens = min(MAX_BURST, self._tokens + (now - self._since) * MAX_PACKETS_PER_S) - 1
        self._since = now
        return max(0.0, -self._tokens / MAX_PACKETS_PER_S)


class PacketReader:
    """Reads a stream of MQTT packet by packet, so that none is begun that is too large, and none too soon or too late.

    It has the methods of amqtt's reader. `patience_s` is how long a packet may take to come; `ended` is set when
    none will come any more.
    """

    def __init__(self, stream: asyncio.StreamReader, clock: Callable[[], float] | None = None) -> None:
        self.patience_s = CONNECT_TIMEOUT_S
        self.ended = asyncio.Event()
        self._stream = stream
        self._pace = TokenBucket(clock or asyncio.get_running_loop().time)
        self._packet = b""

    async def read(self, n: int = -1) -> bytes:
        """Return the next `n` bytes of the packet, which is fetched first if the one before it is used up.

        The end of the stream, a client that is silent for too long and one that sends too much all read as nothing.
        """
        if n and not self._packet:
            try:
                self._packet = await self.fetch()
            except (OSError, EOFError, TimeoutError):
                self.ended.set()
                return b""
        part, self._packet = (self._packet, b"") if n < 0 else (self._packet[:n], self._packet[n:])
        return part

    def feed_eof(self) -> None:
        self._stream.feed_eof()

    def put_back(self, packet: bytes) -> None:
        """Have the packet read again."""
        self._packet = packet

    async def fetch(self) -> bytes:
        """One packet, from its fixed header to its end. Raises LimitExceeded, EOFError, OSError or TimeoutError."""
        if pause := self._pace.next():
            await asyncio.sleep(pause)
        async with asyncio.timeout(self.patience_s):
            header = await self._stream.readexactly(2)
            while header[-1] & 0x80:
                if len(header) == 5:
                    raise LimitExceeded("a length of more than four bytes")
                header += await self._stream.readexactly(1)
            if header[0] & PUBLISH_QOS_2 == PUBLISH_QOS_2:
                raise LimitExceeded("a message at QoS 2, whose parts would have to be kept")
            length = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(header[1:]))
            if length > MAX_PACKET_BYTES:
                raise LimitExceeded(f"a packet of {length} bytes")
            return header + await self._stream.readexactly(length)
