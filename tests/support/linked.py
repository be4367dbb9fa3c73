"""Two WebRTC links on loopback, joined in memory: what one describes is handed to the other."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence

from happenings import Happenings

from node.links.webrtc import MediaDirection, Observer, PeerLink
from node.links.wire_meter import WireMeter
from protocol.rtp.red import Copy

LOOPBACK = "127.0.0.1"
BOTH_WAYS = MediaDirection(sends=True, receives=True)


class End:
    """One link with all that it reports: packets as (sequence, timestamp, payload), the copies of each, and states."""

    def __init__(self, way: MediaDirection = BOTH_WAYS, observer: Observer | None = None) -> None:
        self.packets, self.states = Happenings(), Happenings()
        self.copies: list[tuple[Copy, ...]] = []
        self.meter = WireMeter()
        self.link = PeerLink(
            way,
            on_packet=self._packet,
            on_state=self.states.add,
            meter=self.meter,
            address=LOOPBACK,
            observer=observer,
        )

    def _packet(self, sequence: int, timestamp: int, payload: bytes, copies: Sequence[Copy]) -> None:
        self.copies.append(tuple(copies))
        self.packets.add((sequence, timestamp, payload))

    async def up(self) -> None:
        await self.states.until(lambda states: "connected" in states)

    async def hears(self, other: End, payload: bytes, timestamp: int = 0, copies: Sequence[Copy] = ()) -> None:
        """Passes when a packet that the other end sends now arrives here."""
        other.link.send(timestamp, payload, copies)
        await self.packets.until(lambda packets: any(packet[2] == payload for packet in packets))


Edit = Callable[[str], str]


async def negotiate(a: End, b: End, offer: Edit = str, answer: Edit = str) -> None:
    """The descriptions may be edited on their way."""
    await a.link.accept(answer(await b.link.answer(offer(await a.link.offer()))))


@contextlib.asynccontextmanager
async def connected(
    a: End | None = None, b: End | None = None, offer: Edit = str, answer: Edit = str
) -> AsyncIterator[tuple[End, End]]:
    """Two ends whose connection is up; closed at the end."""
    a, b = a or End(), b or End()
    try:
        await negotiate(a, b, offer, answer)
        await a.up()
        await b.up()
        yield a, b
    finally:
        await a.link.close()
        await b.link.close()
