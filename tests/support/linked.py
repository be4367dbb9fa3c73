"""Two WebRTC links on loopback, joined in memory: what one describes is handed to the other."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from happenings import Happenings

from node.links.rtc import Observer, PeerLink, Way
from node.links.wire import WireMeter

LOOPBACK = "127.0.0.1"
BOTH_WAYS = Way(sends=True, receives=True)


class End:
    """One link with all that it reports: packets as (sequence, timestamp, payload), and states."""

    def __init__(self, way: Way = BOTH_WAYS, observer: Observer | None = None) -> None:
        self.packets, self.states = Happenings(), Happenings()
        self.meter = WireMeter()
        self.link = PeerLink(
            way,
            on_packet=lambda *packet: self.packets.add(packet),
            on_state=self.states.add,
            meter=self.meter,
            address=LOOPBACK,
            observer=observer,
        )

    async def up(self) -> None:
        await self.states.until(lambda states: "connected" in states)

    async def hears(self, other: End, payload: bytes, timestamp: int = 0) -> None:
        """Passes when a packet that the other end sends now arrives here."""
        other.link.send(timestamp, payload)
        await self.packets.until(lambda packets: any(packet[2] == payload for packet in packets))


async def negotiate(a: End, b: End) -> None:
    await a.link.accept(await b.link.answer(await a.link.offer()))


@contextlib.asynccontextmanager
async def connected(a: End | None = None, b: End | None = None) -> AsyncIterator[tuple[End, End]]:
    """Two ends whose connection is up; closed at the end."""
    a, b = a or End(), b or End()
    try:
        await negotiate(a, b)
        await a.up()
        await b.up()
        yield a, b
    finally:
        await a.link.close()
        await b.link.close()
